//! Heads, as bytes and as values.

use http1::{Fields, HttpError, RequestHead, ResponseHead, Version, parse_request, parse_response};
use netlab::Lab;

/// Bytes as a person reads them: of many, the beginning and their number.
pub fn shown(bytes: &[u8]) -> String {
    const LONGEST: usize = 160;
    let text: String = bytes
        .iter()
        .take(LONGEST)
        .flat_map(|&b| std::ascii::escape_default(b))
        .map(char::from)
        .collect();
    match bytes.len() > LONGEST {
        true => format!("\"{text}…\" ({} bytes)", bytes.len()),
        false => format!("\"{text}\""),
    }
}

/// A request whose first line is this, with a host.
pub fn get(line: &str) -> Vec<u8> {
    format!("{line}\r\nHost: a\r\n\r\n").into_bytes()
}

/// `GET /` with these lines of fields, and a host.
pub fn with(lines: &[u8]) -> Vec<u8> {
    [b"GET / HTTP/1.1\r\nHost: a\r\n", lines, b"\r\n\r\n"].concat()
}

/// The head of a request that is whole and right.
pub fn request(lab: &Lab, bytes: &[u8]) -> (RequestHead, usize) {
    let call = format!("parse_request({})", shown(bytes));
    match lab.ok(&call, || parse_request(bytes)) {
        Some(found) => found,
        None => lab.fails(
            "a head: the empty line at its end is there",
            "None, which means that more must come",
        ),
    }
}

/// Demands that a request is refused with this status.
pub fn refused(lab: &Lab, bytes: &[u8], status: u16) {
    let call = format!("parse_request({})", shown(bytes));
    let got = lab.you(&call, || parse_request(bytes));
    is_refused(lab, &got.map(|found| found.map(|(_, len)| len)), status);
}

/// The head of a response that is whole and right.
pub fn response(lab: &Lab, bytes: &[u8]) -> (ResponseHead, usize) {
    let call = format!("parse_response({})", shown(bytes));
    match lab.ok(&call, || parse_response(bytes)) {
        Some(found) => found,
        None => lab.fails(
            "a head: the empty line at its end is there",
            "None, which means that more must come",
        ),
    }
}

/// Demands that a response is refused.
pub fn response_refused(lab: &Lab, bytes: &[u8]) {
    let call = format!("parse_response({})", shown(bytes));
    let got = lab.you(&call, || parse_response(bytes));
    is_refused(lab, &got.map(|found| found.map(|(_, len)| len)), 502);
}

fn is_refused(lab: &Lab, got: &Result<Option<usize>, HttpError>, status: u16) {
    let came = match got {
        Err(error) if error.status == status => return,
        Err(error) => format!("status {} ({})", error.status, error.why),
        Ok(Some(len)) => format!("a head of {len} bytes"),
        Ok(None) => "None, which means that more must come".to_owned(),
    };
    lab.fails(format!("an error with status {status}"), came);
}

/// A [`Version`] in a type of the tests' own: a student's `==` decides nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spoken {
    Http10,
    Http11,
}

pub fn spoken(version: Version) -> Spoken {
    match version {
        Version::Http10 => Spoken::Http10,
        Version::Http11 => Spoken::Http11,
    }
}

/// The fields as pairs of text.
pub fn pairs(fields: &Fields) -> Vec<(String, String)> {
    let text = |value: &[u8]| value.escape_ascii().to_string();
    let lines = fields.lines().iter();
    lines
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// Fields from `name: value` lines.
pub fn fields(lines: &[&str]) -> Fields {
    let mut fields = Fields::new();
    for line in lines {
        let (name, value) = line.split_once(':').expect("name: value");
        fields.push(name, value.trim_matches([' ', '\t']));
    }
    fields
}

/// The head of a request, made by hand.
pub fn request_head(method: &str, version: Version, lines: &[&str]) -> RequestHead {
    RequestHead {
        method: method.to_owned(),
        target: "/".to_owned(),
        version,
        fields: fields(lines),
    }
}

/// The head of a response, made by hand.
pub fn response_head(status: u16, version: Version, lines: &[&str]) -> ResponseHead {
    ResponseHead {
        version,
        status,
        fields: fields(lines),
    }
}
