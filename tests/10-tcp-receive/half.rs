//! The receiving half of a connection as a machine that scripts can be played to. What an owner of the receiver does is
//! done here: when one is to leave, it sends an ACK, and every segment is stamped. Its own data it sends at once.

use std::time::Duration;

use netlab::script::{Call, Gives, Machine, Reaction, Script, Segment as Line};
use tcp_open::{Segment, Seq};
use tcp_receive::{AckPlan, Receiver};

const STAMP: &str = "stamp(segment)";

pub struct Half {
    pub receiver: Receiver,
    snd_nxt: u32,
    /// The receiver's function that a failure is most likely about.
    called: &'static str,
}

impl Half {
    /// `with irs=1000 capacity=4000 mss=1000`, if the script says nothing else. What it sends begins with number 300.
    pub fn new(script: &Script) -> Half {
        let irs = Seq(script.number("irs", 1000));
        let capacity = script.number("capacity", 4000) as usize;
        let mss = script.number("mss", 1000) as u16;
        Half {
            receiver: Receiver::new(irs, capacity, mss),
            snd_nxt: 300,
            called: "on_segment(now, segment)",
        }
    }

    fn sends(&mut self, now: Duration, payload: &[u8]) -> Line {
        // What the owner has not filled in must be filled in.
        let mut segment = Segment {
            seq: Seq(self.snd_nxt),
            payload: payload.to_vec(),
            ..Segment::default()
        };
        self.receiver.stamp(&mut segment);
        // A stamp says what the receiver says, and pays all that is owed.
        let says = (Some(self.receiver.rcv_nxt()), self.receiver.rcv_wnd());
        let is_paid = self.receiver.plan(now) == AckPlan::Nothing;
        if !is_paid || (segment.ack, u32::from(segment.window)) != says {
            self.called = STAMP;
        }
        self.snd_nxt = self.snd_nxt.wrapping_add(payload.len() as u32);
        Line {
            seq: segment.seq.0,
            ack: segment.ack.map(|ack| ack.0),
            syn: segment.syn,
            fin: segment.fin,
            rst: segment.rst,
            psh: segment.psh,
            window: segment.window,
            mss: segment.mss,
            payload: segment.payload,
            ..Line::default()
        }
    }

    /// What is due now, behind what has left already.
    fn goes_on(
        &mut self,
        now: Duration,
        mut segments: Vec<Line>,
        gives: Option<Gives>,
    ) -> Reaction {
        if self.receiver.plan(now) == AckPlan::Now {
            segments.push(self.sends(now, b""));
        }
        // What is owed all the same leaves, too, and is seen.
        let wake_at = match self.receiver.plan(now) {
            AckPlan::Nothing => None,
            AckPlan::Later(at) => Some(at),
            AckPlan::Now => Some(now),
        };
        Reaction {
            segments,
            gives,
            wake_at,
            ..Reaction::default()
        }
    }
}

pub fn of_line(line: &Line) -> Segment {
    Segment {
        seq: Seq(line.seq),
        ack: line.ack.map(Seq),
        syn: line.syn,
        fin: line.fin,
        rst: line.rst,
        psh: line.psh,
        window: line.window,
        mss: line.mss,
        payload: line.payload.clone(),
    }
}

impl Machine for Half {
    fn call(&mut self, now: Duration, call: &Call) -> Reaction {
        match call.name.as_str() {
            "recv" => {
                self.called = "read(max)";
                let data = self.receiver.read(call.number(0).expect("how much"));
                self.goes_on(now, Vec::new(), Some(Gives::Bytes(data)))
            }
            "send" => {
                self.called = STAMP;
                let segment = self.sends(now, &call.data);
                self.goes_on(now, vec![segment], None)
            }
            name => panic!("this machine knows no call {name}"),
        }
    }

    fn arrives(&mut self, now: Duration, segment: &Line) -> Reaction {
        self.called = "on_segment(now, segment)";
        self.receiver.on_segment(now, &of_line(segment));
        self.goes_on(now, Vec::new(), None)
    }

    fn tick(&mut self, now: Duration) -> Reaction {
        self.goes_on(now, Vec::new(), None)
    }

    fn state(&self, _: &str) -> String {
        let inbound = self.receiver.inbound();
        let complete = inbound.is_complete();
        if complete {
            "CLOSE-WAIT"
        } else {
            "ESTABLISHED"
        }
        .into()
    }

    fn vars(&self, _: &str) -> Vec<(&'static str, String)> {
        vec![
            ("RCV.NXT", self.receiver.rcv_nxt().to_string()),
            ("RCV.WND", self.receiver.rcv_wnd().to_string()),
        ]
    }

    fn function(&self) -> &'static str {
        self.called
    }
}
