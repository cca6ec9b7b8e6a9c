//! `cargo workbook race`: your answers beside real software.
//!
//! The races are a crate of their own, with the libraries that they compare with. It is built when
//! somebody wants a race, and gets the arguments as they were typed.

use std::process::ExitCode;

use crate::cargo;
use course::Course;
use course::problem::{Problem, Result};
use course::select;

/// Whether this copy has the races.
pub fn is_here(course: &Course) -> bool {
    course.root.join("tests").join("races").is_dir()
}

pub fn run(course: &Course, arguments: &[String]) -> Result<ExitCode> {
    if !is_here(course) {
        return Err(Problem::new(
            "This copy of the workbook came without the reference answers, and so without the races against them.\n\
             The book's pages show how the reference's own races ended.",
        ));
    }
    let features = features(course, arguments);
    if !races(course, "build", &features, &[])?.success() {
        let mut text = "The races do not compile.".to_owned();
        if !features.is_empty() {
            text += " The messages above say where. If the file is one of yours, `cargo workbook test` \
                     helps with it;\n`cargo workbook race … --against reference` leaves your answers out.";
        }
        return Err(Problem::new(text));
    }
    let status = races(course, "run", &features, arguments)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// Whose answers are built in: a chapter that does not compile must not stop another one's race.
fn features(course: &Course, arguments: &[String]) -> String {
    let is_said = |words: &[&str]| arguments.windows(words.len()).any(|these| these == words);
    if is_said(&["--against", "reference"]) || is_said(&["--against=reference"]) {
        return String::new();
    }
    if is_said(&["all"]) {
        return "mine".to_owned();
    }
    let chapters = arguments
        .iter()
        .filter_map(|said| select::chapter(course, said).ok());
    let features: Vec<String> = chapters
        .map(|its| format!("mine-{}", its.number()))
        .collect();
    features.join(",")
}

fn races(
    course: &Course,
    verb: &str,
    features: &str,
    arguments: &[String],
) -> Result<std::process::ExitStatus> {
    let mut command = cargo::cargo();
    // The folder is left as it is: paths among the arguments are the student's.
    command
        .args([verb, "--release", "--package", "races"])
        .arg("--manifest-path")
        .arg(course.root.join("Cargo.toml"))
        .args(["--no-default-features", "--features", features]);
    if verb == "run" {
        command.args(["--quiet", "--"]).args(arguments);
    }
    command.status().map_err(cargo::no_cargo)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn only_the_chapter_that_races_is_built_in() {
        let course = Course::find(Path::new(env!("CARGO_MANIFEST_DIR")))
            .unwrap_or_else(|problem| panic!("{problem}"));
        let features = |said: &str| {
            let arguments: Vec<String> = said.split(' ').map(str::to_owned).collect();
            super::features(&course, &arguments)
        };
        assert_eq!(features("02"), "mine-02");
        assert_eq!(features("2 --against mine"), "mine-02");
        assert_eq!(features("all --quick"), "mine");
        assert_eq!(features("02 --against reference"), "");
        assert_eq!(features("all --against=reference"), "");
    }
}
