//! Step 2: a thread for each client.

use std::io;
use std::sync::Arc;

use crate::{Acceptor, Handler, Stats};

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
    let _ = (acceptor, handler);
    todo!(
        "3.2 serve_threads(acceptor, handler): a thread for each client; survive its errors and panics; give finished threads back; wait for the last one"
    )
}
