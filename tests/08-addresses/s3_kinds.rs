//! Step 3: addresses with a purpose.

use std::net::IpAddr;

use addresses::{Kind, kind_of};
use netlab::{Lab, lab};

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Unspecified => "Unspecified",
        Kind::Loopback => "Loopback",
        Kind::LinkLocal => "LinkLocal",
        Kind::Private => "Private",
        Kind::Shared => "Shared",
        Kind::Documentation => "Documentation",
        Kind::Benchmarking => "Benchmarking",
        Kind::Multicast => "Multicast",
        Kind::Broadcast => "Broadcast",
        Kind::Reserved => "Reserved",
        Kind::Global => "Global",
    }
}

/// Demands the kind of each of these addresses.
fn are(lab: &Lab, want: &str, addresses: &[&str]) {
    for text in addresses {
        let address: IpAddr = text.parse().expect("an address");
        let got = lab.you(&format!("kind_of({text})"), || kind_of(address));
        lab.same(&format!("the kind of {text}"), word(got), want);
    }
}

#[test]
fn s3_private_networks_end_where_they_end() {
    lab(|lab| {
        lab.why("RFC 1918 has three blocks. A /12 runs from 172.16.0.0 to 172.31.255.255; code that takes only 172.16.* lets private packets out, and code that takes 172.* loses a part of the Internet.");
        are(
            lab,
            "Private",
            &[
                "10.0.0.0",
                "10.255.255.255",
                "172.16.0.0",
                "172.20.1.1",
                "172.31.255.255",
                "192.168.0.0",
                "192.168.255.255",
            ],
        );
        are(
            lab,
            "Global",
            &[
                "9.255.255.255",
                "11.0.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.167.255.255",
                "192.169.0.0",
            ],
        );
        lab.why("A provider's NAT and its customers' NATs talk over 100.64.0.0/10, which no home network uses (RFC 6598). Private blocks could conflict with the customer's own.");
        are(
            lab,
            "Shared",
            &["100.64.0.0", "100.100.100.100", "100.127.255.255"],
        );
        are(lab, "Global", &["100.63.255.255", "100.128.0.0"]);
    });
}

#[test]
fn s3_this_host_and_this_link() {
    lab(|lab| {
        lab.why(
            "All of 127.0.0.0/8 is this host, not 127.0.0.1 alone (RFC 1122, section 3.2.1.3).",
        );
        are(
            lab,
            "Loopback",
            &["127.0.0.0", "127.0.0.1", "127.0.0.2", "127.255.255.255"],
        );
        are(lab, "Global", &["126.255.255.255", "128.0.0.0"]);
        lab.why("169.254.0.0/16 is for hosts that got no address from a server (RFC 3927). No router forwards it.");
        are(
            lab,
            "LinkLocal",
            &["169.254.0.0", "169.254.169.254", "169.254.255.255"],
        );
        are(lab, "Global", &["169.253.255.255", "169.255.0.0"]);
        lab.why("0.0.0.0 means that there is no address yet. The rest of 0.0.0.0/8 is reserved. If one block contains another, the longer prefix decides.");
        are(lab, "Unspecified", &["0.0.0.0"]);
        are(lab, "Reserved", &["0.0.0.1", "0.1.0.0", "0.255.255.255"]);
        are(lab, "Global", &["1.0.0.0"]);
    });
}

#[test]
fn s3_many_at_once() {
    lab(|lab| {
        lab.why("224.0.0.0/4 is for groups: 224.0.0.0 to 239.255.255.255 (RFC 5771).");
        are(
            lab,
            "Multicast",
            &["224.0.0.0", "224.0.0.1", "232.1.1.1", "239.255.255.255"],
        );
        are(lab, "Global", &["223.255.255.255"]);
        lab.why("255.255.255.255 is every host of the link. The rest of 240.0.0.0/4 is for future use (RFC 1112, section 4).");
        are(lab, "Broadcast", &["255.255.255.255"]);
        are(
            lab,
            "Reserved",
            &["240.0.0.0", "250.1.2.3", "255.255.255.254", "255.0.0.0"],
        );
    });
}

#[test]
fn s3_examples_and_laboratories() {
    lab(|lab| {
        lab.why("Three blocks are for examples in texts (RFC 5737). Each is a /24.");
        are(
            lab,
            "Documentation",
            &[
                "192.0.2.0",
                "192.0.2.255",
                "198.51.100.0",
                "198.51.100.255",
                "203.0.113.0",
                "203.0.113.255",
            ],
        );
        are(
            lab,
            "Global",
            &[
                "192.0.1.255",
                "192.0.3.0",
                "198.51.99.255",
                "198.51.101.0",
                "203.0.112.255",
                "203.0.114.0",
            ],
        );
        lab.why("198.18.0.0/15 is for measuring equipment, and holds 198.19.* as well (RFC 2544).");
        are(
            lab,
            "Benchmarking",
            &["198.18.0.0", "198.19.0.0", "198.19.255.255"],
        );
        are(lab, "Global", &["198.17.255.255", "198.20.0.0"]);
        lab.why("192.0.0.0/24 is for protocols' own uses. Two addresses in it are services that the whole Internet can reach: 192.0.0.9 and 192.0.0.10. The longest prefix decides.");
        are(
            lab,
            "Reserved",
            &[
                "192.0.0.0",
                "192.0.0.8",
                "192.0.0.11",
                "192.0.0.170",
                "192.0.0.255",
            ],
        );
        are(
            lab,
            "Global",
            &["192.0.0.9", "192.0.0.10", "192.0.1.0", "191.255.255.255"],
        );
        lab.why("192.88.99.0/24 led to relays of 6to4, which are gone (RFC 7526). The registry does not say whether the Internet can reach it, so it is Reserved here.");
        are(lab, "Reserved", &["192.88.99.0", "192.88.99.255"]);
        are(lab, "Global", &["192.88.98.255", "192.88.100.0"]);
    });
}

#[test]
fn s3_the_rest_is_global() {
    lab(|lab| {
        lab.why("What no row names is Global.");
        are(
            lab,
            "Global",
            &[
                "1.1.1.1",
                "8.8.8.8",
                "193.0.0.1",
                "203.230.7.2",
                "2a00::1",
                "2001:200::1",
                "2400:cb00::1",
                "2000::1",
                "2003::",
                "3ffe:ffff::1",
            ],
        );
        lab.why("AS112 answers questions about private addresses that have leaked out (RFC 7534, RFC 7535). Its blocks are in IANA's registry, which says that the whole Internet can reach them. So they are Global, like all blocks that are in no row.");
        are(
            lab,
            "Global",
            &["192.31.196.1", "192.175.48.1", "2620:4f:8000::1"],
        );
    });
}

#[test]
fn s3_ipv6_has_the_same_kinds() {
    lab(|lab| {
        lab.why(":: and ::1 are one address each. IPv6 has no block for loopback.");
        are(lab, "Unspecified", &["::"]);
        are(lab, "Loopback", &["::1"]);
        lab.why("Addresses outside 2000::/3 that are not named are reserved, even near ::. ::127.0.0.1 is an old form that is no longer used (RFC 4291, section 2.5.5.1), and not a loopback address.");
        are(
            lab,
            "Reserved",
            &[
                "::2",
                "::7f00:1",
                "::1:0",
                "1::1",
                "100::1",
                "64:ff9b:1::1",
                "4000::1",
                "1fff:ffff::1",
                "5f00::1",
                "fec0::1",
                "fbff::1",
                "fe00::1",
            ],
        );
        lab.why("fe80::/10 ends with febf:, fc00::/7 has fc and fd, ff00::/8 is all of ff.");
        are(
            lab,
            "LinkLocal",
            &["fe80::", "fe80::1", "fe90::1", "febf:ffff::1"],
        );
        are(lab, "Reserved", &["fe7f:ffff::1", "fec0::"]);
        are(lab, "Private", &["fc00::", "fd12:3456::1", "fdff:ffff::1"]);
        are(lab, "Multicast", &["ff00::", "ff02::1", "ffff:ffff::1"]);
        are(lab, "Reserved", &["feff:ffff::1"]);
        lab.why(
            "IPv6 has two blocks for examples: 2001:db8::/32 (RFC 3849) and 3fff::/20 (RFC 9637).",
        );
        are(
            lab,
            "Documentation",
            &[
                "2001:db8::",
                "2001:db8:ffff::1",
                "3fff::",
                "3fff:fff:ffff::1",
            ],
        );
        lab.why("Their neighbours in 2000::/3, which ends with 3fff:ffff:, are global.");
        are(
            lab,
            "Global",
            &[
                "2001:db7:ffff::1",
                "2001:db9::",
                "3fff:1000::",
                "3ffe:ffff::",
            ],
        );
    });
}

#[test]
fn s3_blocks_inside_blocks() {
    lab(|lab| {
        lab.why("2001::/23 is for protocols' own uses and ends with 2001:1ff:. Some blocks inside it are for the whole Internet, and one is for laboratories. The longest prefix decides.");
        are(
            lab,
            "Reserved",
            &[
                "2001::",
                "2001::1",
                "2001:0:1::",
                "2001:1::",
                "2001:1::4",
                "2001:1::1:1",
                "2001:1:0:0:1::1",
                "2001:2:1::",
                "2001:4::1",
                "2001:4:111::1",
                "2001:4:113::",
                "2001:5::",
                "2001:10::1",
                "2001:1f:ffff::1",
                "2001:40::1",
                "2001:1ff:ffff::1",
            ],
        );
        are(
            lab,
            "Global",
            &[
                "2001:1::1",
                "2001:1::2",
                "2001:1::3",
                "2001:3::",
                "2001:3:ffff::1",
                "2001:4:112::",
                "2001:4:112:ffff::1",
                "2001:20::",
                "2001:2f:ffff::1",
                "2001:30::",
                "2001:3f:ffff::1",
                "2001:200::",
            ],
        );
        are(lab, "Benchmarking", &["2001:2::", "2001:2:0:ffff::1"]);
        lab.why("2002::/16 holds an IPv4 address in each of its addresses (6to4). The registry does not say whether the Internet can reach it, so it is Reserved here, whatever that IPv4 address is.");
        are(
            lab,
            "Reserved",
            &[
                "2002::",
                "2002:7f00:1::1",
                "2002:a00:1::1",
                "2002:c0a8:101::1",
                "2002:a9fe:a9fe::1",
                "2002:808:808::1",
                "2002:ffff:ffff::1",
            ],
        );
        lab.why("64:ff9b::/96 leads to the IPv4 Internet (NAT64, RFC 6052) and is Global, whatever IPv4 address it ends with. Its neighbour 64:ff9b:1::/48 is for one's own network.");
        are(
            lab,
            "Global",
            &[
                "64:ff9b::",
                "64:ff9b::808:808",
                "64:ff9b::a00:1",
                "64:ff9b::7f00:1",
                "64:ff9b::ffff:ffff",
            ],
        );
        are(
            lab,
            "Reserved",
            &[
                "64:ff9b::1:0:0",
                "64:ff9b:1::808:808",
                "64:ff9a::1",
                "64:ff9c::",
            ],
        );
    });
}

#[test]
fn s3_an_ipv4_address_in_disguise() {
    lab(|lab| {
        lab.why("::ffff:10.0.0.1 *is* 10.0.0.1, written for a socket that knows IPv6 only, and of the same kind: 172.32.0.1 is Global in both forms, because 172.16.0.0/12 ends with 172.31.255.255. A filter that takes every such address for a global IPv6 address lets private ones in.");
        are(
            lab,
            "Private",
            &["::ffff:10.0.0.1", "::ffff:172.31.0.1", "::ffff:192.168.1.1"],
        );
        are(lab, "Loopback", &["::ffff:127.0.0.1", "::ffff:127.0.0.2"]);
        are(lab, "LinkLocal", &["::ffff:169.254.169.254"]);
        are(lab, "Unspecified", &["::ffff:0.0.0.0"]);
        are(
            lab,
            "Global",
            &["::ffff:8.8.8.8", "::ffff:172.32.0.1", "::ffff:192.0.0.9"],
        );
        are(lab, "Shared", &["::ffff:100.64.0.1"]);
        are(lab, "Broadcast", &["::ffff:255.255.255.255"]);
        lab.why(
            "The block is a /96: five groups of 0, then ffff. Its neighbours hold no IPv4 address.",
        );
        are(
            lab,
            "Reserved",
            &[
                "::fffe:10.0.0.1",
                "::ffff:0:10.0.0.1",
                "::1:ffff:10.0.0.1",
                "::10.0.0.1",
                "1::ffff:10.0.0.1",
            ],
        );
    });
}
