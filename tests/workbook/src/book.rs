//! The pages of the book as mdBook reads them: its dialect of Markdown, the ids of its headings, and
//! the files that a page includes.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The folder of the pages, relative to the workspace.
pub const PAGES: &str = "book/src";

/// What mdBook 0.5 switches on, as `book.toml` leaves it.
pub fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM
}

pub struct Heading {
    pub level: usize,
    pub title: String,
    pub id: String,
    /// Where it begins in the page's text, in bytes.
    pub at: usize,
}

/// The headings of a page, in order.
pub fn headings(text: &str) -> Vec<Heading> {
    let mut headings: Vec<Heading> = Vec::new();
    let mut used = HashSet::new();
    let mut is_inside = false;
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, id, .. }) => {
                is_inside = true;
                headings.push(Heading {
                    level: level as usize,
                    title: String::new(),
                    id: id.map(String::from).unwrap_or_default(),
                    at: range.start,
                });
            }
            Event::End(TagEnd::Heading(_)) => is_inside = false,
            Event::Text(piece) | Event::Code(piece) if is_inside => {
                if let Some(heading) = headings.last_mut() {
                    heading.title.push_str(&piece);
                }
            }
            _ => {}
        }
    }
    for heading in headings.iter_mut().filter(|heading| heading.id.is_empty()) {
        heading.id = unique(id_from_content(&heading.title), &mut used);
    }
    headings
}

/// The id that mdBook 0.5 gives to a heading without one of its own.
fn id_from_content(title: &str) -> String {
    let kept = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    };
    title
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(kept)
        .collect()
}

/// mdBook numbers headings of the same text: `look`, `look-1`, `look-2`.
fn unique(id: String, used: &mut HashSet<String>) -> String {
    let numbered = (1..).map(|n| format!("{id}-{n}"));
    let free = std::iter::once(id.clone())
        .chain(numbered)
        .find(|id| used.insert(id.clone()));
    free.expect("the numbers do not end")
}

/// `{{#include file:part}}`
#[derive(Clone)]
pub struct Include {
    /// Relative to the page.
    pub file: String,
    /// The name of an anchor in that file.
    pub part: Option<String>,
}

impl Include {
    /// The includes of one line, each with the text that asks for it.
    pub fn all(line: &str) -> Vec<(&str, Include)> {
        let mut found = Vec::new();
        let mut rest = line;
        while let Some(start) = rest.find("{{#") {
            let Some(end) = rest[start..].find("}}").map(|end| start + end + 2) else {
                break;
            };
            let whole = &rest[start..end];
            rest = &rest[end..];
            let command = whole[3..whole.len() - 2].trim();
            let Some((kind, target)) = command.split_once(char::is_whitespace) else {
                continue;
            };
            if matches!(kind, "include" | "rustdoc_include" | "playground") {
                let (file, part) = match target.trim().split_once(':') {
                    Some((file, part)) => (file, Some(part.to_owned())),
                    None => (target.trim(), None),
                };
                let file = file.to_owned();
                found.push((whole, Include { file, part }));
            }
        }
        found
    }

    /// The file, relative to the workspace; `page` is relative to [`PAGES`].
    pub fn path(&self, page: &str) -> PathBuf {
        let page = Path::new(PAGES).join(page);
        flat(&page.parent().unwrap_or(Path::new("")).join(&self.file))
    }
}

/// A path without `..` in its middle.
fn flat(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut flat, part| {
        if part != Component::ParentDir || !flat.pop() {
            flat.push(part);
        }
        flat
    })
}

/// What stands between the marks `ANCHOR: part` and `ANCHOR_END: part`; an `Err` names the mark that
/// is missing. Without a part it is the whole text. Lines with marks are left out.
pub fn part_of(text: &str, part: Option<&str>) -> Result<String, String> {
    let is_mark = |line: &str, mark: &str| {
        let named = |(_, rest): (&str, &str)| rest.trim().split(' ').next() == part;
        line.split_once(mark).is_some_and(named)
    };
    let mut lines = text.lines().peekable();
    if let Some(part) = part {
        let find = |mark: &str| text.lines().any(|line| is_mark(line, mark));
        for mark in ["ANCHOR:", "ANCHOR_END:"] {
            if !find(mark) {
                return Err(format!("{mark} {part}"));
            }
        }
        while lines.next_if(|line| !is_mark(line, "ANCHOR:")).is_some() {}
    }
    let mut found = String::new();
    for line in lines.take_while(|line| part.is_none() || !is_mark(line, "ANCHOR_END:")) {
        if !line.contains("ANCHOR:") && !line.contains("ANCHOR_END:") {
            found.push_str(line);
            found.push('\n');
        }
    }
    Ok(found)
}
