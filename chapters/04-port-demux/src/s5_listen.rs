//! Step 5: a listener, a queue, and children.

use crate::{Errno, FourTuple, SocketId, SocketTable};

/// The result of a SYN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SynOutcome {
    /// It is answered with SYN and ACK, on behalf of this child.
    SynAck(SocketId),
    /// No answer. The client will send it again.
    Dropped,
    /// These four numbers already belong to this socket, so the sender gets an ACK with the
    /// connection's current numbers (RFC 9293, section 3.10.7.4).
    ChallengeAck(SocketId),
    /// No socket listens.
    Rst,
}

/// The result of an ACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckOutcome {
    /// It ends the handshake: this child is open and waits for `accept`.
    Established(SocketId),
    /// It would have ended the handshake, but the queue is full by now. The child stays half open.
    Dropped,
    /// A segment of a connection whose handshake is over: for this socket.
    Delivered(SocketId),
    /// There is no such connection, or it has not got that far.
    Rst,
}

impl SocketTable {
    /// Makes a TCP socket a listener that lets `backlog` plus one connections wait for
    /// [`SocketTable::accept`]. On a listener it sets a new backlog.
    ///
    /// A socket without a port gets one by [`SocketTable::free_port`] and keeps its address: mostly
    /// the unspecified one; another one if `bind` named it with port 0 and a refused `connect` gave
    /// the port back (step 6). A socket that has a port must be allowed to keep it as a listener:
    /// the check of `bind` is made again.
    ///
    /// # Errors
    ///
    /// - [`Errno::BadSocket`]: the program has no such socket.
    /// - [`Errno::NotSupported`]: it is a UDP socket.
    /// - [`Errno::Invalid`]: neither CLOSED nor listening.
    /// - [`Errno::AddrInUse`]: [`SocketTable::may_bind`] or [`SocketTable::free_port`] says so.
    pub fn listen(&mut self, s: SocketId, backlog: usize) -> Result<(), Errno> {
        todo!(
            "4.5 listen({s}, {backlog}): find out whether it may, then write its address, LISTEN and the backlog"
        )
    }

    /// A SYN arrives. `t` holds its numbers as this machine sees them: `local` is where it was
    /// sent to.
    ///
    /// - A listener whose queue holds more than `backlog` connections: the SYN is dropped, as Linux
    ///   does (`tcp_abort_on_overflow` = 0).
    /// - Any other listener: a child is made, in SYN-RECEIVED, with these four numbers and the
    ///   listener's options. Its `bind` is the listener's with port 0. The listener itself does not
    ///   change.
    /// - A connection in SYN-RECEIVED: the SYN comes a second time, the answer was lost. The same
    ///   child answers again.
    /// - A connection in TIME-WAIT makes room if there is a listener for this SYN: its row is removed,
    ///   and the listener gets the SYN. The row is removed also when the listener drops the SYN because
    ///   its queue is full. (RFC 9293, section 3.10.7.4; the sequence numbers that matter here belong to
    ///   chapter 12.) Without a listener: a challenge.
    /// - Any other connection, SYN-SENT too: a challenge. Left out: two ends that call each other
    ///   at the same time (simultaneous open, chapter 09).
    pub fn on_syn(&mut self, t: FourTuple) -> SynOutcome {
        todo!(
            "4.5 on_syn({t}): look up who gets it; a listener with room in its queue makes a child in SYN-RECEIVED"
        )
    }

    /// The answer to one of our own SYNs arrives. The socket that sent the SYN is ESTABLISHED now
    /// and is returned. `None`: no socket has sent such a SYN, and the sender gets RST.
    pub fn on_syn_ack(&mut self, t: FourTuple) -> Option<SocketId> {
        todo!(
            "4.5 on_syn_ack({t}): the socket in SYN-SENT with these four numbers becomes ESTABLISHED"
        )
    }

    /// An ACK arrives, without SYN, FIN or RST.
    ///
    /// - A child in SYN-RECEIVED: this ends its handshake. It is ESTABLISHED and goes to the end of
    ///   the queue of the listener that made it, even if another socket listens there by now. If
    ///   that queue holds more than `backlog` connections, the ACK is dropped and nothing changes.
    /// - A socket in SYN-SENT: it waits for a SYN, and an ACK without SYN belongs to an older
    ///   connection. RST, and nothing changes (RFC 9293, section 3.10.7.3; with the right number it
    ///   would be dropped, chapter 09).
    /// - Any other connection, TIME-WAIT too: delivered.
    pub fn on_ack(&mut self, t: FourTuple) -> AckOutcome {
        todo!(
            "4.5 on_ack({t}): a child in SYN-RECEIVED becomes ESTABLISHED and joins its listener's queue, if there is room"
        )
    }

    /// Takes the connection that has waited longest at a listener. From now on the program holds
    /// its socket.
    ///
    /// # Errors
    ///
    /// - [`Errno::BadSocket`]: the program has no such socket.
    /// - [`Errno::NotSupported`]: it is a UDP socket.
    /// - [`Errno::Invalid`]: it does not listen.
    /// - [`Errno::WouldBlock`]: no connection waits.
    pub fn accept(&mut self, listener: SocketId) -> Result<(SocketId, FourTuple), Errno> {
        todo!("4.5 accept({listener}): take the first of the queue and give it to the program")
    }
}
