//! Values from text and text from values, for all steps.

use std::net::{Ipv4Addr, SocketAddrV4};

use addresses::Cidr;
use netlab::Lab;

/// An IPv4 address.
pub fn ip(text: &str) -> Ipv4Addr {
    text.parse().expect("an IPv4 address")
}

/// An IPv4 address with a port.
pub fn end(text: &str) -> SocketAddrV4 {
    text.parse().expect("an address and a port")
}

/// A block, read by the reader's own step 1.
pub fn block(lab: &Lab, text: &str) -> Cidr {
    lab.ok(&format!("Cidr::parse({text:?})"), || Cidr::parse(text))
}

/// A block as text, by the two calls that are given.
pub fn shown(block: Cidr) -> String {
    format!("{}/{}", block.network(), block.prefix_len())
}
