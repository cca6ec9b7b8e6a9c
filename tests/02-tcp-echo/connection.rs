//! Which sockets of this process, or of this machine, are open, as Linux tells. Elsewhere nothing is found.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use netlab::Lab;

/// The socket of this process with this four-tuple, by its inode, which no other socket gets
/// (proc_pid_net(5)).
pub fn socket(local: SocketAddr, remote: SocketAddr) -> Option<u64> {
    const INODE: usize = 9;
    let ends = ends(local, remote)?;
    let table = fs::read_to_string(TABLE).ok()?;
    let row = table
        .lines()
        .find(|row| behind_number(row).starts_with(&ends))?;
    row.split_whitespace().nth(INODE)?.parse().ok()
}

/// Waits until connections to `local` are no more: the RST of their other ends has arrived. A busy machine
/// delivers it after the call that sent it has returned.
pub fn are_gone(lab: &Lab, local: SocketAddr, remotes: &[SocketAddr]) {
    let ends: Vec<_> = remotes
        .iter()
        .filter_map(|remote| ends(local, *remote))
        .collect();
    let is_there = || {
        let table = fs::read_to_string(TABLE).unwrap_or_default();
        let mut rows = table.lines().map(behind_number);
        rows.any(|row| ends.iter().any(|ends| row.starts_with(ends)))
    };
    lab.until("the client's RST to arrive", is_there, |there| !there);
}

/// Waits until all that the other end has sent, and its FIN, has arrived at `local`.
pub fn has_ended(lab: &Lab, local: SocketAddr, remote: SocketAddr) {
    const CLOSE_WAIT: &str = "08 ";
    let Some(ends) = ends(local, remote) else {
        return;
    };
    let fin_is_there = || {
        let table = fs::read_to_string(TABLE).unwrap_or_default();
        let mut rows = table.lines().map(behind_number);
        rows.any(|row| {
            row.strip_prefix(&ends)
                .is_some_and(|rest| rest.starts_with(CLOSE_WAIT))
        })
    };
    lab.until("the client's FIN to arrive", fin_is_there, |there| *there);
}

/// Who listens at this address of the machine, at any port.
pub fn listening(ip: Ipv4Addr) -> Option<SocketAddr> {
    const ROW: usize = 150;
    const LISTENS: &str = "0A";
    let home = hex((ip, 0).into())?;
    let (home, _) = home.split_once(':')?;
    // Those that listen come first. Behind them the kernel has to look for each row.
    let table = BufReader::with_capacity(ROW, File::open(TABLE).ok()?);
    let rows = table.lines().skip(1).map_while(Result::ok);
    let mut listeners = rows.take_while(|row| row.split_whitespace().nth(3) == Some(LISTENS));
    listeners.find_map(|row| {
        let port = behind_number(&row).strip_prefix(home)?.get(1..5)?;
        Some((ip, u16::from_str_radix(port, 16).ok()?).into())
    })
}

/// The kernel's table of TCP sockets. Where others have worked it has thousands of rows.
const TABLE: &str = "/proc/self/net/tcp";

/// The beginning of a connection's row, behind its number: `0100007F:1F90 0100007F:C350 `.
fn ends(local: SocketAddr, remote: SocketAddr) -> Option<String> {
    Some(format!("{} {} ", hex(local)?, hex(remote)?))
}

fn behind_number(row: &str) -> &str {
    row.split_once(": ").map_or("", |(_, rest)| rest)
}

/// Whether a descriptor of this process is that socket.
fn is_open(inode: u64) -> bool {
    descriptor(std::process::id(), inode).is_some()
}

/// Demands that no descriptor of this process is that socket, now that the student's `function` has
/// returned.
pub fn is_closed(lab: &Lab, socket: Option<u64>, function: &str) {
    lab.holds(
        !socket.is_some_and(is_open),
        format!("no handle of the client's socket when your {function} has returned"),
        "one is open still: a clone? a thread that goes on?",
    );
}

/// The number of a descriptor of a process that is that socket.
pub fn descriptor(process: u32, inode: u64) -> Option<i32> {
    let link = format!("socket:[{inode}]");
    let mut descriptors = fs::read_dir(format!("/proc/{process}/fd")).ok()?.flatten();
    let is_it = |entry: &fs::DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|to| to.as_os_str() == link.as_str())
    };
    let found = descriptors.find(is_it)?;
    found.file_name().to_str()?.parse().ok()
}

/// An address as the table writes it: `0100007F:0424` on a little-endian machine.
fn hex(addr: SocketAddr) -> Option<String> {
    let IpAddr::V4(ip) = addr.ip() else {
        return None;
    };
    let ip = u32::from_ne_bytes(ip.octets());
    Some(format!("{ip:08X}:{:04X}", addr.port()))
}
