//! Generated scripts of calls, in the table and in the kernel.

#[cfg(feature = "mine-04")]
use super::mine;
use super::reference;
use crate::race::{Answer, Contestant, Discipline, Effort, Kind, Turns};

/// Scripts in a turn.
const BATCH: u64 = 50;

pub fn discipline() -> Discipline {
    let contestants = vec![
        needs_linux(Contestant::reference(|effort| {
            turns(effort, reference::ours::differences)
        })),
        #[cfg(feature = "mine-04")]
        needs_linux(Contestant::mine(|effort| {
            turns(effort, mine::ours::differences)
        })),
    ];
    Discipline {
        id: "scripts",
        title: "200 scripts, in the table and in the kernel",
        what: "A script is eighty calls of bind, listen, connect, accept and close at addresses of loopback, made \
               from a seed. Table and kernel must end each call alike, and have the same rows at the end.",
        cases: ["1 to 50", "51 to 100", "101 to 150", "151 to 200"]
            .map(|seeds| format!("scripts {seeds}"))
            .to_vec(),
        kind: Kind::Verdicts,
        contestants,
    }
}

fn needs_linux(contestant: Contestant) -> Contestant {
    let present = || match cfg!(target_os = "linux") {
        true => Ok(String::new()),
        false => Err("needs Linux, whose kernel the table imitates".to_owned()),
    };
    Contestant {
        present,
        ..contestant
    }
}

fn turns(
    effort: &Effort,
    differences: fn(std::ops::RangeInclusive<u64>) -> usize,
) -> Result<Turns, String> {
    let batch = if effort.quick { 2 } else { BATCH };
    Ok(Box::new(move |case| {
        let first = case as u64 * BATCH + 1;
        let differ = differences(first..=first + batch - 1);
        Ok(Answer::Verdict {
            good: differ == 0,
            word: match differ {
                0 => format!("{batch} alike"),
                n => format!("{n} of {batch} differ"),
            },
        })
    }))
}
