//! Linux as the judge of the receiver: storms of segments go to a socket of the kernel through a TUN device, in a
//! network namespace of the test's own. After each segment, the kernel's ACK number must be ours, and what we answer at
//! once it must answer at once, too. In the end the program must read the same bytes.
//!
//! And as the judge of the stretch goals: it must offer the shift that we offer, and report the blocks that we report.
#![cfg(target_os = "linux")]

use netlab::Dice;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver as Given};
use std::thread;
use std::time::Duration;

use netlab::needs::{BEGINS, in_a_namespace};
use packets::{Flags, Ipv4Header, TcpHeader, TcpOptions, internet_checksum, protocol};
use tappers::{Interface, Tun};
use tcp_open::{Segment, Seq};
use tcp_receive_solution::{AckPlan, Assembler, Blocks, Receiver, islands, shift_for};

const KERNEL: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
const WE: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
const STORMS: u16 = 300;
const PORT: u16 = 8080;

#[test]
fn linux_receives_as_we_do() {
    in_a_namespace("storms");
}

#[test]
fn linux_reports_the_blocks_that_we_report() {
    in_a_namespace("holes");
}

#[test]
fn linux_offers_the_shift_that_we_offer() {
    in_a_namespace("shifts");
}

#[test]
#[ignore = "run by the test above, in a namespace"]
fn storms() {
    let line = Line::new();
    let listener = TcpListener::bind((KERNEL, PORT)).expect("a listener");
    let mut dice = Dice::new(9);
    let (mut segments, mut at_once, mut holes) = (0, 0, 0);
    for storm in 0..STORMS {
        let mut peer = line.connects(2000 + storm, &mut dice, ONLY_MSS);
        let (mut socket, _) = listener.accept().expect("a connection");
        let text: Vec<u8> = (0..2000 + dice.below(10_000))
            .map(|i| (i * i / 8) as u8)
            .collect();
        let mut ours = Receiver::new(peer.irs, 60_000, 1000);
        // The first byte comes first: the probe below repeats it.
        let mut first = Some((0, 1));
        while !ours.inbound().is_complete() {
            let next = ours.inbound().bytes().next() as usize;
            let (at, len) = first.take().unwrap_or_else(|| match dice.below(10) {
                // What is wanted; a bit around it; anything; what lies far outside.
                0..=2 => (next, dice.below(1400)),
                3..=5 => (
                    (next + dice.below(2000)).saturating_sub(600),
                    dice.below(800),
                ),
                6..=8 => (dice.below(text.len() + 1), dice.below(1400)),
                _ => (next + 200_000, 1),
            });
            let is_far = at >= 200_000;
            // Far outside there is nothing to send: any byte serves.
            let data = match is_far {
                true => vec![0],
                false => text.iter().skip(at).take(len).copied().collect(),
            };
            let end = at + data.len();
            let fin = end == text.len() && dice.below(4) > 0;
            if data.is_empty() && !fin {
                continue;
            }
            let segment = Segment {
                seq: peer.irs + 1 + at as u32,
                ack: Some(peer.acks),
                fin,
                payload: data,
                ..Segment::default()
            };
            let what = format!(
                "storm {storm}: position {at}, {} bytes, FIN {fin}, of {} (next was {next})",
                segment.payload.len(),
                text.len()
            );
            ours.on_segment(Duration::ZERO, &segment);
            let plan = ours.plan(Duration::ZERO);
            ours.stamp(&mut Segment::default());
            segments += 1;
            holes += usize::from(!ours.inbound().holes().is_empty());
            let answers = peer.sends(&segment);
            // Linux often waits with the answer to a FIN that completes the stream: the program may close, too.
            if plan == AckPlan::Now && !ours.inbound().is_complete() {
                at_once += 1;
                let last = answers.last().copied();
                assert_eq!(
                    last,
                    Some(ours.rcv_nxt()),
                    "Linux (left) answers at once; {what}"
                );
            }
            // A probe: the first byte once more. It is not acceptable, so it is answered in any case.
            let probe = Segment {
                fin: false,
                seq: peer.irs + 1,
                payload: vec![text[0]],
                ..segment
            };
            let last = peer.sends(&probe).last().copied();
            assert_eq!(
                last,
                Some(ours.rcv_nxt()),
                "Linux (left) wants next; {what}"
            );
        }
        let mut theirs = Vec::new();
        socket.read_to_end(&mut theirs).expect("the stream");
        assert!(theirs == text, "storm {storm}: Linux gives another stream");
        assert!(
            ours.read(usize::MAX) == text,
            "storm {storm}: we give another stream"
        );
        let rst = Segment {
            seq: ours.rcv_nxt(),
            ack: Some(peer.acks),
            rst: true,
            ..Segment::default()
        };
        peer.sends(&rst);
    }
    println!(
        "{STORMS} storms, {segments} segments, {at_once} answered at once, {holes} with a hole behind them"
    );
    assert!(
        at_once > 1000 && holes > 1000,
        "the storms are worth something"
    );
}

#[test]
#[ignore = "run by the test above, in a namespace"]
fn holes() {
    // No block for what has come twice (RFC 2883), no delay of acknowledgments, and one for each probe.
    set("tcp_dsack", "0");
    set("tcp_comp_sack_nr", "0");
    set("tcp_invalid_ratelimit", "0");
    let line = Line::new();
    let listener = TcpListener::bind((KERNEL, PORT)).expect("a listener");
    let mut dice = Dice::new(18);
    let (mut exact, mut parts, mut most) = (0, 0, 0);
    for storm in 0..STORMS {
        let timestamps = storm % 3 == 0;
        let options = TcpOptions {
            sack_permitted: storm % 10 > 0,
            timestamps: timestamps.then_some((1, 0)),
            ..ONLY_MSS
        };
        let mut peer = line.connects(2000 + storm, &mut dice, options);
        let connection = listener.accept().expect("a connection");
        let mut bytes = Assembler::new(60_000);
        let mut blocks = Blocks::new(true, options.sack_permitted);
        let (spread, mut is_exact) = ([1500, 2500, 8000][dice.below(3)], true);
        for _ in 0..40 {
            let next = bytes.next() as usize;
            let at = match dice.below(8) {
                0 => next,
                _ => next + 200 + dice.below(spread),
            };
            let payload = vec![7; 1 + dice.below(600)];
            bytes.push(at as u64, &payload);
            blocks.arrived(at as u64, &bytes);
            let segment = Segment {
                seq: peer.irs + 1 + at as u32,
                ack: Some(peer.acks),
                payload,
                ..Segment::default()
            };
            peer.hears(&segment);
            // A probe: an empty segment with a number that was acknowledged long ago is answered in any case.
            let probe = Segment {
                seq: peer.irs,
                payload: Vec::new(),
                ..segment
            };
            let answers = peer.hears(&probe);
            let answer = answers.last().expect("the probe is answered");
            let theirs = answer.options.sack.into_iter().flatten();
            let theirs: Vec<(u32, u32)> = theirs.collect();
            let ours = blocks.report(peer.irs, timestamps).into_iter();
            let ours: Vec<(u32, u32)> = ours.map(|(left, right)| (left.0, right.0)).collect();
            let what = format!("storm {storm}, at {at}: Linux (left) and we report");
            assert_eq!(answer.ack, (peer.irs + 1 + bytes.next() as u32).0);
            // Linux keeps four blocks. One more, and it forgets the oldest for ever: what it reports later is a part of ours.
            is_exact &= islands(&bytes).len() <= 4;
            if is_exact {
                assert_eq!(theirs, ours, "{what}");
                exact += usize::from(!ours.is_empty());
                most = most.max(ours.len());
            } else {
                let all = islands(&bytes);
                let position = |number: u32| u64::from(Seq(number) - (peer.irs + 1));
                let is_ours = |block: &(u32, u32)| {
                    let (begin, end) = (position(block.0), position(block.1));
                    all.iter()
                        .any(|island| island.start <= begin && end <= island.end)
                };
                assert!(theirs.iter().all(is_ours), "{what}: {theirs:?}, {all:?}");
                parts += 1;
            }
        }
        drop(connection);
    }
    println!("{exact} reports are the same; in {parts} Linux has forgotten a block");
    assert!(exact > 2000 && most == 4, "the storms are worth something");
}

#[test]
#[ignore = "run by the test above, in a namespace"]
fn shifts() {
    let line = Line::new();
    let mut dice = Dice::new(27);
    let mut seen = Vec::new();
    // Linux takes the larger of tcp_rmem and rmem_max, which belongs to the whole machine.
    let core = std::fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap_or_default();
    let least: usize = core.trim().parse().unwrap_or(8 << 20);
    let rooms = (16..31).flat_map(|power| {
        let room = 1_usize << power;
        [room - 1, room, room + room / 3]
    });
    for (n, room) in rooms
        .filter(|room| (least..1 << 31).contains(room))
        .enumerate()
    {
        set("tcp_rmem", &format!("4096 131072 {room}"));
        let listener = TcpListener::bind((KERNEL, PORT)).expect("a listener");
        let port = 2000 + 2 * n as u16;
        for option in [Some(3), None] {
            let options = TcpOptions {
                window_scale: option,
                ..ONLY_MSS
            };
            let peer = line.connects(port + u16::from(option.is_none()), &mut dice, options);
            let ours = option.map(|_| shift_for(room));
            assert_eq!(peer.shift, ours, "Linux (left) and we, {room} bytes");
            seen.extend(ours);
        }
        drop(listener);
    }
    seen.dedup();
    println!("the shifts {seen:?} are alike, each with and without the peer's option");
    assert!(seen.len() > 3);
}

/// Sets one of the kernel's values for TCP, in this namespace.
fn set(name: &str, value: &str) {
    std::fs::write(format!("/proc/sys/net/ipv4/{name}"), value).expect("root of a namespace may");
}

const ONLY_MSS: TcpOptions = TcpOptions {
    mss: Some(1460),
    window_scale: None,
    sack_permitted: false,
    timestamps: None,
    sack: [None; 4],
};

/// The cable between us and the kernel.
struct Line {
    tun: Arc<Tun>,
    given: Given<Vec<u8>>,
}

/// A connection, as the one who sends knows it.
struct Peer<'a> {
    line: &'a Line,
    port: u16,
    irs: Seq,
    /// What we acknowledge of the kernel's: its SYN.
    acks: Seq,
    /// The options of our SYN, and the shift in the kernel's.
    options: TcpOptions,
    shift: Option<u8>,
    pings: u16,
}

impl Line {
    /// A TUN device whose other end is the kernel at 10.9.0.1.
    fn new() -> Line {
        let name = Interface::new("tun0").expect("a name");
        let tun = Arc::new(Tun::new_named(name).expect("a TUN device"));
        for command in ["addr add 10.9.0.1/24 dev tun0", "link set tun0 up"] {
            let run = Command::new("ip").args(command.split(' ')).status();
            assert!(run.expect("ip").success(), "ip {command}");
        }
        println!("{BEGINS}");
        let (send, given) = mpsc::channel();
        let reader = tun.clone();
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok(length) = reader.recv(&mut buffer) {
                if buffer[0] >> 4 == 4 && send.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Line { tun, given }
    }

    fn connects(&self, port: u16, dice: &mut Dice, options: TcpOptions) -> Peer<'_> {
        let isns = [7, 0xffff_ff00, 0xffff_d000, 0x7fff_f000];
        let mut peer = Peer {
            line: self,
            port,
            irs: Seq(isns[dice.below(isns.len())] + dice.below(200) as u32),
            acks: Seq(0),
            options,
            shift: None,
            pings: 0,
        };
        let syn = Segment {
            seq: peer.irs,
            syn: true,
            ..Segment::default()
        };
        assert_eq!(peer.sends(&syn), [peer.irs + 1], "the kernel's SYN,ACK");
        let ack = Segment {
            seq: peer.irs + 1,
            ack: Some(peer.acks),
            ..Segment::default()
        };
        assert_eq!(peer.sends(&ack), [], "an ACK is not acknowledged");
        peer
    }

    fn puts(&self, proto: u8, payload: &[u8]) {
        let mut datagram = Vec::new();
        let header = Ipv4Header::new(proto, WE, KERNEL);
        header.emit(payload, &mut datagram).expect("it fits");
        self.tun.send(&datagram).expect("the device is up");
    }
}

impl Peer<'_> {
    /// Sends a segment. Gives the ACK numbers that came before the kernel answered a ping behind it.
    fn sends(&mut self, segment: &Segment) -> Vec<Seq> {
        let answers = self.hears(segment).into_iter();
        answers.map(|answer| Seq(answer.ack)).collect()
    }

    /// The same, with all that the answers say.
    fn hears(&mut self, segment: &Segment) -> Vec<TcpHeader> {
        let flags = [
            (segment.syn, Flags::SYN),
            (segment.fin, Flags::FIN),
            (segment.rst, Flags::RST),
            (segment.ack.is_some(), Flags::ACK),
        ];
        let flags = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag.0);
        let header = TcpHeader {
            src: self.port,
            dst: PORT,
            seq: segment.seq.0,
            ack: segment.ack.map_or(0, |ack| ack.0),
            flags: Flags(flags.sum()),
            window: 65535,
            options: match segment.syn {
                true => self.options,
                false => TcpOptions {
                    timestamps: self.options.timestamps,
                    ..TcpOptions::default()
                },
            },
            ..TcpHeader::default()
        };
        let mut bytes = Vec::new();
        let emitted = header.emit(WE, KERNEL, &segment.payload, &mut bytes);
        emitted.expect("it fits");
        self.line.puts(protocol::TCP, &bytes);
        self.pings += 1;
        self.line.puts(protocol::ICMP, &ping(self.port, self.pings));
        let mut answers = Vec::new();
        loop {
            let datagram = self.line.given.recv_timeout(Duration::from_secs(10));
            let datagram = datagram.expect("the kernel answers");
            let (ip, payload) = Ipv4Header::parse(&datagram).expect("a datagram");
            match ip.proto {
                protocol::ICMP if payload[4..8] == ping(self.port, self.pings)[4..8] => {
                    return answers;
                }
                protocol::TCP => {
                    let (tcp, _) = TcpHeader::parse(payload, KERNEL, WE).expect("a segment");
                    if tcp.dst == self.port {
                        if tcp.flags.contains(Flags::SYN) {
                            self.acks = Seq(tcp.seq) + 1;
                            self.shift = tcp.options.window_scale;
                        }
                        answers.push(tcp);
                    }
                }
                _ => {}
            }
        }
    }
}

/// An echo request.
fn ping(ident: u16, number: u16) -> Vec<u8> {
    let mut bytes = vec![8, 0, 0, 0];
    bytes.extend_from_slice(&ident.to_be_bytes());
    bytes.extend_from_slice(&number.to_be_bytes());
    let sum = internet_checksum(&[&bytes]);
    bytes[2..4].copy_from_slice(&sum.to_be_bytes());
    bytes
}
