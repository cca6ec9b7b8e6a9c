//! How strong a jail is.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// From weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// A deadline.
    None,
    /// A process group, and limits on memory, files and processes as well. Unix.
    Rlimits,
    /// Landlock and seccomp as well: it cannot read or write what is not its own. Linux.
    Landlock,
    /// Namespaces of its own as well: it sees no other process and no network. Linux with bubblewrap.
    Bwrap,
}

impl Isolation {
    /// As the command line has it.
    pub fn name(self) -> String {
        let value = self.to_possible_value().expect("no variant is skipped");
        value.get_name().to_owned()
    }

    /// That of a report, whose words are `bwrap+landlock+seccomp+rlimits`.
    pub fn of_words(words: &str) -> Option<Isolation> {
        let strongest = words.split(['+', ',']).next()?;
        Isolation::from_str(strongest, false).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_the_strength() {
        for (words, level) in [
            ("bwrap+landlock+seccomp+rlimits", Some(Isolation::Bwrap)),
            (
                "landlock+seccomp+rlimits, one submission at a time",
                Some(Isolation::Landlock),
            ),
            ("rlimits", Some(Isolation::Rlimits)),
            ("none, one submission at a time", Some(Isolation::None)),
            ("", None),
        ] {
            assert_eq!(Isolation::of_words(words), level, "{words}");
        }
    }
}
