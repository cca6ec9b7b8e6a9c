//! The tests of chapter 00. One module a step.

mod cards;
mod s1_byte_order;
mod s2_reader;
mod s3_card;
mod s4_lifecycle;
mod unchanged;

use std::net::SocketAddr;

use bytes_and_sockets::SocketCard;

/// The port, where 0 and no address both mean "none yet".
fn port(addr: Option<SocketAddr>) -> u16 {
    addr.map_or(0, |addr| addr.port())
}

/// Whether the card says so. Only Linux is held to it: other systems may not tell.
fn listens(card: &SocketCard, yes: bool) -> bool {
    card.listening == Some(yes) || (card.listening.is_none() && !cfg!(target_os = "linux"))
}
