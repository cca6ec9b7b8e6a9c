//! Step 3: the pieces come together.

use std::time::Duration;

use packets::PacketError;

/// How long and how much a host keeps of datagrams that are not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long after its first piece a datagram is given up. RFC 1122, section 3.3.2 asks for one
    /// fixed time of 60 to 120 seconds.
    pub timeout: Duration,
    /// How many bytes all pieces together may have. Each counts as its payload and 20 bytes.
    pub bytes: usize,
}

/// The result for a datagram or a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A whole datagram, as [`packets::Ipv4Header::parse`] reads it.
    Whole(Vec<u8>),
    /// The piece is kept, or was already there. Others are missing.
    Waiting,
    Discarded(Why),
}

/// Why a piece is discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is not a valid datagram.
    Malformed(PacketError),
    /// It carries nothing, or it is not the last and its payload is not a multiple of 8 bytes.
    Size,
    /// The whole would have more than 65535 bytes.
    TooLong,
    /// Some of its bytes were already there, and it is not an exact copy.
    Overlap,
    /// It contradicts another piece about the end of the datagram.
    End,
    /// There is no room for it.
    Full,
}

/// The datagrams of which some pieces have come. `now` is the time since any fixed moment.
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
    /// in any order. When all have come, they are forgotten, and the whole is returned. It has the
    /// header of the first piece with offset 0, with More Fragments clear and the right length and
    /// checksum.
    ///
    /// A piece is discarded for the first of these reasons that holds, and nothing of it is kept.
    /// The earlier pieces stay, unless the list says that all pieces of the datagram are forgotten.
    /// After that the next piece starts the datagram again.
    ///
    /// 1. [`Why::Malformed`], with what [`packets::Ipv4Header::parse`] says.
    ///
    ///    A valid datagram that is not a piece (offset 0 and More Fragments clear) is whole: it is
    ///    returned as it is, up to its Total Length, and changes nothing.
    /// 2. [`Why::Size`]: the piece has no payload, or has More Fragments set and its payload is not
    ///    a multiple of 8 bytes.
    /// 3. [`Why::TooLong`]: the piece ends behind the first 65515 bytes, so that a datagram with a header of 20 bytes
    ///    would have more than 65535 (the "ping of death").
    /// 4. [`Why::Overlap`]: bytes at the same place have already come. All pieces of the datagram
    ///    are forgotten, as RFC 5722 requires for IPv6: a filter on the way may have seen only one
    ///    of the two. An exact copy of a piece, with the same place, More Fragments and payload, is
    ///    not an overlap: networks repeat packets. The copy is ignored, and the piece that came
    ///    first stays, with its header.
    /// 5. [`Why::End`]: a piece without More Fragments says where the datagram ends. All pieces of the datagram are
    ///    forgotten if
    ///    - the end is known, and the new piece ends behind it, or
    ///    - the end is known, and the new piece gives another end, or
    ///    - the new piece gives the end, and an earlier piece ends behind it.
    /// 6. [`Why::Full`]: with this piece, all pieces together would count more than [`Limits::bytes`].
    /// 7. [`Why::TooLong`]: all pieces have come, and the whole has more than 65535 bytes because
    ///    the first piece has options. All are forgotten.
    ///
    /// `push` gives nothing up by time: see [`Reassembly::expire`]. The first piece of a datagram
    /// that is kept, whichever it is, starts the datagram's time. Later pieces and copies do not
    /// change it.
    pub fn push(&mut self, now: Duration, datagram: &[u8]) -> Outcome {
        todo!(
            "7.3 push({now:?}, {} bytes) with {:?}: keep a piece until all are here",
            datagram.len(),
            self.limits
        )
    }

    /// Gives up the datagrams whose time is over at `now`: their first piece was kept at least
    /// [`Limits::timeout`] ago.
    ///
    /// For each of them whose piece with offset 0 has come, it returns this piece, as it came, up
    /// to its Total Length: the caller tells the source with ICMP "time exceeded, fragment
    /// reassembly". Without that piece no error is sent (RFC 792; RFC 1122, section 3.3.2). The
    /// oldest datagram comes first. Two of the same age may come in any order.
    pub fn expire(&mut self, now: Duration) -> Vec<Vec<u8>> {
        todo!(
            "7.3 expire({now:?}): give up what has waited for {:?}",
            self.limits.timeout
        )
    }

    /// When the next datagram must be given up, if there is any.
    pub fn next_expiry(&self) -> Option<Duration> {
        todo!("7.3 next_expiry(): when the oldest is given up")
    }

    /// How much all pieces together count.
    pub fn bytes(&self) -> usize {
        todo!("7.3 bytes(): the payloads, and 20 for each piece")
    }
}
