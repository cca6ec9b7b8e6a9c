//! Pictures of the book: one connection, from its first request to its idle end, and a refusal. They are drawn of the
//! reference answer only, and only when asked:
//! `NETLAB_PICTURES=$PWD/book/src/pictures cargo test -p sol13 pictures`

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use concurrent_server::SystemClock;
use http1::{Limits, Request, Response, serve_connection};
use netlab::{Lab, Running, TcpPeer, lab};

const LIMITS: Limits = Limits {
    idle: Duration::from_millis(400),
    request: Duration::from_secs(5),
    reply: Duration::from_secs(5),
    linger: Duration::from_secs(1),
    max_body: 1 << 20,
};

#[test]
fn pictures_of_one_connection() {
    if !drawing() {
        return;
    }
    lab(|lab| {
        lab.picture("13-one-connection");
        let (client, server) = served(lab);
        client.sends_labelled("GET /a HTTP/1.1, Ho", b"GET /a HTTP/1.1\r\nHo");
        client.sends_labelled("st: x, and the empty line", b"st: x\r\n\r\n");
        client.expects(ok("/a").as_bytes());
        client.sends_labelled(
            "GET /b and GET /c",
            b"GET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\n\r\n",
        );
        client.expects((ok("/b") + &ok("/c")).as_bytes());
        lab.note("400 ms without a request: the server's idle limit");
        client.expects_eof();
        server.returns().expect("a connection in good order");
    });
}

#[test]
fn pictures_of_a_refusal() {
    if !drawing() {
        return;
    }
    lab(|lab| {
        lab.picture("13-two-lengths");
        let (client, server) = served(lab);
        client.sends_labelled(
            "POST, Content-Length: 29, chunked",
            b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Length: 29\r\nTransfer-Encoding: chunked\r\n\r\n\
              0\r\n\r\nGET /admin HTTP/1.1\r\nX: ",
        );
        let why = "two lengths, two opinions\n";
        let head = format!(
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{why}",
            why.len()
        );
        client.expects(head.as_bytes());
        client.expects_eof();
        client.half_closes();
        server.returns().expect("a connection in good order");
    });
}

fn served(lab: &Lab) -> (TcpPeer, Running<io::Result<u32>>) {
    lab.reads(words);
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("bind");
    let addr = listener.local_addr().expect("an address");
    let client = lab.connect_as("client", addr);
    let (stream, _) = listener.accept().expect("accept");
    let server = lab.student("serve_connection", move || {
        let app = |request: &Request| Response::new(200, request.head.target.clone());
        serve_connection(&stream, &app, &LIMITS, &SystemClock::new())
    });
    (client, server)
}

/// The first line of an answer, and how many follow it at once.
fn words(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let answers = text.matches("HTTP/1.1").count();
    let first = text.strip_prefix("HTTP/1.1 ")?.lines().next()?;
    Some(match answers {
        1 => first.to_owned(),
        n => format!("{first}, {n} times"),
    })
}

fn ok(body: &str) -> String {
    let len = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n{body}")
}

fn drawing() -> bool {
    std::env::var_os("NETLAB_PICTURES").is_some()
}
