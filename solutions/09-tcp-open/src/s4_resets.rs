//! Step 4: resets.

use crate::{Notice, Output, Segment, Seq, State, Tcb};

/// A host's answer to a segment for which it has no connection (RFC 9293, section 3.10.7.1): a RST
/// that its sender believes. `None` for a RST, which gets no answer.
///
/// - If the segment has an ACK, the RST has its ACK number as sequence number, and no ACK.
/// - If not, the RST has sequence number 0, and acknowledges all that the segment used: its ACK number is SEG.SEQ
///   + SEG.LEN.
///
/// A RST has window 0, no option and no data.
pub fn answer_in_closed(segment: &Segment) -> Option<Segment> {
    if segment.rst {
        return None;
    }
    Some(match segment.ack {
        Some(ack) => reset(ack),
        None => Segment {
            ack: Some(segment.seq + segment.len()),
            ..reset(Seq(0))
        },
    })
}

fn reset(seq: Seq) -> Segment {
    Segment {
        seq,
        rst: true,
        ..Segment::default()
    }
}

impl Tcb {
    /// Takes a segment that resets, or that must be reset; `None` if it is another one, and then nothing has
    /// changed.
    ///
    /// A segment with RST never gets a RST. In each state:
    ///
    /// - LISTEN: it is ignored.
    /// - SYN-SENT: if it has an ACK with the number SND.NXT, the connection ends for
    ///   `Notice::Refused`. Otherwise it is ignored: its sender has not seen our SYN.
    /// - SYN-RECEIVED and ESTABLISHED: if its sequence number is RCV.NXT, the connection ends for
    ///   `Notice::Refused` in SYN-RECEIVED, for `Notice::Reset` in ESTABLISHED. If it is another
    ///   number in the window, our ACK is sent, the challenge: a real peer answers with a RST that
    ///   has the right number. Outside the window it is ignored. In both cases nothing changes. Its
    ///   ACK is ignored. (RFC 9293, section 3.10.7.4; RFC 5961, section 3.)
    ///
    /// A RST may have data, which explains it. The data changes nothing (RFC 9293, section 3.5.3).
    ///
    /// These segments without RST are answered with a RST. Its sequence number is their ACK number,
    /// and it has no ACK. Nothing else changes:
    ///
    /// - LISTEN: any segment with an ACK.
    /// - SYN-SENT: a segment with an ACK whose number is not SND.NXT. It belongs to an older connection.
    /// - SYN-RECEIVED: a segment in the window that has no SYN, and has an ACK whose number is not SND.NXT.
    pub(crate) fn resets(&mut self, segment: &Segment) -> Option<Output> {
        let acks_our_syn = segment.ack == Some(self.vars.snd_nxt);
        if segment.rst {
            return Some(match self.state {
                State::SynSent if acks_our_syn => self.fail(Notice::Refused),
                State::SynReceived | State::Established => self.reset_synchronized(segment),
                _ => Output::default(),
            });
        }
        let is_stray = match self.state {
            State::Listen => true,
            State::SynSent => !acks_our_syn,
            State::SynReceived => !segment.syn && self.in_window(segment) && !acks_our_syn,
            _ => false,
        };
        let ack = segment.ack.filter(|_| is_stray)?;
        Some(Output {
            segments: vec![reset(ack)],
            ..Output::default()
        })
    }

    fn reset_synchronized(&mut self, segment: &Segment) -> Output {
        if segment.seq == self.vars.rcv_nxt {
            return self.fail(match self.state {
                State::Established => Notice::Reset,
                _ => Notice::Refused,
            });
        }
        let challenge = self.in_window(segment).then(|| self.ack());
        Output {
            segments: challenge.into_iter().collect(),
            ..Output::default()
        }
    }

    /// The program ends the connection at once (RFC 9293, section 3.10.5). The connection is
    /// CLOSED, and has no timer. In SYN-RECEIVED and ESTABLISHED the peer gets a RST, whose
    /// sequence number is SND.NXT, and which has no ACK. The program gets no notice: it knows.
    pub(crate) fn abort(&mut self) -> Output {
        let is_known = matches!(self.state, State::SynReceived | State::Established);
        self.state = State::Closed;
        self.timer = None;
        Output {
            segments: is_known
                .then(|| reset(self.vars.snd_nxt))
                .into_iter()
                .collect(),
            ..Output::default()
        }
    }
}
