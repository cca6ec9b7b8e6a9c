use bytes_and_sockets::{Reader, hexdump};

#[test]
fn s2_takes_one_field_after_the_other() {
    netlab::lab(|lab| {
        lab.why("Each field begins where the one before it ended; numbers are big-endian.");
        let packet = [7, 0x12, 0x34, 0xde, 0xad, 0xbe, 0xef, b'h', b'i'];
        let mut reader = Reader::new(&packet);
        lab.same("pos at the start", lab.you("pos()", || reader.pos()), 0);
        lab.same("u8", lab.ok("u8()", || reader.u8()), 7);
        lab.same("u16", lab.ok("u16()", || reader.u16()), 0x1234);
        lab.same("u32", lab.ok("u32()", || reader.u32()), 0xdead_beef);
        lab.same("pos after 7 bytes", lab.you("pos()", || reader.pos()), 7);
        let text = lab.ok("take(2)", || reader.take(2));
        lab.same_bytes("take(2)", text, b"hi");

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
            lab.ok("take(5)", || reader.take(5))
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
        lab.ok("u8()", || reader.u8());
        lab.why(
            "A failed take must leave the reader where it was, or every later field is shifted.",
        );
        let error = lab.err("take(4)", || reader.take(4));
        lab.same("wanted, left", (error.wanted, error.left), (4, 2));
        lab.same(
            "in words",
            error.to_string(),
            "4 bytes wanted, 2 left".into(),
        );
        lab.err("u32()", || reader.u32());
        lab.same(
            "pos after two failures",
            lab.you("pos()", || reader.pos()),
            1,
        );
        let next = lab.ok("u16()", || reader.u16());
        lab.same("the next u16, after a failed take(4)", next, 0x0203);
        lab.err("u8()", || reader.u8());
        lab.err("u16()", || reader.u16());
        lab.same("pos at the end", lab.you("pos()", || reader.pos()), 3);
    });
}

#[test]
fn s2_reader_never_panics() {
    netlab::lab(|lab| {
        lab.why("Lengths come from strangers. Every one of them must end in Ok or Truncated.");
        let packet: Vec<u8> = (0..64).collect();
        let lengths = [0, 1, 2, 4, 63, 64, 65, usize::MAX / 2, usize::MAX];
        for end in 0..=packet.len() {
            let packet = &packet[..end];
            for first in lengths {
                for second in lengths {
                    let call = format!("take({first}), take({second}) from {end} bytes");
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
        if dump != want {
            lab.fails(
                format!("these two rows:\n {}", want.replace('\n', "\n ")),
                dump_or_nothing(&dump),
            );
        }
    });
}

#[test]
fn s2_hexdump_rows_and_edges() {
    netlab::lab(|lab| {
        lab.why("Rows are 16 bytes; printable is 0x20 to 0x7e; what is missing leaves a gap.");
        lab.same(
            "the dump of nothing",
            lab.you("hexdump(0 bytes)", || hexdump(&[])),
            String::new(),
        );
        let nine = lab.you("hexdump(9 bytes)", || hexdump(b"\x1f\x20~\x7f\x80abcd"));
        let want = "00000000  1f 20 7e 7f 80 61 62 63  64                       |. ~..abcd|\n";
        if nine != want {
            lab.fails(format!("\n {want}"), dump_or_nothing(&nine));
        }
        let long = lab.you("hexdump(256 bytes)", || hexdump(&[0; 256]));
        lab.same("rows of 256 bytes", long.lines().count(), 16);
        let last = long.lines().last().unwrap_or_default().to_owned();
        lab.same(
            "offset of the last row",
            last.get(..8).map(str::to_owned),
            Some("000000f0".into()),
        );
    });
}

/// Indented, so that the report keeps the columns.
fn dump_or_nothing(dump: &str) -> String {
    if dump.is_empty() {
        "an empty text".into()
    } else {
        format!("\n {}", dump.trim_end_matches('\n').replace('\n', "\n "))
    }
}
