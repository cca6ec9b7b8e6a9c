//! Step 6: the end of a socket, and the end of a connection.

use crate::{Errno, FourTuple, SocketId, SocketTable};

/// A segment that goes out because a program closed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// "I have nothing more to say."
    Fin(FourTuple),
    /// "There is no such connection."
    Rst(FourTuple),
}

impl SocketTable {
    /// The program gives up its socket, and `s` means nothing to it from now on. Tells what goes
    /// out, in any order.
    ///
    /// - ESTABLISHED: a FIN. The row stays, in FIN-WAIT-2, until the other end's FIN
    ///   ([`SocketTable::on_fin`]). FIN-WAIT-1 is left out: it lasts until the FIN is acknowledged
    ///   (chapter 12).
    /// - CLOSE-WAIT: a FIN, the second one. The row is gone. (LAST-ACK is left out likewise.)
    /// - A listener: the row is gone, and so are all its children that nobody has accepted. Those
    ///   that were in the queue get an RST each; those in SYN-RECEIVED go silently, and so do those
    ///   that were reset themselves. Children that were accepted are not touched.
    /// - Anything else, a UDP socket with a peer too: the row is gone, nothing goes out.
    ///
    /// # Errors
    ///
    /// [`Errno::BadSocket`]: the program has no such socket.
    pub fn close(&mut self, s: SocketId) -> Result<Vec<Effect>, Errno> {
        todo!("4.6 close({s}): what goes out, and what becomes of the row, depends on its state")
    }

    /// A FIN arrives: the other end has nothing more to say. Tells whose connection it was, `None`
    /// if there is none.
    ///
    /// A FIN carries an ACK, which is looked at first: it can be the one that opens a child in
    /// SYN-RECEIVED ([`SocketTable::on_ack`]).
    ///
    /// ESTABLISHED becomes CLOSE-WAIT: now it is this end's turn to close. FIN-WAIT-2 becomes
    /// TIME-WAIT: both ends have closed, and this one was first. In other states nothing changes: it
    /// is the same FIN once more, or it came too early.
    pub fn on_fin(&mut self, t: FourTuple) -> Option<SocketId> {
        todo!("4.6 on_fin({t}): ESTABLISHED becomes CLOSE-WAIT, FIN-WAIT-2 becomes TIME-WAIT")
    }

    /// An RST arrives: the connection does not exist (any more). Tells whose it was.
    ///
    /// A child in SYN-RECEIVED is gone, and so is a socket that was closed before. A socket that a
    /// program or a queue holds is CLOSED and has no peer. Its local end:
    ///
    /// - In SYN-SENT `connect` was refused and may be tried again. So the socket has again what
    ///   `bind` was given: an address and a port; or an address and port 0; or `0.0.0.0:0`, if there
    ///   was no `bind`.
    /// - In any other state it keeps its local end if its own `bind` named the port. Otherwise the
    ///   port is lost, and it has what `bind` was given, as above. A child never named one.
    ///
    /// Left out: Linux lets a socket that was open once neither `connect` nor `listen` again.
    pub fn on_rst(&mut self, t: FourTuple) -> Option<SocketId> {
        todo!(
            "4.6 on_rst({t}): the connection is gone; what remains of the socket depends on its state and its bind"
        )
    }
}
