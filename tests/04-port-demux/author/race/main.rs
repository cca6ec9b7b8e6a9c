//! The table of chapter 04 against the kernel that it imitates.
//!
//! A script makes, binds, connects, accepts and closes sockets on a few addresses of loopback. It is
//! run by the reference table and by the kernel. Each call must end in the same way, and at the end
//! of the script both tables must have the same rows. A script is made from its seed, so
//! `NETLAB_SEED=17` plays script 17 again, and `NETLAB_SCRIPTS=5000` plays more of them.
//!
//! Port numbers come from the system and differ from run to run. So both worlds speak of ports by
//! name: `p1` gets its number by `bind` with port 0 where a script uses it for the first time, in
//! each world its own, and a connection is called after the socket that made it.

mod duel;
#[path = "../../inode.rs"]
mod inode;
mod kernel;
mod model;
mod names;
mod script;

// Whose table it is. The race of `cargo workbook race 04` includes these files for the student's, too.
use port_demux_solution as port_demux;

use script::Script;

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
        for (script, result) in scripts.iter().zip(duel::all(&scripts)) {
            if let Err(difference) = result {
                let seed = script.seed;
                panic!("\n{difference}\nplay it again with NETLAB_SEED={seed}\n");
            }
        }
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
