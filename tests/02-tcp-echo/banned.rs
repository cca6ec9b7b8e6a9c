//! Looks for standard helpers in a step that is about doing without them.

/// The helpers of [`find`], for people.
pub const NAMES: &str = "write_all, write!, read_exact, read_to_end, read_to_string, bytes(), io::copy, BufReader, BufWriter";

/// The first helper that `source`, Rust code, uses: its line, counted from 1, and its name.
/// Comments, strings and characters do not count, nor do longer names such as `copy_from_slice`.
pub fn find(source: &str) -> Option<(usize, String)> {
    let tokens = tokens(&code_only(source));
    tokens.iter().enumerate().find_map(|(at, (line, token))| {
        let before = at.checked_sub(1).map_or("", |at| &tokens[at].1);
        let after = tokens.get(at + 1).map_or("", |(_, token)| token);
        let found = match token.as_str() {
            "write_all" | "write_fmt" | "read_exact" | "read_to_end" | "read_to_string"
            | "BufReader" | "BufWriter" => true,
            "write" | "writeln" => after == "!",
            "bytes" => before == "." && after == "(",
            // A variable of this name is nobody's business.
            "copy" => before != "." && matches!(after, "(" | ":"),
            _ => false,
        };
        found.then(|| (*line, token.clone()))
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
