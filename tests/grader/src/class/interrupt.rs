//! Ctrl-C in the middle of a class.

use std::sync::{Mutex, MutexGuard, PoisonError};

use course::problem::{Problem, Result};

/// Held while a report is written, and after an interrupt until the process ends: a test that the
/// interrupt killed must not become a result.
static WRITING: Mutex<()> = Mutex::new(());

/// Hold this while you write. After an interrupt it never returns.
pub fn writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on an interrupt kills all processes that we started, prints `words`, and ends us.
pub fn says(words: &'static str) -> Result<()> {
    ctrlc::set_handler(move || {
        let _until_the_end = writing();
        kill_descendants();
        eprintln!("\n{words}");
        std::process::exit(130);
    })
    .map_err(|error| Problem::new(format!("Cannot listen for Ctrl-C: {error}.")))
}

/// Kills every process below us.
#[cfg(target_os = "linux")]
fn kill_descendants() {
    use rustix::process::{Pid, Signal, kill_process, set_child_subreaper};

    use crate::jail::processes;

    // A process may start another just before it is killed, so we look again: what has lost its parent
    // is our child. Processes of another user cannot be killed; they end with their jail.
    let _ = set_child_subreaper(Pid::from_raw(1));
    for _ in 0..10 {
        let mut family = processes::below(std::process::id());
        family.retain(|one| !one.is_zombie);
        if family.is_empty() {
            return;
        }
        for pid in family.iter().filter_map(processes::Process::pid) {
            let _ = kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// On other systems only the jail ends what was started.
#[cfg(not(target_os = "linux"))]
fn kill_descendants() {}
