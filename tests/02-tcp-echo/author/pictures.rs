//! Pictures of the book that no exercise draws: a server that is wrong on purpose, and two requests
//! whose times matter. They run with the reference answer only, and only to draw:
//! `NETLAB_PICTURES=$PWD/book/src/pictures cargo test -p sol02 pictures`

use std::io::{Read, Write};
use std::net::TcpListener;

use netlab::{Lab, lab};
use socket2::SockRef;

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
            // The whole reply fits, so that write returns and the server can close.
            SockRef::from(&client)
                .set_send_buffer_size(1 << 20)
                .expect("SO_SNDBUF");
            client.read_exact(&mut [0; 1024]).expect("read");
            client.write_all(&[b'y'; REPLY]).expect("write");
        });
        let client = lab.connect_as("client", addr);
        client.sends_labelled("request, 5000 bytes", &[b'x'; 5000]);
        server.returns();
        lab.note(format!(
            "it has read 1024 bytes, written {REPLY}, and closed"
        ));
        let mut reply = Vec::new();
        let error = client
            .stream()
            .read_to_end(&mut reply)
            .expect_err("a reset");
        let got = reply.len();
        lab.note(format!(
            "the client reads {got} of {REPLY} bytes, then: {}",
            error.kind()
        ));
    });
}

/// Bytes, more than the client's side takes before it reads.
const REPLY: usize = 300_000;

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
