//! Step 1: a protocol without a socket.

use std::collections::VecDeque;
use std::io;

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
        todo!(
            "16.1 EchoFrames::take({} bytes, an output of {}): less than a whole frame is 0; more than MAX_FRAME announced is InvalidData; a whole one goes to the output, and its length is returned",
            input.len(),
            output.len()
        )
    }
}
