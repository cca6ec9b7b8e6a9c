use std::thread;

use netlab::Lab;
use udp_dns_lookup::{Name, ParseError, read_name};

use super::scene::{hex, parse_error_in_words, text_of};

/// Twelve octets of header, which no name may count from or be read from.
const HEADER: [u8; 12] = [0xaa; 12];

fn message(pieces: &[&[u8]]) -> Vec<u8> {
    let mut message = HEADER.to_vec();
    message.extend(pieces.concat());
    message
}

/// What comes after the header, as far as a reader can follow it.
fn shows(lab: &Lab, msg: &[u8]) {
    let body = &msg[HEADER.len().min(msg.len())..];
    match body.len() {
        0..=80 => lab.note(format!("from octet 12 on: {}", hex(body))),
        _ => lab.note(format!("from octet 12 on: {} …", hex(&body[..40]))),
    }
}

/// The name in words and the offset after it.
fn read(lab: &Lab, msg: &[u8], at: usize) -> (String, usize) {
    shows(lab, msg);
    let (name, next) = lab.ok(&format!("read_name({} octets, {at})", msg.len()), || {
        read_name(msg, at)
    });
    (text_of(&name), next)
}

/// Which error it is, in a word of the tests' own.
fn error(lab: &Lab, msg: &[u8], at: usize) -> &'static str {
    shows(lab, msg);
    let error = lab.err(&format!("read_name({} octets, {at})", msg.len()), || {
        read_name(msg, at)
    });
    parse_error_in_words(error)
}

#[test]
fn s4_a_plain_name_ends_behind_its_zero() {
    netlab::lab(|lab| {
        lab.why("A name without a pointer ends with a zero octet, and reading goes on after it.");
        let msg = message(&[b"\x03www\x07Example\x03com\x00", b"\x00\x01"]);
        lab.same(
            "name, next",
            read(lab, &msg, 12),
            ("www.Example.com.".into(), 29),
        );
        lab.same(
            "from its second label",
            read(lab, &msg, 16),
            ("Example.com.".into(), 29),
        );
        lab.same("the root alone", read(lab, &msg, 28), (".".into(), 29));

        lab.why(
            "A label is bytes, not text (RFC 2181 §11). Unprintable bytes, and a dot inside it, are kept as they came.",
        );
        let msg = message(&[b"\x04\x00\xff.\xc3\x00"]);
        let (name, _) = lab.ok("read_name(17 octets, 12)", || read_name(&msg, 12));
        let labels = name.labels().concat();
        lab.same_bytes("the label", &labels, b"\x00\xff.\xc3");
    });
}

#[test]
fn s4_pointer_counts_from_the_message_start() {
    netlab::lab(|lab| {
        lab.why(
            "c010 points at octet 16 of the whole message, the header counted. Counting from the \
             end of the header, or from the pointer itself, leads into the middle of a label \
             (RFC 1035 §4.1.4).",
        );
        //                 12       16
        let msg = message(&[b"\x03www\x07example\x03com\x00", b"\x04mail\xc0\x10"]);
        let (name, _) = read(lab, &msg, 29);
        lab.same("mail + pointer to 16", name, "mail.example.com.".into());

        lab.why(
            "Offset 0 is the first octet of the id. No honest pointer leads into the header, but the header counts.",
        );
        let mut msg = message(&[b"\xc0\x04"]);
        msg[4..7].copy_from_slice(b"\x01a\x00");
        lab.same("a pointer to 4", read(lab, &msg, 12), ("a.".into(), 14));
    });
}

#[test]
fn s4_pointer_has_14_bits() {
    netlab::lab(|lab| {
        lab.why(
            "The lower six bits of a pointer's first octet belong to the offset: it reaches \
                 up to 16383 (RFC 1035 §4.1.4).",
        );
        for target in [0x030c_u16, 0x3fff] {
            let mut msg = HEADER.to_vec();
            msg.resize(target.into(), 0);
            msg.extend(b"\x02hi\x00");
            let at = msg.len();
            msg.extend((0xc000 | target).to_be_bytes());
            lab.same(
                &format!("a pointer to {target}"),
                read(lab, &msg, at),
                ("hi.".into(), at + 2),
            );
        }
    });
}

#[test]
fn s4_reading_continues_after_the_pointer() {
    netlab::lab(|lab| {
        lab.why(
            "There are two places: the pointer moves the reader back to an earlier name, but the field after *this* name comes right after the pointer's two octets.",
        );
        let msg = message(&[
            b"\x07example\x00",
            b"\xc0\x0c",
            b"\x03www\xc0\x15",
            b"\x00\x01",
        ]);
        lab.same(
            "a pointer alone",
            read(lab, &msg, 21),
            ("example.".into(), 23),
        );
        lab.same(
            "a label and a pointer to a pointer: after the first one",
            read(lab, &msg, 23),
            ("www.example.".into(), 29),
        );
    });
}

#[test]
fn s4_self_pointer_cycle_and_forward_pointer_are_errors() {
    netlab::lab(|lab| {
        lab.why(
            "A pointer leads to a *prior* place (RFC 1035 §4.1.4). If you follow any pointer, \
             one datagram can send you in a circle for ever (RFC 9267 §2).",
        );
        let itself = message(&[b"\xc0\x0c"]);
        lab.same("a pointer to itself", error(lab, &itself, 12), "BadPointer");

        let cycle = message(&[b"\xc0\x0e", b"\xc0\x0c"]);
        lab.same(
            "two that point at each other",
            error(lab, &cycle, 14),
            "BadPointer",
        );
        lab.same(
            "… begun at the other one",
            error(lab, &cycle, 12),
            "BadPointer",
        );

        lab.why(
            "A step back is allowed once: after it, the next pointer must lead before the place it \
             led to. Compared with the place where reading began, a circle further back looks \
             like progress.",
        );
        let below = message(&[b"\xc0\x0c", b"\xc0\x0c"]);
        lab.same(
            "a pointer to a pointer to itself",
            error(lab, &below, 14),
            "BadPointer",
        );
        let cycle_below = message(&[b"\xc0\x0e", b"\xc0\x0c", b"\xc0\x0e"]);
        lab.same(
            "a pointer to two that point at each other",
            error(lab, &cycle_below, 16),
            "BadPointer",
        );

        lab.why(
            "A pointer leads to a *prior* place (RFC 1035 §4.1.4): not to what comes later, and \
             not out of the message.",
        );
        let forward = message(&[b"\xc0\x0e", b"\x02hi\x00"]);
        lab.same("a pointer forward", error(lab, &forward, 12), "BadPointer");

        let outside = message(&[b"\x02hi\xff\xff"]);
        lab.same(
            "a pointer past the end",
            error(lab, &outside, 12),
            "BadPointer",
        );
    });
}

#[test]
fn s4_pointer_to_its_own_label_is_an_error() {
    netlab::lab(|lab| {
        lab.why(
            "`a` and a pointer to that same `a`: the pointer leads back, yet the reading comes by \
             again: a.a.a.a… Each jump must lead before the place where this stretch of labels \
             began.",
        );
        let again = message(&[b"\x01a\xc0\x0c"]);
        lab.same(
            "a pointer to its own label",
            error(lab, &again, 12),
            "BadPointer",
        );

        lab.why(
            "The pointer leads into the stretch of labels that it ends: to an octet that was already read \
             as the inside of a label. It leads back, but not before the place where the stretch began.",
        );
        for (what, label) in [
            (
                "into its own label, at a zero octet",
                &b"\x03a\x00b\xc0\x0e"[..],
            ),
            (
                "into its own label, at another label",
                b"\x03\x01a\x00\xc0\x0d",
            ),
            ("to its second label", b"\x01a\x01b\xc0\x0e"),
        ] {
            let msg = message(&[label, b"\x01c\xc0\x0c"]);
            lab.same(
                &format!("a pointer {what}"),
                error(lab, &msg, 12),
                "BadPointer",
            );
            lab.same(
                &format!("a pointer to a name with a pointer {what}"),
                error(lab, &msg, 12 + label.len()),
                "BadPointer",
            );
        }
    });
}

#[test]
fn s4_deep_backward_chain_is_bounded() {
    // A thread's name is all that is left to read when its stack overflows.
    const ADVICE: &str = "read_name on 8000 pointers in a row: use a loop, not recursion";

    netlab::lab(|lab| {
        lab.why(
            "8000 pointers, each to the one before it: the rules allow it, but no honest server sends it. \
             Recursion on a stranger's bytes lets the stranger choose how deep the stack gets.",
        );
        let mut msg = message(&[b"\x01a\x00"]);
        let mut target = 12u16;
        for _ in 0..8000 {
            let here = u16::try_from(msg.len()).unwrap();
            msg.extend((0xc000 | target).to_be_bytes());
            target = here;
        }
        let at = usize::from(target);
        let got = lab.you("read_name(16015 octets, the last of 8000 pointers)", || {
            let small_stack = thread::Builder::new()
                .name(ADVICE.into())
                .stack_size(128 * 1024)
                .spawn(move || read_name(&msg, at).map(|(name, next)| (text_of(&name), next)));
            match small_stack.expect("a thread").join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        });
        // Whether so long a chain is still a name is the reader's choice.
        if let Ok(got) = got {
            lab.same("name, next", got, ("a.".into(), at + 2));
        }
    });
}

#[test]
fn s4_a_pointer_behind_each_label() {
    netlab::lab(|lab| {
        lab.why(
            "A name may have 127 labels, and each of them may end in a pointer to the rest. No server writes that, but it is a valid name: a limit on jumps must leave room for it.",
        );
        for labels in [3, 12, 127] {
            let mut msg = message(&[b"\x00"]);
            let mut target = 12u16;
            for n in 0..labels {
                let here = u16::try_from(msg.len()).expect("a short message");
                msg.extend([1, b'a' + n % 26]);
                msg.extend((0xc000 | target).to_be_bytes());
                target = here;
            }
            let at = usize::from(target);
            let what = format!("read_name({labels} labels, each with a pointer)");
            let (name, next) = match lab.you(&what, || read_name(&msg, at)) {
                Ok(found) => found,
                Err(error) => {
                    if matches!(error, ParseError::NameTooLong) {
                        lab.why(
                            "The name has at most 255 octets: labels and their length octets count, and \
                             the zero at the end. Pointers are not part of the name.",
                        );
                    } else if !matches!(error, ParseError::BadPointer) {
                        lab.why(format!(
                            "This message has {} octets, so pointers above 255 are needed: 6 bits of the \
                             first octet belong to the offset, and 8 of the second.",
                            msg.len()
                        ));
                    }
                    lab.fails(
                        format!("your {what} to succeed"),
                        parse_error_in_words(error),
                    )
                }
            };
            let want: Vec<u8> = (0..labels).rev().map(|n| b'a' + n % 26).collect();
            lab.same_bytes(
                "its labels, one letter each",
                &name.labels().concat(),
                &want,
            );
            let reason = "The field after the name follows its first pointer. The other pointers stand \
                          further back in the message, in names that were read before.";
            lab.because(reason)
                .same("next: after the first pointer", next, at + 4);
        }
        let root = message(&[b"\x00", b"\xc0\x0c"]);
        lab.same(
            "a pointer to the root",
            read(lab, &root, 13),
            (".".into(), 15),
        );
    });
}

#[test]
fn s4_reserved_label_types_rejected() {
    netlab::lab(|lab| {
        lab.why(
            "Two bits make four kinds: 00 a label, 11 a pointer, 01 and 10 are reserved. Read \
                 as a length, 40 would be 64 and 80 would be 128 octets (RFC 1035 §4.1.4).",
        );
        for first in [0x40, 0x41, 0x7f, 0x80, 0x8c, 0xbf] {
            let msg = message(&[b"\x02hi", &[first], &[b'x'; 300], b"\xc0\x0f"]);
            for (what, at) in [
                ("after another label", 12),
                ("first", 15),
                ("where a pointer leads", msg.len() - 2),
            ] {
                lab.same(
                    &format!("a label that begins with {first:02x}, {what}"),
                    error(lab, &msg, at),
                    "ReservedLabel",
                );
            }
        }
    });
}

#[test]
fn s4_what_is_cut_off_is_an_error() {
    netlab::lab(|lab| {
        lab.why(
            "Every length octet is a claim of a stranger. The message may end before that length.",
        );
        for (what, tail) in [
            ("nothing at all", &b""[..]),
            ("no zero octet", b"\x02hi"),
            ("half a label", b"\x05hell"),
            ("a length octet alone", b"\x3f"),
            ("half a pointer", b"\x02hi\xc0"),
        ] {
            lab.same(what, error(lab, &message(&[tail]), 12), "Truncated");
        }
        let msg = message(&[b"\x00"]);
        lab.same("an offset past the end", error(lab, &msg, 13), "Truncated");
        lab.same("one far past it", error(lab, &msg, usize::MAX), "Truncated");
    });
}

#[test]
fn s4_name_of_256_octets_is_an_error() {
    netlab::lab(|lab| {
        lab.why(
            "No label is too long here, and no pointer leads astray; the name as a whole is \
                 longer than 255 octets.",
        );
        let label = |n: u8| [vec![n], vec![b'x'; n.into()]].concat();
        let long = [label(63), label(63), label(63)].concat();
        let fits = message(&[&long, &label(61), b"\x00"]);
        let (name, next): (Name, usize) =
            lab.ok("read_name(a name of 255 octets)", || read_name(&fits, 12));
        lab.same("labels, next", (name.labels().len(), next), (4, 267));
        let too_long = message(&[&long, &label(62), b"\x00"]);
        lab.same("256 octets", error(lab, &too_long, 12), "NameTooLong");
        for times in [2, 20] {
            let many = message(&[&long.repeat(times), b"\x00"]);
            let what = format!("{} octets", many.len() - 12);
            lab.same(&what, error(lab, &many, 12), "NameTooLong");
        }
        let by_pointer = message(&[&long, b"\x00", &label(62), b"\xc0\x0c"]);
        lab.same(
            "the same by a pointer",
            error(lab, &by_pointer, 12 + 193),
            "NameTooLong",
        );
    });
}
