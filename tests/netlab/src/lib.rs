//! The laboratory in which every exercise is tested.
//!
//! A test describes a scene: the student's code runs, scripted peers talk to it over real sockets on
//! loopback, and each step is recorded. When an expectation fails, the steps so far are printed as a
//! ladder, together with what was expected, what came, why, and where to read on. Every wait has a
//! deadline, so an answer that hangs gets a verdict too.
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
//!
//! The folders, each of which uses only those below it:
//!
//! | folder | holds |
//! |---|---|
//! | `sockets` | peers, servers, adapters and exact situations: the other end of the student's socket |
//! | `lab` | the test's run and its verdict: deadlines, checks, the student's calls and programs |
//! | `script` | conversations as data, and how they are played to a machine |
//! | `sim` | the simulated network: nodes, links, virtual time |
//! | `pictures` | SVG for the book |
//! | `report` | the story of a test and the text that a failure prints |
//! | `dice` | numbers that look random, from a seed |
//! | `folder` | folders of files for a test |
//! | `needs` | what a machine may not have, and tests that are left out without it |
//! | `protocol` | what netlab agrees on with the programs that run tests |

mod dice;
mod folder;
mod lab;
pub mod needs;
mod pictures;
pub mod protocol;
mod report;
pub mod script;
pub mod sim;
mod sockets;

pub use dice::Dice;
pub use folder::Folder;
pub use lab::Lab;
pub use lab::arguments::words;
pub use lab::clock::{ManualClock, slow_until};
pub use lab::gate::Gate;
pub use lab::program::{End, FULL_OUTPUTS, Program, takes_nothing};
pub use lab::run::{alone, lab, trial, trial_alone};
pub use lab::signals::interrupt;
pub use lab::student::Running;
pub use pictures::{bytes as bytes_picture, canvas as picture};
pub use report::hex;
pub use sockets::situations::{BlackHole, Refused, own_loopback};
pub use sockets::tcp::{TcpPeer, TcpServer};
pub use sockets::udp::{Answering, Chatter, Datagram, UdpPeer};
pub use sockets::{adapters as io, frames, hostile};
