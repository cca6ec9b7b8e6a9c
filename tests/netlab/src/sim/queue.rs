//! What is to happen, in its order: by time, and at one time in the order in which it was queued.
//!
//! Packets on one direction of a link arrive in order, but for a late one. So each direction is a queue
//! of its own, and only the heads of the queues are sorted: a heap of some entries, however many packets
//! are under way.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BinaryHeap, VecDeque};

use super::time::Time;

/// When something is due, and which of those that are due then comes first.
type Turn = (Time, u64);

#[derive(Default)]
pub(super) struct Queue {
    heads: BinaryHeap<Reverse<(Turn, Source)>>,
    lines: Vec<VecDeque<Due>>,
    alarms: Vec<Alarm>,
    /// How many were ever queued.
    queued: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Line(usize),
    Alarm(usize),
}

struct Due {
    turn: Turn,
    packet: Vec<u8>,
}

/// A node's alarm. Setting it anew costs nothing until the time of the earlier one has come.
#[derive(Default)]
struct Alarm {
    set: Option<Turn>,
    /// The head that stands for it: at its turn or before.
    head: Option<Turn>,
}

pub(super) enum Next {
    Packet { line: usize, packet: Vec<u8> },
    Alarm { node: usize },
}

impl Queue {
    /// One more direction of a link.
    pub fn add_line(&mut self) {
        self.lines.push(VecDeque::new());
    }

    /// One more node.
    pub fn add_alarm(&mut self) {
        self.alarms.push(Alarm::default());
    }

    /// How many packets are under way.
    pub fn packets(&self) -> usize {
        self.lines.iter().map(VecDeque::len).sum()
    }

    /// The nodes that want to be woken.
    pub fn alarms(&self) -> impl Iterator<Item = usize> {
        let set = self.alarms.iter().enumerate();
        set.filter_map(|(node, alarm)| alarm.set.map(|_| node))
    }

    pub fn arrives(&mut self, line: usize, at: Time, packet: Vec<u8>) {
        let due = Due {
            turn: self.turn(at),
            packet,
        };
        let queue = &mut self.lines[line];
        if queue.back().is_none_or(|last| last.turn.0 <= at) {
            if queue.is_empty() {
                self.heads.push(Reverse((due.turn, Source::Line(line))));
            }
            queue.push_back(due);
            return;
        }
        // Others are late, and this one overtakes them.
        let place = queue.partition_point(|other| other.turn.0 <= at);
        if place == 0 {
            self.heads.push(Reverse((due.turn, Source::Line(line))));
        }
        queue.insert(place, due);
    }

    pub fn wake(&mut self, node: usize, at: Option<Time>) {
        let set = at.map(|at| self.turn(at));
        let alarm = &mut self.alarms[node];
        alarm.set = set;
        if let Some(turn) = set
            && alarm.head.is_none_or(|head| head > turn)
        {
            alarm.head = Some(turn);
            self.heads.push(Reverse((turn, Source::Alarm(node))));
        }
    }

    /// When the next thing happens.
    pub fn next_time(&mut self) -> Option<Time> {
        loop {
            let Reverse((turn, source)) = *self.heads.peek()?;
            match source {
                Source::Line(line) => {
                    let head = self.lines[line].front();
                    if head.is_some_and(|head| head.turn == turn) {
                        return Some(turn.0);
                    }
                    self.heads.pop();
                }
                Source::Alarm(node) => {
                    let alarm = &mut self.alarms[node];
                    if alarm.set == Some(turn) {
                        return Some(turn.0);
                    }
                    self.heads.pop();
                    if alarm.head == Some(turn) {
                        alarm.head = alarm.set;
                        if let Some(turn) = alarm.set {
                            self.heads.push(Reverse((turn, source)));
                        }
                    }
                }
            }
        }
    }

    /// What happens next, if that is at `end` or before.
    pub fn pop(&mut self, end: Time) -> Option<(Time, Next)> {
        if self.next_time()? > end {
            return None;
        }
        let mut top = self.heads.peek_mut()?;
        let Reverse((turn, source)) = *top;
        match source {
            Source::Line(line) => {
                let queue = &mut self.lines[line];
                let due = queue.pop_front()?;
                match queue.front() {
                    Some(head) => top.0.0 = head.turn,
                    None => {
                        PeekMut::pop(top);
                    }
                }
                let packet = due.packet;
                Some((turn.0, Next::Packet { line, packet }))
            }
            Source::Alarm(node) => {
                PeekMut::pop(top);
                self.alarms[node] = Alarm::default();
                Some((turn.0, Next::Alarm { node }))
            }
        }
    }

    fn turn(&mut self, at: Time) -> Turn {
        self.queued += 1;
        (at, self.queued)
    }
}
