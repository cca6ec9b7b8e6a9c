//! What a thread waits for, as its system call shows.

use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use crate::lab::descriptors::{Socket, socket_behind};
use crate::lab::ours::spawn_ours;
use crate::report::causes::Wait;

/// A line of `/proc/PID/task/TID/syscall`: `202 0x7f… 0x80 0x2 …`.
pub struct Syscall {
    number: u32,
    arguments: Vec<u64>,
}

impl FromStr for Syscall {
    type Err = ();

    fn from_str(line: &str) -> Result<Syscall, ()> {
        let mut words = line.split_whitespace();
        let number = words.next().ok_or(())?.parse().map_err(|_| ())?;
        let arguments =
            words.map_while(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok());
        Ok(Syscall {
            number,
            arguments: arguments.collect(),
        })
    }
}

impl Syscall {
    /// Whether it is a call that waits for what others do. On a processor whose numbers we do not know,
    /// any call may be one.
    pub fn may_wait(&self) -> bool {
        NUMBERS.is_empty() || kind_of(self.number).is_some()
    }

    /// What a thread of this process waits for. `process` is its folder in /proc.
    pub fn wait(&self, process: &Path) -> Option<Wait> {
        Some(match kind_of(self.number)? {
            Kind::Accept => Wait::Accept,
            Kind::Receive => match self.descriptor() {
                Some(0) => Wait::Input,
                Some(number) if is_udp(process, number) => Wait::Datagram,
                _ => Wait::Read,
            },
            Kind::Send => Wait::Write,
            Kind::Connect => Wait::Connect,
            Kind::Futex => self.futex(process),
            Kind::Poll => Wait::Poll,
            Kind::Sleep => Wait::Sleep,
            Kind::Program => Wait::Program,
        })
    }

    fn descriptor(&self) -> Option<u64> {
        self.arguments.first().copied()
    }

    /// A thread sleeps in futex(2) while a word of memory has the value that it names. The value depends on
    /// what the thread waits for.
    fn futex(&self, process: &Path) -> Wait {
        const PRIVATE: u64 = 128;
        let (Some(operation), Some(number)) = (self.arguments.get(1), self.arguments.get(2)) else {
            return Wait::Thread;
        };
        if operation & PRIVATE == 0 {
            // The system itself wakes those who wait for a thread: the number is the thread's.
            let thread = process.join("task").join(number.to_string());
            return if thread.exists() {
                Wait::Join
            } else {
                Wait::Thread
            };
        }
        let known = Numbers::of_std();
        match Some(*number) {
            _ if known.lock.is_none() || known.lock == known.channel => Wait::Thread,
            number if number == known.lock => Wait::Lock,
            number if number == known.channel => Wait::Channel,
            _ => Wait::Condvar,
        }
    }

    /// Whether it is a wait for another thread that has no end of its own: a futex without a time-out.
    pub fn waits_without_limit(&self) -> bool {
        let is_futex = matches!(kind_of(self.number), Some(Kind::Futex));
        NUMBERS.is_empty() || is_futex && self.arguments.get(3) == Some(&0)
    }

    /// Whether it waits for events or for another thread, and no longer than a time that it names itself. Some hours
    /// are no such time: who waits for a moment that never comes may name the longest time that there is.
    pub fn limits_its_wait(&self) -> bool {
        const LONG: i32 = 3_600_000;
        let limit = LIMITS.iter().find(|(number, _)| *number == self.number);
        let argument = |nth: &usize| self.arguments.get(*nth).copied();
        match limit {
            // The kernel takes an int. A negative one is no limit.
            Some((_, Limit::Milliseconds(nth))) => {
                argument(nth).is_some_and(|ms| (0..LONG).contains(&(ms as i32)))
            }
            Some((_, Limit::Pointer(nth))) => argument(nth).is_some_and(|at| at != 0),
            None => match kind_of(self.number) {
                Some(Kind::Futex) => !self.waits_without_limit(),
                _ => false,
            },
        }
    }

    /// Whether it is a sleep for a fixed time.
    pub fn naps(&self) -> bool {
        matches!(kind_of(self.number), Some(Kind::Sleep))
    }

    /// The thread that this one waits for in join().
    pub fn joins(&self, process: &Path) -> Option<u64> {
        let is_join =
            matches!(kind_of(self.number), Some(Kind::Futex)) && self.futex(process) == Wait::Join;
        is_join.then(|| self.arguments[2])
    }
}

/// The values by which a wait for a lock and a wait for a channel are known.
///
/// They are std's own business and may change, so they are learned: from a thread that waits for a lock
/// and one that waits for a channel.
struct Numbers {
    lock: Option<u64>,
    channel: Option<u64>,
}

impl Numbers {
    fn of_std() -> &'static Numbers {
        static NUMBERS: OnceLock<Numbers> = OnceLock::new();
        static LOCK: Mutex<()> = Mutex::new(());
        NUMBERS.get_or_init(|| {
            let held = LOCK.lock();
            let lock = number_of(|| drop(LOCK.lock()));
            drop(held);
            let (_send, receive) = mpsc::channel::<()>();
            let channel = number_of(move || {
                let _ = receive.recv();
            });
            Numbers { lock, channel }
        })
    }
}

/// The number that a thread sleeps by in this wait. The thread ends when the caller lets it.
fn number_of(waits: impl FnOnce() + Send + 'static) -> Option<u64> {
    const TRIES: usize = 200;
    let (send, folder) = mpsc::channel();
    spawn_ours("waits", move || {
        let _ = send.send(fs::read_link("/proc/thread-self"));
        waits();
    });
    let file = Path::new("/proc")
        .join(folder.recv().ok()?.ok()?)
        .join("syscall");
    let mut before = String::new();
    for _ in 0..TRIES {
        let line = fs::read_to_string(&file).ok()?;
        let syscall = line.parse::<Syscall>().ok();
        let is_futex = |call: &Syscall| matches!(kind_of(call.number), Some(Kind::Futex));
        if let Some(call) = syscall.filter(is_futex)
            && line == before
        {
            return call.arguments.get(2).copied();
        }
        before = line;
        thread::sleep(Duration::from_millis(1));
    }
    None
}

/// Whether a descriptor is a UDP socket.
fn is_udp(process: &Path, descriptor: u64) -> bool {
    let link = fs::read_link(process.join(format!("fd/{descriptor}"))).unwrap_or_default();
    socket_behind(&link.to_string_lossy())
        .and_then(|inode| Socket::find(process, inode))
        .is_some_and(|socket| socket.is_udp())
}

#[derive(Clone, Copy)]
enum Kind {
    Accept,
    Receive,
    Send,
    Connect,
    Futex,
    Poll,
    Sleep,
    Program,
}

/// System call numbers differ by processor.
#[cfg(target_arch = "x86_64")]
const NUMBERS: &[(Kind, &[u32])] = &[
    (Kind::Accept, &[43, 288]),                 // accept, accept4
    (Kind::Receive, &[0, 19, 45, 47]),          // read, readv, recvfrom, recvmsg
    (Kind::Send, &[1, 20, 44, 46]),             // write, writev, sendto, sendmsg
    (Kind::Connect, &[42]),                     // connect
    (Kind::Futex, &[202]),                      // futex
    (Kind::Poll, &[7, 23, 232, 270, 271, 281]), // poll, select, epoll_wait, pselect6, ppoll, epoll_pwait
    (Kind::Sleep, &[35, 230]),                  // nanosleep, clock_nanosleep
    (Kind::Program, &[61, 247]),                // wait4, waitid
];
#[cfg(target_arch = "aarch64")]
const NUMBERS: &[(Kind, &[u32])] = &[
    (Kind::Accept, &[202, 242]),
    (Kind::Receive, &[63, 65, 207, 212]),
    (Kind::Send, &[64, 66, 206, 211]),
    (Kind::Connect, &[203]),
    (Kind::Futex, &[98]),
    (Kind::Poll, &[22, 72, 73]),
    (Kind::Sleep, &[101, 115]),
    (Kind::Program, &[95, 260]),
];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const NUMBERS: &[(Kind, &[u32])] = &[];

/// Where a call that waits for events says how long at most: which of its arguments, from 0.
enum Limit {
    Milliseconds(usize),
    /// To a time. Null is no limit.
    Pointer(usize),
}

#[cfg(target_arch = "x86_64")]
const LIMITS: &[(u32, Limit)] = &[
    (7, Limit::Milliseconds(2)),   // poll
    (23, Limit::Pointer(4)),       // select
    (232, Limit::Milliseconds(3)), // epoll_wait
    (270, Limit::Pointer(4)),      // pselect6
    (271, Limit::Pointer(2)),      // ppoll
    (281, Limit::Milliseconds(3)), // epoll_pwait
];
#[cfg(target_arch = "aarch64")]
const LIMITS: &[(u32, Limit)] = &[
    (22, Limit::Milliseconds(3)),
    (72, Limit::Pointer(4)),
    (73, Limit::Pointer(2)),
];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const LIMITS: &[(u32, Limit)] = &[];

fn kind_of(number: u32) -> Option<Kind> {
    NUMBERS
        .iter()
        .find(|(_, numbers)| numbers.contains(&number))
        .map(|(kind, _)| *kind)
}
