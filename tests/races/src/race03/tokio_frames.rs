//! The frames of chapter 03 on tokio, as its users write them: a task for each client, a buffered
//! stream, one time-out around a whole request.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::server;

const MAX_FRAME: u32 = 64 * 1024;

pub fn serve() -> io::Result<()> {
    run(Builder::new_multi_thread(), Duration::from_secs(10))
}

pub fn impatient() -> io::Result<()> {
    run(Builder::new_multi_thread(), super::PATIENCE)
}

pub fn run(mut runtime: Builder, patience: Duration) -> io::Result<()> {
    let runtime = runtime.enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        server::listening(listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                while let Ok(Ok(true)) = timeout(patience, answer(&mut stream)).await {}
            });
        }
    })
}

/// Sends one frame back; `false` at the end of the stream.
async fn answer(stream: &mut BufReader<TcpStream>) -> io::Result<bool> {
    let len = match stream.read_u32().await {
        Ok(len) if len <= MAX_FRAME => len,
        Ok(_) => return Err(io::ErrorKind::InvalidData.into()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut frame = vec![0; 4 + len as usize];
    frame[..4].copy_from_slice(&len.to_be_bytes());
    stream.read_exact(&mut frame[4..]).await?;
    stream.write_all(&frame).await?;
    Ok(true)
}
