//! Tells a grader how each laboratory ended.
//!
//! An exit code says little: the student's code shares the process with the test and can end it with
//! `std::process::exit(0)`. So a grader names a Unix socket in the environment, accepts one connection
//! and takes the socket away. The connection is made before the first line of the student's code runs,
//! and safe Rust has no way from a descriptor's number to the socket: nobody but this module can write
//! what counts. There is no secret to be read in the process's memory.

use crate::protocol::{Event, Testimony};

/// Writes one line, if anybody wants to know. The first call connects.
pub fn tell(event: Event, test: &str) {
    write(&Testimony {
        event,
        test: test.to_owned(),
    });
}

/// How much work the kernel has had with child processes that have ended: their page faults, of which
/// each has many. It grows whoever started the child, and by whatever means.
pub fn work_of_children() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // PID (NAME) STATE …, where NAME may hold anything.
    let (_, after_name) = stat.rsplit_once(')')?;
    let cminflt = after_name.split_whitespace().nth(8)?;
    cminflt.parse().ok()
}

#[cfg(unix)]
fn write(testimony: &Testimony) {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::sync::{Mutex, OnceLock};

    use crate::protocol::{UNREACHABLE, WITNESS};

    static GRADER: OnceLock<Option<Mutex<UnixStream>>> = OnceLock::new();
    let grader = GRADER.get_or_init(|| {
        let socket = std::env::var_os(WITNESS)?;
        let stream = UnixStream::connect(&socket)
            .unwrap_or_else(|error| panic!("{UNREACHABLE} at {socket:?}: {error}"));
        Some(Mutex::new(stream))
    });
    if let Some(stream) = grader {
        let mut stream = stream
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        // If the grader has gone, it has decided already.
        let _ = stream.write_all(format!("{testimony}\n").as_bytes());
    }
}

#[cfg(not(unix))]
fn write(_testimony: &Testimony) {}
