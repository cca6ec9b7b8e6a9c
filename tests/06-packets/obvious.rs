//! The reader of frames with which the page of chapter 06 opens, and the three frames that break it.

// ANCHOR: obvious
/// What a frame carries: Ethernet has 14 bytes of header, IP has 20, TCP has 20.
fn request(frame: &[u8]) -> &[u8] {
    &frame[54..]
}

/// The port that it is sent to.
fn port(frame: &[u8]) -> u16 {
    u16::from_ne_bytes([frame[36], frame[37]])
}
// ANCHOR_END: obvious

/// What comes from a small device: no options, and more than 60 bytes.
const FROM_A_DEVICE: &str = "
    020000000001 02000000000a 0800
    450000380000000040067cb9c0000201cb007105
    c0000050000003e8000007d05018faf019260000
    474554202f20485454502f312e300d0a";

/// The same from a machine with Linux, which sends its clock along.
const FROM_LINUX: &str = "
    020000000001 02000000000a 0800
    450000440000000040067cadc0000201cb007105
    c0000050000003e8000007d08018faf00b6d0000
    0101080a6a3f00126a3f0011
    474554202f20485454502f312e300d0a";

/// Two bytes, which is less than an Ethernet cable takes.
const SHORT: &str = "
    020000000001 02000000000a 0800
    4500002a0000000040067cc7c0000201cb007105
    c0000050000003e8000007d05018faf082600000
    6869
    00000000";

/// The router's answer to a frame that is too long: not TCP at all.
const FROM_A_ROUTER: &str = "
    02000000000a 020000000001 0800
    450000380000000040017cc2cb007101c0000201
    0304334b00000578
    450005dc0000400040063715c0000201cb007105
    c0000050000003e8";

fn main() {
    for (name, hex) in [
        ("a device", FROM_A_DEVICE),
        ("Linux", FROM_LINUX),
        ("a short one", SHORT),
        ("a router", FROM_A_ROUTER),
    ] {
        let frame = bytes(hex);
        let (port, text) = (port(&frame), request(&frame).escape_ascii());
        println!("{name:12} to port {port}: {text}");
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    let pairs = digits.chunks_exact(2);
    pairs.map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}
