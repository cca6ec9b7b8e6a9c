//! Step 6: the end of a socket, and the end of a connection.

use std::net::{Ipv4Addr, SocketAddr};

use crate::{Errno, FourTuple, Holder, Proto, Socket, SocketId, SocketTable, State};

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
        let socket = self.held(s)?;
        let row = socket.row;
        let tcp = row.four_tuple().filter(|_| row.proto == Proto::Tcp);
        let mut out = Vec::new();
        match (row.state, tcp) {
            (State::Established, Some(t)) => {
                socket.row.state = State::FinWait2;
                socket.held_by = Holder::Kernel;
                return Ok(vec![Effect::Fin(t)]);
            }
            (State::CloseWait, Some(t)) => out.push(Effect::Fin(t)),
            _ => {}
        }
        self.remove(s);
        // Only a listener has these: they have nowhere to go now.
        let is_child = |socket: &Socket| socket.held_by == Holder::Listener(s);
        let children = self.sockets.iter().filter(|socket| is_child(socket));
        let in_queue = children.filter(|child| child.row.state != State::SynReceived);
        out.extend(
            in_queue
                .filter_map(|child| child.row.four_tuple())
                .map(Effect::Rst),
        );
        self.sockets.retain(|socket| !is_child(socket));
        Ok(out)
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
        self.on_ack(t);
        let socket = self.connection(t)?;
        socket.row.state = match socket.row.state {
            State::Established => State::CloseWait,
            State::FinWait2 => State::TimeWait,
            other => other,
        };
        Some(socket.row.id)
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
        let socket = self.connection(t)?;
        let id = socket.row.id;
        let state = socket.row.state;
        if state == State::SynReceived || socket.held_by == Holder::Kernel {
            self.remove(id);
            return Some(id);
        }
        let nothing = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let given = socket.bind.unwrap_or(nothing);
        if state == State::SynSent || given.port() == 0 {
            socket.row.local = given;
        }
        socket.row.state = State::Closed;
        socket.row.remote = None;
        Some(id)
    }
}
