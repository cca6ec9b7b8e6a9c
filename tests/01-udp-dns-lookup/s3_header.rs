use netlab::Lab;
use udp_dns_lookup::{Header, ParseError, parse_header};

/// The header with these flags, everything else zero.
fn with_flags(lab: &Lab, flags: u16) -> Header {
    let mut bytes = [0; 12];
    bytes[2..4].copy_from_slice(&flags.to_be_bytes());
    lab.ok(&format!("parse_header(flags {flags:04x})"), || {
        parse_header(&bytes)
    })
}

/// The names of the flags that are set, then OPCODE and RCODE.
fn in_words(header: &Header) -> String {
    let flags = [
        ("qr", header.qr),
        ("aa", header.aa),
        ("tc", header.tc),
        ("rd", header.rd),
        ("ra", header.ra),
    ];
    let mut words: Vec<_> = flags
        .iter()
        .filter(|(_, set)| *set)
        .map(|(name, _)| (*name).to_owned())
        .collect();
    words.push(format!("opcode {}", header.opcode));
    words.push(format!("rcode {}", header.rcode));
    words.join(" ")
}

#[test]
fn s3_six_numbers() {
    netlab::lab(|lab| {
        lab.why(
            "The header is six big-endian numbers: id, flags, and four counts in the order \
                 questions, answers, authorities, additionals (RFC 1035 §4.1.1).",
        );
        let bytes = b"\xbe\xef\x81\x80\x07\x08\x01\x02\x03\x04\x05\x06behind it";
        let header = lab.ok("parse_header(beef 8180 0708 0102 0304 0506 …)", || {
            parse_header(bytes)
        });
        lab.same("id", header.id, 0xbeef);
        lab.same("counts", header.counts, [0x0708, 0x0102, 0x0304, 0x0506]);
    });
}

#[test]
fn s3_flags_are_bits() {
    netlab::lab(|lab| {
        lab.why(
            "Flags share their octets with each other and with RCODE: 8183 is not \"8180 or \
             nothing\". From the top: QR, OPCODE (4), AA, TC, RD, RA, Z, AD, CD, RCODE (4).",
        );
        for (flags, want) in [
            (0x0100, "rd opcode 0 rcode 0"),
            (0x8180, "qr rd ra opcode 0 rcode 0"),
            (0x8183, "qr rd ra opcode 0 rcode 3"),
            (0x8380, "qr tc rd ra opcode 0 rcode 0"),
            (0x8585, "qr aa rd ra opcode 0 rcode 5"),
            (0xa800, "qr opcode 5 rcode 0"),
        ] {
            let header = with_flags(lab, flags);
            lab.same(
                &format!("flags {flags:04x}"),
                in_words(&header),
                want.to_owned(),
            );
        }
    });
}

#[test]
fn s3_each_bit_is_one_thing() {
    netlab::lab(|lab| {
        let names = [
            "rcode 1", "rcode 2", "rcode 4", "rcode 8", "", "", "", "ra", "rd", "tc", "aa",
            "opcode 1", "opcode 2", "opcode 4", "opcode 8", "qr",
        ];
        for (n, name) in names.iter().enumerate() {
            let flags = 1u16 << n;
            let got = in_words(&with_flags(lab, flags));
            let nothing = "opcode 0 rcode 0";
            let (want, why) = match *name {
                "" => (
                    nothing.to_owned(),
                    "Z, AD and CD lie between RA and RCODE; a resolver that checks signatures sets AD, and \
                     nothing else changes (RFC 4035 §3).",
                ),
                number if number.starts_with("rcode") => (
                    format!("opcode 0 {number}"),
                    "RCODE has four bits, the lowest of the number: 000f.",
                ),
                number if number.starts_with("opcode") => (
                    format!("{number} rcode 0"),
                    "OPCODE has four bits, between QR and AA: 7800.",
                ),
                flag => (
                    format!("{flag} {nothing}"),
                    "QR, AA, TC, RD and RA are a bit each: one bit set, one thing said.",
                ),
            };
            lab.because(why)
                .same(&format!("flags {flags:04x}"), got, want);
        }
        lab.why("Every set bit is reported, even when all of them are set.");
        lab.same(
            "flags ffff",
            in_words(&with_flags(lab, 0xffff)),
            "qr aa tc rd ra opcode 15 rcode 15".to_owned(),
        );
    });
}

#[test]
fn s3_short_header_is_an_error() {
    netlab::lab(|lab| {
        lab.why("A stranger chose the length of this packet. Less than 12 octets is not a header.");
        for length in 0..12 {
            let error = lab.err(&format!("parse_header({length} octets)"), || {
                parse_header(&[0x81; 12][..length])
            });
            lab.holds(
                matches!(error, ParseError::Truncated),
                "Truncated",
                format!("{error:?}"),
            );
        }
        lab.ok("parse_header(12 octets)", || parse_header(&[0x81; 12]));
    });
}
