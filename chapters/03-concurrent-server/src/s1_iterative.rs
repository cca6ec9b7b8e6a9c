//! Step 1: one client after the other.

use std::io;

use crate::{Acceptor, Handler, Stats};

/// Serves clients one after the other, on this thread, until `acceptor` says that no more will come.
///
/// A client's connection is closed as soon as its conversation has ended, before the next client
/// is let in. A handler's error ends only that conversation.
///
/// # Errors
///
/// The first error of `acceptor`.
pub fn serve_iterative(acceptor: &dyn Acceptor, handler: &dyn Handler) -> io::Result<Stats> {
    let _ = (acceptor, handler);
    todo!(
        "3.1 serve_iterative(acceptor, handler): accept a client, serve it, count how it ended, close it; until accept gives None"
    )
}
