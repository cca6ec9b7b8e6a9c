//! Clients that speak frames.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const FRAME: &[u8] = b"\0\0\0\x05hello";

/// A client that is connected.
pub struct Client(TcpStream);

impl Client {
    /// Waits `patience` for each reply.
    pub fn connects(addr: SocketAddr, patience: Duration) -> io::Result<Client> {
        let stream = TcpStream::connect_timeout(&addr, patience)?;
        stream.set_read_timeout(Some(patience))?;
        Ok(Client(stream))
    }

    /// Sends a frame and takes its echo.
    pub fn asks(&mut self) -> io::Result<()> {
        self.sends()?;
        self.takes()
    }

    pub fn sends(&mut self) -> io::Result<()> {
        self.0.write_all(FRAME)
    }

    pub fn takes(&mut self) -> io::Result<()> {
        let mut reply = [0; FRAME.len()];
        self.0.read_exact(&mut reply)?;
        match reply == FRAME {
            true => Ok(()),
            false => Err(io::Error::other("another echo came back")),
        }
    }

    /// Says this, and takes anything for a reply.
    pub fn says(&mut self, words: &[u8]) -> io::Result<()> {
        self.0.write_all(words)?;
        match self.0.read(&mut [0; 64])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
