//! The sender with which the page of chapter 11 opens, and the links that break it.

use std::collections::BTreeSet;

/// A link, as its far end sees it.
struct Link {
    /// How long a segment and its acknowledgment take, in milliseconds.
    round_trip: u32,
    /// How many segments the router has room for that come at once.
    room: u32,
    /// Which transmission is lost, counted from 1.
    loses: Option<u32>,
}

// ANCHOR: obvious
/// Sends `count` segments, and waits a second for their acknowledgments. If one is missing, it sends them again.
fn send(link: &Link, count: u32) -> String {
    let mut sent = 0;
    let mut arrived = BTreeSet::new();
    for second in 0..10 {
        for segment in 0..count {
            sent += 1;
            if segment < link.room && link.loses != Some(sent) {
                arrived.insert((second * 1000 + link.round_trip, segment));
            }
        }
        let end = (second + 1) * 1000;
        let acknowledged: BTreeSet<u32> = arrived
            .iter()
            .filter(|(at, _)| *at < end)
            .map(|(_, segment)| *segment)
            .collect();
        if acknowledged.len() == count as usize {
            return format!("{sent:3} segments sent");
        }
    }
    format!("{sent:3} segments sent, and it never ends")
}
// ANCHOR_END: obvious

fn main() {
    let good = Link {
        round_trip: 100,
        room: 100,
        loses: None,
    };
    let scenes = [
        ("a good link", Link { ..good }),
        (
            "one is lost",
            Link {
                loses: Some(7),
                ..good
            },
        ),
        (
            "by satellite",
            Link {
                round_trip: 1200,
                ..good
            },
        ),
        (
            "a long queue",
            Link {
                round_trip: 3500,
                ..good
            },
        ),
        ("a router with room for 15", Link { room: 15, ..good }),
    ];
    for (what, link) in scenes {
        println!("{what:26} {}", send(&link, 20));
    }
}
