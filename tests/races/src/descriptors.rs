//! How many files and sockets a process may have open.

/// Lets this process, and those that it starts, have so many, as far as the system lets it.
#[cfg(unix)]
pub fn allow(many: usize) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let many = many as u64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` is no limit.
    if current.is_none_or(|current| current >= many) {
        return Ok(());
    }
    let raised = Rlimit {
        current: Some(many),
        maximum,
    };
    setrlimit(Resource::Nofile, raised)
        .map_err(|error| format!("{many} descriptors are needed: {error}"))
}

#[cfg(not(unix))]
pub fn allow(_: usize) -> Result<(), String> {
    Ok(())
}
