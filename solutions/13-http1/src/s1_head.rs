//! Step 1: the head of a message, out of a stream that gives it in pieces.

use crate::{Fields, HttpError, RequestHead, ResponseHead, Version};

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
    let Some(Lines { lines, len }) = lines(buf, true).map_err(|fault| fault.in_request())? else {
        return Ok(None);
    };
    let (method, target, version) = request_line(lines[0])?;
    let mut fields = Fields::new();
    for line in &lines[1..] {
        let (name, value) = field(line).ok_or(bad("a field is name: value"))?;
        fields.push(name, value);
    }
    one_host(version, &fields)?;
    let head = RequestHead {
        method,
        target,
        version,
        fields,
    };
    Ok(Some((head, len)))
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
    let Some(Lines { lines, len }) = lines(buf, false).map_err(|fault| fault.in_response())? else {
        return Ok(None);
    };
    let (version, status) = status_line(lines[0])?;
    let mut unfolded: Vec<(String, Vec<u8>)> = Vec::new();
    for line in &lines[1..] {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            let more = value(line).ok_or(wrong("a control character in a value"))?;
            let (_, so_far) = unfolded
                .last_mut()
                .ok_or(wrong("a blank before the first field"))?;
            if !so_far.is_empty() && !more.is_empty() {
                so_far.push(b' ');
            }
            so_far.extend_from_slice(more);
        } else {
            let (name, value) = field(line).ok_or(wrong("a field is name: value"))?;
            unfolded.push((name.to_owned(), value.to_vec()));
        }
    }
    let mut fields = Fields::new();
    for (name, value) in unfolded {
        fields.push(name, value);
    }
    let head = ResponseHead {
        version,
        status,
        fields,
    };
    Ok(Some((head, len)))
}

impl Fields {
    /// The values of all fields of this name, in their order. Case does not matter in names
    /// (RFC 9110 §5.1).
    pub fn all(&self, name: &str) -> Vec<&[u8]> {
        let named = self
            .lines()
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &value[..]).collect()
    }

    /// The elements of a field that is a list of words, such as `Connection`: separated by commas,
    /// over all lines of this name, without blanks around them, in small letters (of ASCII), in their
    /// order. Empty elements are none (RFC 9110 §5.6.1). Bytes that are no UTF-8 are an element, too, with
    /// U+FFFD in their place.
    pub fn list(&self, name: &str) -> Vec<String> {
        let all = self.all(name);
        let elements = all.iter().flat_map(|value| value.split(|&b| b == b','));
        elements
            .map(trim)
            .filter(|element| !element.is_empty())
            .map(|element| String::from_utf8_lossy(element).to_ascii_lowercase())
            .collect()
    }
}

impl RequestHead {
    /// For whom the request is: the host and port that the target names, or else those of `Host`
    /// (RFC 9112 §3.2.2: the target wins), as they are written. An empty `Host` gives an empty text; `None`
    /// is for a request without one.
    pub fn host(&self) -> Option<String> {
        if let Some((host, _)) = absolute(&self.target) {
            return Some(host.to_owned());
        }
        if self.method == "CONNECT" {
            return Some(self.target.clone());
        }
        let host = self.fields.all("Host").first()?.to_vec();
        String::from_utf8(host).ok()
    }

    /// What is asked for there: the target's path and query, without scheme and host. Where the target
    /// names a host and nothing behind it, that is `/`, or `/` and the query.
    pub fn path(&self) -> String {
        match absolute(&self.target) {
            Some((_, path)) if path.starts_with('/') => path.to_owned(),
            Some((_, query)) => format!("/{query}"),
            None => self.target.clone(),
        }
    }
}

/// The lines of a whole head, without their ends and without the empty ones around them.
struct Lines<'a> {
    /// One at least.
    lines: Vec<&'a [u8]>,
    /// Bytes up to and with the empty line.
    len: usize,
}

/// What is wrong with a head before anybody has looked into its lines.
enum Fault {
    BareLineFeed,
    LineTooLong,
    HeadTooLong,
    NoFirstLine,
}

fn lines(buf: &[u8], may_begin_empty: bool) -> Result<Option<Lines<'_>>, Fault> {
    let mut lines = Vec::new();
    let mut at = 0;
    // A head that is longer is none, so nobody need look any further.
    let seen = &buf[..buf.len().min(MAX_HEAD)];
    while let Some(feed) = seen[at..].iter().position(|&b| b == b'\n') {
        // Whoever gets the line in pieces has refused it by now, however it ends.
        if lines.is_empty() && feed > MAX_LINE + 1 {
            return Err(Fault::LineTooLong);
        }
        let Some(line) = seen[at..at + feed].strip_suffix(b"\r") else {
            return Err(Fault::BareLineFeed);
        };
        at += feed + 1;
        match (line, lines.len()) {
            ([], 0) if may_begin_empty => {}
            ([], 0) => return Err(Fault::NoFirstLine),
            ([], _) => return Ok(Some(Lines { lines, len: at })),
            (_, n) if n > MAX_FIELDS => return Err(Fault::HeadTooLong),
            _ => lines.push(line),
        }
    }
    if lines.is_empty() && seen[at..].len() > MAX_LINE + 1 {
        return Err(Fault::LineTooLong);
    }
    if seen.len() == MAX_HEAD {
        return Err(Fault::HeadTooLong);
    }
    Ok(None)
}

impl Fault {
    fn in_request(self) -> HttpError {
        match self {
            Fault::LineTooLong => HttpError::new(414, self.why()),
            Fault::HeadTooLong => HttpError::new(431, self.why()),
            _ => bad(self.why()),
        }
    }

    fn in_response(self) -> HttpError {
        wrong(self.why())
    }

    fn why(&self) -> &'static str {
        match self {
            Fault::BareLineFeed => "a line ends with CRLF",
            Fault::LineTooLong => "the first line is too long",
            Fault::HeadTooLong => "the head is too long",
            Fault::NoFirstLine => "an empty line comes first",
        }
    }
}

fn bad(why: &'static str) -> HttpError {
    HttpError::new(400, why)
}

fn wrong(why: &'static str) -> HttpError {
    HttpError::new(502, why)
}

fn request_line(line: &[u8]) -> Result<(String, String, Version), HttpError> {
    let line = str::from_utf8(line).map_err(|_| bad("the request line is ASCII"))?;
    let parts: Vec<&str> = line.split(' ').collect();
    let [method, target, version] = parts[..] else {
        return Err(bad("a request line is method, target and version"));
    };
    if !is_token(method.as_bytes()) {
        return Err(bad("a method is a token"));
    }
    let (major, version) = version_of(version).ok_or(bad("a version is HTTP/1.1 or like it"))?;
    if major != b'1' {
        return Err(HttpError::new(505, "only HTTP/1 is spoken here"));
    }
    if !target.bytes().all(|b| b.is_ascii_graphic()) || !has_a_form(method, target) {
        return Err(bad("a target has one of four forms"));
    }
    Ok((method.to_owned(), target.to_owned(), version))
}

fn status_line(line: &[u8]) -> Result<(Version, u16), HttpError> {
    let no_status_line = wrong("a status line is version, status and reason");
    let (version, rest) = line.split_at_checked(8).ok_or(no_status_line)?;
    let version = str::from_utf8(version).map_err(|_| no_status_line)?;
    let (major, version) = version_of(version).ok_or(no_status_line)?;
    let rest = rest.strip_prefix(b" ").ok_or(no_status_line)?;
    let (status, reason) = rest.split_at_checked(3).ok_or(no_status_line)?;
    let is_number = status.iter().all(u8::is_ascii_digit) && status[0] != b'0';
    let is_reason = reason.is_empty() || reason[0] == b' ' && reason.iter().all(|&b| is_text(b));
    if major != b'1' || !is_number || !is_reason {
        return Err(no_status_line);
    }
    let status = status
        .iter()
        .fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
    Ok((version, status))
}

/// The major version's digit, and how the minor one is treated.
fn version_of(text: &str) -> Option<(u8, Version)> {
    match text.as_bytes().strip_prefix(b"HTTP/")? {
        [major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            let version = match minor {
                b'0' => Version::Http10,
                _ => Version::Http11,
            };
            Some((*major, version))
        }
        _ => None,
    }
}

fn has_a_form(method: &str, target: &str) -> bool {
    if method == "CONNECT" {
        // The host of a port is not empty here, and there is a port.
        let port = target.rsplit_once(':');
        return is_host(target.as_bytes())
            && port.is_some_and(|(host, port)| {
                !host.is_empty() && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
            });
    }
    if target == "*" {
        return method == "OPTIONS";
    }
    let names_a_host = |(host, _): (&str, &str)| {
        is_host(host.as_bytes()) && !host.is_empty() && !host.starts_with(':')
    };
    target.starts_with('/') || absolute(target).is_some_and(names_a_host)
}

/// Host and rest of a target in absolute form.
fn absolute(target: &str) -> Option<(&str, &str)> {
    let rest = ["http://", "https://"].iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    Some(rest.split_at(end))
}

fn one_host(version: Version, fields: &Fields) -> Result<(), HttpError> {
    match fields.all("Host")[..] {
        [] if version == Version::Http11 => Err(bad("HTTP/1.1 needs a Host")),
        [] => Ok(()),
        [host] if is_host(host) => Ok(()),
        [_] => Err(bad("Host is no host")),
        [_, _, ..] => Err(bad("more than one Host")),
    }
}

/// `host` or `host:digits`.
fn is_host(value: &[u8]) -> bool {
    let (is_literal, behind) = match value.strip_prefix(b"[") {
        Some(rest) => {
            let Some(end) = rest.iter().position(|&b| b == b']') else {
                return false;
            };
            let inner = |b: &u8| b.is_ascii_hexdigit() || b":.".contains(b);
            (end > 0 && rest[..end].iter().all(inner), &rest[end + 1..])
        }
        None => {
            let name = |b: &u8| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(b);
            let end = value.iter().position(|&b| b == b':').unwrap_or(value.len());
            (value[..end].iter().all(name), &value[end..])
        }
    };
    is_literal
        && match behind {
            [] => true,
            [b':', port @ ..] => port.iter().all(u8::is_ascii_digit),
            _ => false,
        }
}

/// Name and value of a line, if it is a field.
pub(crate) fn field(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = line.iter().position(|&b| b == b':')?;
    let (name, rest) = (&line[..colon], &line[colon + 1..]);
    if !is_token(name) {
        return None;
    }
    Some((str::from_utf8(name).ok()?, value(rest)?))
}

/// A value without the blanks around it.
pub(crate) fn value(text: &[u8]) -> Option<&[u8]> {
    text.iter().all(|&b| is_text(b)).then(|| trim(text))
}

/// What may stand in a value or a reason.
fn is_text(b: u8) -> bool {
    matches!(b, b'\t' | b' '..=b'~' | 0x80..)
}

pub(crate) fn is_token(text: &[u8]) -> bool {
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    !text.is_empty() && text.iter().all(is_token)
}

pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t');
    let Some(first) = text.iter().position(|b| !is_blank(b)) else {
        return &[];
    };
    let last = text.iter().rposition(|b| !is_blank(b)).unwrap_or(first);
    &text[first..=last]
}
