//! Chapter 11: how a TCP sends: what, how much at once, when to repeat, and when to wait.
//!
//! One file a step. Steps 1 to 7 are the parts, step 8 puts them together as the [`Sender`] of a connection.
//! Step 9 is a stretch goal, behind the feature `stretch`; `sack_sender.rs`, which uses it, is given.
//! Numbers and segments come from chapter 09.

mod s1_rto;
mod s2_segments;
mod s3_window;
mod s4_flight;
mod s5_waiting;
mod s6_congestion;
mod s7_recovery;
mod s8_sender;
#[cfg(feature = "stretch")]
mod s9_scoreboard;
#[cfg(feature = "stretch")]
mod sack_sender;

pub use s1_rto::{RtoLimits, RttEstimator};
pub use s2_segments::segmentize;
pub use s3_window::{Heard, SendWindow};
pub use s4_flight::{Alarm, Flight};
pub use s5_waiting::{Persist, Piece, may_go};
pub use s6_congestion::Congestion;
pub use s7_recovery::Recovery;
pub use s8_sender::{Config, Sender};
#[cfg(feature = "stretch")]
pub use s9_scoreboard::{DUP_THRESH, Next, Scoreboard};
#[cfg(feature = "stretch")]
pub use sack_sender::SackSender;
