//! A stream that fails once, where it is told to, with an error that nobody else makes.

use std::io::{self, ErrorKind, Read, Write};

use netlab::Lab;
use netlab::io::Tape;

/// Kinds of errors that a caller has to hear of, whatever call finds them.
pub const KINDS: [ErrorKind; 9] = [
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::BrokenPipe,
    ErrorKind::NotConnected,
    ErrorKind::HostUnreachable,
    ErrorKind::WouldBlock,
    ErrorKind::TimedOut,
    ErrorKind::InvalidData,
    ErrorKind::Other,
];

/// Why an error of this kind has to come back.
pub fn why(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            "WouldBlock and TimedOut end a wait that your caller has limited. A second call would ignore the limit, and on a socket that does not block it keeps a processor busy."
        }
        ErrorKind::UnexpectedEof => {
            "The end of a stream is 0 bytes read. A reader that calls its own end unexpected (one that decrypts, say) has lost something, and that is an ordinary error."
        }
        _ => {
            "Only Interrupted means \"again\" and only 0 means \"the end\". Any other error is the caller's to know: a stream that broke is not a stream that ended."
        }
    }
}

/// The call that fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    Read,
    Write,
    Flush,
}

/// Reads from a tape and writes to it. One call fails; then all goes on as if nothing had been. Only
/// `flush` goes on to fail after a write that has failed, with an error that is not the first.
pub struct Failing {
    pub tape: Tape,
    place: Place,
    /// Bytes that go through at that place before.
    left: usize,
    kind: Option<ErrorKind>,
}

impl Failing {
    pub fn new(tape: Tape, place: Place, after: usize, kind: ErrorKind) -> Failing {
        Failing {
            tape,
            place,
            left: after,
            kind: Some(kind),
        }
    }

    /// How many of `n` bytes go through this call, if it does not fail.
    fn passes(&mut self, place: Place, n: usize) -> io::Result<usize> {
        if place != self.place || self.kind.is_none() {
            return Ok(n);
        }
        if self.left == 0
            && let Some(kind) = self.kind.take()
        {
            return Err(io::Error::new(kind, TEXT));
        }
        let n = n.min(self.left);
        self.left -= n;
        Ok(n)
    }
}

impl Read for Failing {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.passes(Place::Read, buf.len())?;
        self.tape.read(&mut buf[..n])
    }
}

impl Write for Failing {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.passes(Place::Write, buf.len())?;
        self.tape.write(&buf[..n])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.passes(Place::Flush, 0)?;
        match (self.place, self.kind) {
            (Place::Write, None) => Err(io::Error::other("a flush after a failed write")),
            _ => self.tape.flush(),
        }
    }
}

const TEXT: &str = "the cable of eth7 is out";

/// Demands that this is the error of a [`Failing`] stream, and not one that is like it.
pub fn is_its_own(lab: &Lab, error: &io::Error, kind: ErrorKind) {
    lab.because("The stream has failed, and has said how. The caller must get this error as it is: another kind tells of another trouble.")
        .same("the error's kind", error.kind(), kind);
    lab.because("An error is more than its kind: it has a text, and often the system's number. The reader of a log needs them. Return the error that you got, not a new one of the same kind.")
        .same("the error's text", error.to_string(), TEXT.to_owned());
}
