//! Chapter 13: HTTP/1.1, from a head that comes in pieces to a server and a client that agree where each
//! message ends.
//!
//! One file a step. Each step uses the ones before it, and nothing of the ones after it.
//! `message.rs` is given: the words in which the steps talk to each other.

mod message;
mod s1_head;
mod s2_length;
mod s3_chunked;
mod s4_serve;
mod s5_client;
mod s6_program;

// Chapter 03's words in the signatures here: who calls `serve_connection` needs no other library.
pub use concurrent_server::{Clock, SystemClock, Waits};
pub use message::{
    App, Fields, HttpError, Request, RequestHead, Response, ResponseHead, Version, reason,
};
pub use s1_head::{MAX_FIELDS, MAX_HEAD, MAX_LINE, parse_request, parse_response};
pub use s2_length::{BodyLen, request_body, response_body};
pub use s3_chunked::{Chunked, MAX_CHUNK_LINE, MAX_TRAILERS};
pub use s4_serve::{Limits, Stream, serve_connection};
pub use s5_client::{Answer, Ask, Client, MAX_BODY, MAX_INTERIM, exchange};
pub use s6_program::{
    Command, DEFAULT_PORT, Files, GRACE, LIMITS, MAX_CLIENTS, PATIENCE, Serve, USAGE, Url,
    parse_args, parse_url, run,
};
