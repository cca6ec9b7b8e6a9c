//! Step 2: what `write_all`, `read_exact` and `io::copy` do for you.
//!
//! Use only `write` and `read` in this file. Not allowed here: `write_all`, `write!`, `read_exact`,
//! `read_to_end`, `read_to_string`, `bytes()`, `io::copy`, `BufReader`, `BufWriter`.
//! From the next step on you may use them all: then you know what they do.

use std::io::{self, Read, Write};

/// Writes all of `buf` to `w`, with as many `write` calls as it takes.
///
/// `write` says how many bytes it took, and may take fewer than it was given. An empty `buf` is
/// written without any call. `flush` is not called: the caller decides when to flush.
///
/// # Errors
///
/// - `ErrorKind::WriteZero` when `write` takes 0 of the remaining bytes: the sink will take no more.
/// - `ErrorKind::Interrupted` is not an error: a signal came and nothing was written. Call again,
///   however often it comes.
/// - Any other error of `write`, unchanged, even `WouldBlock` and `TimedOut`: the caller decides
///   how long to wait.
pub fn send_all<W: Write>(w: &mut W, buf: &[u8]) -> io::Result<()> {
    let _ = w;
    todo!(
        "2.2 send_all(w, {} bytes): call write until every byte is taken; 0 taken is WriteZero, Interrupted means again",
        buf.len()
    )
}

/// Fills `buf` from `r`, with as many `read` calls as it takes, and reads no byte more.
///
/// An empty `buf` is already full: no call is made.
///
/// # Errors
///
/// - `ErrorKind::UnexpectedEof` when the stream ends before `buf` is full. The bytes that came
///   before the end stand in the front of `buf`.
/// - `ErrorKind::Interrupted` is not an error: call again.
/// - Any other error of `read`, unchanged, even `WouldBlock` and `TimedOut`.
pub fn recv_exact<R: Read>(r: &mut R, buf: &mut [u8]) -> io::Result<()> {
    let _ = r;
    todo!(
        "2.2 recv_exact(r, {} bytes): call read until buf is full; 0 read is UnexpectedEof, Interrupted means again",
        buf.len()
    )
}

/// Copies the bytes of `r` to `w`, until `r` ends. Returns how many bytes were copied.
///
/// Each piece is written before the next one is read: a peer may wait for its echo before it sends
/// more. `flush` is not called.
///
/// # Errors
///
/// The first error of `read` or `write` that is not `ErrorKind::Interrupted`, as it is;
/// `ErrorKind::WriteZero` as in `send_all`. Only 0 bytes read are the end of `r`: an
/// `ErrorKind::UnexpectedEof` that `r` itself reports is an ordinary error.
pub fn echo_stream<R: Read, W: Write>(r: R, w: W) -> io::Result<u64> {
    let _ = (r, w);
    todo!(
        "2.2 echo_stream(r, w): read a piece, write all of it, count it, until read gives 0; then return the count"
    )
}
