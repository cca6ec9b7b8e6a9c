//! How much memory a process has, where the system tells (Linux).

use std::fs;

/// A line of proc_pid_status(5), such as `VmRSS`, in kilobytes. The process is a number, or `self`.
pub fn memory(process: &str, what: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let size = text
        .lines()
        .find_map(|line| line.strip_prefix(what)?.strip_prefix(':'))?;
    size.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// Runs this, and gives by how many kilobytes the tests' own memory has grown meanwhile, at its peak. Other tests may
/// run beside it, so only a hundred megabytes mean anything.
pub fn peak<T>(run: impl FnOnce() -> T) -> (T, Option<u64>) {
    // The peak begins anew with this (proc_pid_clear_refs(5)).
    let is_anew = fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = memory("self", "VmRSS");
    let done = run();
    let after = memory("self", "VmHWM").filter(|_| is_anew);
    let grown = after
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before));
    (done, grown)
}
