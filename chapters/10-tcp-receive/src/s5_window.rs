//! Step 5: the window that a receiver offers.

/// What the peer was allowed to send. All numbers are those of [`crate::unwrap_seq`].
///
/// The *edge* is the first number that the peer may not send. The window in a segment is the
/// distance from the next expected number to the edge, so the peer finds the edge by adding the
/// two.
#[derive(Debug)]
pub struct Offer {
    // Yours to fill.
}

impl Offer {
    /// The offer of the handshake: `next` is expected next, and there is room for `capacity` bytes,
    /// at least 1. A segment's window has 16 bits, so at most 65535 are offered.
    ///
    /// `mss` is the most bytes that the peer puts into a segment, at least 1. The *step* of this offer is `mss` or half of
    /// `capacity`, whichever is less, but at least 1.
    pub fn new(next: u64, capacity: usize, mss: u16) -> Offer {
        todo!("10.5 Offer::new({next}, {capacity}, {mss}): the edge and the step")
    }

    /// How much of the last offer is left when `next` is expected next: RCV.WND. It is 0 if `next`
    /// is past the edge. It can be one past the edge: a FIN needs no room, so its number can be
    /// that of the edge, and the next expected number comes after the FIN.
    pub fn window(&self, next: u64) -> u16 {
        todo!("10.5 window({next}): from there to the edge")
    }

    /// The window to put into a segment that leaves now, when there is room for `room` bytes from `next` on.
    ///
    /// - The edge moves to `next + room`, or to `next + 65535` if that is less, if it moves by at
    ///   least the step. Otherwise it stays: many small windows would make many small segments, the
    ///   *silly window syndrome* (RFC 9293, section 3.8.6.2.2).
    /// - The edge never moves back, whatever happens to the room: allowed segments may be on their
    ///   way (RFC 9293, section 3.8.6).
    pub fn renew(&mut self, next: u64, room: usize) -> u16 {
        todo!(
            "10.5 renew({next}, {room}): move the edge if it moves far enough, then return the window"
        )
    }

    /// Whether the peer must be told of room at once, with a segment only for that (a *window
    /// update*). It must if less than a step is left of the last offer, so that the peer may be
    /// waiting, and the edge can move by at least a step.
    pub fn is_update_due(&self, next: u64, room: usize) -> bool {
        todo!("10.5 is_update_due({next}, {room}): may the peer be waiting, and is there room?")
    }
}
