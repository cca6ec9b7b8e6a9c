//! Who gets what: reports, roster, late policy and overrides, joined. Nothing here reads a file or
//! runs a test.

use std::collections::{BTreeMap, BTreeSet};

use course::problem::{Problem, Result};
use jiff::Timestamp;

use crate::class::roster::{Roster, Student};
use crate::grades::policy::{Late, Override, Overrides, Policy};
use crate::render;
use crate::render::csv::{cells, harmless};
use crate::report::{Report, Status, Verdict};

/// What the runs have left, all shards together.
#[derive(Debug, Default)]
pub struct Results {
    /// By student.
    pub reports: BTreeMap<String, Report>,
    /// Everybody who handed in, whether there is a report or not.
    pub submitted: BTreeSet<String>,
}

#[derive(Debug)]
pub struct Gradebook {
    /// In the order of the roster; then who is not in it, by id.
    pub rows: Vec<Row>,
    /// Folders of the chapters, sorted.
    pub chapters: Vec<String>,
    pub max_score: u32,
}

#[derive(Debug)]
pub struct Row {
    pub id: String,
    pub name: Option<String>,
    pub is_in_roster: bool,
    pub outcome: Outcome,
    pub submitted_at: Option<Timestamp>,
    /// The extended one where there is an extension.
    pub due: Option<Timestamp>,
    pub late: Late,
    pub decided: Option<Override>,
    /// Hundredths of a point, lateness and overrides included. None is not zero: there is nothing
    /// that could be scored.
    pub score: Option<u64>,
}

#[derive(Debug)]
pub enum Outcome {
    /// A report whose score stands.
    Graded(Box<Report>),
    /// We failed, and the report says how.
    Failed(Box<Report>),
    /// Handed in, and no report is here.
    Lost,
    /// In the roster, and nothing was handed in.
    Missing,
}

pub const LOST: &str = "Handed in, but there is no report: the run was stopped before, or its shard \
                        is not among the results. Run it again.";

impl Gradebook {
    /// How many students have each status, in words.
    pub fn counts(&self) -> impl Iterator<Item = (String, usize)> {
        ["graded", "rejected", "missing", "grader_error"]
            .map(|status| {
                let rows = self.rows.iter().filter(|row| row.status() == status);
                (status.replace('_', " "), rows.count())
            })
            .into_iter()
    }

    /// # Errors
    /// When an override names a student whom nobody knows.
    pub fn of(
        mut results: Results,
        roster: Option<&Roster>,
        policy: &Policy,
        overrides: &Overrides,
    ) -> Result<Gradebook> {
        let chapters: BTreeSet<String> = results
            .reports
            .values()
            .flat_map(|report| report.chapters.iter().map(|one| one.chapter.clone()))
            .collect();
        let max_score = max_score(&results.reports);

        let in_roster = roster.map_or(&[][..], |roster| &roster.students);
        let mut ids: Vec<String> = in_roster.iter().map(|one| one.id.clone()).collect();
        let handed_in = results.reports.keys().chain(&results.submitted);
        let unknown: BTreeSet<&String> = handed_in.filter(|id| !ids.contains(id)).collect();
        let unknown: Vec<String> = unknown.into_iter().cloned().collect();
        ids.extend(unknown);
        if let Some(nobody) = overrides.ids().find(|id| !ids.iter().any(|one| one == id)) {
            return Err(Problem::new(format!(
                "The overrides name {nobody}, who is neither in the roster nor among the results."
            )));
        }

        let rows = ids.into_iter().map(|id| {
            let outcome = match results.reports.remove(&id) {
                Some(report) if render::failure(&report).is_some() => {
                    Outcome::Failed(Box::new(report))
                }
                Some(report) => Outcome::Graded(Box::new(report)),
                None if results.submitted.contains(&id) => Outcome::Lost,
                None => Outcome::Missing,
            };
            let student = in_roster.iter().find(|student| student.id == id);
            let is_in_roster = student.is_some() || roster.is_none();
            let decided = overrides.of_student(&id).cloned();
            Row::of(id, student, is_in_roster, outcome, policy, decided)
        });
        Ok(Gradebook {
            rows: rows.collect(),
            chapters: chapters.into_iter().collect(),
            max_score,
        })
    }

    /// Students for whom the grader failed and nobody has decided by hand.
    pub fn unscored(&self) -> impl Iterator<Item = &Row> {
        let failed = |row: &&Row| matches!(row.outcome, Outcome::Failed(_) | Outcome::Lost);
        self.rows
            .iter()
            .filter(failed)
            .filter(|row| row.score.is_none())
    }

    /// `grades.csv`, written so that a spreadsheet takes nothing for a formula.
    pub fn csv(&self) -> Vec<u8> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        let header = COLUMNS.iter().copied();
        let header = header.chain(self.chapters.iter().map(String::as_str));
        let written = csv.write_record(header);
        written.expect("writing into memory");
        for row in &self.rows {
            let written = csv.write_record(self.cells(row));
            written.expect("as many cells as columns");
        }
        csv.into_inner().expect("writing into memory")
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let of_report = match row.report() {
            Some(report) => cells(report, &self.chapters),
            None => vec![String::new(); render::csv::COLUMNS.len() + self.chapters.len()],
        };
        let (whole, of_chapters) = of_report.split_at(render::csv::COLUMNS.len());
        let number = |number: u32| match number {
            0 => String::new(),
            _ => number.to_string(),
        };
        let time = |time: Option<Timestamp>| time.map_or(String::new(), |time| time.to_string());
        let mut cells = vec![
            harmless(&row.id),
            harmless(row.name.as_deref().unwrap_or_default()),
            row.status().to_owned(),
            row.score.map_or(String::new(), points),
            self.max_score.to_string(),
            whole[1].clone(), // the score as the tests have it
            number(row.late.days),
            number(row.late.percent),
            time(row.submitted_at),
            time(row.due),
            row.decision().to_owned(),
            harmless(&row.note()),
        ];
        cells.extend_from_slice(of_chapters);
        cells
    }
}

/// The columns of `grades.csv` before those of the chapters. Their order never changes.
const COLUMNS: [&str; 12] = [
    "id",
    "name",
    "status",
    "score",
    "max_score",
    "earned",
    "days_late",
    "late_percent",
    "submitted_at",
    "due",
    "override",
    "note",
];

impl Row {
    fn of(
        id: String,
        student: Option<&Student>,
        is_in_roster: bool,
        outcome: Outcome,
        policy: &Policy,
        decided: Option<Override>,
    ) -> Row {
        let graded = match &outcome {
            Outcome::Graded(report) => Some(report),
            _ => None,
        };
        let of_report = match &outcome {
            Outcome::Graded(report) | Outcome::Failed(report) => report
                .submitted_at
                .as_ref()
                .and_then(|time| time.parse().ok()),
            _ => None,
        };
        let submitted_at = student
            .and_then(|student| student.submitted_at)
            .or(of_report);
        let extended = decided.as_ref().and_then(|decided| decided.due);
        let due = extended
            .or_else(|| student.and_then(|student| student.due))
            .or(policy.due);
        let late = match (submitted_at, due) {
            (Some(submitted_at), Some(due)) => policy.late(submitted_at, due),
            _ => Late::default(),
        };
        let earned = graded.map(|report| u64::from(report.score));
        let score = decided
            .as_ref()
            .and_then(|decided| decided.score)
            .or(earned.map(|earned| earned * u64::from(100 - late.percent)));
        Row {
            id,
            name: student.and_then(|student| student.name.clone()),
            is_in_roster,
            outcome,
            submitted_at,
            due,
            late,
            decided,
            score,
        }
    }

    pub fn report(&self) -> Option<&Report> {
        match &self.outcome {
            Outcome::Graded(report) | Outcome::Failed(report) => Some(report),
            Outcome::Lost | Outcome::Missing => None,
        }
    }

    /// `graded`, `rejected`, `grader_error` or `missing`.
    pub fn status(&self) -> &'static str {
        match &self.outcome {
            Outcome::Graded(report) if report.status == Status::Rejected => "rejected",
            Outcome::Graded(_) => "graded",
            Outcome::Failed(_) | Outcome::Lost => "grader_error",
            Outcome::Missing => "missing",
        }
    }

    /// What was decided by hand: `score`, `due`, both or nothing.
    fn decision(&self) -> &'static str {
        match &self.decided {
            None => "",
            Some(one) if one.score.is_some() && one.due.is_some() => "score and due",
            Some(one) if one.score.is_some() => "score",
            Some(_) => "due",
        }
    }

    /// What a person must know about the row.
    pub fn note(&self) -> String {
        let mut notes = Vec::new();
        if let Some(decided) = &self.decided {
            let end = match decided.reason.ends_with(['.', '!', '?']) {
                true => "",
                false => ".",
            };
            notes.push(format!("{}{end}", decided.reason));
        }
        match &self.outcome {
            Outcome::Graded(report) | Outcome::Failed(report) => {
                notes.extend(report.problem.clone());
            }
            Outcome::Lost => notes.push(LOST.to_owned()),
            Outcome::Missing => {}
        }
        if !self.is_in_roster {
            notes.push("Not in the roster.".to_owned());
        }
        if self.due.is_some() && self.submitted_at.is_none() && self.report().is_some() {
            notes.push("No time of submission: taken as in time.".to_owned());
        }
        notes.join(" ")
    }
}

/// The points of all tests that count. One that was skipped, and has run for nobody, counts for nobody: nor for a
/// submission that does not compile, whose report cannot know it.
fn max_score(reports: &BTreeMap<String, Report>) -> u32 {
    let (mut skipped, mut run) = (BTreeSet::new(), BTreeSet::new());
    for (chapter, test) in reports.values().flat_map(Report::tests) {
        let key = (chapter.chapter.as_str(), test.id.as_str());
        match test.verdict {
            Verdict::Skipped => skipped.insert(key),
            Verdict::Missing | Verdict::BuildError => false,
            _ => run.insert(key),
        };
    }
    let left_out = &skipped - &run;
    let of = |report: &Report| {
        let points = report.tests().map(|(chapter, test)| {
            let key = (chapter.chapter.as_str(), test.id.as_str());
            if left_out.contains(&key) {
                test.max_points
            } else {
                0
            }
        });
        report.max_score.saturating_sub(points.sum())
    };
    reports.values().map(of).max().unwrap_or(0)
}

/// Hundredths as people write them: `17`, `17.1`, `17.05`.
pub fn points(hundredths: u64) -> String {
    let (whole, part) = (hundredths / 100, hundredths % 100);
    match part {
        0 => whole.to_string(),
        _ if part % 10 == 0 => format!("{whole}.{}", part / 10),
        _ => format!("{whole}.{part:02}"),
    }
}
