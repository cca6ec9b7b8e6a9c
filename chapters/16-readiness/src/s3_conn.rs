//! Step 3: a connection that is never waited for.

use std::io::{self, Read, Write};
use std::marker::PhantomData;

use crate::Protocol;

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
    // In place of this: what a connection has to remember.
    yours: PhantomData<P>,
}

impl<P: Protocol> Conn<P> {
    /// A connection on which nothing has come yet.
    pub fn new(protocol: P) -> Conn<P> {
        let _ = protocol;
        todo!("16.3 Conn::new(protocol): a protocol, an empty inbox, an empty outbox")
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
        let _ = stream;
        todo!(
            "16.3 Conn::turn(stream): in a loop: drain, take requests while the outbox has less than OUTBOX bytes, fill; return when none of them goes on, or TURN bytes are read"
        )
    }

    /// From now on the connection is over as soon as it is at rest: a turn that would only wait for the next
    /// request is `Done`. Requests that have come, or have begun to come, get their replies.
    pub fn finish(&mut self) {
        todo!("16.3 Conn::finish(): from now on, a turn that leaves the connection at rest is Done")
    }

    /// The requests that were taken so far.
    pub fn requests(&self) -> u64 {
        todo!("16.3 Conn::requests(): count what the protocol takes")
    }
}
