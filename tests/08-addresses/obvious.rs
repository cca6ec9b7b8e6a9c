//! The routing table that everybody writes first, and the address that it sends astray.
//!
//! ```console
//! $ cargo run -p ch08 --example obvious08
//! ```

use std::net::Ipv4Addr;

// ANCHOR: obvious
struct Routes(Vec<(&'static str, &'static str)>);

impl Routes {
    /// The route whose numbers the address begins with.
    fn find(&self, address: Ipv4Addr) -> &'static str {
        let address = address.to_string();
        let of_address = |(start, _): &&(&str, &str)| address.starts_with(start);
        let route = self.0.iter().find(of_address);
        route.map_or("nowhere", |(_, hop)| hop)
    }
}
// ANCHOR_END: obvious

fn main() {
    let routes = Routes(vec![
        ("10.", "to the office"),
        ("10.1.2.", "to the laboratory"),
        ("172.16.", "to the tunnel"),
        ("", "to the provider"),
    ]);
    for address in ["10.9.9.9", "192.0.2.7", "10.1.2.3", "172.20.0.1"] {
        let address: Ipv4Addr = address.parse().expect("an address");
        println!("{address} goes {}", routes.find(address));
    }
}
