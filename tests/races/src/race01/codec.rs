//! How long it takes to write a query and to take a reply apart.

use std::hint::black_box;

use trust_dns_resolver::proto::op::{Message, MessageType, OpCode, Query};
use trust_dns_resolver::proto::rr::{Name, RData, RecordType};

#[cfg(feature = "mine-01")]
use super::mine;
use super::reference;
use super::servers::{HOST, pointer_to_itself};
use super::wire::{self, Asked, a};
use crate::machine;
use crate::race::{Answer, Better, Contestant, Discipline, Effort, Kind, Measure, Turns, View};
use crate::stopwatch::nanoseconds;

/// What a contestant does with messages.
pub struct Codec {
    /// A query for [`HOST`], with this id.
    pub query: Box<dyn FnMut(u16) -> Vec<u8>>,
    /// Takes a message apart and counts the IPv4 addresses in its answer; `None` when it is broken.
    pub addresses: fn(&[u8]) -> Option<usize>,
}

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|effort| {
        measured(effort, reference::ours::codec()?)
    })];
    #[cfg(feature = "mine-01")]
    contestants.push(Contestant::mine(|effort| {
        measured(effort, mine::ours::codec()?)
    }));
    contestants.push(Contestant::other(
        "hickory-proto",
        || machine::library("hickory-proto"),
        |effort| measured(effort, library()?),
    ));
    let measure = |name| Measure {
        name,
        unit: "ns",
        better: Better::Less,
    };
    Discipline {
        id: "codec",
        title: "DNS messages, written and read",
        what: "No network: bytes in memory. A query is written from a name that was checked before, with a new id \
               each time. A reply is taken apart into its records, their addresses are counted, and it is let go. \
               hickory-proto is the part of hickory-resolver that does this.",
        cases: vec!["one message".to_owned()],
        kind: Kind::Figures {
            measures: vec![
                measure("write a query"),
                measure("read a short reply: one address"),
                measure("read a long reply: 3 CNAMEs, 20 addresses"),
                measure("refuse a pointer to itself"),
            ],
            view: View::Bars,
        },
        contestants,
    }
}

fn measured(effort: &Effort, mut codec: Codec) -> Result<Turns, String> {
    let replies = Replies::new();
    replies.are_understood_by(&mut codec)?;
    let span = effort.span / 4;
    Ok(Box::new(move |_| {
        let addresses = codec.addresses;
        let mut id = 0_u16;
        let figures = vec![
            nanoseconds(span, || {
                id = id.wrapping_add(1);
                (codec.query)(id)
            }),
            nanoseconds(span, || addresses(black_box(&replies.small))),
            nanoseconds(span, || addresses(black_box(&replies.large))),
            nanoseconds(span, || addresses(black_box(&replies.broken))),
        ];
        Ok(Answer::Figures(figures))
    }))
}

/// The messages that are read.
struct Replies {
    query: Vec<u8>,
    small: Vec<u8>,
    large: Vec<u8>,
    broken: Vec<u8>,
}

impl Replies {
    fn new() -> Replies {
        let query = wire::query(1, HOST, wire::A);
        let asked = Asked::read(&query).expect("a query");
        Replies {
            small: asked.reply().answers([a(HOST, "192.0.2.1")]).bytes(),
            large: large(&asked),
            broken: pointer_to_itself(&asked),
            query,
        }
    }

    /// Speed counts when the work is done.
    fn are_understood_by(&self, codec: &mut Codec) -> Result<(), String> {
        if (codec.query)(1) != self.query {
            return Err("wrote another query".to_owned());
        }
        let found = [&self.small, &self.large, &self.broken].map(|reply| (codec.addresses)(reply));
        if found != [Some(1), Some(20), None] {
            return Err(format!(
                "found {found:?} addresses in place of 1, 20 and a pointer to itself"
            ));
        }
        Ok(())
    }
}

/// A chain of three other names, and twenty addresses of the last one; names are compressed as servers
/// do it (RFC 1035 §4.1.4).
fn large(asked: &Asked) -> Vec<u8> {
    const DOMAIN: u16 = 16; // behind the header and "www": example.test
    let mut reply = asked.reply().bytes();
    let mut owner = 12; // the question's name
    for alias in ["web", "cdn", "node7"] {
        let mut target = vec![alias.len() as u8];
        target.extend(alias.as_bytes());
        target.extend(pointer(DOMAIN));
        owner = push(&mut reply, owner, wire::CNAME, &target);
    }
    for n in 1..=20 {
        push(&mut reply, owner, wire::A, &[192, 0, 2, n]);
    }
    reply[7] = 3 + 20; // the low octet of how many answers there are
    reply
}

/// Appends a record whose owner stands at this offset. Gives the offset of its data.
fn push(reply: &mut Vec<u8>, owner: u16, rtype: u16, data: &[u8]) -> u16 {
    reply.extend(pointer(owner));
    reply.extend(rtype.to_be_bytes());
    reply.extend(wire::IN.to_be_bytes());
    reply.extend(300_u32.to_be_bytes());
    reply.extend((data.len() as u16).to_be_bytes());
    reply.extend(data);
    (reply.len() - data.len()) as u16
}

fn pointer(offset: u16) -> [u8; 2] {
    (0xc000 | offset).to_be_bytes()
}

fn library() -> Result<Codec, String> {
    let name = Name::from_ascii(format!("{HOST}.")).map_err(|error| error.to_string())?;
    // Made once: only the id changes, which serves it best.
    let mut message = Message::new(0, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, RecordType::A));
    Ok(Codec {
        query: Box::new(move |id| {
            message.metadata.id = id;
            message.to_vec().unwrap_or_default()
        }),
        addresses: |message| {
            let message = Message::from_vec(message).ok()?;
            let data = message.answers.iter().map(|record| &record.data);
            Some(data.filter(|data| matches!(data, RData::A(_))).count())
        },
    })
}
