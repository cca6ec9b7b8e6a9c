//! Step 5: a client with one question.

use std::io::{ErrorKind, Read};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use netlab::frames::frame;
use netlab::io::{OneByte, Play, Tape};
use netlab::{Lab, Running, lab, own_loopback};
#[cfg(unix)]
use socket2::SockRef;
use tcp_echo::{MAX_MESSAGE, ask, exchange};

use super::failing::{self, Failing, KINDS, Place};
use super::{ALONE, connection, has_ipv6, needs_own_network, time_outs};

/// 가나다: three characters of three bytes each, as a frame.
const HANGUL: &[u8] = b"\0\0\0\x09\xea\xb0\x80\xeb\x82\x98\xeb\x8b\xa4";

#[test]
fn s5_one_frame_there_and_one_back() {
    lab(|lab| {
        lab.why("The message goes out as one frame, its length counted in bytes of UTF-8, and the one frame that comes back is the reply.");
        let mut stream = lab.watch("stream", tape([b"\0\0\0\x05hello"]));
        let reply = lab.ok("exchange(stream, \"가나다\")", || {
            exchange(&mut stream, "가나다")
        });
        lab.same_bytes("the request", &stream.inner.written, HANGUL);
        lab.why("The reply is the payload of the frame that came back, without its length.");
        lab.same("the reply", reply, "hello".to_owned());
    });
}

#[test]
fn s5_text_goes_through_as_it_is() {
    lab(|lab| {
        lab.why("A space, a line break, a zero: each is part of the text. The message goes out and the reply comes back without a change.");
        for text in ["\u{feff} hi\t\0\r\n \n", "\0hi\0", " ", "\n"] {
            let mut stream = lab.watch("stream", tape([&frame(text)]));
            let reply = lab.ok(&format!("exchange(stream, {text:?})"), || {
                exchange(&mut stream, text)
            });
            lab.same_bytes("the request", &stream.inner.written, &frame(text));
            lab.same("the reply", reply, text.to_owned());
        }
    });
}

#[test]
fn s5_two_exchanges_on_one_stream() {
    lab(|lab| {
        lab.why("A connection carries any number of messages. A function that reads more than one frame, into a buffer of its own, loses the next reply.");
        let mut stream = lab.watch("stream", tape([b"\0\0\0\x03one\0\0\0\x03two"]));
        for reply in ["one", "two"] {
            let got = lab.ok("exchange(stream, \"hi\")", || exchange(&mut stream, "hi"));
            lab.same("the reply", got, reply.to_owned());
        }
    });
}

#[test]
fn s5_empty_message_does_not_hang() {
    lab(|lab| {
        lab.why("Without a frame an empty message is nothing at all: no byte is sent, the server waits for the message and you wait for the reply. With its length in front it is four bytes.");
        let server = lab.tcp_server("server");
        let asking = asking(lab, server.addr(), "");
        let client = server.accepts();
        client.expects(&[0, 0, 0, 0]);
        lab.why("The reply is empty, too: a frame of length 0, which is a whole reply.");
        client.sends(&[0, 0, 0, 0]);
        lab.same("the reply", asking.returns_ok(), String::new());
    });
}

#[test]
fn s5_the_length_ends_the_reply() {
    lab(|lab| {
        lab.why("The server keeps the connection open and waits for your next message. A client that reads until the end of the stream waits for the other side to close first, and both wait. The length says when the reply is complete.");
        let server = lab.tcp_server("server");
        let asking = asking(lab, server.addr(), "hi");
        let client = server.accepts();
        client.expects(b"\0\0\0\x02hi");
        let socket = connection::socket(client.remote(), server.addr());
        client.sends(b"\0\0\0\x05hello");
        lab.same("the reply", asking.returns_ok(), "hello".to_owned());
        lab.why("One question, one reply: then your end is closed, and the server sees your FIN. If ask has returned, a handle of its socket is open still: a clone? a thread?");
        client.expects_eof();
        connection::is_closed(lab, socket, "ask");

        lab.why("A time-out may be as long as a Duration can say. A sum of it and the present time may overflow (checked_add).");
        let addr = server.addr();
        let asking = lab.student(&format!("ask({addr}, \"hi\", Duration::MAX)"), move || {
            ask(addr, "hi", Duration::MAX)
        });
        let client = server.accepts();
        client.expects_frame("hi");
        client.sends_frame("hello");
        lab.same("the reply", asking.returns_ok(), "hello".to_owned());
    });
}

#[test]
fn s5_hangul_split_inside_a_character() {
    lab(|lab| {
        lab.why("In UTF-8 a byte from E0 to EF begins a character of three bytes (RFC 3629 §3). A read may end between them: put all bytes together first, then decode.");
        for split in 1..HANGUL.len() {
            let (before, after) = HANGUL.split_at(split);
            let mut stream = lab.watch("stream", tape([before, after]));
            let call = format!("exchange(stream, \"hi\"), reply split after byte {split}");
            let reply = lab.ok(&call, || exchange(&mut stream, "hi"));
            lab.same("the reply", reply, "가나다".to_owned());
        }
        let mut stream = lab.watch("stream", OneByte(tape([HANGUL])));
        let reply = lab.ok("exchange(stream, \"hi\")", || exchange(&mut stream, "hi"));
        lab.same("the reply", reply, "가나다".to_owned());
    });
}

#[test]
fn s5_hangul_over_a_real_socket() {
    lab(|lab| {
        lab.why("In UTF-8 a byte from E0 to EF begins a character of three bytes (RFC 3629 §3). A read may end between them: put all bytes together first, then decode.");
        let server = lab.tcp_server("server");
        let asking = asking(lab, server.addr(), "가나다");
        let client = server.accepts();
        client.expects(HANGUL);
        client.dribbles(HANGUL);
        lab.same("the reply", asking.returns_ok(), "가나다".to_owned());
    });
}

#[test]
fn s5_a_reply_that_is_no_text_is_an_error() {
    lab(|lab| {
        lab.why("The bytes come from a stranger and need not be UTF-8. That is an error to report: no reason to panic, and no text to make up by putting other characters in their place.");
        let mut stream = lab.watch("stream", tape([b"\0\0\0\x02\xea\xb0"]));
        let error = lab.err("exchange(stream, \"hi\")", || exchange(&mut stream, "hi"));
        lab.same("the error's kind", error.kind(), ErrorKind::InvalidData);
    });
}

#[test]
fn s5_no_reply_is_an_error() {
    lab(|lab| {
        for reply in [b"".as_slice(), b"\0\0", b"\0\0\0\x05hel"] {
            lab.why("The server closed without an answer, or in the middle of one. An empty reply would be four zero bytes; this is none.");
            let mut stream = lab.watch("stream", tape([reply]));
            let error = lab.err("exchange(stream, \"hi\")", || exchange(&mut stream, "hi"));
            lab.same("the error's kind", error.kind(), ErrorKind::UnexpectedEof);
            lab.why(ONCE);
            lab.same_bytes("the request", &stream.inner.written, b"\0\0\0\x02hi");
        }
    });
}

/// Why nothing is sent a second time.
const ONCE: &str = "One exchange is one question. The server may have done what it was asked before the stream broke; a client that asks again by itself has it done twice.";

#[test]
fn s5_an_error_of_the_stream_is_an_error() {
    lab(|lab| {
        let places = [
            (Place::Write, 0),
            (Place::Write, 3),
            (Place::Flush, 0),
            (Place::Read, 0),
            (Place::Read, 2),
            (Place::Read, 6),
        ];
        for (kind, (place, after)) in KINDS
            .into_iter()
            .flat_map(|kind| places.map(|place| (kind, place)))
        {
            lab.scene(format!("{kind:?} in {place:?} after {after} bytes"));
            let tape = tape([b"\0\0\0\x05hello"]);
            let mut stream = lab.watch("stream", Failing::new(tape, place, after, kind));
            lab.why("A request that was not sent has no reply, whatever can be read; a reply that could not be read is none. The caller must hear what went wrong, as it is.");
            let error = lab.err("exchange(stream, \"hi\")", || exchange(&mut stream, "hi"));
            failing::is_its_own(lab, &error, kind);
            lab.why(ONCE);
            let sent = &stream.inner.tape.written;
            lab.holds(
                sent.len() <= 6,
                "no more than one request of 6 bytes",
                format!("{} bytes", sent.len()),
            );
        }
    });
}

#[test]
fn s5_only_time_outs_are_called_timed_out() {
    lab(|lab| {
        let cases: [(&str, &[u8], ErrorKind); 3] = [
            ("half a reply", b"\0\0\0\x05hel", ErrorKind::UnexpectedEof),
            (
                "a reply that is no text",
                b"\0\0\0\x01\xff",
                ErrorKind::InvalidData,
            ),
            (
                "announces 65 537 bytes",
                b"\0\x01\0\x01",
                ErrorKind::InvalidData,
            ),
        ];
        for (label, reply, kind) in cases {
            let server = lab.tcp_server("server");
            let asking = asking(lab, server.addr(), "hi");
            let client = server.accepts();
            client.expects(b"\0\0\0\x02hi");
            let socket = connection::socket(client.remote(), server.addr());
            client.sends_labelled(label, reply);
            match kind {
                ErrorKind::UnexpectedEof => client.half_closes(),
                _ => lab.note("the server waits for the next message"),
            }
            lab.why("ask closes the connection, whatever the result is. An open connection keeps the server busy for nothing.");
            client.expects_eof();
            let kind_kept = lab.because("Each failure has a kind, and your caller decides by it: a new attempt after a time-out makes sense, one after a reply that is not text does not.");
            match asking.returns() {
                Err(error) => kind_kept.same("the error's kind", error.kind(), kind),
                Ok(reply) => kind_kept.fails(format!("Err({kind:?})"), format!("Ok({reply:?})")),
            }
            lab.why("Each handle is a descriptor, and a process has a limited number of them. A client that keeps one for each failure stops after a day of failures.");
            connection::is_closed(lab, socket, "ask");
        }
    });
}

#[test]
fn s5_a_failure_is_not_tried_again() {
    lab(|lab| {
        for kind in [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset] {
            lab.why("One call of ask is one question. The server may have done what it was asked before the connection broke; a client that asks again by itself has it done twice. Whether to ask again is for the caller to say.");
            let server = lab.tcp_server("server");
            let asking = asking(lab, server.addr(), "hi");
            let client = server.accepts();
            client.expects_frame("hi");
            match kind {
                ErrorKind::ConnectionReset => client.resets(),
                _ => client.closes(),
            }
            // It has returned, or waits for something else.
            asking.settles();
            server.expects_nobody_else();
            let lab = lab.because(match kind {
                ErrorKind::ConnectionReset => "The connection broke before the reply came. The caller must hear what broke it.",
                _ => "The server closed without an answer. An empty reply would be four zero bytes; this is none.",
            });
            match asking.returns() {
                Err(error) => lab.same("the error's kind", error.kind(), kind),
                Ok(reply) => lab.fails(format!("Err({kind:?})"), format!("Ok({reply:?})")),
            }
        }
    });
}

#[test]
fn s5_a_message_has_a_longest_length() {
    lab(|lab| {
        lab.why("Both sides allow MAX_MESSAGE bytes and no more. They are text as a whole: a piece of them may end inside a character. A reply that announces more is refused by its length alone.");
        let longest = "가".repeat(MAX_MESSAGE as usize / 3) + "x";
        let long_reply = frame(&longest);
        for message in [&longest[..], "hi"] {
            let mut stream = tape([&long_reply]);
            let call = format!("exchange(stream, {} bytes)", message.len());
            let reply = lab.ok(&call, || exchange(&mut stream, message));
            let differ = reply
                .chars()
                .zip(longest.chars())
                .find(|(got, want)| got != want);
            lab.same(
                "the first character that is another (got, sent)",
                differ,
                None,
            );
            lab.same("bytes in the reply", reply.len(), longest.len());
            lab.same(
                "bytes in the request",
                stream.written.len(),
                message.len() + 4,
            );
        }

        lab.note("a reply announces 65 537 bytes: 00 01 00 01");
        let mut stream = lab.watch("stream", tape([b"\0\x01\0\x01x"]));
        let error = lab.err("exchange(stream, \"hi\")", || exchange(&mut stream, "hi"));
        lab.because("The reply announces 65 537 bytes, one more than is allowed. That is known before the first of them is read, and whether they all come does not matter: InvalidData.").same(
            "the error of a longer reply",
            error.kind(),
            ErrorKind::InvalidData,
        );

        lab.why("The server would refuse a message over MAX_MESSAGE bytes. Return the error before the first byte is sent.");
        // The second one has fewer characters than the limit, and more bytes.
        for too_long in ["x".repeat(MAX_MESSAGE as usize + 1), "가".repeat(21_846)] {
            let mut stream = tape([b"\0\0\0\x02hi"]);
            let call = format!("exchange(stream, {} bytes)", too_long.len());
            let error = lab.err(&call, || exchange(&mut stream, &too_long));
            lab.same(
                "the error of a longer message",
                error.kind(),
                ErrorKind::InvalidInput,
            );
            lab.same("bytes sent of it", stream.written.len(), 0);

            let server = lab.tcp_server("server");
            let call = format!("ask({}, {} bytes, 60s)", server.addr(), too_long.len());
            let error = lab.err(&call, || ask(server.addr(), &too_long, PATIENT));
            lab.same(
                "the error of a longer message",
                error.kind(),
                ErrorKind::InvalidInput,
            );
            let mut sent = Vec::new();
            let listener = server.listener();
            listener.set_nonblocking(true).expect("non-blocking mode");
            // It may have connected before it looked at the length.
            if let Ok((mut client, _)) = listener.accept() {
                client
                    .read_to_end(&mut sent)
                    .expect("the end of a closed connection");
            }
            lab.same("bytes sent of it", sent.len(), 0);
        }
    });
}

#[test]
fn s5_refused_is_an_error() {
    lab(|lab| {
        lab.why("If no program listens, the kernel answers a SYN with RST (RFC 9293 §3.10.7.1). The caller must be told.");
        let nobody = lab.refused();
        let error = lab.err(&format!("ask({}, \"hi\", 2s)", nobody.addr()), || {
            ask(nobody.addr(), "hi", PATIENT)
        });
        lab.same(
            "the error's kind",
            error.kind(),
            ErrorKind::ConnectionRefused,
        );
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose namespaces have counters of their own"
)]
fn s5_a_refused_connection_is_not_tried_again() {
    lab(|lab| {
        needs_own_network(lab);
        lab.ok("exchange(stream, \"hi\")", || {
            exchange(&mut tape([b"\0\0\0\0"]), "hi")
        });
        lab.why("ask connects once. No program listens there, and that is the answer: the caller decides whether to try again.");
        // A network of its own, in which nobody else connects.
        let end = lab.elsewhere(ALONE, || {
            let before = connects();
            let nobody = lab.refused();
            let error = ask(nobody.addr(), "hi", PATIENT).map_err(|error| error.kind());
            // A line of its own: the harness may have begun one.
            println!(
                "\nresult: {error:?}, connections tried: {}",
                connects() - before
            );
        });
        let mut lines = end.stdout.lines();
        let result = lines.find_map(|line| line.strip_prefix("result: "));
        lab.same(
            "of ask where nobody listens",
            result.unwrap_or(end.stderr.trim()),
            "Err(ConnectionRefused), connections tried: 1",
        );
    });
}

/// How many connections have been tried from this network (ActiveOpens, RFC 4022).
fn connects() -> u64 {
    let tables = std::fs::read_to_string("/proc/net/snmp").expect("the counters of TCP");
    let mut rows = tables.lines().filter_map(|row| row.strip_prefix("Tcp: "));
    let (names, values) = (rows.next().expect("names"), rows.next().expect("values"));
    let mut columns = names.split(' ').zip(values.split(' '));
    let opens = columns.find(|(name, _)| *name == "ActiveOpens");
    opens.expect("ActiveOpens").1.parse().expect("a number")
}

#[test]
fn s5_a_silent_server_does_not_keep_you() {
    lab(|lab| {
        lab.why("TCP has no time-out for a peer that says nothing: without one of your own you wait for ever (RFC 9293 §3.8.4). On Unix the socket calls it WouldBlock; your caller is promised TimedOut.");
        let server = lab.tcp_server("server");
        let call = format!("ask({}, \"hi\", 20ms)", server.addr());
        let error = lab.err(&call, || ask(server.addr(), "hi", SHORT));
        lab.same("the error's kind", error.kind(), ErrorKind::TimedOut);

        lab.why("When ask gives up, it must also close. A connection that stays open, in a thread that goes on waiting, keeps the server busy for nothing.");
        let client = server.accepts();
        client.expects(b"\0\0\0\x02hi");
        client.expects_eof();
        lab.why("After a time-out do not ask again. The server may be at work on the first question; the caller decides about a second one.");
        server.expects_nobody_else();

        lab.why("A time-out may be much shorter than a second. Whole seconds are not what the caller has said, nor whole milliseconds.");
        lab.if_stuck("Each of the four calls may wait half a millisecond. Do yours wait longer: a second at least, a time-out of your own?");
        let addr = server.addr();
        let error = lab.err("ask(server, \"hi\", 500µs), four times", || {
            let asks = [(); 4].map(|()| ask(addr, "hi", Duration::from_micros(500)));
            asks.into_iter().next_back().expect("four calls")
        });
        lab.same("the error's kind", error.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn s5_half_a_reply_does_not_keep_you() {
    lab(|lab| {
        lab.why("Half of the reply has come, and nothing more. Each wait has the limit, also that for the rest of a reply that has begun.");
        lab.if_stuck("The reply has begun, and your read waits for the rest without a limit, or with another one than 50 ms.");
        let server = lab.tcp_server("server");
        let addr = server.addr();
        let serving = lab.meanwhile("the server sends half a reply", move || {
            let client = server.accepts();
            client.expects_frame("hi");
            client.sends_labelled("half a reply", b"\0\0\0\x05hel");
            client.sees_fin();
        });
        let call = format!("ask({addr}, \"hi\", 50ms)");
        let error = lab.err(&call, || ask(addr, "hi", Duration::from_millis(50)));
        lab.same("the error's kind", error.kind(), ErrorKind::TimedOut);
        serving.returns();
    });
}

#[test]
fn s5_waits_asleep() {
    lab(|lab| {
        lab.why("The reply takes its time. A socket that does not block, asked again and again, gives the same reply and keeps a processor busy.");
        let server = lab.tcp_server("server");
        let asking = asking(lab, server.addr(), "hi");
        let client = server.accepts();
        client.expects_frame("hi");
        if let Some(socket) = connection::socket(client.remote(), server.addr()) {
            let lab = lab.because("The wait is as long as the caller says, here 60 s. A server that needs most of it is waited for, and no single wait is longer.");
            time_outs::are_within(&lab, std::process::id(), socket, PATIENT / 2, PATIENT);
        }
        asking.rests("the server replies");
        client.sends_frame("hello");
        lab.same("the reply", asking.returns_ok(), "hello".to_owned());
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where an accepted socket has its listener's buffers"
)]
fn s5_a_server_that_never_reads_does_not_keep_you() {
    lab(|lab| {
        lab.why("Unread bytes fill the buffers of both kernels; then write waits for room, as long as the other side lives (tcp(7), send(2)). It needs a time-out like read.");
        // A small window, and small segments, by which a sender measures its own buffer: the longest message does not
        // fit. (It does if Linux remembers much reordering with the address.)
        let server = TcpListener::bind((own_loopback(64), 0)).expect("bind");
        let addr = server.local_addr().expect("a bound socket has an address");
        #[cfg(unix)]
        {
            let socket = SockRef::from(&server);
            socket.set_recv_buffer_size(1).expect("SO_RCVBUF");
            socket.set_tcp_mss(536).expect("TCP_MAXSEG");
        }
        lab.note("a server with small buffers never reads");
        let longest = "x".repeat(MAX_MESSAGE as usize);
        lab.if_stuck("Your write waits longer than the 20 ms of the time-out: it has no time-out, or another one.");
        let call = format!("ask({addr}, 65536 bytes, 20ms)");
        let error = lab.err(&call, || ask(addr, &longest, SHORT));
        lab.same("the error's kind", error.kind(), ErrorKind::TimedOut);

        lab.why("The wait for room must sleep, too. A loop over a socket that does not block keeps a processor busy.");
        let call = format!("ask({addr}, 65536 bytes, 60s)");
        let asking = lab.student(&call, move || ask(addr, &longest, PATIENT));
        asking.rests("there is room");
        // Who waits in its queue is reset.
        drop(server);
        let _ = asking.returns();
    });
}

#[test]
fn s5_ipv6_works_too() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let asking = asking(lab, server.addr(), "hi");
        let client = server.accepts();
        client.expects(b"\0\0\0\x02hi");
        client.sends(b"\0\0\0\x05hello");
        lab.same("the reply", asking.returns_ok(), "hello".to_owned());

        lab.why("The address says where the server is, and of which family it is. 127.0.0.1 is one address of many. A socket of the other family cannot reach it.");
        // Elsewhere a machine has but one address of 127.0.0.0/8.
        let another = cfg!(target_os = "linux").then_some(IpAddr::from([127, 0, 0, 2]));
        let ipv6 = has_ipv6().then_some(IpAddr::from(Ipv6Addr::LOCALHOST));
        let servers = [another, ipv6].into_iter().flatten().map(|home| {
            let listener = TcpListener::bind((home, 0)).expect("bind");
            let addr = listener
                .local_addr()
                .expect("a bound socket has an address");
            lab.note(format!("a server listens at {addr} and is slow to answer"));
            let call = format!("ask({addr}, \"hi\", 20ms)");
            (listener, lab.student(&call, move || ask(addr, "hi", SHORT)))
        });
        for (listener, asking) in servers.collect::<Vec<_>>() {
            match asking.returns() {
                Ok(reply) => lab.fails("an error from your ask", format!("Ok({reply:?})")),
                Err(error) => lab.same("the error's kind", error.kind(), ErrorKind::TimedOut),
            }
            let (mut client, _) = listener.accept().expect("a connection waits in the queue");
            let mut got = Vec::new();
            client
                .read_to_end(&mut got)
                .expect("a request, then the end");
            lab.same_bytes("the request", &got, b"\0\0\0\x02hi");
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which drops a SYN when the accept queue is full"
)]
fn s5_nobody_answers_the_syn() {
    lab(|lab| {
        lab.why("A SYN without an answer is sent again and again; Linux gives up after about two minutes (tcp_syn_retries). The time-out is there for the connection, too.");
        let hole = lab.black_hole();
        let call = format!("ask({}, \"hi\", 20ms)", hole.addr());
        let (mut slept, mut took) = (0, Duration::ZERO);
        let error = lab.err(&call, || {
            let (before, began) = (sleeps(), Instant::now());
            let result = ask(hole.addr(), "hi", SHORT);
            (slept, took) = (sleeps() - before, began.elapsed());
            result
        });
        lab.same("the error's kind", error.kind(), ErrorKind::TimedOut);
        lab.because("The caller waits 20 ms for a connection. So it must wait for a server that needs 15 ms of them.")
            .holds(took >= SHORT, "your ask to wait for 20 ms", format!("it gave up after {took:?}"));
        lab.because("A socket that does not block, asked again and again whether it is connected, keeps a processor busy for as long as the wait is. connect_timeout sleeps.")
            .holds(slept > 0, "your ask to sleep while it waits for the connection", "it has not slept once");
    });
}

/// How often this thread has gone to sleep (proc_pid_status(5)).
fn sleeps() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("the thread's status");
    let mut lines = status.lines();
    let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    count.expect("the count").trim().parse().expect("a number")
}

/// A time-out that is never reached: the laboratory's own comes first.
const PATIENT: Duration = Duration::from_secs(60);

/// A time-out for tests in which it must be reached.
const SHORT: Duration = Duration::from_millis(20);

/// A stream from which these pieces come, one a read, and then its end.
fn tape<'a>(pieces: impl IntoIterator<Item = &'a (impl AsRef<[u8]> + ?Sized + 'a)>) -> Tape {
    let pieces = pieces.into_iter().map(|piece| piece.as_ref().to_vec());
    Tape::new(pieces.filter(|piece| !piece.is_empty()).map(Play::Bytes))
}

/// The student's `ask` at work.
fn asking(lab: &Lab, addr: SocketAddr, message: &'static str) -> Running<std::io::Result<String>> {
    lab.student(&format!("ask({addr}, {message:?}, 60s)"), move || {
        ask(addr, message, PATIENT)
    })
}
