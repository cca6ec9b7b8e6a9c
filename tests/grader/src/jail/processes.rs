//! The machine's processes, as /proc shows them.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
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
    below_by_children(root).unwrap_or_else(|| below_by_parents(root))
}

/// Each thread's list of the children that it has started, which not every kernel has (CONFIG_PROC_CHILDREN). A list
/// may lack one while another child of it ends, but is not empty then.
///
/// The other way looks at every process of the machine. Then the kernel has more to do for the end of each of them.
fn below_by_children(root: u32) -> Option<Vec<Process>> {
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(above) = next.pop() {
        for thread in threads(above) {
            let list = match fs::read_to_string(thread.join("children")) {
                Ok(list) => list,
                // The thread has ended, or there are no lists.
                Err(_) if thread.exists() => return None,
                Err(_) => continue,
            };
            let children = list.split_ascii_whitespace();
            for child in children.filter_map(|id| id.parse().ok()) {
                found.extend(of(child));
                next.push(child);
            }
        }
    }
    Some(found)
}

fn below_by_parents(root: u32) -> Vec<Process> {
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

/// The folders of a process's threads.
fn threads(id: u32) -> impl Iterator<Item = PathBuf> {
    let threads = fs::read_dir(format!("/proc/{id}/task"));
    let threads = threads.into_iter().flatten().flatten();
    threads.map(|thread| thread.path())
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

/// Bytes that lie in the TCP sockets of the network in which this process is, if the machine's have more than `little`
/// together. Of its Unix sockets nobody tells what lies in them: as much as there may be.
pub fn in_sockets(id: u32, little: u64) -> (u64, u64) {
    let file = |name| fs::read_to_string(format!("/proc/{id}/net/{name}")).unwrap_or_default();
    // To read a network's table takes milliseconds, for the kernel looks for its sockets among all networks'.
    let tcp = match machines_tcp(&file("sockstat")).is_some_and(|all| all <= little) {
        true => 0,
        false => queued(&file("tcp")) + queued(&file("tcp6")),
    };
    let sockets = file("unix").lines().skip(1).count() as u64;
    (tcp, sockets * UNIX_SOCKET)
}

/// The memory of the TCP sockets of all networks: /proc/net/sockstat has the pages of it (proc_pid_net(5)).
fn machines_tcp(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find(|line| line.starts_with("TCP:"))?;
    let mut words = line.split_ascii_whitespace();
    words.find(|word| *word == "mem")?;
    let pages: u64 = words.next()?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
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
    threads(id).all(|thread| {
        // One that has ended meanwhile is not awake.
        let stat = fs::read_to_string(thread.join("stat")).unwrap_or_default();
        let state = fields(&stat).and_then(|mut fields| fields.next());
        state.is_none_or(|state| matches!(state, "S" | "T" | "t" | "Z" | "X"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    #[test]
    fn what_lies_in_sockets_is_summed_up() {
        const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n   \
            0: 0100007F:8001 0100007F:8002 01 00000010:00000002 01:00000014\n   \
            1: 0100007F:8002 0100007F:8001 01 00000000:00000100 00:00000000\n";
        assert_eq!(queued(TABLE), 0x112);
    }

    #[test]
    fn the_memory_of_all_tcp_sockets_is_in_pages() {
        const STAT: &str = "sockets: used 39\nTCP: inuse 13 orphan 1 tw 2990 alloc 16 mem 29\nUDP: inuse 0 mem 27\n";
        let page = rustix::param::page_size() as u64;
        assert_eq!(machines_tcp(STAT), Some(29 * page));
        assert_eq!(machines_tcp("sockets: used 39\n"), None);
        let own = fs::read_to_string("/proc/self/net/sockstat").expect("Linux has it");
        assert!(machines_tcp(&own).is_some(), "{own}");
    }

    /// A child of a thread that is not the first, and a grandchild.
    #[test]
    fn both_ways_find_the_same_processes() {
        let start = || {
            let mut command = Command::new("sh");
            command.args(["-c", "sleep 60 & wait"]).process_group(0);
            command.spawn().expect("a shell")
        };
        let mut shell = std::thread::spawn(start).join().expect("no panic");
        let own = std::process::id();
        let ids = |all: Vec<Process>| all.into_iter().map(|one| one.id).collect::<BTreeSet<_>>();
        let family = |all: BTreeSet<u32>| -> BTreeSet<u32> {
            let of_shell = ids(below_by_parents(shell.id()));
            let is_meant = |id: &u32| *id == shell.id() || of_shell.contains(id);
            all.into_iter().filter(is_meant).collect()
        };
        let began = std::time::Instant::now();
        while below_by_parents(shell.id()).is_empty() {
            assert!(began.elapsed() < Duration::from_secs(20), "no child");
            std::thread::yield_now();
        }
        let by_parents = family(ids(below_by_parents(own)));
        assert_eq!(by_parents.len(), 2);
        if let Some(by_children) = below_by_children(own) {
            assert_eq!(family(ids(by_children)), by_parents);
        }
        let group = Pid::from_raw(i32::try_from(shell.id()).unwrap()).unwrap();
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
        shell.wait().unwrap();
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
