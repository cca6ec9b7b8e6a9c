//! Text that somebody else wrote, made harmless to look at.

/// Lines of printable text. Terminal sequences go. Other control characters become their pictures
/// (`␇`). What nobody can see becomes `�`: a mark that turns the direction of writing shows a reader
/// another order than the one that is there, and a word may be hidden in tags. Every space is a plain one.
/// Tabs and line ends stay; a carriage return before a line end goes.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            // Most of all text: whether it can be seen needs no table.
            '\n' | '\t' | ' '..='~' => plain.push(c),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\u{1b}' => skip_sequence(&mut rest),
            '\u{9b}' => skip_control_sequence(&mut rest),
            '\0'..='\u{1f}' => plain.push(picture(c)),
            '\u{7f}' => plain.push('␡'),
            c if is_invisible(c) => plain.push('\u{fffd}'),
            c if c.is_whitespace() => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

/// The same in one line.
pub fn line(text: &str) -> String {
    let plain = plain(text);
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ")
}

/// JSON in which what nobody can see is escaped: the same value, and all of it in sight.
pub fn visible_json(json: &str) -> String {
    let mut visible = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' | ' '..='~' => visible.push(c),
            c if is_invisible(c) || c.is_whitespace() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    visible.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => visible.push(c),
        }
    }
    visible
}

/// The first `limit` characters, the last of them `…` when some are left out.
pub fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut head: String = text.chars().take(limit.saturating_sub(1)).collect();
    head.push('…');
    head
}

/// The beginning and the end, of `limit` bytes in all at most, where the text is longer. The end says
/// what was expected and why; the beginning says what happened first.
pub fn middle_out(text: &str, limit: usize) -> String {
    const GAP: &str = "\n[… left out …]\n";
    if text.len() <= limit {
        return text.to_owned();
    }
    let room = limit.saturating_sub(GAP.len());
    let head = &text[..text.floor_char_boundary_at(room / 2)];
    let tail = &text[text.ceil_char_boundary_at(text.len() - room / 2)..];
    if room == 0 {
        return String::new();
    }
    format!("{head}{GAP}{tail}")
}

/// `str::floor_char_boundary` and its sister came after the oldest Rust that we promise.
trait Boundary {
    fn floor_char_boundary_at(&self, at: usize) -> usize;
    fn ceil_char_boundary_at(&self, at: usize) -> usize;
}

impl Boundary for str {
    fn floor_char_boundary_at(&self, at: usize) -> usize {
        let mut down = (0..=at.min(self.len())).rev();
        down.find(|&at| self.is_char_boundary(at)).unwrap_or(0)
    }

    fn ceil_char_boundary_at(&self, at: usize) -> usize {
        let mut up = at.min(self.len())..=self.len();
        up.find(|&at| self.is_char_boundary(at))
            .unwrap_or(self.len())
    }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// What follows an escape character: `[…` a control sequence, `]…` one for the system, else two
/// characters (ECMA-48).
fn skip_sequence(rest: &mut Chars) {
    match rest.peek() {
        Some('[') => {
            rest.next();
            skip_control_sequence(rest);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            // Up to BEL or ESC \. One without an end hides nothing after its line.
            while let Some(&c) = rest.peek() {
                match c {
                    '\n' => return,
                    '\u{7}' => {
                        rest.next();
                        return;
                    }
                    '\u{1b}' => {
                        rest.next();
                        if rest.peek() == Some(&'\\') {
                            rest.next();
                        }
                        return;
                    }
                    _ => {
                        rest.next();
                    }
                }
            }
        }
        Some(' '..='~') => {
            rest.next();
        }
        _ => {}
    }
}

/// Parameters, then one final character.
fn skip_control_sequence(rest: &mut Chars) {
    while rest.next_if(|c| matches!(c, ' '..='?')).is_some() {}
    rest.next_if(|c| matches!(c, '@'..='~'));
}

/// `␀` for NUL and so on.
fn picture(control: char) -> char {
    char::from_u32(0x2400 + u32::from(control)).unwrap_or('\u{fffd}')
}

/// Controls, marks of direction, joiners, tags, variation selectors, fillers, and what no character is.
fn is_invisible(c: char) -> bool {
    /// Unicode's `Default_Ignorable_Code_Point`, where it is a letter or an accent by its category.
    const IGNORED: [std::ops::RangeInclusive<char>; 8] = [
        '\u{34f}'..='\u{34f}',
        '\u{115f}'..='\u{1160}',
        '\u{17b4}'..='\u{17b5}',
        '\u{180b}'..='\u{180f}',
        '\u{3164}'..='\u{3164}',
        '\u{fe00}'..='\u{fe0f}',
        '\u{ffa0}'..='\u{ffa0}',
        '\u{e0000}'..='\u{e0fff}',
    ];
    // The standard library knows which characters are printable, but tells it for text only, where an accent
    // may follow a letter.
    let is_printable = || format!("x{c}").escape_debug().eq(['x', c]);
    let is_plain = c.is_ascii() || c.is_whitespace();
    c.is_control()
        || IGNORED.iter().any(|range| range.contains(&c))
        || (!is_plain && !is_printable())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_sequences_go_and_other_controls_are_shown() {
        assert_eq!(plain("a\u{1b}[31;1mred\u{1b}[0m b"), "ared b");
        assert_eq!(plain("\u{1b}]0;title\u{7}x"), "x");
        assert_eq!(plain("\u{1b}]8;;http://a\u{1b}\\link"), "link");
        assert_eq!(plain("\u{1b}]without an end\nnext"), "\nnext");
        assert_eq!(plain("\u{1b}Mx\u{1b}"), "x");
        assert_eq!(plain("a\0b\u{8}c\rd\u{7f}"), "a␀b␈c␍d␡");
        assert_eq!(plain("one\r\ntwo\tthree"), "one\ntwo\tthree");
        assert_eq!(
            plain("\u{202e}abc\u{9c}\u{feff}"),
            "\u{fffd}abc\u{fffd}\u{fffd}"
        );
        assert_eq!(line("one\n  two\u{1b}[K\n"), "one two");
    }

    #[test]
    fn nothing_is_hidden_and_every_script_is_shown() {
        let invisible = "\u{ad}\u{34f}\u{61c}\u{115f}\u{180e}\u{200b}\u{200d}\u{2060}\u{2066}\u{3164}\u{fe0f}\u{fff9}\
                         \u{1d173}\u{e0001}\u{e0041}\u{e0100}\u{e000}\u{ffff}\u{10ffff}";
        for c in invisible.chars() {
            assert_eq!(plain(&format!("a{c}b")), "a\u{fffd}b", "{c:?}");
            let json = serde_json::to_string(&format!("a{c}b")).unwrap();
            let visible = visible_json(&json);
            assert!(visible.is_ascii(), "{visible}");
            assert_eq!(
                serde_json::from_str::<String>(&visible).unwrap(),
                format!("a{c}b")
            );
        }
        assert_eq!(plain("a\u{a0}b\u{2003}c\u{2028}d"), "a b c d");
        for text in [
            "e\u{301} größer",
            "日本語 한국어",
            "עברית العربية हिन्दी",
            "→ … 😀 '\"\\",
        ] {
            assert_eq!(plain(text), text);
            assert_eq!(visible_json(text), text);
        }
    }

    #[test]
    fn cuts_keep_whole_characters() {
        assert_eq!(cut("→→→", 3), "→→→");
        assert_eq!(cut("→→→→", 3), "→→…");
        let long = "→".repeat(1000);
        for limit in 0..60 {
            let short = middle_out(&long, limit);
            assert!(short.len() <= limit, "{limit}: {} bytes", short.len());
        }
        assert!(middle_out(&long, 200).contains("left out"));
        assert_eq!(middle_out("short", 200), "short");
    }
}
