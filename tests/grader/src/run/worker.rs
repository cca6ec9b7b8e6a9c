//! Grades one submission: from its folder to its report.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use course::problem::{Problem, Result};
use course::{Chapter, Course};

use crate::build::names;
use crate::build::rustc::{Built, Compiled, Hidden};
use crate::build::scratch;
use crate::build::workdir::{self, Workdir};
use crate::build::worker_lock::WorkerLock;
use crate::jail::{self, Isolation, Jail};
use crate::report::{ChapterReport, Report, SCHEMA, Status, TestReport, Verdict};
use crate::run::chapter_run::ChapterRun;
use crate::run::lanes::Lanes;
use crate::run::ports;
use crate::run::test_plan::{self, PlannedTest};
use crate::settings::Settings;
use crate::submission::collect::{self, Refusal, Sources};
use crate::submission::digest::Fingerprint;
use crate::submission::{look, unsafe_token};

/// What the workers of one run have in common.
pub struct Shared {
    pub lanes: Lanes,
    /// The strongest jail that any submission has had.
    jail: Mutex<Isolation>,
    /// Made by the first worker.
    build: Mutex<Option<Build>>,
}

/// The course that tests and grades are of.
#[derive(Clone)]
struct Build {
    built: Built,
    course_commit: String,
    toolchain: String,
}

impl Shared {
    pub fn new(lanes: Lanes) -> Arc<Shared> {
        Arc::new(Shared {
            lanes,
            jail: Mutex::new(Isolation::None),
            build: Mutex::default(),
        })
    }

    /// Submissions of this run, or of an earlier one whose results it adds to, have this jail: none shall have a weaker.
    ///
    /// # Errors
    /// When others have a stronger one.
    pub fn keeps_to(&self, level: Isolation) -> Result<()> {
        let mut strongest = self.jail.lock().unwrap_or_else(PoisonError::into_inner);
        if level < *strongest {
            return Err(Problem::new(format!(
                "Other submissions of this class had the jail {}, and here only {} works now. What each of them \
                 needs stands in the book, under \"What the jail stops\". With --fresh all are graded anew.",
                strongest.name(),
                level.name()
            )));
        }
        *strongest = level;
        Ok(())
    }

    fn build(&self, make: impl FnOnce() -> Result<Build>) -> Result<Build> {
        let mut build = self.build.lock().unwrap_or_else(PoisonError::into_inner);
        if build.is_none() {
            *build = Some(make()?);
        }
        Ok(build.clone().expect("it is there now"))
    }
}

/// Grades one submission after another in a workdir and a jail of its own.
pub struct Worker {
    settings: Settings,
    chapters: Vec<Chapter>,
    hidden: Vec<Chapter>,
    plan: Vec<Vec<PlannedTest>>,
    build: Build,
    workdir: Workdir,
    /// The course's own chapters, as they are handed out.
    own: BTreeMap<String, Sources>,
    /// With these in it. They compile.
    control: Workdir,
    /// Held as long as the worker lives.
    _lock: WorkerLock,
    jail: Jail,
    shared: Arc<Shared>,
    /// Covers everything but the submission.
    fingerprint: Fingerprint,
}

impl Worker {
    /// Creates the workdir and builds everything that does not depend on a submission. `scratch` is the
    /// same folder in each run, so that later runs find most of it built. The workdir is the first that
    /// no other worker uses, in this process or another.
    pub fn prepare(
        course: &Course,
        settings: &Settings,
        scratch: &Path,
        shared: Arc<Shared>,
        say: &dyn Fn(&str),
    ) -> Result<Worker> {
        let chapters = test_plan::chapters(course, &settings.chapters)?;
        for chapter in &chapters {
            test_plan::stands_alone(&course.root, chapter)?;
        }
        let named: Vec<&Chapter> = chapters.iter().collect();
        scratch::own(scratch)?;
        let lock = WorkerLock::take(scratch)?;
        let room = jail::room(lock.number, scratch);
        // A grader that was killed may have left something there.
        workdir::empty(&room)?;
        let jail = Jail::find(
            lock.number,
            settings.at_most,
            settings.require_isolation,
            scratch,
        )?;
        shared.keeps_to(jail.level)?;
        let features: BTreeMap<String, Vec<String>> = match settings.optional {
            true => named
                .iter()
                .map(|chapter| (chapter.folder.clone(), test_plan::features(chapter)))
                .collect(),
            false => BTreeMap::new(),
        };
        let build = shared.build(|| {
            let key = scratch::build_key(&course.root, &named, &features)?;
            let target = scratch.join(format!("built-{key}"));
            let built = Built::of(&course.root, &named, &features, &target, say)?;
            jail.show(&built.folder())?;
            Ok(Build {
                course_commit: commit(&course.root),
                toolchain: built.toolchain()?,
                built,
            })
        })?;
        let lay = |name: &str| -> Result<Workdir> {
            let hidden = settings.hidden.as_deref();
            let workdir = Workdir::create(&room.join(name), &course.root, &named, hidden)?;
            jail.show(&workdir.root)?;
            Ok(workdir)
        };
        let workdir = lay("workdir")?;
        let control = lay("control")?;
        let folders: Vec<&str> = named.iter().map(|one| one.folder.as_str()).collect();
        let own = collect::collect(&course.root, &folders)
            .map_err(|why| Problem::new(why.to_string()))?;
        for chapter in &chapters {
            let library = build.built.chapters[&chapter.folder].library_name();
            let check = names::check(library, &own[&chapter.folder]);
            workdir.add_to_tests(chapter, &check)?;
            control.add_to_tests(chapter, &check)?;
        }
        control.take(&own)?;
        jail.show(&control.root)?;
        let hidden = test_plan::hidden(settings, &workdir, &chapters)?;
        let plan = chapters
            .iter()
            .map(|chapter| {
                let hidden = hidden.iter().find(|other| other.folder == chapter.folder);
                test_plan::plan(chapter, hidden, settings)
            })
            .collect();
        let mut worker = Worker {
            settings: settings.clone(),
            plan,
            build,
            workdir,
            own,
            control,
            _lock: lock,
            jail,
            shared,
            fingerprint: Fingerprint::new(),
            hidden,
            chapters,
        };
        worker.fingerprint = worker.fingerprint_of(&course.root)?;
        worker.try_hidden()?;
        Ok(worker)
    }

    /// Whether submissions may run at a time: none reaches another's ports or processes.
    pub fn parts_neighbours(&self) -> bool {
        self.jail.level == Isolation::Bwrap
    }

    /// What is in force, strongest first: `bwrap+landlock+seccomp+rlimits`.
    pub fn isolation(&self) -> &str {
        &self.jail.words
    }

    /// The fingerprint of everything that decides the report of this submission. Runs nothing.
    ///
    /// A submission that cannot be graded has one, too.
    pub fn digest(&self, student: &str, submission: &Path) -> Result<String> {
        Ok(self.digest_of(student, &self.collect(submission)))
    }

    /// Grades. A failure of ours is a report, too, and never a zero.
    pub fn grade(
        &mut self,
        student: &str,
        submission: &Path,
        submitted_at: Option<&str>,
        say: &dyn Fn(&str),
    ) -> Report {
        let seed = self.settings.seed.of(student);
        let collected = self.collect(submission);
        let mut report = Report {
            schema: SCHEMA.into(),
            student: student.into(),
            course_commit: self.build.course_commit.clone(),
            input_digest: self.digest_of(student, &collected),
            toolchain: self.build.toolchain.clone(),
            isolation: self.jail.words.clone(),
            seed,
            submitted_at: submitted_at.map(Into::into),
            graded_at: String::new(),
            status: Status::Graded,
            problem: None,
            score: 0,
            max_score: 0,
            chapters: Vec::new(),
        };
        match collected {
            Err(Refusal::Unreadable(why)) => {
                report.status = Status::GraderError;
                report.problem = Some(why);
            }
            Err(Refusal::Rejected(why)) => {
                report.status = Status::Rejected;
                report.problem = Some(why);
                report.chapters = (0..self.chapters.len())
                    .map(|index| self.unseen(index, "the submission was rejected"))
                    .collect();
            }
            Ok(sources) => match self.examine(&sources, seed, say) {
                Ok(chapters) => report.chapters = chapters,
                Err(problem) => {
                    report.status = Status::GraderError;
                    report.problem = Some(problem.to_string());
                }
            },
        }
        let broken = report
            .tests()
            .find(|(_, test)| test.verdict == Verdict::GraderError)
            .map(|(_, test)| test.message.clone());
        if let Some(why) = broken {
            report.status = Status::GraderError;
            report.problem = Some(why);
        }
        report.score = report.chapters.iter().map(|chapter| chapter.score).sum();
        report.max_score = report
            .chapters
            .iter()
            .map(|chapter| chapter.max_score)
            .sum();
        report.graded_at = now();
        report
    }

    /// Deletes the last submission's files and binaries.
    pub fn clear(&self) {
        // If this fails, the next submission deletes them.
        let _ = self.workdir.take(&BTreeMap::new());
    }

    /// Where the last submission's files and binaries are.
    pub fn workdir(&self) -> &Path {
        &self.workdir.root
    }

    fn collect(&self, submission: &Path) -> Submission {
        let folders: Vec<&str> = self
            .chapters
            .iter()
            .map(|chapter| chapter.folder.as_str())
            .collect();
        collect::collect(submission, &folders)
    }

    fn digest_of(&self, student: &str, submission: &Submission) -> String {
        let mut all = self.fingerprint.clone();
        all.add("seed", self.settings.seed.of(student).to_be_bytes());
        match submission {
            Err(why) => all.add("rejected", why.to_string()),
            Ok(chapters) => {
                for (chapter, sources) in chapters {
                    for (name, text) in sources {
                        all.add(&format!("chapters/{chapter}/src/{name}"), text);
                    }
                }
            }
        }
        all.finish()
    }

    fn fingerprint_of(&self, course: &Path) -> Result<Fingerprint> {
        let mut all = Fingerprint::new();
        all.add("toolchain", &self.build.toolchain);
        all.add("isolation", &self.jail.words);
        let limits = serde_json::to_string(&self.settings.limits).expect("numbers");
        all.add("limits", limits);
        all.add("optional", [u8::from(self.settings.optional)]);
        for name in ["Cargo.toml", "Cargo.lock", "tests/netlab/src"] {
            all.add_files(name, &course.join(name))?;
        }
        for chapter in &self.chapters {
            let manifest = format!("{}/Cargo.toml", chapter.dir());
            all.add_files(&manifest, &course.join(&manifest))?;
            let tests = chapter.tests_dir();
            all.add_files(&tests, &self.workdir.root.join(&tests))?;
        }
        if !self.hidden.is_empty() {
            all.add_files(workdir::HIDDEN, &self.workdir.root.join(workdir::HIDDEN))?;
        }
        Ok(all)
    }

    /// Checks that the hidden tests compile. If not, the instructor has to mend them; students must not lose
    /// points.
    fn try_hidden(&self) -> Result<()> {
        for chapter in &self.chapters {
            if self.has_hidden(chapter)
                && let Some(error) = self.build.built.hidden_error(
                    chapter,
                    &self.control.root,
                    &self.jail,
                    &self.settings.limits,
                )?
            {
                return Err(Problem::new(format!(
                    "The hidden tests of {} do not compile with the course's own chapter.\n{error}",
                    chapter.folder
                )));
            }
        }
        Ok(())
    }

    fn has_hidden(&self, chapter: &Chapter) -> bool {
        self.hidden.iter().any(|one| one.folder == chapter.folder)
    }

    /// Compiles the student's chapter. An error is the student's fault only if the course's own chapter
    /// compiles in the same jail and on the same disk. An unreadable folder, a full disk or a missing
    /// linker is not.
    fn compile(&self, chapter: &Chapter) -> Result<Compiled> {
        let compiled = self.compile_at(&self.workdir, chapter)?;
        let of_ours = match &compiled {
            Compiled::DoesNot { is_library, .. } if *is_library => self.build.built.library_error(
                chapter,
                &self.control.root,
                &self.jail,
                &self.settings.limits,
            )?,
            _ if compiled.complaint().is_some() => self.complaint(chapter)?,
            _ => None,
        };
        if let Some(error) = of_ours {
            return Err(Problem::new(format!(
                "The course's own {} does not compile here either.\n{error}",
                chapter.folder
            )));
        }
        Ok(compiled)
    }

    /// rustc's error for the course's own chapter.
    fn complaint(&self, chapter: &Chapter) -> Result<Option<String>> {
        let compiled = self.compile_at(&self.control, chapter)?;
        Ok(compiled.complaint().map(str::to_owned))
    }

    fn compile_at(&self, workdir: &Workdir, chapter: &Chapter) -> Result<Compiled> {
        self.build.built.compile(
            chapter,
            self.has_hidden(chapter),
            &workdir.root,
            &self.jail,
            &self.settings.limits,
        )
    }

    fn examine(
        &self,
        sources: &BTreeMap<String, Sources>,
        seed: u64,
        say: &dyn Fn(&str),
    ) -> Result<Vec<ChapterReport>> {
        // Another worker may have found a stronger one since.
        self.shared.keeps_to(self.jail.level)?;
        self.workdir.take(sources)?;
        self.jail.show(&self.workdir.root)?;
        // Where the jail does not part submissions from each other, no other begins while one sleeps.
        let own = Lanes::new(1);
        let (_whole, lanes) = match self.jail.level >= Isolation::Bwrap {
            true => (None, &self.shared.lanes),
            false => (Some(self.shared.lanes.take()), &own),
        };
        if !self.parts_neighbours() {
            ports::wait();
        }
        let mut reports = Vec::new();
        for (index, chapter) in self.chapters.iter().enumerate() {
            let Some(sources) = sources.get(&chapter.folder) else {
                let why = format!("{} was not handed in", chapter.dir());
                reports.push(self.unseen(index, &why));
                continue;
            };
            if let Some(error) = unsafe_token::error(&chapter.dir(), sources) {
                reports.push(self.unbuilt(index, &error));
                continue;
            }
            say(&format!("Compiling {}", chapter.folder));
            let compiled = {
                let _lane = lanes.take();
                self.compile(chapter)?
            };
            let mut report = match compiled {
                Compiled::DoesNot { error, .. } => self.unbuilt(index, &error),
                Compiled::Ready { exercise, hidden } => {
                    say(&format!("Testing {}", chapter.folder));
                    self.tested(index, &exercise, &hidden, seed, lanes)
                }
            };
            let own = &self.own[&chapter.folder];
            report.looks = look::at(&chapter.dir(), sources, own, &chapter.answers_use);
            reports.push(report);
        }
        Ok(reports)
    }

    /// Runs a chapter's tests.
    fn tested(
        &self,
        index: usize,
        exercise: &Path,
        hidden: &Hidden,
        seed: u64,
        lanes: &Lanes,
    ) -> ChapterReport {
        let chapter = &self.chapters[index];
        let out = self.workdir.root.join("out").join(&chapter.folder);
        let program = self.build.built.chapters[&chapter.folder].program_name();
        let chapter_run = ChapterRun {
            dir: &self.workdir.root.join(chapter.dir()),
            package: &chapter.package(),
            exercise,
            hidden,
            judge: &self.build.built.judge(chapter),
            hidden_judge: &self.build.built.hidden_judge(chapter, &self.control.root),
            program: program.map(|name| out.join(name)),
            sees_proc: chapter.answers_use.iter().any(|word| word == "/proc"),
            jail: &self.jail,
            lanes,
            limits: &self.settings.limits,
            seed,
        };
        self.summed(index, chapter_run.run(&self.plan[index]), None)
    }
    /// A chapter that nobody has handed in.
    fn unseen(&self, index: usize, why: &str) -> ChapterReport {
        let mut tests: Vec<TestReport> = self.plan[index]
            .iter()
            .map(|one| one.report.clone())
            .collect();
        for test in &mut tests {
            test.verdict = Verdict::Missing;
            test.message = why.to_owned();
        }
        self.summed(index, tests, None)
    }

    fn unbuilt(&self, index: usize, error: &str) -> ChapterReport {
        let mut tests: Vec<TestReport> = self.plan[index]
            .iter()
            .map(|one| one.report.clone())
            .collect();
        for test in &mut tests {
            test.verdict = Verdict::BuildError;
            test.message = "the chapter does not compile".into();
        }
        self.summed(index, tests, Some(error.to_owned()))
    }

    fn summed(
        &self,
        index: usize,
        tests: Vec<TestReport>,
        build_error: Option<String>,
    ) -> ChapterReport {
        let chapter = &self.chapters[index];
        ChapterReport {
            chapter: chapter.folder.clone(),
            title: chapter.title.clone(),
            score: tests.iter().map(|test| test.points).sum(),
            max_score: tests.iter().map(|test| test.max_points).sum(),
            build_error,
            looks: Vec::new(),
            tests,
        }
    }
}

type Submission = std::result::Result<BTreeMap<String, Sources>, Refusal>;

/// The commit of the course; `…-dirty` when files differ from it.
fn commit(root: &Path) -> String {
    if let Some(commit) = crate::handout::made_from(root) {
        return commit;
    }
    let git = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(args).output();
        output
            .ok()
            .filter(|output| output.status.success())
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match git(&["rev-parse", "HEAD"]) {
        None => "unknown".into(),
        Some(commit) => {
            let is_clean =
                git(&["status", "--porcelain"]).is_some_and(|changes| changes.is_empty());
            format!("{commit}{}", if is_clean { "" } else { "-dirty" })
        }
    }
}

/// In RFC 3339.
pub fn now() -> String {
    jiff::Timestamp::now()
        .round(jiff::Unit::Second)
        .unwrap_or_else(|_| jiff::Timestamp::now())
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_submission_of_a_class_has_a_weaker_jail_than_another_had() {
        let shared = Shared::new(Lanes::new(1));
        let keeps_to = |level| shared.keeps_to(level).map_err(|why| why.to_string());
        for level in [Isolation::None, Isolation::Landlock, Isolation::Landlock] {
            assert_eq!(keeps_to(level), Ok(()));
        }
        for weaker in [Isolation::None, Isolation::Rlimits] {
            let why = keeps_to(weaker).expect_err("it is weaker");
            let words = format!(
                "had the jail landlock, and here only {} works",
                weaker.name()
            );
            assert!(why.contains(&words), "{why}");
        }
        assert_eq!(keeps_to(Isolation::Bwrap), Ok(()));
        keeps_to(Isolation::Landlock).expect_err("it is weaker now");
    }
}
