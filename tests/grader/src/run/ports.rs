//! Ports that the submission before has used up.
//!
//! Where the jail has no network of its own, all submissions have the machine's ports. One from which a connection
//! was closed stays taken for a minute (TIME-WAIT, RFC 9293 §3.6.1), also when its process has ended. Whoever closes
//! connections from all of them leaves none to the next submission.

/// Waits until there are ports enough for a submission: a little longer than a minute at most, for others may use
/// the machine as well.
#[cfg(unix)]
pub fn wait() {
    use std::time::{Duration, Instant};
    const LONGEST: Duration = Duration::from_secs(70);

    let began = Instant::now();
    while !are_there() && began.elapsed() < LONGEST {
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[cfg(not(unix))]
pub fn wait() {}

/// Whether so many sockets can be bound at a time as no test binds.
#[cfg(unix)]
fn are_there() -> bool {
    use rustix::io::Errno;
    const ENOUGH: usize = 500;

    let mut bound = Vec::new();
    while bound.len() < ENOUGH {
        match unix::bind_any() {
            Ok(socket) => bound.push(socket),
            Err(Errno::ADDRINUSE | Errno::ADDRNOTAVAIL) => return false,
            // It has nothing to do with ports, and whoever needs one will say so.
            Err(_) => return true,
        }
    }
    true
}

#[cfg(unix)]
mod unix {
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
    use std::os::fd::OwnedFd;

    use rustix::io::{Errno, Result};
    use rustix::net::{AddressFamily, SocketType, bind, socket};

    /// A socket with a port that is free at every address. It does not listen.
    pub fn bind_any() -> Result<OwnedFd> {
        match socket(AddressFamily::INET6, SocketType::STREAM, None) {
            Ok(any) => {
                bind(&any, &SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0))?;
                Ok(any)
            }
            Err(Errno::AFNOSUPPORT) => {
                let any = socket(AddressFamily::INET, SocketType::STREAM, None)?;
                bind(&any, &SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0))?;
                Ok(any)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    #[test]
    fn a_machine_that_nobody_floods_has_ports() {
        let any = super::unix::bind_any().expect("a port");
        assert!(super::are_there());
        drop(any);
    }
}
