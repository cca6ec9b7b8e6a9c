//! One page of the book, read the way mdBook reads it.

use std::collections::HashSet;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page and what its Markdown holds. Lines are counted from 1.
pub struct Page {
    /// Relative to `book/src`, with `/` between the parts.
    pub name: String,
    pub text: String,
    pub headings: Vec<Heading>,
    pub links: Vec<Link>,
    pub blocks: Vec<Block>,
    pub includes: Vec<Include>,
    /// Everything that a `#fragment` can lead to. An id that stands twice is listed twice.
    pub ids: Vec<String>,
}

pub struct Heading {
    pub line: usize,
    pub level: usize,
    pub title: String,
    pub id: String,
}

pub struct Link {
    pub line: usize,
    pub text: String,
    pub target: String,
}

/// A block of code.
pub struct Block {
    pub line: usize,
    /// The first word after the fence; empty for an indented block.
    pub language: String,
    pub text: String,
}

/// `{{#include file:part}}`
pub struct Include {
    pub line: usize,
    /// Relative to the page.
    pub file: String,
    pub part: Option<String>,
}

impl Page {
    pub fn read(name: &str, text: &str) -> Page {
        let mut page = Page {
            name: name.to_owned(),
            text: text.to_owned(),
            headings: Vec::new(),
            links: Vec::new(),
            blocks: Vec::new(),
            includes: includes(text),
            ids: Vec::new(),
        };
        let mut used = HashSet::new();
        let mut heading: Option<Heading> = None;
        let mut link: Option<Link> = None;
        let mut block: Option<Block> = None;
        for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
            let line = text[..range.start].matches('\n').count() + 1;
            match event {
                Event::Start(Tag::Heading { level, id, .. }) => {
                    let id = id.map(String::from).unwrap_or_default();
                    heading = Some(Heading {
                        line,
                        level: level as usize,
                        title: String::new(),
                        id,
                    });
                }
                Event::End(TagEnd::Heading(_)) => {
                    let mut done = heading.take().expect("a heading ends after it began");
                    if done.id.is_empty() {
                        done.id = unique(id_from_content(&done.title), &mut used);
                    }
                    page.ids.push(done.id.clone());
                    page.headings.push(done);
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    link = Some(Link {
                        line,
                        text: String::new(),
                        target: dest_url.into(),
                    });
                }
                Event::End(TagEnd::Link | TagEnd::Image) => page.links.extend(link.take()),
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match &kind {
                        CodeBlockKind::Fenced(info) => info.split([',', ' ']).next().unwrap_or(""),
                        CodeBlockKind::Indented => "",
                    };
                    block = Some(Block {
                        line,
                        language: language.into(),
                        text: String::new(),
                    });
                }
                Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
                Event::Text(piece) | Event::Code(piece) => {
                    for place in [
                        heading.as_mut().map(|heading| &mut heading.title),
                        link.as_mut().map(|link| &mut link.text),
                        block.as_mut().map(|block| &mut block.text),
                    ] {
                        place.into_iter().for_each(|text| text.push_str(&piece));
                    }
                }
                Event::Html(html) | Event::InlineHtml(html) => {
                    page.ids.extend(attribute(&html, "id"));
                    for name in ["href", "src"] {
                        let found = attribute(&html, name);
                        let link = |target| Link {
                            line,
                            text: String::new(),
                            target,
                        };
                        page.links.extend(found.into_iter().map(link));
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// The text with its line numbers.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }
}

/// What mdBook 0.5 switches on, as `book.toml` leaves it.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM
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

/// The values of an attribute in a piece of HTML. Quotes are double ones in this book.
fn attribute(html: &str, name: &str) -> Vec<String> {
    let opening = format!(" {name}=\"");
    let values = html.split(&opening).skip(1);
    values
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

fn includes(text: &str) -> Vec<Include> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for piece in line.split("{{#").skip(1) {
            let Some((command, _)) = piece.split_once("}}") else {
                continue;
            };
            let Some((kind, target)) = command.trim().split_once(char::is_whitespace) else {
                continue;
            };
            if matches!(kind, "include" | "rustdoc_include" | "playground") {
                let target = target.trim();
                let (file, part) = match target.split_once(':') {
                    Some((file, part)) => (file, Some(part.to_owned())),
                    None => (target, None),
                };
                found.push(Include {
                    line: index + 1,
                    file: file.to_owned(),
                    part,
                });
            }
        }
    }
    found
}
