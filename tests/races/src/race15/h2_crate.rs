//! The server and the client of the crate h2, as its examples have them: a task for each connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use hyper::body::Bytes;
use hyper::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Asked, BROWSER, TEXT};
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
            tokio::spawn(answers(stream));
        }
    })
}

async fn answers(stream: TcpStream) -> Result<(), h2::Error> {
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(100);
    let mut connection = builder.handshake::<_, Bytes>(stream).await?;
    while let Some(request) = connection.accept().await {
        let (_, mut respond) = request?;
        let response = Response::builder().header("content-length", TEXT.len());
        let response = response.body(()).expect("a response");
        let mut stream = respond.send_response(response, false)?;
        stream.send_data(Bytes::from_static(TEXT.as_bytes()), true)?;
    }
    Ok(())
}

/// Asks so often over one connection, with so many requests under way. One thread does everything.
pub fn asks(addr: SocketAddr, requests: usize, streams: usize) -> io::Result<Asked> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let sent = Arc::new(AtomicUsize::new(0));
        let counting = Counting {
            stream,
            sent: sent.clone(),
        };
        let handshake = h2::client::handshake(counting).await;
        let (client, connection) = handshake.map_err(io::Error::other)?;
        tokio::spawn(connection);
        let mut under_way = JoinSet::new();
        let (mut asked, mut done) = (0, 0);
        while done < requests {
            while asked < requests && under_way.len() < streams {
                let client = client.clone();
                under_way.spawn(async move { gets(client).await });
                asked += 1;
            }
            let got = under_way.join_next().await.expect("some are under way");
            got.expect("a task that ends").map_err(io::Error::other)?;
            done += 1;
        }
        let sent = sent.load(Ordering::Relaxed);
        Ok(Asked { done, sent })
    })
}

async fn gets(client: h2::client::SendRequest<Bytes>) -> Result<(), h2::Error> {
    let [method, scheme, authority, path, fields @ ..] = BROWSER;
    let uri = format!("{}://{}{}", scheme.1, authority.1, path.1);
    let mut request = Request::builder().method(method.1).uri(uri);
    for (name, value) in fields {
        request = request.header(name, value);
    }
    let mut client = client.ready().await?;
    let request = request.body(()).expect("a request");
    let (response, _) = client.send_request(request, true)?;
    let mut content = response.await?.into_body();
    while let Some(data) = content.data().await {
        let length = data?.len();
        content.flow_control().release_capacity(length)?;
    }
    Ok(())
}

/// A connection that counts what is sent.
struct Counting {
    stream: TcpStream,
    sent: Arc<AtomicUsize>,
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(length)) = &written {
            self.sent.fetch_add(*length, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
