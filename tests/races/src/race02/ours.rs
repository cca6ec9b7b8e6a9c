//! Chapter 02's answer as a contestant. Included twice: the module around it says whose it is.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;

use super::tcp_echo::{echo_stream, listen_on, read_frame, run, write_frame};

use crate::server;

/// A thread for each client, which is given back to it what it sends.
pub fn serve() -> io::Result<()> {
    let listener = listen_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), 128)?;
    server::listening(listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept()?;
        thread::spawn(move || echo_stream(&stream, &stream));
    }
}

/// The program, as a person would start it: it says itself where it listens.
pub fn program() -> io::Result<()> {
    server::ends_with_its_starter();
    match run(&["server", "127.0.0.1", "-p", "0"].map(str::to_owned)) {
        0 => Ok(()),
        code => Err(io::Error::other(format!("exit code {code}"))),
    }
}

/// Sends a frame.
pub fn write(stream: &mut TcpStream, payload: &[u8]) -> io::Result<()> {
    write_frame(stream, payload)
}

/// Takes a frame in.
pub fn read(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    read_frame(stream, 65_536)?.ok_or(io::ErrorKind::UnexpectedEof.into())
}
