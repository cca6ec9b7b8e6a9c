//! Given: what a segment is, and what a connection keeps. You have nothing to write here.

use std::fmt;
use std::ops::{Add, Sub};

/// A number of TCP's sequence space. After 4294967295 comes 0 again, so `<` would mean nothing: there is no
/// `Ord`, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Seq(pub u32);

/// A segment as TCP thinks of it. A connection is one pair of sockets, so the segment has no ports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Segment {
    /// The number of its first byte, or of its SYN.
    pub seq: Seq,
    /// The next number that its sender expects. `None`: the ACK bit is clear.
    pub ack: Option<Seq>,
    pub syn: bool,
    pub fin: bool,
    pub rst: bool,
    pub psh: bool,
    /// How many bytes its sender has room for.
    pub window: u16,
    /// The MSS option: the largest segment that its sender wants to receive.
    pub mss: Option<u16>,
    pub payload: Vec<u8>,
}

impl Segment {
    /// How many numbers it uses (SEG.LEN): one for each byte, one for a SYN, and one for a FIN.
    #[allow(clippy::len_without_is_empty)] // a length of the RFC's, not of a collection
    pub fn len(&self) -> u32 {
        self.payload.len() as u32 + u32::from(self.syn) + u32::from(self.fin)
    }

    /// Whether an honest TCP ever sends these flags: SYN; SYN and ACK; RST; RST and ACK; ACK; ACK and FIN.
    /// (Chapter 06 has this table, too.)
    pub fn makes_sense(&self) -> bool {
        match (self.syn, self.fin, self.rst) {
            (true, false, false) | (false, false, true) => true,
            (false, _, false) => self.ack.is_some(),
            _ => false,
        }
    }
}

/// The states of a connection (RFC 9293, section 3.3.2). This chapter reaches the first five;
/// chapter 12 reaches the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum State {
    #[default]
    Closed,
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

/// What a connection keeps about the numbers (RFC 9293, section 3.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vars {
    /// The number of our SYN.
    pub iss: Seq,
    /// The number of the peer's SYN.
    pub irs: Seq,
    /// SND.UNA: the oldest number of ours that is not acknowledged.
    pub snd_una: Seq,
    /// SND.NXT: the number of the next byte that we send.
    pub snd_nxt: Seq,
    /// SND.WND: how many bytes the peer has room for.
    pub snd_wnd: u32,
    /// RCV.NXT: the next number that we expect.
    pub rcv_nxt: Seq,
    /// RCV.WND: how many bytes we have room for.
    pub rcv_wnd: u32,
    /// The largest payload that the peer accepts: 536 unless it has said another one (RFC 9293,
    /// section 3.7.1).
    pub mss: u16,
}

impl Default for Vars {
    fn default() -> Vars {
        Vars {
            iss: Seq(0),
            irs: Seq(0),
            snd_una: Seq(0),
            snd_nxt: Seq(0),
            snd_wnd: 0,
            rcv_nxt: Seq(0),
            rcv_wnd: 0,
            mss: 536,
        }
    }
}

/// The number `n` places further on.
impl Add<u32> for Seq {
    type Output = Seq;

    fn add(self, n: u32) -> Seq {
        Seq(self.0.wrapping_add(n))
    }
}

/// How many places it is from `other` on to this number.
impl Sub for Seq {
    type Output = u32;

    fn sub(self, other: Seq) -> u32 {
        self.0.wrapping_sub(other.0)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name that the RFC has for it.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::Closed => "CLOSED",
            State::Listen => "LISTEN",
            State::SynSent => "SYN-SENT",
            State::SynReceived => "SYN-RECEIVED",
            State::Established => "ESTABLISHED",
            State::FinWait1 => "FIN-WAIT-1",
            State::FinWait2 => "FIN-WAIT-2",
            State::CloseWait => "CLOSE-WAIT",
            State::Closing => "CLOSING",
            State::LastAck => "LAST-ACK",
            State::TimeWait => "TIME-WAIT",
        })
    }
}
