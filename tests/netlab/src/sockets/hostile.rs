//! Eight clients of the kind that every server on an open network meets sooner or later.
//!
//! They speak the frames of chapter 02: four bytes of length, big-endian, then the payload. None of
//! them violates TCP, and most misbehave by accident.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::tcp::TcpPeer;
use crate::lab::Lab;
use crate::lab::ours::spawn_ours;

/// One of the eight. [`Hostile::comes`] starts it.
#[derive(Clone, Copy, Debug)]
pub struct Hostile {
    /// For a table: `says nothing`.
    pub name: &'static str,
    act: fn(&Lab, SocketAddr) -> Present,
}

/// A hostile client at work. It leaves when this value is dropped; some have left already.
pub struct Present {
    // The thread ends before the connection does.
    _busy: Option<Busy>,
    _peer: Option<TcpPeer>,
}

/// A thread that runs until this value is dropped.
struct Busy {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// All eight. Those that leave at once come first.
pub const CLIENTS: [Hostile; 8] = [
    Hostile {
        name: "connects and leaves",
        act: |lab, addr| {
            client(lab, addr).closes();
            Present::gone()
        },
    },
    Hostile {
        name: "resets the connection",
        act: |lab, addr| {
            let peer = client(lab, addr);
            peer.sends_labelled("half a frame", &HALF);
            peer.resets();
            Present::gone()
        },
    },
    Hostile {
        name: "announces 4 GiB",
        act: |lab, addr| {
            let peer = client(lab, addr);
            peer.sends_labelled("announces 4 GiB", b"\xff\xff\xff\xff");
            Present::here(peer)
        },
    },
    Hostile {
        name: "ends its stream inside a frame",
        act: |lab, addr| {
            let peer = client(lab, addr);
            peer.sends_labelled("half a frame", &HALF);
            peer.half_closes();
            Present::here(peer)
        },
    },
    Hostile {
        name: "says nothing",
        act: |lab, addr| {
            let peer = client(lab, addr);
            lab.note("the hostile client says nothing");
            Present::here(peer)
        },
    },
    Hostile {
        name: "stops inside a frame",
        act: |lab, addr| {
            let peer = client(lab, addr);
            peer.sends_labelled("half a frame, no more", &HALF);
            Present::here(peer)
        },
    },
    Hostile {
        name: "sends a byte now and then",
        act: |lab, addr| {
            let peer = client(lab, addr);
            lab.note("the hostile client sends a frame of 60 000 bytes, a byte at a time");
            let pieces = std::iter::once(60_000_u32.to_be_bytes().to_vec())
                .chain(std::iter::repeat_n(vec![0], 60_000));
            Present::busy(peer, pieces, Duration::from_millis(10))
        },
    },
    Hostile {
        name: "sends and never reads",
        act: |lab, addr| {
            let peer = client(lab, addr);
            lab.note("the hostile client sends one frame after the other and reads nothing");
            let mut frame = 50_000_u32.to_be_bytes().to_vec();
            frame.resize(4 + 50_000, b'x');
            Present::busy(peer, std::iter::repeat(frame), Duration::ZERO)
        },
    },
];

/// Five bytes are announced, two come.
const HALF: [u8; 6] = *b"\0\0\0\x05he";

fn client(lab: &Lab, addr: SocketAddr) -> TcpPeer {
    lab.connect_as("hostile", addr)
}

impl Hostile {
    /// Connects and misbehaves.
    pub fn comes(&self, lab: &Lab, addr: SocketAddr) -> Present {
        (self.act)(lab, addr)
    }
}

impl Present {
    fn gone() -> Present {
        Present {
            _busy: None,
            _peer: None,
        }
    }

    fn here(peer: TcpPeer) -> Present {
        Present {
            _busy: None,
            _peer: Some(peer),
        }
    }

    /// Sends these pieces in the background, with a pause after each.
    fn busy(
        peer: TcpPeer,
        pieces: impl Iterator<Item = Vec<u8>> + Send + 'static,
        pause: Duration,
    ) -> Present {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = stop.clone();
        let mut stream = peer.stream().try_clone().expect("another handle");
        stream
            .set_write_timeout(Some(Duration::from_millis(20)))
            .expect("a write time-out");
        let thread = spawn_ours("a peer", move || {
            for piece in pieces {
                let mut rest = &piece[..];
                while !rest.is_empty() {
                    if asked.load(Ordering::Relaxed) {
                        return;
                    }
                    match stream.write(rest) {
                        Ok(n) => rest = &rest[n..],
                        Err(e)
                            if matches!(
                                e.kind(),
                                ErrorKind::WouldBlock
                                    | ErrorKind::TimedOut
                                    | ErrorKind::Interrupted
                            ) => {}
                        // The server has closed or reset the connection.
                        Err(_) => return,
                    }
                }
                thread::sleep(pause);
            }
        });
        Present {
            _busy: Some(Busy {
                stop,
                thread: Some(thread),
            }),
            _peer: Some(peer),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
