//! The checks of the book. Each returns all its complaints, with the file, the line, and what to do.

use std::collections::BTreeSet;

use course::{Course, SECTIONS};
use workbook::book::{Include, part_of};

use crate::Book;
use crate::page::Page;

/// The languages that a block of code may name. Rust is special: see [`snippets`].
const LANGUAGES: [&str; 3] = ["rust", "text", "console"];

/// Every page stands in SUMMARY.md, whatever stands there is a page, and chapters have their titles.
pub fn summary(book: &Book, course: &Course) -> Vec<String> {
    let mut complaints = Vec::new();
    for link in &book.summary.links {
        if !link.target.is_empty() && book.page(&link.target).is_none() {
            let (line, target) = (link.line, &link.target);
            complaints.push(format!(
                "book/src/SUMMARY.md:{line}: {target} does not exist. Write it, or make the entry a draft: [title]()"
            ));
        }
    }
    for Page { name, .. } in &book.pages {
        if !book.summary.links.iter().any(|link| link.target == *name) {
            complaints.push(format!(
                "book/src/{name}:1: SUMMARY.md does not list this page, so mdBook leaves it out. Add it there."
            ));
        }
    }
    for chapter in &course.chapters {
        let file = chapter.page();
        let title = format!("{} {}", chapter.number(), chapter.title);
        for link in book
            .summary
            .links
            .iter()
            .filter(|link| link.target == file && link.text != title)
        {
            complaints.push(format!(
                "book/src/SUMMARY.md:{}: this chapter is called \"{title}\" in tests/{}/chapter.toml. Use that title.",
                link.line, chapter.folder
            ));
        }
    }
    complaints
}

/// Every relative link leads to a page or a file of the book, and every `#fragment` to an id there.
pub fn links(book: &Book) -> Vec<String> {
    let mut complaints = Vec::new();
    for page in &book.pages {
        let name = &page.name;
        let mut seen = BTreeSet::new();
        for id in page.ids.iter().filter(|id| !seen.insert(id.as_str())) {
            complaints.push(format!(
                "book/src/{name}:1: two places have the id {id}. Rename one."
            ));
        }
        for link in &page.links {
            let broken = broken(book, page, &link.target);
            complaints.extend(broken.map(|what| format!("book/src/{name}:{}: {what}", link.line)));
        }
    }
    complaints
}

/// What is wrong with a link on `page`, if anything.
fn broken(book: &Book, page: &Page, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    if target.is_empty() {
        return Some("a link without a target. Say where it leads.".into());
    }
    let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() {
        Some(page.name.clone())
    } else {
        beside(&page.name, path)
    };
    let Some(path) = path else {
        return Some(format!(
            "{target} leads out of the book, where a published page cannot follow. Name the file as `code`."
        ));
    };
    match book.page(&path) {
        Some(to) if fragment.is_empty() || to.ids.iter().any(|id| id == fragment) => None,
        Some(to) => Some(format!(
            "{path} has no heading or id #{fragment}. It has: {}",
            to.ids.join(", ")
        )),
        None if !path.ends_with(".md") && book.root.join("book/src").join(&path).is_file() => None,
        // That the page is missing is said once, of the summary.
        None if book.summary.links.iter().any(|link| link.target == path) => None,
        None => Some(format!("there is no {path} in book/src. Mend the link.")),
    }
}

/// Every picture stands in the box that lets it scroll on a phone.
pub fn pictures(book: &Book) -> Vec<String> {
    let mut complaints = Vec::new();
    for page in &book.pages {
        let lines: Vec<&str> = page.text.lines().map(str::trim).collect();
        let svgs = page.includes.iter();
        for (line, _) in svgs.filter(|(_, include)| include.file.ends_with(".svg")) {
            let (before, after) = lines.split_at(line - 1);
            let above = before.iter().rev().find(|line| !line.is_empty());
            let below = after[1..].iter().find(|line| !line.is_empty());
            if above != Some(&"<div class=\"picture\">") || below != Some(&"</div>") {
                complaints.push(format!(
                    "book/src/{}:{line}: this picture needs a line <div class=\"picture\"> above it and </div> below.",
                    page.name
                ));
            }
        }
    }
    complaints
}

/// Rust stands in the book only as a piece of a file that the workspace compiles, found by its anchors.
pub fn snippets(book: &Book) -> Vec<String> {
    let mut complaints = Vec::new();
    for page in &book.pages {
        for (line, include) in &page.includes {
            let at = format!("book/src/{}:{line}", page.name);
            complaints.extend(
                included(book, page, include)
                    .err()
                    .map(|what| format!("{at}: {what}")),
            );
        }
        for block in &page.blocks {
            let at = format!("book/src/{}:{}", page.name, block.line);
            let language = block.language.as_str();
            if !LANGUAGES.contains(&language) {
                let allowed = LANGUAGES.join(", ");
                complaints.push(format!(
                    "{at}: a block of code in \"{language}\". Mark it as one of: {allowed}."
                ));
            }
            if language == "rust" {
                for line in block
                    .text
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                {
                    let is_include = line.starts_with("{{#include ") && line.ends_with("}}");
                    if !is_include || !line.contains(".rs") {
                        complaints.push(format!(
                            "{at}: Rust that nobody compiles: {line}. Move it to a file of the workspace and include it \
                             by an anchor, or mark the block as text."
                        ));
                    }
                }
            }
        }
    }
    complaints
}

/// Every step of a chapter has its section, under the title and the anchor that failures point at.
pub fn steps(book: &Book, course: &Course) -> Vec<String> {
    let mut complaints = Vec::new();
    for chapter in &course.chapters {
        let file = chapter.page();
        let Some(page) = book.page(&file) else {
            complaints.push(format!(
                "book/src/{file}:1: tests/{} has no page. Write it, with a section for each step.",
                chapter.folder
            ));
            continue;
        };
        for step in &chapter.steps {
            let id = format!("step-{}", step.number);
            let title = format!("Step {}: {}", step.number, step.title);
            match page.headings.iter().find(|(_, heading)| heading.id == id) {
                Some((_, heading)) if heading.level == 2 && heading.title == title => {}
                Some((line, _)) => complaints.push(format!(
                    "book/src/{file}:{line}: chapter.toml says: ## {title} {{#{id}}}"
                )),
                None => complaints.push(format!(
                    "book/src/{file}:1: missing section: ## {title} {{#{id}}}"
                )),
            }
        }
        for (line, heading) in &page.headings {
            let number = heading
                .id
                .strip_prefix("step-")
                .and_then(|n| n.parse::<usize>().ok());
            if number.is_some_and(|n| n == 0 || n > chapter.steps.len()) {
                complaints.push(format!(
                    "book/src/{file}:{line}: tests/{}/chapter.toml has no step of this number. Drop the section or add the step.",
                    chapter.folder
                ));
            }
        }
    }
    complaints
}

/// The introduction says how long each chapter takes, and whose code it stands on: as `chapter.toml` and the manifest
/// do.
pub fn order(book: &Book, course: &Course) -> Vec<String> {
    const FILE: &str = "introduction.md";
    let text = book.page(FILE).map_or("", |page| &page.text);
    let needs = super::chart::needs(&book.root, course);
    let mut complaints = Vec::new();
    for chapter in &course.chapters {
        let needed: Vec<&str> = needs[&chapter.number().to_string()]
            .iter()
            .map(String::as_str)
            .collect();
        let needed = match needed.is_empty() {
            true => "–".to_owned(),
            false => needed.join(", "),
        };
        let halves = (chapter.minutes + 15) / 30;
        let half = if halves % 2 == 1 { "½" } else { "" };
        let row = format!(
            "| [{}]({}) | {}{half} | {needed} |",
            chapter.number(),
            chapter.page(),
            halves / 2
        );
        if !text.lines().any(|line| line == row) {
            complaints.push(format!("book/src/{FILE}:1: missing in its table: {row}"));
        }
    }
    complaints
}

/// Every chapter's page has the sections that the companion points at when the chapter is done.
pub fn sections(book: &Book, course: &Course) -> Vec<String> {
    let mut complaints = Vec::new();
    // That a page is missing is said once, with its steps.
    let pages = course.chapters.iter();
    for page in pages.filter_map(|chapter| book.page(&chapter.page())) {
        let ids = page.headings.iter().filter(|(_, it)| it.level == 2);
        let ids: Vec<&str> = ids.map(|(_, it)| it.id.as_str()).collect();
        for id in SECTIONS.iter().filter(|id| !ids.contains(id)) {
            complaints.push(format!(
                "book/src/{}:1: missing section: ## … {{#{id}}}",
                page.name
            ));
        }
    }
    complaints
}

/// Whatever looks like a test or like a step's file is one.
pub fn names(book: &Book, course: &Course) -> Vec<String> {
    let mut complaints = Vec::new();
    for page in &book.pages {
        for (line, text) in page.lines() {
            let at = format!("book/src/{}:{line}", page.name);
            for (name, kind) in step_names(text) {
                let (known, what) = match kind {
                    // A module's name is also what a command line picks its tests by.
                    Named::Test => (
                        !homes(course, name).is_empty() || has_file(course, name),
                        format!("a test {name}"),
                    ),
                    Named::File => (has_file(course, name), format!("a file {name}.rs")),
                };
                if !known {
                    complaints.push(format!("{at}: no step has {what}. Was it renamed?"));
                }
            }
        }
    }
    complaints
}

/// In documents.md a test belongs to a step that its line links to, and what is said to be still to
/// come is not there yet.
pub fn map(book: &Book, course: &Course) -> Vec<String> {
    let mut complaints = Vec::new();
    let Some(page) = book.page("documents.md") else {
        return vec!["book/src/documents.md is missing.".into()];
    };
    for (number, line) in page.lines() {
        let at = format!("book/src/documents.md:{number}");
        for (name, _) in step_names(line) {
            let homes = homes(course, name);
            let linked = homes
                .iter()
                .any(|home| line.contains(&format!("]({home})")));
            if !linked && !homes.is_empty() {
                complaints.push(format!(
                    "{at}: this line has no link to {}, the home of {name}.",
                    homes.join(" or ")
                ));
            }
        }
        for chapter in &course.chapters {
            if to_come(line).contains(&chapter.number()) {
                complaints.push(format!(
                    "{at}: chapter {0} is no longer to come. Link to its step and name its test.",
                    chapter.number()
                ));
            }
        }
    }
    complaints
}

/// The sections that teach the step of this test: `02-tcp-echo.md#step-3`.
fn homes(course: &Course, test: &str) -> Vec<String> {
    let mut homes = Vec::new();
    for chapter in &course.chapters {
        let steps = chapter.tests().filter(|(_, found)| found.name == test);
        homes.extend(steps.map(|(step, _)| format!("{}#step-{}", chapter.page(), step.number)));
    }
    homes
}

fn has_file(course: &Course, stem: &str) -> bool {
    let file = format!("{stem}.rs");
    let mut steps = course.chapters.iter().flat_map(|chapter| &chapter.steps);
    steps.any(|step| step.file == file)
}

/// A path as written on `page`, relative to `book/src`; `None` when it leaves that folder.
fn beside(page: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether the file, and the part of it, that an include asks for exist.
fn included(book: &Book, page: &Page, include: &Include) -> Result<(), String> {
    let path = include.path(&page.name);
    let shown = path.display();
    let text = std::fs::read_to_string(book.root.join(&path)).map_err(|error| {
        format!("cannot include {shown}: {error}. Mend the path: it starts at the page.")
    })?;
    let Some(part) = &include.part else {
        return Ok(());
    };
    if part
        .split(':')
        .all(|number| number.parse::<usize>().is_ok() || number.is_empty())
    {
        return Err(format!(
            "lines {part} of {shown} will be others tomorrow. Mark the piece with ANCHOR comments."
        ));
    }
    part_of(&text, Some(part)).map(drop).map_err(|mark| {
        format!("{shown} has no line `// {mark}`. Add it: the two marks stand around the piece.")
    })
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Named {
    Test,
    File,
}

/// The words of a line that name a test, `s3_what_it_proves`, or a step's file, `s3_topic.rs`.
/// A module in a path, `s3_topic::`, is neither.
fn step_names(line: &str) -> Vec<(&str, Named)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        let word = &rest[start..];
        let end = word.find(|c| !is_word(c)).unwrap_or(word.len());
        rest = &word[end..];
        let word = &word[..end];
        let has_step = word
            .strip_prefix('s')
            .and_then(|word| word.split_once('_'))
            .is_some_and(|(step, name)| step.parse::<usize>().is_ok() && !name.is_empty());
        if has_step && !rest.starts_with("::") {
            found.push((
                word,
                if rest.starts_with(".rs") {
                    Named::File
                } else {
                    Named::Test
                },
            ));
        }
    }
    found
}

/// The chapters that a table row says are to come: `to come: chapters 03 and 05` gives both.
fn to_come(line: &str) -> Vec<&str> {
    let is_chapter =
        |word: &&str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_digit());
    let mut chapters = Vec::new();
    for cell in line.split('|') {
        if let Some(at) = cell.to_ascii_lowercase().find("to come") {
            let words = cell[at..].split(|c: char| !c.is_ascii_alphanumeric());
            chapters.extend(words.filter(is_chapter));
        }
    }
    chapters
}
