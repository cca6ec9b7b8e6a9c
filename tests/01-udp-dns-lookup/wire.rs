//! DNS bytes, written and read without the student's code.

use std::net::{Ipv4Addr, Ipv6Addr};

pub const A: u16 = 1;
pub const NS: u16 = 2;
pub const CNAME: u16 = 5;
pub const SOA: u16 = 6;
pub const TXT: u16 = 16;
pub const AAAA: u16 = 28;
pub const IN: u16 = 1;

pub const SERVFAIL: u8 = 2;
pub const NXDOMAIN: u8 = 3;
pub const REFUSED: u8 = 5;

/// A name, not compressed. A dot inside a label is written as `·`.
pub fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        let label = label.replace('·', ".");
        bytes.push(u8::try_from(label.len()).expect("a label of the tests is short"));
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// A query as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub id: u16,
    pub flags: u16,
    pub name: String,
    pub qtype: u16,
    pub qclass: u16,
}

impl Asked {
    /// Reads a query with one plain question; additional records (EDNS) may follow. `None` for
    /// anything else.
    pub fn read(query: &[u8]) -> Option<Asked> {
        let number = |at: usize| Some(u16::from_be_bytes(*query.get(at..)?.first_chunk()?));
        if [number(4)?, number(6)?, number(8)?] != [1, 0, 0] {
            return None;
        }
        let mut labels = Vec::new();
        let mut at = 12;
        loop {
            match *query.get(at)? {
                0 => break,
                length @ 1..=63 => {
                    let end = at + 1 + usize::from(length);
                    labels.push(String::from_utf8_lossy(query.get(at + 1..end)?).into_owned());
                    at = end;
                }
                _ => return None,
            }
        }
        Some(Asked {
            id: number(0)?,
            flags: number(2)?,
            name: labels.join("."),
            qtype: number(at + 1)?,
            qclass: number(at + 3)?,
        })
    }

    /// `A www.example.test`, for messages; with the class if it is not IN.
    pub fn in_words(&self) -> String {
        let class = match self.qclass {
            IN => String::new(),
            class => format!(" in class {class}"),
        };
        format!("{} {}{class}", type_name(self.qtype), self.name)
    }

    /// A reply to this query: same id, same question, no error, no records yet.
    pub fn reply(&self) -> Message {
        Message {
            id: self.id,
            flags: 0x8180,
            questions: vec![(self.name.clone(), self.qtype, self.qclass)],
            records: [const { Vec::new() }; 3],
        }
    }
}

/// The query itself.
impl From<&Asked> for Message {
    fn from(asked: &Asked) -> Message {
        Message {
            flags: asked.flags,
            ..asked.reply()
        }
    }
}

/// A query as this course would send it.
pub fn query(id: u16, host: &str, qtype: u16) -> Vec<u8> {
    Message {
        id,
        flags: 0x0100,
        questions: vec![(host.to_owned(), qtype, IN)],
        records: [const { Vec::new() }; 3],
    }
    .bytes()
}

/// A message to be sent.
#[derive(Clone)]
pub struct Message {
    pub id: u16,
    pub flags: u16,
    pub questions: Vec<(String, u16, u16)>,
    /// Answers, authorities, additionals.
    pub records: [Vec<Record>; 3],
}

#[derive(Clone)]
pub struct Record {
    owner: String,
    rtype: u16,
    class: u16,
    ttl: u32,
    data: Vec<u8>,
}

impl Record {
    pub fn new(owner: &str, rtype: u16, data: &[u8]) -> Record {
        Record {
            owner: owner.to_owned(),
            rtype,
            class: IN,
            ttl: 300,
            data: data.to_vec(),
        }
    }

    pub fn ttl(mut self, ttl: u32) -> Record {
        self.ttl = ttl;
        self
    }

    pub fn class(mut self, class: u16) -> Record {
        self.class = class;
        self
    }
}

/// An IPv4 address record.
pub fn a(owner: &str, address: &str) -> Record {
    let address: Ipv4Addr = address.parse().expect("an IPv4 address");
    Record::new(owner, A, &address.octets())
}

/// An IPv6 address record.
pub fn aaaa(owner: &str, address: &str) -> Record {
    let address: Ipv6Addr = address.parse().expect("an IPv6 address");
    Record::new(owner, AAAA, &address.octets())
}

/// `server` knows about `zone`.
pub fn ns(zone: &str, server: &str) -> Record {
    Record::new(zone, NS, &name(server))
}

/// `owner` is another name for `target`.
pub fn cname(owner: &str, target: &str) -> Record {
    Record::new(owner, CNAME, &name(target))
}

impl Message {
    pub fn rcode(mut self, rcode: u8) -> Message {
        self.flags = self.flags & !0xf | u16::from(rcode);
        self
    }

    /// Sets TC.
    pub fn cut_off(mut self) -> Message {
        self.flags |= 0x0200;
        self
    }

    pub fn answers(mut self, records: impl IntoIterator<Item = Record>) -> Message {
        self.records[0].extend(records);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let counts = [
            self.questions.len(),
            self.records[0].len(),
            self.records[1].len(),
            self.records[2].len(),
        ]
        .map(|count| u16::try_from(count).expect("the tests' messages are small"));
        for field in [self.id, self.flags].into_iter().chain(counts) {
            out.extend(field.to_be_bytes());
        }
        for (host, qtype, class) in &self.questions {
            out.extend(name(host));
            out.extend(qtype.to_be_bytes());
            out.extend(class.to_be_bytes());
        }
        // As servers do, an owner that is the (first) question's name becomes a pointer to it.
        let first = self.questions.first().map(|(host, _, _)| host.as_str());
        for record in self.records.iter().flatten() {
            if Some(record.owner.as_str()) == first && !record.owner.is_empty() {
                out.extend([0xc0, 12]);
            } else {
                out.extend(name(&record.owner));
            }
            out.extend(record.rtype.to_be_bytes());
            out.extend(record.class.to_be_bytes());
            out.extend(record.ttl.to_be_bytes());
            let length = u16::try_from(record.data.len()).expect("RDATA fits its length field");
            out.extend(length.to_be_bytes());
            out.extend(&record.data);
        }
        out
    }
}

pub fn type_name(qtype: u16) -> String {
    match qtype {
        A => "A".into(),
        NS => "NS".into(),
        CNAME => "CNAME".into(),
        SOA => "SOA".into(),
        TXT => "TXT".into(),
        AAAA => "AAAA".into(),
        other => format!("TYPE{other}"),
    }
}

/// What a message says, in short, for the ladder: `5372 A www.example.test?` for a query,
/// `5372 A www.example.test: 192.0.2.1` for a reply. `None` for what is no message.
pub fn in_words(bytes: &[u8]) -> Option<String> {
    // Over TCP the length stands in front.
    match bytes.split_first_chunk() {
        Some((length, message)) if usize::from(u16::from_be_bytes(*length)) == message.len() => {
            Some(format!(
                "length {}, {}",
                message.len(),
                message_in_words(message)?
            ))
        }
        _ => message_in_words(bytes),
    }
}

fn message_in_words(message: &[u8]) -> Option<String> {
    let number = |at: usize| Some(u16::from_be_bytes(*message.get(at..)?.first_chunk()?));
    let flags = number(2)?;
    let mut at = 12;
    let mut questions = Vec::new();
    for _ in 0..number(4)? {
        let name = name_at(message, &mut at)?;
        questions.push(format!("{} {name}", type_name(number(at)?)));
        at += 4;
    }
    let asked = match questions.len() {
        0 => "no question".into(),
        _ => questions.join(" and "),
    };
    let id = number(0)?;
    if flags & 0x8000 == 0 {
        return Some(format!("{id:04x} {asked}?"));
    }
    let mut said = match flags & 0xf {
        0 => Vec::new(),
        2 => vec!["SERVFAIL".to_owned()],
        3 => vec!["NXDOMAIN".to_owned()],
        5 => vec!["REFUSED".to_owned()],
        rcode => vec![format!("RCODE {rcode}")],
    };
    if flags & 0x0200 != 0 {
        said.push("TC".into());
    }
    for n in 0..number(6)? {
        // Of many records, and of one that is cut short, the beginning will do.
        match record_in_words(message, &mut at, questions.first()) {
            Some(record) if n < 3 => said.push(record),
            _ => {
                said.push("…".into());
                break;
            }
        }
    }
    if said.is_empty() {
        said.push("no answer".into());
    }
    Some(format!("{id:04x} {asked}: {}", said.join(", ")))
}

/// `192.0.2.1` where the owner is the name asked about, `web.test A 192.0.2.1` elsewhere.
fn record_in_words(message: &[u8], at: &mut usize, asked: Option<&String>) -> Option<String> {
    let owner = name_at(message, at)?;
    let number = |at: usize| Some(u16::from_be_bytes(*message.get(at..)?.first_chunk()?));
    let (rtype, length) = (number(*at)?, usize::from(number(*at + 8)?));
    let data = message.get(*at + 10..*at + 10 + length)?;
    let data = match rtype {
        A => Ipv4Addr::from(*data.first_chunk::<4>()?).to_string(),
        AAAA => Ipv6Addr::from(*data.first_chunk::<16>()?).to_string(),
        CNAME | NS => name_at(message, &mut (*at + 10))?,
        _ => format!("{length} octets"),
    };
    *at += 10 + length;
    let kind = type_name(rtype);
    Some(match asked {
        Some(asked) if *asked == format!("{kind} {owner}") => data,
        _ => format!("{owner} {kind} {data}"),
    })
}

/// The name at `at`, which then stands after it.
fn name_at(message: &[u8], at: &mut usize) -> Option<String> {
    let (mut labels, mut here, mut jumps) = (Vec::new(), *at, 0);
    loop {
        let first = *message.get(here)?;
        here += 1;
        match first {
            0 => break,
            1..=63 => {
                let label = message.get(here..here + usize::from(first))?;
                labels.push(String::from_utf8_lossy(label).into_owned());
                here += usize::from(first);
            }
            0xc0.. if jumps < 127 => {
                let target = usize::from(first & 0x3f) << 8 | usize::from(*message.get(here)?);
                if jumps == 0 {
                    *at = here + 1;
                }
                (here, jumps) = (target, jumps + 1);
            }
            _ => return None,
        }
    }
    if jumps == 0 {
        *at = here;
    }
    Some(match labels.len() {
        0 => ".".into(),
        _ => labels.join("."),
    })
}
