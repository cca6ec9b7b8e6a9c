//! A connection that scripts are played to.

use std::time::Duration;

use netlab::script::{self, Call, Gives, Machine, Reaction, Script};
use tcp_close::{Config, Connection};
use tcp_open::{Notice, Segment, Seq, Vars};

pub struct Player {
    connection: Connection,
    function: &'static str,
}

/// `with iss=100 mss=1460 room=65535 buffer=65536 msl=30000 linger=60000 give_up=100000`: the times in milliseconds.
pub fn config(script: &Script) -> Config {
    let ms = |name: &str, default| Duration::from_millis(script.number(name, default).into());
    let mut config = Config::new(Seq(script.number("iss", 100)));
    config.open.mss = script.number("mss", 1460) as u16;
    config.open.give_up = ms("give_up", 180_000);
    config.receive = script.number("room", 65_535) as usize;
    config.send.buffer = script.number("buffer", 65_536) as usize;
    config.send.give_up = ms("give_up", 100_000);
    config.msl = ms("msl", 30_000);
    config.linger = ms("linger", 60_000);
    config
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

pub fn vars(vars: &Vars) -> Vec<(&'static str, String)> {
    vec![
        ("SND.UNA", vars.snd_una.to_string()),
        ("SND.NXT", vars.snd_nxt.to_string()),
        ("SND.WND", vars.snd_wnd.to_string()),
        ("RCV.NXT", vars.rcv_nxt.to_string()),
        ("RCV.WND", vars.rcv_wnd.to_string()),
    ]
}

/// What `recv` gives: bytes, or `end` where none will come.
pub fn received(data: Vec<u8>, is_over: bool) -> Gives {
    match data.is_empty() && is_over {
        true => Gives::Word("end".into()),
        false => Gives::Bytes(data),
    }
}

impl Player {
    pub fn new(script: &Script, function: &'static str) -> Player {
        Player {
            connection: Connection::new(config(script)),
            function,
        }
    }

    fn polled(&mut self, now: Duration, gives: Option<Gives>) -> Reaction {
        let segments = self.connection.poll(now);
        let notices = self.connection.take_notices();
        Reaction {
            segments: segments.iter().map(|it| of_script(it, "")).collect(),
            told: notices.iter().map(notice).collect(),
            gives,
            wake_at: self.connection.wake_at(),
        }
    }
}

impl Machine for Player {
    fn call(&mut self, now: Duration, call: &Call) -> Reaction {
        let connection = &mut self.connection;
        let mut gives = None;
        match call.name.as_str() {
            "listen" => connection.listen(now),
            "connect" => connection.connect(now),
            "send" => gives = Some(Gives::Word(connection.send(&call.data).to_string())),
            "recv" => {
                let data = connection.recv(call.number(0).unwrap_or(usize::MAX));
                gives = Some(received(data, connection.is_over()));
            }
            "shutdown" => connection.shutdown(now),
            "close" => connection.close(now),
            "abort" => connection.abort(now),
            other => panic!("a connection has no {other}()"),
        }
        self.polled(now, gives)
    }

    fn arrives(&mut self, now: Duration, it: &script::Segment) -> Reaction {
        self.connection.arrives(now, &segment(it));
        self.polled(now, None)
    }

    fn tick(&mut self, now: Duration) -> Reaction {
        self.polled(now, None)
    }

    fn state(&self, _peer: &str) -> String {
        self.connection.state().to_string()
    }

    fn vars(&self, _peer: &str) -> Vec<(&'static str, String)> {
        vars(&self.connection.vars())
    }

    fn function(&self) -> &'static str {
        self.function
    }
}
