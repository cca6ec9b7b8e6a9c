//! The obvious server, and five clients. The opening of the chapter's page.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

// ANCHOR: obvious
fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let n = stream.read(&mut buffer)?;
        let request = String::from_utf8_lossy(&buffer[..n]);
        let line = request.lines().next().unwrap();
        let path = line.split(' ').nth(1).unwrap();
        let body = format!("this is {path}");
        let len = body.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n{body}"
        )?;
    }
}
// ANCHOR_END: obvious

fn main() -> io::Result<()> {
    std::panic::set_hook(Box::new(|_| {})); // they are told of below
    let clients: [(&str, &[&str]); 5] = [
        ("a whole request", &["GET /a HTTP/1.1\r\nHost: x\r\n\r\n"]),
        (
            "in two pieces",
            &["GET /invo", "ice HTTP/1.1\r\nHost: x\r\n\r\n"],
        ),
        (
            "two in one piece",
            &["GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"],
        ),
        (
            "with a body",
            &[
                "POST /comment HTTP/1.1\r\nHost: x\r\nContent-Length: 22\r\n\r\n",
                "GET /admin is my idea.",
            ],
        ),
        ("nothing", &[]),
    ];
    let mut panics = 0;
    for (name, pieces) in clients {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut client = TcpStream::connect(listener.local_addr()?)?;
        let (stream, _) = listener.accept()?;
        let server = thread::spawn(|| serve(stream));
        let mut answers = Vec::new();
        for piece in pieces {
            client.write_all(piece.as_bytes())?;
            answers.push(answer(&mut client)?);
        }
        client.shutdown(Shutdown::Write)?;
        let mut rest = String::new();
        client.read_to_string(&mut rest)?;
        panics += usize::from(server.join().is_err());
        println!("{name:<18} {}", answers.join(", "));
    }
    println!(
        "clients that left  {}, and the server panicked {panics} times",
        clients.len()
    );
    Ok(())
}

/// The body of one answer of this server.
fn answer(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let len = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; len.and_then(|len| len.parse().ok()).expect("a length")];
    client.read_exact(&mut body)?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}
