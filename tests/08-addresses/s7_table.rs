//! Step 7: the table of a NAT.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use addresses::{
    Control, ECHO_IDLE, Filter, Flow, Proto, TCP_CLOSED_IDLE, TCP_OPEN_IDLE, Table, UDP_IDLE,
};
use netlab::{Lab, lab};

use super::nat_table::{NatTable, refused, rules};
use super::words::end;

const FILTERS: [Filter; 3] = [Filter::Anyone, Filter::Address, Filter::AddressAndPort];

/// Less than any time that counts.
const BLINK: Duration = Duration::from_nanos(1);

#[test]
fn s7_two_hosts_same_source_port() {
    lab(|lab| {
        lab.why("10.0.0.7 and 10.0.0.8 both chose port 5000; neither knew of the other. The key is the inside address *and* port, and each has an outside port of its own.");
        for proto in ["UDP", "TCP", "echo"] {
            lab.scene(format!("two hosts send from 5000 over {proto}"));
            let mut nat = NatTable::wide(lab, Filter::AddressAndPort);
            let far = match proto {
                "echo" => "198.51.100.2:0",
                _ => "198.51.100.2:53",
            };
            let a = nat.out(&format!("{proto} 10.0.0.7:5000 → {far}"));
            let b = nat.out(&format!("{proto} 10.0.0.8:5000 → {far}"));
            lab.holds(a != b, "two ports", format!("{a} for both"));
            nat.comes(
                &format!("{proto} {far} → 203.0.113.1:{a}"),
                Some("10.0.0.7:5000"),
            );
            nat.comes(
                &format!("{proto} {far} → 203.0.113.1:{b}"),
                Some("10.0.0.8:5000"),
            );
            lab.why("Two ports of one host are two mappings as well.");
            let c = nat.out(&format!("{proto} 10.0.0.7:5001 → {far}"));
            lab.holds(c != a && c != b, "a third port", c);
            nat.comes(
                &format!("{proto} {far} → 203.0.113.1:{c}"),
                Some("10.0.0.7:5001"),
            );
        }
    });
}

#[test]
fn s7_nobody_comes_in_unasked() {
    lab(|lab| {
        lab.why("A NAT cannot know which host an unsolicited packet is for. So it is dropped.");
        for filter in FILTERS {
            lab.scene(format!("a table with the filter {filter:?}"));
            let mut nat = NatTable::wide(lab, filter);
            nat.comes("UDP 198.51.100.2:53 → 203.0.113.1:5000", None);
            nat.comes("TCP 198.51.100.2:80 → 203.0.113.1:80 SYN", None);
            let port = nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:53");
            nat.comes("UDP 198.51.100.2:53 → 203.0.113.1:4999", None);
            nat.comes("UDP 198.51.100.2:53 → 203.0.113.1:5001", None);
            nat.comes(
                &format!("UDP 198.51.100.2:53 → 203.0.113.1:{port}"),
                Some("10.0.0.7:5000"),
            );
        }
    });
}

#[test]
fn s7_mapping_is_endpoint_independent() {
    lab(|lab| {
        lab.why("One inside port has one external port, wherever it sends to (RFC 4787, REQ-1). Two clients that learn each other's external ports from a server they both talk to can then talk directly; that is how calls and games work.");
        for proto in ["UDP", "TCP", "echo"] {
            lab.scene(format!("over {proto}"));
            let mut nat = NatTable::wide(lab, Filter::AddressAndPort);
            let port = nat.out(&format!("{proto} 10.0.0.7:5000 → 198.51.100.2:53"));
            for far in ["198.51.100.2:54", "198.51.100.3:53", "192.0.2.9:80"] {
                let other = nat.out(&format!("{proto} 10.0.0.7:5000 → {far}"));
                lab.same(
                    &format!("the port that 10.0.0.7:5000 has towards {far}"),
                    other,
                    port,
                );
            }
            lab.why("Each of these conversations has its own session.");
            nat.keeps(4);
            for far in [
                "198.51.100.2:54",
                "198.51.100.3:53",
                "192.0.2.9:80",
                "198.51.100.2:53",
            ] {
                nat.comes(
                    &format!("{proto} {far} → 203.0.113.1:{port}"),
                    Some("10.0.0.7:5000"),
                );
            }
        }
    });
}

#[test]
fn s7_the_port_is_kept_if_it_is_free() {
    lab(|lab| {
        lab.why("A new mapping gets the inside's own port number, if it is in the range and free for this protocol.");
        let mut nat = NatTable::new(lab, rules(2000..=2009, Filter::Anyone, 100));
        for inside in [2000, 2005, 2009] {
            let port = nat.out(&format!("UDP 10.0.0.7:{inside} → 198.51.100.2:53"));
            lab.same("the external port", port, inside);
        }
        lab.why("It keeps its number only if it is the first.");
        let mut seen: BTreeSet<u16> = [2000, 2005, 2009].into();
        for inside in ["10.0.0.8:2000", "10.0.0.8:2005", "10.0.0.9:2009"] {
            let port = nat.out(&format!("UDP {inside} → 198.51.100.2:53"));
            lab.holds(
                (2000..=2009).contains(&port) && seen.insert(port),
                "a free port of 2000 to 2009",
                port,
            );
        }
        lab.why("A port outside the range is never given, free or not.");
        for inside in ["10.0.0.7:1999", "10.0.0.7:2010", "10.0.0.7:53"] {
            let port = nat.out(&format!("UDP {inside} → 198.51.100.2:53"));
            lab.holds(
                (2000..=2009).contains(&port) && seen.insert(port),
                "a free port of 2000 to 2009",
                port,
            );
        }
    });
}

#[test]
fn s7_no_two_share_a_port() {
    lab(|lab| {
        lab.why("Two mappings on one external port can be told apart only as long as they talk to different servers (RFC 4787, REQ-3: no port overloading). When the ports are used up, a new mapping gets none.");
        for (first, last) in [(3000, 3003), (65532, 65535), (1, 4)] {
            lab.scene(format!("a range from {first} to {last}"));
            let mut nat = NatTable::new(lab, rules(first..=last, Filter::AddressAndPort, 100));
            let mut ports = BTreeSet::new();
            for host in 1..=4 {
                // To four different servers.
                let port = nat.out(&format!("UDP 10.0.0.{host}:5000 → 198.51.100.{host}:53"));
                let is_free = ports.insert(port);
                lab.holds(
                    is_free && (first..=last).contains(&port),
                    "a free port of the range",
                    port,
                );
            }
            for far in ["198.51.100.1:53", "198.51.100.9:53"] {
                nat.cannot_go_out(&format!("UDP 10.0.0.5:5000 → {far}"), "NoPort");
            }
            nat.cannot_go_out("UDP 10.0.0.1:5001 → 198.51.100.1:53", "NoPort");
            lab.why("A refused packet changes nothing. Existing mappings keep their ports, and may begin further sessions.");
            nat.keeps(4);
            nat.has_port(Proto::Udp, "10.0.0.5:5000", None);
            nat.out("UDP 10.0.0.1:5000 → 198.51.100.77:53");
            nat.keeps(5);
            lab.why("Another protocol has its own ports. After the range's last port, the search for a free one continues at the first.");
            nat.out("TCP 10.0.0.5:5000 → 198.51.100.1:80 SYN");
            lab.why("When a mapping has ended, its port is free.");
            nat.waits(UDP_IDLE);
            let port = nat.out("UDP 10.0.0.5:5000 → 198.51.100.1:53");
            lab.holds((first..=last).contains(&port), "a port of the range", port);
        }
    });
}

#[test]
fn s7_each_protocol_has_its_own_ports() {
    lab(|lab| {
        lab.why("Port 5000 of UDP, port 5000 of TCP and identifier 5000 of ICMP are three things.");
        let mut nat = NatTable::wide(lab, Filter::Anyone);
        nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:53");
        nat.comes("TCP 198.51.100.2:53 → 203.0.113.1:5000 SYN", None);
        nat.comes("echo 198.51.100.2:0 → 203.0.113.1:5000", None);
        let tcp = nat.out("TCP 10.0.0.8:5000 → 198.51.100.2:53 SYN");
        lab.same("the port of 10.0.0.8 over TCP, where it is free", tcp, 5000);
        let echo = nat.out("echo 10.0.0.9:5000 → 198.51.100.2:0");
        lab.same("the identifier of 10.0.0.9", echo, 5000);
        nat.comes(
            "UDP 198.51.100.2:53 → 203.0.113.1:5000",
            Some("10.0.0.7:5000"),
        );
        nat.comes(
            "TCP 198.51.100.2:53 → 203.0.113.1:5000 SYN,ACK",
            Some("10.0.0.8:5000"),
        );
        nat.comes(
            "echo 198.51.100.2:0 → 203.0.113.1:5000",
            Some("10.0.0.9:5000"),
        );
        nat.has_port(Proto::Tcp, "10.0.0.7:5000", None);
        nat.has_port(Proto::Udp, "10.0.0.8:5000", None);
        lab.why("One inside port of UDP and of TCP is two mappings.");
        nat.out("TCP 10.0.0.7:5000 → 198.51.100.2:53 SYN");
        nat.keeps(4);
        lab.why("When a mapping ends, its port is free for its own protocol. Another protocol's mapping with this number goes on, and keeps its port.");
        for (ends, kind, idle, stays) in [
            ("UDP", Proto::Udp, UDP_IDLE, "TCP"),
            ("echo", Proto::Echo, ECHO_IDLE, "UDP"),
            ("echo", Proto::Echo, ECHO_IDLE, "TCP"),
        ] {
            lab.scene(format!(
                "10.0.0.7 has port 5000 over {ends} and {stays}, and that of {ends} ends"
            ));
            let mut nat = NatTable::wide(lab, Filter::Anyone);
            let far = "198.51.100.2:53";
            let bits = if stays == "TCP" { "ACK" } else { "" };
            nat.out(&format!("{ends} 10.0.0.7:5000 → {far}"));
            nat.out(&format!("{stays} 10.0.0.7:5000 → {far} {bits}"));
            nat.comes(
                &format!("{stays} {far} → 203.0.113.1:5000 {bits}"),
                Some("10.0.0.7:5000"),
            );
            nat.waits(idle / 2);
            nat.out(&format!("{stays} 10.0.0.7:5000 → {far} {bits}"));
            nat.waits(idle / 2);
            nat.has_port(kind, "10.0.0.7:5000", None);
            let port = nat.out(&format!("{stays} 10.0.0.8:5000 → {far} {bits}"));
            lab.holds(port != 5000, "another port than 10.0.0.7 has", port);
            nat.comes(
                &format!("{stays} {far} → 203.0.113.1:5000 {bits}"),
                Some("10.0.0.7:5000"),
            );
            let port = nat.out(&format!("{ends} 10.0.0.8:5000 → {far}"));
            lab.same("the port that has become free", port, 5000);
        }
    });
}

#[test]
fn s7_three_filters() {
    lab(|lab| {
        let senders = [
            (
                "198.51.100.2:53",
                "the very port that was sent to",
                [true, true, true],
            ),
            (
                "198.51.100.2:54",
                "another port of that host",
                [true, true, false],
            ),
            ("198.51.100.2:0", "port 0 of that host", [true, true, false]),
            (
                "198.51.100.2:65535",
                "the last port of that host",
                [true, true, false],
            ),
            ("198.51.100.3:53", "a neighbour", [true, false, false]),
            ("192.0.2.9:53", "a stranger", [true, false, false]),
        ];
        for (i, filter) in FILTERS.into_iter().enumerate() {
            lab.scene(format!("a table with the filter {filter:?}"));
            lab.why(match filter {
                Filter::Anyone => "Endpoint-independent filtering: as long as the mapping lasts, every host may send to it.",
                Filter::Address => "Address-dependent filtering: a host that the inside has sent to may send, from any port.",
                Filter::AddressAndPort => "Address and port-dependent filtering: only exactly the address and port that the inside has sent to.",
            });
            for proto in ["UDP", "TCP"] {
                let mut nat = NatTable::wide(lab, filter);
                let port = nat.out(&format!("{proto} 10.0.0.7:5000 → 198.51.100.2:53"));
                for (sender, who, may) in senders {
                    lab.note(who);
                    let want = may[i].then_some("10.0.0.7:5000");
                    nat.comes(&format!("{proto} {sender} → 203.0.113.1:{port}"), want);
                }
                // What was let in has not opened anything.
                nat.keeps(1);
                if filter != Filter::Anyone {
                    lab.why("Only the hosts that *this* mapping has sent to count, not those of another mapping, even of another port of the same host.");
                    for other in ["10.0.0.8:6000", "10.0.0.7:6000"] {
                        nat.out(&format!("{proto} {other} → 192.0.2.9:53"));
                        nat.comes(&format!("{proto} 192.0.2.9:53 → 203.0.113.1:{port}"), None);
                    }
                    lab.why("Once it has sent there, it may be answered.");
                    nat.out(&format!("{proto} 10.0.0.7:5000 → 192.0.2.9:53"));
                    nat.comes(
                        &format!("{proto} 192.0.2.9:53 → 203.0.113.1:{port}"),
                        Some("10.0.0.7:5000"),
                    );
                }
            }
        }
    });
}

#[test]
fn s7_address_and_port_belong_together() {
    lab(|lab| {
        for (i, filter) in FILTERS.into_iter().enumerate() {
            lab.why("A mapping has sent to port 53 of one host and to port 80 of another one. With the filter AddressAndPort each may answer from its own port, and not from the other one's. With the filter Address the port does not matter.");
            for proto in ["UDP", "TCP"] {
                lab.scene(format!(
                    "two sessions over {proto}, with the filter {filter:?}"
                ));
                let mut nat = NatTable::wide(lab, filter);
                nat.out(&format!("{proto} 10.0.0.7:5000 → 198.51.100.2:53"));
                nat.out(&format!("{proto} 10.0.0.7:5000 → 192.0.2.9:80"));
                for (sender, may) in [
                    ("198.51.100.2:53", [true, true, true]),
                    ("192.0.2.9:80", [true, true, true]),
                    ("198.51.100.2:80", [true, true, false]),
                    ("192.0.2.9:53", [true, true, false]),
                    ("192.0.2.77:53", [true, false, false]),
                ] {
                    let want = may[i].then_some("10.0.0.7:5000");
                    nat.comes(&format!("{proto} {sender} → 203.0.113.1:5000"), want);
                }
            }
            lab.why("Every number is a port: a session may be with the first or the last one. An echo has no ports, and 0 stands for the other end's.");
            let ports = [0, 1, 53, 65535];
            for (proto, far) in ports
                .map(|port| ("UDP", port))
                .into_iter()
                .chain([("echo", 0)])
            {
                lab.scene(format!(
                    "a session over {proto} with 198.51.100.2:{far}, and the filter {filter:?}"
                ));
                let mut nat = NatTable::wide(lab, filter);
                nat.out(&format!("{proto} 10.0.0.7:5000 → 198.51.100.2:{far}"));
                for port in ports
                    .into_iter()
                    .filter(|port| proto == "UDP" || *port == 0)
                {
                    let may = filter != Filter::AddressAndPort || port == far;
                    nat.comes(
                        &format!("{proto} 198.51.100.2:{port} → 203.0.113.1:5000"),
                        may.then_some("10.0.0.7:5000"),
                    );
                    for stranger in ["198.51.100.1", "198.51.100.3"] {
                        nat.comes(
                            &format!("{proto} {stranger}:{port} → 203.0.113.1:5000"),
                            (filter == Filter::Anyone).then_some("10.0.0.7:5000"),
                        );
                    }
                }
            }
        }
    });
}

#[test]
fn s7_idle_mapping_ends_and_outbound_refreshes() {
    lab(|lab| {
        lab.why("How long a session lasts is given, by RFC 4787 (REQ-5), RFC 5508 (REQ-2) and RFC 5382 (REQ-5).");
        lab.same("UDP_IDLE", UDP_IDLE.as_secs(), 300);
        lab.same("ECHO_IDLE", ECHO_IDLE.as_secs(), 60);
        lab.same("TCP_CLOSED_IDLE", TCP_CLOSED_IDLE.as_secs(), 240);
        lab.same("TCP_OPEN_IDLE", TCP_OPEN_IDLE.as_secs(), 7440);
        for (proto, kind, idle, why) in [
            (
                "UDP",
                Proto::Udp,
                UDP_IDLE,
                "UDP has no closing message. A session lasts five minutes after its last outbound datagram (RFC 4787, REQ-5).",
            ),
            (
                "echo",
                Proto::Echo,
                ECHO_IDLE,
                "An echo lasts a minute after the last request (RFC 5508, REQ-2).",
            ),
            (
                "TCP",
                Proto::Tcp,
                TCP_CLOSED_IDLE,
                "A TCP connection that never opened lasts four minutes after its last outbound segment (RFC 5382, REQ-5).",
            ),
        ] {
            lab.scene(format!("over {proto}"));
            lab.why(why);
            let mut nat = NatTable::wide(lab, Filter::Address);
            let out = format!("{proto} 10.0.0.7:5000 → 198.51.100.2:53");
            let answer = format!("{proto} 198.51.100.2:53 → 203.0.113.1:5000");
            nat.out(&out);
            nat.waits(idle - BLINK);
            nat.comes(&answer, Some("10.0.0.7:5000"));
            lab.why("An outbound packet extends the session from that moment.");
            nat.out(&out);
            nat.waits(idle - BLINK);
            nat.comes(&answer, Some("10.0.0.7:5000"));
            nat.has_port(kind, "10.0.0.7:5000", Some(5000));
            lab.why("The session ends at the moment when its time is over, even if expire was not called.");
            nat.waits(BLINK);
            nat.comes(&answer, None);
            nat.has_port(kind, "10.0.0.7:5000", None);
            nat.owns(kind, 5000, "198.51.100.2:53", None);
            lab.why("What comes out later begins anew.");
            nat.out(&out);
            nat.comes(&answer, Some("10.0.0.7:5000"));
            nat.expires(0);
            nat.keeps(1);
        }
    });
}

#[test]
fn s7_inbound_does_not_refresh() {
    lab(|lab| {
        lab.why("If inbound packets extended the session, an outsider could keep it open for ever, long after the inside has forgotten it (RFC 4787, REQ-6).");
        for filter in FILTERS {
            for (proto, idle) in [
                ("UDP", UDP_IDLE),
                ("echo", ECHO_IDLE),
                ("TCP", TCP_CLOSED_IDLE),
            ] {
                lab.scene(format!("over {proto}, with the filter {filter:?}"));
                let mut nat = NatTable::wide(lab, filter);
                nat.out(&format!("{proto} 10.0.0.7:5000 → 198.51.100.2:53"));
                let answer = format!("{proto} 198.51.100.2:53 → 203.0.113.1:5000");
                for _ in 0..3 {
                    nat.waits(idle / 4);
                    nat.comes(&answer, Some("10.0.0.7:5000"));
                }
                nat.waits(idle / 4);
                nat.comes(&answer, None);
            }
        }
        lab.scene("an open connection");
        lab.why("An open TCP connection is no exception. A receiving host sends an ACK, and that is an outbound segment.");
        let mut nat = open(lab);
        for _ in 0..3 {
            nat.waits(TCP_OPEN_IDLE / 4);
            nat.comes(
                "TCP 198.51.100.2:80 → 203.0.113.1:5000 ACK",
                Some("10.0.0.7:5000"),
            );
        }
        nat.waits(TCP_OPEN_IDLE / 4);
        nat.comes("TCP 198.51.100.2:80 → 203.0.113.1:5000 ACK", None);
    });
}

/// A TCP connection from 10.0.0.7:5000 to 198.51.100.2:80 that has just opened.
fn open(lab: &Lab) -> NatTable<'_> {
    let mut nat = NatTable::wide(lab, Filter::AddressAndPort);
    goes(&mut nat, "out SYN, in SYN,ACK, out ACK");
    nat
}

const SERVER: &str = "198.51.100.2:80";

/// Segments between 10.0.0.7:5000 and 198.51.100.2:80 that all must pass: `out SYN, in SYN,ACK`.
fn goes(nat: &mut NatTable, segments: &str) {
    goes_with(nat, SERVER, segments);
}

/// The same with another server.
fn goes_with(nat: &mut NatTable, far: &str, segments: &str) {
    for segment in segments.split(", ") {
        let (way, bits) = segment.split_once(' ').unwrap_or((segment, ""));
        match way {
            "out" => {
                nat.out(&format!("TCP 10.0.0.7:5000 → {far} {bits}"));
            }
            _ => nat.comes(
                &format!("TCP {far} → 203.0.113.1:5000 {bits}"),
                Some("10.0.0.7:5000"),
            ),
        }
    }
}

/// Demands that the session lasts for this time from now, and no longer.
fn lasts(nat: &mut NatTable, time: Duration) {
    nat.waits(time - BLINK);
    nat.has_port(Proto::Tcp, "10.0.0.7:5000", Some(5000));
    nat.waits(BLINK);
    nat.has_port(Proto::Tcp, "10.0.0.7:5000", None);
}

/// The same of one session, whatever becomes of the mapping's others.
fn session_lasts(nat: &mut NatTable, proto: Proto, far: &str, time: Duration) {
    nat.waits(time - BLINK);
    nat.owns(proto, 5000, far, Some("10.0.0.7:5000"));
    nat.waits(BLINK);
    nat.owns(proto, 5000, far, None);
}

#[test]
fn s7_an_open_connection_lasts_for_hours() {
    lab(|lab| {
        lab.why("TCP may be silent for hours. A keep-alive asks after two hours whether the other host is still there (RFC 9293, section 3.8.4), so a NAT waits four minutes longer (RFC 5382, REQ-5).");
        let mut nat = open(lab);
        lasts(&mut nat, TCP_OPEN_IDLE);
        let opens = [
            (
                "out SYN, in SYN,ACK, out ACK, in ACK, out FIN,ACK",
                "one side has closed, the other still sends",
            ),
            (
                "out SYN, in SYN,ACK, out ACK, in FIN,ACK, out ACK",
                "the other side has closed, this one still sends",
            ),
            (
                "out SYN, in SYN, out SYN,ACK, in SYN,ACK, out ACK",
                "both ends have called each other at once (RFC 9293, section 3.5)",
            ),
            (
                "out ACK, in ACK, out ACK",
                "the table has forgotten the beginning, after a restart",
            ),
            (
                "out SYN, in SYN, out ACK",
                "a SYN is an answer, too: every inbound segment without RST is one",
            ),
            (
                "out SYN, in, out ACK",
                "so is a segment without a control bit",
            ),
            ("out SYN, in FIN, out ACK", "and a FIN"),
            (
                "out SYN, in SYN,ACK, out FIN,ACK",
                "the inside acknowledges the answer and closes its side in one segment",
            ),
            (
                "out SYN, in SYN,ACK, in RST, out ACK",
                "an RST before the connection is open; the inside ignores it, and acknowledges the answer",
            ),
            (
                "out SYN, in SYN,ACK, out RST, out ACK",
                "the inside's own RST before the connection is open is cancelled, too, and the answer still counts",
            ),
        ];
        for (segments, what) in opens {
            lab.scene(what);
            let mut nat = NatTable::wide(lab, Filter::AddressAndPort);
            goes(&mut nat, segments);
            lasts(&mut nat, TCP_OPEN_IDLE);
        }
        lab.why("Only FINs of both sides and an RST end it, and only an *outbound* SYN *without ACK* restarts it. A SYN from outside is forged, or late, and the inside answers it with an ACK (RFC 9293, section 3.10.7.4). A SYN,ACK from inside is one that was sent again.");
        for segments in [
            "in SYN",
            "in SYN,ACK",
            "in SYN, out ACK",
            "out SYN,ACK",
            "in",
        ] {
            lab.scene(format!("an open connection, then: {segments}"));
            let mut nat = open(lab);
            goes(&mut nat, segments);
            lasts(&mut nat, TCP_OPEN_IDLE);
        }
    });
}

#[test]
fn s7_until_it_is_open_a_connection_is_short() {
    lab(|lab| {
        lab.why("A connection is open when the inside has acknowledged an inbound segment: only then have both ends agreed. Until then it lasts four minutes (RFC 5382, REQ-5). Otherwise a scan of a thousand ports fills the table for two hours.");
        for segments in [
            "out SYN",
            "out SYN, in SYN,ACK",
            "out SYN, out ACK",
            "out ACK",
            "out ACK, out ACK",
            "out ACK, in ACK",
            "out SYN, in SYN,ACK, out SYN",
            "out SYN, in SYN,ACK, out RST,ACK",
            "out SYN, in SYN,ACK, out RST,ACK, out",
            "out SYN, in SYN, out SYN,ACK",
            "out SYN, in SYN,ACK, out FIN",
            "out SYN, in SYN,ACK, out",
        ] {
            lab.scene(format!("these segments: {segments}"));
            let mut nat = NatTable::wide(lab, Filter::AddressAndPort);
            goes(&mut nat, segments);
            lasts(&mut nat, TCP_CLOSED_IDLE);
        }
        lab.why("An RST is not an answer that could be acknowledged.");
        for segments in [
            "out SYN, in RST,ACK, out ACK",
            "out SYN, in RST, out ACK, out ACK",
        ] {
            lab.scene(format!("these segments: {segments}"));
            let mut nat = NatTable::wide(lab, Filter::AddressAndPort);
            goes(&mut nat, segments);
            lasts(&mut nat, TCP_CLOSED_IDLE);
        }
        lab.why("An ended session no longer counts. A later outbound segment begins a new one.");
        lab.scene("an open connection, two hours of silence, and an ACK");
        let mut nat = open(lab);
        nat.waits(TCP_OPEN_IDLE);
        goes(&mut nat, "out ACK");
        lasts(&mut nat, TCP_CLOSED_IDLE);
        lab.why("An answer from elsewhere belongs to another session.");
        lab.scene("the filter lets a stranger in");
        let mut nat = NatTable::wide(lab, Filter::Anyone);
        goes(&mut nat, "out SYN");
        nat.comes(
            "TCP 192.0.2.9:80 → 203.0.113.1:5000 ACK",
            Some("10.0.0.7:5000"),
        );
        goes(&mut nat, "out ACK");
        lasts(&mut nat, TCP_CLOSED_IDLE);
    });
}

#[test]
fn s7_both_fins_close() {
    lab(|lab| {
        lab.why("A FIN closes one direction. When both are closed, only the last ACK and repeated FINs can follow: four minutes are enough (RFC 5382, REQ-5).");
        for segments in [
            "out FIN,ACK, in FIN,ACK, out ACK",
            "in FIN,ACK, out FIN,ACK, in ACK",
            "out FIN,ACK, in FIN,ACK",
            "in FIN,ACK, out FIN,ACK",
            "in FIN,ACK, out ACK, out FIN,ACK",
        ] {
            lab.scene(format!("an open connection, then: {segments}"));
            let mut nat = open(lab);
            goes(&mut nat, segments);
            lasts(&mut nat, TCP_CLOSED_IDLE);
        }
        lab.why("A FIN counts at any time and in any segment: before the connection was open, together with an RST, and after a cancelled RST.");
        for segments in [
            "out SYN, in SYN,ACK, out FIN,ACK, in FIN,ACK, out ACK",
            "out SYN, in SYN,ACK, in FIN,ACK, out ACK, out FIN,ACK",
            "out SYN, in SYN,ACK, out ACK, out FIN,ACK, in FIN,RST,ACK, out ACK",
            "out SYN, in SYN,ACK, out ACK, in FIN,ACK, out FIN,RST,ACK, out ACK",
            "out SYN, in SYN,ACK, out ACK, out FIN,ACK, in RST, in FIN,ACK, out ACK",
            "out SYN, in SYN,ACK, out ACK, in RST, in FIN,ACK, out ACK, out FIN,ACK",
            "out SYN, in SYN,ACK, out ACK, out RST, in FIN,ACK, out ACK, out FIN,ACK",
            "out SYN, in SYN,ACK, out ACK, in RST, out FIN,ACK, in FIN,ACK, out ACK",
            "out SYN, in SYN,ACK, out ACK, out FIN,ACK, in FIN",
            "out SYN, in SYN,ACK, out ACK, in FIN, out FIN",
            "out SYN, in SYN,FIN,ACK, out ACK, out FIN,ACK",
            "out SYN,FIN, in SYN,ACK, out ACK, in FIN,ACK, out ACK",
        ] {
            lab.scene(format!("these segments: {segments}"));
            let mut nat = NatTable::wide(lab, Filter::AddressAndPort);
            goes(&mut nat, segments);
            lasts(&mut nat, TCP_CLOSED_IDLE);
        }
        lab.why("After both FINs only a new SYN opens the session again.");
        for fins in ["out FIN,ACK, in FIN,ACK", "in FIN,ACK, out FIN,ACK"] {
            for more in [
                "out ACK, in RST, out ACK",
                "out RST, out ACK",
                "in RST, out RST,ACK, out ACK",
                "in SYN, out ACK",
                "in SYN,ACK, out ACK",
                "out SYN,ACK, in ACK, out ACK",
                "in ACK, out ACK, in ACK, out ACK",
            ] {
                lab.scene(format!(
                    "an open connection, then both FINs: {fins}; and: {more}"
                ));
                let mut nat = open(lab);
                goes(&mut nat, fins);
                goes(&mut nat, more);
                lasts(&mut nat, TCP_CLOSED_IDLE);
            }
        }
        for fin in ["out FIN,ACK", "in FIN,ACK"] {
            lab.scene(format!(
                "an open connection, then: {fin}, a SYN from outside, and the other FIN"
            ));
            let mut nat = open(lab);
            goes(&mut nat, fin);
            goes(&mut nat, "in SYN, out ACK, in SYN,ACK");
            goes(
                &mut nat,
                if fin == "out FIN,ACK" {
                    "in FIN,ACK, out ACK"
                } else {
                    "out FIN,ACK"
                },
            );
            lasts(&mut nat, TCP_CLOSED_IDLE);
        }
        lab.why("Two FINs of one side are one FIN, sent again.");
        for segments in [
            "out FIN,ACK, out FIN,ACK",
            "in FIN,ACK, in FIN,ACK, out ACK",
        ] {
            lab.scene(format!("an open connection, then: {segments}"));
            let mut nat = open(lab);
            goes(&mut nat, segments);
            lasts(&mut nat, TCP_OPEN_IDLE);
        }
    });
}

#[test]
fn s7_every_outbound_segment_refreshes() {
    lab(|lab| {
        lab.why("Each segment from inside extends its session from that moment, whatever its bits and the earlier ones are: a repeated SYN, an RST, the last ACK of a closed connection. A connection that is not open gets four minutes.");
        for (before, segment) in [
            ("out SYN", "out SYN"),
            ("out SYN", "out ACK"),
            ("out SYN", "out RST"),
            ("out SYN", "out FIN,ACK"),
            ("out SYN, in SYN,ACK", "out SYN"),
            ("out SYN, in RST,ACK", "out SYN"),
            ("out SYN, in SYN,ACK, out ACK, in RST", "out RST,ACK"),
            ("out SYN, in SYN,ACK, out ACK, out RST", "out RST"),
            (
                "out SYN, in SYN,ACK, out ACK, out FIN,ACK, in FIN,ACK",
                "out ACK",
            ),
            (
                "out SYN, in SYN,ACK, out ACK, in FIN,ACK, out FIN,ACK",
                "out ACK",
            ),
            (
                "out SYN, in SYN,ACK, out ACK, in FIN,ACK, out FIN,ACK",
                "out FIN,ACK",
            ),
            (
                "out SYN, in SYN,ACK, out ACK, out FIN,ACK, in FIN,ACK",
                "out RST",
            ),
        ] {
            for minutes in [2, 3] {
                lab.scene(format!(
                    "these segments: {before}; and {minutes} minutes later: {segment}"
                ));
                let mut nat = NatTable::wide(lab, Filter::AddressAndPort);
                goes(&mut nat, before);
                nat.waits(Duration::from_secs(60 * minutes));
                goes(&mut nat, segment);
                lasts(&mut nat, TCP_CLOSED_IDLE);
            }
        }
        lab.why("A connection that is open, and stays open, gets two hours and four minutes. A segment that ends it leaves four minutes.");
        for (segment, idle) in [
            ("out ACK", TCP_OPEN_IDLE),
            ("out", TCP_OPEN_IDLE),
            ("out FIN,ACK", TCP_OPEN_IDLE),
            ("out SYN,ACK", TCP_OPEN_IDLE),
            ("out RST", TCP_CLOSED_IDLE),
            ("out SYN", TCP_CLOSED_IDLE),
        ] {
            lab.scene(format!(
                "an open connection, and two hours later: {segment}"
            ));
            let mut nat = open(lab);
            nat.waits(Duration::from_secs(2 * 3600));
            goes(&mut nat, segment);
            lasts(&mut nat, idle);
        }
    });
}

#[test]
fn s7_the_end_may_come_after_hours() {
    lab(|lab| {
        lab.why("The connection was silent for an hour, and now the other side ends it. If the four minutes are counted from the last outbound segment they are over, and the last ACK does not get through. So they begin with the segment that ends the connection.");
        for (segments, end) in [
            ("out FIN,ACK", "in FIN,ACK"),
            ("out ACK", "in RST"),
            ("in FIN,ACK, out ACK", "in RST,ACK"),
        ] {
            lab.scene(format!(
                "an open connection, then: {segments}, and an hour later: {end}"
            ));
            let mut nat = open(lab);
            goes(&mut nat, segments);
            nat.waits(Duration::from_secs(3600));
            goes(&mut nat, end);
            lab.note("the end was let in");
            lasts(&mut nat, TCP_CLOSED_IDLE);
        }
        lab.why("Four minutes from the segment that ends the connection, whatever time was left before: the last ACK needs them, and RFC 7857 (section 2.2) counts them from the RST. No outsider can keep the session open this way, because only the inside opens the connection again.");
        for (segments, end) in [("out ACK", "in RST"), ("out FIN,ACK", "in FIN,ACK")] {
            lab.scene(format!(
                "an open connection, then: {segments}, and a minute before the session ends: {end}"
            ));
            let mut nat = open(lab);
            goes(&mut nat, segments);
            nat.waits(TCP_OPEN_IDLE - Duration::from_secs(60));
            goes(&mut nat, end);
            lasts(&mut nat, TCP_CLOSED_IDLE);
        }
        lab.why("Each time that an open connection ends, its four minutes begin. The inside has opened it again in between.");
        lab.scene("an open connection, an RST, the inside goes on, and another RST");
        let mut nat = open(lab);
        for segment in ["in RST", "out ACK", "in RST"] {
            nat.waits(Duration::from_secs(60));
            goes(&mut nat, segment);
        }
        lasts(&mut nat, TCP_CLOSED_IDLE);
        let once = "The four minutes run from the segment that has ended the connection. Later inbound segments move nothing.";
        let not_undone = "Only the inside cancels an RST. The inbound segments after the first RST did not, so the connection was not open, and the second RST ended nothing.";
        for (end, more, why) in [
            ("in RST", "in RST", once),
            ("in RST", "in ACK", once),
            ("in RST", "in FIN,ACK", once),
            ("in RST", "in SYN", once),
            ("in RST", "in ACK, in RST", not_undone),
            ("in RST", "in SYN,ACK, in FIN,ACK, in RST,ACK", not_undone),
        ] {
            lab.why(why);
            lab.scene(format!(
                "an open connection, then: {end}, and a minute later: {more}"
            ));
            let mut nat = open(lab);
            goes(&mut nat, end);
            nat.waits(Duration::from_secs(60));
            goes(&mut nat, more);
            lasts(&mut nat, TCP_CLOSED_IDLE - Duration::from_secs(60));
        }
        lab.why(once);
        lab.scene(
            "an open connection, both FINs, and a minute later the other side's FIN once more",
        );
        let mut nat = open(lab);
        goes(&mut nat, "out FIN,ACK, in FIN,ACK");
        nat.waits(Duration::from_secs(60));
        goes(&mut nat, "in FIN,ACK");
        lasts(&mut nat, TCP_CLOSED_IDLE - Duration::from_secs(60));
        lab.why("No inbound segment ends a connection that never opened: its four minutes are already running.");
        for end in ["in RST,ACK", "in FIN,ACK"] {
            lab.scene(format!("a SYN goes out, and a minute later: {end}"));
            let mut nat = NatTable::wide(lab, Filter::AddressAndPort);
            goes(&mut nat, "out SYN");
            nat.waits(Duration::from_secs(60));
            goes(&mut nat, end);
            lasts(&mut nat, TCP_CLOSED_IDLE - Duration::from_secs(60));
        }
    });
}

#[test]
fn s7_a_reset_is_not_believed_at_once() {
    lab(|lab| {
        for reset in ["in RST", "in RST,ACK", "out RST", "out RST,ACK"] {
            lab.why(match reset {
                "in RST" | "in RST,ACK" => "Any stranger can forge an RST. A NAT cannot check its sequence number, so it does not throw the session out: if the inside goes on, so does the session.",
                _ => "The inside's own RST may be lost on its way, so the session stays for four minutes, and the RST can be sent again from the same port. If the inside goes on, so does the session.",
            });
            lab.scene(format!("an open connection, then: {reset}"));
            let mut nat = open(lab);
            goes(&mut nat, reset);
            lasts(&mut nat, TCP_CLOSED_IDLE);
            for more in ["out ACK", "in ACK, out ACK", "out FIN,ACK", "out"] {
                lab.scene(format!(
                    "an open connection, then: {reset}, and a minute later the inside goes on: {more}"
                ));
                let mut nat = open(lab);
                goes(&mut nat, reset);
                nat.waits(Duration::from_secs(60));
                goes(&mut nat, more);
                lasts(&mut nat, TCP_OPEN_IDLE);
            }
        }
        lab.why("What comes in does not undo it.");
        lab.scene("an open connection, then an RST and more from outside");
        let mut nat = open(lab);
        goes(&mut nat, "in RST, in ACK, in SYN,ACK");
        lasts(&mut nat, TCP_CLOSED_IDLE);
    });
}

#[test]
fn s7_a_syn_begins_anew() {
    lab(|lab| {
        lab.why("A host may use its port again for the same server. Its SYN is a new connection, and the old one's segments do not count.");
        for before in ["in ACK", "out FIN,ACK, in FIN,ACK", "in RST"] {
            lab.scene(format!("an open connection, then: {before}, and a new SYN"));
            let mut nat = open(lab);
            goes(&mut nat, before);
            goes(&mut nat, "out SYN");
            lasts(&mut nat, TCP_CLOSED_IDLE);
            for more in ["out ACK", "in RST, out ACK"] {
                lab.scene(format!(
                    "an open connection, then: {before}, a new SYN without an answer, and: {more}"
                ));
                let mut nat = open(lab);
                goes(&mut nat, before);
                goes(&mut nat, "out SYN");
                goes(&mut nat, more);
                lasts(&mut nat, TCP_CLOSED_IDLE);
            }
            lab.scene(format!("an open connection, then: {before}, and a new one"));
            let mut nat = open(lab);
            goes(&mut nat, before);
            goes(&mut nat, "out SYN, in SYN,ACK, out ACK");
            lasts(&mut nat, TCP_OPEN_IDLE);
        }
        lab.why("The SYN's own bits count: its own FIN, and its own RST, which the next outbound segment cancels. That segment acknowledges nothing, because earlier inbound segments do not count.");
        for (more, time) in [
            ("out SYN,RST, out ACK", TCP_CLOSED_IDLE),
            ("out SYN,FIN, in SYN,ACK, out ACK", TCP_OPEN_IDLE),
            (
                "out SYN,FIN, in SYN,ACK, out ACK, in FIN,ACK",
                TCP_CLOSED_IDLE,
            ),
            (
                "in FIN,ACK, out SYN,FIN, in SYN,ACK, out ACK",
                TCP_OPEN_IDLE,
            ),
        ] {
            lab.scene(format!("an open connection, then: {more}"));
            let mut nat = open(lab);
            goes(&mut nat, more);
            lasts(&mut nat, time);
        }
        lab.scene("an old FIN and a new connection");
        let mut nat = open(lab);
        goes(
            &mut nat,
            "out FIN,ACK, in FIN,ACK, out ACK, out SYN, in SYN,ACK, out ACK, out FIN,ACK",
        );
        lab.because("The other side's FIN was the old connection's. The new one is closed on one side only.").same("how long it takes to end", ends_after(&mut nat), TCP_OPEN_IDLE);
    });
}

/// After which of the two times the session has ended.
fn ends_after(nat: &mut NatTable) -> Duration {
    let now = nat.now();
    let port = |nat: &mut NatTable, time| {
        nat.table
            .port_of(now + time, Proto::Tcp, end("10.0.0.7:5000"))
    };
    let short = port(nat, TCP_CLOSED_IDLE).is_none();
    match short {
        true => TCP_CLOSED_IDLE,
        false => TCP_OPEN_IDLE,
    }
}

#[test]
fn s7_each_connection_has_its_own_state() {
    lab(|lab| {
        const OPEN: &str = "out SYN, in SYN,ACK, out ACK";
        const LONG: Duration = TCP_OPEN_IDLE;
        const SHORT: Duration = TCP_CLOSED_IDLE;
        lab.why("owner is about one session: that with exactly this address and port outside. The list below shows which of two sessions is left.");
        for (only, other) in [(SERVER, "198.51.100.2:81"), ("198.51.100.2:81", SERVER)] {
            lab.scene(format!("a connection with {only}, and none with {other}"));
            let mut nat = NatTable::wide(lab, Filter::Anyone);
            goes_with(&mut nat, only, OPEN);
            nat.owns(Proto::Tcp, 5000, only, Some("10.0.0.7:5000"));
            nat.owns(Proto::Tcp, 5000, other, None);
        }
        lab.why("One inside port has connections to two servers. A segment of one does not affect the other: each session has its own answer, its own FINs and its own RST.");
        // How each connection begins; what is said then, and in which of them; how long each lasts.
        type Story = (
            [&'static str; 2],
            &'static [(usize, &'static str)],
            [Duration; 2],
        );
        let stories: [Story; 12] = [
            ([OPEN, OPEN], &[(1, "in RST")], [LONG, SHORT]),
            ([OPEN, OPEN], &[(1, "out RST")], [LONG, SHORT]),
            (
                [OPEN, OPEN],
                &[(1, "in RST"), (0, "in ACK, out ACK")],
                [LONG, SHORT],
            ),
            (
                [OPEN, OPEN],
                &[(0, "in RST"), (1, "in RST, out ACK")],
                [SHORT, LONG],
            ),
            (
                [OPEN, OPEN],
                &[(1, "out FIN,ACK, in FIN,ACK"), (0, "out ACK")],
                [LONG, SHORT],
            ),
            (
                [OPEN, OPEN],
                &[(0, "out FIN,ACK"), (1, "in FIN,ACK")],
                [LONG, LONG],
            ),
            (
                [OPEN, OPEN],
                &[
                    (0, "out FIN,ACK"),
                    (1, "in FIN,ACK"),
                    (0, "out ACK"),
                    (1, "out ACK"),
                ],
                [LONG, LONG],
            ),
            (
                [OPEN, OPEN],
                &[
                    (1, "out FIN,ACK"),
                    (0, "in FIN,ACK"),
                    (0, "out ACK"),
                    (1, "out ACK"),
                ],
                [LONG, LONG],
            ),
            ([OPEN, OPEN], &[(1, "out SYN")], [LONG, SHORT]),
            (
                ["out SYN", "out SYN"],
                &[(1, "in SYN,ACK"), (0, "out ACK")],
                [SHORT, SHORT],
            ),
            (
                ["out SYN", "out SYN"],
                &[(0, "in SYN,ACK"), (1, "in SYN,ACK, out ACK")],
                [SHORT, LONG],
            ),
            (
                ["out SYN", "out SYN"],
                &[(0, "in SYN,ACK"), (1, "out ACK"), (0, "out ACK")],
                [LONG, SHORT],
            ),
        ];
        for filter in FILTERS {
            for second in ["198.51.100.2:81", "192.0.2.9:80"] {
                let servers = [SERVER, second];
                for (begin, then, times) in stories {
                    for (server, time) in servers.into_iter().zip(times) {
                        lab.scene(format!(
                            "two connections with the filter {filter:?}, and how long the one with {server} lasts"
                        ));
                        let mut nat = NatTable::wide(lab, filter);
                        for (server, segments) in servers.into_iter().zip(begin) {
                            goes_with(&mut nat, server, segments);
                        }
                        for (which, segments) in then {
                            goes_with(&mut nat, servers[*which], segments);
                        }
                        session_lasts(&mut nat, Proto::Tcp, server, time);
                    }
                }
            }
        }
    });
}

#[test]
fn s7_a_stranger_ends_nothing() {
    lab(|lab| {
        lab.why("A session is with one address and port outside. A segment from elsewhere belongs to no session, whether the filter lets it in or not. Otherwise a stranger who knows the port could end all its connections.");
        for filter in FILTERS {
            for (stranger, is_let_in) in [
                ("192.0.2.66:80", filter == Filter::Anyone),
                ("198.51.100.2:81", filter != Filter::AddressAndPort),
            ] {
                for bits in ["RST", "RST,ACK", "FIN,ACK", "SYN"] {
                    for (before, after) in [("in ACK", ""), ("out FIN,ACK", "out ACK")] {
                        lab.scene(format!(
                            "an open connection with the filter {filter:?}, and {bits} from a stranger"
                        ));
                        let mut nat = NatTable::wide(lab, filter);
                        goes(&mut nat, "out SYN, in SYN,ACK, out ACK");
                        goes(&mut nat, before);
                        nat.comes(
                            &format!("TCP {stranger} → 203.0.113.1:5000 {bits}"),
                            is_let_in.then_some("10.0.0.7:5000"),
                        );
                        if !after.is_empty() {
                            goes(&mut nat, after);
                        }
                        nat.keeps(1);
                        lasts(&mut nat, TCP_OPEN_IDLE);
                    }
                }
            }
        }
    });
}

#[test]
fn s7_each_protocol_has_its_own_sessions() {
    lab(|lab| {
        lab.why("UDP, TCP and echo between the same two ends are three sessions. A packet of one extends only its own.");
        let minute = Duration::from_secs(60);
        let protos = [
            ("UDP", Proto::Udp, UDP_IDLE),
            ("TCP", Proto::Tcp, TCP_OPEN_IDLE),
            ("echo", Proto::Echo, ECHO_IDLE),
        ];
        for (name, proto, idle) in protos {
            lab.scene(format!("{name}, while the others go on"));
            let mut nat = NatTable::wide(lab, Filter::AddressAndPort);
            goes(&mut nat, "out SYN, in SYN,ACK, out ACK");
            for name in ["UDP", "echo"] {
                nat.out(&format!("{name} 10.0.0.7:5000 → {SERVER}"));
            }
            nat.waits(minute / 2);
            for (other, _, _) in protos {
                if other != name {
                    let bits = if other == "TCP" { "ACK" } else { "" };
                    nat.out(&format!("{other} 10.0.0.7:5000 → {SERVER} {bits}"));
                }
            }
            session_lasts(&mut nat, proto, SERVER, idle - minute / 2);
        }
    });
}

#[test]
fn s7_a_moved_end_is_the_only_one() {
    lab(|lab| {
        lab.why("A session has one end. When an RST or the second FIN moves it, the old end is removed: the session is counted once, and nothing ends at the old time.");
        for segments in ["in RST", "out FIN,ACK, in FIN,ACK"] {
            lab.scene(format!(
                "room for two sessions; an open connection, then: {segments}"
            ));
            let mut nat = NatTable::new(lab, rules(4000..=7999, Filter::AddressAndPort, 2));
            goes(&mut nat, "out SYN, in SYN,ACK, out ACK");
            goes(&mut nat, segments);
            nat.keeps(1);
            nat.out("UDP 10.0.0.8:6000 → 198.51.100.2:53");
            nat.keeps(2);
            nat.waits(TCP_CLOSED_IDLE);
            nat.expires(1);
            nat.keeps(1);
            lab.note("what is left is the session of UDP");
            nat.waits(TCP_OPEN_IDLE);
            nat.expires(1);
            nat.keeps(0);
            lab.scene(format!(
                "an open connection, then: {segments}, and four minutes later a new one"
            ));
            let mut nat = open(lab);
            goes(&mut nat, segments);
            nat.waits(TCP_CLOSED_IDLE);
            goes(&mut nat, "out SYN, in SYN,ACK, out ACK");
            nat.keeps(1);
            lasts(&mut nat, TCP_OPEN_IDLE);
        }
    });
}

#[test]
fn s7_a_refused_packet_leaves_nothing() {
    lab(|lab| {
        lab.scene("a full table");
        lab.why("A packet that is refused changes nothing. It leaves no mapping: without a session it would never end, and with an open filter every host could send to it.");
        let mut nat = NatTable::new(lab, rules(6000..=6001, Filter::Anyone, 1));
        nat.out("UDP 10.0.0.7:6000 → 198.51.100.2:53");
        for inside in ["10.0.0.8:6001", "10.0.0.9:7000", "10.0.0.9:6000"] {
            nat.cannot_go_out(&format!("UDP {inside} → 198.51.100.2:53"), "Full");
            nat.has_port(Proto::Udp, inside, None);
        }
        nat.comes("UDP 198.51.100.2:53 → 203.0.113.1:6001", None);
        nat.owns(Proto::Udp, 6001, "198.51.100.2:53", None);
        nat.cannot_go_out("TCP 10.0.0.8:6001 → 198.51.100.2:53 SYN", "Full");
        nat.has_port(Proto::Tcp, "10.0.0.8:6001", None);
        nat.keeps(1);
        lab.why("It takes no port away: when there is room again, the port is free.");
        nat.waits(UDP_IDLE);
        let port = nat.out("UDP 10.0.0.8:6001 → 198.51.100.2:53");
        lab.same("the port of 10.0.0.8:6001", port, 6001);
        lab.scene("a full table, and a new session of a mapping");
        lab.why("It extends no other session of its mapping.");
        let mut nat = NatTable::new(lab, rules(4000..=7999, Filter::Anyone, 1));
        nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:53");
        nat.waits(UDP_IDLE / 2);
        nat.cannot_go_out("UDP 10.0.0.7:5000 → 198.51.100.2:54", "Full");
        nat.cannot_go_out("UDP 10.0.0.7:5000 → 192.0.2.9:53", "Full");
        session_lasts(&mut nat, Proto::Udp, "198.51.100.2:53", UDP_IDLE / 2);
        nat.has_port(Proto::Udp, "10.0.0.7:5000", None);
        lab.scene("no port is left");
        lab.why("It made no session and no mapping, so its inside port can still be forwarded.");
        let mut nat = NatTable::new(lab, rules(6000..=6000, Filter::Anyone, 2));
        nat.out("UDP 10.0.0.7:6000 → 198.51.100.2:53");
        for _ in 0..3 {
            nat.cannot_go_out("UDP 10.0.0.8:6000 → 198.51.100.2:53", "NoPort");
        }
        nat.keeps(1);
        nat.has_port(Proto::Udp, "10.0.0.8:6000", None);
        nat.forwards(Proto::Udp, 80, "10.0.0.8:6000");
        lab.why("It has not taken the room of a flow that needs no port.");
        nat.out("UDP 10.0.0.7:6000 → 198.51.100.2:54");
    });
}

#[test]
fn s7_each_session_has_its_own_end() {
    lab(|lab| {
        lab.why("A mapping lasts as long as one of its sessions. An ended session lets no host in, whatever the others do.");
        for filter in FILTERS {
            lab.scene(format!("a table with the filter {filter:?}"));
            let mut nat = NatTable::wide(lab, filter);
            nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:53");
            nat.out("UDP 10.0.0.7:5000 → 192.0.2.9:53");
            nat.waits(UDP_IDLE / 2);
            nat.out("UDP 10.0.0.7:5000 → 192.0.2.9:53");
            nat.waits(UDP_IDLE / 2);
            let late = (filter == Filter::Anyone).then_some("10.0.0.7:5000");
            nat.comes("UDP 198.51.100.2:53 → 203.0.113.1:5000", late);
            nat.comes("UDP 192.0.2.9:53 → 203.0.113.1:5000", Some("10.0.0.7:5000"));
            nat.owns(Proto::Udp, 5000, "198.51.100.2:53", None);
            nat.owns(Proto::Udp, 5000, "192.0.2.9:53", Some("10.0.0.7:5000"));
            let port = nat.out("UDP 10.0.0.7:5000 → 198.51.100.3:53");
            lab.same("the mapping's port", port, 5000);
            nat.waits(UDP_IDLE / 2);
            nat.has_port(Proto::Udp, "10.0.0.7:5000", Some(5000));
            nat.waits(UDP_IDLE / 2);
            nat.has_port(Proto::Udp, "10.0.0.7:5000", None);
        }
        lab.scene("two ports of one host that was sent to");
        lab.why(
            "With address-dependent filtering one living session with a host is enough for it.",
        );
        let mut nat = NatTable::wide(lab, Filter::Address);
        nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:53");
        nat.waits(UDP_IDLE / 2);
        nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:54");
        nat.waits(UDP_IDLE / 2);
        nat.comes(
            "UDP 198.51.100.2:53 → 203.0.113.1:5000",
            Some("10.0.0.7:5000"),
        );
        nat.waits(UDP_IDLE / 2);
        nat.comes("UDP 198.51.100.2:54 → 203.0.113.1:5000", None);
    });
}

#[test]
fn s7_a_full_table_keeps_what_it_has() {
    lab(|lab| {
        lab.why("A table has a maximum size. An attacker inside who opens session after session must not push out earlier sessions: a new session is refused, and no old one is removed.");
        let mut nat = NatTable::new(lab, rules(1024..=65535, Filter::AddressAndPort, 5));
        nat.out("TCP 10.0.0.7:5000 → 198.51.100.2:80 SYN");
        nat.comes(
            "TCP 198.51.100.2:80 → 203.0.113.1:5000 SYN,ACK",
            Some("10.0.0.7:5000"),
        );
        nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:53");
        nat.waits(UDP_IDLE / 5);
        for port in 1..=3 {
            nat.out(&format!("UDP 10.0.0.66:4000 → 192.0.2.1:{port}"));
        }
        for port in 4..=9 {
            nat.cannot_go_out(&format!("UDP 10.0.0.66:4000 → 192.0.2.1:{port}"), "Full");
            nat.cannot_go_out(&format!("UDP 10.0.0.66:{port} → 192.0.2.1:1"), "Full");
        }
        nat.keeps(5);
        lab.why("Existing sessions go on: they are refreshed and answered as usual.");
        nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:53");
        nat.out("TCP 10.0.0.7:5000 → 198.51.100.2:80 ACK");
        nat.comes(
            "UDP 198.51.100.2:53 → 203.0.113.1:5000",
            Some("10.0.0.7:5000"),
        );
        nat.comes(
            "TCP 198.51.100.2:80 → 203.0.113.1:5000 ACK",
            Some("10.0.0.7:5000"),
        );
        nat.comes("UDP 192.0.2.1:3 → 203.0.113.1:4000", Some("10.0.0.66:4000"));
        lab.why("A new session of an old mapping is a new session.");
        nat.cannot_go_out("UDP 10.0.0.7:5000 → 198.51.100.9:53", "Full");
        nat.comes("UDP 198.51.100.9:53 → 203.0.113.1:5000", None);
        lab.why("An ended session makes room, even if expire was not called.");
        nat.waits(UDP_IDLE * 4 / 5);
        nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:53");
        nat.cannot_go_out("UDP 10.0.0.66:5001 → 192.0.2.1:1", "Full");
        nat.waits(UDP_IDLE / 5);
        for port in 4..=6 {
            nat.out(&format!("UDP 10.0.0.66:4000 → 192.0.2.1:{port}"));
        }
        nat.cannot_go_out("UDP 10.0.0.66:4000 → 192.0.2.1:1", "Full");
        nat.keeps(5);
        lab.why("The session of a closed connection has not ended yet: its last ACK still has to pass. It makes no room either.");
        for over in [
            "out FIN,ACK, in FIN,ACK",
            "in FIN,ACK, out FIN,ACK",
            "in RST",
            "out RST",
        ] {
            lab.scene(format!("a full table with one connection, and: {over}"));
            let mut nat = NatTable::new(lab, rules(4000..=7999, Filter::AddressAndPort, 1));
            goes(&mut nat, "out SYN, in SYN,ACK, out ACK");
            goes(&mut nat, over);
            nat.waits(TCP_CLOSED_IDLE - BLINK);
            for proto in ["UDP", "TCP"] {
                nat.cannot_go_out(&format!("{proto} 10.0.0.8:6000 → 198.51.100.2:53"), "Full");
            }
            goes(&mut nat, "in ACK");
            nat.waits(BLINK);
            nat.out("UDP 10.0.0.8:6000 → 198.51.100.2:53");
        }
        lab.why("Check for Full before you look for a port.");
        let mut nat = NatTable::new(lab, rules(3000..=3000, Filter::Anyone, 1));
        nat.out("UDP 10.0.0.7:3000 → 198.51.100.2:53");
        nat.cannot_go_out("UDP 10.0.0.8:3000 → 198.51.100.2:53", "Full");
        let mut nat = NatTable::new(lab, rules(3000..=3000, Filter::Anyone, 0));
        nat.cannot_go_out("UDP 10.0.0.8:3000 → 198.51.100.2:53", "Full");
    });
}

#[test]
fn s7_expire_removes_what_has_ended() {
    lab(|lab| {
        lab.why("expire removes the sessions that have ended, of every protocol, and counts them.");
        let mut nat = NatTable::wide(lab, Filter::Anyone);
        nat.expires(0);
        nat.out("echo 10.0.0.7:1 → 198.51.100.2:0");
        nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:53");
        nat.out("UDP 10.0.0.7:5000 → 198.51.100.3:53");
        nat.out("TCP 10.0.0.7:5000 → 198.51.100.2:80 SYN");
        nat.keeps(4);
        nat.waits(ECHO_IDLE - BLINK);
        nat.expires(0);
        nat.waits(BLINK);
        nat.expires(1);
        nat.keeps(3);
        nat.expires(0);
        nat.waits(TCP_CLOSED_IDLE - ECHO_IDLE);
        nat.expires(1);
        nat.waits(UDP_IDLE - TCP_CLOSED_IDLE - BLINK);
        nat.expires(0);
        nat.keeps(2);
        nat.waits(BLINK);
        nat.expires(2);
        nat.keeps(0);
        lab.why("What was refreshed has not ended.");
        nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:53");
        nat.waits(UDP_IDLE / 2);
        nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:53");
        nat.waits(UDP_IDLE / 2);
        nat.expires(0);
        nat.keeps(1);
        nat.waits(UDP_IDLE * 100);
        nat.expires(1);
    });
}

#[test]
fn s7_a_forwarded_port_is_open_to_all() {
    lab(|lab| {
        for filter in FILTERS {
            lab.scene(format!("a table with the filter {filter:?}"));
            lab.why("A forwarded port is for strangers: a server has not sent to its clients before they call. The filter applies only to mappings that outbound packets made.");
            let mut nat = NatTable::new(lab, rules(3000..=3003, filter, 2));
            nat.forwards(Proto::Tcp, 80, "10.0.0.5:8080");
            nat.comes(
                "TCP 192.0.2.9:5000 → 203.0.113.1:80 SYN",
                Some("10.0.0.5:8080"),
            );
            nat.comes(
                "TCP 198.51.100.2:1 → 203.0.113.1:80 SYN",
                Some("10.0.0.5:8080"),
            );
            lab.why("Only for this protocol, and for this port.");
            nat.comes("UDP 192.0.2.9:5000 → 203.0.113.1:80", None);
            nat.comes("TCP 192.0.2.9:5000 → 203.0.113.1:8080 SYN", None);
            lab.why("The server's packets leave from the port that its clients know.");
            let port = nat.out("TCP 10.0.0.5:8080 → 192.0.2.9:5000 SYN,ACK");
            lab.same("the port of 10.0.0.5:8080", port, 80);
            nat.has_port(Proto::Tcp, "10.0.0.5:8080", Some(80));
            nat.owns(Proto::Tcp, 80, "192.0.2.9:5000", Some("10.0.0.5:8080"));
            nat.owns(Proto::Tcp, 80, "192.0.2.77:1", Some("10.0.0.5:8080"));
            lab.why("It has no sessions.");
            nat.keeps(0);
            lab.why("It is one port of this server, for one protocol. When the server sends by another protocol, or from another port, as for a DNS query, it is an ordinary session.");
            for flow in [
                "TCP 10.0.0.5:3000 → 192.0.2.9:80 SYN",
                "UDP 10.0.0.5:8080 → 192.0.2.9:53",
            ] {
                let port = nat.out(flow);
                lab.holds(
                    (3000..=3003).contains(&port),
                    "a port of 3000 to 3003",
                    port,
                );
                let (proto, _) = flow.split_once(' ').expect("a protocol");
                let far = if proto == "TCP" {
                    "192.0.2.9:80"
                } else {
                    "192.0.2.9:53"
                };
                let inside = if proto == "TCP" {
                    "10.0.0.5:3000"
                } else {
                    "10.0.0.5:8080"
                };
                nat.comes(&format!("{proto} {far} → 203.0.113.1:{port}"), Some(inside));
            }
            nat.keeps(2);
            lab.why("A full table has room for a forwarded port: it takes no session.");
            nat.forwards(Proto::Udp, 53, "10.0.0.5:53");
            nat.comes("UDP 192.0.2.9:5000 → 203.0.113.1:53", Some("10.0.0.5:53"));
            nat.waits(UDP_IDLE);
            nat.expires(2);
            lab.why("It has no sessions: a thousand clients take no room, and find room in a full table.");
            nat.out("UDP 10.0.0.7:3000 → 198.51.100.2:53");
            nat.out("UDP 10.0.0.7:3000 → 198.51.100.3:53");
            nat.out("TCP 10.0.0.5:8080 → 192.0.2.10:5000 SYN,ACK");
            nat.comes(
                "TCP 192.0.2.10:5000 → 203.0.113.1:80 ACK",
                Some("10.0.0.5:8080"),
            );
            nat.keeps(2);
            lab.why("And it never ends.");
            nat.waits(TCP_OPEN_IDLE * 1000);
            nat.expires(2);
            nat.comes(
                "TCP 192.0.2.9:5000 → 203.0.113.1:80 SYN",
                Some("10.0.0.5:8080"),
            );
            nat.has_port(Proto::Tcp, "10.0.0.5:8080", Some(80));
        }
    });
}

#[test]
fn s7_a_port_is_forwarded_once() {
    lab(|lab| {
        lab.why("A forwarded port is given to no other host, not even to one that uses the same number.");
        let mut nat = NatTable::new(lab, rules(3000..=3002, Filter::Anyone, 100));
        nat.forwards(Proto::Udp, 3001, "10.0.0.5:53");
        let port = nat.out("UDP 10.0.0.7:3001 → 198.51.100.2:53");
        lab.holds([3000, 3002].contains(&port), "3000 or 3002", port);
        nat.out("UDP 10.0.0.8:3001 → 198.51.100.2:53");
        nat.cannot_go_out("UDP 10.0.0.9:3001 → 198.51.100.2:53", "NoPort");
        lab.why("It is still one port of the other protocols.");
        let port = nat.out("TCP 10.0.0.7:3001 → 198.51.100.2:53 SYN");
        lab.same("the port over TCP", port, 3001);
        lab.why("A port that is in use, forwarded or mapped, cannot be forwarded.");
        nat.cannot_forward(Proto::Udp, 3001, "10.0.0.6:53");
        nat.cannot_forward(Proto::Udp, 3001, "10.0.0.5:53");
        nat.cannot_forward(Proto::Udp, 3000, "10.0.0.6:53");
        nat.cannot_forward(Proto::Tcp, 3001, "10.0.0.6:53");
        lab.why("One inside port has one external port. A second one for it would break that.");
        nat.cannot_forward(Proto::Udp, 9000, "10.0.0.5:53");
        nat.cannot_forward(Proto::Udp, 9000, "10.0.0.7:3001");
        nat.comes("UDP 198.51.100.2:53 → 203.0.113.1:9000", None);
        lab.why(
            "A free port can be forwarded, for another protocol or another port of the same host.",
        );
        nat.forwards(Proto::Tcp, 9000, "10.0.0.5:53");
        nat.forwards(Proto::Udp, 9000, "10.0.0.5:54");
        nat.comes(
            "UDP 198.51.100.2:53 → 203.0.113.1:9000",
            Some("10.0.0.5:54"),
        );
        lab.why("The conflicting mapping has ended, so the port is no longer refused.");
        nat.waits(UDP_IDLE);
        nat.forwards(Proto::Udp, 3000, "10.0.0.6:53");
        nat.comes(
            "UDP 198.51.100.2:53 → 203.0.113.1:3000",
            Some("10.0.0.6:53"),
        );
    });
}

#[test]
fn s7_to_ask_changes_nothing() {
    lab(|lab| {
        lab.why("For an ICMP error the NAT looks up which host sent the quoted packet. The error shows that a router is alive, not the conversation, so the session neither begins nor is extended (RFC 4787, REQ-12).");
        let mut nat = NatTable::wide(lab, Filter::Anyone);
        nat.has_port(Proto::Udp, "10.0.0.7:5000", None);
        nat.owns(Proto::Udp, 5000, "198.51.100.2:53", None);
        nat.keeps(0);
        nat.out("UDP 10.0.0.7:5000 → 198.51.100.2:53");
        lab.why("A packet that was never sent cannot cause an error: owner checks the session, and not the filter.");
        nat.owns(Proto::Udp, 5000, "198.51.100.2:53", Some("10.0.0.7:5000"));
        nat.owns(Proto::Udp, 5000, "198.51.100.2:54", None);
        nat.owns(Proto::Udp, 5000, "198.51.100.3:53", None);
        nat.owns(Proto::Udp, 5001, "198.51.100.2:53", None);
        nat.owns(Proto::Tcp, 5000, "198.51.100.2:53", None);
        nat.has_port(Proto::Udp, "10.0.0.8:5000", None);
        nat.has_port(Proto::Udp, "10.0.0.7:5001", None);
        nat.has_port(Proto::Tcp, "10.0.0.7:5000", None);
        nat.keeps(1);
        lab.why("To ask is not to use.");
        nat.waits(UDP_IDLE - BLINK);
        nat.owns(Proto::Udp, 5000, "198.51.100.2:53", Some("10.0.0.7:5000"));
        nat.has_port(Proto::Udp, "10.0.0.7:5000", Some(5000));
        nat.waits(BLINK);
        nat.owns(Proto::Udp, 5000, "198.51.100.2:53", None);
        nat.has_port(Proto::Udp, "10.0.0.7:5000", None);
    });
}

/// So many mappings that a table which goes through them for each call does not end in time: [`CALLS`]
/// calls would take eight hundred million steps.
const CROWD: u32 = 20_000;
const CALLS: u32 = 40_000;
/// Of one host more.
const SESSIONS: u32 = 10_000;
const FIRST_PORT: u16 = 2000;
const FAR: &str = "198.51.100.2:53";

/// A host of a crowd, and the port that it has chosen.
fn member(n: u32, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::from_bits(0x0a01_0000 + n), port)
}

/// Somebody in whose table nobody is.
fn nobody(n: u32) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::from_bits(0x0a80_0000 + n), 80)
}

/// The external address with this port.
fn outside(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(203, 0, 113, 1), port)
}

fn datagram(src: SocketAddrV4, dst: SocketAddrV4) -> Flow {
    Flow {
        proto: Proto::Udp,
        src,
        dst,
        control: Control::default(),
    }
}

/// Makes a call many times, and demands of each that it gives what it should.
fn each<T: PartialEq + std::fmt::Debug>(
    lab: &Lab,
    what: &str,
    times: u32,
    mut call: impl FnMut(u32) -> T,
    want: impl Fn(u32) -> T,
) {
    let wrong = lab.you(&format!("{what}, {times} times"), || {
        (0..times)
            .map(|n| (n, call(n)))
            .find(|(n, got)| *got != want(*n))
    });
    if let Some((n, got)) = wrong {
        lab.same(&format!("{what}: what call {n} gives"), got, want(n));
    }
}

#[test]
fn s7_no_call_goes_through_a_crowd() {
    lab(|lab| {
        lab.why("A NAT of a provider has a million mappings, and packets every microsecond. Each call is a look-up in a map, in a table of any size, and so is a call that finds nothing: a scan of all ports makes such calls. A loop over the mappings takes twenty thousand steps for each call here: it does end, but it takes very long.");
        let now = Duration::from_secs(1);
        let far = end(FAR);
        let mut table = lab.you("Table::new(…)", || {
            let room = (CROWD + SESSIONS) as usize;
            Table::new(rules(FIRST_PORT..=65_535, Filter::Address, room))
        });
        let out = |table: &mut Table, now, src, dst| {
            table.outbound(now, &datagram(src, dst)).map_err(refused)
        };
        let host = |n: u32| member(n % CROWD, 5000);
        let call = format!("outbound of {CROWD} hosts, all from port 5000");
        let ports: Vec<u16> = lab.you(&call, || {
            let given = (0..CROWD).map(|n| out(&mut table, now, host(n), far));
            given.map_while(Result::ok).collect()
        });
        let different: BTreeSet<&u16> = ports.iter().collect();
        lab.same("how many ports they get", different.len(), CROWD as usize);
        let port = |n: u32| ports[(n % CROWD) as usize];
        each(
            lab,
            "port_of a host",
            CROWD,
            |n| table.port_of(now, Proto::Udp, host(n)),
            |n| Some(port(n)),
        );
        each(
            lab,
            "port_of nobody",
            CALLS,
            |n| table.port_of(now, Proto::Udp, nobody(n)),
            |_| None,
        );
        each(
            lab,
            "owner of a port",
            CROWD,
            |n| table.owner(now, Proto::Udp, port(n), far),
            |n| Some(host(n)),
        );
        each(
            lab,
            "owner of nobody's port",
            CALLS,
            |n| table.owner(now, Proto::Udp, n as u16 % FIRST_PORT, far),
            |_| None,
        );
        let answer = |port| datagram(far, outside(port));
        each(
            lab,
            "inbound to a host",
            CROWD,
            |n| table.inbound(now, &answer(port(n))),
            |n| Some(host(n)),
        );
        each(
            lab,
            "inbound to nobody",
            CALLS,
            |n| table.inbound(now, &answer(n as u16 % FIRST_PORT)),
            |_| None,
        );
        each(
            lab,
            "forward of a port in use",
            CALLS,
            |n| {
                table
                    .forward(now, Proto::Udp, port(n), nobody(n))
                    .map_err(refused)
            },
            |_| Err("Taken"),
        );
        each(
            lab,
            "forward of a free port of TCP",
            CROWD / 2,
            |n| {
                table
                    .forward(now, Proto::Tcp, FIRST_PORT + n as u16, nobody(n))
                    .map_err(refused)
            },
            |_| Ok(()),
        );
        each(
            lab,
            "expire and sessions",
            CALLS,
            |_| (table.expire(now), table.sessions()),
            |_| (0, CROWD as usize),
        );
        lab.why("One host may have thousands of sessions. Do not go through them either: here it would take ten thousand steps for each call.");
        let later = now + Duration::from_secs(1);
        let busy = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 7), 5000);
        let server = |n: u32| SocketAddrV4::new(Ipv4Addr::from_bits(0xc000_0000 + n), 53);
        let stranger = |n: u32| server(SESSIONS + n);
        let home = lab.ok("outbound of one host more", || {
            table.outbound(later, &datagram(busy, server(0)))
        });
        each(
            lab,
            "outbound of it, to many",
            SESSIONS,
            |n| out(&mut table, later, busy, server(n)),
            |_| Ok(home),
        );
        each(
            lab,
            "inbound to it from a stranger",
            CALLS,
            |n| table.inbound(later, &datagram(stranger(n), outside(home))),
            |_| None,
        );
        lab.why("A full table is full of an attacker's sessions. A refusal needs no loop either.");
        each(
            lab,
            "outbound into a full table",
            CALLS,
            |n| out(&mut table, later, nobody(n), far),
            |_| Err("Full"),
        );
        lab.why("Many sessions may end at one moment. Each of them is removed by itself: a loop over the others for each takes hundreds of millions of steps here.");
        lab.same(
            "how many have ended five minutes after they began",
            lab.you("expire()", || table.expire(now + UDP_IDLE)),
            CROWD as usize,
        );
    });
}

#[test]
fn s7_the_search_for_a_port_is_short() {
    lab(|lab| {
        // Every port of the range is in use.
        const PORTS: u32 = 10_000;
        let last = FIRST_PORT + PORTS as u16 - 1;
        let mut table = lab.you("Table::new(…)", || {
            Table::new(rules(FIRST_PORT..=last, Filter::Anyone, PORTS as usize + 1))
        });
        // From the middle outwards, once above and once below: who searches from the last port that was given,
        // upwards or downwards, has a long way to every second one.
        let chosen = |n: u32| match n % 2 {
            0 => (PORTS + n) / 2,
            _ => (PORTS - n) / 2,
        };
        let host = |n: u32| member(n, FIRST_PORT + chosen(n) as u16);
        // Each a nanosecond after the one before.
        let begins = |n: u32| Duration::from_nanos(n.into());
        let far = end(FAR);
        lab.why("Each of these hosts has chosen another port of the range, and keeps it. All ports are in use then.");
        each(
            lab,
            "outbound of a new host",
            PORTS,
            |n| {
                let flow = datagram(host(n), far);
                table.outbound(begins(n), &flow).map_err(refused)
            },
            |n| Ok(host(n).port()),
        );
        lab.why("Seeing that no port is left must need no search: many hosts ask, and attackers ask most. A loop over all ports takes ten thousand steps for each call here.");
        each(
            lab,
            "outbound of a host that finds no port",
            CALLS,
            |n| {
                let flow = datagram(nobody(n), far);
                table.outbound(begins(PORTS), &flow).map_err(refused)
            },
            |_| Err("NoPort"),
        );
        lab.why("One port becomes free at a time, now here and now there, and the next host gets it. A search from port to port, wherever it begins, passes thousands that are in use. It does end, but it takes very long.");
        each(
            lab,
            "outbound of a host when one port is free",
            PORTS,
            |n| {
                let flow = datagram(nobody(n), far);
                table.outbound(begins(n) + UDP_IDLE, &flow).map_err(refused)
            },
            |n| Ok(host(n).port()),
        );
    });
}
