//! Step 4: TCP, its flags and its options.

use std::net::Ipv4Addr;

use netlab::{Lab, hex, lab};
use packets::{Flags, PacketError, TcpHeader, TcpOptions};

use super::wire::{CLIENT, SERVER, Tcp, checksum, pseudo};
use super::{explain, words};

const TRUNCATED: &str =
    "The bytes end before the header does, as it tells itself: an error, not a panic.";
const HEADER_LENGTH: &str = "The data offset counts units of 4 bytes, and the fixed part has five of them. A smaller one lies: the data would begin inside the header.";
const CHECKSUM: &str = "The sum of the pseudo-header (source, destination, 0, 6, length), the header and the data must come to 0. TCP's checksum is never left out (RFC 9293, section 3.1, MUST-2 and MUST-3).";
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

const OPTION: &str = "The length of an option counts its kind and itself, so it is 2 at least; it ends inside the header; and a known kind has a known length. A stranger chose that byte (RFC 9293, section 3.1, MUST-7).";

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
    let (call, got) = parse(lab, what, bytes, (CLIENT, SERVER));
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

fn refuses_between(lab: &Lab, what: &str, bytes: &[u8], ends: (Ipv4Addr, Ipv4Addr), reason: &str) {
    let (call, got) = parse(lab, what, bytes, ends);
    let got = match got {
        Ok((header, data)) => format!("{}, data [{}]", words::tcp(&header), hex::short(data)),
        Err(error) => words::error(error),
    };
    words::refused(
        lab,
        &format!("what {call} says of {what}"),
        why(reason),
        got,
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
        lab.why("ACK and URG tell whether a field means something. The field has a value in any case, and it is read and written as it stands.");
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
        lab.why("Only these make sense, of SYN, RST, ACK, FIN and URG: SYN, SYN+URG, SYN+ACK, RST, RST+ACK, ACK, ACK+URG, ACK+FIN, ACK+FIN+URG. SYN and FIN open and close at once; no flag at all and FIN without ACK are what port scanners send.");
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
            lab.why(format!("The data offset is {}: the data begins at byte {}. What stands before it is options.", 5 + words_of_options, 20 + len));
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
        lab.why("The four bits behind the data offset are reserved: sent as 0, and ignored when they come (RFC 9293, section 3.1). They are no part of the offset and none of the flags.");
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
        let why = "The sum of this segment comes out as 0. UDP sends ffff then, since its 0 means \"none\". TCP knows no such exception: it sends 0.";
        lab.why(why);
        lab.same("the test's own checksum", &bytes[16..18], &[0, 0]);
        let what = "a segment whose checksum is 0";
        reads(lab, what, &bytes, &in_words(&tcp, ""), data);
        let header = header(&tcp, TcpOptions::default());
        writes_because(lab, what, &header, data, &bytes, why);
        lab.why("ffff is 0 in its other form: with it in the field the checksum of pseudo-header and segment is 0, and that is all that is asked. Who computes it anew and compares gets 0, and refuses a sound segment.");
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
        lab.why("A sum does not know the order of what is added. Source and destination may change places, and so may any two words of the data: the checksum fits as before. It catches noise, not people.");
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

#[test]
fn s4_the_first_fault_counts() {
    lab(|lab| {
        refuses(lab, "19 bytes of zeros", &[0; 19], "Truncated");
        let bad = Some(0x1234);
        let tcp = Tcp {
            offset: Some(4),
            checksum: bad,
            ..Tcp::new(0x18, b"")
        };
        refuses(
            lab,
            "data offset 4 and a wrong checksum",
            &tcp.bytes(),
            "HeaderLength",
        );
        let tcp = Tcp {
            offset: Some(6),
            checksum: bad,
            ..Tcp::new(0x18, b"")
        };
        refuses(
            lab,
            "data offset 6, 20 bytes, checksum wrong",
            &tcp.bytes(),
            "Truncated",
        );
        let lying = vec![5, 0, 0, 0];
        let tcp = Tcp {
            options: lying.clone(),
            checksum: bad,
            ..Tcp::new(0x18, b"")
        };
        refuses(
            lab,
            "an option of length 0 and a wrong checksum",
            &tcp.bytes(),
            "Checksum",
        );
        let tcp = Tcp {
            options: lying,
            ..Tcp::new(0x18, b"")
        };
        refuses(lab, "an option of length 0", &tcp.bytes(), "Option");
        let tcp = Tcp {
            checksum: bad,
            ..Tcp::new(0x18, &vec![0; 65516])
        };
        refuses(
            lab,
            "65536 bytes and a wrong checksum",
            &tcp.bytes(),
            "TooBig",
        );
        for data in [65516, 65536, 131_072] {
            let what = format!("{} bytes", 20 + data);
            let tcp = Tcp::new(0x18, &vec![0; data]);
            refuses(lab, &what, &tcp.bytes(), "TooBig");
        }
        let tcp = Tcp {
            offset: Some(3),
            ..Tcp::new(0x18, &vec![0; 65516])
        };
        refuses(
            lab,
            "65536 bytes and data offset 3",
            &tcp.bytes(),
            "HeaderLength",
        );
    });
}

/// Demands what options say, as they stand and in a segment.
fn options_say(lab: &Lab, what: &str, bytes: &[u8], want: &str) {
    lab.scene(format!("{what}: {}", hex::all(bytes)));
    let call = format!("TcpOptions::parse([{}])", hex::all(bytes));
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
        lab.why("Kind 0 ends the list. What stands behind it is padding, whatever it looks like.");
        options_say(lab, "an end", &[0], "");
        options_say(lab, "MSS behind the end", &[0, 0, 0, 0, 2, 4, 5, 0xb4], "");
        options_say(
            lab,
            "MSS before the end",
            &[2, 4, 2, 0x18, 0, 3, 3, 7],
            "mss 536",
        );
        options_say(lab, "nonsense behind the end", &[1, 0, 5, 0], "");
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

#[test]
fn s4_unknown_options_are_passed_over() {
    lab(|lab| {
        lab.why("A kind that you do not know has a length all the same, and the next option stands behind it (RFC 9293, section 3.1, MUST-6).");
        options_say(
            lab,
            "kind 254 of length 2",
            &[254, 2, 2, 4, 5, 0xb4, 1, 1],
            "mss 1460",
        );
        options_say(
            lab,
            "kind 30 of length 6",
            &[30, 6, 2, 4, 9, 9, 3, 3, 5, 1, 1, 1],
            "window scale 5",
        );
        options_say(
            lab,
            "kind 255 to the end",
            &[2, 4, 5, 0xb4, 255, 4, 0, 0],
            "mss 1460",
        );
        options_say(
            lab,
            "kind 6 of length 6 and 7 of length 3",
            &[6, 6, 1, 2, 3, 4, 7, 3, 9, 4, 2, 1],
            "sack permitted",
        );
        options_say(
            lab,
            "kind 69 of length 20",
            &[&[69, 20][..], &[0; 18], &[3, 3, 1, 0]].concat(),
            "window scale 1",
        );
        options_say(
            lab,
            "kind 9 of length 40",
            &[&[9, 40][..], &[2; 38]].concat(),
            "",
        );
        lab.why("TcpOptions::parse reads the bytes that it is given, also more of them than a header has room for.");
        options_say(
            lab,
            "kind 9 of length 250, and a window scale",
            &[&[9, 250][..], &[2; 248], &[3, 3, 6]].concat(),
            "window scale 6",
        );
        options_say(
            lab,
            "300 NOPs, and MSS",
            &[&[1; 300][..], &[2, 4, 5, 0xb4]].concat(),
            "mss 1460",
        );
    });
}

#[test]
fn s4_of_two_the_last_counts() {
    lab(|lab| {
        lab.why("Nobody sends an option twice who means well. The last one counts.");
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
        lab.why("A window scale above 14 and an MSS of 0 are odd, but what to make of them is for the connection to decide. parse tells what came. 0 is a value; only what did not come is None.");
        options_say(lab, "window scale 15", &[3, 3, 15, 0], "window scale 15");
        options_say(lab, "window scale 255", &[3, 3, 255, 0], "window scale 255");
        options_say(lab, "MSS 0", &[2, 4, 0, 0], "mss 0");
        for (clock, echo) in [(0, 0), (0, 9), (9, 0)] {
            options_say(
                lab,
                &format!("timestamps {clock} and {echo}"),
                &[1, 1, 8, 10, 0, 0, 0, clock, 0, 0, 0, echo],
                &format!("timestamps {clock} {echo}"),
            );
        }
        for (first, behind) in [(0, 0), (0, 9), (9, 0)] {
            options_say(
                lab,
                &format!("a SACK block from {first} to {behind}"),
                &[1, 1, 5, 10, 0, 0, 0, first, 0, 0, 0, behind],
                &format!("sack {first}..{behind} - - -"),
            );
        }
        options_say(
            lab,
            "an empty SACK block",
            &[&[1, 1, 5, 10][..], &[7; 8]].concat(),
            "sack 117901063..117901063 - - -",
        );
    });
}

#[test]
fn s4_option_length_0_or_1_does_not_loop() {
    lab(|lab| {
        lab.if_stuck("A length of 0 takes you nowhere: the loop reads the same option for ever. A stranger chose that byte.");
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
    lab.scene(format!("{what}: {}", hex::all(options)));
    let got = lab.you(&call, || TcpOptions::parse(options));
    let got = got.map_or_else(words::error, |options| {
        format!("[{}]", words::options(&options))
    });
    lab.because(OPTION).same(
        &format!("what {call} says of {what}"),
        got,
        "Tcp Option".to_owned(),
    );
    if options.len().is_multiple_of(4) && options.len() <= 40 {
        let tcp = Tcp {
            options: options.to_vec(),
            ..Tcp::new(0x02, b"data behind it")
        };
        refuses(lab, &format!("a SYN with {what}"), &tcp.bytes(), "Option");
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

#[test]
fn s4_options_are_written_in_words_of_four() {
    lab(|lab| {
        lab.why("In front of an option stand as many NOPs as make its end a multiple of 4. The order is MSS, window scale, SACK permitted, timestamps, SACK.");
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
        lab.why("What is None is left out, and nothing else: 0 is a value. What to make of it is for the other end to decide.");
        options_are(
            lab,
            "an MSS of 0",
            TcpOptions {
                mss: Some(0),
                ..none
            },
            &[2, 4, 0, 0],
        );
        for (clock, echo) in [(0, 0), (0, 9), (9, 0)] {
            options_are(
                lab,
                &format!("timestamps {clock} and {echo}"),
                TcpOptions {
                    timestamps: Some((clock.into(), echo.into())),
                    ..none
                },
                &[1, 1, 8, 10, 0, 0, 0, clock, 0, 0, 0, echo],
            );
        }
        for (first, behind) in [(0, 0), (0, 9), (9, 0), (9, 9)] {
            let block = Some((first.into(), behind.into()));
            options_are(
                lab,
                &format!("two SACK blocks from {first} to {behind}"),
                TcpOptions {
                    sack: [block, block, None, None],
                    ..none
                },
                &[
                    1, 1, 5, 18, 0, 0, 0, first, 0, 0, 0, behind, 0, 0, 0, first, 0, 0, 0, behind,
                ],
            );
        }
        lab.why("A None between SACK blocks is left out: the option has the blocks alone.");
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
        lab.why("A header has room for 40 bytes of options. What does not fit is an error, and `out` is as before.");
        let block = Some((1, 2));
        let none = TcpOptions::default();
        let full = TcpOptions {
            sack: [block; 4],
            ..none
        };
        let cases = [
            (
                "timestamps and four SACK blocks",
                TcpOptions {
                    timestamps: Some((1, 2)),
                    ..full
                },
            ),
            (
                "MSS, window scale and four SACK blocks",
                TcpOptions {
                    mss: Some(1),
                    window_scale: Some(1),
                    ..full
                },
            ),
            (
                "all there are",
                TcpOptions {
                    mss: Some(1460),
                    window_scale: Some(1),
                    sack_permitted: true,
                    timestamps: Some((1, 2)),
                    ..full
                },
            ),
        ];
        for (what, options) in cases {
            lab.scene(what);
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
        lab.why("The pseudo-header has 16 bits for the length of a segment. What does not fit is an error, and `out` is as before.");
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
        lab.why("emit appends. What is in `out` stays: it is no part of the checksum, and the padding of the options does not count from its beginning.");
        let options = TcpOptions {
            window_scale: Some(7),
            timestamps: Some((1, 2)),
            ..TcpOptions::default()
        };
        let mut as_bytes = Vec::new();
        lab.ok("TcpOptions::emit(window scale and timestamps)", || {
            options.emit(&mut as_bytes)
        });
        let tcp = Tcp {
            options: as_bytes.clone(),
            ..Tcp::new(0x18, b"data")
        };
        for before in [&b"x"[..], b"an even number", b"an odd number of bytes!"] {
            let what = format!("behind {}", hex::count(before.len()));
            lab.scene(&what);
            let mut out = before.to_vec();
            let call = format!("TcpOptions::emit({what})");
            lab.ok(&call, || options.emit(&mut out));
            lab.same_bytes(
                &format!("options {what}"),
                &out,
                &[before, &as_bytes].concat(),
            );
            let mut out = before.to_vec();
            lab.ok(&format!("TcpHeader::emit({what})"), || {
                header(&tcp, options).emit(CLIENT, SERVER, b"data", &mut out)
            });
            lab.same_bytes(
                &format!("a segment {what}"),
                &out,
                &[before, &tcp.bytes()].concat(),
            );
        }
    });
}
