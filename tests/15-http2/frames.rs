//! Frames as bytes and in words, and lists of fields, apart from what the student has written.

use http2::{Field, code};

use super::rules::TYPES;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;
pub const WITH_PRIORITY: u8 = 0x20;

/// A frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    framed(kind, flags, stream, payload.len(), payload)
}

/// A frame that says another length than it has.
pub fn framed(kind: u8, flags: u8, stream: u32, len: usize, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (len as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

pub fn settings(pairs: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (id, value) in pairs {
        payload.extend(id.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(SETTINGS, 0, 0, &payload)
}

pub fn settings_ack() -> Vec<u8> {
    frame(SETTINGS, ACK, 0, b"")
}

pub fn window_update(stream: u32, increment: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
}

pub fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

pub fn goaway(last: u32, code: u32) -> Vec<u8> {
    let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
    frame(GOAWAY, 0, 0, &payload)
}

pub fn data(stream: u32, bytes: &[u8]) -> Vec<u8> {
    frame(DATA, 0, stream, bytes)
}

pub fn last_data(stream: u32, bytes: &[u8]) -> Vec<u8> {
    frame(DATA, END_STREAM, stream, bytes)
}

pub type Lines<'a> = &'a [(&'a str, &'a str)];

/// A block of literals that no table keeps, without Huffman's code.
pub fn block(lines: Lines) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in lines {
        block.push(0);
        for text in [name, value] {
            integer(text.len(), &mut block);
            block.extend(text.as_bytes());
        }
    }
    block
}

/// A length with a prefix of seven bits.
fn integer(value: usize, out: &mut Vec<u8>) {
    if value < 127 {
        out.push(value as u8);
        return;
    }
    out.push(127);
    let mut rest = value - 127;
    while rest >= 128 {
        out.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    out.push(rest as u8);
}

/// HEADERS with the whole block, and more to come on the stream.
pub fn head(stream: u32, lines: Lines) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &block(lines))
}

/// HEADERS with the whole block, and the end of the stream.
pub fn last_head(stream: u32, lines: Lines) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(lines))
}

pub const GET: Lines = &[
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "a.example"),
    (":path", "/"),
];

pub const POST: Lines = &[
    (":method", "POST"),
    (":scheme", "http"),
    (":authority", "a.example"),
    (":path", "/form"),
];

pub const OK: Lines = &[(":status", "200")];

pub fn get(stream: u32) -> Vec<u8> {
    last_head(stream, GET)
}

pub fn post(stream: u32) -> Vec<u8> {
    head(stream, POST)
}

pub fn fields(lines: Lines) -> Vec<Field> {
    let field = |(name, value): &(&str, &str)| Field::new(*name, *value);
    lines.iter().map(field).collect()
}

/// A list of fields in words.
pub fn shown(fields: &[Field]) -> String {
    let line = |field: &Field| {
        let secret = if field.is_secret { " (secret)" } else { "" };
        format!(
            "{}={}{secret}",
            field.name.escape_ascii(),
            field.value.escape_ascii()
        )
    };
    fields.iter().map(line).collect::<Vec<_>>().join(" ")
}

/// Lines in the words of [`shown`].
pub fn listed(lines: Lines) -> String {
    let line = |(name, value): &(&str, &str)| format!("{name}={value}");
    lines.iter().map(line).collect::<Vec<_>>().join(" ")
}

/// A frame that was sent.
pub struct Sent {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// The first frame in these bytes, if all of it is there, and what is behind it.
pub fn first_frame(bytes: &[u8]) -> Option<(Sent, &[u8])> {
    let [l0, l1, l2, kind, flags, s0, s1, s2, s3, rest @ ..] = bytes else {
        return None;
    };
    let len = u32::from_be_bytes([0, *l0, *l1, *l2]) as usize;
    let (payload, behind) = rest.split_at_checked(len)?;
    let frame = Sent {
        kind: *kind,
        flags: *flags,
        stream: u32::from_be_bytes([*s0, *s1, *s2, *s3]),
        payload: payload.to_vec(),
    };
    Some((frame, behind))
}

/// The frames in these bytes, and what is left of them.
pub fn frames(mut bytes: &[u8]) -> (Vec<Sent>, &[u8]) {
    let mut all = Vec::new();
    while let Some((frame, behind)) = first_frame(bytes) {
        all.push(frame);
        bytes = behind;
    }
    (all, bytes)
}

impl Sent {
    fn number(&self, at: usize) -> u32 {
        let bytes = self.payload.get(at..at + 4).unwrap_or(&[0; 4]);
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    /// In words, without its block of fields.
    pub fn words(&self) -> String {
        let name = TYPES.get(usize::from(self.kind)).copied();
        let name = name.unwrap_or("a frame of unknown type");
        let ends = |flag: u8, word: &str| match self.flags & flag {
            0 => String::new(),
            _ => format!(" {word}"),
        };
        let stream = self.stream;
        let on = match stream {
            0 => String::new(),
            _ => format!(" on {stream}"),
        };
        match self.kind {
            DATA => format!(
                "DATA{on}: {} bytes{}{}",
                self.payload.len(),
                ends(PADDED, "PADDED"),
                ends(END_STREAM, "END_STREAM")
            ),
            HEADERS => format!(
                "HEADERS{on}{}{}",
                ends(END_HEADERS, "END_HEADERS"),
                ends(END_STREAM, "END_STREAM")
            ),
            CONTINUATION => format!("CONTINUATION{on}{}", ends(END_HEADERS, "END_HEADERS")),
            RST_STREAM => format!("RST_STREAM{on}: {}", code::name(self.number(0))),
            SETTINGS if self.flags & ACK != 0 => format!("SETTINGS ACK{on}"),
            SETTINGS => {
                let pairs = self.payload.chunks(6).map(|pair| {
                    let id = pair[..2].iter().fold(0, |sum, b| sum << 8 | u32::from(*b));
                    let value = pair[2..].iter().fold(0, |sum, b| sum << 8 | u32::from(*b));
                    format!("{id}={value}")
                });
                let pairs: Vec<_> = pairs.collect();
                format!("SETTINGS{on}: {}", pairs.join(" "))
            }
            PING => format!(
                "PING{}{on}: {:02x?}",
                ends(ACK, "ACK"),
                self.payload.as_slice()
            ),
            GOAWAY => format!(
                "GOAWAY{on}: last {}, {}",
                self.number(0),
                code::name(self.number(4))
            ),
            WINDOW_UPDATE => format!("WINDOW_UPDATE{on}: {}", self.number(0)),
            _ => format!("{name}{on}"),
        }
    }
}

/// All frames in these bytes, in words.
pub fn in_words(bytes: &[u8]) -> Vec<String> {
    let (all, rest) = frames(bytes);
    let mut words: Vec<String> = all.iter().map(Sent::words).collect();
    if !rest.is_empty() {
        words.push(format!("{} bytes that are no frame", rest.len()));
    }
    words
}
