//! The simulated network keeps its word: nothing vanishes, time is arithmetic, a seed is a run.

use std::time::Duration;

use netlab::sim::{
    Chance, Event, Fate, Inbox, Kind, Link, LinkId, Loss, Net, Node, NodeId, Outbox, Time, Way,
    every, first, fourth, nth, second, third,
};

/// Sends back what comes.
struct Echo;

impl Node for Echo {
    fn step(&mut self, _now: Time, event: Event, out: &mut Outbox) {
        if let Event::Arrives { port, packet } = event {
            out.send(port, packet);
        }
    }
}

/// Notes when it is woken, and does what it is told then.
#[derive(Default)]
struct Sleeper {
    woken: Vec<u64>,
    again: Option<Duration>,
}

impl Node for Sleeper {
    fn step(&mut self, now: Time, _event: Event, out: &mut Outbox) {
        self.woken.push(now.as_millis());
        if let Some(span) = self.again {
            out.wake_at(now + span);
        }
    }
}

/// Two hosts and a link.
fn pair(link: Link) -> (Net, NodeId, NodeId, LinkId) {
    let mut net = Net::new(1);
    let (a, b) = (
        net.add("a", Inbox::default()),
        net.add("b", Inbox::default()),
    );
    let link = net.join(a, b, link);
    (net, a, b, link)
}

fn send(net: &mut Net, from: NodeId, packets: &[&[u8]]) {
    for packet in packets {
        net.send(from, packet.to_vec());
    }
}

/// What has come, as text.
fn come(net: &Net, node: NodeId) -> Vec<String> {
    let packets = net.node::<Inbox>(node).packets();
    let text = |packet: &&[u8]| String::from_utf8_lossy(packet).into_owned();
    packets.iter().map(text).collect()
}

fn times(net: &Net, node: NodeId) -> Vec<u64> {
    let arrived = net.node::<Inbox>(node).arrived();
    arrived.iter().map(|it| it.at.as_micros()).collect()
}

fn assert_conserved(net: &Net) {
    let counts = net.counts();
    assert_eq!(
        counts.sent + counts.copies,
        counts.delivered + counts.lost() + counts.on_the_way,
        "{counts:?}"
    );
}

#[test]
fn a_packet_takes_the_delay_and_its_time_on_the_wire() {
    // 1000 bytes at 1 Mbit/s are 8 ms.
    let (mut net, a, b, _) = pair(Link::default().delay_ms(25).rate(1_000_000));
    send(&mut net, a, &[&[1; 1000], &[2; 500]]);
    net.run().unwrap();
    assert_eq!(times(&net, b), [33_000, 37_000]);
    assert_eq!(net.now(), Time::from_millis(37));
    // The wire is free again: nothing is left of the first two.
    send(&mut net, a, &[&[3; 1000]]);
    net.run().unwrap();
    assert_eq!(times(&net, b)[2], 37_000 + 33_000);
}

#[test]
fn the_two_directions_do_not_share_the_wire() {
    let (mut net, a, b, _) = pair(Link::default().rate(1_000_000));
    send(&mut net, a, &[&[1; 1000]]);
    send(&mut net, b, &[&[2; 1000]]);
    net.run().unwrap();
    assert_eq!((times(&net, a), times(&net, b)), (vec![8_000], vec![8_000]));
}

#[test]
fn a_full_queue_loses_what_comes_last() {
    // One is being sent, two wait, the fourth is lost.
    let (mut net, a, b, _) = pair(Link::default().rate(8_000_000).queue(2));
    send(&mut net, a, &[b"1", b"2", b"3", b"4"]);
    net.run().unwrap();
    assert_eq!(come(&net, b), ["1", "2", "3"]);
    assert_eq!(net.counts().lost_in_queue, 1);
    // They have left: there is room again.
    send(&mut net, a, &[b"5"]);
    net.run().unwrap();
    assert_eq!(come(&net, b)[3], "5");
    assert_conserved(&net);
}

#[test]
fn the_mtu_counts_the_packet_and_not_the_ethernet_header() {
    for (link, header) in [(Link::default(), 0), (Link::ethernet(), 14)] {
        let (mut net, a, b, _) = pair(link.mtu(100));
        let (fits, too_long) = (vec![0; 100 + header], vec![0; 101 + header]);
        send(&mut net, a, &[&too_long, &fits]);
        net.run().unwrap();
        assert_eq!(come(&net, b).len(), 1);
        assert_eq!(
            net.trace().entries().next().unwrap().fate,
            Fate::Lost(Loss::TooLong)
        );
        assert_conserved(&net);
    }
}

/// What comes of the packets 1 to 5 under a plan, and the network.
fn planned(plan: impl FnOnce(Way)) -> (String, Net) {
    let (mut net, a, b, _) = pair(Link::default().delay_ms(1));
    plan(net.way(a, b));
    // The other direction has a plan and a count of its own.
    net.way(b, a).loses(every(PACKET));
    send(&mut net, a, &[b"1", b"2", b"3", b"4", b"5"]);
    net.run().unwrap();
    assert_conserved(&net);
    (come(&net, b).concat(), net)
}

const PACKET: Kind = Kind::Packet;

#[test]
fn a_plan_is_for_the_packet_that_it_names() {
    let ms = Duration::from_millis;
    let come = |plan: &dyn Fn(Way)| planned(plan).0;
    assert_eq!(come(&|_| ()), "12345");
    assert_eq!(come(&|way| drop(way.loses(second(PACKET)))), "1345");
    assert_eq!(come(&|way| drop(way.loses(every(PACKET)))), "");
    assert_eq!(come(&|way| drop(way.repeats(third(PACKET)))), "123345");
    assert_eq!(come(&|way| drop(way.delays(first(PACKET), ms(9)))), "23451");
    assert_eq!(come(&|way| drop(way.flips(fourth(PACKET), 0, 3))), "123<5");
    assert_eq!(come(&|way| drop(way.flips(fourth(PACKET), 1, 3))), "12345");
    assert_eq!(come(&|way| drop(way.loses(nth(6, PACKET)))), "12345");
    // Two plans for one packet.
    let both = |way: Way| drop(way.flips(second(PACKET), 0, 3).repeats(second(PACKET)));
    assert_eq!(come(&both), "1::345");
}

#[test]
fn a_packet_comes_behind_the_one_that_a_plan_names() {
    let come = |plan: &dyn Fn(Way)| planned(plan).0;
    let after = |a: usize, b: usize| {
        move |way: Way| drop(way.delivers_after(nth(a, PACKET), nth(b, PACKET)))
    };
    assert_eq!(come(&after(2, 4)), "13425");
    assert_eq!(come(&after(1, 5)), "23451");
    // It is behind it anyway.
    assert_eq!(come(&after(4, 2)), "12345");
    assert_eq!(come(&after(3, 3)), "12345");
    // The other one is lost: it comes when that would have.
    let lost = |way: Way| after(2, 4)(way.loses(fourth(PACKET)));
    assert_eq!(come(&lost), "1325");
    // Two that wait for the same one come in their order.
    let two = |way: Way| after(1, 4)(way.delivers_after(second(PACKET), fourth(PACKET)));
    assert_eq!(come(&two), "34125");
}

#[test]
fn a_packet_that_waits_for_another_one_is_not_faster_than_its_wire() {
    let (mut net, a, b, _) = pair(Link::default().rate(1_000_000));
    net.way(a, b).delivers_after(first(PACKET), second(PACKET));
    // The second one is lost at once: it is too long.
    send(&mut net, a, &[&[1; 1000], &[2; 2000]]);
    net.run().unwrap();
    assert_eq!(times(&net, b), [8_000]);
}

#[test]
fn a_plan_can_look_at_the_packets() {
    let (mut net, a, b, _) = pair(Link::default());
    let begins = |with: u8| move |packet: &[u8]| packet[0] == with;
    net.way(a, b)
        .loses(second(PACKET).that("begins with x", begins(b'x')))
        .loses(every(PACKET).that("begins with y", begins(b'y')));
    send(&mut net, a, &[b"x1", b"a", b"y1", b"x2", b"y2", b"x3"]);
    net.run().unwrap();
    assert_eq!(come(&net, b), ["x1", "a", "x3"]);
    let trace = net.trace();
    let said: Vec<_> = trace.entries().filter_map(|entry| entry.plan()).collect();
    assert_eq!(
        said,
        [
            "lose every packet that begins with y from a to b",
            "lose the second packet that begins with x from a to b",
            "lose every packet that begins with y from a to b"
        ]
    );
}

#[test]
fn what_a_plan_waits_for_in_vain_is_told() {
    let (come, net) = planned(|way| {
        way.delivers_after(first(PACKET), nth(9, PACKET))
            .loses(first(Kind::Data))
            .repeats(nth(5, PACKET));
    });
    // What is held for ever is still counted.
    assert_eq!(come, "23455");
    assert_eq!(net.counts().on_the_way, 1);
    assert_eq!(net.trace().entries().next().unwrap().fate, Fate::Held);
    assert_eq!(
        net.trace().plans_not_met(),
        "lose the first data segment from a to b\nlose every packet from b to a\n"
    );
}

#[test]
fn at_one_moment_what_was_sent_first_comes_first() {
    let mut net = Net::new(1);
    let sink = net.add("sink", Inbox::default());
    let senders: Vec<NodeId> = (0..5)
        .map(|_| net.add("sender", Inbox::default()))
        .collect();
    for sender in &senders {
        net.join(*sender, sink, Link::default().delay_ms(3));
    }
    for (n, sender) in senders.iter().enumerate().rev() {
        send(&mut net, *sender, &[&[b'0' + n as u8]]);
    }
    net.run().unwrap();
    assert_eq!(come(&net, sink), ["4", "3", "2", "1", "0"]);
}

#[test]
fn a_node_has_one_alarm_and_may_take_it_back() {
    let mut net = Net::new(1);
    let node = net.add("sleeper", Sleeper::default());
    let set = |net: &mut Net, ms| {
        net.with(node, |_: &mut Sleeper, _, out| {
            out.wake_at(Time::from_millis(ms))
        });
    };
    set(&mut net, 10);
    set(&mut net, 20);
    net.run().unwrap();
    assert_eq!(net.node::<Sleeper>(node).woken, [20]);
    // A time that has passed is now.
    set(&mut net, 5);
    net.run().unwrap();
    assert_eq!(net.node::<Sleeper>(node).woken, [20, 20]);
    set(&mut net, 30);
    net.with(node, |_: &mut Sleeper, _, out| out.do_not_wake());
    net.run().unwrap();
    assert_eq!(net.node::<Sleeper>(node).woken, [20, 20]);
    assert_eq!(
        net.now(),
        Time::from_millis(20),
        "an alarm that is off takes no time"
    );
}

#[test]
fn a_run_may_stop_in_the_middle() {
    let (mut net, a, b, _) = pair(Link::default().delay_ms(10));
    send(&mut net, a, &[b"1"]);
    net.run_until(Time::from_millis(9)).unwrap();
    assert_eq!((come(&net, b).len(), net.now()), (0, Time::from_millis(9)));
    assert_eq!(net.counts().on_the_way, 1);
    net.run_until(Time::from_millis(10)).unwrap();
    assert_eq!(come(&net, b).len(), 1);
    net.run_until(Time::from_millis(50)).unwrap();
    assert_eq!(net.now(), Time::from_millis(50));
}

#[test]
fn a_run_without_end_is_stopped_and_explained() {
    let mut net = Net::new(1);
    let (a, b) = (net.add("left", Echo), net.add("right", Echo));
    net.join(a, b, Link::default().delay_ms(1));
    net.give_up_after(1000);
    net.with(a, |_: &mut Echo, _, out| out.send(0, b"ball".to_vec()));
    let said = net.run().unwrap_err().to_string();
    for words in [
        "after 1000 events it is 1000 ms",
        "packets under way: 1",
        "├── 4 bytes ─",
    ] {
        assert!(said.contains(words), "{said}");
    }

    let mut net = Net::new(1);
    let clock = net.add("clock", Sleeper::default());
    net.give_up_after(1000);
    net.with(clock, |node: &mut Sleeper, now, out| {
        node.again = Some(Duration::from_secs(1));
        out.wake_at(now);
    });
    let said = net.run().unwrap_err().to_string();
    assert!(said.contains("an alarm is set by: clock"), "{said}");
}

/// A thousand packets each way over two links with everything that can go wrong.
fn storm(seed: u64, probability: f64) -> Net {
    let chance = Chance {
        lose: probability,
        repeat: probability,
        flip: probability,
        late: probability,
        late_by: Duration::from_millis(7),
    };
    let mut net = Net::new(seed);
    let a = net.add("a", Inbox::default());
    let middle = net.add("middle", Echo);
    let b = net.add("b", Inbox::default());
    let link = Link::default()
        .delay_ms(2)
        .rate(10_000_000)
        .queue(20)
        .chance(chance);
    let link_a = net.join(a, middle, link.clone());
    net.join(b, middle, link);
    net.way_on(link_a, a)
        .delivers_after(third(PACKET), nth(7, PACKET))
        .delivers_after(nth(500, PACKET), nth(1100, PACKET)); // it never comes
    for n in 0..1000_u32 {
        let at = net.now() + Duration::from_micros(u64::from(n % 7) * 100);
        net.run_until(at).unwrap();
        let length = (n * 37 % 1600) as usize;
        send(&mut net, a, &[&vec![n as u8; length]]);
        send(&mut net, b, &[&n.to_be_bytes()]);
        assert_conserved(&net);
    }
    net.run().unwrap();
    assert_conserved(&net);
    net
}

#[test]
fn nothing_vanishes_in_a_storm() {
    for seed in 0..20 {
        let net = storm(seed, 0.1);
        let counts = net.counts();
        assert!(
            counts.on_the_way <= 1,
            "what the plan holds, if it is not lost"
        );
        for count in [
            counts.copies,
            counts.lost_by_chance,
            counts.lost_in_queue,
            counts.too_long,
            counts.flipped,
        ] {
            assert!(count > 0, "{counts:?}");
        }
        let trace = net.trace();
        let delivered = trace.entries();
        let delivered = delivered.filter(|entry| matches!(entry.fate, Fate::Arrives(_)));
        assert_eq!(
            delivered.count(),
            counts.delivered,
            "the trace and the counts agree"
        );
    }
}

#[test]
fn a_seed_is_a_run() {
    let (one, again, other) = (storm(7, 0.1), storm(7, 0.1), storm(8, 0.1));
    assert_eq!(one.trace().text(), again.trace().text());
    assert_eq!(one.trace().pcapng(), again.trace().pcapng());
    assert_ne!(one.trace().text(), other.trace().text());
}

#[test]
fn a_link_of_its_own_has_chance_of_its_own() {
    // More traffic on the second link changes nothing on the first.
    let fates = |busy: bool| {
        let mut net = Net::new(3);
        let a = net.add("a", Inbox::default());
        let b = net.add("b", Inbox::default());
        let c = net.add("c", Inbox::default());
        let link = Link::default().chance(Chance::lose(0.3));
        net.join(a, b, link.clone());
        net.join(c, b, link);
        for _ in 0..100 {
            send(&mut net, a, &[b"x"]);
            if busy {
                send(&mut net, c, &[b"y", b"z"]);
            }
        }
        net.run().unwrap();
        come(&net, b).iter().filter(|it| *it == "x").count()
    };
    assert_eq!(fates(false), fates(true));
}

#[test]
fn a_trace_may_be_looked_at_twice_at_the_same_time() {
    let net = storm(1, 0.05);
    let (one, another) = (net.trace(), net.trace());
    assert_eq!(one.entries().len(), another.entries().len());
}

#[test]
fn a_long_picture_is_cut_in_the_middle() {
    let (mut net, a, _, _) = pair(Link::default());
    for _ in 0..1000 {
        net.send(a, vec![0; 7]);
    }
    net.run().unwrap();
    let svg = net.trace().svg("A thousand");
    assert!(svg.contains("… 700 more …"));
    assert_eq!(svg.matches("<g><title>").count(), 300);
}

#[test]
fn the_picture_is_svg_that_a_page_can_take_in() {
    let net = storm(1, 0.05);
    let svg = net.trace().svg("A storm");
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    assert!(
        !svg.contains("\n\n"),
        "an empty line would end the HTML block"
    );
}
