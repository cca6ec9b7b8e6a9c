//! Step 1: numbers.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use netlab::{Lab, lab};
use tcp_open::{Seq, isn, seq_between, seq_lt};

const SECRET: [u8; 16] = *b"nobody knows me!";

fn at(addr: [u8; 4], port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::from(addr), port)
}

fn local() -> SocketAddrV4 {
    at([10, 0, 0, 1], 40_000)
}

fn remote() -> SocketAddrV4 {
    at([192, 0, 2, 7], 80)
}

fn lt(lab: &Lab, a: u32, b: u32) -> bool {
    lab.you(&format!("seq_lt({}, {})", shown(a), shown(b)), || {
        seq_lt(Seq(a), Seq(b))
    })
}

/// Large numbers are easier to see in hexadecimal.
fn shown(number: u32) -> String {
    match number {
        0..=0xffff => number.to_string(),
        _ => format!("{number:#x}"),
    }
}

const ISN: &str = "isn(secret, local, remote, now)";

/// The ISN, without a line in the story: there are many.
fn number(secret: &[u8; 16], local: SocketAddrV4, remote: SocketAddrV4, now: Duration) -> u32 {
    isn(secret, local, remote, now).0
}

#[test]
fn s1_small_numbers_are_compared_as_always() {
    lab(|lab| {
        for (a, b, want) in [
            (1, 2, true),
            (2, 1, false),
            (100, 400, true),
            (7, 7, false),
            (0, 0, false),
        ] {
            lab.because("Far from the end of the numbers it is the usual comparison, and no number comes before itself.")
                .same(&format!("whether {a} comes before {b}"), lt(lab, a, b), want);
        }
    });
}

#[test]
fn s1_wrap_compare() {
    lab(|lab| {
        for (a, b) in [
            (0xffff_fffe, 1),
            (0xffff_ffff, 0),
            (0xffff_0000, 0x2000),
            (0x7fff_ffff, 0x8000_0000),
        ] {
            lab.because(format!("From {a:#010x} on, {b:#010x} is only a few places further. After 0xffffffff comes 0, and the numbers have no sign."))
                .same(&format!("whether {a:#x} comes before {b:#x}"), lt(lab, a, b), true);
            lab.because(format!(
                "From {b:#010x} on, the way to {a:#010x} is the longer one."
            ))
            .same(
                &format!("whether {b:#x} comes before {a:#x}"),
                lt(lab, b, a),
                false,
            );
        }
    });
}

#[test]
fn s1_half_way_round_is_the_limit() {
    lab(|lab| {
        for from in [0, 5, 0x8000_0000, 0xffff_fff0_u32] {
            let to = |places: u32| from.wrapping_add(places);
            for (places, want) in [
                (0x7fff_ffff, true),
                (0x8000_0000, false),
                (0x8000_0001, false),
            ] {
                lab.because("It is before a number that is up to 2147483647 places further on. Exactly half way round, neither comes \
                             before the other.")
                    .same(
                        &format!("whether {from:#x} comes before the number {places:#x} places further on"),
                        lt(lab, from, to(places)),
                        want,
                    );
            }
        }
    });
}

#[test]
fn s1_between_has_its_first_number_and_not_its_last() {
    lab(|lab| {
        let cases = [
            (10, 10, 20, true, "the first belongs to them"),
            (10, 19, 20, true, "19 comes before 20"),
            (10, 20, 20, false, "`hi` does not belong to them"),
            (10, 9, 20, false, "9 comes before 10"),
            (10, 21, 20, false, "21 is behind them"),
            (10, 0xffff_ffff, 20, false, "it is far behind them"),
            (
                0xffff_fff0,
                0xffff_ffff,
                0x10,
                true,
                "the range goes over the end",
            ),
            (0xffff_fff0, 0, 0x10, true, "the range goes over the end"),
            (0xffff_fff0, 0xf, 0x10, true, "the range goes over the end"),
            (
                0xffff_fff0,
                0x10,
                0x10,
                false,
                "`hi` does not belong to them",
            ),
            (
                0xffff_fff0,
                0xffff_ffef,
                0x10,
                false,
                "it comes before `lo`",
            ),
            (
                0xffff_fff0,
                0x8000_0000,
                0x10,
                false,
                "it is on the other side",
            ),
            (7, 7, 7, false, "when both are equal there is none"),
            (7, 8, 7, false, "when both are equal there is none"),
            (7, 6, 7, false, "when both are equal there is none"),
            (
                0,
                0x9000_0000,
                0xf000_0000,
                true,
                "there are hi - lo of them, and that may be more than half of all",
            ),
            (
                0,
                0xf000_0000,
                0xf000_0000,
                false,
                "`hi` does not belong to them",
            ),
            (
                8,
                5,
                7,
                true,
                "from 8 on round to 6, all but one belong to them",
            ),
            (
                8,
                7,
                7,
                false,
                "from 8 on round to 6, all but one belong to them",
            ),
        ];
        for (lo, x, hi, want, why) in cases {
            let call = format!("seq_between({}, {}, {})", shown(lo), shown(x), shown(hi));
            let got = lab.you(&call, || seq_between(Seq(lo), Seq(x), Seq(hi)));
            lab.because(format!("Here {why}.")).same(&call, got, want);
        }
    });
}

#[test]
fn s1_isn_moves_with_the_clock() {
    lab(|lab| {
        lab.turns_to(ISN);
        for secret in [SECRET, [7; 16]] {
            for base in [0, 1_000_000, 3_600_000_000, 400 * 86_400_000_000_u64] {
                let start = number(&secret, local(), remote(), Duration::from_micros(base));
                for (later, places) in [
                    (3, 0),
                    (4, 1),
                    (7, 1),
                    (8, 2),
                    (1_000_000, 250_000),
                    (3_600_000_000, 900_000_000),
                ] {
                    let now = Duration::from_micros(base + later);
                    let got = number(&secret, local(), remote(), now).wrapping_sub(start);
                    lab.because("The ISN counts every 4 microseconds, 250000 a second, and nothing else in it depends on the time. So the \
                                 numbers of the next connection between these sockets begin behind those of this one (RFC 9293, section \
                                 3.4.1).")
                        .same(&format!("places from the ISN at {base} µs to that {later} µs later"), got, places);
                }
            }
        }
    });
}

#[test]
fn s1_isn_goes_round_with_its_clock() {
    lab(|lab| {
        lab.turns_to(ISN);
        let round = 4 * (1_u64 << 32);
        for base in [0, 12_345_678] {
            let at = |micros| number(&SECRET, local(), remote(), Duration::from_micros(micros));
            for (later, places) in [
                (round, 0),
                (round + 4, 1),
                (round / 2, 1 << 31),
                (5 * round + 40, 10),
            ] {
                lab.because("The ISN goes on by 1 every 4 microseconds, not every millisecond or second. It has 32 bits: 4.77 hours later \
                             it is where it was.")
                    .same(
                        &format!("places from the ISN at {base} µs to that {later} µs later"),
                        at(base + later).wrapping_sub(at(base)),
                        places,
                    );
            }
        }
    });
}

/// Arguments, and what is different about them.
fn variations() -> Vec<(String, [u8; 16], SocketAddrV4, SocketAddrV4)> {
    let mut all = vec![
        (
            "the ones to begin with".to_owned(),
            SECRET,
            local(),
            remote(),
        ),
        (
            "local and remote swapped".to_owned(),
            SECRET,
            remote(),
            local(),
        ),
        (
            "the ports swapped".to_owned(),
            SECRET,
            at([10, 0, 0, 1], 80),
            at([192, 0, 2, 7], 40_000),
        ),
    ];
    for byte in 0..16 {
        for bit in [0, 7] {
            let mut secret = SECRET;
            secret[byte] ^= 1 << bit;
            all.push((
                format!("byte {byte} of the secret"),
                secret,
                local(),
                remote(),
            ));
        }
    }
    for byte in 0..4 {
        let other = |addr: SocketAddrV4| {
            let mut bytes = addr.ip().octets();
            bytes[byte] ^= 1;
            at(bytes, addr.port())
        };
        all.push((
            format!("byte {byte} of the local address"),
            SECRET,
            other(local()),
            remote(),
        ));
        all.push((
            format!("byte {byte} of the remote address"),
            SECRET,
            local(),
            other(remote()),
        ));
    }
    for bit in 0..16 {
        let other = |addr: SocketAddrV4| SocketAddrV4::new(*addr.ip(), addr.port() ^ 1 << bit);
        all.push((
            format!("bit {bit} of the local port"),
            SECRET,
            other(local()),
            remote(),
        ));
        all.push((
            format!("bit {bit} of the remote port"),
            SECRET,
            local(),
            other(remote()),
        ));
    }
    all
}

#[test]
fn s1_isn_differs_per_tuple_and_secret() {
    lab(|lab| {
        lab.turns_to(ISN);
        let mut seen: HashMap<u32, String> = HashMap::new();
        for (what, secret, local, remote) in variations() {
            let got = number(&secret, local, remote, Duration::from_secs(1));
            let other = seen.insert(got, what.clone());
            lab.because("Two tuples or two secrets have two ISNs: F depends on all of its arguments (RFC 9293, section 3.4.1). \
                         Otherwise an attacker who opens a connection of his own knows the numbers of yours.")
                .holds(
                    other.is_none(),
                    format!("an ISN that no others have, for other arguments ({what})"),
                    format!("the ISN of these arguments: {}", other.unwrap_or_default()),
                );
        }
    });
}

/// What leads from one ISN to another.
type Way = fn(u32, u32) -> u32;

/// Two ways that an attacker would try, and what they are called.
const WAYS: [(&str, Way); 2] = [
    ("a difference", u32::wrapping_sub),
    ("an XOR", |a, b| a ^ b),
];

#[test]
fn s1_isn_of_one_tuple_says_nothing_about_another() {
    lab(|lab| {
        lab.turns_to(ISN);
        let secrets = [SECRET, [0; 16], [0xff; 16], *b"another secret !"];
        for (what, from) in WAYS {
            let mut seen: HashMap<u32, String> = HashMap::new();
            for secret in secrets {
                let of =
                    |port: u16| number(&secret, local(), at([192, 0, 2, 7], port), Duration::ZERO);
                for port in 1000..1016 {
                    let got = from(of(port + 1), of(port));
                    let here = format!("ports {port} and {}, secret {:02x}…", port + 1, secret[0]);
                    let other = seen.insert(got, here.clone());
                    lab.because("An attacker opens a connection from a port of his own, and sees its ISN. If the difference to the next port's ISN were the same with each secret, he could compute that ISN. The secret must be mixed with the rest, not just added or combined by XOR.")
                        .holds(
                            other.is_none(),
                            format!("{what} of two ISNs that occurs once ({here})"),
                            format!("{got:#x}, as for {}", other.unwrap_or_default()),
                        );
                }
            }
        }
    });
}

#[test]
fn s1_isn_mixes_both_sockets() {
    lab(|lab| {
        lab.turns_to(ISN);
        for secret in [SECRET, [7; 16]] {
            let of = |ours: u16, theirs: u16| {
                let (local, remote) = (at([10, 0, 0, 1], ours), at([192, 0, 2, 7], theirs));
                number(&secret, local, remote, Duration::ZERO)
            };
            for (what, from) in WAYS {
                let mut seen: HashMap<u32, u16> = HashMap::new();
                for theirs in 1000..1032 {
                    let other = seen.insert(from(of(80, theirs), of(443, theirs)), theirs);
                    lab.because("If F is the sum or the XOR of a number for our socket and one for theirs, an attacker who sees three ISNs knows a fourth: the difference between our ports 80 and 443 is the same for every peer. The two must be mixed, too.")
                        .holds(
                            other.is_none(),
                            format!("{what} of our ports' ISNs that no other remote port has, here {theirs}"),
                            format!("it is that of remote port {}", other.unwrap_or_default()),
                        );
                }
            }
        }
    });
}

#[test]
fn s1_isn_uses_all_32_bits() {
    lab(|lab| {
        lab.turns_to(ISN);
        let all =
            (0..64).map(|port| number(&SECRET, local(), at([192, 0, 2, 7], port), Duration::ZERO));
        let (ones, zeros) = all.fold((0, 0), |(ones, zeros), isn| (ones | isn, zeros | !isn));
        for bit in 0..32 {
            lab.because(
                "In 64 numbers that no attacker can guess, each bit is sometimes 0 and sometimes 1.",
            )
            .holds(
                (ones & zeros) >> bit & 1 == 1,
                format!("bit {bit} of the ISNs of 64 ports: both values"),
                if ones >> bit & 1 == 1 {
                    "always 1"
                } else {
                    "always 0"
                },
            );
        }
    });
}
