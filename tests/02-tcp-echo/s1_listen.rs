//! Step 1: a listening socket.

use std::io::{ErrorKind, Read};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use netlab::{Lab, Running, lab, own_loopback};
use socket2::{Domain, SockRef, Socket, Type};
use tcp_echo::listen_on;

use super::unchanged::State;
use super::{ALONE, has_ipv6, listener, loopback, needs_ipv6, needs_own_network};

#[test]
fn s1_listens_where_it_is_told() {
    lab(|lab| {
        lab.why("The address decides who can reach you. 127.0.0.1 is only for this machine; 0.0.0.0 is every network that it is on. A port of 0 asks the system for a free one (bind(2)).");
        let (_listener, addr) = listener(lab);
        lab.same(
            "the listener's IP address",
            addr.ip().to_string(),
            "127.0.0.1".to_owned(),
        );
        lab.holds(addr.port() != 0, "a port that the system chose", "port 0");
    });
}

#[test]
fn s1_a_client_gets_in_before_accept() {
    lab(|lab| {
        lab.why("The kernel opens connections for a listening socket by itself. accept only takes one that is open already (listen(2), RFC 9293 §3.10.7.2).");
        let (listener, addr) = listener(lab);

        let peer = lab.connect(addr);
        peer.sends(b"early");

        lab.note("only now is accept called");
        let (mut accepted, from) = listener.accept().expect("a connection waits in the queue");
        lab.why("The early bytes of the client have waited in its connection, in the queue.");
        lab.same("the address that accept tells", from, peer.local());
        let mut got = [0; 5];
        accepted
            .read_exact(&mut got)
            .expect("the bytes have arrived");
        lab.same_bytes("what was sent before accept", &got, b"early");
    });
}

#[test]
fn s1_accept_will_wait() {
    lab(|lab| {
        lab.why("An ordinary listener blocks: accept waits until a client comes. A non-blocking one answers WouldBlock at once, and a loop around it keeps a whole processor busy.");
        let (listener, _) = listener(lab);
        // Windows does not tell.
        #[cfg(unix)]
        {
            let non_blocking = SockRef::from(&listener).nonblocking().expect("fcntl");
            lab.holds(!non_blocking, "a blocking listener", "a non-blocking one");
        }
        lab.why("accept waits without a limit: a server without clients is not broken. (Linux gives a listener's time-out to the sockets that accept makes, too.)");
        let time_out = SockRef::from(&listener).read_timeout();
        lab.same(
            "the listener's time-out",
            time_out.expect("SO_RCVTIMEO"),
            None,
        );
    });
}

#[test]
fn s1_no_other_option_is_set() {
    lab(|lab| {
        let (listener, _) = listener(lab);
        lab.why("One option is asked for. The sockets that accept makes inherit most of the others (Linux), and their user does not expect that.");
        State::of(&plain(loopback())).is_that_of(lab, &listener, "as of any new one");
        if has_ipv6() {
            let home = loopback_v6();
            let listener = lab.ok("listen_on([::1]:0, 16)", || listen_on(home, 16));
            State::of(&plain(home)).is_that_of(lab, &listener, "as of any new one");
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose namespaces give a test every address of a network"
)]
fn s1_every_address_means_every_one() {
    lab(|lab| {
        needs_own_network(lab);
        let (_listener, _) = listener(lab);
        lab.why("[::] is every address of this machine, IPv4 too where the system is set up like that (Linux, ipv6(7)). IPV6_V6ONLY removes IPv4, and the caller has not asked for it.");
        // A network of its own: nobody outside can connect.
        let end = lab.elsewhere(ALONE, || {
            let every = (Ipv6Addr::UNSPECIFIED, 0).into();
            let only_v6 = |listener: TcpListener| SockRef::from(&listener).only_v6();
            let usual = only_v6(plain(every)).expect("getsockopt");
            let yours = listen_on(every, 16).and_then(only_v6);
            println!("\nresult: {:?}", yours.map(|yours| yours == usual));
        });
        let mut lines = end.stdout.lines();
        let result = lines.find_map(|line| line.strip_prefix("result: "));
        lab.same(
            "IPV6_V6ONLY at [::] as of any new one",
            result.unwrap_or(end.stderr.trim()),
            "Ok(true)",
        );
    });
}

fn loopback_v6() -> SocketAddr {
    (Ipv6Addr::LOCALHOST, 0).into()
}

/// A socket that listens, and of which nothing else is asked.
fn plain(addr: SocketAddr) -> TcpListener {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None).expect("a socket");
    socket.bind(&addr.into()).expect("bind");
    socket.listen(16).expect("listen");
    socket.into()
}

#[test]
fn s1_ipv6_works_too() {
    lab(|lab| {
        needs_ipv6(lab);
        let (_ipv4, _) = listener(lab);
        lab.why("A socket belongs to one address family, which is chosen when it is made. Take it from the address, so that [::1] works as well as 127.0.0.1.");
        let listener = lab.ok("listen_on([::1]:0, 16)", || listen_on(loopback_v6(), 16));
        let addr = listener
            .local_addr()
            .expect("a bound socket has an address");
        lab.same(
            "the listener's IP address",
            addr.ip().to_string(),
            "::1".to_owned(),
        );
        lab.connect(addr);
        lab.why("With SO_REUSEADDR a server can start again while connections of its last run are in TIME-WAIT. A restart is no different with IPv6: the option is for sockets of either family, and is set before bind.");
        let reuses = SockRef::from(&listener).reuse_address();
        let wanted = cfg!(not(windows));
        lab.same("SO_REUSEADDR", reuses.expect("getsockopt"), wanted);
    });
}

#[test]
fn s1_a_taken_port_is_an_error() {
    lab(|lab| {
        lab.why("One port of one address has one listener. A caller that asks for a taken port must get an error, not another port. With SO_REUSEPORT two servers share it, and each gets some of the clients: SO_REUSEADDR does not allow that, and is the option you want.");
        let (first, addr) = listener(lab);
        let error = lab.err(&format!("listen_on({addr}, 16), a second time"), || {
            listen_on(addr, 16)
        });
        lab.why(
            "The caller decides by the kind of the error what to do. Return the error of bind.",
        );
        lab.same("the error's kind", error.kind(), ErrorKind::AddrInUse);

        let call = format!("listen_on({addr}, 16), a third time");
        let third = lab.student(&call, move || listen_on(addr, 16));
        // It has returned, or waits to try again.
        third.settles();
        drop(first);
        lab.note("the first listener is dropped");
        lab.why("The port was taken when listen_on was called, and bind says so at once. Whether to wait and try again is for the caller to decide.");
        if let Ok(listener) = third.returns() {
            lab.fails(
                "Err(AddrInUse) at once",
                format!("Ok({listener:?}): your listen_on waited until the port was free"),
            );
        }

        lab.why("192.0.2.1 is an address for examples (RFC 5737), and none of this machine's. bind says so; pass that on.");
        // Some machines are set up to take any address for their own (ip_nonlocal_bind).
        let example = SocketAddr::from(([192, 0, 2, 1], 0));
        if std::net::TcpListener::bind(example).is_err() {
            let error = lab.err("listen_on(192.0.2.1:0, 16)", || listen_on(example, 16));
            let kind = error.kind();
            lab.same("the error's kind", kind, ErrorKind::AddrNotAvailable);
        }
    });
}

#[test]
fn s1_can_restart_at_once() {
    lab(|lab| {
        lab.why("The side that closes first keeps the connection in TIME-WAIT (RFC 9293 §3.6.1; 60 s on Linux), and its port is taken meanwhile, unless SO_REUSEADDR was set before bind: on this listener, and on the former one too (Linux).");
        let home = SocketAddr::from((own_loopback(128), 0));
        let listener = lab.ok(&format!("listen_on({home}, 16)"), || listen_on(home, 16));
        let addr = listener
            .local_addr()
            .expect("a bound socket has an address");

        let peer = lab.connect(addr);
        let (accepted, _) = listener.accept().expect("a connection waits in the queue");
        lab.note("the server closes first");
        drop(accepted);
        peer.sees_fin();
        peer.closes();
        drop(listener);
        // Elsewhere refusing may take a while, or the client may meet itself.
        if cfg!(target_os = "linux") && TcpStream::connect(addr).is_ok() {
            lab.why("The listener was dropped, and clients are still let in. A port is free when the last handle of its socket is closed: a clone of it counts, too (close(2)).");
            lab.fails(
                format!("no socket listens at {addr} when the listener is dropped"),
                "a client is let in: another handle of the socket is open",
            );
        }
        lab.note("the server has ended; its connection is in TIME-WAIT");

        if cfg!(target_os = "linux") {
            lab.note(format!("the test itself binds {addr}, without the option"));
            let plain = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            let taken = plain.bind(&addr.into()).map_err(|e| e.kind());
            lab.because("Here the test itself binds the port, without SO_REUSEADDR. That fails as long as a connection of your listener is in TIME-WAIT, so there is none: either the connection was broken off instead of closed (SO_LINGER), or the listener is of another family than its address.")
                .same("the test's own bind without the option", taken, Err(ErrorKind::AddrInUse));
        }
        lab.ok(&format!("listen_on({addr}, 16), again"), || {
            listen_on(addr, 16)
        });
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose queue has an exact length"
)]
fn s1_the_backlog_is_yours_to_choose() {
    lab(|lab| {
        lab.why("The backlog is how many open connections may wait for accept. Linux admits one more than it is told, and drops the SYN of the next client, which then tries again later (listen(2)).");
        let ipv4 = [(0, 1), (3, 4), (300, 301)].map(|queue| (loopback(), queue));
        let ipv6 = has_ipv6().then(|| (loopback_v6(), (3, 4)));
        let mut next_ones = Vec::new();
        for (home, (backlog, waiting)) in ipv4.into_iter().chain(ipv6) {
            let call = format!("listen_on({home}, {backlog})");
            let listener = lab.ok(&call, || listen_on(home, backlog));
            let addr = listener
                .local_addr()
                .expect("a bound socket has an address");
            let patience = Duration::from_secs(2);
            let queue: Vec<_> = (0..waiting)
                .map_while(|_| TcpStream::connect_timeout(&addr, patience).ok())
                .collect();
            lab.note(format!("{} clients are connected", queue.len()));
            if queue.len() != waiting {
                are_not_let_in(lab, &mut next_ones);
            }
            lab.same("clients in the queue", queue.len(), waiting);
            // Waiting longer could only prove more of the same: nobody makes room in the queue.
            let next = lab.meanwhile(&format!("one more client of {addr}"), move || {
                TcpStream::connect_timeout(&addr, Duration::from_millis(20)).is_ok()
            });
            let wanted =
                format!("a backlog of {backlog}: {waiting} wait, the next one is not let in");
            next_ones.push((next, wanted, (listener, queue)));
        }
        are_not_let_in(lab, &mut next_ones);
    });
}

/// Demands that none of these clients is let in. Each has a queue that is full, with what it holds.
fn are_not_let_in<T>(lab: &Lab, clients: &mut Vec<(Running<bool>, String, T)>) {
    for (client, wanted, _queue) in clients.drain(..) {
        lab.holds(!client.returns(), wanted, "the next one was let in too");
    }
}
