//! Step 7: the kernel as a witness.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use netlab::{Lab, lab};
use port_demux::Proto::{Tcp, Udp};
use port_demux::{Proto, Row, lookup, parse_proc_net};
use socket2::{Domain, Socket, Type};

use super::inode::inode as id;
use super::words::{addr, hit, number, shown, state};

const HEADING: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

/// What `/proc/net/tcp` of a little-endian machine said.
const TCP: &str = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 91532 1 00000000b7c1f2ce 100 0 0 10 0
   1: 0100007F:1F90 0200007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 91534 1 0000000072ba5c1e 20 4 0 10 -1
 210: 0500000A:CFE6 22D8B85D:01BB 06 00000000:00000000 03:000013AF 00000000     0        0 0 3 00000000b4a3c1d0
 211: 0500000A:CFE7 22D8B85D:01BB 06 00000000:00000000 03:00001400 00000000     0        0 0 3 00000000b4a3c2e0
";

/// And `/proc/net/udp6`.
const UDP6: &str = "  105: 00000000000000000000000001000000:14E9 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 18204 2 0000000000000000 0
";

/// For the tests that know how a little-endian machine prints.
fn needs_little_endian(lab: &Lab) {
    if cfg!(not(target_endian = "little")) {
        lab.skip("the sample was taken on a little-endian machine");
    }
}

/// Reads a text that was made for a test, and shows it.
fn parsed(lab: &Lab, text: &str, proto: Proto) -> Vec<Row> {
    for (at, line) in text.lines().enumerate().skip(1) {
        lab.note(format!("line {}: {line}", at + 1));
    }
    read(lab, text, proto)
}

fn read(lab: &Lab, text: &str, proto: Proto) -> Vec<Row> {
    let call = format!("parse_proc_net({} lines, {proto:?})", text.lines().count());
    lab.because("Each line is one as the kernel writes it: a decimal number and a colon, two ends, the state, five words, the inode. Addresses, ports and the state are hexadecimal, the inode is decimal.")
        .ok(&call, || parse_proc_net(text, proto))
}

#[test]
fn s7_parse_proc_rows() {
    lab(|lab| {
        needs_little_endian(lab);
        lab.why("The kernel prints the four bytes of an address as one number of the processor, so a little-endian machine shows them from back to front. The port was turned into a number first.");
        let rows = parsed(lab, &format!("{HEADING}{TCP}"), Tcp);
        let want = [
            "LISTEN 127.0.0.1:8080 -",
            "ESTABLISHED 127.0.0.1:8080 127.0.0.2:40000",
            "TIME-WAIT 10.0.0.5:53222 93.184.216.34:443",
            "TIME-WAIT 10.0.0.5:53223 93.184.216.34:443",
        ];
        lab.because("Each line is a row, in their order. (TIME-WAIT belongs to no descriptor: its inode is 0, and many rows can have it.)")
            .same("the number of rows", rows.len(), want.len());
        for (at, (row, want)) in rows.iter().zip(want).enumerate() {
            let what = format!("the row of line {}", at + 2);
            lab.same(&what, shown(Some(*row)).as_str(), want);
        }
        let inodes: Vec<u64> = rows.iter().map(|row| row.id.0).collect();
        lab.because("The inode is the tenth word, in decimal: it follows the number, two ends, the state and five others. TIME-WAIT belongs to no descriptor: its inode is 0, and many rows can have it.")
            .same("the inodes", inodes, vec![91532, 91534, 0, 0]);
        lab.scene("a row whose remote port is 0");
        lab.why("A remote end with port 0 is none, whatever its address: a UDP socket can be connected to port 0.");
        let text = TCP.replace("0200007F:9C40", "0200007F:0000");
        let rows = parsed(lab, &format!("{HEADING}{text}"), Tcp);
        let got = rows.get(1).map(|row| shown(Some(*row)));
        let want = "ESTABLISHED 127.0.0.1:8080 -".to_owned();
        lab.same("the row whose remote port is 0", got, Some(want));
        lab.why("The text does not say of which protocol it is. The caller does.");
        let all_tcp = rows.iter().all(|row| matches!(row.proto, Tcp));
        lab.holds(all_tcp, "the protocol that was asked for", "another one");
    });
}

#[test]
fn s7_numbers_are_read_whole() {
    lab(|lab| {
        lab.why("A port has 16 bits, and an inode can need more than 32: SocketId holds 64. The inode may be the last word of its line.");
        let row = |port: &str, inode: &str| {
            format!("{HEADING}   0: FFFFFFFF:{port} FFFFFFFF:0001 01 0:0 0:0 0 0 0 {inode}\n")
        };
        let cases = [
            ("FFFF", 65_535, "4294967295", 4_294_967_295),
            ("8000", 32_768, "2147483648", 2_147_483_648),
            ("00FF", 255, "4294967299", 4_294_967_299),
        ];
        for (port, port_number, inode, number) in cases {
            lab.scene(format!("port {port} and inode {inode}"));
            let rows = parsed(lab, &row(port, inode), Tcp);
            let got: Vec<(u64, String)> = rows
                .iter()
                .map(|row| (row.id.0, shown(Some(*row))))
                .collect();
            let want = format!("ESTABLISHED 255.255.255.255:{port_number} 255.255.255.255:1");
            lab.same("the row", got, vec![(number, want)]);
        }
        lab.why("A busy machine has more than 65536 lines, and the first word counts them. Between the state and the inode stand five words, which may be anything. The rest after the inode does not matter: newer kernels write more there, older ones less.");
        for (first, five) in [
            ("255", "0:0 0:0 0 0 0"),
            ("256", "- - - - -"),
            ("65536", "0:0 0:0 0 nobody 0"),
            ("1000000", "00 : x +1 é"),
        ] {
            for behind in ["", " 1", " 1 0", " -1 é 0", " 1 2 3 4 5 6 7 8 9"] {
                let line =
                    format!("   {first}: FFFFFFFF:0050 FFFFFFFF:0001 01 {five} 91532{behind}");
                let rows = parsed(lab, &format!("{HEADING}{line}\n"), Tcp);
                let got: Vec<u64> = rows.iter().map(|row| row.id.0).collect();
                lab.same("the inodes", got, vec![91532]);
            }
        }
    });
}

#[test]
fn s7_parse_ipv6_rows() {
    lab(|lab| {
        needs_little_endian(lab);
        lab.why("An IPv6 address is four words of 32 bits, and each of them is turned by itself.");
        let rows = parsed(lab, &format!("{HEADING}{UDP6}"), Udp);
        let got: Vec<String> = rows.iter().map(|row| shown(Some(*row))).collect();
        lab.same("the row", got, vec!["CLOSED [::1]:5353 -".to_owned()]);
        lab.scene("another address");
        let text = UDP6.replace(
            "00000000000000000000000001000000:14E9",
            "B80D0120674523010000000001EFCDAB:0035",
        );
        let rows = parsed(lab, &format!("{HEADING}{text}"), Udp);
        let got: Vec<String> = rows.iter().map(|row| shown(Some(*row))).collect();
        let want = "CLOSED [2001:db8:123:4567::abcd:ef01]:53 -";
        lab.same("the row", got, vec![want.to_owned()]);
        lab.why("The text does not say of which protocol it is. The caller does.");
        let all_udp = rows.iter().all(|row| matches!(row.proto, Udp));
        lab.holds(all_udp, "the protocol that was asked for", "another one");
        lab.scene("an IPv4 address inside an IPv6 one");
        lab.why("A line with 32 digits is of an IPv6 socket, also where the last four bytes are an IPv4 address. Leave it as it is: the look-up keeps the families apart.");
        let text = UDP6.replace(
            "00000000000000000000000001000000:14E9",
            "0000000000000000FFFF00000100007F:14E9",
        );
        let rows = parsed(lab, &format!("{HEADING}{text}"), Udp);
        let got: Vec<String> = rows.iter().map(|row| shown(Some(*row))).collect();
        let want = "CLOSED [::ffff:127.0.0.1]:5353 -";
        lab.same("the row", got, vec![want.to_owned()]);
    });
}

#[test]
fn s7_all_states_are_known() {
    lab(|lab| {
        lab.why("The state is a hexadecimal number from 01 to 0C; 12 is how newer kernels show a handshake in the making.");
        let states = [
            ("01", "ESTABLISHED"),
            ("02", "SYN-SENT"),
            ("03", "SYN-RECEIVED"),
            ("04", "FIN-WAIT-1"),
            ("05", "FIN-WAIT-2"),
            ("06", "TIME-WAIT"),
            ("08", "CLOSE-WAIT"),
            ("09", "LAST-ACK"),
            ("0A", "LISTEN"),
            ("0B", "CLOSING"),
            ("0C", "SYN-RECEIVED"),
        ];
        for (number, name) in states {
            let text = format!("{HEADING}{TCP}").replace(" 01 0", &format!(" {number} 0"));
            let rows = parsed(lab, &text, Tcp);
            let got = rows.get(1).map(|row| state(row.state));
            lab.same(&format!("state {number}"), got, Some(name));
        }
    });
}

#[test]
fn s7_a_heading_alone_is_an_empty_table() {
    lab(|lab| {
        lab.why("The first line is a heading, whatever stands in it. A machine without sockets has nothing else.");
        let like_a_row = TCP.lines().next().unwrap_or_default();
        for text in ["", HEADING, "inode\n", like_a_row] {
            lab.scene(format!("the text {text:?}"));
            let call = format!("parse_proc_net({} lines, Tcp)", text.lines().count());
            let rows = lab.ok(&call, || parse_proc_net(text, Tcp));
            lab.same("rows", rows.len(), 0);
        }
    });
}

#[test]
fn s7_bad_lines_are_named() {
    lab(|lab| {
        lab.why(
            "A table with a row left out is a wrong answer that looks right. Say which line it is.",
        );
        let good = TCP.lines().next().unwrap_or_default();
        let bad = [
            (
                "too few words",
                "   1: 0100007F:1F90 00000000:0000 0A".to_owned(),
            ),
            ("no number", good.replace("0100007F", "0100007G")),
            ("no port", good.replace(":1F90", "")),
            ("a port too large", good.replace(":1F90", ":1F901")),
            ("nine digits", good.replace("0100007F", "00100007F")),
            ("seven digits", good.replace("0100007F", "100007F")),
            (
                "sixteen digits",
                good.replace("0100007F", "0100007F0100007F"),
            ),
            ("not ASCII", good.replace("0100007F", "010000é7F")),
            // In bytes these are as long as an address, and a cut behind each second or eighth
            // byte goes through the é.
            ("an é in eight bytes", good.replace("0100007F", "01000é7")),
            (
                "an é in thirty-two bytes",
                good.replace("0100007F", &format!("0000000é{}", "0".repeat(23))),
            ),
            ("no such state", good.replace(" 0A ", " 0D ")),
            ("no inode", good.replace("91532", "9I532")),
            ("a sign in an address", good.replace("0100007F", "+100007F")),
            ("a sign in a port", good.replace(":1F90", ":+F90")),
            ("a sign in the state", good.replace(" 0A ", " +A ")),
            ("a sign in the inode", good.replace("91532", "+1532")),
            ("no number first", good.replace("0: ", "x: ")),
            ("a first number in hexadecimal", good.replace("0: ", "a: ")),
            ("no colon behind the number", good.replace("0: ", "0 ")),
            ("a minus in the inode", good.replace("91532", "-1532")),
            (
                "an inode of 65 bits",
                good.replace("91532", "18446744073709551616"),
            ),
            ("a state too large", good.replace(" 0A ", " 10A ")),
            (
                "a word missing",
                good.replace(" 00:00000000 ", " ")
                    .replace(" 1 00000000b7c1f2ce 100 0 0 10 0", ""),
            ),
            (
                "an end with three parts",
                good.replace(":1F90", ":1F90:1F90"),
            ),
            ("an empty line", String::new()),
        ];
        for (what, line) in bad {
            let text = format!("{HEADING}{good}\n{line}\n{good}\n");
            lab.scene(format!("the third line of four has {what}: {line:?}"));
            let why = match what.contains("sign") {
                true => "A number is digits and nothing else. from_str_radix and parse take a sign as well; the kernel writes none.".to_owned(),
                false => format!("A line that has {what} does not fit. To leave its row out, or to guess it, gives a wrong table that looks right."),
            };
            let error = lab.because(why).err("parse_proc_net(4 lines, Tcp)", || {
                parse_proc_net(&text, Tcp)
            });
            lab.because("Lines are counted from 1, and the heading is line 1.")
                .same("the number of the bad line", error.line, 3);
            lab.same("the bad line", error.text, line);
        }
        lab.why("Lines are counted from 1, the heading is the first one, and of several bad lines the first one counts.");
        for (before, line) in [(0, "what?"), (3, "who?"), (9, "where?")] {
            let good_ones = format!("{good}\n").repeat(before);
            let text = format!("{HEADING}{good_ones}{line}\n{good}\nwhen?\n");
            lab.scene(format!(
                "{before} good lines, the line {line:?}, a good line, and the line \"when?\""
            ));
            let call = format!("parse_proc_net({} lines, Tcp)", text.lines().count());
            let error = lab.err(&call, || parse_proc_net(&text, Tcp));
            lab.same("the number of the bad line", error.line, before + 2);
            lab.same("the bad line", error.text, line.to_owned());
        }
    });
}

/// The kernel's rows at one port, as the student reads them. The sockets with the inodes `ours` must
/// be in the list: the kernel gives it in pieces, and while other programs open and close sockets a
/// row can be missing from one reading (`kernel_rows` says more). So it is read again until they are.
///
/// The lines are picked out before: a busy machine has thousands of others.
fn rows_at(lab: &Lab, proto: Proto, port: u16, ours: &[u64]) -> Vec<Row> {
    let file = match proto {
        Tcp => "/proc/net/tcp",
        Udp => "/proc/net/udp",
    };
    let end = format!(":{port:04X}");
    loop {
        let text = std::fs::read_to_string(file).expect(file);
        let mut lines = text.lines();
        let heading = lines.next().unwrap_or_default();
        let word = |line: &str, nth| line.split_whitespace().nth(nth).map(str::to_owned);
        // `contains` first: it is quick, and a busy machine has many lines.
        let at_port = |line: &&str| {
            line.contains(&end) && word(line, 1).is_some_and(|local| local.ends_with(&end))
        };
        let lines: Vec<&str> = lines.filter(at_port).collect();
        let inodes: Vec<String> = lines.iter().filter_map(|line| word(line, 9)).collect();
        if ours.iter().all(|inode| inodes.contains(&inode.to_string())) {
            let text = [&[heading], &lines[..]].concat().join("\n");
            let rows = read(lab, &text, proto);
            // Of a crowd the first ones show what is wrong.
            for row in rows.iter().take(6) {
                let id = number(row.id);
                lab.note(format!("as you read it: {id} {}", shown(Some(*row))));
            }
            return rows;
        }
    }
}

/// Who gets a segment, by the student's rules and the kernel's table.
fn foretold(lab: &Lab, rows: &[Row], proto: Proto, to: SocketAddr, from: SocketAddr) -> String {
    let call = format!(
        "lookup({} rows of the kernel, {proto:?}, {to}, {from})",
        rows.len()
    );
    hit(lab.you(&call, || lookup(rows, proto, to, from)))
}

fn socket(kind: Type, local: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, kind, None).expect("a socket");
    #[cfg(target_os = "linux")]
    socket.set_reuse_port(true).expect("SO_REUSEPORT");
    socket.bind(&local.into()).expect("bind");
    socket
}

fn local(socket: &Socket) -> SocketAddr {
    let addr = socket.local_addr().expect("getsockname");
    addr.as_socket().expect("an IP address")
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s7_kernel_same_port_for_every_child() {
    lab(|lab| {
        lab.why("Ask the kernel: the listener and its five children have one port. The peers tell the children apart.");
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let home = listener.local_addr().expect("getsockname");
        let connections: Vec<(TcpStream, TcpStream)> = (0..5)
            .map(|_| {
                let client = TcpStream::connect(home).expect("connect");
                let (child, _) = listener.accept().expect("accept");
                (client, child)
            })
            .collect();
        lab.note(format!("a listener at {home} has accepted five clients"));
        let mut ours: Vec<u64> = connections.iter().map(|(_, child)| id(child)).collect();
        ours.push(id(&listener));
        let rows = rows_at(lab, Tcp, home.port(), &ours);
        for (client, child) in &connections {
            let from = client.local_addr().expect("getsockname");
            let got = foretold(lab, &rows, Tcp, home, from);
            lab.same(
                &format!("who gets {from} → {home}"),
                got,
                format!("exact #{}", id(child)),
            );
        }
        let stranger = addr("127.0.0.1:9");
        let got = foretold(lab, &rows, Tcp, home, stranger);
        lab.same(
            "who gets a stranger's",
            got,
            format!("bound #{}", id(&listener)),
        );
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s7_kernel_127_0_0_2_and_3_share_a_source_port() {
    lab(|lab| {
        lab.why("127.0.0.2 and 127.0.0.3 connect from the same port number. Two children, whose peers differ only in the address.");
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let home = listener.local_addr().expect("getsockname");
        // Another program may have the port at one of them: then with the next one.
        let (one, two) = std::iter::repeat_with(|| {
            let one = socket(Type::STREAM, addr("127.0.0.2:0"));
            let two = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            let other = SocketAddr::from(([127, 0, 0, 3], local(&one).port()));
            two.bind(&other.into()).ok().map(|()| (one, two))
        })
        .flatten()
        .next()
        .expect("it ends only with a pair");
        let children: Vec<(Socket, TcpStream)> = [one, two]
            .into_iter()
            .map(|client| {
                client.connect(&home.into()).expect("connect");
                let from = local(&client);
                let (child, peer) = listener.accept().expect("accept");
                lab.note(format!("{from} connects to {home}"));
                lab.same("the peer that accept tells", peer, from);
                (client, child)
            })
            .collect();
        let ours: Vec<u64> = children.iter().map(|(_, child)| id(child)).collect();
        let rows = rows_at(lab, Tcp, home.port(), &ours);
        for (client, child) in &children {
            let from = local(client);
            let got = foretold(lab, &rows, Tcp, home, from);
            let want = format!("exact #{}", id(child));
            lab.same(&format!("who gets {from} → {home}"), got, want);
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s7_kernel_udp_precedence() {
    lab(|lab| {
        lab.why("Three UDP sockets on one port: connected, bound to 127.0.0.1, bound to all addresses. The kernel sieves as you do.");
        let wildcard = socket(Type::DGRAM, addr("0.0.0.0:0"));
        let port = local(&wildcard).port();
        let home = SocketAddr::from(([127, 0, 0, 1], port));
        let bound = socket(Type::DGRAM, home);
        let friend = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let stranger = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let exact = socket(Type::DGRAM, home);
        let peer = friend.local_addr().expect("getsockname");
        exact.connect(&peer.into()).expect("connect");
        let receivers = [exact, bound, wildcard].map(UdpSocket::from);
        lab.note(format!(
            "#{} has the peer {peer}, #{} is at {home}, #{} at 0.0.0.0:{port}",
            id(&receivers[0]),
            id(&receivers[1]),
            id(&receivers[2])
        ));
        let elsewhere = SocketAddr::from(([127, 0, 0, 2], port));
        let rows = rows_at(lab, Udp, port, &receivers.each_ref().map(id));
        for (sender, to) in [(&friend, home), (&stranger, home), (&stranger, elsewhere)] {
            let from = sender.local_addr().expect("getsockname");
            let got = foretold(lab, &rows, Udp, to, from);
            sender.send_to(b"whose am I?", to).expect("send_to");
            let receiver = who_has_it(&receivers);
            let sieve = ["exact", "bound", "wildcard"][receiver];
            lab.note(format!(
                "the kernel gives {from} → {to} to #{}",
                id(&receivers[receiver])
            ));
            lab.same(
                &format!("who gets {from} → {to}"),
                got,
                format!("{sieve} #{}", id(&receivers[receiver])),
            );
        }
    });
}

/// Which of the sockets a datagram has come to.
fn who_has_it(receivers: &[UdpSocket]) -> usize {
    for turn in 0.. {
        let receiver = turn % receivers.len();
        let socket = &receivers[receiver];
        socket
            .set_read_timeout(Some(Duration::from_millis(1)))
            .expect("SO_RCVTIMEO");
        if socket.recv(&mut [0; 64]).is_ok() {
            return receiver;
        }
    }
    unreachable!("the laboratory ends a test that waits for ever")
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s7_kernel_listener_precedence() {
    lab(|lab| {
        lab.why("Two listeners on one port, at 127.0.0.1 and at all addresses. A client of 127.0.0.1 gets the one that is bound to exactly that address.");
        let wildcard = socket(Type::STREAM, addr("0.0.0.0:0"));
        let port = local(&wildcard).port();
        let home = SocketAddr::from(([127, 0, 0, 1], port));
        let elsewhere = SocketAddr::from(([127, 0, 0, 2], port));
        let bound = socket(Type::STREAM, home);
        for listener in [&wildcard, &bound] {
            listener.listen(32).expect("listen");
            listener.set_nonblocking(true).expect("non-blocking mode");
        }
        let (bound, wildcard) = (TcpListener::from(bound), TcpListener::from(wildcard));
        lab.note(format!(
            "#{} listens at {home}, #{} at 0.0.0.0:{port}",
            id(&bound),
            id(&wildcard)
        ));
        let rows = rows_at(lab, Tcp, port, &[id(&bound), id(&wildcard)]);
        let mut connections = Vec::new();
        for to in [vec![home; 20], vec![elsewhere]].concat() {
            let client = TcpStream::connect(to).expect("connect");
            let from = client.local_addr().expect("getsockname");
            let (sieve, listener, child) = who_accepts(&bound, &wildcard);
            lab.note(format!(
                "the kernel gives {from} → {to} to #{}",
                id(listener)
            ));
            let got = foretold(lab, &rows, Tcp, to, from);
            let want = format!("{sieve} #{}", id(listener));
            lab.same(&format!("who gets {from} → {to}"), got, want);
            let at = child.local_addr().expect("getsockname");
            lab.same("the child's own address", at, to);
            connections.push((client, from, child, to));
        }
        lab.why("From now on each connection has a row of its own, and its segments go there.");
        let ours: Vec<u64> = connections.iter().map(|(.., child, _)| id(child)).collect();
        let rows = rows_at(lab, Tcp, port, &ours);
        for (_client, from, child, to) in &connections {
            let got = foretold(lab, &rows, Tcp, *to, *from);
            let want = format!("exact #{}", id(child));
            lab.same(&format!("who gets {from} → {to}"), got, want);
        }
    });
}

fn who_accepts<'a>(
    bound: &'a TcpListener,
    wildcard: &'a TcpListener,
) -> (&'static str, &'a TcpListener, TcpStream) {
    loop {
        for (sieve, listener) in [("bound", bound), ("wildcard", wildcard)] {
            if let Ok((child, _)) = listener.accept() {
                return (sieve, listener, child);
            }
        }
        std::thread::yield_now();
    }
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s7_kernel_lists_what_this_process_has() {
    lab(|lab| {
        lab.why("kernel_rows reads all four files with your parser. The sockets that this test has opened must be among the rows, over both protocols.");
        let tcp = TcpListener::bind("127.0.0.1:0").expect("bind");
        let udp = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let home = tcp.local_addr().expect("getsockname");
        lab.note(format!("inode {} is a TCP listener at {home}", id(&tcp)));
        let at = udp.local_addr().expect("getsockname");
        lab.note(format!("inode {} is a UDP socket at {at}", id(&udp)));
        let found = |rows: &[Row], inode| {
            let row = rows.iter().find(|row| row.id.0 == inode).copied();
            let proto = row.map(|row| match row.proto {
                Tcp => "tcp",
                Udp => "udp",
            });
            format!("{} {}", proto.unwrap_or("-"), shown(row))
        };
        let mut got = [String::new(), String::new()];
        let want = [format!("tcp LISTEN {home} -"), format!("udp CLOSED {at} -")];
        // A single reading can miss a row.
        for _ in 0..10 {
            let rows = lab.ok("kernel_rows()", port_demux::kernel_rows);
            got = [id(&tcp), id(&udp)].map(|inode| found(&rows, inode));
            if got == want {
                break;
            }
        }
        lab.same("the rows of these two", got, want);
    });
}
