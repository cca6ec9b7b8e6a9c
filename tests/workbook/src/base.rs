//! `cargo workbook use`: on whose answers of earlier chapters a chapter stands.

use std::fs;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::ui::Ui;
use course::base::{Manifest, Whose};
use course::problem::{Problem, Result};
use course::{Chapter, Course};

/// What one says for it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Word {
    /// Your own answers
    Mine,
    /// The reference answers
    Reference,
}

pub fn run(
    ui: &Ui,
    course: &Course,
    word: Option<Word>,
    only: Option<&Chapter>,
) -> Result<ExitCode> {
    if !course.has_solutions() {
        return Err(Problem::new(
            "This copy of the workbook came without the reference answers: every chapter stands on your own.",
        ));
    }
    let links = links(course)?;
    let Some(word) = word else {
        for link in &links {
            ui.line(link.in_words(link.whose));
        }
        return Ok(ExitCode::SUCCESS);
    };
    let whose = match word {
        Word::Mine => Whose::Mine,
        Word::Reference => Whose::Reference,
    };
    let concerned = concerned(course, &links, whose, only);
    let changes: Vec<&Link> = links
        .iter()
        .filter(|link| concerned.contains(&link.chapter.number()) && link.whose != whose)
        .collect();
    for link in &changes {
        // One manifest may have several lines to change.
        let manifest = Manifest::of(course, link.chapter)?;
        let path = course.root.join(&manifest.path);
        fs::write(&path, manifest.linked_with(whose, link.on))
            .map_err(|error| Problem::with_file("write", &path, &error))?;
        ui.line(link.in_words(whose));
    }
    if changes.is_empty() {
        ui.line("It is so already. Nothing was changed.");
    }
    Ok(ExitCode::SUCCESS)
}

/// A chapter is linked with an earlier one.
struct Link<'a> {
    chapter: &'a Chapter,
    on: &'a Chapter,
    whose: Whose,
}

impl Link<'_> {
    fn in_words(&self, whose: Whose) -> String {
        let of = match whose {
            Whose::Mine => "your answer",
            Whose::Reference => "the reference answer",
        };
        let (chapter, on) = (self.chapter.number(), self.on.number());
        format!("{chapter} stands on {of} of {on}.")
    }
}

fn links(course: &Course) -> Result<Vec<Link<'_>>> {
    let mut links = Vec::new();
    for chapter in &course.chapters {
        let manifest = Manifest::of(course, chapter)?;
        for on in &course.chapters {
            if let Some(whose) = manifest.stands_on(on) {
                links.push(Link { chapter, on, whose });
            }
        }
    }
    Ok(links)
}

/// The numbers of the chapters whose links change. Types of two answers of one chapter do not mix, so
/// with a chapter goes what it stands on, when it takes the reader's own; and what stands on it, when
/// it goes back to the reference.
fn concerned<'a>(
    course: &'a Course,
    links: &[Link<'a>],
    whose: Whose,
    only: Option<&'a Chapter>,
) -> Vec<&'a str> {
    let Some(only) = only else {
        return course.chapters.iter().map(Chapter::number).collect();
    };
    let mut found = vec![only.number()];
    let mut at = 0;
    while let Some(&number) = found.get(at) {
        for link in links {
            let (from, to) = match whose {
                Whose::Mine => (link.chapter, link.on),
                Whose::Reference => (link.on, link.chapter),
            };
            if from.number() == number && !found.contains(&to.number()) {
                found.push(to.number());
            }
        }
        at += 1;
    }
    found
}
