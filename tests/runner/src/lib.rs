//! Processes: starts them in a group of their own, waits with a deadline, captures what they print,
//! and ends them with all that they have started. And how cargo calls rustc, for who does so itself.

pub mod capture;
pub mod child;
pub mod rustc;
pub mod test_binary;

pub use netlab::protocol;
