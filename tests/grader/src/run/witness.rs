//! Listens for what the laboratory of one test says.

use std::path::{Path, PathBuf};

use course::problem::{Problem, Result};
use netlab::protocol::{Event, Testimony};

/// What the laboratory of a test said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    pub begun: u32,
    pub done: u32,
    pub failed: u32,
    pub late: u32,
    /// The laboratory could not start a program.
    pub refused: u32,
    pub skipped: u32,
    /// It spoke of another test, or in other words.
    pub is_foreign: bool,
}

impl Heard {
    fn of(said: &str, test: &str) -> Heard {
        let mut heard = Heard::default();
        for line in said.lines() {
            let Ok(testimony) = line.parse::<Testimony>() else {
                heard.is_foreign = true;
                continue;
            };
            heard.is_foreign |= testimony.test != test;
            match testimony.event {
                Event::Begins => heard.begun += 1,
                Event::Program => {}
                Event::Refused => heard.refused += 1,
                Event::Done => heard.done += 1,
                Event::Failed => heard.failed += 1,
                Event::Late => heard.late += 1,
                Event::Skipped => heard.skipped += 1,
            }
        }
        heard
    }

    pub fn is_pass(&self) -> bool {
        self.done > 0 && self.done == self.begun && !self.is_foreign
    }

    /// The student's code was not called at all.
    pub fn is_skip(&self) -> bool {
        self.skipped > 0 && self.skipped == self.begun && !self.is_foreign
    }
}

/// A socket for one process. Each test has a new one, so that nobody can speak for the next.
///
/// Whoever sees the socket may connect to it: a test that still sleeps, where they share a machine. So the kernel is
/// asked who has, and what others say is not read. The laboratory connects before the student's code runs, and is
/// the first of its process.
pub struct Witness {
    #[cfg(unix)]
    listener: std::os::unix::net::UnixListener,
    #[cfg(unix)]
    socket: PathBuf,
}

/// The socket in a session's folder.
pub fn socket(folder: &Path) -> PathBuf {
    folder.join("witness")
}

#[cfg(unix)]
impl Witness {
    /// Listens in this folder, in which nobody but us may write.
    pub fn open(folder: &Path) -> Result<Option<Witness>> {
        use std::os::unix::fs::PermissionsExt;
        use std::os::unix::net::UnixListener;

        let trouble = |error: std::io::Error| {
            Problem::new(format!("Cannot listen for the laboratory: {error}."))
        };
        let socket = socket(folder);
        const ROOM: usize = 100; // in a socket's address; some systems have a few more
        if socket.as_os_str().len() > ROOM {
            return Err(Problem::new(format!(
                "A socket's path has room for {ROOM} bytes, and {} is longer. Name a folder with a \
                 shorter path with --scratch.",
                socket.display()
            )));
        }
        let listener = UnixListener::bind(&socket).map_err(trouble)?;
        let witness = Witness { listener, socket };
        // The submission may run as another user.
        std::fs::set_permissions(&witness.socket, std::fs::Permissions::from_mode(0o666))
            .and_then(|()| witness.listener.set_nonblocking(true))
            .map_err(trouble)?;
        Ok(Some(witness))
    }

    /// When the process with this number is over: whoever has connected waits in the queue, and what he has said
    /// is in the socket. Without a number it is whoever came first: nobody else sees the socket.
    pub fn heard(self, test: &str, process: Option<u32>) -> Heard {
        use std::io::Read;

        let mut queue = std::iter::from_fn(|| self.listener.accept().ok());
        let said = queue.find(|(stream, _)| is_of(stream, process));
        let mut words = Vec::new();
        if let Some((stream, _)) = said {
            const ENOUGH: u64 = 64 * 1024;
            // Somebody may have a copy, so that it has no end.
            let _ = stream.set_nonblocking(true);
            let _ = stream.take(ENOUGH).read_to_end(&mut words);
        }
        Heard::of(&String::from_utf8_lossy(&words), test)
    }
}

#[cfg(unix)]
impl Drop for Witness {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Whether this process has connected.
#[cfg(target_os = "linux")]
fn is_of(stream: &std::os::unix::net::UnixStream, process: Option<u32>) -> bool {
    use rustix::net::sockopt::socket_peercred;
    use rustix::process::Pid;

    let Some(process) = process else {
        return true;
    };
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    socket_peercred(stream).is_ok_and(|peer| Some(peer.pid) == process)
}

/// Other systems tell it in ways of their own.
#[cfg(all(unix, not(target_os = "linux")))]
fn is_of(_: &std::os::unix::net::UnixStream, _: Option<u32>) -> bool {
    true
}

#[cfg(not(unix))]
impl Witness {
    pub fn open(_: &Path) -> Result<Option<Witness>> {
        Ok(None)
    }

    pub fn heard(self, test: &str, _: Option<u32>) -> Heard {
        Heard::of("", test)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_labs_of_this_test_done_is_a_pass() {
        let is_pass = |said: &str| Heard::of(said, "s1_a").is_pass();
        assert!(is_pass("begins s1_a\ndone s1_a\n"));
        assert!(is_pass("begins s1_a\ndone s1_a\nbegins s1_a\ndone s1_a\n"));
        for said in [
            "",
            "begins s1_a\n",
            "begins s1_a\nfailed s1_a\n",
            "begins s1_a\ndone s1_a\nbegins s1_a\n",
            "begins s1_b\ndone s1_b\n",
            "begins s1_a\ndone s1_b\n",
            "begins s1_a\ndone s1_a\nhello\n",
            "begins s1_a\nskipped s1_a\n",
            "begins s1_a\ndone s1_a\nbegins s1_a\nskipped s1_a\n",
        ] {
            assert!(!is_pass(said), "{said}");
        }
    }

    #[test]
    fn only_all_labs_of_this_test_skipped_is_a_skip() {
        let is_skip = |said: &str| Heard::of(said, "s1_a").is_skip();
        assert!(is_skip("begins s1_a\nskipped s1_a\n"));
        for said in [
            "skipped s1_a\n",
            "begins s1_a\ndone s1_a\n",
            "begins s1_a\ndone s1_a\nbegins s1_a\nskipped s1_a\n",
            "begins s1_a\nskipped s1_b\n",
        ] {
            assert!(!is_skip(said), "{said}");
        }
    }
}
