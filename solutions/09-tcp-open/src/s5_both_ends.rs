//! Step 5: both open, or one has forgotten.

use crate::{Notice, Output, Segment, State, Tcb, seq_lt};

impl Tcb {
    /// Takes any segment that the earlier steps did not take. The first of these that applies:
    ///
    /// - SYN-SENT, a SYN without ACK: the peer opens, too (RFC 9293, figure 7). Then it is in
    ///   SYN-RECEIVED, and sends our SYN. The peer's SYN sets the same variables as in step 2. The
    ///   timer goes on as it was.
    /// - SYN-RECEIVED, SYN and ACK with the sequence number IRS and the ACK number SND.NXT: the
    ///   peer has done the same. Then it is ESTABLISHED, as in step 2, and sends nothing. The
    ///   peer's first SYN has already given its other values, such as the MSS; only the window
    ///   counts.
    /// - SYN-RECEIVED, a SYN in the window, if it was opened passively: it goes back to LISTEN, as after a RST
    ///   (RFC 9293, section 3.10.7.4). This SYN opens nothing, and gets no answer: its sender sends
    ///   it again.
    /// - SYN-RECEIVED and ESTABLISHED, any other SYN, or a sequence number outside the window, or (in
    ///   ESTABLISHED) an ACK number that comes after SND.NXT: our ACK is sent. It shows a peer that
    ///   has forgotten the connection that we still have it, and the peer answers with a RST (RFC
    ///   9293, section 3.5.1; RFC 5961, section 4).
    ///
    /// Everything else is ignored: no variable moves, and the timer goes on as it was. Data and a
    /// FIN are ignored, as in step 2.
    pub(crate) fn otherwise(&mut self, segment: &Segment) -> Output {
        let vars = self.vars;
        let acks_our_syn = segment.ack == Some(vars.snd_nxt);
        let mut output = Output::default();
        match self.state {
            State::SynSent if segment.syn => {
                self.learn(segment);
                self.state = State::SynReceived;
                output.segments.push(self.syn());
            }
            State::SynReceived if segment.syn && segment.seq == vars.irs && acks_our_syn => {
                return self.establish(segment);
            }
            State::SynReceived if segment.syn && self.passive && self.in_window(segment) => {
                return self.fail(Notice::Reset);
            }
            State::SynReceived | State::Established => {
                let is_unsent = segment.ack.is_some_and(|ack| seq_lt(vars.snd_nxt, ack));
                if segment.syn || !self.in_window(segment) || is_unsent {
                    output.segments.push(self.ack());
                }
            }
            _ => {}
        }
        output
    }
}
