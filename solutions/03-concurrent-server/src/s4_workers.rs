//! Step 4: workers that are there before the first client.

use std::fmt;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};

use crate::s2_threads::{Tally, converse};
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
pub struct WorkerPool {
    jobs: SyncSender<Job>,
    workers: Vec<JoinHandle<()>>,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    done: AtomicU64,
    panicked: AtomicU64,
}

impl WorkerPool {
    /// Starts `workers` threads. Up to `queue` jobs may wait for one; a job waits until a worker
    /// has taken it. Both are 1 or more. A worker without a job sleeps until there is one.
    ///
    /// # Errors
    ///
    /// More than `MOST_WORKERS` are asked for: `ErrorKind::InvalidInput`, and no thread is started.
    /// The system has no more threads: those that were started end.
    pub fn start(workers: usize, queue: usize) -> io::Result<WorkerPool> {
        if workers > MOST_WORKERS {
            let text = format!("{workers} workers: {MOST_WORKERS} at most");
            return Err(io::Error::new(ErrorKind::InvalidInput, text));
        }
        let (jobs, waiting) = sync_channel(queue);
        let waiting = Arc::new(Mutex::new(waiting));
        let count = Arc::new(Count::default());
        let workers = (0..workers)
            .map(|n| {
                let (waiting, count) = (Arc::clone(&waiting), Arc::clone(&count));
                thread::Builder::new()
                    .name(format!("worker {n}"))
                    .spawn(move || work(&waiting, &count))
            })
            .collect::<io::Result<_>>()
            .map_err(|error| {
                io::Error::new(error.kind(), format!("no thread for a worker: {error}"))
            })?;
        Ok(WorkerPool {
            jobs,
            workers,
            count,
        })
    }

    /// The threads that run the jobs.
    pub fn thread_ids(&self) -> Vec<ThreadId> {
        self.workers.iter().map(|w| w.thread().id()).collect()
    }

    /// Gives a job to the workers, which begin the jobs in the order of their submission. Never waits.
    ///
    /// A job that panics costs the pool nothing: neither its worker nor another job.
    ///
    /// # Errors
    ///
    /// `Full` when `queue` jobs are already waiting.
    pub fn submit(&self, job: Job) -> Result<(), Full> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => Full(job),
        })
    }

    /// Lets the workers finish every job that was submitted, ends them, and waits for their end,
    /// asleep.
    pub fn shutdown(self) -> PoolReport {
        // Without a sender the channel ends, after the last job in it.
        drop(self.jobs);
        for worker in self.workers {
            // A worker catches what its jobs throw.
            let _ = worker.join();
        }
        PoolReport {
            done: self.count.done.load(Ordering::Relaxed),
            panicked: self.count.panicked.load(Ordering::Relaxed),
        }
    }
}

/// A worker's life.
fn work(waiting: &Mutex<Receiver<Job>>, count: &Count) {
    loop {
        // The guard is gone at the end of this statement, before the job runs. In the head of a
        // `while let` it would live to the end of the body, and the pool would work like one thread.
        let job = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(job) = job else { return };
        match catch_unwind(AssertUnwindSafe(job)) {
            Ok(()) => count.done.fetch_add(1, Ordering::Relaxed),
            Err(_) => count.panicked.fetch_add(1, Ordering::Relaxed),
        };
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
    serve_pool(acceptor, handler, WorkerPool::start(workers, queue)?)
}

/// The same, with workers that have been started already.
pub(crate) fn serve_pool(
    acceptor: &dyn Acceptor,
    handler: Arc<dyn Handler>,
    pool: WorkerPool,
) -> io::Result<Stats> {
    let tally = Arc::new(Tally::default());
    let end = loop {
        match acceptor.accept() {
            Ok(Some(client)) => {
                let (handler, counted) = (Arc::clone(&handler), Arc::clone(&tally));
                let job = Box::new(move || converse(&*handler, client, &counted));
                if let Err(Full(job)) = pool.submit(job) {
                    tally.turned_away();
                    // The client is in the job, and goes with it.
                    drop(job);
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    pool.shutdown();
    end.map(|()| tally.stats())
}
