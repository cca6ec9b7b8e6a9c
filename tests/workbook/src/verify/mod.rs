//! `cargo workbook verify`, for authors: are the tests right?
//!
//! Every stub fails by its `todo!`, every test passes on the reference solution, and every wrong
//! answer of `author/wrong` is caught by its test, in the words that should help a student.
//!
//! Cargo builds a chapter once, for stubs and solution. Most wrong answers differ from the solution in
//! the bodies of functions: these are compiled together, and the test program is told which of them to
//! give. The others are compiled one by one with rustc's own command lines, each with no more of the
//! tests than it needs.

mod answers;
mod builder;
mod changed;
mod chapter;
mod check;
mod finding;
mod items;
mod lines;
mod needed;
mod plan;
mod shard;
mod slots;
mod together;
mod variants;
mod workdir;

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Instant;

use crate::cargo;
use crate::ui::{Ui, bad, good, plural};
use answers::{Trial, Tried, Way};
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
    let together = workdirs.path.join("together");

    let slots = Slots::new(jobs);
    let is_over = AtomicBool::new(false);
    let (sender, findings) = mpsc::channel();
    let (queue, tasks) = mpsc::channel();
    let tasks = Mutex::new(tasks);
    let doubtful = Mutex::new(Vec::new());
    let mut tally = Tally {
        ui,
        all,
        shown: 0,
        unsteady: 0,
        complaints: Vec::new(),
    };
    thread::scope(|scope| -> Result<()> {
        let builder = Builder {
            ui,
            course,
            target: &target,
            together: &together,
            is_over: &is_over,
            queue,
            findings: sender.clone(),
        };
        scope.spawn(move || builder.work(checks));
        for worker in 1..=(jobs * TESTS_PER_COMPILER).min(wrong_answers) {
            let folder = workdirs.path.join(worker.to_string());
            let (worker, sender) = (
                Worker {
                    course,
                    workdir: Workdir::new(course, folder),
                    tasks: &tasks,
                    slots: &slots,
                    is_over: &is_over,
                    doubtful: &doubtful,
                },
                sender.clone(),
            );
            scope.spawn(move || {
                let worked = worker.work(&sender);
                report(worked, &sender);
            });
        }
        drop(sender);
        for finding in findings {
            let finding = finding.inspect_err(|_| is_over.store(true, Ordering::Relaxed))?;
            tally.take(finding);
        }
        Ok(())
    })?;
    // What a mistake does may depend on chance or on how busy the machine is. So the second try comes when
    // nothing else runs. If it says something else, the author can look for a steadier test. A hole shows
    // both times.
    let mut workdir = Workdir::new(course, workdirs.path.join("again"));
    for task in doubtful
        .into_inner()
        .expect("no worker panics with the list")
    {
        let tried = task.try_it(course, &slots, &mut workdir, Way::Long)?;
        let is_unsteady = tried.complaint.is_none();
        tally.take(Finding {
            is_unsteady,
            ..of_wrong(task.chapter, &task.wrong, tried)
        });
    }
    let Tally {
        complaints,
        unsteady,
        ..
    } = tally;

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

/// Shows the findings as they come, and counts.
struct Tally<'a> {
    ui: &'a Ui,
    all: usize,
    shown: usize,
    unsteady: usize,
    complaints: Vec<(String, String)>,
}

impl Tally<'_> {
    fn take(&mut self, finding: Finding) {
        self.shown += 1;
        finding.show(self.ui, self.shown, self.all);
        self.unsteady += usize::from(finding.is_unsteady);
        let complaint = finding.complaint;
        self.complaints
            .extend(complaint.map(|complaint| (finding.what, complaint)));
    }
}

/// Takes wrong answers from the queue until there are no more.
struct Worker<'w, 'a> {
    course: &'a Course,
    workdir: Workdir<'a>,
    tasks: &'w Mutex<mpsc::Receiver<Task<'a>>>,
    slots: &'w Slots,
    is_over: &'w AtomicBool,
    /// What is to be tried once more.
    doubtful: &'w Mutex<Vec<Task<'a>>>,
}

impl Worker<'_, '_> {
    fn work(mut self, findings: &Findings) -> Result<()> {
        let next = || {
            self.tasks
                .lock()
                .expect("no worker panics with the queue")
                .recv()
        };
        while let Ok(task) = next() {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            let tried = task.try_it(self.course, self.slots, &mut self.workdir, Way::Short)?;
            if tried.complaint.is_none() {
                let _ = findings.send(Ok(of_wrong(task.chapter, &task.wrong, tried)));
            } else {
                let mut doubtful = self.doubtful.lock();
                let doubtful = doubtful.as_mut().expect("no worker panics with the list");
                doubtful.push(task);
            }
        }
        Ok(())
    }
}

impl<'a> Task<'a> {
    fn try_it(
        &self,
        course: &'a Course,
        slots: &Slots,
        workdir: &mut Workdir<'a>,
        way: Way,
    ) -> Result<Tried> {
        match &self.built {
            Some(built) => {
                let trial = Trial {
                    course,
                    chapter: self.chapter,
                    built,
                    slots,
                };
                trial.of(workdir, &self.wrong, way)
            }
            None if catcher(self.chapter, &self.wrong).is_none() => {
                Ok(Tried::bad(format!("There is no test {}.", self.wrong.test)))
            }
            None => Ok(Tried::bad("The solution itself does not compile.")),
        }
    }
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
        is_unsteady: false,
    }
}
