//! What a peer can see of RFC 9113: `rules.txt`, a row a rule. `play.rs` plays a row with a server or a client.
//!
//! ```text
//! # §6.9 WINDOW_UPDATE                        a section
//!
//! ## server: a window of one byte             a row: who is examined, and a name
//! > SETTINGS 0 4=1                            the peer sends a frame: type, stream, flags, payload
//! < ack                                       it waits until its SETTINGS are acknowledged
//! > HEADERS 1 ES EH GET | te: trailers
//! => ours ack, 1 200 1…                       a verdict of each judge; of ours, any of those between "or"
//! RFC 9113 §6.9.1: DATA is divided.           why
//! ```
//!
//! **Frames.** A type has its name or a number (`0xbe`). `R1` is stream 1 with the reserved bit, `next` the one behind `FILL`.
//! Flags are `ES`, `EH`, `ACK`, `PAD`, `PRI` or `flags:f7`. The payload is made of bytes (`0102`, `00*7` for seven times `00`),
//! text (`"abc\r\n"`), settings (`4=65535`), numbers of four bytes (`+100`), error codes (`CANCEL`), and fields:
//! `GET`, `POST` (method, scheme, path, authority; a path other than `/` stands behind it), `OK` (status 200), and behind
//! each `|` one more, which enters the table if it begins with `*`.
//!
//! **Other lines.** `> PREFACE`; `> BYTES "…"`; `> UPLOAD 1 1000` sends so many bytes of DATA as the windows let it (`padded`:
//! a byte a frame, and 255 of padding); `> FILL` opens as many streams as the server allows. `< 1` waits for the end of
//! stream 1, `< 1 100` for 100 bytes on it, `< asked 3` for the request on stream 3. `! GET`, `! HEAD`, `! POST 1000` and
//! `! cancel 1` are what the program of a client does. Before the first line, both sides have sent SETTINGS and
//! acknowledged them, unless the row begins with `from the first byte`.
//!
//! **Verdicts.** `connection CODE`: GOAWAY with an error, and the end. Else all of what was seen: `ack` and
//! `pong …` for each SETTINGS and PING; `1 200`, an answer, or `1 200 5…`, an answer that stopped after five bytes; `1 taken
//! 200`, `1 failed` or `1 unprocessed`, what a client's program heard; `1 body 5…`, a request that stopped; `asked 1 of 2`;
//! `1 table 0`, a block that begins with a new size of its table; `1 reset CODE`. `closed`, the end. `fine`: nothing of
//! all this. Behind the last line comes a PING; who is there and does not answer is `deaf`.

pub mod play;

const RULES: &str = include_str!("rules.txt");

/// Of the judges the one that must do as the rows say.
pub const OURS: &str = "ours";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Examined {
    Server,
    Client,
}

#[derive(Clone, Debug)]
pub struct Row {
    /// `§6.9 WINDOW_UPDATE`
    pub section: String,
    pub examined: Examined,
    pub name: String,
    /// Nothing was said before.
    pub from_first_byte: bool,
    /// As they are written, and what they mean.
    pub lines: Vec<(String, Line)>,
    /// Judges and what they say, in the order of the file.
    pub verdicts: Vec<(String, String)>,
    pub why: String,
}

#[derive(Clone, Debug)]
pub enum Line {
    Bytes(Vec<u8>),
    /// A frame whose stream is the one behind [`Line::Fill`].
    Next(Vec<u8>),
    Upload {
        stream: u32,
        bytes: usize,
        is_padded: bool,
    },
    Fill,
    WaitsForAck,
    WaitsForEnd(u32),
    WaitsForBytes(u32, usize),
    WaitsForRequest(u32),
    Asks(Ask),
    Cancels(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Get,
    Head,
    /// With so many bytes.
    Post(usize),
}

impl Row {
    /// What the file says of this judge.
    pub fn kept(&self, judge: &str) -> Option<&str> {
        let mut verdicts = self.verdicts.iter();
        let (_, verdict) = verdicts.find(|(name, _)| name == judge)?;
        Some(verdict)
    }

    /// Whether this is what must come.
    pub fn accepts(&self, verdict: &str) -> bool {
        let expected = self.kept(OURS).expect("what ours must do");
        expected.split(" or ").any(|one| one == verdict)
    }
}

/// All rows.
///
/// # Panics
/// If the text is not written as the head of this file says.
pub fn all() -> Vec<Row> {
    read(RULES)
}

fn read(text: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut section = "";
    for line in text.lines().filter(|line| !line.starts_with("//")) {
        if let Some(title) = line.strip_prefix("## ") {
            let (examined, name) = title
                .split_once(": ")
                .expect("server or client, and a name");
            rows.push(Row {
                section: section.to_owned(),
                examined: match examined {
                    "server" => Examined::Server,
                    "client" => Examined::Client,
                    other => panic!("who is {other}?"),
                },
                name: name.to_owned(),
                from_first_byte: false,
                lines: Vec::new(),
                verdicts: Vec::new(),
                why: String::new(),
            });
        } else if let Some(title) = line.strip_prefix("# ") {
            section = title;
        } else if !line.is_empty() {
            let row = rows.last_mut();
            row.unwrap_or_else(|| panic!("{line:?} stands before the first row"))
                .takes(line);
        }
    }
    rows
}

impl Row {
    fn takes(&mut self, line: &str) {
        if line == "from the first byte" {
            self.from_first_byte = true;
        } else if let Some(verdicts) = line.strip_prefix("=> ") {
            for verdict in verdicts.split(" | ") {
                let (judge, verdict) = verdict.split_once(' ').expect("a judge and a verdict");
                self.verdicts.push((judge.to_owned(), verdict.to_owned()));
            }
        } else if self.verdicts.is_empty() {
            let meaning = meaning(line).unwrap_or_else(|| panic!("{line:?} means nothing"));
            self.lines.push((line.to_owned(), meaning));
        } else {
            let space = if self.why.is_empty() { "" } else { " " };
            self.why.push_str(space);
            self.why.push_str(line);
        }
    }
}

fn meaning(line: &str) -> Option<Line> {
    let (first, rest) = line.split_once(' ')?;
    let words: Vec<&str> = rest.split(' ').collect();
    Some(match (first, &words[..]) {
        (">", ["PREFACE"]) => Line::Bytes(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        (">", ["BYTES", ..]) => Line::Bytes(payload(rest.strip_prefix("BYTES ")?)?),
        (">", ["FILL"]) => Line::Fill,
        (">", ["UPLOAD", stream, bytes, padded @ ..]) => Line::Upload {
            stream: stream.parse().ok()?,
            bytes: bytes.parse().ok()?,
            is_padded: padded == ["padded"],
        },
        (">", [_, "next", ..]) => Line::Next(written_frame(rest)?),
        (">", _) => Line::Bytes(written_frame(rest)?),
        ("<", ["ack"]) => Line::WaitsForAck,
        ("<", ["asked", stream]) => Line::WaitsForRequest(stream.parse().ok()?),
        ("<", [stream]) => Line::WaitsForEnd(stream.parse().ok()?),
        ("<", [stream, bytes]) => Line::WaitsForBytes(stream.parse().ok()?, bytes.parse().ok()?),
        ("!", ["GET"]) => Line::Asks(Ask::Get),
        ("!", ["HEAD"]) => Line::Asks(Ask::Head),
        ("!", ["POST", bytes]) => Line::Asks(Ask::Post(bytes.parse().ok()?)),
        ("!", ["cancel", stream]) => Line::Cancels(stream.parse().ok()?),
        _ => return None,
    })
}

pub const TYPES: [&str; 10] = [
    "DATA",
    "HEADERS",
    "PRIORITY",
    "RST_STREAM",
    "SETTINGS",
    "PUSH_PROMISE",
    "PING",
    "GOAWAY",
    "WINDOW_UPDATE",
    "CONTINUATION",
];

/// Error codes (RFC 9113 §7).
pub const CODES: [&str; 14] = [
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

/// The bytes of a frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a payload that fits into memory");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

fn written_frame(text: &str) -> Option<Vec<u8>> {
    let (kind, rest) = text.split_once(' ')?;
    let kind = match kind.strip_prefix("0x") {
        Some(number) => u8::from_str_radix(number, 16).ok()?,
        None => u8::try_from(TYPES.iter().position(|name| *name == kind)?).ok()?,
    };
    let (stream, mut rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let stream: u32 = match stream.strip_prefix('R') {
        Some(stream) => stream.parse::<u32>().ok()? | 1 << 31,
        None if stream == "next" => 0,
        None => stream.parse().ok()?,
    };
    let mut flags = 0;
    loop {
        let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
        flags |= match word {
            "ES" | "ACK" => 0x1,
            "EH" => 0x4,
            "PAD" => 0x8,
            "PRI" => 0x20,
            _ => match word.strip_prefix("flags:") {
                Some(flags) => u8::from_str_radix(flags, 16).ok()?,
                None => break,
            },
        };
        rest = behind;
    }
    Some(frame(kind, flags, stream, &payload(rest)?))
}

/// The bytes of a payload, and of the fields behind it.
fn payload(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('|');
    let mut bytes = Vec::new();
    let mut rest = parts.next()?.trim();
    while !rest.is_empty() {
        if let Some(text) = rest.strip_prefix('"') {
            let (text, behind) = text.split_once('"')?;
            bytes.extend(unescaped(text)?);
            rest = behind.trim_start();
            continue;
        }
        let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = behind;
        match word {
            "OK" => bytes.push(0x88),
            "GET" | "POST" => {
                // The method and the scheme are in the static table. The authority is "a".
                bytes.extend([if word == "GET" { 0x82 } else { 0x83 }, 0x86]);
                match rest.strip_prefix('/') {
                    Some(path) => {
                        let (path, behind) = path.split_once(' ').unwrap_or((path, ""));
                        bytes.extend([4, u8::try_from(path.len()).ok()? + 1, b'/']);
                        bytes.extend(path.bytes());
                        rest = behind;
                    }
                    None => bytes.push(0x84),
                }
                bytes.extend([1, 1, b'a']);
            }
            _ => bytes.extend(word_as_bytes(word)?),
        }
    }
    for field in parts {
        bytes.extend(literal(field.trim())?);
    }
    Some(bytes)
}

fn word_as_bytes(word: &str) -> Option<Vec<u8>> {
    if let Some(code) = CODES.iter().position(|code| *code == word) {
        return Some(u32::try_from(code).ok()?.to_be_bytes().to_vec());
    }
    if let Some(number) = word.strip_prefix('+') {
        return Some(number.parse::<u32>().ok()?.to_be_bytes().to_vec());
    }
    if let Some((id, value)) = word.split_once('=') {
        let id: u16 = id.parse().ok()?;
        let value: u32 = value.parse().ok()?;
        return Some([&id.to_be_bytes()[..], &value.to_be_bytes()].concat());
    }
    let (digits, times) = word.split_once('*').unwrap_or((word, "1"));
    let pairs = (0..digits.len()).step_by(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect();
    Some(bytes?.repeat(times.parse().ok()?))
}

/// A field as a literal with a new name (RFC 7541 §6.2), without Huffman's code.
fn literal(field: &str) -> Option<Vec<u8>> {
    let (first, field) = match field.strip_prefix('*') {
        Some(field) => (0x40, field),
        None => (0x00, field),
    };
    // The first colon may belong to the name.
    let colon = 1 + field.get(1..)?.find(':')?;
    let mut bytes = vec![first];
    for text in [&field[..colon], field[colon + 1..].trim_start()] {
        let text = unescaped(text)?;
        bytes.push(u8::try_from(text.len()).ok().filter(|len| *len < 0x7f)?);
        bytes.extend(text);
    }
    Some(bytes)
}

/// Text with `\r`, `\n` and `\x00` as bytes.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        bytes.extend(before.bytes());
        let (byte, length) = match behind.bytes().next()? {
            b'r' => (b'\r', 1),
            b'n' => (b'\n', 1),
            b'x' => (u8::from_str_radix(behind.get(1..3)?, 16).ok()?, 3),
            _ => return None,
        };
        bytes.push(byte);
        rest = &behind[length..];
    }
    bytes.extend(rest.bytes());
    Some(bytes)
}
