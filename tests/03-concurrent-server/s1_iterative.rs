//! Step 1: one client after the other.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::thread;

use concurrent_server::{Client, serve_iterative};
use netlab::lab;

use super::scene::{
    ERRORS_OF_ACCEPT, Knock, LET_GO, Script, Trace, closed, connected, echo_five, handler,
    is_the_error_of_accept, lets_in, score, talk,
};

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
        lab.why("A client waits for the end of the stream, and a descriptor that is not closed is lost to the process. Drop the client when its conversation is over, not when the server is.");
        let (acceptor, addr) = lets_in(2);
        let server = lab.student("serve_iterative(acceptor, handler)", move || {
            serve_iterative(&acceptor, &echo_five)
        });
        let first = lab.connect_as("client A", addr);
        talk(&first, b"first");
        closed(lab, &first);
        lab.note("your server waits for the next client now");
        let second = lab.connect_as("client B", addr);
        talk(&second, b"again");
        score(lab, server.returns_ok(), (2, 0, 0));
    });
}

const ONE_WENT_WRONG: &str = "A handler's error says that one conversation went wrong. A server that ends with it can be switched off by any client.";

#[test]
fn s1_a_handlers_error_ends_one_conversation() {
    lab(|lab| {
        lab.why(ONE_WENT_WRONG);
        let (acceptor, addr) = lets_in(3);
        let trace = Trace::default();
        let told = trace.clone();
        let handler = handler(move |client: &Client| {
            told.add("begins");
            echo_five(client)
        });
        let server = lab.student("serve_iterative(acceptor, handler)", move || {
            serve_iterative(&acceptor, &*handler)
        });
        let short = lab.connect_as("client A", addr);
        short.sends(b"hel");
        short.half_closes();
        lab.why(LET_GO);
        short.expects_eof();
        lab.why(ONE_WENT_WRONG);
        lab.connect_as("client B", addr).closes();
        let good = lab.connect_as("client C", addr);
        talk(&good, b"hello");
        score(lab, server.returns_ok(), (1, 2, 0));
        lab.why(
            "A conversation that went wrong is over. The handler is called once for each client.",
        );
        lab.same("calls of the handler", trace.count("begins"), 3);
    });
}

#[test]
fn s1_whatever_the_handlers_error_is() {
    lab(|lab| {
        lab.why("A handler's error ends its conversation, of whatever kind it is. WouldBlock is what a socket's time-out looks like: to call the handler again gives a silent client all the time that it wants.");
        let kinds = [
            ErrorKind::WouldBlock,
            ErrorKind::Interrupted,
            ErrorKind::TimedOut,
            ErrorKind::BrokenPipe,
            ErrorKind::Other,
        ];
        for kind in kinds {
            let (client, _other) = connected();
            let script = Script::new(lab, [Knock::Client(client), Knock::Closed]);
            let trace = Trace::default();
            let told = trace.clone();
            let handler = handler(move |_: &Client| {
                told.add("begins");
                match told.count("begins") {
                    1 => Err(kind.into()),
                    _ => Ok(()),
                }
            });
            let stats = lab.ok(
                &format!("serve_iterative(acceptor, a handler that fails: {kind:?})"),
                || serve_iterative(&script, &*handler),
            );
            lab.same("calls of the handler", trace.count("begins"), 1);
            score(lab, stats, (0, 1, 0));
        }
    });
}

#[test]
fn s1_a_silent_client_starves_the_next() {
    lab(|lab| {
        lab.why("One at a time: B is connected and its request has arrived, but the only thread talks with A. (This is the flaw of the design. Step 2 mends it.)");
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
        lab.why("When A has gone, the loop goes on with B. A's end inside its five bytes is a failed conversation and no more.");
        silent.closes();
        hungry.expects(b"hello");
        hungry.expects_eof();
        score(lab, server.returns_ok(), (1, 1, 0));
    });
}

#[test]
fn s1_the_end_is_asked_for_once() {
    lab(|lab| {
        lab.why("None means that no more will come. There is nothing to ask accept for after that: another acceptor might wait for ever.");
        let (client, _other) = connected();
        let script = Script::new(lab, [Knock::Client(client), Knock::Closed]);
        let stats = lab.ok("serve_iterative(acceptor, handler)", || {
            serve_iterative(&script, &|_: &Client| io::Result::Ok(()))
        });
        score(lab, stats, (1, 0, 0));
    });
}

#[test]
fn s1_all_of_it_happens_on_this_thread() {
    lab(|lab| {
        lab.why("This design has one thread: the caller's. A handler that runs on another one costs a thread for each client, and still serves one at a time.");
        let (clients, _others): (Vec<_>, Vec<_>) = (0..2).map(|_| connected()).unzip();
        let knocks = clients.into_iter().map(Knock::Client);
        let script = Script::new(lab, knocks.chain([Knock::Closed]));
        let (caller, elsewhere) = (thread::current().id(), Trace::default());
        let told = elsewhere.clone();
        let handler = handler(move |_: &Client| {
            if thread::current().id() != caller {
                told.add("on another thread");
            }
            Ok(())
        });
        let stats = lab.ok("serve_iterative(acceptor, handler)", || {
            serve_iterative(&script, &*handler)
        });
        score(lab, stats, (2, 0, 0));
        let elsewhere = elsewhere.count("on another thread");
        lab.same("conversations on another thread", elsewhere, 0);
    });
}

#[test]
fn s1_an_error_of_accept_ends_the_server() {
    lab(|lab| {
        lab.why("When accept fails, this step knows no better than to say so, of whatever kind the error is. (Step 5 does.)");
        for accept_error in ERRORS_OF_ACCEPT {
            let (client, _other) = connected();
            let script = Script::new(lab, [Knock::Client(client), Knock::Error(accept_error())]);
            let error = lab.err("serve_iterative(acceptor, handler)", || {
                serve_iterative(&script, &|_: &Client| io::Result::Ok(()))
            });
            is_the_error_of_accept(lab, &error, &accept_error());
        }
    });
}
