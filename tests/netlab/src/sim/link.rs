//! A link between two nodes: what it is made of, and its state in one direction.

use std::collections::VecDeque;
use std::time::Duration;

use crate::Dice;

use super::chance::Chance;
use super::medium::Medium;
use super::plan::{Fault, Plan};
use super::time::Time;

/// Why a link does not deliver a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// An explicit plan says so.
    Plan,
    Chance,
    QueueFull,
    /// Longer than the link's MTU.
    TooLong,
}

impl Loss {
    pub fn words(self) -> &'static str {
        match self {
            Loss::Plan => "lost by plan",
            Loss::Chance => "lost by chance",
            Loss::QueueFull => "lost: queue full",
            Loss::TooLong => "lost: over the MTU",
        }
    }
}

/// What a link is made of: the same in both directions. The default has no delay, no limit of rate
/// or queue, an MTU of 1500 and no chance.
#[derive(Clone, Debug)]
pub struct Link {
    pub medium: Medium,
    pub delay: Duration,
    /// Bits a second; none for a link that is infinitely fast.
    pub rate: Option<u64>,
    /// The longest IP packet. An Ethernet frame may be 14 bytes longer.
    pub mtu: usize,
    /// So many packets wait for the one that is being sent; the next is lost.
    pub queue: usize,
    pub chance: Chance,
}

impl Default for Link {
    fn default() -> Link {
        Link {
            medium: Medium::Ip,
            delay: Duration::ZERO,
            rate: None,
            mtu: 1500,
            queue: usize::MAX,
            chance: Chance::default(),
        }
    }
}

impl Link {
    pub fn ethernet() -> Link {
        Link {
            medium: Medium::Ethernet,
            ..Link::default()
        }
    }

    pub fn delay_ms(self, millis: u64) -> Link {
        self.delay(Duration::from_millis(millis))
    }

    pub fn delay(self, delay: Duration) -> Link {
        Link { delay, ..self }
    }

    /// Bits a second, not 0.
    pub fn rate(self, bits: u64) -> Link {
        assert!(bits > 0, "a link that carries nothing is no link");
        Link {
            rate: Some(bits),
            ..self
        }
    }

    pub fn mtu(self, mtu: usize) -> Link {
        Link { mtu, ..self }
    }

    pub fn queue(self, packets: usize) -> Link {
        Link {
            queue: packets,
            ..self
        }
    }

    pub fn chance(self, chance: Chance) -> Link {
        Link { chance, ..self }
    }

    fn longest(&self) -> usize {
        match self.medium {
            Medium::Ip => self.mtu,
            Medium::Ethernet => self.mtu + 14,
        }
    }
}

/// One direction of a link, at work.
pub(super) struct Direction {
    plan: Vec<Plan>,
    dice: Dice,
    /// When those that wait or are being sent will have left, in their order.
    leaves: VecDeque<Time>,
    /// Packets that a plan holds back until another one has gone by.
    held: Vec<Held>,
}

/// A packet that comes behind a later one.
pub(super) struct Held {
    /// It comes when this plan's other packet has gone by.
    pub plan: u16,
    /// It does not come before it would have.
    pub due: Time,
    pub packet: Vec<u8>,
    /// Its place in the trace.
    pub entry: usize,
}

/// What becomes of a packet that was put onto the link.
pub(super) struct Passage {
    /// When it arrives, or why it does not.
    pub fate: Result<Time, Loss>,
    /// When it arrives, or would have.
    pub due: Time,
    /// Another copy of it arrives, too.
    pub is_repeated: bool,
    /// This plan holds it back.
    pub held_by: Option<u16>,
    /// The bit that was turned over.
    pub flipped: Option<Flip>,
    /// The last plan that was for it.
    pub plan: Option<u16>,
}

/// A bit that was turned over. Bit 0 is the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flip {
    pub byte: u32,
    pub bit: u8,
}

impl Direction {
    pub fn new(dice: Dice) -> Direction {
        Direction {
            plan: Vec::new(),
            dice,
            leaves: VecDeque::new(),
            held: Vec::new(),
        }
    }

    pub fn add(&mut self, plan: Plan) {
        self.plan.push(plan);
    }

    /// How many packets a plan holds back.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    pub fn hold(&mut self, held: Held) {
        self.held.push(held);
    }

    /// What was held back until a packet that has now gone by.
    pub fn released(&mut self) -> Vec<Held> {
        let plan = &self.plan;
        let is_due = |held: &mut Held| {
            let mut its = plan.iter().filter(|plan| plan.id == held.plan);
            its.any(|plan| matches!(&plan.fault, Fault::After(other) if other.is_past()))
        };
        self.held.extract_if(.., is_due).collect()
    }

    /// Puts a packet onto the link at `now`. A bit may be turned over in it.
    pub fn pass(&mut self, link: &Link, now: Time, packet: &mut [u8]) -> Passage {
        let mut passage = Passage {
            fate: Ok(now),
            due: now + link.delay,
            is_repeated: false,
            held_by: None,
            flipped: None,
            plan: None,
        };
        let mut is_lost = false;
        let mut late = Duration::ZERO;
        let mut flip = None;
        for plan in &mut self.plan {
            let takes = plan.counter.takes(link.medium, packet);
            if let Fault::After(other) = &mut plan.fault {
                // Each counts every packet, so that both numbers mean what they say.
                other.takes(link.medium, packet);
                if takes && !other.is_past() {
                    passage.held_by = Some(plan.id);
                    passage.plan = Some(plan.id);
                }
                continue;
            }
            if !takes {
                continue;
            }
            passage.plan = Some(plan.id);
            match plan.fault {
                Fault::Lose => is_lost = true,
                Fault::Repeat => passage.is_repeated = true,
                Fault::After(_) => {}
                Fault::Late(span) => late += span,
                Fault::Flip { byte, bit } => flip = Some(Flip { byte, bit }),
            }
        }

        if packet.len() > link.longest() {
            passage.fate = Err(Loss::TooLong);
            return passage;
        }
        while self.leaves.front().is_some_and(|leaves| *leaves <= now) {
            self.leaves.pop_front();
        }
        // The first of them is being sent and does not wait.
        if self.leaves.len() > link.queue {
            passage.fate = Err(Loss::QueueFull);
            return passage;
        }
        if let Some(rate) = link.rate {
            let begins = self.leaves.back().copied().unwrap_or(now);
            let leaves = begins + time_on_the_wire(packet.len(), rate);
            self.leaves.push_back(leaves);
            passage.due = leaves + link.delay;
        }
        passage.due = passage.due + late;

        let chance = &link.chance;
        if is_lost || self.dice.hits(chance.lose) {
            passage.fate = Err(if is_lost { Loss::Plan } else { Loss::Chance });
            return passage;
        }
        passage.is_repeated |= self.dice.hits(chance.repeat);
        if self.dice.hits(chance.flip) && !packet.is_empty() {
            let bit = self.dice.below(8 * packet.len() as u64);
            flip = Some(Flip {
                byte: (bit / 8) as u32,
                bit: (bit % 8) as u8,
            });
        }
        if self.dice.hits(chance.late) {
            let most = u64::try_from(chance.late_by.as_nanos()).unwrap_or(u64::MAX);
            passage.due = passage.due + Duration::from_nanos(self.dice.below(most.max(1)));
        }
        if let Some(Flip { byte, bit }) = flip
            && let Some(byte) = packet.get_mut(byte as usize)
        {
            *byte ^= 1 << bit;
            passage.flipped = flip;
        }
        passage.fate = Ok(passage.due);
        passage
    }
}

/// How long a packet takes to leave, rounded up to a nanosecond.
fn time_on_the_wire(bytes: usize, rate: u64) -> Duration {
    const BIT: u64 = 1_000_000_000;
    let bits = bytes as u64 * 8;
    let nanos = match bits.checked_mul(BIT) {
        Some(bits) => bits.div_ceil(rate),
        // More than two gigabytes: u128 is slow, and seldom needed.
        None => {
            let nanos = (u128::from(bits) * u128::from(BIT)).div_ceil(u128::from(rate));
            u64::try_from(nanos).unwrap_or(u64::MAX)
        }
    };
    Duration::from_nanos(nanos)
}
