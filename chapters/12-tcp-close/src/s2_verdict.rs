//! Step 2: which segments count.

use std::time::Duration;

use tcp_open::{Segment, Seq};

/// The numbers by which a connection judges a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    pub rcv_nxt: Seq,
    pub rcv_wnd: u32,
    pub snd_una: Seq,
    /// The widest window that the peer has ever had (MAX.SND.WND).
    pub widest: u32,
}

/// The decision about a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its acknowledgment, its data and its FIN count.
    Take,
    /// It resets the connection.
    Reset,
    /// It does not count, and is answered with an ACK. The ACK helps an honest sender; a stranger
    /// who guesses numbers does not see it.
    Ack,
    /// It does not count.
    Ignore,
}

/// Judges a segment in a state from ESTABLISHED on, except TIME-WAIT (RFC 9293, section 3.10.7.4;
/// RFC 5961). The first of these that applies:
///
/// 1. Its flags make no sense ([`Segment::makes_sense`]): it is ignored.
/// 2. It has RST. If its number is exactly RCV.NXT, it resets. If it is another one in the window,
///    it is answered with an ACK: a real peer repeats its reset with the right number (RFC 5961,
///    section 3). Otherwise it is ignored. Nothing else in a RST counts, neither its ACK number nor
///    its payload.
/// 3. It has SYN: it is answered with an ACK, wherever its number is (RFC 5961, section 4).
/// 4. It is not acceptable ([`tcp_receive::acceptable`]): it is answered with an ACK.
/// 5. Its ACK number comes before SND.UNA, by more than `widest`: it is answered with an ACK (RFC
///    5961, section 5). A stranger who guesses a number in the window must then guess this one as
///    well. This rule holds with and without payload.
/// 6. Otherwise it is taken, however far ahead its ACK number is. (One after SND.NXT is chapter
///    11's `Heard::Beyond`.)
pub fn judge(view: &View, segment: &Segment) -> Verdict {
    todo!("12.2 judge({view:?}, {segment:?}): RST, SYN, then the number, then the ACK")
}

/// How often a segment without payload is answered, if it only asks for an ACK: once in [`Challenges::SPAN`].
///
/// Two ends whose numbers do not fit would answer each other's ACKs for ever. And a stranger could
/// make us send as many ACKs as he sends segments (RFC 5961, section 7). A segment with payload is
/// always answered. This cannot go on for ever: our ACK has no payload, and is never answered with
/// payload.
#[derive(Debug, Default)]
pub struct Challenges {
    // Your fields.
}

impl Challenges {
    pub const SPAN: Duration = Duration::from_millis(500);

    /// None has been sent.
    pub fn new() -> Challenges {
        todo!("12.2 Challenges::new(): none has been sent")
    }

    /// Whether this segment, whose verdict is [`Verdict::Ack`], is answered at `now`. It is
    /// answered if it has payload, or if the last answer to a segment without payload was
    /// [`Challenges::SPAN`] ago or longer, or if there was none.
    pub fn answers(&mut self, now: Duration, segment: &Segment) -> bool {
        todo!("12.2 answers({now:?}, {segment:?}): how long ago was the last one?")
    }
}
