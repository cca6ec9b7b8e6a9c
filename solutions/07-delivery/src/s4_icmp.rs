//! Step 4: ICMP, with which hosts and routers tell each other about IP.

use std::net::Ipv4Addr;

use packets::{Ipv4Header, PacketError, internet_checksum, protocol};

use crate::is_one_host;

const ECHO_REPLY: u8 = 0;
const UNREACHABLE: u8 = 3;
const ECHO_REQUEST: u8 = 8;
const TIME_EXCEEDED: u8 = 11;

/// What an ICMP error says (RFC 792; the numbers are type and code).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// 3, 0: no route leads there.
    NetUnreachable,
    /// 3, 1: the last router does not reach the host.
    HostUnreachable,
    /// 3, 2: the host does not know the protocol in the protocol field.
    ProtocolUnreachable,
    /// 3, 3: no program has the port.
    PortUnreachable,
    /// 3, 4: too long for the next link, and Don't Fragment is set. `mtu` is that link's, in the lower half of
    /// the message's second 32 bits (RFC 1191, section 4). Older routers say 0.
    FragmentationNeeded { mtu: u16 },
    /// 11, 0: the time to live was over in transit.
    TtlExceeded,
    /// 11, 1: pieces were missing when the time for reassembly was over.
    ReassemblyExceeded,
}

/// An ICMP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Icmp<'a> {
    EchoRequest(Echo<'a>),
    EchoReply(Echo<'a>),
    /// A datagram could not be delivered: why, its header, and the quoted part of its payload.
    Error(Cause, Ipv4Header, &'a [u8]),
    /// Another type, or another code of types 3 and 11.
    Other {
        kind: u8,
        code: u8,
    },
}

/// The fields of an echo request, which its reply repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo<'a> {
    /// Tells one program's requests from another's.
    pub ident: u16,
    /// Tells one request from another.
    pub seq: u16,
    pub data: &'a [u8],
}

/// Why bytes are not an ICMP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IcmpError {
    /// Fewer than 8 bytes.
    Truncated,
    /// The checksum does not fit.
    Checksum,
    /// The quoted bytes are not the beginning of a datagram.
    Quote(PacketError),
}

impl Echo<'_> {
    /// The ICMP message of an echo request (type 8, code 0).
    pub fn request(&self) -> Vec<u8> {
        self.message(ECHO_REQUEST)
    }

    /// The ICMP message of the reply (type 0, code 0).
    pub fn reply(&self) -> Vec<u8> {
        self.message(ECHO_REPLY)
    }

    fn message(&self, kind: u8) -> Vec<u8> {
        let [a, b] = self.ident.to_be_bytes();
        let [c, d] = self.seq.to_be_bytes();
        message(kind, 0, [a, b, c, d], self.data)
    }
}

impl<'a> Icmp<'a> {
    /// Reads an ICMP message: the payload of a datagram of protocol 1.
    ///
    /// The code of an echo is ignored. The lower half of the second 32 bits of "fragmentation
    /// needed" is its `mtu`. In other errors these bits are ignored.
    ///
    /// # Errors
    ///
    /// The first of these that holds: [`IcmpError::Truncated`]; [`IcmpError::Checksum`], if the checksum over the
    /// whole message is not 0; for one of the seven errors, [`IcmpError::Quote`] with what
    /// [`packets::Ipv4Header::parse_quoted`] says of the bytes from the ninth on.
    pub fn parse(message: &'a [u8]) -> Result<Icmp<'a>, IcmpError> {
        let (head, data) = message
            .split_first_chunk::<8>()
            .ok_or(IcmpError::Truncated)?;
        if internet_checksum(&[message]) != 0 {
            return Err(IcmpError::Checksum);
        }
        let [kind, code, _, _, a, b, c, d] = *head;
        let echo = Echo {
            ident: u16::from_be_bytes([a, b]),
            seq: u16::from_be_bytes([c, d]),
            data,
        };
        let cause = match (kind, code) {
            (ECHO_REQUEST, _) => return Ok(Icmp::EchoRequest(echo)),
            (ECHO_REPLY, _) => return Ok(Icmp::EchoReply(echo)),
            (UNREACHABLE, 0) => Cause::NetUnreachable,
            (UNREACHABLE, 1) => Cause::HostUnreachable,
            (UNREACHABLE, 2) => Cause::ProtocolUnreachable,
            (UNREACHABLE, 3) => Cause::PortUnreachable,
            (UNREACHABLE, 4) => Cause::FragmentationNeeded { mtu: echo.seq },
            (TIME_EXCEEDED, 0) => Cause::TtlExceeded,
            (TIME_EXCEEDED, 1) => Cause::ReassemblyExceeded,
            _ => return Ok(Icmp::Other { kind, code }),
        };
        let (header, start) = Ipv4Header::parse_quoted(data).map_err(IcmpError::Quote)?;
        Ok(Icmp::Error(cause, header, start))
    }
}

/// Makes the datagram that tells the source of `about` why it was not delivered. It is from `from`,
/// with TTL 64, TOS 0, no options and identification 0.
///
/// The ICMP message has type and code of `cause`. The second 32 bits are 0, except for the MTU.
/// Then it quotes the datagram, byte by byte as it came: its header with all options, and at most
/// the first 8 bytes of its payload (RFC 792). That is enough to see the ports.
///
/// `None`, where RFC 1122, section 3.2.2 forbids an error, or no source can be told:
///
/// - `about` is not a valid datagram ([`packets::Ipv4Header::parse`]);
/// - it is itself an ICMP error: protocol 1, and the first byte of the payload is 3, 4, 5, 11 or
///   12. Otherwise two hosts could send each other errors for ever. The rest of the message is not
///   checked. Protocol 1 without a payload could be an error, so it gets none either;
/// - it is a piece other than the first;
/// - it was sent to many hosts: the destination is multicast, or 255.255.255.255. All could answer
///   at once;
/// - its source is not one host ([`crate::is_one_host`]).
pub fn icmp_error(from: Ipv4Addr, cause: Cause, about: &[u8]) -> Option<Vec<u8>> {
    let (header, payload) = Ipv4Header::parse(about).ok()?;
    let is_error = || matches!(payload.first(), None | Some(3 | 4 | 5 | 11 | 12));
    if header.frag_off > 0
        || header.dst.is_multicast()
        || header.dst.is_broadcast()
        || !is_one_host(header.src)
        || header.proto == protocol::ICMP && is_error()
    {
        return None;
    }
    let (kind, code, mtu) = match cause {
        Cause::NetUnreachable => (UNREACHABLE, 0, 0),
        Cause::HostUnreachable => (UNREACHABLE, 1, 0),
        Cause::ProtocolUnreachable => (UNREACHABLE, 2, 0),
        Cause::PortUnreachable => (UNREACHABLE, 3, 0),
        Cause::FragmentationNeeded { mtu } => (UNREACHABLE, 4, mtu),
        Cause::TtlExceeded => (TIME_EXCEEDED, 0, 0),
        Cause::ReassemblyExceeded => (TIME_EXCEEDED, 1, 0),
    };
    let [high, low] = mtu.to_be_bytes();
    let quote = &about[..header.header_len() + payload.len().min(8)];
    let message = message(kind, code, [0, 0, high, low], quote);
    datagram(from, header.src, &message)
}

/// The reply to an echo request that has come to the host with address `addr`.
///
/// It is from `addr` to the request's source, with TTL 64, TOS 0, no options and identification 0, and repeats
/// identifier, sequence number and data. The request's TTL is ignored: the request has arrived.
///
/// `None` for everything else: a datagram that is not valid, is not of protocol 1, or holds no
/// valid echo request; a piece; a datagram for another address (a request to many hosts would get
/// many replies); and one whose source is not one host ([`crate::is_one_host`]).
pub fn answer_echo(addr: Ipv4Addr, request: &[u8]) -> Option<Vec<u8>> {
    let (header, payload) = Ipv4Header::parse(request).ok()?;
    let is_piece = header.mf || header.frag_off > 0;
    if header.proto != protocol::ICMP || header.dst != addr || is_piece || !is_one_host(header.src)
    {
        return None;
    }
    match Icmp::parse(payload) {
        Ok(Icmp::EchoRequest(echo)) => datagram(addr, header.src, &echo.reply()),
        _ => None,
    }
}

/// A message: its second 32 bits, and what follows.
fn message(kind: u8, code: u8, second: [u8; 4], rest: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0];
    message.extend_from_slice(&second);
    message.extend_from_slice(rest);
    let checksum = internet_checksum(&[&message]);
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
    message
}

fn datagram(src: Ipv4Addr, dst: Ipv4Addr, message: &[u8]) -> Option<Vec<u8>> {
    let mut datagram = Vec::with_capacity(Ipv4Header::MIN_LEN + message.len());
    let header = Ipv4Header::new(protocol::ICMP, src, dst);
    header.emit(message, &mut datagram).ok()?;
    Some(datagram)
}
