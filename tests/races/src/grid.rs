//! Verdicts as a picture: a cell for each case and contestant. ✓ and ✗ and a rim say without colour
//! what green and red say with it.

use netlab::picture::Picture;

use crate::record::{End, Outcome, Record, Row};
use crate::table;

const WIDTH: usize = 760;
const MARGIN: usize = 10;
/// Where the cells begin, right of the cases' names.
const CELLS: usize = 170;
/// A character of the picture's fixed-width font at 12 pixels, and a line of it.
const CHARACTER: f64 = 7.25;
const LINE: usize = 16;
const GOOD: &str = "#12936b";
const BAD: &str = "#d14b63";

pub fn of(record: &Record, outcome: &Outcome) -> String {
    let rows: Vec<&Row> = outcome
        .contestants
        .iter()
        .filter(|row| !matches!(row.end, Some(End::Absent(_))))
        .collect();
    let width = (WIDTH - CELLS - MARGIN) / rows.len().max(1);
    let columns = ((width - 34) as f64 / CHARACTER) as usize;
    let x = |column: usize| CELLS + column * width;

    let header: Vec<Vec<String>> = rows
        .iter()
        .map(|row| wrapped(&row.label(), columns))
        .collect();
    let names = ((CELLS - 2 * MARGIN) as f64 / CHARACTER) as usize;
    let lines: Vec<Line> = (0..outcome.cases.len())
        .map(|case| Line::new(outcome, &rows, case, names, columns))
        .collect();
    let top = 14 + most(&header) * LINE;
    let height: usize = lines.iter().map(Line::height).sum();
    let mut picture = Picture::new(WIDTH, top + height + 82, outcome.title);

    for (column, label) in header.iter().enumerate() {
        text(&mut picture, x(column) + 8, 20, label, 1.0);
    }
    let mut y = top;
    for line in &lines {
        text(&mut picture, MARGIN, y + 17, &line.name, 1.0);
        for (column, cell) in line.cells.iter().enumerate() {
            let (x, size) = (x(column), (width - 4, line.height() - 4));
            match cell.good {
                Some(true) => picture.rect(x, y, size.0, size.1, GOOD, 0.16),
                Some(false) => {
                    picture.rect(x, y, size.0, size.1, BAD, 0.22);
                    picture.raw(&format!(
                        "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"3\" fill=\"none\" \
                         stroke=\"currentColor\" stroke-width=\"1.5\"/>",
                        size.0, size.1
                    ));
                }
                None => {}
            }
            if let Some(good) = cell.good {
                let mark = table::mark(good).to_string();
                picture.text(x + 8, y + 17, "start", 13, 1.0, &mark);
            }
            text(&mut picture, x + 26, y + 17, &cell.words, 1.0);
        }
        y += line.height();
    }
    for (column, row) in rows.iter().enumerate() {
        picture.text(x(column) + 8, y + 18, "start", 13, 1.0, &table::score(row));
    }
    let how = format!(
        "cargo workbook race {}: everybody met everything once; ✓ as it must be, ✗ not",
        record.race
    );
    picture.text(MARGIN, y + 50, "start", 11, 0.7, &how);
    picture.text(MARGIN, y + 66, "start", 11, 0.7, &record.machine.line());
    picture.finish()
}

/// What all contestants made of one case.
struct Line {
    name: Vec<String>,
    cells: Vec<Cell>,
}

struct Cell {
    good: Option<bool>,
    words: Vec<String>,
}

impl Line {
    fn new(outcome: &Outcome, rows: &[&Row], case: usize, names: usize, columns: usize) -> Line {
        let cell = |row: &&Row| match row.verdicts.get(case) {
            Some(verdict) => Cell {
                good: Some(verdict.good),
                words: wrapped(&verdict.word, columns),
            },
            None => Cell {
                good: None,
                words: wrapped(row.end.as_ref().map_or("", |end| end.told().0), columns),
            },
        };
        Line {
            name: wrapped(&outcome.cases[case], names),
            cells: rows.iter().map(cell).collect(),
        }
    }

    fn height(&self) -> usize {
        let words = self.cells.iter().map(|cell| cell.words.len()).max();
        self.name.len().max(words.unwrap_or(0)).max(1) * LINE + 12
    }
}

fn most(texts: &[Vec<String>]) -> usize {
    texts.iter().map(Vec::len).max().unwrap_or(0)
}

fn text(picture: &mut Picture, x: usize, y: usize, lines: &[String], opacity: f64) {
    for (place, line) in lines.iter().enumerate() {
        picture.text(x, y + place * LINE, "start", 12, opacity, line);
    }
}

/// Broken between words into lines of so many characters; a longer word has a line of its own.
fn wrapped(words: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_whole() {
        assert_eq!(wrapped("time-out 602 ms", 12), ["time-out 602", "ms"]);
        assert_eq!(wrapped("unexpected end", 4), ["unexpected", "end"]);
        assert!(wrapped("", 4).is_empty());
    }
}
