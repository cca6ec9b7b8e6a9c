//! What is to be graded: the chapters of the course, the hidden tests, and the tests that count.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use course::problem::{Problem, Result};
use course::{Chapter, Course, Step, Test};

use crate::build::workdir::{self, Workdir};
use crate::report::{TestReport, Tier, Verdict, Visibility};
use crate::settings::Settings;

/// A test that counts, as the course tells it.
pub struct PlannedTest {
    /// `s1_listen::s1_backlog`
    pub path: String,
    /// The report before the test is run.
    pub report: TestReport,
    /// It starts programs, as all black boxes do. Of the others it shows when they run.
    pub starts_programs: AtomicBool,
}

/// The chapters to grade.
pub fn chapters(course: &Course, folders: &[String]) -> Result<Vec<Chapter>> {
    let mut chapters = course.chapters.clone();
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

/// Refuses a chapter that is linked to another chapter of the student's. In a copy without answers, the
/// stubs of one chapter would cost points in another.
pub fn stands_alone(course: &Path, chapter: &Chapter) -> Result<()> {
    let path = course.join(chapter.dir()).join("Cargo.toml");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Problem::with_file("read", &path, &error))?;
    let manifest: toml::Table = toml::from_str(&text)
        .map_err(|error| Problem::new(format!("{}: {error}", path.display())))?;
    let dependencies = manifest.get("dependencies").and_then(|all| all.as_table());
    let paths = dependencies.into_iter().flatten();
    let mut paths = paths.filter_map(|(_, one)| one.get("path")?.as_str());
    // From chapters/NN, another chapter is beside it.
    let beside = paths.find_map(|path| {
        let mut parts = path.trim_end_matches('/').split('/');
        (parts.next() == Some(".."))
            .then(|| parts.next())?
            .filter(|name| *name != "..")
    });
    match beside {
        None => Ok(()),
        Some(other) if course.join("solutions").is_dir() => Err(Problem::new(format!(
            "{} is built on the answer of {other} that is here in `chapters`, not on the reference. \
             `cargo workbook use reference` changes that.",
            chapter.folder
        ))),
        Some(other) => Err(Problem::new(format!(
            "{} is built on the reference answer of {other}, which this copy of the course does not \
             have. Grade it with the instructor's own course; the other chapters can be graded here, \
             each named with --chapter.",
            chapter.folder
        ))),
    }
}

/// All features that steps of the chapter need.
pub fn features(chapter: &Chapter) -> Vec<String> {
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
pub fn hidden(
    settings: &Settings,
    workdir: &Workdir,
    chapters: &[Chapter],
) -> Result<Vec<Chapter>> {
    let Some(folder) = &settings.hidden else {
        return Ok(Vec::new());
    };
    if !folder.is_dir() {
        let shown = folder.display();
        return Err(Problem::new(format!(
            "There is no folder {shown} with hidden tests."
        )));
    }
    let hidden = workdir.root.join(workdir::HIDDEN);
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
pub fn plan(chapter: &Chapter, hidden: Option<&Chapter>, settings: &Settings) -> Vec<PlannedTest> {
    let counts = |step: &&Step| settings.optional || !step.is_optional;
    let one = |of: &Chapter, step: &Step, test: &Test, visibility| PlannedTest {
        path: step.path_of(test),
        starts_programs: AtomicBool::new(test.is_black_box),
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
            tier: match test.is_black_box {
                true => Tier::BlackBox,
                false => Tier::InProcess,
            },
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
    let mut add = |of: &Chapter, visibility| {
        for step in of.steps.iter().filter(counts) {
            for test in &step.tests {
                planned.push(one(of, step, test, visibility));
            }
        }
    };
    add(chapter, Visibility::Visible);
    if let Some(hidden) = hidden {
        add(hidden, Visibility::Hidden);
    }
    planned
}
