//! The TCP of chapters 09 to 12 talks to a foreign stack, smoltcp, over the simulated network, in both roles.
//!
//! ```text
//! INTEROP_SEEDS=125 INTEROP_BYTES=1000000 cargo test --release -p races --test own_tcp
//! ```

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::rc::Rc;
use std::time::Duration;

use netlab::sim::{Chance, Link, Net, NodeId, Time};
use races::foreign::{self, keeps, uploads};
use smoltcp::wire::{IpAddress, IpCidr};
use tcp_close_solution::{Config, ConnId, Host, Received, Site};
use tcp_open_solution::Seq;

const WE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const THEY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const PORT: u16 = 7000;
const LOSSES: [u32; 4] = [0, 5, 20, 30];

fn number(name: &str, default: usize) -> usize {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| text.parse().expect("a number"))
}

fn data(length: usize) -> Vec<u8> {
    (0..length as u32)
        .map(|n| (n.wrapping_mul(0x9e37_79b1) >> 24) as u8)
        .collect()
}

/// So many packets of 100 are lost; some come twice, late or damaged.
fn link(loss: u32) -> Link {
    Link::default()
        .delay_ms(10)
        .rate(50_000_000)
        .queue(200)
        .chance(Chance {
            lose: f64::from(loss) / 100.0,
            repeat: 0.02,
            flip: 0.01,
            late: 0.05,
            late_by: Duration::from_millis(30),
        })
}

fn host() -> Host {
    let mut config = Config::new(Seq(0));
    config.msl = Duration::from_secs(1);
    // Where every third packet is lost, silence is no sign of death.
    config.open.give_up = Duration::from_secs(3600);
    config.send.give_up = Duration::from_secs(3600);
    Host::new(WE, *b"whatever it says", config)
}

fn they(app: foreign::App) -> foreign::Host {
    foreign::Host::new(IpCidr::new(IpAddress::Ipv4(THEY), 24), app)
}

#[derive(Default)]
struct Upload {
    data: Vec<u8>,
    sent: usize,
    id: Option<ConnId>,
    over: bool,
}

fn upload(host: &mut Host, now: Duration, upload: &mut Upload) -> bool {
    let Some(id) = upload.id else {
        upload.id = host.connect(now, SocketAddrV4::new(THEY, PORT)).ok();
        return true;
    };
    if upload.over {
        return false;
    }
    let sent = host.send(id, &upload.data[upload.sent..]);
    upload.sent += sent;
    if upload.sent == upload.data.len() {
        host.close(now, id);
        upload.over = true;
    }
    sent > 0
}

#[derive(Default)]
struct Keep {
    got: Vec<u8>,
    id: Option<ConnId>,
}

fn keep(host: &mut Host, now: Duration, keep: &mut Keep) -> bool {
    keep.id = keep.id.or_else(|| host.accept(PORT));
    let Some(id) = keep.id else {
        return false;
    };
    match host.recv(id, 1 << 16) {
        Received::Data(data) => keep.got.extend(data),
        Received::Nothing => return false,
        Received::End => {
            let is_known = host.flow(id).is_some();
            host.close(now, id);
            return is_known && host.flow(id).is_none();
        }
    }
    true
}

fn runs<T: 'static>(net: &mut Net, us: NodeId, what: &str) {
    if let Err(restless) = net.run() {
        panic!("{what}: {}", restless.summary);
    }
    let kept = net.node::<Site<T>>(us).host.count();
    assert_eq!(kept, 0, "{what}: connections that are kept");
}

#[test]
fn we_upload_to_a_foreign_stack() {
    let data = data(number("INTEROP_BYTES", 60_000));
    for loss in LOSSES {
        for seed in 0..number("INTEROP_SEEDS", 4) {
            let got = Rc::new(RefCell::new(Vec::new()));
            let mut net = Net::new(seed as u64);
            let memory = Upload {
                data: data.clone(),
                ..Upload::default()
            };
            let us = net.add("we", Site::new(host(), memory, upload));
            let they = net.add("smoltcp", they(keeps(PORT, got.clone())));
            net.join(us, they, link(loss));
            net.with(they, foreign::Host::start);
            net.with(us, Site::<Upload>::start);
            let what = format!("{loss} % lost, seed {seed}");
            runs::<Upload>(&mut net, us, &what);
            assert!(
                *got.borrow() == data,
                "{what}: {} of {} bytes",
                got.borrow().len(),
                data.len()
            );
        }
    }
}

#[test]
fn a_foreign_stack_uploads_to_us() {
    let data = data(number("INTEROP_BYTES", 60_000));
    for loss in LOSSES {
        for seed in 0..number("INTEROP_SEEDS", 4) {
            let mut net = Net::new(1000 + seed as u64);
            let mut host = host();
            host.listen(PORT, 4).expect("nobody listens yet");
            let us = net.add("we", Site::new(host, Keep::default(), keep));
            let app = uploads((IpAddress::Ipv4(WE), PORT), data.clone());
            let they = net.add("smoltcp", they(app));
            net.join(us, they, link(loss));
            net.with(us, |site: &mut Site<Keep>, now: Time, out| {
                site.start(now, out)
            });
            net.with(they, foreign::Host::start);
            let what = format!("{loss} % lost, seed {seed}");
            runs::<Keep>(&mut net, us, &what);
            let got = &net.node::<Site<Keep>>(us).memory.got;
            assert!(
                *got == data,
                "{what}: {} of {} bytes",
                got.len(),
                data.len()
            );
        }
    }
}
