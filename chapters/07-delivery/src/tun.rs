//! Given: the kernel as the network, through two TUN devices in a network namespace of one's own.
//!
//! ```text
//! you        tun0      the kernel      tun1    a host of yours
//! 10.9.0.2 ─ 10.9.0.1           10.8.0.1 ─ 10.8.0.2
//! ```
//!
//! The kernel answers at 10.9.0.1, and is the router to the other link, whose MTU is 1280.

use std::net::Ipv4Addr;

/// The address of the host that sends.
pub const YOU: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);

#[cfg(all(feature = "tun", target_os = "linux"))]
pub use device::Kernel;
#[cfg(not(all(feature = "tun", target_os = "linux")))]
pub use none::Kernel;

#[cfg(all(feature = "tun", target_os = "linux"))]
mod device {
    use std::fs;
    use std::net::Ipv4Addr;
    use std::process::Command;
    use std::sync::Arc;
    use std::sync::mpsc::{self, Receiver};
    use std::thread;
    use std::time::{Duration, Instant};

    use tappers::{Interface, Tun};

    use crate::{Path, Responder};

    /// How long to wait for an answer.
    const WAIT: Duration = Duration::from_secs(1);

    pub struct Kernel {
        tun: Arc<Tun>,
        given: Receiver<Vec<u8>>,
    }

    impl Kernel {
        /// # Errors
        ///
        /// Why there is no device, or no namespace in which a device is harmless.
        pub fn open() -> Result<Kernel, String> {
            let users = fs::read_to_string("/proc/self/uid_map").map_err(|e| e.to_string())?;
            if users.split_whitespace().eq(["0", "0", "4294967295"]) {
                return Err("this is the machine's own network; begin with unshare -Urn".to_owned());
            }
            let tun = device("tun0", "10.9.0.1/24", "1500")?;
            let far = device("tun1", "10.8.0.1/24", "1280")?;
            fs::write("/proc/sys/net/ipv4/ip_forward", "1").map_err(|e| e.to_string())?;
            thread::spawn(move || {
                let mut host = Responder::new(Ipv4Addr::new(10, 8, 0, 2), 1280);
                let begun = Instant::now();
                answers(&far, &given_by(&far), |datagram| {
                    host.receive(begun.elapsed(), datagram)
                });
            });
            let given = given_by(&tun);
            Ok(Kernel { tun, given })
        }

        /// Sends what `answer` makes of each datagram of the kernel's, for ever.
        pub fn answers(&self, answer: impl FnMut(&[u8]) -> Vec<Vec<u8>>) {
            answers(&self.tun, &self.given, answer);
        }
    }

    impl Path for Kernel {
        fn send(&mut self, datagram: Vec<u8>) {
            // What cannot be sent is lost.
            let _ = self.tun.send(&datagram);
        }

        fn receive(&mut self) -> Option<Vec<u8>> {
            self.given.recv_timeout(WAIT).ok()
        }
    }

    /// A TUN device at whose other end the kernel has this address.
    fn device(name: &str, addr: &str, mtu: &str) -> Result<Arc<Tun>, String> {
        let interface = Interface::new(name).map_err(|e| e.to_string())?;
        let tun = Tun::new_named(interface).map_err(|e| e.to_string())?;
        for args in [
            &["addr", "add", addr, "dev", name][..],
            &["link", "set", name, "mtu", mtu, "up"],
        ] {
            let run = Command::new("ip").args(args).output();
            let run = run.map_err(|error| format!("the command ip: {error}"))?;
            if !run.status.success() {
                return Err(String::from_utf8_lossy(&run.stderr).trim().to_owned());
            }
        }
        Ok(Arc::new(tun))
    }

    /// What the kernel sends to a device.
    fn given_by(tun: &Arc<Tun>) -> Receiver<Vec<u8>> {
        let (send, given) = mpsc::channel();
        let reader = tun.clone();
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok(length) = reader.recv(&mut buffer) {
                // The kernel also looks for IPv6 routers.
                if buffer[0] >> 4 == 4 && send.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        given
    }

    fn answers(
        tun: &Tun,
        given: &Receiver<Vec<u8>>,
        mut answer: impl FnMut(&[u8]) -> Vec<Vec<u8>>,
    ) {
        for datagram in given {
            for out in answer(&datagram) {
                let _ = tun.send(&out);
            }
        }
    }
}

#[cfg(not(all(feature = "tun", target_os = "linux")))]
mod none {
    use crate::Path;

    pub enum Kernel {}

    impl Kernel {
        /// # Errors
        ///
        /// There never is a device.
        pub fn open() -> Result<Kernel, String> {
            let needs = "it needs Linux, and `--features tun` behind `cargo run`";
            Err(needs.to_owned())
        }

        pub fn answers(&self, _answer: impl FnMut(&[u8]) -> Vec<Vec<u8>>) {
            match *self {}
        }
    }

    impl Path for Kernel {
        fn send(&mut self, _datagram: Vec<u8>) {
            match *self {}
        }

        fn receive(&mut self) -> Option<Vec<u8>> {
            match *self {}
        }
    }
}
