//! Chapter 10: how TCP makes a stream out of segments that are lost, late, repeated and cut in
//! other places.
//!
//! One file a step. Steps 1 to 6 each solve one question alone, and step 7 puts them together:
//! chapter 12 uses its [`Receiver`]. Steps 8 and 9 are stretch goals, behind the feature
//! `stretch`. Numbers of the sequence space and segments are those of chapter 09.

mod s1_acceptable;
mod s2_assembler;
mod s3_end;
mod s4_unwrap;
mod s5_window;
mod s6_delay;
mod s7_receiver;
#[cfg(feature = "stretch")]
mod s8_scale;
#[cfg(feature = "stretch")]
mod s9_sack;

pub use s1_acceptable::acceptable;
pub use s2_assembler::Assembler;
pub use s3_end::Inbound;
pub use s4_unwrap::unwrap_seq;
pub use s5_window::Offer;
pub use s6_delay::{AckPlan, AckTimer};
pub use s7_receiver::Receiver;
#[cfg(feature = "stretch")]
pub use s8_scale::{MAX_SHIFT, Scale, ScaledOffer, shift_for, shift_offered};
#[cfg(feature = "stretch")]
pub use s9_sack::{Blocks, islands};
