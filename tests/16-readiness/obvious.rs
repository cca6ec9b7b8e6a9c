//! The obvious server with one thread, and the clients that break it: the opening of the chapter's page.
//!
//! `cargo run -p ch16 --example obvious16`

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

// ANCHOR: obvious
/// Asks the listener and every client whether there is something to do.
fn round(listener: &TcpListener, clients: &mut Vec<TcpStream>) -> io::Result<()> {
    if let Ok((client, _)) = listener.accept() {
        client.set_nonblocking(true)?;
        clients.push(client);
    }
    let mut buffer = [0; 4096];
    clients.retain_mut(|client| match client.read(&mut buffer) {
        Ok(0) => false,
        Ok(n) => client.write_all(&buffer[..n]).is_ok(),
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    });
    Ok(())
}

fn serve(listener: TcpListener, rounds: &AtomicU64) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut clients = Vec::new();
    loop {
        round(&listener, &mut clients)?;
        rounds.fetch_add(1, Ordering::Relaxed);
    }
}
// ANCHOR_END: obvious

/// Fewer than the descriptors of a process on macOS, where both ends are ours.
const SILENT: usize = 100;
/// More than the two sockets' buffers hold.
const MUCH: usize = 16 << 20;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let addr = listener.local_addr()?;
    let rounds = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&rounds);
    thread::spawn(move || serve(listener, &counted));

    let mut friend = TcpStream::connect(addr)?;
    let alone = answer_time(&mut friend)?;
    println!("a friend asks              {alone:.0?}");

    let silent: io::Result<Vec<TcpStream>> =
        (0..SILENT).map(|_| TcpStream::connect(addr)).collect();
    let _silent = silent?;
    let among = answer_time(&mut friend)?;
    println!("among {SILENT} silent clients   {among:.0?}");

    let before = rounds.load(Ordering::Relaxed);
    thread::sleep(Duration::from_secs(1));
    let idle = rounds.load(Ordering::Relaxed) - before;
    // The listener, the friend and the silent ones.
    let asked = idle * (2 + SILENT as u64);
    println!("a second without a word    {idle} rounds, {asked} system calls");

    let back = sends_first(addr)?;
    println!("a client that reads later  sends {MUCH} bytes, gets {back} of them back");
    Ok(())
}

/// How long an answer takes: of many the middle one.
fn answer_time(friend: &mut TcpStream) -> io::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..301 {
        let asked = Instant::now();
        friend.write_all(b"how?")?;
        friend.read_exact(&mut [0; 4])?;
        times.push(asked.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}

/// A client that writes all before it reads anything. How many bytes come back?
fn sends_first(addr: SocketAddr) -> io::Result<usize> {
    let mut client = TcpStream::connect(addr)?;
    let mut back = Vec::new();
    // The errors of these two are the server's doing, and what came before them counts.
    let _ = client.write_all(&vec![b'x'; MUCH]);
    let _ = client.read_to_end(&mut back);
    Ok(back.len())
}
