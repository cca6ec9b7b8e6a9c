//! Step 6: when to acknowledge.

use std::time::Duration;

use netlab::{Lab, lab};
use tcp_receive::{AckPlan, AckTimer};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn timer(lab: &Lab) -> AckTimer {
    lab.you("AckTimer::new()", AckTimer::new)
}

fn on_data(lab: &Lab, t: &mut AckTimer, at: u64) {
    lab.you(&format!("on_data({at} ms)"), || t.on_data(ms(at)));
}

/// Demands the plan, in words.
fn plans(lab: &Lab, t: &AckTimer, at: u64, want: &str) {
    let call = format!("plan({at} ms)");
    let got = match lab.you(&call, || t.plan(ms(at))) {
        AckPlan::Nothing => "Nothing".into(),
        AckPlan::Later(by) => format!("Later({by:?})"),
        AckPlan::Now => "Now".into(),
    };
    lab.same(&call, got.as_str(), want);
}

#[test]
fn s6_at_first_nothing_is_owed() {
    lab(|lab| {
        let t = timer(lab);
        lab.why("Nothing has come, so there is nothing to acknowledge.");
        for at in [0, 200, 100_000] {
            plans(lab, &t, at, "Nothing");
        }
    });
}

#[test]
fn s6_one_segment_is_acknowledged_within_the_delay() {
    lab(|lab| {
        for at in [0, 1000] {
            let mut t = timer(lab);
            on_data(lab, &mut t, at);
            let by = format!("Later({:?})", ms(at + 200));
            lab.why("The acknowledgment may wait 200 ms from the moment when the segment came: a segment with data may carry it.");
            plans(lab, &t, at, &by);
            plans(lab, &t, at + 150, &by);
            plans(lab, &t, at + 199, &by);
            lab.why("No segment has left. One is sent only for the acknowledgment, or a single byte would never be acknowledged.");
            plans(lab, &t, at + 200, "Now");
            plans(lab, &t, at + 5000, "Now");
        }
    });
}

#[test]
fn s6_any_clock_will_do() {
    lab(|lab| {
        for now in [
            Duration::from_nanos(1_234_567),
            Duration::from_secs(1 << 33),
            Duration::new(1 << 22, 999_999_999),
        ] {
            let mut t = timer(lab);
            lab.you(&format!("on_data({now:?})"), || t.on_data(now));
            let by = now + ms(200);
            for at in [now, by - Duration::from_nanos(1)] {
                let got = lab.you(&format!("plan({at:?})"), || t.plan(at));
                lab.because("The time is counted from any moment, even in parts of a millisecond. The acknowledgment may wait exactly 200 ms.")
                    .holds(
                        got == AckPlan::Later(by),
                        format!("Later({by:?}) from your plan({at:?})"),
                        format!("{got:?}"),
                    );
            }
            let got = lab.you(&format!("plan({by:?})"), || t.plan(by));
            lab.because("The moment has come.").holds(
                got == AckPlan::Now,
                format!("Now from your plan({by:?})"),
                format!("{got:?}"),
            );
        }
    });
}

#[test]
fn s6_the_delay_is_less_than_500_ms() {
    lab(|lab| {
        let mut t = timer(lab);
        on_data(lab, &mut t, 0);
        let latest = match lab.you("plan(0 ms)", || t.plan(ms(0))) {
            AckPlan::Nothing => ms(u64::MAX),
            AckPlan::Later(by) => by,
            AckPlan::Now => ms(0),
        };
        lab.because("MUST-40 of RFC 9293, section 3.8.6.3: the sender measures how long an answer takes, and resends when it takes too long.")
            .holds(latest < ms(500), "an acknowledgment by 500 ms", format!("one by {latest:?}"));
        lab.because("MUST-40 of RFC 9293: less than 500 ms.").holds(
            AckTimer::DELAY < ms(500),
            "a DELAY of less than 500 ms",
            format!("{:?}", AckTimer::DELAY),
        );
    });
}

#[test]
fn s6_every_second_segment_is_acknowledged_at_once() {
    lab(|lab| {
        let mut t = timer(lab);
        for round in 0..3 {
            let at = round * 1000;
            on_data(lab, &mut t, at);
            lab.why("The first segment since the last acknowledgment can wait.");
            plans(lab, &t, at + 1, &format!("Later({:?})", ms(at + 200)));
            on_data(lab, &mut t, at + 2);
            lab.why("The second segment since the last acknowledgment: now (RFC 9293, section 3.8.6.3). Senders go on when acknowledgments come.");
            plans(lab, &t, at + 2, "Now");
            lab.you("sent()", || t.sent());
        }
        lab.scene("two at the same moment");
        for at in [0, 5] {
            let mut t = timer(lab);
            on_data(lab, &mut t, at);
            on_data(lab, &mut t, at);
            lab.why("Two segments have come. Both came at the same moment, but that makes no difference: the second is acknowledged at once.");
            plans(lab, &t, at, "Now");
        }
        lab.scene("the second one comes when the time of the first is nearly over, or is over");
        for at in [101, 199, 200, 300] {
            let mut t = timer(lab);
            on_data(lab, &mut t, 0);
            on_data(lab, &mut t, at);
            lab.why("An acknowledgment is owed since the first segment, and none was sent. Its wait does not start again.");
            plans(lab, &t, at, "Now");
        }
        lab.scene("a third one before anything was sent");
        let mut t = timer(lab);
        for at in [10, 20, 30, 40] {
            on_data(lab, &mut t, at);
        }
        lab.why("It is owed since the second segment, and nothing was sent.");
        plans(lab, &t, 40, "Now");
    });
}

#[test]
fn s6_any_segment_that_leaves_carries_it() {
    lab(|lab| {
        let mut t = timer(lab);
        on_data(lab, &mut t, 0);
        lab.you("sent()", || t.sent());
        lab.why("A segment with data has left, and its ACK field said everything. Another segment only for the acknowledgment would be one too many.");
        plans(lab, &t, 0, "Nothing");
        plans(lab, &t, 200, "Nothing");
        on_data(lab, &mut t, 150);
        lab.why(
            "sent() has come, so nothing was owed: this is a first segment. It may wait 200 ms from the moment when it came, 150 ms.",
        );
        plans(lab, &t, 200, "Later(350ms)");
        plans(lab, &t, 350, "Now");
        lab.you("sent()", || t.sent());
        plans(lab, &t, 350, "Nothing");
        lab.you("sent()", || t.sent());
        lab.why("Nothing was owed.");
        plans(lab, &t, 1000, "Nothing");
    });
}

#[test]
fn s6_what_the_peer_must_hear_at_once() {
    lab(|lab| {
        let mut t = timer(lab);
        lab.you("at_once()", || t.at_once());
        lab.why("A segment has come that cannot wait.");
        plans(lab, &t, 0, "Now");
        plans(lab, &t, 7, "Now");
        lab.why("Until a segment leaves it is owed.");
        on_data(lab, &mut t, 8);
        plans(lab, &t, 8, "Now");
        lab.you("sent()", || t.sent());
        lab.why("It has left.");
        plans(lab, &t, 8, "Nothing");
        on_data(lab, &mut t, 100);
        lab.you("at_once()", || t.at_once());
        lab.why("The first acknowledgment could wait; the next one cannot.");
        plans(lab, &t, 100, "Now");
        plans(lab, &t, 100, "Now");
        lab.you("sent()", || t.sent());
        lab.why("One segment has left, and it acknowledges everything.");
        plans(lab, &t, 100, "Nothing");
        plans(lab, &t, 300, "Nothing");
    });
}

#[test]
fn s6_a_plan_is_only_asked_for() {
    lab(|lab| {
        let mut t = timer(lab);
        on_data(lab, &mut t, 0);
        lab.why("A call of plan sends nothing, so the answer is the same until a segment leaves.");
        for _ in 0..3 {
            plans(lab, &t, 200, "Now");
        }
        lab.why("The plan is for the given moment.");
        plans(lab, &t, 100, "Later(200ms)");
    });
}
