//! Step 4: one thread, many sockets.

use std::collections::HashSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::Ordering;

use netlab::frames::{frame, frames};
use netlab::{Lab, TcpPeer, alone, hostile, lab};
use readiness::{Event, Id, Loop, OUTBOX};
use socket2::SockRef;

use super::protocols::{Counted, Long, Times};
use super::rounds::{
    Rounds, begins_to_connect, count, crowd, end_of, has_something, listener, printed,
    roomy_listener, serving, stuffs, waits, words,
};

#[test]
fn s4_a_client_gets_its_echo() {
    lab(|lab| {
        lab.why("A client comes, asks, asks again, ends its stream, and goes. Each of it is an event, and the loop tells in its own words what it came to.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let client = lab.connect_as("client A", addr);
        let id = rounds.accepts(&client);
        lab.same("connections()", rounds.work.connections(), 1);
        rounds.echoes(&client, b"hello");
        rounds.echoes(&client, b"again");
        client.half_closes();
        lab.same("how it ended", rounds.closes(id), "Ok".to_owned());
        client.expects_eof();
        lab.same("connections()", rounds.work.connections(), 0);
        let told: Vec<_> = rounds.take().iter().map(words).collect();
        let want = [
            format!("Opened({}, {})", id.0, client.local()),
            format!("Answered({})", id.0),
            format!("Answered({})", id.0),
            format!("Closed({}, Ok)", id.0),
        ];
        lab.same("what happened", told, want.to_vec());
    });
}

#[test]
fn s4_answered_means_that_a_request_was_taken() {
    lab(|lab| {
        lab.why("Answered tells of requests that are complete. Half of one is none yet: who takes bytes for a request gives a slow client all the time that it wants.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let client = lab.connect_as("client A", addr);
        let id = rounds.accepts(&client);
        client.sends_labelled("half a frame", &frame(b"hello")[..6]);
        rounds.round();
        rounds.round();
        let answered =
            |events: &[Event]| count(events, |event| matches!(event, Event::Answered(_)));
        lab.same("how often Answered came", answered(rounds.happened()), 0);
        client.sends_labelled("the other half", &frame(b"hello")[6..]);
        rounds.until("Answered", |events| answered(events) == 1);
        client.expects_frame("hello");
        client.sends_labelled("three frames", &frames(["a", "b", "c"]));
        rounds.until("Answered", |events| answered(events) >= 2);
        client.expects(&frames(["a", "b", "c"]));
        lab.because("The name is the connection's.").same(
            "who was answered",
            rounds.take().iter().all(|event| match event {
                Event::Opened(other, _) | Event::Answered(other) => *other == id,
                _ => false,
            }),
            true,
        );
    });
}

#[test]
fn s4_everybody_who_waits_is_accepted() {
    lab(|lab| {
        lab.why("Five clients have come before the first round. The system tells of the listening socket once. Who accepts one for each event leaves four waiting, until somebody else connects.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let clients: Vec<_> = ["A", "B", "C", "D", "E"]
            .map(|name| lab.connect_as(name, addr))
            .into();
        for client in &clients {
            rounds.accepts(client);
        }
        let opened: Vec<_> = rounds.happened().iter().filter_map(peer_of).collect();
        let came: Vec<_> = clients.iter().map(TcpPeer::local).collect();
        lab.because("What happened is told in order, and the queue of the kernel keeps the order of its clients.")
            .same("the order in which they were accepted", opened, came);
        lab.same("connections()", rounds.work.connections(), 5);
        let ids = lab.you("ids()", || rounds.work.ids());
        let unique: HashSet<_> = ids.iter().map(|id| id.0).collect();
        lab.same("names", unique.len(), 5);
        for client in &clients {
            rounds.echoes(client, b"hello");
        }
    });
}

fn peer_of(event: &Event) -> Option<SocketAddr> {
    match event {
        Event::Opened(_, peer) => Some(*peer),
        _ => None,
    }
}

#[test]
fn s4_the_listener_may_be_blocking_or_not() {
    lab(|lab| {
        lab.why("The loop asks the listening socket until it says WouldBlock. A blocking one never says that: it waits, and everybody with it.");
        for nonblocking in [false, true] {
            let (listener, addr) = listener();
            listener
                .set_nonblocking(nonblocking)
                .expect("non-blocking mode");
            let work = lab.ok("Loop::new(listener, protocol)", || {
                Loop::new(listener, Times(2))
            });
            let mut rounds = Rounds::new(lab, work);
            let client = lab.connect_as("client A", addr);
            rounds.accepts(&client);
            client.sends(b"x");
            rounds.answers(&client);
            client.expects(b"xx");
        }
    });
}

#[test]
fn s4_bytes_that_came_before_the_accept() {
    lab(|lab| {
        lab.why("The client has sent its request, and even its end, before it was accepted. The bytes are there when the connection is registered, and the loop must hear of them.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let quick = lab.connect_as("client A", addr);
        quick.sends_frame("hello");
        let gone = lab.connect_as("client B", addr);
        gone.sends_frame("and gone");
        gone.half_closes();
        rounds.answers(&quick);
        quick.expects_frame("hello");
        rounds.answers(&gone);
        gone.expects_frame("and gone");
        let id = rounds.accepts(&gone);
        lab.same("how it ended", rounds.closes(id), "Ok".to_owned());
        gone.expects_eof();
    });
}

#[test]
fn s4_a_round_waits_no_longer_than_it_may() {
    lab(|lab| {
        lab.why("Nothing happens. A round with a limit returns when the limit is over, with nothing to tell; a limit of zero is a glance.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        lab.same("events of a glance", rounds.glance(), 0);
        lab.same("events of a round", rounds.round(), 0);
        let client = lab.connect_as("client A", addr);
        rounds.accepts(&client);
        lab.same("events of a glance", rounds.glance(), 0);
        lab.same("events of a round", rounds.round(), 0);
    });
}

#[test]
fn s4_a_hundred_silent_and_one_that_talks() {
    lab(|lab| {
        lab.why("A hundred clients are connected and say nothing. One talks. There is one thread, and it sleeps while nobody says anything: a connection that is idle costs memory and no time.");
        let (listener, addr) = listener();
        let mut work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, readiness::EchoFrames)
        });
        let before = threads();
        let serving = serving(lab, work.waker(), move || work.round(None));
        let silent: Vec<_> = (0..100)
            .map(|_| TcpStream::connect(addr).expect("a listening socket"))
            .collect();
        lab.note("100 clients connect, and say nothing");
        let client = lab.connect_as("client A", addr);
        let why = "101 clients have come. The system tells of the listening socket once for several of them, and the last one is accepted when the loop asks until it says WouldBlock. Then one event brings this client its turn, however many are silent.";
        for word in ["hello", "again", "and again"] {
            client.sends_frame(word);
            lab.why(why);
            client.expects_frame(word);
        }
        lab.why("A hundred clients are connected and say nothing. One has talked. There is one thread, and it sleeps while nobody says anything: a connection that is idle costs memory and no time.");
        serving.running.rests_until_woken("a client says something");
        // Those of other tests come and go.
        let more = threads().saturating_sub(before);
        lab.because("A thread for each client is chapter 03. Here one thread has them all.")
            .holds(
                more < 50,
                "no thread for each of the 100",
                format!("{more} more threads than before"),
            );
        client.half_closes();
        client.expects_eof();
        drop(silent);
        serving.stops(lab);
    });
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

#[test]
fn s4_it_sleeps_whatever_clients_leave_behind() {
    lab(|lab| {
        lab.why("A client that has half closed and does not read its reply; one that has sent half of a frame; one that sends and never reads. The loop can do nothing for any of them now. It sleeps, and is not woken by the same thing again and again.");
        let (listener, addr) = small_buffers();
        let mut work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, Times(1000))
        });
        let serving = serving(lab, work.waker(), move || work.round(None));
        let half = lab.connect_as("half closed", addr);
        half.sends_labelled("4000 requests", &[b'x'; 4000]);
        half.half_closes();
        let never = lab.connect_as("never reads", addr);
        let sent = stuffs(&never, &[b'x'; 30_000]);
        lab.note(format!(
            "a client has sent {sent} requests, and reads nothing"
        ));
        let silent = lab.connect_as("silent", addr);
        silent.sends(b"x");
        silent.expects(&[b'x'; 1000]);
        serving
            .running
            .rests_until_woken("a client reads, or sends something");
        drop((half, never, silent));
        serving.stops(lab);
    });
}

/// Small, and still some segments of loopback, which are large: with less, TCP waits between them.
const SMALL: usize = 128 * 1024;

/// A listening socket whose connections have small buffers at the loop's end.
fn small_buffers() -> (std::net::TcpListener, SocketAddr) {
    let (listener, addr) = listener();
    SockRef::from(&listener)
        .set_send_buffer_size(SMALL)
        .expect("SO_SNDBUF");
    SockRef::from(&listener)
        .set_recv_buffer_size(SMALL)
        .expect("SO_RCVBUF");
    (listener, addr)
}

#[test]
fn s4_a_waker_ends_the_wait() {
    lab(|lab| {
        lab.why("The loop sleeps, and only a socket can wake it. The waker is one: from any thread it ends the wait, so that the loop can be told to stop. A call that comes while the loop does not sleep counts for its next round.");
        let (listener, _addr) = listener();
        let mut work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, Times(1))
        });
        let waker = lab.you("waker()", || work.waker());
        lab.ok("wake()", || waker.wake());
        let events = lab.ok("round(None)", || work.round(None));
        lab.same("what happened", events.len(), 0);
        let twice = waker.clone();
        let running = lab.student("round(None)", move || {
            let told = work.round(None).map(|events| events.len());
            (told.ok(), work.round(None).map(|events| events.len()).ok())
        });
        running.rests_until_woken("it is woken");
        lab.ok("wake()", || waker.wake());
        running.settles();
        lab.ok("wake() of a clone", || twice.wake());
        lab.same("what happened", running.returns(), (Some(0), Some(0)));
    });
}

#[test]
fn s4_a_lot_that_came_at_once() {
    lab(|lab| {
        lab.why("A client has sent more than one turn reads, and now it waits for its answers. The system has told of its bytes, and will not tell again. Again says that the turn could go on: the loop has to remember that, and not to sleep.");
        let (mut rounds, addr) = Rounds::of(lab, Long(1000));
        let client = lab.connect_as("client A", addr);
        let id = rounds.accepts(&client);
        // More than one turn, and less than loopback's buffers.
        let sent = stuffs(&client, &[b'x'; 200_000]) / 1000;
        client.half_closes();
        lab.note(format!(
            "client A sends {sent} requests of 1000 bytes, and its end"
        ));
        lab.same("whether it was more than one turn", sent > 70, true);
        lab.same("how it ended", rounds.closes(id), "Ok".to_owned());
        client.expects(&vec![b'.'; sent]);
        client.expects_eof();
    });
}

#[test]
fn s4_a_chatty_client_starves_nobody() {
    lab(|lab| {
        lab.why("Client A has sent a lot, and had a turn. Then B sends a little. Both can go on now, A without an event, B by one: each of them has a turn in a round. One thread is shared by taking turns.");
        let (mut rounds, addr) = Rounds::of(lab, Long(1000));
        let chatty = lab.connect_as("client A", addr);
        let a = rounds.accepts(&chatty);
        let modest = lab.connect_as("client B", addr);
        let b = rounds.accepts(&modest);
        rounds.take();
        let sent = stuffs(&chatty, &[b'x'; 300_000]);
        lab.note(format!("client A sends {sent} bytes"));
        rounds.round();
        modest.sends_labelled("one request", &[b'y'; 1000]);
        rounds.until("B to be answered", |events| {
            count(events, |e| matches!(e, Event::Answered(id) if *id == b)) > 0
        });
        let turns = count(
            rounds.happened(),
            |e| matches!(e, Event::Answered(id) if *id == a),
        );
        lab.holds(
            turns <= 3,
            "B to be answered when A has had two turns more at most",
            format!("A has had {turns}"),
        );
        rounds.answers(&modest);
        modest.expects(b".");
    });
}

#[test]
fn s4_an_event_does_not_put_off_who_goes_on() {
    lab(|lab| {
        lab.why("Client A has sent a lot, and can go on for several rounds. In each of them B has an event. A has none, and has its turn all the same: an event is no better reason for a turn than Again is. Otherwise some clients that chat keep A waiting for ever.");
        let (listener, addr) = roomy_listener();
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, Long(1000))
        });
        let mut rounds = Rounds::new(lab, work);
        let clients = ["client A", "client B"].map(|name| lab.connect_as(name, addr));
        let [a, b] = [&clients[0], &clients[1]].map(|client| rounds.accepts(client));
        let sent = stuffs(&clients[0], &[b'x'; 200_000]);
        lab.note(format!("client A sends {sent} bytes"));
        rounds.until("A to be answered", |events| answered(events, a) > 0);
        for _ in 0..2 {
            if !rounds.work.can_go_on(a) {
                break;
            }
            rounds.take();
            clients[1].sends_labelled("one request", &[b'y'; 1000]);
            rounds.until("B to be answered", |events| answered(events, b) > 0);
            lab.holds(
                answered(rounds.happened(), a) > 0,
                "A to be answered, too",
                "B alone is",
            );
        }
    });
}

fn answered(events: &[Event], id: Id) -> usize {
    count(
        events,
        |event| matches!(event, Event::Answered(other) if *other == id),
    )
}

#[test]
fn s4_who_can_go_on_is_not_waited_for() {
    lab(|lab| {
        lab.why("A client has sent more than a turn reads, and its connection has said Again. A round does not wait then, not for a millisecond either: there is work.");
        let (listener, addr) = roomy_listener();
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, Long(1000))
        });
        let mut rounds = Rounds::new(lab, work);
        let client = lab.connect_as("client A", addr);
        let id = rounds.accepts(&client);
        let sent = stuffs(&client, &[b'x'; 200_000]);
        lab.note(format!("client A sends {sent} bytes"));
        rounds.until("A to be answered", |events| answered(events, id) > 0);
        let mut waited = Vec::new();
        while rounds.work.can_go_on(id) {
            let before = waits();
            lab.ok("round(None)", || rounds.work.round(None));
            waited.extend(before.zip(waits()).map(|(before, now)| now - before));
        }
        // Whatever else a thread may wait for, it does not do so in each round.
        lab.holds(
            waited.is_empty() || waited.contains(&0),
            "a round in which the thread does not wait",
            format!("in each of {} rounds it waited", waited.len()),
        );
    });
}

#[test]
fn s4_all_that_is_told_at_a_time_is_done() {
    lab(|lab| {
        lab.why("The waker is woken, a client comes, another one asks, and a third can go on: all before one round. Each of them is told once. Whoever ends the round at one of them has lost the others: their clients wait until they say something more, and they do not.");
        for first in 0..3 {
            let (listener, addr) = roomy_listener();
            let work = lab.ok("Loop::new(listener, protocol)", || {
                Loop::new(listener, Long(1000))
            });
            let mut rounds = Rounds::new(lab, work);
            let [asks, chatty] = ["client A", "client B"].map(|name| lab.connect_as(name, addr));
            let [_, b] = [&asks, &chatty].map(|client| rounds.accepts(client));
            let many = stuffs(&chatty, &[b'x'; 150_000]) / 1000;
            lab.note(format!("client B sends {many} requests"));
            rounds.until("B to be answered", |events| answered(events, b) > 0);
            let mut comes = None;
            for nth in 0..3 {
                match (first + nth) % 3 {
                    0 => lab.ok("wake()", || rounds.work.waker().wake()),
                    1 => comes = Some(lab.connect_as("client C", addr)),
                    _ => asks.sends_labelled("one request", &[b'y'; 1000]),
                }
            }
            rounds.answers(&asks);
            asks.expects(b".");
            rounds.accepts(&comes.expect("client C"));
            while rounds.round() > 0 {}
            chatty.expects(&vec![b'.'; many]);
        }
    });
}

#[test]
fn s4_one_turn_a_round() {
    lab(|lab| {
        lab.why("Client A has sent more than one turn reads, so it said Again. Then it sends more, and that is an event. There are two reasons for a turn now, and it is one turn all the same: who gives two a round lets all others wait twice as long.");
        let (listener, addr) = roomy_listener();
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, Long(1000))
        });
        let mut rounds = Rounds::new(lab, work);
        let client = lab.connect_as("client A", addr);
        let id = rounds.accepts(&client);
        let sent = stuffs(&client, &[b'x'; 150_000]);
        lab.note(format!("client A sends {sent} bytes"));
        rounds.round();
        for _ in 0..2 {
            rounds.take();
            let sent = stuffs(&client, &[b'x'; 10_000]);
            lab.note(format!("client A sends {sent} bytes more"));
            rounds.round();
            let answered = count(
                rounds.happened(),
                |e| matches!(e, Event::Answered(other) if *other == id),
            );
            lab.same("how often A is answered in one round", answered, 1);
        }
    });
}

#[test]
fn s4_two_chatty_clients_share() {
    lab(|lab| {
        lab.why("Two clients have sent a lot. Both could go on for several rounds without an event. Each of them has a turn in each round: who serves one of them until it is done lets the other one wait, and everybody who comes later.");
        let (listener, addr) = roomy_listener();
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, Long(1000))
        });
        let mut rounds = Rounds::new(lab, work);
        let clients = ["client A", "client B"].map(|name| lab.connect_as(name, addr));
        let ids = [&clients[0], &clients[1]].map(|client| rounds.accepts(client));
        rounds.take();
        for client in &clients {
            let sent = stuffs(client, &[b'x'; 180_000]);
            lab.note(format!("a client sends {sent} bytes"));
        }
        let turns = |events: &[Event], id: Id| {
            count(
                events,
                |e| matches!(e, Event::Answered(other) if *other == id),
            )
        };
        rounds.until("a client to have had three turns", |events| {
            ids.iter().any(|id| turns(events, *id) >= 3)
        });
        for (id, name) in ids.into_iter().zip(["A", "B"]) {
            let turns = turns(rounds.happened(), id);
            lab.holds(
                turns >= 2,
                format!(
                    "client {name} to have had two turns at least, when the other one has had three"
                ),
                turns,
            );
        }
    });
}

#[test]
fn s4_can_go_on_is_again() {
    lab(|lab| {
        lab.why("A turn reads TURN bytes, and this request has 100 000. The first turn says Again: the rest may be there, and no event will tell of it. can_go_on is for whoever has to know that of one connection.");
        let (listener, addr) = roomy_listener();
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, Long(100_000))
        });
        let mut rounds = Rounds::new(lab, work);
        let clients = ["client A", "client B"].map(|name| lab.connect_as(name, addr));
        let [a, b] = [&clients[0], &clients[1]].map(|client| rounds.accepts(client));
        let go_on = |rounds: &Rounds<Loop<Long>>| [a, b].map(|id| rounds.work.can_go_on(id));
        lab.same(
            "can_go_on of A and B, both silent",
            go_on(&rounds),
            [false; 2],
        );
        let sent = stuffs(&clients[1], &[b'x'; 100_000]);
        lab.note(format!("client B sends {sent} bytes"));
        rounds.round();
        lab.same(
            "can_go_on of A and B, after one turn",
            go_on(&rounds),
            [false, true],
        );
        rounds.until("B to be answered", |events| {
            count(events, |e| matches!(e, Event::Answered(id) if *id == b)) > 0
        });
        lab.same(
            "can_go_on of A and B, when B is answered",
            go_on(&rounds),
            [false; 2],
        );
        clients[1].expects(b".");
        stuffs(&clients[1], &[b'x'; 100_000]);
        rounds.round();
        lab.same(
            "can_go_on of B, after one turn of the next",
            rounds.work.can_go_on(b),
            true,
        );
        lab.you("close(B's name)", || rounds.work.close(b));
        lab.because("There is no connection of this name any more.")
            .same(
                "can_go_on of B, after close",
                rounds.work.can_go_on(b),
                false,
            );
    });
}

#[test]
fn s4_everybody_of_a_long_queue() {
    let part = |lab: &Lab| {
        let (listener, addr) = listener();
        SockRef::from(&listener).listen(350).expect("a long queue");
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, readiness::EchoFrames)
        });
        let mut rounds = Rounds::new(lab, work);
        let clients: Vec<_> = (0..300).map(|_| begins_to_connect(addr)).collect();
        // Where the queue is shorter, some find no place.
        let came = clients.iter().filter(|client| client.peer_addr().is_ok());
        let came = came.count();
        while rounds.round_quietly() {}
        println!(
            "\nleft in the queue: {}",
            came.saturating_sub(rounds.work.connections())
        );
    };
    lab(move |lab| {
        if !cfg!(unix) {
            lab.skip("Unix, where a shell limits a program's descriptors");
        }
        lab.why("Some hundred clients have come before the first round, and nobody comes after them. The system has told of the listening socket, and will not tell again. Whoever accepts so many for each event, and no more, leaves the others in the queue.");
        // What is still to do says so here, and not in another process.
        drop(Rounds::of_echo(lab));
        let inner = lab.clone();
        let end = lab.elsewhere("ulimit -n 1000", move || part(&inner));
        printed(lab, &end, "left in the queue", "0");
    });
}

#[test]
fn s4_a_turn_for_each_of_1024() {
    let part = |lab: &Lab| {
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let mut clients = crowd(&mut rounds, addr, 1024);
        rounds.take();
        // They are told of first.
        rounds.work.waker().wake().expect("a waker");
        let _one_more = TcpStream::connect(addr).expect("a listening socket");
        for client in &mut clients {
            client
                .write_all(&frame(b"hello"))
                .expect("an open connection");
        }
        rounds.round_quietly();
        let answered = count(rounds.happened(), |e| matches!(e, Event::Answered(_)));
        println!("\nanswered in one round: {answered}");
    };
    lab(move |lab| {
        if !cfg!(unix) {
            lab.skip("Unix, where a shell limits a program's descriptors");
        }
        lab.why("1024 clients have asked, and all of it is there. Before that, the waker was woken and one more client came. A round gives each of the 1024 a turn. mio tells as many events as the Events have room for: who asks once and has room for fewer leaves clients that have asked out of the round. The listening socket and the waker take a place as well.");
        // What is still to do says so here, and not in another process.
        drop(Rounds::of_echo(lab));
        let inner = lab.clone();
        let end = lab.elsewhere("ulimit -n 2200", move || part(&inner));
        printed(lab, &end, "answered in one round", "1024");
    });
}

#[test]
fn s4_who_has_nothing_to_do_has_no_turn() {
    lab(|lab| {
        lab.why("Fifty clients are silent, and one asks fifty times. The system tells who can go on, and nobody else needs a look: who looks at everybody each time does fifty times the work, and with ten thousand clients ten thousand times.");
        let protocol = Counted::default();
        let asked = protocol.0.clone();
        let (mut rounds, addr) = Rounds::of(lab, protocol);
        let silent: Vec<_> = (0..50)
            .map(|_| TcpStream::connect(addr).expect("a listening socket"))
            .collect();
        lab.note("50 clients connect, and say nothing");
        let client = lab.connect_as("client A", addr);
        rounds.accepts(&client);
        rounds.until("51 clients to be accepted", |events| {
            count(events, |event| matches!(event, Event::Opened(..))) == 51
        });
        while rounds.round_quietly() {}
        let before = asked.load(Ordering::Relaxed);
        for _ in 0..50 {
            client.stream().write_all(b"x").expect("an open connection");
            rounds.answers(&client);
            client.expects(b"x");
        }
        let times = asked.load(Ordering::Relaxed) - before;
        lab.holds(
            times <= 500,
            "at most 500 calls of take for 50 requests of one client",
            times,
        );
        drop(silent);
    });
}

#[test]
fn s4_a_reader_that_comes_back() {
    lab(|lab| {
        lab.why("The client sends and does not read, until nothing goes any more: its replies fill the outbox, and the loop stops reading. Then it reads. From now on the stream can be written, and that is all that the system tells. Everything that was sent must be answered.");
        let (listener, addr) = small_buffers();
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, Times(10))
        });
        let mut rounds = Rounds::new(lab, work);
        let client = lab.connect_as("client A", addr);
        rounds.accepts(&client);
        // They fit into the buffers on their way; their replies do not.
        let sent = stuffs(&client, &[b'x'; 80_000]);
        while rounds.round_quietly() {}
        lab.note(format!("client A sends {sent} requests, and reads nothing"));
        client.half_closes();
        let got = rounds.reads(&client, sent * 10);
        lab.same("bytes of replies that it got", got, sent * 10);
        let id = rounds.accepts(&client);
        lab.same("how it ended", rounds.closes(id), "Ok".to_owned());
    });
}

#[test]
fn s4_an_end_is_not_the_end_of_the_replies() {
    lab(|lab| {
        lab.why("The client sends one request and its end, and only then reads. Request and end are one event. mio says of it that the reading side is closed: that is the client's way to say that it has no more to ask. The reply is longer than what the buffers take, and it is owed to the last byte.");
        let (listener, addr) = small_buffers();
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, Times(2_000_000))
        });
        let mut rounds = Rounds::new(lab, work);
        for early in [true, false] {
            let client = lab.connect_as("client A", addr);
            if early {
                client.sends(b"x");
                client.half_closes();
            }
            let id = rounds.accepts(&client);
            if !early {
                client.sends(b"x");
                client.half_closes();
            }
            while rounds.round_quietly() {}
            let got = rounds.reads(&client, 2_000_000);
            lab.same("bytes of the reply that it got", got, 2_000_000);
            lab.same("how it ended", rounds.closes(id), "Ok".to_owned());
        }
    });
}

#[test]
fn s4_a_reader_that_asks_again() {
    lab(|lab| {
        lab.why("The client did not read for a while, so its connection waited to be written, too, or to be written alone. That is over: everything is written, and now it asks once more. The loop must wait for what the connection waits for now, each time.");
        let (listener, addr) = small_buffers();
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, Times(60_000))
        });
        let mut rounds = Rounds::new(lab, work);
        let client = lab.connect_as("client A", addr);
        rounds.accepts(&client);
        for _ in 0..2 {
            let sent = stuffs(&client, &[b'x'; 100]);
            while rounds.round_quietly() {}
            lab.note(format!("client A sends {sent} requests, and then reads"));
            let got = rounds.reads(&client, sent * 60_000);
            lab.same("bytes of replies", got, sent * 60_000);
            rounds.round();
        }
    });
}

#[test]
fn s4_replies_of_every_length() {
    lab(|lab| {
        lab.why("Replies of this length fit into the buffers, or they do not, by a little or by a lot. The client asks and then only reads: when there is room again, nothing but the room is told. Whatever is left must be written then, whether the connection waits for requests beside it or not.");
        let (listener, addr) = small_buffers();
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, Times(30_000))
        });
        let mut rounds = Rounds::new(lab, work);
        for requests in 1..=25 {
            let len = requests * 30_000;
            lab.scene(format!(
                "{requests} requests, whose replies are {len} bytes"
            ));
            let client = lab.connect_as("client A", addr);
            rounds.accepts(&client);
            client.sends_labelled("requests", &vec![b'x'; requests]);
            while rounds.round_quietly() {}
            let got = rounds.reads(&client, len);
            lab.same("bytes of replies", got, len);
        }
    });
}

#[test]
fn s4_it_reads_while_a_reply_waits() {
    lab(|lab| {
        lab.why("A reply waits to be written, and there is room for more of them: the connection waits for both. The client sends its next request without having read, and its own end sees that it is taken.");
        let (listener, addr) = small_buffers();
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, Times(4000))
        });
        let mut rounds = Rounds::new(lab, work);
        let client = lab.connect_as("client A", addr);
        rounds.accepts(&client);
        let answered = |rounds: &Rounds<Loop<Times>>| {
            count(rounds.happened(), |event| {
                matches!(event, Event::Answered(_))
            })
        };
        // One after the other, so that each is told of by itself. 1000 of them do not fit.
        let mut sent = 0;
        while sent < 1000 {
            let before = answered(&rounds);
            client.stream().write_all(b"x").expect("an open connection");
            sent += 1;
            let mut vain = 0;
            while answered(&rounds) == before && vain < 2 {
                vain += usize::from(!rounds.round_quietly());
            }
            if vain == 2 {
                break;
            }
        }
        let taken = answered(&rounds) * 4000;
        lab.note(format!(
            "client A sends {sent} requests, one by one, and reads nothing"
        ));
        let in_the_kernel = reads_alone(&client, taken);
        lab.note(format!(
            "client A reads {in_the_kernel} bytes, which have left the loop before"
        ));
        let waited = taken - in_the_kernel;
        lab.holds(
            waited >= OUTBOX,
            format!(
                "at least {OUTBOX} bytes of replies in the outbox, before it is not read any more"
            ),
            waited,
        );
        let got = rounds.reads(&client, sent * 4000 - in_the_kernel);
        lab.same(
            "bytes of replies that it got",
            in_the_kernel + got,
            sent * 4000,
        );
    });
}

/// Reads up to so many bytes, without a round of the loop in between. What is in the kernel comes, and no more.
fn reads_alone(client: &TcpPeer, most: usize) -> usize {
    let (mut stream, mut got, mut vain) = (client.stream(), 0, 0);
    let mut buffer = vec![0; 64 * 1024];
    // Each read waits for some milliseconds: TCP moves what is in the sender's buffer when there is room.
    while got < most && vain < 5 {
        let room = buffer.len().min(most - got);
        let came = stream.read(&mut buffer[..room]).unwrap_or(0);
        got += came;
        vain = if came > 0 { 0 } else { vain + 1 };
    }
    got
}

#[test]
fn s4_a_client_that_never_reads_is_bounded() {
    lab(|lab| {
        lab.why("The client sends and sends, and reads nothing. The buffers of the two kernels' ends are small here, and yours have limits. So the client must come to a stop, and soon: what it sends beyond that would be in your memory.");
        let (listener, addr) = small_buffers();
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, readiness::EchoFrames)
        });
        let mut rounds = Rounds::new(lab, work);
        let client = lab.connect_as("client A", addr);
        SockRef::from(client.stream())
            .set_send_buffer_size(SMALL)
            .expect("SO_SNDBUF");
        rounds.accepts(&client);
        let bytes = frame([b'x'; 50_000]).repeat(100);
        let mut sent = 0;
        let mut still = 0;
        while still < 5 && sent < bytes.len() {
            let more = stuffs(&client, &bytes[sent..]);
            sent += more;
            let busy = rounds.round_quietly();
            still = if more > 0 || busy { 0 } else { still + 1 };
        }
        lab.holds(
            sent < bytes.len(),
            "the client to come to a stop before it has sent 5 MB",
            "it has sent all of them, and has read nothing",
        );
        lab.why("Another client notices nothing of it.");
        let other = lab.connect_as("client B", addr);
        rounds.echoes(&other, b"hello");
    });
}

#[test]
fn s4_one_clients_trouble_is_its_own() {
    lab(|lab| {
        lab.why("A client resets its connection, one announces 4 GiB, one ends within a frame. Each ends its own connection, with its own error. The round succeeds, and the others go on.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let good = lab.connect_as("client A", addr);
        rounds.echoes(&good, b"hello");
        let torn = lab.connect_as("client B", addr);
        let b = rounds.accepts(&torn);
        torn.sends_labelled("half a frame", b"\0\0\0\x05he");
        torn.half_closes();
        lab.same("how B ended", rounds.closes(b), "UnexpectedEof".to_owned());
        torn.expects_eof();
        let greedy = lab.connect_as("client C", addr);
        let c = rounds.accepts(&greedy);
        greedy.sends_labelled("announces 4 GiB", b"\xff\xff\xff\xff");
        lab.same("how C ended", rounds.closes(c), "InvalidData".to_owned());
        greedy.expects_eof();
        for (name, trouble, end) in [
            (
                "half a frame, and its end",
                &b"\0\0\0\x05he"[..],
                "UnexpectedEof",
            ),
            ("announces 4 GiB", b"\xff\xff\xff\xff", "InvalidData"),
        ] {
            lab.scene(format!("a good frame, and then: {name}"));
            let client = lab.connect_as("client E", addr);
            let id = rounds.accepts(&client);
            rounds.take();
            client.sends_labelled("all of it", &[&frame(b"hello")[..], trouble].concat());
            client.half_closes();
            rounds.closes(id);
            client.expects_frame("hello");
            let told: Vec<_> = rounds.take().iter().map(words).collect();
            let want = [
                format!("Answered({})", id.0),
                format!("Closed({}, {end})", id.0),
            ];
            lab.because("A request was taken, and that is told, also when the same turn is the last one and ends in an error.")
                .same("what happened", told, want.to_vec());
        }
        let rude = lab.connect_as("client D", addr);
        let d = rounds.accepts(&rude);
        rude.resets();
        lab.same(
            "how D ended",
            rounds.closes(d),
            "ConnectionReset".to_owned(),
        );
        rounds.echoes(&good, b"again");
        lab.same("connections()", rounds.work.connections(), 1);
    });
}

#[test]
fn s4_closed_is_told_once_and_last() {
    lab(|lab| {
        lab.why("Closed is the last that is heard of a connection, and it is told once. Who counts connections by these events would lose count.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let mut ids = Vec::new();
        for n in 0..10 {
            let client = lab.connect_as("client", addr);
            ids.push(rounds.accepts(&client));
            client.sends_frame("hello");
            if n % 2 == 0 {
                client.half_closes();
            } else {
                client.closes();
            }
        }
        rounds.until("ten connections to be closed", |events| {
            count(events, |event| matches!(event, Event::Closed(..))) >= 10
        });
        rounds.round();
        rounds.round();
        for id in ids {
            let of_it: Vec<_> = rounds
                .happened()
                .iter()
                .filter(|event| match event {
                    Event::Opened(other, _) | Event::Answered(other) | Event::Closed(other, _) => {
                        *other == id
                    }
                    Event::AcceptFailed(_) => false,
                })
                .map(|event| match event {
                    Event::Opened(..) => "Opened",
                    Event::Answered(_) => "Answered",
                    _ => "Closed",
                })
                .collect();
            let want = ["Opened", "Answered", "Closed"];
            lab.same("what happened to one connection", of_it, want.to_vec());
        }
        lab.same("connections()", rounds.work.connections(), 0);
    });
}

#[test]
fn s4_a_name_is_never_given_twice() {
    lab(|lab| {
        lab.why("The system gives a descriptor's number to the next connection as soon as the old one is closed. Whoever still has the old name (a deadline, an event that was told before) must not meet a stranger under it.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let mut seen = HashSet::new();
        for _ in 0..20 {
            let client = lab.connect_as("client", addr);
            let id = rounds.accepts(&client);
            lab.holds(
                seen.insert(id.0),
                "a name that is new",
                format!("{id:?} again"),
            );
            if seen.len() % 2 == 0 {
                let was = lab.you(&format!("close({})", id.0), || rounds.work.close(id));
                lab.same("whether there was such a connection", was, true);
                client.expects_eof();
            } else {
                client.half_closes();
                rounds.closes(id);
                client.expects_eof();
            }
        }
    });
}

#[test]
fn s4_close_by_name() {
    lab(|lab| {
        lab.why("close ends the connection of this name at once, whatever it is at, and no other. The client sees the end. It is not told as an event: who closes it knows.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let [a, b, c] = ["client A", "client B", "client C"].map(|name| lab.connect_as(name, addr));
        let [ida, idb, idc] = [&a, &b, &c].map(|client| rounds.accepts(client));
        // So that the connection has an event in the round behind its end.
        b.sends_labelled("half a frame", &frame(b"hello")[..6]);
        rounds.round();
        let was = lab.you("close(B's name)", || rounds.work.close(idb));
        lab.same("whether there was such a connection", was, true);
        b.expects_eof();
        let was = lab.you("close(B's name)", || rounds.work.close(idb));
        lab.same("whether there was such a connection", was, false);
        let was = lab.you("close(a name that was never given)", || {
            rounds.work.close(Id(1_000_000))
        });
        lab.same("whether there was such a connection", was, false);
        rounds.echoes(&a, b"hello");
        rounds.echoes(&c, b"hello");
        lab.same("connections()", rounds.work.connections(), 2);
        let mut ids = lab.you("ids()", || rounds.work.ids());
        ids.sort_by_key(|id| id.0);
        lab.same(
            "ids(), sorted",
            ids.iter().map(|id| id.0).collect::<Vec<_>>(),
            [ida.0.min(idc.0), ida.0.max(idc.0)].to_vec(),
        );
        lab.same("Closed events of B", end_of(rounds.happened(), idb), None);
    });
}

#[test]
fn s4_close_before_its_turn() {
    lab(|lab| {
        lab.why("Client A has sent a lot: its turn was Again, and the loop has made a note to go on with it. Then it is closed by its name. The next round must find nothing to do, and nobody to do it with.");
        let (mut rounds, addr) = Rounds::of(lab, Long(1000));
        let chatty = lab.connect_as("client A", addr);
        let id = rounds.accepts(&chatty);
        stuffs(&chatty, &[b'x'; 300_000]);
        lab.note("client A sends a lot");
        rounds.until("A to be answered", |events| {
            count(events, |event| matches!(event, Event::Answered(_))) > 0
        });
        rounds.take();
        lab.you("close(A's name)", || rounds.work.close(id));
        rounds.round();
        lab.same("what happens to A", rounds.take().len(), 0);
        let other = lab.connect_as("client B", addr);
        rounds.accepts(&other);
    });
}

#[test]
fn s4_a_limit_of_connections() {
    lab(|lab| {
        lab.why("While there are as many connections as admit says, no client is accepted. Who comes then waits in the kernel's queue, where he costs no descriptor. When somebody leaves there is a place, and the queue must be asked: the system has told of those who wait before.");
        for most in [1, 2, 5] {
            lab.scene(format!("admit({most}), and two more come"));
            let (mut rounds, addr) = Rounds::of_echo(lab);
            lab.you(&format!("admit({most})"), || rounds.work.admit(most));
            let clients: Vec<_> = (0..most + 2)
                .map(|n| lab.connect_as(&format!("client {n}"), addr))
                .collect();
            let mut ids: Vec<_> = clients[..most].iter().map(|c| rounds.accepts(c)).collect();
            rounds.round();
            lab.same("connections()", rounds.work.connections(), most);
            for next in &clients[most..] {
                let id = ids.remove(0);
                lab.you("close(the oldest)", || rounds.work.close(id));
                ids.push(rounds.accepts(next));
                rounds.round();
                lab.same("connections()", rounds.work.connections(), most);
            }
        }
    });
}

#[test]
fn s4_a_place_that_is_free_again_at_once() {
    lab(|lab| {
        lab.why("Two have come, one may be in. It is accepted, and closed again before the next round. The other one has been told of already, in the round before: whoever stopped asking for want of a place must ask again when there is one.");
        for most in [1, 3] {
            lab.scene(format!("admit({most}), and one more has come"));
            let (mut rounds, addr) = Rounds::of_echo(lab);
            lab.you(&format!("admit({most})"), || rounds.work.admit(most));
            let clients: Vec<_> = (0..=most)
                .map(|n| lab.connect_as(&format!("client {n}"), addr))
                .collect();
            let first = rounds.accepts(&clients[0]);
            rounds.accepts(&clients[most - 1]);
            lab.you("close(the first)", || rounds.work.close(first));
            rounds.accepts(&clients[most]);
        }
        lab.scene("admit(1), and then admit(2), in one breath");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        lab.you("admit(1)", || rounds.work.admit(1));
        let clients = ["client A", "client B"].map(|name| lab.connect_as(name, addr));
        rounds.accepts(&clients[0]);
        lab.you("admit(2)", || rounds.work.admit(2));
        rounds.accepts(&clients[1]);
    });
}

#[test]
fn s4_a_limit_is_set_and_lifted() {
    lab(|lab| {
        lab.why("admit(0) stops accepting, and a larger number starts it again: also for those who came meanwhile. Connections that are there stay.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let here = lab.connect_as("client A", addr);
        rounds.accepts(&here);
        lab.you("admit(0)", || rounds.work.admit(0));
        let waiting = ["client B", "client C"].map(|name| lab.connect_as(name, addr));
        rounds.round();
        lab.same("connections()", rounds.work.connections(), 1);
        rounds.echoes(&here, b"hello");
        lab.you("admit(2)", || rounds.work.admit(2));
        rounds.accepts(&waiting[0]);
        rounds.round();
        lab.because("Two may be there, and both B and C waited. The limit is looked at before each accept, and not once for all who wait.")
            .same("connections()", rounds.work.connections(), 2);
        lab.you("admit(usize::MAX)", || rounds.work.admit(usize::MAX));
        rounds.accepts(&waiting[1]);
        for client in waiting.iter().chain([&here]) {
            rounds.echoes(client, b"again");
        }
        lab.scene("admit(0), and nobody is there");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        lab.you("admit(0)", || rounds.work.admit(0));
        let client = lab.connect_as("client A", addr);
        rounds.round();
        rounds.round();
        lab.because("Fewer than 0 are never there.").same(
            "connections()",
            rounds.work.connections(),
            0,
        );
        lab.you("admit(1)", || rounds.work.admit(1));
        rounds.accepts(&client);
    });
}

#[test]
fn s4_who_has_to_wait_does_not_wake_it() {
    lab(|lab| {
        lab.why("A client waits in the queue, and there is no place for it. The loop can do nothing for it: it sleeps until somebody leaves.");
        let (listener, addr) = listener();
        let mut work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, readiness::EchoFrames)
        });
        lab.you("admit(1)", || work.admit(1));
        let serving = serving(lab, work.waker(), move || work.round(None));
        let here = lab.connect_as("client A", addr);
        here.sends_frame("hello");
        here.expects_frame("hello");
        let waiting = lab.connect_as("client B", addr);
        waiting.sends_frame("hello");
        serving.running.rests("a client leaves");
        lab.same("whether B was answered", has_something(&waiting), false);
        here.closes();
        waiting.expects_frame("hello");
        serving.stops(lab);
    });
}

#[test]
fn s4_out_of_descriptors() {
    let part = |lab: &Lab| {
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let clients: Vec<_> = std::iter::from_fn(|| TcpStream::connect(addr).ok())
            .take(50)
            .collect();
        // All descriptors but two are the clients' now.
        let mut clients = clients.into_iter();
        drop((clients.next_back(), clients.next_back()));
        let told = |events: &[Event]| count(events, |e| matches!(e, Event::AcceptFailed(_)));
        for _ in 0..20 {
            if told(rounds.happened()) > 0 {
                break;
            }
            rounds.round();
        }
        println!("\naccepted: {}", rounds.work.connections());
        println!("AcceptFailed events: {}", told(rounds.happened()));
        let kind = rounds.happened().iter().find_map(|event| match event {
            Event::AcceptFailed(error) => Some(error.raw_os_error()),
            _ => None,
        });
        println!("number: {kind:?}");
        rounds.round();
        rounds.round();
        println!(
            "AcceptFailed events two rounds later: {}",
            told(rounds.happened())
        );
        let opened = |events: &[Event]| count(events, |e| matches!(e, Event::Opened(..)));
        let before = opened(rounds.happened());
        // The one who was accepted first leaves.
        drop(clients.next());
        for _ in 0..3 {
            rounds.round();
        }
        println!(
            "accepted when somebody has left, before admit: {}",
            opened(rounds.happened()) - before
        );
        drop(clients);
        rounds.round();
        rounds.work.admit(usize::MAX);
        for _ in 0..5 {
            rounds.round();
        }
        println!(
            "accepted when there is room: {}",
            count(rounds.happened(), |e| matches!(e, Event::Opened(..))) > 2
        );
        println!(
            "AcceptFailed events when there is room: {}",
            told(rounds.happened())
        );
    };
    lab(move |lab| {
        if !cfg!(target_os = "linux") {
            lab.skip("Linux, where a shell limits a program's descriptors");
        }
        lab.why("The process has 40 descriptors, and nearly all are in use. Two clients are accepted, then accept says EMFILE (24): no descriptor is left. The client stays in the queue, so to ask again at once is to fail again at once. It is told once, and no client is accepted until admit.");
        // What is still to do says so here, and not in another process.
        drop(Rounds::of_echo(lab));
        let inner = lab.clone();
        let end = lab.elsewhere("ulimit -n 40", move || part(&inner));
        let printed = |name: &str, want: &str| printed(lab, &end, name, want);
        printed("accepted", "2");
        printed("AcceptFailed events", "1");
        printed("number", "Some(Some(24))");
        printed("AcceptFailed events two rounds later", "1");
        printed("accepted when somebody has left, before admit", "0");
        lab.why("There are descriptors again, and the caller says so: admit. Who has waited in the queue was told of long ago. To register the listening socket anew asks for its state anew.");
        printed("accepted when there is room", "true");
        printed("AcceptFailed events when there is room", "1");
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a listening socket can be shut down"
)]
fn s4_a_listening_socket_that_is_broken() {
    lab(|lab| {
        lab.why("The listening socket will never let anybody in again (EINVAL). That is told, once, and it does not concern those who are there. What follows from it is for the caller to say.");
        let (listener, addr) = listener();
        let twin = listener.try_clone().expect("another handle");
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, readiness::EchoFrames)
        });
        let mut rounds = Rounds::new(lab, work);
        let client = lab.connect_as("client A", addr);
        rounds.echoes(&client, b"hello");
        SockRef::from(&twin)
            .shutdown(std::net::Shutdown::Both)
            .expect("shutdown");
        lab.note("the listening socket is shut down");
        let told = |events: &[Event]| {
            count(
                events,
                |event| matches!(event, Event::AcceptFailed(error) if error.kind() == ErrorKind::InvalidInput),
            )
        };
        rounds.until("AcceptFailed(InvalidInput)", |events| told(events) > 0);
        rounds.round();
        rounds.round();
        lab.same("how often it was told", told(rounds.happened()), 1);
        rounds.echoes(&client, b"again");
    });
}

#[test]
fn s4_a_signal_is_no_error() {
    lab(|lab| {
        if !cfg!(target_os = "linux") {
            lab.skip(
                "Linux, where a program that is stopped and goes on finds its wait interrupted",
            );
        }
        lab.why("A signal comes while the loop waits: the system ends the wait with Interrupted (EINTR). Ctrl-C does that, and here a stop of the whole process (SIGSTOP, SIGCONT). Nothing is wrong: the round returns with nothing to tell, or waits on.");
        // What is still to do says so here, and not in another process.
        drop(Rounds::of_echo(lab));
        let inner = lab.clone();
        let mut other = lab.beside(":", move || {
            let (mut rounds, _addr) = Rounds::of_echo(&inner);
            let waker = rounds.work.waker();
            // Ends the wait where the signal does not.
            std::thread::spawn(move || {
                let _ = std::io::stdin().read_line(&mut String::new());
                waker.wake()
            });
            println!("\nwaits");
            let end = rounds.work.round(None);
            println!(
                "round: {:?}",
                end.map(|events| events.len()).map_err(|error| error.kind())
            );
        });
        other.expects_line("that it waits", |line| line == "waits");
        other.settles();
        let kill = |signal: &str| {
            let done = std::process::Command::new("kill")
                .args([signal, &other.id().to_string()])
                .status();
            lab.same(
                "whether kill works",
                done.is_ok_and(|status| status.success()),
                true,
            );
        };
        kill("-STOP");
        // To go on before it has stopped would undo the stop.
        let stat = format!("/proc/{}/stat", other.id());
        lab.until(
            "the process to be stopped",
            || std::fs::read_to_string(&stat).unwrap_or_default(),
            |stat| stat.contains(") T "),
        );
        kill("-CONT");
        other.types("go on\n");
        let end = other.exits();
        let line = end
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("round: "));
        lab.same("what round(None) gave", line, Some("Ok(0)"));
    });
}

#[test]
fn s4_finish() {
    lab(|lab| {
        lab.why("The loop is told to finish. New clients are refused: the listening socket is closed. Who is at rest is closed with the next round, who is in the middle of a request when it is answered.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let [resting, busy] = ["client A", "client B"].map(|name| lab.connect_as(name, addr));
        rounds.echoes(&resting, b"hello");
        let [a, b] = [&resting, &busy].map(|client| rounds.accepts(client));
        busy.sends_labelled("half a frame", &frame(b"hello")[..6]);
        rounds.round();
        let asking = lab.connect_as("client C", addr);
        rounds.accepts(&asking);
        asking.sends_frame("just in time");
        rounds.take();
        lab.you("finish()", || rounds.work.finish());
        lab.because("The listening socket is closed.").same(
            "whether one more can connect",
            TcpStream::connect(addr).is_ok(),
            false,
        );
        lab.same("how A ended", rounds.closes(a), "Ok".to_owned());
        resting.expects_eof();
        lab.you("admit(100), after that", || rounds.work.admit(100));
        rounds.round();
        lab.because("The listening socket is closed for good, whatever the limit is.")
            .same(
                "whether one more can connect",
                TcpStream::connect(addr).is_ok(),
                false,
            );
        lab.why("C's request came before the end, and so did half of B's: both are answered. Then they are at rest.");
        asking.expects_frame("just in time");
        asking.expects_eof();
        lab.same("connections()", rounds.work.connections(), 1);
        busy.sends_labelled("the other half", &frame(b"hello")[6..]);
        lab.same("how B ended", rounds.closes(b), "Ok".to_owned());
        busy.expects_frame("hello");
        busy.expects_eof();
        lab.same("connections()", rounds.work.connections(), 0);
    });
}

#[test]
fn s4_finish_does_not_wait() {
    lab(|lab| {
        lab.why("Connections at rest have nothing to be told of. After finish they get a turn without an event, in a round that does not wait.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let clients = ["client A", "client B"].map(|name| lab.connect_as(name, addr));
        for client in &clients {
            rounds.accepts(client);
        }
        let mut work = rounds.work;
        lab.you("finish()", || work.finish());
        let running = lab.student("round(None), until nobody is left", move || {
            let mut rounds = 0;
            while work.connections() > 0 && rounds < 100 {
                if work.round(None).is_err() {
                    return rounds;
                }
                rounds += 1;
            }
            rounds
        });
        for client in &clients {
            client.expects_eof();
        }
        let rounds = running.returns();
        lab.holds((1..=3).contains(&rounds), "a round or two", rounds);
    });
}

#[test]
fn s4_nothing_is_left_behind() {
    alone(|lab| {
        lab.why("A loop that is dropped closes all that it has: its connections, the listening socket, what it was told events by.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let clients = ["client A", "client B"].map(|name| lab.connect_as(name, addr));
        for client in &clients {
            rounds.echoes(client, b"hello");
        }
        let [a, b] = ["client C", "client D"].map(|name| lab.connect_as(name, addr));
        let [ida, idb] = [&a, &b].map(|client| rounds.accepts(client));
        lab.you("close(C's name)", || rounds.work.close(ida));
        a.expects_eof();
        b.half_closes();
        rounds.closes(idb);
        b.expects_eof();
        drop(rounds);
        for client in &clients {
            client.expects_eof();
        }
    });
}

#[test]
fn s4_eight_hostile_clients() {
    lab(|lab| {
        lab.why("The eight of chapter 02, all at the same time, and most of them stay. There they cost a thread each. Here they cost some memory, and no other client its answer.");
        let (listener, addr) = listener();
        let mut work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, readiness::EchoFrames)
        });
        let serving = serving(lab, work.waker(), move || work.round(None));
        let present: Vec<_> = hostile::CLIENTS
            .iter()
            .map(|client| client.comes(lab, addr))
            .collect();
        lab.gets_an_echo("client A", addr);
        lab.gets_an_echo("client B", addr);
        drop(present);
        lab.gets_an_echo("client C", addr);
        serving.stops(lab);
    });
}

#[test]
fn s4_a_write_in_between_wakes_nobody_else() {
    lab(|lab| {
        lab.why("A round tells of those who went on in it, and of nobody else.");
        let (mut rounds, addr) = Rounds::of_echo(lab);
        let [a, b] = ["client A", "client B"].map(|name| lab.connect_as(name, addr));
        let [_, idb] = [&a, &b].map(|client| rounds.accepts(client));
        rounds.take();
        b.stream()
            .write_all(&frame(b"hello"))
            .expect("an open connection");
        rounds.answers(&b);
        let told: Vec<_> = rounds.take().iter().map(words).collect();
        lab.same("what happened", told, vec![format!("Answered({})", idb.0)]);
    });
}
