//! A jail that is built: the supervisor in it, as the grader sees it from outside.

use std::io::PipeWriter;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use course::problem::{Problem, Result};
use runner::capture::Capture;
use runner::child::{kill_group, own_group, wait};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::cell::Ending;
use super::folder::Folder;
use super::messages::{Reply, Request, receive, send};
use super::watch::Running;

/// Long enough for a machine that has much else to do.
const ENTRY: Duration = Duration::from_secs(60);
/// It has the killing to do, which takes a moment.
const EXIT: Duration = Duration::from_secs(10);

pub struct World {
    /// bubblewrap, or the supervisor itself.
    outermost: Child,
    /// Closing it ends the world.
    socket: Option<OwnedFd>,
    /// What came of the last program.
    has_answered: bool,
    is_clean: bool,
    /// The number of its process, as the jail counts.
    process: Option<u32>,
    failure: Option<String>,
    tmp: Option<Folder>,
}

impl World {
    /// Starts the supervisor and waits until everything is in force. `tmp` goes when the world does.
    pub fn enter(mut command: Command, tmp: Option<Folder>) -> Result<World> {
        let (own, its) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(|error| Problem::new(format!("Cannot make a pair of sockets: {error}.")))?;
        command
            .stdin(Stdio::from(its))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        own_group(&mut command);
        let program = command.get_program().to_owned();
        let mut outermost = command
            .spawn()
            .map_err(|error| Problem::with_file("run", program.as_ref(), &error))?;
        // The command holds the other end of the socket, which must close with the supervisor.
        drop(command);
        let stderr = Capture::of(outermost.stderr.take().expect("stderr is piped"));
        let mut world = World {
            outermost,
            socket: Some(own),
            has_answered: true,
            is_clean: true,
            process: None,
            failure: None,
            tmp,
        };
        match world.reply(Instant::now() + ENTRY) {
            Some(Some(Reply::Ready)) => Ok(world),
            Some(Some(Reply::Failed(why))) => Err(Problem::new(format!("The jail: {why}."))),
            _ => {
                drop(world);
                let said = stderr.finish().text();
                Err(Problem::new(match said.trim_end() {
                    "" => "The jail was not built.".to_owned(),
                    said => said.to_owned(),
                }))
            }
        }
    }

    /// Starts the program.
    pub fn start(
        &mut self,
        request: &Request,
        stdout: PipeWriter,
        stderr: PipeWriter,
    ) -> Result<()> {
        let socket = self.socket.as_ref().expect("it is closed at the end alone");
        let output = [stdout.as_fd(), stderr.as_fd()];
        self.has_answered = false;
        self.process = None;
        send(socket.as_fd(), request, &output)
            .map_err(|error| Problem::new(format!("The jail does not hear us: {error}.")))
    }

    /// Nothing of the last program is left in it, so that another may run here.
    pub fn is_clean(&self) -> bool {
        self.has_answered && self.is_clean
    }

    /// The number of the last program's process, as the jail counts, if the jail has told of its end.
    pub fn process(&self) -> Option<u32> {
        self.process
    }

    /// Why the program was not started.
    pub fn failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// The next reply; `Some(None)` when the supervisor is gone, none after the deadline.
    fn reply(&mut self, deadline: Instant) -> Option<Option<Reply>> {
        let socket = self.socket.as_ref().expect("it is closed at the end alone");
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).ok();
            match poll(&mut [PollFd::new(socket, PollFlags::IN)], left.as_ref()) {
                Ok(0) => return None,
                Err(Errno::INTR) => {}
                _ => break,
            }
        }
        let reply = receive::<Reply>(socket.as_fd()).ok().flatten();
        Some(reply.map(|(reply, _)| reply))
    }
}

impl Running for World {
    fn root(&self) -> u32 {
        self.outermost.id()
    }

    fn has_own_network(&self) -> bool {
        // Only bubblewrap gives it one, and a /tmp.
        self.tmp.is_none()
    }

    fn wait(&mut self, deadline: Instant) -> Option<Ending> {
        let reply = self.reply(deadline)?;
        self.has_answered = true;
        Some(match reply {
            Some(Reply::Ended {
                ending,
                process,
                is_clean,
            }) => {
                self.is_clean = is_clean;
                self.process = Some(process);
                ending
            }
            Some(Reply::Failed(why)) => {
                self.is_clean = false;
                self.failure = Some(why);
                Ending::Exited(0)
            }
            // Somebody has killed the supervisor, and with it the program.
            Some(Reply::Ready) | None => {
                self.is_clean = false;
                Ending::Signal(9)
            }
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.socket.take());
        let _ = wait(&mut self.outermost, Instant::now() + EXIT);
        kill_group(&mut self.outermost);
    }
}
