//! Bytes for people: a packet in the rows of the RFCs' figures, each with what it says. It reads whatever there
//! is and judges nothing.

use std::fmt::Write;

/// Rows of an IPv4 datagram (RFC 791, figure 4).
pub fn ip(bytes: &[u8]) -> String {
    ip_behind(0, bytes)
}

/// The same for a datagram that begins at this offset.
fn ip_behind(offset: usize, bytes: &[u8]) -> String {
    let mut rows = Rows {
        offset,
        ..Rows::of(bytes)
    };
    rows.add(4, |b| {
        let (version, ihl, tos) = (b[0] >> 4, b[0] & 0xf, b[1]);
        let total = u16::from_be_bytes([b[2], b[3]]);
        format!("version {version}, IHL {ihl}, TOS {tos:02x}, Total Length {total}")
    });
    rows.add(4, |b| {
        let (id, fragment) = (
            u16::from_be_bytes([b[0], b[1]]),
            u16::from_be_bytes([b[2], b[3]]),
        );
        let mut flags = String::new();
        for (bit, name) in [(0x8000, "reserved"), (0x4000, "DF"), (0x2000, "MF")] {
            if fragment & bit != 0 {
                let _ = write!(flags, "{name} ");
            }
        }
        format!("ID {id:04x}, flags {flags}, offset {}", fragment & 0x1fff).replace(" ,", ",")
    });
    rows.add(4, |b| {
        let sum = u16::from_be_bytes([b[2], b[3]]);
        format!("TTL {}, protocol {}, checksum {sum:04x}", b[0], b[1])
    });
    rows.add(4, |b| format!("source {}.{}.{}.{}", b[0], b[1], b[2], b[3]));
    rows.add(4, |b| {
        format!("destination {}.{}.{}.{}", b[0], b[1], b[2], b[3])
    });
    let ihl = bytes.first().map_or(5, |first| usize::from(first & 0xf));
    rows.upto(ihl * 4, "options");
    rows.rest("payload")
}

/// Rows of a UDP datagram (RFC 768).
pub fn udp(bytes: &[u8]) -> String {
    let mut rows = Rows::of(bytes);
    rows.add(4, ports);
    rows.add(4, |b| {
        let (len, sum) = (
            u16::from_be_bytes([b[0], b[1]]),
            u16::from_be_bytes([b[2], b[3]]),
        );
        format!("length {len}, checksum {sum:04x}")
    });
    rows.rest("payload")
}

/// Rows of a TCP segment (RFC 9293, figure 1).
pub fn tcp(bytes: &[u8]) -> String {
    let mut rows = Rows::of(bytes);
    rows.add(4, ports);
    rows.add(4, |b| format!("sequence number {}", number(b)));
    rows.add(4, |b| format!("acknowledgment number {}", number(b)));
    rows.add(4, |b| {
        let (offset, reserved, flags) = (b[0] >> 4, b[0] & 0xf, b[1]);
        let window = u16::from_be_bytes([b[2], b[3]]);
        let reserved = match reserved {
            0 => String::new(),
            bits => format!("reserved {bits}, "),
        };
        format!("offset {offset}, {reserved}flags {flags:08b}, win {window}")
    });
    rows.add(4, |b| {
        let (sum, urgent) = (
            u16::from_be_bytes([b[0], b[1]]),
            u16::from_be_bytes([b[2], b[3]]),
        );
        format!("checksum {sum:04x}, urgent pointer {urgent}")
    });
    let offset = bytes.get(12).map_or(5, |byte| usize::from(byte >> 4));
    rows.upto(offset * 4, "options");
    rows.rest("data")
}

/// Rows of a frame: its header, and what it carries as IPv4.
pub fn frame(bytes: &[u8]) -> String {
    let mut rows = Rows::of(bytes);
    rows.add(6, |_| "destination: which card on this cable".to_owned());
    rows.add(6, |_| "source".to_owned());
    rows.add(2, |b| {
        format!("type {:04x}", u16::from_be_bytes([b[0], b[1]]))
    });
    match bytes.get(12..14) {
        Some([8, 0]) => {
            let inside = ip_behind(14, &bytes[14..]);
            rows.text + &inside
        }
        _ => rows.rest("payload"),
    }
}

fn ports(b: &[u8]) -> String {
    let (src, dst) = (
        u16::from_be_bytes([b[0], b[1]]),
        u16::from_be_bytes([b[2], b[3]]),
    );
    format!("from port {src} to port {dst}")
}

fn number(b: &[u8]) -> u32 {
    u32::from_be_bytes([b[0], b[1], b[2], b[3]])
}

struct Rows<'a> {
    bytes: &'a [u8],
    /// Where they begin, for people.
    offset: usize,
    at: usize,
    text: String,
}

impl<'a> Rows<'a> {
    fn of(bytes: &'a [u8]) -> Rows<'a> {
        Rows {
            bytes,
            offset: 0,
            at: 0,
            text: String::new(),
        }
    }

    /// A row of so many bytes, if they are there.
    fn add(&mut self, len: usize, says: impl Fn(&[u8]) -> String) {
        let Some(piece) = self.bytes.get(self.at..self.at + len) else {
            return self.cut(len);
        };
        self.row(piece, &says(piece));
        self.at += len;
    }

    /// What is left of a row that is not whole.
    fn cut(&mut self, len: usize) {
        if self.at < self.bytes.len() {
            let piece = &self.bytes[self.at..];
            self.row(piece, &format!("{} of {len} bytes", piece.len()));
            self.at = self.bytes.len();
        }
    }

    /// The bytes up to `end`, eight in a row.
    fn upto(&mut self, end: usize, name: &str) {
        let end = end.min(self.bytes.len());
        while self.at < end {
            let piece = &self.bytes[self.at..end.min(self.at + 8)];
            self.row(piece, name);
            self.at += piece.len();
        }
    }

    /// What is left, cut after a row.
    fn rest(mut self, name: &str) -> String {
        let left = self.bytes.len() - self.at;
        let end = self.bytes.len().min(self.at + 8);
        let name = match left {
            0..=8 => format!("{name}: {}", netlab::hex::count(left)),
            _ => format!("… {name}: {}", netlab::hex::count(left)),
        };
        self.upto(end, &name);
        self.text
    }

    fn row(&mut self, piece: &[u8], says: &str) {
        let hex = netlab::hex::all(piece);
        let _ = writeln!(self.text, "{:>3}  {hex:<23}  {says}", self.offset + self.at);
    }
}
