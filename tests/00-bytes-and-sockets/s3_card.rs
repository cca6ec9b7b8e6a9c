use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use bytes_and_sockets::{Kind, SocketCard, describe};
use netlab::Lab;
use socket2::{Domain, Socket, Type};

use super::unchanged::{options, same_options, set_options};
use super::{listens, port};

/// A connection on loopback takes no time. Where the queue is full, no time is enough.
const SOON: Duration = Duration::from_secs(3);

const ONLY_ASKS: &str = "describe only asks. If it sets, sends or takes anything, it changes the program that only wanted to print a card.";

fn tcp() -> Socket {
    Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket")
}

fn card_of(lab: &Lab, which: &str, socket: &Socket) -> SocketCard {
    let no_error = "No address and no peer yet (NotConnected) is an answer, not a failure: the field \
                    is empty. The same holds for an address that is not an IP address.";
    lab.because(no_error)
        .ok(&format!("describe({which})"), || describe(socket))
}

/// The result of the test's own call on a socket that was described.
fn still<T>(lab: &Lab, what: &str, result: io::Result<T>) -> T {
    result.unwrap_or_else(|error| {
        let lab = lab.because(ONLY_ASKS);
        lab.fails(format!("{what}, as before describe"), format!("{error:?}"))
    })
}

fn loopback(port: u16) -> socket2::SockAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()
}

#[test]
fn s3_fresh_socket_has_no_address() {
    netlab::lab(|lab| {
        lab.why(
            "socket() makes an empty record. There is no peer yet, and peer_addr says so with \
             NotConnected: that is an answer, not a failure.",
        );
        let card = card_of(lab, "a fresh TCP socket", &tcp());
        lab.same("local port", port(card.local), 0);
        lab.same("peer", card.peer, None);
        lab.because(
            "listen was not called on this socket. SO_ACCEPTCONN tells; `listening` asks for it.",
        )
        .holds(
            listens(&card, false),
            "not listening",
            format!("listening: {:?}", card.listening),
        );

        lab.why(
            "The card shows what the kernel tells. On Linux and macOS that is an address before bind, \
             too: 0.0.0.0:0, or [::]:0 of an IPv6 socket.",
        );
        for (domain, which) in [
            (Domain::IPV4, "a fresh IPv4 socket"),
            (Domain::IPV6, "a fresh IPv6 socket"),
        ] {
            let Ok(socket) = Socket::new(domain, Type::DGRAM, None) else {
                continue;
            };
            let told = socket.local_addr().ok().and_then(|addr| addr.as_socket());
            let card = card_of(lab, which, &socket);
            lab.same("local address", card.local, told);
        }
    });
}

#[test]
fn s3_kind_tells_tcp_from_udp() {
    netlab::lab(|lab| {
        lab.why(
            "The kind is fixed when the socket is made: SOCK_STREAM is TCP's, SOCK_DGRAM UDP's.",
        );
        let udp = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
        let tcp = card_of(lab, "a TCP socket", &tcp());
        lab.holds(matches!(tcp.kind, Kind::Stream), "Stream", "Datagram");
        let udp = card_of(lab, "a UDP socket", &udp);
        lab.holds(matches!(udp.kind, Kind::Datagram), "Datagram", "Stream");
    });
}

#[test]
fn s3_udp_never_listens() {
    netlab::lab(|lab| {
        lab.why(
            "listen is a call for stream sockets. A UDP socket gets datagrams once it is bound.",
        );
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
        let not = |which: &str| {
            let card = card_of(lab, which, &socket);
            lab.holds(
                listens(&card, false),
                format!("{which}: not listening, Some(false)"),
                format!("listening: {:?}", card.listening),
            );
        };
        not("a fresh UDP socket");
        still(lab, "bind to succeed", socket.bind(&loopback(0)));
        not("a bound UDP socket");
    });
}

#[test]
fn s3_bind_zero_gets_a_real_port() {
    netlab::lab(|lab| {
        lab.why("Port 0 means \"choose for me\". The number is known after bind, not before.");
        let socket = tcp();
        let before = card_of(lab, "a fresh socket", &socket);
        lab.same("local port before bind", port(before.local), 0);
        lab.note("the test binds it to 127.0.0.1, port 0");
        still(lab, "bind to succeed", socket.bind(&loopback(0)));
        let after = card_of(lab, "the bound socket", &socket);
        let told = socket.local_addr().expect("local_addr").as_socket();
        lab.same("local address after bind", after.local, told);
        lab.holds(port(after.local) != 0, "a port other than 0", "port 0");
        lab.same("peer: bind contacts nobody", after.peer, None);
        lab.why("A port does not make a socket wait for clients. Only listen does.");
        lab.holds(
            listens(&after, false),
            "not listening",
            format!("listening: {:?}", after.listening),
        );
    });
}

#[test]
fn s3_addresses_of_ipv6_too() {
    netlab::lab(|lab| {
        lab.why(
            "A record holds the address of its own family. SocketAddr has room for both; code that looks only for IPv4 addresses finds none here.",
        );
        let loopback = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
        let server = Socket::new(Domain::IPV6, Type::STREAM, None).expect("a socket");
        if server.bind(&loopback.into()).is_err() {
            // Over IPv4, then: the step is asked for all the same.
            lab.note("this system has no IPv6");
            card_of(lab, "a fresh TCP socket", &tcp());
            return;
        }
        server.listen(1).expect("listen");
        let told = server.local_addr().expect("local_addr").as_socket();
        let listening = card_of(lab, "a socket that listens at [::1]", &server);
        lab.same("local address", listening.local, told);
        let client = Socket::new(Domain::IPV6, Type::STREAM, None).expect("a socket");
        let addr = server.local_addr().expect("local_addr");
        still(lab, "connect to reach the listener", client.connect(&addr));
        let client = card_of(lab, "a client of it", &client);
        lab.because(
            "The client is connected, so peer_addr tells an address: the listener's, an IPv6 one.",
        )
        .same("peer", client.peer, told);
        lab.holds(
            client.local.is_some_and(|local| local.is_ipv6()),
            "a local IPv6 address",
            format!("{:?}", client.local),
        );

        lab.why(
            "The card shows what the kernel tells. ::ffff:127.0.0.1 is an IPv6 address as well.",
        );
        let both = Socket::new(Domain::IPV6, Type::DGRAM, None).expect("a socket");
        let mapped = SocketAddr::from((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 0));
        if both.set_only_v6(false).is_ok() && both.bind(&mapped.into()).is_ok() {
            let told = both.local_addr().expect("local_addr").as_socket();
            let card = card_of(lab, "a socket bound to ::ffff:127.0.0.1", &both);
            lab.same("local address", card.local, told);
            let peer = lab.udp("peer");
            let addr = SocketAddr::from((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), peer.addr().port()));
            still(lab, "connect to succeed", both.connect(&addr.into()));
            lab.note(format!("the test connects it to {addr}"));
            let card = card_of(lab, "the same socket", &both);
            lab.same("peer", card.peer, Some(addr));
        }
    });
}

#[test]
fn s3_second_bind_is_an_error() {
    netlab::lab(|lab| {
        lab.why("A bound socket stays bound; a second bind changes nothing. Make a new one.");
        let socket = tcp();
        socket.bind(&loopback(0)).expect("bind");
        let first = card_of(lab, "the bound socket", &socket);
        let second = socket.bind(&loopback(0));
        lab.note("the test binds it a second time");
        lab.holds(second.is_err(), "an error from the second bind", "Ok");
        let again = card_of(lab, "the same socket", &socket);
        lab.same("local address", again.local, first.local);
    });
}

#[test]
fn s3_connected_udp_has_a_peer() {
    netlab::lab(|lab| {
        lab.why(
            "connect on a UDP socket sends nothing: it writes the peer's address into the record.",
        );
        let peer = lab.udp("peer");
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
        socket.connect(&peer.addr().into()).expect("connect");
        lab.note(format!("the test connects a UDP socket to {}", peer.addr()));
        let card = card_of(lab, "the UDP socket", &socket);
        lab.same("peer", card.peer, Some(peer.addr()));
        lab.holds(
            port(card.local) != 0,
            "a local port: connect chooses one",
            "port 0",
        );

        lab.why("A UDP socket may be connected again: the record holds the last peer only.");
        let other = lab.udp("another peer");
        still(
            lab,
            "connect to succeed",
            socket.connect(&other.addr().into()),
        );
        lab.note(format!("the test connects it to {}", other.addr()));
        let again = card_of(lab, "the same UDP socket", &socket);
        lab.same("peer", again.peer, Some(other.addr()));

        lab.why("A UDP socket may be its own peer. Then it has a peer, too.");
        let own = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let addr = own.local_addr().expect("local_addr");
        own.connect(addr).expect("connect");
        let own = card_of(lab, "a UDP socket connected to itself", &own.into());
        lab.same("peer", own.peer, Some(addr));
    });
}

#[test]
fn s3_other_kinds_are_unsupported() {
    netlab::lab(|lab| {
        // Unix sockets have a kind that is neither: SOCK_SEQPACKET. Linux has it.
        if !cfg!(target_os = "linux") {
            lab.skip("this system is not Linux (SOCK_SEQPACKET)");
        }
        lab.why(
            "A kind that the card has no word for is an error of kind Unsupported, not a guess.",
        );
        let socket =
            Socket::new(Domain::UNIX, Type::from(5), None).expect("a SOCK_SEQPACKET socket");
        let error = lab.err("describe(a SOCK_SEQPACKET socket)", || describe(&socket));
        lab.same(
            "kind of the error",
            error.kind(),
            std::io::ErrorKind::Unsupported,
        );

        lab.why("A Unix stream socket has a kind, but no IP address: its fields are empty.");
        let unix = Socket::new(Domain::UNIX, Type::STREAM, None).expect("a Unix socket");
        let unix = card_of(lab, "a Unix stream socket", &unix);
        lab.holds(matches!(unix.kind, Kind::Stream), "Stream", "Datagram");
        lab.same("local, peer", (unix.local, unix.peer), (None, None));
        for (kind, which) in [
            (Type::STREAM, "one of a pair of Unix stream sockets"),
            (Type::DGRAM, "one of a pair of Unix datagram sockets"),
        ] {
            let (one, _other) = Socket::pair(Domain::UNIX, kind, None).expect("a pair");
            let card = card_of(lab, which, &one);
            lab.same("local, peer", (card.local, card.peer), (None, None));
            let stream = matches!(card.kind, Kind::Stream);
            lab.same("its kind is Stream", stream, kind == Type::STREAM);
        }

        // The kernel's own sockets (AF_NETLINK, 16) may be raw without any privilege.
        lab.why("SOCK_RAW is a kind of its own: it is neither TCP's nor UDP's.");
        if let Ok(raw) = Socket::new(Domain::from(16), Type::from(3), None) {
            let error = lab.err("describe(a SOCK_RAW socket)", || describe(&raw));
            lab.same("its kind", error.kind(), io::ErrorKind::Unsupported);
        }
    });
}

#[test]
fn s3_an_error_is_returned() {
    netlab::lab(|lab| {
        card_of(lab, "a TCP socket", &tcp());
        lab.why(
            "A file's descriptor is a number like a socket's, but there is no record of a socket \
             behind it, and each question gives an error (ENOTSOCK). Then there is no card, but also no reason to panic: `?` returns the error to the caller.",
        );
        #[cfg(unix)]
        {
            let file = std::fs::File::open("/dev/null").expect("/dev/null");
            let file = Socket::from(std::os::fd::OwnedFd::from(file));
            lab.err("describe(a descriptor of /dev/null)", || describe(&file));
        }
    });
}

#[test]
fn s3_listen_without_bind_picks_a_port() {
    netlab::lab(|lab| {
        if !cfg!(unix) {
            lab.skip("Windows refuses to listen on an unbound socket");
        }
        lab.why(
            "listen needs an address, so the kernel binds by itself: all addresses, a free port.",
        );
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        lab.note("the test calls listen on a socket that was never bound");
        socket.listen(1).expect("listen");
        let card = lab.ok("describe(the listening socket)", || describe(&socket));
        let local = card.local.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        lab.same("address", local.ip(), Ipv4Addr::UNSPECIFIED.into());
        lab.holds(local.port() != 0, "a port chosen by the system", "port 0");
        lab.why("listen marks the socket as one that waits. SO_ACCEPTCONN tells; `listening` asks for it.");
        lab.holds(
            listens(&card, true),
            "listening: Some(true)",
            format!("listening: {:?}", card.listening),
        );
    });
}

#[test]
fn s3_clone_keeps_the_connection() {
    netlab::lab(|lab| {
        lab.why(
            "A descriptor is a handle. The connection has one control block and lives until the \
             last handle goes.",
        );
        let server = lab.tcp_server("server");
        let one = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        one.connect(&server.addr().into()).expect("connect");
        let peer = server.accepts();
        let mut two = one.try_clone().expect("a second handle");
        let before = lab.ok("describe(the first handle)", || describe(&one));
        lab.same("peer", before.peer, Some(server.addr()));
        let told = one.local_addr().expect("local_addr").as_socket();
        lab.same("local address", before.local, told);
        lab.note("the test drops the first of two handles");
        drop(one);
        let after = lab.ok("describe(the second handle)", || describe(&two));
        lab.same("local address", after.local, before.local);
        lab.same("peer", after.peer, before.peer);
        still(lab, "write to succeed", two.write_all(b"still here"));
        peer.expects(b"still here");
        peer.sends(b"so am I");
        let mut reply = [0; 7];
        still(lab, "read to succeed", two.read_exact(&mut reply));
        lab.same_bytes("the reply", &reply, b"so am I");
        drop(two);
        lab.note("the test drops the last handle");
        peer.expects_eof();
    });
}

#[test]
fn s3_describe_keeps_the_options() {
    netlab::lab(|lab| {
        lab.why(ONLY_ASKS);
        let peer = lab.udp("peer");
        let server = lab.tcp_server("server");
        for set in [false, true] {
            let with = if set {
                "with options set"
            } else {
                "as it was made"
            };
            let fresh = tcp();
            let udp = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
            udp.connect(&peer.addr().into()).expect("connect");
            let listener = tcp();
            listener.bind(&loopback(0)).expect("bind");
            listener.listen(1).expect("listen");
            let client = tcp();
            client.connect(&server.addr().into()).expect("connect");
            for (which, socket) in [
                ("a fresh TCP socket", &fresh),
                ("a connected UDP socket", &udp),
                ("a listening socket", &listener),
                ("a connected TCP socket", &client),
            ] {
                if set {
                    set_options(socket);
                }
                let which = format!("{which} {with}");
                let before = options(socket);
                card_of(lab, &which, socket);
                same_options(lab, &which, &before, socket);
            }
        }
    });
}

#[test]
fn s3_describe_takes_and_sends_nothing() {
    netlab::lab(|lab| {
        lab.why(ONLY_ASKS);
        let mut byte = [MaybeUninit::uninit(); 1];
        let none_waits = |socket: &Socket| socket.set_nonblocking(true).expect("non-blocking");

        let listener = tcp();
        listener.bind(&loopback(0)).expect("bind");
        listener.listen(2).expect("listen");
        let addr = listener.local_addr().expect("local_addr");
        let mut client = tcp();
        client.connect(&addr).expect("connect");
        lab.note("a client waits in a listener's queue");
        card_of(lab, "the listening socket", &listener);
        none_waits(&listener);
        let accepted = listener.accept();
        let (accepted, _) = still(lab, "accept to give the client that waited", accepted);
        accepted.set_nonblocking(false).expect("blocking");

        let queue = tcp();
        queue.bind(&loopback(0)).expect("bind");
        queue.listen(4).expect("listen");
        lab.note("another socket listens, for four clients at a time: listen(4)");
        card_of(lab, "the socket with room for four", &queue);
        let addr = queue.local_addr().expect("local_addr");
        let four = [tcp(), tcp(), tcp(), tcp()];
        for (client, which) in four.iter().zip(["one", "two", "three", "four"]) {
            let room = format!("room for {which} of four clients that were not accepted yet");
            still(lab, &room, client.connect_timeout(&addr, SOON));
        }

        client.write_all(b"!").expect("write");
        accepted.peek(&mut byte).expect("peek");
        lab.note("a byte waits in the accepted socket");
        card_of(lab, "the accepted socket", &accepted);
        none_waits(&accepted);
        let read = (&accepted).read(&mut [0; 9]);
        let read = still(lab, "read to give the byte that waited", read);
        lab.same("bytes that wait in the accepted socket", read, 1);

        let peer = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let own = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        peer.send_to(b"!", own.local_addr().expect("local_addr"))
            .expect("send");
        own.peek(&mut [0]).expect("peek");
        let peer_addr = peer.local_addr().expect("local_addr");
        own.connect(peer_addr).expect("connect");
        let socket = Socket::from(own);
        lab.note("a datagram waits in a connected UDP socket");
        card_of(lab, "the UDP socket", &socket);
        none_waits(&socket);
        let read = (&socket).read(&mut [0; 9]);
        let read = still(lab, "recv to give the datagram that waited", read);
        lab.same("bytes of the datagram that waits", read, 1);
        socket.send(b"first").expect("send");
        let mut first = [0; 9];
        let length = peer.recv(&mut first).expect("recv");
        lab.same_bytes("the first datagram at the peer", &first[..length], b"first");

        if cfg!(target_os = "linux") {
            drop(peer);
            socket.send(b"second").expect("send");
            lab.note("the peer is gone: the next datagram brings back an error (ECONNREFUSED)");
            card_of(lab, "the UDP socket", &socket);
            lab.until(
                "the error that waits in the socket (SO_ERROR)",
                || socket.take_error().expect("SO_ERROR").map(|e| e.kind()),
                Option::is_some,
            );
        }
    });
}
