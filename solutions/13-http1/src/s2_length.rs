//! Step 2: where the body ends.

use crate::s1_head::trim;
use crate::{Fields, HttpError, RequestHead, ResponseHead, Version};

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
    match announced(head.version, &head.fields) {
        Ok(announced) => Ok(announced.unwrap_or(BodyLen::Exact(0))),
        Err(Fault::Coding) => Err(HttpError::new(501, "only chunked is known here")),
        Err(Fault::Framing(why)) => Err(HttpError::new(400, why)),
    }
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
    let has_none = method == "HEAD" || matches!(head.status, 100..=199 | 204 | 304);
    let is_tunnel = method == "CONNECT" && matches!(head.status, 200..=299);
    if has_none || is_tunnel {
        return Ok(BodyLen::Exact(0));
    }
    match announced(head.version, &head.fields) {
        Ok(announced) => Ok(announced.unwrap_or(BodyLen::UntilClose)),
        Err(Fault::Coding) => Err(HttpError::new(502, "a coding that nobody asked for")),
        Err(Fault::Framing(why)) => Err(HttpError::new(502, why)),
    }
}

enum Fault {
    Framing(&'static str),
    Coding,
}

/// What the two fields say; `None` when neither is there.
fn announced(version: Version, fields: &Fields) -> Result<Option<BodyLen>, Fault> {
    let lengths = fields.all("Content-Length");
    if fields.all("Transfer-Encoding").is_empty() {
        return content_length(&lengths).map(|len| len.map(BodyLen::Exact));
    }
    if !lengths.is_empty() {
        return Err(Fault::Framing("two lengths, two opinions"));
    }
    if version == Version::Http10 {
        return Err(Fault::Framing("HTTP/1.0 has no Transfer-Encoding"));
    }
    match &fields.list("Transfer-Encoding")[..] {
        [only] if only == "chunked" => Ok(Some(BodyLen::Chunked)),
        [others @ .., last] if last == "chunked" && !others.contains(last) => Err(Fault::Coding),
        _ => Err(Fault::Framing("the last coding is chunked, and it is once")),
    }
}

fn content_length(values: &[&[u8]]) -> Result<Option<u64>, Fault> {
    let mut length = None;
    for text in values.iter().flat_map(|value| value.split(|&b| b == b',')) {
        let this = digits(trim(text)).ok_or(Fault::Framing("a Content-Length is digits"))?;
        if length.is_some_and(|length| length != this) {
            return Err(Fault::Framing("two lengths that differ"));
        }
        length = Some(this);
    }
    Ok(length)
}

fn digits(text: &[u8]) -> Option<u64> {
    // `str::parse` alone would take +5.
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}
