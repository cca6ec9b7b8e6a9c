//! Step 4: the port on the other side.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use netlab::lab;
use port_demux::EphemeralPorts;
use port_demux::Proto::{Tcp, Udp};
use port_demux::State::{CloseWait, Closed, Established, FinWait2, Listen, TimeWait};

use super::machine::{Machine, numbers};
use super::words::{NO_REUSE, REUSE_ADDR, REUSE_PORT, row, shown};

#[test]
fn s4_the_last_free_port_is_found() {
    lab(|lab| {
        lab.why("Trying a few random ports and giving up is not enough: one free port must be found, wherever it lies and wherever the search begins.");
        for free in 50000..=50009 {
            for seed in 0..10 {
                let mut ports = EphemeralPorts::new(50000..=50009, numbers(seed));
                let call = format!("pick(only {free} is free), range 50000 to 50009");
                let got = lab.you(&call, || ports.pick(|port| port == free));
                lab.same("the port", got, Some(free));
            }
        }
        lab.why("None of the ten ports is free: None. Each of them was tried before that.");
        lab.if_stuck("No port is free, so no number of tries finds one. Try each port of the range once, then give up.");
        let mut ports = EphemeralPorts::new(50000..=50009, numbers(1));
        let asked = RefCell::new(BTreeSet::new());
        let got = lab.you("pick(none is free)", || {
            ports.pick(|port| {
                asked.borrow_mut().insert(port);
                false
            })
        });
        lab.same("no port", got, None);
        let asked: Vec<u16> = asked.into_inner().into_iter().collect();
        lab.same(
            "the ports that were tried",
            asked,
            (50000..=50009).collect(),
        );
    });
}

#[test]
fn s4_the_range_ends_where_it_ends() {
    lab(|lab| {
        lab.why("Ports are 16 bits wide and random numbers are not. Where the search begins plus the steps that it has gone can be more than 65535, in a range of more than 32768 ports or in one that ends at 65535: count in u32, come round, and add the first port at the end.");
        for random in [
            0,
            1,
            9,
            10,
            40_000,
            65_534,
            65_535,
            65_536,
            // The largest and the smallest number of an i32.
            u32::MAX / 2,
            u32::MAX / 2 + 1,
            u32::MAX - 1,
            u32::MAX,
        ] {
            for (first, last) in [
                (65_526, 65_535),
                (50_000, 50_000),
                (0, 1),
                (1, 65_535),
                (1024, 65_535),
            ] {
                lab.scene(format!("range {first} to {last}, random number {random}"));
                let mut ports = EphemeralPorts::new(first..=last, move || random);
                let got = lab.you("pick(all are free)", || ports.pick(|_| true));
                let inside = got.is_some_and(|port| port != 0 && (first..=last).contains(&port));
                lab.holds(inside, "a port of the range, and not 0", format!("{got:?}"));
                let begins = got.unwrap_or(last);
                let lowest = first.max(1);
                let before = if begins > lowest { begins - 1 } else { last };
                for free in [lowest, last, lowest + (last - lowest) / 2, before] {
                    let call = format!("pick(only {free} is free)");
                    let got = lab.you(&call, || ports.pick(|port| port == free));
                    lab.same("the port", got, Some(free));
                }
            }
        }
        lab.scene("range 0 to 0, which has no port: 0 is reserved");
        lab.why("A range without a port has no free one. Its size is 0: last - first + 1 must not go below zero on the way, and nothing can be divided by it.");
        let mut ports = EphemeralPorts::new(0..=0, || 7);
        let got = lab.you("pick(all are free)", || ports.pick(|_| true));
        lab.same("the port", got, None);
    });
}

#[test]
fn s4_not_sequential() {
    lab(|lab| {
        lab.why("An attacker who can guess the port can send segments into the connection, or answers to a query. One port must not reveal the next (RFC 6056).");
        let mut ports = EphemeralPorts::new(32768..=60999, numbers(6056));
        let picks: Vec<u16> = (0..64)
            .map(|_| {
                lab.you("pick(all are free)", || ports.pick(|_| true))
                    .unwrap_or(0)
            })
            .collect();
        // Five with the same distance from one to the next, counted round the range, are a pattern.
        let step = |two: &[u16]| (i32::from(two[1]) - i32::from(two[0])).rem_euclid(28232);
        let pattern = picks
            .windows(5)
            .find(|five| five.windows(2).all(|two| step(two) == step(five)));
        if let Some(five) = pattern {
            lab.fails("no pattern in 64 picks", format!("{five:?}"));
        }
        let different: HashSet<u16> = picks.into_iter().collect();
        lab.holds(
            different.len() > 55,
            "nearly as many ports as picks, of 28232 in the range",
            format!("{} different ports in 64 picks", different.len()),
        );

        lab.why("Each port of the range must be one where the search can begin, the last one too.");
        let mut few = EphemeralPorts::new(50_000..=50_009, numbers(1));
        let begins: BTreeSet<u16> = lab.you("pick(all are free) of ten ports, 400 times", || {
            (0..400).filter_map(|_| few.pick(|_| true)).collect()
        });
        lab.same(
            "the ports that come up",
            begins,
            (50_000..=50_009).collect(),
        );

        lab.why("The larger the range, the harder it is to guess a port (RFC 6056). A search that begins only in a part of the range helps those who guess.");
        let parts: BTreeSet<i32> = lab.you("pick(all are free), 400 times", || {
            let picks = (0..400).filter_map(|_| ports.pick(|_| true));
            picks
                .map(|port| (i32::from(port) - 32768) * 16 / 28232)
                .collect()
        });
        lab.same(
            "the sixteenths of the range with a port in them",
            parts,
            (0..16).collect(),
        );
    });
}

#[test]
fn s4_no_port_is_the_next_one_when_few_are_free() {
    lab(|lab| {
        lab.why("On a busy machine most ports are taken, and the first random one is taken, too. A search that then takes the lowest free port always takes the same one, and an attacker can guess it. Go on from the place where the search began, until a port is free.");
        let every_eighth: Vec<u16> = (50_000..=50_063).step_by(8).collect();
        for (range, free, picks, most_of_one) in [
            (50_000..=50_063, every_eighth, 320, 120),
            (32_768..=60_999, vec![32_768, 46_884], 64, 56),
        ] {
            lab.scene(format!("range {range:?}; free are {free:?}"));
            let mut ports = EphemeralPorts::new(range, numbers(6056));
            let mut times = BTreeMap::new();
            for _ in 0..picks {
                let got = lab.you("pick(those are free)", || {
                    ports.pick(|port| free.contains(&port))
                });
                match got {
                    Some(port) => *times.entry(port).or_insert(0) += 1,
                    None => lab.fails("a free port", "None"),
                }
            }
            let most = times.values().max().copied().unwrap_or(0);
            lab.holds(
                most <= most_of_one,
                format!("each of them about as often as the others in {picks} picks"),
                format!("these, with the number of times: {times:?}"),
            );
        }
    });
}

#[test]
fn s4_bind_zero_gets_an_unused_port() {
    lab(|lab| {
        lab.why("Port 0 asks the system for a port that no socket overlaps, in TIME-WAIT or not. Options that allow sharing do not count: a program that lets the system choose wants a port for itself.");
        let mut machine = Machine::new(lab);
        machine.has(row(90, Tcp, Closed, "10.0.0.5:40003", "-"), REUSE_ADDR);
        machine.has(
            row(91, Tcp, Established, "10.0.0.5:40004", "10.0.0.9:80"),
            REUSE_ADDR,
        );
        machine.has(row(92, Tcp, Closed, "0.0.0.0:40005", "-"), REUSE_ADDR);
        machine.has(
            row(95, Tcp, TimeWait, "10.0.0.5:40008", "10.0.0.9:80"),
            REUSE_ADDR,
        );
        // These do not overlap: another address, another protocol, another family.
        machine.has(row(93, Tcp, Closed, "127.0.0.1:40006", "-"), REUSE_ADDR);
        machine.has(row(94, Udp, Closed, "10.0.0.5:40007", "-"), REUSE_ADDR);
        machine.has(row(96, Tcp, Closed, "[::]:40009", "-"), REUSE_ADDR);
        let mut got = BTreeSet::new();
        for _ in 0..6 {
            let s = machine.socket(Tcp, REUSE_ADDR);
            let local = machine.bind(s, "10.0.0.5:0");
            machine.shows(s, &format!("CLOSED {local} -"));
            lab.same("its address", local.ip().to_string(), "10.0.0.5".to_owned());
            got.insert(local.port());
        }
        let want: BTreeSet<u16> = [40000, 40001, 40002, 40006, 40007, 40009].into();
        lab.same("the six ports that were left", got, want);
        let s = machine.socket(Tcp, REUSE_ADDR);
        machine.cannot_bind(s, "10.0.0.5:0", "AddrInUse");

        lab.scene("a new machine");
        lab.why("It makes no difference that the system has chosen the port: a second bind is invalid here, too.");
        let mut machine = Machine::new(lab);
        let s = machine.tcp();
        let local = machine.bind(s, "10.0.0.5:0");
        machine.cannot_bind(s, "10.0.0.5:5000", "Invalid");
        machine.cannot_bind(s, "10.0.0.5:0", "Invalid");
        machine.shows(s, &format!("CLOSED {local} -"));

        lab.scene("a new machine, where one address has port 40006");
        lab.why("A socket at all addresses overlaps with every socket that has the port at one address.");
        let mut machine = Machine::new(lab);
        for (proto, id) in [(Tcp, 90), (Udp, 91)] {
            machine.has(row(id, proto, Closed, "127.0.0.1:40006", "-"), NO_REUSE);
            let mut got = BTreeSet::new();
            for _ in 0..9 {
                let s = machine.socket(proto, NO_REUSE);
                got.insert(machine.bind(s, "0.0.0.0:0").port());
            }
            let want: BTreeSet<u16> = (40000..=40009).filter(|&port| port != 40006).collect();
            lab.same("the nine ports that were left", got, want);
            let s = machine.socket(proto, NO_REUSE);
            machine.cannot_bind(s, "0.0.0.0:0", "AddrInUse");
            machine.shows(s, "CLOSED 0.0.0.0:0 -");
        }

        lab.scene("a new machine, where sockets have agreed to share");
        lab.why("SO_REUSEPORT does not count either: the system does not choose a port that another socket has.");
        let mut machine = Machine::new(lab);
        machine.has(row(90, Tcp, Closed, "10.0.0.5:40003", "-"), REUSE_PORT);
        let called = machine.socket(Tcp, REUSE_PORT);
        machine.bind(called, "10.0.0.5:40004");
        machine.connect(called, "10.0.0.9:80");
        let mut got = BTreeSet::new();
        for _ in 0..8 {
            let s = machine.socket(Tcp, REUSE_PORT);
            got.insert(machine.bind(s, "10.0.0.5:0").port());
        }
        let want: BTreeSet<u16> = (40000..=40009)
            .filter(|port| ![40003, 40004].contains(port))
            .collect();
        lab.same("the eight ports that were left", got, want);
    });
}

#[test]
fn s4_connect_fills_in_what_is_missing() {
    lab(|lab| {
        lab.why("A client need not bind. connect writes all four numbers: the peer as given, the machine's own address, and a port that the system chooses.");
        let mut machine = Machine::new(lab);
        let client = machine.tcp();
        let t = machine.connect(client, "10.0.0.9:80");
        lab.same("the peer", t.remote.to_string(), "10.0.0.9:80".to_owned());
        lab.same(
            "the own address",
            t.local.ip().to_string(),
            "10.0.0.5".to_owned(),
        );
        lab.holds(
            (40000..=40009).contains(&t.local.port()),
            "a port from 40000 to 40009",
            t.local.port(),
        );
        machine.shows(client, &format!("SYN-SENT {} 10.0.0.9:80", t.local));
        machine.gets(
            &t.local.to_string(),
            "10.0.0.9:80",
            &format!("exact #{}", client.0),
        );
        machine.gets(&t.local.to_string(), "10.0.0.9:81", "nobody: RST");
    });
}

#[test]
fn s4_what_bind_said_stays() {
    lab(|lab| {
        lab.why("A client may bind before it connects. connect fills in only what is missing; all addresses become the one that it sends from.");
        let cases = [
            ("127.0.0.1:5000", "SYN-SENT 127.0.0.1:5000 10.0.0.9:80"),
            ("0.0.0.0:5000", "SYN-SENT 10.0.0.5:5000 10.0.0.9:80"),
        ];
        for (local, want) in cases {
            lab.scene("a new machine");
            let mut machine = Machine::new(lab);
            let client = machine.tcp();
            machine.bind(client, local);
            machine.connect(client, "10.0.0.9:80");
            machine.shows(client, want);
        }
        lab.scene("a new machine, whose own address is fe80::5");
        let mut machine = Machine::at(lab, "fe80::5");
        let client = machine.tcp();
        machine.bind(client, "[::]:5000");
        machine.connect(client, "[fe80::9]:80");
        machine.shows(client, "SYN-SENT [fe80::5]:5000 [fe80::9]:80");
        lab.scene("a new machine, and a bind with port 0");
        let mut machine = Machine::new(lab);
        let client = machine.tcp();
        let local = machine.bind(client, "127.0.0.1:0");
        machine.connect(client, "10.0.0.9:80");
        lab.because("bind has chosen a port for this socket, and told the program which. connect leaves it as it is.")
            .same("the row of the client", shown(machine.table.row(client)), format!("SYN-SENT {local} 10.0.0.9:80"));
        lab.scene("a new machine, UDP");
        lab.why("UDP has no handshake: with a peer the socket is ESTABLISHED at once. The port stays as bind gave it, and all addresses become the one that it sends from.");
        let mut machine = Machine::new(lab);
        let client = machine.udp();
        machine.bind(client, "0.0.0.0:5000");
        machine.connect(client, "10.0.0.53:53");
        machine.shows(client, "ESTABLISHED 10.0.0.5:5000 10.0.0.53:53");
    });
}

#[test]
fn s4_range_exhaustion_is_per_destination() {
    lab(|lab| {
        lab.why("Towards one server each port serves once. The range has ten ports, so ten connections get one each. Ports that are taken are passed over.");
        let mut machine = Machine::new(lab);
        let mut to_a = BTreeSet::new();
        for _ in 0..10 {
            let s = machine.tcp();
            to_a.insert(machine.connect(s, "10.0.0.9:80").local.port());
        }
        lab.same("ports towards 10.0.0.9:80", to_a, (40000..=40009).collect());
        lab.why("All ten ports are taken towards this server. An eleventh connection would have the same four numbers as another one.");
        let eleventh = machine.tcp();
        machine.cannot_connect(eleventh, "10.0.0.9:80", "AddrNotAvailable");
        machine.shows(eleventh, "CLOSED 0.0.0.0:0 -");
        lab.why("Towards another server a port is free again: the four numbers differ. So ports run out towards one server, not for the whole machine.");
        for other in ["10.0.0.10:80", "10.0.0.9:81"] {
            let mut ports = BTreeSet::new();
            for _ in 0..10 {
                let s = machine.tcp();
                ports.insert(machine.connect(s, other).local.port());
            }
            lab.same(
                &format!("ports towards {other}"),
                ports,
                (40000..=40009).collect(),
            );
        }
    });
}

#[test]
fn s4_never_hands_out_a_bound_port() {
    lab(|lab| {
        lab.why("A port that a socket has from bind belongs to it, whatever its address is and whether it is connected or not. A client on that port would be taken for the server, or would keep the server from listening.");
        let mut machine = Machine::new(lab);
        machine.has(row(90, Tcp, Listen, "0.0.0.0:40001", "-"), NO_REUSE);
        machine.has(row(91, Tcp, Listen, "127.0.0.1:40002", "-"), NO_REUSE);
        machine.has(row(92, Tcp, Closed, "127.0.0.1:40003", "-"), NO_REUSE);
        let holder = machine.tcp();
        machine.bind(holder, "127.0.0.1:40005");
        machine.connect(holder, "10.0.0.77:80");
        let chooser = machine.tcp();
        let chosen = machine.bind(chooser, "127.0.0.1:0").port();
        machine.connect(chooser, "10.0.0.77:80");
        // UDP's ports are others.
        for port in 40000_u16..=40009 {
            let local = format!("0.0.0.0:{port}");
            machine.has(row(u64::from(port), Udp, Closed, &local, "-"), NO_REUSE);
        }
        let taken = [
            (40001, 90),
            (40002, 91),
            (40003, 92),
            (40005, holder.0),
            (chosen, chooser.0),
        ];
        for _ in 0..5 {
            let s = machine.tcp();
            let port = machine.connect(s, "10.0.0.9:80").local.port();
            if let Some((_, owner)) = taken.iter().find(|(taken, _)| *taken == port) {
                lab.fails(
                    "a port that nobody has from bind",
                    format!("{port}, which is #{owner}'s"),
                );
            }
        }
        let s = machine.tcp();
        machine.cannot_connect(s, "10.0.0.9:80", "AddrNotAvailable");
    });
}

#[test]
fn s4_the_same_four_numbers_only_once() {
    lab(|lab| {
        lab.why("Two connections with the same four numbers could not be told apart by any segment. One in TIME-WAIT makes room (RFC 6191).");
        let mut machine = Machine::new(lab);
        let one = machine.socket(Tcp, REUSE_ADDR);
        machine.bind(one, "10.0.0.5:5000");
        let two = machine.socket(Tcp, REUSE_ADDR);
        machine.bind(two, "10.0.0.5:5000");
        machine.connect(one, "10.0.0.9:80");
        machine.cannot_connect(two, "10.0.0.9:80", "AddrNotAvailable");
        machine.shows(two, "CLOSED 10.0.0.5:5000 -");
        machine.connect(two, "10.0.0.10:80");
        lab.why("A socket at all addresses gets the machine's own when it connects. The four numbers that it will have count.");
        let everywhere = machine.socket(Tcp, REUSE_ADDR);
        machine.bind(everywhere, "0.0.0.0:5000");
        machine.cannot_connect(everywhere, "10.0.0.9:80", "AddrNotAvailable");
        machine.shows(everywhere, "CLOSED 0.0.0.0:5000 -");
        lab.why("Two connections with the same four numbers could not be told apart by any segment. One in TIME-WAIT makes room (RFC 6191).");

        let old = row(90, Tcp, TimeWait, "10.0.0.5:6000", "10.0.0.9:80");
        machine.has(old, REUSE_ADDR);
        let another = row(91, Tcp, TimeWait, "10.0.0.5:6000", "10.0.0.10:80");
        machine.has(another, REUSE_ADDR);
        let three = machine.socket(Tcp, REUSE_ADDR);
        machine.bind(three, "10.0.0.5:6000");
        machine.connect(three, "10.0.0.9:80");
        machine.shows(old.id, "no such row");
        machine.shows(another.id, "TIME-WAIT 10.0.0.5:6000 10.0.0.10:80");
        machine.gets(
            "10.0.0.5:6000",
            "10.0.0.9:80",
            &format!("exact #{}", three.0),
        );

        lab.why("TCP and UDP have separate ports: a socket of the other protocol with these numbers does not conflict, and stays.");
        let other = row(190, Udp, Established, "10.0.0.5:8000", "10.0.0.9:80");
        machine.has(other, NO_REUSE);
        let five = machine.tcp();
        machine.bind(five, "10.0.0.5:8000");
        machine.connect(five, "10.0.0.9:80");
        machine.shows(other.id, "ESTABLISHED 10.0.0.5:8000 10.0.0.9:80");
        let old = row(290, Tcp, TimeWait, "10.0.0.5:9000", "10.0.0.53:53");
        machine.has(old, REUSE_ADDR);
        let six = machine.udp();
        machine.bind(six, "10.0.0.5:9000");
        machine.connect(six, "10.0.0.53:53");
        machine.shows(old.id, "TIME-WAIT 10.0.0.5:9000 10.0.0.53:53");
        machine.shows(six, "ESTABLISHED 10.0.0.5:9000 10.0.0.53:53");

        for (state, why) in [
            (
                FinWait2,
                "FIN-WAIT-2 does not make room: the other end has not closed, and what it still sends would reach the new connection (RFC 9293, section 3.10.1).",
            ),
            (
                CloseWait,
                "CLOSE-WAIT does not make room: a program has this connection, and may still send.",
            ),
            (
                Established,
                "An open connection does not make room. Only TIME-WAIT does.",
            ),
        ] {
            lab.scene("a new machine");
            lab.why(why);
            let mut machine = Machine::new(lab);
            let old = row(90, Tcp, state, "10.0.0.5:7000", "10.0.0.9:80");
            machine.has(old, REUSE_ADDR);
            let before = shown(Some(old));
            let four = machine.socket(Tcp, REUSE_ADDR);
            machine.bind(four, "10.0.0.5:7000");
            machine.cannot_connect(four, "10.0.0.9:80", "AddrNotAvailable");
            machine.shows(old.id, &before);
            machine.shows(four, "CLOSED 10.0.0.5:7000 -");
        }
    });
}

#[test]
fn s4_time_wait_keeps_a_chosen_port() {
    lab(|lab| {
        lab.why("The system does not choose a port whose four numbers are still in TIME-WAIT, or in any other state: an old segment on its way could be taken for a new one.");
        let mut machine = Machine::new(lab);
        let left = row(90, Tcp, TimeWait, "10.0.0.5:40009", "10.0.0.9:80");
        machine.has(left, NO_REUSE);
        let waiting = row(91, Tcp, FinWait2, "10.0.0.5:40008", "10.0.0.9:80");
        machine.has(waiting, NO_REUSE);
        for _ in 0..8 {
            let s = machine.tcp();
            machine.connect(s, "10.0.0.9:80");
        }
        let ninth = machine.tcp();
        machine.cannot_connect(ninth, "10.0.0.9:80", "AddrNotAvailable");
        machine.shows(left.id, "TIME-WAIT 10.0.0.5:40009 10.0.0.9:80");
        let mut elsewhere = BTreeSet::new();
        for _ in 0..10 {
            let s = machine.tcp();
            elsewhere.insert(machine.connect(s, "10.0.0.9:81").local.port());
        }
        lab.same(
            "ports towards 10.0.0.9:81",
            elsewhere,
            (40000..=40009).collect(),
        );
    });
}

#[test]
fn s4_connect_only_once() {
    lab(|lab| {
        lab.why("A TCP socket has one conversation in its life, and a listener has none. connect(2): EISCONN.");
        let mut machine = Machine::new(lab);
        let client = machine.tcp();
        let t = machine.connect(client, "10.0.0.9:80");
        machine.cannot_connect(client, "10.0.0.10:80", "IsConnected");
        machine.shows(client, &format!("SYN-SENT {} 10.0.0.9:80", t.local));
        let server = row(90, Tcp, Listen, "10.0.0.5:80", "-");
        machine.has(server, NO_REUSE);
        machine.cannot_connect(server.id, "10.0.0.10:80", "IsConnected");
        lab.why("This socket has its peer. In CLOSE-WAIT it has one still: only one direction has ended. connect(2): EISCONN.");
        for (id, state) in [(92, Established), (93, CloseWait)] {
            let open = row(id, Tcp, state, "10.0.0.5:6001", &format!("10.0.0.9:{id}"));
            machine.has(open, NO_REUSE);
            machine.cannot_connect(open.id, "10.0.0.10:80", "IsConnected");
        }
        lab.why("connect gave this socket an address. bind is for sockets without one: EINVAL.");
        machine.cannot_bind(client, "10.0.0.5:81", "Invalid");
        lab.why("The program has no socket #999: EBADF.");
        machine.cannot_connect(port_demux::SocketId(999), "10.0.0.10:80", "BadSocket");
        lab.why(
            "A connection in TIME-WAIT is the kernel's. No descriptor names it any more: EBADF.",
        );
        let left = row(91, Tcp, TimeWait, "10.0.0.5:6000", "10.0.0.9:80");
        machine.has(left, NO_REUSE);
        machine.cannot_connect(left.id, "10.0.0.10:80", "BadSocket");
    });
}

#[test]
fn s4_udp_connects_anew_and_shares_no_port() {
    lab(|lab| {
        lab.why("UDP's connect sends nothing: it writes a peer into the row, and may write another one later. The port that it chooses belongs only to this socket, whatever the peer is.");
        let mut machine = Machine::new(lab);
        let s = machine.udp();
        let t = machine.connect(s, "10.0.0.53:53");
        machine.shows(s, &format!("ESTABLISHED {} 10.0.0.53:53", t.local));
        machine.connect(s, "10.0.0.54:53");
        machine.shows(s, &format!("ESTABLISHED {} 10.0.0.54:53", t.local));
        let mut ports = BTreeSet::from([t.local.port()]);
        for host in 1..10 {
            let s = machine.udp();
            let peer = format!("10.0.1.{host}:53");
            ports.insert(machine.connect(s, &peer).local.port());
        }
        lab.same(
            "ports of ten sockets, ten peers",
            ports,
            (40000..=40009).collect(),
        );
        let eleventh = machine.udp();
        machine.cannot_connect(eleventh, "10.0.1.99:53", "WouldBlock");
        let tcp = machine.tcp();
        machine.connect(tcp, "10.0.1.99:53");
    });
}

#[test]
fn s4_udp_asks_at_all_addresses() {
    lab(|lab| {
        lab.why("A UDP socket gets its port before its address, so a port that another socket has at any address cannot be used: nine are left of ten.");
        let mut machine = Machine::new(lab);
        machine.has(row(90, Udp, Closed, "127.0.0.1:40004", "-"), NO_REUSE);
        let mut ports = BTreeSet::new();
        for host in 1..=9 {
            let s = machine.udp();
            let peer = format!("10.0.1.{host}:53");
            ports.insert(machine.connect(s, &peer).local.port());
        }
        lab.holds(
            !ports.contains(&40004),
            "nine ports without 40004",
            format!("{ports:?}"),
        );
        let tenth = machine.udp();
        machine.cannot_connect(tenth, "10.0.1.99:53", "WouldBlock");
        machine.shows(tenth, "CLOSED 0.0.0.0:0 -");
        lab.scene("a machine whose own address is fe80::5");
        lab.why("This machine's sockets are going to have an IPv6 address. So the port must be free at all IPv6 addresses, and ports at IPv4 ones do not conflict.");
        let mut six = Machine::at(lab, "fe80::5");
        for port in 40000_u64..=40009 {
            let local = match port % 3 {
                0 => format!("0.0.0.0:{port}"),
                1 => format!("[::]:{port}"),
                _ => format!("[::1]:{port}"),
            };
            six.has(row(port, Udp, Closed, &local, "-"), NO_REUSE);
        }
        let mut ports = BTreeSet::new();
        for host in 1..=3 {
            let s = six.udp();
            let peer = format!("[fe80::1:{host}]:53");
            ports.insert(six.connect(s, &peer).local.port());
        }
        let ipv4s = (40000..=40009).filter(|port| port % 3 == 0).collect();
        lab.same("the ports that no IPv6 socket has", ports, ipv4s);
        let fourth = six.udp();
        six.cannot_connect(fourth, "[fe80::1:4]:53", "WouldBlock");
        lab.scene("the first machine again");
        lab.why("A UDP peer is a filter, not a connection: sockets that share an address may have the same one, and any of them may hear it.");
        for _ in 0..2 {
            let twin = machine.socket(Udp, REUSE_PORT);
            machine.bind(twin, "10.0.0.5:5000");
            machine.connect(twin, "10.0.0.53:53");
            machine.shows(twin, "ESTABLISHED 10.0.0.5:5000 10.0.0.53:53");
        }
    });
}
