//! Step 3: addresses with a purpose.

use std::net::IpAddr;

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No address yet; for `bind`, all addresses of this host.
    Unspecified,
    /// This host, whatever its addresses are. Never on a wire.
    Loopback,
    /// One link. No router forwards it.
    LinkLocal,
    /// Private networks. Millions use the same addresses.
    Private,
    /// Between a provider's NAT and its customers' NATs (RFC 6598).
    Shared,
    /// Examples in texts, such as this one.
    Documentation,
    /// Measuring equipment in a laboratory.
    Benchmarking,
    /// A group of hosts.
    Multicast,
    /// Every host of the link.
    Broadcast,
    /// Protocols' own uses, and future use.
    Reserved,
    /// All others: one host, or one service, that the whole Internet can reach.
    Global,
}

/// The kind of an address, by IANA's registries of special-purpose addresses (RFC 6890; RFC 9780 was
/// the latest addition) and of the IPv6 address space.
///
/// | kind | IPv4 | IPv6 |
/// |---|---|---|
/// | Unspecified | 0.0.0.0/32 | ::/128 |
/// | Loopback | 127.0.0.0/8 | ::1/128 |
/// | LinkLocal | 169.254.0.0/16 | fe80::/10 |
/// | Private | 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 | fc00::/7 |
/// | Shared | 100.64.0.0/10 | |
/// | Documentation | 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 | 2001:db8::/32, 3fff::/20 |
/// | Benchmarking | 198.18.0.0/15 | 2001:2::/48 |
/// | Multicast | 224.0.0.0/4 | ff00::/8 |
/// | Broadcast | 255.255.255.255/32 | |
/// | Reserved | 0.0.0.0/8, 192.0.0.0/24, 192.88.99.0/24, 240.0.0.0/4 | 2001::/23, 2002::/16, everything outside 2000::/3 that is not named |
/// | Global | 192.0.0.9/32, 192.0.0.10/32, everything that is not named | 64:ff9b::/96, 2001:1::1/128, 2001:1::2/128, 2001:1::3/128, 2001:3::/32, 2001:4:112::/48, 2001:20::/28, 2001:30::/28, everything in 2000::/3 that is not named |
///
/// If one block contains another, the longest prefix decides: 0.0.0.1 is Reserved and 0.0.0.0 is
/// Unspecified. If the registry does not say whether the Internet can reach a block (2002::/16,
/// 2001::/32), it is Reserved here: callers usually want to be on the safe side.
///
/// One block is in no column. An IPv4 address can be written as an IPv6 one, `::ffff:10.0.0.1` (RFC
/// 4291, section 2.5.5.2), and is of the same kind in that form: `::ffff:10.0.0.1` is Private.
pub fn kind_of(address: IpAddr) -> Kind {
    todo!(
        "8.3 kind_of({address}): look it up in the table above, longest prefix first; ::ffff:a.b.c.d is what a.b.c.d is"
    )
}
