use bytes_and_sockets::{be16, put_be16};

const POSITIONS: [(usize, &str); 7] = [
    (0, "0"),
    (1, "1"),
    (2, "2"),
    (3, "3"),
    (4, "4"),
    (usize::MAX - 1, "usize::MAX - 1"),
    (usize::MAX, "usize::MAX"),
];

/// Byte order shows in hexadecimal digits and hides in decimal ones.
fn hex(number: Option<u16>) -> String {
    number.map_or("None".into(), |number| format!("Some({number:#06x})"))
}

#[test]
fn s1_be16_is_network_order() {
    netlab::lab(|lab| {
        lab.why("Protocol numbers are big-endian: the high byte goes first (RFC 791, appendix B).");
        let mut out = Vec::new();
        lab.you("put_be16(out, 0x1234)", || put_be16(&mut out, 0x1234));
        if out == [0x34, 0x12] {
            lab.why(
                "0x1234 went out as 34 12. Protocol numbers are big-endian: your peer reads 13330 \
                 instead of 4660 (RFC 791, appendix B).",
            );
        }
        lab.same_bytes("the bytes in out", &out, &[0x12, 0x34]);

        lab.why("put_be16 appends: what was in the buffer before stays where it is.");
        lab.you("put_be16(out, 0x00ff)", || put_be16(&mut out, 0x00ff));
        lab.same_bytes("the bytes in out", &out, &[0x12, 0x34, 0x00, 0xff]);
    });
}

#[test]
fn s1_be16_reads_what_put_be16_wrote() {
    netlab::lab(|lab| {
        lab.why(
            "Both directions use the same order: the byte at the lower address is the high one.",
        );
        let packet = [0xaa, 0x12, 0x34, 0xbb];
        let got = lab.you("be16([aa 12 34 bb], 1)", || be16(&packet, 1));
        lab.same("the number at byte 1", hex(got), hex(Some(0x1234)));
        for value in [0, 1, 0x00ff, 0xff00, 0x8001, u16::MAX] {
            let mut out = Vec::new();
            lab.you(&format!("put_be16(out, {value:#06x})"), || {
                put_be16(&mut out, value)
            });
            let got = lab.you("be16(out, 0)", || be16(&out, 0));
            lab.same("the number that was put in", hex(got), hex(Some(value)));
        }
    });
}

#[test]
fn s1_reading_past_the_end_is_none() {
    netlab::lab(|lab| {
        lab.why(
            "A stranger chose the length of this packet, and often the position too. Both bytes \
             must be there; if not, say None, and never panic.",
        );
        let packet = [1, 2, 3];
        for length in 0..=packet.len() {
            let packet = &packet[..length];
            for (at, name) in POSITIONS {
                let there = at.checked_add(2).is_some_and(|end| end <= length);
                let call = format!("be16({packet:?}, {name})");
                let got = lab.you(&call, || be16(packet, at));
                lab.same("whether there is a number", got.is_some(), there);
            }
        }
    });
}
