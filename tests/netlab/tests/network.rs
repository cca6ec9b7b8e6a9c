//! A test on the simulated network: what its failure says.

use std::time::Duration;

use netlab::sim::{Event, Inbox, Kind, Link, Net, Node, NodeId, Outbox, first};
use netlab::trial;

const PATIENCE: f64 = 0.2;

/// Two hosts that are 25 ms apart.
fn two(mut net: Net) -> (Net, NodeId, NodeId) {
    let client = net.add("client", Inbox::default());
    let server = net.add("server", Inbox::default());
    net.join(client, server, Link::default().delay_ms(25));
    (net, client, server)
}

/// Bounces what comes.
struct Wall;

impl Node for Wall {
    fn step(&mut self, _now: netlab::sim::Time, event: Event, out: &mut Outbox) {
        if let Event::Arrives { port, packet } = event {
            out.send(port, packet);
        }
    }
}

#[test]
fn a_failure_prints_what_crossed_the_network_so_far() {
    let report = trial(PATIENCE, |lab| {
        let (mut net, client, server) = two(lab.net(1));
        net.way(client, server)
            .loses(first(Kind::Packet))
            .repeats(first(Kind::Fin));
        net.say(client, "connect()");
        net.send(client, b"\0ne".to_vec());
        lab.runs(&mut net);
        lab.same(
            "packets at the server",
            net.node::<Inbox>(server).packets().len(),
            1,
        );
    })
    .unwrap_err();
    let ladder = [
        "        client                                                            server",
        "  0 ms  │ connect()                                                            │",
        "  0 ms  ├── 3 bytes, IP version 0 lost by plan ──✗                             │",
        "",
        "  expected  packets at the server: 1",
    ];
    assert!(report.contains(&ladder.join("\n")), "{report}");
    assert!(
        report.contains("  not met   repeat the first FIN from client to server\n"),
        "{report}"
    );
    assert!(
        !report.contains("NETLAB_SEED"),
        "nothing was left to chance: {report}"
    );
}

#[test]
fn a_failure_says_how_to_have_the_same_chance_again() {
    let report = trial(PATIENCE, |lab| {
        for seed in lab.seeds(5) {
            lab.holds(seed < 3, "less than three", seed);
        }
    })
    .unwrap_err();
    assert!(report.contains("  seed      NETLAB_SEED=3 "), "{report}");
}

#[test]
fn a_network_that_does_not_rest_is_a_failure_that_is_explained() {
    let report = trial(PATIENCE, |lab| {
        let mut net = lab.net(1);
        let (a, b) = (net.add("a", Wall), net.add("b", Wall));
        net.join(a, b, Link::default().delay(Duration::from_millis(1)));
        net.give_up_after(1000);
        net.send(a, b"ball".to_vec());
        lab.runs(&mut net);
    })
    .unwrap_err();
    for words in [
        "the network to come to rest",
        "after 1000 events it is 1000 ms",
        "answer each other for ever",
        "… 987 more …",
        "1000 ms  ├── 4 bytes ─",
    ] {
        assert!(report.contains(words), "no {words:?} in {report}");
    }
}

#[test]
fn a_hang_in_a_node_is_told_with_the_packets_before_it() {
    let report = trial(PATIENCE, |lab| {
        struct Stuck;
        impl Node for Stuck {
            fn step(&mut self, _now: netlab::sim::Time, _event: Event, _out: &mut Outbox) {
                std::thread::park();
            }
        }
        let mut net = lab.net(1);
        let (a, b) = (net.add("a", Inbox::default()), net.add("b", Stuck));
        net.join(a, b, Link::default());
        net.send(a, b"the last".to_vec());
        lab.runs(&mut net);
    })
    .unwrap_err();
    assert!(
        report.contains("your step(now, event) to return"),
        "{report}"
    );
    assert!(report.contains("├── 8 bytes, IP version 7 ─"), "{report}");
}

#[test]
fn a_new_scene_has_nothing_of_the_network_before() {
    let report = trial(PATIENCE, |lab| {
        let (mut net, client, _) = two(lab.net(1));
        net.send(client, b"\0ne".to_vec());
        lab.scene("another one");
        lab.fails("this", "that");
    })
    .unwrap_err();
    assert!(!report.contains("3 bytes, IP version 0"), "{report}");
}
