//! nginx and haproxy as processes of this program, in front of a server on a Unix socket.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use netlab::needs::left_out;

pub const PATIENCE: Duration = Duration::from_secs(5);
/// Who has said nothing for so long has said all. (To end the input at once would not do: haproxy may notice the end
/// before it has looked at a second request, and then it does not look.)
const SILENCE: Duration = Duration::from_millis(300);

const AT_A_TIME: usize = 16;

/// What a proxy writes into each request that it passes on: a mark that no other request has.
pub const MARK: &str = "X-Passed-On";

/// A folder of this run, removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        let folder = std::env::temp_dir().join(format!("http-judges-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Folder(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// nginx or haproxy, in a process that ends with this.
pub struct Proxy {
    pub name: &'static str,
    child: Child,
    at: PathBuf,
}

impl Proxy {
    /// Those that are there, in front of the server on this socket, whose connections they keep or do not. That
    /// somebody is missing is said.
    pub fn installed(folder: &Folder, behind: &str, keeps: bool) -> Vec<Proxy> {
        let proxies = [
            Proxy::nginx(folder, behind, keeps),
            Proxy::haproxy(folder, behind, keeps),
        ];
        let there = proxies
            .into_iter()
            .filter_map(|proxy| proxy.map_err(|why: String| left_out(&why)).ok());
        there.collect()
    }

    fn nginx(folder: &Folder, behind: &str, keeps: bool) -> Result<Proxy, String> {
        let at = folder.path(&format!("nginx-{behind}"));
        let config = format!(
            "daemon off; master_process off; pid {0}.pid; error_log {0}.log crit; user root;\n\
             events {{}}\n\
             http {{\n\
             access_log off; proxy_ignore_client_abort on; client_max_body_size 1m;\n\
             client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
             upstream behind {{ server unix:{1}; {2} }}\n\
             server {{ listen unix:{0}; location / {{\n\
             proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection \"{3}\";\n\
             proxy_next_upstream off; proxy_set_header {MARK} $request_id; }} }}\n\
             }}\n",
            at.display(),
            folder.path(behind).display(),
            if keeps { "keepalive 4;" } else { "" },
            if keeps { "" } else { "close" },
        );
        let file = folder.path(&format!("nginx-{behind}.conf"));
        fs::write(&file, config).expect("a file");
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&folder.0).arg("-c").arg(file);
        Proxy::starts("nginx", command, at)
    }

    fn haproxy(folder: &Folder, behind: &str, keeps: bool) -> Result<Proxy, String> {
        let at = folder.path(&format!("haproxy-{behind}"));
        let config = format!(
            "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n \
             option http-buffer-request\n http-reuse {}\n retries 0\n\
             listen judge\n bind unix@{}\n http-request set-header {MARK} %[uuid()]\n \
             server behind unix@{}\n",
            if keeps { "always" } else { "never" },
            at.display(),
            folder.path(behind).display()
        );
        let file = folder.path(&format!("haproxy-{behind}.cfg"));
        fs::write(&file, config).expect("a file");
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(file);
        Proxy::starts("haproxy", command, at)
    }

    fn starts(name: &'static str, mut command: Command, at: PathBuf) -> Result<Proxy, String> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = child.map_err(|error| match error.kind() {
            ErrorKind::NotFound => format!("{name} is not installed"),
            _ => format!("{name}: {error}"),
        })?;
        let mut proxy = Proxy { name, child, at };
        let deadline = Instant::now() + PATIENCE;
        while UnixStream::connect(&proxy.at).is_err() {
            if Instant::now() > deadline || !matches!(proxy.child.try_wait(), Ok(None)) {
                return Err(format!("{name} does not start"));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(proxy)
    }

    /// All that it answers to these bytes and the end of input behind them.
    pub fn asked(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = UnixStream::connect(&self.at).expect("it listens");
        // It may refuse before it has read everything.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        stream.set_read_timeout(Some(SILENCE)).expect("a time-out");
        if stream.read_to_end(&mut answer).is_err() {
            let _ = stream.shutdown(Shutdown::Write);
            stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
            let _ = stream.read_to_end(&mut answer);
        }
        answer
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What this function says of each, many at a time: most of it is waiting.
pub fn at_a_time<T: Sync, R: Send>(all: &[T], of: impl Fn(&T) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let shares: Vec<_> = all
            .chunks(all.len().div_ceil(AT_A_TIME))
            .map(|share| scope.spawn(|| share.iter().map(&of).collect::<Vec<R>>()))
            .collect();
        let shares = shares.into_iter();
        shares
            .flat_map(|share| share.join().expect("all of its share"))
            .collect()
    })
}
