//! Given: the part of a packet that a NAT reads.

use std::fmt;
use std::net::SocketAddrV4;

/// What a packet carries: one of the three things that this NAT translates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Proto {
    Udp,
    Tcp,
    /// ICMP's echo request or its reply. They have no ports. The identifier, a number of 16 bits
    /// that the reply repeats, tells one `ping` from another (RFC 792, page 14).
    Echo,
}

/// The TCP control bits that begin and end a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Control {
    pub syn: bool,
    pub ack: bool,
    pub fin: bool,
    pub rst: bool,
}

/// Who sends, and to whom.
///
/// In an echo request `src`'s port is the identifier and `dst`'s is 0. In the reply it is the other
/// way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    pub proto: Proto,
    pub src: SocketAddrV4,
    pub dst: SocketAddrV4,
    /// All false if it is not TCP.
    pub control: Control,
}

impl fmt::Display for Proto {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Proto::Udp => "UDP",
            Proto::Tcp => "TCP",
            Proto::Echo => "echo",
        })
    }
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let bits = [
            (self.syn, "SYN"),
            (self.fin, "FIN"),
            (self.rst, "RST"),
            (self.ack, "ACK"),
        ];
        let set = bits.iter().filter(|(is_set, _)| *is_set);
        let set: Vec<&str> = set.map(|(_, name)| *name).collect();
        f.write_str(&set.join(","))
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Flow {
            proto,
            src,
            dst,
            control,
        } = self;
        write!(f, "{proto} {src} → {dst}")?;
        if *control != Control::default() {
            write!(f, " {control}")?;
        }
        Ok(())
    }
}
