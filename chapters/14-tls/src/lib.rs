//! Chapter 14: TLS, from the one message that anybody can read to HTTPS that knows whom it talks to.
//!
//! One file a step. Each step uses the ones before it, and nothing of the ones after it.
//! `given.rs` and `refusal.rs` are given. The cryptography is rustls's.

mod given;
mod refusal;
mod s1_hello;
mod s2_identity;
mod s3_stream;
mod s4_ends;
mod s5_https;
mod s6_program;

pub use given::{StreamClock, Tcp, provider};
pub use refusal::Refusal;
pub use s1_hello::{ClientHello, MAX_FRAGMENT, MAX_HELLO, Record, client_hello, parse_record};
pub use s2_identity::{
    Doubt, Identity, Site, client_config, doubt, name_matches, pick, server_config, server_name,
};
pub use s3_stream::{MAX_UNSENT, TlsStream};
pub use s4_ends::{Cut, End, LAST_WORD, read_all};
pub use s5_https::{TlsManager, accept, serve_https};
pub use s6_program::{
    Command, DEFAULT_PORT, Get, LIMITS, MAX_CLIENTS, PATIENCE, Serve, USAGE, parse_args, run,
};
