//! Step 3: a stream that runs through another stream.

use std::fmt;
use std::io::{self, Read, Write};
use std::time::Duration;

use concurrent_server::Waits;
use rustls::Connection;

use crate::StreamClock;

/// The most bytes that wait in a stream to be sent, of plaintext or of records made of them, before a `write`
/// has to wait itself. (The records have some more.)
pub const MAX_UNSENT: usize = 64 * 1024;

/// TLS over any stream: `read` and `write` are in plaintext, records go through the transport.
///
/// rustls's `Connection` is the machine in the middle. It does no I/O: `read_tls` takes bytes of records from
/// a reader, `process_new_packets` decrypts them and acts on them, `reader()` gives plaintext, `writer()` takes
/// plaintext, `write_tls` gives the bytes of records to a writer, and `wants_read` and `wants_write` say what
/// it waits for. Who moves the bytes, when, and what an error means, is this step. (rustls has a `Stream`
/// and a `complete_io` of its own, which do a part of it.)
///
/// For every call:
///
/// - `ErrorKind::Interrupted` of the transport is not an error: its call is repeated.
/// - Any other error of the transport is the error of the call, with its kind. After `WouldBlock` and
///   `TimedOut` nothing is lost, and the same call can be made again.
/// - A transport may take a part of what is written, and give a part of what is asked. A `write` that takes 0
///   bytes is `ErrorKind::WriteZero`.
/// - What rustls wants to send goes out, and the transport is flushed, before the transport is read: the other
///   side may be waiting for it. But where that would block, `read` reads all the same: the other side may be
///   in the same position, and somebody has to read.
/// - Nothing is read from the transport while there is plaintext to give, nor behind the end of the other
///   side.
/// - A transport that has nothing to say is not asked again and again.
///
/// **Errors of TLS.** What rustls refuses is `ErrorKind::InvalidData`, with the `rustls::Error` inside it. Before
/// the call returns, the alert that rustls has made is sent (RFC 8446 §6.2: the other side learns why), whatever
/// comes of that. So is it with an alert that the other side has sent. Every later call fails as well.
///
/// **Time.** [`Waits::wait_at_most`] limits a call of this stream, not a call of the transport: a peer that
/// sends a byte of a record now and then does not keep `read` for longer. A call that is over time fails with
/// `TimedOut` (or with what the transport says). Without a limit, a call waits as the transport does.
pub struct TlsStream<S: Waits> {
    connection: Connection,
    transport: S,
    clock: StreamClock,
    // Add what you need to remember.
}

impl<S: Waits> TlsStream<S> {
    /// A stream in which nothing has happened: no byte is read or written here. `clock` is for the limits.
    ///
    /// `connection` is a `ClientConnection` or a `ServerConnection`, which may have read something already.
    pub fn new(
        connection: impl Into<Connection>,
        transport: S,
        clock: StreamClock,
    ) -> TlsStream<S> {
        TlsStream {
            connection: connection.into(),
            transport,
            clock,
        }
    }

    /// The machine, for a look at what was agreed.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What carries the records.
    pub fn transport(&self) -> &S {
        &self.transport
    }

    /// Both, to move bytes in a way of one's own.
    pub fn parts(&mut self) -> (&mut Connection, &mut S) {
        (&mut self.connection, &mut self.transport)
    }

    /// Shakes hands, if that is not done yet, and returns when it is: the keys are agreed, the other side's
    /// certificate is believed, and what this side has to say of it is sent and flushed.
    ///
    /// # Errors
    ///
    /// As above, and `ErrorKind::UnexpectedEof` when the transport ends before.
    pub fn handshake(&mut self) -> io::Result<()> {
        todo!(
            "14.3 handshake() at {:?}, {self:?}: send what it wants to send, read what it wants to read, until it is no longer handshaking and has nothing left to send",
            self.clock.now()
        )
    }
}

impl<S: Waits> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream")
            .field("handshaking", &self.connection.is_handshaking())
            .field("wants_read", &self.connection.wants_read())
            .field("wants_write", &self.connection.wants_write())
            .finish_non_exhaustive()
    }
}

impl<S: Waits> Read for TlsStream<S> {
    /// Gives plaintext, as soon as there is some: it does not wait for more than one record. Shakes hands
    /// before, if that is not done yet. `buf` that is empty gives 0.
    ///
    /// `Ok(0)` is the end that the other side has announced (close_notify, RFC 8446 §6.1), again and again.
    ///
    /// # Errors
    ///
    /// As above, and `ErrorKind::UnexpectedEof` when the transport ends without a close_notify: anybody on the
    /// way can end a TCP connection, and what has come may be the half of it. Plaintext that had come before
    /// is given first.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        todo!(
            "14.3 read(buf of {} bytes), {self:?}: plaintext that is there; else records from the transport until there is some, or the end",
            buf.len()
        )
    }
}

impl<S: Waits> Write for TlsStream<S> {
    /// Takes plaintext, as much as there is room for, and sends it as far as the transport takes it. Shakes hands
    /// before, if that is not done yet.
    ///
    /// At most about [`MAX_UNSENT`] bytes wait to be sent: more is not taken, and where there is no room for
    /// a single byte, the call waits for the transport. What is taken is taken: an error of the transport
    /// that comes behind it is the error of the next call, and of that one only. `WouldBlock` and `TimedOut`
    /// are none: what is left goes out with a later call.
    ///
    /// # Errors
    ///
    /// As above.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        todo!(
            "14.3 write({} bytes), {self:?}: first make room, then give plaintext to rustls, then send what it makes of it",
            buf.len()
        )
    }

    /// Returns when all that was taken is in the transport, and the transport is flushed.
    ///
    /// # Errors
    ///
    /// As above.
    fn flush(&mut self) -> io::Result<()> {
        todo!("14.3 flush(), {self:?}: write_tls until nothing is left, then flush the transport")
    }
}

impl<S: Waits> Waits for TlsStream<S> {
    /// From now on, no single `handshake`, `read`, `write` or `flush` takes longer than `limit`, which is not zero.
    ///
    /// # Errors
    ///
    /// `ErrorKind::InvalidInput` when `limit` is zero.
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        todo!("14.3 wait_at_most({limit:?}), {self:?}: remember it; each call begins its own time")
    }
}
