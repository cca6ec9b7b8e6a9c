//! Chapter 02: a TCP echo server, from its listening socket to a program of two roles.
//!
//! One file a step. Each step uses the ones before it, and nothing of the ones after it.

mod s1_listen;
mod s2_streams;
mod s3_serve_one;
mod s4_frames;
mod s5_ask;
mod s6_talk;

pub use s1_listen::listen_on;
pub use s2_streams::{echo_stream, recv_exact, send_all};
pub use s3_serve_one::{Served, serve_one};
pub use s4_frames::{FrameError, read_frame, write_frame};
pub use s5_ask::{MAX_MESSAGE, ask, exchange};
pub use s6_talk::{Command, DEFAULT_PORT, Talk, USAGE, answer_one, parse_args, reply_to, run};
