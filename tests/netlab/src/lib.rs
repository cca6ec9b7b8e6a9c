//! The laboratory in which every exercise is tested.
//!
//! A test describes a scene: the student's code runs, scripted peers talk to it over real sockets on
//! loopback, and each step is recorded. When an expectation fails, the steps so far are printed as a
//! ladder together with what was expected, what came, why it matters and where to read on. Every
//! wait has a deadline, so an answer that hangs gets a verdict too.
//!
//! ```ignore
//! #[test]
//! fn s3_half_close_still_gets_its_echo() {
//!     netlab::lab(|lab| {
//!         lab.why("shutdown(Write) closes one direction only; the other one still carries your reply.");
//!         let listener = lab.ok("listen_on(127.0.0.1:0, 16)", || listen_on(loopback(), 16));
//!         let addr = listener.local_addr().unwrap();
//!         let server = lab.student("serve_one(listener)", move || serve_one(&listener));
//!
//!         let peer = lab.connect(addr);
//!         peer.sends(b"hello");
//!         peer.half_closes();
//!         peer.expects(b"hello");
//!         peer.expects_eof();
//!         server.returns_ok();
//!     });
//! }
//! ```

pub mod bytes_picture;
mod checks;
mod clock;
mod gate;
pub mod hex;
pub mod hostile;
pub mod io;
mod lab;
mod ladder;
mod ladder_picture;
mod panics;
mod patience;
pub mod picture;
mod program;
mod report;
mod situations;
mod story;
mod student;
mod task;
mod tcp;
mod test_name;
mod udp;
mod witness;

pub use clock::ManualClock;
pub use gate::Gate;
pub use lab::{Lab, lab, trial};
pub use program::{End, Program};
pub use situations::{BlackHole, Refused};
pub use student::Running;
pub use tcp::{TcpPeer, TcpServer};
pub use udp::{Answering, Chatter, Datagram, UdpPeer};
