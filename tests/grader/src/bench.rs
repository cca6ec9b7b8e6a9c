//! One worker's bench: from a submission's folder to its report.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use workbook::course::{Chapter, Course};
use workbook::problem::{Problem, Result};

use crate::checklist::{self, Planned};
use crate::collect::{self, Refusal, Sources};
use crate::compile::{Built, Compiled, Hidden};
use crate::desk::{self, Desk};
use crate::digest::Fingerprint;
use crate::jail::{self, Jail};
use crate::report::{ChapterReport, Report, SCHEMA, Status, TestReport, Verdict};
use crate::scratch;
use crate::settings::Settings;
use crate::sitting::Sitting;
use crate::slot::Slot;

/// One worker: its desk, its jail, and what is built already. Two benches never share a desk.
pub struct Bench {
    settings: Settings,
    chapters: Vec<Chapter>,
    hidden: Vec<Chapter>,
    plan: Vec<Vec<Planned>>,
    built: Built,
    desk: Desk,
    /// The course's own chapters, as they are handed out. They compile.
    control: Desk,
    /// Ours as long as the bench lives.
    _slot: Slot,
    jail: Jail,
    course_commit: String,
    toolchain: String,
    /// Of everything but the submission.
    fingerprint: Fingerprint,
}

impl Bench {
    /// Lays the desk and builds everything that does not depend on a submission. `scratch` is a folder
    /// of ours, the same one each time, so that the next run finds most of it built. The desk is the
    /// first that no other bench is at, in this process or another.
    pub fn prepare(
        course: &Course,
        settings: &Settings,
        scratch: &Path,
        hears: &dyn Fn(&str),
    ) -> Result<Bench> {
        let chapters = checklist::chapters(course, &settings.chapters)?;
        for chapter in &chapters {
            checklist::stands_alone(&course.root, chapter)?;
        }
        let named: Vec<&Chapter> = chapters.iter().collect();
        scratch::own(scratch)?;
        let slot = Slot::take(scratch)?;
        let room = jail::room(slot.number, scratch);
        // With whatever was left there by a grader that was killed.
        desk::empty(&room)?;
        let jail = Jail::find(slot.number, settings, scratch)?;
        let features: BTreeMap<String, Vec<String>> = match settings.optional {
            true => named
                .iter()
                .map(|chapter| (chapter.folder.clone(), checklist::features(chapter)))
                .collect(),
            false => BTreeMap::new(),
        };
        let key = scratch::build_key(&course.root, &named, &features)?;
        let built = Built::of(
            &course.root,
            &named,
            &features,
            &scratch.join(format!("built-{key}")),
            hears,
        )?;
        jail.show(&built.folder())?;
        let lay = |name: &str| -> Result<Desk> {
            let hidden = settings.hidden.as_deref();
            let desk = Desk::lay(&room.join(name), &course.root, &named, hidden)?;
            jail.show(&desk.root)?;
            Ok(desk)
        };
        let desk = lay("desk")?;
        let control = lay("control")?;
        let folders: Vec<&str> = named.iter().map(|one| one.folder.as_str()).collect();
        let own = collect::collect(&course.root, &folders);
        control.take(&own.map_err(|why| Problem::new(why.to_string()))?)?;
        jail.show(&control.root)?;
        let hidden = checklist::hidden(settings, &desk, &chapters)?;
        let plan = chapters
            .iter()
            .map(|chapter| {
                let hidden = hidden.iter().find(|other| other.folder == chapter.folder);
                checklist::plan(chapter, hidden, settings, &built, &desk)
            })
            .collect::<Result<_>>()?;
        let toolchain = built.toolchain()?;
        let mut bench = Bench {
            settings: settings.clone(),
            plan,
            built,
            desk,
            control,
            _slot: slot,
            jail,
            course_commit: commit(&course.root),
            fingerprint: Fingerprint::new(),
            toolchain,
            hidden,
            chapters,
        };
        bench.fingerprint = bench.fingerprint_of(&course.root)?;
        bench.try_hidden()?;
        Ok(bench)
    }

    /// What is in force, strongest first: `bwrap+landlock+seccomp+rlimits`.
    pub fn isolation(&self) -> &str {
        &self.jail.words
    }

    /// The fingerprint of everything that decides the report of this submission. Runs nothing.
    ///
    /// A submission that cannot be taken has one too.
    pub fn digest(&self, student: &str, submission: &Path) -> Result<String> {
        Ok(self.digest_of(student, &self.collect(submission)))
    }

    /// Grades. An error of ours is a report too, and never a zero.
    pub fn grade(
        &mut self,
        student: &str,
        submission: &Path,
        submitted_at: Option<&str>,
        hears: &dyn Fn(&str),
    ) -> Report {
        let seed = self.settings.seed.of(student);
        let collected = self.collect(submission);
        let mut report = Report {
            schema: SCHEMA.into(),
            student: student.into(),
            course_commit: self.course_commit.clone(),
            input_digest: self.digest_of(student, &collected),
            toolchain: self.toolchain.clone(),
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
            Ok(sources) => match self.examine(&sources, seed, hears) {
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

    /// Takes the last submission's files and binaries away.
    pub fn clear(&self) {
        // The next one does so too, if this does not succeed.
        let _ = self.desk.take(&BTreeMap::new());
    }

    /// Where the last submission's files and binaries are.
    pub fn desk(&self) -> &Path {
        &self.desk.root
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
        all.add("toolchain", &self.toolchain);
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
            all.add_files(&tests, &self.desk.root.join(&tests))?;
        }
        if !self.hidden.is_empty() {
            all.add_files(desk::HIDDEN, &self.desk.root.join(desk::HIDDEN))?;
        }
        Ok(all)
    }

    /// Hidden tests that do not compile are the instructor's to mend, not the students' to suffer.
    fn try_hidden(&self) -> Result<()> {
        for chapter in &self.chapters {
            if self.has_hidden(chapter)
                && let Some(error) = self.complaint(chapter)?
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

    /// Compiles the student's chapter. What does not compile is the student's only if the course's own
    /// chapter does, in the same jail and on the same disk: a folder that nobody may read, a full disk, a
    /// machine without a linker are ours.
    fn compile(&self, chapter: &Chapter) -> Result<Compiled> {
        let compiled = self.compile_at(&self.desk, chapter)?;
        if compiled.complaint().is_some()
            && let Some(error) = self.complaint(chapter)?
        {
            return Err(Problem::new(format!(
                "The course's own {} does not compile here either.\n{error}",
                chapter.folder
            )));
        }
        Ok(compiled)
    }

    /// What rustc says against the course's own chapter.
    fn complaint(&self, chapter: &Chapter) -> Result<Option<String>> {
        let compiled = self.compile_at(&self.control, chapter)?;
        Ok(compiled.complaint().map(str::to_owned))
    }

    fn compile_at(&self, desk: &Desk, chapter: &Chapter) -> Result<Compiled> {
        self.built.compile(
            chapter,
            self.has_hidden(chapter),
            &desk.root,
            &self.jail,
            &self.settings.limits,
        )
    }

    fn examine(
        &self,
        sources: &BTreeMap<String, Sources>,
        seed: u64,
        hears: &dyn Fn(&str),
    ) -> Result<Vec<ChapterReport>> {
        self.desk.take(sources)?;
        self.jail.show(&self.desk.root)?;
        let mut reports = Vec::new();
        for (index, chapter) in self.chapters.iter().enumerate() {
            if !sources.contains_key(&chapter.folder) {
                let why = format!("{} was not handed in", chapter.dir());
                reports.push(self.unseen(index, &why));
                continue;
            }
            hears(&format!("Compiling {}", chapter.folder));
            reports.push(match self.compile(chapter)? {
                Compiled::DoesNot(error) => self.unbuilt(index, &error),
                Compiled::Ready { exercise, hidden } => {
                    hears(&format!("Testing {}", chapter.folder));
                    self.tested(index, &exercise, &hidden, seed)
                }
            });
        }
        Ok(reports)
    }

    /// Runs a chapter's tests, one after the other.
    /// Runs a chapter's tests.
    fn tested(&self, index: usize, exercise: &Path, hidden: &Hidden, seed: u64) -> ChapterReport {
        let chapter = &self.chapters[index];
        let out = self.desk.root.join("out").join(&chapter.folder);
        let program = self.built.chapters[&chapter.folder].program_name();
        let sitting = Sitting {
            dir: &self.desk.root.join(chapter.dir()),
            package: &chapter.package(),
            exercise,
            hidden,
            program: program.map(|name| out.join(name)),
            jail: &self.jail,
            limits: &self.settings.limits,
            seed,
        };
        self.summed(index, sitting.run(&self.plan[index]), None)
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
