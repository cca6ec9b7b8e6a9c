//! Numbers that look random, the same ones for the same seed on every system.

use std::fmt::Debug;

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Dice of their own for each stream of a seed: what happens on one link changes nothing on
    /// another.
    pub fn of_stream(seed: u64, stream: u64) -> Dice {
        let mut dice = Dice(seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        dice.next();
        dice
    }

    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end` - 1. `end` is not 0.
    pub fn below<N>(&mut self, end: N) -> N
    where
        N: TryInto<u64, Error: Debug> + TryFrom<u64, Error: Debug>,
    {
        let end = end.try_into().expect("a number that is not negative");
        N::try_from(self.next() % end).expect("a number less than `end`")
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Whether something of this probability happens now. A probability of 0 takes no number, so
    /// that switching a fault off leaves the others as they are.
    pub fn hits(&mut self, probability: f64) -> bool {
        probability > 0.0 && ((self.next() >> 11) as f64) < probability * (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_those_of_the_paper() {
        // Seed 0, as in the reference implementation's test vector.
        let mut dice = Dice::new(0);
        assert_eq!(dice.next(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(dice.next(), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn a_probability_is_met_and_its_ends_are_certain() {
        let mut dice = Dice::of_stream(7, 0);
        let hits = (0..100_000).filter(|_| dice.hits(0.05)).count();
        assert!((4_700..5_300).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| dice.hits(1.0) && !dice.hits(0.0)));
        assert!((0..1_000).all(|_| dice.below(3) < 3));
    }
}
