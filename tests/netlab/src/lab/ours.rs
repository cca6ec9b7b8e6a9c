//! Threads of the laboratory's own.

use std::collections::HashSet;
use std::sync::mpsc::channel;
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use super::task::Task;

/// How their names begin, for whoever looks at a process. A student's thread may have such a name, too: the
/// laboratory knows its own by their ids.
const OURS: &str = "lab ";

/// Those that were ever started: one that has done its work is there for a moment yet.
static IDS: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Their ids. As long as this value lives, no other is started.
pub fn ids() -> MutexGuard<'static, HashSet<String>> {
    IDS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Starts a thread of the laboratory's own.
pub fn spawn_ours<T: Send + 'static>(
    what: &str,
    f: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let (tell, told) = channel();
    let mut ids = ids();
    let thread = thread::Builder::new()
        .name(format!("{OURS}{what}"))
        .spawn(move || {
            let _ = tell.send(Task::current().id());
            f()
        })
        .expect("cannot start a thread");
    ids.extend(told.recv());
    thread
}
