//! What was handed in: a stranger's files.
//!
//! Belongs here: what is taken of them, what is refused, what a person should look at, and their fingerprint.

pub mod collect;
pub(crate) mod digest;
pub mod look;
pub mod unsafe_token;
