//! Step 3: which socket may have an address.

use std::net::SocketAddr;

use crate::{Errno, SocketId, SocketTable};

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
        todo!(
            "4.3 bind({s}, {local}): refuse a second bind, ask may_bind (or, for port 0, free_port), then write row.local and bind"
        )
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
        todo!(
            "4.3 may_bind({s}, {local}): AddrInUse if another socket of the protocol overlaps and neither exception applies"
        )
    }
}
