//! The servers that a race starts, each in a process of its own.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::answer_line;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(3);

/// A server at work in a process of its own. It is killed when this is dropped.
pub struct ServerProcess {
    child: Child,
    addr: SocketAddr,
}

impl ServerProcess {
    /// One of the race's own servers: `ServerProcess::own("02", "reference")`.
    pub fn own(race: &str, server: &str) -> Result<ServerProcess, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        ServerProcess::start(Command::new(program).args([race, "--serve", server]))
    }

    /// A program that says `listening on …127.0.0.1:PORT` in a line of its standard output, or of its
    /// standard error (socat does).
    pub fn start(command: &mut Command) -> Result<ServerProcess, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped()) // a server of ours ends when it is closed
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        let (send, addresses) = mpsc::channel();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        watch(stdout.expect("piped"), send.clone());
        watch(stderr.expect("piped"), send);
        match addresses.recv_timeout(PATIENCE) {
            Ok(addr) => Ok(ServerProcess { child, addr }),
            Err(why) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(match why {
                    mpsc::RecvTimeoutError::Timeout => {
                        format!("{name} did not say where it listens")
                    }
                    mpsc::RecvTimeoutError::Disconnected => format!("{name} ended at once"),
                })
            }
        }
    }

    /// socat, which starts a process for each client and sends its bytes back through a pipe.
    pub fn socat() -> Result<ServerProcess, String> {
        let listen = "TCP4-LISTEN:0,bind=127.0.0.1,fork,reuseaddr,backlog=128";
        ServerProcess::start(Command::new("socat").args(["-d", "-d", listen, "PIPE"]))
    }

    /// A program that listens on `addr` and does not say when. An error when it ends before.
    pub fn at(command: &mut Command, addr: SocketAddr) -> Result<ServerProcess, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("{name}: {error}"))?;
        let mut server = ServerProcess { child, addr };
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            // Only while it runs: somebody else may have the port.
            let there = TcpStream::connect_timeout(&addr, PATIENCE).is_ok();
            if !matches!(server.child.try_wait(), Ok(None)) {
                return Err(format!("{name} ended at once"));
            }
            if there {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(format!("{name} does not listen on {addr}"))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks for the address, and passes everything on to the referee, who keeps the last words.
fn watch(pipe: impl io::Read + Send + 'static, addresses: mpsc::Sender<SocketAddr>) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if let Some((_, rest)) = line.split_once("listening on ")
                && let Some(addr) = rest.split_whitespace().find_map(|word| word.parse().ok())
            {
                let _ = addresses.send(addr);
            } else if answer_line::is_one(&line) {
                answer_line::write(&line);
            } else {
                let _ = writeln!(io::stderr(), "{line}");
            }
        }
    });
}

/// Says where a server of ours listens. Whoever started it waits for this.
pub fn listening(addr: SocketAddr) {
    println!("listening on {addr}");
    ends_with_its_starter();
}

/// Ends this process when the one that has started it has gone.
pub fn ends_with_its_starter() {
    thread::spawn(|| {
        for _ in io::stdin().lines() {}
        std::process::exit(0);
    });
}
