//! Step 4: messages on a stream that has none.
//!
//! A frame is the length of its payload, four bytes in network byte order, and then the payload.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};

use crate::{recv_exact, send_all};

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
    let len = u32::try_from(payload.len()).map_err(|_| ErrorKind::InvalidInput)?;
    // One write for both. Two small ones would meet Nagle's algorithm: the second waits until the
    // first is acknowledged, and the peer is in no hurry to acknowledge (see the chapter's page).
    let mut frame = Vec::with_capacity(4 + payload.len());
    frame.extend_from_slice(&len.to_be_bytes());
    frame.extend_from_slice(payload);
    send_all(w, &frame)?;
    w.flush()
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
    let mut header = [0; 4];
    // The first byte alone tells the good end from the bad one.
    match recv_exact(r, &mut header[..1]) {
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    recv_exact(r, &mut header[1..]).map_err(torn)?;

    let len = u32::from_be_bytes(header);
    if len > max {
        return Err(FrameError::TooBig { len, max });
    }
    let mut payload = vec![0; len as usize];
    recv_exact(r, &mut payload).map_err(torn)?;
    Ok(Some(payload))
}

/// Inside a frame, the end of the stream has a name of its own.
fn torn(e: io::Error) -> FrameError {
    match e.kind() {
        ErrorKind::UnexpectedEof => FrameError::Torn,
        _ => FrameError::Io(e),
    }
}
