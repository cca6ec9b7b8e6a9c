//! The parent of the program, which sees to it that nothing outlives it.
//!
//! In a PID namespace it is the namespace's first process: the kernel ends all others with it, before
//! anybody learns that it has ended. Elsewhere it adopts what is left behind and ends that itself.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions};

use super::inside;
use super::{NO_JAIL, NO_JAIL_WORDS};

pub const WORD: &str = "--supervise";

/// Runs the program to its end, or until standard input closes, and then ends all that is left of it.
pub fn run(order: &str) -> ExitCode {
    match supervise(order) {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            eprintln!("{NO_JAIL_WORDS}{why}");
            ExitCode::from(NO_JAIL)
        }
    }
}

fn supervise(order: &str) -> Result<u8, String> {
    let is_first = std::process::id() == 1;
    if !is_first {
        // Orphans become our children, however far down they were started; setsid does not help them.
        rustix::process::set_child_subreaper(Pid::from_raw(1))
            .map_err(|error| format!("cannot adopt orphans: {error}"))?;
    }
    let own = inside::Order::read(order)?.helper()?;
    let mut child = Command::new(own)
        .args([inside::WORD, order])
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start itself: {error}"))?;

    let (tell, over) = mpsc::channel();
    let told = tell.clone();
    thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        let _ = told.send(None);
    });
    let pid = child.id();
    thread::spawn(move || {
        let _ = tell.send(child.wait().ok());
    });
    let status = over.recv().ok().flatten();
    if !is_first {
        end_all(pid);
    }
    Ok(match status {
        Some(status) => {
            let signal = status.signal().map(|signal| 128 + signal);
            u8::try_from(status.code().or(signal).unwrap_or(255)).unwrap_or(255)
        }
        None => 128 + 9,
    })
}

/// Kills everything below us until nothing is left: somebody may fork while we look.
fn end_all(first: u32) {
    let own = std::process::id();
    if let Some(pid) = pid(first) {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
    loop {
        let below = below(own);
        for pid in below.iter().filter_map(|&id| pid(id)) {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
        if below.is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

/// All processes whose line of parents leads to this one.
fn below(root: u32) -> Vec<u32> {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // PID (NAME) STATE PARENT …, where NAME may hold anything.
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        if let Some(parent) = after_name.split_whitespace().nth(1)
            && let Ok(parent) = parent.parse::<u32>()
        {
            parents.insert(id, parent);
        }
    }
    let leads_up = |&start: &u32| {
        let mut at = start;
        while let Some(&parent) = parents.get(&at) {
            if parent == root {
                return true;
            }
            at = parent;
        }
        false
    };
    parents.keys().copied().filter(leads_up).collect()
}
