//! Given, not an exercise: what messages are made of, and what is wrong with one.

use std::error::Error;
use std::fmt;

/// The versions that this chapter speaks. A minor version above 1 is treated as 1 (RFC 9110 §2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Http10,
    Http11,
}

/// The fields of a head, in their order: names as they were written, values without the blanks around
/// them. A value may have bytes that are no ASCII.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, Vec<u8>)>);

impl Fields {
    pub fn new() -> Fields {
        Fields::default()
    }

    /// Adds a field behind the others. It is not checked.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.0.push((name.into(), value.into()));
    }

    /// All fields, name and value.
    pub fn lines(&self) -> &[(String, Vec<u8>)] {
        &self.0
    }
}

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// In the case in which it was written: `get` is another method than `GET`.
    pub method: String,
    /// As it was written.
    pub target: String,
    pub version: Version,
    pub fields: Fields,
}

/// The head of a response. What it says behind the status is for people, and is not kept (RFC 9112 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    pub version: Version,
    pub status: u16,
    pub fields: Fields,
}

/// A request as an application gets it.
#[derive(Clone, Debug)]
pub struct Request {
    pub head: RequestHead,
    /// Its content, whole and without chunks.
    pub body: Vec<u8>,
}

/// An application's answer. How its length is told, and whether the connection stays, is not for the
/// application to say.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub fields: Fields,
    pub body: Vec<u8>,
}

impl Response {
    /// An answer with a body and no fields.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Response {
        Response {
            status,
            fields: Fields::new(),
            body: body.into(),
        }
    }

    /// An answer of one line for people.
    pub fn text(status: u16, line: &str) -> Response {
        let mut response = Response::new(status, format!("{line}\n"));
        response
            .fields
            .push("Content-Type", "text/plain; charset=utf-8");
        response
    }
}

/// Answers requests. Several threads use one application at a time.
pub trait App: Send + Sync {
    fn respond(&self, request: &Request) -> Response;
}

/// A function is an application.
impl<F: Fn(&Request) -> Response + Send + Sync> App for F {
    fn respond(&self, request: &Request) -> Response {
        self(request)
    }
}

/// A message that is not taken, and the status that tells its sender so. The sender of a response cannot
/// be told; there the status is 502, which is what a gateway says to its own client (RFC 9110 §15.6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpError {
    pub status: u16,
    /// For people.
    pub why: &'static str,
}

impl HttpError {
    pub fn new(status: u16, why: &'static str) -> HttpError {
        HttpError { status, why }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why)
    }
}

impl Error for HttpError {}

/// What is written behind a status. A status that is not listed here has nothing.
pub fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}
