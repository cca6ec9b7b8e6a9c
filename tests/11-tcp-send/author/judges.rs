//! What tshark sees in the reference answer's runs: it finds the retransmissions and the questions by itself. Without
//! tshark these tests say so and are skipped; in CI on Linux it must be there.
//!
//! And the scripts in `linux/`, which Linux plays, too:
//!
//! ```text
//! cargo run -p races --example linux_plays -- tests/11-tcp-send/author/linux all
//! ```

extern crate tcp_send_solution as tcp_send;

#[allow(dead_code)]
#[path = "../conversation.rs"]
mod conversation;
#[allow(dead_code)]
#[path = "../network.rs"]
mod network;
#[path = "../wire.rs"]
mod wire;
#[allow(dead_code)]
#[path = "../words.rs"]
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use conversation::Owner;
use netlab::needs::installed;
use netlab::script::{Call, Machine, Reaction, Segment};
use netlab::sim::{Chance, Kind, Link, nth};
use network::{Done, Transfer, transfer_with};
use tcp_open::{Seq, Vars};
use tcp_send::Config;
use words::ms;

/// A run that is over: its capture file, and the segments of the sender that one looks for, by their places in the stream.
struct Run {
    file: PathBuf,
    expected: Vec<usize>,
}

/// What the laboratory's deadline is for. tshark takes its time, so it comes behind that.
fn runs(name: &str, count: u64, play: fn(&netlab::Lab, u64) -> (Done, Vec<usize>)) -> Vec<Run> {
    let (sender, receiver) = channel();
    netlab::lab(move |lab| {
        for seed in 1..=count {
            let (done, expected) = play(lab, seed);
            let bytes = done.net.trace().pcapng();
            sender.send((bytes, expected)).expect("it is waited for");
        }
    });
    let file = |n| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("11-{name}-{n}.pcapng"));
    let runs = receiver.into_iter().enumerate();
    runs.map(|(n, (bytes, expected))| {
        std::fs::write(file(n), bytes).expect("the file can be written");
        let file = file(n);
        Run { file, expected }
    })
    .collect()
}

/// The places in the stream of the segments for which this filter holds. `None` where there is no tshark.
fn tshark(run: &Run, filter: &str) -> Option<Vec<usize>> {
    let output = Command::new(installed("tshark", "--version")?)
        .arg("-r")
        .arg(&run.file)
        .args(["-Y", filter, "-T", "fields", "-e", "tcp.seq_raw"])
        .output()
        .expect("tshark runs");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8_lossy(&output.stdout);
    let numbers = printed.lines().map(|line| {
        let number: u32 = line.parse().expect("a number");
        number.wrapping_sub(0xffff_0000) as usize
    });
    Some(numbers.collect())
}

#[test]
fn tshark_finds_the_same_retransmissions() {
    let lossy = |lab: &netlab::Lab, seed: u64| {
        let lost: &[usize] = [[20].as_slice(), &[15, 17], &[30, 31, 32, 60]][seed as usize - 1];
        // Each packet is captured where it leaves. tshark takes a segment that follows a duplicate ACK within 20 ms for a
        // fast retransmission.
        let link = Link::default().delay_ms(8);
        let done = transfer_with(
            lab,
            seed,
            Transfer::new(146_000, link),
            |net, sender, peer| {
                for n in lost {
                    net.way(sender, peer).loses(nth(*n, Kind::Data));
                }
            },
        );
        let again = done.sent.iter().filter(|sent| sent.is_again);
        let again = again.map(|sent| sent.begin).collect();
        (done, again)
    };
    for run in runs("again", 3, lossy) {
        let again =
            "ip.src == 10.0.0.1 && (tcp.analysis.retransmission || tcp.analysis.out_of_order)";
        let Some(found) = tshark(&run, again) else {
            return;
        };
        assert_eq!(found, run.expected);
        let fast = tshark(&run, "tcp.analysis.fast_retransmission").unwrap_or_default();
        assert_eq!(fast.first(), run.expected.first());
    }
}

#[test]
fn tshark_finds_no_fault_in_a_storm() {
    let storm = |lab: &netlab::Lab, seed: u64| {
        let link = Link::default().delay_ms(20).chance(Chance::lose(0.05));
        let done = transfer_with(lab, seed, Transfer::new(60_000, link), |_, _, _| {});
        (done, Vec::new())
    };
    for run in runs("storm", 3, storm) {
        let faults = "ip.src == 10.0.0.1 && (tcp.analysis.lost_segment || _ws.malformed || tcp.checksum.status == 0)";
        let Some(found) = tshark(&run, faults) else {
            return;
        };
        assert_eq!(found, run.expected);
    }
}

#[test]
fn tshark_finds_the_questions() {
    let slow = |lab: &netlab::Lab, seed: u64| {
        let slow = Transfer {
            buffer: 4000,
            reads_every: Some(ms(5000)),
            ..Transfer::new(14_000, Link::default().delay_ms(20))
        };
        let done = transfer_with(lab, seed, slow, |_, _, _| {});
        // Questions come while everything that was sent is acknowledged, and the window is 0.
        let is_question = |sent: &&network::Sent| {
            let before = done.heard.iter().rfind(|heard| heard.at <= sent.at);
            before.is_some_and(|heard| heard.una == heard.edge && heard.edge == sent.begin)
        };
        let asked = done.sent.iter().filter(is_question);
        let asked = asked.map(|sent| sent.begin).collect();
        (done, asked)
    };
    for run in runs("questions", 1, slow) {
        let Some(found) = tshark(&run, "tcp.analysis.zero_window_probe") else {
            return;
        };
        assert!(!found.is_empty());
        assert_eq!(found, run.expected);
    }
}

/// Opens a connection as a script for Linux does it, then is the owner of the answer's sender.
#[derive(Default)]
struct Opening {
    /// When the SYN has left.
    asked: Duration,
    owner: Option<Owner>,
}

const ISS: u32 = 100;

impl Machine for Opening {
    fn call(&mut self, now: Duration, call: &Call) -> Reaction {
        if let Some(owner) = &mut self.owner {
            let mut call = call.clone();
            if call.name == "shutdown" {
                call.name = "close".into();
            }
            return owner.call(now, &call);
        }
        self.asked = now;
        let syn = Segment {
            seq: ISS,
            syn: true,
            ..Segment::default()
        };
        Reaction {
            segments: vec![syn],
            ..Reaction::default()
        }
    }

    fn arrives(&mut self, now: Duration, segment: &Segment) -> Reaction {
        if let Some(owner) = &mut self.owner {
            return owner.arrives(now, segment);
        }
        let vars = Vars {
            snd_una: Seq(ISS + 1),
            snd_nxt: Seq(ISS + 1),
            snd_wnd: segment.window.into(),
            rcv_nxt: Seq(segment.seq + 1),
            mss: segment.mss.unwrap_or(536),
            ..Vars::default()
        };
        let handshake = Some(now - self.asked);
        self.owner = Some(Owner::established(Config::default(), &vars, handshake));
        let ack = Segment {
            seq: ISS + 1,
            ack: Some(segment.seq + 1),
            ..Segment::default()
        };
        Reaction {
            segments: vec![ack],
            told: vec!["established".into()],
            ..Reaction::default()
        }
    }

    fn tick(&mut self, now: Duration) -> Reaction {
        let owner = self.owner.as_mut();
        owner.map(|owner| owner.tick(now)).unwrap_or_default()
    }

    fn state(&self, peer: &str) -> String {
        let owner = self.owner.as_ref();
        owner.map(|owner| owner.state(peer)).unwrap_or_default()
    }

    fn vars(&self, peer: &str) -> Vec<(&'static str, String)> {
        let owner = self.owner.as_ref();
        owner.map(|owner| owner.vars(peer)).unwrap_or_default()
    }
}

#[test]
fn ours_plays_what_linux_plays() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/11-tcp-send/author/linux");
    let files = std::fs::read_dir(folder).expect("the folder is there");
    let scripts: Vec<String> = files
        .map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("a text"))
        .collect();
    assert!(scripts.len() >= 19);
    netlab::lab(move |lab| {
        for script in &scripts {
            lab.plays(script, |_| Opening::default());
        }
    });
}
