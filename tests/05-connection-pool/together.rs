//! Threads that do the same again and again, at the same time: for what two of them could see of each
//! other's work, half done.

use std::array;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;

/// Calls `work` in `N` threads, with the number of the thread: `rounds` times in each, and on until the last
/// one has come so far. Gives how often each got `false`; a panic is one of these.
pub fn together<const N: usize>(
    rounds: usize,
    work: impl Fn(usize) -> bool + Clone + Send + 'static,
) -> [usize; N] {
    let (begin, busy) = (Arc::new(Barrier::new(N)), Arc::new(AtomicUsize::new(N)));
    let threads: [_; N] = array::from_fn(|nth| {
        let (begin, busy, work) = (begin.clone(), busy.clone(), work.clone());
        thread::spawn(move || {
            let mut own = Some(Busy(busy.clone()));
            begin.wait();
            let (mut done, mut bad) = (0, 0);
            while busy.load(SeqCst) > 0 {
                bad += usize::from(!work(nth));
                done += 1;
                if done >= rounds {
                    own = None;
                }
            }
            drop(own);
            bad
        })
    });
    threads.map(|thread| thread.join().unwrap_or(1))
}

/// A thread that has rounds to go.
struct Busy(Arc<AtomicUsize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
