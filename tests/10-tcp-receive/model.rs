//! The stream as a plain list of places, one a byte: slow, and easy to see through. What the answers do is compared
//! with it.

use std::collections::BTreeMap;
use std::ops::Range;

/// What [`tcp_receive::Assembler`] and [`tcp_receive::Inbound`] are to do.
pub struct Model {
    capacity: u64,
    read: u64,
    bytes: BTreeMap<u64, u8>,
    end: Option<u64>,
}

impl Model {
    pub fn new(capacity: usize) -> Model {
        Model {
            capacity: capacity as u64,
            read: 0,
            bytes: BTreeMap::new(),
            end: None,
        }
    }

    pub fn push(&mut self, at: u64, data: &[u8], fin: bool) {
        let edge = self.read + self.capacity;
        let behind = at + data.len() as u64;
        if fin && self.refuses_fin(behind).is_none() {
            self.end = Some(behind);
        }
        for (place, byte) in (at..).zip(data) {
            let is_inside = self.end.is_none_or(|end| place < end);
            if (self.read..edge).contains(&place) && is_inside {
                self.bytes.entry(place).or_insert(*byte);
            }
        }
    }

    /// Why a FIN at this position does not count; nothing if it does.
    pub fn refuses_fin(&self, at: u64) -> Option<&'static str> {
        if self.end.is_some() {
            Some("the end is known already")
        } else if at < self.top() {
            Some("it lies before a byte that is here or has been read")
        } else if at > self.read + self.capacity {
            Some("it lies behind the room")
        } else {
            None
        }
    }

    pub fn read(&mut self, max: usize) -> Vec<u8> {
        let places = self.read..self.next().min(self.read + max as u64);
        self.read = places.end;
        places
            .filter_map(|place| self.bytes.remove(&place))
            .collect()
    }

    pub fn next(&self) -> u64 {
        let mut next = self.read;
        while self.bytes.contains_key(&next) {
            next += 1;
        }
        next
    }

    pub fn top(&self) -> u64 {
        let last = self.bytes.last_key_value();
        last.map_or(self.read, |(place, _)| place + 1)
    }

    pub fn is_complete(&self) -> bool {
        self.end == Some(self.next())
    }

    /// The holes between the bytes, or with `end` those before the end, too.
    pub fn holes(&self, with_end: bool) -> Vec<Range<u64>> {
        let last = self.end.filter(|_| with_end).unwrap_or(0).max(self.top());
        let mut holes: Vec<Range<u64>> = Vec::new();
        for place in (self.next()..last).filter(|place| !self.bytes.contains_key(place)) {
            match holes.last_mut() {
                Some(hole) if hole.end == place => hole.end += 1,
                _ => holes.push(place..place + 1),
            }
        }
        holes
    }

    /// What the answer's [`Assembler`](tcp_receive::Assembler) is to say of itself, in words.
    pub fn says(&self) -> String {
        let (next, top) = (self.next(), self.top());
        let readable = (next - self.read) as usize;
        let waiting = self.bytes.len() - readable;
        let window = self.capacity as usize - readable;
        let holes = self.holes(false);
        said(next, readable, waiting, window, top, &holes)
    }
}

/// What an assembler says of itself, in words.
pub fn said(
    next: u64,
    readable: usize,
    waiting: usize,
    window: usize,
    top: u64,
    holes: &[Range<u64>],
) -> String {
    format!(
        "next {next}, readable {readable}, waiting {waiting}, window {window}, top {top}, holes {holes:?}"
    )
}
