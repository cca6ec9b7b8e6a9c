//! Checks the book: that its pages hang together, that its snippets come from code that compiles,
//! and that it speaks of steps and tests that exist.
//!
//! Each check says all that is wrong at once, with the file, the line, and what to do.

mod chart;
mod checks;
mod page;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use course::Course;

use page::Page;

/// The pages in `book/src`.
pub struct Book {
    /// The workspace.
    pub root: PathBuf,
    pub summary: Page,
    pub pages: Vec<Page>,
}

#[test]
fn the_pages_and_the_summary_agree() {
    report(checks::summary(&Book::read(), course()));
}

#[test]
fn links_lead_somewhere() {
    report(checks::links(&Book::read()));
}

#[test]
fn snippets_compile() {
    report(checks::snippets(&Book::read()));
}

#[test]
fn pictures_stand_in_their_boxes() {
    report(checks::pictures(&Book::read()));
}

#[test]
fn chapter_pages_have_their_steps() {
    report(checks::steps(&Book::read(), course()));
}

#[test]
fn chapter_pages_have_their_other_sections() {
    report(checks::sections(&Book::read(), course()));
}

#[test]
fn the_introduction_knows_what_stands_on_what() {
    report(checks::order(&Book::read(), course()));
}

#[test]
fn the_map_of_the_chapters_is_current() {
    const FILE: &str = "chapters.svg";
    let drawn = chart::draw(&root(), course());
    if let Some(folder) = std::env::var_os("NETLAB_PICTURES") {
        std::fs::write(Path::new(&folder).join(FILE), &drawn).expect("a folder for pictures");
    }
    let there = std::fs::read_to_string(root().join("book/src/pictures").join(FILE));
    let mut complaints = Vec::new();
    if there.ok() != Some(drawn) {
        complaints.push(format!(
            "book/src/pictures/{FILE}:1: the chapters stand on others than it says. Draw it again:\n  \
             NETLAB_PICTURES=$PWD/book/src/pictures cargo test -p workbook --test book the_map_of_the_chapters"
        ));
    }
    report(complaints);
}

#[test]
fn tests_that_the_book_names_exist() {
    report(checks::names(&Book::read(), course()));
}

#[test]
fn the_map_of_the_documents_is_current() {
    report(checks::map(&Book::read(), course()));
}

#[test]
fn every_package_is_a_member_by_its_name() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the workspace");
    let mut complaints = Vec::new();
    for parent in ["chapters", "solutions", "tests"] {
        let entries = std::fs::read_dir(root().join(parent)).expect("a folder");
        let folders = entries.map(|entry| entry.expect("an entry").path());
        // One that is a workspace of its own is a member of none.
        let is_member = |folder: &PathBuf| {
            std::fs::read_to_string(folder.join("Cargo.toml"))
                .is_ok_and(|text| text.lines().all(|line| line != "[workspace]"))
        };
        for folder in folders.filter(is_member) {
            let name = folder.file_name().expect("a name").to_string_lossy();
            if !manifest.contains(&format!("\"{parent}/{name}\",")) {
                complaints.push(format!(
                    "Cargo.toml:1: {parent}/{name} is not among the members. Add it by its name: a \
                     pattern fails where a folder above is called `net [2026]`."
                ));
            }
        }
    }
    report(complaints);
}

/// Fails with all complaints, one a line.
fn report(complaints: Vec<String>) {
    let count = complaints.len();
    assert!(
        count == 0,
        "\n{}\n\n{count} to mend\n",
        complaints.join("\n")
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the workspace")
        .to_owned()
}

/// Read once: it takes a while, and no test changes it.
fn course() -> &'static Course {
    static COURSE: OnceLock<Course> = OnceLock::new();
    COURSE.get_or_init(|| Course::load(&root()).unwrap_or_else(|problem| panic!("{problem}")))
}

impl Book {
    fn read() -> Book {
        let src = root().join("book/src");
        let mut names = Vec::new();
        markdown(&src, "", &mut names);
        names.sort();
        let texts = names.into_iter().map(|name| {
            let path = src.join(&name);
            let text = std::fs::read_to_string(&path);
            (
                name,
                text.unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            )
        });
        Book::of(texts)
    }

    /// A book of these pages, each a name and a text.
    fn of<N: AsRef<str>, T: AsRef<str>>(texts: impl IntoIterator<Item = (N, T)>) -> Book {
        let pages = texts
            .into_iter()
            .map(|(name, text)| Page::read(name.as_ref(), text.as_ref()));
        let (mut summary, pages): (Vec<Page>, _) =
            pages.partition(|page| page.name == "SUMMARY.md");
        let summary = summary.pop().expect("a book has a SUMMARY.md");
        Book {
            root: root(),
            summary,
            pages,
        }
    }

    pub fn page(&self, name: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.name == name)
    }
}

/// The Markdown files under a folder, relative to where the search began.
fn markdown(folder: &Path, prefix: &str, names: &mut Vec<String>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries.map(|entry| entry.expect("an entry of the folder")) {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            markdown(&entry.path(), &format!("{name}/"), names);
        } else if name.ends_with(".md") {
            names.push(name);
        }
    }
}

// The checks themselves, tried on books that are wrong in one way each.

/// A summary and one page.
fn bad(page: &str, text: &str) -> Book {
    Book::of([
        ("SUMMARY.md", format!("- [x]({page})").as_str()),
        (page, text),
    ])
}

/// There is one complaint, and it contains the words.
fn says(complaints: &[String], words: &[&str]) {
    let [complaint] = complaints else {
        panic!("one complaint was expected:\n{}", complaints.join("\n"))
    };
    for word in words {
        assert!(
            complaint.contains(word),
            "\"{word}\" is missing in: {complaint}"
        );
    }
}

#[test]
fn a_page_outside_the_summary_is_found() {
    let book = Book::of([
        ("SUMMARY.md", "- [x](a.md)\n- [draft]()"),
        ("a.md", ""),
        ("b/c.md", ""),
    ]);
    says(
        &checks::summary(&book, course()),
        &["book/src/b/c.md:1", "SUMMARY.md does not list"],
    );
}

#[test]
fn a_summary_entry_without_a_page_is_found() {
    let book = Book::of([("SUMMARY.md", "# S\n\n- [x](a.md)"), ("a.md", "")]);
    let empty = Book {
        pages: Vec::new(),
        ..book
    };
    says(
        &checks::summary(&empty, course()),
        &["book/src/SUMMARY.md:3", "a.md does not exist"],
    );
}

#[test]
fn a_chapter_goes_by_its_title() {
    let chapter = &course().chapters[0];
    let page = format!("{}.md", chapter.folder);
    let book = bad(&page, "");
    let title = format!("\"{} {}\"", chapter.number(), chapter.title);
    says(
        &checks::summary(&book, course()),
        &["book/src/SUMMARY.md:1", &title],
    );
}

#[test]
fn broken_links_are_found() {
    let try_link = |text: &str| checks::links(&bad("a.md", text));
    says(&try_link("one\n[x](b.md)"), &["book/src/a.md:2", "no b.md"]);
    says(
        &try_link("[x](#gone)\n\n## Here"),
        &["book/src/a.md:1", "#gone", "here"],
    );
    says(&try_link("![x](pictures/none.svg)"), &["pictures/none.svg"]);
    says(&try_link("<a href=\"none.html\">x</a>"), &["none.html"]);
    says(&try_link("[x](../../LICENSE)"), &["out of the book"]);
    says(&try_link("[x]()"), &["without a target"]);
    says(&try_link("## A {#a}\n\n## B {#a}"), &["two places", "id a"]);
}

#[test]
fn links_that_hold_are_left_alone() {
    let text = "[w](https://a.example/#b) [x](#d1-서버-기초) [y](#look-1) [z](#raw) [page](a.md#own)\n\n\
                ## D1: 서버 기초\n\n## Look\n\n## Look\n\n<a id=\"raw\"></a>\n\n## Other `code` {#own}\n";
    report(checks::links(&bad("a.md", text)));
}

#[test]
fn rust_that_nobody_compiles_is_found() {
    let try_code = |text: &str| checks::snippets(&bad("a.md", text));
    says(
        &try_code("x\n\n```rust\nfn main() {}\n```"),
        &["book/src/a.md:3", "fn main() {}"],
    );
    says(&try_code("```rust,ignore\nlet x;\n```"), &["let x;"]);
    says(
        &try_code("```python\nx\n```"),
        &["\"python\"", "rust, text, console"],
    );
    says(&try_code("    indented"), &["\"\""]);
    says(
        &try_code("```rust\n{{#include ../../none.rs:x}}\n```"),
        &["book/src/a.md:2", "none.rs"],
    );
    let this = "{{#include ../../tests/workbook/tests/book/page.rs";
    says(
        &try_code(&format!("```rust\n{this}:1:3}}}}\n```")),
        &["lines 1:3"],
    );
    says(
        &try_code(&format!("```rust\n{this}:gone}}}}\n```")),
        &["ANCHOR: gone"],
    );
    report(try_code(&format!(
        "```rust\n{this}}}}}\n```\n\n```text\nany {{{{ thing }}}}\n```"
    )));
}

#[test]
fn a_picture_without_its_box_is_found() {
    let try_picture = |text: &str| checks::pictures(&bad("a.md", text));
    says(
        &try_picture("x\n\n{{#include pictures/x.svg}}"),
        &["book/src/a.md:3", "<div class=\"picture\">"],
    );
    report(try_picture(
        "<div class=\"picture\">\n\n{{#include pictures/x.svg}}\n</div>",
    ));
}

#[test]
fn a_step_without_its_section_is_found() {
    let course = course();
    let chapter = &course.chapters[0];
    let mut text = String::new();
    for step in &chapter.steps[1..] {
        text += &format!(
            "## Step {0}: {1} {{#step-{0}}}\n\n",
            step.number, step.title
        );
    }
    let book = bad(&format!("{}.md", chapter.folder), &text);
    let about_it = |complaint: &String| complaint.contains(&chapter.folder);
    let complaints: Vec<_> = checks::steps(&book, course)
        .into_iter()
        .filter(about_it)
        .collect();
    says(
        &complaints,
        &["## Step 1: ", &chapter.steps[0].title, "{#step-1}"],
    );
}

#[test]
fn a_page_without_a_look_is_found() {
    let course = course();
    let page = format!("{}.md", course.chapters[0].folder);
    let text = "## A {#predict}\n\n### Look {#look}\n\n## B {#reflect}\n\n## C {#further}";
    says(
        &checks::sections(&bad(&page, text), course),
        &[&page, "missing section", "{#look}"],
    );
}

#[test]
fn names_of_no_test_are_found() {
    let try_name = |text: &str| checks::names(&bad("a.md", text), course());
    says(
        &try_name("one\ntwo `s1_no_such_test`"),
        &["book/src/a.md:2", "s1_no_such_test"],
    );
    says(
        &try_name("```text\n00, step 1: s1_no_such_test\n```"),
        &["a.md:2"],
    );
    says(&try_name("`src/s9_nowhere.rs`"), &["file s9_nowhere.rs"]);
    let chapter = &course().chapters[0];
    let (step, test) = chapter.tests().next().expect("a chapter has tests");
    report(try_name(&format!(
        "`{}` in {}, {}",
        test.name,
        step.file,
        step.path_of(test)
    )));
    report(try_name("`cargo test s1_`, s3, `s1_module::`, smoltcp_x"));
}

#[test]
fn a_map_that_fell_behind_is_found() {
    let course = course();
    let chapter = &course.chapters[0];
    let (step, test) = chapter.tests().next().expect("a chapter has tests");
    let home = format!("{}.md#step-{}", chapter.folder, step.number);
    let try_map = |row: String| checks::map(&bad("documents.md", &row), course);
    says(
        &try_map(format!(
            "| x | [y]({}.md#step-99): `{}` |",
            chapter.folder, test.name
        )),
        &["documents.md:1", "no link", &home],
    );
    says(
        &try_map(format!(
            "| x | to come: chapters {} and 99 |",
            chapter.number()
        )),
        &["no longer to come"],
    );
    report(try_map(format!(
        "| {} | [y]({home}): `{}`. To come: chapter 99 |",
        chapter.number(),
        test.name
    )));
}
