//! Step 4: a life in five cards.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

use crate::s3_card::{SocketCard, describe};

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
    let mut cards = Vec::new();

    let server = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    cards.push(("created", describe(&server)?));
    server.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    cards.push(("bound", describe(&server)?));
    server.listen(1)?;
    cards.push(("listening", describe(&server)?));

    // connect returns before anybody calls accept: the kernel finishes the handshake by itself and
    // keeps the connection in the listener's queue.
    let client = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    client.connect(&server.local_addr()?)?;
    cards.push(("connected", describe(&client)?));
    let (accepted, _peer) = server.accept()?;
    cards.push(("accepted", describe(&accepted)?));

    Ok(cards)
}
