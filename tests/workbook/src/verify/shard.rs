//! `--shard 2/4`: one of several even parts, for machines that share the work.

use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Counted from 1.
    pub number: usize,
    pub of: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let parts = text.split_once('/');
        let parts = parts.and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Shard { number, of }),
            _ => Err("a shard is 1/4, 2/4, 3/4 or 4/4, for instance".to_owned()),
        }
    }
}

impl Shard {
    /// Those of the things, in their order, that belong to this shard. What stands side by side stays
    /// together, since the things of one chapter share a build. The shards cost about the same, and
    /// each thing belongs to exactly one.
    pub fn part<T>(self, things: Vec<T>, cost: impl Fn(&T) -> usize) -> Vec<T> {
        let total: usize = things.iter().map(&cost).sum();
        let mut before = 0;
        let is_here = |thing: &T| {
            let middle = 2 * before + cost(thing);
            before += cost(thing);
            middle * self.of / (2 * total) + 1 == self.number
        };
        things.into_iter().filter(is_here).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_even_and_together_they_are_all() {
        // 118 in all, 39 a shard; the dearest thing costs 30.
        let costs = vec![30, 11, 1, 1, 9, 9, 30, 3, 3, 3, 8, 8, 2];
        let mut all = Vec::new();
        for number in 1..=3 {
            let part = Shard { number, of: 3 }.part(costs.clone(), |&cost| cost);
            let sum: usize = part.iter().sum();
            assert!((39 - 15..=39 + 15).contains(&sum), "{number}/3 costs {sum}");
            all.extend(part);
        }
        assert_eq!(all, costs);
    }

    #[test]
    fn a_shard_may_have_nothing_to_do() {
        let shard = |number| Shard { number, of: 9 }.part(vec!["one"], |_| 5);
        let parts: Vec<&str> = (1..=9).flat_map(shard).collect();
        assert_eq!(parts, ["one"]);
        assert!(
            Shard { number: 1, of: 1 }
                .part(Vec::<u8>::new(), |_| 1)
                .is_empty()
        );
    }

    #[test]
    fn a_shard_is_written_with_a_stroke() {
        assert_eq!("2/4".parse(), Ok(Shard { number: 2, of: 4 }));
        for wrong in ["0/4", "5/4", "1/0", "2", "a/b", "-1/4"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
