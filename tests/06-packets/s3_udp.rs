//! Step 3: UDP, and the pseudo-header.

use std::net::Ipv4Addr;

use netlab::{Lab, hex, lab};
use packets::{PacketError, UdpHeader, pseudo_header};

use super::wire::{BEFORE, CLIENT, ENDS, PORTS, SERVER, Udp, checksum, pseudo};
use super::{explain, words};

const TRUNCATED: &str = "The bytes end before the datagram does, as its header tells: an error, not a panic, and not a shorter datagram. This is checked even if there is no checksum.";
const LENGTH: &str = "The length field counts the header's 8 bytes, too. Less than 8 is wrong, and the subtraction would go below zero. The length is checked even if there is no checksum.";
const CHECKSUM: &str = "The sum of the pseudo-header (source, destination, 0, 17, length of header and payload), the header and the payload must come to 0 (RFC 768). Here something was changed on the way, or it came to another host.";

fn why(reason: &str) -> &'static str {
    match reason {
        "Truncated" => TRUNCATED,
        "Length" => LENGTH,
        _ => CHECKSUM,
    }
}

type Parsed<'a> = Result<(UdpHeader, &'a [u8]), PacketError>;

fn parse<'a>(
    lab: &Lab,
    what: &str,
    bytes: &'a [u8],
    ends: (Ipv4Addr, Ipv4Addr),
) -> (String, Parsed<'a>) {
    let (src, dst) = ends;
    lab.scene(format!("{what}, from {src} to {dst}"));
    lab.given("the UDP datagram", &explain::udp(bytes));
    let call = format!("UdpHeader::parse({} bytes, {src}, {dst})", bytes.len());
    let got = lab.you(&call, || UdpHeader::parse(bytes, src, dst));
    (call, got)
}

fn reads(lab: &Lab, what: &str, bytes: &[u8], header: &str, payload: &[u8]) {
    reads_between(lab, what, bytes, (CLIENT, SERVER), header, payload);
}

fn reads_between(
    lab: &Lab,
    what: &str,
    bytes: &[u8],
    ends: (Ipv4Addr, Ipv4Addr),
    header: &str,
    payload: &[u8],
) {
    let (call, got) = parse(lab, what, bytes, ends);
    match got {
        Ok((got, rest)) => {
            words::same_fields(
                lab,
                &format!("the header of {what}"),
                &words::udp(&got),
                header,
            );
            lab.same_bytes(&format!("the payload of {what}"), rest, payload);
        }
        Err(error) => lab.fails(
            format!("your {call} to succeed: no error in the list in its docs fits {what}"),
            words::error(error),
        ),
    }
}

fn in_words(result: Parsed) -> String {
    match result {
        Ok((header, payload)) => {
            format!("{}, payload [{}]", words::udp(&header), hex::short(payload))
        }
        Err(error) => words::error(error),
    }
}

fn refuses(lab: &Lab, what: &str, bytes: &[u8], reason: &str) {
    refuses_between(lab, what, bytes, (CLIENT, SERVER), reason);
}

fn refuses_between(lab: &Lab, what: &str, bytes: &[u8], ends: (Ipv4Addr, Ipv4Addr), reason: &str) {
    let (call, got) = parse(lab, what, bytes, ends);
    words::refused(
        lab,
        &format!("what {call} says of {what}"),
        why(reason),
        in_words(got),
        &format!("Udp {reason}"),
    );
}

/// Demands the bytes that `emit` appends.
fn writes(lab: &Lab, what: &str, udp: &Udp) {
    writes_because(lab, what, udp, words::COVERS);
}

/// The same, with a reason for the checksum.
fn writes_because(lab: &Lab, what: &str, udp: &Udp, checksum: &str) {
    let want = udp.bytes();
    let header = UdpHeader {
        src: udp.src,
        dst: udp.dst,
    };
    let (src, dst) = udp.ends;
    lab.scene(format!("{what}, from {src} to {dst}"));
    lab.given("the datagram that RFC 768 asks for", &explain::udp(&want));
    let mut out = Vec::new();
    lab.note(format!("a header {}", words::udp(&header)));
    let call = format!("UdpHeader::emit({})", hex::count(udp.payload.len()));
    lab.ok(&call, || header.emit(src, dst, &udp.payload, &mut out));
    lab.given("yours", &explain::udp(&out));
    words::same_written(
        lab,
        &format!("the datagram: {what}"),
        &out,
        &want,
        6..8,
        checksum,
    );
}

#[test]
fn s3_twelve_bytes_that_are_never_sent() {
    lab(|lab| {
        lab.why("RFC 768: source address, destination address, a zero byte, the protocol, the length. Twelve bytes.");
        let cases = [
            (CLIENT, SERVER, 17, 11),
            (CLIENT, SERVER, 6, 0x1234),
            (
                Ipv4Addr::new(1, 2, 3, 4),
                Ipv4Addr::new(250, 251, 252, 253),
                17,
                0xffff,
            ),
            (SERVER, CLIENT, 255, 0),
        ];
        for (src, dst, proto, len) in cases {
            let call = format!("pseudo_header({src}, {dst}, {proto}, {len})");
            lab.scene(&call);
            let got = lab.you(&call, || pseudo_header(src, dst, proto, len));
            lab.same_bytes(&call, &got, &pseudo(src, dst, proto, len));
        }
    });
}

#[test]
fn s3_udp_pseudo_header() {
    lab(|lab| {
        // c000 0035 000b ca01 68 69 21
        let hi = Udp::new(b"hi!");
        lab.why(
            "RFC 768: from port c000, to port 0035, length 000b, checksum ca01, and the payload.",
        );
        let why = "The peer expects the checksum ca01: source, destination, 0, 17 and the length 11 are summed, too, in front of the header. With another sum the peer drops the datagram silently.";
        writes_because(lab, "\"hi!\" to port 53", &hi, why);
        reads(
            lab,
            "\"hi!\" to port 53",
            &hi.bytes(),
            "from port 49152 · to port 53",
            b"hi!",
        );
    });
}

#[test]
fn s3_every_field_at_its_place() {
    lab(|lab| {
        lab.why("RFC 768: source port, destination port, length, checksum, 2 bytes each, the high one first. The length counts the header.");
        let plain = Udp::new(b"payload");
        let cases = [
            (
                "ports 258 and 772",
                Udp {
                    src: 0x0102,
                    dst: 0x0304,
                    ..plain.clone()
                },
            ),
            (
                "port 0 to 65535",
                Udp {
                    src: 0,
                    dst: 65535,
                    ..plain.clone()
                },
            ),
            (
                "port 65535 to 0",
                Udp {
                    src: 65535,
                    dst: 0,
                    ..plain.clone()
                },
            ),
            (
                "port 0 to 0",
                Udp {
                    src: 0,
                    dst: 0,
                    ..plain.clone()
                },
            ),
            ("a payload of zeros", Udp::new(&[0; 6])),
            ("no payload", Udp::new(b"")),
            ("one byte", Udp::new(b"x")),
            ("an even payload", Udp::new(b"even")),
            ("300 bytes", Udp::new(&[0x77; 300])),
            ("1473 bytes", Udp::new(&[0xfe; 1473])),
        ];
        for (what, udp) in cases {
            let header = format!("from port {} · to port {}", udp.src, udp.dst);
            reads(lab, what, &udp.bytes(), &header, &udp.payload);
            writes(lab, what, &udp);
        }
    });
}

/// A payload of two bytes whose checksum comes out as 0.
const ZERO_SUM: &[u8] = &[0x53, 0x6d];

#[test]
fn s3_computed_zero_is_sent_as_ffff() {
    lab(|lab| {
        let why = "The sum of this datagram comes out as 0. On the wire 0 says \"not computed\", so it is sent as ffff, the other zero (RFC 768).";
        lab.why(why);
        let udp = Udp::new(ZERO_SUM);
        writes_because(lab, "the payload 53 6d", &udp, why);
        lab.why("With ffff in the field the sum of pseudo-header and datagram comes to 0, and only this is checked. Code that computes the checksum again and compares gets 0, which is the same number in its other form, and refuses a valid datagram.");
        reads(
            lab,
            "a checksum of ffff",
            &udp.bytes(),
            "from port 49152 · to port 53",
            ZERO_SUM,
        );
        let udp = Udp {
            checksum: Some(0xffff),
            ..Udp::new(b"hi!")
        };
        let what = "a checksum of ffff that does not fit";
        refuses(lab, what, &udp.bytes(), "Checksum");
    });
}

#[test]
fn s3_zero_means_no_checksum() {
    lab(|lab| {
        lab.why("A checksum of 0 says that the sender computed none. There is nothing to compare, and the datagram is accepted (RFC 768).");
        for payload in [&b"hi!"[..], b"anything else", b"", ZERO_SUM] {
            let udp = Udp {
                checksum: Some(0),
                ..Udp::new(payload)
            };
            let what = format!("a checksum of 0 on {} bytes", payload.len());
            reads(
                lab,
                &what,
                &udp.bytes(),
                "from port 49152 · to port 53",
                payload,
            );
        }
    });
}

#[test]
fn s3_the_length_field_ends_the_payload() {
    lab(|lab| {
        lab.why("The datagram is as long as its length field says. The bytes after it are not part of the datagram, and the checksum does not cover them.");
        for (payload, behind) in [
            (&b"hi!"[..], &b"behind it"[..]),
            (b"even", b"odd"),
            (b"", b"nothing"),
            (b"hello", b"\x00"),
        ] {
            let udp = Udp::new(payload);
            let bytes = [&udp.bytes()[..], behind].concat();
            let what = format!(
                "{} bytes, and {} behind them",
                8 + payload.len(),
                behind.len()
            );
            reads(lab, &what, &bytes, "from port 49152 · to port 53", payload);
            let udp = Udp {
                checksum: Some(0),
                ..udp
            };
            let bytes = [&udp.bytes()[..], behind].concat();
            let lab = lab.because("With a checksum of 0 only the checksum is not checked: the payload still ends where the length field says.");
            let what = format!("{what}, no checksum");
            reads(&lab, &what, &bytes, "from port 49152 · to port 53", payload);
        }
        lab.why("The buffer may be larger than any datagram. Its length need not fit into 16 bits: only the length field has 16 bits.");
        for len in [65535, 65536, 65537, 65536 + 8, 70_000, 131_072 + 11] {
            for checksum in [None, Some(0)] {
                let udp = Udp {
                    checksum,
                    ..Udp::new(b"hi!")
                };
                let mut bytes = udp.bytes();
                bytes.resize(len, 0xee);
                let what = format!("11 bytes of datagram in a buffer of {len}");
                reads(lab, &what, &bytes, "from port 49152 · to port 53", b"hi!");
            }
        }
    });
}

/// A payload of two bytes that makes the datagram's checksum this one.
fn payload_for(sum: u16) -> [u8; 2] {
    let without = Udp::new(&[0, 0]).bytes();
    let before = u32::from(u16::from_be_bytes([without[6], without[7]]));
    let word = before + u32::from(!sum);
    (((word & 0xffff) + (word >> 16)) as u16).to_be_bytes()
}

#[test]
fn s3_half_a_zero_is_no_zero() {
    lab(|lab| {
        for sum in [0x5300, 0x0100, 0x8000, 0x0053, 0x0001] {
            let udp = Udp::new(&payload_for(sum));
            let good = udp.bytes();
            lab.same(
                "the test's own checksum",
                &good[6..8],
                sum.to_be_bytes().as_slice(),
            );
            lab.why("\"Not computed\" is 0000, all 16 bits. If only one of the two bytes is 0, there is a checksum, and it is compared.");
            let header = "from port 49152 · to port 53";
            reads(
                lab,
                &format!("checksum {sum:04x}"),
                &good,
                header,
                &good[8..],
            );
            for at in [0, 8] {
                let mut bytes = good.clone();
                bytes[at] ^= 0x10;
                let what = format!("checksum {sum:04x}, and a flipped bit in byte {at}");
                refuses(lab, &what, &bytes, "Checksum");
            }
        }
    });
}

#[test]
fn s3_length_lies() {
    lab(|lab| {
        for len in 0..8 {
            let udp = Udp {
                len: Some(len),
                ..Udp::new(b"hi!")
            };
            refuses(lab, &format!("length {len}"), &udp.bytes(), "Length");
            let udp = Udp {
                checksum: Some(0),
                ..udp
            };
            refuses(
                lab,
                &format!("length {len}, no checksum"),
                &udp.bytes(),
                "Length",
            );
        }
        for len in [12, 13, 300, 0xffff] {
            let udp = Udp {
                len: Some(len),
                ..Udp::new(b"hi!")
            };
            refuses(
                lab,
                &format!("length {len}, and 11 bytes"),
                &udp.bytes(),
                "Truncated",
            );
            let udp = Udp {
                checksum: Some(0),
                ..udp
            };
            refuses(
                lab,
                &format!("length {len}, 11 bytes, no checksum"),
                &udp.bytes(),
                "Truncated",
            );
        }
    });
}

#[test]
fn s3_cut_at_every_byte() {
    lab(|lab| {
        let bytes = Udp::new(b"payload").bytes();
        for len in 0..bytes.len() {
            let what = format!("{len} of {} bytes", bytes.len());
            refuses(lab, &what, &bytes[..len], "Truncated");
        }
    });
}

#[test]
fn s3_a_flipped_bit_is_an_error() {
    lab(|lab| {
        let good = Udp::new(b"odd").bytes();
        // Bytes 4 and 5 say how much is summed, and other tests are about that.
        for bit in (0..32).chain(48..good.len() * 8) {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 0x80 >> (bit % 8);
            let what = format!("bit {} of byte {} flipped", bit % 8, bit / 8);
            refuses(lab, &what, &bytes, "Checksum");
        }
        let mut bytes = [&good[..], b"behind it"].concat();
        bytes[5] += 1;
        refuses(lab, "a length that is 1 too much", &bytes, "Checksum");
    });
}

#[test]
fn s3_another_host_is_an_error() {
    lab(|lab| {
        let bytes = Udp::new(b"hi!").bytes();
        let other = Ipv4Addr::new(198, 51, 100, 3);
        refuses_between(
            lab,
            "a datagram at a wrong host",
            &bytes,
            (CLIENT, other),
            "Checksum",
        );
        let other = Ipv4Addr::new(193, 0, 2, 1);
        refuses_between(
            lab,
            "a datagram of another host",
            &bytes,
            (other, SERVER),
            "Checksum",
        );
        let other = Ipv4Addr::new(192, 0, 2, 129);
        refuses_between(
            lab,
            "a datagram of another host",
            &bytes,
            (other, SERVER),
            "Checksum",
        );
        lab.why("The pseudo-header has protocol 17. The same bytes summed with another protocol's number do not fit.");
        let mut bytes = bytes;
        let mut all = [&pseudo(CLIENT, SERVER, 6, 11)[..], &bytes].concat();
        all[12 + 6..12 + 8].fill(0);
        bytes[6..8].copy_from_slice(&checksum(&all).to_be_bytes());
        refuses(lab, "a checksum made with protocol 6", &bytes, "Checksum");
        bytes[6..8].copy_from_slice(&checksum(&all[12..]).to_be_bytes());
        let what = "a checksum made without a pseudo-header";
        refuses(lab, what, &bytes, "Checksum");
    });
}

/// Every mixture of a length field, a checksum and a number of bytes.
#[test]
fn s3_the_first_fault_counts() {
    lab(|lab| {
        for len in [0, 7, 8, 11, 12, 0xffff] {
            for there in [0, 7, 8, 11, 15] {
                for checksum in ["right", "wrong", "0"] {
                    mixture(lab, len, there, checksum);
                }
            }
        }
    });
}

/// Demands what the list in the docs says of a datagram with this length field, of which so many bytes are
/// there.
fn mixture(lab: &Lab, len: u16, there: usize, checksum: &str) {
    let udp = Udp {
        len: Some(len),
        ..Udp::new(b"hi!")
    };
    let mut bytes = udp.bytes();
    match checksum {
        "wrong" => bytes[6] ^= 0x55,
        "0" => bytes[6..8].fill(0),
        _ => {}
    }
    bytes.resize(there, 0); // zeros behind it add nothing to the sum
    let wanted = usize::from(len);
    let (said, first) = words::first_fault(&[
        ("Truncated", there < 8),
        ("Length", wanted < 8),
        ("Truncated", there < wanted),
        ("Checksum", checksum == "wrong"),
    ]);
    let (want, why) = match first {
        Some(reason) => (format!("Udp {reason}"), why(reason)),
        None => {
            let payload = hex::short(&bytes[8..wanted]);
            let want = format!("from port 49152 · to port 53, payload [{payload}]");
            (want, "The payload ends where the length field says.")
        }
    };
    let what = format!("length {len}, {}, checksum {checksum}", hex::count(there));
    let (call, got) = parse(lab, &what, &bytes, (CLIENT, SERVER));
    let what = format!("what {call} says of {what}");
    words::refused(lab, &what, &format!("{said} {why}"), in_words(got), &want);
}

#[test]
fn s3_any_port_of_any_host() {
    lab(|lab| {
        lab.why("Every port is accepted and written as it stands, even from a host to itself and from a port to the same one. This step does not check whether such a datagram makes sense.");
        for ends in ENDS {
            for src in PORTS {
                for dst in PORTS {
                    let udp = Udp {
                        ends,
                        src,
                        dst,
                        ..Udp::new(b"odd")
                    };
                    let what = format!("a datagram from port {src} to port {dst}");
                    let header = format!("from port {src} · to port {dst}");
                    reads_between(lab, &what, &udp.bytes(), ends, &header, b"odd");
                    writes(lab, &what, &udp);
                }
            }
        }
    });
}

#[test]
fn s3_emit_appends() {
    lab(|lab| {
        lab.why(
            "emit appends. Bytes that are already in `out` stay, and are not part of the checksum.",
        );
        // An even number of bytes: what an odd one makes wrong has nothing to do with `out`.
        let udp = Udp::new(b"hi");
        let header = UdpHeader {
            src: udp.src,
            dst: udp.dst,
        };
        for before in BEFORE {
            let before = vec![0x5a; before];
            let what = format!(
                "UdpHeader::emit(behind {} in out)",
                hex::count(before.len())
            );
            lab.scene(&what);
            let mut out = before.clone();
            lab.ok(&what, || {
                header.emit(CLIENT, SERVER, &udp.payload, &mut out)
            });
            lab.same_bytes(
                &format!("out after {what}"),
                &out,
                &[before, udp.bytes()].concat(),
            );
        }
    });
}

#[test]
fn s3_what_does_not_fit_is_not_written() {
    lab(|lab| {
        let header = UdpHeader { src: 1, dst: 2 };
        lab.why("The length field has 16 bits, so header and payload have at most 65535 bytes. After an error `out` is as before.");
        for len in [65528, 65529, 65536, 131072 + 5] {
            lab.scene(format!("{len} bytes of payload"));
            let payload = vec![0; len];
            let mut out = b"before".to_vec();
            let call = format!("UdpHeader::emit({len} bytes)");
            let got = lab.you(&call, || header.emit(CLIENT, SERVER, &payload, &mut out));
            let got = got.map_or_else(words::error, |()| "Ok".to_owned());
            lab.same(&format!("what {call} says"), got, "Udp TooBig".to_owned());
            lab.same_bytes("out after the error", &out, b"before");
        }
        let udp = Udp {
            src: 1,
            dst: 2,
            ..Udp::new(&[0xcd; 65527])
        };
        writes(lab, "65535 bytes in all", &udp);
        reads(
            lab,
            "65535 bytes in all",
            &udp.bytes(),
            "from port 1 · to port 2",
            &udp.payload,
        );
    });
}
