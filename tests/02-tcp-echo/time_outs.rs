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

/// Demands that a read of that socket, and an accept, may wait as long as it takes.
pub fn is_none_for_reading(lab: &Lab, process: u32, inode: u64) {
    if let Some([(what, time_out), _]) = of(process, inode) {
        lab.holds(
            time_out.is_none(),
            format!("no time-out of the listener for {what}"),
            format!("{time_out:?}"),
        );
    }
}

#[cfg(target_os = "linux")]
fn of(process: u32, inode: u64) -> Option<[(&'static str, Option<Duration>); 2]> {
    let socket = handle(process, inode)?;
    let socket = socket2::SockRef::from(&socket);
    let (reading, writing) = (socket.read_timeout().ok()?, socket.write_timeout().ok()?);
    Some([("reading", reading), ("writing", writing)])
}

/// Has the system give that connection up, with TimedOut, as soon as nobody takes its bytes. `false` where a
/// test cannot reach the socket.
pub fn comes_early(process: u32, inode: u64) -> bool {
    #[cfg(target_os = "linux")]
    if let Some(socket) = handle(process, inode) {
        let at_once = Some(Duration::from_millis(1));
        return socket2::SockRef::from(&socket)
            .set_tcp_user_timeout(at_once)
            .is_ok();
    }
    let _ = (process, inode);
    false
}

/// One more handle of that socket.
#[cfg(target_os = "linux")]
fn handle(process: u32, inode: u64) -> Option<std::os::fd::OwnedFd> {
    use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

    let number = super::connection::descriptor(process, inode)?;
    let process = Pid::from_raw(process.try_into().ok()?)?;
    let process = pidfd_open(process, PidfdFlags::empty()).ok()?;
    pidfd_getfd(process, number, PidfdGetfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn of(_process: u32, _inode: u64) -> Option<[(&'static str, Option<Duration>); 2]> {
    None
}
