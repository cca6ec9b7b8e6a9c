//! What decides how a submission is graded, besides the submission itself.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::jail::Isolation;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Folders of chapters, `02-tcp-echo`. Empty: the whole course.
    pub chapters: Vec<String>,
    /// The instructor's own tests: a folder that holds folders like `tests/02-tcp-echo`.
    pub hidden: Option<PathBuf>,
    /// Whether optional steps count.
    pub optional: bool,
    pub seed: Seed,
    pub limits: Limits,
    /// Refuse to run with a weaker jail.
    pub require_isolation: Option<Isolation>,
    /// Use no stronger jail.
    pub at_most: Isolation,
}

/// Where the seed of a submission's tests comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seed {
    /// The same number for every student.
    Exact(u64),
    /// A number for each student, derived from this one; the same in every run.
    OfClass(u64),
}

impl Seed {
    /// A random number.
    pub fn drawn() -> u64 {
        use std::hash::{BuildHasher, Hasher};
        let random = std::collections::hash_map::RandomState::new();
        random.build_hasher().finish() >> 32
    }

    pub fn of(self, student: &str) -> u64 {
        match self {
            Seed::Exact(seed) => seed,
            Seed::OfClass(seed) => {
                let hash = Sha256::new()
                    .chain_update(seed.to_be_bytes())
                    .chain_update(student)
                    .finalize();
                // 32 bits, which every program that reads JSON can hold.
                u64::from(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]))
            }
        }
    }
}

/// What a submission may use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Multiplies netlab's deadlines: a noisy machine must not cost points.
    pub patience: f64,
    /// Address space of a process, MiB.
    pub memory_mib: u64,
    /// Processes and threads of a test.
    pub processes: u64,
    /// Open descriptors of a process.
    pub files: u64,
    /// Length of a file that a process writes, and of all that it puts into /tmp, MiB.
    pub file_mib: u64,
    /// Seconds for which the tests of a chapter may be awake, one after the other, in the usual patience. Those
    /// that are left then have a moment each.
    pub awake_seconds: u64,
    /// Seconds for which the tests of a chapter may run, asleep or awake, in the usual patience. Those that are
    /// left then are not run.
    pub tests_seconds: u64,
    /// Seconds of processor time that the compiler may take for a library, and half of that for a program or the
    /// tests. By the clock it has half as much again, for all of a chapter.
    pub compile_seconds: u64,
    /// Seconds that the compiler may wait without doing anything.
    pub compile_waits_seconds: u64,
    /// Memory that the compiler may take for one crate, MiB.
    pub compile_memory_mib: u64,
}

impl Limits {
    /// How long the compiler may run for a chapter, by the clock. A machine that has others to serve as well takes
    /// longer than the processor time of the compiler.
    pub fn compile_wall(&self) -> Duration {
        self.patiently(Duration::from_secs(self.compile_seconds).mul_f64(1.5))
    }

    /// How long the tests of a chapter may run, asleep or awake, by the clock.
    pub fn tests_wall(&self) -> Duration {
        self.patiently(Duration::from_secs(self.tests_seconds))
    }

    /// On a machine that needs more patience than usual, everything may take longer.
    pub fn patiently(&self, usual: Duration) -> Duration {
        usual.mul_f64((self.patience / Limits::default().patience).max(1.0))
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            patience: 2.0,
            memory_mib: 2048,
            processes: 1024,
            files: 4096,
            file_mib: 64,
            awake_seconds: 25,
            tests_seconds: 60,
            compile_seconds: 40,
            compile_waits_seconds: 3,
            compile_memory_mib: 4096,
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            chapters: Vec::new(),
            hidden: None,
            optional: false,
            seed: Seed::Exact(1),
            limits: Limits::default(),
            require_isolation: None,
            at_most: Isolation::Bwrap,
        }
    }
}
