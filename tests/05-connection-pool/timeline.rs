//! Forty requests as bars over time: who connects, who talks.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use connection_pool::{
    Config, Limits, Manager, Pool, Request, TcpManager, call, exchange, tcp_is_reusable,
};
use netlab::Lab;
use netlab::picture::Picture;

use super::FOR_EVER;

const CLIENTS: usize = 4;
const REQUESTS: usize = 10;

/// What a client did from when to when.
#[derive(Clone, Copy)]
pub struct Bar {
    client: usize,
    what: What,
    from: Duration,
    to: Duration,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Connect,
    Request,
}

/// Where the bars are collected.
#[derive(Clone)]
struct Recorder {
    since: Instant,
    bars: Arc<Mutex<Vec<Bar>>>,
}

impl Recorder {
    /// Does something, and notes when.
    fn note<T>(&self, what: What, f: impl FnOnce() -> T) -> T {
        let from = self.since.elapsed();
        let value = f();
        let to = self.since.elapsed();
        // A client's thread has its number as its name.
        let client = thread::current()
            .name()
            .and_then(|name| name.parse().ok())
            .unwrap_or(0);
        let mut bars = self.bars.lock().expect("no panic in here");
        bars.push(Bar {
            client,
            what,
            from,
            to,
        });
        value
    }
}

/// The student's manager, with a note of each connect.
struct Recording(TcpManager, Recorder);

impl Manager for Recording {
    type Conn = TcpStream;
    type Error = io::Error;

    fn connect(&self) -> io::Result<TcpStream> {
        self.1.note(What::Connect, || self.0.connect())
    }

    fn is_reusable(&self, stream: &mut TcpStream) -> bool {
        tcp_is_reusable(stream).unwrap_or(false)
    }
}

/// Ten requests of each of four clients, over a pool of `max` connections or, with 0, without one.
pub fn record(lab: &Lab, server: SocketAddr, max: usize) -> Vec<Bar> {
    let recorder = Recorder {
        since: Instant::now(),
        bars: Arc::default(),
    };
    let config = Config {
        max,
        wait: FOR_EVER,
        limits: Limits::default(),
    };
    let manager = TcpManager::new(server, Duration::from_secs(10));
    let pool = Pool::new(Recording(manager, recorder.clone()), config);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (pool, recorder) = (pool.clone(), recorder.clone());
            let work =
                move || (0..REQUESTS).all(|_| recorder.note(What::Request, || one(&pool, max)));
            thread::Builder::new()
                .name(client.to_string())
                .spawn(work)
                .expect("a thread")
        })
        .collect();
    let how = if max == 0 {
        "connect() and exchange(…)"
    } else {
        "call(pool, …)"
    };
    let done = lab.student(
        &format!("{how}, 10 times in each of 4 threads"),
        move || {
            clients
                .into_iter()
                .filter_map(|client| client.join().ok())
                .filter(|&all| all)
                .count()
        },
    );
    lab.same(
        "clients whose requests were all answered",
        done.returns(),
        CLIENTS,
    );
    recorder.bars.lock().expect("no panic in here").clone()
}

fn one(pool: &Pool<Recording>, max: usize) -> bool {
    let payload = b"forty requests";
    if max > 0 {
        let request = Request {
            payload,
            idempotent: true,
        };
        return call(pool, request).is_ok();
    }
    match pool.manager().connect() {
        Ok(mut stream) => exchange(&mut stream, payload).is_ok(),
        Err(_) => false,
    }
}

const WIDTH: usize = 760;
const LEFT: usize = 84;
const LANE: usize = 26;

/// Both runs on one scale, one lane a client.
pub fn draw(alone: &[Bar], pooled: &[Bar]) -> String {
    let end = |bars: &[Bar]| bars.iter().map(|bar| bar.to).max().unwrap_or_default();
    let longest = end(alone).max(end(pooled)).as_nanos().max(1);
    let x = |at: Duration| LEFT + ((WIDTH - LEFT - 8) as u128 * at.as_nanos() / longest) as usize;
    let panel = LANE * CLIENTS + 48;
    let mut picture = Picture::new(
        WIDTH,
        2 * panel + 24,
        "Forty requests without and with a pool",
    );
    for (nth, (title, bars)) in [("without a pool", alone), ("with a pool of 4", pooled)]
        .iter()
        .enumerate()
    {
        let top = nth * panel;
        let connects = bars.iter().filter(|bar| bar.what == What::Connect).count();
        let title = format!(
            "{title}: 40 requests, {connects} connects, {} µs",
            end(bars).as_micros()
        );
        picture.text(8, top + 20, "start", 14, 1.0, &title);
        for client in 0..CLIENTS {
            let y = top + 34 + LANE * client;
            picture.text(
                8,
                y + 14,
                "start",
                13,
                0.7,
                &format!("client {}", client + 1),
            );
            picture.line(LEFT, y + LANE - 4, WIDTH - 8, y + LANE - 4, 0.15);
            // Requests first: a connect lies within its request.
            for what in [What::Request, What::Connect] {
                for bar in bars
                    .iter()
                    .filter(|bar| bar.client == client && bar.what == what)
                {
                    let (from, to) = (x(bar.from), x(bar.to));
                    let width = (to - from).saturating_sub(1).max(2);
                    match what {
                        What::Request => picture.rect(from, y, width, 18, "#4f9fd8", 0.55),
                        What::Connect => picture.rect(from, y, width, 18, "#e8762d", 1.0),
                    }
                }
            }
        }
    }
    let legend = 2 * panel + 12;
    picture.rect(LEFT, legend - 11, 14, 12, "#e8762d", 1.0);
    picture.text(
        LEFT + 20,
        legend,
        "start",
        12,
        0.8,
        "connect: SYN, SYN-ACK, ACK",
    );
    picture.rect(LEFT + 250, legend - 11, 14, 12, "#4f9fd8", 0.55);
    picture.text(
        LEFT + 270,
        legend,
        "start",
        12,
        0.8,
        "request: from its start to the reply",
    );
    picture.finish()
}
