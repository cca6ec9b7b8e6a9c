//! The obvious browser, and three servers that stop it: the opening of the chapter's page.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

// ANCHOR: obvious
fn browse(url: &str) -> io::Result<String> {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut server = TcpStream::connect(host)?;
    write!(server, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
    let mut page = String::new();
    server.read_to_string(&mut page)?;
    Ok(page)
}
// ANCHOR_END: obvious

/// Answers one request, and keeps the connection as HTTP/1.1 says.
fn polite(listener: TcpListener) -> io::Result<()> {
    let (mut client, _) = listener.accept()?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    println!("the server reads {:?}", text.lines().next().unwrap_or(""));
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")?;
    thread::sleep(Duration::from_secs(2));
    Ok(())
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let addr: SocketAddr = listener.local_addr()?;
    let server = thread::spawn(move || polite(listener));
    let begin = Instant::now();
    let page = browse(&format!("http://{addr}/news#top"))?;
    println!(
        "after {} s: {:?}",
        begin.elapsed().as_secs(),
        page.lines().last().unwrap_or("")
    );
    let _ = server.join();
    for url in ["https://www.loopback.test/", "http://www.loopback.test/"] {
        match browse(url) {
            Ok(_) => println!("{url}: a page"),
            Err(error) => println!("{url}: {error}"),
        }
    }
    Ok(())
}
