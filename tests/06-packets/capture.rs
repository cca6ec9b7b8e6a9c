//! Writes a capture file of the packets that the reader's own code makes:
//! `cargo run -p ch06 --example capture06 -- own.pcap`, and then `tshark -r own.pcap` or Wireshark.

use std::fs::File;
use std::io::BufWriter;
use std::net::Ipv4Addr;
use std::time::Duration;

use packets::{
    Datagram, EthernetHeader, Flags, Frame, Ipv4Header, LinkType, Mac, Network, TcpHeader,
    TcpOptions, Transport, UdpHeader, dissect, encapsulate, ethertype, protocol, write_pcap,
};

const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);
const QUESTION: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x01\x00\x01";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).unwrap_or("own.pcap".to_owned());
    let segment = |flags, seq, ack, options| TcpHeader {
        src: 49152,
        dst: 80,
        seq,
        ack,
        flags,
        window: 64240,
        urgent: 0,
        options,
    };
    let syn = TcpOptions {
        mss: Some(1460),
        window_scale: Some(7),
        sack_permitted: true,
        ..TcpOptions::default()
    };
    let get = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
    let frames = [
        (
            protocol::UDP,
            Transport::Udp(
                UdpHeader {
                    src: 49153,
                    dst: 53,
                },
                QUESTION,
            ),
        ),
        (
            protocol::TCP,
            Transport::Tcp(segment(Flags::SYN, 999, 0, syn), b""),
        ),
        (
            protocol::TCP,
            Transport::Tcp(
                segment(Flags::ACK | Flags::PSH, 1000, 2000, TcpOptions::default()),
                get,
            ),
        ),
    ]
    .map(|(protocol, transport)| {
        encapsulate(&Frame {
            ethernet: EthernetHeader {
                dst: Mac([2, 0, 0, 0, 0, 1]),
                src: Mac([2, 0, 0, 0, 0, 0x0a]),
                ethertype: ethertype::IPV4,
            },
            network: Network::Ipv4(Datagram {
                ip: Ipv4Header::new(protocol, CLIENT, SERVER),
                transport,
            }),
        })
    });
    let frames: Vec<Vec<u8>> = frames.into_iter().collect::<Result<_, _>>()?;
    let mut packets = Vec::new();
    for (n, frame) in frames.iter().enumerate() {
        packets.push((Duration::from_millis(10 * n as u64), frame.as_slice()));
        if let Network::Ipv4(datagram) = dissect(frame)?.network
            && let Some(flow) = datagram.flow()
        {
            println!("{:3} bytes  {flow}", frame.len());
        }
    }
    write_pcap(
        BufWriter::new(File::create(&name)?),
        LinkType::Ethernet,
        &packets,
    )?;
    println!("written to {name}");
    Ok(())
}
