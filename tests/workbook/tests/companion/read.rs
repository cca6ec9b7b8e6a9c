//! The book in the terminal.

use crate::fixture::Workbook;

#[test]
fn a_section_is_shown_with_all_that_it_includes() {
    let workbook = Workbook::new("read-section");
    let said = workbook.run(&["read", "0", "s1"]);
    said.is(
        0,
        &[
            "Step 1: One\n───────────\n\n",
            "number that comes *before* two, and mind that a line of a page\nis wrapped",
            "\n  fn one() -> u32 {\n      0\n  }\n",
            "[A one: book/src/pictures/one.svg]",
        ],
    );
    for other in ["Step 2", "ANCHOR", "use x", "{{#", "<div", "{#step-1}"] {
        assert!(!said.stdout.contains(other), "{other}: {}", said.stdout);
    }
    // What is at hand.
    assert_eq!(workbook.run(&["read"]).stdout, said.stdout);
    for section in ["1", "step1", "s1_one", "s1_one_is_one", "step-1"] {
        assert_eq!(workbook.run(&["read", "00", section]).stdout, said.stdout);
    }
}

#[test]
fn a_page_is_shown_whole_and_its_links_are_commands() {
    let workbook = Workbook::new("read-page");
    workbook.run(&["read", "00"]).is(
        0,
        &[
            "00 First\n════════\n",
            "The glossary [1] says",
            "Step 1: One",
            "as in step 1 [2].",
            "Nothing to see.",
            "[1] cargo workbook read glossary",
            "[2] cargo workbook read 00 s1",
        ],
    );
    workbook
        .run(&["read", "0", "look"])
        .is(0, &["Nothing to see."]);
    workbook
        .run(&["read", "glossary"])
        .is(0, &["A number counts."]);
}

#[test]
fn what_the_book_does_not_have_is_named_with_what_it_has() {
    let workbook = Workbook::new("read-wrong");
    workbook
        .run(&["read", "0", "s7"])
        .is(2, &["no step or test \"s7\"", "1  One", "2  Two"]);
    workbook
        .run(&["read", "0", "luck"])
        .is(2, &["no section \"luck\"", "look", "Look"]);
    workbook
        .run(&["read", "../../LICENSE"])
        .is(2, &["no chapter", "00  First", "Other pages: glossary."]);
}
