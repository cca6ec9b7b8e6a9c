//! A server for each certificate, and the clients that judge it.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use concurrent_server::SystemClock;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::DefaultTimeProvider;
use rustls::{ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tls::{Doubt, Tcp, TlsStream, client_config, doubt, provider, server_name};

use super::Case;
use crate::paper::pem;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// What our client finds wrong with it.
pub fn ours(case: &Case) -> Option<Doubt> {
    let (addr, server) = serves(case);
    let mut roots = RootCertStore::empty();
    for root in &case.roots {
        roots.add(root.clone()).expect("a certificate");
    }
    let config = client_config(roots, &[], Arc::new(DefaultTimeProvider)).expect("a config");
    let name = server_name(case.host).expect("a name");
    let connection = ClientConnection::new(config, name).expect("a connection");
    let tcp = Tcp(TcpStream::connect(addr).expect("it listens"));
    let mut stream = TlsStream::new(connection, tcp, Arc::new(SystemClock::new()));
    let error = stream.handshake().err().map(|error| {
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        inner
            .and_then(doubt)
            .unwrap_or_else(|| panic!("{}: {error:?}", case.name))
    });
    drop(stream);
    server.join().expect("the server ends");
    error
}

/// Whether curl takes a page from it.
pub fn curl(case: &Case) -> bool {
    let (addr, server) = serves(case);
    let roots = Roots::of(case);
    let port = addr.port();
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "20", "--cacert"])
        .arg(&roots.0);
    curl.args(["--resolve", &format!("{}:{port}:127.0.0.1", case.host)]);
    let accepts = succeeds(curl.arg(format!("https://{}:{port}/", case.host)));
    server.join().expect("the server ends");
    accepts
}

/// Whether s_client, told to be strict, shakes hands with it.
pub fn openssl(case: &Case) -> bool {
    let (addr, server) = serves(case);
    let roots = Roots::of(case);
    let mut openssl = Command::new("openssl");
    openssl.args([
        "s_client",
        "-verify_return_error",
        "-connect",
        &addr.to_string(),
    ]);
    openssl.arg("-CAfile").arg(&roots.0);
    match case.host.parse::<IpAddr>() {
        Ok(_) => openssl.args(["-noservername", "-verify_ip", case.host]),
        Err(_) => openssl.args(["-servername", case.host, "-verify_hostname", case.host]),
    };
    let accepts = succeeds(&mut openssl);
    server.join().expect("the server ends");
    accepts
}

fn succeeds(command: &mut Command) -> bool {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().expect("it runs").success()
}

/// Serves one client with what the case shows, whether it fits together or not.
fn serves(case: &Case) -> (SocketAddr, JoinHandle<()>) {
    let provider = provider();
    let key = PrivateKeyDer::from_pem_slice(case.key.as_bytes()).expect("a key");
    let key = provider
        .key_provider
        .load_private_key(key)
        .expect("a key of P-256");
    let shown = SingleCertAndKey::from(CertifiedKey::new(case.chain.clone(), key));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("a version")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    let server = thread::spawn(move || {
        let (tcp, _) = listener.accept().expect("a client");
        let connection = ServerConnection::new(Arc::new(config)).expect("a connection");
        let mut stream = StreamOwned::new(connection, tcp);
        // A client that refuses is none of the server's business.
        let mut request = [0; 4096];
        if stream.read(&mut request).is_ok() && stream.write_all(ANSWER).is_ok() {
            stream.conn.send_close_notify();
            let _ = stream.flush();
            let _ = stream.sock.shutdown(Shutdown::Write);
            let _ = stream.sock.read_to_end(&mut Vec::new());
        }
    });
    (addr, server)
}

/// A file with the roots of a case, as long as this lives.
struct Roots(PathBuf);

impl Roots {
    fn of(case: &Case) -> Roots {
        let name = format!(
            "loopback-14-{}-{:?}.pem",
            std::process::id(),
            thread::current().id()
        );
        let path = std::env::temp_dir().join(name);
        fs::write(&path, pem(&case.roots)).expect("a file");
        Roots(path)
    }
}

impl Drop for Roots {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
