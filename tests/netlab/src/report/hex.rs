//! Bytes for people.

/// All bytes, `12 34 56`.
pub fn all(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

/// Rows of 16 bytes, each with its offset before and its text behind it.
pub fn rows(bytes: &[u8]) -> String {
    let row = |(index, piece): (usize, &[u8])| {
        let text = piece.iter().map(|byte| match byte {
            0x20..0x7f => char::from(*byte),
            _ => '.',
        });
        format!(
            "{:04x}  {}  {}",
            index * 16,
            all(piece),
            text.collect::<String>()
        )
    };
    bytes
        .chunks(16)
        .enumerate()
        .map(row)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The first few bytes, as text when they are plain text: `"hello"`, `12 34 00 01 …`.
pub fn short(bytes: &[u8]) -> String {
    const TEXT: usize = 20;
    const HEX: usize = 8;
    if bytes.is_empty() {
        return String::new();
    }
    let shown = &bytes[..bytes.len().min(TEXT)];
    if shown.iter().all(|b| (0x20..0x7f).contains(b)) {
        let text = String::from_utf8_lossy(shown);
        let more = if bytes.len() > TEXT { "…" } else { "" };
        return format!("\"{text}{more}\"");
    }
    let shown = &bytes[..bytes.len().min(HEX)];
    let more = if bytes.len() > HEX { " …" } else { "" };
    format!("{}{more}", all(shown))
}

/// So many characters in a row are taken for text.
const WORD: usize = 4;

/// Text as text where there are at least `least` characters of it in a row: `00 00 00 05 "hello"`.
fn mixed(bytes: &[u8], least: usize) -> String {
    let runs = bytes.chunk_by(|one, next| is_plain(*one) == is_plain(*next));
    let shown = runs.map(|run| match is_plain(run[0]) && run.len() >= least {
        true => format!("{:?}", String::from_utf8_lossy(run)),
        false => all(run),
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// A character of a line of text, or a line's end.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\r' | b'\n')
}

/// `1 byte`, `5 bytes`.
pub fn count(n: usize) -> String {
    match n {
        1 => "1 byte".into(),
        n => format!("{n} bytes"),
    }
}

/// Two byte strings side by side, cut to the place where they first differ. Text in them is shown as text.
///
/// Gives the text for `expected`, the text for `got`, and a sentence about the difference.
pub(crate) fn difference(got: &[u8], want: &[u8]) -> (String, String, String) {
    let is_text = [got, want].concat().iter().all(|byte| is_plain(*byte));
    // What fits into a line of a report.
    let most = if is_text { 48 } else { 16 };
    let first = got
        .iter()
        .zip(want)
        .position(|(g, w)| g != w)
        .unwrap_or(got.len().min(want.len()));
    let start = first.saturating_sub(most / 2);
    let row = |bytes: &[u8]| -> String {
        let end = bytes.len().min(start + most);
        let piece = bytes.get(start..end).unwrap_or(&[]);
        if bytes.is_empty() {
            return "nothing".into();
        }
        let before = if start > 0 { "… " } else { "" };
        let after = if end < bytes.len() { " …" } else { "" };
        format!(
            "{before}{}{after}",
            mixed(piece, if is_text { 1 } else { WORD })
        )
    };
    let name = |byte: u8| match is_text {
        true => format!("{:?}", char::from(byte)),
        false => format!("{byte:02x}"),
    };
    let sentence = match (got.get(first), want.get(first)) {
        (Some(g), Some(w)) => format!("byte {first} is {}, not {}", name(*g), name(*w)),
        (None, _) => format!("it ends after {}, not {}", count(got.len()), want.len()),
        (_, None) => format!("it goes on after {}", count(want.len())),
    };
    let length = |bytes: &[u8]| {
        if got.len() == want.len() && bytes.len() <= most {
            String::new()
        } else {
            format!("   ({})", count(bytes.len()))
        }
    };
    (
        format!("{}{}", row(want), length(want)),
        format!("{}{}", row(got), length(got)),
        sentence,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_prefers_text_and_cuts() {
        assert_eq!(short(b"hello"), "\"hello\"");
        assert_eq!(short(&[0x12; 9]), "12 12 12 12 12 12 12 12 …");
        assert_eq!(short(&[b'x'; 5000]), format!("\"{}…\"", "x".repeat(20)));
        assert_eq!(short(&[]), "");
    }

    #[test]
    fn difference_names_the_first_byte() {
        let (want, got, sentence) = difference(&[0x34, 0x12], &[0x12, 0x34]);
        assert_eq!((want.as_str(), got.as_str()), ("12 34", "34 12"));
        assert_eq!(sentence, "byte 0 is 34, not 12");
    }

    #[test]
    fn difference_shows_the_place_in_a_long_string() {
        let want = vec![7; 1000];
        let mut got = want.clone();
        got[600] = 8;
        let (_, got, sentence) = difference(&got, &want);
        assert!(got.starts_with("… 07") && got.contains("08"), "{got}");
        assert_eq!(sentence, "byte 600 is 08, not 07");
    }

    #[test]
    fn difference_of_text_is_text() {
        let (want, got, sentence) = difference(b"bcd\n", b"def\n");
        assert_eq!((want.as_str(), got.as_str()), (r#""def\n""#, r#""bcd\n""#));
        assert_eq!(sentence, "byte 0 is 'b', not 'd'");
        assert_eq!(difference(b"a", b"").0, "nothing   (0 bytes)");
        assert_eq!(difference(b"a\0", b"a").1, "61 00   (2 bytes)");
    }

    #[test]
    fn text_between_other_bytes_is_text() {
        let (want, got, sentence) = difference(b"\x05\0hello", b"\0\x05hello");
        assert_eq!(
            (want.as_str(), got.as_str()),
            (r#"00 05 "hello""#, r#"05 00 "hello""#)
        );
        assert_eq!(sentence, "byte 0 is 05, not 00");
    }

    #[test]
    fn difference_in_length_only() {
        assert_eq!(difference(&[1], &[1, 2]).2, "it ends after 1 byte, not 2");
        assert_eq!(difference(&[1, 2], &[1]).2, "it goes on after 1 byte");
        assert_eq!(difference(&[], &[1]).1, "nothing   (0 bytes)");
    }
}
