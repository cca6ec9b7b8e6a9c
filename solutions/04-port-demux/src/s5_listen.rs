//! Step 5: a listener, a queue, and children.

use crate::{
    Errno, FourTuple, Hit, Holder, Proto, Row, Socket, SocketId, SocketTable, State, lookup,
};

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
        let Row {
            proto,
            state,
            mut local,
            ..
        } = self.held(s)?.row;
        if proto == Proto::Udp {
            return Err(Errno::NotSupported);
        }
        match state {
            State::Listen => {}
            State::Closed if local.port() == 0 => local = self.free_port(proto, local.ip())?,
            State::Closed => self.may_bind(s, local)?,
            _ => return Err(Errno::Invalid),
        }
        let socket = self.held(s)?;
        // Its port is one to listen at from now on, as if bind had chosen it.
        let unnamed = (local.ip(), 0).into();
        socket.bind.get_or_insert(unnamed);
        socket.row.local = local;
        socket.row.state = State::Listen;
        socket.backlog = backlog;
        Ok(())
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
        let listener = match self.lookup(Proto::Tcp, t.local, t.remote) {
            Hit::Exact(id) => match self.get(id).map(|socket| socket.row.state) {
                Some(State::SynReceived) => return SynOutcome::SynAck(id),
                Some(State::TimeWait) => {
                    let Some(listener) = self.listener_behind(id, t) else {
                        return SynOutcome::ChallengeAck(id);
                    };
                    self.remove(id);
                    listener
                }
                _ => return SynOutcome::ChallengeAck(id),
            },
            Hit::Bound(id) | Hit::Wildcard(id) => id,
            Hit::Nobody(_) => return SynOutcome::Rst,
        };
        let Some(parent) = self.get(listener) else {
            return SynOutcome::Rst;
        };
        if parent.is_full() {
            return SynOutcome::Dropped;
        }
        let row = Row {
            id: self.new_id(),
            proto: Proto::Tcp,
            state: State::SynReceived,
            local: t.local,
            remote: Some(t.remote),
        };
        // The listener named the port, the child did not: a reset takes it away (step 6).
        let bind = parent.bind.map(|given| (given.ip(), 0).into());
        let child = Socket::new(row, parent.reuse, bind, Holder::Listener(listener));
        SynOutcome::SynAck(self.add(child))
    }

    /// The listener that would get a SYN if the row `id` were not there.
    fn listener_behind(&self, id: SocketId, t: FourTuple) -> Option<SocketId> {
        let mut rows = self.rows();
        rows.retain(|row| row.id != id);
        match lookup(&rows, Proto::Tcp, t.local, t.remote) {
            Hit::Bound(listener) | Hit::Wildcard(listener) => Some(listener),
            Hit::Exact(_) | Hit::Nobody(_) => None,
        }
    }

    /// The answer to one of our own SYNs arrives. The socket that sent the SYN is ESTABLISHED now
    /// and is returned. `None`: no socket has sent such a SYN, and the sender gets RST.
    pub fn on_syn_ack(&mut self, t: FourTuple) -> Option<SocketId> {
        let socket = self.connection(t)?;
        if socket.row.state != State::SynSent {
            return None;
        }
        socket.row.state = State::Established;
        Some(socket.row.id)
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
        let Some(child) = self.connection(t) else {
            return AckOutcome::Rst;
        };
        let id = child.row.id;
        let listener = match (child.row.state, child.held_by) {
            (State::SynReceived, Holder::Listener(listener)) => listener,
            (State::SynSent, _) => return AckOutcome::Rst,
            _ => return AckOutcome::Delivered(id),
        };
        let Some(parent) = self.get_mut(listener) else {
            return AckOutcome::Rst;
        };
        if parent.is_full() {
            return AckOutcome::Dropped;
        }
        parent.queue.push_back((id, t));
        if let Some(child) = self.get_mut(id) {
            child.row.state = State::Established;
        }
        AckOutcome::Established(id)
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
        let socket = self.held(listener)?;
        if socket.row.proto == Proto::Udp {
            return Err(Errno::NotSupported);
        }
        if socket.row.state != State::Listen {
            return Err(Errno::Invalid);
        }
        let (id, t) = socket.queue.pop_front().ok_or(Errno::WouldBlock)?;
        if let Some(child) = self.get_mut(id) {
            child.held_by = Holder::Program;
        }
        Ok((id, t))
    }
}

impl Socket {
    /// Linux's test is "more than": a backlog of n lets n + 1 connections wait.
    fn is_full(&self) -> bool {
        self.queue.len() > self.backlog
    }
}
