//! Race 04: ports and demux.

mod flood;
mod hashed;
mod lookups;
#[cfg(feature = "mine-04")]
mod mine;
mod reference;
mod scripts;
mod tables;

use crate::race::Race;

pub const RACE: Race = Race {
    number: "04",
    title: "Ports and demux",
    disciplines: || {
        vec![
            scripts::discipline(),
            lookups::discipline(),
            flood::discipline(),
        ]
    },
    servers: &[],
};
