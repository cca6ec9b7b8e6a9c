//! What the bytes of a DNS message mean, for a picture of them.

use netlab::bytes_picture::{Field, Kind, draw};

/// Draws a message. It must be well made: this is for the tests' own messages.
pub fn of_message(title: &str, message: &[u8]) -> String {
    let mut reader = Reader {
        message,
        at: 0,
        fields: Vec::new(),
        arrows: Vec::new(),
    };
    reader.field(2, "id", Kind::Number);
    reader.field(2, "flags", Kind::Flags);
    for label in ["questions", "answers", "authority", "additional"] {
        reader.field(2, label, Kind::Number);
    }
    for _ in 0..reader.number_at(4) {
        reader.name("name asked about");
        reader.field(2, "type", Kind::Number);
        reader.field(2, "class", Kind::Number);
    }
    for _ in 0..reader.number_at(6) {
        reader.record();
    }
    draw(title, message, &reader.fields, &reader.arrows)
}

struct Reader<'a> {
    message: &'a [u8],
    at: usize,
    fields: Vec<Field>,
    arrows: Vec<(usize, usize)>,
}

impl Reader<'_> {
    fn number_at(&self, at: usize) -> usize {
        usize::from(u16::from_be_bytes([self.message[at], self.message[at + 1]]))
    }

    fn field(&mut self, length: usize, label: &str, kind: Kind) {
        self.fields.push(Field {
            range: self.at..self.at + length,
            label: label.into(),
            kind,
        });
        self.at += length;
    }

    /// Labels up to the zero octet or a pointer, and the pointer.
    fn name(&mut self, label: &str) {
        let mut length = 0;
        loop {
            match self.message[self.at + length] {
                0 => return self.field(length + 1, label, Kind::Name),
                first @ 0xc0.. => {
                    if length > 0 {
                        self.field(length, label, Kind::Name);
                    }
                    let target = self.number_at(self.at) & 0x3fff;
                    self.arrows.push((self.at, target));
                    let label = format!("{first:02x}{:02x} = {target}", self.message[self.at + 1]);
                    return self.field(2, &label, Kind::Pointer);
                }
                n => length += 1 + usize::from(n),
            }
        }
    }

    fn record(&mut self) {
        self.name("owner");
        let rtype = self.number_at(self.at);
        self.field(2, "type", Kind::Number);
        self.field(2, "class", Kind::Number);
        self.field(4, "TTL", Kind::Number);
        let length = self.number_at(self.at);
        self.field(2, "RDLENGTH", Kind::Number);
        match u16::try_from(rtype) {
            Ok(super::wire::CNAME) => self.name("other name"),
            _ => self.field(length, "address", Kind::Data),
        }
    }
}
