//! Step 1: blocks of addresses.

use addresses::{Cidr, CidrError};
use netlab::{Lab, lab};

use super::words::{block, ip, shown};

fn error(error: CidrError) -> &'static str {
    match error {
        CidrError::Malformed => "Malformed",
        CidrError::Length => "Length",
        CidrError::HostBits => "HostBits",
    }
}

/// Demands that both ways to make a block refuse this one.
fn refuses(lab: &Lab, network: &str, prefix_len: u8, want: &str) {
    let text = format!("{network}/{prefix_len}");
    let got = lab.err(&format!("Cidr::parse({text:?})"), || Cidr::parse(&text));
    lab.same(&format!("the error for {text:?}"), error(got), want);
    let call = format!("Cidr::new({network}, {prefix_len})");
    let got = lab.err(&call, || Cidr::new(ip(network), prefix_len));
    lab.same(&format!("the error of {call}"), error(got), want);
}

#[test]
fn s1_parse_reads_network_and_length() {
    lab(|lab| {
        lab.why("A block is written as its first address, a slash, and the number of bits that all its addresses have in common (RFC 4632, section 3.1).");
        let blocks = [
            ("10.0.0.0", 8),
            ("192.0.2.64", 26),
            ("172.16.0.0", 12),
            ("0.0.0.0", 0),
            ("128.0.0.0", 1),
            ("192.0.2.10", 31),
            ("255.255.255.255", 32),
            ("0.0.0.0", 32),
            ("100.64.0.0", 10),
        ];
        for (network, prefix_len) in blocks {
            let text = format!("{network}/{prefix_len}");
            let got = block(lab, &text);
            lab.same(&format!("what {text:?} is"), shown(got), text.clone());
            let call = format!("Cidr::new({network}, {prefix_len})");
            let got = lab.ok(&call, || Cidr::new(ip(network), prefix_len));
            lab.same(&format!("what {call} is"), shown(got), text);
        }
    });
}

#[test]
fn s1_another_form_is_refused() {
    lab(|lab| {
        let cases = [
            (
                "A block needs both parts. An address without a length is one address, or a question.",
                &["", "/", "10.0.0.0", "10.0.0.0/", "/8"][..],
            ),
            (
                "The address has four numbers up to 255. Some programs read 10.1 as 10.0.0.1, but the list's author may have meant something else.",
                &[
                    "10.0.0/8",
                    "10/8",
                    "10.0.0.0.0/8",
                    "256.0.0.0/8",
                    "10.0.0.256/32",
                    "10..0.0/8",
                    "a.b.c.d/8",
                    "::/8",
                ],
            ),
            (
                "The numbers are digits only. Rust's parse takes a plus sign, too.",
                &[
                    "10.0.0.0/+8",
                    "10.0.0.0/-1",
                    "+10.0.0.0/8",
                    "10.0.0.0/x",
                    "10.0.0.0/8x",
                    "10.0.0.0/0x8",
                    "10.0.0.0/\u{ff18}",
                ],
            ),
            (
                "No blank and no newline belongs to a block.",
                &[
                    " 10.0.0.0/8",
                    "10.0.0.0/8 ",
                    "10.0.0.0 /8",
                    "10.0.0.0/ 8",
                    "10.0.0.0/8\n",
                ],
            ),
            (
                "A zero in front is needless, and dangerous: C programs read 010 as 8.",
                &[
                    "10.0.0.0/08",
                    "10.0.0.0/00",
                    "010.0.0.0/8",
                    "10.0.0.00/8",
                    "0.0.0.0/032",
                ],
            ),
            (
                "One number follows the slash: no second slash, and no mask in dotted form.",
                &[
                    "10.0.0.0/8/9",
                    "10.0.0.0//8",
                    "10.0.0.0/255.0.0.0",
                    "10.0.0.0/8.",
                ],
            ),
        ];
        for (why, texts) in cases {
            lab.why(why);
            for text in texts {
                let got = lab.err(&format!("Cidr::parse({text:?})"), || Cidr::parse(text));
                lab.same(&format!("the error for {text:?}"), error(got), "Malformed");
            }
        }
    });
}

#[test]
fn s1_length_beyond_32_is_an_error() {
    lab(|lab| {
        lab.why("An IPv4 address has 32 bits, so no more than 32 can be in common. Check this before the host bits.");
        for prefix_len in [33, 34, 64, 99] {
            refuses(lab, "10.0.0.0", prefix_len, "Length");
            refuses(lab, "10.0.0.1", prefix_len, "Length");
        }
        let got = lab.err("Cidr::new(10.0.0.0, 255)", || {
            Cidr::new(ip("10.0.0.0"), 255)
        });
        lab.same(
            "the error of Cidr::new(10.0.0.0, 255)",
            error(got),
            "Length",
        );
        lab.why("A longer number is no length either: cutting off its upper bits would make /8 of /264.");
        for text in [
            "10.0.0.0/100",
            "10.0.0.0/128",
            "10.0.0.0/264",
            "10.0.0.0/4294967304",
        ] {
            let got = lab.err(&format!("Cidr::parse({text:?})"), || Cidr::parse(text));
            let got = error(got);
            let may = ["Malformed", "Length"].contains(&got);
            lab.holds(may, format!("Malformed or Length for {text:?}"), got);
        }
    });
}

#[test]
fn s1_host_bits_set_is_an_error() {
    lab(|lab| {
        lab.why("The bits behind the prefix are 0 in a block's first address. 10.0.0.1/8 may mean the address, the block 10.0.0.0/8, or be a slip for 10.0.0.1/32, and the reader of a rule cannot tell.");
        let blocks = [
            ("10.0.0.1", 8),
            ("10.1.0.0", 8),
            ("192.0.2.65", 26),
            ("192.0.2.96", 26),
            ("192.0.2.11", 31),
            ("0.0.0.1", 0),
            ("128.0.0.0", 0),
            ("192.0.0.0", 1),
            ("172.24.0.0", 12),
        ];
        for (network, prefix_len) in blocks {
            refuses(lab, network, prefix_len, "HostBits");
        }
    });
}

#[test]
fn s1_mask_of_every_length() {
    lab(|lab| {
        lab.why("A mask has a 1 for each bit of the prefix, from the left, and a 0 for each host bit. Mind /0: shifting a u32 by 32 does not give 0, it panics.");
        for prefix_len in 0..=32 {
            let want: String = (0..32)
                .map(|bit| if bit < prefix_len { '1' } else { '0' })
                .collect();
            let block = block(lab, &format!("0.0.0.0/{prefix_len}"));
            let got = lab.you(&format!("mask() of 0.0.0.0/{prefix_len}"), || block.mask());
            lab.same(
                &format!("the bits of the mask of /{prefix_len}"),
                format!("{:032b}", got.to_bits()),
                want,
            );
        }
        for (text, want) in [
            ("10.0.0.0/8", "255.0.0.0"),
            ("192.0.2.64/26", "255.255.255.192"),
        ] {
            let block = block(lab, text);
            let got = lab.you(&format!("mask() of {text}"), || block.mask());
            lab.same(
                &format!("the mask of {text}"),
                got.to_string(),
                want.to_owned(),
            );
        }
    });
}

/// Asks whether a block holds addresses.
fn holds(lab: &Lab, text: &str, inside: &[&str], outside: &[&str]) {
    let block = block(lab, text);
    for (addresses, want) in [(inside, true), (outside, false)] {
        for address in addresses {
            let got = lab.you(&format!("contains({address}) of {text}"), || {
                block.contains(ip(address))
            });
            lab.same(&format!("whether {text} holds {address}"), got, want);
        }
    }
}

#[test]
fn s1_contains_at_the_edges() {
    lab(|lab| {
        lab.why("A block holds everything from its first address to its last, these two included. Compare bits, not text: 172.16.0.0/12 goes on to 172.31.255.255.");
        holds(
            lab,
            "192.0.2.64/26",
            &["192.0.2.64", "192.0.2.65", "192.0.2.100", "192.0.2.127"],
            &[
                "192.0.2.63",
                "192.0.2.128",
                "192.0.3.64",
                "193.0.2.64",
                "0.0.0.0",
            ],
        );
        holds(
            lab,
            "172.16.0.0/12",
            &["172.16.0.0", "172.20.0.1", "172.31.255.255"],
            &["172.15.255.255", "172.32.0.0", "173.16.0.0", "172.0.0.0"],
        );
        holds(
            lab,
            "10.0.0.0/8",
            &["10.0.0.0", "10.255.255.255"],
            &["9.255.255.255", "11.0.0.0", "100.0.0.0", "138.0.0.0"],
        );
        holds(
            lab,
            "240.0.0.0/4",
            &["240.0.0.0", "255.255.255.255"],
            &["239.255.255.255", "0.0.0.0"],
        );
    });
}

#[test]
fn s1_slash_0_31_and_32() {
    lab(|lab| {
        lab.why("A /0 has no bit in common and holds every address. Treat the shift by 32 by itself: u32 << 32 panics in a debug build, and gives /32's mask in a release build.");
        holds(
            lab,
            "0.0.0.0/0",
            &["0.0.0.0", "10.1.2.3", "255.255.255.255"],
            &[],
        );
        lab.why("A /31 has two addresses, a /32 has one.");
        holds(
            lab,
            "192.0.2.10/31",
            &["192.0.2.10", "192.0.2.11"],
            &["192.0.2.9", "192.0.2.12"],
        );
        holds(
            lab,
            "192.0.2.10/32",
            &["192.0.2.10"],
            &["192.0.2.9", "192.0.2.11", "64.0.2.10"],
        );
        holds(
            lab,
            "255.255.255.255/32",
            &["255.255.255.255"],
            &["255.255.255.254", "0.0.0.0"],
        );
        holds(lab, "0.0.0.0/32", &["0.0.0.0"], &["0.0.0.1", "128.0.0.0"]);
    });
}

#[test]
fn s1_first_and_last_are_not_for_hosts() {
    lab(|lab| {
        let cases = [
            ("192.0.2.0/24", Some("192.0.2.255"), 254),
            ("192.0.2.64/26", Some("192.0.2.127"), 62),
            ("10.0.0.0/8", Some("10.255.255.255"), 16_777_214),
            ("172.16.0.0/12", Some("172.31.255.255"), 1_048_574),
            ("192.0.2.8/29", Some("192.0.2.15"), 6),
            ("192.0.2.8/30", Some("192.0.2.11"), 2),
            ("128.0.0.0/1", Some("255.255.255.255"), 2_147_483_646),
            ("0.0.0.0/0", Some("255.255.255.255"), 4_294_967_294),
            ("192.0.2.8/31", None, 2),
            ("0.0.0.0/31", None, 2),
            ("192.0.2.8/32", None, 1),
            ("255.255.255.255/32", None, 1),
        ];
        for (text, broadcast, hosts) in cases {
            let block = block(lab, text);
            let got = lab.you(&format!("broadcast() of {text}"), || block.broadcast());
            let because = match broadcast {
                Some(_) => {
                    "The broadcast address is the block's last one: all host bits are 1 (RFC 919)."
                }
                None => {
                    "A /31 is a link with two ends. It needs no broadcast, because there is only one other end, and both its addresses are for hosts (RFC 3021, section 2.1). A /32 is one host."
                }
            };
            let got = got.map_or("None".to_owned(), |address| address.to_string());
            lab.because(because).same(
                &format!("the broadcast address of {text}"),
                got,
                broadcast.unwrap_or("None").to_owned(),
            );
            let because = match hosts {
                1 | 2 => "/30 has four addresses and loses two. /31 and /32 lose none (RFC 3021).",
                _ => {
                    "The first address names the block, the last one means every host. All others are for hosts. /0 has 2 to the power of 32 addresses, which is more than a u32 holds."
                }
            };
            let got = lab.you(&format!("hosts() of {text}"), || block.hosts());
            lab.because(because)
                .same(&format!("the hosts of {text}"), got, hosts);
        }
    });
}

/// Demands these parts and no more.
fn splits(lab: &Lab, text: &str, prefix_len: u8, want: &[&str]) {
    let whole = block(lab, text);
    let call = format!("split({prefix_len}) of {text}");
    // One more than there should be: some splits do not end.
    let some = want.len() + 1;
    let parts: Vec<Cidr> = lab.ok(&call, || {
        Ok::<_, CidrError>(whole.split(prefix_len)?.take(some).collect())
    });
    let parts: Vec<String> = parts.into_iter().map(shown).collect();
    lab.same(
        &format!("the parts of {text} of length {prefix_len}"),
        parts.join(" "),
        want.join(" "),
    );
}

#[test]
fn s1_split_26_into_28() {
    lab(|lab| {
        lab.why(
            "Two more bits of prefix make four parts. Each begins where the one before it ends.",
        );
        let want = [
            "192.0.2.64/28",
            "192.0.2.80/28",
            "192.0.2.96/28",
            "192.0.2.112/28",
        ];
        splits(lab, "192.0.2.64/26", 28, &want);
        let whole = block(lab, "192.0.2.64/26");
        let before = lab.you("hosts() of 192.0.2.64/26", || whole.hosts());
        let after: u64 = want.map(|part| block(lab, part).hosts()).iter().sum();
        let lab = lab.because("62 hosts became 4 × 14 = 56: each part gives up a first and a last address of its own. Subnetting puts addresses in order. It does not make any.");
        lab.same(
            "the hosts of the whole, and of all its parts",
            (before, after),
            (62, 56),
        );
    });
}

#[test]
fn s1_split_at_the_edges() {
    lab(|lab| {
        lab.why("At its own length a block has one part: itself.");
        for (text, len) in [
            ("192.0.2.64/26", 26),
            ("192.0.2.10/32", 32),
            ("0.0.0.0/0", 0),
        ] {
            splits(lab, text, len, &[text]);
        }
        lab.why("The last part may end at 255.255.255.255. The address behind it does not exist: adding 1 overflows.");
        splits(
            lab,
            "255.255.255.252/30",
            32,
            &[
                "255.255.255.252/32",
                "255.255.255.253/32",
                "255.255.255.254/32",
                "255.255.255.255/32",
            ],
        );
        splits(lab, "0.0.0.0/0", 1, &["0.0.0.0/1", "128.0.0.0/1"]);
        splits(
            lab,
            "192.0.2.10/31",
            32,
            &["192.0.2.10/32", "192.0.2.11/32"],
        );
        lab.why("The number of parts is 2 to the power of the added bits.");
        let want: Vec<String> = (0..4096)
            .map(|n| format!("10.{}.{}.0/20", n / 16, n % 16 * 16))
            .collect();
        let want: Vec<&str> = want.iter().map(String::as_str).collect();
        splits(lab, "10.0.0.0/8", 20, &want);
    });
}

#[test]
fn s1_split_refuses_what_is_not_a_part() {
    lab(|lab| {
        lab.why("A part's prefix is at least as long as the whole block's, and 32 at most.");
        for (text, len) in [
            ("192.0.2.64/26", 25),
            ("192.0.2.64/26", 0),
            ("10.0.0.0/8", 7),
            ("192.0.2.64/26", 33),
            ("0.0.0.0/0", 33),
            ("192.0.2.10/32", 31),
            ("192.0.2.10/32", 255),
        ] {
            let whole = block(lab, text);
            let call = format!("split({len}) of {text}");
            let got = lab.err(&call, || whole.split(len).map(|_| "parts"));
            lab.same(&format!("the error of {call}"), error(got), "Length");
        }
    });
}

#[test]
#[cfg(target_os = "linux")] // ulimit -v
fn s1_split_computes_parts_as_they_are_asked_for() {
    lab(|lab| {
        lab.why("A /0 has four thousand million parts of /32. A list of them needs 32 GB, and this process has 60 MB. Remember where the next part begins, and compute it in next.");
        splits(lab, "192.0.2.10/32", 32, &["192.0.2.10/32"]); // what is to do is told here, not there
        let end = lab.elsewhere("ulimit -v 60000", || {
            let whole = Cidr::parse("0.0.0.0/0").expect("a block");
            let split = whole.split(32).expect("parts");
            let first: Vec<String> = split.take(3).map(shown).collect();
            println!("\nparts: {}", first.join(" "));
        });
        let told = end.stdout.lines().find(|line| line.starts_with("parts: "));
        lab.same(
            "the first three parts of 0.0.0.0/0, in a process with 60 MB of memory",
            told.unwrap_or(end.stderr.trim()),
            "parts: 0.0.0.0/32 0.0.0.1/32 0.0.0.2/32",
        );
    });
}
