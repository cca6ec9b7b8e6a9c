//! `H2` as whoever is examined: a server that answers what it is asked for, or a client.

use std::collections::BTreeMap;

use http2::{Config, Event, Field, H2, Refusal, Settings, code};
use netlab::Lab;

use super::rules::play::{Outcome, Subject, Taken};
use super::rules::{Ask, Examined};

pub struct Machine<'a> {
    lab: &'a Lab,
    h2: H2,
    examined: Examined,
    /// In how many pieces bytes come, if not in one.
    pub pieces: Option<usize>,
    /// There was a connection error.
    is_broken: bool,
    /// The paths of requests that have not come to their end.
    paths: BTreeMap<u32, Vec<u8>>,
    /// Requests that could not be sent yet.
    waiting: Vec<Ask>,
    /// The status of answers, and what became of them.
    statuses: BTreeMap<u32, u16>,
    outcomes: BTreeMap<u32, Outcome>,
}

impl Machine<'_> {
    pub fn new(lab: &Lab, examined: Examined) -> Machine<'_> {
        let config = Config {
            settings: Settings {
                max_concurrent_streams: Some(3),
                ..Settings::default()
            },
            // Small enough that it must be opened again.
            connection_window: 65_535,
            ..Config::default()
        };
        let h2 = match examined {
            Examined::Server => H2::server(config),
            Examined::Client => H2::client(config),
        };
        Machine {
            lab,
            h2,
            examined,
            pieces: None,
            is_broken: false,
            paths: BTreeMap::new(),
            waiting: Vec::new(),
            statuses: BTreeMap::new(),
            outcomes: BTreeMap::new(),
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Head {
                stream,
                fields,
                ends: is_last,
            } => {
                let value = |name: &[u8]| {
                    let mut fields = fields.iter();
                    Some(fields.find(|field| field.name == name)?.value.clone())
                };
                if self.examined == Examined::Server {
                    self.paths
                        .insert(stream, value(b":path").unwrap_or_default());
                } else {
                    let status = value(b":status").unwrap_or_default();
                    let status = String::from_utf8_lossy(&status).parse().unwrap_or(0);
                    if !(100..200).contains(&status) {
                        self.statuses.insert(stream, status);
                    }
                }
                self.goes_on(stream, is_last);
            }
            Event::Data {
                stream,
                bytes,
                ends: is_last,
            } => {
                self.h2.consumed(stream, bytes.len());
                self.goes_on(stream, is_last);
            }
            Event::Trailers { stream, .. } => self.goes_on(stream, true),
            Event::Reset { stream, code } => {
                let outcome = match code {
                    code::REFUSED_STREAM => Outcome::Unprocessed,
                    _ => Outcome::Failed,
                };
                self.outcomes.entry(stream).or_insert(outcome);
            }
            Event::StreamError(fault) => {
                self.outcomes.entry(fault.stream).or_insert(Outcome::Failed);
            }
            Event::ConnectionError(_) => self.is_broken = true,
            Event::Settings | Event::SettingsAcked | Event::Pong(_) | Event::GoAway { .. } => {}
        }
    }

    fn goes_on(&mut self, stream: u32, ends: bool) {
        if !ends {
            return;
        }
        if let Some(status) = self.statuses.get(&stream) {
            self.outcomes.insert(stream, Outcome::Taken(*status));
        }
        if let Some(path) = self.paths.remove(&stream) {
            self.answers(stream, &path);
        }
    }

    /// `/100` has 100 bytes, and anything else two.
    fn answers(&mut self, stream: u32, path: &[u8]) {
        let length = String::from_utf8_lossy(path)[1..].parse().unwrap_or(2);
        let fields = [Field::new(":status", "200")];
        let said = self
            .h2
            .respond(stream, &fields, false)
            .and_then(|()| self.h2.send(stream, &vec![b'x'; length], true));
        if let Err(refusal) = said {
            let because = "A request has come whole, and nothing is wrong with the answer.";
            self.lab
                .because(because)
                .fails("an answer that is taken", in_words(refusal));
        }
    }

    /// Sends the requests that can be sent.
    fn asks_again(&mut self) {
        for ask in std::mem::take(&mut self.waiting) {
            let (method, length) = match ask {
                Ask::Get => ("GET", None),
                Ask::Head => ("HEAD", None),
                Ask::Post(length) => ("POST", Some(length)),
            };
            let fields = [
                Field::new(":method", method),
                Field::new(":scheme", "http"),
                Field::new(":authority", "a"),
                Field::new(":path", "/"),
            ];
            match self.h2.request(&fields, length.is_none()) {
                Ok(stream) => {
                    let sent = length.map(|length| self.h2.send(stream, &vec![b'x'; length], true));
                    if let Some(Err(refusal)) = sent {
                        self.lab
                            .because("The request has just begun.")
                            .fails("content that is queued", in_words(refusal));
                    }
                }
                Err(Refusal::Busy) => self.waiting.push(ask),
                Err(Refusal::Over | Refusal::Wrong(_)) => {}
            }
        }
    }
}

impl Subject for Machine<'_> {
    fn gives(&mut self, bytes: &[u8]) {
        let piece = bytes.len() / self.pieces.unwrap_or(1) + 1;
        for piece in bytes.chunks(piece) {
            for event in self.h2.receive(piece) {
                self.happens(event);
            }
        }
        if !self.waiting.is_empty() {
            self.asks_again();
        }
    }

    fn takes(&mut self) -> Taken {
        let bytes = self.h2.pending();
        match bytes.is_empty() {
            false => Taken::Bytes(bytes),
            true if self.is_broken => Taken::Closed,
            true => Taken::Nothing,
        }
    }

    fn patience(&self) -> usize {
        1
    }

    fn asks(&mut self, ask: Ask) {
        self.waiting.push(ask);
        self.asks_again();
    }

    fn cancels(&mut self, stream: u32) {
        self.h2.reset(stream, code::CANCEL);
    }

    fn outcomes(&mut self) -> Vec<(u32, Outcome)> {
        self.outcomes.clone().into_iter().collect()
    }

    fn tells(&mut self, what: &str) {
        self.lab.note(what);
    }
}

fn in_words(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Busy => "Busy",
        Refusal::Over => "Over",
        Refusal::Wrong(why) => why,
    }
}
