//! Step 4: a life in five cards.

use std::io;

use crate::s3_card::SocketCard;

/// Makes one TCP connection on 127.0.0.1 and describes the sockets on the way.
///
/// The five cards, in this order:
///
/// | name | which socket | right after |
/// |---|---|---|
/// | `created` | the server's | `socket` |
/// | `bound` | the server's | `bind` to 127.0.0.1, port 0 |
/// | `listening` | the server's | `listen` |
/// | `connected` | the client's | `connect` to the server's address |
/// | `accepted` | the one that `accept` returned | `accept` |
///
/// When it returns, no socket is left open. An error of any call is returned.
pub fn lifecycle() -> io::Result<Vec<(&'static str, SocketCard)>> {
    todo!("0.4 lifecycle(): two sockets, five calls, a card after each of them")
}
