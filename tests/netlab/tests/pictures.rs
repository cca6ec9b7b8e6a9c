//! The pictures that a run leaves behind.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use netlab::lab;
use netlab::sim::{Inbox, Link};

/// Runs one of the tests below in a process of its own, and gives the pictures that it leaves.
fn pictures_of(test: &str, variables: &[&str]) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", variables.len()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    command.envs(variables.iter().map(|name| (name, &folder)));
    command.output().expect("it runs");
    let entries = std::fs::read_dir(&folder).expect("the folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let name = file.file_name().expect("a name").to_string_lossy();
        (
            name.into_owned(),
            String::from_utf8_lossy(&std::fs::read(&file).expect("a file")).into_owned(),
        )
    };
    files.into_iter().map(read).collect()
}

const PICTURES: &str = "NETLAB_PICTURES";
const LOOK: &str = "NETLAB_LOOK";

#[test]
#[ignore = "run by the tests below"]
fn echo() {
    lab(|lab| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let peer = lab.connect(listener.local_addr().expect("its address"));
        peer.sends(b"hello, you there");
        peer.sends(b"\x00\xff");
        lab.fails("an end", "this");
    });
}

#[test]
#[ignore = "run by the tests below"]
fn named() {
    lab(|lab| {
        lab.picture("a-name");
        lab.note("nothing crosses");
    });
}

#[test]
#[ignore = "run by the tests below"]
fn networks() {
    lab(|lab| {
        for scene in ["one", "two"] {
            lab.scene(scene);
            let mut net = lab.net(1);
            let a = net.add("alice", Inbox::default());
            let b = net.add("bob", Inbox::default());
            net.join(a, b, Link::default());
            net.send(a, scene.as_bytes().to_vec());
            lab.runs(&mut net);
        }
        lab.fails("an end", "this");
    });
}

#[test]
fn every_ladder_can_be_asked_for_and_its_arrows_say_their_bytes() {
    let pictures = pictures_of("echo", &[PICTURES, LOOK]);
    let [(name, ladder)] = &pictures[..] else {
        panic!("one picture was expected: {pictures:?}")
    };
    assert_eq!(name, "echo.svg");
    for words in [
        ">connects</text>",
        "<title>0000  68 65 6c 6c 6f 2c 20 79 6f 75 20 74 68 65 72 65  hello, you there</title>",
        "<title>0000  00 ff  ..</title>",
    ] {
        assert!(ladder.contains(words), "no {words} in {ladder}");
    }
    // Under the name that the test gives it.
    let names: Vec<String> = pictures_of("named", &[PICTURES, LOOK])
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["a-name.svg"]);
}

#[test]
fn simulated_networks_are_drawn_and_captured_when_asked_for() {
    let pictures = pictures_of("networks", &[PICTURES, LOOK]);
    let names: Vec<&str> = pictures.iter().map(|(name, _)| name.as_str()).collect();
    // No ladder beside them: nothing else has crossed.
    let expected = [
        "networks-net-1.pcapng",
        "networks-net-1.svg",
        "networks-net-2.pcapng",
        "networks-net-2.svg",
    ];
    assert_eq!(names, expected);
    for (file, words) in [
        (0, "one"),
        (2, "two"),
        (1, ">alice</text>"),
        (3, "74 77 6f"),
    ] {
        let (name, content) = &pictures[file];
        assert!(content.contains(words), "no {words} in {name}: {content}");
    }
    let names: Vec<String> = pictures_of("networks", &[PICTURES])
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["networks.svg"], "the report alone");
}

#[test]
fn without_being_asked_a_failure_leaves_its_report() {
    let pictures = pictures_of("echo", &[PICTURES]);
    let [(name, report)] = &pictures[..] else {
        panic!("one picture was expected: {pictures:?}")
    };
    assert_eq!(name, "echo.svg");
    assert!(
        report.contains("expected") && !report.contains("<g><title>"),
        "{report}"
    );
}
