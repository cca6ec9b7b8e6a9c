//! The picture of a datagram that is cut: its pieces above a ruler of 8-byte units.

use netlab::picture::Picture;

/// Draws pieces, as they go over the link, above the payload that they carry.
pub fn draw(title: &str, pieces: &[Vec<u8>]) -> String {
    const LEFT: usize = 16;
    // With the margins, what a phone shows.
    const WIDTH: usize = 432;
    const ROW: usize = 34;
    let payload = |piece: &[u8]| piece.len() - 4 * usize::from(piece[0] & 0xf);
    let total: usize = pieces.iter().map(|piece| payload(piece)).sum();
    let x = |byte: usize| LEFT + byte * WIDTH / total;
    let height = 30 + pieces.len() * ROW + 50;
    let mut picture = Picture::new(LEFT * 2 + WIDTH, height, title);
    let mut marks = vec![0];
    for (row, piece) in pieces.iter().enumerate() {
        let bits = u16::from_be_bytes([piece[6], piece[7]]);
        let (offset, more) = (usize::from(bits & 0x1fff), bits & 0x2000 != 0);
        let (begin, end) = (offset * 8, offset * 8 + payload(piece));
        let y = 24 + row * ROW;
        picture.rect(x(begin), y, x(end) - x(begin), 24, "#5b8dd9", 0.35);
        let words = format!("{} B, MF {}", end - begin, u8::from(more));
        picture.label((x(begin) + x(end)) / 2, y + 16, "middle", 12, &words);
        marks.push(end);
    }
    let y = 24 + pieces.len() * ROW + 4;
    picture.line(x(0), y, x(total), y, 0.8);
    for (n, mark) in marks.iter().enumerate() {
        picture.line(x(*mark), y, x(*mark), y + 8, 0.8);
        let anchor = match n {
            0 => "start",
            n if n + 1 == marks.len() => "end",
            _ => "middle",
        };
        // The end of the last piece is no offset.
        let words = if n + 1 == marks.len() {
            format!("{mark} B")
        } else {
            format!("{} × 8", mark / 8)
        };
        picture.text(x(*mark), y + 22, anchor, 12, 0.9, &words);
    }
    picture.text(LEFT, y + 40, "start", 11, 0.7, "offset");
    picture.finish()
}
