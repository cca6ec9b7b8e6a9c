//! Step 8, a stretch goal: windows of more than 65535 bytes (RFC 7323, section 2).
//!
//! Each side has a *shift*: the windows that it sends count in units of 2^shift bytes. The window scale option of its SYN
//! says it.

/// No shift is greater (RFC 7323, section 2.3): a window must be smaller than half of all numbers.
pub const MAX_SHIFT: u8 = 14;

/// The shift that our SYN offers if there is room for `capacity` bytes, at least 1: the smallest one with which the
/// capacity, rounded down to whole units, is at most 65535 of them. If none up to [`MAX_SHIFT`] suffices, [`MAX_SHIFT`].
pub fn shift_for(capacity: usize) -> u8 {
    todo!(
        "10.8 shift_for({capacity}): the smallest shift with which so many bytes fit into 16 bits, at most 14"
    )
}

/// The shift that a segment of the peer offers. `option` is the value of its window scale option, and `syn` its flag.
///
/// The option counts only in a SYN, with or without ACK. More than [`MAX_SHIFT`] counts as [`MAX_SHIFT`].
pub fn shift_offered(syn: bool, option: Option<u8>) -> Option<u8> {
    todo!(
        "10.8 shift_offered({syn}, {option:?}): only a SYN offers a shift, and more than 14 is 14"
    )
}

/// The shifts of an open connection.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    // Yours to fill.
}

impl Scale {
    /// What the two SYNs have agreed on: our SYN has offered `ours`, and the peer's has offered `theirs`; each is at most
    /// [`MAX_SHIFT`], and `None` if the SYN had no option. If either is missing, nobody shifts: both shifts are 0 (RFC 7323,
    /// section 2.2).
    pub fn agreed(ours: Option<u8>, theirs: Option<u8>) -> Scale {
        todo!("10.8 Scale::agreed({ours:?}, {theirs:?}): both shifts, or none")
    }

    /// The shift of the windows that we send.
    pub fn ours(&self) -> u8 {
        todo!("10.8 ours(): the shift of the windows that we send")
    }

    /// How many bytes a segment of the peer offers. `field` is its window, and `syn` its flag: the window of a SYN, with or
    /// without ACK, counts in bytes, and that of any other segment in units of the peer's shift.
    pub fn window(&self, syn: bool, field: u16) -> u32 {
        todo!("10.8 window({syn}, {field}): in bytes, with the shift of the peer")
    }
}

/// What the peer was allowed to send: [`crate::Offer`] for windows with a shift. All numbers are those of
/// [`crate::unwrap_seq`], and less than 2⁶³.
///
/// The *edge* is the first number that the peer may not send. It is the highest one that any segment has offered.
#[derive(Debug)]
pub struct ScaledOffer {
    // Yours to fill.
}

impl ScaledOffer {
    /// The offer of the handshake. `next`, `capacity`, `mss` and the step are those of [`crate::Offer::new`], and so is the
    /// edge: the window of a SYN is not shifted, so at most 65535 bytes were offered. `shift` is [`Scale::ours`], at most
    /// [`shift_for`] of the capacity.
    pub fn new(next: u64, capacity: usize, mss: u16, shift: u8) -> ScaledOffer {
        todo!(
            "10.8 ScaledOffer::new({next}, {capacity}, {mss}, {shift}): the edge and the step of step 5, and the shift"
        )
    }

    /// How much of the offer is left when `next` is expected next, in bytes: RCV.WND. It is 0 if `next` is past the edge.
    ///
    /// It may be more than the last segment has said, by less than a unit, because that rounds down. What an earlier
    /// segment has allowed must still be taken (RFC 7323, section 2.4).
    pub fn window(&self, next: u64) -> u32 {
        todo!("10.8 window({next}): how far it is to the edge, in bytes")
    }

    /// The field to put into a segment without SYN that leaves now, when there is room for `room` bytes from `next` on.
    ///
    /// - The *reach* is as far as the field can offer: `next` and the room, rounded down to whole units, at most 65535 of
    ///   them. The edge moves there, if it moves by at least the step. Otherwise it stays, and it never moves back.
    /// - The field is [`ScaledOffer::window`] then, rounded down to whole units: more must never be promised than there is.
    pub fn renew(&mut self, next: u64, room: usize) -> u16 {
        todo!(
            "10.8 renew({next}, {room}): perhaps move the edge, and say the window in whole units"
        )
    }

    /// Whether the peer must be told of room at once, as in [`crate::Offer::is_update_due`]: if less than a step is left of
    /// what [`ScaledOffer::renew`] would say without moving the edge, and the edge can move by at least a step. What counts is
    /// the rounded window, because the peer knows only that.
    pub fn is_update_due(&self, next: u64, room: usize) -> bool {
        todo!("10.8 is_update_due({next}, {room}): may the peer be waiting for this room?")
    }
}
