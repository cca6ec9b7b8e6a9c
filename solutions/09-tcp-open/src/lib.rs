//! Chapter 09: how a TCP connection opens.
//!
//! One file a step. `given.rs` and `tcb.rs` are given: what a segment is, what a connection keeps, and the frame
//! of the machine whose parts the steps are.

mod given;
mod s1_numbers;
mod s2_handshake;
mod s3_again;
mod s4_resets;
mod s5_both_ends;
mod s6_listener;
mod tcb;

pub use given::{Segment, Seq, State, Vars};
pub use s1_numbers::{isn, seq_between, seq_lt};
pub use s2_handshake::MIN_MSS;
pub use s4_resets::answer_in_closed;
pub use s6_listener::{Limits, Listener};
pub use tcb::{Config, Event, Notice, Output, Tcb};
