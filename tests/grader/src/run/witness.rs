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
pub struct Witness {
    socket: PathBuf,
    #[cfg(unix)]
    listening: std::thread::JoinHandle<String>,
}

/// The socket in a session's folder.
pub fn socket(folder: &Path) -> PathBuf {
    folder.join("witness")
}

#[cfg(unix)]
impl Witness {
    /// Listens in this folder, in which nobody but us may write.
    pub fn open(folder: &Path) -> Result<Option<Witness>> {
        use std::io::{BufRead, BufReader, Read};
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
        // The submission may run as another user.
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666))
            .map_err(trouble)?;
        let path = socket.clone();
        let listening = std::thread::spawn(move || {
            let accepted = listener.accept();
            // Nobody else gets a word in.
            drop(listener);
            let _ = std::fs::remove_file(path);
            let Ok((stream, _)) = accepted else {
                return String::new();
            };
            const ENOUGH: u64 = 64 * 1024;
            let mut said = String::new();
            let mut lines = BufReader::new(stream.take(ENOUGH));
            while lines.read_line(&mut said).is_ok_and(|length| length > 0) {}
            said
        });
        Ok(Some(Witness { socket, listening }))
    }

    /// When the process is over.
    pub fn heard(self, test: &str) -> Heard {
        // If nobody has connected, this ends the waiting.
        drop(std::os::unix::net::UnixStream::connect(&self.socket));
        let said = self.listening.join().unwrap_or_default();
        Heard::of(&said, test)
    }
}

#[cfg(not(unix))]
impl Witness {
    pub fn open(_: &Path) -> Result<Option<Witness>> {
        Ok(None)
    }

    pub fn heard(self, test: &str) -> Heard {
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
