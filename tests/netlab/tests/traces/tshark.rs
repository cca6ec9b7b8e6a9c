//! tshark opens a trace's capture file without a complaint, and finds in it what the trace says.

use std::path::PathBuf;
use std::process::Command;

use netlab::needs::installed;
use netlab::sim::{Net, Trace};

use super::packets;

/// What tshark prints of a file. `None` where there is no tshark.
fn tshark(file: &PathBuf, arguments: &[&str]) -> Option<String> {
    let run = Command::new(installed("tshark", "--version")?)
        .arg("-r")
        .arg(file)
        .args(arguments)
        .output()
        .expect("tshark runs");
    let said = String::from_utf8_lossy(&run.stderr);
    // It does not like to be root, and that is not about the file.
    let complaints: Vec<&str> = said
        .lines()
        .filter(|line| !line.starts_with("Running as user"))
        .collect();
    assert!(
        run.status.success() && complaints.is_empty(),
        "{complaints:?}"
    );
    Some(String::from_utf8_lossy(&run.stdout).into_owned())
}

fn written(name: &str, trace: &Trace) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(name)
        .with_extension("pcapng");
    std::fs::write(&file, trace.pcapng()).unwrap();
    file
}

/// One line a packet: the fields of that name, with checksums looked at.
fn fields(name: &str, net: &Net, names: &[&str]) -> Option<Vec<String>> {
    let file = written(name, &net.trace());
    let mut arguments = vec!["-T", "fields", "-E", "separator=|", "-E", "occurrence=f"];
    for preference in [
        "ip.check_checksum:TRUE",
        "tcp.check_checksum:TRUE",
        "udp.check_checksum:TRUE",
        "ip.defragment:FALSE",
    ] {
        arguments.extend(["-o", preference]);
    }
    for name in names {
        arguments.extend(["-e", name]);
    }
    let printed = tshark(&file, &arguments)?;
    Some(printed.lines().map(str::to_owned).collect())
}

#[test]
fn a_conversation_of_ip_packets() {
    let net = packets::conversation();
    let names = [
        "frame.time_relative",
        "frame.interface_name",
        "tcp.seq_raw",
        "tcp.len",
        "tcp.checksum.status",
        "frame.comment",
    ];
    let Some(lines) = fields("conversation", &net, &names) else {
        return;
    };
    let trace = net.trace();
    assert_eq!(lines.len(), trace.entries().len());
    // 1 is good, 0 is bad.
    for line in [
        "0.000000000|client to server|100|0|1|",
        "0.025041600|server to client|300|0|1|",
        "0.050076800|client to server|101|100|1|lost by plan (plan: lose the first data segment from client to server)",
        "0.050076800|client to server|201|100|1|(plan: deliver the second data segment after the fourth data segment from client to server)",
        "0.050076800|client to server|301|100|1|(plan: repeat the third data segment from client to server)",
        "0.050076800|client to server|301|100|1|copy (plan: repeat the third data segment from client to server)",
        "0.050076800|client to server|501|100|0|bit 0 of byte 45 flipped (plan: flip bit 0 of byte 45 of data segment 5 from client to server)",
    ] {
        assert!(lines.iter().any(|it| it == line), "no {line} in {lines:#?}");
    }
    let bad = lines
        .iter()
        .filter(|line| line.split('|').nth(4) == Some("0"));
    assert_eq!(bad.count(), 1, "only the flipped bit breaks a checksum");
}

#[test]
fn neighbours_on_ethernet() {
    let net = packets::neighbours();
    let names = [
        "frame.protocols",
        "frame.len",
        "ip.flags.mf",
        "ip.checksum.status",
        "frame.comment",
    ];
    let Some(lines) = fields("neighbours", &net, &names) else {
        return;
    };
    assert_eq!(
        lines,
        [
            "eth:ethertype:arp|42|||",
            "eth:ethertype:arp|42|||",
            "eth:ethertype:ip:icmp:data|47|0|1|",
            "eth:ethertype:ip:icmp:data|47|0|1|",
            "eth:ethertype:ipv6:icmpv6|62|||",
            "eth:ethertype:ipv6:icmpv6|62|||",
            "eth:ethertype:ip:udp:data|1514|1|1|",
            "eth:ethertype:ip:data|1514|1|1|lost by plan (plan: lose the second fragment from alice to bob)",
            "eth:ethertype:ip:data|1054|0|1|",
        ]
    );
}

#[test]
fn a_storm_by_chance_and_an_empty_trace() {
    for seed in 0..3 {
        let net = packets::storm(seed);
        let Some(lines) = fields("storm", &net, &["frame.len", "frame.comment"]) else {
            return;
        };
        let trace = net.trace();
        let expected = trace
            .entries()
            .map(|entry| format!("{}|{}", entry.bytes().len(), entry.remark()));
        assert_eq!(lines, expected.collect::<Vec<_>>());
    }
    assert_eq!(
        fields("empty", &Net::new(1), &["frame.len"]),
        Some(Vec::new())
    );
}

#[test]
fn interfaces_have_the_names_of_the_nodes_hop_by_hop() {
    let net = packets::hops();
    let names = [
        "frame.interface_name",
        "ip.ttl",
        "ip.checksum.status",
        "frame.comment",
    ];
    let Some(lines) = fields("hops", &net, &names) else {
        return;
    };
    assert_eq!(
        lines[..6],
        [
            "client to r1|64|1|",
            "r1 to nat|63|1|",
            "nat to server|62|1|",
            "client to r1|64|1|",
            "r1 to nat|63|1|",
            "nat to server|62|1|lost by plan (plan: lose the second UDP datagram from nat to server)",
        ]
    );
}
