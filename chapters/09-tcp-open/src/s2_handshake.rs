//! Step 2: three segments.
//!
//! Three terms, which later steps use, too:
//!
//! - **Our SYN** has the sequence number ISS, and the configured window and MSS. In SYN-RECEIVED it is a SYN,ACK:
//!   it has the ACK number RCV.NXT as well.
//! - **Our ACK** has the sequence number SND.NXT, the ACK number RCV.NXT, the configured window, and no MSS.
//! - A segment is **in the window** if its sequence number is RCV.NXT or one of those that follow, RCV.WND in
//!   all. (Chapter 10 looks at its end, too.)

use std::time::Duration;

use crate::{Output, Segment, Tcb};

/// A smaller MSS of the peer counts as this. (It is Linux's `tcp_min_snd_mss`.)
pub const MIN_MSS: u16 = 48;

impl Tcb {
    /// The program opens the connection. In any other state than CLOSED that changes nothing.
    ///
    /// In CLOSED, RCV.WND becomes the configured window, and all other variables become as in a new `Tcb`: an older
    /// connection may have left something in them.
    ///
    /// Passively: then it is in LISTEN.
    ///
    /// Actively: then it is in SYN-SENT, and sends our SYN. ISS and SND.UNA are the configured ISN,
    /// and SND.NXT is one more, because the SYN uses a number. The timer ([`crate::tcb::Timer`])
    /// starts: our SYN was first sent `now`, and waits for `config.rto`.
    pub(crate) fn open(&mut self, now: Duration, active: bool) -> Output {
        todo!(
            "9.2 open({now:?}, active: {active}): LISTEN, or a SYN with {:?}; passive was {}",
            self.config,
            self.passive
        )
    }

    /// Takes the segment that the handshake waits for. `None` if it is another one, and then
    /// nothing has changed. A segment with RST is never the one.
    ///
    /// - LISTEN waits for a SYN without ACK. Then it is in SYN-RECEIVED, and sends our SYN. ISS,
    ///   SND.UNA, SND.NXT and the timer are set as in an active open.
    /// - SYN-SENT waits for SYN and ACK, with the ACK number SND.NXT. Then it is ESTABLISHED, and
    ///   sends our ACK.
    /// - SYN-RECEIVED waits for an ACK without SYN, with the ACK number SND.NXT, in the window.
    ///   Then it is ESTABLISHED, and sends nothing.
    ///
    /// A SYN says where the peer's numbers begin: IRS is its sequence number, and RCV.NXT is one
    /// more, because the SYN uses a number. It also says the largest payload that the peer accepts:
    /// the MSS is 536 if the option is missing, and [`MIN_MSS`] if it says less. In a segment
    /// without SYN the option does not count (RFC 9293, section 3.2). Each of these segments says
    /// the peer's window: SND.WND.
    ///
    /// In ESTABLISHED, SND.UNA is the ACK number, there is no timer, and the machine tells the program
    /// `Notice::Established`.
    ///
    /// Chapters 10 and 12 handle data or a FIN in these segments. Here they change nothing: their
    /// sender sends them again. PSH changes nothing either.
    pub(crate) fn expected(&mut self, now: Duration, segment: &Segment) -> Option<Output> {
        todo!(
            "9.2 expected({now:?}, {segment:?}) in {}: does the handshake wait for this segment?",
            self.state
        )
    }
}
