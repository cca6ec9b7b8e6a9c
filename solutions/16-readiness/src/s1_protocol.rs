//! Step 1: a protocol without a socket.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};

/// The largest payload of a frame, in bytes.
pub const MAX_FRAME: u32 = 64 * 1024;

/// What a server does with the bytes of one client. It has no socket: it never waits, and it can say
/// "not yet".
pub trait Protocol {
    /// Looks for one request at the beginning of `input`, which is all that has come and was not used.
    ///
    /// - The request is complete: its reply goes to the end of `output`, and the number of bytes that
    ///   the request has is returned. What follows them belongs to the next call.
    /// - It is not complete yet: 0, and `output` is left as it is. The next call gets the same bytes
    ///   again, with more behind them. `input` may be empty.
    ///
    /// # Errors
    ///
    /// What has come will never be a request. `output` is left as it is, and there is no further call.
    fn take(&mut self, input: &[u8], output: &mut VecDeque<u8>) -> io::Result<usize>;
}

/// Answers each frame with the same frame. A frame is chapter 02's: the length of the payload, 4 bytes in
/// network byte order (big-endian), and the payload.
#[derive(Clone, Copy, Debug, Default)]
pub struct EchoFrames;

/// A payload has from 0 to `MAX_FRAME` bytes.
///
/// # Errors
///
/// `ErrorKind::InvalidData` when more are announced, as soon as the header is there: nobody waits for
/// the payload.
impl Protocol for EchoFrames {
    fn take(&mut self, input: &[u8], output: &mut VecDeque<u8>) -> io::Result<usize> {
        let Some((header, payload)) = input.split_first_chunk() else {
            return Ok(0);
        };
        let len = u32::from_be_bytes(*header);
        if len > MAX_FRAME {
            let text = format!("a frame of {len} bytes is announced, {MAX_FRAME} are allowed");
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
        if payload.len() < len as usize {
            return Ok(0);
        }
        let frame = header.len() + len as usize;
        output.extend(&input[..frame]);
        Ok(frame)
    }
}
