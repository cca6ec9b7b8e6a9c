use std::time::Duration;

use netlab::{Lab, Running, TcpPeer, TcpServer};
use udp_dns_lookup::{LookupError, Message, Patience, ask, exchange_tcp};

use super::scene::{EVIL, GOOD, HOST, PATIENT, asked, brief, query_from, question, reply_in_words};
use super::wire::{self, Asked, Record, a};

/// Starts the student's exchange over TCP: A www.example.test.
fn asks_tcp(
    lab: &Lab,
    server: std::net::SocketAddr,
    patience: Patience,
) -> Running<Result<Message, LookupError>> {
    let question = question(lab, HOST, wire::A);
    lab.student(&format!("exchange_tcp(server, A {HOST}, …)"), move || {
        exchange_tcp(server, &question, patience.timeout)
    })
}

/// The same, up to the moment when the server has the query.
fn takes_query(
    lab: &Lab,
    server: &TcpServer,
) -> (Running<Result<Message, LookupError>>, TcpPeer, Asked) {
    let exchange = asks_tcp(lab, server.addr(), PATIENT);
    let peer = server.accepts();
    let query = query_from(lab, &peer);
    (exchange, peer, query)
}

/// Demands what an exchange comes to: addresses, or an error.
fn gives(lab: &Lab, what: &str, exchange: Running<Result<Message, LookupError>>, want: &str) {
    lab.same(what, reply_in_words(&exchange.returns()), want.to_owned());
}

/// A message with its length in front.
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).expect("a message of the tests fits");
    [&length.to_be_bytes(), message].concat()
}

const LENGTH: &str = "A stream has no boundaries. On TCP each message is preceded by its length in \
                      two octets, big-endian, the length itself not counted (RFC 1035 §4.2.2).";

#[test]
fn s8_length_goes_before_the_message() {
    netlab::lab(|lab| {
        lab.why(LENGTH);
        let server = lab.tcp_server("server");
        let (exchange, peer, query) = takes_query(lab, &server);
        lab.same("the question", query.in_words(), format!("A {HOST}"));
        lab.same("flags: recursion desired", query.flags, 0x0100);
        peer.sends(&framed(&query.reply().answers([a(HOST, GOOD)]).bytes()));
        gives(lab, "result", exchange, GOOD);
    });
}

#[test]
fn s8_reply_comes_in_any_pieces() {
    netlab::lab(|lab| {
        lab.why(
            "TCP delivers bytes, not messages. One read may give half a length, or the reply and \
             something behind it; and the server need not close the connection.",
        );
        let server = lab.tcp_server("server");
        let (exchange, peer, query) = takes_query(lab, &server);
        peer.dribbles(&framed(&query.reply().answers([a(HOST, GOOD)]).bytes()));
        gives(lab, "result of single bytes", exchange, GOOD);

        let (exchange, peer, query) = takes_query(lab, &server);
        let mut stream = framed(&query.reply().answers([a(HOST, GOOD)]).bytes());
        stream.extend([0xff; 30]);
        peer.sends(&stream);
        gives(lab, "result with 30 bytes behind", exchange, GOOD);
    });
}

#[test]
fn s8_large_reply_fits() {
    netlab::lab(|lab| {
        lab.why(
            "TCP is there for what is too large for UDP: the length field allows 65535 octets.",
        );
        let server = lab.tcp_server("server");
        let (exchange, peer, query) = takes_query(lab, &server);
        let mut reply = query.reply().answers([a(HOST, GOOD)]);
        let room = 65_535 - reply.bytes().len() - 16;
        reply = reply.answers([Record::new("fill", wire::TXT, &vec![b'x'; room])]);
        let reply = reply.bytes();
        let sending = peer.starts_sending(framed(&reply));
        match exchange.returns() {
            Ok(message) => lab.same("answers", message.answers.len(), 2),
            Err(error) => lab.fails("a reply with 2 answers", format!("{error:?}")),
        }
        sending.returns();
    });
}

#[test]
fn s8_one_deadline_for_everything() {
    netlab::lab(|lab| {
        lab.why(
            "The kernel finished the handshake, nobody reads the query, no reply comes. TCP \
                 itself would wait for days.",
        );
        let silent = lab.tcp_server("silent server");
        let exchange = asks_tcp(lab, silent.addr(), brief(1));
        gives(lab, "result of silence", exchange, "TimedOut");
        silent.accepts();

        lab.why("Half a reply and then nothing is silence as well.");
        let exchange = asks_tcp(lab, silent.addr(), brief(1));
        let peer = silent.accepts();
        peer.sends(b"\x00");
        gives(lab, "result of half a length", exchange, "TimedOut");
    });
}

#[test]
fn s8_dribbling_does_not_move_the_deadline() {
    netlab::lab(|lab| {
        lab.why(
            "A byte every 5 ms keeps any time-out of a single read from running out. The whole \
             exchange has one deadline; each read gets what is left of it.",
        );
        let server = lab.tcp_server("server");
        let exchange = asks_tcp(lab, server.addr(), brief(1));
        let peer = server.accepts();
        peer.sends(&60_000u16.to_be_bytes());
        let dribbling = peer.drips(b'x', Duration::from_millis(5));
        gives(lab, "result", exchange, "TimedOut");
        dribbling.returns();
    });
}

#[test]
fn s8_stream_may_end_early() {
    netlab::lab(|lab| {
        lab.why(
            "End of file is news: the rest will never come. It is not a shorter message, and \
                 waiting on is pointless.",
        );
        let server = lab.tcp_server("server");
        for (what, keep) in [
            ("before the length", 0),
            ("inside the length", 1),
            ("inside the reply", 20),
        ] {
            let (exchange, peer, query) = takes_query(lab, &server);
            let reply = framed(&query.reply().answers([a(HOST, GOOD)]).bytes());
            if keep > 0 {
                peer.sends(&reply[..keep]);
            }
            peer.half_closes();
            let result = reply_in_words(&exchange.returns());
            lab.holds(
                result == "Io(UnexpectedEof)",
                format!("Io(UnexpectedEof): the end {what}"),
                result,
            );
        }
    });
}

#[test]
fn s8_reset_is_told_at_once() {
    netlab::lab(|lab| {
        lab.why(
            "A reset says that the connection is gone. That is neither an end of file nor a \
             time-out, and nothing more will come.",
        );
        let server = lab.tcp_server("server");
        let exchange = asks_tcp(lab, server.addr(), PATIENT);
        let peer = server.accepts();
        query_from(lab, &peer);
        peer.sends(b"\x00");
        peer.resets();
        gives(lab, "result", exchange, "Io(ConnectionReset)");
    });
}

#[test]
fn s8_refused_is_told_at_once() {
    netlab::lab(|lab| {
        lab.why(
            "TCP can refuse: a port where nobody listens answers a SYN with RST, and connect \
                 fails at once. That is not a time-out.",
        );
        let closed = lab.refused();
        let exchange = asks_tcp(lab, closed.addr(), PATIENT);
        gives(lab, "result", exchange, "Io(ConnectionRefused)");
    });
}

#[test]
fn s8_tcp_reply_is_judged_too() {
    netlab::lab(|lab| {
        lab.why(
            "The connection says who answers, not what about. An id or a question that is \
                 not ours means that the two ends have lost each other; there is nothing to wait \
                 for behind it.",
        );
        let server = lab.tcp_server("server");
        for (what, want) in [
            ("another id", "BadReply(WrongId)"),
            ("another name", "BadReply(WrongQuestion)"),
        ] {
            let exchange = asks_tcp(lab, server.addr(), PATIENT);
            let peer = server.accepts();
            let mut reply = query_from(lab, &peer).reply().answers([a(HOST, EVIL)]);
            if what == "another id" {
                reply.id = !reply.id;
            } else {
                reply.questions[0].0 = "wwx.example.test".into();
            }
            peer.sends(&framed(&reply.bytes()));
            lab.same(
                &format!("result of {what}"),
                reply_in_words(&exchange.returns()),
                want.to_owned(),
            );
        }
    });
}

#[test]
fn s8_each_query_has_its_own_id() {
    netlab::lab(|lab| {
        lab.why("Over TCP as over UDP: the id of a query is fresh and not to be foreseen.");
        let server = lab.tcp_server("server");
        let mut ids = std::collections::HashSet::new();
        for _ in 0..6 {
            let (exchange, peer, query) = takes_query(lab, &server);
            ids.insert(query.id);
            peer.sends(&framed(&query.reply().bytes()));
            exchange.returns_ok();
        }
        lab.holds(
            ids.len() >= 5,
            "6 queries with fresh ids",
            format!("{} different ids", ids.len()),
        );
    });
}

#[test]
fn s8_truncated_goes_to_tcp() {
    netlab::lab(|lab| {
        lab.picture("01-truncated");
        lab.why(
            "TC=1: the answer did not fit in a datagram. Ask again over TCP (RFC 7766 §5); \
                 what came is a part, and not to be used (RFC 2181 §9).",
        );
        let (udp, tcp) = lab.udp_and_tcp("server");
        let (addr, question) = (udp.addr(), question(lab, HOST, wire::A));
        let asking = lab.student(&format!("ask(server, A {HOST}, …)"), move || {
            ask(addr, &question, PATIENT)
        });
        let datagram = udp.expects_datagram();
        let part = asked(lab, &datagram)
            .reply()
            .answers([a(HOST, "192.0.2.99")])
            .cut_off();
        udp.sends_to_labelled(datagram.from, "reply, TC=1", &part.bytes());

        let peer = tcp.accepts();
        let query = query_from(lab, &peer);
        lab.same(
            "the question over TCP",
            query.in_words(),
            format!("A {HOST}"),
        );
        let whole = query.reply().answers([a(HOST, GOOD), a(HOST, "192.0.2.2")]);
        peer.dribbles(&framed(&whole.bytes()));
        let result = reply_in_words(&asking.returns());
        lab.same("result", result, format!("{GOOD}, 192.0.2.2"));
    });
}

#[test]
fn s8_cut_off_and_no_tcp_is_an_error() {
    netlab::lab(|lab| {
        lab.why(
            "The whole answer is to be had over TCP only, and TCP refuses. The part that came over \
             UDP does not become the answer by that: without records it would look like \"no data\".",
        );
        let (udp, _closed) = lab.udp_and_refused("server");
        let (addr, question) = (udp.addr(), question(lab, HOST, wire::A));
        let asking = lab.student(&format!("ask(server, A {HOST}, …)"), move || {
            ask(addr, &question, PATIENT)
        });
        let datagram = udp.expects_datagram();
        let part = asked(lab, &datagram)
            .reply()
            .answers([a(HOST, EVIL)])
            .cut_off();
        udp.sends_to_labelled(datagram.from, "reply, TC=1", &part.bytes());
        gives(lab, "result", asking, "Io(ConnectionRefused)");
    });
}

#[test]
fn s8_tcp_is_tried_once() {
    netlab::lab(|lab| {
        lab.why(
            "ask goes over TCP once, and what becomes of that is the result: a server that breaks \
             off is not asked for the same a second time.",
        );
        let (udp, tcp) = lab.udp_and_tcp("server");
        let (addr, question) = (udp.addr(), question(lab, HOST, wire::A));
        let asking = lab.student(&format!("ask(server, A {HOST}, …)"), move || {
            ask(addr, &question, PATIENT)
        });
        let datagram = udp.expects_datagram();
        let part = asked(lab, &datagram).reply().cut_off();
        udp.sends_to_labelled(datagram.from, "reply, TC=1", &part.bytes());
        let peer = tcp.accepts();
        query_from(lab, &peer);
        peer.closes();
        // A second connection would be made and then wait: nobody accepts it.
        gives(lab, "result", asking, "Io(UnexpectedEof)");
    });
}

#[test]
fn s8_cut_off_no_goes_to_tcp_too() {
    netlab::lab(|lab| {
        lab.why(
            "TC says that the message is a part, whatever RCODE says: the CNAMEs before an \
             NXDOMAIN take room too. Ask again over TCP (RFC 7766 §5).",
        );
        let (udp, tcp) = lab.udp_and_tcp("server");
        let (addr, question) = (udp.addr(), question(lab, HOST, wire::A));
        let asking = lab.student(&format!("ask(server, A {HOST}, …)"), move || {
            ask(addr, &question, PATIENT)
        });
        let datagram = udp.expects_datagram();
        let part = asked(lab, &datagram)
            .reply()
            .rcode(wire::NXDOMAIN)
            .cut_off();
        udp.sends_to_labelled(datagram.from, "NXDOMAIN, TC=1", &part.bytes());
        let peer = tcp.accepts();
        let whole = query_from(lab, &peer).reply().answers([a(HOST, GOOD)]);
        peer.sends(&framed(&whole.bytes()));
        lab.same("result", reply_in_words(&asking.returns()), GOOD.to_owned());
    });
}

#[test]
fn s8_whole_reply_needs_no_tcp() {
    netlab::lab(|lab| {
        lab.why("A reply that fits is the answer: no second question, no connection.");
        // Who connects nevertheless is refused.
        let (udp, _closed) = lab.udp_and_refused("server");
        let (addr, question) = (udp.addr(), question(lab, HOST, wire::A));
        let asking = lab.student(&format!("ask(server, A {HOST}, …)"), move || {
            ask(addr, &question, PATIENT)
        });
        let datagram = udp.expects_datagram();
        let forged = asked(lab, &datagram)
            .reply()
            .answers([a(HOST, EVIL)])
            .bytes();
        lab.udp("forger")
            .sends_to_labelled(datagram.from, &format!("forged: {EVIL}"), &forged);
        let reply = asked(lab, &datagram)
            .reply()
            .answers([a(HOST, GOOD)])
            .bytes();
        udp.sends_to_labelled(datagram.from, "the reply", &reply);
        lab.same("result", reply_in_words(&asking.returns()), GOOD.to_owned());
    });
}

#[test]
fn s8_ask_is_as_patient_as_told() {
    netlab::lab(|lab| {
        lab.why("Patience is the caller's: ask passes it on, and passes on what comes of it.");
        let server = lab.udp("server");
        let (addr, question) = (server.addr(), question(lab, HOST, wire::A));
        let asking = lab.student("ask(server, …, 2 × 30 ms)", move || {
            ask(addr, &question, brief(2))
        });
        server.expects_datagram();
        server.expects_datagram();
        gives(lab, "result", asking, "TimedOut");
    });
}
