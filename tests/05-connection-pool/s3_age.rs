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

/// Asks for a thing that was made and came back at these times.
fn expired_at(
    lab: &Lab,
    limits: Limits,
    (made_at, idle_since): (Duration, Duration),
    now: Duration,
) -> bool {
    let it = Aged {
        thing: (),
        made_at,
        idle_since,
    };
    let [max_idle, max_age] = [limits.max_idle, limits.max_age]
        .map(|limit| limit.map_or("no limit".into(), |l| format!("{l:?}")));
    lab.note(format!("limits: max_idle {max_idle}, max_age {max_age}"));
    let call = format!("expired(made at {made_at:?}, idle since {idle_since:?}, now {now:?})");
    lab.you(&call, || limits.expired(&it, now))
}

fn expired(lab: &Lab, limits: Limits, (made_at, idle_since): (u64, u64), now: Duration) -> bool {
    expired_at(lab, limits, (s(made_at), s(idle_since)), now)
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
        lab.why("Idle time counts from the last return. A connection at the limit is expired: a NAT on the way with the same limit forgets it at that moment, too.");
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
        lab.why("Age counts from the making. A connection that is always busy is never idle for long, but it still gets old.");
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
        lab.why("There are two limits. Reaching either one is enough.");
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

        lab.why("A time later than now counts as now: the connection is 0 s old, however far ahead the time lies. The distance between two times (abs_diff) is not an age.");
        lab.same(
            "expired at 5 s: both times lie 95 s ahead",
            expired(lab, BOTH, (100, 100), s(5)),
            false,
        );

        lab.why("An `idle_since` later than now says nothing about the age. Check each limit separately.");
        lab.same(
            "expired at 65 s: made 65 s ago, given back a moment ahead",
            expired(lab, BOTH, (0, 66), s(65)),
            true,
        );

        lab.why("A time later than now counts as now, and a limit of zero is reached at once.");
        let at_once = Limits {
            max_idle: Some(Duration::ZERO),
            max_age: None,
        };
        lab.same(
            "expired at 5 s, with a limit of zero",
            expired(lab, at_once, (6, 6), s(5)),
            true,
        );
    });
}

#[test]
fn s3_limits_count_to_the_nanosecond() {
    netlab::lab(|lab| {
        lab.why("A limit may be shorter than a millisecond, or so long that its nanoseconds do not fit into a u64. Compare Durations: as_secs() and as_millis() cut digits off, so does `as u64`, and a float rounds.");
        let ns = Duration::from_nanos(1);
        for limit in [
            Duration::from_nanos(3),
            Duration::from_micros(1500),
            Duration::from_millis(500),
            s(3600 * 24 * 365),
            // In nanoseconds, the low 64 bits of this are 0.
            s(1 << 55),
        ] {
            let idle = Limits {
                max_idle: Some(limit),
                max_age: None,
            };
            let age = Limits {
                max_idle: None,
                max_age: Some(limit),
            };
            for limits in [idle, age] {
                let times = (s(7), s(7));
                lab.same(
                    "expired a nanosecond before the limit",
                    expired_at(lab, limits, times, s(7) + limit - ns),
                    false,
                );
                lab.same(
                    "expired at the limit",
                    expired_at(lab, limits, times, s(7) + limit),
                    true,
                );
            }
        }
    });
}

#[test]
fn s3_a_limit_may_be_zero_or_without_end() {
    netlab::lab(|lab| {
        lab.why("Some(0) is a limit: it is reached at once. (A pool with it uses no connection twice.) Only None is no limit.");
        let zero = Some(Duration::ZERO);
        let idle = Limits {
            max_idle: zero,
            max_age: None,
        };
        let age = Limits {
            max_idle: None,
            max_age: zero,
        };
        for limits in [idle, age] {
            lab.same("expired at once", expired(lab, limits, (5, 5), s(5)), true);
        }

        lab.why("Some(Duration::MAX) is never reached. Adding it to a time panics; subtract the times instead.");
        let long = Limits {
            max_idle: Some(Duration::MAX),
            max_age: Some(Duration::MAX),
        };
        lab.same("expired", expired(lab, long, (5, 6), s(7)), false);
        lab.because("A clock may show any time, even Duration::MAX. There a sum that is cut off (saturating_add) is reached too early; a difference is right.")
            .same(
                "expired at the last time of all",
                expired(lab, long, (5, 6), Duration::MAX),
                false,
            );
    });
}
