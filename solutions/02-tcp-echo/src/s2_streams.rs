//! Step 2: what `write_all`, `read_exact` and `io::copy` do for you.
//!
//! Use only `write` and `read` in this file. Not allowed here: `write_all`, `write!`, `read_exact`,
//! `read_to_end`, `read_to_string`, `bytes()`, `io::copy`, `BufReader`, `BufWriter`.
//! From the next step on you may use them all: then you know what they do.

use std::io::{self, ErrorKind, Read, Write};

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
pub fn send_all<W: Write>(w: &mut W, mut buf: &[u8]) -> io::Result<()> {
    while !buf.is_empty() {
        match w.write(buf) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => buf = &buf[n..],
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
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
    let mut filled = 0;
    while filled < buf.len() {
        match read_some(r, &mut buf[filled..])? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            n => filled += n,
        }
    }
    Ok(())
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
pub fn echo_stream<R: Read, W: Write>(mut r: R, mut w: W) -> io::Result<u64> {
    let mut buf = [0; 16_384];
    let mut total = 0;
    loop {
        match read_some(&mut r, &mut buf)? {
            0 => return Ok(total),
            n => {
                send_all(&mut w, &buf[..n])?;
                total += n as u64;
            }
        }
    }
}

/// One `read` that a signal does not spoil. 0 is the end of the stream: `buf` is never empty here.
fn read_some<R: Read>(r: &mut R, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match r.read(buf) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
