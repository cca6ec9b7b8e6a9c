//! The story as text.
//!
//! Where something crosses between actors, each actor gets a lane and the story is a ladder; where
//! nothing does, it is a list of sentences.

use super::row::Row;
use super::story::{Line, What, YOU};
use super::text::{WIDTH, wrap};

/// Columns beside the numbers.
const ROOM: usize = WIDTH - 6;
/// More rows than this are cut in the middle: the beginning and the end tell the story, and a
/// report should fit a terminal of 24 lines.
const MOST: usize = 16;
/// A step that takes more rows than this is cut itself: a call with thirty arguments is known by the first ones.
const LONGEST: usize = 6;

pub fn text(lines: &[Line]) -> String {
    let actors = actors(lines);
    let steps: Vec<Vec<String>> = lines
        .iter()
        .enumerate()
        .map(|(i, line)| {
            let rows = if actors.is_empty() {
                sentence(line)
            } else {
                rung(line, &actors)
            };
            numbered(i + 1, rows)
        })
        .collect();
    let mut out = String::new();
    if !actors.is_empty() {
        out.push_str(&heading(&actors));
    }
    for row in cut(steps) {
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// Everybody in the story, in order of appearance; nobody when nothing crosses between two.
pub fn actors(lines: &[Line]) -> Vec<String> {
    let mut actors: Vec<String> = Vec::new();
    let mut meet = |who: &String| {
        if !actors.contains(who) {
            actors.push(who.clone());
        }
    };
    let mut arrows = false;
    // Who sends comes before who only acts: the lanes are for what crosses.
    for line in lines {
        if let What::Arrow { from, to, .. } = &line.what {
            arrows = true;
            meet(from);
            meet(to);
        }
    }
    for line in lines {
        if let What::Act { who, .. } = &line.what {
            meet(who);
        }
    }
    if arrows { actors } else { Vec::new() }
}

fn numbered(number: usize, rows: Vec<String>) -> Vec<String> {
    let mut rows = rows.into_iter();
    let first = rows.next().map(|row| format!("{number:>3}  {row}"));
    first
        .into_iter()
        .chain(rows.map(|row| format!("     {row}")))
        .collect()
}

/// The first steps and the last ones, each of them whole, as many as there is room for.
fn cut(steps: Vec<Vec<String>>) -> Vec<String> {
    let steps: Vec<Vec<String>> = steps.into_iter().map(shortened).collect();
    if steps.iter().map(Vec::len).sum::<usize>() <= MOST {
        return steps.concat();
    }
    // How many of these steps have so many rows together; one in any case.
    let fit = |steps: &mut dyn Iterator<Item = &Vec<String>>, room: usize| {
        let mut rows = 0;
        steps
            .take_while(|step| {
                rows += step.len();
                rows <= room
            })
            .count()
            .max(1)
    };
    let head = fit(&mut steps.iter(), MOST / 4);
    let rows = steps[..head].iter().map(Vec::len).sum::<usize>();
    let tail = fit(
        &mut steps[head..].iter().rev(),
        MOST.saturating_sub(rows + 1),
    );
    let hidden = steps.len() - head - tail;
    let mut kept = steps[..head].concat();
    if hidden > 0 {
        let word = if hidden == 1 { "step" } else { "steps" };
        kept.push(format!("     … {hidden} more {word} …"));
    }
    kept.extend(steps[steps.len() - tail..].concat());
    kept
}

/// The first rows of a long step, and its last one, which says how it ended.
fn shortened(mut rows: Vec<String>) -> Vec<String> {
    if let Some(last) = rows.pop() {
        if rows.len() >= LONGEST {
            rows.truncate(LONGEST - 2);
            rows.push("     …".to_owned());
        }
        rows.push(last);
    }
    rows
}

/// `reader gives 5 bytes   × 3        68 65 6c 6c 6f`
fn sentence(line: &Line) -> Vec<String> {
    const MARGIN: usize = 48;
    let text = phrase(line, true);
    let (width, detail) = (text.chars().count(), line.detail.chars().count());
    if detail == 0 {
        wrap(&text, ROOM)
    } else if width < MARGIN && MARGIN + detail <= ROOM {
        vec![format!("{text:<MARGIN$}{}", line.detail)]
    } else if width + 3 + detail <= ROOM {
        vec![format!("{text}   {}", line.detail)]
    } else {
        let mut rows = wrap(&text, ROOM);
        rows.push(format!("    {}", line.detail));
        rows
    }
}

/// What the line says, without its detail.
pub fn phrase(line: &Line, with_name: bool) -> String {
    let mut text = match &line.what {
        What::Act { who, text } if with_name && who != YOU => format!("{who} {text}"),
        What::Act { text, .. } | What::Arrow { text, .. } | What::Note(text) => text.clone(),
    };
    if line.times > 1 {
        text.push_str(&format!("  × {}", line.times));
    }
    if line.failed {
        text.insert_str(0, "✗ ");
    }
    text
}

/// The lanes' columns, evenly spread. Two lanes leave room for the details on their right.
fn columns(count: usize) -> Vec<usize> {
    let gap = match count {
        0 | 1 => 0,
        2 => 40,
        3 => 30,
        n => (ROOM - 14) / (n - 1),
    };
    (0..count).map(|i| i * gap).collect()
}

fn heading(actors: &[String]) -> String {
    let mut row = Row::new();
    for (actor, column) in actors.iter().zip(columns(actors.len())) {
        row.put(column, actor);
    }
    format!("     {}\n", row.text().trim_end())
}

fn rung(line: &Line, actors: &[String]) -> Vec<String> {
    let columns = columns(actors.len());
    let column_of = |who: &str| {
        actors
            .iter()
            .position(|a| a == who)
            .map_or(0, |i| columns[i])
    };
    let mut rows = match &line.what {
        What::Arrow { from, to, .. } => {
            let mut row = Row::lanes(&columns);
            row.arrow(column_of(from), column_of(to), &phrase(line, false));
            vec![row]
        }
        What::Act { who, .. } => beside_lane(&columns, column_of(who), line),
        What::Note(_) => wrapped(&columns, &format!("· {}", phrase(line, false))),
    };
    if line.detail.is_empty() {
        return rows.iter().map(Row::text).collect();
    }
    let width = line.detail.chars().count();
    let end = rows[0]
        .width()
        .max(columns.last().map_or(0, |last| last + 1));
    if rows.len() == 1 && end + 3 + width <= ROOM {
        rows[0].put(end + 3, &line.detail);
    } else {
        let lane = match &line.what {
            What::Act { who, .. } => column_of(who),
            What::Arrow { from, to, .. } => column_of(from).min(column_of(to)),
            What::Note(_) => 0,
        };
        let mut below = Row::lanes(&columns);
        below.put((lane + 4).min(ROOM.saturating_sub(width)), &line.detail);
        rows.push(below);
    }
    rows.iter().map(Row::text).collect()
}

/// What an actor does by itself: right of its lane, or left of it where the line would grow too
/// long, or over the whole width with the actor's name.
fn beside_lane(columns: &[usize], lane: usize, line: &Line) -> Vec<Row> {
    let text = phrase(line, false);
    let width = text.chars().count();
    let mut row = Row::lanes(columns);
    if lane + 2 + width <= ROOM {
        row.put(lane + 2, &text);
    } else if width + 3 <= lane {
        row.put(lane - width - 1, &text);
    } else {
        return wrapped(columns, &phrase(line, true));
    }
    vec![row]
}

fn wrapped(columns: &[usize], text: &str) -> Vec<Row> {
    let pieces = wrap(text, ROOM - 2).into_iter();
    pieces
        .map(|piece| {
            let mut row = Row::lanes(columns);
            row.put(2, &piece);
            row
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::story::Story;

    #[test]
    fn without_arrows_it_is_a_list_of_sentences() {
        let story = Story::begin();
        story.act(YOU, "your send_all(writer, 5 bytes)", "");
        story.act("writer", "takes 1 of 5 bytes", "68");
        story.act("writer", "takes 1 of 5 bytes", "65");
        story.fails(YOU, "your send_all returns");
        assert_eq!(
            text(&story.lines()),
            "  1  your send_all(writer, 5 bytes)\n\
             \x20 2  writer takes 1 of 5 bytes  × 2                  68 65\n\
             \x20 3  ✗ your send_all returns\n"
        );
    }

    #[test]
    fn arrows_make_lanes_in_order_of_appearance() {
        let story = Story::begin();
        story.arrow("peer", YOU, "connects", "127.0.0.1:1 → :2");
        story.arrow(YOU, "peer", "2 bytes", "\"hi\"");
        story.act("peer", "closes", "");
        assert_eq!(
            text(&story.lines()),
            "     peer                                    you\n\
             \x20 1  ├── connects ──────────────────────────▶│   127.0.0.1:1 → :2\n\
             \x20 2  │◀─ 2 bytes ────────────────────────────┤   \"hi\"\n\
             \x20 3  │ closes                                │\n"
        );
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let story = Story::begin();
        for to in ["server", "forger", "a third one"] {
            story.arrow(
                YOU,
                to,
                "a label that is much too long for the room it has",
                "00 ".repeat(12),
            );
            story.act(to, "does something with a rather long description", "");
        }
        for line in text(&story.lines()).lines() {
            assert!(
                line.chars().count() <= WIDTH,
                "{} columns: {line}",
                line.chars().count()
            );
        }
    }

    #[test]
    fn a_long_story_is_cut_in_the_middle() {
        let story = Story::begin();
        for i in 0..1000 {
            story.act("peer", format!("step {i}"), "");
        }
        let text = text(&story.lines());
        assert!(text.lines().count() <= MOST, "{text}");
        assert!(
            text.contains("step 0\n") && text.contains("step 999\n"),
            "{text}"
        );
        // Four at the beginning, eleven at the end.
        assert!(text.contains("… 985 more steps …"), "{text}");
    }

    #[test]
    fn a_step_is_shown_whole_or_not_at_all() {
        let story = Story::begin();
        for i in 0..10 {
            story.act("peer", format!("step {i}, {}", "word ".repeat(20)), "");
        }
        let text = text(&story.lines());
        assert!(text.lines().count() <= MOST, "{text}");
        // Each takes two rows: two at the beginning, five at the end.
        assert!(text.contains("… 3 more steps …\n  6  "), "{text}");
    }

    #[test]
    fn a_long_step_is_cut_itself() {
        let story = Story::begin();
        story.fails(
            YOU,
            format!("your call({}) goes on", "argument ".repeat(200)),
        );
        let text = text(&story.lines());
        assert_eq!(text.lines().count(), LONGEST, "{text}");
        assert!(text.ends_with("goes on\n"), "{text}");
    }
}
