//! hyper's server, as its guide has it: a task for each client.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::TEXT;
use crate::server;

/// As many threads as there are cores.
pub fn serve() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        server::listening(listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let answers = service_fn(async |_| {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(
                    TEXT.as_bytes(),
                ))))
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answers);
            tokio::spawn(connection);
        }
    })
}
