//! The machine's processes, as /proc shows them.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use rustix::process::Pid;

/// What /proc/PID/stat says (proc_pid_stat(5)).
#[derive(Clone, Debug)]
pub struct Process {
    pub id: u32,
    parent: u32,
    pub is_zombie: bool,
    /// The processor time of it and of its children that have ended.
    cpu: Duration,
    threads: u64,
    resident_pages: u64,
}

impl Process {
    /// The same number, as the kernel takes it.
    pub fn pid(&self) -> Option<Pid> {
        i32::try_from(self.id).ok().and_then(Pid::from_raw)
    }
}

/// What a process and all below it have used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub cpu: Duration,
    /// Bytes of memory.
    pub resident: u64,
    pub threads: u64,
    /// Of those below it, the process with the highest number.
    pub newest: Option<u32>,
    /// No thread of theirs runs, is about to run, or waits for a disk.
    pub is_asleep: bool,
}

/// All processes below this one: its children, their children, and so on.
pub fn below(root: u32) -> Vec<Process> {
    let all: HashMap<u32, Process> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|id| Some((id, of(id)?)))
        .collect();
    let is_below = |one: &&Process| {
        let mut at = one.parent;
        while at != root {
            match all.get(&at) {
                Some(above) => at = above.parent,
                None => return false,
            }
        }
        true
    };
    all.values().filter(is_below).cloned().collect()
}

/// What this process and all below it have used so far.
pub fn usage(root: u32) -> Usage {
    let mut all = below(root);
    let newest = all.iter().map(|one| one.id).max();
    all.extend(of(root));
    Usage {
        newest,
        cpu: all.iter().map(|one| one.cpu).sum(),
        resident: all.iter().map(|one| one.resident_pages).sum::<u64>()
            * rustix::param::page_size() as u64,
        threads: all.iter().map(|one| one.threads).sum(),
        is_asleep: !all.is_empty() && all.iter().all(|one| one.is_zombie || is_asleep(one.id)),
    }
}

/// Bytes that lie in the TCP sockets of the network in which this process is. Of its Unix sockets nobody tells what
/// lies in them: as much as there may be.
pub fn in_sockets(id: u32) -> (u64, u64) {
    let tables = ["tcp", "tcp6"].map(|name| fs::read_to_string(format!("/proc/{id}/net/{name}")));
    let tables = tables.into_iter().flatten();
    let unix = fs::read_to_string(format!("/proc/{id}/net/unix")).unwrap_or_default();
    let sockets = unix.lines().skip(1).count() as u64;
    (
        tables.map(|table| queued(&table)).sum(),
        sockets * UNIX_SOCKET,
    )
}

/// What may lie in a Unix socket: net.core.wmem_max, which counts twice (socket(7)).
const UNIX_SOCKET: u64 = 2 * 212_992;

/// The fifth column of /proc/net/tcp holds what is to be sent and what is to be read, in hexadecimal (proc_pid_net(5)).
fn queued(table: &str) -> u64 {
    let rows = table.lines().skip(1);
    let columns = rows.filter_map(|row| row.split_ascii_whitespace().nth(4)?.split_once(':'));
    let number = |digits| u64::from_str_radix(digits, 16).unwrap_or(0);
    columns
        .map(|(sent, read)| number(sent) + number(read))
        .sum()
}

fn of(id: u32) -> Option<Process> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = fields(&text)?;
    // Field 3 of the manual page, the state, is the first here.
    let is_zombie = fields.next()? == "Z";
    let parent = fields.next()?.parse().ok()?;
    let mut number = |skipped: usize| fields.nth(skipped)?.parse::<u64>().ok();
    let ticks = number(9)? + number(0)? + number(0)? + number(0)?;
    let threads = number(2)?;
    let resident_pages = number(3)?;
    let per_second = rustix::param::clock_ticks_per_second();
    Some(Process {
        id,
        parent,
        is_zombie,
        cpu: Duration::from_millis(ticks * 1000 / per_second.max(1)),
        threads,
        resident_pages,
    })
}

/// The fields behind the name, which may hold anything.
fn fields(stat: &str) -> Option<std::str::SplitAsciiWhitespace<'_>> {
    let (_, rest) = stat.rsplit_once(')')?;
    Some(rest.split_ascii_whitespace())
}

/// Each of its threads sleeps until somebody wakes it, or is stopped.
fn is_asleep(id: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{id}/task"));
    let mut threads = threads.into_iter().flatten().flatten();
    threads.all(|thread| {
        // One that has ended meanwhile is not awake.
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let state = fields(&stat).and_then(|mut fields| fields.next());
        state.is_none_or(|state| matches!(state, "S" | "T" | "t" | "Z" | "X"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn what_lies_in_sockets_is_summed_up() {
        const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n   \
            0: 0100007F:8001 0100007F:8002 01 00000010:00000002 01:00000014\n   \
            1: 0100007F:8002 0100007F:8001 01 00000000:00000100 00:00000000\n";
        assert_eq!(queued(TABLE), 0x112);
    }

    #[test]
    fn a_process_that_waits_is_asleep_and_one_that_computes_is_not() {
        let own = std::process::id();
        let mut waits = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        // A shell whose child computes: the child counts.
        let mut computes = Command::new("sh")
            .args(["-c", "(while :; do :; done) & wait"])
            .spawn()
            .unwrap();
        let until = |holds: &dyn Fn() -> bool| {
            let began = std::time::Instant::now();
            while !holds() {
                assert!(began.elapsed() < Duration::from_secs(20), "it never holds");
                std::thread::yield_now();
            }
        };
        until(&|| usage(waits.id()).is_asleep);
        until(&|| usage(computes.id()).cpu > Duration::from_millis(50));
        assert!(!usage(computes.id()).is_asleep);
        assert!(below(own).iter().any(|one| one.id == waits.id()));
        assert!(usage(waits.id()).resident > 0);
        assert_eq!(usage(waits.id()).threads, 1);
        for one in below(computes.id()) {
            rustix::process::kill_process(one.pid().unwrap(), rustix::process::Signal::KILL)
                .unwrap();
        }
        waits.kill().unwrap();
        waits.wait().unwrap();
        computes.wait().unwrap();
    }
}
