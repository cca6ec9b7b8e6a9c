//! Step 3: what is lost is sent again.

use std::time::Duration;

use netlab::sim::{Kind, first};
use netlab::{Lab, lab};
use tcp_open::{Config, Event, Output, Segment, Seq, State, Tcb};

use super::ends::{A, B, Ends};
use super::player::{notice, plays};

const TICK: &str = "tick(now)";
const REPEATED: &str = "repeated(segment)";

#[test]
fn s3_lost_syn_is_resent_with_the_same_isn() {
    lab(|lab| {
        lab.why(
            "It is the same connection: an answer to the first SYN must fit the last one, too.",
        );
        for script in [
            "
            with iss=100 mss=1000 win=4000
              0 ms  connect()
                    --> SYN seq 100 mss 1000 win 4000
                    # No answer for a second. It is the same connection, so it is the
                    # same SYN: another ISN would not fit an answer to the first one.
              1 s   --> SYN seq 100 mss 1000 win 4000
                    SYN-SENT
                    SND.UNA=100 SND.NXT=101
            1.5 s   <-- SYN,ACK seq 300 ack 101
                    --> ACK seq 101 ack 301
                    established
                    # It is answered. Nothing is sent again.
            600 s   nothing
            ",
            "
            with iss=0xffffffff mss=536 win=2000
             50 ms  connect()
                    --> SYN seq 0xffffffff mss 536 win 2000
                    # No answer for a second. It is the same SYN.
           1050 ms  --> SYN seq 0xffffffff mss 536 win 2000
                    SYN-SENT
                    SND.UNA=0xffffffff SND.NXT=0
           1100 ms  <-- SYN,ACK seq 300 ack 0
                    --> ACK seq 0 ack 301
                    established
                    # It is answered. Nothing is sent again.
            600 s   nothing
            ",
        ] {
            plays(lab, TICK, script);
        }
    });
}

#[test]
fn s3_each_wait_is_twice_as_long_up_to_a_limit() {
    lab(|lab| {
        lab.why(
            "Each SYN waits twice as long as the one before, but no longer than config.rto_max.",
        );
        for script in [
            "
              0 ms  connect()
                    --> SYN seq 100
              1 s   --> SYN seq 100
                    # 2 seconds after the last one, then 4, 8, 16, 32 (RFC 6298, section
                    # 5.5).
              3 s   --> SYN seq 100
                    # 4 seconds after the last one.
              7 s   --> SYN seq 100
                    # 8 seconds after the last one.
             15 s   --> SYN seq 100
                    # 16 seconds after the last one.
             31 s   --> SYN seq 100
                    # 32 seconds after the last one. It gives up when config.give_up is
                    # over, 180 seconds after the first one.
             63 s   --> SYN seq 100
                    # 64 seconds would be longer than config.rto_max, which is 60. The
                    # time to give up, 180 seconds, has not come yet.
            123 s   --> SYN seq 100
            ",
            "
            with rto=300 rto_max=1000 linux=no
              0 ms  connect()
                    --> SYN seq 100
            300     --> SYN seq 100
                    # 600 ms after the last one.
            900     --> SYN seq 100
                    # 1200 ms would be longer than config.rto_max, which is 1000.
           1900     --> SYN seq 100
                    # Again 1000 ms.
           2900     --> SYN seq 100
           3900     --> SYN seq 100
            ",
        ] {
            plays(lab, TICK, script);
        }
        let mut tcb = Tcb::new(Config {
            rto_max: Duration::from_secs(1),
            give_up: Duration::from_secs(3600),
            ..Config::new(Seq(100))
        });
        lab.you("step(0 ms, Connect)", || {
            tcb.step(Duration::ZERO, Event::Connect)
        });
        let call = "step(…, Tick) after each second, up to 3599000 ms";
        let sent = lab.you(call, || {
            let ticks = (1..3600).map(|n| tcb.step(Duration::from_secs(n), Event::Tick));
            ticks.map(|output| output.segments.len()).sum::<usize>()
        });
        lab.because("No wait is longer than config.rto_max, a second here, however many there have been. For an hour, which is config.give_up, \
                     it sends its SYN each second.")
            .same("SYNs that are sent again", sent, 3599);
        let came = ticks(lab, &mut tcb, 3_600_000);
        lab.turns_to(TICK);
        lab.because("The first SYN was sent an hour ago, and that is config.give_up. Nobody has answered, so the program is told that the time is over: a refusal would be an answer.").same(
            "what comes of it",
            came,
            "nothing is sent; the program is told timed-out; wake_at none".into(),
        );
    });
}

#[test]
fn s3_gives_up_after_its_limit() {
    lab(|lab| {
        lab.why("The first wait that ends at or after config.give_up is the last one.");
        for script in [
            "
              0 ms  connect()
                    --> SYN seq 100
              1 s   --> SYN seq 100
              3 s   --> SYN seq 100
              7 s   --> SYN seq 100
             15 s   --> SYN seq 100
             31 s   --> SYN seq 100
             63 s   --> SYN seq 100
                    # 3 minutes are not over (RFC 9293, section 3.8.3, MUST-23).
            123 s   --> SYN seq 100
                    # The first SYN was sent 183 seconds ago, and config.give_up is 180.
                    # No other SYN is sent, and the program is told.
            183 s   timed-out
                    CLOSED
           1000 s   nothing
            ",
            "
            with rto=1000 rto_max=1000 give_up=3000 linux=no
              5 s   connect()
                    --> SYN seq 100
              6 s   --> SYN seq 100
                    # The first SYN was sent at 5 s, not at 0.
              7 s   --> SYN seq 100
                    # The first SYN was sent just config.give_up ago.
              8 s   timed-out
                    CLOSED
            100 s   nothing
            ",
            "
            with rto=1000 rto_max=1000 give_up=3001 linux=no
              5 s   connect()
                    --> SYN seq 100
              6 s   --> SYN seq 100
              7 s   --> SYN seq 100
                    # The first SYN was sent 3000 ms ago, and config.give_up is 3001.
              8 s   --> SYN seq 100
              9 s   timed-out
                    CLOSED
            100 s   nothing
            ",
        ] {
            plays(lab, TICK, script);
        }
    });
}

#[test]
fn s3_lost_synack_is_resent() {
    lab(|lab| {
        lab.why("A SYN,ACK uses a number, so it is sent again until it is acknowledged.");
        for script in [
            "
            with iss=300 mss=1000 win=4000
              0 ms  listen()
            100     <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101 mss 1000 win 4000
                    # A second after the SYN,ACK, which was sent at 100 ms. It is the
                    # same one.
           1100     --> SYN,ACK seq 300 ack 101 mss 1000 win 4000
                    SYN-RECEIVED
                    # 2 seconds after the last one.
           3100     --> SYN,ACK seq 300 ack 101 mss 1000 win 4000
           3200     <-- ACK seq 101 ack 301
                    established
                    # It is acknowledged. Nothing is sent again.
            600 s   nothing
            ",
            "
            with iss=0xffffffff rto=200
              0 ms  listen()
             10 s   <-- SYN seq 0xffffffff
                    --> SYN,ACK seq 0xffffffff ack 0
                    # 200 ms after the SYN,ACK.
          10.2 s    --> SYN,ACK seq 0xffffffff ack 0
                    # 400 ms after the last one.
          10.6 s    --> SYN,ACK seq 0xffffffff ack 0
            ",
        ] {
            plays(lab, TICK, script);
        }
    });
}

#[test]
fn s3_a_server_that_hears_nothing_listens_again() {
    lab(|lab| {
        lab.why("It was opened passively: it waits for a peer, and this one did not answer.");
        for script in [
            "
            with iss=300 rto=1000 rto_max=1000 give_up=3000 win=4000
              0 ms  listen()
              1 s   <-- SYN seq 100 mss 1200
                    --> SYN,ACK seq 300 ack 101
              2 s   --> SYN,ACK seq 300 ack 101
              3 s   --> SYN,ACK seq 300 ack 101
                    # The peer does not answer. It waits for the next one, as if just
                    # opened: without a timer. The program gets no notice.
              4 s   nothing
                    LISTEN
                    ISS=0 SND.UNA=0 SND.NXT=0 SND.WND=0 IRS=0 RCV.NXT=0
                    RCV.WND=4000 MSS=536
                    # A listening end has no timer: it sends nothing again, and does
                    # not give up.
             10 s   nothing
             20 s   <-- SYN seq 7000
                    --> SYN,ACK seq 300 ack 7001
                    # Its time begins with its own SYN,ACK.
             21 s   --> SYN,ACK seq 300 ack 7001
             22 s   --> SYN,ACK seq 300 ack 7001
           22.1 s   <-- ACK seq 7001 ack 301
                    established
            100 s   nothing
            ",
            "
            with iss=300
              0 ms  listen()
                    <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
              1 s   --> SYN,ACK seq 300 ack 101
              3 s   --> SYN,ACK seq 300 ack 101
              7 s   --> SYN,ACK seq 300 ack 101
             15 s   --> SYN,ACK seq 300 ack 101
             31 s   --> SYN,ACK seq 300 ack 101
             63 s   --> SYN,ACK seq 300 ack 101
            123 s   --> SYN,ACK seq 300 ack 101
                    SYN-RECEIVED
            183 s   nothing
                    LISTEN
            ",
            "
            with iss=300 rto=1000 give_up=1000 linux=no
              0 ms  listen()
            100     connect()
                    # It is open already, so this changes nothing. LISTEN
            200     <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
            300     connect()
                    # Nor does this.
                    SYN-RECEIVED
                    # It was still opened passively, so it listens again, and the
                    # program gets no notice.
           1200     nothing
                    LISTEN
            ",
        ] {
            plays(lab, TICK, script);
        }
    });
}

#[test]
fn s3_duplicate_syn_does_not_restart() {
    lab(|lab| {
        lab.why("The same SYN again is not a new connection.");
        for script in [
            "
            with iss=300 linux=no
              0 ms  listen()
                    <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
            500     <-- SYN seq 100
                    # The same SYN again: our SYN,ACK seems to be lost, so it is sent
                    # again, with the same numbers.
                    --> SYN,ACK seq 300 ack 101
                    SYN-RECEIVED
                    ISS=300 SND.UNA=300 SND.NXT=301 IRS=100 RCV.NXT=101
            900     <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
                    # The timer has gone on: a second after the first SYN,ACK.
           1000     --> SYN,ACK seq 300 ack 101
                    # 2 seconds after that.
           3000     --> SYN,ACK seq 300 ack 101
           3100     <-- ACK seq 101 ack 301
                    established
             60 s   nothing
            ",
            "
            with iss=300 linux=no
              0 ms  listen()
                    <-- SYN seq 100 win 5000 mss 1200
                    --> SYN,ACK seq 300 ack 101
              1 s   --> SYN,ACK seq 300 ack 101
            1.5 s   <-- PSH,SYN seq 100 win 7 mss 200 len 5
                    # The same SYN again, now with data. It has come before.
                    --> SYN,ACK seq 300 ack 101
                    SYN-RECEIVED
                    # Its values were taken when it first came.
                    RCV.NXT=101 SND.WND=5000 MSS=1200
                    # The timer has gone on: 2 seconds after the SYN,ACK of 1 s.
              3 s   --> SYN,ACK seq 300 ack 101
                    # Then 4 seconds: an incoming segment does not shorten the wait.
              7 s   --> SYN,ACK seq 300 ack 101
            ",
            "
            with iss=0x80000000
              0 ms  listen()
                    <-- SYN seq 0xffffffff
                    --> SYN,ACK seq 0x80000000 ack 0
             10     <-- SYN seq 0xffffffff
                    # The same SYN again.
                    --> SYN,ACK seq 0x80000000 ack 0
             20     <-- ACK seq 0 ack 0x80000001
                    established
            100     <-- SYN seq 0xffffffff
                    # The connection is still open, and our ACK shows it.
                    --> ACK seq 0x80000001 ack 0
                    ESTABLISHED
                    SND.UNA=0x80000001 RCV.NXT=0
             60 s   nothing
            ",
        ] {
            plays(lab, REPEATED, script);
        }
    });
}

#[test]
fn s3_lost_ack_is_sent_again_when_the_synack_comes_again() {
    lab(|lab| {
        lab.why("Our ACK has no timer. A peer that misses it sends its segment again.");
        for script in [
            "
            with iss=100 win=5000
              0 ms  connect()
                    --> SYN seq 100
             50     <-- SYN,ACK seq 300 ack 101
                    --> ACK seq 101 ack 301
                    established
           1050     <-- SYN,ACK seq 300 ack 101
                    # The SYN,ACK again: our ACK is lost. Without an answer, the peer
                    # gives up. The program has been told.
                    --> ACK seq 101 ack 301 win 5000
                    ESTABLISHED
           3050     <-- SYN,ACK seq 300 ack 101
                    --> ACK seq 101 ack 301
                    SND.UNA=101 SND.NXT=101 RCV.NXT=301
             60 s   nothing
            ",
            "
            with iss=100 linux=no
              0 ms  connect()
                    --> SYN seq 100
             50     <-- SYN,ACK seq 300 ack 101 win 5000 mss 1200
                    --> ACK seq 101 ack 301
                    established
           1050     <-- PSH,SYN,ACK seq 300 ack 101 win 7 mss 200 len 5
                    # The SYN,ACK again, now with data. It has come before.
                    --> ACK seq 101 ack 301
                    ESTABLISHED
                    # Its values were taken when it first came.
                    RCV.NXT=301 SND.WND=5000 MSS=1200
           1100     <-- SYN,ACK seq 300 ack 7
                    # Our ACK has our number, SND.NXT, whatever the segment
                    # acknowledges.
                    --> ACK seq 101 ack 301
                    ESTABLISHED
                    SND.UNA=101
             60 s   nothing
            ",
            "
            with iss=0xffffffff
              0 ms  connect()
                    --> SYN seq 0xffffffff
             50     <-- SYN,ACK seq 0xffffffff ack 0
                    --> ACK seq 0 ack 0
                    established
           1050     <-- SYN,ACK seq 0xffffffff ack 0
                    # The SYN,ACK again: our ACK is lost.
                    --> ACK seq 0 ack 0
                    ESTABLISHED
             60 s   nothing
            ",
        ] {
            plays(lab, REPEATED, script);
        }
    });
}

#[test]
fn s3_lost_syn_and_lost_synack_on_a_network() {
    lab(|lab| {
        let mut ends = Ends::new(lab);
        ends.from(A).loses(first(Kind::Syn));
        ends.from(B).loses(first(Kind::SynAck));
        ends.calls(B, Event::Listen);
        ends.calls(A, Event::Connect);
        ends.runs_until(900);
        ends.are(
            "The SYN is lost, and its second is not over.",
            State::SynSent,
            State::Listen,
        );
        ends.runs_until(10_000);
        ends.are(
            "The SYN of 1000 ms comes to B. B's SYN,ACK is lost; the next one is sent at 2025 ms and comes to A.",
            State::Established,
            State::Established,
        );
        ends.have_sent("SYN lost, SYN, SYN,ACK lost, SYN,ACK, ACK.", 5);
    });
}

#[test]
fn s3_lost_final_ack_then_data() {
    lab(|lab| {
        let mut ends = Ends::new(lab);
        ends.from(A).loses(first(Kind::Ack));
        ends.calls(B, Event::Listen);
        ends.calls(A, Event::Connect);
        ends.runs_until(100);
        ends.are(
            "A's ACK is lost: B does not know that A has its SYN,ACK.",
            State::Established,
            State::SynReceived,
        );
        ends.sends(
            A,
            Segment {
                seq: Seq(101),
                ack: Some(Seq(301)),
                psh: true,
                window: 65535,
                payload: b"GET /".to_vec(),
                ..Segment::default()
            },
        );
        ends.runs_until(500);
        ends.are(
            "The data acknowledges B's SYN as well: each segment has the ACK. A server that waits for an empty ACK waits for ever.",
            State::Established,
            State::Established,
        );
        ends.runs_until(10_000);
        ends.have_sent("SYN, SYN,ACK, ACK lost, data. Nothing is sent again.", 4);
    });
}

#[test]
fn s3_lost_final_ack_and_no_data() {
    lab(|lab| {
        let mut ends = Ends::new(lab);
        ends.from(A).loses(first(Kind::Ack));
        ends.calls(B, Event::Listen);
        ends.calls(A, Event::Connect);
        ends.runs_until(10_000);
        ends.are(
            "B sends its SYN,ACK again, and A answers it with its ACK again.",
            State::Established,
            State::Established,
        );
        ends.have_sent("SYN, SYN,ACK, ACK lost, SYN,ACK, ACK.", 5);
    });
}

/// What comes of an event, in words.
fn told(output: &Output) -> String {
    let segments = match output.segments.len() {
        0 => "nothing is sent".to_owned(),
        1 => "one segment".to_owned(),
        n => format!("{n} segments"),
    };
    let told = output
        .notices
        .iter()
        .map(|it| format!("; the program is told {}", notice(it)))
        .collect::<String>();
    let wakes = output
        .wake_at
        .map_or("none".to_owned(), |at| format!("{} ms", at.as_millis()));
    format!("{segments}{told}; wake_at {wakes}")
}

fn ticks(lab: &Lab, tcb: &mut Tcb, millis: u64) -> String {
    let now = Duration::from_millis(millis);
    told(&lab.you(&format!("step({millis} ms, Tick)"), || {
        tcb.step(now, Event::Tick)
    }))
}

#[test]
fn s3_a_tick_too_early_changes_nothing_and_a_late_one_sends_one() {
    lab(|lab| {
        let mut tcb = Tcb::new(Config::new(Seq(100)));
        for millis in [0, 50_000] {
            lab.because("A connection that is CLOSED waits for nothing.")
                .same(
                    "what comes of it",
                    ticks(lab, &mut tcb, millis),
                    "nothing is sent; wake_at none".into(),
                );
        }
        let now = Duration::from_secs(100);
        let syn = lab.you("step(100000 ms, Connect)", || tcb.step(now, Event::Connect));
        lab.because("It waits for a second.").same(
            "what comes of it",
            told(&syn),
            "one segment; wake_at 101000 ms".into(),
        );
        for millis in [100_000, 100_500, 100_999] {
            lab.because("The second is not over: the tick came too early.")
                .same(
                    "what comes of it",
                    ticks(lab, &mut tcb, millis),
                    "nothing is sent; wake_at 101000 ms".into(),
                );
        }
        lab.because("The second is over, to the millisecond.").same(
            "what comes of it",
            ticks(lab, &mut tcb, 101_000),
            "one segment; wake_at 103000 ms".into(),
        );
        lab.because("The program was busy until now. One SYN is sent, not all that would have been; and from now on it waits 4 seconds.")
            .same("what comes of it", ticks(lab, &mut tcb, 109_500), "one segment; wake_at 113500 ms".into());
        lab.because("Nothing more is due at this moment.").same(
            "what comes of it",
            ticks(lab, &mut tcb, 109_500),
            "nothing is sent; wake_at 113500 ms".into(),
        );
    });
}

#[test]
fn s3_when_to_give_up_is_asked_when_the_wait_is_over_and_by_the_clock() {
    lab(|lab| {
        for give_up in [4, 6] {
            let config = Config {
                give_up: Duration::from_secs(give_up),
                ..Config::new(Seq(100))
            };
            let mut early = Tcb::new(config);
            lab.you("step(0 ms, Connect)", || {
                early.step(Duration::ZERO, Event::Connect)
            });
            ticks(lab, &mut early, 1000);
            ticks(lab, &mut early, 3000);
            lab.because(format!(
                "The SYN of 3000 ms waits for 4 seconds. It gets that time, although config.give_up, {give_up} s, is over before."
            ))
            .same(
                "what comes of it",
                ticks(lab, &mut early, 6500),
                "nothing is sent; wake_at 7000 ms".into(),
            );
            lab.because(format!(
                "The last wait is over, and the first SYN was sent {give_up} seconds ago or longer."
            ))
            .same(
                "what comes of it",
                ticks(lab, &mut early, 7000),
                "nothing is sent; the program is told timed-out; wake_at none".into(),
            );
            let mut late = Tcb::new(config);
            lab.you("step(0 ms, Connect)", || {
                late.step(Duration::ZERO, Event::Connect)
            });
            ticks(lab, &mut late, 1000);
            lab.because(format!(
                "The tick was due at 3000 ms, before config.give_up, {give_up} s. But it comes at 500000 ms, and only that counts: the first SYN was sent long ago."
            ))
            .same(
                "what comes of it",
                ticks(lab, &mut late, 500_000),
                "nothing is sent; the program is told timed-out; wake_at none".into(),
            );
        }
    });
}

#[test]
fn s3_who_listens_or_is_open_ignores_ticks() {
    lab(|lab| {
        let mut tcb = Tcb::new(Config::new(Seq(300)));
        lab.you("step(0, Listen)", || {
            tcb.step(Duration::ZERO, Event::Listen)
        });
        lab.because("A listening end has sent nothing that could be lost.")
            .same(
                "what comes of it",
                ticks(lab, &mut tcb, 5000),
                "nothing is sent; wake_at none".into(),
            );
        for (what, seq, ack) in [("SYN", 100, None), ("ACK", 101, Some(Seq(301)))] {
            let segment = Segment {
                seq: Seq(seq),
                ack,
                syn: ack.is_none(),
                ..Segment::default()
            };
            let event = Event::Arrives(&segment);
            lab.you(&format!("step(6000 ms, Arrives({what}))"), || {
                tcb.step(Duration::from_secs(6), event)
            });
        }
        lab.because("The SYN is acknowledged: its timer is off, and a later tick does nothing.")
            .same(
                "what comes of it",
                ticks(lab, &mut tcb, 900_000),
                "nothing is sent; wake_at none".into(),
            );
        lab.because("An unused open connection stays open: TCP has no limit on idle time.")
            .same("the state", tcb.state().to_string().as_str(), "ESTABLISHED");
    });
}
