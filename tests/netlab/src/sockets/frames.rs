//! Chapter 02's frames, for peers of the chapters that speak them: the length of the payload, four
//! bytes in network byte order, and then the payload.

use std::net::SocketAddr;

use super::tcp::TcpPeer;
use crate::lab::Lab;
use crate::report::hex;

/// The bytes of one frame.
pub fn frame(payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let len = u32::try_from(payload.len()).expect("a test's frame has a length of four bytes");
    [&len.to_be_bytes()[..], payload].concat()
}

/// The bytes of several frames, one behind the other.
pub fn frames<T: AsRef<[u8]>>(payloads: impl IntoIterator<Item = T>) -> Vec<u8> {
    payloads.into_iter().flat_map(frame).collect()
}

impl TcpPeer {
    pub fn sends_frame(&self, payload: impl AsRef<[u8]>) {
        let payload = payload.as_ref();
        let label = format!("a frame of {}", hex::count(payload.len()));
        self.sends_labelled(&label, &frame(payload));
    }

    /// Reads the bytes of this frame, and no more.
    pub fn expects_frame(&self, payload: impl AsRef<[u8]>) {
        self.expects(&frame(payload));
    }
}

impl Lab {
    /// A client of a server that echoes frames: asks, reads its echo, ends its stream, and waits for
    /// the server's end.
    pub fn gets_an_echo(&self, name: &str, addr: SocketAddr) {
        let client = self.connect_as(name, addr);
        client.sends_frame("hello");
        client.expects_frame("hello");
        client.half_closes();
        client.expects_eof();
    }
}
