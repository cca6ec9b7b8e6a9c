//! The bytes that a script sends, and those that must come: each place of a stream has its own.

use std::collections::BTreeMap;

use super::line::{Call, Gives};
use super::segment::{Segment, shown};

/// `length` bytes of an endless stream, from this place on. No place looks like one nearby.
pub fn stream(from: u32, length: usize) -> Vec<u8> {
    let byte = |at: u32| (at / 4).wrapping_mul(0x9e37_79b1).to_le_bytes()[(at % 4) as usize];
    let places = (0..length as u32).map(|i| from.wrapping_add(i));
    places.map(byte).collect()
}

/// What has gone in either direction between the machine and each peer.
#[derive(Default)]
pub struct Streams {
    sent: BTreeMap<String, Sent>,
    came: BTreeMap<String, Came>,
}

#[derive(Default)]
struct Sent {
    /// The number of the first byte.
    first: Option<u32>,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Came {
    /// The number of the byte that the program reads next.
    next: Option<u32>,
    /// The first that came with each number.
    bytes: BTreeMap<u32, u8>,
}

impl Streams {
    /// The call as the machine gets it: `send(5)` has the next five bytes of the stream.
    pub fn filled(&mut self, call: &Call) -> Call {
        let mut call = call.clone();
        if call.name == "send" && call.data.is_empty() {
            let length = call.arguments.last().and_then(|last| last.parse().ok());
            let sent = self.sent.entry(call.peer()).or_default();
            call.data = stream(sent.bytes.len() as u32, length.unwrap_or(0));
        }
        call
    }

    /// The machine has taken the call.
    pub fn called(&mut self, call: &Call, gives: Option<&Gives>) {
        if call.name == "send" {
            let taken = match gives {
                Some(Gives::Word(number)) => number.parse().unwrap_or(0),
                _ => call.data.len(),
            };
            let sent = self.sent.entry(call.peer()).or_default();
            sent.bytes.extend(call.data.iter().take(taken));
        }
    }

    /// In what the bytes that a call gives are not those of their place.
    pub fn read(&mut self, call: &Call, bytes: &[u8]) -> Option<String> {
        let came = self.came.entry(call.peer()).or_default();
        let mut next = came.next?;
        let mut differs = None;
        for byte in bytes {
            let want = came.bytes.get(&next).copied();
            if want.unwrap_or(stream(next, 1)[0]) != *byte {
                differs.get_or_insert(next);
            }
            next = next.wrapping_add(1);
        }
        came.next = Some(next);
        let place = shown(differs?);
        Some(format!("not the byte that came with seq {place}"))
    }

    pub fn arrives(&mut self, segment: &Segment) {
        let came = self.came.entry(segment.peer.clone()).or_default();
        if segment.syn {
            *came = Came {
                next: Some(segment.seq.wrapping_add(1)),
                ..Came::default()
            };
        }
        let first = segment.seq.wrapping_add(u32::from(segment.syn));
        if !segment.payload.is_empty() {
            came.next.get_or_insert(first);
        }
        for (i, byte) in (0..).zip(&segment.payload) {
            came.bytes.entry(first.wrapping_add(i)).or_insert(*byte);
        }
    }

    /// Numbers of bytes that the machine knows from the beginning, without a SYN.
    pub fn begins(&mut self, peer: &str, receives: Option<u32>) {
        self.came.entry(peer.to_owned()).or_default().next = receives;
    }

    /// In what the bytes of a segment that leaves are not those of their place.
    pub fn leaves(&mut self, segment: &Segment) -> Option<String> {
        let sent = self.sent.entry(segment.peer.clone()).or_default();
        let first = segment.seq.wrapping_add(u32::from(segment.syn));
        if segment.syn && sent.first.is_some_and(|other| other != first) {
            *sent = Sent::default();
        }
        if !segment.syn && segment.payload.is_empty() {
            return None;
        }
        let offset = first.wrapping_sub(*sent.first.get_or_insert(first)) as usize;
        let place = sent.bytes.get(offset..).unwrap_or(&[]);
        if place.starts_with(&segment.payload) {
            None
        } else if place.len() < segment.payload.len() {
            Some("more bytes than the program has sent".into())
        } else {
            let differs = place.iter().zip(&segment.payload).position(|(a, b)| a != b);
            let at = shown(first.wrapping_add(differs.unwrap_or(0) as u32));
            Some(format!(
                "another byte than the program has sent for seq {at}"
            ))
        }
    }
}
