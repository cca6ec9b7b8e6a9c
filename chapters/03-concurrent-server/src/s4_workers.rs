//! Step 4: workers that are there before the first client.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::ThreadId;

use crate::{Acceptor, Handler, Stats};

/// The most workers that a pool starts. More are a mistake in a number. And on Linux a program that
/// asks for as many threads as it can get may be ended in the middle of starting one.
pub const MOST_WORKERS: usize = 4096;

/// A piece of work.
pub type Job = Box<dyn FnOnce() + Send + 'static>;

/// The queue was full: here is the job back.
pub struct Full(pub Job);

impl fmt::Debug for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Full(job)")
    }
}

/// What a pool did in its life.
#[derive(Clone, Copy, Debug)]
pub struct PoolReport {
    /// Jobs that ran to their end.
    pub done: u64,
    /// Jobs that panicked.
    pub panicked: u64,
}

/// Threads that wait for jobs. Their number never changes. A pool that is dropped without
/// `shutdown` ends them as well, without waiting. The jobs that still wait may run or not.
pub struct WorkerPool {}

impl WorkerPool {
    /// Starts `workers` threads. Up to `queue` jobs may wait for one; a job waits until a worker
    /// has taken it. Both are 1 or more. A worker without a job sleeps until there is one.
    ///
    /// # Errors
    ///
    /// More than `MOST_WORKERS` are asked for: `ErrorKind::InvalidInput`, and no thread is started.
    /// The system has no more threads: those that were started end.
    pub fn start(workers: usize, queue: usize) -> io::Result<WorkerPool> {
        todo!(
            "3.4 WorkerPool::start({workers}, {queue}): threads that share the receiving end of a queue, and take a job from it again and again"
        )
    }

    /// The threads that run the jobs.
    pub fn thread_ids(&self) -> Vec<ThreadId> {
        todo!("3.4 WorkerPool::thread_ids(): ask each join handle for its thread's id")
    }

    /// Gives a job to the workers, which begin the jobs in the order of their submission. Never waits.
    ///
    /// A job that panics costs the pool nothing: neither its worker nor another job.
    ///
    /// # Errors
    ///
    /// `Full` when `queue` jobs are already waiting.
    pub fn submit(&self, job: Job) -> Result<(), Full> {
        todo!(
            "3.4 WorkerPool::submit(a job of {} bytes): into the queue if there is room, else back to the caller",
            size_of_val(&*job)
        )
    }

    /// Lets the workers finish every job that was submitted, ends them, and waits for their end,
    /// asleep.
    pub fn shutdown(self) -> PoolReport {
        todo!("3.4 WorkerPool::shutdown(): end the queue, join the workers, report what they did")
    }
}

/// Serves each client on one of `workers` threads, until `acceptor` says that no more will come.
///
/// - Up to `queue` clients wait for a worker. When all places are taken, the next client is turned
///   away: its connection is closed at once, and it counts as `Stats::turned_away`. An endless wait
///   would only move the queue to a place where it cannot be seen.
/// - Errors and panics of a handler, and the end, are as in `serve_threads`: waiting clients are
///   served.
///
/// # Errors
///
/// The first error of `acceptor`, once the conversations have ended. The system has no more
/// threads: then no client is served.
pub fn serve_workers(
    acceptor: &dyn Acceptor,
    handler: Arc<dyn Handler>,
    workers: usize,
    queue: usize,
) -> io::Result<Stats> {
    let _ = (acceptor, handler);
    todo!(
        "3.4 serve_workers(acceptor, handler, {workers}, {queue}): a job for each client; when the queue is full, close the client and count it; at the end, shut the pool down"
    )
}
