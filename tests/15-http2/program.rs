//! The student's program: how it is started, what it gets, and what the system tells of it.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;

use netlab::{Lab, Program, Running};

use super::frames::{GET, head};
use super::memory;
use super::talk::Talk;

/// The program of the package whose tests these are: the student's, or the reference answer's.
pub const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

/// The student's server of a folder, on a port that the system chooses, and its address.
pub fn server(lab: &Lab, dir: &Path, more: &[&str]) -> (Program, SocketAddr) {
    lab.if_stuck("Something to send may come from what was received: an answer, an acknowledgement, room in a window. If one thread reads and another writes, the reader has to wake the writer each time.");
    let dir = dir.to_string_lossy();
    let args = [&["serve", &dir, "127.0.0.1", "-p", "0"], more].concat();
    let mut program = lab.program(PROGRAM, &args);
    let addr = listens(lab, &mut program);
    (program, addr)
}

/// The address that a server says it listens at.
pub fn listens(lab: &Lab, program: &mut Program) -> SocketAddr {
    let line = program.expects_line("the line `listening on ADDRESS:PORT`", |_| true);
    let addr = line
        .strip_prefix("listening on ")
        .and_then(|addr| addr.parse().ok());
    addr.unwrap_or_else(|| {
        lab.because("The first line on standard output says where the server listens: an address in numbers, since a name may have several, and a port. Whoever started it reads that, and nothing else.")
            .fails("listening on ADDRESS:PORT", format!("{line:?}"))
    })
}

/// A server whose grace is ten minutes, and a client with half of a request.
pub fn half_a_request(lab: &Lab, dir: &Path) -> (Program, SocketAddr, Talk) {
    let (program, addr) = server(lab, dir, &["--grace", "600000", "--idle", "600000"]);
    let talk = Talk::begin(lab, addr, &[]);
    talk.sends("the head of a request", &head(1, GET));
    program.settles();
    (program, addr, talk)
}

/// Waits until nobody is let in any more.
pub fn refuses(lab: &Lab, addr: SocketAddr) {
    lab.until(
        &format!("connections to {addr} to be refused"),
        || TcpStream::connect(addr).is_err(),
        |refused| *refused,
    );
    lab.note("new clients are refused");
}

/// How a program ended, and what it has said.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
    /// What it was asked for.
    pub args: Vec<String>,
}

impl Ended {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// Runs the program to its end.
pub fn ends(lab: &Lab, args: &[&str]) -> Ended {
    let output = lab.output(PROGRAM, args, "");
    Ended {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
    }
}

/// Demands that the program fails for want of room when it prints what these arguments ask for. The standard output is
/// a device that takes nothing.
pub fn has_no_room(lab: &Lab, device: File, args: &[&str]) {
    let output = lab.output_into(Stdio::from(device), PROGRAM, args, "");
    lab.because("The disk is full: standard output takes nothing, so it was not done, and standard error says why. What stands in a buffer in the program is not printed yet.").same(
        "the exit code, and whether standard error says anything",
        (output.status.code(), !output.stderr.is_empty()),
        (Some(1), true),
    );
}

/// A device that takes nothing: every write to it fails for want of room.
pub fn full(lab: &Lab) -> File {
    let device = File::options().write(true).open("/dev/full");
    device.unwrap_or_else(|_| lab.skip("this machine has no /dev/full"))
}

pub fn url(addr: SocketAddr, path: &str) -> String {
    format!("http://{addr}{path}")
}

fn get(urls: &[String]) -> Vec<&str> {
    let urls = urls.iter().map(String::as_str);
    ["get"].into_iter().chain(urls).collect()
}

/// Fetches these URLs.
pub fn gets(lab: &Lab, urls: &[String]) -> Ended {
    ends(lab, &get(urls))
}

/// Fetches these URLs beside the test.
pub fn getting(lab: &Lab, urls: &[String]) -> Running<Ended> {
    let (twin, urls) = (lab.clone(), urls.to_vec());
    lab.meanwhile("get runs", move || gets(&twin, &urls))
}

/// Starts `get` with so many URLs of this server: `/0`, `/1` and so on. Returns when it waits.
pub fn starts_getting(lab: &Lab, addr: SocketAddr, count: usize) -> Program {
    let urls: Vec<String> = (0..count).map(|n| url(addr, &format!("/{n}"))).collect();
    let program = lab.program(PROGRAM, &get(&urls));
    program.settles();
    // A program that has ended asks nobody: what it has said is told instead.
    if state(&program) == Some('Z') {
        let end = program.exits();
        lab.fails(
            "a client that waits for answers",
            format!("its end, with {:?}: {}", end.code, end.stderr),
        );
    }
    program
}

/// The state of the program's first thread, as proc(5) names it. `None` where the system does not tell.
fn state(program: &Program) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", program.id())).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// What Ctrl-Z and `fg` do.
pub fn stops_and_goes_on(lab: &Lab, program: &Program) {
    program.gets("STOP");
    lab.until(
        "the program to be stopped",
        || state(program),
        |state| state.is_none_or(|state| state == 'T'),
    );
    program.gets("CONT");
}

/// How many threads the program has. `None` where the system does not tell.
pub fn threads(program: &Program) -> Option<usize> {
    let all = fs::read_dir(format!("/proc/{}/task", program.id())).ok()?;
    Some(all.count())
}

/// Waits until the program has no more threads than it had before its clients came.
pub fn is_rid_of_clients(lab: &Lab, program: &Program, before: Option<usize>) {
    lab.until(
        "the threads of the clients to end",
        || threads(program),
        |now| *now <= before,
    );
}

/// How much memory the program has, in kilobytes. `None` where the system does not tell.
pub fn memory(program: &Program) -> Option<u64> {
    memory::memory(&program.id().to_string(), "VmRSS")
}
