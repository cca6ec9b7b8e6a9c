//! Step 6: a listening socket that can be closed while somebody waits at it.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use concurrent_server::{Acceptor, Client, Door};
use netlab::{Lab, Running, lab};

use super::scene::{echo_five, listener};

#[test]
fn s6_the_door_lets_clients_in() {
    lab(|lab| {
        lab.why("A door is an acceptor like a bare listener: the connection it gives is the client's, and the address it tells is the client's too.");
        let (door, addr) = door(lab);
        lab.same(
            "the door's address",
            lab.you("addr()", || door.addr()),
            addr,
        );
        for name in ["client A", "client B"] {
            let peer = lab.connect_as(name, addr);
            let Some(client) = lab.ok("accept()", || door.accept()) else {
                lab.fails("a client", "None, from a door that is open");
            };
            lab.same("the client's address", client.peer(), peer.local());
            peer.sends(b"hello");
            echo_five(&client).expect("an open connection");
            drop(client);
            peer.expects(b"hello");
            peer.expects_eof();
        }
    });
}

#[test]
fn s6_close_wakes_a_blocked_accept() {
    lab(|lab| {
        lab.why("The server is told to stop, and accept still sleeps. No client will ever come, so something else must wake it: shut the listener down, or be a client yourself.");
        let (door, _) = door(lab);
        let waiting = accepting(lab, &door);
        waiting.settles();
        lab.you("close()", || door.close());
        gives_none(lab, waiting.returns_ok());
    });
}

#[test]
fn s6_a_closed_door_stays_closed() {
    lab(|lab| {
        lab.why("Nobody was in accept when the door was closed. Whoever comes to it later must not wait there for ever, however often he asks.");
        let (door, _) = door(lab);
        lab.you("close()", || door.close());
        for _ in 0..3 {
            gives_none(lab, lab.ok("accept()", || door.accept()));
        }
        lab.you("close(), again", || door.close());
        gives_none(lab, lab.ok("accept()", || door.accept()));
    });
}

#[test]
fn s6_who_comes_too_late_is_not_served() {
    lab(|lab| {
        lab.why("This client had connected, and nobody had accepted it. Now the server stops: it gets no conversation, and must not wait for one either.");
        let (door, addr) = door(lab);
        let late = lab.connect_as("client A", addr);
        lab.you("close()", || door.close());
        gives_none(lab, lab.ok("accept()", || door.accept()));
        lab.why("This client had connected, and nobody will accept it any more. It must not wait for an answer: when the listening socket is closed, the kernel ends its connection.");
        late.sees_fin();
    });
}

#[test]
fn s6_the_port_refuses_then() {
    lab(|lab| {
        lab.why("The server is told to stop, and accept still sleeps.");
        let (door, addr) = door(lab);
        let waiting = accepting(lab, &door);
        waiting.settles();
        lab.you("close()", || door.close());
        gives_none(lab, waiting.returns_ok());
        lab.why(OPEN_FOR_NOBODY);
        let refused = TcpStream::connect(addr).is_err();
        lab.holds(
            refused,
            format!("connections to {addr} to be refused, while the door still exists"),
            "a connection",
        );
        drop(door);
    });
}

fn door(lab: &Lab) -> (Arc<Door>, SocketAddr) {
    let (listener, addr) = listener();
    let door = lab.ok("Door::new(listener)", || Door::new(listener));
    (Arc::new(door), addr)
}

fn accepting(lab: &Lab, door: &Arc<Door>) -> Running<io::Result<Option<Client>>> {
    let door = Arc::clone(door);
    lab.student("accept()", move || door.accept())
}

const OPEN_FOR_NOBODY: &str = "As long as the listening socket is open, the kernel goes on making connections for it, and clients wait for a server that has stopped. Let go of it, and they are refused: then they can look elsewhere.";

/// Demands the answer of a closed door.
fn gives_none(lab: &Lab, client: Option<Client>) {
    lab.why("A closed door lets nobody in. Who wakes accept is the door's own connection, or a client who comes too late: look at the door again when accept has returned.");
    lab.holds(
        client.is_none(),
        "accept() to return None: the door is closed",
        "a client: perhaps the one that close() sent to wake accept",
    );
}
