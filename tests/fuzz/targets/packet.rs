//! Chapter 06: a frame from anybody. Nothing panics, nothing takes more memory than came in, and what is
//! accepted is written again as it came.
#![no_main]

use std::net::Ipv4Addr;

use fuzz::within;
use packets::{
    Datagram, EthernetHeader, Ipv4Header, Network, TcpHeader, TcpOptions, UdpHeader, decrement_ttl,
    dissect, dissect_ip, encapsulate, encapsulate_ip, internet_checksum, protocol, pseudo_header,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    judge(data);
    let mut mended = data.to_vec();
    mend(&mut mended);
    judge(&mended);
});

fn judge(frame: &[u8]) {
    let (src, dst) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(198, 51, 100, 2));
    let _ = within(frame, || TcpOptions::parse(frame));
    let _ = within(frame, || TcpHeader::parse(frame, src, dst));
    let _ = within(frame, || UdpHeader::parse(frame, src, dst));
    let quoted = within(frame, || Ipv4Header::parse_quoted(frame));
    let whole = within(frame, || Ipv4Header::parse(frame));
    // A whole datagram is a quoted one, too.
    assert!(whole.is_err() || whole == quoted);
    let mut forwarded = frame.to_vec();
    if decrement_ttl(&mut forwarded).is_ok() {
        let was = Ipv4Header::parse_quoted(frame).is_ok();
        assert_eq!(Ipv4Header::parse_quoted(&forwarded).is_ok(), was);
    }
    if let Ok(datagram) = within(frame, || dissect_ip(frame)) {
        comes_back(&datagram);
    }
    if let Ok(parsed) = within(frame, || dissect(frame)) {
        let bytes = encapsulate(&parsed).expect("what we read, we write");
        // It need not be the same bytes: padding, reserved bits, and options in another order.
        assert_eq!(dissect(&bytes).as_ref(), Ok(&parsed));
        if let Network::Ipv4(datagram) = &parsed.network {
            comes_back(datagram);
        }
    }
}

fn comes_back(datagram: &Datagram) {
    let bytes = encapsulate_ip(datagram).expect("what we read, we write");
    assert_eq!(dissect_ip(&bytes).as_ref(), Ok(datagram));
}

/// Makes the checksums fit, so that what stands behind them is looked at.
fn mend(frame: &mut [u8]) {
    let Ok((_, _)) = EthernetHeader::parse(frame) else {
        return;
    };
    let datagram = &mut frame[14..];
    let header = datagram
        .first()
        .map_or(0, |first| usize::from(first & 0xf) * 4);
    if header < 20 || datagram.len() < header {
        return;
    }
    datagram[10..12].fill(0);
    let sum = internet_checksum(&[&datagram[..header]]);
    datagram[10..12].copy_from_slice(&sum.to_be_bytes());
    let Ok((ip, payload)) = Ipv4Header::parse(datagram) else {
        return;
    };
    let (at, len) = match ip.proto {
        protocol::TCP if payload.len() >= 20 => (16, payload.len()),
        protocol::UDP if payload.len() >= 8 => {
            let len = usize::from(u16::from_be_bytes([payload[4], payload[5]]));
            (6, len.clamp(8, payload.len()))
        }
        _ => return,
    };
    let segment = &mut datagram[header..][..len];
    segment[at..at + 2].fill(0);
    let pseudo = pseudo_header(ip.src, ip.dst, ip.proto, len as u16);
    let sum = internet_checksum(&[&pseudo, segment]);
    segment[at..at + 2].copy_from_slice(&sum.to_be_bytes());
}
