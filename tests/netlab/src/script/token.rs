//! A script's line in pieces.

/// Words, quoted texts and calls with their arguments, and the comment behind them.
pub fn split(line: &str) -> (Vec<&str>, &str) {
    let (mut tokens, mut begin) = (Vec::new(), None);
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_usize);
    for (at, c) in line.char_indices() {
        let is_outside = !quoted && depth == 0;
        if is_outside && (c == '#' || c.is_whitespace()) {
            tokens.extend(begin.take().map(|begin| &line[begin..at]));
            if c == '#' {
                return (tokens, line[at + 1..].trim());
            }
            continue;
        }
        begin.get_or_insert(at);
        match c {
            '"' if !escaped => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
    }
    tokens.extend(begin.map(|begin| &line[begin..]));
    (tokens, "")
}

/// The bytes of `"hello\r\n"`; `None` where it is no quoted text.
pub fn quoted(token: &str) -> Option<Vec<u8>> {
    let inner = token.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => match chars.next()? {
                'r' => '\r',
                'n' => '\n',
                c @ ('\\' | '"') => c,
                _ => return None,
            },
            c => c,
        };
        bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
    }
    Some(bytes)
}

/// A number of TCP's sequence space, decimal or hexadecimal.
pub fn number(token: &str) -> Option<u32> {
    match token.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => token.parse().ok(),
    }
}
