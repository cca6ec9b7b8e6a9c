//! Chapter 07: what IP does with a packet on its way, and what it does not promise.
//!
//! One file a step. Each step uses the ones before it, and the headers of chapter 06. Given are
//! `given.rs`, what the steps share, and the program: `program.rs`, with the networks that it can use.

mod given;
mod internet;
mod program;
mod s1_host;
mod s2_fragment;
mod s3_reassembly;
mod s4_icmp;
mod s5_router;
mod s6_probes;
mod s7_arp;
mod s8_ping;
mod tun;
mod tunnel;

pub use given::{Path, is_one_host};
pub use program::run;
pub use s1_host::{Discard, Host, Received};
pub use s2_fragment::{FragError, fragment};
pub use s3_reassembly::{Limits, Outcome, Reassembly, Why};
pub use s4_icmp::{Cause, Echo, Icmp, IcmpError, answer_echo, icmp_error};
pub use s5_router::{Interface, Router};
pub use s6_probes::{Hop, NoAnswer, path_mtu, traceroute};
pub use s7_arp::{Action, ArpCache, ArpError, ArpPacket, Operation};
pub use s8_ping::{Pong, Responder, ping};
