//! Chapter 07: a datagram from anybody, at a host and at a router. Nothing panics, a parser takes no more memory than
//! came in, no error is about an error, and what goes out is sound and fits its link.
#![no_main]

use std::net::Ipv4Addr;

use delivery::{Cause, Host, Icmp, Interface, Router, answer_echo, icmp_error};
use fuzz::within;
use packets::{Ipv4Header, internet_checksum, protocol};

const CAUSES: [Cause; 7] = [
    Cause::NetUnreachable,
    Cause::HostUnreachable,
    Cause::ProtocolUnreachable,
    Cause::PortUnreachable,
    Cause::FragmentationNeeded { mtu: 576 },
    Cause::TtlExceeded,
    Cause::ReassemblyExceeded,
];
/// Of the router's links, by their number. The last is too narrow for anything.
const MTUS: [usize; 4] = [1500, 576, 68, 20];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    judge(data);
    let mut mended = data.to_vec();
    mend(&mut mended);
    judge(&mended);
});

fn judge(datagram: &[u8]) {
    let _ = within(datagram, || Icmp::parse(datagram));
    let host = Host::new(Ipv4Addr::new(10, 0, 0, 1));
    let received = within(datagram, || host.receive(datagram).is_ok());
    let Ok((header, payload)) = Ipv4Header::parse(datagram) else {
        assert!(!received);
        assert!(router().forward(datagram).is_empty(), "it is no datagram");
        return;
    };
    let message = within(payload, || Icmp::parse(payload));
    let from = Ipv4Addr::new(192, 0, 2, 1);
    for cause in CAUSES {
        if let Some(error) = icmp_error(from, cause, datagram) {
            let (outer, message) = Ipv4Header::parse(&error).expect("what we write, we read");
            let quote = &datagram[..header.header_len() + payload.len().min(8)];
            assert!(outer.dst == header.src && message[8..] == *quote);
            match Icmp::parse(message) {
                Ok(Icmp::Error(told, quoted, _)) => assert!(told == cause && quoted == header),
                other => panic!("{other:?}"),
            }
            assert_eq!(icmp_error(header.src, cause, &error), None);
        }
    }
    if let Some(reply) = answer_echo(header.dst, datagram) {
        let (_, answer) = Ipv4Header::parse(&reply).expect("what we write, we read");
        match (message, Icmp::parse(answer)) {
            (Ok(Icmp::EchoRequest(asked)), Ok(Icmp::EchoReply(told))) => assert_eq!(asked, told),
            other => panic!("{other:?}"),
        }
    }
    passed_on(datagram, &header, payload);
}

fn addr(link: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, link as u8, 1)
}

fn router() -> Router {
    let interface = |(link, mtu): (usize, &usize)| Interface {
        addr: addr(link),
        mtu: *mtu,
    };
    let interfaces = MTUS.iter().enumerate().map(interface).collect();
    Router::new(interfaces, |dst| match dst.octets()[2] {
        link @ 0..4 => Some(usize::from(link)),
        _ => None,
    })
}

fn passed_on(datagram: &[u8], header: &Ipv4Header, payload: &[u8]) {
    let is_router = |host: Ipv4Addr| (0..MTUS.len()).any(|link| addr(link) == host);
    let gone = router().forward(datagram);
    if is_router(header.src) {
        // Its own errors would look like what it passes on.
        return;
    }
    let mut carried = 0;
    for (link, out) in &gone {
        let (passed, part) = Ipv4Header::parse(out).expect("what we write, we read");
        if is_router(passed.src) {
            assert!(gone.len() == 1 && passed.proto == protocol::ICMP && passed.dst == header.src);
            // An answer is as long as what is answered, and an error quotes a header and 8 bytes.
            assert!(out.len() <= datagram.len().max(20 + 8 + 60 + 8));
            return;
        }
        assert!(out.len() <= MTUS[*link]);
        assert_eq!(passed.ttl, header.ttl - 1);
        carried += part.len();
    }
    assert!(gone.is_empty() || carried == payload.len());
}

/// Makes the checksums fit, so that what stands behind them is looked at.
fn mend(datagram: &mut [u8]) {
    let header = datagram
        .first()
        .map_or(0, |first| usize::from(first & 0xf) * 4);
    if header < 20 || datagram.len() < header {
        return;
    }
    let (head, message) = datagram.split_at_mut(header);
    head[10..12].fill(0);
    let sum = internet_checksum(&[head]);
    head[10..12].copy_from_slice(&sum.to_be_bytes());
    let total = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let len = total.saturating_sub(header).min(message.len());
    if head[9] == protocol::ICMP && len >= 8 {
        // What is quoted has a checksum, too.
        let inner = usize::from(message.get(8).map_or(0, |first| first & 0xf)) * 4;
        if inner >= 20 && len >= 8 + inner {
            let quote = &mut message[8..8 + inner];
            quote[10..12].fill(0);
            let sum = internet_checksum(&[quote]);
            quote[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        message[2..4].fill(0);
        let sum = internet_checksum(&[&message[..len]]);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
    }
}
