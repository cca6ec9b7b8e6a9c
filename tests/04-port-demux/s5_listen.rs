//! Step 5: a listener, a queue, and children.

use std::collections::BTreeSet;

use netlab::lab;
use port_demux::Proto::{Tcp, Udp};
use port_demux::SocketId;
use port_demux::State::{
    CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, SynSent, TimeWait,
};

use super::machine::Machine;
use super::words::{NO_REUSE, REUSE_ADDR, REUSE_PORT, row, shown, tuple};

#[test]
fn s5_listen_opens_the_door() {
    lab(|lab| {
        lab.why("listen changes one word in the row. From then on strangers' SYNs find it.");
        let mut machine = Machine::new(lab);
        let server = machine.tcp();
        machine.bind(server, "0.0.0.0:80");
        machine.gets("10.0.0.5:80", "10.0.0.7:40000", "nobody: RST");
        lab.same(
            "a SYN before listen",
            machine.syn("10.0.0.5:80", "10.0.0.7:40000"),
            "RST".to_owned(),
        );
        machine.listen(server, 5);
        machine.shows(server, "LISTEN 0.0.0.0:80 -");
        machine.gets(
            "10.0.0.5:80",
            "10.0.0.7:40000",
            &format!("wildcard #{}", server.0),
        );
    });
}

#[test]
fn s5_listen_without_bind_picks_a_port() {
    lab(|lab| {
        lab.why("A listener needs a port, so listen lets the system choose one. It is the listener's own: no client of this machine gets it.");
        let mut machine = Machine::new(lab);
        let server = machine.tcp();
        machine.listen(server, 1);
        let port = machine.port(server);
        lab.holds(
            (40000..=40009).contains(&port),
            "a port from 40000 to 40009",
            port,
        );
        machine.shows(server, &format!("LISTEN 0.0.0.0:{port} -"));
        for _ in 0..9 {
            let client = machine.tcp();
            machine.connect(client, "10.0.0.9:80");
        }
        let tenth = machine.tcp();
        machine.cannot_connect(tenth, "10.0.0.9:80", "AddrNotAvailable");
        lab.scene("a new machine, and a bind with port 0");
        lab.why("bind has chosen the port already, and told the program which. listen leaves it as it is.");
        let mut machine = Machine::new(lab);
        let server = machine.tcp();
        let local = machine.bind(server, "127.0.0.1:0");
        machine.listen(server, 1);
        machine.shows(server, &format!("LISTEN {local} -"));
        lab.scene("a new machine, whose ten ports are bound");
        lab.why("A listener needs a port, and none is left.");
        let mut machine = Machine::new(lab);
        for _ in 0..10 {
            let s = machine.tcp();
            machine.bind(s, "127.0.0.1:0");
        }
        let server = machine.tcp();
        machine.cannot_listen(server, "AddrInUse");
        machine.shows(server, "CLOSED 0.0.0.0:0 -");
    });
}

#[test]
fn s5_who_cannot_listen() {
    lab(|lab| {
        lab.why("UDP has no connections to wait for (EOPNOTSUPP). A socket that has a peer cannot have another one (EINVAL).");
        let mut machine = Machine::new(lab);
        let udp = machine.udp();
        machine.bind(udp, "0.0.0.0:53");
        machine.cannot_listen(udp, "NotSupported");
        machine.connect(udp, "10.0.0.53:53");
        machine.cannot_listen(udp, "NotSupported");
        let client = machine.tcp();
        machine.connect(client, "10.0.0.9:80");
        machine.cannot_listen(client, "Invalid");
        for (id, state) in [(90, Established), (91, CloseWait)] {
            let remote = format!("10.0.0.9:{id}");
            machine.has(row(id, Tcp, state, "10.0.0.5:5000", &remote), REUSE_ADDR);
            machine.cannot_listen(SocketId(id), "Invalid");
        }
        machine.cannot_listen(SocketId(99), "BadSocket");
    });
}

#[test]
fn s5_listen_asks_again() {
    lab(|lab| {
        lab.why("With SO_REUSEADDR two sockets may be bound to one address as long as neither listens. The first one to listen gets the port, so listen asks again what bind asked.");
        let mut machine = Machine::new(lab);
        let one = machine.socket(Tcp, REUSE_ADDR);
        machine.bind(one, "10.0.0.5:80");
        let two = machine.socket(Tcp, REUSE_ADDR);
        machine.bind(two, "0.0.0.0:80");
        machine.listen(one, 1);
        machine.cannot_listen(two, "AddrInUse");
        machine.shows(two, "CLOSED 0.0.0.0:80 -");
        lab.why("Both have SO_REUSEPORT, so both may listen.");
        let three = machine.socket(Tcp, REUSE_PORT);
        machine.bind(three, "10.0.0.5:81");
        let four = machine.socket(Tcp, REUSE_PORT);
        machine.bind(four, "10.0.0.5:81");
        machine.listen(three, 1);
        machine.listen(four, 1);
    });
}

#[test]
fn s5_syn_creates_a_child_not_a_listener_change() {
    lab(|lab| {
        lab.why("A connection request makes a new socket, the child. Its port is the listener's: the client would not know any other. The listener stays as it was.");
        let mut machine = Machine::new(lab);
        let server = machine.listener("0.0.0.0:80", 5);
        let answer = machine.syn("10.0.0.5:80", "10.0.0.7:40000");
        let child = machine
            .table
            .rows()
            .into_iter()
            .find(|row| row.remote.is_some());
        let Some(child) = child else {
            lab.fails("a row for the child", "no row with a peer");
        };
        lab.same(
            "the answer",
            answer,
            format!("SYN and ACK from #{}", child.id.0),
        );
        machine.shows(child.id, "SYN-RECEIVED 10.0.0.5:80 10.0.0.7:40000");
        machine.shows(server, "LISTEN 0.0.0.0:80 -");
        lab.holds(
            child.id.0 != server.0,
            "an id of its own",
            "the listener's id",
        );
        machine.gets(
            "10.0.0.5:80",
            "10.0.0.7:40000",
            &format!("exact #{}", child.id.0),
        );
        machine.gets(
            "10.0.0.5:80",
            "10.0.0.8:40000",
            &format!("wildcard #{}", server.0),
        );
        lab.why("Half of a handshake is not a connection: there is nothing to accept yet.");
        machine.cannot_accept(server, "WouldBlock");
        lab.why("Until accept, no descriptor names the child.");
        machine.cannot_listen(child.id, "BadSocket");
    });
}

#[test]
fn s5_a_repeated_syn_makes_no_second_child() {
    lab(|lab| {
        lab.why("A client whose SYN was not answered in time sends it again. It is still one connection: the same four numbers, the same child.");
        let mut machine = Machine::new(lab);
        let server = machine.listener("10.0.0.5:80", 5);
        let first = machine.syn("10.0.0.5:80", "10.0.0.7:40000");
        let second = machine.syn("10.0.0.5:80", "10.0.0.7:40000");
        lab.same("the second answer", second, first);
        machine.has_rows(2);
        machine.ack("10.0.0.5:80", "10.0.0.7:40000");
        machine.accept(server);
        machine.cannot_accept(server, "WouldBlock");
    });
}

#[test]
fn s5_ack_opens_and_accept_hands_over() {
    lab(|lab| {
        lab.why("The kernel opens the connection by itself. accept takes an open one from the queue and gives the program a descriptor; it changes no number and sends nothing.");
        let mut machine = Machine::new(lab);
        let server = machine.listener("0.0.0.0:80", 5);
        let child = machine.meets("10.0.0.5:80", "10.0.0.7:40000");
        machine.shows(child, "ESTABLISHED 10.0.0.5:80 10.0.0.7:40000");
        let another = machine.ack("10.0.0.5:80", "10.0.0.7:40000");
        lab.because("This connection is open already. An ACK on it is an ordinary segment: it opens nothing, and puts nothing into the queue.")
            .same("another ACK", another, format!("delivered to #{}", child.0));
        let (accepted, t) = machine.accept(server);
        lab.same("the accepted socket", accepted.0, child.0);
        let ends = (t.local.to_string(), t.remote.to_string());
        let want = ("10.0.0.5:80".to_owned(), "10.0.0.7:40000".to_owned());
        lab.same("its four numbers", ends, want);
        machine.shows(child, "ESTABLISHED 10.0.0.5:80 10.0.0.7:40000");
        machine.shows(server, "LISTEN 0.0.0.0:80 -");
        machine.cannot_accept(server, "WouldBlock");
    });
}

#[test]
fn s5_every_child_has_the_listeners_port() {
    lab(|lab| {
        lab.why("Five clients, one port. A child at another port would answer from there, and its client would take the answer for a stranger's.");
        let mut machine = Machine::new(lab);
        let server = machine.listener("0.0.0.0:80", 5);
        for n in 1..=5 {
            machine.meets("10.0.0.5:80", &format!("10.0.0.{n}:40000"));
        }
        // Who is first is the next test's question.
        let mut clients = BTreeSet::new();
        for _ in 1..=5 {
            let (child, t) = machine.accept(server);
            machine.shows(child, &format!("ESTABLISHED 10.0.0.5:80 {}", t.remote));
            clients.insert(t.remote.to_string());
        }
        let want = (1..=5).map(|n| format!("10.0.0.{n}:40000")).collect();
        lab.same("the clients", clients, want);
    });
}

#[test]
fn s5_accept_is_fifo() {
    lab(|lab| {
        lab.why("The queue is in the order in which handshakes ended, not in which they began: a slow client does not hold up those behind it.");
        let mut machine = Machine::new(lab);
        let server = machine.listener("10.0.0.5:80", 5);
        let clients = ["10.0.0.1:1001", "10.0.0.2:1002", "10.0.0.3:1003"];
        for client in clients {
            machine.syn("10.0.0.5:80", client);
        }
        let order = [clients[1], clients[2], clients[0]];
        for client in order {
            machine.ack("10.0.0.5:80", client);
        }
        for client in order {
            let (_, t) = machine.accept(server);
            lab.same("who is next", t.remote.to_string(), client.to_owned());
        }
    });
}

#[test]
fn s5_backlog_n_holds_n_plus_1_then_drops() {
    lab(|lab| {
        for backlog in [0, 1, 2, 5, 300] {
            lab.scene(format!("a new machine, backlog {backlog}"));
            lab.why(format!("Linux asks whether the queue is longer than the backlog, {backlog}. So {} fit, whatever number the program has given to listen.", backlog + 1));
            let mut machine = Machine::new(lab);
            let server = machine.listener("10.0.0.5:80", backlog);
            for n in 0..=backlog {
                machine.meets("10.0.0.5:80", &format!("10.0.0.7:{}", 5000 + n));
            }
            lab.why(format!("{} wait in the queue: it is longer than the backlog, {backlog}. The SYN gets no answer at all, and leaves no row: its client sends it again later, when there may be room. RST would send the client away.", backlog + 1));
            let rows = machine.table.rows().len();
            let late = "10.0.0.8:6000";
            lab.same(
                "one more",
                machine.syn("10.0.0.5:80", late),
                "dropped".to_owned(),
            );
            machine.has_rows(rows);
            machine.accept(server);
            lab.note("one was accepted: there is room for one");
            machine.meets("10.0.0.5:80", late);
            let later = machine.syn("10.0.0.5:80", "10.0.0.8:6001");
            lab.same("one more", later, "dropped".to_owned());
        }
        lab.scene("a new machine, backlog usize::MAX");
        lab.why("A backlog can be as large as a usize. Backlog plus one is more than that: ask whether the queue is longer than the backlog.");
        let mut machine = Machine::new(lab);
        let server = machine.listener("10.0.0.5:80", usize::MAX);
        machine.meets("10.0.0.5:80", "10.0.0.7:5000");
        machine.accept(server);
    });
}

#[test]
fn s5_half_open_ones_do_not_count() {
    lab(|lab| {
        lab.why("The backlog limits finished connections. Those that are still shaking hands wait elsewhere. When they all finish at once, the queue may be full by then: the ACK is dropped, and the child stays half open.");
        let mut machine = Machine::new(lab);
        let server = machine.listener("10.0.0.5:80", 0);
        for port in 5000..5003 {
            let answer = machine.syn("10.0.0.5:80", &format!("10.0.0.7:{port}"));
            lab.holds(
                answer.starts_with("SYN and ACK"),
                "an answer to each of three SYNs",
                answer,
            );
        }
        machine.ack("10.0.0.5:80", "10.0.0.7:5000");
        let second = machine.ack("10.0.0.5:80", "10.0.0.7:5001");
        lab.same("the second ACK", second, "dropped".to_owned());
        let rows = machine.table.rows();
        let half = rows
            .iter()
            .find(|row| row.remote == Some(tuple("10.0.0.5:80", "10.0.0.7:5001").remote));
        lab.same(
            "the second client's row",
            shown(half.copied()),
            "SYN-RECEIVED 10.0.0.5:80 10.0.0.7:5001".to_owned(),
        );
        let answer = machine.syn("10.0.0.5:80", "10.0.0.7:5001");
        lab.holds(
            answer.starts_with("SYN and ACK"),
            "the half-open child answers its SYN again, though the queue is full",
            answer,
        );
        machine.accept(server);
        lab.note("the client sends its ACK again, with its first data");
        let again = machine.ack("10.0.0.5:80", "10.0.0.7:5001");
        lab.holds(again.ends_with("is open"), "the child is open", again);
    });
}

#[test]
fn s5_a_new_backlog_counts_at_once() {
    lab(|lab| {
        lab.why("listen on a listener sets a new limit, here 1 instead of 0, and does not change the queue. The next SYN is measured by the new limit.");
        let mut machine = Machine::new(lab);
        let server = machine.listener("10.0.0.5:80", 0);
        machine.meets("10.0.0.5:80", "10.0.0.7:5000");
        machine.listen(server, 1);
        machine.shows(server, "LISTEN 10.0.0.5:80 -");
        machine.meets("10.0.0.5:80", "10.0.0.7:5001");
        lab.same(
            "a third one",
            machine.syn("10.0.0.5:80", "10.0.0.7:5002"),
            "dropped".to_owned(),
        );
        lab.note("the backlog goes down to 0 while two wait");
        machine.listen(server, 0);
        machine.accept(server);
        let next = machine.syn("10.0.0.5:80", "10.0.0.7:5003");
        lab.same("a SYN while one waits", next, "dropped".to_owned());
        machine.accept(server);
        machine.meets("10.0.0.5:80", "10.0.0.7:5003");
    });
}

#[test]
fn s5_segments_without_a_handshake() {
    lab(|lab| {
        lab.why("An ACK to a listener acknowledges nothing, so it gets RST (RFC 9293, section 3.10.7.2). A SYN on an open connection gets an ACK that says where it stands: a stranger could have sent it (section 3.10.7.4).");
        let mut machine = Machine::new(lab);
        machine.listener("10.0.0.5:80", 5);
        let stray = machine.ack("10.0.0.5:80", "10.0.0.7:5000");
        lab.same("an ACK without a SYN", stray, "RST".to_owned());
        lab.same(
            "an ACK to nobody",
            machine.ack("10.0.0.5:81", "10.0.0.7:5000"),
            "RST".to_owned(),
        );
        lab.same(
            "a SYN to nobody",
            machine.syn("10.0.0.5:81", "10.0.0.7:5000"),
            "RST".to_owned(),
        );
        let child = machine.meets("10.0.0.5:80", "10.0.0.7:5000");
        let again = machine.syn("10.0.0.5:80", "10.0.0.7:5000");
        lab.same(
            "a SYN on an open connection",
            again,
            format!("challenge ACK from #{}", child.0),
        );
        machine.shows(child, "ESTABLISHED 10.0.0.5:80 10.0.0.7:5000");

        lab.why("A connection that is half closed is a connection still. Only TIME-WAIT makes room for a SYN, and only SYN-SENT waits for a SYN and ACK.");
        for (id, state) in [
            (90, FinWait2),
            (91, CloseWait),
            (94, FinWait1),
            (95, LastAck),
            (96, Closing),
        ] {
            let remote = format!("10.0.0.7:{id}");
            let half = row(id, Tcp, state, "10.0.0.5:80", &remote);
            machine.has(half, NO_REUSE);
            let before = shown(machine.table.row(half.id));
            lab.same(
                "a SYN on a connection that is half closed",
                machine.syn("10.0.0.5:80", &remote),
                format!("challenge ACK from #{id}"),
            );
            machine.shows(half.id, &before);
            let got = machine.syn_ack(tuple("10.0.0.5:80", &remote));
            lab.same("whose is the SYN and ACK", got.map(|id| id.0), None);
            machine.shows(half.id, &before);
            lab.same(
                "an ACK",
                machine.ack("10.0.0.5:80", &remote),
                format!("delivered to #{id}"),
            );
            machine.shows(half.id, &before);
        }
        lab.why("A UDP socket with these four numbers is another protocol's: the SYN finds the listener.");
        let other = row(93, Udp, Established, "10.0.0.5:80", "10.0.0.7:93");
        machine.has(other, NO_REUSE);
        machine.meets("10.0.0.5:80", "10.0.0.7:93");
        lab.why("A child waits for an ACK. A SYN,ACK answers a SYN without ACK, and the child has not sent one.");
        machine.syn("10.0.0.5:80", "10.0.0.7:92");
        let child = machine.row_towards("10.0.0.7:92");
        let got = machine.syn_ack(tuple("10.0.0.5:80", "10.0.0.7:92"));
        lab.same("whose is the SYN and ACK", got.map(|id| id.0), None);
        machine.shows(child, "SYN-RECEIVED 10.0.0.5:80 10.0.0.7:92");
    });
}

#[test]
fn s5_only_a_syn_and_ack_answers_a_syn() {
    lab(|lab| {
        lab.why("In SYN-SENT an ACK without SYN does not answer our SYN: it belongs to an older connection, which the RST ends at the other side (RFC 9293, section 3.10.7.3). The socket goes on waiting.");
        let mut machine = Machine::new(lab);
        let calling = row(90, Tcp, SynSent, "10.0.0.5:40000", "10.0.0.9:80");
        machine.has(calling, NO_REUSE);
        lab.same(
            "an ACK",
            machine.ack("10.0.0.5:40000", "10.0.0.9:80"),
            "RST".to_owned(),
        );
        machine.shows(calling.id, "SYN-SENT 10.0.0.5:40000 10.0.0.9:80");
        lab.why("A SYN from the server that was called gets a challenge here. (In chapter 09 both ends may begin at once.)");
        lab.same(
            "a SYN",
            machine.syn("10.0.0.5:40000", "10.0.0.9:80"),
            "challenge ACK from #90".to_owned(),
        );
        machine.shows(calling.id, "SYN-SENT 10.0.0.5:40000 10.0.0.9:80");
        let t = tuple("10.0.0.5:40000", "10.0.0.9:80");
        let got = machine.syn_ack(t).map(|id| id.0);
        lab.same("whose is the SYN and ACK", got, Some(90));
        machine.shows(calling.id, "ESTABLISHED 10.0.0.5:40000 10.0.0.9:80");
    });
}

#[test]
fn s5_a_child_goes_to_the_listener_that_made_it() {
    lab(|lab| {
        lab.why("A child knows its parent. A listener that fits better by now did not answer its SYN and does not get it.");
        let mut machine = Machine::new(lab);
        let server = |machine: &mut Machine, local| {
            let s = machine.socket(Tcp, REUSE_PORT);
            machine.bind(s, local);
            machine.listen(s, 5);
            s
        };
        let old = server(&mut machine, "0.0.0.0:80");
        machine.syn("10.0.0.5:80", "10.0.0.7:5000");
        let new = server(&mut machine, "10.0.0.5:80");
        machine.ack("10.0.0.5:80", "10.0.0.7:5000");
        machine.cannot_accept(new, "WouldBlock");
        machine.accept(old);
    });
}

#[test]
fn s5_time_wait_makes_room_for_a_syn() {
    lab(|lab| {
        lab.why("TIME-WAIT is there for old segments. A SYN is a new beginning: the old row goes, and the listener gets it (RFC 9293, section 3.10.7.4).");
        lab.scene("a machine with a listener at port 80");
        let mut machine = Machine::new(lab);
        let server = machine.listener("0.0.0.0:80", 5);
        let old = row(90, Tcp, TimeWait, "10.0.0.5:80", "10.0.0.7:5000");
        machine.has(old, REUSE_ADDR);
        machine.meets("10.0.0.5:80", "10.0.0.7:5000");
        machine.shows(old.id, "no such row");
        machine.accept(server);
        lab.why("No listener is there to begin a new connection. The old row stays, and the answer tells where the old connection stands.");
        let old = row(95, Tcp, TimeWait, "10.0.0.5:81", "10.0.0.7:5000");
        machine.has(old, REUSE_ADDR);
        lab.same(
            "a SYN",
            machine.syn("10.0.0.5:81", "10.0.0.7:5000"),
            "challenge ACK from #95".to_owned(),
        );
        machine.shows(old.id, "TIME-WAIT 10.0.0.5:81 10.0.0.7:5000");
        lab.why("TIME-WAIT is a connection still, and waits for just such late segments. An RST would tell the other end that something went wrong.");
        lab.same(
            "an ACK",
            machine.ack("10.0.0.5:81", "10.0.0.7:5000"),
            "delivered to #95".to_owned(),
        );
        machine.shows(old.id, "TIME-WAIT 10.0.0.5:81 10.0.0.7:5000");
        lab.why("First the old row goes, then the listener looks at its queue. If that is full the SYN is dropped, but the old row is still gone.");
        lab.scene("a new machine, with a full queue");
        let mut machine = Machine::new(lab);
        machine.listener("10.0.0.5:80", 0);
        machine.meets("10.0.0.5:80", "10.0.0.7:6000");
        let old = row(90, Tcp, TimeWait, "10.0.0.5:80", "10.0.0.7:5000");
        machine.has(old, REUSE_ADDR);
        lab.same(
            "a SYN",
            machine.syn("10.0.0.5:80", "10.0.0.7:5000"),
            "dropped".to_owned(),
        );
        machine.shows(old.id, "no such row");
    });
}

#[test]
fn s5_who_cannot_accept() {
    lab(|lab| {
        lab.why("Only a listener has a queue (accept(2): EINVAL), and only TCP has listeners (EOPNOTSUPP).");
        let mut machine = Machine::new(lab);
        let bound = machine.tcp();
        machine.bind(bound, "10.0.0.5:80");
        machine.cannot_accept(bound, "Invalid");
        let udp = machine.udp();
        machine.bind(udp, "10.0.0.5:80");
        machine.cannot_accept(udp, "NotSupported");
        machine.cannot_accept(SocketId(99), "BadSocket");
    });
}

#[test]
fn s5_children_take_after_their_listener() {
    lab(|lab| {
        lab.why("A child has its listener's options. That is why a server can share its port with a second one only if the connections of the first agree, too.");
        for (reuse, want) in [(REUSE_PORT, "ok"), (NO_REUSE, "AddrInUse")] {
            lab.scene("a new machine");
            let mut machine = Machine::new(lab);
            let old = machine.socket(Tcp, reuse);
            machine.bind(old, "10.0.0.5:80");
            machine.listen(old, 5);
            machine.meets("10.0.0.5:80", "10.0.0.7:5000");
            let new = machine.socket(Tcp, REUSE_PORT);
            match want {
                "ok" => drop(machine.bind(new, "10.0.0.5:80")),
                errno => machine.cannot_bind(new, "10.0.0.5:80", errno),
            }
        }
    });
}

#[test]
fn s5_reply_from_another_port_matches_nothing() {
    lab(|lab| {
        lab.why("The client's row names the server's port 80. A reply from any other port belongs to no row of the client, and no NAT on the way would let it through either. So a child must answer from its listener's port.");
        let mut machine = Machine::new(lab);
        let client = machine.tcp();
        let t = machine.connect(client, "10.0.0.9:80");
        let mut wrong = t;
        wrong.remote.set_port(49152);
        let got = machine.syn_ack(wrong).map(|id| id.0);
        lab.same("whose is the reply from port 49152", got, None);
        machine.shows(client, &format!("SYN-SENT {} 10.0.0.9:80", t.local));
        let got = machine.syn_ack(t).map(|id| id.0);
        lab.same("whose is the reply from port 80", got, Some(client.0));
        machine.shows(client, &format!("ESTABLISHED {} 10.0.0.9:80", t.local));
        lab.why("One SYN, one answer: a second SYN and ACK opens nothing.");
        let got = machine.syn_ack(t).map(|id| id.0);
        lab.same("whose is a second reply", got, None);
    });
}
