//! The tests of chapter 16, from a protocol without a socket to a program.

mod protocols;
mod rounds;
mod s1_protocol;
mod s2_streams;
mod s3_conn;
mod s4_loop;
mod s5_deadlines;
mod s6_server;
mod s7_program;
mod wire;
