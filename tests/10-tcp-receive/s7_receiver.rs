//! Step 7: the receiver, put together.

use std::time::Duration;

use netlab::script::{Script, What};
use netlab::{Lab, lab};
use tcp_open::{Segment, Seq};
use tcp_receive::{AckPlan, Receiver};

use super::half::{Half, of_line};
use super::strip::Watched;
use netlab::Dice;

// Where Linux differs.
const DELAYS: &str = "Linux delays its ACKs in another way";
const ROOM: &str = "Linux has more room, and windows of its own";
const RESETS: &str = "for Linux, a RST ends the connection";
const SYNS: &str = "Linux takes nothing of a segment with SYN";
const TRIMS: &str = "Linux takes what lies in the window";
const SILENT: &str = "Linux does not answer bytes behind the end";

/// Plays a script. `why` is the reason of each line that has none of its own.
fn plays(lab: &Lab, why: &str, text: &str) {
    lab.why(why);
    lab.plays(text, Half::new);
}

/// Plays a script that Linux plays otherwise, for this reason.
fn plays_unlike_linux(lab: &Lab, reason: &str, why: &str, text: &str) {
    plays(
        lab,
        why,
        &format!("{:20}with linux=no # {reason}{text}", ""),
    );
}

/// A segment, written as in a script.
fn segment(text: &str) -> Segment {
    let script =
        Script::parse(&format!("<-- {text}")).unwrap_or_else(|mistake| panic!("{mistake}"));
    match &script.lines()[0].items[0].what {
        What::Arrives(line) => of_line(line),
        other => panic!("{other:?} is no segment"),
    }
}

/// A receiver whose owner does what the test says. (That of a script sends at once what is due.)
fn receiver(lab: &Lab) -> Receiver {
    lab.you("Receiver::new(1000, 4000, 1000)", || {
        Receiver::new(Seq(1000), 4000, 1000)
    })
}

fn comes(lab: &Lab, r: &mut Receiver, at: u64, text: &str) {
    let what = format!("on_segment({at} ms, {text})");
    lab.you(&what, || {
        r.on_segment(Duration::from_millis(at), &segment(text))
    });
}

/// Demands the plan, in words.
fn plans(lab: &Lab, r: &Receiver, at: u64, want: &str) {
    let call = format!("plan({at} ms)");
    let got = match lab.you(&call, || r.plan(Duration::from_millis(at))) {
        AckPlan::Nothing => "Nothing".into(),
        AckPlan::Later(by) => format!("Later({by:?})"),
        AckPlan::Now => "Now".into(),
    };
    lab.same(&call, got.as_str(), want);
}

/// Demands what a stamp writes into this segment: the ACK number, and the window.
fn stamps(lab: &Lab, r: &mut Receiver, text: &str, want: (u32, u16)) {
    let mut segment = segment(text);
    lab.you(&format!("stamp({text})"), || r.stamp(&mut segment));
    let ack = segment.ack.map(|ack| ack.0);
    lab.same(
        &format!("ACK number and window of {text}, stamped"),
        (ack, segment.window),
        (Some(want.0), want.1),
    );
}

#[test]
fn s7_the_ack_is_the_number_wanted_next() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            DELAYS,
            "An ACK number is the next expected number. It covers everything before it.",
            "
                    with irs=1000 capacity=4000 mss=1000
                    # Nothing has come. The SYN had number 1000, so 1001 is expected.
                    RCV.NXT=1001
              0 ms  <-- seq 1001 ack 300 len 1000
                    # Numbers 1001 to 2000 have come.
                    RCV.NXT=2001
             10     <-- seq 2001 ack 300 len 1000
                    # Both have come: 3001 is expected next. It is not the number of a
                    # segment that came, 2001, and not the last byte's, 3000.
                    --> ACK seq 300 ack 3001
            ",
        );
        plays_unlike_linux(
            lab,
            DELAYS,
            "An ACK number is the next expected number. It covers everything before it.",
            r#"
                    with irs=77 mss=1000
              0 ms  <-- seq 78 ack 300 "h"
             10     <-- seq 79 ack 300 "ello"
                    # A second segment is acknowledged at once, whatever its size.
                    # Numbers count bytes: 78 is the first, 82 the last.
                    --> ACK seq 300 ack 83
                    # Most of the offer is left, so no window update is due.
                    recv(10) = "hello"
            "#,
        );
    });
}

#[test]
fn s7_a_gap_makes_immediate_duplicate_acks() {
    lab(|lab| {
        plays(
            lab,
            "A segment behind a hole is kept, and answered at once with the number where the hole begins.",
            "
              0 ms  <-- seq 2001 ack 300 len 1000
                    # 1001 to 2000 have not come. The ACK number stays before the
                    # hole. Behind the hole, it would lose those bytes for ever.
                    --> ACK seq 300 ack 1001
             10     <-- seq 3001 ack 300 len 500
                    # Each segment behind the hole is answered: after three, the
                    # sender resends the missing segment (RFC 5681).
                    --> ACK seq 300 ack 1001
             20     <-- seq 3501 ack 300 len 1
                    --> ACK seq 300 ack 1001
                    # Nothing can be read before the hole is filled.
                    recv(9999) = 0
            ",
        );
        lab.scene("ten segments behind a hole");
        let ten = (0..10).map(|n| {
            let seq = 2001 + 100 * n;
            format!("{n} <-- seq {seq} ack 300 len 100\n--> ACK seq 300 ack 1001\n")
        });
        plays(
            lab,
            "Each segment behind a hole gets its own duplicate ACK, however many there are: each tells the sender that one more segment has left the network (RFC 5681, section 3.2).",
            &ten.collect::<String>(),
        );
    });
}

#[test]
fn s7_filling_the_gap_acks_at_once() {
    lab(|lab| {
        plays(
            lab,
            "The sender that fills a hole, or a part of it, waits for the ACK: it leaves at once.",
            "
              0 ms  <-- seq 2001 ack 300 len 1000
                    --> ACK seq 300 ack 1001
             50     <-- seq 1001 ack 300 len 1000
                    # The hole is filled. 2001 to 3000 were kept, so 3001 is expected
                    # next. The sender waits for this ACK, so it leaves at once.
                    --> ACK seq 300 ack 3001
                    # 2000 bytes are left of the offer, so no window update is due.
                    recv(9999) = 2000
            ",
        );
        lab.scene("a part of the hole");
        plays_unlike_linux(
            lab,
            DELAYS,
            "The sender that fills a hole, or a part of it, waits for the ACK: it leaves at once.",
            "
              0 ms  <-- seq 3001 ack 300 len 1000
                    --> ACK seq 300 ack 1001
             10     <-- seq 1001 ack 300 len 500
                    # A part of the hole is filled: at once (RFC 5681, section 4.2).
                    --> ACK seq 300 ack 1501
             20     <-- seq 1501 ack 300 len 1500
                    --> ACK seq 300 ack 4001
             30     <-- seq 4001 ack 300 len 10
                    # No hole any more: this one can wait.
             31     nothing
            230     --> ACK seq 300 ack 4011
            ",
        );
        lab.scene("two holes");
        plays(
            lab,
            "The sender that fills a hole, or a part of it, waits for the ACK: it leaves at once.",
            "
              0 ms  <-- seq 1501 ack 300 len 500
                    --> ACK seq 300 ack 1001
              1     <-- seq 2501 ack 300 len 500
                    --> ACK seq 300 ack 1001
              2     <-- seq 1001 ack 300 len 500
                    # The first hole is filled, the second begins with 2001.
                    --> ACK seq 300 ack 2001
                    recv(9999) = 1000
              3     <-- seq 2001 ack 300 len 500
                    --> ACK seq 300 ack 3001
                    recv(9999) = 1000
            ",
        );
    });
}

#[test]
fn s7_what_came_already_is_acknowledged_at_once() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            DELAYS,
            "A sender that repeats bytes does not know that they have come.",
            "
              0 ms  <-- seq 1001 ack 300 len 1000
            200     --> ACK seq 300 ack 2001
            900     <-- seq 1001 ack 300 len 1000
                    # It came once more, so our ACK was lost. The sender resends until
                    # it gets an ACK.
                    --> ACK seq 300 ack 2001
            901     <-- seq 1501 ack 300 len 1000
                    # 500 old bytes and 500 new ones: it came in order, and can wait.
            902     nothing
                    RCV.NXT=2501
           1101     --> ACK seq 300 ack 2501
                    recv(9999) = 1500
            ",
        );
        plays(
            lab,
            "A sender that repeats bytes does not know that they have come.",
            "
              0 ms  <-- seq 1501 ack 300 len 500
                    --> ACK seq 300 ack 1001
              1     <-- seq 1501 ack 300 len 500
                    # It is behind the hole, and has already come: still a duplicate
                    # ACK.
                    --> ACK seq 300 ack 1001
            ",
        );
    });
}

#[test]
fn s7_old_bytes_with_a_new_fin() {
    lab(|lab| {
        for (seq, len) in [(1001, 10), (1006, 5), (1010, 1)] {
            lab.scene(format!(
                "10 bytes, then the last {len} of them once more, with FIN"
            ));
            plays_unlike_linux(
                lab,
                DELAYS,
                "All its bytes have come, but its FIN is new. The FIN has the last number of the segment, so the segment is \
                 acceptable.",
                &format!(
                    "
                    0 ms  <-- seq 1001 ack 300 len 10
                  200     --> ACK seq 300 ack 1011
                  900     <-- FIN,ACK seq {seq} ack 300 len {len}
                          # The FIN is new, and uses the number 1011. A receiver that drops
                          # it with the old bytes never gets it, however often the peer
                          # sends it. The stream is complete: the ACK leaves at once.
                          --> ACK seq 300 ack 1012
                          CLOSE-WAIT
                          recv(99) = 10
                    "
                ),
            );
        }
    });
}

#[test]
fn s7_what_is_not_acceptable_is_acked_and_dropped() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            ROOM,
            "An unacceptable segment is acknowledged at once, and nothing of it is kept (RFC 9293, section 3.10.7.4, first check).",
            "
              0 ms  <-- seq 5001 ack 300 len 100
                    # The window is 1001 to 5000. The ACK tells the sender our
                    # position, and nothing is kept (RFC 9293, section 3.10.7.4, first
                    # check).
                    --> ACK seq 300 ack 1001 win 4000
             10     <-- seq 1000 ack 300
                    # An empty segment before the window: a keep-alive probe looks
                    # like this, and needs an answer.
                    --> ACK seq 300 ack 1001 win 4000
             20     <-- seq 1000 ack 300 len 1
                    --> ACK seq 300 ack 1001 win 4000
             30     <-- seq 9001 ack 300
                    --> ACK seq 300 ack 1001 win 4000
             40     <-- FIN,ACK seq 5001 ack 300
                    --> ACK seq 300 ack 1001 win 4000
                    ESTABLISHED
             50     <-- seq 1001 ack 300 len 4000
            100     nothing
                    # The dropped segment did not count as a first one, and its bytes
                    # do not follow these.
            250     --> ACK seq 300 ack 5001
                    recv(9999) = 4000
                    # A window update, and with it all is said.
                    --> ACK seq 300 ack 5001
                    # Nothing is owed, and no more room than was told.
                    recv(9999) = 0
            ",
        );
    });
}

#[test]
fn s7_what_has_room_is_kept() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            ROOM,
            "Bytes outside the window are kept if there is room for them.",
            "
              0 ms  <-- seq 1001 ack 300 len 3500
            200     --> ACK seq 300 ack 4501 win 500
                    # 900 bytes are free now: less than a step, so they are not offered.
                    recv(900) = 900
            300     <-- seq 4501 ack 300 len 1500
                    # 500 bytes lie in the window. There is room for 900 more, and the
                    # last 100 are cut off.
            500     --> ACK seq 300 ack 5901 win 0
                    recv(9999) = 4000
                    --> ACK seq 300 ack 5901 win 4000
            ",
        );
    });
}

#[test]
fn s7_what_begins_before_the_syn() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            TRIMS,
            "No byte has the number of the SYN, 1000, or a number before it. Such a segment is not believed, and acknowledged at once.",
            "
              0 ms  <-- seq 500 ack 300 len 10
                    --> ACK seq 300 ack 1001
              1     <-- seq 999 ack 300
                    --> ACK seq 300 ack 1001
              2     <-- seq 990 ack 300 len 100
                    # Its last number, 1089, is in the window, so it is acceptable. But
                    # this peer never had a byte 990.
                    --> ACK seq 300 ack 1001
              3     <-- FIN,ACK seq 800 ack 300 len 250
                    --> ACK seq 300 ack 1001
                    ESTABLISHED
                    recv(99) = 0
                    RCV.NXT=1001
            ",
        );
    });
}

#[test]
fn s7_a_syn_that_comes_again() {
    lab(|lab| {
        lab.scene("the peer sends its SYN,ACK once more: our ACK of it was lost");
        plays_unlike_linux(
            lab,
            DELAYS,
            "It is not acceptable, and acknowledged at once. Otherwise the peer resends it for ever.",
            "
              0 ms  <-- SYN,ACK seq 1000 ack 300
                    --> ACK seq 300 ack 1001
            500     <-- seq 1001 ack 300 len 9
            700     --> ACK seq 300 ack 1010
           1000     <-- SYN,ACK seq 1000 ack 300
                    --> ACK seq 300 ack 1010
            ",
        );
        lab.scene("a SYN elsewhere");
        plays(
            lab,
            "A SYN uses a number, so it is acknowledged: with RCV.NXT, at once. (RFC 9293, section 3.10.7.4 calls this a challenge \
             ACK.)",
            "
              0 ms  <-- SYN seq 1001
                    --> ACK seq 300 ack 1001
              1     <-- SYN seq 2000
                    --> ACK seq 300 ack 1001
              2     <-- SYN,ACK seq 5000 ack 300
                    --> ACK seq 300 ack 1001
              3     <-- SYN seq 9000
                    --> ACK seq 300 ack 1001
                    RCV.NXT=1001
            ",
        );
        lab.scene("the SYN,ACK once more, with 10 bytes of which 9 are here");
        plays_unlike_linux(
            lab,
            DELAYS,
            "The SYN counts in the length. Number 1010 is the last of the segment, and the expected one.",
            "
              0 ms  <-- seq 1001 ack 300 len 9
            200     --> ACK seq 300 ack 1010
            300     <-- SYN,ACK seq 1000 ack 300 len 10
                    RCV.NXT=1011
            499     nothing
            500     --> ACK seq 300 ack 1011
                    recv(99) = 10
            ",
        );
        lab.scene("a SYN and a FIN in one segment");
        plays_unlike_linux(
            lab,
            SYNS,
            "SYN and FIN use a number each. The FIN's is 1001, the expected one.",
            "
              0 ms  <-- SYN,FIN,ACK seq 1000 ack 300
                    --> ACK seq 300 ack 1002
                    CLOSE-WAIT
            ",
        );
        lab.scene("more data behind the SYN than the window has");
        plays(
            lab,
            "The segment uses numbers 1000 to 1100. The window is 1001 to 1050, and neither the first nor the last is in it: not \
             acceptable.",
            "
                    with capacity=50
              0 ms  <-- SYN,ACK seq 1000 ack 300 len 100
                    --> ACK seq 300 ack 1001
                    recv(99) = 0
            ",
        );
    });
}

#[test]
fn s7_an_ack_is_not_acknowledged() {
    lab(|lab| {
        plays(
            lab,
            "An ACK without data uses no number: there is nothing to acknowledge. Two machines that acknowledge ACKs never stop.",
            "
              0 ms  <-- seq 1001 ack 300
              1     <-- seq 1001 ack 300
              2     <-- seq 4000 ack 300
           9999     nothing
            ",
        );
        plays_unlike_linux(
            lab,
            DELAYS,
            "An ACK without data brings no bytes. The acknowledgment for the data before it stays owed.",
            "
              0 ms  <-- seq 1001 ack 300 len 10
              1     <-- seq 1011 ack 300
                    # The ACK brings no bytes, and does not count as a second segment.
                    # The acknowledgment for the data stays owed.
            199     nothing
            200     --> ACK seq 300 ack 1011
            201     <-- seq 1021 ack 300 len 10
                    --> ACK seq 300 ack 1011
                    # With a hole, too, an ACK is not acknowledged.
            202     <-- seq 1011 ack 300
           9999     nothing
            ",
        );
    });
}

#[test]
fn s7_a_reset_is_not_answered() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            RESETS,
            "The connection handles a RST (chapter 12). It is never acknowledged, and brings no data.",
            "
              0 ms  <-- RST seq 1001
              1     <-- RST seq 9
              2     <-- RST,ACK seq 1001 ack 300 len 5
              3     <-- RST seq 9000 len 5
           9999     nothing
                    RCV.NXT=1001
                    recv(9) = 0
            ",
        );
    });
}

#[test]
fn s7_the_window_is_what_is_free_in_bytes() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            DELAYS,
            "The window is the distance from the next expected number to the edge, in bytes.",
            "
              0 ms  <-- seq 1001 ack 300 len 1000
                    # The edge is 5001, and stays there as bytes come: RCV.NXT +
                    # RCV.WND.
                    RCV.NXT=2001 RCV.WND=3000
              1     <-- seq 2001 ack 300 len 500
                    # 4000 bytes of room, 1500 taken. Bytes, not segments.
                    --> ACK seq 300 ack 2501 win 2500
              2     <-- seq 4001 ack 300 len 500
                    # The bytes behind the hole lie in the window. They do not make it
                    # smaller.
                    --> ACK seq 300 ack 2501 win 2500
                    recv(1500) = 1500
              3     <-- seq 2501 ack 300 len 1500
                    # 1500 bytes are read, 2000 can be.
                    --> ACK seq 300 ack 4501 win 2000
            ",
        );
        plays_unlike_linux(
            lab,
            DELAYS,
            "The window is the distance from the next expected number to the edge, in bytes.",
            "
              0 ms  <-- seq 1001 ack 300 len 1000
                    recv(1000) = 1000
              1     <-- seq 3001 ack 300 len 1000
                    # 1000 are read, so 4000 are free from 2001 on. The waiting bytes
                    # lie in them.
                    --> ACK seq 300 ack 2001 win 4000
            ",
        );
        plays_unlike_linux(
            lab,
            DELAYS,
            "The window is the distance from the next expected number to the edge, in bytes.",
            "
                    with capacity=100000
              0 ms  <-- seq 1001 ack 300 len 1000
              1     <-- seq 2001 ack 300 len 1000
                    # There is room for 98000. The field has 16 bits.
                    --> ACK seq 300 ack 3001 win 65535
            ",
        );
    });
}

#[test]
fn s7_the_right_edge_never_moves_left() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            DELAYS,
            "What was offered stays offered (RFC 9293, section 3.8.6).",
            "
              0 ms  <-- seq 1001 ack 300 len 1500
            200     --> ACK seq 300 ack 2501 win 2500
                    recv(500) = 500
            300     <-- seq 2501 ack 300 len 1000
            301     <-- seq 3501 ack 300 len 1000
                    # 500 bytes were read: too little for a new edge. The old one was
                    # 5001, and bytes on their way must fit (RFC 9293, section 3.8.6).
                    --> ACK seq 300 ack 4501 win 500
            302     <-- seq 4501 ack 300 len 500
                    # Nothing is left of the offer. The room for 500 is not offered
                    # yet: small windows make small segments.
            502     --> ACK seq 300 ack 5001 win 0
                    RCV.WND=0
            ",
        );
    });
}

#[test]
fn s7_a_buffer_over_time() {
    lab(|lab| {
        lab.why("The bytes that can be read and those that wait lie in the same room, and the edge moves when the step is large enough.");
        let script = Script::parse(
            "
                    with linux=no # Linux delays otherwise, and has more room
              0 ms  <-- seq 1001 ack 300 len 1000
             10     <-- seq 3001 ack 300 len 1000
                    # 2001 to 3000 are lost.
                    --> ACK seq 300 ack 2001 win 3000
             20     <-- seq 4001 ack 300 len 1000
                    --> ACK seq 300 ack 2001 win 3000
             50     recv(600) = 600
             90     <-- seq 2001 ack 300 len 1000
                    # The hole is filled, and the waiting bytes follow it: 5001 is
                    # expected next. 600 bytes of room are too few for a new edge.
                    --> ACK seq 300 ack 5001 win 0
            150     recv(1400) = 1400
                    # 2000 bytes are free now: a window update.
                    --> ACK seq 300 ack 5001 win 2000
            160     <-- seq 5001 ack 300 len 1000
            300     recv(9999) = 3000
            360     --> ACK seq 300 ack 6001 win 4000
            ",
        );
        let script = script.unwrap_or_else(|mistake| panic!("{mistake}"));
        let half = lab.you("Receiver::new(1000, 4000, 1000)", || Half::new(&script));
        let mut watched = Watched::new(half, 4000);
        lab.plays_with(&script, &mut watched);
        lab.draws("10-buffer", watched.draw("A receive buffer over time"));
    });
}

#[test]
fn s7_a_slow_reader_closes_and_reopens_the_window() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            ROOM,
            "A sender waits at a closed window until it is told of room. It is told only when the room is enough for a segment.",
            "
              0 ms  <-- seq 1001 ack 300 len 1000
              1     <-- seq 2001 ack 300 len 1000
                    --> ACK seq 300 ack 3001 win 2000
              2     <-- seq 3001 ack 300 len 1000
              3     <-- seq 4001 ack 300 len 1000
                    # The program has read nothing: the buffer is full, and the sender
                    # must wait.
                    --> ACK seq 300 ack 5001 win 0
           1000     <-- seq 5001 ack 300 len 1
                    # The sender asks with a probe of one byte. The byte has no room,
                    # and the answer says so.
                    --> ACK seq 300 ack 5001 win 0
           2000     recv(600) = 600
                    # 600 bytes are free. Less than a segment and less than half of
                    # the room: the sender is not told.
           2200     <-- seq 5001 ack 300 len 1
                    # It has not been told, so it may not send: these bytes are
                    # outside the offered window.
                    --> ACK seq 300 ack 5001 win 0
           2500     nothing
                    recv(400) = 400
                    # 1000 bytes are free: a window update, at once. Without it the
                    # sender waits, although there is room.
                    --> ACK seq 300 ack 5001 win 1000
                    RCV.WND=1000
           2600     recv(1000) = 1000
                    # The sender can send a segment already. The next ACK tells the
                    # rest.
           2700     <-- seq 5001 ack 300 len 1000
           2900     --> ACK seq 300 ack 6001 win 1000
           3000     recv(9999) = 3000
           3001     <-- seq 6001 ack 300 len 1000
           3201     --> ACK seq 300 ack 7001 win 3000
                    recv(9999) = 1000
                    # 3000 bytes are left of the offer: no update.
           9999     nothing
            ",
        );
        plays_unlike_linux(
            lab,
            ROOM,
            "A sender waits at a closed window until it is told of room. It is told only when the room is enough for a segment.",
            "
                    with capacity=600 mss=1000
              0 ms  <-- seq 1001 ack 300 len 600
            200     --> ACK seq 300 ack 1601 win 0
                    recv(299) = 299
           1000     nothing
                    recv(1) = 1
                    # Half of the room is free. There is never room for a whole segment.
                    --> ACK seq 300 ack 1601 win 300
                    recv(9999) = 300
           1100     <-- seq 1601 ack 300 len 300
                    recv(9999) = 300
                    # Nothing was left of the offer once more, and the sender is told
                    # once more.
                    --> ACK seq 300 ack 1901 win 600
            ",
        );
        plays_unlike_linux(
            lab,
            ROOM,
            "The step is a segment, of the size that this side has announced: here 100 bytes.",
            "
                    with capacity=1000 mss=100
              0 ms  <-- seq 1001 ack 300 len 1000
            200     --> ACK seq 300 ack 2001 win 0
                    recv(99) = 99
           1000     nothing
                    recv(1) = 1
                    --> ACK seq 300 ack 2001 win 100
            ",
        );
        plays_unlike_linux(
            lab,
            ROOM,
            "The step is a segment of 40000 bytes, because half of the room is more. The limit of 65535 for a window does not change it.",
            "
                    with capacity=200000 mss=40000
              0 ms  <-- seq 1001 ack 300 len 33000
                    # From 34001 on, 65535 could be offered. The edge would move by
                    # 33000, less than a step.
            200     --> ACK seq 300 ack 34001 win 32535
                    recv(99999) = 33000
           9999     nothing
            ",
        );
    });
}

#[test]
fn s7_an_update_does_not_wait_for_the_delay() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            DELAYS,
            "The sender may be waiting for room, so it is told at once.",
            "
                    with capacity=2000
              0 ms  <-- seq 1001 ack 300 len 1500
                    recv(1500) = 1500
                    # 500 bytes are left of the offer, less than a segment, and there
                    # is room for 2000: an update leaves at once, and carries the ACK.
                    --> ACK seq 300 ack 2501 win 2000
           9999     nothing
            ",
        );
    });
}

#[test]
fn s7_every_second_segment_and_no_later_than_the_delay() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            DELAYS,
            "Every second segment is acknowledged at once, and a single one no later than 200 ms after it came.",
            "
                    with capacity=60000
              0 ms  <-- seq 1001 ack 300 len 1000
              5     <-- seq 2001 ack 300 len 1000
                    # Every second segment is acknowledged at once (RFC 9293, section
                    # 3.8.6.3).
                    --> ACK seq 300 ack 3001
             10     <-- seq 3001 ack 300 len 1000
             15     <-- seq 4001 ack 300 len 1000
                    --> ACK seq 300 ack 5001
             20     <-- seq 5001 ack 300 len 1000
                    # One segment, and none after it: 200 ms after it came, an ACK
                    # leaves by itself (MUST-40: less than 500 ms).
            219     nothing
            220     --> ACK seq 300 ack 6001
           9999     nothing
            ",
        );
        plays_unlike_linux(
            lab,
            DELAYS,
            "Every second segment is acknowledged at once, whatever its size.",
            "
              0 ms  <-- seq 1001 ack 300 len 1
              5     <-- seq 1002 ack 300 len 2
                    --> ACK seq 300 ack 1004
             10     <-- seq 1004 ack 300 len 700
             15     <-- seq 1704 ack 300 len 1
                    --> ACK seq 300 ack 1705
             20     <-- seq 1705 ack 300 len 1
             25     <-- seq 1706 ack 300 len 700
                    --> ACK seq 300 ack 2406
            ",
        );
        plays_unlike_linux(
            lab,
            DELAYS,
            "Two segments that come at the same moment are two, and the second is acknowledged at once.",
            "
              0 ms  <-- seq 1001 ack 300 len 5
                    <-- seq 1006 ack 300 len 5
                    --> ACK seq 300 ack 1011
             70     <-- seq 1011 ack 300 len 1000
                    <-- seq 2011 ack 300 len 1000
                    --> ACK seq 300 ack 3011
            ",
        );
    });
}

#[test]
fn s7_push_is_no_reason_to_hurry() {
    lab(|lab| {
        for len in [1, 10, 1000] {
            lab.scene(format!("{len} bytes with PSH"));
            plays_unlike_linux(
                lab,
                DELAYS,
                "PSH means that the program should get the data. It does not affect the acknowledgment, which can wait for the program's answer.",
                &format!(
                    "
                    0 ms  <-- PSH,ACK seq 1001 ack 300 len {len}
                  199     nothing
                  200     --> ACK seq 300 ack {}
                    ",
                    1001 + len
                ),
            );
        }
    });
}

#[test]
fn s7_one_segment_pays_all_that_is_owed() {
    lab(|lab| {
        let why = "The ACK that leaves says everything. One more, when the time of the first segment is over, would be one too many.";
        lab.scene("in order, and then one that is not acceptable");
        plays_unlike_linux(
            lab,
            DELAYS,
            why,
            "
              0 ms  <-- seq 1001 ack 300 len 10
              1     <-- seq 9001 ack 300 len 10
                    --> ACK seq 300 ack 1011
           9999     nothing
            ",
        );
        lab.scene("in order, and then one behind a hole");
        plays_unlike_linux(
            lab,
            DELAYS,
            why,
            "
              0 ms  <-- seq 1001 ack 300 len 10
              1     <-- seq 1101 ack 300 len 10
                    --> ACK seq 300 ack 1011
           9999     nothing
            ",
        );
        lab.scene("a window update");
        plays_unlike_linux(
            lab,
            DELAYS,
            why,
            "
              0 ms  <-- seq 1001 ack 300 len 3500
                    recv(3500) = 3500
                    --> ACK seq 300 ack 4501 win 4000
           9999     nothing
            ",
        );
        lab.scene("a window update is due, and a segment with data leaves");
        let mut r = receiver(lab);
        comes(lab, &mut r, 0, "seq 1001 ack 300 len 3500");
        lab.you("read(3500)", || r.read(3500));
        lab.why(
            "500 bytes are left of the offer, less than a segment, and there is room for 4000.",
        );
        plans(lab, &r, 0, "Now");
        let window = lab.you("rcv_wnd()", || r.rcv_wnd());
        lab.because(
            "Reading tells the peer nothing. It knows of 500 bytes until a segment leaves.",
        )
        .same("rcv_wnd()", window, 500);
        lab.why("Now a segment leaves, and there is room for 4000.");
        stamps(lab, &mut r, "seq 300 len 9", (4501, 4000));
        lab.why("The segment with data has announced the window. A window update after it would say nothing new.");
        plans(lab, &r, 0, "Nothing");
        plans(lab, &r, 500, "Nothing");
    });
}

#[test]
fn s7_what_is_owed_stays_owed_until_a_segment_leaves() {
    lab(|lab| {
        for (what, third) in [
            ("a part of the hole", "seq 1001 ack 300 len 500"),
            ("what is acknowledged", "seq 1001 ack 300"),
            ("a reset", "RST seq 1001"),
        ] {
            lab.scene(format!(
                "a segment behind a hole, and then {what}; nothing has left"
            ));
            let mut r = receiver(lab);
            comes(lab, &mut r, 0, "seq 2001 ack 300 len 1000");
            comes(lab, &mut r, 1, third);
            lab.why("The first segment had to be acknowledged at once. No segment has left since.");
            plans(lab, &r, 1, "Now");
            comes(lab, &mut r, 300, "seq 3001 ack 300 len 10");
            plans(lab, &r, 300, "Now");
        }
        lab.scene("the owner asks late");
        let mut r = receiver(lab);
        comes(lab, &mut r, 0, "seq 1001 ack 300 len 10");
        comes(lab, &mut r, 300, "seq 1011 ack 300 len 10");
        lab.why("An acknowledgment is owed since the first segment, and none has left.");
        plans(lab, &r, 300, "Now");
        lab.scene("the program reads all before a segment leaves");
        for (last, plan) in [("", "Later(200ms)"), ("FIN,ACK ", "Now")] {
            let mut r = receiver(lab);
            comes(lab, &mut r, 0, &format!("{last}seq 1001 ack 300 len 5"));
            lab.you("read(9)", || r.read(9));
            lab.why("The program's read tells the peer nothing.");
            plans(lab, &r, 0, plan);
        }
        for reset in ["RST seq 1011", "RST,ACK seq 1011 ack 300 len 5"] {
            lab.scene(format!("{reset} while an acknowledgment is owed"));
            plays_unlike_linux(
                lab,
                RESETS,
                "A segment with RST changes neither the stream nor the owed acknowledgment. (The connection handles its own end.)",
                &format!(
                    "
                    0 ms  <-- seq 1001 ack 300 len 10
                    1     <-- {reset}
                  199     nothing
                  200     --> ACK seq 300 ack 1011
                    "
                ),
            );
        }
    });
}

#[test]
fn s7_every_segment_that_leaves_is_stamped_alike() {
    lab(|lab| {
        for text in [
            "seq 300",
            "seq 300 len 5",
            "FIN,ACK seq 300 ack 1",
            "FIN seq 300 len 5",
            "SYN seq 299",
            "RST seq 300",
        ] {
            lab.scene(format!("{text} leaves while an acknowledgment is owed"));
            let mut r = receiver(lab);
            comes(lab, &mut r, 0, "seq 1001 ack 300 len 5");
            lab.why("Every segment that leaves has the next expected number and the window.");
            stamps(lab, &mut r, text, (1006, 3995));
            lab.why("It has carried the acknowledgment, so nothing is owed any more.");
            plans(lab, &r, 500, "Nothing");

            lab.scene(format!(
                "{text} leaves, nothing is owed, and room has become free"
            ));
            let mut r = receiver(lab);
            comes(lab, &mut r, 0, "seq 1001 ack 300 len 1000");
            comes(lab, &mut r, 0, "seq 2001 ack 300 len 1000");
            lab.why("4000 bytes of room, and 2000 can be read.");
            stamps(lab, &mut r, "seq 300", (3001, 2000));
            lab.you("read(2000)", || r.read(2000));
            lab.why("2000 bytes are left of the offer: the sender goes on by itself.");
            plans(lab, &r, 1, "Nothing");
            lab.why(
                "Every segment that leaves has the window of Offer::renew: 2000 more bytes are free than were offered.",
            );
            stamps(lab, &mut r, text, (3001, 4000));
            plans(lab, &r, 500, "Nothing");
        }
    });
}

#[test]
fn s7_a_reply_carries_the_ack() {
    lab(|lab| {
        plays(
            lab,
            "An acknowledgment can wait for a segment that leaves anyway: one segment, not two.",
            r#"
              0 ms  <-- seq 1001 ack 300 "hello?"
             40     recv(100) = "hello?"
                    send(3)
                    # The answer carries the acknowledgment and the window: one
                    # segment, not two.
                    --> ACK seq 300 ack 1007 len 3 win 3994
           9999     nothing
                    # The next one's time starts again.
          10000     <-- seq 1007 ack 303 "more"
          10200     --> ACK seq 303 ack 1011
            "#,
        );
        plays(
            lab,
            "Each segment has the next expected number and the window.",
            "
              0 ms  send(3)
                    # Nothing has come, but each segment has the next expected number,
                    # and the window.
                    --> ACK seq 300 ack 1001 len 3 win 4000
            ",
        );
    });
}

#[test]
fn s7_a_fin_takes_a_number_and_is_acked_at_once() {
    lab(|lab| {
        plays(
            lab,
            "A FIN has a number of its own, and is acknowledged at once.",
            "
              0 ms  <-- FIN,ACK seq 1001 ack 300 len 5
                    # 5 bytes, and one number for the FIN: 1007 is expected next. The
                    # peer waits for this ACK.
                    --> ACK seq 300 ack 1007
                    CLOSE-WAIT
                    recv(9) = 5
                    ours recv(9) = 0   linux recv(9) = end
           9999     nothing
            ",
        );
        plays_unlike_linux(
            lab,
            DELAYS,
            "A FIN has a number of its own, and is acknowledged at once.",
            "
              0 ms  <-- seq 1001 ack 300 len 5
              9     <-- FIN,ACK seq 1006 ack 300
                    --> ACK seq 300 ack 1007
                    CLOSE-WAIT
             20     <-- FIN,ACK seq 1006 ack 300
                    # The FIN comes again: the ACK was lost. It is answered, and takes
                    # no second number.
                    --> ACK seq 300 ack 1007
             30     <-- seq 1007 ack 300
           9999     nothing
            ",
        );
        lab.scene("it comes again when the program has read all");
        plays(
            lab,
            "The FIN comes again: the ACK was lost. Whatever the program has read, a peer without an ACK resends its FIN for ever.",
            "
              0 ms  <-- FIN,ACK seq 1001 ack 300 len 5
                    --> ACK seq 300 ack 1007
                    recv(9) = 5
             20     <-- FIN,ACK seq 1006 ack 300
                    --> ACK seq 300 ack 1007
             30     <-- FIN,ACK seq 1001 ack 300 len 5
                    --> ACK seq 300 ack 1007
                    ours recv(9) = 0   linux recv(9) = end
            ",
        );
    });
}

#[test]
fn s7_what_comes_when_the_stream_is_complete() {
    lab(|lab| {
        lab.scene("a keep-alive, and an ACK");
        plays(
            lab,
            "1007 is expected next. An empty segment elsewhere is not acceptable, and is answered. One at 1007 is not answered.",
            "
                    with capacity=5
              0 ms  <-- FIN,ACK seq 1001 ack 300 len 5
                    --> ACK seq 300 ack 1007 win 0
             10     <-- seq 1007 ack 300
            500     nothing
             1 s    <-- seq 1006 ack 300
                    # A keep-alive: an empty segment one before the expected number.
                    # It asks whether we are still there.
                    --> ACK seq 300 ack 1007
              2 s   <-- seq 1007 ack 300
           9999     nothing
            ",
        );
        lab.scene("the window");
        plays(
            lab,
            "The window is counted from RCV.NXT, as always, and RCV.NXT counts the FIN.",
            "
              0 ms  <-- FIN,ACK seq 1001 ack 300 len 1000
                    # The edge is 5001, and 2002 is expected next: it follows the FIN,
                    # 2001. The window is the distance, 2999.
                    --> ACK seq 300 ack 2002 win 2999
                    recv(9999) = 1000
              1     <-- FIN,ACK seq 2001 ack 300
                    # All room is free. The peer does not need it, but the window is
                    # still that of Offer::renew.
                    --> ACK seq 300 ack 2002 win 4000
            ",
        );
        lab.scene("the program reads a part");
        plays(
            lab,
            "The stream is complete, so the peer has nothing to send, and does not wait for room: no window update.",
            "
              0 ms  <-- FIN,ACK seq 1001 ack 300 len 3999
                    --> ACK seq 300 ack 5001 win 0
                    recv(2000) = 2000
            100     nothing
                    recv(1000) = 1000
           9999     nothing
            ",
        );
    });
}

#[test]
fn s7_an_update_leaves_whatever_is_missing() {
    lab(|lab| {
        let why = "500 bytes are left of the offer, and 3500 more are free: the sender may be waiting, and is told. It needs room for the bytes that fill the hole, and for later bytes.";
        for behind in [
            "seq 4601 ack 300 len 100",
            "FIN,ACK seq 4601 ack 300 len 100",
            "FIN,ACK seq 4601 ack 300",
        ] {
            lab.scene(format!("3500 bytes, and behind a hole {behind}"));
            plays_unlike_linux(
                lab,
                ROOM,
                why,
                &format!(
                    "
                    0 ms  <-- seq 1001 ack 300 len 3500
                    1     <-- {behind}
                          --> ACK seq 300 ack 4501 win 500
                    2     recv(3500) = 3500
                          --> ACK seq 300 ack 4501 win 4000
                    "
                ),
            );
        }
        lab.scene("just a step is free, and 100 bytes wait");
        plays_unlike_linux(
            lab,
            ROOM,
            "1000 bytes have been read, so the edge can move by 1000: a step. The waiting bytes lie in the room, and do not make it smaller.",
            "
              0 ms  <-- seq 1001 ack 300 len 3500
              1     <-- seq 4601 ack 300 len 100
                    --> ACK seq 300 ack 4501 win 500
                    recv(999) = 999
            100     nothing
                    recv(1) = 1
                    --> ACK seq 300 ack 4501 win 1500
            ",
        );
        lab.scene("a read that gives nothing");
        plays_unlike_linux(
            lab,
            ROOM,
            "535 bytes are left of the offer, and there is room for 135000. Check after each read whether an update is due.",
            "
                    with capacity=200000
              0 ms  <-- seq 1001 ack 300 len 65000
                    recv(0) = 0
                    --> ACK seq 300 ack 66001 win 65535
              1     <-- seq 66001 ack 300 len 1000
                    # A stream of more than 64 KiB: its numbers have 32 bits.
            201     --> ACK seq 300 ack 67001 win 65535
                    recv(99999) = 66000
            ",
        );
    });
}

#[test]
fn s7_a_fin_alone_at_a_closed_window() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            ROOM,
            "A FIN uses a number, and at a window of 0 no segment that uses a number is acceptable (table 6 of RFC 9293). It is answered, \
             and comes again.",
            "
              0 ms  <-- seq 1001 ack 300 len 4000
            200     --> ACK seq 300 ack 5001 win 0
            300     <-- FIN,ACK seq 5001 ack 300
                    --> ACK seq 300 ack 5001 win 0
                    ESTABLISHED
                    recv(9999) = 4000
                    --> ACK seq 300 ack 5001 win 4000
            900     <-- FIN,ACK seq 5001 ack 300
                    --> ACK seq 300 ack 5002
                    CLOSE-WAIT
            ",
        );
    });
}

#[test]
fn s7_a_fin_waits_for_the_hole() {
    lab(|lab| {
        plays(
            lab,
            "A FIN says where the stream ends. Its turn comes when every byte before it has come.",
            "
              0 ms  <-- FIN,ACK seq 1513 ack 300 len 100
                    # The end has come, but 512 bytes before it have not. No number
                    # behind the hole is acknowledged.
                    --> ACK seq 300 ack 1001
                    ESTABLISHED
                    recv(999) = 0
             10     <-- seq 1001 ack 300 len 512
                    # Now everything has come: 612 bytes and the FIN.
                    --> ACK seq 300 ack 1614
                    CLOSE-WAIT
                    recv(999) = 612
            ",
        );
        plays(
            lab,
            "A FIN says where the stream ends. Its turn comes when every byte before it has come.",
            "
              0 ms  <-- FIN,ACK seq 1101 ack 300
                    --> ACK seq 300 ack 1001
                    # The FIN waits behind the hole, alone. Each part of the hole that
                    # is filled is acknowledged at once.
              1     <-- seq 1001 ack 300 len 50
                    --> ACK seq 300 ack 1051
                    ESTABLISHED
              2     <-- seq 1051 ack 300 len 50
                    --> ACK seq 300 ack 1102
                    CLOSE-WAIT
            ",
        );
    });
}

#[test]
fn s7_data_behind_the_fin_is_ignored() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            SILENT,
            "Nothing lies behind the end of a stream.",
            "
              0 ms  <-- FIN,ACK seq 1001 ack 300 len 5
                    --> ACK seq 300 ack 1007
                    # 4000 were offered from 1001 on. The 5 bytes and the FIN use 6
                    # numbers, and RCV.WND is counted from 1007.
                    RCV.WND=3994
              5     <-- seq 1010 ack 300
             10     <-- seq 1007 ack 300 len 5
                    # There is nothing behind the end. The ACK tells the sender that
                    # 1007 is still expected next.
                    --> ACK seq 300 ack 1007
             20     <-- FIN,ACK seq 1007 ack 300 len 5
                    --> ACK seq 300 ack 1007
                    recv(99) = 5
                    recv(99) = 0
            ",
        );
    });
}

#[test]
fn s7_a_full_buffer_and_a_fin() {
    lab(|lab| {
        plays(
            lab,
            "A FIN needs no room, and a peer that has sent one needs no more room.",
            "
                    with capacity=1000
              0 ms  <-- FIN,ACK seq 1001 ack 300 len 1000
                    # The data fills the window, and the FIN behind it needs no room.
                    --> ACK seq 300 ack 2002 win 0
                    CLOSE-WAIT
                    # The peer has no more to send, so it does not wait for room: no
                    # update.
           1000     recv(9999) = 1000
           9999     nothing
            ",
        );
        plays_unlike_linux(
            lab,
            ROOM,
            "A FIN whose bytes have no room has not come.",
            "
                    with capacity=1000
              0 ms  <-- FIN,ACK seq 1001 ack 300 len 1001
                    # One byte has no room, so the FIN behind it has not come either.
            100     nothing
            200     --> ACK seq 300 ack 2001 win 0
                    ESTABLISHED
                    recv(9999) = 1000
                    --> ACK seq 300 ack 2001 win 1000
            ",
        );
    });
}

#[test]
fn s7_data_behind_a_syn() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            SYNS,
            "A SYN uses the first number of its segment, and data begins behind it.",
            r#"
                    # The SYN,ACK that opened the connection brought data. Its SYN has
                    # number 1000, its first byte 1001.
              0 ms  <-- SYN,ACK seq 1000 ack 300 "hello"
            200     --> ACK seq 300 ack 1006
                    recv(9) = "hello"
            "#,
        );
        plays_unlike_linux(
            lab,
            TRIMS,
            "A SYN uses the first number of its segment, and data begins behind it.",
            r#"
              0 ms  <-- seq 1000 ack 300 "xhello"
                    # Number 1000 is the SYN's. A byte cannot have it, so this segment
                    # is not believed.
                    --> ACK seq 300 ack 1001
                    recv(9) = ""
                    RCV.NXT=1001
            "#,
        );
    });
}

#[test]
fn s7_numbers_wrap_in_the_middle_of_a_stream() {
    lab(|lab| {
        plays_unlike_linux(
            lab,
            DELAYS,
            "After 4294967295 (0xffffffff) comes 0, in the middle of a stream, too.",
            "
                    with irs=0xffffff00
                    # The first byte has 0xffffff01, and 0x100 bytes later the numbers
                    # wrap to 0.
              0 ms  <-- seq 0xffffff01 ack 300 len 200
              1     <-- seq 0xffffffc9 ack 300 len 100
                    # 55 numbers to the top, and 45 from 0 on.
                    --> ACK seq 300 ack 45
              2     <-- seq 145 ack 300 len 100
                    --> ACK seq 300 ack 45
              3     <-- seq 45 ack 300 len 100
                    --> ACK seq 300 ack 245
              4     <-- seq 0xffffffff ack 300 len 300
                    # It begins before the wrap, and 54 bytes of it are new.
            204     --> ACK seq 300 ack 299
                    recv(9999) = 554
            ",
        );
        plays_unlike_linux(
            lab,
            DELAYS,
            "After 4294967295 (0xffffffff) comes 0, in the middle of a stream, too.",
            "
                    with irs=0xffffffff
              0 ms  <-- seq 0 ack 300 len 10
                    # The SYN had the last number. The first byte has 0.
            200     --> ACK seq 300 ack 10
                    recv(9999) = 10
              1 s   <-- FIN,ACK seq 10 ack 300
                    --> ACK seq 300 ack 11
            ",
        );
        plays(
            lab,
            "After 4294967295 (0xffffffff) comes 0, in the middle of a stream, too.",
            "
                    with irs=0xfffffffe
              0 ms  <-- FIN,ACK seq 0xffffffff ack 300
                    # The FIN has the last number.
                    --> ACK seq 300 ack 0
            ",
        );
    });
}

#[test]
fn s7_a_stamp_changes_the_two_fields_alone() {
    lab(|lab| {
        for window in [0, 777] {
            let mut receiver = Receiver::new(Seq(5), 1000, 100);
            let before = Segment {
                seq: Seq(42),
                ack: (window > 0).then_some(Seq(99)),
                syn: true,
                fin: true,
                psh: window > 0,
                window,
                mss: Some(536),
                payload: b"data".to_vec(),
                ..Segment::default()
            };
            let mut segment = before.clone();
            lab.you("stamp(segment)", || receiver.stamp(&mut segment));
            lab.because("The next expected number, and the window.")
                .same(
                    "ack and window",
                    (segment.ack.map(|ack| ack.0), segment.window),
                    (Some(6), 1000),
                );
            let rest = |it: &Segment| {
                let flags = (it.syn, it.fin, it.rst, it.psh);
                (it.seq.0, flags, it.mss, it.payload.clone())
            };
            lab.because("Everything else is the sender's.").same(
                "the rest of the segment",
                rest(&segment),
                rest(&before),
            );
        }
    });
}

/// A sender that knows nothing of what has come, and a network that may do everything to what it sends.
#[test]
fn s7_any_network_any_reader_the_same_stream() {
    lab(|lab| {
        for seed in lab.seeds(25) {
            let mut dice = Dice::new(seed);
            let irs = dice.next() as u32 | if dice.one_in(2) { 0xffff_f800 } else { 0 };
            let capacity = 1 + dice.below(3000) as usize;
            let mss = 20 + dice.below(700) as u16;
            let total = 2500;
            let text = netlab::script::stream(7, total);
            lab.scene(format!("irs {irs}, room for {capacity} bytes, segments of up to {mss}, {total} bytes and FIN"));
            let mut receiver = Receiver::new(Seq(irs), capacity, mss);
            // As the peer knows it: what is acknowledged, and how far it may send. Numbers are counted from the SYN.
            let (mut acked, mut edge) = (1, 1 + capacity as u64);
            let mut read = Vec::new();
            let mut now = Duration::ZERO;
            while !receiver.inbound().is_over() {
                now += Duration::from_millis(1);
                if now > Duration::from_secs(60) {
                    lab.because("A peer that resends all unacknowledged bytes that it may send gets everything through. (Does the window open again?)")
                        .fails("the whole stream in a minute", format!("{} bytes are read, {acked} is acknowledged, the edge is {edge}", read.len()));
                }
                // Anything that was sent or may be sent, cut anywhere. More often what is wanted.
                let first = match dice.below(3) {
                    0 => acked,
                    1 => 1 + dice.below(edge),
                    _ => acked + dice.below(3 * u64::from(mss)),
                };
                let last = edge.min(1 + total as u64);
                if first <= last {
                    let length = dice.below(u64::from(mss) + 1).min(last - first);
                    let from = first as usize - 1;
                    let payload = text[from..from + length as usize].to_vec();
                    let fin = first + length == 1 + total as u64 && !dice.one_in(3);
                    let segment = Segment {
                        seq: Seq(irs.wrapping_add(first as u32)),
                        ack: Some(Seq(300)),
                        fin,
                        payload,
                        ..Segment::default()
                    };
                    let what = format!(
                        "on_segment({now:?}, byte {first}, {length} bytes{})",
                        if fin { ", FIN" } else { "" }
                    );
                    lab.you(&what, || receiver.on_segment(now, &segment));
                }
                if dice.one_in(3) {
                    let max = dice.below(2000) as usize;
                    read.extend(lab.you(&format!("read({max})"), || receiver.read(max)));
                    lab.because("The program must read the sent bytes, each once.")
                        .same_bytes(
                            "what has been read so far",
                            &read,
                            &text[..read.len().min(total)],
                        );
                }
                if receiver.plan(now) != AckPlan::Now {
                    continue;
                }
                let mut ack = Segment::default();
                lab.you("stamp(ack)", || receiver.stamp(&mut ack));
                if dice.one_in(4) {
                    continue; // It is lost.
                }
                let number = ack.ack.map_or(0, |ack| ack.0.wrapping_sub(irs));
                let (next, window) = (u64::from(number), u64::from(ack.window));
                lab.because(
                    "An ACK number never goes back: acknowledged bytes are never requested again.",
                )
                .holds(
                    next >= acked,
                    format!("{acked} or more acknowledged"),
                    next,
                );
                let is_end = next == 2 + total as u64;
                lab.because("The right edge never moves left.").holds(
                    next + window + u64::from(is_end) >= edge,
                    format!("an edge of {edge} or more"),
                    next + window,
                );
                lab.because("Never offer more than the room.").holds(
                    next + window <= 1 + read.len() as u64 + capacity as u64 + u64::from(is_end),
                    format!("an edge of at most {}", 1 + read.len() + capacity),
                    next + window,
                );
                (acked, edge) = (next, next + window);
            }
            lab.because(
                "The stream is over when every byte before the FIN was read, and not earlier.",
            )
            .same_bytes("what has been read", &read, &text);
        }
    });
}
