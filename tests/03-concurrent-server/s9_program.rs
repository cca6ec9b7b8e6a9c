//! Step 9: the program.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::{fd::OwnedFd, unix::net::UnixStream};
use std::time::Duration;

use concurrent_server::{
    BACKLOG, Client, Command as Asked, EchoFrames, Handler, LIMITS, Limits, Mode, QUEUE,
    SystemClock, parse_args,
};
use netlab::frames::{frame, frames};
use netlab::{Lab, ManualClock, Program, Running, TcpPeer, hostile, interrupt, lab, words};
use socket2::{Domain, SockRef, Socket, Type};

use super::scene::{Hand, connected, listener, refuses, until};

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

#[test]
fn s9_arguments() {
    lab(|lab| {
        lab.why("serve and the host have their order; the options may stand anywhere, and of one that is repeated the last counts. The defaults are port 1060 and eight workers. -h or --help asks for help, whatever else is there.");
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
            (
                "serve localhost -p 80 -p +81 --mode threads --mode iterative",
                ("localhost", 81, "iterative"),
            ),
            (
                "--workers 6 serve localhost --workers 5",
                ("localhost", 1060, "workers 5, queue 128"),
            ),
            (
                "serve LocalHost --workers 4096",
                ("LocalHost", 1060, "workers 4096, queue 128"),
            ),
            (
                "serve localhost --mode threads --workers 100000",
                ("localhost", 1060, "threads 100000"),
            ),
            ("serve --help", ("help", 0, "")),
            ("-h", ("help", 0, "")),
            ("serve localhost -p http --help", ("help", 0, "")),
            ("--verbose --workers -h", ("help", 0, "")),
        ];
        for (line, (host, port, mode)) in cases {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            let got = match got {
                Asked::Help => ("help".to_owned(), 0, String::new()),
                Asked::Serve(serve) => (serve.host, serve.port, in_words(serve.mode)),
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
fn s9_times_are_in_milliseconds() {
    lab(|lab| {
        lab.why("--idle, --total and --grace take milliseconds, and what is not given is LIMITS and GRACE. These are numbers of 64 bits: 50 days are allowed.");
        let cases = [
            ("serve localhost", [10_000, 30_000, 5000]),
            ("serve localhost --idle 1", [1, 30_000, 5000]),
            ("serve localhost --total 1", [10_000, 1, 5000]),
            ("--grace 0 serve localhost", [10_000, 30_000, 0]),
            (
                "--idle 20 --total +30 serve --grace 40 localhost --grace 35 --idle 50 --total 25",
                [50, 25, 35],
            ),
            (
                "serve localhost --grace 4294967296 --idle 4294967297 --total 4294967298",
                [1 << 32 | 1, 1 << 32 | 2, 1 << 32],
            ),
        ];
        for (line, want) in cases {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            let Asked::Serve(serve) = got else {
                lab.fails("a server", "help");
            };
            let got = [serve.limits.idle, serve.limits.total, serve.grace];
            lab.same("idle, total, grace", got, want.map(Duration::from_millis));
        }
    });
}

#[test]
fn s9_wrong_arguments() {
    lab(|lab| {
        lab.why("Zero clients, an unknown mode, a port of 17 bits: a wrong argument is reported at once, before anything touches the network.");
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
            "serve 127.0.0.1 --workers 1.5",
            "serve 127.0.0.1 --workers -1",
            "serve 127.0.0.1 --workers",
            "serve 127.0.0.1 --mode Threads",
            "serve 127.0.0.1 --mode t",
            "serve 127.0.0.1 --mode worker",
            "serve 127.0.0.1 --",
            "serve -- 127.0.0.1",
            "serve 127.0.0.1 -p -1",
            "serve 127.0.0.1 -p 80/tcp",
            "serve 127.0.0.1 --port 80",
            "serve 127.0.0.1 -p80",
            "serve 127.0.0.1 -p=80",
            "serve 127.0.0.1 --idle 0",
            "serve 127.0.0.1 --total 0",
            "serve 127.0.0.1 --grace -1",
            "serve 127.0.0.1 --grace 5s",
            "serve 127.0.0.1 --idle 1.5",
            "serve 127.0.0.1 --total",
            "serve 127.0.0.1 --idle",
            "serve 127.0.0.1 --grace",
            "serve 127.0.0.1 --workers 1_000",
            "serve 127.0.0.1 --mode i",
            "help",
            "serve 127.0.0.1 --workers=4",
            "serve 127.0.0.1 --mode=threads",
            "serve 127.0.0.1 --help=all",
            "serve -",
            "serve 127.0.0.1 -",
            "serve --verbose",
            "127.0.0.1 serve",
        ];
        lab.refuses_arguments(&cases, parse_args);
        lab.why("A number is what str::parse reads. Blanks around it come from a mistake in a script, and another program would read them otherwise.");
        for (option, value) in [
            ("-p", " 80"),
            ("-p", "80 "),
            ("--workers", " 4"),
            ("-p", ""),
        ] {
            let args = ["serve", "127.0.0.1", option, value].map(String::from);
            lab.err(&format!("parse_args({args:?})"), || parse_args(&args));
        }
        lab.why("Report the error in one line, even if the argument has more than one: print it as {:?} does.");
        for (option, value) in [
            ("--mode", "a\nb"),
            ("-p", "8\n0"),
            ("--grace", "8\n0"),
            ("--verb\nose", ""),
        ] {
            let args = ["serve", "127.0.0.1", option, value].map(String::from);
            let wrong = lab.err(&format!("parse_args({args:?})"), || parse_args(&args));
            let lines = wrong.trim_end().lines().count();
            lab.same(&format!("lines of {wrong:?}"), lines, 1);
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
        lab.why("Many frames in one write, and then the client's end. They may all arrive in one read of yours. Bytes that a buffer has read beyond the first frame belong to the second: a buffer that is dropped after each frame loses them. A connection carries any number of them.");
        let (addr, serving) = echoing(lab, &ManualClock::new());
        let client = lab.connect_as("client", addr);
        let frames = frames((0..300).map(|n| n.to_string()));
        client.sends_labelled("300 frames", &frames);
        client.half_closes();
        client.expects(&frames);
        client.expects_eof();
        serving.returns_ok();
    });
}

#[test]
fn s9_a_client_that_never_reads() {
    lab(|lab| {
        lab.why("The reply does not fit into the buffers between you and this client, and it reads nothing. To write is to wait as well: the limits of the stream are for both, here 5 ms.");
        let (client, mut other) = narrow();
        let largest = frame(vec![b'x'; 65_536]);
        other.write_all(&largest).expect("the buffers take a frame");
        other.shutdown(Shutdown::Write).expect("an open connection");
        lab.note("a client sends the largest frame and its end, and does not read");
        let idle = Duration::from_millis(5);
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
        let largest = frame(vec![b'x'; 65_536]);
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
fn s9_the_reply_has_no_time_of_its_own() {
    lab(|lab| {
        lab.why("Of its 30 seconds this client takes 20 to send its frame. The reply is part of the same request: its write may wait for the 10 seconds that are left, and not for 30 new ones.");
        let clock = ManualClock::new();
        let (client, mut other) = narrow();
        let largest = frame(vec![b'x'; 65_536]);
        let (most, rest) = largest.split_at(largest.len() - 1);
        other.write_all(most).expect("the buffers take a frame");
        lab.note("a client sends the largest frame but for its last byte, and does not read");
        // No single wait is short here, so that only the request as a whole has a limit.
        let echo = EchoFrames {
            limits: Limits {
                idle: Duration::from_secs(60),
                ..LIMITS
            },
            clock: Hand(clock.clone()),
        };
        let stream = client.clone();
        let limit = || SockRef::from(stream.stream()).write_timeout();
        let limit = || limit().ok().flatten().map(|limit| limit.as_secs());
        let serving = lab.student("EchoFrames::serve(client)", move || echo.serve(&client));
        lab.until(
            "a read with the whole time as its limit, in seconds",
            limit,
            |limit| *limit == Some(30),
        );
        serving.settles();
        lab.note("20 s pass, and the last byte comes");
        clock.advance(Duration::from_secs(20));
        other.write_all(rest).expect("the buffers take a byte");
        lab.until(
            "the write of the reply to have a limit of 10 seconds",
            limit,
            |limit| *limit == Some(10),
        );
        let mut reply = vec![0; largest.len()];
        let got = other.read_exact(&mut reply).map_err(|error| error.kind());
        lab.same("the client's reading", got, Ok(()));
        lab.same_bytes("the reply", &reply, &largest);
        drop(other);
        serving.returns_ok();
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
            client.sends_frame("hello");
            client.expects_frame("hello");
            client.sends_labelled(label, bytes);
            client.half_closes();
            match serving.returns() {
                Ok(()) => lab.fails("an error from EchoFrames::serve", "Ok(())"),
                Err(error) => lab.same("the kind of the error", error.kind(), want),
            }
            client.expects_eof();
        }
    });
}

#[test]
fn s9_a_reset_is_an_error() {
    lab(|lab| {
        lab.why("A client that resets the connection has not ended its stream: what was on its way is lost. That is a conversation that failed, also between two frames.");
        let (addr, serving) = echoing(lab, &ManualClock::new());
        let client = lab.connect_as("client", addr);
        client.sends_frame("hello");
        client.expects_frame("hello");
        client.resets();
        if let Ok(()) = serving.returns() {
            lab.fails("an error from EchoFrames::serve", "Ok(())");
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
        lab.why("Each frame is a request of its own. A client that sends one every 9 seconds never waits as long as the idle limit, and each of its requests is done within 30 seconds: it may stay for as long as it likes.");
        let clock = ManualClock::new();
        let (addr, serving) = echoing(lab, &clock);
        let client = lab.connect_as("client", addr);
        for _ in 0..5 {
            client.sends_frame("hello");
            client.expects_frame("hello");
            lab.note("9 s pass");
            clock.advance(Duration::from_secs(9));
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
        client.sends_frame("hello");
        client.expects_frame("hello");
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
        let (complaint, _) = end.stderr.split_once("usage").unwrap_or_default();
        lab.holds(
            !complaint.trim().is_empty(),
            "what is wrong on standard error, before the usage",
            format!("{:?}", end.stderr),
        );
        lab.same("standard output", end.stdout, String::new());
    });
}

#[test]
fn s9_a_taken_port_is_exit_1() {
    lab(|lab| {
        lab.why("A second server on the same address and port cannot serve. Its user must be told, with the address and by the exit code.");
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
                lab.gets_an_echo(name, addr);
            }
        }
    });
}

#[test]
fn s9_the_program_has_the_limits_it_is_told() {
    lab(|lab| {
        // Side by side, since both mostly wait.
        let (_server, addr) = server(lab, &["--idle", "600000", "--total", "100"]);
        let slow = lab.connect_as("client A", addr);
        slow.sends_labelled("announces 65536 bytes", &65_536_u32.to_be_bytes());

        let (_server, addr) = server(lab, &["--idle", "30", "--total", "600000"]);
        let silent = lab.connect_as("client B", addr);
        lab.why("Client B says nothing, and one read may wait for 30 ms here.");
        silent.sees_fin();

        lab.note("client A sends a byte now and then");
        lab.why("A byte comes every few milliseconds, so no read waits for long. The frame as a whole has 100 ms here, and is not there by then.");
        lab.until(
            "client A's connection to be closed",
            || slow.stream().write(b".").is_ok(),
            |still_there| !still_there,
        );
    });
}

#[test]
fn s9_the_program_serves_at_an_ipv6_address() {
    lab(|lab| {
        lab.why("A host may be an IPv6 address. With a port it is printed in brackets, as SocketAddr does: address, colon and port without brackets cannot be read back.");
        if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
            lab.skip("this machine cannot listen at ::1");
        }
        let (_server, addr) = ready(lab, lab.program(PROGRAM, &["serve", "::1", "-p", "0"]));
        lab.gets_an_echo("client A", addr);
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
            lab.gets_an_echo("client A", addr);
            lab.gets_an_echo("client B", addr);
            drop(present);
        }
    });
}

#[test]
fn s9_the_program_does_as_many_at_a_time_as_it_is_told() {
    lab(|lab| {
        lab.why("--mode and --workers say how many clients are served at a time. So many are there, served and silent now, and one more has asked: it gets its answer when one of them has left, and not before.");
        for (mode, places) in [("iterative", 1), ("threads", 2), ("workers", 3)] {
            lab.scene(format!("--mode {mode} --workers {places}"));
            let workers = places.to_string();
            let (server, addr) = server(lab, &["--mode", mode, "--workers", &workers]);
            let mut silent: Vec<_> = (0..places)
                .map(|_| {
                    let client = lab.connect_as("silent", addr);
                    client.sends_frame("hello");
                    client.expects_frame("hello");
                    client
                })
                .collect();
            let waiting = lab.connect_as("client A", addr);
            waiting.sends_frame("hello");
            server.settles();
            let stream = waiting.stream();
            stream.set_nonblocking(true).expect("non-blocking mode");
            let answer = stream.peek(&mut [0]);
            stream.set_nonblocking(false).expect("blocking mode");
            lab.holds(
                answer.is_err(),
                format!("client A to wait, while {places} are being served"),
                "an answer, or the end of the stream",
            );
            silent.pop();
            lab.note("a silent client leaves");
            waiting.expects_frame("hello");
        }
    });
}

#[test]
fn s9_a_server_without_clients_sleeps() {
    lab(|lab| {
        lab.why("At night no client comes. Every thread of the server waits in a call that blocks: accept, recv, the wait for a signal. A program that looks at a flag every few milliseconds keeps the machine awake.");
        let (server, addr) = server(lab, &[]);
        lab.gets_an_echo("client A", addr);
        server.sleeps("a client comes, or a signal");
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals the test can send")]
fn s9_ctrl_c_ends_the_program() {
    lab(|lab| {
        let modes = [
            ("iterative", interrupt()),
            ("threads", "TERM"),
            ("workers", interrupt()),
        ];
        for (mode, signal) in modes {
            lab.why("No client is there, and the program is told to stop. It must end by itself, print its counts, and return the exit code for success.");
            let (server, addr) = server(lab, &["--mode", mode]);
            lab.gets_an_echo("client A", addr);
            lab.gets_an_echo("client B", addr);
            let torn = lab.connect_as("client C", addr);
            torn.sends_labelled("half a frame", &frame(b"again")[..6]);
            torn.half_closes();
            torn.expects_eof();
            server.gets(signal);
            let end = server.exits();
            lab.same("exit code", end.code, Some(0));
            lab.why("The last line is the score. Two clients left between two frames, and the third inside of one.");
            let last = end.stdout.lines().last().unwrap_or_default().to_owned();
            let want = "served 2, failed 1, turned away 0, cut off 0";
            lab.same("the last line", last, want.to_owned());
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose queue has an exact length"
)]
fn s9_the_kernels_queue_has_its_length() {
    lab(|lab| {
        lab.why("One client is served, and no other is accepted: the others wait in the kernel's queue. It has BACKLOG places, and Linux admits one more than the given number (listen(2)).");
        let (_server, addr) = server(lab, &["--mode", "iterative"]);
        let silent = lab.connect_as("client A", addr);
        silent.sends_frame("hello");
        silent.expects_frame("hello");
        // On loopback a client is in the queue at once, or its SYN was dropped.
        let clients: Vec<_> = (0..2 * BACKLOG).map(|_| begins_to_connect(addr)).collect();
        lab.note(format!(
            "client A is served, {} clients connect",
            clients.len()
        ));
        let waiting = clients.iter().filter(|client| client.peer_addr().is_ok());
        lab.same(
            "clients in the queue",
            waiting.count(),
            BACKLOG as usize + 1,
        );
    });
}

/// A client that does not wait for its connection.
fn begins_to_connect(addr: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_nonblocking(true).expect("non-blocking mode");
    // It says that it is not there yet.
    let _ = socket.connect(&addr.into());
    socket
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose namespaces give a program a file of names of its own"
)]
fn s9_the_first_address_that_works_is_taken() {
    lab(|lab| {
        for addrs in lab.pairs_for_a_name() {
            let taken = TcpListener::bind((addrs[0], 0)).expect("a free port");
            let port = taken
                .local_addr()
                .expect("a bound socket has an address")
                .port();
            for (port, want) in [(0, addrs[0]), (port, addrs[1])] {
                let args = ["serve", Lab::NAME, "-p", &port.to_string()];
                let program = lab.program_with_name(addrs, PROGRAM, &args);
                lab.why("A name may have several addresses. The program tries them in their order, and listens at the first one that works. A port may be taken at one address, and free at another.");
                let (_server, addr) = ready(lab, program);
                lab.same("the address", addr.ip().to_string(), want.to_owned());
            }
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose namespaces give a program a network of its own"
)]
fn s9_an_unknown_host_is_exit_1() {
    lab(|lab| {
        // There is no name server in it.
        let alone = lab.own_network(":");
        lab.why("No machine has this name (RFC 6761, section 6.4), so there is no address to listen at. That is a failure of the network, which the user must be told: not a wrong argument, and not a panic.");
        let serve = ["serve", "nobody.invalid", "-p", "0"];
        let end = lab.program_after(&alone, PROGRAM, &serve).exits();
        lab.same("exit code", end.code, Some(1));
        lab.same("standard output", end.stdout, String::new());
        let told = !end.stderr.trim().is_empty();
        lab.holds(told, "a word on standard error", "nothing");
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals the test can send")]
fn s9_the_score_tells_who_was_turned_away() {
    lab(|lab| {
        lab.why("One worker, and 128 places in the queue. Every later client is turned away at once, and the last line says how many there were.");
        let (server, addr) = server(lab, &["--workers", "1"]);
        let silent = lab.connect_as("client A", addr);
        silent.sends_frame("hello");
        silent.expects_frame("hello");
        let waiting: Vec<TcpStream> = (0..QUEUE)
            .map(|_| TcpStream::connect(addr).expect("a server that listens"))
            .collect();
        lab.note(format!("client A is served, {QUEUE} clients connect"));
        for name in ["client B", "client C"] {
            lab.connect_as(name, addr).sees_fin();
        }
        drop(waiting);
        drop(silent);
        lab.note("all clients leave");
        server.is_interrupted();
        let end = server.exits();
        let last = end.stdout.lines().last().unwrap_or_default().to_owned();
        let want = "served 129, failed 0, turned away 2, cut off 0";
        lab.same("the last line", last, want.to_owned());
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals the test can send")]
fn s9_the_grace_has_an_end() {
    lab(|lab| {
        lab.why("A client is in the middle of its frame, and does not go on. The program waits for the grace that it was told, 20 ms here. Then it cuts the client off, ends in good order, and the score says so.");
        let (server, addr) = server(lab, &["--grace", "20"]);
        let client = lab.connect_as("client A", addr);
        client.sends_frame("hello");
        client.expects_frame("hello");
        client.sends_labelled("half a frame", &frame(b"again")[..6]);
        server.is_interrupted();
        let end = server.exits();
        lab.same("exit code", end.code, Some(0));
        let last = end.stdout.lines().last().unwrap_or_default().to_owned();
        let want = "served 0, failed 1, turned away 0, cut off 1";
        lab.same("the last line", last, want.to_owned());
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals the test can send")]
fn s9_a_second_signal_ends_the_program_at_once() {
    lab(|lab| {
        lab.why("A client keeps the server within its grace of five seconds. A person who presses Ctrl-C a second time does not want to wait for that.");
        let (server, addr) = server(lab, &[]);
        let client = lab.connect_as("client A", addr);
        client.sends_labelled("half a frame", &frame(b"again")[..6]);
        server.settles();
        server.is_interrupted();
        refuses(lab, addr);
        server.gets("TERM");
        let end = server.exits();
        lab.why("Client A is within its grace of five seconds (GRACE) when the second signal comes. So not every client was served to the end, and the exit code says so. A program without grace has already ended with the first signal, with 0.");
        lab.same("exit code", end.code, Some(1));
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals the test can send")]
fn s9_nobody_reads_the_score() {
    lab(|lab| {
        lab.why("`ch03 serve … | head -1` reads one line and leaves. Then the program is told to stop, and its last line cannot be written. println! panics there. A missing reader is not a failure of the server.");
        let (output, input) = std::io::pipe().expect("a pipe");
        let args = ["serve", "127.0.0.1", "-p", "0"];
        let server = lab.program_into(input.into(), PROGRAM, &args);
        let mut line = String::new();
        let _ = BufReader::new(output).read_line(&mut line);
        lab.note(format!("the program prints {line:?}, and the reader stops"));
        if !line.is_empty() {
            server.is_interrupted();
        }
        let end = server.exits();
        lab.same("exit code", end.code, Some(0));
        lab.same("standard error", end.stderr, String::new());
    });
}

#[test]
#[cfg(unix)]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows the signals that a program catches"
)]
fn s9_signals_are_caught_before_the_address_is_printed() {
    lab(|lab| {
        // A program that is still to do says so here.
        drop(server(lab, &[]));
        lab.why("A script that reads the address may send the signal at once. If a program prints first and catches the signal afterwards, the signal sometimes kills it. Here its standard output takes nothing yet, so the program stands at the line with its address: by then the signals must be caught.");
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        // Full, so that the program's first write waits.
        theirs.set_nonblocking(true).expect("non-blocking mode");
        while (&theirs).write(&[b'.'; 4096]).is_ok() {}
        theirs.set_nonblocking(false).expect("blocking mode");
        let args = ["serve", "127.0.0.1", "-p", "0"];
        let server = lab.program_into(OwnedFd::from(theirs).into(), PROGRAM, &args);
        lab.until(
            "SIGINT and SIGTERM to be caught, while the address waits to be printed",
            || (server.catches("INT"), server.catches("TERM")),
            |caught| *caught == (interrupt() == "INT", true),
        );
        drop(ours);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which tells which signals were ignored at the start"
)]
fn s9_an_ignored_signal_stays_ignored() {
    lab(|lab| {
        lab.why("nohup ignores SIGHUP for a program, so that it survives the end of its terminal. A shell ignores SIGINT for a program in the background, so that Ctrl-C is not for it. StopSignals leaves both as they were.");
        for (ignored, name) in [("HUP", "SIGHUP"), ("INT", "SIGINT")] {
            let ignore = format!("trap '' {ignored}");
            let args = ["serve", "127.0.0.1", "-p", "0"];
            let (server, addr) = ready(lab, lab.program_after(&ignore, PROGRAM, &args));
            lab.note(format!("the program was started with {name} ignored"));
            server.gets(ignored);
            // What it could do about the signal, it has done.
            server.settles();
            lab.gets_an_echo("client A", addr);
            lab.why("SIGTERM is not ignored: it ends the program as always.");
            server.gets("TERM");
            lab.same("exit code", server.exits().code, Some(0));
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
        client.sends_frame("hello");
        client.expects_frame("hello");
        client.sends_labelled("half a frame", &frame(b"again")[..6]);
        server.is_interrupted();
        refuses(lab, addr);
        client.sends_labelled("the other half", &frame(b"again")[6..]);
        client.expects_frame("again");
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
        let (server, addr) = ready(lab, lab.program_after("ulimit -n 24", PROGRAM, &args));
        let silent: Vec<TcpPeer> = (0..40).map(|_| lab.connect_as("silent", addr)).collect();
        lab.note("40 clients are connected and say nothing");
        if cfg!(target_os = "linux") {
            let descriptors = format!("/proc/{}/fd", server.id());
            let open = || std::fs::read_dir(&descriptors).map_or(0, Iterator::count);
            let told = lab.because("Each client takes one descriptor, until no more is left. If the number stops before, the thread that accepts has ended, or needs a descriptor for itself: ClosableAcceptor::accept (step 6) may take none but the client's.");
            told.until("24 descriptors in use by the program", open, |open| {
                *open >= 24
            });
        }
        // So that accept has failed, and does not only come to it.
        server.settles();
        drop(silent);
        lab.note("they leave");
        lab.gets_an_echo("client A", addr);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a shell limits a program's memory"
)]
fn s9_without_threads_for_its_workers_it_does_not_start() {
    lab(|lab| {
        lab.why("2000 workers are asked for, and this program has memory for the stacks of a dozen. The system says so when a thread is started. The program must pass that on, with exit code 1, and not say that it listens.");
        let end = with_memory_for_a_dozen_threads(lab, &["--workers", "2000"]).exits();
        lab.same("exit code", end.code, Some(1));
        lab.same("standard output", end.stdout, String::new());
        let told = !end.stderr.trim().is_empty();
        lab.holds(told, "a word on standard error", "nothing");

        lab.why("A hundred million workers are more than a pool starts (MOST_WORKERS). The program refuses them, as wrong arguments (exit code 2) or when the server starts (1), and does not say that it listens.");
        let options = ["--workers", "100000000"];
        let end = with_memory_for_a_dozen_threads(lab, &options).exits();
        let refused = matches!(end.code, Some(1 | 2));
        lab.holds(refused, "exit code 1 or 2", format!("{:?}", end.code));
        lab.same("standard output", end.stdout, String::new());
        let told = !end.stderr.trim().is_empty();
        lab.holds(told, "a word on standard error", "nothing");
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a shell limits a program's memory"
)]
fn s9_a_client_without_a_thread_is_turned_away() {
    lab(|lab| {
        lab.why("This program has memory for a dozen threads, and more clients come than that. Clients for which the system has no thread are closed at once. thread::spawn would panic here, on the thread that accepts; thread::Builder gives an error.");
        let options = ["--mode", "threads", "--workers", "1000"];
        let (server, addr) = ready(lab, with_memory_for_a_dozen_threads(lab, &options));
        let (mut served, mut turned_away) = (Vec::new(), 0);
        while turned_away < 3 && served.len() < 100 {
            match asks(addr) {
                Ok(client) => served.push(client),
                Err(ErrorKind::WouldBlock) => lab.fails(
                    format!("client {} to be served, or closed", served.len() + 1),
                    "neither: it waits",
                ),
                Err(_) => turned_away += 1,
            }
        }
        let here = served.len();
        lab.note(format!("{here} clients are served and stay"));
        lab.same("clients turned away", turned_away, 3);
        drop(served);
        lab.note("they leave");
        lab.why("There is room again. The server must still be there for the next client.");
        // A thread goes a little later than its connection.
        until(lab, "a client to be served", || asks(addr).is_ok());
        server.is_interrupted();
        lab.same("exit code", server.exits().code, Some(0));
    });
}

/// The student's server, which may use 4 GB of address space. Each of its threads takes 256 MiB of
/// that for its stack, as the environment tells std.
fn with_memory_for_a_dozen_threads(lab: &Lab, options: &[&str]) -> Program {
    let limit = "ulimit -v 4000000; export RUST_MIN_STACK=268435456 MALLOC_ARENA_MAX=1";
    let args = ["serve", "127.0.0.1", "-p", "0"];
    lab.program_after(limit, PROGRAM, &[&args[..], options].concat())
}

/// A client that asks. Gives its connection when it has the answer, else what it got instead.
fn asks(addr: SocketAddr) -> Result<TcpStream, ErrorKind> {
    let mut client = TcpStream::connect(addr).map_err(|error| error.kind())?;
    let patience = Some(Duration::from_secs(1));
    client.set_read_timeout(patience).expect("a limit");
    // To a client that is closed already this may fail. Then so does the read.
    let _ = client.write_all(&frame(b"hello"));
    match client.read_exact(&mut [0; 9]) {
        Ok(()) => Ok(client),
        Err(error) => Err(error.kind()),
    }
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

const ITS_ADDRESS: &str = "The first line tells the address that the server really has, so that clients can find it. With port 0 the system chooses the port, and only the listening socket knows it (Server::addr).";

fn ready(lab: &Lab, mut server: Program) -> (Program, SocketAddr) {
    let line = server.expects_line("its address as the first line", |_| true);
    let addr = line
        .strip_prefix("listening on ")
        .and_then(|addr| addr.parse::<SocketAddr>().ok());
    match addr {
        Some(addr) if addr.port() != 0 => (server, addr),
        _ => lab.because(ITS_ADDRESS).fails(
            "the first line: \"listening on 127.0.0.1:PORT\", with the real port",
            line,
        ),
    }
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
