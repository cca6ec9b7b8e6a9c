//! The tests of chapter 02, from a listening socket to a program of two roles.

pub(crate) mod banned;
mod s1_listen;
mod s2_streams;
mod s3_serve_one;
mod s4_frames;
mod s5_ask;
mod s6_talk;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use netlab::Lab;
use tcp_echo::listen_on;

/// Port 0 of 127.0.0.1: the system chooses a free one.
pub(crate) fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// The student's listener of step 1, and its real address.
fn listener(lab: &Lab) -> (TcpListener, SocketAddr) {
    let listener = lab.ok("listen_on(127.0.0.1:0, 16)", || listen_on(loopback(), 16));
    let addr = listener
        .local_addr()
        .expect("a bound socket has an address");
    (listener, addr)
}
