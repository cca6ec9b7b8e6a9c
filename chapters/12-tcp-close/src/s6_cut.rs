//! Step 6: the end at once.

use std::time::Duration;

use crate::Connection;

impl Connection {
    /// The program neither writes nor reads any more.
    ///
    /// - If there is something that it could still have read ([`Connection::readable`]), that is lost, and the peer has to know:
    ///   [`Connection::abort`] (RFC 9293, section 3.6.1, SHLD-3).
    /// - Else it is [`Connection::shutdown`], and the connection is an orphan from now on: data that comes to it ends it (RFC
    ///   1122, section 4.2.2.13; the frame looks for it), and in FIN-WAIT-2 it waits for the peer's FIN for `config.linger` at
    ///   most. If it is there already, it `lingers` from `now` on, after a second close, too.
    ///
    /// It is an orphan in whatever state it is: in SYN-RECEIVED, too, where it only `closes_early`.
    pub fn close(&mut self, now: Duration) {
        todo!(
            "12.6 close({now:?}) in {}: has everything been read?",
            self.state
        )
    }

    /// The program wants no more of it, at once (RFC 9293, section 3.10.5).
    ///
    /// - In CLOSED it ends ([`Connection::ends`]), without a notice: what was not read is forgotten.
    /// - Before ESTABLISHED, the opening machine gets [`tcp_open::Event::Abort`].
    /// - In ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2 and CLOSE-WAIT the peer is told: with a RST that has the number SND.NXT, no ACK and
    ///   window 0. Then it ends in the same way.
    /// - In CLOSING, LAST-ACK and TIME-WAIT it ends, and the peer is not told: it knows already.
    pub fn abort(&mut self, now: Duration) {
        todo!(
            "12.6 abort({now:?}) in {}: does the peer have to know?",
            self.state
        )
    }

    /// The peer has reset the connection (RFC 9293, section 3.10.7.4).
    ///
    /// - In CLOSING and LAST-ACK both sides have closed, and all that the peer had to say has come. It is CLOSED, and the streams stay
    ///   ([`Connection::waits_no_longer`]): the program can still read, and is not told.
    /// - Else it ends ([`Connection::ends`]), and the program is told [`tcp_open::Notice::Reset`].
    pub(crate) fn is_reset(&mut self) {
        todo!("12.6 is_reset() in {}: is anything lost?", self.state)
    }
}
