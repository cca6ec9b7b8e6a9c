//! Where a race was run, and with what.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub system: String,
    /// How many tasks wanted to run, on average over the minute before the race.
    pub load: Option<f64>,
    pub rustc: String,
    /// Debug builds are for the tests; their figures say nothing.
    pub optimised: bool,
}

impl Machine {
    pub fn here() -> Machine {
        let of_file = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpu = of_file("/proc/cpuinfo").lines().find_map(|line| {
            Some(
                line.strip_prefix("model name")?
                    .split_once(':')?
                    .1
                    .trim()
                    .to_owned(),
            )
        });
        let kernel = of_file("/proc/sys/kernel/osrelease");
        let system = format!("{} {}", std::env::consts::OS, kernel.trim());
        Machine {
            cpu: cpu.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            system: system.trim_end().to_owned(),
            load: of_file("/proc/loadavg")
                .split(' ')
                .next()
                .and_then(|load| load.parse().ok()),
            rustc: program("rustc", &["--version"])
                .map(|version| format!("rustc {version}"))
                .unwrap_or_default(),
            optimised: !cfg!(debug_assertions),
        }
    }

    /// For a line below a table or a picture.
    pub fn line(&self) -> String {
        let mut line = format!("{}, {} cores, {}", self.cpu, self.cores, self.system);
        if !self.rustc.is_empty() {
            line += &format!(", {}", self.rustc);
        }
        line
    }
}

/// The version of a library that the races are built with, from Cargo.lock: `1.54.1`.
pub fn library(name: &str) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    static VERSIONS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let lock: Lock =
            toml::from_str(include_str!("../../../Cargo.lock")).expect("Cargo.lock is TOML");
        let packages = lock.package.into_iter();
        packages
            .map(|package| (package.name, package.version))
            .collect()
    });
    VERSIONS
        .get(name)
        .cloned()
        .ok_or_else(|| format!("{name} is not in Cargo.lock"))
}

/// The version that a program tells when it is asked with these arguments: the first word that begins
/// with a digit. An error when the program is not installed.
pub fn program(name: &str, arguments: &[&str]) -> Result<String, String> {
    let absent = |_| format!("{name} is not installed");
    let output = Command::new(name)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(absent)?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let words = said.split(|c: char| c.is_whitespace() || c == '/');
    let version = words
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or_default();
    let end = version.find(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    Ok(version[..end.unwrap_or(version.len())].to_owned())
}

/// socat's version.
pub fn socat() -> Result<String, String> {
    program("socat", &["-V"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        let tokio = library("tokio").unwrap();
        assert!(tokio.starts_with("1."), "{tokio}");
        assert!(library("no-such-crate").is_err());
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let absent = program("no-such-program", &[]).unwrap_err();
        assert_eq!(absent, "no-such-program is not installed");
    }

    #[test]
    fn rustc_tells_its_version() {
        let version = program("rustc", &["--version"]).unwrap();
        assert!(version.starts_with("1."), "{version}");
    }
}
