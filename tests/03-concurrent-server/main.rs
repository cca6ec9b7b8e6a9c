//! The tests of chapter 03, from one client after the other to a server that nobody can stop but you.

mod s1_iterative;
mod s2_threads;
mod s3_limit;
mod s4_workers;
mod s5_accept_errors;
mod s6_acceptor;
mod s7_shutdown;
mod s8_deadlines;
mod s9_program;
pub(crate) mod scene;
