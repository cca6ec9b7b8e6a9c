//! Step 7: a server that can be told to stop.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use concurrent_server::{Client, Handler, Mode, Report, Server};
use netlab::{Lab, Running, lab};
use socket2::{Domain, Socket, Type};

use super::scene::{Trace, Turns, echo_five, handler, listener, refuses, score, talk, until};

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
const SHORT: Duration = Duration::from_millis(20);

#[test]
fn s7_serves_in_each_mode() {
    lab(|lab| {
        lab.why("Behind the same door and with the same handler, the three designs of the first steps are the same server to a client who is alone.");
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
            lab.same("cut off", report.cut_off, 0);
        }
    });
}

#[test]
fn s7_the_modes_differ_in_who_waits() {
    lab(|lab| {
        lab.why("Client A says nothing. In the modes threads and workers another thread answers client B meanwhile.");
        for mode in [MODES[1], MODES[2]] {
            let (server, addr) = serving(lab, handler(echo_five), mode);
            let silent = lab.connect_as("client A", addr);
            talk(&lab.connect_as("client B", addr), b"hello");
            talk(&silent, b"sorry");
            let report = shutdown(lab, server, LONG).returns_ok();
            score(lab, report.stats, (2, 0, 0));
        }
    });
}

#[test]
fn s7_stops_without_a_client() {
    lab(|lab| {
        lab.why("Nobody has come, and nobody will. A server that looks at its flag only after accept would stop with the next client, which may be never.");
        for mode in MODES {
            let (server, addr) = serving(lab, handler(echo_five), mode);
            let report = shutdown(lab, server, LONG).returns_ok();
            score(lab, report.stats, (0, 0, 0));
            lab.same("cut off", report.cut_off, 0);
            refuses(lab, addr);
        }
    });
}

#[test]
fn s7_work_in_flight_finishes() {
    lab(|lab| {
        lab.picture("03-shutdown");
        in_flight(lab, MODES[2]);
    });
}

#[test]
fn s7_work_in_flight_finishes_in_the_other_modes() {
    lab(|lab| {
        in_flight(lab, MODES[0]);
        in_flight(lab, MODES[1]);
    });
}

fn in_flight(lab: &Lab, mode: Mode) {
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
    let stopping = shutdown(lab, server, LONG);
    stopping.settles();
    refuses(lab, addr);
    gate.opens();
    client.expects(b"hello");
    client.expects_eof();
    let report = stopping.returns_ok();
    // Who came before the door was shut may have been counted too.
    lab.same("served", report.stats.served, 1);
    lab.same("cut off", report.cut_off, 0);
}

#[test]
fn s7_the_queue_is_work_too() {
    lab(|lab| {
        lab.why("Client B was let in and waits for the only worker. It is within the grace, so it gets its turn: to be let in was a promise.");
        let gate = lab.gate("the handler's gate");
        let inside = gate.clone();
        let handler = handler(move |client: &Client| {
            inside.waits();
            echo_five(client)
        });
        let mode = Mode::Workers {
            workers: 1,
            queue: 1,
        };
        let (server, addr) = serving(lab, handler, mode);
        let first = lab.connect_as("client A", addr);
        gate.expects_arrivals(1);
        let second = lab.connect_as("client B", addr);
        // When C is turned away, B is in the queue.
        lab.connect_as("client C", addr).sees_fin();
        let stopping = shutdown(lab, server, LONG);
        stopping.settles();
        gate.opens();
        talk(&first, b"hello");
        talk(&second, b"hello");
        let report = stopping.returns_ok();
        score(lab, report.stats, (2, 0, 1));
        lab.same("cut off", report.cut_off, 0);
    });
}

#[test]
#[cfg_attr(
    windows,
    ignore = "needs a system whose shutdown() wakes a blocked read"
)]
fn s7_grace_then_force() {
    lab(|lab| {
        lab.why("Client A says nothing and never leaves. When the grace is over its connection is ended in both directions: the handler wakes in read with the end of the stream, and the server can stop.");
        for mode in MODES {
            let (handler, trace) = noting(echo_five);
            let (server, addr) = serving(lab, handler, mode);
            let stuck = lab.connect_as("client A", addr);
            stuck.sends(b"hel");
            until(lab, "client A to be served", || trace.count("begins") == 1);
            let report = shutdown(lab, server, SHORT).returns_ok();
            stuck.sees_fin();
            lab.same("cut off", report.cut_off, 1);
            refuses(lab, addr);
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
        lab.why("The only worker is held by A, who is cut off when the grace is over. The worker is free now, and B and C come out of the queue. Their time is over too: a conversation that begins now would have no end.");
        let (handler, trace) = noting(echo_five);
        let mode = Mode::Workers {
            workers: 1,
            queue: 2,
        };
        let (server, addr) = serving(lab, handler, mode);
        let first = lab.connect_as("client A", addr);
        until(lab, "client A to be served", || trace.count("begins") == 1);
        let waiting = ["client B", "client C"].map(|name| lab.connect_as(name, addr));
        // When D is turned away, B and C are in the queue.
        lab.connect_as("client D", addr).sees_fin();
        let report = shutdown(lab, server, SHORT).returns_ok();
        first.sees_fin();
        for client in &waiting {
            client.sees_fin();
        }
        lab.same("conversations that began", trace.count("begins"), 1);
        lab.same("cut off", report.cut_off, 3);
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
        lab.same("cut off", report.cut_off, 0);
    });
}

#[test]
fn s7_a_panic_ends_one_conversation() {
    lab(|lab| {
        lab.why("A handler panics for client A. Client B comes later and is served, in each mode: also where the handler runs on the very thread that accepts.");
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
            let (server, addr) = serving(lab, handler, mode);
            let first = lab.connect_as("client A", addr);
            first.sends(b"panic");
            first.expects_eof();
            talk(&lab.connect_as("client B", addr), b"hello");
            let report = shutdown(lab, server, LONG).returns_ok();
            score(lab, report.stats, (1, 1, 0));
        }
    });
}

#[test]
fn s7_mode_threads_keeps_its_limit() {
    lab(|lab| {
        lab.why("Mode::Threads { max: 2 }: twenty clients are there, and two are served. The third is served when one of them has left. More than two at a time are no limit at all.");
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
        lab.why("This socket does not listen: accept fails with EINVAL, and the server is at its end before anybody told it to stop. Its owner can hear so from shutdown, and from nobody else.");
        for mode in MODES {
            let mut start = Duration::from_millis(1);
            until(lab, "shutdown() to return the error of accept", || {
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
    lab.student(&format!("shutdown({grace:?})"), move || {
        server.shutdown(grace)
    })
}
