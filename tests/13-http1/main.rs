//! The tests of chapter 13, from a head that comes in pieces to a program.

mod heads;
mod replies;
mod s1_head;
mod s2_length;
mod s3_chunked;
mod s4_serve;
mod s5_client;
mod s6_program;
mod wire;
