//! Step 2.

use http2::{
    Field, HUFFMAN, HpackDecoder, HpackEncoder, Table, code, huffman_decode, huffman_encode,
    read_int, read_string, write_int, write_string,
};
use netlab::{Lab, lab};

use super::ends::list;
use super::frames::{Lines, fields, listed, shown};
use super::memory::peak;

/// Bytes from their hexadecimal digits.
fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| {
        let digit = |b: u8| char::from(b).to_digit(16).unwrap_or(0) as u8;
        digit(pair[0]) << 4 | digit(pair[1])
    };
    digits.chunks(2).map(pair).collect()
}

/// Demands that this is a connection error of HPACK.
fn is_compression_error<T>(lab: &Lab, why: &str, what: &str, got: Result<T, http2::Fault>) {
    let got = match got {
        Ok(_) => "no error".to_owned(),
        Err(fault) => format!("{} on stream {}", code::name(fault.code), fault.stream),
    };
    lab.because(why)
        .same(what, got, "COMPRESSION_ERROR on stream 0".to_owned());
}

const INTEGERS: &[(u32, u8, u8, &str)] = &[
    (10, 5, 0, "0a"),
    (1337, 5, 0, "1f 9a 0a"),
    (42, 8, 0, "2a"),
    (30, 5, 0, "1e"),
    (31, 5, 0, "1f 00"),
    (32, 5, 0, "1f 01"),
    (0, 1, 0, "00"),
    (1, 1, 0, "01 00"),
    (126, 7, 0x80, "fe"),
    (127, 7, 0x80, "ff 00"),
    (254, 7, 0x80, "ff 7f"),
    (255, 7, 0x80, "ff 80 01"),
    (255, 8, 0, "ff 00"),
    (256, 8, 0, "ff 01"),
    (382, 8, 0, "ff 7f"),
    (383, 8, 0, "ff 80 01"),
    (62, 6, 0x40, "7e"),
    (63, 6, 0x40, "7f 00"),
    (14, 4, 0x10, "1e"),
    (15, 4, 0x10, "1f 00"),
    (4096, 5, 0x20, "3f e1 1f"),
    (16_384 + 31, 5, 0x20, "3f 80 80 01"),
    (0x7fff_ffff, 7, 0, "7f 80 ff ff ff 07"),
    (0x7fff_ffff, 1, 0, "01 fe ff ff ff 07"),
];

#[test]
fn s2_rfc7541_c1_integers() {
    lab(|lab| {
        for &(value, prefix, first, digits) in INTEGERS {
            let mut out = vec![0xee];
            let call = format!("write_int({value}, {prefix} bits, {first:#04x})");
            lab.you(&call, || write_int(value, prefix, first, &mut out));
            let why = match digits.len() {
                2 => {
                    "A number that is less than a prefix of ones is in the first byte alone (RFC 7541, section 5.1)."
                }
                _ => {
                    "A number that does not fit in front of a prefix of ones: the prefix is all ones, and what is left comes in bytes of seven bits, the lowest first, all but the last with 0x80 (RFC 7541, section 5.1). 1337 with 5 bits is 1f 9a 0a."
                }
            };
            lab.because(why).same_bytes(
                "the number, behind what was there",
                &out,
                &[&[0xee][..], &hex(digits)].concat(),
            );
        }
    });
}

#[test]
fn s2_integers_are_read() {
    lab(|lab| {
        for &(value, prefix, first, digits) in INTEGERS {
            for above in [first, 0xff] {
                let mut bytes = hex(digits);
                let len = bytes.len();
                bytes[0] |= above & !((1_u16 << prefix) - 1) as u8;
                bytes.extend(b"\x81\x82");
                let call = format!("read_int({bytes:02x?}, {prefix} bits)");
                let got = lab
                    .you(&call, || read_int(&bytes, prefix))
                    .unwrap_or_default();
                lab.because("What stands above the prefix in the first byte is no part of the number, and what stands behind its last byte is not its affair (RFC 7541, section 5.1).")
                    .same("the number, and its bytes", got, (value, len));
            }
        }
        for (digits, prefix, want) in [
            ("1f 80 00", 5, (31, 3)),
            ("ff 80 80 80 80 00", 7, (127, 6)),
            ("1f 9a 8a 00", 5, (1337, 4)),
        ] {
            let bytes = hex(digits);
            let got = lab.ok(&format!("read_int({bytes:02x?}, {prefix} bits)"), || {
                read_int(&bytes, prefix)
            });
            lab.because("Zeros may stand behind the last bit: the number is the same.")
                .same("the number, and its bytes", got, want);
        }
    });
}

#[test]
fn s2_integers_that_are_none() {
    lab(|lab| {
        for (why, digits, prefix) in [
            ("There is no first byte.", "", 7),
            ("The prefix is all ones, and nothing follows.", "7f", 7),
            (
                "The last byte that is there says that one more follows.",
                "1f 9a",
                5,
            ),
            (
                "The last byte that is there says that one more follows.",
                "ff 80 80",
                8,
            ),
            (
                "2^31 is above the largest number. A receiver must have a limit (RFC 7541, section 5.1).",
                "7f 81 ff ff ff 07",
                7,
            ),
            (
                "2^32 + 5 does not fit into 32 bits, and must not be taken for 5.",
                "7f 86 ff ff ff 0f",
                7,
            ),
            (
                "2^34 and more: the highest bits must not be lost.",
                "7f ff ff ff ff 7f",
                7,
            ),
            (
                "Six bytes behind the first, even if they are all zeros: a number would have no end.",
                "7f 80 80 80 80 80 00",
                7,
            ),
            (
                "Ten bytes behind the first.",
                "1f ff ff ff ff ff ff ff ff ff 01",
                5,
            ),
            (
                "Bytes without end.",
                "ff 80 80 80 80 80 80 80 80 80 80 80 80 80 80 80 80 80",
                7,
            ),
        ] {
            let bytes = hex(digits);
            let got = lab.you(&format!("read_int({bytes:02x?}, {prefix} bits)"), || {
                read_int(&bytes, prefix)
            });
            is_compression_error(lab, why, "the error", got);
        }
    });
}

const TEXTS: &[(&str, &str)] = &[
    ("", ""),
    ("www.example.com", "f1e3 c2e5 f23a 6ba0 ab90 f4ff"),
    ("no-cache", "a8eb 1064 9cbf"),
    ("custom-key", "25a8 49e9 5ba9 7d7f"),
    ("302", "6402"),
    ("private", "aec3 771a 4b"),
    ("0", "07"),
    ("a", "1f"),
    ("&", "f8"),
    ("00000000", "0000 0000 00"),
];

#[test]
fn s2_huffman_examples() {
    lab(|lab| {
        for (text, digits) in TEXTS {
            let got = lab.you(&format!("huffman_encode({text:?})"), || {
                huffman_encode(text.as_bytes())
            });
            lab.because("Code behind code, the highest bit of each first, and ones up to a whole byte (RFC 7541, section 5.2).")
                .same_bytes("the code", &got, &hex(digits));
            let bytes = hex(digits);
            let got = lab.ok(&format!("huffman_decode({digits})"), || {
                huffman_decode(&bytes)
            });
            lab.because("What is left behind the last symbol is up to seven ones, and no symbol (RFC 7541, section 5.2).").same_bytes("the text", &got, text.as_bytes());
        }
    });
}

/// The code of a text, bit by bit.
fn code_of(text: &[u8]) -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    for byte in text {
        let (code, len) = HUFFMAN[usize::from(*byte)];
        bits.extend((0..len).rev().map(|bit| code >> bit & 1 == 1));
    }
    let byte = |bits: &[bool]| {
        (0..8).fold(0, |byte, at| {
            byte << 1 | u8::from(*bits.get(at).unwrap_or(&true))
        })
    };
    bits.chunks(8).map(byte).collect()
}

#[test]
fn s2_huffman_every_byte() {
    lab(|lab| {
        let all: Vec<u8> = (0..=255).collect();
        let mut texts: Vec<Vec<u8>> = all.iter().map(|b| vec![*b]).collect();
        texts.push(all.clone());
        texts.push(all.iter().rev().copied().collect());
        texts.push(all.iter().flat_map(|b| [*b, b'e', 255 - *b]).collect());
        for text in texts {
            let what = text.escape_ascii().to_string();
            let what = what.chars().take(40).collect::<String>();
            let code = lab.you(&format!("huffman_encode({what})"), || huffman_encode(&text));
            lab.because("The codes of the table, one behind the other, and ones up to a whole byte (RFC 7541, section 5.2). A code has 5 to 30 bits; the longest goes over five bytes.")
                .same_bytes("the code", &code, &code_of(&text));
            let got = lab.ok(&format!("huffman_decode(the code of {what})"), || {
                huffman_decode(&code)
            });
            lab.because("The code is right, so the text comes out again.")
                .same_bytes("the text", &got, &text);
        }
    });
}

#[test]
fn s2_huffman_padding() {
    lab(|lab| {
        for (why, digits) in [
            (
                "The last bits are zeros. Padding is the first bits of EOS, which are ones (RFC 7541, section 5.2).",
                "18",
            ),
            ("The last bits are 1110. Padding is ones alone.", "1e"),
            (
                "Eight ones are more than padding needs (section 5.2): seven at most.",
                "ff",
            ),
            (
                "The code of a, filled up with three ones, and a whole byte of ones behind it.",
                "1f ff",
            ),
            ("Sixteen ones.", "ff ff"),
            (
                "EOS, thirty ones, must not stand in a string (section 5.2).",
                "ff ff ff ff",
            ),
            ("EOS in the middle of a string.", "1f ff ff ff fc 1f"),
            (
                "A code that is cut off: 0 needs five bits, and these three zeros are no padding.",
                "07 c0 00 18",
            ),
        ] {
            let bytes = hex(digits);
            let got = lab.you(&format!("huffman_decode({digits})"), || {
                huffman_decode(&bytes)
            });
            is_compression_error(lab, why, "the error", got);
        }
        let got = lab.ok("huffman_decode(18 c6 31 8c 63)", || {
            huffman_decode(&hex("18c6 318c 63"))
        });
        lab.because("Eight codes of five bits are five bytes, and need no padding.")
            .same_bytes("the text", &got, b"aaaaaaaa");
    });
}

#[test]
fn s2_strings() {
    lab(|lab| {
        for (text, digits) in [
            ("www.example.com", "8c f1e3 c2e5 f23a 6ba0 ab90 f4ff"),
            ("eee", "82 294b"),
            ("{}", "02 7b7d"),
            ("~", "01 7e"),
            ("\\\\", "02 5c5c"),
            ("aaaa", "83 18c6 3f"),
            ("{}{}{}", "06 7b7d 7b7d 7b7d"),
            ("\u{e9}\u{e9}", "04 c3a9 c3a9"),
        ] {
            let mut out = vec![7];
            lab.you(&format!("write_string({text:?})"), || {
                write_string(text.as_bytes(), &mut out)
            });
            lab.because("A string is its length and its bytes: in Huffman's code (0x80 in the first byte) where that is shorter, else as it is (RFC 7541, section 5.2). The length is that of the bytes that follow.")
                .same_bytes("the string, behind what was there", &out, &[&[7][..], &hex(digits)].concat());
        }
        for (digits, text, len) in [
            ("8c f1e3 c2e5 f23a 6ba0 ab90 f4ff", "www.example.com", 13),
            ("00 61", "", 1),
            ("80", "", 1),
            ("03 61 62 63 64", "abc", 4),
            ("81 1f", "a", 2),
        ] {
            let bytes = hex(digits);
            let (got, taken) = lab.ok(&format!("read_string({digits})"), || read_string(&bytes));
            lab.because("Both forms are allowed, also where the other is shorter.")
                .same_bytes("the text", &got, text.as_bytes());
            lab.because("What stands behind the string belongs to what follows.")
                .same("bytes of the string", taken, len);
        }
        let long = [b"\x7f\x49".to_vec(), vec![b'x'; 200]].concat();
        let (got, taken) = lab.ok("read_string(200 times x)", || read_string(&long));
        lab.because("A length of 127 and more goes over the first byte.")
            .same(
                "bytes of the text, and of the string",
                (got.len(), taken),
                (200, 202),
            );
        for (why, digits) in [
            ("There is no length.", ""),
            (
                "Five bytes are announced, and four are there.",
                "05 61 62 63 64",
            ),
            ("Two billion bytes are announced.", "7f 80 ff ff ff 07 61"),
            (
                "In Huffman's code 00 is the symbol 0, five zeros, and three bits more. Only ones may fill the last byte.",
                "81 00",
            ),
        ] {
            let bytes = hex(digits);
            let got = lab.you(&format!("read_string({digits})"), || read_string(&bytes));
            is_compression_error(lab, why, "the error", got);
        }
    });
}

/// The entries of a table, the newest first.
fn entries(lab: &Lab, table: &Table) -> Vec<String> {
    let mut all = Vec::new();
    for number in 1..200 {
        match lab.you(&format!("get({number})"), || table.get(number)) {
            Some((name, value)) => {
                all.push(format!("{}={}", name.escape_ascii(), value.escape_ascii()))
            }
            None => break,
        }
    }
    all
}

fn insert(lab: &Lab, table: &mut Table, name: &str, value: &str) {
    let call = format!("insert({name:?}, {value:?})");
    lab.you(&call, || table.insert(name.as_bytes(), value.as_bytes()));
}

fn is(lab: &Lab, why: &str, table: &Table, want: &[&str], size: usize) {
    let got = entries(lab, table);
    lab.because(why).same(
        "the entries, the newest first",
        got,
        want.iter().map(|s| (*s).to_owned()).collect(),
    );
    let got = lab.you("size()", || table.size());
    lab.because(
        "An entry counts for its name, its value and 32 bytes more (RFC 7541, section 4.1).",
    )
    .same("the size", got, size);
}

#[test]
fn s2_eviction_by_size_32_plus() {
    lab(|lab| {
        let mut table = Table::new(110);
        is(lab, "A new table is empty.", &table, &[], 0);
        insert(lab, &mut table, "a", "1");
        insert(lab, &mut table, "b", "22");
        insert(lab, &mut table, "c", "3");
        let why = "The newest entry is number 1 (RFC 7541, section 2.3.2).";
        is(lab, why, &table, &["c=3", "b=22", "a=1"], 103);
        insert(lab, &mut table, "d", "44444444");
        let why = "103 bytes and 41 are more than 110. The oldest entry goes, and 110 bytes are left: that fits exactly (section 4.4).";
        is(lab, why, &table, &["d=44444444", "c=3", "b=22"], 110);
        insert(lab, &mut table, "e", "");
        let why = "One byte too many, and the oldest goes.";
        is(lab, why, &table, &["e=", "d=44444444", "c=3"], 108);
        insert(lab, &mut table, "f", &"6".repeat(60));
        let why = "As many go as it needs to make room for the new one.";
        is(lab, why, &table, &[&format!("f={}", "6".repeat(60))], 93);
        insert(lab, &mut table, "g", "7");
        insert(lab, &mut table, "g", "7");
        let why = "The same entry twice is two entries (section 2.3.2).";
        is(lab, why, &table, &["g=7", "g=7"], 68);
    });
}

#[test]
fn s2_an_entry_larger_than_the_table() {
    lab(|lab| {
        let mut table = Table::new(100);
        insert(lab, &mut table, "a", "1");
        insert(lab, &mut table, "b", "2");
        insert(lab, &mut table, "c", &"3".repeat(68));
        let why = "An entry that is larger than the table empties it, and is not kept. That is no error (RFC 7541, section 4.4).";
        is(lab, why, &table, &[], 0);
        insert(lab, &mut table, "c", &"3".repeat(67));
        is(
            lab,
            "An entry that is as large as the table is kept.",
            &table,
            &[&format!("c={}", "3".repeat(67))],
            100,
        );
        let mut none = Table::new(0);
        insert(lab, &mut none, "", "");
        is(
            lab,
            "A table of 0 bytes keeps nothing: an entry has 32 bytes even if it is empty.",
            &none,
            &[],
            0,
        );
        for number in [0, usize::MAX] {
            let got = lab.you(&format!("get({number})"), || table.get(number).is_some());
            lab.because("There is no entry 0, and none behind the last.")
                .same("whether there is an entry", got, false);
        }
    });
}

#[test]
fn s2_another_size() {
    lab(|lab| {
        let mut table = Table::new(200);
        for name in ["a", "b", "c", "d"] {
            insert(lab, &mut table, name, "1");
        }
        lab.you("resize(102)", || table.resize(102));
        let why = "With a smaller size the oldest entries go at once (RFC 7541, section 4.3).";
        is(lab, why, &table, &["d=1", "c=1", "b=1"], 102);
        lab.you("resize(101)", || table.resize(101));
        is(lab, why, &table, &["d=1", "c=1"], 68);
        lab.you("resize(200)", || table.resize(200));
        is(
            lab,
            "A larger size brings nothing back.",
            &table,
            &["d=1", "c=1"],
            68,
        );
        insert(lab, &mut table, "e", &"x".repeat(99));
        is(
            lab,
            "The new size holds for what comes then.",
            &table,
            &[&format!("e={}", "x".repeat(99)), "d=1", "c=1"],
            200,
        );
        lab.you("resize(0)", || table.resize(0));
        is(
            lab,
            "A size of 0 empties the table: so an encoder may ask for it.",
            &table,
            &[],
            0,
        );
        insert(lab, &mut table, "f", "1");
        is(lab, "And it stays empty.", &table, &[], 0);
    });
}

#[test]
fn s2_a_large_table_is_fast() {
    lab(|lab| {
        lab.if_stuck("insert should not move all other entries: a block of small fields would take a time that grows with the square of its length. A VecDeque takes new entries in front.");
        let mut table = Table::new(4_000_000);
        lab.you("insert(name, value), 60 000 times", || {
            for n in 0..60_000_u32 {
                table.insert(&n.to_be_bytes(), b"v");
            }
        });
        let got = lab.you("get(60 000)", || {
            table.get(60_000).map(|(name, _)| name.to_vec())
        });
        lab.because("60 000 entries fit, and the newest is number 1: the oldest is number 60 000.")
            .same("its name", got, Some(vec![0; 4]));
    });
}

const C3: [(&str, Lines); 3] = [
    (
        "828684410f7777772e6578616d706c652e636f6d",
        &[
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/"),
            (":authority", "www.example.com"),
        ],
    ),
    (
        "828684be58086e6f2d6361636865",
        &[
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/"),
            (":authority", "www.example.com"),
            ("cache-control", "no-cache"),
        ],
    ),
    (
        "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        &[
            (":method", "GET"),
            (":scheme", "https"),
            (":path", "/index.html"),
            (":authority", "www.example.com"),
            ("custom-key", "custom-value"),
        ],
    ),
];

const C4: [&str; 3] = [
    "828684418cf1e3c2e5f23a6ba0ab90f4ff",
    "828684be5886a8eb10649cbf",
    "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
];

const COOKIE: &str = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";

const C6: [(&str, Lines); 3] = [
    (
        "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
        &[
            (":status", "302"),
            ("cache-control", "private"),
            ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("location", "https://www.example.com"),
        ],
    ),
    (
        "4883640effc1c0bf",
        &[
            (":status", "307"),
            ("cache-control", "private"),
            ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("location", "https://www.example.com"),
        ],
    ),
    (
        "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
        &[
            (":status", "200"),
            ("cache-control", "private"),
            ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
            ("location", "https://www.example.com"),
            ("content-encoding", "gzip"),
            ("set-cookie", COOKIE),
        ],
    ),
];

fn decode(lab: &Lab, decoder: &mut HpackDecoder, digits: &str) -> String {
    let block = hex(digits);
    match lab.you(&format!("decode({digits})"), || decoder.decode(&block)) {
        Ok(fields) => list(fields),
        Err(fault) => format!("an error, {}", code::name(fault.code)),
    }
}

const ONE_TABLE: &str = "There is one table for each direction of a connection, and every block changes it for those behind: the second request names by a number what the first has spelled (RFC 7541, section 2.2).";

#[test]
fn s2_c3_requests_with_dynamic_table() {
    lab(|lab| {
        let mut decoder = HpackDecoder::new(4096, 1 << 16);
        for (digits, want) in C3 {
            let got = decode(lab, &mut decoder, digits);
            lab.because(ONE_TABLE)
                .same("the fields (RFC 7541, C.3)", got, listed(want));
        }
        let mut decoder = HpackDecoder::new(4096, 1 << 16);
        for (digits, (_, want)) in C4.iter().zip(C3) {
            let got = decode(lab, &mut decoder, digits);
            lab.because(ONE_TABLE)
                .same("the fields (RFC 7541, C.4)", got, listed(want));
        }
    });
}

#[test]
fn s2_c6_responses_with_eviction() {
    lab(|lab| {
        let mut decoder = HpackDecoder::new(256, 1 << 16);
        for (digits, want) in C6 {
            let got = decode(lab, &mut decoder, digits);
            lab.because("With a table of 256 bytes, old entries go while new ones come, and all numbers move (RFC 7541, section 4.4).")
                .same("the fields (RFC 7541, C.6)", got, listed(want));
        }
    });
}

#[test]
fn s2_each_kind_of_field() {
    lab(|lab| {
        for (why, digits, want) in [
            (
                "0x80: an index, which stands for name and value (RFC 7541, section 6.1).",
                "82",
                ":method=GET",
            ),
            (
                "Indexes begin with 1, and the static table has 61 entries.",
                "81 bd",
                ":authority= www-authenticate=",
            ),
            (
                "0x40: a literal that the table keeps (section 6.2.1).",
                "40 01 61 01 62 be",
                "a=b a=b",
            ),
            (
                "Its name may be an index.",
                "44 02 2f 78 be",
                ":path=/x :path=/x",
            ),
            (
                "0x00: a literal that the table does not keep (section 6.2.2).",
                "00 01 61 01 62 40 01 63 01 64 be",
                "a=b c=d c=d",
            ),
            (
                "With four bits for the index of the name: 15 and more go over the first byte.",
                "0f 0d 03 31 32 33",
                "content-length=123",
            ),
            (
                "0x10: a literal that no table may keep, here and in every proxy behind: that is told to the program (section 6.2.3).",
                "10 01 61 01 62",
                "a=b (secret)",
            ),
            (
                "Its name may be an index as well.",
                "1f 08 01 78",
                "authorization=x (secret)",
            ),
            (
                "An index is not secret, whatever its name is: who has sent it has allowed tables to keep it.",
                "97",
                "authorization=",
            ),
            (
                "Neither are literals of the other two kinds.",
                "57 01 78 be 0f 08 01 79",
                "authorization=x authorization=x authorization=y",
            ),
            (
                "An empty value, and an empty name.",
                "00 01 61 00 00 00 01 62",
                "a= =b",
            ),
            (
                "The oldest of two entries has the higher number.",
                "40 01 61 01 62 40 01 63 01 64 bf be",
                "a=b c=d a=b c=d",
            ),
            (
                "A name that is an entry of the dynamic table.",
                "40 01 61 01 62 7e 01 63 be bf",
                "a=b a=c a=c a=b",
            ),
            (
                "The order is the order in which they come.",
                "00 01 62 00 00 01 61 00 00 01 62 00",
                "b= a= b=",
            ),
            ("A block without fields is an empty list.", "", ""),
            (
                "Such a literal is not in the table, either.",
                "40 01 61 01 62 10 01 78 01 79 be",
                "a=b x=y (secret) a=b",
            ),
        ] {
            let mut decoder = HpackDecoder::new(4096, 1 << 16);
            let got = decode(lab, &mut decoder, digits);
            lab.because(why).same("the fields", got, want.to_owned());
        }
    });
}

#[test]
fn s2_integer_overflow_and_index_0() {
    lab(|lab| {
        for (why, digits) in [
            ("Index 0 is not used (RFC 7541, section 6.1).", "80"),
            (
                "62 is the first entry of the dynamic table, and it is empty (section 2.3.3).",
                "be",
            ),
            ("An index far behind the last entry.", "ff 80 ff ff ff 07"),
            (
                "An index that is too large for a number.",
                "ff 80 80 80 80 10",
            ),
            (
                "The name of a literal has an index that no table has.",
                "7e 01 61",
            ),
            ("The same, for one that is not kept.", "0f 2f 01 61"),
            ("The block ends behind the first byte of a literal.", "40"),
            ("The block ends in a name.", "40 03 61 62"),
            ("The block ends behind a name.", "00 01 61"),
            ("The block ends in an index.", "ff"),
            ("The block ends in a size.", "3f e1"),
            ("A field that is whole, and one that is not.", "82 40"),
            (
                "The last string has Huffman's code 00: the symbol 0, and three bits that are not ones.",
                "00 01 61 81 00",
            ),
        ] {
            let mut decoder = HpackDecoder::new(4096, 1 << 16);
            let block = hex(digits);
            let got = lab.you(&format!("decode({digits})"), || decoder.decode(&block));
            is_compression_error(lab, why, "the error", got);
        }
    });
}

#[test]
fn s2_updates_of_the_table_size() {
    lab(|lab| {
        let fill = "40 01 61 01 62 40 01 63 01 64";
        for (why, digits, want) in [
            (
                "An update of the size to 34 keeps one entry of 34 bytes (RFC 7541, section 6.3).",
                "3f 03 be",
                "c=d",
            ),
            (
                "Two updates may stand at the beginning: to the smallest size, and to the last (section 4.2).",
                "20 3f e1 1f 82",
                ":method=GET",
            ),
            (
                "The same size as before is an update as well.",
                "3f e1 1f be",
                "c=d",
            ),
        ] {
            let mut decoder = HpackDecoder::new(4096, 1 << 16);
            let _ = decode(lab, &mut decoder, fill);
            let got = decode(lab, &mut decoder, digits);
            lab.because(why).same("the fields", got, want.to_owned());
        }
        for (why, digits) in [
            ("The size 0 has emptied the table.", "20 be"),
            ("It stays empty when it is large again.", "20 3f e1 1f be"),
            (
                "The older of two entries is gone with a size of 34.",
                "3f 03 bf",
            ),
            ("An update stands before all fields (section 4.2).", "82 20"),
            (
                "An update stands before all fields, and not between two.",
                "82 3f e1 1f 82",
            ),
            (
                "An update above the maximum that was allowed (section 6.3).",
                "3f e2 1f",
            ),
            ("An update far above the maximum.", "3f 80 ff ff ff 07"),
        ] {
            let mut decoder = HpackDecoder::new(4096, 1 << 16);
            let _ = decode(lab, &mut decoder, fill);
            let block = hex(digits);
            let got = lab.you(&format!("decode({digits})"), || decoder.decode(&block));
            is_compression_error(lab, why, "the error", got);
        }
    });
}

#[test]
fn s2_a_smaller_table_must_be_acknowledged() {
    lab(|lab| {
        let fill = "40 01 61 01 62";
        for (why, max, digits, want) in [
            (
                "When less is allowed than the encoder uses, its next block begins with an update (RFC 9113, section 4.3.1).",
                100,
                "3f 45 be",
                Some("a=b"),
            ),
            (
                "It may be smaller than what is allowed.",
                100,
                "20 82",
                Some(":method=GET"),
            ),
            (
                "Without an update the tables would differ from now on.",
                100,
                "be",
                None,
            ),
            (
                "The same with a field of the static table.",
                100,
                "82",
                None,
            ),
            (
                "An update that is larger than what is allowed.",
                100,
                "3f 46 82",
                None,
            ),
            (
                "When more is allowed, the encoder need not say anything.",
                8192,
                "be",
                Some("a=b"),
            ),
            ("It may say more then.", 8192, "3f e1 3f be", Some("a=b")),
            ("But not more than that.", 8192, "3f e2 3f be", None),
            ("The same size is no change.", 4096, "be", Some("a=b")),
        ] {
            let mut decoder = HpackDecoder::new(4096, 1 << 16);
            let _ = decode(lab, &mut decoder, fill);
            lab.you(&format!("set_max({max})"), || decoder.set_max(max));
            match want {
                Some(want) => {
                    let got = decode(lab, &mut decoder, digits);
                    lab.because(why).same("the fields", got, want.to_owned());
                    let got = lab.you("decode(82)", || decoder.decode(&[0x82]).is_ok());
                    lab.because("One update is enough: the blocks behind need none.")
                        .same("whether the next block is read", got, true);
                }
                None => {
                    let block = hex(digits);
                    let got = lab.you(&format!("decode({digits})"), || decoder.decode(&block));
                    is_compression_error(lab, why, "the error", got);
                }
            }
        }
        for (why, sizes, digits, wanted) in [
            (
                "A block without fields is the next block, and must say the size as well.",
                &[100][..],
                "",
                false,
            ),
            (
                "What is allowed has fallen and risen again before the next block. It has been less than the table has, so the block still begins with an update (RFC 7541, section 4.2).",
                &[100, 4096],
                "82",
                false,
            ),
            (
                "The same with the update.",
                &[100, 4096],
                "3f 45 3f e1 1f 82",
                true,
            ),
        ] {
            let mut decoder = HpackDecoder::new(4096, 1 << 16);
            let _ = decode(lab, &mut decoder, fill);
            for max in sizes {
                lab.you(&format!("set_max({max})"), || decoder.set_max(*max));
            }
            let block = hex(digits);
            let got = lab.you(&format!("decode({digits})"), || decoder.decode(&block));
            match wanted {
                true => lab
                    .because(why)
                    .same("whether the block is read", got.is_ok(), true),
                false => is_compression_error(lab, why, "the error", got),
            }
        }
        let mut decoder = HpackDecoder::new(4096, 1 << 16);
        let _ = decode(lab, &mut decoder, "3f 45 82");
        lab.you("set_max(1000)", || decoder.set_max(1000));
        let got = decode(lab, &mut decoder, "82");
        lab.because("The encoder's table has 100 bytes already, by its own choice. 1000 are allowed now, which takes nothing from it, so there is nothing to say.")
            .same("the fields", got, ":method=GET".to_owned());
        let mut decoder = HpackDecoder::new(4096, 1 << 16);
        lab.you("set_max(8192)", || decoder.set_max(8192));
        for _ in 0..150 {
            let _ = decode(lab, &mut decoder, "40 01 61 01 62");
        }
        let block = hex("ff 39");
        let got = lab.you("decode(the 122nd entry)", || decoder.decode(&block));
        is_compression_error(
            lab,
            "More is allowed, but the encoder has not taken it: its table still has 4096 bytes, which is 120 entries of 34.",
            "the error",
            got,
        );
    });
}

#[test]
fn s2_a_list_that_is_too_long() {
    lab(|lab| {
        let why = "A list counts 32 bytes more for each field (RFC 9113, section 6.5.2). One that is longer than the maximum is not given out.";
        let mut decoder = HpackDecoder::new(4096, 102);
        let got = decode(
            lab,
            &mut decoder,
            "00 01 61 01 62 00 01 61 01 62 00 01 61 01 62",
        );
        lab.because("Three fields of 34 bytes are 102 bytes, which is allowed.")
            .same("the fields", got, "a=b a=b a=b".to_owned());
        let got = decode(
            lab,
            &mut decoder,
            "00 01 61 01 62 00 01 61 01 62 00 01 61 02 62 62",
        );
        lab.because(why)
            .same("the fields", got, "no list".to_owned());
        let got = decode(
            lab,
            &mut decoder,
            "00 01 61 01 62 00 01 61 01 62 00 01 61 01 62 00 00 00",
        );
        lab.because(why)
            .same("the fields", got, "no list".to_owned());
        let _ = decode(
            lab,
            &mut decoder,
            "00 01 61 01 62 00 01 61 01 62 00 01 61 01 62 00 00 00 40 01 78 01 79",
        );
        let got = decode(lab, &mut decoder, "be");
        lab.because("The table follows the whole block, also behind the end of what is kept: else all blocks behind would be read wrongly.")
            .same("the fields", got, "x=y".to_owned());
        let block = hex("00 01 61 01 62 00 01 61 01 62 00 01 61 01 62 00 00 00 80");
        let got = lab.you(
            "decode(a list that is too long, with index 0 at its end)",
            || decoder.decode(&block),
        );
        is_compression_error(
            lab,
            "What is not kept is read all the same, and its errors are errors.",
            "the error",
            got,
        );
    });
}

#[test]
fn s2_a_bomb() {
    lab(|lab| {
        let mut decoder = HpackDecoder::new(4096, 16_384);
        let mut block = vec![0x40, 1, b'a', 0x7f];
        let mut len = Vec::new();
        write_len(4000, &mut len);
        block.extend(&len[1..]);
        block.extend(vec![b'x'; 4000]);
        block.extend(vec![0xbe; 50_000]);
        lab.if_stuck("Fields behind the maximum need not be collected.");
        let (got, grown) = peak(|| {
            lab.because("Nothing is wrong with the block: a list that is too long is no error of HPACK, and is read to its end.")
                .ok("decode(an entry of 4 kB, and 50 000 times its index)", || {
                    decoder.decode(&block)
                })
        });
        let why = "Fifty thousand bytes would become 200 megabytes: HPACK can be made into a bomb. Never is more kept than the maximum, not even until the end of the block (RFC 9113, section 10.5.1).";
        lab.because(why)
            .same("the fields", list(got), "no list".to_owned());
        if let Some(grown) = grown {
            lab.because(why).holds(
                grown < 100_000,
                "no more than 100 MB of memory while it decodes",
                format!("{} MB", grown / 1000),
            );
        }
    });
}

/// A length with a prefix of seven bits.
fn write_len(len: usize, out: &mut Vec<u8>) {
    out.push(0x7f);
    let mut rest = len - 127;
    while rest >= 128 {
        out.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    out.push(rest as u8);
}

fn encode(lab: &Lab, encoder: &mut HpackEncoder, lines: Lines) -> Vec<u8> {
    let fields = fields(lines);
    let brief = match fields.iter().find(|field| field.value.len() > 60) {
        Some(long) => format!("{}={} bytes", long.name.escape_ascii(), long.value.len()),
        None => shown(&fields),
    };
    lab.you(&format!("encode({brief})"), || encoder.encode(&fields))
}

#[test]
fn s2_encoder_writes_the_examples() {
    lab(|lab| {
        let mut encoder = HpackEncoder::new();
        for (digits, (_, lines)) in C4.iter().zip(C3) {
            let got = encode(lab, &mut encoder, lines);
            lab.because("What a table has is an index; a literal takes its name from a table, and goes into the table; a string is in Huffman's code where that is shorter.")
                .same_bytes("the block (RFC 7541, C.4)", &got, &hex(digits));
        }
        let mut encoder = HpackEncoder::new();
        lab.you("set_max(256)", || encoder.set_max(256));
        let mut decoder = HpackDecoder::new(256, 1 << 16);
        for (at, (digits, lines)) in C6.iter().enumerate() {
            let got = encode(lab, &mut encoder, lines);
            let update = if at == 0 { 3 } else { 0 };
            lab.because("The encoder's table evicts as the decoder's does: what is gone there is spelled again. The first block says the new size first.")
                .same("bytes of the block (RFC 7541, C.6)", got.len(), hex(digits).len() + update);
            let got = list(lab.ok("decode(what you have encoded)", || decoder.decode(&got)));
            lab.because("Indexes are the same at both ends.").same(
                "the fields",
                got,
                listed(lines),
            );
        }
    });
}

#[test]
fn s2_encoder_repeats_itself_briefly() {
    lab(|lab| {
        let lines: Lines = &[
            (":method", "GET"),
            (":path", "/a/b"),
            ("user-agent", "loopback"),
            ("x-a", "1"),
            ("x-a", "2"),
            ("x-b", ""),
        ];
        let mut encoder = HpackEncoder::new();
        let _ = encode(lab, &mut encoder, lines);
        for _ in 0..2 {
            let got = encode(lab, &mut encoder, lines);
            lab.because("Everything is in a table now, and each field is one byte: that is what HPACK is for.")
                .same("bytes of the block", got.len(), lines.len());
        }
        let mut decoder = HpackDecoder::new(4096, 1 << 16);
        let mut encoder = HpackEncoder::new();
        for round in 0..3 {
            let block = encode(lab, &mut encoder, lines);
            let got = list(lab.ok("decode(what you have encoded)", || decoder.decode(&block)));
            lab.because("The decoder's table follows the encoder's.")
                .same(&format!("the fields, in round {round}"), got, listed(lines));
        }
    });
}

#[test]
fn s2_encoder_never_indexes_secrets() {
    lab(|lab| {
        let mut encoder = HpackEncoder::new();
        let secret = [
            Field::secret("authorization", "xx"),
            Field::secret("x-key", "zz"),
            Field::secret(":method", "GET"),
        ];
        for _ in 0..2 {
            let block = lab.you("encode(three secret fields)", || encoder.encode(&secret));
            lab.because("In the static table :method: GET is entry 2, and yet it is no index here: 0x12 is a literal that is never indexed, with the name of entry 2.")
                .same("the byte with which :method begins", block.get(14).copied(), Some(0x12));
            lab.because("The name of a secret is no secret: it is an index where a table has it.")
                .same(
                    "the first two bytes",
                    block.get(..2).map(<[u8]>::to_vec),
                    Some(vec![0x1f, 0x08]),
                );
            let mut decoder = HpackDecoder::new(4096, 1 << 16);
            let got = list(lab.ok("decode(what you have encoded)", || decoder.decode(&block)));
            lab.because("A secret field is a literal that is never indexed, each time and in every block: whoever can guess parts of a table from lengths must not find it there (RFC 7541, section 7.1.3). That holds even for what the static table has.")
                .same("the fields", got, "authorization=xx (secret) x-key=zz (secret) :method=GET (secret)".to_owned());
        }
        let named = lab.you("encode(authorization: a, which is no secret)", || {
            HpackEncoder::new().encode(&[Field::new("authorization", "a")])
        });
        lab.because("The program says which fields are secret, and no name does: this one goes into the table.")
            .same("the first byte, a literal with the name of entry 23", named.first().copied(), Some(0x57));
        let open = lab.you("encode(x-key: zz, which is no secret)", || {
            encoder.encode(&[Field::new("x-key", "zz")])
        });
        lab.because("What was secret has not come into the table.")
            .same(
                "the first byte, a literal with a new name",
                open.first().copied(),
                Some(0x40),
            );
    });
}

#[test]
fn s2_encoder_keeps_no_giants() {
    lab(|lab| {
        let mut encoder = HpackEncoder::new();
        let _ = encode(lab, &mut encoder, &[("x-a", "1")]);
        let giant = "x".repeat(4096 - 32 - 3 + 1);
        let block = encode(lab, &mut encoder, &[("x-g", &giant)]);
        lab.because("A field that is larger than the whole table would empty it and not be kept. It is a literal that is not indexed.")
            .same("the first byte", block.first().copied(), Some(0));
        let got = encode(lab, &mut encoder, &[("x-a", "1")]);
        lab.because("The large field has not entered the table, so x-a: 1 is still its newest entry, number 62.")
            .same_bytes("the block", &got, &[0xbe]);
        let mut encoder = HpackEncoder::new();
        let block = encode(lab, &mut encoder, &[("x-g", &giant[1..])]);
        lab.because("A field that is as large as the table fits.")
            .same("the first byte", block.first().copied(), Some(0x40));
        lab.you("set_max(0)", || encoder.set_max(0));
        let got = encode(lab, &mut encoder, &[("x~", "~"), (":method", "GET")]);
        lab.because(
            "With a table of 0 bytes nothing is kept, and the static table is all there is.",
        )
        .same_bytes("the block", &got, &hex("20 00 02 787e 01 7e 82"));
    });
}

#[test]
fn s2_encoder_says_its_size() {
    lab(|lab| {
        let block = |changes: &[usize]| {
            let mut encoder = HpackEncoder::new();
            let _ = encode(lab, &mut encoder, &[("x-a", "1"), ("x-b", "2")]);
            for max in changes {
                lab.you(&format!("set_max({max})"), || encoder.set_max(*max));
            }
            let first = encode(lab, &mut encoder, &[(":method", "GET")]);
            let second = encode(lab, &mut encoder, &[(":method", "GET")]);
            lab.because("The size is said once, at the beginning of the next block.")
                .same_bytes("the block behind it", &second, &[0x82]);
            first
        };
        for (why, changes, digits) in [
            ("No change, no update.", &[][..], "82"),
            (
                "A smaller table is said at the beginning of the next block (RFC 7541, section 4.2).",
                &[100],
                "3f45 82",
            ),
            ("The size 0.", &[0], "20 82"),
            (
                "More than the default is not used, so nothing changes.",
                &[65_536],
                "82",
            ),
            ("The same size is no change.", &[4096], "82"),
            (
                "Of several changes the smallest is said, and then the last: in between entries were lost.",
                &[0, 4096],
                "20 3fe11f 82",
            ),
            (
                "The smallest, and then the last.",
                &[200, 100, 300],
                "3f45 3f8d02 82",
            ),
            (
                "If the smallest is the last, it is said once.",
                &[300, 100],
                "3f45 82",
            ),
            (
                "Down, and up beyond the default.",
                &[50, 1_000_000],
                "3f13 3fe11f 82",
            ),
        ] {
            let got = block(changes);
            lab.because(why).same_bytes("the block", &got, &hex(digits));
        }
        let mut encoder = HpackEncoder::new();
        let _ = encode(lab, &mut encoder, &[("x-a", "1")]);
        lab.you("set_max(0)", || encoder.set_max(0));
        lab.you("set_max(4096)", || encoder.set_max(4096));
        let got = encode(lab, &mut encoder, &[("x-a", "1")]);
        lab.because("A table that was down to 0 bytes is empty, though it is large again: the decoder's is, too. So this is a literal, behind two updates.")
            .same("the first byte behind the updates", got.get(4).copied(), Some(0x40));
        lab.you("set_max(100)", || encoder.set_max(100));
        let _ = encode(lab, &mut encoder, &[]);
        lab.you("set_max(4096)", || encoder.set_max(4096));
        let got = encode(lab, &mut encoder, &[(":method", "GET")]);
        lab.because("Back to the default is a change as well: the decoder believes that the table has 100 bytes.").same_bytes("the block", &got, &hex("3fe11f 82"));
    });
}

#[test]
fn s2_two_encoders_two_tables() {
    lab(|lab| {
        let mut one = HpackEncoder::new();
        let mut other = HpackEncoder::new();
        let first = encode(lab, &mut one, &[("x-a", "1")]);
        let second = encode(lab, &mut other, &[("x-a", "1")]);
        lab.because(
            "Each connection has tables of its own: what one peer has heard, another has not.",
        )
        .same_bytes("the block of another connection", &second, &first);
        let mut one = HpackDecoder::new(4096, 1 << 16);
        let mut other = HpackDecoder::new(4096, 1 << 16);
        let _ = decode(lab, &mut one, "40 01 61 01 62");
        let got = lab.you("decode(be), by another decoder", || other.decode(&[0xbe]));
        is_compression_error(
            lab,
            "Each connection has tables of its own.",
            "the error",
            got,
        );
    });
}

#[test]
fn s2_encoder_takes_the_lowest_index() {
    lab(|lab| {
        let mut encoder = HpackEncoder::new();
        for (why, lines, digits) in [
            (
                "The static table has :status seven times. The lowest index is taken.",
                &[(":status", "201")][..],
                "48 03 323031",
            ),
            (
                "The name of :path stands at 4.",
                &[(":path", "/~")],
                "44 02 2f7e",
            ),
            (
                "An entry with name and value is an index. The dynamic table has such an entry, the static one only the name: the name alone would need the value behind it.",
                &[(":status", "201")],
                "bf",
            ),
            (
                "A name that only the dynamic table has.",
                &[("x~", "~")],
                "40 02 787e 01 7e",
            ),
            ("And again, with another value.", &[("x~", "|")], "7e 01 7c"),
        ] {
            let got = encode(lab, &mut encoder, lines);
            let want = hex(digits);
            if why.starts_with("The static table") {
                // 201 is shorter in Huffman's code.
                lab.because(why).same(
                    "the first byte",
                    got.first().copied(),
                    want.first().copied(),
                );
                continue;
            }
            lab.because(why).same_bytes("the block", &got, &want);
        }
    });
}

#[test]
fn s2_lists_go_through() {
    lab(|lab| {
        for seed in lab.seeds(20) {
            let mut dice = netlab::Dice::new(seed);
            let mut next = move || dice.next() as usize;
            let mut encoder = HpackEncoder::new();
            let mut decoder = HpackDecoder::new(4096, 1 << 20);
            for _ in 0..30 {
                let mut list = Vec::new();
                for _ in 0..next() % 8 {
                    let name = format!("n{}", next() % 6);
                    let value: Vec<u8> = (0..next() % 300).map(|_| (next() % 256) as u8).collect();
                    let value = match next() % 3 {
                        0 => value,
                        _ => format!("v{}", next() % 5).into_bytes(),
                    };
                    list.push(match next() % 5 {
                        0 => Field::secret(name, value),
                        _ => Field::new(name, value),
                    });
                }
                if next() % 6 == 0 {
                    let max = next() % 5000;
                    encoder.set_max(max);
                    decoder.set_max(max.min(4096));
                }
                let call = format!("encode({} fields)", list.len());
                let block = lab.you(&call, || encoder.encode(&list));
                if block.is_empty() {
                    continue;
                }
                let why = "What goes in comes out, block after block, with tables that change their size. Where it does not, encoder and decoder have different tables, or one of them has lost the mark of a secret.";
                let got = lab
                    .because(why)
                    .ok("decode(what you have encoded)", || decoder.decode(&block))
                    .unwrap_or_default();
                lab.because(why)
                    .same("how many fields", got.len(), list.len());
                for (at, (got, want)) in got.iter().zip(&list).enumerate() {
                    let brief = |field: &Field| {
                        let words = shown(std::slice::from_ref(field));
                        match (field.value.len(), field.is_secret) {
                            (..20, _) => words,
                            (len, true) => format!("{} bytes (secret)", len),
                            (len, false) => format!("{} bytes", len),
                        }
                    };
                    let is_same = (&got.name, &got.value, got.is_secret)
                        == (&want.name, &want.value, want.is_secret);
                    lab.because(why).holds(
                        is_same,
                        format!("field {} of {}: {}", at + 1, list.len(), brief(want)),
                        brief(got),
                    );
                }
            }
        }
    });
}
