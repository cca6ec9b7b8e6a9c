//! What a test says and compares: times, segments and answers in words, since a type's `==` may be the student's.

use std::time::Duration;

use tcp_open::{Segment, Seq};
use tcp_send::{Alarm, Heard};

pub fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub fn us(n: u64) -> Duration {
    Duration::from_micros(n)
}

pub fn heard(heard: Heard) -> String {
    match heard {
        Heard::Nothing => "Nothing".into(),
        Heard::Duplicate => "Duplicate".into(),
        Heard::New(n) => format!("New({n})"),
        Heard::Beyond => "Beyond".into(),
    }
}

pub fn alarm(alarm: Alarm) -> &'static str {
    match alarm {
        Alarm::Quiet => "Quiet",
        Alarm::Rings => "Rings",
        Alarm::GivesUp => "GivesUp",
    }
}

/// A segment in the scripts' words: `seq 101 len 5 FIN`.
pub fn segment(segment: &Segment) -> String {
    let Segment { seq, ack, .. } = segment;
    let mut words = format!("seq {}", seq.0);
    if let Some(ack) = ack {
        words.push_str(&format!(" ack {}", ack.0));
    }
    words.push_str(&format!(" len {}", segment.payload.len()));
    for (is_set, name) in [
        (segment.syn, "SYN"),
        (segment.fin, "FIN"),
        (segment.rst, "RST"),
        (segment.psh, "PSH"),
    ] {
        if is_set {
            words.push(' ');
            words.push_str(name);
        }
    }
    words
}

/// A segment with a payload of which each byte says where it stands: its number, modulo 251.
pub fn data(seq: u32, len: u32) -> Segment {
    Segment {
        seq: Seq(seq),
        payload: stream(seq, len),
        ..Segment::default()
    }
}

/// The bytes that belong at these numbers.
pub fn stream(seq: u32, len: u32) -> Vec<u8> {
    let numbers = (0..len).map(|n| seq.wrapping_add(n));
    numbers.map(|number| (number % 251) as u8).collect()
}
