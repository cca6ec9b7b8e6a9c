//! Ten scenes in which a pool can lose a connection, share it, or hand out a dead one.

use std::io;
use std::net::TcpStream;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::pool::{Make, Pool, Setup};
use super::world::{Ask, Conn, World};
use super::{bb8_pool, deadpool_pool, r2d2_pool, reference};
use crate::machine;
use crate::race::{Answer, Contestant, Discipline, Kind, Turns};

/// How long `get` may wait for its turn.
const WAIT: Duration = Duration::from_millis(300);

/// Within this time a pool must be well again.
const RECOVERY: Duration = Duration::from_secs(2);

type Users = Arc<dyn Pool<Conn>>;

/// What became of it, in a word or two.
type Outcome = Result<String, String>;

struct Scene {
    name: &'static str,
    max: usize,
    play: fn(&Arc<World>, &Users) -> Outcome,
}

const SCENES: [Scene; 10] = [
    scene("peer closed it while idle", 1, closed_while_idle),
    scene("a reply was left half read", 1, leftover_bytes),
    scene("a user panicked half-way", 1, panicking_user),
    scene("connect fails twice", 1, fails_twice),
    scene("connect fails, eight wait", 4, fails_for_all),
    scene("connect panics", 1, connect_panics),
    scene("the check panics", 1, check_panics),
    scene("connect takes long", 2, slow_connect),
    scene("the check takes long", 2, slow_check),
    scene("32 users, and hang-ups", 4, crowd),
];

const fn scene(name: &'static str, max: usize, play: fn(&Arc<World>, &Users) -> Outcome) -> Scene {
    Scene { name, max, play }
}

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|_| {
        turns(reference::ours::look, reference::ours::make)
    })];
    #[cfg(feature = "mine-05")]
    contestants.push(Contestant::mine(|_| {
        turns(super::mine::ours::look, super::mine::ours::make)
    }));
    contestants.extend([
        Contestant::other(
            "r2d2",
            || machine::library("r2d2"),
            |_| turns(reference::ours::look, r2d2_pool::make),
        ),
        Contestant::other(
            "deadpool",
            || machine::library("deadpool"),
            |_| turns(reference::ours::look, deadpool_pool::make),
        ),
        Contestant::other(
            "bb8",
            || machine::library("bb8"),
            |_| turns(reference::ours::look, bb8_pool::make),
        ),
    ]);
    Discipline {
        id: "adversaries",
        title: "Ten adversaries",
        what: "Each scene has a new pool whose get() waits 300 ms at most. The managers are the same for all: real \
               connections, a peek at an idle one before it is lent. r2d2 and bb8 also let go of what a panicking \
               user gives back, as Diesel has taught them; deadpool has no such place.",
        cases: SCENES.iter().map(|scene| scene.name.to_owned()).collect(),
        kind: Kind::Verdicts,
        contestants,
    }
}

fn turns(
    look: fn(&TcpStream) -> io::Result<bool>,
    make: Make<World, Conn>,
) -> Result<Turns, String> {
    Ok(Box::new(move |case| {
        let scene = &SCENES[case];
        let world = Arc::new(World::new(look).map_err(|error| error.to_string())?);
        let setup = Setup {
            max: scene.max,
            wait: WAIT,
        };
        let pool = make(world.clone(), setup)?;
        Ok(match (scene.play)(&world, &pool) {
            Ok(word) => Answer::Verdict { good: true, word },
            Err(word) => Answer::Verdict { good: false, word },
        })
    }))
}

/// Takes a connection and asks.
fn asks(pool: &Users, what: Ask) -> Result<usize, String> {
    let mut conn = pool.get()?;
    conn.ask(what).map_err(|error| match error.kind() {
        io::ErrorKind::Other => error.to_string(),
        _ => "lent a dead one".to_owned(),
    })?;
    Ok(conn.number)
}

fn closed_while_idle(_: &Arc<World>, pool: &Users) -> Outcome {
    asks(pool, Ask::LastWord)?;
    asks(pool, Ask::Echo)?;
    Ok("a new one".to_owned())
}

fn leftover_bytes(_: &Arc<World>, pool: &Users) -> Outcome {
    asks(pool, Ask::TooMuch)?;
    asks(pool, Ask::Echo)?;
    Ok("a new one".to_owned())
}

fn panicking_user(_: &Arc<World>, pool: &Users) -> Outcome {
    let user = pool.clone();
    let _ = thread::spawn(move || {
        let mut conn = user.get().expect("a connection");
        conn.ask(Ask::Half).expect("half a request");
        panic!("the user panics, as it was told");
    })
    .join();
    asks(pool, Ask::Echo)?;
    Ok("a new one".to_owned())
}

fn fails_twice(world: &Arc<World>, pool: &Users) -> Outcome {
    world.failing.store(2, SeqCst);
    recovers(pool)
}

fn connect_panics(world: &Arc<World>, pool: &Users) -> Outcome {
    world.panicking.store(1, SeqCst);
    recovers(pool)
}

fn check_panics(world: &Arc<World>, pool: &Users) -> Outcome {
    asks(pool, Ask::Echo)?;
    world.panicking_checks.store(1, SeqCst);
    recovers(pool)
}

/// Asks again and again until somebody answers, and says when that was.
fn recovers(pool: &Users) -> Outcome {
    let begun = Instant::now();
    while begun.elapsed() < RECOVERY {
        if let Ok(Ok(_)) = panic::catch_unwind(AssertUnwindSafe(|| asks(pool, Ask::Echo))) {
            return Ok(format!("after {} ms", begun.elapsed().as_millis()));
        }
    }
    Err("a place lost".to_owned())
}

/// All must be told, and nobody may be forgotten.
fn fails_for_all(world: &Arc<World>, pool: &Users) -> Outcome {
    world.failing.store(usize::MAX, SeqCst);
    let (tell, told) = mpsc::channel();
    let begun = Instant::now();
    for _ in 0..8 {
        let (pool, tell) = (pool.clone(), tell.clone());
        thread::spawn(move || {
            let refused = pool.get().is_err();
            let _ = tell.send((refused, begun.elapsed()));
        });
    }
    let mut slowest = Duration::ZERO;
    for _ in 0..8 {
        let (refused, after) = told
            .recv_timeout(RECOVERY)
            .map_err(|_| "one waits for ever".to_owned())?;
        if !refused {
            return Err("a connection from nowhere".to_owned());
        }
        slowest = slowest.max(after);
    }
    world.failing.store(0, SeqCst);
    recovers(pool)?;
    Ok(format!("told in {} ms", slowest.as_millis()))
}

/// While one user's connect is held, a second one gives back and a third one takes.
fn slow_connect(world: &Arc<World>, pool: &Users) -> Outcome {
    let first = pool.get()?;
    world.held_on.store(true, SeqCst);
    world.held.store(1, SeqCst);
    let slow = elsewhere(pool);
    while world.held.load(SeqCst) > 0 {
        thread::yield_now();
    }
    drop(first);
    goes_on(world, pool, slow)
}

/// While the check of one idle connection is held, somebody takes the other one.
fn slow_check(world: &Arc<World>, pool: &Users) -> Outcome {
    let both = (pool.get()?, pool.get()?);
    drop(both);
    world.held_on.store(true, SeqCst);
    world.held_checks.store(1, SeqCst);
    let slow = elsewhere(pool);
    while world.held_checks.load(SeqCst) > 0 {
        thread::yield_now();
    }
    goes_on(world, pool, slow)
}

fn elsewhere(pool: &Users) -> thread::JoinHandle<Result<usize, String>> {
    let pool = pool.clone();
    thread::spawn(move || asks(&pool, Ask::Echo))
}

fn goes_on(
    world: &Arc<World>,
    pool: &Users,
    slow: thread::JoinHandle<Result<usize, String>>,
) -> Outcome {
    let others = asks(pool, Ask::Echo);
    world.held_on.store(false, SeqCst);
    let slow = slow.join().map_err(|_| "a panic".to_owned())?;
    others.map_err(|_| "all stand still".to_owned())?;
    slow?;
    Ok("others go on".to_owned())
}

/// Never more connections than the limit, and everybody is served.
fn crowd(world: &Arc<World>, pool: &Users) -> Outcome {
    const USERS: usize = 32;
    let users: Vec<_> = (0..USERS)
        .map(|user| {
            let pool = pool.clone();
            thread::spawn(move || {
                for visit in 0..10 {
                    let hang_up = (user + visit) % 3 == 0;
                    asks(&pool, if hang_up { Ask::LastWord } else { Ask::Echo })?;
                }
                Ok::<_, String>(())
            })
        })
        .collect();
    for user in users {
        user.join().map_err(|_| "a panic".to_owned())??;
    }
    match world.peak() {
        peak @ ..=4 => Ok(format!("{peak} at a time")),
        peak => Err(format!("{peak} at a time")),
    }
}
