//! `cargo workbook read`: a page of the book, or a section of it, in the terminal.

mod included;
mod inline;
mod markdown;
mod pager;
mod table;

use std::fs;
use std::process::ExitCode;

use crate::book::{self, PAGES};
use crate::ui::Ui;
use course::problem::{Problem, Result};
use course::{Chapter, Course, Step, select};

/// A page of the book, and a section of it.
pub struct Place {
    /// Relative to [`PAGES`]: `02-tcp-echo.md`.
    page: String,
    /// The id of a heading.
    section: Option<String>,
}

impl Place {
    pub fn step(chapter: &Chapter, step: &Step) -> Place {
        Place {
            page: chapter.page(),
            section: Some(format!("step-{}", step.number)),
        }
    }

    /// What a person names: a chapter and a step or another section, or a page by its file's name.
    pub fn named(course: &Course, page: &str, section: Option<&str>) -> Result<Place> {
        match select::chapter(course, page) {
            Ok(chapter) => Place::in_chapter(chapter, section),
            Err(problem) => {
                let name = page.strip_suffix(".md").unwrap_or(page);
                let file = format!("{name}.md");
                let path = course.root.join(PAGES).join(&file);
                // No way out of the book.
                let is_plain = !name.starts_with('/')
                    && name
                        .chars()
                        .all(|c| c.is_alphanumeric() || c == '-' || c == '/');
                if !is_plain || !path.is_file() {
                    let others = other_pages(course).join(", ");
                    return Err(problem.and(&format!("Other pages: {others}.")));
                }
                Ok(Place {
                    page: file,
                    section: section.map(str::to_owned),
                })
            }
        }
    }

    fn in_chapter(chapter: &Chapter, section: Option<&str>) -> Result<Place> {
        let section = match section {
            None => None,
            // A link in the book says `step-3`.
            Some(id) => match select::step(chapter, id.strip_prefix("step-").unwrap_or(id)) {
                Ok(selected) => return Ok(Place::step(chapter, selected.step)),
                Err(problem) if id.bytes().any(|byte| byte.is_ascii_digit()) => {
                    return Err(problem);
                }
                Err(_) => Some(id.to_owned()),
            },
        };
        Ok(Place {
            page: chapter.page(),
            section,
        })
    }
}

pub fn run(ui: &Ui, course: &Course, place: &Place) -> Result<ExitCode> {
    let text = text(course, place, ui.width)?;
    pager::show(ui, &text);
    Ok(ExitCode::SUCCESS)
}

/// The same without a pager.
pub fn show(ui: &Ui, course: &Course, place: &Place) -> Result<()> {
    ui.text(&text(course, place, ui.width)?);
    Ok(())
}

fn text(course: &Course, place: &Place, width: usize) -> Result<String> {
    let path = course.root.join(PAGES).join(&place.page);
    let text =
        fs::read_to_string(&path).map_err(|error| Problem::with_file("read", &path, &error))?;
    let text = included::resolve(&course.root, &place.page, &text);
    let range = match &place.section {
        None => 0..text.len(),
        Some(id) => section(&text, id).ok_or_else(|| no_section(&text, place, id))?,
    };
    let links = |target: &str| command(&place.page, target);
    Ok(markdown::render(&text, range, width, &links))
}

/// The pages that belong to no chapter, by their names.
fn other_pages(course: &Course) -> Vec<String> {
    let entries = fs::read_dir(course.root.join(PAGES)).into_iter().flatten();
    let files = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let names = files.filter_map(|file| Some(file.strip_suffix(".md")?.to_owned()));
    let is_other = |name: &String| !course.chapters.iter().any(|it| it.folder == *name);
    let mut names: Vec<String> = names.filter(is_other).collect();
    names.retain(|name| name != "SUMMARY");
    names.sort();
    names
}

/// From a heading to the next one of its level or a higher one.
fn section(text: &str, id: &str) -> Option<std::ops::Range<usize>> {
    let headings = book::headings(text);
    let at = headings.iter().position(|heading| heading.id == id)?;
    let level = headings[at].level;
    let next = headings[at + 1..].iter().find(|next| next.level <= level);
    Some(headings[at].at..next.map_or(text.len(), |next| next.at))
}

fn no_section(text: &str, place: &Place, id: &str) -> Problem {
    let mut words = format!(
        "{PAGES}/{} has no section \"{id}\". Its sections are:",
        place.page
    );
    for heading in book::headings(text).iter().filter(|it| it.level == 2) {
        words += &format!("\n  {:10}  {}", heading.id, heading.title);
    }
    Problem::new(words)
}

/// How to follow a link from `page`: a command for another page of the book, else the link itself.
fn command(page: &str, target: &str) -> String {
    let (file, id) = target.split_once('#').unwrap_or((target, ""));
    let file = if file.is_empty() { page } else { file };
    let Some(name) = file.strip_suffix(".md").filter(|_| !target.contains(':')) else {
        return target.to_owned();
    };
    // A chapter goes by its number.
    let number = name.split('-').next().unwrap_or(name);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let name = if is_number { number } else { name };
    let id = match id.strip_prefix("step-") {
        Some(step) => format!("s{step}"),
        None => id.to_owned(),
    };
    format!("cargo workbook read {name} {id}")
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ui::columns;

    #[test]
    fn a_link_within_the_book_is_a_command() {
        let command = |target| command("02-tcp-echo.md", target);
        assert_eq!(command("#step-3"), "cargo workbook read 02 s3");
        assert_eq!(command("#look"), "cargo workbook read 02 look");
        assert_eq!(command("01-udp.md#step-12"), "cargo workbook read 01 s12");
        assert_eq!(command("how-to.md"), "cargo workbook read how-to");
        assert_eq!(
            command("https://a.example/b.md#c"),
            "https://a.example/b.md#c"
        );
        assert_eq!(command("pictures/x.svg"), "pictures/x.svg");
    }

    #[test]
    fn a_section_ends_before_the_next_of_its_level() {
        let text = "# P\n\n## A {#a}\n\none\n\n### B\n\ntwo\n\n```text\n## no heading\n```\n\n## C\n\nthree\n";
        let of = |id| section(text, id).map(|range| &text[range]);
        assert!(
            of("a").is_some_and(|it| it.starts_with("## A") && it.ends_with("heading\n```\n\n"))
        );
        assert_eq!(
            of("b"),
            Some("### B\n\ntwo\n\n```text\n## no heading\n```\n\n")
        );
        assert_eq!(of("c"), Some("## C\n\nthree\n"));
        assert_eq!(of("none"), None);
    }

    #[test]
    fn every_page_of_the_book_fits_the_screen() {
        let course = Course::find(Path::new(env!("CARGO_MANIFEST_DIR")))
            .unwrap_or_else(|problem| panic!("{problem}"));
        let entries = fs::read_dir(course.root.join(PAGES)).expect("the book");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let names = names.filter_map(|name| name.into_string().ok());
        for page in names.filter(|name| name.ends_with(".md")) {
            for width in [80, 40] {
                let place = Place {
                    page: page.clone(),
                    section: None,
                };
                let text = text(&course, &place, width).unwrap_or_else(|it| panic!("{it}"));
                for wrong in ["{{#", "is not in this copy", "has no mark", "<div", "<!--"] {
                    assert!(!text.contains(wrong), "{page}: {wrong} in:\n{text}");
                }
                // Code and commands keep their length, and so does what has no blank to break at.
                let is_long = |line: &&str| {
                    let is_kept = line.starts_with("  ") || line.starts_with('[');
                    columns(line) > width && line.contains(' ') && !is_kept
                };
                let long: Vec<&str> = text.lines().filter(is_long).collect();
                assert!(long.is_empty(), "{page} at {width}: {long:#?}");
            }
        }
    }
}
