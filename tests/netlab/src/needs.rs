//! What a machine may not have: programs to compare with, and networks of one's own. A test that needs them is left
//! out without them, with a word. In CI on Linux nothing is left out.

#[cfg(unix)]
use std::io;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
#[cfg(unix)]
use std::net::{Shutdown, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(unix)]
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

/// Says why a test, or a part of it, is left out. In CI on Linux this fails: there everything must be there.
#[track_caller]
pub fn left_out(why: &str) {
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    let must_be = cfg!(target_os = "linux") && is_ci;
    assert!(!must_be, "CI must have what this lacks: {why}");
    eprintln!("left out: {why}");
}

/// The program, if it is there and ends well with this argument, which asks for its version. Elsewhere than on Linux
/// nobody is asked: there programs of these names are others.
#[track_caller]
pub fn installed(program: &'static str, version: &str) -> Option<&'static str> {
    if !cfg!(target_os = "linux") {
        left_out(&format!("{program} is asked on Linux only"));
        return None;
    }
    let mut run = Command::new(program);
    let run = run.arg(version).stdout(Stdio::null()).stderr(Stdio::null());
    if run.status().is_ok_and(|status| status.success()) {
        return Some(program);
    }
    left_out(&format!("{program} is not installed"));
    None
}

/// A program that is ended with this value.
pub struct Ends(pub Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server that says on standard output where it listens: `127.0.0.1:PORT` or `127.0.0.1 port PORT`.
pub fn starts(command: &mut Command) -> (Ends, SocketAddr) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = Ends(child.expect("the server starts"));
    let out = BufReader::new(child.0.stdout.take().expect("piped"));
    let mut lines = out.lines();
    let port = lines.find_map(|line| port_in(&line.ok()?));
    let port = port.expect("a line with its address");
    // A server that goes on talking needs a reader.
    thread::spawn(move || lines.for_each(drop));
    (child, SocketAddr::from(([127, 0, 0, 1], port)))
}

fn port_in(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("127.0.0.1")?;
    let rest = rest.strip_prefix(" port ").or(rest.strip_prefix(':'))?;
    rest.split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

/// A port behind which a server of a Unix socket is: nginx cannot choose a port by itself.
#[cfg(unix)]
pub fn relays(to: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = UnixStream::connect(&to).expect("the server listens");
            let (mut from, mut to) = both(&client, &server);
            thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
            let (mut to, mut from) = both(&client, &server);
            thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
        }
    });
    port
}

#[cfg(unix)]
fn both(client: &TcpStream, server: &UnixStream) -> (TcpStream, UnixStream) {
    let client = client.try_clone().expect("a descriptor");
    (client, server.try_clone().expect("a descriptor"))
}

/// What a test prints that [`in_a_namespace`] runs, as soon as it has what it needs of the namespace.
pub const BEGINS: &str = "the namespace is ready";

/// Runs an ignored test of this program in a network namespace, in which this user is root. The test is left out where
/// it ends without having printed [`BEGINS`].
#[track_caller]
pub fn in_a_namespace(test: &str) {
    let us = std::env::current_exe().expect("this program");
    let run = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net"])
        .arg(us)
        .args(["--exact", test, "--ignored", "--nocapture"])
        .output();
    let said = match run {
        Ok(run) => {
            let [stdout, stderr] =
                [run.stdout, run.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
            if run.status.success() {
                print!("{stdout}");
                return;
            }
            stdout + &stderr
        }
        Err(error) => error.to_string(),
    };
    assert!(!said.contains(BEGINS), "{said}");
    left_out(&format!(
        "no network namespace of one's own, with a TUN device: {said}"
    ));
}
