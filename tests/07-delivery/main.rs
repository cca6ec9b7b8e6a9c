//! The tests of chapter 07: what IP does with a datagram on its way.

mod far;
mod path;
mod ruler;
mod s1_host;
mod s2_fragment;
mod s3_reassembly;
mod s4_icmp;
mod s5_router;
mod s6_probes;
mod s7_arp;
mod s8_ping;
mod wire;
mod words;
