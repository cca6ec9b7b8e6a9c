//! Step 2: where the body ends.

use crate::{HttpError, RequestHead, ResponseHead};

/// How the end of a message's body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLen {
    /// After so many bytes. 0 is a message without a body.
    Exact(u64),
    /// With the last chunk and what belongs to it.
    Chunked,
    /// With the end of the connection.
    UntilClose,
}

/// Where the body of a request ends (RFC 9112 §6.3), whatever its method is:
///
/// 1. With `Transfer-Encoding`, the body is in chunks, if `chunked` (in any case) is its only element
///    (`Fields::list`).
/// 2. With `Content-Length`, it is so many bytes.
/// 3. With neither it is empty.
///
/// A `Content-Length` is digits and nothing else, and fits into 64 bits. Zeros may stand before it. Where
/// there are several, in one value with commas between them (and blanks around) or in several fields,
/// all must be the same number (RFC 9110 §8.6).
///
/// # Errors
///
/// | status | what is wrong |
/// |---|---|
/// | 400 | both fields are there: two lengths, two opinions (§6.1) |
/// | 400 | `Transfer-Encoding` in HTTP/1.0, which does not have it (§6.1) |
/// | 400 | `chunked` is not the last element, or there is none at all, or it is there twice, or has parameters (§6.3, §7.1) |
/// | 501 | before `chunked` stands another coding (§6.1) |
/// | 400 | a `Content-Length` that is none, or several that differ |
pub fn request_body(head: &RequestHead) -> Result<BodyLen, HttpError> {
    todo!("13.2 request_body({head:?}): Transfer-Encoding, Content-Length, both, or neither?")
}

/// Where the body of a response ends that answers a request with this method (RFC 9112 §6.3). The first
/// line that applies:
///
/// 1. After `HEAD`, and with a status of 1xx, 204 or 304, there is none, whatever the fields say.
/// 2. After `CONNECT`, a status of 2xx ends with its head: what follows is the tunnel's. There is no
///    body, whatever the fields say.
/// 3. `Transfer-Encoding` and `Content-Length` as in [`request_body`], with the same rules.
/// 4. With neither of them it lasts until the connection ends.
///
/// # Errors
///
/// Status 502, where `request_body` has an error. (A response may have codings that end with the
/// connection. Nobody asked for one here, so nobody can read it.)
pub fn response_body(method: &str, head: &ResponseHead) -> Result<BodyLen, HttpError> {
    todo!(
        "13.2 response_body({method:?}, {head:?}): first those that have no body, then as request_body; with neither field, until the connection ends"
    )
}
