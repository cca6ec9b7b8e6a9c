//! The tests of chapter 02, from a listening socket to a program of two roles.

mod connection;
mod failing;
mod s1_listen;
mod s2_streams;
mod s3_serve_one;
mod s4_frames;
mod s5_ask;
mod s6_talk;
mod time_outs;
mod unchanged;

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::Command;

use netlab::Lab;
use tcp_echo::listen_on;

/// Port 0 of 127.0.0.1: the system chooses a free one.
pub(crate) fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// The student's listener of step 1, and its real address.
fn listener(lab: &Lab) -> (TcpListener, SocketAddr) {
    let call = "listen_on(127.0.0.1:0, 16)";
    let listener = lab.ok(call, || match listen_on(loopback(), 16) {
        // Of the four calls one alone says this, and does not say that it was the one.
        Err(e) if e.kind() == ErrorKind::Unsupported => Err(io::Error::new(
            e.kind(),
            format!("{e}: what listen says of a socket that is no stream"),
        )),
        result => result,
    });
    let addr = listener
        .local_addr()
        .expect("a bound socket has an address");
    (listener, addr)
}

fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

fn needs_ipv6(lab: &Lab) {
    if !has_ipv6() {
        lab.skip("this machine has no ::1");
    }
}

/// For a test that goes on in a network of its own: [`ALONE`].
fn needs_own_network(lab: &Lab) {
    let may = Command::new("sh").args(["-c", ALONE, "true"]).output();
    if !may.is_ok_and(|end| end.status.success()) {
        lab.skip("this machine gives a program no network of its own");
    }
}

/// Shell: goes on in a network of its own, with a loopback. Where that is impossible, it ends.
const ALONE: &str = r#"exec unshare --user --map-root-user --net sh -c 'ip link set lo up && exec "$0" "$@"' "$0" "$@""#;
