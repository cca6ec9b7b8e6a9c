//! Step 2: a thread for each client.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::{Acceptor, Client, Handler, Stats};

/// Serves each client on a thread of its own, until `acceptor` says that no more will come.
///
/// - A client's connection is closed as soon as its conversation has ended.
/// - A handler that returns an error, or panics, ends only its own conversation. Both count as
///   `Stats::failed`.
/// - The resources of a finished thread, its stack and its handle, are given back while the server
///   goes on. A server that runs for a year has had millions of them.
/// - A client for which the system has no thread is closed, and counts as `Stats::turned_away`.
/// - The function returns when the last conversation has ended, and waits for that asleep.
///
/// # Errors
///
/// The first error of `acceptor`, once the conversations at that moment have ended.
pub fn serve_threads(acceptor: &dyn Acceptor, handler: Arc<dyn Handler>) -> io::Result<Stats> {
    let tally = Tally::default();
    // The scope ends when all of its threads have. A handle that is dropped lets its thread go:
    // the system takes the stack back as soon as the thread is done.
    thread::scope(|scope| {
        while let Some(client) = acceptor.accept()? {
            let serve = || converse(&*handler, client, &tally);
            if thread::Builder::new().spawn_scoped(scope, serve).is_err() {
                // The system has no thread for us. The client went with the closure.
                tally.turned_away();
            }
        }
        Ok(())
    })
    .map(|()| tally.stats())
}

/// One conversation, from its first byte to the close. Never panics.
pub(crate) fn converse(handler: &dyn Handler, client: Client, tally: &Tally) {
    // What the handler shares with others is its own affair: a panic in it must not reach them.
    let end = catch_unwind(AssertUnwindSafe(|| handler.serve(&client)));
    // Counted before the close: whoever sees the end of the stream finds it in the score.
    match end {
        Ok(Ok(())) => tally.served.fetch_add(1, Ordering::Relaxed),
        _ => tally.failed.fetch_add(1, Ordering::Relaxed),
    };
    drop(client);
}

/// The score, kept by many threads at once.
#[derive(Default)]
pub(crate) struct Tally {
    served: AtomicU64,
    failed: AtomicU64,
    turned_away: AtomicU64,
}

impl Tally {
    pub fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    pub fn stats(&self) -> Stats {
        Stats {
            served: self.served.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            turned_away: self.turned_away.load(Ordering::Relaxed),
        }
    }
}
