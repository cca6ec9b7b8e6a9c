//! The handshake with which the page of chapter 09 opens, and the segments that break it.

// ANCHOR: obvious
/// The state after a segment. The flags say all; numbers are for data.
fn next(state: &'static str, flags: &str) -> &'static str {
    match (state, flags) {
        ("LISTEN", "SYN") => "SYN-RECEIVED",
        ("SYN-SENT", "SYN,ACK") => "ESTABLISHED",
        ("SYN-RECEIVED", "ACK") => "ESTABLISHED",
        (_, "RST") => "CLOSED",
        _ => state,
    }
}
// ANCHOR_END: obvious

fn main() {
    let scenes: [(&str, &str, &[&str]); 7] = [
        ("a quiet network, the server", "LISTEN", &["SYN", "ACK"]),
        ("a quiet network, the client", "SYN-SENT", &["SYN,ACK"]),
        ("the SYN is lost", "SYN-SENT", &[]),
        ("the answer to yesterday's SYN", "SYN-SENT", &["SYN,ACK"]),
        ("the ACK rides on data", "LISTEN", &["SYN", "PSH,ACK"]),
        ("both ends open", "SYN-SENT", &["SYN"]),
        ("a stranger's RST", "LISTEN", &["SYN", "ACK", "RST"]),
    ];
    let (what, segments, state) = ("the story", "what arrives", "the state then");
    println!("{what:30} {segments:20} {state}");
    for (what, begins, segments) in scenes {
        let state = segments
            .iter()
            .fold(begins, |state, flags| next(state, flags));
        println!("{what:30} {:20} {state}", segments.join(" "));
    }
}
