//! Step 8: a host.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use netlab::script::stream;
use netlab::sim::{Chance, Link, Net, NodeId, Time};
use netlab::{Lab, lab};
use packets::Flow;
use tcp_close::{Config, ConnId, Host, Received, Refusal, Site, from_bytes, to_bytes};
use tcp_open::{Notice, Segment, Seq, State, isn};

use super::desk::{ADDR, SECRET, plays, socket_of};
use super::player::notice;
use super::remote;

const ACCEPT: &str = "accept(port)";
const CONNECT: &str = "connect(now, peer)";
const ARRIVES: &str = "arrives(now, datagram)";
const CLOSE: &str = "Host::close(now, id)";
const RECV: &str = "Host::recv(id, max)";
const POLL: &str = "Host::poll(now)";

/// What it is called here: a student's `Debug` may say anything.
fn name(error: Refusal) -> &'static str {
    match error {
        Refusal::PortInUse => "PortInUse",
        Refusal::NoPortLeft => "NoPortLeft",
    }
}

/// Three segments by which a peer's connection opens.
fn opens(peer: &str) -> String {
    format!(
        "       {peer}: <-- SYN seq 100 mss 1000 win 5000
       {peer}: --> SYN,ACK seq 300 ack 101
       {peer}: <-- ACK seq 101 ack 301\n"
    )
}

#[test]
fn s8_a_connection_is_accepted_and_used() {
    lab(|lab| {
        lab.why(
            "The whole life of a connection: it is opened, accepted, read, written and closed, and then forgotten.",
        );
        plays(
            lab,
            ACCEPT,
            &format!(
                "with backlog=4\n{}{}",
                opens("c1"),
                "
       accept() = c1
       c1: established
       c1: ESTABLISHED
       accept() = nobody
  10   c1: <-- PSH,ACK seq 101 ack 301 \"ping\"
       recv(c1) = \"ping\"
       recv(c1) = nothing
       send(c1, \"pong\") = 4
       c1: --> PSH,ACK seq 301 ack 105 \"pong\"
  20   c1: <-- FIN,ACK seq 105 ack 305
       c1: --> ACK seq 305 ack 106
       recv(c1) = end
       close(c1)
       c1: --> FIN,ACK seq 305 ack 106
  30   c1: <-- ACK seq 106 ack 306
       # Both sides have closed: nothing is kept.
       count() = 0
"
            ),
        );
    });
}

#[test]
fn s8_a_call_is_followed_by_what_it_sends() {
    lab(|lab| {
        lab.why("Each connection has the configuration of the host, except for its ISN.");
        plays(
            lab,
            POLL,
            &format!(
                "with backlog=4 room=2000 mss=1000 linux=no\n{}{}",
                opens("c1"),
                "
       accept() = c1
       c1: established
  10   send(c1, 5) = 5
       # After `send`, `poll` returns the segments.
       c1: --> PSH,ACK seq 301 ack 101 len 5
  20   c1: <-- ACK seq 101 ack 306 len 1000
       c1: <-- ACK seq 1101 ack 306 len 1000
       c1: --> ACK seq 306 ack 2101 win 0
  30   recv(c1) = 2000
       # After `recv`, too: there is room again, and the peer waits for
       # the news.
       c1: --> ACK seq 306 ack 2101 win 2000
  40   shutdown(c1)
       # After `shutdown`, too.
       c1: --> FIN,ACK seq 306 ack 2101
"
            ),
        );
    });
}

#[test]
fn s8_close_is_the_connections_close() {
    lab(|lab| {
        lab.why("The program gives up the name. The connection stays until it is CLOSED, and not longer.");
        plays(
            lab,
            CLOSE,
            &format!(
                "with backlog=4\n{}{}",
                opens("c1"),
                "
       accept() = c1
       c1: established
  10   c1: <-- PSH,ACK seq 101 ack 301 len 10
       linux c1: --> ACK seq 301 ack 111
  20   close(c1)
       # Ten bytes were not read: a RST, as in step 6.
       ours c1: --> RST seq 301
       linux c1: --> RST,ACK seq 301 ack 111
       count() = 0
"
            ),
        );
        plays(
            lab,
            CLOSE,
            &format!(
                "with backlog=4 linger=5000 linux=no\n{}{}",
                opens("c1"),
                "
       accept() = c1
       c1: established
  10   close(c1)
       c1: --> FIN,ACK seq 301 ack 101
       close(c1)
       # Once is enough.
  20   c1: <-- ACK seq 101 ack 302
5019   count() = 1
       # No program waits for the peer's FIN: 5 s in FIN-WAIT-2, as in
       # step 6.
5020   count() = 0
"
            ),
        );
        plays(
            lab,
            "Host::abort(now, id)",
            &format!(
                "with backlog=4 linux=no\n{}{}",
                opens("c1"),
                "
       accept() = c1
       c1: established
  10   abort(c1)
       # Nothing is kept of it. But its RST has to leave first.
       c1: --> RST seq 301
       count() = 0
"
            ),
        );
    });
}

#[test]
fn s8_a_closed_connection_is_kept_in_time_wait() {
    lab(|lab| {
        lab.why("The program gives up the name. The connection stays until it is CLOSED, and not longer.");
        plays(
            lab,
            CLOSE,
            &(time_wait()
                + "
 500   nothing
       # The program has given up its name, but the host must still
       # answer if the last ACK was lost.
       c1: <-- FIN,ACK seq 101 ack 302
       c1: --> ACK seq 302 ack 102
       count() = 1
"),
        );
    });
}

#[test]
fn s8_what_is_closed_makes_place_for_a_new_connection() {
    lab(|lab| {
        lab.why("One that is CLOSED keeps its name until the program closes it, and the program is told how it has ended. Then nothing of it is kept.");
        plays(
            lab,
            ARRIVES,
            &format!(
                "with backlog=4 linux=no\n{}{}",
                opens("c1"),
                "
       accept() = c1
       c1: established
  10   c1: <-- RST seq 101
       c1: reset
       c1: CLOSED
  20   c1: <-- SYN seq 5000 mss 1000 win 5000
       # The old connection is CLOSED. The program still has its name; the sockets are free.
       c1: --> SYN,ACK seq 300 ack 5001
       c1: <-- ACK seq 5001 ack 301
       count() = 2
  30   close(c1)
       # The program closes the old one, which is CLOSED: nothing of it is kept. The sockets are the new one's, and stay so.
       count() = 1
  40   c1: <-- FIN,PSH,ACK seq 5001 ack 301 len 5
       # This is for the new connection.
       c1: --> ACK seq 301 ack 5007
       accept() = c1
       c1: established
       recv(c1) = 5
"
            ),
        );
    });
}

#[test]
fn s8_established_before_anyone_accepts() {
    lab(|lab| {
        plays(
            lab,
            ACCEPT,
            &format!(
                "with backlog=4\n{}{}",
                opens("c1"),
                "
  10   c1: <-- PSH,ACK seq 101 ack 301 \"early\"
       # (Linux acknowledges the first segments at once.)
       linux c1: --> ACK seq 301 ack 106
 210   ours c1: --> ACK seq 301 ack 106
       # It was not accepted yet, but it takes data: `accept` only hands
       # the connection over.
 300   accept() = c1
       c1: established
       recv(c1) = \"early\"
"
            ),
        );
    });
}

#[test]
fn s8_two_connections_on_one_port() {
    lab(|lab| {
        lab.why(
            "A connection is known by both of its sockets, and the oldest that is open is accepted first.",
        );
        plays(
            lab,
            ARRIVES,
            &format!(
                "with backlog=4\n{}{}{}",
                opens("c1"),
                opens("c2"),
                "
       accept() = c1
       c1: established
       accept() = c2
       c2: established
  10   c2: <-- PSH,ACK seq 101 ack 301 \"two\"
       linux c2: --> ACK seq 301 ack 104
       c1: <-- PSH,ACK seq 101 ack 301 \"one\"
       linux c1: --> ACK seq 301 ack 104
       # The numbers are the same; the sockets tell them apart.
       recv(c1) = \"one\"
       recv(c2) = \"two\"
       send(c2, \"TWO\") = 3
       c2: --> PSH,ACK seq 301 ack 104 \"TWO\"
  20   c1: <-- RST seq 104
       c1: reset
       recv(c1) = end
       c2: ESTABLISHED
       ours recv(c2) = nothing
"
            ),
        );
    });
}

#[test]
fn s8_who_is_open_first_is_accepted_first() {
    lab(|lab| {
        lab.why("accept gives connections that are open, the oldest first.");
        plays(
            lab,
            ACCEPT,
            "with backlog=4
   0   c1: <-- SYN seq 100
       c1: --> SYN,ACK seq 300 ack 101
       c2: <-- SYN seq 100
       c2: --> SYN,ACK seq 300 ack 101
       accept() = nobody
  10   c2: <-- ACK seq 101 ack 301
       # c1 is not open yet.
       accept() = c2
       c2: established
       accept() = nobody
  20   c1: <-- ACK seq 101 ack 301
       accept() = c1
       c1: established",
        );
        let syns = ["c1", "c2", "c3", "c4", "c5"].map(|peer| {
            format!("       {peer}: <-- SYN seq 100\n       {peer}: --> SYN,ACK seq 300 ack 101\n")
        });
        plays(
            lab,
            ACCEPT,
            &format!(
                "with backlog=5 linux=no\n{}{}",
                syns.concat(),
                "
  10   c4: <-- ACK seq 101 ack 301
       c5: <-- ACK seq 101 ack 301
       c3: <-- ACK seq 101 ack 301
       # c1 and c2 are not open. Of the others, c3 is the oldest: its SYN came first.
       accept() = c3
       c3: established
  20   c2: <-- ACK seq 101 ack 301
       c1: <-- ACK seq 101 ack 301
       # All are open now, and the others have kept their order.
       accept() = c1
       c1: established
       accept() = c2
       c2: established
       accept() = c4
       c4: established
       accept() = c5
       c5: established"
            ),
        );
    });
}

#[test]
fn s8_a_port_where_nobody_listens_refuses() {
    lab(|lab| {
        lab.why("A segment without a connection is answered by answer_in_closed, chapter 09.");
        plays(
            lab,
            ARRIVES,
            "
   0   c1: <-- SYN seq 100
       # No program listens on port 80.
       c1: --> RST,ACK seq 0 ack 101
       c1: <-- ACK seq 500 ack 900 len 3
       # And there is no such connection: each segment is answered by answer_in_closed (chapter 09), but a RST is not.
       c1: --> RST seq 900
       c1: <-- RST seq 1
       count() = 0",
        );
        plays(
            lab,
            ARRIVES,
            "with backlog=1
   0   c1: <-- ACK seq 500 ack 900
       # A program listens, but this is not a SYN.
       c1: --> RST seq 900
       c1: <-- SYN,ACK seq 500 ack 900
       c1: --> RST seq 900
       c1: <-- SYN,FIN seq 500
       # A SYN with a FIN begins nothing. (Linux does not answer it.)
       ours c1: --> RST,ACK seq 0 ack 502
       count() = 0",
        );
        plays(
            lab,
            ARRIVES,
            "with backlog=1 linux=no
   0   c1: <-- SYN seq 500 len 3
       # A SYN with data is a SYN, too. (Its data is not taken yet, see
       # chapter 09: the peer sends it again.)
       c1: --> SYN,ACK seq 300 ack 501
       count() = 1",
        );
    });
}

#[test]
fn s8_the_backlog_has_an_end() {
    lab(|lab| {
        lab.why("At most `backlog` connections wait, whatever their state (see `listen`). Each has a name of its own.");
        plays(lab, ARRIVES, &format!("with backlog=2\n{}{}", opens("c1"), "
       c2: <-- SYN seq 100
       c2: --> SYN,ACK seq 300 ack 101
  10   c3: <-- SYN seq 100
       # Two wait: one that is open, and one that is not. Both count (see `listen`). A third is ignored, and its peer will try again.
  20   nothing
       c5: <-- SYN,ACK seq 100 ack 900
       # Other segments are answered as usual.
       c5: --> RST seq 900
       count() = 2
       accept() = c1
       c1: established
  30   c3: <-- SYN seq 100
       c3: --> SYN,ACK seq 300 ack 101
       # Again two wait.
  40   c4: <-- SYN seq 100
  50   nothing
       c2: <-- SYN seq 100
       # c2 is already there.
       c2: --> SYN,ACK seq 300 ack 101
  60   c2: <-- RST seq 101
       # It refuses the connection: its place is free.
  70   c4: <-- SYN seq 100
       c4: --> SYN,ACK seq 300 ack 101
       count() = 3
  80   c3: <-- ACK seq 101 ack 301
       # c2 has gone; c3 and c4 have kept their places.
       accept() = c3
       c3: established
"));
        let ports = 1000..1200;
        let mut host = host();
        lab.ok("host.listen(80, 200)", || host.listen(80, 200));
        lab.you("host.arrives(0, SYN) from 201 sockets", || {
            for port in ports.clone().chain([1200]) {
                let mut flow = to_port_80();
                flow.src.set_port(port);
                let datagram = to_bytes(flow, &syn(100)).expect("it fits");
                host.arrives(Duration::ZERO, &datagram);
                host.poll(Duration::ZERO);
            }
        });
        lab.because("The backlog is exactly 200.").same(
            "connections that are kept",
            host.count(),
            ports.len(),
        );
    });
}

#[test]
fn s8_whatever_waits_takes_a_place() {
    lab(|lab| {
        lab.why("A connection that was ESTABLISHED is accepted, whatever its state is now.");
        plays(
            lab,
            ARRIVES,
            &format!(
                "with backlog=1 linux=no\n{}{}",
                opens("c1"),
                "
  10   c1: <-- RST seq 101
       # It is CLOSED, but was open, and waits to be accepted: its place
       # is taken (see `listen`). Otherwise a peer that opens and resets
       # could fill the memory.
  20   c2: <-- SYN seq 100
  30   nothing
       accept() = c1
       c1: established
       c1: reset
  40   c2: <-- SYN seq 100
       c2: --> SYN,ACK seq 300 ack 101
"
            ),
        );
    });
}

#[test]
fn s8_who_never_opens_is_forgotten() {
    lab(|lab| {
        lab.why(
            "A SYN,ACK is sent again, and at some time the host gives up: then its place in the queue is free.",
        );
        plays(
            lab,
            POLL,
            "with backlog=2 give_up=2000
   0   c1: <-- SYN seq 100
       c1: --> SYN,ACK seq 300 ack 101
1000   c1: --> SYN,ACK seq 300 ack 101
       count() = 1
3000   count() = 0
       # Its peer has been silent for as long as we wait, and its place is free.
60 s   nothing",
        );
    });
}

#[test]
fn s8_who_is_reset_while_it_waits_is_accepted_all_the_same() {
    lab(|lab| {
        lab.why("It was open, so the program gets it, and sees its state.");
        plays(
            lab,
            ACCEPT,
            &format!(
                "with backlog=4\n{}{}",
                opens("c1"),
                "
  10   c1: <-- RST seq 101
       accept() = c1
       # The program sees its state.
       c1: established
       c1: reset
       recv(c1) = end
       send(c1, 3) = 0
       close(c1)
       count() = 0
"
            ),
        );
        plays(
            lab,
            ACCEPT,
            &format!(
                "with backlog=4 linux=no\n{}{}",
                opens("c1"),
                "
  10   c1: <-- FIN,PSH,ACK seq 101 ack 301 \"all\"
       c1: --> ACK seq 301 ack 105
       accept() = c1
       # The peer has closed its direction, in CLOSE-WAIT. The program
       # reads the peer's data, and may answer.
       c1: established
       c1: CLOSE-WAIT
       recv(c1) = \"all\"
       recv(c1) = end
"
            ),
        );
    });
}

#[test]
fn s8_connect_takes_the_next_port() {
    lab(|lab| {
        lab.why(
            "Ports are taken one after the other, from 49152 on, so that no two connections share one too soon.",
        );
        plays(
            lab,
            CONNECT,
            "
   0   connect(c1) = 49152
       c1: --> SYN seq 300
  10   c1: <-- SYN,ACK seq 500 ack 301 mss 1000 win 5000
       c1: --> ACK seq 301 ack 501
       c1: established
       send(c1, 5) = 5
       c1: --> PSH,ACK seq 301 ack 501 len 5
       connect(c2) = 49153
       c2: --> SYN seq 300
  20   c2: <-- RST,ACK seq 0 ack 301
       # No program listens there.
       c2: refused
       recv(c2) = end
       close(c2)
       count() = 1",
        );
    });
}

/// A host without listeners.
fn host() -> Host {
    Host::new(ADDR, SECRET, Config::new(Seq(0)))
}

/// A host that listens on port 80.
fn server() -> Host {
    let mut host = host();
    host.listen(80, 4).expect("nobody listens yet");
    host
}

/// Between c1 and port 80 of the host.
fn to_port_80() -> Flow {
    Flow {
        src: socket_of("c1"),
        dst: SocketAddrV4::new(ADDR, 80),
    }
}

/// What the host answers at this time when c1 says this to port 80.
fn says(host: &mut Host, now: Duration, segment: Segment) -> Vec<Segment> {
    host.arrives(now, &to_bytes(to_port_80(), &segment).expect("it fits"));
    let sent = host.poll(now);
    let read = sent.iter().filter_map(|datagram| from_bytes(datagram));
    let to_c1 = read.filter(|(flow, _)| flow.dst == to_port_80().src);
    to_c1.map(|(_, segment)| segment).collect()
}

fn bare(seq: u32, ack: Seq) -> Segment {
    Segment {
        seq: Seq(seq),
        ack: Some(ack),
        window: 60_000,
        ..Segment::default()
    }
}

fn syn(seq: u32) -> Segment {
    Segment {
        seq: Seq(seq),
        syn: true,
        window: 60_000,
        mss: Some(1000),
        ..Segment::default()
    }
}

/// At this time, c1 opens a connection with the ISN 100. Gives its name and our ISN.
fn opened(lab: &Lab, host: &mut Host, now: Duration) -> (ConnId, Seq) {
    let first = lab.you(&format!("host.arrives({now:?}, SYN)"), || {
        says(host, now, syn(100))
    });
    let iss = first.first().map_or(Seq(0), |it| it.seq);
    says(host, now, bare(101, iss + 1));
    let id = lab.you("host.accept(80)", || host.accept(80));
    let id = id.unwrap_or_else(|| lab.fails("a connection from host.accept(80)", "None"));
    (id, iss)
}

/// We have closed our direction, all of which is acknowledged by `end`; c1 closes with this payload behind number 100: TIME-WAIT.
fn to_time_wait(lab: &Lab, host: &mut Host, now: Duration, id: ConnId, end: Seq, payload: &[u8]) {
    host.shutdown(now, id);
    host.poll(now);
    let fin = Segment {
        fin: true,
        payload: payload.to_vec(),
        ..bare(101, end)
    };
    says(host, now, fin);
    let state = host.state(id).to_string();
    lab.same("the state", state, State::TimeWait.to_string());
}

#[test]
fn s8_ports_are_chosen_round_and_round() {
    lab(|lab| {
        let mut host = host();
        let (now, a) = (Duration::ZERO, socket_of("c1"));
        let b = SocketAddrV4::new(*a.ip(), a.port() + 1);
        lab.ok("host.listen(49155, 1)", || host.listen(49_155, 1));
        let port = |host: &Host, id| host.flow(id).map(|flow| flow.src.port());
        let connects = |host: &mut Host, times: usize| -> Vec<ConnId> {
            let ids = lab.you(&format!("host.connect(now, c1) {times} times"), || {
                let ids = (0..times).filter_map(|_| host.connect(now, a).ok());
                ids.collect::<Vec<_>>()
            });
            lab.you("host.poll(now)", || host.poll(now));
            lab.same("how many have a port", ids.len(), times);
            ids
        };
        let aborts = |host: &mut Host, id| {
            lab.you("host.abort(now, one of them); host.poll(now)", || {
                host.abort(now, id);
                host.poll(now).len()
            })
        };
        lab.why("49152 to 65535, one after the other, and round again; two connections with one peer have two ports.");
        // In pieces, and few are looked at: a host may go through all that it has for each, and is not late for that.
        let ids: Vec<_> = (0..15).flat_map(|_| connects(&mut host, 1092)).collect();
        for n in (0..ids.len()).step_by(1260) {
            let got = lab.you("host.flow(one of them)", || port(&host, ids[n]));
            let want = Some(49_152 + n as u16);
            lab.same(
                &format!("the port of number {n}, counted from 0"),
                got,
                want,
            );
        }
        aborts(&mut host, ids[0]);
        aborts(&mut host, ids[1]);
        // The next one comes to TIME-WAIT, and its name is given up.
        let waits = ids[2];
        let (flow, vars) = (host.flow(waits), host.vars(waits));
        let (flow, iss) = (flow.expect("it is there"), vars.expect("it is there").iss);
        let answer = Segment {
            ack: Some(iss + 1),
            ..syn(100)
        };
        let fin = Segment {
            fin: true,
            ..bare(101, iss + 2)
        };
        lab.you("one is opened, closed, and comes to TIME-WAIT", || {
            let arrives = |host: &mut Host, segment: &Segment| {
                host.arrives(now, &to_bytes(flow.reversed(), segment).expect("it fits"));
                host.poll(now);
            };
            arrives(&mut host, &answer);
            host.close(now, waits);
            host.poll(now);
            arrives(&mut host, &fin);
        });
        lab.same(
            "its state",
            host.state(waits).to_string(),
            "TIME-WAIT".to_owned(),
        );
        lab.why("The first two ports are free again. But 65532 to 65535 come before them: up to the end, and round again.");
        let last = connects(&mut host, 6);
        let got: Vec<_> = last.iter().map(|id| port(&host, *id)).collect();
        let want = [65_532, 65_533, 65_534, 65_535, 49_152, 49_153].map(Some);
        lab.same("the ports", got, want.to_vec());
        let all_used = lab.because(
            "All ports are in use towards this peer: a connection in TIME-WAIT counts, too.",
        );
        lab.if_stuck("connect goes through all connections for each port. The check of a port must be one look-up (see connect).");
        let error = all_used.err("host.connect(now, c1), with all ports in use", || {
            host.connect(now, a)
        });
        all_used.same("the error", name(error), "NoPortLeft");
        let id = lab.ok("host.connect(now, another port of c1's)", || {
            host.connect(now, b)
        });
        lab.because("A peer is an address and a port, and a port of ours may have a connection with each peer. This is the next one.")
            .same("the port", port(&host, id), Some(49_154));
        aborts(&mut host, ids[9000]);
        let id = lab.ok("host.connect(now, c1)", || host.connect(now, a));
        lab.because("One port is free again.")
            .same("the port", port(&host, id), Some(58_152));
        aborts(&mut host, id);
        let id = lab.ok("host.connect(now, c1)", || host.connect(now, a));
        lab.because("The only port that is free is the last of the round: every port is tried.")
            .same("the port", port(&host, id), Some(58_152));
        let refused = ids[5000];
        let (flow, vars) = (host.flow(refused), host.vars(refused));
        let (flow, vars) = flow.zip(vars).expect("it is there");
        let no = Segment {
            rst: true,
            ..bare(0, vars.snd_nxt)
        };
        let no = to_bytes(flow.reversed(), &no).expect("it fits");
        lab.you(
            "host.arrives(now, RST,ACK for one of them); host.poll(now)",
            || {
                host.arrives(now, &no);
                host.poll(now).len()
            },
        );
        let is_free = lab.because(
            "It was refused and is CLOSED. The program still has its name, but its port is free.",
        );
        let id = is_free.ok("host.connect(now, c1)", || host.connect(now, a));
        is_free.same("the port", port(&host, id), Some(54_152));
    });
}

#[test]
fn s8_a_closed_name_is_never_used_again() {
    lab(|lab| {
        lab.why("A name is used once: a program that still has an old name must not reach another connection with it.");
        let mut host = server();
        let now = Duration::ZERO;
        let mut old = Vec::new();
        for _ in 0..2 {
            let id = lab.ok("host.connect(now, c3)", || {
                host.connect(now, socket_of("c3"))
            });
            let (accepted, _) = opened(lab, &mut host, now);
            lab.same("two connections have two names", id.0 != accepted.0, true);
            for id in [id, accepted] {
                lab.same("whether the name is new", !old.contains(&id.0), true);
                lab.you("host.abort(now, it); host.poll(now)", || {
                    host.abort(now, id);
                    host.poll(now).len()
                });
                old.push(id.0);
            }
        }
        lab.same("connections that are kept", host.count(), 0);
    });
}

#[test]
fn s8_a_port_listens_once() {
    lab(|lab| {
        lab.why("Two listeners on one port could not both get a SYN.");
        let mut host = host();
        lab.ok("host.listen(80, 2)", || host.listen(80, 2));
        lab.ok("host.listen(81, 2)", || host.listen(81, 2));
        let error = lab.err("host.listen(80, 9) again", || host.listen(80, 9));
        lab.same("the error", name(error), "PortInUse");
        lab.because("Nobody has come.")
            .same("what accept(80) gives", host.accept(80), None);
        let now = Duration::ZERO;
        let id = lab.ok("host.connect(0, c1)", || host.connect(now, socket_of("c1")));
        let port = host.flow(id).map_or(0, |flow| flow.src.port());
        lab.because(
            "No program listens on this port. A connection that uses it makes no difference.",
        )
        .ok("host.listen(the port of this connection, 2)", || {
            host.listen(port, 2)
        });
        host.poll(now);
        let mut answers = 0;
        for client in ["c3", "c4", "c5"] {
            let flow = Flow {
                src: socket_of(client),
                ..to_port_80()
            };
            let datagram = to_bytes(flow, &syn(100)).expect("it fits");
            lab.you(&format!("host.arrives(0, SYN of {client})"), || {
                host.arrives(now, &datagram);
                answers += host.poll(now).len();
            });
        }
        lab.because(
            "The call that was refused has changed nothing: the backlog of port 80 is still 2.",
        )
        .same("how many of three SYNs are answered", answers, 2);
        lab.because("Nobody listens there.")
            .same("what accept(7) gives", host.accept(7), None);
    });
}

#[test]
fn s8_what_is_not_for_us_is_ignored() {
    lab(|lab| {
        let syn = Segment {
            seq: Seq(100),
            syn: true,
            window: 5000,
            ..Segment::default()
        };
        let good = Flow {
            src: socket_of("c1"),
            dst: SocketAddrV4::new(ADDR, 80),
        };
        let from = |ip| Flow {
            src: SocketAddrV4::new(ip, 4000),
            ..good
        };
        let to = |ip| Flow {
            dst: SocketAddrV4::new(ip, 80),
            ..good
        };
        let mut cases: Vec<(&str, Vec<u8>)> = [
            ("a SYN for 10.0.0.3", to(Ipv4Addr::new(10, 0, 0, 3))),
            ("a SYN for everybody", to(Ipv4Addr::BROADCAST)),
            (
                "a SYN from a multicast address",
                from(Ipv4Addr::new(224, 0, 0, 1)),
            ),
            (
                "a SYN from another multicast address",
                from(Ipv4Addr::new(239, 255, 255, 254)),
            ),
            ("a SYN from 255.255.255.255", from(Ipv4Addr::BROADCAST)),
            ("a SYN from 0.0.0.0", from(Ipv4Addr::UNSPECIFIED)),
        ]
        .map(|(what, flow)| (what, to_bytes(flow, &syn).expect("it fits")))
        .into();
        let mut flipped = to_bytes(good, &syn).expect("it fits");
        flipped[25] ^= 1;
        cases.push(("a SYN with a flipped bit", flipped));
        cases.push(("three bytes", vec![0x45, 0, 0]));
        for listens in [true, false] {
            for (what, datagram) in &cases {
                let mut host = host();
                if listens {
                    host.listen(80, 4).expect("nobody listens yet");
                }
                let sent = lab.you(&format!("host.arrives(0, {what})"), || {
                    host.arrives(Duration::ZERO, datagram);
                    host.poll(Duration::ZERO)
                });
                lab.because("It is damaged, is for another, or comes from an address that no single host has: no answer, not even a RST.")
                    .same("answers, connections", (sent.len(), host.count()), (0, 0));
            }
        }
        for ip in [[10, 0, 0, 255], [192, 0, 2, 1], [223, 255, 255, 254]] {
            let flow = from(Ipv4Addr::from(ip));
            let mut host = server();
            let datagram = to_bytes(flow, &syn).expect("it fits");
            let sent = lab.you(&format!("host.arrives(0, a SYN from {})", flow.src), || {
                host.arrives(Duration::ZERO, &datagram);
                host.poll(Duration::ZERO)
            });
            lab.because("A host can have this address. (The meaning of the last byte depends on the network's mask, which is unknown here.)")
                .same("answers, connections", (sent.len(), host.count()), (1, 1));
        }
    });
}

#[test]
fn s8_each_connection_has_an_isn_of_its_own() {
    lab(|lab| {
        lab.why("Chapter 09's isn(): of the secret, our socket, the peer's, and the time.");
        for at in [0, 4_000_000] {
            let now = Duration::from_micros(at);
            let mut host = host();
            host.listen(80, 4).expect("nobody listens yet");
            for peer in ["c1", "c3"] {
                let local = SocketAddrV4::new(ADDR, 80);
                let flow = Flow {
                    src: socket_of(peer),
                    dst: local,
                };
                let syn = Segment {
                    seq: Seq(100),
                    syn: true,
                    ..Segment::default()
                };
                let sent = lab.you(&format!("host.arrives({at} µs, SYN of {peer})"), || {
                    host.arrives(now, &to_bytes(flow, &syn).expect("it fits"));
                    host.poll(now)
                });
                let got = sent.first().and_then(|datagram| from_bytes(datagram));
                let want = isn(&SECRET, local, flow.src, now);
                lab.same(
                    "the ISN",
                    got.map(|(_, segment)| segment.seq.0),
                    Some(want.0),
                );
            }
            let id = lab.ok("host.connect(now, c1)", || {
                host.connect(now, socket_of("c1"))
            });
            let local = host.flow(id).expect("it is there").src;
            let sent = host.poll(now);
            let got = sent.first().and_then(|datagram| from_bytes(datagram));
            let want = isn(&SECRET, local, socket_of("c1"), now);
            lab.same(
                "the ISN",
                got.map(|(_, segment)| segment.seq.0),
                Some(want.0),
            );
        }
    });
}

/// `c1` opens, and we close first: TIME-WAIT.
fn time_wait() -> String {
    format!(
        "with backlog=4 msl=1000\n{}{}",
        opens("c1"),
        "
       accept() = c1
       c1: established
  10   close(c1)
       c1: --> FIN,ACK seq 301 ack 101
       c1: <-- FIN,ACK seq 101 ack 302
       c1: --> ACK seq 302 ack 102
       # The program has closed it, and it is kept: its last ACK may be lost.
       c1: TIME-WAIT
"
    )
}

#[test]
fn s8_time_wait_is_over_and_nothing_is_kept() {
    lab(|lab| {
        plays(
            lab,
            CLOSE,
            &(time_wait()
                + "
2009   count() = 1
2010   nothing
       count() = 0
2020   c1: <-- SYN seq 7
       c1: --> SYN,ACK seq 300 ack 8
"),
        );
    });
}

#[test]
fn s8_an_old_duplicate_cannot_enter_a_new_connection() {
    lab(|lab| {
        plays(
            lab,
            ARRIVES,
            &(time_wait()
                + "
 100   c1: <-- SYN seq 100
       # The SYN of the old connection, late. It opens nothing.
       c1: --> ACK seq 302 ack 102
 700   c1: <-- ACK seq 101 ack 301 len 5
       c1: --> ACK seq 302 ack 102
       c1: TIME-WAIT
       accept() = nobody
"),
        );
    });
}

#[test]
fn s8_a_new_syn_above_the_old_numbers_reopens() {
    lab(|lab| {
        lab.why("The new connection takes the place of the old one.");
        plays(
            lab,
            ARRIVES,
            &(time_wait()
                + "
 100   c1: <-- SYN seq 103
       # It is after all numbers of the old connection: a new one may
       # begin. The old one is CLOSED, and its name was given up: it is
       # not kept.
       c1: --> SYN,ACK seq 300 ack 104
       count() = 1
 110   c1: <-- ACK seq 104 ack 301
       accept() = c1
       c1: established
       c1: ESTABLISHED
"),
        );
    });
}

#[test]
fn s8_a_reopened_connection_begins_behind_the_old_one() {
    lab(|lab| {
        lab.why("RFC 1122, section 4.2.2.13: our new ISN is larger than all numbers that we have used before between the same sockets.");
        let mut host = server();
        let (now, later) = (Duration::ZERO, Duration::from_millis(1));
        let (id, iss) = opened(lab, &mut host, now);
        // 40 000 bytes, much faster than the clock of the ISN goes: 25 a millisecond.
        let mut sent = 0;
        while sent < 40_000 {
            sent += host.send(id, &vec![7; 40_000 - sent]);
            let out = host.poll(now);
            let nxt = host.vars(id).map_or(iss, |vars| vars.snd_nxt);
            says(&mut host, now, bare(101, nxt));
            if out.is_empty() && sent < 40_000 {
                lab.fails("40000 bytes to leave", format!("{sent} have"));
            }
        }
        for _ in 0..50 {
            let nxt = host.vars(id).map_or(iss, |vars| vars.snd_nxt);
            says(&mut host, now, bare(101, nxt));
        }
        let end = iss + 40_002;
        to_time_wait(lab, &mut host, now, id, end, b"");
        let again = lab.you("host.arrives(1 ms, SYN)", || {
            says(&mut host, later, syn(200))
        });
        let got = again.first().map(|it| (it.syn, it.seq.0));
        lab.same(
            "SYN, and the ISN: SND.NXT + 65536",
            got,
            Some((true, (end + 65_536).0)),
        );
    });
}

#[test]
fn s8_a_reopened_connection_has_the_usual_isn_if_that_is_behind() {
    lab(|lab| {
        let flow = to_port_80();
        let usual = |now| isn(&SECRET, flow.dst, flow.src, now);
        let reopens = |begin: Duration, later: Duration| {
            let mut host = server();
            let (id, iss) = opened(lab, &mut host, begin);
            to_time_wait(lab, &mut host, begin, id, iss + 2, b"");
            let again = lab.you(&format!("host.arrives({later:?}, SYN)"), || {
                says(&mut host, later, syn(200))
            });
            (iss, again.first().map(|it| it.seq.0))
        };
        let later = Duration::from_secs(30);
        let (_, got) = reopens(Duration::ZERO, later);
        lab.because("In 30 s the clock of the ISN has gone on by 7.5 million: the usual ISN is far behind all that the old connection has used.")
            .same("the ISN: the usual one", got, Some(usual(later).0));
        // The clock of the ISN goes one number further in 4 µs.
        let to_go = 0xffff_f000_u32.wrapping_sub(usual(Duration::ZERO).0);
        let begin = Duration::from_micros(4 * u64::from(to_go));
        let (iss, got) = reopens(begin, begin + Duration::from_millis(1));
        lab.same("our first ISN", iss.0, 0xffff_f000);
        lab.because("Numbers wrap: SND.NXT + 65536 is a small number here, but the usual ISN still comes before it (chapter 09's seq_lt).")
            .same("the ISN: SND.NXT + 65536", got, Some((iss + 2 + 65_536).0));
    });
}

#[test]
fn s8_what_the_old_connection_has_brought_is_still_read() {
    lab(|lab| {
        let mut host = server();
        let now = Duration::ZERO;
        let (id, iss) = opened(lab, &mut host, now);
        to_time_wait(lab, &mut host, now, id, iss + 2, b"all of it");
        let again = lab.you("host.arrives(0, SYN)", || says(&mut host, now, syn(200)));
        lab.because("The SYN is after all numbers of the old connection.")
            .same("SYN,ACKs", again.iter().filter(|it| it.syn).count(), 1);
        let got = lab.you("host.recv(the old one, 99)", || match host.recv(id, 99) {
            Received::Data(data) => data,
            Received::Nothing | Received::End => Vec::new(),
        });
        lab.because("The old connection is CLOSED, and not aborted: the program has not closed it, and may still read.")
            .same("what it has brought", got, b"all of it".to_vec());
        let told = lab.you("host.take_notices(the old one)", || host.take_notices(id));
        let told: Vec<_> = told.iter().map(notice).collect();
        lab.because("The program has not yet asked for its first notice, that it was opened. It has ended in good order, and there is no notice for that.")
            .same("what it is told", told, vec!["established".to_owned()]);
        lab.same("connections that are kept", host.count(), 2);
    });
}

#[test]
fn s8_without_room_time_wait_stays() {
    lab(|lab| {
        plays(
            lab,
            ARRIVES,
            &format!(
                "with backlog=1 msl=1000 linux=no\n{}{}{}{}",
                opens("c1"),
                "
       accept() = c1
       c1: established
  10   close(c1)
       c1: --> FIN,ACK seq 301 ack 101
       c1: <-- FIN,ACK seq 101 ack 302
       c1: --> ACK seq 302 ack 102
",
                opens("c2"),
                "
 100   c1: <-- SYN seq 103
       # c2 waits, and there is room for one. The SYN is ignored, as
       # usual, and c1 stays in TIME-WAIT (RFC 1122, section 4.2.2.13).
 110   nothing
       c1: TIME-WAIT
       count() = 2
       accept() = c2
       c2: established
1100   c1: <-- SYN seq 103
       # The SYN comes again, and there is room now.
       c1: --> SYN,ACK seq 300 ack 104
       count() = 2
"
            ),
        );
    });
}

#[test]
fn s8_nobody_listens_any_more() {
    lab(|lab| {
        lab.why("The peer has closed, and everything was read: this is the end. The connection stays until it is CLOSED and the program has given up its name.");
        plays(
            lab,
            ARRIVES,
            "with msl=1000
   0   connect(c1) = 49152
       c1: --> SYN seq 300
       c1: <-- SYN,ACK seq 500 ack 301
       c1: --> ACK seq 301 ack 501
       c1: established
       shutdown(c1)
       c1: --> FIN,ACK seq 301 ack 501
       c1: <-- FIN,ACK seq 501 ack 302
       c1: --> ACK seq 302 ack 502
       c1: TIME-WAIT
 100   c1: <-- SYN seq 900
       # A client's port: no program listens there, so nothing new can
       # begin.
       c1: --> ACK seq 302 ack 502
       c1: TIME-WAIT
       recv(c1) = end
       count() = 1
3000   count() = 1
       # It is CLOSED, but the program has not closed it: it may still ask.
       c1: CLOSED
       close(c1)
       count() = 0",
        );
    });
}

#[test]
fn s8_what_is_unread_waits_for_the_program() {
    lab(|lab| {
        lab.why("A CLOSED connection is kept until the program has closed it: it may still read.");
        plays(
            lab,
            RECV,
            &format!(
                "with backlog=4\n{}{}",
                opens("c1"),
                "
       accept() = c1
       c1: established
  10   c1: <-- FIN,PSH,ACK seq 101 ack 301 \"all of it\"
       c1: --> ACK seq 301 ack 111
       shutdown(c1)
       c1: --> FIN,ACK seq 301 ack 111
  20   c1: <-- ACK seq 111 ack 302
       c1: CLOSED
       recv(c1, 3) = \"all\"
       recv(c1) = \" of it\"
       recv(c1) = end
       count() = 1
       close(c1)
       count() = 0
"
            ),
        );
    });
}

#[test]
fn s8_a_name_that_is_gone_is_closed() {
    lab(|lab| {
        let mut host = host();
        let nobody = ConnId(77);
        lab.why("There is no connection of this name.");
        let got = lab.you(
            "host.recv, send, state … of a name that is not there",
            || {
                host.close(Duration::ZERO, nobody);
                host.abort(Duration::ZERO, nobody);
                host.shutdown(Duration::ZERO, nobody);
                let received = host.recv(nobody, 10) == Received::End;
                (
                    received,
                    host.send(nobody, b"x"),
                    host.state(nobody).to_string(),
                    host.take_notices(nobody).len(),
                )
            },
        );
        lab.same(
            "recv gives End, send, state, notices",
            got,
            (true, 0, "CLOSED".into(), 0),
        );
        lab.same(
            "flow",
            host.flow(nobody).is_none() && host.vars(nobody).is_none(),
            true,
        );
    });
}

#[test]
fn s8_a_host_that_has_work_says_so() {
    lab(|lab| {
        let mut host = host();
        let now = Duration::from_secs(5);
        lab.same("when it wants to be woken", host.wake_at(), None);
        lab.ok("host.connect(5 s, c1)", || {
            host.connect(now, socket_of("c1"))
        });
        let wakes = |host: &Host| host.wake_at().is_some_and(|at| at <= now);
        lab.because("A SYN must be sent: poll is due at once.")
            .same("whether poll is due", wakes(&host), true);
        host.poll(now);
        lab.because("Nothing is due before the SYN's time is over.")
            .same(
                "when it wants to be woken",
                host.wake_at(),
                Some(Duration::from_secs(6)),
            );
        let flow = Flow {
            src: socket_of("c2"),
            dst: SocketAddrV4::new(ADDR, 7),
        };
        let syn = Segment {
            seq: Seq(1),
            syn: true,
            ..Segment::default()
        };
        host.arrives(now, &to_bytes(flow, &syn).expect("it fits"));
        lab.because("A RST is to be sent.")
            .same("whether poll is due", wakes(&host), true);
        host.poll(now);
        lab.because("It has left.")
            .same("whether poll is due", wakes(&host), false);
        lab.ok("host.connect(5 s, c2)", || {
            host.connect(now, socket_of("c2"))
        });
        host.poll(now);
        let later = Duration::from_secs(6);
        host.arrives(later, &to_bytes(flow, &syn).expect("it fits"));
        let sent = lab.you("host.poll(6 s)", || host.poll(later));
        lab.because("Both connections were begun at 5 s, and no answer has come: both SYNs leave again now, and a RST. poll returns all of them.")
            .same("how many datagrams leave", sent.len(), 3);
    });
}

#[test]
fn s8_what_is_done_wakes_nobody() {
    lab(|lab| {
        let mut host = server();
        let at = Duration::from_millis;
        let (id, iss) = opened(lab, &mut host, at(0));
        let wakes = lab.you("host.wake_at()", || host.wake_at());
        lab.because("It is open, and nothing is due: the alarm's work is done.")
            .same("when it wants to be woken", wakes, None);
        lab.you("host.send(id, 5 bytes)", || host.send(id, b"hello"));
        let wakes = host.wake_at().is_some_and(|wake| wake <= at(0));
        lab.because("send and recv have no `now`: only wake_at tells that poll is due.")
            .same("whether poll is due", wakes, true);
        host.poll(at(0));
        let wakes = host.wake_at().is_some_and(|wake| wake > at(0));
        lab.because("The bytes may have to be sent again.").same(
            "whether it wants to be woken later",
            wakes,
            true,
        );
        says(&mut host, at(20), bare(101, iss + 6));
        lab.because("Everything is acknowledged, and nothing is due: an alarm would be useless.")
            .same("when it wants to be woken", host.wake_at(), None);
    });
}

#[test]
fn s8_the_first_alarm_counts() {
    lab(|lab| {
        lab.why("Each connection has its own time. The host must be woken at the first of them.");
        plays(
            lab,
            "Host::wake_at()",
            "
   0   connect(c1) = 49152
       c1: --> SYN seq 300
 400   connect(c2) = 49153
       c2: --> SYN seq 300
1000   c1: --> SYN seq 300
       # Each connection has an alarm of its own.
1400   c2: --> SYN seq 300
3000   c1: --> SYN seq 300
3100   abort(c1)
       count() = 1
3400   c2: --> SYN seq 300
7000   nothing",
        );
    });
}

/// A server that sends back what it gets, and counts what it has accepted.
fn echo(host: &mut Host, now: Duration, server: &mut Echo) -> bool {
    let mut acts = false;
    while let Some(id) = host.accept(80) {
        server.accepted += 1;
        server.open.push((id, Vec::new()));
        acts = true;
    }
    server.open.retain_mut(|(id, waiting)| {
        loop {
            let sent = host.send(*id, waiting);
            waiting.drain(..sent);
            acts |= sent > 0;
            if !waiting.is_empty() {
                return true;
            }
            match host.recv(*id, 10_000) {
                Received::Data(data) => *waiting = data,
                Received::Nothing => return true,
                Received::End => {
                    host.close(now, *id);
                    acts = true;
                    return false;
                }
            }
        }
    });
    acts
}

#[derive(Default)]
struct Echo {
    accepted: usize,
    open: Vec<(ConnId, Vec<u8>)>,
}

/// A client that sends so many bytes, closes its direction, and reads until the end. So often, one after the other.
fn asks(host: &mut Host, now: Duration, client: &mut Client) -> bool {
    let Some(id) = client.id else {
        if client.left == 0 {
            return false;
        }
        client.left -= 1;
        let server = SocketAddrV4::new(ADDR, 80);
        client.id = host.connect(now, server).ok();
        (client.sent, client.got) = (0, Vec::new());
        return true;
    };
    let mut acts = false;
    let notices = host.take_notices(id);
    if client.sent < client.bytes {
        let sent = host.send(id, &stream(client.sent as u32, client.bytes - client.sent));
        client.sent += sent;
        acts |= sent > 0;
        if client.sent == client.bytes {
            host.shutdown(now, id);
        }
    }
    match host.recv(id, 10_000) {
        Received::Data(data) => {
            client.got.extend(data);
            acts = true;
        }
        Received::Nothing => {}
        Received::End => {
            client.whole += usize::from(client.got == stream(0, client.bytes));
            client.troubles.extend(
                notices
                    .iter()
                    .filter(|it| !matches!(it, Notice::Established))
                    .map(|it| format!("{it:?}")),
            );
            host.close(now, id);
            client.id = None;
            acts = true;
        }
    }
    acts
}

#[derive(Default)]
struct Client {
    left: usize,
    bytes: usize,
    id: Option<ConnId>,
    sent: usize,
    got: Vec<u8>,
    /// How often all came back.
    whole: usize,
    troubles: Vec<String>,
}

/// A client that asks `times` times, and a server, at the ends of a link.
fn network(lab: &Lab, seed: u64, link: Link, times: usize, bytes: usize) -> (Net, NodeId, NodeId) {
    let mut config = Config::new(Seq(0));
    // Short, so that a host which asks all of its connections each time has few of them.
    config.msl = Duration::from_millis(50);
    // By chance, a network that loses a third may lose whatever is sent for some minutes.
    let long = Duration::from_secs(100_000);
    (config.open.give_up, config.send.give_up) = (long, long);
    let mut net = lab.net(seed);
    let at = Ipv4Addr::new(10, 0, 0, 1);
    let client = Client {
        left: times,
        bytes,
        ..Client::default()
    };
    let mut server = Host::new(ADDR, SECRET, config);
    server.listen(80, 16).expect("nobody listens yet");
    let client = net.add(
        "client",
        Site::new(Host::new(at, *b"another secret!!", config), client, asks),
    );
    let server = net.add("server", Site::new(server, Echo::default(), echo));
    net.join(client, server, link);
    net.with(client, |site: &mut Site<Client>, now: Time, out| {
        site.start(now, out)
    });
    (net, client, server)
}

#[test]
fn s8_two_hosts_over_a_network_that_loses() {
    lab(|lab| {
        lab.why("Whatever the network does, the bytes are the same. When both have closed, nothing is kept.");
        let mut seeds = lab.seeds(12);
        for loss in [0, 5, 20, 30] {
            for _ in 0..3 {
                let seed = seeds.next().expect("12 seeds");
                lab.scene(format!(
                    "{loss} % of the packets are lost, 1 % come twice, 1 % are damaged, 5 % come late"
                ));
                let chance = Chance {
                    lose: f64::from(loss) / 100.0,
                    repeat: 0.01,
                    late: 0.05,
                    late_by: Duration::from_millis(30),
                    flip: 0.01,
                };
                let link = Link::default().delay_ms(20).chance(chance);
                let (mut net, client, server) = network(lab, seed, link, 1, 20_000);
                lab.runs(&mut net);
                let site = net.node::<Site<Client>>(client);
                let got = (site.memory.whole, site.memory.troubles.clone());
                lab.same("all bytes came back, notices", got, (1, vec![]));
                let kept = (
                    site.host.count(),
                    net.node::<Site<Echo>>(server).host.count(),
                );
                lab.same("connections that client and server keep", kept, (0, 0));
            }
        }
    });
}

#[test]
fn s8_a_thousand_connections_in_turn_leave_nothing() {
    lab(|lab| {
        lab.why("Each is closed by both sides, and TIME-WAIT ends. A host that keeps a part of each runs out of memory some day.");
        let (mut net, client, server) = network(lab, 1, Link::default().delay_ms(1), 1000, 100);
        lab.runs(&mut net);
        let site = net.node::<Site<Client>>(client);
        lab.same("answers that were whole", site.memory.whole, 1000);
        let kept = (
            site.host.count(),
            net.node::<Site<Echo>>(server).host.count(),
        );
        lab.same("connections that client and server keep", kept, (0, 0));
        lab.same(
            "when the client wants to be woken",
            site.host.wake_at(),
            None,
        );
    });
}

// The program, from outside.

/// A script with these settings: `c1` opens a connection, which is accepted. Then these lines.
fn accepted(settings: &str, lines: &str) -> String {
    let opens = opens("c1");
    format!("with {settings}\n{opens}       accept() = c1\n       c1: established{lines}")
}

#[test]
fn s8_program_serves_and_closes() {
    lab(|lab| {
        lab.why(
            "A peer connects, asks, is answered, and closes. The host keeps what it must, and no longer.",
        );
        remote::plays(
            lab,
            &accepted(
                "backlog=4",
                "
  10   c1: <-- PSH,ACK seq 101 ack 301 \"ping\"
       linux c1: --> ACK seq 301 ack 105
       recv(c1) = \"ping\"
       send(c1, 2500) = 2500
       c1: --> ACK seq 301 ack 105 len 1000
       c1: --> ACK seq 1301 ack 105 len 1000
       # Less than a segment waits for the ACK (Nagle).
       c1: SND.UNA=301 c1: SND.NXT=2301 c1: RCV.NXT=105
  20   c1: <-- ACK seq 105 ack 2301
       c1: --> PSH,ACK seq 2301 ack 105 len 500
  25   c1: <-- ACK seq 105 ack 2801
  30   c1: <-- FIN,ACK seq 105 ack 2801
       c1: --> ACK seq 2801 ack 106
       c1: CLOSE-WAIT
       recv(c1) = end
       close(c1)
       c1: --> FIN,ACK seq 2801 ack 106
  40   c1: <-- ACK seq 106 ack 2802
       count() = 0
",
            ),
        );
        remote::plays(
            lab,
            &accepted(
                "backlog=4 msl=700 linux=no",
                "
  10   shutdown(c1)
       c1: --> FIN,ACK seq 301 ack 101
       c1: FIN-WAIT-1
  20   c1: <-- ACK seq 101 ack 302
       c1: FIN-WAIT-2
  30   c1: <-- PSH,ACK seq 101 ack 302 \"late\"
       recv(c1) = \"late\"
  40   c1: <-- FIN,ACK seq 105 ack 302
       c1: --> ACK seq 302 ack 106
       c1: TIME-WAIT
       recv(c1) = end
       close(c1)
 540   c1: <-- FIN,ACK seq 105 ack 302
       # The last ACK was lost: it is sent again, and two MSL begin anew.
       c1: --> ACK seq 302 ack 106
1939   count() = 1
1940   count() = 0
",
            ),
        );
    });
}

#[test]
fn s8_program_sends_again() {
    lab(|lab| {
        lab.why(
            "What is not acknowledged is sent again: by the clock, or after three duplicate ACKs.",
        );
        remote::plays(
            lab,
            &accepted(
                "backlog=4 linux=no",
                "
  10   send(c1, 700) = 700
       c1: --> PSH,ACK seq 301 ack 101 len 700
1010   c1: --> PSH,ACK seq 301 ack 101 len 700
3010   c1: --> PSH,ACK seq 301 ack 101 len 700
3100   c1: <-- ACK seq 101 ack 1001
       c1: SND.UNA=1001
9 s    nothing
",
            ),
        );
        remote::plays(
            lab,
            &accepted(
                "backlog=4 linux=no",
                "
  10   send(c1, 5000) = 5000
       c1: --> ACK seq 301 ack 101 len 1000
       c1: --> ACK seq 1301 ack 101 len 1000
       c1: --> ACK seq 2301 ack 101 len 1000
       c1: --> ACK seq 3301 ack 101 len 1000
       c1: --> PSH,ACK seq 4301 ack 101 len 1000
  30   c1: <-- ACK seq 101 ack 301
       c1: <-- ACK seq 101 ack 301
  31   nothing
  32   c1: <-- ACK seq 101 ack 301
       # The third duplicate: the first segment is lost (RFC 5681, section 3.2).
       c1: --> ACK seq 301 ack 101 len 1000
  60   c1: <-- ACK seq 101 ack 5301
       c1: SND.UNA=5301
",
            ),
        );
    });
}

#[test]
fn s8_program_reads_in_order() {
    lab(|lab| {
        lab.why("Segments come late, twice and over each other. The program gets one stream, and the window says what there is room for.");
        remote::plays(
            lab,
            &accepted(
                "backlog=4 linux=no",
                "
  10   c1: <-- ACK seq 1101 ack 301 len 1000
       # A gap: an ACK at once.
       c1: --> ACK seq 301 ack 101
  20   c1: <-- ACK seq 601 ack 301 len 1000
       c1: --> ACK seq 301 ack 101
       recv(c1) = nothing
  30   c1: <-- ACK seq 101 ack 301 len 600
       # The gap is filled.
       c1: --> ACK seq 301 ack 2101
  40   c1: <-- ACK seq 101 ack 301 len 600
       # An old one: its sender has missed the ACK.
       c1: --> ACK seq 301 ack 2101
       recv(c1, 700) = 700
       recv(c1) = 1300
       c1: RCV.NXT=2101
",
            ),
        );
        remote::plays(
            lab,
            &accepted(
                "backlog=4 room=2000 mss=1000 linux=no",
                "
  10   c1: <-- ACK seq 101 ack 301 len 1000
       c1: <-- ACK seq 1101 ack 301 len 1000
       c1: --> ACK seq 301 ack 2101 win 0
  20   c1: <-- ACK seq 2101 ack 301 len 1
       # A probe: there is no room.
       c1: --> ACK seq 301 ack 2101 win 0
  30   recv(c1) = 2000
       c1: --> ACK seq 301 ack 2101 win 2000
       c1: RCV.WND=2000
",
            ),
        );
    });
}

#[test]
fn s8_program_believes_no_forger() {
    lab(|lab| {
        lab.why("Who does not see the connection can guess, but not know. RFC 5961: only an exact RST counts; the rest is asked about.");
        remote::plays(
            lab,
            &accepted(
                "backlog=4 linux=no",
                "
1000   c1: <-- RST seq 102
       # In the window, but not the next number.
       c1: --> ACK seq 301 ack 101
3000   c1: <-- SYN seq 500
       c1: --> ACK seq 301 ack 101
5000   c1: <-- ACK seq 101 ack 302 len 5
       # It acknowledges what was never sent.
       c1: --> ACK seq 301 ack 101
       recv(c1) = nothing
       c1: ESTABLISHED
7000   c1: <-- RST seq 101
       c1: reset
       c1: CLOSED
       send(c1, 5) = 0
       close(c1)
       count() = 0
",
            ),
        );
        remote::plays(
            lab,
            "with backlog=1
   0   c7: <-- ACK seq 100 ack 900
       c7: --> RST seq 900
       c7: <-- FIN,ACK seq 100 ack 77
       c7: --> RST seq 77
       c7: <-- RST seq 100
  10   nothing
       count() = 0
",
        );
    });
}

#[test]
fn s8_program_has_many_peers() {
    lab(|lab| {
        lab.why("A connection is known by both of its sockets; the backlog has an end; who is open first is accepted first.");
        remote::plays(
            lab,
            "with backlog=3
   0   c1: <-- SYN seq 100 mss 1000 win 5000
       c1: --> SYN,ACK seq 300 ack 101
       c2: <-- SYN seq 100 mss 1000 win 5000
       c2: --> SYN,ACK seq 300 ack 101
       c3: <-- SYN seq 100 mss 1000 win 5000
       c3: --> SYN,ACK seq 300 ack 101
       ours c4: <-- SYN seq 100 mss 1000 win 5000
       ours nothing
       accept() = nobody
  10   c2: <-- ACK seq 101 ack 301
       accept() = c2
       c2: established
       c4: <-- SYN seq 100 mss 1000 win 5000
       c4: --> SYN,ACK seq 300 ack 101
  20   c1: <-- ACK seq 101 ack 301
       c4: <-- ACK seq 101 ack 301
       accept() = c1
       c1: established
       accept() = c4
       c4: established
  30   c4: <-- PSH,ACK seq 101 ack 301 \"four\"
       linux c4: --> ACK seq 301 ack 105
       c2: <-- PSH,ACK seq 101 ack 301 \"two\"
       linux c2: --> ACK seq 301 ack 104
       recv(c2) = \"two\"
       recv(c4) = \"four\"
       ours recv(c1) = nothing
       c2: <-- RST seq 104
       c2: reset
       c4: ESTABLISHED
       send(c4, \"FOUR\") = 4
       c4: --> PSH,ACK seq 301 ack 105 \"FOUR\"
",
        );
    });
}

#[test]
fn s8_program_connects() {
    lab(|lab| {
        lab.why("A SYN is sent again; the answer may be an acceptance, a refusal, or nothing.");
        remote::plays(
            lab,
            "
   0   connect(c1)
       c1: --> SYN seq 300 mss 1460
1000   c1: --> SYN seq 300 mss 1460
1020   c1: <-- SYN,ACK seq 500 ack 301 mss 800 win 3000
       c1: --> ACK seq 301 ack 501
       c1: established
       c1: SND.WND=3000
       send(c1, 700) = 700
       c1: --> PSH,ACK seq 301 ack 501 len 700
1040   c1: <-- ACK seq 501 ack 1001
       connect(c2)
       c2: --> SYN seq 300 mss 1460
1060   c2: <-- RST,ACK seq 0 ack 301
       c2: refused
       c2: CLOSED
       close(c2)
",
        );
        remote::plays(
            lab,
            "with give_up=2500 mss=1000 linux=no
   0   connect(c3)
       c3: --> SYN seq 300 mss 1000
1000   c3: --> SYN seq 300 mss 1000
3000   c3: timed-out
       c3: CLOSED
       close(c3)
       count() = 0
",
        );
    });
}

#[test]
fn s8_program_cuts() {
    lab(|lab| {
        lab.why("A RST says that bytes were lost. A host in TIME-WAIT knows a new connection from an old segment.");
        remote::plays(
            lab,
            &accepted(
                "backlog=4",
                "
  10   c1: <-- PSH,ACK seq 101 ack 301 len 10
       linux c1: --> ACK seq 301 ack 111
  20   close(c1)
       # Ten bytes were not read.
       ours c1: --> RST seq 301
       linux c1: --> RST,ACK seq 301 ack 111
       count() = 0
  30   c1: <-- ACK seq 111 ack 301
       # Nothing is known of it.
       c1: --> RST seq 301
",
            ),
        );
        remote::plays(
            lab,
            &accepted(
                "backlog=4 msl=1000 linux=no",
                "
  10   close(c1)
       c1: --> FIN,ACK seq 301 ack 101
  20   c1: <-- FIN,ACK seq 101 ack 302
       c1: --> ACK seq 302 ack 102
  30   c1: <-- SYN seq 100 mss 1000 win 5000
       # The old SYN, late: it opens nothing.
       c1: --> ACK seq 302 ack 102
  40   c1: <-- SYN seq 103 mss 1000 win 5000
       # Behind all old numbers: a new connection.
       c1: --> SYN,ACK seq 300 ack 104
       c1: <-- ACK seq 104 ack 301
       accept() = c1
       c1: established
       count() = 1
",
            ),
        );
    });
}
