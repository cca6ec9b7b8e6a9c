//! Ctrl-C in the middle of a class.

use std::sync::{Mutex, MutexGuard, PoisonError};

use workbook::problem::{Problem, Result};

/// Held while a report is written, and from an interrupt to the end of the process: a test that was
/// killed with us must not become a result.
static WRITING: Mutex<()> = Mutex::new(());

/// Hold this while you write. After an interrupt it never returns.
pub fn writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on an interrupt ends all processes that we have started, says `words`, and ends us.
pub fn says(words: &'static str) -> Result<()> {
    ctrlc::set_handler(move || {
        let _until_the_end = writing();
        kill_descendants();
        eprintln!("\n{words}");
        std::process::exit(130);
    })
    .map_err(|error| Problem::new(format!("Cannot listen for Ctrl-C: {error}.")))
}

/// Kills what we have started, and what that has started.
#[cfg(target_os = "linux")]
fn kill_descendants() {
    use rustix::process::{Pid, Signal, getpid, kill_process};

    // One that is killed may have started another just before. Those that belong to another user
    // cannot be killed; they end with their jail.
    for _ in 0..10 {
        let pairs = processes();
        let mut family = vec![getpid().as_raw_nonzero().get()];
        let mut at = 0;
        while let Some(&parent) = family.get(at) {
            let children = pairs.iter().filter(|(_, of)| *of == parent);
            family.extend(children.map(|(child, _)| *child));
            at += 1;
        }
        if family.len() == 1 {
            return;
        }
        for pid in family.into_iter().skip(1).filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Every process that is not a zombie, with its parent.
#[cfg(target_os = "linux")]
fn processes() -> Vec<(i32, i32)> {
    let of = |entry: std::io::Result<std::fs::DirEntry>| {
        let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may have blanks and parentheses in it (proc_pid_stat(5)).
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        (state != "Z").then_some((pid, parent))
    };
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(of)
        .collect()
}

/// Elsewhere only the jail ends what was started.
#[cfg(not(target_os = "linux"))]
fn kill_descendants() {}
