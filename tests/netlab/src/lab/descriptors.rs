//! Open descriptors, as Linux shows them in /proc. Other systems show none.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

#[derive(Clone, Debug, PartialEq)]
pub struct Descriptor {
    number: u32,
    /// `socket:[1234]`, `pipe:[56]` or a path.
    link: String,
}

/// Those of this process, without this one.
pub fn open(without: Option<u32>) -> Vec<Descriptor> {
    let folder = fs::read_dir("/proc/self/fd").into_iter().flatten();
    let open = folder.flatten().filter_map(|entry| {
        let number = entry.file_name().to_string_lossy().parse().ok()?;
        let link = fs::read_link(entry.path()).ok()?;
        let link = link.to_string_lossy().into_owned();
        Some(Descriptor { number, link })
    });
    // The last is the folder that is being read.
    let is_ours = |descriptor: &Descriptor| {
        Some(descriptor.number) == without
            || (descriptor.link.starts_with("/proc/") && descriptor.link.ends_with("/fd"))
    };
    open.filter(|descriptor| !is_ours(descriptor)).collect()
}

impl Descriptor {
    /// `descriptor 5: a TCP socket that listens at 127.0.0.1:4000`.
    pub fn words(&self) -> String {
        let what = match socket_behind(&self.link) {
            Some(inode) => match Socket::find(Path::new("/proc/self"), inode) {
                Some(socket) => socket.words(),
                None => "a socket that is not bound".to_owned(),
            },
            None => self.link.clone(),
        };
        format!("descriptor {}: {what}", self.number)
    }
}

/// The inode in `socket:[INODE]`.
pub fn socket_behind(link: &str) -> Option<&str> {
    link.strip_prefix("socket:[")?.strip_suffix(']')
}

/// A row of the kernel's tables of sockets.
pub struct Socket {
    table: &'static str,
    local: String,
    remote: String,
    state: String,
}

impl Socket {
    /// Looks for a socket in the tables that a process sees; `process` is its folder in /proc.
    pub fn find(process: &Path, inode: &str) -> Option<Socket> {
        ["tcp", "udp", "tcp6", "udp6"]
            .into_iter()
            .find_map(|table| {
                let rows = fs::read_to_string(process.join("net").join(table)).ok()?;
                rows.lines().find_map(|row| {
                    let columns: Vec<_> = row.split_whitespace().collect();
                    (columns.get(9) == Some(&inode)).then(|| Socket {
                        table,
                        local: address(columns[1]),
                        remote: address(columns[2]),
                        state: columns[3].to_owned(),
                    })
                })
            })
    }

    pub fn is_udp(&self) -> bool {
        self.table.starts_with("udp")
    }

    fn words(&self) -> String {
        let (local, remote) = (&self.local, &self.remote);
        match (self.is_udp(), self.state.as_str()) {
            (true, _) => format!("a UDP socket at {local}"),
            (false, "0A") => format!("a TCP socket that listens at {local}"),
            (false, "07") => format!("a TCP socket at {local}"),
            (false, _) => format!("a TCP connection from {local} to {remote}"),
        }
    }
}

/// `0100007F:1F90` as a person writes it, `127.0.0.1:8080`. Of an IPv6 address the port alone.
fn address(hex: &str) -> String {
    let (ip, port) = hex.split_once(':').unwrap_or((hex, ""));
    let port = u16::from_str_radix(port, 16).unwrap_or(0);
    match u32::from_str_radix(ip, 16) {
        // The kernel prints the four bytes of the address as one number of the machine's order.
        Ok(ip) => format!("{}:{port}", Ipv4Addr::from(ip.to_ne_bytes())),
        Err(_) => format!("port {port}"),
    }
}
