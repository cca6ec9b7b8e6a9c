//! A thread's folder in /proc.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::syscall::Syscall;
use super::usage::Usage;
use crate::report::causes::Doing;

/// A thread, by its folder `/proc/PID/task/TID`.
#[derive(Clone)]
pub struct Task(Option<PathBuf>);

impl Task {
    pub fn current() -> Task {
        let link = fs::read_link("/proc/thread-self").ok();
        Task(link.map(|link| PathBuf::from("/proc").join(link)))
    }

    /// The main thread of another program.
    pub fn of_program(id: u32) -> Task {
        Task(Some(PathBuf::from(format!("/proc/{id}/task/{id}"))))
    }

    /// All threads of another program.
    pub fn threads_of_program(id: u32) -> Vec<Task> {
        Task::in_folder(&format!("/proc/{id}/task"))
    }

    /// All threads of this process.
    pub fn all() -> Vec<Task> {
        Task::in_folder("/proc/self/task")
    }

    fn in_folder(folder: &str) -> Vec<Task> {
        let threads = fs::read_dir(folder).into_iter().flatten().flatten();
        threads.map(|thread| Task(Some(thread.path()))).collect()
    }

    /// Unique among the threads of a process.
    pub fn id(&self) -> String {
        let folder = self.0.as_ref().and_then(|folder| folder.file_name());
        folder.unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The first 15 bytes of its name.
    pub fn name(&self) -> String {
        let name = self.0.as_ref().map(|task| task.join("comm"));
        let name = name.and_then(|file| fs::read_to_string(file).ok());
        name.unwrap_or_default().trim_end_matches('\n').to_owned()
    }

    /// Whether it has ended, or hides what it does.
    pub fn is_gone(&self) -> bool {
        self.syscall().is_none_or(|state| state.starts_with("-1 "))
    }

    /// What each of these threads does. Looks several times, since a busy loop may be caught inside a
    /// system call once but not always in the same one.
    pub fn doing(tasks: &[Task]) -> Vec<Doing> {
        const LOOKS: usize = 5;
        let mut looks: Vec<Vec<Option<String>>> = Vec::new();
        for look in 0..LOOKS {
            if look > 0 {
                thread::sleep(Duration::from_millis(3));
            }
            looks.push(tasks.iter().map(Task::syscall).collect());
        }
        let seen = |nth: usize| looks.iter().map(move |look| look[nth].as_deref());
        tasks
            .iter()
            .enumerate()
            .map(|(nth, task)| {
                let Some(state) = looks[0][nth].as_deref() else {
                    return Doing::Hidden;
                };
                if seen(nth).any(|now| now != Some(state)) || state.starts_with("running") {
                    return Doing::Runs;
                }
                task.waits(state)
            })
            .collect()
    }

    fn waits(&self, state: &str) -> Doing {
        let syscall = state.parse::<Syscall>().ok();
        syscall
            .zip(self.process())
            .and_then(|(syscall, process)| syscall.wait(process))
            .map_or(Doing::Inside, Doing::Waits)
    }

    /// The thread that this one waits for in join().
    pub fn joins(&self) -> Option<Task> {
        let process = self.process()?;
        let syscall: Syscall = self.syscall()?.parse().ok()?;
        let id = syscall.joins(process)?;
        Some(Task(Some(process.join("task").join(id.to_string()))))
    }

    /// The folder of its process.
    fn process(&self) -> Option<&Path> {
        self.0.as_ref()?.ancestors().nth(2)
    }

    /// Whether it waits for another thread, and nothing else ends that wait.
    pub fn waits_without_limit(&self) -> bool {
        self.is_in(Syscall::waits_without_limit)
    }

    /// Whether it waits for events or another thread, and no longer than a time that it has set itself.
    pub fn limits_its_wait(&self) -> bool {
        self.is_in(Syscall::limits_its_wait)
    }

    /// Whether it sleeps for a fixed time.
    pub fn naps(&self) -> bool {
        self.is_in(Syscall::naps)
    }

    fn is_in(&self, call: fn(&Syscall) -> bool) -> bool {
        let now = self.syscall().and_then(|line| line.parse().ok());
        now.is_some_and(|now| call(&now))
    }

    /// Whether each of these threads waits in the same system call each time we look, or has ended.
    pub fn all_rest(tasks: &[Task]) -> bool {
        const LOOKS: usize = 3;
        let mut first = None;
        for _ in 0..LOOKS {
            thread::sleep(Duration::from_millis(1));
            let now: Option<Vec<_>> = tasks.iter().map(Task::wait_now).collect();
            let Some(now) = now else { return false };
            let first = first.get_or_insert_with(|| now.clone());
            let same =
                |(now, first): (&Option<String>, &Option<String>)| now.is_none() || now == first;
            if !now.iter().zip(first.iter()).all(same) {
                return false;
            }
        }
        true
    }

    /// The system call in which the thread waits, in `Some`; `Some(None)` when it has ended.
    fn wait_now(&self) -> Option<Option<String>> {
        let Some(state) = self.syscall().filter(|state| !state.starts_with("-1 ")) else {
            return Some(None);
        };
        // A thread on a busy machine also sleeps in the middle of a page fault, or in mmap while it
        // starts another thread: it goes on by itself.
        let waits = state.parse().is_ok_and(|call: Syscall| call.may_wait());
        waits.then_some(Some(state))
    }

    /// Its processor time. `None` where the system does not count it; zero when the thread has ended.
    pub fn usage(&self) -> Option<Usage> {
        let folder = self.0.as_ref()?;
        match fs::read_to_string(folder.join("schedstat")) {
            Ok(line) => {
                let mut numbers = line.split_whitespace().map(str::parse);
                let nanoseconds = numbers.next()?.ok()?;
                let in_line = numbers.next()?.ok()?;
                let turns = numbers.next()?.ok()?;
                Some(Usage {
                    time: Duration::from_nanos(nanoseconds),
                    in_line: Duration::from_nanos(in_line),
                    turns,
                })
            }
            Err(_) if folder.exists() => None,
            Err(_) => Some(Usage::default()),
        }
    }

    /// `NUMBER ARG0 … SP PC`, or `running` (proc_pid_syscall(5)).
    pub(super) fn syscall(&self) -> Option<String> {
        fs::read_to_string(self.0.as_ref()?.join("syscall")).ok()
    }
}
