//! A frame as a picture for the book: each layer is a box with its header's bytes, and the next layer
//! inside it.

use netlab::hex;
use netlab::picture::Picture;

const BYTE: usize = 33;
/// How far a box stands inside the one around it.
const INSET: usize = 10;
/// The offsets stand to the left of the boxes.
const LEFT: usize = 44;
const HEADER: usize = 84;
const WIDTH: usize = LEFT + 4 * INSET + 20 * BYTE + 4 * INSET + 4;

/// A header: what it answers, and its fields in order, each with its length and what it says.
struct Header {
    name: &'static str,
    asks: &'static str,
    colour: &'static str,
    fields: Vec<(usize, String)>,
    /// The number of the field that names what comes next.
    names_next: Option<usize>,
}

const COLOURS: [&str; 4] = ["#6b8fd6", "#e0842f", "#4fa86a", "#d65a6e"];

/// Draws a frame of Ethernet, IPv4 without options, TCP without options, and text. It must be well made: this
/// is for the tests' own frames.
pub fn draw(frame: &[u8]) -> String {
    let headers = [ethernet(frame), ip(&frame[14..]), tcp(&frame[34..])];
    let height = 8 + HEADER * headers.len() + 70 + 3 * INSET;
    let mut picture = Picture::new(WIDTH, height, "Four layers, each inside the one before");
    let (mut at, mut x, mut y) = (0, LEFT, 4);
    for (level, header) in headers.iter().enumerate() {
        let inner_width = WIDTH - x - 4 - level * INSET;
        draw_box(
            &mut picture,
            (x, y),
            (inner_width, height - 4 - level * INSET - y),
            header.colour,
        );
        offset(&mut picture, y, at);
        picture.text(x + INSET, y + 19, "start", 14, 1.0, header.name);
        picture.text(x + 90, y + 19, "start", 12, 0.75, header.asks);
        let end = at + header.fields.iter().map(|(len, _)| len).sum::<usize>();
        let bytes = format!("{} bytes", end - at);
        picture.text(x + inner_width - INSET, y + 19, "end", 12, 0.75, &bytes);
        let mut field_x = x + INSET;
        for (n, (len, says)) in header.fields.iter().enumerate() {
            let colour = match header.names_next == Some(n) {
                true => COLOURS[level + 1],
                false => header.colour,
            };
            let opacity = if header.names_next == Some(n) {
                0.75
            } else {
                0.35
            };
            picture.rect(field_x + 1, y + 28, len * BYTE - 2, 42, colour, opacity);
            for (i, byte) in frame[at..at + len].iter().enumerate() {
                let middle = field_x + i * BYTE + BYTE / 2;
                picture.text(middle, y + 45, "middle", 14, 1.0, &format!("{byte:02x}"));
            }
            let middle = field_x + len * BYTE / 2;
            picture.text(middle, y + 62, "middle", 11, 0.85, says);
            field_x += len * BYTE;
            at += len;
        }
        x += INSET;
        y += HEADER;
    }
    let inner_width = WIDTH - x - 4 - headers.len() * INSET;
    draw_box(
        &mut picture,
        (x, y),
        (inner_width, height - 4 - headers.len() * INSET - y),
        COLOURS[3],
    );
    offset(&mut picture, y, at);
    let data = &frame[at..];
    let bytes = format!("{} bytes", data.len());
    picture.text(x + INSET, y + 19, "start", 14, 1.0, "HTTP");
    picture.text(x + 90, y + 19, "start", 12, 0.75, "what for?");
    picture.text(x + inner_width - INSET, y + 19, "end", 12, 0.75, &bytes);
    let text = String::from_utf8_lossy(data)
        .replace('\r', "\\r")
        .replace('\n', "\\n");
    picture.text(x + INSET, y + 46, "start", 14, 1.0, &text);
    picture.finish()
}

fn draw_box(
    picture: &mut Picture,
    (x, y): (usize, usize),
    (width, height): (usize, usize),
    colour: &str,
) {
    picture.rect(x, y, width, height, colour, 0.13);
    picture.raw(&format!(
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"3\" fill=\"none\" stroke=\"{colour}\"/>"
    ));
}

/// The number of a box's first byte.
fn offset(picture: &mut Picture, y: usize, at: usize) {
    picture.text(LEFT - 10, y + 19, "end", 14, 1.0, &at.to_string());
}

fn ethernet(b: &[u8]) -> Header {
    let mac = |at: usize| hex::all(&b[at..at + 6]).replace(' ', ":");
    Header {
        name: "Ethernet",
        asks: "which card on this cable?",
        colour: COLOURS[0],
        fields: vec![
            (6, format!("to {}", mac(0))),
            (6, format!("from {}", mac(6))),
            (2, "IPv4".to_owned()),
        ],
        names_next: Some(2),
    }
}

fn ip(b: &[u8]) -> Header {
    let address = |at: usize| format!("{}.{}.{}.{}", b[at], b[at + 1], b[at + 2], b[at + 3]);
    Header {
        name: "IPv4",
        asks: "which host?",
        colour: COLOURS[1],
        fields: vec![
            (1, "4, 5".to_owned()),
            (1, "tos".to_owned()),
            (2, format!("len {}", u16_at(b, 2))),
            (2, "id".to_owned()),
            (2, "offset".to_owned()),
            (1, "ttl".to_owned()),
            (1, "TCP".to_owned()),
            (2, "sum".to_owned()),
            (4, format!("from {}", address(12))),
            (4, format!("to {}", address(16))),
        ],
        names_next: Some(6),
    }
}

fn tcp(b: &[u8]) -> Header {
    let number = |at: usize| u32::from_be_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]);
    Header {
        name: "TCP",
        asks: "which program, which byte?",
        colour: COLOURS[2],
        fields: vec![
            (2, format!(":{}", u16_at(b, 0))),
            (2, format!(":{}", u16_at(b, 2))),
            (4, format!("seq {}", number(4))),
            (4, format!("ack {}", number(8))),
            (1, "5".to_owned()),
            (1, "flags".to_owned()),
            (2, format!("win {}", u16_at(b, 14))),
            (2, "sum".to_owned()),
            (2, "urg".to_owned()),
        ],
        names_next: Some(1),
    }
}

fn u16_at(b: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([b[at], b[at + 1]])
}
