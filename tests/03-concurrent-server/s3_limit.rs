//! Step 3: a limit on conversations.

use std::hint::spin_loop;
use std::io::{self, ErrorKind, Read, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use concurrent_server::{Acceptor, Client, Slot, Slots, serve_limited};
use netlab::{Lab, Running, TcpPeer, lab};

use super::scene::{
    A_DOZEN_THREADS, Knock, Script, Trace, Turns, connected, echo_five, ends,
    every_bad_end_is_a_failure, fails_after_the_last, handler, lets_in, returns_after_the_last,
    score, talk, until,
};

#[test]
fn s3_a_slot_is_free_again_when_dropped() {
    lab(|lab| {
        lab.why("A slot is a value: its holder has a place, and the place is free when the value is dropped. No code has to remember to give it back.");
        let slots = lab.you("Slots::new(2)", || Slots::new(2));
        lab.same("free at first", lab.you("free()", || slots.free()), 2);
        let one = lab.you("take()", || slots.take());
        lab.same(
            "free, with one taken",
            lab.you("free()", || slots.free()),
            1,
        );
        let two = lab.you("take()", || slots.take());
        lab.same(
            "free, with both taken",
            lab.you("free()", || slots.free()),
            0,
        );
        lab.you("slot is dropped", || ends(one));
        lab.same(
            "free, with one dropped",
            lab.you("free()", || slots.free()),
            1,
        );
        let twin = slots.clone();
        lab.you("slot is dropped", || ends(two));
        lab.same(
            "free, asked of a clone",
            lab.you("free()", || twin.free()),
            2,
        );
        lab.why("A place that is given back is one more, however many are free.");
        for max in [1, 7, 64, 1000, 100_000] {
            let slots = lab.you(&format!("Slots::new({max})"), || Slots::new(max));
            let slot = lab.you("take()", || slots.take());
            lab.you("slot is dropped", || ends(slot));
            let free = lab.you("free()", || slots.free());
            lab.same("free, with the only one dropped", free, max);
        }
    });
}

#[test]
fn s3_a_panic_frees_the_slot_as_well() {
    lab(|lab| {
        lab.why("No place was taken yet, so all of them are free.");
        let slots = lab.you("Slots::new(2)", || Slots::new(2));
        lab.same("free at first", lab.you("free()", || slots.free()), 2);
        lab.why("A thread panics while it holds a slot. Rust drops the slot, as on every other path out. Drop must work in the same way however the thread ends.");
        for _ in 0..3 {
            let slot = lab.you("take()", || slots.take());
            let panics = thread::spawn(move || {
                let _held = slot;
                // A panic in all but its message, which would be printed.
                resume_unwind(Box::new("the thread panics on purpose"))
            });
            let _: thread::Result<()> = panics.join();
            let free = lab.you("free()", || slots.free());
            lab.same("free, after the panic", free, 2);
        }
        lab.why("A thread waits for the place of a thread that panics. It must be woken, as by every other end of a slot.");
        let slots = lab.you("Slots::new(1)", || Slots::new(1));
        let held = lab.you("take()", || slots.take());
        let waiting = lab.student("take(), on another thread", move || slots.take());
        waiting.settles();
        let panics = thread::spawn(move || {
            let _held = held;
            resume_unwind(Box::new("the thread panics on purpose"))
        });
        let _: thread::Result<()> = panics.join();
        ends(waiting.returns());
    });
}

#[test]
fn s3_take_waits_for_a_free_slot() {
    lab(|lab| {
        lab.why("If no place is free, take waits. Only a thread that frees a place can end that wait, so it must wake a waiting thread.");
        let slots = lab.you("Slots::new(1)", || Slots::new(1));
        let trace = Trace::default();
        let held = lab.you("take()", || slots.take());
        let takers: Vec<_> = (1..=3)
            .map(|n| {
                let (slots, told) = (slots.clone(), trace.clone());
                lab.student(&format!("take(), on thread {n}"), move || {
                    let slot = slots.take();
                    told.add("taken");
                    ends(slot);
                })
            })
            .collect();
        lab.settles();
        takers[0].sleeps(FREE);
        lab.same("slots taken while none is free", trace.count("taken"), 0);
        lab.you("slot is dropped", || ends(held));
        for taker in takers {
            taker.returns();
        }
        lab.same("slots taken in the end", trace.count("taken"), 3);
        lab.same("free in the end", lab.you("free()", || slots.free()), 1);
    });
}

#[test]
fn s3_who_wakes_looks_again() {
    lab(|lab| {
        lab.why("A thread waits, the place becomes free, and another thread takes it before the first has woken. The count is 0 again when it wakes. A wake-up is only a hint: look again, and wait again.");
        let slots = lab.you("Slots::new(1)", || Slots::new(1));
        let (wish, wishes) = channel();
        let taken = Arc::new(AtomicUsize::new(0));
        let (twin, counted) = (slots.clone(), taken.clone());
        let sleeper = lab.student("take(), again and again, on another thread", move || {
            for () in wishes {
                let slot = twin.take();
                counted.fetch_add(1, Ordering::SeqCst);
                ends(slot);
            }
        });
        // The system decides who is quicker, the sleeper or a rival who is awake. So again, until
        // it was the rival. A `take` that serves in turn lets him never be: that is right as well.
        let mut quicker = 0;
        for before in 0..20 {
            let held = slots.take();
            // If it has panicked, the laboratory knows.
            let _ = wish.send(());
            sleeper.settles();
            let rival = rival(lab, &slots, &taken);
            ends(held);
            let (slot, was_quicker) = rival.returns();
            sleeper.settles();
            if was_quicker {
                quicker += 1;
                let taken = taken.load(Ordering::SeqCst);
                lab.same(
                    "taken while another thread had the place",
                    taken - before,
                    0,
                );
            }
            ends(slot);
            until(lab, "your take() on the other thread to return", || {
                taken.load(Ordering::SeqCst) > before
            });
            if quicker == 3 {
                break;
            }
        }
        drop(wish);
        sleeper.returns();
        lab.same("free in the end", lab.you("free()", || slots.free()), 1);
    });
}

#[test]
fn s3_every_free_slot_wakes_somebody() {
    lab(|lab| {
        lab.why("Two threads wait, and two places become free at once. There is a place for each of them, so each has to be woken. If you wake one only when the count leaves 0, you forget the second.");
        for _ in 0..5 {
            let slots = lab.you("Slots::new(2)", || Slots::new(2));
            let held = lab.you("take(), twice", || [slots.take(), slots.take()]);
            let waiting = [1, 2].map(|n| {
                let slots = slots.clone();
                lab.student(&format!("take(), on thread {n}"), move || slots.take())
            });
            lab.settles();
            lab.you("both slots are dropped", || ends(held));
            // Kept until both are there: a slot that came back would wake the other thread.
            let slots = waiting.map(Running::returns);
            ends(slots);
        }
        wakes_no_more_than_it_must(lab);
    });
}

/// Demands that one free place does not wake everybody who waits.
fn wakes_no_more_than_it_must(lab: &Lab) {
    const WAIT: usize = 12;
    lab.scene(format!("{WAIT} threads wait, and one place becomes free"));
    lab.why("There is a place for one of the waiting threads. If you wake all of them, eleven threads look, find nothing and go to sleep again, with each client that leaves.");
    let slots = lab.you("Slots::new(1)", || Slots::new(1));
    let held = lab.you("take()", || slots.take());
    let gate = lab.gate("the gate of the client that has the place");
    let (tell, told) = channel();
    let waiting: Vec<_> = (1..=WAIT)
        .map(|n| {
            let (slots, tell, inside) = (slots.clone(), tell.clone(), gate.clone());
            lab.student(&format!("take(), on thread {n}"), move || {
                // On Linux, a link to this thread's folder (proc(5)).
                let _ = tell.send(std::fs::read_link("/proc/thread-self"));
                let slot = slots.take();
                inside.waits();
                ends(slot);
            })
        })
        .collect();
    drop(tell);
    lab.settles();
    let threads: Vec<_> = told.iter().take(WAIT).flatten().collect();
    let times = || threads.iter().map(|thread| times_asleep(thread));
    let before: Vec<u64> = times().collect();
    lab.you("slot is dropped", || ends(held));
    gate.expects_arrivals(1);
    lab.settles();
    let woken = times().zip(before).filter(|(now, before)| now != before);
    let woken = woken.count();
    // Whoever has the place may pass the word on, to the next in a line.
    lab.holds(
        woken <= WAIT / 2,
        format!("one of the {WAIT} threads to be woken"),
        format!("{woken} of them woke up"),
    );
    gate.opens();
    for taker in waiting {
        taker.returns();
    }
}

/// How often a thread has gone to sleep so far (proc_pid_status(5)). 0 where the system does not tell.
fn times_asleep(thread: &Path) -> u64 {
    let status = Path::new("/proc").join(thread).join("status");
    let status = std::fs::read_to_string(status).unwrap_or_default();
    let times = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    times
        .and_then(|times| times.trim().parse().ok())
        .unwrap_or(0)
}

#[test]
fn s3_limit_is_a_limit() {
    lab(|lab| {
        lab.why("More clients are there than may be served at a time. Serve exactly the limit: the others wait. Without a limit, strangers who open connections decide how many threads your machine runs.");
        for max in [4, 1, 70] {
            let all = max + 6;
            lab.scene(format!("{all} clients, at most {max} at a time"));
            let (acceptor, addr) = lets_in(all);
            let gate = lab.gate("the handlers' gate");
            let inside = gate.clone();
            let (now, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let highest = peak.clone();
            let handler = handler(move |client: &Client| {
                let running = now.fetch_add(1, Ordering::SeqCst) + 1;
                highest.fetch_max(running, Ordering::SeqCst);
                inside.waits();
                let end = echo_five(client);
                now.fetch_sub(1, Ordering::SeqCst);
                end
            });
            let clients: Vec<TcpPeer> = (0..all).map(|_| lab.connect_as("clients", addr)).collect();
            let call = format!("serve_limited(acceptor, handler, {max})");
            let server = lab.student(&call, move || serve_limited(&acceptor, handler, max));
            gate.expects_arrivals(max);
            server.settles();
            let most = || peak.load(Ordering::SeqCst);
            lab.same("handlers at the same time", most(), max);
            gate.opens();
            for client in &clients {
                talk(client, b"hello");
            }
            score(lab, server.returns_ok(), (all as u64, 0, 0));
            lab.same("the most handlers at the same time", most(), max);
        }
    });
}

#[test]
fn s3_who_waits_costs_no_thread() {
    lab(|lab| {
        lab.why("Ten clients, two places. A client without a place waits in the kernel's queue, where it costs neither a descriptor nor a thread. A thread that is started first and takes a place afterwards limits the conversations, not the threads.");
        const CLIENTS: usize = 10;
        let (clients, others): (Vec<_>, Vec<_>) = (0..CLIENTS).map(|_| connected()).unzip();
        let knocks = clients
            .into_iter()
            .map(Knock::Client)
            .chain([Knock::Closed]);
        let turns = Turns::new();
        let street = Arc::new(Street {
            script: Script::new(lab, knocks),
            turns: turns.clone(),
            most: AtomicUsize::new(0),
        });
        let (asked, handler) = (street.clone(), turns.handler());
        let server = lab.student("serve_limited(acceptor, handler, 2)", move || {
            serve_limited(&*asked, handler, 2)
        });
        server.settles();
        // Each who leaves makes room for the next one. So the server runs on, client by client, and
        // one that runs ahead has ten chances to do so.
        for left in 0..CLIENTS {
            let served = CLIENTS.min(left + 2);
            until(lab, &format!("client {served} to be served"), || {
                turns.begun() >= served
            });
            turns.one_ends();
        }
        let most = street.most.load(Ordering::SeqCst);
        lab.holds(
            most <= 3,
            "2 clients that are served, and at most 1 more that is accepted",
            format!("{most} at the same time"),
        );
        score(lab, server.returns_ok(), (CLIENTS as u64, 0, 0));
        drop(others);
    });
}

/// Lets clients in as a script says, and notes the most who were in at the same time.
struct Street {
    script: Script,
    turns: Turns,
    most: AtomicUsize,
}

impl Acceptor for Street {
    fn accept(&self) -> io::Result<Option<Client>> {
        let client = self.script.accept()?;
        if client.is_some() {
            let now = self.script.calls() - self.turns.ended();
            self.most.fetch_max(now, Ordering::SeqCst);
        }
        Ok(client)
    }
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a shell limits a program's memory"
)]
fn s3_a_client_without_a_thread_leaves_his_place() {
    lab(|lab| {
        let none = Script::new(lab, [Knock::Closed]);
        lab.ok("serve_limited(acceptor, handler, 20)", || {
            serve_limited(&none, handler(echo_five), 20)
        });
        lab.why("There are 20 places, and memory for a dozen threads. A client for which the system has no thread is turned away, and its place is free for the next one. If it is lost, the server has fewer places after each shortage, and in the end none.");
        let end = lab.elsewhere(A_DOZEN_THREADS, || {
            const CLIENTS: usize = 40;
            let (clients, _others): (Vec<_>, Vec<_>) = (0..CLIENTS).map(|_| connected()).unzip();
            let knocks = clients.into_iter().map(Knock::Client);
            let script = Arc::new(Script::new(lab, knocks.chain([Knock::Closed])));
            let seen = Arc::clone(&script);
            let stays = handler(move |_: &Client| {
                // Until all have been let in, or no more are.
                let came = Instant::now();
                while seen.calls() <= CLIENTS && came.elapsed() < Duration::from_millis(500) {
                    thread::park_timeout(Duration::from_millis(1));
                }
                Ok(())
            });
            let stats = serve_limited(&*script, stays, 20).expect("nothing fails but threads");
            // More than there are places, so some of them had the place of another.
            println!("\nturned away: {}", stats.turned_away);
        });
        let line = end
            .stdout
            .lines()
            .find(|line| line.starts_with("turned away: "));
        let turned_away = line.and_then(|line| line["turned away: ".len()..].parse().ok());
        lab.holds(
            turned_away.is_some_and(|n: u64| n > 20),
            "more than 20 of 40 clients to be turned away, one after the other",
            line.unwrap_or(end.stderr.trim()),
        );
    });
}

#[test]
fn s3_errors_and_panics_make_room() {
    lab(|lab| {
        lab.why("A place that is given back only after a good end is lost with every bad one: after enough errors the server is full, without a client in it. Work for every path out belongs in a Drop.");
        let (acceptor, addr) = lets_in(6);
        let meeting = lab.gate("the meeting of the last two");
        let inside = meeting.clone();
        let handler = handler(move |client: &Client| {
            let mut bytes = [0; 5];
            client.stream().read_exact(&mut bytes)?;
            match &bytes {
                b"error" => Err(ErrorKind::InvalidData.into()),
                b"panic" => panic!("the handler panics on purpose"),
                _ => {
                    inside.waits();
                    client.stream().write_all(&bytes)
                }
            }
        });
        let server = lab.student("serve_limited(acceptor, handler, 2)", move || {
            serve_limited(&acceptor, handler, 2)
        });
        for words in [b"error", b"panic", b"error", b"panic"] {
            let client = lab.connect_as("client A", addr);
            client.sends(words);
            client.expects_eof();
        }
        let last = [
            lab.connect_as("client B", addr),
            lab.connect_as("client C", addr),
        ];
        for client in &last {
            client.sends(b"hello");
        }
        meeting.expects_arrivals(2);
        meeting.opens();
        for client in &last {
            client.expects(b"hello");
            client.expects_eof();
        }
        score(lab, server.returns_ok(), (2, 4, 0));
    });
}

#[test]
fn s3_every_bad_end_is_a_failure() {
    lab(|lab| {
        let what = "serve_limited(acceptor, handler, 2)";
        every_bad_end_is_a_failure(lab, what, |acceptor, handler| {
            serve_limited(acceptor, handler, 2)
        });
    });
}

#[test]
fn s3_returns_when_the_last_conversation_has_ended() {
    lab(|lab| {
        lab.why("No more clients will come, but one is still being served. As in step 2, the function returns when that conversation has ended.");
        let what = "serve_limited(acceptor, handler, 2)";
        let end = returns_after_the_last(lab, what, Knock::Closed, |acceptor, handler| {
            serve_limited(acceptor, handler, 2)
        });
        let stats = lab.ok(what, || end);
        score(lab, stats, (1, 0, 0));
    });
}

#[test]
fn s3_an_error_of_accept_waits_for_the_conversations() {
    lab(|lab| {
        lab.why("accept has failed, and the caller must be told. But clients are still being served: return the error when the conversations have ended. A `?` after accept returns at once.");
        let what = "serve_limited(acceptor, handler, 2)";
        fails_after_the_last(lab, what, |acceptor, handler| {
            serve_limited(acceptor, handler, 2)
        });
    });
}

#[test]
fn s3_a_silent_client_costs_one_place() {
    lab(|lab| {
        lab.why("Two places, and a silent client holds one of them. The other one serves all other clients.");
        let (acceptor, addr) = lets_in(4);
        let server = lab.student("serve_limited(acceptor, handler, 2)", move || {
            serve_limited(&acceptor, handler(echo_five), 2)
        });
        let silent = lab.connect_as("client A", addr);
        for name in ["client B", "client C"] {
            talk(&lab.connect_as(name, addr), b"hello");
        }
        talk(&lab.connect_as("client D", addr), b"hello");
        silent.half_closes();
        silent.expects_eof();
        score(lab, server.returns_ok(), (3, 1, 0));
    });
}

/// What a call of `take` waits for.
const FREE: &str = "a place is free";

/// Starts somebody who is awake and takes the place as soon as it is free. Returns when he is at it:
/// at this moment he runs, on another processor if there is one. He comes back with the place, and
/// says whether he was quicker than the thread that counts in `taken`.
fn rival(lab: &Lab, slots: &Slots, taken: &Arc<AtomicUsize>) -> Running<(Slot, bool)> {
    let (slots, taken, looks) = (slots.clone(), taken.clone(), Arc::new(AtomicUsize::new(0)));
    let before = taken.load(Ordering::SeqCst);
    let looked = looks.clone();
    let rival = lab.meanwhile("a rival takes the place", move || {
        let first = || taken.load(Ordering::SeqCst) == before;
        while slots.free() == 0 && first() {
            looked.fetch_add(1, Ordering::SeqCst);
        }
        let slot = slots.take();
        (slot, first())
    });
    let seen = looks.load(Ordering::SeqCst);
    while looks.load(Ordering::SeqCst) == seen {
        spin_loop();
    }
    rival
}
