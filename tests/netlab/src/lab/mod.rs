//! One test's laboratory: its run, its deadlines, its verdict.
//!
//! Here belongs whatever a test's body says or demands, and whatever watches the student's code while
//! it runs: calls, threads, programs, panics. What speaks over a socket belongs in `sockets`; how a
//! failure reads belongs in `report`.

pub mod arguments;
mod calls;
mod checks;
pub mod clock;
mod descriptors;
mod diagnosis;
mod elsewhere;
mod function;
pub mod gate;
mod idle;
mod inner;
mod leftovers;
mod network;
pub mod ours;
pub mod panics;
mod place;
mod process;
pub mod program;
pub mod run;
mod script;
pub mod signals;
mod source;
mod stderr;
pub mod student;
mod task;
mod testimony;
mod threads;

pub(crate) use inner::GLANCE;
pub use inner::Lab;
