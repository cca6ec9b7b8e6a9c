//! Step 6: the end at once.

use std::time::Duration;

use crate::Connection;

impl Connection {
    /// The program neither writes nor reads any more.
    ///
    /// - If unread data has come ([`Connection::readable`]), it is lost, and the peer must know:
    ///   [`Connection::abort`] (RFC 9293, section 3.6.1, SHLD-3).
    /// - Otherwise it is [`Connection::shutdown`], and the connection is an orphan from now on:
    ///   incoming data ends it (RFC 1122, section 4.2.2.13; the frame checks this), and in
    ///   FIN-WAIT-2 it waits for the peer's FIN for at most `config.linger`. If it is already in
    ///   FIN-WAIT-2, it `lingers` from `now` on, even after a second close.
    ///
    /// It is an orphan in every state: even in SYN-RECEIVED, where it only `closes_early`.
    pub fn close(&mut self, now: Duration) {
        todo!(
            "12.6 close({now:?}) in {}: has everything been read?",
            self.state
        )
    }

    /// The program ends the connection at once (RFC 9293, section 3.10.5).
    ///
    /// - In CLOSED it ends ([`Connection::ends`]), without a notice: unread data is forgotten.
    /// - Before ESTABLISHED, the opening machine gets [`tcp_open::Event::Abort`].
    /// - In ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2 and CLOSE-WAIT the peer gets a RST with the number
    ///   SND.NXT, no ACK and window 0. Then it ends in the same way.
    /// - In CLOSING, LAST-ACK and TIME-WAIT it ends, and the peer gets no RST: it already knows.
    pub fn abort(&mut self, now: Duration) {
        todo!(
            "12.6 abort({now:?}) in {}: must the peer be told?",
            self.state
        )
    }

    /// The peer has reset the connection (RFC 9293, section 3.10.7.4).
    ///
    /// - In CLOSING and LAST-ACK both sides have closed, and all of the peer's data has come. It is
    ///   CLOSED, and the streams stay ([`Connection::waits_no_longer`]): the program can still
    ///   read, and is not told.
    /// - Otherwise it ends ([`Connection::ends`]), and the program gets [`tcp_open::Notice::Reset`].
    pub(crate) fn is_reset(&mut self) {
        todo!("12.6 is_reset() in {}: is anything lost?", self.state)
    }
}
