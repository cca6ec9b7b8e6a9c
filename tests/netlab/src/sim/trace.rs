//! Everything that was put onto a link, and what became of it.

use std::fmt::Write;

use super::decode;
use super::link::Flip;
use super::medium::Medium;
use super::plan::Kind;
use super::record::{Fate, Record};
use super::store::Store;
use super::time::Time;

/// The record of a run, in the order in which packets were sent.
#[derive(Debug)]
pub struct Trace {
    store: Store,
    notes: Vec<Note>,
    pub(super) nodes: Vec<String>,
    pub(super) links: Vec<Ends>,
    pub(super) plans: Vec<Planned>,
}

/// The two nodes that a link joins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub medium: Medium,
    pub nodes: [usize; 2],
}

/// A plan in words, and whether it was ever for a packet.
#[derive(Debug)]
pub(super) struct Planned {
    pub words: String,
    pub is_met: bool,
}

/// Something that a node said beside its packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub at: Time,
    pub(super) node: usize,
    pub words: String,
    /// How many packets had been sent before.
    pub(super) behind: usize,
}

/// One packet on one link.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    trace: &'a Trace,
    record: &'a Record,
    /// When it was put onto the link.
    pub sent: Time,
    pub fate: Fate,
    /// It is a second copy that the link has made.
    pub is_copy: bool,
    /// The bit that the link has turned over.
    pub flipped: Option<Flip>,
}

impl<'a> Entry<'a> {
    /// The packet as it arrived, or would have: a bit that was turned over is so here.
    pub fn bytes(&self) -> &'a [u8] {
        self.trace.store.bytes(self.record.bytes)
    }

    /// The name of the node that sent it.
    pub fn from(&self) -> &'a str {
        &self.trace.nodes[self.nodes().0]
    }

    /// The name of the node at the other end of the link.
    pub fn to(&self) -> &'a str {
        &self.trace.nodes[self.nodes().1]
    }

    pub fn is(&self, kind: Kind) -> bool {
        kind.takes(self.medium(), self.bytes())
    }

    /// What its headers say: `10.0.0.1:4000 → 10.0.0.2:80 SYN seq 100 win 64240`.
    pub fn in_words(&self) -> String {
        decode::in_words(self.medium(), self.bytes())
    }

    pub fn medium(&self) -> Medium {
        self.trace.links[self.record.link as usize].medium
    }

    /// What became of it, where that is not the obvious: `lost by plan`. Empty otherwise.
    pub fn remark(&self) -> String {
        let mut words = match self.fate {
            Fate::Lost(loss) => loss.words().to_owned(),
            Fate::Held => "held back by plan".to_owned(),
            Fate::Arrives(_) => String::new(),
        };
        let mut add = |more: &str| {
            if !words.is_empty() {
                words.push_str(", ");
            }
            words.push_str(more);
        };
        if self.is_copy {
            add("copy");
        }
        if let Some(Flip { byte, bit }) = self.flipped {
            add(&format!("bit {bit} of byte {byte} flipped"));
        }
        words
    }

    /// The plan that was for it: `lose the first data segment`.
    pub fn plan(&self) -> Option<&'a str> {
        let plan = usize::from(self.record.plan?);
        Some(&self.trace.plans[plan].words)
    }

    /// Which nodes of the trace it goes from and to.
    pub(super) fn nodes(&self) -> (usize, usize) {
        let [first, second] = self.trace.links[self.record.link as usize].nodes;
        match self.record.direction {
            0 => (first, second),
            _ => (second, first),
        }
    }

    /// One number for each direction of each link.
    pub(super) fn line(&self) -> u32 {
        2 * self.record.link + u32::from(self.record.direction)
    }
}

/// Where all packets are. Nothing vanishes: `sent + copies == delivered + lost() + on_the_way`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub sent: usize,
    /// Made by links.
    pub copies: usize,
    pub delivered: usize,
    pub lost_by_plan: usize,
    pub lost_by_chance: usize,
    pub lost_in_queue: usize,
    pub too_long: usize,
    pub flipped: usize,
    /// Under way, or held back by a plan.
    pub on_the_way: usize,
}

impl Counts {
    pub fn lost(&self) -> usize {
        self.lost_by_plan + self.lost_by_chance + self.lost_in_queue + self.too_long
    }
}

impl Default for Trace {
    fn default() -> Trace {
        Trace {
            store: Store::new(),
            notes: Vec::new(),
            nodes: Vec::new(),
            links: Vec::new(),
            plans: Vec::new(),
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        std::mem::take(&mut self.store).leave();
    }
}

impl Trace {
    /// Every packet on every link, in the order in which they were sent.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> + DoubleEndedIterator {
        self.store.records.iter().map(|record| Entry {
            trace: self,
            record,
            sent: record.sent,
            fate: record.fate,
            is_copy: record.is_copy,
            flipped: record.flipped,
        })
    }

    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The plans that were for no packet, in words, a line each: what they were made for has not happened.
    pub fn plans_not_met(&self) -> String {
        let mut words = String::new();
        for plan in self.plans.iter().filter(|plan| !plan.is_met) {
            let _ = writeln!(words, "{}", plan.words);
        }
        words
    }

    pub(super) fn add(&mut self, packet: &[u8], mut record: Record) -> usize {
        record.bytes = self.store.add(packet);
        if let Some(plan) = record.plan {
            self.plans[usize::from(plan)].is_met = true;
        }
        self.store.records.push(record);
        self.store.records.len() - 1
    }

    /// A second copy of a packet, which shares its bytes.
    pub(super) fn copy(&mut self, entry: usize, arrives: Time) {
        self.store.records.push(Record {
            fate: Fate::Arrives(arrives),
            is_copy: true,
            ..self.store.records[entry]
        });
    }

    pub(super) fn arrives(&mut self, entry: usize, at: Time) {
        self.store.records[entry].fate = Fate::Arrives(at);
    }

    pub(super) fn says(&mut self, at: Time, node: usize, words: String) {
        self.notes.push(Note {
            at,
            node,
            words,
            behind: self.store.records.len(),
        });
    }
}
