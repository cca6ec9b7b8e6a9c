//! Step 3: which socket may have an address.

use netlab::lab;
use port_demux::Proto::{Tcp, Udp};
use port_demux::State::{
    CloseWait, Closed, Established, FinWait2, Listen, SynReceived, SynSent, TimeWait,
};
use port_demux::{Reuse, SocketId};

use super::machine::Machine;
use super::words::{NO_REUSE, REUSE_ADDR, REUSE_PORT, addr, errno, number, row};

#[test]
fn s3_bind_writes_the_local_end() {
    lab(|lab| {
        lab.why("bind writes the socket's own address and port into its row. Nothing is sent, and the socket does not listen.");
        let mut machine = Machine::new(lab);
        let server = machine.tcp();
        let got = machine.bind(server, "10.0.0.5:80");
        lab.same(
            "what bind returns",
            got.to_string(),
            "10.0.0.5:80".to_owned(),
        );
        machine.shows(server, "CLOSED 10.0.0.5:80 -");
    });
}

#[test]
fn s3_a_second_bind_is_invalid() {
    lab(|lab| {
        lab.why("A socket has one address, and others may have been told it. A new one needs a new socket. bind(2): EINVAL, the socket is already bound.");
        let mut machine = Machine::new(lab);
        let server = machine.tcp();
        machine.bind(server, "10.0.0.5:80");
        machine.cannot_bind(server, "10.0.0.5:81", "Invalid");
        machine.shows(server, "CLOSED 10.0.0.5:80 -");
        let other = machine.tcp();
        machine.bind(other, "10.0.0.5:83");
        machine.cannot_bind(server, "10.0.0.5:83", "Invalid");
        machine.cannot_bind(SocketId(99), "10.0.0.5:82", "BadSocket");
        lab.why("There is no socket #99. Check this first: BadSocket, EBADF.");
        let asked = lab.err("may_bind(#99, 10.0.0.5:82)", || {
            machine.table.may_bind(SocketId(99), addr("10.0.0.5:82"))
        });
        lab.same("may_bind of no socket", errno(asked), "BadSocket");
    });
}

#[test]
fn s3_addr_in_use_rules() {
    lab(|lab| {
        lab.why("Two sockets overlap when a stranger's segment could be meant for both: same protocol, same port, and the same address or one of them all addresses of that family.");
        let cases = [
            ("10.0.0.5:80", "10.0.0.5:80", true),
            ("10.0.0.5:80", "0.0.0.0:80", true),
            ("0.0.0.0:80", "10.0.0.5:80", true),
            ("0.0.0.0:80", "0.0.0.0:80", true),
            ("10.0.0.5:80", "127.0.0.1:80", false),
            ("10.0.0.5:80", "10.0.0.5:81", false),
            ("0.0.0.0:80", "0.0.0.0:81", false),
            ("[::]:80", "0.0.0.0:80", false),
            ("[::]:80", "[fe80::5]:80", true),
            ("[fe80::5]:80", "[::]:80", true),
        ];
        for (first, second, in_use) in cases {
            lab.scene(format!("a new machine: {first}, and then {second}"));
            let mut machine = Machine::new(lab);
            let one = machine.tcp();
            machine.bind(one, first);
            let two = machine.tcp();
            if in_use {
                machine.cannot_bind(two, second, "AddrInUse");
            } else {
                machine.bind(two, second);
            }
        }
    });
}

#[test]
fn s3_protocols_do_not_meet() {
    lab(|lab| {
        lab.why("TCP and UDP count their ports apart: a name server binds 53 of both.");
        let mut machine = Machine::new(lab);
        let tcp = machine.tcp();
        machine.bind(tcp, "10.0.0.5:53");
        let udp = machine.udp();
        machine.bind(udp, "10.0.0.5:53");
        let second = machine.udp();
        machine.cannot_bind(second, "0.0.0.0:53", "AddrInUse");
    });
}

#[test]
fn s3_reuse_port_is_a_word_of_both() {
    lab(|lab| {
        lab.why("SO_REUSEPORT shares a port on purpose, listeners too. A socket without the option does not share, whatever the other one has (socket(7)).");
        for proto in [Tcp, Udp] {
            for (old, new) in [(false, false), (false, true), (true, false), (true, true)] {
                lab.scene(format!(
                    "a new machine: {proto:?}, SO_REUSEPORT: old {old}, new {new}"
                ));
                let option = |on| if on { REUSE_PORT } else { NO_REUSE };
                let mut machine = Machine::new(lab);
                let state = match proto {
                    Tcp => Listen,
                    Udp => Closed,
                };
                machine.has(row(7, proto, state, "10.0.0.5:80", "-"), option(old));
                let second = machine.socket(proto, option(new));
                if old && new {
                    machine.bind(second, "10.0.0.5:80");
                } else {
                    machine.cannot_bind(second, "10.0.0.5:80", "AddrInUse");
                }
            }
        }
    });
}

#[test]
fn s3_reuse_addr_yields_to_a_listener() {
    lab(|lab| {
        lab.why("SO_REUSEADDR is for what an earlier server has left behind. It does not take the port from one that listens. UDP sockets never listen.");
        let cases = [
            (Tcp, Listen, "-", "AddrInUse"),
            (Tcp, Closed, "-", "ok"),
            (Tcp, SynSent, "10.0.0.7:40000", "ok"),
            (Tcp, SynReceived, "10.0.0.7:40000", "ok"),
            (Tcp, Established, "10.0.0.7:40000", "ok"),
            (Tcp, CloseWait, "10.0.0.7:40000", "ok"),
            (Udp, Closed, "-", "ok"),
        ];
        for (proto, state, remote, want) in cases {
            for address in ["10.0.0.5:80", "0.0.0.0:80"] {
                lab.scene("a new machine");
                let mut machine = Machine::new(lab);
                machine.has(row(7, proto, state, "10.0.0.5:80", remote), REUSE_ADDR);
                let new = machine.socket(proto, REUSE_ADDR);
                match want {
                    "ok" => drop(machine.bind(new, address)),
                    errno => machine.cannot_bind(new, address, errno),
                }
            }
        }
    });
}

#[test]
fn s3_time_wait_needs_reuse_on_both() {
    lab(|lab| {
        lab.why("A server that closed first leaves its connections in TIME-WAIT, with its port. The next server gets the port only if both of them had SO_REUSEADDR: the old connection has it from the old server.");
        let option = |on| if on { REUSE_ADDR } else { NO_REUSE };
        for state in [TimeWait, FinWait2] {
            for (old, new) in [(false, false), (false, true), (true, false), (true, true)] {
                lab.scene(format!("a new machine: SO_REUSEADDR: old {old}, new {new}"));
                let mut machine = Machine::new(lab);
                let left = row(7, Tcp, state, "10.0.0.5:80", "10.0.0.7:40000");
                machine.has(left, option(old));
                machine.cannot_bind(left.id, "10.0.0.5:81", "BadSocket");
                let server = machine.socket(Tcp, option(new));
                if old && new {
                    machine.bind(server, "0.0.0.0:80");
                } else {
                    machine.cannot_bind(server, "0.0.0.0:80", "AddrInUse");
                }
            }
        }
    });
}

#[test]
fn s3_two_options_are_not_one() {
    lab(|lab| {
        lab.why("SO_REUSEADDR of one socket and SO_REUSEPORT of the other do not go together. Both sockets need the same option.");
        for (old, new) in [(REUSE_ADDR, REUSE_PORT), (REUSE_PORT, REUSE_ADDR)] {
            lab.scene("a new machine");
            let mut machine = Machine::new(lab);
            machine.has(row(7, Tcp, Closed, "10.0.0.5:80", "-"), old);
            let second = machine.socket(Tcp, new);
            machine.cannot_bind(second, "10.0.0.5:80", "AddrInUse");
        }
    });
}

#[test]
fn s3_every_neighbour_is_asked() {
    lab(|lab| {
        lab.why("One socket that steps aside does not speak for the others on that port.");
        let mut machine = Machine::new(lab);
        machine.has(row(7, Tcp, Closed, "10.0.0.5:80", "-"), REUSE_ADDR);
        machine.has(row(8, Tcp, Listen, "127.0.0.1:80", "-"), REUSE_ADDR);
        machine.has(
            row(9, Tcp, TimeWait, "10.0.0.5:80", "10.0.0.7:5000"),
            REUSE_ADDR,
        );
        let server = machine.socket(Tcp, REUSE_ADDR);
        machine.cannot_bind(server, "0.0.0.0:80", "AddrInUse");
        lab.why("A bind that failed has changed nothing: the socket is as it was and may try elsewhere.");
        machine.shows(server, "CLOSED 0.0.0.0:0 -");
        machine.bind(server, "10.0.0.5:80");
        machine.shows(server, "CLOSED 10.0.0.5:80 -");
    });
}

#[test]
fn s3_all_combinations() {
    lab(|lab| {
        const BOTH: Reuse = Reuse {
            addr: true,
            port: true,
        };
        let states = [
            (Tcp, Closed, "-"),
            (Tcp, Listen, "-"),
            (Tcp, Established, "10.0.0.7:40000"),
            (Tcp, TimeWait, "10.0.0.7:40000"),
            (Udp, Closed, "-"),
            (Udp, Established, "10.0.0.7:40000"),
        ];
        let addresses = [
            ("10.0.0.5:80", true),
            ("0.0.0.0:80", true),
            ("127.0.0.1:80", false),
            ("10.0.0.5:81", false),
            ("[::]:80", false),
        ];
        let options = [NO_REUSE, REUSE_ADDR, REUSE_PORT, BOTH];
        for (proto, state, remote) in states {
            for (local, overlaps) in addresses {
                for (old, new) in options
                    .iter()
                    .flat_map(|&old| options.map(|new| (old, new)))
                {
                    let (why, free) = if !overlaps {
                        ("They do not overlap.", true)
                    } else if old.port && new.port {
                        (
                            "Both have SO_REUSEPORT, so they share, whatever else they have and do.",
                            true,
                        )
                    } else if !(old.addr && new.addr) {
                        ("An agreement needs the same option on both sockets.", false)
                    } else if matches!(state, Listen) {
                        ("SO_REUSEADDR does not move a listener.", false)
                    } else {
                        (
                            "Both have SO_REUSEADDR, and the old one does not listen.",
                            true,
                        )
                    };
                    lab.why(why);
                    lab.scene("a new machine");
                    let mut machine = Machine::new(lab);
                    machine.has(row(7, proto, state, "10.0.0.5:80", remote), old);
                    let s = machine.socket(proto, new);
                    let call = format!("may_bind({}, {local})", number(s));
                    let got = lab.you(&call, || machine.table.may_bind(s, addr(local)));
                    let got = got.map_or_else(errno, |()| "Ok");
                    let want = if free { "Ok" } else { "AddrInUse" };
                    lab.same(&call, got, want);
                    machine.shows(s, "CLOSED 0.0.0.0:0 -");
                }
            }
        }
        lab.scene("a socket that has this address already");
        lab.why("A socket does not stand in its own way: listen asks this question of a socket that is bound.");
        let mut machine = Machine::new(lab);
        let s = machine.tcp();
        machine.bind(s, "10.0.0.5:80");
        let call = format!("may_bind({}, 10.0.0.5:80)", number(s));
        lab.ok(&call, || machine.table.may_bind(s, addr("10.0.0.5:80")));
    });
}
