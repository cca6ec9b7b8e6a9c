//! What came of a race, for a terminal of 80 columns: it reads alone.

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets,
};

use crate::race::{Better, Measure, View};
use crate::record::{End, Outcome, Record, Row, Verdict};
use crate::stats::{self, Summary};

const WIDTH: u16 = 80;

/// All disciplines, and where they were run.
pub fn of(record: &Record) -> String {
    let mut text = format!("\nRace {}: {}\n", record.race, record.title);
    for outcome in &record.disciplines {
        text += &discipline(outcome);
    }
    text + &colophon(record)
}

/// One discipline: what was done, the figures, and who could not take part.
pub fn discipline(outcome: &Outcome) -> String {
    let mut text = format!("\n{}\n\n{}\n", outcome.title, wrapped(outcome.what));
    match outcome.view {
        None => text += &verdicts(outcome),
        Some(View::LinesOverMeasures) => text += &side_by_side(outcome),
        Some(View::Bars | View::LinesOverCases) => {
            for (index, measure) in outcome.measures.iter().enumerate() {
                text += &figures(outcome, index, measure);
            }
        }
    }
    text += &ends(outcome);
    text
}

/// Who has no figures, and why.
fn ends(outcome: &Outcome) -> String {
    // Several designs of a student stop at the same step, `3.7 …`: one line for them.
    let mut all: Vec<(Vec<&str>, &str, &str)> = Vec::new();
    for row in &outcome.contestants {
        let Some((word, why)) = row.end.as_ref().map(End::told) else {
            continue;
        };
        let first = |text: &str| text.split(' ').next().map(str::to_owned);
        match all
            .iter_mut()
            .find(|(_, its, said)| *its == "to do" && word == *its && first(said) == first(why))
        {
            Some((names, ..)) => names.push(row.name),
            None => all.push((vec![row.name], word, why)),
        }
    }
    let line = |(names, word, why): (Vec<&str>, &str, &str)| {
        let short: String = why.chars().take(200).collect();
        let dots = if short.len() < why.len() { " …" } else { "" };
        let line = format!("{} ({word}): {short}{dots}", names.join(", "));
        format!("{}\n", wrapped(&line))
    };
    all.into_iter().map(line).collect()
}

/// How the figures came about.
fn colophon(record: &Record) -> String {
    let Record {
        rounds, machine, ..
    } = record;
    // Verdicts are words, whatever else the machine does.
    if record.disciplines.iter().find_map(Outcome::base).is_none() {
        return format!("\n{}\n", wrapped(&machine.line()));
    }
    let mut text = format!(
        "\n{}\n",
        wrapped(&format!(
            "Medians of {rounds} rounds after a warm-up; in each round everybody had a turn. In brackets the \
             middle half of the rounds. A ratio is to {} in the same round. \"Level\": 3 % at most. \"In the noise\": \
             fewer than 9 of 10 rounds say the same.",
            base_name(record)
        ))
    );
    text += &wrapped(&machine.line());
    text.push('\n');
    if let Some(load) = machine.load {
        let mut line = format!("Load before the race: {load}.");
        if load > machine.cores as f64 / 2.0 {
            line += " The machine had other work: race again when it is idle.";
        }
        text += &format!("{}\n", wrapped(&line));
    }
    if !machine.optimised {
        text += "This is a debug build. Its figures say nothing.\n";
    }
    text
}

/// Whom the ratios are to, in words.
fn base_name(record: &Record) -> String {
    let mut names: Vec<&str> = Vec::new();
    for row in record.disciplines.iter().filter_map(Outcome::base) {
        if !names.contains(&row.name) {
            names.push(row.name);
        }
    }
    format!("\"{}\"", names.join("\" or \""))
}

/// A table for one measure: a group of rows for each case.
fn figures(outcome: &Outcome, index: usize, measure: &Measure) -> String {
    let mut table = bare();
    table.set_header(["", "median", "middle half", "ratio", ""]);
    for (case, name) in outcome.cases.iter().enumerate() {
        if outcome.cases.len() > 1 {
            table.add_row([name]);
        }
        let indent = if outcome.cases.len() > 1 { "  " } else { "" };
        for row in &outcome.contestants {
            let label = format!("{indent}{}", row.label());
            let Some(Summary { q1, median, q3 }) = row.summary(case, index) else {
                table.add_row([label, word(row)]);
                continue;
            };
            let (ratio, verdict) = match outcome.ratio(row, case, index) {
                Some(ratio) if !outcome.is_base(row) => {
                    let ratios = outcome.ratios(row, case, index);
                    (number(ratio), standing(&ratios, measure.better))
                }
                _ => (String::new(), ""),
            };
            let middle = format!("({} … {})", number(q1), number(q3));
            table.add_row([label, number(median), middle, ratio, verdict.to_owned()]);
        }
    }
    to_the_right(&mut table, &[1, 2, 3]);
    format!("\n{}\n{}\n", heading(measure), trimmed(&mut table))
}

/// A table for each case: a column for each measure.
fn side_by_side(outcome: &Outcome) -> String {
    let mut text = String::new();
    for (case, name) in outcome.cases.iter().enumerate() {
        let mut table = bare();
        table.set_header(std::iter::once("").chain(outcome.measures.iter().map(|its| its.name)));
        for row in &outcome.contestants {
            let mut cells = vec![row.label()];
            for index in 0..outcome.measures.len() {
                cells.push(match row.summary(case, index) {
                    Some(summary) => number(summary.median),
                    None if index == 0 => word(row),
                    None => String::new(),
                });
            }
            table.add_row(cells);
            if !outcome.is_base(row) && row.summary(case, 0).is_some() {
                let ratio = |index| outcome.ratio(row, case, index);
                let ratios = (0..outcome.measures.len()).map(|index| {
                    ratio(index).map_or(String::new(), |its| format!("×{}", number(its)))
                });
                table.add_row(std::iter::once(String::new()).chain(ratios));
            }
        }
        to_the_right(
            &mut table,
            &(1..=outcome.measures.len()).collect::<Vec<_>>(),
        );
        let measure = &outcome.measures[0];
        let case = if outcome.cases.len() > 1 {
            format!("{name}: ")
        } else {
            String::new()
        };
        let (unit, better) = (measure.unit, better(measure.better));
        text += &format!(
            "\n{case}{unit}, {better}; below it the ratio\n{}\n",
            trimmed(&mut table)
        );
    }
    text
}

/// A cell for each case and contestant, and the score. Contestants are columns where that is narrower.
fn verdicts(outcome: &Outcome) -> String {
    let present: Vec<&Row> = outcome
        .contestants
        .iter()
        .filter(|row| !matches!(row.end, Some(End::Absent(_))))
        .collect();
    let column = |row: &Row| {
        let cell = |case| match row.verdicts.get(case) {
            Some(Verdict { good, word }) => format!("{} {word}", mark(*good)),
            None => word(row),
        };
        let cells = (0..outcome.cases.len()).map(cell);
        std::iter::once(row.label())
            .chain(cells)
            .chain([score(row)])
            .collect()
    };
    let names = std::iter::once(String::new())
        .chain(outcome.cases.iter().cloned())
        .chain([String::new()]);
    let mut lines = vec![names.collect::<Vec<String>>()];
    lines.extend(present.into_iter().map(column));
    if lines.len() - 1 <= outcome.cases.len() {
        lines = (0..lines[0].len())
            .map(|place| lines.iter().map(|line| line[place].clone()).collect())
            .collect();
    }
    let mut table = bare();
    table.set_header(lines.remove(0));
    table.add_rows(lines);
    if let Some(names) = table.column_mut(0) {
        names.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(34)));
    }
    format!("\n{}\n", trimmed(&mut table))
}

/// `19 of 19`
pub fn score(row: &Row) -> String {
    let good = row.verdicts.iter().filter(|verdict| verdict.good).count();
    match row.verdicts.len() {
        0 => String::new(),
        all => format!("{good} of {all}"),
    }
}

pub fn mark(good: bool) -> char {
    if good { '✓' } else { '✗' }
}

/// In place of figures.
fn word(row: &Row) -> String {
    row.end.as_ref().map_or("", |end| end.told().0).to_owned()
}

/// `requests, 1/s: more is better`
pub fn heading(measure: &Measure) -> String {
    format!(
        "{}, {}: {}",
        measure.name,
        measure.unit,
        better(measure.better)
    )
}

fn better(better: Better) -> &'static str {
    match better {
        Better::More => "more is better",
        Better::Less => "less is better",
    }
}

/// Whether a contestant with these ratios to the base is better off.
fn standing(ratios: &[f64], better: Better) -> &'static str {
    let median = Summary::of(ratios).map_or(1.0, |ratios| ratios.median);
    if (median - 1.0).abs() <= 0.03 {
        "level"
    } else if !stats::is_clear(ratios) {
        "in the noise"
    } else if (median > 1.0) == (better == Better::More) {
        "better"
    } else {
        "worse"
    }
}

/// Three figures that count: `0.0123`, `3.46`, `41 200`, `1.23 M`. A terminal does not break them.
pub fn number(figure: f64) -> String {
    if figure == 0.0 || !figure.is_finite() {
        return figure.to_string();
    }
    if figure.abs() >= 999_500.0 {
        return format!("{}\u{a0}M", number(figure / 1e6));
    }
    let digits = 2 - figure.abs().log10().floor() as i32;
    let Ok(decimals) = usize::try_from(digits) else {
        let step = 10_f64.powi(-digits);
        let whole = format!("{:.0}", (figure / step).round() * step);
        return match whole.len() {
            ..=3 => whole,
            length => format!("{}\u{a0}{}", &whole[..length - 3], &whole[length - 3..]),
        };
    };
    format!("{figure:.decimals$}")
}

fn bare() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    table
}

fn to_the_right(table: &mut Table, columns: &[usize]) {
    for &index in columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

fn trimmed(table: &mut Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Prose, broken at the width of the terminal.
fn wrapped(prose: &str) -> String {
    let mut table = bare();
    table.add_row([Cell::new(prose)]);
    trimmed(&mut table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_figures_that_count() {
        let shown = [
            0.0,
            0.012_34,
            0.999_6,
            3.456,
            45.67,
            456.7,
            9996.0,
            41_234.0,
            1_234_567.0,
        ];
        let expected = [
            "0",
            "0.0123",
            "1.000",
            "3.46",
            "45.7",
            "457",
            "10\u{a0}000",
            "41\u{a0}200",
            "1.23\u{a0}M",
        ];
        assert_eq!(shown.map(number), expected);
    }

    #[test]
    fn who_is_better_depends_on_the_measure_and_on_the_noise() {
        assert_eq!(standing(&[1.1, 1.2, 1.3], Better::More), "better");
        assert_eq!(standing(&[1.1, 1.2, 1.3], Better::Less), "worse");
        assert_eq!(standing(&[0.5, 0.6, 0.7], Better::Less), "better");
        assert_eq!(standing(&[0.7, 1.2, 1.3], Better::More), "in the noise");
        assert_eq!(standing(&[1.01, 1.02, 1.03], Better::More), "level");
    }
}
