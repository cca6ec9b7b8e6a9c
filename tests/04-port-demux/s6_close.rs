//! Step 6: the end of a socket, and the end of a connection.

use netlab::{Lab, lab};
use port_demux::Proto::{Tcp, Udp};
use port_demux::State::{Closing, FinWait1, LastAck, TimeWait};
use port_demux::{FourTuple, SocketId};

use super::machine::Machine;
use super::words::{NO_REUSE, REUSE_ADDR, errno, row, shown, tuple};

const CLIENT: &str = "10.0.0.7:40000";

/// A machine with a listener at port 80 and one accepted connection.
fn server(lab: &Lab, reuse: port_demux::Reuse) -> (Machine, SocketId, SocketId, FourTuple) {
    let mut machine = Machine::new(lab);
    let server = machine.socket(Tcp, reuse);
    machine.bind(server, "10.0.0.5:80");
    machine.listen(server, 5);
    machine.meets("10.0.0.5:80", CLIENT);
    let (child, t) = machine.accept(server);
    (machine, server, child, t)
}

#[test]
fn s6_the_first_to_close_waits() {
    lab(|lab| {
        lab.why("The side that closes first remembers the connection for a while (TIME-WAIT), so that its late segments are not taken for those of a new one. The program has nothing to do with it any more (RFC 9293, section 3.6.1).");
        let (mut machine, _, child, t) = server(lab, NO_REUSE);
        let out = machine.close(child);
        lab.same("what goes out", out, vec![format!("FIN to {CLIENT}")]);
        machine.shows(child, &format!("FIN-WAIT-2 10.0.0.5:80 {CLIENT}"));
        machine.gets("10.0.0.5:80", CLIENT, &format!("exact #{}", child.0));
        let call = format!("close(#{}), again", child.0);
        let again = lab.err(&call, || machine.table.close(child));
        lab.same("a second close", errno(again), "BadSocket");
        lab.same("whose is the FIN", machine.fin(t), Some(child.0));
        machine.shows(child, &format!("TIME-WAIT 10.0.0.5:80 {CLIENT}"));
        lab.same("whose is the FIN, again", machine.fin(t), Some(child.0));
        machine.shows(child, &format!("TIME-WAIT 10.0.0.5:80 {CLIENT}"));
        machine.cannot_bind(child, "10.0.0.5:99", "BadSocket");
    });
}

#[test]
fn s6_the_second_to_close_is_gone() {
    lab(|lab| {
        lab.why("The side that closes second has got the other's FIN and sends its own. It has nothing left to remember: the first side does that.");
        let (mut machine, listener, child, t) = server(lab, NO_REUSE);
        lab.same("whose is the FIN", machine.fin(t), Some(child.0));
        machine.shows(child, &format!("CLOSE-WAIT 10.0.0.5:80 {CLIENT}"));
        lab.same("whose is the FIN, again", machine.fin(t), Some(child.0));
        machine.shows(child, &format!("CLOSE-WAIT 10.0.0.5:80 {CLIENT}"));
        let out = machine.close(child);
        lab.same("what goes out", out, vec![format!("FIN to {CLIENT}")]);
        machine.shows(child, "no such row");
        lab.same(
            "a FIN of nobody",
            machine.fin(tuple("10.0.0.5:80", "10.0.0.9:9")),
            None,
        );
        lab.why("An id is given once. Rows come and go, so their number says nothing about the ids that are taken.");
        machine.meets("10.0.0.5:80", "10.0.0.8:1");
        let second = machine.meets("10.0.0.5:80", "10.0.0.8:2");
        let (first, t) = machine.accept(listener);
        machine.fin(t);
        machine.close(first);
        let third = machine.meets("10.0.0.5:80", "10.0.0.8:3");
        let others = [listener, child, first, second];
        lab.holds(
            !others.iter().any(|other| other.0 == third.0),
            format!(
                "an id for the new child that none of {:?} is",
                others.map(|id| id.0)
            ),
            third.0,
        );
    });
}

#[test]
fn s6_a_fin_may_end_the_handshake() {
    lab(|lab| {
        lab.why("A FIN carries an ACK. The client's ACK was lost, and it has said goodbye already: its FIN opens the child first and then closes the client's direction (RFC 9293, section 3.10.7.4). The program accepts it and reads the end of the stream.");
        let mut machine = Machine::new(lab);
        let server = machine.listener("10.0.0.5:80", 0);
        machine.syn("10.0.0.5:80", "10.0.0.7:1");
        machine.syn("10.0.0.5:80", "10.0.0.7:2");
        let (one, two) = (
            tuple("10.0.0.5:80", "10.0.0.7:1"),
            tuple("10.0.0.5:80", "10.0.0.7:2"),
        );
        let child = machine.fin(one);
        let other = machine.fin(two);
        let (accepted, t) = machine.accept(server);
        lab.same("whose was the first FIN", child, Some(accepted.0));
        lab.same("the peer", t.remote.to_string(), "10.0.0.7:1".to_owned());
        machine.shows(accepted, "CLOSE-WAIT 10.0.0.5:80 10.0.0.7:1");
        lab.why("The second FIN came to a full queue, and its ACK was dropped: its child stays half open. The FIN will come again.");
        machine.cannot_accept(server, "WouldBlock");
        let half = machine.row_towards("10.0.0.7:2");
        machine.shows(half, "SYN-RECEIVED 10.0.0.5:80 10.0.0.7:2");
        lab.because("on_fin says which socket has these four numbers. The half-open child of 10.0.0.7:2 has them, also when the queue is full.")
            .same("what on_fin gave for the second FIN", other, Some(half.0));
        machine.fin(two);
        machine.shows(half, "CLOSE-WAIT 10.0.0.5:80 10.0.0.7:2");
        machine.accept(server);

        lab.why("FIN-WAIT-1, CLOSING and LAST-ACK are not left by a FIN in this table. (They end with an ACK: chapter 12.)");
        for (id, state) in [(90, FinWait1), (91, Closing), (92, LastAck)] {
            let remote = format!("10.0.0.9:{id}");
            let old = row(id, Tcp, state, "10.0.0.5:81", &remote);
            machine.has(old, NO_REUSE);
            let got = machine.fin(tuple("10.0.0.5:81", &remote));
            lab.same("whose is the FIN", got, Some(id));
            machine.shows(old.id, &shown(Some(old)));
        }

        lab.why("A FIN that comes before the answer to our SYN ends nothing: nothing has begun.");
        let calling = machine.tcp();
        let t = machine.connect(calling, "10.0.0.9:80");
        lab.same("whose is the FIN", machine.fin(t), Some(calling.0));
        machine.shows(calling, &format!("SYN-SENT {} 10.0.0.9:80", t.local));
    });
}

#[test]
fn s6_a_restart_after_closing_first() {
    lab(|lab| {
        lab.why("The server closed first, so its port is in TIME-WAIT. The next server gets it only with SO_REUSEADDR, on this listener and on the former one. Had the client closed first, the port would be free.");
        for (reuse, server_first, want) in [
            (NO_REUSE, true, "AddrInUse"),
            (REUSE_ADDR, true, "ok"),
            (NO_REUSE, false, "ok"),
        ] {
            lab.scene("a new machine");
            let (mut machine, listener, child, t) = server(lab, reuse);
            if server_first {
                machine.close(child);
                machine.fin(t);
            } else {
                machine.fin(t);
                machine.close(child);
            }
            machine.close(listener);
            if server_first {
                let ends = format!("TIME-WAIT 10.0.0.5:80 {CLIENT}");
                lab.because("Closing the listener does not touch connections that were accepted: this one goes on in TIME-WAIT.")
                    .same("the row of the child", shown(machine.table.row(child)), ends);
            }
            let next = machine.socket(Tcp, reuse);
            match want {
                "ok" => drop(machine.bind(next, "10.0.0.5:80")),
                want => machine.cannot_bind(next, "10.0.0.5:80", want),
            }
        }
    });
}

#[test]
fn s6_close_listener_keeps_children() {
    lab(|lab| {
        lab.why("Closing a listener ends no connection that was accepted. A connection in the queue is open for its client, so the client is told, by RST, unless it has sent an RST itself. Half-open ones get nothing: their ACK will find no socket.");
        let (mut machine, listener, child, _) = server(lab, NO_REUSE);
        let waiting = machine.meets("10.0.0.5:80", "10.0.0.8:1");
        let hung_up = machine.meets("10.0.0.5:80", "10.0.0.8:2");
        machine.fin(tuple("10.0.0.5:80", "10.0.0.8:2"));
        let call = format!("close(#{}), which nobody has accepted", waiting.0);
        let refused = lab.err(&call, || machine.table.close(waiting));
        lab.because("Until accept, no descriptor names the child: EBADF.")
            .same("the error", errno(refused), "BadSocket");
        machine.shows(waiting, "ESTABLISHED 10.0.0.5:80 10.0.0.8:1");
        machine.syn("10.0.0.5:80", "10.0.0.8:3");
        machine.meets("10.0.0.5:80", "10.0.0.8:4");
        machine.rst(tuple("10.0.0.5:80", "10.0.0.8:4"));
        let out = machine.close(listener);
        let want = ["RST to 10.0.0.8:1", "RST to 10.0.0.8:2"].map(str::to_owned);
        lab.same("what goes out", out, want.to_vec());
        machine.shows(listener, "no such row");
        machine.shows(waiting, "no such row");
        machine.shows(hung_up, "no such row");
        machine.shows(child, &format!("ESTABLISHED 10.0.0.5:80 {CLIENT}"));
        machine.has_rows(1);
        machine.gets("10.0.0.5:80", CLIENT, &format!("exact #{}", child.0));
        let late = machine.ack("10.0.0.5:80", "10.0.0.8:3");
        lab.same("the ACK of the half-open one", late, "RST".to_owned());
        machine.gets("10.0.0.5:80", "10.0.0.9:1", "nobody: RST");
        let out = machine.close(child);
        lab.same(
            "the child closes as ever",
            out,
            vec![format!("FIN to {CLIENT}")],
        );
    });
}

#[test]
fn s6_one_listener_closes_for_itself() {
    lab(|lab| {
        lab.why("Children belong to the listener that made them, not to its port.");
        let mut machine = Machine::new(lab);
        let one = machine.listener("10.0.0.5:80", 5);
        let two = machine.listener("127.0.0.1:80", 5);
        machine.meets("10.0.0.5:80", CLIENT);
        let other = machine.meets("127.0.0.1:80", "127.0.0.1:5000");
        let out = machine.close(one);
        lab.same("what goes out", out, vec![format!("RST to {CLIENT}")]);
        let (accepted, _) = machine.accept(two);
        lab.same("the other's child", accepted.0, other.0);
    });
}

#[test]
fn s6_a_child_keeps_its_port_from_clients() {
    lab(|lab| {
        lab.why("A child has its listener's port, and keeps it when the listener is gone: a client on that port would keep the next server from listening. This is true until its row goes, in TIME-WAIT too.");
        for (named, closes) in [(true, false), (true, true), (false, false), (false, true)] {
            lab.scene("a new machine, whose listener is closed after one connection");
            let mut machine = Machine::new(lab);
            let server = machine.tcp();
            // Without bind it is listen that chooses the port.
            if named {
                machine.bind(server, "10.0.0.5:40003");
            }
            machine.listen(server, 5);
            machine.meets(&format!("10.0.0.5:{}", machine.port(server)), CLIENT);
            let (child, t) = machine.accept(server);
            machine.close(server);
            if closes {
                machine.close(child);
                machine.fin(t);
            }
            for _ in 0..9 {
                let client = machine.tcp();
                machine.connect(client, "10.0.0.9:80");
            }
            let tenth = machine.tcp();
            machine.cannot_connect(tenth, "10.0.0.9:80", "AddrNotAvailable");
        }
    });
}

#[test]
fn s6_nothing_to_say_goodbye_to() {
    lab(|lab| {
        lab.why("A FIN ends a conversation. A socket that has none goes silently: unbound, bound, in the middle of connect, and every UDP socket, connected or not.");
        let mut machine = Machine::new(lab);
        let fresh = machine.tcp();
        let bound = machine.tcp();
        machine.bind(bound, "10.0.0.5:80");
        let calling = machine.tcp();
        let t = machine.connect(calling, "10.0.0.9:80");
        let udp = machine.udp();
        machine.bind(udp, "10.0.0.5:53");
        let connected = machine.socket(Udp, NO_REUSE);
        machine.connect(connected, "10.0.0.53:53");
        for s in [fresh, bound, calling, udp, connected] {
            lab.same("what goes out", machine.close(s), vec![]);
            machine.shows(s, "no such row");
        }
        lab.same(
            "the answer to its SYN",
            machine.syn_ack(t).map(|id| id.0),
            None,
        );
        let next = machine.tcp();
        machine.bind(next, "0.0.0.0:80");
    });
}

#[test]
fn s6_a_refused_client_may_try_again() {
    lab(|lab| {
        lab.why("A connect that failed leaves the socket as it was before. It keeps the address and port that the program named in bind; a port that the system chose is given back.");
        let cases = [
            (None, "CLOSED 0.0.0.0:0 -"),
            (Some("127.0.0.1:5000"), "CLOSED 127.0.0.1:5000 -"),
            (Some("0.0.0.0:5000"), "CLOSED 0.0.0.0:5000 -"),
            (Some("127.0.0.1:0"), "CLOSED 127.0.0.1:0 -"),
        ];
        for (bind, want) in cases {
            lab.scene("a new machine");
            let mut machine = Machine::new(lab);
            let client = machine.tcp();
            if let Some(local) = bind {
                machine.bind(client, local);
            }
            let t = machine.connect(client, "10.0.0.9:80");
            lab.same("whose is the RST", machine.rst(t), Some(client.0));
            machine.shows(client, want);
            machine.gets(&t.local.to_string(), "10.0.0.9:80", "nobody: RST");
            let t = machine.connect(client, "10.0.0.9:81");
            lab.same("whose is the second RST", machine.rst(t), Some(client.0));
            machine.shows(client, want);
            let t = machine.connect(client, "10.0.0.9:82");
            lab.same(
                "whose is the answer",
                machine.syn_ack(t).map(|id| id.0),
                Some(client.0),
            );
        }
        lab.scene("a new machine, whose port 5000 is taken");
        lab.why("A bind that failed is not remembered.");
        let mut machine = Machine::new(lab);
        machine.listener("10.0.0.5:5000", 5);
        let client = machine.tcp();
        machine.cannot_bind(client, "10.0.0.5:5000", "AddrInUse");
        let t = machine.connect(client, "10.0.0.9:80");
        machine.rst(t);
        machine.shows(client, "CLOSED 0.0.0.0:0 -");
        lab.scene("a new machine, whose ports are taken towards one server");
        lab.why(
            "The four numbers count: from another address of this machine the same ports are free.",
        );
        let mut machine = Machine::new(lab);
        let client = machine.tcp();
        machine.bind(client, "127.0.0.1:0");
        let t = machine.connect(client, "10.0.0.9:80");
        machine.rst(t);
        for _ in 0..10 {
            let other = machine.tcp();
            machine.connect(other, "10.0.0.9:80");
        }
        machine.connect(client, "10.0.0.9:80");
        lab.scene("a new machine, where the refused client listens");
        lab.why("If the port in bind was 0, bind named only an address. listen adds a port, as bind would.");
        let mut machine = Machine::new(lab);
        let client = machine.tcp();
        machine.bind(client, "127.0.0.1:0");
        let t = machine.connect(client, "10.0.0.9:80");
        machine.rst(t);
        machine.listen(client, 1);
        let port = machine.port(client);
        lab.holds(port != 0, "a port", port);
        machine.shows(client, &format!("LISTEN 127.0.0.1:{port} -"));
        lab.why("A socket without a port may be bound, whatever it was before.");
        let client = machine.tcp();
        machine.bind(client, "127.0.0.1:0");
        let t = machine.connect(client, "10.0.0.9:80");
        machine.rst(t);
        machine.bind(client, "10.0.0.5:5001");
        machine.shows(client, "CLOSED 10.0.0.5:5001 -");
    });
}

#[test]
fn s6_a_reset_ends_a_connection() {
    lab(|lab| {
        lab.why("RST says that there is no such connection any more. No FIN follows it. The program keeps its descriptor until it closes it.");
        let (mut machine, listener, child, t) = server(lab, NO_REUSE);
        lab.same("whose is the RST", machine.rst(t), Some(child.0));
        let left = machine.table.row(child).map(|row| row.remote.is_some());
        lab.same("it is there, and has a peer", left, Some(false));
        lab.same("what close sends", machine.close(child), vec![]);
        machine.shows(child, "no such row");
        lab.same("an RST for nobody", machine.rst(t), None);

        lab.why("The program holds a connection in CLOSE-WAIT as well: a reset takes the peer and leaves the socket. This child never named a port, so it has none then.");
        let half = machine.meets("10.0.0.5:80", "10.0.0.8:1");
        let (accepted, t) = machine.accept(listener);
        lab.same("the accepted socket", accepted.0, half.0);
        machine.fin(t);
        lab.same("whose is the RST", machine.rst(t), Some(half.0));
        machine.shows(half, "CLOSED 10.0.0.5:0 -");
        lab.same("what close sends", machine.close(half), vec![]);

        lab.why("The socket keeps what bind named. A port that the system chose is lost, and another socket may have it.");
        lab.note("a client whose port the system chose");
        let client = machine.tcp();
        let t = machine.connect(client, "10.0.0.9:80");
        machine.syn_ack(t);
        machine.rst(t);
        machine.shows(client, "CLOSED 0.0.0.0:0 -");

        lab.note("a client whose port bind named");
        let client = machine.tcp();
        machine.bind(client, "0.0.0.0:5000");
        let t = machine.connect(client, "10.0.0.9:80");
        machine.syn_ack(t);
        machine.rst(t);
        machine.shows(client, "CLOSED 10.0.0.5:5000 -");

        lab.why(
            "CLOSE-WAIT is a state of a connection that was open: after a reset all is as above.",
        );
        let client = machine.tcp();
        let t = machine.connect(client, "10.0.0.9:80");
        machine.syn_ack(t);
        machine.fin(t);
        machine.rst(t);
        machine.shows(client, "CLOSED 0.0.0.0:0 -");
        let client = machine.tcp();
        machine.bind(client, "0.0.0.0:5001");
        let t = machine.connect(client, "10.0.0.9:80");
        machine.syn_ack(t);
        machine.fin(t);
        machine.rst(t);
        machine.shows(client, "CLOSED 10.0.0.5:5001 -");

        lab.why("The socket still has its port from bind, so no client of this machine gets it.");
        lab.note(
            "a client whose port bind named is reset; 40003 is one of the ten that clients may get",
        );
        let named = machine.tcp();
        machine.bind(named, "10.0.0.5:40003");
        let t = machine.connect(named, "10.0.0.9:80");
        machine.syn_ack(t);
        machine.rst(t);
        for _ in 0..9 {
            let other = machine.tcp();
            machine.connect(other, "10.0.0.10:80");
        }
        let tenth = machine.tcp();
        machine.cannot_connect(tenth, "10.0.0.10:80", "AddrNotAvailable");

        lab.scene("a new machine, and a client whose address bind named, with port 0");
        lab.why("The socket keeps what bind named, here an address. A port that the system chose is lost.");
        let mut machine = Machine::new(lab);
        let client = machine.tcp();
        machine.bind(client, "127.0.0.1:0");
        let t = machine.connect(client, "10.0.0.9:80");
        machine.syn_ack(t);
        machine.rst(t);
        machine.shows(client, "CLOSED 127.0.0.1:0 -");
    });
}

#[test]
fn s6_a_reset_child_has_lost_its_port() {
    lab(|lab| {
        lab.why("bind named the listener's port, not the child's. So a child that was reset has none, although the program still holds it: the next server gets the port without any option.");
        for (local, left) in [
            ("10.0.0.5:80", "CLOSED 10.0.0.5:0 -"),
            ("0.0.0.0:80", "CLOSED 0.0.0.0:0 -"),
        ] {
            lab.scene(format!("a new machine with a listener at {local}"));
            let mut machine = Machine::new(lab);
            let server = machine.listener(local, 5);
            machine.meets("10.0.0.5:80", CLIENT);
            let (child, t) = machine.accept(server);
            machine.rst(t);
            machine.shows(child, left);
            machine.close(server);
            let next = machine.tcp();
            machine.bind(next, "10.0.0.5:80");
        }
    });
}

#[test]
fn s6_a_reset_in_the_queue_is_accepted_all_the_same() {
    lab(|lab| {
        lab.why("On Linux accept gives out a connection that was reset while it waited, and the first read tells. So a server must expect an error from a socket that it has only just got.");
        let (mut machine, listener, _, _) = server(lab, NO_REUSE);
        let waiting = machine.meets("10.0.0.5:80", "10.0.0.8:1");
        machine.rst(tuple("10.0.0.5:80", "10.0.0.8:1"));
        let (accepted, t) = machine.accept(listener);
        lab.same("the accepted socket", accepted.0, waiting.0);
        let ends = (t.local.to_string(), t.remote.to_string());
        let want = ("10.0.0.5:80".to_owned(), "10.0.0.8:1".to_owned());
        lab.same("its four numbers", ends, want);
        machine.shows(accepted, "CLOSED 10.0.0.5:0 -");
        machine.gets(
            "10.0.0.5:80",
            "10.0.0.8:1",
            &format!("bound #{}", listener.0),
        );
        lab.why("It holds its place in the queue until accept: a backlog of 0 has room for one, reset or not.");
        let small = machine.listener("10.0.0.5:81", 0);
        machine.meets("10.0.0.5:81", "10.0.0.8:3");
        machine.rst(tuple("10.0.0.5:81", "10.0.0.8:3"));
        let next = machine.syn("10.0.0.5:81", "10.0.0.8:4");
        lab.same("the next SYN", next, "dropped".to_owned());
        machine.accept(small);
        machine.meets("10.0.0.5:81", "10.0.0.8:4");
        lab.why("The same holds for a client that has sent its FIN and resets afterwards: a connection in CLOSE-WAIT waits for accept like an open one.");
        let waiting = machine.meets("10.0.0.5:80", "10.0.0.8:2");
        machine.fin(tuple("10.0.0.5:80", "10.0.0.8:2"));
        machine.rst(tuple("10.0.0.5:80", "10.0.0.8:2"));
        let (accepted, _) = machine.accept(listener);
        lab.same("the accepted socket", accepted.0, waiting.0);
        machine.shows(accepted, "CLOSED 10.0.0.5:0 -");
    });
}

#[test]
fn s6_a_reset_wipes_what_nobody_holds() {
    lab(|lab| {
        lab.why("No program holds a half-open child, or a connection that it has closed: a reset leaves nothing of them.");
        let (mut machine, listener, child, t) = server(lab, NO_REUSE);
        machine.close(child);
        machine.rst(t);
        machine.shows(child, "no such row");

        for (id, state) in [(90, TimeWait), (91, FinWait1), (92, Closing), (93, LastAck)] {
            let remote = format!("10.0.0.9:{id}");
            let old = row(id, Tcp, state, "10.0.0.5:80", &remote);
            machine.has(old, NO_REUSE);
            let got = machine.rst(tuple("10.0.0.5:80", &remote));
            lab.same("whose is the RST", got, Some(id));
            machine.shows(old.id, "no such row");
        }

        machine.syn("10.0.0.5:80", "10.0.0.8:1");
        let half = tuple("10.0.0.5:80", "10.0.0.8:1");
        let child = machine.row_towards("10.0.0.8:1");
        lab.same("whose is the RST", machine.rst(half), Some(child.0));
        machine.has_rows(1);
        let late = machine.ack("10.0.0.5:80", "10.0.0.8:1");
        lab.same("its ACK", late, "RST".to_owned());
        machine.cannot_accept(listener, "WouldBlock");
    });
}

#[test]
fn s6_a_chosen_port_is_free_again() {
    lab(|lab| {
        lab.why("Ten ports, and a hundred conversations one after the other: a port that is not given back runs out after ten.");
        let mut machine = Machine::new(lab);
        for _ in 0..100 {
            let client = machine.tcp();
            let t = machine.connect(client, "10.0.0.9:80");
            machine.syn_ack(t);
            machine.fin(t);
            machine.close(client);
        }
        machine.has_rows(0);
    });
}
