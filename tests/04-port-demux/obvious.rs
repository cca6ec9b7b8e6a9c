//! The table with which the page of chapter 04 opens, and the two clients that break it.

use std::collections::HashMap;

// ANCHOR: obvious
/// The sockets of this machine, by port: a port number tells which program gets the data.
#[derive(Default)]
struct Ports(HashMap<u16, Vec<String>>);

impl Ports {
    /// A segment arrives. It belongs to whoever has its destination port.
    fn arrives(&mut self, to_port: u16, text: &str) {
        self.0.entry(to_port).or_default().push(text.to_owned());
    }
}
// ANCHOR_END: obvious

fn main() {
    let mut ports = Ports::default();
    println!("10.0.0.7:40000 sends to 10.0.0.5:80: my password is");
    ports.arrives(80, "my password is");
    println!("10.0.0.8:40000 sends to 10.0.0.5:80: please print my");
    ports.arrives(80, "please print my");
    println!("10.0.0.7:40000 sends to 10.0.0.5:80: swordfish");
    ports.arrives(80, "swordfish");
    println!("10.0.0.8:40000 sends to 10.0.0.5:80: tickets");
    ports.arrives(80, "tickets");
    println!("\nthe socket of port 80 reads: {}", ports.0[&80].join(" "));
}
