//! The reference of chapter 03, with as many threads as there are clients.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;

use concurrent_server_solution::{BACKLOG, EchoFrames, Limits, Mode, Server, SystemClock};

use super::{MANY, PATIENCE};
use crate::server;

pub fn threads() -> io::Result<()> {
    serve(Mode::Threads { max: MANY })
}

pub fn workers() -> io::Result<()> {
    serve(Mode::Workers {
        workers: MANY,
        queue: MANY,
    })
}

fn serve(mode: Mode) -> io::Result<()> {
    let limits = Limits {
        idle: PATIENCE,
        total: PATIENCE,
    };
    let clock = SystemClock::new();
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = tcp_echo_solution::listen_on(addr, BACKLOG)?;
    let server = Server::start(listener, Arc::new(EchoFrames { limits, clock }), mode)?;
    server::listening(server.addr());
    loop {
        thread::park();
    }
}
