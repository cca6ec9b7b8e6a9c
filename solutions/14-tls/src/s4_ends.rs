//! Step 4: how it ends, and whether it was the end.

use std::io::{self, ErrorKind, Read};
use std::time::Duration;

use concurrent_server::Waits;
use http1::Stream;

use crate::TlsStream;

/// How long a stream that is dropped tries to say so.
pub const LAST_WORD: Duration = Duration::from_millis(100);

/// How the other side's half of a stream has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a close_notify: this was all.
    Agreed,
    /// Without one, or nobody knows. There may have been more.
    Cut,
}

/// What had come when a stream ended before its end.
#[derive(Debug)]
pub struct Cut {
    pub had: Vec<u8>,
    pub cause: io::Error,
}

impl<S: Stream> Stream for TlsStream<S> {
    /// Ends what is written here, and not what is read (RFC 8446 §6.1): everything that was taken is sent, then a
    /// close_notify, then the transport is flushed, and its writing is ended. A second call does nothing.
    /// Before the end of the handshake, and after an error of TLS, there is no close_notify: the transport's writing is ended.
    /// A `write` after it is `ErrorKind::BrokenPipe`, and takes nothing.
    ///
    /// # Errors
    ///
    /// As `flush`, and what the transport says.
    fn end_writing(&mut self) -> io::Result<()> {
        if self.ended {
            return Ok(());
        }
        if !self.has_failed() {
            self.begin()?;
            if !self.connection().is_handshaking() {
                self.parts().0.send_close_notify();
            }
            self.send()?;
        }
        self.parts().1.end_writing()?;
        self.ended = true;
        Ok(())
    }
}

impl<S: Stream> TlsStream<S> {
    /// Ends the connection in an orderly way: [`Stream::end_writing`], and then what still comes is read and
    /// thrown away until the other side's end, for `linger` in all at most. (Who closes a TCP connection on
    /// which unread bytes have come, sends a reset, and that may take its last words from the other side's hands.)
    ///
    /// Says how the other side's half has ended. When it has not ended in time, nobody knows: `Cut`.
    ///
    /// # Errors
    ///
    /// Those of `end_writing`. What happens while it reads is no error.
    pub fn close(mut self, linger: Duration) -> io::Result<End> {
        self.end_writing()?;
        let deadline = self.now().saturating_add(linger);
        loop {
            let left = deadline.saturating_sub(self.now());
            if left.is_zero() {
                return Ok(End::Cut);
            }
            self.wait_at_most(left)?;
            match self.read(&mut [0; 8 * 1024]) {
                Ok(0) => return Ok(End::Agreed),
                Ok(_) => {}
                Err(_) => return Ok(End::Cut),
            }
        }
    }
}

/// A stream that nobody wants any more still says so: when its writing was not ended and nothing has gone wrong
/// before, it sends what is left, a close_notify, and flushes. It tries that for [`LAST_WORD`] at most, reads
/// nothing, and does not complain. (RFC 8446 §6.1: each party MUST send a close_notify before it closes,
/// unless it has sent an error alert.)
impl<S: Waits> Drop for TlsStream<S> {
    fn drop(&mut self) {
        if self.ended || self.has_failed() || self.connection().is_handshaking() {
            return;
        }
        if self.wait_at_most(LAST_WORD).is_ok() && self.begin().is_ok() {
            self.parts().0.send_close_notify();
            let _ = self.send();
        }
    }
}

/// Reads a stream to its end: at most `max` bytes. `Interrupted` is not an error.
///
/// # Errors
///
/// [`Cut`]: what had come, and as its cause the stream's error, or `ErrorKind::InvalidData` when there are more than
/// `max` bytes (no more than a piece beyond that is read, and `had` has `max` bytes then).
pub fn read_all<R: Read>(stream: &mut R, max: usize) -> Result<Vec<u8>, Cut> {
    let mut had = Vec::new();
    let mut piece = [0; 8 * 1024];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return Ok(had),
            Ok(n) => had.extend_from_slice(&piece[..n]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(cause) => return Err(Cut { had, cause }),
        }
        if had.len() > max {
            had.truncate(max);
            let cause = io::Error::new(ErrorKind::InvalidData, "more bytes than are allowed");
            return Err(Cut { had, cause });
        }
    }
}
