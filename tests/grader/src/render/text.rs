//! Text that somebody else wrote, made harmless to look at.

/// Lines of printable text. Terminal sequences go. Other control characters become their pictures
/// (`␇`), and marks that turn the direction of writing become `�`: a reader could be shown another
/// order than the one that is there. Tabs and line ends stay; a carriage return before a line end goes.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\t' => plain.push(c),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\u{1b}' => skip_sequence(&mut rest),
            '\u{9b}' => skip_control_sequence(&mut rest),
            '\0'..='\u{1f}' => plain.push(picture(c)),
            '\u{7f}' => plain.push('␡'),
            c if c.is_control() || is_invisible(c) => plain.push('\u{fffd}'),
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

/// Marks of direction and isolates, and what XML 1.0 cannot hold.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{fffe}' | '\u{ffff}')
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
