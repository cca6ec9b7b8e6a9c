//! Given: a network at the other end of a UDP socket. Each datagram of IP travels in one of UDP.
//!
//! That network has a clock of its own, so it says when the time to wait is over: for each datagram that was sent an
//! empty one comes, after all its answers. An empty one in the other direction ends the conversation.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::Path;

/// How long a network may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Tunnel {
    socket: UdpSocket,
    /// Datagrams of which more may come.
    open: usize,
    buffer: Vec<u8>,
}

impl Tunnel {
    pub fn to(there: SocketAddr) -> io::Result<Tunnel> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(there)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Tunnel {
            socket,
            open: 0,
            buffer: vec![0; 65535],
        })
    }

    /// The other end: `answer` gives the answers to a datagram. It never ends.
    pub fn answers<T>(
        socket: &UdpSocket,
        mut answer: impl FnMut(&[u8]) -> Vec<Vec<u8>>,
    ) -> io::Result<T> {
        let mut buffer = vec![0; 65535];
        loop {
            let (length, from) = match socket.recv_from(&mut buffer) {
                Ok((0, _)) => continue,
                // On systems other than Linux: the peer that was answered has gone.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => continue,
                came => came?,
            };
            for datagram in answer(&buffer[..length]) {
                // What cannot be sent is lost.
                let _ = socket.send_to(&datagram, from);
            }
            let _ = socket.send_to(&[], from);
        }
    }
}

impl Path for Tunnel {
    fn send(&mut self, datagram: Vec<u8>) {
        // What cannot be sent is lost, and nothing comes of it.
        if self.socket.send(&datagram).is_ok() {
            self.open += 1;
        }
    }

    fn receive(&mut self) -> Option<Vec<u8>> {
        while self.open > 0 {
            match self.socket.recv(&mut self.buffer) {
                Ok(0) => self.open -= 1,
                Ok(length) => return Some(self.buffer[..length].to_vec()),
                // No program is there, or it has ended.
                Err(_) => self.open = 0,
            }
        }
        None
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        let _ = self.socket.send(&[]);
    }
}
