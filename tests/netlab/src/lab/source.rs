//! Looks for names in the student's source, in a step that is about doing without them.
//!
//! This is a small scanner of our own. The crate `proc-macro2` would scan as well, and would cost every
//! student two crates and half a second of build.

use super::Lab;

impl Lab {
    /// Demands that `source`, the student's file `name`, uses none of these. Each is a piece of Rust as
    /// one would write it: `write_all`, `write!`, `.bytes(`, `::copy`. Comments, strings and characters do
    /// not count, nor do longer names such as `my_write_all`.
    pub fn does_without(&self, banned: &[&str], name: &str, source: &str) {
        if let Some((line, found)) = find(banned, source) {
            self.fails(
                format!("none of these in {name}:\n{}", banned.join(" ")),
                format!("{found} in line {line}"),
            );
        }
    }
}

/// The first of these pieces in `source`: its line, counted from 1, and the piece.
fn find<'a>(banned: &[&'a str], source: &str) -> Option<(usize, &'a str)> {
    let pieces: Vec<_> = banned.iter().map(|piece| (piece, tokens(piece))).collect();
    let tokens = tokens(&code_only(source));
    (0..tokens.len()).find_map(|at| {
        let rest = &tokens[at..];
        let (piece, _) = pieces.iter().find(|(_, piece)| {
            let same = piece.iter().zip(rest).all(|((_, a), (_, b))| a == b);
            same && piece.len() <= rest.len()
        })?;
        Some((tokens[at].0, **piece))
    })
}

/// Words and single other characters, each with its line.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut tokens: Vec<(usize, String)> = Vec::new();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for (line, text) in code.lines().enumerate() {
        let mut in_word = false;
        for c in text.chars() {
            if in_word && is_word(c) {
                tokens.last_mut().expect("a word has begun").1.push(c);
            } else if !c.is_whitespace() {
                tokens.push((line + 1, c.to_string()));
            }
            in_word = is_word(c);
        }
    }
    tokens
}

/// `source` with every comment and literal blanked. Lines stay where they are.
fn code_only(source: &str) -> String {
    let source: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < source.len() {
        let end = end_of_text(&source, at);
        if end == at {
            code.push(source[at]);
            at += 1;
        } else {
            let blanked = source[at..end].iter();
            code.extend(blanked.map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// Where the comment or literal that begins at `at` ends; `at` itself if none begins there.
fn end_of_text(source: &[char], at: usize) -> usize {
    let starts = |from: usize, text: &str| {
        source[from.min(source.len())..]
            .iter()
            .copied()
            .take(text.chars().count())
            .eq(text.chars())
    };
    let find = |from: usize, text: &str| (from..source.len()).find(|&i| starts(i, text));
    let in_word = at > 0 && (source[at - 1].is_alphanumeric() || source[at - 1] == '_');
    match source[at] {
        '/' if starts(at, "//") => find(at, "\n").unwrap_or(source.len()),
        '/' if starts(at, "/*") => {
            let mut depth = 0;
            let mut i = at;
            while i < source.len() {
                if starts(i, "/*") {
                    depth += 1;
                    i += 2;
                } else if starts(i, "*/") {
                    depth -= 1;
                    i += 2;
                    if depth == 0 {
                        return i;
                    }
                } else {
                    i += 1;
                }
            }
            source.len()
        }
        // A raw string: r"…", r#"…"#, also with b or c before the r.
        'r' if !in_word || matches!(source[at - 1], 'b' | 'c') => {
            let hashes = source[at + 1..].iter().take_while(|&&c| c == '#').count();
            if source.get(at + 1 + hashes) != Some(&'"') {
                return at;
            }
            let close = format!("\"{}", "#".repeat(hashes));
            find(at + 2 + hashes, &close).map_or(source.len(), |i| i + close.len())
        }
        '"' => {
            let mut i = at + 1;
            while i < source.len() && source[i] != '"' {
                i += if source[i] == '\\' { 2 } else { 1 };
            }
            (i + 1).min(source.len())
        }
        // A character, '"' or '\''; what is left is a lifetime.
        '\'' if source.get(at + 1) == Some(&'\\') => {
            find(at + 3, "'").map_or(source.len(), |i| i + 1)
        }
        '\'' if source.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    const BANNED: [&str; 10] = [
        "write_all",
        "write!",
        "read_exact",
        "read_to_end",
        ".bytes(",
        "::bytes",
        "copy::",
        "::copy",
        "copy as",
        "BufReader",
    ];

    #[test]
    fn banned_pieces_are_found() {
        let cases = [
            (
                "use std::io::{self, copy as echo, Read};",
                Some((1, "copy as")),
            ),
            ("use std::io::copy as echo;", Some((1, "::copy"))),
            ("Read::bytes(r)", Some((1, "::bytes"))),
            ("w.write_all(b)?;", Some((1, "write_all"))),
            ("\n\nWrite::write_all(&mut w, b)", Some((3, "write_all"))),
            ("use std::io::BufReader;", Some((1, "BufReader"))),
            ("io::copy(&mut r, &mut w)", Some((1, "::copy"))),
            ("copy::<R, W>(r, w)", Some((1, "copy::"))),
            ("for b in r.bytes() {}", Some((1, ".bytes("))),
            ("write!(w, \"{text}\")", Some((1, "write!"))),
            (
                "/* a /* nested */ comment */ r.read_exact(b)",
                Some((1, "read_exact")),
            ),
            (
                "let quote = '\"'; r.read_to_end(b) // \"",
                Some((1, "read_to_end")),
            ),
            (
                "let s = r#\"a \" quote\"#; r.read_to_end(b)",
                Some((1, "read_to_end")),
            ),
            (
                "fn f<'a>(b: &'a [u8]) { w.write_all(b) }",
                Some((1, "write_all")),
            ),
            (
                "let c = '\\''; w.write_all(b); let d = '\\'';",
                Some((1, "write_all")),
            ),
        ];
        for (source, want) in cases {
            assert_eq!(find(&BANNED, source), want, "{source}");
        }
    }

    #[test]
    fn in_text_and_in_longer_names_they_are_not() {
        let cases = [
            "// like write_all",
            "/// `io::copy(r, w)` does it for you\nfn f() {}",
            "/* write_all /* read_exact */ BufReader */",
            "todo!(\"2.2 no write_all here, no \\\"BufReader\\\"\")",
            "let s = r##\"write_all \"# read_exact\"##;",
            "let s = br\"write_all\";",
            "buf.copy_from_slice(b); buf.copy_within(1.., 0);",
            "let copy = buf; let bytes = copy; f(bytes)",
            "w.write(buf)?; r.read(buf)?",
            "my_write_all(w)",
        ];
        for source in cases {
            assert_eq!(find(&BANNED, source), None, "{source}");
        }
    }
}
