//! The obvious pool of workers, and how many clients it takes to stop it.
//!
//! `cargo run -p ch03 --example obvious03`

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

// ANCHOR: obvious
fn serve(listener: TcpListener) {
    let (clients, waiting) = mpsc::channel::<TcpStream>();
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..4 {
        let waiting = Arc::clone(&waiting);
        thread::spawn(move || {
            while let Ok(client) = waiting.lock().unwrap().recv() {
                answer(client).unwrap();
            }
        });
    }
    for client in listener.incoming() {
        clients.send(client.unwrap()).unwrap();
    }
}

fn answer(mut client: TcpStream) -> io::Result<()> {
    let mut question = [0; 5];
    client.read_exact(&mut question)?;
    client.write_all(b"fine, thank you")
}
// ANCHOR_END: obvious

fn main() -> io::Result<()> {
    scene("A friend asks.", asks)?;
    scene("One client says nothing. Then the friend asks.", |addr| {
        // It stays, as long as this program runs.
        std::mem::forget(TcpStream::connect(addr)?);
        asks(addr)
    })?;
    scene(
        "One client leaves in mid-word. Then the friend asks.",
        |addr| {
            TcpStream::connect(addr)?.write_all(b"ho")?;
            asks(addr)
        },
    )
}

/// Plays a scene against a fresh server and prints how it went.
fn scene(what: &str, client: impl Fn(SocketAddr) -> io::Result<String>) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let addr = listener.local_addr()?;
    thread::spawn(move || serve(listener));
    println!("{what}");
    match client(addr) {
        Ok(reply) => println!("  the friend reads: {reply}"),
        Err(error) => println!("  it fails: {error}"),
    }
    Ok(())
}

/// Asks, and reads all that comes back, with a little patience.
fn asks(addr: SocketAddr) -> io::Result<String> {
    let mut server = TcpStream::connect(addr)?;
    server.set_read_timeout(Some(Duration::from_millis(500)))?;
    server.write_all(b"how? ")?;
    let mut reply = Vec::new();
    let end = match server.read_to_end(&mut reply) {
        Ok(_) => "end of file".to_owned(),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => "nothing for 500 ms".to_owned(),
        Err(error) => error.to_string(),
    };
    Ok(format!("{:?}, then {end}", String::from_utf8_lossy(&reply)))
}
