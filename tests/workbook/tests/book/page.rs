//! One page of the book, read the way mdBook reads it.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use workbook::book::{Heading, Include, headings, options};

/// A page and what its Markdown holds. Lines are counted from 1.
pub struct Page {
    /// Relative to `book/src`, with `/` between the parts.
    pub name: String,
    pub text: String,
    /// Each with its line.
    pub headings: Vec<(usize, Heading)>,
    pub links: Vec<Link>,
    pub blocks: Vec<Block>,
    /// Each with its line.
    pub includes: Vec<(usize, Include)>,
    /// Everything that a `#fragment` can lead to. An id that stands twice is listed twice.
    pub ids: Vec<String>,
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

impl Page {
    pub fn read(name: &str, text: &str) -> Page {
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let line_of = |at: usize| ends.partition_point(|end| *end < at) + 1;
        let headings = headings(text).into_iter();
        let headings: Vec<_> = headings.map(|it| (line_of(it.at), it)).collect();
        let mut page = Page {
            name: name.to_owned(),
            text: text.to_owned(),
            ids: headings.iter().map(|(_, it)| it.id.clone()).collect(),
            headings,
            links: Vec::new(),
            blocks: Vec::new(),
            includes: includes(text).collect(),
        };
        let mut link: Option<Link> = None;
        let mut block: Option<Block> = None;
        for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
            let line = line_of(range.start);
            match event {
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

/// The values of an attribute in a piece of HTML. Quotes are double ones in this book.
fn attribute(html: &str, name: &str) -> Vec<String> {
    let opening = format!(" {name}=\"");
    let values = html.split(&opening).skip(1);
    values
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

fn includes(text: &str) -> impl Iterator<Item = (usize, Include)> {
    text.lines().enumerate().flat_map(|(index, line)| {
        let found = Include::all(line).into_iter();
        found.map(move |(_, include)| (index + 1, include))
    })
}
