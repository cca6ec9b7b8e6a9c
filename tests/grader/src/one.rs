//! One submission: from a folder to a report.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Args;
use sha2::{Digest as _, Sha256};
use workbook::course::{Chapter, Course, Step, Test};
use workbook::problem::{Problem, Result};

use crate::collect::{self, Sources};
use crate::compile::{Built, Compiled, Hidden};
use crate::desk::{self, Desk};
use crate::digest::Fingerprint;
use crate::exam::{Exam, Tried};
use crate::jail::{Isolation, Jail};
use crate::render::{self, Format};
use crate::report::{ChapterReport, Report, SCHEMA, Status, TestReport, Verdict, Visibility};
use crate::select;
use crate::settings::{Limits, Seed, Settings};
use crate::slot::Slot;
use crate::tier::Tiers;

/// Tests that a deadline has ended are tried once more, alone and with more patience, when a chapter
/// has no more than this many. More of them are not the machine's noise.
const SECOND_TRIES: usize = 5;

/// One worker: its desk, its jail, and what is built already. Two benches never share a desk.
pub struct Bench {
    settings: Settings,
    chapters: Vec<Chapter>,
    hidden: Vec<Chapter>,
    plan: Vec<Vec<Planned>>,
    built: Built,
    desk: Desk,
    /// Ours as long as the bench lives.
    _slot: Slot,
    jail: Jail,
    course_commit: String,
    toolchain: String,
    /// Of everything but the submission.
    fingerprint: Fingerprint,
}

/// A test that counts, as the course tells it.
struct Planned {
    /// `s1_listen::s1_backlog`
    path: String,
    /// As it is before anything is run.
    report: TestReport,
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
        let chapters = load(course, &settings.chapters)?;
        let named: Vec<&Chapter> = chapters.iter().collect();
        own(scratch)?;
        let slot = Slot::take(scratch)?;
        let jail = Jail::find(slot.number, settings, scratch)?;
        let features: BTreeMap<String, Vec<String>> = match settings.optional {
            true => named
                .iter()
                .map(|chapter| (chapter.folder.clone(), features(chapter)))
                .collect(),
            false => BTreeMap::new(),
        };
        let key = build_key(&course.root, &named, &features)?;
        let built = Built::of(
            &course.root,
            &named,
            &features,
            &scratch.join(format!("built-{key}")),
            hears,
        )?;
        let desk = Desk::lay(
            &scratch.join(format!("worker-{}", slot.number)),
            &course.root,
            &named,
            settings.hidden.as_deref(),
        )?;
        let hidden = hidden(settings, &desk, &chapters)?;
        let plan = chapters
            .iter()
            .map(|chapter| {
                let hidden = hidden.iter().find(|other| other.folder == chapter.folder);
                plan(chapter, hidden, settings, &built, &desk)
            })
            .collect::<Result<_>>()?;
        let toolchain = built.toolchain()?;
        let mut bench = Bench {
            settings: settings.clone(),
            plan,
            built,
            desk,
            _slot: slot,
            jail,
            course_commit: commit(&course.root),
            fingerprint: Fingerprint::new(),
            toolchain,
            hidden,
            chapters,
        };
        bench.fingerprint = bench.fingerprint_of(&course.root)?;
        bench.try_hidden(&course.root)?;
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
            Err(why) => {
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
            Err(why) => all.add("rejected", why),
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
    fn try_hidden(&self, course: &Path) -> Result<()> {
        let folders: Vec<&str> = self
            .hidden
            .iter()
            .map(|chapter| chapter.folder.as_str())
            .collect();
        if folders.is_empty() {
            return Ok(());
        }
        let own = collect::collect(course, &folders).map_err(Problem::new)?;
        self.desk.take(&own)?;
        for chapter in self
            .chapters
            .iter()
            .filter(|one| own.contains_key(&one.folder))
        {
            let what = match self.compile(chapter)? {
                Compiled::DoesNot(error) => error,
                Compiled::Ready {
                    hidden: Hidden::DoesNot(error),
                    ..
                } => error,
                Compiled::Ready { .. } => continue,
            };
            return Err(Problem::new(format!(
                "The hidden tests of {} do not compile with the course's own chapter.\n{what}",
                chapter.folder
            )));
        }
        Ok(())
    }

    fn compile(&self, chapter: &Chapter) -> Result<Compiled> {
        let has_hidden = self.hidden.iter().any(|one| one.folder == chapter.folder);
        self.built.compile(
            chapter,
            has_hidden,
            &self.desk.root,
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
    fn tested(&self, index: usize, exercise: &Path, hidden: &Hidden, seed: u64) -> ChapterReport {
        let chapter = &self.chapters[index];
        let dir = self.desk.root.join(chapter.dir());
        let out = self.desk.root.join("out").join(&chapter.folder);
        let program = self.built.chapters[&chapter.folder].program_name();
        let program = program.map(|name| out.join(name));
        let package = chapter.package();
        let limits = &self.settings.limits;
        let run = |planned: &Planned, patience: f64| -> Result<Tried> {
            let binary = match (planned.report.visibility, hidden) {
                (Visibility::Visible, _) => exercise,
                (Visibility::Hidden, Hidden::Ready(path)) => path,
                (Visibility::Hidden, _) => {
                    return Err(Problem::new("There are no hidden tests."));
                }
            };
            // No other test's binary: the hidden ones would be read by the visible ones, which tell.
            let mut reads = vec![binary.to_path_buf(), dir.clone()];
            reads.extend(program.clone());
            let exam = Exam {
                binary,
                dir: &dir,
                package: &package,
                reads: &reads,
                jail: &self.jail,
                limits,
                seed,
            };
            exam.run(&planned.path, patience)
        };
        let plan = &self.plan[index];
        let mut tests: Vec<TestReport> = plan.iter().map(|one| one.report.clone()).collect();
        let mut late = Vec::new();
        for (at, (planned, report)) in plan.iter().zip(&mut tests).enumerate() {
            if let (Visibility::Hidden, Hidden::DoesNot(error)) =
                (planned.report.visibility, hidden)
            {
                report.verdict = Verdict::BuildError;
                report.message = error.clone();
                continue;
            }
            let tried = run(planned, limits.patience);
            if tried.as_ref().is_ok_and(|tried| tried.is_late) {
                late.push(at);
            }
            enter(report, tried);
        }
        if late.len() <= SECOND_TRIES {
            for at in late {
                enter(&mut tests[at], run(&plan[at], 2.0 * limits.patience));
                let report = &mut tests[at];
                if report.verdict.is_pass() {
                    report.message = "late at first, in time when tried once more".into();
                }
            }
        }
        self.summed(index, tests, None)
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

type Submission = std::result::Result<BTreeMap<String, Sources>, String>;

/// Writes down how a test went.
fn enter(report: &mut TestReport, tried: Result<Tried>) {
    match tried {
        Ok(tried) => {
            report.verdict = tried.verdict;
            report.message = tried.message;
            report.output = tried.output;
            report.output_dropped = tried.output_dropped;
            report.ms = u64::try_from(tried.took.as_millis()).unwrap_or(u64::MAX);
            report.points = 0;
            match tried.verdict {
                Verdict::Pass => report.points = report.max_points,
                // It does not count.
                Verdict::Skipped => report.max_points = 0,
                _ => {}
            }
        }
        Err(problem) => {
            report.verdict = Verdict::GraderError;
            report.message = problem.to_string();
        }
    }
}

/// The chapters to grade, from the course again: a bench outlives the course that it is made from.
fn load(course: &Course, folders: &[String]) -> Result<Vec<Chapter>> {
    let mut chapters = Course::load(&course.root)?.chapters;
    for folder in folders {
        if !chapters.iter().any(|chapter| chapter.folder == *folder) {
            return Err(Problem::new(format!("The course has no chapter {folder}.")));
        }
    }
    if !folders.is_empty() {
        chapters.retain(|chapter| folders.contains(&chapter.folder));
    }
    Ok(chapters)
}

/// All features that steps of the chapter need.
fn features(chapter: &Chapter) -> Vec<String> {
    let mut all: Vec<String> = chapter
        .steps
        .iter()
        .flat_map(|step| step.features.clone())
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The hidden tests of these chapters.
fn hidden(settings: &Settings, desk: &Desk, chapters: &[Chapter]) -> Result<Vec<Chapter>> {
    let Some(folder) = &settings.hidden else {
        return Ok(Vec::new());
    };
    let hidden = desk.root.join(desk::HIDDEN);
    if !hidden.join("tests").is_dir() {
        return Err(Problem::new(format!(
            "{} holds no hidden tests of these chapters: a folder is named as in `tests`, {}.",
            folder.display(),
            chapters.first().map_or("02-tcp-echo", |one| &one.folder)
        )));
    }
    let found = Course::load(&hidden)?.chapters;
    for chapter in &found {
        let visible = chapters.iter().find(|one| one.folder == chapter.folder);
        let visible: Vec<&str> = visible
            .into_iter()
            .flat_map(Chapter::tests)
            .map(|(_, test)| test.name.as_str())
            .collect();
        if let Some((_, test)) = chapter
            .tests()
            .find(|(_, test)| visible.contains(&test.name.as_str()))
        {
            return Err(Problem::new(format!(
                "The hidden test {} has the name of a visible one in {}.",
                test.name, chapter.folder
            )));
        }
    }
    Ok(found)
}

/// The tests that count, in the order of the course.
fn plan(
    chapter: &Chapter,
    hidden: Option<&Chapter>,
    settings: &Settings,
    built: &Built,
    desk: &Desk,
) -> Result<Vec<Planned>> {
    let library = built.chapters[&chapter.folder].library_name();
    let counts = |step: &&Step| settings.optional || !step.is_optional;
    let one = |of: &Chapter, step: &Step, test: &Test, tiers: &Tiers, visibility| Planned {
        path: step.path_of(test),
        report: TestReport {
            id: test.name.clone(),
            number: match of.number().parse::<u32>() {
                Ok(number) => format!("{number}.{}", step.number),
                Err(_) => format!("{}.{}", of.number(), step.number),
            },
            file: match visibility {
                Visibility::Visible => format!("{}/{}", of.tests_dir(), step.file),
                Visibility::Hidden => format!("hidden/{}/{}", of.folder, step.file),
            },
            tier: tiers.tier(&test.name),
            visibility,
            verdict: Verdict::Missing,
            points: 0,
            max_points: test.points,
            ms: 0,
            message: String::new(),
            output: String::new(),
            output_dropped: 0,
        },
    };
    let mut planned = Vec::new();
    let mut add = |of: &Chapter, folder: &Path, visibility| {
        let tiers = Tiers::of(folder, library);
        for step in of.steps.iter().filter(counts) {
            for test in &step.tests {
                planned.push(one(of, step, test, &tiers, visibility));
            }
        }
    };
    let folder = desk.root.join(chapter.tests_dir());
    add(chapter, &folder, Visibility::Visible);
    if let Some(hidden) = hidden {
        let folder = desk.root.join(desk::HIDDEN).join(chapter.tests_dir());
        add(hidden, &folder, Visibility::Hidden);
    }
    Ok(planned)
}

/// A scratch folder that somebody else could write to would be somebody else's grades.
fn own(scratch: &Path) -> Result<()> {
    fs::create_dir_all(scratch).map_err(|error| Problem::with_file("create", scratch, &error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let meta = fs::symlink_metadata(scratch)
            .map_err(|error| Problem::with_file("look at", scratch, &error))?;
        if !meta.is_dir() || meta.uid() != rustix::process::geteuid().as_raw() {
            return Err(Problem::new(format!(
                "{} belongs to somebody else. Name another folder with --scratch.",
                scratch.display()
            )));
        }
        // Passable, for submissions that run as another user.
        fs::set_permissions(scratch, fs::Permissions::from_mode(0o755))
            .map_err(|error| Problem::with_file("change", scratch, &error))?;
    }
    Ok(())
}

/// What cargo builds depends on this, and what is built under one key stays together.
fn build_key(
    root: &Path,
    chapters: &[&Chapter],
    features: &BTreeMap<String, Vec<String>>,
) -> Result<String> {
    let rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .current_dir(root)
        .arg("-vV")
        .output()
        .map_err(|error| Problem::new(format!("Cannot run rustc: {error}.")))?;
    let folders: Vec<&str> = chapters.iter().map(|one| one.folder.as_str()).collect();
    let all = format!("{root:?} {folders:?} {features:?} {:?}", rustc.stdout);
    let hash = Sha256::digest(all);
    Ok(hash[..6].iter().map(|byte| format!("{byte:02x}")).collect())
}

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

fn now() -> String {
    jiff::Timestamp::now()
        .round(jiff::Unit::Second)
        .unwrap_or_else(|_| jiff::Timestamp::now())
        .to_string()
}

#[derive(Debug, Args)]
pub struct OneArgs {
    /// The folder that holds the student's `chapters`
    #[arg(long, value_name = "DIR")]
    submission: PathBuf,
    /// A chapter to grade, 02 or 02-tcp-echo; all of the course when not given
    #[arg(long = "chapter", value_name = "NN")]
    chapters: Vec<String>,
    /// The instructor's course; the one around the present folder when not given
    #[arg(long, value_name = "DIR")]
    course: Option<PathBuf>,
    /// Whose it is, for the report
    #[arg(long, value_name = "ID", default_value = "student")]
    student: String,
    /// When it was handed in, for the report: 2026-11-20T08:00:00Z
    #[arg(long, value_name = "TIME")]
    submitted_at: Option<String>,
    /// The instructor's own tests: a folder with folders of the form of tests/02-tcp-echo
    #[arg(long, value_name = "DIR")]
    hidden: Option<PathBuf>,
    /// Count optional steps as well
    #[arg(long)]
    optional: bool,
    /// For tests that draw their input; drawn and printed when not given
    #[arg(long)]
    seed: Option<u64>,
    /// Multiply every deadline
    #[arg(long, value_name = "FACTOR", default_value_t = Limits::default().patience)]
    patience: f64,
    /// Refuse to run with a weaker jail than this
    #[arg(long, value_name = "LEVEL")]
    require_isolation: Option<Isolation>,
    /// Do with this jail, where there may be a stronger one: to see what it stops
    #[arg(long, value_name = "LEVEL", default_value = "bwrap")]
    at_most: Isolation,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, default_value = "table")]
    format: Format,
    /// Where to build
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// Leave the submission's files and binaries in the scratch folder, and say where
    #[arg(long)]
    keep: bool,
}

/// Where submissions are built unless the instructor says otherwise.
pub fn scratch() -> PathBuf {
    std::env::temp_dir().join("loopback-grader")
}

/// Grades one submission. The exit code is 0 when it was graded, whatever the score.
pub fn run(args: &OneArgs) -> Result<ExitCode> {
    let course = select::course(args.course.as_deref())?;
    let chapters = select::chapters(&course, &args.chapters)?;
    let settings = Settings {
        chapters: chapters.iter().map(|one| one.folder.clone()).collect(),
        hidden: args.hidden.clone(),
        optional: args.optional,
        seed: Seed::Exact(args.seed.unwrap_or_else(drawn)),
        limits: Limits {
            patience: args.patience,
            ..Limits::default()
        },
        require_isolation: args.require_isolation,
        at_most: args.at_most,
    };
    let scratch = args.scratch.clone().unwrap_or_else(scratch);
    let scratch = std::path::absolute(&scratch)
        .map_err(|error| Problem::with_file("find", &scratch, &error))?;
    let hears = |what: &str| eprintln!("{what}");
    let report = match Bench::prepare(&course, &settings, &scratch, &hears) {
        Ok(mut bench) => {
            let at = args.submitted_at.as_deref();
            let report = bench.grade(&args.student, &args.submission, at, &hears);
            match args.keep {
                true => eprintln!("Kept: {}", bench.desk.root.display()),
                false => bench.clear(),
            }
            report
        }
        // A report as well: a platform that waits for a file must not take its absence for a zero.
        Err(problem) => Report::of_our_failure(&args.student, &problem.to_string(), now()),
    };
    if let Some(path) = &args.out {
        let json = render::render(Format::Json, &report).unwrap_or_default();
        fs::write(path, json).map_err(|error| Problem::with_file("write", path, &error))?;
    }
    if let Some(text) = render::render(args.format, &report) {
        print!("{text}");
    }
    if let (Status::GraderError, Some(problem)) = (report.status, &report.problem) {
        eprintln!("error: {problem}");
    }
    Ok(match report.status {
        Status::GraderError => ExitCode::from(3),
        Status::Graded | Status::Rejected => ExitCode::SUCCESS,
    })
}

/// A seed that nobody knows before.
pub fn drawn() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let random = std::collections::hash_map::RandomState::new();
    random.build_hasher().finish() >> 32
}
