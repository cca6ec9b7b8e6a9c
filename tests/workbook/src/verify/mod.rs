//! `cargo workbook verify`, for authors: are the tests right?
//!
//! Every stub fails by its `todo!`, every test passes on the reference solution, and every wrong
//! answer of `wrong.toml` is caught by its test, in the words that should help a student.

mod answers;
mod chapter;
mod scratch;

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::cargo;
use crate::course::{Chapter, Course};
use crate::problem::Result;
use crate::ui::{Ui, bad, good};
use crate::wrong::{self, Wrong};
use scratch::Scratch;

/// One thing that was checked.
struct Finding {
    /// `00 little-endian`
    what: String,
    took: Duration,
    /// What is wrong with it; nothing when it is as it should be.
    complaint: Option<String>,
    /// It was as it should be, but not at the first try.
    is_unsteady: bool,
}

/// What one worker does in one go.
enum Task<'a> {
    /// Stubs and solution, and the wrong answers to steps with cargo features: what such a feature
    /// brings takes long to build, so one worker builds it for all of these.
    Chapter(&'a Chapter, Vec<Wrong>),
    Wrong(&'a Chapter, Wrong),
}

pub fn run(
    ui: &Ui,
    course: &Course,
    only: Option<&Chapter>,
    jobs: Option<NonZeroUsize>,
    stubs_only: bool,
) -> Result<ExitCode> {
    let began = Instant::now();
    let (tasks, wrong_answers) = plan(course, only, stubs_only)?;
    let all = tasks.iter().map(Task::findings).sum::<usize>();
    let jobs = jobs
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get);
    let jobs = jobs.min(tasks.len());
    let folder = cargo::target_dir(&course.root)?
        .join("workbook")
        .join("verify");

    let queue = Mutex::new(tasks);
    let (sender, findings) = mpsc::channel();
    let mut complaints = Vec::new();
    let mut unsteady = 0;
    thread::scope(|scope| -> Result<()> {
        for job in 1..=jobs {
            let (queue, folder, sender) = (&queue, &folder, sender.clone());
            scope.spawn(move || {
                // Nobody listens any more once another worker has failed.
                if let Err(problem) =
                    work(ui, course, queue, &folder.join(job.to_string()), &sender)
                {
                    let _ = sender.send(Err(problem));
                }
            });
        }
        drop(sender);
        for (index, finding) in findings.iter().enumerate() {
            let finding = finding.inspect_err(|_| {
                // No worker starts anything new.
                queue
                    .lock()
                    .expect("no worker panics with the queue")
                    .clear();
            })?;
            show(ui, &finding, index + 1, all);
            unsteady += usize::from(finding.is_unsteady);
            complaints.extend(finding.complaint.map(|complaint| (finding.what, complaint)));
        }
        Ok(())
    })?;

    for (what, complaint) in &complaints {
        ui.blank();
        ui.line(bad(what));
        ui.text(complaint);
    }
    ui.blank();
    let seconds = began.elapsed().as_secs();
    let mut counted =
        format!("{all} checks, {wrong_answers} of them wrong answers, in {seconds} s");
    if unsteady > 0 {
        counted.push_str(&format!(", {unsteady} only at the second try"));
    }
    if complaints.is_empty() {
        ui.line(good(format!("{counted}: all as it should be.")));
        Ok(ExitCode::SUCCESS)
    } else {
        ui.line(bad(format!(
            "{counted}: {} not as it should be.",
            complaints.len()
        )));
        Ok(ExitCode::FAILURE)
    }
}

/// The tasks, the longest first, and how many wrong answers are among them.
fn plan<'a>(
    course: &'a Course,
    only: Option<&Chapter>,
    stubs_only: bool,
) -> Result<(VecDeque<Task<'a>>, usize)> {
    let mut chapters = Vec::new();
    let mut singles = Vec::new();
    let mut count = 0;
    for chapter in &course.chapters {
        if only.is_some_and(|only| only.folder != chapter.folder) {
            continue;
        }
        let wrong = if stubs_only {
            Vec::new()
        } else {
            wrong::answers(course, chapter)?
        };
        count += wrong.len();
        let (heavy, light): (Vec<Wrong>, Vec<Wrong>) = wrong
            .into_iter()
            .partition(|wrong| has_features(chapter, wrong));
        chapters.push(Task::Chapter(chapter, heavy));
        singles.extend(light.into_iter().map(|wrong| Task::Wrong(chapter, wrong)));
    }
    Ok((chapters.into_iter().chain(singles).collect(), count))
}

fn has_features(chapter: &Chapter, wrong: &Wrong) -> bool {
    chapter
        .tests()
        .any(|(step, test)| test.name == wrong.test && !step.features.is_empty())
}

impl<'a> Task<'a> {
    fn chapter(&self) -> &'a Chapter {
        match self {
            Task::Chapter(chapter, _) | Task::Wrong(chapter, _) => chapter,
        }
    }

    fn findings(&self) -> usize {
        match self {
            Task::Chapter(_, heavy) => chapter::FINDINGS + heavy.len(),
            Task::Wrong(..) => 1,
        }
    }
}

/// Takes tasks from the queue until it is empty.
fn work(
    ui: &Ui,
    course: &Course,
    queue: &Mutex<VecDeque<Task<'_>>>,
    folder: &std::path::Path,
    sender: &mpsc::Sender<Result<Finding>>,
) -> Result<()> {
    let scratch = Scratch::of(&course.root, folder)?;
    let send = |finding: Finding| {
        // As in `run`: then nobody listens any more.
        let _ = sender.send(Ok(finding));
    };
    let mut last = None;
    while let Some(task) = next(queue, last) {
        last = Some(task.chapter());
        match task {
            Task::Chapter(chapter, heavy) => {
                for finding in chapter::check(ui, &scratch, chapter)? {
                    send(finding);
                }
                for wrong in heavy {
                    send(check_twice(ui, &scratch, chapter, &wrong)?);
                }
            }
            Task::Wrong(chapter, wrong) => {
                send(check_twice(ui, &scratch, chapter, &wrong)?);
            }
        }
    }
    Ok(())
}

/// Tries a wrong answer again that was not caught as it should be. What a mistake does may depend on
/// chance or on how busy the machine is; then the second try says so, and the author can look for a
/// steadier test. A hole shows both times.
fn check_twice(ui: &Ui, scratch: &Scratch, chapter: &Chapter, wrong: &Wrong) -> Result<Finding> {
    let first = answers::check(ui, scratch, chapter, wrong)?;
    if first.complaint.is_none() {
        return Ok(first);
    }
    let second = answers::check(ui, scratch, chapter, wrong)?;
    Ok(Finding {
        is_unsteady: second.complaint.is_none(),
        took: first.took + second.took,
        ..second
    })
}

/// The first task of the chapter that a worker has built already, or else the first one of all.
fn next<'a>(queue: &Mutex<VecDeque<Task<'a>>>, last: Option<&Chapter>) -> Option<Task<'a>> {
    let mut queue = queue.lock().expect("no worker panics with the queue");
    let is_at_hand = |task: &Task| last.is_some_and(|last| last.folder == task.chapter().folder);
    let at = queue.iter().position(is_at_hand).unwrap_or(0);
    queue.remove(at)
}

fn show(ui: &Ui, finding: &Finding, index: usize, all: usize) {
    let width = all.to_string().len();
    let verdict = match finding.complaint {
        None if finding.is_unsteady => bad("2nd"),
        None => good("ok "),
        Some(_) => bad("BAD"),
    };
    let seconds = finding.took.as_secs_f64();
    ui.line(format!(
        "{index:width$}/{all}  {verdict}  {}  ({seconds:.1} s)",
        finding.what
    ));
}
