//! A device in place of a host: the real kernel at the end of a simulated link, in real time.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::net::{Net, NodeId, Restless};
use super::node::{Event, Node, Outbox};
use super::time::Time;

/// What comes to this node leaves the simulation by a device, such as a TUN interface; what the device
/// gives is sent in its name. See [`Net::run_beside`].
#[derive(Debug, Default)]
pub struct Device {
    leaves: Vec<Vec<u8>>,
}

impl Node for Device {
    fn step(&mut self, _now: Time, event: Event, _out: &mut Outbox) {
        if let Event::Arrives { packet, .. } = event {
            self.leaves.push(packet);
        }
    }
}

/// How long a run waits for a packet before it looks whether it is done.
const GLANCE: Duration = Duration::from_millis(10);

impl Net {
    /// Runs as fast as the clock on the wall, from now on until `is_done`, or for `limit`: then it gives
    /// `false`. `given` is what the device gives, from a thread that reads it; `take` puts a packet into
    /// the device. Such a run is not the same twice.
    ///
    /// # Errors
    ///
    /// As for [`Net::run`].
    pub fn run_beside(
        &mut self,
        device: NodeId,
        given: &Receiver<Vec<u8>>,
        mut take: impl FnMut(&[u8]),
        mut is_done: impl FnMut(&Net) -> bool,
        limit: Duration,
    ) -> Result<bool, Restless> {
        let (began, start) = (Instant::now(), self.now());
        loop {
            let now = start + began.elapsed();
            self.run_until(now)?;
            let leaves = self.with(device, |device: &mut Device, _, _| {
                std::mem::take(&mut device.leaves)
            });
            leaves.iter().for_each(|packet| take(packet));
            if is_done(self) {
                return Ok(true);
            }
            if began.elapsed() > limit {
                return Ok(false);
            }
            let next = self.next_time().map_or(GLANCE, |next| next - now);
            match given.recv_timeout(next.min(GLANCE)) {
                Ok(packet) => {
                    self.run_until(start + began.elapsed())?;
                    self.send(device, packet);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(false),
            }
        }
    }
}
