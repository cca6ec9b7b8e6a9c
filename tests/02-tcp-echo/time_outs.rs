//! The time-outs of a socket on which the student's code waits, in this process or in a program's. So a
//! limit of ten seconds can be seen without waiting for it.

use std::time::Duration;

use netlab::Lab;

/// Demands that the time-outs of that socket are more than `least`, and at most `most`. A wait that is
/// limited in another way has none, and cannot be seen.
pub fn are_within(lab: &Lab, process: u32, inode: u64, least: Duration, most: Duration) {
    let Some(time_outs) = of(process, inode) else {
        // This machine shows no test a socket of a program (pidfd_getfd).
        return;
    };
    for (what, time_out) in time_outs {
        let Some(time_out) = time_out else { continue };
        lab.holds(
            time_out > least && time_out <= most,
            format!("a time-out of {most:?} for {what}"),
            format!("{time_out:?}"),
        );
    }
}

#[cfg(target_os = "linux")]
fn of(process: u32, inode: u64) -> Option<[(&'static str, Option<Duration>); 2]> {
    use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
    use socket2::SockRef;

    let number = super::connection::descriptor(process, inode)?;
    let process = Pid::from_raw(process.try_into().ok()?)?;
    let process = pidfd_open(process, PidfdFlags::empty()).ok()?;
    let socket = pidfd_getfd(process, number, PidfdGetfdFlags::empty()).ok()?;
    let socket = SockRef::from(&socket);
    let (reading, writing) = (socket.read_timeout().ok()?, socket.write_timeout().ok()?);
    Some([("reading", reading), ("writing", writing)])
}

#[cfg(not(target_os = "linux"))]
fn of(_process: u32, _inode: u64) -> Option<[(&'static str, Option<Duration>); 2]> {
    None
}
