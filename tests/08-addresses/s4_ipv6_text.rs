//! Step 4: an IPv6 address as text.

use addresses::{V6Error, parse_v6, show_v6};
use netlab::{Lab, lab};

fn error(error: V6Error) -> &'static str {
    match error {
        V6Error::Group => "Group",
        V6Error::Gap => "Gap",
        V6Error::Count => "Count",
        V6Error::Dotted => "Dotted",
    }
}

/// Groups as one would count them: eight numbers in hexadecimal, nothing left out.
fn plain(groups: &[u16; 8]) -> String {
    groups.map(|group| format!("{group:x}")).join(" ")
}

fn reads(lab: &Lab, text: &str, want: [u16; 8]) {
    let got = lab.ok(&format!("parse_v6({text:?})"), || parse_v6(text));
    lab.same(
        &format!("the groups of {text:?}"),
        plain(&got),
        plain(&want),
    );
}

/// Demands an error, and this one of them if only one thing is wrong.
fn refuses(lab: &Lab, text: &str, want: &str) {
    let got = lab.err(&format!("parse_v6({text:?})"), || parse_v6(text));
    if want != "any" {
        lab.same(&format!("the error for {text:?}"), error(got), want);
    }
}

#[test]
fn s4_eight_groups() {
    lab(|lab| {
        lab.why("An IPv6 address is 128 bits: eight groups of 16, written in hexadecimal and parted by colons (RFC 4291, section 2.2).");
        reads(
            lab,
            "2001:db8:0:0:8:800:200c:417a",
            [0x2001, 0xdb8, 0, 0, 8, 0x800, 0x200c, 0x417a],
        );
        reads(lab, "1:2:3:4:5:6:7:8", [1, 2, 3, 4, 5, 6, 7, 8]);
        reads(lab, "0:0:0:0:0:0:0:0", [0; 8]);
        reads(lab, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", [0xffff; 8]);
        lab.why("Zeros in front of a group mean nothing, up to four digits in all. Large and small letters are the same.");
        reads(
            lab,
            "0001:0020:0300:4000:000a:00B0:0c00:D000",
            [1, 0x20, 0x300, 0x4000, 0xa, 0xb0, 0xc00, 0xd000],
        );
        reads(
            lab,
            "FE80:0:0:0:0:AbC:Def:1",
            [0xfe80, 0, 0, 0, 0, 0xabc, 0xdef, 1],
        );
    });
}

#[test]
fn s4_a_gap_stands_for_the_missing_groups() {
    lab(|lab| {
        lab.why(":: stands for as many groups of zeros as are missing. The groups before it count from the left, the groups after it from the right.");
        reads(
            lab,
            "2001:db8::417a",
            [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x417a],
        );
        reads(lab, "1:2::7:8", [1, 2, 0, 0, 0, 0, 7, 8]);
        reads(lab, "1::6:7:8", [1, 0, 0, 0, 0, 6, 7, 8]);
        lab.why("At the beginning or at the end one side of it is empty. Alone it is the address of all zeros.");
        reads(lab, "::", [0; 8]);
        reads(lab, "::1", [0, 0, 0, 0, 0, 0, 0, 1]);
        reads(lab, "1::", [1, 0, 0, 0, 0, 0, 0, 0]);
        reads(lab, "fe80::", [0xfe80, 0, 0, 0, 0, 0, 0, 0]);
        lab.why("It may stand for a single group. Programs should not write that (RFC 5952, section 4.2.2), but they must read it.");
        reads(lab, "::2:3:4:5:6:7:8", [0, 2, 3, 4, 5, 6, 7, 8]);
        reads(lab, "1:2:3:4:5:6:7::", [1, 2, 3, 4, 5, 6, 7, 0]);
        reads(lab, "1:2:3::5:6:7:8", [1, 2, 3, 0, 5, 6, 7, 8]);
        lab.why("Zeros may also stand there in full, beside a gap.");
        reads(lab, "0:0::0:1", [0, 0, 0, 0, 0, 0, 0, 1]);
        reads(lab, "1:0:0::2", [1, 0, 0, 0, 0, 0, 0, 2]);
    });
}

#[test]
fn s4_an_ipv4_address_at_the_end() {
    lab(|lab| {
        lab.why("The last two groups may be written as an IPv4 address: 192.0.2.1 is c000:0201 (RFC 4291, section 2.2, form 3).");
        reads(
            lab,
            "::ffff:192.0.2.1",
            [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201],
        );
        reads(lab, "::13.1.68.3", [0, 0, 0, 0, 0, 0, 0x0d01, 0x4403]);
        reads(
            lab,
            "64:ff9b::198.51.100.7",
            [0x64, 0xff9b, 0, 0, 0, 0, 0xc633, 0x6407],
        );
        reads(
            lab,
            "1:2:3:4:5:6:255.255.255.255",
            [1, 2, 3, 4, 5, 6, 0xffff, 0xffff],
        );
        reads(lab, "1:2:3:4:5::0.0.0.0", [1, 2, 3, 4, 5, 0, 0, 0]);
        reads(
            lab,
            "0:0:0:0:0:FFFF:10.0.0.1",
            [0, 0, 0, 0, 0, 0xffff, 0x0a00, 1],
        );
    });
}

#[test]
fn s4_two_gaps_are_an_error() {
    lab(|lab| {
        lab.why("Where would the zeros go? 1::2::3 may be 1:0:2:0:0:0:0:3 or 1:0:0:0:0:2:0:3. Only one :: may stand in an address.");
        for text in [
            "1::2::3",
            "::1::",
            "1::2::",
            "2001:db8::8:800::417a",
            "::ffff::192.0.2.1",
        ] {
            refuses(lab, text, "Gap");
        }
        lab.why("Three colons, or four, are a :: and something that is not a group.");
        for text in [":::", "1:::2", ":::1", "1:::", "::::"] {
            refuses(lab, text, "any");
        }
    });
}

#[test]
fn s4_groups_are_counted() {
    lab(|lab| {
        lab.why("Without :: there are eight groups, not seven and not nine.");
        for text in [
            "1",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:0:1",
        ] {
            refuses(lab, text, "Count");
        }
        lab.why("An IPv4 address counts as two groups.");
        for text in [
            "1:2:3:4:5:6:7:192.0.2.1",
            "1:2:3:4:5:192.0.2.1",
            "192.0.2.1",
        ] {
            refuses(lab, text, "Count");
        }
        lab.why(":: stands for one group at least, so with it there are at most seven.");
        for text in [
            "1:2:3:4:5:6:7:8::",
            "::1:2:3:4:5:6:7:8",
            "1:2:3:4::5:6:7:8",
            "1:2:3:4:5::6:7:8:9",
            "1:2:3:4:5:6::192.0.2.1",
            "::1:2:3:4:5:6:192.0.2.1",
        ] {
            refuses(lab, text, "Count");
        }
        lab.why("An empty text has no group.");
        refuses(lab, "", "any");
    });
}

#[test]
fn s4_a_group_is_one_to_four_digits() {
    lab(|lab| {
        lab.why("A group has 16 bits, which are four hexadecimal digits at most. More digits are an error, even if they are zeros.");
        for text in [
            "12345::",
            "::00001",
            "1:2:3:4:5:6:7:00008",
            "::fffff",
            "fffff:2:3:4:5:6:7:8",
        ] {
            refuses(lab, text, "Group");
        }
        lab.why("Digits are 0 to 9 and a to f. Rust's from_str_radix takes a sign as well.");
        for text in [
            "::g",
            "::+1",
            "+1::",
            "::-1",
            "1:2:3:4:5:6:7:+8",
            "::0x1",
            "::1h",
            "\u{ff11}::",
            "::\u{e9}",
            "\u{e9}\u{e9}::1",
        ] {
            refuses(lab, text, "Group");
        }
        lab.why(
            "A single colon separates two groups. At the beginning or at the end it separates nothing.",
        );
        for text in [
            ":1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:",
            ":",
            "::1:",
            ":1::",
            ":1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7:8:",
        ] {
            refuses(lab, text, "any");
        }
    });
}

#[test]
fn s4_what_stands_around_is_not_the_address() {
    lab(|lab| {
        lab.why("Blanks and brackets belong to the text around an address, and a zone to the machine that it is used on (RFC 4007). The caller removes them first.");
        for text in [
            " ::1",
            "::1 ",
            ":: 1",
            "::1\n",
            "\t::1",
            "[::1]",
            "[::1",
            "::1]",
            "fe80::1%eth0",
            "fe80::1%1",
            "::1%",
            "::1/128",
            "[::1]:80",
        ] {
            refuses(lab, text, "Group");
        }
    });
}

#[test]
fn s4_the_dotted_part_is_strict() {
    lab(|lab| {
        lab.why("Four numbers, each up to 255.");
        for text in [
            "::192.0.2",
            "::192.0.2.1.5",
            "::256.0.2.1",
            "::192.0.2.999",
            "::192.0.2.",
            "::.0.2.1",
            "::192..2.1",
            "::1.",
            "::.1",
            "::192.0.2.4294967297",
        ] {
            refuses(lab, text, "Dotted");
        }
        lab.why("They are decimal digits without a sign and without needless zeros: C programs read 010 as 8.");
        for text in [
            "::192.0.2.010",
            "::192.0.02.1",
            "::00.0.2.1",
            "::192.0.2.+1",
            "::192.0.2.a",
            "::192.0.2.-1",
            "::192.0.2.0x1",
            "::192.0.2. 1",
            "::ffff:192.0.2.1%eth0",
            "::192.0.2.\u{661}",
        ] {
            refuses(lab, text, "Dotted");
        }
        lab.why("It stands for the *last* two groups. Nothing may follow it.");
        for text in [
            "192.0.2.1::",
            "::192.0.2.1:5",
            "1:2:3:4:5:192.0.2.1:8",
            "192.0.2.1::1",
            "1:192.0.2.1::",
            "::10.0.0.1:10.0.0.2",
        ] {
            refuses(lab, text, "Dotted");
        }
    });
}

#[test]
fn s4_letters_of_several_bytes_are_only_refused() {
    lab(|lab| {
        lab.why("Some letters take two, three or four bytes in UTF-8. A cut between these bytes, as by &text[..4], panics. None of these letters is a digit, so the answer is always an error.");
        for text in [
            "::1",
            "2001:db8::417a",
            "1:2:3:4:5:6:7:abcd",
            "::192.0.2.123",
        ] {
            for letter in ["é", "€", "😀"] {
                for letters in [letter.to_owned(), letter.repeat(2)] {
                    for at in 0..=text.len() {
                        let (before, after) = text.split_at(at);
                        let mut rest = after.chars();
                        rest.next();
                        for text in [
                            format!("{before}{letters}{after}"),
                            format!("{before}{letters}{}", rest.as_str()),
                        ] {
                            lab.err(&format!("parse_v6({text:?})"), || parse_v6(&text));
                        }
                    }
                }
            }
        }
    });
}

#[test]
fn s4_a_long_text_is_only_refused() {
    lab(|lab| {
        lab.why("Text comes from strangers. However long it is, the answer is an error and not a panic, and no group is written outside the array.");
        for (what, text) in [
            ("100 000 colons", ":".repeat(100_000)),
            ("100 000 groups", "1:".repeat(100_000)),
            ("100 000 digits", "1".repeat(100_000)),
            (
                "a gap and 100 000 groups",
                format!("::{}1", "1:".repeat(100_000)),
            ),
            ("100 000 dots", format!("::{}", ".".repeat(100_000))),
            (
                "100 000 groups and a gap",
                format!("{}:", "1:".repeat(100_000)),
            ),
        ] {
            lab.err(&format!("parse_v6({what})"), || parse_v6(&text));
        }
    });
}

fn shows(lab: &Lab, groups: [u16; 8], want: &str) {
    let plain = plain(&groups);
    let got = lab.you(&format!("show_v6({plain})"), || show_v6(&groups));
    lab.same(&format!("the text of {plain}"), got.as_str(), want);
}

#[test]
fn s4_show_small_letters_and_no_zeros_in_front() {
    lab(|lab| {
        lab.why("Letters are small, and a group has no zeros in front (RFC 5952, sections 4.1 and 4.3). One address has one text: so a search in a log finds it.");
        shows(
            lab,
            [0x2001, 0xdb8, 0xa, 0xb0, 0xc00, 0xd000, 0x200c, 0x417a],
            "2001:db8:a:b0:c00:d000:200c:417a",
        );
        shows(lab, [0xABCD, 0xEF, 1, 2, 3, 4, 5, 6], "abcd:ef:1:2:3:4:5:6");
        shows(lab, [0xffff; 8], "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        shows(lab, [1, 2, 3, 4, 5, 6, 7, 8], "1:2:3:4:5:6:7:8");
    });
}

#[test]
fn s4_show_the_longest_run_of_zeros() {
    lab(|lab| {
        lab.why(
            "The longest run of zeros becomes ::, all of it (RFC 5952, sections 4.2.1 and 4.2.3).",
        );
        shows(lab, [0x2001, 0xdb8, 0, 0, 0, 0, 2, 1], "2001:db8::2:1");
        shows(lab, [0x2001, 0, 0, 1, 0, 0, 0, 1], "2001:0:0:1::1");
        shows(lab, [0x2001, 0, 0, 0, 1, 0, 0, 1], "2001::1:0:0:1");
        shows(lab, [1, 0, 0, 2, 3, 0, 0, 0], "1:0:0:2:3::");
        shows(lab, [0, 0, 0, 2, 3, 0, 0, 8], "::2:3:0:0:8");
        lab.why("At an end of the address one side of :: is empty.");
        shows(lab, [0; 8], "::");
        shows(lab, [0, 0, 0, 0, 0, 0, 0, 1], "::1");
        shows(lab, [1, 0, 0, 0, 0, 0, 0, 0], "1::");
        shows(lab, [0xfe80, 0, 0, 0, 0, 0, 0, 0], "fe80::");
        shows(lab, [0, 0, 3, 4, 5, 6, 7, 8], "::3:4:5:6:7:8");
        shows(lab, [1, 2, 3, 4, 5, 6, 0, 0], "1:2:3:4:5:6::");
        lab.why("Of runs that are equally long, the first one is taken.");
        shows(lab, [0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], "2001:db8::1:0:0:1");
        shows(lab, [1, 0, 0, 2, 0, 0, 3, 4], "1::2:0:0:3:4");
        shows(lab, [0, 0, 1, 0, 0, 1, 0, 0], "::1:0:0:1:0:0");
        shows(lab, [0, 0, 0, 1, 2, 0, 0, 0], "::1:2:0:0:0");
    });
}

#[test]
fn s4_show_a_single_zero_as_it_is() {
    lab(|lab| {
        lab.why(":: must not stand for a single group (RFC 5952, section 4.2.2): it would not be shorter.");
        shows(
            lab,
            [0x2001, 0xdb8, 0, 1, 1, 1, 1, 1],
            "2001:db8:0:1:1:1:1:1",
        );
        shows(lab, [0, 2, 3, 4, 5, 6, 7, 8], "0:2:3:4:5:6:7:8");
        shows(lab, [1, 2, 3, 4, 5, 6, 7, 0], "1:2:3:4:5:6:7:0");
        shows(lab, [0, 1, 0, 1, 0, 1, 0, 1], "0:1:0:1:0:1:0:1");
        shows(lab, [1, 0, 1, 0, 0, 1, 0, 1], "1:0:1::1:0:1");
    });
}

#[test]
fn s4_show_a_mapped_address_in_dots() {
    lab(|lab| {
        lab.why("The first six groups identify an IPv4-mapped address, which is written with dots (RFC 5952, section 5).");
        shows(
            lab,
            [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201],
            "::ffff:192.0.2.1",
        );
        shows(
            lab,
            [0, 0, 0, 0, 0, 0xffff, 0x0a00, 0x0001],
            "::ffff:10.0.0.1",
        );
        shows(lab, [0, 0, 0, 0, 0, 0xffff, 0, 0], "::ffff:0.0.0.0");
        shows(
            lab,
            [0, 0, 0, 0, 0, 0xffff, 0xffff, 0xffff],
            "::ffff:255.255.255.255",
        );
        lab.why("No other address is written with dots: nothing shows that it contains an IPv4 address.");
        shows(lab, [0, 0, 0, 0, 0, 0, 0xc000, 0x0201], "::c000:201");
        shows(
            lab,
            [0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x0201],
            "64:ff9b::c000:201",
        );
        shows(
            lab,
            [0, 0, 0, 0, 0xffff, 0, 0xc000, 0x0201],
            "::ffff:0:c000:201",
        );
        shows(
            lab,
            [0, 0, 0, 0, 1, 0xffff, 0xc000, 0x0201],
            "::1:ffff:c000:201",
        );
        shows(
            lab,
            [1, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201],
            "1::ffff:c000:201",
        );
        shows(
            lab,
            [0, 0, 0, 0, 0, 0xfffe, 0xc000, 0x0201],
            "::fffe:c000:201",
        );
    });
}

#[test]
fn s4_what_is_shown_is_read_back() {
    lab(|lab| {
        lab.why("Each pattern of zeros, 256 in all: the text is read back as the same address, and no shorter text is possible.");
        for pattern in 0..256_u32 {
            let groups: [u16; 8] = std::array::from_fn(|i| match pattern >> i & 1 {
                0 => 0,
                _ => 0x1111 * (i as u16 + 1),
            });
            let plain = plain(&groups);
            let text = lab.you(&format!("show_v6({plain})"), || show_v6(&groups));
            reads(lab, &text, groups);
            // std knows the rules, too.
            let std = std::net::Ipv6Addr::from(groups).to_string();
            lab.same(&format!("the text of {plain}"), text, std);
        }
    });
}

#[test]
fn s4_without_the_standard_library() {
    lab(|lab| {
        // The functions come first: an unwritten one is to do, not free of helpers.
        lab.ok("parse_v6(\"::1\")", || parse_v6("::1"));
        lab.you("show_v6(&[0; 8])", || show_v6(&[0; 8]));
        lab.why("In this step you write the parsing and printing of std's addresses yourself, so do not use them here. You may use them in the other steps. If this is a name of your own, choose another.");
        let source = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/s4_ipv6_text.rs"));
        let banned = [
            "Ipv6Addr",
            "Ipv4Addr",
            "IpAddr",
            "SocketAddr",
            "SocketAddrV6",
            "SocketAddrV4",
            "ToSocketAddrs",
            "net::",
        ];
        lab.does_without(&banned, "s4_ipv6_text.rs", source);
    });
}
