//! Where a machine leaves the script.

use std::time::Duration;

use super::ms;
use super::parse::Script;
use crate::protocol::{EXPECTED, GOT};
use crate::report::{failure, script};

/// The first line that did not come true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The row of the script, counted from 0; behind the last one, where something came after the end.
    pub row: usize,
    pub at: Duration,
    pub expected: String,
    pub got: String,
    /// The reason that the script gives for this line; empty where it gives none.
    pub why: String,
    pub state: String,
    pub vars: Vec<(String, String)>,
}

impl Mismatch {
    /// `ESTABLISHED, SND.UNA 101, SND.NXT 106`.
    pub fn variables(&self) -> String {
        let vars = self
            .vars
            .iter()
            .map(|(name, value)| format!("{name} {value}"));
        let all: Vec<String> = [self.state.clone()].into_iter().chain(vars).collect();
        all.join(", ")
    }

    /// The script with this line marked, and what came instead.
    pub fn report(&self, script: &Script) -> String {
        let mut out = script::text(script.rows(), self.row) + "\n";
        for (label, text) in [
            (EXPECTED, self.expected.clone()),
            (GOT, self.got_when()),
            ("variables", self.variables()),
            ("why", self.why.clone()),
        ] {
            failure::field(&mut out, label, &text);
        }
        out
    }

    /// What came, and when.
    pub(crate) fn got_when(&self) -> String {
        format!("{}, at {}", self.got, ms(self.at))
    }
}
