//! Step 2: a thread for each client.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use concurrent_server::{Client, serve_threads};
use netlab::{TcpPeer, lab};

use super::scene::{
    Knock, Script, Trace, answers_before_it_fails, connected, echo_five, handler, lets_in, score,
    talk,
};

#[test]
fn s2_a_silent_client_does_not_starve_the_next() {
    lab(|lab| {
        lab.why("Client B has waited since A connected. A sends nothing, and nobody may pay for that: while one thread waits for A, another one answers B.");
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
    lab(|lab| {
        lab.why("Fifty conversations at once, and each client must get its own bytes back. A handler has one client, and nothing that it writes to belongs to another thread.");
        let (acceptor, addr) = lets_in(50);
        let server = lab.student("serve_threads(acceptor, handler)", move || {
            serve_threads(&acceptor, handler(echo_five))
        });
        let clients: Vec<(TcpPeer, String)> = (0..50)
            .map(|n| (lab.connect_as("clients", addr), format!("no {n:02}")))
            .collect();
        for (client, words) in clients.iter().rev() {
            client.sends(words.as_bytes());
        }
        for (client, words) in &clients {
            client.expects(words.as_bytes());
            client.expects_eof();
        }
        score(lab, server.returns_ok(), (50, 0, 0));
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
        talk(&lab.connect_as("client A", addr), b"first");
        lab.note("your server waits for the next client now");
        talk(&lab.connect_as("client B", addr), b"again");
        score(lab, server.returns_ok(), (2, 0, 0));
    });
}

#[test]
fn s2_errors_and_panics_end_one_conversation() {
    lab(|lab| {
        lab.why("One handler fails, one panics. Each costs its own client the conversation, and is counted as failed; the next client is served as if nothing had been.");
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
            client.expects_eof();
        }
        talk(&lab.connect_as("client C", addr), b"hello");
        score(lab, server.returns_ok(), (1, 2, 0));
    });
}

#[test]
fn s2_returns_when_the_last_conversation_has_ended() {
    lab(|lab| {
        lab.why("No more clients will come, but one is still being served. If the function returns now, the program may end, and the conversation with it.");
        let (acceptor, addr) = lets_in(1);
        let gate = lab.gate("the handler's gate");
        let inside = gate.clone();
        let trace = Trace::default();
        let told = trace.clone();
        let handler = handler(move |_: &Client| {
            inside.waits();
            told.add("the conversation ends");
            Ok(())
        });
        let told = trace.clone();
        let server = lab.student("serve_threads(acceptor, handler)", move || {
            let stats = serve_threads(&acceptor, handler);
            told.add("serve_threads returns");
            stats
        });
        let client = lab.connect_as("client A", addr);
        gate.expects_arrivals(1);
        server.settles();
        gate.opens();
        client.expects_eof();
        let stats = server.returns_ok();
        let want = ["the conversation ends", "serve_threads returns"];
        lab.same("the order", trace.all(), want.map(String::from).to_vec());
        score(lab, stats, (1, 0, 0));
    });
}

#[test]
fn s2_an_error_of_accept_waits_for_the_conversations() {
    lab(|lab| {
        lab.why("accept has failed, and the caller must hear it. The client who is being served has nothing to do with that.");
        let (client, other) = connected();
        let script = Script::new(
            lab,
            [
                Knock::Client(client),
                Knock::Error(ErrorKind::PermissionDenied.into()),
            ],
        );
        let server = lab.student("serve_threads(acceptor, handler)", move || {
            serve_threads(&script, handler(echo_five))
        });
        answers_before_it_fails(lab, server, other);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows a process its memory map"
)]
fn s2_finished_threads_are_given_back() {
    lab(|lab| {
        lab.why("The stack of a finished thread stays until somebody joins the thread or drops its handle. A list of all handles that is joined at the end grows with every client who ever came.");
        const CLIENTS: usize = 300;
        let (acceptor, addr) = lets_in(CLIENTS + 2);
        let server = lab.student("serve_threads(acceptor, handler)", move || {
            serve_threads(&acceptor, handler(|_: &Client| io::Result::Ok(())))
        });
        lab.connect_as("client A", addr).expects_eof();
        let before = regions_of_memory();
        for _ in 0..CLIENTS {
            let client = TcpStream::connect(addr).expect("the listener is open");
            // Until the end: each conversation is over before the next one begins.
            let _ = (&client).read(&mut [0]);
        }
        lab.note(format!(
            "{CLIENTS} clients come and go, one after the other"
        ));
        let more = regions_of_memory().saturating_sub(before);
        lab.holds(
            more < CLIENTS / 2,
            format!("the memory of {CLIENTS} finished threads to be given back"),
            format!("{more} more regions of memory than before: stacks, and a guard for each"),
        );
        lab.connect_as("client B", addr).expects_eof();
        score(lab, server.returns_ok(), (CLIENTS as u64 + 2, 0, 0));
    });
}

/// Pieces of address space that this process has. Every thread's stack is one, its guard another.
fn regions_of_memory() -> usize {
    std::fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count())
}
