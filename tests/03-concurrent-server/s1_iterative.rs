//! Step 1: one client after the other.

use std::collections::HashMap;
use std::io::{self, ErrorKind};

use concurrent_server::{Client, serve_iterative};
use netlab::lab;

use super::scene::{Knock, Script, Trace, connected, echo_five, handler, lets_in, score, talk};

#[test]
fn s1_one_after_the_other() {
    lab(|lab| {
        lab.why("One thread has one conversation at a time. The others wait in the kernel's queue, and are served in the order in which they came.");
        let (acceptor, addr) = lets_in(3);
        let clients = ["A", "B", "C"].map(|name| lab.connect_as(&format!("client {name}"), addr));
        let names: HashMap<_, _> = clients
            .iter()
            .map(|c| c.local())
            .zip(["A", "B", "C"])
            .collect();
        let trace = Trace::default();
        let told = trace.clone();
        let handler = handler(move |client: &Client| {
            let name = names.get(&client.peer()).copied().unwrap_or("a stranger");
            told.add(format!("{name} begins"));
            let end = echo_five(client);
            told.add(format!("{name} ends"));
            end
        });
        let server = lab.student("serve_iterative(acceptor, handler)", move || {
            serve_iterative(&acceptor, &*handler)
        });
        // The last one speaks first.
        for client in clients.iter().rev() {
            client.sends(b"hello");
        }
        for client in &clients {
            client.expects(b"hello");
            client.expects_eof();
        }
        score(lab, server.returns_ok(), (3, 0, 0));
        let want = [
            "A begins", "A ends", "B begins", "B ends", "C begins", "C ends",
        ];
        lab.same(
            "the conversations",
            trace.all(),
            want.map(String::from).to_vec(),
        );
    });
}

#[test]
fn s1_the_connection_ends_with_the_conversation() {
    lab(|lab| {
        lab.why("A client waits for the end of the stream, and a descriptor that nobody closes is lost to the process. Let go of the client when its conversation is over, not when the server is.");
        let (acceptor, addr) = lets_in(2);
        let server = lab.student("serve_iterative(acceptor, handler)", move || {
            serve_iterative(&acceptor, &echo_five)
        });
        let first = lab.connect_as("client A", addr);
        talk(&first, b"first");
        lab.note("your server waits for the next client now");
        let second = lab.connect_as("client B", addr);
        talk(&second, b"again");
        score(lab, server.returns_ok(), (2, 0, 0));
    });
}

#[test]
fn s1_a_handlers_error_ends_one_conversation() {
    lab(|lab| {
        lab.why("A handler's error says that one conversation went wrong. A server that ends with it can be switched off by any client.");
        let (acceptor, addr) = lets_in(3);
        let server = lab.student("serve_iterative(acceptor, handler)", move || {
            serve_iterative(&acceptor, &echo_five)
        });
        let short = lab.connect_as("client A", addr);
        short.sends(b"hel");
        short.half_closes();
        short.expects_eof();
        lab.connect_as("client B", addr).closes();
        let good = lab.connect_as("client C", addr);
        talk(&good, b"hello");
        score(lab, server.returns_ok(), (1, 2, 0));
    });
}

#[test]
fn s1_a_silent_client_starves_the_next() {
    lab(|lab| {
        lab.why("This is the flaw of the design, and no mistake of yours: client B is connected, its request has arrived, and nobody reads it until A has gone.");
        let (acceptor, addr) = lets_in(2);
        let trace = Trace::default();
        let told = trace.clone();
        let handler = handler(move |client: &Client| {
            told.add("begins");
            echo_five(client)
        });
        let silent = lab.connect_as("client A", addr);
        let hungry = lab.connect_as("client B", addr);
        hungry.sends(b"hello");
        let server = lab.student("serve_iterative(acceptor, handler)", move || {
            serve_iterative(&acceptor, &*handler)
        });
        server.settles();
        lab.same(
            "conversations that have begun while A says nothing",
            trace.count("begins"),
            1,
        );
        silent.closes();
        hungry.expects(b"hello");
        hungry.expects_eof();
        score(lab, server.returns_ok(), (1, 1, 0));
    });
}

#[test]
fn s1_an_error_of_accept_ends_the_server() {
    lab(|lab| {
        lab.why("When accept fails, this step knows no better than to say so. (Step 5 does.)");
        let (client, _other) = connected();
        let script = Script::new(
            lab,
            [
                Knock::Client(client),
                Knock::Error(ErrorKind::PermissionDenied.into()),
            ],
        );
        let error = lab.err("serve_iterative(acceptor, handler)", || {
            serve_iterative(&script, &|_: &Client| io::Result::Ok(()))
        });
        lab.same(
            "the kind of the error",
            error.kind(),
            ErrorKind::PermissionDenied,
        );
    });
}
