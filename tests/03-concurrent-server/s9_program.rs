//! Step 9: the program.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use concurrent_server::{
    Client, Command, EchoFrames, Handler, LIMITS, Limits, Mode, SystemClock, parse_args,
};
use netlab::{Lab, ManualClock, Program, Running, TcpPeer, hostile, lab};
use socket2::{Domain, SockRef, Socket, Type};

use super::scene::{Hand, connected, listener, refuses, until};

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

#[test]
fn s9_arguments() {
    lab(|lab| {
        lab.why("serve and the host have their order; the options may stand anywhere. Whoever names none gets port 1060 and eight workers.");
        let cases = [
            (
                "serve 127.0.0.1",
                ("127.0.0.1", 1060, "workers 8, queue 128"),
            ),
            ("serve ::1 -p 0", ("::1", 0, "workers 8, queue 128")),
            (
                "serve localhost --mode iterative",
                ("localhost", 1060, "iterative"),
            ),
            (
                "--mode threads serve localhost",
                ("localhost", 1060, "threads 8"),
            ),
            (
                "serve -p 65535 localhost --workers 3",
                ("localhost", 65535, "workers 3, queue 128"),
            ),
            (
                "--workers 1 serve --mode threads localhost",
                ("localhost", 1060, "threads 1"),
            ),
            ("serve --help", ("help", 0, "")),
            ("-h", ("help", 0, "")),
        ];
        for (line, (host, port, mode)) in cases {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            let got = match got {
                Command::Help => ("help".to_owned(), 0, String::new()),
                Command::Serve(serve) => (serve.host, serve.port, in_words(serve.mode)),
            };
            lab.same(
                "host, port and mode",
                got,
                (host.to_owned(), port, mode.to_owned()),
            );
        }
    });
}

#[test]
fn s9_wrong_arguments() {
    lab(|lab| {
        lab.why("A server for nobody, a mode that does not exist, a port of 17 bits: what cannot be meant is told to the person at once, before anything touches the network.");
        let cases = [
            "",
            "serve",
            "server 127.0.0.1",
            "serve 127.0.0.1 localhost",
            "serve 127.0.0.1 -p",
            "serve 127.0.0.1 -p 65536",
            "serve 127.0.0.1 --mode forks",
            "serve 127.0.0.1 --mode",
            "serve 127.0.0.1 --workers 0",
            "serve 127.0.0.1 --workers 0 --mode iterative",
            "serve 127.0.0.1 --workers many",
            "serve 127.0.0.1 --port 80",
            "serve --verbose",
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
fn s9_each_frame_comes_back() {
    lab(|lab| {
        lab.why("Frames in, the same frames out, in order: an empty one, one with every byte there is, and the largest that is allowed.");
        let (addr, serving) = echoing(lab, &ManualClock::new());
        let client = lab.connect_as("client", addr);
        let all: Vec<u8> = (0..=255).collect();
        let largest = vec![b'x'; 65_536];
        for payload in [&b"hello"[..], b"", &all, &largest] {
            let frame = frame(payload);
            client.sends_labelled("a frame", &frame);
            client.expects(&frame);
        }
        client.half_closes();
        client.expects_eof();
        serving.returns_ok();
    });
}

#[test]
fn s9_frames_that_come_together() {
    lab(|lab| {
        lab.why("Three frames in one write, and then the client's end. They may all arrive in one read of yours. What a buffer has read beyond the first frame belongs to the second: a buffer that is thrown away after each frame takes it along.");
        let (addr, serving) = echoing(lab, &ManualClock::new());
        let client = lab.connect_as("client", addr);
        let frames = [&b"one"[..], b"two", b"three"].map(frame).concat();
        client.sends_labelled("three frames", &frames);
        client.half_closes();
        client.expects(&frames);
        client.expects_eof();
        serving.returns_ok();
    });
}

#[test]
fn s9_a_client_that_never_reads() {
    lab(|lab| {
        lab.why("The reply does not fit into the buffers between you and this client, and it reads nothing. To write is to wait as well: the limits of the stream are for both, here 20 ms.");
        let (client, mut other) = narrow();
        let largest = frame(&vec![b'x'; 65_536]);
        other.write_all(&largest).expect("the buffers take a frame");
        lab.note("a client sends the largest frame, and does not read");
        let idle = Duration::from_millis(20);
        let limits = Limits { idle, ..LIMITS };
        let echo = EchoFrames {
            limits,
            clock: SystemClock::new(),
        };
        let error = lab.err("EchoFrames::serve(client)", || echo.serve(&client));
        lab.same("the kind of the error", error.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn s9_the_reply_is_part_of_the_request() {
    lab(|lab| {
        lab.why("A request goes from begin to the last byte of its reply. This client takes 20 seconds to read the first reply, and then 15 for its second frame. Only if the second request begins after the reply is out are both in time.");
        let clock = ManualClock::new();
        let (client, mut other) = narrow();
        let largest = frame(&vec![b'x'; 65_536]);
        other.write_all(&largest).expect("the buffers take a frame");
        lab.note("a client sends the largest frame, and does not read");
        let echo = EchoFrames {
            limits: LIMITS,
            clock: Hand(clock.clone()),
        };
        let serving = lab.student("EchoFrames::serve(client)", move || echo.serve(&client));
        serving.settles();
        lab.note("20 s pass, and the client reads the reply");
        clock.advance(Duration::from_secs(20));
        let mut reply = vec![0; largest.len()];
        let got = other.read_exact(&mut reply).map_err(|error| error.kind());
        lab.same("the client's reading", got, Ok(()));
        let second = frame(b"hello");
        // A program that has given up does not take these: then serving says so below.
        let _ = other.write_all(&second[..6]);
        serving.settles();
        lab.note("half of the second frame, 15 s later the rest, and the client's end");
        clock.advance(Duration::from_secs(15));
        // In two pieces: the clock is looked at before a read, not after it.
        let _ = other.write_all(&second[6..7]);
        serving.settles();
        let _ = other.write_all(&second[7..]);
        let _ = other.shutdown(Shutdown::Write);
        serving.returns_ok();
        let mut reply = Vec::new();
        let _ = other.read_to_end(&mut reply);
        lab.same_bytes("the second reply", &reply, &second);
    });
}

#[test]
fn s9_a_bad_frame_is_an_error() {
    lab(|lab| {
        lab.why("The handler says what ended the conversation before its time, and ends it. The server counts it as failed and goes on.");
        let too_big = 65_537_u32.to_be_bytes();
        let cases: [(&str, &[u8], ErrorKind); 3] = [
            (
                "announces 4 GiB",
                b"\xff\xff\xff\xff",
                ErrorKind::InvalidData,
            ),
            (
                "announces a byte too many",
                &too_big,
                ErrorKind::InvalidData,
            ),
            ("half a frame", b"\0\0\0\x05hel", ErrorKind::UnexpectedEof),
        ];
        for (label, bytes, want) in cases {
            let (addr, serving) = echoing(lab, &ManualClock::new());
            let client = lab.connect_as("client", addr);
            client.sends_labelled("a frame", &frame(b"hello"));
            client.expects(&frame(b"hello"));
            client.sends_labelled(label, bytes);
            client.half_closes();
            match serving.returns() {
                Ok(()) => lab.fails("an error from EchoFrames::serve", "Ok(())"),
                Err(error) => lab.same("the kind of the error", error.kind(), want),
            }
        }
    });
}

#[test]
fn s9_the_limits_are_kept() {
    lab(|lab| {
        lab.why("EchoFrames has limits, and a client that says nothing must run into them: here after 20 ms.");
        let (client, _other) = connected();
        let idle = Duration::from_millis(20);
        let limits = Limits { idle, ..LIMITS };
        let echo = EchoFrames {
            limits,
            clock: SystemClock::new(),
        };
        let error = lab.err("EchoFrames::serve(client)", || echo.serve(&client));
        lab.same("the kind of the error", error.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn s9_each_request_has_its_own_time() {
    lab(|lab| {
        lab.why("Each frame is a request of its own. A client that sends one every 20 seconds keeps every limit, for as long as it likes.");
        let clock = ManualClock::new();
        let (addr, serving) = echoing(lab, &clock);
        let client = lab.connect_as("client", addr);
        for _ in 0..5 {
            client.sends_labelled("a frame", &frame(b"hello"));
            client.expects(&frame(b"hello"));
            lab.note("20 s pass");
            clock.advance(Duration::from_secs(20));
        }
        client.half_closes();
        client.expects_eof();
        serving.returns_ok();
    });
}

#[test]
fn s9_a_dribbled_frame_is_out() {
    lab(|lab| {
        lab.why("This client sends a byte now and then, and never ends its frame. It has 30 seconds for it, whatever it sends.");
        let clock = ManualClock::new();
        let (addr, serving) = echoing(lab, &clock);
        let client = lab.connect_as("client", addr);
        client.sends_labelled("a frame", &frame(b"hello"));
        client.expects(&frame(b"hello"));
        client.sends(&frame(b"again")[..6]);
        // The request has begun when the clock moves.
        serving.settles();
        lab.note("31 s pass");
        clock.advance(Duration::from_secs(31));
        client.sends(b"a");
        match serving.returns() {
            Ok(()) => lab.fails("an error from EchoFrames::serve", "Ok(())"),
            Err(error) => lab.same("the kind of the error", error.kind(), ErrorKind::TimedOut),
        }
    });
}

#[test]
fn s9_help_and_wrong_arguments() {
    lab(|lab| {
        lab.why("Help that was asked for is a result: standard output, exit code 0. Usage after a mistake is a complaint: standard error, exit code 2.");
        let end = lab.program(PROGRAM, &["--help"]).exits();
        lab.same("exit code of --help", end.code, Some(0));
        contains(lab, "standard output", &end.stdout, "--workers");
        let end = lab
            .program(PROGRAM, &["serve", "127.0.0.1", "--mode", "forks"])
            .exits();
        lab.same("exit code of --mode forks", end.code, Some(2));
        contains(lab, "standard error", &end.stderr, "usage");
        lab.same("standard output", end.stdout, String::new());
    });
}

#[test]
fn s9_a_taken_port_is_exit_1() {
    lab(|lab| {
        lab.why("A second server on the same address and port cannot serve. Who started it must hear so, with the address and in the exit code.");
        let (_server, addr) = server(lab, &[]);
        let port = addr.port().to_string();
        let end = lab
            .program(PROGRAM, &["serve", "127.0.0.1", "-p", &port])
            .exits();
        lab.same("exit code", end.code, Some(1));
        contains(lab, "standard error", &end.stderr, &addr.to_string());
    });
}

#[test]
fn s9_the_program_serves_in_each_mode() {
    lab(|lab| {
        lab.why("The address line says that the server is ready. From then on each mode answers frames, as often as clients come.");
        for mode in ["iterative", "threads", "workers"] {
            let (_server, addr) = server(lab, &["--mode", mode]);
            for name in ["client A", "client B"] {
                honest(lab, name, addr);
            }
        }
    });
}

#[test]
fn s9_eight_hostile_clients() {
    lab(|lab| {
        lab.why("All eight are there at the same time, and most of them stay. Each may cost you one thread for a while. None may cost another client its answer.");
        for mode in ["threads", "workers"] {
            let (_server, addr) = server(lab, &["--mode", mode, "--workers", "16"]);
            let present: Vec<_> = hostile::CLIENTS
                .iter()
                .map(|client| client.comes(lab, addr))
                .collect();
            honest(lab, "client A", addr);
            honest(lab, "client B", addr);
            drop(present);
        }
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals the test can send")]
fn s9_ctrl_c_ends_the_program() {
    lab(|lab| {
        lab.why("Nobody is there, and the program is told to stop. It ends by itself, says what it did, and its exit code says that nothing went wrong.");
        for mode in ["iterative", "threads", "workers"] {
            let (server, addr) = server(lab, &["--mode", mode]);
            honest(lab, "client A", addr);
            server.is_interrupted();
            let end = server.exits();
            lab.same("exit code", end.code, Some(0));
            let last = end.stdout.lines().last().unwrap_or_default().to_owned();
            let want = "served 1, failed 0, turned away 0, cut off 0";
            lab.same("the last line", last, want.to_owned());
        }
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals the test can send")]
fn s9_ctrl_c_lets_a_request_finish() {
    lab(|lab| {
        lab.why("Half of a request is here when Ctrl-C comes. Its client has done nothing wrong: it may send the other half, and gets its answer.");
        let (server, addr) = server(lab, &[]);
        let client = lab.connect_as("client A", addr);
        client.sends_labelled("a frame", &frame(b"hello"));
        client.expects(&frame(b"hello"));
        client.sends_labelled("half a frame", &frame(b"again")[..6]);
        server.is_interrupted();
        refuses(lab, addr);
        client.sends_labelled("the other half", &frame(b"again")[6..]);
        client.expects(&frame(b"again"));
        client.half_closes();
        client.expects_eof();
        let end = server.exits();
        lab.same("exit code", end.code, Some(0));
        contains(lab, "standard output", &end.stdout, "cut off 0");
    });
}

#[test]
#[cfg_attr(
    not(unix),
    ignore = "needs Unix, where a shell limits a program's descriptors"
)]
fn s9_out_of_descriptors_is_not_the_end() {
    lab(|lab| {
        lab.why("The program may have 24 descriptors, and 40 silent clients come. accept fails with EMFILE, again and again. When they have left, the server must still be there.");
        let args = [
            "serve",
            "127.0.0.1",
            "-p",
            "0",
            "--mode",
            "threads",
            "--workers",
            "64",
        ];
        let (server, addr) = ready(lab, lab.program_with_descriptors(24, PROGRAM, &args));
        let silent: Vec<TcpPeer> = (0..40).map(|_| lab.connect_as("silent", addr)).collect();
        lab.note("40 clients are connected and say nothing");
        if cfg!(target_os = "linux") {
            let descriptors = format!("/proc/{}/fd", server.id());
            until(lab, "the program to use all of its descriptors", || {
                std::fs::read_dir(&descriptors).is_ok_and(|open| open.count() >= 24)
            });
        }
        // So that accept has failed, and does not only come to it.
        server.settles();
        drop(silent);
        lab.note("they leave");
        honest(lab, "client A", addr);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows a program's descriptors"
)]
fn s9_ctrl_c_without_a_descriptor() {
    lab(|lab| {
        lab.why("The program is told to stop when its descriptors are used up, or all but one, which accept may need. A door that needs a new one to wake accept, or a pause that does not look at the door, waits for ever now.");
        const MOST: usize = 24;
        for used in [MOST - 1, MOST] {
            let args = "serve 127.0.0.1 -p 0 --mode threads --workers 64";
            let args: Vec<&str> = args.split_whitespace().collect();
            let (server, addr) = ready(lab, lab.program_with_descriptors(MOST, PROGRAM, &args));
            let descriptors = format!("/proc/{}/fd", server.id());
            let open = || std::fs::read_dir(&descriptors).map_or(0, Iterator::count);
            // One by one, so that nobody waits in the queue in the end: he would wake accept. Who
            // has his answer is in, and says nothing from now on.
            let mut silent = Vec::new();
            while open() < used && silent.len() < MOST {
                let client = lab.connect_as("silent", addr);
                client.sends_labelled("a frame", &frame(b"hello"));
                client.expects(&frame(b"hello"));
                silent.push(client);
            }
            lab.note(format!("{} of {MOST} descriptors are in use", open()));
            // Whoever accepts sleeps again, in accept or in a pause.
            server.settles();
            server.is_interrupted();
            until(lab, "the program to close its listening socket", || {
                !listens(addr)
            });
            drop(silent);
            lab.note("the silent clients leave");
            lab.same("exit code", server.exits().code, Some(0));
        }
    });
}

/// The student's `EchoFrames`, at work on one client of a listener of its own.
fn echoing(lab: &Lab, clock: &ManualClock) -> (SocketAddr, Running<std::io::Result<()>>) {
    let (listener, addr) = listener();
    let clock = Hand(clock.clone());
    let limits = LIMITS;
    let serving = lab.student("EchoFrames::serve(client)", move || {
        let (stream, peer) = listener.accept()?;
        EchoFrames { limits, clock }.serve(&Client::new(stream, peer))
    });
    (addr, serving)
}

/// Both ends of a connection whose buffers hold some kilobytes on the way to the client.
fn narrow() -> (Client, TcpStream) {
    const LITTLE: usize = 4096;
    let (listener, addr) = listener();
    let other = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    // Before it connects: the window is offered then.
    other.set_recv_buffer_size(LITTLE).expect("a small buffer");
    other.connect(&addr.into()).expect("connect to loopback");
    let (stream, peer) = listener.accept().expect("accept");
    SockRef::from(&stream)
        .set_send_buffer_size(LITTLE)
        .expect("a small buffer");
    let other = TcpStream::from(other);
    // Each piece goes out by itself (see chapter 02 on Nagle).
    other.set_nodelay(true).expect("an option of TCP");
    let patience = Some(Duration::from_secs(2));
    other.set_read_timeout(patience).expect("a limit");
    (Client::new(stream, peer), other)
}

/// The student's server, which has said where it listens.
fn server(lab: &Lab, options: &[&str]) -> (Program, SocketAddr) {
    let mut args = vec!["serve", "127.0.0.1", "-p", "0"];
    args.extend(options);
    ready(lab, lab.program(PROGRAM, &args))
}

fn ready(lab: &Lab, mut server: Program) -> (Program, SocketAddr) {
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

/// Whether somebody listens at this port of 127.0.0.1, on Linux. To connect would tell it too, and
/// would wake who sleeps in accept.
fn listens(addr: SocketAddr) -> bool {
    let row = format!("0100007F:{:04X} 00000000:0000 0A", addr.port());
    std::fs::read_to_string("/proc/net/tcp").is_ok_and(|sockets| sockets.contains(&row))
}

/// A client that asks, reads the answer, and leaves.
fn honest(lab: &Lab, name: &str, addr: SocketAddr) {
    let client = lab.connect_as(name, addr);
    client.sends_labelled("a frame", &frame(b"hello"));
    client.expects(&frame(b"hello"));
    client.half_closes();
    client.expects_eof();
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes().to_vec();
    bytes.extend_from_slice(payload);
    bytes
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn in_words(mode: Mode) -> String {
    match mode {
        Mode::Iterative => "iterative".to_owned(),
        Mode::Threads { max } => format!("threads {max}"),
        Mode::Workers { workers, queue } => format!("workers {workers}, queue {queue}"),
    }
}

fn contains(lab: &Lab, place: &str, text: &str, wanted: &str) {
    lab.holds(
        text.contains(wanted),
        format!("{place} to contain {wanted:?}"),
        format!("{text:?}"),
    );
}
