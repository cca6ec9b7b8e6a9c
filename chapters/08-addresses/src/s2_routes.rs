//! Step 2: the longest prefix decides.

use std::net::Ipv4Addr;

use crate::Cidr;

/// A routing table: for each block of addresses, where to send the packets for it.
///
/// A router of the Internet's core has a million blocks and a packet every few nanoseconds. No call
/// may go through all routes, or through all of one length.
#[derive(Debug, Clone)]
pub struct Routes<T> {
    /// Yours to change: a list is slow.
    routes: Vec<(Cidr, T)>,
}

impl<T> Routes<T> {
    /// A table without routes.
    pub fn new() -> Routes<T> {
        Routes { routes: Vec::new() }
    }

    /// Adds a route, and returns the `hop` that it replaces if the table already has exactly this
    /// block. Blocks that contain this one, or lie inside it, are other blocks and stay.
    pub fn add(&mut self, block: Cidr, hop: T) -> Option<T> {
        todo!(
            "8.2 add({block}, a hop of {} bytes) to {} routes: put it in, or in the place of this very block's",
            size_of_val(&hop),
            self.routes.len()
        )
    }

    /// Removes the route of exactly this block, and returns its `hop`.
    pub fn remove(&mut self, block: Cidr) -> Option<T> {
        todo!("8.2 remove({block}): take out this very block and nothing else")
    }

    /// Where to send a packet for `address`: the hop of the block with the longest prefix, among
    /// all that contain the address (RFC 1812, section 5.2.4.3). `None` if no block contains it.
    /// The order in which routes were added does not matter.
    pub fn best(&self, address: Ipv4Addr) -> Option<&T> {
        todo!("8.2 best({address}): the hop of the longest prefix that holds it")
    }
}

impl<T> Default for Routes<T> {
    fn default() -> Routes<T> {
        Routes::new()
    }
}
