//! Many users of one pool, for as long as a turn lasts.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

/// What every user has done, and in what time.
pub struct Done<T> {
    pub users: Vec<T>,
    pub elapsed: Duration,
}

/// Tells the users when the turn is over.
#[derive(Default)]
pub struct Stop(AtomicBool);

impl Stop {
    pub fn is_said(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Users who are threads.
pub fn threads<T: Send>(
    users: usize,
    span: Duration,
    user: impl Fn(&Stop) -> Result<T, String> + Sync,
) -> Result<Done<T>, String> {
    let (start, stop) = (Barrier::new(users + 1), Stop::default());
    thread::scope(|scope| {
        let users: Vec<_> = (0..users)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    user(&stop)
                })
            })
            .collect();
        start.wait();
        let elapsed = end_after(span, &stop);
        let users = users.into_iter().map(|user| {
            let panicked = |_| "a user panicked".to_owned();
            user.join().map_err(panicked).and_then(|done| done)
        });
        let users = users.collect::<Result<_, _>>()?;
        Ok(Done { users, elapsed })
    })
}

/// Users who are tasks.
pub fn tasks<T, F>(
    runtime: &Handle,
    users: usize,
    span: Duration,
    user: impl Fn(&'static Stop) -> F,
) -> Result<Done<T>, String>
where
    T: Send + 'static,
    F: Future<Output = Result<T, String>> + Send + 'static,
{
    // A few bytes a turn, in a process that ends soon.
    let stop: &'static Stop = Box::leak(Box::default());
    let users: Vec<_> = (0..users).map(|_| runtime.spawn(user(stop))).collect();
    let elapsed = end_after(span, stop);
    let users = users.into_iter().map(|user| {
        let panicked = |_| "a user panicked".to_owned();
        runtime
            .block_on(user)
            .map_err(panicked)
            .and_then(|done| done)
    });
    let users = users.collect::<Result<_, _>>()?;
    Ok(Done { users, elapsed })
}

fn end_after(span: Duration, stop: &Stop) -> Duration {
    let begun = Instant::now();
    thread::sleep(span);
    stop.0.store(true, Relaxed);
    begun.elapsed()
}
