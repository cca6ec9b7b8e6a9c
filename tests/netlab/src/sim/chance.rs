//! Seeded chance: the same seed, the same network.

use std::time::Duration;

/// What happens to packets by chance, each with a probability from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chance {
    pub lose: f64,
    /// A second copy comes right behind the first.
    pub repeat: f64,
    /// One bit is turned over.
    pub flip: f64,
    /// The packet takes longer, up to `late_by`, so that later ones overtake it.
    pub late: f64,
    pub late_by: Duration,
}

impl Chance {
    pub fn lose(probability: f64) -> Chance {
        Chance {
            lose: probability,
            ..Chance::default()
        }
    }
}
