//! Step 6: another address and another port in a packet.

use std::net::SocketAddrV4;
use std::ops::Range;

use packets::{Ipv4Header, protocol, update_checksum};

use crate::{Control, Flow, Proto};

/// Why a NAT cannot read the two ends of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is cut off, its header's checksum does not fit, or a length in it is impossible.
    Malformed,
    /// A fragment. Only the first one has ports, so fragments must be put together before they get
    /// here (chapter 07).
    Fragment,
    /// Neither TCP nor UDP, nor ICMP's echo or its reply.
    Unknown,
}

/// The sender and the receiver of this IPv4 packet.
///
/// Bytes behind the header's Total Length are padding. The checksum of the IPv4 header is checked.
/// The checksum of the payload is not: the receiving host checks it. ICMP's types 8 and 0 are echo
/// request and reply, whatever their code is.
///
/// # Errors
///
/// The first of these that holds, in this order:
///
/// - [`Unfit::Malformed`]: the header is not one (chapter 06, step 2), or the packet ends before its
///   Total Length.
/// - [`Unfit::Fragment`]: More Fragments is set, or the fragment offset is not 0.
/// - [`Unfit::Unknown`]: another protocol.
/// - [`Unfit::Malformed`]: fewer than 8 bytes of UDP or ICMP, or 20 of TCP; UDP's length below 8 or
///   beyond the packet's end; TCP's data offset below 5 or beyond the packet's end.
/// - [`Unfit::Unknown`]: another ICMP message.
pub fn read_flow(packet: &[u8]) -> Result<Flow, Unfit> {
    let (header, payload) = Ipv4Header::parse(packet).map_err(|_| Unfit::Malformed)?;
    if header.mf || header.frag_off != 0 {
        return Err(Unfit::Fragment);
    }
    let is_sound = match header.proto {
        protocol::UDP => {
            let len = word(payload, 4);
            payload.len() >= 8 && (8..=payload.len()).contains(&usize::from(len))
        }
        protocol::TCP => {
            let offset = payload.get(12).map_or(0, |byte| 4 * usize::from(byte >> 4));
            (20..=payload.len()).contains(&offset)
        }
        protocol::ICMP => payload.len() >= 8,
        _ => return Err(Unfit::Unknown),
    };
    if !is_sound {
        return Err(Unfit::Malformed);
    }
    let mut flow = Layout::of(&header, payload)?.flow(&header, payload);
    if flow.proto == Proto::Tcp {
        let bits = payload[13];
        flow.control = Control {
            fin: bits & 0x01 != 0,
            syn: bits & 0x02 != 0,
            rst: bits & 0x04 != 0,
            ack: bits & 0x10 != 0,
        };
    }
    Ok(flow)
}

/// The same for the packet that an ICMP error quotes. Often it is cut off after the first 8 bytes
/// of its payload (RFC 792), so only these are needed, and the control bits are all false.
///
/// # Errors
///
/// The first of these that holds, in this order:
///
/// - [`Unfit::Malformed`]: the IPv4 header is not one.
/// - [`Unfit::Fragment`]: the fragment offset is not 0. A first fragment is as good as a whole packet
///   here: it has the ports.
/// - [`Unfit::Unknown`]: another protocol.
/// - [`Unfit::Malformed`]: fewer than 8 bytes behind the header.
/// - [`Unfit::Unknown`]: another ICMP message.
pub fn read_quote(quote: &[u8]) -> Result<Flow, Unfit> {
    let (header, payload) = parts_of_quote(quote)?;
    Ok(Layout::of(&header, payload)?.flow(&header, payload))
}

/// Gives a packet, or a quote, another source: address and port.
///
/// The port is the identifier of an echo request; a reply has none at this end, and keeps what it has.
/// Both checksums are updated: the IPv4 header's, and the payload's, if both its bytes are there.
/// TCP's and UDP's cover the addresses (chapter 06, steps 3 and 4), ICMP's does not.
///
/// A UDP checksum of 0 says that there is none, and stays 0. A UDP checksum with the result 0 is
/// written as ffff (RFC 768). TCP's and ICMP's results are written unchanged, even 0.
///
/// A checksum that was wrong stays wrong: a NAT that computes it from all bytes makes a damaged
/// packet look valid. Nothing else changes, including padding.
///
/// # Errors
///
/// Those of [`read_quote`]. Then the packet is as before.
pub fn set_source(packet: &mut [u8], to: SocketAddrV4) -> Result<(), Unfit> {
    let layout = Layout::read(packet)?;
    layout.replace(packet, 12, layout.src_port, to);
    Ok(())
}

/// Gives a packet, or a quote, another destination, as [`set_source`] does for the source. An echo
/// reply's identifier is the destination's; a request has none at this end.
///
/// # Errors
///
/// Those of [`read_quote`]. Then the packet is as before.
pub fn set_destination(packet: &mut [u8], to: SocketAddrV4) -> Result<(), Unfit> {
    let layout = Layout::read(packet)?;
    layout.replace(packet, 16, layout.dst_port, to);
    Ok(())
}

/// The IPv4 header, and what there is of its payload.
fn parts_of_quote(quote: &[u8]) -> Result<(Ipv4Header, &[u8]), Unfit> {
    let (header, payload) = Ipv4Header::parse_quoted(quote).map_err(|_| Unfit::Malformed)?;
    if header.frag_off != 0 {
        return Err(Unfit::Fragment);
    }
    Ok((header, payload))
}

/// Where in a packet the numbers stand that a NAT reads and writes.
struct Layout {
    proto: Proto,
    src_port: Option<usize>,
    dst_port: Option<usize>,
    /// The payload's checksum, if it is there and says something.
    checksum: Option<usize>,
}

impl Layout {
    fn read(packet: &[u8]) -> Result<Layout, Unfit> {
        let (header, payload) = parts_of_quote(packet)?;
        Layout::of(&header, payload)
    }

    fn of(header: &Ipv4Header, payload: &[u8]) -> Result<Layout, Unfit> {
        let proto = match header.proto {
            protocol::UDP => Proto::Udp,
            protocol::TCP => Proto::Tcp,
            protocol::ICMP => Proto::Echo,
            _ => return Err(Unfit::Unknown),
        };
        if payload.len() < 8 {
            return Err(Unfit::Malformed);
        }
        let (src_port, dst_port, checksum) = match proto {
            Proto::Udp => (Some(0), Some(2), (word(payload, 6) != 0).then_some(6)),
            Proto::Tcp => (Some(0), Some(2), (payload.len() >= 18).then_some(16)),
            Proto::Echo => match payload[0] {
                8 => (Some(4), None, Some(2)),
                0 => (None, Some(4), Some(2)),
                _ => return Err(Unfit::Unknown),
            },
        };
        let start = header.header_len();
        let from_start = |at: Option<usize>| at.map(|at| start + at);
        Ok(Layout {
            proto,
            src_port: from_start(src_port),
            dst_port: from_start(dst_port),
            checksum: from_start(checksum),
        })
    }

    /// The flow, but for the control bits.
    fn flow(&self, header: &Ipv4Header, payload: &[u8]) -> Flow {
        let start = header.header_len();
        let port = |at: Option<usize>| at.map_or(0, |at| word(payload, at - start));
        Flow {
            proto: self.proto,
            src: SocketAddrV4::new(header.src, port(self.src_port)),
            dst: SocketAddrV4::new(header.dst, port(self.dst_port)),
            control: Control::default(),
        }
    }

    /// Writes an address and a port, and brings the checksums up to date word by word.
    fn replace(&self, packet: &mut [u8], address: usize, port: Option<usize>, to: SocketAddrV4) {
        const HEADER_CHECKSUM: usize = 10;
        let covers_addresses = self.proto != Proto::Echo;
        let octets = to.ip().octets();
        for (at, new) in [
            (address, [octets[0], octets[1]]),
            (address + 2, [octets[2], octets[3]]),
        ] {
            let new = u16::from_be_bytes(new);
            let old = put_word(packet, at, new);
            update(packet, HEADER_CHECKSUM, old, new);
            if let Some(checksum) = self.checksum.filter(|_| covers_addresses) {
                update(packet, checksum, old, new);
            }
        }
        if let Some(at) = port {
            let old = put_word(packet, at, to.port());
            if let Some(checksum) = self.checksum {
                update(packet, checksum, old, to.port());
            }
        }
        if let Some(at) = self.checksum
            && self.proto == Proto::Udp
            && word(packet, at) == 0
        {
            put_word(packet, at, 0xffff);
        }
    }
}

fn update(packet: &mut [u8], checksum: usize, old: u16, new: u16) {
    let updated = update_checksum(word(packet, checksum), old, new);
    put_word(packet, checksum, updated);
}

/// Two bytes as a number; 0 where there are none.
fn word(bytes: &[u8], at: usize) -> u16 {
    let bytes: Option<[u8; 2]> = bytes.get(at..at + 2).and_then(|two| two.try_into().ok());
    u16::from_be_bytes(bytes.unwrap_or_default())
}

/// Writes two bytes, and returns what was there.
fn put_word(packet: &mut [u8], at: usize, new: u16) -> u16 {
    let place: Range<usize> = at..at + 2;
    let old = word(packet, at);
    packet[place].copy_from_slice(&new.to_be_bytes());
    old
}
