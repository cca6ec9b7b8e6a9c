//! Storms of fragments, the same for every contestant, and what may come out of them.

use netlab::Dice;
use packets_solution::Ipv4Header;

/// For experiments (RFC 3692): no contestant knows it.
pub const PROTOCOL: u8 = 253;
/// The host to which all pieces go.
pub const HOST: [u8; 4] = [10, 0, 0, 9];
/// Storms of each kind.
pub const COUNT: usize = 100;

/// Something that puts pieces together.
pub trait Joins: 'static {
    /// One that has no pieces.
    fn new() -> Self;

    /// Takes a piece, and gives the payloads of the datagrams that are whole with it.
    fn push(&mut self, piece: &[u8]) -> Vec<Vec<u8>>;
}

/// What is behind the header.
pub fn payload_of(datagram: &[u8]) -> &[u8] {
    &datagram[4 * usize::from(datagram[0] & 0xf)..]
}

pub struct Kind {
    pub name: &'static str,
    /// What must come of it.
    pub must: Must,
    storm: fn(&mut Dice) -> Storm,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Must {
    /// Every datagram that was sent, once.
    Whole,
    /// Nothing but datagrams that were sent.
    NothingFalse,
}

pub const KINDS: [Kind; 10] = [
    Kind {
        name: "in any order",
        must: Must::Whole,
        storm: |dice| honest(dice, |_, _| {}),
    },
    Kind {
        name: "each piece twice",
        must: Must::Whole,
        storm: |dice| honest(dice, |_, pieces| pieces.extend_from_within(..)),
    },
    Kind {
        name: "one cut again on the way",
        must: Must::Whole,
        storm: |dice| {
            honest(dice, |dice, pieces| {
                let which = dice.below(pieces.len());
                let smaller = pieces[which].cut(8 * (1 + dice.below(10)));
                pieces.splice(which..=which, smaller);
            })
        },
    },
    Kind {
        name: "two senders, one number",
        must: Must::Whole,
        storm: |dice| {
            let (one, other) = (Piece::drawn(dice, 1), Piece::drawn(dice, 2));
            let mut pieces = one.cut(200);
            pieces.extend(other.cut(256));
            shuffle(dice, &mut pieces);
            Storm {
                pieces,
                truth: vec![one.payload, other.payload],
            }
        },
    },
    Kind {
        name: "a piece is missing",
        must: Must::NothingFalse,
        storm: |dice| {
            honest(dice, |dice, pieces| {
                pieces.remove(dice.below(pieces.len()));
            })
        },
    },
    Kind {
        name: "cut in two ways",
        must: Must::NothingFalse,
        storm: |dice| {
            let whole = Piece::drawn(dice, 1);
            let mut pieces = whole.cut(200);
            pieces.extend(whole.cut(256));
            shuffle(dice, &mut pieces);
            Storm {
                pieces,
                truth: vec![whole.payload],
            }
        },
    },
    Kind {
        name: "a piece with other bytes",
        must: Must::NothingFalse,
        storm: |dice| {
            forged(dice, |dice, piece| {
                let at = dice.below(piece.payload.len());
                piece.payload[at] ^= 0xff;
            })
        },
    },
    Kind {
        name: "a piece that overlaps two",
        must: Must::NothingFalse,
        storm: |dice| {
            forged(dice, |_, piece| {
                piece.begin += 8;
                piece.more = true;
                piece
                    .payload
                    .resize(piece.payload.len().next_multiple_of(8), 0);
            })
        },
    },
    Kind {
        name: "an end in the middle",
        must: Must::NothingFalse,
        storm: |dice| forged(dice, |_, piece| piece.more = false),
    },
    Kind {
        name: "longer than 65 535 bytes",
        must: Must::NothingFalse,
        storm: |dice| {
            let mut whole = Piece::drawn(dice, 1);
            whole.payload.resize(65_520 + 8 * (1 + dice.below(100)), 7);
            let pieces = whole.cut(8 * 1000);
            Storm {
                pieces,
                truth: Vec::new(),
            }
        },
    },
];

pub struct Storm {
    pieces: Vec<Piece>,
    /// The payloads that somebody has sent.
    truth: Vec<Vec<u8>>,
}

/// What came of a storm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// All that was sent, and nothing else.
    Whole,
    /// Not all of it, and nothing else.
    Nothing,
    /// Something that nobody has sent.
    False,
}

impl Kind {
    /// All storms of this kind, and what comes of each.
    pub fn verdicts<J: Joins>(&self) -> Vec<Verdict> {
        let mut dice = Dice::new(self.name.len() as u64);
        let storms = std::iter::repeat_with(|| (self.storm)(&mut dice));
        storms
            .take(COUNT)
            .map(|storm| storm.verdict::<J>())
            .collect()
    }
}

impl Storm {
    fn verdict<J: Joins>(&self) -> Verdict {
        let mut host = J::new();
        let pieces = self.pieces.iter();
        let mut wholes: Vec<Vec<u8>> = pieces.flat_map(|piece| host.push(&piece.bytes())).collect();
        wholes.sort();
        // Datagrams may come twice: who gets all pieces twice has two of them.
        wholes.dedup();
        let mut truth = self.truth.clone();
        truth.sort();
        if wholes.iter().any(|whole| !truth.contains(whole)) {
            Verdict::False
        } else if wholes.is_empty() || wholes != truth {
            Verdict::Nothing
        } else {
            Verdict::Whole
        }
    }
}

/// A datagram, or a piece of one.
#[derive(Clone)]
struct Piece {
    sender: u8,
    /// The byte at which it begins, a multiple of 8.
    begin: usize,
    more: bool,
    payload: Vec<u8>,
}

impl Piece {
    /// A datagram with a payload that looks random.
    fn drawn(dice: &mut Dice, sender: u8) -> Piece {
        Piece {
            sender,
            begin: 0,
            more: false,
            payload: (0..600 + dice.below(1500))
                .map(|_| dice.below(256) as u8)
                .collect(),
        }
    }

    /// Pieces with so much payload, a multiple of 8.
    fn cut(&self, size: usize) -> Vec<Piece> {
        let count = self.payload.len().div_ceil(size);
        let parts = self.payload.chunks(size).enumerate();
        let piece = |(n, part): (usize, &[u8])| Piece {
            begin: self.begin + n * size,
            more: n + 1 < count || self.more,
            payload: part.to_vec(),
            ..*self
        };
        parts.map(piece).collect()
    }

    fn bytes(&self) -> Vec<u8> {
        let header = Ipv4Header {
            id: 7,
            mf: self.more,
            frag_off: (self.begin / 8) as u16,
            ..Ipv4Header::new(PROTOCOL, [10, 0, 0, self.sender].into(), HOST.into())
        };
        let mut bytes = Vec::new();
        header.emit(&self.payload, &mut bytes).expect("it fits");
        bytes
    }
}

/// The pieces of one datagram, changed, in any order.
fn honest(dice: &mut Dice, change: impl FnOnce(&mut Dice, &mut Vec<Piece>)) -> Storm {
    let whole = Piece::drawn(dice, 1);
    let mut pieces = whole.cut(8 * (16 + dice.below(20)));
    change(dice, &mut pieces);
    shuffle(dice, &mut pieces);
    Storm {
        pieces,
        truth: vec![whole.payload],
    }
}

/// The pieces of one datagram, and between them a changed copy of one. The end comes first, and the beginning last: so
/// whoever looks can see the contradiction before the datagram is whole.
fn forged(dice: &mut Dice, change: impl FnOnce(&mut Dice, &mut Piece)) -> Storm {
    let whole = Piece::drawn(dice, 1);
    let mut pieces = whole.cut(8 * (16 + dice.below(8)));
    let last = pieces.pop().expect("a piece");
    let first = pieces.remove(0);
    let mut copy = pieces[dice.below(pieces.len())].clone();
    change(dice, &mut copy);
    pieces.push(copy);
    shuffle(dice, &mut pieces);
    pieces.insert(0, last);
    pieces.push(first);
    Storm {
        pieces,
        truth: vec![whole.payload],
    }
}

fn shuffle<T>(dice: &mut Dice, all: &mut [T]) {
    for last in (1..all.len()).rev() {
        all.swap(last, dice.below(last + 1));
    }
}
