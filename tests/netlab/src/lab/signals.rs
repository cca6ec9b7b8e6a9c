//! Signals to the student's program. Unix.

use std::fs;
use std::process::Command;

use super::program::Program;
use crate::report::story::YOU;

impl Program {
    /// What Ctrl-C does on a terminal: the signal [`interrupt`].
    pub fn is_interrupted(&self) {
        self.gets(interrupt());
    }

    /// Sends it a signal, by its short name: `INT`, `TERM`, `HUP`.
    pub fn gets(&self, signal: &str) {
        let ctrl_c = if signal == "INT" { "Ctrl-C, " } else { "" };
        self.lab
            .0
            .story
            .act(YOU, format!("{} gets {ctrl_c}SIG{signal}", self.name()), "");
        let done = Command::new("kill")
            .args([&format!("-{signal}"), &self.id().to_string()])
            .status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "cannot send SIG{signal} with the command kill"
        );
    }

    /// Whether it catches this signal. Linux tells; elsewhere `false`.
    pub fn catches(&self, signal: &str) -> bool {
        is_in(signal, &self.id().to_string(), "SigCgt:")
    }
}

/// The signal of Ctrl-C, by its short name: `INT`. It is `TERM` where SIGINT is ignored by this test and by all that
/// it starts, as a shell arranges it for what runs in the background.
pub fn interrupt() -> &'static str {
    if is_in("INT", "self", "SigIgn:") {
        "TERM"
    } else {
        "INT"
    }
}

/// Whether a signal is in one of the masks of a process (proc_pid_status(5)).
fn is_in(signal: &str, process: &str, mask: &str) -> bool {
    let number = match signal {
        "HUP" => 1,
        "INT" => 2,
        "TERM" => 15,
        _ => panic!("SIG{signal} has no number here"),
    };
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix(mask));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (number - 1)) != 0)
}
