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

use std::fmt::Write;
use std::time::{Duration, Instant};

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
    for seed in seeds {
        println!("NETLAB_SEED={seed}");
        let script = Script::generate(seed);
        if let Err(difference) = race(&script) {
            panic!("\n{difference}\nplay it again with NETLAB_SEED={seed}\n");
        }
    }
}

/// Other programs of this machine can have a socket on a port that the kernel gave us for another
/// address. Then the two worlds differ once. A difference in the rules shows every time.
fn race(script: &Script) -> Result<(), String> {
    let mut last = Ok(());
    for attempt in 0..3 {
        last = compare(script, attempt);
        if last.is_ok() {
            break;
        }
    }
    last
}

fn compare(script: &Script, attempt: u64) -> Result<(), String> {
    let mut model = model::Table::new(script.seed);
    let mut kernel = kernel::Kernel::new(script.seed, attempt);
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
    let expected = model.table();
    // The last segments may be on their way still.
    let deadline = Instant::now() + Duration::from_secs(2);
    let mut got = kernel.table();
    while got != expected && Instant::now() < deadline {
        got = kernel.table();
    }
    if got == expected {
        return Ok(());
    }
    let (expected, got) = (expected.join("\n  "), got.join("\n  "));
    Err(format!(
        "{story}\nthe table:\n  {expected}\nthe kernel:\n  {got}"
    ))
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
