//! Step 4: TCP, its flags and its options.

use std::net::Ipv4Addr;

use netlab::{Lab, hex, lab};
use packets::{Flags, PacketError, TcpHeader, TcpOptions};

use super::wire::{BEFORE, CLIENT, ENDS, PORTS, SERVER, Tcp, checksum, pseudo};
use super::{explain, words};

const TRUNCATED: &str =
    "The bytes end before the header does, as it tells itself: an error, not a panic.";
const HEADER_LENGTH: &str = "The data offset counts units of 4 bytes, and the fixed part has five of them. A smaller one is wrong: the data would begin inside the header.";
const CHECKSUM: &str = "The sum of the pseudo-header (source, destination, 0, 6, length of header and data), the header and the data must come to 0. TCP's checksum is never left out (RFC 9293, section 3.1, MUST-2 and MUST-3).";
const TOO_BIG: &str =
    "The pseudo-header has 16 bits for the length. No IPv4 datagram carries more.";

fn why(reason: &str) -> &'static str {
    match reason {
        "Truncated" => TRUNCATED,
        "HeaderLength" => HEADER_LENGTH,
        "Checksum" => CHECKSUM,
        "TooBig" => TOO_BIG,
        _ => OPTION,
    }
}

const OPTION: &str = "The length of an option counts its kind and itself, so it is 2 at least; it ends inside the header; and a known kind has a known length. A kind at the very end, without a length byte, is an error, too, and does not end the list: only NOP and the end mark have no length. A stranger chose that byte (RFC 9293, section 3.1, MUST-7).";

type Parsed<'a> = Result<(TcpHeader, &'a [u8]), PacketError>;

fn parse<'a>(
    lab: &Lab,
    what: &str,
    bytes: &'a [u8],
    ends: (Ipv4Addr, Ipv4Addr),
) -> (String, Parsed<'a>) {
    let (src, dst) = ends;
    lab.scene(format!("{what}, from {src} to {dst}"));
    lab.given("the segment", &explain::tcp(bytes));
    let call = format!("TcpHeader::parse({} bytes, {src}, {dst})", bytes.len());
    let got = lab.you(&call, || TcpHeader::parse(bytes, src, dst));
    (call, got)
}

fn reads(lab: &Lab, what: &str, bytes: &[u8], header: &str, data: &[u8]) {
    reads_between(lab, what, bytes, (CLIENT, SERVER), header, data);
}

fn reads_between(
    lab: &Lab,
    what: &str,
    bytes: &[u8],
    ends: (Ipv4Addr, Ipv4Addr),
    header: &str,
    data: &[u8],
) {
    let (call, got) = parse(lab, what, bytes, ends);
    match got {
        Ok((got, rest)) => {
            words::same_fields(
                lab,
                &format!("the header of {what}"),
                &words::tcp(&got),
                header,
            );
            lab.same_bytes(&format!("the data of {what}"), rest, data);
        }
        Err(error) => lab.fails(
            format!("your {call} to succeed: no error in the list in its docs fits {what}"),
            words::error(error),
        ),
    }
}

fn refuses(lab: &Lab, what: &str, bytes: &[u8], reason: &str) {
    refuses_between(lab, what, bytes, (CLIENT, SERVER), reason);
}

fn said(result: Parsed) -> String {
    match result {
        Ok((header, data)) => format!("{}, data [{}]", words::tcp(&header), hex::short(data)),
        Err(error) => words::error(error),
    }
}

fn refuses_between(lab: &Lab, what: &str, bytes: &[u8], ends: (Ipv4Addr, Ipv4Addr), reason: &str) {
    let (call, got) = parse(lab, what, bytes, ends);
    words::refused(
        lab,
        &format!("what {call} says of {what}"),
        why(reason),
        said(got),
        &format!("Tcp {reason}"),
    );
}

/// What the fields of the test's segment are in words, with these options.
fn in_words(tcp: &Tcp, options: &str) -> String {
    format!(
        "from port {} · to port {} · seq {} · ack {} · flags {:08b} · window {} · urgent {} · options [{options}]",
        tcp.src, tcp.dst, tcp.seq, tcp.ack, tcp.flags, tcp.window, tcp.urgent
    )
}

fn header(tcp: &Tcp, options: TcpOptions) -> TcpHeader {
    TcpHeader {
        src: tcp.src,
        dst: tcp.dst,
        seq: tcp.seq,
        ack: tcp.ack,
        flags: Flags(tcp.flags),
        window: tcp.window,
        urgent: tcp.urgent,
        options,
    }
}

/// Demands the bytes that `emit` appends.
fn writes(lab: &Lab, what: &str, header: &TcpHeader, data: &[u8], want: &[u8]) {
    writes_because(lab, what, header, data, want, words::COVERS);
}

/// The same, with a reason for the checksum.
fn writes_because(
    lab: &Lab,
    what: &str,
    header: &TcpHeader,
    data: &[u8],
    want: &[u8],
    checksum: &str,
) {
    lab.scene(format!("{what}, from {CLIENT} to {SERVER}"));
    lab.given("the segment that RFC 9293 asks for", &explain::tcp(want));
    let mut out = Vec::new();
    lab.note(format!("a header {}", words::tcp(header)));
    let call = format!("TcpHeader::emit({})", hex::count(data.len()));
    lab.ok(&call, || header.emit(CLIENT, SERVER, data, &mut out));
    lab.given("yours", &explain::tcp(&out));
    let what = format!("the segment: {what}");
    words::same_written(lab, &what, &out, want, 16..18, checksum);
}

/// Both ways, for a segment without options.
fn reads_and_writes(lab: &Lab, what: &str, tcp: &Tcp) {
    let bytes = tcp.bytes();
    reads(lab, what, &bytes, &in_words(tcp, ""), &tcp.data);
    writes(
        lab,
        what,
        &header(tcp, TcpOptions::default()),
        &tcp.data,
        &bytes,
    );
}

#[test]
fn s4_every_field_at_its_place() {
    lab(|lab| {
        lab.why("RFC 9293, section 3.1: each row of the figure is 4 bytes. Ports, sequence number, acknowledgment number, offset and flags and window, checksum and urgent pointer.");
        let busy = Tcp {
            src: 0x0102,
            dst: 0x0304,
            seq: 0x0506_0708,
            ack: 0x090a_0b0c,
            window: 0x0d0e,
            urgent: 0x0f10,
            ..Tcp::new(0x38, b"data of a segment")
        };
        let cases = [
            ("a value of its own in each field", busy.clone()),
            (
                "another source port",
                Tcp {
                    src: 65535,
                    ..busy.clone()
                },
            ),
            (
                "another destination port",
                Tcp {
                    dst: 0,
                    ..busy.clone()
                },
            ),
            (
                "the largest sequence number",
                Tcp {
                    seq: u32::MAX,
                    ..busy.clone()
                },
            ),
            (
                "ports 0",
                Tcp {
                    src: 0,
                    dst: 0,
                    ..busy.clone()
                },
            ),
            (
                "source port 0",
                Tcp {
                    src: 0,
                    ..busy.clone()
                },
            ),
            (
                "sequence number 0",
                Tcp {
                    seq: 0,
                    ..busy.clone()
                },
            ),
            (
                "sequence number 1",
                Tcp {
                    seq: 1,
                    ..busy.clone()
                },
            ),
            (
                "another acknowledgment number",
                Tcp {
                    ack: 0x8000_0000,
                    ..busy.clone()
                },
            ),
            (
                "acknowledgment number 0",
                Tcp {
                    ack: 0,
                    ..busy.clone()
                },
            ),
            (
                "window 0",
                Tcp {
                    window: 0,
                    ..busy.clone()
                },
            ),
            (
                "window 65535",
                Tcp {
                    window: 65535,
                    ..busy.clone()
                },
            ),
            (
                "urgent pointer 0",
                Tcp {
                    urgent: 0,
                    ..busy.clone()
                },
            ),
            (
                "no data",
                Tcp {
                    data: Vec::new(),
                    ..busy.clone()
                },
            ),
            (
                "one byte of data",
                Tcp {
                    data: vec![9],
                    ..busy.clone()
                },
            ),
            (
                "data of zeros",
                Tcp {
                    data: vec![0; 6],
                    ..busy.clone()
                },
            ),
            (
                "1460 bytes of data",
                Tcp {
                    data: vec![0xfe; 1460],
                    ..busy.clone()
                },
            ),
        ];
        for (what, tcp) in cases {
            reads_and_writes(lab, what, &tcp);
        }
    });
}

#[test]
fn s4_ack_and_urgent_are_kept_without_their_flags() {
    lab(|lab| {
        lab.why("ACK and URG tell whether a field has a meaning. The field always has a value, and it is read and written as it stands.");
        let tcp = Tcp {
            ack: 77,
            urgent: 88,
            ..Tcp::new(0x02, b"")
        };
        reads_and_writes(
            lab,
            "a SYN with an acknowledgment number and an urgent pointer",
            &tcp,
        );
    });
}

#[test]
fn s4_each_flag_is_a_bit() {
    lab(|lab| {
        lab.why("RFC 9293, section 3.1, from the highest bit of byte 13: CWR, ECE, URG, ACK, PSH, RST, SYN, FIN. Any combination of flags is accepted, whether it makes sense or not: parse reads, and the receiver decides.");
        let bits = [
            (Flags::FIN, 0x01, "FIN"),
            (Flags::SYN, 0x02, "SYN"),
            (Flags::RST, 0x04, "RST"),
            (Flags::PSH, 0x08, "PSH"),
            (Flags::ACK, 0x10, "ACK"),
            (Flags::URG, 0x20, "URG"),
            (Flags::ECE, 0x40, "ECE"),
            (Flags::CWR, 0x80, "CWR"),
        ];
        for (flag, bit, name) in bits {
            lab.same(&format!("Flags::{name}"), flag.0, bit);
            reads_and_writes(lab, &format!("a segment with {name}"), &Tcp::new(bit, b""));
        }
        for flags in [0x00, 0x03, 0x06, 0x12, 0x18, 0x29, 0xc2, 0xff] {
            reads_and_writes(lab, &format!("flags {flags:08b}"), &Tcp::new(flags, b""));
        }
    });
}

#[test]
fn s4_what_an_honest_tcp_sends() {
    lab(|lab| {
        lab.why("Only these make sense, of SYN, RST, ACK, FIN and URG: SYN, SYN+URG, SYN+ACK, RST, RST+ACK, ACK, ACK+URG, ACK+FIN, ACK+FIN+URG. PSH, ECE and CWR may be set with each of them, or not. SYN and FIN open and close at once; no flag at all and FIN without ACK are what port scanners send.");
        const SENSIBLE: [u8; 9] = [0x02, 0x22, 0x12, 0x04, 0x14, 0x10, 0x30, 0x11, 0x31];
        for bits in 0..=255_u8 {
            let others = bits & !(0x08 | 0x40 | 0x80);
            let call = format!("Flags::plausible({bits:#04x}), which is {}", names(bits));
            lab.scene(&call);
            let got = lab.you(&call, || Flags(bits).plausible());
            lab.same(&call, got, SENSIBLE.contains(&others));
        }
    });
}

fn names(bits: u8) -> String {
    let all = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
    let set = all
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits >> bit & 1 == 1);
    let names: Vec<&str> = set.map(|(_, name)| *name).collect();
    match names.is_empty() {
        true => "no flag".to_owned(),
        false => names.join("+"),
    }
}

#[test]
fn s4_the_data_begins_where_the_offset_says() {
    lab(|lab| {
        for words_of_options in 0..=10_u8 {
            let len = usize::from(words_of_options) * 4;
            lab.why(format!("The data offset is {}: the data begins at byte {}. The bytes before it are options.", 5 + words_of_options, 20 + len));
            let tcp = Tcp {
                options: vec![1; len],
                ..Tcp::new(0x18, b"data")
            };
            let what = format!("{len} bytes of NOP and 4 of data");
            reads(lab, &what, &tcp.bytes(), &in_words(&tcp, ""), b"data");
        }
    });
}

#[test]
fn s4_the_data_offset_lies() {
    lab(|lab| {
        for offset in 0..5 {
            let tcp = Tcp {
                offset: Some(offset),
                ..Tcp::new(0x18, b"data")
            };
            refuses(
                lab,
                &format!("data offset {offset}"),
                &tcp.bytes(),
                "HeaderLength",
            );
        }
        for (offset, len) in [(6, 20), (6, 23), (7, 27), (15, 20), (15, 59)] {
            let mut tcp = Tcp {
                offset: Some(offset),
                ..Tcp::new(0x18, b"")
            };
            tcp.data = vec![1; len - 20];
            let what = format!("data offset {offset}, and {len} bytes");
            refuses(lab, &what, &tcp.bytes(), "Truncated");
        }
    });
}

#[test]
fn s4_reserved_bits_are_ignored() {
    lab(|lab| {
        lab.why("The four bits behind the data offset are reserved: sent as 0, and ignored when they come (RFC 9293, section 3.1). They belong neither to the offset nor to the flags.");
        for reserved in [1, 2, 4, 8, 15] {
            let tcp = Tcp {
                reserved,
                ..Tcp::new(0x18, b"data")
            };
            let what = format!("reserved bits {reserved:04b}");
            reads(lab, &what, &tcp.bytes(), &in_words(&tcp, ""), b"data");
        }
    });
}

#[test]
fn s4_a_flipped_bit_is_an_error() {
    lab(|lab| {
        let tcp = Tcp {
            options: vec![1; 4],
            ..Tcp::new(0x18, b"odd")
        };
        let good = tcp.bytes();
        // The upper half of byte 12 is the data offset, and other tests are about that.
        for bit in (0..96).chain(100..good.len() * 8) {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 0x80 >> (bit % 8);
            let what = format!("bit {} of byte {} flipped", bit % 8, bit / 8);
            refuses(lab, &what, &bytes, "Checksum");
        }
        let longer = [&good[..], &[0, 0]].concat();
        refuses(lab, "two zero bytes more", &longer, "Checksum");
    });
}

#[test]
fn s4_another_host_or_protocol_is_an_error() {
    lab(|lab| {
        let bytes = Tcp::new(0x18, b"data").bytes();
        let other = Ipv4Addr::new(198, 51, 100, 3);
        refuses_between(
            lab,
            "a segment at a wrong host",
            &bytes,
            (CLIENT, other),
            "Checksum",
        );
        let other = Ipv4Addr::new(192, 1, 2, 1);
        refuses_between(
            lab,
            "a segment of another host",
            &bytes,
            (other, SERVER),
            "Checksum",
        );
        let mut as_udp = bytes.clone();
        as_udp[16..18].fill(0);
        let all = [&pseudo(CLIENT, SERVER, 17, 24)[..], &as_udp].concat();
        as_udp[16..18].copy_from_slice(&checksum(&all).to_be_bytes());
        refuses(lab, "a checksum made with protocol 17", &as_udp, "Checksum");
        let mut alone = bytes.clone();
        alone[16..18].fill(0);
        let sum = checksum(&alone);
        alone[16..18].copy_from_slice(&sum.to_be_bytes());
        refuses(
            lab,
            "a checksum made without a pseudo-header",
            &alone,
            "Checksum",
        );
    });
}

#[test]
fn s4_zero_is_a_checksum_like_any_other() {
    lab(|lab| {
        let tcp = Tcp {
            checksum: Some(0),
            ..Tcp::new(0x18, b"data")
        };
        refuses(
            lab,
            "a checksum of 0 that does not fit",
            &tcp.bytes(),
            "Checksum",
        );
        // The data that makes the sum come out as 0: its own checksum.
        let with_zeros = Tcp::new(0x18, &[0, 0]).bytes();
        let data = &with_zeros[16..18];
        let tcp = Tcp::new(0x18, data);
        let bytes = tcp.bytes();
        let why = "The sum of this segment comes out as 0. UDP would send ffff, because its 0 means \"none\". TCP has no such exception: it sends 0.";
        lab.why(why);
        lab.same("the test's own checksum", &bytes[16..18], &[0, 0]);
        let what = "a segment whose checksum is 0";
        reads(lab, what, &bytes, &in_words(&tcp, ""), data);
        let header = header(&tcp, TcpOptions::default());
        writes_because(lab, what, &header, data, &bytes, why);
        lab.why("ffff is 0 in its other form: with it in the field the checksum of pseudo-header and segment is 0, and only this is checked. Code that computes the checksum again and compares gets 0, and refuses a valid segment.");
        let mut other = bytes;
        other[16..18].fill(0xff);
        let what = "the same segment with ffff for 0";
        reads(lab, what, &other, &in_words(&tcp, ""), data);
        let tcp = Tcp {
            checksum: Some(0xffff),
            ..Tcp::new(0x18, b"data")
        };
        let what = "a checksum of ffff that does not fit";
        refuses(lab, what, &tcp.bytes(), "Checksum");
        for sum in [0x5300_u16, 0x0053] {
            // The data that makes the sum come out as this.
            let word = u32::from(u16::from_be_bytes([with_zeros[16], with_zeros[17]]));
            let word = word + u32::from(!sum);
            let data = (((word & 0xffff) + (word >> 16)) as u16).to_be_bytes();
            let mut bytes = Tcp::new(0x18, &data).bytes();
            lab.same(
                "the test's own checksum",
                &bytes[16..18],
                &sum.to_be_bytes(),
            );
            bytes[4] ^= 0x10;
            let what = format!("checksum {sum:04x}, and a flipped bit in byte 4");
            refuses(lab, &what, &bytes, "Checksum");
        }
    });
}

#[test]
fn s4_swapped_addresses_give_the_same_checksum() {
    lab(|lab| {
        lab.why("A sum does not know the order of what is added. Source and destination may change places, and so may any two words of the data: the checksum fits as before. It finds noise, not attackers.");
        let tcp = Tcp::new(0x18, b"pay 10 to Alice, 99 to Bob");
        let bytes = tcp.bytes();
        let (call, got) = parse(
            lab,
            "source and destination swapped",
            &bytes,
            (SERVER, CLIENT),
        );
        lab.same(
            &format!("what {call} says"),
            got.map(|_| ()).map_err(words::error),
            Ok(()),
        );
        let mut swapped = bytes.clone();
        swapped.swap(20 + 4, 20 + 18);
        swapped.swap(20 + 5, 20 + 19);
        let want = &swapped[20..];
        reads(
            lab,
            "two words of the data swapped",
            &swapped,
            &in_words(&tcp, ""),
            want,
        );
    });
}

#[test]
fn s4_cut_at_every_byte() {
    lab(|lab| {
        let tcp = Tcp {
            options: vec![1; 8],
            ..Tcp::new(0x18, b"data")
        };
        let bytes = tcp.bytes();
        for len in 0..28 {
            refuses(
                lab,
                &format!("{len} of 32 bytes"),
                &bytes[..len],
                "Truncated",
            );
        }
        for len in 28..32 {
            refuses(
                lab,
                &format!("{len} of 32 bytes"),
                &bytes[..len],
                "Checksum",
            );
        }
    });
}

/// Every mixture of a data offset, a number of bytes, a checksum and options.
#[test]
fn s4_the_first_fault_counts() {
    lab(|lab| {
        for offset in [0, 4, 5, 6, 15] {
            for len in [0, 19, 20, 23, 24, 59, 64] {
                for damaged in [false, true] {
                    for lying in [false, true] {
                        mixture(lab, offset, len, damaged, lying);
                    }
                }
            }
        }
        mixture(lab, 3, 65536, false, false);
        mixture(lab, 6, 65536, true, true);
        mixture(lab, 5, 65536 + 20, false, false);
        mixture(lab, 5, 131_072 + 20, false, false);
    });
}

/// Demands what the list in the docs says of so many bytes of a segment with this data offset.
fn mixture(lab: &Lab, offset: u8, len: usize, damaged: bool, lying: bool) {
    let mut behind = vec![1; len.saturating_sub(20)];
    if let (true, Some(length)) = (lying, behind.get_mut(..2)) {
        length.copy_from_slice(&[5, 0]); // SACK of length 0
    }
    let tcp = Tcp {
        offset: Some(offset),
        data: behind,
        ..Tcp::new(0x18, b"")
    };
    let mut bytes = tcp.bytes();
    bytes.truncate(len);
    if damaged && len > 16 {
        bytes[16] ^= 0x55;
    }
    let header_len = usize::from(offset) * 4;
    let (said_by_docs, first) = words::first_fault(&[
        ("Truncated", len < 20),
        ("HeaderLength", offset < 5),
        ("Truncated", len < header_len),
        ("TooBig", len > 65535),
        ("Checksum", damaged),
        ("Option", lying && header_len > 20),
    ]);
    let (want, why) = match first {
        Some(reason) => (format!("Tcp {reason}"), why(reason)),
        None => {
            let data = hex::short(&bytes[header_len..]);
            let want = format!("{}, data [{data}]", in_words(&tcp, ""));
            (want, "The data begins where the data offset says.")
        }
    };
    let checksum = if damaged { "wrong" } else { "right" };
    let options = if lying {
        "5 0 behind byte 20"
    } else {
        "NOPs behind byte 20"
    };
    let size = hex::count(len);
    let what = format!("data offset {offset}, {size}, checksum {checksum}, {options}");
    let (call, got) = parse(lab, &what, &bytes, (CLIENT, SERVER));
    let what = format!("what {call} says of {what}");
    words::refused(
        lab,
        &what,
        &format!("{said_by_docs} {why}"),
        said(got),
        &want,
    );
}

#[test]
fn s4_any_port_of_any_host() {
    lab(|lab| {
        lab.why("Every port is accepted and written as it stands, even from a host to itself and from a port to the same one. This step does not check whether such a segment makes sense.");
        for ends in ENDS {
            for src in PORTS {
                for dst in PORTS {
                    let tcp = Tcp {
                        ends,
                        src,
                        dst,
                        ..Tcp::new(0x12, b"odd")
                    };
                    let what = format!("a segment from port {src} to port {dst}");
                    let bytes = tcp.bytes();
                    reads_between(lab, &what, &bytes, ends, &in_words(&tcp, ""), b"odd");
                    let header = header(&tcp, TcpOptions::default());
                    let mut out = Vec::new();
                    lab.ok(&format!("TcpHeader::emit({what})"), || {
                        header.emit(ends.0, ends.1, b"odd", &mut out)
                    });
                    lab.same_bytes(&what, &out, &bytes);
                }
            }
        }
    });
}

/// Demands what options say, as they stand and in a segment.
fn options_say(lab: &Lab, what: &str, bytes: &[u8], want: &str) {
    lab.scene(what);
    let call = match bytes.len() {
        0..=64 => format!("TcpOptions::parse([{}])", hex::all(bytes)),
        len => format!("TcpOptions::parse({len} bytes)"),
    };
    let got = lab.you(&call, || TcpOptions::parse(bytes));
    let got = got.map_or_else(words::error, |options| words::options(&options));
    lab.same(
        &format!("what {call} gives for {what}"),
        got,
        want.to_owned(),
    );
    if !bytes.len().is_multiple_of(4) || bytes.len() > 40 {
        return;
    }
    let tcp = Tcp {
        options: bytes.to_vec(),
        ..Tcp::new(0x02, b"")
    };
    reads(
        lab,
        &format!("a SYN with {what}"),
        &tcp.bytes(),
        &in_words(&tcp, want),
        b"",
    );
}

const CLOCKS: [u8; 10] = [8, 10, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08];

#[test]
fn s4_options_mss_ws_sack_ts_nop_eol() {
    lab(|lab| {
        lab.why("An option is kind, length, value, and the length counts all three. The kinds are in RFC 9293 (0, 1, 2), RFC 7323 (3, 8) and RFC 2018 (4, 5).");
        options_say(lab, "no option", &[], "");
        options_say(lab, "MSS", &[2, 4, 0x05, 0xb4], "mss 1460");
        options_say(lab, "another MSS", &[2, 4, 0xff, 0x01], "mss 65281");
        lab.why("NOP, kind 1, is one byte: it has no length. It stands before, between and behind the others.");
        options_say(lab, "NOPs", &[1, 1, 1, 1], "");
        options_say(
            lab,
            "MSS between NOPs",
            &[1, 2, 4, 2, 0x18, 1, 1, 1],
            "mss 536",
        );
        options_say(lab, "one NOP", &[1], "");
        lab.why("Kind 0 ends the list. The bytes after it are padding, whatever they look like.");
        options_say(lab, "an end", &[0], "");
        options_say(lab, "MSS behind the end", &[0, 0, 0, 0, 2, 4, 5, 0xb4], "");
        options_say(
            lab,
            "MSS before the end",
            &[2, 4, 2, 0x18, 0, 3, 3, 7],
            "mss 536",
        );
        for (before, words) in [(&[][..], ""), (&[1], ""), (&[2, 4, 2, 0x18], "mss 536")] {
            for kind in [0, 1, 2, 3, 4, 5, 8, 30, 255] {
                for length in [0, 1, 2, 3, 4, 10, 255] {
                    let bytes = [before, &[0, kind, length, 3, 3, 7, 4, 2, 9, 9]].concat();
                    let bytes = &bytes[..bytes.len().next_multiple_of(4) - 4];
                    options_say(lab, "an end, and more behind it", bytes, words);
                }
            }
        }
        lab.why("An option is kind, length, value. The kinds are in RFC 9293 (2), RFC 7323 (3, 8) and RFC 2018 (4, 5).");
        options_say(lab, "window scale", &[3, 3, 7, 0], "window scale 7");
        options_say(lab, "a window scale of 0", &[3, 3, 0, 1], "window scale 0");
        options_say(lab, "SACK permitted", &[4, 2, 1, 1], "sack permitted");
        options_say(lab, "timestamps", &CLOCKS, "timestamps 16909060 84281096");
        let one_block = [1, 1, 5, 10, 0, 0, 1, 0, 0, 0, 2, 0];
        options_say(lab, "SACK of one block", &one_block, "sack 256..512 - - -");
        let linux = [
            2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0xff, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 10,
        ];
        options_say(
            lab,
            "what Linux puts into a SYN",
            &linux,
            "mss 1460, window scale 10, sack permitted, timestamps 4278190081 0",
        );
    });
}

#[test]
fn s4_sack_has_up_to_four_blocks() {
    lab(|lab| {
        lab.why("SACK's length tells how many blocks there are: 2 and 8 for each (RFC 2018, section 3). Their order means something, and it is kept.");
        let mut blocks = Vec::new();
        let words = [
            "4026531841..4026531842",
            "7..9",
            "3..5",
            "305419896..2147483648",
        ];
        let numbers: [(u32, u32); 4] = [
            (0xf000_0001, 0xf000_0002),
            (7, 9),
            (3, 5),
            (0x1234_5678, 0x8000_0000),
        ];
        for (at, (first, behind)) in numbers.iter().enumerate() {
            blocks.extend(first.to_be_bytes());
            blocks.extend(behind.to_be_bytes());
            let count = at + 1;
            let bytes = [&[1, 1, 5, 2 + blocks.len() as u8][..], &blocks].concat();
            let want: Vec<&str> = (0..4)
                .map(|n| if n < count { words[n] } else { "-" })
                .collect();
            let want = format!("sack {}", want.join(" "));
            options_say(lab, &format!("{count} blocks"), &bytes, &want);
        }
    });
}

/// What `length` bytes of an option of this kind look like. Its value looks like other options.
fn option(kind: u8, length: u8) -> Vec<u8> {
    let value = [2, 4, 3, 3].into_iter().cycle();
    let bytes = [kind, length].into_iter().chain(value);
    bytes.take(length.into()).collect()
}

#[test]
fn s4_unknown_options_are_passed_over() {
    lab(|lab| {
        lab.why("An unknown kind also has a length, and the next option follows it (RFC 9293, section 3.1, MUST-6). Every length of 2 or more is accepted, even of a kind that another RFC describes.");
        let mss = [2, 4, 5, 0xb4];
        let unknown = (6..=255).filter(|kind| *kind != 8);
        for kind in unknown {
            for length in [2, 3, 4, 7, 18] {
                let option = option(kind, length);
                let what = format!("kind {kind} of length {length}, and MSS");
                let bytes = [&option[..], &mss].concat();
                options_say(lab, &what, &bytes, "mss 1460");
            }
        }
        let at_both_ends = |kind: u8, length: u8| {
            let option = option(kind, length);
            let what = format!("MSS, kind {kind} of length {length} to the end");
            options_say(lab, &what, &[&mss[..], &option].concat(), "mss 1460");
            let what = format!("kind {kind} of length {length}, a NOP, and SACK permitted");
            let bytes = [&option[..], &[1, 4, 2]].concat();
            options_say(lab, &what, &bytes, "sack permitted");
        };
        for kind in [6, 69, 255] {
            for length in 2..=36 {
                at_both_ends(kind, length);
            }
        }
        options_say(
            lab,
            "kind 6 of length 6 and 7 of length 3",
            &[6, 6, 1, 2, 3, 4, 7, 3, 9, 4, 2, 1],
            "sack permitted",
        );
        lab.why("TcpOptions::parse reads all bytes that it is given, even more than a header has room for.");
        for length in [37, 38, 40, 41, 128, 250, 255] {
            at_both_ends(9, length);
        }
        options_say(
            lab,
            "300 NOPs, and MSS",
            &[&[1; 300][..], &mss].concat(),
            "mss 1460",
        );
    });
}

#[test]
fn s4_of_two_the_last_counts() {
    lab(|lab| {
        lab.why("An honest sender sends no option twice. The last one counts.");
        options_say(
            lab,
            "MSS 1460 and MSS 536",
            &[2, 4, 5, 0xb4, 2, 4, 2, 0x18],
            "mss 536",
        );
        options_say(
            lab,
            "window scale 7 and 2",
            &[3, 3, 7, 3, 3, 2, 1, 1],
            "window scale 2",
        );
        let clocks = [&CLOCKS[..], &[8, 10, 0, 0, 0, 1, 0, 0, 0, 2]].concat();
        options_say(lab, "two timestamps", &clocks, "timestamps 1 2");
        let two = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4];
        let one = [0, 0, 0, 8, 0, 0, 0, 9];
        let bytes = [&[5, 18][..], &two, &[5, 10], &one].concat();
        options_say(
            lab,
            "SACK of two blocks, then of one",
            &bytes,
            "sack 8..9 - - -",
        );
    });
}

#[test]
fn s4_a_value_is_kept_as_it_came() {
    lab(|lab| {
        let none = TcpOptions::default();
        lab.why("A window scale above 14 and an MSS of 0 are odd, but the connection decides about them. parse returns what came, and emit writes what it is given. 0 is a value; only a missing option is None.");
        for shift in (0..=16).chain([127, 128, 255]) {
            let options = TcpOptions {
                window_scale: Some(shift),
                ..none
            };
            both_ways(lab, &format!("window scale {shift}"), options);
        }
        for mss in [
            0, 1, 63, 64, 87, 88, 535, 536, 1460, 8960, 32767, 32768, 65495, 65496, 65534, 65535,
        ] {
            let options = TcpOptions {
                mss: Some(mss),
                ..none
            };
            both_ways(lab, &format!("MSS {mss}"), options);
        }
        for clock in [0, 9, 0x8000_0000, u32::MAX] {
            for echo in [0, 9, 0x8000_0000, u32::MAX] {
                let options = TcpOptions {
                    timestamps: Some((clock, echo)),
                    ..none
                };
                both_ways(lab, &format!("timestamps {clock} and {echo}"), options);
            }
        }
        lab.why("A SACK block is two numbers: its first, and the one after its last. Blocks stay as they came and in their order: even an empty block, a repeated one, and two that touch or overlap. The connection decides what to do with them.");
        // The second touches the first, the third covers both, and the others say nothing that can be.
        let blocks = [(1, 5), (5, 9), (1, 9), (0, 0), (9, 0), (u32::MAX, 3)].map(Some);
        for first in blocks {
            let alone = TcpOptions {
                sack: [first, None, None, None],
                ..none
            };
            both_ways(lab, "one SACK block", alone);
            for second in blocks {
                let two = TcpOptions {
                    sack: [first, second, None, None],
                    ..none
                };
                both_ways(lab, "two SACK blocks", two);
            }
            let four = TcpOptions {
                sack: [first; 4],
                ..none
            };
            both_ways(lab, "the same SACK block four times", four);
        }
    });
}

#[test]
fn s4_option_length_0_or_1_does_not_loop() {
    lab(|lab| {
        lab.if_stuck("A length of 0 does not move on: the loop reads the same option for ever. A stranger chose that byte.");
        for kind in 2..=255 {
            for length in [0, 1] {
                let what = format!("kind {kind} of length {length}");
                refuses_options(lab, &what, &[kind, length, 7]);
            }
        }
        for kind in [2, 3, 4, 5, 8, 6, 30, 254] {
            for length in [0, 1] {
                let what = format!("kind {kind} of length {length}");
                refuses_options(lab, &what, &[kind, length, 0, 0]);
                refuses_options(lab, &what, &[1, 1, kind, length]);
                refuses_options(lab, &what, &[2, 4, 5, 0xb4, kind, length, 5, 5]);
            }
        }
    });
}

/// Demands that options are refused, as they stand and in a segment.
fn refuses_options(lab: &Lab, what: &str, options: &[u8]) {
    let call = format!("TcpOptions::parse([{}])", hex::all(options));
    lab.scene(what);
    let got = lab.you(&call, || TcpOptions::parse(options));
    let got = got.map_or_else(words::error, |options| {
        format!("[{}]", words::options(&options))
    });
    lab.because(OPTION).same(
        &format!("what {call} says of {what}"),
        got,
        "Tcp Option".to_owned(),
    );
    if !options.len().is_multiple_of(4) || options.len() > 40 {
        return;
    }
    // Data that could be the rest of the option: a value, a length, and the end of the list.
    for (data, is) in [(&b"data behind it"[..], "data"), (&[0; 40], "zeros")] {
        let tcp = Tcp {
            options: options.to_vec(),
            ..Tcp::new(0x02, data)
        };
        let what = format!("a SYN with {what}, and {is} behind it");
        refuses(lab, &what, &tcp.bytes(), "Option");
    }
}

#[test]
fn s4_an_option_ends_inside_the_header() {
    lab(|lab| {
        for (what, options) in [
            ("MSS with half of its value", &[1, 2, 4, 5][..]),
            ("timestamps of 8 bytes", &[8, 10, 0, 0, 0, 0, 0, 0]),
            ("kind 254 of length 255", &[254, 255, 0, 0]),
            ("kind 254 of length 5", &[254, 5, 0, 0]),
            ("a kind without a length", &[1, 1, 1, 2]),
            ("an unknown kind without a length", &[1, 1, 1, 77]),
            ("SACK of one block that is cut", &[5, 10, 0, 0, 0, 0, 0, 0]),
            ("a window scale without its value", &[1, 1, 3, 3]),
            ("a kind alone", &[5]),
            ("two bytes of MSS", &[2, 4]),
        ] {
            refuses_options(lab, what, options);
        }
        for kind in 2..=255 {
            refuses_options(lab, &format!("kind {kind} without a length"), &[1, kind]);
            for missing in [1, 200] {
                let what = format!("kind {kind} that has {missing} of its bytes too few");
                let mut options = option(kind, 6);
                options[1] += missing;
                refuses_options(lab, &what, &options);
            }
        }
        // With these lengths the end of the option would be a small number, in eight bits.
        for before in [0, 1, 2, 6] {
            for length in [41, 127, 128, 129, 200, 250, 253, 254, 255] {
                for kind in [253, 5] {
                    let what = format!("kind {kind} of length {length} at byte {before}");
                    let mut options = vec![1; before];
                    options.extend([kind, length, 0, 0]);
                    options.resize(8, 1);
                    refuses_options(lab, &what, &options);
                }
            }
        }
    });
}

#[test]
fn s4_a_known_kind_has_a_known_length() {
    lab(|lab| {
        for (kind, fits) in [
            (2, &[4][..]),
            (3, &[3]),
            (4, &[2]),
            (5, &[10, 18, 26, 34]),
            (8, &[10]),
        ] {
            for length in 2..=74_u8 {
                if fits.contains(&length) {
                    continue;
                }
                let mut options = vec![kind, length];
                options.resize(usize::from(length).next_multiple_of(4), 1);
                refuses_options(lab, &format!("kind {kind} of length {length}"), &options);
            }
        }
    });
}

/// The options as the docs of `emit` want them: in this order, and each with NOPs in front that make its end
/// a multiple of 4.
fn bytes_of(options: &TcpOptions) -> Vec<u8> {
    let two = |(a, b): (u32, u32)| [a.to_be_bytes(), b.to_be_bytes()].concat();
    let sack: Vec<u8> = options.sack.into_iter().flatten().flat_map(two).collect();
    let values = [
        (2, options.mss.map(|mss| mss.to_be_bytes().to_vec())),
        (3, options.window_scale.map(|shift| vec![shift])),
        (4, options.sack_permitted.then(Vec::new)),
        (8, options.timestamps.map(two)),
        (5, Some(sack).filter(|sack| !sack.is_empty())),
    ];
    let mut out = Vec::new();
    for (kind, value) in values {
        let Some(value) = value else { continue };
        let len = 2 + value.len();
        out.resize(out.len() + len.next_multiple_of(4) - len, 1);
        out.extend([kind, len as u8]);
        out.extend(value);
    }
    out
}

/// Demands the bytes of options, as they stand and in a segment.
fn options_are(lab: &Lab, what: &str, options: TcpOptions, want: &[u8]) {
    lab.scene(format!("{what}: {}", words::options(&options)));
    let mut out = Vec::new();
    let call = format!("TcpOptions::emit({what})");
    lab.ok(&call, || options.emit(&mut out));
    lab.same_bytes(&format!("the options: {what}"), &out, want);
    let tcp = Tcp {
        options: want.to_vec(),
        ..Tcp::new(0x10, b"data")
    };
    let what = format!("a segment with {what}");
    writes(lab, &what, &header(&tcp, options), b"data", &tcp.bytes());
}

/// Demands that options are written, and are the same when they are read again.
fn both_ways(lab: &Lab, what: &str, options: TcpOptions) {
    let bytes = bytes_of(&options);
    options_are(lab, what, options, &bytes);
    options_say(lab, what, &bytes, &words::options(&options));
}

/// Each of the 32 sets of the five options, with each number of SACK blocks, and of two values in turn.
fn sets() -> Vec<(String, TcpOptions)> {
    let mut sets = Vec::new();
    for set in 0..16 {
        for blocks in 0..=4 {
            let of: u32 = if (set + blocks) % 2 == 0 {
                1
            } else {
                0x9000_0003
            };
            let kinds = [2, 3, 4, 8].into_iter().enumerate();
            let kinds = kinds.filter(|(bit, _)| set >> bit & 1 == 1);
            let kinds: Vec<u8> = kinds.map(|(_, kind)| kind).collect();
            let has = |kind| kinds.contains(&kind);
            let options = TcpOptions {
                mss: has(2).then_some(of as u16),
                window_scale: has(3).then_some(of as u8),
                sack_permitted: has(4),
                timestamps: has(8).then_some((of, of + 1)),
                sack: std::array::from_fn(|n| {
                    let first = of.wrapping_sub(n as u32);
                    (n < blocks).then_some((first, first.wrapping_add(7)))
                }),
            };
            let what = format!("the kinds {kinds:?} and {blocks} SACK blocks");
            sets.push((what, options));
        }
    }
    sets
}

#[test]
fn s4_every_set_of_options() {
    lab(|lab| {
        lab.why("The options are independent. An honest TCP never sends some of them together, but parse reads what came, and emit writes what is there: no option needs another one, and none excludes another one.");
        for (what, options) in sets() {
            let bytes = bytes_of(&options);
            match bytes.len() {
                0..=40 => both_ways(lab, &what, options),
                _ => options_say(lab, &what, &bytes, &words::options(&options)),
            }
        }
    });
}

#[test]
fn s4_options_in_every_order() {
    lab(|lab| {
        lab.why("The options of a header may come in any order, with or without NOPs between them. None of them depends on what came before it.");
        let options = TcpOptions {
            mss: Some(1460),
            window_scale: Some(7),
            sack_permitted: true,
            timestamps: Some((1, 2)),
            sack: [Some((3, 4)), None, None, None],
        };
        let pieces = [
            &[2, 4, 5, 0xb4][..],
            &[3, 3, 7],
            &[4, 2],
            &[8, 10, 0, 0, 0, 1, 0, 0, 0, 2],
            &[5, 10, 0, 0, 0, 3, 0, 0, 0, 4],
        ];
        // Each number below 5^5 that has five different digits is an order.
        for number in 0..5_usize.pow(5) {
            let order: [usize; 5] = std::array::from_fn(|n| number / 5_usize.pow(n as u32) % 5);
            if (0..5).any(|digit| !order.contains(&digit)) {
                continue;
            }
            let mut bytes = order.map(|n| pieces[n]).concat();
            bytes.resize(32, 1);
            let kinds = order.map(|n| pieces[n][0]);
            let what = format!("the kinds {kinds:?}, in this order");
            options_say(lab, &what, &bytes, &words::options(&options));
            let with_nops = order.map(|n| [&[1], pieces[n]].concat()).concat();
            options_say(lab, &what, &with_nops, &words::options(&options));
        }
    });
}

#[test]
fn s4_options_are_written_in_words_of_four() {
    lab(|lab| {
        lab.why("NOPs in front of an option move its end to a multiple of 4. The order is MSS, window scale, SACK permitted, timestamps, SACK.");
        let none = TcpOptions::default();
        options_are(lab, "no option", none, &[]);
        options_are(
            lab,
            "MSS",
            TcpOptions {
                mss: Some(1460),
                ..none
            },
            &[2, 4, 5, 0xb4],
        );
        options_are(
            lab,
            "another MSS",
            TcpOptions {
                mss: Some(0x0201),
                ..none
            },
            &[2, 4, 2, 1],
        );
        options_are(
            lab,
            "window scale",
            TcpOptions {
                window_scale: Some(7),
                ..none
            },
            &[1, 3, 3, 7],
        );
        options_are(
            lab,
            "window scale 0",
            TcpOptions {
                window_scale: Some(0),
                ..none
            },
            &[1, 3, 3, 0],
        );
        options_are(
            lab,
            "SACK permitted",
            TcpOptions {
                sack_permitted: true,
                ..none
            },
            &[1, 1, 4, 2],
        );
        let clocks = Some((0x0102_0304, 0x0506_0708));
        options_are(
            lab,
            "timestamps",
            TcpOptions {
                timestamps: clocks,
                ..none
            },
            &[1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8],
        );
        options_are(
            lab,
            "all of a SYN",
            TcpOptions {
                mss: Some(1460),
                window_scale: Some(10),
                sack_permitted: true,
                timestamps: clocks,
                ..none
            },
            &[
                2, 4, 5, 0xb4, 1, 3, 3, 10, 1, 1, 4, 2, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8,
            ],
        );
        let block = |n: u32| Some((n << 8 | 1, n << 8 | 2));
        options_are(
            lab,
            "one SACK block",
            TcpOptions {
                sack: [block(1), None, None, None],
                ..none
            },
            &[1, 1, 5, 10, 0, 0, 1, 1, 0, 0, 1, 2],
        );
        options_are(
            lab,
            "two SACK blocks",
            TcpOptions {
                sack: [block(9), block(3), None, None],
                ..none
            },
            &[1, 1, 5, 18, 0, 0, 9, 1, 0, 0, 9, 2, 0, 0, 3, 1, 0, 0, 3, 2],
        );
        let four = TcpOptions {
            sack: [block(4), block(3), block(2), block(1)],
            ..none
        };
        options_are(
            lab,
            "four SACK blocks",
            four,
            &[
                1, 1, 5, 34, 0, 0, 4, 1, 0, 0, 4, 2, 0, 0, 3, 1, 0, 0, 3, 2, 0, 0, 2, 1, 0, 0, 2,
                2, 0, 0, 1, 1, 0, 0, 1, 2,
            ],
        );
        lab.why("A None between SACK blocks is left out: the option has only the blocks.");
        options_are(
            lab,
            "SACK blocks with gaps between them",
            TcpOptions {
                sack: [None, block(9), None, block(3)],
                ..none
            },
            &[1, 1, 5, 18, 0, 0, 9, 1, 0, 0, 9, 2, 0, 0, 3, 1, 0, 0, 3, 2],
        );
        lab.why("40 bytes of options fit: timestamps and three SACK blocks.");
        options_are(
            lab,
            "timestamps and three SACK blocks",
            TcpOptions {
                timestamps: clocks,
                sack: [block(3), block(2), block(1), None],
                ..none
            },
            &[
                1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 5, 26, 0, 0, 3, 1, 0, 0, 3, 2, 0, 0, 2,
                1, 0, 0, 2, 2, 0, 0, 1, 1, 0, 0, 1, 2,
            ],
        );
    });
}

#[test]
fn s4_what_does_not_fit_is_not_written() {
    lab(|lab| {
        lab.why(
            "A header has room for 40 bytes of options. More is an error, and `out` is as before.",
        );
        for (what, options) in sets() {
            if bytes_of(&options).len() > 40 {
                options_do_not_fit(lab, &what, options);
            }
        }
        let none = TcpOptions::default();
        lab.why("The pseudo-header has 16 bits for the length of a segment. A longer segment is an error, and `out` is as before.");
        let plain = header(&Tcp::new(0x10, b""), none);
        does_not_fit(lab, "65536 bytes in all", &plain, 65516);
        does_not_fit(lab, "65556 bytes in all", &plain, 65536);
        does_not_fit(lab, "131072 bytes of data", &plain, 131_072);
        let with_mss = TcpHeader {
            options: TcpOptions {
                mss: Some(1),
                ..none
            },
            ..plain
        };
        does_not_fit(lab, "65536 bytes with options", &with_mss, 65512);
        lab.why("65535 bytes fit.");
        let tcp = Tcp::new(0x10, &vec![0xcd; 65515]);
        reads_and_writes(lab, "65535 bytes in all", &tcp);
    });
}

/// Demands that options of more than 40 bytes are refused, as they stand and in a segment.
fn options_do_not_fit(lab: &Lab, what: &str, options: TcpOptions) {
    lab.scene(format!("{what}: {}", words::options(&options)));
    let mut out = b"before".to_vec();
    let call = format!("TcpOptions::emit({what})");
    let got = lab.you(&call, || options.emit(&mut out));
    let got = got.map_or_else(words::error, |()| "Ok".to_owned());
    lab.same(
        &format!("what emit says of {what}"),
        got,
        "Tcp TooBig".to_owned(),
    );
    lab.same_bytes("out after the error", &out, b"before");
    let header = header(&Tcp::new(0x10, b""), options);
    does_not_fit(lab, &format!("a segment with {what}"), &header, 5);
}

fn does_not_fit(lab: &Lab, what: &str, header: &TcpHeader, data: usize) {
    lab.scene(what);
    let mut out = b"before".to_vec();
    let data = vec![0; data];
    let call = format!("TcpHeader::emit({} bytes), {what}", data.len());
    let got = lab.you(&call, || header.emit(CLIENT, SERVER, &data, &mut out));
    let got = got.map_or_else(words::error, |()| "Ok".to_owned());
    lab.same(
        &format!("what emit says of {what}"),
        got,
        "Tcp TooBig".to_owned(),
    );
    lab.same_bytes("out after the error", &out, b"before");
}

#[test]
fn s4_emit_appends() {
    lab(|lab| {
        lab.why("emit appends. Bytes that are already in `out` stay. They are not part of the checksum, and the padding of the options does not count from their beginning.");
        for (with, options) in sets() {
            if bytes_of(&options).len() > 40 {
                continue;
            }
            lab.scene(format!("{with}: {}", words::options(&options)));
            let header = header(&Tcp::new(0x18, b"data"), options);
            let (mut alone, mut segment) = (Vec::new(), Vec::new());
            lab.ok(&format!("TcpOptions::emit({with})"), || {
                options.emit(&mut alone)
            });
            lab.ok(&format!("TcpHeader::emit({with})"), || {
                header.emit(CLIENT, SERVER, b"data", &mut segment)
            });
            for before in BEFORE {
                let before = vec![0x5a; before];
                let what = format!("{with}, behind {} in out", hex::count(before.len()));
                lab.scene(format!("{what}: {}", words::options(&options)));
                let mut out = before.clone();
                lab.ok(&format!("TcpOptions::emit({what})"), || {
                    options.emit(&mut out)
                });
                lab.same_bytes(
                    &format!("the options: {what}"),
                    &out,
                    &[&before[..], &alone].concat(),
                );
                let mut out = before.clone();
                lab.ok(&format!("TcpHeader::emit({what})"), || {
                    header.emit(CLIENT, SERVER, b"data", &mut out)
                });
                lab.same_bytes(
                    &format!("a segment: {what}"),
                    &out,
                    &[&before[..], &segment].concat(),
                );
            }
        }
    });
}
