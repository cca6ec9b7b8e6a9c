//! Runs as waterfalls, one below the other, on one axis of time.

use std::time::Duration;

use netlab::picture::Picture;

use super::page::{How, OBJECTS, Run, ms};

const WIDTH: usize = 440;
const LEFT: usize = 8;
/// From one object to the next.
const ROW: usize = 5;
const BAR: usize = 4;
const LEGEND: usize = 28;
/// Above the bars of a run: its name.
const TITLE: usize = 20;
/// Below the last run: the axis.
const AXIS: usize = 24;
/// Of the strip below the bars, in which any byte is seen.
const STRIP: usize = 7;
const PANEL: usize = TITLE + ROW * OBJECTS + STRIP + 14;

const WAITS: &str = "#6b8fd6";
const COMES: &str = "#4fa86a";
const ANY: &str = "#e0842f";
const LOST: &str = "#d65a6e";

pub fn draw(title: &str, runs: &[(How, Run)]) -> String {
    let longest = runs.iter().map(|(_, run)| run.end()).max().expect("runs");
    let scale = Scale(longest);
    let bottom = LEGEND + PANEL * runs.len();
    let mut picture = Picture::new(WIDTH, bottom + AXIS, title);
    let any_loss = runs.iter().any(|(_, run)| !run.losses.is_empty());
    legend(&mut picture, any_loss);
    axis(&mut picture, &scale, bottom);
    for (n, (how, run)) in runs.iter().enumerate() {
        let top = LEGEND + n * PANEL;
        let name = match how {
            How::Http1(1) => "HTTP/1.1, 1 connection".to_owned(),
            How::Http1(count) => format!("HTTP/1.1, {count} connections"),
            How::Http2 => "HTTP/2, 1 connection".to_owned(),
        };
        let name = format!("{name}: {} ms", ms(run.end()));
        picture.text(LEFT, top + 14, "start", 12, 0.95, &name);
        waterfall(&mut picture, &scale, top + TITLE, run);
    }
    picture.finish()
}

/// How far to the right a time stands.
struct Scale(Duration);

impl Scale {
    fn x(&self, time: Duration) -> usize {
        let width = (WIDTH - 2 * LEFT) as f64;
        LEFT + (time.as_secs_f64() / self.0.as_secs_f64() * width).round() as usize
    }
}

fn legend(picture: &mut Picture, any_loss: bool) {
    let mut entries = vec![("waits", WAITS), ("comes", COMES), ("any byte", ANY)];
    if any_loss {
        entries.push(("a segment is lost", LOST));
    }
    let mut x = LEFT;
    for (name, colour) in entries {
        picture.rect(x, 6, 14, 14, colour, opacity(colour));
        picture.text(x + 20, 18, "start", 12, 0.85, name);
        x += 36 + name.len() * 7;
    }
}

fn opacity(colour: &str) -> f64 {
    if colour == WAITS { 0.35 } else { 0.85 }
}

fn axis(picture: &mut Picture, scale: &Scale, bottom: usize) {
    let step = Duration::from_millis(if scale.0 > Duration::from_secs(3) {
        1000
    } else {
        500
    });
    let mut at = Duration::ZERO;
    while at <= scale.0 {
        let x = scale.x(at);
        picture.line(x, LEGEND + TITLE, x, bottom, 0.15);
        let anchor = if at.is_zero() { "start" } else { "middle" };
        let label = format!("{} s", at.as_secs_f64());
        picture.text(x.min(WIDTH - 14), bottom + 14, anchor, 12, 0.7, &label);
        at += step;
    }
}

fn waterfall(picture: &mut Picture, scale: &Scale, top: usize, run: &Run) {
    for loss in &run.losses {
        let x = scale.x(*loss);
        picture.raw(&format!(
            "<line x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{}\" stroke=\"{LOST}\" opacity=\"0.85\"/>",
            top - 3,
            top + ROW * OBJECTS + STRIP + 4,
        ));
    }
    for (n, object) in run.objects.iter().enumerate() {
        let y = top + n * ROW;
        let (asked, ends) = (scale.x(object.asked), scale.x(object.ends()));
        bar(picture, (asked, ends + 1), y, WAITS);
        for piece in pieces(scale, &object.arrivals) {
            bar(picture, piece, y, COMES);
        }
    }
    for (from, to) in pieces(scale, &run.bytes) {
        let y = top + ROW * OBJECTS + 3;
        let width = to - from;
        picture.raw(&format!(
            "<rect x=\"{from}\" y=\"{y}\" width=\"{width}\" height=\"{STRIP}\" fill=\"{ANY}\" opacity=\"0.85\"/>"
        ));
    }
}

/// Where something comes. What is not more than a pixel apart is one piece.
fn pieces(scale: &Scale, arrivals: &[Duration]) -> Vec<(usize, usize)> {
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for at in arrivals {
        let x = scale.x(*at);
        match pieces.last_mut() {
            Some((_, to)) if x <= *to + 1 => *to = x + 1,
            _ => pieces.push((x, x + 1)),
        }
    }
    pieces
}

fn bar(picture: &mut Picture, (from, to): (usize, usize), y: usize, colour: &str) {
    let (width, opacity) = (to - from, opacity(colour));
    picture.raw(&format!(
        "<rect x=\"{from}\" y=\"{y}\" width=\"{width}\" height=\"{BAR}\" fill=\"{colour}\" opacity=\"{opacity}\"/>"
    ));
}
