//! Finds the tests of a source file by reading it, in the order in which they stand.
//!
//! A full parser would cost more to build than the rest of this tool. What it has to know is small:
//! `#[test]`, perhaps more attributes, then `fn name`; and that comments and strings do not count.

/// A test function as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    /// Line of the `fn`, counted from 1.
    pub line: usize,
}

/// The functions marked `#[test]`.
pub fn tests(source: &str) -> Vec<Found> {
    let code = without_comments_and_strings(source);
    let mut found = Vec::new();
    let mut rest = 0;
    while let Some(at) = code[rest..].find("#[test]") {
        let after = rest + at + "#[test]".len();
        rest = after;
        if let Some((start, name)) = function_after(&code, after) {
            let line = code[..start].matches('\n').count() + 1;
            found.push(Found {
                name: name.to_owned(),
                line,
            });
        }
    }
    found
}

/// The function that the attributes ending at `at` belong to: where its `fn` stands, and its name.
fn function_after(code: &str, mut at: usize) -> Option<(usize, &str)> {
    loop {
        let skipped = code[at..].len() - code[at..].trim_start().len();
        at += skipped;
        if code[at..].starts_with("#[") {
            at += code[at..].find(']')? + 1;
        } else {
            break;
        }
    }
    let head_end = at + code[at..].find(['(', '<', '{', ';'])?;
    let mut words = code[at..head_end].split_whitespace();
    words.find(|&word| word == "fn")?;
    words.next().map(|name| (at, name))
}

/// The same text with comments and the insides of strings blanked out, byte for byte and line for
/// line, so that positions still hold.
pub fn without_comments_and_strings(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => block_comment_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' if !follows_a_name(bytes, at) => match raw_string_end(bytes, at) {
                Some(end) => end,
                None => {
                    at += 1;
                    continue;
                }
            },
            b'\'' => char_end(bytes, at),
            _ => {
                at += 1;
                continue;
            }
        };
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(code).expect("whole comments and strings are replaced by ASCII")
}

fn follows_a_name(bytes: &[u8], at: usize) -> bool {
    // `br"…"` is a raw string too: only its `r` may follow a letter.
    let before = |n: usize| at.checked_sub(n).map(|i| bytes[i]);
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    match before(1) {
        Some(b'b' | b'c') => before(2).is_some_and(is_name),
        Some(byte) => is_name(byte),
        None => false,
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    find(bytes, at, b"\n").unwrap_or(bytes.len())
}

fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0;
    let mut at = at;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `r"…"` or `r#"…"#`; `None` when the `r` begins something else, such as `r#type`.
fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at + 1..].iter().take_while(|&&b| b == b'#').count();
    let quote = at + 1 + hashes;
    if bytes.get(quote) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    Some(find(bytes, quote + 1, &close).map_or(bytes.len(), |end| end + close.len()))
}

/// A character literal; a lifetime such as `'a` is only its quote.
fn char_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at + 1) {
        Some(b'\\') => find(bytes, at + 3, b"'").map_or(bytes.len(), |end| end + 1),
        Some(&first) => {
            // The literal holds one character, which is one to four bytes of UTF-8.
            let width = match first {
                0..0x80 => 1,
                0x80..0xe0 => 2,
                0xe0..0xf0 => 3,
                _ => 4,
            };
            if bytes.get(at + 1 + width) == Some(&b'\'') {
                at + width + 2
            } else {
                at + 1
            }
        }
        None => at + 1,
    }
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let tail = bytes.get(from..)?;
    tail.windows(what.len())
        .position(|window| window == what)
        .map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<String> {
        tests(source).into_iter().map(|test| test.name).collect()
    }

    #[test]
    fn tests_come_in_source_order_with_their_lines() {
        let source = "use x::y;\n\n#[test]\nfn s1_b() {\n}\n\n#[test]\nfn s1_a() {}\n";
        let found = tests(source);
        assert_eq!(
            found[0],
            Found {
                name: "s1_b".into(),
                line: 4
            }
        );
        assert_eq!(
            found[1],
            Found {
                name: "s1_a".into(),
                line: 8
            }
        );
    }

    #[test]
    fn helpers_are_no_tests() {
        assert_eq!(
            names("fn helper() {}\n#[test] fn s1_a() {}\nfn other() {}"),
            ["s1_a"]
        );
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
        let source = r####"
// #[test] fn s1_no() {}
/* #[test] /* nested */ fn s1_no() {} */
const A: &str = "#[test] fn s1_no() {} \" #[test] fn s1_no() {}";
const B: &str = r#"a " #[test] fn s1_no() {}"#;
const C: &[u8] = br"\";
const D: char = '"';
const E: u8 = b'\'';
fn life<'a>(x: &'a str) -> &'a str { x }
let r#type = 'é';
#[test]
fn s1_yes() {}
"####;
        assert_eq!(names(source), ["s1_yes"]);
    }

    #[test]
    fn broken_source_ends() {
        for source in [
            "\"",
            "/*",
            "'",
            "'\\",
            "r#\"",
            "#[test]",
            "#[test] #[",
            "#[test] fn",
            "é'é",
        ] {
            tests(source);
        }
    }
}
