//! Chapter 03's answer as servers. Included twice: the module around it says whose it is.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;

use super::concurrent_server::{
    BACKLOG, Client, EchoFrames, Handler, LIMITS, Limits, Mode, Server, SystemClock,
};

use crate::race03::{FOUR, MANY, PATIENCE, QUEUE};
use crate::server;

#[cfg_attr(
    feature = "mine-03",
    allow(dead_code, reason = "the student's does not take part")
)]
pub fn iterative() -> io::Result<()> {
    serve(frames(LIMITS), Mode::Iterative)
}

pub fn threads() -> io::Result<()> {
    serve(frames(LIMITS), Mode::Threads { max: MANY })
}

pub fn workers() -> io::Result<()> {
    serve(frames(LIMITS), many_workers())
}

pub fn four_threads() -> io::Result<()> {
    serve(frames(SHORT), Mode::Threads { max: FOUR })
}

pub fn four_workers() -> io::Result<()> {
    let mode = Mode::Workers {
        workers: FOUR,
        queue: QUEUE,
    };
    serve(frames(SHORT), mode)
}

pub fn http() -> io::Result<()> {
    serve(Arc::new(two_bytes), many_workers())
}

const SHORT: Limits = Limits {
    idle: PATIENCE,
    total: PATIENCE,
};

fn many_workers() -> Mode {
    Mode::Workers {
        workers: MANY,
        queue: QUEUE,
    }
}

/// The handler of the program.
fn frames(limits: Limits) -> Arc<dyn Handler> {
    let clock = SystemClock::new();
    Arc::new(EchoFrames { limits, clock })
}

/// Answers each request with `200 OK` and a body of two bytes.
fn two_bytes(client: &Client) -> io::Result<()> {
    let mut requests = BufReader::new(client.stream()).lines();
    // A request ends with an empty line: nobody here sends a body.
    while let Some(line) = requests.next().transpose()? {
        if line.is_empty() {
            client
                .stream()
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        }
    }
    Ok(())
}

fn serve(handler: Arc<dyn Handler>, mode: Mode) -> io::Result<()> {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = tcp_echo_solution::listen_on(addr, BACKLOG)?;
    let server = Server::start(listener, handler, mode)?;
    server::listening(server.addr());
    loop {
        thread::park();
    }
}
