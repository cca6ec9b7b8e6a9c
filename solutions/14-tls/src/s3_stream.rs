//! Step 3: a stream that runs through another stream.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use concurrent_server::{Clock, Waits};
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
    /// How long a call may take.
    limit: Option<Duration>,
    /// Until when the call that is running has time.
    deadline: Option<Duration>,
    /// Something was written to the transport since it was flushed.
    unflushed: bool,
    /// What rustls has refused, or the other side: nothing goes on after it.
    failed: Option<rustls::Error>,
    /// An error that came behind a write which had taken something.
    late: Option<io::Error>,
    /// What is written here is over (step 4).
    pub(crate) ended: bool,
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
        let mut connection = connection.into();
        connection.set_buffer_limit(Some(MAX_UNSENT));
        TlsStream {
            connection,
            transport,
            clock,
            limit: None,
            deadline: None,
            unflushed: false,
            failed: None,
            late: None,
            ended: false,
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
        self.begin()?;
        self.shake_hands()?;
        self.send()
    }

    /// A call begins, and its time.
    pub(crate) fn begin(&mut self) -> io::Result<()> {
        let now = self.clock.now();
        self.deadline = self.limit.map(|limit| now.saturating_add(limit));
        if let Some(error) = &self.failed {
            return Err(refused(error));
        }
        self.late.take().map_or(Ok(()), Err)
    }

    fn shake_hands(&mut self) -> io::Result<()> {
        while self.connection.is_handshaking() {
            // There may be something that was read before this stream was made.
            self.process()?;
            self.send()?;
            if self.connection.is_handshaking() && self.receive()? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Sends all that rustls has to send. Behind the end of what is written here nothing can be sent.
    pub(crate) fn send(&mut self) -> io::Result<()> {
        if self.ended {
            return Ok(());
        }
        self.write_out()?;
        if self.unflushed {
            self.in_time(|_, transport| transport.flush())?;
            self.unflushed = false;
        }
        Ok(())
    }

    fn write_out(&mut self) -> io::Result<()> {
        while self.connection.wants_write() {
            self.write_some()?;
        }
        Ok(())
    }

    fn write_some(&mut self) -> io::Result<()> {
        self.unflushed = true;
        match self.in_time(|connection, transport| connection.write_tls(transport))? {
            0 => Err(ErrorKind::WriteZero.into()),
            _ => Ok(()),
        }
    }

    /// One read of the transport, and what comes of it.
    fn receive(&mut self) -> io::Result<usize> {
        let n = self.in_time(|connection, transport| connection.read_tls(transport))?;
        self.process()?;
        Ok(n)
    }

    fn process(&mut self) -> io::Result<()> {
        let Err(error) = self.connection.process_new_packets() else {
            return Ok(());
        };
        // The alert. Whether it arrives changes nothing here.
        let _ = self.send();
        let told = refused(&error);
        self.failed = Some(error);
        Err(told)
    }

    /// A call of the transport, in what is left of the time.
    fn in_time<T>(
        &mut self,
        mut call: impl FnMut(&mut Connection, &mut S) -> io::Result<T>,
    ) -> io::Result<T> {
        let connection = &mut self.connection;
        in_time(
            &mut self.transport,
            &*self.clock,
            self.deadline,
            |transport| call(connection, transport),
        )
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Whether rustls or the other side has refused something.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }
}

/// A call of a transport that waits until the deadline at most, and that no signal interrupts.
pub(crate) fn in_time<S: Waits, T>(
    transport: &mut S,
    clock: &dyn Clock,
    deadline: Option<Duration>,
    mut call: impl FnMut(&mut S) -> io::Result<T>,
) -> io::Result<T> {
    loop {
        if let Some(deadline) = deadline {
            let left = deadline.saturating_sub(clock.now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            transport.wait_at_most(left)?;
        }
        match call(transport) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

fn refused(error: &rustls::Error) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error.clone())
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
        if buf.is_empty() {
            return Ok(0);
        }
        self.begin()?;
        self.shake_hands()?;
        loop {
            match self.connection.reader().read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done,
            }
            match self.send() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => done?,
            }
            self.receive()?;
        }
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
        self.begin()?;
        if self.ended {
            return Err(ErrorKind::BrokenPipe.into());
        }
        self.shake_hands()?;
        loop {
            let taken = self.connection.writer().write(buf)?;
            if taken == 0 && !buf.is_empty() {
                // Full. What the transport takes now is room for the next piece.
                self.write_some()?;
                continue;
            }
            if let Err(error) = self.write_out()
                && !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
            {
                self.late = Some(error);
            }
            return Ok(taken);
        }
    }

    /// Returns when all that was taken is in the transport, and the transport is flushed.
    ///
    /// # Errors
    ///
    /// As above.
    fn flush(&mut self) -> io::Result<()> {
        self.begin()?;
        self.unflushed = true;
        self.send()
    }
}

impl<S: Waits> Waits for TlsStream<S> {
    /// From now on, no single `handshake`, `read`, `write` or `flush` takes longer than `limit`, which is not zero.
    ///
    /// # Errors
    ///
    /// `ErrorKind::InvalidInput` when `limit` is zero.
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        if limit.is_zero() {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.limit = Some(limit);
        Ok(())
    }
}
