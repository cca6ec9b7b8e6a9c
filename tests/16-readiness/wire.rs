//! A stream that does not block, with a script: what comes, how much it takes.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use netlab::Lab;
use netlab::io::Play;

/// Reading plays the script. Behind it there is nothing yet (`WouldBlock`), or the end. Writing takes as
/// many bytes as there is room for.
pub struct Wire {
    lab: Lab,
    script: VecDeque<Play>,
    /// Comes again and again when the script is over.
    endless: Vec<u8>,
    ended: bool,
    /// How many bytes it takes before it says `WouldBlock`.
    pub room: usize,
    /// The most that one write takes.
    piece: usize,
    /// What the next writes answer, before anything else.
    write_errors: VecDeque<ErrorKind>,
    takes_zero: bool,
    /// What writes answer when there is no room left: `WouldBlock`, or that the stream is broken.
    no_room: ErrorKind,
    /// What was written.
    pub sent: Vec<u8>,
    /// Calls to `read` and `write` so far, and how many bytes were read.
    pub reads: usize,
    pub writes: usize,
    pub read: usize,
    /// How often it said that there is nothing now, or no room, since the last [`Wire::begins`].
    pub dry: usize,
    pub full: usize,
    /// How often it said that the stream has ended, since then.
    ends: usize,
}

/// So often one may ask after `WouldBlock` or the end.
const VAIN: usize = 100;

/// Nothing in this chapter reads or writes so many bytes at one go.
const ENDLESS: usize = 8 << 20;

const SPINS: &str = "WouldBlock says that there is nothing to do at this stream now. It stays so until the system tells otherwise: return, and let others have the thread. Who asks again at once keeps a processor busy, and everybody else waits.";

impl Wire {
    /// Nothing has come, and it takes everything.
    pub fn new(lab: &Lab) -> Wire {
        Wire {
            lab: lab.clone(),
            script: VecDeque::new(),
            endless: Vec::new(),
            ended: false,
            room: usize::MAX,
            piece: usize::MAX,
            write_errors: VecDeque::new(),
            takes_zero: false,
            no_room: ErrorKind::WouldBlock,
            sent: Vec::new(),
            reads: 0,
            writes: 0,
            read: 0,
            dry: 0,
            full: 0,
            ends: 0,
        }
    }

    /// These bytes come, in one read if the buffer is large enough.
    pub fn brings(&mut self, bytes: &[u8]) {
        self.script.push_back(Play::Bytes(bytes.to_vec()));
    }

    /// A read fails once, after what has come.
    pub fn read_fails(&mut self, kind: ErrorKind) {
        self.script.push_back(Play::Error(kind));
    }

    /// The next write fails once.
    pub fn write_fails(&mut self, kind: ErrorKind) {
        self.write_errors.push_back(kind);
    }

    /// The stream ends behind what has come.
    pub fn ends(&mut self) {
        self.ended = true;
    }

    pub fn with(mut self, bytes: &[u8]) -> Wire {
        self.brings(bytes);
        self
    }

    pub fn ended(mut self) -> Wire {
        self.ends();
        self
    }

    pub fn with_room(mut self, room: usize) -> Wire {
        self.room = room;
        self
    }

    /// When there is no room left, the stream is broken.
    pub fn then_broken(mut self, kind: ErrorKind) -> Wire {
        self.no_room = kind;
        self
    }

    pub fn in_pieces(mut self, piece: usize) -> Wire {
        self.piece = piece;
        self
    }

    /// These bytes come again and again.
    pub fn endless(mut self, bytes: &[u8]) -> Wire {
        self.endless = bytes.to_vec();
        self
    }

    /// A writer that takes 0 bytes and calls that a success.
    pub fn taking_zero(mut self) -> Wire {
        self.takes_zero = true;
        self
    }

    /// Whether a read would give something: bytes, the end, or an error.
    pub fn is_readable(&self) -> bool {
        self.ended || !self.script.is_empty() || !self.endless.is_empty()
    }

    /// A new call begins.
    pub fn begins(&mut self) {
        (self.dry, self.full, self.ends) = (0, 0, 0);
    }

    fn spins(&self, what: &str, times: usize) {
        if times > VAIN {
            self.lab.because(SPINS).fails(
                format!("no more {what}, once the stream has said that there is nothing to do"),
                format!("{VAIN} more in the same call"),
            );
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        if self.script.is_empty() && !self.endless.is_empty() {
            self.script.push_back(Play::Bytes(self.endless.clone()));
        }
        match self.script.pop_front() {
            Some(Play::Error(kind)) => Err(kind.into()),
            Some(Play::Bytes(mut bytes)) => {
                let n = bytes.len().min(buf.len());
                buf[..n].copy_from_slice(&bytes[..n]);
                if n < bytes.len() {
                    self.script.push_front(Play::Bytes(bytes.split_off(n)));
                }
                self.read += n;
                if self.read > ENDLESS {
                    self.lab.because("This client never stops sending. Who reads until it does serves nobody else.").fails(
                        "reading to come to an end",
                        "it goes on and on",
                    );
                }
                Ok(n)
            }
            None if self.ended => {
                self.ends += 1;
                self.spins("reads", self.ends);
                Ok(0)
            }
            None => {
                self.dry += 1;
                self.spins("reads", self.dry);
                Err(ErrorKind::WouldBlock.into())
            }
        }
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        if let Some(kind) = self.write_errors.pop_front() {
            return Err(kind.into());
        }
        if self.takes_zero {
            self.full += 1;
            self.spins("writes", self.full);
            return Ok(0);
        }
        let n = buf.len().min(self.room).min(self.piece);
        if n == 0 && !buf.is_empty() {
            self.full += 1;
            self.spins("writes", self.full);
            return Err(self.no_room.into());
        }
        self.room -= n;
        self.sent.extend_from_slice(&buf[..n]);
        if self.sent.len() > ENDLESS {
            self.lab
                .fails("writing to come to an end", "it goes on and on");
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
