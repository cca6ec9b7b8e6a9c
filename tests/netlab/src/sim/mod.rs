//! A simulated network: nodes, links and virtual time. No thread, no socket, no sleep.
//!
//! A [`Node`] is a pure machine: something arrives or its time comes, and it says what it sends and
//! when it wants to be woken. A [`Net`] joins nodes by links, which have a delay, a rate, an MTU, a
//! queue, an explicit plan of faults and seeded chance. Time jumps from one event to the next, so a
//! minute of a protocol takes microseconds, and the same seed gives the same [`Trace`] everywhere.
//!
//! ```ignore
//! use netlab::sim::{Event, Inbox, Kind, Link, Net, Node, Outbox, Time, second};
//!
//! /// Sends back what it gets.
//! struct Echo;
//! impl Node for Echo {
//!     fn step(&mut self, _now: Time, event: Event, out: &mut Outbox) {
//!         if let Event::Arrives { port, packet } = event {
//!             out.send(port, packet);
//!         }
//!     }
//! }
//!
//! let mut net = Net::new(1);
//! let client = net.add("client", Inbox::default()); // keeps what comes
//! let server = net.add("server", Echo);
//! net.join(client, server, Link::default().delay_ms(25));
//! net.way(client, server).loses(second(Kind::Packet));
//!
//! for packet in [b"one", b"two"] {
//!     net.send(client, packet.to_vec());
//! }
//! net.run().expect("it comes to rest");
//! assert_eq!(net.now(), Time::from_millis(50));
//! assert_eq!(net.node::<Inbox>(client).packets(), [b"one"]);
//! print!("{}", net.trace().text()); // the ladder; .svg(…) and .pcapng() are the same run
//! ```
//!
//! In a test, make the network with [`Lab::net`](crate::Lab::net): a failure then prints its ladder.
//!
//! A foreign stack is a node like any other; see [`Device`] for the real kernel at the end of a link.
//!
//! A plan reads as it is said. Each is counted from 1 for one direction of one link, a packet may be
//! the matter of several, and [`Trace::plans_not_met`] lists those that were for no packet:
//!
//! ```ignore
//! net.way(client, server)
//!     .loses(first(Kind::Data))
//!     .repeats(third(Kind::Packet))
//!     .delivers_after(second(Kind::Packet), fourth(Kind::Packet))
//!     .flips(nth(7, Kind::Udp), 17, 0)
//!     .delays(every(Kind::Ack), Duration::from_millis(5));
//! ```

mod chance;
mod decode;
mod device;
mod inbox;
mod ladder;
mod link;
mod medium;
mod net;
mod node;
mod pcapng;
mod plan;
mod queue;
mod record;
mod store;
mod svg;
mod time;
mod trace;
mod way;
mod wires;

pub use chance::Chance;
pub use device::Device;
pub use inbox::{Arrival, Inbox};
pub use link::{Flip, Link, Loss};
pub use medium::Medium;
pub use net::{LinkId, Net, NodeId, Restless};
pub(crate) use net::{SharedTrace, read};
pub use node::{Event, Node, Outbox};
pub use plan::{Kind, Which, every, first, fourth, nth, second, third};
pub use record::Fate;
pub use time::Time;
pub use trace::{Counts, Entry, Note, Trace};
pub use way::Way;
