//! The tests of chapter 06: packets, header by header.

mod envelope;
mod explain;
mod s1_checksum;
mod s2_ipv4;
mod s3_udp;
mod s4_tcp;
mod s5_layers;
mod s6_on_the_way;
mod wire;
mod words;
