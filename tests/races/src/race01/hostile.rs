//! Who comes through the hostile servers, and how.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

#[cfg(feature = "mine-01")]
use super::mine;
use super::servers::{Outcome, SERVERS, Tries};
use super::{dig, reference};
use crate::machine;
use crate::race::{Answer, Contestant, Discipline, Effort, Kind, Turns};

/// Less than a try takes, and more than a machine with other work takes for a reply.
const SWIFT: Duration = Duration::from_millis(250);

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|effort| {
        looks_up(effort, reference::ours::ask)
    })];
    #[cfg(feature = "mine-01")]
    contestants.push(Contestant::mine(|effort| looks_up(effort, mine::ours::ask)));
    contestants.push(Contestant::other(
        "hickory",
        || machine::library("hickory-resolver"),
        |effort| looks_up(effort, reference::ask_with_library),
    ));
    contestants.push(Contestant::other(
        "dig",
        || machine::program("dig", &["-v"]),
        |effort| looks_up(effort, dig::ask),
    ));
    Discipline {
        id: "hostile",
        title: "DNS servers, friendly and hostile",
        what: "Each server is asked for the IPv4 address of one name. \"X, good\": X comes first and the true reply \
               right behind it. Whatever is forged says 6.6.6.6. A runt is the first 11 bytes of a reply, foreign \
               from another port. Two tries of 300 ms; dig counts whole seconds and has two of 1 s. hickory is \
               hickory-resolver, once trust-dns-resolver. A time is told from 250 ms on. ✓ is what a resolver must \
               make of it.",
        cases: SERVERS
            .iter()
            .map(|server| server.name.to_owned())
            .collect(),
        kind: Kind::Verdicts,
        contestants,
    }
}

/// Asks each server in turn.
fn looks_up(effort: &Effort, ask: fn(SocketAddr, Tries) -> Outcome) -> Result<Turns, String> {
    let tries = Tries {
        timeout: Duration::from_millis(if effort.quick { 200 } else { 300 }),
        count: 2,
    };
    Ok(Box::new(move |case| {
        let server = &SERVERS[case];
        let running = server.start().map_err(|error| error.to_string())?;
        let asked = Instant::now();
        let outcome = ask(running.addr, tries);
        Ok(Answer::Verdict {
            good: server.is_survived_with(&outcome),
            word: in_words(&outcome, asked.elapsed()),
        })
    }))
}

/// `1.2.3.4`, `time-out 602 ms`, `time-out 2.0 s`
fn in_words(outcome: &Outcome, took: Duration) -> String {
    let word = match outcome {
        Outcome::Addresses(addresses) => {
            let words: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            words.join(" ")
        }
        Outcome::NoSuchName => "no such name".to_owned(),
        Outcome::NoData => "no address".to_owned(),
        Outcome::TimedOut => "time-out".to_owned(),
        Outcome::Rcode(2) => "SERVFAIL".to_owned(),
        Outcome::Rcode(rcode) => format!("RCODE {rcode}"),
        Outcome::Error(words) => words.clone(),
    };
    if took < SWIFT {
        return word;
    }
    let word = match outcome {
        // Its last word may be a number too.
        Outcome::Error(_) => word + ",",
        _ => word,
    };
    match took.as_millis() {
        millis @ ..1000 => format!("{word} {millis} ms"),
        _ => format!("{word} {:.1} s", took.as_secs_f64()),
    }
}
