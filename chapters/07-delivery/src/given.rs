//! Given: what several steps need. You have nothing to write here.

use std::net::Ipv4Addr;

/// A network as a program sees it that sends a datagram and waits for an answer.
pub trait Path {
    /// Puts a datagram onto the first link. That says nothing about what becomes of it.
    fn send(&mut self, datagram: Vec<u8>);

    /// The next datagram that comes, whatever it is about; `None` when the time to wait for an answer to
    /// the last one sent is over. It is called only after [`Path::send`], and after a `None` not before the next one.
    fn receive(&mut self) -> Option<Vec<u8>>;
}

/// Whether an address can be that of one host: it is not 0.0.0.0/8, 127.0.0.0/8, multicast (224.0.0.0/4),
/// reserved (240.0.0.0/4), or the broadcast address, which is the last of these.
pub fn is_one_host(addr: Ipv4Addr) -> bool {
    !matches!(addr.octets()[0], 0 | 127 | 224..)
}
