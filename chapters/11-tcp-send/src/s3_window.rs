//! Step 3: how much the peer has room for.

use tcp_open::{Segment, Seq, Vars};

/// What a segment says about our data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Nothing new: it acknowledges nothing, or only numbers that were acknowledged before. It may
    /// have changed the window.
    Nothing,
    /// It repeats the last acknowledgment, and has no other content: a later segment has arrived
    /// (RFC 5681, section 2).
    Duplicate,
    /// It acknowledges this many numbers for the first time.
    New(u32),
    /// It acknowledges unsent numbers. The owner answers with an ACK and drops the segment (RFC
    /// 9293, section 3.10.7.4).
    Beyond,
}

/// SND.UNA, SND.NXT and SND.WND (RFC 9293, section 3.3.1): which numbers are acknowledged, which
/// are sent, and which may be sent.
#[derive(Debug, Clone)]
pub struct SendWindow {
    // Yours to fill.
}

impl SendWindow {
    /// The state after the handshake: SND.UNA, SND.NXT and SND.WND are in `vars`, and SND.WL1 is
    /// RCV.NXT.
    pub fn new(vars: &Vars) -> SendWindow {
        todo!("11.3 SendWindow::new({vars:?}): the state after the handshake")
    }

    /// SND.UNA, the oldest number that is not acknowledged.
    pub fn una(&self) -> Seq {
        todo!("11.3 una(): SND.UNA")
    }

    /// SND.NXT, the next number to send.
    pub fn nxt(&self) -> Seq {
        todo!("11.3 nxt(): SND.NXT")
    }

    /// SND.WND: for how many bytes, counted from SND.UNA, the peer has room.
    pub fn wnd(&self) -> u32 {
        todo!("11.3 wnd(): SND.WND")
    }

    /// The largest value that SND.WND has had.
    pub fn widest(&self) -> u32 {
        todo!("11.3 widest(): the widest that SND.WND has been")
    }

    /// How many numbers are sent and not acknowledged.
    pub fn in_flight(&self) -> u32 {
        todo!("11.3 in_flight(): how many numbers from SND.UNA to SND.NXT")
    }

    /// How many numbers may be sent now. 0 if the peer has taken back room that is in use.
    pub fn usable(&self) -> u32 {
        todo!("11.3 usable(): what the window has room for behind SND.NXT")
    }

    /// This many numbers are sent: SND.NXT moves on.
    pub fn sent(&mut self, numbers: u32) {
        todo!("11.3 sent({numbers}): SND.NXT moves on")
    }

    /// Takes the acknowledgment and the window of a segment that is in the receive window (RFC 9293,
    /// section 3.10.7.4, "fifth, check the ACK field"). By SEG.ACK, the first that applies:
    ///
    /// 1. There is none: [`Heard::Nothing`], and nothing changes.
    /// 2. It is before SND.UNA: [`Heard::Nothing`], and nothing changes. The segment is old.
    /// 3. It is after SND.NXT: [`Heard::Beyond`], and nothing changes.
    /// 4. Otherwise SND.WND becomes the segment's window, and SND.WL1 becomes SEG.SEQ, whatever
    ///    else the segment carries. But if SEG.SEQ is before SND.WL1, the current window is from a
    ///    newer segment, and both stay. (The RFC also has SND.WL2, for two segments with the same
    ///    number. The older of them has the smaller SEG.ACK, and rule 2 has already ignored it.)
    ///
    ///    SND.UNA becomes SEG.ACK. If it moves, that is [`Heard::New`]. If not, it is
    ///    [`Heard::Duplicate`] if something is in flight, the segment carries no payload, SYN or
    ///    FIN, and its window equals SND.WND before this segment, whatever its SEG.SEQ. Anything
    ///    else is [`Heard::Nothing`].
    pub fn on_segment(&mut self, segment: &Segment) -> Heard {
        todo!("11.3 on_segment({segment:?}): check SEG.ACK, then take the window")
    }
}
