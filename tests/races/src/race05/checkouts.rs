//! Checkouts a millisecond, with 1, 2, 8 and 64 users who do nothing else.

use std::sync::Arc;
use std::time::Duration;

use super::crowd::{self, Done, Stop};
use super::pool::{Setup, Tasks, Threads};
use super::source::Nothing;
use super::{bb8_pool, cores, deadpool_pool, r2d2_pool, reference, runtime};
use crate::machine;
use crate::race::{Answer, Better, Contestant, Discipline, Effort, Kind, Measure, Turns, View};

const USERS: [usize; 4] = [1, 2, 8, 64];

const SETUP: Setup = Setup {
    max: 8,
    wait: Duration::from_secs(5),
};

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
    Discipline {
        id: "checkouts",
        title: "Checkouts",
        what: "Users take a connection out of a pool of 8 and give it back, and do nothing else: what is measured \
               is the pool's own work. The users of the reference and of r2d2 are threads, those of deadpool and \
               bb8 are tasks: on one worker, and on one for each core, and the better of the two counts.",
        cases: USERS
            .map(|n| match n {
                1 => "1 user".to_owned(),
                n => format!("{n} users"),
            })
            .to_vec(),
        kind: Kind::Figures {
            measures: vec![Measure {
                name: "checkouts",
                unit: "1/ms",
                better: Better::More,
            }],
            view: View::LinesOverCases,
        },
        contestants,
    }
}

fn by_threads(effort: &Effort, pool: impl Threads) -> Result<Turns, String> {
    let span = effort.span;
    Ok(Box::new(move |case| {
        let done = crowd::threads(USERS[case], span, |stop| {
            let mut visits = 0;
            while visits == 0 || !stop.is_said() {
                pool.visit(|| ())?;
                visits += 1;
            }
            Ok(visits)
        })?;
        Ok(Answer::Figures(vec![rate(&done)]))
    }))
}

/// On one worker, where tasks do not get into each other's way, and on one for each core: the better
/// of the two counts.
fn by_tasks(effort: &Effort, pool: impl Tasks) -> Result<Turns, String> {
    let span = effort.span / 2;
    let pool = Arc::new(pool);
    let runtimes = [1, cores()].map(runtime);
    Ok(Box::new(move |case| {
        let mut best = 0.0_f64;
        for runtime in &runtimes {
            let user = |stop| visits(pool.clone(), stop);
            best = best.max(rate(&crowd::tasks(runtime, USERS[case], span, user)?));
        }
        Ok(Answer::Figures(vec![best]))
    }))
}

async fn visits<P: Tasks>(pool: Arc<P>, stop: &Stop) -> Result<u64, String> {
    let mut visits = 0;
    while visits == 0 || !stop.is_said() {
        pool.visit(async {}).await?;
        visits += 1;
        // A pool that lets nobody wait would let nobody else run.
        tokio::task::consume_budget().await;
    }
    Ok(visits)
}

/// Visits a millisecond.
fn rate(done: &Done<u64>) -> f64 {
    let visits: u64 = done.users.iter().sum();
    visits as f64 / done.elapsed.as_secs_f64() / 1e3
}
