//! Step 5: two families on one port.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener};

use addresses::{Cidr, admits, listen_apart, listen_dual, plain_peer};
use netlab::{Lab, lab};
use socket2::{Domain, SockRef, Socket, Type};

use super::words::block;

/// For the tests that need IPv6: an address of this machine's own, and sockets.
fn needs_ipv6(lab: &Lab) {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        lab.skip("this machine has no ::1");
    }
}

fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address and a port")
}

fn local(listener: &TcpListener) -> SocketAddr {
    listener
        .local_addr()
        .expect("a bound socket has an address")
}

/// Whom `listener` accepts: a client that is connected already.
fn accepted(listener: &TcpListener) -> SocketAddr {
    listener.accept().expect("a client waits in the queue").1
}

/// Whether `accept` waits for a client, which only Linux tells.
#[cfg(target_os = "linux")]
fn blocks(listener: &TcpListener) -> bool {
    use std::os::fd::AsRawFd;
    const O_NONBLOCK: u32 = 0o4000;
    let told = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", listener.as_raw_fd()));
    let told = told.expect("what the system knows of a descriptor of this process");
    let flags = told.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = u32::from_str_radix(flags.expect("its flags").trim(), 8).expect("an octal number");
    flags & O_NONBLOCK == 0
}

#[cfg(not(target_os = "linux"))]
fn blocks(_: &TcpListener) -> bool {
    true
}

/// A socket bound to `[::]:port` that takes IPv6 alone, and listens.
fn only_v6(port: u16) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, None)?;
    socket.set_only_v6(true)?;
    socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)).into())?;
    socket.listen(1)?;
    Ok(socket)
}

#[test]
fn s5_a_mapped_peer_in_plain_words() {
    lab(|lab| {
        let cases = [
            (
                "An IPv6 socket has no room for an IPv4 address, so it calls an IPv4 client ::ffff:a.b.c.d. It *is* a.b.c.d, and every list, log and limit knows it by that name. The port stays.",
                &[
                    ("[::ffff:192.0.2.1]:5000", "192.0.2.1:5000"),
                    ("[::ffff:127.0.0.1]:80", "127.0.0.1:80"),
                    ("[::ffff:0.0.0.0]:0", "0.0.0.0:0"),
                    ("[::ffff:255.255.255.255]:65535", "255.255.255.255:65535"),
                ][..],
            ),
            (
                "An IPv4 address is plain already.",
                &[
                    ("192.0.2.1:5000", "192.0.2.1:5000"),
                    ("127.0.0.1:80", "127.0.0.1:80"),
                ],
            ),
            (
                "Other IPv6 addresses stay what they are. ::1 is not 0.0.0.1: Rust's to_ipv4 says so, to_ipv4_mapped does not.",
                &[
                    ("[::1]:80", "[::1]:80"),
                    ("[::]:80", "[::]:80"),
                    ("[::c000:201]:5000", "[::192.0.2.1]:5000"),
                    ("[2001:db8::1]:5000", "[2001:db8::1]:5000"),
                    ("[64:ff9b::c000:201]:5000", "[64:ff9b::c000:201]:5000"),
                    ("[::ffff:0:c000:201]:5000", "[::ffff:0:c000:201]:5000"),
                    ("[::1:ffff:c000:201]:5000", "[::1:ffff:c000:201]:5000"),
                    ("[1::ffff:c000:201]:5000", "[1::ffff:c000:201]:5000"),
                    ("[::fffe:c000:201]:5000", "[::fffe:c000:201]:5000"),
                ],
            ),
        ];
        for (why, pairs) in cases {
            lab.why(why);
            for &(peer, want) in pairs {
                let got = lab.you(&format!("plain_peer({peer})"), || plain_peer(addr(peer)));
                lab.same(&format!("{peer} in plain words"), got, addr(want));
            }
        }
        lab.why("A link-local address is only usable with its zone. No part of an unchanged address is lost.");
        let zoned = SocketAddrV6::new("fe80::1".parse().expect("an address"), 80, 7, 3);
        let got = lab.you("plain_peer([fe80::1%3]:80)", || plain_peer(zoned.into()));
        lab.same("[fe80::1%3]:80 in plain words", got, zoned.into());
    });
}

fn admitted(lab: &Lab, blocks: &[&str], peers: &[(&str, bool)]) {
    let list: Vec<Cidr> = blocks.iter().map(|text| block(lab, text)).collect();
    let blocks = blocks.join(", ");
    for &(peer, want) in peers {
        let got = lab.you(&format!("admits([{blocks}], {peer})"), || {
            admits(&list, addr(peer))
        });
        lab.same(
            &format!("whether {peer} is in one of [{blocks}]"),
            got,
            want,
        );
    }
}

#[test]
fn s5_one_list_for_both_spellings() {
    lab(|lab| {
        lab.why("A list with 10.0.0.0/8 means 10.0.0.1 however it is written. A list of allowed addresses that does not know ::ffff:10.0.0.1 shuts out a friend, and a list of forbidden ones lets an enemy in.");
        admitted(
            lab,
            &["192.0.2.0/24", "10.0.0.0/8"],
            &[
                ("10.0.0.1:5000", true),
                ("[::ffff:10.0.0.1]:5000", true),
                ("192.0.2.255:1", true),
                ("[::ffff:192.0.2.255]:1", true),
                ("10.0.0.0:5000", true),
                ("[::ffff:10.255.255.255]:5000", true),
                ("11.0.0.1:5000", false),
                ("[::ffff:11.0.0.1]:5000", false),
                ("192.0.3.0:1", false),
                ("[::ffff:192.0.3.0]:1", false),
            ],
        );
        lab.why("An address of IPv6 only is in no block of IPv4, not even in 0.0.0.0/0.");
        admitted(
            lab,
            &["0.0.0.0/0"],
            &[
                ("[::1]:80", false),
                ("[::]:80", false),
                ("[2001:db8::1]:80", false),
                ("[::c000:201]:80", false),
                ("255.255.255.255:80", true),
                ("[::ffff:0.0.0.1]:80", true),
            ],
        );
        lab.why("Only ::ffff:a.b.c.d is a.b.c.d. An address of NAT64 (64:ff9b::/96) or 6to4 (2002::/16) has an IPv4 address in it, but belongs to another host.");
        admitted(
            lab,
            &["10.0.0.0/8", "192.0.2.0/24"],
            &[
                ("[64:ff9b::10.0.0.1]:5000", false),
                ("[64:ff9b::192.0.2.1]:5000", false),
                ("[2002:a00:1::1]:5000", false),
                ("[2002:c000:201::1]:5000", false),
                ("[::10.0.0.1]:5000", false),
                ("[::ffff:0:10.0.0.1]:5000", false),
            ],
        );
        lab.why("An empty list contains no address.");
        admitted(
            lab,
            &[],
            &[
                ("10.0.0.1:5000", false),
                ("[::ffff:10.0.0.1]:5000", false),
                ("[::1]:80", false),
            ],
        );
    });
}

#[test]
fn s5_v4_client_on_v6_listener() {
    lab(|lab| {
        needs_ipv6(lab);
        lab.why("One IPv6 socket can take both families, if IPV6_V6ONLY is off (RFC 3493, section 5.3).");
        let listener = lab.ok("listen_dual(0)", || listen_dual(0));
        let port = local(&listener).port();
        lab.same(
            "where it listens",
            local(&listener).ip().to_string(),
            "::".to_owned(),
        );
        lab.same(
            "whether it takes IPv6 alone",
            SockRef::from(&listener).only_v6().expect("getsockopt"),
            false,
        );
        lab.holds(port != 0, "a port that the system chose", "port 0");
        lab.because("A listener of std blocks by default, and so must this one.")
            .same(
                "whether its accept waits for a client",
                blocks(&listener),
                true,
            );

        let v4 = lab.connect((Ipv4Addr::LOCALHOST, port).into());
        let peer = accepted(&listener);
        lab.same(
            "what accept calls the client from 127.0.0.1",
            peer.ip().to_string(),
            "::ffff:127.0.0.1".to_owned(),
        );
        let plain = lab.you(&format!("plain_peer({peer})"), || plain_peer(peer));
        lab.because("::ffff:127.0.0.1 is 127.0.0.1, and its port is the client's.")
            .same("the client in plain words", plain, v4.local());

        let v6 = lab.connect((Ipv6Addr::LOCALHOST, port).into());
        let peer = accepted(&listener);
        let plain = lab.you(&format!("plain_peer({peer})"), || plain_peer(peer));
        lab.because("A client from ::1 comes to the same socket, and its address does not change.")
            .same("the client in plain words", plain, v6.local());
    });
}

#[test]
#[cfg(target_os = "linux")] // other systems have other rules for two wildcards
fn s5_a_dual_listener_has_the_port_in_both_families() {
    lab(|lab| {
        needs_ipv6(lab);
        let listener = lab.ok("listen_dual(0)", || listen_dual(0));
        let port = local(&listener).port();
        lab.why("A socket that also takes IPv4 conflicts with 0.0.0.0 at its port.");
        let second = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).map_err(|error| error.kind());
        lab.same(
            "the error of bind(0.0.0.0) at the port of listen_dual",
            second.err(),
            Some(ErrorKind::AddrInUse),
        );
        lab.why(
            "Another socket listens at this port, so it is taken. The caller must get this error.",
        );
        for call in ["listen_dual", "listen_apart"] {
            let what = format!("{call}(the same port)");
            let error = lab.err(&what, || match call {
                "listen_dual" => listen_dual(port).map(|_| "a listener"),
                _ => listen_apart(port).map(|_| "two listeners"),
            });
            lab.same(
                &format!("the error of {what}"),
                error.kind(),
                ErrorKind::AddrInUse,
            );
        }
        drop(listener);
        lab.why(
            "After a close the port is free again, and a caller that names a port gets that one.",
        );
        let listener = lab.ok("listen_dual(that port)", || listen_dual(port));
        lab.same("its port", local(&listener).port(), port);
        drop(listener);
        let (v4, v6) = lab.ok("listen_apart(that port)", || listen_apart(port));
        lab.same(
            "their ports",
            (local(&v4).port(), local(&v6).port()),
            (port, port),
        );
    });
}

#[test]
fn s5_two_listeners_one_port() {
    lab(|lab| {
        needs_ipv6(lab);
        lab.why("Two sockets, each with its own family, may have one port. The IPv6 one needs IPV6_V6ONLY for it, before bind, because bind would fail without it.");
        let (v4, v6) = lab.ok("listen_apart(0)", || listen_apart(0));
        lab.same(
            "where the first listens",
            local(&v4).ip().to_string(),
            "0.0.0.0".to_owned(),
        );
        lab.same(
            "where the second listens",
            local(&v6).ip().to_string(),
            "::".to_owned(),
        );
        lab.same(
            "whether the second takes IPv6 only",
            SockRef::from(&v6).only_v6().expect("getsockopt"),
            true,
        );
        let port = local(&v4).port();
        lab.same("the second one's port", local(&v6).port(), port);
        lab.holds(port != 0, "a port that the system chose", "port 0");
        lab.because("A listener of std blocks by default, and so must these two.")
            .same(
                "whether each accept waits for a client",
                [blocks(&v4), blocks(&v6)],
                [true; 2],
            );

        lab.why("Each client comes to the socket of its own family, under its own name.");
        let client = lab.connect((Ipv4Addr::LOCALHOST, port).into());
        lab.same("whom the first accepts", accepted(&v4), client.local());
        let client = lab.connect((Ipv6Addr::LOCALHOST, port).into());
        lab.same("whom the second accepts", accepted(&v6), client.local());
        for (which, listener) in [("first", &v4), ("second", &v6)] {
            listener.set_nonblocking(true).expect("fcntl");
            let nobody = listener
                .accept()
                .map(|(_, peer)| peer)
                .map_err(|error| error.kind());
            lab.same(
                &format!("who else waits at the {which}"),
                nobody,
                Err(ErrorKind::WouldBlock),
            );
        }
    });
}

#[test]
#[cfg(target_os = "linux")] // other systems have other rules for two wildcards
fn s5_a_port_taken_in_one_family_is_an_error() {
    lab(|lab| {
        needs_ipv6(lab);
        // Another program's connection may have the port for IPv4 by chance. It has not three ports in a row.
        let mut tries = 3;
        let (_v4, port) = loop {
            lab.why("Another socket has this port for IPv6. A caller that names a port wants that one, in both families.");
            let other = only_v6(0).expect("an IPv6 socket");
            let port = other
                .local_addr()
                .ok()
                .and_then(|at| at.as_socket())
                .expect("an address")
                .port();
            both_refuse(lab, port, "IPv6");
            lab.why("A call that fails keeps nothing: the port is free for IPv4.");
            let v4 = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).map_err(|error| error.kind());
            tries -= 1;
            if v4.is_err() && tries > 0 {
                continue;
            }
            lab.same(
                "the error of bind(0.0.0.0) afterwards",
                v4.as_ref().err(),
                None,
            );
            break (v4, port);
        };
        lab.why("Now the port is taken for IPv4 only.");
        both_refuse(lab, port, "IPv4");
    });
}

/// Neither call takes a port that is taken for this family.
fn both_refuse(lab: &Lab, port: u16, family: &str) {
    for call in ["listen_apart", "listen_dual"] {
        let what = format!("{call}(a port that is taken for {family})");
        let error = lab.err(&what, || match call {
            "listen_dual" => listen_dual(port).map(|_| "a listener"),
            _ => listen_apart(port).map(|_| "two listeners"),
        });
        lab.same(
            &format!("the error of {what}"),
            error.kind(),
            ErrorKind::AddrInUse,
        );
    }
}

/// A line of shell behind which this test runs in a network of its own, as `setting` says. That network
/// has IPv6 and no address, so it can bind `::` and not `::1`.
#[cfg(target_os = "linux")]
fn in_a_network(lab: &Lab, setting: &str) -> String {
    if TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).is_err() {
        lab.skip("this machine has no IPv6");
    }
    lab.own_network(setting)
}

/// The first line of this kind that the test has printed in that network.
#[cfg(target_os = "linux")]
fn told<'a>(lab: &Lab, end: &'a netlab::End, kinds: &[&str]) -> &'a str {
    let is_meant = |line: &&str| kinds.iter().any(|kind| line.starts_with(kind));
    end.stdout.lines().find(is_meant).unwrap_or_else(|| {
        lab.because("The test ran once more, in a network that has IPv6 and no address of its own, not even ::1. Only :: can be bound there. How it failed there stands above.")
            .fails("no failure in that network", end.stderr.trim())
    })
}

#[test]
#[cfg(target_os = "linux")]
fn s5_the_systems_default_does_not_matter() {
    lab(|lab| {
        let setting = "echo 1 >/proc/sys/net/ipv6/bindv6only";
        let shell = in_a_network(lab, setting);
        lab.why("An administrator can turn IPV6_V6ONLY on for all new sockets: net.ipv6.bindv6only. A server that relies on the default loses its IPv4 clients there. So set the option, on or off, before bind.");
        drop(lab.ok("listen_dual(0)", || listen_dual(0)));
        let end = lab.elsewhere(&shell, || {
            let only_v6 =
                |listener: &TcpListener| SockRef::from(listener).only_v6().expect("getsockopt");
            let dual = listen_dual(0).map(|listener| only_v6(&listener));
            println!("\ndual: {dual:?}");
        });
        lab.same(
            "IPV6_V6ONLY of listen_dual where the default is on",
            told(lab, &end, &["dual: "]),
            "dual: Ok(false)",
        );
    });
}

#[test]
#[cfg(target_os = "linux")]
fn s5_port_0_is_free_in_both_families() {
    lab(|lab| {
        let setting = "echo 40000 40015 >/proc/sys/net/ipv4/ip_local_port_range";
        let shell = in_a_network(lab, setting);
        lab.why("Here the system has 16 ports to choose from, and 4 of them are taken for IPv6 alone. It looks for a free port in the family of the first socket, and does not know of the second one. If the second one finds the port taken, begin again.");
        drop(lab.ok("listen_apart(0)", || listen_apart(0)));
        let end = lab.elsewhere(&shell, || {
            let taken =
                [40002, 40005, 40008, 40011].map(|port| only_v6(port).expect("a free port"));
            let mut ports = Vec::new();
            for _ in 0..40 {
                match listen_apart(0) {
                    Ok((v4, v6)) => ports.push((local(&v4).port(), local(&v6).port())),
                    Err(error) => println!("\nerror: {error}"),
                }
            }
            drop(taken);
            let same = ports.iter().filter(|(v4, v6)| v4 == v6).count();
            println!("\npairs: {same} of 40");
        });
        lab.same(
            "40 calls of listen_apart(0)",
            told(lab, &end, &["error: ", "pairs: "]),
            "pairs: 40 of 40",
        );
    });
}
