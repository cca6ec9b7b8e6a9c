//! Step 2: the longest prefix decides.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use crate::Cidr;

/// A routing table: for each block of addresses, where to send the packets for it.
///
/// A router of the Internet's core has a million blocks and a packet every few nanoseconds. No call
/// may go through all routes, or through all of one length.
#[derive(Debug, Clone)]
pub struct Routes<T> {
    /// For each prefix length, the first addresses of the blocks. std's maps hash with a secret: the
    /// neighbours choose what goes in here.
    by_prefix_len: [HashMap<u32, T>; 33],
}

impl<T> Routes<T> {
    /// A table without routes.
    pub fn new() -> Routes<T> {
        Routes {
            by_prefix_len: std::array::from_fn(|_| HashMap::new()),
        }
    }

    /// Adds a route, and returns the `hop` that it replaces if the table already has exactly this
    /// block. Blocks that contain this one, or lie inside it, are other blocks and stay.
    pub fn add(&mut self, block: Cidr, hop: T) -> Option<T> {
        let blocks = &mut self.by_prefix_len[usize::from(block.prefix_len())];
        blocks.insert(block.network().to_bits(), hop)
    }

    /// Removes the route of exactly this block, and returns its `hop`.
    pub fn remove(&mut self, block: Cidr) -> Option<T> {
        let blocks = &mut self.by_prefix_len[usize::from(block.prefix_len())];
        blocks.remove(&block.network().to_bits())
    }

    /// Where to send a packet for `address`: the hop of the block with the longest prefix, among
    /// all that contain the address (RFC 1812, section 5.2.4.3). `None` if no block contains it.
    /// The order in which routes were added does not matter.
    pub fn best(&self, address: Ipv4Addr) -> Option<&T> {
        let address = address.to_bits();
        let from_the_longest = self.by_prefix_len.iter().enumerate().rev();
        from_the_longest
            .filter(|(_, blocks)| !blocks.is_empty())
            .find_map(|(prefix_len, blocks)| {
                let host_bits = u32::MAX.checked_shr(prefix_len as u32).unwrap_or(0);
                blocks.get(&(address & !host_bits))
            })
    }
}

impl<T> Default for Routes<T> {
    fn default() -> Routes<T> {
        Routes::new()
    }
}
