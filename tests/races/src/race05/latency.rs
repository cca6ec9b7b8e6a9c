//! How long `get` takes when 32 users share 8 connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::crowd::{self, Done, Stop};
use super::pool::{Setup, Tasks, Threads};
use super::source::Nothing;
use super::{bb8_pool, cores, deadpool_pool, r2d2_pool, reference, runtime};
use crate::race::{Answer, Better, Contestant, Discipline, Effort, Kind, Measure, Turns, View};
use crate::{machine, stats};

const USERS: usize = 32;

const SETUP: Setup = Setup {
    max: 8,
    wait: Duration::from_secs(5),
};

/// What a user does with its connection: half of it, then lets others run, then the rest.
const WORK: Duration = Duration::from_micros(20);

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|effort| {
        by_threads(effort, reference::ours::pool(Arc::new(Nothing), SETUP))
    })];
    #[cfg(feature = "mine-05")]
    contestants.push(Contestant::mine(|effort| {
        by_threads(effort, super::mine::ours::pool(Arc::new(Nothing), SETUP))
    }));
    contestants.extend([
        Contestant::other(
            "r2d2",
            || machine::library("r2d2"),
            |effort| by_threads(effort, r2d2_pool::pool(Arc::new(Nothing), SETUP)?),
        ),
        Contestant::other(
            "deadpool",
            || machine::library("deadpool"),
            |effort| by_tasks(effort, deadpool_pool::pool(Arc::new(Nothing), SETUP)?),
        ),
        Contestant::other(
            "bb8",
            || machine::library("bb8"),
            |effort| by_tasks(effort, bb8_pool::pool(Arc::new(Nothing), SETUP)),
        ),
    ]);
    let percentile = |name| Measure {
        name,
        unit: "µs",
        better: Better::Less,
    };
    Discipline {
        id: "latency",
        title: "How long get() takes",
        what: "32 users share a pool of 8. Each holds a connection for 20 µs of work, in the middle of which it lets \
               others run. The users of the reference and of r2d2 are threads, those of deadpool and bb8 are tasks.",
        cases: vec!["32 users".to_owned()],
        kind: Kind::Figures {
            measures: ["50 %", "90 %", "99 %", "99.9 %"].map(percentile).to_vec(),
            view: View::LinesOverMeasures,
        },
        contestants,
    }
}

fn by_threads(effort: &Effort, pool: impl Threads) -> Result<Turns, String> {
    let span = effort.span;
    Ok(Box::new(move |_| {
        let done = crowd::threads(USERS, span, |stop| {
            let mut waits = Vec::new();
            while waits.is_empty() || !stop.is_said() {
                let asked = Instant::now();
                pool.visit(|| {
                    waits.push(micros(asked));
                    works(WORK / 2);
                    std::thread::yield_now();
                    works(WORK / 2);
                })?;
            }
            Ok(waits)
        })?;
        Ok(percentiles(done))
    }))
}

fn by_tasks(effort: &Effort, pool: impl Tasks) -> Result<Turns, String> {
    let span = effort.span;
    let pool = Arc::new(pool);
    let runtime = runtime(cores());
    Ok(Box::new(move |_| {
        let done = crowd::tasks(&runtime, USERS, span, |stop| visits(pool.clone(), stop))?;
        Ok(percentiles(done))
    }))
}

async fn visits<P: Tasks>(pool: Arc<P>, stop: &Stop) -> Result<Vec<f64>, String> {
    let mut waits = Vec::new();
    while waits.is_empty() || !stop.is_said() {
        let asked = Instant::now();
        pool.visit(async {
            waits.push(micros(asked));
            works(WORK / 2);
            tokio::task::yield_now().await;
            works(WORK / 2);
        })
        .await?;
    }
    Ok(waits)
}

fn works(span: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < span {
        std::hint::spin_loop();
    }
}

fn micros(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}

fn percentiles(done: Done<Vec<f64>>) -> Answer {
    let waits = done.users.into_iter().flatten().collect();
    let figures = stats::quantiles(waits, [0.5, 0.9, 0.99, 0.999]);
    Answer::Figures(figures.to_vec())
}
