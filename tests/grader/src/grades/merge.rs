//! Makes the grades from the results of a class, in one part or many. Runs no test, and writes the same
//! files each time.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use course::problem::{Problem, Result};

use crate::class::progress::{self, plural};
use crate::class::roster::Roster;
use crate::class::store::{self, ClassFile};
use crate::command::failure::{Failure, OURS};
use crate::grades::gradebook::{Gradebook, LOST, Outcome, Results, Row, points};
use crate::grades::overview;
use crate::grades::policy::{Overrides, Policy};
use crate::render::markdown::escaped;
use crate::render::text::line;
use crate::render::{self, Format};
use crate::report::Report;
use crate::settings::Settings;

#[derive(Args)]
pub struct MergeArgs {
    /// The folders that `class` has written, one for each shard
    #[arg(long, value_name = "DIR", required = true, num_args = 1..)]
    results: Vec<PathBuf>,
    /// The roster: the grades have all its rows, also of students who handed in nothing
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    /// Where the grades go
    #[arg(long, value_name = "DIR", default_value = "grades")]
    out: PathBuf,
    /// Decisions by hand, a CSV file: id, score or due (a new time) or both, reason
    #[arg(long, value_name = "FILE")]
    overrides: Option<PathBuf>,
    /// The late policy as a TOML file, `percent_per_day = 10`; the flags below override it
    #[arg(long, value_name = "FILE", help_heading = "Late submissions")]
    late: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Late submissions")]
    policy: Policy,
}

/// Runs the command.
pub fn run(args: &MergeArgs) -> std::result::Result<ExitCode, Failure> {
    let roster = args.roster.as_deref().map(Roster::read).transpose()?;
    let overrides = args.overrides.as_deref().map(Overrides::read).transpose()?;
    let policy = match &args.late {
        Some(file) => args.policy.clone().or(Policy::read(file)?),
        None => args.policy.clone(),
    };
    let (results, settings) = collect(&args.results)?;
    let overrides = overrides.unwrap_or_default();
    let book = Gradebook::of(results, roster.as_ref(), &policy, &overrides)?;
    check(&args.out)?;
    write(&args.out, &book, &settings, &policy).map_err(Failure::Ours)?;
    progress::print(&summary(&book, &args.out));
    let is_complete = book.unscored().next().is_none();
    Ok(match is_complete {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(OURS),
    })
}

/// Reads the results of all parts of a class, in any order.
pub fn collect(folders: &[PathBuf]) -> Result<(Results, Settings)> {
    let mut results = Results::default();
    let mut first: Option<(&Path, Settings)> = None;
    let mut found: Vec<(PathBuf, Report)> = Vec::new();
    for folder in folders {
        let class = ClassFile::read(folder)?.ok_or_else(|| {
            Problem::new(format!(
                "{} has no class.json: it is not what `class` has written.",
                folder.display()
            ))
        })?;
        results.submitted.extend(class.submitted);
        match &first {
            None => first = Some((folder, class.settings)),
            Some((other, settings)) => {
                if let Some(setting) = store::difference(settings, &class.settings) {
                    return Err(Problem::new(format!(
                        "{} and {} were graded by other settings: {setting}. Grades from both would \
                         not be fair.",
                        other.display(),
                        folder.display()
                    )));
                }
            }
        }
        for path in store::reports(folder)? {
            let report = store::load(&path)?;
            if path.parent().and_then(Path::file_name) != Some(OsStr::new(&report.student)) {
                return Err(Problem::new(format!(
                    "{} is the report of {}: it was moved or renamed.",
                    path.display(),
                    report.student
                )));
            }
            found.push((path, report));
        }
    }
    // A student with two reports gets the one that counts, wherever it is.
    found.sort_by_cached_key(|(_, report)| preference(report));
    let mut kept: BTreeMap<String, (PathBuf, Report)> = BTreeMap::new();
    for (path, report) in found {
        match kept.get(&report.student) {
            None => {
                kept.insert(report.student.clone(), (path, report));
            }
            Some((_, other)) if other.input_digest == report.input_digest => {}
            Some((other, _)) => {
                return Err(Problem::new(format!(
                    "{} has two reports of different submissions or settings:\n  {}\n  {}\n\
                     Remove the one that does not count.",
                    report.student,
                    other.display(),
                    path.display()
                )));
            }
        }
    }
    for (student, (_, report)) in kept {
        results.reports.insert(student, report);
    }
    let (_, settings) = first.ok_or_else(|| Problem::new("There are no results to merge."))?;
    Ok((results, settings))
}

/// Valid reports come before failures of ours, newer ones before older ones. If two are equal in both,
/// their bytes decide, so that the result is the same each time.
fn preference(report: &Report) -> (String, bool, Reverse<String>, String) {
    (
        report.student.clone(),
        render::failure(report).is_some(),
        Reverse(report.graded_at.clone()),
        serde_json::to_string(report).unwrap_or_default(),
    )
}

const GRADES: &str = "grades.csv";
const OVERVIEW: &str = "class.md";
const STUDENTS: &str = "students";

/// Whether it is a folder of grades, or may become one.
fn check(out: &Path) -> Result<()> {
    let is_ours = out.join(GRADES).is_file();
    let is_empty = std::fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
    if !is_ours && !is_empty {
        return Err(Problem::new(format!(
            "{} is not empty, and has no {GRADES} of an earlier run. Choose another folder with --out.",
            out.display()
        )));
    }
    std::fs::create_dir_all(out).map_err(|error| Problem::with_file("make the folder", out, &error))
}

/// Writes all files again. Deletes pages of students who are no longer there.
fn write(out: &Path, book: &Gradebook, settings: &Settings, policy: &Policy) -> Result<()> {
    let students = out.join(STUDENTS);
    std::fs::create_dir_all(&students)
        .map_err(|error| Problem::with_file("make the folder", &students, &error))?;
    let put = |path: &Path, contents: &[u8]| {
        store::write(path, contents).map_err(|error| Problem::with_file("write", path, &error))
    };
    put(&out.join(GRADES), &book.csv())?;
    put(
        &out.join(OVERVIEW),
        overview::page(book, settings, policy).as_bytes(),
    )?;
    for row in &book.rows {
        let path = students.join(format!("{}.md", row.id));
        put(&path, student_page(book, row).as_bytes())?;
    }
    let is_known = |name: &str| {
        let id = name.strip_suffix(".md");
        book.rows.iter().any(|row| Some(row.id.as_str()) == id)
    };
    for entry in std::fs::read_dir(&students).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if (name.ends_with(".md") || store::is_half(&name)) && !is_known(&name) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// For the student: the score, with deductions and decisions, then the report.
fn student_page(book: &Gradebook, row: &Row) -> String {
    let mut page = match row.score {
        Some(score) => format!(
            "**Score: {} of {}**\n\n",
            points(score),
            row.report()
                .map(|report| report.max_score)
                .filter(|&most| most > 0)
                .unwrap_or(book.max_score)
        ),
        None => "**No score yet**\n\n".to_owned(),
    };
    if let (Some(submitted_at), Some(due), 1..) = (row.submitted_at, row.due, row.late.days) {
        page += &format!(
            "Handed in {submitted_at}, due {due}: {} late, which costs {} % of the earned points.\n\n",
            plural(row.late.days as usize, "day"),
            row.late.percent
        );
    }
    if let Some(decided) = &row.decided {
        let what = match (decided.score, decided.due) {
            (Some(_), _) => "The score was decided by hand".to_owned(),
            (None, Some(due)) => format!("The time was extended to {due}"),
            (None, None) => String::new(),
        };
        page += &format!("{what}: {}\n\n", escaped(&line(&decided.reason)));
    }
    page += &match &row.outcome {
        Outcome::Graded(report) | Outcome::Failed(report) => {
            render::render(Format::Markdown, report).unwrap_or_default()
        }
        Outcome::Lost => format!("{LOST}\n"),
        Outcome::Missing => "Nothing was handed in.\n".to_owned(),
    };
    page
}

/// The last words of a run.
fn summary(book: &Gradebook, out: &Path) -> String {
    let mut text = format!("{}:", plural(book.rows.len(), "student"));
    for (status, count) in book.counts().filter(|(_, count)| *count > 0) {
        text += &format!(" {count} {status},");
    }
    text.pop();
    text += &format!(".\nThe grades are in {}.\n", out.join(GRADES).display());
    let unscored: Vec<&Row> = book.unscored().collect();
    if !unscored.is_empty() {
        text += "\nWithout a score, because the grader failed and not the student:\n";
        for row in unscored {
            text += &format!("  {}  {}\n", row.id, line(&row.note()));
        }
    }
    text
}
