//! Plays a script to a machine, in virtual time.

use std::collections::VecDeque;
use std::fmt::Display;
use std::time::Duration;

use super::bytes::Streams;
use super::line::{Call, Gives, Item, Line, What, Whom};
use super::mismatch::Mismatch;
use super::parse::Script;
use super::segment::{Pattern, Segment};
use crate::sim::Time;

/// A machine under test, or a player of it.
pub trait Machine {
    /// The program calls.
    fn call(&mut self, now: Duration, call: &Call) -> Reaction;
    fn arrives(&mut self, now: Duration, segment: &Segment) -> Reaction;
    /// It wanted to be woken at this moment.
    fn tick(&mut self, now: Duration) -> Reaction;
    /// The RFC's name of the state in which the connection with this peer is; empty where there is none.
    fn state(&self, peer: &str) -> String;
    /// Its variables by the RFC's names, and their values.
    fn vars(&self, peer: &str) -> Vec<(&'static str, String)>;
    /// The reader's function that what happened last has gone to, for the place that a failure names. Before
    /// anything has happened, the one that the script is about.
    fn function(&self) -> &'static str {
        "step(now, event)"
    }
}

/// What comes of an event.
#[derive(Clone, Debug, Default)]
pub struct Reaction {
    /// What leaves, in order.
    pub segments: Vec<Segment>,
    /// What the program is told, in order: a word each, and before it `peer: ` where peers have names.
    pub told: Vec<String>,
    /// What the call gives.
    pub gives: Option<Gives>,
    /// When it wants to be woken, as of now.
    pub wake_at: Option<Duration>,
}

/// What is going on, for whoever watches.
pub struct Step<'a> {
    pub row: usize,
    pub at: Duration,
    pub what: Doing<'a>,
}

pub enum Doing<'a> {
    Calls(&'a Call),
    Arrives(&'a Segment),
    Leaves(&'a Segment),
    Wakes,
}

/// Plays all of it. `watch` hears of each step before it is done.
pub fn play(
    script: &Script,
    machine: &mut dyn Machine,
    watch: &mut dyn FnMut(Step),
) -> Result<(), Box<Mismatch>> {
    let receives = machine
        .vars("")
        .into_iter()
        .find(|(name, _)| *name == "RCV.NXT");
    let mut player = Player {
        script,
        machine,
        watch,
        now: Duration::ZERO,
        line: 0,
        wake_at: None,
        segments: VecDeque::new(),
        told: VecDeque::new(),
        streams: Streams::default(),
        ticks: 0,
        reason: String::new(),
    };
    let receives = receives.and_then(|(_, value)| value.parse().ok());
    player
        .streams
        .begins("", receives.filter(|number| *number != 0));
    player.plays()
}

struct Player<'a> {
    script: &'a Script,
    machine: &'a mut dyn Machine,
    watch: &'a mut dyn FnMut(Step),
    now: Duration,
    /// The index of the line that is due.
    line: usize,
    wake_at: Option<Duration>,
    /// What has left and is in no line yet, and when.
    segments: VecDeque<(Duration, Segment)>,
    told: VecDeque<(Duration, String)>,
    streams: Streams,
    /// How often it has been woken at this moment.
    ticks: usize,
    /// Why it must be as the line says that is due, and what came last answered as it is.
    reason: String,
}

/// So often a machine may wake at one moment.
const MOST_TICKS: usize = 1000;
/// Why time does not go on.
const AGAIN: &str = "The machine was woken at the moment that it asked for, and asks for the same moment again. What was due is \
    done then: forget it, or choose a later moment.";

type Played = Result<(), Box<Mismatch>>;

impl Player<'_> {
    fn plays(&mut self) -> Played {
        for (index, line) in self.script.lines().iter().enumerate() {
            self.line = index;
            if !line.items.iter().any(comes) {
                self.takes_reason(line);
            }
            let mut when = line.at.map(|at| (at.earliest, at.latest));
            for item in line.items.iter().filter(|item| item.whom != Whom::Linux) {
                let (earliest, latest) = when.unwrap_or((self.now, self.now));
                self.item(item, earliest, latest.max(self.now))?;
                // The rest of the line is of the same moment.
                when = None;
            }
        }
        self.line = self.script.lines().len();
        self.ticks_until(self.now)?;
        self.nothing_is_left("nothing more")
    }

    fn item(&mut self, item: &Item, earliest: Duration, latest: Duration) -> Played {
        match &item.what {
            What::Leaves(pattern) => self.leaves(&item.peer, pattern, earliest, latest),
            What::Told(word) => self.is_told(&labelled(&item.peer, word), earliest, latest),
            What::Arrives(segment) => {
                self.goes_on_until(earliest, "nothing before this line")?;
                self.takes_reason(&self.script.lines()[self.line]);
                self.step(Doing::Arrives(segment));
                self.streams.arrives(segment);
                let reaction = self.machine.arrives(self.now, segment);
                self.takes(reaction);
                Ok(())
            }
            What::Call(call) => {
                self.goes_on_until(earliest, "nothing before this line")?;
                self.takes_reason(&self.script.lines()[self.line]);
                self.calls(call)
            }
            What::Nothing => self.goes_on_until(latest, &format!("nothing until {}", ms(latest))),
            What::State(want) => {
                self.ticks_until(latest)?;
                let got = self.machine.state(&item.peer);
                self.same(&labelled(&item.peer, want), &labelled(&item.peer, &got))
            }
            What::Var { name, value } => {
                self.ticks_until(latest)?;
                let vars = self.machine.vars(&item.peer);
                let got = vars.iter().find(|(other, _)| *other == name);
                let got = got.map_or("no such variable", |(_, got)| got.as_str());
                let is_same = got == value
                    || super::token::number(value).is_some_and(|want| got == want.to_string());
                if is_same {
                    return Ok(());
                }
                let mut mismatch = self.mismatch(self.now, &format!("{name} {value}"), got);
                mismatch.why = format!("{}\n{}", meaning(name), mismatch.why);
                mismatch.why.truncate(mismatch.why.trim_end().len());
                Err(mismatch)
            }
        }
    }

    fn calls(&mut self, call: &Call) -> Played {
        let call = self.streams.filled(call);
        self.step(Doing::Calls(&call));
        let mut reaction = self.machine.call(self.now, &call);
        let gives = reaction.gives.take();
        self.takes(reaction);
        self.streams.called(&call, gives.as_ref());
        let wrong = match &gives {
            Some(Gives::Bytes(bytes)) => self.streams.read(&call, bytes),
            _ => None,
        };
        let Some(want) = &call.gives else {
            return Ok(());
        };
        let got = match (want, gives) {
            (Gives::Word(_), Some(Gives::Bytes(bytes))) => Gives::Word(bytes.len().to_string()),
            (_, Some(got)) => got,
            (_, None) => Gives::Word("nothing".into()),
        };
        if got != *want {
            self.fails(&format!("{} = {want}", call.text()), &got.to_string())
        } else if let (Gives::Word(_), Some(wrong)) = (want, wrong) {
            self.fails(
                "the bytes in their places",
                &format!("{}: {wrong}", call.text()),
            )
        } else {
            Ok(())
        }
    }

    /// This segment leaves, at a moment between these two.
    fn leaves(
        &mut self,
        peer: &str,
        pattern: &Pattern,
        earliest: Duration,
        latest: Duration,
    ) -> Played {
        let expected = leaving(peer, pattern);
        while self.segments.is_empty() {
            if !self.wakes_by(latest)? {
                let instead = match self.told.front() {
                    Some((_, word)) => format!("the program is told `{word}`"),
                    None => self.when_it_wakes(),
                };
                return self.fails_at(latest, &expected, &format!("nothing leaves; {instead}"));
            }
        }
        let (at, segment) = self.segments.pop_front().expect("one has left");
        let mut wrong = Vec::new();
        if segment.peer != peer {
            wrong.push("another peer".to_owned());
        }
        wrong.extend(pattern.differences(&segment));
        if !wrong.is_empty() {
            let got = format!("{}: {}", leaving(&segment.peer, &segment), wrong.join(", "));
            let mut mismatch = self.mismatch(at, &expected, &got);
            // Another kind of segment has other numbers.
            let is_of_its_kind = wrong[0].starts_with(|c: char| c.is_ascii_lowercase());
            let of_value = wrong
                .iter()
                .filter(|wrong| is_of_its_kind && wrong.contains(" instead of "));
            let meanings = of_value.map(|wrong| meaning_of_field(wrong, segment.rst));
            let meanings: Vec<&str> = meanings.filter(|meaning| !meaning.is_empty()).collect();
            mismatch.why = format!("{}\n{}", meanings.join(" "), mismatch.why);
            mismatch.why = mismatch.why.trim().to_owned();
            return Err(mismatch);
        }
        if at < earliest || at > latest {
            let expected = format!("{expected} at {}", between(earliest, latest));
            return self.fails_at(at, &expected, &format!("it leaves at {}", ms(at)));
        }
        match self.streams.leaves(&segment) {
            Some(wrong) if pattern.payload.is_none() => self.fails(
                "the bytes in their places",
                &format!("--> {segment}: {wrong}"),
            ),
            _ => Ok(()),
        }
    }

    fn is_told(&mut self, want: &str, earliest: Duration, latest: Duration) -> Played {
        let expected = format!("the program is told `{want}`");
        while self.told.is_empty() {
            if !self.wakes_by(latest)? {
                return self.fails_at(latest, &expected, "it is told nothing");
            }
        }
        let (at, got) = self.told.pop_front().expect("it is told something");
        if got != want {
            return self.fails_at(at, &expected, &format!("it is told `{got}`"));
        }
        if at < earliest || at > latest {
            let expected = format!("{expected} at {}", between(earliest, latest));
            return self.fails_at(at, &expected, &format!("it is told so at {}", ms(at)));
        }
        Ok(())
    }

    /// Time goes on until then, and nothing comes of it.
    fn goes_on_until(&mut self, until: Duration, expected: &str) -> Played {
        self.ticks_until(until)?;
        self.nothing_is_left(expected)
    }

    fn nothing_is_left(&mut self, expected: &str) -> Played {
        let got = match (self.segments.pop_front(), self.told.pop_front()) {
            (Some((at, segment)), told) if told.as_ref().is_none_or(|(then, _)| *then >= at) => {
                Some((at, leaving(&segment.peer, &segment)))
            }
            (_, Some((at, word))) => Some((at, format!("the program is told `{word}`"))),
            _ => None,
        };
        match got {
            None => Ok(()),
            Some((at, got)) => self.fails_at(at, expected, &got),
        }
    }

    fn ticks_until(&mut self, until: Duration) -> Played {
        while self.wakes_by(until)? {}
        self.now = self.now.max(until);
        Ok(())
    }

    /// Wakes the machine, if it wants to be woken by then.
    fn wakes_by(&mut self, until: Duration) -> Result<bool, Box<Mismatch>> {
        let Some(at) = self.wake_at.filter(|at| *at <= until) else {
            return Ok(false);
        };
        let now = self.now.max(at);
        self.ticks = if now == self.now { self.ticks + 1 } else { 0 };
        self.now = now;
        if self.ticks > MOST_TICKS {
            let got = format!("it wants to be woken at {} again and again", ms(at));
            let mut mismatch = self.mismatch(now, "time to go on", &got);
            mismatch.why = format!("{}\n{AGAIN}", mismatch.why).trim_start().to_owned();
            return Err(mismatch);
        }
        self.step(Doing::Wakes);
        let reaction = self.machine.tick(now);
        self.takes(reaction);
        Ok(true)
    }

    fn takes(&mut self, reaction: Reaction) {
        for segment in reaction.segments {
            self.step(Doing::Leaves(&segment));
            self.segments.push_back((self.now, segment));
        }
        let told = reaction.told.into_iter();
        self.told.extend(told.map(|word| (self.now, word)));
        self.wake_at = reaction.wake_at;
    }

    fn step(&mut self, what: Doing) {
        let (row, at) = (self.row(), self.now);
        (self.watch)(Step { row, at, what });
    }

    /// The reason of this line. A line without one has that of the line before if it tells what follows from that.
    fn takes_reason(&mut self, line: &Line) {
        let begins = |item: &Item| match &item.what {
            What::Leaves(_) | What::Told(_) => line.at.is_some(),
            _ => comes(item),
        };
        if !line.why.is_empty() || line.items.iter().any(begins) {
            self.reason.clone_from(&line.why);
        }
    }

    fn row(&self) -> usize {
        let line = self.script.lines().get(self.line);
        line.map_or(self.script.rows().len(), |line| line.number)
    }

    fn when_it_wakes(&self) -> String {
        match self.wake_at {
            Some(at) => format!("your machine wants to be woken at {}", ms(at)),
            None => "your machine does not want to be woken".into(),
        }
    }

    fn same(&self, want: &str, got: &str) -> Played {
        match want == got {
            true => Ok(()),
            false => self.fails(want, got),
        }
    }

    fn fails(&self, expected: &str, got: &str) -> Played {
        self.fails_at(self.now, expected, got)
    }

    fn fails_at(&self, at: Duration, expected: &str, got: &str) -> Played {
        Err(self.mismatch(at, expected, got))
    }

    fn mismatch(&self, at: Duration, expected: &str, got: &str) -> Box<Mismatch> {
        let line = self.script.lines().get(self.line);
        // The peer of this line, or of the only connection.
        let peer = line.and_then(|line| line.items.iter().map(|item| item.peer.as_str()).max());
        let peer = peer.unwrap_or_default();
        let vars = self.machine.vars(peer).into_iter();
        Box::new(Mismatch {
            row: self.row(),
            at,
            expected: expected.to_owned(),
            got: got.to_owned(),
            why: self.reason.clone(),
            state: self.machine.state(peer),
            vars: vars.map(|(name, value)| (name.to_owned(), value)).collect(),
        })
    }
}

/// What a variable is. The script's reason may be about another one.
fn meaning(name: &str) -> String {
    let what = match name {
        "ISS" => "the number of our SYN",
        "IRS" => "the number of the peer's SYN",
        "SND.UNA" => "the oldest number of ours that is not acknowledged",
        "SND.NXT" => "the number of what we send next",
        "SND.WND" => "how many bytes the peer has room for",
        "RCV.NXT" => "the number that we want next",
        "RCV.WND" => "how many bytes the peer may send, by our last offer",
        "MSS" => "the largest payload that the peer wants, 536 unless its SYN says another",
        "FLIGHT" => "how many numbers are sent and not acknowledged",
        "CWND" => "how many bytes the congestion window lets into the network",
        "RTO" => "how many milliseconds a segment waits for its ACK",
        _ => return String::new(),
    };
    format!("{name} is {what}.")
}

/// What the field is that a difference begins with, `seq 100 instead of 101`. The script's reason may be about
/// another one.
fn meaning_of_field(difference: &str, is_reset: bool) -> &'static str {
    let field = difference.strip_prefix("no ").unwrap_or(difference);
    match (field.split(' ').next().unwrap_or_default(), is_reset) {
        ("seq", true) => {
            "seq of a RST is the number that its receiver expects: the ACK number of the segment that it answers, else \
             SND.NXT."
        }
        ("seq", false) => {
            "seq is our first number in the segment. One that uses none (no byte, no SYN, no FIN) has SND.NXT."
        }
        ("ack", true) => "ack of a RST is the number behind the segment that it answers.",
        ("ack", false) => "ack is the number that we want next, RCV.NXT.",
        ("win", _) => "win is how many bytes the peer may send, from ack on.",
        ("mss", _) => "mss is the largest payload that we want. Each SYN says it.",
        _ => "",
    }
}

/// Whether it happens to the machine.
fn comes(item: &Item) -> bool {
    matches!(item.what, What::Arrives(_) | What::Call(_))
}

/// `c2: --> ACK seq 1`.
fn leaving(peer: &str, segment: &impl Display) -> String {
    labelled(peer, &format!("--> {segment}"))
}

fn labelled(peer: &str, what: &str) -> String {
    match peer {
        "" => what.to_owned(),
        _ => format!("{peer}: {what}"),
    }
}

pub(crate) fn ms(moment: Duration) -> String {
    format!("{} ms", Time::ZERO + moment)
}

fn between(earliest: Duration, latest: Duration) -> String {
    match earliest == latest {
        true => ms(latest),
        false => format!("a moment from {} to {}", ms(earliest), ms(latest)),
    }
}
