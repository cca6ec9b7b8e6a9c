use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use connection_pool::{Config, Limits, Manager, Pool, TcpManager, tcp_is_reusable};
use netlab::{Lab, TcpPeer};

use super::FOR_EVER;
use super::fake::{get, state_is};
use super::waits::{never_waits, waits_once};

/// A connection between the test's client end and a scripted server end.
fn pair(lab: &Lab) -> (TcpStream, TcpPeer) {
    let server = lab.tcp_server("server");
    let stream = TcpStream::connect(server.addr()).expect("connect");
    let peer = server.accepts();
    (stream, peer)
}

/// Waits until the kernel has received something: bytes, or the end. Takes nothing away.
fn something_has_come(stream: &TcpStream) {
    stream.peek(&mut [0]).expect("bytes or the end");
}

fn check(lab: &Lab, stream: &TcpStream) -> bool {
    lab.ok("tcp_is_reusable(stream)", || tcp_is_reusable(stream))
}

fn tcp_pool(max: usize, addr: SocketAddr) -> Pool<TcpManager> {
    let config = Config {
        max,
        wait: FOR_EVER,
        limits: Limits::default(),
    };
    Pool::new(TcpManager::new(addr, Duration::from_secs(10)), config)
}

#[test]
fn s5_silence_is_healthy() {
    netlab::lab(|lab| {
        lab.why("Between two requests the server sends nothing. \"Nothing to read\" (WouldBlock) is what a good connection says.");
        let (mut stream, peer) = pair(lab);
        lab.same("reusable", check(lab, &stream), true);
        peer.sends(b"reply");
        stream.read_exact(&mut [0; 5]).expect("the reply");
        lab.note("the client reads the reply to its end");
        lab.same(
            "reusable after a reply that was read to its end",
            check(lab, &stream),
            true,
        );
    });
}

#[test]
fn s5_the_check_does_not_wait() {
    netlab::lab(|lab| {
        let (stream, _peer) = pair(lab);
        let why = "A time-out of a millisecond is a wait: each user of the pool pays for it, each time. In non-blocking mode the call returns at once.";
        never_waits(lab, "tcp_is_reusable(a silent stream)", why, || {
            let _ = tcp_is_reusable(&stream);
        });
    });
}

/// Whether a read waits; `None` on systems that do not tell (Windows).
#[cfg(unix)]
fn blocks(stream: &TcpStream) -> Option<bool> {
    let nonblocking = socket2::SockRef::from(stream).nonblocking();
    nonblocking.ok().map(|nonblocking| !nonblocking)
}

#[cfg(not(unix))]
fn blocks(_: &TcpStream) -> Option<bool> {
    None
}

#[test]
fn s5_the_stream_blocks_as_before() {
    netlab::lab(|lab| {
        if !cfg!(unix) {
            lab.skip("this system does not tell a socket's mode");
        }
        let (stream, peer) = pair(lab);
        lab.why("The mode belongs to the socket, not to your call. A stream left in non-blocking mode gives its next user WouldBlock instead of a reply.");
        let of_a = |which: &str, stream: &TcpStream| {
            check(lab, stream);
            let what = format!("blocking after the check of {which} stream");
            lab.same(&what, blocks(stream), Some(true));
        };
        of_a("a healthy", &stream);

        let (closed, other) = pair(lab);
        other.closes();
        something_has_come(&closed);
        of_a("a closed", &closed);

        peer.sends(b"left over");
        something_has_come(&stream);
        of_a("a dirty", &stream);
        peer.closes();
        of_a("a dirty and then closed", &stream);
    });
}

#[test]
fn s5_fin_means_closed() {
    netlab::lab(|lab| {
        lab.why("The FIN has been in the receive queue all along. peek returns 0 for it, and a write would still succeed once: only a look tells.");
        let (stream, peer) = pair(lab);
        peer.closes();
        something_has_come(&stream);
        lab.same("reusable", check(lab, &stream), false);
    });
}

#[test]
fn s5_leftover_bytes_mean_dirty() {
    netlab::lab(|lab| {
        lab.why("Unread bytes are the end of the last user's reply. The next user would read them as the beginning of theirs: a privacy bug.");
        for left in [&b"!"[..], b"hello world"] {
            let (mut stream, peer) = pair(lab);
            peer.sends(left);
            something_has_come(&stream);
            lab.same("reusable", check(lab, &stream), false);

            peer.closes();
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).expect("the bytes");
            lab.because("Looking is not taking: peek leaves every byte where it is.")
                .same_bytes("what is still there", &rest, left);
        }
    });
}

#[test]
fn s5_leftovers_before_a_fin_are_dirty_too() {
    netlab::lab(|lab| {
        lab.why("No byte in the queue belongs to the next user.");
        for left in [&b"."[..], b"bye"] {
            let (stream, peer) = pair(lab);
            peer.sends(left);
            peer.closes();
            something_has_come(&stream);
            lab.same("reusable", check(lab, &stream), false);
        }
    });
}

#[test]
fn s5_reset_is_no_health() {
    netlab::lab(|lab| {
        if !cfg!(unix) {
            lab.skip("Windows keeps the peer's address after a reset");
        }
        lab.why(
            "After a reset the kernel answers the peek with an error. After an error do not lend the connection.",
        );
        let reset = || {
            let (stream, peer) = pair(lab);
            peer.resets();
            // A read or a peek would use the error up. The peer's address goes with the peer.
            let gone = || stream.peer_addr().is_err();
            lab.until("the reset to arrive", gone, |&gone| gone);
            stream
        };
        let stream = reset();
        let error = lab.err("tcp_is_reusable(stream)", || tcp_is_reusable(&stream));
        lab.same(
            "kind of the error",
            error.kind(),
            ErrorKind::ConnectionReset,
        );
        lab.because("Put the mode back before you look at the answer: a `?` between the two calls of set_nonblocking returns without the second one.")
            .same("blocking after the check of a reset stream", blocks(&stream), Some(true));

        let mut stream = reset();
        let nobody = lab.refused();
        let manager = TcpManager::new(nobody.addr(), FOR_EVER);
        let reusable = lab.you("is_reusable(stream)", || manager.is_reusable(&mut stream));
        lab.same("reusable in the eyes of the manager", reusable, false);
    });
}

/// Demands the time-outs and the options of a connection that a manager has made.
fn has_its_options(lab: &Lab, stream: &TcpStream, patience: Duration) {
    let timeouts = [
        ("read time-out", stream.read_timeout()),
        ("write time-out", stream.write_timeout()),
    ];
    for (what, timeout) in timeouts {
        lab.same(what, timeout.ok().flatten(), Some(patience));
    }
    lab.because("Nagle's algorithm holds a small write back while another one is not acknowledged. A request is one write, and has nothing to wait for.")
        .same("TCP_NODELAY", stream.nodelay().ok(), Some(true));
}

#[test]
fn s5_every_error_means_no() {
    netlab::lab(|lab| {
        let unconnected = || {
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
            TcpStream::from(socket.expect("a socket"))
        };
        let mut stream = unconnected();
        lab.note("a stream that was never connected: the kernel has no peer to wait for");
        let error = lab
            .because("A reset is one of many errors. Say what the kernel says, whatever it is.")
            .err("tcp_is_reusable(stream)", || tcp_is_reusable(&stream));
        lab.same("kind of the error", error.kind(), ErrorKind::NotConnected);

        let nobody = lab.refused();
        let manager = TcpManager::new(nobody.addr(), FOR_EVER);
        let reusable = lab.you("is_reusable(stream)", || manager.is_reusable(&mut stream));
        lab.because("Only a connection that is known to be good is lent. Every error of the check means no: a reset, a time-out of the kernel, a host that is gone.")
            .same("reusable in the eyes of the manager", reusable, false);
    });
}

#[test]
fn s5_manager_makes_streams_that_cannot_hang() {
    netlab::lab(|lab| {
        lab.why("A server that accepts and then sends nothing must cost its user a time-out, not a thread. Set the time-outs when you make the connection.");
        let server = lab.tcp_server("server");
        let patience = Duration::from_millis(1500);
        let manager = TcpManager::new(server.addr(), patience);
        let stream = lab.ok("connect()", || manager.connect());
        let peer = server.accepts();
        lab.because("A manager has one address, and all of its connections go there.")
            .same(
                "the peer's address",
                stream.peer_addr().ok(),
                Some(server.addr()),
            );
        has_its_options(lab, &stream, patience);
        lab.because("made() counts the connections that this manager has made.")
            .same("made()", manager.made(), 1);

        lab.why("The check looks, and leaves everything as it was. A check that sets a time-out of its own takes the user's away.");
        let mut stream = stream;
        let reusable = lab.you("is_reusable(stream)", || manager.is_reusable(&mut stream));
        lab.same("reusable", reusable, true);
        lab.same(
            "read time-out after the check",
            stream.read_timeout().ok().flatten(),
            Some(patience),
        );
        lab.same(
            "write time-out after the check",
            stream.write_timeout().ok().flatten(),
            Some(patience),
        );
        lab.same(
            "TCP_NODELAY after the check",
            stream.nodelay().ok(),
            Some(true),
        );

        lab.why(
            "made() counts every connection that was ever made, not only those that still exist.",
        );
        drop((stream, peer));
        lab.ok("connect()", || manager.connect());
        lab.same("made()", manager.made(), 2);

        lab.why("A server may be at any address: connect to the one that was given, of whatever kind it is.");
        for ip in ["127.0.0.2", "::1"] {
            // Not every system has both.
            if let Ok(listener) = TcpListener::bind((ip, 0)) {
                let addr = listener
                    .local_addr()
                    .expect("a bound socket has an address");
                let manager = TcpManager::new(addr, patience);
                let stream = lab.ok(&format!("connect() to {addr}"), || manager.connect());
                lab.same("the peer's address", stream.peer_addr().ok(), Some(addr));
                has_its_options(lab, &stream, patience);
            }
        }

        lab.why("The patience is any duration: for a slow job its user may allow ten minutes.");
        let patience = Duration::from_secs(600);
        let manager = TcpManager::new(server.addr(), patience);
        let stream = lab.ok("connect(), patience 600 s", || manager.connect());
        has_its_options(lab, &stream, patience);
    });
}

#[test]
fn s5_refused_is_an_error_and_no_connection() {
    netlab::lab(|lab| {
        lab.why("Only what was made is counted.");
        let nobody = lab.refused();
        let manager = TcpManager::new(nobody.addr(), FOR_EVER);
        let error = lab.err("connect()", || manager.connect());
        lab.same(
            "kind of the error",
            error.kind(),
            ErrorKind::ConnectionRefused,
        );
        lab.same("made()", manager.made(), 0);
    });
}

#[test]
fn s5_connect_has_a_deadline() {
    netlab::lab(|lab| {
        if !cfg!(target_os = "linux") {
            lab.skip("this system is not Linux (a full queue drops the SYN)");
        }
        lab.why("`patience` is how long a connect may take: no longer, and no shorter. Without a deadline the kernel repeats its SYN for two minutes, and a user of the pool holds a permit all that time.");
        lab.if_stuck("The time-out of this connect is not the manager's `patience`.");
        let hole = lab.black_hole();
        let slow = TcpManager::new(hole.addr(), Duration::from_secs(10));
        let returned = Arc::new(AtomicBool::new(false));
        let told = returned.clone();
        let waits = lab.student("connect(), patience 10 s, in another thread", move || {
            let made = slow.connect();
            told.store(true, SeqCst);
            made.map(drop)
        });
        waits.settles();
        let patience = Duration::from_millis(20);
        let manager = TcpManager::new(hole.addr(), patience);
        waits_once(lab, "connect(), patience 20 ms", patience, || {
            drop(manager.connect());
        });
        let error = lab.err("connect(), patience 20 ms", || manager.connect());
        lab.same("kind of the error", error.kind(), ErrorKind::TimedOut);
        // One whose time is over, too, has a moment to say so.
        waits.settles();
        lab.because("Each manager has a patience of its own. A connect that began earlier and may take 10 s still waits.")
            .same("the other connect has given up, too", returned.load(SeqCst), false);
        lab.why("Only connections that were made are counted. A failed attempt is not one.");
        lab.same("made()", manager.made(), 0);
    });
}

#[test]
fn s5_peer_closed_while_idle() {
    netlab::lab(|lab| {
        lab.why("A server may close an idle connection at any time. The pool has to notice before its user does: is_reusable asks the kernel, and a connection that has ended is not used again.");
        let server = lab.tcp_server("server");
        let pool = tcp_pool(1, server.addr());
        let lease = get(lab, &pool);
        let peer = server.accepts();
        // A second handle, to see the FIN arrive while the first is on the shelf.
        let twin = lease.try_clone().expect("a second handle");
        lab.you("lease ends: drop(lease)", || drop(lease));
        state_is(lab, "after the return", &pool, (1, 0, 0));
        peer.closes();
        something_has_come(&twin);
        let lease = get(lab, &pool);
        lab.same("reused()", lease.reused(), false);
        server.accepts();
        lab.same("connections made", pool.manager().made(), 2);
    });
}

#[test]
fn s5_leftovers_reach_nobody() {
    netlab::lab(|lab| {
        lab.why("User A reads half of its reply and returns the connection. User B must not read the other half.");
        let server = lab.tcp_server("server");
        let pool = tcp_pool(1, server.addr());
        let mut lease = get(lab, &pool);
        let peer = server.accepts();
        peer.sends(b"the reply to A");
        lease.read_exact(&mut [0; 4]).expect("four bytes");
        something_has_come(&lease);
        lab.note("user A reads 4 of 14 bytes");
        lab.you("lease ends: drop(lease)", || drop(lease));
        let mut lease = get(lab, &pool);
        let peer = server.accepts();
        peer.sends(b"the reply to B");
        let mut reply = [0; 14];
        lease.read_exact(&mut reply).expect("a reply");
        lab.same_bytes("what user B reads", &reply, b"the reply to B");
    });
}
