//! `cargo grader class`: every submission of a folder, with several workers.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, Once, PoisonError};

use clap::Args;
use course::Course;
use course::problem::{Problem, Result};

use crate::build::scratch;
use crate::class::interrupt;
use crate::class::progress::{self, Progress, plural};
use crate::class::roster::{Class, Roster, Submission};
use crate::class::shards::Shard;
use crate::class::store::{ClassFile, Store};
use crate::class::workers::{Grader, Outcome, grade_all};
use crate::command::failure::{Failure, OURS};
use crate::command::select;
use crate::jail::Isolation;
use crate::report::Report;
use crate::run::lanes::Lanes;
use crate::run::worker::{Shared, Worker};
use crate::settings::{Limits, Seed, Settings};

#[derive(Args)]
pub struct ClassArgs {
    /// The class: one folder a student, each with the student's `chapters` in it
    #[arg(long, value_name = "DIR")]
    submissions: PathBuf,
    /// A CSV file with the column `id`; optional: name, folder, due, submitted_at
    ///
    /// Its first line names the columns. `folder` is for a folder whose name is
    /// not the id. Write times as 2026-11-01T23:59:00+09:00. Other columns are ignored.
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    roster: Option<PathBuf>,
    /// Where the reports go
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// How many submissions compute at a time [default: one for every processor]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Only this part of the class: 3/8 is the third of eight; needs --seed
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE, hide_default_value = true)]
    shard: Shard,
    /// Only these chapters, 02 or 02-tcp-echo, for instance 00,02 [default: all]
    #[arg(
        long = "chapter",
        alias = "chapters",
        value_name = "NN",
        value_delimiter = ','
    )]
    chapters: Vec<String>,
    /// Your own tests, which students do not see: a folder that holds folders like tests/02-tcp-echo
    #[arg(long, value_name = "DIR")]
    hidden: Option<PathBuf>,
    /// Count the optional steps too
    #[arg(long)]
    optional: bool,
    /// Random input of each student's tests comes from it [default: as in an earlier run, else random]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Multiply every deadline; raise it on a busy machine
    #[arg(long, value_name = "FACTOR", default_value_t = Limits::default().patience)]
    patience: f64,
    /// Refuse to run with a weaker jail than this
    #[arg(long, value_name = "LEVEL")]
    require_isolation: Option<Isolation>,
    /// Delete the reports of earlier runs in --out first
    #[arg(long)]
    fresh: bool,
    /// The workbook that the tests come from [default: the one around this folder]
    #[arg(long, value_name = "DIR")]
    course: Option<PathBuf>,
    /// Where to build; a later run with the same folder is faster [default: a folder of yours in /tmp]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

/// Workers for each submission that may compute. While the tests of one sleep, another computes.
const WORKERS: usize = 4;

/// Runs the command.
pub fn run(args: &ClassArgs) -> std::result::Result<ExitCode, Failure> {
    let course = select::course(args.course.as_deref())?;
    let roster = args.roster.as_deref().map(Roster::read).transpose()?;
    let class = Class::gather(&args.submissions, roster.as_ref())?;
    if is_inside(&args.out, &args.submissions) {
        return Err(Failure::Usage(Problem::new(
            "The results cannot stand among the submissions: the next run would take them for a \
             student. Choose another folder with --out.",
        )));
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
    if !class.passed_over.is_empty() {
        progress.say(&format!(
            "Passed over, since an archive or a desktop left it behind: {}.",
            class.passed_over.join(", ")
        ));
    }
    interrupt::says(
        "Stopped. The reports that are there stay; the same command goes on where it stopped.",
    )?;
    let scratch = scratch::chosen(args.scratch.as_deref())?;
    let jobs = args.jobs.map(NonZeroUsize::get);
    let shared = Shared::new(jobs.map_or_else(Lanes::of_this_machine, Lanes::new));
    if let Some(level) = store.strongest_jail()? {
        shared.keeps_to(level)?;
    }
    let workers = WORKERS * shared.lanes.count();
    let (neighbours, told) = (Mutex::new(()), Once::new());
    let prepare = || {
        let say = |what: &str| progress.busy(what);
        let worker = Worker::prepare(&course, &settings, &scratch, shared.clone(), &say)?;
        if !worker.parts_neighbours() {
            told.call_once(|| {
                progress.say(
                    "One submission at a time: this machine's jail does not part them. With bubblewrap \
                     they run side by side.",
                );
            });
        }
        Ok(OfClass {
            worker,
            neighbours: &neighbours,
        })
    };
    let outcome = grade_all(&submissions, &store, workers, &prepare, &progress);
    progress.finish();
    progress::print(&summary(&outcome, &submissions, missing));
    Ok(match outcome.is_complete() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(OURS),
    })
}

impl ClassArgs {
    fn settings(&self, course: &Course) -> Result<Settings> {
        // An empty list means the whole course. A list of all names would count as other settings.
        let chapters = match self.chapters.as_slice() {
            [] => Vec::new(),
            said => select::chapters(course, said)?,
        };
        Ok(Settings {
            chapters: chapters.iter().map(|one| one.folder.clone()).collect(),
            hidden: self.hidden.clone(),
            optional: self.optional,
            seed: Seed::OfClass(self.seed()?),
            limits: Limits {
                patience: self.patience,
                ..Limits::default()
            },
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
            None if self.shard.is_whole() => Ok(Seed::drawn()),
            None => Err(Problem::new(
                "A shard needs --seed N, the same for all of them: a number that your CI gives to the \
                 whole run, such as ${{ github.run_id }}, $CI_PIPELINE_ID or $SLURM_ARRAY_JOB_ID.",
            )),
        }
    }
}

/// A worker that is cleared at the end, so that no student's files stay when the class is done.
struct OfClass<'a> {
    worker: Worker,
    /// Held where one submission could disturb another.
    neighbours: &'a Mutex<()>,
}

impl Grader for OfClass<'_> {
    fn digest(&self, student: &str, submission: &Path) -> Result<String> {
        self.worker.digest(student, submission)
    }

    fn grade(
        &mut self,
        student: &str,
        submission: &Path,
        submitted_at: Option<&str>,
        say: &dyn Fn(&str),
    ) -> Report {
        if self.worker.parts_neighbours() {
            return self.worker.grade(student, submission, submitted_at, say);
        }
        let _alone = self
            .neighbours
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut report = self.worker.grade(student, submission, submitted_at, say);
        report.isolation += ", one submission at a time";
        report
    }
}

impl Drop for OfClass<'_> {
    fn drop(&mut self) {
        self.worker.clear();
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
fn summary(outcome: &Outcome, submissions: &[Submission], missing: usize) -> String {
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
