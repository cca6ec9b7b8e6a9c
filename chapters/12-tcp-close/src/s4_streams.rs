//! Step 4: both directions of a connection.

use std::time::Duration;

use tcp_open::Segment;

use crate::Connection;

impl Connection {
    /// The segment that came at `now` has made the connection ESTABLISHED. Both streams begin: a [`tcp_send::Sender`] and a
    /// [`tcp_receive::Receiver`], with the variables of the opening machine and the configuration.
    ///
    /// - The receiver's MSS is the one in our SYN: `config.open.mss`.
    /// - The sender's first round trip is the time from `asked` to `now`; there is none if `asked`
    ///   is `None`.
    /// - The segment can also have data or a FIN. Then the receiver gets it, without its SYN, if it
    ///   has one, and with the number of its first byte.
    /// - If the program has already closed (`closes_early`), [`Connection::shutdown`] is called now.
    pub(crate) fn begins(&mut self, now: Duration, segment: &Segment) {
        todo!(
            "12.4 begins({now:?}, {segment:?}), asked at {:?}, closes early: {}, room for {}: a Sender, a Receiver, and the segment's data and FIN",
            self.asked,
            self.closes_early,
            self.config.receive
        )
    }

    /// The connection takes a segment: the sender first, then the receiver. But if the sender says
    /// that it acknowledges unsent numbers, the receiver does not get it, and it is answered
    /// ([`Connection::answers`]).
    pub(crate) fn takes(&mut self, now: Duration, segment: &Segment) {
        todo!("12.4 takes({now:?}, {segment:?}): the sender first")
    }

    /// A segment that does not count is answered, if
    /// [`Challenges::answers`](crate::Challenges::answers) says so: with an ACK that has the number
    /// SND.NXT, no data, and the receiver's stamp. It goes to `out`. If it is not answered, do not
    /// call the receiver's stamp: the receiver would believe that an owed ACK has left.
    pub(crate) fn answers(&mut self, now: Duration, segment: &Segment) {
        todo!(
            "12.4 answers({now:?}, {segment:?}): one ACK, if {:?} allows it",
            self.challenges
        )
    }

    /// Puts into `out` the segments that the streams send at `now`: all segments of the sender,
    /// stamped by the receiver; then, if the receiver still needs it now, an ACK like that of
    /// [`Connection::answers`].
    pub(crate) fn sends(&mut self, now: Duration) {
        todo!("12.4 sends({now:?}): the sender's segments, then the receiver's ACK")
    }

    /// The program sends: returns how many bytes were taken, as many as the sender has room for. 0
    /// unless the state is ESTABLISHED or CLOSE-WAIT.
    pub fn send(&mut self, data: &[u8]) -> usize {
        todo!(
            "12.4 send({} bytes) in {}: may it still send?",
            data.len(),
            self.state
        )
    }

    /// The program reads: returns at most `max` bytes that have come, in any state. No bytes if
    /// there are none; [`Connection::is_over`] says whether more can come.
    pub fn recv(&mut self, max: usize) -> Vec<u8> {
        todo!("12.4 recv({max}): from the receiver")
    }
}
