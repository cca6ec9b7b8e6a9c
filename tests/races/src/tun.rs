//! Linux at the end of a simulated link: a TUN device in a network namespace.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use netlab::sim::{Net, NodeId};
use tappers::{Interface, Tun};

/// A TUN device, whose other end is the kernel.
pub struct Kernel {
    tun: Arc<Tun>,
    given: Receiver<Vec<u8>>,
}

impl Kernel {
    /// The kernel sends into the device what is for the others of 10.9.0.0/24.
    pub const ADDR: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);

    /// Makes the device in the namespace of this process, in which its user must be root. There can be one.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    #[expect(clippy::new_without_default, reason = "it changes the system")]
    pub fn new() -> Kernel {
        let name = Interface::new("tun0").expect("a name");
        let tun = Arc::new(Tun::new_named(name).expect("a TUN device"));
        let addr = format!("addr add {}/24 dev tun0", Kernel::ADDR);
        // What the kernel sends to itself goes over lo.
        for command in [&addr, "link set tun0 up", "link set lo up"] {
            let run = Command::new("ip").args(command.split(' ')).status();
            assert!(run.expect("ip").success(), "ip {command}");
        }
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
        Kernel { tun, given }
    }

    /// Runs the network as fast as the clock on the wall, with the kernel as the node `device`, a
    /// [`netlab::sim::Device`]. `false`: the limit came first.
    ///
    /// # Panics
    ///
    /// If the network does not come to rest.
    pub fn runs(
        &self,
        net: &mut Net,
        device: NodeId,
        is_done: impl FnMut(&Net) -> bool,
        limit: Duration,
    ) -> bool {
        let take = |packet: &[u8]| {
            // A device that is full loses the packet, as any network may.
            let _ = self.tun.send(packet);
        };
        let run = net.run_beside(device, &self.given, take, is_done, limit);
        run.unwrap_or_else(|restless| panic!("{}", restless.summary))
    }
}
