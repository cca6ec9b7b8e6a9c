//! What came of a race: the one source of the table, the pictures and the file of `--json`.

use serde::Serialize;

use crate::machine::Machine;
use crate::race::{Measure, Side, View};
use crate::stats::{Summary, ratios};

#[derive(Debug, Serialize)]
pub struct Record {
    pub race: &'static str,
    pub title: &'static str,
    pub machine: Machine,
    pub rounds: usize,
    pub disciplines: Vec<Outcome>,
}

/// What came of one discipline.
#[derive(Debug, Serialize)]
pub struct Outcome {
    pub id: &'static str,
    pub title: &'static str,
    pub what: &'static str,
    pub cases: Vec<String>,
    /// None in a discipline of verdicts.
    pub measures: Vec<Measure>,
    pub view: Option<View>,
    pub contestants: Vec<Row>,
}

/// One contestant.
#[derive(Debug, Serialize)]
pub struct Row {
    pub name: &'static str,
    pub side: Side,
    pub version: String,
    /// Why it did not come to the end, or did not take part: `socat is not installed`.
    pub end: Option<End>,
    /// Of figures: case, round, measure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Vec<Vec<f64>>>,
    /// Of verdicts: one for each case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    pub good: bool,
    pub word: String,
}

/// What is told in place of figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    Absent(String),
    ToDo(String),
    Failed(String),
}

impl End {
    /// A word or two for a cell, and the whole story.
    pub fn told(&self) -> (&'static str, &str) {
        match self {
            End::Absent(why) => ("absent", why),
            End::ToDo(what) => ("to do", what),
            End::Failed(why) => ("failed", why),
        }
    }
}

impl Row {
    /// The figures of all rounds.
    pub fn samples(&self, case: usize, measure: usize) -> Vec<f64> {
        let rounds = self.figures.get(case).into_iter().flatten();
        rounds.map(|figures| figures[measure]).collect()
    }

    pub fn summary(&self, case: usize, measure: usize) -> Option<Summary> {
        Summary::of(&self.samples(case, measure))
    }

    /// As a table or a picture names it: `tokio 1.54.1`.
    pub fn label(&self) -> String {
        format!("{} {}", self.name, self.version)
            .trim_end()
            .to_owned()
    }
}

impl Outcome {
    /// Whom the others are compared with: the reference, or else the first who has figures.
    pub fn base(&self) -> Option<&Row> {
        let with_figures = || {
            self.contestants
                .iter()
                .filter(|row| !row.figures.is_empty())
        };
        with_figures()
            .find(|row| row.side == Side::Reference)
            .or_else(|| with_figures().next())
    }

    pub fn is_base(&self, row: &Row) -> bool {
        self.base().is_some_and(|base| base.name == row.name)
    }

    /// How a contestant's figures stand to the base's, round by round.
    pub fn ratios(&self, row: &Row, case: usize, measure: usize) -> Vec<f64> {
        let base = self.base().map(|base| base.samples(case, measure));
        ratios(&row.samples(case, measure), &base.unwrap_or_default())
    }

    /// The middle one of them.
    pub fn ratio(&self, row: &Row, case: usize, measure: usize) -> Option<f64> {
        Summary::of(&self.ratios(row, case, measure)).map(|ratios| ratios.median)
    }
}
