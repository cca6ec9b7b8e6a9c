//! Linux as the judge, through TUN devices in a network namespace of the test's own. Of reassembly: it answers a ping in
//! pieces that it could put together, and no other. And of the programs, with the feature `tun`: it answers them, routes
//! for them, and believes what the host says.
#![cfg(target_os = "linux")]

use netlab::Dice;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use delivery_solution::{Echo, Icmp, Limits, Outcome, Reassembly, fragment};
use netlab::needs::{BEGINS, in_a_namespace};
use packets::{Ipv4Header, protocol};
use tappers::{Interface, Tun};

const KERNEL: [u8; 4] = [10, 9, 0, 1];
const WE: [u8; 4] = [10, 9, 0, 2];
const STORMS: u16 = 1000;

#[test]
fn linux_puts_together_what_we_do() {
    in_a_namespace("storms");
}

#[test]
#[ignore = "run by the test above, in a namespace"]
fn storms() {
    let (tun, given) = tun();
    let mut dice = Dice::new(7);
    let mut ours = Reassembly::new(Limits {
        timeout: Duration::from_secs(30),
        bytes: 64 << 20,
    });
    let (mut whole, mut explained) = (0, 0);
    for id in 1..=STORMS {
        let pieces = storm(&mut dice, id);
        let mut expected = 0;
        let mut covered: Vec<(usize, usize)> = Vec::new();
        let mut is_explained = false;
        for piece in &pieces {
            let (begin, end) = range(piece);
            let inside =
                (begin..end).all(|byte| covered.iter().any(|(b, e)| (*b..*e).contains(&byte)));
            match ours.push(Duration::ZERO, piece) {
                // Where a piece in the middle says that it is the last, the message ends too early: the kernel puts it
                // together, too, and finds ICMP's checksum wrong.
                Outcome::Whole(datagram) => {
                    let (_, message) = Ipv4Header::parse(&datagram).expect("a datagram");
                    expected += usize::from(Icmp::parse(message).is_ok());
                }
                // Linux takes a piece whose bytes are all here for a copy, whatever is in it, and ignores it
                // (inet_frag_queue_insert, IPFRAG_DUP). RFC 5722 wants all of the datagram discarded.
                Outcome::Discarded(_) if inside => is_explained = true,
                _ => {}
            }
            covered.push((begin, end));
            tun.send(piece).expect("the device is up");
        }
        // What comes after it in the same order: when this is answered, the storm has been judged.
        tun.send(&ping(id, 2, &[])).expect("the device is up");
        let got = answers(&given, id);
        if is_explained {
            explained += 1;
            continue;
        }
        whole += expected;
        assert_eq!(
            got,
            expected,
            "storm {id}: the left is Linux's, the right ours; pieces {:?}",
            pieces
                .iter()
                .map(|piece| (range(piece), piece[6] & 0x20 != 0))
                .collect::<Vec<_>>()
        );
    }
    println!("{STORMS} storms, {whole} wholes, {explained} with a piece inside of others");
    assert!(
        whole > 300 && explained < 300,
        "the storms are worth something"
    );
}

/// How many pings of number 1 the kernel has answered before it answers number 2. Its long answers come in pieces,
/// which we put together.
fn answers(given: &Receiver<Vec<u8>>, id: u16) -> usize {
    let mut theirs = Reassembly::new(Limits {
        timeout: Duration::from_secs(30),
        bytes: 1 << 20,
    });
    let mut count = 0;
    loop {
        let packet = given
            .recv_timeout(Duration::from_secs(10))
            .expect("the kernel answers");
        let Outcome::Whole(datagram) = theirs.push(Duration::ZERO, &packet) else {
            continue;
        };
        let (_, message) = Ipv4Header::parse(&datagram).expect("a datagram");
        match Icmp::parse(message).expect("a message") {
            Icmp::EchoReply(echo) if echo.ident == id && echo.seq == 1 => count += 1,
            Icmp::EchoReply(echo) if echo.ident == id && echo.seq == 2 => return count,
            _ => {}
        }
    }
}

fn ping(id: u16, seq: u16, data: &[u8]) -> Vec<u8> {
    let header = Ipv4Header {
        id,
        ..Ipv4Header::new(protocol::ICMP, WE.into(), KERNEL.into())
    };
    let echo = Echo {
        ident: id,
        seq,
        data,
    };
    let mut datagram = Vec::new();
    header
        .emit(&echo.request(), &mut datagram)
        .expect("it fits");
    datagram
}

fn range(piece: &[u8]) -> (usize, usize) {
    let begin = usize::from(u16::from_be_bytes([piece[6], piece[7]]) & 0x1fff) * 8;
    (begin, begin + piece.len() - 20)
}

/// A ping in pieces, some of which are cut again, repeated, lost, moved, or have another end.
fn storm(dice: &mut Dice, id: u16) -> Vec<Vec<u8>> {
    let data: Vec<u8> = (0..600 + dice.below(4000)).map(|i| i as u8).collect();
    let mtus = [576, 1006, 1492, 300];
    let mut pieces = fragment(&ping(id, 1, &data), mtus[dice.below(4)]).expect("it may be cut");
    if dice.below(3) == 0 {
        let again = dice.below(pieces.len());
        let smaller = fragment(&pieces[again], 148).expect("it may be cut");
        pieces.splice(again..=again, smaller);
    }
    for _ in 0..dice.below(3) {
        let copy = pieces[dice.below(pieces.len())].clone();
        pieces.insert(dice.below(pieces.len() + 1), copy);
    }
    for _ in 0..dice.below(4) {
        let (a, b) = (dice.below(pieces.len()), dice.below(pieces.len()));
        pieces.swap(a, b);
    }
    let which = dice.below(pieces.len());
    let change = |piece: &[u8], shift: i32, flip_more: bool| {
        let (mut header, payload) = Ipv4Header::parse(piece).expect("a piece");
        let offset = (i32::from(header.frag_off) + shift).max(0);
        header.frag_off = u16::try_from(offset).expect("it fits");
        header.mf ^= flip_more && payload.len() % 8 == 0;
        let mut changed = Vec::new();
        header.emit(payload, &mut changed).expect("it fits");
        changed
    };
    match dice.below(8) {
        0 if pieces.len() > 1 => drop(pieces.remove(which)),
        1 => pieces[which] = change(&pieces[which], 1, false),
        2 => {
            let moved = change(&pieces[which], -2, false);
            pieces.insert(dice.below(pieces.len()), moved);
        }
        3 => pieces[which] = change(&pieces[which], 0, true),
        4 => {
            let moved = change(&pieces[which], 5, true);
            pieces.insert(which, moved);
        }
        _ => {}
    }
    pieces
}

/// A TUN device whose other end is the kernel at 10.9.0.1, and what it gives.
fn tun() -> (Arc<Tun>, Receiver<Vec<u8>>) {
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
            // The kernel also looks for IPv6 routers.
            if buffer[0] >> 4 == 4 && send.send(buffer[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    (tun, given)
}

#[cfg(feature = "tun")]
mod programs {
    use std::io::{BufRead, BufReader, ErrorKind};
    use std::net::UdpSocket;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use netlab::needs::{BEGINS, in_a_namespace, left_out};

    const PROGRAM: &str = env!("CARGO_BIN_EXE_sol07");

    #[test]
    fn linux_answers_and_routes() {
        for (line, code, want) in [
            (
                "ping 10.9.0.1 -c 2 -s 4000",
                0,
                "seq 0: reply from 10.9.0.1, ttl 64\nseq 1: reply from 10.9.0.1, ttl 64\n2 sent, 2 answered\n",
            ),
            (
                "ping 10.8.0.2 -c 1 -s 3000",
                0,
                "seq 0: reply from 10.8.0.2, ttl 63\n1 sent, 1 answered\n",
            ),
            (
                "traceroute 10.8.0.2",
                0,
                " 1  10.9.0.1\n 2  10.8.0.2, reached\n",
            ),
            (
                "traceroute 10.7.0.1",
                1,
                " 1  10.9.0.1 says: network unreachable\n",
            ),
            ("mtu 10.8.0.2", 0, "1280 bytes get through to 10.8.0.2\n"),
        ] {
            let run = Command::new("unshare")
                .args(["--user", "--map-root-user", "--net", PROGRAM])
                .args(line.split(' '))
                .arg("--tun")
                .output();
            let (said, got) = match &run {
                Ok(run) => (String::from_utf8_lossy(&run.stderr), run.stdout.clone()),
                Err(error) => (error.to_string().into(), Vec::new()),
            };
            if !said.is_empty() {
                return left_out(&said);
            }
            assert_eq!(String::from_utf8_lossy(&got), want, "{line}");
            assert_eq!(run.expect("it ran").status.code(), Some(code), "{line}");
        }
    }

    #[test]
    fn linux_believes_that_nobody_has_the_port() {
        in_a_namespace("programs::refused");
    }

    #[test]
    #[ignore = "run by the test above, in a namespace"]
    fn refused() {
        let mut host = Command::new(PROGRAM)
            .args(["host", "10.9.0.2", "--tun"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let out = host.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        assert_eq!(line, "10.9.0.2 is beside the kernel\n");
        println!("{BEGINS}");
        let socket = UdpSocket::bind("10.9.0.1:0").expect("the kernel's own address");
        let limit = Some(Duration::from_secs(10));
        socket.set_read_timeout(limit).expect("a limit");
        socket.connect("10.9.0.2:7").expect("UDP asks nobody");
        socket.send(b"anybody?").expect("it goes out");
        let error = socket.recv(&mut [0; 8]).expect_err("nobody answers");
        let _ = host.kill();
        let _ = host.wait();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}
