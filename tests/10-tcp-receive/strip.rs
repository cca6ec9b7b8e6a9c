//! The picture of a receive buffer over time: one strip a moment.

use std::time::Duration;

use netlab::picture::Picture;
use netlab::script::{Call, Machine, Reaction, Segment};
use tcp_receive::Receiver;

use super::half::Half;

/// A machine of which a strip is kept after each event.
pub struct Watched {
    pub half: Half,
    capacity: usize,
    strips: Vec<Strip>,
}

struct Strip {
    words: String,
    /// What left because of it.
    answers: Vec<String>,
    read: u64,
    next: u64,
    top: u64,
    holes: Vec<(u64, u64)>,
    edge: u64,
}

impl Watched {
    pub fn new(half: Half, capacity: usize) -> Watched {
        Watched {
            half,
            capacity,
            strips: Vec::new(),
        }
    }

    fn keeps(&mut self, now: Duration, words: String, reaction: &Reaction) {
        let receiver: &Receiver = &self.half.receiver;
        let bytes = receiver.inbound().bytes();
        let answer = |it: &Segment| format!("ack {} win {}", it.ack.unwrap_or(0), it.window);
        self.strips.push(Strip {
            words: format!("{:>4} ms  {words}", now.as_millis()),
            answers: reaction.segments.iter().map(answer).collect(),
            read: bytes.next() - bytes.readable() as u64,
            next: bytes.next(),
            top: bytes.top(),
            holes: bytes.holes().iter().map(|it| (it.start, it.end)).collect(),
            edge: bytes.next() + u64::from(receiver.rcv_wnd()),
        });
    }

    /// Draws the strips below each other, from position 0 on.
    pub fn draw(&self, title: &str) -> String {
        const LEFT: usize = 196;
        const WIDTH: usize = 300;
        const ROW: usize = 34;
        const BAR: usize = 16;
        let last = self.strips.iter().map(|strip| strip.read).max();
        let span = last.unwrap_or(0) as usize + self.capacity;
        let x = |position: u64| LEFT + position as usize * WIDTH / span;
        let height = 20 + self.strips.len() * ROW + 34;
        let mut picture = Picture::new(LEFT + WIDTH + 150, height, title);
        for (row, strip) in self.strips.iter().enumerate() {
            let y = 16 + row * ROW;
            picture.text(4, y + 12, "start", 11, 0.9, &strip.words);
            let mut bar = |from: u64, to: u64, kind: &Kind| {
                if from < to {
                    let (colour, opacity) = kind.paint();
                    picture.rect(x(from), y, x(to) - x(from), BAR, colour, opacity);
                }
            };
            let end_of_room = strip.read + self.capacity as u64;
            bar(0, strip.read, &Kind::Read);
            bar(strip.read, strip.next, &Kind::Readable);
            let mut from = strip.next;
            for (begin, end) in &strip.holes {
                bar(from, *begin, &Kind::Waits);
                bar(*begin, *end, &Kind::Hole);
                from = *end;
            }
            bar(from, strip.top, &Kind::Waits);
            bar(strip.top, end_of_room, &Kind::Free);
            // The needle: the number that is wanted next.
            let needle = x(strip.next);
            let (left, right, above) = (needle - 5, needle + 5, y - 7);
            picture.raw(&format!(
                "<path d=\"M{needle} {y} L{left} {above} L{right} {above} Z\"/>"
            ));
            picture.line(needle, y, needle, y + BAR, 1.0);
            picture.line(x(strip.edge), y - 3, x(strip.edge), y + BAR + 3, 1.0);
            let answers = strip.answers.join(", ");
            picture.text(LEFT + WIDTH + 10, y + 12, "start", 11, 0.9, &answers);
        }
        let y = 20 + self.strips.len() * ROW;
        let legend = [
            (Kind::Read, "read"),
            (Kind::Readable, "can be read"),
            (Kind::Hole, "hole"),
            (Kind::Waits, "waits"),
            (Kind::Free, "free"),
        ];
        let mut at = 4;
        for (kind, words) in legend {
            let (colour, opacity) = kind.paint();
            picture.rect(at, y, 14, 14, colour, opacity);
            picture.text(at + 19, y + 11, "start", 11, 0.9, words);
            at += 42 + 7 * words.len();
        }
        picture.text(
            at,
            y + 11,
            "start",
            11,
            0.9,
            "▼ expected next   | edge of the offer",
        );
        picture.finish()
    }
}

enum Kind {
    Read,
    Readable,
    Hole,
    Waits,
    Free,
}

impl Kind {
    fn paint(&self) -> (&'static str, f64) {
        match self {
            Kind::Read => ("currentColor", 0.12),
            Kind::Readable => ("#5b8dd9", 0.8),
            Kind::Hole => ("#d9534f", 0.55),
            Kind::Waits => ("#e0a030", 0.8),
            Kind::Free => ("#4caf7a", 0.25),
        }
    }
}

impl Machine for Watched {
    fn call(&mut self, now: Duration, call: &Call) -> Reaction {
        let reaction = self.half.call(now, call);
        self.keeps(now, call.text(), &reaction);
        reaction
    }

    fn arrives(&mut self, now: Duration, segment: &Segment) -> Reaction {
        let reaction = self.half.arrives(now, segment);
        let words = format!("seq {} len {}", segment.seq, segment.payload.len());
        self.keeps(now, words, &reaction);
        reaction
    }

    fn tick(&mut self, now: Duration) -> Reaction {
        let reaction = self.half.tick(now);
        self.keeps(now, "(200 ms are over)".into(), &reaction);
        reaction
    }

    fn state(&self, peer: &str) -> String {
        self.half.state(peer)
    }

    fn vars(&self, peer: &str) -> Vec<(&'static str, String)> {
        self.half.vars(peer)
    }

    fn function(&self) -> &'static str {
        self.half.function()
    }
}
