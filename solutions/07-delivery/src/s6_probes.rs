//! Step 6: what a host finds out about a path that it does not see.

use std::net::Ipv4Addr;

use packets::{Ipv4Header, protocol};

use crate::{Cause, Echo, Icmp, Path};

/// The answer to a probe of [`traceroute`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    /// The time to live was over at this router.
    Router(Ipv4Addr),
    /// No answer came.
    Silent,
    /// The destination itself.
    Reached,
    /// This router, or the destination, says that it cannot be reached.
    Unreachable(Ipv4Addr, Cause),
}

/// No probe got through, however short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAnswer;

/// The routers on the way from `from` to `to`, the nearest first.
///
/// Probes are echo requests with the identifier `ident`, TTL 1, 2, 3 and so on, up to `most`, and for each a
/// sequence number of its own. You choose their identification, their data and Don't Fragment. The
/// next probe is sent when the last one has its answer, or when [`Path::receive`] says that its
/// time is over. The list ends with [`Hop::Reached`] or [`Hop::Unreachable`], or has `most`
/// entries.
///
/// An answer to a probe is a valid datagram to `from` with a valid ICMP message in it:
///
/// - an echo reply from `to` with the probe's identifier and sequence number: [`Hop::Reached`];
/// - an ICMP error that quotes the probe: a datagram from `from` to `to` that is an echo request with the
///   probe's identifier and sequence number. [`Cause::TtlExceeded`] gives [`Hop::Router`], any other
///   cause [`Hop::Unreachable`], each with the source of the error.
///
/// All other bytes are ignored: the data of a reply, the other fields of the quoted header, and the
/// quoted bytes after the number (a router quotes 8 bytes of payload or more: RFC 1812, section
/// 4.3.2.3).
///
/// Every other datagram is ignored, also a late answer to an earlier probe.
pub fn traceroute(
    path: &mut dyn Path,
    from: Ipv4Addr,
    to: Ipv4Addr,
    ident: u16,
    most: u8,
) -> Vec<Hop> {
    let mut hops = Vec::new();
    for ttl in 1..=most {
        let probe = Probe {
            from,
            to,
            ident,
            seq: u16::from(ttl),
        };
        let header = Ipv4Header {
            ttl,
            ..Ipv4Header::new(protocol::ICMP, from, to)
        };
        let hop = match probe.ask(path, header, &[]) {
            None => Hop::Silent,
            Some(Answer::Reply) => Hop::Reached,
            Some(Answer::Error(router, Cause::TtlExceeded)) => Hop::Router(router),
            Some(Answer::Error(router, cause)) => Hop::Unreachable(router, cause),
        };
        hops.push(hop);
        if matches!(hop, Hop::Reached | Hop::Unreachable(..)) {
            break;
        }
    }
    hops
}

/// The length of the longest datagram that reaches `to` uncut: the smallest MTU on the way (RFC 1191).
///
/// A probe is an echo request with Don't Fragment set, the identifier `ident`, and a sequence
/// number of its own. The whole datagram has exactly the length to be tried. The first is `first`
/// bytes long: the MTU of the host's own link, from 68 to 65535.
///
/// - An echo reply: that length gets through.
/// - [`Cause::FragmentationNeeded`] with an `mtu` of at least 68, below the probe's length and above every length
///   that is known to get through: no longer one gets through, and a probe of `mtu` bytes is next.
/// - [`Cause::FragmentationNeeded`] with another `mtu`: the length does not get through, and
///   nothing more is known. Routers older than RFC 1191 say 0.
/// - No answer: the probe is repeated, because one may be lost. After three without an answer, the
///   length does not get through. A router on the way drops longer datagrams silently, or its ICMP
///   is dropped (a *black hole*, RFC 2923).
/// - Any other error counts as no answer. The probe may be repeated at once, or when
///   [`Path::receive`] says that its time is over.
///
/// If no router gave the next length, it is halfway between the longest that gets through, or 67,
/// and the shortest that does not, rounded up or down. The search ends when these two differ by 1.
///
/// [`traceroute`] says which datagrams are answers.
///
/// # Errors
///
/// [`NoAnswer`], if not even 68 bytes get through. (Every link carries 68 bytes: RFC 791.)
pub fn path_mtu(
    path: &mut dyn Path,
    from: Ipv4Addr,
    to: Ipv4Addr,
    ident: u16,
    first: usize,
) -> Result<usize, NoAnswer> {
    const TRIES: usize = 3;
    const SHORTEST: usize = 68;
    let (mut good, mut bad) = (SHORTEST - 1, first + 1);
    let mut size = first;
    let mut seq = 0;
    while good + 1 < bad {
        let header = Ipv4Header {
            df: true,
            ..Ipv4Header::new(protocol::ICMP, from, to)
        };
        let data = vec![0; size - Ipv4Header::MIN_LEN - 8];
        let answer = (0..TRIES).find_map(|_| {
            let probe = Probe {
                from,
                to,
                ident,
                seq,
            };
            seq = seq.wrapping_add(1);
            match probe.ask(path, header.clone(), &data)? {
                Answer::Reply => Some(None),
                Answer::Error(_, Cause::FragmentationNeeded { mtu }) => Some(Some(mtu)),
                Answer::Error(..) => None,
            }
        });
        let told = match answer {
            Some(Some(mtu)) => Some(usize::from(mtu)).filter(|mtu| (good + 1..size).contains(mtu)),
            Some(None) => {
                good = size;
                None
            }
            None => None,
        };
        match told {
            Some(mtu) => {
                bad = mtu + 1;
                size = mtu;
            }
            None => {
                if good != size {
                    bad = size;
                }
                size = good.midpoint(bad);
            }
        }
    }
    if good < SHORTEST {
        return Err(NoAnswer);
    }
    Ok(good)
}

/// An echo request on its way.
pub(crate) struct Probe {
    pub(crate) from: Ipv4Addr,
    pub(crate) to: Ipv4Addr,
    pub(crate) ident: u16,
    pub(crate) seq: u16,
}

pub(crate) enum Answer {
    Reply,
    Error(Ipv4Addr, Cause),
}

impl Probe {
    /// Sends it, and waits for its answer.
    fn ask(&self, path: &mut dyn Path, header: Ipv4Header, data: &[u8]) -> Option<Answer> {
        let echo = Echo {
            ident: self.ident,
            seq: self.seq,
            data,
        };
        let mut datagram = Vec::new();
        header.emit(&echo.request(), &mut datagram).ok()?;
        path.send(datagram);
        loop {
            let came = path.receive()?;
            if let Some(answer) = self.answer_in(&came) {
                return Some(answer);
            }
        }
    }

    /// What a datagram says about it.
    pub(crate) fn answer_in(&self, datagram: &[u8]) -> Option<Answer> {
        let (header, payload) = Ipv4Header::parse(datagram).ok()?;
        if header.proto != protocol::ICMP || header.dst != self.from {
            return None;
        }
        match Icmp::parse(payload).ok()? {
            Icmp::EchoReply(echo) => {
                let is_ours = echo.ident == self.ident && echo.seq == self.seq;
                (is_ours && header.src == self.to).then_some(Answer::Reply)
            }
            Icmp::Error(cause, quoted, start) => {
                let is_ours = quoted.proto == protocol::ICMP
                    && (quoted.src, quoted.dst) == (self.from, self.to)
                    && start.first() == Some(&8)
                    && start.get(4..6) == Some(&self.ident.to_be_bytes())
                    && start.get(6..8) == Some(&self.seq.to_be_bytes());
                is_ours.then_some(Answer::Error(header.src, cause))
            }
            _ => None,
        }
    }
}
