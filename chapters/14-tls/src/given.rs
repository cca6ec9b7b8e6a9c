//! Given, not an exercise: what carries the records, and who does the arithmetic.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use concurrent_server::{Clock, Waits};
use http1::Stream;
use rustls::NamedGroup;
use rustls::crypto::CryptoProvider;

/// The ciphers, the key exchanges and the signatures that rustls uses here.
///
/// The key exchange with ML-KEM, which withstands quantum computers, is left out: it makes a ClientHello three
/// times as long, and takes most of the time of a handshake in a debug build.
pub fn provider() -> Arc<CryptoProvider> {
    let mut provider = rustls_graviola::default_provider();
    let is_hybrid = |name| name == NamedGroup::X25519MLKEM768;
    provider.kx_groups.retain(|group| !is_hybrid(group.name()));
    Arc::new(provider)
}

/// A clock that a stream can carry along, and another thread with it.
pub type StreamClock = Arc<dyn Clock + Send + Sync>;

/// A TCP connection that belongs to who holds it. (A server of chapter 03 lends its clients out, as
/// `&TcpStream`, which is a [`Stream`] already.)
#[derive(Debug)]
pub struct Tcp(pub TcpStream);

impl Read for Tcp {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Tcp {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Waits for Tcp {
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        (&self.0).wait_at_most(limit)
    }
}

impl Stream for Tcp {
    fn end_writing(&mut self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }
}
