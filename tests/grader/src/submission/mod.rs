//! What was handed in: a stranger's files.
//!
//! Belongs here: what is taken of them, what is refused, and their fingerprint.

pub mod collect;
pub(crate) mod digest;
pub mod unsafe_token;
