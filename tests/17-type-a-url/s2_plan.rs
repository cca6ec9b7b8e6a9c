//! Step 2: many addresses, one connection.

use std::net::IpAddr;
use std::time::Duration;

use netlab::{Lab, lab};
use type_a_url::{ATTEMPT_DELAY, Attempts, Next, plan};

use super::sim_network::{ip, ips, ms};
use super::words::next;

fn planned(lab: &Lab, addrs: &[&str], want: &[&str]) {
    lab.scene(format!("a name has the addresses {}", addrs.join(", ")));
    let addrs = ips(addrs);
    let got = lab.you("plan(addrs)", || plan(&addrs));
    let got: Vec<String> = got.iter().map(|addr| addr.to_string()).collect();
    let want: Vec<String> = want.iter().map(|addr| (*addr).to_owned()).collect();
    lab.same("the order", got, want);
}

#[test]
fn s2_alternate_families() {
    lab(|lab| {
        lab.why("If one family does not work, none of its addresses works. So the second attempt uses the other family (RFC 8305 §4).");
        planned(
            lab,
            &["192.0.2.1", "2001:db8::1"],
            &["2001:db8::1", "192.0.2.1"],
        );
        planned(
            lab,
            &["2001:db8::1", "192.0.2.1"],
            &["2001:db8::1", "192.0.2.1"],
        );
        planned(
            lab,
            &["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"],
            &["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"],
        );
        planned(
            lab,
            &[
                "192.0.2.9",
                "192.0.2.2",
                "192.0.2.3",
                "2001:db8::5",
                "192.0.2.1",
                "2001:db8::2",
            ],
            &[
                "2001:db8::5",
                "192.0.2.9",
                "2001:db8::2",
                "192.0.2.2",
                "192.0.2.3",
                "192.0.2.1",
            ],
        );
        planned(
            lab,
            &["2001:db8::3", "2001:db8::2", "192.0.2.1", "2001:db8::1"],
            &["2001:db8::3", "192.0.2.1", "2001:db8::2", "2001:db8::1"],
        );
    });
}

#[test]
fn s2_one_family_keeps_its_order() {
    lab(|lab| {
        lab.why("The name server chooses the order, for example to share the load. Sorting would send everybody to the same address.");
        planned(
            lab,
            &["192.0.2.9", "192.0.2.1", "192.0.2.5"],
            &["192.0.2.9", "192.0.2.1", "192.0.2.5"],
        );
        planned(lab, &["2001:db8::9", "::1"], &["2001:db8::9", "::1"]);
        planned(lab, &["192.0.2.1"], &["192.0.2.1"]);
        planned(lab, &[], &[]);
    });
}

#[test]
fn s2_each_address_once() {
    lab(|lab| {
        lab.why(
            "An address that has failed will fail again, so it is tried once, at its first place.",
        );
        planned(
            lab,
            &["192.0.2.1", "192.0.2.2", "192.0.2.1"],
            &["192.0.2.1", "192.0.2.2"],
        );
        planned(
            lab,
            &[
                "192.0.2.1",
                "192.0.2.1",
                "2001:db8::1",
                "2001:db8::1",
                "192.0.2.2",
            ],
            &["2001:db8::1", "192.0.2.1", "192.0.2.2"],
        );
    });
}

/// What is done, and what must come of it.
enum Do {
    /// At this time in milliseconds, `next` gives this.
    At(u64, &'static str),
    Fails(&'static str),
}
use Do::{At, Fails};

fn plays(lab: &Lab, addrs: &[&str], patience: u64, script: &[Do]) {
    lab.scene(format!("a plan of {}, {patience} ms", addrs.join(", ")));
    let begin = 1000;
    let plan = ips(addrs);
    let mut attempts = lab.you(
        &format!("Attempts::new(plan, {begin} ms, {patience} ms)"),
        || Attempts::new(plan, ms(begin), ms(patience)),
    );
    for step in script {
        match step {
            At(at, want) => {
                let got = lab.you(&format!("attempts.next({} ms)", begin + at), || {
                    attempts.next(ms(begin + at))
                });
                let got = match got {
                    Next::WaitUntil(until) => Next::WaitUntil(until.saturating_sub(ms(begin))),
                    other => other,
                };
                lab.same(
                    &format!("what to do, {at} ms after the beginning"),
                    next(got),
                    (*want).to_owned(),
                );
            }
            Fails(addr) => lab.you(&format!("attempts.failed({addr})"), || {
                attempts.failed(ip(addr))
            }),
        }
    }
}

#[test]
fn s2_attempts_overlap() {
    lab(|lab| {
        lab.same(
            "the constant ATTEMPT_DELAY",
            ATTEMPT_DELAY,
            Duration::from_millis(250),
        );
        lab.why("An attempt at a silent address takes minutes to fail. After 250 ms the next attempt begins beside it (RFC 8305 §5).");
        plays(
            lab,
            &["192.0.2.1", "192.0.2.2", "192.0.2.3"],
            10_000,
            &[
                At(0, "begin 192.0.2.1"),
                At(0, "wait until 250"),
                At(0, "wait until 250"),
                At(249, "wait until 250"),
                At(250, "begin 192.0.2.2"),
                At(250, "wait until 500"),
                At(499, "wait until 500"),
                At(500, "begin 192.0.2.3"),
                At(500, "wait until 10000"),
                At(9_999, "wait until 10000"),
                At(10_000, "over"),
            ],
        );
    });
}

#[test]
fn s2_a_late_call_begins_one_attempt() {
    lab(|lab| {
        lab.why("The 250 ms count from the moment at which an attempt really began. After a pause of a second, one attempt begins, and not four.");
        plays(
            lab,
            &["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"],
            10_000,
            &[
                At(5, "begin 192.0.2.1"),
                At(5, "wait until 255"),
                At(1_000, "begin 192.0.2.2"),
                At(1_000, "wait until 1250"),
                At(1_300, "begin 192.0.2.3"),
                At(1_310, "wait until 1550"),
            ],
        );
    });
}

#[test]
fn s2_a_failure_lets_the_next_one_begin() {
    lab(|lab| {
        lab.why("After a failure the next attempt begins at once: there is nothing to wait for.");
        plays(
            lab,
            &["192.0.2.1", "192.0.2.2", "192.0.2.3"],
            10_000,
            &[
                At(0, "begin 192.0.2.1"),
                At(0, "wait until 250"),
                Fails("192.0.2.1"),
                At(3, "begin 192.0.2.2"),
                At(3, "wait until 253"),
                At(200, "wait until 253"),
                Fails("192.0.2.2"),
                At(201, "begin 192.0.2.3"),
                At(201, "wait until 10000"),
                Fails("192.0.2.3"),
                At(202, "over"),
            ],
        );
        lab.because("A failure counts, too, if the attempt is not the last one that began.")
            .note("now the first one fails while the second runs");
        plays(
            lab,
            &["192.0.2.1", "192.0.2.2", "192.0.2.3"],
            10_000,
            &[
                At(0, "begin 192.0.2.1"),
                At(250, "begin 192.0.2.2"),
                At(250, "wait until 500"),
                Fails("192.0.2.1"),
                At(260, "begin 192.0.2.3"),
                At(260, "wait until 10000"),
            ],
        );
    });
}

#[test]
fn s2_several_failures_together_are_one() {
    lab(|lab| {
        lab.why("Two failures let one attempt begin, and not two at once.");
        plays(
            lab,
            &["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"],
            10_000,
            &[
                At(0, "begin 192.0.2.1"),
                At(250, "begin 192.0.2.2"),
                Fails("192.0.2.1"),
                Fails("192.0.2.2"),
                At(260, "begin 192.0.2.3"),
                At(260, "wait until 510"),
                At(510, "begin 192.0.2.4"),
            ],
        );
    });
}

#[test]
fn s2_a_failure_without_an_attempt() {
    lab(|lab| {
        lab.why("Only an attempt that runs can fail, and it can fail once.");
        plays(
            lab,
            &["192.0.2.1", "192.0.2.2", "192.0.2.3"],
            10_000,
            &[
                At(0, "begin 192.0.2.1"),
                Fails("192.0.2.2"),
                Fails("192.0.2.9"),
                At(10, "wait until 250"),
                Fails("192.0.2.1"),
                At(20, "begin 192.0.2.2"),
                Fails("192.0.2.1"),
                At(30, "wait until 270"),
            ],
        );
    });
}

#[test]
fn s2_one_time_for_all() {
    lab(|lab| {
        lab.why("Time-outs do not add up: the attempts overlap, and one limit counts for all of them. No attempt begins when it is over.");
        plays(
            lab,
            &["192.0.2.1", "192.0.2.2", "192.0.2.3"],
            400,
            &[
                At(0, "begin 192.0.2.1"),
                At(250, "begin 192.0.2.2"),
                At(250, "wait until 400"),
                At(399, "wait until 400"),
                At(400, "over"),
                At(600, "over"),
            ],
        );
        plays(
            lab,
            &["192.0.2.1", "192.0.2.2"],
            100,
            &[
                At(0, "begin 192.0.2.1"),
                At(0, "wait until 100"),
                Fails("192.0.2.1"),
                At(100, "over"),
            ],
        );
        plays(lab, &["192.0.2.1"], 100, &[At(101, "over")]);
        lab.note("now with a patience of Duration::MAX: its sum with any time is too long for a `Duration`");
        let plan = ips(&["192.0.2.1", "192.0.2.2"]);
        let mut attempts = lab.you("Attempts::new(plan, 1 s, Duration::MAX)", || {
            Attempts::new(plan, ms(1000), Duration::MAX)
        });
        for (at, want) in [
            (1000, "begin 192.0.2.1"),
            (1000, "wait until 1250"),
            (1250, "begin 192.0.2.2"),
        ] {
            let got = lab.you(&format!("attempts.next({at} ms)"), || attempts.next(ms(at)));
            lab.because("`Duration::MAX` means that there is no limit.")
                .same("what to do", next(got), want.to_owned());
        }
    });
}

#[test]
fn s2_no_address_to_try() {
    lab(|lab| {
        lab.why("Without an address there is nothing to wait for.");
        plays(lab, &[], 10_000, &[At(0, "over"), At(1, "over")]);
    });
}

#[test]
fn s2_running() {
    lab(|lab| {
        lab.why("At the end the person is told which addresses were silent: their attempts have begun and have not failed.");
        let running = |attempts: &Attempts| -> Vec<String> {
            let running: &[IpAddr] = attempts.running();
            running.iter().map(|addr| addr.to_string()).collect()
        };
        let plan = ips(&["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
        let mut attempts = lab.you("Attempts::new(plan, 0 ms, 10000 ms)", || {
            Attempts::new(plan, ms(0), ms(10_000))
        });
        let runs = |lab: &Lab, attempts: &Attempts, want: &[&str]| {
            let got = lab.you("attempts.running()", || running(attempts));
            let want: Vec<String> = want.iter().map(|addr| (*addr).to_owned()).collect();
            lab.same("the attempts that run", got, want);
        };
        runs(lab, &attempts, &[]);
        for at in [0, 0, 250, 500] {
            let _ = lab.you(&format!("attempts.next({at} ms)"), || attempts.next(ms(at)));
        }
        runs(lab, &attempts, &["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
        lab.you("attempts.failed(192.0.2.1)", || {
            attempts.failed(ip("192.0.2.1"))
        });
        runs(lab, &attempts, &["192.0.2.2", "192.0.2.3"]);
    });
}
