//! Plays a row: a peer that knows frames and nothing else, with whoever is examined.

use std::collections::BTreeMap;

use super::{Ask, CODES, Examined, Line, Row, TYPES, frame};

/// Whoever is examined, and the way to it.
pub trait Subject {
    /// Bytes for it. If it has gone, they are lost.
    fn gives(&mut self, bytes: &[u8]);

    /// What it has sent. Waits for some, if there is a reason to.
    fn takes(&mut self) -> Taken;

    /// How often [`Taken::Nothing`] must come, one after the other, until nothing more comes.
    fn patience(&self) -> usize;

    /// The program of a client asks.
    fn asks(&mut self, ask: Ask);

    /// The program of a client takes back its request on this stream.
    fn cancels(&mut self, stream: u32);

    /// What the program of a client has heard. The play is over.
    fn outcomes(&mut self) -> Vec<(u32, Outcome)>;

    /// For whoever follows the play.
    fn tells(&mut self, what: &str);
}

pub enum Taken {
    Bytes(Vec<u8>),
    Nothing,
    /// It has closed the connection, and all that it has sent was taken.
    Closed,
}

/// What the program of a client hears of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The whole response, with this status.
    Taken(u16),
    Failed,
    /// The server has not looked at it: it may be asked again.
    Unprocessed,
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

/// ACK has the same bit.
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;

const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;

/// Nobody may send longer ones to this peer (RFC 9113 §4.2).
const LONGEST: usize = 16_384;

/// The last PING of a play.
const PROBE: [u8; 8] = *b"alive? \0";

/// Plays a row, and says what was seen.
pub fn verdict(row: &Row, subject: &mut dyn Subject) -> String {
    let mut peer = Peer::new(row.examined, subject);
    if !row.from_first_byte {
        peer.opens();
    }
    for (written, line) in &row.lines {
        peer.subject.tells(written);
        peer.plays(line, !row.from_first_byte);
    }
    peer.ends()
}

/// What was seen of a stream.
#[derive(Default)]
struct Seen {
    /// The sizes that a block began with (RFC 7541 §6.3).
    tables: Vec<u32>,
    has_head: bool,
    /// Of a response, other than 1xx. 0 if it could not be read.
    status: Option<u16>,
    bytes: usize,
    is_over: bool,
    reset: Option<u32>,
}

struct Peer<'a> {
    subject: &'a mut dyn Subject,
    examined: Examined,
    /// The beginning of a frame.
    rest: Vec<u8>,
    is_closed: bool,
    /// Frames that were not to come.
    odd: Vec<String>,
    has_settings: bool,
    acks: usize,
    pongs: Vec<[u8; 8]>,
    is_alive: bool,
    goaway: Option<u32>,
    streams: BTreeMap<u32, Seen>,
    /// Of a block that has not ended.
    block: Vec<u8>,
    /// The settings of the one that is examined.
    settings: BTreeMap<u16, u32>,
    window: i64,
    /// What WINDOW_UPDATE has added for streams.
    more: BTreeMap<u32, i64>,
    next: u32,
    /// Requests of its program.
    asked: usize,
    /// `ack` that were waited for.
    awaited: usize,
}

impl<'a> Peer<'a> {
    fn new(examined: Examined, subject: &'a mut dyn Subject) -> Peer<'a> {
        Peer {
            subject,
            examined,
            rest: Vec::new(),
            is_closed: false,
            odd: Vec::new(),
            has_settings: false,
            acks: 0,
            pongs: Vec::new(),
            is_alive: false,
            goaway: None,
            streams: BTreeMap::new(),
            block: Vec::new(),
            settings: BTreeMap::new(),
            window: 65_535,
            more: BTreeMap::new(),
            next: 1,
            asked: 0,
            awaited: 0,
        }
    }

    /// Both have sent their SETTINGS and acknowledged those of the other side.
    fn opens(&mut self) {
        if self.examined == Examined::Server {
            self.subject.gives(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        }
        self.subject.gives(&frame(SETTINGS, 0, 0, &[]));
        self.waits(|peer| peer.acks > 0 && peer.has_settings);
        self.subject.gives(&frame(SETTINGS, END_STREAM, 0, &[]));
        self.acks = self.acks.saturating_sub(1);
    }

    fn plays(&mut self, line: &Line, is_open: bool) {
        match line {
            Line::Bytes(bytes) => self.gives(bytes),
            Line::Next(bytes) => {
                let mut bytes = bytes.clone();
                bytes[5..9].copy_from_slice(&self.next.to_be_bytes());
                self.gives(&bytes);
            }
            Line::Fill => self.fills(),
            Line::Upload {
                stream,
                bytes,
                is_padded,
            } => self.uploads(*stream, *bytes, *is_padded),
            Line::WaitsForAck => {
                self.awaited += 1;
                self.waits(|peer| peer.acks >= peer.awaited);
            }
            Line::WaitsForEnd(stream) => self.waits(|peer| {
                let seen = peer.streams.get(stream);
                seen.is_some_and(|seen| seen.is_over || seen.reset.is_some())
            }),
            Line::WaitsForBytes(stream, bytes) => self.waits(|peer| {
                let seen = peer.streams.get(stream);
                seen.is_some_and(|seen| seen.has_head && seen.bytes >= *bytes)
            }),
            Line::WaitsForRequest(stream) => self.waits(|peer| peer.streams.contains_key(stream)),
            Line::Asks(ask) => {
                self.asked += 1;
                self.subject.asks(*ask);
                // It may have to wait, or may not ask at all.
                let is_expected = is_open && self.goaway.is_none();
                if is_expected {
                    self.waits(|peer| peer.streams.len() >= peer.asked);
                }
            }
            Line::Cancels(stream) => self.subject.cancels(*stream),
        }
        self.looks();
    }

    fn gives(&mut self, bytes: &[u8]) {
        self.subject.gives(bytes);
    }

    /// Takes what has come already.
    fn looks(&mut self) {
        while !self.is_closed {
            match self.subject.takes() {
                Taken::Bytes(bytes) => self.arrives(&bytes),
                Taken::Nothing => break,
                Taken::Closed => self.is_closed = true,
            }
        }
    }

    fn waits(&mut self, until: impl Fn(&Peer<'_>) -> bool) {
        let mut nothing = 0;
        while !self.is_closed && !until(self) && nothing < self.subject.patience() {
            match self.subject.takes() {
                Taken::Bytes(bytes) => {
                    self.arrives(&bytes);
                    nothing = 0;
                }
                Taken::Nothing => nothing += 1,
                Taken::Closed => self.is_closed = true,
            }
        }
    }

    /// As many requests that go on as the server allows. Who does not say is asked for 3.
    fn fills(&mut self) {
        let most = self.settings.get(&MAX_CONCURRENT_STREAMS).copied();
        for _ in 0..most.unwrap_or(3) {
            let post = [0x83, 0x86, 0x84, 1, 1, b'a'];
            self.gives(&frame(HEADERS, END_HEADERS, self.next, &post));
            self.next += 2;
        }
    }

    /// What may be sent on a stream now, in DATA and padding.
    fn room(&self, stream: u32, sent: usize) -> usize {
        let size = self.settings.get(&INITIAL_WINDOW_SIZE).copied();
        let more = self.more.get(&stream).copied().unwrap_or(0);
        let own = i64::from(size.unwrap_or(65_535)) + more - sent as i64;
        usize::try_from(own.min(self.window)).unwrap_or(0)
    }

    fn uploads(&mut self, stream: u32, bytes: usize, is_padded: bool) {
        let (mut left, mut sent) = (bytes, 0);
        while left > 0 {
            // A frame with padding has a byte for its length and 255 of it.
            let least = if is_padded { 257 } else { 1 };
            self.waits(|peer| peer.room(stream, sent) >= least);
            let room = self.room(stream, sent);
            if room < least || self.is_closed {
                return;
            }
            let length = if is_padded {
                1
            } else {
                left.min(room).min(LONGEST)
            };
            left -= length;
            let mut flags = if left == 0 { END_STREAM } else { 0 };
            let mut payload = vec![b'x'; length];
            if is_padded {
                flags |= PADDED;
                payload = [&[255, b'x'][..], &[0; 255]].concat();
            }
            sent += payload.len();
            self.window -= payload.len() as i64;
            self.gives(&frame(DATA, flags, stream, &payload));
        }
    }

    fn arrives(&mut self, bytes: &[u8]) {
        self.rest.extend(bytes);
        if self.examined == Examined::Client {
            let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
            if self.rest.starts_with(preface) {
                self.rest.drain(..preface.len());
            }
        }
        while let Some((head, behind)) = self.rest.split_at_checked(9) {
            let length =
                usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
            let (kind, flags) = (head[3], head[4]);
            let stream = number(&head[5..9]) & (u32::MAX >> 1);
            let Some(payload) = behind.get(..length).map(<[u8]>::to_vec) else {
                return;
            };
            self.rest.drain(..9 + length);
            self.frame_arrives(kind, flags, stream, &payload);
        }
    }

    fn frame_arrives(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let words = in_words(kind, flags, stream, payload);
        self.subject.tells(&format!("    you: {words}"));
        let is_first = !std::mem::replace(&mut self.has_settings, true);
        if is_first && (kind != SETTINGS || flags & END_STREAM != 0) {
            self.odd.push("no SETTINGS first".to_owned());
        }
        if payload.len() > LONGEST {
            self.odd.push(format!("a frame of {} bytes", payload.len()));
        }
        let has = |flag: u8| flags & flag != 0;
        match kind {
            SETTINGS if has(END_STREAM) => self.acks += 1,
            SETTINGS => {
                for setting in payload.chunks_exact(6) {
                    let id = u16::from_be_bytes([setting[0], setting[1]]);
                    self.settings.insert(id, number(&setting[2..]));
                }
            }
            PING if payload == PROBE => self.is_alive |= has(END_STREAM),
            PING if has(END_STREAM) => {
                self.pongs.push(payload.try_into().expect("eight bytes"));
            }
            GOAWAY => self.goaway = Some(number(&payload[4..8])),
            WINDOW_UPDATE if stream == 0 => self.window += i64::from(number(payload)),
            WINDOW_UPDATE => *self.more.entry(stream).or_default() += i64::from(number(payload)),
            HEADERS | CONTINUATION => {
                self.block.extend(payload);
                let is_new = !self.streams.contains_key(&stream);
                let highest = self.streams.keys().last().copied().unwrap_or(0);
                if self.examined == Examined::Client
                    && is_new
                    && (stream.is_multiple_of(2) || stream < highest)
                {
                    self.odd.push(format!("asked on {stream}"));
                }
                let seen = self.streams.entry(stream).or_default();
                seen.is_over |= kind == HEADERS && has(END_STREAM);
                if has(END_HEADERS) {
                    let (tables, status) = read(&self.block);
                    seen.tables.extend(tables);
                    seen.has_head = true;
                    if !(100..200).contains(&status) {
                        seen.status.get_or_insert(status);
                    }
                    self.block.clear();
                }
            }
            DATA => {
                let seen = self.streams.entry(stream).or_default();
                let padding = if has(PADDED) {
                    1 + usize::from(payload[0])
                } else {
                    0
                };
                seen.bytes += payload.len() - padding;
                seen.is_over |= has(END_STREAM);
            }
            RST_STREAM => {
                let seen = self.streams.entry(stream).or_default();
                if seen.reset.replace(number(payload)).is_some() {
                    self.odd.push(format!("{stream} reset twice"));
                }
            }
            _ => {}
        }
    }

    /// What has been seen.
    fn ends(mut self) -> String {
        let probe = frame(PING, 0, 0, &PROBE);
        self.gives(&probe);
        self.waits(|peer| peer.is_alive);
        self.looks();
        let outcomes = self.subject.outcomes();
        let mut items = std::mem::take(&mut self.odd);
        match self.goaway {
            Some(code) if code != 0 && self.is_closed => {
                return format!("connection {}", name(code));
            }
            Some(code) if !self.is_closed => items.push(format!("goaway {} and open", name(code))),
            None if !self.is_closed && !self.is_alive => items.push("deaf".to_owned()),
            _ => {}
        }
        items.extend((0..self.acks).map(|_| "ack".to_owned()));
        for pong in &self.pongs {
            let digits: String = pong.iter().map(|byte| format!("{byte:02x}")).collect();
            items.push(format!("pong {digits}"));
        }
        if self.examined == Examined::Client && self.streams.len() < self.asked {
            items.push(format!("asked {} of {}", self.streams.len(), self.asked));
        }
        for (stream, seen) in &self.streams {
            let outcome = outcomes.iter().find(|(of, _)| of == stream);
            let stream = match *stream == self.next && self.next > 1 {
                true => "next".to_owned(),
                false => stream.to_string(),
            };
            let tables = seen.tables.iter();
            items.extend(tables.map(|size| format!("{stream} table {size}")));
            let what = match self.examined {
                Examined::Server => seen.answer(),
                Examined::Client => seen.request(outcome.map(|(_, outcome)| *outcome)),
            };
            if !what.is_empty() {
                items.push(format!("{stream} {what}"));
            }
        }
        if self.is_closed {
            items.push("closed".to_owned());
        }
        match items.is_empty() {
            true => "fine".to_owned(),
            false => items.join(", "),
        }
    }
}

impl Seen {
    fn answer(&self) -> String {
        let mut parts = Vec::new();
        if let Some(status) = self.status {
            parts.push(status.to_string());
            if !self.is_over {
                parts.push(format!("{}…", self.bytes));
            }
        }
        parts.extend(self.reset.map(|code| format!("reset {}", name(code))));
        parts.join(" ")
    }

    fn request(&self, outcome: Option<Outcome>) -> String {
        let mut parts = Vec::new();
        match outcome {
            Some(Outcome::Taken(status)) => parts.push(format!("taken {status}")),
            Some(Outcome::Unprocessed) => parts.push("unprocessed".to_owned()),
            Some(Outcome::Failed) if self.reset.is_none() => parts.push("failed".to_owned()),
            _ if self.reset.is_none() && !self.is_over => {
                parts.push(format!("body {}…", self.bytes));
            }
            _ => {}
        }
        parts.extend(self.reset.map(|code| format!("reset {}", name(code))));
        parts.join(" ")
    }
}

/// What a block of fields begins with: new sizes of the table, and the status. That is all that is read of it, so that no
/// decoder is needed; a status that is not there or not readable is 0.
fn read(block: &[u8]) -> (Vec<u32>, u16) {
    let mut tables = Vec::new();
    let mut rest = block;
    while let [first @ 0x20..0x40, behind @ ..] = rest {
        let mut size = u32::from(first & 0x1f);
        rest = behind;
        if size == 0x1f {
            for shift in (0..).step_by(7) {
                let Some((byte, behind)) = rest.split_first() else {
                    break;
                };
                rest = behind;
                size += u32::from(byte & 0x7f) << shift;
                if byte & 0x80 == 0 {
                    break;
                }
            }
        }
        tables.push(size);
    }
    let status = match rest {
        [index @ 0x88..=0x8e, ..] => [200, 204, 206, 304, 400, 404, 500][usize::from(index - 0x88)],
        // A literal whose name is that of entry 8, with three digits, or these in Huffman's code.
        [0x08 | 0x18 | 0x48, 3, digits @ ..] => {
            decimal(digits.iter().take(3).map(|byte| byte.wrapping_sub(b'0')))
        }
        [0x08 | 0x18 | 0x48, 0x82 | 0x83, code @ ..] => decimal(huffman(code)),
        _ => 0,
    };
    (tables, status)
}

fn decimal(digits: impl IntoIterator<Item = u8>) -> u16 {
    let digits = digits.into_iter().map(u16::from);
    digits.fold(0, |sum, digit| sum * 10 + digit)
}

/// Three digits in Huffman's code: 0, 1 and 2 are five bits, their value; 3 to 9 are six, from 25 on.
fn huffman(code: &[u8]) -> [u8; 3] {
    let mut four = [0; 4];
    let length = code.len().min(4);
    four[..length].copy_from_slice(&code[..length]);
    let mut bits = u32::from_be_bytes(four);
    [(); 3].map(|()| {
        let (digit, length) = match (bits >> 27, bits >> 26) {
            (digit @ 0..3, _) => (digit, 5),
            (_, code) => (code.wrapping_sub(22), 6),
        };
        bits <<= length;
        digit as u8
    })
}

fn number(bytes: &[u8]) -> u32 {
    let bytes = bytes.iter().take(4);
    bytes.fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

fn name(code: u32) -> String {
    let name = usize::try_from(code).ok().and_then(|code| CODES.get(code));
    name.map_or_else(|| format!("{code:#x}"), |name| (*name).to_owned())
}

/// A frame that has come, for whoever follows the play.
fn in_words(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> String {
    let mut words = vec![match TYPES.get(usize::from(kind)) {
        Some(name) => (*name).to_owned(),
        None => format!("{kind:#04x}"),
    }];
    words.push(stream.to_string());
    let ends = if matches!(kind, SETTINGS | PING) {
        "ACK"
    } else {
        "ES"
    };
    let named = [(END_STREAM, ends), (END_HEADERS, "EH"), (PADDED, "PAD")];
    let flags = named.iter().filter(|(flag, _)| flags & flag != 0);
    words.extend(flags.map(|(_, name)| (*name).to_owned()));
    match kind {
        RST_STREAM => words.push(name(number(payload))),
        GOAWAY => words.push(format!(
            "+{} {}",
            number(payload),
            name(number(&payload[4..]))
        )),
        WINDOW_UPDATE => words.push(format!("+{}", number(payload))),
        SETTINGS => words.extend(payload.chunks_exact(6).map(|setting| {
            let id = u16::from_be_bytes([setting[0], setting[1]]);
            format!("{id}={}", number(&setting[2..]))
        })),
        DATA => words.push(format!("{} bytes", payload.len())),
        _ => words.push(
            payload
                .iter()
                .take(24)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        ),
    }
    words.join(" ")
}
