use std::net::{Ipv4Addr, SocketAddr};

use bytes_and_sockets::{SocketCard, lifecycle};
use netlab::Lab;

use super::{listens, port};

const NAMES: [&str; 5] = ["created", "bound", "listening", "connected", "accepted"];

fn cards(lab: &Lab) -> [SocketCard; 5] {
    lab.why(
        "connect returns when the kernel has finished the handshake, which it does for every \
         listening socket; accept only collects the result. \"Connection refused\" means that \
         nobody listens at that port: is it the one that local_addr told after bind?",
    );
    let cards = lab.ok("lifecycle()", lifecycle);
    lab.why("Five cards, in the order of the table above the function.");
    let names: Vec<&str> = cards.iter().map(|(name, _)| *name).collect();
    lab.same("the names of the cards", names, NAMES.to_vec());
    let cards: Vec<SocketCard> = cards.into_iter().map(|(_, card)| card).collect();
    lab.draws("00-cards", super::cards::draw(&NAMES, &cards));
    cards.try_into().expect("five names, five cards")
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
        let first = cards(lab);
        let second = cards(lab);
        lab.why("Port 0 asks the system each time. A fixed port would collide with the next test.");
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
