//! Forty requests to a server that is 50 ms away, there and back.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use netlab::protocol::Patience;

use super::pool::{Lease, Make, Pool, Setup};
use super::source::{self, Source};
use super::{bb8_pool, deadpool_pool, r2d2_pool, reference};
use crate::machine;
use crate::race::{Answer, Contestant, Discipline, Effort, Kind, Turns};

const CLIENTS: usize = 4;
const REQUESTS: usize = 10;

/// A link that is only a delay.
struct Link {
    round_trip: Duration,
    connects: AtomicUsize,
}

impl Source for Link {
    type Conn = ();

    fn connect(&self) -> io::Result<()> {
        self.connects.fetch_add(1, SeqCst);
        Ok(())
    }

    fn round_trip(&self) -> Duration {
        self.round_trip
    }
}

/// Each request makes a connection for itself.
struct NoPool(Arc<Link>);

impl Pool<()> for NoPool {
    fn get(&self) -> Result<Lease<()>, String> {
        source::connect(&*self.0).map_err(|error| error.to_string())?;
        Ok(Box::new(Box::new(())))
    }
}

pub fn discipline() -> Discipline {
    let mut contestants = vec![
        Contestant::other(
            "no pool",
            || Ok(String::new()),
            |effort| turns(effort, |link, _| Ok(Arc::new(NoPool(link)))),
        ),
        Contestant::reference(|effort| turns(effort, reference::ours::make)),
    ];
    #[cfg(feature = "mine-05")]
    contestants.push(Contestant::mine(|effort| {
        turns(effort, super::mine::ours::make)
    }));
    contestants.extend([
        Contestant::other(
            "r2d2",
            || machine::library("r2d2"),
            |effort| turns(effort, r2d2_pool::make),
        ),
        Contestant::other(
            "deadpool",
            || machine::library("deadpool"),
            |effort| turns(effort, deadpool_pool::make),
        ),
        Contestant::other(
            "bb8",
            || machine::library("bb8"),
            |effort| turns(effort, bb8_pool::make),
        ),
    ]);
    Discipline {
        id: "link",
        title: "Forty requests, 50 ms away",
        what: "Four clients send ten requests each, one after the other, through a pool of four. The link is \
               simulated by real waiting: a connect takes a round trip of 50 ms, and so does a request. Good \
               is: less than sixteen round trips.",
        cases: vec![
            "all replies are there after".to_owned(),
            "connects".to_owned(),
        ],
        kind: Kind::Verdicts,
        contestants,
    }
}

fn turns(effort: &Effort, make: Make<Link, ()>) -> Result<Turns, String> {
    let round_trip = Duration::from_millis(if effort.quick { 5 } else { 50 });
    let mut done: Option<(Duration, usize)> = None;
    Ok(Box::new(move |case| {
        let (elapsed, connects) = match done {
            Some(done) => done,
            None => *done.insert(forty(round_trip, make)?),
        };
        Ok(match case {
            0 => Answer::Verdict {
                good: elapsed < Patience::from_environment().scale(round_trip * 16),
                word: format!("{} ms", elapsed.as_millis()),
            },
            _ => Answer::Verdict {
                good: connects <= CLIENTS,
                word: connects.to_string(),
            },
        })
    }))
}

fn forty(round_trip: Duration, make: Make<Link, ()>) -> Result<(Duration, usize), String> {
    let link = Arc::new(Link {
        round_trip,
        connects: AtomicUsize::new(0),
    });
    let setup = Setup {
        max: CLIENTS,
        wait: Duration::from_secs(5),
    };
    let pool = make(link.clone(), setup)?;
    let begun = Instant::now();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..REQUESTS {
                        let lease = pool.get()?;
                        thread::sleep(round_trip);
                        drop(lease);
                    }
                    Ok::<_, String>(())
                })
            })
            .collect();
        clients
            .into_iter()
            .try_for_each(|client| client.join().map_err(|_| "a client panicked".to_owned())?)
    })?;
    Ok((begun.elapsed(), link.connects.load(SeqCst)))
}
