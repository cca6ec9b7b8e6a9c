//! Chapter 13's answer before its judges: a connection in memory, which gives the bytes of a case and then ends.

use std::io::{self, Read, Write};
use std::time::Duration;

use concurrent_server::{SystemClock, Waits};
use http1::{Ask, Limits, Request, Response, Stream, exchange, serve_connection};

use super::corpus::Case;

/// Longer than a connection in memory takes.
const LONG: Duration = Duration::from_secs(60);

/// The method of the request that a response of the corpus answers.
pub fn method(case: &Case) -> &'static str {
    match case.section.as_str() {
        "Answers to HEAD" => "HEAD",
        _ => "GET",
    }
}

/// What our server makes of these bytes, which come in pieces of this size: the statuses of its answers.
pub fn serves(bytes: &[u8], piece: usize) -> String {
    match answers(bytes, piece) {
        Ok(written) => statuses(&written),
        Err(error) => error.to_string(),
    }
}

/// All that our server writes. The body of an answer tells method, target and body of the request.
pub fn answers(bytes: &[u8], piece: usize) -> io::Result<Vec<u8>> {
    let mut memory = Memory::new(bytes, piece);
    let app = |request: &Request| {
        let head = format!("{} {} ", request.head.method, request.head.target);
        Response::new(200, [head.as_bytes(), &request.body].concat())
    };
    let limits = Limits {
        idle: LONG,
        request: LONG,
        reply: LONG,
        linger: LONG,
        max_body: 1 << 20,
    };
    serve_connection(&mut memory, &app, &limits, &SystemClock::new())?;
    Ok(memory.written)
}

/// What our client makes of a response that comes in pieces of this size.
pub fn takes(case: &Case, piece: usize) -> String {
    let ask = Ask {
        method: method(case),
        host: "a",
        path: "/",
        body: b"",
    };
    match exchange(&mut Memory::new(&case.bytes, piece), &ask) {
        Ok(answer) => taken(answer.head.status, &answer.body),
        Err(_) => "refused".to_owned(),
    }
}

/// How the corpus writes a response that a client has taken.
pub fn taken(status: u16, body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    format!("{status} {body}").trim_end().to_owned()
}

/// The statuses of the answers in these bytes, in order. The bodies that are seen here have no such words.
pub fn statuses(bytes: &[u8]) -> String {
    let found: Vec<_> = bytes
        .windows(12)
        .filter(|at| at.starts_with(b"HTTP/1.") && at[8] == b' ')
        .filter(|at| at[9..].iter().all(u8::is_ascii_digit))
        .map(|at| String::from_utf8_lossy(&at[9..12]).into_owned())
        .collect();
    match found.is_empty() {
        true => "none".to_owned(),
        false => found.join(" "),
    }
}

struct Memory<'a> {
    comes: &'a [u8],
    piece: usize,
    written: Vec<u8>,
}

impl Memory<'_> {
    fn new(comes: &[u8], piece: usize) -> Memory<'_> {
        Memory {
            comes,
            piece,
            written: Vec::new(),
        }
    }
}

impl Read for Memory<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.piece.min(buffer.len());
        self.comes.read(&mut buffer[..most])
    }
}

impl Write for Memory<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Waits for &mut Memory<'_> {
    fn wait_at_most(&mut self, _limit: Duration) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for &mut Memory<'_> {
    fn end_writing(&mut self) -> io::Result<()> {
        Ok(())
    }
}
