//! Step 6: what a host finds out about a path that it does not see.

use std::net::Ipv4Addr;

use crate::{Cause, Path};

/// What answers to a probe of [`traceroute`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    /// The time to live was over at this router.
    Router(Ipv4Addr),
    /// Nobody answered.
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
/// sequence number of its own. Their identification, their data and Don't Fragment are open. The next is sent when the
/// last has had its answer, or when [`Path::receive`] says that its time is over. The list ends with [`Hop::Reached`] or
/// [`Hop::Unreachable`], or has `most` entries.
///
/// An answer to a probe is a sound datagram to `from` with a sound ICMP message in it:
///
/// - an echo reply from `to` with the probe's identifier and sequence number: [`Hop::Reached`];
/// - an ICMP error that quotes the probe: a datagram from `from` to `to` that is an echo request with the
///   probe's identifier and sequence number. [`Cause::TtlExceeded`] gives [`Hop::Router`], any other
///   cause [`Hop::Unreachable`], each with the source of the error.
///
/// Nothing else is looked at: not the data of a reply, not the other fields of the quoted header, and not what is quoted
/// behind the number (a router quotes 8 bytes of payload or more: RFC 1812, section 4.3.2.3).
///
/// Everything else that comes is ignored, late answers to earlier probes too.
pub fn traceroute(
    path: &mut dyn Path,
    from: Ipv4Addr,
    to: Ipv4Addr,
    ident: u16,
    most: u8,
) -> Vec<Hop> {
    todo!(
        "7.6 traceroute({from} to {to}, identifier {ident}, {most} hops) on a path of {} bytes: TTL 1, 2, 3, …",
        size_of_val(path)
    )
}

/// The length of the longest datagram that reaches `to` uncut: the smallest MTU on the way (RFC 1191).
///
/// A probe is an echo request with Don't Fragment set, the identifier `ident`, and a sequence number of its own for
/// each one sent, which as a datagram is exactly as long as is to be tried. The first is `first` bytes long: the
/// MTU of the host's own link, from 68 to 65535.
///
/// - An echo reply: that length gets through.
/// - [`Cause::FragmentationNeeded`] with an `mtu` of at least 68, below the probe's length and above every length
///   that is known to get through: no longer one gets through, and a probe of `mtu` bytes is next.
/// - [`Cause::FragmentationNeeded`] with another `mtu`: the length does not get through, and nothing is known
///   beside that. Routers from before RFC 1191 say 0.
/// - No answer: the probe is repeated, as one may be lost. After three in vain, the length does not get through. A
///   router on the way drops what is too long and does not say so, or its ICMP is dropped (a *black hole*, RFC
///   2923).
/// - Any other error counts as no answer. Whether the probe is repeated at once or when [`Path::receive`] says that its
///   time is over is open.
///
/// Where nothing is known, the next length is halfway between the longest that gets through, or 67, and the shortest
/// that does not, rounded up or down. The search ends when these are neighbours.
///
/// Which datagrams are answers is said at [`traceroute`].
///
/// # Errors
///
/// [`NoAnswer`], if not even 68 bytes get through, which every link carries (RFC 791).
pub fn path_mtu(
    path: &mut dyn Path,
    from: Ipv4Addr,
    to: Ipv4Addr,
    ident: u16,
    first: usize,
) -> Result<usize, NoAnswer> {
    todo!(
        "7.6 path_mtu({from} to {to}, identifier {ident}, from {first}) on a path of {} bytes: which length gets through?",
        size_of_val(path)
    )
}
