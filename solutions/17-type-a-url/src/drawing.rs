//! Given, not an exercise: the stages of pages as a picture.

use std::fmt::Write;
use std::time::Duration;

use crate::{Page, Stage};

/// A colour for each stage, legible on light and on dark.
const COLOURS: [(Stage, &str); 5] = [
    (Stage::Dns, "#8e6fd8"),
    (Stage::Tcp, "#3f8fd6"),
    (Stage::Tls, "#2f9e6e"),
    (Stage::FirstByte, "#d98b2b"),
    (Stage::Body, "#cf5566"),
];

const WIDTH: f64 = 640.0;
const LEFT: f64 = 8.0;
const ROW: f64 = 46.0;

/// The timelines of these pages as SVG: a row for each page, a bar for each stage, on one axis that begins at `start`.
pub fn timeline_svg(pages: &[Page], start: Duration) -> String {
    let ms = |time: Duration| time.saturating_sub(start).as_secs_f64() * 1000.0;
    let end = pages.iter().map(|page| ms(page.timeline.body.to));
    let end = end.fold(0.001, f64::max);
    let x = |time: Duration| LEFT + (WIDTH - 2.0 * LEFT) * ms(time) / end;
    let height = 60.0 + ROW * pages.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" role=\"img\" \
         font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"13\" fill=\"currentColor\">\n\
         <title>The stages of each page</title>\n"
    );
    for (n, (stage, colour)) in COLOURS.iter().enumerate() {
        let left = LEFT + 124.0 * n as f64;
        let (words, at) = (words(*stage), left + 20.0);
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"10\" width=\"14\" height=\"14\" rx=\"3\" fill=\"{colour}\"/><text x=\"{at}\" y=\"22\">{words}</text>"
        );
    }
    for (n, page) in pages.iter().enumerate() {
        let y = 38.0 + ROW * n as f64;
        let timeline = &page.timeline;
        let spans = [
            timeline.dns,
            timeline.tcp,
            timeline.tls,
            Some(timeline.first_byte),
            Some(timeline.body),
        ];
        let (text_y, bar_y) = (y + 14.0, y + 20.0);
        let title = escape(&format!(
            "{} {} {} bytes, {:.3} ms",
            page.url,
            page.head.status,
            page.body.len(),
            ms(timeline.body.to)
        ));
        let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{text_y}\">{title}</text>");
        for ((stage, colour), span) in COLOURS.iter().zip(spans) {
            let Some(span) = span else { continue };
            let (left, right) = (x(span.from), x(span.to));
            let width = (right - left).max(1.0);
            let (words, from, to) = (words(*stage), ms(span.from), ms(span.to));
            let _ = writeln!(
                svg,
                "<rect x=\"{left:.1}\" y=\"{bar_y}\" width=\"{width:.1}\" height=\"14\" rx=\"2\" fill=\"{colour}\">\
                 <title>{words}: {from:.3} to {to:.3} ms</title></rect>"
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn words(stage: Stage) -> &'static str {
    match stage {
        Stage::Dns => "dns",
        Stage::Tcp => "tcp",
        Stage::Tls => "tls",
        Stage::FirstByte => "first byte",
        Stage::Body => "body",
        Stage::Redirect => "redirect",
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
