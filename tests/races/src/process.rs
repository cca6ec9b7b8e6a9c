//! Processes: contestants, and the servers that they start.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::contestant;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(3);

/// A server at work in a process of its own. It is killed when this is dropped.
pub struct Process {
    child: Child,
    addr: SocketAddr,
}

impl Process {
    /// One of the race's own servers: `Process::own("02", "reference")`.
    pub fn own(race: &str, server: &str) -> Result<Process, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        Process::start(Command::new(program).args([race, "--serve", server]))
    }

    /// A program that says `listening on …127.0.0.1:PORT` in a line of its standard output, or of its
    /// standard error (socat does).
    pub fn start(command: &mut Command) -> Result<Process, String> {
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
            Ok(addr) => Ok(Process { child, addr }),
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
    pub fn socat() -> Result<Process, String> {
        let listen = "TCP4-LISTEN:0,bind=127.0.0.1,fork,reuseaddr,backlog=128";
        Process::start(Command::new("socat").args(["-d", "-d", listen, "PIPE"]))
    }

    /// A program that listens on `addr` and does not say when. An error when it ends before.
    pub fn at(command: &mut Command, addr: SocketAddr) -> Result<Process, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("{name}: {error}"))?;
        let mut server = Process { child, addr };
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

impl Drop for Process {
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
            } else if line.starts_with(contestant::MARK) {
                contestant::tell(&line);
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

/// Makes the process the first of a group of its own, so that what it starts can be ended with it.
pub fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Ends a process and, where the system has process groups, all that it started.
pub fn end_group(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        // An error means that nobody is left in the group.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Ends this process, and all that it started.
pub fn end_own_group() -> ! {
    #[cfg(unix)]
    let _ = rustix::process::kill_process_group(
        rustix::process::getpid(),
        rustix::process::Signal::KILL,
    );
    std::process::exit(0)
}
