//! The pictures of the page: sequence number over time, and the time-out beside the round trips.

use std::time::Duration;

use netlab::picture::Picture;

use super::network::Done;

const BLUE: &str = "#5b8dd9";
const RED: &str = "#d9534f";

/// A field with axes: a place in it is a fraction of its width and height.
struct Field {
    picture: Picture,
    right: f64,
    top: f64,
}

const LEFT: usize = 64;
const TOP: usize = 24;
const WIDTH: usize = 640;
const HEIGHT: usize = 300;

impl Field {
    /// `right` and `top` are the values at the ends of the axes.
    fn new(title: &str, (right, along): (f64, &str), (top, up): (f64, &str)) -> Field {
        let mut picture = Picture::new(LEFT + WIDTH + 24, TOP + HEIGHT + 48, title);
        let bottom = TOP + HEIGHT;
        picture.line(LEFT, TOP, LEFT, bottom, 0.6);
        picture.line(LEFT, bottom, LEFT + WIDTH, bottom, 0.6);
        picture.text(LEFT + WIDTH, bottom + 36, "end", 12, 0.8, along);
        picture.text(LEFT - 56, TOP - 8, "start", 12, 0.8, up);
        Field {
            picture,
            right,
            top,
        }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT as f64 + value / self.right * WIDTH as f64
    }

    fn y(&self, value: f64) -> f64 {
        (TOP + HEIGHT) as f64 - value / self.top * HEIGHT as f64
    }

    fn marks(&mut self, along: &[f64], up: &[f64]) {
        let bottom = TOP + HEIGHT;
        for value in along {
            let x = self.x(*value) as usize;
            self.picture.line(x, bottom, x, bottom + 5, 0.6);
            let words = value.to_string();
            self.picture.text(x, bottom + 19, "middle", 11, 0.8, &words);
        }
        for value in up {
            let y = self.y(*value) as usize;
            self.picture.line(LEFT - 5, y, LEFT, y, 0.6);
            let words = value.to_string();
            self.picture.text(LEFT - 9, y + 4, "end", 11, 0.8, &words);
        }
    }

    /// A line through these points; the values are those of the axes.
    fn line(&mut self, points: &[(f64, f64)], style: &str) {
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{:.1},{:.1}", self.x(*x), self.y(*y)))
            .collect();
        let points = points.join(" ");
        self.picture
            .raw(&format!("<polyline points=\"{points}\" {style}/>"));
    }

    fn dot(&mut self, x: f64, y: f64, style: &str) {
        let (x, y) = (self.x(x), self.y(y));
        self.picture
            .raw(&format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" {style}/>"));
    }

    fn words(&mut self, x: f64, y: f64, words: &str) {
        let (x, y) = (self.x(x) as usize, self.y(y) as usize);
        self.picture.label(x, y, "start", 12, words);
    }
}

/// Each segment at its time and its place in the stream; the window as a band, from what is acknowledged to its right
/// edge. What is said stands at a time, in seconds, and a place, in kB.
pub fn sequence(title: &str, window: usize, done: &Done, said: &[(f64, f64, &str)]) -> String {
    let seconds = |at: Duration| at.as_secs_f64();
    let kb = |place: usize| place as f64 / 1000.0;
    let end = done.heard.iter().map(|heard| heard.una).max().unwrap_or(1);
    let mut field = Field::new(
        title,
        (seconds(done.end), "seconds"),
        (kb(end + window) * 1.02, "kB of the stream"),
    );
    let mut lower = vec![(0.0, 0.0)];
    let mut upper = vec![(0.0, kb(window))];
    for heard in &done.heard {
        let at = seconds(heard.at);
        for (edge, now) in [(&mut lower, heard.una), (&mut upper, heard.edge)] {
            let before = edge.last().map_or(0.0, |(_, place)| *place);
            if before != kb(now) {
                edge.extend([(at, before), (at, kb(now))]);
            }
        }
    }
    for edge in [&mut lower, &mut upper] {
        let last = edge.last().map_or(0.0, |(_, place)| *place);
        edge.push((seconds(done.end), last));
    }
    let band: Vec<_> = lower.iter().chain(upper.iter().rev()).copied().collect();
    field.line(&band, &format!("fill=\"{BLUE}\" opacity=\"0.18\""));
    field.line(&lower, &format!("fill=\"none\" stroke=\"{BLUE}\""));
    for sent in &done.sent {
        let style = match sent.is_again {
            true => format!("r=\"3.5\" fill=\"{RED}\""),
            false => "r=\"1.6\"".to_owned(),
        };
        field.dot(seconds(sent.at), kb(sent.begin), &style);
    }
    for (at, place, words) in said {
        field.words(*at, *place, words);
    }
    let whole = (0..=done.end.as_secs())
        .map(|n| n as f64)
        .collect::<Vec<_>>();
    let tens = (0..=(end + window) / 20_000)
        .map(|n| n as f64 * 20.0)
        .collect::<Vec<_>>();
    field.marks(&whole, &tens);
    field.picture.finish()
}

/// Round trips as dots, SRTT and the RTO as lines, in milliseconds.
pub fn time_out(title: &str, samples: &[f64], srtt: &[f64], rto: &[f64]) -> String {
    let top = rto.iter().copied().fold(0.0, f64::max) * 1.05;
    let mut field = Field::new(
        title,
        (samples.len() as f64, "samples"),
        (top, "milliseconds"),
    );
    let points = |values: &[f64]| -> Vec<(f64, f64)> {
        let values = values.iter().enumerate();
        values.map(|(n, value)| (n as f64 + 1.0, *value)).collect()
    };
    field.line(
        &points(srtt),
        &format!("fill=\"none\" stroke=\"{BLUE}\" stroke-width=\"2\""),
    );
    field.line(
        &points(rto),
        &format!("fill=\"none\" stroke=\"{RED}\" stroke-width=\"2\""),
    );
    for (x, y) in points(samples) {
        field.dot(x, y, "r=\"2.5\"");
    }
    let last = samples.len() - 1;
    let x = samples.len() as f64 * 0.86;
    field.words(x, rto[last] + top * 0.05, "RTO");
    field.words(x, srtt[last] - top * 0.09, "SRTT");
    let along: Vec<f64> = (0..=samples.len() / 20).map(|n| n as f64 * 20.0).collect();
    let up: Vec<f64> = (0..=top as usize / 100).map(|n| n as f64 * 100.0).collect();
    field.marks(&along, &up);
    field.picture.finish()
}
