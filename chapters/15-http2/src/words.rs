//! Given, not an exercise: the words in which the steps talk to each other.

use std::error::Error;
use std::fmt;

/// Error codes (RFC 9113 §7). Others may come, and are no error.
pub mod code {
    pub const NO_ERROR: u32 = 0x0;
    pub const PROTOCOL_ERROR: u32 = 0x1;
    pub const INTERNAL_ERROR: u32 = 0x2;
    pub const FLOW_CONTROL_ERROR: u32 = 0x3;
    pub const SETTINGS_TIMEOUT: u32 = 0x4;
    pub const STREAM_CLOSED: u32 = 0x5;
    pub const FRAME_SIZE_ERROR: u32 = 0x6;
    pub const REFUSED_STREAM: u32 = 0x7;
    pub const CANCEL: u32 = 0x8;
    pub const COMPRESSION_ERROR: u32 = 0x9;
    pub const CONNECT_ERROR: u32 = 0xa;
    pub const ENHANCE_YOUR_CALM: u32 = 0xb;
    pub const INADEQUATE_SECURITY: u32 = 0xc;
    pub const HTTP_1_1_REQUIRED: u32 = 0xd;

    /// The name of a code, for people.
    pub fn name(code: u32) -> &'static str {
        const NAMES: [&str; 14] = [
            "NO_ERROR",
            "PROTOCOL_ERROR",
            "INTERNAL_ERROR",
            "FLOW_CONTROL_ERROR",
            "SETTINGS_TIMEOUT",
            "STREAM_CLOSED",
            "FRAME_SIZE_ERROR",
            "REFUSED_STREAM",
            "CANCEL",
            "COMPRESSION_ERROR",
            "CONNECT_ERROR",
            "ENHANCE_YOUR_CALM",
            "INADEQUATE_SECURITY",
            "HTTP_1_1_REQUIRED",
        ];
        let name = usize::try_from(code).ok().and_then(|at| NAMES.get(at));
        name.unwrap_or(&"an unknown code")
    }
}

/// What the peer did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The stream that ends for it, with RST_STREAM (RFC 9113 §5.4.2). 0: the connection ends, with GOAWAY (§5.4.1).
    pub stream: u32,
    /// See [`code`].
    pub code: u32,
    /// For people.
    pub why: &'static str,
}

impl Fault {
    /// A connection error.
    pub fn connection(code: u32, why: &'static str) -> Fault {
        Fault {
            stream: 0,
            code,
            why,
        }
    }

    /// A stream error.
    pub fn stream(stream: u32, code: u32, why: &'static str) -> Fault {
        Fault { stream, code, why }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", code::name(self.code), self.why)
    }
}

impl Error for Fault {}

/// A name and a value. Of a request or a response, the first ones may be pseudo-header fields, such as `:path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
    /// No table of HPACK may keep it, here and in every proxy behind (RFC 7541 §7.1.3).
    pub is_secret: bool,
}

impl Field {
    /// A field that tables may keep.
    pub fn new(name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Field {
        Field {
            name: name.into(),
            value: value.into(),
            is_secret: false,
        }
    }

    /// A field that no table may keep.
    pub fn secret(name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Field {
        Field {
            is_secret: true,
            ..Field::new(name, value)
        }
    }
}

/// The two ends of a connection. The client has sent the connection preface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Client,
    Server,
}

/// What `H2::receive` has found in the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The peer's SETTINGS were taken, and are acknowledged.
    Settings,
    /// The peer has acknowledged our SETTINGS.
    SettingsAcked,
    /// The head of a request (to a server) or of a response (to a client; one of 1xx may come before).
    Head {
        stream: u32,
        fields: Vec<Field>,
        /// The peer sends nothing more on this stream.
        ends: bool,
    },
    /// Content, without its padding. Give its window back with `H2::consumed`.
    Data {
        stream: u32,
        bytes: Vec<u8>,
        /// The peer sends nothing more on this stream.
        ends: bool,
    },
    /// Fields behind the content. The peer sends nothing more on this stream.
    Trailers { stream: u32, fields: Vec<Field> },
    /// The peer has ended this stream with RST_STREAM, or it will never look at it (GOAWAY; the code is then
    /// `REFUSED_STREAM`). Nothing more can be sent on it.
    Reset { stream: u32, code: u32 },
    /// A stream error: we have ended this stream with RST_STREAM. Its `stream` is not 0.
    StreamError(Fault),
    /// The peer has answered our PING.
    Pong([u8; 8]),
    /// The peer ends the connection. It has taken no stream of ours above `last`.
    GoAway { last: u32, code: u32 },
    /// A connection error: GOAWAY waits in `H2::pending`, and then the connection is to be closed. The last event.
    ConnectionError(Fault),
}
