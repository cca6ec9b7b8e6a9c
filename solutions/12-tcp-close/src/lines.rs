//! Given: your host as a program, for a judge outside of its process. Each line on standard input is a call, and says when
//! it is made: `NANOSECONDS CALL ARGUMENTS…`. What comes of it goes to standard output.
//!
//! | call | |
//! |---|---|
//! | `listen PORT BACKLOG`, `accept PORT`, `connect ADDR:PORT` | a connection gets its name by one of the last two |
//! | `send NAME HEX`, `recv NAME MAX` | |
//! | `shutdown NAME`, `close NAME`, `abort NAME`, `count` | |
//! | `arrives HEX` | a datagram has come |
//! | `poll` | it is the time of `wakes` |
//!
//! | answer | |
//! |---|---|
//! | `gives …` | what the call returns |
//! | `sends HEX` | a datagram that leaves, in order |
//! | `is NAME OUR-SOCKET PEER STATE SND.UNA SND.NXT SND.WND RCV.NXT RCV.WND` | each connection that has a name, and is kept |
//! | `told NAME NOTICE` | |
//! | `wakes NANOSECONDS`, or `sleeps` | the end of the answer, and when `poll` is due |

use std::io::{self, BufRead, Write};
use std::time::Duration;

use tcp_open::{Notice, Seq};

use crate::{Config, ConnId, Host, Received};

/// Plays the host until the lines end, and gives the exit code. The arguments are its address, its secret in hexadecimal
/// digits, and its settings as `NAME=NUMBER`: times are in milliseconds.
pub fn run(args: &[String]) -> Option<u8> {
    let (addr, args) = args.split_first()?;
    let (secret, settings) = args.split_first()?;
    let secret = bytes(secret)?.try_into().ok()?;
    let host = Host::new(addr.parse().ok()?, secret, config(settings)?);
    let mut player = Player {
        host,
        names: Vec::new(),
    };
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let Some(answer) = player.answers(&line) else {
            eprintln!("no line of a host: {line}");
            return Some(2);
        };
        if out.write_all(answer.as_bytes()).is_err() {
            return Some(1);
        }
    }
    Some(0)
}

fn config(settings: &[String]) -> Option<Config> {
    let mut config = Config::new(Seq(0));
    for setting in settings {
        let (name, value) = setting.split_once('=')?;
        let number: u32 = value.parse().ok()?;
        let time = Duration::from_millis(number.into());
        match name {
            "mss" => config.open.mss = number.try_into().ok()?,
            "room" => config.receive = number as usize,
            "buffer" => config.send.buffer = number as usize,
            "give_up" => (config.open.give_up, config.send.give_up) = (time, time),
            "msl" => config.msl = time,
            "linger" => config.linger = time,
            _ => return None,
        }
    }
    Some(config)
}

struct Player {
    host: Host,
    names: Vec<ConnId>,
}

impl Player {
    /// `None` if it is no line.
    fn answers(&mut self, line: &str) -> Option<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [now, call, arguments @ ..] = &words[..] else {
            return None;
        };
        let now = Duration::from_nanos(now.parse().ok()?);
        let gives = self.calls(now, call, arguments)?;
        let mut answer = String::new();
        if !gives.is_empty() {
            answer += &format!("gives {gives}\n");
        }
        let host = &mut self.host;
        for datagram in host.poll(now) {
            answer += &format!("sends {}\n", hex(&datagram));
        }
        for id in &self.names {
            if let (Some(flow), Some(vars)) = (host.flow(*id), host.vars(*id)) {
                answer += &format!(
                    "is {} {} {} {} {} {} {} {} {}\n",
                    id.0,
                    flow.src,
                    flow.dst,
                    host.state(*id),
                    vars.snd_una,
                    vars.snd_nxt,
                    vars.snd_wnd,
                    vars.rcv_nxt,
                    vars.rcv_wnd
                );
            }
            for notice in host.take_notices(*id) {
                answer += &format!("told {} {}\n", id.0, word(&notice));
            }
        }
        match host.wake_at() {
            Some(at) => answer += &format!("wakes {}\n", at.as_nanos()),
            None => answer += "sleeps\n",
        }
        Some(answer)
    }

    /// What the call gives, if anything.
    fn calls(&mut self, now: Duration, call: &str, arguments: &[&str]) -> Option<String> {
        let host = &mut self.host;
        let id = |text: &str| text.parse().ok().map(ConnId);
        let mut gives = String::new();
        match (call, arguments) {
            ("poll", []) => {}
            ("arrives", [datagram]) => host.arrives(now, &bytes(datagram)?),
            ("listen", [port, backlog]) => {
                let listens = host.listen(port.parse().ok()?, backlog.parse().ok()?);
                gives = listens.map_or("refused", |()| "listens").into();
            }
            ("accept", [port]) => {
                let id = host.accept(port.parse().ok()?);
                gives = self.named(id);
            }
            ("connect", [peer]) => {
                let id = host.connect(now, peer.parse().ok()?).ok();
                gives = self.named(id);
            }
            ("send", [name, data]) => gives = host.send(id(name)?, &bytes(data)?).to_string(),
            ("recv", [name, max]) => {
                gives = match host.recv(id(name)?, max.parse().ok()?) {
                    Received::Data(data) => hex(&data),
                    Received::Nothing => "nothing".into(),
                    Received::End => "end".into(),
                }
            }
            ("shutdown", [name]) => host.shutdown(now, id(name)?),
            ("close", [name]) => host.close(now, id(name)?),
            ("abort", [name]) => host.abort(now, id(name)?),
            ("count", []) => gives = host.count().to_string(),
            _ => return None,
        }
        Some(gives)
    }

    fn named(&mut self, id: Option<ConnId>) -> String {
        self.names.extend(id);
        id.map_or("nobody".into(), |id| id.0.to_string())
    }
}

fn word(notice: &Notice) -> &'static str {
    match notice {
        Notice::Established => "established",
        Notice::Refused => "refused",
        Notice::Reset => "reset",
        Notice::TimedOut => "timed-out",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = (0..hex.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
        .collect()
}
