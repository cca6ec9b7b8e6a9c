//! Frames by chance, all of them sound.

use netlab::Dice;
use std::net::Ipv4Addr;

use packets_solution::{
    Datagram, EthernetHeader, Flags, Frame, Ipv4Header, Mac, Network, TcpHeader, TcpOptions,
    Transport, UdpHeader, ethertype, protocol,
};

/// A frame with TCP or UDP in it, now and then with options of IP or as a fragment.
pub fn sound<'a>(dice: &mut Dice, data: &'a [u8]) -> Frame<'a> {
    let mac = |dice: &mut Dice| Mac(std::array::from_fn(|_| dice.next() as u8 & 0xfe));
    let address = |dice: &mut Dice| Ipv4Addr::new(10, dice.next() as u8, dice.next() as u8, 7);
    let (src, dst) = (address(dice), address(dice));
    let (transport, proto) = match dice.below(8) {
        0..=4 => (Transport::Tcp(tcp(dice), data), protocol::TCP),
        5..=6 => (Transport::Udp(udp(dice), data), protocol::UDP),
        _ => (Transport::Fragment(data), protocol::UDP),
    };
    let is_fragment = matches!(transport, Transport::Fragment(_));
    let router_alert = [0x94, 4, 0, 0]; // RFC 2113
    let ip = Ipv4Header {
        tos: dice.next() as u8,
        id: dice.next() as u16,
        df: dice.below(2) == 1 && !is_fragment,
        mf: is_fragment && dice.below(2) == 1,
        frag_off: if is_fragment {
            1 + dice.below(8000) as u16
        } else {
            0
        },
        ttl: 1 + dice.below(255) as u8,
        options: match dice.below(4) {
            0 => router_alert.to_vec(),
            1 => [1, 1, 1, 0].to_vec(),
            _ => Vec::new(),
        },
        ..Ipv4Header::new(proto, src, dst)
    };
    Frame {
        ethernet: EthernetHeader {
            dst: mac(dice),
            src: mac(dice),
            ethertype: ethertype::IPV4,
        },
        network: Network::Ipv4(Datagram { ip, transport }),
    }
}

/// Ports that no well-known protocol has.
fn port(dice: &mut Dice) -> u16 {
    50_000 + dice.below(10_000) as u16
}

fn udp(dice: &mut Dice) -> UdpHeader {
    UdpHeader {
        src: port(dice),
        dst: port(dice),
    }
}

fn tcp(dice: &mut Dice) -> TcpHeader {
    const SENSIBLE: [u8; 7] = [0x02, 0x12, 0x10, 0x18, 0x11, 0x14, 0xc2];
    let flags = Flags(SENSIBLE[dice.below(7) as usize]);
    let is_syn = flags.contains(Flags::SYN);
    let some = |dice: &mut Dice| dice.below(2) == 1;
    let blocks = if is_syn { 0 } else { dice.below(4) };
    let options = TcpOptions {
        mss: (is_syn && some(dice)).then(|| 536 + dice.below(8000) as u16),
        window_scale: (is_syn && some(dice)).then(|| dice.below(15) as u8),
        sack_permitted: is_syn && some(dice),
        timestamps: some(dice).then(|| (dice.next() as u32, dice.next() as u32)),
        sack: std::array::from_fn(|n| {
            ((n as u64) < blocks).then(|| (dice.next() as u32, dice.next() as u32))
        }),
    };
    TcpHeader {
        src: port(dice),
        dst: port(dice),
        seq: dice.next() as u32,
        ack: dice.next() as u32,
        flags,
        window: dice.next() as u16,
        urgent: 0,
        options,
    }
}
