//! A table in the columns that there are: side by side, with wrapped cells, or one below the other.

use crate::ui::{columns, strong, wrap};

/// Between two columns.
const GAP: usize = 2;

/// The lines of a table. The first row is the head.
pub fn lines(rows: &[Vec<String>], room: usize) -> Vec<String> {
    let Some((head, body)) = rows.split_first() else {
        return Vec::new();
    };
    let Some(widths) = widths(rows, room) else {
        return listed(head, body, room);
    };
    let bold: Vec<String> = head.iter().map(strong).collect();
    let mut lines = Vec::new();
    if head.iter().any(|cell| !cell.is_empty()) {
        lines.extend(row(&bold, &widths));
        let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        lines.push(rule.join(&" ".repeat(GAP)));
    }
    lines.extend(body.iter().flat_map(|cells| row(cells, &widths)));
    lines
}

/// How wide each column is; nothing when a word would not fit.
fn widths(rows: &[Vec<String>], room: usize) -> Option<Vec<usize>> {
    let count = rows.iter().map(Vec::len).max()?;
    let widest = |of: &dyn Fn(&str) -> usize| -> Vec<usize> {
        let column = |n: usize| rows.iter().filter_map(move |row| row.get(n));
        (0..count)
            .map(|n| column(n).map(|cell| of(cell)).max().unwrap_or(0))
            .collect()
    };
    let natural = |cell: &str| cell.lines().map(columns).max().unwrap_or(0);
    let mut widths = widest(&natural);
    // Narrower than this, a column of prose is hard to read.
    let least: Vec<usize> = widest(&|cell| {
        let word = cell.split_whitespace().map(columns).max().unwrap_or(0);
        word.max(natural(cell).min(14))
    });
    let room = room.checked_sub(GAP * (count - 1))?;
    while widths.iter().sum::<usize>() > room {
        let (widest, _) = widths
            .iter()
            .enumerate()
            .filter(|(n, width)| **width > least[*n])
            .max_by_key(|(_, width)| **width)?;
        widths[widest] -= 1;
    }
    Some(widths)
}

fn row(cells: &[String], widths: &[usize]) -> Vec<String> {
    let wrapped: Vec<Vec<String>> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| wrap(cell, *width))
        .collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    let line = |n: usize| {
        let mut line = String::new();
        for (cell, width) in wrapped.iter().zip(widths) {
            let text = cell.get(n).map_or("", String::as_str);
            line.push_str(text);
            line.push_str(&" ".repeat(width.saturating_sub(columns(text)) + GAP));
        }
        line.trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

/// Each row as a paragraph of its own, each cell with its column's name.
fn listed(head: &[String], body: &[Vec<String>], room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for cells in body {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        for (n, cell) in cells.iter().enumerate() {
            let (indent, text) = match (n, head.get(n).filter(|name| !name.is_empty())) {
                (0, _) => ("", cell.clone()),
                (_, Some(name)) => ("  ", format!("{name}: {cell}")),
                (_, None) => ("  ", cell.clone()),
            };
            let room = room.saturating_sub(indent.len());
            lines.extend(
                wrap(&text, room)
                    .iter()
                    .map(|line| format!("{indent}{line}")),
            );
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Vec<Vec<String>> {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        vec![
            row(["call", "meaning"]),
            row(["bind", "gives the socket an address of its own, once"]),
        ]
    }

    fn plain(room: usize) -> Vec<String> {
        let lines = lines(&table(), room);
        let strip = |line: &String| anstream::adapter::strip_str(line).to_string();
        lines.iter().map(strip).collect()
    }

    #[test]
    fn a_table_is_as_wide_as_it_needs_to_be() {
        let expected = [
            "call  meaning",
            "────  ────────────────────────────────────────────",
            "bind  gives the socket an address of its own, once",
        ];
        assert_eq!(plain(80), expected);
    }

    #[test]
    fn cells_are_wrapped_where_the_room_is_short() {
        let expected = [
            "call  meaning",
            "────  ────────────────────────",
            "bind  gives the socket an",
            "      address of its own, once",
        ];
        assert_eq!(plain(30), expected);
    }

    #[test]
    fn rows_become_paragraphs_where_there_is_no_room() {
        let expected = [
            "bind",
            "  meaning: gives",
            "  the socket an",
            "  address of its",
            "  own, once",
        ];
        assert_eq!(plain(18), expected);
    }
}
