//! A script in both worlds, and what differs.

use std::collections::HashSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

use super::port_demux::Row;
use super::script::Script;
use super::{kernel, model};

/// How a call ended, by the names of ports and sockets.
pub type Outcome = String;

/// How the outcome is called when a SYN gets no answer.
pub const NO_ANSWER: &str = "no answer";

/// How the scripts went, one by one: `Err` tells the first difference.
pub fn all(scripts: &[Script]) -> impl Iterator<Item = Result<(), String>> {
    let first = race(scripts, 0);
    scripts
        .iter()
        .zip(first)
        .map(|(script, first)| first.or_else(|_| again(script)))
}

/// Another program of this machine can get a port of the script's while it runs. Then the two worlds
/// differ once. A difference in the rules shows every time.
fn again(script: &Script) -> Result<(), String> {
    let alone = |attempt| race(std::slice::from_ref(script), attempt).remove(0);
    alone(1).or_else(|_| alone(2))
}

/// A script that went the same way in both worlds, as far as its calls can tell.
struct Played {
    model: model::Table,
    kernel: kernel::Kernel,
    story: String,
}

/// Plays scripts one after the other, and then compares their tables: the kernel's is long when
/// the machine is busy, and is read once for all of them.
fn race(scripts: &[Script], attempt: u64) -> Vec<Result<(), String>> {
    let used = kernel::rows().iter().map(|row| row.local.port()).collect();
    let played: Vec<Result<Played, String>> = scripts
        .iter()
        .map(|script| play(script, attempt, &used))
        .collect();
    // The last segments may be on their way still.
    let deadline = Instant::now() + Duration::from_secs(2);
    loop {
        let rows = kernel::rows();
        let verdicts: Vec<Result<(), String>> = played
            .iter()
            .map(|played| played.as_ref().map_err(String::clone)?.compare(&rows))
            .collect();
        let agreed = verdicts
            .iter()
            .zip(&played)
            .all(|(v, p)| v.is_ok() || p.is_err());
        if agreed || Instant::now() > deadline {
            return verdicts;
        }
    }
}

fn play(script: &Script, attempt: u64, used: &HashSet<u16>) -> Result<Played, String> {
    let mut model = model::Table::new(script.seed);
    let mut kernel = kernel::Kernel::new(script.seed, attempt, used);
    let mut story = String::new();
    for op in &script.ops {
        let expected = model.play(op);
        let got = kernel.play(op, &expected);
        let _ = writeln!(story, "{op:<44} {expected}");
        if got != expected {
            return Err(format!("{story}the kernel: {got}"));
        }
        // The end of a connection is on its way to the other end; the next call must not meet it.
        for socket in model.ended() {
            kernel.waits_for_end(socket);
        }
    }
    Ok(Played {
        model,
        kernel,
        story,
    })
}

impl Played {
    fn compare(&self, rows: &[Row]) -> Result<(), String> {
        let (expected, got) = (self.model.table(), self.kernel.table(rows));
        if got == expected {
            return Ok(());
        }
        let (story, expected, got) = (&self.story, expected.join("\n  "), got.join("\n  "));
        Err(format!(
            "{story}\nthe table:\n  {expected}\nthe kernel:\n  {got}"
        ))
    }
}
