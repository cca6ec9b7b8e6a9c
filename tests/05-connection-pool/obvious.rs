//! The obvious pool, and three users whom it serves badly.
//!
//! `cargo run -p ch05 --example obvious05`

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

// ANCHOR: obvious
struct Pool {
    server: SocketAddr,
    idle: Vec<TcpStream>,
}

impl Pool {
    fn get(&mut self) -> TcpStream {
        match self.idle.pop() {
            Some(stream) => stream,
            None => TcpStream::connect(self.server).expect("connect"),
        }
    }

    fn put_back(&mut self, stream: TcpStream) {
        self.idle.push(stream);
    }
}
// ANCHOR_END: obvious

/// Sends a name and reads what comes, with a buffer of 16 bytes and no patience for more.
fn ask(stream: &mut TcpStream, name: &str) -> String {
    let mut reply = [0; 16];
    let read = stream
        .write_all(name.as_bytes())
        .and_then(|()| stream.read(&mut reply));
    match read {
        Ok(0) | Err(_) => "nothing: the connection is dead".to_owned(),
        Ok(n) => format!("{:?}", String::from_utf8_lossy(&reply[..n])),
    }
}

/// Tells each client its secret, and closes the connection after two replies.
fn serve(listener: TcpListener) -> io::Result<()> {
    for stream in listener.incoming() {
        let mut stream = stream?;
        for _ in 0..2 {
            let mut request = [0; 16];
            let n = stream.read(&mut request)?;
            let name = String::from_utf8_lossy(&request[..n]).into_owned();
            let reply = format!("{name} has 100 coins and a secret: blue\n");
            stream.write_all(reply.as_bytes())?;
        }
    }
    Ok(())
}

fn main() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
    let server = listener.local_addr().expect("an address");
    thread::spawn(move || serve(listener));

    let mut pool = Pool {
        server,
        idle: Vec::new(),
    };
    for user in ["alice", "bob"] {
        let mut stream = pool.get();
        println!("{user:<5} reads {}", ask(&mut stream, user));
        pool.put_back(stream);
    }

    // Two replies are the server's limit. The rest of them is read here, so that carol finds
    // nothing but the end.
    let mut stream = pool.get();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("the rest");
    pool.put_back(stream);
    let mut stream = pool.get();
    println!("carol reads {}", ask(&mut stream, "carol"));
}
