//! Chapter 15's connection and the crate h2 at its two ends: forty uploads at a time, which come back.

#![cfg(unix)] // the connection is a pair of Unix sockets

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use http2_solution::{Config, Event, Field, H2};
use hyper::body::Bytes;
use hyper::{Request, Response};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const UPLOADS: usize = 40;

/// Lengths around those of frames and windows, and some that are longer than all windows.
fn length(upload: usize) -> usize {
    [0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 300_000][upload % 8]
}

fn content(upload: usize) -> Vec<u8> {
    (0..length(upload))
        .map(|at| (at * 7 + upload) as u8)
        .collect()
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let builder = builder.worker_threads(1).enable_all();
    builder.build().expect("a runtime")
}

/// A socket for us, and the other one for tokio.
fn sockets() -> (UnixStream, UnixStream) {
    let (here, there) = UnixStream::pair().expect("two sockets");
    there.set_nonblocking(true).expect("a socket of tokio's");
    let patience = Some(Duration::from_secs(20));
    here.set_read_timeout(patience).expect("a time-out");
    here.set_write_timeout(patience).expect("a time-out");
    (here, there)
}

/// Sends what is to be sent, and gives the events of what comes. None: the other side has ended.
fn turns(h2: &mut H2, stream: &mut UnixStream) -> Option<Vec<Event>> {
    loop {
        let bytes = h2.pending();
        if bytes.is_empty() {
            break;
        }
        stream.write_all(&bytes).expect("the other side reads");
    }
    let mut piece = [0; 65_536];
    let length = stream
        .read(&mut piece)
        .expect("the other side says something");
    (length > 0).then(|| h2.receive(&piece[..length]))
}

#[test]
fn h2_asks_us() {
    let (mut here, there) = sockets();
    let server = thread::spawn(move || {
        let mut h2 = H2::server(Config::default());
        let mut uploads: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        while let Some(events) = turns(&mut h2, &mut here) {
            for event in events {
                let (stream, ends) = match event {
                    Event::Head { stream, ends, .. } => (stream, ends),
                    Event::Data {
                        stream,
                        bytes,
                        ends,
                    } => {
                        h2.consumed(stream, bytes.len());
                        uploads.entry(stream).or_default().extend(bytes);
                        (stream, ends)
                    }
                    Event::Settings | Event::SettingsAcked | Event::GoAway { .. } => continue,
                    other => panic!("{other:?}"),
                };
                if ends {
                    let fields = [Field::new(":status", "200")];
                    h2.respond(stream, &fields, false).expect("a request");
                    let upload = uploads.remove(&stream).unwrap_or_default();
                    h2.send(stream, &upload, true).expect("an answer");
                }
            }
        }
        h2.open_streams()
    });
    runtime().block_on(async {
        let there = tokio::net::UnixStream::from_std(there).expect("a socket of tokio's");
        let hands = h2::client::handshake(there).await;
        let (client, connection) = hands.expect("a connection");
        let connection = tokio::spawn(connection);
        let mut uploads = JoinSet::new();
        for upload in 0..UPLOADS {
            let client = client.clone();
            uploads.spawn(async move {
                let mut client = client.ready().await.expect("room");
                let request = Request::post("http://a/").body(()).expect("a request");
                let (response, mut body) = client.send_request(request, false).expect("a stream");
                body.send_data(Bytes::from(content(upload)), true)
                    .expect("a stream");
                let mut content = response.await.expect("a response").into_body();
                let mut got: Vec<u8> = Vec::new();
                while let Some(data) = content.data().await {
                    let data = data.expect("content");
                    got.extend(&data);
                    let released = content.flow_control().release_capacity(data.len());
                    released.expect("it came");
                }
                (upload, got)
            });
        }
        while let Some(done) = uploads.join_next().await {
            let (upload, got) = done.expect("a task that ends");
            assert!(got == content(upload), "{upload}: {} bytes", got.len());
        }
        drop(client);
        connection
            .await
            .expect("a task that ends")
            .expect("a good end");
    });
    assert_eq!(
        server.join().expect("a server that ends"),
        0,
        "streams that are left"
    );
}

#[test]
fn we_ask_h2() {
    let (mut here, there) = sockets();
    let runtime = runtime();
    runtime.spawn(async move {
        let there = tokio::net::UnixStream::from_std(there).expect("a socket of tokio's");
        let mut connection = h2::server::handshake(there).await.expect("a connection");
        while let Some(request) = connection.accept().await {
            let (request, mut respond) = request.expect("a request");
            tokio::spawn(async move {
                let mut content = request.into_body();
                let response = Response::new(());
                let mut answer = respond.send_response(response, false).expect("a stream");
                while let Some(data) = content.data().await {
                    let data = data.expect("content");
                    let released = content.flow_control().release_capacity(data.len());
                    released.expect("it came");
                    answer.send_data(data, false).expect("a stream");
                }
                answer.send_data(Bytes::new(), true).expect("a stream");
            });
        }
    });
    let mut h2 = H2::client(Config::default());
    let fields = [
        Field::new(":method", "POST"),
        Field::new(":scheme", "http"),
        Field::new(":authority", "a"),
        Field::new(":path", "/"),
    ];
    let mut uploads: BTreeMap<u32, (usize, Vec<u8>)> = BTreeMap::new();
    for upload in 0..UPLOADS {
        let stream = h2
            .request(&fields, false)
            .expect("h2 takes as many as we like");
        h2.send(stream, &content(upload), true).expect("a stream");
        uploads.insert(stream, (upload, Vec::new()));
    }
    while !uploads.is_empty() {
        for event in turns(&mut h2, &mut here).expect("h2 stays") {
            match event {
                Event::Data {
                    stream,
                    bytes,
                    ends,
                } => {
                    h2.consumed(stream, bytes.len());
                    let (upload, got) = uploads.get_mut(&stream).expect("not at its end");
                    got.extend(bytes);
                    if ends {
                        assert!(*got == content(*upload), "{upload}: {} bytes", got.len());
                        uploads.remove(&stream);
                    }
                }
                Event::Head { .. } | Event::Settings | Event::SettingsAcked => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(h2.open_streams(), 0);
}
