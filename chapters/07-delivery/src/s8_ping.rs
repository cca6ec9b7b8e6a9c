//! Step 8: ping, and the host that answers.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::{Cause, Path};

/// What became of an echo request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pong {
    /// Its reply came, and this was left of the reply's time to live.
    Reply { ttl: u8 },
    /// Somebody says that it was not delivered, and why.
    Error(Ipv4Addr, Cause),
    /// Nobody says anything.
    Lost,
}

/// Sends one echo request from `from` to `to` and waits for what becomes of it.
///
/// The request has this identifier, this number and this data (at most 65507 bytes). Its datagram has TTL 64, TOS 0, Don't
/// Fragment clear, no options, and `seq` as its identification: pieces of two requests must not look like one datagram's.
/// If it is longer than `mtu`, the MTU of the host's own link, its pieces are sent ([`crate::fragment`]): in their order, and
/// all of them before anything is received.
///
/// What comes is put together first, with the limits of [`Responder::new`] ([`crate::Reassembly`]): a long reply comes in
/// pieces, in any order, and other datagrams between them. Which datagrams are answers is said at [`crate::traceroute`].
/// Everything else is ignored. Any error is the end: [`Pong::Error`] has its source. When no more comes: [`Pong::Lost`].
pub fn ping(
    path: &mut dyn Path,
    from: Ipv4Addr,
    to: Ipv4Addr,
    ident: u16,
    seq: u16,
    data: &[u8],
    mtu: usize,
) -> Pong {
    todo!(
        "7.8 ping({from} to {to}, identifier {ident}, number {seq}, {} bytes of data, MTU {mtu}) on a path of {} bytes: send the request, in pieces if it is long, and wait for what becomes of it",
        data.len(),
        size_of_val(path)
    )
}

/// A host on which no program runs. It answers pings, and says of everything else that nobody wants it.
#[derive(Debug)]
pub struct Responder {
    // What does a host have to remember between two datagrams?
}

impl Responder {
    /// A host with this address, on a link of this MTU. It keeps pieces for 60 seconds, and 262144 bytes of them, as
    /// [`crate::Limits`] counts.
    pub fn new(addr: Ipv4Addr, mtu: usize) -> Responder {
        todo!("7.8 Responder::new({addr}, MTU {mtu}): a host that has received nothing yet")
    }

    /// What the host sends when `datagram` comes at `now`.
    ///
    /// First the datagrams whose time is over at `now`: the source of each is told, with
    /// [`crate::Cause::ReassemblyExceeded`], for which the first piece is here ([`crate::Reassembly::expire`]). Then what came.
    /// The first of these that holds:
    ///
    /// 1. It is no sound datagram, is not for the host's own address, or its source is not one host: nothing, and
    ///    nothing of it is kept.
    /// 2. It is a piece, and the datagram is not whole: nothing. From here on it is about the whole.
    /// 3. An echo request: the reply, made by [`crate::Host::send`]. So each reply has another identification: the pieces of
    ///    two replies must not look like one datagram's. Everything else of protocol 1: nothing.
    /// 4. UDP: the error [`crate::Cause::PortUnreachable`], since no program has a port (RFC 1122, section 4.1.3.1). Whether
    ///    the UDP datagram in it is sound is not asked.
    /// 5. Any other protocol: the error [`crate::Cause::ProtocolUnreachable`] (RFC 1122, section 3.2.2.1).
    ///
    /// Errors are made by [`crate::icmp_error`], from the host's address. What is longer than the link's MTU goes out in
    /// pieces.
    pub fn receive(&mut self, now: Duration, datagram: &[u8]) -> Vec<Vec<u8>> {
        todo!(
            "7.8 receive({now:?}, {} bytes) of {self:?}: what goes back?",
            datagram.len()
        )
    }
}
