//! The obvious server, and six clients of which it survives one.
//!
//! `cargo run -p ch02 --example obvious02`

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

// ANCHOR: obvious
fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (mut client, _) = listener.accept()?;
        let mut buffer = [0; 1024];
        let n = client.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        let message = str::from_utf8(&buffer[..n]).expect("a message is text");
        let reply = format!("received {} characters", message.chars().count());
        client.write_all(reply.as_bytes())?;
    }
    Ok(())
}
// ANCHOR_END: obvious

fn main() -> io::Result<()> {
    scene("A friend says hello.", |addr| said(addr, "hello"))?;
    scene(
        "A stranger connects and leaves. Then the friend comes.",
        |addr| {
            TcpStream::connect(addr)?.shutdown(Shutdown::Both)?;
            said(addr, "hello")
        },
    )?;
    scene("A client sends 5000 letters.", |addr| {
        said(addr, &"x".repeat(5000))
    })?;
    scene("A client sends 400 characters of hangul.", |addr| {
        said(addr, &"가".repeat(400))
    })?;
    scene("A client sends an empty message.", |addr| said(addr, ""))?;
    scene(
        "A stranger connects and says nothing. Then the friend comes.",
        |addr| {
            let _silent = TcpStream::connect(addr)?;
            said(addr, "hello")
        },
    )
}

/// Plays a scene against a fresh server and prints how it went.
fn scene(what: &str, client: impl Fn(SocketAddr) -> io::Result<String>) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let addr = listener.local_addr()?;
    thread::Builder::new()
        .name("the server".to_owned())
        .spawn(move || serve(listener))?;
    println!("{what}");
    match client(addr) {
        Ok(reply) => println!("  it reads: {reply}"),
        Err(error) => println!("  it fails: {error}"),
    }
    Ok(())
}

/// Sends a message and reads all that comes back, with a little patience.
fn said(addr: SocketAddr, message: &str) -> io::Result<String> {
    let mut server = TcpStream::connect(addr)?;
    server.set_read_timeout(Some(Duration::from_millis(500)))?;
    server.write_all(message.as_bytes())?;
    let mut reply = Vec::new();
    let end = match server.read_to_end(&mut reply) {
        Ok(_) => "end of file".to_owned(),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => "nothing for 500 ms".to_owned(),
        Err(error) => error.to_string(),
    };
    Ok(format!("{:?}, then {end}", String::from_utf8_lossy(&reply)))
}
