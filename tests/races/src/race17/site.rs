//! The server that all of them ask, with a certificate that was made for the tests of chapter 17.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tls_solution::{Identity, server_config};

use crate::server;

const CERTIFICATE: &[u8] = include_bytes!("../../../17-type-a-url/world/site.pem");
const KEY: &[u8] = include_bytes!("../../../17-type-a-url/world/site-key.pem");

/// Answers each client once, with as many bytes as the path says.
pub fn serve() -> io::Result<()> {
    let chain = CertificateDer::pem_slice_iter(CERTIFICATE);
    let identity = Identity {
        chain: chain.collect::<Result<_, _>>().map_err(io::Error::other)?,
        key: PrivateKeyDer::from_pem_slice(KEY).map_err(io::Error::other)?,
    };
    let config = server_config(identity, &[b"http/1.1"]).map_err(io::Error::other)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    server::listening(listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept()?;
        let config = config.clone();
        thread::spawn(move || answers(stream, config));
    }
}

fn answers(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let mut first = String::new();
    stream.read_line(&mut first)?;
    let mut line = first.clone();
    while !line.trim_end().is_empty() {
        line.clear();
        stream.read_line(&mut line)?;
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    let size: usize = path.trim_start_matches('/').parse().unwrap_or(0);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n");
    let mut stream = stream.into_inner();
    stream.write_all(&[head.as_bytes(), &vec![b'x'; size]].concat())?;
    stream.conn.send_close_notify();
    stream.flush()
}
