//! Step 2: reads and writes that do not wait.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

/// Why `fill` has returned.
#[derive(Clone, Copy, Debug)]
pub enum Filled {
    /// There is nothing more to read now (`ErrorKind::WouldBlock`).
    Dry,
    /// `room` bytes have come. There may be more.
    Full,
    /// The stream has ended: nothing will come any more.
    End,
}

/// Why `drain` has returned.
#[derive(Clone, Copy, Debug)]
pub enum Drained {
    /// All is written.
    Empty,
    /// The stream takes nothing more now (`ErrorKind::WouldBlock`). The rest is still in the outbox.
    Blocked,
}

/// Reads from a stream that does not block and puts what comes at the end of `inbox`, until one of the three
/// happens that `Filled` names. One read seldom gives all that is there.
///
/// No more than `room` bytes are taken from `r`: what comes after them stays there for the next call. When
/// `room` is 0, `r` is not asked. `ErrorKind::Interrupted` is not an error: the read is tried again.
///
/// # Errors
///
/// Any other error of `r`, as it is. What came before it is in `inbox`.
pub fn fill<R: Read>(r: &mut R, inbox: &mut Vec<u8>, room: usize) -> io::Result<Filled> {
    let mut buffer = [0; 16 * 1024];
    let mut left = room;
    while left > 0 {
        let most = left.min(buffer.len());
        match r.read(&mut buffer[..most]) {
            Ok(0) => return Ok(Filled::End),
            Ok(n) => {
                inbox.extend_from_slice(&buffer[..n]);
                left -= n;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Filled::Dry),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Filled::Full)
}

/// Writes what is in `outbox` to a stream that does not block, from its front, until one of the two happens
/// that `Drained` names. What `w` has taken is removed from `outbox`, also when an error follows.
///
/// An empty outbox asks `w` for nothing. `ErrorKind::Interrupted` is not an error: the write is tried again.
///
/// # Errors
///
/// `ErrorKind::WriteZero` when `w` takes 0 bytes and calls that a success. Any other error of `w`, as it is.
pub fn drain<W: Write>(w: &mut W, outbox: &mut VecDeque<u8>) -> io::Result<Drained> {
    while !outbox.is_empty() {
        // A ring of bytes lies in one piece or in two. Each turn writes from the first.
        let (front, _) = outbox.as_slices();
        match w.write(front) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => drop(outbox.drain(..n)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Drained::Blocked),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Drained::Empty)
}
