//! Step 8: the NAT.

use std::time::Duration;

use addresses::{
    Filter, Nat, Proto, Reason, Rules, TCP_CLOSED_IDLE, TCP_OPEN_IDLE, UDP_IDLE, Unfit, Verdict,
};
use netlab::sim::{Event, Inbox, Link, Node, Outbox, Time};
use netlab::{Lab, hex, lab};

use super::nat_table::{refused, rules};
use super::packet::{
    echo, error, get, ipv4, quoted, same_packet, seal, seal_header, start, tcp, tcp_with, udp,
    udp_with, words,
};
use super::words::{block, end};

const BLINK: Duration = Duration::from_nanos(1);

fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Out => "Out".to_owned(),
        Verdict::In => "In".to_owned(),
        Verdict::Drop(reason) => format!(
            "Drop({})",
            match reason {
                Reason::Unfit(Unfit::Malformed) => "Malformed",
                Reason::Unfit(Unfit::Fragment) => "Fragment",
                Reason::Unfit(Unfit::Unknown) => "Unknown",
                Reason::Misplaced => "Misplaced",
                Reason::Refused(why) => refused(why),
                Reason::Unwanted => "Unwanted",
            }
        ),
    }
}

/// A home with the addresses 10.0.0.0/24, and the world.
struct Home<'a> {
    lab: &'a Lab,
    nat: Nat,
    now: Duration,
}

impl<'a> Home<'a> {
    fn new(lab: &'a Lab, filter: Filter) -> Home<'a> {
        Home::with(lab, rules(4000..=7999, filter, 1000))
    }

    fn with(lab: &'a Lab, rules: Rules) -> Home<'a> {
        let inside = block(lab, "10.0.0.0/24");
        Home {
            lab,
            nat: lab.you("Nat::new(10.0.0.0/24, …)", || Nat::new(inside, rules)),
            now: Duration::from_secs(1_000_000),
        }
    }

    fn waits(&mut self, time: Duration) {
        self.now += time;
        self.lab.note(format!("{time:?} pass"));
    }

    fn forwards(&mut self, proto: Proto, port: u16, to: &str) {
        let call = format!("table.forward({proto}, {port}, {to})");
        self.lab.ok(&call, || {
            self.nat.table.forward(self.now, proto, port, end(to))
        });
    }

    fn passes(&mut self, way: &str, packet: &mut [u8]) -> String {
        self.lab.given("the packet before", &hex::rows(packet));
        let call = format!("{way}({})", words(packet));
        let got = self.lab.you(&call, || match way {
            "outbound" => self.nat.outbound(self.now, packet),
            _ => self.nat.inbound(self.now, packet),
        });
        verdict(got)
    }

    /// Demands a verdict, and what the packet has become.
    fn becomes(&mut self, way: &str, packet: &[u8], want: &str, becomes: &[u8]) {
        let mut after = packet.to_vec();
        let what = words(packet);
        let got = self.passes(way, &mut after);
        self.lab
            .same(&format!("what becomes of {what}"), got.as_str(), want);
        self.lab.note(format!("it has become {}", words(&after)));
        same_packet(
            self.lab,
            &format!("{what}, translated to {}", words(becomes)),
            &after,
            becomes,
        );
    }

    fn out(&mut self, packet: &[u8], becomes: &[u8]) {
        self.becomes("outbound", packet, "Out", becomes);
    }

    fn enters(&mut self, packet: &[u8], becomes: &[u8]) {
        self.becomes("inbound", packet, "In", becomes);
    }

    fn turns(&mut self, packet: &[u8], becomes: &[u8]) {
        self.becomes("outbound", packet, "In", becomes);
    }

    /// Demands that a packet is dropped for this reason, and left alone.
    fn drops(&mut self, way: &str, packet: &[u8], want: &str) {
        let mut after = packet.to_vec();
        let what = words(packet);
        let got = self.passes(way, &mut after);
        self.lab.same(
            &format!("what becomes of {what}"),
            got,
            format!("Drop({want})"),
        );
        let lab = self.lab.because(
            "A dropped packet stays as it was: a log or an answer needs its own addresses.",
        );
        lab.same_bytes(&format!("{what}, dropped"), &after, packet);
    }

    /// No call of its own in the story: what is wrong was done by the packet before.
    fn keeps(&self, want: usize) {
        let got = self.nat.table.sessions();
        self.lab.same("how many sessions there are now", got, want);
    }
}

const A: &str = "10.0.0.7:5000";
const B: &str = "10.0.0.8:5000";
const FAR: &str = "198.51.100.2:53";
/// What A becomes outside, in a table where it is the first.
const A_OUT: &str = "203.0.113.1:5000";

#[test]
fn s8_out_and_back() {
    lab(|lab| {
        lab.why("Out: the source becomes the external address and the mapping's port. On the way back the destination becomes the inside's address and port again. The other end stays.");
        for payload in [&b"what is the address of www.test?"[..], b"odd"] {
            let mut home = Home::new(lab, Filter::AddressAndPort);
            home.out(&udp(A, FAR, payload), &udp(A_OUT, FAR, payload));
            home.enters(&udp(FAR, A_OUT, payload), &udp(FAR, A, payload));
            home.out(&tcp(A, FAR, "SYN", b""), &tcp(A_OUT, FAR, "SYN", b""));
            home.enters(
                &tcp(FAR, A_OUT, "SYN,ACK", b""),
                &tcp(FAR, A, "SYN,ACK", b""),
            );
            home.out(
                &tcp(A, FAR, "PSH,ACK", payload),
                &tcp(A_OUT, FAR, "PSH,ACK", payload),
            );
            lab.why("An echo has its identifier for a port.");
            home.out(
                &echo(8, "10.0.0.7", "198.51.100.2", 5000),
                &echo(8, "203.0.113.1", "198.51.100.2", 5000),
            );
            home.enters(
                &echo(0, "198.51.100.2", "203.0.113.1", 5000),
                &echo(0, "198.51.100.2", "10.0.0.7", 5000),
            );
            home.keeps(3);
        }
    });
}

#[test]
fn s8_two_hosts_behind_one_address() {
    lab(|lab| {
        lab.why("Both hosts chose port 5000, so one of them leaves from another port. Each reply finds its own host.");
        let mut home = Home::new(lab, Filter::AddressAndPort);
        home.out(&udp(A, FAR, b"A asks"), &udp(A_OUT, FAR, b"A asks"));
        let mut from_b = udp(B, FAR, b"B asks");
        let got = home.passes("outbound", &mut from_b);
        lab.same("what becomes of B's datagram", got.as_str(), "Out");
        let port = get(&from_b, start(&from_b));
        let b_out = format!("203.0.113.1:{port}");
        lab.holds(port != 5000, "another port than A has", port);
        same_packet(lab, "B's datagram", &from_b, &udp(&b_out, FAR, b"B asks"));
        home.enters(&udp(FAR, &b_out, b"for B"), &udp(FAR, B, b"for B"));
        home.enters(&udp(FAR, A_OUT, b"for A"), &udp(FAR, A, b"for A"));
        lab.why("It is the same for pings.");
        home.out(
            &echo(8, "10.0.0.7", "198.51.100.2", 4242),
            &echo(8, "203.0.113.1", "198.51.100.2", 4242),
        );
        let mut from_b = echo(8, "10.0.0.8", "198.51.100.2", 4242);
        let got = home.passes("outbound", &mut from_b);
        lab.same("what becomes of B's ping", got.as_str(), "Out");
        let id = get(&from_b, 24);
        lab.holds(id != 4242, "another identifier than A has", id);
        same_packet(
            lab,
            "B's ping",
            &from_b,
            &echo(8, "203.0.113.1", "198.51.100.2", id),
        );
        home.enters(
            &echo(0, "198.51.100.2", "203.0.113.1", id),
            &echo(0, "198.51.100.2", "10.0.0.8", 4242),
        );
    });
}

#[test]
fn s8_the_table_hears_of_every_packet() {
    lab(|lab| {
        lab.why("The control bits decide how long a connection lasts, and each outbound packet lets its session last. The table must be told of all of them, with the time.");
        let mut home = Home::new(lab, Filter::AddressAndPort);
        home.out(&tcp(A, FAR, "SYN", b""), &tcp(A_OUT, FAR, "SYN", b""));
        home.enters(
            &tcp(FAR, A_OUT, "SYN,ACK", b""),
            &tcp(FAR, A, "SYN,ACK", b""),
        );
        home.out(&tcp(A, FAR, "ACK", b""), &tcp(A_OUT, FAR, "ACK", b""));
        home.waits(TCP_CLOSED_IDLE * 10);
        home.enters(
            &tcp(FAR, A_OUT, "ACK", b"after a while"),
            &tcp(FAR, A, "ACK", b"after a while"),
        );
        home.out(
            &tcp(A, FAR, "FIN,ACK", b""),
            &tcp(A_OUT, FAR, "FIN,ACK", b""),
        );
        home.enters(
            &tcp(FAR, A_OUT, "FIN,ACK", b""),
            &tcp(FAR, A, "FIN,ACK", b""),
        );
        home.waits(TCP_CLOSED_IDLE);
        home.drops("inbound", &tcp(FAR, A_OUT, "ACK", b""), "Unwanted");
        home.out(&udp(A, FAR, b"?"), &udp(A_OUT, FAR, b"?"));
        home.waits(UDP_IDLE - BLINK);
        home.out(&udp(A, FAR, b"?"), &udp(A_OUT, FAR, b"?"));
        home.waits(UDP_IDLE - BLINK);
        home.enters(&udp(FAR, A_OUT, b"!"), &udp(FAR, A, b"!"));
        home.waits(BLINK);
        home.drops("inbound", &udp(FAR, A_OUT, b"!"), "Unwanted");
    });
}

#[test]
fn s8_a_packet_at_the_wrong_side() {
    lab(|lab| {
        let mut home = Home::new(lab, Filter::Anyone);
        home.out(&udp(A, FAR, b"hi!"), &udp(A_OUT, FAR, b"hi!"));
        lab.why("A packet from inside has a source in the block. Another source is forged, or its host is in the wrong network. A NAT that lets it out helps attackers to hide (BCP 38).");
        for src in [
            "10.0.1.7:5000",
            "9.255.255.255:1",
            "192.168.1.7:5000",
            "198.51.100.9:5000",
            "203.0.113.1:5000",
        ] {
            home.drops("outbound", &udp(src, FAR, b"hi!"), "Misplaced");
            home.drops("outbound", &tcp(src, FAR, "SYN", b""), "Misplaced");
        }
        home.drops(
            "outbound",
            &echo(8, "10.0.1.7", "198.51.100.2", 1),
            "Misplaced",
        );
        lab.why("A packet for a host inside need not come here.");
        for dst in ["10.0.0.8:53", "10.0.0.255:53", "10.0.0.0:53"] {
            home.drops("outbound", &udp(A, dst, b"hi!"), "Misplaced");
        }
        lab.why("Only packets for the external address come from outside: no router there has a route to 10.0.0.7.");
        for dst in ["10.0.0.7:5000", "203.0.113.2:5000", "198.51.100.9:5000"] {
            home.drops("inbound", &udp(FAR, dst, b"hi!"), "Misplaced");
        }
        lab.why("No host outside has an address of the inside, or the NAT's own. Such a source is forged.");
        for src in [
            "10.0.0.8:53",
            "10.0.0.7:5000",
            "203.0.113.1:5000",
            "10.0.0.255:1",
        ] {
            home.drops("inbound", &udp(src, A_OUT, b"hi!"), "Misplaced");
        }
        home.keeps(1);
        lab.why("Just outside the block is outside.");
        home.out(
            &udp("10.0.0.255:5001", "10.0.1.0:53", b"hi!"),
            &udp("203.0.113.1:5001", "10.0.1.0:53", b"hi!"),
        );
        home.enters(
            &udp("10.0.1.0:53", A_OUT, b"hi!"),
            &udp("10.0.1.0:53", A, b"hi!"),
        );
    });
}

#[test]
fn s8_what_cannot_be_translated_is_dropped() {
    lab(|lab| {
        let mut home = Home::new(lab, Filter::Anyone);
        home.out(&udp(A, FAR, b"hi!"), &udp(A_OUT, FAR, b"hi!"));
        lab.why("Fragments have to be put together first, in front of the NAT (RFC 4787, REQ-14). Here they are dropped.");
        let mut first = udp(A, FAR, b"hi there");
        first[6] = 0x20;
        seal_header(&mut first);
        home.drops("outbound", &first, "Fragment");
        let mut later = udp(FAR, A_OUT, b"hi there");
        later[7] = 185;
        seal_header(&mut later);
        home.drops("inbound", &later, "Fragment");
        let mut of_error = error(
            "198.51.100.9",
            "203.0.113.1",
            11,
            0,
            &quoted(&udp(A_OUT, FAR, b"hi!"), 8),
        );
        of_error[6] = 0x20;
        seal_header(&mut of_error);
        home.drops("inbound", &of_error, "Fragment");
        lab.why("A later fragment begins with bytes from the middle of something. A first byte of 3 does not make it an ICMP error.");
        let later = |mut packet: Vec<u8>| {
            packet[7] = 5;
            seal_header(&mut packet);
            packet
        };
        for kind in [3, 11, 12] {
            let about = quoted(&udp(A_OUT, FAR, b"hi!"), 8);
            let packet = later(error("198.51.100.9", "203.0.113.1", kind, 0, &about));
            home.drops("inbound", &packet, "Fragment");
            let about = quoted(&udp(FAR, A, b"hi!"), 8);
            let packet = later(error("10.0.0.7", "198.51.100.2", kind, 0, &about));
            home.drops("outbound", &packet, "Fragment");
        }
        lab.why("Packets without ports cannot be told apart.");
        home.drops(
            "outbound",
            &ipv4(47, "10.0.0.7", "198.51.100.2", &[], &[0; 24]),
            "Unknown",
        );
        home.drops(
            "inbound",
            &ipv4(50, "198.51.100.2", "203.0.113.1", &[], &[0; 24]),
            "Unknown",
        );
        lab.why("Of ICMP's messages only 3, 11 and 12 are errors that a NAT translates. Some others quote a packet, too: a source quench (4) is obsolete (RFC 6633), and a redirect (5) is for the next link only.");
        for kind in [4, 5, 13, 17] {
            home.drops(
                "inbound",
                &error(
                    "198.51.100.9",
                    "203.0.113.1",
                    kind,
                    0,
                    &quoted(&udp(A_OUT, FAR, b"hi!"), 8),
                ),
                "Unknown",
            );
            home.drops(
                "outbound",
                &error(
                    "10.0.0.7",
                    "198.51.100.2",
                    kind,
                    0,
                    &quoted(&udp(FAR, A, b"hi!"), 8),
                ),
                "Unknown",
            );
        }
        lab.why("A packet that is damaged, or has a wrong length, is dropped.");
        let mut damaged = udp(A, FAR, b"hi!");
        damaged[8] ^= 1;
        home.drops("outbound", &damaged, "Malformed");
        home.drops("outbound", &udp(A, FAR, b"hi!")[..27], "Malformed");
        home.drops("inbound", &udp(FAR, A_OUT, b"hi!")[..30], "Malformed");
        home.drops("inbound", &[], "Malformed");
        home.drops("outbound", &[0x45; 19], "Malformed");
        lab.why("Nothing of this has begun a session.");
        home.keeps(1);
    });
}

#[test]
fn s8_nobody_comes_in_unasked() {
    lab(|lab| {
        lab.why("An unsolicited packet is dropped silently.");
        let mut home = Home::new(lab, Filter::Address);
        home.drops("inbound", &udp(FAR, A_OUT, b"hi!"), "Unwanted");
        home.drops(
            "inbound",
            &tcp(FAR, "203.0.113.1:80", "SYN", b""),
            "Unwanted",
        );
        home.drops(
            "inbound",
            &echo(8, "198.51.100.2", "203.0.113.1", 5000),
            "Unwanted",
        );
        home.drops(
            "inbound",
            &echo(0, "198.51.100.2", "203.0.113.1", 5000),
            "Unwanted",
        );
        home.out(&udp(A, FAR, b"hi!"), &udp(A_OUT, FAR, b"hi!"));
        lab.why("An echo request from outside is not an answer, not even one with the identifier of a ping that has gone out to that host: a request has its identifier at its source's end, and none at its destination's.");
        for filter in [Filter::Anyone, Filter::Address, Filter::AddressAndPort] {
            let mut home = Home::new(lab, filter);
            for id in [5000, 5001] {
                home.out(
                    &echo(8, "10.0.0.7", "198.51.100.2", id),
                    &echo(8, "203.0.113.1", "198.51.100.2", id),
                );
                home.drops(
                    "inbound",
                    &echo(8, "198.51.100.2", "203.0.113.1", id),
                    "Unwanted",
                );
                home.enters(
                    &echo(0, "198.51.100.2", "203.0.113.1", id),
                    &echo(0, "198.51.100.2", "10.0.0.7", id),
                );
            }
        }
        lab.why("The filter is for hosts that the inside has not sent to.");
        home.drops("inbound", &udp("192.0.2.9:53", A_OUT, b"hi!"), "Unwanted");
        home.drops("inbound", &tcp(FAR, A_OUT, "SYN", b""), "Unwanted");
        home.enters(
            &udp("198.51.100.2:54", A_OUT, b"hi!"),
            &udp("198.51.100.2:54", A, b"hi!"),
        );
        lab.why("A reply that has another port than the one it was asked from is lost: no mapping has that port.");
        home.drops("inbound", &udp(FAR, "203.0.113.1:5001", b"hi!"), "Unwanted");
    });
}

#[test]
fn s8_a_full_table_refuses() {
    lab(|lab| {
        lab.why(
            "A packet without a place in the table is dropped, and the existing sessions go on.",
        );
        let mut home = Home::with(lab, rules(3000..=3001, Filter::Anyone, 3));
        home.out(
            &udp("10.0.0.7:3000", FAR, b"hi!"),
            &udp("203.0.113.1:3000", FAR, b"hi!"),
        );
        home.out(
            &udp("10.0.0.8:3001", FAR, b"hi!"),
            &udp("203.0.113.1:3001", FAR, b"hi!"),
        );
        home.drops("outbound", &udp("10.0.0.9:3001", FAR, b"hi!"), "NoPort");
        home.out(
            &udp("10.0.0.7:3000", "192.0.2.9:53", b"hi!"),
            &udp("203.0.113.1:3000", "192.0.2.9:53", b"hi!"),
        );
        home.drops("outbound", &udp("10.0.0.9:3001", FAR, b"hi!"), "Full");
        home.drops(
            "outbound",
            &udp("10.0.0.7:3000", "192.0.2.10:53", b"hi!"),
            "Full",
        );
        home.enters(
            &udp(FAR, "203.0.113.1:3001", b"hi!"),
            &udp(FAR, "10.0.0.8:3001", b"hi!"),
        );
        lab.scene("a hairpin into a full table");
        lab.why("A packet that would turn round needs a session of its sender's, too. Without one it is refused, and does not reach its receiver: a packet that A could not send does not answer B's SYN.");
        let mut home = Home::with(lab, rules(4000..=7999, Filter::Anyone, 2));
        let (b, b_out) = ("10.0.0.8:6000", "203.0.113.1:6000");
        home.out(&tcp(A, FAR, "SYN", b""), &tcp(A_OUT, FAR, "SYN", b""));
        home.turns(&tcp(b, A_OUT, "SYN", b""), &tcp(b_out, A, "SYN", b""));
        home.drops("outbound", &tcp(A, b_out, "SYN,ACK", b""), "Full");
        home.turns(&tcp(b, A_OUT, "ACK", b""), &tcp(b_out, A, "ACK", b""));
        home.waits(TCP_CLOSED_IDLE);
        home.drops("inbound", &tcp(FAR, b_out, "ACK", b""), "Unwanted");
        home.keeps(0);
    });
}

#[test]
fn s8_a_damaged_payload_stays_damaged() {
    lab(|lab| {
        lab.why(
            "The datagram was damaged before it came here. Its receiver must be able to see that.",
        );
        let mut home = Home::new(lab, Filter::Anyone);
        let damaged = |mut packet: Vec<u8>| {
            packet[29] ^= 0x10;
            packet
        };
        home.out(
            &damaged(udp(A, FAR, b"hi there")),
            &damaged(udp(A_OUT, FAR, b"hi there")),
        );
        home.enters(
            &damaged(udp(FAR, A_OUT, b"hi there")),
            &damaged(udp(FAR, A, b"hi there")),
        );
    });
}

#[test]
fn s8_a_forwarded_port_leads_inside() {
    lab(|lab| {
        lab.why("A server behind a NAT needs a port that leads to it. What it sends leaves from that port.");
        let mut home = Home::new(lab, Filter::AddressAndPort);
        home.forwards(Proto::Tcp, 80, "10.0.0.5:8080");
        let client = "192.0.2.9:6000";
        home.enters(
            &tcp(client, "203.0.113.1:80", "SYN", b""),
            &tcp(client, "10.0.0.5:8080", "SYN", b""),
        );
        home.out(
            &tcp("10.0.0.5:8080", client, "SYN,ACK", b""),
            &tcp("203.0.113.1:80", client, "SYN,ACK", b""),
        );
        home.drops(
            "inbound",
            &udp(client, "203.0.113.1:80", b"hi!"),
            "Unwanted",
        );
        lab.why(
            "From inside the same address leads to it: the name www.test has one address for all. Both ends are translated, so the server sees the client's external address and port, and answers by way of the NAT.",
        );
        home.turns(
            &tcp("10.0.0.7:5000", "203.0.113.1:80", "SYN", b""),
            &tcp(A_OUT, "10.0.0.5:8080", "SYN", b""),
        );
        home.turns(
            &tcp("10.0.0.5:8080", A_OUT, "SYN,ACK", b""),
            &tcp("203.0.113.1:80", "10.0.0.7:5000", "SYN,ACK", b""),
        );
    });
}

#[test]
fn s8_hairpin() {
    lab(|lab| {
        lab.why("Two hosts behind one NAT know each other by their external addresses: a server outside has told them. Such a packet turns round in the NAT, and both its ends are translated: its receiver sees the sender's external address and port (RFC 4787, REQ-9). With the inside address it would answer past the NAT, and the answer would come from an unknown address.");
        for filter in [Filter::Anyone, Filter::Address, Filter::AddressAndPort] {
            lab.scene(format!("a NAT with the filter {filter:?}"));
            let mut home = Home::new(lab, filter);
            home.out(&udp(A, FAR, b"who am I?"), &udp(A_OUT, FAR, b"who am I?"));
            let (b, b_out) = ("10.0.0.8:6000", "203.0.113.1:6000");
            home.out(&udp(b, FAR, b"who am I?"), &udp(b_out, FAR, b"who am I?"));
            if filter == Filter::Anyone {
                home.turns(&udp(A, b_out, b"hello B"), &udp(A_OUT, b, b"hello B"));
            } else {
                lab.why("B has sent nothing to A's external address, so its filter lets nothing in from there.");
                home.drops("outbound", &udp(A, b_out, b"hello B"), "Unwanted");
                lab.why("But A has sent to B's, although the packet was dropped. So B's packet may come in. This is how two clients open their filters for each other.");
            }
            home.turns(&udp(b, A_OUT, b"hello A"), &udp(b_out, A, b"hello A"));
            home.turns(&udp(A, b_out, b"now?"), &udp(A_OUT, b, b"now?"));
            home.keeps(4);
        }
        lab.scene("a host that calls itself, or an unused port");
        lab.why("The rule is the same for every host inside.");
        let mut home = Home::new(lab, Filter::AddressAndPort);
        home.drops(
            "outbound",
            &udp(A, "203.0.113.1:7000", b"anybody?"),
            "Unwanted",
        );
        home.turns(&udp(A, A_OUT, b"me?"), &udp(A_OUT, A, b"me?"));
        home.drops(
            "outbound",
            &echo(8, "10.0.0.7", "203.0.113.1", 1),
            "Unwanted",
        );
        lab.why("A host that did not have a mapping gets one before the packet turns round.");
        home.forwards(Proto::Udp, 53, "10.0.0.5:53");
        home.turns(
            &udp("10.0.0.9:7000", "203.0.113.1:53", b"?"),
            &udp("203.0.113.1:7000", "10.0.0.5:53", b"?"),
        );
    });
}

#[test]
fn s8_a_connection_over_a_hairpin_ends() {
    lab(|lab| {
        lab.why("A hairpin is a packet that goes out and one that comes in. Its FIN or RST counts for the sender's session and for the receiver's. If it counts for only one of them, the other stays in the table for two hours.");
        let (b, b_out) = ("10.0.0.8:6000", "203.0.113.1:6000");
        let endings: [(&[(char, &str)], bool); 5] = [
            (&[], false),
            (&[('A', "FIN,ACK"), ('B', "ACK")], false),
            (&[('A', "FIN,ACK"), ('B', "FIN,ACK"), ('A', "ACK")], true),
            (&[('B', "FIN,ACK"), ('A', "FIN,ACK"), ('B', "ACK")], true),
            (&[('A', "RST,ACK")], true),
        ];
        for (ending, ends) in endings {
            for late in ['A', 'B'] {
                lab.scene(format!("A and B have a connection, then {ending:?}, and four minutes later {late} sends"));
                let mut home = Home::new(lab, Filter::AddressAndPort);
                let segment = |who: char, bits: &str| match who {
                    'A' => (tcp(A, b_out, bits, b""), tcp(A_OUT, b, bits, b"")),
                    _ => (tcp(b, A_OUT, bits, b""), tcp(b_out, A, bits, b"")),
                };
                // Both call each other at once, since each filter wants to be asked first.
                home.drops("outbound", &segment('A', "SYN").0, "Unwanted");
                let open = [('B', "SYN"), ('A', "SYN,ACK"), ('B', "SYN,ACK")];
                let open = open.iter().chain(&[('A', "ACK"), ('B', "ACK")]);
                for &(who, bits) in open.chain(ending) {
                    let (before, after) = segment(who, bits);
                    home.turns(&before, &after);
                }
                home.waits(TCP_CLOSED_IDLE);
                let (before, after) = segment(late, "ACK");
                if ends {
                    home.drops("outbound", &before, "Unwanted");
                } else {
                    home.turns(&before, &after);
                }
            }
        }
    });
}

#[test]
fn s8_a_hairpin_that_is_refused_has_gone_out() {
    lab(|lab| {
        lab.why("For the table a hairpin always goes out: its RST counts for A's session, although B's filter no longer lets it in. Otherwise A's side of the connection stays in the table for two hours.");
        let (b, b_out) = ("10.0.0.8:6000", "203.0.113.1:6000");
        for bits in ["RST", "RST,ACK"] {
            let mut home = Home::new(lab, Filter::AddressAndPort);
            home.out(&tcp(b, FAR, "SYN", b""), &tcp(b_out, FAR, "SYN", b""));
            home.drops("outbound", &tcp(A, b_out, "SYN", b""), "Unwanted");
            home.turns(
                &tcp(b, A_OUT, "SYN,ACK", b""),
                &tcp(b_out, A, "SYN,ACK", b""),
            );
            home.turns(&tcp(A, b_out, "ACK", b""), &tcp(A_OUT, b, "ACK", b""));
            lab.note("B says nothing more, so its side ends after four minutes");
            home.waits(TCP_CLOSED_IDLE);
            home.drops("outbound", &tcp(A, b_out, bits, b""), "Unwanted");
            home.keeps(1);
            home.waits(TCP_CLOSED_IDLE);
            home.drops("inbound", &tcp(FAR, A_OUT, "ACK", b""), "Unwanted");
            home.keeps(0);
        }
    });
}

#[test]
fn s8_what_is_wrong_says_nothing_to_the_table() {
    lab(|lab| {
        let offset_4 = |mut segment: Vec<u8>| {
            segment[32] = 0x40;
            seal(&mut segment);
            segment
        };
        let long_udp = |mut datagram: Vec<u8>| {
            datagram[24..26].copy_from_slice(&1000_u16.to_be_bytes());
            seal(&mut datagram);
            datagram
        };
        let first_fragment = |mut packet: Vec<u8>| {
            packet[6] = 0x20;
            seal_header(&mut packet);
            packet
        };
        lab.why("A packet that is dropped because it is unfit or misplaced must leave no trace. It begins no session and takes no port.");
        let mut home = Home::new(lab, Filter::Anyone);
        for (packet, why) in [
            (long_udp(udp(A, FAR, b"hi!")), "Malformed"),
            (offset_4(tcp(A, FAR, "SYN", b"")), "Malformed"),
            (first_fragment(udp(A, FAR, b"hi!")), "Fragment"),
            (first_fragment(tcp(A, FAR, "SYN", b"")), "Fragment"),
            (udp("10.0.1.7:5000", FAR, b"hi!"), "Misplaced"),
            (tcp(A, "10.0.0.8:80", "SYN", b""), "Misplaced"),
        ] {
            home.drops("outbound", &packet, why);
            home.keeps(0);
        }
        for bits in ["RST,ACK", "FIN,ACK"] {
            lab.why("It ends no connection: this one was open before, and it is open afterwards. And it does not extend it.");
            let segment = |src, dst| tcp(src, dst, bits, b"");
            let elsewhere = "203.0.113.2:5000";
            for (way, packet, why) in [
                ("inbound", offset_4(segment(FAR, A_OUT)), "Malformed"),
                ("inbound", first_fragment(segment(FAR, A_OUT)), "Fragment"),
                ("inbound", segment(FAR, elsewhere), "Misplaced"),
                ("outbound", offset_4(segment(A, FAR)), "Malformed"),
                ("outbound", first_fragment(segment(A, FAR)), "Fragment"),
            ] {
                lab.scene(format!(
                    "an open connection, one side of which is closed, and a {why} segment with {bits}, {way}"
                ));
                let mut home = Home::new(lab, Filter::AddressAndPort);
                home.out(&tcp(A, FAR, "SYN", b""), &tcp(A_OUT, FAR, "SYN", b""));
                home.enters(
                    &tcp(FAR, A_OUT, "SYN,ACK", b""),
                    &tcp(FAR, A, "SYN,ACK", b""),
                );
                if way == "inbound" {
                    home.out(
                        &tcp(A, FAR, "FIN,ACK", b""),
                        &tcp(A_OUT, FAR, "FIN,ACK", b""),
                    );
                } else {
                    home.enters(
                        &tcp(FAR, A_OUT, "FIN,ACK", b""),
                        &tcp(FAR, A, "FIN,ACK", b""),
                    );
                    home.out(&tcp(A, FAR, "ACK", b""), &tcp(A_OUT, FAR, "ACK", b""));
                }
                home.waits(TCP_CLOSED_IDLE);
                home.drops(way, &packet, why);
                home.waits(TCP_OPEN_IDLE - TCP_CLOSED_IDLE - BLINK);
                home.enters(&tcp(FAR, A_OUT, "ACK", b""), &tcp(FAR, A, "ACK", b""));
                home.waits(BLINK);
                home.drops("inbound", &tcp(FAR, A_OUT, "ACK", b""), "Unwanted");
            }
        }
        lab.why("It is not an answer that could be acknowledged either.");
        let answer = tcp(FAR, A_OUT, "SYN,ACK", b"");
        for (packet, why) in [
            (offset_4(answer.clone()), "Malformed"),
            (first_fragment(answer), "Fragment"),
        ] {
            let mut home = Home::new(lab, Filter::AddressAndPort);
            home.out(&tcp(A, FAR, "SYN", b""), &tcp(A_OUT, FAR, "SYN", b""));
            home.drops("inbound", &packet, why);
            home.out(&tcp(A, FAR, "ACK", b""), &tcp(A_OUT, FAR, "ACK", b""));
            home.waits(TCP_CLOSED_IDLE);
            home.drops("inbound", &tcp(FAR, A_OUT, "ACK", b""), "Unwanted");
        }
    });
}

/// The router that has something to say.
const ROUTER: &str = "192.0.2.254";

#[test]
fn s8_icmp_error_is_translated_inside_too() {
    lab(|lab| {
        lab.why("A router outside could not forward a packet, and tells its source, which is the NAT's address. The host inside must get the error, or it sends packets that are too long for ever. It knows the conversation by its own address and port, so the quoted packet is changed back to the one that the host sent (RFC 5508, REQ-4).");
        let long = b"a payload that is longer than what is quoted of it";
        for (kind, code, what) in [
            (3, 4, "too long for the next link"),
            (3, 1, "host unreachable"),
            (11, 0, "its time to live is over"),
            (12, 0, "a bad option"),
        ] {
            for len in [8, 20, 28, 200] {
                lab.scene(format!("an ICMP error of type {kind}, code {code}: {what}; it quotes {len} bytes behind the header"));
                let mut home = Home::new(lab, Filter::AddressAndPort);
                home.out(&udp(A, FAR, long), &udp(A_OUT, FAR, long));
                home.enters(
                    &error(
                        ROUTER,
                        "203.0.113.1",
                        kind,
                        code,
                        &quoted(&udp(A_OUT, FAR, long), len),
                    ),
                    &error(
                        ROUTER,
                        "10.0.0.7",
                        kind,
                        code,
                        &quoted(&udp(A, FAR, long), len),
                    ),
                );
                home.out(&tcp(A, FAR, "SYN", b""), &tcp(A_OUT, FAR, "SYN", b""));
                home.enters(
                    &error(
                        ROUTER,
                        "203.0.113.1",
                        kind,
                        code,
                        &quoted(&tcp(A_OUT, FAR, "ACK", long), len),
                    ),
                    &error(
                        ROUTER,
                        "10.0.0.7",
                        kind,
                        code,
                        &quoted(&tcp(A, FAR, "ACK", long), len),
                    ),
                );
                let ping = |src: &str| echo(8, src, "198.51.100.2", 5000);
                home.out(&ping("10.0.0.7"), &ping("203.0.113.1"));
                home.enters(
                    &error(
                        ROUTER,
                        "203.0.113.1",
                        kind,
                        code,
                        &quoted(&ping("203.0.113.1"), len),
                    ),
                    &error(
                        ROUTER,
                        "10.0.0.7",
                        kind,
                        code,
                        &quoted(&ping("10.0.0.7"), len),
                    ),
                );
            }
        }
    });
}

#[test]
fn s8_the_error_finds_the_right_host() {
    lab(|lab| {
        lab.why("The port in the quote says which host sent the packet. It has been translated: B's port outside is not the one that B chose.");
        let mut home = Home::new(lab, Filter::AddressAndPort);
        home.out(&udp(A, FAR, b"A asks"), &udp(A_OUT, FAR, b"A asks"));
        let mut from_b = udp(B, FAR, b"B asks");
        home.passes("outbound", &mut from_b);
        home.enters(
            &error(ROUTER, "203.0.113.1", 3, 1, &from_b),
            &error(ROUTER, "10.0.0.8", 3, 1, &udp(B, FAR, b"B asks")),
        );
        home.enters(
            &error(ROUTER, "203.0.113.1", 3, 1, &udp(A_OUT, FAR, b"A asks")),
            &error(ROUTER, "10.0.0.7", 3, 1, &udp(A, FAR, b"A asks")),
        );
        lab.why("The server itself may send the error: its port is closed.");
        home.enters(
            &error(
                "198.51.100.2",
                "203.0.113.1",
                3,
                3,
                &udp(A_OUT, FAR, b"A asks"),
            ),
            &error("198.51.100.2", "10.0.0.7", 3, 3, &udp(A, FAR, b"A asks")),
        );
        lab.why("A forwarded port has no sessions, but errors about its packets must still come back to it.");
        home.forwards(Proto::Tcp, 80, "10.0.0.5:8080");
        home.enters(
            &error(
                ROUTER,
                "203.0.113.1",
                11,
                0,
                &quoted(&tcp("203.0.113.1:80", "192.0.2.9:6000", "SYN,ACK", b""), 8),
            ),
            &error(
                ROUTER,
                "10.0.0.5",
                11,
                0,
                &quoted(&tcp("10.0.0.5:8080", "192.0.2.9:6000", "SYN,ACK", b""), 8),
            ),
        );
    });
}

#[test]
fn s8_a_quote_of_any_shape() {
    lab(|lab| {
        let mut home = Home::new(lab, Filter::AddressAndPort);
        home.out(&udp(A, FAR, b"hi!"), &udp(A_OUT, FAR, b"hi!"));
        home.out(&tcp(A, FAR, "SYN", b""), &tcp(A_OUT, FAR, "SYN", b""));
        lab.why("The quoted header may have options, and so may the error's own. Then the bytes behind them stand further back (RFC 5508, REQ-3).");
        let quote = |src: &str| quoted(&udp_with(src, FAR, &[1; 8], b"hi!"), 8);
        home.enters(
            &error(ROUTER, "203.0.113.1", 11, 0, &quote(A_OUT)),
            &error(ROUTER, "10.0.0.7", 11, 0, &quote(A)),
        );
        let quote = |src: &str| quoted(&tcp_with(src, FAR, "SYN", &[1; 4], b"hi!"), 20);
        home.enters(
            &error(ROUTER, "203.0.113.1", 11, 0, &quote(A_OUT)),
            &error(ROUTER, "10.0.0.7", 11, 0, &quote(A)),
        );
        let with_options = |dst: &str, src: &str| {
            let inner = error(ROUTER, dst, 3, 4, &quoted(&udp(src, FAR, b"hi!"), 8));
            let mut packet = ipv4(1, ROUTER, dst, &[1; 12], &inner[20..]);
            seal(&mut packet);
            packet
        };
        home.enters(
            &with_options("203.0.113.1", A_OUT),
            &with_options("10.0.0.7", A),
        );
        let from_inside = |src: &str, dst: &str| {
            let quote = quoted(&udp_with(FAR, dst, &[1; 4], b"hi!"), 8);
            let inner = error(src, "198.51.100.2", 3, 3, &quote);
            let mut packet = ipv4(1, src, "198.51.100.2", &[1; 12], &inner[20..]);
            seal(&mut packet);
            packet
        };
        home.out(
            &from_inside("10.0.0.7", A),
            &from_inside("203.0.113.1", A_OUT),
        );
        lab.why("A quoted datagram without a checksum stays without.");
        let quote = |src: &str| {
            let mut packet = udp(src, FAR, b"hi!");
            packet[26..28].fill(0);
            packet
        };
        home.enters(
            &error(ROUTER, "203.0.113.1", 11, 0, &quote(A_OUT)),
            &error(ROUTER, "10.0.0.7", 11, 0, &quote(A)),
        );
        lab.why(
            "A router behind the NAT may have split the packet. The first piece has the ports.",
        );
        let quote = |src: &str| {
            let mut packet = quoted(&udp(src, FAR, b"hi there"), 16);
            packet[6] = 0x20;
            seal_header(&mut packet);
            packet
        };
        home.enters(
            &error(ROUTER, "203.0.113.1", 11, 0, &quote(A_OUT)),
            &error(ROUTER, "10.0.0.7", 11, 0, &quote(A)),
        );
        lab.why(
            "A router may have added more behind the quote (RFC 4884). The ICMP checksum covers it.",
        );
        let extended = |src: &str| {
            let mut quote = quoted(&udp(src, FAR, b"hi!"), 11);
            quote.resize(128, 0);
            quote.extend([0x20, 0, 0, 0, 0, 8, 1, 1, 0xaa, 0xbb, 0xcc, 0xdd]);
            quote
        };
        home.enters(
            &error(ROUTER, "203.0.113.1", 11, 0, &extended(A_OUT)),
            &error(ROUTER, "10.0.0.7", 11, 0, &extended(A)),
        );
        lab.why("A quote shows the packet as it arrived at the router: its TTL is 1, or 0, and no longer the host's. The TTL is not an address or a port, so it stays.");
        for ttl in [0, 1, 37] {
            let quote = |src: &str, dst: &str| {
                let mut packet = quoted(&udp(src, dst, b"hi!"), 8);
                packet[8] = ttl;
                seal_header(&mut packet);
                packet
            };
            home.enters(
                &error(ROUTER, "203.0.113.1", 11, 0, &quote(A_OUT, FAR)),
                &error(ROUTER, "10.0.0.7", 11, 0, &quote(A, FAR)),
            );
            home.out(
                &error("10.0.0.7", "198.51.100.2", 3, 3, &quote(FAR, A)),
                &error("203.0.113.1", "198.51.100.2", 3, 3, &quote(FAR, A_OUT)),
            );
        }
        lab.why("A router quotes as much as fits into 576 bytes (RFC 1812, section 4.3.2.3), and some quote more. The ICMP checksum covers all of it.");
        for len in [600, 1400] {
            let payload: Vec<u8> = (0..len).map(|n| n as u8).collect();
            home.enters(
                &error(ROUTER, "203.0.113.1", 3, 4, &udp(A_OUT, FAR, &payload)),
                &error(ROUTER, "10.0.0.7", 3, 4, &udp(A, FAR, &payload)),
            );
            home.out(
                &error("10.0.0.7", "198.51.100.2", 3, 3, &udp(FAR, A, &payload)),
                &error(
                    "203.0.113.1",
                    "198.51.100.2",
                    3,
                    3,
                    &udp(FAR, A_OUT, &payload),
                ),
            );
        }
        lab.why("No checksum covers padding behind the error's Total Length.");
        let padded = |dst: &str, src: &str| {
            let mut packet = error(ROUTER, dst, 11, 0, &quoted(&udp(src, FAR, b"hi!"), 11));
            packet.extend([0xee; 7]);
            packet
        };
        home.enters(&padded("203.0.113.1", A_OUT), &padded("10.0.0.7", A));
        let padded = |src: &str, dst: &str| {
            let quote = quoted(&udp(FAR, dst, b"hi!"), 11);
            let mut packet = error(src, "198.51.100.2", 3, 3, &quote);
            packet.extend([0xee; 7]);
            packet
        };
        home.out(&padded("10.0.0.7", A), &padded("203.0.113.1", A_OUT));
    });
}

#[test]
fn s8_an_error_about_nothing_is_dropped() {
    lab(|lab| {
        let mut home = Home::new(lab, Filter::Anyone);
        home.out(&udp(A, FAR, b"hi!"), &udp(A_OUT, FAR, b"hi!"));
        lab.why("An error is believed only if it is about a packet that was sent: there must be a session with exactly this other end. Otherwise an attacker could end conversations by guessing a port.");
        let about = |src: &str, dst: &str| {
            error(
                ROUTER,
                "203.0.113.1",
                3,
                3,
                &quoted(&udp(src, dst, b"hi!"), 8),
            )
        };
        home.drops("inbound", &about(A_OUT, "198.51.100.2:54"), "Unwanted");
        home.drops("inbound", &about(A_OUT, "198.51.100.3:53"), "Unwanted");
        home.drops("inbound", &about("203.0.113.1:5001", FAR), "Unwanted");
        home.drops(
            "inbound",
            &error(
                ROUTER,
                "203.0.113.1",
                3,
                3,
                &quoted(&tcp(A_OUT, FAR, "SYN", b""), 8),
            ),
            "Unwanted",
        );
        home.drops(
            "inbound",
            &error(
                ROUTER,
                "203.0.113.1",
                11,
                0,
                &echo(0, "203.0.113.1", "198.51.100.2", 5000),
            ),
            "Unwanted",
        );
        lab.why("An error goes to the sender of the quoted packet. An error about another sender's packet is misplaced.");
        home.drops("inbound", &about(A, FAR), "Misplaced");
        home.drops("inbound", &about("203.0.113.2:5000", FAR), "Misplaced");
        home.drops(
            "outbound",
            &error(
                "10.0.0.7",
                "198.51.100.2",
                3,
                3,
                &quoted(&udp("198.51.100.3:53", A, b"hi!"), 8),
            ),
            "Misplaced",
        );
        home.drops(
            "outbound",
            &error(
                "10.0.0.7",
                "198.51.100.2",
                3,
                3,
                &quoted(&udp(A, FAR, b"hi!"), 8),
            ),
            "Misplaced",
        );
        lab.why("An error is a packet, too: it comes from outside, for the external address.");
        home.drops(
            "inbound",
            &error(ROUTER, "10.0.0.7", 3, 3, &quoted(&udp(A, FAR, b"hi!"), 8)),
            "Misplaced",
        );
        home.drops(
            "inbound",
            &error(
                "10.0.0.9",
                "203.0.113.1",
                3,
                3,
                &quoted(&udp(A_OUT, FAR, b"hi!"), 8),
            ),
            "Misplaced",
        );
        home.drops(
            "outbound",
            &error(
                ROUTER,
                "198.51.100.2",
                3,
                3,
                &quoted(&udp(FAR, A, b"hi!"), 8),
            ),
            "Misplaced",
        );
    });
}

#[test]
fn s8_a_damaged_error_is_dropped() {
    lab(|lab| {
        let mut home = Home::new(lab, Filter::Anyone);
        home.out(&udp(A, FAR, b"hi there"), &udp(A_OUT, FAR, b"hi there"));
        let quote = udp(A_OUT, FAR, b"hi there");
        let good = error(ROUTER, "203.0.113.1", 3, 4, &quote);
        lab.why("The ICMP checksum covers the whole message (RFC 5508, REQ-3). The NAT computes a new one, so damage must be found here.");
        for at in [20, 21, 22, 23, 27, 50, good.len() - 1] {
            let mut damaged = good.clone();
            damaged[at] ^= if at == 20 { 0x08 } else { 0x01 };
            // Type 3 becomes type 11, an error, too.
            home.drops("inbound", &damaged, "Malformed");
        }
        lab.why("The quoted header has a checksum of its own, and the quote has at least 8 bytes behind it.");
        let mut bad_header = quote.clone();
        bad_header[8] ^= 1;
        home.drops(
            "inbound",
            &error(ROUTER, "203.0.113.1", 3, 4, &bad_header),
            "Malformed",
        );
        for len in [0, 10, 19, 20, 27] {
            home.drops(
                "inbound",
                &error(ROUTER, "203.0.113.1", 3, 4, &quote[..len]),
                "Malformed",
            );
        }
        for len in [4, 7] {
            let mut packet = ipv4(
                1,
                ROUTER,
                "203.0.113.1",
                &[],
                &[3, 4, 0, 0, 0, 0, 0, 0][..len],
            );
            packet[22..24].copy_from_slice(&0xfcfb_u16.to_be_bytes());
            home.drops("inbound", &packet, "Malformed");
        }
        lab.why("A quote of a later fragment has no ports, and a quote of another protocol is about a packet that never went through here.");
        let mut later = quote.clone();
        later[7] = 1;
        seal_header(&mut later);
        home.drops(
            "inbound",
            &error(ROUTER, "203.0.113.1", 3, 4, &later),
            "Fragment",
        );
        home.drops(
            "inbound",
            &error(
                ROUTER,
                "203.0.113.1",
                3,
                4,
                &ipv4(47, "203.0.113.1", "198.51.100.2", &[], &[0; 8]),
            ),
            "Unknown",
        );
        home.drops(
            "inbound",
            &error(ROUTER, "203.0.113.1", 3, 4, &good),
            "Unknown",
        );
        lab.why("For an error from inside the quote counts, too.");
        let from_inside = |quote: &[u8]| error("10.0.0.7", "198.51.100.2", 3, 3, quote);
        let mut later = udp(FAR, A, b"hi there");
        later[7] = 1;
        seal_header(&mut later);
        home.drops("outbound", &from_inside(&later), "Fragment");
        let of_47 = ipv4(47, "198.51.100.2", "10.0.0.7", &[], &[0; 8]);
        home.drops("outbound", &from_inside(&of_47), "Unknown");
        home.drops(
            "outbound",
            &from_inside(&quoted(&udp(FAR, A, b"hi!"), 7)),
            "Malformed",
        );
        lab.why("The checksum of the quoted datagram is not judged: most of its bytes are missing (RFC 5508, REQ-3).");
        let off = |mut quote: Vec<u8>| {
            let last = quote.len() - 1;
            quote[last] ^= 1;
            quote
        };
        home.enters(
            &error(ROUTER, "203.0.113.1", 3, 4, &off(quote.clone())),
            &error(ROUTER, "10.0.0.7", 3, 4, &off(udp(A, FAR, b"hi there"))),
        );
    });
}

#[test]
fn s8_an_error_neither_ends_nor_refreshes() {
    lab(|lab| {
        lab.why("\"Host unreachable\" may be over in a second, and may be forged. It does not end the mapping (RFC 4787, REQ-12), and does not extend it either (RFC 5508, REQ-6).");
        let mut home = Home::new(lab, Filter::AddressAndPort);
        home.out(&udp(A, FAR, b"hi!"), &udp(A_OUT, FAR, b"hi!"));
        let from_outside = error(
            ROUTER,
            "203.0.113.1",
            3,
            1,
            &quoted(&udp(A_OUT, FAR, b"hi!"), 8),
        );
        let inside = error(ROUTER, "10.0.0.7", 3, 1, &quoted(&udp(A, FAR, b"hi!"), 8));
        let from_inside = error(
            "10.0.0.7",
            "198.51.100.2",
            3,
            3,
            &quoted(&udp(FAR, A, b"hi!"), 8),
        );
        let outside = error(
            "203.0.113.1",
            "198.51.100.2",
            3,
            3,
            &quoted(&udp(FAR, A_OUT, b"hi!"), 8),
        );
        home.enters(&from_outside, &inside);
        home.enters(&udp(FAR, A_OUT, b"still here"), &udp(FAR, A, b"still here"));
        home.waits(UDP_IDLE / 2);
        home.enters(&from_outside, &inside);
        home.out(&from_inside, &outside);
        home.keeps(1);
        home.waits(UDP_IDLE / 2 - BLINK);
        home.enters(&from_outside, &inside);
        home.out(&from_inside, &outside);
        home.waits(BLINK);
        home.drops("inbound", &udp(FAR, A_OUT, b"too late"), "Unwanted");
        home.drops("inbound", &from_outside, "Unwanted");
        home.drops("outbound", &from_inside, "Unwanted");
    });
}

#[test]
fn s8_an_error_is_no_segment_of_a_connection() {
    lab(|lab| {
        lab.why("An ICMP error may be forged, and a host decides for itself what it makes of one (RFC 5927). For the table it is not a segment: it is not an RST that ends an open connection, not an answer, and not an acknowledgement, whatever bits the quoted segment has (RFC 4787, REQ-12).");
        let from_outside = |kind: u8, bits: &str| {
            let error = |dst: &str, src: &str| {
                error(ROUTER, dst, kind, 1, &quoted(&tcp(src, FAR, bits, b""), 20))
            };
            (error("203.0.113.1", A_OUT), error("10.0.0.7", A))
        };
        let from_inside = |kind: u8, bits: &str| {
            let error = |src: &str, dst: &str| {
                error(
                    src,
                    "198.51.100.2",
                    kind,
                    1,
                    &quoted(&tcp(FAR, dst, bits, b""), 20),
                )
            };
            (error("10.0.0.7", A), error("203.0.113.1", A_OUT))
        };
        let segments = |home: &mut Home, segments: &[&str]| {
            for segment in segments {
                let (way, bits) = segment.split_once(' ').expect("a way and bits");
                match way {
                    "out" => home.out(&tcp(A, FAR, bits, b""), &tcp(A_OUT, FAR, bits, b"")),
                    _ => home.enters(&tcp(FAR, A_OUT, bits, b""), &tcp(FAR, A, bits, b"")),
                }
            }
        };
        let stories: [(&[&str], &[&str], Duration); 4] = [
            (&["out SYN", "in SYN,ACK", "out ACK"], &[], TCP_OPEN_IDLE),
            (
                &["out SYN", "in SYN,ACK", "out ACK", "out FIN,ACK"],
                &[],
                TCP_OPEN_IDLE,
            ),
            (&["out SYN"], &["out ACK"], TCP_CLOSED_IDLE),
            (&["out SYN", "in SYN,ACK"], &[], TCP_CLOSED_IDLE),
        ];
        for (before, after, time) in stories {
            for (kind, bits) in [(3, "ACK"), (3, "RST,ACK"), (11, "FIN,ACK"), (12, "SYN")] {
                for way in ["outside", "inside"] {
                    lab.scene(format!("these segments: {before:?}; an ICMP error of type {kind} from {way} about a segment with {bits}; then {after:?}"));
                    let mut home = Home::new(lab, Filter::AddressAndPort);
                    segments(&mut home, before);
                    if way == "outside" {
                        let (packet, becomes) = from_outside(kind, bits);
                        home.enters(&packet, &becomes);
                    } else {
                        let (packet, becomes) = from_inside(kind, bits);
                        home.out(&packet, &becomes);
                    }
                    segments(&mut home, after);
                    home.waits(time - BLINK);
                    segments(&mut home, &["in ACK"]);
                    home.waits(BLINK);
                    home.drops("inbound", &tcp(FAR, A_OUT, "ACK", b""), "Unwanted");
                }
            }
        }
    });
}

#[test]
fn s8_an_error_that_turns_round_is_no_segment() {
    lab(|lab| {
        let (server, server_out) = ("10.0.0.5:8080", "203.0.113.1:80");
        // What the server, or a router in front of it, says of A's segment.
        let turned = |src: &str, kind: u8, bits: &str| {
            let about = |src, dst| quoted(&tcp(src, dst, bits, b""), 20);
            (
                error(src, "203.0.113.1", kind, 1, &about(A_OUT, server)),
                error("203.0.113.1", "10.0.0.7", kind, 1, &about(A, server_out)),
            )
        };
        for (kind, bits) in [(3, "SYN"), (3, "RST,ACK"), (11, "ACK"), (12, "FIN,ACK")] {
            for src in ["10.0.0.5", "10.0.0.254"] {
                let home = || {
                    let mut home = Home::new(lab, Filter::AddressAndPort);
                    home.forwards(Proto::Tcp, 80, server);
                    home.turns(
                        &tcp(A, server_out, "SYN", b""),
                        &tcp(A_OUT, server, "SYN", b""),
                    );
                    home
                };
                let ack = |home: &mut Home| {
                    home.turns(
                        &tcp(A, server_out, "ACK", b""),
                        &tcp(A_OUT, server, "ACK", b""),
                    );
                };
                let ends_after = |home: &mut Home, time: Duration| {
                    let late = tcp(server, A_OUT, "ACK", b"");
                    home.waits(time - BLINK);
                    home.turns(&late, &tcp(server_out, A, "ACK", b""));
                    home.waits(BLINK);
                    home.drops("outbound", &late, "Unwanted");
                };
                let (packet, becomes) = turned(src, kind, bits);
                lab.why("An ICMP error that turns round comes from one of two hosts inside, about the other's segment, and does not count in the table. It did not answer A's SYN, so A's ACK opens no connection.");
                lab.scene(format!("a SYN over a hairpin, an error of type {kind} from {src} about a segment with {bits}, and an ACK"));
                let mut unanswered = home();
                unanswered.turns(&packet, &becomes);
                ack(&mut unanswered);
                ends_after(&mut unanswered, TCP_CLOSED_IDLE);
                lab.why("It does not end or extend an open connection either.");
                lab.scene(format!("an open connection over a hairpin, and an hour later an error of type {kind} from {src} about a segment with {bits}"));
                let mut open = home();
                open.turns(
                    &tcp(server, A_OUT, "SYN,ACK", b""),
                    &tcp(server_out, A, "SYN,ACK", b""),
                );
                ack(&mut open);
                open.turns(
                    &tcp(A, server_out, "FIN,ACK", b""),
                    &tcp(A_OUT, server, "FIN,ACK", b""),
                );
                open.waits(Duration::from_secs(3600));
                open.turns(&packet, &becomes);
                ends_after(&mut open, TCP_OPEN_IDLE - Duration::from_secs(3600));
            }
        }
    });
}

#[test]
fn s8_an_error_from_inside() {
    lab(|lab| {
        lab.why("A host inside has closed its port, and sends an error. Its address is unknown outside: the quote gets back the destination that the sender wrote, and the error comes from the external address (RFC 5508, REQ-5).");
        let mut home = Home::new(lab, Filter::Anyone);
        home.out(&udp(A, FAR, b"hi!"), &udp(A_OUT, FAR, b"hi!"));
        let mut from_b = udp(B, FAR, b"hi!");
        home.passes("outbound", &mut from_b);
        let b_out = format!("203.0.113.1:{}", get(&from_b, 20));
        for len in [8, 11] {
            home.out(
                &error(
                    "10.0.0.7",
                    "198.51.100.2",
                    3,
                    3,
                    &quoted(&udp(FAR, A, b"hi!"), len),
                ),
                &error(
                    "203.0.113.1",
                    "198.51.100.2",
                    3,
                    3,
                    &quoted(&udp(FAR, A_OUT, b"hi!"), len),
                ),
            );
            home.out(
                &error(
                    "10.0.0.8",
                    "198.51.100.2",
                    3,
                    3,
                    &quoted(&udp(FAR, B, b"hi!"), len),
                ),
                &error(
                    "203.0.113.1",
                    "198.51.100.2",
                    3,
                    3,
                    &quoted(&udp(FAR, &b_out, b"hi!"), len),
                ),
            );
        }
        lab.why("A router inside may send the error for the host.");
        home.out(
            &error(
                "10.0.0.254",
                "198.51.100.2",
                11,
                0,
                &quoted(&udp(FAR, A, b"hi!"), 8),
            ),
            &error(
                "203.0.113.1",
                "198.51.100.2",
                11,
                0,
                &quoted(&udp(FAR, A_OUT, b"hi!"), 8),
            ),
        );
        lab.why("A sender that the filter has let in may get an error, too.");
        home.out(
            &error(
                "10.0.0.7",
                "192.0.2.9",
                3,
                3,
                &quoted(&udp("192.0.2.9:53", A, b"hi!"), 8),
            ),
            &error(
                "203.0.113.1",
                "192.0.2.9",
                3,
                3,
                &quoted(&udp("192.0.2.9:53", A_OUT, b"hi!"), 8),
            ),
        );
        home.forwards(Proto::Tcp, 80, "10.0.0.5:8080");
        home.out(
            &error(
                "10.0.0.5",
                "192.0.2.9",
                3,
                3,
                &quoted(&tcp("192.0.2.9:6000", "10.0.0.5:8080", "SYN", b""), 8),
            ),
            &error(
                "203.0.113.1",
                "192.0.2.9",
                3,
                3,
                &quoted(&tcp("192.0.2.9:6000", "203.0.113.1:80", "SYN", b""), 8),
            ),
        );
        lab.why("Without a mapping no packet has come in, so there can be no error about one.");
        home.drops(
            "outbound",
            &error(
                "10.0.0.7",
                "198.51.100.2",
                3,
                3,
                &quoted(&udp(FAR, "10.0.0.7:5001", b"hi!"), 8),
            ),
            "Unwanted",
        );
        home.drops(
            "outbound",
            &error(
                "10.0.0.7",
                "198.51.100.2",
                3,
                3,
                &quoted(&tcp(FAR, A, "SYN", b""), 8),
            ),
            "Unwanted",
        );
        home.drops(
            "outbound",
            &error(
                "10.0.0.9",
                "198.51.100.2",
                3,
                3,
                &quoted(&udp(FAR, "10.0.0.9:5000", b"hi!"), 8),
            ),
            "Unwanted",
        );
        lab.why("A mapping is of one protocol. If 10.0.0.9:7000 has one of TCP, this does not count for a UDP datagram to it, and so on.");
        let (near, near_out) = ("10.0.0.9:7000", "203.0.113.1:7000");
        type Packet = fn(&str, &str) -> Vec<u8>;
        let protos: [(&str, Packet, Packet); 3] = [
            ("UDP", |a, b| udp(a, b, b"hi!"), |a, b| udp(a, b, b"hi!")),
            (
                "TCP",
                |a, b| tcp(a, b, "SYN", b""),
                |a, b| tcp(a, b, "ACK", b""),
            ),
            (
                "echo",
                |a, b| {
                    echo(
                        8,
                        &end(a).ip().to_string(),
                        &end(b).ip().to_string(),
                        end(a).port(),
                    )
                },
                |a, b| {
                    echo(
                        0,
                        &end(a).ip().to_string(),
                        &end(b).ip().to_string(),
                        end(b).port(),
                    )
                },
            ),
        ];
        for (mapped, begins, _) in protos {
            lab.scene(format!("10.0.0.9:7000 has a mapping of {mapped} only"));
            let mut home = Home::new(lab, Filter::Anyone);
            home.out(&begins(near, FAR), &begins(near_out, FAR));
            for (proto, _, arrives) in protos {
                let from_outside = error(
                    "10.0.0.9",
                    "198.51.100.2",
                    3,
                    3,
                    &quoted(&arrives(FAR, near), 8),
                );
                let hairpin = error(
                    "10.0.0.9",
                    "203.0.113.1",
                    3,
                    3,
                    &quoted(&arrives(A_OUT, near), 8),
                );
                if proto == mapped {
                    let quote = quoted(&arrives(FAR, near_out), 8);
                    home.out(
                        &from_outside,
                        &error("203.0.113.1", "198.51.100.2", 3, 3, &quote),
                    );
                } else {
                    home.drops("outbound", &from_outside, "Unwanted");
                    home.drops("outbound", &hairpin, "Unwanted");
                }
            }
        }
        lab.why("It must be valid, like any error.");
        let mut damaged = error(
            "10.0.0.7",
            "198.51.100.2",
            3,
            3,
            &quoted(&udp(FAR, A, b"hi!"), 8),
        );
        damaged[27] ^= 1;
        home.drops("outbound", &damaged, "Malformed");
    });
}

#[test]
fn s8_an_error_about_a_hairpin() {
    lab(|lab| {
        lab.why("A's packet turned round and reached B, who has closed its port. B's error goes to the external address, turns round, too, and both sides of the quote are set back: A knows itself by its inside address, and B by its external one (RFC 5508, REQ-7).");
        let mut home = Home::new(lab, Filter::Anyone);
        let (b, b_out) = ("10.0.0.8:6000", "203.0.113.1:6000");
        home.out(&udp(b, FAR, b"hi!"), &udp(b_out, FAR, b"hi!"));
        home.turns(&udp(A, b_out, b"hello B"), &udp(A_OUT, b, b"hello B"));
        for len in [8, 15] {
            home.turns(
                &error(
                    "10.0.0.8",
                    "203.0.113.1",
                    3,
                    3,
                    &quoted(&udp(A_OUT, b, b"hello B"), len),
                ),
                &error(
                    "203.0.113.1",
                    "10.0.0.7",
                    3,
                    3,
                    &quoted(&udp(A, b_out, b"hello B"), len),
                ),
            );
        }
        lab.why("A router inside may send the error for B. Judge an error by its quote, and not by its sender.");
        for router in ["10.0.0.254", "10.0.0.9", "10.0.0.7"] {
            home.turns(
                &error(
                    router,
                    "203.0.113.1",
                    11,
                    0,
                    &quoted(&udp(A_OUT, b, b"hello B"), 8),
                ),
                &error(
                    "203.0.113.1",
                    "10.0.0.7",
                    11,
                    0,
                    &quoted(&udp(A, b_out, b"hello B"), 8),
                ),
            );
        }
        lab.why("Without such a packet there is no such error.");
        home.drops(
            "outbound",
            &error(
                "10.0.0.7",
                "203.0.113.1",
                3,
                3,
                &quoted(&udp(b_out, A, b"hi!"), 8),
            ),
            "Unwanted",
        );
        home.drops(
            "outbound",
            &error(
                "10.0.0.8",
                "203.0.113.1",
                3,
                3,
                &quoted(&udp("203.0.113.1:5001", b, b"hi!"), 8),
            ),
            "Unwanted",
        );
        home.drops(
            "outbound",
            &error(
                "10.0.0.9",
                "203.0.113.1",
                3,
                3,
                &quoted(&udp(A_OUT, "10.0.0.9:6000", b"hi!"), 8),
            ),
            "Unwanted",
        );
        lab.why("The same holds for a forwarded port.");
        home.forwards(Proto::Udp, 53, "10.0.0.5:53");
        home.turns(
            &udp(A, "203.0.113.1:53", b"?"),
            &udp(A_OUT, "10.0.0.5:53", b"?"),
        );
        home.turns(
            &error(
                "10.0.0.5",
                "203.0.113.1",
                3,
                3,
                &quoted(&udp(A_OUT, "10.0.0.5:53", b"?"), 8),
            ),
            &error(
                "203.0.113.1",
                "10.0.0.7",
                3,
                3,
                &quoted(&udp(A, "203.0.113.1:53", b"?"), 8),
            ),
        );
    });
}

/// The student's NAT between two links: the inside is link 0, the outside is link 1.
struct Middle(Nat);

impl Node for Middle {
    fn step(&mut self, now: Time, event: Event, out: &mut Outbox) {
        let Event::Arrives { port, mut packet } = event else {
            return;
        };
        let now = Duration::from_nanos(now.as_nanos());
        let verdict = match port {
            OUTSIDE => self.0.inbound(now, &mut packet),
            _ => self.0.outbound(now, &mut packet),
        };
        match verdict {
            Verdict::Out => out.send(OUTSIDE, packet),
            // Which host's link it is, the last byte of its address says.
            Verdict::In => out.send(usize::from(packet[19] != 7), packet),
            Verdict::Drop(_) => {}
        }
    }
}

/// Answers each datagram with what it knows of its sender, and each TCP segment not at all.
struct Mirror;

impl Node for Mirror {
    fn step(&mut self, _now: Time, event: Event, out: &mut Outbox) {
        if let Event::Arrives { port, packet } = event {
            let at = |at: usize| {
                format!(
                    "{}.{}.{}.{}",
                    packet[at],
                    packet[at + 1],
                    packet[at + 2],
                    packet[at + 3]
                )
            };
            let sender = format!("{}:{}", at(12), get(&packet, 20));
            let own = format!("{}:{}", at(16), get(&packet, 22));
            out.send(
                port,
                udp(&own, &sender, format!("you are {sender}").as_bytes()),
            );
        }
    }
}

const OUTSIDE: usize = 2;

#[test]
fn s8_two_hosts_and_a_server_on_a_network() {
    lab(|lab| {
        lab.why("The same bytes, on a network: both hosts send from port 5000, and the server sees one address. Each gets its own packets, and the stranger's packets are dropped.");
        let inside = block(lab, "10.0.0.0/24");
        let nat = lab.you("Nat::new(10.0.0.0/24, …)", || {
            Nat::new(inside, rules(4000..=7999, Filter::AddressAndPort, 1000))
        });
        let mut net = lab.net(1);
        let a = net.add("A", Inbox::default());
        let b = net.add("B", Inbox::default());
        let middle = net.add("NAT", Middle(nat));
        let server = net.add("server", Mirror);
        net.join(a, middle, Link::default().delay_ms(1));
        net.join(b, middle, Link::default().delay_ms(1));
        net.join(middle, server, Link::default().delay_ms(10));
        net.send(a, udp(A, FAR, b"who am I?"));
        lab.runs(&mut net);
        net.send(b, udp(B, FAR, b"who am I?"));
        lab.runs(&mut net);
        let for_a = format!("you are {A_OUT}");
        for (name, host, end, told) in [("A", a, A, Some(for_a.as_str())), ("B", b, B, None)] {
            let packets = net.node::<Inbox>(host).packets();
            lab.same(&format!("how many datagrams {name} gets"), packets.len(), 1);
            let text = String::from_utf8_lossy(&packets[0][28..]).into_owned();
            lab.holds(
                text.starts_with("you are 203.0.113.1:"),
                "\"you are 203.0.113.1:…\"",
                &text,
            );
            match told {
                Some(told) => lab.same(&format!("what {name} is told"), text.as_str(), told),
                None => lab.holds(text != for_a, "another port than A's", &text),
            }
            same_packet(
                lab,
                &format!("{name}'s answer"),
                packets[0],
                &udp(FAR, end, text.as_bytes()),
            );
        }
        lab.draws(
            "08-nat-strip",
            net.trace().svg("Two hosts behind one address"),
        );
        net.send(server, udp("198.51.100.2:54", A_OUT, b"from another port"));
        lab.runs(&mut net);
        lab.same(
            "how many datagrams A gets",
            net.node::<Inbox>(a).packets().len(),
            1,
        );
    });
}

#[test]
fn s8_no_packet_makes_it_panic() {
    lab(|lab| {
        lab.why("Both sides of a NAT are strangers. Whatever a packet says, it is translated or dropped, and a dropped one is not changed.");
        let mut home = Home::new(lab, Filter::Anyone);
        home.out(&udp(A, FAR, b"hi!"), &udp(A_OUT, FAR, b"hi!"));
        let packets = [
            ("outbound", udp(A, FAR, b"hi!")),
            (
                "outbound",
                error("10.0.0.7", "198.51.100.2", 3, 3, &udp(FAR, A, b"hi!")),
            ),
            ("inbound", udp(FAR, A_OUT, b"hi!")),
            (
                "inbound",
                error(ROUTER, "203.0.113.1", 3, 4, &udp(A_OUT, FAR, b"hi!")),
            ),
        ];
        for (way, packet) in packets {
            let mut all: Vec<Vec<u8>> = (0..packet.len())
                .map(|len| packet[..len].to_vec())
                .collect();
            for at in 0..packet.len() {
                for value in [0, 0x0f, 0x45, 0xff] {
                    let mut changed = packet.clone();
                    changed[at] = value;
                    // One with its old checksums, and one in which they fit.
                    all.push(changed.clone());
                    if start(&changed) + 18 <= changed.len() {
                        seal(&mut changed);
                        all.push(changed);
                    }
                }
            }
            for before in all {
                let mut after = before.clone();
                let got = home.passes(way, &mut after);
                if got.starts_with("Drop") {
                    lab.same_bytes("a dropped packet", &after, &before);
                }
            }
        }
    });
}
