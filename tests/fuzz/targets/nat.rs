//! Chapter 08: packets from both sides of a NAT. It never panics, its table is bounded, and what it drops it
//! leaves alone.
#![no_main]

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use addresses::{
    Cidr, Filter, Nat, Proto, Rules, Verdict, read_flow, read_quote, set_destination, set_source,
};
use fuzz::within;

const MOST: usize = 8;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&first, mut data)) = data.split_first() else {
        return;
    };
    let filter = [Filter::Anyone, Filter::Address, Filter::AddressAndPort][usize::from(first % 3)];
    let rules = Rules {
        external: Ipv4Addr::new(203, 0, 113, 1),
        ports: 4000..=4011,
        filter,
        max_sessions: MOST,
    };
    let mut nat = Nat::new(
        Cidr::new(Ipv4Addr::new(10, 0, 0, 0), 24).expect("a block"),
        rules,
    );
    let server = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 5), 80);
    nat.table
        .forward(Duration::ZERO, Proto::Udp, 4005, server)
        .expect("it is free");
    let mut now = Duration::ZERO;
    // Each packet has a byte for its side and the time before it, and one for its length.
    while let [head, len, rest @ ..] = data {
        let (packet, behind) = rest.split_at(usize::from(*len).min(rest.len()));
        data = behind;
        now += Duration::from_secs(u64::from(head >> 3));
        let _ = within(packet, || read_flow(packet));
        let _ = within(packet, || read_quote(packet));
        let mut one = packet.to_vec();
        // Without this nearly all packets end at the header's checksum.
        if head & 4 != 0 && one.len() >= 20 {
            let end = (4 * usize::from(one[0] & 15)).clamp(20, one.len());
            one[10..12].fill(0);
            let checksum = packets::internet_checksum(&[&one[..end]]);
            one[10..12].copy_from_slice(&checksum.to_be_bytes());
        }
        let before = one.clone();
        let verdict = match head & 1 {
            0 => nat.outbound(now, &mut one),
            _ => nat.inbound(now, &mut one),
        };
        if let Verdict::Drop(_) = verdict {
            assert_eq!(one, before);
        } else {
            assert_eq!(one.len(), before.len());
            assert!(
                packets::Ipv4Header::parse(&one).is_ok(),
                "a sound header stays sound"
            );
        }
        assert!(nat.table.sessions() <= MOST);
        let anybody = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 7);
        let mut one = before;
        let as_it_was = one.clone();
        if set_source(&mut one, anybody).is_err() {
            assert_eq!(one, as_it_was);
        }
        let as_it_was = one.clone();
        if set_destination(&mut one, anybody).is_err() {
            assert_eq!(one, as_it_was);
        }
    }
});
