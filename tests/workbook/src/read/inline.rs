//! A run of text with emphasis, code and links, as one string with the terminal's styles in it.

use pulldown_cmark::{Event, Tag, TagEnd};

use crate::book::PAGES;
use crate::ui::{self, faint};

#[derive(Default)]
pub struct Inline {
    /// Line breaks in it are the author's own.
    text: String,
    is_strong: bool,
    /// Open links and images: the target, and where their text begins.
    open: Vec<(String, usize)>,
}

/// The targets of a page's links, in the order of their numbers.
#[derive(Default)]
pub struct Links(pub Vec<String>);

impl Links {
    /// Counted from 1; the same target has the same number.
    fn number(&mut self, target: String) -> usize {
        let known = self.0.iter().position(|known| *known == target);
        let at = known.unwrap_or_else(|| {
            self.0.push(target);
            self.0.len() - 1
        });
        at + 1
    }
}

impl Inline {
    pub fn take(&mut self, event: Event, links: &mut Links, follow: &dyn Fn(&str) -> String) {
        match event {
            Event::Text(text) => self.text.push_str(&text),
            Event::Code(code) => {
                self.text.push_str(&format!("`{}`", ui::code(&code)));
                self.again();
            }
            Event::SoftBreak => self.text.push(' '),
            Event::HardBreak => self.text.push('\n'),
            Event::InlineHtml(tag) if tag.starts_with("<br") => self.text.push('\n'),
            Event::FootnoteReference(name) => self.text.push_str(&format!("[{name}]")),
            Event::TaskListMarker(done) => self.text.push_str(if done { "[x] " } else { "[ ] " }),
            Event::Start(Tag::Strong) => {
                self.is_strong = true;
                self.again();
            }
            Event::End(TagEnd::Strong) => {
                self.is_strong = false;
                self.text.push_str(&format!("{:#}", ui::STRONG));
            }
            // A word that is stressed changes the sense, so it is marked without colours too.
            Event::Start(Tag::Emphasis) | Event::End(TagEnd::Emphasis) => self.text.push('*'),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                self.open.push((dest_url.into(), self.text.len()));
            }
            Event::End(TagEnd::Link) => {
                if let Some((target, at)) = self.open.pop()
                    && self.text[at..] != target
                {
                    let number = links.number(follow(&target));
                    self.text
                        .push_str(&format!(" {}", faint(format!("[{number}]"))));
                    self.again();
                }
            }
            Event::End(TagEnd::Image) => {
                if let Some((file, at)) = self.open.pop() {
                    let title = self.text.split_off(at);
                    let title = if title.is_empty() {
                        "a picture"
                    } else {
                        &title
                    };
                    self.text.push_str(&format!("[{title}: {PAGES}/{file}]"));
                }
            }
            _ => {}
        }
    }

    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// The end of another style has ended the bold one too.
    fn again(&mut self) {
        if self.is_strong {
            self.text.push_str(&format!("{}", ui::STRONG));
        }
    }
}
