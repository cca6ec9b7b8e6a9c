//! The trace as text, in 80 columns: time runs down, a lane a node, a row a packet.

use super::decode;
use super::record::Fate;
use super::time::Time;
use super::trace::{Entry, Note, Trace};
use crate::report::row::Row;
use crate::report::text::{WIDTH, wrap};

impl Trace {
    /// When each packet was sent, between whom, what it says, and what became of it. An arrow stands where
    /// the packet was sent; where it comes out of order, the row says when.
    ///
    /// ```text
    ///         client                                                     server
    ///   0 ms  │ 10.0.0.1:4000 ↔ 10.0.0.2:80                                   │
    ///   0 ms  ├── SYN seq 100 win 64240 ─────────────────────────────────────▶│
    ///  25 ms  │◀─ SYN,ACK seq 300 ack 101 win 65535 ──────────────────────────┤
    ///  50 ms  ├── ACK seq 101 ack 301 win 64240 lost by plan ──✗             │
    /// ```
    pub fn text(&self) -> String {
        let moments = moments(self);
        joined(rows(self, &moments))
    }

    /// The same without the middle: for a message.
    pub(crate) fn story(&self) -> String {
        let moments = without_middle(moments(self), 3, 11);
        match moments.is_empty() {
            true => String::new(),
            false => joined(rows(self, &moments)),
        }
    }
}

/// The last packets, for a message.
pub(super) fn last(trace: &Trace, count: usize) -> String {
    let moments = moments(trace);
    let first = moments.len().saturating_sub(count);
    joined(rows(trace, &moments[first..]))
}

fn joined(rows: Vec<String>) -> String {
    rows.iter()
        .map(|row| row.trim_end().to_owned() + "\n")
        .collect()
}

/// A moment of the trace.
#[derive(Clone, Copy)]
pub(super) enum Moment<'a> {
    Packet {
        entry: Entry<'a>,
        /// It comes behind one that was sent later, at this time.
        overtaken: Option<Time>,
    },
    Note(&'a Note),
    /// So many are left out here.
    Gap(usize),
}

/// Packets and notes, in the order of time.
pub(super) fn moments(trace: &Trace) -> Vec<Moment<'_>> {
    let mut earliest: Vec<Option<Time>> = vec![None; 2 * trace.links.len()];
    let mut packets: Vec<Moment> = Vec::new();
    for entry in trace.entries().rev() {
        let mut overtaken = None;
        if let Fate::Arrives(at) = entry.fate {
            let earliest = &mut earliest[entry.line() as usize];
            overtaken = earliest.is_some_and(|other| other < at).then_some(at);
            *earliest = Some(earliest.map_or(at, |other| other.min(at)));
        }
        packets.push(Moment::Packet { entry, overtaken });
    }
    let mut moments = Vec::new();
    let mut notes = trace.notes().iter().peekable();
    for (n, packet) in packets.into_iter().rev().enumerate() {
        while let Some(note) = notes.next_if(|note| note.behind <= n) {
            moments.push(Moment::Note(note));
        }
        moments.push(packet);
    }
    moments.extend(notes.map(Moment::Note));
    moments
}

/// The first moments and the last ones.
pub(super) fn without_middle(mut moments: Vec<Moment>, first: usize, last: usize) -> Vec<Moment> {
    let left_out = moments.len().saturating_sub(first + last);
    if left_out > 0 {
        moments.splice(first..first + left_out, [Moment::Gap(left_out)]);
    }
    moments
}

/// The nodes that have a part in the trace, by number.
pub(super) fn actors(trace: &Trace) -> Vec<usize> {
    let mut seen = vec![false; trace.nodes.len()];
    for entry in trace.entries() {
        let (from, to) = entry.nodes();
        seen[from] = true;
        seen[to] = true;
    }
    for note in trace.notes() {
        seen[note.node] = true;
    }
    (0..seen.len()).filter(|node| seen[*node]).collect()
}

/// Where things stand in a row.
struct Layout<'a> {
    trace: &'a Trace,
    /// Columns of the time, its unit and the gap behind it.
    margin: usize,
    /// The nodes that have a lane, and its column.
    lanes: Vec<(usize, usize)>,
    /// Where the words about a packet stand, when not on its arrow.
    words: Option<usize>,
}

/// A heading, and then a row or more for each moment.
fn rows(trace: &Trace, moments: &[Moment]) -> Vec<String> {
    let layout = Layout::of(trace, moments);
    let mut rows: Vec<String> = layout.heading().into_iter().collect();
    let mut flow = (String::new(), String::new());
    for moment in moments {
        match moment {
            Moment::Gap(count) => rows.push(format!("     … {count} more …")),
            Moment::Note(note) => rows.push(layout.note(note)),
            Moment::Packet { entry, overtaken } => {
                let mut remark = entry.remark();
                if let Some(at) = *overtaken {
                    let comma = if remark.is_empty() { "" } else { ", " };
                    remark.push_str(&format!("{comma}arrives at {} ms", shown(at)));
                }
                rows.extend(layout.packet(entry, &remark, &mut flow));
            }
        }
    }
    rows
}

/// In milliseconds, to the microsecond.
pub(super) fn shown(time: Time) -> String {
    Time::from_micros(time.as_micros()).to_string()
}

impl Layout<'_> {
    fn of<'a>(trace: &'a Trace, moments: &[Moment]) -> Layout<'a> {
        let times = moments.iter().map(|moment| match moment {
            Moment::Packet { entry, .. } => shown(entry.sent).len(),
            Moment::Note(note) => shown(note.at).len(),
            Moment::Gap(_) => 0,
        });
        let margin = times.max().unwrap_or(0).max(3) + 5;
        let actors = actors(trace);
        let longest = |nodes: &[usize]| {
            let lengths = nodes.iter().map(|node| trace.nodes[*node].chars().count());
            lengths.max().unwrap_or(0)
        };
        let room = WIDTH - margin;
        let (gap, words) = match actors.len() {
            0..=2 => (room - 1, None),
            n => {
                let gap = (longest(&actors) + 2).max(9);
                (gap, Some((n - 1) * gap + 3))
            }
        };
        let lanes = actors.iter().enumerate().map(|(i, node)| (*node, i * gap));
        let mut layout = Layout {
            trace,
            margin,
            lanes: lanes.collect(),
            words,
        };
        if words.is_some_and(|at| at + 34 > room) {
            // Too many nodes for lanes: `a ──▶ b` stands before the words.
            layout.lanes.clear();
            layout.words = Some((2 * longest(&actors) + 7).min(room / 2));
        }
        layout
    }

    fn columns(&self) -> Vec<usize> {
        self.lanes.iter().map(|(_, column)| *column).collect()
    }

    fn column(&self, node: usize) -> usize {
        let lane = self.lanes.iter().find(|(other, _)| *other == node);
        lane.map_or(0, |(_, column)| *column)
    }

    /// The names of the nodes that have a lane.
    fn heading(&self) -> Option<String> {
        if self.lanes.is_empty() {
            return None;
        }
        let mut row = Row::new();
        for (node, column) in &self.lanes {
            let name = &self.trace.nodes[*node];
            let is_last = self.words.is_none() && *column > 0;
            let back = if is_last { name.chars().count() - 1 } else { 0 };
            row.put(column.saturating_sub(back), name);
        }
        Some(self.row(None, &row))
    }

    /// A row, with the time if it is the one to which that belongs.
    fn row(&self, at: Option<Time>, row: &Row) -> String {
        let width = self.margin - 5;
        let time = match at {
            Some(at) => format!("{:>width$} ms  ", shown(at)),
            None => " ".repeat(self.margin),
        };
        let line = time + &row.text();
        match line.char_indices().nth(WIDTH) {
            // One word that is longer than a row.
            Some(_) => line.chars().take(WIDTH - 1).chain(['…']).collect(),
            None => line,
        }
    }

    fn note(&self, note: &Note) -> String {
        let mut row = Row::lanes(&self.columns());
        let column = self.column(note.node);
        let width = note.words.chars().count();
        let is_last = self.lanes.last().is_some_and(|(_, last)| *last == column);
        match self.words {
            None if column > 0 => row.put(column.saturating_sub(width + 1), &note.words),
            None => row.put(column + 2, &note.words),
            Some(_) if is_last && !self.lanes.is_empty() => row.put(column + 3, &note.words),
            Some(at) => {
                let who = &self.trace.nodes[note.node];
                row.put(at, &format!("{who}: {}", note.words));
                if !self.lanes.is_empty() {
                    row.put(column, "●");
                }
            }
        }
        self.row(Some(note.at), &row)
    }

    /// `flow` is between whom the packet before went.
    fn packet(&self, entry: &Entry, remark: &str, flow: &mut (String, String)) -> Vec<String> {
        let said = decode::read(entry.medium(), entry.bytes());
        let arrives = matches!(entry.fate, Fate::Arrives(_));
        let mark = match (remark, arrives) {
            ("", _) => String::new(),
            (remark, true) => format!("({remark})"),
            (remark, false) => remark.to_owned(),
        };
        let words = format!("{} {mark}", said.words).trim_end().to_owned();
        // Who speaks with whom is said when it changes; the arrow says who of them it is.
        let (a, b) = (&said.from, &said.to);
        let is_new =
            !b.is_empty() && *flow != (a.clone(), b.clone()) && *flow != (b.clone(), a.clone());
        let mut rows = Vec::new();
        match self.words {
            None => {
                if is_new {
                    for piece in wrap(&format!("{a} ↔ {b}"), WIDTH - self.margin - 4) {
                        let mut row = Row::lanes(&self.columns());
                        row.put(2, &piece);
                        rows.push(self.row(None, &row));
                    }
                }
                rows.extend(self.on_the_arrow(entry, arrives, &said.words, &mark));
            }
            Some(at) => {
                let whole = format!("{a} → {b} {words}");
                let room = WIDTH - self.margin - at;
                let pieces = match is_new {
                    true if whole.chars().count() <= room => vec![whole],
                    true => [wrap(&format!("{a} → {b}"), room), wrap(&words, room)].concat(),
                    false => wrap(&words, room),
                };
                rows.extend(self.beside_the_arrow(entry, arrives, at, &pieces));
            }
        }
        if is_new {
            *flow = (said.from, said.to);
        }
        rows
    }

    fn on_the_arrow(&self, entry: &Entry, arrives: bool, words: &str, mark: &str) -> Vec<String> {
        let (from, to) = entry.nodes();
        let (from, to) = (self.column(from), self.column(to));
        let room = from.abs_diff(to) - 7;
        let mut words: String = words.chars().take(room).collect();
        let fits = words.chars().count() + 1 + mark.chars().count() <= room;
        if fits && !mark.is_empty() {
            words = format!("{words} {mark}");
        }
        let mut row = Row::lanes(&self.columns());
        draw_arrow(&mut row, (from, to), arrives, &words);
        let mut rows = vec![self.row(Some(entry.sent), &row)];
        if !fits && !mark.is_empty() {
            let mut row = Row::lanes(&self.columns());
            row.put(3, mark);
            rows.push(self.row(None, &row));
        }
        rows
    }

    fn beside_the_arrow(
        &self,
        entry: &Entry,
        arrives: bool,
        at: usize,
        pieces: &[String],
    ) -> Vec<String> {
        let mut rows = Vec::new();
        for (i, piece) in pieces.iter().enumerate() {
            let mut row = Row::lanes(&self.columns());
            if i == 0 && self.lanes.is_empty() {
                let end = if arrives { "▶" } else { "✗" };
                row.put(0, &format!("{} ──{end} {}", entry.from(), entry.to()));
            } else if i == 0 {
                let (from, to) = entry.nodes();
                draw_arrow(&mut row, (self.column(from), self.column(to)), arrives, "");
            }
            row.put(at, piece);
            rows.push(self.row((i == 0).then_some(entry.sent), &row));
        }
        rows
    }
}

/// An arrow from lane to lane with words on it. One that does not arrive ends in a cross.
fn draw_arrow(row: &mut Row, (from, to): (usize, usize), arrives: bool, words: &str) {
    if arrives {
        row.arrow(from, to, words);
        return;
    }
    let words = match words {
        "" => String::new(),
        words => format!(" {words} ──"),
    };
    if from < to {
        row.put(from, &format!("├──{words}✗"));
    } else {
        let shaft = format!("✗──{words}┤");
        row.put(from + 1 - shaft.chars().count(), &shaft);
    }
}
