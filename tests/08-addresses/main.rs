//! The tests of chapter 08: blocks of addresses, routes, IPv6, and a NAT.

mod nat_table;
mod packet;
mod s1_blocks;
mod s2_routes;
mod s3_kinds;
mod s4_ipv6_text;
mod s5_dual_stack;
mod s6_rewrite;
mod s7_table;
mod s8_nat;
mod translated;
mod words;
mod zoom;
