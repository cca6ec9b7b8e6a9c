//! The reference answer's slots and pool under loom, which runs a scene in every order that its
//! threads can take (up to a number of preemptions), and finds a deadlock or a failed check in any
//! of them.
//!
//! ```console
//! $ cargo test -p sol03 --features loom --test interleavings
//! ```
//!
//! The files are the reference answer's own, unchanged. They say `use std::sync::…`, and here `std`
//! is this crate: the modules below hand out loom's locks and threads instead of the system's.

#![allow(dead_code)] // the scenes do not use all of the answer

extern crate self as std;
extern crate std as real;

pub use real::{fmt, io, net, panic};

pub mod sync {
    pub use loom::sync::{Condvar, Mutex, MutexGuard, atomic};
    // loom's Arc cannot hold a `dyn Handler`. The order of its counts is not what is examined here.
    pub use real::sync::{Arc, PoisonError};

    /// A channel with a limit, as the standard library's; loom has none.
    pub mod mpsc {
        use super::{Arc, Condvar, Mutex};
        use real::collections::VecDeque;
        pub use real::sync::mpsc::{RecvError, TrySendError};

        struct Channel<T> {
            state: Mutex<State<T>>,
            changed: Condvar,
            limit: usize,
        }

        struct State<T> {
            queue: VecDeque<T>,
            open: bool,
        }

        pub struct SyncSender<T>(Arc<Channel<T>>);
        pub struct Receiver<T>(Arc<Channel<T>>);

        pub fn sync_channel<T>(limit: usize) -> (SyncSender<T>, Receiver<T>) {
            let state = State {
                queue: VecDeque::new(),
                open: true,
            };
            let channel = Arc::new(Channel {
                state: Mutex::new(state),
                changed: Condvar::new(),
                limit,
            });
            (SyncSender(channel.clone()), Receiver(channel))
        }

        impl<T> SyncSender<T> {
            pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
                let mut state = self.0.state.lock().expect("not poisoned");
                if state.queue.len() == self.0.limit {
                    return Err(TrySendError::Full(value));
                }
                state.queue.push_back(value);
                self.0.changed.notify_one();
                Ok(())
            }
        }

        impl<T> Drop for SyncSender<T> {
            fn drop(&mut self) {
                self.0.state.lock().expect("not poisoned").open = false;
                self.0.changed.notify_all();
            }
        }

        impl<T> Receiver<T> {
            pub fn recv(&self) -> Result<T, RecvError> {
                let mut state = self.0.state.lock().expect("not poisoned");
                loop {
                    match state.queue.pop_front() {
                        Some(value) => return Ok(value),
                        None if !state.open => return Err(RecvError),
                        None => state = self.0.changed.wait(state).expect("not poisoned"),
                    }
                }
            }
        }
    }
}

pub mod thread {
    pub use loom::thread::{JoinHandle, ThreadId};
    pub use real::thread::{Scope, ScopedJoinHandle, scope};

    /// Starts loom's threads. The scoped ones, which no scene uses, are the system's.
    #[derive(Default)]
    pub struct Builder;

    impl Builder {
        pub fn new() -> Builder {
            Builder
        }

        pub fn name(self, _: String) -> Builder {
            self
        }

        pub fn spawn<T: 'static>(
            self,
            f: impl FnOnce() -> T + 'static,
        ) -> real::io::Result<JoinHandle<T>> {
            Ok(loom::thread::spawn(f))
        }

        pub fn spawn_scoped<'scope, T: Send + 'scope>(
            self,
            scope: &'scope Scope<'scope, '_>,
            f: impl FnOnce() -> T + Send + 'scope,
        ) -> real::io::Result<ScopedJoinHandle<'scope, T>> {
            real::thread::Builder::new().spawn_scoped(scope, f)
        }
    }
}

#[path = "../../../solutions/03-concurrent-server/src/client.rs"]
mod client;
#[path = "../../../solutions/03-concurrent-server/src/s2_threads.rs"]
mod s2_threads;
#[path = "../../../solutions/03-concurrent-server/src/s3_limit.rs"]
mod s3_limit;
#[path = "../../../solutions/03-concurrent-server/src/s4_workers.rs"]
mod s4_workers;

use client::{Acceptor, Client, Handler, Stats};
use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use real::sync::Arc;
use s3_limit::Slots;
use s4_workers::WorkerPool;

/// Every order with up to this many preemptions. Most bugs need one or two.
const PREEMPTIONS: usize = 3;

fn in_every_order(scene: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(PREEMPTIONS);
    model.check(scene);
}

#[test]
fn one_slot_is_never_held_by_two() {
    in_every_order(|| {
        let slots = Slots::new(1);
        let inside = Arc::new(AtomicUsize::new(0));
        let visit = |slots: Slots, inside: Arc<AtomicUsize>| {
            move || {
                let slot = slots.take();
                assert_eq!(inside.fetch_add(1, SeqCst), 0, "two in one place");
                inside.fetch_sub(1, SeqCst);
                drop(slot);
            }
        };
        let threads = [(); 2].map(|()| loom::thread::spawn(visit(slots.clone(), inside.clone())));
        visit(slots.clone(), inside)();
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_eq!(slots.free(), 1, "places that are free in the end");
    });
}

#[test]
fn two_slots_wake_all_who_wait() {
    in_every_order(|| {
        let slots = Slots::new(2);
        let held = [slots.take(), slots.take()];
        let threads = [(); 2].map(|()| {
            let slots = slots.clone();
            loom::thread::spawn(move || drop(slots.take()))
        });
        drop(held);
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_eq!(slots.free(), 2, "places that are free in the end");
    });
}

#[test]
fn whatever_the_pool_takes_it_does_once() {
    in_every_order(|| {
        let pool = WorkerPool::start(2, 1).expect("threads");
        let runs = Arc::new(AtomicUsize::new(0));
        let taken = (0..2)
            .filter(|_| {
                let runs = runs.clone();
                pool.submit(Box::new(move || {
                    runs.fetch_add(1, SeqCst);
                }))
                .is_ok()
            })
            .count();
        assert!(taken >= 1, "an empty queue takes a job");
        let report = pool.shutdown();
        assert_eq!(runs.load(SeqCst), taken, "jobs that ran");
        assert_eq!((report.done, report.panicked), (taken as u64, 0));
    });
}

#[test]
fn an_idle_pool_can_always_be_shut_down() {
    in_every_order(|| {
        let pool = WorkerPool::start(2, 1).expect("threads");
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked), (0, 0));
    });
}
