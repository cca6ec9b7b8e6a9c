//! The students' types in words of the tests' own: a comparison must not rest on an `==` that the
//! student could change.

use std::net::SocketAddr;

use port_demux::{
    AckOutcome, Effect, Errno, FourTuple, Hit, Proto, Refusal, Reuse, Row, SocketId, State,
    SynOutcome,
};

pub const NO_REUSE: Reuse = Reuse {
    addr: false,
    port: false,
};
pub const REUSE_ADDR: Reuse = Reuse {
    addr: true,
    port: false,
};
pub const REUSE_PORT: Reuse = Reuse {
    addr: false,
    port: true,
};

pub fn options(reuse: Reuse) -> &'static str {
    match (reuse.addr, reuse.port) {
        (false, false) => "",
        (true, false) => ", SO_REUSEADDR",
        (false, true) => ", SO_REUSEPORT",
        (true, true) => ", SO_REUSEADDR, SO_REUSEPORT",
    }
}

pub fn addr(text: &str) -> SocketAddr {
    text.parse()
        .unwrap_or_else(|_| panic!("{text} is no address and port"))
}

pub fn tuple(local: &str, remote: &str) -> FourTuple {
    FourTuple {
        local: addr(local),
        remote: addr(remote),
    }
}

/// A row of the table. A remote end of "-" stands for none.
pub fn row(id: u64, proto: Proto, state: State, local: &str, remote: &str) -> Row {
    Row {
        id: SocketId(id),
        proto,
        state,
        local: addr(local),
        remote: (remote != "-").then(|| addr(remote)),
    }
}

pub fn hit(hit: Hit) -> String {
    match hit {
        Hit::Exact(id) => format!("exact {}", number(id)),
        Hit::Bound(id) => format!("bound {}", number(id)),
        Hit::Wildcard(id) => format!("wildcard {}", number(id)),
        Hit::Nobody(Refusal::Rst) => "nobody: RST".to_owned(),
        Hit::Nobody(Refusal::PortUnreachable) => "nobody: port unreachable".to_owned(),
    }
}

pub fn syn(outcome: SynOutcome) -> String {
    match outcome {
        SynOutcome::SynAck(id) => format!("SYN and ACK from {}", number(id)),
        SynOutcome::Dropped => "dropped".to_owned(),
        SynOutcome::ChallengeAck(id) => format!("challenge ACK from {}", number(id)),
        SynOutcome::Rst => "RST".to_owned(),
    }
}

pub fn ack(outcome: AckOutcome) -> String {
    match outcome {
        AckOutcome::Established(id) => format!("{} is open", number(id)),
        AckOutcome::Dropped => "dropped".to_owned(),
        AckOutcome::Delivered(id) => format!("delivered to {}", number(id)),
        AckOutcome::Rst => "RST".to_owned(),
    }
}

/// What goes out, sorted.
pub fn effects(effects: Vec<Effect>) -> Vec<String> {
    let mut words: Vec<String> = effects
        .into_iter()
        .map(|effect| match effect {
            Effect::Fin(t) => format!("FIN to {}", t.remote),
            Effect::Rst(t) => format!("RST to {}", t.remote),
        })
        .collect();
    words.sort();
    words
}

pub fn errno(errno: Errno) -> &'static str {
    match errno {
        Errno::BadSocket => "BadSocket",
        Errno::Invalid => "Invalid",
        Errno::AddrInUse => "AddrInUse",
        Errno::AddrNotAvailable => "AddrNotAvailable",
        Errno::IsConnected => "IsConnected",
        Errno::NotSupported => "NotSupported",
        Errno::WouldBlock => "WouldBlock",
    }
}

/// What a call says with this error.
pub fn reason(errno: &str) -> &'static str {
    match errno {
        "BadSocket" => "EBADF: the program has no such socket. This comes before all other errors.",
        "Invalid" => "EINVAL: a socket in this state cannot do that.",
        "AddrInUse" => {
            "EADDRINUSE: another socket stands in the way, or bind or listen finds no free port."
        }
        "AddrNotAvailable" => {
            "EADDRNOTAVAIL: connect finds no four-tuple that is free towards this peer."
        }
        "IsConnected" => {
            "EISCONN: it has a peer already, is about to get one, or listens. connect asks this before it looks for a port."
        }
        "NotSupported" => {
            "EOPNOTSUPP: UDP does not know this call, whatever the socket's state is."
        }
        "WouldBlock" => {
            "EWOULDBLOCK: not now, perhaps later. accept says it when no connection waits, and UDP's connect when no port is free."
        }
        _ => "",
    }
}

pub fn state(state: State) -> &'static str {
    match state {
        State::Established => "ESTABLISHED",
        State::SynSent => "SYN-SENT",
        State::SynReceived => "SYN-RECEIVED",
        State::FinWait1 => "FIN-WAIT-1",
        State::FinWait2 => "FIN-WAIT-2",
        State::TimeWait => "TIME-WAIT",
        State::Closed => "CLOSED",
        State::CloseWait => "CLOSE-WAIT",
        State::LastAck => "LAST-ACK",
        State::Listen => "LISTEN",
        State::Closing => "CLOSING",
    }
}

/// A row as `STATE local remote`.
pub fn shown(row: Option<Row>) -> String {
    row.map_or("no such row".to_owned(), |row| {
        let remote = row.remote.map_or("-".to_owned(), |addr| addr.to_string());
        format!("{} {} {remote}", state(row.state), row.local)
    })
}

/// What two rows in words differ in.
pub fn difference(got: &str, want: &str, of_udp: bool) -> String {
    const GONE: &str = "no such row";
    if want == GONE {
        return "nothing of it is to be left".to_owned();
    }
    if got == GONE {
        return "the row is to stay".to_owned();
    }
    let parts = ["the state", "its own end", "its peer"].into_iter();
    let words = got.split(' ').zip(want.split(' '));
    let differences = parts.zip(words).filter(|(_, (got, want))| got != want);
    let in_words = differences.map(|(part, (got, want))| match part {
        "the state" => format!("{part} is {got}, not {want}: {}", meaning(want, of_udp)),
        _ if want == "-" => format!("{part} is {got}, and there is none"),
        _ => format!("{part} is {got}, not {want}"),
    });
    in_words.collect::<Vec<_>>().join("\n")
}

/// Of which sockets this is the state.
fn meaning(state: &str, of_udp: bool) -> &'static str {
    match state {
        "ESTABLISHED" if of_udp => "a UDP socket that has a peer",
        "CLOSED" if of_udp => "a UDP socket without a peer",
        "ESTABLISHED" => "a connection whose handshake is over",
        "CLOSED" => "a socket that neither listens nor has a connection",
        "LISTEN" => "a socket that waits for SYNs",
        "SYN-SENT" => "a client whose SYN has no answer yet",
        "SYN-RECEIVED" => "a child whose handshake lacks the last ACK",
        "FIN-WAIT-2" => "an end that has closed first, before the other one's FIN",
        "CLOSE-WAIT" => "an end that has got a FIN and has not closed",
        "TIME-WAIT" => "an end that has closed first, after the other one's FIN",
        _ => "a connection on its way to its end",
    }
}

/// `SocketId`'s own text belongs to the student's files.
pub fn number(id: SocketId) -> String {
    format!("#{}", id.0)
}
