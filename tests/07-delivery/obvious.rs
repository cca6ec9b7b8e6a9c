//! The reassembly with which the page of chapter 07 opens, and the deliveries that break it.

// ANCHOR: obvious
/// A piece of a datagram: does another one follow, and what does it carry?
struct Piece(bool, &'static str);

/// Joins the pieces as they come, until the last one.
fn join(pieces: &[Piece]) -> String {
    let mut whole = String::new();
    for Piece(more, payload) in pieces {
        whole.push_str(payload);
        if !more {
            break;
        }
    }
    whole
}
// ANCHOR_END: obvious

fn main() {
    let scenes = [
        (
            "as it was sent",
            vec![
                Piece(true, "pay 10 w"),
                Piece(true, "on to An"),
                Piece(false, "na"),
            ],
        ),
        (
            "one is late",
            vec![
                Piece(true, "on to An"),
                Piece(true, "pay 10 w"),
                Piece(false, "na"),
            ],
        ),
        (
            "one is lost",
            vec![Piece(true, "pay 10 w"), Piece(false, "na")],
        ),
        (
            "one comes twice",
            vec![
                Piece(true, "pay 10 w"),
                Piece(true, "pay 10 w"),
                Piece(true, "on to An"),
                Piece(false, "na"),
            ],
        ),
        (
            "two senders",
            vec![
                Piece(true, "pay 10 w"),
                Piece(true, "on to Bo"),
                Piece(false, "b"),
            ],
        ),
    ];
    for (what, pieces) in scenes {
        println!("{what:16} {:?}", join(&pieces));
    }
}
