//! What a socket's owner has set, to be compared before and after a look at the socket.

use std::time::Duration;

use netlab::Lab;
use socket2::{Socket, Type};

/// The options of a socket, as the kernel tells them.
pub fn options(s: &Socket) -> Vec<(&'static str, String)> {
    // What a system or a family does not know is an error before and after.
    let mut all = vec![
        ("read timeout", format!("{:?}", s.read_timeout().ok())),
        ("write timeout", format!("{:?}", s.write_timeout().ok())),
        ("SO_REUSEADDR", format!("{:?}", s.reuse_address().ok())),
        ("SO_KEEPALIVE", format!("{:?}", s.keepalive().ok())),
        ("SO_BROADCAST", format!("{:?}", s.broadcast().ok())),
        ("SO_LINGER", format!("{:?}", s.linger().ok())),
        ("SO_RCVBUF", format!("{:?}", s.recv_buffer_size().ok())),
        ("SO_SNDBUF", format!("{:?}", s.send_buffer_size().ok())),
        ("TCP_NODELAY", format!("{:?}", s.tcp_nodelay().ok())),
        ("IP_TTL", format!("{:?}", s.ttl_v4().ok())),
    ];
    #[cfg(unix)]
    all.push(("non-blocking", format!("{:?}", s.nonblocking().ok())));
    #[cfg(target_os = "linux")]
    all.push(("descriptor flags", descriptor_flags(s)));
    all
}

/// The flags of the descriptor: O_NONBLOCK and O_CLOEXEC are among them.
#[cfg(target_os = "linux")]
fn descriptor_flags(s: &Socket) -> String {
    use std::os::fd::AsRawFd;

    let path = format!("/proc/self/fdinfo/{}", s.as_raw_fd());
    let info = std::fs::read_to_string(path).unwrap_or_default();
    let flags = info.lines().find(|line| line.starts_with("flags:"));
    flags.unwrap_or_default().to_owned()
}

/// Sets the options that a careless look might reset.
pub fn set_options(s: &Socket) {
    let set = || -> std::io::Result<()> {
        s.set_nonblocking(true)?;
        s.set_read_timeout(Some(Duration::from_secs(60)))?;
        s.set_write_timeout(Some(Duration::from_secs(70)))?;
        s.set_reuse_address(true)?;
        s.set_keepalive(true)?;
        if s.r#type()? == Type::STREAM {
            s.set_tcp_nodelay(true)?;
        } else {
            s.set_broadcast(true)?;
        }
        Ok(())
    };
    set().expect("the options of a socket");
}

/// Demands that the options are what they were.
pub fn same_options(lab: &Lab, which: &str, before: &[(&'static str, String)], s: &Socket) {
    for ((name, before), (_, after)) in before.iter().zip(options(s)) {
        lab.same(&format!("{name} of {which}"), &after, before);
    }
}
