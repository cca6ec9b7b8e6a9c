//! Step 3: the pieces come together.

use std::time::Duration;

use packets::PacketError;

/// How long and how much a host keeps for datagrams that are not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long after its first piece a datagram is given up. RFC 1122, section 3.3.2 wants one fixed time of
    /// 60 to 120 seconds.
    pub timeout: Duration,
    /// How many bytes all pieces together may have. Each counts for its payload and 20 bytes.
    pub bytes: usize,
}

/// What becomes of a datagram or a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A whole datagram, as [`packets::Ipv4Header::parse`] reads it.
    Whole(Vec<u8>),
    /// The piece is kept, or was there already. Others are missing.
    Waiting,
    Discarded(Why),
}

/// Why a piece is discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is no sound datagram.
    Malformed(PacketError),
    /// It carries nothing, or it is not the last and carries no multiple of 8 bytes.
    Size,
    /// The whole would have more than 65535 bytes.
    TooLong,
    /// Bytes of it were there already, and it is no exact copy.
    Overlap,
    /// It does not fit where another piece says that the datagram ends.
    End,
    /// There is no room for it.
    Full,
}

/// The datagrams of which some pieces are here. `now` is the time since any fixed moment.
#[derive(Debug)]
pub struct Reassembly {
    limits: Limits,
    // Yours to fill.
}

impl Reassembly {
    /// Nothing is here yet.
    pub fn new(limits: Limits) -> Reassembly {
        Reassembly { limits }
    }

    /// Takes a datagram that has come in, or a piece of one.
    ///
    /// Pieces belong together if source, destination, protocol and identification are the same. They may come
    /// in any order. When all are here, they are forgotten, and the whole is given: it has the header of the
    /// first piece with offset 0 and More Fragments clear, and the length and the checksum that belong to it.
    ///
    /// Something is discarded for the first of these reasons that holds. Nothing of it is kept. The pieces that are here stay,
    /// but where it says that all pieces of the datagram are forgotten; what comes of it later begins the datagram anew.
    ///
    /// 1. [`Why::Malformed`], with what [`packets::Ipv4Header::parse`] says.
    ///
    ///    A sound datagram that is no piece (offset 0 and More Fragments clear) is whole: it is given as it is, up
    ///    to its Total Length, and changes nothing.
    /// 2. [`Why::Size`]: the piece has no payload, or has More Fragments set and no multiple of 8 bytes.
    /// 3. [`Why::TooLong`]: the piece ends behind the first 65515 bytes, so that a datagram with a header of 20 bytes
    ///    would have more than 65535 (the "ping of death").
    /// 4. [`Why::Overlap`]: bytes at the same place are here already. All pieces of the datagram are forgotten,
    ///    as RFC 5722 demands for IPv6: nobody knows which of them a filter on the way has seen. An exact copy of
    ///    a piece, with the same place, More Fragments and payload, is no overlap: networks repeat packets. It is
    ///    ignored, and the piece that came first stays, its header too.
    /// 5. [`Why::End`]: a piece without More Fragments says where the datagram ends. All pieces of the datagram are
    ///    forgotten if
    ///    - the end is known, and the new piece ends behind it, or
    ///    - the end is known, and the new piece says another one, or
    ///    - the new piece says the end, and a piece that is here ends behind it.
    /// 6. [`Why::Full`]: with this piece, all pieces together would count for more than [`Limits::bytes`].
    /// 7. [`Why::TooLong`], when all pieces are here, and the whole has more than 65535 bytes because the first
    ///    piece has options. All are forgotten.
    ///
    /// Time is not looked at: see [`Reassembly::expire`]. The first piece of a datagram to be kept, whichever it is,
    /// starts its time; later ones and copies do not change it.
    pub fn push(&mut self, now: Duration, datagram: &[u8]) -> Outcome {
        todo!(
            "7.3 push({now:?}, {} bytes) with {:?}: keep a piece until all are here",
            datagram.len(),
            self.limits
        )
    }

    /// Gives up the datagrams whose time is over at `now`: those of which the first piece to be kept is here for
    /// at least [`Limits::timeout`].
    ///
    /// For each of which the piece with offset 0 is here, this piece is given, as it came, up to its Total Length: the
    /// source is to be told with ICMP "time exceeded, fragment reassembly". Without it nobody is told (RFC 792; RFC
    /// 1122, section 3.3.2). The longest here comes first; the order of two that are here equally long is open.
    pub fn expire(&mut self, now: Duration) -> Vec<Vec<u8>> {
        todo!(
            "7.3 expire({now:?}): give up what has waited for {:?}",
            self.limits.timeout
        )
    }

    /// When the next datagram is to be given up, if there is any.
    pub fn next_expiry(&self) -> Option<Duration> {
        todo!("7.3 next_expiry(): when the oldest is given up")
    }

    /// What all pieces together count for.
    pub fn bytes(&self) -> usize {
        todo!("7.3 bytes(): the payloads, and 20 for each piece")
    }
}
