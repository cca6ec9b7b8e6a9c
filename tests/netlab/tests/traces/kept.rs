//! The trace as text is kept in files: the same bytes in debug and in release, today and tomorrow.
//!
//! After a change that is meant, `NETLAB_KEEP=1 cargo test -p netlab --test traces` writes the files
//! anew; look at the difference before you commit it.

use std::path::Path;

use netlab::sim::Net;

use super::packets;

#[track_caller]
fn is_as_kept(name: &str, net: &Net) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/traces/kept")
        .join(name);
    let text = net.trace().text();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "wider than a terminal: {line}");
    }
    if std::env::var_os("NETLAB_KEEP").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let kept = kept.replace("\r\n", "\n"); // as git may have written it on Windows
    assert!(text == kept, "{name} was\n{kept}\nand is\n{text}");
}

#[test]
fn a_conversation() {
    is_as_kept("conversation.txt", &packets::conversation());
}

#[test]
fn neighbours_on_ethernet() {
    is_as_kept("neighbours.txt", &packets::neighbours());
}

#[test]
fn a_way_of_three_hops() {
    is_as_kept("hops.txt", &packets::hops());
}

#[test]
fn a_way_of_many_hops() {
    is_as_kept("many.txt", &packets::many());
}

#[test]
fn what_comes_of_a_seed() {
    is_as_kept("storm.txt", &packets::storm(7));
}
