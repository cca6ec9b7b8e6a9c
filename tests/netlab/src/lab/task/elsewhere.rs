//! Other systems than Linux do not show a thread's state to an ordinary program.

use std::thread;
use std::time::Duration;

use super::usage::Usage;
use crate::report::causes::Doing;

#[derive(Clone)]
pub struct Task;

impl Task {
    pub fn current() -> Task {
        Task
    }

    pub fn of_program(_id: u32) -> Task {
        Task
    }

    pub fn threads_of_program(_id: u32) -> Vec<Task> {
        vec![Task]
    }

    pub fn all() -> Vec<Task> {
        Vec::new()
    }

    pub fn id(&self) -> String {
        String::new()
    }

    pub fn name(&self) -> String {
        String::new()
    }

    pub fn is_gone(&self) -> bool {
        false
    }

    pub fn doing(tasks: &[Task]) -> Vec<Doing> {
        vec![Doing::Hidden; tasks.len()]
    }

    pub fn joins(&self) -> Option<Task> {
        None
    }

    pub fn waits_without_limit(&self) -> bool {
        true
    }

    pub fn limits_its_wait(&self) -> bool {
        false
    }

    pub fn naps(&self) -> bool {
        false
    }

    pub fn all_rest(_tasks: &[Task]) -> bool {
        thread::sleep(Duration::from_millis(30));
        true
    }

    pub fn usage(&self) -> Option<Usage> {
        None
    }
}
