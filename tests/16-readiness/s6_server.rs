//! Step 6: limits in time and number.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use concurrent_server::{PAUSE, SystemClock};
use netlab::frames::frame;
use netlab::{Lab, ManualClock, TcpPeer, alone, lab};
use readiness::{EchoFrames, Event, Id, Limits, Server};
use socket2::SockRef;

use super::protocols::{Long, Meanwhile, Times};
use super::rounds::{
    Hand, Rounds, Work, count, crowd, end_of, has_something, listener, printed, roomy_listener,
    serving, stuffs, waits, words,
};

const LIMITS: Limits = Limits {
    patience: Duration::from_secs(30),
    most: 100,
};

fn seconds(lab: &Lab, clock: &ManualClock, seconds: u64) {
    lab.note(format!("{seconds} s pass"));
    clock.advance(Duration::from_secs(seconds));
}

fn closed(events: &[Event]) -> usize {
    count(events, |event| matches!(event, Event::Closed(..)))
}

fn nothing_happened<W: Work>(lab: &Lab, rounds: &mut Rounds<W>, when: &str) {
    let told: Vec<_> = rounds.take().iter().map(words).collect();
    lab.same(&format!("what happens {when}"), told, vec![]);
}

#[test]
fn s6_it_serves() {
    lab(|lab| {
        lab.why("A server is a loop with limits. Whoever keeps them notices nothing: the loop's events are passed on as they are.");
        let clock = ManualClock::new();
        let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, LIMITS);
        let client = lab.connect_as("client A", addr);
        let id = rounds.accepts(&client);
        rounds.echoes(&client, b"hello");
        lab.same("connections()", rounds.work.connections(), 1);
        client.half_closes();
        lab.same("how it ended", rounds.closes(id), "Ok".to_owned());
        client.expects_eof();
        let told: Vec<_> = rounds.take().iter().map(words).collect();
        let want = [
            format!("Opened({}, {})", id.0, client.local()),
            format!("Answered({})", id.0),
            format!("Closed({}, Ok)", id.0),
        ];
        lab.same("what happened", told, want.to_vec());
        lab.same("connections()", rounds.work.connections(), 0);
    });
}

#[test]
fn s6_a_silent_client_is_closed() {
    lab(|lab| {
        lab.why("A client has 30 seconds to complete a request, from the moment that it was accepted. Then it is closed, with TimedOut, and not a moment earlier.");
        let clock = ManualClock::new();
        let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, LIMITS);
        seconds(lab, &clock, 1000);
        let client = lab.connect_as("client A", addr);
        let id = rounds.accepts(&client);
        seconds(lab, &clock, 29);
        rounds.round();
        clock.advance(Duration::from_millis(999));
        lab.note("999 ms pass");
        rounds.round();
        lab.same("connections after 29.999 s", rounds.work.connections(), 1);
        lab.note("1 ms passes");
        clock.advance(Duration::from_millis(1));
        rounds.glance();
        lab.same("how it ended", rounds.closes(id), "TimedOut".to_owned());
        client.expects_eof();
        lab.same("connections()", rounds.work.connections(), 0);
        seconds(lab, &clock, 100);
        rounds.round();
        lab.because("Closed is told once.").same(
            "connections that were closed",
            closed(rounds.happened()),
            1,
        );
    });
}

#[test]
fn s6_a_request_renews_the_limit() {
    lab(|lab| {
        lab.why("Each request gives its client 30 seconds for the next one. Who asks every 20 seconds may stay for as long as it likes.");
        let clock = ManualClock::new();
        let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, LIMITS);
        let client = lab.connect_as("client A", addr);
        let id = rounds.accepts(&client);
        for _ in 0..5 {
            seconds(lab, &clock, 20);
            rounds.echoes(&client, b"hello");
        }
        lab.why("The last request was 30 seconds ago.");
        seconds(lab, &clock, 29);
        rounds.round();
        lab.same("connections after 29 s", rounds.work.connections(), 1);
        seconds(lab, &clock, 1);
        lab.same("how it ended", rounds.closes(id), "TimedOut".to_owned());
    });
}

#[test]
fn s6_bytes_do_not_renew_it() {
    lab(|lab| {
        lab.why("This client sends a byte now and then, and never completes its frame. If each byte renewed the limit it could stay for days, and ten thousand of its kind would fill the server.");
        let clock = ManualClock::new();
        let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, LIMITS);
        let client = lab.connect_as("client A", addr);
        let id = rounds.accepts(&client);
        for byte in &frame(b"hello")[..5] {
            seconds(lab, &clock, 5);
            client.sends(&[*byte]);
            rounds.round();
        }
        lab.same("connections after 25 s", rounds.work.connections(), 1);
        seconds(lab, &clock, 5);
        lab.same("how it ended", rounds.closes(id), "TimedOut".to_owned());
    });
}

#[test]
fn s6_a_client_that_never_reads_is_closed() {
    lab(|lab| {
        lab.why("This client sends requests and reads no reply. When the outbox is full no further request is taken, so none renews the limit.");
        let clock = ManualClock::new();
        let (mut rounds, addr) = Rounds::of_server(lab, Times(60_000), &clock, LIMITS);
        let client = lab.connect_as("client A", addr);
        let id = rounds.accepts(&client);
        let mut still = 0;
        while still < 5 {
            stuffs(&client, &[b'x'; 10]);
            still = if rounds.round_quietly() { 0 } else { still + 1 };
        }
        lab.note("a client sends requests, and reads nothing");
        seconds(lab, &clock, 29);
        stuffs(&client, &[b'x'; 10]);
        rounds.round();
        lab.same("connections after 29 s", rounds.work.connections(), 1);
        seconds(lab, &clock, 1);
        lab.same("how it ended", rounds.closes(id), "TimedOut".to_owned());
    });
}

#[test]
fn s6_each_client_has_its_own_limit() {
    lab(|lab| {
        lab.why("Three clients, accepted at different times; the second one asks in between. Each is closed when its own time is over, and no other.");
        let clock = ManualClock::new();
        let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, LIMITS);
        let a = lab.connect_as("client A", addr);
        let ida = rounds.accepts(&a);
        seconds(lab, &clock, 10);
        let b = lab.connect_as("client B", addr);
        let idb = rounds.accepts(&b);
        seconds(lab, &clock, 10);
        let c = lab.connect_as("client C", addr);
        let idc = rounds.accepts(&c);
        rounds.echoes(&b, b"hello");
        seconds(lab, &clock, 10);
        lab.same(
            "how A ended, at 30 s",
            rounds.closes(ida),
            "TimedOut".to_owned(),
        );
        a.expects_eof();
        rounds.round();
        lab.same("connections at 30 s", rounds.work.connections(), 2);
        rounds.echoes(&c, b"hello");
        seconds(lab, &clock, 15);
        rounds.round();
        lab.same("connections at 45 s", rounds.work.connections(), 2);
        seconds(lab, &clock, 5);
        lab.same(
            "how B ended, at 50 s",
            rounds.closes(idb),
            "TimedOut".to_owned(),
        );
        b.expects_eof();
        lab.same("connections at 50 s", rounds.work.connections(), 1);
        rounds.echoes(&c, b"again");
        seconds(lab, &clock, 30);
        lab.same(
            "how C ended, at 80 s",
            rounds.closes(idc),
            "TimedOut".to_owned(),
        );
    });
}

#[test]
fn s6_who_has_gone_is_not_closed_again() {
    lab(|lab| {
        lab.why("Client A has left, and its limit with it. When that moment comes nothing happens: no event, no wake-up, and nothing to the client who came after it.");
        let clock = ManualClock::new();
        let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, LIMITS);
        let a = lab.connect_as("client A", addr);
        // All in one round, perhaps: it is accepted, answered, and closed.
        a.sends_frame("hello");
        a.half_closes();
        let ida = rounds.accepts(&a);
        rounds.closes(ida);
        a.expects_frame("hello");
        a.expects_eof();
        seconds(lab, &clock, 20);
        let b = lab.connect_as("client B", addr);
        rounds.accepts(&b);
        rounds.take();
        seconds(lab, &clock, 10);
        rounds.round();
        nothing_happened(lab, &mut rounds, "when A's time would be over");
        rounds.echoes(&b, b"hello");
        let waker = lab.you("waker()", || rounds.work.waker());
        let mut work = rounds.work;
        let serving = serving(lab, waker, move || work.round(None));
        lab.why("The next moment is B's, in 30 seconds. Until then there is nothing to wake for.");
        serving.running.rests("B sends something");
        serving.stops(lab);
    });
}

#[test]
fn s6_what_has_come_is_looked_at_first() {
    lab(|lab| {
        lab.why("The loop comes late: it was busy for a minute. Meanwhile the client has sent its request, and it lies in the kernel. The server was slow and not the client: what has come is looked at before the clock is.");
        let clock = ManualClock::new();
        let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, LIMITS);
        let client = lab.connect_as("client A", addr);
        rounds.accepts(&client);
        client.sends_frame("hello");
        // Loopback has delivered it when a peer of the test's own would see it.
        seconds(lab, &clock, 60);
        rounds.answers(&client);
        client.expects_frame("hello");
        lab.same("connections()", rounds.work.connections(), 1);
        lab.why("Its next 30 seconds began when its request was taken.");
        seconds(lab, &clock, 29);
        rounds.round();
        lab.same("connections after 29 s more", rounds.work.connections(), 1);
    });
}

#[test]
fn s6_a_late_loop_looks_at_everybody_first() {
    let part = |lab: &Lab| {
        let clock = ManualClock::new();
        let many = Limits {
            most: 1000,
            ..LIMITS
        };
        let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, many);
        let mut clients = crowd(&mut rounds, addr, 300);
        rounds.take();
        for client in &mut clients {
            client
                .write_all(&frame(b"hello"))
                .expect("an open connection");
        }
        clock.advance(Duration::from_secs(60));
        for _ in 0..5 {
            rounds.round_quietly();
        }
        println!("\ntimed out: {}", closed(rounds.happened()));
    };
    lab(move |lab| {
        if !cfg!(unix) {
            lab.skip("Unix, where a shell limits a program's descriptors");
        }
        lab.why("300 clients have asked in time. The loop comes a minute late, and finds 300 requests in the kernel. Some of them are the last that it looks at, and none of them is too late: whoever is closed here is closed for the server's fault.");
        // What is still to do says so here, and not in another process.
        drop(Rounds::of_server(
            lab,
            EchoFrames,
            &ManualClock::new(),
            LIMITS,
        ));
        let inner = lab.clone();
        let end = lab.elsewhere("ulimit -n 1000", move || part(&inner));
        printed(lab, &end, "timed out", "0");
    });
}

#[test]
fn s6_a_long_request_that_came_in_time() {
    lab(|lab| {
        lab.why("This request is longer than what one turn reads. All of it was in the kernel in time, and the loop comes late: after its first turn the rest is still there. It is looked at before the clock is.");
        for (longs, last) in [(Long(65_537), 65_537), (Long(120_000), 120_000)] {
            let clock = ManualClock::new();
            let (listener, addr) = roomy_listener();
            let hand = Hand(clock.clone());
            let work = lab.ok("Server::new(listener, protocol, clock, limits)", || {
                Server::new(listener, longs, hand, LIMITS)
            });
            let mut rounds = Rounds::new(lab, work);
            let client = lab.connect_as("client A", addr);
            rounds.accepts(&client);
            let sent = stuffs(&client, &vec![b'x'; last]);
            lab.note(format!("client A sends {sent} bytes, a whole request"));
            seconds(lab, &clock, 60);
            rounds.answers(&client);
            client.expects(b".");
            lab.same("connections()", rounds.work.connections(), 1);
        }
    });
}

/// A is served, and that takes a minute. Meanwhile these bytes come from B. Gives B, its name and the rounds, when it is
/// clear what becomes of B.
fn comes_meanwhile(
    lab: &Lab,
    bytes: Vec<u8>,
) -> (Rounds<Server<Meanwhile, Hand>>, Arc<TcpPeer>, Id) {
    let clock = ManualClock::new();
    let (listener, addr) = roomy_listener();
    let slow = lab.connect_as("client A", addr);
    let meanwhile = Arc::new(lab.connect_as("client B", addr));
    let protocol = {
        let (lab, clock, client) = (lab.clone(), clock.clone(), meanwhile.clone());
        Meanwhile::new(move || {
            let sent = stuffs(&client, &bytes);
            lab.note(format!("while A's request is taken, B sends {sent} bytes"));
            seconds(&lab, &clock, 60);
        })
    };
    let hand = Hand(clock);
    let work = lab.ok("Server::new(listener, protocol, clock, limits)", || {
        Server::new(listener, protocol, hand, LIMITS)
    });
    let mut rounds = Rounds::new(lab, work);
    rounds.accepts(&slow);
    let b = rounds.accepts(&meanwhile);
    slow.sends_frame("hello");
    rounds.until("B to be answered or closed", |events| {
        end_of(events, b).is_some()
            || count(events, |e| matches!(e, Event::Answered(id) if *id == b)) > 0
    });
    slow.expects_frame("hello");
    (rounds, meanwhile, b)
}

#[test]
fn s6_a_request_that_comes_while_another_is_served() {
    lab(|lab| {
        lab.why("The server takes A's request, and that takes a minute. Meanwhile B sends a request, in time. The round had begun before, and knew nothing of B. So what has come is looked at once more before B is closed; and when one turn does not read all of it, B has another one.");
        for payload in [5, 65_536] {
            let (rounds, _client, b) = comes_meanwhile(lab, frame(vec![b'x'; payload]));
            lab.same("how B ended", end_of(rounds.happened(), b), None);
        }
    });
}

#[test]
fn s6_half_a_request_that_comes_while_another_is_served() {
    lab(|lab| {
        lab.why("The server takes A's request, and that takes a minute. Meanwhile B sends a part of a request, more than one turn reads. B has its turns, and they find no request: its 30 seconds are over.");
        for part in [65_536, 65_539] {
            let mut request = frame(vec![b'x'; 65_536]);
            request.truncate(part);
            let (mut rounds, _client, b) = comes_meanwhile(lab, request);
            lab.same("how B ended", rounds.closes(b), "TimedOut".to_owned());
        }
    });
}

#[test]
fn s6_what_comes_too_late_is_not_waited_for() {
    lab(|lab| {
        lab.why("A look at what has come is not another chance. This client has sent half of a request when its 30 seconds are over: it is closed.");
        for half in [1, 60_000, 70_000] {
            let clock = ManualClock::new();
            let (listener, addr) = roomy_listener();
            let hand = Hand(clock.clone());
            let work = lab.ok("Server::new(listener, protocol, clock, limits)", || {
                Server::new(listener, Long(120_000), hand, LIMITS)
            });
            let mut rounds = Rounds::new(lab, work);
            let client = lab.connect_as("client A", addr);
            let id = rounds.accepts(&client);
            let sent = stuffs(&client, &vec![b'x'; half]);
            lab.note(format!("client A sends {sent} of 120000 bytes"));
            seconds(lab, &clock, 30);
            lab.same("how it ended", rounds.closes(id), "TimedOut".to_owned());
        }
    });
}

#[test]
fn s6_time_passes_while_it_waits() {
    lab(|lab| {
        lab.why("The server has waited for 20 seconds when the client comes. Its 30 seconds begin then, and not when the wait began: the time is asked for after the wait, too.");
        let clock = ManualClock::new();
        let (rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, LIMITS);
        let waker = lab.you("waker()", || rounds.work.waker());
        let mut work = rounds.work;
        let serving = serving(lab, waker, move || work.round(None));
        serving.running.settles();
        seconds(lab, &clock, 20);
        let client = lab.connect_as("client A", addr);
        serving.running.settles();
        seconds(lab, &clock, 25);
        lab.ok("wake()", || serving.waker.wake());
        serving.running.settles();
        lab.same(
            "whether the client sees an end after 25 s",
            has_something(&client),
            false,
        );
        client.sends_frame("hello");
        client.expects_frame("hello");
        serving.stops(lab);
    });
}

#[test]
fn s6_it_sleeps_until_the_limit() {
    lab(|lab| {
        lab.why("Nothing happens on the network, and yet somebody must be closed: the limit itself ends the wait, be there a later moment of the caller's or none. Here it is 10 ms, by the system's clock.");
        for until in [None, Some(Duration::MAX), Some(Duration::from_secs(3600))] {
            let (listener, addr) = listener();
            let limits = Limits {
                patience: Duration::from_millis(10),
                ..LIMITS
            };
            let mut server = lab.ok("Server::new(listener, protocol, clock, limits)", || {
                Server::new(listener, EchoFrames, SystemClock::new(), limits)
            });
            let client = lab.connect_as("client A", addr);
            let what = format!("round({until:?}), until a client is closed");
            let running = lab.student(&what, move || {
                loop {
                    let events = server.round(until).map_err(|error| error.kind())?;
                    let mut ends = events.iter().filter_map(|event| match event {
                        Event::Closed(id, _) => end_of(&events, *id),
                        _ => None,
                    });
                    if let Some(end) = ends.next_back() {
                        return Ok::<_, ErrorKind>(end);
                    }
                }
            });
            client.expects_eof();
            lab.same("how it ended", running.returns(), Ok("TimedOut".to_owned()));
        }
    });
}

#[test]
fn s6_the_second_look_does_not_wait() {
    lab(|lab| {
        lab.why("A client's time is over, and what has come is looked at once more. That is a look, and no wait: all others wait for it, too.");
        let clock = ManualClock::new();
        let mut waited = Vec::new();
        for _ in 0..3 {
            let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, LIMITS);
            let client = lab.connect_as("client A", addr);
            let id = rounds.accepts(&client);
            seconds(lab, &clock, 30);
            let before = waits();
            let events = lab.ok("round(None)", || rounds.work.round(None));
            waited.extend(before.zip(waits()).map(|(before, now)| now - before));
            lab.same(
                "how it ended",
                end_of(&events, id),
                Some("TimedOut".to_owned()),
            );
        }
        // Whatever else a thread may wait for, it does not do so each time.
        lab.holds(
            waited.is_empty() || waited.contains(&0),
            "a round in which the thread does not wait",
            format!("in each of {} such rounds it waited", waited.len()),
        );
    });
}

#[test]
fn s6_until_ends_the_wait() {
    lab(|lab| {
        lab.why("The caller wants to be back at a moment of its own, at the latest. That moment may be near, or past; the limits of clients may be later, or earlier.");
        let (listener, addr) = listener();
        let clock = SystemClock::new();
        let mut server = lab.ok("Server::new(listener, protocol, clock, limits)", || {
            Server::new(listener, EchoFrames, clock, LIMITS)
        });
        for ahead in [0, 1, 15] {
            let until = server.now() + Duration::from_millis(ahead);
            let what = format!("round(in {ahead} ms)");
            let events = lab.ok(&what, || server.round(Some(until)));
            lab.same("what happened", events.len(), 0);
            lab.because("Nothing else has ended this wait: neither the network, nor a limit, nor the waker. Who comes back earlier looks again and again.")
                .same("whether the moment has come", server.now() >= until, true);
        }
        let client = lab.connect_as("client A", addr);
        let mut here = 0;
        while here == 0 {
            let until = server.now() + Duration::from_secs(1);
            lab.ok("round(in 1 s)", || server.round(Some(until)));
            here = server.connections();
        }
        let until = server.now() + Duration::from_millis(10);
        lab.ok("round(in 10 ms)", || server.round(Some(until)));
        let past = server.now().saturating_sub(Duration::from_millis(20));
        lab.ok("round(20 ms ago)", || server.round(Some(past)));
        drop(client);
    });
}

#[test]
fn s6_without_limits_it_waits_for_the_network() {
    lab(|lab| {
        lab.why("Duration::MAX is no limit: a moment that never comes, and no sum that overflows. Nobody is there, or somebody silent is: the server sleeps until the network or the waker has something.");
        let clock = ManualClock::new();
        seconds(lab, &clock, 5);
        let limits = Limits {
            patience: Duration::MAX,
            most: 1,
        };
        lab.scene("nobody is there");
        let (rounds, _addr) = Rounds::of_server(lab, EchoFrames, &clock, limits);
        let waker = lab.you("waker()", || rounds.work.waker());
        let mut work = rounds.work;
        let alone = serving(lab, waker, move || work.round(None));
        alone.running.rests_until_woken("a client comes");
        alone.stops(lab);
        lab.scene("somebody is there, and silent");
        let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, limits);
        let client = lab.connect_as("client A", addr);
        rounds.accepts(&client);
        rounds.echoes(&client, b"hello");
        seconds(lab, &clock, 1_000_000_000);
        rounds.round();
        lab.same("connections after 30 years", rounds.work.connections(), 1);
        let waker = lab.you("waker()", || rounds.work.waker());
        let mut work = rounds.work;
        let serving = serving(lab, waker, move || work.round(None));
        serving
            .running
            .rests_until_woken("a client sends something");
        serving.stops(lab);
    });
}

#[test]
fn s6_a_limit_far_away_is_no_busy_loop() {
    lab(|lab| {
        lab.why("50 days are more milliseconds than 32 bits hold. A wait that is too long for the system is cut, and never to nothing.");
        let clock = ManualClock::new();
        for patience in [1 << 32, 1 << 31, (1 << 32) + 1] {
            let limits = Limits {
                patience: Duration::from_millis(patience),
                most: 10,
            };
            let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, limits);
            let client = lab.connect_as("client A", addr);
            rounds.accepts(&client);
            let waker = rounds.work.waker();
            let mut work = rounds.work;
            let serving = serving(lab, waker, move || work.round(None));
            serving.running.rests("client A sends something");
            serving.stops(lab);
            drop(client);
        }
    });
}

#[test]
fn s6_so_many_at_a_time() {
    lab(|lab| {
        lab.why("No more than `most` connections at a time. The next one waits in the kernel's queue, until somebody leaves, or is closed because his time is over.");
        for most in [1, 3] {
            lab.scene(format!("most: {most}"));
            let clock = ManualClock::new();
            let limits = Limits { most, ..LIMITS };
            let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, limits);
            let clients: Vec<_> = (0..most + 2)
                .map(|n| lab.connect_as(&format!("client {n}"), addr))
                .collect();
            for client in &clients[..most] {
                rounds.accepts(client);
            }
            rounds.round();
            lab.same("connections()", rounds.work.connections(), most);
            lab.note("a client leaves");
            clients[0].half_closes();
            rounds.accepts(&clients[most]);
            rounds.round();
            lab.same("connections()", rounds.work.connections(), most);
            seconds(lab, &clock, 30);
            rounds.accepts(&clients[most + 1]);
        }
    });
}

#[test]
fn s6_out_of_descriptors() {
    let part = |lab: &Lab| {
        let clock = ManualClock::new();
        let (mut rounds, addr) =
            Rounds::of_server(lab, EchoFrames, &clock, Limits { most: 4, ..LIMITS });
        let clients: Vec<_> = std::iter::from_fn(|| TcpStream::connect(addr).ok())
            .take(50)
            .collect();
        let mut clients = clients.into_iter();
        drop((clients.next_back(), clients.next_back()));
        let told = |rounds: &Rounds<_>| {
            count(rounds.happened(), |event| {
                matches!(event, Event::AcceptFailed(_))
            })
        };
        for _ in 0..20 {
            if told(&rounds) > 0 {
                break;
            }
            rounds.round();
        }
        for _ in 0..5 {
            rounds.glance();
        }
        println!("\nAcceptFailed events at first: {}", told(&rounds));
        let mut first = clients.next().expect("a client");
        first.write_all(&frame(b"hello")).expect("a connection");
        let answered = |rounds: &Rounds<_>| {
            count(rounds.happened(), |event| {
                matches!(event, Event::Answered(_))
            })
        };
        for _ in 0..20 {
            if answered(&rounds) > 0 {
                break;
            }
            rounds.round();
        }
        rounds.glance();
        // A client that closes with something unread resets its connection.
        first.read_exact(&mut [0; 9]).expect("the reply");
        println!("answered meanwhile: {}", answered(&rounds));
        println!(
            "AcceptFailed events when a client was answered: {}",
            told(&rounds)
        );
        clock.advance(PAUSE - Duration::from_millis(1));
        rounds.glance();
        rounds.glance();
        println!(
            "AcceptFailed events before the pause is over: {}",
            told(&rounds)
        );
        clock.advance(Duration::from_millis(1));
        for _ in 0..5 {
            rounds.glance();
        }
        println!("AcceptFailed events after the pause: {}", told(&rounds));
        println!("accepted: {}", rounds.work.connections());
        let opened = |rounds: &Rounds<_>| {
            count(rounds.happened(), |event| {
                matches!(event, Event::Opened(..))
            })
        };
        let leaves = |rounds: &mut Rounds<_>, how: &str, many: usize| {
            let before = opened(rounds);
            for _ in 0..20 {
                if opened(rounds) >= before + many {
                    break;
                }
                rounds.round();
            }
            let now = opened(rounds) - before;
            println!("accepted when somebody {how}: {now}");
        };
        // The one who was accepted first leaves: its end of the connection is free as well.
        drop(first);
        leaves(&mut rounds, "has left", 2);
        // The one who was accepted second is closed for an error of its own, the other ones by their limit. Their
        // own ends of the connections stay.
        let mut bad = clients.next().expect("a client");
        bad.write_all(b"\xff\xff\xff\xff").expect("a connection");
        leaves(&mut rounds, "was closed for an error", 1);
        // So that a pause has just begun when their time is over.
        clock.advance(LIMITS.patience - Duration::from_millis(1));
        for _ in 0..3 {
            rounds.glance();
        }
        clock.advance(Duration::from_millis(1));
        leaves(&mut rounds, "was closed by the limit", 3);
        // Ten of those who wait leave: there are descriptors now.
        drop(clients.by_ref().rev().take(10).collect::<Vec<_>>());
        clock.advance(PAUSE);
        for _ in 0..5 {
            rounds.glance();
        }
        println!("connections, of 4 at most: {}", rounds.work.connections());
    };
    lab(move |lab| {
        if !cfg!(target_os = "linux") {
            lab.skip("Linux, where a shell limits a program's descriptors");
        }
        lab.why("The process has 40 descriptors, and two clients are accepted. Then accept says EMFILE, and will say so until somebody leaves. The server tells it once, and does not try again before PAUSE is over by its clock, or a connection is closed. Who tries again at once spins. Who never tries again leaves them in the queue for ever. The limit of connections, 4 here, holds as before.");
        // What is still to do says so here, and not in another process.
        drop(Rounds::of_server(
            lab,
            EchoFrames,
            &ManualClock::new(),
            LIMITS,
        ));
        let inner = lab.clone();
        let end = lab.elsewhere("ulimit -n 40", move || part(&inner));
        let printed = |name: &str, want: &str| printed(lab, &end, name, want);
        printed("AcceptFailed events at first", "1");
        printed("answered meanwhile", "1");
        printed("AcceptFailed events when a client was answered", "1");
        printed("AcceptFailed events before the pause is over", "1");
        printed("AcceptFailed events after the pause", "2");
        printed("accepted", "2");
        printed("accepted when somebody has left", "2");
        printed("accepted when somebody was closed for an error", "1");
        printed("accepted when somebody was closed by the limit", "3");
        printed("connections, of 4 at most", "4");
    });
}

#[test]
fn s6_a_pause_ends_by_itself() {
    let part = |lab: &Lab| {
        let (listener, addr) = listener();
        let mut server = lab.ok("Server::new(listener, protocol, clock, limits)", || {
            Server::new(listener, EchoFrames, SystemClock::new(), LIMITS)
        });
        // The last descriptor is the client's.
        let mut files: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok())
            .take(100)
            .collect();
        files.pop();
        let mut client = TcpStream::connect(addr).expect("a listening socket");
        let (tell, told) = std::sync::mpsc::channel();
        let running = lab.student("round(None), again and again", move || {
            loop {
                for event in server.round(None).map_err(|error| error.kind())? {
                    // Nobody listens when the test is over.
                    let _ = tell.send(words(&event));
                }
            }
            #[expect(unreachable_code, reason = "says of which type its end would be")]
            Ok::<(), ErrorKind>(())
        });
        let first = told.recv().expect("an event of the server");
        println!(
            "\nat first: {}",
            first.split('(').next().unwrap_or_default()
        );
        drop(files);
        client.write_all(&frame(b"hello")).expect("a connection");
        let patience = Duration::from_millis(1500);
        client.set_read_timeout(Some(patience)).expect("a limit");
        let answered = client.read_exact(&mut [0; 9]).is_ok();
        println!("answered after the pause: {answered}");
        println!("at rest after the pause: {}", running.settles());
    };
    lab(move |lab| {
        if !cfg!(target_os = "linux") {
            lab.skip("Linux, where a shell limits a program's descriptors");
        }
        lab.why("Something else in the process has all its descriptors, and one client waits in the queue. Then there are descriptors again, and nothing on the network tells of that. The end of the pause is a moment to wake for, like a deadline.");
        // What is still to do says so here, and not in another process.
        drop(Rounds::of_server(
            lab,
            EchoFrames,
            &ManualClock::new(),
            LIMITS,
        ));
        let inner = lab.clone();
        let end = lab.elsewhere("ulimit -n 40", move || part(&inner));
        printed(lab, &end, "at first", "AcceptFailed");
        printed(lab, &end, "answered after the pause", "true");
        lab.why("The pause is over. A moment that is past and still waited for is a wait of nothing, again and again.");
        printed(lab, &end, "at rest after the pause", "true");
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a listening socket can be shut down"
)]
fn s6_a_broken_listening_socket_ends_it() {
    lab(|lab| {
        lab.why("The listening socket will never let anybody in again (EINVAL): after_error calls that End. A server that goes on is one without clients, and nobody knows.");
        let (listener, _addr) = listener();
        let twin = listener.try_clone().expect("another handle");
        let mut server = lab.ok("Server::new(listener, protocol, clock, limits)", || {
            Server::new(listener, EchoFrames, Hand(ManualClock::new()), LIMITS)
        });
        SockRef::from(&twin)
            .shutdown(Shutdown::Both)
            .expect("shutdown");
        lab.note("the listening socket is shut down");
        let mut end = None;
        for _ in 0..5 {
            let until = server.now() + Duration::from_millis(10);
            match lab.you("round(in 10 ms)", || server.round(Some(until))) {
                Ok(_) => {}
                Err(error) => {
                    end = Some(error.kind());
                    break;
                }
            }
        }
        lab.same("the error of a round", end, Some(ErrorKind::InvalidInput));
    });
}

#[test]
fn s6_cut_off() {
    alone(|lab| {
        lab.why("The grace is over. Whoever is left is closed, whatever it is at, and the number of them is returned. Their limits are gone with them.");
        let clock = ManualClock::new();
        let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, LIMITS);
        let clients = ["client A", "client B", "client C"].map(|name| lab.connect_as(name, addr));
        for client in &clients {
            rounds.accepts(client);
        }
        clients[1].sends_labelled("half a frame", &frame(b"hello")[..6]);
        rounds.round();
        let many = lab.you("cut_off()", || rounds.work.cut_off());
        lab.same("how many were left", many, 3);
        clients[0].expects_eof();
        // Two bytes of a frame were read, so the end is an end, and no reset.
        clients[1].expects_eof();
        lab.same("connections()", rounds.work.connections(), 0);
        let many = lab.you("cut_off()", || rounds.work.cut_off());
        lab.same("how many were left", many, 0);
        rounds.take();
        seconds(lab, &clock, 30);
        rounds.round();
        nothing_happened(lab, &mut rounds, "30 s later");
    });
}

#[test]
fn s6_finish_and_now() {
    lab(|lab| {
        lab.why("finish is the loop's. The limits go on to hold: a client that does not complete its request is closed when its time is over.");
        let clock = ManualClock::new();
        let (mut rounds, addr) = Rounds::of_server(lab, EchoFrames, &clock, LIMITS);
        let resting = lab.connect_as("client A", addr);
        let a = rounds.accepts(&resting);
        let slow = lab.connect_as("client B", addr);
        let b = rounds.accepts(&slow);
        slow.sends_labelled("half a frame", &frame(b"hello")[..6]);
        rounds.round();
        seconds(lab, &clock, 10);
        lab.you("finish()", || rounds.work.finish());
        lab.same("how A ended", rounds.closes(a), "Ok".to_owned());
        lab.same(
            "whether one more can connect",
            TcpStream::connect(addr).is_ok(),
            false,
        );
        seconds(lab, &clock, 20);
        lab.same("how B ended", rounds.closes(b), "TimedOut".to_owned());
        lab.same("whether B sees the end", has_something(&slow), true);
        let now = lab.you("now()", || rounds.work.now());
        lab.same("now()", now, Duration::from_secs(30));
    });
}
