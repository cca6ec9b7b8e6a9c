//! The kernel's limits on a process and on all that it starts.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::cell::Quotas;

/// Sets them on this process. Nobody below it can raise them again.
pub fn apply(quotas: Quotas) -> Result<(), String> {
    // A machine without memory ends a submission before anybody else: limits are a process's, and a
    // submission may start many. This is Linux's; elsewhere the machine chooses as it likes.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    // Who starts the grader may keep files to himself. What the compiler writes, a test must read.
    rustix::process::umask(rustix::fs::Mode::WGRP | rustix::fs::Mode::WOTH);
    let limits = [
        (Resource::Core, 0),
        (Resource::Cpu, quotas.cpu_seconds),
        (Resource::Fsize, quotas.file_mib << 20),
        (Resource::Nofile, quotas.files),
        #[cfg(not(any(target_os = "macos", target_os = "openbsd")))]
        (Resource::As, quotas.memory_mib << 20),
        (Resource::Nproc, quotas.processes),
    ];
    for (resource, most) in limits {
        // Nobody can go above what is set already.
        let allowed = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        // SIGXCPU says why it comes; SIGKILL, which the kernel sends at the upper limit, does not.
        let grace = if resource == Resource::Cpu { 5 } else { 0 };
        let both = Rlimit {
            current: Some(allowed.min(most)),
            maximum: Some(allowed.min(most + grace)),
        };
        setrlimit(resource, both).map_err(|error| format!("no limit on {resource:?}: {error}"))?;
    }
    Ok(())
}
