//! IANA's registries of special-purpose addresses (IPv4 and IPv6), and the IPv6 address space.

/// A block, and whether the registry says that the whole Internet can reach it. `N/A` counts as no.
pub const V4: [(&str, u8, bool); 27] = [
    ("0.0.0.0", 8, false),          // this network
    ("0.0.0.0", 32, false),         // this host on this network
    ("10.0.0.0", 8, false),         // private use
    ("100.64.0.0", 10, false),      // shared address space
    ("127.0.0.0", 8, false),        // loopback
    ("169.254.0.0", 16, false),     // link local
    ("172.16.0.0", 12, false),      // private use
    ("192.0.0.0", 24, false),       // IETF protocol assignments
    ("192.0.0.0", 29, false),       // IPv4 service continuity prefix
    ("192.0.0.8", 32, false),       // IPv4 dummy address
    ("192.0.0.9", 32, true),        // port control protocol anycast
    ("192.0.0.10", 32, true),       // traversal using relays around NAT anycast
    ("192.0.0.170", 32, false),     // NAT64/DNS64 discovery
    ("192.0.0.171", 32, false),     // NAT64/DNS64 discovery
    ("192.0.2.0", 24, false),       // documentation (TEST-NET-1)
    ("192.31.196.0", 24, true),     // AS112-v4
    ("192.52.193.0", 24, true),     // AMT
    ("192.88.99.0", 24, false),     // deprecated (6to4 relay anycast): N/A
    ("192.168.0.0", 16, false),     // private use
    ("192.175.48.0", 24, true),     // direct delegation AS112 service
    ("198.18.0.0", 15, false),      // benchmarking
    ("198.51.100.0", 24, false),    // documentation (TEST-NET-2)
    ("203.0.113.0", 24, false),     // documentation (TEST-NET-3)
    ("240.0.0.0", 4, false),        // reserved
    ("255.255.255.255", 32, false), // limited broadcast
    // The registry of multicast addresses: some groups are global, none is one host or one service.
    ("224.0.0.0", 4, false),
    ("0.0.0.0", 0, true), // what no row names
];

pub const V6: [(&str, u8, bool); 27] = [
    ("::1", 128, false),          // loopback
    ("::", 128, false),           // unspecified
    ("64:ff9b::", 96, true),      // IPv4-IPv6 translation
    ("64:ff9b:1::", 48, false),   // IPv4-IPv6 translation, local use
    ("100::", 64, false),         // discard only
    ("100:0:0:1::", 64, false),   // dummy prefix (RFC 9780)
    ("2001::", 23, false),        // IETF protocol assignments
    ("2001::", 32, false),        // Teredo: N/A
    ("2001:1::1", 128, true),     // port control protocol anycast
    ("2001:1::2", 128, true),     // traversal using relays around NAT anycast
    ("2001:1::3", 128, true),     // DNS-SD service registration protocol anycast
    ("2001:2::", 48, false),      // benchmarking
    ("2001:3::", 32, true),       // AMT
    ("2001:4:112::", 48, true),   // AS112-v6
    ("2001:10::", 28, false),     // deprecated (ORCHID)
    ("2001:20::", 28, true),      // ORCHIDv2
    ("2001:30::", 28, true),      // drone remote ID
    ("2001:db8::", 32, false),    // documentation
    ("2002::", 16, false),        // 6to4: N/A
    ("2620:4f:8000::", 48, true), // direct delegation AS112 service
    ("3fff::", 20, false),        // documentation (RFC 9637)
    ("5f00::", 16, false),        // segment routing SIDs
    ("fc00::", 7, false),         // unique local
    ("fe80::", 10, false),        // link local
    ("ff00::", 8, false),         // multicast
    // The IPv6 address space: 2000::/3 is global unicast, the rest is reserved by IETF.
    ("2000::", 3, true),
    ("::", 0, false),
];
