//! Step 5: HTTPS.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use concurrent_server::SystemClock;
use connection_pool::{Config, Limits as Ages, Manager, Pool};
use http1::{Client, Limits, Request, Response};
use netlab::{Lab, lab};
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use rustls::{AlertDescription, ClientConfig, ClientConnection, ServerConfig};
use tls::{Refusal, Site, Tcp, TlsManager, TlsStream, accept, serve_https};

use super::certificates::{paper, root, stranger};
use super::configs::{self, NAME, client_with, name, server_of, server_with};
use super::hellos::{CURL, Parts, from_hex, message, names, record};
use super::website::{Deed, PAGE, website};
use super::wire::{Act, Wire, hello_of_a_client, to_client, to_client_of, to_nobody};

const LIMITS: Limits = Limits {
    idle: Duration::from_secs(20),
    request: Duration::from_secs(9),
    reply: Duration::from_secs(30),
    linger: Duration::from_secs(4),
    max_body: 1000,
};

fn site(names: &[&str]) -> Site {
    Site {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        config: server_with(root().issues(paper(names)), &[&TLS13], &[b"http/1.1"]),
    }
}

/// One site, which is `www.example.org`.
fn sites() -> Vec<Site> {
    vec![site(&[NAME])]
}

fn accepts(lab: &Lab, wire: &Wire, sites: &[Site]) -> io::Result<TlsStream<Wire>> {
    let (transport, clock) = (wire.clone(), wire.clock());
    lab.you(
        &format!("accept(transport, {} sites, limits, clock)", sites.len()),
        || accept(transport, sites, &LIMITS, clock),
    )
}

fn accepted(lab: &Lab, wire: &Wire, sites: &[Site]) -> TlsStream<Wire> {
    accepts(lab, wire, sites).unwrap_or_else(|error| {
        lab.fails(
            "a client that is accepted",
            format!("{error:?}; the client says {:?}", wire.peer_error()),
        )
    })
}

/// Demands an error of this kind.
fn refused(lab: &Lab, wire: &Wire, sites: &[Site], kind: ErrorKind) -> io::Error {
    match accepts(lab, wire, sites) {
        Ok(_) => lab.fails(format!("the error {kind:?}"), "a client that is accepted"),
        Err(error) => {
            lab.holds(
                error.kind() == kind,
                format!("the error {kind:?}"),
                format!("{error:?}"),
            );
            error
        }
    }
}

fn is_over_time(lab: &Lab, error: &io::Error) {
    let kind = error.kind();
    lab.holds(
        matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock),
        "TimedOut or WouldBlock",
        format!("{error:?}"),
    );
}

fn sends(bytes: &[u8]) -> Act {
    Act::Sends(bytes.to_vec())
}

#[test]
fn s5_takes_a_client_in() {
    lab(|lab| {
        lab.why("The hello is read by you, and belongs to rustls then: whoever looks into a stream has taken the bytes out of it, and must hand them on.");
        for offered in [&[&b"http/1.1"[..]][..], &[b"h2", b"http/1.1"], &[]] {
            lab.scene(format!("a client that offers {} protocols", offered.len()));
            let config = client_with(root().trusted(), &[&TLS13], offered);
            let wire = to_client(
                lab,
                config,
                [Act::Says(b"hello".to_vec()), Act::Hears(2), Act::Ends],
            );
            let mut stream = accepted(lab, &wire, &sites());
            lab.same(
                "the handshake is over on both sides",
                (
                    stream.connection().is_handshaking(),
                    wire.has_shaken_hands(),
                ),
                (false, true),
            );
            let mut buf = [0; 9];
            let n = lab.ok("read(buf of 9 bytes)", || stream.read(&mut buf));
            lab.same_bytes("what the client says", &buf[..n], b"hello");
            lab.ok("write(2 bytes) and flush()", || {
                stream.write_all(b"ok").and_then(|()| stream.flush())
            });
            lab.same_bytes("what the client hears", &wire.heard(), b"ok");
        }
    });
}

#[test]
fn s5_takes_a_client_in_piece_by_piece() {
    lab(|lab| {
        lab.why("The hello comes in any pieces of TCP and in any records. A server that needs all of it in one read works on a good day, and on a bad one turns every client with a long hello away.");
        for fragment in [None, Some(64), Some(200)] {
            for piece in [1, 5, 100, usize::MAX] {
                lab.scene(format!(
                    "records of {fragment:?} bytes, and reads of {piece} at most"
                ));
                let mut config = ClientConfig::clone(&configs::client());
                config.max_fragment_size = fragment;
                let wire =
                    to_client(lab, Arc::new(config), [Act::Says(b"hello".to_vec())]).pieces(piece);
                if piece == 5 {
                    wire.clone().interrupting();
                }
                let mut stream = accepted(lab, &wire, &sites());
                let mut buf = [0; 9];
                let n = lab.ok("read(buf of 9 bytes)", || stream.read(&mut buf));
                lab.same_bytes("what the client says", &buf[..n], b"hello");
            }
        }
        lab.scene("a client that offers a thousand protocols");
        let names: Vec<Vec<u8>> = (0..1000)
            .map(|nth| format!("proto-{nth}").into_bytes())
            .collect();
        let offered: Vec<&[u8]> = names
            .iter()
            .map(|name| &name[..])
            .chain([&b"http/1.1"[..]])
            .collect();
        let config = client_with(root().trusted(), &[&TLS13], &offered);
        let wire = to_client(lab, config, [Act::Says(b"hello".to_vec())]);
        let mut stream = accepted(lab, &wire, &sites());
        let mut buf = [0; 9];
        let n = lab.ok("read(buf of 9 bytes)", || stream.read(&mut buf));
        lab.same_bytes("what the client says", &buf[..n], b"hello");
    });
}

#[test]
fn s5_the_name_chooses_the_site() {
    lab(|lab| {
        lab.why("Two hosts share a port. Each client checks the certificate against the name that it asked for, so the wrong one is no answer at all.");
        let all = [
            site(&["a.example"]),
            site(&["*.b.example"]),
            site(&["www.b.example"]),
        ];
        for host in ["a.example", "x.b.example", "www.b.example", "A.Example"] {
            lab.scene(format!("a client asks for {host}"));
            let wire = to_client_of(lab, configs::client(), host, [Act::Silence]);
            // A handshake is the proof: no other site's certificate has this name.
            drop(accepted(lab, &wire, &all));
            lab.same(
                "the client's handshake is over",
                wire.has_shaken_hands(),
                true,
            );
        }
        lab.scene("a client asks for 127.0.0.1, and so says no name");
        let all = [site(&["127.0.0.1"]), site(&["a.example"])];
        let wire = to_client_of(lab, configs::client(), "127.0.0.1", [Act::Silence]);
        drop(accepted(lab, &wire, &all));
    });
}

/// The bytes of an alert in the clear.
fn alert(alert: AlertDescription) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, alert.into()]
}

/// Demands that a refusal was told: these bytes, then the end, and then all of the client's bytes were read.
fn told(lab: &Lab, wire: &Wire, bytes: &[u8]) {
    let (written, ended, unflushed) = {
        let state = wire.state();
        (state.written.clone(), state.ended, state.unflushed.len())
    };
    lab.same_bytes("what the client gets", &written, bytes);
    lab.same("bytes that are not flushed", unflushed, 0);
    lab.because("Behind the last word the writing ends, and what still comes is read away. Who closes with unread bytes sends a reset, and the alert is lost on the way (RFC 9112 §9.6 says it of HTTP; the kernel does it to all).")
        .same("ends of the transport", ended, 1);
}

#[test]
fn s5_a_refusal_is_an_alert() {
    lab(|lab| {
        lab.why("Type 21, version 3.3, two bytes: 2 is fatal, and the alert (RFC 8446 §5.1, §6). It is in the clear, since nothing is agreed.");
        let hello = Parts::default();
        let server_hello = record(22, &message(2, &hello.body()));
        let broken = Parts {
            suites: vec![],
            ..hello.clone()
        }
        .record();
        let twice = Parts::with([names(&[(0, b"a")]), names(&[(0, b"b")])]).record();
        let other = Parts::with([names(&[(0, b"nobody.example")])]).record();
        for (what, bytes, want) in [
            ("zeros", vec![0; 50], AlertDescription::UnexpectedMessage),
            (
                "a record of TLS's alerts",
                record(21, &[1, 0]),
                AlertDescription::UnexpectedMessage,
            ),
            (
                "a ServerHello",
                server_hello,
                AlertDescription::UnexpectedMessage,
            ),
            (
                "a record that is too long",
                vec![22, 3, 1, 0x50, 0],
                AlertDescription::RecordOverflow,
            ),
            (
                "a hello without ciphers",
                broken,
                AlertDescription::DecodeError,
            ),
            (
                "a hello with two names",
                twice,
                AlertDescription::IllegalParameter,
            ),
            (
                "a hello for somebody else",
                other,
                AlertDescription::UnrecognisedName,
            ),
        ] {
            for piece in [usize::MAX, 1] {
                lab.scene(format!("a client sends {what}"));
                let wire = to_nobody(lab, [sends(&bytes), Act::HangsUp]).pieces(piece);
                let error = refused(lab, &wire, &sites(), ErrorKind::InvalidData);
                told(lab, &wire, &alert(want));
                match error
                    .get_ref()
                    .and_then(|inner| inner.downcast_ref::<Refusal>())
                {
                    Some(refusal) => lab.same(
                        "the alert in the error",
                        u8::from(refusal.alert),
                        u8::from(want),
                    ),
                    None => lab.fails("a Refusal inside of the error", format!("{error:?}")),
                }
                lab.same(
                    "bytes that nobody has read",
                    bytes.len() - wire.state().given,
                    0,
                );
            }
        }
    });
}

#[test]
fn s5_plain_http_gets_an_answer() {
    lab(|lab| {
        lab.why("Somebody has typed http:// and the port of https. An alert would be garbage on the screen: a browser understands a response, and a person the word https.");
        for (first, head) in [
            (true, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            (true, "POST /form HTTP/1.0\r\nContent-Length: 3\r\n\r\na=b"),
            (true, "options * HTTP/1.1\r\n\r\n"),
            (false, "G"),
            (false, "ZZZ"),
        ] {
            lab.scene(format!("a client sends {head:?}"));
            let wire = to_nobody(lab, [sends(head.as_bytes()), Act::HangsUp]);
            refused(lab, &wire, &sites(), ErrorKind::InvalidData);
            let written = wire.state().written.clone();
            let text = String::from_utf8_lossy(&written).into_owned();
            let Some((answer, body)) = text.split_once("\r\n\r\n") else {
                lab.fails("a response of HTTP", format!("{text:?}"));
            };
            let lines: Vec<_> = answer.split("\r\n").map(str::to_lowercase).collect();
            lab.holds(
                lines[0].starts_with("http/1.1 400") && !answer.replace("\r\n", "").contains('\n'),
                "a status line with 400, and lines that end in CR LF",
                format!("{answer:?}"),
            );
            let length = format!("content-length: {}", body.len());
            for want in [&length[..], "connection: close"] {
                lab.holds(
                    lines.iter().any(|line| line == want),
                    format!("the field {want}"),
                    format!("{answer:?}"),
                );
            }
            lab.holds(
                body.contains("https"),
                "a body with the word https",
                format!("{body:?}"),
            );
            told(lab, &wire, &written);
            let left = head.len() - wire.state().given;
            lab.holds(
                !first || left == 0,
                "all that the client sends is read",
                format!("{left} bytes are not"),
            );
        }
    });
}

#[test]
fn s5_the_first_byte_says_which_language() {
    lab(|lab| {
        lab.why("A method of HTTP begins with a letter of ASCII, and a record of TLS with 20 to 23. Whatever else comes first is neither, and gets an alert.");
        let sites = sites();
        for byte in (0..=255u8).filter(|byte| !(20..=23).contains(byte)) {
            let wire = to_nobody(lab, [sends(&[byte; 9]), Act::HangsUp]);
            let got = accept(wire.clone(), &sites, &LIMITS, wire.clock());
            lab.holds(
                got.is_err_and(|error| error.kind() == ErrorKind::InvalidData),
                format!("the error InvalidData for a client that begins with {byte:#04x}"),
                "something else",
            );
            let answer = wire.state().written.clone();
            let (what, begins) = match byte.is_ascii_alphabetic() {
                true => ("a response of HTTP", &b"HTTP/1.1 400"[..]),
                false => (
                    "an alert: 15 03 03 00 02 02 0a",
                    &[21, 3, 3, 0, 2, 2, 10][..],
                ),
            };
            lab.holds(
                answer.starts_with(begins),
                format!("{what}, for a client that begins with {byte:#04x}"),
                netlab::hex::short(&answer),
            );
        }
    });
}

#[test]
fn s5_a_handshake_that_fails_is_told() {
    lab(|lab| {
        lab.why("The alert that rustls makes is sent by the stream. It arrives if the connection does not end by a reset: end what you write, and read on for a while.");
        let h2 = client_with(root().trusted(), &[&TLS13], &[b"h2"]);
        for (what, config, want) in [
            (
                "offers h2 alone",
                h2,
                AlertDescription::NoApplicationProtocol,
            ),
            (
                "knows TLS 1.2 alone",
                configs::old_client(),
                AlertDescription::ProtocolVersion,
            ),
        ] {
            lab.scene(format!("a client that {what}"));
            let wire = to_client(lab, config, [Act::HangsUp]);
            let error = refused(lab, &wire, &sites(), ErrorKind::InvalidData);
            let inner = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>());
            lab.holds(
                inner.is_some(),
                "a rustls::Error inside of the error",
                format!("{error:?}"),
            );
            match wire.peer_error() {
                Some(rustls::Error::AlertReceived(got)) => {
                    lab.same("the alert", format!("{got:?}"), format!("{want:?}"))
                }
                got => lab.fails(
                    format!("the client to get the alert {want:?}"),
                    format!("{got:?}"),
                ),
            }
            lab.same("ends of the transport", wire.state().ended, 1);
        }
        for believed in [stranger().trusted(), rustls::RootCertStore::empty()] {
            lab.scene("a client that does not believe the server, and says so");
            let wire = to_client(lab, client_with(believed, &[&TLS13], &[]), [Act::HangsUp]);
            let error = refused(lab, &wire, &sites(), ErrorKind::InvalidData);
            let inner = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>());
            let heard = matches!(
                inner,
                Some(rustls::Error::AlertReceived(AlertDescription::UnknownCA))
            );
            lab.holds(
                heard,
                "AlertReceived(UnknownCA) inside of the error",
                format!("{error:?}"),
            );
            lab.same("ends of the transport", wire.state().ended, 1);
        }
    });
}

#[test]
fn s5_a_client_that_leaves() {
    lab(|lab| {
        lab.why("A client that goes before it has said who it is, has nobody to be told anything. Browsers open connections ahead, and port scanners do nothing else.");
        let hello = Parts::default().record();
        for come in [0, 1, 5, 100, hello.len() - 1] {
            lab.scene(format!("a client leaves after {come} bytes of its hello"));
            let acts = match come {
                0 => vec![Act::HangsUp],
                _ => vec![sends(&hello[..come]), Act::HangsUp],
            };
            let wire = to_nobody(lab, acts);
            refused(lab, &wire, &sites(), ErrorKind::UnexpectedEof);
            lab.same("bytes written", wire.state().written.len(), 0);
        }
        for kind in [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe] {
            let wire = to_nobody(lab, [sends(&hello[..9]), Act::Fails(kind)]);
            refused(lab, &wire, &sites(), kind);
        }
    });
}

#[test]
fn s5_a_client_has_a_limited_time() {
    lab(|lab| {
        lab.why("From the call until the end of the handshake, all in all. A client that sends a byte now and then is in time with every byte, and would keep its place for an hour.");
        for (what, wire) in [
            ("says nothing", to_nobody(lab, [Act::Silence])),
            (
                "begins a hello, and stops",
                to_nobody(lab, [sends(&from_hex(CURL)[..50]), Act::Silence]),
            ),
            (
                "sends a byte of its hello every second",
                to_client(lab, configs::client(), []).dripping(),
            ),
            (
                "sends a hello, and then nothing",
                to_nobody(lab, [sends(&hello_of_a_client()), Act::Silence]),
            ),
            (
                "takes five seconds for its hello, and then says nothing",
                to_nobody(lab, {
                    let hello = hello_of_a_client();
                    let (one, other) = hello.split_at(100);
                    let rest = Act::SendsLater(Duration::from_secs(5), other.to_vec());
                    [sends(one), rest, Act::Silence]
                }),
            ),
            (
                "takes all the time for its hello",
                to_nobody(lab, {
                    let hello = hello_of_a_client();
                    let (one, other) = hello.split_at(100);
                    let rest = Act::SendsLater(LIMITS.request, other.to_vec());
                    [sends(one), rest, Act::Silence]
                }),
            ),
        ] {
            lab.scene(format!("a client {what}"));
            match accepts(lab, &wire, &sites()) {
                Ok(_) => lab.fails("an error: it takes too long", "a client that is accepted"),
                Err(error) => is_over_time(lab, &error),
            }
            lab.same(
                "the seconds that it took",
                (wire.secs() * 1000.0).round() / 1000.0,
                LIMITS.request.as_secs_f64(),
            );
            let written = wire.state().written.clone();
            lab.because("A client that is over time is left without a word: nobody knows whether it listens.")
                .holds(
                    written.is_empty() || written.starts_with(&[22]),
                    "nothing, or the server's part of the handshake",
                    netlab::hex::short(&written),
                );
        }
        let slow = lab.because("Each byte of the answer goes out in time, and all of them together do not. The time is for the refusal as well.");
        for bytes in [&[0; 9][..], b"GET / HTTP/1.1\r\n\r\n"] {
            slow.scene("a client that is refused takes a byte of the answer every three seconds");
            let wire = to_nobody(&slow, [sends(bytes), Act::HangsUp]).pieces(1);
            wire.state().write_takes = Duration::from_secs(3);
            refused(&slow, &wire, &sites(), ErrorKind::InvalidData);
            let most = (LIMITS.request + LIMITS.linger).as_secs_f64();
            slow.holds(
                wire.secs() <= most,
                format!("an end after {most} s at most"),
                format!("{} s", wire.secs()),
            );
        }
        let lab = lab.because("Who was refused has so much time to hear it, and no more: linger.");
        for (what, acts) in [
            ("speaks no TLS, and stays", [sends(&[0; 9]), Act::Silence]),
            (
                "speaks plain HTTP, and stays",
                [sends(b"GET / HTTP/1.1\r\n\r\n"), Act::Silence],
            ),
        ]
        .into_iter()
        .map(|(what, acts)| (what, acts.to_vec()))
        .chain([("speaks no TLS, and goes on, a byte every second", {
            let mut acts = vec![sends(&[0; 9])];
            acts.extend(vec![Act::SendsLater(Duration::from_secs(1), vec![0]); 20]);
            acts
        })]) {
            lab.scene(format!("a client {what}"));
            let wire = to_nobody(&lab, acts);
            refused(&lab, &wire, &sites(), ErrorKind::InvalidData);
            lab.same(
                "the seconds that it took",
                wire.secs(),
                LIMITS.linger.as_secs_f64(),
            );
        }
    });
}

fn app(request: &Request) -> Response {
    Response::text(
        200,
        &format!("{} {}", request.head.method, request.head.target),
    )
}

fn served(lab: &Lab, wire: &Wire, sites: &[Site]) -> io::Result<u32> {
    let (transport, clock) = (wire.clone(), wire.clock());
    lab.you("serve_https(transport, sites, app, limits, clock)", || {
        serve_https(transport, sites, &app, &LIMITS, clock)
    })
}

fn get(path: &str) -> Act {
    Act::Says(format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\n\r\n").into_bytes())
}

#[test]
fn s5_serves_http_over_tls() {
    lab(|lab| {
        lab.why("Chapter 13's server needs a stream, and this is one: it keeps the connection, reads every request, and at the end it ends in an orderly way, with a close_notify (RFC 9112 §9.8).");
        for offered in [&[&b"http/1.1"[..]][..], &[]] {
            for piece in [usize::MAX, 11] {
                lab.scene(format!("a client that offers {} protocols", offered.len()));
                let config = client_with(root().trusted(), &[&TLS13], offered);
                let acts = [
                    get("/one"),
                    Act::Hears(60),
                    get("/two"),
                    get("/three"),
                    Act::Hears(200),
                    Act::Ends,
                    Act::HangsUp,
                ];
                let wire = to_client(lab, config, acts).pieces(piece);
                match served(lab, &wire, &sites()) {
                    Ok(n) => lab.same("requests that were answered", n, 3),
                    Err(error) => {
                        lab.fails("three requests that are answered", format!("{error:?}"))
                    }
                }
                let heard = String::from_utf8_lossy(&wire.heard()).into_owned();
                for want in ["GET /one", "GET /two", "GET /three"] {
                    lab.holds(
                        heard.contains(want),
                        format!("an answer to {want}"),
                        format!("{heard:?}"),
                    );
                }
                lab.same(
                    "the client has got a close_notify",
                    wire.heard_the_end(),
                    true,
                );
            }
        }
        lab.scene("a client says close");
        let last = format!("GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
        let wire = to_client(
            lab,
            configs::client(),
            [
                Act::Says(last.into_bytes()),
                Act::Hears(50),
                Act::Ends,
                Act::HangsUp,
            ],
        );
        match served(lab, &wire, &sites()) {
            Ok(n) => lab.same("requests that were answered", n, 1),
            Err(error) => lab.fails("a request that is answered", format!("{error:?}")),
        }
        lab.same(
            "the client has got a close_notify",
            wire.heard_the_end(),
            true,
        );
    });
}

#[test]
fn s5_another_protocol_is_not_served() {
    lab(|lab| {
        lab.why("Both have agreed on another language. Whoever answers an HTTP/2 client with HTTP/1.1 has not looked at what ALPN says (RFC 7301 §3.2).");
        for protocol in [&b"h2"[..], b"acme/1", b"http/1.0", b"http/1.11"] {
            lab.scene(format!("both speak {}", String::from_utf8_lossy(protocol)));
            let mut site = site(&[NAME]);
            site.config = server_with(
                root().issues(paper(&[NAME])),
                &[&TLS13],
                &[protocol, b"http/1.1"],
            );
            let config = client_with(root().trusted(), &[&TLS13], &[protocol, b"http/1.1"]);
            let wire = to_client(lab, config, [get("/"), Act::Ends, Act::HangsUp]);
            match served(lab, &wire, &[site]) {
                Ok(n) => lab.fails("an error: another protocol was agreed", format!("Ok({n})")),
                Err(error) => lab.same(
                    "the kind of the error",
                    error.kind(),
                    ErrorKind::InvalidData,
                ),
            }
            lab.same_bytes("what the client has heard", &wire.heard(), b"");
            lab.same(
                "the client has got a close_notify",
                wire.heard_the_end(),
                true,
            );
            lab.because("It is closed as in step 4: the transport's writing is ended, too, and what still comes is read until the client's end.").same(
                "how often the transport was told to end its writing",
                wire.state().ended,
                1,
            );
        }
        let lab = lab.because("What is wrong is that another protocol was agreed on. That the close did not work either is the smaller news.");
        for kind in [ErrorKind::NotConnected, ErrorKind::ConnectionReset] {
            lab.scene("both speak h2, and the transport cannot be ended");
            let mut site = site(&[NAME]);
            let identity = root().issues(paper(&[NAME]));
            site.config = server_with(identity, &[&TLS13], &[b"h2"]);
            let config = client_with(root().trusted(), &[&TLS13], &[b"h2"]);
            let wire = to_client(&lab, config, [Act::Ends, Act::HangsUp]);
            wire.state().end_error = Some(kind);
            match served(&lab, &wire, &[site]) {
                Ok(n) => lab.fails("an error: another protocol was agreed", format!("Ok({n})")),
                Err(error) => lab.same(
                    "the kind of the error",
                    error.kind(),
                    ErrorKind::InvalidData,
                ),
            }
        }
    });
}

#[test]
fn s5_what_was_read_too_far_is_rustls_s() {
    lab(|lab| {
        lab.why("One read of the transport brings the hello and what stands behind it. Here that is a fatal alert: the client has changed its mind. It has been taken out of the transport, and who hands on the hello alone waits for a client that has said it all.");
        let alert = [21, 3, 3, 0, 2, 2, 80];
        let both = [&hello_of_a_client()[..], &alert].concat();
        let wire = to_nobody(lab, [sends(&both), Act::HangsUp]);
        let told =
            lab.because("The alert came in the same read as the hello, and rustls has not got it.");
        let error = refused(&told, &wire, &sites(), ErrorKind::InvalidData);
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        told.holds(
            matches!(inner, Some(rustls::Error::AlertReceived(_))),
            "AlertReceived inside of the error",
            format!("{error:?}"),
        );
    });
}

#[test]
fn s5_a_client_without_end_of_time() {
    lab(|lab| {
        lab.why("The limits of chapter 13 hold in here as well: each read of yours comes back in time, though the transport is read many times in it.");
        lab.scene("a client that is quiet");
        let wire = to_client(lab, configs::client(), [Act::Silence]);
        match served(lab, &wire, &sites()) {
            Ok(n) => lab.same("requests that were answered", n, 0),
            Err(error) => lab.fails("an end without a word", format!("{error:?}")),
        }
        lab.same(
            "the seconds that it took",
            wire.secs(),
            LIMITS.idle.as_secs_f64(),
        );
        lab.scene("a client that sends a byte of a record every second");
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {NAME}\r\nX: {}\r\n\r\n",
            "x".repeat(100)
        );
        let wire = to_client(lab, configs::client(), [Act::Drips(request.into_bytes())]);
        drop(served(lab, &wire, &sites()));
        let most = (LIMITS.idle + LIMITS.request + LIMITS.linger).as_secs_f64();
        lab.holds(
            wire.secs() <= most,
            format!("an end after {most} s at most"),
            format!("{} s", wire.secs()),
        );
    });
}

#[test]
fn s5_the_alert_arrives() {
    lab(|lab| {
        lab.why("The client has sent much more than you have read. A close would send a reset, and take your alert from its hands; end_writing, and reading on, does not.");
        for (bytes, want) in [
            (
                vec![0; 300_000],
                &alert(AlertDescription::UnexpectedMessage)[..],
            ),
            (
                [
                    Parts::with([names(&[(0, b"nobody.example")])]).record(),
                    vec![7; 300_000],
                ]
                .concat(),
                &alert(AlertDescription::UnrecognisedName),
            ),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let addr = listener.local_addr().expect("an address");
            let server = lab.student(
                "accept(a client's socket, sites, limits, clock)",
                move || {
                    let (socket, _) = listener.accept().expect("a client");
                    let limits = Limits {
                        linger: Duration::from_secs(3),
                        ..LIMITS
                    };
                    accept(&socket, &sites(), &limits, Arc::new(SystemClock::new()))
                        .err()
                        .map(|error| error.kind())
                },
            );
            let peer = lab.connect(addr);
            peer.sends(&bytes);
            peer.expects(want);
            peer.expects_eof();
            // Whoever has closed by now has sent a reset, and this is answered by one.
            server.settles();
            peer.sends(b"more");
            peer.sends(b"and more");
            peer.closes();
            lab.same(
                "the kind of the error",
                server.returns(),
                Some(ErrorKind::InvalidData),
            );
        }
    });
}

const PATIENCE: Duration = Duration::from_secs(3);

fn manager_of(
    addr: SocketAddr,
    config: Arc<ClientConfig>,
    host: ServerName<'static>,
) -> TlsManager {
    TlsManager {
        addr,
        name: host,
        config,
        patience: PATIENCE,
    }
}

/// A client that offers HTTP/1.1, and knows the root.
fn web_client() -> Arc<ClientConfig> {
    client_with(root().trusted(), &[&TLS13], &[b"http/1.1"])
}

fn manager(addr: SocketAddr) -> TlsManager {
    manager_of(addr, web_client(), name(NAME))
}

fn web_server() -> Arc<ServerConfig> {
    server_with(root().issues(paper(&[NAME])), &[&TLS13], &[b"http/1.1"])
}

fn pooled(manager: TlsManager) -> Client<TlsManager> {
    let limits = Ages {
        max_idle: None,
        max_age: None,
    };
    Client::new(
        Pool::new(
            manager,
            Config {
                max: 2,
                wait: PATIENCE,
                limits,
            },
        ),
        NAME,
    )
}

/// A page must come.
fn gets(lab: &Lab, client: &Client<TlsManager>) {
    let answer = lab.ok("TlsManager's connections, in a GET", || client.get("/"));
    lab.same("the status", answer.head.status, 200);
    lab.same_bytes("the page", &answer.body, PAGE);
}

#[test]
fn s5_thirty_pages_over_one_connection() {
    lab(|lab| {
        lab.why("A handshake costs a round trip and some milliseconds of arithmetic. With keep-alive it is paid once.");
        for pages in [2, 30] {
            let server = website(web_server(), &[]);
            let client = pooled(manager(server.addr));
            for _ in 0..pages {
                gets(lab, &client);
            }
            lab.same("connections", server.handshakes().len(), 1);
        }
    });
}

#[test]
fn s5_who_answers_is_checked() {
    lab(|lab| {
        lab.why("A manager that makes connections to whoever answers gives the next request to an impostor. The error has rustls's reason inside, for whoever has to explain it.");
        let impostor = server_of(stranger().issues(paper(&[NAME])));
        for (what, config, host) in [
            ("an unknown issuer", impostor, NAME),
            ("another name", web_server(), "mail.example.org"),
            ("no such address", web_server(), "127.0.0.1"),
        ] {
            lab.scene(format!("a certificate with {what}"));
            let server = website(config, &[]);
            let manager = manager_of(server.addr, web_client(), name(host));
            let error = lab.err("connect()", || manager.connect());
            lab.same(
                "the kind of the error",
                error.kind(),
                ErrorKind::InvalidData,
            );
            let inner = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>());
            lab.holds(
                matches!(inner, Some(rustls::Error::InvalidCertificate(_))),
                "InvalidCertificate inside of the error",
                format!("{error:?}"),
            );
        }
        lab.scene("the right one, by name and by address");
        let both = server_of(root().issues(paper(&[NAME, "127.0.0.1"])));
        for host in [NAME, "127.0.0.1"] {
            let server = website(both.clone(), &[]);
            let manager = manager_of(server.addr, web_client(), name(host));
            let stream = lab.ok("connect()", || manager.connect());
            lab.same(
                "it is handshaking",
                stream.connection().is_handshaking(),
                false,
            );
            lab.because("A request in two writes waits 40 ms for an ACK with Nagle's algorithm, as in chapter 05.")
                .same(
                    "TCP_NODELAY is set",
                    stream.transport().0.nodelay().expect("a socket"),
                    true,
                );
        }
    });
}

#[test]
fn s5_what_alpn_says_is_heard() {
    lab(|lab| {
        lab.why("You have offered h2 as well, and h2 was agreed: \"GET /\" would be garbage to this server. With no answer to ALPN it speaks what everybody spoke before there was ALPN.");
        let ours: &[&[u8]] = &[b"h2", b"http/1.1"];
        for (protocols, fine) in [
            (&[&b"h2"[..]][..], false),
            (&[b"h2", b"http/1.1"], false),
            (&[b"http/1.1", b"h2"], true),
            (&[b"http/1.1"], true),
            (&[], true),
        ] {
            let shown: Vec<_> = protocols
                .iter()
                .map(|name| String::from_utf8_lossy(name))
                .collect();
            lab.scene(format!("a server that speaks {shown:?}"));
            let server = website(
                server_with(root().issues(paper(&[NAME])), &[&TLS13], protocols),
                &[],
            );
            let config = client_with(root().trusted(), &[&TLS13], ours);
            let manager = manager_of(server.addr, config, name(NAME));
            match fine {
                true => drop(lab.ok("connect()", || manager.connect())),
                false => {
                    let error = lab.err("connect()", || manager.connect());
                    lab.same(
                        "the kind of the error",
                        error.kind(),
                        ErrorKind::InvalidData,
                    );
                }
            }
        }
    });
}

/// Waits until something has come that the student has not read. (A peek takes nothing.)
fn something_comes(stream: &TlsStream<Tcp>) {
    let seen = stream.transport().0.peek(&mut [0]);
    seen.expect("a connection that lives");
}

/// An idle connection, to which a server has done these deeds. Its tickets have come, too.
fn idle(lab: &Lab, deeds: &[Deed]) -> (TlsManager, TlsStream<Tcp>, super::website::Website) {
    let plan = [deeds, &[Deed::Stays]].concat();
    let server = website(web_server(), &[&plan]);
    let manager = manager(server.addr);
    let stream = lab.ok("connect()", || manager.connect());
    something_comes(&stream);
    (manager, stream, server)
}

fn reusable(lab: &Lab, manager: &TlsManager, stream: &mut TlsStream<Tcp>) -> bool {
    lab.you("is_reusable(stream)", || manager.is_reusable(stream))
}

#[test]
fn s5_a_ticket_is_no_dirt() {
    lab(|lab| {
        lab.why("Behind the handshake a server sends tickets, unasked. Chapter 05's peek sees bytes and throws the connection away: a new one for every request, and each brings tickets. What the bytes are, only the machine knows (RFC 8446 §4.6.1).");
        for deeds in [&[][..], &[Deed::Rekeys]] {
            let (manager, mut stream, _server) = idle(lab, deeds);
            for _ in 0..3 {
                lab.same(
                    "it can be used again",
                    reusable(lab, &manager, &mut stream),
                    true,
                );
            }
        }
        lab.scene("and then it is used");
        let server = website(web_server(), &[]);
        let manager = manager(server.addr);
        let mut stream = lab.ok("connect()", || manager.connect());
        something_comes(&stream);
        for _ in 0..3 {
            lab.same(
                "it can be used again",
                reusable(lab, &manager, &mut stream),
                true,
            );
            let asks = http1::Ask {
                method: "GET",
                host: NAME,
                path: "/",
                body: b"",
            };
            let got = http1::exchange(&mut stream, &asks).map(|answer| answer.body);
            match got {
                Ok(body) => lab.same_bytes("the page", &body, PAGE),
                Err(lost) => lab
                    .because("The socket waits again as it did before, whatever is_reusable did with it.")
                    .fails("an answer", format!("{:?}", lost.cause)),
            }
        }
    });
}

/// What is on its way comes in its order, some of it later than the first byte.
fn becomes_useless(lab: &Lab, manager: &TlsManager, stream: TlsStream<Tcp>) {
    let stream = RefCell::new(stream);
    lab.until(
        "is_reusable(stream) to say no",
        || manager.is_reusable(&mut stream.borrow_mut()),
        |reusable| !reusable,
    );
}

#[test]
fn s5_what_makes_a_connection_useless() {
    lab(|lab| {
        lab.why("A server that has ended its side answers nothing more, however it has said so. And what nobody has asked for would be the answer to the next question.");
        for deeds in [
            &[Deed::Ends][..],
            &[Deed::HangsUp],
            &[Deed::SaysMore],
            &[Deed::Rekeys, Deed::SaysMore],
            &[Deed::SaysMore, Deed::Ends],
            &[Deed::SendsGarbage],
        ] {
            lab.scene(format!(
                "what the server does while the connection is idle: {deeds:?}"
            ));
            let (manager, stream, _server) = idle(lab, deeds);
            becomes_useless(lab, &manager, stream);
        }
    });
}

/// An idle connection on which all that the server sends has come, `tickets` of them first. The test has made it:
/// it knows how many bytes were read of it.
fn all_has_come(lab: &Lab, tickets: usize, deeds: &[Deed]) -> (TlsManager, TlsStream<Tcp>) {
    let plan = [deeds, &[Deed::Stays]].concat();
    let mut config = ServerConfig::clone(&web_server());
    config.send_tls13_tickets = tickets;
    let server = website(Arc::new(config), &[&plan]);
    let mut socket = TcpStream::connect(server.addr).expect("a connection");
    socket.set_nodelay(true).expect("TCP_NODELAY");
    let mut connection = ClientConnection::new(web_client(), name(NAME)).expect("a client");
    let mut read = 0;
    while connection.is_handshaking() || connection.wants_write() {
        let (n, _) = connection
            .complete_io(&mut socket)
            .expect("a handshake with the tests' own server");
        read += n;
    }
    lab.note(format!(
        "a connection: the server sends {tickets} tickets, and then {deeds:?}"
    ));
    lab.until(
        "all that the server sends to have come",
        || {
            let mut buf = [0; 1 << 16];
            (server.sent(), read + socket.peek(&mut buf).unwrap_or(0))
        },
        |(sent, come)| *sent == Some(*come),
    );
    let clock = Arc::new(SystemClock::new());
    let stream = TlsStream::new(connection, Tcp(socket), clock);
    (manager(server.addr), stream)
}

#[test]
fn s5_one_look_finds_all_that_has_come() {
    lab(|lab| {
        lab.why("All of it lies in the kernel: tickets, and behind them what ends the connection. One look must find it, for the next thing that happens is a request. One read gives 4 kB at most, and what is read means nothing until it is processed.");
        for tickets in [1, 60] {
            for deed in [Deed::Ends, Deed::SaysMore, Deed::SendsGarbage, Deed::Rekeys] {
                let (manager, mut stream) = all_has_come(lab, tickets, &[deed]);
                let fine = deed == Deed::Rekeys;
                lab.same(
                    "it can be used again",
                    reusable(lab, &manager, &mut stream),
                    fine,
                );
                lab.because("The socket waits again as it did before, whatever the answer is.")
                    .same(
                        "the socket is in non-blocking mode",
                        is_nonblocking(&stream.transport().0),
                        false,
                    );
            }
        }
    });
}

/// Whether a read gives up at once. Nothing has come on this socket.
fn is_nonblocking(socket: &TcpStream) -> bool {
    #[cfg(target_os = "linux")]
    if let Some(flags) = flags_of(socket) {
        const O_NONBLOCK: u32 = 0o4000;
        return flags & O_NONBLOCK != 0;
    }
    // A time-out is for blocking sockets alone.
    let span = Duration::from_millis(15);
    socket.set_read_timeout(Some(span)).expect("a time-out");
    let began = Instant::now();
    let gave_up = socket.peek(&mut [0]).is_err();
    socket.set_read_timeout(None).expect("no time-out");
    gave_up && began.elapsed() < span / 3
}

/// The flags of an open socket, as Linux shows them (proc_pid_fdinfo(5)).
#[cfg(target_os = "linux")]
fn flags_of(socket: &TcpStream) -> Option<u32> {
    use std::os::fd::AsRawFd;

    let file = format!("/proc/self/fdinfo/{}", socket.as_raw_fd());
    let text = std::fs::read_to_string(file).ok()?;
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?;
    u32::from_str_radix(flags.trim(), 8).ok()
}

#[test]
fn s5_a_connection_that_was_reset() {
    lab(|lab| {
        lab.why("The server has crashed, or a box on the way has forgotten the connection. There is no end to read and no record, only an error.");
        for _ in 0..2 {
            let server = lab.tcp_server("a server");
            let socket = TcpStream::connect(server.addr()).expect("a connection");
            let peer = server.accepts();
            let connection = ClientConnection::new(web_client(), name(NAME)).expect("a client");
            let clock = Arc::new(SystemClock::new());
            let mut stream = TlsStream::new(connection, Tcp(socket), clock);
            let manager = manager(server.addr());
            peer.resets();
            // A socket that was reset has no peer. Asking it takes nothing of the error that waits there.
            lab.until(
                "the reset to have come",
                || stream.transport().0.peer_addr().is_err(),
                |gone| *gone,
            );
            lab.same(
                "it can be used again",
                reusable(lab, &manager, &mut stream),
                false,
            );
        }
    });
}

#[test]
fn s5_plaintext_that_was_read_ahead() {
    lab(|lab| {
        lab.why("It is no longer in the kernel, and nobody has taken it out of rustls: what came behind the answer, with the same read.");
        for _ in 0..2 {
            let server = website(web_server(), &[&[Deed::AnswersAndSaysMore, Deed::Stays]]);
            let manager = manager(server.addr);
            let mut stream = lab.ok("connect()", || manager.connect());
            lab.ok("write a request", || {
                stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            });
            lab.ok("flush()", || stream.flush());
            let page = http1_page_len();
            let mut got = 0;
            while got < page {
                got += lab.ok("read(some bytes)", || stream.read(&mut vec![0; page - got]));
            }
            becomes_useless(lab, &manager, stream);
        }
    });
}

/// How long the website's answer is.
fn http1_page_len() -> usize {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", PAGE.len()).len() + PAGE.len()
}

#[test]
fn s5_a_stale_connection_is_replaced() {
    lab(|lab| {
        lab.why("A server may end an idle connection at any time. The pool asks before it hands one out, and the client has a second attempt: nobody notices.");
        for ends in [
            &[Deed::Answers, Deed::Ends, Deed::HangsUp][..],
            &[Deed::Answers, Deed::HangsUp],
        ] {
            let server = website(web_server(), &[ends]);
            let client = pooled(manager(server.addr));
            for _ in 0..3 {
                gets(lab, &client);
            }
            lab.same("connections", server.handshakes().len(), 2);
        }
    });
}

#[test]
fn s5_an_answer_that_is_cut_off() {
    lab(|lab| {
        lab.why("Half of a page is no page. It may have been somebody on the way who has ended the connection (RFC 9112 §9.8).");
        for _ in 0..2 {
            let half = &[Deed::AnswersHalf, Deed::HangsUp][..];
            let server = website(web_server(), &[half, half]);
            let client = pooled(manager(server.addr));
            match lab.you("TlsManager's connection, in a GET", || client.get("/")) {
                Ok(answer) => {
                    lab.fails("an error", format!("a page of {} bytes", answer.body.len()))
                }
                Err(error) => lab.holds(
                    error.to_string().len() > 3,
                    "an error that says something",
                    error,
                ),
            }
        }
    });
}

#[test]
fn s5_the_next_connection_resumes() {
    lab(|lab| {
        lab.why("The tickets of the first connection save the second one the certificate and its check. They lie in the ClientConfig: a new one for every connection has none (RFC 8446 §2.2).");
        let server = website(
            web_server(),
            &[
                &[Deed::Answers, Deed::HangsUp],
                &[Deed::Answers, Deed::HangsUp],
            ],
        );
        let client = pooled(manager(server.addr));
        for _ in 0..3 {
            gets(lab, &client);
        }
        lab.same(
            "the handshakes",
            server.handshakes(),
            vec![
                "Full".to_owned(),
                "Resumed".to_owned(),
                "Resumed".to_owned(),
            ],
        );
    });
}

#[test]
fn s5_connect_does_not_wait_for_ever() {
    lab(|lab| {
        lab.why("TCP has connected, and the other side says nothing, or a byte now and then. The patience is for the whole handshake.");
        let short = Duration::from_millis(100);
        let both = [false, true].map(|drips| {
            let server = lab.tcp_server("a server that speaks no TLS");
            let addr = server.addr();
            let connects = lab.student("connect()", move || {
                let manager = TlsManager {
                    patience: short,
                    ..manager(addr)
                };
                manager.connect().map(|_| ()).map_err(|error| error.kind())
            });
            let peer = server.accepts();
            // The head of a record that announces 16 kB, and then a byte of it now and then.
            peer.sends(&[22, 3, 3, 0x3f, 0xff]);
            let (quiet, dripping) = match drips {
                false => (Some(peer), None),
                true => (None, Some(peer.drips(0, Duration::from_millis(20)))),
            };
            (connects, quiet, dripping)
        });
        for (connects, _quiet, _dripping) in both {
            let kind = connects.returns();
            lab.holds(
                matches!(kind, Err(ErrorKind::TimedOut | ErrorKind::WouldBlock)),
                "TimedOut or WouldBlock",
                format!("{kind:?}"),
            );
        }
    });
}

#[test]
fn s5_a_server_that_is_not_there() {
    lab(|lab| {
        lab.why("Nobody answers the SYN. The kernel goes on trying for minutes; the patience is for the connect as well.");
        let hole = lab.black_hole();
        let addr = hole.addr();
        let connects = lab.student("connect()", move || {
            let manager = TlsManager {
                patience: Duration::from_millis(20),
                ..manager(addr)
            };
            manager.connect().map(|_| ()).map_err(|error| error.kind())
        });
        lab.same(
            "what connect() says",
            connects.returns(),
            Err(ErrorKind::TimedOut),
        );
    });
}
