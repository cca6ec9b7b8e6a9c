//! What came of a race, as pictures for the book: bars or lines with their spread, in netlab's
//! surface, so that text and axes take the colour of the page.

use netlab::picture::Picture;

use crate::grid;
use crate::race::{Measure, Side, View};
use crate::record::{Outcome, Record, Row};
use crate::stats::Summary;
use crate::table;

/// The files of a race: for each discipline its table, and a picture of it.
pub fn of(record: &Record) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for outcome in &record.disciplines {
        let name = format!("race-{}-{}", record.race, outcome.id);
        let text = table::discipline(outcome);
        files.push((
            format!("{name}.txt"),
            text.trim_start_matches('\n').to_owned(),
        ));
        let svg = match outcome.view {
            Some(View::Bars) => bars(record, outcome),
            Some(View::LinesOverCases) => over_cases(record, outcome),
            Some(View::LinesOverMeasures) => over_measures(record, outcome),
            None => grid::of(record, outcome),
        };
        files.push((format!("{name}.svg"), svg));
    }
    files
}

const WIDTH: usize = 760;
const MARGIN: usize = 10;
/// Below the drawing: where the figures come from, in two lines.
const SOURCE: usize = 56;

/// Colours that can be told apart, on white and on black, also by who is colour-blind.
const REFERENCE: &str = "#1f83d6";
const MINE: &str = "#d9730d";
const OTHERS: [&str; 5] = ["#12936b", "#b25bd0", "#d14b63", "#a8870a", "#808691"];

fn colour(outcome: &Outcome, row: &Row) -> &'static str {
    let mut others = outcome
        .contestants
        .iter()
        .filter(|its| its.side != Side::Mine && !outcome.is_base(its));
    match others.position(|its| its.name == row.name) {
        Some(place) => OTHERS[place % OTHERS.len()],
        None if row.side == Side::Mine => MINE,
        None => REFERENCE,
    }
}

/// The contestants that have something to show.
fn shown(outcome: &Outcome) -> Vec<&Row> {
    let rows = outcome.contestants.iter();
    rows.filter(|row| row.summary(0, 0).is_some()).collect()
}

fn source(picture: &mut Picture, record: &Record, outcome: &Outcome, y: usize) {
    let mut how = format!(
        "cargo workbook race {}: medians of {} rounds, thin lines their middle half",
        record.race, record.rounds
    );
    if let (Some(View::Bars), Some(base)) = (outcome.view, outcome.base()) {
        how += &format!(", × the ratio to {}", base.name);
    }
    picture.text(MARGIN, y + 18, "start", 11, 0.7, &how);
    picture.text(MARGIN, y + 34, "start", 11, 0.7, &record.machine.line());
}

/// A panel for each measure, a group of bars for each case.
fn bars(record: &Record, outcome: &Outcome) -> String {
    const NAMES: usize = 200;
    const BARS: usize = 360;
    const STEP: usize = 22;
    let rows = shown(outcome);
    let group = 26 + rows.len() * STEP + 6;
    let panel = 34 + outcome.cases.len() * group + 12;
    let height = outcome.measures.len() * panel + SOURCE;
    let mut picture = Picture::new(WIDTH, height, outcome.title);
    for (index, measure) in outcome.measures.iter().enumerate() {
        let mut y = index * panel + 20;
        picture.text(MARGIN, y, "start", 15, 1.0, &table::heading(measure));
        y += 14;
        let most = (0..outcome.cases.len())
            .flat_map(|case| rows.iter().filter_map(move |row| row.summary(case, index)))
            .map(|summary| summary.q3)
            .fold(f64::MIN_POSITIVE, f64::max);
        let x = |figure: f64| NAMES + (figure / most * BARS as f64).round() as usize;
        for (case, name) in outcome.cases.iter().enumerate() {
            picture.text(MARGIN, y + 18, "start", 13, 0.7, name);
            y += 26;
            for row in &rows {
                let Some(Summary { q1, median, q3 }) = row.summary(case, index) else {
                    continue;
                };
                picture.text(NAMES - 10, y + 13, "end", 13, 1.0, &row.label());
                let length = (x(median) - NAMES).max(2);
                picture.rect(NAMES, y, length, 16, colour(outcome, row), 1.0);
                picture.line(x(q1), y + 8, x(q3), y + 8, 1.0);
                picture.line(x(q1), y + 4, x(q1), y + 12, 1.0);
                picture.line(x(q3), y + 4, x(q3), y + 12, 1.0);
                let mut value = table::number(median);
                if let Some(ratio) = outcome.ratio(row, case, index)
                    && !outcome.is_base(row)
                {
                    value += &format!("  ×{}", table::number(ratio));
                }
                picture.text(x(q3.max(median)) + 8, y + 13, "start", 13, 1.0, &value);
                y += STEP;
            }
            y += 6;
        }
    }
    source(
        &mut picture,
        record,
        outcome,
        outcome.measures.len() * panel,
    );
    picture.finish()
}

/// A plot for each measure: cases from left to right.
fn over_cases(record: &Record, outcome: &Outcome) -> String {
    let rows = shown(outcome);
    let plots = outcome
        .measures
        .iter()
        .enumerate()
        .map(|(index, measure)| Plot {
            title: table::heading(measure),
            across: outcome.cases.clone(),
            lines: rows
                .iter()
                .map(|row| Line {
                    name: row.label(),
                    colour: colour(outcome, row),
                    points: (0..outcome.cases.len())
                        .map(|case| row.summary(case, index))
                        .collect(),
                })
                .collect(),
        });
    drawn(record, outcome, plots.collect())
}

/// A plot for each case: measures from left to right.
fn over_measures(record: &Record, outcome: &Outcome) -> String {
    let rows = shown(outcome);
    let Some(Measure { unit, better, .. }) = outcome.measures.first() else {
        return String::new();
    };
    let heading = |case: &str| {
        let name = if outcome.cases.len() > 1 {
            case
        } else {
            outcome.title
        };
        format!(
            "{name}, {unit}: {} is better",
            format!("{better:?}").to_lowercase()
        )
    };
    let plots = outcome.cases.iter().enumerate().map(|(case, name)| Plot {
        title: heading(name),
        across: outcome
            .measures
            .iter()
            .map(|its| its.name.to_owned())
            .collect(),
        lines: rows
            .iter()
            .map(|row| Line {
                name: row.label(),
                colour: colour(outcome, row),
                points: (0..outcome.measures.len())
                    .map(|index| row.summary(case, index))
                    .collect(),
            })
            .collect(),
    });
    drawn(record, outcome, plots.collect())
}

struct Plot {
    title: String,
    /// What stands below the axis, from left to right.
    across: Vec<String>,
    lines: Vec<Line>,
}

struct Line {
    name: String,
    colour: &'static str,
    points: Vec<Option<Summary>>,
}

const PLOT: usize = 330;

fn drawn(record: &Record, outcome: &Outcome, plots: Vec<Plot>) -> String {
    let height = plots.len() * PLOT + SOURCE;
    let mut picture = Picture::new(WIDTH, height, outcome.title);
    for (index, plot) in plots.iter().enumerate() {
        plot.draw(&mut picture, index * PLOT);
    }
    source(&mut picture, record, outcome, plots.len() * PLOT);
    picture.finish()
}

impl Plot {
    fn draw(&self, picture: &mut Picture, top: usize) {
        const LEFT: usize = 80;
        // The names stand to the right of the lines, at 8 pixels a letter.
        let letters = self.lines.iter().map(|line| line.name.chars().count());
        let right = WIDTH - MARGIN - 20 - 8 * letters.max().unwrap_or(0);
        let (high, low) = (top + 44, top + PLOT - 46);
        let all = || {
            self.lines
                .iter()
                .flat_map(|line| line.points.iter().flatten())
        };
        let least = all().map(|point| point.q1).fold(f64::INFINITY, f64::min);
        let most = all()
            .map(|point| point.q3)
            .fold(f64::MIN_POSITIVE, f64::max);
        let scale = Scale::of(least, most);
        let logarithmic = if scale.is_logarithmic() {
            " (log scale)"
        } else {
            ""
        };
        let title = format!("{}{logarithmic}", self.title);
        picture.text(MARGIN, top + 20, "start", 15, 1.0, &title);
        let y = |figure: f64| low - (scale.place(figure) * (low - high) as f64).round() as usize;
        for tick in scale.ticks() {
            picture.line(LEFT, y(tick), right, y(tick), 0.2);
            picture.text(LEFT - 8, y(tick) + 4, "end", 12, 0.8, &tick_name(tick));
        }
        let step = (right - LEFT - 40) / self.across.len().saturating_sub(1).max(1);
        let x = |place: usize| LEFT + 20 + place * step;
        for (place, name) in self.across.iter().enumerate() {
            picture.text(x(place), low + 22, "middle", 12, 0.8, name);
        }
        let mut names: Vec<(usize, &Line)> = Vec::new();
        for line in &self.lines {
            let mut path = String::new();
            for (place, point) in line.points.iter().enumerate() {
                let Some(point) = point else { continue };
                let (x, y_median) = (x(place), y(point.median));
                path += &format!("{}{x} {y_median} ", if path.is_empty() { 'M' } else { 'L' });
                let (q1, q3) = (y(point.q1), y(point.q3));
                picture.raw(&format!(
                    "<path d=\"M{x} {q1} V{q3}\" stroke=\"{0}\" stroke-width=\"1.5\"/>\
                     <circle cx=\"{x}\" cy=\"{y_median}\" r=\"3.5\" fill=\"{0}\"/>",
                    line.colour
                ));
            }
            picture.raw(&format!(
                "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>",
                path.trim_end(),
                line.colour
            ));
            if let Some(last) = line.points.iter().flatten().last() {
                names.push((y(last.median), line));
            }
        }
        // Names stand at the ends of their lines, one below the other where these meet.
        names.sort_by_key(|(y, _)| *y);
        let mut free = 0;
        for (y, line) in names {
            let at = y.max(free);
            free = at + 17;
            picture.raw(&format!(
                "<circle cx=\"{}\" cy=\"{at}\" r=\"4\" fill=\"{}\"/>",
                right + 10,
                line.colour
            ));
            picture.text(right + 20, at + 4, "start", 13, 1.0, &line.name);
        }
    }
}

/// From a figure to its place between 0, at the bottom, and 1.
enum Scale {
    Linear {
        most: f64,
        step: f64,
    },
    /// Powers of ten.
    Logarithmic {
        from: f64,
        to: f64,
    },
}

impl Scale {
    /// Logarithmic when the figures lie far apart: a linear one would show the large ones only.
    fn of(least: f64, most: f64) -> Scale {
        if least > 0.0 && most / least > 20.0 {
            return Scale::Logarithmic {
                from: least.log10().floor(),
                to: most.log10().ceil(),
            };
        }
        let rough = most / 4.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|times| times * power)
            .into_iter()
            .find(|&step| step >= rough)
            .unwrap_or(rough);
        Scale::Linear {
            most: (most / step).ceil() * step,
            step,
        }
    }

    fn is_logarithmic(&self) -> bool {
        matches!(self, Scale::Logarithmic { .. })
    }

    fn place(&self, figure: f64) -> f64 {
        match self {
            Scale::Linear { most, .. } => figure / most,
            Scale::Logarithmic { from, to } => (figure.log10() - from) / (to - from),
        }
    }

    fn ticks(&self) -> Vec<f64> {
        match self {
            Scale::Linear { most, step } => {
                let count = (most / step).round() as usize;
                (0..=count).map(|n| n as f64 * step).collect()
            }
            Scale::Logarithmic { from, to } => {
                let powers = *from as i32..=*to as i32;
                powers.map(|power| 10_f64.powi(power)).collect()
            }
        }
    }
}

/// `10`, where a figure would be `10.0`.
fn tick_name(tick: f64) -> String {
    let name = table::number(tick);
    match name.contains('.') {
        true => name.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_round_ticks_around_its_figures() {
        let linear = Scale::of(20.0, 87.0);
        assert_eq!(linear.ticks(), [0.0, 50.0, 100.0]);
        assert_eq!(linear.place(50.0), 0.5);
        let logarithmic = Scale::of(15.0, 40_000.0);
        assert_eq!(
            logarithmic.ticks(),
            [10.0, 100.0, 1000.0, 10_000.0, 100_000.0]
        );
        assert_eq!(logarithmic.place(1000.0), 0.5);
    }
}
