//! Step 4: the port on the other side.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use crate::{Errno, FourTuple, Proto, SocketId, SocketTable};

/// Chooses ports for sockets whose programs do not name one.
pub struct EphemeralPorts {
    /// The ports that may be chosen. Linux: 32768 to 60999.
    range: RangeInclusive<u16>,
    /// A source of numbers that an attacker cannot guess.
    random: Box<dyn FnMut() -> u32 + Send>,
}

impl EphemeralPorts {
    /// Given. A system takes `random` from its secure generator, a test from any source. Port 0 is
    /// reserved, so a range that begins there begins at 1.
    pub fn new(
        range: RangeInclusive<u16>,
        random: impl FnMut() -> u32 + Send + 'static,
    ) -> EphemeralPorts {
        EphemeralPorts {
            range: *range.start().max(&1)..=*range.end(),
            random: Box::new(random),
        }
    }

    /// A port of the range that `is_free`, or `None` when none is. A range can be without a port.
    ///
    /// The beginning of the search is random, with a new number each time, and can be anywhere in
    /// the range: one port must not reveal the next (RFC 6056, section 3). This holds even when
    /// most ports are taken. A single free port must be found, wherever it is.
    pub fn pick(&mut self, is_free: impl Fn(u16) -> bool) -> Option<u16> {
        let random = (self.random)();
        let first = is_free(*self.range.start());
        todo!(
            "4.4 pick(is_free): a port of {:?} (the first of them is free: {first}); the random number {random} decides where to begin, and all are tried",
            self.range
        )
    }
}

impl SocketTable {
    /// `bind` with port 0: an address with a port of the ephemeral range at which no socket of
    /// the protocol overlaps, whatever its state (TIME-WAIT too) and its options. Left out: two UDP
    /// sockets with the same option may get the same port from Linux.
    ///
    /// # Errors
    ///
    /// [`Errno::AddrInUse`] when the range is used up.
    pub fn free_port(&mut self, proto: Proto, ip: IpAddr) -> Result<SocketAddr, Errno> {
        todo!(
            "4.4 free_port({proto}, {ip}): pick a port at which no socket of the protocol overlaps {ip}, or AddrInUse"
        )
    }

    /// Gives a socket its peer, and returns the four numbers.
    ///
    /// The local end is what the socket has. An unspecified address becomes the table's `home`. A
    /// missing port is chosen:
    ///
    /// - TCP: any port of the range with which these four numbers are not in the table yet, in any
    ///   state, and that no TCP socket has from `bind` or `listen`, at any address. So one port serves
    ///   many connections, as long as their other ends differ. A socket has its port from `bind` also
    ///   when `bind` was given port 0, when it has a peer by now, when the program has closed it and
    ///   its row is still there, and when it is a child whose listener has its port from `bind` or
    ///   `listen`. Left open: a socket that gave back the port of a `bind` with port 0 (step 6), and
    ///   has one from `connect` now.
    /// - UDP: as [`SocketTable::free_port`] chooses for the unspecified address of `home`'s family,
    ///   so no other socket has it at any address.
    ///
    /// Then a TCP socket is in SYN-SENT: its SYN is on the way. A UDP socket is ESTABLISHED at
    /// once, and nothing was sent. A connected UDP socket may be connected again, and two that
    /// share an address may have the same peer: this is not checked.
    ///
    /// # Errors
    ///
    /// - [`Errno::BadSocket`]: the program has no such socket.
    /// - [`Errno::IsConnected`]: a TCP socket that is not CLOSED.
    /// - [`Errno::AddrNotAvailable`]: TCP's range is used up towards `remote`; or the four numbers
    ///   of a socket that has a port are already in the table, unless they belong to a connection
    ///   in TIME-WAIT: that one is removed (RFC 6191). FIN-WAIT-2 does not make room: the other end
    ///   may still send (RFC 9293, section 3.10.1; Linux is not so strict).
    /// - [`Errno::WouldBlock`]: UDP's range is used up. (Linux says `EAGAIN`.)
    pub fn connect(&mut self, s: SocketId, remote: SocketAddr) -> Result<FourTuple, Errno> {
        todo!(
            "4.4 connect({s}, {remote}): find the local end, pick a port if there is none, make sure that the four numbers are new, then write row.local, row.remote and row.state"
        )
    }
}
