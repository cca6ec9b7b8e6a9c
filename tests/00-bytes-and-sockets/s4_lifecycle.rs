use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::panic;

use bytes_and_sockets::{Kind, SocketCard, lifecycle};
use netlab::Lab;
use socket2::{Domain, Socket, Type};

use super::{listens, port};

const NAMES: [&str; 5] = ["created", "bound", "listening", "connected", "accepted"];

fn cards(lab: &Lab) -> [SocketCard; 5] {
    lab.why(
        "connect returns when the kernel has finished the handshake, which it does for every \
         listening socket; accept only collects the result. \"Connection refused\" means that no socket listens at that port: is it the one that local_addr told after bind?",
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
        lab.holds(
            listens(&created, false),
            "created: not listening",
            "listening, or no answer",
        );

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

        lab.why("Whatever is written into the records, all of them are TCP sockets.");
        for (name, card) in NAMES
            .iter()
            .zip([&created, &bound, &listening, &connected, &accepted])
        {
            let stream = matches!(card.kind, Kind::Stream);
            lab.holds(stream, format!("{name}: Stream"), "Datagram");
        }

        lab.why("The connection is made on 127.0.0.1, at both ends.");
        lab.same(
            "connected: own address",
            connected.local.map(|local| local.ip()),
            Some(Ipv4Addr::LOCALHOST.into()),
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
        for (name, card) in [("connected", &connected), ("accepted", &accepted)] {
            lab.holds(
                listens(card, false),
                format!("{name}: not listening"),
                "listening, or no answer",
            );
        }
    });
}

#[test]
fn s4_each_life_is_a_new_one() {
    netlab::lab(|lab| {
        let first = cards(lab);
        let used = first[1]
            .local
            .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        // Somebody else listens at the first life's port from here on, so that the system cannot
        // give it out again. SO_REUSEADDR, because the first connection may be in TIME-WAIT.
        let other = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        other.set_reuse_address(true).expect("SO_REUSEADDR");
        if other.bind(&used.into()).is_ok() {
            other.listen(1).expect("listen");
            lab.note(format!("another program listens at {used} now"));
        }
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
            first[1].local != second[1].local,
            "a port that is free, from the system, the second time",
            format!("{used} again"),
        );
    });
}

#[test]
fn s4_a_life_ends() {
    netlab::alone(|lab| {
        lab.why("A card is a copy of what the kernel knew. It needs no socket to live on.");
        cards(lab);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which lists a process's sockets"
)]
fn s4_the_sockets_are_closed_on_return() {
    netlab::alone(|lab| {
        lab.why(
            "The caller may want the port or the descriptor at once. A socket that a thread still holds is open: join the thread, or let one thread do everything.",
        );
        // More than once: a thread that closes the sockets may happen to be quick.
        for _ in 0..5 {
            let before = sockets();
            drop(lab.ok("lifecycle()", lifecycle));
            let left = sockets().difference(&before).count();
            lab.same("sockets left open when lifecycle returns", left, 0);
        }
    });
}

/// The sockets that this process has open.
fn sockets() -> BTreeSet<String> {
    let open = fs::read_dir("/proc/self/fd").expect("/proc/self/fd");
    open.flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .map(|link| link.to_string_lossy().into_owned())
        .filter(|link| link.starts_with("socket:"))
        .collect()
}

#[test]
fn s4_an_error_is_returned() {
    netlab::lab(|lab| {
        if !cfg!(unix) {
            lab.skip("this system has no shell (ulimit)");
        }
        lab.why(
            "The number of descriptors of a process is limited. Beyond it, socket and accept return an error (EMFILE). `?` returns it to the caller, which can react.",
        );
        lab.ok("lifecycle()", lifecycle);
        // None at all, or two: enough for the server and the client. With one, whoever accepts in a
        // thread of a scope would wait there for a client that cannot be made.
        let end = lab.elsewhere("ulimit -n 64", || {
            let one_more = || UdpSocket::bind("127.0.0.1:0").ok();
            for free in [0, 2] {
                let mut taken: Vec<UdpSocket> = std::iter::from_fn(one_more).collect();
                taken.truncate(taken.len() - free);
                let result = panic::catch_unwind(lifecycle);
                drop(taken);
                let word = match &result {
                    Ok(Ok(_)) => "Ok",
                    Ok(Err(_)) => "Err",
                    Err(_) => "a panic",
                };
                println!("\nwith {free} free, result: {word}");
            }
        });
        for (free, where_to) in [
            (0, "lifecycle() in a process without a free descriptor"),
            (2, "lifecycle() where accept gets no third descriptor"),
        ] {
            let start = format!("with {free} free, ");
            let told = end
                .stdout
                .lines()
                .find_map(|line| line.strip_prefix(&start));
            lab.same(where_to, told.unwrap_or(end.stderr.trim()), "result: Err");
        }
    });
}
