use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use netlab::{Datagram, Lab, UdpPeer, slow_until};
use udp_dns_lookup::{
    Judge, LookupError, Message, Patience, Question, Sent, Verdict, Why, exchange_udp,
    parse_message,
};

use super::picture;
use super::scene::{
    ENDLESS, GOOD, HOST, PATIENT, answers_all, asked, brief, comes_to, cpu_time, error_in_words,
    gives, in_vain, parse_error_in_words, queries, question, replies, reply_in_words,
    runs_out_of_time,
};
use super::wire::{self, a};

/// Where Linux lets nobody send just so.
const BROADCAST: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 255, 255, 255)), 5353);

/// A judge who believes whatever repeats the id: enough as long as nobody lies.
fn trusting(sent: &Sent, from: SocketAddr, datagram: &[u8]) -> Verdict {
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
        "the judge ignores {} bytes from {from}: {reason}",
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
    asks_with(lab, server, patience, trusting)
}

/// The same with another judge.
fn asks_with(
    lab: &Lab,
    server: SocketAddr,
    patience: Patience,
    judge: Judge,
) -> netlab::Running<Result<Message, LookupError>> {
    let question = question(lab, HOST, wire::A);
    let call = format!(
        "exchange_udp(server, A {HOST}, {} × …, judge)",
        patience.attempts
    );
    let story = lab.clone();
    lab.student(&call, move || {
        STORY.set(Some((story, String::new())));
        exchange_udp(server, &question, patience, judge)
    })
}

/// Whether the student, whose exchange has returned, sent more than the server has taken so far:
/// that waits here by now, since loopback delivers at once.
fn sent_more(server: &UdpPeer) -> bool {
    let socket = server.socket();
    socket.set_nonblocking(true).expect("non-blocking mode");
    socket.recv_from(&mut [0; 512]).is_ok()
}

/// Whether a query waits at the server to be read.
fn query_waits(server: &UdpPeer) -> bool {
    let socket = server.socket();
    socket.set_nonblocking(true).expect("non-blocking mode");
    let waits = socket.peek_from(&mut [0; 512]).is_ok();
    socket.set_nonblocking(false).expect("blocking mode");
    waits
}

/// The query of a try after the first one.
fn expects_another_try(lab: &Lab, server: &UdpPeer) -> Datagram {
    lab.if_stuck(
        "The try before this one is over, and no further one began. If the exchange has returned \
         InvalidInput: the system refuses a time-out of zero. When nothing is left of the time, do not \
         wait: the try is over.",
    );
    let datagram = server.expects_datagram();
    lab.if_stuck("");
    datagram
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
fn s6_the_question_is_the_callers() {
    netlab::lab(|lab| {
        lab.why(
            "What is asked is the caller's choice: name, type and class go out as they were given.",
        );
        for (qtype, qclass, rcode, want) in [
            (
                wire::TXT,
                3,
                wire::SERVFAIL,
                "TXT www.example.test in class 3",
            ),
            (
                wire::AAAA,
                255,
                wire::REFUSED,
                "AAAA www.example.test in class 255",
            ),
        ] {
            let server = lab.udp("server");
            let (addr, question) = (server.addr(), question(lab, HOST, qtype));
            let question = Question { qclass, ..question };
            let exchange = lab.student(&format!("exchange_udp(server, {want}, …)"), move || {
                exchange_udp(addr, &question, PATIENT, trusting)
            });
            let datagram = server.expects_datagram();
            let query = asked(lab, &datagram);
            lab.same("the question", query.in_words(), want.to_owned());
            let reason = "The judge accepted it, so this is the reply. The caller reads its RCODE: exchange_udp returns the message.";
            server.sends_to(datagram.from, &query.reply().rcode(rcode).bytes());
            gives(&lab.because(reason), "result", exchange, "no records");
        }
    });
}

#[test]
fn s6_attempts_have_32_bits() {
    netlab::lab(|lab| {
        lab.why(
            "`attempts` is a u32. In 8 or 16 bits 256 or 65 536 tries would become 0, and one more than u32::MAX does not fit. The first query is answered here: no second one is needed.",
        );
        for attempts in [256, 65_536, u32::MAX] {
            let server = lab.udp("server");
            let _answering = answers_all(lab, &server);
            let patience = Patience {
                attempts,
                ..PATIENT
            };
            let exchange = asks(lab, server.addr(), patience);
            gives(lab, "result", exchange, GOOD);
        }
    });
}

#[test]
fn s6_judge_sees_all_there_is() {
    netlab::lab(|lab| {
        lab.why(
            "The judge needs the query, its destination and the reply's source: the question letter by letter, and the whole datagram.",
        );
        // Believes only if it was told everything, and the datagram ends where it ended on the wire.
        fn witness(sent: &Sent, from: SocketAddr, datagram: &[u8]) -> Verdict {
            let question = &sent.question;
            let name = question.name.labels().join(&b'.');
            let complaint = if name != AS_TYPED.as_bytes() {
                let name = String::from_utf8_lossy(&name);
                format!("sent.question is about {name}, not {AS_TYPED}")
            } else if (question.qtype, question.qclass) != (wire::A, wire::IN) {
                let (qtype, class) = (question.qtype, question.qclass);
                format!("sent.question has type {qtype} and class {class}")
            } else if from != sent.server {
                format!("from is {from}, and sent.server is {}", sent.server)
            } else if !datagram.ends_with(&LAST_OCTETS) {
                format!(
                    "{} octets that do not end as the datagram did",
                    datagram.len()
                )
            } else {
                return trusting(sent, from, datagram);
            };
            tell(format!("the judge ignores this: {complaint}"));
            Verdict::Ignore(Why::WrongQuestion)
        }
        const LAST_OCTETS: [u8; 4] = [192, 0, 2, 1];
        const AS_TYPED: &str = "wWw.Example.TEST";
        let server = lab.udp("server");
        let (addr, question) = (server.addr(), question(lab, AS_TYPED, wire::A));
        let exchange = lab.student(
            &format!("exchange_udp(server, A {AS_TYPED}, 1 × …, witness)"),
            {
                let story = lab.clone();
                move || {
                    STORY.set(Some((story, String::new())));
                    exchange_udp(addr, &question, PATIENT, witness)
                }
            },
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
fn s6_only_the_judge_decides() {
    netlab::lab(|lab| {
        lab.why(
            "The judge must see every datagram: even one of three octets, and an empty one, which is not an end of file in UDP. A filter before the judge would be a second judge.",
        );
        /// Accepts what no other judge would.
        fn odd(sent: &Sent, _: SocketAddr, datagram: &[u8]) -> Verdict {
            let query = wire::query(sent.id, HOST, wire::A);
            match (datagram, parse_message(&query)) {
                (b"" | b"yes", Ok(message)) => Verdict::Accept(message),
                _ => Verdict::Ignore(Why::Malformed),
            }
        }
        for accepted in [&b""[..], b"yes"] {
            let server = lab.udp("server");
            let (addr, question) = (server.addr(), question(lab, HOST, wire::A));
            let exchange = lab.student(
                "exchange_udp(server, …, 1 × 60 s, an odd judge)",
                move || exchange_udp(addr, &question, PATIENT, odd),
            );
            let from = server.expects_datagram().from;
            server.sends_to(from, b"no");
            server.sends_to(from, accepted);
            gives(lab, "result", exchange, "no records");
        }

        lab.scene("two datagrams, both there before the judge has accepted the first one");
        lab.why(
            "The first reply that the judge accepts is the result. Later datagrams are not read.",
        );
        static BOTH_SENT: OnceLock<()> = OnceLock::new();
        /// Accepts both, and looks at the first one until both are there.
        fn slow(sent: &Sent, from: SocketAddr, datagram: &[u8]) -> Verdict {
            BOTH_SENT.wait();
            measuring(sent, from, datagram)
        }
        let server = lab.udp("server");
        let exchange = measures(lab, server.addr(), slow);
        let from = server.expects_datagram().from;
        server.sends_to(from, &[b'x'; 300]);
        server.sends_to(from, &[b'x'; 500]);
        let _ = BOTH_SENT.set(());
        reached_the_judge(lab, exchange, 300);
    });
}

/// Accepts whatever is not short, and tells its length in place of an id.
fn measuring(_: &Sent, _: SocketAddr, datagram: &[u8]) -> Verdict {
    match parse_message(&wire::query(datagram.len() as u16, HOST, wire::A)) {
        Ok(message) if datagram.len() >= 100 => Verdict::Accept(message),
        _ => Verdict::Ignore(Why::Malformed),
    }
}

/// Starts the student's exchange with a judge who measures.
fn measures(
    lab: &Lab,
    server: SocketAddr,
    judge: Judge,
) -> netlab::Running<Result<Message, LookupError>> {
    let question = question(lab, HOST, wire::A);
    lab.student(
        "exchange_udp(server, …, a judge who measures)",
        move || exchange_udp(server, &question, PATIENT, judge),
    )
}

/// Demands that the judge has accepted a datagram of this length.
fn reached_the_judge(
    lab: &Lab,
    exchange: netlab::Running<Result<Message, LookupError>>,
    length: usize,
) {
    match exchange.returns() {
        Ok(message) => lab.same(
            "octets that reached the judge",
            usize::from(message.header.id),
            length,
        ),
        Err(error) => comes_to(lab, "result", error_in_words(&error), "accepted"),
    }
}

#[test]
fn s6_lost_query_is_sent_again() {
    netlab::lab(|lab| {
        lab.why(
            "UDP never says \"lost\". If the first datagram is lost, you are not told: ask again when the time is up, and take the answer to the second one.",
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
        gives(lab, "result", exchange, GOOD);
    });
}

#[test]
fn s6_gives_up_after_the_last_try() {
    netlab::lab(|lab| {
        for attempts in [1, 13] {
            lab.scene(format!("attempts: {attempts}; the server is silent"));
            lab.why(
                "`attempts` counts every sending, the first one included. Every try has the time that the \
                 caller gave, neither twice as long as the one before nor without an end. Then silence is \
                 the result, and it has a name.",
            );
            let server = lab.udp("server");
            let exchange = asks(lab, server.addr(), in_vain(attempts));
            server.expects_datagram();
            for _ in 1..attempts {
                expects_another_try(lab, &server);
            }
            gives(lab, "result", exchange, "TimedOut");
            lab.why("`attempts` counts every sending, the first one included.");
            lab.holds(
                !sent_more(&server),
                queries(attempts),
                "one more, or several",
            );
        }
    });
}

#[test]
fn s6_calls_do_not_wait_for_one_another() {
    netlab::lab(|lab| {
        lab.why(
            "Two threads ask two servers. The first one waits for its reply, and the second one asks and \
             gets its own at once: nothing is shared between two calls.",
        );
        lab.if_stuck(
            "The other call still waits, and this one waits for that call, not for its server. Is a lock \
             held during the wait, or one socket used by all?",
        );
        let (silent, server) = (lab.udp("silent server"), lab.udp("server"));
        let first = asks(lab, silent.addr(), PATIENT);
        let unanswered = silent.expects_datagram();
        let second = asks(lab, server.addr(), PATIENT);
        let query = server.expects_datagram();
        let reply = |datagram: &Datagram| asked(lab, datagram).reply().answers([a(HOST, GOOD)]);
        server.sends_to_labelled(query.from, "reply", &reply(&query).bytes());
        gives(lab, "result of the second call", second, GOOD);
        silent.sends_to_labelled(unanswered.from, "reply", &reply(&unanswered).bytes());
        gives(lab, "result of the first call", first, GOOD);
    });
}

/// Plays a scene beside another exchange, whose one try of half a second nobody answers. Whether the scene
/// was over first. No clock decides that, but which of two calls of the student's returns first.
fn is_over_first(lab: &Lab, scene: impl FnOnce(&Lab)) -> bool {
    let silent = lab.udp("silent server");
    let (addr, question) = (silent.addr(), question(lab, HOST, wire::A));
    let gave_up = Arc::new(AtomicBool::new(false));
    let slow = lab.student("exchange_udp(silent server, …, 1 × 500 ms)", {
        let gave_up = gave_up.clone();
        move || {
            let patience = Patience {
                timeout: Duration::from_millis(500),
                attempts: 1,
            };
            let result = exchange_udp(addr, &question, patience, trusting);
            gave_up.store(true, Ordering::SeqCst);
            result
        }
    });
    let datagram = silent.expects_datagram();
    scene(lab);
    let first = !gave_up.load(Ordering::SeqCst);
    let reply = asked(lab, &datagram).reply().bytes();
    silent.sends_to(datagram.from, &reply);
    let _ = slow.returns();
    first
}

#[test]
fn s6_no_time_is_slept_away() {
    netlab::lab(|lab| {
        let scene = |what: &str, why: &str, scene: &dyn Fn(&Lab)| {
            lab.why(why);
            // A busy machine may spoil one play, not all of them.
            let over_first = (0..4).any(|_| {
                lab.scene(what);
                is_over_first(lab, scene)
            });
            lab.holds(
                over_first,
                format!("{what}: over before another exchange has waited 500 ms"),
                "the other one gave up first, four times",
            );
        };
        scene(
            "10 tries of 5 ms in vain",
            "All tries have the same time, the one that the caller gave. When it is up the next try \
             begins at once: no pause, no longer time for later tries, no extra time on top.",
            &|lab| {
                let server = lab.udp("server");
                let patience = Patience {
                    timeout: Duration::from_millis(5),
                    attempts: 10,
                };
                let exchange = asks(lab, server.addr(), patience);
                gives(lab, "result", exchange, "TimedOut");
            },
        );
        scene(
            "20 exchanges, each answered at once",
            "recv_from returns when a datagram is there, and so do you when the judge has accepted it.",
            &|lab| {
                let server = lab.udp("server");
                let _answering = answers_all(lab, &server);
                for _ in 0..20 {
                    let exchange = asks(lab, server.addr(), PATIENT);
                    gives(lab, "result", exchange, GOOD);
                }
            },
        );
        scene(
            "400 datagrams that the judge ignores, then the reply",
            "To ignore a datagram is to read the next one. A pause after each of them lets the reply wait \
             behind the junk.",
            &|lab| {
                let server = lab.udp("server");
                let exchange = asks(lab, server.addr(), PATIENT);
                let datagram = server.expects_datagram();
                // In portions that a socket's buffer holds.
                for _ in 0..2 {
                    for _ in 0..200 {
                        let sent = server.socket().send_to(&[0xff; 40], datagram.from);
                        sent.expect("loopback takes a datagram");
                    }
                    exchange.settles();
                }
                replies(lab, &server, &datagram);
                gives(lab, "result", exchange, GOOD);
            },
        );
    });
}

#[test]
fn s6_every_try_is_waited_for() {
    netlab::lab(|lab| {
        lab.why(
            "A query without a wait is useless. Every try is the same, even the last one: send, then wait for the whole time. This reply came when four fifths of it were over.",
        );
        for play in 1.. {
            lab.scene("replies to one query of each exchange only, after 32 of the try's 40 ms");
            let exchanges = [(2, 2), (3, 2), (3, 3)].map(|(attempts, answered)| {
                let what = format!("reply to query {answered} of {attempts}");
                let server = lab.clone();
                let served =
                    lab.meanwhile(&what, move || answers_late(&server, attempts, answered));
                (what, served)
            });
            let results = exchanges.map(|(what, served)| (what, served.returns()));
            // On a busy machine a reply may come too late; then the scene is played again.
            let Some((what, result)) = results.into_iter().find(|(_, result)| result != GOOD)
            else {
                break;
            };
            lab.holds(
                play < 30,
                format!("{GOOD}: the {what}"),
                format!("{result}, although that reply came in time, 30 times"),
            );
        }
    });
}

/// What an exchange makes of a server that answers one of its queries only, late in the try.
fn answers_late(lab: &Lab, attempts: u32, answered: u32) -> String {
    const TIMEOUT: Duration = Duration::from_millis(40);
    let server = lab.udp("server");
    let patience = Patience {
        timeout: TIMEOUT,
        attempts,
    };
    let exchange = asks(lab, server.addr(), patience);
    let mut query = server.expects_datagram();
    for _ in 1..answered {
        query = expects_another_try(lab, &server);
    }
    slow_until(Instant::now() + TIMEOUT.mul_f64(0.8));
    // Whoever does not wait any longer gets the time to say so, however busy the machine is.
    exchange.settles();
    replies(lab, &server, &query);
    reply_in_words(&exchange.returns())
}

#[test]
fn s6_each_try_has_its_whole_time() {
    netlab::lab(|lab| {
        lab.why(
            "`timeout` is the time of one try, not of all together: with a million attempts it is \
             still a minute, and nothing is sent again before it is over.",
        );
        let server = lab.udp("server");
        let exchange = asks(lab, server.addr(), ENDLESS);
        let datagram = server.expects_datagram();
        // An answer that shares the time, or asks again at once, does so while this one looks ten times.
        let waits = (0..10).all(|_| exchange.settles());
        if !waits {
            exchange.sleeps("the reply comes");
        }
        lab.holds(!sent_more(&server), "1 query", "2 queries, or more");
        exchange.sleeps("the reply comes");
        replies(lab, &server, &datagram);
        gives(lab, "result", exchange, GOOD);
    });
}

#[test]
fn s6_time_may_be_up_before_the_wait() {
    netlab::lab(|lab| {
        lab.why(
            "Between sending and waiting the time of a try may already be over. Then nothing is left: \
             not a negative Duration (subtracting panics), and not a time-out of zero, which the \
             system refuses. The try is over, that is all.",
        );
        let server = lab.udp("server");
        let patience = Patience {
            timeout: Duration::from_nanos(1),
            attempts: 40,
        };
        let exchange = asks(lab, server.addr(), patience);
        gives(lab, "result", exchange, "TimedOut");
        lab.why("A try sends its query before it waits, however short the wait is.");
        let socket = server.socket();
        socket.set_nonblocking(true).expect("non-blocking mode");
        let queries = (0..41).filter(|_| socket.recv_from(&mut [0; 512]).is_ok());
        lab.same("queries that the server got", queries.count(), 40);

        lab.scene("a judge who takes his time");
        lab.why(
            "When the judge is done, the time of the try may be over: subtracting panics, and the system \
             refuses a time-out of zero. The try is over, that is all.",
        );
        let server = lab.udp("server");
        /// Thinks until any try has run out, and ignores everything.
        fn slow(_: &Sent, _: SocketAddr, _: &[u8]) -> Verdict {
            slow_until(Instant::now() + 2 * TIMEOUT);
            Verdict::Ignore(Why::WrongId)
        }
        const TIMEOUT: Duration = Duration::from_millis(10);
        let patience = Patience {
            timeout: TIMEOUT,
            attempts: 2,
        };
        let (addr, question) = (server.addr(), question(lab, HOST, wire::A));
        let exchange = lab.student(
            "exchange_udp(server, …, 2 × 10 ms, a slow judge)",
            move || exchange_udp(addr, &question, patience, slow),
        );
        let _answering = server.answers(|_| Some(("junk".into(), vec![0xff; 40])));
        gives(lab, "result", exchange, "TimedOut");
    });
}

#[test]
fn s6_what_the_system_refuses_is_told() {
    netlab::lab(|lab| {
        lab.why(
            "The system does not let you send to a broadcast address: PermissionDenied. That is not a time-out. Asking again or waiting does not help, and the user should be told why.",
        );
        if !cfg!(target_os = "linux") {
            lab.note("where 127.255.255.255 is no broadcast address, the step is only asked for");
            asks(lab, lab.refused().addr(), in_vain(1)).returns().ok();
            return;
        }
        for patience in [PATIENT, in_vain(2)] {
            let exchange = asks(lab, BROADCAST, patience);
            let result = reply_in_words(&exchange.returns());
            lab.holds(
                result.starts_with("Io("),
                "Io(PermissionDenied) for the server 127.255.255.255",
                result,
            );
        }
    });
}

#[test]
fn s6_nothing_is_left_open() {
    netlab::alone(|lab| {
        lab.why("A thread or a socket for each try is fine, as long as it ends with the try.");
        let server = lab.udp("server");
        let exchange = asks(lab, server.addr(), in_vain(2));
        gives(lab, "result", exchange, "TimedOut");
        let exchange = asks(lab, server.addr(), PATIENT);
        for _ in 0..2 {
            server.expects_datagram();
        }
        let datagram = server.expects_datagram();
        replies(lab, &server, &datagram);
        gives(lab, "result", exchange, GOOD);
        if cfg!(target_os = "linux") {
            let exchange = asks(lab, BROADCAST, PATIENT);
            gives(lab, "result", exchange, "Io(PermissionDenied)");
        }
    });
}

#[test]
fn s6_sockets_are_closed_on_return() {
    netlab::lab(|lab| {
        lab.why(
            "When exchange_udp returns, its sockets are closed. Here one is still open: kept for the next call, or in a thread that goes on. It would accept a forger's datagrams.",
        );
        let briefly = Patience {
            timeout: Duration::from_millis(40),
            attempts: 1,
        };
        for (patience, want) in [(PATIENT, GOOD), (briefly, "TimedOut")] {
            // Somebody else may have got the number of a port that was closed, but hardly three times.
            let all_closed = (0..3).any(|_| closes_its_ports(lab, patience, want));
            lab.holds(
                all_closed,
                "the ports of all queries closed, in the moment when the call returns",
                "one of them is still in use",
            );
        }
    });
}

/// Whether the ports that the queries of an exchange came from are free as soon as it has returned.
fn closes_its_ports(lab: &Lab, patience: Patience, want: &str) -> bool {
    lab.scene(format!("an exchange that comes to {want}"));
    let server = lab.udp("server");
    let ports = Arc::new(Mutex::new(Vec::new()));
    let (again, seen, replies) = (lab.clone(), ports.clone(), want == GOOD);
    let _answering = server.answers(move |datagram| {
        seen.lock().expect("unpoisoned").push(datagram.from.port());
        let reply = asked(&again, datagram).reply().answers([a(HOST, GOOD)]);
        replies.then(|| ("reply".into(), reply.bytes()))
    });
    let question = question(lab, HOST, wire::A);
    let call = format!(
        "exchange_udp(server, A {HOST}, {} × …, judge)",
        patience.attempts
    );
    // On this thread, which goes on: what the call has kept in it is still there afterwards.
    let result = lab.you(&call, || {
        exchange_udp(server.addr(), &question, patience, trusting)
    });
    let ports = ports.lock().expect("unpoisoned").clone();
    let is_free = |port: &u16| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok();
    let all_free = !ports.is_empty() && ports.iter().all(is_free);
    comes_to(lab, "result", reply_in_words(&result), want);
    all_free
}

#[test]
fn s6_each_try_has_fresh_id_and_port() {
    netlab::lab(|lab| {
        lab.why(
            "A forger who cannot see the query must guess its id. A constant id, a counter, or a few bits \
             only give it away: the system's randomness has 16 bits for each query (RFC 5452 §9.2).",
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
        // Chance leaves a bit the same in 64 ids once in 10^18 runs.
        let ones = ids.iter().fold(0, |seen, id| seen | id);
        let zeros = ids.iter().fold(0, |seen, id| seen | !id);
        lab.holds(
            ones & zeros == u16::MAX,
            "ids of 16 bits, each of them sometimes 0 and sometimes 1",
            format!("bits that never change: {:016b}", !(ones & zeros)),
        );
        // Ids that differ in all 16 bits, in every mixture, have 16 differences of which none is made of others.
        // Chance has fewer in 64 ids once in 10^14 runs.
        let mut own = Vec::new();
        for id in &ids {
            let rest = own
                .iter()
                .fold(id ^ ids[0], |rest, bits| rest.min(rest ^ bits));
            if rest != 0 {
                own.push(rest);
            }
        }
        lab.holds(
            own.len() == 16,
            "ids of 16 bits, none of which follows from the others",
            format!(
                "ids with {} bits of their own, as in {:04x} {:04x} {:04x} {:04x}, …",
                own.len(),
                ids[0],
                ids[1],
                ids[2],
                ids[3]
            ),
        );
        lab.because(
            "A forger must guess the port as well, about 15 bits more. A fresh socket on port 0 has one that the \
             system picks; one socket for all tries gives it away (RFC 5452 §9.2).",
        )
        .holds(
            ports.len() >= 60,
            "at least 60 different source ports in 64 queries",
            format!("{} different ports", ports.len()),
        );
        let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
        let range: Vec<u16> = range
            .unwrap_or_default()
            .split_whitespace()
            .filter_map(|port| port.parse().ok())
            .collect();
        if let [first, last] = range[..] {
            let strange = ports.iter().find(|port| !(first..=last).contains(port));
            lab.because(
                "The system picks a port when you ask for port 0. One that you compute yourself may be \
                 computed by others, too.",
            )
            .holds(
                strange.is_none(),
                format!("ports that this system picks, {first} to {last}"),
                format!("a query from port {}", strange.unwrap_or(&0)),
            );
        }
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
        let exchange = asks(lab, server.addr(), in_vain(6));
        let mut ids = Vec::new();
        let mut ports = HashSet::new();
        for n in 0..6 {
            let datagram = match n {
                0 => server.expects_datagram(),
                _ => expects_another_try(lab, &server),
            };
            ids.push(asked(lab, &datagram).id);
            ports.insert(datagram.from.port());
        }
        gives(lab, "result", exchange, "TimedOut");
        // Chance may give two of six the same number, but not three.
        let different: HashSet<u16> = ids.iter().copied().collect();
        lab.holds(
            different.len() >= 5,
            "6 tries with fresh ids",
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
            "Junk neither ends the look-up nor makes it longer. Junk that comes every millisecond keeps a \
             time-out of 20 ms from ever running out, if the time-out restarts with each datagram. A \
             try has one deadline; each wait gets only what is left of it, and then the next try begins.",
        );
        let server = lab.udp("server");
        let patience = Patience {
            timeout: Duration::from_millis(20),
            attempts: 2,
        };
        let exchange = asks(lab, server.addr(), patience);
        let first = server.expects_datagram();
        lab.note("the server sends 40 bytes of junk every ms, until the next query is there");
        let mut junk = 0..1000;
        while !query_waits(&server) && junk.next().is_some() {
            let _ = server.socket().send_to(&[0xff; 40], first.from);
            slow_until(Instant::now() + Duration::from_millis(1));
        }
        if junk.is_empty() {
            gives(lab, "result", exchange, "TimedOut");
            lab.fails(
                "the query of the second try, after 20 ms and amidst the junk",
                "none as long as the junk went on: 1000 datagrams, one every ms",
            );
        }
        let second = server.expects_datagram();
        let noise = server.chatters(second.from, &[0xff; 40], Duration::from_millis(1));
        gives(lab, "result", exchange, "TimedOut");
        drop(noise);

        lab.scene("junk without an end, and the reply among it");
        lab.why("The reply is there: stop reading, even if the junk goes on.");
        let server = lab.udp("server");
        let exchange = asks(lab, server.addr(), PATIENT);
        let datagram = server.expects_datagram();
        let _noise = server.chatters(datagram.from, &[0xff; 40], Duration::from_millis(1));
        replies(lab, &server, &datagram);
        gives(lab, "result", exchange, GOOD);
    });
}

#[test]
fn s6_each_wait_gets_what_is_left() {
    netlab::lab(|lab| {
        lab.why(
            "Junk came when half of the time had passed, the reply when it was over. A wait that gets the \
             whole time once more takes that reply: give each wait only what is left of the try.",
        );
        let what = "junk after 30 of 60 ms, and the reply after 75 ms";
        runs_out_of_time(lab, what, 10, late_reply);
    });
}

/// What the exchange makes of junk late in its one try, and of a reply after it; and whether both came
/// in time for one that waits the whole time again.
fn late_reply(lab: &Lab) -> (String, bool) {
    const TIMEOUT: Duration = Duration::from_millis(60);
    let server = lab.udp("server");
    let patience = Patience {
        timeout: TIMEOUT,
        attempts: 1,
    };
    let exchange = asks(lab, server.addr(), patience);
    let datagram = server.expects_datagram();
    // The clock of the try began when the query was sent, about now.
    let begun = Instant::now();
    slow_until(begun + TIMEOUT.mul_f64(0.5));
    server.sends_to(datagram.from, &[0xff; 40]);
    let junk_in_time = begun.elapsed() < TIMEOUT.mul_f64(0.7);
    slow_until(begun + TIMEOUT.mul_f64(1.25));
    let reply = asked(lab, &datagram).reply().answers([a(HOST, GOOD)]);
    // The port may be closed by now, as it should.
    let _ = server.socket().send_to(&reply.bytes(), datagram.from);
    let reply_in_time = begun.elapsed() < TIMEOUT.mul_f64(1.4);
    let result = reply_in_words(&exchange.returns());
    (result, junk_in_time && reply_in_time)
}

#[test]
fn s6_900_byte_reply_is_not_cut() {
    netlab::lab(|lab| {
        lab.why(
            "recv_from puts what fits into your buffer and throws the rest away: a datagram is \
             read once. 512 octets was the limit of 1987; replies can be larger today.",
        );
        // 65 507 octets are all that IPv4 has room for; other systems send less.
        let largest = if cfg!(target_os = "linux") {
            65_507
        } else {
            9_000
        };
        for length in [513, 900, 4_097, largest] {
            lab.scene(format!("junk of 4 octets, and a reply of {length} octets"));
            let server = lab.udp("server");
            let exchange = measures(lab, server.addr(), measuring);
            let from = server.expects_datagram().from;
            server.sends_to(from, b"junk");
            server.sends_to(from, &vec![b'x'; length]);
            reached_the_judge(lab, exchange, length);
        }
    });
}

#[test]
fn s6_ignored_is_not_the_end() {
    netlab::lab(|lab| {
        lab.why(
            "Ignored datagrams change nothing, even if there are thousands: the same try \
             goes on, no new query goes out, and the good reply is still taken.",
        );
        static SEEN: AtomicUsize = AtomicUsize::new(0);
        /// Counts what it is asked about.
        fn counting(sent: &Sent, from: SocketAddr, datagram: &[u8]) -> Verdict {
            SEEN.fetch_add(1, Ordering::SeqCst);
            trusting(sent, from, datagram)
        }
        let server = lab.udp("server");
        let exchange = asks_with(lab, server.addr(), PATIENT, counting);
        let datagram = server.expects_datagram();
        let query = asked(lab, &datagram);
        let mut other = query.reply().answers([a(HOST, "192.0.2.99")]).bytes();
        // In portions that a socket's buffer holds, each one read before the next one comes.
        lab.note("the server sends 11000 replies for another client, in portions of 200");
        for portion in 0..55 {
            for n in 1..=200 {
                let id = query.id.wrapping_add(portion * 200 + n);
                other[..2].copy_from_slice(&id.to_be_bytes());
                let sent = server.socket().send_to(&other, datagram.from);
                sent.expect("loopback takes a datagram");
            }
            // The judge sees them all: then they are read. Who judges by himself gets the time to read them.
            let are_judged = || SEEN.load(Ordering::SeqCst) >= (usize::from(portion) + 1) * 200;
            let soon = (0..10_000).any(|_| {
                thread::yield_now();
                are_judged()
            });
            if !soon && !exchange.settles() {
                exchange.sleeps("the next datagram comes");
            }
        }
        let reply = query.reply().answers([a(HOST, GOOD)]).bytes();
        server.sends_to_labelled(datagram.from, "reply", &reply);
        gives(lab, "result", exchange, GOOD);
        lab.holds(!sent_more(&server), "1 query", "2 queries, or more");
    });
}

#[test]
fn s6_nobody_listens_there() {
    netlab::lab(|lab| {
        lab.why(
            "UDP has no connection that could be refused. An unconnected socket is not told of a closed port; a connected one may be told by ICMP (RFC 1122 §4.1.3.3).",
        );
        // The port number belongs to a socket of TCP, so nobody else gets it; in UDP it is closed.
        let closed = lab.refused();
        let exchange = asks(lab, closed.addr(), in_vain(2));
        let result = reply_in_words(&exchange.returns());
        lab.holds(
            result == "TimedOut" || result.starts_with("Io(Connection"),
            "TimedOut, or Io(ConnectionRefused) from a connected socket",
            result,
        );

        lab.scene("a try of 40 ms at a port where no program listens, and one at a silent server");
        let silent = lab.udp("silent server");
        let cost = |server: SocketAddr| {
            let question = question(lab, HOST, wire::A);
            let patience = Patience {
                timeout: Duration::from_millis(40),
                attempts: 1,
            };
            lab.student("exchange_udp(…, 1 × 40 ms, judge)", move || {
                let before = cpu_time();
                let _ = exchange_udp(server, &question, patience, trusting);
                cpu_time() - before
            })
        };
        let waits = || {
            let (closed, silent) = (cost(closed.addr()), cost(silent.addr()));
            closed.returns() <= 4 * silent.returns() + 1_000_000
        };
        lab.because(
            "`attempts` counts every sending. A program that is told that no program listens may end the try, or wait on. If it sends again at once, it does so until the time is up, and is refused each time.",
        )
        .holds(
            // Whatever else is counted to this thread comes hardly three times.
            (0..3).any(|_| waits()),
            "to wait, or to return, as at a silent server",
            "many times as much processor time as there, three times",
        );

        lab.scene("a server that listens there now");
        lab.why(
            "A server that restarts is gone for a moment. The result of one exchange does not count for the next one: each asks.",
        );
        let server = UdpSocket::bind(closed.addr()).expect("the port of UDP is free");
        let exchange = asks(lab, closed.addr(), PATIENT);
        let answering = lab.meanwhile("the server that was restarted", {
            let lab = lab.clone();
            move || answers_once(&lab, &server)
        });
        gives(lab, "result", exchange, GOOD);
        answering.returns();
    });
}

/// Takes one query and replies. Gives the port that the query came from.
fn answers_once(lab: &Lab, server: &UdpSocket) -> u16 {
    let mut buffer = [0; 512];
    let (n, from) = server.recv_from(&mut buffer).expect("a query");
    is_bound_to_no_address(lab, from);
    let query = super::scene::asked_in(lab, &buffer[..n]);
    let reply = query.reply().answers([a(HOST, GOOD)]).bytes();
    server.send_to(&reply, from).expect("a reply");
    from.port()
}

/// Demands that the socket from which a query came is bound to the unspecified address.
fn is_bound_to_no_address(lab: &Lab, from: SocketAddr) {
    // Only Linux shows it, in a table of text; of a connected socket only the way that it has taken.
    let (file, unspecified) = match from {
        SocketAddr::V4(_) => ("/proc/self/net/udp", "0.0.0.0"),
        SocketAddr::V6(_) => ("/proc/self/net/udp6", "[::]"),
    };
    let table = fs::read_to_string(file).unwrap_or_default();
    let port = format!(":{:04X}", from.port());
    let columns = table
        .lines()
        .map(|row| row.split_whitespace().skip(1).take(2));
    let bound = columns
        .map(Vec::from_iter)
        .find(|columns| columns.first().is_some_and(|local| local.ends_with(&port)));
    let is_zero = |address: &str| address.bytes().all(|digit| b"0:".contains(&digit));
    if let Some([local, remote]) = bound.as_deref()
        && is_zero(remote)
    {
        lab.because(
            "A socket bound to the address of this machine's loopback reaches this machine and no other: \
             that is enough here, but the system refuses to ask a real server from it. A socket bound to the unspecified address gets the address that fits the route.",
        )
        .holds(
            is_zero(local.trim_end_matches(&port)),
            format!("a socket bound to {unspecified}"),
            format!("one bound to {}", from.ip()),
        );
    }
}

#[test]
fn s6_socket_is_bound_to_no_address_in_particular() {
    netlab::lab(|lab| {
        let server = lab.udp("server");
        let exchange = asks(lab, server.addr(), PATIENT);
        let datagram = server.expects_datagram();
        is_bound_to_no_address(lab, datagram.from);
        replies(lab, &server, &datagram);
        gives(lab, "result", exchange, GOOD);
    });
}

#[test]
fn s6_asks_over_ipv6_too() {
    netlab::lab(|lab| {
        let Ok(server) = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)) else {
            // Over IPv4, then: the step is asked for all the same.
            lab.note("this system has no IPv6");
            asks(lab, lab.refused().addr(), in_vain(1)).returns().ok();
            return;
        };
        let addr = server.local_addr().expect("an address");
        let server = Arc::new(server);
        let mut ports = HashSet::new();
        for _ in 0..4 {
            lab.why("A socket of one family cannot send to an address of the other one.");
            let exchange = asks(lab, addr, PATIENT);
            let answering = lab.meanwhile("the server at [::1]", {
                let (lab, server) = (lab.clone(), server.clone());
                move || answers_once(&lab, &server)
            });
            gives(lab, "result", exchange, GOOD);
            ports.insert(answering.returns());
        }
        lab.why("Over IPv6 as over IPv4: each try has a fresh port, which the system picks.");
        // Chance may give two of four the same one, but not three.
        let got = format!("{} different ports", ports.len());
        lab.holds(ports.len() >= 3, "4 queries from fresh ports", got);

        if cfg!(target_os = "linux") {
            lab.why(
                "IPv6 does not count its header in the length of a packet, and so has room for more than IPv4: \
                 65 527 octets in a datagram. The buffer for any datagram has 65 535.",
            );
            const LARGEST: usize = 65_527;
            let exchange = measures(lab, addr, measuring);
            let answering = lab.meanwhile("the server at [::1]", move || {
                let (_, from) = server.recv_from(&mut [0; 512]).expect("a query");
                let sent = server.send_to(&[b'x'; LARGEST], from);
                sent.expect("loopback takes a datagram");
            });
            reached_the_judge(lab, exchange, LARGEST);
            answering.returns();
        }
    });
}
