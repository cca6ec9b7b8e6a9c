//! What a thread is doing, as far as the system tells: the difference between "it hangs" and "it
//! waits in accept() for a connection".

#[cfg(not(target_os = "linux"))]
pub use elsewhere::Task;
#[cfg(target_os = "linux")]
pub use linux::Task;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    /// Other systems do not show a thread's state to an ordinary program.
    #[derive(Clone)]
    pub struct Task;

    impl Task {
        pub fn current() -> Task {
            Task
        }

        pub fn of_program(_pid: u32) -> Task {
            Task
        }

        pub fn threads_of_program(_pid: u32) -> Vec<Task> {
            vec![Task]
        }

        pub fn is_gone(&self) -> bool {
            false
        }

        pub fn doing(&self) -> String {
            "is still running: a wait that nothing ends, or a loop without end".into()
        }

        pub fn rests(&self) -> bool {
            std::thread::sleep(std::time::Duration::from_millis(30));
            true
        }

        pub fn worked(&self) -> Option<std::time::Duration> {
            None
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::path::PathBuf;
    use std::time::Duration;

    /// A thread, by its folder `/proc/PID/task/TID`.
    #[derive(Clone)]
    pub struct Task(Option<PathBuf>);

    impl Task {
        pub fn current() -> Task {
            Task(
                fs::read_link("/proc/thread-self")
                    .ok()
                    .map(|link| PathBuf::from("/proc").join(link)),
            )
        }

        /// The main thread of another program.
        pub fn of_program(pid: u32) -> Task {
            Task(Some(PathBuf::from(format!("/proc/{pid}/task/{pid}"))))
        }

        /// All threads of another program.
        pub fn threads_of_program(pid: u32) -> Vec<Task> {
            let folder = fs::read_dir(format!("/proc/{pid}/task"));
            let threads = folder.into_iter().flatten().flatten();
            threads.map(|thread| Task(Some(thread.path()))).collect()
        }

        /// Whether it has ended, or hides what it does.
        pub fn is_gone(&self) -> bool {
            self.syscall().is_none_or(|state| state.starts_with("-1 "))
        }

        /// `waits in accept() for a connection`. Looks several times, since a busy loop may be
        /// caught inside a system call once but not always in the same one.
        pub fn doing(&self) -> String {
            const LOOKS: usize = 5;
            let mut first = None;
            for look in 0..LOOKS {
                if look > 0 {
                    std::thread::sleep(Duration::from_millis(3));
                }
                let Some(state) = self.syscall() else {
                    return "is still running".into();
                };
                if state.starts_with("running")
                    || *first.get_or_insert_with(|| state.clone()) != state
                {
                    return "is running and running: a loop without end?".into();
                }
            }
            match first.as_deref().and_then(|state| self.sentence(state)) {
                Some(sentence) => sentence,
                None => "waits for something inside the system".into(),
            }
        }

        /// Whether the thread waits in the same system call each time we look, or has ended.
        pub fn rests(&self) -> bool {
            const LOOKS: usize = 3;
            let mut first = None;
            for _ in 0..LOOKS {
                std::thread::sleep(Duration::from_millis(1));
                let Some(state) = self.syscall() else {
                    return true;
                };
                if !waits_for_others(&state) || *first.get_or_insert_with(|| state.clone()) != state
                {
                    return false;
                }
            }
            true
        }

        /// The time it has had a processor for. `None` where the system does not count it; nothing when
        /// it has ended.
        pub fn worked(&self) -> Option<Duration> {
            let folder = self.0.as_ref()?;
            match fs::read_to_string(folder.join("schedstat")) {
                Ok(line) => {
                    let nanoseconds = line.split_whitespace().next()?.parse().ok()?;
                    Some(Duration::from_nanos(nanoseconds))
                }
                Err(_) if folder.exists() => None,
                Err(_) => Some(Duration::ZERO),
            }
        }

        /// `NUMBER ARG0 … SP PC`, or `running` (proc_pid_syscall(5)).
        fn syscall(&self) -> Option<String> {
            fs::read_to_string(self.0.as_ref()?.join("syscall")).ok()
        }

        fn sentence(&self, state: &str) -> Option<String> {
            let mut words = state.split_whitespace();
            let number: u32 = words.next()?.parse().ok()?;
            let descriptor = words
                .next()
                .and_then(|arg| u32::from_str_radix(arg.strip_prefix("0x")?, 16).ok());
            let udp = descriptor.is_some_and(|descriptor| self.is_udp(descriptor));
            let sentence = match name_of(number)? {
                Wait::Accept => "waits in accept() for a connection",
                Wait::Receive if descriptor == Some(0) => "waits in read() for standard input",
                Wait::Receive if udp => "waits in recv() for a datagram",
                Wait::Receive => "waits in read() for bytes or for the end of the stream",
                Wait::Send => "waits in write() for the peer to read: the buffers are full",
                Wait::Connect => "waits in connect() for an answer to its SYN",
                Wait::Lock => "waits for a lock, a channel or another thread",
                Wait::Poll => "waits in poll() for any of its sockets",
                Wait::Sleep => "sleeps",
            };
            Some(sentence.into())
        }

        /// Whether a descriptor is a UDP socket: its inode stands in /proc/PID/net/udp.
        fn is_udp(&self, descriptor: u32) -> bool {
            let Some(process) = self.0.as_ref().and_then(|task| task.ancestors().nth(2)) else {
                return false;
            };
            let Ok(link) = fs::read_link(process.join(format!("fd/{descriptor}"))) else {
                return false;
            };
            let link = link.to_string_lossy();
            let Some(inode) = link
                .strip_prefix("socket:[")
                .and_then(|rest| rest.strip_suffix(']'))
            else {
                return false;
            };
            ["net/udp", "net/udp6"].iter().any(|table| {
                fs::read_to_string(process.join(table)).is_ok_and(|rows| {
                    rows.lines()
                        .any(|row| row.split_whitespace().any(|word| word == inode))
                })
            })
        }
    }

    /// Whether a state is a call that waits for what others do. A thread on a busy machine also sleeps
    /// in the middle of a page fault, or in mmap while it starts another thread: it goes on by itself.
    fn waits_for_others(state: &str) -> bool {
        let number = state.split_whitespace().next().map(str::parse);
        match number {
            // On a processor whose numbers we do not know, any call may be one.
            Some(Ok(number)) => NUMBERS.is_empty() || name_of(number).is_some(),
            _ => false,
        }
    }

    #[derive(Clone, Copy)]
    enum Wait {
        Accept,
        Receive,
        Send,
        Connect,
        Lock,
        Poll,
        Sleep,
    }

    /// System call numbers differ by processor.
    #[cfg(target_arch = "x86_64")]
    const NUMBERS: &[(Wait, &[u32])] = &[
        (Wait::Accept, &[43, 288]),                 // accept, accept4
        (Wait::Receive, &[0, 19, 45, 47]),          // read, readv, recvfrom, recvmsg
        (Wait::Send, &[1, 20, 44, 46]),             // write, writev, sendto, sendmsg
        (Wait::Connect, &[42]),                     // connect
        (Wait::Lock, &[202]),                       // futex
        (Wait::Poll, &[7, 23, 232, 270, 271, 281]), // poll, select, epoll_wait, pselect6, ppoll, epoll_pwait
        (Wait::Sleep, &[35, 230]),                  // nanosleep, clock_nanosleep
    ];
    #[cfg(target_arch = "aarch64")]
    const NUMBERS: &[(Wait, &[u32])] = &[
        (Wait::Accept, &[202, 242]),
        (Wait::Receive, &[63, 65, 207, 212]),
        (Wait::Send, &[64, 66, 206, 211]),
        (Wait::Connect, &[203]),
        (Wait::Lock, &[98]),
        (Wait::Poll, &[22, 72, 73]),
        (Wait::Sleep, &[101, 115]),
    ];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    const NUMBERS: &[(Wait, &[u32])] = &[];

    fn name_of(number: u32) -> Option<Wait> {
        NUMBERS
            .iter()
            .find(|(_, numbers)| numbers.contains(&number))
            .map(|(wait, _)| *wait)
    }
}
