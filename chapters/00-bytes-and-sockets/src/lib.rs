//! Chapter 00: bytes and sockets. One file a step; start with `s1_byte_order.rs`.

mod s1_byte_order;
mod s2_reader;
mod s3_card;
mod s4_lifecycle;

pub use s1_byte_order::{be16, put_be16};
pub use s2_reader::{Reader, Truncated, hexdump};
pub use s3_card::{Kind, SocketCard, describe, listening};
pub use s4_lifecycle::lifecycle;
