//! Step 1: a listening socket.

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use netlab::lab;
use socket2::{Domain, SockRef, Socket, Type};
use tcp_echo::listen_on;

use super::{has_ipv6, listener, loopback};

#[test]
fn s1_listens_where_it_is_told() {
    lab(|lab| {
        lab.why("The address decides who can reach you. 127.0.0.1 is for this machine alone; 0.0.0.0 is every network it is on. A port of 0 asks the system for a free one (bind(2)).");
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
        lab.why(
            "What the client sent early has waited in its connection, which stood in the queue.",
        );
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
        lab.why("accept waits as long as it takes: a server that nobody visits is no broken one. (Linux gives a listener's time-out to the sockets that accept makes, too.)");
        let time_out = SockRef::from(&listener).read_timeout();
        lab.same(
            "the listener's time-out",
            time_out.expect("SO_RCVTIMEO"),
            None,
        );
    });
}

#[test]
fn s1_ipv6_works_too() {
    lab(|lab| {
        let (_ipv4, _) = listener(lab);
        if !has_ipv6() {
            return;
        }
        lab.why("A socket belongs to one address family, which is chosen when it is made. Take it from the address, so that [::1] works as well as 127.0.0.1.");
        let listener = lab.ok("listen_on([::1]:0, 16)", || {
            listen_on((Ipv6Addr::LOCALHOST, 0).into(), 16)
        });
        let addr = listener
            .local_addr()
            .expect("a bound socket has an address");
        lab.same(
            "the listener's IP address",
            addr.ip().to_string(),
            "::1".to_owned(),
        );
        lab.connect(addr);
    });
}

#[test]
fn s1_a_taken_port_is_an_error() {
    lab(|lab| {
        lab.why("One port of one address has one listener. With SO_REUSEPORT two servers share it, and each gets some of the clients: SO_REUSEADDR does not allow that, and is the option you want.");
        let (first, addr) = listener(lab);
        lab.err(&format!("listen_on({addr}, 16), a second time"), || {
            listen_on(addr, 16)
        });
        drop(first);
    });
}

#[test]
fn s1_can_restart_at_once() {
    lab(|lab| {
        lab.why("Who closes first keeps the connection in TIME-WAIT (RFC 9293 §3.6.1; 60 s on Linux), and its port is taken meanwhile, unless SO_REUSEADDR was set before bind: on this listener, and on the former one too (Linux).");
        let home = SocketAddr::from((own_loopback(), 0));
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
                format!("nobody listens at {addr} when the listener is dropped"),
                "a client is let in: another handle of the socket is open",
            );
        }
        lab.note("the server has ended; its connection is in TIME-WAIT");

        if cfg!(target_os = "linux") {
            let plain = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            let taken = plain.bind(&addr.into()).map_err(|e| e.kind());
            lab.same("bind without the option", taken, Err(ErrorKind::AddrInUse));
            lab.note(format!(
                "bind({addr}) without the option: the address is in use"
            ));
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
        let listener = lab.ok("listen_on(127.0.0.1:0, 3)", || listen_on(loopback(), 3));
        let addr = listener
            .local_addr()
            .expect("a bound socket has an address");

        let waiting = ["first", "second", "third", "fourth"];
        let _waiting = waiting.map(|name| lab.connect_as(name, addr));
        // Waiting longer could only prove more of the same: nobody makes room in the queue.
        let fifth = TcpStream::connect_timeout(&addr, Duration::from_millis(50));
        lab.holds(
            fifth.is_err(),
            "a backlog of 3: four connections wait, the fifth is not let in",
            "the fifth connection was let in too",
        );
    });
}

/// An address of 127.0.0.0/8 that no other run of these tests uses: this test binds the same port
/// twice, and in between nobody else may take it.
fn own_loopback() -> Ipv4Addr {
    if cfg!(target_os = "linux") {
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        // 127.128.0.0/9, which nobody uses by accident.
        Ipv4Addr::new(127, 128 | high, middle, low)
    } else {
        Ipv4Addr::LOCALHOST
    }
}
