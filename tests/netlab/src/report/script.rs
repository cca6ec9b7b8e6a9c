//! A script in a report: as it was written, with the line marked at which the test stands.

use super::text::WIDTH;

/// More rows than this are cut: those that lead to the mark tell the story.
const MOST: usize = 20;
/// So many of the first rows stay.
const HEAD: usize = 4;
/// So many stay behind the mark.
const BEHIND: usize = 2;

/// `marked` is behind the last row where something came after the script's end.
pub fn text(rows: &[String], marked: usize) -> String {
    let end = rows.len().min(marked + 1 + BEHIND);
    let mut shown: Vec<String> = (0..end)
        .map(|row| line(&rows[row], row == marked))
        .collect();
    if marked >= rows.len() {
        shown.push(line("(the end of the script)", true));
    } else if end < rows.len() {
        shown.push(line("…", false));
    }
    let hidden = shown.len().saturating_sub(MOST);
    if hidden > 0 {
        let gap = line(&format!("… {} more lines …", hidden + 1), false);
        shown.splice(HEAD..HEAD + hidden + 1, [gap]);
    }
    shown.concat()
}

fn line(row: &str, is_marked: bool) -> String {
    let mark = if is_marked { "✗ " } else { "  " };
    let mut line: String = mark.chars().chain(row.chars()).take(WIDTH).collect();
    line.truncate(line.trim_end().len());
    line + "\n"
}

#[cfg(test)]
mod tests {
    use super::text;

    fn rows(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("line {n}")).collect()
    }

    #[test]
    fn the_wrong_line_is_marked_and_what_follows_is_short() {
        assert_eq!(
            text(&rows(6), 1),
            "  line 0\n✗ line 1\n  line 2\n  line 3\n  …\n"
        );
        assert_eq!(text(&rows(2), 1), "  line 0\n✗ line 1\n");
        assert_eq!(text(&rows(1), 1), "  line 0\n✗ (the end of the script)\n");
    }

    #[test]
    fn of_a_long_script_the_middle_is_left_out() {
        let text = text(&rows(50), 40);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 20, "{text}");
        assert_eq!(
            lines[3..6],
            ["  line 3", "  … 25 more lines …", "  line 29"]
        );
        assert_eq!(lines[16], "✗ line 40");
    }
}
