//! Step 2: a thread for each client.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use concurrent_server::{Client, serve_threads};
use netlab::{TcpPeer, alone, lab};

use super::scene::{
    A_DOZEN_THREADS, Knock, LET_GO, Script, closed, connected, echo_five,
    every_bad_end_is_a_failure, fails_after_the_last, handler, lets_in, printed,
    returns_after_the_last, score, talk,
};

#[test]
fn s2_a_silent_client_does_not_starve_the_next() {
    lab(|lab| {
        lab.why("Client B has waited since A connected. A sends nothing, and no other client may suffer: while one thread waits for A, another one answers B.");
        let (acceptor, addr) = lets_in(2);
        let server = lab.student("serve_threads(acceptor, handler)", move || {
            serve_threads(&acceptor, handler(echo_five))
        });
        let silent = lab.connect_as("client A", addr);
        let hungry = lab.connect_as("client B", addr);
        talk(&hungry, b"hello");
        talk(&silent, b"sorry");
        score(lab, server.returns_ok(), (2, 0, 0));
    });
}

#[test]
fn s2_eight_handlers_meet() {
    lab(|lab| {
        lab.why("Eight clients are connected, each has sent its request, and each handler waits for the seven others. Only handlers that run at the same time can meet. The kernel's queue lets clients connect to a server that serves one at a time; it does not answer them.");
        let (acceptor, addr) = lets_in(8);
        let meeting = lab.gate("the meeting of the handlers");
        let inside = meeting.clone();
        let handler = handler(move |client: &Client| {
            client.stream().read_exact(&mut [0; 5])?;
            inside.waits();
            client.stream().write_all(b"we met")
        });
        // All are in the queue before the server lets in the first one, and the last one to come
        // is the first one to speak.
        let clients: Vec<TcpPeer> = (1..=8).map(|_| lab.connect_as("clients", addr)).collect();
        let server = lab.student("serve_threads(acceptor, handler)", move || {
            serve_threads(&acceptor, handler)
        });
        lab.note("the last one to come speaks first");
        for client in clients.iter().rev() {
            client.sends(b"hello");
        }
        meeting.expects_arrivals(8);
        meeting.opens();
        for client in &clients {
            client.expects(b"we met");
            client.expects_eof();
        }
        score(lab, server.returns_ok(), (8, 0, 0));
    });
}

#[test]
fn s2_no_cross_talk() {
    // Alone, so that what the server leaves behind is seen: a thread, a descriptor.
    alone(|lab| {
        lab.why("A hundred and thirty conversations at once: each client has a thread of its own, however many there are (a limit is for step 3), and must get its own bytes back. A handler has one client, and nothing that it writes to belongs to another thread.");
        const CLIENTS: usize = 130;
        let (acceptor, addr) = lets_in(CLIENTS);
        let meeting = lab.gate("the meeting of the handlers");
        let inside = meeting.clone();
        let handler = handler(move |client: &Client| {
            inside.waits();
            echo_five(client)
        });
        let server = lab.student("serve_threads(acceptor, handler)", move || {
            serve_threads(&acceptor, handler)
        });
        let clients: Vec<(TcpPeer, String)> = (0..CLIENTS)
            .map(|n| (lab.connect_as("clients", addr), format!("n {n:03}")))
            .collect();
        meeting.expects_arrivals(CLIENTS);
        meeting.opens();
        for (client, words) in clients.iter().rev() {
            client.sends(words.as_bytes());
        }
        for (client, words) in &clients {
            client.expects(words.as_bytes());
            client.expects_eof();
        }
        score(lab, server.returns_ok(), (CLIENTS as u64, 0, 0));
    });
}

#[test]
fn s2_the_connection_ends_with_the_conversation() {
    lab(|lab| {
        lab.why("The client's connection ends when its last handle is dropped. One that is kept beside the thread, in a list or by the loop, keeps the client waiting for the end.");
        let (acceptor, addr) = lets_in(2);
        let server = lab.student("serve_threads(acceptor, handler)", move || {
            serve_threads(&acceptor, handler(echo_five))
        });
        let first = lab.connect_as("client A", addr);
        talk(&first, b"first");
        closed(lab, &first);
        lab.note("your server waits for the next client now");
        talk(&lab.connect_as("client B", addr), b"again");
        score(lab, server.returns_ok(), (2, 0, 0));
    });
}

const WENT_WRONG: &str = "One handler fails, one panics. Each costs its own client the conversation, and is counted as failed; the next client is served as if nothing had been.";

#[test]
fn s2_errors_and_panics_end_one_conversation() {
    lab(|lab| {
        lab.why(WENT_WRONG);
        let (acceptor, addr) = lets_in(3);
        let handler = handler(|client: &Client| {
            let mut bytes = [0; 5];
            client.stream().read_exact(&mut bytes)?;
            match &bytes {
                b"error" => Err(ErrorKind::InvalidData.into()),
                b"panic" => panic!("the handler panics on purpose"),
                _ => client.stream().write_all(&bytes),
            }
        });
        let server = lab.student("serve_threads(acceptor, handler)", move || {
            serve_threads(&acceptor, handler)
        });
        for (name, words) in [("client A", b"error"), ("client B", b"panic")] {
            let client = lab.connect_as(name, addr);
            client.sends(words);
            lab.why(LET_GO);
            client.expects_eof();
        }
        lab.why(WENT_WRONG);
        talk(&lab.connect_as("client C", addr), b"hello");
        score(lab, server.returns_ok(), (1, 2, 0));
    });
}

#[test]
fn s2_every_bad_end_is_a_failure() {
    lab(|lab| {
        let what = "serve_threads(acceptor, handler)";
        every_bad_end_is_a_failure(lab, what, |acceptor, handler| {
            serve_threads(acceptor, handler)
        });
    });
}

#[test]
fn s2_returns_when_the_last_conversation_has_ended() {
    lab(|lab| {
        lab.why("No more clients will come, but one is still being served. If the function returns now, the program may end, and the conversation with it.");
        let what = "serve_threads(acceptor, handler)";
        let end = returns_after_the_last(lab, what, Knock::Closed, |acceptor, handler| {
            serve_threads(acceptor, handler)
        });
        let stats = lab.ok(what, || end);
        score(lab, stats, (1, 0, 0));
    });
}

#[test]
fn s2_waits_for_a_conversation_asleep() {
    lab(|lab| {
        lab.why("To wait for threads is to join them, or to leave a thread::scope. Both sleep. A loop that asks each handle whether it is finished does not.");
        let (acceptor, addr) = lets_in(1);
        let server = lab.student("serve_threads(acceptor, handler)", move || {
            serve_threads(&acceptor, handler(echo_five))
        });
        let client = lab.connect_as("client A", addr);
        server.sleeps("client A has been served");
        talk(&client, b"hello");
        score(lab, server.returns_ok(), (1, 0, 0));
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a shell limits a program's memory"
)]
fn s2_a_client_without_a_thread_is_turned_away() {
    lab(|lab| {
        let none = Script::new(lab, [Knock::Closed]);
        lab.ok("serve_threads(acceptor, handler)", || {
            serve_threads(&none, handler(echo_five))
        });
        lab.why("Forty clients come to a server that has memory for a dozen threads. Clients for which the system has no thread are turned away. When the others have been served the function returns.");
        lab.if_stuck("Does the end wait for a client that never got a thread? If you count clients when they come, take this one off the count again.");
        let end = lab.elsewhere(A_DOZEN_THREADS, || {
            const CLIENTS: usize = 40;
            let (clients, others): (Vec<_>, Vec<_>) = (0..CLIENTS).map(|_| connected()).unzip();
            let knocks = clients.into_iter().map(Knock::Client);
            let script = Arc::new(Script::new(lab, knocks.chain([Knock::Closed])));
            let seen = Arc::clone(&script);
            let stays = handler(move |_: &Client| {
                // Until all have been let in, or the server has panicked.
                let came = Instant::now();
                while seen.calls() <= CLIENTS && came.elapsed() < Duration::from_secs(1) {
                    thread::park_timeout(Duration::from_millis(1));
                }
                Ok(())
            });
            let stats = serve_threads(&*script, stays).expect("nothing fails but threads");
            let some = |n| if n > 0 { "some" } else { "none" };
            println!("\nclients turned away: {}", some(stats.turned_away));
            println!("clients served: {}", some(stats.served));
            let all = stats.served + stats.turned_away;
            println!("served or turned away: {all}");
            let closed = others.iter().filter(|c| is_closed(c)).count();
            println!("connections closed: {closed}");
        });
        let told = lab.because("Forty clients come to a server that has memory for a dozen threads. Clients for which the system has no thread are closed and counted. thread::spawn, and spawn of a scope, panic there; thread::Builder gives an error.");
        printed(&told, &end, "clients turned away", "some");
        printed(&told, &end, "clients served", "some");
        printed(&told, &end, "served or turned away", "40");
        let told = lab.because("The function has returned, and no client is served any more. A connection that is still open belongs to a client that was turned away: a clone of it was kept. That client waits for ever, and its descriptor is lost.");
        printed(&told, &end, "connections closed", "40");
    });
}

#[test]
fn s2_an_error_of_accept_waits_for_the_conversations() {
    lab(|lab| {
        lab.why("accept has failed, and the caller must be told. But clients are still being served: return the error when the conversations have ended. A `?` after accept returns at once.");
        fails_after_the_last(
            lab,
            "serve_threads(acceptor, handler)",
            |acceptor, handler| serve_threads(acceptor, handler),
        );
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows a process its memory map"
)]
fn s2_finished_threads_are_given_back() {
    lab(|lab| {
        lab.why("The stack of a finished thread stays until the thread is joined or its handle is dropped. A list of all handles that is joined at the end grows with every client. So does one that joins the oldest thread first, while its client stays, or the newest, which has only begun.");
        const CLIENTS: usize = 200;
        let (acceptor, addr) = lets_in(CLIENTS + 2);
        let server = lab.student("serve_threads(acceptor, handler)", move || {
            // Greets, and stays until the client has sent a byte, or has gone.
            let handler = handler(|client: &Client| {
                client.stream().write_all(b".")?;
                client.stream().read(&mut [0]).map(drop)
            });
            serve_threads(&acceptor, handler)
        });
        let stays = lab.connect_as("client A", addr);
        stays.expects(b".");
        let before = regions_of_memory();
        let mut one_before: Option<TcpStream> = None;
        for _ in 0..CLIENTS {
            let mut client = TcpStream::connect(addr).expect("the listener is open");
            let _ = client.read(&mut [0]);
            // Each leaves when the next one is being served. Until the end: its conversation is over.
            if let Some(mut leaves) = one_before.replace(client) {
                let _ = leaves.write(b".");
                let _ = leaves.read(&mut [0]);
            }
        }
        drop(one_before);
        lab.note(format!(
            "client A stays; {CLIENTS} clients come and go, each when the next one is there"
        ));
        let more = regions_of_memory().saturating_sub(before);
        lab.holds(
            more < CLIENTS / 2,
            format!("the memory of {CLIENTS} finished threads to be given back"),
            format!("{more} more regions of memory than before: stacks, and a guard for each"),
        );
        let last = lab.connect_as("client B", addr);
        last.expects(b".");
        for client in [last, stays] {
            client.half_closes();
            client.expects_eof();
        }
        score(lab, server.returns_ok(), (CLIENTS as u64 + 2, 0, 0));
    });
}

/// Whether the other side has let go of a connection on which it sends nothing.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("an option of sockets");
    !matches!(stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// Pieces of address space that this process has. Every thread's stack is one, its guard another.
fn regions_of_memory() -> usize {
    std::fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count())
}
