//! Tests of what the students are given. They run with the reference answer only.

use std::net::Ipv4Addr;

use packets::{Flags, Flow, Ipv4Header, Layer, Mac, PacketError, Reason};

#[test]
fn what_is_given_can_be_read() {
    let mac = Mac([0x02, 0, 0, 0, 0x5e, 0xff]);
    assert_eq!(mac.to_string(), "02:00:00:00:5e:ff");
    assert_eq!(Mac::BROADCAST.to_string(), "ff:ff:ff:ff:ff:ff");
    let flow = Flow {
        src: "192.0.2.1:49152".parse().expect("an address"),
        dst: "198.51.100.2:80".parse().expect("an address"),
    };
    assert_eq!(flow.to_string(), "192.0.2.1:49152 → 198.51.100.2:80");
    assert_eq!(
        flow.reversed().to_string(),
        "198.51.100.2:80 → 192.0.2.1:49152"
    );
    let layers = [
        (Layer::Ethernet, "Ethernet"),
        (Layer::Ipv4, "IPv4"),
        (Layer::Udp, "UDP"),
        (Layer::Tcp, "TCP"),
    ];
    let mut words = Vec::new();
    for reason in [
        Reason::Truncated,
        Reason::Version,
        Reason::HeaderLength,
        Reason::Length,
        Reason::Checksum,
        Reason::Option,
        Reason::TooBig,
    ] {
        for (layer, name) in layers {
            let error = PacketError { layer, reason }.to_string();
            assert!(error.starts_with(&format!("{name}: ")), "{error}");
            words.push(error);
        }
    }
    words.sort();
    words.dedup();
    assert_eq!(words.len(), 28, "each error has words of its own");
    assert_eq!((Flags::SYN | Flags::ACK).to_string(), "SYN,ACK");
    assert_eq!(Flags::NONE.to_string(), "-");
    assert_eq!(Flags(0xff).to_string(), "FIN,SYN,RST,PSH,ACK,URG,ECE,CWR");
}

#[test]
fn what_is_given_can_be_used() {
    let both = Flags::SYN | Flags::ACK;
    assert!(both.contains(Flags::ACK) && both.contains(both) && both.contains(Flags::NONE));
    assert!(!both.contains(Flags::FIN) && !Flags::ACK.contains(both));
    assert_eq!((both | Flags::SYN).0, both.0);
    let header = Ipv4Header::new(17, Ipv4Addr::LOCALHOST, Ipv4Addr::BROADCAST);
    let fields = (header.tos, header.id, header.df, header.mf, header.frag_off);
    assert_eq!(fields, (0, 0, false, false, 0));
    let fields = (header.ttl, header.proto, header.src, header.dst);
    assert_eq!(fields, (64, 17, Ipv4Addr::LOCALHOST, Ipv4Addr::BROADCAST));
    assert!(header.options.is_empty());
}
