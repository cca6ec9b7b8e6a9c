//! Step 6: the program.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use netlab::{FULL_OUTPUTS, Folder, Lab, Program, lab, takes_nothing, words};
use rustls::version::TLS13;
use rustls::{AlertDescription, ClientConnection, ServerConfig, StreamOwned};
use tls::{Command, Identity, MAX_CLIENTS, parse_args};

use super::certificates::{KEY_2_AS_SEC1, Paper, key_pem, paper, pem, self_signed, stranger};
use super::configs::{NAME, client_with, name, server_of, server_with};
use super::hellos::{CURL, OLD, OPENSSL, Parts, from_hex, names, protocols, versions};
use super::website::{Deed, PAGE, Website, website, website_at};

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

#[test]
fn s6_arguments() {
    lab(|lab| {
        lab.why("What belongs to a command has its order; the options may stand anywhere, and of one that is repeated the last counts. What is not named is the port 8443.");
        for (line, want) in [
            (
                "serve . 127.0.0.1 --cert c --key k",
                (".", "127.0.0.1", 8443, "c", "k"),
            ),
            (
                "--cert c serve /srv/www --key k ::1 -p 0",
                ("/srv/www", "::1", 0, "c", "k"),
            ),
            (
                "-p 65535 --key a.pem serve a localhost --cert b.pem",
                ("a", "localhost", 65535, "b.pem", "a.pem"),
            ),
            (
                "serve a b --cert c --cert d --key e --key f -p 1 -p 2",
                ("a", "b", 2, "d", "f"),
            ),
            (
                "serve get hello --cert serve --key get",
                ("get", "hello", 8443, "serve", "get"),
            ),
            (
                "serve a b --cert -c --key -p -p 7",
                ("a", "b", 7, "-c", "-p"),
            ),
        ] {
            let Command::Serve(got) = parsed(lab, line) else {
                lab.fails("serve", "something else");
            };
            lab.same(
                "folder, host, port, certificate and key",
                (
                    &got.dir[..],
                    &got.host[..],
                    got.port,
                    &got.cert[..],
                    &got.key[..],
                ),
                want,
            );
        }
        for (line, want) in [
            (
                "get localhost / --ca r",
                ("localhost", 8443, &["/"][..], "r", None),
            ),
            (
                "get a.example /a /a /b?c /a -p 443 --ca r --to 127.0.0.1",
                (
                    "a.example",
                    443,
                    &["/a", "/a", "/b?c", "/a"],
                    "r",
                    Some("127.0.0.1:443"),
                ),
            ),
            (
                "--to ::1 --ca r get ::1 / -p 1",
                ("::1", 1, &["/"], "r", Some("[::1]:1")),
            ),
            (
                "get --ca a x --ca b /serve",
                ("x", 8443, &["/serve"], "b", None),
            ),
        ] {
            let Command::Get(got) = parsed(lab, line) else {
                lab.fails("get", "something else");
            };
            let (host, port, paths, ca, to) = want;
            lab.same(
                "host, port and roots",
                (&got.host[..], got.port, &got.ca[..]),
                (host, port, ca),
            );
            lab.same(
                "paths",
                got.paths.iter().map(|path| &path[..]).collect::<Vec<_>>(),
                paths.to_vec(),
            );
            lab.same(
                "where to connect to",
                got.to.map(|to| to.to_string()).as_deref(),
                to,
            );
        }
        for (line, want) in [
            ("hello 127.0.0.1", ("127.0.0.1", 8443)),
            ("-p 0 hello ::1", ("::1", 0)),
        ] {
            let Command::Hello { host, port } = parsed(lab, line) else {
                lab.fails("hello", "something else");
            };
            lab.same("host and port", (&host[..], port), want);
        }
        for line in [
            "-h",
            "--help",
            "serve --help",
            "get -h",
            "hello a -p x --help",
            "get a / --ca --help",
            "serve a b --key k --cert -h",
            "hello a -p -h",
        ] {
            lab.same("help", matches!(parsed(lab, line), Command::Help), true);
        }
    });
}

fn parsed(lab: &Lab, line: &str) -> Command {
    lab.ok(&format!("parse_args({line:?})"), || {
        parse_args(&words(line))
    })
}

#[test]
fn s6_wrong_arguments() {
    lab(|lab| {
        lab.why("What cannot be meant is told to the person at once, before anything touches the network. An option that does nothing is one that somebody relies on.");
        let cases = [
            "",
            "a",
            "serve",
            "serve a b",
            "serve a b --cert c",
            "serve a b --key k",
            "serve a --cert c --key k",
            "serve a b c --cert c --key k",
            "serve a b --cert c --key",
            "serve a b --cert c --key k -p",
            "serve a b --cert c --key k -p 65536",
            "serve a b --cert c --key k -p https",
            "serve a b --cert c --key k -p -1",
            "serve a b --cert c --key k --ca r",
            "serve a b --cert c --key k --to 127.0.0.1",
            "serve a b --cert c --key k --insecure",
            "get",
            "get a",
            "get a /",
            "get a / --ca",
            "get a b --ca r",
            "get a / b --ca r",
            "get a / --ca r -p 0",
            "get a / --ca r --to b",
            "get a / --ca r --to 127.0.0.1:443",
            "get a / --ca r --to 1.2.3",
            "get a / --ca r --cert c",
            "get a / --ca r --key k",
            "get a / --ca r -k",
            "get a / --ca r --insecure",
            "get / --ca r",
            "hello",
            "hello a b",
            "hello a --ca r",
            "hello a --cert c",
            "hello a -p 70000",
            "Hello a",
            "-- hello a",
            "hello -a",
            "hello -",
            "- hello a",
            "serve - a --cert c --key k",
            "get - / --ca r",
            "get a / - --ca r",
        ];
        lab.refuses_arguments(&cases, parse_args);
        let lab = lab.because("It is one line in a terminal or in a log, whatever somebody has put into the arguments: a name with a line break in it is shown as text, with {:?}.");
        for args in [
            &["hello", "a", "--so\nlong"][..],
            &["get", "a", "so\nlong", "--ca", "r"],
            &["get", "a", "/", "--ca", "r", "-p", "4\n43"],
            &["get", "a", "/", "--ca", "r", "--to", "::1\n"],
            &["so\nlong", "a"],
        ] {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            let call = format!("parse_args({args:?})");
            let wrong = lab.err(&call, || parse_args(&args));
            lab.holds(
                wrong.trim_end().lines().count() == 1,
                "one line that says what is wrong",
                format!("{wrong:?}"),
            );
        }
    });
}

/// Valid whenever these tests run: a program asks the machine for the time.
fn today(names: &[&str]) -> Paper {
    paper(names).valid((2000, 2100))
}

/// A root that is valid today, and what it signs.
fn root_today() -> super::certificates::Authority {
    super::certificates::authority_until("a root of today", 0, (2000, 2100))
}

/// The length of the large page, in bytes: many records.
const LARGE: usize = 200_000;

/// A folder with pages, a root, and a server's certificate and key.
fn house() -> Folder {
    let root = root_today();
    // Whoever shows only the first certificate is not believed.
    let between = root.certifies(today(&[]).common_name("in between"), 3);
    let identity = between.issues(today(&[NAME, "localhost", "127.0.0.1", "::1"]));
    Folder::new()
        .with("index.html", "<h1>hello</h1>")
        .with("a.txt", "alpha")
        .with("large.bin", vec![b'x'; LARGE])
        .with("root.pem", pem(&root.chain))
        .with(
            "strangers.pem",
            pem(&[stranger().chain.clone(), root.chain.clone()].concat()),
        )
        .with(
            "and-strangers.pem",
            pem(&[root.chain.clone(), stranger().chain.clone()].concat()),
        )
        .with("sec1-key.pem", KEY_2_AS_SEC1)
        .with("cert.pem", pem(&identity.chain))
        .with("key.pem", key_pem(2))
        .with("other-key.pem", key_pem(3))
        .with("empty.pem", "")
}

/// The student's server on a port that the system chooses, and its address.
fn listening(lab: &Lab, args: &[&str]) -> (Program, SocketAddr) {
    let mut program = lab.program(PROGRAM, args);
    let line = program.expects_line("the line `listening on ADDRESS:PORT`", |_| true);
    let addr = line
        .strip_prefix("listening on ")
        .and_then(|addr| addr.parse().ok())
        .filter(|addr: &SocketAddr| addr.port() != 0);
    let Some(addr) = addr else {
        lab.fails(
            "listening on 127.0.0.1:PORT, the port it really has",
            format!("{line:?}"),
        );
    };
    (program, addr)
}

fn server(lab: &Lab, house: &Folder) -> (Program, SocketAddr) {
    server_with_key(lab, house, "key.pem")
}

fn server_with_key(lab: &Lab, house: &Folder, key: &str) -> (Program, SocketAddr) {
    let (dir, cert, key) = (
        house.path().to_string_lossy(),
        house.file("cert.pem"),
        house.file(key),
    );
    listening(
        lab,
        &[
            "serve",
            &dir,
            "127.0.0.1",
            "-p",
            "0",
            "--cert",
            &cert,
            "--key",
            &key,
        ],
    )
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// A client of the tests that believes the root of today, and asks for this host.
fn client(lab: &Lab, addr: SocketAddr, host: &str, protocols: &[&[u8]]) -> Tls {
    let config = client_with(root_today().trusted(), &[&TLS13], protocols);
    let connection = ClientConnection::new(config, name(host)).expect("a client");
    let socket = TcpStream::connect(addr).expect("connect to the server");
    socket.set_nodelay(true).expect("TCP_NODELAY");
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a read time-out");
    lab.note(format!("a client connects, and asks for {host}"));
    StreamOwned::new(connection, socket)
}

/// Sends this, and reads until the server's close_notify.
fn talk(lab: &Lab, tls: &mut Tls, request: &str) -> String {
    let sent = tls.write_all(request.as_bytes()).and_then(|()| tls.flush());
    lab.same(
        "the client's writing",
        sent.map_err(|error| error.to_string()),
        Ok(()),
    );
    let mut all = Vec::new();
    let read = tls
        .read_to_end(&mut all)
        .map(|_| ())
        .map_err(|error| error.to_string());
    lab.because(
        "The client reads until the server's close_notify. Without it, the connection was cut off.",
    )
    .same("the client's reading", read, Ok(()));
    String::from_utf8_lossy(&all).into_owned()
}

fn get(path: &str, last: bool) -> String {
    let close = if last { "Connection: close\r\n" } else { "" };
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n{close}\r\n")
}

/// Demands that the server still answers.
fn gets_an_answer(lab: &Lab, addr: SocketAddr) {
    let mut tls = client(lab, addr, NAME, &[b"http/1.1"]);
    let answer = talk(lab, &mut tls, &get("/a.txt", true));
    lab.holds(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("alpha"),
        "the file a.txt",
        format!("{answer:?}"),
    );
}

#[test]
fn s6_cli_help_and_wrong_arguments() {
    lab(|lab| {
        lab.why("Help that was asked for is a result: standard output, exit code 0. Usage after a mistake is a complaint: standard error, exit code 2.");
        let end = lab.program(PROGRAM, &["--help"]).exits();
        lab.same("exit code of --help", end.code, Some(0));
        lab.holds(
            end.stdout.contains("usage"),
            "the usage on standard output",
            format!("{:?}", end.stdout),
        );
        for args in [
            &["get", "a", "/"][..],
            &["serve", "a", "b"],
            &["get", "a", "/", "--ca", "r", "--insecure"],
            &[],
        ] {
            let end = lab.program(PROGRAM, args).exits();
            lab.same("exit code", end.code, Some(2));
            lab.same("standard output", end.stdout, String::new());
            let (complaint, _) = end.stderr.split_once("usage").unwrap_or_default();
            lab.holds(
                !complaint.trim().is_empty(),
                "what is wrong on standard error, and then the usage",
                format!("{:?}", end.stderr),
            );
        }
    });
}

#[test]
fn s6_serve_cannot_begin() {
    lab(|lab| {
        lab.why("A file that is not there, a key that is another's, a port that is taken: who started the server must hear so, and not its first client.");
        let house = house();
        let dir = house.path().to_string_lossy().into_owned();
        let file = house.file("a.txt");
        let (_first, addr) = server(lab, &house);
        let port = addr.port().to_string();
        for (dir, cert, key, port) in [
            (&dir[..], "nowhere.pem", "key.pem", "0"),
            (&dir, "cert.pem", "nowhere.pem", "0"),
            (&dir, "cert.pem", "other-key.pem", "0"),
            (&dir, "empty.pem", "key.pem", "0"),
            (&dir, "cert.pem", "empty.pem", "0"),
            (&dir, "key.pem", "key.pem", "0"),
            ("nowhere", "cert.pem", "key.pem", "0"),
            (&file, "cert.pem", "key.pem", "0"),
            (&dir, "cert.pem", "key.pem", &port),
        ] {
            let (cert, key) = (house.file(cert), house.file(key));
            let args = [
                "serve",
                dir,
                "127.0.0.1",
                "-p",
                port,
                "--cert",
                &cert,
                "--key",
                &key,
            ];
            let end = lab.program(PROGRAM, &args).exits();
            lab.same("exit code", end.code, Some(1));
            lab.same("standard output", end.stdout, String::new());
            lab.holds(
                !end.stderr.is_empty(),
                "a word on standard error",
                "nothing",
            );
            let files = ["nowhere", "empty.pem", "a.txt"];
            for file in files
                .iter()
                .filter(|file| args.iter().any(|arg| arg.contains(*file)))
            {
                lab.because("Which of the files it is, only the program knows.")
                    .holds(
                        end.stderr.contains(file),
                        format!("standard error with the name {file}"),
                        format!("{:?}", end.stderr),
                    );
            }
        }
    });
}

#[test]
fn s6_serve_reads_keys_of_every_kind() {
    lab(|lab| {
        lab.why("BEGIN PRIVATE KEY is PKCS #8 (RFC 5958); BEGIN EC PRIVATE KEY is what `openssl ec` writes (RFC 5915). It is the same key.");
        let house = house();
        for key in ["key.pem", "sec1-key.pem"] {
            let (_server, addr) = server_with_key(lab, &house, key);
            gets_an_answer(lab, addr);
        }
    });
}

#[test]
fn s6_serve_64_at_a_time() {
    lab(|lab| {
        lab.why("MAX_CLIENTS clients are served at a time, each on a thread of its own. One more waits until one of them has gone: a crowd must not take all threads of the machine.");
        let (mut program, addr) = listening(lab, &["hello", "127.0.0.1", "-p", "0"]);
        let mut silent: Vec<_> = (0..MAX_CLIENTS)
            .map(|_| TcpStream::connect(addr).expect("connect to the server"))
            .collect();
        lab.note(format!("{MAX_CLIENTS} clients connect and say nothing"));
        let hello = |host: &str| Parts::with([names(&[(0, host.as_bytes())])]).record();
        let mut waits = TcpStream::connect(addr).expect("connect to the server");
        waits
            .write_all(&hello("one-more.example"))
            .expect("room for a hello");
        lab.note("one more connects, and sends its hello");
        program.settles();
        let mut last = silent.pop().expect("the last of them");
        last.write_all(&hello("last.example"))
            .expect("room for a hello");
        lab.note(format!("client {MAX_CLIENTS} sends its hello"));
        let first = program.expects_line("a line of a hello", |line| line.starts_with("name="));
        lab.holds(
            first.starts_with("name=last.example "),
            format!("the hello of client {MAX_CLIENTS}: one more than {MAX_CLIENTS} waits"),
            format!("{first:?}"),
        );
        drop(last);
        lab.note("it leaves");
        program.expects_line("a line with name=one-more.example", |line| {
            line.starts_with("name=one-more.example ")
        });
    });
}

#[test]
fn s6_serve_gives_files() {
    lab(|lab| {
        lab.why("HTTPS is HTTP in a stream: files, 404, and many requests on one connection, which ends with a close_notify. Whatever name a client asks for, there is one certificate.");
        let house = house();
        let (_server, addr) = server(lab, &house);
        for (host, protocols, agreed) in [
            (NAME, &[&b"http/1.1"[..]][..], Some(&b"http/1.1"[..])),
            ("localhost", &[b"h2", b"http/1.1"], Some(b"http/1.1")),
            ("127.0.0.1", &[], None),
        ] {
            let mut tls = client(lab, addr, host, protocols);
            let requests = [get("/a.txt", false), get("/nothing", false), get("/", true)].concat();
            let answer = talk(lab, &mut tls, &requests);
            for (want, times) in [
                ("HTTP/1.1 200", 2),
                ("HTTP/1.1 404", 1),
                ("alpha", 1),
                ("<h1>hello</h1>", 1),
            ] {
                lab.same(
                    &format!("how often {want:?} comes"),
                    answer.matches(want).count(),
                    times,
                );
            }
            lab.same("what ALPN has agreed on", tls.conn.alpn_protocol(), agreed);
        }
        let mut tls = client(lab, addr, NAME, &[]);
        let answer = talk(lab, &mut tls, &get("/large.bin", true));
        lab.same(
            "how often x comes",
            answer.matches('x').count() >= LARGE,
            true,
        );
        for (protocols, refused) in [
            (&[&b"http/1.0"[..]][..], true),
            (&[b"h2"], true),
            (&[b"HTTP/1.1", b"spdy/1"], true),
            (&[b"http/1.0", b"http/1.1"], false),
        ] {
            let mut tls = client(lab, addr, NAME, protocols);
            let error = tls
                .write_all(get("/a.txt", true).as_bytes())
                .and_then(|()| tls.flush())
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            lab.because("By ALPN it speaks http/1.1 and nothing else: who offers only others is refused in the handshake, with the alert no_application_protocol.")
                .holds(
                    error.contains("NoApplicationProtocol") == refused,
                    format!("a client that offers {:?}: refused is {refused}", protocols.iter().map(|name| String::from_utf8_lossy(name)).collect::<Vec<_>>()),
                    format!("{error:?}"),
                );
        }
        let lab = lab.because("A client that asks for a name that the certificate does not have must see the certificate, to say what is wrong.");
        let mut tls = client(&lab, addr, "mail.example.org", &[]);
        let error = tls
            .write_all(b"x")
            .and_then(|()| tls.flush())
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        lab.holds(
            error.contains("not valid for name"),
            "a certificate for another name",
            format!("{error:?}"),
        );
    });
}

#[test]
fn s6_serve_refuses_what_is_no_tls() {
    lab(|lab| {
        lab.why("An alert, a response in plain HTTP, or the end: each as the other side can understand it. No other client notices.");
        let house = house();
        let (_server, addr) = server(lab, &house);
        let mut good = client(lab, addr, NAME, &[]);
        let begun = good
            .write_all(get("/a.txt", false).as_bytes())
            .and_then(|()| good.flush());
        lab.same(
            "another client's request",
            begun.map_err(|error| error.to_string()),
            Ok(()),
        );
        for (bytes, want) in [
            (vec![0; 100_000], AlertDescription::UnexpectedMessage),
            (vec![22, 3, 1, 0xff, 0xff], AlertDescription::RecordOverflow),
            (
                Parts {
                    suites: vec![],
                    ..Parts::default()
                }
                .record(),
                AlertDescription::DecodeError,
            ),
        ] {
            let peer = lab.connect_as("a stranger", addr);
            peer.sends(&bytes);
            peer.expects(&[21, 3, 3, 0, 2, 2, want.into()]);
            peer.expects_eof();
        }
        let peer = lab.connect_as("a browser", addr);
        peer.sends(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        lab.same_bytes(
            "the answer's first bytes",
            &peer.expects_exactly(12),
            b"HTTP/1.1 400",
        );
        peer.half_closes();
        let hello = Parts::default().record();
        let peer = lab.connect_as("one who leaves", addr);
        peer.sends(&hello[..50]);
        peer.half_closes();
        peer.expects_eof();
        let peer = lab.connect_as("one who is gone", addr);
        peer.sends(&hello[..50]);
        peer.resets();
        let answer = talk(lab, &mut good, &get("/a.txt", true));
        lab.same(
            "answers to the other client",
            answer.matches("alpha").count(),
            2,
        );
    });
}

#[test]
fn s6_serve_many_at_a_time() {
    lab(|lab| {
        lab.why("Twenty clients that have connected and say nothing, one that stops in the middle of its hello, one that asks for much and reads nothing: they keep nobody from an answer.");
        let house = house();
        let (_server, addr) = server(lab, &house);
        let silent: Vec<_> = (0..20)
            .map(|_| TcpStream::connect(addr).expect("connect to the server"))
            .collect();
        lab.note("20 clients connect and say nothing");
        let slow = lab.connect_as("one who stops", addr);
        slow.sends(&Parts::default().record()[..70]);
        let mut deaf = client(lab, addr, NAME, &[]);
        let requests = get("/large.bin", false).repeat(100);
        let sent = deaf
            .write_all(requests.as_bytes())
            .and_then(|()| deaf.flush());
        lab.same(
            "the writing of one who reads nothing",
            sent.map_err(|error| error.to_string()),
            Ok(()),
        );
        gets_an_answer(lab, addr);
        drop((silent, slow));
        gets_an_answer(lab, addr);
    });
}

#[test]
fn s6_serve_takes_a_hello_in_drops() {
    lab(|lab| {
        lab.why("A hello comes in as many pieces as the network likes: here, a byte at a time.");
        let house = house();
        let (_server, addr) = server(lab, &house);
        for fragment in [None, Some(50)] {
            let mut config =
                rustls::ClientConfig::clone(&client_with(root_today().trusted(), &[&TLS13], &[]));
            config.max_fragment_size = fragment;
            let mut connection =
                ClientConnection::new(config.into(), name(NAME)).expect("a client");
            let mut hello = Vec::new();
            while connection.wants_write() {
                connection
                    .write_tls(&mut hello)
                    .expect("memory takes everything");
            }
            let mut socket = TcpStream::connect(addr).expect("connect to the server");
            socket.set_nodelay(true).expect("TCP_NODELAY");
            socket
                .set_read_timeout(Some(Duration::from_secs(5)))
                .expect("a read time-out");
            lab.note(format!(
                "a client sends its hello, byte by byte, in records of {fragment:?} bytes"
            ));
            for byte in &hello {
                socket.write_all(&[*byte]).expect("a server that reads");
            }
            let mut tls = StreamOwned::new(connection, socket);
            let answer = talk(lab, &mut tls, &get("/a.txt", true));
            lab.same("the file", answer.ends_with("alpha"), true);
        }
    });
}

#[test]
fn s6_serve_sleeps() {
    lab(|lab| {
        lab.why("At night nobody comes, and a client that was answered stays connected. Every thread waits in a call that blocks.");
        let house = house();
        let (server, addr) = server(lab, &house);
        gets_an_answer(lab, addr);
        let _silent = lab.connect_as("client A", addr);
        let half = lab.connect_as("client B", addr);
        half.sends(&Parts::default().record()[..9]);
        server.sleeps("a client comes, or a signal");
    });
}

#[test]
fn s6_ctrl_c_ends_serve() {
    lab(|lab| {
        lab.why("Ctrl-C is how a person ends a server: exit code 0, and nothing on standard error. A client that says nothing, and one that stops in the middle of its hello, have 300 ms to end, and are cut off.");
        let house = house();
        let (server, addr) = server(lab, &house);
        gets_an_answer(lab, addr);
        let _silent = lab.connect_as("client A", addr);
        let slow = lab.connect_as("client B", addr);
        slow.sends(&Parts::default().record()[..9]);
        // Else they may not have been accepted yet, and there is nobody to wait for.
        let has_accepted = server.settles();
        let began = Instant::now();
        server.is_interrupted();
        let end = server.exits();
        lab.same("exit code", end.code, Some(0));
        lab.same("standard error", end.stderr, String::new());
        let had = began.elapsed();
        lab.because("Two clients are still connected. They have 300 ms to end.")
            .holds(
                !has_accepted || had >= Duration::from_millis(250),
                "300 ms for the clients",
                format!("an end after {had:?}"),
            );
    });
}

/// A website that is valid today.
fn site(plans: &[&[Deed]]) -> Website {
    website(site_config(), plans)
}

fn site_config() -> Arc<ServerConfig> {
    let identity = root_today().issues(today(&[NAME, "localhost", "127.0.0.1", "::1"]));
    server_with(identity, &[&TLS13], &[b"h2", b"http/1.1"])
}

/// What `get` prints, says and returns.
struct Got {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

/// Runs `get` as this host, with these paths, from this server.
fn getting(lab: &Lab, house: &Folder, host: &str, paths: &[&str], addr: SocketAddr) -> Got {
    let (port, to, ca) = (
        addr.port().to_string(),
        addr.ip().to_string(),
        house.file("root.pem"),
    );
    let args = [
        &["get", host][..],
        paths,
        &["-p", &port, "--to", &to, "--ca", &ca],
    ]
    .concat();
    let output = lab.output(PROGRAM, &args, b"");
    Got {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn s6_get_prints_what_is_there() {
    lab(|lab| {
        lab.why("Bytes as they come, and nothing between them: over one connection, since every handshake costs a round trip. Host says whom you mean, with the port where it is not 443.");
        let house = house();
        for (host, paths) in [
            (NAME, &["/"][..]),
            ("::1", &["/six"]),
            ("[::1]", &["/six"]),
            (NAME, &["/a", "/b?c", "/a"]),
            ("127.0.0.1", &["/x"]),
            ("WWW.Example.Org", &["/y"]),
        ] {
            let site = site(&[]);
            let got = getting(lab, &house, host, paths, site.addr);
            lab.same("exit code", (got.code, &got.stderr[..]), (Some(0), ""));
            lab.same_bytes("standard output", &got.stdout, &PAGE.repeat(paths.len()));
            lab.same("connections", site.handshakes().len(), 1);
            lab.because("The client offers http/1.1 by ALPN and nothing else: this server would speak h2 as well.")
                .same(
                    "the protocol that was agreed on",
                    site.protocols(),
                    vec![Some(b"http/1.1".to_vec())],
                );
            let heads = site.heads();
            for (head, path) in heads.iter().zip(paths) {
                let mut lines = head.lines();
                lab.same(
                    "the request line",
                    lines.next(),
                    Some(&format!("GET {path} HTTP/1.1")[..]),
                );
                let host = match host.contains("::") {
                    true => "[::1]",
                    false => host,
                };
                let want = format!("host: {}:{}", host.to_lowercase(), site.addr.port());
                let hosts: Vec<_> = lines
                    .map(str::to_lowercase)
                    .filter(|line| line.starts_with("host:"))
                    .collect();
                lab.same("Host", hosts, vec![want]);
            }
        }
        lab.scene("without --to, the name is resolved");
        let site = site(&[]);
        let (port, ca) = (site.addr.port().to_string(), house.file("root.pem"));
        let output = lab.output(
            PROGRAM,
            &["get", "127.0.0.1", "/", "-p", &port, "--ca", &ca],
            b"",
        );
        lab.same_bytes("standard output", &output.stdout, PAGE);
        for ca in ["strangers.pem", "and-strangers.pem"] {
            lab.scene("a file with two roots");
            let ca = house.file(ca);
            let args = ["get", "127.0.0.1", "/", "-p", &port, "--ca", &ca];
            let output = lab.output(PROGRAM, &args, b"");
            lab.because("--ca has the certificates of those who are believed: all of them.")
                .same(
                    "exit code, and standard error",
                    (
                        output.status.code(),
                        String::from_utf8_lossy(&output.stderr).into_owned(),
                    ),
                    (Some(0), String::new()),
                );
        }
        for status in ["201 Created", "206 Partial Content", "299 Odd"] {
            lab.scene(format!("an answer with {status}"));
            let site = self::site(&[&[Deed::AnswersAs(status)]]);
            let got = getting(lab, &house, NAME, &["/"], site.addr);
            let lab = lab.because("2xx is success: 200 to 299 (RFC 9110 §15.3).");
            lab.same("exit code", (got.code, &got.stderr[..]), (Some(0), ""));
            lab.same_bytes("standard output", &got.stdout, PAGE);
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which has a device that is always full"
)]
fn s6_get_what_cannot_be_printed_has_failed() {
    lab(|lab| {
        lab.why("A page that cannot be printed was not got: the disk is full, or its reader has gone. println! panics there, with exit code 101.");
        let house = house();
        for what in FULL_OUTPUTS {
            lab.scene(format!("standard output is {what}"));
            let site = site(&[]);
            let (port, ca) = (site.addr.port().to_string(), house.file("root.pem"));
            let args = ["get", "127.0.0.1", "/", "-p", &port, "--ca", &ca];
            let output = lab.output_into(takes_nothing(what), PROGRAM, &args, b"");
            lab.same(
                "exit code, and something on standard error",
                (output.status.code(), output.stderr.is_empty()),
                (Some(1), false),
            );
            let output = lab.output_into(takes_nothing(what), PROGRAM, &["--help"], b"");
            lab.because("Help that was asked for and cannot be printed has failed, too.")
                .same("exit code of --help", output.status.code(), Some(1));
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, for a network of the test's own, in which all ports are free"
)]
fn s6_get_host_has_the_port_if_it_is_not_443() {
    lab(|lab| {
        lab.why("443 is what https means, so a client leaves it out of Host (RFC 9110 §4.2.2, §7.2). 8443 is this program's default and nobody else's: it is said.");
        let shell = lab.own_network("ip link set lo up");
        let here = site(&[]);
        let got = getting(lab, &house(), NAME, &["/"], here.addr);
        lab.same("exit code", got.code, Some(0));
        let end = lab.elsewhere(&shell, || {
            let house = house();
            for port in [443, 8443, 80] {
                let site = website_at(port, site_config(), &[]);
                let got = getting(lab, &house, NAME, &["/"], site.addr);
                let heads = site.heads();
                let hosts = heads.iter().flat_map(|head| head.lines());
                let host = hosts.filter(|line| line.to_lowercase().starts_with("host:"));
                println!("\n{port}: {:?} {}", got.code, host.collect::<String>());
            }
        });
        for (port, host) in [
            (443, NAME),
            (8443, "www.example.org:8443"),
            (80, "www.example.org:80"),
        ] {
            let beginning = format!("{port}: ");
            let line = end.stdout.lines().find(|line| line.starts_with(&beginning));
            let line = line.map(str::to_lowercase);
            lab.same(
                &format!("port {port}: exit code and Host"),
                line.as_deref(),
                Some(&format!("{port}: some(0) host: {host}")[..]),
            );
        }
    });
}

/// A website with this certificate.
fn site_of(identity: Identity) -> (Website, Arc<ServerConfig>) {
    let config = server_of(identity);
    (website(config.clone(), &[]), config)
}

#[test]
fn s6_get_says_whom_it_does_not_believe() {
    lab(|lab| {
        lab.why("A person has to decide what to do, and a certificate that expired yesterday is another story than an impostor. There is no option to go on: nothing is printed, and nothing was asked.");
        let house = house();
        let root = root_today();
        let client_paper = || today(&[NAME]).for_clients();
        let mut forged = root.issues(today(&[NAME]));
        let mut bytes = forged.chain[0].to_vec();
        // The last byte belongs to the signature.
        *bytes.last_mut().expect("a certificate") ^= 1;
        forged.chain[0] = bytes.into();
        for (what, identity, host, words) in [
            (
                "that has expired",
                root.issues(paper(&[NAME]).valid((2001, 2002))),
                NAME,
                "has expired",
            ),
            (
                "of the future",
                root.issues(paper(&[NAME]).valid((2098, 2099))),
                NAME,
                "is not valid yet",
            ),
            (
                "for another name",
                root.issues(today(&["example.org"])),
                NAME,
                "is for another name",
            ),
            (
                "for a name that ends alike",
                root.issues(today(&["evil-www.example.org"])),
                NAME,
                "is for another name",
            ),
            (
                "for a pattern of two labels",
                root.issues(today(&["*.org"])),
                NAME,
                "is for another name",
            ),
            (
                "for a name, and an address was asked for",
                root.issues(today(&["localhost"])),
                "127.0.0.1",
                "is for another name",
            ),
            (
                "of a stranger",
                stranger().issues(today(&[NAME])),
                NAME,
                "has an unknown issuer",
            ),
            (
                "that its owner has signed",
                self_signed(today(&[NAME])),
                NAME,
                "has an unknown issuer",
            ),
            (
                "for clients",
                root.issues(client_paper()),
                NAME,
                "is not for a server",
            ),
            (
                "with a signature that is wrong",
                forged,
                NAME,
                "cannot be believed",
            ),
        ] {
            lab.scene(format!("a certificate {what}"));
            let (site, _) = site_of(identity);
            let got = getting(lab, &house, host, &["/"], site.addr);
            lab.same("exit code", got.code, Some(1));
            lab.same_bytes("standard output", &got.stdout, b"");
            lab.holds(
                got.stderr.contains(words),
                format!("standard error with `{words}`"),
                format!("{:?}", got.stderr),
            );
            lab.same("requests that the server got", site.heads().len(), 0);
        }
    });
}

#[test]
fn s6_get_tells_what_failed() {
    lab(|lab| {
        lab.why("A page that is not there, one that was cut off, and a server that has left: each fails by itself, with the path in the message, and the next one is fetched all the same. Half of a page is never printed.");
        let house = house();
        let site = site(&[
            &[
                Deed::AnswersAs("404 Not Found"),
                Deed::AnswersAs("301 Moved Permanently"),
                Deed::Answers,
                Deed::AnswersHalf,
                Deed::HangsUp,
            ],
            &[Deed::AnswersHalf, Deed::HangsUp],
            &[],
        ]);
        let got = getting(
            lab,
            &house,
            NAME,
            &["/no", "/elsewhere", "/yes", "/half", "/last"],
            site.addr,
        );
        lab.same("exit code", got.code, Some(1));
        let pages = got.stdout.len() / PAGE.len();
        lab.same_bytes("standard output", &got.stdout, &PAGE.repeat(pages));
        lab.holds(
            (1..=2).contains(&pages),
            "the page /yes, and perhaps /last",
            format!("{pages} pages"),
        );
        for words in ["/no", "404", "/elsewhere", "301", "/half"] {
            lab.holds(
                got.stderr.contains(words),
                format!("standard error with {words}"),
                format!("{:?}", got.stderr),
            );
        }
        lab.scene("the first page is not there, and the last one is");
        let site = self::site(&[&[Deed::AnswersAs("404 Not Found"), Deed::Answers]]);
        let got = getting(lab, &house, NAME, &["/no", "/yes"], site.addr);
        lab.same("exit code", got.code, Some(1));
        lab.same_bytes("standard output", &got.stdout, PAGE);
        lab.scene("nobody is there");
        let refused = lab.refused();
        let got = getting(lab, &house, NAME, &["/"], refused.addr());
        lab.same(
            "exit code, and something on standard error",
            (got.code, got.stderr.is_empty()),
            (Some(1), false),
        );
        lab.scene("roots that cannot be read");
        for ca in ["nowhere.pem", "empty.pem", "key.pem"] {
            let ca = house.file(ca);
            let output = lab.output(
                PROGRAM,
                &["get", "127.0.0.1", "/", "-p", "1", "--ca", &ca],
                b"",
            );
            let stderr = String::from_utf8_lossy(&output.stderr);
            lab.same("exit code", output.status.code(), Some(1));
            lab.holds(
                stderr.contains(&ca),
                format!("standard error with {ca}, which has no certificate"),
                format!("{stderr:?}"),
            );
        }
    });
}

#[test]
fn s6_get_from_serve() {
    lab(|lab| {
        lab.why("Both ends are yours now.");
        let house = house();
        let (_server, addr) = server(lab, &house);
        for host in [NAME, "localhost", "127.0.0.1"] {
            let got = getting(lab, &house, host, &["/a.txt", "/", "/large.bin"], addr);
            lab.same("exit code", (got.code, &got.stderr[..]), (Some(0), ""));
            let want = [&b"alpha<h1>hello</h1>"[..], &vec![b'x'; LARGE]].concat();
            lab.same_bytes("standard output", &got.stdout, &want);
        }
        let got = getting(lab, &house, "mail.example.org", &["/a.txt"], addr);
        let lab = lab.because(
            "Whom you mean is the name that was typed, not the address that it was sent to.",
        );
        lab.same("exit code as somebody else", got.code, Some(1));
        lab.holds(
            got.stderr.contains("is for another name"),
            "standard error with `is for another name`",
            format!("{:?}", got.stderr),
        );
    });
}

#[test]
fn s6_hello_shows_what_is_in_the_clear() {
    lab(|lab| {
        lab.why("Nothing of this is encrypted, and so it can be shown without a key. The client hears handshake_failure, since a look was all.");
        let (mut program, addr) = listening(lab, &["hello", "127.0.0.1", "-p", "0"]);
        let odd = Parts::with([
            names(&[(0, b"A.Example")]),
            protocols(&[b"\x0a\x0a", b"h 2", b"caf\xc3\xa9\xff"]),
            versions(&[0x7a7a, 0x0304]),
        ]);
        let odd = Parts {
            suites: vec![0x1a, 0x1a, 0x13, 0x01, 0x0a, 0x0a],
            ..odd
        };
        for (bytes, want) in [
            (
                from_hex(CURL),
                "name=www.example.org alpn=h2,http/1.1 versions=0304,0303,0302,0301 suites=31",
            ),
            (
                from_hex(OPENSSL),
                "name=mail.example.org alpn=h2,http/1.1 versions=0304,0303,0302,0301 suites=31",
            ),
            (from_hex(OLD), "name=- alpn=- versions=0303 suites=28"),
            (
                odd.record(),
                r"name=a.example alpn=\x0a\x0a,h\x202,caf\xc3\xa9\xff versions=7a7a,0304 suites=3",
            ),
        ] {
            let peer = lab.connect_as("a client", addr);
            peer.sends(&bytes);
            program.expects_line(&format!("the line `{want}`"), |line| line == want);
            peer.expects(&[21, 3, 3, 0, 2, 2, AlertDescription::HandshakeFailure.into()]);
            peer.expects_eof();
        }
        lab.note("three clients connect and leave, two of them in the middle of their hello");
        for bytes in [&b""[..], &from_hex(CURL)[..100], &from_hex(OPENSSL)[..1]] {
            let peer = lab.connect_as("a client that leaves", addr);
            peer.sends(bytes);
            peer.half_closes();
            peer.expects_eof();
        }
        let lab = lab.because("A client that has said nothing wrong has not been refused: there is a line for each hello, and for each refusal.");
        for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 9]] {
            let peer = lab.connect_as("somebody else", addr);
            peer.sends(bytes);
            let mut first = [0; 8];
            first.copy_from_slice(&[&peer.expects_exactly(7)[..], b" "].concat());
            let want: &[u8] = match bytes[0] {
                b'G' => b"HTTP/1. ",
                _ => &[21, 3, 3, 0, 2, 2, 10, b' '],
            };
            lab.same_bytes("the answer's first bytes", &first, want);
            peer.half_closes();
            program.expects_line("a line `refused: …`", |line| {
                line.starts_with("refused: ")
            });
        }
        let count = |text: &str, beginning: &str| {
            text.lines()
                .filter(|line| line.starts_with(beginning))
                .count()
        };
        program.is_interrupted();
        let end = program.exits();
        lab.same("exit code", end.code, Some(0));
        lab.same(
            "lines of hellos, and of refusals",
            (count(&end.stdout, "name="), count(&end.stdout, "refused: ")),
            (4, 2),
        );
    });
}

#[test]
fn s6_hello_many_at_a_time() {
    lab(|lab| {
        lab.why("One that has connected and says nothing keeps nobody from being heard.");
        let (mut program, addr) = listening(lab, &["hello", "127.0.0.1", "-p", "0"]);
        let _silent: Vec<_> = (0..5)
            .map(|_| lab.connect_as("a silent client", addr))
            .collect();
        for nth in 0..3 {
            let host = format!("host-{nth}.example");
            let peer = lab.connect_as("a client", addr);
            peer.dribbles(&Parts::with([names(&[(0, host.as_bytes())])]).record());
            program.expects_line(&format!("a line with name={host}"), |line| {
                line.starts_with(&format!("name={host} "))
            });
        }
        program.sleeps("a client comes, or a signal");
    });
}
