//! Race 01: a DNS look-up.

mod codec;
mod dig;
mod hostile;
#[cfg(feature = "mine-01")]
mod mine;
mod reference;
mod servers;
#[allow(dead_code, reason = "the tests of chapter 01 use the rest")]
#[path = "../../../01-udp-dns-lookup/wire.rs"]
mod wire;

use crate::race::Race;

pub const RACE: Race = Race {
    number: "01",
    title: "a DNS look-up",
    disciplines: || vec![hostile::discipline(), codec::discipline()],
    servers: &[],
};
