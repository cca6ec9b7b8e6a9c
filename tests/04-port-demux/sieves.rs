//! The look-up as a picture for the book: segments that fall through three sieves.

use netlab::picture::Picture;
use port_demux::{Hit, Proto, Row, SocketId, State};

const ROW: usize = 40;
/// Where each column begins: the segment, the three sieves, the bin.
const COLUMNS: [usize; 5] = [12, 300, 480, 620, 760];
const WIDTH: usize = 980;

type Segment<'a> = (Proto, &'a str, &'a str, Hit);

pub fn draw(rows: &[Row], segments: &[Segment]) -> String {
    let deepest = (0..3)
        .map(|sieve| of(rows, sieve).count())
        .max()
        .unwrap_or(0);
    let top = 64 + 18 * deepest;
    let height = top + ROW * segments.len() + 12;
    let mut picture = Picture::new(WIDTH, height, "Segments fall through three sieves");

    let heads = [
        "a segment arrives",
        "1 exact",
        "2 bound",
        "3 wildcard",
        "nobody",
    ];
    for (x, head) in COLUMNS.into_iter().zip(heads) {
        picture.text(x, 22, "start", 14, 1.0, head);
    }
    for sieve in 0..3 {
        for (i, row) in of(rows, sieve).enumerate() {
            let text = match row.remote {
                Some(remote) => format!("#{} from {remote}", row.id.0),
                None => format!("#{} {} {}", row.id.0, proto(row.proto), row.local),
            };
            picture.text(COLUMNS[sieve + 1], 46 + 18 * i, "start", 11, 0.7, &text);
        }
    }

    for x in &COLUMNS[1..4] {
        let x = x - 6;
        picture.raw(&format!(
            "<line x1=\"{x}\" y1=\"34\" x2=\"{x}\" y2=\"{}\" stroke=\"currentColor\" \
             stroke-dasharray=\"3 3\" opacity=\"0.5\"/>",
            height - 8
        ));
    }

    for (i, (of, from, to, hit)) in segments.iter().enumerate() {
        let y = top + ROW * i;
        picture.line(8, y, WIDTH - 8, y, 0.2);
        let text = format!("{} {from} → {to}", proto(*of));
        picture.text(COLUMNS[0], y + 25, "start", 12, 1.0, &text);
        let (column, label, colour) = match hit {
            Hit::Exact(id) => (1, socket(id), "#3d8fe8"),
            Hit::Bound(id) => (2, socket(id), "#e8a33d"),
            Hit::Wildcard(id) => (3, socket(id), "#4caf72"),
            Hit::Nobody(port_demux::Refusal::Rst) => (4, "RST goes back".into(), "#d9534f"),
            Hit::Nobody(_) => (4, "ICMP goes back".into(), "#d9534f"),
        };
        let x = COLUMNS[column];
        // Through the sieves that did not hold it.
        picture.arrow(COLUMNS[1] - 20, x + 14, y + 20);
        picture.rect(
            x + 18,
            y + 7,
            9 * label.chars().count() + 14,
            26,
            colour,
            0.35,
        );
        picture.text(x + 25, y + 25, "start", 13, 1.0, &label);
    }
    picture.finish()
}

/// The rows that a sieve consists of.
fn of(rows: &[Row], sieve: usize) -> impl Iterator<Item = &Row> {
    rows.iter().filter(move |row| match sieve {
        0 => row.remote.is_some(),
        _ if row.remote.is_some() => false,
        _ if is_tcp(row.proto) && !matches!(row.state, State::Listen) => false,
        1 => !row.local.ip().is_unspecified(),
        _ => row.local.ip().is_unspecified(),
    })
}

fn is_tcp(proto: Proto) -> bool {
    matches!(proto, Proto::Tcp)
}

fn proto(proto: Proto) -> &'static str {
    match proto {
        Proto::Tcp => "TCP",
        Proto::Udp => "UDP",
    }
}

fn socket(id: &SocketId) -> String {
    format!("socket #{}", id.0)
}
