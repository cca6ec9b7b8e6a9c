//! What the book shows of this chapter and no exercise draws: three designs under one schedule of
//! clients, eight hostile clients at four servers, the cost of a thread. Only to draw, with the
//! reference answer, on a machine that has nothing else to do:
//! `NETLAB_PICTURES=$PWD/book/src/pictures cargo test -p sol03 pictures`

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use concurrent_server::{
    Client, EchoFrames, Handler, LIMITS, Mode, Server, SystemClock, WorkerPool,
};
use netlab::hostile::CLIENTS;
use netlab::picture::Picture;
use netlab::{Lab, lab};

use crate::exercise::scene::{echo_five, handler, listener, locked};

/// The folder for pictures, when somebody wants them.
fn folder() -> Option<PathBuf> {
    std::env::var_os("NETLAB_PICTURES").map(PathBuf::from)
}

/// When each client connects, and how long it thinks before it asks, in milliseconds.
const SCHEDULE: [(&str, u64, u64); 6] = [
    ("A", 0, 160),
    ("B", 20, 40),
    ("C", 40, 60),
    ("D", 50, 30),
    ("E", 70, 50),
    ("F", 80, 20),
];

/// One conversation as its handler saw it.
struct Talk {
    client: &'static str,
    thread: ThreadId,
    begins: Duration,
    ends: Duration,
}

#[test]
fn pictures_of_three_designs() {
    if folder().is_none() {
        return;
    }
    lab(|lab| {
        let three = Mode::Workers {
            workers: 3,
            queue: 8,
        };
        let designs = [
            ("one after the other", Mode::Iterative),
            ("a thread for each client", Mode::Threads { max: 8 }),
            ("three workers and a queue", three),
        ];
        let runs: Vec<_> = designs
            .iter()
            .map(|&(name, mode)| (name, run(mode)))
            .collect();
        lab.draws("03-lanes", lanes(&runs));
    });
}

/// Plays the schedule to a server, and gives its conversations in the order of their beginnings.
fn run(mode: Mode) -> Vec<Talk> {
    let (listener, addr) = listener();
    let names: Arc<Mutex<BTreeMap<SocketAddr, &'static str>>> = Arc::default();
    let talks: Arc<Mutex<Vec<Talk>>> = Arc::default();
    let began = Instant::now();
    let (known, noted) = (names.clone(), talks.clone());
    let handler = handler(move |client: &Client| {
        let begins = began.elapsed();
        client.stream().write_all(b"?")?;
        let end = echo_five(client);
        // By now the client has spoken, so its name is there.
        let client = locked(&known)
            .get(&client.peer())
            .copied()
            .unwrap_or_default();
        locked(&noted).push(Talk {
            client,
            thread: thread::current().id(),
            begins,
            ends: began.elapsed(),
        });
        end
    });
    let server = Server::start(listener, handler, mode).expect("the server starts");
    thread::scope(|scope| {
        for (name, connects, thinks) in SCHEDULE {
            let names = &names;
            scope.spawn(move || {
                until(began, connects);
                let mut stream = TcpStream::connect(addr).expect("connect");
                let local = stream.local_addr().expect("an address");
                locked(names).insert(local, name);
                stream.read_exact(&mut [0]).expect("a greeting");
                until(Instant::now(), thinks);
                stream.write_all(b"hello").expect("five bytes");
                stream.read_exact(&mut [0; 5]).expect("five bytes");
            });
        }
    });
    server.shutdown(Duration::from_secs(1)).expect("it stops");
    let mut talks = std::mem::take(&mut *locked(&talks));
    talks.sort_by_key(|talk| talk.begins);
    talks
}

fn until(began: Instant, milliseconds: u64) {
    let at = began + Duration::from_millis(milliseconds);
    while let Some(left) = at.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
}

/// Time from left to right, a lane for each thread, and below it who waits.
fn lanes(runs: &[(&str, Vec<Talk>)]) -> String {
    const LEFT: usize = 96;
    const SCALE: usize = 2; // pixels a millisecond
    const END: usize = 400;
    const LANE: usize = 30;
    const WAIT: usize = 14;
    let x = |at: Duration| LEFT + (at.as_millis() as usize).min(END) * SCALE;
    let ms = |at: u64| x(Duration::from_millis(at));

    let mut rows = Vec::new();
    let mut y = 10;
    for (name, talks) in runs {
        let mut threads: Vec<ThreadId> = Vec::new();
        for talk in talks {
            if !threads.contains(&talk.thread) {
                threads.push(talk.thread);
            }
        }
        let waits: Vec<&Talk> = talks.iter().filter(|t| wait(t) > 4).collect();
        let height = 30 + LANE * threads.len() + WAIT * waits.len() + 16;
        rows.push((y, *name, talks, threads, waits));
        y += height;
    }
    let mut picture = Picture::new(
        ms(END as u64) + 24,
        y + 58,
        "Six clients at three servers: which thread serves whom, and who waits",
    );
    for (top, name, talks, threads, waits) in rows {
        picture.text(8, top + 18, "start", 14, 1.0, name);
        let first = top + 30;
        for (i, thread) in threads.iter().enumerate() {
            let lane = first + LANE * i;
            picture.text(
                LEFT - 12,
                lane + 19,
                "end",
                12,
                0.7,
                &format!("thread {}", i + 1),
            );
            picture.line(LEFT, lane + 15, ms(END as u64), lane + 15, 0.25);
            for talk in talks.iter().filter(|talk| talk.thread == *thread) {
                let (from, to) = (x(talk.begins), x(talk.ends));
                let width = (to - from).max(3);
                picture.rect(from, lane + 4, width, 22, "#3a8f5f", 0.45);
                // A short conversation has its name beside it.
                if width >= 16 {
                    picture.text(from + width / 2, lane + 20, "middle", 13, 1.0, talk.client);
                } else {
                    picture.text(to + 4, lane + 20, "start", 13, 1.0, talk.client);
                }
            }
        }
        for (i, talk) in waits.iter().enumerate() {
            let row = first + LANE * threads.len() + WAIT * i + 8;
            let (from, to) = (ms(connects(talk.client)), x(talk.begins));
            picture.text(from - 6, row + 4, "end", 12, 1.0, talk.client);
            picture.rect(from, row - 3, to - from, 6, "#e8a33d", 0.9);
        }
    }
    picture.line(LEFT, y, ms(END as u64), y, 0.6);
    picture.rect(LEFT, y + 34, 16, 14, "#3a8f5f", 0.45);
    picture.text(LEFT + 22, y + 46, "start", 12, 0.8, "is served");
    picture.rect(LEFT + 120, y + 38, 16, 6, "#e8a33d", 0.9);
    picture.text(
        LEFT + 142,
        y + 46,
        "start",
        12,
        0.8,
        "is connected and waits",
    );
    for at in (0..=END as u64).step_by(40) {
        picture.line(ms(at), y, ms(at), y + 5, 0.6);
        picture.text(ms(at), y + 20, "middle", 11, 0.7, &format!("{at} ms"));
    }
    picture.finish()
}

fn connects(client: &str) -> u64 {
    SCHEDULE
        .iter()
        .find(|(name, ..)| *name == client)
        .map_or(0, |(_, connects, _)| *connects)
}

/// How long the client had been connected when its conversation began, in milliseconds.
fn wait(talk: &Talk) -> u64 {
    (talk.begins.as_millis() as u64).saturating_sub(connects(talk.client))
}

#[test]
fn pictures_of_what_a_thread_costs() {
    let Some(folder) = folder() else {
        return;
    };
    let thread = median(|| thread::spawn(|| ()).join().expect("it does nothing"));
    let pool = WorkerPool::start(1, 1).expect("a thread");
    let (done, wait) = channel();
    let job = median(|| {
        let done = done.clone();
        pool.submit(Box::new(move || done.send(()).expect("we wait")))
            .expect("the worker waits");
        wait.recv().expect("the job ends");
    });
    let text = format!(
        "{:4} µs  a thread: start it and wait for its end\n\
         {:4} µs  a worker that waits already: hand it a job and wait for the end of that\n",
        thread.as_micros(),
        job.as_micros()
    );
    std::fs::write(folder.join("03-cost.txt"), text).expect("the folder for pictures");
}

fn median(what: impl Fn()) -> Duration {
    let mut times: Vec<Duration> = (0..2000)
        .map(|_| {
            let began = Instant::now();
            what();
            began.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// How long a friend waits before we say that he waits.
const NOTICEABLY: Duration = Duration::from_millis(300);

#[test]
fn pictures_of_eight_hostile_clients() {
    let Some(folder) = folder() else {
        return;
    };
    type Start = fn() -> (SocketAddr, Option<Server>);
    let servers: [(&str, Start); 4] = [
        ("chapter 02", chapter_02),
        ("iterative", || ours(Mode::Iterative)),
        ("threads", || ours(Mode::Threads { max: 16 })),
        ("workers", || {
            ours(Mode::Workers {
                workers: 16,
                queue: 16,
            })
        }),
    ];
    let table: Arc<Mutex<BTreeMap<(usize, usize), &str>>> = Arc::default();
    for (column, (_, start)) in servers.into_iter().enumerate() {
        let cells = table.clone();
        lab(move |lab| {
            for (row, hostile) in CLIENTS.iter().enumerate() {
                let (addr, server) = start();
                let present = hostile.comes(lab, addr);
                let mut friend = asks(lab, addr);
                let mut outcome = "at once";
                if !has_reply(&mut friend, NOTICEABLY) {
                    drop(present);
                    let late = has_reply(&mut friend, Duration::from_secs(1));
                    outcome = if late { "when it has left" } else { "never" };
                }
                locked(&cells).insert((row, column), outcome);
                if let Some(server) = server {
                    server.shutdown(Duration::ZERO).expect("it stops");
                }
            }
        });
    }
    let table = locked(&table);
    let mut text = String::from("| A hostile client that");
    for (name, _) in servers {
        text.push_str(&format!(" | {name}"));
    }
    text.push_str(" |\n|---|---|---|---|---|\n");
    for (row, hostile) in CLIENTS.iter().enumerate() {
        text.push_str(&format!("| {}", hostile.name));
        for column in 0..servers.len() {
            text.push_str(&format!(" | {}", table[&(row, column)]));
        }
        text.push_str(" |\n");
    }
    std::fs::write(folder.join("03-hostile.txt"), text).expect("the folder for pictures");
}

/// Chapter 02's server, with the patience of its program. It ends with this process.
fn chapter_02() -> (SocketAddr, Option<Server>) {
    let (listener, addr) = listener();
    thread::spawn(move || serve_02(&listener));
    (addr, None)
}

fn serve_02(listener: &TcpListener) {
    while tcp_echo::answer_one(listener, Duration::from_secs(10)).is_ok() {}
}

fn ours(mode: Mode) -> (SocketAddr, Option<Server>) {
    let (listener, addr) = listener();
    let handler: Arc<dyn Handler> = Arc::new(EchoFrames {
        limits: LIMITS,
        clock: SystemClock::new(),
    });
    let server = Server::start(listener, handler, mode).expect("the server starts");
    (addr, Some(server))
}

fn asks(lab: &Lab, addr: SocketAddr) -> TcpStream {
    lab.note("a friend asks");
    let mut friend = TcpStream::connect(addr).expect("connect");
    friend
        .write_all(b"\0\0\0\x05hello")
        .expect("a frame of five bytes");
    friend
}

fn has_reply(friend: &mut TcpStream, within: Duration) -> bool {
    friend
        .set_read_timeout(Some(within))
        .expect("a read time-out");
    friend.read_exact(&mut [0; 4]).is_ok()
}
