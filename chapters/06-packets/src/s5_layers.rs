//! Step 5: headers inside headers.

use crate::{Flow, Ipv4Header, Mac, PacketError, TcpHeader, UdpHeader};

/// The header of an Ethernet frame (RFC 894). The card handles the four bytes of CRC behind a
/// frame: software never sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EthernetHeader {
    pub dst: Mac,
    pub src: Mac,
    /// What the frame carries: see [`crate::ethertype`].
    pub ethertype: u16,
}

impl EthernetHeader {
    /// The length of the header.
    pub const LEN: usize = 14;

    /// Reads a frame: gives its header and everything behind it.
    ///
    /// # Errors
    ///
    /// `Reason::Truncated` of `Layer::Ethernet`: fewer than 14 bytes.
    pub fn parse(b: &[u8]) -> Result<(EthernetHeader, &[u8]), PacketError> {
        todo!(
            "6.5 EthernetHeader::parse({} bytes): six bytes of destination, six of source, two of type",
            b.len()
        )
    }

    /// Appends the header and the payload to `out`. A short frame is not padded: the card does that.
    pub fn emit(&self, payload: &[u8], out: &mut Vec<u8>) {
        todo!(
            "6.5 {self:?}.emit({} bytes, {out:02x?}): the header, then the payload",
            payload.len()
        )
    }
}

/// A frame, layer by layer. Its data is a piece of the frame itself, not a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'a> {
    pub ethernet: EthernetHeader,
    pub network: Network<'a>,
}

/// What a frame carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network<'a> {
    Ipv4(Datagram<'a>),
    /// Another protocol, such as ARP: everything behind the Ethernet header, padding included.
    Other(&'a [u8]),
}

/// An IPv4 datagram, layer by layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram<'a> {
    pub ip: Ipv4Header,
    pub transport: Transport<'a>,
}

/// What a datagram carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport<'a> {
    /// A segment and its data.
    Tcp(TcpHeader, &'a [u8]),
    /// A UDP datagram and its payload.
    Udp(UdpHeader, &'a [u8]),
    /// A piece of a datagram that was cut up, of any protocol. Only the first piece has the header
    /// of TCP or UDP, and the checksum covers all pieces together.
    Fragment(&'a [u8]),
    /// Another protocol, such as ICMP: the payload of IP.
    Other(&'a [u8]),
}

impl Datagram<'_> {
    /// Who sends to whom: the addresses of IP with the ports of TCP or UDP. `src` is the sender, in
    /// a reply, too. `None` where no ports are known: for a [`Transport::Fragment`] and a
    /// [`Transport::Other`]. Only `transport` decides this, whatever `ip` says. 0 is an ordinary
    /// port.
    pub fn flow(&self) -> Option<Flow> {
        todo!("6.5 flow() of {self:?}: addresses from IP, ports from TCP or UDP")
    }
}

/// Takes a frame apart, from the outside to the inside: Ethernet, IPv4, TCP or UDP, data.
///
/// Each layer tells what comes next: Ethernet by its type, IPv4 by its protocol. A payload other
/// than IPv4, and one of IPv4 other than TCP or UDP, is given as bytes.
///
/// # Errors
///
/// The error of the outermost broken layer's `parse`.
pub fn dissect(frame: &[u8]) -> Result<Frame<'_>, PacketError> {
    todo!(
        "6.5 dissect({} bytes): the Ethernet header, then dissect_ip if its type is IPv4",
        frame.len()
    )
}

/// Takes an IPv4 datagram apart, as [`dissect`] does with a frame.
///
/// A datagram with More Fragments set, or with a fragment offset other than 0, is a
/// [`Transport::Fragment`], however short it is: its bytes are not read.
///
/// The next layer gets only the payload of IP. Padding belongs to no layer, even if UDP's length is
/// so large that it would reach into the padding.
///
/// # Errors
///
/// The error of the outermost broken layer's `parse`.
pub fn dissect_ip(datagram: &[u8]) -> Result<Datagram<'_>, PacketError> {
    todo!(
        "6.5 dissect_ip({} bytes): the IPv4 header; a fragment is left whole; then TCP or UDP by the protocol",
        datagram.len()
    )
}

/// Puts a frame together, from the inside to the outside: each layer puts its header in front of what
/// the layer above hands down.
///
/// The layer inside decides the type and the protocol in front of it. So the type is `0800` in
/// front of IPv4, the protocol is 6 in front of TCP and 17 in front of UDP, whatever `ethertype`
/// and `proto` say. In front of other payloads they stay as they are. All other fields always stay
/// as they are, More Fragments and the fragment offset, too. A frame may have any length: no
/// cable's limit is checked.
///
/// If a [`Frame`] came from [`dissect`], `dissect` makes an equal one from the bytes that are
/// written here. The bytes may differ from the original: padding, for example, is not written. (A
/// frame whose fields contradict each other, such as a segment with a fragment offset, is read as
/// something else.)
///
/// # Errors
///
/// The error of `emit` for the innermost layer that cannot be written.
pub fn encapsulate(frame: &Frame) -> Result<Vec<u8>, PacketError> {
    todo!(
        "6.5 encapsulate({frame:?}): what is inside first, then the Ethernet header in front, with the type that fits"
    )
}

/// Puts an IPv4 datagram together, as [`encapsulate`] does with a frame.
///
/// # Errors
///
/// The error of `emit` for the innermost layer that cannot be written.
pub fn encapsulate_ip(datagram: &Datagram) -> Result<Vec<u8>, PacketError> {
    todo!(
        "6.5 encapsulate_ip({datagram:?}): the segment first, then the IPv4 header in front, with the protocol that fits"
    )
}
