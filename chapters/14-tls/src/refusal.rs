//! Given, not an exercise: what is wrong with what the other side says, and the alert that tells it so.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

use rustls::AlertDescription;

/// Bytes that are not taken, and the alert that says why (RFC 8446 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub alert: AlertDescription,
    /// For people.
    pub why: &'static str,
}

impl Refusal {
    pub fn new(alert: AlertDescription, why: &'static str) -> Refusal {
        Refusal { alert, why }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why)
    }
}

impl Error for Refusal {}

/// As an error of a stream: `ErrorKind::InvalidData`, with the refusal inside it.
impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> io::Error {
        io::Error::new(ErrorKind::InvalidData, refusal)
    }
}
