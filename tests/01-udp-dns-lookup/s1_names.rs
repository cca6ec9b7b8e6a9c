use netlab::Lab;
use udp_dns_lookup::{Name, NameError};

use super::scene::wordless;

/// The student's wire form of a name given as text.
fn encoded(lab: &Lab, text: &str) -> Vec<u8> {
    let name = lab.ok(&format!("Name::from_text({text:?})"), || {
        Name::from_text(text)
    });
    let mut out = Vec::new();
    lab.you("encode(out)", || name.encode(&mut out));
    out
}

/// Which error it is, in a word of the tests' own.
fn kind(error: NameError) -> &'static str {
    if wordless(&error) {
        return "an error without a sentence for the user";
    }
    match error {
        NameError::EmptyLabel => "EmptyLabel",
        NameError::LabelTooLong => "LabelTooLong",
        NameError::NameTooLong => "NameTooLong",
        NameError::NotAscii => "NotAscii",
    }
}

fn refused(lab: &Lab, text: &str, want: &str) {
    refused_as_one_of(lab, text, &[want]);
}

/// A text may break two rules at once; which of the two is told first is the reader's choice.
fn refused_as_one_of(lab: &Lab, text: &str, wanted: &[&str]) {
    let call = match text.chars().count() {
        long @ 41.. => format!("Name::from_text(a text of {long} characters)"),
        _ => format!("Name::from_text({text:?})"),
    };
    let error = kind(lab.err(&call, || Name::from_text(text)));
    lab.holds(
        wanted.contains(&error),
        format!("the error of {call}: {}", wanted.join(" or ")),
        error,
    );
}

#[test]
fn s1_each_label_is_length_prefixed() {
    netlab::lab(|lab| {
        lab.why(
            "There are no dots on the wire. Each label is preceded by its length, and the empty \
             label of the root, a zero octet, ends the name (RFC 1035 §3.1).",
        );
        let bytes = encoded(lab, "www.example.com");
        if b"\x03www\x07example\x03com\x00".strip_suffix(b"\x00") == Some(bytes.as_slice()) {
            lab.why(
                "The last octet is missing: every name ends with the root's empty label, a zero \
                 octet. Without it a reader takes what follows for one more label (RFC 1035 §3.1).",
            );
        }
        lab.same_bytes("www.example.com", &bytes, b"\x03www\x07example\x03com\x00");
        lab.because("A name may have many dots, and each of them is a border.")
            .same_bytes(
                "a.b.c.d.e.f.g",
                &encoded(lab, "a.b.c.d.e.f.g"),
                b"\x01a\x01b\x01c\x01d\x01e\x01f\x01g\x00",
            );
    });
}

#[test]
fn s1_labels_are_kept_as_they_are() {
    netlab::lab(|lab| {
        lab.why(
            "Names compare without case, but they travel as they were written (RFC 4343 §4). \
             Nothing is corrected: a blank, a backslash or a star is an ordinary byte.",
        );
        let bytes = encoded(lab, "WwW.Example-1_2.COM");
        lab.same_bytes("wire form", &bytes, b"\x03WwW\x0bExample-1_2\x03COM\x00");
        let bytes = encoded(lab, " a.test");
        lab.same_bytes("wire form of \" a.test\"", &bytes, b"\x02 a\x04test\x00");
        let bytes = encoded(lab, "*.-a-.9.\t\x7f");
        lab.same_bytes("wire form", &bytes, b"\x01*\x03-a-\x019\x02\t\x7f\x00");
        let name = lab.ok("Name::from_text(\"Ab.c\\\\.d\")", || {
            Name::from_text("Ab.c\\.d")
        });
        let labels = lab.you("labels()", || name.labels().to_vec());
        lab.same(
            "labels",
            labels,
            vec![b"Ab".to_vec(), b"c\\".to_vec(), b"d".to_vec()],
        );

        lab.why("A label is bytes, not text (RFC 2181 §11): encode copies whatever it holds.");
        let labels = vec![b"\xc3\x84\xff".to_vec(), b"a.b\x00".to_vec()];
        let name = lab.ok("Name::from_labels([c3 84 ff], [\"a.b\" 00])", || {
            Name::from_labels(labels)
        });
        let mut out = Vec::new();
        lab.you("encode(out)", || name.encode(&mut out));
        lab.same_bytes("wire form", &out, b"\x03\xc3\x84\xff\x04a.b\x00\x00");
    });
}

#[test]
fn s1_encode_appends() {
    netlab::lab(|lab| {
        lab.why("The header is already in front of the name. encode appends to it.");
        let name = lab.ok("Name::from_text(\"a\")", || Name::from_text("a"));
        let mut out = vec![0xee, 0xff];
        lab.you("encode(out with two octets in it)", || {
            name.encode(&mut out)
        });
        lab.same_bytes("out", &out, &[0xee, 0xff, 1, b'a', 0]);
    });
}

#[test]
fn s1_root_and_final_dot() {
    netlab::lab(|lab| {
        lab.why(
            "The dot at the end is the root, which every name has: with or without it, the \
                 bytes are the same. A dot alone is the root itself.",
        );
        lab.same_bytes("the root", &encoded(lab, "."), &[0]);
        lab.same_bytes(
            "with a final dot",
            &encoded(lab, "a.bc."),
            b"\x01a\x02bc\x00",
        );
        lab.same_bytes("without it", &encoded(lab, "a.bc"), b"\x01a\x02bc\x00");
    });
}

#[test]
fn s1_empty_labels_are_errors() {
    netlab::lab(|lab| {
        lab.why(
            "A zero octet ends a name, so an empty label in the middle would cut the name in two: \
             `a..b` would be sent as `a`.",
        );
        for text in ["", "a..b", ".a", "..", "a.."] {
            refused(lab, text, "EmptyLabel");
        }
    });
}

#[test]
fn s1_limits_63_and_255() {
    netlab::lab(|lab| {
        lab.why(
            "A length octet has six bits for the length, because the upper two say what it is: the maximum is 63 (RFC 1035 §2.3.4).",
        );
        let longest: &str = &"x".repeat(63);
        let bytes = encoded(lab, longest);
        lab.same("octets of a label of 63", bytes.len(), 65);
        lab.same("its length octet", bytes[0], 63);
        refused(lab, &"x".repeat(64), "LabelTooLong");
        refused_as_one_of(lab, &"x".repeat(256), &["LabelTooLong", "NameTooLong"]);

        lab.why(
            "A name takes at most 255 octets on the wire, with every length octet and the final \
             zero counted (RFC 1035 §2.3.4).",
        );
        // 3 × (1 + 63) + (1 + 61) + 1 = 255
        let of_last = |n: usize| [longest, longest, longest, "y".repeat(n).as_str()].join(".");
        let fits = of_last(61);
        lab.same("octets of the longest name", encoded(lab, &fits).len(), 255);
        let dot_at_the_end = format!("{}.", fits);
        lab.same(
            "octets of the same with a dot",
            encoded(lab, &dot_at_the_end).len(),
            255,
        );
        refused(lab, &of_last(62), "NameTooLong");
    });
}

#[test]
fn s1_limits_hold_for_labels_too() {
    netlab::lab(|lab| {
        lab.why("Every Name is made by from_labels, even those read from the wire.");
        let labels = |lengths: &[usize]| -> Vec<Vec<u8>> {
            lengths.iter().map(|&n| vec![b'x'; n]).collect()
        };
        let root = lab.ok("Name::from_labels([])", || Name::from_labels(labels(&[])));
        lab.same("labels of the root", root.labels().len(), 0);
        let limits = "A label has 1 to 63 octets, wherever it stands. A name has at most 255 octets on the wire: \
                      127 labels of one octet, each with its length, and the zero are just 255.";
        lab.why(limits);
        lab.ok("Name::from_labels(127 labels of 1)", || {
            Name::from_labels(labels(&[1; 127]))
        });
        for (lengths, want) in [
            (vec![1; 128], "NameTooLong"),
            (vec![3, 0, 3], "EmptyLabel"),
            (vec![63; 1024], "NameTooLong"),
            (vec![64], "LabelTooLong"),
            (vec![1, 64, 1], "LabelTooLong"),
        ] {
            let call = match lengths.as_slice() {
                few @ ([_] | [_, _, _]) => format!("Name::from_labels(labels of {few:?} octets)"),
                many => format!("Name::from_labels({} labels of {})", many.len(), many[0]),
            };
            let error = lab.err(&call, || Name::from_labels(labels(&lengths)));
            lab.same("the error", kind(error), want);
        }

        lab.why(
            "A length that does not fit in 8 or in 16 bits must not be cut down to one that fits.",
        );
        for length in [256, 257, 65_536, 65_537] {
            let call = format!("Name::from_labels(one label of {length})");
            let error = kind(lab.err(&call, || Name::from_labels(labels(&[length]))));
            lab.holds(
                ["LabelTooLong", "NameTooLong"].contains(&error),
                format!("the error of {call}: LabelTooLong or NameTooLong"),
                error,
            );
        }
    });
}

#[test]
fn s1_only_ascii() {
    netlab::lab(|lab| {
        lab.why(
            "The DNS would carry any bytes, but `ü` has several encodings. \
             Such names are sent in an ASCII form, xn--… (RFC 5891).",
        );
        for text in ["bücher.example", "example.bücher", "a。b", "１.test"] {
            refused(lab, text, "NotAscii");
        }
        refused_as_one_of(lab, &"ü".repeat(70), &["NotAscii", "LabelTooLong"]);
    });
}

#[test]
fn s1_same_name_in_either_case() {
    netlab::lab(|lab| {
        let same = |one: &[&[u8]], other: &[&[u8]]| {
            let name = |labels: &[&[u8]]| {
                let labels = labels.iter().map(|label| label.to_vec()).collect();
                lab.ok("Name::from_labels(…)", || Name::from_labels(labels))
            };
            let (one, other) = (name(one), name(other));
            lab.you("eq_ignore_case", || one.eq_ignore_case(&other))
        };
        lab.why("ASCII letters count as equal in either case (RFC 4343 §3).");
        lab.same(
            "WWW.example = www.EXAMPLE",
            same(&[b"WWW", b"example"], &[b"www", b"EXAMPLE"]),
            true,
        );

        let (upper, lower): (Vec<u8>, Vec<u8>) = ((b'A'..=b'Z').collect(), (b'a'..=b'z').collect());
        lab.same("A…Z = a…z", same(&[&upper], &[&lower]), true);

        lab.why("Everything else about two equal names is equal.");
        lab.same(
            "www.example = wwx.example",
            same(&[b"www", b"example"], &[b"wwx", b"example"]),
            false,
        );
        lab.same(
            "example = www.example",
            same(&[b"example"], &[b"www", b"example"]),
            false,
        );
        lab.same(
            "www.example = www",
            same(&[b"www", b"example"], &[b"www"]),
            false,
        );
        lab.same("a.b = b.a", same(&[b"a", b"b"], &[b"b", b"a"]), false);

        lab.same("www = ww", same(&[b"www"], &[b"ww"]), false);
        lab.same("ww = www", same(&[b"ww"], &[b"www"]), false);

        lab.why("Where one label ends and the next begins is a part of the name.");
        lab.same("a.bc = ab.c", same(&[b"a", b"bc"], &[b"ab", b"c"]), false);
        lab.same("ab.c = abc", same(&[b"ab", b"c"], &[b"abc"]), false);

        lab.why("A dot inside a label is a byte of that label, not a border between two.");
        lab.same(
            "label \"a.b\" = labels \"a\", \"b\"",
            same(&[b"a.b"], &[b"a", b"b"]),
            false,
        );

        lab.why("Bit 0x20 makes the case of letters only: `@` and a backquote differ by it too.");
        for (one, other) in [("@", "`"), ("[", "{"), ("^", "~"), ("0", "\x10")] {
            let what = format!("{one:?} = {other:?}");
            lab.same(&what, same(&[one.as_bytes()], &[other.as_bytes()]), false);
        }

        lab.why(
            "Only ASCII letters have a second case here. What these bytes would be as text does not \
             matter: a label is bytes (RFC 4343 §3).",
        );
        let (upper, lower) = ("Ä".as_bytes(), "ä".as_bytes());
        lab.same("c3 84 (Ä) = c3 a4 (ä)", same(&[upper], &[lower]), false);
        let kelvin = "\u{212a}".as_bytes();
        lab.same("e2 84 aa (K) = \"k\"", same(&[kelvin], &[b"k"]), false);
        lab.same(
            "c4 (Ä in Latin-1) = e4",
            same(&[b"\xc4"], &[b"\xe4"]),
            false,
        );
    });
}

#[test]
fn s1_display_misleads_nobody() {
    netlab::lab(|lab| {
        lab.why("A name is shown to people: misleading bytes are escaped (RFC 1035 §5.1).");
        let shown = |labels: &[&[u8]]| {
            let labels = labels.iter().map(|label| label.to_vec()).collect();
            let name = lab.ok("Name::from_labels(…)", || Name::from_labels(labels));
            (name.to_string(), format!("{name:?}"))
        };
        let text = |text: &str| (text.to_owned(), format!("Name({text})"));
        lab.same("the root", shown(&[]), text("."));
        lab.same("two labels", shown(&[b"www", b"Test"]), text("www.Test"));
        lab.same(
            "a dot inside",
            shown(&[b"a.b\\", b"c"]),
            text("a\\.b\\\\.c"),
        );
        lab.same(
            "bytes that do not print",
            shown(&[b"\x07 \xff~!"]),
            text("\\007\\032\\255~!"),
        );
    });
}
