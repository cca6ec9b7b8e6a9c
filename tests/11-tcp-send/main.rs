//! The tests of chapter 11: how a TCP sends.

mod conversation;
#[cfg(feature = "stretch")]
mod fat;
mod hostile;
mod network;
mod plots;
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
mod wire;
mod words;
