//! Given: addresses, numbers and errors that the steps share. You have nothing to write here.

use std::error::Error;
use std::fmt;
use std::net::SocketAddrV4;

/// An Ethernet address. It names a network card among the neighbours on one cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Every card on the cable.
    pub const BROADCAST: Mac = Mac([0xff; 6]);
}

/// What an Ethernet frame carries, as its type field says (IEEE's list of Ethertypes).
pub mod ethertype {
    pub const IPV4: u16 = 0x0800;
    pub const ARP: u16 = 0x0806;
}

/// What an IPv4 datagram carries, as its protocol field says (IANA's list of protocol numbers).
pub mod protocol {
    pub const ICMP: u8 = 1;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
}

/// Who sends to whom: an IP address and a TCP or UDP port, for each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flow {
    pub src: SocketAddrV4,
    pub dst: SocketAddrV4,
}

impl Flow {
    /// The way back.
    pub fn reversed(self) -> Flow {
        Flow {
            src: self.dst,
            dst: self.src,
        }
    }
}

/// The layer whose header it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    Ethernet,
    Ipv4,
    Udp,
    Tcp,
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The bytes end before what the header promises.
    Truncated,
    /// The version is not 4.
    Version,
    /// The header says that it is shorter than its fixed part.
    HeaderLength,
    /// The length field says less than the header's own length.
    Length,
    /// The checksum does not fit the bytes.
    Checksum,
    /// A TCP option with an impossible length.
    Option,
    /// When writing: a value or a length does not fit into its field.
    TooBig,
}

/// Why bytes are not a packet, or why a packet cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PacketError {
    pub layer: Layer,
    pub reason: Reason,
}

/// The first header of each packet in a capture file. The numbers are LINKTYPE_ values (tcpdump.org).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// An Ethernet header.
    Ethernet = 1,
    /// An IP header: packets from a TUN device, or from a link without Ethernet.
    RawIp = 101,
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.src, self.dst)
    }
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer = match self.layer {
            Layer::Ethernet => "Ethernet",
            Layer::Ipv4 => "IPv4",
            Layer::Udp => "UDP",
            Layer::Tcp => "TCP",
        };
        let reason = match self.reason {
            Reason::Truncated => "the bytes end before what the header promises",
            Reason::Version => "the version is not 4",
            Reason::HeaderLength => "the header says that it is shorter than its fixed part",
            Reason::Length => "the length field says less than the header's own length",
            Reason::Checksum => "the checksum does not fit the bytes",
            Reason::Option => "an option with an impossible length",
            Reason::TooBig => "a value does not fit into its field",
        };
        write!(f, "{layer}: {reason}")
    }
}

impl Error for PacketError {}
