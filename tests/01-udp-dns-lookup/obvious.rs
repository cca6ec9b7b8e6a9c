//! The obvious look-up, and a forger who is quicker than the server.
//!
//! `cargo run -p ch01 --example obvious01`, and with `-- lost` for a query that gets lost.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::{env, io, thread};

// ANCHOR: obvious
/// Asks for the address of www.example.test.
fn look_up(socket: &UdpSocket, server: SocketAddr) -> io::Result<Ipv4Addr> {
    let query = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\
                  \x03www\x07example\x04test\0\0\x01\0\x01";
    socket.send_to(query, server)?;
    let mut reply = [0; 512];
    let (length, _) = socket.recv_from(&mut reply)?;
    // The address is what the reply ends with.
    let last: [u8; 4] = reply[length - 4..length].try_into().expect("four bytes");
    Ok(Ipv4Addr::from(last))
}
// ANCHOR_END: obvious

fn main() -> io::Result<()> {
    let loopback = (Ipv4Addr::LOCALHOST, 0);
    let (client, server, forger) = (
        UdpSocket::bind(loopback)?,
        UdpSocket::bind(loopback)?,
        UdpSocket::bind(loopback)?,
    );
    let server_addr = server.local_addr()?;
    let lost = env::args().any(|word| word == "lost");

    thread::spawn(move || -> io::Result<()> {
        let mut query = [0; 512];
        let (length, from) = server.recv_from(&mut query)?;
        if lost {
            println!("the query got lost on the way; Ctrl-C ends the wait");
            return Ok(());
        }
        forger.send_to(&reply_to(&query[..length], [203, 0, 113, 66]), from)?;
        server.send_to(&reply_to(&query[..length], [192, 0, 2, 1]), from)?;
        Ok(())
    });

    let address = look_up(&client, server_addr)?;
    println!("the server says   www.example.test is at 192.0.2.1");
    println!("the program says  www.example.test is at {address}");
    Ok(())
}

/// The query made a reply, with one A record after it.
fn reply_to(query: &[u8], address: [u8; 4]) -> Vec<u8> {
    let mut reply = query.to_vec();
    reply[2..4].copy_from_slice(&[0x81, 0x80]);
    reply[7] = 1;
    reply.extend(b"\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04");
    reply.extend(address);
    reply
}
