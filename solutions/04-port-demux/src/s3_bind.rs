//! Step 3: which socket may have an address.

use std::net::SocketAddr;

use crate::{Errno, SocketId, SocketTable, State};

impl SocketTable {
    /// Gives a socket its own address and port, and returns them.
    ///
    /// A port of 0 lets the system choose: that is [`SocketTable::free_port`], step 4. The
    /// program's own argument, even a port of 0, is kept in the socket's `bind`; the later steps
    /// need it. A call that fails changes nothing, here and in all the steps that follow.
    ///
    /// # Errors
    /// If several apply, the first of them:
    ///
    /// - [`Errno::BadSocket`]: the program has no such socket.
    /// - [`Errno::Invalid`]: it already has a port.
    /// - [`Errno::AddrInUse`]: [`SocketTable::may_bind`] or [`SocketTable::free_port`] says so.
    pub fn bind(&mut self, s: SocketId, local: SocketAddr) -> Result<SocketAddr, Errno> {
        let row = self.held(s)?.row;
        if row.local.port() != 0 {
            return Err(Errno::Invalid);
        }
        let given = local;
        let local = match given.port() {
            0 => self.free_port(row.proto, given.ip())?,
            _ => {
                self.may_bind(s, given)?;
                given
            }
        };
        let socket = self.held(s)?;
        socket.row.local = local;
        socket.bind = Some(given);
        Ok(local)
    }

    /// Whether socket `s` may have the address `local`, whose port is not 0.
    ///
    /// Every *other* socket of the same protocol at the same port is checked. It conflicts when its
    /// address overlaps: the same address, or one of the two is unspecified and both are of one
    /// family (here `::` takes only IPv6; chapter 08 says when it takes IPv4, too). Two cases are
    /// no conflict:
    ///
    /// - both sockets have `reuse.port`, or
    /// - both sockets have `reuse.addr`, and the other one does not listen.
    ///
    /// LISTEN is the only state that matters: bound, connected, half open and TIME-WAIT count the
    /// same. These are Linux's rules for sockets of one user, seen by trying all combinations;
    /// socket(7) and ip(7) tell only a part of them.
    ///
    /// # Errors
    ///
    /// [`Errno::AddrInUse`] if any socket conflicts, [`Errno::BadSocket`] if there is no socket `s`.
    pub fn may_bind(&self, s: SocketId, local: SocketAddr) -> Result<(), Errno> {
        let new = self.get(s).ok_or(Errno::BadSocket)?;
        let in_the_way = self.sockets.iter().any(|old| {
            let shares_port = new.reuse.port && old.reuse.port;
            let steps_aside = new.reuse.addr && old.reuse.addr && old.row.state != State::Listen;
            old.row.id != s
                && old.row.proto == new.row.proto
                && overlap(old.row.local, local)
                && !shares_port
                && !steps_aside
        });
        if in_the_way {
            Err(Errno::AddrInUse)
        } else {
            Ok(())
        }
    }
}

/// Whether a segment could be meant for both.
pub(crate) fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let same_family = a.is_ipv4() == b.is_ipv4();
    let wildcard = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && same_family && (a.ip() == b.ip() || wildcard)
}
