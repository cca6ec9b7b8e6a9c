//! Step 6: another address and another port in a packet.

use std::net::SocketAddrV4;

use addresses::{Flow, Proto, Unfit, read_flow, read_quote, set_destination, set_source};
use netlab::{Lab, hex, lab};

use super::packet::{
    echo, error, get, ipv4, quoted, same_packet, seal, seal_header, tcp, tcp_with, udp, udp_with,
};
use super::translated;
use super::words::end;

fn unfit(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::Malformed => "Malformed",
        Unfit::Fragment => "Fragment",
        Unfit::Unknown => "Unknown",
    }
}

fn flow(flow: &Flow) -> String {
    let proto = match flow.proto {
        Proto::Udp => "UDP",
        Proto::Tcp => "TCP",
        Proto::Echo => "echo",
    };
    let control = flow.control;
    let bits = [
        (control.syn, " SYN"),
        (control.ack, " ACK"),
        (control.fin, " FIN"),
        (control.rst, " RST"),
    ];
    let bits: String = bits
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, bit)| *bit)
        .collect();
    format!("{proto} {} → {}{bits}", flow.src, flow.dst)
}

/// Demands what `read_flow` says of a packet: a flow in words, or an error.
fn reads(lab: &Lab, what: &str, packet: &[u8], want: &str) {
    lab.given("the packet", &hex::rows(packet));
    let got = lab.you(&format!("read_flow({what})"), || read_flow(packet));
    let got = got.map_or_else(|error| unfit(error).to_owned(), |got| flow(&got));
    lab.same(&format!("the flow of {what}"), got.as_str(), want);
}

/// The same of `read_quote`.
fn reads_quote(lab: &Lab, what: &str, quote: &[u8], want: &str) {
    lab.given("the quote", &hex::rows(quote));
    let got = lab.you(&format!("read_quote({what})"), || read_quote(quote));
    let got = got.map_or_else(|error| unfit(error).to_owned(), |got| flow(&got));
    lab.same(&format!("the flow of {what}"), got.as_str(), want);
}

const A: &str = "10.0.0.7:5000";
const B: &str = "198.51.100.2:53";

#[test]
fn s6_ports_stand_behind_the_header() {
    lab(|lab| {
        lab.why("The addresses are in the IPv4 header, the ports are the first four bytes of its payload: source first, then destination.");
        reads(
            lab,
            "a UDP datagram",
            &udp(A, B, b"hi!"),
            "UDP 10.0.0.7:5000 → 198.51.100.2:53",
        );
        reads(
            lab,
            "a UDP datagram without payload",
            &udp(B, A, b""),
            "UDP 198.51.100.2:53 → 10.0.0.7:5000",
        );
        reads(
            lab,
            "a TCP segment",
            &tcp(A, "198.51.100.2:65535", "", b"x"),
            "TCP 10.0.0.7:5000 → 198.51.100.2:65535",
        );
        reads(
            lab,
            "a TCP segment from port 258",
            &tcp("192.0.2.1:258", "10.0.0.7:1", "", b""),
            "TCP 192.0.2.1:258 → 10.0.0.7:1",
        );
        lab.why("The header's length is not always 20: IHL tells it, in units of four bytes (RFC 791, section 3.1).");
        for options in [4, 8, 40] {
            let what = format!("a datagram with {options} bytes of options");
            reads(
                lab,
                &what,
                &udp_with(A, B, &vec![1; options], b"hi!"),
                "UDP 10.0.0.7:5000 → 198.51.100.2:53",
            );
            let what = format!("a segment with {options} bytes of options");
            reads(
                lab,
                &what,
                &tcp_with(A, B, "SYN", &vec![1; options], b""),
                "TCP 10.0.0.7:5000 → 198.51.100.2:53 SYN",
            );
        }
    });
}

#[test]
fn s6_control_bits_of_tcp() {
    lab(|lab| {
        lab.why("Byte 13 of a TCP header has the control bits, from the lowest: FIN, SYN, RST, PSH, ACK, URG, ECE, CWR (RFC 9293, section 3.1).");
        for (bits, want) in [
            ("SYN", " SYN"),
            ("ACK", " ACK"),
            ("FIN", " FIN"),
            ("RST", " RST"),
            ("SYN,ACK", " SYN ACK"),
            ("FIN,ACK", " ACK FIN"),
            ("RST,ACK", " ACK RST"),
            ("SYN,ACK,FIN,RST", " SYN ACK FIN RST"),
            ("PSH,URG,ECE,CWR", ""),
            ("PSH,ACK", " ACK"),
            ("SYN,ECE,CWR", " SYN"),
            ("RST,ECE,CWR", " RST"),
            ("FIN,URG,PSH", " FIN"),
            ("ACK,ECE", " ACK"),
        ] {
            reads(
                lab,
                &format!("a segment with {bits}"),
                &tcp(A, B, bits, b""),
                &format!("TCP {A} → {B}{want}"),
            );
        }
        lab.why("UDP has no control bits, whatever bytes stand at that place.");
        reads(
            lab,
            "a datagram full of ones",
            &udp(A, B, &[0xff; 20]),
            "UDP 10.0.0.7:5000 → 198.51.100.2:53",
        );
    });
}

#[test]
fn s6_an_echo_has_an_identifier_instead_of_ports() {
    lab(|lab| {
        lab.why("An echo request has no ports. Its identifier tells one ping from another, and the reply repeats it: so it is the port of the asking host (RFC 792, page 14).");
        reads(
            lab,
            "an echo request",
            &echo(8, "10.0.0.7", "198.51.100.2", 4242),
            "echo 10.0.0.7:4242 → 198.51.100.2:0",
        );
        reads(
            lab,
            "an echo reply",
            &echo(0, "198.51.100.2", "10.0.0.7", 258),
            "echo 198.51.100.2:0 → 10.0.0.7:258",
        );
        lab.why("An echo's code means nothing, neither a request's nor a reply's.");
        for (kind, what, want) in [
            (8, "an echo request", "echo 10.0.0.7:258 → 198.51.100.2:0"),
            (0, "an echo reply", "echo 10.0.0.7:0 → 198.51.100.2:258"),
        ] {
            for code in [1, 5, 255] {
                let mut coded = echo(kind, "10.0.0.7", "198.51.100.2", 258);
                coded[21] = code;
                seal(&mut coded);
                let what = format!("{what} of code {code}");
                reads(lab, &what, &coded, want);
                reads_quote(lab, &what, &coded, want);
            }
        }
    });
}

#[test]
fn s6_padding_is_not_the_packet() {
    lab(|lab| {
        lab.why("Total Length says where the packet ends. A short Ethernet frame is padded to 46 bytes (chapter 06, step 2).");
        let mut padded = udp(A, B, b"hi!");
        padded.resize(46, 0xee);
        reads(
            lab,
            "a padded datagram",
            &padded,
            "UDP 10.0.0.7:5000 → 198.51.100.2:53",
        );
        lab.why("The missing bytes of the packet are not in the padding.");
        for (what, proto, len) in [
            ("7 bytes of UDP", 17, 7),
            ("19 bytes of TCP", 6, 19),
            ("7 bytes of ICMP", 1, 7),
        ] {
            let mut payload = vec![0x50; len];
            payload[0] = 8;
            let mut short = ipv4(proto, "10.0.0.7", "198.51.100.2", &[], &payload);
            short.resize(60, 0x50);
            reads(
                lab,
                &format!("a padded packet with {what}"),
                &short,
                "Malformed",
            );
        }
        let mut long = udp(A, B, b"hi!");
        put_len(&mut long, 12);
        long.resize(46, 0);
        reads(
            lab,
            "a datagram whose UDP length reaches into the padding",
            &long,
            "Malformed",
        );
    });
}

/// Sets the length field of UDP, behind a header without options.
fn put_len(packet: &mut [u8], len: u16) {
    packet[24..26].copy_from_slice(&len.to_be_bytes());
}

#[test]
fn s6_lengths_that_lie() {
    lab(|lab| {
        lab.why("Every length in a packet was written by a stranger. Check it before you use it.");
        let good = udp(A, B, b"hi!");
        for len in [0, 1, 19, 20, 27, 30] {
            reads(
                lab,
                &format!("the first {len} bytes of a datagram"),
                &good[..len],
                "Malformed",
            );
        }
        for (what, at, value) in [
            ("version 6", 0, 0x65),
            ("IHL 4", 0, 0x44),
            ("IHL 0", 0, 0x40),
            ("IHL 15, which is beyond its end", 0, 0x4f),
            ("Total Length 19", 3, 19),
            ("Total Length 27", 3, 27),
            ("Total Length 255, which is beyond its end", 3, 255),
        ] {
            let mut packet = good.clone();
            packet[at] = value;
            seal_header(&mut packet); // so that only this is wrong
            reads(
                lab,
                &format!("a datagram with {what}"),
                &packet,
                "Malformed",
            );
        }
        lab.why("UDP's length counts its header, so it is 8 at least, and ends where the packet does at the latest.");
        for len in [0, 7, 12, 0xffff] {
            let mut packet = good.clone();
            put_len(&mut packet, len);
            reads(
                lab,
                &format!("a datagram with UDP length {len}"),
                &packet,
                "Malformed",
            );
        }
        for len in [8, 10, 11] {
            let mut packet = good.clone();
            put_len(&mut packet, len);
            reads(
                lab,
                &format!("a datagram with UDP length {len}"),
                &packet,
                "UDP 10.0.0.7:5000 → 198.51.100.2:53",
            );
        }
        lab.why("Options make the packet longer, but not its payload: UDP's length counts from behind them.");
        for (len, want) in [
            (11, "UDP 10.0.0.7:5000 → 198.51.100.2:53"),
            (12, "Malformed"),
            (15, "Malformed"),
        ] {
            for options in [4, 40] {
                let mut packet = udp_with(A, B, &vec![1; options], b"hi!");
                let at = 24 + options;
                packet[at..at + 2].copy_from_slice(&u16::to_be_bytes(len));
                reads(
                    lab,
                    &format!(
                        "11 bytes of UDP behind {options} bytes of options, with UDP length {len}"
                    ),
                    &packet,
                    want,
                );
            }
        }
        lab.why("TCP's data offset counts in units of four bytes. Its header has 20 at least, and ends where the packet does at the latest.");
        for (offset, want) in [
            (0, "Malformed"),
            (4, "Malformed"),
            (5, "TCP 10.0.0.7:5000 → 198.51.100.2:53"),
            (6, "TCP 10.0.0.7:5000 → 198.51.100.2:53"),
            (7, "Malformed"),
            (15, "Malformed"),
        ] {
            let mut packet = tcp(A, B, "", b"four");
            packet[32] = offset << 4;
            reads(
                lab,
                &format!("a segment of 24 bytes with data offset {offset}"),
                &packet,
                want,
            );
            let mut packet = tcp_with(A, B, "", &[1; 8], b"four");
            packet[40] = offset << 4;
            reads(
                lab,
                &format!("the same behind 8 bytes of options, with data offset {offset}"),
                &packet,
                want,
            );
        }
    });
}

#[test]
fn s6_the_headers_checksum_is_checked() {
    lab(|lab| {
        lab.why("A router drops what has a damaged header: the address in it may be another one (RFC 1812, section 5.2.2).");
        for at in [1, 8, 10, 11, 12, 19] {
            let mut packet = udp(A, B, b"hi!");
            packet[at] ^= 0x10;
            reads(
                lab,
                &format!("a datagram whose byte {at} is damaged"),
                &packet,
                "Malformed",
            );
        }
        lab.why(
            "The host at the other end checks the payload's checksum. A NAT does not judge it.",
        );
        for at in [26, 27, 28] {
            let mut packet = udp(A, B, b"hi!");
            packet[at] ^= 0x10;
            reads(
                lab,
                &format!("a datagram whose byte {at} is damaged"),
                &packet,
                "UDP 10.0.0.7:5000 → 198.51.100.2:53",
            );
        }
        let mut packet = tcp(A, B, "SYN", b"");
        packet[36] ^= 1;
        reads(
            lab,
            "a segment with a damaged checksum",
            &packet,
            "TCP 10.0.0.7:5000 → 198.51.100.2:53 SYN",
        );
        let mut packet = echo(8, "10.0.0.7", "198.51.100.2", 1);
        packet[22] ^= 1;
        reads(
            lab,
            "an echo with a damaged checksum",
            &packet,
            "echo 10.0.0.7:1 → 198.51.100.2:0",
        );
    });
}

/// A packet with these flags and this fragment offset.
fn fragment(mut packet: Vec<u8>, field: u16) -> Vec<u8> {
    packet[6..8].copy_from_slice(&field.to_be_bytes());
    seal_header(&mut packet);
    packet
}

const MORE: u16 = 0x2000;
const DONT: u16 = 0x4000;

#[test]
fn s6_a_fragment_is_no_flow() {
    lab(|lab| {
        lab.why("Only the first fragment has ports, and no port shows which later ones belong to it. A NAT that translates only the first mixes up the fragments of two hosts. So fragments are put together first (chapter 07).");
        reads(
            lab,
            "a first fragment",
            &fragment(udp(A, B, b"hi!"), MORE),
            "Fragment",
        );
        reads(
            lab,
            "a later fragment",
            &fragment(udp(A, B, b"hi!"), MORE | 185),
            "Fragment",
        );
        reads(
            lab,
            "the last fragment",
            &fragment(tcp(A, B, "", b"hi!"), 370),
            "Fragment",
        );
        reads(
            lab,
            "a fragment at offset 1",
            &fragment(udp(A, B, b"hi!"), 1),
            "Fragment",
        );
        reads(
            lab,
            "a fragment at offset 4096",
            &fragment(udp(A, B, b"hi!"), 0x1000),
            "Fragment",
        );
        reads(
            lab,
            "a fragment of an echo",
            &fragment(echo(8, "10.0.0.7", "198.51.100.2", 1), MORE),
            "Fragment",
        );
        lab.why("Don't Fragment does not make a fragment. The third flag is reserved.");
        reads(
            lab,
            "a datagram with DF",
            &fragment(udp(A, B, b"hi!"), DONT),
            "UDP 10.0.0.7:5000 → 198.51.100.2:53",
        );
        reads(
            lab,
            "a datagram with the reserved flag",
            &fragment(udp(A, B, b"hi!"), 0x8000),
            "UDP 10.0.0.7:5000 → 198.51.100.2:53",
        );
        lab.why("Check for a fragment before you check the payload.");
        reads(
            lab,
            "a fragment with two bytes of UDP",
            &fragment(ipv4(17, "10.0.0.7", "198.51.100.2", &[], &[0; 2]), 185),
            "Fragment",
        );
        reads(
            lab,
            "a fragment of protocol 47",
            &fragment(ipv4(47, "10.0.0.7", "198.51.100.2", &[], &[0; 20]), MORE),
            "Fragment",
        );
        lab.why("No field of a damaged header counts, not even those of a fragment.");
        let mut damaged = fragment(udp(A, B, b"hi!"), MORE);
        damaged[8] ^= 1;
        reads(
            lab,
            "a fragment with a damaged header",
            &damaged,
            "Malformed",
        );
    });
}

#[test]
fn s6_what_a_nat_does_not_know() {
    lab(|lab| {
        lab.why("A NAT tells hosts apart by ports. It cannot do this for a protocol without ports, or for an unknown one.");
        for proto in [0, 2, 41, 47, 50, 58, 132, 255] {
            let packet = ipv4(proto, "10.0.0.7", "198.51.100.2", &[], &[8; 24]);
            reads(
                lab,
                &format!("a packet of protocol {proto}"),
                &packet,
                "Unknown",
            );
        }
        reads(
            lab,
            "a packet of protocol 47 without payload",
            &ipv4(47, "10.0.0.7", "198.51.100.2", &[], &[]),
            "Unknown",
        );
        lab.why("In ICMP only the echo and its reply are conversations. The others are errors, which step 8 treats, or obsolete.");
        for kind in [1, 3, 4, 5, 9, 11, 12, 13, 14, 17, 128, 255] {
            let packet = error("198.51.100.2", "10.0.0.7", kind, 0, &udp(A, B, b"hi!"));
            reads(
                lab,
                &format!("an ICMP message of type {kind}"),
                &packet,
                "Unknown",
            );
        }
        lab.why("A message of fewer than 8 bytes is malformed, whatever its type says: the first error in the list that applies is the answer.");
        for kind in [0, 3, 8, 13] {
            for len in [0, 1, 4, 7] {
                let what = format!("{len} bytes of an ICMP message of type {kind}");
                let message = &[kind, 0, 0, 0, 0, 0, 0][..len];
                let packet = ipv4(1, "198.51.100.2", "10.0.0.7", &[], message);
                reads(lab, &what, &packet, "Malformed");
                reads_quote(lab, &what, &packet, "Malformed");
            }
        }
    });
}

#[test]
fn s6_a_quote_is_cut_off() {
    lab(|lab| {
        lab.why("An ICMP error quotes a packet's header and at least 8 bytes of its payload (RFC 792). These have the ports, or the identifier.");
        for len in [8, 9, 17, 18, 20, 40] {
            reads_quote(
                lab,
                &format!("a TCP quote with {len} bytes"),
                &quoted(&tcp(A, B, "SYN,ACK", b"GET /"), len),
                "TCP 10.0.0.7:5000 → 198.51.100.2:53",
            );
            reads_quote(
                lab,
                &format!("a UDP quote with {len} bytes"),
                &quoted(&udp(A, B, b"what is the address?"), len),
                "UDP 10.0.0.7:5000 → 198.51.100.2:53",
            );
            let request = echo(8, "10.0.0.7", "198.51.100.2", 4242);
            reads_quote(
                lab,
                &format!("a quoted echo with {len} bytes"),
                &quoted(&request, len),
                "echo 10.0.0.7:4242 → 198.51.100.2:0",
            );
        }
        lab.why(
            "A reply goes to the asking host, so its identifier is the port of its destination.",
        );
        let reply = quoted(&echo(0, "10.0.0.7", "198.51.100.2", 4242), 8);
        reads_quote(
            lab,
            "a quoted echo reply",
            &reply,
            "echo 10.0.0.7:0 → 198.51.100.2:4242",
        );
        lab.why("With options the ports stand further back.");
        reads_quote(
            lab,
            "a quote with options",
            &quoted(&udp_with(A, B, &[1; 8], b"hi!"), 8),
            "UDP 10.0.0.7:5000 → 198.51.100.2:53",
        );
        lab.why(
            "Do not judge the missing part of a quote: ignore UDP's length and TCP's data offset.",
        );
        let mut odd = udp(A, B, b"hi!");
        put_len(&mut odd, 3);
        reads_quote(
            lab,
            "a quote with UDP length 3",
            &odd,
            "UDP 10.0.0.7:5000 → 198.51.100.2:53",
        );
        let mut odd = tcp(A, B, "", b"");
        odd[32] = 0;
        reads_quote(
            lab,
            "a quote with data offset 0",
            &odd,
            "TCP 10.0.0.7:5000 → 198.51.100.2:53",
        );
    });
}

#[test]
fn s6_a_quote_may_be_useless() {
    lab(|lab| {
        lab.why(
            "Fewer than 8 bytes behind the header are not enough, even if the ports are there.",
        );
        for len in [0, 4, 7] {
            reads_quote(
                lab,
                &format!("a UDP quote with {len} bytes"),
                &quoted(&udp(A, B, b"hi!"), len),
                "Malformed",
            );
            reads_quote(
                lab,
                &format!("a TCP quote with {len} bytes"),
                &quoted(&tcp(A, B, "", b""), len),
                "Malformed",
            );
            reads_quote(
                lab,
                &format!("a quoted echo with {len} bytes"),
                &quoted(&echo(8, "10.0.0.7", "198.51.100.2", 1), len),
                "Malformed",
            );
        }
        let good = udp(A, B, b"hi!");
        for len in [0, 1, 19] {
            reads_quote(
                lab,
                &format!("{len} bytes of a header"),
                &good[..len],
                "Malformed",
            );
        }
        reads_quote(
            lab,
            "20 bytes of a header that says 28",
            &udp_with(A, B, &[1; 8], b"hi!")[..20],
            "Malformed",
        );
        lab.why("Total Length ends a quote, too, if it is longer than the packet.");
        let mut padded = ipv4(17, "10.0.0.7", "198.51.100.2", &[], &[0; 7]);
        padded.resize(60, 0);
        reads_quote(
            lab,
            "a padded quote with 7 bytes of UDP",
            &padded,
            "Malformed",
        );
        lab.why("The quoted header's checksum is checked (RFC 5508, REQ-3).");
        let mut damaged = good.clone();
        damaged[15] ^= 1;
        reads_quote(lab, "a quote with a damaged header", &damaged, "Malformed");
        lab.why("The ports are in the first fragment. A quote of the first fragment is usable, one of a later fragment is not.");
        reads_quote(
            lab,
            "a quoted first fragment",
            &fragment(good.clone(), MORE),
            "UDP 10.0.0.7:5000 → 198.51.100.2:53",
        );
        reads_quote(
            lab,
            "a quoted later fragment",
            &fragment(good.clone(), MORE | 185),
            "Fragment",
        );
        reads_quote(
            lab,
            "a quoted last fragment",
            &fragment(good, 1),
            "Fragment",
        );
        let short = ipv4(17, "10.0.0.7", "198.51.100.2", &[], &[0; 2]);
        reads_quote(
            lab,
            "a quoted later fragment of two bytes",
            &fragment(short, 1),
            "Fragment",
        );
        lab.why("Other protocols have no ports in a quote either. Check this before the number of bytes.");
        reads_quote(
            lab,
            "a quote of protocol 47",
            &ipv4(47, "10.0.0.7", "198.51.100.2", &[], &[0; 8]),
            "Unknown",
        );
        reads_quote(
            lab,
            "a quote of protocol 132 with 2 bytes",
            &ipv4(132, "10.0.0.7", "198.51.100.2", &[], &[0; 2]),
            "Unknown",
        );
        for kind in [3, 5, 11, 13] {
            let inner = error("198.51.100.2", "10.0.0.7", kind, 0, &udp(A, B, b"hi!"));
            reads_quote(
                lab,
                &format!("a quoted ICMP message of type {kind}"),
                &inner,
                "Unknown",
            );
        }
    });
}

/// Demands what a packet becomes, whole or in part, when one end of it is replaced.
fn replaces(lab: &Lab, which: &str, what: &str, before: &[u8], to: &str, want: &[u8]) {
    lab.given("the packet before", &hex::rows(before));
    let mut packet = before.to_vec();
    let call = format!("set_{which}({what}, {to})");
    lab.ok(&call, || match which {
        "source" => set_source(&mut packet, end(to)),
        _ => set_destination(&mut packet, end(to)),
    });
    same_packet(
        lab,
        &format!("{what}, with its {which} set to {to}"),
        &packet,
        want,
    );
}

const OUTSIDE: &str = "203.0.113.1:40000";

#[test]
fn s6_another_source() {
    lab(|lab| {
        lab.why("The address, the port, and both checksums: the header's and the payload's.");
        replaces(
            lab,
            "source",
            "a UDP datagram",
            &udp(A, B, b"hi!"),
            OUTSIDE,
            &udp(OUTSIDE, B, b"hi!"),
        );
        replaces(
            lab,
            "source",
            "a UDP datagram of even length",
            &udp(A, B, b"hi there"),
            OUTSIDE,
            &udp(OUTSIDE, B, b"hi there"),
        );
        replaces(
            lab,
            "source",
            "a TCP segment",
            &tcp(A, B, "SYN", b""),
            OUTSIDE,
            &tcp(OUTSIDE, B, "SYN", b""),
        );
        replaces(
            lab,
            "source",
            "a TCP segment with data",
            &tcp(A, B, "PSH,ACK", b"GET / HTTP/1.1"),
            OUTSIDE,
            &tcp(OUTSIDE, B, "PSH,ACK", b"GET / HTTP/1.1"),
        );
        let before = udp(A, B, b"hi there");
        let mut after = before.clone();
        let _ = set_source(&mut after, end(OUTSIDE));
        lab.draws("08-before-and-after", translated::draw(&before, &after));
        lab.why("The identifier of an echo request is its source's port. ICMP's checksum covers it, and does not cover addresses.");
        replaces(
            lab,
            "source",
            "an echo request",
            &echo(8, "10.0.0.7", "198.51.100.2", 5000),
            OUTSIDE,
            &echo(8, "203.0.113.1", "198.51.100.2", 40000),
        );
        lab.why("An echo reply's identifier belongs to the asking host. Its source has no port.");
        replaces(
            lab,
            "source",
            "an echo reply",
            &echo(0, "10.0.0.7", "198.51.100.2", 5000),
            OUTSIDE,
            &echo(0, "203.0.113.1", "198.51.100.2", 5000),
        );
    });
}

#[test]
fn s6_another_destination() {
    lab(|lab| {
        lab.why("The address, the port, and both checksums: the header's and the payload's.");
        replaces(
            lab,
            "destination",
            "a UDP datagram",
            &udp(B, OUTSIDE, b"hi!"),
            A,
            &udp(B, A, b"hi!"),
        );
        replaces(
            lab,
            "destination",
            "a TCP segment",
            &tcp(B, OUTSIDE, "SYN,ACK", b""),
            A,
            &tcp(B, A, "SYN,ACK", b""),
        );
        lab.why("The identifier of an echo reply is its destination's port.");
        replaces(
            lab,
            "destination",
            "an echo reply",
            &echo(0, "198.51.100.2", "203.0.113.1", 40000),
            A,
            &echo(0, "198.51.100.2", "10.0.0.7", 5000),
        );
        lab.why(
            "An echo request's identifier belongs to the asking host. Its destination has no port.",
        );
        replaces(
            lab,
            "destination",
            "an echo request",
            &echo(8, "198.51.100.2", "203.0.113.1", 40000),
            A,
            &echo(8, "198.51.100.2", "10.0.0.7", 40000),
        );
    });
}

#[test]
fn s6_one_of_the_two_may_stay() {
    lab(|lab| {
        lab.why("An address and a port are written, whatever was there. One of the two may stay the same.");
        let old = "10.0.0.7:5000";
        for new in ["10.0.0.7:40000", "203.0.113.1:5000"] {
            replaces(
                lab,
                "source",
                "a datagram",
                &udp(old, B, b"hi!"),
                new,
                &udp(new, B, b"hi!"),
            );
            replaces(
                lab,
                "destination",
                "a datagram",
                &udp(B, old, b"hi!"),
                new,
                &udp(B, new, b"hi!"),
            );
            replaces(
                lab,
                "source",
                "a segment",
                &tcp(old, B, "ACK", b""),
                new,
                &tcp(new, B, "ACK", b""),
            );
            replaces(
                lab,
                "destination",
                "a segment",
                &tcp(B, old, "ACK", b""),
                new,
                &tcp(B, new, "ACK", b""),
            );
            let ping = |kind: u8, inside: &str| {
                let (inside, far) = (end(inside), "198.51.100.2");
                match kind {
                    8 => echo(kind, &inside.ip().to_string(), far, inside.port()),
                    _ => echo(kind, far, &inside.ip().to_string(), inside.port()),
                }
            };
            replaces(
                lab,
                "source",
                "an echo request",
                &ping(8, old),
                new,
                &ping(8, new),
            );
            replaces(
                lab,
                "destination",
                "an echo reply",
                &ping(0, old),
                new,
                &ping(0, new),
            );
        }
    });
}

#[test]
fn s6_options_move_everything() {
    lab(|lab| {
        lab.why("With options the ports and the checksum behind the header stand further back.");
        for options in [4, 40] {
            let options = vec![1; options];
            let what = format!("a datagram with {} bytes of options", options.len());
            replaces(
                lab,
                "source",
                &what,
                &udp_with(A, B, &options, b"hi!"),
                OUTSIDE,
                &udp_with(OUTSIDE, B, &options, b"hi!"),
            );
            replaces(
                lab,
                "destination",
                &what,
                &udp_with(B, OUTSIDE, &options, b"hi!"),
                A,
                &udp_with(B, A, &options, b"hi!"),
            );
            let what = format!("a segment with {} bytes of options", options.len());
            replaces(
                lab,
                "source",
                &what,
                &tcp_with(A, B, "ACK", &options, b"hi!"),
                OUTSIDE,
                &tcp_with(OUTSIDE, B, "ACK", &options, b"hi!"),
            );
            replaces(
                lab,
                "destination",
                &what,
                &tcp_with(B, OUTSIDE, "ACK", &options, b"hi!"),
                A,
                &tcp_with(B, A, "ACK", &options, b"hi!"),
            );
        }
    });
}

#[test]
fn s6_every_carry_is_added() {
    lab(|lab| {
        lab.why("The address and the port are written, whatever the old and the new values are.");
        // Many ones and many zeros are where carries are lost.
        let octets = [0, 1, 127, 128, 254, 255];
        let ports = [0, 1, 255, 256, 32768, 65535];
        for (i, first) in octets.into_iter().enumerate() {
            for (j, last) in octets.into_iter().enumerate() {
                let old = format!("{first}.{}.0.{last}:{}", octets[j], ports[i]);
                let new = format!(
                    "{last}.{first}.255.{}:{}",
                    octets[(i + j) % 6],
                    ports[(i * j) % 6]
                );
                replaces(
                    lab,
                    "source",
                    "a UDP datagram",
                    &udp(&old, B, b"hi!"),
                    &new,
                    &udp(&new, B, b"hi!"),
                );
                replaces(
                    lab,
                    "destination",
                    "a TCP segment",
                    &tcp(B, &old, "ACK", b"hi!"),
                    &new,
                    &tcp(B, &new, "ACK", b"hi!"),
                );
            }
        }
        lab.why("Adding a carry to the lowest bit may cause another carry: the lower half of 1ffff is ffff, and ffff + 1 is 10000, which becomes 1.");
        for changed in 0..8 {
            // Some words are changed already, and the checksum between them is near ffff.
            let between = partly(A, OUTSIDE, changed);
            for checksum in [1, 2, 3, 0xfffa, 0xfffb, 0xfffc, 0xfffd, 0xfffe] {
                let data = payload_for(get(&udp(&between, B, &[0; 2]), 26), checksum);
                replaces(
                    lab,
                    "source",
                    "a UDP datagram",
                    &udp(A, B, &data),
                    OUTSIDE,
                    &udp(OUTSIDE, B, &data),
                );
                let data = payload_for(get(&tcp(B, &between, "ACK", &[0; 2]), 36), checksum);
                replaces(
                    lab,
                    "destination",
                    "a TCP segment",
                    &tcp(B, A, "ACK", &data),
                    OUTSIDE,
                    &tcp(B, OUTSIDE, "ACK", &data),
                );
            }
        }
        lab.why("Where nothing changes, no checksum changes either.");
        for packet in [
            udp(A, B, b"hi!"),
            tcp(A, B, "ACK", b"hi!"),
            udp(A, B, &zero_payload(A, B)),
        ] {
            replaces(lab, "source", "a packet", &packet, A, &packet);
            replaces(lab, "destination", "a packet", &packet, B, &packet);
        }
    });
}

/// The end `old` of which these are `new`'s: the upper half of the address (1), its lower half (2), and the
/// port (4).
fn partly(old: &str, new: &str, changed: u8) -> String {
    let (old, new) = (end(old), end(new));
    let octets: [u8; 4] = std::array::from_fn(|i| {
        let of = if changed >> (i / 2) & 1 == 1 {
            new
        } else {
            old
        };
        of.ip().octets()[i]
    });
    let port = if changed & 4 != 0 { new } else { old }.port();
    SocketAddrV4::new(octets.into(), port).to_string()
}

/// Two bytes of payload with which a checksum, which is `with_none` where they are 0, is `checksum`.
fn payload_for(with_none: u16, checksum: u16) -> [u8; 2] {
    let sum = u32::from(with_none) + u32::from(!checksum);
    ((sum + (sum >> 16)) as u16).to_be_bytes()
}

/// Two bytes with which a UDP checksum between these two comes out as 0, and is written as ffff.
fn zero_payload(src: &str, dst: &str) -> [u8; 2] {
    // With a payload of 0 the checksum is what has to be added.
    get(&udp(src, dst, &[0, 0]), 26).to_be_bytes()
}

#[test]
fn s6_udp_without_a_checksum_stays_without() {
    lab(|lab| {
        lab.why("A UDP checksum of 0 says that there is none. An update would turn it into a wrong checksum.");
        for payload in [&b"hi!"[..], b"", b"more"] {
            let without = |src: &str, dst: &str| {
                let mut packet = udp(src, dst, payload);
                packet[26..28].fill(0);
                packet
            };
            replaces(
                lab,
                "source",
                "a datagram without checksum",
                &without(A, B),
                OUTSIDE,
                &without(OUTSIDE, B),
            );
            replaces(
                lab,
                "destination",
                "a datagram without checksum",
                &without(B, OUTSIDE),
                A,
                &without(B, A),
            );
        }
        lab.why("A result of 0 is written as ffff, which is the same number in this arithmetic: 0 would say that there is none (RFC 768).");
        for (src, dst) in [(OUTSIDE, B), ("192.0.2.1:1", "198.51.100.9:9")] {
            let payload = zero_payload(src, dst);
            let want = udp(src, dst, &payload);
            lab.same("the checksum that should be there", get(&want, 26), 0xffff);
            replaces(
                lab,
                "source",
                "a datagram",
                &udp(A, dst, &payload),
                src,
                &want,
            );
            replaces(
                lab,
                "destination",
                "a datagram",
                &udp(src, A, &payload),
                dst,
                &want,
            );
        }
        lab.why("TCP and ICMP have no such rule: 0 is an ordinary checksum.");
        let want = |src: &str| {
            let payload = get(&tcp(OUTSIDE, B, "ACK", &[0, 0]), 36).to_be_bytes();
            tcp(src, B, "ACK", &payload)
        };
        lab.same(
            "the checksum that should be there",
            get(&want(OUTSIDE), 36),
            0,
        );
        replaces(
            lab,
            "source",
            "a segment",
            &want(A),
            OUTSIDE,
            &want(OUTSIDE),
        );
        replaces(
            lab,
            "source",
            "a segment whose checksum is 0",
            &want(OUTSIDE),
            A,
            &want(A),
        );
        let want = |dst: &str| {
            let payload = get(&tcp(B, OUTSIDE, "ACK", &[0, 0]), 36).to_be_bytes();
            tcp(B, dst, "ACK", &payload)
        };
        replaces(
            lab,
            "destination",
            "a segment",
            &want(A),
            OUTSIDE,
            &want(OUTSIDE),
        );
        for (which, kind) in [("source", 8), ("destination", 0)] {
            let echo = |inside: &str, id: u16| match which {
                "source" => echo(kind, inside, "198.51.100.2", id),
                _ => echo(kind, "198.51.100.2", inside, id),
            };
            // With an identifier of 0 the checksum is what has to be added.
            let id = get(&echo("203.0.113.1", 0), 22);
            let want = echo("203.0.113.1", id);
            lab.same("the checksum that should be there", get(&want, 22), 0);
            let to = format!("203.0.113.1:{id}");
            replaces(lab, which, "an echo", &echo("10.0.0.7", 5000), &to, &want);
            replaces(
                lab,
                which,
                "an echo whose checksum is 0",
                &want,
                A,
                &echo("10.0.0.7", 5000),
            );
        }
    });
}

#[test]
fn s6_a_wrong_checksum_stays_wrong() {
    lab(|lab| {
        lab.why("A byte of this packet was damaged on its way, and its checksum shows it. A newly computed checksum would fit the damaged bytes, and the receiver would accept them. So a NAT keeps the difference.");
        // The same damage before and behind the NAT.
        let damaged = |mut packet: Vec<u8>| {
            let last = packet.len() - 1;
            packet[last] ^= 0x40;
            packet
        };
        type Packet = fn(&str, &str) -> Vec<u8>;
        let packets: [(&str, Packet); 4] = [
            ("a damaged datagram", |src, dst| udp(src, dst, b"hi there")),
            ("a damaged datagram of odd length", |src, dst| {
                udp(src, dst, b"hi!")
            }),
            ("a damaged segment", |src, dst| {
                tcp(src, dst, "PSH,ACK", b"hi there")
            }),
            ("a damaged segment of odd length", |src, dst| {
                tcp(src, dst, "PSH,ACK", b"hi!")
            }),
        ];
        for (what, packet) in packets {
            let (before, want) = (damaged(packet(A, B)), damaged(packet(OUTSIDE, B)));
            replaces(lab, "source", what, &before, OUTSIDE, &want);
            let (before, want) = (damaged(packet(B, OUTSIDE)), damaged(packet(B, A)));
            replaces(lab, "destination", what, &before, A, &want);
        }
        let request = |src, id| damaged(echo(8, src, "198.51.100.2", id));
        replaces(
            lab,
            "source",
            "a damaged echo request",
            &request("10.0.0.7", 5000),
            OUTSIDE,
            &request("203.0.113.1", 40000),
        );
        let reply = |dst, id| damaged(echo(0, "198.51.100.2", dst, id));
        replaces(
            lab,
            "destination",
            "a damaged echo reply",
            &reply("203.0.113.1", 40000),
            A,
            &reply("10.0.0.7", 5000),
        );
    });
}

#[test]
fn s6_a_quote_is_rewritten_as_far_as_it_goes() {
    lab(|lab| {
        lab.why("The checksum of a quoted packet covers bytes that are not in the quote. It can still be updated: the update needs only the changed words.");
        for len in [8, 10, 200] {
            let what = format!("a UDP quote with {len} bytes");
            let payload = b"what is the address of www.test?";
            replaces(
                lab,
                "source",
                &what,
                &quoted(&udp(OUTSIDE, B, payload), len),
                A,
                &quoted(&udp(A, B, payload), len),
            );
            replaces(
                lab,
                "destination",
                &what,
                &quoted(&udp(B, A, payload), len),
                OUTSIDE,
                &quoted(&udp(B, OUTSIDE, payload), len),
            );
            let what = format!("an echo quote with {len} bytes");
            let quote = |src: &str, id| quoted(&echo(8, src, "198.51.100.2", id), len);
            replaces(
                lab,
                "source",
                &what,
                &quote("203.0.113.1", 40000),
                A,
                &quote("10.0.0.7", 5000),
            );
        }
        lab.why("TCP's checksum stands at byte 16 of its header. Many quotes end before it, and some between its two bytes.");
        for which in ["source", "destination"] {
            let segment = |near: &str| match which {
                "source" => tcp(near, B, "SYN", b"hi!"),
                _ => tcp(B, near, "SYN", b"hi!"),
            };
            for len in [8, 12, 16, 17, 18, 19, 20, 200] {
                let what = format!("a TCP quote with {len} bytes");
                let mut want = quoted(&segment(A), len);
                if len == 17 {
                    // Half a checksum cannot be updated.
                    want[36] = segment(OUTSIDE)[36];
                }
                let quote = quoted(&segment(OUTSIDE), len);
                replaces(lab, which, &what, &quote, A, &want);
            }
        }
        lab.why("A first fragment can be quoted. Its checksum covers the other fragments as well.");
        type Packet = fn(&str, &str) -> Vec<u8>;
        let packets: [(&str, Packet); 2] = [
            ("of UDP", |src, dst| udp(src, dst, b"hi there")),
            ("of TCP", |src, dst| tcp(src, dst, "ACK", b"hi there")),
        ];
        for (proto, packet) in packets {
            let quote = |src, dst| fragment(quoted(&packet(src, dst), 24), MORE);
            let what = format!("a quoted first fragment {proto}");
            replaces(lab, "source", &what, &quote(OUTSIDE, B), A, &quote(A, B));
            replaces(
                lab,
                "destination",
                &what,
                &quote(B, OUTSIDE),
                A,
                &quote(B, A),
            );
        }
        lab.why("read_quote judges a quote, however long it is: UDP's length and TCP's data offset are ignored.");
        let packets: [(&str, Packet); 2] = [
            ("UDP length 3", |src, dst| {
                let mut odd = udp(src, dst, b"hi there");
                put_len(&mut odd, 3);
                odd
            }),
            ("data offset 0", |src, dst| {
                let mut odd = tcp(src, dst, "ACK", b"hi there");
                odd[32] = 0;
                odd
            }),
        ];
        for (what, odd) in packets {
            let what = format!("a quote with {what}");
            replaces(lab, "source", &what, &odd(OUTSIDE, B), A, &odd(A, B));
            replaces(lab, "destination", &what, &odd(B, OUTSIDE), A, &odd(B, A));
        }
    });
}

#[test]
fn s6_padding_stays_as_it_is() {
    lab(|lab| {
        lab.why("The bytes behind Total Length are not part of the packet.");
        for payload in [&b"hi!"[..], b"hi there"] {
            let padded = |src: &str| {
                let mut packet = udp(src, B, payload);
                packet.extend([0xee; 9]);
                packet
            };
            replaces(
                lab,
                "source",
                "a padded datagram",
                &padded(A),
                OUTSIDE,
                &padded(OUTSIDE),
            );
        }
        lab.why("Here a quote's Total Length ends one byte before TCP's checksum does. The bytes there are not a checksum.");
        let cut = |src: &str| {
            let whole = tcp(src, B, "SYN", b"");
            let src = end(src).ip().to_string();
            let mut packet = ipv4(6, &src, "198.51.100.2", &[], &whole[20..37]);
            packet[36] = 0xaa;
            packet.extend([0xbb; 8]);
            packet
        };
        replaces(lab, "source", "a padded quote", &cut(OUTSIDE), A, &cut(A));
    });
}

#[test]
fn s6_what_cannot_be_read_is_not_changed() {
    lab(|lab| {
        lab.why(
            "If read_quote returns an error, change nothing. Half a change is worse than none.",
        );
        let mut damaged = udp(A, B, b"hi!");
        damaged[8] ^= 1;
        for (what, packet, want) in [
            ("a damaged header", damaged, "Malformed"),
            ("no bytes", Vec::new(), "Malformed"),
            ("7 bytes of UDP", quoted(&udp(A, B, b""), 7), "Malformed"),
            (
                "a later fragment",
                fragment(udp(A, B, b"hi!"), 185),
                "Fragment",
            ),
            (
                "protocol 47",
                ipv4(47, "10.0.0.7", "198.51.100.2", &[], &[0; 24]),
                "Unknown",
            ),
            (
                "an ICMP redirect",
                error("198.51.100.2", "10.0.0.7", 5, 0, &udp(A, B, b"hi!")),
                "Unknown",
            ),
        ] {
            for which in ["source", "destination"] {
                let mut after = packet.clone();
                let call = format!("set_{which}({what}, {OUTSIDE})");
                let got = lab.err(&call, || match which {
                    "source" => set_source(&mut after, end(OUTSIDE)),
                    _ => set_destination(&mut after, end(OUTSIDE)),
                });
                lab.same(&format!("the error of {call}"), unfit(got), want);
                lab.same_bytes(&format!("{what}, after an error"), &after, &packet);
            }
        }
    });
}

#[test]
fn s6_no_packet_makes_it_panic() {
    lab(|lab| {
        lab.why("A stranger wrote it. Whatever it says, the answer is a flow or an error.");
        let packets = [
            udp(A, B, b"hi!"),
            tcp_with(A, B, "SYN", &[1; 4], b"hi!"),
            echo(8, "10.0.0.7", "198.51.100.2", 1),
            error("198.51.100.2", "10.0.0.7", 3, 4, &udp(A, B, b"hi!")),
        ];
        let mut all: Vec<Vec<u8>> = Vec::new();
        for packet in &packets {
            // Cut off anywhere, and with any first byte: any version, any length of the header.
            all.extend((0..packet.len()).map(|len| packet[..len].to_vec()));
            for first in 0..=255 {
                let mut changed = packet.clone();
                changed[0] = first;
                seal_header(&mut changed);
                all.push(changed);
            }
        }
        for packet in all {
            lab.given("the packet", &hex::rows(&packet));
            let _ = lab.you("read_flow(those bytes)", || read_flow(&packet));
            let _ = lab.you("read_quote(those bytes)", || read_quote(&packet));
            let mut packet = packet;
            let _ = lab.you("set_source(those bytes)", || {
                set_source(&mut packet, end(OUTSIDE))
            });
            let _ = lab.you("set_destination(those bytes)", || {
                set_destination(&mut packet, end(OUTSIDE))
            });
        }
    });
}
