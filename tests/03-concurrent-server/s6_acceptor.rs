//! Step 6: a listening socket that can be closed while a thread waits at it.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use concurrent_server::{Acceptor, Client, ClosableAcceptor};
use netlab::{Lab, Program, Running, lab};
use socket2::{Domain, Socket, Type};

use super::scene::{echo_five, listener};

#[test]
fn s6_the_door_lets_clients_in() {
    lab(|lab| {
        lab.why("It gives what a bare listener gives: the connection is the client's, and the address is the client's, too.");
        let (acceptor, addr) = acceptor(lab);
        lab.same(
            "the acceptor's address",
            lab.you("addr()", || acceptor.addr()),
            addr,
        );
        for name in ["client A", "client B"] {
            let peer = lab.connect_as(name, addr);
            let Some(client) = lab.ok("accept()", || acceptor.accept()) else {
                lab.fails("a client", "None, from an acceptor that is open");
            };
            lab.same("the client's address", client.peer(), peer.local());
            peer.sends(b"hello");
            echo_five(&client).expect("an open connection");
            drop(client);
            peer.expects(b"hello");
            peer.expects_eof();
        }
    });
}

#[test]
fn s6_close_wakes_a_blocked_accept() {
    lab(|lab| {
        lab.why("The server is told to stop, and accept still sleeps. No client will ever come, so something else must wake it: shut the listening socket down (Linux), or be a client yourself.");
        let (acceptor, _) = acceptor(lab);
        let waiting = accepting(lab, &acceptor);
        waiting.sleeps("a client comes, or the acceptor is closed");
        lab.you("close()", || acceptor.close());
        gives_none(lab, waiting.returns_ok());
    });
}

#[test]
fn s6_close_wakes_accept_at_any_address() {
    lab(|lab| {
        lab.why("An acceptor may listen at every address of the machine (0.0.0.0), or at an IPv6 address. A client that is to wake accept needs an address it can connect to, and a socket of the same family.");
        let every = (Ipv4Addr::UNSPECIFIED, 0).into();
        let ipv6 = (Ipv6Addr::LOCALHOST, 0).into();
        let every_ipv6 = (Ipv6Addr::UNSPECIFIED, 0).into();
        for addr in [every, ipv6, every_ipv6] {
            let addr: SocketAddr = addr;
            let Ok(listener) = TcpListener::bind(addr) else {
                lab.note(format!("this machine cannot listen at {addr}"));
                continue;
            };
            let acceptor = lab.ok(
                &format!("ClosableAcceptor::new(a listener at {addr})"),
                || ClosableAcceptor::new(listener),
            );
            let acceptor = Arc::new(acceptor);
            let told = lab.you("addr()", || acceptor.addr());
            lab.because("addr() is what the listener is bound to, as the system tells it, also where that is every address (0.0.0.0). Where close() connects to is another matter.")
                .same("the acceptor's IP address", told.ip(), addr.ip());
            let waiting = accepting(lab, &acceptor);
            waiting.settles();
            let closing = closing(lab, &acceptor);
            closing.returns();
            gives_none(lab, waiting.returns_ok());
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which drops a SYN when the accept queue is full"
)]
fn s6_close_does_not_wait_for_a_full_queue() {
    lab(|lab| {
        lab.why("The kernel's queue may be full when the acceptor is closed, and the server does not accept. A SYN to a full queue gets no answer, so a client that blocks in connect waits for a minute or two. close must not wait: make the socket that wakes accept non-blocking.");
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).expect("bind a port of loopback");
        socket.listen(1).expect("listen");
        let acceptor = lab.ok(
            "ClosableAcceptor::new(a listener with a backlog of 1)",
            || ClosableAcceptor::new(socket.into()),
        );
        let acceptor = Arc::new(acceptor);
        // Linux admits one more than it is told.
        let waiting = ["client A", "client B"].map(|name| lab.connect_as(name, acceptor.addr()));
        lab.note("the queue is full, and no thread accepts");
        closing(lab, &acceptor).returns();
        gives_none(lab, lab.ok("accept()", || acceptor.accept()));
        lab.why("Both had connected, but will not be accepted any more. When the listening socket is closed, the kernel ends their connections.");
        for client in waiting {
            client.sees_fin();
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose namespaces give a program a network of its own"
)]
fn s6_close_wakes_accept_when_nobody_can_connect() {
    lab(|lab| {
        // Even the loopback interface is down in it.
        let alone = lab.own_network(":");
        let (acceptor, _) = acceptor(lab);
        lab.you("close()", || acceptor.close());
        let mut there = lab.beside(&alone, || {
            let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
            let listener = TcpListener::bind(any).expect("bind a port");
            let acceptor = Arc::new(ClosableAcceptor::new(listener).expect("an acceptor"));
            let accepting = aside(&acceptor);
            println!("\nopen");
            heard();
            acceptor.close();
            println!("accept(): {}", end_of(accepting).0);
        });
        there.expects_line("that the acceptor is open", |line| line == "open");
        there.settles();
        there.types("close()\n");
        accept_gives(
            lab,
            &mut there,
            "None",
            "The network interface is down when the acceptor is closed, so no client can wake accept, not even the acceptor's own. On Linux there is another way: shut the listening socket down.",
        );
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a shell limits a program's descriptors"
)]
fn s6_without_a_descriptor_it_pauses() {
    lab(|lab| {
        let (acceptor, _) = acceptor(lab);
        lab.you("close()", || acceptor.close());
        let mut there = lab.beside("ulimit -n 64", || {
            let (listener, addr) = listener();
            let acceptor = Arc::new(ClosableAcceptor::new(listener).expect("an acceptor"));
            let _clients = [(); 2].map(|()| TcpStream::connect(addr).expect("connect"));
            let mut taken = Vec::new();
            while let Ok(file) = File::open("/dev/null") {
                taken.push(file);
            }
            let accepting = aside(&acceptor);
            println!("\nnone left");
            heard();
            taken.pop();
            let (end, _client) = end_of(accepting);
            println!("accept(): {end}");
            let accepting = aside(&acceptor);
            heard();
            acceptor.close();
            println!("accept(): {}", end_of(accepting).0);
        });
        lab.why("The process has no descriptor left, and clients wait. accept fails with EMFILE, which is a shortage: ClosableAcceptor::accept pauses and tries again, as in step 5.");
        there.expects_line("that no descriptor is left", |line| line == "none left");
        there.pauses("a descriptor is free");
        there.types("a descriptor is free\n");
        accept_gives(
            lab,
            &mut there,
            "a client",
            "One descriptor is free now, and the client needs one. A pause is short (PAUSE), and to let a client in takes no other descriptor than his: one that ClosableAcceptor::accept takes for itself is missing here.",
        );
        there.settles();
        there.types("close()\n");
        accept_gives(
            lab,
            &mut there,
            "None",
            "No descriptor is left again, and the acceptor is closed while accept pauses. Then accept(2) says EMFILE, and not that the socket is shut down: the loop has to look at the acceptor on each turn.",
        );
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a shell limits a program's descriptors"
)]
fn s6_close_needs_no_descriptor() {
    lab(|lab| {
        let (acceptor, _) = acceptor(lab);
        lab.you("close()", || acceptor.close());
        let mut there = lab.beside("ulimit -n 64", || {
            let (listener, _) = listener();
            let acceptor = Arc::new(ClosableAcceptor::new(listener).expect("an acceptor"));
            let mut taken = Vec::new();
            while let Ok(file) = File::open("/dev/null") {
                taken.push(file);
            }
            taken.pop();
            let accepting = aside(&acceptor);
            println!("\none left");
            heard();
            acceptor.close();
            println!("accept(): {}", end_of(accepting).0);
        });
        there.expects_line("that one descriptor is left", |line| line == "one left");
        there.settles();
        there.types("close()\n");
        accept_gives(
            lab,
            &mut there,
            "None",
            "accept sleeps, and holds the last descriptor of the process for the next client. A socket that close() makes to wake it is one too many. Make that socket with the acceptor.",
        );
    });
}

/// Waits for what accept gave in a process beside this one.
fn accept_gives(lab: &Lab, there: &mut Program, want: &str, why: &str) {
    lab.why(why);
    let line = there.expects_line("what accept() gave", |line| line.starts_with("accept(): "));
    let want = format!("accept(): {want}");
    lab.because(why).holds(line == want, &want, &line);
}

/// Waits for a line on standard input.
fn heard() {
    let _ = io::stdin().read_line(&mut String::new());
}

type Accepting = thread::JoinHandle<io::Result<Option<Client>>>;

/// `accept`, without the laboratory.
fn aside(acceptor: &Arc<ClosableAcceptor>) -> Accepting {
    let acceptor = Arc::clone(acceptor);
    thread::spawn(move || acceptor.accept())
}

/// What came of it, in words; and the client, who stays until it is dropped.
fn end_of(accepting: Accepting) -> (String, Option<Client>) {
    match accepting.join() {
        Ok(Ok(Some(client))) => ("a client".to_owned(), Some(client)),
        Ok(Ok(None)) => ("None".to_owned(), None),
        Ok(Err(error)) => (format!("Err({error:?})"), None),
        Err(_) => ("a panic".to_owned(), None),
    }
}

#[test]
fn s6_an_error_that_is_the_end_is_told() {
    lab(|lab| {
        lab.why("This socket does not listen, so accept fails with EINVAL: step 5 calls that the end. But the acceptor is open. None would mean that it was closed, and the server would stop without an error.");
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).expect("bind a port of loopback");
        let acceptor = lab.ok(
            "ClosableAcceptor::new(a socket that does not listen)",
            || ClosableAcceptor::new(socket.into()),
        );
        let end = match lab.you("accept()", || acceptor.accept()) {
            Ok(Some(_)) => "a client".to_owned(),
            Ok(None) => "None".to_owned(),
            Err(error) => format!("{:?}", error.kind()),
        };
        lab.same("what accept() gives", end, "InvalidInput".to_owned());
    });
}

#[test]
fn s6_a_closed_door_stays_closed() {
    lab(|lab| {
        lab.why("No thread was in accept when the acceptor was closed. A later call must not wait for ever, however often it is made.");
        let (acceptor, addr) = acceptor(lab);
        lab.you("close()", || acceptor.close());
        for _ in 0..3 {
            gives_none(lab, lab.ok("accept()", || acceptor.accept()));
        }
        let told = lab.you("addr()", || acceptor.addr());
        lab.because("The listener is gone, and its address is still what it was: the owner of the acceptor may want to tell it.")
            .same("the address of the closed acceptor", told, addr);
        lab.you("close(), again", || acceptor.close());
        gives_none(lab, lab.ok("accept()", || acceptor.accept()));
    });
}

#[test]
fn s6_who_comes_too_late_is_not_served() {
    lab(|lab| {
        lab.why("This client had connected, but was not accepted. Now the server stops: the client gets no conversation, and must not wait for one either.");
        let (acceptor, addr) = acceptor(lab);
        let late = lab.connect_as("client A", addr);
        lab.you("close()", || acceptor.close());
        gives_none(lab, lab.ok("accept()", || acceptor.accept()));
        lab.why("This client had connected, but will not be accepted any more. It must not wait for an answer: when the listening socket is closed, the kernel ends its connection.");
        late.sees_fin();
    });
}

#[test]
fn s6_the_port_refuses_then() {
    lab(|lab| {
        lab.why("The server is told to stop, and accept still sleeps.");
        let (acceptor, addr) = acceptor(lab);
        let waiting = accepting(lab, &acceptor);
        waiting.settles();
        lab.you("close()", || acceptor.close());
        gives_none(lab, waiting.returns_ok());
        lab.why(OPEN_FOR_NOBODY);
        let refused = TcpStream::connect(addr).is_err();
        lab.holds(
            refused,
            format!("connections to {addr} to be refused, while the acceptor still exists"),
            "a connection",
        );
        drop(acceptor);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows a process its descriptors"
)]
fn s6_the_listening_socket_is_closed_then() {
    lab(|lab| {
        lab.why("An acceptor may be kept long after it was closed. The listening socket must not be: a socket that is shut down refuses clients, but its descriptor belongs to the process until the last handle is dropped.");
        let (listener, addr) = listener();
        let socket = listening_socket(addr);
        let acceptor = lab.ok("ClosableAcceptor::new(listener)", || {
            ClosableAcceptor::new(listener)
        });
        let acceptor = Arc::new(acceptor);
        let waiting = accepting(lab, &acceptor);
        waiting.settles();
        lab.you("close()", || acceptor.close());
        gives_none(lab, waiting.returns_ok());
        lab.why("No thread is in accept any more, and the acceptor is closed: it does not need the listening socket. One that is only shut down keeps its descriptor.");
        let fds = std::fs::read_dir("/proc/self/fd").expect("the descriptors of this process");
        let mut open = fds.flatten().filter_map(|fd| fd.path().read_link().ok());
        let kept = open.any(|file| file.as_os_str() == socket.as_str());
        lab.holds(
            !kept,
            "the listening socket to be closed, while the acceptor still exists",
            "a descriptor of it is open",
        );
        drop(acceptor);
    });
}

/// What Linux calls the socket that listens at this port of 127.0.0.1 (proc_net(5), proc_pid_fd(5)).
fn listening_socket(addr: SocketAddr) -> String {
    let row = format!("0100007F:{:04X} 00000000:0000 0A", addr.port());
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("the sockets of this machine");
    let socket = sockets.lines().find(|line| line.contains(&row));
    let inode = socket.and_then(|line| line.split_whitespace().nth(9));
    format!(
        "socket:[{}]",
        inode.expect("a row for a socket that listens")
    )
}

fn acceptor(lab: &Lab) -> (Arc<ClosableAcceptor>, SocketAddr) {
    let (listener, addr) = listener();
    let acceptor = lab.ok("ClosableAcceptor::new(listener)", || {
        ClosableAcceptor::new(listener)
    });
    (Arc::new(acceptor), addr)
}

fn accepting(lab: &Lab, acceptor: &Arc<ClosableAcceptor>) -> Running<io::Result<Option<Client>>> {
    let acceptor = Arc::clone(acceptor);
    lab.student("accept()", move || acceptor.accept())
}

fn closing(lab: &Lab, acceptor: &Arc<ClosableAcceptor>) -> Running<()> {
    let acceptor = Arc::clone(acceptor);
    lab.student("close()", move || acceptor.close())
}

const OPEN_FOR_NOBODY: &str = "As long as the listening socket is open, the kernel goes on making connections for it, and clients wait for a server that has stopped. Let go of it, and they are refused: then they can look elsewhere.";

/// Demands the answer of a closed acceptor.
fn gives_none(lab: &Lab, client: Option<Client>) {
    lab.why("A closed acceptor accepts no client. The connection that wakes accept is the acceptor's own, or a client that comes too late: check the acceptor again when accept has returned.");
    lab.holds(
        client.is_none(),
        "accept() to return None: the acceptor is closed",
        "a client: perhaps the one that close() sent to wake accept",
    );
}
