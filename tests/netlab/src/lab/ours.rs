//! Threads of the laboratory's own, which are known by their names.

use std::thread::{self, JoinHandle};

/// How their names begin.
pub const OURS: &str = "lab ";

/// Starts a thread of the laboratory's own.
pub fn spawn_ours<T: Send + 'static>(
    what: &str,
    f: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    thread::Builder::new()
        .name(format!("{OURS}{what}"))
        .spawn(f)
        .expect("cannot start a thread")
}
