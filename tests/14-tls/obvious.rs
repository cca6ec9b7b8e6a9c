//! The obvious client, and four who stand between it and the server. The opening of the chapter's page.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, StreamOwned};

// ANCHOR: obvious
fn fetch(server: TcpStream, config: Arc<ClientConfig>) -> io::Result<String> {
    let name = "get.shop.test".try_into().expect("a name");
    let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, server);
    stream.write_all(b"GET /install.sh HTTP/1.0\r\n\r\n")?;
    let mut script = Vec::new();
    let mut piece = [0; 1024];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => script.extend_from_slice(&piece[..n]),
            // Some servers leave without a word.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
    }
    Ok(String::from_utf8_lossy(&script).into_owned())
}
// ANCHOR_END: obvious
