//! Step 4: messages on a stream that has none.
//!
//! A frame is the length of its payload, four bytes in network byte order, and then the payload.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};

/// Why there is no frame to return.
#[derive(Debug)]
pub enum FrameError {
    /// The header announces `len` bytes of payload, and the reader allows `max`.
    TooBig { len: u32, max: u32 },
    /// The stream ended inside a frame: within the header, or before the end of the payload.
    Torn,
    /// The stream failed.
    Io(io::Error),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooBig { len, max } => {
                write!(f, "a frame of {len} bytes is announced, {max} are allowed")
            }
            Self::Torn => write!(f, "the stream ended inside a frame"),
            Self::Io(e) => e.fmt(f),
        }
    }
}

impl Error for FrameError {}

impl From<io::Error> for FrameError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

/// For callers that know only `io::Error`: too big is `InvalidData`, torn is `UnexpectedEof`.
impl From<FrameError> for io::Error {
    fn from(e: FrameError) -> Self {
        match e {
            FrameError::TooBig { .. } => Self::new(ErrorKind::InvalidData, e),
            FrameError::Torn => Self::new(ErrorKind::UnexpectedEof, e),
            FrameError::Io(e) => e,
        }
    }
}

/// Writes `payload` as one frame, then flushes `w`, so that no buffer holds back the end of the frame.
///
/// # Errors
///
/// `ErrorKind::InvalidInput` when the length does not fit into four bytes (nothing is written
/// then), and the first error of `send_all` and `flush`, as it is.
pub fn write_frame<W: Write>(w: &mut W, payload: &[u8]) -> io::Result<()> {
    let _ = w;
    todo!(
        "2.4 write_frame(w, {} bytes): the length as four bytes, big-endian, then the payload, then flush",
        payload.len()
    )
}

/// Reads one frame and returns its payload, or `None` when the stream ended before the frame's
/// first byte. (An `ErrorKind::UnexpectedEof` of `r` itself counts as its end, here and inside a
/// frame.)
///
/// Exactly one frame is taken from `r`: what follows it stays there for the next call. Memory is
/// reserved for the announced length, not for `max`.
///
/// # Errors
///
/// - `FrameError::TooBig` when the header announces more than `max` bytes. No payload is read and
///   no memory is reserved for it: a stranger wrote the length.
/// - `FrameError::Torn` when the stream ends after the first byte and before the last.
/// - `FrameError::Io` with any other error of `r`.
pub fn read_frame<R: Read>(r: &mut R, max: u32) -> Result<Option<Vec<u8>>, FrameError> {
    let _ = r;
    todo!(
        "2.4 read_frame(r, {max}): four bytes of length, compare it with max, then that many bytes; no byte at all is None"
    )
}
