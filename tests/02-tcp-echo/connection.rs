//! Which sockets of this process are open, as Linux tells. Elsewhere nothing is found.

use std::fs;
use std::net::{IpAddr, SocketAddr};

/// The socket of this process with this four-tuple, by its inode, which no other socket gets
/// (proc_pid_net(5)).
pub fn socket(local: SocketAddr, remote: SocketAddr) -> Option<u64> {
    let ends = [hex(local)?, hex(remote)?];
    let table = fs::read_to_string("/proc/self/net/tcp").ok()?;
    table.lines().find_map(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let inode = columns.get(9)?.parse().ok()?;
        (columns[1..3] == ends).then_some(inode)
    })
}

/// Whether a descriptor of this process is that socket.
pub fn is_open(inode: u64) -> bool {
    let link = format!("socket:[{inode}]");
    fs::read_dir("/proc/self/fd").is_ok_and(|descriptors| {
        descriptors.flatten().any(|descriptor| {
            fs::read_link(descriptor.path()).is_ok_and(|to| to.as_os_str() == link.as_str())
        })
    })
}

/// An address as the table writes it: `0100007F:0424` on a little-endian machine.
fn hex(addr: SocketAddr) -> Option<String> {
    let IpAddr::V4(ip) = addr.ip() else {
        return None;
    };
    let ip = u32::from_ne_bytes(ip.octets());
    Some(format!("{ip:08X}:{:04X}", addr.port()))
}
