//! The ladder as a picture.

use super::canvas::Picture;
use crate::report::hex;
use crate::report::ladder;
use crate::report::story::{Line, What};
use crate::report::text::in_words;

const ROW: usize = 34;
const TOP: usize = 46;
const FIRST_LANE: usize = 110;

/// More lines than this are cut in the middle.
const MOST: usize = 300;

pub fn draw(lines: &[Line]) -> String {
    let (lines, left_out) = cut(lines);
    let lines = &lines[..];
    let actors = ladder::actors(lines);
    let gap = if actors.len() > 2 { 230 } else { 330 };
    let lane = |who: &str| FIRST_LANE + gap * actors.iter().position(|a| a == who).unwrap_or(0);
    let last = FIRST_LANE + gap * actors.len().saturating_sub(1);
    // What stands right of the last lane needs room; a character of 13 pixels is 8 wide.
    let beside = |line: &Line| match &line.what {
        What::Act { who, .. } => {
            let from = if actors.is_empty() {
                FIRST_LANE
            } else {
                lane(who)
            };
            from + 20 + 8 * ladder::phrase(line, actors.is_empty()).chars().count()
        }
        _ => 0,
    };
    let width = lines.iter().map(beside).fold(last + 250, usize::max);
    let height = TOP + ROW * lines.len() + 16;

    let mut svg = Picture::new(width, height, "What happened, line by line");
    for actor in &actors {
        let x = lane(actor);
        svg.text(x, 22, "middle", 15, 1.0, actor);
        svg.line(x, 32, x, height - 8, 0.35);
    }
    for (i, line) in lines.iter().enumerate() {
        if left_out > 0 && i == MOST / 2 {
            let y = TOP + ROW * i + 4;
            svg.label(
                FIRST_LANE + 12,
                y,
                "start",
                13,
                &format!("… {left_out} more steps …"),
            );
        }
        let y = TOP + ROW * i + ROW / 2;
        svg.text(8, y + 4, "start", 11, 0.6, &in_words_short(line));
        let text = ladder::phrase(line, actors.is_empty());
        match &line.what {
            What::Note(_) => svg.label(FIRST_LANE + 12, y + 4, "start", 13, &text),
            What::Act { who, .. } => {
                let x = if actors.is_empty() {
                    FIRST_LANE
                } else {
                    lane(who)
                };
                svg.dot(x, y);
                svg.label(x + 12, y + 4, "start", 13, &text);
            }
            What::Arrow { from, to, .. } => {
                let (from, to) = (lane(from), lane(to));
                if !line.bytes.is_empty() {
                    svg.begin_note((from, to), y, &hex::rows(&line.bytes));
                }
                svg.arrow(from, to, y);
                svg.label(from.midpoint(to), y - 5, "middle", 13, &text);
                if !line.bytes.is_empty() {
                    svg.end_note();
                }
            }
        }
        if !line.detail.is_empty() {
            svg.text(last + 14, y + 4, "start", 11, 0.7, &line.detail);
        }
    }
    svg.finish()
}

/// The beginning and the end of a long story, and how many lines lay between them.
fn cut(lines: &[Line]) -> (Vec<Line>, usize) {
    if lines.len() <= MOST {
        return (lines.to_vec(), 0);
    }
    let (head, tail) = (&lines[..MOST / 2], &lines[lines.len() - MOST / 2..]);
    ([head, tail].concat(), lines.len() - MOST)
}

fn in_words_short(line: &Line) -> String {
    let micros = line.at.as_micros();
    if micros < 10_000 {
        format!("{:.2} ms", micros as f64 / 1000.0)
    } else {
        in_words(line.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::story::{Story, YOU};

    #[test]
    fn picture_has_a_lane_an_actor_and_no_blank_line() {
        let story = Story::begin();
        story.carries("peer", YOU, "<hi> & co", b"hi <&\x00");
        let svg = draw(&story.lines());
        assert!(
            svg.contains(">peer</text>") && svg.contains(">you</text>"),
            "{svg}"
        );
        assert!(svg.contains("&lt;hi&gt; &amp; co"), "{svg}");
        assert!(
            svg.contains("<title>0000  68 69 20 3c 26 00  hi &lt;&amp;.</title>"),
            "{svg}"
        );
        assert!(!svg.contains("\n\n"), "{svg}");
    }

    #[test]
    fn a_long_story_is_cut_in_the_middle() {
        let story = Story::begin();
        for i in 0..1000 {
            story.act(YOU, format!("step {i}."), "");
        }
        let svg = draw(&story.lines());
        for words in ["step 0.", "step 999.", "… 700 more steps …"] {
            assert!(svg.contains(words), "no {words} in {svg}");
        }
        assert!(!svg.contains("step 500."), "{svg}");
    }
}
