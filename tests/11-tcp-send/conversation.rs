//! Plays a script to the answer's [`Sender`]: it is the owner of one, in an established connection.

use std::time::Duration;

use netlab::Lab;
use netlab::script::{Call, Gives, Machine, Reaction, Script, Segment};
use tcp_open::{Seq, Vars};
use tcp_send::{Config, Heard, RtoLimits, Sender};

use super::words::ms;

/// Plays a script. Its settings, and what they are where it does not say:
///
/// - `iss=100`, `irs=300`: the handshake is over, and the next numbers are one more.
/// - `mss=1000`, `peer_mss=` (the same): what fits into our packets, and what the peer wants.
/// - `win=65535`: the peer's window.
/// - `rtt=50`: how long the handshake took, in ms. 0: the SYN had to be sent again.
/// - `nodelay=0`, `buffer=65536`, `floor=1000` and `ceiling=60000` (the limits of the RTO, in ms), `give_up=100` (s).
///
/// The program is told `beyond`, `timeout` and `closed` when `on_segment`, `has_given_up` and `fin_acked` say so.
pub fn plays(lab: &Lab, script: &str) {
    lab.plays(script, Owner::new);
}

pub struct Owner {
    sender: Sender,
    rcv_nxt: u32,
    was_closed: bool,
    had_given_up: bool,
}

impl Owner {
    fn new(script: &Script) -> Owner {
        let number = |name, default| script.number(name, default);
        let mss = number("mss", 1000) as u16;
        let una = number("iss", 100).wrapping_add(1);
        let rcv_nxt = number("irs", 300).wrapping_add(1);
        let vars = Vars {
            iss: Seq(una.wrapping_sub(1)),
            irs: Seq(rcv_nxt.wrapping_sub(1)),
            snd_una: Seq(una),
            snd_nxt: Seq(una),
            snd_wnd: number("win", 65_535),
            rcv_nxt: Seq(rcv_nxt),
            rcv_wnd: 65_535,
            mss: number("peer_mss", u32::from(mss)) as u16,
        };
        let config = Config {
            mss,
            buffer: number("buffer", 65_536) as usize,
            nodelay: number("nodelay", 0) != 0,
            rto: RtoLimits {
                min: ms(number("floor", 1000).into()),
                max: ms(number("ceiling", 60_000).into()),
                ..RtoLimits::default()
            },
            give_up: Duration::from_secs(number("give_up", 100).into()),
        };
        let handshake = Some(number("rtt", 50)).filter(|rtt| *rtt > 0);
        let handshake = handshake.map(|rtt| ms(rtt.into()));
        Owner::established(config, &vars, handshake)
    }

    /// The handshake is over.
    pub fn established(config: Config, vars: &Vars, handshake: Option<Duration>) -> Owner {
        Owner {
            sender: Sender::new(config, vars, handshake),
            rcv_nxt: vars.rcv_nxt.0,
            was_closed: false,
            had_given_up: false,
        }
    }

    /// Whatever has happened: this leaves now, and this is news for the program.
    fn reaction(&mut self, now: Duration) -> Reaction {
        let segments = self.sender.poll(now).into_iter();
        let segments = segments.map(|segment| Segment {
            seq: segment.seq.0,
            ack: Some(self.rcv_nxt),
            syn: segment.syn,
            fin: segment.fin,
            rst: segment.rst,
            psh: segment.psh,
            window: 65_535,
            mss: segment.mss,
            payload: segment.payload,
            ..Segment::default()
        });
        let segments = segments.collect();
        let mut told = Vec::new();
        let (closed, given_up) = (self.sender.fin_acked(), self.sender.has_given_up());
        if closed && !self.was_closed {
            told.push("closed".to_owned());
        }
        if given_up && !self.had_given_up {
            told.push("timeout".to_owned());
        }
        (self.was_closed, self.had_given_up) = (closed, given_up);
        Reaction {
            segments,
            told,
            gives: None,
            wake_at: self.sender.wake_at(),
        }
    }
}

impl Machine for Owner {
    fn call(&mut self, now: Duration, call: &Call) -> Reaction {
        let gives = match call.name.as_str() {
            "send" => Some(self.sender.write(&call.data)),
            "close" => {
                self.sender.close();
                None
            }
            "room" => Some(self.sender.room()),
            other => panic!("a sender has no {other}()"),
        };
        Reaction {
            gives: gives.map(|n| Gives::Word(n.to_string())),
            ..self.reaction(now)
        }
    }

    fn arrives(&mut self, now: Duration, segment: &Segment) -> Reaction {
        let segment = tcp_open::Segment {
            seq: Seq(segment.seq),
            ack: segment.ack.map(Seq),
            syn: segment.syn,
            fin: segment.fin,
            rst: segment.rst,
            psh: segment.psh,
            window: segment.window,
            mss: segment.mss,
            payload: segment.payload.clone(),
        };
        let heard = self.sender.on_segment(now, &segment);
        let mut reaction = self.reaction(now);
        if let Heard::Beyond = heard {
            reaction.told.insert(0, "beyond".into());
        }
        reaction
    }

    fn tick(&mut self, now: Duration) -> Reaction {
        self.reaction(now)
    }

    fn state(&self, _peer: &str) -> String {
        "ESTABLISHED".into()
    }

    fn vars(&self, _peer: &str) -> Vec<(&'static str, String)> {
        let sender = &self.sender;
        let mut vars = vec![
            ("SND.UNA", sender.una().0.to_string()),
            ("SND.NXT", sender.nxt().0.to_string()),
            ("SND.WND", sender.wnd().to_string()),
            ("WIDEST", sender.widest().to_string()),
            ("FLIGHT", sender.in_flight().to_string()),
            ("CWND", sender.cwnd().to_string()),
        ];
        if sender.ssthresh() < u32::MAX {
            vars.push(("SSTHRESH", sender.ssthresh().to_string()));
        }
        vars.push(("RTO", sender.rto().as_millis().to_string()));
        vars
    }

    fn function(&self) -> &'static str {
        "poll(now)"
    }
}
