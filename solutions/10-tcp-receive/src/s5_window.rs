//! Step 5: the window that a receiver offers.

/// What the peer was allowed to send. All numbers are those of [`crate::unwrap_seq`].
///
/// The *edge* is the first number that the peer may not send. The window in a segment is the
/// distance from the next expected number to the edge, so the peer finds the edge by adding the
/// two.
#[derive(Debug)]
pub struct Offer {
    edge: u64,
    step: u64,
}

impl Offer {
    /// The offer of the handshake: `next` is expected next, and there is room for `capacity` bytes,
    /// at least 1. A segment's window has 16 bits, so at most 65535 are offered.
    ///
    /// `mss` is the most bytes that the peer puts into a segment, at least 1. The *step* of this offer is `mss` or half of
    /// `capacity`, whichever is less, but at least 1.
    pub fn new(next: u64, capacity: usize, mss: u16) -> Offer {
        Offer {
            edge: edge(next, capacity),
            step: (capacity as u64 / 2).clamp(1, u64::from(mss)),
        }
    }

    /// How much of the last offer is left when `next` is expected next: RCV.WND. It is 0 if `next`
    /// is past the edge. It can be one past the edge: a FIN needs no room, so its number can be
    /// that of the edge, and the next expected number comes after the FIN.
    pub fn window(&self, next: u64) -> u16 {
        self.edge.saturating_sub(next) as u16
    }

    /// The window to put into a segment that leaves now, when there is room for `room` bytes from `next` on.
    ///
    /// - The edge moves to `next + room`, or to `next + 65535` if that is less, if it moves by at
    ///   least the step. Otherwise it stays: many small windows would make many small segments, the
    ///   *silly window syndrome* (RFC 9293, section 3.8.6.2.2).
    /// - The edge never moves back, whatever happens to the room: allowed segments may be on their
    ///   way (RFC 9293, section 3.8.6).
    pub fn renew(&mut self, next: u64, room: usize) -> u16 {
        if self.gain(next, room) >= self.step {
            self.edge = edge(next, room);
        }
        self.window(next)
    }

    /// Whether the peer must be told of room at once, with a segment only for that (a *window
    /// update*). It must if less than a step is left of the last offer, so that the peer may be
    /// waiting, and the edge can move by at least a step.
    pub fn is_update_due(&self, next: u64, room: usize) -> bool {
        u64::from(self.window(next)) < self.step && self.gain(next, room) >= self.step
    }

    /// How far the edge can move.
    fn gain(&self, next: u64, room: usize) -> u64 {
        edge(next, room).saturating_sub(self.edge)
    }
}

fn edge(next: u64, room: usize) -> u64 {
    next + room.min(usize::from(u16::MAX)) as u64
}
