use netlab::Lab;
use udp_dns_lookup::{Message, parse_message};

use super::scene::{parse_error_in_words, record_in_words, text_of};
use super::wire::{self, Record, a, aaaa, cname};

/// A reply as real servers write it: every repeated name is a pointer. The CNAME's target is
/// compressed inside RDATA and is itself pointed at by the next owner.
const COMPRESSED: &[u8] = b"\
    \x12\x34\x81\x80\x00\x01\x00\x02\x00\x01\x00\x01\
    \x03www\x07example\x04test\x00\x00\x01\x00\x01\
    \xc0\x0c\x00\x05\x00\x01\x00\x00\x01\x2c\x00\x06\x03web\xc0\x10\
    \xc0\x2e\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01\
    \xc0\x10\x00\x02\x00\x01\x00\x01\x51\x80\x00\x05\x02ns\xc0\x10\
    \xc0\x50\x00\x1c\x00\x01\x00\x01\x51\x80\x00\x10\
    \x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x53";

fn parse(lab: &Lab, what: &str, msg: &[u8]) -> Message {
    lab.ok(&format!("parse_message({what})"), || parse_message(msg))
}

fn refused(lab: &Lab, what: &str, msg: &[u8], want: &str) {
    let error = lab.err(&format!("parse_message({what})"), || parse_message(msg));
    lab.same(
        &format!("the error of {what}"),
        parse_error_in_words(error),
        want,
    );
}

fn words(records: &[udp_dns_lookup::Record]) -> Vec<String> {
    records.iter().map(record_in_words).collect()
}

/// A reply to `A www.example.test`.
fn reply(records: impl IntoIterator<Item = Record>) -> wire::Message {
    wire::Asked {
        id: 7,
        flags: 0x0100,
        name: "www.example.test".into(),
        qtype: wire::A,
        qclass: wire::IN,
    }
    .reply()
    .answers(records)
}

#[test]
fn s5_question_is_read() {
    netlab::lab(|lab| {
        lab.why("A message repeats what was asked: name, type and class (RFC 1035 §4.1.2).");
        let query = wire::query(0xabcd, "Host.example.test", wire::AAAA);
        let message = parse(lab, "a query", &query);
        lab.same("id", message.header.id, 0xabcd);
        lab.same("qr", message.header.qr, false);
        lab.same("questions", message.questions.len(), 1);
        let question = &message.questions[0];
        lab.same("name", text_of(&question.name), "Host.example.test.".into());
        lab.same("type, class", (question.qtype, question.qclass), (28, 1));
        let records = [message.answers, message.authorities, message.additionals];
        lab.same("records", records.map(|section| section.len()), [0, 0, 0]);
    });
}

#[test]
fn s5_three_sections_in_their_order() {
    netlab::lab(|lab| {
        lab.why(
            "The three lists stand one behind the other; only the counts tell where one ends. \
                 Names inside RDATA are compressed too, and their pointers count from the \
                 beginning of the message (RFC 1035 §4.1.3, §4.1.4).",
        );
        let message = parse(lab, "a compressed reply", COMPRESSED);
        lab.same(
            "answers",
            words(&message.answers),
            vec![
                "www.example.test. 300 CNAME web.example.test.".to_owned(),
                "web.example.test. 60 A 192.0.2.1".to_owned(),
            ],
        );
        lab.same(
            "authorities",
            words(&message.authorities),
            vec!["example.test. 86400 NS ns.example.test.".to_owned()],
        );
        lab.same(
            "additionals",
            words(&message.additionals),
            vec!["ns.example.test. 86400 AAAA 2001:db8::53".to_owned()],
        );
        let first = &message.answers[0];
        lab.same(
            "type, class of the first",
            (first.rtype, first.class),
            (5, 1),
        );
    });
}

#[test]
fn s5_rdlength_moves_the_cursor() {
    netlab::lab(|lab| {
        lab.why(
            "There are some hundred types, and you know four. RDLENGTH says where the next record \
             begins, whatever this one means (RFC 3597 §3).",
        );
        let records = [
            Record::new("x.test", wire::TXT, b"\x05hello"),
            Record::new("y.test", 0xff01, b""),
            a("z.test", "192.0.2.9"),
        ];
        let message = parse(lab, "TXT, an unknown type, A", &reply(records).bytes());
        lab.same(
            "answers",
            words(&message.answers),
            vec![
                "x.test. 300 type 16 05 68 65 6c 6c 6f".to_owned(),
                "y.test. 300 type 65281 ".to_owned(),
                "z.test. 300 A 192.0.2.9".to_owned(),
            ],
        );
    });
}

#[test]
fn s5_rdlength_has_16_bits() {
    netlab::lab(|lab| {
        lab.why(
            "RDLENGTH has 16 bits, and a TXT record may well need more than eight of them. Half of \
             the number leads into the middle of the record (RFC 1035 §3.2.1).",
        );
        for length in [300, 5000] {
            let text = Record::new("x.test", wire::TXT, &vec![b'x'; length]);
            let message = parse(
                lab,
                &format!("TXT with {length} octets, A"),
                &reply([text, a("z.test", "192.0.2.9")]).bytes(),
            );
            lab.same("answers", message.answers.len(), 2);
            lab.same(
                "the second one",
                words(&message.answers[1..]),
                vec!["z.test. 300 A 192.0.2.9".to_owned()],
            );
        }

        lab.why(
            "A stranger may write any RDLENGTH. The end that it leads to may lie far behind the \
             message, and beyond what 16 bits can count.",
        );
        for length in [[0xff, 0xff], [0xff, 0xf0], [0x00, 0x05]] {
            let mut msg = reply([a("x.test", "192.0.2.1")]).bytes();
            let at = msg.len() - 6;
            msg[at..at + 2].copy_from_slice(&length);
            let length = u16::from_be_bytes(length);
            let what = format!("four octets with an RDLENGTH of {length}");
            refused(lab, &what, &msg, "Truncated");
        }
    });
}

#[test]
fn s5_ttl_has_32_bits() {
    netlab::lab(|lab| {
        lab.why("TTL is the record's one number of 32 bits, big-endian (RFC 1035 §3.2.1).");
        let ttl = |ttl| {
            let record = a("x.test", "192.0.2.1").ttl(ttl);
            let message = parse(lab, "an answer", &reply([record]).bytes());
            lab.same("answers", message.answers.len(), 1);
            message.answers[0].ttl
        };
        lab.same("ttl of 01 02 03 04", ttl(0x0102_0304), 0x0102_0304);
        let high = ttl(0x8102_0304);
        // Whoever takes such a number for 0 at once has read RFC 2181.
        lab.holds(
            [0x8102_0304, 0].contains(&high),
            "ttl of 81 02 03 04: 2164392708, as it came (or 0, RFC 2181 §8)",
            high,
        );
    });
}

#[test]
fn s5_counts_have_16_bits() {
    netlab::lab(|lab| {
        lab.why("300 records are an unusual reply, and a correct one: each count has 16 bits.");
        let mut many = reply([]);
        for section in &mut many.records {
            *section = vec![a("www.example.test", "192.0.2.1"); 300];
        }
        let message = parse(lab, "300 records in each section", &many.bytes());
        let records = [message.answers, message.authorities, message.additionals];
        lab.same(
            "answers, authorities, additionals",
            records.map(|section| section.len()),
            [300, 300, 300],
        );
    });
}

#[test]
fn s5_rdata_must_fit_its_type() {
    netlab::lab(|lab| {
        lab.why(
            "An IPv4 address has four octets. A record of type A with five is neither an \
                 address nor a reason to read on at a guess.",
        );
        for length in [0, 3, 5] {
            let record = Record::new("w.test", wire::A, &[7; 5][..length]);
            refused(
                lab,
                &format!("A with {length} octets"),
                &reply([record]).bytes(),
                "BadRdata",
            );
        }
        for length in [4, 15, 17] {
            let record = Record::new("w.test", wire::AAAA, &[7; 17][..length]);
            refused(
                lab,
                &format!("AAAA with {length} octets"),
                &reply([record]).bytes(),
                "BadRdata",
            );
        }

        lab.why(
            "The name in a CNAME or NS record must end where its RDATA ends. If not, the \
                 record was built to be read in two ways.",
        );
        for rtype in [wire::CNAME, wire::NS] {
            let kind = wire::type_name(rtype);
            let long = Record::new("w.test", rtype, b"\x01a\x00\x00");
            refused(
                lab,
                &format!("{kind} with an octet left over"),
                &reply([long]).bytes(),
                "BadRdata",
            );
            let short = [Record::new("w.test", rtype, b"\x01x"), a("", "192.0.2.1")];
            refused(
                lab,
                &format!("{kind} whose name runs on behind it"),
                &reply(short).bytes(),
                "BadRdata",
            );
        }
    });
}

#[test]
fn s5_other_classes_stay_bytes() {
    netlab::lab(|lab| {
        lab.why(
            "What type 1 means depends on the class. In class CH it is no IPv4 address; and \
                 an OPT record's class is no class at all, but a size (RFC 6891 §6.1.2).",
        );
        let records = [
            a("w.test", "192.0.2.1").class(3),
            Record::new("", 41, b"").class(1232),
            Record::new("w.test", wire::CNAME, b"\xff").class(3),
            aaaa("w.test", "2001:db8::1").class(3),
            Record::new("w.test", wire::NS, b"\x02ns\x00").class(3),
            cname("w.test", "x").class(3),
        ];
        let message = parse(
            lab,
            "A, AAAA, NS and CNAME in class 3, OPT",
            &reply(records).bytes(),
        );
        lab.same(
            "answers",
            words(&message.answers),
            vec![
                "w.test. 300 type 1 c0 00 02 01".to_owned(),
                ". 300 type 41 ".to_owned(),
                "w.test. 300 type 5 ff".to_owned(),
                "w.test. 300 type 28 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01".to_owned(),
                "w.test. 300 type 2 02 6e 73 00".to_owned(),
                "w.test. 300 type 5 01 78 00".to_owned(),
            ],
        );
        let classes: Vec<u16> = message.answers.iter().map(|record| record.class).collect();
        lab.same("classes", classes, vec![3, 1232, 3, 3, 3, 3]);
    });
}

#[test]
fn s5_counts_are_only_claims() {
    netlab::lab(|lab| {
        lab.why(
            "Counts are 16 bits that a stranger wrote. Believe in a record when you have read \
                 it, and make room for it then.",
        );
        for (what, at) in [
            ("questions", 4),
            ("answers", 6),
            ("authorities", 8),
            ("additionals", 10),
        ] {
            let mut msg = reply([]).bytes();
            msg[at..at + 2].copy_from_slice(&[0xff, 0xff]);
            refused(
                lab,
                &format!("a small message with 65535 {what}"),
                &msg,
                "Truncated",
            );
        }
        let mut fewer = reply([a("x.test", "192.0.2.1"), a("y.test", "192.0.2.2")]).bytes();
        fewer[7] = 1;
        let message = parse(lab, "two answers, announced as one", &fewer);
        lab.same(
            "answers",
            words(&message.answers),
            vec!["x.test. 300 A 192.0.2.1".to_owned()],
        );
    });
}

#[test]
fn s5_cut_off_message_keeps_its_question_only() {
    netlab::lab(|lab| {
        lab.why(
            "TC says that something is missing: a part of a list of addresses looks like the \
                 whole list. It is not to be used (RFC 2181 §9), and may end inside a record.",
        );
        let whole = reply([a("www.example.test", "192.0.2.1")])
            .cut_off()
            .bytes();
        for end in [whole.len(), whole.len() - 3, whole.len() - 15] {
            let message = parse(
                lab,
                &format!("the first {end} octets, TC set"),
                &whole[..end],
            );
            lab.same("tc", message.header.tc, true);
            lab.same("questions", message.questions.len(), 1);
            lab.same("answers", words(&message.answers), Vec::new());
        }
    });
}

#[test]
fn s5_every_prefix_is_safe() {
    netlab::lab(|lab| {
        lab.why(
            "Packets end where strangers end them. Each is Ok or an error, never a panic; and \
                 a message that lacks its last octets is not a whole one.",
        );
        for (what, msg) in golden() {
            parse(lab, what, &msg);
            for end in 0..msg.len() {
                let got = lab.you(&format!("parse_message({what}, cut short)"), || {
                    parse_message(&msg[..end]).is_ok()
                });
                lab.holds(
                    !got,
                    format!("an error for the first {end} octets of {what}"),
                    "Ok",
                );
            }
        }
    });
}

#[test]
fn s5_every_damaged_byte_is_safe() {
    netlab::lab(|lab| {
        lab.why(
            "A bit that flips may turn a length into a pointer and a pointer into a length. \
                 Whatever comes out: no panic, no loop without end.",
        );
        for (what, msg) in golden() {
            for at in 0..msg.len() {
                for byte in [
                    0x00,
                    0x01,
                    0x3f,
                    0x40,
                    0x80,
                    0xc0,
                    0xff,
                    msg[at] ^ 1,
                    msg[at] ^ 0x80,
                ] {
                    let mut msg = msg.clone();
                    msg[at] = byte;
                    lab.you(&format!("parse_message({what}, damaged)"), || {
                        drop(parse_message(&msg));
                    });
                }
            }
        }
    });
}

fn golden() -> Vec<(&'static str, Vec<u8>)> {
    let host = "www.example.test";
    vec![
        ("a query", wire::query(1, host, wire::A)),
        ("an empty answer", reply([]).bytes()),
        ("one address", reply([a(host, "192.0.2.1")]).bytes()),
        (
            "an IPv6 address",
            reply([aaaa(host, "2001:db8::1")]).bytes(),
        ),
        (
            "a chain",
            reply([cname(host, "web.test"), a("web.test", "192.0.2.1")]).bytes(),
        ),
        ("a compressed reply", COMPRESSED.to_vec()),
    ]
}
