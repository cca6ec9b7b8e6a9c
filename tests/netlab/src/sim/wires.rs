//! The links of a network, with all that is on them and all that is to happen.

use crate::Dice;

use super::link::{Direction, Held, Link, Loss};
use super::queue::Queue;
use super::record::{Fate, Record};
use super::time::Time;
use super::trace::{Counts, Trace};

#[derive(Default)]
pub(super) struct Wires {
    /// For each node the links of its ports, and which of its ends each is.
    ports: Vec<Vec<(usize, usize)>>,
    links: Vec<Cable>,
    pub queue: Queue,
    pub counts: Counts,
}

struct Cable {
    link: Link,
    directions: [Direction; 2],
    /// The node and the port at each end.
    ends: [(usize, usize); 2],
}

impl Wires {
    pub fn add_node(&mut self) {
        self.ports.push(Vec::new());
        self.queue.add_alarm();
    }

    /// Joins two nodes.
    pub fn join(&mut self, nodes: [usize; 2], link: Link, seed: u64) -> usize {
        let id = self.links.len();
        let dice = |direction: u64| Dice::of_stream(seed, 2 * id as u64 + direction);
        let mut end = 0;
        let ends = nodes.map(|node| {
            let ports = &mut self.ports[node];
            ports.push((id, end));
            end += 1;
            (node, ports.len() - 1)
        });
        self.queue.add_line();
        self.queue.add_line();
        self.links.push(Cable {
            link,
            directions: [Direction::new(dice(0)), Direction::new(dice(1))],
            ends,
        });
        id
    }

    pub fn link(&mut self, id: usize) -> &mut Link {
        &mut self.links[id].link
    }

    /// The first link that joins the two nodes.
    pub fn between(&self, a: usize, b: usize) -> Option<usize> {
        self.links.iter().position(|cable| {
            let nodes = cable.ends.map(|(node, _)| node);
            nodes == [a, b] || nodes == [b, a]
        })
    }

    /// The direction of a link that begins at a node, and the node at its end.
    pub fn direction(&mut self, link: usize, from: usize) -> (&mut Direction, usize) {
        let cable = &mut self.links[link];
        let end = cable.ends.iter().position(|(node, _)| *node == from);
        let end = end.expect("the node is at one end of the link");
        (&mut cable.directions[end], cable.ends[1 - end].0)
    }

    pub fn counts(&self) -> Counts {
        let directions = self.links.iter().flat_map(|cable| &cable.directions);
        let held: usize = directions.map(Direction::held).sum();
        Counts {
            on_the_way: held + self.queue.packets(),
            ..self.counts
        }
    }

    /// The node and the port at the end of a line.
    pub fn end_of(&self, line: usize) -> (usize, usize) {
        self.links[line / 2].ends[1 - line % 2]
    }

    /// A node puts a packet onto one of its links.
    pub fn put(
        &mut self,
        now: Time,
        (node, port): (usize, usize),
        mut packet: Vec<u8>,
        trace: &mut Trace,
    ) {
        let Some(&(link, end)) = self.ports[node].get(port) else {
            panic!("{} has no port {port}", trace.nodes[node]);
        };
        let line = 2 * link + end;
        let cable = &mut self.links[link];
        let direction = &mut cable.directions[end];
        let passage = direction.pass(&cable.link, now, &mut packet);

        self.counts.sent += 1;
        self.counts.flipped += usize::from(passage.flipped.is_some());
        let fate = match (passage.fate, passage.held_by) {
            (Ok(_), Some(_)) => Fate::Held,
            (Ok(at), None) => Fate::Arrives(at),
            (Err(loss), _) => Fate::Lost(loss),
        };
        let mut record = Record::new(now, (link, end), fate);
        record.plan = passage.plan;
        record.flipped = passage.flipped;
        let entry = trace.add(&packet, record);
        match passage.fate {
            Err(loss) => {
                *match loss {
                    Loss::Plan => &mut self.counts.lost_by_plan,
                    Loss::Chance => &mut self.counts.lost_by_chance,
                    Loss::QueueFull => &mut self.counts.lost_in_queue,
                    Loss::TooLong => &mut self.counts.too_long,
                } += 1;
            }
            Ok(arrives) => {
                if passage.is_repeated {
                    self.counts.copies += 1;
                    trace.copy(entry, arrives);
                }
                let copy = passage.is_repeated.then(|| packet.clone());
                match passage.held_by {
                    Some(plan) => direction.hold(Held {
                        plan,
                        due: arrives,
                        packet,
                        entry,
                    }),
                    None => self.queue.arrives(line, arrives, packet),
                }
                if let Some(copy) = copy {
                    self.queue.arrives(line, arrives, copy);
                }
            }
        }
        if direction.held() > 0 {
            for held in direction.released() {
                let arrives = held.due.max(passage.due);
                trace.arrives(held.entry, arrives);
                self.queue.arrives(line, arrives, held.packet);
            }
        }
    }
}
