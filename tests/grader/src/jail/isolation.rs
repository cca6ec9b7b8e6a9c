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
}
