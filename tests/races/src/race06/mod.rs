//! Race 06: packets.

mod checksum;
mod dissect;
mod frames;
#[cfg(feature = "mine-06")]
mod mine;
mod reference;

use crate::race::{Better, Kind, Measure, Race, View};

pub const RACE: Race = Race {
    number: "06",
    title: "Packets",
    disciplines: || vec![checksum::discipline(), dissect::discipline()],
    servers: &[],
};

fn nanoseconds_of(name: &'static str) -> Kind {
    Kind::Figures {
        measures: vec![Measure {
            name,
            unit: "ns",
            better: Better::Less,
        }],
        view: View::Bars,
    }
}
