//! The receiver with which the page of chapter 10 opens, and the segments that break it.

// ANCHOR: obvious
/// The number of its first byte, and its bytes.
struct Segment(u32, &'static str);

/// Takes segments as they come. Gives the stream, and the number that it acknowledges.
fn receive(segments: &[Segment]) -> (String, u32) {
    let mut stream = String::new();
    let mut ack = 1;
    for Segment(seq, payload) in segments {
        stream.push_str(payload);
        ack = seq + payload.len() as u32;
    }
    (stream, ack)
}
// ANCHOR_END: obvious

fn main() {
    let (one, two, three) = ((1, "pay 10 w"), (9, "on to An"), (17, "na"));
    let scenes = [
        ("as they were sent", vec![one, two, three]),
        ("one is late", vec![one, three, two]),
        ("one comes twice", vec![one, two, two, three]),
        ("one is lost", vec![one, three]),
        ("sent again, cut anew", vec![one, (6, "0 won to Anna")]),
    ];
    for (what, segments) in scenes {
        let segments: Vec<Segment> = segments
            .into_iter()
            .map(|(seq, payload)| Segment(seq, payload))
            .collect();
        let (stream, ack) = receive(&segments);
        println!("{what:21} ack {ack:2}  {stream:?}");
    }
}
