//! One direction of a link, to make a plan for it.

use std::sync::RwLockWriteGuard;
use std::time::Duration;

use super::link::Direction;
use super::plan::{Counter, Fault, Plan, Which};
use super::trace::{Planned, Trace};

/// The way from one node to another. Each call adds to the plan of what happens on it.
pub struct Way<'a> {
    direction: &'a mut Direction,
    trace: RwLockWriteGuard<'a, Trace>,
    /// `from client to server`.
    words: String,
}

impl<'a> Way<'a> {
    pub(super) fn new(
        direction: &'a mut Direction,
        trace: RwLockWriteGuard<'a, Trace>,
        (from, to): (usize, usize),
    ) -> Way<'a> {
        let words = format!("from {} to {}", trace.nodes[from], trace.nodes[to]);
        Way {
            direction,
            trace,
            words,
        }
    }

    pub fn loses(self, which: Which) -> Self {
        self.add(which, Fault::Lose)
    }

    /// A second copy comes right behind the first.
    pub fn repeats(self, which: Which) -> Self {
        self.add(which, Fault::Repeat)
    }

    /// Holds a packet back until another one has gone by, and delivers it right behind that one:
    /// `delivers_after(second(Kind::Packet), fourth(Kind::Packet))`. Where the other one is lost, it comes
    /// when that would have; where none follows, never.
    pub fn delivers_after(self, which: Which, other: Which) -> Self {
        self.add(which, Fault::After(Counter::new(other)))
    }

    /// Delivers a packet this much later than usual.
    pub fn delays(self, which: Which, by: Duration) -> Self {
        self.add(which, Fault::Late(by))
    }

    /// Turns one bit over. Bytes are counted from 0 at the beginning of what is on the link, which on
    /// Ethernet is the frame; bit 0 is the lowest. A packet that is too short stays as it is.
    pub fn flips(self, which: Which, byte: u32, bit: u8) -> Self {
        assert!(bit < 8, "a byte has bits 0 to 7");
        self.add(which, Fault::Flip { byte, bit })
    }

    fn add(mut self, which: Which, fault: Fault) -> Self {
        let id = u16::try_from(self.trace.plans.len()).expect("a plan is for people");
        let plan = Plan {
            counter: Counter::new(which),
            fault,
            id,
        };
        let words = format!("{plan} {}", self.words);
        self.trace.plans.push(Planned {
            words,
            is_met: false,
        });
        self.direction.add(plan);
        self
    }
}
