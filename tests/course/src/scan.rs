//! Finds the tests of a source file by reading it, in the order in which they stand.

use proc_macro2::{Delimiter, LexError, TokenStream, TokenTree};

/// A test function as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    /// Line of its name, counted from 1.
    pub line: usize,
}

/// The functions of a file that are marked `#[test]`: perhaps more attributes, perhaps `pub`, then
/// `fn name`. Those in inner modules are not among them.
pub fn tests(source: &str) -> Result<Vec<Found>, LexError> {
    let mut found = Vec::new();
    // What stands at the beginning of an item, up to what tells it from others.
    let mut is_test = false;
    let mut tokens = source.parse::<TokenStream>()?.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                is_test |= group.stream().to_string() == "test";
            }
            TokenTree::Ident(word) if word == "fn" => {
                if let (true, Some(TokenTree::Ident(name))) = (is_test, tokens.next()) {
                    found.push(Found {
                        line: name.span().start().line,
                        name: name.to_string(),
                    });
                }
                is_test = false;
            }
            // An item ends with its body or with a semicolon.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => is_test = false,
            TokenTree::Punct(mark) if mark.as_char() == ';' => is_test = false,
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<String> {
        let found = tests(source).expect("tokens");
        found.into_iter().map(|test| test.name).collect()
    }

    #[test]
    fn tests_come_in_source_order_with_their_lines() {
        let source = "use x::y;\n\n#[test]\nfn s1_b() {\n}\n\n#[test]\nfn s1_a() {}\n";
        let found = |name: &str, line| Found {
            name: name.into(),
            line,
        };
        let expected = vec![found("s1_b", 4), found("s1_a", 8)];
        assert_eq!(tests(source).expect("tokens"), expected);
    }

    #[test]
    fn helpers_are_no_tests() {
        let source = "fn helper() {}\n#[test] fn s1_a() {}\nfn other() {}";
        assert_eq!(names(source), ["s1_a"]);
        assert_eq!(names("#[test] const X: u8 = 1; fn other() {}"), [""; 0]);
        assert_eq!(names("mod m { #[test] fn s1_a() {} }"), [""; 0]);
    }

    #[test]
    fn attributes_and_comments_may_stand_between() {
        let source =
            "#[test]\n#[cfg(target_os = \"linux\")] // why]\n/* and */ #[ignore]\nfn s1_a() {}";
        assert_eq!(names(source), ["s1_a"]);
        assert_eq!(names("#[cfg(unix)]\n#[test]\npub fn s1_a() {}"), ["s1_a"]);
    }

    #[test]
    fn comments_and_strings_hold_no_tests() {
        let source = r##"
// #[test] fn s1_no() {}
/* #[test] /* nested */ fn s1_no() {} */
const A: &str = "#[test] fn s1_no() {} \" #[test] fn s1_no() {}";
const B: &str = r#"a " #[test] fn s1_no() {}"#;
#[test]
fn s1_yes() {}
"##;
        assert_eq!(names(source), ["s1_yes"]);
    }

    #[test]
    fn broken_source_is_an_error_with_its_line() {
        for source in ["\n\"", "\nfn x() {", "\n#[test] #["] {
            tests(source).expect_err(source);
        }
        for source in ["#[test]", "#[test] fn", "#[test] fn 5"] {
            assert_eq!(names(source), [""; 0]);
        }
    }
}
