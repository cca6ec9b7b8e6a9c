use std::net::SocketAddr;

use netlab::{Datagram, Lab, Running, UdpPeer};
use udp_dns_lookup::{LookupError, Message, Sent, exchange_udp, judge_reply};

use super::scene::{
    EVIL, GOOD, HOST, PATIENT, asked, brief, question, reply_in_words, verdict_in_words,
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
    let call = format!("judge_reply(sent, {from}, {} octets)", datagram.len());
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
            "The judge says whose reply it is, not whether we like it: \"there is no such \
                 name\" and \"it did not fit\" are replies too.",
        );
        for (what, reply) in [
            ("NXDOMAIN", query().reply().rcode(wire::NXDOMAIN)),
            ("REFUSED", query().reply().rcode(wire::REFUSED)),
            ("TC", query().reply().cut_off()),
        ] {
            let got = verdict(lab, SERVER, &reply.bytes());
            lab.same(
                &format!("verdict on {what}"),
                got,
                "Accept: no records".into(),
            );
        }
    });
}

#[test]
fn s7_source_comes_first() {
    netlab::lab(|lab| {
        lab.why(
            "Address and port must be the ones you asked (RFC 5452 §9.1). Everything else in a \
             datagram is what its sender wants you to read, so look at nothing else before.",
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
    });
}

#[test]
fn s7_id_comes_before_parsing() {
    netlab::lab(|lab| {
        lab.why(
            "The id is 16 bits, and all of them must agree, in their order. Who compares one octet \
             lets a forger in with 256 datagrams instead of 65536.",
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
            "Two octets tell whether the rest is worth reading. Who parses first can be led into \
             every corner of the parser by anyone who can send a datagram.",
        );
        other.id = !ID;
        for length in [0, 1, 2, 11, 12, 30] {
            let got = verdict(lab, SERVER, &other.bytes()[..length]);
            lab.same(
                &format!("{length} octets with another id, or none"),
                got,
                "Ignore: WrongId".into(),
            );
        }
    });
}

#[test]
fn s7_broken_reply_is_ignored() {
    netlab::lab(|lab| {
        lab.why(
            "With the right source and id it may still be broken. That is no reply, and no \
                 reason to stop waiting for one.",
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
            "Name, type and class must be the ones you asked about (RFC 5452 §9.1): the \
                 answer to another question is no answer.",
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
        lab.same("another type", with(&[(HOST, 28, 1)]), ignored());
        lab.same("another class", with(&[(HOST, 1, 3)]), ignored());

        lab.why(
            "A reply repeats the question: exactly one (RFC 9619). None at all says nothing \
                 about what is answered.",
        );
        lab.same("no question", with(&[]), ignored());
        let two = [(HOST, 1, 1), ("wwx.example.test", 1, 1)];
        lab.same("ours and another one", with(&two), ignored());
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
    let result = reply_in_words(&exchange.returns());
    lab.same("result", result, GOOD.to_owned());
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
            "{EVIL} came from {}, not from the server you asked, {}. A forger who has seen your \
             query, or guesses well, sends anything, but not from that address and port \
             (RFC 5452 §9.1).",
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
            "Your query had the id {id:04x}, these replies have others. Someone who forges the \
             server's address can send thousands of guesses; a limit of three or of nine ends \
             your look-up for them.",
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
            "A stranger must not end your look-up with a few bytes. What does not match is not \
             your reply: keep listening until the deadline.",
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
            "The first try is over. Its reply comes late, with the first id; whoever takes it \
                 for the second one's would take a forger's guess as well.",
        );
        let server = lab.udp("server");
        let (addr, question) = (server.addr(), question(lab, HOST, wire::A));
        let call = "exchange_udp(server, …, 100 × 30 ms, judge_reply)";
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
        lab.same(
            "result",
            reply_in_words(&exchange.returns()),
            GOOD.to_owned(),
        );
    });
}
