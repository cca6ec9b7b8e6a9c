//! A class: a queue of submissions, a few workers, a report each.

use std::any::Any;
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use clap::Args;
use workbook::course::Course;
use workbook::problem::{Problem, Result};

use crate::interrupt;
use crate::jail::Isolation;
use crate::one::{self, Bench};
use crate::plan::Shard;
use crate::progress::{self, Progress};
use crate::render::{self, Format};
use crate::report::{Report, Status};
use crate::roster::{Class, Roster, Submission};
use crate::select;
use crate::settings::{Limits, Seed, Settings};
use crate::slot::Slot;
use crate::store::{ClassFile, Store};

/// Who grades: a bench, or in a test somebody quicker.
pub trait Grader {
    /// The fingerprint of all that decides the report. Runs nothing.
    fn digest(&self, student: &str, submission: &Path) -> Result<String>;
    /// Grades. An error of ours is a report too.
    fn grade(
        &mut self,
        student: &str,
        submission: &Path,
        submitted_at: Option<&str>,
        hears: &dyn Fn(&str),
    ) -> Report;
}

/// A bench and the number that makes it different from all others on this machine.
struct Worker {
    bench: Bench,
    _slot: Slot,
}

impl Grader for Worker {
    fn digest(&self, student: &str, submission: &Path) -> Result<String> {
        self.bench.digest(student, submission)
    }

    fn grade(
        &mut self,
        student: &str,
        submission: &Path,
        submitted_at: Option<&str>,
        hears: &dyn Fn(&str),
    ) -> Report {
        self.bench.grade(student, submission, submitted_at, hears)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // No student's files lie about when the class is done.
        self.bench.clear();
    }
}

/// What came of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Students with a report that stands.
    pub graded: usize,
    /// Of these, how many an earlier run had done.
    pub from_earlier: usize,
    /// Of these, how many had nothing that could be graded.
    pub rejected: usize,
    /// Students whom we failed, and how, sorted.
    pub errors: Vec<(String, String)>,
    /// Why nobody could work on. Then there may be students left.
    pub stopped: Option<String>,
    /// Students that no worker came to.
    pub left: usize,
}

impl Outcome {
    /// Every student has a report that stands.
    pub fn is_complete(&self) -> bool {
        self.errors.is_empty() && self.left == 0
    }
}

/// Results that cannot be written, one after the other, until we give up: the disk will not get
/// better, and grading for nothing costs hours.
const ENOUGH: usize = 3;

/// Grades these submissions with `jobs` workers, each with a grader of its own.
pub fn grade_all<G: Grader>(
    submissions: &[Submission],
    store: &Store,
    jobs: usize,
    prepare: &(dyn Fn() -> Result<G> + Sync),
    progress: &Progress,
) -> Outcome {
    let run = Run {
        state: Mutex::new(State {
            queue: submissions.iter().collect(),
            outcome: Outcome::default(),
            lost_in_a_row: 0,
        }),
        store,
        prepare,
        progress,
    };
    let workers = jobs.clamp(1, submissions.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| run.work());
        }
    });
    let State {
        queue, mut outcome, ..
    } = run.state.into_inner().expect(SOUND);
    outcome.left = queue.len();
    outcome.errors.sort();
    outcome
}

struct Run<'a, G> {
    state: Mutex<State<'a>>,
    store: &'a Store,
    prepare: &'a (dyn Fn() -> Result<G> + Sync),
    progress: &'a Progress,
}

struct State<'a> {
    queue: VecDeque<&'a Submission>,
    outcome: Outcome,
    /// Reports that could not be written since the last one that could.
    lost_in_a_row: usize,
}

const SOUND: &str = "nobody panics while he changes the state";

impl<'a, G: Grader> Run<'a, G> {
    fn work(&self) {
        let mut grader = None;
        while self.has_more() {
            let mut ready = match grader.take().map_or_else(self.prepare, Ok) {
                Ok(ready) => ready,
                Err(problem) => {
                    // The other workers may do better.
                    self.state().outcome.stopped = Some(problem.to_string());
                    return;
                }
            };
            let Some(submission) = self.next() else {
                return;
            };
            // One that has panicked is not used again.
            if self.grade(&mut ready, submission) {
                grader = Some(ready);
            }
        }
    }

    /// Brings one student to a report. False when the grader has panicked over it.
    fn grade(&self, grader: &mut G, submission: &Submission) -> bool {
        let Submission { id, folder, .. } = submission;
        let began = Instant::now();
        let graded = catch_unwind(AssertUnwindSafe(|| {
            // A digest that cannot be taken is looked into by grading.
            let digest = grader.digest(id, folder).ok();
            if let Some(report) = digest.and_then(|digest| self.store.finished(id, &digest)) {
                return (report, false);
            }
            let submitted_at = submission.submitted_at.map(|time| time.to_string());
            let hears = |what: &str| self.progress.busy(&format!("{id}: {what}"));
            let report = grader.grade(id, folder, submitted_at.as_deref(), &hears);
            (report, true)
        }));
        let is_sound = graded.is_ok();
        let (report, is_new) = graded.unwrap_or_else(|panic| (of_panic(id, &*panic), true));
        let mut error = render::failure(&report).map(|_| why(&report));
        if is_new && let Err(problem) = self.keep(&report) {
            error = Some(problem.to_string());
        }
        let result = in_short(&report, error.as_deref());
        let took = is_new.then(|| began.elapsed());
        self.count(&report, is_new, error);
        self.progress.done(id, &result, took);
        is_sound
    }

    fn keep(&self, report: &Report) -> Result<()> {
        let page = render::render(Format::Markdown, report).unwrap_or_default();
        let saved = {
            let _until_written = interrupt::writing();
            self.store.save(report, &page)
        };
        let mut state = self.state();
        match &saved {
            Ok(()) => state.lost_in_a_row = 0,
            Err(problem) => {
                state.lost_in_a_row += 1;
                if state.lost_in_a_row >= ENOUGH {
                    state.outcome.stopped = Some(problem.to_string());
                }
            }
        }
        saved
    }

    fn count(&self, report: &Report, is_new: bool, error: Option<String>) {
        let outcome = &mut self.state().outcome;
        if let Some(error) = error {
            outcome.errors.push((report.student.clone(), error));
            return;
        }
        outcome.graded += 1;
        outcome.from_earlier += usize::from(!is_new);
        outcome.rejected += usize::from(report.status == Status::Rejected);
    }

    fn has_more(&self) -> bool {
        let state = self.state();
        state.lost_in_a_row < ENOUGH && !state.queue.is_empty()
    }

    fn next(&self) -> Option<&'a Submission> {
        self.state().queue.pop_front()
    }

    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().expect(SOUND)
    }
}

/// What stands on the line of a student.
fn in_short(report: &Report, error: Option<&str>) -> String {
    match (error, report.status) {
        (Some(error), _) => format!("NOT GRADED: {error}"),
        (None, Status::Rejected) => format!("rejected: {}", why(report)),
        (None, _) => format!("{} of {} points", report.score, report.max_score),
    }
}

/// The problem in one line.
fn why(report: &Report) -> String {
    let problem = report.problem.clone().or_else(|| render::failure(report));
    render::text::line(&problem.unwrap_or_default())
}

/// The report of a student over whom the grader itself has panicked.
fn of_panic(student: &str, panic: &(dyn Any + Send)) -> Report {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it does not say why");
    let problem = format!("The grader has a mistake: {words}.");
    Report::of_our_failure(student, &problem, jiff::Timestamp::now().to_string())
}

#[derive(Args)]
pub struct ClassArgs {
    /// The class: one folder a student, each with the student's `chapters` in it
    #[arg(long, value_name = "DIR")]
    submissions: PathBuf,
    /// A CSV file with the column `id`, and if you like name, folder, due, submitted_at
    ///
    /// Its first line names the columns. `folder` is for submissions that are not called like the id.
    /// Times are written 2026-11-01T23:59:00+09:00. Other columns are left alone.
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    roster: Option<PathBuf>,
    /// Where the reports go
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// Submissions at a time [default: one for every two processors]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Only this part of the class: 3/8 is the third of eight; needs --seed
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE, hide_default_value = true)]
    shard: Shard,
    /// Only these chapters, 2 or 02 or 02-tcp-echo [default: all]
    #[arg(long = "chapter", value_name = "NN")]
    chapters: Vec<String>,
    /// Your own tests besides those that students see: a folder of folders like tests/02-tcp-echo
    #[arg(long, value_name = "DIR")]
    hidden: Option<PathBuf>,
    /// Count the optional steps too
    #[arg(long)]
    optional: bool,
    /// Each student's tests are drawn from it [default: that of an earlier run, else drawn]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Refuse to run where a submission is less shut in
    #[arg(long, value_name = "LEVEL")]
    require_isolation: Option<Isolation>,
    /// Forget the reports of earlier runs in --out
    #[arg(long)]
    fresh: bool,
    /// The workbook that the tests come from [default: the one around this folder]
    #[arg(long, value_name = "DIR")]
    course: Option<PathBuf>,
    /// Where submissions are built; keep it, and the next run is quicker
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &ClassArgs) -> Result<ExitCode> {
    let course = select::course(args.course.as_deref())?;
    let roster = args.roster.as_deref().map(Roster::read).transpose()?;
    let class = Class::gather(&args.submissions, roster.as_ref())?;
    if is_inside(&args.out, &args.submissions) {
        return Err(Problem::new(
            "The results cannot stand among the submissions: the next run would take them for a \
             student. Choose another folder with --out.",
        ));
    }
    let settings = args.settings(&course)?;
    if args.fresh {
        Store::clear(&args.out)?;
    }
    let store = Store::open(&args.out, &ClassFile::new(settings.clone(), class.ids()))?;

    let shard = args.shard;
    let missing = class.missing.iter().filter(|id| shard.has(id)).count();
    let submissions: Vec<Submission> = class
        .submissions
        .into_iter()
        .filter(|one| shard.has(&one.id))
        .collect();
    let progress = Progress::new(submissions.len());
    let (Seed::Exact(seed) | Seed::OfClass(seed)) = settings.seed;
    progress.say(&format!(
        "{}{}; seed {seed}; reports go to {}.",
        plural(submissions.len(), "submission"),
        if shard.is_whole() {
            String::new()
        } else {
            format!(" in shard {shard}")
        },
        args.out.display()
    ));
    if let Some(unread) = roster.as_ref().map(|roster| &roster.unread)
        && !unread.is_empty()
    {
        progress.say(&format!(
            "The roster's columns {} are left alone.",
            unread.join(", ")
        ));
    }
    interrupt::says(
        "Stopped. The reports that are there stay; the same command goes on where it stopped.",
    )?;
    let scratch = args.scratch.clone().unwrap_or_else(one::scratch);
    let scratch = std::path::absolute(&scratch)
        .map_err(|error| Problem::with_file("find", &scratch, &error))?;
    let prepare = || {
        let slot = Slot::take(&scratch)?;
        let hears = |what: &str| progress.busy(what);
        let bench = Bench::prepare(&course, &settings, &scratch, slot.number, &hears)?;
        Ok(Worker { bench, _slot: slot })
    };
    let outcome = grade_all(&submissions, &store, args.jobs(), &prepare, &progress);
    progress.finish();
    progress::print(&told(&outcome, &submissions, missing));
    Ok(ExitCode::from(if outcome.is_complete() { 0 } else { 3 }))
}

impl ClassArgs {
    fn jobs(&self) -> usize {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.jobs.map_or(processors.div_ceil(2), NonZeroUsize::get)
    }

    fn settings(&self, course: &Course) -> Result<Settings> {
        // None stands for all of the course; the names of all would make a difference of none.
        let chapters = match self.chapters.as_slice() {
            [] => Vec::new(),
            said => select::chapters(course, said)?,
        };
        Ok(Settings {
            chapters: chapters.iter().map(|one| one.folder.clone()).collect(),
            hidden: self.hidden.clone(),
            optional: self.optional,
            seed: Seed::OfClass(self.seed()?),
            limits: Limits::default(),
            require_isolation: self.require_isolation,
            at_most: Isolation::Bwrap,
        })
    }

    fn seed(&self) -> Result<u64> {
        if self.fresh && !self.shard.is_whole() {
            return Err(Problem::new(
                "--fresh would take away the reports of the other shards. Remove the folder of the \
                 results, or give each shard one of its own.",
            ));
        }
        if let Some(seed) = self.seed {
            return Ok(seed);
        }
        let earlier = match self.fresh {
            true => None,
            false => ClassFile::read(&self.out)?,
        };
        match earlier.map(|class| class.settings.seed) {
            Some(Seed::OfClass(seed) | Seed::Exact(seed)) => Ok(seed),
            // 32 bits, as a person may have to type it. Every RandomState is another one.
            None if self.shard.is_whole() => Ok(RandomState::new().hash_one(()) >> 32),
            None => Err(Problem::new(
                "A shard needs --seed N, the same for all of them: a number that your CI gives to the \
                 whole run, such as ${{ github.run_id }}, $CI_PIPELINE_ID or $SLURM_ARRAY_JOB_ID.",
            )),
        }
    }
}

fn is_inside(path: &Path, folder: &Path) -> bool {
    match (std::path::absolute(path), folder.canonicalize()) {
        (Ok(path), Ok(folder)) => path
            .ancestors()
            .find_map(|there| there.canonicalize().ok())
            .is_some_and(|there| there.starts_with(folder)),
        _ => false,
    }
}

/// The last words of a run.
fn told(outcome: &Outcome, submissions: &[Submission], missing: usize) -> String {
    let mut text = format!("{} graded", plural(outcome.graded, "submission"));
    let mut details = Vec::new();
    if outcome.from_earlier > 0 {
        details.push(format!("{} in an earlier run", outcome.from_earlier));
    }
    if outcome.rejected > 0 {
        details.push(format!("{} rejected, with no points", outcome.rejected));
    }
    if !details.is_empty() {
        text += &format!(" ({})", details.join("; "));
    }
    text += ".\n";
    if missing > 0 {
        text += &format!(
            "{} of the roster handed in nothing.\n",
            plural(missing, "student")
        );
    }
    let unknown = submissions.iter().filter(|one| !one.is_in_roster);
    let unknown: Vec<_> = unknown.map(|one| one.id.as_str()).collect();
    if !unknown.is_empty() {
        text += &format!("Not in the roster: {}.\n", unknown.join(", "));
    }
    if !outcome.errors.is_empty() {
        text += &format!(
            "\nNot graded, because the grader failed and not the student: {}\n",
            outcome.errors.len()
        );
        for (student, error) in &outcome.errors {
            text += &format!("  {student}  {error}\n");
        }
    }
    if let Some(stopped) = &outcome.stopped {
        text += &format!("\nA worker stopped: {stopped}\n");
    }
    if outcome.left > 0 {
        text += &format!("{} left.\n", plural(outcome.left, "submission"));
    }
    if !outcome.is_complete() {
        text += "The same command grades what is missing, and leaves the rest as it is.\n";
    }
    text
}

/// `1 student`, `2 students`
pub fn plural(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
