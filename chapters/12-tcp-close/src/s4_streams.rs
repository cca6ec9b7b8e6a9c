//! Step 4: both directions of a connection.

use std::time::Duration;

use tcp_open::Segment;

use crate::Connection;

impl Connection {
    /// The segment that came at `now` has made the connection ESTABLISHED. Both streams begin: a [`tcp_send::Sender`] and a
    /// [`tcp_receive::Receiver`], with the variables of the opening machine and the configuration.
    ///
    /// - For the receiver, a segment is as long as our SYN has announced: `config.open.mss`.
    /// - The first round trip that the sender knows is the time from `asked` to `now`; none if `asked` is `None`.
    /// - The segment can have data or a FIN, too. Then the receiver gets it: without its SYN, if it has one, and with the
    ///   number of its first byte.
    /// - If the program has closed already (`closes_early`), [`Connection::shutdown`] is called now.
    pub(crate) fn begins(&mut self, now: Duration, segment: &Segment) {
        todo!(
            "12.4 begins({now:?}, {segment:?}), asked at {:?}, closes early: {}, room for {}: a Sender, a Receiver, and what the segment brings",
            self.asked,
            self.closes_early,
            self.config.receive
        )
    }

    /// The connection takes a segment: the sender first, then the receiver. But if the sender says that it acknowledges what
    /// was never sent, the receiver does not get it, and it is answered ([`Connection::answers`]).
    pub(crate) fn takes(&mut self, now: Duration, segment: &Segment) {
        todo!("12.4 takes({now:?}, {segment:?}): the sender first")
    }

    /// A segment that does not count is answered, if [`Challenges::answers`](crate::Challenges::answers) says so: with an ACK that has the
    /// number SND.NXT, no data, and what the receiver stamps into it. It goes to `out`. If it is not answered, the receiver
    /// stamps nothing: it would take an ACK that is still owed for one that has left.
    pub(crate) fn answers(&mut self, now: Duration, segment: &Segment) {
        todo!(
            "12.4 answers({now:?}, {segment:?}): one ACK, if {:?} allows it",
            self.challenges
        )
    }

    /// Puts into `out` what the streams send at `now`: all that the sender has, stamped by the receiver; then, if the receiver
    /// still wants it now, an ACK like that of [`Connection::answers`].
    pub(crate) fn sends(&mut self, now: Duration) {
        todo!("12.4 sends({now:?}): what the sender has, then what the receiver wants")
    }

    /// The program sends: gives how many bytes have been taken, as many as the sender has room for. None unless the state is
    /// ESTABLISHED or CLOSE-WAIT.
    pub fn send(&mut self, data: &[u8]) -> usize {
        todo!(
            "12.4 send({} bytes) in {}: may it still send?",
            data.len(),
            self.state
        )
    }

    /// The program reads: gives at most `max` bytes that have come, in whatever state. None if there are none;
    /// [`Connection::is_over`] says whether any will come.
    pub fn recv(&mut self, max: usize) -> Vec<u8> {
        todo!("12.4 recv({max}): from the receiver")
    }
}
