//! Refuses the keyword `unsafe` in a student's file.
//!
//! The compiler's lint on unsafe code does not see all of it: a function with `#[unsafe(naked)]` is
//! machine code that safe code may call. So no file may have the keyword, wherever it stands, also in
//! an attribute or a macro. In a comment or a string it is a word like others.
//!
//! The compiler passes over a first line such as `#!/bin/sh`. A quote in it would make all that follows a
//! string here, and code there. So no file may have such a line either.

use proc_macro2::{LineColumn, TokenStream, TokenTree};

use super::collect::Sources;

const KEYWORD: &str = "unsafe";

/// What may not be there, and why.
type Rule = (&'static str, &'static str);

const NO_KEYWORD: Rule = (
    "`unsafe` is not allowed in a submission",
    "unsafe code could speak for the tests; no exercise needs it. In comments and strings the word may stand.",
);

const NO_FIRST_LINE: Rule = (
    "`#!` is not allowed at the beginning of a file, unless a `[` follows",
    "the compiler passes over such a line, which is for programs that are started. No exercise needs it.",
);

/// What is wrong with a chapter's files, in the form of rustc's errors; nothing when all of them keep the
/// rules. `folder` is the chapter's, `chapters/02-tcp-echo`.
pub fn error(folder: &str, sources: &Sources) -> Option<String> {
    let found = sources
        .iter()
        .find_map(|(name, text)| Some((name, broken(text)?)));
    let (name, ((what, why), place)) = found?;
    let source = sources[name].lines().nth(place.line - 1);
    let margin = " ".repeat(place.line.to_string().len());
    Some(format!(
        "error: {what}\n\
         {margin}--> {folder}/src/{name}:{}:{}\n\
         {margin} |\n\
         {} | {}\n\
         {margin} |\n\
         {margin} = why: {why}",
        place.line,
        place.column,
        place.line,
        source.unwrap_or_default().trim_end(),
    ))
}

/// Counted from 1.
struct Place {
    line: usize,
    column: usize,
}

/// The rule that a file breaks, and where first.
fn broken(text: &str) -> Option<(Rule, Place)> {
    const BYTE_ORDER_MARK: char = '\u{feff}';
    let begin = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    if begin.starts_with("#!") && !begin.starts_with("#![") {
        return Some((NO_FIRST_LINE, Place { line: 1, column: 1 }));
    }
    Some((NO_KEYWORD, place(text)?))
}

fn place(text: &str) -> Option<Place> {
    if !text.contains(KEYWORD) {
        return None;
    }
    match text.parse::<TokenStream>() {
        Ok(tokens) => first(tokens).map(|at| Place {
            line: at.line,
            column: at.column + 1,
        }),
        // What cannot be read in words does not compile either, or is no part of the crate.
        Err(_) => first_word(text),
    }
}

/// Without recursion: a file may have half a million brackets in each other.
fn first(tokens: TokenStream) -> Option<LineColumn> {
    let mut open = vec![tokens.into_iter()];
    while let Some(tokens) = open.last_mut() {
        match tokens.next() {
            Some(TokenTree::Ident(word)) if word == KEYWORD => return Some(word.span().start()),
            Some(TokenTree::Group(group)) => open.push(group.stream().into_iter()),
            Some(_) => {}
            None => {
                open.pop();
            }
        }
    }
    None
}

fn first_word(text: &str) -> Option<Place> {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    text.lines().enumerate().find_map(|(line, words)| {
        let at = words.match_indices(KEYWORD).map(|(at, _)| at).find(|&at| {
            let (before, after) = (&words[..at], &words[at + KEYWORD.len()..]);
            !before.ends_with(is_of_word) && !after.starts_with(is_of_word)
        })?;
        Some(Place {
            line: line + 1,
            column: at + 1,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> Option<String> {
        let sources = Sources::from([("a.rs".to_owned(), text.to_owned())]);
        error("chapters/00-x", &sources)
    }

    #[test]
    fn the_keyword_is_found_wherever_it_stands() {
        for text in [
            "#[unsafe(naked)] extern \"C\" fn f() {}",
            "#[unsafe(no_mangle)] pub fn f() {}",
            "fn f() { { [unsafe {}] } }",
            "macro_rules! m { ($k:tt) => { $k {} } } m!(unsafe);",
            "#![cfg_attr(all(), unsafe(no_mangle))]",
            "/* a comment */ unsafe /* another */ {}",
            // A file that is no Rust is looked at as text.
            "' \" unsafe {",
        ] {
            assert!(error_of(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_line_that_the_compiler_passes_over_hides_nothing() {
        let hidden = "\"\n#[unsafe(naked)] extern fn f() {}\n//\"";
        for begin in ["#!/x", "\u{feff}#!/x", "#! x", "#!"] {
            let said = error_of(&format!("{begin}{hidden}")).expect("it is refused");
            assert!(said.contains("chapters/00-x/src/a.rs:1:1\n"), "{said}");
        }
        assert_eq!(error_of("#![allow(dead_code)]\nfn f() {}"), None);
        assert_eq!(error_of("\u{feff}#![allow(dead_code)]"), None);
        assert_eq!(error_of("// #!/bin/sh \"\n"), None);
    }

    #[test]
    fn the_word_is_none_in_comments_strings_and_longer_names() {
        for text in [
            "// unsafe\n/* unsafe */ /// unsafe\nfn f() {}",
            "//! unsafe\nfn f() -> &'static str { \"unsafe\" }",
            "fn f() { r#\"unsafe\"#; b\"unsafe\"; c\"unsafe\"; 'u'; }",
            "#![forbid(unsafe_code)] fn is_unsafe() {}",
        ] {
            assert_eq!(error_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_deep_file_is_read_to_its_end() {
        let depth = 400_000;
        let text = format!("{}unsafe{}", "(".repeat(depth), ")".repeat(depth));
        assert!(error_of(&text).is_some());
        let text = format!("{}unsafe_code{}", "{".repeat(depth), "}".repeat(depth));
        assert_eq!(error_of(&text), None);
    }

    #[test]
    fn the_error_names_file_line_and_column() {
        let said = error_of("fn f() {}\n  #[unsafe(naked)]\nfn g() {}\n").unwrap();
        assert!(said.contains("chapters/00-x/src/a.rs:2:5\n"), "{said}");
        assert!(said.contains("\n2 |   #[unsafe(naked)]\n"), "{said}");
    }
}
