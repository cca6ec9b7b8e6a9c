//! The obvious way to read a packet, and two packets that break it.
//!
//! `cargo run -p ch00 --example obvious00`

// ANCHOR: obvious
fn destination_port(udp_header: &[u8]) -> u16 {
    u16::from_ne_bytes([udp_header[2], udp_header[3]])
}
// ANCHOR_END: obvious

fn main() {
    // A UDP header (RFC 768) as it stands on the wire: from port 5353 to port 53, 20 bytes, no
    // checksum.
    let from_a_friend = [0x14, 0xe9, 0x00, 0x35, 0x00, 0x14, 0x00, 0x00];
    let port = destination_port(&from_a_friend);
    println!("the friend's packet goes to port {port}");

    let from_a_stranger = [0x14, 0xe9, 0x00];
    let port = destination_port(&from_a_stranger);
    println!("the stranger's packet goes to port {port}");
}
