//! Step 3: a connection that is never waited for.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use crate::{Filled, Protocol, drain, fill};

/// The most bytes that may have come and not be used yet. A request that needs more is an error.
pub const INBOX: usize = 128 * 1024;

/// While so many bytes of replies wait to be sent, no request is taken and nothing is read: whoever does not
/// read its replies is not read either.
pub const OUTBOX: usize = 64 * 1024;

/// The most bytes that one turn reads. Then it is somebody else's turn.
pub const TURN: usize = 64 * 1024;

/// What a connection waits for.
#[derive(Clone, Copy, Debug)]
pub enum Next {
    /// Until its stream can be read (if `read`), or written (if `write`). One of them is true, or both.
    Wait { read: bool, write: bool },
    /// For nothing: its turn was over, and it could go on.
    Again,
    /// For nothing any more. All replies are written, and the connection can be closed.
    Done,
}

/// One client's conversation, between two turns: what came and is not used yet, what is to be sent.
/// At rest, with nothing of both, it keeps no buffers, not even small ones, and a new connection is at rest: most of
/// thousands of connections are silent most of the time.
#[derive(Debug)]
pub struct Conn<P> {
    protocol: P,
    inbox: Vec<u8>,
    outbox: VecDeque<u8>,
    /// Nothing more is read or taken. What is in the outbox goes out, and then this is the result.
    end: Option<io::Result<()>>,
    requests: u64,
    finishing: bool,
}

impl<P: Protocol> Conn<P> {
    /// A connection on which nothing has come yet.
    pub fn new(protocol: P) -> Conn<P> {
        Conn {
            protocol,
            inbox: Vec::new(),
            outbox: VecDeque::new(),
            end: None,
            requests: 0,
            finishing: false,
        }
    }

    /// Goes on as far as `stream`, which does not block, lets it: reads, takes requests, writes replies.
    /// Whether the stream can be read, written, both or neither is found out by trying: a turn for which
    /// there is no reason does no harm.
    ///
    /// A reply is written as soon as the stream takes it, and before the next `Wait`. What the turn returns
    /// is right for a system that tells each change once (edge-triggered), and for one that tells as long
    /// as it is so (level-triggered):
    ///
    /// - `read` is true only after a read of this turn has said `WouldBlock`, and `write` only after a write has.
    /// - `write` is true when, and only when, there are bytes in the outbox.
    /// - `read` is false when, and only when, nothing would be read now: the outbox has `OUTBOX` bytes or
    ///   more, or the input has ended, by its end or by an error of the protocol.
    ///
    /// Requests are taken in order, one by one, and only while the outbox has less than `OUTBOX` bytes. A turn
    /// reads `TURN` bytes at most. If it could go on after that, it is `Again`.
    ///
    /// When the client has ended its stream, the requests that are complete still get their replies. The
    /// end is `Done`, once all is written. An error of the protocol ends the input as well: replies to the
    /// requests before it are written first, and then it is returned.
    ///
    /// # Errors
    ///
    /// Those of the protocol; `ErrorKind::InvalidData` when `INBOX` bytes are no complete request;
    /// `ErrorKind::UnexpectedEof` when the stream ended within a request (both: once the replies before are
    /// written). Those of `fill` and `drain`, at once: the stream is broken.
    ///
    /// After `Done` or an error there is no further turn.
    pub fn turn<S: Read + Write>(&mut self, stream: &mut S) -> io::Result<Next> {
        let mut left = TURN;
        let mut dry = false;
        loop {
            self.answer(stream)?;
            let write = !self.outbox.is_empty();
            if self.outbox.len() >= OUTBOX {
                return Ok(Next::Wait { read: false, write });
            }
            if self.end.is_some() && write {
                return Ok(Next::Wait { read: false, write });
            }
            if let Some(end) = self.end.take() {
                return end.map(|()| Next::Done);
            }
            if dry && self.is_at_rest() {
                // Thousands of connections say nothing most of the time. They need no memory for that.
                self.inbox = Vec::new();
                self.outbox = VecDeque::new();
                if self.finishing {
                    return Ok(Next::Done);
                }
            }
            if dry {
                return Ok(Next::Wait { read: true, write });
            }
            if left == 0 {
                return Ok(Next::Again);
            }
            // Not 0: an inbox that is full and holds no request has ended the input.
            let room = left.min(INBOX - self.inbox.len());
            let before = self.inbox.len();
            match fill(stream, &mut self.inbox, room)? {
                Filled::Dry => dry = true,
                Filled::Full => {}
                Filled::End => self.end = Some(Ok(())),
            }
            left -= self.inbox.len() - before;
        }
    }

    /// Writes replies and takes requests, until there is no complete request or the outbox stays full.
    fn answer<W: Write>(&mut self, stream: &mut W) -> io::Result<()> {
        loop {
            drain(stream, &mut self.outbox)?;
            if self.outbox.len() >= OUTBOX || !self.take_requests() {
                return Ok(());
            }
        }
    }

    /// Takes requests while the outbox has room for their replies. `false` if there was none.
    fn take_requests(&mut self) -> bool {
        let mut used = 0;
        // After an error of the protocol, nothing that follows can be understood.
        while self.outbox.len() < OUTBOX && !matches!(self.end, Some(Err(_))) {
            match self.protocol.take(&self.inbox[used..], &mut self.outbox) {
                Ok(0) => {
                    let rest = self.inbox.len() - used;
                    if rest >= INBOX {
                        self.end = Some(Err(ErrorKind::InvalidData.into()));
                    } else if rest > 0 && self.end.is_some() {
                        self.end = Some(Err(ErrorKind::UnexpectedEof.into()));
                    }
                    break;
                }
                Ok(n) => {
                    used += n;
                    self.requests += 1;
                }
                Err(error) => self.end = Some(Err(error)),
            }
        }
        // Once for all of them: each removal moves what is behind it.
        self.inbox.drain(..used);
        used > 0
    }

    /// From now on the connection is over as soon as it is at rest: a turn that would only wait for the next
    /// request is `Done`. Requests that have come, or have begun to come, get their replies.
    pub fn finish(&mut self) {
        self.finishing = true;
    }

    /// The requests that were taken so far.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Nothing of a request has come, and nothing is left to send.
    fn is_at_rest(&self) -> bool {
        self.inbox.is_empty() && self.outbox.is_empty()
    }
}
