//! Plays a script to one connection.

use std::time::Duration;

use netlab::Lab;
use netlab::script::{self, Call, Machine, Reaction, Script};
use tcp_open::{Config, Event, Notice, Output, Segment, Seq, State, Tcb};

/// A connection that scripts are played to.
pub struct Player {
    tcb: Tcb,
    /// What the script is about.
    about: &'static str,
    /// What the last event has gone to, as far as that is known.
    function: &'static str,
}

/// Plays one script to a new connection. The script is about this function.
pub fn plays(lab: &Lab, function: &'static str, script: &str) {
    lab.plays(script, |script| Player {
        tcb: Tcb::new(config(script)),
        about: function,
        function,
    });
}

/// `with iss=100 win=65535 mss=1460 rto=1000 rto_max=60000 give_up=180000`: the times in milliseconds.
/// `linux=no` is for the kernel's player: the kernel does otherwise, or cannot be asked.
pub fn config(script: &Script) -> Config {
    script.setting("linux");
    let ms = |name: &str, default| Duration::from_millis(script.number(name, default).into());
    let word = |name: &str, default| script.number(name, default) as u16;
    Config {
        iss: Seq(script.number("iss", 100)),
        window: word("win", 65535),
        mss: word("mss", 1460),
        rto: ms("rto", 1_000),
        rto_max: ms("rto_max", 60_000),
        give_up: ms("give_up", 180_000),
    }
}

pub fn segment(it: &script::Segment) -> Segment {
    Segment {
        seq: Seq(it.seq),
        ack: it.ack.map(Seq),
        syn: it.syn,
        fin: it.fin,
        rst: it.rst,
        psh: it.psh,
        window: it.window,
        mss: it.mss,
        payload: it.payload.clone(),
    }
}

/// The same for a script, as what goes to this peer, or comes from it.
pub fn of_script(it: &Segment, peer: &str) -> script::Segment {
    script::Segment {
        peer: peer.to_owned(),
        seq: it.seq.0,
        ack: it.ack.map(|ack| ack.0),
        syn: it.syn,
        fin: it.fin,
        rst: it.rst,
        psh: it.psh,
        window: it.window,
        mss: it.mss,
        payload: it.payload.clone(),
    }
}

pub fn notice(notice: &Notice) -> String {
    match notice {
        Notice::Established => "established",
        Notice::Refused => "refused",
        Notice::Reset => "reset",
        Notice::TimedOut => "timed-out",
    }
    .into()
}

pub fn vars(tcb: &Tcb) -> Vec<(&'static str, String)> {
    let vars = tcb.vars();
    vec![
        ("ISS", vars.iss.to_string()),
        ("SND.UNA", vars.snd_una.to_string()),
        ("SND.NXT", vars.snd_nxt.to_string()),
        ("SND.WND", vars.snd_wnd.to_string()),
        ("IRS", vars.irs.to_string()),
        ("RCV.NXT", vars.rcv_nxt.to_string()),
        ("RCV.WND", vars.rcv_wnd.to_string()),
        ("MSS", vars.mss.to_string()),
    ]
}

/// The function that has taken a segment, where the two states show it.
pub fn taker(before: State, it: &Segment, after: State) -> Option<&'static str> {
    use State::{Closed, Established, Listen, SynReceived, SynSent};
    let by_reset = if it.rst {
        "resets(segment)"
    } else {
        "otherwise(segment)"
    };
    match (before, after) {
        (Closed, _) => Some("answer_in_closed(segment)"),
        (SynReceived, Established) if it.syn => Some("otherwise(segment)"),
        (SynSent, SynReceived) => Some("otherwise(segment)"),
        (Listen, SynReceived) | (SynSent | SynReceived, Established) => {
            Some("expected(now, segment)")
        }
        _ if before != after || it.rst => Some(by_reset),
        _ => None,
    }
}

impl Machine for Player {
    fn call(&mut self, now: Duration, call: &Call) -> Reaction {
        let (event, function) = match call.name.as_str() {
            "listen" => (Event::Listen, "open(now, active)"),
            "connect" => (Event::Connect, "open(now, active)"),
            "abort" => (Event::Abort, "abort()"),
            other => panic!("a connection of this chapter has no {other}()"),
        };
        self.function = function;
        reaction(self.tcb.step(now, event))
    }

    fn arrives(&mut self, now: Duration, it: &script::Segment) -> Reaction {
        let (before, segment) = (self.tcb.state(), segment(it));
        let reaction = reaction(self.tcb.step(now, Event::Arrives(&segment)));
        let taker = taker(before, &segment, self.tcb.state());
        self.function = taker.unwrap_or(self.about);
        reaction
    }

    fn tick(&mut self, now: Duration) -> Reaction {
        self.function = "tick(now)";
        reaction(self.tcb.step(now, Event::Tick))
    }

    fn state(&self, _peer: &str) -> String {
        self.tcb.state().to_string()
    }

    fn vars(&self, _peer: &str) -> Vec<(&'static str, String)> {
        vars(&self.tcb)
    }

    fn function(&self) -> &'static str {
        self.function
    }
}

fn reaction(output: Output) -> Reaction {
    let segments = output.segments.iter();
    Reaction {
        segments: segments.map(|it| of_script(it, "")).collect(),
        told: output.notices.iter().map(notice).collect(),
        gives: None,
        wake_at: output.wake_at,
    }
}
