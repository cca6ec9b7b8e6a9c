//! Chapter 12: how a connection ends, and a host that has many of them.
//!
//! One file a step. Each step uses the ones before it. `connection.rs` is given: the frame of a connection, which opens with
//! chapter 09's machine. So is the program: `program.rs`, `lines.rs`, `site.rs`, `task.rs`, `tun.rs` and `web.rs`.

mod connection;
mod lines;
mod program;
mod s1_states;
mod s2_verdict;
mod s3_time_wait;
mod s4_streams;
mod s5_order;
mod s6_cut;
mod s7_bytes;
mod s8_host;
mod site;
mod task;
#[cfg(target_os = "linux")]
mod tun;
mod web;

pub use connection::{Config, Connection};
pub use program::run;
pub use s1_states::{Sign, after};
pub use s2_verdict::{Challenges, Verdict, View, judge};
pub use s3_time_wait::{Late, TimeWait};
pub use s7_bytes::{from_bytes, to_bytes};
pub use s8_host::{ConnId, Host, Received, Refusal};
pub use site::{Program, Site};
pub use web::{Get, Serve};
