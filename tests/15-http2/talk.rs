//! A peer of the student's program that speaks frames: its client, or its server.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;

use http2::PREFACE;
use netlab::{Lab, TcpPeer, TcpServer};

use super::blocks::Blocks;
use super::frames::{
    DATA, END_STREAM, GOAWAY, HEADERS, Lines, PING, RST_STREAM, Sent, WINDOW_UPDATE, data,
    first_frame, frame, head, last_head, settings, settings_ack,
};

/// The test's end of a connection.
pub struct Talk {
    lab: Lab,
    pub peer: TcpPeer,
    blocks: Blocks,
    /// What has come and was not looked at.
    came: Vec<u8>,
    /// How much of it was.
    seen: usize,
}

/// What has come on a stream.
#[derive(Default)]
pub struct Answer {
    head: String,
    pub content: Vec<u8>,
}

/// The head of a request.
fn asks(method: &'static str, path: &str, stream: u32, kind: fn(u32, Lines) -> Vec<u8>) -> Vec<u8> {
    let lines = [
        (":method", method),
        (":scheme", "http"),
        (":authority", "a"),
        (":path", path),
    ];
    kind(stream, &lines)
}

/// A request without content.
pub fn ask(stream: u32, method: &'static str, path: &str) -> Vec<u8> {
    asks(method, path, stream, last_head)
}

/// The head of a request whose content follows.
pub fn upload(stream: u32) -> Vec<u8> {
    asks("POST", "/a.txt", stream, head)
}

pub fn ping() -> Vec<u8> {
    frame(PING, 0, 0, b"12345678")
}

impl Talk {
    /// With this peer, of which nothing has been read.
    pub fn new(lab: &Lab, peer: TcpPeer) -> Talk {
        Talk {
            lab: lab.clone(),
            peer,
            blocks: Blocks::new(),
            came: Vec::new(),
            seen: 0,
        }
    }

    /// Connects, and says what a client says first.
    pub fn begin(lab: &Lab, addr: SocketAddr, pairs: &[(u16, u32)]) -> Talk {
        Talk::begin_as(lab, lab.connect(addr), pairs)
    }

    /// Says what a client says first.
    pub fn begin_as(lab: &Lab, peer: TcpPeer, pairs: &[(u16, u32)]) -> Talk {
        lab.why("Nothing is wrong with what this client sends, and it has broken no limit.");
        peer.sends_labelled(
            "the preface and SETTINGS",
            &[&PREFACE[..], &settings(pairs), &settings_ack()].concat(),
        );
        Talk::new(lab, peer)
    }

    /// Accepts the program's connection, and reads its preface.
    pub fn accepts(lab: &Lab, server: &TcpServer) -> Talk {
        let peer = server.accepts();
        let preface = peer.expects_exactly(PREFACE.len());
        lab.because("A client sends the preface first.").same_bytes(
            "the first 24 bytes",
            &preface,
            PREFACE,
        );
        Talk::new(lab, peer)
    }

    pub fn sends(&self, what: &str, bytes: &[u8]) {
        self.peer.sends_labelled(what, bytes);
    }

    /// What a server says first, and then this.
    pub fn answers_with(&self, what: &str, bytes: &[u8]) {
        let hello = [settings(&[]), settings_ack()].concat();
        self.sends(
            &format!("SETTINGS, and {what}"),
            &[&hello[..], bytes].concat(),
        );
    }

    /// The next frame, or `None` at the end of the stream.
    pub fn frame_or_end(&mut self) -> Option<Sent> {
        loop {
            if let Some((frame, behind)) = first_frame(&self.came[self.seen..]) {
                self.seen = self.came.len() - behind.len();
                self.lab.note(format!("the peer finds {}", frame.words()));
                return Some(frame);
            }
            self.came.drain(..self.seen);
            self.seen = 0;
            let more = self.peer.reads_some("a frame");
            if more.is_empty() {
                self.lab.holds(
                    self.came.is_empty(),
                    "a whole frame",
                    format!("{} bytes of one, and the end", self.came.len()),
                );
                return None;
            }
            self.came.extend(more);
        }
    }

    /// The next frame.
    pub fn frame(&mut self) -> Sent {
        self.frame_or_end()
            .unwrap_or_else(|| self.lab.fails("a frame", "the end of the stream"))
    }

    /// Reads what is there, until this many bytes have come since it was looked at. Waits for nothing.
    pub fn sips(&mut self, most: usize) {
        let mut buffer = [0; 4096];
        while self.came.len() < most {
            let mut stream = self.peer.stream();
            stream.set_nonblocking(true).expect("non-blocking mode");
            let read = stream.read(&mut buffer);
            stream.set_nonblocking(false).expect("blocking mode");
            match read {
                Ok(len @ 1..) => self.came.extend(&buffer[..len]),
                _ => return,
            }
        }
    }

    /// Whether there is anything to read, without waiting for it.
    pub fn has_come(&self) -> bool {
        let stream = self.peer.stream();
        stream.set_nonblocking(true).expect("non-blocking mode");
        let waits = stream.peek(&mut [0]);
        stream.set_nonblocking(false).expect("blocking mode");
        self.seen < self.came.len() || waits.is_ok()
    }

    /// Reads until all these streams have ended, and gives what has come on them, and the streams of all DATA frames in
    /// their order.
    pub fn answers(&mut self, streams: &[u32]) -> (BTreeMap<u32, Answer>, Vec<u32>) {
        let mut all: BTreeMap<u32, Answer> = BTreeMap::new();
        let mut turns = Vec::new();
        let mut open = streams.to_vec();
        while !open.is_empty() {
            let frame = self.frame();
            match frame.kind {
                HEADERS => all.entry(frame.stream).or_default().head = self.fields(&frame),
                DATA => {
                    let answer = all.entry(frame.stream).or_default();
                    answer.content.extend(&frame.payload);
                    turns.push(frame.stream);
                }
                RST_STREAM | GOAWAY => self.lab.fails("answers", frame.words()),
                _ => continue,
            }
            if frame.flags & END_STREAM != 0 {
                open.retain(|stream| *stream != frame.stream);
            }
        }
        (all, turns)
    }

    /// Asks for a path, and reads the answer.
    pub fn gets(&mut self, stream: u32, method: &'static str, path: &str) -> Answer {
        self.sends(
            &format!("{method} {path} on {stream}"),
            &ask(stream, method, path),
        );
        self.answer(stream)
    }

    /// What comes on a stream until its end.
    pub fn answer(&mut self, stream: u32) -> Answer {
        let (mut all, _) = self.answers(&[stream]);
        all.remove(&stream).unwrap_or_default()
    }

    /// The fields of HEADERS, in words.
    pub fn fields(&mut self, frame: &Sent) -> String {
        self.blocks.read(&frame.payload).unwrap_or_else(|why| {
            self.lab
                .because("The whole block is in the frame, in the code of RFC 7541, for a reader with a table of 4096 bytes at most.")
                .fails("a block of fields", why)
        })
    }

    /// Sends PING twice, and demands that nothing comes on this stream before the answers.
    pub fn hears_nothing_on(&mut self, stream: u32, why: &str) {
        self.lab.why(why);
        for _ in 0..2 {
            self.sends("PING", &ping());
            loop {
                let frame = self.frame();
                self.lab.holds(
                    frame.stream != stream,
                    format!("nothing on {stream} yet"),
                    frame.words(),
                );
                if frame.kind == HEADERS {
                    // Its block changes the table for those behind it.
                    let _ = self.fields(&frame);
                }
                if frame.kind == PING {
                    break;
                }
            }
        }
    }

    /// Reads until GOAWAY, and demands this code.
    pub fn is_told(&mut self, why: &str, code: &str) {
        self.lab.why(why);
        let expected = format!("GOAWAY with {code}");
        let told = loop {
            match self.frame_or_end() {
                Some(frame) if frame.kind == GOAWAY => break frame.words(),
                Some(_) => {}
                None => self
                    .lab
                    .fails(&expected, "the end of the stream, without GOAWAY"),
            }
        };
        self.lab.holds(told.ends_with(code), &expected, told);
    }

    /// The same, and the end of the stream behind it.
    pub fn is_sent_away(&mut self, why: &str, code: &str) {
        self.is_told(why, code);
        if let Some(frame) = self.frame_or_end() {
            let expected = "the end of the stream behind GOAWAY";
            self.lab.fails(expected, frame.words());
        }
    }

    /// Reads until the end of the stream. A server may say GOAWAY before it, and that it needs no more of a stream.
    pub fn ends_well(&mut self, why: &str) {
        self.lab.why(why);
        while let Some(frame) = self.frame_or_end() {
            let is_well =
                !matches!(frame.kind, GOAWAY | RST_STREAM) || frame.words().ends_with("NO_ERROR");
            self.lab
                .holds(is_well, "the end of the stream", frame.words());
        }
    }

    /// Sends so much content on a stream, as fast as its window of 65 535 bytes and this one of the connection let it,
    /// and demands that the stream goes on then.
    pub fn uploads(&mut self, stream: u32, len: usize, connection: usize, why: &str) {
        self.lab.if_stuck(why);
        let (mut left, mut windows) = (len, [65_535, connection]);
        let mut is_read = false;
        while !is_read {
            let len = left.min(16_384).min(windows[0]).min(windows[1]);
            if len > 0 {
                self.peer.sends(&data(stream, &vec![b'x'; len]));
                left -= len;
                windows = windows.map(|window| window - len);
                if left == 0 {
                    self.sends("PING", &ping());
                }
                continue;
            }
            let frame = self.frame();
            self.lab.because(why).holds(
                !matches!(frame.kind, RST_STREAM | GOAWAY),
                "the content to be taken",
                frame.words(),
            );
            is_read = frame.kind == PING;
            if frame.kind == WINDOW_UPDATE
                && let Ok(increment) = frame.payload[..].try_into()
            {
                windows[usize::from(frame.stream == 0)] += u32::from_be_bytes(increment) as usize;
            }
        }
    }

    /// Reads until so many requests have come, and gives their streams.
    pub fn requests(&mut self, count: usize) -> Vec<u32> {
        let mut streams = Vec::new();
        while streams.len() < count {
            let frame = self.frame();
            if frame.kind == HEADERS {
                streams.push(frame.stream);
            }
        }
        streams
    }
}

impl Answer {
    /// Demands that the head says this.
    pub fn has(&self, lab: &Lab, part: &str) {
        lab.holds(
            self.head.contains(part),
            format!("a head with {part}"),
            &self.head,
        );
    }

    /// Demands this status and this content.
    pub fn is(&self, lab: &Lab, status: u16, content: &[u8]) {
        self.has(lab, &format!(":status={status}"));
        let brief = |bytes: &[u8]| match bytes.len() {
            0..100 => format!("the content \"{}\"", bytes.escape_ascii()),
            len => format!("content of {len} bytes"),
        };
        lab.holds(
            self.content == content,
            brief(content),
            match (self.content.len() == content.len(), content.len()) {
                (true, 100..) => "as many bytes, which are others".to_owned(),
                _ => brief(&self.content),
            },
        );
    }
}
