use std::net::{Ipv6Addr, TcpListener, ToSocketAddrs};
use std::process::Output;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use connection_pool::{Load, USAGE, load, load_one_of, parse_args, percentile, run as run_here};
use netlab::{Lab, words};

use super::frames::{EchoServer, lasts};
use super::timeline;

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

#[test]
fn s8_arguments() {
    netlab::lab(|lab| {
        lab.why(
            "`load` comes before the host. Options may stand anywhere, and each has a default. The words beside the options are checked at the end, so --help comes before that check.",
        );
        let help = ("help", 0, 0, 0, 0);
        let cases = [
            ("load 127.0.0.1", ("127.0.0.1", 1060, 4, 8, 100)),
            ("load localhost -p 7", ("localhost", 7, 4, 8, 100)),
            ("--pool 0 load ::1 --clients 1", ("::1", 1060, 0, 1, 100)),
            ("load --requests 5 h --pool 2 -p 0", ("h", 0, 2, 8, 5)),
            ("load h --pool 1 --pool 3", ("h", 1060, 3, 8, 100)),
            ("load load -p 65535", ("load", 65535, 4, 8, 100)),
            ("-p 1 load h -p 2", ("h", 2, 4, 8, 100)),
            ("load h --clients 5 --clients 6", ("h", 1060, 4, 6, 100)),
            ("load h --requests 5 --requests 6", ("h", 1060, 4, 8, 6)),
            (
                "load h --pool 4294967295 --clients 10000 --requests 4294967295",
                ("h", 1060, 4294967295, 10000, 4294967295),
            ),
            ("load h --clients 2", ("h", 1060, 4, 2, 100)),
            ("load h --pool 100 --requests 1", ("h", 1060, 100, 8, 1)),
            ("load --pool 3 --help", help),
            ("-h", help),
            ("--help", help),
            ("load 127.0.0.1 localhost -h", help),
            ("unload -h", help),
            ("h load --help", help),
            ("load h --help --speed 9 --pool many", help),
        ];
        for (line, want) in cases {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            let got = match &got {
                connection_pool::Command::Load { host, port, load } => {
                    (host.as_str(), *port, load.pool, load.clients, load.requests)
                }
                connection_pool::Command::Help => help,
            };
            lab.same("host, port, pool, clients, requests", got, want);
        }
    });
}

#[test]
fn s8_wrong_arguments() {
    netlab::lab(|lab| {
        lab.why("Wrong arguments are reported at once, before anything touches the network. Zero clients measure nothing, and no machine runs a million million threads.");
        lab.refuses_arguments(
            &[
                "",
                "load",
                "unload 127.0.0.1",
                "load 127.0.0.1 localhost",
                "load h -p",
                "load h -p 65536",
                "load h --pool",
                "load h --pool -1",
                "load h --pool many",
                "load h --pool 3x",
                "load h --pool 2.5",
                "load h -p 80x",
                "load -5",
                "load h --clients 0",
                "load h --requests 0",
                "load h --clients",
                "load h --clients many",
                "load h --clients 10001",
                "load h --clients 4611686018427387904",
                "load h --clients 99999999999999999999999",
                "load h --requests",
                "load h --requests many",
                "load h -p many",
                "load h -p -1",
                "load h --speed 9",
                "load --speed",
                "load h -",
                "load -",
                "load h --",
                "load h --pool=3",
                "load -x h",
                "LOAD h",
                "h load",
            ],
            parse_args,
        );
        lab.why("Options have the names that the usage gives them, and no others. The word after an option that needs a value is its value, whatever it looks like. An error comes before everything behind it, even before --help.");
        lab.refuses_arguments(
            &[
                "load h -p1060",
                "load h --port 1060",
                "load h --pools 3",
                "load h --client 3",
                "load h --requests=3",
                "load h -P 7",
                "--bogus --help",
                "-x -h",
                "load h -p --help",
                "load h --pool -h",
                "load h --clients --help",
                "load h --requests -h",
                "load h --requests 0 --help",
                "load h --clients 10001 -h",
                "load h -p 65536 --help",
            ],
            parse_args,
        );
    });
}

#[test]
fn s8_percentile_is_the_nearest_rank() {
    netlab::lab(|lab| {
        lab.why("The p-th percentile is a value that was measured: the smallest one that p of 100 values do not exceed. It is not a mean of two values, and its rank is not off by one.");
        let ms = |n: &u64| Duration::from_millis(*n);
        let ten: Vec<_> = [10, 20, 30, 40, 50, 60, 70, 80, 90, 1000]
            .iter()
            .map(ms)
            .collect();
        for (percent, want) in [
            (0, 10),
            (1, 10),
            (10, 10),
            (11, 20),
            (50, 50),
            (51, 60),
            (90, 90),
            (91, 1000),
            (99, 1000),
            (100, 1000),
        ] {
            let got = lab.you(&format!("percentile(10 values, {percent})"), || {
                percentile(&ten, percent)
            });
            lab.same("the value", got, Some(ms(&want)));
        }
        lab.why("Nearest rank counts in whole numbers. 7 / 100 × 100 in floating point is a little more than 7, and its ceiling is 8.");
        for (n, percents) in [
            (7, 0..=100),
            (100, 0..=100),
            (1000, 0..=100),
            (169_499, 99..=99),
        ] {
            let values: Vec<_> = (1..=n).map(|n| ms(&n)).collect();
            for percent in percents {
                let got = lab.you(&format!("percentile({n} values, {percent})"), || {
                    percentile(&values, percent)
                });
                // By the definition: the smallest that percent of a hundred do not exceed.
                let want = (1..=n).find(|rank| rank * 100 >= percent as u64 * n);
                lab.same("the value", got, want.as_ref().map(ms));
            }
        }

        lab.why("A single value is every percentile. Without values there is no percentile.");
        let got = lab.you("percentile(1 value, 50)", || percentile(&ten[..1], 50));
        lab.same("the value", got, Some(ms(&10)));
        let got = lab.you("percentile(no values, 50)", || percentile(&[], 50));
        lab.same("the value", got, None);
    });
}

#[test]
fn s8_a_pool_shares_its_connections() {
    netlab::lab(|lab| {
        lab.why("Six clients take turns on two connections. The server counts the handshakes.");
        let server = EchoServer::start();
        let wanted = Load {
            pool: 2,
            clients: 6,
            requests: 20,
        };
        let report = lab.you("load(server, 6 clients × 20 over a pool of 2)", || {
            load(server.addr(), wanted)
        });
        lab.same("answered", report.latencies.len(), 120);
        lab.same("failed", report.failed, 0);
        lab.holds(
            report.trouble.is_none(),
            "no trouble",
            format!("{:?}", report.trouble),
        );
        lab.why("The report says how many connections were made. The server has counted its handshakes, and both must be the same number.");
        lab.same(
            "connections in the report",
            report.connections,
            server.accepted(),
        );
        lab.why("Six clients take turns on two connections: they share one pool, and its connections are used again.");
        lab.holds(
            (1..=2).contains(&report.connections),
            "1 or 2 connections",
            report.connections,
        );
        lab.same("requests that the server got", server.requests(), 120);
        lab.holds(
            report.latencies.is_sorted(),
            "latencies in order",
            "an unsorted list",
        );

        lab.why(
            "If every request had the same payload, a reply to another client would look right.",
        );
        lab.same("different requests", server.different(), 120);
    });
}

#[test]
fn s8_no_two_requests_are_the_same() {
    netlab::lab(|lab| {
        lab.why("Client 1's request 11 and client 11's request 1 are two requests, and so are a client's first and its 257th. Two numbers written without a separator, their sum, or one byte of them are the same for several requests.");
        for (clients, requests) in [(12, 12), (2, 1001)] {
            let server = EchoServer::start();
            let wanted = Load {
                pool: 2,
                clients,
                requests,
            };
            let call = format!("load(server, {clients} clients × {requests} over a pool of 2)");
            let report = lab.you(&call, || load(server.addr(), wanted));
            lab.same("answered", report.latencies.len(), clients * requests);
            lab.same("different requests", server.different(), clients * requests);
        }
    });
}

#[test]
fn s8_without_a_pool_each_request_connects() {
    netlab::lab(|lab| {
        lab.why("Pool 0 is the comparison: one handshake a request.");
        let server = EchoServer::start();
        let wanted = Load {
            pool: 0,
            clients: 3,
            requests: 10,
        };
        let report = lab.you("load(server, 3 clients × 10 without a pool)", || {
            load(server.addr(), wanted)
        });
        lab.same("answered", report.latencies.len(), 30);
        lab.same("failed", report.failed, 0);
        lab.same("connections", report.connections, 30);
        lab.same(
            "connections, as the server counts them",
            server.accepted(),
            30,
        );
        lab.same("different requests", server.different(), 30);
    });
}

#[test]
fn s8_clients_work_at_the_same_time() {
    netlab::lab(|lab| {
        lab.why("Six clients over six connections: all six requests are with the server before the first reply. One client after the other would measure nothing.");
        lab.if_stuck("Each client is a thread. All of them are started first, and then joined.");
        for pool in [6, 0] {
            let gate = lab.gate("the server's replies");
            let holding = gate.clone();
            let server = EchoServer::answering(move |payload| {
                holding.waits();
                payload
            });
            let (addr, wanted) = (
                server.addr(),
                Load {
                    pool,
                    clients: 6,
                    requests: 2,
                },
            );
            let call = format!("load(server, 6 clients × 2, pool {pool})");
            let report = lab.student(&call, move || load(addr, wanted));
            gate.expects_arrivals(6);
            gate.opens();
            lab.same("answered", report.returns().latencies.len(), 12);
        }
    });
}

#[test]
fn s8_a_wrong_echo_is_a_failure() {
    netlab::lab(|lab| {
        type Answer = fn(Vec<u8>) -> Vec<u8>;
        let answers: [(&str, Answer); 7] = [
            ("something else", |_| b"something else".to_vec()),
            ("nothing", |_| Vec::new()),
            ("the echo without its last byte", |mut bytes| {
                bytes.pop();
                bytes
            }),
            ("the echo and a line feed more", |mut bytes| {
                bytes.push(b'\n');
                bytes
            }),
            ("the echo with large letters for small ones", |mut bytes| {
                let small = bytes.iter_mut().find(|byte| byte.is_ascii_lowercase());
                match small {
                    Some(byte) => byte.make_ascii_uppercase(),
                    None => bytes[0] ^= 1,
                }
                bytes
            }),
            ("the echo with another first byte", |mut bytes| {
                bytes[0] ^= 1;
                bytes
            }),
            ("the echo with another last byte", |mut bytes| {
                *bytes.last_mut().expect("a payload has bytes") ^= 1;
                bytes
            }),
        ];
        for (what, answer) in answers {
            for pool in [2, 0] {
                lab.why("A load program that does not compare its replies gives good figures to a server that answers nonsense. Compare all bytes, and the length. A client stops at its first failure.");
                let server = EchoServer::answering(answer);
                let wanted = Load {
                    pool,
                    clients: 3,
                    requests: 5,
                };
                let call =
                    format!("load(a server that answers {what}; 3 clients × 5, pool {pool})");
                let report = lab.you(&call, || load(server.addr(), wanted));
                lab.same("answered", report.latencies.len(), 0);
                lab.same("failed: one request of each client", report.failed, 3);
                lab.holds(report.trouble.is_some(), "an error", "no trouble");
                lab.why("The server counts. A client that goes on after a failure sends more than one request.");
                lab.same("requests that the server got", server.requests(), 3);
            }
        }
    });
}

#[test]
fn s8_a_stale_connection_is_no_failure() {
    netlab::lab(|lab| {
        lab.why("This server hangs up at the second request of each connection. An echo changes nothing, so these requests are idempotent: `call` sends them again, over a fresh connection.");
        let server = EchoServer::hanging_up_at_the_second();
        let wanted = Load {
            pool: 1,
            clients: 1,
            requests: 4,
        };
        let report = lab.you("load(server, 1 client × 4 over a pool of 1)", || {
            load(server.addr(), wanted)
        });
        let trouble = format!("{:?}", report.trouble);
        lab.holds(report.trouble.is_none(), "no trouble", trouble);
        lab.same("answered", report.latencies.len(), 4);
        lab.same("failed", report.failed, 0);
        lab.same("connections in the report", report.connections, 4);
        lab.same(
            "connections, as the server counts them",
            server.accepted(),
            4,
        );
    });
}

#[test]
fn s8_a_client_leaves_nothing_behind() {
    netlab::alone(|lab| {
        for pool in [2, 0] {
            let server = EchoServer::start();
            let wanted = Load {
                pool,
                clients: 3,
                requests: 2,
            };
            let call = format!("load(server, 3 clients × 2, pool {pool})");
            let report = lab.you(&call, || load(server.addr(), wanted));
            lab.same("answered", report.latencies.len(), 6);
        }
    });
}

/// A server behind a full queue: the kernel drops each SYN until [`FullQueue::opens`].
#[cfg(target_os = "linux")]
struct FullQueue {
    listener: std::net::TcpListener,
    _filler: std::net::TcpStream,
}

#[cfg(target_os = "linux")]
impl FullQueue {
    fn new() -> FullQueue {
        use socket2::{Domain, Socket, Type};
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any_port = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any_port.into()).expect("a port of loopback");
        socket.listen(0).expect("a listener");
        let listener: std::net::TcpListener = socket.into();
        let filler = std::net::TcpStream::connect(listener.local_addr().expect("an address"));
        FullQueue {
            listener,
            _filler: filler.expect("the queue takes one"),
        }
    }

    fn addr(&self) -> std::net::SocketAddr {
        self.listener.local_addr().expect("an address")
    }

    /// Whether somebody has sent a SYN that is not answered yet.
    fn somebody_knocks(&self) -> bool {
        let table = std::fs::read_to_string("/proc/thread-self/net/tcp").unwrap_or_default();
        let wanted = format!(":{:04X}", self.addr().port());
        table.lines().any(|row| {
            let columns: Vec<_> = row.split_whitespace().collect();
            // rem_address and st; 02 is SYN-SENT.
            matches!(columns[..], [_, _, remote, "02", ..] if remote.ends_with(&wanted))
        })
    }

    /// Lets everybody in, and notes when the first request has come.
    fn opens(self) -> (EchoServer, Arc<OnceLock<Instant>>) {
        let first = Arc::new(OnceLock::new());
        let noted = first.clone();
        let server = EchoServer::on(self.listener, move |_, frame| {
            noted.get_or_init(Instant::now);
            Some(frame)
        });
        (server, first)
    }
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux (a full queue drops the SYN)"
)]
fn s8_a_connect_is_part_of_the_time() {
    #[cfg(target_os = "linux")]
    netlab::lab(|lab| {
        // The kernel repeats a SYN after a second. All that may last is here, so that it lasts once.
        let full = || {
            let queue = FullQueue::new();
            let addr = queue.addr();
            lab.note(format!("the queue at {addr} is full: a SYN gets no answer"));
            (queue, addr)
        };
        let ((alone, addr), (pooled, shared)) = (full(), full());
        let line = format!(
            "load 127.0.0.1 --pool 0 --clients 1 --requests 1 -p {}",
            addr.port()
        );
        let program = lab.program(PROGRAM, &line.split(' ').collect::<Vec<_>>());
        let wanted = Load {
            pool: 1,
            clients: 2,
            requests: 1,
        };
        let call = format!("load({shared}, 2 clients × 1, pool 1)");
        let run = lab.student(&call, move || load(shared, wanted));
        let gate = lab.gate("the reply of a slow server");
        let holding = gate.clone();
        let slow = EchoServer::answering(move |payload| {
            holding.waits();
            payload
        });
        let slow_addr = slow.addr();
        let call = format!("load({slow_addr}, a slow server, 2 clients × 1, pool 1)");
        let patient = lab.student(&call, move || load(slow_addr, wanted));
        for queue in [&alone, &pooled] {
            let knocks = || queue.somebody_knocks();
            lab.until("load to connect", knocks, |&knocks| knocks);
        }
        let since = Instant::now();
        let [(_alone, first_alone), (_pooled, first_pooled)] =
            [alone, pooled].map(FullQueue::opens);
        lab.note("the servers take connections");
        // A request that knocked before has lasted at least until the server read it.
        let lasted = |first: &OnceLock<Instant>| {
            let came = first
                .get()
                .map(|came| came.saturating_duration_since(since));
            came.unwrap_or_default()
        };

        const WISH: &str = "The clock of a request starts before the request has a connection. A clock that starts after connect leaves out the cost of a new connection, and a pool saves just that.";
        let lab = &lab.because(WISH);
        let report = run.returns();
        let at_least = lasted(&first_pooled);
        lab.holds(
            report.latencies.len() == 2 && report.latencies.last() >= Some(&at_least),
            format!("two latencies, one of them {at_least:?} at least: a request has waited so long for its connection"),
            format!("{:?}, trouble: {:?}", report.latencies, report.trouble),
        );
        let end = program.exits();
        let at_least = lasted(&first_alone).as_micros();
        lab.holds(
            u128::from(number(lab, &end.stdout, "max")) >= at_least,
            format!(
                "max is {at_least} µs at least: the request has waited so long for its connection"
            ),
            &end.stdout,
        );
        gate.opens();
        let report = patient.returns();
        lab.because("A connect, a reply and a turn may take PATIENCE each, which is ten seconds. One second is not too long for any of them.")
            .holds(
                report.latencies.len() == 2,
                "two answers, although the server has waited for more than a second",
                format!("{report:?}"),
            );
    });
}

#[test]
fn s8_to_wait_for_a_turn_is_part_of_the_time() {
    netlab::lab(|lab| {
        let gate = lab.gate("the server's first reply");
        let holding = gate.clone();
        let server = EchoServer::answering(move |payload| {
            holding.waits();
            payload
        });
        let port = server.addr().port().to_string();
        let args = "load 127.0.0.1 --pool 1 --clients 10 --requests 1 -p";
        let args: Vec<_> = args.split(' ').chain([port.as_str()]).collect();
        lab.why("Ten clients share one connection: one has it, and nine wait for their turn, for ten seconds if they must. A client that gives up at once, or ends, measures nothing.");
        let program = lab.program(PROGRAM, &args);
        let stat = format!("/proc/{}/stat", program.id());
        let ended = || std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") Z "));
        lab.until(
            "a first request at the server",
            || (gate.arrivals(), ended()),
            |&(arrivals, ended)| arrivals > 0 || ended,
        );
        if gate.arrivals() == 0 {
            let end = program.exits();
            lab.fails("a first request at the server", format!("{end:?}"));
        }
        // One client waits for its reply, and nine for their turn. It is enough for this test that one of
        // the nine has come so far: the ninth of ten latencies is the second longest.
        let tasks = format!("/proc/{}/task", program.id());
        let threads = || std::fs::read_dir(&tasks).map_or(10, Iterator::count);
        lab.until("ten clients to be there", threads, |&n| n >= 10);
        lab.holds(
            program.settles(),
            "the clients to wait",
            "the program is busy",
        );
        let since = Instant::now();
        // A span that can be told from a request's own time.
        lasts(Duration::from_millis(50));
        let at_least = since.elapsed();
        gate.opens();
        let end = program.exits();
        lab.same("exit code", end.code, Some(0));
        lab.because("The clock of a request starts before its turn: the user waits in the queue, too. It is printed in microseconds.")
            .holds(
                u128::from(number(lab, &end.stdout, "p90")) >= at_least.as_micros(),
                format!("p90 is {} µs at least: all ten clients have waited so long, and the first one for its reply", at_least.as_micros()),
                &end.stdout,
            );
    });
}

#[test]
fn s8_each_percentile_under_its_name() {
    netlab::lab(|lab| {
        // How long each reply takes, in milliseconds; the ones behind take none. What comes to it is the
        // request's own time.
        let measures = |spans: &'static [u64], requests: usize| {
            let nth = Arc::new(AtomicUsize::new(0));
            let server = EchoServer::answering(move |payload| {
                if let Some(&span) = spans.get(nth.fetch_add(1, SeqCst)) {
                    lasts(Duration::from_millis(span));
                }
                payload
            });
            lab.note(format!(
                "the server takes so many ms for its first replies: {spans:?}"
            ));
            let since = Instant::now();
            let line = format!(
                "load 127.0.0.1 -p {} --pool 1 --clients 1 --requests {requests}",
                server.addr().port()
            );
            let output = run(lab, &line, 0);
            let all = since.elapsed().as_micros() as u64;
            (String::from_utf8_lossy(&output.stdout).into_owned(), all)
        };
        let (text, _) = measures(&[10, 15, 20], 200);
        let [p90, p99, max] = ["p90", "p99", "max"].map(|name| number(lab, &text, name));
        lab.because("Of 200 sorted values p90 is the 180th, p99 the 198th, and max the last. The three slow ones are the 198th to the 200th.")
            .holds(p90 < p99 && p99 < max, "p90 < p99 < max", &text);

        let (text, all) = measures(&[0, 0, 0, 0, 10, 10, 10, 10, 20, 30], 10);
        lab.why("Of 10 sorted values p50 is the fifth, p90 the ninth, and p99 and max are the tenth, all in microseconds.");
        for (name, ms) in [("p50", 10), ("p90", 20), ("p99", 30), ("max", 30)] {
            let printed = number(lab, &text, name);
            lab.holds(
                printed >= ms * 1000,
                format!("{name} is {} µs at least", ms * 1000),
                &text,
            );
            lab.holds(
                printed <= all,
                format!("{name} is not longer than the whole run, {all} µs"),
                &text,
            );
        }
        // There is one client: its requests come one after the other.
        let [p50, p90, max] = ["p50", "p90", "max"].map(|name| number(lab, &text, name));
        lab.because("Each request has a clock of its own, which starts when it begins. One clock for all of a client's requests counts the earlier requests again.")
            .holds(
                4 * p50 + p90 + max <= all,
                format!("10 latencies that are not longer together than the whole run, {all} µs"),
                &text,
            );
    });
}

#[test]
fn s8_trouble_is_not_forgotten() {
    netlab::lab(|lab| {
        lab.why("One client of eight has failed. It stops, and the seven others go on. Their success does not undo the failure. The error belongs in the report.");
        let first = Arc::new(AtomicBool::new(true));
        let server = EchoServer::answering(move |payload| match first.swap(false, SeqCst) {
            true => b"something else".to_vec(),
            false => payload,
        });
        let wanted = Load {
            pool: 1,
            clients: 8,
            requests: 2,
        };
        let report = lab.you(
            "load(server, 8 clients × 2; the first reply is wrong)",
            || load(server.addr(), wanted),
        );
        lab.same(
            "answered: two requests of each of the seven others",
            report.latencies.len(),
            14,
        );
        lab.same("failed", report.failed, 1);
        lab.holds(report.trouble.is_some(), "an error", "no trouble");

        lab.why("A client's third request of five fails. Its first two were answered: they stay in the report, and the last two are not sent.");
        let nth = Arc::new(AtomicUsize::new(0));
        let server = EchoServer::answering(move |payload| match nth.fetch_add(1, SeqCst) {
            2 => b"something else".to_vec(),
            _ => payload,
        });
        let wanted = Load {
            pool: 1,
            clients: 1,
            requests: 5,
        };
        let report = lab.you(
            "load(server, 1 client × 5; the third reply is wrong)",
            || load(server.addr(), wanted),
        );
        let counts = (report.latencies.len(), report.failed, server.requests());
        lab.same(
            "answered, failed, requests at the server",
            counts,
            (2, 1, 3),
        );
    });
}

#[test]
fn s8_a_host_without_an_address() {
    netlab::lab(|lab| {
        lab.why("A host that cannot be found is an error of the network, and must not cause a panic. (This name has a zero byte in it, so no system looks it up.)");
        let args = ["load", "no\0host"].map(str::to_owned);
        let code = lab.you("run([\"load\", \"no\\0host\"])", || run_here(&args));
        lab.same("exit code", code, 1);
    });
}

#[test]
fn s8_nobody_there_is_a_failure() {
    netlab::lab(|lab| {
        lab.why(
            "No connection, no reply, no latency: that is a failure, and not a panic in a thread.",
        );
        let nobody = lab.refused();
        for pool in [2, 0] {
            let wanted = Load {
                pool,
                clients: 3,
                requests: 5,
            };
            let call = format!("load(nobody, pool {pool})");
            let report = lab.you(&call, || load(nobody.addr(), wanted));
            lab.same("answered", report.latencies.len(), 0);
            lab.same("failed: one request of each client", report.failed, 3);
            lab.same("connections", report.connections, 0);
            let said = report.trouble.map(|error| error.to_string());
            lab.because("`trouble` is one of the errors that the clients got. A new error without its words does not say what happened.")
                .holds(
                    said.as_ref().is_some_and(|said| said.contains("refused")),
                    "an error that says that the connection was refused",
                    said.unwrap_or_else(|| "no trouble".to_owned()),
                );
        }
    });
}

#[test]
fn s8_cli_prints_what_it_measured() {
    netlab::lab(|lab| {
        lab.why("One name and one value a line, on standard output: a person can read it and a script can too.");
        for (options, connections) in [("--pool 1", 1), ("--pool 0", 40)] {
            let server = EchoServer::start();
            let line = format!(
                "load 127.0.0.1 -p {} {options} --clients 4 --requests 10",
                server.addr().port()
            );
            let output = run(lab, &line, 0);
            lab.same("requests", value(lab, &output, "requests"), 40);
            lab.same("failed", value(lab, &output, "failed"), 0);
            lab.why("`connections` is how many were made in the whole run, failed or not, pool or not. The server has counted them, too.");
            lab.same(
                "connections",
                value(lab, &output, "connections"),
                connections,
            );
            lab.same(
                "connections, as the server counts them",
                server.accepted() as u64,
                connections,
            );
            lab.why(
                "Latencies in microseconds, of whole requests: the p-th percentile grows with p.",
            );
            let times = ["p50", "p90", "p99", "max"].map(|name| value(lab, &output, name));
            lab.holds(
                times.is_sorted(),
                "p50 ≤ p90 ≤ p99 ≤ max",
                format!("{times:?}"),
            );
            lab.holds(times[3] > 0, "microseconds", "a maximum of 0");
        }
    });
}

#[test]
fn s8_the_address_that_works_is_taken() {
    netlab::lab(|lab| {
        lab.why("localhost is ::1 and 127.0.0.1 on most systems, and a server may listen at one of them only.");
        let wanted = Load {
            pool: 1,
            clients: 2,
            requests: 3,
        };
        let (nobody, other) = (lab.refused(), EchoServer::start());
        let here = TcpListener::bind((Ipv6Addr::LOCALHOST, 0));
        let server = here.map_or_else(|_| EchoServer::start(), EchoServer::echoing);
        lab.note(format!("the server is at {}", server.addr()));
        let [first, second, third] = [nobody.addr(); 3];
        let addrs = [first, second, third, server.addr(), other.addr()];
        let call = "load_one_of([nobody, nobody, nobody, server, other])";
        let found = lab.you(call, || load_one_of(&addrs, wanted));
        let (addr, report) = found.unwrap_or_else(|| lab.fails("a report", "None"));
        lab.same("the address", addr, server.addr());
        lab.same("answered", report.latencies.len(), 6);
        lab.same("connections to the other server", other.accepted(), 0);
        lab.because("`load` itself finds out whether it can connect. A connection that only tests the address is one more, and the server counts it.")
            .same("connections, as the server counts them", server.accepted(), report.connections);

        lab.why("A successful connect is enough. If the requests fail after that, the report says so. Another server would be a different measurement.");
        let nonsense = EchoServer::answering(|_| b"something else".to_vec());
        let addrs = [nonsense.addr(), other.addr()];
        let found = lab.you(
            "load_one_of([a server that answers nonsense, other])",
            || load_one_of(&addrs, wanted),
        );
        let (addr, report) = found.unwrap_or_else(|| lab.fails("a report", "None"));
        lab.same("the address", addr, nonsense.addr());
        lab.same("failed", report.failed, 2);

        lab.why("If no address accepts a connection, the last failure is reported. Without an address there is no report.");
        let last = lab.refused();
        let addrs = [nobody.addr(), last.addr()];
        let found = lab.you("load_one_of([nobody, nobody else])", || {
            load_one_of(&addrs, wanted)
        });
        let (addr, report) = found.unwrap_or_else(|| lab.fails("a report", "None"));
        lab.same("the address", addr, last.addr());
        lab.same("failed", report.failed, 2);
        let found = lab.you("load_one_of([])", || load_one_of(&[], wanted));
        lab.holds(found.is_none(), "None", "a report");
    });
}

const NAMES_THE_SERVER: &str = "\"Connection refused\" alone does not help. The error must name the server: the address that was tried, not the name that was given, and the port.";

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, where a shell runs the program")]
fn s8_cli_a_client_without_a_thread_is_a_failure() {
    netlab::lab(|lab| {
        lab.note("each thread is to have a stack of 128 TiB, which no system gives");
        lab.why("The system has no room for these three threads. That is a failure of the run, one for each client: no panic, no report without them, and no failures of requests that were never sent. (thread::Builder gives the error; spawn of a scope panics.)");
        let nobody = lab.refused();
        let port = nobody.addr().port().to_string();
        let args = [
            "load",
            "127.0.0.1",
            "--clients",
            "3",
            "--requests",
            "5",
            "-p",
            &port,
        ];
        let huge = format!("export RUST_MIN_STACK={}", 1u64 << 47);
        let end = lab.program_after(&huge, PROGRAM, &args).exits();
        lab.holds(
            end.code == Some(1) && !end.stderr.is_empty(),
            "exit code 1, and words on standard error",
            format!("exit code {:?}; it said: {}", end.code, end.stderr),
        );
        for (name, want) in [("requests", 3), ("failed", 3), ("connections", 0)] {
            lab.same(name, number(lab, &end.stdout, name), want);
        }
    });
}

#[test]
fn s8_cli_another_address_of_a_name() {
    netlab::lab(|lab| {
        if let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
            lab.why("A server may be at an address of either kind. Try all of a host's addresses.");
            let server = EchoServer::echoing(listener);
            let port = server.addr().port();
            let line = format!("load ::1 --clients 1 --requests 1 -p {port}");
            let output = run(lab, &line, 0);
            lab.same("failed", value(lab, &output, "failed"), 0);
        }
        lab.why("A name may have several addresses, and the server listens at one of them: here at the last. Give all of them to load_one_of.");
        let found = ("localhost", 0).to_socket_addrs();
        let addrs: Vec<_> = found.into_iter().flatten().map(|addr| addr.ip()).collect();
        let Some(&last) = addrs.last() else {
            lab.skip("there is no localhost here");
        };
        let Ok(listener) = TcpListener::bind((last, 0)) else {
            lab.skip(&format!("{last} is no address of this machine"));
        };
        let server = EchoServer::echoing(listener);
        lab.note(format!(
            "localhost is {addrs:?}; the server listens at {}",
            server.addr()
        ));
        let line = format!(
            "load localhost --clients 1 --requests 1 -p {}",
            server.addr().port()
        );
        let output = run(lab, &line, 0);
        lab.same("failed", value(lab, &output, "failed"), 0);
    });
}

#[test]
fn s8_cli_exit_codes() {
    netlab::lab(|lab| {
        lab.why("0, 1 and 2 are for scripts, the words on standard error for people. Help is an answer, so it goes to standard output.");
        let help = run(lab, "--help", 0);
        says(lab, "standard output", &help.stdout, "usage:");
        says(lab, "standard output", &help.stdout, "default 1060");
        let wrong = run(lab, "load", 2);
        says(lab, "standard error", &wrong.stderr, "usage:");
        let said = String::from_utf8_lossy(&wrong.stderr).replace(USAGE, "");
        lab.because(
            "The usage alone does not say what was wrong. Print the error of parse_args, too.",
        )
        .holds(
            !said.trim().is_empty(),
            "standard error with what is wrong, beside the usage",
            "the usage alone",
        );
        lab.same("bytes on standard output", wrong.stdout.len(), 0);

        let nobody = lab.refused();
        let address = nobody.addr().to_string();
        let output = run(
            lab,
            &format!("load 127.0.0.1 -p {} --clients 2", nobody.addr().port()),
            1,
        );
        says(
            &lab.because(NAMES_THE_SERVER),
            "standard error",
            &output.stderr,
            &address,
        );
        let words = &lab.because("The error must say what has happened, and not only where.");
        says(words, "standard error", &output.stderr, "refused");
        lab.why(
            "A failed run has a report, too: how many requests failed, and how many connections were made.",
        );
        lab.same("requests", value(lab, &output, "requests"), 2);
        lab.same("failed", value(lab, &output, "failed"), 2);
        lab.same("connections", value(lab, &output, "connections"), 0);
        lab.why("Nothing was answered, so there is no latency. A line with 0 would look like a very fast server.");
        let text = String::from_utf8_lossy(&output.stdout);
        let latencies = ["p50", "p90", "p99", "max"].map(|name| find(&text, name));
        lab.same("p50, p90, p99, max", latencies, [None; 4]);
    });
}

#[test]
fn s8_cli_a_part_that_fails_is_a_failure() {
    netlab::lab(|lab| {
        let first = Arc::new(AtomicBool::new(true));
        let server = EchoServer::answering(move |payload| match first.swap(false, SeqCst) {
            true => b"something else".to_vec(),
            false => payload,
        });
        lab.note("the server's first reply is wrong, all others are right");
        lab.why("Three of four requests were answered, and one was not. A script must see it in the exit code: 0 means that all went well.");
        let line = format!(
            "load 127.1 -p {} --pool 1 --clients 4 --requests 1",
            server.addr().port()
        );
        lab.note("127.1 is 127.0.0.1 in short");
        let output = run(lab, &line, 1);
        lab.why("`requests` is all that were sent, the answered and the failed ones. The report comes in any case.");
        lab.same("requests", value(lab, &output, "requests"), 4);
        lab.same("failed", value(lab, &output, "failed"), 1);
        let address = server.addr().to_string();
        says(
            &lab.because(NAMES_THE_SERVER),
            "standard error",
            &output.stderr,
            &address,
        );
        lab.because("Three were answered, so there are latencies.")
            .holds(value(lab, &output, "max") > 0, "a maximum", "0");
    });
}

/// Runs the program with this as its standard output.
#[cfg(unix)]
fn run_into(lab: &Lab, line: &str, stdout: std::process::Stdio) -> Output {
    let args: Vec<_> = line.split_whitespace().collect();
    lab.output_into(stdout, PROGRAM, &args, "")
}

#[test]
fn s8_cli_standard_output_may_be_closed() {
    netlab::lab(|lab| {
        #[cfg(not(unix))]
        lab.skip("this system is not Unix (a pipe without a reader)");
        #[cfg(unix)]
        {
            lab.note("standard output is a pipe whose reader has gone, as in `… | head -0`");
            let (server, nonsense) = (EchoServer::start(), EchoServer::answering(|_| Vec::new()));
            let [load, fails] = [&server, &nonsense].map(|server| {
                let port = server.addr().port();
                format!("load 127.0.0.1 -p {port} --clients 1 --requests 1")
            });
            const ENOUGH: &str = "A reader that has closed the pipe has read enough: that is not an error. (println! panics there.)";
            const FAILED: &str = "The reader has read enough, but requests have failed: exit code 1. A closed pipe ends the printing, and not the program.";
            let lines = [
                ("--help", 0, ENOUGH),
                (&load, 0, ENOUGH),
                (&fails, 1, FAILED),
            ];
            for (line, code, why) in lines {
                let (reader, writer) = std::io::pipe().expect("a pipe");
                drop(reader);
                let output = run_into(lab, line, writer.into());
                let said = String::from_utf8_lossy(&output.stderr);
                lab.because(why).holds(
                    output.status.code() == Some(code),
                    format!("exit code {code}"),
                    format!("{}; it said: {said}", output.status),
                );
            }
        }
        #[cfg(target_os = "linux")]
        {
            lab.note("standard output is /dev/full, a device without room");
            let server = EchoServer::start();
            let load = format!("load 127.0.0.1 -p {} --requests 1", server.addr().port());
            for line in ["--help", &load] {
                let full = std::fs::File::create("/dev/full").expect("a device");
                let output = run_into(lab, line, full.into());
                let said = String::from_utf8_lossy(&output.stderr);
                lab.because("The report cannot be written, and the exit code has to say so. (`let _ = write…` hides it, println! panics.)")
                    .holds(
                        output.status.code() == Some(1) && !said.is_empty(),
                        "exit code 1, and words on standard error",
                        format!("{}; it said: {said}", output.status),
                    );
            }
        }
    });
}

#[test]
fn s8_forty_requests_with_and_without_a_pool() {
    netlab::lab(|lab| {
        lab.why("Forty requests need forty handshakes, or as many as there are clients.");
        let server = EchoServer::start();
        let alone = timeline::record(lab, server.addr(), 0);
        lab.same("connections without a pool", server.accepted(), 40);
        let pooled = timeline::record(lab, server.addr(), 4);
        let more = server.accepted() - 40;
        lab.holds(
            (1..=4).contains(&more),
            "1 to 4 connections with a pool of 4",
            more,
        );
        lab.same("requests in all", server.requests(), 80);
        lab.draws("05-forty-requests", timeline::draw(&alone, &pooled));
    });
}

/// A run of the student's program from beginning to end.
fn run(lab: &Lab, line: &str, code: i32) -> Output {
    let args: Vec<_> = line.split_whitespace().collect();
    let output = lab.output(PROGRAM, &args, "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() != Some(code) {
        lab.fails(
            format!("exit code {code}"),
            format!("{}; it said: {said}", output.status),
        );
    }
    output
}

/// The number behind `name` in a report, if there is such a line.
fn find(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(name)).then(|| words.next()?.parse().ok())?
    })
}

fn number(lab: &Lab, text: &str, name: &str) -> u64 {
    match find(text, name) {
        Some(value) => value,
        None => lab.fails(format!("a line with `{name}` and a number"), text),
    }
}

fn value(lab: &Lab, output: &Output, name: &str) -> u64 {
    number(lab, &String::from_utf8_lossy(&output.stdout), name)
}

fn says(lab: &Lab, where_: &str, text: &[u8], wanted: &str) {
    let text = String::from_utf8_lossy(text);
    if !text.contains(wanted) {
        lab.fails(
            format!("{where_} with {wanted:?} in it"),
            format!("{text:?}"),
        );
    }
}
