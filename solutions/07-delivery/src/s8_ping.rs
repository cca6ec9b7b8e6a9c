//! Step 8: ping, and the host that answers.

use std::net::Ipv4Addr;
use std::time::Duration;

use packets::{Ipv4Header, protocol};

use crate::s6_probes::{Answer, Probe};
use crate::{
    Cause, Echo, Host, Icmp, Limits, Outcome, Path, Reassembly, fragment, icmp_error, is_one_host,
};

/// What a host keeps for datagrams that are not whole.
const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(60),
    bytes: 1 << 18,
};

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
    let header = Ipv4Header {
        id: seq,
        ..Ipv4Header::new(protocol::ICMP, from, to)
    };
    let mut request = Vec::new();
    if header
        .emit(&Echo { ident, seq, data }.request(), &mut request)
        .is_err()
    {
        return Pong::Lost;
    }
    for piece in fragment(&request, mtu).unwrap_or_default() {
        path.send(piece);
    }
    let probe = Probe {
        from,
        to,
        ident,
        seq,
    };
    let mut pieces = Reassembly::new(LIMITS);
    while let Some(came) = path.receive() {
        let Outcome::Whole(whole) = pieces.push(Duration::ZERO, &came) else {
            continue;
        };
        let Ok((header, _)) = Ipv4Header::parse(&whole) else {
            continue;
        };
        match probe.answer_in(&whole) {
            Some(Answer::Reply) => return Pong::Reply { ttl: header.ttl },
            Some(Answer::Error(who, cause)) => return Pong::Error(who, cause),
            None => {}
        }
    }
    Pong::Lost
}

/// A host on which no program runs. It answers pings, and answers everything else with an error.
#[derive(Debug)]
pub struct Responder {
    addr: Ipv4Addr,
    mtu: usize,
    host: Host,
    pieces: Reassembly,
}

impl Responder {
    /// A host with this address, on a link of this MTU. It keeps pieces for 60 seconds, and 262144 bytes of them, as
    /// [`crate::Limits`] counts.
    pub fn new(addr: Ipv4Addr, mtu: usize) -> Responder {
        Responder {
            addr,
            mtu,
            host: Host::new(addr),
            pieces: Reassembly::new(LIMITS),
        }
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
        let late = self.pieces.expire(now);
        let errors = late
            .iter()
            .filter_map(|first| icmp_error(self.addr, Cause::ReassemblyExceeded, first));
        let mut out: Vec<Vec<u8>> = errors.collect();
        out.extend(self.answer(now, datagram));
        out.iter()
            .flat_map(|answer| fragment(answer, self.mtu).unwrap_or_default())
            .collect()
    }

    fn answer(&mut self, now: Duration, datagram: &[u8]) -> Option<Vec<u8>> {
        let (header, _) = Ipv4Header::parse(datagram).ok()?;
        if header.dst != self.addr || !is_one_host(header.src) {
            return None;
        }
        let Outcome::Whole(whole) = self.pieces.push(now, datagram) else {
            return None;
        };
        let received = self.host.receive(&whole).ok()?;
        let cause = match received.proto {
            protocol::ICMP => {
                let Ok(Icmp::EchoRequest(echo)) = Icmp::parse(received.payload) else {
                    return None;
                };
                let reply = echo.reply();
                return self.host.send(received.src, protocol::ICMP, &reply).ok();
            }
            protocol::UDP => Cause::PortUnreachable,
            _ => Cause::ProtocolUnreachable,
        };
        icmp_error(self.addr, cause, &whole)
    }
}
