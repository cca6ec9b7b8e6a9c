//! The kernel's name for a socket of this process.

/// The inode, by which `/proc/net` names the socket.
#[cfg(unix)]
pub fn inode(socket: &impl std::os::fd::AsRawFd) -> u64 {
    let link = format!("/proc/self/fd/{}", socket.as_raw_fd());
    let target = std::fs::read_link(link).expect("a link to the socket");
    let target = target.to_string_lossy();
    let digits = target.trim_start_matches("socket:[").trim_end_matches(']');
    digits.parse().expect("an inode")
}

/// Only for the compiler: what asks for an inode is skipped elsewhere than on Linux.
#[cfg(not(unix))]
pub fn inode<T>(_socket: &T) -> u64 {
    unreachable!("only Linux names sockets by inodes")
}
