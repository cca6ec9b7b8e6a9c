//! Scripted UDP peers.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::situations::Refused;
use super::tcp::{TcpServer, is_pause};
use crate::lab::GLANCE;
use crate::lab::Lab;
use crate::lab::ours::spawn_ours;
use crate::report::hex;
use crate::report::story::YOU;
use crate::report::text::in_words;

/// A UDP socket of the test, on a port of 127.0.0.1 that the system chose. Clones share it.
#[derive(Clone)]
pub struct UdpPeer {
    lab: Lab,
    name: String,
    socket: Arc<UdpSocket>,
}

#[derive(Clone, Debug)]
pub struct Datagram {
    pub from: SocketAddr,
    pub bytes: Vec<u8>,
}

/// Something that sends the same datagram again and again until it is dropped.
pub struct Chatter {
    stop: Arc<AtomicBool>,
}

/// Something that answers every datagram until it is dropped.
pub struct Answering {
    stop: Arc<AtomicBool>,
}

impl Lab {
    pub fn udp(&self, name: &str) -> UdpPeer {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a port of loopback");
        UdpPeer::new(self, name, socket)
    }

    /// A server that has the same port number in UDP and in TCP, as DNS servers do. The two are
    /// different ports: each protocol has its own 65 536.
    pub fn udp_and_tcp(&self, name: &str) -> (UdpPeer, TcpServer) {
        for _ in 0..100 {
            let tcp = self.tcp_server(name);
            // Another process may have this number in UDP; then try the next one.
            if let Ok(socket) = UdpSocket::bind(tcp.addr()) {
                return (UdpPeer::new(self, name, socket), tcp);
            }
        }
        panic!("no port number of loopback is free in both UDP and TCP");
    }

    /// A server in UDP whose port number refuses every connection in TCP, while [`Refused`] lives.
    pub fn udp_and_refused(&self, name: &str) -> (UdpPeer, Refused) {
        for _ in 0..100 {
            let refused = Refused::new();
            // Another process may have this number in UDP; then try the next one.
            if let Ok(socket) = UdpSocket::bind(refused.addr()) {
                self.note(format!("nobody listens at {} in TCP", refused.addr()));
                return (UdpPeer::new(self, name, socket), refused);
            }
        }
        panic!("no port number of loopback is free in both UDP and TCP");
    }
}

impl UdpPeer {
    fn new(lab: &Lab, name: &str, socket: UdpSocket) -> UdpPeer {
        socket
            .set_read_timeout(Some(GLANCE))
            .expect("a read time-out");
        UdpPeer {
            lab: lab.clone(),
            name: name.to_owned(),
            socket: Arc::new(socket),
        }
    }

    pub fn addr(&self) -> SocketAddr {
        self.socket
            .local_addr()
            .expect("a bound socket has an address")
    }

    /// The socket itself, for what no method here does.
    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Waits for one datagram of the student's.
    pub fn expects_datagram(&self) -> Datagram {
        let mut buffer = vec![0; 65_535];
        let found = self
            .lab
            .0
            .await_some(|| match self.socket.recv_from(&mut buffer) {
                Ok(found) => Some(found),
                // Elsewhere than on Linux an earlier send to a closed port is reported here.
                Err(error)
                    if is_pause(&error) || error.kind() == std::io::ErrorKind::ConnectionReset =>
                {
                    None
                }
                Err(error) => panic!("recv_from: {error}"),
            });
        match found {
            Some((n, from)) => self.received(from, &buffer[..n]),
            None => {
                let waited = in_words(self.lab.0.patience.wait());
                self.lab
                    .0
                    .story
                    .fails(&self.name, format!("waits {waited} for a datagram"));
                let expected = format!("a datagram to the {}", self.name);
                self.lab
                    .stuck(&expected, &format!("none after {waited}"), None)
            }
        }
    }

    /// Says in the story that a datagram gets no answer.
    pub fn stays_silent(&self) {
        self.lab.0.story.act(&self.name, "stays silent", "");
    }

    pub fn sends_to(&self, to: SocketAddr, bytes: &[u8]) {
        self.sends_to_labelled(to, &hex::count(bytes.len()), bytes);
    }

    /// Sends one datagram; the label stands on the ladder's arrow.
    pub fn sends_to_labelled(&self, to: SocketAddr, label: &str, bytes: &[u8]) {
        self.lab.0.story.carries(&self.name, YOU, label, bytes);
        self.push(to, bytes);
    }

    /// Sends the same datagram every `pause`, in the background.
    pub fn chatters(&self, to: SocketAddr, bytes: &[u8], pause: Duration) -> Chatter {
        let label = format!("{} every {}", hex::count(bytes.len()), in_words(pause));
        self.lab.0.story.carries(&self.name, YOU, label, bytes);
        let stop = Arc::new(AtomicBool::new(false));
        let (peer, bytes, stopped) = (self.clone(), bytes.to_vec(), stop.clone());
        spawn_ours("a peer", move || {
            while !stopped.load(Ordering::Relaxed) && peer.lab.0.failure().is_none() {
                peer.push(to, &bytes);
                thread::sleep(pause);
            }
        });
        Chatter { stop }
    }

    /// Answers each datagram in the background with what `answer` gives: a label for the ladder's arrow
    /// and the bytes, or no answer.
    pub fn answers(
        &self,
        mut answer: impl FnMut(&Datagram) -> Option<(String, Vec<u8>)> + Send + 'static,
    ) -> Answering {
        let stop = Arc::new(AtomicBool::new(false));
        let (peer, stopped) = (self.clone(), stop.clone());
        spawn_ours("a peer", move || {
            let mut buffer = vec![0; 65_535];
            while !stopped.load(Ordering::Relaxed) && peer.lab.0.failure().is_none() {
                // After a time-out, check whether to stop. An error belongs to an earlier reply.
                if let Ok((n, from)) = peer.socket.recv_from(&mut buffer) {
                    let datagram = peer.received(from, &buffer[..n]);
                    match answer(&datagram) {
                        Some((label, bytes)) => peer.sends_to_labelled(from, &label, &bytes),
                        None => peer.stays_silent(),
                    }
                }
            }
        });
        Answering { stop }
    }

    /// Puts a datagram of the student's into the story.
    fn received(&self, from: SocketAddr, bytes: &[u8]) -> Datagram {
        let label = format!("{} from :{}", hex::count(bytes.len()), from.port());
        self.lab.0.story.carries(YOU, &self.name, label, bytes);
        Datagram {
            from,
            bytes: bytes.to_vec(),
        }
    }

    fn push(&self, to: SocketAddr, bytes: &[u8]) {
        // A datagram to a closed port may be reported by the next send; it is not this one's error.
        if self.socket.send_to(bytes, to).is_err() {
            let _ = self.socket.send_to(bytes, to);
        }
    }
}

impl Drop for Chatter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
