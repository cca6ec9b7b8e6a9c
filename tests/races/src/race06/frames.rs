//! What is summed and read in the race.

use std::net::Ipv4Addr;

use packets_solution::{
    Datagram, EthernetHeader, Flags, Frame, Ipv4Header, Mac, Network, TcpHeader, TcpOptions,
    Transport, UdpHeader, encapsulate, ethertype, protocol,
};

pub const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub const SERVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);

/// What a contestant reads in a frame: both ports, the timestamps, and how much data there is.
pub type Read = (u16, u16, Option<(u32, u32)>, usize);

/// A UDP datagram of so many bytes, header included.
pub fn datagram(len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    UdpHeader {
        src: 49152,
        dst: 53,
    }
    .emit(CLIENT, SERVER, &noise(len - UdpHeader::LEN), &mut out)
    .expect("it fits");
    out
}

/// A frame of so many bytes that carries a segment, and what is to be read in it.
pub fn segment(len: usize, timestamps: Option<(u32, u32)>) -> (Vec<u8>, Read) {
    let options = TcpOptions {
        timestamps,
        ..TcpOptions::default()
    };
    let headers = 54 + if timestamps.is_some() { 12 } else { 0 };
    let data = noise(len - headers);
    let frame = Frame {
        ethernet: EthernetHeader {
            dst: Mac([2, 0, 0, 0, 0, 1]),
            src: Mac([2, 0, 0, 0, 0, 2]),
            ethertype: ethertype::IPV4,
        },
        network: Network::Ipv4(Datagram {
            ip: Ipv4Header::new(protocol::TCP, CLIENT, SERVER),
            transport: Transport::Tcp(
                TcpHeader {
                    src: 49152,
                    dst: 80,
                    flags: Flags::ACK,
                    options,
                    ..TcpHeader::default()
                },
                &data,
            ),
        }),
    };
    let bytes = encapsulate(&frame).expect("it fits");
    (bytes, (49152, 80, timestamps, data.len()))
}

fn noise(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 131 % 251) as u8).collect()
}
