//! Step 3: one client, from accept to close.

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use netlab::{Lab, Running, TcpPeer, lab};
use socket2::SockRef;
use tcp_echo::{Served, serve_one};

use super::{connection, listener};

#[test]
fn s3_echoes_as_the_bytes_come() {
    lab(|lab| {
        lab.why("A client may wait for its echo before it says more. A server that waits for the end of the stream first waits for a client that waits for the server.");
        let (server, addr) = serving(lab);
        let peer = lab.connect(addr);
        peer.sends(b"one");
        peer.expects(b"one");
        peer.sends(b"two");
        peer.expects(b"two");
        peer.half_closes();
        let (from, bytes) = closed(lab, ends(lab, server, &peer));
        lab.why(TOLD);
        lab.same("the client's address", from, peer.local());
        lab.same("bytes echoed", bytes, 6);
    });
}

#[test]
fn s3_a_client_that_says_nothing() {
    lab(|lab| {
        lab.why("To connect and leave is no offence: monitors and port scanners do it all day. The conversation was short, and its end is a clean one.");
        let (server, addr) = serving(lab);
        let peer = lab.connect(addr);
        let from = peer.local();
        peer.closes();
        let (told, bytes) = closed(lab, server.returns_ok());
        lab.why(TOLD);
        lab.same("the client's address", told, from);
        lab.same("bytes echoed", bytes, 0);
    });
}

#[test]
fn s3_half_close_still_gets_its_echo() {
    lab(|lab| {
        lab.picture("02-half-close");
        lab.why("FIN closes one direction: \"nothing more will come from me\". The client still reads, and waits for the rest of its echo and then for your FIN, which the kernel sends when the last handle of your socket is closed (RFC 9293 §3.6).");
        let (server, addr) = serving(lab);
        let peer = lab.connect(addr);
        peer.sends(b"hello");
        peer.half_closes();
        peer.expects(b"hello");
        closed(lab, ends(lab, server, &peer));
    });
}

#[test]
fn s3_long_request_does_not_cost_the_reply() {
    lab(|lab| {
        lab.why("A socket that is closed with unread bytes in it sends RST instead of FIN (RFC 9293 §3.6.1), and the peer gets \"connection reset\" in place of the rest. Read to the end before you close.");
        let (server, addr) = serving(lab);
        let peer = lab.connect(addr);
        let request: Vec<u8> = (0..5000).map(|i| (i % 251) as u8).collect();
        peer.sends(&request);
        peer.half_closes();
        peer.expects(&request);
        let (_, bytes) = closed(lab, ends(lab, server, &peer));
        lab.why(TOLD);
        lab.same("bytes echoed", bytes, 5000);
    });
}

#[test]
fn s3_binary_300_000_bytes_unchanged() {
    lab(|lab| {
        lab.why("What was sent in one call arrives in as many reads as the network likes, and may be any bytes. Count what you got, keep nothing, change nothing.");
        let (server, addr) = serving(lab);
        let peer = lab.connect(addr);
        let data: Vec<u8> = (0..300_000_u32).map(|i| (i ^ (i >> 8)) as u8).collect();
        let sending = peer.starts_sending(data.clone());
        peer.expects(&data);
        sending.returns();
        peer.half_closes();
        let (_, bytes) = closed(lab, ends(lab, server, &peer));
        lab.why(TOLD);
        lab.same("bytes echoed", bytes, 300_000);
    });
}

#[test]
fn s3_the_accepted_socket_keeps_the_port() {
    lab(|lab| {
        let (listener, addr) = listener(lab);
        let listener = Arc::new(listener);
        let one = lab.connect_as("client A", addr);
        let two = lab.connect_as("client B", addr);

        for client in [one, two] {
            lab.why("accept gives a new socket with the listener's own address and port, and the listener goes on listening. What tells two connections apart is the client's address and port (RFC 9293 §3.3.1).");
            let server = serve(lab, &listener);
            client.sends(b"who are you?");
            client.expects(b"who are you?");
            lab.same("the address that answers", client.remote(), addr);
            client.half_closes();
            let (from, _) = closed(lab, ends(lab, server, &client));
            lab.same("the address that serve_one tells", from, client.local());
        }
    });
}

#[test]
fn s3_reset_is_an_outcome() {
    lab(|lab| {
        lab.why("Clients crash, and networks drop them: a reset is a way for a conversation to end. It says nothing about the listener, so it is no error of the server.");
        let (listener, addr) = listener(lab);
        let listener = Arc::new(listener);
        let server = serve(lab, &listener);
        let peer = lab.connect_as("client A", addr);
        let from = peer.local();
        peer.sends(b"hello");
        peer.expects(b"hello");
        peer.resets();
        lab.same(
            "the address of Served::Reset",
            reset(lab, server.returns_ok()),
            from,
        );

        lab.why("The next client has done nothing wrong.");
        let server = serve(lab, &listener);
        let peer = lab.connect_as("client B", addr);
        peer.sends(b"hello");
        peer.expects(b"hello");
        peer.half_closes();
        closed(lab, ends(lab, server, &peer));
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows what a descriptor is"
)]
fn s3_no_handle_is_left_behind() {
    lab(|lab| {
        lab.why("Each handle is a descriptor, and a process has a limited number of them, often 1024. A server that keeps one of every client stops after a day. A clone is a handle, whoever holds it: a variable, a thread (close(2), getrlimit(2)).");
        let (server, addr) = serving(lab);
        let peer = lab.connect(addr);
        peer.sends(b"hello");
        peer.expects(b"hello");
        let socket = connection::socket(addr, peer.local());
        lab.holds(
            socket.is_some(),
            "a connected socket of yours while you serve",
            "none",
        );
        peer.half_closes();
        closed(lab, server.returns_ok());
        lab.holds(
            !socket.is_some_and(connection::is_open),
            "no handle of the client's socket when your serve_one has returned",
            "one is open still: a clone? a thread that goes on?",
        );
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which accepts a connection that is gone already"
)]
fn s3_a_client_that_was_gone_before_accept() {
    lab(|lab| {
        lab.why("The client sent bytes, ended its stream and then reset the connection, all before accept. Its bytes can still be read; the echo meets a closed door, which systems call \"connection reset\" or \"broken pipe\". Both are Served::Reset.");
        let (listener, addr) = listener(lab);
        let listener = Arc::new(listener);
        let mut hasty = TcpStream::connect(addr).expect("connect");
        let from = hasty.local_addr().expect("an address");
        hasty
            .write_all(b"hello")
            .expect("the kernel takes five bytes");
        hasty.shutdown(std::net::Shutdown::Write).expect("FIN");
        SockRef::from(&hasty)
            .set_linger(Some(Duration::ZERO))
            .expect("SO_LINGER");
        drop(hasty);
        lab.note("a client connects, sends 5 bytes and FIN, then RST");

        let server = serve(lab, &listener);
        lab.same(
            "the address of Served::Reset",
            reset(lab, server.returns_ok()),
            from,
        );
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where an accepted socket has its listener's time-outs"
)]
fn s3_any_other_error_is_an_error() {
    lab(|lab| {
        let (listener, addr) = listener(lab);
        let listener = Arc::new(listener);
        let read_timeout = Some(Duration::from_millis(20));
        SockRef::from(&*listener)
            .set_read_timeout(read_timeout)
            .expect("SO_RCVTIMEO");
        lab.note("the listener gets a read time-out of 20 ms, and hands it on to the sockets that accept makes");
        let _silent = lab.connect(addr);
        lab.note("the client says nothing");
        lab.why("How long a client may be silent is the caller's to say, here with the listener's time-out. Leave the accepted socket as accept gives it: set no time-out, and take none away.");
        let server = serve(lab, &listener);
        let served = server.returns();
        lab.why("A time-out is no broken connection: the client is there, and silent. Served::Reset is for connections that are gone; what you cannot name goes back to the caller as it is.");
        match served {
            Err(error) => lab.same("the error's kind", error.kind(), ErrorKind::WouldBlock),
            Ok(served) => lab.fails(
                "Err(WouldBlock) from your serve_one",
                format!("Ok({served:?})"),
            ),
        }
        lab.why("The listener belongs to the caller, who will use it again.");
        let left = SockRef::from(&*listener).read_timeout();
        lab.same(
            "the listener's time-out",
            left.expect("SO_RCVTIMEO"),
            read_timeout,
        );
    });
}

/// Why the values of an outcome matter.
const TOLD: &str = "Whoever runs a server wants to know who came, and how much went through. It is all that is left of the conversation.";

/// The conversation's end: the peer has ended its stream, and now the student's side does.
fn ends(lab: &Lab, server: Running<io::Result<Served>>, peer: &TcpPeer) -> Served {
    lab.why("The client has ended its stream, and waits for your FIN. It is sent when the last handle of your socket is closed. If your function has returned, another one is open still: a clone? a thread? (close(2))");
    peer.expects_eof();
    server.returns_ok()
}

/// The student's `serve_one` at work on a listener of its own.
fn serving(lab: &Lab) -> (Running<io::Result<Served>>, SocketAddr) {
    let (listener, addr) = listener(lab);
    (serve(lab, &Arc::new(listener)), addr)
}

fn serve(lab: &Lab, listener: &Arc<TcpListener>) -> Running<io::Result<Served>> {
    let listener = Arc::clone(listener);
    lab.student("serve_one(listener)", move || serve_one(&listener))
}

/// The values of `Served::Closed`.
fn closed(lab: &Lab, served: Served) -> (SocketAddr, u64) {
    match served {
        Served::Closed { peer, bytes } => (peer, bytes),
        other => lab.fails("Served::Closed from your serve_one", format!("{other:?}")),
    }
}

/// The value of `Served::Reset`.
fn reset(lab: &Lab, served: Served) -> SocketAddr {
    match served {
        Served::Reset { peer } => peer,
        other => lab.fails("Served::Reset from your serve_one", format!("{other:?}")),
    }
}
