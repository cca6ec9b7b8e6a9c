//! Thousands of clients against the reference program, in its two concurrent modes, with figures from
//! /proc: when they have left, nothing of them may stay. Linux.
//!
//! `cargo test -p sol03 --test load -- --include-ignored --nocapture` runs all of it, about four
//! seconds, and prints the figures.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// So many threads ask the short questions.
const CALLERS: usize = 10;

const FRAME: &[u8] = b"\0\0\0\x05hello";

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs Linux, for /proc")]
fn nothing_stays_of_500_short_and_50_held() {
    nothing_stays(500, 50);
}

#[test]
#[ignore = "takes four seconds; needs Linux, for /proc"]
fn nothing_stays_of_5000_short_and_500_held() {
    let figures = nothing_stays(5000, 500);
    print!("{figures}");
    // The book shows them.
    if let Some(folder) = std::env::var_os("NETLAB_PICTURES") {
        let file = std::path::Path::new(&folder).join("03-load.txt");
        fs::write(file, figures).expect("the folder for pictures");
    }
}

/// Gives a line of figures for each stage.
fn nothing_stays(short: usize, held: usize) -> String {
    let mut lines = Vec::new();
    for mode in ["threads", "workers"] {
        let server = Process::start(mode, held + CALLERS);
        // What a server allocates once, for its first full house, is its own.
        server.holds(held);
        server.answers(short / 10);
        let before = server.rests();
        lines.push(mode.to_owned());
        lines.push(format!("{before}  before"));
        for round in 1..=2 {
            let full = server.holds(held);
            lines.push(format!("{full}  {held} held"));
            lines.push(format!("{}  they have left", server.rests()));
            server.answers(short);
            let after = server.rests();
            lines.push(format!("{after}  {short} short ones have come and gone"));
            assert_eq!(
                (after.threads, after.descriptors),
                (before.threads, before.descriptors),
                "{mode}, round {round}: threads and descriptors, before {before}"
            );
            // Some pages are the allocator's affair; a lost connection or stack for each is more.
            let more = after.kilobytes.saturating_sub(before.kilobytes);
            assert!(
                more < 1024,
                "{mode}, round {round}: {more} kB more than before {short} clients came"
            );
        }
    }
    lines.join("\n") + "\n"
}

/// The program, and where it listens.
struct Process {
    child: Child,
    addr: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Figures {
    threads: usize,
    descriptors: usize,
    /// Resident memory.
    kilobytes: usize,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:5} threads {:5} descriptors {:7} kB",
            self.threads, self.descriptors, self.kilobytes
        )
    }
}

impl Process {
    fn start(mode: &str, workers: usize) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sol03"))
            .args(["serve", "127.0.0.1", "-p", "0", "--mode", mode])
            .args(["--workers", &workers.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped"))
            .read_line(&mut line)
            .expect("a line");
        let addr = line
            .trim_end()
            .strip_prefix("listening on ")
            .expect("the address line")
            .to_owned();
        Process { child, addr }
    }

    fn figures(&self) -> Figures {
        let proc = format!("/proc/{}", self.child.id());
        let status = fs::read_to_string(format!("{proc}/status")).expect("a running process");
        let field = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_whitespace().next())
                .and_then(|number| number.parse().ok())
                .expect("a number in /proc/PID/status")
        };
        Figures {
            threads: field("Threads:"),
            kilobytes: field("VmRSS:"),
            descriptors: fs::read_dir(format!("{proc}/fd"))
                .expect("a running process")
                .count(),
        }
    }

    /// The figures, once the server has noticed that everybody left.
    fn rests(&self) -> Figures {
        let mut last = self.figures();
        let mut same = 0;
        let began = Instant::now();
        while same < 20 && began.elapsed() < Duration::from_secs(10) {
            thread::park_timeout(Duration::from_millis(5));
            let now = self.figures();
            same = if now == last { same + 1 } else { 0 };
            last = now;
        }
        last
    }

    /// Opens connections and has a word on each, so that all are being served. The figures are
    /// those of the full house.
    fn holds(&self, held: usize) -> Figures {
        let clients: Vec<TcpStream> = (0..held).map(|_| self.asks()).collect();
        let figures = self.figures();
        drop(clients);
        figures
    }

    /// Clients that ask once and leave, some of them at the same time.
    fn answers(&self, clients: usize) {
        thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| {
                    for _ in 0..clients / CALLERS {
                        self.asks();
                    }
                });
            }
        });
    }

    fn asks(&self) -> TcpStream {
        let mut client = TcpStream::connect(&self.addr).expect("connect");
        client.write_all(FRAME).expect("a frame");
        let mut reply = [0; FRAME.len()];
        client.read_exact(&mut reply).expect("a frame");
        assert_eq!(reply, FRAME, "the frame that came back");
        client
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
