//! What a trace keeps of one packet on one link.

use super::link::{Flip, Loss};
use super::time::Time;

/// What an [`Entry`](super::Entry) is made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub sent: Time,
    pub fate: Fate,
    pub link: u32,
    pub direction: u8,
    pub is_copy: bool,
    pub plan: Option<u16>,
    pub flipped: Option<Flip>,
    pub bytes: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Arrives(Time),
    Lost(Loss),
    /// A plan holds it until another packet has gone by.
    Held,
}

/// Where a packet's bytes are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub piece: u32,
    pub begins: u32,
    pub length: u32,
}

impl Record {
    /// A packet without bytes yet.
    pub fn new(sent: Time, (link, direction): (usize, usize), fate: Fate) -> Record {
        Record {
            sent,
            fate,
            link: link as u32,
            direction: direction as u8,
            is_copy: false,
            plan: None,
            flipped: None,
            bytes: Place::default(),
        }
    }
}
