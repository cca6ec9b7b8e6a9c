use netlab::Lab;
use udp_dns_lookup::{Message, RData, parse_message};

use super::scene::{hex, parse_error_in_words, record_in_words, text_of};
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

/// The bytes of a message, as far as a reader can follow them.
fn shows(lab: &Lab, msg: &[u8]) {
    match msg.len() {
        0..=160 => lab.note(hex(msg)),
        many => lab.note(format!("{} … ({many} octets)", hex(&msg[..96]))),
    }
}

fn parse(lab: &Lab, what: &str, msg: &[u8]) -> Message {
    shows(lab, msg);
    lab.ok(&format!("parse_message({what})"), || parse_message(msg))
}

fn refused(lab: &Lab, what: &str, msg: &[u8], want: &str) {
    shows(lab, msg);
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

/// Compares one of the three lists, and points at the first record that differs.
fn same_records(lab: &Lab, list: &str, got: &[udp_dns_lookup::Record], want: &[String]) {
    let got = words(got);
    let pairs = || got.iter().zip(want);
    if let Some(n) = pairs().position(|(got, want)| got != want) {
        let owner = |record: &str| record.split(' ').next().map(str::to_owned);
        let lab = match owner(&got[n]) == owner(&want[n]) {
            true => lab.clone(),
            false => lab.because(
                "A record begins with its owner, as a name of its own. The root is an ordinary owner: a zero octet, and not the owner of the record before.",
            ),
        };
        let which = format!("record {} of {} {list}", n + 1, want.len());
        lab.same(&which, &got[n], &want[n]);
    }
    lab.same(&format!("how many {list}"), got.len(), want.len());
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
            "The three lists follow one another; only the counts tell where one ends. \
                 Names inside RDATA are compressed too, and their pointers count from the \
                 beginning of the message (RFC 1035 §4.1.3, §4.1.4).",
        );
        let message = parse(lab, "a compressed reply", COMPRESSED);
        same_records(
            lab,
            "answers",
            &message.answers,
            &[
                "www.example.test. 300 CNAME web.example.test.".to_owned(),
                "web.example.test. 60 A 192.0.2.1".to_owned(),
            ],
        );
        same_records(
            lab,
            "authorities",
            &message.authorities,
            &["example.test. 86400 NS ns.example.test.".to_owned()],
        );
        same_records(
            lab,
            "additionals",
            &message.additionals,
            &["ns.example.test. 86400 AAAA 2001:db8::53".to_owned()],
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
fn s5_each_count_is_its_own() {
    netlab::lab(|lab| {
        lab.why(
            "Four counts, in the order questions, answers, authorities, additionals. Nothing between \
             two lists tells where one ends: a count in the wrong place moves records to another list.",
        );
        let mut msg = reply([]);
        msg.questions.push(("b.test".into(), 0x0102, 0x8003));
        msg.questions.push(("c.test".into(), 0, 0));
        for (section, count) in [3, 1, 4].into_iter().enumerate() {
            msg.records[section] = (0..count)
                .map(|n| a(&format!("S{section}n{n}.Test"), "192.0.2.1"))
                .collect();
        }
        let message = parse(lab, "3 questions, 3, 1 and 4 records", &msg.bytes());
        let owners = |records: &[udp_dns_lookup::Record]| -> Vec<String> {
            records.iter().map(|record| text_of(&record.name)).collect()
        };
        let named = |section: usize, count: usize| -> Vec<String> {
            (0..count)
                .map(|n| format!("S{section}n{n}.Test."))
                .collect()
        };
        lab.same(
            "owners of the answers",
            owners(&message.answers),
            named(0, 3),
        );
        lab.same(
            "owners of the authorities",
            owners(&message.authorities),
            named(1, 1),
        );
        lab.same(
            "owners of the additionals",
            owners(&message.additionals),
            named(2, 4),
        );

        lab.why(
            "A message may hold several questions, or none; each has all 16 bits of its numbers.",
        );
        let questions: Vec<_> = message
            .questions
            .iter()
            .map(|q| (text_of(&q.name), q.qtype, q.qclass))
            .collect();
        let want = vec![
            ("www.example.test.".to_owned(), 1, 1),
            ("b.test.".to_owned(), 0x0102, 0x8003),
            ("c.test.".to_owned(), 0, 0),
        ];
        lab.same("questions: name, type, class", questions, want);
        msg.questions.clear();
        let message = parse(lab, "no question, the same records", &msg.bytes());
        lab.same("questions", message.questions.len(), 0);
        lab.same(
            "owners of the answers",
            owners(&message.answers),
            named(0, 3),
        );

        lab.why(
            "The counts tell what is there, whatever the flags say: a query may bring records (EDNS, \
             RFC 6891), and a \"no\" brings the zone's SOA record. Only TC means that they are not to be \
             read.",
        );
        for flags in [0x0100, 0x8183, 0x8185, 0xfdff] {
            msg.flags = flags;
            let message = parse(
                lab,
                &format!("the same with flags {flags:04x}"),
                &msg.bytes(),
            );
            let records = [message.answers, message.authorities, message.additionals];
            let counts = records.map(|section| section.len());
            lab.same("answers, authorities, additionals", counts, [3, 1, 4]);
        }
    });
}

#[test]
fn s5_errors_of_names_are_passed_on() {
    netlab::lab(|lab| {
        lab.why(
            "read_name knows what is wrong with a name. If you turn its errors into one, the reader of a failure loses the most useful information.",
        );
        let label = |n: usize| [&[n as u8][..], &vec![b'x'; n]].concat();
        let long = [label(63), label(63), label(63), label(63), vec![0]].concat();
        let cases: [(&str, &[u8], &str); 3] = [
            ("a reserved label", b"\x41a", "ReservedLabel"),
            ("a pointer forward", b"\xff\xff", "BadPointer"),
            ("257 octets", &long, "NameTooLong"),
        ];
        for (what, name, want) in cases {
            let mut question = reply([]).bytes()[..12].to_vec();
            question.extend(name);
            question.extend([0, 1, 0, 1]);
            refused(lab, &format!("{what} in the question"), &question, want);

            let mut owner = reply([]).bytes();
            owner[7] = 1;
            owner.extend(name);
            owner.extend(b"\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x01\x02\x03\x04");
            refused(lab, &format!("{what} in an owner"), &owner, want);

            for rtype in [wire::CNAME, wire::NS] {
                let record = Record::new("w.test", rtype, name);
                let what = format!("{what} in a {}", wire::type_name(rtype));
                refused(lab, &what, &reply([record]).bytes(), want);
            }
        }
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
            Record::new("y.test", 0x8001, b"\0\x02\xff "),
            Record::new("y.test", 0x0105, b" \0"),
            a("z.test", "192.0.2.9"),
        ];
        let message = parse(lab, "TXT, three unknown types, A", &reply(records).bytes());
        same_records(
            lab,
            "answers",
            &message.answers,
            &[
                "x.test. 300 type 16 05 68 65 6c 6c 6f".to_owned(),
                "y.test. 300 type 65281 ".to_owned(),
                "y.test. 300 type 32769 00 02 ff 20".to_owned(),
                "y.test. 300 type 261 20 00".to_owned(),
                "z.test. 300 A 192.0.2.9".to_owned(),
            ],
        );

        lab.why(
            "A, AAAA, CNAME and NS are the types that you look into. PTR (12), DNAME (39) and others \
             hold a name as well, and mean something else by it: they stay bytes.",
        );
        let known = [wire::A, wire::AAAA, wire::CNAME, wire::NS];
        let others: Vec<u16> = (0..300).filter(|rtype| !known.contains(rtype)).collect();
        let records = others
            .iter()
            .map(|&rtype| Record::new("", rtype, b"\x01x\x00"));
        let message = parse(lab, "every other type up to 299", &reply(records).bytes());
        let want = others
            .iter()
            .map(|rtype| format!(". 300 type {rtype} 01 78 00"));
        same_records(lab, "answers", &message.answers, &want.collect::<Vec<_>>());
    });
}

#[test]
fn s5_rdlength_has_16_bits() {
    netlab::lab(|lab| {
        lab.why(
            "RDLENGTH has 16 bits, and a TXT record may well need more than eight of them. Half of \
             the number leads into the middle of the record (RFC 1035 §3.2.1).",
        );
        for length in [255, 256, 300, 5000, 60_000] {
            let data: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let text = Record::new("x.test", wire::TXT, &data);
            let message = parse(
                lab,
                &format!("TXT with {length} octets, A"),
                &reply([text, a("z.test", "192.0.2.9")]).bytes(),
            );
            lab.same("answers", message.answers.len(), 2);
            match &message.answers[0].data {
                RData::Other(bytes) => lab.same_bytes("the data of the TXT record", bytes, &data),
                other => lab.fails("Other(…): TXT stays bytes", format!("{other:?}")),
            }
            lab.same(
                "the second one",
                words(&message.answers[1..]),
                vec!["z.test. 300 A 192.0.2.9".to_owned()],
            );
        }

        lab.why(
            "A stranger may write any RDLENGTH. The end that it leads to may lie far past the end of the \
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
        lab.why(
            "TTL is the record's one number of 32 bits, big-endian (RFC 1035 §3.2.1). It is reported \
             as it came; a program that keeps records must handle a number above 2³¹ − 1.",
        );
        for ttl in [
            0x0102_0304,
            0,
            0x00ff_ffff,
            0x7fff_ffff,
            0x8000_0000,
            u32::MAX,
        ] {
            let records = [
                a("x.test", "192.0.2.1").ttl(ttl),
                aaaa("x.test", "2001:db8::1").ttl(ttl),
                cname("x.test", "y.test").ttl(ttl),
                Record::new("x.test", wire::NS, b"\x00").ttl(ttl),
                Record::new("x.test", wire::TXT, b"").ttl(ttl),
            ];
            let message = parse(
                lab,
                &format!("five records with TTL {ttl:08x}"),
                &reply(records).bytes(),
            );
            let ttls: Vec<String> = message
                .answers
                .iter()
                .map(|record| format!("{:08x}", record.ttl))
                .collect();
            lab.same("their TTLs", ttls, vec![format!("{ttl:08x}"); 5]);
        }
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

        lab.why(
            "The smallest record has 11 octets: a message of 64 KiB holds thousands. How many there are, \
             only the message's end can say.",
        );
        for (section, name) in ["answers", "authorities", "additionals"].iter().enumerate() {
            let mut many = reply([]);
            many.records[section] = vec![Record::new("", wire::TXT, b""); 2500];
            let message = parse(lab, &format!("2500 {name}"), &many.bytes());
            let records = [message.answers, message.authorities, message.additionals];
            lab.same(name, records[section].len(), 2500);
        }
    });
}

#[test]
fn s5_rdata_must_fit_its_type() {
    netlab::lab(|lab| {
        lab.why(
            "An IPv4 address has four octets, an IPv6 address sixteen. With fewer, none, or more it is not an address: do not guess, and do not read on.",
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
        for length in [0, 4, 15, 17] {
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
            for (what, data) in [
                ("whose name runs past its end", &b"\x01x"[..]),
                ("without data", b""),
            ] {
                let short = [Record::new("w.test", rtype, data), a("", "192.0.2.1")];
                refused(
                    lab,
                    &format!("{kind} {what}"),
                    &reply(short).bytes(),
                    "BadRdata",
                );
            }
        }
    });
}

#[test]
fn s5_other_classes_stay_bytes() {
    netlab::lab(|lab| {
        lab.why(
            "What type 1 means depends on the class. In class CH it is not an IPv4 address, and an OPT record's class is not a class, but a size (RFC 6891 §6.1.2).",
        );
        let records = [
            a("w.test", "192.0.2.1").class(3),
            Record::new("", 41, b"").class(1232),
            Record::new("w.test", wire::CNAME, b"\xff").class(3),
            aaaa("w.test", "2001:db8::1").class(3),
            Record::new("w.test", wire::NS, b"\x02ns\x00").class(3),
            cname("w.test", "x").class(3),
            a("w.test", "192.0.2.1").class(0x8001),
            a("w.test", "192.0.2.1").class(0x0101),
            a("w.test", "192.0.2.1").class(255),
        ];
        let message = parse(
            lab,
            "A, AAAA, NS and CNAME in class 3, OPT, A in classes 8001, 0101 and 255",
            &reply(records).bytes(),
        );
        same_records(
            lab,
            "answers",
            &message.answers,
            &[
                "w.test. 300 type 1 c0 00 02 01".to_owned(),
                ". 300 type 41 ".to_owned(),
                "w.test. 300 type 5 ff".to_owned(),
                "w.test. 300 type 28 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01".to_owned(),
                "w.test. 300 type 2 02 6e 73 00".to_owned(),
                "w.test. 300 type 5 01 78 00".to_owned(),
                "w.test. 300 type 1 c0 00 02 01".to_owned(),
                "w.test. 300 type 1 c0 00 02 01".to_owned(),
                "w.test. 300 type 1 c0 00 02 01".to_owned(),
            ],
        );
        let classes: Vec<u16> = message.answers.iter().map(|record| record.class).collect();
        let want = vec![3, 1232, 3, 3, 3, 3, 0x8001, 0x0101, 255];
        lab.same("classes", classes, want);

        lab.why(
            "The parser does not judge the meaning of a record: it reports each record, in whichever of the three lists it came.",
        );
        let mut elsewhere = reply([]);
        let opt = || vec![Record::new("", 41, b"\x00\x0a").class(1232)];
        elsewhere.records = [opt(), opt(), opt()];
        let message = parse(lab, "an OPT record in each section", &elsewhere.bytes());
        let records = [message.answers, message.authorities, message.additionals];
        let want = [const { ". 300 type 41 00 0a" }; 3].map(|record| vec![record.to_owned()]);
        lab.same("records", records.map(|section| words(&section)), want);
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
        let mut cut_off = reply([]).cut_off().bytes();
        cut_off[6..12].fill(0xff);
        let message = parse(lab, "no record, TC set, three counts of 65535", &cut_off);
        let room = [&message.answers, &message.authorities, &message.additionals];
        let room = room.map(|section| section.capacity());
        lab.holds(
            room.iter().all(|&records| records < 100),
            "hardly any room made for records that never came",
            format!("lists with room for {room:?} records"),
        );
        for more in [1, 2, 11, 12] {
            let msg = [reply([a("x.test", "192.0.2.1")]).bytes(), vec![0; more]].concat();
            let message = parse(lab, &format!("one answer and {more} octets more"), &msg);
            lab.same("answers", message.answers.len(), 1);
        }
        let mut fewer = reply([a("x.test", "192.0.2.1"), a("y.test", "192.0.2.2")]).bytes();
        fewer[7] = 1;
        let message = parse(lab, "two answers, announced as one", &fewer);
        same_records(
            lab,
            "answers",
            &message.answers,
            &["x.test. 300 A 192.0.2.1".to_owned()],
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
        let mut whole = reply([]).cut_off();
        for section in &mut whole.records {
            *section = vec![a("www.example.test", "192.0.2.1")];
        }
        let whole = whole.bytes();
        // A record takes 16 octets here.
        for end in [0, 3, 15, 16, 20, 32, 40].map(|cut| whole.len() - cut) {
            let message = parse(
                lab,
                &format!("the first {end} of {} octets, TC set", whole.len()),
                &whole[..end],
            );
            lab.same("tc", message.header.tc, true);
            lab.same("questions", message.questions.len(), 1);
            let records = [message.answers, message.authorities, message.additionals];
            let words = records.map(|section| words(&section));
            lab.same("records", words, Default::default());
        }

        lab.why(
            "What comes after the questions is not read, so nothing in it is an error: neither missing records nor extra octets.",
        );
        let question = &whole[..whole.len() - 3 * 16];
        for counts in [[1, 0, 0, 0], [1, 5, 2, 1], [1, 0, 0, 0xffff]] {
            for behind in [&b""[..], b"\0", b"\xff\xff\xff", &[0x40; 30]] {
                let mut msg = [question, behind].concat();
                for (n, count) in counts.into_iter().enumerate() {
                    msg[4 + 2 * n..][..2].copy_from_slice(&u16::to_be_bytes(count));
                }
                let what = format!(
                    "a question, {} octets, TC set, counts {counts:?}",
                    behind.len()
                );
                let message = parse(lab, &what, &msg);
                lab.same("questions", message.questions.len(), 1);
                let reason = "`counts` holds the sender's numbers, whatever came.";
                lab.because(reason)
                    .same("counts in the header", message.header.counts, counts);
            }
        }

        lab.why("Only TC counts: the other flags and RCODE do not matter.");
        for flags in [0x8383, 0x8785, 0x0200, 0xffff] {
            let mut other = whole.clone();
            other[2..4].copy_from_slice(&u16::to_be_bytes(flags));
            let message = parse(lab, &format!("the whole with flags {flags:04x}"), &other);
            let records = [message.answers, message.authorities, message.additionals];
            let words = records.map(|section| words(&section));
            lab.same("records", words, Default::default());
        }

        lab.why("A question that is cut off is an error, even with TC.");
        let question_ends = whole.len() - 3 * 16;
        for end in [12, question_ends - 1] {
            let what = format!("the first {end} octets, TC set");
            refused(lab, &what, &whole[..end], "Truncated");
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
                let others = [msg[at] ^ 1, msg[at] ^ 0x80];
                let bytes = [0x00, 0x01, 0x3f, 0x40, 0x80, 0xc0, 0xff];
                lab.you(
                    &format!("parse_message({what}, octet {at} damaged)"),
                    || {
                        for byte in bytes.into_iter().chain(others) {
                            let mut msg = msg.clone();
                            msg[at] = byte;
                            drop(parse_message(&msg));
                        }
                    },
                );
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
