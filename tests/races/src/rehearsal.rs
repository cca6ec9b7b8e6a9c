//! Contestants that do everything wrong that a contestant can: for the tests of the frame.

use std::process;
use std::thread;
use std::time::Duration;

use crate::race::{
    Answer, Better, Contestant, Discipline, Effort, Kind, Measure, Race, Turns, View,
};

/// Not in the list of the races; `races rehearsal` runs it.
pub const REHEARSAL: Race = Race {
    number: "rehearsal",
    title: "Rehearsal",
    disciplines: || {
        vec![
            discipline("bars", figures(View::Bars)),
            discipline("lines", figures(View::LinesOverCases)),
            discipline("curves", figures(View::LinesOverMeasures)),
            discipline("verdicts", Kind::Verdicts),
        ]
    },
    servers: &[],
};

fn figures(view: View) -> Kind {
    let measure = |name, better| Measure {
        name,
        unit: "µs",
        better,
    };
    let measures = vec![
        measure("half", Better::Less),
        measure("slowest", Better::Less),
    ];
    Kind::Figures { measures, view }
}

fn discipline(id: &'static str, kind: Kind) -> Discipline {
    let answers = match kind {
        Kind::Figures { .. } => |case| Answer::Figures(vec![10.0 + case as f64, 1000.0]),
        Kind::Verdicts => |_| Answer::Verdict {
            good: true,
            word: "at once".to_owned(),
        },
    };
    let ready = move |turn: fn()| {
        move |_: &Effort| -> Result<Turns, String> {
            Ok(Box::new(move |case| {
                if case == 1 {
                    turn();
                }
                Ok(answers(case))
            }))
        }
    };
    let other = |name, turn| Contestant::other(name, || Ok("1.0".to_owned()), ready(turn));
    Discipline {
        id,
        title: "Some who fail",
        what: "Each contestant does well in the first case, and what its name says in the second.",
        cases: vec!["first".to_owned(), "second".to_owned()],
        kind,
        contestants: vec![
            Contestant::reference(ready(|| {})),
            Contestant::mine(ready(|| {
                let _ = thread::spawn(|| todo!("0.1 race(): run")).join();
                unreachable!("the referee has heard of the todo! first");
            })),
            other("prints", || print!("@race of a student, and no line end")),
            other("hangs", || thread::sleep(Duration::from_secs(3600))),
            other("dies", || process::abort()),
            other("panics", || panic!("with these words")),
            Contestant::other(
                "absent",
                || Err("absent is not installed".to_owned()),
                ready(|| {}),
            ),
            Contestant::other(
                "measures nothing",
                || Ok(String::new()),
                |_| Ok(Box::new(|_| Ok(Answer::Figures(vec![f64::NAN; 2])))),
            ),
            Contestant::other(
                "starts never",
                || Ok(String::new()),
                |_| Err("no port".to_owned()),
            ),
        ],
    }
}
