//! A child process that does not outlive its test, whatever happens to the test.
//!
//! Three things end a test before it has ended its programs. A panic drops them. After a deadline the
//! lost thread drops nothing, so the laboratory ends what it has started. And a signal or an abort ends
//! the whole test process: for that case a small shell keeps watch. It reads a pipe that only the test
//! process can write to; when the pipe ends, it kills the programs that were not reported as ended.

use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use super::task::Task;

/// A running program of the student's.
pub struct Process {
    /// Its command line, for people.
    pub what: String,
    pub id: u32,
    /// Its main thread.
    pub main: Task,
    /// The thread of ours that reads its standard error.
    reader: OnceLock<Task>,
    child: Mutex<Child>,
    /// What [`Process::in_line`] saw last, in nanoseconds.
    in_line: AtomicU64,
}

impl Process {
    pub fn start(what: String, command: &mut Command) -> io::Result<Process> {
        let child = command.spawn()?;
        let id = child.id();
        watch::starts(id);
        Ok(Process {
            what,
            id,
            main: Task::of_program(id),
            reader: OnceLock::new(),
            child: Mutex::new(child),
            in_line: AtomicU64::new(0),
        })
    }

    /// The ends of its pipes, once.
    pub fn pipes(&self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        let mut child = self.child();
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    }

    /// The current thread reads its standard error.
    pub fn is_read_here(&self) {
        let _ = self.reader.set(Task::current());
    }

    /// The thread that reads its standard error, which is there in a moment.
    pub fn reader(&self) -> Task {
        self.reader.wait().clone()
    }

    /// How long it has stood in line for a processor; of one that has ended, as far as it was seen.
    pub fn in_line(&self) -> Duration {
        let now = self.main.usage().unwrap_or_default().in_line;
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let before = self.in_line.fetch_max(now, Relaxed);
        Duration::from_nanos(before.max(now))
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.in_line();
        let status = self.child().try_wait().ok()?;
        if status.is_some() {
            watch::ends(self.id);
        }
        status
    }

    pub fn kill(&self) {
        let mut child = self.child();
        let _ = child.kill();
        let _ = child.wait();
        watch::ends(self.id);
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The descriptor of the pipe to the watch.
pub fn own_descriptor() -> Option<u32> {
    watch::descriptor()
}

#[cfg(not(unix))]
mod watch {
    pub fn descriptor() -> Option<u32> {
        None
    }

    pub fn starts(_id: u32) {}

    pub fn ends(_id: u32) {}
}

#[cfg(unix)]
mod watch {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::process::CommandExt;
    use std::process::{ChildStdin, Command, Stdio};
    use std::sync::{Mutex, MutexGuard, OnceLock};

    /// Reads `+ ID` and `- ID`. Ctrl-C and a closed terminal are for the test, not for its watch.
    const SCRIPT: &str = r#"
        trap '' INT HUP TERM
        running=
        while read -r sign id; do
            others=
            for one in $running; do
                [ "$one" = "$id" ] || others="$others $one"
            done
            running=$others
            [ "$sign" = - ] || running="$running $id"
        done
        [ -z "$running" ] || kill -9 $running
    "#;

    static PIPE: OnceLock<Option<Mutex<ChildStdin>>> = OnceLock::new();

    pub fn descriptor() -> Option<u32> {
        let pipe = PIPE.get()?.as_ref()?;
        u32::try_from(lock(pipe).as_raw_fd()).ok()
    }

    pub fn starts(id: u32) {
        let pipe = PIPE.get_or_init(|| Some(Mutex::new(start()?)));
        say(pipe, '+', id);
    }

    pub fn ends(id: u32) {
        if let Some(pipe) = PIPE.get() {
            say(pipe, '-', id);
        }
    }

    fn start() -> Option<ChildStdin> {
        Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .env_clear()
            // A group of its own, so that it lives when the test's group is ended.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?
            .stdin
    }

    fn say(pipe: &Option<Mutex<ChildStdin>>, sign: char, id: u32) {
        if let Some(pipe) = pipe {
            // One write, so that no line is torn. Without a watch the other two ways remain.
            let _ = lock(pipe).write_all(format!("{sign} {id}\n").as_bytes());
        }
    }

    fn lock(pipe: &Mutex<ChildStdin>) -> MutexGuard<'_, ChildStdin> {
        pipe.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
