//! smoltcp talks to smoltcp over netlab's simulated network.

use std::cell::RefCell;
use std::rc::Rc;

use netlab::sim::{Chance, Kind, Link, Net, NodeId, first};
use races::foreign::{Host, keeps, uploads};
use smoltcp::wire::{IpAddress, IpCidr};

const CLIENT: IpAddress = IpAddress::v4(10, 0, 0, 1);
const SERVER: IpAddress = IpAddress::v4(10, 0, 0, 2);
const PORT: u16 = 80;

/// Carries the data over the link. Gives what came, and the network at rest.
fn carried(
    seed: u64,
    data: &[u8],
    chance: Chance,
    plan: impl FnOnce(&mut Net, NodeId, NodeId),
) -> (Vec<u8>, Net) {
    let got = Rc::new(RefCell::new(Vec::new()));
    let mut net = Net::new(seed);
    let host = |address, app| Host::new(IpCidr::new(address, 24), app);
    let a = net.add(
        "client",
        host(CLIENT, uploads((SERVER, PORT), data.to_vec())),
    );
    let b = net.add("server", host(SERVER, keeps(PORT, got.clone())));
    net.join(a, b, Link::default().delay_ms(25).chance(chance));
    plan(&mut net, a, b);
    net.with(b, Host::start);
    net.with(a, Host::start);
    net.run().unwrap();
    (got.take(), net)
}

fn data(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * n / 7) as u8).collect()
}

#[test]
fn a_planned_loss_is_retransmitted() {
    let data = data(20_000);
    let (got, net) = carried(1, &data, Chance::default(), |net, a, b| {
        net.way(a, b).loses(first(Kind::Data));
    });
    assert!(got == data);
    let trace = net.trace();
    assert_eq!(trace.plans_not_met(), "");
    let lost: Vec<_> = trace
        .entries()
        .filter(|it| it.remark() == "lost by plan")
        .collect();
    assert_eq!(lost.len(), 1);
    // The same bytes cross again; they arrive this time.
    let again = trace
        .entries()
        .filter(|it| it.is(Kind::Data) && it.bytes()[24..28] == lost[0].bytes()[24..28]);
    assert_eq!(again.count(), 2, "{}", trace.text());
}

#[test]
fn a_hundred_kilobytes_survive_every_kind_of_chance() {
    for (seed, loss) in [(1, 0.0), (2, 0.01), (3, 0.1), (4, 0.2)] {
        let chance = Chance {
            lose: loss,
            repeat: loss,
            flip: loss / 2.0,
            late: loss,
            late_by: std::time::Duration::from_millis(40),
        };
        let data = data(100_000);
        let (got, net) = carried(seed, &data, chance, |_, _, _| ());
        assert!(
            got == data,
            "seed {seed}, loss {loss}: {} bytes came",
            got.len()
        );
        assert!(loss < 0.1 || net.counts().lost_by_chance > 0);
    }
}

#[test]
fn the_same_seed_is_the_same_conversation() {
    let run = |seed| carried(seed, &data(50_000), Chance::lose(0.1), |_, _, _| ()).1;
    let (one, again, other) = (run(7), run(7), run(8));
    assert!(one.trace().pcapng() == again.trace().pcapng());
    assert!(one.trace().pcapng() != other.trace().pcapng());
}
