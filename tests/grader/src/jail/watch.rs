//! Waits for the end of a program, and gives up on one that takes more than its share.
//!
//! The kernel's limits hold for each process; these hold for all processes of a cell together, and
//! where the kernel's are not in force. And a program that only waits uses nothing that could run out:
//! a compiler that reads from a pipe would wait until its deadline.

use std::time::{Duration, Instant};

use super::cell::Ending;

/// A program that runs, with all that it has started.
pub trait Running {
    /// The process that all of it is below.
    fn root(&self) -> u32;
    /// It shares its network with nobody.
    fn has_own_network(&self) -> bool {
        false
    }
    /// How it ended; none when it still runs then.
    fn wait(&mut self, deadline: Instant) -> Option<Ending>;
}

/// What a cell may use, all its processes together.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    pub wall: Duration,
    /// The same for one that did not get the processor that it wanted.
    pub starved: Duration,
    pub cpu: Duration,
    pub memory_mib: u64,
    /// How long all of it may be asleep. One that waits for a disk, or for a processor that others have,
    /// is not.
    pub asleep: Duration,
    /// How long it may run until it is put aside.
    pub awake: Duration,
}

impl Share {
    /// As much as it likes until then.
    pub fn until(wall: Duration) -> Share {
        Share {
            wall,
            starved: STARVED * wall,
            cpu: Duration::MAX,
            memory_mib: u64::MAX >> 20,
            asleep: Duration::MAX,
            awake: Duration::MAX,
        }
    }
}

/// Told that a program is put aside, so that another runs beside it: it waits for something, and uses hardly
/// anything meanwhile. From then on told at each look what the program has and does. It may end the program.
pub type Beside<'a> = &'a dyn Fn(Used) -> Option<Ending>;

/// What a program that was put aside has, and what it has done since the last look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// How long it was awake. That is its processor time, but at least the time between two looks if it is awake
    /// now: nobody sees the processor time of children that have ended and for which nobody has waited.
    pub awake: Duration,
    /// Bytes.
    pub memory: u64,
    pub threads: u64,
}

/// How long a program is looked at until it may be put aside. If it wakes up now and then, to see whether to
/// go on, it uses this part of the time at most.
#[cfg(target_os = "linux")]
const IDLE_AFTER: Duration = Duration::from_millis(150);
#[cfg(target_os = "linux")]
const IDLE_PART: u32 = 10;
/// One with more memory than this is not put aside, so that there are never many of them.
#[cfg(target_os = "linux")]
const SMALL: u64 = 64 << 20;
/// All networks of a machine have the same memory for TCP, about a sixteenth of all (tcp_mem in tcp(7)). What lies in
/// sockets counts so many times: a submission that fills them would take it from its neighbours.
#[cfg(target_os = "linux")]
const KERNELS_OWN: u64 = 16;
/// When there is no more in the TCP sockets of the whole machine, nobody's are looked into.
#[cfg(target_os = "linux")]
const LITTLE: u64 = SMALL / KERNELS_OWN;
/// How many times as long one may run, usually, that does not get the processor that it wants.
const STARVED: u32 = 4;

#[cfg(target_os = "linux")]
impl Used {
    fn of(usage: &super::processes::Usage) -> Used {
        Used {
            awake: Duration::ZERO,
            memory: usage.resident,
            threads: usage.threads,
        }
    }
}

/// Waits for its end at most as long as its share lasts.
#[cfg(target_os = "linux")]
pub fn until_end(running: &mut dyn Running, share: &Share, beside: Option<Beside>) -> Ending {
    use super::processes::{self, Usage};

    let began = Instant::now();
    let mut deadline = began + share.wall;
    let is_limited = share.cpu < Duration::MAX || share.asleep < Duration::MAX;
    let mut first: Option<Usage> = None;
    let mut before = Usage::default();
    let mut asleep = Duration::ZERO;
    // In all.
    let mut slept = Duration::ZERO;
    let mut is_aside = false;
    // How long we have looked whether it is idle, and what it had used before.
    let (mut looked, mut cpu_then) = (Duration::ZERO, Duration::ZERO);
    loop {
        let interval = match (beside, is_limited) {
            (Some(_), _) => Duration::from_millis(50),
            (None, true) => Duration::from_millis(200),
            (None, false) => share.wall,
        };
        if let Some(ending) = running.wait(deadline.min(Instant::now() + interval)) {
            return ending;
        }
        let mut used = processes::usage(running.root());
        if running.has_own_network()
            && let Some(newest) = used.newest
        {
            let (tcp, unix) = processes::in_sockets(newest, LITTLE);
            used.resident += KERNELS_OWN * tcp + unix;
        }
        // A jail may have seen other programs before.
        let cpu = used.cpu.saturating_sub(first.get_or_insert(used).cpu);
        if Instant::now() >= deadline {
            // One that has slept for half of its time was not kept from the processor.
            let is_starved = !used.is_asleep && cpu < share.wall / 2 && slept < share.wall / 2;
            if !is_starved || began.elapsed() >= share.starved {
                return Ending::Deadline;
            }
            deadline = (deadline + share.wall).min(began + share.starved);
        }
        if cpu > share.cpu {
            return Ending::TooMuchTime;
        }
        if beside.is_some() && !is_aside && began.elapsed() > share.awake {
            return Ending::AwakeTooLong;
        }
        if used.resident > share.memory_mib << 20 {
            return Ending::TooMuchMemory;
        }
        // Counted by looks, not by the clock: a machine that stands still for a while does not look.
        match used.is_asleep && used.cpu == before.cpu {
            true => asleep += interval,
            false => asleep = Duration::ZERO,
        }
        if asleep >= share.asleep {
            return Ending::Asleep;
        }
        if used.is_asleep {
            slept += interval;
        }
        if let Some(beside) = beside.filter(|_| is_aside) {
            let worked = used.cpu.saturating_sub(before.cpu);
            let ending = beside(Used {
                awake: if used.is_asleep {
                    worked
                } else {
                    worked.max(interval)
                },
                ..Used::of(&used)
            });
            if let Some(ending) = ending {
                return ending;
            }
        }
        before = used;
        looked += interval;
        if looked < IDLE_AFTER {
            continue;
        }
        // One that waits for a processor uses nothing either.
        let is_idle = used.is_asleep && cpu.saturating_sub(cpu_then) <= looked / IDLE_PART;
        if is_idle
            && !is_aside
            && used.resident < SMALL
            && let Some(beside) = beside
        {
            is_aside = true;
            if let Some(ending) = beside(Used::of(&used)) {
                return ending;
            }
        }
        (looked, cpu_then) = (Duration::ZERO, cpu);
    }
}

/// Elsewhere nobody tells us what a process uses.
#[cfg(not(target_os = "linux"))]
pub fn until_end(running: &mut dyn Running, share: &Share, _: Option<Beside>) -> Ending {
    let ending = running.wait(Instant::now() + share.wall);
    ending.unwrap_or(Ending::Deadline)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// No process has this number, so nothing of it sleeps, and it gets no processor.
    struct Starved;

    impl Running for Starved {
        fn root(&self) -> u32 {
            u32::MAX
        }

        fn wait(&mut self, deadline: Instant) -> Option<Ending> {
            std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
            None
        }
    }

    #[test]
    fn one_that_gets_no_processor_has_its_own_deadline() {
        let wall = Duration::from_millis(50);
        for times in [1, 3] {
            let share = Share {
                starved: times * wall,
                ..Share::until(wall)
            };
            let began = Instant::now();
            assert_eq!(until_end(&mut Starved, &share, None), Ending::Deadline);
            assert!(began.elapsed() >= times * wall);
            // A look at the machine's processes takes its time.
            assert!(began.elapsed() < times * wall + Duration::from_secs(2));
        }
    }
}
