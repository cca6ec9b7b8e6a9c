//! Step 1: the head of a message, out of a stream that gives it in pieces.

use crate::{Fields, HttpError, RequestHead, ResponseHead};

/// The longest request line or status line, in bytes, without the CRLF behind it.
pub const MAX_LINE: usize = 8192;

/// The longest head, in bytes: from the first byte that is given, through the empty line at its end.
pub const MAX_HEAD: usize = 32 * 1024;

/// The most lines between the first line of a head and the empty one.
pub const MAX_FIELDS: usize = 100;

/// Reads the head of a request from the beginning of `buf`: all that has come so far.
///
/// `None`: the head is not over yet; come again with these bytes and more. Else the head, and how many
/// bytes of `buf` it takes with the empty line at its end. What stands behind them is not looked at.
/// The answer depends on the bytes alone, and not on the pieces in which they come: what is wrong may
/// be found before the head is over, but nothing is an error that more bytes would make right.
///
/// The grammar is that of RFC 9112 §2 to §5. Where it leaves a choice, the stricter reading is taken,
/// because two programs in a row that read one message in two ways are how requests are smuggled
/// (§11.2):
///
/// - Lines end with CRLF. A CR or an LF alone, a NUL and every other control character but HTAB, DEL
///   among them, make the head invalid (§2.2, RFC 9110 §5.5). Bytes from 0x80 are allowed in values
///   of fields, and only there.
/// - Empty lines before the request line are passed over (§2.2). They count as bytes of the head.
/// - The request line is method, target and version, with one space between two of them (§3). The
///   method is a token (RFC 9110 §5.6.2), of any letters; the target has neither blanks nor anything
///   else than visible ASCII. It has one of four forms (§3.2): it begins with `/`; or it begins with
///   `http://` or `https://`, in any case, and a host as below that is not empty; or it is `*` and the
///   method is `OPTIONS`; or the method is `CONNECT` and it is `host:port`, and nothing else then.
/// - The version is `HTTP/`, a digit, `.`, a digit. `HTTP/1.0` is 1.0, every other `HTTP/1.` is 1.1.
/// - A field is a name (a token), `:` and a value. There is no blank before the colon (§5.1). Blanks
///   (SP, HTAB) around the value are no part of it. A value may be empty. A line that begins with a
///   blank is refused (§5.2), and so is one without a colon.
/// - In HTTP/1.1 there is exactly one `Host`, in HTTP/1.0 at most one (§3.2). Its value is a host, and
///   then perhaps `:` and any number of digits. The host has letters, digits and `-._~%!$&'()*+,;=`,
///   or is hexadecimal digits, `:` and `.` in brackets; it may be empty.
///
/// # Errors
///
/// | status | what is wrong |
/// |---|---|
/// | 414 | the request line is longer than `MAX_LINE` |
/// | 431 | the head is longer than `MAX_HEAD`, or has more than `MAX_FIELDS` lines of fields |
/// | 505 | a version of the form above that is not `HTTP/1.` |
/// | 400 | anything else |
///
/// A head without end is refused when it is too long: 414 at the latest with `MAX_LINE + 2` bytes that
/// begin a request line and do not end it, 431 at the latest with `MAX_HEAD` bytes.
pub fn parse_request(buf: &[u8]) -> Result<Option<(RequestHead, usize)>, HttpError> {
    todo!(
        "13.1 parse_request({:?}): None until the empty line is there; then the request line, the fields, and one Host",
        String::from_utf8_lossy(buf)
    )
}

/// The same for a response, with these differences:
///
/// - There are no empty lines before the status line.
/// - The status line is version, space, three digits, space, and a reason, which may be empty and may
///   have blanks and bytes from 0x80 (§4). The space before an empty reason may be missing: so many
///   servers write it. A status below 100 is refused.
/// - A line that begins with a blank goes on with the value of the field before it, joined by one space
///   in place of all the blanks around the break (§5.2). Before the first field there is none (§2.2).
/// - `Host` means nothing.
///
/// # Errors
///
/// Status 502, whatever is wrong.
pub fn parse_response(buf: &[u8]) -> Result<Option<(ResponseHead, usize)>, HttpError> {
    todo!(
        "13.1 parse_response({:?}): as parse_request, with a status line, and lines that go on with the one before",
        String::from_utf8_lossy(buf)
    )
}

impl Fields {
    /// The values of all fields of this name, in their order. Case does not matter in names
    /// (RFC 9110 §5.1).
    pub fn all(&self, name: &str) -> Vec<&[u8]> {
        todo!(
            "13.1 Fields::all({name:?}) of {:?}: the values of every field with this name, in any case",
            self.lines()
        )
    }

    /// The elements of a field that is a list of words, such as `Connection`: separated by commas,
    /// over all lines of this name, without blanks around them, in small letters (of ASCII), in their
    /// order. Empty elements are none (RFC 9110 §5.6.1). Bytes that are no UTF-8 are an element, too, with
    /// U+FFFD in their place.
    pub fn list(&self, name: &str) -> Vec<String> {
        todo!(
            "13.1 Fields::list({name:?}) of {:?}: split at commas, trim, in small letters",
            self.lines()
        )
    }
}

impl RequestHead {
    /// For whom the request is: the host and port that the target names, or else those of `Host`
    /// (RFC 9112 §3.2.2: the target wins), as they are written. An empty `Host` gives an empty text; `None`
    /// is for a request without one.
    pub fn host(&self) -> Option<String> {
        todo!(
            "13.1 RequestHead::host() of {:?}: the target names one, or Host does",
            self.target
        )
    }

    /// What is asked for there: the target's path and query, without scheme and host. Where the target
    /// names a host and nothing behind it, that is `/`, or `/` and the query.
    pub fn path(&self) -> String {
        todo!(
            "13.1 RequestHead::path() of {:?}: without scheme and host",
            self.target
        )
    }
}
