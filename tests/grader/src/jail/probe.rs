//! Runs a program in the jail to see what is really in force.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use super::Jail;
use super::cell::{Cell, Ending, Quotas};
use super::isolation::Isolation;
use super::watch::Share;

pub const WORD: &str = "--probe";

/// The namespaces by which a jail differs from the machine.
const NAMESPACES: [&str; 5] = ["pid", "net", "mnt", "ipc", "uts"];

/// A probe takes milliseconds. A machine that is busy must not get a weaker jail for it.
const PATIENCE: Duration = Duration::from_secs(60);

impl Jail {
    /// What is in force in a process of this jail, in words; an error says why it cannot be had.
    pub(super) fn probe(&self) -> Result<String, String> {
        let helper = match self.level {
            Isolation::Bwrap => PathBuf::from(super::HELPER),
            _ => self.helper.clone(),
        };
        let cell = Cell {
            program: helper.clone(),
            args: vec![WORD.into()],
            env: Vec::new(),
            dir: "/".into(),
            reads: match self.level {
                Isolation::Bwrap => Vec::new(),
                _ => vec![helper],
            },
            writes: Vec::new(),
            is_ours: false,
            is_alone: false,
            sees_proc: true,
            quotas: Quotas {
                memory_mib: 4096,
                processes: 4096,
                files: 1024,
                file_mib: 1,
                cpu_seconds: 10,
            },
        };
        let outcome = self
            .run(&cell, &Share::until(PATIENCE))
            .map_err(|problem| problem.to_string())?;
        if outcome.ending != Ending::Exited(0) {
            let said = outcome.stderr.text();
            return Err(match said.trim() {
                "" => format!("the probe ended with {:?}", outcome.ending),
                said => said.into(),
            });
        }
        let seen = outcome.stdout.text();
        let value = |name: &str| {
            seen.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
                .unwrap_or_default()
        };
        let mut words = Vec::new();
        let apart = |name: &&str| !value(name).is_empty() && value(name) != namespace(name);
        if NAMESPACES.iter().all(apart) {
            words.push("bwrap");
        } else if self.level == Isolation::Bwrap {
            return Err("it shares namespaces with the machine".into());
        }
        if value("landlock") == "yes" {
            words.push("landlock");
        }
        if value("seccomp") == "2" {
            words.push("seccomp");
        }
        if self.level >= Isolation::Landlock && !words.ends_with(&["landlock", "seccomp"]) {
            return Err("Landlock and seccomp are not in force".into());
        }
        words.push("rlimits");
        Ok(words.join("+"))
    }
}

fn namespace(name: &str) -> String {
    fs::read_link(Path::new("/proc/self/ns").join(name))
        .map(|link| link.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Runs in the jail and prints what it sees.
pub fn run() -> ExitCode {
    for name in NAMESPACES {
        println!("{name} {}", namespace(name));
    }
    // Every thread may write its own name, unless Landlock forbids it.
    let is_denied = fs::read("/proc/self/comm").is_ok()
        && fs::write("/proc/self/comm", "probe")
            .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
    println!("landlock {}", if is_denied { "yes" } else { "no" });
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let seccomp = status
        .lines()
        .find_map(|line| line.strip_prefix("Seccomp:"));
    println!("seccomp {}", seccomp.unwrap_or_default().trim());
    ExitCode::SUCCESS
}
