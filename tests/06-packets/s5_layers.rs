//! Step 5: headers inside headers.

use std::net::Ipv4Addr;

use netlab::{Dice, Lab, hex, lab};
use packets::{
    Datagram, EthernetHeader, Flags, Frame, Ipv4Header, Mac, Network, PacketError, TcpHeader,
    TcpOptions, Transport, UdpHeader, dissect, dissect_ip, encapsulate, encapsulate_ip,
};

use super::envelope;
use super::wire::{
    CLIENT, CLIENT_MAC, ENDS, Ip, PORTS, ROUTER_MAC, SERVER, Tcp, Udp, checksum, frame, some_bytes,
};
use super::{explain, words};

/// What each layer's header is for.
const LAYERS: &str = "Each layer has its own names: Ethernet names cards, IP names hosts, and the ports of TCP or UDP name programs. TCP's header has no IP address, and IP's has no port.";

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";

fn shows(lab: &Lab, what: &str, bytes: &[u8]) {
    lab.scene(what);
    lab.given("the frame", &explain::frame(bytes));
}

fn ethernet(header: &EthernetHeader) -> String {
    let EthernetHeader {
        dst,
        src,
        ethertype,
    } = header;
    let (dst, src) = (hex::all(&dst.0), hex::all(&src.0));
    format!("ethernet {src} → {dst} type {ethertype:04x}")
}

fn in_words(frame: &Frame) -> String {
    let inside = match &frame.network {
        Network::Ipv4(inside) => datagram(inside),
        Network::Other(bytes) => format!("other {}", payload(bytes)),
    };
    format!("{}\n{inside}", ethernet(&frame.ethernet))
}

fn datagram(datagram: &Datagram) -> String {
    let inside = match &datagram.transport {
        Transport::Tcp(header, data) => format!("tcp {}\n{}", words::tcp(header), payload(data)),
        Transport::Udp(header, data) => format!("udp {}\n{}", words::udp(header), payload(data)),
        Transport::Fragment(bytes) => format!("fragment {}", payload(bytes)),
        Transport::Other(bytes) => format!("other {}", payload(bytes)),
    };
    format!("ip {}\n{inside}", words::ip(&datagram.ip))
}

fn payload(bytes: &[u8]) -> String {
    let shown = match bytes {
        [first, .., last] if bytes.len() > 1000 => {
            format!(
                "{first:02x} … {last:02x}, whose sum is {:04x}",
                checksum(bytes)
            )
        }
        _ => hex::all(bytes),
    };
    format!("{} [{shown}]", hex::count(bytes.len()))
}

fn or_error<T>(result: Result<T, PacketError>, words: impl Fn(&T) -> String) -> String {
    result.map_or_else(words::error, |value| words(&value))
}

/// Demands what `dissect` says of a frame, in words, line by line.
fn dissects(lab: &Lab, what: &str, bytes: &[u8], want: &str) {
    shows(lab, what, bytes);
    let call = format!("dissect({} bytes)", bytes.len());
    let got = lab.you(&call, || dissect(bytes));
    let piece = got.as_ref().map_or(&[][..], carried);
    let got = or_error(got, in_words);
    words::same_fields(lab, &format!("of {what}"), &got, want);
    let (frame, place) = (bytes.as_ptr_range(), piece.as_ptr_range());
    lab.because("The payload is a piece of the frame itself, not a copy. A copy costs time for each frame, and a copy that is never freed costs memory for ever.").holds(
        piece.is_empty() || frame.start <= place.start && place.end <= frame.end,
        format!("what {call} gives to be a piece of the frame"),
        format!("{} that stand elsewhere: a copy", hex::count(piece.len())),
    );
}

/// The innermost bytes that a frame carries.
fn carried<'a>(frame: &Frame<'a>) -> &'a [u8] {
    match &frame.network {
        Network::Other(bytes) => bytes,
        Network::Ipv4(inside) => match &inside.transport {
            Transport::Tcp(_, bytes) | Transport::Udp(_, bytes) => bytes,
            Transport::Fragment(bytes) | Transport::Other(bytes) => bytes,
        },
    }
}

/// Demands what `flow` says of a datagram.
fn flows(lab: &Lab, what: &str, ip: &Ip, want: Option<String>) {
    let bytes = ip.bytes();
    lab.scene(what);
    lab.given("the datagram", &explain::ip(&bytes));
    let call = format!("dissect_ip({} bytes), then flow()", bytes.len());
    let got = lab.ok(&call, || dissect_ip(&bytes).map(|datagram| datagram.flow()));
    let got = got.map(|flow| format!("{} → {}", flow.src, flow.dst));
    lab.same(&format!("the flow of {what}"), got, want);
}

const ETHERNET: &str = "ethernet 02 00 00 00 00 0a → 02 00 00 00 00 01 type 0800";
const TCP: &str = "from port 49152 · to port 80 · seq 1000 · ack 2000 · flags 00011000 · window 64240 · urgent 0 · options []";

fn ip_words(proto: u8) -> String {
    format!(
        "ip tos 00 · id 0000 · df false · mf false · offset 0 · ttl 64 · proto {proto} · from {CLIENT} · to {SERVER} · options []"
    )
}

/// What IP's header says, in words.
fn words_of(ip: &Ip) -> String {
    let (df, mf) = (ip.fragment & 0x4000 != 0, ip.fragment & 0x2000 != 0);
    let offset = ip.fragment & 0x1fff;
    ip_words(ip.proto).replace(
        "df false · mf false · offset 0",
        &format!("df {df} · mf {mf} · offset {offset}"),
    )
}

/// The request of a browser, as a frame on its way to the router.
fn get() -> Frame<'static> {
    Frame {
        ethernet: EthernetHeader {
            dst: Mac(ROUTER_MAC),
            src: Mac(CLIENT_MAC),
            ethertype: 0x0800,
        },
        network: Network::Ipv4(segment(GET)),
    }
}

/// What is in the frame, with this data.
fn segment(data: &[u8]) -> Datagram<'_> {
    let header = TcpHeader {
        src: 49152,
        dst: 80,
        seq: 1000,
        ack: 2000,
        flags: Flags(0x18),
        window: 64240,
        urgent: 0,
        options: TcpOptions::default(),
    };
    Datagram {
        ip: Ipv4Header::new(6, CLIENT, SERVER),
        transport: Transport::Tcp(header, data),
    }
}

/// A UDP datagram to port 53, with this protocol in IP's header.
fn question(proto: u8, payload: &[u8]) -> Datagram<'_> {
    let header = UdpHeader {
        src: 49152,
        dst: 53,
    };
    Datagram {
        ip: Ipv4Header::new(proto, CLIENT, SERVER),
        transport: Transport::Udp(header, payload),
    }
}

#[test]
fn s5_which_card_on_this_cable() {
    lab(|lab| {
        lab.why("RFC 894: six bytes of destination come first, then six of source, then the type. A switch decides by the first six.");
        let bytes = frame(0x0806, b"what it carries");
        shows(lab, "a frame of type 0806", &bytes);
        let call = format!("EthernetHeader::parse({} bytes)", bytes.len());
        let (header, rest) = lab.ok(&call, || EthernetHeader::parse(&bytes));
        lab.same(
            "the header",
            ethernet(&header),
            ETHERNET.replace("0800", "0806"),
        );
        lab.same_bytes("what is behind it", rest, b"what it carries");

        let mut other = bytes.clone();
        other[..14].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x86, 0xdd]);
        shows(lab, "another frame", &other);
        let (header, _) = lab.ok(&call, || EthernetHeader::parse(&other));
        lab.same(
            "the header",
            ethernet(&header),
            "ethernet 07 08 09 0a 0b 0c → 01 02 03 04 05 06 type 86dd".to_owned(),
        );
        let zeros = vec![0; 20];
        shows(lab, "a frame of zeros", &zeros);
        let (header, rest) = lab.ok(&call, || EthernetHeader::parse(&zeros));
        lab.same(
            "the header",
            ethernet(&header),
            "ethernet 00 00 00 00 00 00 → 00 00 00 00 00 00 type 0000".to_owned(),
        );
        lab.same_bytes("what is behind it", rest, &[0; 6]);
        for (bytes, what) in [
            (&bytes, "the first"),
            (&other, "the second"),
            (&zeros, "the zeros"),
        ] {
            let (header, rest) = lab.ok(&call, || EthernetHeader::parse(bytes));
            let mut out = b"before".to_vec();
            lab.you("EthernetHeader::emit(what was behind it)", || {
                header.emit(rest, &mut out)
            });
            lab.because("emit appends the header and the payload, and nothing else.")
                .same_bytes(
                    &format!("{what}, written again"),
                    &out,
                    &[b"before", &bytes[..]].concat(),
                );
        }
        lab.why("A header of 14 bytes needs 14 bytes.");
        for len in 0..14 {
            shows(lab, "a frame that is cut", &bytes[..len]);
            let call = format!("EthernetHeader::parse({len} bytes)");
            let got = lab.you(&call, || {
                or_error(EthernetHeader::parse(&bytes[..len]), |_| "Ok".into())
            });
            lab.same(&call, got, "Ethernet Truncated".to_owned());
        }
        shows(lab, "a frame of nothing but its header", &bytes[..14]);
        let (_, rest) = lab.ok("EthernetHeader::parse(14 bytes)", || {
            EthernetHeader::parse(&bytes[..14])
        });
        lab.same("bytes behind the header", rest.len(), 0);
    });
}

#[test]
fn s5_get_request_is_54_bytes_heavier() {
    lab(|lab| {
        lab.why("14 bytes of Ethernet, 20 of IPv4, 20 of TCP: each layer puts its header in front of the bytes from the layer above, and does not change them.");
        let want = frame(0x0800, &Ip::new(6, &Tcp::new(0x18, GET).bytes()).bytes());
        lab.scene("GET / in a segment, in a datagram, in a frame");
        lab.given("the frame that the RFCs ask for", &explain::frame(&want));
        let got = lab.ok("encapsulate(GET /)", || encapsulate(&get()));
        lab.given("yours", &explain::frame(&got));
        lab.same(
            "bytes more than the request",
            got.len() as isize - GET.len() as isize,
            54,
        );
        lab.same_bytes("the frame", &got, &want);
        lab.draws("06-envelopes", envelope::draw(&got));
    });
}

#[test]
fn s5_a_question_to_dns_is_42_bytes_heavier() {
    lab(|lab| {
        lab.why("14 bytes of Ethernet, 20 of IPv4, 8 of UDP.");
        let question = b"a question to port 53";
        let want = Ip::new(17, &Udp::new(question).bytes()).bytes();
        let mut ask = get();
        let inside = self::question(17, question);
        lab.scene("a UDP datagram in an IPv4 datagram");
        let got = lab.ok("encapsulate_ip(the question)", || encapsulate_ip(&inside));
        lab.same_bytes("the datagram", &got, &want);
        ask.network = Network::Ipv4(inside);
        let got = lab.ok("encapsulate(the question)", || encapsulate(&ask));
        lab.same(
            "bytes more than the question",
            got.len() as isize - question.len() as isize,
            42,
        );
        lab.same_bytes("the frame", &got, &frame(0x0800, &want));
    });
}

#[test]
fn s5_each_layer_names_the_next() {
    lab(|lab| {
        lab.why("Ethernet's type tells that IPv4 comes next, IPv4's protocol tells TCP from UDP. Nothing in the bytes of the inner layer says what it is.");
        let tcp = Tcp::new(0x18, GET).bytes();
        let udp = Udp::new(b"a question").bytes();
        let get = payload(GET);
        dissects(
            lab,
            "a segment",
            &frame(0x0800, &Ip::new(6, &tcp).bytes()),
            &format!("{ETHERNET}\n{}\ntcp {TCP}\n{get}", ip_words(6)),
        );
        dissects(
            lab,
            "a UDP datagram",
            &frame(0x0800, &Ip::new(17, &udp).bytes()),
            &format!(
                "{ETHERNET}\n{}\nudp from port 49152 · to port 53\n{}",
                ip_words(17),
                payload(b"a question")
            ),
        );
        let inner = Ip::new(17, &udp).bytes();
        for proto in (0..=255).filter(|proto| ![6, 17].contains(proto)) {
            for inside in [&inner, &tcp] {
                if inside == &tcp && proto % 16 > 1 {
                    continue; // a few of them will do
                }
                let what = format!("protocol {proto} in front of {}", hex::short(inside));
                let bytes = frame(0x0800, &Ip::new(proto, inside).bytes());
                let words = ip_words(proto);
                let lab = lab.because("This protocol is neither TCP nor UDP. Its bytes are given as they are, whatever they look like.");
                dissects(
                    &lab,
                    &what,
                    &bytes,
                    &format!("{ETHERNET}\n{words}\nother {}", payload(inside)),
                );
            }
        }
        let ip = Ip::new(6, &tcp).bytes();
        let one_bit_off = (0..16).map(|bit| 0x0800 ^ (1 << bit));
        for ethertype in [
            0x0806, 0x86dd, 0x8100, 0x9000, 0x0008, 0, 5, 46, 0x0700, 0xffff,
        ]
        .into_iter()
        .chain(one_bit_off)
        {
            let what = format!("type {ethertype:04x}");
            let bytes = frame(ethertype, &ip);
            let outer = ETHERNET.replace("0800", &format!("{ethertype:04x}"));
            let lab = lab.because("This type is not IPv4's. The bytes behind the header are given as they are, whatever they look like.");
            dissects(
                &lab,
                &what,
                &bytes,
                &format!("{outer}\nother {}", payload(&ip)),
            );
        }
        let lab = lab.because(
            "Another protocol than IPv4 has no length that you know, so its padding stays.",
        );
        let arp = [&[0x5a; 28][..], &[0; 18]].concat();
        dissects(
            &lab,
            "ARP with padding",
            &frame(0x0806, &arp),
            &format!(
                "{}\nother {}",
                ETHERNET.replace("0800", "0806"),
                payload(&arp)
            ),
        );
        dissects(
            &lab,
            "a frame without payload",
            &frame(0x0806, &[]),
            &format!("{}\nother 0 bytes []", ETHERNET.replace("0800", "0806")),
        );
    });
}

#[test]
fn s5_a_fragment_has_no_ports() {
    lab(|lab| {
        lab.why("A later piece of a datagram has no TCP header: its first bytes are data from the middle. The first piece has one, but its checksum is that of the whole. Neither is read before the pieces are put together (chapter 07).");
        let tcp = Tcp::new(0x18, b"12345678").bytes();
        let udp = Udp::new(b"12345678").bytes();
        for (proto, bytes) in [(6, &tcp), (17, &udp), (1, &udp)] {
            for (what, fragment) in [
                ("the first piece", 0x2000),
                ("a middle piece", 0x2000 | 185),
                ("the last piece", 370),
                ("a piece at offset 1", 1),
                ("a piece at offset 8191", 8191),
                ("the last piece, with DF", 0x4000 | 16),
                ("the first piece, with DF", 0x6000),
            ] {
                let ip = Ip {
                    fragment,
                    ..Ip::new(proto, bytes)
                };
                let words = words_of(&ip);
                let what = format!("{what}, protocol {proto}");
                dissects(
                    lab,
                    &what,
                    &frame(0x0800, &ip.bytes()),
                    &format!("{ETHERNET}\n{words}\nfragment {}", payload(bytes)),
                );
            }
        }
        for proto in [6, 17, 1] {
            for len in [0, 1, 7, 8, 19] {
                let ip = Ip {
                    fragment: 0x2000,
                    ..Ip::new(proto, &tcp[..len])
                };
                let words = ip_words(proto).replace("mf false", "mf true");
                let lab = lab.because("The bytes of a fragment are not read, so it may be shorter than the header of the whole datagram.");
                dissects(
                    &lab,
                    &format!("a first piece of {}, protocol {proto}", hex::count(len)),
                    &frame(0x0800, &ip.bytes()),
                    &format!("{ETHERNET}\n{words}\nfragment {}", payload(&tcp[..len])),
                );
            }
        }
        let lab = lab.because("DF forbids fragmentation. A datagram with DF is whole.");
        for (reserved, what) in [(0, "DF alone"), (0x8000, "DF and the reserved bit")] {
            let ip = Ip {
                fragment: 0x4000 | reserved,
                ..Ip::new(6, &tcp)
            };
            let words = ip_words(6).replace("df false", "df true");
            dissects(
                &lab,
                what,
                &frame(0x0800, &ip.bytes()),
                &format!("{ETHERNET}\n{words}\ntcp {TCP}\n{}", payload(b"12345678")),
            );
        }
    });
}

#[test]
fn s5_padding_is_nobodys() {
    lab(|lab| {
        lab.why("A frame on the cable has 60 bytes at least, and a short one is padded. Total Length ends the datagram, whatever it carries: TCP, UDP, a fragment, or another protocol. The bytes after it are padding.");
        let mut cases = Vec::new();
        for data in [&b""[..], b"x", b"hello"] {
            let tcp = Tcp::new(0x18, data).bytes();
            let words = format!("tcp {TCP}\n{}", payload(data));
            cases.push(("TCP", Ip::new(6, &tcp), words));
            let udp = Udp::new(data).bytes();
            let words = format!("udp from port 49152 · to port 53\n{}", payload(data));
            cases.push(("UDP", Ip::new(17, &udp), words.clone()));
            // Each layer has its own end: UDP's length may be less than IP's.
            let longer = [&udp[..], &[0xaa; 4]].concat();
            let what = "UDP that is shorter than its datagram";
            cases.push((what, Ip::new(17, &longer), words));
            for proto in [1, 4, 132] {
                let words = format!("other {}", payload(data));
                cases.push(("another protocol", Ip::new(proto, data), words));
            }
            for proto in [1, 6, 17] {
                for fragment in [0x2000, 0x2000 | 9, 9] {
                    let ip = Ip {
                        fragment,
                        ..Ip::new(proto, data)
                    };
                    cases.push(("a fragment", ip, format!("fragment {}", payload(data))));
                }
            }
        }
        for (what, ip, words) in cases {
            let bytes = frame(0x0800, &ip.bytes());
            let want = format!("{ETHERNET}\n{}\n{words}", words_of(&ip));
            let to_60 = 60_usize.saturating_sub(bytes.len());
            let mut zeros = bytes.clone();
            zeros.resize(60, 0);
            dissects(lab, &format!("{what}, zeros up to 60 bytes"), &zeros, &want);
            for padding in [1, 2, 8, to_60, 1000] {
                let padded = [&bytes[..], &vec![0xee; padding]].concat();
                let what = format!("{what}, {} of padding", hex::count(padding));
                dissects(lab, &what, &padded, &want);
            }
        }
    });
}

#[test]
fn s5_no_layer_goes_behind_the_one_around_it() {
    lab(|lab| {
        let tcp = Tcp {
            options: vec![1; 8],
            ..Tcp::new(0x18, b"data")
        };
        let udp = Udp::new(b"question");
        let no_checksum = Udp {
            checksum: Some(0),
            ..udp.clone()
        };
        for (name, proto, inside, header_len) in [
            ("Tcp", 6, tcp.bytes(), 28),
            ("Udp", 17, udp.bytes(), usize::MAX),
            ("Udp", 17, no_checksum.bytes(), usize::MAX),
        ] {
            for there in 0..inside.len() {
                let reason = match there < header_len {
                    true => "Truncated",
                    false => "Checksum", // TCP has no length of its own
                };
                let of = name.to_uppercase();
                lab.why(format!("Total Length gives {there} of these {} bytes to {of}. The others are in the frame, but behind the datagram: they are padding, and do not complete it.", inside.len()));
                let (mine, padding) = inside.split_at(there);
                let bytes = frame(0x0800, &Ip::new(proto, mine).bytes());
                for more in [0, 46] {
                    let bytes = [&bytes[..], padding, &vec![0; more]].concat();
                    let what = format!("{} of {of}, the rest as padding", hex::count(there));
                    dissects(lab, &what, &bytes, &format!("{name} {reason}"));
                }
            }
        }
    });
}

#[test]
fn s5_a_frame_may_have_any_length() {
    lab(|lab| {
        lab.why("Do not limit the length of a frame: some cables carry 9000 bytes, and a card may pass up many segments as one. Only the fields say where each layer ends.");
        for data in [1461, 9000, 65495] {
            let data = vec![0x7b; data];
            let segment = Tcp::new(0x18, &data).bytes();
            let mut bytes = frame(0x0800, &Ip::new(6, &segment).bytes());
            let want = format!("{ETHERNET}\n{}\ntcp {TCP}\n{}", ip_words(6), payload(&data));
            let what = format!("a frame of {}", hex::count(bytes.len()));
            dissects(lab, &what, &bytes, &want);
            bytes.resize(70_000, 0xee);
            dissects(lab, &format!("{what}, padded to 70 000"), &bytes, &want);
        }
    });
}

#[test]
fn s5_dissect_ip_begins_at_ip() {
    lab(|lab| {
        lab.why(
            "On a link without Ethernet, such as a TUN device, a packet begins with IP's header.",
        );
        let tcp = Tcp::new(0x18, GET).bytes();
        let cases = [
            (
                Ip::new(6, &tcp),
                format!("{}\ntcp {TCP}\n{}", ip_words(6), payload(GET)),
            ),
            (
                Ip::new(1, b"icmp"),
                format!("{}\nother {}", ip_words(1), payload(b"icmp")),
            ),
            (
                Ip {
                    version: 6,
                    ..Ip::new(6, &tcp)
                },
                "Ipv4 Version".to_owned(),
            ),
        ];
        for (ip, want) in cases {
            let bytes = ip.bytes();
            lab.scene("a packet without Ethernet");
            lab.given("the datagram", &explain::ip(&bytes));
            let call = format!("dissect_ip({} bytes)", bytes.len());
            let got = lab.you(&call, || or_error(dissect_ip(&bytes), datagram));
            words::same_fields(lab, "of the datagram", &got, &want);
        }
    });
}

#[test]
fn s5_who_talks_to_whom() {
    lab(|lab| {
        lab.why(LAYERS);
        // Numbers that look like addresses, where a mistaken reader would look for them.
        let misleading = Tcp {
            seq: 0x0a00_0001,
            ack: 0x0a00_0002,
            ..Tcp::new(0x02, b"")
        };
        let tcp = Ip::new(6, &misleading.bytes());
        let want = "192.0.2.1:49152 → 198.51.100.2:80";
        flows(lab, "a segment", &tcp, Some(want.to_owned()));
        let udp = Ip::new(17, &Udp::new(b"question").bytes());
        let want = "192.0.2.1:49152 → 198.51.100.2:53";
        flows(lab, "a UDP datagram", &udp, Some(want.to_owned()));
        lab.why("src is the sender of this datagram, whichever side opened the connection: in a reply the server is src. 0 is an ordinary port.");
        for (from, to) in ENDS.into_iter().take(3) {
            for src in PORTS {
                for dst in PORTS {
                    let want = Some(format!("{from}:{src} → {to}:{dst}"));
                    let of = |proto: u8, bytes: Vec<u8>| Ip {
                        src: from,
                        dst: to,
                        ..Ip::new(proto, &bytes)
                    };
                    for (flags, name) in [(0x02, "SYN"), (0x12, "SYN,ACK")] {
                        let tcp = Tcp {
                            ends: (from, to),
                            src,
                            dst,
                            ..Tcp::new(flags, b"")
                        };
                        let what = format!("{name} from {from}:{src} to {to}:{dst}");
                        flows(lab, &what, &of(6, tcp.bytes()), want.clone());
                    }
                    let udp = Udp {
                        ends: (from, to),
                        src,
                        dst,
                        ..Udp::new(b"hi!")
                    };
                    let what = format!("UDP from {from}:{src} to {to}:{dst}");
                    flows(lab, &what, &of(17, udp.bytes()), want);
                }
            }
        }
        lab.why("A fragment has no usable ports, and another protocol has none that you know. So there is no flow, and no port 0 instead. Every payload begins with four bytes that could be two ports.");
        flows(lab, "ICMP", &Ip::new(1, &misleading.bytes()), None);
        for (what, fragment) in [
            ("the first piece of a segment", 0x2000),
            ("a middle piece", 0x2000 | 100),
            ("the last piece of a segment", 100),
        ] {
            for proto in [6, 17] {
                let ip = Ip {
                    fragment,
                    ..Ip::new(proto, &misleading.bytes())
                };
                flows(lab, what, &ip, None);
            }
        }
        for proto in (0..=255).filter(|proto| ![6, 17].contains(proto)) {
            let ip = Ip::new(proto, &misleading.bytes());
            flows(lab, &format!("protocol {proto}"), &ip, None);
        }
        lab.why("flow takes the ports from `transport`, whatever IP's header says.");
        let bytes = Tcp::new(0x02, b"").bytes();
        for (name, transport, want) in [
            ("Tcp", segment(GET).transport, Some(80)),
            ("Udp", question(17, GET).transport, Some(53)),
            ("Fragment", Transport::Fragment(&bytes), None),
            ("Other", Transport::Other(&bytes), None),
        ] {
            let want = want.map(|port| format!("192.0.2.1:49152 → 198.51.100.2:{port}"));
            for proto in [0, 1, 6, 17] {
                for (mf, frag_off) in [(false, 0), (true, 0), (false, 5), (true, 5)] {
                    let by_hand = Datagram {
                        ip: Ipv4Header {
                            mf,
                            frag_off,
                            ..Ipv4Header::new(proto, CLIENT, SERVER)
                        },
                        transport: transport.clone(),
                    };
                    let what = format!(
                        "a Transport::{name} with protocol {proto}, MF {mf} and offset {frag_off}"
                    );
                    lab.scene(&what);
                    let flow = lab.you("flow()", || by_hand.flow());
                    let flow = flow.map(|flow| format!("{} → {}", flow.src, flow.dst));
                    lab.same(&format!("the flow of {what}"), flow, want.clone());
                }
            }
        }
    });
}

#[test]
fn s5_names_the_layer_that_is_broken() {
    lab(|lab| {
        lab.why("An error names its layer: ports live in TCP, addresses in IP, cards in Ethernet. The outermost broken layer counts, because nothing inside it can be trusted.");
        let tcp = Tcp::new(0x18, b"data").bytes();
        let udp = Udp::new(b"data").bytes();
        let of = |ip: Ip| frame(0x0800, &ip.bytes());
        let flipped = |mut bytes: Vec<u8>, at: usize| {
            bytes[at] ^= 0x10;
            bytes
        };
        let sound = of(Ip::new(6, &tcp));
        let by_udp = of(Ip::new(17, &udp));
        let short_offset = Tcp {
            offset: Some(4),
            ..Tcp::new(0x18, b"data")
        };
        let bad_option = Tcp {
            options: vec![3, 0, 0, 0],
            ..Tcp::new(0x18, b"data")
        };
        let cases = [
            ("13 bytes", sound[..13].to_vec(), "Ethernet Truncated"),
            (
                "an Ethernet header alone",
                sound[..14].to_vec(),
                "Ipv4 Truncated",
            ),
            (
                "half an IPv4 header",
                sound[..24].to_vec(),
                "Ipv4 Truncated",
            ),
            (
                "a frame that is cut in TCP's header",
                sound[..40].to_vec(),
                "Ipv4 Truncated",
            ),
            (
                "a frame without its last byte",
                sound[..sound.len() - 1].to_vec(),
                "Ipv4 Truncated",
            ),
            (
                "version 6 behind type 0800",
                of(Ip {
                    version: 6,
                    ..Ip::new(6, &tcp)
                }),
                "Ipv4 Version",
            ),
            (
                "a flipped bit in IP's source",
                flipped(sound.clone(), 14 + 12),
                "Ipv4 Checksum",
            ),
            (
                "a flipped bit in TCP's port",
                flipped(sound.clone(), 34),
                "Tcp Checksum",
            ),
            (
                "a flipped bit in TCP's data",
                flipped(sound.clone(), 55),
                "Tcp Checksum",
            ),
            (
                "a flipped bit in UDP's data",
                flipped(by_udp.clone(), 43),
                "Udp Checksum",
            ),
            (
                "a flipped bit in IP and one in TCP",
                flipped(flipped(sound.clone(), 22), 36),
                "Ipv4 Checksum",
            ),
            (
                "19 bytes of TCP",
                of(Ip::new(6, &tcp[..19])),
                "Tcp Truncated",
            ),
            ("no byte of TCP", of(Ip::new(6, &[])), "Tcp Truncated"),
            (
                "7 bytes of UDP",
                of(Ip::new(17, &udp[..7])),
                "Udp Truncated",
            ),
            (
                "data offset 4",
                of(Ip::new(6, &short_offset.bytes())),
                "Tcp HeaderLength",
            ),
            (
                "a TCP option of length 0",
                of(Ip::new(6, &bad_option.bytes())),
                "Tcp Option",
            ),
            (
                "UDP of length 5",
                of(Ip::new(
                    17,
                    &Udp {
                        len: Some(5),
                        ..Udp::new(b"data")
                    }
                    .bytes(),
                )),
                "Udp Length",
            ),
        ];
        for (what, bytes, want) in cases {
            dissects(lab, what, &bytes, want);
        }
        let padded = [&of(Ip::new(6, &tcp[..19]))[..], &[0; 20]].concat();
        lab.why("TCP ends where IP's Total Length says. Padding does not make its header whole.");
        dissects(
            lab,
            "19 bytes of TCP, and padding",
            &padded,
            "Tcp Truncated",
        );
        lab.why("With another address the segment's checksum does not fit: the pseudo-header has the addresses of this datagram's IP header.");
        let other = Ip {
            dst: Ipv4Addr::new(198, 51, 100, 3),
            ..Ip::new(6, &tcp)
        };
        dissects(
            lab,
            "a segment in a datagram to another host",
            &of(other),
            "Tcp Checksum",
        );
        let other = Ip {
            src: Ipv4Addr::new(192, 0, 2, 2),
            ..Ip::new(17, &udp)
        };
        dissects(
            lab,
            "a UDP datagram from another host",
            &of(other),
            "Udp Checksum",
        );
    });
}

#[test]
fn s5_what_is_inside_decides() {
    lab(|lab| {
        lab.why("A frame that carries IPv4 and says ARP would be thrown away by its receiver. So what is inside decides: 0800 in front of IPv4, 6 in front of TCP, 17 in front of UDP.");
        let tcp = Tcp::new(0x18, GET).bytes();
        for (ethertype, proto) in [(0, 0), (0x0806, 17), (0x86dd, 1), (0x0800, 58)] {
            let mut lying = get();
            lying.ethernet.ethertype = ethertype;
            let mut inside = segment(GET);
            inside.ip.proto = proto;
            lying.network = Network::Ipv4(inside);
            let what = format!("GET / with type {ethertype:04x} and protocol {proto}");
            lab.scene(&what);
            let got = lab.ok(&format!("encapsulate({what})"), || encapsulate(&lying));
            lab.same_bytes("the frame", &got, &frame(0x0800, &Ip::new(6, &tcp).bytes()));
        }
        for (from, to) in ENDS {
            for port in PORTS {
                from_end_to_end(lab, (from, to), port);
            }
        }
        // Each kind of datagram with each fragment field and each protocol.
        for df in [0, 0x4000] {
            for mf in [0, 0x2000] {
                for offset in [0, 1, 185, 0x1fff] {
                    for proto in [0, 1, 4, 6, 17, 89, 132, 255] {
                        stands_as_it_is(lab, df | mf | offset, proto);
                    }
                }
            }
        }
        lab.why("Do not limit the length of a frame. IP cuts up a datagram that is too long for a cable, and that is chapter 07.");
        for len in [1501, 9001, 65535] {
            let data = vec![0x7b; len - 40];
            let long = Frame {
                network: Network::Ipv4(segment(&data)),
                ..get()
            };
            let what = format!("a datagram of {len} bytes");
            lab.scene(&what);
            let got = lab.ok(&format!("encapsulate({what})"), || encapsulate(&long));
            let want = Ip::new(6, &Tcp::new(0x18, &data).bytes()).bytes();
            lab.same_bytes("the frame", &got, &frame(0x0800, &want));
        }
        lab.why("A payload without a header type of yours is written as it is, with the type in the frame's header, and in any length.");
        let long = vec![0x7b; 70_000];
        let datagram = Ip::new(6, &tcp).bytes();
        for ethertype in [
            0, 5, 46, 0x05dc, 0x05ff, 0x0600, 0x0806, 0x0800, 0x86dd, 0x8100, 0x9000, 0xffff,
        ] {
            for bytes in [&b""[..], b"x", b"whatever", &datagram, &long[..1501], &long] {
                let mut other = get();
                other.ethernet.ethertype = ethertype;
                other.network = Network::Other(bytes);
                let what = format!("{} of type {ethertype:04x}", hex::count(bytes.len()));
                lab.scene(&what);
                let got = lab.ok(&format!("encapsulate({what})"), || encapsulate(&other));
                lab.same_bytes("the frame", &got, &frame(ethertype, bytes));
            }
        }
    });
}

/// Demands what `encapsulate_ip` writes of TCP and of UDP between these addresses, from this port.
fn from_end_to_end(lab: &Lab, ends: (Ipv4Addr, Ipv4Addr), port: u16) {
    let mut by_tcp = segment(b"data");
    let mut by_udp = question(17, b"hi!");
    for (of, inside) in [("TCP", &mut by_tcp), ("UDP", &mut by_udp)] {
        (inside.ip.src, inside.ip.dst) = ends;
        match &mut inside.transport {
            Transport::Tcp(tcp, _) => tcp.src = port,
            Transport::Udp(udp, _) => udp.src = port,
            _ => {}
        }
        let bytes = match of {
            "TCP" => Tcp {
                ends,
                src: port,
                ..Tcp::new(0x18, b"data")
            }
            .bytes(),
            _ => Udp {
                ends,
                src: port,
                ..Udp::new(b"hi!")
            }
            .bytes(),
        };
        let what = format!("{of} from {}, port {port}, to {}", ends.0, ends.1);
        lab.scene(&what);
        let got = lab.ok(&format!("encapsulate_ip({what})"), || {
            encapsulate_ip(inside)
        });
        let want = Ip {
            src: ends.0,
            dst: ends.1,
            ..Ip::new(inside.ip.proto, &bytes)
        };
        lab.because("Each layer writes its own header in front, with the checksum that step 3 or step 4 gives it, whatever addresses and ports there are.")
            .same_bytes("the datagram", &got, &want.bytes());
    }
}

/// Demands that `encapsulate_ip` writes each kind of datagram with this fragment field, and with this protocol
/// where nothing inside decides it.
fn stands_as_it_is(lab: &Lab, fragment: u16, proto: u8) {
    let tcp = segment(b"data").transport;
    let udp = question(17, b"hi!").transport;
    let by_tcp = Tcp::new(0x18, b"data").bytes();
    let by_udp = Udp::new(b"hi!").bytes();
    let decides = "The layer inside decides only type and protocol. More Fragments and the fragment offset stay as they are.";
    let stands = "A payload without a header type of yours is written with the numbers in its IP header: the protocol, More Fragments and the fragment offset stay as they are, both for a Fragment and for Other.";
    for (name, transport, want_proto, payload, why) in [
        ("Tcp", tcp, 6, &by_tcp[..], decides),
        ("Udp", udp, 17, &by_udp, decides),
        (
            "Fragment",
            Transport::Fragment(b"whatever"),
            proto,
            b"whatever",
            stands,
        ),
        ("Fragment", Transport::Fragment(b""), proto, b"", stands),
        (
            "Other",
            Transport::Other(b"whatever"),
            proto,
            b"whatever",
            stands,
        ),
        ("Other", Transport::Other(b""), proto, b"", stands),
    ] {
        let datagram = Datagram {
            ip: Ipv4Header {
                df: fragment & 0x4000 > 0,
                mf: fragment & 0x2000 > 0,
                frag_off: fragment & 0x1fff,
                ..Ipv4Header::new(proto, CLIENT, SERVER)
            },
            transport,
        };
        let size = hex::count(payload.len());
        let what = format!("{name} of {size}, protocol {proto}, fragment field {fragment:04x}");
        lab.scene(&what);
        let got = lab.ok(&format!("encapsulate_ip({what})"), || {
            encapsulate_ip(&datagram)
        });
        let want = Ip {
            fragment,
            ..Ip::new(want_proto, payload)
        };
        lab.because(why)
            .same_bytes("the datagram", &got, &want.bytes());
    }
}

#[test]
fn s5_dissect_inverts_encapsulate() {
    lab(|lab| {
        lab.why("encapsulate and dissect are inverse: every field and every byte comes out as it went in.");
        for seed in lab.seeds(256) {
            let mut dice = Dice::new(seed);
            let data = some_bytes(&mut dice, 40);
            let options = some_bytes(&mut dice, 40);
            let made = made_up(&mut dice, &data, &options);
            let want = in_words(&made);
            lab.scene(format!("a frame by chance, seed {seed}:"));
            lab.given("what went in", &want);
            let bytes = lab.ok("encapsulate(it)", || encapsulate(&made));
            let got = lab.you("dissect(the frame)", || or_error(dissect(&bytes), in_words));
            words::same_fields(lab, "of what comes out", &got, &want);
            let again = lab.ok("dissect, then encapsulate again", || {
                dissect(&bytes).and_then(|frame| encapsulate(&frame))
            });
            lab.same_bytes("the frame, put together again", &again, &bytes);
        }
    });
}

/// Half of them are of a kind that somebody could treat in a way of its own.
fn address(dice: &mut Dice) -> Ipv4Addr {
    let (src, dst) = ENDS[dice.below(ENDS.len() as u64) as usize];
    match dice.below(4) {
        0 => src,
        1 => dst,
        _ => Ipv4Addr::from(dice.next() as u32),
    }
}

fn port(dice: &mut Dice) -> u16 {
    match dice.below(2) {
        0 => PORTS[dice.below(PORTS.len() as u64) as usize],
        _ => dice.next() as u16,
    }
}

fn made_up<'a>(dice: &mut Dice, data: &'a [u8], options: &[u8]) -> Frame<'a> {
    let mut ip = Ipv4Header {
        tos: dice.next() as u8,
        id: dice.next() as u16,
        df: dice.below(2) == 1,
        mf: false,
        frag_off: 0,
        ttl: dice.next() as u8,
        proto: 0,
        src: address(dice),
        dst: address(dice),
        options: options[..options.len() / 4 * 4].to_vec(),
    };
    let transport = match dice.below(5) {
        0 | 1 => {
            ip.proto = 6;
            let sometimes = |dice: &mut Dice| dice.below(2) == 1;
            let pair = |dice: &mut Dice| (dice.next() as u32, dice.next() as u32);
            let blocks = dice.below(4) as usize;
            let options = TcpOptions {
                timestamps: sometimes(dice).then(|| pair(dice)),
                sack: std::array::from_fn(|n| (n < blocks).then(|| pair(dice))),
                ..TcpOptions::default()
            };
            let of_a_syn = TcpOptions {
                mss: sometimes(dice).then(|| dice.next() as u16),
                window_scale: sometimes(dice).then(|| dice.next() as u8),
                sack_permitted: sometimes(dice),
                timestamps: options.timestamps,
                ..TcpOptions::default()
            };
            let tcp = TcpHeader {
                src: port(dice),
                dst: port(dice),
                seq: dice.next() as u32,
                ack: dice.next() as u32,
                flags: Flags(dice.next() as u8),
                window: dice.next() as u16,
                urgent: dice.next() as u16,
                options: if sometimes(dice) { options } else { of_a_syn },
            };
            Transport::Tcp(tcp, data)
        }
        2 => {
            ip.proto = 17;
            let (src, dst) = (port(dice), port(dice));
            Transport::Udp(UdpHeader { src, dst }, data)
        }
        3 => {
            ip.proto = dice.next() as u8;
            ip.frag_off = dice.below(0x2000) as u16;
            ip.mf = ip.frag_off == 0 || dice.below(2) == 1;
            Transport::Fragment(data)
        }
        _ => {
            ip.proto = [0, 1, 2, 4, 47, 89, 132, 255][dice.below(8) as usize];
            Transport::Other(data)
        }
    };
    let mac = |dice: &mut Dice| match dice.below(4) {
        0 => Mac::BROADCAST,
        1 => Mac([0; 6]),
        _ => Mac(std::array::from_fn(|_| dice.next() as u8)),
    };
    let network = match dice.below(8) {
        0 => Network::Other(data),
        _ => Network::Ipv4(Datagram { ip, transport }),
    };
    let ethertype = match network {
        Network::Ipv4(_) => 0x0800,
        Network::Other(_) => [0, 5, 0x05dc, 0x0600, 0x0806, 0x86dd][dice.below(6) as usize],
    };
    let (dst, src) = (mac(dice), mac(dice));
    Frame {
        ethernet: EthernetHeader {
            dst,
            src,
            ethertype,
        },
        network,
    }
}

#[test]
fn s5_what_cannot_be_written_is_an_error() {
    lab(|lab| {
        const SWALLOWED: &str = "If one layer cannot be written, the whole fails with that layer's error. A frame without it would be another frame.";
        lab.why("The innermost layer is written first, so its error comes first. It is passed on unchanged.");
        let block = Some((1, 2));
        let too_many = TcpOptions {
            timestamps: Some((1, 2)),
            sack: [block; 4],
            ..TcpOptions::default()
        };
        let segment = |options| TcpHeader {
            src: 1,
            dst: 2,
            options,
            ..TcpHeader::default()
        };
        let long_ip = Ipv4Header {
            options: vec![1; 41],
            ..Ipv4Header::new(6, CLIENT, SERVER)
        };
        let handed_on = |what: &str, got: String, want: &str| match got.as_str() {
            "Ok" => lab.because(SWALLOWED).same(what, got, want.to_owned()),
            _ => lab.same(what, got, want.to_owned()),
        };
        let plain_ip = Ipv4Header::new(6, CLIENT, SERVER);
        let data = vec![0; 70_000];
        let udp = UdpHeader { src: 1, dst: 2 };
        let cases = [
            (
                "too many TCP options",
                &plain_ip,
                Transport::Tcp(segment(too_many), b"x"),
                "Tcp TooBig",
            ),
            (
                "too many options in both headers",
                &long_ip,
                Transport::Tcp(segment(too_many), b"x"),
                "Tcp TooBig",
            ),
            (
                "too many IP options",
                &long_ip,
                Transport::Udp(udp, b"x"),
                "Ipv4 TooBig",
            ),
            (
                "70 000 bytes over TCP",
                &plain_ip,
                Transport::Tcp(segment(TcpOptions::default()), &data),
                "Tcp TooBig",
            ),
            (
                "70 000 bytes over UDP",
                &plain_ip,
                Transport::Udp(udp, &data),
                "Udp TooBig",
            ),
            (
                "70 000 bytes of ICMP",
                &plain_ip,
                Transport::Other(&data),
                "Ipv4 TooBig",
            ),
            (
                "a segment of 65535 bytes, for which IP has no room",
                &plain_ip,
                Transport::Tcp(segment(TcpOptions::default()), &data[..65515]),
                "Ipv4 TooBig",
            ),
            (
                "a UDP datagram of 65535 bytes, for which IP has no room",
                &plain_ip,
                Transport::Udp(udp, &data[..65527]),
                "Ipv4 TooBig",
            ),
            (
                "a piece of 65516 bytes",
                &plain_ip,
                Transport::Fragment(&data[..65516]),
                "Ipv4 TooBig",
            ),
        ];
        for (what, ip, transport, want) in cases {
            lab.scene(what);
            let datagram = Datagram {
                ip: ip.clone(),
                transport,
            };
            let got = lab.you(&format!("encapsulate_ip({what})"), || {
                or_error(encapsulate_ip(&datagram), |_| "Ok".into())
            });
            handed_on(&format!("what encapsulate_ip says of {what}"), got, want);
            let frame = Frame {
                network: Network::Ipv4(datagram),
                ..get()
            };
            let got = lab.you(&format!("encapsulate({what})"), || {
                or_error(encapsulate(&frame), |_| "Ok".into())
            });
            handed_on(&format!("what encapsulate says of {what}"), got, want);
        }
    });
}
