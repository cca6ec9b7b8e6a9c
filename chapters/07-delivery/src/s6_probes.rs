//! Step 6: what a host finds out about a path that it does not see.

use std::net::Ipv4Addr;

use crate::{Cause, Path};

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
    todo!(
        "7.6 traceroute({from} to {to}, identifier {ident}, {most} hops) on a path of {} bytes: TTL 1, 2, 3, …",
        size_of_val(path)
    )
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
    todo!(
        "7.6 path_mtu({from} to {to}, identifier {ident}, from {first}) on a path of {} bytes: which length gets through?",
        size_of_val(path)
    )
}
