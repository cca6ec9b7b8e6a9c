//! Landlock: limits which files a process may read and write, whoever runs it.

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};

use super::bwrap::SCRATCH;
use super::cell::Cell;
use super::isolation::Isolation;

/// The newest version that we know. An older kernel enforces what it can, from `LEAST` on.
const ABI_KNOWN: ABI = ABI::V6;
const LEAST: ABI = ABI::V1;

/// What the system's own programs, the loader and the tests read.
const SYSTEM: [&str; 10] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/hosts",
    super::HELPER,
];

/// What a program asks about itself and the network.
const RUNNING: [&str; 2] = ["/proc", "/dev/urandom"];

/// bubblewrap's own pseudo-terminals, for a test of what a program says to a person.
const TERMINALS: [&str; 1] = ["/dev/pts"];

/// Devices that anybody may write to.
const DEVICES: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/full"];

/// From now on this process sees no others but those that it starts, and reads no file but in these folders, as far
/// as the jail lets it.
pub fn hide_others(folders: &[PathBuf]) -> Result<(), String> {
    // Moving from folder to folder is refused where a jail does not speak of it.
    let handled = AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::Refer;
    let rules = || {
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(handled)?
            .scope(Scope::from_all(ABI_KNOWN))?
            .create()?
            .add_rules(path_beneath_rules(folders, handled))?
            .restrict_self()
    };
    let status =
        rules().map_err(|error: landlock::RulesetError| format!("no Landlock: {error}"))?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err("the kernel has no Landlock".into()),
        _ => Ok(()),
    }
}

pub fn apply(cell: &Cell, level: Isolation) -> Result<(), String> {
    let read = AccessFs::from_read(ABI_KNOWN);
    // A process cannot execute what it has written.
    let write: BitFlags<AccessFs> = AccessFs::from_all(ABI_KNOWN) & !AccessFs::Execute;
    let running = match cell.sees_proc {
        true => &RUNNING[..],
        false => &[],
    };
    let devices = match cell.is_ours {
        true => AccessFs::WriteFile.into(),
        false => read | AccessFs::WriteFile,
    };
    let rules = || {
        let mut ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(LEAST))?
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(ABI_KNOWN))?
            .scope(Scope::from_all(ABI_KNOWN))?
            .create()?;
        if level == Isolation::Bwrap {
            ruleset = ruleset
                .add_rules(path_beneath_rules(SCRATCH, write))?
                .add_rules(path_beneath_rules(TERMINALS, write))?;
        }
        ruleset
            .add_rules(path_beneath_rules(SYSTEM, read))?
            .add_rules(path_beneath_rules(running, read))?
            .add_rules(path_beneath_rules(&cell.reads, read))?
            .add_rules(path_beneath_rules(DEVICES, devices))?
            .add_rules(path_beneath_rules(&cell.writes, write))?
            .restrict_self()
    };
    let status =
        rules().map_err(|error: landlock::RulesetError| format!("no Landlock: {error}"))?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err("the kernel has no Landlock".into()),
        _ => Ok(()),
    }
}
