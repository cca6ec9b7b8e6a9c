use std::collections::{BTreeSet, HashSet};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv6Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use netlab::{Lab, Running, TcpPeer, TcpServer, slow_until};
use udp_dns_lookup::{LookupError, Message, Patience, ask, exchange_tcp};

use super::scene::{
    ENDLESS, EVIL, GOOD, HOST, PATIENT, asked, asked_in, brief, comes_to, gives, in_vain, queries,
    query_from, question, reply_in_words, runs_out_of_time,
};
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

/// Starts the student's `ask`: A www.example.test.
fn asks(
    lab: &Lab,
    server: std::net::SocketAddr,
    patience: Patience,
) -> Running<Result<Message, LookupError>> {
    let question = question(lab, HOST, wire::A);
    lab.student(&format!("ask(server, A {HOST}, …)"), move || {
        ask(server, &question, patience)
    })
}

/// Whether anybody else has connected, or does so now.
fn connected_again(server: &TcpServer) -> bool {
    let listener = server.listener();
    listener.set_nonblocking(true).expect("non-blocking mode");
    listener.accept().is_ok()
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
        lab.why(
            "The reply is there, and this connection will not be used again. If it stays open, it costs the server a descriptor, and you, too.",
        );
        peer.expects_eof();

        lab.why("The longest name makes a query of 271 octets: its length needs both octets.");
        let longest = [&"x".repeat(63)[..]; 3].join(".") + "." + &"y".repeat(61);
        let (addr, question) = (server.addr(), question(lab, &longest, wire::A));
        let exchange = lab.student(
            "exchange_tcp(server, A and a name of 255 octets, …)",
            move || exchange_tcp(addr, &question, PATIENT.timeout),
        );
        let peer = server.accepts();
        let query = query_from(lab, &peer);
        lab.same("the question", query.in_words(), format!("A {longest}"));
        peer.sends(&framed(&query.reply().bytes()));
        gives(lab, "result", exchange, "no records");
    });
}

#[test]
fn s8_the_server_may_have_any_address() {
    netlab::lab(|lab| {
        let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            // Over IPv4, then: the step is asked for all the same.
            lab.note("this system has no IPv6");
            asks_tcp(lab, lab.refused().addr(), in_vain(1))
                .returns()
                .ok();
            return;
        };
        lab.why("The whole address belongs to the server: the same port at another address is another server.");
        let addr = listener.local_addr().expect("an address");
        let exchange = asks_tcp(lab, addr, PATIENT);
        let served = lab.meanwhile("the server at [::1]", {
            let lab = lab.clone();
            move || octets_at_first(&lab, &listener)
        });
        gives(lab, "result", exchange, "no records");
        served.returns();
    });
}

#[test]
fn s8_length_and_query_go_out_together() {
    netlab::lab(|lab| {
        lab.why(
            "Send length and query in one call of write (RFC 7766 §8). Written one after the other they are \
             two segments, and a server that reads once finds two octets and takes them for a broken query.",
        );
        // On a busy machine two segments often come before the server's turn.
        const TIMES: usize = 200;
        let server = lab.tcp_server("server");
        let (addr, question) = (server.addr(), question(lab, HOST, wire::A));
        let served = lab.meanwhile("the server, which reads each query at once", {
            let lab = lab.clone();
            move || {
                let first = |_| octets_at_first(&lab, server.listener());
                (0..TIMES).map(first).collect()
            }
        });
        let exchanges = lab.student(
            &format!("exchange_tcp(server, …), {TIMES} times"),
            move || {
                for _ in 0..TIMES {
                    exchange_tcp(addr, &question, PATIENT.timeout)?;
                }
                Ok::<(), LookupError>(())
            },
        );
        exchanges.returns_ok();
        let firsts: BTreeSet<usize> = served.returns();
        lab.holds(
            firsts.len() == 1 && !firsts.contains(&2),
            "length and query in one piece, each time",
            format!("so many octets in one or another first read of the server: {firsts:?}"),
        );
    });
}

/// Serves one query, and tells how much of it the first read gave.
fn octets_at_first(lab: &Lab, server: &TcpListener) -> usize {
    let (mut stream, _) = server.accept().expect("a connection");
    let mut buffer = [0; 512];
    let first = stream.read(&mut buffer).expect("a query");
    let mut came = first;
    while came < 2 || came < 2 + usize::from(u16::from_be_bytes([buffer[0], buffer[1]])) {
        match stream.read(&mut buffer[came..]) {
            Ok(n) if n > 0 => came += n,
            end => lab.fails(
                "a whole query",
                format!("{came} octets of it, then {end:?}"),
            ),
        }
    }
    let reply = asked_in(lab, &buffer[2..came]).reply().bytes();
    stream.write_all(&framed(&reply)).expect("a reply is taken");
    first
}

#[test]
fn s8_reply_comes_in_any_pieces() {
    netlab::lab(|lab| {
        lab.why(
            "TCP delivers bytes, not messages. One read may give half a length, or the reply and \
             something after it; and the server need not close the connection.",
        );
        let server = lab.tcp_server("server");
        let (exchange, peer, query) = takes_query(lab, &server);
        peer.dribbles(&framed(&query.reply().answers([a(HOST, GOOD)]).bytes()));
        gives(lab, "result of single bytes", exchange, GOOD);

        let (exchange, peer, query) = takes_query(lab, &server);
        let mut stream = framed(&query.reply().answers([a(HOST, GOOD)]).bytes());
        stream.extend([0xff; 30]);
        peer.sends(&stream);
        gives(lab, "result with 30 more bytes", exchange, GOOD);
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
            "The kernel finished the handshake, but the server does not read the query, and no reply comes. TCP itself would wait for days.",
        );
        let silent = lab.tcp_server("silent server");
        let exchange = asks_tcp(lab, silent.addr(), in_vain(1));
        gives(lab, "result of silence", exchange, "TimedOut");

        lab.why("Half a reply and then nothing is also silence.");
        let exchanges = [
            ("half a length", &b"\x00"[..]),
            ("a length and a part", b"\x00\x40abc"),
        ]
        .map(|(what, part)| {
            let server = lab.tcp_server("server");
            let exchange = asks_tcp(lab, server.addr(), brief(1));
            let peer = server.accepts();
            peer.sends(part);
            (what, exchange, peer)
        });
        for (what, exchange, _peer) in exchanges {
            gives(lab, &format!("result of {what}"), exchange, "TimedOut");
        }

        lab.why(
            "When no time is left, the try is over. Do not give the system a time-out of zero: it refuses that as an argument.",
        );
        let none = Patience {
            timeout: Duration::from_nanos(1),
            attempts: 1,
        };
        let exchange = asks_tcp(lab, silent.addr(), none);
        gives(
            lab,
            "result of a nanosecond's patience",
            exchange,
            "TimedOut",
        );
    });
}

#[test]
fn s8_connecting_takes_of_the_same_time() {
    netlab::lab(|lab| {
        if !cfg!(target_os = "linux") {
            lab.note("needs Linux, which drops a SYN when the queue is full");
            asks_tcp(lab, lab.refused().addr(), in_vain(1))
                .returns()
                .ok();
            return;
        }
        lab.why(
            "A SYN without an answer is sent again and again; connect alone gives up after two \
             minutes. The time that you were given is for connecting too: connect_timeout.",
        );
        let hole = lab.black_hole();
        let exchange = asks_tcp(lab, hole.addr(), in_vain(1));
        gives(lab, "result", exchange, "TimedOut");
    });
}

#[test]
fn s8_dribbling_does_not_move_the_deadline() {
    netlab::lab(|lab| {
        lab.why(
            "A byte every now and then keeps any time-out of a single read from running out. The whole \
             exchange has one deadline; each read gets what is left of it.",
        );
        let server = lab.tcp_server("server");
        let exchange = asks_tcp(lab, server.addr(), brief(1));
        let peer = server.accepts();
        peer.sends(&60_000u16.to_be_bytes());
        let dribbling = peer.drips(b'x', Duration::from_micros(200));
        gives(lab, "result", exchange, "TimedOut");
        dribbling.returns();
    });
}

#[test]
fn s8_length_and_body_share_the_time() {
    netlab::lab(|lab| {
        lab.why(
            "Most of the time passed before the beginning of the reply came, and the rest never does. No piece has a time of its own, neither the second octet of the length nor the bytes after the length: `timeout` \
             is for the whole exchange.",
        );
        let what = "servers that send the beginning of a reply after 42 of 60 ms; what has become of it after 84";
        runs_out_of_time(lab, what, 10, slow_server);
    });
}

/// What exchanges make of servers that begin a reply late and do not go on, when the time is up; and whether the
/// servers were in time for one that begins a second clock at what came.
fn slow_server(lab: &Lab) -> (String, bool) {
    const TIMEOUT: Duration = Duration::from_millis(60);
    let patience = Patience {
        timeout: TIMEOUT,
        attempts: 1,
    };
    // Inside the length, right behind it, inside the message.
    let exchanges = [1, 2, 7].map(|beginning| {
        let server = lab.tcp_server("server");
        let exchange = asks_tcp(lab, server.addr(), patience);
        let peer = server.accepts();
        let query = query_from(lab, &peer);
        let reply = framed(&query.reply().answers([a(HOST, GOOD)]).bytes());
        (exchange, peer, reply[..beginning].to_vec())
    });
    // The clocks of the exchanges began before their queries were here.
    let begun = Instant::now();
    slow_until(begun + TIMEOUT.mul_f64(0.7));
    for (_, peer, beginning) in &exchanges {
        peer.sends(beginning);
    }
    let sent_in_time = begun.elapsed() < TIMEOUT.mul_f64(0.9);
    slow_until(begun + TIMEOUT.mul_f64(1.4));
    let open = exchanges.iter().any(|(exchange, peer, _)| {
        // Whoever does not wait any longer gets the time to say so, however busy the machine is.
        exchange.settles();
        !is_closed(peer)
    });
    let looked_in_time = begun.elapsed() < TIMEOUT.mul_f64(1.65);
    let results = exchanges.map(|(exchange, ..)| reply_in_words(&exchange.returns()));
    let other = results.into_iter().find(|result| result != "TimedOut");
    let result = match open {
        true => "none yet, and the connection is open".into(),
        false => other.unwrap_or("TimedOut".into()),
    };
    (result, sent_in_time && looked_in_time)
}

#[test]
fn s8_waiting_is_left_to_the_system() {
    netlab::lab(|lab| {
        lab.why("A late reply is valid, as long as the time is not up.");
        let (udp, tcp) = lab.udp_and_tcp("server");
        let asking = asks(lab, udp.addr(), PATIENT);
        let datagram = udp.expects_datagram();
        let part = asked(lab, &datagram).reply().cut_off();
        udp.sends_to_labelled(datagram.from, "reply, TC=1", &part.bytes());
        let peer = tcp.accepts();
        let query = query_from(lab, &peer);
        let reply = framed(&query.reply().answers([a(HOST, GOOD)]).bytes());
        peer.sends(&reply[..1]);
        asking.sleeps("the rest of the length comes");
        peer.sends(&reply[1..]);
        gives(lab, "result", asking, GOOD);
    });
}

#[test]
fn s8_nothing_goes_on_after_the_reply() {
    netlab::alone(|lab| {
        lab.why(
            "Everything that a wait uses must end with the wait: a thread, a copy of the stream.",
        );
        let server = lab.tcp_server("server");
        let (exchange, peer, query) = takes_query(lab, &server);
        peer.sends(&framed(&query.reply().answers([a(HOST, GOOD)]).bytes()));
        gives(lab, "result", exchange, GOOD);
    });
}

#[test]
fn s8_connection_is_closed_on_return() {
    netlab::lab(|lab| {
        lab.why(
            "When exchange_tcp returns, however it ends, its connection is closed. A copy of the stream that \
             waits for the next question, or in a thread, keeps it open at both ends.",
        );
        let briefly = Duration::from_millis(20);
        let patiently = PATIENT.timeout;
        let outcomes: [(&str, Duration, &str, Act); 5] = [
            ("a reply", patiently, GOOD, |peer, query| {
                peer.sends(&framed(&query.reply().answers([a(HOST, GOOD)]).bytes()));
            }),
            (
                "another id",
                patiently,
                "BadReply(WrongId)",
                |peer, query| {
                    let mut reply = query.reply();
                    reply.id = !reply.id;
                    peer.sends(&framed(&reply.bytes()));
                },
            ),
            ("an early end", patiently, "Io(UnexpectedEof)", |peer, _| {
                peer.half_closes();
            }),
            ("silence", briefly, "TimedOut", |_, _| {}),
            ("half a reply", briefly, "TimedOut", |peer, _| {
                peer.sends(&framed(&[0; 12])[..7]);
            }),
        ];
        for (what, timeout, want, act) in outcomes {
            // Now and then the system lets the end of a stream wait, but hardly three times.
            let at_once = (0..3).any(|_| {
                lab.scene(format!("the server sends this: {what}"));
                closes_at_once(lab, timeout, want, act)
            });
            lab.holds(
                at_once,
                "the connection closed in the moment when the call returns",
                format!("it is still open after {what}"),
            );
        }
    });
}

/// What a server does when it has read the query.
type Act = fn(&TcpPeer, &Asked);

/// Whether the server sees the end of the connection as soon as the exchange has returned.
fn closes_at_once(lab: &Lab, timeout: Duration, want: &str, act: Act) -> bool {
    let server = lab.tcp_server("server");
    let (addr, question) = (server.addr(), question(lab, HOST, wire::A));
    let served = lab.meanwhile("the server", {
        let lab = lab.clone();
        move || {
            let peer = server.accepts();
            act(&peer, &query_from(&lab, &peer));
            peer
        }
    });
    // On this thread, which goes on: what the call has kept in it is still there afterwards.
    let result = lab.you(&format!("exchange_tcp(server, A {HOST}, …)"), || {
        exchange_tcp(addr, &question, timeout)
    });
    let peer = served.returns();
    comes_to(lab, "result", reply_in_words(&result), want);
    is_closed(&peer)
}

/// Whether the student's end of the connection is closed now. Nothing of it is left to be read.
fn is_closed(peer: &TcpPeer) -> bool {
    let stream = peer.stream();
    stream.set_nonblocking(true).expect("non-blocking mode");
    match stream.peek(&mut [0]) {
        Ok(n) => n == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

#[test]
fn s8_stream_may_end_early() {
    netlab::lab(|lab| {
        lab.why(
            "End of file means that the rest will never come. It is not a shorter message, and more waiting does not help.",
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
            "TCP can refuse: a port where no program listens answers a SYN with RST, and connect fails at once. That is not a time-out.",
        );
        let closed = lab.refused();
        let exchange = asks_tcp(lab, closed.addr(), PATIENT);
        gives(lab, "result", exchange, "Io(ConnectionRefused)");
    });
}

#[test]
fn s8_tcp_reply_is_judged_too() {
    netlab::lab(|lab| {
        let server = lab.tcp_server("server");
        let strange = "The connection says who answers, not what about. An id or a question that is not ours \
                       means that the two ends have lost each other; there is nothing else to wait for.";
        let short = "This message came whole, as long as its length said: the stream has not ended. \
                     judge_reply says what it is, as of any other message.";
        for (what, want, why) in [
            ("another id", "BadReply(WrongId)", strange),
            ("another name", "BadReply(WrongQuestion)", strange),
            ("your own query", "BadReply(NotAReply)", strange),
            ("a reply cut short", "BadReply(Malformed)", short),
            ("a message of 0 octets", "BadReply(WrongId)", short),
            ("a message of 1 octet", "BadReply(WrongId)", short),
        ] {
            lab.why(why);
            let (exchange, peer, query) = takes_query(lab, &server);
            let mut reply = query.reply().answers([a(HOST, EVIL)]);
            match what {
                "another id" => reply.id = !reply.id,
                "another name" => reply.questions[0].0 = "wwx.example.test".into(),
                "your own query" => reply = wire::Message::from(&query),
                _ => {}
            }
            let mut bytes = reply.bytes();
            match what {
                "a reply cut short" => bytes.truncate(bytes.len() - 1),
                "a message of 0 octets" => bytes.clear(),
                "a message of 1 octet" => bytes.truncate(1),
                _ => {}
            }
            peer.sends_labelled(what, &framed(&bytes));
            gives(lab, &format!("result of {what}"), exchange, want);
        }

        lab.why(
            "A reply that says TC over TCP is broken: there was room for all of it, and there is no other way to ask. Without its records it would look like \"no data\".",
        );
        let (exchange, peer, query) = takes_query(lab, &server);
        peer.sends_labelled("TC=1", &framed(&query.reply().cut_off().bytes()));
        gives(
            lab,
            "result of TC over TCP",
            exchange,
            "BadReply(Malformed)",
        );
    });
}

#[test]
fn s8_each_query_has_its_own_id() {
    netlab::lab(|lab| {
        lab.why("Over TCP as over UDP: the id of a query is fresh and not to be foreseen.");
        let server = lab.tcp_server("server");
        let mut ids = Vec::new();
        for _ in 0..6 {
            let (exchange, peer, query) = takes_query(lab, &server);
            ids.push(query.id);
            peer.sends(&framed(&query.reply().bytes()));
            exchange.returns_ok();
        }
        // Chance may give two of six the same number, but not three.
        let different: HashSet<u16> = ids.iter().copied().collect();
        lab.holds(
            different.len() >= 5,
            "6 queries with fresh ids",
            format!("{} different ids", different.len()),
        );
        let steps: HashSet<u16> = ids.windows(2).map(|w| w[1].wrapping_sub(w[0])).collect();
        let reason =
            "An id that follows from the one before is not secret: a forger needs one guess.";
        lab.because(reason).holds(
            steps.len() >= 3,
            "ids that do not follow from the one before",
            format!("ids in steps: {ids:?}"),
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
        let asking = asks(lab, udp.addr(), PATIENT);
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
            "The whole answer comes over TCP only, and TCP refuses. The part that came over \
             UDP does not become the answer by that: without records it would look like \"no data\".",
        );
        let (udp, _closed) = lab.udp_and_refused("server");
        let asking = asks(lab, udp.addr(), PATIENT);
        let datagram = udp.expects_datagram();
        let part = asked(lab, &datagram)
            .reply()
            .answers([a(HOST, EVIL)])
            .cut_off();
        udp.sends_to_labelled(datagram.from, "reply, TC=1", &part.bytes());
        gives(lab, "result", asking, "Io(ConnectionRefused)");

        lab.why(
            "The message over TCP is not a reply, and no further query is sent. The part that came over UDP does \
             not become the answer by that.",
        );
        for (what, want) in [
            ("another id", "BadReply(WrongId)"),
            ("TC again", "BadReply(Malformed)"),
            ("half a reply", "Io(UnexpectedEof)"),
        ] {
            let (udp, tcp) = lab.udp_and_tcp("server");
            let asking = asks(lab, udp.addr(), PATIENT);
            let datagram = udp.expects_datagram();
            let mut part = asked(lab, &datagram).reply().answers([a(HOST, EVIL)]);
            part = part.cut_off();
            udp.sends_to_labelled(datagram.from, "reply, TC=1", &part.bytes());
            let peer = tcp.accepts();
            let mut reply = query_from(lab, &peer).reply().answers([a(HOST, GOOD)]);
            match what {
                "another id" => reply.id = !reply.id,
                "TC again" => reply = reply.cut_off(),
                _ => {}
            }
            let mut bytes = framed(&reply.bytes());
            if what == "half a reply" {
                bytes.truncate(20);
            }
            peer.sends_labelled(what, &bytes);
            peer.half_closes();
            gives(lab, &format!("result of {what}"), asking, want);
        }
    });
}

#[test]
fn s8_tcp_is_tried_once() {
    netlab::lab(|lab| {
        lab.why(
            "ask goes over TCP once, and that is the result: `attempts` counts queries \
             over UDP. TCP itself repeats what is lost; a server that breaks off has decided so.",
        );
        let (udp, tcp) = lab.udp_and_tcp("server");
        let asking = asks(lab, udp.addr(), ENDLESS);
        let datagram = udp.expects_datagram();
        let part = asked(lab, &datagram).reply().cut_off();
        udp.sends_to_labelled(datagram.from, "reply, TC=1", &part.bytes());
        let peer = tcp.accepts();
        query_from(lab, &peer);
        peer.closes();
        // Whoever connects again would now wait: nobody accepts it.
        asking.settles();
        lab.holds(!connected_again(&tcp), "1 connection", "2, or more");
        gives(lab, "result", asking, "Io(UnexpectedEof)");

        lab.scene("a server that accepts and is silent");
        lab.why("TCP gets the time of one try, not that of all together.");
        let (udp, tcp) = lab.udp_and_tcp("server");
        let patience = Patience {
            attempts: 1_000,
            ..brief(1)
        };
        let queries = Arc::new(AtomicUsize::new(0));
        let _answering = udp.answers({
            let (lab, queries) = (lab.clone(), queries.clone());
            move |datagram| {
                queries.fetch_add(1, SeqCst);
                let part = asked(&lab, datagram).reply().cut_off();
                Some(("reply, TC=1".into(), part.bytes()))
            }
        });
        let asking = asks(lab, udp.addr(), patience);
        let peer = tcp.accepts();
        gives(lab, "result", asking, "TimedOut");
        lab.because("The server has said over UDP that its reply does not fit. To ask it there again gives the same.")
            .same("queries over UDP", queries.load(SeqCst), 1);
        drop(peer);
    });
}

#[test]
fn s8_tcp_has_the_whole_time_of_a_try() {
    netlab::lab(|lab| {
        lab.why(
            "UDP took most of a try's time, then TCP took as much. TCP has the time of a try for itself, not \
             what UDP has left of its own.",
        );
        // On a busy machine the reply may come too late; then the scene is played again.
        let result = (0..20)
            .map(|_| slow_over_both(lab))
            .find(|result| result == GOOD);
        lab.holds(
            result.is_some(),
            format!("{GOOD}: the reply over TCP"),
            "TimedOut, although that reply came in time, 20 times",
        );
    });
}

/// What `ask` makes of a server that takes two thirds of a try's time over UDP, and as much over TCP.
fn slow_over_both(lab: &Lab) -> String {
    lab.scene("replies over UDP and over TCP, each when two thirds of a try's time are over");
    let patience = Patience {
        timeout: Duration::from_millis(40),
        attempts: 100,
    };
    let late = move || slow_until(Instant::now() + patience.timeout * 2 / 3);
    let (udp, tcp) = lab.udp_and_tcp("server");
    let again = lab.clone();
    let _answering = udp.answers(move |datagram| {
        late();
        let part = asked(&again, datagram).reply().cut_off();
        Some(("reply, TC=1".into(), part.bytes()))
    });
    let asking = asks(lab, udp.addr(), patience);
    let peer = tcp.accepts();
    let mut query = [0; 512];
    let came = peer.stream().read(&mut query).unwrap_or(0);
    late();
    // Whoever does not wait any longer gets the time to say so, however busy the machine is.
    asking.settles();
    if let Some(query) = query[..came].get(2..).and_then(Asked::read) {
        let reply = query.reply().answers([a(HOST, GOOD)]).bytes();
        let _ = peer.stream().write_all(&framed(&reply));
    }
    reply_in_words(&asking.returns())
}

#[test]
fn s8_cut_off_no_goes_to_tcp_too() {
    netlab::lab(|lab| {
        lab.why(
            "TC says that the message is a part, whatever RCODE and the other flags say: the CNAMEs \
             before an NXDOMAIN take room too. Ask again over TCP (RFC 7766 §5).",
        );
        for (what, flags) in [
            ("NXDOMAIN", 0x8383),
            ("AA", 0x8700),
            ("neither RD nor RA", 0x8200),
        ] {
            let (udp, tcp) = lab.udp_and_tcp("server");
            let asking = asks(lab, udp.addr(), PATIENT);
            let datagram = udp.expects_datagram();
            let mut part = asked(lab, &datagram).reply();
            part.flags = flags;
            part.questions[0].0 = HOST.to_uppercase();
            udp.sends_to_labelled(datagram.from, &format!("{what}, TC=1"), &part.bytes());
            let peer = tcp.accepts();
            let query = query_from(lab, &peer);
            lab.because(
                "Over TCP goes the question that the caller asks, not what a server made of it.",
            )
            .same(
                "the question over TCP",
                query.in_words(),
                format!("A {HOST}"),
            );
            let whole = query.reply().answers([a(HOST, GOOD)]);
            peer.sends(&framed(&whole.rcode(wire::REFUSED).bytes()));
            let result = asking.returns();
            let got = reply_in_words(&result);
            comes_to(lab, &format!("result of TC with {what}"), got, GOOD);
            let reason = "What comes over TCP is the reply, and RCODE is a part of it. To judge that is for the \
                          caller.";
            lab.because(reason).same(
                "RCODE of the result: that of the reply over TCP",
                result.ok().map(|message| message.header.rcode),
                Some(wire::REFUSED),
            );
        }
    });
}

#[test]
fn s8_whole_reply_needs_no_tcp() {
    netlab::lab(|lab| {
        lab.why("A reply that fits is the answer: no second question, no connection.");
        // A connection would be refused.
        let (udp, _closed) = lab.udp_and_refused("server");
        let asking = asks(lab, udp.addr(), PATIENT);
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
        gives(lab, "result", asking, GOOD);
    });
}

#[test]
fn s8_ask_is_as_patient_as_told() {
    netlab::lab(|lab| {
        lab.why("The caller decides the patience: ask passes it on, and returns the result.");
        for attempts in [1, 3] {
            lab.scene(format!("attempts: {attempts}; the server is silent"));
            let server = lab.udp("server");
            let asking = asks(lab, server.addr(), in_vain(attempts));
            for _ in 0..attempts {
                server.expects_datagram();
            }
            gives(lab, "result", asking, "TimedOut");
            let socket = server.socket();
            socket.set_nonblocking(true).expect("non-blocking mode");
            let more = socket.recv_from(&mut [0; 512]).is_ok();
            lab.holds(!more, queries(attempts), "one more, or several");
        }
    });
}
