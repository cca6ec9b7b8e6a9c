//! A packet before and after the NAT, as a picture for the book: the bytes that have changed are marked.

use netlab::picture::Picture;

use super::packet::words;

const CELL: usize = 34;
const ROW: usize = 28;
const LEFT: usize = 44;
const WIDTH: usize = LEFT + 16 * CELL + 16;

/// What stands at these bytes of a UDP datagram in a header without options, and the colour of its marks.
const FIELDS: [(std::ops::Range<usize>, &str, &str); 4] = [
    (10..12, "checksum of the IPv4 header", "#e8a33d"),
    (12..16, "source address", "#d9534f"),
    (20..22, "source port", "#9b6dd6"),
    (26..28, "checksum of UDP", "#e8a33d"),
];

pub fn draw(before: &[u8], after: &[u8]) -> String {
    let rows = before.len().div_ceil(16);
    let block = 40 + ROW * rows;
    let height = 2 * block + 34 + 22 * FIELDS.len();
    let mut picture = Picture::new(WIDTH, height, "A datagram before and after the NAT");
    for (top, name, bytes) in [(0, "before", before), (block + 10, "after", after)] {
        picture.text(
            12,
            top + 22,
            "start",
            14,
            1.0,
            &format!("{name}  {}", words(bytes)),
        );
        for (i, byte) in bytes.iter().enumerate() {
            let (x, y) = (LEFT + CELL * (i % 16), top + 34 + ROW * (i / 16));
            if i % 16 == 0 {
                picture.text(12, y + 18, "start", 11, 0.6, &format!("{i:04}"));
            }
            let field = FIELDS.iter().find(|(range, ..)| range.contains(&i));
            let changed = before[i] != after[i];
            if let Some((_, _, colour)) = field.filter(|_| changed) {
                picture.rect(
                    x,
                    y,
                    CELL - 4,
                    ROW - 4,
                    colour,
                    if name == "after" { 0.6 } else { 0.25 },
                );
            }
            picture.text(x + 15, y + 17, "middle", 13, 1.0, &format!("{byte:02x}"));
        }
    }
    let legend = 2 * block + 30;
    for (i, (range, name, colour)) in FIELDS.iter().enumerate() {
        let y = legend + 22 * i;
        picture.rect(LEFT, y - 12, 16, 16, colour, 0.6);
        let until = if range.len() == 2 { "and" } else { "to" };
        let text = format!("{name}: bytes {} {until} {}", range.start, range.end - 1);
        picture.text(LEFT + 26, y + 1, "start", 12, 1.0, &text);
    }
    picture.finish()
}
