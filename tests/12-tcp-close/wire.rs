//! Segments as bytes, by hand.

use std::net::{Ipv4Addr, SocketAddrV4};

use netlab::script::Segment;
use packets::{Flow, internet_checksum};

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const PSH: u8 = 8;
pub const ACK: u8 = 16;

/// A datagram: what stands in TCP's header, and behind it. Checksums are put in.
pub fn datagram(
    flow: Flow,
    numbers: (u32, u32),
    flags: u8,
    window: u16,
    options: &[u8],
    payload: &[u8],
) -> Vec<u8> {
    let offset = (20 + options.len()) as u8 / 4 * 16;
    let ports = [flow.src.port(), flow.dst.port()];
    let mut tcp = ports.map(u16::to_be_bytes).concat();
    tcp.extend(numbers.0.to_be_bytes());
    tcp.extend(numbers.1.to_be_bytes());
    tcp.extend([offset, flags]);
    tcp.extend(window.to_be_bytes());
    tcp.extend([0; 4]);
    tcp.extend(options);
    tcp.extend(payload);
    sealed(flow, tcp)
}

/// Puts TCP's checksum in, and IP's header before it.
pub fn sealed(flow: Flow, mut tcp: Vec<u8>) -> Vec<u8> {
    let addresses = [flow.src.ip().octets(), flow.dst.ip().octets()].concat();
    let length = (tcp.len() as u16).to_be_bytes();
    let sum = internet_checksum(&[&addresses, &[0, 6], &length, &tcp]);
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
    let total = (20 + tcp.len() as u16).to_be_bytes();
    let mut ip = vec![0x45, 0, total[0], total[1], 0, 0, 0x40, 0, 64, 6, 0, 0];
    ip.extend(addresses);
    let sum = internet_checksum(&[&ip]).to_be_bytes();
    ip[10..12].copy_from_slice(&sum);
    [ip, tcp].concat()
}

/// A script's segment as a datagram.
pub fn bytes_of(flow: Flow, it: &Segment) -> Vec<u8> {
    let flags = [
        (it.fin, FIN),
        (it.syn, SYN),
        (it.rst, RST),
        (it.psh, PSH),
        (it.ack.is_some(), ACK),
    ];
    let flags = flags.map(|(is_set, flag)| if is_set { flag } else { 0 });
    let mss = it.mss.map(|mss| [[2, 4], mss.to_be_bytes()].concat());
    let numbers = (it.seq, it.ack.unwrap_or(0));
    datagram(
        flow,
        numbers,
        flags.iter().sum(),
        it.window,
        &mss.unwrap_or_default(),
        &it.payload,
    )
}

/// The segment of a datagram that the answer sends, and its flow. `Err` says why it is none.
pub fn read(datagram: &[u8]) -> Result<(Flow, Segment), &'static str> {
    if datagram.len() < 40 || datagram[0] != 0x45 || datagram[9] != 6 {
        return Err("no datagram with headers of IPv4, without options, and TCP");
    }
    let (ip, tcp) = datagram.split_at(20);
    let at = usize::from(tcp[12] >> 4) * 4;
    let payload = tcp
        .get(at..)
        .filter(|_| at >= 20)
        .ok_or("a wrong data offset")?;
    let length = (tcp.len() as u16).to_be_bytes();
    if internet_checksum(&[ip]) != 0 || internet_checksum(&[&ip[12..], &[0, 6], &length, tcp]) != 0
    {
        return Err("a wrong checksum");
    }
    let u16_at = |bytes: &[u8], at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let u32_at = |at: usize| u32::from(u16_at(tcp, at)) << 16 | u32::from(u16_at(tcp, at + 2));
    let socket = |addr: usize, port: usize| {
        let addr: [u8; 4] = std::array::from_fn(|n| ip[addr + n]);
        SocketAddrV4::new(Ipv4Addr::from(addr), u16_at(tcp, port))
    };
    let has = |flag| tcp[13] & flag != 0;
    let segment = Segment {
        peer: String::new(),
        seq: u32_at(4),
        ack: has(ACK).then(|| u32_at(8)),
        syn: has(SYN),
        fin: has(FIN),
        rst: has(RST),
        psh: has(PSH),
        window: u16_at(tcp, 14),
        mss: (tcp[20..at].starts_with(&[2, 4])).then(|| u16_at(tcp, 22)),
        payload: payload.to_vec(),
    };
    let (src, dst) = (socket(12, 0), socket(16, 2));
    Ok((Flow { src, dst }, segment))
}
