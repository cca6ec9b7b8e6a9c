//! The tests of chapter 09: how a TCP connection opens.

mod ends;
mod player;
mod s1_numbers;
mod s2_handshake;
mod s3_again;
mod s4_resets;
mod s5_both_ends;
mod s6_listener;
mod wire;
