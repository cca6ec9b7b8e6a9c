//! The reference answer beside programs that everybody has: curl and `openssl s_client` ask it, and it asks nginx and
//! `openssl s_server`. Who is not installed is left out, with a word. Everything stays in 127.0.0.0/8.

extern crate tls_solution as tls;

#[path = "../certificates.rs"]
#[allow(dead_code)] // the step tests use the rest
mod certificates;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use certificates::{Authority, authority_until, key_pem, paper, pem};
use netlab::Folder;
#[cfg(unix)]
use netlab::needs::relays;
use netlab::needs::{Ends, installed, starts};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// One byte, some records, and more than a socket's buffer holds.
const SIZES: [usize; 3] = [1, 30_000, 900_000];

const VALID: (i32, i32) = (2020, 2099);

#[test]
fn curl_is_served() {
    let Some(curl) = installed("curl", "--version") else {
        return;
    };
    let folder = folder();
    let (_server, addr) = serves(&folder);
    let port = addr.port();
    let asks = |options: &[&str], urls: &[&str]| {
        let mut curl = Command::new(curl);
        curl.args(["-sS", "--max-time", "20", "-w"]);
        curl.arg("%{http_code} %{num_connects} %{http_version} %{size_download},");
        curl.args(options);
        for url in urls {
            curl.args(["-o", "-", &url.replace("PORT", &port.to_string())]);
        }
        let said = curl.current_dir(folder.path()).output().expect("curl runs");
        // The bodies are letters x, and go.
        let words = String::from_utf8_lossy(&said.stdout).replace('x', "");
        (said.status.code(), words)
    };
    let done = |words: &str| (Some(0), words.to_owned());
    const CA: [&str; 2] = ["--cacert", "ca.pem"];
    let files = SIZES.map(|size| format!("https://localhost:PORT/{size}"));
    let files = files.each_ref().map(String::as_str);

    // Three files over one connection, in HTTP/1.1, though curl has offered HTTP/2 as well.
    assert_eq!(
        asks(&CA, &files),
        done("200 1 1.1 1,200 0 1.1 30000,200 0 1.1 900000,")
    );
    let by_address = ["https://127.0.0.1:PORT/1"];
    assert_eq!(asks(&CA, &by_address), done("200 1 1.1 1,"));
    for option in ["--no-alpn", "--http1.1", "--tlsv1.3"] {
        let (code, words) = asks(&[&CA[..], &[option]].concat(), &files[..1]);
        assert_eq!(code, Some(0), "{option}: {words}");
        assert!(words.starts_with("200 1 "), "{option}: {words}");
    }
    // 60: the certificate is not believed. 35: no handshake. (With --http1.0, curl offers http/1.0 alone.)
    assert_eq!(asks(&[], &files[..1]).0, Some(60), "without the root");
    for options in [&["--tls-max", "1.2"][..], &["--http1.0"]] {
        let (code, words) = asks(&[&CA[..], options].concat(), &files[..1]);
        assert_eq!(code, Some(35), "{options:?}: {words}");
    }
    let (code, words) = asks(&[], &["http://localhost:PORT/1"]);
    assert_eq!(code, Some(0), "plain HTTP is answered");
    assert!(
        words.contains("https") && words.contains("400 1 "),
        "{words}"
    );
}

#[test]
fn s_client_is_served() {
    let Some(openssl) = installed("openssl", "version") else {
        return;
    };
    let folder = folder();
    let (_server, addr) = serves(&folder);
    let asks = |options: &str| {
        let mut openssl = Command::new(openssl);
        openssl.args([
            "s_client",
            "-connect",
            &addr.to_string(),
            "-CAfile",
            "ca.pem",
        ]);
        openssl.args([
            "-verify_return_error",
            "-ign_eof",
            "-servername",
            "localhost",
        ]);
        openssl.args(["-verify_hostname", "localhost"]);
        openssl.args(options.split(' ').filter(|option| !option.is_empty()));
        openssl
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = openssl
            .current_dir(folder.path())
            .spawn()
            .expect("openssl runs");
        let request = b"GET /30000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        // It may have ended before it was asked.
        let _ = child.stdin.take().expect("piped").write_all(request);
        let said = child.wait_with_output().expect("openssl ends");
        let words = [said.stdout, said.stderr].concat();
        (
            said.status.code(),
            String::from_utf8_lossy(&words).into_owned(),
        )
    };
    let page = "x".repeat(30_000);
    let good = [
        "",
        "-alpn http/1.1",
        "-alpn h2,http/1.1",
        "-ciphersuites TLS_AES_128_GCM_SHA256",
        "-ciphersuites TLS_AES_256_GCM_SHA384",
        "-ciphersuites TLS_CHACHA20_POLY1305_SHA256",
        "-groups X25519",
        "-groups P-256",
        "-groups P-384",
        "-max_send_frag 512",
        "-sess_out session",
    ];
    for options in good {
        let (code, words) = asks(options);
        let whole = words.contains(&page) && words.contains("New, TLSv1.3");
        assert!(whole && code == Some(0), "{options}: {code:?} {words}");
    }
    let (code, words) = asks("-sess_in session");
    assert!(words.contains("Reused, TLSv1.3"), "{words}");
    assert!(words.contains(&page) && code == Some(0), "{code:?}");
    let refused = [
        ("-alpn h2", "no application protocol"),
        ("-tls1_2", "protocol version"),
    ];
    for (options, alert) in refused {
        let (code, words) = asks(options);
        assert!(
            words.contains(alert) && code == Some(1),
            "{options}: {words}"
        );
    }
}

#[cfg(unix)]
#[test]
fn nginx_is_asked() {
    let Some(nginx) = installed("nginx", "-v") else {
        return;
    };
    let folder = folder();
    let at = folder.path().join("socket");
    let config = format!(
        "daemon off; master_process off; pid pid; error_log errors; user root;\n\
         events {{}}\n\
         http {{\n\
         access_log off;\n\
         client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
         ssl_certificate chain.pem; ssl_certificate_key key.pem;\n\
         server {{ listen unix:{0} ssl; root {1}; ssl_protocols TLSv1.2 TLSv1.3;\n\
         location = /seen {{ return 200 \"$connection_requests $ssl_protocol $ssl_server_name\"; }} }}\n\
         server {{ listen unix:{0}-old ssl; root {1}; ssl_protocols TLSv1.2; }}\n\
         }}\n",
        at.display(),
        folder.path().display()
    );
    fs::write(folder.path().join("nginx.conf"), config).expect("a file");
    let mut command = Command::new(nginx);
    command.args(["-c", "nginx.conf", "-p"]).arg(folder.path());
    let mut server = Ends(command.spawn().expect("nginx starts"));
    let old = folder.path().join("socket-old");
    while UnixStream::connect(&old).is_err() {
        let ended = server.0.try_wait().expect("a process");
        let errors = fs::read_to_string(folder.path().join("errors"));
        assert!(ended.is_none(), "nginx ends: {errors:?}");
        thread::sleep(Duration::from_millis(10));
    }
    let (port, old) = (relays(at), relays(old));

    let said = gets(
        &folder,
        "localhost",
        &["/1", "/30000", "/900000", "/seen"],
        port,
    );
    let (files, seen) = said.stdout.split_at(SIZES.iter().sum());
    assert!(files.iter().all(|&byte| byte == b'x'), "the files");
    assert_eq!(
        seen, b"4 TLSv1.3 localhost",
        "one connection for all of them"
    );
    assert_eq!(said.status.code(), Some(0));
    // An address is not sent as SNI. After a 404 the connection goes on.
    let said = gets(&folder, "127.0.0.1", &["/nothing", "/1", "/seen"], port);
    assert_eq!(String::from_utf8_lossy(&said.stdout), "x3 TLSv1.3 ");
    assert_eq!(said.status.code(), Some(1));
    for (host, port, words) in [
        ("www.shop.test", port, "is for another name"),
        ("localhost", old, "version"),
    ] {
        let said = gets(&folder, host, &["/1"], port);
        let error = String::from_utf8_lossy(&said.stderr).to_ascii_lowercase();
        assert!(error.contains(words), "{host}: {error}");
        assert_eq!((said.status.code(), said.stdout.len()), (Some(1), 0));
    }
}

#[test]
fn s_server_is_asked() {
    let Some(openssl) = installed("openssl", "version") else {
        return;
    };
    let folder = folder();
    let suites = "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256";
    for suite in suites.split(' ') {
        let mut server = Command::new(openssl);
        server.args(["s_server", "-accept", "127.0.0.1:0", "-WWW"]);
        server.args([
            "-cert",
            "chain.pem",
            "-cert_chain",
            "chain.pem",
            "-key",
            "key.pem",
        ]);
        server.args(["-ciphersuites", suite]);
        let (_server, addr) = starts(server.current_dir(folder.path()));
        for size in SIZES {
            // HTTP/1.0, and a body that ends with the connection.
            let said = gets(&folder, "localhost", &[&format!("/{size}")], addr.port());
            let came = (said.status.code(), said.stdout.len());
            assert_eq!(came, (Some(0), size), "{suite}: {said:?}");
        }
    }
}

/// A server that leaves in the middle of a body without a length, and without a word. What others make of it is
/// only told.
#[test]
fn a_page_that_is_cut_off() {
    let folder = folder();
    let identity = issuer().issues(paper(&["localhost"]).valid(VALID));
    let config = ServerConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .expect("a version")
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .expect("a key and its certificate");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(config.clone()).expect("a connection");
            let mut stream = StreamOwned::new(connection, client);
            let _ = stream.read(&mut [0; 1000]);
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nrm -r /");
            let _ = stream.sock.shutdown(std::net::Shutdown::Write);
            let _ = stream.sock.read_to_end(&mut Vec::new());
        }
    });
    let said = gets(&folder, "localhost", &["/"], port);
    assert_eq!((said.status.code(), said.stdout.len()), (Some(1), 0));

    let url = format!("https://localhost:{port}/");
    let python = "import ssl, sys, urllib.request\n\
                  context = ssl.create_default_context(cafile='ca.pem')\n\
                  print(urllib.request.urlopen(sys.argv[1], context=context).read().decode())";
    for (program, version, arguments) in [
        (
            "curl",
            "--version",
            &["-sS", "--cacert", "ca.pem", &url][..],
        ),
        ("python3", "--version", &["-c", python, &url]),
    ] {
        if let Some(program) = installed(program, version) {
            let mut command = Command::new(program);
            let said = command.args(arguments).current_dir(folder.path()).output();
            let said = said.expect("it runs");
            let (status, page) = (said.status, String::from_utf8_lossy(&said.stdout));
            println!("{program}: {status}, and prints {page:?}");
        }
    }
}

fn issuer() -> Authority {
    authority_until("a root", 0, VALID)
}

/// Files of [`SIZES`], named for them, a certificate, its key and its issuer.
fn folder() -> Folder {
    let root = issuer();
    let paper = paper(&["localhost", "127.0.0.1"]).valid(VALID);
    let folder = Folder::new()
        .with("ca.pem", pem(&root.chain))
        .with("chain.pem", pem(&root.issues(paper).chain))
        .with("key.pem", key_pem(2));
    SIZES.iter().fold(folder, |folder, size| {
        folder.with(&size.to_string(), "x".repeat(*size))
    })
}

/// The reference server, with a folder's files.
fn serves(folder: &Folder) -> (Ends, SocketAddr) {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_sol14"));
    serve.args(["serve", ".", "127.0.0.1", "-p", "0"]);
    serve.args(["--cert", "chain.pem", "--key", "key.pem"]);
    starts(serve.current_dir(folder.path()))
}

/// What the reference client makes of a host that is reached at this port.
fn gets(folder: &Folder, host: &str, paths: &[&str], port: u16) -> Output {
    let mut get = Command::new(env!("CARGO_BIN_EXE_sol14"));
    get.args(["get", host]).args(paths);
    get.args([
        "--ca",
        "ca.pem",
        "--to",
        "127.0.0.1",
        "-p",
        &port.to_string(),
    ]);
    get.current_dir(folder.path()).output().expect("it runs")
}
