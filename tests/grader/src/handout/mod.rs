//! `cargo grader handout`: a copy of the workbook for students, without the answers; or the zip that
//! Gradescope grades with.
//!
//! Everything comes from the course's last commit, so that nothing slips in which only lies about,
//! and goes into a fresh folder without a history, so that nothing can be dug out. What is taken is
//! named ([`pick`]); what nobody named stays here.

mod commit;
mod manifests;
mod path;
mod pick;
mod reading;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use course::Chapter;
use course::problem::{Problem, Result};

use crate::command::select;
use commit::Commit;

/// Classroom 50's script in a copy: the instructor takes it from there, the student has no use for it.
const AUTOGRADER: &str = "tests/grader/templates/classroom50/autograder.py";

/// The files of a copy: path, with `/` between its parts, and content.
pub type Files = BTreeMap<String, Vec<u8>>;

#[derive(Args, Debug)]
pub struct HandoutArgs {
    /// The folder to write, which must not exist or be empty; with --gradescope, the zip file
    #[arg(value_name = "DIR")]
    pub out: PathBuf,
    /// Only these chapters, for instance 00,01,02
    #[arg(long, alias = "chapter", value_name = "NN,NN", value_delimiter = ',')]
    pub chapters: Vec<String>,
    /// The platform whose workflow grades each push
    #[arg(long, value_enum, default_value_t = Platform::None)]
    pub platform: Platform,
    /// Where you will put the copy for the students to take it from, for instance my-org/loopback:
    /// the workflow fetches the tests from there, not from the student
    #[arg(long, value_name = "OWNER/NAME")]
    pub repository: Option<String>,
    /// Write the zip file for Gradescope instead: the grader, the tests and what they need
    #[arg(long, conflicts_with_all = ["platform", "repository"])]
    pub gradescope: bool,
    /// The workbook to hand out [default: the one around this folder]
    #[arg(long, value_name = "DIR")]
    pub course: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Platform {
    /// No workflow
    None,
    /// GitHub Actions
    Github,
    /// Classroom 50, which brings its own workflow and runs our autograder.py
    Classroom50,
    /// GitLab CI
    Gitlab,
}

/// Writes the copy and says what to do with it.
pub fn run(args: &HandoutArgs) -> Result<ExitCode> {
    let course = select::course(args.course.as_deref())?;
    let chapters = select::chapters(&course, &args.chapters)?;
    let commit = Commit::head(&course.root)?;
    if args.gradescope {
        let files = kit(&commit, &chapters)?;
        write::zip(&args.out, &course.root, files)?;
        println!(
            "{} holds the autograder, from commit {}.\nUpload it: Configure Autograder, Zip file upload; base image Ubuntu 22.04 or newer.",
            args.out.display(),
            commit.short()
        );
    } else {
        let files = copy(
            &commit,
            &chapters,
            args.platform,
            args.repository.as_deref(),
        )?;
        let count = files.len();
        write::folder(&args.out, &course.root, files)?;
        println!(
            "{} holds {count} files from commit {}, and no answers.\n{}",
            args.out.display(),
            commit.short(),
            next_steps(args)
        );
    }
    if commit.has_changes()? {
        println!("Note: your working copy has changes that are not committed. They are not in it.");
    }
    Ok(ExitCode::SUCCESS)
}

/// The commit of the course that a copy was made from, as its manifest says; `None` for the course
/// itself.
pub fn made_from(root: &Path) -> Option<String> {
    manifests::made_from(&std::fs::read_to_string(root.join("Cargo.toml")).ok()?)
}

/// What a student gets.
pub fn copy(
    commit: &Commit,
    chapters: &[&Chapter],
    platform: Platform,
    repository: Option<&str>,
) -> Result<Files> {
    let grades_on_push = platform != Platform::None;
    let mut files = pick::for_students(commit, chapters, grades_on_push)?;
    refuse_answers(&files, chapters)?;
    manifests::for_students(&mut files, commit, chapters, grades_on_push)?;
    let readme =
        include_str!("../../templates/handout/README.md").replace("COURSE_COMMIT", commit.short());
    files.insert("README.md".into(), readme.into());

    let repository = match (platform, repository) {
        (Platform::None, _) => return Ok(files),
        (_, Some(repository)) if is_repository(repository) => repository,
        (_, said) => {
            let said = said.map_or(String::new(), |said| format!(" {said} is none."));
            return Err(Problem::new(format!(
                "Say with --repository where the copy will be, for instance --repository my-org/loopback.{said}\n\
                 On each push the tests are fetched from there, so that a student's own changes to them do not count."
            )));
        }
    };
    // Chapter 03 needs the reference of 02, which is not in the copy.
    let graded = chapters
        .iter()
        .filter(|chapter| !manifests::needs_a_reference(commit, chapter).unwrap_or(true))
        .map(|chapter| format!("--chapter {}", chapter.number()));
    let graded: Vec<String> = graded.collect();
    let fill = |template: &str| {
        template
            .replace("COURSE_REPOSITORY", repository)
            .replace("COURSE_CHAPTERS", &graded.join(" "))
            .into_bytes()
    };
    match platform {
        Platform::None => {}
        Platform::Github => {
            for (name, template) in [
                (
                    "grade.yml",
                    include_str!("../../templates/github/grade.yml"),
                ),
                (
                    "grade-submission.yml",
                    include_str!("../../templates/github/grade-submission.yml"),
                ),
            ] {
                files.insert(format!(".github/workflows/{name}"), fill(template));
            }
        }
        Platform::Gitlab => {
            let template = include_str!("../../templates/gitlab/grade.gitlab-ci.yml");
            files.insert("grade.gitlab-ci.yml".into(), fill(template));
        }
        Platform::Classroom50 => {
            let template = include_str!("../../templates/classroom50/autograder.py");
            files.insert(AUTOGRADER.into(), fill(template));
        }
    }
    Ok(files)
}

/// What Gradescope gets: two scripts, and the course as far as grading needs it.
pub fn kit(commit: &Commit, chapters: &[&Chapter]) -> Result<Files> {
    let mut course = pick::for_grading(commit, chapters)?;
    manifests::for_grading(&mut course, commit)?;
    let numbers = chapters
        .iter()
        .map(|chapter| format!("--chapter {}", chapter.number()));
    let numbers: Vec<String> = numbers.collect();
    let fill = |template: &str| template.replace("COURSE_CHAPTERS", &numbers.join(" "));
    let mut files: Files = course
        .into_iter()
        .map(|(path, content)| (format!("course/{path}"), content))
        .collect();
    for (name, template) in [
        (
            "setup.sh",
            include_str!("../../templates/gradescope/setup.sh"),
        ),
        (
            "run_autograder",
            include_str!("../../templates/gradescope/run_autograder"),
        ),
    ] {
        files.insert(name.into(), fill(template).into());
    }
    Ok(files)
}

/// An instructor who tried the exercises and committed the answers would hand them out.
fn refuse_answers(files: &Files, chapters: &[&Chapter]) -> Result<()> {
    let has_todo = |path: &str| {
        let stub = files.get(path).map(|bytes| String::from_utf8_lossy(bytes));
        stub.is_some_and(|stub| stub.contains("todo!("))
    };
    for chapter in chapters {
        for step in &chapter.steps {
            let path = chapter.source(step);
            if !has_todo(&path) {
                return Err(Problem::new(format!(
                    "{path} has no `todo!` in the last commit, so it seems to hold an answer. Nothing was written.\n\
                     Commit the stub, and hand out again."
                )));
            }
        }
    }
    Ok(())
}

fn is_repository(name: &str) -> bool {
    let is_word = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['-', '.'])
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    // GitLab has groups in groups.
    name.contains('/') && name.split('/').all(is_word)
}

fn next_steps(args: &HandoutArgs) -> String {
    let dir = args.out.display();
    let repository = args.repository.as_deref().unwrap_or_default();
    match args.platform {
        Platform::None => {
            format!("Give it to your students as it is: {dir} is a workbook of its own.")
        }
        Platform::Github => format!(
            "Push it to github.com/{repository} and mark that as a template (Settings, Template repository).\n\
             The book's page \"GitHub\" in the part for instructors says the rest."
        ),
        Platform::Classroom50 => format!(
            "Push it to github.com/{repository}, and put {dir}/{AUTOGRADER} into your classroom50 repository as\n\
             CLASSROOM/autograders/ASSIGNMENT/autograder.py. The book's page \"GitHub\" says the rest."
        ),
        Platform::Gitlab => format!(
            "Push it to the project {repository}. In each student's project the CI/CD configuration file is\n\
             grade.gitlab-ci.yml@{repository}. The book's page \"GitLab\" says the rest."
        ),
    }
}
