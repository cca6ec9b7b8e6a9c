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

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): a few
/// instructions, the same on every system.
pub fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Numbers by chance, from [`splitmix64`].
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice of their own for each stream of a seed: what happens on one link changes nothing on
    /// another.
    pub fn new(seed: u64, stream: u64) -> Dice {
        let mut dice = Dice(seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        dice.next();
        dice
    }

    pub fn next(&mut self) -> u64 {
        splitmix64(&mut self.0)
    }

    /// Whether something of this probability happens now. A probability of 0 takes no number, so
    /// that switching a fault off leaves the others as they are.
    pub fn hits(&mut self, probability: f64) -> bool {
        probability > 0.0 && ((self.next() >> 11) as f64) < probability * (1_u64 << 53) as f64
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_those_of_the_paper() {
        // Seed 0, as in the reference implementation's test vector.
        let mut dice = Dice(0);
        assert_eq!(dice.next(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(dice.next(), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn a_probability_is_met_and_its_ends_are_certain() {
        let mut dice = Dice::new(7, 0);
        let hits = (0..100_000).filter(|_| dice.hits(0.05)).count();
        assert!((4_700..5_300).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| dice.hits(1.0) && !dice.hits(0.0)));
        assert!((0..1_000).all(|_| dice.below(3) < 3));
    }
}
