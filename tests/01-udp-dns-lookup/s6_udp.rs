use std::cell::RefCell;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use netlab::{Lab, UdpPeer};
use udp_dns_lookup::{
    LookupError, Message, Patience, Sent, Verdict, Why, exchange_udp, parse_message,
};

use super::picture;
use super::scene::{
    GOOD, HOST, PATIENT, asked, brief, parse_error_in_words, question, reply_in_words,
};
use super::wire::{self, Record, a};

/// A judge who believes whatever repeats the id: enough as long as nobody lies.
fn trusting(sent: &Sent, _from: SocketAddr, datagram: &[u8]) -> Verdict {
    let (why, reason) = match parse_message(datagram) {
        Ok(message) if message.header.id == sent.id => return Verdict::Accept(message),
        Ok(_) => (Why::WrongId, "another id".to_owned()),
        Err(error) if datagram.starts_with(&sent.id.to_be_bytes()) => (
            Why::Malformed,
            format!(
                "the right id, but parse_message says {}",
                parse_error_in_words(error)
            ),
        ),
        Err(_) => (Why::Malformed, "no message".to_owned()),
    };
    tell(format!(
        "the judge ignores {} bytes: {reason}",
        datagram.len()
    ));
    Verdict::Ignore(why)
}

thread_local! {
    /// Where the judge, a bare function, writes what it ignored; and what it wrote last.
    static STORY: RefCell<Option<(Lab, String)>> = const { RefCell::new(None) };
}

/// A sentence for the ladder, from the thread that [`asks`] started. The same one is told once.
fn tell(sentence: String) {
    STORY.with_borrow_mut(|story| {
        if let Some((lab, last)) = story
            && *last != sentence
        {
            lab.note(sentence.as_str());
            *last = sentence;
        }
    });
}

/// Starts the student's exchange: A www.example.test.
fn asks(
    lab: &Lab,
    server: SocketAddr,
    patience: Patience,
) -> netlab::Running<Result<Message, LookupError>> {
    let question = question(lab, HOST, wire::A);
    let call = format!(
        "exchange_udp(server, A {HOST}, {} × …, judge)",
        patience.attempts
    );
    let story = lab.clone();
    lab.student(&call, move || {
        STORY.set(Some((story, String::new())));
        exchange_udp(server, &question, patience, trusting)
    })
}

/// Whether the student, whose exchange has returned, sent more than the server has taken so far:
/// that waits here by now, since loopback delivers at once.
fn sent_more(server: &UdpPeer) -> bool {
    let socket = server.socket();
    socket.set_nonblocking(true).expect("non-blocking mode");
    socket.recv_from(&mut [0; 512]).is_ok()
}

/// The reply to that query as a real server packs it: three of its names are pointers, one of them
/// to a name that itself ends in a pointer.
fn compressed_reply(query: &[u8]) -> Vec<u8> {
    let mut reply = query.to_vec();
    reply[2..4].copy_from_slice(&[0x81, 0x80]);
    reply[6..8].copy_from_slice(&[0, 2]);
    // www.example.test begins at 12, example.test at 16, web.example.test at 46.
    reply.extend(b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x01\x2c\x00\x06\x03web\xc0\x10");
    reply.extend(b"\xc0\x2e\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01");
    reply
}

#[test]
fn s6_one_question_one_answer() {
    netlab::lab(|lab| {
        lab.why(
            "A query is one datagram to the server, the reply one datagram back to the port \
                 it came from.",
        );
        let server = lab.udp("server");
        let exchange = asks(lab, server.addr(), PATIENT);
        let datagram = server.expects_datagram();
        let query = asked(lab, &datagram);
        lab.same("the question", query.in_words(), format!("A {HOST}"));
        lab.same("class", query.qclass, wire::IN);
        let reply = compressed_reply(&datagram.bytes);
        server.sends_to_labelled(datagram.from, "reply", &reply);
        lab.same(
            "result",
            reply_in_words(&exchange.returns()),
            format!("{HOST}. 300 CNAME web.example.test., {GOOD}"),
        );
        lab.draws(
            "01-query-bytes",
            picture::of_message("A query", &datagram.bytes),
        );
        lab.draws("01-reply-bytes", picture::of_message("Its reply", &reply));
    });
}

#[test]
fn s6_judge_sees_all_there_is() {
    netlab::lab(|lab| {
        lab.why("Who judges a reply needs to know what was sent, to whom, and who answered.");
        // Believes only if it was told everything, and the datagram ends where it ended on the wire.
        fn witness(sent: &Sent, from: SocketAddr, datagram: &[u8]) -> Verdict {
            let question = &sent.question;
            let about = question.name.labels().join(&b'.') == HOST.as_bytes();
            if about
                && (question.qtype, question.qclass) == (wire::A, wire::IN)
                && from == sent.server
                && datagram.ends_with(&LAST_OCTETS)
            {
                trusting(sent, from, datagram)
            } else {
                Verdict::Ignore(Why::WrongQuestion)
            }
        }
        const LAST_OCTETS: [u8; 4] = [192, 0, 2, 1];
        let server = lab.udp("server");
        let (addr, question) = (server.addr(), question(lab, HOST, wire::A));
        let exchange = lab.student(
            "exchange_udp(server, A www.example.test, 1 × …, witness)",
            move || exchange_udp(addr, &question, PATIENT, witness),
        );
        let datagram = server.expects_datagram();
        let query = asked(lab, &datagram);
        let reply = query.reply().answers([a(HOST, GOOD)]).bytes();
        server.sends_to_labelled(datagram.from, "reply", &reply);
        let result = exchange.returns();
        lab.same(
            "result of what the judge accepted",
            reply_in_words(&result),
            GOOD.to_owned(),
        );
    });
}

#[test]
fn s6_lost_query_is_sent_again() {
    netlab::lab(|lab| {
        lab.why(
            "UDP never says \"lost\". If the first datagram vanishes, nobody tells you: ask \
                 again when the time is up, and take the answer to the second one.",
        );
        let server = lab.udp("server");
        let exchange = asks(lab, server.addr(), brief(100));
        let first = server.expects_datagram();
        let question = asked(lab, &first).in_words();
        server.stays_silent();
        // From now on it answers: on a slow machine the third query may be the one in time.
        let again = lab.clone();
        let _answering = server.answers(move |datagram| {
            let query = asked(&again, datagram);
            again.same("the question, again", query.in_words(), question.clone());
            let reply = query.reply().answers([a(HOST, GOOD)]).bytes();
            Some(("reply".into(), reply))
        });
        lab.same(
            "result",
            reply_in_words(&exchange.returns()),
            GOOD.to_owned(),
        );
    });
}

#[test]
fn s6_gives_up_after_the_last_try() {
    netlab::lab(|lab| {
        lab.why(
            "`attempts` counts every sending, the first one included. Then silence is the \
                 result, and it has a name.",
        );
        let server = lab.udp("server");
        let exchange = asks(lab, server.addr(), brief(3));
        for _ in 0..3 {
            server.expects_datagram();
        }
        lab.same(
            "result",
            reply_in_words(&exchange.returns()),
            "TimedOut".to_owned(),
        );
        lab.holds(!sent_more(&server), "3 queries", "4 queries, or more");
    });
}

#[test]
fn s6_each_try_has_fresh_id_and_port() {
    netlab::lab(|lab| {
        lab.why(
            "Who cannot see the query must guess its id (16 bits) and its port (about 15 more). A \
             constant id, a counter, or one socket for all tries gives them away (RFC 5452 §9.2).",
        );
        let server = lab.udp("server");
        let (addr, question) = (server.addr(), question(lab, HOST, wire::A));
        let exchanges = lab.student("exchange_udp(server, …), 64 times", move || {
            for _ in 0..64 {
                exchange_udp(addr, &question, PATIENT, trusting)?;
            }
            Ok::<(), LookupError>(())
        });
        let mut ids = Vec::new();
        let mut ports = HashSet::new();
        for _ in 0..64 {
            let datagram = server.expects_datagram();
            let query = asked(lab, &datagram);
            ids.push(query.id);
            ports.insert(datagram.from.port());
            server.sends_to(
                datagram.from,
                &query.reply().answers([a(HOST, GOOD)]).bytes(),
            );
        }
        exchanges.returns_ok();

        let different: HashSet<u16> = ids.iter().copied().collect();
        lab.holds(
            different.len() >= 60,
            "at least 60 different ids in 64 queries",
            format!("{} different ids", different.len()),
        );
        let steps: HashSet<u16> = ids.windows(2).map(|w| w[1].wrapping_sub(w[0])).collect();
        lab.holds(
            steps.len() >= 50,
            "ids that do not follow from the one before",
            format!("ids in steps: {:?}, …", &ids[..4]),
        );
        let low: HashSet<u8> = ids.iter().map(|id| id.to_be_bytes()[1]).collect();
        let high: HashSet<u8> = ids.iter().map(|id| id.to_be_bytes()[0]).collect();
        lab.holds(
            low.len() >= 20 && high.len() >= 20,
            "ids from all of 16 bits",
            format!("{} high octets, {} low octets", high.len(), low.len()),
        );
        lab.holds(
            ports.len() >= 60,
            "at least 60 different source ports in 64 queries",
            format!("{} different ports", ports.len()),
        );
    });
}

#[test]
fn s6_each_retry_is_fresh_too() {
    netlab::lab(|lab| {
        lab.why(
            "A second try on the same port with the same id doubles a forger's time; and the late \
             reply to the first try would be taken for the reply to the second.",
        );
        let server = lab.udp("server");
        let exchange = asks(lab, server.addr(), brief(6));
        let mut ids = HashSet::new();
        let mut ports = HashSet::new();
        for _ in 0..6 {
            let datagram = server.expects_datagram();
            ids.insert(asked(lab, &datagram).id);
            ports.insert(datagram.from.port());
        }
        lab.same(
            "result",
            reply_in_words(&exchange.returns()),
            "TimedOut".to_owned(),
        );
        // Chance may give two of six the same number, but not three.
        lab.holds(
            ids.len() >= 5,
            "6 tries with fresh ids",
            format!("{} different ids", ids.len()),
        );
        lab.holds(
            ports.len() >= 5,
            "6 tries from fresh ports",
            format!("{} different ports", ports.len()),
        );
    });
}

#[test]
fn s6_deadline_survives_a_chatterbox() {
    netlab::lab(|lab| {
        lab.why(
            "Junk that comes every 5 ms keeps a time-out of 100 ms from ever running out, if the \
             time-out begins anew with each datagram. A try has one deadline; each wait gets only \
             what is left of it.",
        );
        let server = lab.udp("server");
        let patience = Patience {
            timeout: Duration::from_millis(100),
            attempts: 2,
        };
        let exchange = asks(lab, server.addr(), patience);
        let mut noise = Vec::new();
        for _ in 0..2 {
            let datagram = server.expects_datagram();
            noise.push(server.chatters(datagram.from, &[0xff; 40], Duration::from_millis(5)));
        }
        lab.same(
            "result",
            reply_in_words(&exchange.returns()),
            "TimedOut".to_owned(),
        );
    });
}

#[test]
fn s6_900_byte_reply_is_not_cut() {
    netlab::lab(|lab| {
        lab.why(
            "recv_from puts what fits into your buffer and throws the rest away: a datagram is \
             read once. 512 octets was the limit of 1987; replies can be larger today.",
        );
        for length in [900, 60_000] {
            let server = lab.udp("server");
            let exchange = asks(lab, server.addr(), PATIENT);
            let datagram = server.expects_datagram();
            let filling = Record::new("filling.test", wire::TXT, &vec![b'x'; length - 100]);
            let reply = asked(lab, &datagram)
                .reply()
                .answers([filling, a(HOST, GOOD)])
                .bytes();
            server.sends_to(datagram.from, &reply);
            match exchange.returns() {
                Ok(message) => lab.same("answers", message.answers.len(), 2),
                Err(error) => lab.fails("a reply with 2 answers", format!("{error:?}")),
            }
        }
    });
}

#[test]
fn s6_ignored_is_not_the_end() {
    netlab::lab(|lab| {
        lab.why(
            "What the judge ignores changes nothing: the same try goes on, no new query goes \
                 out, and the good reply is still taken.",
        );
        let server = lab.udp("server");
        let exchange = asks(lab, server.addr(), PATIENT);
        let datagram = server.expects_datagram();
        let query = asked(lab, &datagram);
        let mut other = query.reply().answers([a(HOST, "192.0.2.99")]);
        for n in 1..=20 {
            other.id = query.id.wrapping_add(n);
            server.sends_to_labelled(datagram.from, "a reply to somebody else", &other.bytes());
        }
        let reply = query.reply().answers([a(HOST, GOOD)]).bytes();
        server.sends_to_labelled(datagram.from, "reply", &reply);
        lab.same(
            "result",
            reply_in_words(&exchange.returns()),
            GOOD.to_owned(),
        );
        lab.holds(!sent_more(&server), "1 query", "2 queries, or more");
    });
}

#[test]
fn s6_nobody_listens_there() {
    netlab::lab(|lab| {
        lab.why(
            "UDP has no connection that could be refused. An unconnected socket hears nothing \
                 of a closed port; a connected one may be told so by ICMP (RFC 1122 §4.1.3.3).",
        );
        // The port number belongs to a socket of TCP, so nobody else gets it; in UDP it is closed.
        let closed = lab.refused();
        let exchange = asks(lab, closed.addr(), brief(2));
        let result = reply_in_words(&exchange.returns());
        lab.holds(
            result == "TimedOut" || result.starts_with("Io(Connection"),
            "TimedOut, or Io(ConnectionRefused) from a connected socket",
            result,
        );
    });
}

#[test]
fn s6_asks_over_ipv6_too() {
    use std::net::{Ipv6Addr, UdpSocket};

    netlab::lab(|lab| {
        let Ok(server) = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)) else {
            // Over IPv4, then: the step is asked for all the same.
            lab.note("this system has no IPv6");
            asks(lab, lab.refused().addr(), brief(1)).returns().ok();
            return;
        };
        lab.why("A socket of one family cannot send to an address of the other one.");
        let exchange = asks(lab, server.local_addr().expect("an address"), PATIENT);
        let answering = lab.meanwhile("the server at [::1]", {
            let lab = lab.clone();
            move || {
                let mut buffer = [0; 512];
                let (n, from) = server.recv_from(&mut buffer).expect("a query");
                let query = super::scene::asked_in(&lab, &buffer[..n]);
                let reply = query.reply().answers([a(HOST, GOOD)]).bytes();
                server.send_to(&reply, from).expect("a reply");
            }
        });
        lab.same(
            "result",
            reply_in_words(&exchange.returns()),
            GOOD.to_owned(),
        );
        answering.returns();
    });
}
