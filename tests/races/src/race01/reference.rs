//! The reference, and the library that it calls in its last step.

use std::net::SocketAddr;

use udp_dns_lookup_solution as udp_dns_lookup;

use super::servers::{HOST, Outcome, Tries};

#[path = "ours.rs"]
pub mod ours;

/// The same look-up by hickory-resolver, under the name trust-dns-resolver.
pub fn ask_with_library(server: SocketAddr, tries: Tries) -> Outcome {
    let found = udp_dns_lookup::lookup_ip_with_library(server, HOST, ours::patience(tries));
    match ours::outcome(found) {
        // It tells first in which layer it happened.
        Outcome::Error(words) => {
            let layers = ["protocol error: ", "decoding error: "];
            let bare = layers.iter().fold(words.as_str(), |words, layer| {
                words.strip_prefix(layer).unwrap_or(words)
            });
            Outcome::Error(bare.to_owned())
        }
        outcome => outcome,
    }
}
