//! A child process: its end, and that of all that it started.
//!
//! `wait-timeout` would handle SIGCHLD for the whole process, and `process-wrap` has groups but no
//! deadline. With rustix, which is here anyway, both are a few lines.

use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// Waits for the end; `None` when it does not come in time.
pub fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    #[cfg(target_os = "linux")]
    sleep_until_end(child, deadline);
    // Where the system cannot wake us at the end, look again and again. Most tests are over within a
    // few milliseconds, so the pause starts small.
    let mut pause = Duration::from_micros(500);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(pause),
            Ok(None) | Err(_) => return None,
        }
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}

/// Sleeps until the process ends or the deadline has passed. An error is no harm: the caller looks
/// for itself.
#[cfg(target_os = "linux")]
fn sleep_until_end(child: &Child, deadline: Instant) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    let Ok(process) = pidfd_open(Pid::from_child(child), PidfdFlags::empty()) else {
        return;
    };
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], left.as_ref()) {
            Err(rustix::io::Errno::INTR) => {}
            _ => return,
        }
    }
}

/// Makes the process the first of a group of its own, where the system has groups.
#[cfg(unix)]
pub fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
pub fn own_group(_: &mut Command) {}

/// Ends this process, and all that it started, when it is the first of its group.
pub fn end_own_group() -> ! {
    #[cfg(unix)]
    let _ = rustix::process::kill_process_group(
        rustix::process::getpid(),
        rustix::process::Signal::KILL,
    );
    std::process::exit(0)
}

/// Ends the process and, where the system has process groups, all that it started.
pub fn kill_group(child: &mut Child) {
    #[cfg(unix)]
    // An error means that nobody is left in the group.
    let _ = rustix::process::kill_process_group(
        rustix::process::Pid::from_child(child),
        rustix::process::Signal::KILL,
    );
    let _ = child.kill();
    let _ = child.wait();
}
