use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use assert_cmd::Command;
use connection_pool::{Load, load, load_one_of, parse_args, percentile, run as run_here};
use netlab::Lab;

use super::frames::EchoServer;
use super::timeline;

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

/// A command line as the program gets it.
fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn s8_arguments() {
    netlab::lab(|lab| {
        lab.why("`load` and the host have their order. Options may stand anywhere, and each has a value for those who do not care.");
        let cases = [
            ("load 127.0.0.1", ("127.0.0.1", 1060, 4, 8, 100)),
            ("load localhost -p 7", ("localhost", 7, 4, 8, 100)),
            ("--pool 0 load ::1 --clients 1", ("::1", 1060, 0, 1, 100)),
            ("load --requests 5 h --pool 2 -p 0", ("h", 0, 2, 8, 5)),
            ("load h --pool 1 --pool 3", ("h", 1060, 3, 8, 100)),
            ("load --pool 3 --help", ("help", 0, 0, 0, 0)),
        ];
        for (line, want) in cases {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            let got = match &got {
                connection_pool::Command::Load { host, port, load } => {
                    (host.as_str(), *port, load.pool, load.clients, load.requests)
                }
                connection_pool::Command::Help => ("help", 0, 0, 0, 0),
            };
            lab.same("host, port, pool, clients, requests", got, want);
        }
    });
}

#[test]
fn s8_wrong_arguments() {
    netlab::lab(|lab| {
        lab.why("What cannot be meant is told to the person at once, before anything touches the network. Nobody can mean no clients.");
        let cases = [
            "",
            "load",
            "unload 127.0.0.1",
            "load 127.0.0.1 localhost",
            "load h -p",
            "load h -p 65536",
            "load h --pool",
            "load h --pool -1",
            "load h --pool many",
            "load h --clients 0",
            "load h --requests 0",
            "load h --speed 9",
            "load --speed",
        ];
        for line in cases {
            let wrong = lab.err(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            lab.holds(!wrong.is_empty(), "words for a person", "an empty text");
        }
    });
}

#[test]
fn s8_percentile_is_the_nearest_rank() {
    netlab::lab(|lab| {
        lab.why("The p-th percentile is a value that was measured: the smallest one that p of 100 values do not exceed. No mean of two, and no rank off by one.");
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
        lab.why("Six clients take turns on two connections: one pool for all of them, not a pool for each.");
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
            "With the same payload in every request, a reply to somebody else would look right.",
        );
        lab.same("different requests", server.different(), 120);
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
        lab.why("Four clients over four connections: all four requests are with the server before the first reply. One client after the other would measure nothing.");
        for pool in [4, 0] {
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
                    clients: 4,
                    requests: 2,
                },
            );
            let call = format!("load(server, 4 clients × 2, pool {pool})");
            let report = lab.student(&call, move || load(addr, wanted));
            gate.expects_arrivals(4);
            gate.opens();
            lab.same("answered", report.returns().latencies.len(), 8);
        }
    });
}

#[test]
fn s8_a_wrong_echo_is_a_failure() {
    netlab::lab(|lab| {
        for pool in [2, 0] {
            lab.why("A load program that does not look at its replies praises a server that answers nonsense. A client stops at its first failure.");
            let server = EchoServer::answering(|_| b"something else".to_vec());
            let wanted = Load {
                pool,
                clients: 3,
                requests: 5,
            };
            let call = format!("load(a server that answers nonsense, pool {pool})");
            let report = lab.you(&call, || load(server.addr(), wanted));
            lab.same("answered", report.latencies.len(), 0);
            lab.same("failed: one request of each client", report.failed, 3);
            lab.holds(report.trouble.is_some(), "an error", "no trouble");
            lab.why("The server counts. Who goes on after a failure sends more than one request a client.");
            lab.same("requests that the server got", server.requests(), 3);
        }
    });
}

#[test]
fn s8_trouble_is_not_forgotten() {
    netlab::lab(|lab| {
        lab.why("One client of eight has failed. The seven good ones do not undo it: the error belongs into the report.");
        let first = Arc::new(AtomicBool::new(true));
        let server = EchoServer::answering(move |payload| match first.swap(false, SeqCst) {
            true => b"something else".to_vec(),
            false => payload,
        });
        let wanted = Load {
            pool: 1,
            clients: 8,
            requests: 1,
        };
        let report = lab.you(
            "load(server, 8 clients × 1; the first reply is wrong)",
            || load(server.addr(), wanted),
        );
        lab.same("answered", report.latencies.len(), 7);
        lab.same("failed", report.failed, 1);
        lab.holds(report.trouble.is_some(), "an error", "no trouble");
    });
}

#[test]
fn s8_a_host_without_an_address() {
    netlab::lab(|lab| {
        lab.why("A host that cannot be found is trouble with the network, and no reason to panic. (This one has a zero byte in it: no system asks anybody for that.)");
        let args = ["load", "no\0host"].map(str::to_owned);
        let code = lab.you("run([\"load\", \"no\\0host\"])", || run_here(&args));
        lab.same("exit code", code, 1);
    });
}

#[test]
fn s8_nobody_there_is_a_failure() {
    netlab::lab(|lab| {
        lab.why("No connection, no reply, no latency: a failure, and no panic in a thread.");
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
            lab.holds(report.trouble.is_some(), "an error", "no trouble");
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
        let (nobody, server, other) = (lab.refused(), EchoServer::start(), EchoServer::start());
        let addrs = [nobody.addr(), server.addr(), other.addr()];
        let found = lab.you("load_one_of([nobody, server, other])", || {
            load_one_of(&addrs, wanted)
        });
        let (addr, report) = found.unwrap_or_else(|| lab.fails("a report", "None"));
        lab.same("the address", addr, server.addr());
        lab.same("answered", report.latencies.len(), 6);
        lab.same("connections to the other server", other.accepted(), 0);

        lab.why("When nobody lets us in, the last failure is told. A name without an address is not even that.");
        let found = lab.you("load_one_of([nobody])", || load_one_of(&addrs[..1], wanted));
        let (addr, report) = found.unwrap_or_else(|| lab.fails("a report", "None"));
        lab.same("the address", addr, nobody.addr());
        lab.same("failed", report.failed, 2);
        let found = lab.you("load_one_of([])", || load_one_of(&[], wanted));
        lab.holds(found.is_none(), "None", "a report");
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
        lab.same("bytes on standard output", wrong.stdout.len(), 0);

        let nobody = lab.refused();
        let address = nobody.addr().to_string();
        let output = run(
            lab,
            &format!("load 127.0.0.1 -p {} --clients 2", nobody.addr().port()),
            1,
        );
        lab.why("\"Connection refused\" alone sends a person on a search. The server's address and port say where.");
        says(lab, "standard error", &output.stderr, &address);
        lab.why(
            "A failed run has its report too: how much failed, and how many connections were made.",
        );
        lab.same("failed", value(lab, &output, "failed"), 2);
        lab.same("connections", value(lab, &output, "connections"), 0);
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
    let mut command = Command::new(PROGRAM);
    // Should the laboratory give up on it, it must not live on.
    command.args(words(line)).timeout(Duration::from_secs(20));
    let running = lab.meanwhile(&format!("your program `{line}`"), move || {
        command.output().expect("the program starts")
    });
    let output = running.returns();
    lab.ran(line, &output);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() != Some(code) {
        lab.fails(
            format!("exit code {code}"),
            format!("{}; it said: {said}", output.status),
        );
    }
    output
}

/// The number behind `name` in the report.
fn value(lab: &Lab, output: &Output, name: &str) -> u64 {
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(name)).then(|| words.next()?.parse().ok())?
    });
    match found {
        Some(value) => value,
        None => lab.fails(format!("a line with `{name}` and a number"), text),
    }
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
