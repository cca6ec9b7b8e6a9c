//! A page has two readings: the course's, and that of a student's copy, which has no solutions, no
//! races and no authors' files.
//!
//! The course's reading is the page as it stands: the marks are HTML comments, which no reader sees.
//!
//! - A line with `<!-- course -->` in it is left out of the copy.
//! - Where that is all of the line, so is everything up to a line `<!-- end -->`.
//! - What stands between a line `<!-- copy` and a line `-->` is in the copy alone.

use course::problem::{Problem, Result};

const COURSE: &str = "<!-- course -->";
const END: &str = "<!-- end -->";
const COPY: &str = "<!-- copy";
const COPY_END: &str = "-->";

/// The page as a copy has it. `path` is for a complaint.
pub fn of_copy(path: &str, page: &str) -> Result<String> {
    let mut text = String::with_capacity(page.len());
    // The mark that ends the block that we are in, and the line of its beginning.
    let mut block: Option<(&str, usize)> = None;
    for (index, line) in page.lines().enumerate() {
        let words = line.trim();
        match (block, words) {
            (Some((end, _)), _) if words == end => block = None,
            (Some((END, _)), _) => {}
            (None, COURSE) => block = Some((END, index + 1)),
            (None, COPY) => block = Some((COPY_END, index + 1)),
            (None, _) if line.contains(COURSE) => {}
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    match block {
        None => Ok(without_gaps(&text)),
        Some((end, line)) => Err(Problem::new(format!(
            "{path}:{line}: no line `{end}` ends what begins here. Nothing was written."
        ))),
    }
}

/// Where a block has gone between two empty lines, one of them is enough.
fn without_gaps(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.lines() {
        if !(line.is_empty() && kept.ends_with("\n\n")) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_or_a_line_of_the_courses_is_left_out() {
        let page =
            "a\n\n<!-- course -->\n\nb\n\n<!-- end -->\n\n| c |\n| d <!-- course --> |\n| e |\n";
        assert_eq!(of_copy("x.md", page).expect("marks"), "a\n\n| c |\n| e |\n");
    }

    #[test]
    fn what_is_for_the_copy_is_put_in() {
        let page = "a\n<!-- copy\nb\n-->\nc\n";
        assert_eq!(of_copy("x.md", page).expect("marks"), "a\nb\nc\n");
    }

    #[test]
    fn a_block_without_an_end_is_refused_with_its_line() {
        for page in ["a\n<!-- course -->\nb\n", "a\n<!-- copy\nb\n"] {
            let said = of_copy("x.md", page).expect_err("no end").to_string();
            assert!(said.contains("x.md:2:"), "{said}");
        }
    }
}
