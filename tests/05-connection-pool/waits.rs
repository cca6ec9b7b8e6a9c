//! How long a call waits, if at all.

use std::time::{Duration, Instant};

use netlab::Lab;

/// The shortest time that a call has taken in several tries, or the first that is `enough`.
///
/// A call that waits always needs as long as its wait. One that does not needs longer only when the
/// machine keeps it waiting, and that does not happen each time.
fn shortest(lab: &Lab, what: &str, enough: Duration, call: impl Fn()) -> Duration {
    let mut shortest = Duration::MAX;
    for _ in 0..TRIES {
        let since = Instant::now();
        lab.you(what, &call);
        shortest = shortest.min(since.elapsed());
        if shortest < enough {
            break;
        }
    }
    shortest
}

const TRIES: usize = 20;

/// Demands that a call which times out waits once, for `wait`.
pub fn waits_once(lab: &Lab, what: &str, wait: Duration, call: impl Fn()) {
    let took = shortest(lab, what, wait * 2, call);
    lab.because("The caller gave one wait for the whole call. After a time-out no time is left for a second attempt.")
        .holds(
            took < wait * 2,
            format!("{what} to wait once, for {wait:?}"),
            format!("the shortest of {TRIES} calls took {took:?}"),
        );
}

/// Demands that a call does not wait at all, with the reason that a test has for it.
pub fn never_waits(lab: &Lab, what: &str, why: &str, call: impl Fn()) {
    // Shorter than the shortest time-out that a socket can have.
    const A_WAIT: Duration = Duration::from_micros(500);
    let took = shortest(lab, what, A_WAIT, call);
    lab.because(why).holds(
        took < A_WAIT,
        format!("{what} to return without waiting"),
        format!("the shortest of {TRIES} calls took {took:?}"),
    );
}
