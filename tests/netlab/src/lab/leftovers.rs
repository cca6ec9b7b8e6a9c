//! What a test leaves behind in its process: threads that still run, descriptors that are still open.

use std::thread;
use std::time::{Duration, Instant};

use super::descriptors::{self, Descriptor};
use super::inner::Inner;
use super::process;
use super::task::Task;
use crate::protocol::{EXPECTED, GOT};
use crate::report::failure::Failure;

/// The descriptors that are open at one moment.
pub struct Belongings(Vec<Descriptor>);

impl Belongings {
    pub fn now() -> Belongings {
        Belongings(open())
    }

    /// Demands that nothing has been added since. Threads and sockets that are about to end get the time of
    /// one wait.
    pub fn are_all_there_is(&self, inner: &Inner) -> Result<(), Failure> {
        let deadline = Instant::now() + inner.patience.wait();
        loop {
            let threads = inner.threads.of_student();
            let open: Vec<_> = open()
                .into_iter()
                .filter(|descriptor| !self.0.contains(descriptor))
                .collect();
            if threads.is_empty() && open.is_empty() {
                return Ok(());
            }
            if Instant::now() < deadline {
                thread::sleep(Duration::from_millis(1));
                continue;
            }
            let threads = Task::doing(&threads).into_iter();
            let threads = threads.map(|doing| format!("a thread that {}", doing.words()));
            let open = open.iter().map(Descriptor::words);
            let left: Vec<_> = threads.chain(open).collect();
            return Err(Failure::new()
                .with(EXPECTED, "nothing to be left when the test is over")
                .with(GOT, left.join("\n"))
                .with("why", WHY));
        }
    }
}

/// Without the laboratory's own descriptor.
fn open() -> Vec<Descriptor> {
    descriptors::open(process::own_descriptor())
}

const WHY: &str = "A descriptor is closed when the last value that owns it is dropped, and a thread \
    ends when its function returns. Something still holds them: a clone in a thread that waits for \
    ever, a list that only grows, mem::forget, into_raw_fd. A server that leaves one behind for each \
    client stops when it has no more of them.";
