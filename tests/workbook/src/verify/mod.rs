//! `cargo workbook verify`, for authors: are the tests right?
//!
//! Every stub fails by its `todo!`, every test passes on the reference solution, and every wrong
//! answer of `author/wrong` is caught by its test, in the words that should help a student.
//!
//! Cargo builds a chapter once, for stubs and solution. The many wrong answers are compiled with
//! rustc's own command lines, and linked with tests that were compiled once. Where the tests must be
//! compiled with the wrong answer, it is no more of them than needed.

mod answers;
mod bodies;
mod builder;
mod changed;
mod chapter;
mod check;
mod finding;
mod items;
mod lines;
mod needed;
mod objects;
mod plan;
mod shard;
mod slots;
mod workdir;

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Instant;

use crate::cargo;
use crate::ui::{Ui, bad, good, plural};
use answers::{Trial, Tried};
use builder::{Builder, Findings, Task, report};
use check::{Check, Kind, catcher};
use course::problem::Result;
use course::wrong::Wrong;
use course::{Chapter, Course};
use finding::Finding;
pub use plan::Asked;
pub use shard::Shard;
use slots::Slots;
use workdir::{Workdir, Workdirs};

/// How many wrong answers are under way for each compiler: most of the time that a test takes is
/// spent in waiting.
const TESTS_PER_COMPILER: usize = 4;

pub fn run(
    ui: &Ui,
    course: &Course,
    asked: &Asked,
    jobs: Option<NonZeroUsize>,
) -> Result<ExitCode> {
    let began = Instant::now();
    let checks = plan::checks(course, asked)?;
    if checks.is_empty() {
        ui.line(good("There is nothing to check."));
        return Ok(ExitCode::SUCCESS);
    }
    let all = checks.len();
    let is_wrong = |check: &&Check| matches!(check.kind, Kind::Wrong(_));
    let wrong_answers = checks.iter().filter(is_wrong).count();
    let jobs = jobs.or_else(|| thread::available_parallelism().ok());
    let jobs = jobs.map_or(1, NonZeroUsize::get);
    let folder = cargo::target_dir(&course.root)?
        .join("workbook")
        .join("verify");
    let target = folder.join("target");
    let workdirs = Workdirs::create(&folder)?;
    let objects = workdirs.path.join("objects");

    let slots = Slots::new(jobs);
    let is_over = AtomicBool::new(false);
    let (sender, findings) = mpsc::channel();
    let (queue, tasks) = mpsc::channel();
    let tasks = Mutex::new(tasks);
    let mut complaints = Vec::new();
    let mut unsteady = 0;
    thread::scope(|scope| -> Result<()> {
        let builder = Builder {
            ui,
            course,
            target: &target,
            objects: &objects,
            is_over: &is_over,
            queue,
            findings: sender.clone(),
        };
        scope.spawn(move || builder.work(checks));
        for worker in 1..=(jobs * TESTS_PER_COMPILER).min(wrong_answers) {
            let folder = workdirs.path.join(worker.to_string());
            let (tasks, slots, is_over, sender) = (&tasks, &slots, &is_over, sender.clone());
            scope.spawn(move || {
                let workdir = Workdir::new(course, folder);
                let worked = work(course, workdir, tasks, slots, is_over, &sender);
                report(worked, &sender);
            });
        }
        drop(sender);
        for (index, finding) in findings.iter().enumerate() {
            let finding = finding.inspect_err(|_| is_over.store(true, Ordering::Relaxed))?;
            finding.show(ui, index + 1, all);
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
    let mut counted = format!(
        "{} ({}) in {seconds} s",
        plural(all, "check"),
        plural(wrong_answers, "wrong answer")
    );
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

/// Takes wrong answers from the queue until there are no more.
fn work<'a>(
    course: &'a Course,
    mut workdir: Workdir<'a>,
    tasks: &Mutex<mpsc::Receiver<Task<'a>>>,
    slots: &Slots,
    is_over: &AtomicBool,
    findings: &Findings,
) -> Result<()> {
    let next = || {
        tasks
            .lock()
            .expect("no worker panics with the queue")
            .recv()
    };
    while let Ok(Task {
        chapter,
        wrong,
        lines,
    }) = next()
    {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let tried = match &lines {
            Some(lines) => {
                let trial = Trial {
                    course,
                    chapter,
                    lines,
                    slots,
                };
                trial.of(&mut workdir, &wrong)?
            }
            None if catcher(chapter, &wrong).is_none() => {
                Tried::bad(format!("There is no test {}.", wrong.test))
            }
            None => Tried::bad("The solution itself does not compile."),
        };
        let _ = findings.send(Ok(of_wrong(chapter, &wrong, tried)));
    }
    Ok(())
}

fn of_wrong(chapter: &Chapter, wrong: &Wrong, tried: Tried) -> Finding {
    let complaint = tried.complaint.map(|complaint| {
        let (mistake, place) = (&wrong.mistake, &wrong.place);
        format!("{place}\nThe mistake: {mistake}.\n{complaint}")
    });
    Finding {
        what: format!("{} {}: {}", chapter.number(), wrong.name, wrong.test),
        took: tried.took,
        complaint,
        is_unsteady: tried.is_unsteady,
    }
}
