//! The kernel at the end of a simulated link: a TUN device in a network namespace of the test's own.
#![cfg(target_os = "linux")]

use std::io::Read;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use netlab::needs::{BEGINS, in_a_namespace};
use netlab::sim::{Device, Inbox, Kind, Link, Net, first};
use races::foreign::{Host, uploads};
use races::tun::Kernel;
use smoltcp::wire::{IpAddress, IpCidr};

const KERNEL: [u8; 4] = Kernel::ADDR.octets();
const WE: [u8; 4] = [10, 9, 0, 2];
const LIMIT: Duration = Duration::from_secs(20);

/// RFC 1071.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes.chunks(2);
    let sum: u32 = words
        .map(|word| u32::from(word[0]) << 8 | u32::from(word[1]))
        .sum();
    (!((sum & 0xffff) + (sum >> 16)) as u16).to_be_bytes()
}

fn echo_request() -> Vec<u8> {
    let mut message = [8, 0, 0, 0, 0, 7, 0, 1];
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum);
    let mut header = [&[0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0][..], &WE, &KERNEL].concat();
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum);
    [&header[..], &message].concat()
}

#[test]
fn the_kernel_answers_a_ping_over_a_simulated_link() {
    in_a_namespace("ping");
}

#[test]
#[ignore = "run by the test above, in a namespace"]
fn ping() {
    let linux = Kernel::new();
    println!("{BEGINS}");
    let mut net = Net::new(1);
    let us = net.add("we", Inbox::default());
    let kernel = net.add("kernel", Device::default());
    net.join(us, kernel, Link::default().delay_ms(5));
    net.way(us, kernel).repeats(first(Kind::Icmp));
    net.send(us, echo_request());
    let both = |net: &Net| net.node::<Inbox>(us).arrived().len() == 2;
    let done = linux.runs(&mut net, kernel, both, LIMIT);
    let trace = net.trace().text();
    assert!(done, "{trace}");
    assert_eq!(
        trace.matches("ICMP echo reply id 7 seq 1").count(),
        2,
        "{trace}"
    );
}

#[test]
fn a_foreign_stack_uploads_to_the_kernel_over_a_link_that_loses() {
    in_a_namespace("upload");
}

#[test]
#[ignore = "run by the test above, in a namespace"]
fn upload() {
    let linux = Kernel::new();
    println!("{BEGINS}");
    let listener = TcpListener::bind((std::net::Ipv4Addr::from(KERNEL), 7000)).unwrap();
    let server = thread::spawn(move || {
        let mut got = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut got).unwrap();
        got
    });
    let data: Vec<u8> = (0..50_000_u32).map(|n| (n * n / 7) as u8).collect();
    let mut net = Net::new(1);
    let [a, b, c, d] = WE;
    let address = IpCidr::new(IpAddress::v4(a, b, c, d), 24);
    let [a, b, c, d] = KERNEL;
    let app = uploads((IpAddress::v4(a, b, c, d), 7000), data.clone());
    let us = net.add("smoltcp", Host::new(address, app));
    let kernel = net.add("kernel", Device::default());
    net.join(us, kernel, Link::default().delay_ms(2));
    net.way(us, kernel).loses(first(Kind::Data));
    net.with(us, Host::start);
    let is_done = |_: &Net| server.is_finished();
    let done = linux.runs(&mut net, kernel, is_done, LIMIT);
    assert!(done, "{}", net.trace().text());
    assert!(server.join().unwrap() == data);
    assert_eq!(net.trace().plans_not_met(), "");
}
