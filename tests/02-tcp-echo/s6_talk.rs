//! Step 6: the program of two roles.

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::process::Output;
use std::time::Duration;

use assert_cmd::Command;
use netlab::{End, Lab, Program, Running, hostile, lab};
use predicates::Predicate;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, ends_with, is_empty, starts_with};
use socket2::{Domain, SockRef, Socket, Type};
use tcp_echo::{MAX_MESSAGE, Talk, answer_one, parse_args, reply_to};

use super::{has_ipv6, listener};

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

#[test]
fn s6_arguments() {
    lab(|lab| {
        lab.why("The role and the host have their order; -p PORT may stand before, between or after them, and 1060 is the port of those who name none. Who asks for help gets help, whatever else is wrong.");
        let cases = [
            ("server 127.0.0.1", ("server", "127.0.0.1", 1060)),
            ("client localhost", ("client", "localhost", 1060)),
            ("server 127.0.0.1 -p 0", ("server", "127.0.0.1", 0)),
            ("client -p 65535 ::1", ("client", "::1", 65535)),
            ("-p 80 client localhost", ("client", "localhost", 80)),
            ("client ::1 -p 1 -p 2", ("client", "::1", 2)),
            ("server --help", ("help", "", 0)),
            ("client localhost -p http -h", ("help", "", 0)),
        ];
        for (line, want) in cases {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
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
        lab.why("A port is a number of 16 bits. What cannot be meant is told to the person at once, before anything touches the network.");
        let cases = [
            "",
            "server",
            "waiter 127.0.0.1",
            "client 127.0.0.1 localhost",
            "server 127.0.0.1 -p",
            "server 127.0.0.1 -p 65536",
            "server 127.0.0.1 -p -1",
            "server 127.0.0.1 -p http",
            "server 127.0.0.1 --port 80",
            "client -v",
        ];
        for line in cases {
            let wrong = lab.err(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            lab.holds(
                !wrong.is_empty(),
                "a line that says what is wrong",
                "an empty line",
            );
        }
    });
}

#[test]
fn s6_each_frame_gets_its_reply() {
    lab(|lab| {
        lab.why("A client may send its next message before it has the reply to the last one. Each frame gets a frame, in order, until the client ends its stream.");
        let (talking, addr) = answering(lab, PATIENT);
        let client = lab.connect_as("client", addr);
        let messages = ["hello", "", "가나다"];
        client.sends_labelled("three frames at once", &frames(messages));
        client.half_closes();
        client.expects(&frames(messages.map(|text| reply_to(text, client.local()))));
        client.expects_eof();

        let talk = talking.returns_ok();
        lab.why("What answer_one tells of a conversation is all that is left of it.");
        lab.same("the client's address", talk.peer, client.local());
        lab.same("messages answered", talk.messages, 3);
        lab.why("A client that ends its stream between two frames has done nothing wrong.");
        lab.same("trouble", talk.trouble.map(|e| e.to_string()), None);
    });
}

#[test]
fn s6_a_silent_client_is_let_go() {
    lab(|lab| {
        lab.why("While you wait for one client, the others wait too. One that says nothing, by malice or because its cable is out, must not be able to stop the server for ever.");
        let (talking, addr) = answering(lab, Duration::from_millis(20));
        let client = lab.connect_as("client", addr);
        client.sends(b"\0\0");
        lab.note("the client says nothing more");
        timed_out(lab, talking.returns_ok());
        lab.why("Who is let go is told so: the connection is closed.");
        client.sees_fin();
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where an accepted socket has its listener's buffers"
)]
fn s6_a_client_that_never_reads_is_let_go() {
    lab(|lab| {
        lab.why("Replies that nobody reads fill the buffers of both kernels; then write waits for room, as long as the client lives (tcp(7), send(2)). Patience has to end there, too, or one client stops the server.");
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
        lab.why("A time-out of the listener ends accept, too: a server that nobody visits for a while would end. Patience belongs to each accepted socket.");
        let (listener, addr) = listener(lab);
        let handle = listener.try_clone().expect("a second handle");
        let (talking, _) = answering_on(lab, listener, Duration::from_millis(20));
        lab.connect(addr).closes();
        talking.returns_ok();
        let time_out = SockRef::from(&handle).read_timeout();
        lab.same(
            "the listener's time-out",
            time_out.expect("SO_RCVTIMEO"),
            None,
        );
    });
}

/// The conversation ended because patience did.
fn timed_out(lab: &Lab, talk: Talk) {
    lab.why("The trouble has a name of its own, TimedOut, on every system. (A socket with a time-out says WouldBlock on Unix.)");
    let trouble = talk.trouble.map(|e| e.kind());
    let Some(kind) = trouble else {
        lab.fails("the kind of the trouble: TimedOut", "no trouble");
    };
    lab.same("the kind of the trouble", kind, ErrorKind::TimedOut);
}

#[test]
fn s6_a_bad_frame_ends_one_conversation() {
    lab(|lab| {
        lab.why("What a client sends is its own affair: a length beyond all reason, half a frame, bytes that are no text. It costs that client its conversation, and the server nothing.");
        let bad: [(&str, &[u8]); 3] = [
            ("announces 4 GiB", b"\xff\xff\xff\xff"),
            ("half a frame", b"\0\0\0\x05hel"),
            ("two bytes of a 3-byte character", b"\0\0\0\x02\xea\xb0"),
        ];
        for (label, bytes) in bad {
            let (talking, addr) = answering(lab, PATIENT);
            let client = lab.connect_as("client", addr);
            let from = client.local();
            client.sends_labelled("hello", &frames(["hello"]));
            client.expects(&frames([reply_to("hello", from)]));
            client.sends_labelled(label, bytes);
            client.half_closes();
            client.sees_fin();

            let talk = talking.returns_ok();
            lab.same("the client's address", talk.peer, from);
            lab.same("messages answered", talk.messages, 1);
            lab.holds(
                talk.trouble.is_some(),
                "trouble: Some(error)",
                "trouble: None",
            );
        }
    });
}

#[test]
fn s6_a_reset_is_the_trouble_of_one_client() {
    lab(|lab| {
        lab.why("A client that crashes takes its connection with it. answer_one tells it as the trouble of this conversation; an Err would end the server.");
        let (talking, addr) = answering(lab, PATIENT);
        let client = lab.connect_as("client", addr);
        client.sends_labelled("hello", &frames(["hello"]));
        client.expects(&frames([reply_to("hello", client.local())]));
        client.resets();
        let talk = talking.returns_ok();
        lab.same("messages answered", talk.messages, 1);
        lab.holds(
            talk.trouble.is_some(),
            "trouble: Some(error)",
            "trouble: None",
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
        for line in ["server 127.0.0.1 -p 65536", "waiter 127.0.0.1", ""] {
            let output = run(lab, line, "");
            exit_code(lab, &output, 2);
            complains(lab, &output, "\"usage\"", contains("usage"));
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
        complains(lab, &output, &wanted, contains(addr));
        lab.why("Standard output is for the reply, and there is none.");
        prints(lab, &output, "nothing", is_empty());
    });
}

#[test]
fn s6_a_line_that_is_no_message_exit_1() {
    lab(|lab| {
        lab.why("A message is UTF-8, and what comes through a pipe may be anything. That is no reason to panic (exit code 101), and nothing to send.");
        let server = lab.tcp_server("server");
        let line = format!("client 127.0.0.1 -p {}", server.addr().port());
        let output = run(lab, &line, b"\xea\xb0\n");
        exit_code(lab, &output, 1);
        complains(lab, &output, "what is wrong,", is_empty().not());
        prints(lab, &output, "nothing", is_empty());

        lab.why("MAX_MESSAGE bytes are a message, and one more is none. Half of a line was not what the person meant to say.");
        let output = run(lab, &line, "x".repeat(MAX_MESSAGE as usize + 1));
        exit_code(lab, &output, 1);
        complains(lab, &output, "what is wrong,", is_empty().not());
        prints(lab, &output, "nothing", is_empty());
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
            client.expects(&frames(["hello"]));
            client.closes();
        });
        let output = run(
            lab,
            &format!("client 127.0.0.1 -p {}", addr.port()),
            "hello\n",
        );
        serving.returns();
        exit_code(lab, &output, 1);
        prints(lab, &output, "nothing", is_empty());
    });
}

#[test]
fn s6_taken_port_exit_1() {
    lab(|lab| {
        lab.why("A second server on the same address and port cannot serve. Who started it must hear so, in words and in the exit code.");
        let (_server, addr) = server(lab);
        let output = run(lab, &format!("server 127.0.0.1 -p {}", addr.port()), "");
        exit_code(lab, &output, 1);
        let wanted = format!("the address, \"{addr}\",");
        complains(lab, &output, &wanted, contains(addr.to_string()));
    });
}

#[test]
fn s6_cli_round_trip() {
    lab(|lab| {
        lab.why("The address line says that the server is ready: whoever starts it waits for that line, so it must leave the program's buffer at once.");
        let (_server, addr) = server(lab);

        let hello = "received bytes: 5, characters: 5, from: 127.0.0.1:";
        let six = "received bytes: 6, characters: 6, from: 127.0.0.1:";
        let seven = "received bytes: 7, characters: 7, from: 127.0.0.1:";
        let cases = [
            (
                "hello\n",
                hello,
                "The line break ends the line and is no part of the message. The client's standard output is the reply as one line, and nothing else.",
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
                "A space is part of the message: somebody typed it.",
            ),
            (
                "hello\t\n",
                six,
                "A tab is part of the message: somebody typed it.",
            ),
            (
                "hello\nworld\n",
                hello,
                "The client sends one line. What follows is not its business.",
            ),
        ];
        for (input, reply, why) in cases {
            lab.why("The reply has come when the last byte of its frame has come. Whoever waits for more, the client for the end of the stream or the server for another frame, waits for somebody who waits.");
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
        lab.note("the line is not complete: somebody is typing");

        lab.why("A server takes one client after the other. Who connects first and types then keeps all the others waiting: read the line, then connect.");
        let other = TcpStream::connect(server.addr()).expect("connect");
        let first = server.accepts();
        lab.holds(
            other.local_addr().is_ok_and(|addr| addr == first.remote()),
            "another client's connection: yours has no line to send",
            "your client's",
        );

        lab.why("The line is complete, and a line is the message. Somebody at a keyboard does not end the input, so do not wait for its end.");
        client.types("\n");
        let peer = server.accepts();
        lab.why(
            "The message is the line, 65536 bytes, without \\r\\n: the longest that is allowed.",
        );
        peer.expects(&frames([longest]));
        peer.sends(&frames(["thank you"]));
        client.expects_line("the reply", |line| line == "thank you");
    });
}

#[test]
fn s6_a_host_may_be_ipv6() {
    lab(|lab| {
        let (ipv4, _) = server(lab);
        drop(ipv4);
        if !has_ipv6() {
            return;
        }
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
        let (server, _) = server(lab);
        drop(server);
        // A machine that has no name for itself is left alone.
        let addrs = ("localhost", 0).to_socket_addrs();
        if !addrs.is_ok_and(|mut addrs| addrs.all(|addr| addr.ip().is_loopback())) {
            eprintln!("skipped: localhost is not an address of this machine");
            return;
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
fn s6_the_server_tells_who_came() {
    lab(|lab| {
        lab.why("Whoever runs a server wants to see who came, also of those whose conversation went wrong. The line must leave the program at once: nobody stops a server to read its output.");
        let (mut server, addr) = server(lab);
        let client = lab.connect_as("client A", addr);
        let from = client.local().to_string();
        client.sends_labelled("hello", &frames(["hello"]));
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
        lab.why("A client that says nothing and leaves has ended its conversation. If the server ends with it, anybody can switch it off: leave the conversation's loop, not the loop around accept.");
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
        lab.why("One client resets, one announces 4 GiB, one sends bytes that are no text. Each is cut off, and the next one is served.");
        let (_server, addr) = server(lab);

        let client = lab.connect_as("client A", addr);
        client.sends_labelled("hello", &frames(["hello"]));
        client.expects(&frames([reply_to("hello", client.local())]));
        client.resets();

        let client = lab.connect_as("client B", addr);
        client.sends_labelled("announces 4 GiB", b"\xff\xff\xff\xff");
        client.sees_fin();

        let client = lab.connect_as("client C", addr);
        client.sends_labelled("no text", b"\0\0\0\x01\xff");
        client.sees_fin();

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
            honest.sends_labelled("hello", &frames(["hello"]));
            honest.expects(&frames([reply_to("hello", honest.local())]));
            honest.closes();
        }
    });
}

/// A time-out that is never reached: the laboratory's own comes first.
const PATIENT: Duration = Duration::from_secs(60);

/// A command line as the program gets it.
fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// These texts as frames, one behind the other.
fn frames<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in texts {
        let text = text.as_ref().as_bytes();
        bytes.extend_from_slice(&(text.len() as u32).to_be_bytes());
        bytes.extend_from_slice(text);
    }
    bytes
}

/// The student's `answer_one` at work on a listener of its own.
fn answering(lab: &Lab, patience: Duration) -> (Running<io::Result<Talk>>, SocketAddr) {
    let (listener, _) = listener(lab);
    answering_on(lab, listener, patience)
}

fn answering_on(
    lab: &Lab,
    listener: TcpListener,
    patience: Duration,
) -> (Running<io::Result<Talk>>, SocketAddr) {
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
        _ => lab.fails(
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
        lab.fails(
            "a client that gets its reply, with exit code 0",
            format!("{}, and it said: {}", code_of(end.code), end.stderr),
        );
    }
    end
}

/// A run of the student's program from beginning to end.
fn run(lab: &Lab, line: &str, input: impl AsRef<[u8]>) -> Output {
    let mut command = Command::new(PROGRAM);
    // Should the laboratory give up on it, it must not live on.
    command
        .args(words(line))
        .write_stdin(input.as_ref())
        .timeout(Duration::from_secs(20));
    let running = lab.meanwhile(&format!("your program `{line}`"), move || {
        command.output().expect("the program starts")
    });
    let output = running.returns();
    lab.ran(line, &output);
    output
}

fn exit_code(lab: &Lab, output: &Output, want: i32) {
    let code = output.status.code();
    lab.holds(
        code == Some(want),
        format!("exit code {want}"),
        code_of(code),
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
    says(lab, "standard error", &text, wanted, is_it);
}

fn says(lab: &Lab, stream: &str, text: &str, wanted: &str, is_it: impl Predicate<str>) {
    if !is_it.eval(text) {
        lab.fails(format!("{wanted} on {stream}"), format!("{text:?}"));
    }
}
