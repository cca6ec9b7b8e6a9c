//! A segment in a script, and the demand for one.

use std::fmt;

/// A TCP segment, as far as a script can say it. `ack` is there when the flag ACK is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// The peer's name; empty where there is only one.
    pub peer: String,
    pub seq: u32,
    pub ack: Option<u32>,
    pub syn: bool,
    pub fin: bool,
    pub rst: bool,
    pub psh: bool,
    pub window: u16,
    pub mss: Option<u16>,
    pub payload: Vec<u8>,
}

/// What a segment that leaves must be. `None` is anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    pub seq: Option<u32>,
    /// The flag ACK and its number must be there, or must not.
    pub ack: Option<u32>,
    pub syn: bool,
    pub fin: bool,
    pub rst: bool,
    /// PSH must be there, or must not.
    pub psh: Option<bool>,
    pub window: Option<u16>,
    /// `None` is anything in a SYN, and no option in any other segment (RFC 9293, section 3.2).
    pub mss: Option<u16>,
    pub len: usize,
    /// The bytes, where the script says them.
    pub payload: Option<Vec<u8>>,
}

impl Pattern {
    /// In what a segment is not this, in words: `ack 300 instead of 301`. Empty where it is.
    pub fn differences(&self, got: &Segment) -> Vec<String> {
        let mut found = Vec::new();
        let (want_flags, got_flags) = (self.flags(got.psh), flags(got));
        if want_flags != got_flags {
            found.push(format!(
                "{} instead of {}",
                named(&got_flags),
                named(&want_flags)
            ));
        }
        let mut number = |name: &str, want: Option<u32>, got: Option<u32>| match (want, got) {
            (Some(want), Some(got)) if want != got => {
                let (got, want) = (shown(got), shown(want));
                found.push(format!("{name} {got} instead of {want}"));
            }
            (Some(want), None) => found.push(format!("no {name} instead of {}", shown(want))),
            _ => {}
        };
        number("seq", self.seq, Some(got.seq));
        if got.ack.is_some() {
            number("ack", self.ack, got.ack);
        }
        number("len", Some(self.len as u32), Some(got.payload.len() as u32));
        number(
            "win",
            self.window.map(u32::from),
            Some(u32::from(got.window)),
        );
        number("mss", self.mss.map(u32::from), got.mss.map(u32::from));
        if let (false, None, Some(mss)) = (self.syn, self.mss, got.mss) {
            found.push(format!("mss {mss}, which only a SYN may have"));
        }
        let other_bytes = |want: &Vec<u8>| *want != got.payload;
        if self.len == got.payload.len() && self.payload.as_ref().is_some_and(other_bytes) {
            found.push(format!("the bytes \"{}\"", got.payload.escape_ascii()));
        }
        found
    }

    fn flags(&self, psh: bool) -> String {
        flags(&Segment {
            ack: self.ack,
            syn: self.syn,
            fin: self.fin,
            rst: self.rst,
            psh: self.psh.unwrap_or(psh),
            ..Segment::default()
        })
    }
}

/// In the RFC's order of importance: `SYN,ACK`.
fn flags(segment: &Segment) -> String {
    let flags = [
        (segment.syn, "SYN"),
        (segment.fin, "FIN"),
        (segment.rst, "RST"),
        (segment.psh, "PSH"),
        (segment.ack.is_some(), "ACK"),
    ];
    let names: Vec<&str> = flags
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, name)| *name)
        .collect();
    names.join(",")
}

fn named(flags: &str) -> &str {
    if flags.is_empty() { "no flag" } else { flags }
}

/// Hexadecimal near the end of the number space, where decimal digits say nothing.
pub fn shown(number: u32) -> String {
    match number {
        0xffff_0000.. => format!("{number:#x}"),
        _ => number.to_string(),
    }
}

/// `SYN,ACK seq 300 ack 101 win 65535 mss 1460`, as in the ladder of a simulated network.
impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let flags = flags(self);
        let gap = if flags.is_empty() { "" } else { " " };
        write!(f, "{flags}{gap}seq {}", shown(self.seq))?;
        if let Some(ack) = self.ack {
            write!(f, " ack {}", shown(ack))?;
        }
        if !self.payload.is_empty() {
            write!(f, " len {}", self.payload.len())?;
        }
        write!(f, " win {}", self.window)?;
        self.mss.map_or(Ok(()), |mss| write!(f, " mss {mss}"))
    }
}

/// As it would be written in a script.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut words = vec![self.flags(false)];
        words.extend(self.seq.map(|seq| format!("seq {}", shown(seq))));
        words.extend(self.ack.map(|ack| format!("ack {}", shown(ack))));
        match &self.payload {
            Some(bytes) => words.push(format!("\"{}\"", bytes.escape_ascii())),
            None if self.len > 0 => words.push(format!("len {}", self.len)),
            None => {}
        }
        words.extend(self.window.map(|window| format!("win {window}")));
        words.extend(self.mss.map(|mss| format!("mss {mss}")));
        words.extend((self.psh == Some(false)).then(|| "no PSH".to_owned()));
        f.write_str(words.join(" ").trim_start())
    }
}
