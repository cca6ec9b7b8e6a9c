use std::time::Duration;

use connection_pool::{Aged, Clock, Limits, SystemClock};
use netlab::Lab;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Idle for 10 s, or 60 s old.
const BOTH: Limits = Limits {
    max_idle: Some(s(10)),
    max_age: Some(s(60)),
};

fn expired(lab: &Lab, limits: Limits, (made_at, idle_since): (u64, u64), now: Duration) -> bool {
    let it = Aged {
        thing: (),
        made_at: s(made_at),
        idle_since: s(idle_since),
    };
    let call = format!("expired(made at {made_at} s, idle since {idle_since} s, at {now:?})");
    lab.you(&call, || limits.expired(&it, now))
}

#[test]
fn s3_without_limits_nothing_expires() {
    netlab::lab(|lab| {
        lab.why("None is \"no limit\", not \"a limit of zero\".");
        let year = s(365 * 24 * 3600);
        lab.same(
            "expired after a year",
            expired(lab, Limits::default(), (0, 0), year),
            false,
        );
    });
}

#[test]
fn s3_idle_time_has_a_limit() {
    netlab::lab(|lab| {
        lab.why("Idle time counts from the last return. At the limit it is over: a NAT with the same limit forgets it then, too.");
        let limits = Limits {
            max_age: None,
            ..BOTH
        };
        lab.same(
            "expired after 9.999 s",
            expired(lab, limits, (0, 100), s(110) - Duration::from_millis(1)),
            false,
        );
        lab.same(
            "expired after 10 s",
            expired(lab, limits, (0, 100), s(110)),
            true,
        );
        lab.same(
            "expired after 1000 s",
            expired(lab, limits, (0, 100), s(1100)),
            true,
        );
    });
}

#[test]
fn s3_age_has_a_limit_of_its_own() {
    netlab::lab(|lab| {
        lab.why("Age counts from the making. A connection that is always busy is never idle for long, and gets old all the same.");
        let limits = Limits {
            max_idle: None,
            ..BOTH
        };
        lab.same(
            "expired 59 s after it was made",
            expired(lab, limits, (100, 158), s(159)),
            false,
        );
        lab.same(
            "expired 60 s after it was made",
            expired(lab, limits, (100, 160), s(160)),
            true,
        );
    });
}

#[test]
fn s3_the_systems_clock_goes_on() {
    netlab::lab(|lab| {
        lab.why("Limits are only as good as the clock that they are measured by.");
        let clock = SystemClock::default();
        let it = Aged::new((), clock.now());
        let limits = Limits {
            max_idle: Some(Duration::from_nanos(1)),
            max_age: None,
        };
        lab.until(
            "expired, a nanosecond after it was made",
            || limits.expired(&it, clock.now()),
            |&expired| expired,
        );
    });
}

#[test]
fn s3_one_of_two_limits_is_enough() {
    netlab::lab(|lab| {
        lab.why("Two limits, two reasons. Either one will do.");
        lab.same(
            "expired: young, used just now",
            expired(lab, BOTH, (100, 109), s(110)),
            false,
        );
        lab.same(
            "expired: young, idle for long",
            expired(lab, BOTH, (100, 100), s(110)),
            true,
        );
        lab.same(
            "expired: old, used just now",
            expired(lab, BOTH, (100, 159), s(160)),
            true,
        );
        lab.same(
            "expired: old, and idle for long",
            expired(lab, BOTH, (100, 100), s(200)),
            true,
        );
    });
}

#[test]
fn s3_a_time_that_lies_ahead_is_now() {
    netlab::lab(|lab| {
        lab.why("You read the clock; then another thread reads it and gives its connection back. Its time is later than your `now`, and Durations know no negative difference: `-` panics.");
        lab.same("expired at 5 s", expired(lab, BOTH, (6, 6), s(5)), false);
        lab.same("expired at 5 s", expired(lab, BOTH, (0, 6), s(5)), false);
    });
}
