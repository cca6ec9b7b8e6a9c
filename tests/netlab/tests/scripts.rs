//! A script in a test: what its failure says.

use std::time::Duration;

use netlab::script::{Call, Machine, Reaction, Script, Segment};
use netlab::{Lab, trial};

/// Answers a SYN, and the wrong one with it.
struct Toy(u32);

impl Machine for Toy {
    fn call(&mut self, _now: Duration, call: &Call) -> Reaction {
        match call.name.as_str() {
            "connect" => todo!("9.2 connect()"),
            "panic" => panic!("an index is out of bounds"),
            _ => Reaction::default(),
        }
    }

    fn arrives(&mut self, _now: Duration, segment: &Segment) -> Reaction {
        let answer = Segment {
            seq: 300,
            ack: Some(segment.seq + self.0),
            syn: true,
            ..Segment::default()
        };
        Reaction {
            segments: vec![answer],
            ..Reaction::default()
        }
    }

    fn tick(&mut self, _now: Duration) -> Reaction {
        Reaction::default()
    }

    fn state(&self, _peer: &str) -> String {
        "SYN-RECEIVED".into()
    }

    fn vars(&self, _peer: &str) -> Vec<(&'static str, String)> {
        vec![("RCV.NXT", "100".into())]
    }
}

fn toy(script: &Script) -> Toy {
    Toy(script.number("adds", 0))
}

fn report_of(body: impl FnOnce(&Lab) + Send + 'static) -> String {
    trial(0.2, body).expect_err("the trial must fail")
}

#[test]
fn a_failure_shows_the_script_with_the_wrong_line_marked() {
    let report = report_of(|lab| {
        lab.why("A SYN uses one number.");
        lab.plays(
            "
            0 ms  listen()
                  <-- SYN seq 100
                  --> SYN,ACK seq 300 ack 101    # The next one.
           50     <-- ACK seq 101 ack 301
            ",
            toy,
        );
    });
    let want = [
        "   0 ms  listen()",
        "         <-- SYN seq 100",
        "✗        --> SYN,ACK seq 300 ack 101    # The next one.",
        "  50     <-- ACK seq 101 ack 301",
        "",
        "  expected  --> SYN,ACK seq 300 ack 101",
        "  got       --> SYN,ACK seq 300 ack 100 win 0: ack 100 instead of 101, at 0 ms",
        "  variables SYN-RECEIVED, RCV.NXT 100",
        "  why       ack is the number that we want next, RCV.NXT.",
        "            The next one.",
        "  about     A SYN uses one number.",
    ];
    assert!(report.contains(&want.join("\n")), "{report}");
}

#[test]
fn a_task_and_a_panic_show_where_the_script_was() {
    let report = report_of(|lab| lab.plays("0 listen()\n  connect()", toy));
    assert!(report.contains("  to do     9.2 connect()"), "{report}");
    let report = report_of(|lab| lab.plays("0 listen()\n  panic()\n  LISTEN", toy));
    assert!(report.contains("✗   panic()\n    LISTEN\n"), "{report}");
    assert!(report.contains("an index is out of bounds"), "{report}");
}

#[test]
fn a_script_that_came_true_is_a_story() {
    let report = report_of(|lab| {
        lab.plays(
            "with adds=1\n0 listen()\n <-- SYN seq 100\n --> SYN,ACK seq 300 ack 101",
            toy,
        );
        lab.fails("more", "nothing");
    });
    assert!(report.contains("SYN,ACK seq 300 ack 101"), "{report}");
    assert!(!report.contains("variables"), "{report}");
}

#[test]
fn a_setting_that_no_player_reads_is_a_mistake() {
    let report = report_of(|lab| lab.plays("with slip=1\n0 listen()", toy));
    assert!(report.contains("`with slip=…`"), "{report}");
}
