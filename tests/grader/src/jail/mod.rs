//! What keeps a submission from the rest of the machine.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How much of it, from weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// A process group and a deadline.
    None,
    /// Limits on memory, files and processes as well.
    Rlimits,
    /// Linux: Landlock and seccomp as well. It cannot read or write what is not its own.
    Landlock,
    /// Linux with bubblewrap: namespaces of its own as well. It sees no other process and no network.
    Bwrap,
}
