//! Race 08: addresses.

mod lookups;
#[cfg(feature = "mine-08")]
mod mine;
mod others;
mod reference;
mod tables;

use crate::race::Race;

pub const RACE: Race = Race {
    number: "08",
    title: "Addresses",
    disciplines: || vec![lookups::discipline()],
    servers: &[],
};
