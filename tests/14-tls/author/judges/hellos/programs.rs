//! Hellos of programs and libraries. Each program is asked to talk to a port of this test, which takes its first record
//! and hangs up.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use rustls::time_provider::DefaultTimeProvider;
use rustls::{ClientConnection, RootCertStore};
use tls::{client_config, server_name};

use super::Flight;
use netlab::needs::installed;

/// What `openssl s_client` is asked for besides.
const OPENSSL: [&[&str]; 17] = [
    &[],
    &["-noservername"],
    &["-servername", "WWW.Shop.Test"],
    &[
        "-servername",
        "a-very-long-name.with.many.labels.and-dashes.shop.test",
    ],
    &["-alpn", "h2,http/1.1"],
    &["-alpn", "http/1.0"],
    &["-tls1_3"],
    &["-tls1_2"],
    &["-tls1_2", "-alpn", "h2", "-servername", "shop.test"],
    &["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
    &["-tls1_2", "-cipher", "ECDHE+AESGCM"],
    &["-groups", "P-256:X25519"],
    &["-sigalgs", "ECDSA+SHA256:RSA-PSS+SHA256"],
    &["-status"],
    &["-no_ticket"],
    &["-legacy_renegotiation", "-no_etm"],
    &["-maxfraglen", "512"],
];

/// What `curl` is asked for besides.
const CURL: [&[&str]; 10] = [
    &[],
    &["--http1.1"],
    &["--http1.0"],
    &["--http2"],
    &["--no-alpn"],
    &["--tls-max", "1.2"],
    &["--tlsv1.3"],
    &["--tls13-ciphers", "TLS_AES_256_GCM_SHA384"],
    &[
        "--tls-max",
        "1.2",
        "--ciphers",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
    ],
    &["--curves", "P-384"],
];

/// Python's `ssl` writes into memory. Each line is a hello, in hexadecimal digits.
const PYTHON: &str = r#"
import ssl
def hello(name, **settings):
    context = ssl.create_default_context()
    context.check_hostname = name is not None
    for key, value in settings.items():
        member = getattr(context, key)
        member(value) if callable(member) else setattr(context, key, value)
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        print(out.read().hex())
hello("shop.test")
hello(None)
hello("127.0.0.1")
hello("xn--bcher-kva.test", set_alpn_protocols=["h2", "http/1.1"])
hello("shop.test", set_alpn_protocols=["x" * 255, "y"])
hello("shop.test", maximum_version=ssl.TLSVersion.TLSv1_2)
hello("shop.test", minimum_version=ssl.TLSVersion.TLSv1_3)
hello("shop.test", set_ciphers="AES128-GCM-SHA256", set_ecdh_curve="secp521r1")
"#;

pub fn flights() -> Vec<Flight> {
    let mut flights = Vec::new();
    if let Some(openssl) = installed("openssl", "version") {
        for options in OPENSSL {
            let hello = first_record(|addr| {
                let mut command = Command::new(openssl);
                command.args(["s_client", "-connect", &addr.to_string()]);
                command.args(options);
                command
            });
            flights.push(flight("openssl s_client", options, hello));
        }
    }
    if let Some(curl) = installed("curl", "--version") {
        for options in CURL {
            for host in ["shop.test", "127.0.0.1"] {
                let hello = first_record(|addr| {
                    let mut command = Command::new(curl);
                    command.args(["-sS", "--max-time", "20", "--resolve"]);
                    command.arg(format!("shop.test:{}:127.0.0.1", addr.port()));
                    command.arg(format!("https://{host}:{}/", addr.port()));
                    command.args(options);
                    command
                });
                flights.push(flight(&format!("curl {host}"), options, hello));
            }
        }
    }
    if let Some(python) = installed("python3", "--version") {
        let said = Command::new(python).args(["-c", PYTHON]).output();
        let said = String::from_utf8(said.expect("python runs").stdout).expect("digits");
        for (n, line) in said.lines().enumerate() {
            flights.push(flight(&format!("python, number {n}"), &[], from_hex(line)));
        }
    }
    let protocols: [&[&[u8]]; 2] = [&[], &[b"h2", b"http/1.1"]];
    for host in ["shop.test", "WWW.Shop.Test.", "127.0.0.1", "::1"] {
        for protocols in protocols {
            let from = format!("rustls for {host}, {} protocols", protocols.len());
            flights.push(flight(&from, &[], of_rustls(host, protocols)));
        }
    }
    flights
}

fn flight(from: &str, options: &[&str], bytes: Vec<u8>) -> Flight {
    Flight::new(format!("{from} {}", options.join(" ")), bytes)
}

/// What comes first from a program that is told to connect here.
fn first_record(command: impl Fn(SocketAddr) -> Command) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    let mut command = command(addr);
    command.stdin(Stdio::piped()); // open, since s_client leaves at the end of its input
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it runs");
    let stdin = child.stdin.take();
    let ends = thread::spawn(move || {
        let _ = child.wait();
        // If it has never connected, this ends the wait for it.
        TcpStream::connect(addr).map(drop)
    });
    let (mut stream, _) = listener.accept().expect("a client");
    let mut record = vec![0; 5];
    let came = stream.read_exact(&mut record);
    came.unwrap_or_else(|error| panic!("{command:?} says nothing: {error}"));
    let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
    record.resize(5 + length, 0);
    stream.read_exact(&mut record[5..]).expect("all of it");
    drop((stream, stdin));
    let _ = ends.join();
    record
}

fn of_rustls(host: &str, protocols: &[&[u8]]) -> Vec<u8> {
    let time = Arc::new(DefaultTimeProvider);
    let config = client_config(RootCertStore::empty(), protocols, time).expect("a config");
    let name = server_name(host).expect("a name");
    let mut connection = ClientConnection::new(config, name).expect("a connection");
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).expect("memory");
    hello.flush().expect("memory");
    hello
}

fn from_hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("ASCII");
            u8::from_str_radix(pair, 16).expect("two digits")
        })
        .collect()
}
