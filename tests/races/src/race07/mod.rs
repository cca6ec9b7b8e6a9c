//! Race 07: delivery.

mod foreign;
#[cfg(feature = "mine-07")]
mod mine;
mod reference;
mod storms;
mod verdicts;

use crate::race::Race;

pub const RACE: Race = Race {
    number: "07",
    title: "Delivery",
    disciplines: || vec![verdicts::discipline()],
    servers: &[],
};
