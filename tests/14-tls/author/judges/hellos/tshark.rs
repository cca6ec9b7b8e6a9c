//! tshark reads hellos out of a capture file: each is the first segment of a connection of its own.

use std::fs::{self, File};
use std::io::BufWriter;
use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use packets::{
    Datagram, EthernetHeader, Flags, Frame, Ipv4Header, LinkType, Mac, Network, TcpHeader,
    TcpOptions, Transport, encapsulate, ethertype, protocol, write_pcap,
};

use super::{Fields, Flight};
use netlab::needs::installed;

/// What tshark is asked for. The last two are its complaints.
const FIELDS: [&str; 7] = [
    "tls.handshake.extensions_server_name",
    "tls.handshake.extensions_alpn_str",
    "tls.handshake.extensions.supported_version",
    "tls.handshake.version",
    "tls.handshake.ciphersuite",
    "_ws.malformed",
    "_ws.expert.message",
];

/// What tshark says of a flight.
pub struct Said {
    pub fields: Fields,
    pub complains: String,
}

/// Which tshark there is, if there is one.
pub fn version() -> Option<String> {
    let tshark = installed("tshark", "--version")?;
    let output = Command::new(tshark).arg("--version").output().ok()?;
    let words = String::from_utf8(output.stdout).ok()?;
    words.lines().next().map(str::to_owned)
}

/// What it says of each.
pub fn reads(flights: &[Flight]) -> Vec<Said> {
    let path = std::env::temp_dir().join(format!("loopback-14-{}.pcap", std::process::id()));
    let frames: Vec<Vec<u8>> = (0..).zip(flights).map(|(n, it)| frame(n, it)).collect();
    let packets: Vec<(Duration, &[u8])> = frames
        .iter()
        .map(|frame| (Duration::ZERO, frame.as_slice()))
        .collect();
    let file = BufWriter::new(File::create(&path).expect("a file"));
    write_pcap(file, LinkType::Ethernet, &packets).expect("it can be written");
    let mut command = Command::new("tshark");
    command
        .arg("-r")
        .arg(&path)
        .args(["-T", "fields", "-E", "separator=|"]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    let output = command.output().expect("it ran before");
    fs::remove_file(path).expect("it was there");
    let lines = String::from_utf8(output.stdout).expect("text");
    let said: Vec<Said> = lines.lines().map(line).collect();
    assert_eq!(said.len(), flights.len(), "{lines}");
    said
}

fn line(line: &str) -> Said {
    let fields: Vec<&str> = line.split('|').collect();
    let [name, alpn, versions, legacy, suites, malformed, expert] = fields[..] else {
        panic!("seven fields: {line}");
    };
    Said {
        fields: Fields {
            // Our parser gives a name in small letters. tshark gives it as it came.
            name: name.to_ascii_lowercase(),
            alpn: alpn.to_owned(),
            versions: if versions.is_empty() {
                legacy
            } else {
                versions
            }
            .to_owned(),
            suites: suites.to_owned(),
        },
        complains: format!("{malformed}{expert}"),
    }
}

/// The flight as the `n`th client's first segment to port 443.
fn frame(n: u16, flight: &Flight) -> Vec<u8> {
    let (client, server) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    let tcp = TcpHeader {
        src: 50_000 + n,
        dst: 443,
        seq: 1,
        ack: 1,
        flags: Flags(Flags::ACK.0 | Flags::PSH.0),
        window: 65_535,
        urgent: 0,
        options: TcpOptions::default(),
    };
    let frame = Frame {
        ethernet: EthernetHeader {
            dst: Mac([2, 0, 0, 0, 0, 1]),
            src: Mac([2, 0, 0, 0, 0, 2]),
            ethertype: ethertype::IPV4,
        },
        network: Network::Ipv4(Datagram {
            ip: Ipv4Header::new(protocol::TCP, client, server),
            transport: Transport::Tcp(tcp, &flight.bytes),
        }),
    };
    encapsulate(&frame).expect("a sound frame")
}
