//! The reference answer beside programs that everybody has: curl, nghttp and h2load ask it, and it asks nginx. Who is not
//! installed is left out, with a word. Everything stays in 127.0.0.0/8.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use netlab::needs::installed;

/// One byte, some frames, and more than all windows hold.
const SIZES: [usize; 3] = [1, 30_000, 3_000_000];

#[test]
fn curl_is_served() {
    let Some(curl) = installed("curl", "--version") else {
        return;
    };
    let folder = Folder::new("curl");
    let (_server, addr) = serves(&folder);
    // One page a run: for a second one, curl 7.88 fails by itself, whoever the server is.
    let asks = |options: &[&str], path: &str| {
        let mut curl = Command::new(curl);
        curl.args(["-sS", "--http2-prior-knowledge", "--max-time", "20", "-w"]);
        curl.arg("%{http_code} %{http_version} %{size_download}");
        curl.args(options).arg(format!("http://{addr}/{path}"));
        let said = curl.current_dir(&folder.0).output().expect("curl runs");
        // The bodies are letters x, and go.
        String::from_utf8_lossy(&said.stdout).replace('x', "")
    };
    for size in SIZES {
        assert_eq!(asks(&[], &size.to_string()), format!("200 2 {size}"));
    }
    let nothing = asks(&[], "nothing");
    assert!(nothing.contains("404 2 "), "curl says {nothing:?}");
    let head = asks(&["--head"], "30000");
    assert!(
        head.starts_with("HTTP/2 200") && head.ends_with("200 2 0"),
        "curl --head says {head:?}"
    );
    for file in ["@1", "@30000", "@3000000"] {
        let said = asks(&["--data-binary", file], "1");
        assert!(said.contains("405 2 "), "{file}: curl says {said:?}");
    }
}

#[test]
fn nghttp_is_served() {
    let Some(nghttp) = installed("nghttp", "--version") else {
        return;
    };
    let folder = Folder::new("nghttp");
    let (_server, addr) = serves(&folder);
    let asks = |options: &[&str]| {
        let mut nghttp = Command::new(nghttp);
        nghttp.args(["-v", "-n", "-t", "20"]).args(options);
        nghttp.args(SIZES.map(|size| format!("http://{addr}/{size}")));
        let said = nghttp.current_dir(&folder.0).output().expect("nghttp runs");
        assert!(said.status.success(), "{options:?}: {said:?}");
        String::from_utf8_lossy(&said.stdout).into_owned()
    };
    for options in [
        &[][..],
        // Streams of 1 kB, a connection of 4 kB: every window closes again and again.
        &["-w", "10", "-W", "12"],
        &["--header-table-size=0"],
        &["--header-table-size=100", "--encoder-header-table-size=100"],
        &["--padding=255"],
        &["--no-dep", "--max-concurrent-streams=1"],
        &["-m", "20"],
        &["-d", "30000", "--trailer", "a: b"],
    ] {
        let said = asks(options);
        let times = if options == ["-m", "20"] { 20 } else { 1 };
        let statuses = said.matches(":status: ").count();
        assert_eq!(statuses, 3 * times, "{options:?}: {said}");
        assert!(!said.contains("RST_STREAM"), "{options:?}: {said}");
        assert!(!said.contains("INVALID"), "{options:?}: {said}");
        if options.first() != Some(&"-d") {
            assert_eq!(said.matches(":status: 200").count(), 3 * times, "{said}");
        }
    }
    // 24 kB of fields, in HEADERS and CONTINUATION: more than the server has said that it takes.
    let said = asks(&["--continuation"]);
    assert!(said.contains("ENHANCE_YOUR_CALM"), "{said}");
}

#[test]
fn h2load_is_served() {
    let Some(h2load) = installed("h2load", "--version") else {
        return;
    };
    let folder = Folder::new("h2load");
    let (_server, addr) = serves(&folder);
    for (requests, clients, streams, size) in [
        ("5000", "1", "100", 1),
        ("5000", "20", "10", 1),
        ("200", "4", "25", 30_000),
    ] {
        let mut command = Command::new(h2load);
        command.args(["-n", requests, "-c", clients, "-m", streams]);
        command.arg(format!("http://{addr}/{size}"));
        let said = command.output().expect("h2load runs");
        let said = String::from_utf8_lossy(&said.stdout);
        let all = format!("{requests} succeeded, 0 failed, 0 errored, 0 timeout");
        let good = format!("{requests} 2xx, 0 3xx, 0 4xx, 0 5xx");
        assert!(said.contains(&all) && said.contains(&good), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn nginx_is_asked() {
    let Some(nginx) = installed("nginx", "-v") else {
        return;
    };
    let folder = Folder::new("nginx");
    let at = folder.0.join("socket");
    let config = format!(
        "daemon off; master_process off; pid pid; error_log errors; user root;\n\
         events {{}}\n\
         http {{\n\
         access_log off;\n\
         client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
         server {{ listen unix:{0} http2; root {1};\n\
         location = /seen {{ return 200 \"$connection_requests $server_protocol $http_host\"; }} }}\n\
         server {{ listen unix:{0}-one http2; http2_max_concurrent_streams 1; http2_chunk_size 100; root {1}; }}\n\
         server {{ listen unix:{0}-old; root {1}; }}\n\
         }}\n",
        at.display(),
        folder.0.display()
    );
    fs::write(folder.0.join("nginx.conf"), config).expect("a file");
    let mut command = Command::new(nginx);
    command.args(["-c", "nginx.conf", "-p"]).arg(&folder.0);
    let mut server = Running(command.spawn().expect("nginx starts"));
    let [one, old] = ["socket-one", "socket-old"].map(|name| folder.0.join(name));
    while unix::UnixStream::connect(&old).is_err() {
        let ended = server.0.try_wait().expect("a process");
        let errors = fs::read_to_string(folder.0.join("errors"));
        assert!(ended.is_none(), "nginx ends: {errors:?}");
        thread::sleep(Duration::from_millis(10));
    }
    let port = unix::relays(at);
    let files: usize = SIZES.iter().sum();
    let said = gets(port, &["1", "30000", "3000000", "seen"]);
    let (content, seen) = said.stdout.split_at_checked(files).expect("all files");
    assert!(content.iter().all(|&byte| byte == b'x'), "the files");
    assert_eq!(
        String::from_utf8_lossy(seen),
        format!("4 HTTP/2.0 127.0.0.1:{port}"),
        "one connection for all of them"
    );
    assert_eq!(said.status.code(), Some(0));
    let said = gets(port, &["1", "nothing", "30000"]);
    assert_eq!((said.status.code(), said.stdout.len()), (Some(1), 30_001));
    // One stream at a time, and frames of 100 bytes.
    let said = gets(unix::relays(one), &["30000"]);
    assert_eq!((said.status.code(), said.stdout.len()), (Some(0), 30_000));
    let said = gets(unix::relays(old), &["1"]);
    assert_eq!(
        (said.status.code(), said.stdout.len()),
        (Some(1), 0),
        "a server of HTTP/1.1 alone"
    );
}

/// What the reference client makes of these paths of a server on this port.
fn gets(port: u16, paths: &[&str]) -> process::Output {
    let mut get = Command::new(env!("CARGO_BIN_EXE_sol15"));
    let urls = paths
        .iter()
        .map(|path| format!("http://127.0.0.1:{port}/{path}"));
    get.arg("get").args(urls).output().expect("it runs")
}

/// A folder of this test's own, with files of [`SIZES`], named for them.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        // Not in Cargo's folder: the path of a Unix socket is short.
        let folder = std::env::temp_dir().join(format!("loopback-15-{}-{name}", process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        for size in SIZES {
            fs::write(folder.join(size.to_string()), "x".repeat(size)).expect("a file");
        }
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The reference server, with a folder's files.
fn serves(folder: &Folder) -> (Running, SocketAddr) {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_sol15"));
    serve
        .arg("serve")
        .arg(&folder.0)
        .args(["127.0.0.1", "-p", "0"]);
    let child = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = Running(child.expect("the server starts"));
    let out = child.0.stdout.take().expect("piped");
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).expect("a line");
    let addr = line.trim_start_matches("listening on ").trim_end();
    (child, addr.parse().expect("an address"))
}

/// A program that ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// nginx cannot choose a port. It listens on a Unix socket, and a relay of this process has the port.
#[cfg(unix)]
mod unix {
    use super::*;
    pub use std::os::unix::net::UnixStream;

    pub fn relays(to: PathBuf) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = UnixStream::connect(&to).expect("nginx listens");
                let (mut from, mut to) = both(&client, &server);
                thread::spawn(move || {
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
                let (mut to, mut from) = both(&client, &server);
                thread::spawn(move || {
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        });
        port
    }

    fn both(client: &TcpStream, server: &UnixStream) -> (TcpStream, UnixStream) {
        let client = client.try_clone().expect("a descriptor");
        (client, server.try_clone().expect("a descriptor"))
    }
}
