//! Step 2: which socket gets the segment.

use std::net::SocketAddr;

use netlab::{Lab, lab};
use port_demux::Proto::{Tcp, Udp};
use port_demux::State::{Closed, Established, Listen, SynSent, TimeWait};
use port_demux::{Hit, Index, Proto, Row, SocketId, lookup};

use super::sieves;
use super::words::{addr, hit, row};

/// A machine with a web server, two of its clients, and some others.
fn rows() -> Vec<Row> {
    vec![
        row(1, Tcp, Listen, "0.0.0.0:80", "-"),
        row(2, Tcp, Listen, "10.0.0.5:80", "-"),
        row(3, Tcp, Established, "10.0.0.5:80", "10.0.0.7:40000"),
        row(4, Tcp, Established, "10.0.0.5:80", "10.0.0.7:40001"),
        row(5, Tcp, Established, "10.0.0.5:80", "10.0.0.8:40000"),
        row(6, Tcp, Listen, "0.0.0.0:53", "-"),
        row(7, Udp, Closed, "0.0.0.0:53", "-"),
    ]
}

/// Demands who gets a segment, wherever in the table the rows stand.
fn gets(lab: &Lab, rows: &[Row], proto: Proto, from: &str, to: &str, want: &str) {
    let mut rows = rows.to_vec();
    for turn in 0..rows.len() {
        let call = format!("lookup({} rows, {proto:?}, {to}, {from})", rows.len());
        let got = lab.you(&call, || lookup(&rows, proto, addr(to), addr(from)));
        let turned = match turn {
            0 => String::new(),
            n => format!(" (the rows turned by {n})"),
        };
        lab.same(
            &format!("who gets {from} → {to}{turned}"),
            hit(got),
            want.to_owned(),
        );
        rows.rotate_left(1);
    }
    rows.reverse();
    let got = lab.you("lookup(the rows from back to front)", || {
        lookup(&rows, proto, addr(to), addr(from))
    });
    lab.same(
        &format!("who gets {from} → {to}"),
        hit(got),
        want.to_owned(),
    );
}

#[test]
fn s2_two_clients_one_port() {
    lab(|lab| {
        lab.why("Port 80 names a door, not a conversation. Two connections of one client differ in the client's port alone: look at all four numbers.");
        let rows = rows();
        gets(lab, &rows, Tcp, "10.0.0.7:40000", "10.0.0.5:80", "exact #3");
        gets(lab, &rows, Tcp, "10.0.0.7:40001", "10.0.0.5:80", "exact #4");
    });
}

#[test]
fn s2_same_source_port_other_host() {
    lab(|lab| {
        lab.why("10.0.0.7:40000 and 10.0.0.8:40000 are two clients. Each machine chooses its ports without asking the others.");
        let rows = rows();
        gets(lab, &rows, Tcp, "10.0.0.7:40000", "10.0.0.5:80", "exact #3");
        gets(lab, &rows, Tcp, "10.0.0.8:40000", "10.0.0.5:80", "exact #5");
    });
}

#[test]
fn s2_exact_then_bound_then_wildcard() {
    lab(|lab| {
        lab.why("The most exact match wins: the four numbers, then address and port, then the port of all addresses. The order of the rows decides nothing.");
        let rows = rows();
        gets(lab, &rows, Tcp, "10.0.0.7:40000", "10.0.0.5:80", "exact #3");
        gets(lab, &rows, Tcp, "10.0.0.9:40000", "10.0.0.5:80", "bound #2");
        gets(
            lab,
            &rows,
            Tcp,
            "10.0.0.9:40000",
            "127.0.0.1:80",
            "wildcard #1",
        );
        let segments = [
            (Tcp, "10.0.0.7:40000", "10.0.0.5:80"),
            (Tcp, "10.0.0.8:40000", "10.0.0.5:80"),
            (Tcp, "10.0.0.9:51000", "10.0.0.5:80"),
            (Tcp, "10.0.0.9:51000", "127.0.0.1:80"),
            (Udp, "10.0.0.9:51000", "10.0.0.5:53"),
            (Tcp, "10.0.0.9:51000", "10.0.0.5:81"),
        ];
        let fallen = segments.map(|(proto, from, to)| {
            let hit = lookup(&rows, proto, addr(to), addr(from));
            (proto, from, to, hit)
        });
        lab.draws("04-three-sieves", sieves::draw(&rows, &fallen));
    });
}

#[test]
fn s2_protocol_is_part_of_the_key() {
    lab(|lab| {
        lab.why("TCP and UDP count their ports apart. Which of the two is meant stands in the IP header, and is the fifth number of the key.");
        let rows = rows();
        gets(
            lab,
            &rows,
            Tcp,
            "10.0.0.9:5000",
            "10.0.0.5:53",
            "wildcard #6",
        );
        gets(
            lab,
            &rows,
            Udp,
            "10.0.0.9:5000",
            "10.0.0.5:53",
            "wildcard #7",
        );
        gets(
            lab,
            &rows,
            Udp,
            "10.0.0.7:40000",
            "10.0.0.5:80",
            "nobody: port unreachable",
        );
    });
}

#[test]
fn s2_nobody_answers_how() {
    lab(|lab| {
        lab.why("TCP says it in its own words, with RST. UDP has none, so ICMP speaks for it (RFC 9293, section 3.10.7.1; RFC 1122, section 4.1.3.1).");
        let rows = rows();
        gets(
            lab,
            &rows,
            Tcp,
            "10.0.0.9:5000",
            "10.0.0.5:81",
            "nobody: RST",
        );
        gets(
            lab,
            &rows,
            Udp,
            "10.0.0.9:5000",
            "10.0.0.5:81",
            "nobody: port unreachable",
        );
        let got = lab.you("lookup(no rows, Tcp)", || {
            lookup(&[], Tcp, addr("10.0.0.5:80"), addr("10.0.0.9:5000"))
        });
        lab.same("an empty table", hit(got), "nobody: RST".to_owned());
    });
}

#[test]
fn s2_only_a_listener_takes_strangers() {
    lab(|lab| {
        lab.why("bind reserves a port, and listen opens it. Until then TCP answers as if nobody were there. UDP knows no listen: a bound socket receives.");
        let rows = [
            row(1, Tcp, Closed, "10.0.0.5:80", "-"),
            row(2, Tcp, Closed, "0.0.0.0:80", "-"),
            row(3, Udp, Closed, "10.0.0.5:80", "-"),
        ];
        gets(
            lab,
            &rows,
            Tcp,
            "10.0.0.9:5000",
            "10.0.0.5:80",
            "nobody: RST",
        );
        gets(lab, &rows, Udp, "10.0.0.9:5000", "10.0.0.5:80", "bound #3");
    });
}

#[test]
fn s2_a_peer_shuts_out_everybody_else() {
    lab(|lab| {
        lab.why("A socket with a peer hears this peer and nobody else. Its own address and port are only half of the key.");
        let rows = [
            row(1, Udp, Established, "10.0.0.5:5000", "10.0.0.53:53"),
            row(2, Tcp, SynSent, "10.0.0.5:40000", "10.0.0.9:80"),
            row(3, Udp, Closed, "0.0.0.0:6000", "-"),
            row(4, Udp, Established, "10.0.0.5:6000", "10.0.0.53:53"),
        ];
        gets(lab, &rows, Udp, "10.0.0.53:53", "10.0.0.5:5000", "exact #1");
        gets(
            lab,
            &rows,
            Udp,
            "10.0.0.53:54",
            "10.0.0.5:5000",
            "nobody: port unreachable",
        );
        gets(
            lab,
            &rows,
            Udp,
            "10.0.0.66:53",
            "10.0.0.5:5000",
            "nobody: port unreachable",
        );
        gets(
            lab,
            &rows,
            Udp,
            "10.0.0.66:53",
            "10.0.0.5:6000",
            "wildcard #3",
        );
        gets(lab, &rows, Tcp, "10.0.0.9:80", "10.0.0.5:40000", "exact #2");
        gets(
            lab,
            &rows,
            Tcp,
            "10.0.0.9:81",
            "10.0.0.5:40000",
            "nobody: RST",
        );
        gets(
            lab,
            &rows,
            Tcp,
            "10.0.0.9:80",
            "127.0.0.1:40000",
            "nobody: RST",
        );
    });
}

#[test]
fn s2_a_wildcard_has_a_family() {
    lab(|lab| {
        lab.why("0.0.0.0 means all IPv4 addresses, :: all of IPv6. (A socket at :: can be made to take both; chapter 08 does it.)");
        let rows = [
            row(1, Tcp, Listen, "[::]:80", "-"),
            row(2, Tcp, Listen, "0.0.0.0:81", "-"),
        ];
        gets(
            lab,
            &rows,
            Tcp,
            "[fe80::9]:5000",
            "[fe80::5]:80",
            "wildcard #1",
        );
        gets(
            lab,
            &rows,
            Tcp,
            "10.0.0.9:5000",
            "10.0.0.5:80",
            "nobody: RST",
        );
        gets(
            lab,
            &rows,
            Tcp,
            "10.0.0.9:5000",
            "10.0.0.5:81",
            "wildcard #2",
        );
        gets(
            lab,
            &rows,
            Tcp,
            "[fe80::9]:5000",
            "[fe80::5]:81",
            "nobody: RST",
        );
    });
}

/// Demands who gets a segment, of an index.
fn finds(lab: &Lab, index: &Index, segments: &[(Proto, &str, &str, &str)]) {
    for &(proto, from, to, want) in segments {
        let call = format!("Index::lookup({proto:?}, {to}, {from})");
        let got = lab.you(&call, || index.lookup(proto, addr(to), addr(from)));
        lab.same(
            &format!("who gets {from} → {to}"),
            hit(got),
            want.to_owned(),
        );
    }
}

#[test]
fn s2_an_index_knows_the_three_sieves() {
    lab(|lab| {
        lab.why("An index answers what lookup answers. Each sieve is a hash map: the first one by protocol and four numbers, the others by protocol, address and port.");
        let index = lab.you("Index::new(7 rows)", || Index::new(&rows()));
        finds(
            lab,
            &index,
            &[
                (Tcp, "10.0.0.7:40000", "10.0.0.5:80", "exact #3"),
                (Tcp, "10.0.0.7:40001", "10.0.0.5:80", "exact #4"),
                (Tcp, "10.0.0.8:40000", "10.0.0.5:80", "exact #5"),
                (Tcp, "10.0.0.9:40000", "10.0.0.5:80", "bound #2"),
                (Tcp, "10.0.0.9:40000", "127.0.0.1:80", "wildcard #1"),
                (Tcp, "10.0.0.9:5000", "10.0.0.5:53", "wildcard #6"),
                (Udp, "10.0.0.9:5000", "10.0.0.5:53", "wildcard #7"),
                (Tcp, "10.0.0.9:5000", "10.0.0.5:81", "nobody: RST"),
                (
                    Udp,
                    "10.0.0.7:40000",
                    "10.0.0.5:80",
                    "nobody: port unreachable",
                ),
            ],
        );
    });
}

#[test]
fn s2_an_index_keeps_out_what_is_not_open() {
    lab(|lab| {
        lab.why("Not every row lets strangers in. TCP asks that the socket listens, a socket with a peer hears its peer only, and a wildcard takes its own family.");
        let rows = [
            row(1, Tcp, Closed, "10.0.0.5:80", "-"),
            row(2, Udp, Closed, "10.0.0.5:80", "-"),
            row(3, Tcp, SynSent, "10.0.0.5:40000", "10.0.0.9:80"),
            row(4, Udp, Closed, "0.0.0.0:6000", "-"),
            row(5, Udp, Established, "10.0.0.5:6000", "10.0.0.53:53"),
            row(6, Tcp, Listen, "[::]:81", "-"),
            row(7, Tcp, Listen, "0.0.0.0:82", "-"),
        ];
        let index = lab.you("Index::new(7 rows)", || Index::new(&rows));
        finds(
            lab,
            &index,
            &[
                (Tcp, "10.0.0.9:5000", "10.0.0.5:80", "nobody: RST"),
                (Udp, "10.0.0.9:5000", "10.0.0.5:80", "bound #2"),
                (Tcp, "10.0.0.9:80", "10.0.0.5:40000", "exact #3"),
                (Tcp, "10.0.0.9:81", "10.0.0.5:40000", "nobody: RST"),
                (Udp, "10.0.0.53:53", "10.0.0.5:6000", "exact #5"),
                (Udp, "10.0.0.66:53", "10.0.0.5:6000", "wildcard #4"),
                (Tcp, "[fe80::9]:5000", "[fe80::5]:81", "wildcard #6"),
                (Tcp, "10.0.0.9:5000", "10.0.0.5:81", "nobody: RST"),
                (Tcp, "10.0.0.9:5000", "10.0.0.5:82", "wildcard #7"),
                (Tcp, "[fe80::9]:5000", "[fe80::5]:82", "nobody: RST"),
            ],
        );
    });
}

#[test]
fn s2_an_index_asks_for_all_four_numbers() {
    lab(|lab| {
        lab.why("The first sieve asks for four numbers and the protocol, and for nothing else: the machine's own address counts, and a row in TIME-WAIT is found like any other.");
        let rows = [
            row(1, Tcp, SynSent, "10.0.0.5:40000", "10.0.0.9:80"),
            row(2, Tcp, TimeWait, "10.0.0.5:40001", "10.0.0.9:80"),
            row(3, Udp, Established, "10.0.0.5:5000", "10.0.0.53:53"),
        ];
        let index = lab.you("Index::new(3 rows)", || Index::new(&rows));
        finds(
            lab,
            &index,
            &[
                (Tcp, "10.0.0.9:80", "10.0.0.5:40001", "exact #2"),
                (Tcp, "10.0.0.9:80", "127.0.0.1:40000", "nobody: RST"),
                (Tcp, "10.0.0.9:80", "10.0.0.5:40002", "nobody: RST"),
                (
                    Udp,
                    "10.0.0.53:53",
                    "127.0.0.1:5000",
                    "nobody: port unreachable",
                ),
            ],
        );
        lab.why("Sockets that share an address are equally good. The index has room for one of them, and any will do.");
        let twins = [
            row(1, Tcp, Listen, "10.0.0.5:80", "-"),
            row(2, Tcp, Listen, "10.0.0.5:80", "-"),
        ];
        let index = lab.you("Index::new(two that share)", || Index::new(&twins));
        let got = lab.you("Index::lookup(Tcp, 10.0.0.5:80, 10.0.0.9:5000)", || {
            index.lookup(Tcp, addr("10.0.0.5:80"), addr("10.0.0.9:5000"))
        });
        let got = hit(got);
        lab.holds(
            ["bound #1", "bound #2"].contains(&got.as_str()),
            "bound #1 or bound #2",
            got,
        );
    });
}

/// Rows enough that to go through them for each segment does not end in time: that would be two
/// thousand million steps. Hash maps are asked a hundred thousand questions.
const CROWD: u32 = 50_000;

#[test]
fn s2_an_index_does_not_go_through_the_rows() {
    lab(|lab| {
        lab.why("Fifty thousand clients are connected to one port. A hash map finds each of them at once. A look-up that goes through the rows, or through those of one port, takes fifty thousand steps for each segment: that is no loop without end, but it feels like one.");
        let end = |n: u32, port| SocketAddr::from(([10, 1, (n >> 8) as u8, n as u8], port));
        let server = addr("10.0.0.5:80");
        let rows: Vec<Row> = (0..CROWD)
            .map(|n| Row {
                id: SocketId(n.into()),
                proto: Tcp,
                state: Established,
                local: server,
                remote: Some(end(n, 40000)),
            })
            .collect();
        // Every second segment comes from a port that nobody is connected from.
        let segment = |n: u32| match n % 2 {
            0 => (end(n, 40000), format!("exact #{n}")),
            _ => (end(n, 40001), "nobody: RST".to_owned()),
        };
        let call = format!("Index::new({CROWD} rows), then {CROWD} times Index::lookup");
        let got: Vec<Hit> = lab.you(&call, || {
            let index = Index::new(&rows);
            let ask = |n| index.lookup(Tcp, server, segment(n).0);
            (0..CROWD).map(ask).collect()
        });
        for (n, got) in (0..CROWD).zip(got) {
            let (from, want) = segment(n);
            let got = hit(got);
            if got != want {
                lab.same(&format!("who gets {from} → {server}"), got, want);
            }
        }
    });
}
