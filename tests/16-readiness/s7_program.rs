//! Step 7: the program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::{fd::OwnedFd, unix::net::UnixStream};
use std::time::Duration;

use netlab::frames::frame;
use netlab::{Lab, ManualClock, Program, Running, TcpPeer, alone, hostile, interrupt, lab, words};
use readiness::{
    BACKLOG, Command as Asked, EchoFrames, Limits, Report, Server, Stop, parse_args, serve,
};

use super::protocols::NoQuestions;
use super::rounds::{Hand, begins_to_connect, listener};

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

const LIMITS: Limits = Limits {
    patience: Duration::from_secs(30),
    most: 100,
};

/// A server at work on a thread, and what tells it to stop.
fn serving(
    lab: &Lab,
    clock: &ManualClock,
    grace: Duration,
) -> (SocketAddr, Stop, Running<std::io::Result<Report>>) {
    let (listener, addr) = listener();
    let clock = Hand(clock.clone());
    let server = lab.ok("Server::new(listener, protocol, clock, limits)", || {
        Server::new(listener, EchoFrames, clock, LIMITS)
    });
    let stop = lab.you("Stop::new(waker)", || Stop::new(server.waker()));
    let asked = stop.clone();
    let running = lab.student(&format!("serve(server, stop, {grace:?})"), move || {
        serve(server, &asked, grace)
    });
    (addr, stop, running)
}

fn reports(lab: &Lab, running: Running<std::io::Result<Report>>, want: (u64, u64, u64)) {
    let report = running.returns_ok();
    let got = (report.served, report.failed, report.cut_off);
    lab.because(SCORE)
        .same("served, failed and cut off", got, want);
}

const SCORE: &str = "Each connection counts once: as served (Closed with Ok), as failed (Closed with an error, that of a limit included), or as cut off (closed because the grace was over).";

const FIVE_SECONDS: Duration = Duration::from_secs(5);

#[test]
fn s7_stop_ends_it() {
    lab(|lab| {
        lab.why("Nobody is there, and the server sleeps. A flag alone wakes nobody; a waker alone does not say why. Stop is both: first the flag, then the waker.");
        let (_addr, stop, running) = serving(lab, &ManualClock::new(), FIVE_SECONDS);
        running.rests("it is told to stop");
        lab.same("is_asked()", stop.is_asked(), false);
        lab.you("stop()", || stop.stop());
        reports(lab, running, (0, 0, 0));
        lab.same("is_asked()", stop.is_asked(), true);
    });
}

#[test]
fn s7_stop_may_come_first() {
    lab(|lab| {
        lab.why("The signal came before the server had its first round. It ends at once, and accepts nobody. A clone asks the same server.");
        let (listener, addr) = listener();
        let server = lab.ok("Server::new(listener, protocol, clock, limits)", || {
            Server::new(listener, EchoFrames, Hand(ManualClock::new()), LIMITS)
        });
        let stop = lab.you("Stop::new(waker)", || Stop::new(server.waker()));
        let twin = stop.clone();
        lab.you("stop() of a clone", || twin.stop());
        lab.same("is_asked()", stop.is_asked(), true);
        lab.you("stop() once more", || stop.stop());
        for asked in [&stop, &twin] {
            lab.because("Who asks twice means it. Nothing takes it back, and a look at it does not use it up.")
                .same("is_asked()", asked.is_asked(), true);
        }
        let _client = lab.connect_as("client A", addr);
        let running = lab.student("serve(server, stop, 5s)", move || {
            serve(server, &stop, FIVE_SECONDS)
        });
        reports(lab, running, (0, 0, 0));
    });
}

#[test]
fn s7_another_server_is_not_asked() {
    lab(|lab| {
        lab.why("Two servers in one process, as in these tests. To stop the one is not to stop the other.");
        let (_addr, first, one) = serving(lab, &ManualClock::new(), FIVE_SECONDS);
        let (addr, second, other) = serving(lab, &ManualClock::new(), FIVE_SECONDS);
        lab.you("stop() of the first", || first.stop());
        reports(lab, one, (0, 0, 0));
        lab.same("is_asked() of the second", second.is_asked(), false);
        lab.gets_an_echo("client A", addr);
        lab.you("stop() of the second", || second.stop());
        reports(lab, other, (1, 0, 0));
    });
}

#[test]
fn s7_the_score() {
    lab(|lab| {
        lab.why("Two clients left between two frames, one inside of one, one announced 4 GiB, and one was at rest when the server stopped.");
        let (addr, stop, running) = serving(lab, &ManualClock::new(), FIVE_SECONDS);
        lab.gets_an_echo("client A", addr);
        lab.gets_an_echo("client B", addr);
        let torn = lab.connect_as("client C", addr);
        torn.sends_labelled("half a frame", &frame(b"again")[..6]);
        torn.half_closes();
        torn.expects_eof();
        let greedy = lab.connect_as("client D", addr);
        greedy.sends_labelled("announces 4 GiB", b"\xff\xff\xff\xff");
        greedy.expects_eof();
        let resting = lab.connect_as("client E", addr);
        resting.sends_frame("hello");
        resting.expects_frame("hello");
        resting.sends_frame("again");
        resting.expects_frame("again");
        lab.you("stop()", || stop.stop());
        resting.expects_eof();
        reports(lab, running, (3, 2, 0));
    });
}

#[test]
fn s7_in_the_middle_of_a_request() {
    lab(|lab| {
        lab.why("Half of a request is here when the server is told to stop. Its client has done nothing wrong: it may send the other half, and gets its answer. When it has ended nobody waits for the rest of the grace.");
        let (addr, stop, running) = serving(lab, &ManualClock::new(), FIVE_SECONDS);
        let client = lab.connect_as("client A", addr);
        client.sends_frame("hello");
        client.expects_frame("hello");
        client.sends_labelled("half a frame", &frame(b"again")[..6]);
        running.settles();
        lab.you("stop()", || stop.stop());
        running.settles();
        refuses(lab, addr);
        running.rests("client A sends the rest");
        client.sends_labelled("the other half", &frame(b"again")[6..]);
        client.expects_frame("again");
        client.expects_eof();
        reports(lab, running, (1, 0, 0));
    });
}

#[test]
fn s7_the_grace_has_an_end() {
    lab(|lab| {
        lab.why("A client is in the middle of its frame and does not go on. It has the grace, by the server's clock, and then it is cut off.");
        let clock = ManualClock::new();
        clock.advance(Duration::from_secs(100));
        let (addr, stop, running) = serving(lab, &clock, FIVE_SECONDS);
        running.settles();
        clock.advance(Duration::from_secs(50));
        lab.note("the server has served for 50 s");
        let client = lab.connect_as("client A", addr);
        client.sends_frame("hello");
        client.expects_frame("hello");
        client.sends_labelled("half a frame", &frame(b"again")[..6]);
        running.settles();
        lab.you("stop()", || stop.stop());
        running.settles();
        refuses(lab, addr);
        lab.note("4.9 s pass, and the server is woken");
        clock.advance(Duration::from_millis(4900));
        lab.you("stop() once more", || stop.stop());
        running.settles();
        lab.because("The grace is 5 s, and 4.9 s are over.").same(
            "whether the client is still there",
            client.stream().write(b"").is_ok() && !super::rounds::has_something(&client),
            true,
        );
        lab.note("0.1 s passes, and the server is woken");
        clock.advance(Duration::from_millis(100));
        lab.you("stop() once more", || stop.stop());
        client.expects_eof();
        reports(lab, running, (0, 0, 1));
    });
}

#[test]
fn s7_the_grace_is_one_for_all_of_its_rounds() {
    lab(|lab| {
        lab.why("The grace ends at one moment. A client that goes on with requests until then ends many waits of the server, and each of the next ones is until this moment, and not for a whole grace again.");
        let clock = ManualClock::new();
        let (addr, stop, running) = serving(lab, &clock, FIVE_SECONDS);
        let client = lab.connect_as("client A", addr);
        client.sends_labelled("half a frame", &frame(b"hello")[..6]);
        running.settles();
        lab.you("stop()", || stop.stop());
        running.settles();
        refuses(lab, addr);
        clock.advance(FIVE_SECONDS - Duration::from_millis(5));
        lab.note("all of the grace passes but 5 ms");
        let rest = [&frame(b"hello")[6..], &frame(b"again")[..6]].concat();
        client.sends_labelled("the other half, and half of the next frame", &rest);
        client.expects_frame("hello");
        clock.advance(Duration::from_millis(5));
        lab.note("5 ms pass, and nobody wakes the server");
        client.expects_eof();
        reports(lab, running, (0, 0, 1));
    });
}

#[test]
fn s7_no_grace_at_all() {
    lab(|lab| {
        lab.why("With a grace of zero, who is in the middle of a request is cut off at once. Who is at rest has no need of a grace: he is served, and not cut off.");
        let (addr, stop, running) = serving(lab, &ManualClock::new(), Duration::ZERO);
        let resting = lab.connect_as("client A", addr);
        resting.sends_frame("hello");
        resting.expects_frame("hello");
        let busy = ["client B", "client C"].map(|name| {
            let client = lab.connect_as(name, addr);
            client.sends_frame("hello");
            client.expects_frame("hello");
            client.sends_labelled("half a frame", &frame(b"again")[..6]);
            client
        });
        running.settles();
        lab.you("stop()", || stop.stop());
        resting.expects_eof();
        for client in &busy {
            client.expects_eof();
        }
        reports(lab, running, (1, 0, 2));
    });
}

#[test]
fn s7_a_grace_without_an_end() {
    lab(|lab| {
        lab.why("Duration::MAX is a grace without an end. Added to the clock it must not overflow, and it is not over at once.");
        let clock = ManualClock::new();
        clock.advance(Duration::from_secs(100));
        let (addr, stop, running) = serving(lab, &clock, Duration::MAX);
        let client = lab.connect_as("client A", addr);
        client.sends_labelled("half a frame", &frame(b"hello")[..6]);
        running.settles();
        lab.you("stop()", || stop.stop());
        running.settles();
        refuses(lab, addr);
        clock.advance(Duration::from_secs(20));
        client.sends_labelled("the other half", &frame(b"hello")[6..]);
        client.expects_frame("hello");
        client.expects_eof();
        reports(lab, running, (1, 0, 0));
    });
}

#[test]
fn s7_limits_hold_within_the_grace() {
    lab(|lab| {
        lab.why("A client in the middle of its request has 30 seconds for it (Limits::patience), also while the server waits for it. It counts as failed then.");
        let clock = ManualClock::new();
        let (addr, stop, running) = serving(lab, &clock, Duration::from_secs(1000));
        let client = lab.connect_as("client A", addr);
        client.sends_labelled("half a frame", &frame(b"hello")[..6]);
        running.settles();
        lab.you("stop()", || stop.stop());
        running.settles();
        refuses(lab, addr);
        lab.note("30 s pass, and the server is woken");
        clock.advance(Duration::from_secs(30));
        lab.you("stop() once more", || stop.stop());
        client.expects_eof();
        reports(lab, running, (0, 1, 0));
    });
}

#[test]
fn s7_nothing_is_left_behind() {
    alone(|lab| {
        lab.why("serve has returned. All that the server had is gone: connections, the listening socket, what it was told events by.");
        let (addr, stop, running) = serving(lab, &ManualClock::new(), Duration::ZERO);
        let client = lab.connect_as("client A", addr);
        client.sends_labelled("half a frame", &frame(b"hello")[..6]);
        running.settles();
        lab.you("stop()", || stop.stop());
        running.returns_ok();
        client.expects_eof();
        // The handle of the waker goes with it.
        drop(stop);
    });
}

#[test]
fn s7_a_bad_round_ends_it() {
    lab(|lab| {
        lab.why("The listening socket is broken, and a round says so. There is nothing more to serve: the error is passed on, as it is.");
        if !cfg!(target_os = "linux") {
            lab.skip("Linux, where a listening socket can be shut down");
        }
        let (listener, _addr) = listener();
        let twin = listener.try_clone().expect("another handle");
        let server = lab.ok("Server::new(listener, protocol, clock, limits)", || {
            Server::new(
                listener,
                NoQuestions::default(),
                Hand(ManualClock::new()),
                LIMITS,
            )
        });
        let stop = lab.you("Stop::new(waker)", || Stop::new(server.waker()));
        let running = lab.student("serve(server, stop, 5s)", move || {
            serve(server, &stop, FIVE_SECONDS)
        });
        running.settles();
        socket2::SockRef::from(&twin)
            .shutdown(std::net::Shutdown::Both)
            .expect("shutdown");
        lab.note("the listening socket is shut down");
        match running.returns() {
            Ok(report) => lab.fails("an error of serve", format!("Ok({report:?})")),
            Err(error) => lab.same(
                "the kind of the error",
                error.kind(),
                std::io::ErrorKind::InvalidInput,
            ),
        }
    });
}

const ORDER: &str = "serve and the host have their order; the options may stand anywhere, and of one that is repeated the last counts. -h or --help asks for help, whatever else is there.";
const NUMBERS: &str = "A number is what str::parse takes for one: +81 is 81. Of an option that is repeated the last one counts.";
const HOSTS: &str = "A host is handed on as it was written. What a name means, and whether its letters' case matters, the resolver knows.";

#[test]
fn s7_arguments() {
    lab(|lab| {
        let cases = [
            ("serve 127.0.0.1", ("127.0.0.1", 1060, 10_000)),
            ("serve ::1 -p 0", ("::1", 0, 10_000)),
            ("-p 65535 serve localhost", ("localhost", 65_535, 10_000)),
            ("serve --most 1 localhost", ("localhost", 1060, 1)),
            (
                "serve localhost -p 80 -p +81 --most 7 --most +9",
                ("localhost", 81, 9),
            ),
            (
                "serve LocalHost --most 1000000",
                ("LocalHost", 1060, 1_000_000),
            ),
            ("serve --help", ("help", 0, 0)),
            ("-h", ("help", 0, 0)),
            ("serve localhost -p http --help", ("help", 0, 0)),
            ("--verbose --most -h", ("help", 0, 0)),
        ];
        for (line, (host, port, most)) in cases {
            let told = lab.because(if line.contains('+') {
                NUMBERS
            } else if line.contains("LocalHost") {
                HOSTS
            } else {
                ORDER
            });
            let got = told.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            let got = match got {
                Asked::Help => ("help".to_owned(), 0, 0),
                Asked::Serve(serve) => (serve.host, serve.port, serve.limits.most),
            };
            told.same("host, port and most", got, (host.to_owned(), port, most));
        }
        lab.why("--patience and --grace take milliseconds, and what is not given is LIMITS and GRACE. These are numbers of 64 bits: 50 days are no mistake.");
        let cases = [
            ("serve localhost", [30_000, 5000]),
            ("serve localhost --patience 1", [1, 5000]),
            ("--grace 0 serve localhost", [30_000, 0]),
            (
                "--patience 20 serve --grace 40 localhost --grace +35 --patience 50",
                [50, 35],
            ),
            (
                "serve localhost --grace 4294967296 --patience 4294967297",
                [1 << 32 | 1, 1 << 32],
            ),
        ];
        for (line, want) in cases {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            let Asked::Serve(serve) = got else {
                lab.fails("a server", "help");
            };
            let got = [serve.limits.patience, serve.grace];
            lab.same("patience and grace", got, want.map(Duration::from_millis));
        }
    });
}

#[test]
fn s7_wrong_arguments() {
    lab(|lab| {
        lab.why("A server for nobody, a port of 17 bits: what cannot be meant is told to the person at once, before anything touches the network.");
        let cases = [
            "",
            "serve",
            "server 127.0.0.1",
            "SERVE 127.0.0.1",
            "Serve 127.0.0.1",
            "127.0.0.1 serve",
            "serve 127.0.0.1 localhost",
            "serve 127.0.0.1 -p",
            "serve 127.0.0.1 -p 65536",
            "serve 127.0.0.1 -p -1",
            "serve 127.0.0.1 -p 80/tcp",
            "serve 127.0.0.1 --port 80",
            "serve 127.0.0.1 -p80",
            "serve 127.0.0.1 --most 0",
            "serve 127.0.0.1 --most",
            "serve 127.0.0.1 --most many",
            "serve 127.0.0.1 --most=4",
            "serve 127.0.0.1 --patience 0",
            "serve 127.0.0.1 --patience 1.5",
            "serve 127.0.0.1 --patience 5s",
            "serve 127.0.0.1 --grace -1",
            "serve 127.0.0.1 --grace",
            "serve 127.0.0.1 --",
            "serve -",
            "serve 127.0.0.1 -",
            "serve 127.0.0.1 --verbose",
            "serve 127.0.0.1 --help=all",
            "help",
        ];
        lab.refuses_arguments(&cases, parse_args);
        lab.why("What is wrong is told in one line, also where the argument has more than one: print it as {:?} does.");
        for (option, value) in [("-p", "8\n0"), ("--most", "8\n0"), ("--verb\nose", "")] {
            let args = ["serve", "127.0.0.1", option, value].map(String::from);
            let wrong = lab.err(&format!("parse_args({args:?})"), || parse_args(&args));
            let lines = wrong.trim_end().lines().count();
            lab.same(&format!("lines of {wrong:?}"), lines, 1);
        }
        lab.why("A number is what str::parse takes for one. A blank before it or behind it is no part of a number: it shows that the line was put together wrongly.");
        for option in ["-p", "--most", "--patience", "--grace"] {
            for value in [" 80", "80 ", "\t80", ""] {
                let args = ["serve", "127.0.0.1", option, value].map(String::from);
                lab.err(&format!("parse_args({args:?})"), || parse_args(&args));
            }
        }
    });
}

#[test]
fn s7_help_and_wrong_arguments() {
    lab(|lab| {
        lab.why("Help that was asked for is a result: standard output, exit code 0. Usage after a mistake is a complaint: standard error, exit code 2.");
        let end = lab.program(PROGRAM, &["--help"]).exits();
        lab.same("exit code of --help", end.code, Some(0));
        contains(lab, "standard output", &end.stdout, "--patience");
        let end = lab
            .program(PROGRAM, &["serve", "127.0.0.1", "--most", "none"])
            .exits();
        lab.same("exit code of --most none", end.code, Some(2));
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
fn s7_a_taken_port_is_exit_1() {
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
fn s7_one_thread_serves_them_all() {
    lab(|lab| {
        lab.why("Fifty clients are there at the same time, and each is answered. One thread serves them; a second one may wait for signals.");
        let (server, addr) = server(lab, &[]);
        let clients: Vec<_> = (0..50)
            .map(|_| TcpStream::connect(addr).expect("a listening socket"))
            .collect();
        lab.note("50 clients connect");
        let hello = frame(b"hello");
        for mut client in clients.iter().rev() {
            client.write_all(&hello).expect("an open connection");
            let mut reply = [0; 9];
            let patience = Some(Duration::from_secs(2));
            client.set_read_timeout(patience).expect("a limit");
            let got = client.read_exact(&mut reply).map_err(|error| error.kind());
            lab.same("a client's reading", got, Ok(()));
            lab.same_bytes("its echo", &reply, &hello);
        }
        if cfg!(target_os = "linux") {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", server.id()));
            let threads = tasks.map_or(0, Iterator::count);
            lab.holds(threads <= 2, "two threads of the program at most", threads);
        }
    });
}

#[test]
fn s7_eight_hostile_clients() {
    lab(|lab| {
        lab.why("All eight are there at the same time, and most of them stay. None may cost another client its answer.");
        let (_server, addr) = server(lab, &[]);
        let present: Vec<_> = hostile::CLIENTS
            .iter()
            .map(|client| client.comes(lab, addr))
            .collect();
        lab.gets_an_echo("client A", addr);
        lab.gets_an_echo("client B", addr);
        drop(present);
    });
}

#[test]
fn s7_a_server_without_requests_sleeps() {
    lab(|lab| {
        lab.why("At night nobody says anything. One client is connected, another has sent half of a frame. The server waits in a call that blocks. A program that looks at a flag every few milliseconds keeps the machine awake.");
        // No limit of a client is a reason to wake.
        let hours = (10 * 3_600_000).to_string();
        let (server, addr) = server(lab, &["--patience", &hours]);
        let _silent = lab.connect_as("client A", addr);
        let slow = lab.connect_as("client B", addr);
        slow.sends_labelled("half a frame", &frame(b"again")[..6]);
        lab.gets_an_echo("client C", addr);
        server.rests_until_woken("a client sends something, or a signal comes");
    });
}

#[test]
fn s7_the_program_has_the_limits_it_is_told() {
    lab(|lab| {
        lab.scene("--patience 40");
        lab.why("Client A says nothing, client B sends a byte now and then. Neither completes a frame within 40 ms.");
        let (_server, addr) = server(lab, &["--patience", "40"]);
        let silent = lab.connect_as("client A", addr);
        let slow = lab.connect_as("client B", addr);
        slow.sends_labelled("announces 65536 bytes", &65_536_u32.to_be_bytes());
        lab.until(
            "client B's connection to be closed",
            || slow.stream().write(b".").is_ok(),
            |still_there| !still_there,
        );
        silent.sees_fin();

        for most in [1, 2] {
            lab.scene(format!("--most {most}"));
            lab.why("So many are there and have been served. One more has asked: it gets its answer when one of them has left, and not before.");
            let number = most.to_string();
            let (server, addr) = server(lab, &["--most", &number]);
            let mut here: Vec<TcpPeer> = (0..most)
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
            lab.same(
                "whether client A has an answer",
                super::rounds::has_something(&waiting),
                false,
            );
            here.pop();
            lab.note("a silent client leaves");
            waiting.expects_frame("hello");
        }
    });
}

#[test]
fn s7_the_program_serves_at_an_ipv6_address() {
    lab(|lab| {
        lab.why("A host may be an IPv6 address. With a port it is printed in brackets, as SocketAddr does.");
        if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
            lab.skip("this machine cannot listen at ::1");
        }
        let (_server, addr) = ready(lab, lab.program(PROGRAM, &["serve", "::1", "-p", "0"]));
        lab.gets_an_echo("client A", addr);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose queue has an exact length"
)]
fn s7_the_kernels_queue_has_its_length() {
    lab(|lab| {
        lab.why("One client is served, and no other is accepted: the others wait in the kernel's queue. It has BACKLOG places, and Linux admits one more than it is told (listen(2)).");
        let (_server, addr) = server(lab, &["--most", "1"]);
        let silent = lab.connect_as("client A", addr);
        silent.sends_frame("hello");
        silent.expects_frame("hello");
        // On loopback a client is in the queue at once, or its SYN was dropped.
        let clients: Vec<_> = (0..BACKLOG + 100)
            .map(|_| begins_to_connect(addr))
            .collect();
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

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals the test can send")]
fn s7_ctrl_c_ends_the_program() {
    lab(|lab| {
        for signal in [interrupt(), "TERM"] {
            lab.why("A client is at rest, and the program is told to stop. It ends by itself, says what it did, and its exit code says that nothing went wrong.");
            let (server, addr) = server(lab, &[]);
            lab.gets_an_echo("client A", addr);
            let torn = lab.connect_as("client B", addr);
            torn.sends_labelled("half a frame", &frame(b"again")[..6]);
            torn.half_closes();
            torn.expects_eof();
            let resting = lab.connect_as("client C", addr);
            resting.sends_frame("hello");
            resting.expects_frame("hello");
            server.gets(signal);
            resting.expects_eof();
            let end = server.exits();
            lab.same("exit code", end.code, Some(0));
            last_line(lab, &end.stdout, "served 2, failed 1, cut off 0");
        }
    });
}

fn last_line(lab: &Lab, stdout: &str, want: &str) {
    let last = stdout.lines().last().unwrap_or_default().to_owned();
    lab.because("The last line is the score: the numbers of the Report.")
        .same("the last line", last, want.to_owned());
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals the test can send")]
fn s7_ctrl_c_lets_a_request_finish() {
    lab(|lab| {
        lab.why("Half of a request is here when Ctrl-C comes. Its client has done nothing wrong: it may send the other half, and gets its answer.");
        let (server, addr) = server(lab, &[]);
        let client = lab.connect_as("client A", addr);
        client.sends_frame("hello");
        client.expects_frame("hello");
        client.sends_labelled("half a frame", &frame(b"again")[..6]);
        server.settles();
        server.is_interrupted();
        refuses(lab, addr);
        client.sends_labelled("the other half", &frame(b"again")[6..]);
        client.expects_frame("again");
        client.expects_eof();
        let end = server.exits();
        lab.same("exit code", end.code, Some(0));
        contains(lab, "standard output", &end.stdout, "cut off 0");
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals the test can send")]
fn s7_the_programs_grace_has_an_end() {
    lab(|lab| {
        lab.why("A client is in the middle of its frame, and does not go on. The program waits for the grace that it was told, 20 ms here. Then it cuts the client off, ends in good order, and the score says so.");
        let (server, addr) = server(lab, &["--grace", "20"]);
        let client = lab.connect_as("client A", addr);
        client.sends_frame("hello");
        client.expects_frame("hello");
        client.sends_labelled("half a frame", &frame(b"again")[..6]);
        server.settles();
        server.is_interrupted();
        let end = server.exits();
        lab.same("exit code", end.code, Some(0));
        last_line(lab, &end.stdout, "served 0, failed 0, cut off 1");
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals the test can send")]
fn s7_a_second_signal_ends_the_program_at_once() {
    lab(|lab| {
        lab.why("A client keeps the server within its grace of five seconds. A person who presses Ctrl-C a second time does not want to wait for that. Not everybody was served to the end, and the exit code says so.");
        let (server, addr) = server(lab, &[]);
        let client = lab.connect_as("client A", addr);
        client.sends_labelled("half a frame", &frame(b"again")[..6]);
        server.settles();
        server.is_interrupted();
        refuses(lab, addr);
        server.gets("TERM");
        lab.same("exit code", server.exits().code, Some(1));
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals the test can send")]
fn s7_nobody_reads_the_score() {
    lab(|lab| {
        lab.why("`ch16 serve … | head -1` reads one line and leaves. Then the program is told to stop, and prints its score to nobody. println! panics there. That nobody listens is no failure of the server.");
        let (output, input) = std::io::pipe().expect("a pipe");
        let args = ["serve", "127.0.0.1", "-p", "0"];
        let server = lab.program_into(input.into(), PROGRAM, &args);
        let mut line = String::new();
        let _ = BufReader::new(output).read_line(&mut line);
        lab.note(format!("the program prints {line:?}, and nobody reads on"));
        if !line.is_empty() {
            server.is_interrupted();
        }
        let end = server.exits();
        lab.same("exit code", end.code, Some(0));
        lab.same("standard error", end.stderr, String::new());
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose /dev/full takes nothing"
)]
fn s7_an_address_that_nobody_learns() {
    lab(|lab| {
        lab.why("Standard output takes nothing, so nobody learns at which port the server listens: a disk is full, or the script that started it is gone. The program says so and ends, with exit code 1. println! panics there.");
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("/dev/full");
        let args = ["serve", "127.0.0.1", "-p", "0"];
        let end = lab.program_into(full.into(), PROGRAM, &args).exits();
        lab.same("exit code", end.code, Some(1));
        lab.holds(
            !end.stderr.trim().is_empty(),
            "a word on standard error",
            "nothing",
        );
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose /dev/full takes nothing"
)]
fn s7_help_that_nobody_gets() {
    lab(|lab| {
        lab.why("Standard output takes nothing, so whoever asked for help has none: that has failed, and it is said in a line. println! panics there, and the exit code is the panic's (101).");
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("/dev/full");
        let end = lab.program_into(full.into(), PROGRAM, &["--help"]).exits();
        lab.same("exit code", end.code, Some(1));
        lab.holds(
            !end.stderr.trim().is_empty(),
            "a word on standard error",
            "nothing",
        );
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where all of 127.0.0.0/8 is this machine"
)]
fn s7_it_listens_where_it_is_told() {
    lab(|lab| {
        for (host, other) in [("127.0.0.1", "127.0.0.2"), ("127.0.0.2", "127.0.0.1")] {
            lab.scene(format!("serve {host}"));
            lab.why("A server listens at the address that it is told, and at no other one of this machine. Who says 127.0.0.1 means: nobody from outside.");
            let args = ["serve", host, "-p", "0"];
            let (_server, addr) = ready(lab, lab.program(PROGRAM, &args));
            lab.same("the address", addr.ip().to_string(), host.to_owned());
            lab.gets_an_echo("client A", addr);
            let elsewhere = TcpStream::connect((other, addr.port())).is_ok();
            lab.same(&format!("whether {other} is served"), elsewhere, false);
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose namespaces give a program a file of names of its own"
)]
fn s7_the_first_address_that_works_is_taken() {
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
fn s7_an_unknown_host_is_exit_1() {
    lab(|lab| {
        // There is no name server in it.
        let alone = lab.own_network(":");
        lab.why("No machine has this name (RFC 6761, section 6.4), so there is no address to listen at. That is a failure of the network, and the user must be told of which name.");
        let serve = ["serve", "nobody.invalid", "-p", "0"];
        let end = lab.program_after(&alone, PROGRAM, &serve).exits();
        lab.same("exit code", end.code, Some(1));
        lab.same("standard output", end.stdout, String::new());
        contains(lab, "standard error", &end.stderr, "nobody.invalid");
    });
}

#[test]
#[cfg(unix)]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows the signals that a program catches"
)]
fn s7_signals_are_caught_before_the_address_is_printed() {
    lab(|lab| {
        // A program that is still to do says so here.
        drop(server(lab, &[]));
        lab.why("Whoever reads the address may send the signal at once. A program that prints first and catches the signal afterwards dies of it now and then. Here its standard output takes nothing yet, so the program stands at the line with its address: by then the signals must be caught.");
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
    not(unix),
    ignore = "needs Unix, where a shell limits a program's descriptors"
)]
fn s7_out_of_descriptors_is_not_the_end() {
    lab(|lab| {
        lab.why("The program may have 24 descriptors, and 40 silent clients come. accept fails with EMFILE. The server sleeps meanwhile, and when some have left it accepts those who waited.");
        let args = ["serve", "127.0.0.1", "-p", "0"];
        let (server, addr) = ready(lab, lab.program_after("ulimit -n 24", PROGRAM, &args));
        let mut silent: Vec<TcpPeer> = (0..40).map(|_| lab.connect_as("silent", addr)).collect();
        lab.note("40 clients are connected and say nothing");
        if cfg!(target_os = "linux") {
            let descriptors = format!("/proc/{}/fd", server.id());
            let open = || std::fs::read_dir(&descriptors).map_or(0, Iterator::count);
            let told = lab.because("Each client takes one descriptor, until no more is left. If the number stops before, the loop does not accept any more.");
            told.until("24 descriptors in use by the program", open, |open| {
                *open >= 24
            });
        }
        lab.because("No descriptor is left, and that stays so until somebody leaves. A loop that tries again at once keeps a processor busy.")
            .same("whether the program comes to rest", server.settles(), true);
        let last = silent.pop().expect("a client");
        last.sends_frame("hello");
        drop(silent);
        lab.note("all but the last of them leave");
        last.expects_frame("hello");
        lab.gets_an_echo("client A", addr);
        drop(last);
        if cfg!(target_os = "linux") {
            server.is_interrupted();
            let end = server.exits();
            lab.same("exit code", end.code, Some(0));
            lab.because("41 clients came, and each of them left in good order. An accept that failed is nobody's connection.");
            last_line(lab, &end.stdout, "served 41, failed 0, cut off 0");
        }
    });
}

/// Waits until connections to `addr` are refused.
fn refuses(lab: &Lab, addr: SocketAddr) {
    lab.until(
        &format!("connections to {addr} to be refused"),
        || TcpStream::connect(addr).is_ok(),
        |connects| !connects,
    );
    lab.note("new clients are refused");
}

/// The student's server, which has said where it listens.
fn server(lab: &Lab, options: &[&str]) -> (Program, SocketAddr) {
    let mut args = vec!["serve", "127.0.0.1", "-p", "0"];
    args.extend(options);
    ready(lab, lab.program(PROGRAM, &args))
}

const ITS_ADDRESS: &str = "The first line tells the address that the server really has, so that clients can find it. With port 0 the system chooses the port, and only the listening socket knows it.";

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

fn contains(lab: &Lab, place: &str, text: &str, wanted: &str) {
    lab.holds(
        text.contains(wanted),
        format!("{place} to contain {wanted:?}"),
        format!("{text:?}"),
    );
}
