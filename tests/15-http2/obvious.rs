//! The obvious reader of frames, and the clients that break it. The opening of the chapter's page.

use std::collections::HashMap;

// ANCHOR: obvious
#[derive(Default)]
struct Obvious {
    streams: HashMap<u32, Vec<u8>>,
    answers: Vec<String>,
}

impl Obvious {
    fn read(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            let len = u32::from_be_bytes([0, bytes[at], bytes[at + 1], bytes[at + 2]]) as usize;
            let stream = u32::from(bytes[at + 8]);
            let payload = &bytes[at + 9..at + 9 + len];
            match bytes[at + 3] {
                1 => self.streams.entry(stream).or_default().extend(payload),
                3 => drop(self.streams.remove(&stream)),
                6 => self.answers.push("PING".to_owned()),
                _ => {}
            }
            at += 9 + len;
        }
    }
}
// ANCHOR_END: obvious

fn frame(kind: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let head = [0, 0, payload.len() as u8, kind, 0, 0, 0, 0, stream];
    [&head, payload].concat()
}

fn main() {
    std::panic::set_hook(Box::new(|_| {})); // they are told of below
    let request = frame(1, 1, b"GET /");
    let mut rapid = Vec::new();
    for _ in 0..1000 {
        rapid.extend(frame(1, 1, b"GET /"));
        rapid.extend(frame(3, 1, b"\0\0\0\x08"));
    }
    let clients: [(&str, Vec<Vec<u8>>); 5] = [
        ("a request", vec![request.clone()]),
        (
            "in two pieces",
            request.chunks(12).map(<[u8]>::to_vec).collect(),
        ),
        (
            "a thousand PINGs",
            vec![frame(6, 0, b"12345678").repeat(1000)],
        ),
        (
            "a block without end",
            vec![frame(1, 1, &[0; 200]).repeat(5000)],
        ),
        ("rapid resets", vec![rapid]),
    ];
    for (name, pieces) in clients {
        let end = std::panic::catch_unwind(|| {
            let mut server = Obvious::default();
            for piece in &pieces {
                server.read(piece);
            }
            let kept: usize = server.streams.values().map(Vec::len).sum();
            (server.streams.len(), kept, server.answers.len())
        });
        let sent: usize = pieces.iter().map(Vec::len).sum();
        match end {
            Ok((streams, kept, answers)) => println!(
                "{name:<20} {sent:>7} bytes: {streams} streams, {kept} bytes of fields, {answers} answers"
            ),
            Err(_) => println!("{name:<20} {sent:>7} bytes: the server panicked"),
        }
    }
}
