//! The trace as a picture: a lane a node, time runs down, an arrow leans from where its packet was sent to
//! where it came. Two lanes fit a phone.
//!
//! What happens has a row each, in its order; the distance between two rows says nothing about time, which
//! stands at the left.

use super::decode;
use super::ladder::{self, Moment};
use super::record::Fate;
use super::time::Time;
use super::trace::{Entry, Trace};
use crate::pictures::canvas::{Picture, escape};
use crate::report::hex;
use crate::report::text::wrap;

impl Trace {
    /// The picture, with a title for those who do not see it.
    pub fn svg(&self, title: &str) -> String {
        draw(self, title)
    }
}

/// More moments than this are cut in the middle.
const MOST: usize = 300;

const TOP: usize = 44;
const FIRST_LANE: usize = 80;
const SIZE: usize = 13;
const LINE: usize = 16;
/// How wide a character of that size is.
const CHARACTER: usize = 8;
const RED: &str = "#d5453c";

/// Something that has a row.
enum Event<'a> {
    Sent(usize),
    Arrived,
    Said(usize, &'a str),
    /// So many moments are left out here.
    Gap(usize),
}

/// A packet in the picture.
struct Arrow<'a> {
    entry: Entry<'a>,
    label: Vec<String>,
    /// The rows of its ends.
    sent: usize,
    arrived: Option<usize>,
}

fn draw(trace: &Trace, title: &str) -> String {
    let actors = ladder::actors(trace);
    let gap = if actors.len() > 2 { 160 } else { 370 };
    let lane = |node: usize| {
        let place = actors.iter().position(|actor| *actor == node);
        FIRST_LANE + gap * place.unwrap_or(0)
    };
    let (arrows, events) = arrange(trace, (gap - 12) / CHARACTER);

    // Where each event's row is: a label stands above the beginning of its arrow.
    let mut y = TOP;
    let mut rows = Vec::new();
    for (_, event) in &events {
        y += match event {
            Event::Sent(arrow) => 12 + LINE * arrows[*arrow].label.len(),
            Event::Arrived => 12,
            Event::Said(..) | Event::Gap(_) => 20,
        };
        rows.push(y);
    }

    let last = FIRST_LANE + gap * actors.len().saturating_sub(1);
    let longest = actors
        .last()
        .map_or(0, |node| trace.nodes[*node].chars().count());
    let width = last + (longest * 9 / 2).max(12) + 4;
    let height = y + 24;
    let mut svg = Picture::new(width, height, title);
    for node in &actors {
        svg.text(lane(*node), 22, "middle", 15, 1.0, &trace.nodes[*node]);
        svg.line(lane(*node), 32, lane(*node), height - 8, 0.35);
    }
    let mut time = None;
    for ((at, event), y) in events.iter().zip(&rows) {
        if time != Some(*at) && !matches!(event, Event::Gap(_)) {
            let text = format!("{} ms", ladder::shown(*at));
            svg.text(2, y + 4, "start", 11, 0.7, &text);
            time = Some(*at);
        }
    }
    for arrow in &arrows {
        draw_arrow(&mut svg, arrow, lane, |event| rows[event]);
    }
    for ((_, event), y) in events.iter().zip(&rows) {
        match event {
            Event::Said(node, words) => {
                let x = lane(*node);
                svg.dot(x, *y);
                if x == last && actors.len() > 1 {
                    svg.label(x - 9, y + 4, "end", SIZE, words);
                } else {
                    svg.label(x + 9, y + 4, "start", SIZE, words);
                }
            }
            Event::Gap(count) => {
                let words = format!("… {count} more …");
                svg.label(FIRST_LANE + 12, y + 4, "start", SIZE, &words);
            }
            Event::Sent(_) | Event::Arrived => {}
        }
    }
    svg.finish()
}

/// All arrows, and what happens in its order. A line of a label has room for so many characters.
fn arrange(trace: &Trace, room: usize) -> (Vec<Arrow<'_>>, Vec<(Time, Event<'_>)>) {
    let moments = ladder::without_middle(ladder::moments(trace), MOST / 2, MOST / 2);
    let mut arrows: Vec<Arrow> = Vec::new();
    let mut events = Vec::new();
    // Those that are under way, the next to come last.
    let mut under_way: Vec<(Time, usize)> = Vec::new();
    let mut flow = (String::new(), String::new());
    for moment in moments {
        let now = match moment {
            Moment::Packet { entry, .. } => entry.sent,
            Moment::Note(note) => note.at,
            Moment::Gap(count) => {
                events.push((Time::ZERO, Event::Gap(count)));
                continue;
            }
        };
        let comes = |under_way: &mut Vec<(Time, usize)>| under_way.pop_if(|(at, _)| *at <= now);
        while let Some((at, arrow)) = comes(&mut under_way) {
            arrows[arrow].arrived = Some(events.len());
            events.push((at, Event::Arrived));
        }
        match moment {
            Moment::Gap(_) => {}
            Moment::Note(note) => events.push((now, Event::Said(note.node, &note.words))),
            Moment::Packet { entry, .. } => {
                if let Fate::Arrives(at) = entry.fate {
                    let place = under_way.partition_point(|(other, _)| *other > at);
                    under_way.insert(place, (at, arrows.len()));
                }
                events.push((now, Event::Sent(arrows.len())));
                arrows.push(Arrow {
                    label: label(&entry, room, &mut flow),
                    entry,
                    sent: events.len() - 1,
                    arrived: None,
                });
            }
        }
    }
    for (at, arrow) in under_way.into_iter().rev() {
        arrows[arrow].arrived = Some(events.len());
        events.push((at, Event::Arrived));
    }
    (arrows, events)
}

/// What the packet says. Between whom it goes is said when that is not as for the packet before.
fn label(entry: &Entry, room: usize, flow: &mut (String, String)) -> Vec<String> {
    let said = decode::read(entry.medium(), entry.bytes());
    let (a, b) = (&said.from, &said.to);
    let is_known = *flow == (a.clone(), b.clone()) || *flow == (b.clone(), a.clone());
    let mut lines = Vec::new();
    if !b.is_empty() && !is_known {
        lines.extend(wrap(&format!("{a} → {b}"), room));
        *flow = (said.from, said.to);
    }
    lines.extend(wrap_pairs(&said.words, room));
    if !entry.remark().is_empty() {
        lines.extend(wrap(&format!("({})", entry.remark()), room));
    }
    lines
}

/// Wraps words, but not between a name and its number: `ttl 1` is read as one.
fn wrap_pairs(words: &str, room: usize) -> Vec<String> {
    const BOUND: &str = "\u{1}";
    let mut bound = String::new();
    let mut is_name = false;
    for word in words.split_whitespace() {
        let is_number = word.starts_with(|c: char| c.is_ascii_digit());
        bound += match bound.is_empty() {
            true => "",
            false if is_name && is_number => BOUND,
            false => " ",
        };
        bound += word;
        is_name = word.chars().all(|c| c.is_ascii_lowercase());
    }
    let lines = wrap(&bound, room).into_iter();
    lines.map(|line| line.replace(BOUND, " ")).collect()
}

fn draw_arrow(
    svg: &mut Picture,
    arrow: &Arrow,
    lane: impl Fn(usize) -> usize,
    row: impl Fn(usize) -> usize,
) {
    let entry = &arrow.entry;
    let (from, to) = entry.nodes();
    let (x1, y1, x2) = (lane(from), row(arrow.sent), lane(to));
    let note = escape(&hex::rows(entry.bytes()));
    svg.raw(&format!("<g><title>{note}</title>"));
    let middle = x1.midpoint(x2);
    match arrow.arrived {
        Some(arrived) => slanted(svg, (x1, y1), (x2, row(arrived)), entry.is_copy),
        None => {
            svg.raw(&format!(
                "<path d=\"M{x1} {y1} L{middle} {y1}\" stroke=\"{RED}\" stroke-dasharray=\"5 3\"/>"
            ));
            svg.raw(&format!("<g fill=\"{RED}\">"));
            svg.label(middle, y1 + 5, "middle", 15, "✗");
            svg.raw("</g>");
        }
    }
    // Above the beginning of the arrow.
    let (x, anchor) = if x1 < x2 {
        (x1 + 6, "start")
    } else {
        (x1 - 6, "end")
    };
    for (n, line) in arrow.label.iter().rev().enumerate() {
        svg.label(x, y1 - 5 - LINE * n, anchor, SIZE, line);
    }
    svg.raw("</g>");
}

/// An arrow that leans.
fn slanted(svg: &mut Picture, (x1, y1): (usize, usize), (x2, y2): (usize, usize), is_copy: bool) {
    let dashes = if is_copy {
        " stroke-dasharray=\"5 3\""
    } else {
        ""
    };
    svg.raw(&format!(
        "<path d=\"M{x1} {y1} L{x2} {y2}\" stroke=\"currentColor\"{dashes}/>"
    ));
    let (dx, dy) = (x2 as f64 - x1 as f64, y2 as f64 - y1 as f64);
    let length = dx.hypot(dy).max(1.0);
    let (ux, uy) = (dx / length, dy / length);
    let corner = |along: f64, aside: f64| {
        let x = x2 as f64 - ux * along - uy * aside;
        let y = y2 as f64 - uy * along + ux * aside;
        format!("{x:.1} {y:.1}")
    };
    svg.raw(&format!(
        "<path d=\"M{x2} {y2} L{} L{} Z\"/>",
        corner(10.0, 4.5),
        corner(10.0, -4.5)
    ));
}

#[cfg(test)]
mod tests {
    use super::wrap_pairs;

    #[test]
    fn a_number_stays_beside_its_name() {
        let lines = wrap_pairs("ICMP echo request id 7 seq 1 ttl 64", 18);
        assert_eq!(lines, ["ICMP echo request", "id 7 seq 1 ttl 64"]);
        let lines = wrap_pairs("ICMP echo request id 19522 seq 1 ttl 64", 18);
        assert_eq!(lines, ["ICMP echo request", "id 19522 seq 1", "ttl 64"]);
    }
}
