//! Scripts for one connection, and what stands before most of them.

use netlab::Lab;

use super::player::Player;

/// Plays one script to a new connection. A failure is most likely about this function.
pub fn plays(lab: &Lab, function: &'static str, script: &str) {
    lab.plays(script, |script| Player::new(script, function));
}

/// The connection of most scripts is open from the beginning: this stands before them. A says 101 next, B 301.
pub fn opened(settings: &str, lines: &str) -> String {
    format!(
        "{settings}
  0 ms  connect()
        --> SYN seq 100
        <-- SYN,ACK seq 300 ack 101 mss 1000 win 5000
        --> ACK seq 101 ack 301
        established
{}",
        dedented(lines)
    )
}

/// The same for the side that was connected to. It says 301 next, the peer 101.
pub fn accepted(settings: &str, lines: &str) -> String {
    format!(
        "{settings}
  0 ms  listen()
        <-- SYN seq 100 mss 1000 win 5000
        --> SYN,ACK seq 300 ack 101
        <-- ACK seq 101 ack 301
        established
{}",
        dedented(lines)
    )
}

fn dedented(lines: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let full = lines.lines().filter(|line| !line.trim().is_empty());
    // What the first column is for: a time.
    let times = full.clone().map(indent).min().unwrap_or(0);
    let rows = full.map(|line| &line[times..]);
    rows.collect::<Vec<_>>().join("\n")
}
