//! Step 6: the program of two roles.

use std::cell::RefCell;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use assert_cmd::assert::OutputAssertExt;
use netlab::frames::{frame, frames};
use netlab::{
    End, FULL_OUTPUTS, Lab, Program, Running, hostile, lab, own_loopback, takes_nothing, words,
};
use predicates::Predicate;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, ends_with, is_empty, starts_with};
use socket2::{Domain, SockRef, Socket, Type};
use tcp_echo::{MAX_MESSAGE, Talk, answer_one, parse_args, reply_to};

use super::unchanged::State;
use super::{connection, has_ipv6, listener, loopback, needs_ipv6, needs_own_network, time_outs};

/// How the reply to `hello` begins.
const HELLO: &str = "received bytes: 5, characters: 5, from: 127.0.0.1:";

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

#[test]
fn s6_arguments() {
    lab(|lab| {
        let cases = [
            ("server 127.0.0.1", ("server", "127.0.0.1", 1060)),
            ("client localhost", ("client", "localhost", 1060)),
            ("server 127.0.0.1 -p 0", ("server", "127.0.0.1", 0)),
            ("client -p 65535 ::1", ("client", "::1", 65535)),
            ("-p 80 client localhost", ("client", "localhost", 80)),
            ("client ::1 -p 1 -p 2", ("client", "::1", 2)),
            ("client ::1 -p 0", ("client", "::1", 0)),
            ("client ::1 -p +80", ("client", "::1", 80)),
            ("client ::1 -p 080", ("client", "::1", 80)),
            ("client LocalHost:80", ("client", "LocalHost:80", 1060)),
            ("server --help", ("help", "", 0)),
            ("client localhost -p http -h", ("help", "", 0)),
            ("--bogus -p --help", ("help", "", 0)),
            ("-h waiter", ("help", "", 0)),
        ];
        for (line, want) in cases {
            let why = match want {
                ("help", ..) => "A request for help gets help, whatever else is wrong.",
                _ if line.contains("-p") => {
                    "-p PORT may stand before, between or after the role and the host. A port is what str::parse reads as 16 bits: 0, +80 and 080 too. Of several the last one counts."
                }
                _ => "First the role, then the host, as it was typed. 1060 is the default port.",
            };
            lab.why(why);
            let call = format!("parse_args({line:?})");
            let got = match lab.you(&call, || parse_args(&words(line))) {
                Ok(command) => command,
                Err(error) => {
                    lab.fails(format!("your {call} to succeed"), format!("Err({error:?})"))
                }
            };
            let got = match &got {
                tcp_echo::Command::Server { host, port } => ("server", host.as_str(), *port),
                tcp_echo::Command::Client { host, port } => ("client", host.as_str(), *port),
                tcp_echo::Command::Help => ("help", "", 0),
            };
            lab.same("role, host and port", got, want);
        }
    });
}

#[test]
fn s6_wrong_arguments() {
    lab(|lab| {
        lab.why("-p takes the next argument, and a port is a number of 16 bits, as str::parse reads it. A wrong argument is reported at once, before anything touches the network.");
        let ports = [
            "server 127.0.0.1 -p 65536",
            "server 127.0.0.1 -p -1",
            "server 127.0.0.1 -p http",
            "server 127.0.0.1 -p 1.5",
            "server 127.0.0.1 -p 0x50",
            "server 127.0.0.1 -p 1_060",
            "server 127.0.0.1 -p 80/tcp",
        ];
        lab.refuses_arguments(&ports, parse_args);
        refuses(lab, &["server", "127.0.0.1", "-p", " 80"]);
        refuses(lab, &["server", "127.0.0.1", "-p", ""]);

        lab.why(
            "The last -p counts, and each must be a number: the user must be told of a wrong one.",
        );
        lab.refuses_arguments(
            &["client ::1 -p http -p 80", "client ::1 -p 80 -p http"],
            parse_args,
        );

        lab.why(
            "Nothing follows this -p, so it has no number. That does not mean the default port.",
        );
        lab.refuses_arguments(
            &["server 127.0.0.1 -p", "-p", "client ::1 -p 80 -p"],
            parse_args,
        );

        lab.why("-p takes the next argument, whatever that is, and an option is not a number.");
        lab.refuses_arguments(&["-p server 127.0.0.1", "client ::1 -p -p 80"], parse_args);

        lab.why("The role is the word \"server\" or the word \"client\", as it is written here: not its beginning, not one more letter, no capitals. It comes first, then one host.");
        let roles = [
            "",
            "server",
            "waiter 127.0.0.1",
            "client 127.0.0.1 localhost",
            "server 127.0.0.1 1060",
            "serve 127.0.0.1",
            "servers 127.0.0.1",
            "clients 127.0.0.1",
            "Server 127.0.0.1",
            "127.0.0.1 server",
            "s 127.0.0.1",
            "c 127.0.0.1",
            "CLIENT 127.0.0.1",
            "help",
            "help 127.0.0.1",
        ];
        lab.refuses_arguments(&roles, parse_args);

        lab.why("-p, -h and --help are the options, and each stands alone. Anything else that begins with \"-\" is a mistake, and not a host.");
        let options = [
            "server 127.0.0.1 --port 80",
            "server 127.0.0.1 -p80",
            "client -",
            "client -1",
            "client 127.0.0.1 -",
            "client 127.0.0.1 --",
            "client -v",
            "client -H",
            "client --verbose",
            "--bogus ::1",
            "client 127.0.0.1 -hx",
            "client 127.0.0.1 --helpme",
        ];
        lab.refuses_arguments(&options, parse_args);

        lab.why("An argument may hold anything, also a line break. Put into the message as it is, it makes a second line, which says what the argument's author likes. {arg:?} shows it as \\n.");
        refuses(lab, &["server", "127.0.0.1", "-p", "8\n0"]);
        refuses(lab, &["server", "127.0.0.1", "--bo\ngus"]);
        refuses(lab, &["ser\nver", "127.0.0.1"]);
        refuses(lab, &["server", "127.0.0.1", "local\nhost"]);

        lab.why("An argument is what the person has typed, blanks and all. \"server \" with a blank is not a role.");
        refuses(lab, &["server ", "127.0.0.1"]);
        refuses(lab, &["\tclient", "127.0.0.1"]);
    });
}

/// Arguments of which some hold a space or a line break, so that no line of words can show them.
fn refuses(lab: &Lab, args: &[&str]) {
    let call = format!("parse_args(&{args:?})");
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    let wrong = lab.err(&call, || parse_args(&args));
    lab.holds(
        !wrong.trim().is_empty() && wrong.trim_end().lines().count() == 1,
        format!("one line from your {call} that says what is wrong"),
        format!("{wrong:?}"),
    );
}

#[test]
fn s6_each_frame_gets_its_reply() {
    lab(|lab| {
        let longest = "x".repeat(MAX_MESSAGE as usize);
        let scenes = [
            (
                vec!["hello", "", "가나다"],
                "A client may send its next message before it has the reply to the last one. Each frame gets a frame, in order, until the client ends its stream.",
            ),
            (
                vec![&longest[..]],
                "MAX_MESSAGE bytes are a message: the limit is the longest that is accepted, for the server as for the client.",
            ),
            (
                vec![""; 2000],
                "A connection carries any number of messages. The conversation ends when the client ends its stream, and not before.",
            ),
        ];
        for (messages, why) in scenes {
            lab.scene(format!("a client with {} messages", messages.len()));
            lab.why(why);
            let (talking, addr) = answering(lab, PATIENT);
            let client = lab.connect_as("client", addr);
            let label = format!("{} frames at once", messages.len());
            client.sends_labelled(&label, &frames(&messages));
            client.half_closes();
            let replies = messages.iter().map(|text| reply_to(text, client.local()));
            client.expects(&frames(replies));
            client.expects_eof();

            let talk = talking.returns_ok();
            lab.why("Only the Talk of answer_one is left of a conversation.");
            lab.same("the client's address", talk.peer, client.local());
            lab.same("messages answered", talk.messages, messages.len() as u64);
            lab.why("A client that ends its stream between two frames has done nothing wrong.");
            lab.same("trouble", talk.trouble.map(|e| e.to_string()), None);
        }
    });
}

#[test]
fn s6_a_silent_client_is_let_go() {
    lab(|lab| {
        let half: &[u8] = b"\0\0\0\x05he";
        let talks = [
            (vec![], 0),
            (half.to_vec(), 0),
            ([&frame("hello"), &half[..2]].concat(), 1),
        ]
        .map(|(sent, answered)| {
            let (listener, addr) = listener(lab);
            let client = lab.connect_as("client", addr);
            // Before accept: the patience begins there.
            client.sends(&sent);
            lab.note("the client says nothing more");
            let (talking, _) = answering_on(lab, listener, Duration::from_millis(5));
            (client, talking, answered)
        });
        let clients = talks.map(|(client, talking, answered)| {
            lab.why("While you wait for one client, the others wait too. One that says nothing, by malice or because its cable is out, must not be able to stop the server for ever, whatever it has said before.");
            if answered > 0 {
                client.expects_frame(reply_to("hello", client.local()));
            }
            let talk = match talking.returns() {
                Ok(talk) => talk,
                Err(error) => lab
                    .because("The silence is the trouble of this client, and belongs into its Talk. An Err would end the server.")
                    .fails("Ok(Talk { … }), with the trouble in it", format!("Err({error:?})")),
            };
            lab.same("messages answered", talk.messages, answered);
            timed_out(lab, talk);
            client
        });
        lab.why("When the server gives up on a client, it closes the connection.");
        for client in clients {
            client.sees_fin();
        }

        lab.why("Patience may be much shorter than a second. Whole seconds are not what the caller has said, nor whole milliseconds.");
        lab.if_stuck("Each of the four clients may be silent for half a millisecond. Does yours get longer: a second at least, a time-out of your own?");
        let (listener, addr) = listener(lab);
        let clients = [(); 4].map(|()| lab.connect_as("client", addr));
        let talk = lab.ok("answer_one(listener, 500µs), four times", || {
            let talks = clients
                .each_ref()
                .map(|_| answer_one(&listener, Duration::from_micros(500)));
            talks.into_iter().next_back().expect("four clients")
        });
        timed_out(lab, talk);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows that a connection's end has arrived"
)]
fn s6_a_client_that_has_much_to_say_is_no_silent_one() {
    lab(|lab| {
        lab.why("Patience is for each wait, and restarts with each byte of the client. This client causes no wait: all its bytes have arrived before accept. A limit for the whole conversation would cut off a client that sends much.");
        let (listener, addr) = listener(lab);
        let client = lab.connect_as("client", addr);
        client.sends_labelled("1000 frames", &frames([""; 1000]));
        client.half_closes();
        connection::has_ended(lab, addr, client.local());
        // A thousand replies take longer than that.
        let talk = lab.ok("answer_one(listener, 2ms)", || {
            answer_one(&listener, Duration::from_millis(2))
        });
        lab.same("trouble", talk.trouble.map(|e| e.to_string()), None);
        lab.same("messages answered", talk.messages, 1000);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where an accepted socket has its listener's buffers"
)]
fn s6_a_client_that_never_reads_is_let_go() {
    lab(|lab| {
        lab.why("Unread replies fill the buffers of both kernels; then write waits for room, as long as the client lives (tcp(7), send(2)). Patience has to end there, too, or one client stops the server.");
        let (listener, addr) = listener(lab);
        // With small buffers on both sides a few replies are enough.
        SockRef::from(&listener)
            .set_send_buffer_size(1)
            .expect("SO_SNDBUF");
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        client.set_recv_buffer_size(1).expect("SO_RCVBUF");
        let (talking, _) = answering_on(lab, listener, Duration::from_millis(20));
        client.connect(&addr.into()).expect("connect");
        let messages = vec![""; 1000];
        (&client)
            .write_all(&frames(&messages))
            .expect("the kernel takes 4000 bytes");
        lab.note("a client sends 1000 empty frames, and reads no reply");
        timed_out(lab, talking.returns_ok());
    });
}

#[test]
fn s6_patience_is_not_for_the_listener() {
    lab(|lab| {
        lab.why("A time-out of the listener ends accept, too: a server without clients for a while would end. Patience belongs to each accepted socket.");
        let (listener, addr) = listener(lab);
        let listener = Arc::new(listener);
        let before = State::of(&listener);
        let (talking, _) = answering_on(lab, Arc::clone(&listener), Duration::from_millis(1));
        talking.settles();
        let (other, _) = super::listener(lab);
        let longer = Some(Duration::from_millis(20));
        SockRef::from(&other)
            .set_read_timeout(longer)
            .expect("SO_RCVTIMEO");
        let _ = other.accept();
        lab.note("no client comes, and a time-out of 20 ms of another listener has run out");
        talking.rests("a client connects");
        lab.connect(addr).closes();
        talking.returns_ok();
        lab.why("The listener belongs to the caller, and each socket that accept makes has its listener's time-outs (Linux). Set them only on the accepted socket.");
        before.is_still_that_of(lab, &listener);
    });
}

#[test]
fn s6_an_error_of_accept_is_an_error() {
    lab(|lab| {
        lab.why("This listener does not block, and no client has come: accept says WouldBlock. The caller has chosen this mode, and must get the error. A loop keeps a processor busy.");
        lab.if_stuck("accept fails at once, and your code does not return the error: does it ask again, or has it made the listener wait (set_nonblocking(false))?");
        let (listener, _) = listener(lab);
        listener.set_nonblocking(true).expect("non-blocking mode");
        let error = lab.err("answer_one(a listener that does not block)", || {
            answer_one(&listener, PATIENT)
        });
        lab.same("the error's kind", error.kind(), ErrorKind::WouldBlock);

        lab.why("This socket does not listen. accept says so each time that it is asked (EINVAL, accept(2)).");
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket
            .bind(&loopback().into())
            .expect("bind a port of loopback");
        let error = lab.err("answer_one(a socket that does not listen)", || {
            answer_one(&socket.into(), PATIENT)
        });
        lab.same("the error's kind", error.kind(), ErrorKind::InvalidInput);
    });
}

/// The conversation ended because patience did.
fn timed_out(lab: &Lab, talk: Talk) {
    lab.why("The trouble has a name of its own, TimedOut, on every system. (A socket with a time-out says WouldBlock on Unix.)");
    let trouble = talk.trouble.map(|e| e.kind());
    let Some(kind) = trouble else {
        lab.fails("the kind of the trouble: TimedOut", "no trouble");
    };
    let lab = match kind {
        ErrorKind::InvalidInput => lab.because("A socket refuses a time-out of zero (InvalidInput). The patience was not zero: has it been cut to whole milliseconds, or to whole seconds?"),
        _ => lab.clone(),
    };
    lab.same("the kind of the trouble", kind, ErrorKind::TimedOut);
}

#[test]
fn s6_a_bad_frame_ends_one_conversation() {
    lab(|lab| {
        let too_long = frame("x".repeat(MAX_MESSAGE as usize + 1));
        let bad: [(&str, &[u8], ErrorKind); 5] = [
            (
                "announces 4 GiB",
                b"\xff\xff\xff\xff",
                ErrorKind::InvalidData,
            ),
            ("a frame of 65537 bytes", &too_long, ErrorKind::InvalidData),
            ("half a frame", b"\0\0\0\x05hel", ErrorKind::UnexpectedEof),
            ("half a header", b"\0\0", ErrorKind::UnexpectedEof),
            (
                "two bytes of a 3-byte character",
                b"\0\0\0\x02\xea\xb0",
                ErrorKind::InvalidData,
            ),
        ];
        for (label, bytes, kind) in bad {
            lab.scene(format!("a client that sends: {label}"));
            lab.why("A client may send anything: a length beyond MAX_MESSAGE, half a frame, bytes that are not text. This ends that client's conversation, and does not affect the server.");
            let (talking, addr) = answering(lab, PATIENT);
            let client = lab.connect_as("client", addr);
            let from = client.local();
            client.sends_frame("hello");
            client.expects_frame(reply_to("hello", from));
            lab.note(format!("the client sends: {label}"));
            // The server may hang up before it has all of this.
            let _ = client.stream().write_all(bytes);
            client.half_closes();
            let talk = talking.returns_ok();
            lab.same("the client's address", talk.peer, from);
            lab.same("messages answered", talk.messages, 1);
            lab.why("The trouble has a kind, and the reader of the server's log looks for it.");
            lab.same(
                "the kind of the trouble",
                talk.trouble.map(|e| e.kind()),
                Some(kind),
            );
            lab.why("Each frame from the server is the reply to a message, and this was none. A client that counts takes one frame more for the reply to its next message.");
            let mut more = Vec::new();
            while client
                .stream()
                .read_to_end(&mut more)
                .is_err_and(|e| e.kind() == ErrorKind::WouldBlock)
            {}
            lab.same_bytes("what the client gets for it", &more, b"");
        }
    });
}

#[test]
fn s6_a_reset_is_the_trouble_of_one_client() {
    lab(|lab| {
        lab.why("A client that crashes takes its connection with it. answer_one tells it as the trouble of this conversation; an Err would end the server.");
        let (talking, addr) = answering(lab, PATIENT);
        let client = lab.connect_as("client", addr);
        let from = client.local();
        client.sends_frame("hello");
        client.expects_frame(reply_to("hello", from));
        let socket = connection::socket(addr, from);
        if let Some(socket) = socket {
            let lab = lab.because("The patience is what the caller says, here 60 s. A client that needs most of it must not be cut off, and more is not for this function to give.");
            time_outs::are_within(&lab, std::process::id(), socket, PATIENT / 2, PATIENT);
        }
        talking.rests("the client sends more");
        client.resets();
        let talk = talking.returns_ok();
        lab.same("messages answered", talk.messages, 1);
        is_the_systems(lab, &talk);
        lab.why("Each handle is a descriptor, and a process has a limited number of them. A server that keeps one of every client that resets stops after a day.");
        connection::is_closed(lab, socket, "answer_one");
    });
}

/// The trouble is a broken connection's.
fn is_the_systems(lab: &Lab, talk: &Talk) {
    lab.holds(
        talk.trouble
            .as_ref()
            .is_some_and(|e| e.raw_os_error().is_some()),
        "trouble: the system's own error, with its number",
        format!("{:?}", talk.trouble),
    );
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which accepts a connection that is gone already"
)]
fn s6_a_reply_that_cannot_be_sent_is_no_answer() {
    lab(|lab| {
        lab.why("This client has sent a message and was gone before it was accepted. The message can be read, but the reply cannot be delivered: it was not answered.");
        let (listener, addr) = listener(lab);
        let hasty = lab.connect_as("client", addr);
        hasty.sends_frame("hello");
        hasty.half_closes();
        let from = hasty.local();
        hasty.resets();
        connection::are_gone(lab, addr, &[from]);
        let (talking, _) = answering_on(lab, listener, PATIENT);
        let talk = talking.returns_ok();
        lab.same("messages answered", talk.messages, 0);
        is_the_systems(lab, &talk);
    });
}

#[test]
#[cfg_attr(
    not(unix),
    ignore = "needs Unix, whose shell starts this test once more"
)]
fn s6_run_returns_the_exit_code() {
    lab(|lab| {
        exit_code(lab, &run(lab, "", ""), 2);
        lab.why("run returns the exit code, and main passes it to the system. Another program that calls run must be able to go on after it. Its arguments are those of the call.");
        let end = lab.elsewhere("exec </dev/null", || {
            let codes = ["", "--help"].map(|line| tcp_echo::run(&words(line)));
            println!("\nresult: {codes:?}");
        });
        let mut lines = end.stdout.lines();
        let result = lines.find_map(|line| line.strip_prefix("result: "));
        lab.holds(
            result == Some("[2, 0]"),
            "2 from your run(&[]), and 0 from your run(&[\"--help\"])",
            result.unwrap_or("the end of the program"),
        );
    });
}

#[test]
fn s6_help_shows_1060() {
    lab(|lab| {
        lab.why("Help that was asked for is a result: it goes to standard output, and the exit code is 0.");
        let output = run(lab, "--help", "");
        exit_code(lab, &output, 0);
        prints(lab, &output, "\"1060\"", contains("1060"));
    });
}

#[test]
fn s6_bad_port_exit_2() {
    lab(|lab| {
        lab.why("Exit code 2 tells a script that the command was wrong, not the network. The usage goes to standard error: standard output is for replies.");
        lab.if_stuck("These arguments are wrong, and your program takes them for right: it has gone to work, as a server or as a client. What does parse_args give for them?");
        for line in ["server 127.0.0.1 -p 65536", "waiter 127.0.0.1", ""] {
            let output = run(lab, line, "");
            exit_code(lab, &output, 2);
            complains(lab, &output, "\"usage\"", contains("usage"));
            let wrong_first = starts_with("usage").not();
            complains(
                lab,
                &output,
                "what is wrong, before the usage,",
                wrong_first,
            );
            prints(lab, &output, "nothing", is_empty());
        }
    });
}

#[test]
fn s6_refused_exit_1() {
    lab(|lab| {
        lab.why("Exit code 1 tells a script that the network failed. A person wants to know where: with the address, the message is worth reading.");
        let nobody = lab.refused();
        let port = nobody.addr().port();
        let output = run(lab, &format!("client 127.0.0.1 -p {port}"), "hello\n");
        exit_code(lab, &output, 1);
        let addr = nobody.addr().to_string();
        let wanted = format!("the address, {addr:?},");
        complains(lab, &output, &wanted, contains(&addr));
        let said = String::from_utf8_lossy(&output.stderr).replace(&addr, "");
        lab.because("The address alone does not say what went wrong: no program listens, no route leads there, or no answer came.")
            .holds(said.contains(char::is_alphabetic), "the address and what failed on standard error", format!("{addr:?} and {said:?}"));
        lab.why("Standard output is for the reply, and there is none.");
        prints(lab, &output, "nothing", is_empty());
    });
}

#[test]
fn s6_a_line_that_is_no_message_exit_1() {
    lab(|lab| {
        lab.why("A message is UTF-8, and what comes through a pipe may be anything. Do not panic (exit code 101), and do not send it.");
        let server = lab.tcp_server("server");
        let line = format!("client 127.0.0.1 -p {}", server.addr().port());
        let output = run(lab, &line, b"\xea\xb0\n");
        exit_code(lab, &output, 1);
        complains(lab, &output, "what is wrong,", words_in_it());
        prints(lab, &output, "nothing", is_empty());

        lab.why("MAX_MESSAGE bytes are a message, and one more is none. Half of a line was not what the person meant to say.");
        // It may have connected before it saw what the first line was.
        let server = lab.tcp_server("server");
        let line = format!("client 127.0.0.1 -p {}", server.addr().port());
        // The second one has fewer characters than the limit, and more bytes.
        for too_long in ["x".repeat(MAX_MESSAGE as usize + 1), "가".repeat(21_846)] {
            let output = run(lab, &line, too_long);
            exit_code(lab, &output, 1);
            complains(lab, &output, "what is wrong,", words_in_it());
            prints(lab, &output, "nothing", is_empty());
        }
        lab.why("MAX_MESSAGE counts bytes: 65537 letters x are too many, and so are 21846 letters 가 of three bytes each. A longer line is not a message, so do not connect.");
        server.expects_nobody_else();
    });
}

#[test]
fn s6_a_line_without_end_is_refused() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let port = server.addr().port().to_string();
        lab.why("This line is too long already, and it has no end yet. Whatever comes of it will be refused: say so now. A program that reads to the end of the line first keeps all of it in memory, a gigabyte as well, or waits for ever.");
        let (input, mut typing) = io::pipe().expect("a pipe");
        let mut command = std::process::Command::new(PROGRAM);
        command
            .args(["client", "127.0.0.1", "-p", &port])
            .stdin(input);
        let client = lab.meanwhile("your program `client 127.0.0.1`", move || {
            command.output().expect("the program starts")
        });
        // It may end before it has read all of this.
        let _ = typing.write_all("x".repeat(MAX_MESSAGE as usize + 2).as_bytes());
        lab.note("a person types 65538 letters, and no line break");
        let output = client.returns();
        drop(typing);
        lab.ran("client 127.0.0.1", &output);
        exit_code(lab, &output, 1);
        complains(lab, &output, "what is wrong,", words_in_it());
        prints(lab, &output, "nothing", is_empty());
        lab.why("There is no message, so do not connect.");
        server.expects_nobody_else();
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which has a device that is always full"
)]
fn s6_a_reply_that_cannot_be_printed_exit_1() {
    lab(|lab| {
        let (_server, addr) = server(lab);
        for what in FULL_OUTPUTS {
            lab.scene(format!("standard output is {what}"));
            lab.why("The reply came, but standard output takes nothing: the disk is full, or its reader has gone. The person has not got the reply, so the program has failed. println! panics there, with exit code 101.");
            let port = addr.port().to_string();
            let args = ["client", "127.0.0.1", "-p", &port];
            let end = lab
                .program_into(takes_nothing(what), PROGRAM, &args)
                .exits();
            lab.same("exit code", end.code, Some(1));
            let said = words_in_it();
            says(lab, "standard error", &end.stderr, "what is wrong", said);

            lab.why("Help that was asked for and cannot be printed has failed, too. println! panics there, with exit code 101.");
            let end = lab
                .program_into(takes_nothing(what), PROGRAM, &["--help"])
                .exits();
            lab.same("exit code", end.code, Some(1));
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which has a device that is always full"
)]
fn s6_a_full_standard_error_changes_no_exit_code() {
    lab(|lab| {
        lab.why("The error cannot be read anywhere, so the exit code is all that a script has. eprintln! panics if standard error takes nothing, with exit code 101.");
        exit_code(lab, &run(lab, "client", ""), 2);
        let nobody = lab.refused();
        let port = nobody.addr().port().to_string();
        let commands: [(&[&str], i32); 3] = [
            (&["server", "127.0.0.1", "-p", "65536"], 2),
            (&["client"], 2),
            (&["client", "127.0.0.1", "-p", &port], 1),
        ];
        for (args, code) in commands {
            let end = lab.program_after("exec 2>/dev/full", PROGRAM, args).exits();
            lab.same("exit code", end.code, Some(code));
        }
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, where a shell opens a directory")]
fn s6_an_input_that_cannot_be_read_exit_1() {
    lab(|lab| {
        lab.why("Standard input is a directory here, and read says so (EISDIR). That is not an empty line: there is no message, so do not connect.");
        let server = lab.tcp_server("server");
        let port = server.addr().port().to_string();
        let args = ["client", "127.0.0.1", "-p", &port];
        let end = lab.program_after("exec </usr", PROGRAM, &args).exits();
        lab.same("exit code", end.code, Some(1));
        let said = words_in_it();
        says(lab, "standard error", &end.stderr, "what is wrong", said);
        says(lab, "standard output", &end.stdout, "nothing", is_empty());
        server.expects_nobody_else();
    });
}

#[test]
fn s6_the_reply_is_printed_as_it_is() {
    lab(|lab| {
        let longest = "x".repeat(MAX_MESSAGE as usize);
        let replies = ["", "  two\nlines\t\r", "a line break\n", &longest];
        for reply in replies {
            lab.scene(format!("a server whose reply is {:?}", shortened(reply)));
            lab.why("The reply is for the person, all of it and nothing else: also an empty one, also one with blanks at its ends or a line break inside. One line break more ends it.");
            let server = lab
                .because("The message is the line without its line break, and its frame tells its length in bytes.")
                .tcp_server("server");
            let port = server.addr().port();
            let text = reply.to_owned();
            let serving = lab.meanwhile("the server replies", move || {
                let client = server.accepts();
                client.expects_frame("hello");
                client.sends_frame(text);
                client.expects_eof();
            });
            let output = run(lab, &format!("client 127.0.0.1 -p {port}"), "hello\n");
            serving.returns();
            exit_code(lab, &output, 0);
            lab.same_bytes(
                "standard output",
                &output.stdout,
                format!("{reply}\n").as_bytes(),
            );
        }
    });
}

/// The beginning of a text.
fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose script(1) gives a program a terminal"
)]
fn s6_a_person_is_asked_on_standard_error() {
    lab(|lab| {
        let script = std::process::Command::new("script")
            .args(["-qec", "true", "/dev/null"])
            .output();
        if !script.is_ok_and(|script| script.status.success()) {
            lab.skip("there is no script(1), or it gets no terminal");
        }
        let (_server, addr) = server(lab);
        lab.why("Standard output is only the reply, even for a person at a terminal who writes it to a file. The prompt goes to standard error.");
        // Both are the terminal; what comes through standard output is marked.
        let talk = format!(
            "'{PROGRAM}' client 127.0.0.1 -p {} | sed 's/^/stdout: /'",
            addr.port()
        );
        let mut client = lab.program("script", &["-qec", &talk, "/dev/null"]);
        client.types("hello\n");
        let asked = RefCell::new(String::new());
        let line = client.expects_line("the reply", |line| {
            let is_reply = line.contains("stdout: ");
            if !is_reply {
                asked.borrow_mut().push_str(line);
            }
            is_reply
        });
        let (before, stdout) = line.split_once("stdout: ").unwrap_or_default();
        let wanted = format!("one line that begins with {HELLO:?}");
        says(lab, "standard output", stdout, &wanted, starts_with(HELLO));
        let asked = asked.into_inner() + before;
        // The terminal shows what was typed.
        let asked = asked.replacen("hello", "", 1);
        lab.because("A person at a terminal sees a program that waits, and does not know for what. Ask, on standard error.")
            .holds(!asked.trim().is_empty(), "a word on standard error that asks for the message", "nothing");
    });
}

#[test]
fn s6_nobody_reads_what_the_server_prints() {
    lab(|lab| {
        let (first, _) = server(lab);
        drop(first);
        lab.why("`ch02 server … | head -1` reads the address and leaves. Then a conversation ends, and its line goes nowhere. println! panics there, and the next client finds no server. The reader of the output has gone; the clients have not.");
        let (output, input) = io::pipe().expect("a pipe");
        let args = ["server", "127.0.0.1", "-p", "0"];
        let server = lab.program_into(input.into(), PROGRAM, &args);
        let mut line = String::new();
        let _ = io::BufReader::new(output).read_line(&mut line);
        lab.note(format!("the program prints {line:?}, and the reader stops"));
        let addr = line.trim_end().strip_prefix("listening on ");
        let Some(addr) = addr.and_then(|addr| addr.parse().ok()) else {
            lab.fails("the server's address as its first line", line);
        };
        for name in ["client A", "client B"] {
            let client = lab.connect_as(name, addr);
            client.sends_frame("hello");
            client.expects_frame(reply_to("hello", client.local()));
            client.half_closes();
            client.expects_eof();
        }
        drop(server);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a test can find out which program listens at an address"
)]
fn s6_nobody_reads_the_first_line_either() {
    lab(|lab| {
        let (first, _) = server(lab);
        drop(first);
        for what in FULL_OUTPUTS {
            lab.scene(format!("standard output is {what}"));
            lab.why("Standard output takes nothing, from the first line on. A server at a known port does not need that line: the clients can connect, and it must serve them.");
            let home = own_loopback(192);
            let args = ["server", &home.to_string(), "-p", "0"];
            let server = lab.program_into(takes_nothing(what), PROGRAM, &args);
            lab.if_stuck("Has your program ended, because its first line could not be printed?");
            let addr = lab.until(
                &format!("your server to listen at {home}"),
                || connection::listening(home),
                Option::is_some,
            );
            let client = lab.connect_as("client", addr.expect("it listens"));
            client.sends_frame("hello");
            client.expects_frame(reply_to("hello", client.local()));
            client.half_closes();
            client.expects_eof();
            drop(server);
        }
    });
}

#[test]
fn s6_no_reply_exit_1() {
    lab(|lab| {
        lab.why("A server that closes without an answer has not answered. An empty line and exit code 0 would say that it did.");
        let server = lab.tcp_server("server");
        let addr = server.addr();
        let serving = lab.meanwhile("the server reads and closes", move || {
            let client = server.accepts();
            client.expects_frame("hello");
            client.closes();
            server
        });
        lab.if_stuck("Your client goes on when its connection is closed. Does it ask once more? The server has read the question.");
        let output = run(
            lab,
            &format!("client 127.0.0.1 -p {}", addr.port()),
            "hello\n",
        );
        serving.returns().expects_nobody_else();
        exit_code(lab, &output, 1);
        prints(lab, &output, "nothing", is_empty());
        lab.why("The network failed after the connection was made. A person wants to know which server gave no answer.");
        let wanted = format!("the address, \"{addr}\",");
        complains(lab, &output, &wanted, contains(addr.to_string()));
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a test can reach a socket of a program"
)]
fn s6_a_time_out_exit_1() {
    lab(|lab| {
        lab.why("A server that takes too long has failed like one that is not there: exit code 1, and a person wants to know which server it was.");
        let server = lab.tcp_server("server");
        let addr = server.addr();
        let socket = SockRef::from(server.listener());
        socket.set_recv_buffer_size(1).expect("SO_RCVBUF");
        #[cfg(unix)]
        socket.set_tcp_mss(536).expect("TCP_MAXSEG");
        let port = addr.port().to_string();
        let mut client = lab.program(PROGRAM, &["client", "127.0.0.1", "-p", &port]);
        client.types(&("x".repeat(MAX_MESSAGE as usize) + "\n"));
        let peer = server.accepts();
        lab.note("a server with small buffers never reads");
        let socket = connection::socket(peer.remote(), addr).expect("it is connected");
        if !time_outs::comes_early(client.id(), socket) {
            // This machine gives no test a socket of a program (pidfd_getfd).
            return;
        }
        lab.note("the system ends the client's wait: TimedOut, long before ten seconds");
        let end = client.exits();
        lab.same("exit code", end.code, Some(1));
        let wanted = format!("the address, \"{addr}\",");
        let address = contains(addr.to_string());
        says(lab, "standard error", &end.stderr, &wanted, address);
        says(lab, "standard output", &end.stdout, "nothing", is_empty());
    });
}

#[test]
fn s6_taken_port_exit_1() {
    lab(|lab| {
        lab.why("A second server on the same address and port cannot serve. Its user must be told, in words and by the exit code.");
        let (_server, addr) = server(lab);
        let output = run(lab, &format!("server 127.0.0.1 -p {}", addr.port()), "");
        exit_code(lab, &output, 1);
        lab.because("The first line says that clients can connect, and here they cannot. Print it when the socket listens.")
            .holds(output.stdout.is_empty(), "nothing on standard output", format!("{:?}", String::from_utf8_lossy(&output.stdout)));
        let wanted = format!("the address, \"{addr}\",");
        complains(lab, &output, &wanted, contains(addr.to_string()));
    });
}

#[test]
fn s6_cli_round_trip() {
    lab(|lab| {
        lab.why("The address line says that the server is ready: a script waits for that line, so it must leave the program's buffer at once.");
        let (_server, addr) = server(lab);

        let hello = HELLO;
        let six = "received bytes: 6, characters: 6, from: 127.0.0.1:";
        let seven = "received bytes: 7, characters: 7, from: 127.0.0.1:";
        let cases = [
            (
                "hello\n",
                hello,
                "The line break ends the line and is not part of the message. The client's standard output is only the reply, as one line.",
            ),
            (
                "hello",
                hello,
                "The end of the input ends the line as well as a line break does.",
            ),
            (
                "hello\r\n",
                hello,
                "Windows ends a line with two characters, \\r and \\n. Neither is part of the message.",
            ),
            (
                " hello \n",
                seven,
                "A space is part of the message: the user typed it.",
            ),
            (
                "hello\t\n",
                six,
                "A tab is part of the message: the user typed it.",
            ),
            (
                "hello\r\r\n",
                six,
                "One line break ends the line. Everything before it is part of the message, even another \\r.",
            ),
            (
                "hello\r",
                six,
                "A line break is \\n or \\r\\n. A \\r at the end of the input is none.",
            ),
            (
                "hello\nworld\n",
                hello,
                "The client sends one line, and ignores the rest.",
            ),
            (
                "\nhello\n",
                "received bytes: 0, characters: 0, from: 127.0.0.1:",
                "The first line is the message, even when it is empty. The client ignores the rest.",
            ),
            (
                "\u{feff}\0hello\n",
                "received bytes: 9, characters: 7, from: 127.0.0.1:",
                "A byte order mark and a zero are ordinary characters: the first one is 1 character of 3 bytes. So 7 characters are 9 bytes here. The line ends with its line break.",
            ),
        ];
        for (input, reply, why) in cases {
            lab.why("The reply has come when the last byte of its frame has come. If the client waits for the end of the stream while the server waits for another frame, both wait for ever.");
            let end = ask(lab, addr, input);
            lab.why(why);
            replies(lab, &end, reply);
        }
    });
}

#[test]
fn s6_a_person_who_thinks_does_not_occupy_the_server() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let port = server.addr().port().to_string();
        let mut client = lab.program(PROGRAM, &["client", "127.0.0.1", "-p", &port]);
        // The longest message and half of its line break are more than a pipe holds. So once they
        // are written the program is reading, and has not got its line yet.
        let longest = "x".repeat(MAX_MESSAGE as usize);
        client.types(&format!("{longest}\r"));
        lab.note("the line is not complete: a person is typing");

        lab.why("A server takes one client after the other. A client that connects first and then reads the line keeps all the others waiting: read the line, then connect.");
        let other = TcpStream::connect(server.addr()).expect("connect");
        let first = server.accepts();
        lab.holds(
            other.local_addr().is_ok_and(|addr| addr == first.remote()),
            "another client's connection: yours has no line to send",
            "your client's",
        );

        lab.why("The line is complete, and a line is the message. A person at a keyboard does not end the input, so do not wait for its end.");
        lab.if_stuck("Has your program refused the line? With \\r\\n behind it the longest message is a line of 65538 bytes.");
        client.types("\n");
        let peer = server.accepts();
        lab.why(
            "The message is the line, 65536 bytes, without \\r\\n: the longest that is allowed.",
        );
        peer.expects_frame(longest);
        peer.sends_frame("thank you");
        client.expects_line("the reply", |line| line == "thank you");

        lab.why("A short line is complete as well, and its end is the line break. The input goes on: a person at a keyboard does not end it.");
        lab.if_stuck("Does your program read on behind the line break?");
        let mut client = lab.program(PROGRAM, &["client", "127.0.0.1", "-p", &port]);
        client.types("hi\n");
        let peer = server.accepts();
        peer.expects_frame("hi");
        peer.sends_frame("thank you");
        client.expects_line("the reply", |line| line == "thank you");
    });
}

#[test]
fn s6_a_host_may_be_ipv6() {
    lab(|lab| {
        needs_ipv6(lab);
        lab.why("A HOST may be an IPv6 address, too: ::1 is this machine. ToSocketAddrs takes a pair (host, port) of either family.");
        let (_server, addr) = server_on(lab, "::1");
        let output = run(lab, &format!("client ::1 -p {}", addr.port()), "hello\n");
        exit_code(lab, &output, 0);
        let reply = "received bytes: 5, characters: 5, from: [::1]:";
        replies(lab, &end_of(output), reply);
    });
}

#[test]
fn s6_a_host_may_be_a_name() {
    lab(|lab| {
        // A machine that has no name for itself is left alone.
        let addrs = ("localhost", 0).to_socket_addrs();
        if !addrs.is_ok_and(|mut addrs| addrs.all(|addr| addr.ip().is_loopback())) {
            lab.skip("localhost is not an address of this machine");
        }
        lab.why("People know names. ToSocketAddrs takes a name as well as an address, and may find several: IPv6 and IPv4.");
        let (_server, addr) = server_on(lab, "localhost");
        let line = format!("client localhost -p {}", addr.port());
        let output = run(lab, &line, "hello\n");
        exit_code(lab, &output, 0);
        replies(lab, &end_of(output), "received bytes: 5, characters: 5,");
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose namespaces give a program a file of names of its own"
)]
fn s6_the_first_address_that_works_is_taken() {
    lab(|lab| {
        let found = std::process::Command::new("unshare")
            .args(ALONE)
            .arg(format!("{NAMES} && getent ahosts two.test"))
            .output();
        let found = found.map_or(String::new(), |found| {
            String::from_utf8_lossy(&found.stdout).into_owned()
        });
        if !found.starts_with("::1") || !found.contains("127.0.0.1") || !has_ipv6() {
            lab.skip("this machine does not let a test give a name two addresses");
        }
        let talk = |role: &str, port: u16| {
            let line = format!("{NAMES} && exec \"$0\" {role} two.test -p {port}");
            lab.program("unshare", &[&ALONE[..], &[&line, PROGRAM]].concat())
        };
        // Of an address that does not work and of one that does, the other one's part is the same.
        for (scene, why) in [
            (
                REFUSES,
                "No program listens at ::1, the first of the name's two addresses. A client tries one after the other, until one works.",
            ),
            (
                HANGS_UP,
                "At ::1 there is a server, and it closes without a reply: that ask has failed, like one that is refused. The next address may have a better server.",
            ),
            (
                REPLIES,
                "The server at ::1 has replied. That is the reply: the first address that works is taken, and no other is asked.",
            ),
        ] {
            lab.scene(format!(
                "two.test is ::1, which {scene}, and 127.0.0.1, which replies"
            ));
            lab.why(why);
            lab.if_stuck("Has your client asked at ::1? It is the first address, and comes first.");
            let [first, second] = two_sockets();
            let port = port_of(&first);
            second.listen(1).expect("listen");
            let second = TcpListener::from(second);
            let serving = match scene {
                REFUSES => None,
                _ => {
                    first.listen(1).expect("listen");
                    let reply = (scene == REPLIES).then(|| frame("from ::1"));
                    Some(lab.meanwhile("the server at ::1", move || {
                        serve_once(&first.into(), reply)
                    }))
                }
            };
            let client = talk("client", port);
            if scene == REPLIES {
                let end = client.exits();
                found_a_way(lab, &end, "from ::1");
                serving.map(Running::returns);
                second.set_nonblocking(true).expect("non-blocking mode");
                lab.holds(
                    second.accept().is_err(),
                    "nobody at 127.0.0.1",
                    "a connection",
                );
            } else {
                let other = lab.meanwhile("the server at 127.0.0.1", move || {
                    serve_once(&second, Some(frame("from 127.0.0.1")));
                });
                let end = client.exits();
                found_a_way(lab, &end, "from 127.0.0.1");
                serving.map(Running::returns);
                other.returns();
            }
        }

        lab.scene("a server at two.test, which is ::1, where the port is taken, and 127.0.0.1");
        lab.why("The port is taken at ::1, the first of the name's two addresses. A server listens at the first one where it can.");
        let [taken, free] = two_sockets();
        taken.listen(1).expect("listen");
        let port = port_of(&taken);
        let mut server = talk("server", port);
        let line = format!("listening on 127.0.0.1:{port}");
        server.expects_line(&format!("{line:?} as its first line"), |first| {
            first == line
        });
        drop((server, taken, free));

        lab.scene("a server at two.test, which is ::1 and 127.0.0.1");
        lab.why("Both addresses are free, and the first one is taken.");
        let mut server = talk("server", 0);
        server.expects_line("\"listening on [::1]:PORT\" as its first line", |first| {
            first.starts_with("listening on [::1]:")
        });
    });
}

/// What ::1 does in a scene.
const REFUSES: &str = "refuses";
const HANGS_UP: &str = "hangs up";
const REPLIES: &str = "replies";

/// Arguments of unshare(1): a file system for this program alone, and a shell in it.
const ALONE: [&str; 5] = ["--user", "--map-root-user", "--mount", "sh", "-c"];

/// Shell: a file of names in which one name has two addresses.
const NAMES: &str = "mount -t tmpfs none /mnt && printf '127.0.0.1 two.test\n::1 two.test\n' >/mnt/hosts && mount --bind /mnt/hosts /etc/hosts";

/// Two sockets with one port, at ::1 and 127.0.0.1, which do not listen yet.
fn two_sockets() -> [Socket; 2] {
    let bound = |addr: SocketAddr| {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
        // Another one may bind there as long as this one does not listen.
        socket.set_reuse_address(true)?;
        socket.bind(&addr.into())?;
        Ok::<_, io::Error>(socket)
    };
    let pairs = (0..100).filter_map(|_| {
        let first = bound((Ipv6Addr::LOCALHOST, 0).into()).ok()?;
        let second = bound((Ipv4Addr::LOCALHOST, port_of(&first)).into()).ok()?;
        Some([first, second])
    });
    pairs
        .into_iter()
        .next()
        .expect("a port that is free at both")
}

fn port_of(socket: &Socket) -> u16 {
    let addr = socket.local_addr().expect("a bound socket has an address");
    addr.as_socket().expect("an IP address").port()
}

/// Accepts one client, reads its empty message, and replies or hangs up.
fn serve_once(listener: &TcpListener, reply: Option<Vec<u8>>) {
    let (mut client, _) = listener.accept().expect("accept");
    let mut message = [0; 4];
    if client.read_exact(&mut message).is_ok()
        && let Some(reply) = reply
    {
        // The client's own expectation says what is wrong.
        let _ = client.write_all(&reply);
    }
}

/// The client has this reply.
fn found_a_way(lab: &Lab, end: &End, reply: &str) {
    lab.holds(
        end.code == Some(0),
        "exit code 0",
        format!("{}, and it said: {}", code_of(end.code), end.stderr.trim()),
    );
    lab.same("the reply", end.stdout.trim_end(), reply);
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose namespaces have a network in which no host answers"
)]
fn s6_a_name_without_address_exit_1() {
    lab(|lab| {
        needs_own_network(lab);
        let alone = ["--user", "--map-root-user", "--net"];
        for role in ["client", "server"] {
            lab.why("This name is unknown, so there is no address to name. Then the message names the host: the user may have mistyped it.");
            let end = lab
                .program(
                    "unshare",
                    &[&alone[..], &[PROGRAM, role, "no.invalid"]].concat(),
                )
                .exits();
            lab.same("exit code", end.code, Some(1));
            says(
                lab,
                "standard error",
                &end.stderr,
                "the host, \"no.invalid\",",
                contains("no.invalid"),
            );
        }
    });
}

#[test]
fn s6_the_server_tells_who_came() {
    lab(|lab| {
        lab.why("The operator of a server wants to see each client, even if its conversation went wrong. The line must leave the program at once: an operator does not stop a server to read its output.");
        let (mut server, addr) = server(lab);
        lab.if_stuck("The conversation has ended, and standard output has no line about it. Has the line gone to standard error? Does it stay in a buffer?");
        let client = lab.connect_as("client A", addr);
        let from = client.local().to_string();
        client.sends_frame("hello");
        client.half_closes();
        server.expects_line("client A's address and port on standard output", |line| {
            line.contains(&from)
        });

        let client = lab.connect_as("client B", addr);
        let from = client.local().to_string();
        client.sends_labelled("announces 4 GiB", b"\xff\xff\xff\xff");
        server.expects_line("client B's address and port on standard output", |line| {
            line.contains(&from)
        });

        lab.why("A server answers clients for ever, with or without an input of its own: one that runs in the background has none.");
        server.ends_input();
        server.settles();
        lab.note("the server's standard input has ended");
        lab.connect_as("client", addr).closes();

        lab.why("A client that connects and leaves without a word has had a conversation, too. These lines show the source of a thousand empty connections.");
        let client = lab.connect_as("client C", addr);
        let from = client.local().to_string();
        client.half_closes();
        server.expects_line("client C's address and port on standard output", |line| {
            line.contains(&from)
        });
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a running program's limits can be changed"
)]
fn s6_an_error_of_accept_exit_1() {
    lab(|lab| {
        let limits = |limit: &str, process: u32| {
            let process = process.to_string();
            let end = std::process::Command::new("prlimit")
                .args([limit, "--pid", &process])
                .output();
            end.is_ok_and(|end| end.status.success())
        };
        // This process needs no core file.
        if !limits("--core=0:", std::process::id()) {
            lab.skip("there is no prlimit(1), or it may not change the limits of a program");
        }
        let (server, addr) = server(lab);
        // What it prepares behind its first line, threads that accept, may take descriptors.
        server.settles();
        lab.holds(
            limits("--nofile=1:1", server.id()),
            "the server to run",
            "it has ended",
        );
        lab.note("the server may open no more descriptors");
        lab.if_stuck("Each call of accept fails now (EMFILE), and will go on to fail. A loop that tries again keeps a processor busy and serves no client. End with exit code 1, so that a supervisor can start the server again.");
        // The descriptor of the accept that is under way may have been taken already.
        for _ in 0..2 {
            drop(TcpStream::connect(addr));
        }
        let end = server.exits();
        lab.why("accept says that no descriptor is left (EMFILE). This server can serve no more clients: it has failed.");
        lab.holds(end.code == Some(1), "exit code 1", code_of(end.code));
        let wanted = format!("the address, \"{addr}\",");
        let address = contains(addr.to_string());
        says(lab, "standard error", &end.stderr, &wanted, address);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose queue has an exact length"
)]
fn s6_sixteen_may_wait_for_their_turn() {
    lab(|lab| {
        let (_server, addr) = server(lab);
        let busy = lab.connect_as("client A", addr);
        busy.sends_frame("hello");
        busy.expects_frame(reply_to("hello", busy.local()));
        lab.note("client A stays");
        lab.why("A server that takes one client after the other needs a queue for the rest: the backlog. The SYN of a client that finds no room is dropped, and it tries again a second later.");
        let next = lab.connect_as("client B", addr);
        let patience = Duration::from_millis(500);
        let waiting: Vec<_> = (1..16)
            .map_while(|_| TcpStream::connect_timeout(&addr, patience).ok())
            .collect();
        let waiting = 1 + waiting.len();
        lab.same("clients let in while client A stays", waiting, 16);

        lab.why("Clients in the queue are connected. A server that opens a new listening socket for each client resets all that wait.");
        busy.closes();
        next.sends_frame("hello");
        next.expects_frame(reply_to("hello", next.local()));
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, where a test can end a program")]
fn s6_the_end_is_told_when_it_has_come() {
    lab(|lab| {
        lab.why("The line about a client tells how its conversation ended. This one has not ended: the client has its reply, and stays. So there is nothing to tell yet.");
        let (server, addr) = server(lab);
        let client = lab.connect_as("client A", addr);
        client.sends_frame("hello");
        client.expects_frame(reply_to("hello", client.local()));
        server.settles();
        let kill = std::process::Command::new("kill")
            .args(["-KILL", &server.id().to_string()])
            .status();
        let killed = kill.is_ok_and(|kill| kill.success());
        lab.holds(killed, "the command kill to work", "it does not");
        lab.note("the server is killed");
        let printed = server.exits().stdout;
        let from = client.local().to_string();
        lab.holds(
            !printed.contains(&from),
            format!("no line about {from}, whose conversation goes on"),
            format!("{printed:?}"),
        );
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a test can look at a socket of a program"
)]
fn s6_ten_seconds_of_patience() {
    lab(|lab| {
        let ten = Duration::from_secs(10);
        lab.why("The server's clients get ten seconds to say something, and to make room for a reply. Less cuts off those that are slow, more keeps the others waiting.");
        let (server, addr) = server(lab);
        let client = lab.connect_as("client", addr);
        client.sends_frame("hello");
        client.expects_frame(reply_to("hello", client.local()));
        lab.note("the test looks at the time-outs of the server's socket");
        // A limit of another kind may set what is left of the ten seconds.
        let socket = connection::socket(addr, client.local()).expect("it is connected");
        time_outs::are_within(lab, server.id(), socket, ten / 2, ten);
        lab.why("Patience is for clients that have come. With a time-out of its own the listener also ends accept, and a server without clients for ten seconds ends.");
        let anybody = (Ipv4Addr::UNSPECIFIED, 0).into();
        let listening = connection::socket(addr, anybody).expect("it listens");
        time_outs::is_none_for_reading(lab, server.id(), listening);

        lab.why("A client gives its server ten seconds. Less gives up a server that is busy with another client, more keeps a person waiting for nothing.");
        let server = lab.tcp_server("server");
        let port = server.addr().port().to_string();
        let mut client = lab.program(PROGRAM, &["client", "127.0.0.1", "-p", &port]);
        client.types("hello\n");
        let peer = server.accepts();
        peer.expects_frame("hello");
        lab.note("the test looks at the time-outs of the client's socket");
        let socket = connection::socket(peer.remote(), server.addr()).expect("it is connected");
        time_outs::are_within(lab, client.id(), socket, ten / 2, ten);
    });
}

#[test]
fn s6_an_empty_line_gets_a_reply() {
    lab(|lab| {
        lab.why("An empty line is a message of length 0. A program that sends its bytes and no length sends nothing, and both programs wait for ever.");
        let (_server, addr) = server(lab);
        for input in ["\n", ""] {
            let end = ask(lab, addr, input);
            replies(lab, &end, "received bytes: 0, characters: 0,");
        }
    });
}

#[test]
fn s6_long_lines_arrive_whole() {
    lab(|lab| {
        lab.why("5000 letters are more than most buffers of one read. 1200 bytes of hangul are 400 characters, and the 1024th byte is inside one of them.");
        let (_server, addr) = server(lab);
        let end = ask(lab, addr, &("x".repeat(5000) + "\n"));
        replies(lab, &end, "received bytes: 5000, characters: 5000,");
        let end = ask(lab, addr, &("가".repeat(400) + "\n"));
        replies(lab, &end, "received bytes: 1200, characters: 400,");
    });
}

#[test]
fn s6_server_survives_connect_and_close_100_times() {
    lab(|lab| {
        lab.why("A client that says nothing and leaves has ended its conversation. If the server ends with it, any client can switch it off: leave the conversation's loop, not the loop around accept.");
        let (_server, addr) = server(lab);
        for n in 1..=100 {
            let peer = lab.connect(addr);
            peer.half_closes();
            // Each waits for the server's end, so that no more than one is ever in the queue.
            peer.expects_eof();
            lab.note(format!("client {n} has come and gone without a word"));
        }
        let end = ask(lab, addr, "still there?\n");
        replies(lab, &end, "received bytes: 12, characters: 12,");
    });
}

#[test]
fn s6_server_survives_hostile_clients() {
    lab(|lab| {
        lab.why("One client resets, one announces 4 GiB, one sends bytes that are not text. Each is cut off, and the next one is served.");
        let (_server, addr) = server(lab);

        let client = lab.connect_as("client A", addr);
        client.sends_frame("hello");
        client.expects_frame(reply_to("hello", client.local()));
        client.resets();

        let client = lab.connect_as("client B", addr);
        client.sends_labelled("announces 4 GiB", b"\xff\xff\xff\xff");
        client.sees_fin();

        let client = lab.connect_as("client C", addr);
        client.sends_labelled("no text", b"\0\0\0\x01\xff");
        client.sees_fin();

        lab.why("A client with many messages is not hostile. It gets its replies, and the server goes on.");
        let client = lab.connect_as("client D", addr);
        client.sends_labelled("1000 frames", &frames([""; 1000]));
        client.half_closes();
        let reply = reply_to("", client.local());
        client.expects(&frames(vec![reply; 1000]));
        client.expects_eof();

        let end = ask(lab, addr, "still there?\n");
        replies(lab, &end, "received bytes: 12, characters: 12,");
    });
}

#[test]
fn s6_eight_hostile_clients() {
    lab(|lab| {
        lab.why("The same eight come to the server of chapter 03, all at once. Here they come one after the other and leave. Whatever one of them did, the next client is served.");
        let (_server, addr) = server(lab);
        for hostile in hostile::CLIENTS {
            lab.scene(format!("a client that {}", hostile.name));
            drop(hostile.comes(lab, addr));
            let honest = lab.connect_as("honest", addr);
            honest.sends_frame("hello");
            honest.expects_frame(reply_to("hello", honest.local()));
            honest.closes();
        }
    });
}

/// A time-out that is never reached: the laboratory's own comes first.
const PATIENT: Duration = Duration::from_secs(60);

/// The student's `answer_one` at work on a listener of its own.
fn answering(lab: &Lab, patience: Duration) -> (Running<io::Result<Talk>>, SocketAddr) {
    let (listener, _) = listener(lab);
    answering_on(lab, listener, patience)
}

fn answering_on(
    lab: &Lab,
    listener: impl Into<Arc<TcpListener>>,
    patience: Duration,
) -> (Running<io::Result<Talk>>, SocketAddr) {
    let listener = listener.into();
    let addr = listener
        .local_addr()
        .expect("a bound socket has an address");
    let call = format!("answer_one(listener, {patience:?})");
    let talking = lab.student(&call, move || answer_one(&listener, patience));
    (talking, addr)
}

/// The student's server, which has said where it listens.
fn server(lab: &Lab) -> (Program, SocketAddr) {
    server_on(lab, "127.0.0.1")
}

fn server_on(lab: &Lab, host: &str) -> (Program, SocketAddr) {
    let mut server = lab.program(PROGRAM, &["server", host, "-p", "0"]);
    let line = server.expects_line("its address as the first line", |_| true);
    let addr = line
        .strip_prefix("listening on ")
        .and_then(|addr| addr.parse::<SocketAddr>().ok());
    match addr {
        Some(addr) if addr.port() != 0 => (server, addr),
        _ => lab.because("The first line of a server says where to connect: \"listening on \", and then the address and port that local_addr tells, as a SocketAddr is printed.").fails(
            "the first line: \"listening on 127.0.0.1:PORT\", with the real port",
            line,
        ),
    }
}

/// The student's client, which must get its reply.
fn ask(lab: &Lab, addr: SocketAddr, input: &str) -> End {
    let port = addr.port().to_string();
    let mut client = lab.program(PROGRAM, &["client", "127.0.0.1", "-p", &port]);
    client.types(input);
    let end = client.exits();
    if end.code != Some(0) {
        let lab = match end.stderr.contains("refused") {
            true => lab.because("No program listens there any more: your server has ended. It must answer clients for ever, whatever happened to the last one."),
            false => lab.clone(),
        };
        lab.fails(
            "a client that gets its reply, with exit code 0",
            format!("{}, and it said: {}", code_of(end.code), end.stderr),
        );
    }
    end
}

/// A run of the student's program from beginning to end.
fn run(lab: &Lab, line: &str, input: impl AsRef<[u8]>) -> Output {
    let args: Vec<_> = line.split_whitespace().collect();
    lab.output(PROGRAM, &args, input)
}

fn exit_code(lab: &Lab, output: &Output, want: i32) {
    lab.holds(
        output.clone().assert().try_code(want).is_ok(),
        format!("exit code {want}"),
        code_of(output.status.code()),
    );
}

fn code_of(code: Option<i32>) -> String {
    code.map_or("killed by a signal".to_owned(), |code| {
        format!("exit code {code}")
    })
}

fn end_of(output: Output) -> End {
    End {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The client printed its reply, which begins like this, and nothing else.
fn replies(lab: &Lab, end: &End, reply: &str) {
    let one_line = starts_with(reply)
        .and(ends_with("\n"))
        .and(contains("\n").count(1));
    let wanted = format!("one line that begins with {reply:?}");
    says(lab, "standard output", &end.stdout, &wanted, one_line);
}

fn prints(lab: &Lab, output: &Output, wanted: &str, is_it: impl Predicate<str>) {
    let text = String::from_utf8_lossy(&output.stdout);
    says(lab, "standard output", &text, wanted, is_it);
}

fn complains(lab: &Lab, output: &Output, wanted: &str, is_it: impl Predicate<str>) {
    let text = String::from_utf8_lossy(&output.stderr);
    if !is_it.eval(&text) {
        let stdout = String::from_utf8_lossy(&output.stdout);
        lab.fails(
            format!("{wanted} on standard error"),
            format!("{text:?}, and on standard output {stdout:?}"),
        );
    }
}

/// More than line breaks and blanks.
fn words_in_it() -> impl Predicate<str> {
    predicates::function::function(|text: &str| text.contains(char::is_alphabetic))
}

fn says(lab: &Lab, stream: &str, text: &str, wanted: &str, is_it: impl Predicate<str>) {
    if !is_it.eval(text) {
        lab.fails(format!("{wanted} on {stream}"), format!("{text:?}"));
    }
}
