use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use netlab::{Datagram, Lab, Running, UdpPeer};
use udp_dns_lookup::{
    LookupError, Message, Question, Sent, Verdict, Why, exchange_udp, judge_reply,
};

use super::scene::{
    EVIL, GOOD, GOOD6, HOST, PATIENT, asked, brief, cpu_time, gives, hex, question,
    verdict_in_words,
};
use super::wire::{self, Asked, a};

const SERVER: &str = "198.51.100.53:53";
const ID: u16 = 0x5a17;

/// The query that all the pure scenes judge by: A www.example.test with this id, to this server.
fn sent(lab: &Lab) -> Sent {
    Sent {
        id: ID,
        question: question(lab, HOST, wire::A),
        server: SERVER.parse().expect("an address"),
    }
}

/// What a server would take that query for.
fn query() -> Asked {
    Asked {
        id: ID,
        flags: 0x0100,
        name: HOST.into(),
        qtype: wire::A,
        qclass: wire::IN,
    }
}

fn verdict(lab: &Lab, from: &str, datagram: &[u8]) -> String {
    let sent = sent(lab);
    let from: SocketAddr = from.parse().expect("an address");
    lab.note(format!("sent: {ID:04x} A {HOST}? to {SERVER}"));
    let what = match wire::in_words(datagram) {
        Some(words) => words,
        None => format!(
            "{} octets: {}",
            datagram.len(),
            hex(&datagram[..datagram.len().min(12)])
        ),
    };
    let call = format!("judge_reply(sent, {from}, {what})");
    verdict_in_words(&lab.you(&call, || judge_reply(&sent, from, datagram)))
}

fn good_reply() -> wire::Message {
    query().reply().answers([a(HOST, GOOD)])
}

const ACCEPTED: &str = "Accept: 192.0.2.1";

#[test]
fn s7_the_reply_is_accepted() {
    netlab::lab(|lab| {
        lab.why("Right source, right id, a response, our question: this is the reply.");
        lab.same(
            "verdict",
            verdict(lab, SERVER, &good_reply().bytes()),
            ACCEPTED.into(),
        );

        lab.why(
            "The judge checks only whether it is our reply: \"there is no such name\" and \"it did not fit\" are replies, too.",
        );
        let no_records = || "Accept: no records".to_owned();
        let got = verdict(lab, SERVER, &query().reply().cut_off().bytes());
        lab.same("verdict on TC", got, no_records());
        for rcode in [wire::NXDOMAIN, wire::REFUSED].into_iter().chain(1..=15) {
            let reply = query().reply().rcode(rcode);
            let got = verdict(lab, SERVER, &reply.bytes());
            let name = match rcode {
                wire::NXDOMAIN => " (NXDOMAIN)",
                wire::REFUSED => " (REFUSED)",
                _ => "",
            };
            lab.same(
                &format!("verdict on RCODE {rcode}{name}"),
                got,
                no_records(),
            );
        }

        lab.why(
            "QR is the one flag to look at. RD and RA say who can do what, AA says how the server \
             knows, AD that it checked signatures; servers differ in all of them. OPCODE is not judged \
             either: id and question tell what is answered.",
        );
        let others = [0x8000, 0x8100, 0x8080, 0x8400, 0x8020, 0x81a0, 0x85f0];
        let opcodes = (1..16).map(|opcode| 0x8180 | opcode << 11);
        for flags in others.into_iter().chain(opcodes) {
            let mut reply = good_reply();
            reply.flags = flags;
            let got = verdict(lab, SERVER, &reply.bytes());
            lab.same(
                &format!("verdict on flags {flags:04x}"),
                got,
                ACCEPTED.into(),
            );
        }

        lab.why("The records after the question are not judged: their owners do not matter here.");
        for (what, record, want) in [
            ("of another name", a("other.test", GOOD), ACCEPTED),
            (
                "of another type",
                wire::aaaa(HOST, GOOD6),
                "Accept: 2001:db8::1",
            ),
            (
                "of another class",
                a(HOST, GOOD).class(3),
                "Accept: www.example.test. 300 type 1 c0 00 02 01",
            ),
        ] {
            let got = verdict(lab, SERVER, &query().reply().answers([record]).bytes());
            lab.same(
                &format!("verdict on a reply with a record {what}"),
                got,
                want.into(),
            );
        }

        lab.why("Do not refuse a reply with more records after the answers.");
        let mut more = good_reply();
        more.records[1].push(a("ns.test", "192.0.2.53"));
        more.records[2].push(wire::Record::new("", 41, b"").class(1232));
        let got = verdict(lab, SERVER, &more.bytes());
        lab.same("verdict on a reply with more records", got, ACCEPTED.into());
        let many = query().reply().answers(vec![a(HOST, GOOD); 300]);
        let got = verdict(lab, SERVER, &many.bytes());
        let got = match got.strip_prefix(ACCEPTED) {
            Some(_) => ACCEPTED,
            None => &got,
        };
        lab.same("verdict on a reply with 300 answers", got, ACCEPTED);
        let trailing = [&good_reply().bytes()[..], b"behind it"].concat();
        let got = verdict(lab, SERVER, &trailing);
        lab.same(
            "verdict on a reply with 9 more octets",
            got,
            ACCEPTED.into(),
        );
    });
}

#[test]
fn s7_source_comes_first() {
    netlab::lab(|lab| {
        lab.why(
            "Address and port must be the ones you asked (RFC 5452 §9.1). The sender chooses everything else in a datagram, so check these two first.",
        );
        for from in [
            "198.51.100.54:53",
            "198.51.100.53:5353",
            "[2001:db8::53]:53",
        ] {
            for (what, bytes) in [
                ("a perfect reply", good_reply().bytes()),
                (
                    "a reply that is cut short",
                    good_reply().bytes()[..20].to_vec(),
                ),
                ("nothing", Vec::new()),
            ] {
                let got = verdict(lab, from, &bytes);
                lab.same(
                    &format!("{what} from {from}"),
                    got,
                    "Ignore: WrongSource".into(),
                );
            }
        }

        lab.why(
            "One address and one port are right. A neighbour's address is not, nor a server's other port, \
             and on your own machine every program can send from some address of 127.0.0.0/8.",
        );
        let reply = good_reply().bytes();
        for server in [
            SERVER,
            "127.0.0.1:53",
            "127.0.0.53:5300",
            "[::1]:53",
            "[2001:db8::53]:53",
        ] {
            let server: SocketAddr = server.parse().expect("an address");
            let sent = Sent {
                server,
                ..sent(lab)
            };
            // Many, and those that have a name.
            let ports = (0..=u16::MAX)
                .step_by(257)
                .chain([53, 853, 1024, 5353, 5300]);
            let ports = ports.map(|port| SocketAddr::new(server.ip(), port));
            let addresses = neighbours(server.ip()).map(|ip| SocketAddr::new(ip, server.port()));
            let others: Vec<SocketAddr> = ports
                .chain(addresses)
                .filter(|from| *from != server)
                .collect();
            let call = format!(
                "judge_reply(sent to {server}, …), the reply from {} others",
                others.len()
            );
            let mut trusted = lab.you(&call, || {
                let trusted = |from: &SocketAddr| {
                    let verdict = judge_reply(&sent, *from, &reply);
                    !matches!(verdict, Verdict::Ignore(Why::WrongSource))
                };
                others.into_iter().filter(trusted).collect::<Vec<_>>()
            });
            trusted.truncate(3);
            let want = Vec::<SocketAddr>::new();
            lab.same(
                &format!("others than {server} that were not ignored as WrongSource"),
                trusted,
                want,
            );
        }
    });
}

/// Addresses that have much in common with this one, and itself.
fn neighbours(ip: IpAddr) -> impl Iterator<Item = IpAddr> {
    let bits = match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    };
    let flipped = (0..bits).map(move |bit| match ip {
        IpAddr::V4(ip) => IpAddr::from(Ipv4Addr::from_bits(ip.to_bits() ^ 1 << bit)),
        IpAddr::V6(ip) => IpAddr::from(Ipv6Addr::from_bits(ip.to_bits() ^ 1 << bit)),
    });
    let loopback = [
        Ipv4Addr::LOCALHOST.into(),
        Ipv4Addr::new(127, 0, 0, 2).into(),
        Ipv6Addr::LOCALHOST.into(),
    ];
    let nobody = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    flipped.chain(loopback).chain(nobody)
}

#[test]
fn s7_id_comes_before_parsing() {
    netlab::lab(|lab| {
        lab.why(
            "The id is 16 bits, and all of them must agree, in their order. If you compare one \
             octet, 256 forged datagrams are enough instead of 65536.",
        );
        let mut other = good_reply();
        for id in [ID ^ 0x0001, ID ^ 0x8000, ID.swap_bytes(), 0] {
            other.id = id;
            let got = verdict(lab, SERVER, &other.bytes());
            lab.same(
                &format!("a reply with id {id:04x}"),
                got,
                "Ignore: WrongId".into(),
            );
        }
        lab.why(
            "Two octets tell whether the rest is worth reading. If you parse first, any stranger who can send a datagram chooses what your parser does.",
        );
        other.id = !ID;
        for length in [2, 11, 12, 30] {
            let got = verdict(lab, SERVER, &other.bytes()[..length]);
            lab.same(
                &format!("{length} octets with another id"),
                got,
                "Ignore: WrongId".into(),
            );
        }
        lab.why("One octet, or none, is not an id, even if it is the beginning of the right one.");
        for length in [0, 1] {
            for (what, reply) in [("your", good_reply()), ("another", other.clone())] {
                let got = verdict(lab, SERVER, &reply.bytes()[..length]);
                lab.same(
                    &format!("the first {length} octets of a reply with {what} id"),
                    got,
                    "Ignore: WrongId".into(),
                );
            }
        }
        for id in [0x5a00, 0] {
            let sent = Sent { id, ..sent(lab) };
            let reply = wire::query(id, HOST, wire::A);
            for length in 0..2 {
                let call = format!("judge_reply(sent with id {id:04x}, …, {length} octets of it)");
                let got = lab.you(&call, || judge_reply(&sent, sent.server, &reply[..length]));
                let what = format!("the first {length} octets of the id {id:04x}");
                lab.same(&what, verdict_in_words(&got), "Ignore: WrongId".into());
            }
        }
    });
}

#[test]
fn s7_broken_reply_is_ignored() {
    netlab::lab(|lab| {
        lab.why(
            "With the right source and id it may still be broken. Then it is not a reply: go on waiting for one.",
        );
        let whole = good_reply().bytes();
        for length in [2, 11, 12, 20, whole.len() - 1] {
            let got = verdict(lab, SERVER, &whole[..length]);
            lab.same(
                &format!("its first {length} octets"),
                got,
                "Ignore: Malformed".into(),
            );
        }
        for (section, name) in ["answer", "authority", "additional"].iter().enumerate() {
            let mut reply = good_reply();
            reply.records[section] = vec![a(HOST, GOOD), a(HOST, GOOD)];
            // The section is the last one that has records.
            let whole = reply.bytes();
            lab.because("A message is read to its end, or it is not believed: what its last section says is a promise, too.")
                .same(
                    &format!("a reply whose {name} section is cut off"),
                    verdict(lab, SERVER, &whole[..whole.len() - 1]),
                    "Ignore: Malformed".to_owned(),
                );
        }
    });
}

#[test]
fn s7_our_own_query_is_no_reply() {
    netlab::lab(|lab| {
        lab.why(
            "QR is 0: this is a question. A mirror is not a resolver, and its \"reply\" has \
                 our id and our question.",
        );
        let mirrored = wire::query(ID, HOST, wire::A);
        let got = verdict(lab, SERVER, &mirrored);
        lab.same("our own query, echoed", got, "Ignore: NotAReply".into());

        lab.why(
            "QR is 0: a question. An answer behind it, or other flags, do not make it a reply.",
        );
        for flags in [0x0100, 0x0000, 0x7dff] {
            let mut answered = good_reply();
            answered.flags = flags;
            let got = verdict(lab, SERVER, &answered.bytes());
            let what = format!("a query with an answer, flags {flags:04x}");
            lab.same(&what, got, "Ignore: NotAReply".into());
        }
    });
}

#[test]
fn s7_question_must_be_ours() {
    netlab::lab(|lab| {
        let with = |questions: &[(&str, u16, u16)]| {
            let mut reply = good_reply();
            reply.questions = questions
                .iter()
                .map(|&(name, qtype, class)| (name.to_owned(), qtype, class))
                .collect();
            verdict(lab, SERVER, &reply.bytes())
        };
        let ignored = || "Ignore: WrongQuestion".to_owned();
        lab.why(
            "Name, type and class must be the ones you asked about (RFC 5452 §9.1): an answer to another question does not count.",
        );
        lab.same(
            "another name",
            with(&[("wwx.example.test", 1, 1)]),
            ignored(),
        );
        lab.same(
            "a part of the name",
            with(&[("example.test", 1, 1)]),
            ignored(),
        );
        for name in [
            "evil.www.example.test",
            "www.example.test.evil",
            "xwww.example.test",
            "www.example",
            "www.exampletest",
            "wwwexample.test",
            "www·example.test",
            "www.example·test",
            "",
        ] {
            let got = with(&[(name, 1, 1)]);
            lab.same(&format!("the name {name:?}"), got, ignored());
        }
        lab.why(
            "Type and class are part of the question. Another type is another question, and so is 255, \
             which means \"any\" (RFC 1035 §3.2.3).",
        );
        for (qtype, class) in [
            (28, 1),
            (5, 1),
            (255, 1),
            (0x0101, 1),
            (1, 3),
            (1, 255),
            (1, 0x8001),
        ] {
            let got = with(&[(HOST, qtype, class)]);
            lab.same(&format!("type {qtype}, class {class}"), got, ignored());
        }
        // Small numbers, large ones, and those with the right lower octet.
        let numbers = (0..=u16::MAX).filter(|n| *n < 300 || *n >= 0xfff0 || n & 0xff < 2);
        let types = numbers.clone().map(|qtype| (qtype, wire::IN));
        let classes = numbers.map(|class| (wire::A, class));
        let others = types
            .chain(classes)
            .filter(|&other| other != (wire::A, wire::IN));
        let sent = sent(lab);
        let mut reply = good_reply().bytes();
        let at = 12 + wire::name(HOST).len();
        let call = "judge_reply(sent, …), a reply for each other type and for each other class";
        let mut accepted = lab.you(call, || {
            let accepted = |&(qtype, class): &(u16, u16)| {
                reply[at..at + 2].copy_from_slice(&qtype.to_be_bytes());
                reply[at + 2..at + 4].copy_from_slice(&class.to_be_bytes());
                let verdict = judge_reply(&sent, sent.server, &reply);
                !matches!(verdict, Verdict::Ignore(Why::WrongQuestion))
            };
            others.filter(accepted).collect::<Vec<_>>()
        });
        accepted.truncate(3);
        lab.same(
            "types and classes that were not ignored as WrongQuestion",
            accepted,
            Vec::new(),
        );

        lab.why(
            "A reply repeats the question: exactly one (RFC 9619). Without a question it is unknown what is answered.",
        );
        lab.same("no question", with(&[]), ignored());
        for flags in [0x8380, 0x8181, 0x8182, 0x8183, 0x8185] {
            let mut reply = query().reply();
            reply.flags = flags;
            reply.questions.clear();
            let got = verdict(lab, SERVER, &reply.bytes());
            let what = format!("no question and no record, flags {flags:04x}");
            lab.same(&what, got, ignored());
        }
        let two = [(HOST, 1, 1), ("wwx.example.test", 1, 1)];
        lab.same("ours and another one", with(&two), ignored());
        lab.same("ours twice", with(&[(HOST, 1, 1); 2]), ignored());

        lab.why("The question to compare with is the one in `sent`, whatever it is.");
        let sent = Sent {
            question: Question {
                qclass: 3,
                ..question(lab, "v6.test", wire::AAAA)
            },
            ..sent
        };
        for (name, qtype, class, want) in [
            ("v6.test", wire::AAAA, 3, "Accept: no records"),
            ("v6.test", wire::AAAA, wire::IN, "Ignore: WrongQuestion"),
            ("v6.test", wire::AAAA, 255, "Ignore: WrongQuestion"),
            ("v6.test", wire::A, 3, "Ignore: WrongQuestion"),
            (HOST, wire::AAAA, 3, "Ignore: WrongQuestion"),
        ] {
            let mut reply = query().reply();
            reply.questions = vec![(name.to_owned(), qtype, class)];
            let call = "judge_reply(sent: AAAA v6.test in class 3, …)";
            let verdict = lab.you(call, || judge_reply(&sent, sent.server, &reply.bytes()));
            let kind = wire::type_name(qtype);
            lab.same(
                &format!("a reply about {kind} {name} in class {class}"),
                verdict_in_words(&verdict),
                want.to_owned(),
            );
        }
        let any = Sent {
            question: Question {
                qclass: 255,
                ..question(lab, HOST, 255)
            },
            ..sent
        };
        for (qtype, class, want) in [
            (255, 255, "Accept: no records"),
            (wire::A, 255, "Ignore: WrongQuestion"),
            (255, wire::IN, "Ignore: WrongQuestion"),
        ] {
            let mut reply = query().reply();
            reply.questions = vec![(HOST.to_owned(), qtype, class)];
            let call = "judge_reply(sent: type 255 in class 255, …)";
            let verdict = lab.you(call, || judge_reply(&any, any.server, &reply.bytes()));
            let what = format!("a reply about type {qtype} in class {class}");
            lab.same(&what, verdict_in_words(&verdict), want.to_owned());
        }
    });
}

#[test]
fn s7_case_may_differ() {
    netlab::lab(|lab| {
        lab.why(
            "Names are equal in either case (RFC 4343), and some servers repeat the question \
                 in their own.",
        );
        let mut reply = good_reply();
        reply.questions[0].0 = "WWW.EXAMPLE.TEST".into();
        let got = verdict(lab, SERVER, &reply.bytes());
        lab.holds(
            got.starts_with("Accept"),
            "Accept: WWW.EXAMPLE.TEST is www.example.test",
            got,
        );

        lab.why(
            "Names are compared, not octets: the name in the question may also end in a pointer. This \
             one leads into the header, to a zero octet: the root.",
        );
        let mut reply = query().reply().bytes();
        let end_of_name = reply.len() - 5;
        reply.splice(end_of_name..=end_of_name, [0xc0, 6]);
        let got = verdict(lab, SERVER, &reply);
        lab.same(
            "verdict on a question that is compressed",
            got,
            "Accept: no records".to_owned(),
        );
    });
}

#[test]
fn s7_strangers_cost_nothing() {
    netlab::lab(|lab| {
        lab.why(
            "Source and id are compared before anything is parsed: this reply of 16 kB with hundreds of records \
             takes time to be read, and a stranger can send one after the other.",
        );
        let long = good_reply().answers(vec![wire::Record::new("a.b.c.d.e.f.g.h", 41, b""); 600]);
        let ours = long.bytes();
        let mut guess = long;
        guess.id = !ID;
        let guess = guess.bytes();
        let sent = sent(lab);
        let stranger = SocketAddr::new(sent.server.ip(), 5353);
        let cost = |what: &str, from: SocketAddr, datagram: &[u8]| {
            let before = cpu_time();
            lab.you(
                &format!("judge_reply(sent, …, {what}), ten times"),
                || {
                    for _ in 0..10 {
                        judge_reply(&sent, from, datagram);
                    }
                },
            );
            cpu_time() - before
        };
        for (what, from, datagram) in [
            ("the same from somebody else", stranger, &ours),
            ("the same with another id", sent.server, &guess),
        ] {
            // Nothing against hundreds of records; where the system does not show it, both are 0. Whatever
            // else is counted to this thread comes hardly three times.
            let mut seen = Vec::new();
            let is_cheap = (0..3).any(|_| {
                let (this, whole) = (
                    cost(what, from, datagram),
                    cost("a long reply", sent.server, &ours),
                );
                seen.push(format!("{} µs and {} µs", this / 1000, whole / 1000));
                this <= whole / 4
            });
            lab.holds(
                is_cheap,
                format!("{what}: hardly any processor time"),
                format!("for this, and for the reply itself: {}", seen.join("; ")),
            );
        }
    });
}

/// The student's exchange, with the student's judge: A www.example.test.
fn asks(lab: &Lab, server: SocketAddr) -> Running<Result<Message, LookupError>> {
    let question = question(lab, HOST, wire::A);
    lab.student(
        &format!("exchange_udp(server, A {HOST}, judge_reply)"),
        move || exchange_udp(server, &question, PATIENT, judge_reply),
    )
}

/// Sends the good reply at last; the student must have waited for it.
fn ends_well(
    lab: &Lab,
    server: &UdpPeer,
    query: &Datagram,
    exchange: Running<Result<Message, LookupError>>,
) {
    let reply = asked(lab, query).reply().answers([a(HOST, GOOD)]).bytes();
    server.sends_to_labelled(query.from, &format!("the reply: {GOOD}"), &reply);
    gives(lab, "result", exchange, GOOD);
}

#[test]
fn s7_wrong_source_ip_or_port_is_ignored() {
    netlab::lab(|lab| {
        lab.picture("01-forgeries");
        let server = lab.udp("server");
        let forger = lab.udp("forger");
        let exchange = asks(lab, server.addr());
        let query = server.expects_datagram();
        lab.why(format!(
            "{EVIL} came from {}, not from the server you asked, {}. A forger who has seen your query, or guesses well, can send anything, but not from that address and port (RFC 5452 §9.1).",
            forger.addr(),
            server.addr(),
        ));
        let forged = asked(lab, &query).reply().answers([a(HOST, EVIL)]).bytes();
        forger.sends_to_labelled(query.from, &format!("forged: {EVIL}"), &forged);
        let mut guessed = asked(lab, &query).reply().answers([a(HOST, EVIL)]);
        guessed.id ^= 0x0101;
        let label = format!("wrong id: {EVIL}");
        server.sends_to_labelled(query.from, &label, &guessed.bytes());
        ends_well(lab, &server, &query, exchange);
    });
}

#[test]
fn s7_ten_wrong_ids_then_good() {
    netlab::lab(|lab| {
        let server = lab.udp("server");
        let exchange = asks(lab, server.addr());
        let query = server.expects_datagram();
        let id = asked(lab, &query).id;
        lab.why(format!(
            "Your query had the id {id:04x}, these replies have others. An attacker who forges the server's address can send thousands of guesses; a limit of three or of nine lets him end your look-up.",
        ));
        let mut guess = asked(lab, &query).reply().answers([a(HOST, EVIL)]);
        for n in 1..=10u16 {
            guess.id = id.wrapping_add(n * 0x0357);
            server.sends_to_labelled(query.from, &format!("a guess: {EVIL}"), &guess.bytes());
        }
        ends_well(lab, &server, &query, exchange);
    });
}

#[test]
fn s7_wrong_question_or_no_question_is_ignored() {
    netlab::lab(|lab| {
        lab.why(
            "The id is right, the server is right; but this is about something else, about \
                 nothing, or it is your own query that came back. Keep listening.",
        );
        let server = lab.udp("server");
        let exchange = asks(lab, server.addr());
        let query = server.expects_datagram();
        let reply = asked(lab, &query).reply().answers([a(HOST, EVIL)]);
        let mut other = reply.clone();
        other.questions[0].0 = "wwx.example.test".into();
        server.sends_to_labelled(query.from, "about wwx.example.test", &other.bytes());
        let mut nothing = reply;
        nothing.questions.clear();
        server.sends_to_labelled(query.from, "about nothing", &nothing.bytes());
        server.sends_to_labelled(query.from, "your own query", &query.bytes);
        ends_well(lab, &server, &query, exchange);
    });
}

#[test]
fn s7_junk_is_ignored_not_fatal() {
    netlab::lab(|lab| {
        lab.why(
            "A stranger must not end your look-up with a few bytes. A datagram that does not match is not your reply: keep listening until the deadline.",
        );
        let server = lab.udp("server");
        let exchange = asks(lab, server.addr());
        let query = server.expects_datagram();
        let id = asked(lab, &query).id;
        let mut runt = [0; 11];
        runt[..2].copy_from_slice(&(!id).to_be_bytes());
        for junk in [&b""[..], b"\x00", &runt, &[0xff; 40], &query.bytes[..11]] {
            server.sends_to(query.from, junk);
        }
        ends_well(lab, &server, &query, exchange);
    });
}

#[test]
fn s7_a_late_reply_belongs_to_its_own_try() {
    netlab::lab(|lab| {
        lab.why(
            "The first try is over. Its reply comes late, with the first id; if you take it \
                 for the second one's, you take a forger's guess as well.",
        );
        let server = lab.udp("server");
        let (addr, question) = (server.addr(), question(lab, HOST, wire::A));
        let call = "exchange_udp(server, …, 100 × 20 ms, judge_reply)";
        let exchange = lab.student(call, move || {
            exchange_udp(addr, &question, brief(100), judge_reply)
        });
        let first = asked(lab, &server.expects_datagram());
        server.stays_silent();
        let late = first.reply().answers([a(HOST, "192.0.2.99")]).bytes();
        let (again, also) = (lab.clone(), server.clone());
        let _answering = server.answers(move |datagram| {
            let query = asked(&again, datagram);
            // Once in 65 536 times chance gives both the same id.
            if query.id != first.id {
                also.sends_to_labelled(datagram.from, "the first try's reply, late", &late);
            }
            let reply = query.reply().answers([a(HOST, GOOD)]).bytes();
            Some(("this try's reply".into(), reply))
        });
        gives(lab, "result", exchange, GOOD);
    });
}
