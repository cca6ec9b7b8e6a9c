//! Step 8: ping, and the host that answers.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::{Cause, Path};

/// The result of an echo request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pong {
    /// Its reply came, with this remaining time to live.
    Reply { ttl: u8 },
    /// An error says that it was not delivered, and why.
    Error(Ipv4Addr, Cause),
    /// No answer came.
    Lost,
}

/// Sends one echo request from `from` to `to` and waits for its result.
///
/// The request has this identifier, this number and this data (at most 65507 bytes). Its datagram has TTL 64, TOS 0, Don't
/// Fragment clear, no options, and `seq` as its identification: pieces of two requests must not look like one datagram's.
/// If it is longer than `mtu`, the MTU of the host's own link, its pieces are sent ([`crate::fragment`]): in their order, and
/// all of them before anything is received.
///
/// Pieces that come are put together first, with the limits of [`Responder::new`]
/// ([`crate::Reassembly`]): a long reply comes in pieces, in any order, and other datagrams between
/// them. [`crate::traceroute`] says which datagrams are answers. Everything else is ignored. Any
/// error ends the wait: [`Pong::Error`] has its source. When no more comes: [`Pong::Lost`].
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
        "7.8 ping({from} to {to}, identifier {ident}, number {seq}, {} bytes of data, MTU {mtu}) on a path of {} bytes: send the request, in pieces if it is long, and wait for its result",
        data.len(),
        size_of_val(path)
    )
}

/// A host on which no program runs. It answers pings, and answers everything else with an error.
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

    /// The datagrams that the host sends when `datagram` comes at `now`.
    ///
    /// First come the datagrams whose time is over at `now`. For each whose first piece has come,
    /// its source is told with [`crate::Cause::ReassemblyExceeded`]
    /// ([`crate::Reassembly::expire`]). Then comes `datagram` itself. The first of these that
    /// applies:
    ///
    /// 1. It is not a valid datagram, is not for the host's own address, or its source is not one
    ///    host: nothing, and nothing of it is kept.
    /// 2. It is a piece, and the datagram is not whole: nothing. The rest of this list is about the
    ///    whole datagram.
    /// 3. An echo request: the reply, made by [`crate::Host::send`]. So each reply has another identification: the pieces of
    ///    two replies must not look like one datagram's. Everything else of protocol 1: nothing.
    /// 4. UDP: the error [`crate::Cause::PortUnreachable`], because no program has a port (RFC
    ///    1122, section 4.1.3.1). The UDP datagram in it is not checked.
    /// 5. Any other protocol: the error [`crate::Cause::ProtocolUnreachable`] (RFC 1122, section 3.2.2.1).
    ///
    /// [`crate::icmp_error`] makes the errors, from the host's address. A datagram longer than the
    /// link's MTU goes out in pieces.
    pub fn receive(&mut self, now: Duration, datagram: &[u8]) -> Vec<Vec<u8>> {
        todo!(
            "7.8 receive({now:?}, {} bytes) of {self:?}: what goes back?",
            datagram.len()
        )
    }
}
