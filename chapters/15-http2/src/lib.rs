//! Chapter 15: HTTP/2, from nine bytes before every frame to a server and a client that have many requests under way on one
//! connection.
//!
//! One file a step. Each step uses the ones before it, and nothing of the ones after it.
//! Given are `words.rs`, the words in which the steps talk to each other; `tables.rs`, the tables of HPACK; and
//! `connection.rs`, which says when each step's function is called.

mod connection;
mod s1_frames;
mod s2_hpack;
mod s3_settings;
mod s4_streams;
mod s5_content;
mod s6_limits;
mod s7_program;
mod tables;
mod words;

pub use connection::{Block, Config, H2, Stream};
// Chapter 13's words in the signatures here.
pub use http1::{Request, Response, Url};
pub use s1_frames::{
    DEFAULT_FRAME_SIZE, Frame, FrameHead, Frames, read_frame, read_frame_head, write_frame_head,
};
pub use s2_hpack::{
    DEFAULT_TABLE_SIZE, HpackDecoder, HpackEncoder, MAX_INT, Table, huffman_decode, huffman_encode,
    read_int, read_string, write_int, write_string,
};
pub use s3_settings::{PREFACE, Settings};
pub use s4_streams::{
    DEFAULT_LIST_SIZE, Head, REMEMBERED, Refusal, Sign, State, request_head, response_head,
    trailer_fields,
};
pub use s5_content::{Inflow, MAX_WINDOW, PIECE, Window};
pub use s6_limits::{Guard, Limits};
pub use s7_program::{
    CONFIG, Command, DEFAULT_PORT, FIRST_REQUESTS, GRACE, IDLE, LINGER, MAX_BODY, MAX_CLIENTS,
    MAX_QUEUED, MAX_UNSENT, PATIENCE, Serve, USAGE, parse_args, run, to_fields, to_request,
};
pub use tables::{EOS, HUFFMAN, STATIC_TABLE};
pub use words::{Event, Fault, Field, Role, code};
