//! The table of chapter 04 against the kernel that it imitates.
//!
//! A script makes, binds, connects, accepts and closes sockets on a few addresses of loopback. It is
//! run by the reference table and by the kernel. Each call must end in the same way, and at the end
//! of the script both tables must have the same rows. A script is made from its seed, so `NETLAB_SEED=17` plays script 17 again, and
//! `NETLAB_SCRIPTS=5000` plays more of them.
//!
//! Port numbers come from the system and differ from run to run. So both worlds speak of ports by
//! name: `p1` gets its number by `bind` with port 0 where a script uses it for the first time, in
//! each world its own, and a connection is called after the socket that made it.

#[path = "../inode.rs"]
mod inode;
mod kernel;
mod model;
mod names;
mod script;

use std::collections::HashSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

use port_demux_solution::Row;

use script::Script;

/// How a call ended, by the names of ports and sockets.
type Outcome = String;

/// How the outcome is called when a SYN gets no answer.
const NO_ANSWER: &str = "no answer";

#[test]
fn two_hundred_scripts_end_alike_in_the_table_and_in_the_kernel() {
    if !cfg!(target_os = "linux") {
        return eprintln!("skipped: needs Linux, whose kernel the table imitates");
    }
    let number = |name| {
        std::env::var(name)
            .ok()
            .and_then(|n: String| n.parse().ok())
    };
    let seeds: Vec<u64> = match number("NETLAB_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("NETLAB_SCRIPTS").unwrap_or(200)).collect(),
    };
    for batch in seeds.chunks(10) {
        println!("NETLAB_SEED={batch:?}");
        let scripts: Vec<Script> = batch.iter().map(|&seed| Script::generate(seed)).collect();
        for (script, first) in scripts.iter().zip(race(&scripts, 0)) {
            if let Err(difference) = first.or_else(|_| again(script)) {
                let seed = script.seed;
                panic!("\n{difference}\nplay it again with NETLAB_SEED={seed}\n");
            }
        }
    }
}

/// Another program of this machine can get a port of the script's while it runs. Then the two worlds differ once. A difference in the rules shows every time.
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

/// Without variety the scripts would prove nothing.
#[test]
fn the_scripts_reach_every_outcome() {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for seed in 1..=200 {
        let script = Script::generate(seed);
        let mut model = model::Table::new(seed);
        for op in &script.ops {
            let kind = format!("{op:?}")
                .split([' ', '{'])
                .next()
                .unwrap_or_default()
                .to_owned();
            let outcome = model.play(op);
            let outcome = outcome.split(' ').next().unwrap_or_default().to_owned();
            *seen.entry(format!("{kind} {outcome}")).or_default() += 1;
        }
        for row in model.table() {
            let state = row.split(' ').nth(1).unwrap_or_default().to_owned();
            *seen.entry(format!("row {state}")).or_default() += 1;
        }
    }
    for wanted in [
        "Bind ok",
        "Bind AddrInUse",
        "Bind Invalid",
        "Listen ok",
        "Listen AddrInUse",
        "Listen Invalid",
        "Listen NotSupported",
        "Connect ok",
        "Connect refused",
        "Connect no",
        "Connect IsConnected",
        "Connect AddrNotAvailable",
        "Accept from",
        "Accept WouldBlock",
        "Accept Invalid",
        "Close ok",
        "row ESTABLISHED",
        "row LISTEN",
        "row CLOSE-WAIT",
        "row FIN-WAIT-2",
        "row TIME-WAIT",
    ] {
        let times = seen.get(wanted).copied().unwrap_or(0);
        assert!(times >= 5, "{wanted}: only {times} times\n{seen:#?}");
    }
}
