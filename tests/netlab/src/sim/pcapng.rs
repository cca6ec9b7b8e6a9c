//! The trace as a capture file, for Wireshark and tshark (draft-ietf-opsawg-pcapng).
//!
//! One interface for each direction of a link, named after its two nodes. A packet stands where it was
//! sent; a comment says what became of it when that is not the obvious.

use super::medium::Medium;
use super::trace::{Entry, Trace};

/// LINKTYPE_ETHERNET and LINKTYPE_RAW.
const ETHERNET: u16 = 1;
const RAW_IP: u16 = 101;

const OPT_END: u16 = 0;
const OPT_COMMENT: u16 = 1;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;

impl Trace {
    /// The capture file.
    pub fn pcapng(&self) -> Vec<u8> {
        let mut file = Vec::new();
        // Section header: byte order, version 1.0, length not said.
        let mut body = Vec::new();
        body.extend(0x1a2b_3c4d_u32.to_le_bytes());
        body.extend(1_u16.to_le_bytes());
        body.extend(0_u16.to_le_bytes());
        body.extend(u64::MAX.to_le_bytes());
        block(&mut file, 0x0a0d_0d0a, &body);
        for link in &self.links {
            let [a, b] = link.nodes.map(|node| self.nodes[node].as_str());
            for (from, to) in [(a, b), (b, a)] {
                block(
                    &mut file,
                    1,
                    &interface(link.medium, &format!("{from} to {to}")),
                );
            }
        }
        for entry in self.entries() {
            block(&mut file, 6, &packet(entry));
        }
        file
    }
}

/// An enhanced packet block.
fn packet(entry: Entry) -> Vec<u8> {
    let bytes = entry.bytes();
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let nanos = entry.sent.as_nanos();
    let mut body = Vec::with_capacity(bytes.len() + 64);
    for number in [
        entry.line(),
        (nanos >> 32) as u32,
        nanos as u32,
        length,
        length,
    ] {
        body.extend(number.to_le_bytes());
    }
    body.extend(bytes);
    pad(&mut body);
    let mut comment = entry.remark();
    if let Some(plan) = entry.plan() {
        comment.push_str(&format!(" (plan: {plan})"));
    }
    if !comment.is_empty() {
        option(&mut body, OPT_COMMENT, comment.trim_start().as_bytes());
        option(&mut body, OPT_END, &[]);
    }
    body
}

fn interface(medium: Medium, name: &str) -> Vec<u8> {
    let mut body = Vec::new();
    let kind = match medium {
        Medium::Ip => RAW_IP,
        Medium::Ethernet => ETHERNET,
    };
    body.extend(kind.to_le_bytes());
    body.extend(0_u16.to_le_bytes());
    body.extend(0_u32.to_le_bytes()); // packets are never cut
    option(&mut body, IF_NAME, name.as_bytes());
    option(&mut body, IF_TSRESOL, &[9]); // nanoseconds
    option(&mut body, OPT_END, &[]);
    body
}

fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = (12 + body.len()) as u32;
    file.extend(kind.to_le_bytes());
    file.extend(length.to_le_bytes());
    file.extend(body);
    file.extend(length.to_le_bytes());
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    body.extend(value);
    pad(body);
}

/// To a multiple of four bytes.
fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}
