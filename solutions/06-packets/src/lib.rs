//! Chapter 06: packets, header by header.
//!
//! One file a step. Each step uses the ones before it. `given.rs` is given: what the steps share.

mod given;
mod s1_checksum;
mod s2_ipv4;
mod s3_udp;
mod s4_tcp;
mod s5_layers;
mod s6_on_the_way;

pub use given::{Flow, Layer, LinkType, Mac, PacketError, Reason, ethertype, protocol};
pub use s1_checksum::internet_checksum;
pub use s2_ipv4::Ipv4Header;
pub use s3_udp::{UdpHeader, pseudo_header};
pub use s4_tcp::{Flags, TcpHeader, TcpOptions};
pub use s5_layers::{
    Datagram, EthernetHeader, Frame, Network, Transport, dissect, dissect_ip, encapsulate,
    encapsulate_ip,
};
pub use s6_on_the_way::{NotForwarded, decrement_ttl, update_checksum, write_pcap};
