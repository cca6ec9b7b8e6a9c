//! What a race is made of.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// All disciplines of one chapter.
pub struct Race {
    /// The chapter's number: `02`.
    pub number: &'static str,
    pub title: &'static str,
    pub disciplines: fn() -> Vec<Discipline>,
    /// Servers that contestants start as processes of their own, with [`crate::server::ServerProcess::own`].
    pub servers: &'static [Server],
}

/// One question that is put to several contestants.
pub struct Discipline {
    /// One word; the picture is `race-02-<id>.svg`.
    pub id: &'static str,
    pub title: &'static str,
    /// What is done, by whom, to whom: a table must read alone.
    pub what: &'static str,
    /// What each contestant does one after the other, from easy to hard: `1 connection`, `8 connections`.
    pub cases: Vec<String>,
    pub kind: Kind,
    pub contestants: Vec<Contestant>,
}

/// What a turn gives.
pub enum Kind {
    /// A figure for each of the measures, many times.
    Figures { measures: Vec<Measure>, view: View },
    /// A word for each case, once, and whether it is a good one.
    Verdicts,
}

#[derive(Clone, Debug, Serialize)]
pub struct Measure {
    /// `requests`, `99 of 100 wait less`.
    pub name: &'static str,
    /// `1/s`, `µs`.
    pub unit: &'static str,
    pub better: Better,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    More,
    Less,
}

/// How figures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// A bar for each contestant, grouped by case; a table for each measure.
    Bars,
    /// Cases from left to right, a line for each contestant: 1, 2, 8, 64 threads.
    LinesOverCases,
    /// Measures from left to right, a line for each contestant: percentiles, all of one unit.
    LinesOverMeasures,
}

pub struct Contestant {
    pub name: &'static str,
    pub side: Side,
    /// Its version, or why it cannot take part: `socat is not installed`.
    pub present: fn() -> Result<String, String>,
    /// Runs in the contestant's own process, once: gets ready and gives what makes the turns.
    pub start: Start,
}

pub type Start = Box<dyn Fn(&Effort) -> Result<Turns, String>>;

/// Makes a turn at the case of this number.
pub type Turns = Box<dyn FnMut(usize) -> Result<Answer, String>>;

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Reference,
    Mine,
    Other,
}

/// How hard to try.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How long a turn should measure.
    pub span: Duration,
    /// Turns that count; one more comes before them, to warm up.
    pub rounds: usize,
    /// Whether this is only a rehearsal.
    pub quick: bool,
}

impl Effort {
    pub fn new(quick: bool) -> Effort {
        if quick {
            Effort {
                span: Duration::from_millis(5),
                rounds: 2,
                quick,
            }
        } else {
            Effort {
                span: Duration::from_millis(100),
                rounds: 7,
                quick,
            }
        }
    }
}

/// What a contestant says to the referee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It has started.
    Ready,
    /// One for each measure, in that order and unit.
    Figures(Vec<f64>),
    /// A few words for a table's cell, and whether they are good news.
    Verdict { good: bool, word: String },
    /// A `todo!` was reached: its instruction.
    ToDo(String),
    /// The turn came to nothing, for this reason.
    Failed(String),
}

/// A server in a process of its own.
pub struct Server {
    pub name: &'static str,
    /// Listens on 127.0.0.1, says so with [`crate::server::listening`], and serves for ever.
    pub run: fn() -> std::io::Result<()>,
}

impl Contestant {
    /// The reference answer.
    pub fn reference(start: impl Fn(&Effort) -> Result<Turns, String> + 'static) -> Contestant {
        Contestant {
            side: Side::Reference,
            ..Contestant::other("reference", || Ok(String::new()), start)
        }
    }

    /// The student's answer.
    pub fn mine(start: impl Fn(&Effort) -> Result<Turns, String> + 'static) -> Contestant {
        Contestant {
            side: Side::Mine,
            ..Contestant::other("mine", || Ok(String::new()), start)
        }
    }

    /// Somebody else's library or program. For the version see [`crate::machine`].
    pub fn other(
        name: &'static str,
        present: fn() -> Result<String, String>,
        start: impl Fn(&Effort) -> Result<Turns, String> + 'static,
    ) -> Contestant {
        Contestant {
            name,
            side: Side::Other,
            present,
            start: Box::new(start),
        }
    }

    /// The same under another name, where one side takes part with several designs.
    pub fn named(self, name: &'static str) -> Contestant {
        Contestant { name, ..self }
    }
}
