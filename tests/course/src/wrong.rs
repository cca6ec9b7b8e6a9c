//! `author/wrong/sK_topic.toml`: what students get wrong, each as one replacement in the reference
//! solution's file of that name.

use std::fs;

use serde::Deserialize;
use toml::Spanned;

use crate::folders::{Chapter, Course};
use crate::manifest::Manifest;
use crate::problem::{Problem, Result};

#[derive(Clone, Debug)]
pub struct Wrong {
    /// Unique in its chapter.
    pub name: String,
    /// The mistake in a line, for people.
    pub mistake: String,
    /// In the solution's `src`.
    pub file: String,
    /// Text that stands exactly once in that file.
    pub find: String,
    pub replace: String,
    /// The test that must catch it.
    pub test: String,
    /// Words that the test's failure must contain.
    pub says: Vec<String>,
    /// The file that it is written in, relative to the workspace.
    pub source: String,
    /// The same with the line of its name.
    pub place: String,
}

impl Wrong {
    /// What stands in the file instead of the right answer; none when its place is not clear.
    pub fn in_place_of(&self, right: &str) -> Option<String> {
        let is_clear = right.matches(&self.find).count() == 1;
        is_clear.then(|| right.replacen(&self.find, &self.replace, 1))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrongToml {
    #[serde(default)]
    find: Vec<Find>,
}

/// A place in the solution, and what may stand there instead.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Find {
    text: String,
    wrong: Vec<Replacement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replacement {
    name: Spanned<String>,
    mistake: String,
    replace: String,
    test: String,
    says: Vec<String>,
}

/// The wrong answers of a chapter; none when it has no `author/wrong`.
pub fn answers(course: &Course, chapter: &Chapter) -> Result<Vec<Wrong>> {
    let folder = format!("{}/wrong", chapter.author_dir());
    let path = course.root.join(&folder);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&path)
        .map_err(|error| Problem::with_file("read the folder", &path, &error))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut topics: Vec<String> = names
        .filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned()))
        .collect();
    topics.sort_by_key(|topic| (place(chapter, topic), topic.clone()));
    let mut answers = Vec::new();
    for topic in topics {
        let source = format!("{folder}/{topic}.toml");
        let manifest = Manifest::read(&course.root.join(&source), &source)?;
        answers.extend(in_manifest(manifest, &source));
    }
    Ok(answers)
}

/// The wrong answers that the text of a file `source` tells of.
pub fn in_text(text: String, source: &str) -> Result<Vec<Wrong>> {
    Ok(in_manifest(Manifest::parse(text, source)?, source))
}

fn in_manifest(mut manifest: Manifest<WrongToml>, source: &str) -> Vec<Wrong> {
    let topic = source.rsplit('/').next().unwrap_or(source);
    let topic = topic.strip_suffix(".toml").unwrap_or(topic);
    let mut answers = Vec::new();
    for find in std::mem::take(&mut manifest.value.find) {
        answers.extend(find.wrong.into_iter().map(|wrong| Wrong {
            place: manifest.place(wrong.name.span().start),
            name: wrong.name.into_inner(),
            mistake: wrong.mistake,
            file: format!("{topic}.rs"),
            find: find.text.clone(),
            replace: wrong.replace,
            test: wrong.test,
            says: wrong.says,
            source: source.to_owned(),
        }));
    }
    answers
}

/// In the order of the steps; what belongs to no step comes last.
fn place(chapter: &Chapter, topic: &str) -> usize {
    let is_its = |step: &crate::Step| step.file.strip_suffix(".rs") == Some(topic);
    let place = chapter.steps.iter().position(is_its);
    place.unwrap_or(chapter.steps.len())
}
