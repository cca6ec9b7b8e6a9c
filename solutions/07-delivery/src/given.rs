//! Given: what several steps need. You have nothing to write here.

use std::net::Ipv4Addr;

/// A network, for a program that sends a datagram and waits for an answer.
pub trait Path {
    /// Puts a datagram onto the first link. It may be lost after that.
    fn send(&mut self, datagram: Vec<u8>);

    /// The next datagram that comes, whatever its content. `None` when the time to wait for an
    /// answer to the last one sent is over. Call it only after [`Path::send`], and after a `None`
    /// only after the next `send`.
    fn receive(&mut self) -> Option<Vec<u8>>;
}

/// Whether an address can be that of one host: it is not in 0.0.0.0/8, 127.0.0.0/8, multicast
/// (224.0.0.0/4) or reserved (240.0.0.0/4). The last reserved address is the broadcast address.
pub fn is_one_host(addr: Ipv4Addr) -> bool {
    !matches!(addr.octets()[0], 0 | 127 | 224..)
}
