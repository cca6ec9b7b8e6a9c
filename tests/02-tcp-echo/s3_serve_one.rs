//! Step 3: one client, from accept to close.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use netlab::{Lab, Running, TcpPeer, lab};
use socket2::{Domain, SockRef, Socket, Type};
use tcp_echo::{Served, serve_one};

use super::unchanged::State;
use super::{ALONE, connection, listener, loopback, needs_own_network};

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
        lab.why("A client may connect and leave: monitors and port scanners do it all day. The conversation was short, and its end is clean.");
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
        lab.why("The bytes of one call may arrive in any number of reads, and may be any bytes. Count them, keep none, change none.");
        let (server, addr) = serving(lab);
        let peer = lab.connect(addr);
        let data: Vec<u8> = (0..300_000_u32).map(|i| (i ^ (i >> 8)) as u8).collect();
        let sending = peer.starts_sending(data.clone());
        peer.expects(&data);
        sending.returns();

        lab.why("How much a client sends is not limited here: the echo goes on until the client ends its stream.");
        let more = vec![b'x'; 16 << 20];
        let sending = peer.starts_sending(more.clone());
        peer.expects(&more);
        sending.returns();
        peer.half_closes();
        let (_, bytes) = closed(lab, ends(lab, server, &peer));
        lab.why(TOLD);
        lab.same("bytes echoed", bytes, 300_000 + (16 << 20));
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
            lab.why("accept gives a new socket with the listener's own address and port, and the listener goes on listening. The client's address and port tell two connections apart (RFC 9293 §3.3.1).");
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
fn s3_the_address_is_as_accept_tells_it() {
    lab(|lab| {
        // A socket of IPv6 at an IPv4 address, so that nobody outside can connect.
        let home = (Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 0);
        let Ok(listener) = TcpListener::bind(home) else {
            lab.skip("on this machine no IPv6 socket takes IPv4 clients");
        };
        let addr = listener
            .local_addr()
            .expect("a bound socket has an address");
        lab.note(format!(
            "an IPv6 socket listens at {addr} and takes IPv4 clients"
        ));
        let server = serve(lab, &Arc::new(listener));
        let peer = lab.connect((Ipv4Addr::LOCALHOST, addr.port()).into());
        peer.sends(b"hello");
        peer.expects(b"hello");
        peer.half_closes();
        let (from, _) = closed(lab, ends(lab, server, &peer));
        lab.why("An IPv6 socket writes an IPv4 client's address as ::ffff:127.0.0.1 (RFC 4291 §2.5.5.2). Return it as accept gave it, so that the caller can compare it with accept and peer_addr.");
        let told = SocketAddr::from((addr.ip(), peer.local().port()));
        lab.same("the client's address", from, told);
    });
}

#[test]
fn s3_reset_is_an_outcome() {
    lab(|lab| {
        lab.why("Clients crash, and networks drop them: a reset is a way for a conversation to end. It says nothing about the listener, so it is not an error of the server.");
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

const NO_CLIENT: &str = "This listener does not block, and no client has come: accept says WouldBlock. The caller has chosen this mode. Return the error: a loop keeps a processor busy, and the caller did not want to wait.";
const IF_IT_WAITS: &str = "accept fails at once, and your code does not return the error: does it ask again, or has it made the listener wait (set_nonblocking(false))?";

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose ss(8) ends a connection of this machine"
)]
fn s3_an_aborted_connection_is_an_outcome() {
    lab(|lab| {
        needs_own_network(lab);
        let (idle, _) = listener(lab);
        idle.set_nonblocking(true).expect("non-blocking mode");
        lab.why(NO_CLIENT);
        lab.if_stuck(IF_IT_WAITS);
        lab.err("serve_one(a listener that does not block)", || {
            serve_one(&idle)
        });
        lab.why("The system itself can end a connection, at an administrator's word (`ss -K`), or because the machine has left a network. Then it says ConnectionAborted. That is the third name of a broken connection, and so Served::Reset.");
        // A network of its own, in which this test may say that word.
        let end = lab.elsewhere(ALONE, || {
            let home = TcpListener::bind(loopback()).expect("bind");
            let addr = home.local_addr().expect("a bound socket has an address");
            let client = TcpStream::connect(addr).expect("connect");
            let _accepted = home.accept().expect("a connection waits in the queue");
            if !aborts(&client) {
                // This machine ends no connection at a word.
                println!("\nresult: {RESET}");
                return;
            }
            let (listener, addr) = listener(lab);
            let mut client = TcpStream::connect(addr).expect("connect");
            let from = client.local_addr().expect("its address");
            let server = std::thread::spawn(move || serve_one(&listener));
            client.write_all(b"hello").expect("there is room");
            client.read_exact(&mut [0; 5]).expect("the echo");
            aborts(&client);
            let result = match server.join() {
                Ok(Ok(Served::Reset { peer })) if peer == from => RESET.to_owned(),
                Ok(served) => format!("{served:?}"),
                Err(_) => "a panic".to_owned(),
            };
            println!("\nresult: {result}");
        });
        let mut lines = end.stdout.lines();
        let result = lines.find_map(|line| line.strip_prefix("result: "));
        lab.same("of serve_one", result.unwrap_or(end.stderr.trim()), RESET);
    });
}

/// Has the system end the server's side of this connection. `false` where it cannot.
fn aborts(client: &TcpStream) -> bool {
    let addrs = client
        .local_addr()
        .and_then(|from| Ok((from, client.peer_addr()?)));
    let (from, server) = addrs.expect("it is connected");
    let port = format!(":{}", server.port());
    let ended = Command::new("ss")
        .args(["-K", "-tn", "sport", "=", &port])
        .output();
    ended.is_ok_and(|ended| String::from_utf8_lossy(&ended.stdout).contains(&from.to_string()))
}

const RESET: &str = "Served::Reset, with the client's address";

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows what a descriptor is"
)]
fn s3_no_handle_is_left_behind() {
    lab(|lab| {
        let (listener, addr) = listener(lab);
        let listener = Arc::new(listener);
        for end in ["ends its stream", "resets", "says nothing more"] {
            lab.scene(format!("a client that {end}"));
            if end == "says nothing more" {
                SockRef::from(&*listener)
                    .set_read_timeout(Some(Duration::from_millis(5)))
                    .expect("SO_RCVTIMEO");
                lab.note("the listener gets a read time-out of 5 ms, and hands it on to the sockets that accept makes");
                lab.if_stuck("The caller has set this time-out, and it ends the wait: has your code taken it away, or tried again after the error?");
            }
            lab.why("Each handle is a descriptor, and a process has a limited number of them, often 1024. A server that keeps one of every client, or only of those that reset or fall silent, stops after a day. A clone is also a handle, in a variable or in a thread (close(2), getrlimit(2)).");
            let before = State::of(&listener);
            let peer = lab.connect(addr);
            let from = peer.local();
            peer.sends(b"hello");
            let server = serve(lab, &listener);
            peer.expects(b"hello");
            let mut socket = None;
            match end {
                "says nothing more" => peer.sees_fin(),
                "ends its stream" => {
                    socket = connection::socket(addr, from);
                    peer.half_closes();
                }
                _ => {
                    socket = connection::socket(addr, from);
                    peer.resets();
                }
            }
            let _ = server.returns();
            connection::is_closed(lab, socket, "serve_one");
            lab.why("A clone of the listener is a handle, too. One that is left behind for each client uses up the descriptors, and keeps the port taken when the caller drops the listener.");
            before.is_still_that_of(lab, &listener);
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which accepts a connection that is gone already"
)]
fn s3_a_client_that_was_gone_before_accept() {
    lab(|lab| {
        let (listener, addr) = listener(lab);
        let listener = Arc::new(listener);
        let hasty = [b"hello".as_slice(), b""].map(|sent| {
            let peer = lab.connect_as("client", addr);
            let from = peer.local();
            peer.sends(sent);
            peer.half_closes();
            peer.resets();
            (sent, from)
        });
        connection::are_gone(lab, addr, &hasty.map(|(_, from)| from));
        lab.note("all of that before accept");
        for (sent, from) in hasty {
            let served = serve(lab, &listener).returns();
            lab.why("The client sent bytes, ended its stream and then reset the connection, all before accept. Its bytes can still be read; the echo meets a closed connection, which systems call \"connection reset\" or \"broken pipe\". Both are Served::Reset.");
            let told = match served {
                Ok(Served::Reset { peer }) => peer,
                // Without a byte it may have been a clean end as well.
                Ok(Served::Closed { peer, bytes: 0 }) if sent.is_empty() => peer,
                Ok(other) => lab.fails("Served::Reset from your serve_one", format!("{other:?}")),
                Err(error) => {
                    let lab = match error.kind() {
                        ErrorKind::NotConnected => lab.because("The client has reset its connection, and asking the socket for more is an error then (shutdown, peer_addr). It is this client's end, and no error of the server."),
                        _ => lab.clone(),
                    };
                    lab.fails(
                        "an outcome, Ok(…), from your serve_one",
                        format!("Err({error:?})"),
                    )
                }
            };
            lab.same("the client's address", told, from);
        }
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
        let before = State::of(&listener);
        lab.why("How long a client may be silent is the caller's to say, here with the listener's time-out. Leave the accepted socket as accept gives it: set no time-out, and take none away.");
        let server = serve(lab, &listener);
        let served = server.returns();
        lab.why("A time-out is not a broken connection: the client is there, but silent. Served::Reset is for connections that are gone; return every other error unchanged.");
        is_as_it_was(lab, served, ErrorKind::WouldBlock);
        lab.why("The listener belongs to the caller, who will use it again.");
        before.is_still_that_of(lab, &listener);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where an accepted socket has its listener's time-outs"
)]
fn s3_the_write_time_out_is_the_callers() {
    lab(|lab| {
        let (listener, addr) = listener(lab);
        let socket = SockRef::from(&listener);
        socket.set_send_buffer_size(1).expect("SO_SNDBUF");
        socket
            .set_write_timeout(Some(Duration::from_millis(5)))
            .expect("SO_SNDTIMEO");
        lab.note("the listener gets a write time-out of 5 ms, and hands it on to the sockets that accept makes");
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        client.set_recv_buffer_size(1).expect("SO_RCVBUF");
        client.connect(&addr.into()).expect("connect to loopback");
        lab.note("a client sends, and never reads");
        let listener = Arc::new(listener);
        let before = State::of(&listener);
        let server = serve(lab, &listener);
        let sending = lab.meanwhile("the client sends", move || {
            // Until the server's end is gone.
            while (&client).write(&[b'x'; 4096]).is_ok() {}
        });
        lab.if_stuck("Your write waits without a limit, though the listener had one. How long a client may leave no room for its echo is the caller's to say. Leave the accepted socket as accept gives it: set no time-out, and take none away.");
        let served = server.returns();
        lab.why("A time-out is not a broken connection: the client is there, but does not read. Return it unchanged.");
        is_as_it_was(lab, served, ErrorKind::WouldBlock);
        sending.returns();
        lab.why("The listener belongs to the caller, who will use it again.");
        before.is_still_that_of(lab, &listener);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where an accepted socket has its listener's options"
)]
fn s3_a_network_that_is_gone_is_an_error() {
    lab(|lab| {
        lab.why("The kernel gives up on this connection, because the client has made no room for the echo for too long. It says TimedOut. That is not one of the three kinds of a broken connection: return it unchanged.");
        let (listener, addr) = listener(lab);
        let socket = SockRef::from(&listener);
        let at_once = Some(Duration::from_millis(1));
        socket
            .set_tcp_user_timeout(at_once)
            .expect("TCP_USER_TIMEOUT");
        socket.set_send_buffer_size(1).expect("SO_SNDBUF");
        lab.note("the listener's sockets give up when their bytes are not taken");
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        client.set_recv_buffer_size(1).expect("SO_RCVBUF");
        client.connect(&addr.into()).expect("connect to loopback");
        lab.note("a client sends, and never reads");
        let server = serve(lab, &Arc::new(listener));
        let client = Arc::new(client);
        let sends = client.clone();
        let sending = lab.meanwhile("the client sends", move || {
            while (&*sends).write(&[b'x'; 4096]).is_ok() {}
        });
        is_as_it_was(lab, server.returns(), ErrorKind::TimedOut);
        // It would find out by itself, but later.
        let _ = client.shutdown(Shutdown::Both);
        sending.returns();
    });
}

#[test]
fn s3_an_error_of_accept_is_an_error() {
    lab(|lab| {
        lab.why(NO_CLIENT);
        lab.if_stuck(IF_IT_WAITS);
        let (listener, _) = listener(lab);
        listener.set_nonblocking(true).expect("non-blocking mode");
        let error = lab.err("serve_one(a listener that does not block)", || {
            serve_one(&listener)
        });
        is_as_it_was(lab, Err(error), ErrorKind::WouldBlock);

        lab.why("This socket does not listen. accept says so each time that it is asked (EINVAL, accept(2)).");
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket
            .bind(&loopback().into())
            .expect("bind a port of loopback");
        let error = lab.err("serve_one(a socket that does not listen)", || {
            serve_one(&socket.into())
        });
        is_as_it_was(lab, Err(error), ErrorKind::InvalidInput);
    });
}

#[test]
fn s3_waits_asleep() {
    lab(|lab| {
        lab.why("accept waits for a client, and read waits for its bytes. Both are asleep meanwhile. A socket that does not block, asked again and again, gives the same bytes and keeps a processor busy.");
        let (lonely, lonely_addr) = serving(lab);
        let (server, addr) = serving(lab);
        let peer = lab.connect(addr);
        peer.sends(b"hello");
        peer.expects(b"hello");
        let (curious, curious_addr) = serving(lab);
        let silent = lab.connect(curious_addr);
        lab.note("one of the three has no client, one waits for its client's first byte, and one for more");
        lab.sleeps("one client comes, and the other ones send something");
        peer.half_closes();
        closed(lab, ends(lab, server, &peer));
        silent.half_closes();
        closed(lab, ends(lab, curious, &silent));
        let peer = lab.connect(lonely_addr);
        peer.half_closes();
        closed(lab, ends(lab, lonely, &peer));
    });
}

/// Demands the system's own error, of this kind.
fn is_as_it_was(lab: &Lab, served: io::Result<Served>, kind: ErrorKind) {
    match served {
        Err(error) => {
            lab.same("the error's kind", error.kind(), kind);
            lab.because("An error of the system has its number, and with it a text for people. A new error of the same kind has lost both: give back the one that you got.")
                .holds(error.raw_os_error().is_some(), "the system's own error, with its number", format!("{error:?}"));
        }
        Ok(served) => lab.fails(
            format!("Err({kind:?}) from your serve_one"),
            format!("Ok({served:?})"),
        ),
    }
}

/// Why the values of an outcome matter.
const TOLD: &str = "The operator of a server wants to know which client came, and how many bytes were copied. Only this is left of the conversation.";

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
