//! tshark reads 500 of our frames out of a file that `write_pcap` wrote.

use netlab::Dice;
use std::fs::File;
use std::io::BufWriter;
use std::process::Command;
use std::time::Duration;

use netlab::needs::installed;
use packets_solution::{Frame, LinkType, Network, Transport, encapsulate, write_pcap};

use super::frames;
use super::wire::some_bytes;

const FRAMES: usize = 500;

/// What tshark is asked for, field by field.
const FIELDS: [&str; 33] = [
    "eth.dst",
    "eth.src",
    "eth.type",
    "ip.hdr_len",
    "ip.dsfield",
    "ip.len",
    "ip.id",
    "ip.flags.df",
    "ip.flags.mf",
    "ip.frag_offset",
    "ip.ttl",
    "ip.proto",
    "ip.src",
    "ip.dst",
    "ip.checksum.status",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
    "udp.checksum.status",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.flags",
    "tcp.window_size_value",
    "tcp.urgent_pointer",
    "tcp.checksum.status",
    "tcp.options.mss_val",
    "tcp.options.wscale.shift",
    "tcp.options.timestamp.tsval",
    "tcp.options.timestamp.tsecr",
    "tcp.options.sack_le",
    "tcp.options.sack_re",
];

#[test]
fn tshark_finds_the_same_fields_and_no_fault() {
    if installed("tshark", "--version").is_none() {
        return;
    }
    let version = tshark(&["--version"]);
    let version = version.lines().next().unwrap_or_default().to_owned();

    let mut dice = Dice::new(6);
    let data: Vec<Vec<u8>> = (0..FRAMES).map(|_| some_bytes(&mut dice, 600)).collect();
    let frames: Vec<Frame> = data
        .iter()
        .map(|data| frames::sound(&mut dice, data))
        .collect();
    let bytes: Vec<Vec<u8>> = frames
        .iter()
        .map(|frame| encapsulate(frame).expect("a sound frame"))
        .collect();
    let packets: Vec<(Duration, &[u8])> = bytes
        .iter()
        .enumerate()
        .map(|(n, bytes)| (Duration::from_micros(n as u64 * 1_001), bytes.as_slice()))
        .collect();
    let (said, faults) = judged("sound", &packets);
    assert_eq!(faults, "", "{version} complains");
    let said: Vec<&str> = said.lines().collect();
    assert_eq!(said.len(), FRAMES, "{version}: {said:?}");
    for (n, (said, frame)) in said.iter().zip(&frames).enumerate() {
        let want = [
            vec![(n + 1).to_string(), time(n), bytes[n].len().to_string()],
            fields(frame),
        ];
        let want = want.concat();
        let said: Vec<&str> = said.split('|').collect();
        let names = ["frame.number", "frame.time_epoch", "frame.len"]
            .into_iter()
            .chain(FIELDS);
        for ((name, said), want) in names.zip(said).zip(&want) {
            assert_eq!(said, want, "{name} of frame {}: {frame:?}", n + 1);
        }
    }

    // It does look: one flipped bit in the data of the last one.
    let mut broken = bytes[FRAMES - 1].clone();
    *broken.last_mut().expect("it has bytes") ^= 1;
    let (_, faults) = judged("broken", &[(Duration::ZERO, &broken)]);
    assert!(faults.contains("10."), "{version} overlooks a bad checksum");
    println!("{version}: {FRAMES} frames, {} fields each", FIELDS.len());
}

/// What tshark says of packets: their fields, and those that it complains of.
fn judged(name: &str, packets: &[(Duration, &[u8])]) -> (String, String) {
    let name = format!("loopback-06-{}-{name}.pcap", std::process::id());
    let path = std::env::temp_dir().join(name);
    let file = BufWriter::new(File::create(&path).expect("a file"));
    write_pcap(file, LinkType::Ethernet, packets).expect("it can be written");
    let shown = path.to_str().expect("UTF-8");
    let said = (fields_of(shown), faults_of(shown));
    std::fs::remove_file(&path).expect("it was there");
    said
}

/// What tshark says with these arguments; `None` where there is none.
fn tshark(arguments: &[&str]) -> String {
    let output = Command::new("tshark")
        .args(arguments)
        .output()
        .expect("tshark runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tshark {arguments:?}: {words}");
    String::from_utf8(output.stdout).expect("text")
}

/// How tshark reads the file: all checksums, and nothing that it concludes from other packets.
fn reading(path: &str) -> Vec<&str> {
    let mut arguments = vec!["-r", path];
    for preference in [
        "ip.check_checksum:TRUE",
        "udp.check_checksum:TRUE",
        "tcp.check_checksum:TRUE",
        "ip.defragment:FALSE",
        "tcp.analyze_sequence_numbers:FALSE",
        "tcp.desegment_tcp_streams:FALSE",
        "tcp.relative_sequence_numbers:FALSE",
    ] {
        arguments.extend(["-o", preference]);
    }
    // The data is noise, and must not be taken for some protocol.
    for ports in ["udp.port==50000-59999,data", "tcp.port==50000-59999,data"] {
        arguments.extend(["-d", ports]);
    }
    arguments
}

fn fields_of(path: &str) -> String {
    let mut arguments = reading(path);
    arguments.extend(["-T", "fields", "-E", "separator=|"]);
    for field in ["frame.number", "frame.time_epoch", "frame.len"]
        .into_iter()
        .chain(FIELDS)
    {
        arguments.extend(["-e", field]);
    }
    tshark(&arguments)
}

/// The frames that tshark finds malformed, or with a bad checksum, or otherwise in error.
fn faults_of(path: &str) -> String {
    let mut arguments = reading(path);
    arguments.extend(["-Y", "_ws.malformed || _ws.expert.severity == \"Error\""]);
    tshark(&arguments)
}

fn time(n: usize) -> String {
    let micros = n * 1_001;
    format!("{}.{:06}000", micros / 1_000_000, micros % 1_000_000)
}

/// What the fields should be, in tshark's words.
fn fields(frame: &Frame) -> Vec<String> {
    let Network::Ipv4(datagram) = &frame.network else {
        panic!("all of these are IPv4");
    };
    let ip = &datagram.ip;
    let bit = |set: bool| u8::from(set).to_string();
    let good = || "1".to_owned();
    let mut all = vec![
        frame.ethernet.dst.to_string(),
        frame.ethernet.src.to_string(),
        "0x0800".to_owned(),
        ip.header_len().to_string(),
        format!("0x{:02x}", ip.tos),
        String::new(), // ip.len: below
        format!("0x{:04x}", ip.id),
        bit(ip.df),
        bit(ip.mf),
        ip.frag_off.to_string(),
        ip.ttl.to_string(),
        ip.proto.to_string(),
        ip.src.to_string(),
        ip.dst.to_string(),
        good(),
    ];
    let none = |count| vec![String::new(); count];
    let number = |value: Option<u32>| value.map_or(String::new(), |value| value.to_string());
    let segment = match &datagram.transport {
        Transport::Udp(udp, data) => {
            let len = 8 + data.len();
            all.extend([udp.src.to_string(), udp.dst.to_string()]);
            all.extend([len.to_string(), good()]);
            all.extend(none(14));
            len
        }
        Transport::Tcp(tcp, data) => {
            all.extend(none(4));
            let options = &tcp.options;
            let blocks = options.sack.iter().flatten();
            let edges = |edge: fn(&(u32, u32)) -> u32| {
                let edges: Vec<String> = blocks.clone().map(|b| edge(b).to_string()).collect();
                edges.join(",")
            };
            all.extend([
                tcp.src.to_string(),
                tcp.dst.to_string(),
                tcp.seq.to_string(),
                tcp.ack.to_string(),
                format!("0x{:04x}", tcp.flags.0),
                tcp.window.to_string(),
                tcp.urgent.to_string(),
                good(),
                number(options.mss.map(u32::from)),
                number(options.window_scale.map(u32::from)),
                number(options.timestamps.map(|(clock, _)| clock)),
                number(options.timestamps.map(|(_, echo)| echo)),
                edges(|block| block.0),
                edges(|block| block.1),
            ]);
            let mut written = Vec::new();
            options.emit(&mut written).expect("they fit");
            20 + written.len() + data.len()
        }
        Transport::Fragment(data) | Transport::Other(data) => {
            all.extend(none(18));
            data.len()
        }
    };
    all[5] = (ip.header_len() + segment).to_string();
    all
}
