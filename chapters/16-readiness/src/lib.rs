//! Chapter 16: one thread that serves thousands of sockets.
//!
//! One file a step. Each step uses the ones before it, and nothing of the ones after it.

mod s1_protocol;
mod s2_streams;
mod s3_conn;
mod s4_loop;
mod s5_deadlines;
mod s6_server;
mod s7_program;

pub use s1_protocol::{EchoFrames, MAX_FRAME, Protocol};
pub use s2_streams::{Drained, Filled, drain, fill};
pub use s3_conn::{Conn, INBOX, Next, OUTBOX, TURN};
pub use s4_loop::{Event, Id, Loop, Waker};
pub use s5_deadlines::Deadlines;
pub use s6_server::{Limits, Server};
pub use s7_program::{
    BACKLOG, Command, DEFAULT_PORT, GRACE, LIMITS, Report, Serve, Stop, USAGE, parse_args, run,
    serve,
};
