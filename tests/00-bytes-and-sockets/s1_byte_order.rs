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
        lab.why("put_be16 appends two bytes and no more, however long the buffer is.");
        for length in [1, 2, 3, 7, 61, 100, 511, 512, 1499, 65_534, 65_535, 65_536] {
            let mut out = vec![0xaa; length];
            let mut want = out.clone();
            for (value, bytes) in [(0x00ff, [0x00, 0xff]), (0x00ff, [0x00, 0xff])] {
                let call = format!("put_be16(out with {} bytes, {value:#06x})", out.len());
                lab.you(&call, || put_be16(&mut out, value));
                want.extend(bytes);
                lab.same("bytes in out", out.len(), want.len());
                lab.holds(
                    out == want,
                    format!("{length} bytes aa as before, then 00 ff each time"),
                    format!("{} at the end", netlab::hex::all(&out[length - 1..])),
                );
            }
        }
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
        for value in [0, 1, 0x0080, 0x00ff, 0x8000, 0xff00, 0x8001, u16::MAX] {
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

#[test]
fn s1_a_position_is_a_usize() {
    netlab::lab(|lab| {
        lab.why(
            "A position may be any number that a usize holds. Cut down to 8, 16 or 32 bits it points \
             somewhere else.",
        );
        // The order of the two bytes is another test's concern: 12 12 reads the same in both.
        let mut packet = vec![0; 70_000];
        for at in [255, 256, 32_768, 65_535, 65_536, 69_998] {
            let length = packet.len();
            packet[at..at + 2].copy_from_slice(&[0x12, 0x12]);
            let call = format!("be16({length} bytes, {at})");
            let got = lab.you(&call, || be16(&packet, at));
            let lab = lab.because(if got == Some(0) || got.is_none() {
                "A position may be any number that a usize holds. Cut down to 8, 16 or 32 bits it \
                 points somewhere else; a number that ends with the buffer is there, too."
            } else {
                "The number is 256 times the byte at the lower address, plus the other one."
            });
            lab.same(
                &format!("the number at byte {at}"),
                hex(got),
                hex(Some(0x1212)),
            );
            packet[at..at + 2].fill(0);
        }
        let upper_half = usize::MAX / 2 + 1;
        for (at, name) in [
            (upper_half, "usize::MAX / 2 + 1"),
            (1 << 16, "65536"),
            (u32::MAX as usize, "u32::MAX"),
            (1 << 31, "2³¹"),
        ] {
            let call = format!("be16([12 34 00], {name})");
            let got = lab.you(&call, || be16(&[0x12, 0x34, 0x00], at));
            lab.same("the number there", hex(got), hex(None));
        }
    });
}
