use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use bytes_and_sockets::{Kind, SocketCard, describe};
use netlab::Lab;
use socket2::{Domain, Socket, Type};

use super::{listens, port};

fn tcp() -> Socket {
    Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket")
}

fn card(lab: &Lab, which: &str, socket: &Socket) -> SocketCard {
    lab.ok(&format!("describe({which})"), || describe(socket))
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
        let card = card(lab, "a fresh TCP socket", &tcp());
        lab.same("local port", port(card.local), 0);
        lab.same("peer", card.peer, None);
        lab.holds(
            listens(&card, false),
            "not listening",
            format!("listening: {:?}", card.listening),
        );
    });
}

#[test]
fn s3_kind_tells_tcp_from_udp() {
    netlab::lab(|lab| {
        lab.why(
            "The kind is fixed when the socket is made: SOCK_STREAM is TCP's, SOCK_DGRAM UDP's.",
        );
        let udp = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
        let tcp = card(lab, "a TCP socket", &tcp());
        lab.holds(matches!(tcp.kind, Kind::Stream), "Stream", "Datagram");
        let udp = card(lab, "a UDP socket", &udp);
        lab.holds(matches!(udp.kind, Kind::Datagram), "Datagram", "Stream");
    });
}

#[test]
fn s3_bind_zero_gets_a_real_port() {
    netlab::lab(|lab| {
        lab.why("Port 0 means \"choose for me\". The number is known after bind, not before.");
        let socket = tcp();
        let before = card(lab, "a fresh socket", &socket);
        lab.same("local port before bind", port(before.local), 0);
        lab.note("the test binds it to 127.0.0.1, port 0");
        socket.bind(&loopback(0)).expect("bind");
        let after = card(lab, "the bound socket", &socket);
        let told = socket.local_addr().expect("local_addr").as_socket();
        lab.same("local address after bind", after.local, told);
        lab.holds(port(after.local) != 0, "a port other than 0", "port 0");
        lab.same("peer: bind contacts nobody", after.peer, None);
    });
}

#[test]
fn s3_second_bind_is_an_error() {
    netlab::lab(|lab| {
        lab.why("A bound socket stays bound; a second bind changes nothing. Make a new one.");
        let socket = tcp();
        socket.bind(&loopback(0)).expect("bind");
        let first = card(lab, "the bound socket", &socket);
        let second = socket.bind(&loopback(0));
        lab.note("the test binds it a second time");
        lab.holds(second.is_err(), "an error from the second bind", "Ok");
        let again = card(lab, "the same socket", &socket);
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
        let card = card(lab, "the UDP socket", &socket);
        lab.same("peer", card.peer, Some(peer.addr()));
        lab.holds(
            port(card.local) != 0,
            "a local port: connect chooses one",
            "port 0",
        );
    });
}

#[test]
fn s3_other_kinds_are_unsupported() {
    // Unix sockets have a kind that is neither: SOCK_SEQPACKET. Linux has it.
    if !cfg!(target_os = "linux") {
        eprintln!("skipped: needs Linux (SOCK_SEQPACKET)");
        return;
    }
    netlab::lab(|lab| {
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
    });
}

#[test]
fn s3_listen_without_bind_picks_a_port() {
    netlab::lab(|lab| {
        if !cfg!(unix) {
            return eprintln!("skipped: Windows refuses to listen on an unbound socket");
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
        lab.note("the test drops the first of two handles");
        drop(one);
        let after = lab.ok("describe(the second handle)", || describe(&two));
        lab.same("local address", after.local, before.local);
        lab.same("peer", after.peer, before.peer);
        two.write_all(b"still here").expect("the connection lives");
        peer.expects(b"still here");
        peer.sends(b"so am I");
        let mut reply = [0; 7];
        two.read_exact(&mut reply).expect("the connection lives");
        lab.same_bytes("the reply", &reply, b"so am I");
        drop(two);
        lab.note("the test drops the last handle");
        peer.expects_eof();
    });
}
