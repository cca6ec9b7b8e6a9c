//! Chapter 15's answer as a contestant. Included twice: the module around it says whose it is.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use super::http2::{Config, Event, Field, H2};

use crate::race15::{Asked, BROWSER, TEXT};
use crate::server;

/// No peer of a race does harm, however long it asks.
fn config() -> Config {
    Config {
        limits: None,
        ..Config::default()
    }
}

/// A thread for each client.
pub fn serve() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    server::listening(listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        thread::spawn(move || answers(stream));
    }
}

fn answers(mut stream: TcpStream) -> io::Result<()> {
    let mut h2 = H2::server(config());
    let fields = [
        Field::new(":status", "200"),
        Field::new("content-length", TEXT.len().to_string()),
    ];
    let mut piece = vec![0; 65_536];
    while !h2.is_over() {
        sends(&mut h2, &mut stream)?;
        let length = stream.read(&mut piece)?;
        if length == 0 {
            break;
        }
        for event in h2.receive(&piece[..length]) {
            if let Event::Head { stream, .. } = event {
                // One that has been reset since needs no answer.
                let _ = h2.respond(stream, &fields, false);
                let _ = h2.send(stream, TEXT.as_bytes(), true);
            }
        }
    }
    Ok(())
}

fn sends(h2: &mut H2, stream: &mut TcpStream) -> io::Result<usize> {
    let mut sent = 0;
    loop {
        let bytes = h2.pending();
        if bytes.is_empty() {
            return Ok(sent);
        }
        stream.write_all(&bytes)?;
        sent += bytes.len();
    }
}

/// Asks so often over one connection, with so many requests under way.
pub fn asks(addr: SocketAddr, requests: usize, streams: usize) -> io::Result<Asked> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    let mut h2 = H2::client(config());
    let fields = BROWSER.map(|(name, value)| Field::new(name, value));
    let mut piece = vec![0; 65_536];
    let (mut asked, mut done, mut sent) = (0, 0, 0);
    while done < requests {
        while asked < requests && asked - done < streams {
            if h2.request(&fields, true).is_err() {
                break;
            }
            asked += 1;
        }
        sent += sends(&mut h2, &mut stream)?;
        let length = stream.read(&mut piece)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for event in h2.receive(&piece[..length]) {
            match event {
                Event::Data {
                    stream,
                    bytes,
                    ends,
                } => {
                    h2.consumed(stream, bytes.len());
                    done += usize::from(ends);
                }
                Event::Head { ends, .. } => done += usize::from(ends),
                Event::Settings | Event::SettingsAcked => {}
                other => return Err(io::Error::other(format!("{other:?}"))),
            }
        }
    }
    Ok(Asked { done, sent })
}
