//! Chapter 03: from a server that one silent client stops to one that many cannot.
//!
//! One file a step. Each step uses the ones before it, and nothing of the ones after it.
//! `client.rs` is given: the words in which the steps talk to each other. So is `signals.rs`, for the
//! program.

mod client;
mod s1_iterative;
mod s2_threads;
mod s3_limit;
mod s4_workers;
mod s5_accept_errors;
mod s6_acceptor;
mod s7_shutdown;
mod s8_deadlines;
mod s9_program;
mod signals;

pub use client::{Acceptor, Client, Handler, Stats};
pub use s1_iterative::serve_iterative;
pub use s2_threads::serve_threads;
pub use s3_limit::{Slot, Slots, serve_limited};
pub use s4_workers::{Full, Job, MOST_WORKERS, PoolReport, WorkerPool, serve_workers};
pub use s5_accept_errors::{AfterError, PAUSE, accept_patiently, after_error};
pub use s6_acceptor::ClosableAcceptor;
pub use s7_shutdown::{Mode, Report, Server};
pub use s8_deadlines::{Clock, Limits, SystemClock, Timed, Waits};
pub use s9_program::{
    BACKLOG, Command, DEFAULT_PORT, DEFAULT_WORKERS, EchoFrames, GRACE, LIMITS, MAX_FRAME, QUEUE,
    Serve, USAGE, parse_args, run,
};
pub use signals::StopSignals;
