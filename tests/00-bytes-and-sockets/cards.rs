//! The five cards as a table, for the book.

use bytes_and_sockets::{Kind, SocketCard};
use netlab::picture::Picture;

const ROW: usize = 34;
const COLUMNS: [usize; 6] = [16, 140, 250, 330, 500, 670];
const WIDTH: usize = 790;

pub fn draw(names: &[&str], cards: &[SocketCard]) -> String {
    let mut picture = Picture::new(
        WIDTH,
        ROW * (cards.len() + 1) + 12,
        "What each call writes into a socket",
    );
    let heads = [
        "right after",
        "socket",
        "kind",
        "local",
        "peer",
        "listening",
    ];
    for (x, head) in COLUMNS.into_iter().zip(heads) {
        picture.text(x, 22, "start", 13, 0.7, head);
    }
    // Which of the three sockets a card describes; see lifecycle's table.
    let sockets = ["server's", "server's", "server's", "client's", "accepted"];
    let mut before: Option<[String; 4]> = None;
    for (i, ((name, card), socket)) in names.iter().zip(cards).zip(sockets).enumerate() {
        let y = ROW * (i + 1);
        picture.line(8, y, WIDTH - 8, y, 0.25);
        picture.text(COLUMNS[0], y + 22, "start", 14, 1.0, name);
        picture.text(COLUMNS[1], y + 22, "start", 13, 0.7, socket);
        let fields = fields(card);
        // The server's card grows: what this call has written is marked.
        let same_socket = i > 0 && sockets[i - 1] == socket;
        for (field, (text, x)) in fields.iter().zip(&COLUMNS[2..]).enumerate() {
            let new = same_socket && before.as_ref().is_some_and(|before| before[field] != *text);
            if new {
                picture.rect(x - 6, y + 6, 9 * text.len() + 8, 22, "#e8a33d", 0.35);
            }
            picture.text(*x, y + 22, "start", 14, 1.0, text);
        }
        before = Some(fields);
    }
    picture.finish()
}

fn fields(card: &SocketCard) -> [String; 4] {
    let kind = match card.kind {
        Kind::Stream => "stream",
        Kind::Datagram => "datagram",
    };
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    [
        kind.into(),
        or_dash(card.local.map(|addr| addr.to_string())),
        or_dash(card.peer.map(|addr| addr.to_string())),
        or_dash(
            card.listening
                .map(|yes| if yes { "yes" } else { "no" }.into()),
        ),
    ]
}
