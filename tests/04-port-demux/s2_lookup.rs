//! Step 2: which socket gets the segment.

use std::net::SocketAddr;

use netlab::{Lab, lab};
use port_demux::Proto::{Tcp, Udp};
use port_demux::State::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynReceived,
    SynSent, TimeWait,
};
use port_demux::{Hit, Index, Proto, Row, SocketId, State, lookup};

use super::sieves;
use super::words::{addr, hit, number, row, shown};

/// The states of a row that has a peer.
const OF_A_CONNECTION: [State; 9] = [
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
];

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

/// Shows the rows of a test.
fn there_are(lab: &Lab, rows: &[Row]) {
    for row in rows {
        let (id, of) = (number(row.id), row.proto);
        lab.note(format!("{id} {of:?} {}", shown(Some(*row))));
    }
}

/// Demands who gets this segment.
fn goes_to(lab: &Lab, segment: &str, got: String, want: &str) {
    let (sieve, who) = want.split_once(' ').unwrap_or((want, ""));
    let because = match sieve {
        "exact" => format!(
            "{who} has these four numbers: the segment goes to its local end and comes from its remote one"
        ),
        "bound" => format!("no row has the four numbers; {who} is open at just this address"),
        "wildcard" => format!(
            "no row has the four numbers, and none is open at this address; {who} is open at all of the family"
        ),
        _ => "no row has the four numbers, and none that is open has the port, at this address or at all of its family"
            .to_owned(),
    };
    lab.holds(
        got == want,
        format!("who gets {segment}: {want:?}\n({because})"),
        format!("{got:?}"),
    );
}

/// Demands who gets a segment, wherever in the table the rows stand.
fn gets(lab: &Lab, rows: &[Row], proto: Proto, from: &str, to: &str, want: &str) {
    let mut rows = rows.to_vec();
    lab.scene(format!(
        "a segment {from} → {to} over {proto:?}, and these rows"
    ));
    there_are(lab, &rows);
    let call = format!("lookup({} rows, {proto:?}, {to}, {from})", rows.len());
    let ask = |rows: &[Row], order: &str| {
        let got = lab.you(&call, || lookup(rows, proto, addr(to), addr(from)));
        goes_to(lab, &format!("{from} → {to}{order}"), hit(got), want);
    };
    ask(&rows, "");
    for _ in 1..rows.len() {
        rows.rotate_left(1);
        let first = number(rows[0].id);
        ask(&rows, &format!(", when the rows begin with {first}"));
    }
    rows.reverse();
    ask(&rows, ", with the rows from back to front");
}

#[test]
fn s2_two_clients_one_port() {
    lab(|lab| {
        lab.why("Port 80 does not name a conversation. Two connections of one client differ only in the client's port: look at all four numbers.");
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
        lab.why("TCP has a message of its own for this, RST. UDP has none, so ICMP says it (RFC 9293, section 3.10.7.1; RFC 1122, section 4.1.3.1).");
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
        lab.why("bind reserves a port, and listen opens it. Until then TCP answers as if there were no socket. UDP has no listen: a bound socket receives.");
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
        lab.why("A TCP socket that does not listen gets nothing, and it keeps nothing from others: the segment goes to a listener at the same address, or on to the next sieve.");
        let rows = [
            row(1, Tcp, Closed, "10.0.0.5:80", "-"),
            row(2, Tcp, Listen, "0.0.0.0:80", "-"),
            row(3, Tcp, Listen, "10.0.0.5:81", "-"),
            row(4, Tcp, Closed, "10.0.0.5:81", "-"),
            row(5, Tcp, Closed, "0.0.0.0:81", "-"),
        ];
        let from = "10.0.0.9:5000";
        gets(lab, &rows, Tcp, from, "10.0.0.5:80", "wildcard #2");
        gets(lab, &rows, Tcp, from, "10.0.0.5:81", "bound #3");
        gets(lab, &rows, Tcp, from, "127.0.0.1:81", "nobody: RST");
    });
}

#[test]
fn s2_a_peer_shuts_out_everybody_else() {
    lab(|lab| {
        lab.why("A socket with a peer gets segments only from this peer. Its own address and port are only half of the key.");
        let rows = [
            row(1, Udp, Established, "10.0.0.5:5000", "10.0.0.53:53"),
            row(2, Tcp, SynSent, "10.0.0.5:40000", "10.0.0.9:80"),
            row(3, Udp, Closed, "0.0.0.0:6000", "-"),
            row(4, Udp, Established, "10.0.0.5:6000", "10.0.0.53:53"),
            row(5, Tcp, TimeWait, "10.0.0.5:40001", "10.0.0.9:80"),
            row(6, Udp, Established, "0.0.0.0:7000", "10.0.0.53:53"),
        ];
        gets(
            &lab.because("The first sieve asks for the four numbers and not for the state: a connection in TIME-WAIT gets its segments, too."),
            &rows,
            Tcp,
            "10.0.0.9:80",
            "10.0.0.5:40001",
            "exact #5",
        );
        for state in OF_A_CONNECTION {
            gets(
                &lab.because("The first sieve asks for the four numbers and not for the state."),
                &[
                    row(7, Tcp, state, "10.0.0.5:80", "10.0.0.9:5000"),
                    row(8, Tcp, Listen, "10.0.0.5:80", "-"),
                ],
                Tcp,
                "10.0.0.9:5000",
                "10.0.0.5:80",
                "exact #7",
            );
        }
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
            &lab.because("A UDP socket without a peer takes strangers. It never listens: LISTEN is a state of TCP's."),
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
        gets(
            &lab.because("0.0.0.0 stands for all addresses in the third sieve only, and that one takes rows without a peer."),
            &rows,
            Udp,
            "10.0.0.53:53",
            "10.0.0.5:7000",
            "nobody: port unreachable",
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
        lab.why("An IPv6 address that holds an IPv4 one is still of the family IPv6: 0.0.0.0 does not take it, :: does.");
        let mapped = "[::ffff:10.0.0.9]:5000";
        gets(
            lab,
            &rows,
            Tcp,
            mapped,
            "[::ffff:10.0.0.5]:80",
            "wildcard #1",
        );
        gets(
            lab,
            &rows,
            Tcp,
            mapped,
            "[::ffff:10.0.0.5]:81",
            "nobody: RST",
        );
    });
}

/// A table whose neighbours differ in one number only, and what becomes of every segment: from each
/// of these clients to each of these servers.
struct Neighbours {
    rows: Vec<Row>,
    segments: Vec<(Proto, SocketAddr, SocketAddr, String)>,
}

fn neighbours() -> Neighbours {
    let servers = ["10.0.0.5:80", "10.0.0.5:81", "10.0.0.6:80", "10.0.0.6:81"].map(addr);
    let clients = [
        "10.0.0.7:4000",
        "10.0.0.7:4001",
        "10.0.0.8:4000",
        "10.0.0.8:4001",
    ]
    .map(addr);
    let wildcards = ["0.0.0.0:80", "0.0.0.0:81", "[::]:80", "[::]:81"].map(addr);
    let stranger = addr("10.0.0.9:4000");
    let (mut rows, mut segments) = (Vec::new(), Vec::new());
    for proto in [Tcp, Udp] {
        let open = match proto {
            Tcp => Listen,
            Udp => Closed,
        };
        let mut add = |state, local, remote| {
            let id = SocketId(rows.len() as u64 + 1);
            rows.push(Row {
                id,
                proto,
                state,
                local,
                remote,
            });
            number(id)
        };
        for server in servers {
            for client in clients {
                let id = add(Established, server, Some(client));
                segments.push((proto, server, client, format!("exact {id}")));
            }
            let id = add(open, server, None);
            segments.push((proto, server, stranger, format!("bound {id}")));
        }
        for wildcard in wildcards {
            let id = add(open, wildcard, None);
            let (elsewhere, from) = match wildcard {
                SocketAddr::V4(_) => ("127.0.0.1", stranger),
                SocketAddr::V6(_) => ("fe80::5", addr("[fe80::9]:4000")),
            };
            let to = SocketAddr::new(elsewhere.parse().expect("an address"), wildcard.port());
            segments.push((proto, to, from, format!("wildcard {id}")));
        }
        let nobody = match proto {
            Tcp => "nobody: RST",
            Udp => "nobody: port unreachable",
        };
        segments.push((proto, addr("10.0.0.5:82"), clients[0], nobody.to_owned()));
    }
    Neighbours { rows, segments }
}

#[test]
fn s2_every_number_counts() {
    lab(|lab| {
        lab.why("Two addresses and two ports: rows that agree in three of these four are still two connections. And each of them exists once for TCP and once for UDP.");
        let Neighbours { rows, segments } = neighbours();
        lab.note("rows of 4 servers × 4 clients, open ones at the 4 servers, and wildcards");
        for (proto, to, from, want) in segments {
            let call = format!("lookup({} rows, {proto:?}, {to}, {from})", rows.len());
            let got = lab.you(&call, || lookup(&rows, proto, to, from));
            if hit(got) != want {
                there_are(lab, &with_end(&rows, to, from));
            }
            goes_to(lab, &format!("{from} → {to}"), hit(got), &want);
        }
    });
}

/// The rows that one of these ends belongs to.
fn with_end(rows: &[Row], to: SocketAddr, from: SocketAddr) -> Vec<Row> {
    let belongs = |row: &&Row| row.local == to && row.remote.is_none_or(|remote| remote == from);
    rows.iter().filter(belongs).copied().collect()
}

/// Demands who gets a segment, of an index of these rows.
fn finds(lab: &Lab, rows: &[Row], segments: &[(Proto, &str, &str, &str)]) {
    let call = format!("Index::new({} rows)", rows.len());
    let index = lab.you(&call, || Index::new(rows));
    for &(proto, from, to, want) in segments {
        let call = format!("Index::lookup({proto:?}, {to}, {from})");
        let got = hit(lab.you(&call, || index.lookup(proto, addr(to), addr(from))));
        if got != want {
            lab.note("the rows at this port:");
            let at_port = |row: &&Row| row.local.port() == addr(to).port();
            there_are(
                lab,
                &rows.iter().filter(at_port).copied().collect::<Vec<_>>(),
            );
        }
        goes_to(lab, &format!("{from} → {to}"), got, want);
    }
}

#[test]
fn s2_an_index_knows_the_three_sieves() {
    lab(|lab| {
        lab.why("An index answers what lookup answers. Each sieve is a hash map: the first one by protocol and four numbers, the others by protocol, address and port.");
        finds(
            lab,
            &rows(),
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
            row(8, Tcp, Closed, "10.0.0.5:82", "-"),
            row(9, Tcp, Listen, "10.0.0.5:83", "-"),
            row(10, Tcp, Closed, "10.0.0.5:83", "-"),
            row(11, Udp, Established, "0.0.0.0:7000", "10.0.0.53:53"),
        ];
        finds(
            lab,
            &rows,
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
                (
                    Tcp,
                    "[::ffff:10.0.0.9]:5000",
                    "[::ffff:10.0.0.5]:81",
                    "wildcard #6",
                ),
                (
                    Tcp,
                    "[::ffff:10.0.0.9]:5000",
                    "[::ffff:10.0.0.5]:82",
                    "nobody: RST",
                ),
                (Tcp, "10.0.0.9:5000", "10.0.0.5:83", "bound #9"),
                (
                    Udp,
                    "10.0.0.53:53",
                    "10.0.0.5:7000",
                    "nobody: port unreachable",
                ),
            ],
        );
    });
}

#[test]
fn s2_an_index_asks_for_all_four_numbers() {
    lab(|lab| {
        lab.why("The first sieve compares only the four numbers and the protocol: the machine's own address counts, and a row in TIME-WAIT is found, too.");
        let rows = [
            row(1, Tcp, SynSent, "10.0.0.5:40000", "10.0.0.9:80"),
            row(2, Tcp, TimeWait, "10.0.0.5:40001", "10.0.0.9:80"),
            row(3, Udp, Established, "10.0.0.5:5000", "10.0.0.53:53"),
        ];
        finds(
            lab,
            &rows,
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
        for state in OF_A_CONNECTION {
            lab.scene("a connection and a listener:");
            let rows = [
                row(1, Tcp, state, "10.0.0.5:80", "10.0.0.9:5000"),
                row(2, Tcp, Listen, "10.0.0.5:80", "-"),
            ];
            finds(
                lab,
                &rows,
                &[(Tcp, "10.0.0.9:5000", "10.0.0.5:80", "exact #1")],
            );
        }
        lab.scene("two listeners, #1 and #2, share 10.0.0.5:80");
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

#[test]
fn s2_an_index_tells_neighbours_apart() {
    lab(|lab| {
        lab.why("A key that leaves out one number has one place for two connections, and the second one takes it from the first. The same is true of two sockets that are bound to one port at two addresses.");
        let Neighbours { rows, segments } = neighbours();
        lab.note("rows of 4 servers × 4 clients, open ones at the 4 servers, and wildcards");
        let index = lab.you(&format!("Index::new({} rows)", rows.len()), || {
            Index::new(&rows)
        });
        for (proto, to, from, want) in segments {
            let call = format!("Index::lookup({proto:?}, {to}, {from})");
            let got = lab.you(&call, || index.lookup(proto, to, from));
            if hit(got) != want {
                there_are(lab, &with_end(&rows, to, from));
            }
            goes_to(lab, &format!("{from} → {to}"), hit(got), &want);
        }
    });
}

/// So many rows that an index which goes through them for each segment does not end in time: that
/// would be two thousand million steps. Hash maps are asked a hundred thousand questions.
const CROWD: u16 = 30_000;

/// Builds an index of a crowd of rows and asks for each of them, and for one more each time that
/// nobody has.
fn finds_each(lab: &Lab, crowd: &str, row: impl Fn(u16) -> Row, nobody: SocketAddr) {
    lab.scene(format!("{CROWD} rows: {crowd}"));
    let rows: Vec<Row> = (0..CROWD).map(&row).collect();
    let call = format!("Index::new({CROWD} rows), then Index::lookup for each row");
    let got: Vec<(Hit, Hit)> = lab.you(&call, || {
        let index = Index::new(&rows);
        let ask = |row: &Row| {
            let from = row.remote.unwrap_or(nobody);
            let nobodys = index.lookup(row.proto, nobody, from);
            (index.lookup(row.proto, row.local, from), nobodys)
        };
        rows.iter().map(ask).collect()
    });
    let lab = lab.because("Rows that have one end in common are different rows. Each must be found by its own four numbers, or by its own address and port.");
    for (row, (got, nobodys)) in rows.iter().zip(got) {
        let want = match row.remote {
            Some(_) => format!("exact {}", number(row.id)),
            None => format!("bound {}", number(row.id)),
        };
        let (got, nobodys) = (hit(got), hit(nobodys));
        if got != want || !nobodys.starts_with("nobody") {
            lab.same(&format!("who gets a segment to {}", row.local), got, want);
            lab.fails(format!("nobody gets a segment to {nobody}"), nobodys);
        }
    }
}

#[test]
fn s2_an_index_does_not_go_through_the_rows() {
    lab(|lab| {
        let server = addr("10.0.0.5:80");
        let host = |n: u16, port| SocketAddr::from(([10, 1, (n >> 8) as u8, n as u8], port));
        let row = |n: u16, proto, state, local, remote| Row {
            id: SocketId(n.into()),
            proto,
            state,
            local,
            remote,
        };
        let nobody = addr("10.0.0.6:80");
        lab.why("Thirty thousand clients are connected to one port. A hash map of the four numbers finds each of them at once. A look-up that goes through the rows, or through those of one port, takes thirty thousand steps for each segment: that loop ends, but it takes very long.");
        let client = |n| row(n, Tcp, Established, server, Some(host(n, 40000)));
        finds_each(lab, "clients of one server", client, nobody);
        lab.why("Here one machine has thirty thousand UDP sockets that are connected to one name server. The rows have their remote end in common, so a map by the remote end is one long list.");
        let asking = |n| {
            let local = SocketAddr::from(([10, 0, 0, 5], 1024 + n));
            row(n, Udp, Established, local, Some(addr("10.0.0.53:53")))
        };
        finds_each(lab, "UDP sockets with one peer", asking, nobody);
        lab.why("Here thirty thousand listeners have one port at thirty thousand addresses, as a web host has. The rows have their port in common, so a map by the port is one long list.");
        let hosted = |n| row(n, Tcp, Listen, host(n, 80), None);
        finds_each(lab, "listeners on one port", hosted, nobody);
    });
}
