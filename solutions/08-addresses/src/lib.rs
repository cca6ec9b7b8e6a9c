//! Chapter 08: blocks of addresses, the longest prefix, IPv6, and a NAT.
//!
//! One file a step. Each step uses the ones before it. `flow.rs` is given: the part of a packet
//! that a NAT reads.

mod flow;
mod s1_blocks;
mod s2_routes;
mod s3_kinds;
mod s4_ipv6_text;
mod s5_dual_stack;
mod s6_rewrite;
mod s7_table;
mod s8_nat;

pub use flow::{Control, Flow, Proto};
pub use s1_blocks::{Cidr, CidrError, Split};
pub use s2_routes::Routes;
pub use s3_kinds::{Kind, kind_of};
pub use s4_ipv6_text::{V6Error, parse_v6, show_v6};
pub use s5_dual_stack::{admits, listen_apart, listen_dual, plain_peer};
pub use s6_rewrite::{Unfit, read_flow, read_quote, set_destination, set_source};
pub use s7_table::{
    ECHO_IDLE, Filter, Refused, Rules, TCP_CLOSED_IDLE, TCP_OPEN_IDLE, Table, UDP_IDLE,
};
pub use s8_nat::{Nat, Reason, Verdict};
