//! Race 10: TCP receives.

mod assembly;
mod buffers;
#[cfg(feature = "mine-10")]
mod mine;
mod reference;

use crate::race::Race;

pub const RACE: Race = Race {
    number: "10",
    title: "TCP: receive",
    disciplines: || vec![assembly::discipline()],
    servers: &[],
};
