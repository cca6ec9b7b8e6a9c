//! Markdown as text for a terminal.

use std::ops::Range;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::inline::{Inline, Links};
use super::table;
use crate::book;
use crate::ui::{columns, strong, wrap};

/// The part of a page that begins within `range`. `follow` says how to follow a link.
pub fn render(
    text: &str,
    range: Range<usize>,
    width: usize,
    follow: &dyn Fn(&str) -> String,
) -> String {
    let mut page = Page {
        width,
        follow,
        out: String::new(),
        has_gap: false,
        margins: Vec::new(),
        inline: Inline::default(),
        links: Links::default(),
        lists: Vec::new(),
        block: Block::Text,
        before_fold: None,
        folded: Vec::new(),
    };
    for (event, at) in Parser::new_ext(text, book::options()).into_offset_iter() {
        if range.contains(&at.start) {
            page.take(event);
        }
    }
    page.finish()
}

struct Page<'a> {
    width: usize,
    follow: &'a dyn Fn(&str) -> String,
    out: String,
    /// A blank line stands before the next block.
    has_gap: bool,
    margins: Vec<Margin>,
    inline: Inline,
    links: Links,
    /// Of each open list: the number of its next item, and whether it has had an item.
    lists: Vec<(Option<u64>, bool)>,
    block: Block,
    /// While a fold is open: what was written before it.
    before_fold: Option<String>,
    /// What the page folds away until the reader has thought.
    folded: Vec<String>,
}

/// What stands left of a block: at its first line, and at the others.
struct Margin {
    first: Option<String>,
    others: String,
}

/// What the next text belongs to.
enum Block {
    Text,
    Code(String),
    Html(String),
    Table(Vec<Vec<String>>),
}

impl Page<'_> {
    fn take(&mut self, event: Event) {
        match (&mut self.block, event) {
            (Block::Code(code), Event::Text(text)) => code.push_str(&text),
            (Block::Html(html), Event::Html(text) | Event::Text(text)) => html.push_str(&text),
            (Block::Table(rows), Event::Start(Tag::TableHead | Tag::TableRow)) => rows.push(vec![]),
            (Block::Table(rows), Event::End(TagEnd::TableCell)) => {
                let cell = self.inline.finish();
                if let Some(row) = rows.last_mut() {
                    row.push(cell);
                }
            }
            (_, Event::Start(tag)) => self.start(tag),
            (_, Event::End(tag)) => self.end(tag),
            (_, Event::Rule) => {
                let rule = "─".repeat(self.room());
                self.lines([rule]);
            }
            (_, event) => self.inline.take(event, &mut self.links, self.follow),
        }
    }

    fn start(&mut self, tag: Tag) {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } => self.paragraph(),
            Tag::List(number) => {
                self.paragraph();
                // In an item: right below its text.
                self.has_gap &= self.lists.is_empty();
                self.lists.push((number, false));
            }
            Tag::Item => {
                let (number, has_items) = self.lists.last_mut().expect("an item is in a list");
                let marker = match number {
                    None => "- ".to_owned(),
                    Some(n) => {
                        *n += 1;
                        format!("{}. ", *n - 1)
                    }
                };
                if std::mem::replace(has_items, true) {
                    self.has_gap = false;
                }
                self.margins.push(Margin {
                    others: " ".repeat(marker.len()),
                    first: Some(marker),
                });
            }
            Tag::BlockQuote(_) | Tag::FootnoteDefinition(_) | Tag::DefinitionListDefinition => {
                self.paragraph();
                self.margins.push(Margin {
                    first: None,
                    others: "│ ".to_owned(),
                });
            }
            Tag::CodeBlock(_) => {
                self.paragraph();
                self.block = Block::Code(String::new());
            }
            Tag::HtmlBlock => {
                self.paragraph();
                self.block = Block::Html(String::new());
            }
            Tag::Table(_) => {
                self.paragraph();
                self.block = Block::Table(Vec::new());
            }
            tag => self
                .inline
                .take(Event::Start(tag), &mut self.links, self.follow),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => self.heading(level as usize),
            TagEnd::Paragraph => self.paragraph(),
            TagEnd::List(_) => {
                self.paragraph();
                self.lists.pop();
                self.has_gap = true;
            }
            TagEnd::Item
            | TagEnd::BlockQuote(_)
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionListDefinition => {
                self.paragraph();
                self.margins.pop();
            }
            TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::Table => {
                match std::mem::replace(&mut self.block, Block::Text) {
                    Block::Code(code) => self.lines(code.lines().map(|line| format!("  {line}"))),
                    Block::Html(html) => self.html(&html),
                    Block::Table(rows) => self.lines(table::lines(&rows, self.room())),
                    Block::Text => {}
                }
            }
            tag => self
                .inline
                .take(Event::End(tag), &mut self.links, self.follow),
        }
    }

    fn heading(&mut self, level: usize) {
        let title = self.inline.finish();
        let longest = columns(&title).min(self.room());
        let mut lines: Vec<String> = wrap(&title, self.room()).iter().map(strong).collect();
        match level {
            1 => lines.push("═".repeat(longest)),
            2 => lines.push("─".repeat(longest)),
            _ => {}
        }
        self.lines(lines);
    }

    /// The text since the last block, if there is any.
    fn paragraph(&mut self) {
        let text = self.inline.finish();
        if !text.trim().is_empty() {
            self.lines(wrap(&text, self.room()));
        }
    }

    /// Tags are for a browser. A fold's summary is a question, and its inside the answer to it.
    fn html(&mut self, html: &str) {
        let text = text_of(html);
        if !text.is_empty() {
            self.lines(wrap(&text, self.room()));
        }
        if html.contains("<details") {
            self.before_fold = Some(std::mem::take(&mut self.out));
            self.has_gap = false;
        } else if html.contains("</details>")
            && let Some(before) = self.before_fold.take()
        {
            let answer = std::mem::replace(&mut self.out, before);
            self.folded.push(answer);
            self.has_gap = true;
        }
    }

    /// Columns for the text of a block.
    fn room(&self) -> usize {
        let margins = self.margins.iter().map(|margin| columns(&margin.others));
        self.width.saturating_sub(margins.sum()).max(10)
    }

    fn lines(&mut self, lines: impl IntoIterator<Item = String>) {
        let others: String = self.margins.iter().map(|it| it.others.as_str()).collect();
        let mut first = String::new();
        for margin in &mut self.margins {
            first += &margin.first.take().unwrap_or_else(|| margin.others.clone());
        }
        if self.has_gap && !self.out.is_empty() {
            self.out.push_str(others.trim_end());
            self.out.push('\n');
        }
        self.has_gap = true;
        let mut margin = &first;
        for line in lines {
            self.out.push_str(format!("{margin}{line}").trim_end());
            self.out.push('\n');
            margin = &others;
        }
    }

    fn finish(mut self) -> String {
        self.paragraph();
        for (index, answer) in std::mem::take(&mut self.folded).into_iter().enumerate() {
            self.lines([strong(format!("Answer {}", index + 1))]);
            self.has_gap = false;
            self.lines(answer.lines().map(str::to_owned));
        }
        let links = std::mem::take(&mut self.links.0);
        self.lines(
            links
                .iter()
                .enumerate()
                .map(|(index, target)| format!("[{}] {target}", index + 1)),
        );
        self.out.trim_end().to_owned() + "\n"
    }
}

/// HTML without its tags and comments.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let end = if tag.starts_with("!--") { "-->" } else { ">" };
        let (name, after) = tag.split_once(end).unwrap_or((tag, ""));
        if matches!(name, "code" | "/code") {
            text.push('`');
        }
        rest = after;
    }
    text.push_str(rest);
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    let text = plain
        .iter()
        .fold(text, |text, (entity, sign)| text.replace(entity, sign));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str, width: usize) -> String {
        let rendered = render(text, 0..text.len(), width, &|target| format!("<{target}>"));
        anstream::adapter::strip_str(&rendered).to_string()
    }

    #[test]
    fn prose_is_wrapped_and_keeps_its_marks() {
        let text = "# A title\n\nOne **two** *three* `four five`\nsix  seven.\n\n### Deep\n\n---\n";
        let expected = "A title\n═══════\n\nOne two *three*\n`four five` six\nseven.\n\nDeep\n\n────────────────────\n";
        assert_eq!(plain(text, 20), expected);
    }

    #[test]
    fn lists_hang_and_nest() {
        let text = "1. one two three four five six\n2. two\n   - in\n   - side\n\nEnd.\n";
        let expected = "1. one two three\n   four five six\n2. two\n   - in\n   - side\n\nEnd.\n";
        assert_eq!(plain(text, 20), expected);
        assert_eq!(plain("- a\n\n  b\n\n- c\n", 20), "- a\n\n  b\n- c\n");
    }

    #[test]
    fn code_stands_as_it_is() {
        let text = "x\n\n```text\na  b\n\n  c\n```\n";
        assert_eq!(plain(text, 20), "x\n\n  a  b\n\n    c\n");
    }

    #[test]
    fn links_have_numbers_and_pictures_their_file() {
        let text = "[one](a.md), [two](b), [three](a.md), <https://c.example>\n\n![A ladder](pictures/x.svg)\n";
        let expected = "one [1], two [2], three [1], https://c.example\n\n\
                        [A ladder: book/src/pictures/x.svg]\n\n[1] <a.md>\n[2] <b>\n";
        assert_eq!(plain(text, 80), expected);
    }

    #[test]
    fn an_answer_comes_after_all_questions() {
        let fold = |n| {
            format!(
                "<details>\n<summary>{n}. Is <code>x</code> &lt; 1?</summary>\n\nNo {n}.\n\n</details>\n\n"
            )
        };
        let text = format!(
            "<!-- hidden -->\n\n{}{}<div class=\"picture\">\n\nEnd.\n\n</div>\n",
            fold(1),
            fold(2)
        );
        let expected =
            "1. Is `x` < 1?\n\n2. Is `x` < 1?\n\nEnd.\n\nAnswer 1\nNo 1.\n\nAnswer 2\nNo 2.\n";
        assert_eq!(plain(&text, 80), expected);
    }

    #[test]
    fn a_quotation_has_a_rule_beside_it() {
        assert_eq!(
            plain("> one two\n>\n> three\n", 80),
            "│ one two\n│\n│ three\n"
        );
    }
}
