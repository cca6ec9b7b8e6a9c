//! What a name server answers, without the student's code.

use std::net::{IpAddr, Ipv4Addr};

/// What it knows of a name.
#[derive(Clone, Debug)]
pub enum Known {
    Addresses(Vec<IpAddr>),
    /// Another name for this one.
    Alias(&'static str),
    /// There is such a name, and nothing more.
    Nothing,
    /// No reply comes.
    Silence,
    /// It does not answer about this name: an RCODE that is neither 0 nor 3.
    Fails(u8),
    /// Such an address, behind one of another name that nobody has asked for.
    Beside(Ipv4Addr, Ipv4Addr),
    /// So many other names, one after the other, and then an address. Without an address they go round.
    Chain(usize, Option<Ipv4Addr>),
    /// More than fits into a datagram: the reply has this one of its addresses, or none, and says TC.
    CutOff(Option<Ipv4Addr>),
}

/// All names that it knows.
pub type Zone = Vec<(&'static str, Known)>;

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;

/// The reply to a query with one question; `None` where it is none.
pub fn reply(zone: &Zone, query: &[u8]) -> Option<Vec<u8>> {
    let (name, qtype, end) = question(query)?;
    let mut records = Vec::new();
    let mut count = 0u16;
    let mut rcode = 0u8;
    let mut tc = 0u8;
    let mut name = name;
    loop {
        let known = zone.iter().find(|(known, _)| *known == name);
        match known.map(|(_, known)| known) {
            None => rcode = 3,
            Some(Known::Fails(code)) => rcode = *code,
            Some(Known::Beside(addr, stranger)) => {
                records.extend(record("stranger.test", A, &stranger.octets()));
                records.extend(record(&name, A, &addr.octets()));
                records.extend(record("x.stranger.test", A, &stranger.octets()));
                count += 3;
            }
            Some(Known::Chain(links, addr)) => {
                let link = |nth: usize| match nth {
                    0 => name.clone(),
                    nth => format!("link{nth}.test"),
                };
                for nth in 0..*links {
                    let is_round = addr.is_none() && nth + 1 == *links;
                    let target = link(if is_round { 0 } else { nth + 1 });
                    records.extend(record(&link(nth), CNAME, &wire_name(&target)));
                    count += 1;
                }
                if let Some(addr) = addr {
                    records.extend(record(&link(*links), A, &addr.octets()));
                    count += 1;
                }
            }
            Some(Known::Nothing) => {}
            Some(Known::Silence) => return None,
            Some(Known::CutOff(addr)) => {
                tc = 2;
                if let Some(addr) = addr {
                    records.extend(record(&name, A, &addr.octets()));
                    count += 1;
                }
            }
            Some(Known::Alias(target)) => {
                records.extend(record(&name, CNAME, &wire_name(target)));
                count += 1;
                name = (*target).to_owned();
                continue;
            }
            Some(Known::Addresses(addrs)) => {
                for addr in addrs {
                    let (of_type, bytes) = match addr {
                        IpAddr::V4(addr) => (A, addr.octets().to_vec()),
                        IpAddr::V6(addr) => (AAAA, addr.octets().to_vec()),
                    };
                    if of_type == qtype {
                        records.extend(record(&name, of_type, &bytes));
                        count += 1;
                    }
                }
            }
        }
        break;
    }
    let mut reply = query[..2].to_vec();
    reply.extend([0x81 | tc, 0x80 | rcode, 0, 1]);
    reply.extend(count.to_be_bytes());
    reply.extend([0; 4]);
    reply.extend_from_slice(&query[12..end]);
    reply.extend(records);
    Some(reply)
}

/// The name in small letters, the type, and where the question ends.
pub fn question(query: &[u8]) -> Option<(String, u16, usize)> {
    if query.get(4..6)? != [0, 1] {
        return None;
    }
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let len = usize::from(*query.get(at)?);
        at += 1;
        if len == 0 {
            break;
        }
        let label = query.get(at..at + len)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += len;
    }
    let qtype = u16::from_be_bytes([*query.get(at)?, *query.get(at + 1)?]);
    query.get(at + 3)?;
    Some((labels.join("."), qtype, at + 4))
}

fn wire_name(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(label.len() as u8);
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

fn record(name: &str, of_type: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = wire_name(name);
    bytes.extend(of_type.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 1, 44]);
    bytes.extend((data.len() as u16).to_be_bytes());
    bytes.extend_from_slice(data);
    bytes
}
