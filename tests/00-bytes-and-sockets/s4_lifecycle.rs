use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use bytes_and_sockets::{SocketCard, describe, lifecycle};
use netlab::Lab;
use socket2::{Domain, Socket, Type};

const NAMES: [&str; 5] = ["created", "bound", "listening", "connected", "accepted"];

fn cards(lab: &Lab) -> [SocketCard; 5] {
    let cards = lab.ok("lifecycle()", lifecycle);
    let names: Vec<&str> = cards.iter().map(|(name, _)| *name).collect();
    lab.same("the names of the cards", names, NAMES.to_vec());
    let cards: Vec<SocketCard> = cards.into_iter().map(|(_, card)| card).collect();
    lab.draws("00-cards", super::cards::draw(&NAMES, &cards));
    cards.try_into().expect("five names, five cards")
}

/// Whether the card says so. Only Linux is held to it: other systems may not tell.
fn listens(card: &SocketCard, yes: bool) -> bool {
    card.listening == Some(yes) || (card.listening.is_none() && !cfg!(target_os = "linux"))
}

fn port(addr: Option<SocketAddr>) -> u16 {
    addr.map_or(0, |addr| addr.port())
}

#[test]
fn s4_lifecycle_fills_one_half_then_the_other() {
    netlab::lab(|lab| {
        let [created, bound, listening, connected, accepted] = cards(lab);
        lab.why("socket() alone chooses neither address nor port.");
        lab.same("created: local port", port(created.local), 0);
        lab.same("created: peer", created.peer, None);

        lab.why("bind changed one local field and sent nothing.");
        let local = bound.local.unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
        lab.same(
            "bound: local address",
            local.ip(),
            Ipv4Addr::LOCALHOST.into(),
        );
        lab.holds(
            local.port() != 0,
            "bound: a port chosen by the system",
            "port 0",
        );
        lab.same("bound: peer", bound.peer, None);
        lab.holds(
            listens(&bound, false),
            "bound: not listening yet",
            "listening, or no answer",
        );

        lab.why(
            "listen marks the same socket as waiting; its address stays, and it never gets a peer.",
        );
        lab.same("listening: local address", listening.local, bound.local);
        lab.same("listening: peer", listening.peer, None);
        lab.holds(
            listens(&listening, true),
            "listening: listening",
            "not listening",
        );

        lab.why("A connection is two records that name each other.");
        lab.same(
            "connected: peer is the server's address",
            connected.peer,
            bound.local,
        );
        lab.holds(
            port(connected.local) != 0,
            "connected: a port of its own",
            "port 0",
        );
        lab.same(
            "accepted: peer is the client's address",
            accepted.peer,
            connected.local,
        );

        lab.why(
            "The accepted socket is a new one, with the listener's port; the listener goes on.",
        );
        lab.same("accepted: local address", accepted.local, bound.local);
        lab.holds(
            listens(&accepted, false),
            "accepted: not listening",
            "listening",
        );
    });
}

#[test]
fn s4_each_life_is_a_new_one() {
    netlab::lab(|lab| {
        lab.why("Port 0 asks the system each time. A fixed port would collide with the next test.");
        let first = cards(lab);
        let second = cards(lab);
        for cards in [&first, &second] {
            lab.same(
                "the listener keeps its port",
                port(cards[2].local),
                port(cards[1].local),
            );
        }
        lab.holds(
            first[3].local != second[3].local || first[1].local != second[1].local,
            "another pair of ports the second time",
            format!("{:?} to {:?} twice", first[3].local, first[1].local),
        );
    });
}

#[test]
fn s4_listen_without_bind_picks_a_port() {
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
        lab.holds(listens(&card, true), "listening", "not listening");
    });
}

#[test]
fn s4_clone_keeps_the_connection() {
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
