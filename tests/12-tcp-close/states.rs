//! The eleven states, with the ways that two connections have gone.

use netlab::picture::Picture;
use tcp_open::State::{self, *};

/// Where each state stands. CLOSED is both the beginning and the end.
const PLACES: [(State, usize, usize); 11] = [
    (Closed, 330, 30),
    (Listen, 110, 90),
    (SynSent, 550, 90),
    (SynReceived, 110, 160),
    (Established, 330, 160),
    (FinWait1, 110, 240),
    (CloseWait, 550, 240),
    (FinWait2, 110, 330),
    (Closing, 330, 285),
    (LastAck, 550, 330),
    (TimeWait, 330, 370),
];

/// RFC 9293, section 3.3.2, figure 5, and its note 2.
const WAYS: [(State, State); 18] = [
    (Closed, Listen),
    (Closed, SynSent),
    (Listen, SynReceived),
    (SynSent, SynReceived),
    (SynSent, Established),
    (SynReceived, Established),
    (SynReceived, FinWait1),
    (Established, FinWait1),
    (Established, CloseWait),
    (FinWait1, FinWait2),
    (FinWait1, Closing),
    (FinWait1, TimeWait),
    (FinWait2, TimeWait),
    (Closing, TimeWait),
    (CloseWait, LastAck),
    (LastAck, Closed),
    (TimeWait, Closed),
    (Listen, SynSent),
];

/// The ways of two connections, each a list of states, and their names.
pub fn picture(title: &str, paths: [(&str, &[State]); 2]) -> String {
    const COLOURS: [&str; 2] = ["#3b82f6", "#f97316"];
    let mut picture = Picture::new(660, 430, title);
    for (from, to) in WAYS {
        line(&mut picture, (from, to), "currentColor", 1, 0.25, 0);
    }
    for (n, (_, path)) in paths.iter().enumerate() {
        for step in path.windows(2) {
            line(&mut picture, (step[0], step[1]), COLOURS[n], 4, 1.0, n * 6);
        }
    }
    for (state, x, y) in PLACES {
        picture.rect(x - 62, y - 14, 124, 28, "var(--bg, #fff)", 1.0);
        picture.raw(&format!(
            "<rect x=\"{}\" y=\"{}\" width=\"124\" height=\"28\" rx=\"3\" fill=\"none\" stroke=\"currentColor\"/>",
            x - 62,
            y - 14
        ));
        picture.text(x, y + 5, "middle", 13, 1.0, &state.to_string());
    }
    for (n, (name, _)) in paths.iter().enumerate() {
        picture.rect(48 + 60 * n, 400, 16, 16, COLOURS[n], 1.0);
        picture.text(70 + 60 * n, 413, "start", 13, 1.0, name);
    }
    picture.finish()
}

fn line(
    picture: &mut Picture,
    (from, to): (State, State),
    colour: &str,
    width: usize,
    opacity: f64,
    shift: usize,
) {
    let place = |state: State| {
        let (_, x, y) = PLACES
            .iter()
            .find(|(it, ..)| *it == state)
            .expect("all have one");
        (x + shift, y + shift)
    };
    let ((x1, y1), (x2, y2)) = (place(from), place(to));
    // What goes back to CLOSED goes round.
    let way = match (from, to) {
        (TimeWait, Closed) => format!("M{x1} {y1} H{} V{y2} H{x2}", 645 - shift),
        (LastAck, Closed) => format!("M{x1} {y1} H{} V{y2} H{x2}", 635 - shift),
        _ => format!("M{x1} {y1} L{x2} {y2}"),
    };
    picture.raw(&format!(
        "<path d=\"{way}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" opacity=\"{opacity}\"/>"
    ));
}
