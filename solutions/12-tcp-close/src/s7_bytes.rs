//! Step 7: segments as bytes.

use packets::{
    Datagram, Flags, Flow, Ipv4Header, PacketError, TcpHeader, TcpOptions, Transport, dissect_ip,
    encapsulate_ip, protocol,
};
use tcp_open::{Segment, Seq};

/// The IPv4 datagram that carries a segment from `flow.src` to `flow.dst`. It must not be cut up
/// (DF). Everything else in IP's header is as [`packets::Ipv4Header::new`] makes it. TCP's only
/// option is the MSS, if the segment has one, even without SYN. URG, ECE and CWR are clear, and the
/// urgent pointer is 0. Without ACK the ACK number is 0.
///
/// # Errors
///
/// Those of chapter 06's [`packets::encapsulate_ip`]: the payload is too big.
pub fn to_bytes(flow: Flow, segment: &Segment) -> Result<Vec<u8>, PacketError> {
    let flags = [
        (segment.syn, Flags::SYN),
        (segment.fin, Flags::FIN),
        (segment.rst, Flags::RST),
        (segment.psh, Flags::PSH),
        (segment.ack.is_some(), Flags::ACK),
    ];
    let set = flags.iter().filter(|(is_set, _)| *is_set);
    let header = TcpHeader {
        src: flow.src.port(),
        dst: flow.dst.port(),
        seq: segment.seq.0,
        ack: segment.ack.map_or(0, |ack| ack.0),
        flags: set.fold(Flags::NONE, |all, (_, flag)| all | *flag),
        window: segment.window,
        urgent: 0,
        options: TcpOptions {
            mss: segment.mss,
            ..TcpOptions::default()
        },
    };
    let ip = Ipv4Header {
        df: true,
        ..Ipv4Header::new(protocol::TCP, *flow.src.ip(), *flow.dst.ip())
    };
    encapsulate_ip(&Datagram {
        ip,
        transport: Transport::Tcp(header, &segment.payload),
    })
}

/// The segment that a datagram carries, and its two sockets. `None` if it carries no usable
/// segment: chapter 06's [`packets::dissect_ip`] finds an error, it is a fragment, or it is of
/// another protocol.
///
/// The MSS option counts only in a SYN. All other options are left out; so are URG, ECE and CWR,
/// and the ACK number if ACK is clear. Everything else is as in the datagram, even the payload of a
/// segment with URG. This function does not check whether the flags make sense together.
pub fn from_bytes(datagram: &[u8]) -> Option<(Flow, Segment)> {
    let datagram = dissect_ip(datagram).ok()?;
    let flow = datagram.flow()?;
    let Transport::Tcp(header, payload) = datagram.transport else {
        return None;
    };
    let has = |flag| header.flags.contains(flag);
    let segment = Segment {
        seq: Seq(header.seq),
        ack: has(Flags::ACK).then_some(Seq(header.ack)),
        syn: has(Flags::SYN),
        fin: has(Flags::FIN),
        rst: has(Flags::RST),
        psh: has(Flags::PSH),
        window: header.window,
        mss: header.options.mss.filter(|_| has(Flags::SYN)),
        payload: payload.to_vec(),
    };
    Some((flow, segment))
}
