//! Pictures of the book that no exercise draws: a server that is wrong on purpose, and two requests
//! whose times matter. They run with the reference answer only, and only to draw:
//! `NETLAB_PICTURES=$PWD/book/src/pictures cargo test -p sol02 pictures`

use std::io::{Read, Write};
use std::net::TcpListener;

use netlab::{Lab, lab};

#[test]
fn pictures_of_a_reset() {
    if !drawing() {
        return;
    }
    lab(|lab| {
        lab.picture("02-reset");
        let listener = TcpListener::bind(crate::exercise::loopback()).expect("bind");
        let addr = listener.local_addr().expect("an address");
        let server = lab.student("obvious server", move || {
            let (mut client, _) = listener.accept().expect("accept");
            let mut buffer = [0; 1024];
            client.read_exact(&mut buffer).expect("read");
            client.write_all(&buffer).expect("write");
        });
        let peer = lab.connect(addr);
        peer.sends_labelled("5000 bytes", &[b'x'; 5000]);
        server.returns();
        lab.note("it has read 1024 bytes; 3976 lie unread in the socket that it closes");
        peer.expects_exactly(1024);
        peer.expects_reset();
    });
}

#[test]
fn pictures_of_one_write_and_of_two() {
    if !drawing() {
        return;
    }
    lab(|lab| {
        lab.picture("02-one-write");
        request(lab, &[("length and payload, 8 bytes", b"\0\0\0\x04ping")]);
    });
    lab(|lab| {
        lab.picture("02-two-writes");
        request(
            lab,
            &[
                ("the length, 4 bytes", b"\0\0\0\x04"),
                ("the payload, 4 bytes", b"ping"),
            ],
        );
    });
}

/// One request of eight bytes and its reply, on a connection that has been in use.
fn request(lab: &Lab, pieces: &[(&str, &[u8])]) {
    let listener = TcpListener::bind(crate::exercise::loopback()).expect("bind");
    let client = lab.connect_as("client", listener.local_addr().expect("an address"));
    let (mut server, _) = listener.accept().expect("accept");
    // As a socket is by default: Nagle's algorithm is at work.
    client.stream().set_nodelay(false).expect("TCP_NODELAY");

    // Linux acknowledges the first segments of a connection at once. Later ones may wait.
    for _ in 0..4 {
        client.stream().write_all(b"warm up!").expect("write");
        let mut buffer = [0; 8];
        server.read_exact(&mut buffer).expect("read");
        server.write_all(&buffer).expect("write");
        client.stream().read_exact(&mut buffer).expect("read");
    }

    let narrator = lab.clone();
    let serving = lab.meanwhile("the server", move || {
        let mut buffer = [0; 8];
        let mut have = 0;
        while have < 8 {
            have += server.read(&mut buffer[have..]).expect("read");
            narrator.note(format!("the server has {have} bytes"));
        }
        server.write_all(b"\0\0\0\x04pong").expect("write");
        server
    });
    for (label, bytes) in pieces {
        client.sends_labelled(label, bytes);
    }
    client.expects(b"\0\0\0\x04pong");
    serving.returns();
}

fn drawing() -> bool {
    std::env::var_os("NETLAB_PICTURES").is_some()
}
