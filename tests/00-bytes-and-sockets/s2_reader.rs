use bytes_and_sockets::{Reader, hexdump};
use netlab::Lab;

#[test]
fn s2_takes_one_field_after_the_other() {
    netlab::lab(|lab| {
        lab.why("Each take begins where the one before it ended.");
        let packet = [b'h', b'i', 7, 0x12, 0x34, 0xde, 0xad, 0xbe, 0xef];
        let mut reader = Reader::new(&packet);
        lab.note(format!("the buffer holds {}", netlab::hex::all(&packet)));
        lab.same("pos at the start", reader.pos(), 0);
        let text = lab.ok("take(2)", || reader.take(2));
        lab.same_bytes("take(2)", text, b"hi");
        lab.same("pos after 2 bytes", reader.pos(), 2);
        lab.why("u8, u16 and u32 take 1, 2 and 4 bytes, and numbers are big-endian.");
        let number = lab.ok("u8()", || reader.u8());
        lab.same("u8", format!("{number:#04x}"), "0x07".into());
        lab.same("pos after 3 bytes", reader.pos(), 3);
        let number = lab.ok("u16()", || reader.u16());
        lab.same("u16", format!("{number:#06x}"), "0x1234".into());
        let number = lab.ok("u32()", || reader.u32());
        lab.same("u32", format!("{number:#010x}"), "0xdeadbeef".into());
        lab.same("pos after 9 bytes", reader.pos(), 9);

        lab.why("Every pattern of bits is a number; none of them means an error or a sign.");
        for byte in [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff] {
            let bytes = [byte, 0x01];
            let got = lab.ok(&format!("u8() at {byte:02x} 01"), || {
                Reader::new(&bytes).u8()
            });
            lab.same("u8", format!("{got:#04x}"), format!("{byte:#04x}"));
        }
        for number in [0, 1, 0x0080, 0x00ff, 0x8000, 0xff00, u16::MAX] {
            let bytes = number.to_be_bytes();
            let call = format!("u16() at {}", netlab::hex::all(&bytes));
            let got = lab.ok(&call, || Reader::new(&bytes).u16());
            lab.same("u16", format!("{got:#06x}"), format!("{number:#06x}"));
        }
        let high_bits = [1 << 7, 1 << 15, 1 << 23, 1 << 31];
        for number in [0, 1, 0xff, u32::MAX].into_iter().chain(high_bits) {
            let bytes = number.to_be_bytes();
            let call = format!("u32() at {}", netlab::hex::all(&bytes));
            let got = lab.ok(&call, || Reader::new(&bytes).u32());
            lab.same("u32", format!("{got:#010x}"), format!("{number:#010x}"));
        }

        lab.why("A position counts to the end of the buffer, wherever that is.");
        let mut long = vec![0; 65_536];
        long.extend([0x12, 0x34]);
        let mut reader = Reader::new(&long);
        lab.ok("take(65536) of 65538 bytes", || reader.take(65_536));
        lab.same("pos after 65536 bytes", reader.pos(), 65_536);
        let number = lab.ok("u16()", || reader.u16());
        lab.same("u16", format!("{number:#06x}"), "0x1234".into());

        lab.why("Taking nothing at the very end is fine: nothing is missing.");
        let nothing = lab.ok("take(0)", || reader.take(0));
        lab.same_bytes("take(0)", nothing, b"");
    });
}

#[test]
fn s2_a_piece_outlives_its_reader() {
    netlab::lab(|lab| {
        lab.why("take lends a piece of the buffer, not of the reader, and copies nothing.");
        let packet = *b"hello";
        let piece = {
            let mut reader = Reader::new(&packet);
            lab.ok("take(2)", || reader.take(2))
        };
        lab.same(
            "the piece lies in the buffer itself",
            piece.as_ptr(),
            packet.as_ptr(),
        );
    });
}

#[test]
fn s2_failed_take_does_not_move() {
    netlab::lab(|lab| {
        let packet = [1, 2, 3];
        let mut reader = Reader::new(&packet);
        lab.note("the buffer holds 01 02 03");
        lab.ok("u8()", || reader.u8());
        lab.why("Truncated tells how many bytes were asked for, and how many were left to take.");
        let error = lab.err("take(4)", || reader.take(4));
        lab.same("wanted, left", (error.wanted, error.left), (4, 2));
        lab.same(
            "in words",
            error.to_string(),
            "4 bytes wanted, 2 left".into(),
        );
        lab.why(
            "A failed take must leave the reader where it was, or every later field is shifted.",
        );
        lab.same("pos after a failed take(4)", reader.pos(), 1);
        let error = lab.err("take(usize::MAX)", || reader.take(usize::MAX));
        lab.same("wanted, left", (error.wanted, error.left), (usize::MAX, 2));
        let error = lab.err("u32()", || reader.u32());
        lab.same("pos after a failed u32()", reader.pos(), 1);
        let next = lab
            .because("Two bytes are left and two are wanted: what ends with the buffer is there.")
            .ok("u16()", || reader.u16());
        let next = format!("{next:#06x}");
        lab.same("the next u16, after two failures", next, "0x0203".into());

        lab.why(
            "A number is asked for as a whole: u32 wants 4 bytes, however it is put together. And what \
             is left is what comes after pos, not the whole buffer.",
        );
        lab.same(
            "wanted, left of the u32()",
            (error.wanted, error.left),
            (4, 2),
        );
        let error = lab.err("u8()", || reader.u8());
        lab.same("wanted, left of u8()", (error.wanted, error.left), (1, 0));
        let error = lab.err("u16()", || reader.u16());
        lab.same("wanted, left of u16()", (error.wanted, error.left), (2, 0));
        lab.same("pos at the end", reader.pos(), 3);

        let mut reader = Reader::new(&packet);
        lab.ok("take(2)", || reader.take(2));
        let error = lab.err("u16()", || reader.u16());
        lab.same("wanted, left of u16()", (error.wanted, error.left), (2, 1));
        lab.same("pos after a failed u16()", reader.pos(), 2);
    });
}

#[test]
fn s2_reader_never_panics() {
    netlab::lab(|lab| {
        lab.why("Lengths come from strangers. Every one of them must end in Ok or Truncated.");
        let packet: Vec<u8> = (0..64).collect();
        // 2³² is 0 in 32 bits; where a usize has no more than these, it is one more 0.
        let two_to_32 = (u32::MAX as usize).wrapping_add(1);
        let lengths = [
            0,
            1,
            2,
            4,
            63,
            64,
            65,
            two_to_32,
            usize::MAX,
            usize::MAX / 2,
        ];
        let name = |n: usize| match n {
            usize::MAX => "usize::MAX".to_owned(),
            n => n.to_string(),
        };
        for end in 0..=packet.len() {
            let packet = &packet[..end];
            for first in lengths {
                for second in lengths {
                    let (one, two) = (name(first), name(second));
                    let call = format!("take({one}), then take({two}), of {end} bytes");
                    let got = lab.you(&call, || {
                        let mut reader = Reader::new(packet);
                        let first = reader.take(first).is_ok();
                        let second = reader.take(second).is_ok();
                        (first, second, reader.pos())
                    });
                    let mut left = end;
                    let mut fits = |n: usize| {
                        let fits = n <= left;
                        left -= if fits { n } else { 0 };
                        fits
                    };
                    let want = (fits(first), fits(second), end - left);
                    lab.same("first ok, second ok, pos", got, want);
                }
            }
        }
    });
}

#[test]
fn s2_hexdump_golden() {
    netlab::lab(|lab| {
        lab.why("A dump that everybody lays out the same way can be compared line by line.");
        let packet = b"Hello, network\n\0\xff";
        let dump = lab.you("hexdump(17 bytes)", || hexdump(packet));
        let want = "\
00000000  48 65 6c 6c 6f 2c 20 6e  65 74 77 6f 72 6b 0a 00  |Hello, network..|
00000010  ff                                                |.|
";
        same_dump(lab, &dump, want);
    });
}

#[test]
fn s2_hexdump_rows_and_edges() {
    netlab::lab(|lab| {
        lab.why("A row shows bytes. Where there are none, there is no row, and no newline.");
        lab.same(
            "the dump of nothing",
            lab.you("hexdump(0 bytes)", || hexdump(&[])),
            String::new(),
        );
        lab.why("Rows are 16 bytes; printable is 0x20 to 0x7e; what is missing leaves a gap.");
        let nine = lab.you("hexdump(9 bytes)", || hexdump(b"\x1f\x20~\x7f\x80abcd"));
        let want = "00000000  1f 20 7e 7f 80 61 62 63  64                       |. ~..abcd|\n";
        same_dump(lab, &nine, want);
        let eight = lab.you("hexdump(8 bytes)", || hexdump(b"01234567"));
        let want = "00000000  30 31 32 33 34 35 36 37                           |01234567|\n";
        same_dump(lab, &eight, want);

        lab.why("A packet is not a C string: a byte of 0 does not end it, and is shown as a dot.");
        let zeros = lab.you("hexdump([00 61 00 62])", || hexdump(b"\0a\0b"));
        let want = "00000000  00 61 00 62                                       |.a.b|\n";
        same_dump(lab, &zeros, want);

        lab.why("A full row is a whole row: 16 or 32 bytes leave nothing for one more.");
        let full = lab.you("hexdump(16 bytes)", || hexdump(b"0123456789abcdef"));
        let want =
            "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n";
        same_dump(lab, &full, want);

        lab.why(
            "An offset counts bytes, in hexadecimal digits: eight of them, with zeros in front.",
        );
        lab.if_stuck(
            "Each row is written once: code that copies all earlier rows for every row needs quadratic time.",
        );
        for (length, rows, last) in [(256, 16, "000000f0"), (65_537, 4097, "00010000")] {
            let long = lab.you(&format!("hexdump({length} bytes)"), || {
                hexdump(&vec![0; length])
            });
            lab.same(
                &format!("rows of {length} bytes"),
                long.lines().count(),
                rows,
            );
            let row = long.lines().last().unwrap_or_default().to_owned();
            lab.same(
                "offset of the last row",
                row.get(..8).map(str::to_owned),
                Some(last.into()),
            );
        }

        lab.why("Every byte has two digits, and a character or a dot.");
        for byte in 0..=u8::MAX {
            let dump = lab.you(&format!("hexdump([{byte:#04x}])"), || hexdump(&[byte]));
            let shown = match byte {
                0x20..=0x7e => char::from(byte),
                _ => '.',
            };
            same_dump(
                lab,
                &dump,
                &format!("00000000  {byte:02x}{:46}  |{shown}|\n", ""),
            );
        }
    });
}

/// Compares row by row, and shows the first row that differs.
fn same_dump(lab: &Lab, got: &str, want: &str) {
    let mut got_rows = got.split_inclusive('\n');
    for (i, want_row) in want.split_inclusive('\n').enumerate() {
        let got_row = got_rows.next().unwrap_or("");
        if got_row == want_row {
            continue;
        }
        let difference = if got_row.trim_end_matches('\n') == want_row.trim_end_matches('\n') {
            "the row is right, but the newline at its end is missing".into()
        } else {
            let same = got_row
                .chars()
                .zip(want_row.chars())
                .take_while(|(a, b)| a == b);
            format!("they differ from column {} on", same.count() + 1)
        };
        lab.fails(
            format!("row {}:\n {}", i + 1, want_row.trim_end()),
            format!("\n {}\n{difference}", visible(got_row)),
        );
    }
    let more: String = got_rows.collect();
    lab.same("after the last row", more, String::new());
}

/// A row as it shows on a terminal: a carriage return as `\r`, and no newline at its end.
fn visible(row: &str) -> String {
    let mut text = String::new();
    for c in row.trim_end_matches('\n').chars() {
        if c.is_control() {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    text
}
