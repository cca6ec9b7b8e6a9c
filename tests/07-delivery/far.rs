//! The network at the other end of the program's tunnel. It belongs to the test alone.

use std::net::Ipv4Addr;

use netlab::{Dice, End, Lab};

use super::wire::{ICMP, Ip, icmp};

/// The program of the package whose tests these are: the student's, or the reference answer's.
pub const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));
/// The program's own address.
pub const A: &str = "10.0.0.2";

/// Runs the program with a network at a UDP socket. `answers` gets the number of a datagram, from 0, and its bytes, and
/// gives what comes of it. The result: all that was sent, and how the program ended.
pub fn runs(
    lab: &Lab,
    args: &[&str],
    mut answers: impl FnMut(usize, &[u8]) -> Vec<Vec<u8>>,
) -> (Vec<Vec<u8>>, End) {
    let network = lab.udp("network");
    let over = network.addr().to_string();
    let program = lab.program(PROGRAM, &[args, &["--over", &over, "--from", A]].concat());
    let mut sent = Vec::new();
    loop {
        let came = network.expects_datagram();
        // Goodbye.
        if came.bytes.is_empty() {
            return (sent, program.exits());
        }
        let is_later = |bytes: &[u8]| bytes[6] & 0x1f != 0 || bytes[7] != 0;
        let bytes = &came.bytes;
        let is_long = bytes.len() >= 28 || bytes.len() > 20 && is_later(bytes);
        lab.because("A header has 20 bytes, and the head of an echo request 8.")
            .holds(
                is_long,
                "a request or a piece of one",
                netlab::hex::count(bytes.len()),
            );
        if sent.len() == 1000 {
            lab.because("Each answer must leave less to try.")
                .fails("an end", "a thousand datagrams");
        }
        for answer in answers(sent.len(), &came.bytes) {
            network.sends_to(came.from, &answer);
        }
        // Nothing more comes of it.
        network.sends_to(came.from, &[]);
        sent.push(came.bytes);
    }
}

/// The program as a host, and a peer that sends to it.
pub struct Host {
    program: netlab::Program,
    peer: netlab::UdpPeer,
    at: std::net::SocketAddr,
}

impl Host {
    pub fn starts(lab: &Lab, addr: &str, mtu: &str) -> Host {
        let mut program = lab.program(PROGRAM, &["host", addr, "--mtu", mtu]);
        let line = program.expects_line("where it is", |line| line.starts_with(addr));
        let at = line.rsplit(' ').next().and_then(|at| at.parse().ok());
        let at = at.unwrap_or_else(|| lab.fails("a line that ends with an address", &line));
        Host {
            program,
            peer: lab.udp("network"),
            at,
        }
    }

    /// What comes back of a datagram.
    pub fn answers(&self, datagram: &[u8]) -> Vec<Vec<u8>> {
        self.peer.sends_to(self.at, datagram);
        let came = std::iter::repeat_with(|| self.peer.expects_datagram().bytes);
        came.take_while(|bytes| !bytes.is_empty()).collect()
    }

    /// It serves until it is ended.
    pub fn ends(self) {
        drop(self.program);
    }
}

/// The way to a host. What is on it is drawn from a seed.
#[derive(Debug)]
pub struct Way {
    /// From the nearest on.
    pub routers: Vec<Ipv4Addr>,
    /// The MTU of the link behind each router.
    pub mtus: Vec<usize>,
    pub to: Ipv4Addr,
    /// The router that tells nobody anything.
    pub silent: Option<usize>,
}

impl Way {
    pub fn drawn(seed: u64) -> Way {
        let mut dice = Dice::new(seed);
        let count = 3 + dice.below(5);
        let host = |dice: &mut Dice, net| {
            Ipv4Addr::new(net, dice.below(250) as u8, dice.below(250) as u8, 1)
        };
        Way {
            routers: (0..count).map(|n| host(&mut dice, 11 + n as u8)).collect(),
            mtus: (0..count).map(|_| 300 + dice.below(1200)).collect(),
            to: host(&mut dice, 198),
            silent: Some(1 + dice.below(count - 1)),
        }
    }

    /// What comes of a datagram with an echo request.
    pub fn answers(&self, datagram: &[u8]) -> Vec<Vec<u8>> {
        let ttl = usize::from(datagram[8]);
        let is_df = datagram[6] & 0x40 != 0;
        for (n, router) in self.routers.iter().enumerate() {
            let (kind, code, mtu) = if ttl == n + 1 {
                (11, 0, 0)
            } else if is_df && datagram.len() > self.mtus[n] {
                (3, 4, self.mtus[n] as u16)
            } else {
                continue;
            };
            if self.silent == Some(n) {
                return vec![];
            }
            return vec![error(&router.to_string(), kind, code, mtu, datagram)];
        }
        vec![reply(
            &self.to.to_string(),
            64 - self.routers.len() as u8,
            datagram,
        )]
    }
}

/// The reply to an echo request in one datagram.
pub fn reply(from: &str, ttl: u8, request: &[u8]) -> Vec<u8> {
    let ip = Ip {
        ttl,
        ..Ip::new(ICMP, from, A)
    };
    ip.bytes(&reply_message(&request[20..]))
}

/// The reply's message to that of a request.
pub fn reply_message(request: &[u8]) -> Vec<u8> {
    let second = [request[4], request[5], request[6], request[7]];
    icmp(0, 0, second, &request[8..])
}

/// An error about a datagram.
pub fn error(from: &str, kind: u8, code: u8, mtu: u16, about: &[u8]) -> Vec<u8> {
    let [high, low] = mtu.to_be_bytes();
    Ip::new(ICMP, from, A).bytes(&icmp(kind, code, [0, 0, high, low], &about[..28]))
}

/// Cuts a datagram without options into pieces with so much payload each, a multiple of 8.
pub fn pieces(whole: &Ip, payload: &[u8], size: usize) -> Vec<Vec<u8>> {
    let count = payload.len().div_ceil(size);
    payload
        .chunks(size)
        .enumerate()
        .map(|(n, part)| {
            let piece = Ip {
                mf: n + 1 < count,
                offset: (n * size / 8) as u16,
                ..whole.clone()
            };
            piece.bytes(part)
        })
        .collect()
}

/// What pieces carry together, if they are all the pieces of one datagram, in their order.
pub fn joined(pieces: &[Vec<u8>]) -> Result<Vec<u8>, String> {
    let mut payload = Vec::new();
    for (n, piece) in pieces.iter().enumerate() {
        let field = u16::from_be_bytes([piece[6], piece[7]]);
        let offset = usize::from(field & 0x1fff) * 8;
        let more = field & 0x2000 != 0;
        if offset != payload.len() || more != (n + 1 < pieces.len()) {
            let all = pieces.len();
            return Err(format!(
                "piece {n} of {all} has offset {offset}, More Fragments {more}, behind {} bytes",
                payload.len()
            ));
        }
        if piece[4..6] != pieces[0][4..6]
            || piece[8..10] != pieces[0][8..10]
            || piece[12..20] != pieces[0][12..20]
        {
            return Err(format!("piece {n} has another header than the first"));
        }
        payload.extend_from_slice(&piece[20..]);
    }
    Ok(payload)
}
