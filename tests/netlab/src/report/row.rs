//! Rows of a ladder: lanes, and arrows between them.

/// A line of text that can be written into at any column.
pub struct Row(Vec<char>);

impl Row {
    pub fn new() -> Row {
        Row(Vec::new())
    }

    /// A lane at each column.
    pub fn lanes(columns: &[usize]) -> Row {
        let mut row = Row::new();
        for column in columns {
            row.put(*column, "│");
        }
        row
    }

    pub fn put(&mut self, column: usize, text: &str) {
        let chars: Vec<char> = text.chars().collect();
        if self.0.len() < column + chars.len() {
            self.0.resize(column + chars.len(), ' ');
        }
        self.0[column..column + chars.len()].copy_from_slice(&chars);
    }

    /// `├── 5 bytes ─────────▶│`, or the other way. A text that is too long is cut.
    pub fn arrow(&mut self, from: usize, to: usize, text: &str) {
        let (left, right) = (from.min(to), from.max(to));
        for column in left + 1..right {
            self.put(column, "─");
        }
        if from < to {
            self.put(right - 1, "▶");
            self.put(left, "├");
        } else {
            self.put(left + 1, "◀");
            self.put(right, "┤");
        }
        if text.is_empty() {
            return;
        }
        let room = right.saturating_sub(left + 6);
        let mut text: String = text.to_owned();
        if text.chars().count() > room {
            text = text
                .chars()
                .take(room.saturating_sub(1))
                .collect::<String>()
                + "…";
        }
        self.put(left + 3, &format!(" {text} "));
    }

    pub fn width(&self) -> usize {
        self.0.len()
    }

    pub fn text(&self) -> String {
        self.0.iter().collect()
    }
}
