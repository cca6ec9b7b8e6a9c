//! A window of segments, in several orders.

use super::buffers::{Buffer, Smoltcp};
#[cfg(feature = "mine-10")]
use super::mine;
use super::reference;
use crate::machine;
use crate::race::{Answer, Better, Contestant, Discipline, Effort, Kind, Measure, Turns, View};
use crate::stopwatch::nanoseconds;

const SEGMENT: usize = 536;
const SEGMENTS: usize = 120;

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(turns::<reference::ours::Own>)];
    #[cfg(feature = "mine-10")]
    contestants.push(Contestant::mine(turns::<mine::ours::Own>));
    contestants.push(Contestant::other(
        "smoltcp",
        || machine::library("smoltcp"),
        turns::<Smoltcp>,
    ));
    Discipline {
        id: "assembly",
        title: "A window of segments",
        what: "120 segments of 536 bytes come in some order, and the program reads after each. What was not kept is sent again \
               until all is there. The time of all that is divided by 120, however many were sent.",
        cases: ORDERS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        kind: Kind::Figures {
            measures: vec![
                Measure {
                    name: "one of 120 segments",
                    unit: "ns",
                    better: Better::Less,
                },
                Measure {
                    name: "sent for 120",
                    unit: "segments",
                    better: Better::Less,
                },
            ],
            view: View::Bars,
        },
        contestants,
    }
}

type Order = (&'static str, fn(usize) -> usize);

/// Which segment comes as the one of this number.
const ORDERS: [Order; 4] = [
    ("in order", |n| n),
    ("pairs swapped", |n| n ^ 1),
    ("first one last", |n| (n + 1) % SEGMENTS),
    // 1, 3, 5 … and then 0, 2, 4 …
    ("every second one first", |n| {
        (2 * n + 1) % SEGMENTS - n / (SEGMENTS / 2)
    }),
];

fn turns<B: Buffer + 'static>(effort: &Effort) -> Result<Turns, String> {
    let span = effort.span;
    let text: Vec<u8> = (0..SEGMENT * SEGMENTS).map(|i| (i % 251) as u8).collect();
    // One connection for all of it: its memory is there already.
    let mut buffer = B::new();
    let mut read = Vec::with_capacity(text.len());
    for (name, order) in ORDERS {
        receive(&mut buffer, &text, order, &mut read);
        if read != text {
            return Err(format!("another stream: {name}"));
        }
    }
    Ok(Box::new(move |case| {
        let order = ORDERS[case].1;
        let sent = receive(&mut buffer, &text, order, &mut read);
        let time = nanoseconds(span, || receive(&mut buffer, &text, order, &mut read));
        Ok(Answer::Figures(vec![time / SEGMENTS as f64, sent as f64]))
    }))
}

/// The next window of a stream. Gives how many segments were sent for it.
fn receive<B: Buffer>(
    buffer: &mut B,
    text: &[u8],
    order: fn(usize) -> usize,
    read: &mut Vec<u8>,
) -> usize {
    read.clear();
    let begin = buffer.next();
    let mut sent = 0;
    while buffer.next() < begin + text.len() {
        for at in (0..SEGMENTS).map(|n| order(n) * SEGMENT) {
            // The sender knows what was acknowledged, and no more.
            if begin + at >= buffer.next() {
                buffer.push(begin + at, &text[at..at + SEGMENT]);
                buffer.read(read);
                sent += 1;
            }
        }
    }
    sent
}
