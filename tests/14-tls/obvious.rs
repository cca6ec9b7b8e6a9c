//! The obvious client, and four who stand between it and the server. The opening of the chapter's page.

#[allow(dead_code)] // the tests use the rest
mod certificates;
#[allow(dead_code)]
mod configs;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use certificates::{Authority, paper, root, stranger};
use rustls::{ClientConfig, ClientConnection, ServerConnection, StreamOwned};

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

const REQUEST: &[u8] = b"GET /install.sh HTTP/1.0\r\n\r\n";
/// The record of `rm -r /`: a header, the text, its real type, and a tag (RFC 8446 §5.2).
const THE_RECORD: usize = 5 + 7 + 1 + 16;

/// What becomes of a record of the server, and whether the next one comes through.
type PassesOn = fn(Vec<u8>) -> (Vec<u8>, bool);

fn main() -> io::Result<()> {
    let all = |record: Vec<u8>| (record, true);
    let changes = |mut record: Vec<u8>| {
        if record.len() == THE_RECORD {
            record[THE_RECORD / 2] ^= 1;
        }
        (record, true)
    };
    let cuts = |record: Vec<u8>| {
        let goes_on = record.len() != THE_RECORD;
        (record, goes_on)
    };
    let scenes: [(&str, &'static Authority, PassesOn); 4] = [
        ("nobody", root(), all),
        ("changes a bit", root(), changes),
        ("has his own certificate", stranger(), all),
        ("counts bytes, then cuts", root(), cuts),
    ];
    for (who, signer, passes_on) in scenes {
        let server = listens(move |client| serve(client, signer))?;
        let between = listens(move |client| stand_between(client, server, passes_on))?;
        let script = fetch(TcpStream::connect(between)?, configs::client());
        let script = script.unwrap_or_else(|error| format!("nothing: {error}"));
        println!("{who:<31} {script}");
    }
    Ok(())
}

/// Does this with one client, on a thread of its own.
fn listens(
    with: impl FnOnce(TcpStream) -> io::Result<()> + Send + 'static,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    thread::spawn(move || listener.accept().and_then(|(client, _)| with(client)));
    Ok(addr)
}

/// Sends a script of one line.
fn serve(client: TcpStream, signer: &Authority) -> io::Result<()> {
    let config = configs::server_of(signer.issues(paper(&["get.shop.test"])));
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, client);
    stream.read_exact(&mut [0; REQUEST.len()])?;
    // As `write!` does it with "rm -r /{folder}".
    for piece in ["rm -r /", "tmp/shop"] {
        stream.write_all(piece.as_bytes())?;
    }
    stream.conn.send_close_notify();
    stream.flush()
}

/// Passes on what the client says, and of what the server says, as many records as it likes.
fn stand_between(mut client: TcpStream, server: SocketAddr, passes_on: PassesOn) -> io::Result<()> {
    let mut server = TcpStream::connect(server)?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || io::copy(&mut from, &mut to));
    loop {
        let mut record = vec![0; 5];
        if server.read_exact(&mut record).is_err() {
            break;
        }
        let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
        record.resize(5 + length, 0);
        server.read_exact(&mut record[5..])?;
        let (record, goes_on) = passes_on(record);
        client.write_all(&record)?;
        if !goes_on {
            break;
        }
    }
    client.shutdown(Shutdown::Write)
}
