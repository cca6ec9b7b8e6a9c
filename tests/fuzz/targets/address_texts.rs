//! Chapter 08: blocks and IPv6 addresses as text. What is read is written, and read again.
#![no_main]

use std::net::{Ipv4Addr, Ipv6Addr};

use addresses::{Cidr, parse_v6, show_v6};
use fuzz::within;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(block) = within(text.as_bytes(), || Cidr::parse(text)) {
        assert_eq!(block.to_string(), text);
        assert!(block.contains(block.network()));
        assert!(block.hosts() >= 1);
        let parts = block.split(32).expect("/32 is the longest");
        assert!(parts.take(3).all(|part| block.contains(part.network())));
    }
    // std reads the same texts, and writes the same one.
    let groups = within(text.as_bytes(), || parse_v6(text)).ok();
    assert_eq!(
        groups,
        text.parse::<Ipv6Addr>()
            .ok()
            .map(|address| address.segments())
    );
    if let Some(groups) = groups {
        let shown = show_v6(&groups);
        assert_eq!(shown, Ipv6Addr::from(groups).to_string());
        assert_eq!(parse_v6(&shown), Ok(groups));
        let _ = addresses::kind_of(Ipv6Addr::from(groups).into());
    }
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        let _ = addresses::kind_of(address.into());
    }
});
