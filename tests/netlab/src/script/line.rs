//! What a line of a script says.

use std::fmt;
use std::time::Duration;

use super::segment::{Pattern, Segment};

/// A line that says something.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which line of the text, counted from 0.
    pub number: usize,
    /// When. `None` is the moment of the line above.
    pub at: Option<At>,
    pub items: Vec<Item>,
    /// Why it must be so; empty where the script does not say.
    pub why: String,
}

/// A moment, or a span that it lies in: both ends are included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    pub earliest: Duration,
    pub latest: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub whom: Whom,
    /// The peer that it is about; empty where there is only one.
    pub peer: String,
    pub what: What,
}

/// Which judge an item is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    Both,
    Ours,
    Linux,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Arrives(Segment),
    Leaves(Pattern),
    Call(Call),
    Told(String),
    State(String),
    Var { name: String, value: String },
    Nothing,
}

/// A call of the program's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub name: String,
    /// `c2` and `5` for `send(c2, 5)`.
    pub arguments: Vec<String>,
    /// What the call hands over: for `send`, the bytes that the last argument says.
    pub data: Vec<u8>,
    /// What it must give, if the script says so.
    pub gives: Option<Gives>,
}

/// What a call must give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gives {
    Bytes(Vec<u8>),
    /// A number, which is also what is demanded of a call that gives so many bytes; or a word.
    Word(String),
}

impl Call {
    /// As it stands in the script: `send(c2, 5)`.
    pub fn text(&self) -> String {
        format!("{}({})", self.name, self.arguments.join(", "))
    }

    /// The number that is the argument of this index.
    pub fn number(&self, index: usize) -> Option<usize> {
        self.arguments.get(index)?.parse().ok()
    }

    /// The peer that it names, if it names one: all arguments but a last one which says how much.
    pub fn peer(&self) -> String {
        let is_name = |text: &&String| text.starts_with(|c: char| c.is_ascii_alphabetic());
        self.arguments
            .iter()
            .find(is_name)
            .cloned()
            .unwrap_or_default()
    }
}

/// As it stands in the script behind the `=`.
impl fmt::Display for Gives {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Gives::Bytes(bytes) => write!(f, "\"{}\"", bytes.escape_ascii()),
            Gives::Word(word) => f.write_str(word),
        }
    }
}
