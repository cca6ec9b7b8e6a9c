//! The same ladder as a picture.
//!
//! The picture is meant to be included in a page: text and lines take the colour of the text around
//! them, so that it is legible in light and dark. It holds no blank line, which would end an HTML
//! block in Markdown.

use crate::ladder;
use crate::patience::in_words;
use crate::story::{Line, What};

const ROW: usize = 34;
const TOP: usize = 46;
const FIRST_LANE: usize = 110;

pub fn ladder(lines: &[Line]) -> String {
    let actors = ladder::actors(lines);
    let gap = if actors.len() > 2 { 230 } else { 330 };
    let lane = |who: &str| FIRST_LANE + gap * actors.iter().position(|a| a == who).unwrap_or(0);
    let last = FIRST_LANE + gap * actors.len().saturating_sub(1);
    let (width, height) = (last + 250, TOP + ROW * lines.len() + 16);

    let mut svg = Svg::open(width, height, "What happened, line by line");
    for actor in &actors {
        let x = lane(actor);
        svg.text(x, 22, "middle", 15, "bold", 1.0, actor);
        svg.line(x, 32, x, height - 8, 0.35);
    }
    for (i, line) in lines.iter().enumerate() {
        let y = TOP + ROW * i + ROW / 2;
        svg.text(8, y + 4, "start", 11, "normal", 0.6, &in_words_short(line));
        let text = ladder::phrase(line, actors.is_empty());
        match &line.what {
            What::Note(_) => svg.text(FIRST_LANE + 12, y + 4, "start", 13, "normal", 0.8, &text),
            What::Act { who, .. } => {
                let x = if actors.is_empty() {
                    FIRST_LANE
                } else {
                    lane(who)
                };
                svg.dot(x, y);
                svg.text(x + 12, y + 4, "start", 13, "normal", 1.0, &text);
            }
            What::Arrow { from, to, .. } => {
                let (from, to) = (lane(from), lane(to));
                svg.arrow(from, to, y);
                svg.text(from.midpoint(to), y - 5, "middle", 13, "normal", 1.0, &text);
            }
        }
        if !line.detail.is_empty() {
            svg.text(last + 14, y + 4, "start", 11, "normal", 0.7, &line.detail);
        }
    }
    svg.close()
}

fn in_words_short(line: &Line) -> String {
    let micros = line.at.as_micros();
    if micros < 10_000 {
        format!("{:.2} ms", micros as f64 / 1000.0)
    } else {
        in_words(line.at)
    }
}

/// A drawing surface for pictures that stand in a page.
struct Svg(String);

impl Svg {
    fn open(width: usize, height: usize, title: &str) -> Svg {
        Svg(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" role=\"img\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" \
             fill=\"currentColor\" stroke=\"none\">\n<title>{}</title>\n",
            escape(title)
        ))
    }

    #[allow(clippy::too_many_arguments)] // the attributes of a text element, in their order
    fn text(
        &mut self,
        x: usize,
        y: usize,
        anchor: &str,
        size: usize,
        weight: &str,
        opacity: f64,
        text: &str,
    ) {
        self.0.push_str(&format!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-size=\"{size}\" \
             font-weight=\"{weight}\" opacity=\"{opacity}\">{}</text>\n",
            escape(text)
        ));
    }

    fn line(&mut self, x1: usize, y1: usize, x2: usize, y2: usize, opacity: f64) {
        self.0.push_str(&format!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"currentColor\" opacity=\"{opacity}\"/>\n"
        ));
    }

    fn dot(&mut self, x: usize, y: usize) {
        self.0
            .push_str(&format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"4\"/>\n"));
    }

    fn arrow(&mut self, from: usize, to: usize, y: usize) {
        let (tip, back) = if from < to {
            (to - 2, to - 11)
        } else {
            (to + 2, to + 11)
        };
        self.line(from, y, tip, y, 1.0);
        let (above, below) = (y - 5, y + 5);
        self.0.push_str(&format!(
            "<path d=\"M{tip} {y} L{back} {above} L{back} {below} Z\"/>\n"
        ));
    }

    fn close(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{Story, YOU};

    #[test]
    fn picture_has_a_lane_an_actor_and_no_blank_line() {
        let story = Story::begin();
        story.arrow("peer", YOU, "<hi> & co", "");
        let svg = ladder(&story.lines());
        assert!(
            svg.contains(">peer</text>") && svg.contains(">you</text>"),
            "{svg}"
        );
        assert!(svg.contains("&lt;hi&gt; &amp; co"), "{svg}");
        assert!(!svg.contains("\n\n"), "{svg}");
    }
}
