//! Why something fails, derived from what happened: the usual causes of an error, a panic, a wait.
//!
//! A test says why its expectations matter. A failure is often about something else: an error of the
//! wrong kind, a panic, a hang. These tables explain that.

mod errors;
mod panics;
mod waits;

pub use errors::{RESET_BY_YOU, of_error};
pub use panics::of_panic;
pub use waits::{Doing, Wait};
