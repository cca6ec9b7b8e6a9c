//! Step 7: a server that can be told to stop.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use concurrent_server::{Client, Handler, MOST_WORKERS, Mode, Report, Server};
use netlab::{Lab, Running, alone, lab};
use socket2::{Domain, Socket, Type};

use super::scene::{
    A_DOZEN_THREADS, LET_GO, Trace, Turns, echo_five, handler, listener, printed, refuses, score,
    talk, threads, threads_beyond, until,
};

const MODES: [Mode; 3] = [
    Mode::Iterative,
    Mode::Threads { max: 4 },
    Mode::Workers {
        workers: 4,
        queue: 4,
    },
];

/// More than a test has: who needs it all is overdue.
const LONG: Duration = Duration::from_secs(60);

/// Real time, but nothing that could be late depends on it.
const SHORT: Duration = Duration::from_millis(10);

#[test]
fn s7_serves_in_each_mode() {
    // Alone, so that what a server leaves behind is seen: a thread, a descriptor.
    alone(|lab| {
        lab.why("Behind the same acceptor and with the same handler, the three designs of the first steps are the same server for a single client.");
        for mode in MODES {
            let (server, addr) = serving(lab, handler(echo_five), mode);
            lab.same(
                "the server's address",
                lab.you("addr()", || server.addr()),
                addr,
            );
            for name in ["client A", "client B"] {
                talk(&lab.connect_as(name, addr), b"hello");
            }
            let report = shutdown(lab, server, LONG).returns_ok();
            score(lab, report.stats, (2, 0, 0));
            cut_off(lab, &report, 0);
        }
    });
}

#[test]
fn s7_the_modes_differ_in_who_waits() {
    // Alone, so that threads of any name are seen.
    alone(|lab| {
        lab.why("Client A says nothing. In the modes threads and workers another thread answers client B meanwhile.");
        for mode in [MODES[1], MODES[2]] {
            let (server, addr) = serving(lab, handler(echo_five), mode);
            let silent = lab.connect_as("client A", addr);
            talk(&lab.connect_as("client B", addr), b"hello");
            talk(&silent, b"sorry");
            let report = shutdown(lab, server, LONG).returns_ok();
            score(lab, report.stats, (2, 0, 0));
        }
        if cfg!(windows) {
            return; // whose shutdown() does not wake A's read
        }
        lab.scene("Iterative");
        lab.why("In the mode iterative no thread does: B waits in the kernel's queue, and is accepted when A has gone. The server is told to stop before that, so B was never accepted. It has no conversation, and nothing of it is cut off.");
        let (handler, trace) = noting(echo_five);
        let (server, addr) = serving(lab, handler, MODES[0]);
        let silent = lab.connect_as("client A", addr);
        until(lab, "client A to be served", || trace.count("begins") == 1);
        let waiting = lab.connect_as("client B", addr);
        waiting.sends(b"hello");
        lab.settles();
        let report = shutdown(lab, server, SHORT).returns_ok();
        lab.same("conversations that began", trace.count("begins"), 1);
        lab.same("cut off", report.cut_off, 1);
        score(lab, report.stats, (0, 1, 0));
        silent.sees_fin();
        waiting.sees_fin();
    });
}

#[test]
fn s7_stops_without_a_client() {
    lab(|lab| {
        lab.why("No client has come, and none will. A server that checks its flag only after accept would stop with the next client, which may never come.");
        for (mode, grace) in MODES.into_iter().zip([LONG, Duration::ZERO, Duration::MAX]) {
            let (server, addr) = serving(lab, handler(echo_five), mode);
            let report = shutdown(lab, server, grace).returns_ok();
            score(lab, report.stats, (0, 0, 0));
            cut_off(lab, &report, 0);
            refuses(lab, addr);
        }
    });
}

#[test]
fn s7_work_in_flight_finishes() {
    lab(|lab| {
        lab.picture("03-shutdown");
        in_flight(lab, MODES[2], LONG);
    });
}

#[test]
fn s7_work_in_flight_finishes_in_the_other_modes() {
    lab(|lab| {
        in_flight(lab, MODES[0], Duration::MAX);
        // 2^32 ms.
        in_flight(lab, MODES[1], Duration::from_millis(1 << 32));
    });
}

fn in_flight(lab: &Lab, mode: Mode, grace: Duration) {
    lab.why("The request is here and the answer is on its way when the server is told to stop. New clients are refused from now on; this one gets its answer and a clean end.");
    let gate = lab.gate("the handler's gate");
    let inside = gate.clone();
    let handler = handler(move |client: &Client| {
        inside.waits();
        echo_five(client)
    });
    let (server, addr) = serving(lab, handler, mode);
    let client = lab.connect_as("client A", addr);
    client.sends(b"hello");
    gate.expects_arrivals(1);
    let stopping = shutdown(lab, server, grace);
    stopping.settles();
    refuses(lab, addr);
    gate.opens();
    client.expects(b"hello");
    client.expects_eof();
    let report = stopping.returns_ok();
    // Who came before the acceptor was shut may have been counted too.
    lab.same("served", report.stats.served, 1);
    cut_off(lab, &report, 0);
}

#[test]
fn s7_a_grace_may_be_less_than_a_second() {
    lab(|lab| {
        lab.why("The grace is 900 ms, and the conversation ends as soon as the port refuses. A grace that is cut to whole seconds is none.");
        let grace = Duration::from_millis(900);
        // On a busy machine 900 ms may go by between two lines of this test. Not five times.
        let cut_off = (0..5).all(|_| {
            lab.scene("one conversation, and a shutdown");
            let gate = lab.gate("the handler's gate");
            let inside = gate.clone();
            let waits = handler(move |_: &Client| {
                inside.waits();
                Ok(())
            });
            let (server, addr) = serving(lab, waits, MODES[1]);
            let _client = lab.connect_as("client A", addr);
            gate.expects_arrivals(1);
            let stopping = shutdown(lab, server, grace);
            // Who gives no grace has cut the client off by now.
            stopping.settles();
            refuses(lab, addr);
            gate.opens();
            stopping.returns_ok().cut_off > 0
        });
        lab.holds(
            !cut_off,
            "no client to be cut off, in one of five tries",
            "the conversation was cut off each time",
        );
    });
}

#[test]
fn s7_the_queue_is_work_too() {
    lab(|lab| {
        lab.why("Two clients A are served. Client B was let in and waits for one of the two workers. It is within the grace, so it gets its turn: to be let in was a promise.");
        let gate = lab.gate("the handler's gate");
        let inside = gate.clone();
        let handler = handler(move |client: &Client| {
            inside.waits();
            echo_five(client)
        });
        let mode = Mode::Workers {
            workers: 2,
            queue: 1,
        };
        let (server, addr) = serving(lab, handler, mode);
        let first = [1, 2].map(|nth| {
            let client = lab.connect_as("clients A", addr);
            gate.expects_arrivals(nth);
            client
        });
        let second = lab.connect_as("client B", addr);
        // When C is turned away, B is in the queue.
        lab.connect_as("client C", addr).sees_fin();
        let stopping = shutdown(lab, server, LONG);
        stopping.sleeps("the conversations have ended");
        gate.opens();
        for client in first.iter().chain([&second]) {
            talk(client, b"hello");
        }
        let report = stopping.returns_ok();
        score(lab, report.stats, (3, 0, 1));
        cut_off(lab, &report, 0);
    });
}

#[test]
#[cfg_attr(
    windows,
    ignore = "needs a system whose shutdown() wakes a blocked read"
)]
fn s7_grace_then_force() {
    lab(|lab| {
        let many = Mode::Threads { max: 40 };
        for (mode, clients) in [(MODES[0], 1), (many, 40), (MODES[2], 3)] {
            for grace in [SHORT, Duration::ZERO] {
                lab.scene(format!("{mode:?}, {clients} stuck, a grace of {grace:?}"));
                let (handler, trace) = noting(echo_five);
                let (server, addr) = serving(lab, handler, mode);
                let stuck: Vec<_> = (0..clients)
                    .map(|_| lab.connect_as("stuck", addr))
                    .collect();
                for client in &stuck {
                    client.sends(b"hel");
                }
                until(lab, &format!("{clients} to be served"), || {
                    trace.count("begins") == clients
                });
                lab.why("The clients say nothing more and never leave. When the grace is over each of their connections is ended in both directions: the handlers wake in read with the end of the stream, and the server can stop.");
                let told = lab.because(format!("{clients} conversations had not ended when the grace was over, and each connection is hung up on. Does your list hold every one of them, for as long as it talks? (`let _ = …` drops at once. Two clients of one machine have the same IP address.)"));
                let report = shutdown(&told, server, grace).returns_ok();
                for client in &stuck {
                    client.sees_fin();
                }
                cut_off(lab, &report, clients as u64);
                score(lab, report.stats, (0, clients as u64, 0));
                refuses(lab, addr);
            }
        }
    });
}

#[test]
#[cfg_attr(
    windows,
    ignore = "needs a system whose shutdown() wakes a blocked write"
)]
fn s7_force_ends_a_handler_that_writes() {
    lab(|lab| {
        lab.why("This client never reads, so its handler waits in write. The connection is ended in both directions: ending only the reading half does not wake the handler.");
        for mode in MODES {
            let (handler, trace) = noting(|client: &Client| {
                loop {
                    client.stream().write_all(&[b'x'; 65_536])?;
                }
            });
            let (server, addr) = serving(lab, handler, mode);
            let _stuck = lab.connect_as("client A", addr);
            until(lab, "client A to be served", || trace.count("begins") == 1);
            let report = shutdown(lab, server, Duration::ZERO).returns_ok();
            cut_off(lab, &report, 1);
        }
    });
}

#[test]
#[cfg_attr(
    windows,
    ignore = "needs a system whose shutdown() wakes a blocked read"
)]
fn s7_force_finds_all_who_are_there() {
    lab(|lab| {
        for mode in [MODES[1], MODES[2]] {
            lab.scene(format!("{mode:?}"));
            lab.why("A and B come, A leaves, C comes. The list of present clients must still have B and C. A number for the new one that is the length of the list is B's number already; and C may have B's port, at another address, or B's address.");
            let (handler, trace) = noting(echo_five);
            let (server, addr) = serving(lab, handler, mode);
            let come = |name: &str, nth: usize| {
                let client = lab.connect_as(name, addr);
                until(lab, &format!("{name} to be served"), || {
                    trace.count("begins") == nth
                });
                client
            };
            let first = come("client A", 1);
            let second = come("client B", 2);
            talk(&first, b"hello");
            let third = same_port(addr, second.local().port());
            lab.note("client C connects");
            until(lab, "client C to be served", || trace.count("begins") == 3);
            let stopping = shutdown(lab, server, SHORT);
            second.sees_fin();
            let read = (&third).read(&mut [0]).map_err(|error| error.kind());
            lab.same("what client C reads", read, Ok(0));
            let report = stopping.returns_ok();
            score(lab, report.stats, (1, 2, 0));
            cut_off(lab, &report, 2);
        }
    });
}

/// A client with this port, where the system has a second address of loopback: on Linux.
fn same_port(addr: SocketAddr, port: u16) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    // It may be taken, too. Then the system chooses one.
    let _ = socket.bind(&SocketAddr::from(([127, 0, 0, 2], port)).into());
    socket.connect(&addr.into()).expect("connect to loopback");
    let stream = TcpStream::from(socket);
    let patience = Some(Duration::from_secs(2));
    stream.set_read_timeout(patience).expect("a limit");
    stream
}

#[test]
fn s7_shutdown_waits_for_every_handler() {
    lab(|lab| {
        for mode in MODES {
            lab.scene(format!("{mode:?}"));
            let gate = lab.gate("the handler's gate");
            let (inside, trace) = (gate.clone(), Trace::default());
            let told = trace.clone();
            let handler = handler(move |_: &Client| {
                inside.waits();
                told.add("the handler ends");
                Ok(())
            });
            let (server, addr) = serving(lab, handler, mode);
            let client = lab.connect_as("client A", addr);
            gate.expects_arrivals(1);
            client.half_closes();
            lab.note("the handler does not look at its connection");
            let told = trace.clone();
            let stopping = lab.student("shutdown(10ms)", move || {
                let report = server.shutdown(SHORT);
                told.add("shutdown returns");
                report
            });
            lab.why("The grace is over, and this client is still there: its connection is ended.");
            client.sees_fin();
            lab.why("The connection is ended, and the handler goes on. shutdown waits for it, and does so asleep: to join a thread costs nothing, to ask every few milliseconds whether it has finished does.");
            match mode {
                Mode::Iterative => stopping.sleeps_until_woken("the handler ends"),
                // The same wait; to watch it takes a while.
                _ => drop(stopping.settles()),
            }
            gate.opens();
            let report = stopping.returns_ok();
            lab.why("Nothing can stop this handler, so shutdown waits for it. If it returned before, the program would take down what the handler still uses, and the score would be wrong.");
            let want = ["the handler ends", "shutdown returns"].map(String::from);
            lab.same("the order", trace.all(), want.to_vec());
            cut_off(lab, &report, 1);
            score(lab, report.stats, (1, 0, 0));
        }
    });
}

#[test]
#[cfg_attr(
    windows,
    ignore = "needs a system whose shutdown() wakes a blocked read"
)]
fn s7_nobody_begins_after_the_grace() {
    lab(|lab| {
        lab.why("The clients A hold the workers, and are cut off when the grace is over. Then the workers are free, and the clients B come out of the queue. Their time is over, too: a conversation that begins now would have no end. So forbid new conversations before you cut off the first one, under the same lock.");
        // Many, so that a worker is free again while others are still being cut off.
        const MANY: usize = 8;
        let mode = Mode::Workers {
            workers: MANY,
            queue: MANY,
        };
        for grace in [SHORT, Duration::ZERO] {
            lab.scene(format!(
                "{MANY} workers, {MANY} in the queue, a grace of {grace:?}"
            ));
            let (handler, trace) = noting(echo_five);
            let (server, addr) = serving(lab, handler, mode);
            let come =
                |name: &str| -> Vec<_> { (0..MANY).map(|_| lab.connect_as(name, addr)).collect() };
            let told = lab.because(format!("There is a worker for each of the clients A, and a place in the queue until he takes it. A client that is not served now was turned away: there are fewer than {MANY} workers, or fewer than {MANY} places."));
            let first = come("clients A");
            until(&told, "the clients A to be served", || {
                trace.count("begins") == MANY
            });
            let waiting = come("clients B");
            // When C is turned away, all of B are in the queue.
            lab.connect_as("client C", addr).sees_fin();
            let report = shutdown(lab, server, grace).returns_ok();
            for client in first.iter().chain(&waiting) {
                client.sees_fin();
            }
            lab.same("conversations that began", trace.count("begins"), MANY);
            cut_off(lab, &report, 2 * MANY as u64);
            let served_or_failed = report.stats.served + report.stats.failed;
            lab.same("served or failed", served_or_failed, 2 * MANY as u64);
            lab.same("turned away", report.stats.turned_away, 1);
        }
    });
}

#[test]
fn s7_nothing_is_kept_of_a_client_that_left() {
    lab(|lab| {
        lab.why("To be able to hang up on a client you keep a handle of its connection. While you keep it the connection is open: strike the client off your list when its conversation ends, however it ends.");
        let handler = handler(|client: &Client| {
            echo_five(client)?;
            panic!("the handler panics on purpose")
        });
        let (server, addr) = serving(lab, handler, MODES[1]);
        let client = lab.connect_as("client A", addr);
        talk(&client, b"hello");
        lab.connect_as("client B", addr).closes();
        let next = lab.connect_as("client C", addr);
        talk(&next, b"hello");
        let report = shutdown(lab, server, LONG).returns_ok();
        score(lab, report.stats, (0, 3, 0));
        cut_off(lab, &report, 0);
    });
}

const PANICKED: &str = "A handler panics for client A. Client B comes later and is served, in each mode: also where the handler runs on the very thread that accepts.";

#[test]
fn s7_a_panic_ends_one_conversation() {
    lab(|lab| {
        for mode in MODES {
            let handler = handler(|client: &Client| {
                let mut bytes = [0; 5];
                let mut stream = client.stream();
                stream.read_exact(&mut bytes)?;
                match &bytes {
                    b"panic" => panic!("the handler panics on purpose"),
                    _ => stream.write_all(&bytes),
                }
            });
            lab.why(PANICKED);
            let (server, addr) = serving(lab, handler, mode);
            let first = lab.connect_as("client A", addr);
            first.sends(b"panic");
            lab.why(LET_GO);
            first.expects_eof();
            lab.why(PANICKED);
            talk(&lab.connect_as("client B", addr), b"hello");
            let report = shutdown(lab, server, LONG).returns_ok();
            score(lab, report.stats, (1, 1, 0));
        }
    });
}

#[test]
fn s7_mode_threads_keeps_its_limit() {
    lab(|lab| {
        lab.why("Mode::Threads { max: 2 }: twenty clients are there, and two are served. The third is served when one of them has left. More than two at a time would be no limit.");
        const CLIENTS: usize = 20;
        let turns = Turns::new();
        let (server, addr) = serving(lab, turns.handler(), Mode::Threads { max: 2 });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| lab.connect_as("clients", addr))
            .collect();
        // Each who leaves makes room for the next one: so the server runs on, client by client, and
        // one without a limit has twenty chances to show it.
        for left in 0..CLIENTS {
            let served = CLIENTS.min(left + 2);
            until(lab, &format!("client {served} to be served"), || {
                turns.begun() >= served
            });
            turns.one_ends();
        }
        for client in &clients {
            client.expects_eof();
        }
        let most = turns.most();
        lab.holds(
            most <= 2,
            "at most 2 handlers at the same time",
            format!("{most} at the same time"),
        );
        let report = shutdown(lab, server, LONG).returns_ok();
        score(lab, report.stats, (CLIENTS as u64, 0, 0));
    });
}

#[test]
fn s7_the_servers_own_error_is_told() {
    lab(|lab| {
        lab.why("This socket does not listen: accept fails with EINVAL, and the server ends before it was told to stop. Only shutdown can report it to the owner.");
        for mode in MODES {
            let mut start = Duration::from_millis(1);
            until(lab, "shutdown() to return the error of accept", || {
                lab.scene(format!("{mode:?}"));
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
                let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                socket.bind(&any.into()).expect("bind a port of loopback");
                let server = lab.ok(
                    &format!("Server::start(a socket that does not listen, handler, {mode:?})"),
                    || Server::start(socket.into(), handler(echo_five), mode),
                );
                // Whoever is told to stop before his first accept has no error to tell. So each
                // server has more time than the one before.
                thread::park_timeout(start);
                start *= 2;
                let end = lab.you("shutdown(60s)", || server.shutdown(LONG));
                end.is_err_and(|error| error.kind() == ErrorKind::InvalidInput)
            });
        }
    });
}

#[test]
fn s7_a_server_without_workers_does_not_start() {
    lab(|lab| {
        lab.why("The pool refuses, so no client can be served. start must return the error: a server that says that it listens, but serves no client, is the worst kind.");
        let (listener, addr) = listener();
        let mode = Mode::Workers {
            workers: MOST_WORKERS + 1,
            queue: 1,
        };
        let error = lab.err(
            &format!("Server::start(listener, handler, {mode:?})"),
            || Server::start(listener, handler(echo_five), mode).map(|_| "a server"),
        );
        lab.same(
            "the kind of the error",
            error.kind(),
            ErrorKind::InvalidInput,
        );
        lab.why("The server has not started, and its listener is dropped: the port refuses.");
        refuses(lab, addr);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a shell limits a program's memory"
)]
fn s7_a_server_without_a_thread_does_not_start() {
    lab(|lab| {
        let (server, _) = serving(lab, handler(echo_five), MODES[0]);
        shutdown(lab, server, LONG).returns_ok();
        let end = lab.elsewhere(A_DOZEN_THREADS, || {
            let mut others = Vec::new();
            let mut servers = Vec::new();
            for (name, mode) in WITHOUT_A_THREAD {
                // Where a user's threads are counted, another process may make room for one.
                let (before, addr, server) = loop {
                    while let Some(other) = waits() {
                        others.push(other);
                    }
                    let before = threads();
                    let (listener, addr) = listener();
                    match Server::start(listener, handler(echo_five), mode) {
                        Err(_) => break (before, addr, "an error"),
                        Ok(_) if servers.len() == 20 => break (before, addr, "a server"),
                        Ok(server) => servers.push(server),
                    }
                };
                println!("\nServer::start, {name}: {server}");
                println!("threads left, {name}: {}", threads_beyond(before));
                let port = TcpStream::connect(addr).map_or("refuses", |_| "connects");
                println!("the port, {name}: {port}");
            }
            for server in servers {
                let _ = server.shutdown(LONG);
            }
        });
        let told = lab.because("The system has no thread for the server. thread::spawn panics there; thread::Builder gives an error, and start passes it on. Nothing of the server is left then: its port refuses.");
        for (name, ..) in WITHOUT_A_THREAD {
            printed(&told, &end, &format!("Server::start, {name}"), "an error");
            printed(&told, &end, &format!("threads left, {name}"), "0");
            printed(&told, &end, &format!("the port, {name}"), "refuses");
        }
    });
}

/// A thread that waits until what comes with it is dropped, if there is one to be had.
fn waits() -> Option<(Sender<()>, thread::JoinHandle<()>)> {
    let (end, ended) = channel();
    let wait = move || {
        let _ = ended.recv();
    };
    let thread = thread::Builder::new().spawn(wait).ok()?;
    Some((end, thread))
}

/// Servers that all need a thread.
const WITHOUT_A_THREAD: [(&str, Mode); 3] = [
    ("iterative", MODES[0]),
    ("threads", MODES[1]),
    ("workers", MODES[2]),
];

/// Demands the last number of a report.
fn cut_off(lab: &Lab, report: &Report, want: u64) {
    lab.because("cut_off says how many had not ended by themselves when the grace was over, those in the queue included. Each of them is also counted as served or failed, by what its handler returned.")
        .same("cut off", report.cut_off, want);
}

/// A handler that tells when a conversation begins.
fn noting(
    f: impl Fn(&Client) -> std::io::Result<()> + Send + Sync + 'static,
) -> (Arc<dyn Handler>, Trace) {
    let trace = Trace::default();
    let told = trace.clone();
    let handler = handler(move |client: &Client| {
        told.add("begins");
        f(client)
    });
    (handler, trace)
}

fn serving(lab: &Lab, handler: Arc<dyn Handler>, mode: Mode) -> (Server, SocketAddr) {
    let (listener, addr) = listener();
    let server = lab.ok(
        &format!("Server::start(listener, handler, {mode:?})"),
        || Server::start(listener, handler, mode),
    );
    (server, addr)
}

fn shutdown(lab: &Lab, server: Server, grace: Duration) -> Running<std::io::Result<Report>> {
    lab.if_stuck("If a thread of yours waits in accept(), the acceptor is open: close it before you wait for that thread.");
    lab.student(&format!("shutdown({grace:?})"), move || {
        server.shutdown(grace)
    })
}
