//! Step 6: the end of a socket, and the end of a connection.

use crate::{Errno, FourTuple, SocketId, SocketTable};

/// A segment that goes out because a program closed a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// "I have nothing more to say."
    Fin(FourTuple),
    /// "There is no such connection."
    Rst(FourTuple),
}

impl SocketTable {
    /// The program gives up its socket, and `s` is invalid from now on. Returns what goes out, in
    /// any order.
    ///
    /// - ESTABLISHED: a FIN. The row stays, in FIN-WAIT-2, until the other end's FIN
    ///   ([`SocketTable::on_fin`]). FIN-WAIT-1 is left out: it lasts until the FIN is acknowledged
    ///   (chapter 12).
    /// - CLOSE-WAIT: a FIN, the second one. The row is gone. (LAST-ACK is left out, too.)
    /// - A listener: the row is gone, and so are all its children that were not accepted. Those
    ///   that were in the queue get an RST each; those in SYN-RECEIVED go silently, and so do those
    ///   that were reset themselves. Children that were accepted are not touched.
    /// - Anything else, even a UDP socket with a peer: the row is gone, nothing goes out.
    ///
    /// # Errors
    ///
    /// [`Errno::BadSocket`]: the program has no such socket.
    pub fn close(&mut self, s: SocketId) -> Result<Vec<Effect>, Errno> {
        todo!("4.6 close({s}): the state decides what goes out, and whether the row stays")
    }

    /// A FIN arrives: the other end sends nothing more. Returns the connection's socket, `None` if
    /// there is none.
    ///
    /// A FIN carries an ACK, which comes first: it can be the one that opens a child in
    /// SYN-RECEIVED ([`SocketTable::on_ack`]).
    ///
    /// ESTABLISHED becomes CLOSE-WAIT: now it is this end's turn to close. FIN-WAIT-2 becomes
    /// TIME-WAIT: both ends have closed, and this one was first. In other states nothing changes:
    /// it is a repeated FIN, or it came too early.
    pub fn on_fin(&mut self, t: FourTuple) -> Option<SocketId> {
        todo!("4.6 on_fin({t}): ESTABLISHED becomes CLOSE-WAIT, FIN-WAIT-2 becomes TIME-WAIT")
    }

    /// An RST arrives: the connection does not exist (any more). Returns its socket.
    ///
    /// A child in SYN-RECEIVED is gone, and so is a socket that was closed before. A socket that a
    /// program or a queue holds is CLOSED and has no peer. Its local end:
    ///
    /// - In SYN-SENT `connect` was refused and may be tried again. So the socket has again the
    ///   argument of `bind`: an address and a port; or an address and port 0; or `0.0.0.0:0`, if
    ///   there was no `bind`.
    /// - In any other state it keeps its local end if its own `bind` named the port. Otherwise the
    ///   port is lost, and it has the argument of `bind`, as above. A child never named one.
    ///
    /// Left out: Linux lets a socket that was open once neither `connect` nor `listen` again.
    pub fn on_rst(&mut self, t: FourTuple) -> Option<SocketId> {
        todo!(
            "4.6 on_rst({t}): the connection is gone; what remains of the socket depends on its state and its bind"
        )
    }
}
