//! The bytes of a packet as a picture: sixteen a row, coloured by what they are, with arrows from
//! pointers to what they point at.

use std::ops::Range;

use super::canvas::Picture;

/// A run of bytes with one meaning.
#[derive(Clone, Debug)]
pub struct Field {
    /// Offsets from the beginning of the packet.
    pub range: Range<usize>,
    /// A word or two; what does not fit above the field's first row of bytes is cut.
    pub label: String,
    pub kind: Kind,
}

/// What sort of thing a field is: its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers of fixed size.
    Number,
    /// Bits that say something each.
    Flags,
    /// Names and other text: their letters stand below the bytes.
    Name,
    /// Bytes that stand for other bytes elsewhere.
    Pointer,
    /// What the packet was sent for.
    Data,
}

const PER_ROW: usize = 16;
const CELL: usize = 42;
const LEFT: usize = 60;
const TOP: usize = 10;
/// From one row to the next.
const ROW: usize = 60;
/// The same where arrows need room between the rows.
const ROW_WITH_ARROWS: usize = 78;
/// From a row's top to its cells; the labels stand in between.
const LABEL: usize = 16;
const CELL_HEIGHT: usize = 34;
/// The width of one character of a label.
const LETTER: usize = 7;

impl Kind {
    /// Colours of middle lightness, laid on thinly: legible on white and on black.
    fn colour(self) -> &'static str {
        match self {
            Kind::Number => "#6b8fd6",
            Kind::Flags => "#b07cd0",
            Kind::Name => "#4fa86a",
            Kind::Pointer => "#e0842f",
            Kind::Data => "#d65a6e",
        }
    }
}

/// Draws a packet. Bytes outside of every field stay without colour. Each arrow leads from the byte
/// at one offset to the byte at another.
pub fn draw(title: &str, bytes: &[u8], fields: &[Field], arrows: &[(usize, usize)]) -> String {
    let row = if arrows.is_empty() {
        ROW
    } else {
        ROW_WITH_ARROWS
    };
    let grid = Grid { row };
    let rows = bytes.len().div_ceil(PER_ROW);
    let (width, height) = (LEFT + PER_ROW * CELL + 8, TOP + rows * row);
    let mut picture = Picture::new(width, height, title);
    for field in fields {
        draw_field(&mut picture, &grid, field);
    }
    for first in (0..bytes.len()).step_by(PER_ROW) {
        let (_, y) = grid.place(first);
        picture.text(4, y + 16, "start", 12, 0.6, &format!("{first:>4}"));
    }
    for (offset, byte) in bytes.iter().enumerate() {
        let (x, y) = grid.place(offset);
        let middle = x + CELL / 2;
        picture.text(middle, y + 16, "middle", 15, 1.0, &format!("{byte:02x}"));
        let is_text = fields
            .iter()
            .any(|field| field.kind == Kind::Name && field.range.contains(&offset));
        if is_text && byte.is_ascii_graphic() {
            let character = char::from(*byte).to_string();
            picture.text(middle, y + 29, "middle", 11, 0.65, &character);
        }
    }
    for (n, &(from, to)) in arrows.iter().enumerate() {
        draw_arrow(&mut picture, &grid, n, from, to);
    }
    picture.finish()
}

/// Where the bytes stand.
struct Grid {
    /// From one row to the next.
    row: usize,
}

impl Grid {
    /// The upper left corner of a byte's cell.
    fn place(&self, offset: usize) -> (usize, usize) {
        let (row, column) = (offset / PER_ROW, offset % PER_ROW);
        (LEFT + column * CELL, TOP + row * self.row + LABEL)
    }
}

/// A rectangle a row, and the label above the first of them.
fn draw_field(picture: &mut Picture, grid: &Grid, field: &Field) {
    let mut start = field.range.start;
    while start < field.range.end {
        let end_of_row = (start / PER_ROW + 1) * PER_ROW;
        let end = field.range.end.min(end_of_row);
        let (x, y) = grid.place(start);
        let width = (end - start) * CELL - 2;
        picture.rect(x + 1, y, width, CELL_HEIGHT, field.kind.colour(), 0.4);
        if start == field.range.start {
            let fits: String = field.label.chars().take(width / LETTER).collect();
            picture.text(x + 2, y - 4, "start", 11, 0.85, &fits);
        }
        start = end;
    }
}

/// A line from under one cell to under another, by the left margin, so that it crosses no byte. The
/// `n`th arrow has lanes of its own; after a few they are shared.
fn draw_arrow(picture: &mut Picture, grid: &Grid, n: usize, from: usize, to: usize) {
    const LANES: usize = 4;
    let under = |offset: usize| {
        let (x, y) = grid.place(offset);
        (x + CELL / 2, y + CELL_HEIGHT + 1)
    };
    let ((x1, y1), (x2, y2)) = (under(from), under(to));
    let lane = n % LANES;
    let (lane1, lane2) = (y1 + 4 + 4 * lane, y2 + 12 + 3 * lane);
    let margin = LEFT - 6 - 5 * lane;
    let colour = Kind::Pointer.colour();
    picture.raw(&format!(
        "<path d=\"M{x1} {y1} V{lane1} H{margin} V{lane2} H{x2} V{y2}\" fill=\"none\" \
         stroke=\"{colour}\" stroke-width=\"2\" stroke-linejoin=\"round\"/>"
    ));
    let (left, right, base) = (x2 - 5, x2 + 5, y2 + 9);
    picture.raw(&format!(
        "<path d=\"M{x2} {y2} L{left} {base} L{right} {base} Z\" fill=\"{colour}\"/>"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn() -> String {
        let field = Field {
            range: 14..18,
            label: "a <long> label that is cut".into(),
            kind: Kind::Name,
        };
        draw("two rows", &[b'A'; 20], &[field], &[(18, 2)])
    }

    #[test]
    fn field_over_two_rows_has_two_rectangles_and_one_label() {
        let svg = drawn();
        assert_eq!(svg.matches("<rect").count(), 2, "{svg}");
        assert_eq!(svg.matches("a &lt;long&gt;").count(), 1, "{svg}");
        assert!(!svg.contains("that is cut"), "{svg}");
    }

    #[test]
    fn every_byte_is_there_and_no_blank_line() {
        let svg = drawn();
        assert_eq!(svg.matches(">41</text>").count(), 20, "{svg}");
        assert!(!svg.contains("\n\n"), "{svg}");
    }
}
