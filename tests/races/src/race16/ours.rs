//! Chapter 16's answer as servers. Included twice: the module around it says whose it is.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use concurrent_server_solution::SystemClock;

use super::readiness::{BACKLOG, EchoFrames, Limits, Protocol, Server};
use crate::race16::PATIENCE;
use crate::server;

pub fn frames() -> io::Result<()> {
    serve(EchoFrames)
}

pub fn http() -> io::Result<()> {
    serve(TwoBytes)
}

/// Answers each request with `200 OK` and a body of two bytes. A request ends with an empty line: nobody here sends a
/// body.
#[derive(Clone)]
struct TwoBytes;

impl Protocol for TwoBytes {
    fn take(&mut self, input: &[u8], output: &mut VecDeque<u8>) -> io::Result<usize> {
        const END: &[u8] = b"\r\n\r\n";
        let Some(at) = input.windows(END.len()).position(|bytes| bytes == END) else {
            return Ok(0);
        };
        output.extend(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Ok(at + END.len())
    }
}

fn serve<P: Protocol + Clone>(protocol: P) -> io::Result<()> {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = tcp_echo_solution::listen_on(addr, BACKLOG)?;
    let addr = listener.local_addr()?;
    let limits = Limits {
        patience: PATIENCE,
        most: usize::MAX,
    };
    let mut served = Server::new(listener, protocol, SystemClock::new(), limits)?;
    server::listening(addr);
    loop {
        served.round(None)?;
    }
}
