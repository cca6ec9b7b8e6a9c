//! Step 6: two queues.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use netlab::script::{self, Call, Gives, Machine, Reaction, Script};
use netlab::{Lab, lab};
use tcp_open::{Config, Event, Limits, Listener, Segment, Seq, Tcb, isn};

use super::player;

const ARRIVES: &str = "Listener::arrives(now, peer, segment)";
const TICK: &str = "Listener::tick(now)";
const ACCEPT: &str = "Listener::accept()";
const SECRET: [u8; 16] = *b"nobody knows me!";

fn server() -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 80)
}

/// `c1`, `c2` and so on have a host each. `c1b` is the same host as `c1`, with another port.
fn socket(name: &str) -> SocketAddrV4 {
    let host = name.trim_start_matches('c').trim_end_matches('b');
    let host: u8 = host.parse().expect("a name such as c1");
    let port = 40_000 + u16::from(name.ends_with('b'));
    SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 100 + host), port)
}

/// A listener that scripts are played to. Its numbers are shown as if each ISN were 300.
struct Player {
    listener: Listener,
    function: &'static str,
    /// The ISN in the first SYN,ACK to each peer.
    isns: BTreeMap<String, u32>,
    names: BTreeMap<SocketAddrV4, String>,
    accepted: BTreeMap<String, Tcb>,
}

/// `with half_open=8 waiting=8`, and what a connection has.
fn plays(lab: &Lab, function: &'static str, script: &str) {
    lab.plays(script, |script: &Script| {
        let limits = Limits {
            half_open: script.number("half_open", 8) as usize,
            waiting: script.number("waiting", 8) as usize,
        };
        Player {
            listener: Listener::new(server(), SECRET, player::config(script), limits),
            function,
            isns: BTreeMap::new(),
            names: BTreeMap::new(),
            accepted: BTreeMap::new(),
        }
    });
}

impl Player {
    fn shown(&mut self, peer: &str, segment: &Segment) -> script::Segment {
        if segment.syn {
            self.isns.entry(peer.to_owned()).or_insert(segment.seq.0);
        }
        let mut shown = player::of_script(segment, peer);
        if let Some(isn) = self.isns.get(peer).filter(|_| !segment.rst) {
            shown.seq = shown.seq.wrapping_sub(*isn).wrapping_add(300);
        }
        shown
    }

    fn reaction(&self, segments: Vec<script::Segment>) -> Reaction {
        Reaction {
            segments,
            wake_at: self.listener.wake_at(),
            ..Reaction::default()
        }
    }
}

impl Machine for Player {
    fn call(&mut self, _now: Duration, call: &Call) -> Reaction {
        if call.name != "accept" {
            panic!("a listener of this chapter has no {}()", call.name);
        }
        let name = self.listener.accept().map(|(peer, tcb)| {
            let name = self
                .names
                .get(&peer)
                .cloned()
                .unwrap_or_else(|| peer.to_string());
            self.accepted.insert(name.clone(), tcb);
            name
        });
        self.function = ACCEPT;
        let mut reaction = self.reaction(Vec::new());
        reaction.gives = Some(Gives::Word(name.unwrap_or_else(|| "nobody".into())));
        reaction
    }

    fn arrives(&mut self, now: Duration, it: &script::Segment) -> Reaction {
        let peer = socket(&it.peer);
        self.function = ARRIVES;
        self.names.insert(peer, it.peer.clone());
        let mut segment = player::segment(it);
        // A RST's or another connection's ACK number is meant as it is.
        if let (Some(ack), Some(isn)) = (it.ack.filter(|ack| *ack < 1000), self.isns.get(&it.peer))
        {
            segment.ack = Some(Seq(ack.wrapping_sub(300).wrapping_add(*isn)));
        }
        let sent = self.listener.arrives(now, peer, &segment);
        let sent = sent
            .iter()
            .map(|segment| self.shown(&it.peer, segment))
            .collect();
        self.reaction(sent)
    }

    fn tick(&mut self, now: Duration) -> Reaction {
        let mut sent: Vec<_> = self
            .listener
            .tick(now)
            .iter()
            .map(|(peer, segment)| {
                let name = self
                    .names
                    .get(peer)
                    .cloned()
                    .unwrap_or_else(|| peer.to_string());
                self.shown(&name, segment)
            })
            .collect();
        self.function = TICK;
        // They may come in any order.
        sent.sort_by(|a, b| a.peer.cmp(&b.peer));
        self.reaction(sent)
    }

    fn state(&self, peer: &str) -> String {
        self.accepted
            .get(peer)
            .map_or(String::new(), |tcb| tcb.state().to_string())
    }

    fn vars(&self, peer: &str) -> Vec<(&'static str, String)> {
        self.accepted.get(peer).map_or(Vec::new(), player::vars)
    }

    fn function(&self) -> &'static str {
        self.function
    }
}

#[test]
fn s6_established_before_anyone_accepts() {
    lab(|lab| {
        lab.why(
            "The listener opens connections by itself. accept only takes one out of the queue.",
        );
        plays(
            lab,
            ARRIVES,
            "
            with win=4000 mss=1000
              0 ms  accept() = nobody
             10     c1: <-- SYN seq 100 win 5000 mss 1200
                    # The program has not called accept. The listener answers by itself,
                    # with the window and the MSS of its configuration.
                    c1: --> SYN,ACK seq 300 ack 101 win 4000 mss 1000
                    # A connection that is not open is not for the program.
                    accept() = nobody
             60     c1: <-- ACK seq 101 ack 301
                    # c1 is open, and no longer half open: its SYN,ACK is not repeated.
             10 s   nothing
                    # It was open long before the call of accept, which only takes it
                    # out of the queue.
                    accept() = c1
                    c1: ESTABLISHED
                    c1: IRS=100
                    c1: RCV.NXT=101
                    c1: SND.WND=5000
                    c1: MSS=1200
                    # It is returned once.
                    accept() = nobody
             20 s   c2: <-- SYN seq 200 mss 500
                    c2: --> SYN,ACK seq 300 ack 201 win 4000 mss 1000
                    c3: <-- SYN seq 300 mss 400
                    # Each connection has this configuration. Another peer's values do
                    # not count.
                    c3: --> SYN,ACK seq 300 ack 301 win 4000 mss 1000
            ",
        );
    });
}

#[test]
fn s6_each_connection_has_an_isn_of_its_own() {
    lab(|lab| {
        for secret in [SECRET, [9; 16]] {
            let limits = Limits {
                half_open: 8,
                waiting: 8,
            };
            let config = Config::new(Seq(12345));
            let mut listener = lab.you("Listener::new(10.0.0.1:80, …)", || {
                Listener::new(server(), secret, config, limits)
            });
            for (peer, millis) in [("c1", 0), ("c2", 0), ("c1b", 500), ("c3", 7_000_000)] {
                let now = Duration::from_millis(millis);
                let segment = Segment {
                    seq: Seq(100),
                    syn: true,
                    ..Segment::default()
                };
                let call = format!("arrives({now:?}, {}, SYN)", socket(peer));
                let answer = lab.you(&call, || listener.arrives(now, socket(peer), &segment));
                let want = isn(&secret, server(), socket(peer), now).0;
                lab.because("The ISN is your isn() of the secret, the local socket, the peer's, and the time at which its SYN comes. The configured ISN is not used: otherwise all connections would have one ISN.")
                    .same("the number of the SYN,ACK", answer.first().map(|it| it.seq.0), Some(want));
            }
            for (peer, millis) in [("c1", 7_001_000), ("c2", 7_002_000)] {
                let rst = Segment {
                    seq: Seq(101),
                    rst: true,
                    ..Segment::default()
                };
                let syn = Segment {
                    seq: Seq(900),
                    syn: true,
                    ..Segment::default()
                };
                let now = Duration::from_millis(millis);
                lab.you(&format!("arrives({now:?}, {}, RST)", socket(peer)), || {
                    listener.arrives(now, socket(peer), &rst)
                });
                let now = now + Duration::from_secs(10);
                let answer = lab.you(&format!("arrives({now:?}, {}, SYN)", socket(peer)), || {
                    listener.arrives(now, socket(peer), &syn)
                });
                let want = isn(&secret, server(), socket(peer), now).0;
                lab.because("The peer has reset its connection and begins another one. Its ISN is for the time of its own SYN: nothing of the first connection is left.")
                    .same("the number of the SYN,ACK", answer.first().map(|it| it.seq.0), Some(want));
            }
        }
    });
}

#[test]
fn s6_accept_gives_who_was_open_first() {
    lab(|lab| {
        lab.why("The accept queue is a queue: the connection that was ESTABLISHED first is accepted first, whichever SYN came first.");
        plays(
            lab,
            ACCEPT,
            "
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
              1     c2: <-- SYN seq 200
                    c2: --> SYN,ACK seq 300 ack 201
              2     c3: <-- SYN seq 300
                    c3: --> SYN,ACK seq 300 ack 301
             10     c2: <-- ACK seq 201 ack 301
                    # It is for the connection with c2, and opens that.
             20     c3: <-- ACK seq 301 ack 301
                    # It is for the connection with c3, whichever connections already
                    # wait.
             30     c1: <-- ACK seq 101 ack 301
                    # c2's ACK came first.
                    accept() = c2
                    accept() = c3
                    accept() = c1
                    accept() = nobody
            ",
        );
    });
}

#[test]
fn s6_peers_are_told_apart_by_address_and_port() {
    lab(|lab| {
        lab.why("A connection is a pair of sockets, and a socket an address and a port.");
        plays(
            lab,
            ARRIVES,
            "
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
                    # The same host, another port: another connection.
                    c1b: <-- SYN seq 500
                    c1b: --> SYN,ACK seq 300 ack 501
                    # Another host, the same port: another connection. Data in its SYN
                    # is ignored.
                    c2: <-- SYN seq 900 len 10
                    c2: --> SYN,ACK seq 300 ack 901
             10     c1b: <-- ACK seq 501 ack 301
             20     c2: <-- ACK seq 901 ack 301
             30     c1: <-- ACK seq 101 ack 301
                    accept() = c1b
                    c1b: RCV.NXT=501
                    accept() = c2
                    c2: RCV.NXT=901
                    accept() = c1
                    c1: RCV.NXT=101
            ",
        );
    });
}

#[test]
fn s6_queue_full_drops_the_ack_and_recovers() {
    lab(|lab| {
        lab.why("The accept queue is full. The ACK is ignored as if it were lost. The repeated SYN,ACK brings another ACK.");
        for script in [
            "
            with waiting=1 linux=no
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
                    c2: <-- SYN seq 200
                    # c1 is half open, so it takes no place in the accept queue.
                    c2: --> SYN,ACK seq 300 ack 201
             50     c1: <-- ACK seq 101 ack 301
             60     c2: <-- ACK seq 201 ack 301
                    # There is room for one, and c1 is there. No error is sent: a RST
                    # would tell a client that there is no server.
            500     nothing
                    # c2's ACK was ignored, so c2 is still in the SYN queue, and its
                    # timer goes on. c2 has the connection open, and answers.
           1000     c2: --> SYN,ACK seq 300 ack 201
           1050     c2: <-- ACK seq 201 ack 301
           1500     accept() = c1
                    # c2's ACK was ignored twice.
                    accept() = nobody
           3000     c2: --> SYN,ACK seq 300 ack 201
                    # There is room now.
           3050     c2: <-- ACK seq 201 ack 301 len 20
                    accept() = c2
                    c2: ESTABLISHED
             60 s   nothing
            ",
            "
            with waiting=2 linux=no
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
                    c2: <-- SYN seq 200
                    c2: --> SYN,ACK seq 300 ack 201
                    c3: <-- SYN seq 300
                    c3: --> SYN,ACK seq 300 ack 301
             50     c1: <-- ACK seq 101 ack 301
                    # There is room for two.
             60     c2: <-- ACK seq 201 ack 301
                    # There is room for two. Data makes no difference.
             70     c3: <-- ACK seq 301 ack 301 len 10
            500     nothing
                    accept() = c1
                    accept() = c2
                    # c3's ACK came when the queue was full. It was ignored with its
                    # data, so c3 is still half open.
                    accept() = nobody
            600     c3: <-- ACK seq 301 ack 301
                    # There is room again.
                    accept() = c3
                    accept() = nobody
             60 s   nothing
            ",
            "
            with waiting=1 rto=1000 give_up=3000 linux=no
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
                    c1: <-- ACK seq 101 ack 301
                    accept() = c1
                    c2: <-- SYN seq 200
                    c2: --> SYN,ACK seq 300 ack 201
                    c3: <-- SYN seq 300
                    c3: --> SYN,ACK seq 300 ack 301
             50     c2: <-- ACK seq 201 ack 301
             60     c3: <-- ACK seq 301 ack 301
                    # There is room for one, and c2 is there. c3's timer goes on as it
                    # was.
           1000     c3: --> SYN,ACK seq 300 ack 301
           1050     c3: <-- ACK seq 301 ack 301
           2900     c3: <-- ACK seq 301 ack 301
                    # An ignored ACK counts as lost: three seconds after its first
                    # SYN,ACK, c3 is forgotten.
           3000     nothing
           3050     c3: <-- ACK seq 301 ack 5000
                    # Nothing is known of c3 any more.
                    c3: --> RST seq 5000
            ",
        ] {
            plays(lab, ARRIVES, script);
        }
    });
}

#[test]
fn s6_a_full_accept_queue_keeps_out_only_who_would_enter() {
    lab(|lab| {
        lab.why("When the accept queue is full, a SYN that would begin and an ACK that would open are ignored, and nothing else.");
        plays(
            lab,
            ARRIVES,
            "
            with waiting=1 half_open=2 linux=no
              0 ms  c1: <-- SYN seq 100
                    # There is room for two half-open connections.
                    c1: --> SYN,ACK seq 300 ack 101
                    c2: <-- SYN seq 200
                    # There is room for two half-open connections.
                    c2: --> SYN,ACK seq 300 ack 201
                    c3: <-- SYN seq 300
                    # Two are half open, so c3's SYN is ignored as if it were lost: no
                    # answer, not even a RST.
              5     nothing
             10     c1: <-- ACK seq 101 ack 301
                    # c1 waits, and c2 is half open. From here on the accept queue is
                    # full.
             20     c2: <-- SYN seq 200
                    # c2 does not begin a connection, it repeats its SYN: its SYN,ACK
                    # seems to be lost.
                    c2: --> SYN,ACK seq 300 ack 201
             30     c2: <-- ACK seq 201 ack 5000
                    # It acknowledges a number that c2 was not sent: a RST, as in step
                    # 4.
                    c2: --> RST seq 5000
             40     c2: <-- ACK seq 9 ack 301
                    # It is outside the window: it gets our ACK, as in step 5.
                    c2: --> ACK seq 301 ack 201
             50     c4: <-- ACK seq 7 ack 7000
                    # Nothing is known of c4: a RST, as in LISTEN.
                    c4: --> RST seq 7000
             60     c1: <-- SYN seq 100
                    # c1 is in the queue, and open.
                    c1: --> ACK seq 301 ack 101
             70     c2: <-- RST seq 201
                    # c2 resets its connection, and is forgotten.
             80     c2: <-- SYN seq 200
                    # So this would begin a connection, and there is no room.
             90     nothing
                    accept() = c1
                    accept() = nobody
            ",
        );
    });
}

#[test]
fn s6_no_syn_is_taken_when_the_accept_queue_is_full() {
    lab(|lab| {
        lab.why("A connection that could not be accepted is not begun. The SYN is ignored as if it were lost, and the client sends it again.");
        for script in [
            "
            with waiting=1 linux=no
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
                    c1: <-- ACK seq 101 ack 301
             10     c2: <-- SYN seq 200
                    # The accept queue is full: no answer, not even a RST.
            500     nothing
                    accept() = c1
           1010     c2: <-- SYN seq 200
                    # There is room again.
                    c2: --> SYN,ACK seq 300 ack 201
            ",
            "
            with waiting=0
              0 ms  c1: <-- SYN seq 100
                    # There is never room.
             60 s   nothing
                    accept() = nobody
            ",
        ] {
            plays(lab, ARRIVES, script);
        }
    });
}

#[test]
fn s6_the_syn_queue_has_an_end() {
    lab(|lab| {
        lab.why("Each SYN costs memory, and strangers send them. So the queue has a limit.");
        for script in [
            "
            with half_open=2 linux=no
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
                    c2: <-- SYN seq 200
                    c2: --> SYN,ACK seq 300 ack 201
             10     c3: <-- SYN seq 300
                    # There is room for two. No connection is removed, and no error is
                    # sent.
             20     nothing
             30     c2: <-- SYN seq 200
                    # c2 is there already, so it needs no room.
                    c2: --> SYN,ACK seq 300 ack 201
             40     c1: <-- ACK seq 101 ack 301
             50     c3: <-- SYN seq 300
                    # c1 is open and has left the SYN queue.
                    c3: --> SYN,ACK seq 300 ack 301
             60     c4: <-- SYN seq 400
                    # c2 and c3 are in the SYN queue.
             70     nothing
             80     c2: <-- RST seq 201
                    # c2 refuses the connection, and has left the SYN queue.
             90     c4: <-- SYN seq 400
                    c4: --> SYN,ACK seq 300 ack 401
            100     c2: <-- ACK seq 201 ack 5000
                    # Nothing is known of c2 any more.
                    c2: --> RST seq 5000
                    accept() = c1
                    accept() = nobody
            ",
            "
            with half_open=1 rto=1000 rto_max=1000 give_up=2000 linux=no
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
            500     c2: <-- SYN seq 200
                    # There is room for one.
            900     nothing
           1000     c1: --> SYN,ACK seq 300 ack 101
           2000     nothing
                    # c1 has not answered for two seconds, and is forgotten.
           2500     c2: <-- SYN seq 200
                    c2: --> SYN,ACK seq 300 ack 201
            ",
            "
            with half_open=1 linux=no
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
            200     c1: <-- SYN seq 500
                    # It is for c1's connection, which goes back to LISTEN, as in step
                    # 5. So that is forgotten, and this SYN itself begins no
                    #    connection: c1 sends it again if it is current.
            210     nothing
            220     c2: <-- SYN seq 200
                    # c1 has left the SYN queue.
                    c2: --> SYN,ACK seq 300 ack 201
            230     c1: <-- ACK seq 501 ack 5000
                    # Nothing is known of c1 any more.
                    c1: --> RST seq 5000
                    accept() = nobody
            ",
            "
            with half_open=0 linux=no
              0 ms  c1: <-- SYN seq 100
                    # There is never room.
             60 s   nothing
            ",
        ] {
            plays(lab, ARRIVES, script);
        }
    });
}

#[test]
fn s6_a_flood_of_syns_is_bounded() {
    lab(|lab| {
        for (half_open, waiting) in [(16, 4), (128, 1)] {
            let limits = Limits { half_open, waiting };
            let what = format!("Listener::new(…, {half_open} half open, {waiting} waiting)");
            let mut listener = lab.you(&what, || {
                Listener::new(server(), SECRET, Config::new(Seq(0)), limits)
            });
            let mut answered = 0;
            lab.you("arrives(now, peer, SYN) from 5000 peers", || {
                for port in 0..5000 {
                    let peer = SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, 7), 10_000 + port);
                    let syn = Segment {
                        seq: Seq(u32::from(port) * 7),
                        syn: true,
                        ..Segment::default()
                    };
                    answered += listener.arrives(Duration::ZERO, peer, &syn).len();
                }
            });
            lab.because("Each SYN that is answered is kept until its ACK comes. A flood must not cost more memory than the limit allows.")
                .same("SYNs that are answered", answered, half_open);
            let again = lab.you("tick(1 s)", || listener.tick(Duration::from_secs(1)));
            lab.because("The SYN,ACK is sent again only to connections that are kept.")
                .same("SYN,ACKs that are sent again", again.len(), half_open);
        }
    });
}

#[test]
fn s6_what_belongs_to_nobody_is_answered_as_in_listen() {
    lab(|lab| {
        lab.why("The listener answers an unknown peer as a connection in LISTEN does, and keeps nothing.");
        plays(
            lab,
            ARRIVES,
            "
            with half_open=1
              0 ms  c1: <-- ACK seq 101 ack 5000
                    # An ACK, and nothing was sent to c1.
                    c1: --> RST seq 5000
             10     c2: <-- SYN,ACK seq 101 ack 7000
                    c2: --> RST seq 7000
             20     c3: <-- RST seq 101
                    # A RST gets no answer.
             30     nothing
             40     c4: <-- SYN,FIN seq 7
                    # No honest TCP sends it.
             50     nothing
             60     c5: <-- SYN seq 100
                    # None of the others is in a queue.
                    c5: --> SYN,ACK seq 300 ack 101
                    accept() = nobody
            ",
        );
    });
}

#[test]
fn s6_a_duplicate_syn_is_one_connection() {
    lab(|lab| {
        lab.why("The SYN came twice. It is one connection, with one ISN.");
        plays(
            lab,
            ARRIVES,
            "
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
            200     c1: <-- SYN seq 100
                    # Its ISN is that of the first SYN,ACK, although the clock has
                    # moved.
                    c1: --> SYN,ACK seq 300 ack 101
            300     c1: <-- ACK seq 101 ack 301
            400     c1: <-- SYN seq 100
                    # It is open, and its ACK shows it.
                    c1: --> ACK seq 301 ack 101
                    accept() = c1
                    accept() = nobody
            ",
        );
    });
}

#[test]
fn s6_who_is_reset_while_it_waits_is_accepted_all_the_same() {
    lab(|lab| {
        lab.why("The program finds out with the first call on the connection. Until then it has a place in the queue.");
        for script in [
            "
            with waiting=2 linux=no
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
                    c1: <-- ACK seq 101 ack 301
                    c2: <-- SYN seq 200
                    c2: --> SYN,ACK seq 300 ack 201
                    c2: <-- ACK seq 201 ack 301
            100     c1: <-- RST seq 101
            110     c3: <-- SYN seq 300
                    # c1 is still in the accept queue, which is full.
            115     nothing
            120     c1: <-- SYN seq 900
                    # c1 is in the accept queue, so this is for its connection, which
                    # is CLOSED.
                    c1: --> RST,ACK seq 0 ack 901
            200     nothing
                    # c1 was first.
                    accept() = c1
                    c1: CLOSED
                    accept() = c2
                    c2: ESTABLISHED
            ",
            "
            with linux=no
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
                    c1: <-- ACK seq 101 ack 301
                    c2: <-- SYN seq 200
                    c2: --> SYN,ACK seq 300 ack 201
                    c2: <-- ACK seq 201 ack 301
            100     c1: <-- RST seq 101
            110     c1: <-- SYN seq 900
                    # There is room, but c1 is in the accept queue.
                    c1: --> RST,ACK seq 0 ack 901
            120     c3: <-- SYN seq 300
                    c3: --> SYN,ACK seq 300 ack 301
            130     c3: <-- ACK seq 301 ack 301
                    # Each is where it was: c1, then c2, and c3 at the end.
                    accept() = c1
                    c1: CLOSED
                    accept() = c2
                    accept() = c3
                    accept() = nobody
            ",
        ] {
            plays(lab, ARRIVES, script);
        }
    });
}

#[test]
fn s6_who_waits_is_alive() {
    lab(|lab| {
        lab.why("A connection in the accept queue is open: it answers as an open connection does.");
        plays(
            lab,
            ARRIVES,
            "
            with linux=no
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
                    c1: <-- ACK seq 101 ack 301
             10     c1: <-- SYN seq 5000
                    # The challenge of step 5.
                    c1: --> ACK seq 301 ack 101
             20     c1: <-- ACK seq 101 ack 301 len 10
             30     c1: <-- RST seq 102
                    # The challenge of step 4.
                    c1: --> ACK seq 301 ack 101
                    accept() = c1
                    c1: ESTABLISHED
            ",
        );
    });
}

#[test]
fn s6_ticks_send_again_what_is_due() {
    lab(|lab| {
        lab.why("Each connection in the SYN queue has a timer of its own, and the listener wakes for the first of them.");
        for script in [
            "
            with rto=1000 give_up=3000
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
            300     c2: <-- SYN seq 200
                    c2: --> SYN,ACK seq 300 ack 201
            600     c3: <-- SYN seq 300
                    c3: --> SYN,ACK seq 300 ack 301
            700     c2: <-- ACK seq 201 ack 301
                    # c1's second is over. c2 is open and has no timer, c3 has time
                    # left.
           1000     c1: --> SYN,ACK seq 300 ack 101
           1600     c3: --> SYN,ACK seq 300 ack 301
                    # c1 gives up at 3000 ms, c3 at 3600 ms.
             60 s   nothing
                    accept() = c2
                    accept() = nobody
                    # Nothing is known of c1 any more.
                    c1: <-- ACK seq 101 ack 5000
                    c1: --> RST seq 5000
            ",
            "
              0 ms  c1: <-- SYN seq 100
                    c1: --> SYN,ACK seq 300 ack 101
              1 s   c1: --> SYN,ACK seq 300 ack 101
              3 s   c1: --> SYN,ACK seq 300 ack 101
              7 s   c1: --> SYN,ACK seq 300 ack 101
             15 s   c1: --> SYN,ACK seq 300 ack 101
             31 s   c1: --> SYN,ACK seq 300 ack 101
             63 s   c1: --> SYN,ACK seq 300 ack 101
                    # 3 minutes are not over, so it is still in the SYN queue.
            123 s   c1: --> SYN,ACK seq 300 ack 101
            182 s   c1: <-- ACK seq 101 ack 301
                    # Its ACK comes late, but not too late.
                    accept() = c1
            ",
        ] {
            plays(lab, TICK, script);
        }
    });
}

#[test]
fn s6_wake_at_is_the_first_timer() {
    lab(|lab| {
        let limits = Limits {
            half_open: 8,
            waiting: 8,
        };
        let mut listener = lab.you("Listener::new(…)", || {
            Listener::new(server(), SECRET, Config::new(Seq(0)), limits)
        });
        let wake_at = |listener: &Listener| {
            let at = lab.you("Listener::wake_at()", || listener.wake_at());
            at.map(|at| at.as_millis())
        };
        lab.because("The SYN queue is empty.")
            .same("wake_at(), in ms", wake_at(&listener), None);
        for (peer, millis) in [("c5", 100), ("c1", 400), ("c9", 700)] {
            let syn = Segment {
                seq: Seq(100),
                syn: true,
                ..Segment::default()
            };
            let call = format!("arrives({millis} ms, {}, SYN)", socket(peer));
            lab.you(&call, || {
                listener.arrives(Duration::from_millis(millis), socket(peer), &syn)
            });
            lab.because("c5's SYN,ACK was sent first, at 100 ms, and waits for a second.")
                .same("wake_at(), in ms", wake_at(&listener), Some(1100));
        }
        let now = Duration::from_millis(1100);
        let sent = lab.you("tick(1100 ms)", || listener.tick(now));
        let sent: Vec<(String, bool)> = sent
            .iter()
            .map(|(peer, it)| (peer.to_string(), it.syn && it.ack.is_some()))
            .collect();
        lab.because("Only c5's second is over.").same(
            "who is sent a SYN,ACK",
            sent,
            vec![(socket("c5").to_string(), true)],
        );
        lab.because("The next one is c1, a second after 400 ms.")
            .same("wake_at(), in ms", wake_at(&listener), Some(1400));
    });
}

#[test]
fn s6_what_is_accepted_is_the_programs() {
    lab(|lab| {
        let limits = Limits {
            half_open: 1,
            waiting: 1,
        };
        let config = Config {
            window: 777,
            ..Config::new(Seq(0))
        };
        let mut listener = lab.you("Listener::new(…)", || {
            Listener::new(server(), SECRET, config, limits)
        });
        let peer = socket("c1");
        let syn = Segment {
            seq: Seq(100),
            syn: true,
            ..Segment::default()
        };
        let answer = lab.you("arrives(0, c1, SYN)", || {
            listener.arrives(Duration::ZERO, peer, &syn)
        });
        let Some(syn_ack) = answer.first() else {
            lab.because("A SYN is answered.")
                .fails("a SYN,ACK", "nothing");
        };
        let ack = Segment {
            seq: Seq(101),
            ack: Some(syn_ack.seq + 1),
            ..Segment::default()
        };
        lab.you("arrives(0, c1, ACK)", || {
            listener.arrives(Duration::ZERO, peer, &ack)
        });
        let Some((from, mut tcb)) = lab.you("accept()", || listener.accept()) else {
            lab.because("The connection is open.")
                .fails("the connection with c1", "nobody");
        };
        lab.because("The program wants the peer's address.").same(
            "the peer",
            from.to_string(),
            peer.to_string(),
        );
        let challenge = lab.you("its step(0, Arrives(SYN))", || {
            tcb.step(Duration::ZERO, Event::Arrives(&syn))
        });
        let answer = challenge
            .segments
            .first()
            .map(|it| (it.seq.0, it.ack.map(|ack| ack.0), it.window));
        lab.because("It is an ordinary connection, with the numbers of the handshake.")
            .same(
                "number, ACK number and window of what it answers",
                answer,
                Some((syn_ack.seq.0.wrapping_add(1), Some(101), 777)),
            );
        let answer = lab.you("arrives(0, c1, SYN)", || {
            listener.arrives(Duration::ZERO, peer, &syn)
        });
        lab.because("The listener has handed the connection over and no longer has it. A later segment to the listener gets a new connection.").same(
            "whether it answers with a SYN,ACK",
            answer.first().map(|it| it.syn),
            Some(true),
        );
    });
}
