//! Step 4: both directions of a connection.

use netlab::lab;

use super::scenes::{accepted, opened, plays};

const BEGINS: &str = "begins(now, segment)";
const TAKES: &str = "takes(now, segment)";
const ANSWERS: &str = "answers(now, segment)";
const SENDS: &str = "sends(now)";
const SEND: &str = "send(data)";
const RECV: &str = "recv(max)";

#[test]
fn s4_both_streams_begin_where_the_handshake_ends() {
    lab(|lab| {
        for script in [
            opened(
                "",
                "
                ESTABLISHED
                # The streams have the handshake's variables.
                SND.UNA=101 SND.NXT=101 SND.WND=5000 RCV.NXT=301 RCV.WND=65535
            ",
            ),
            accepted(
                "with iss=300",
                "
                ESTABLISHED
                SND.UNA=301 SND.NXT=301 SND.WND=5000 RCV.NXT=101 RCV.WND=65535
            ",
            ),
            "with iss=0xfffffffe room=2000
               0 ms  connect()
                     --> SYN seq 0xfffffffe win 2000
                     <-- SYN,ACK seq 0xffffffff ack 0xffffffff mss 1000 win 5000
                     # The room is the one in the SYN.
                     --> ACK seq 0xffffffff ack 0 win 2000
                     established
                     SND.NXT=0xffffffff RCV.NXT=0 RCV.WND=2000
                     send(5) = 5
                     --> seq 0xffffffff ack 0 len 5
                     SND.NXT=4"
                .to_owned(),
        ] {
            plays(lab, BEGINS, &script);
        }
    });
}

#[test]
fn s4_what_the_program_sends_leaves_with_the_acknowledgment() {
    lab(|lab| {
        lab.why(
            "Each segment carries the receiver's numbers, and the sender gets each ACK that comes.",
        );
        plays(
            lab,
            SENDS,
            &opened(
                "",
                "
             10 send(5) = 5
                # Every segment from ESTABLISHED on has an ACK: RCV.NXT, from the receiver.
                --> PSH,ACK seq 101 ack 301 len 5 win 65535
             20 <-- ACK seq 301 ack 106
                SND.UNA=106 SND.NXT=106
             30 send(\"hello\") = 5
                --> PSH,ACK seq 106 ack 301 \"hello\"
        ",
            ),
        );
    });
}

#[test]
fn s4_all_that_leaves_is_stamped() {
    lab(|lab| {
        lab.why("The sender makes segments without ACK number and window. The receiver writes both, so an owed ACK needs no segment of its own.");
        plays(
            lab,
            SENDS,
            &opened(
                "",
                "
             10 <-- PSH,ACK seq 301 ack 101 len 5
                linux --> ACK seq 101 ack 306
                send(2000) = 2000
                # The sender gives two segments. Both leave, and the receiver stamps both: ACK, RCV.NXT and the window.
                --> ACK seq 101 ack 306 len 1000
                # The second of two: it leaves as well, stamped like the first.
                --> ACK seq 1101 ack 306 len 1000
                SND.NXT=2101
            500 nothing
        ",
            ),
        );
        let lines = |from: u32, count: u32, ack: u32, window: u32| {
            let line = |n| {
                format!(
                    "                --> ACK seq {} ack {ack} len 100 win {window}\n",
                    from + 100 * n
                )
            };
            (0..count).map(line).collect::<String>()
        };
        plays(
            lab,
            SENDS,
            &format!(
                "
            with linux=no
              0 ms  connect()
                    --> SYN seq 100
                    <-- SYN,ACK seq 300 ack 101 mss 100 win 60000
                    --> ACK seq 101 ack 301
                    established
             10     send(3000) = 3000
                    # As many as the congestion window allows: chapter 11 decides.
{}
             20     <-- ACK seq 301 ack 1101 len 5
                    # It has grown. All segments of the sender leave, and are stamped.
{}
            500     nothing",
                lines(101, 10, 301, 65_535),
                lines(1101, 11, 306, 65_530),
            ),
        );
    });
}

#[test]
fn s4_data_that_leaves_carries_the_ack_that_is_due() {
    lab(|lab| {
        plays(
            lab,
            SENDS,
            &opened(
                "with linux=no",
                "
             10 send(6000) = 6000
                --> seq 101 ack 301 len 1000
                --> seq 1101 ack 301 len 1000
                --> seq 2101 ack 301 len 1000
                --> seq 3101 ack 301 len 1000
                --> seq 4101 ack 301 len 1000
             20 <-- FIN,ACK seq 301 ack 5101
                # The FIN needs an ACK at once, and there is room for more data
                # now: one segment does both. So the sender comes first.
                --> PSH,ACK seq 5101 ack 302 len 1000
                # So nothing more must be acknowledged.
            150 nothing
        ",
            ),
        );
    });
}

#[test]
fn s4_what_comes_is_read_and_acknowledged_in_time() {
    lab(|lab| {
        lab.why("The receiver decides when an ACK leaves: chapter 10.");
        plays(
            lab,
            SENDS,
            &opened(
                "",
                "
             10 <-- ACK seq 301 ack 101 len 1000
                RCV.NXT=1301
                # One segment: its ACK may wait for 200 ms. (Linux acknowledges the first ones at once.)
                linux --> ACK seq 101 ack 1301
            210 ours --> ACK seq 101 ack 1301 win 64535
                ours recv(0) = 0
                recv(400) = 400
                recv() = 600
                recv() = 0
            300 <-- ACK seq 1301 ack 101 len 1000
                linux --> ACK seq 101 ack 2301
            301 <-- ACK seq 2301 ack 101 len 1000
                # The second one is acknowledged at once.
                --> ACK seq 101 ack 3301
                recv() = 2000
        ",
            ),
        );
    });
}

#[test]
fn s4_an_answer_carries_the_acknowledgment() {
    lab(|lab| {
        lab.why(
            "A segment with data carries the acknowledgment, too: no other segment has to leave.",
        );
        plays(
            lab,
            SENDS,
            &opened(
                "",
                "
             10 <-- ACK seq 301 ack 101 \"ping\"
                # Linux acknowledges the first segments of a connection at once.
                linux --> ACK seq 101 ack 305
             20 recv() = \"ping\"
                send(\"pong\") = 4
                # One segment, not two: the answer leaves before 200 ms are over.
                --> PSH,ACK seq 101 ack 305 \"pong\"
             30 <-- ACK seq 305 ack 105
            500 nothing
        ",
            ),
        );
    });
}

#[test]
fn s4_data_on_the_segment_that_opens_is_not_lost() {
    lab(|lab| {
        for script in [
            "with iss=300
               0 ms  listen()
                     <-- SYN seq 100
                     --> SYN,ACK seq 300 ack 101
              50     <-- PSH,ACK seq 101 ack 301 len 5
                     established
                     # The ACK that opens the connection comes with data: both count.
                     RCV.NXT=106
                     linux --> ACK seq 301 ack 106
                     # A single segment came in order, at 50 ms: its ACK may wait for
                     # 200 ms.
             250     ours --> ACK seq 301 ack 106
                     recv() = 5",
            "with iss=300
               0 ms  listen()
                     <-- SYN seq 100
                     --> SYN,ACK seq 300 ack 101
              50     <-- FIN,PSH,ACK seq 101 ack 301 \"hi\"
                     established
                     # It brings data and the FIN.
                     --> ACK seq 301 ack 104
                     CLOSE-WAIT
                     recv() = \"hi\"
                     recv() = end",
            "with iss=300
               0 ms  listen()
                     <-- SYN seq 100
                     --> SYN,ACK seq 300 ack 101
              50     <-- FIN,ACK seq 101 ack 301
                     established
                     # A FIN without data counts, too.
                     --> ACK seq 301 ack 102
                     CLOSE-WAIT
                     recv() = end",
            "
            with linux=no
               0 ms  connect()
                     --> SYN seq 100
              50     <-- SYN,ACK seq 300 ack 101 \"hi\"
                     --> ACK seq 101 ack 301
                     established
                     # A SYN uses the first number, the data begins after it.
                     RCV.NXT=303
             250     ours --> ACK seq 101 ack 303
                     recv() = \"hi\"",
            "
            with iss=300 linux=no
               0 ms  listen()
                     <-- SYN seq 100
                     --> SYN,ACK seq 300 ack 101
              50     <-- ACK seq 104 ack 301 \"ping\"
                     established
                     # The first segment with data was lost, and this is the second:
                     # its data is behind a hole.
                     --> ACK seq 301 ack 101
                     recv() = 0
              60     <-- ACK seq 101 ack 301 \"one\"
                     --> ACK seq 301 ack 108
                     recv() = \"oneping\"",
        ] {
            plays(lab, BEGINS, script);
        }
    });
}

#[test]
fn s4_the_handshake_is_the_first_round_trip() {
    lab(|lab| {
        for script in [
            "
               0 ms  connect()
                     --> SYN seq 100
             600     <-- SYN,ACK seq 300 ack 101
                     --> ACK seq 101 ack 301
                     established
             700     send(5) = 5
                     --> seq 101 ack 301 len 5
                     # The SYN took 600 ms to be answered: RTO 600 + 4 · 300 = 1800 ms (RFC 6298).
            2500     --> seq 101 ack 301 len 5",
            "
               0 ms  listen()
             100     <-- SYN seq 300
                     --> SYN,ACK seq 100 ack 301
             500     <-- ACK seq 301 ack 101
                     established
                     send(5) = 5
                     --> seq 101 ack 301 len 5
                     # The SYN,ACK took 400 ms to be answered: RTO 1200 ms.
            1700     --> seq 101 ack 301 len 5",
            "
            with linux=no
               0 ms  connect()
                     --> SYN seq 100
            1000     --> SYN seq 100
            1400     <-- SYN,ACK seq 300 ack 101
                     --> ACK seq 101 ack 301
                     established
                     send(5) = 5
                     --> seq 101 ack 301 len 5
                     # It is unknown which SYN was answered (Karn). RTO 3 s (RFC 6298,
                     # 5.7).
            4400     --> seq 101 ack 301 len 5",
            "
            with linux=no
               0 ms  listen()
                     <-- SYN seq 300
                     --> SYN,ACK seq 100 ack 301
             100     <-- SYN seq 300
                     --> SYN,ACK seq 100 ack 301
             400     <-- ACK seq 301 ack 101
                     established
                     send(5) = 5
                     --> seq 101 ack 301 len 5
                     # The SYN,ACK was sent twice here, too.
            3400     --> seq 101 ack 301 len 5",
        ] {
            plays(lab, BEGINS, script);
        }
    });
}

#[test]
fn s4_segments_are_as_long_as_the_peer_wants() {
    lab(|lab| {
        plays(
            lab,
            BEGINS,
            &opened(
                "with linux=no",
                "
             10 send(2500) = 2500
                # The peer's MSS is 1000, its window 5000.
                --> seq 101 ack 301 len 1000
                --> seq 1101 ack 301 len 1000
             20 <-- ACK seq 301 ack 2101
                --> PSH,ACK seq 2101 ack 301 len 500
        ",
            ),
        );
        plays(
            lab,
            BEGINS,
            "
               with linux=no
               0 ms  connect()
                     --> SYN seq 100 mss 1460
                     <-- SYN,ACK seq 300 ack 101
                     --> ACK seq 101 ack 301
                     established
                     send(600) = 600
                     # No option: 536.
                     --> seq 101 ack 301 len 536
              10     <-- ACK seq 301 ack 637
                     --> seq 637 ack 301 len 64",
        );
    });
}

#[test]
fn s4_the_window_is_what_there_is_room_for() {
    lab(|lab| {
        plays(
            lab,
            BEGINS,
            "
            with room=2000 mss=1000 linux=no
               0 ms  connect()
                     --> SYN seq 100 mss 1000 win 2000
                     # The peer's MSS does not limit the peer's own segments.
                     <-- SYN,ACK seq 300 ack 101 mss 300 win 5000
                     --> ACK seq 101 ack 301 win 2000
                     established
              10     <-- ACK seq 301 ack 101 len 1000
                     <-- ACK seq 1301 ack 101 len 1000
                     --> ACK seq 101 ack 2301 win 0
                     RCV.WND=0
             100     recv(500) = 500
                     # Too little for an update: less than a segment.
             200     recv(500) = 500
                     # Room for a segment: the peer may be waiting for it.
                     --> ACK seq 101 ack 2301 win 1000
             300     <-- ACK seq 2301 ack 101 len 1000
             301     recv() = 2000
                     # The window opens again.
                     --> ACK seq 101 ack 3301 win 2000
             400     <-- ACK seq 3301 ack 101 len 1000
                     recv() = 1000
                     send(5) = 5
                     # Not the last announced window, but the receiver's stamp: there
                     # is room for 2000 again.
                     --> seq 101 ack 4301 len 5 win 2000",
        );
        plays(
            lab,
            BEGINS,
            "
            with room=2000 mss=500 linux=no
               0 ms  connect()
                     --> SYN seq 100 mss 500 win 2000
                     <-- SYN,ACK seq 300 ack 101 mss 1000 win 5000
                     --> ACK seq 101 ack 301 win 2000
                     established
              10     <-- ACK seq 301 ack 101 len 500
                     <-- ACK seq 801 ack 101 len 500
                     --> ACK seq 101 ack 1301 win 1000
                     <-- ACK seq 1301 ack 101 len 500
                     <-- ACK seq 1801 ack 101 len 500
                     --> ACK seq 101 ack 2301 win 0
             100     recv(500) = 500
                     # Our SYN has announced 500: the peer's segments are not longer,
                     # and there is room for one.
                     --> ACK seq 101 ack 2301 win 500",
        );
        plays(
            lab,
            BEGINS,
            "
            with room=100000 linux=no
               0 ms  connect()
                     --> SYN seq 100 win 65535
                     <-- SYN,ACK seq 300 ack 101
                     --> ACK seq 101 ack 301 win 65535
                     established
              10     <-- ACK seq 301 ack 101 len 40000
                     <-- ACK seq 40301 ack 101 len 20000
                     # The field has at most 65535, but the room is the configured one:
                     # 40000 are left of 100000.
                     --> ACK seq 101 ack 60301 win 40000",
        );
        plays(
            lab,
            BEGINS,
            "
            with room=100000
               0 ms  connect()
                     # The field has 16 bits.
                     --> SYN seq 100 win 65535
                     <-- SYN,ACK seq 300 ack 101
                     --> ACK seq 101 ack 301 win 65535
                     established",
        );
    });
}

#[test]
fn s4_an_ack_of_what_was_never_sent_brings_nothing() {
    lab(|lab| {
        plays(
            lab,
            TAKES,
            &opened(
                "",
                "
             10 send(5) = 5
                --> seq 101 ack 301 len 5
             20 <-- ACK seq 301 ack 107 len 10
                # We have sent up to number 105. Our ACK has our numbers, and we
                # take nothing of the segment, not even its data.
                --> ACK seq 106 ack 301
                RCV.NXT=301 SND.UNA=101
                recv() = 0
             30 <-- ACK seq 301 ack 106
                SND.UNA=106
        ",
            ),
        );
    });
}

#[test]
fn s4_acks_of_what_was_never_sent_are_not_all_answered() {
    lab(|lab| {
        lab.why(
            "Heard::Beyond: the receiver does not get it, and it is answered as `answers` says.",
        );
        plays(
            lab,
            TAKES,
            &opened(
                "",
                "
             10 <-- ACK seq 301 ack 200
                --> ACK seq 101 ack 301
             20 <-- ACK seq 301 ack 200
                # It is answered as in `answers`: not twice in half a second, or two ends would do so for ever (RFC 5961, section 7).
                ours nothing
                linux --> ACK seq 101 ack 301
            499 nothing
            510 <-- ACK seq 301 ack 200
                --> ACK seq 101 ack 301
        ",
            ),
        );
    });
}

#[test]
fn s4_data_beside_an_older_ack_is_taken() {
    lab(|lab| {
        plays(
            lab,
            TAKES,
            &opened(
                "",
                "
             10 send(2000) = 2000
                --> seq 101 ack 301 len 1000
                --> seq 1101 ack 301 len 1000
             20 <-- ACK seq 301 ack 2101
             30 <-- ACK seq 301 ack 1101 len 100
                # A later ACK has overtaken this one, so it is not new. But the
                # data is.
                linux --> ACK seq 2101 ack 401
                RCV.NXT=401 SND.UNA=2101
                recv() = 100
        ",
            ),
        );
        plays(
            lab,
            TAKES,
            &opened(
                "with linux=no",
                "
             10 send(5) = 5
                --> seq 101 ack 301 len 5
             20 <-- ACK seq 301 ack 101 len 100
                # It was sent before our data came, so it acknowledges nothing
                # new. Its data counts.
                RCV.NXT=401 SND.UNA=101
                recv() = 100
        ",
            ),
        );
    });
}

#[test]
fn s4_a_challenge_has_the_number_snd_nxt() {
    lab(|lab| {
        plays(
            lab,
            ANSWERS,
            &opened(
                "",
                "
             10 send(5) = 5
                --> seq 101 ack 301 len 5
             20 <-- RST seq 302
                # Our next number is 106, although the peer has not acknowledged
                # anything yet.
                --> ACK seq 106 ack 301
             30 <-- ACK seq 301 ack 106
        ",
            ),
        );
    });
}

#[test]
fn s4_what_is_not_answered_leaves_what_is_owed() {
    lab(|lab| {
        plays(
            lab,
            ANSWERS,
            &opened(
                "",
                "
             10 <-- RST seq 400
                --> ACK seq 101 ack 301
             20 <-- ACK seq 301 ack 101 len 100
                linux --> ACK seq 101 ack 401
             30 <-- RST seq 5000
                ours nothing
                linux --> ACK seq 101 ack 401
                # No answer has left at 30 ms, so the ACK of the 100 bytes is still owed.
            220 ours --> ACK seq 101 ack 401
        ",
            ),
        );
    });
}

#[test]
fn s4_what_does_not_fit_is_answered_with_our_numbers() {
    lab(|lab| {
        for script in [
            opened(
                "",
                "
                 10 <-- ACK seq 290 ack 101 len 5
                    # It has already come, and has payload: always answered.
                    --> ACK seq 101 ack 301
                 20 <-- ACK seq 290 ack 101 len 5
                    --> ACK seq 101 ack 301
                    RCV.NXT=301
                    recv() = 0
            ",
            ),
            opened(
                "",
                "
                 10 <-- SYN seq 5000
                    # A SYN is challenged.
                    --> ACK seq 101 ack 301
                    ESTABLISHED
            ",
            ),
            opened(
                "",
                "
                 10 <-- SYN,ACK seq 300 ack 101
                    # The SYN,ACK again: our ACK was lost.
                    --> ACK seq 101 ack 301
                    ESTABLISHED
            ",
            ),
            opened(
                "",
                "
                 10 <-- RST seq 302
                    # In the window, but not the next expected number.
                    --> ACK seq 101 ack 301
                 20 <-- RST seq 300
                100 nothing
                    ESTABLISHED
            ",
            ),
            opened(
                "",
                "
                 10 <-- ACK seq 299 ack 101
                    --> ACK seq 101 ack 301
                109 <-- ACK seq 299 ack 101
                    # Half a second has not passed since the last one.
                    ours nothing
                    linux --> ACK seq 101 ack 301
                510 <-- ACK seq 299 ack 101
                    --> ACK seq 101 ack 301
            ",
            ),
        ] {
            plays(lab, ANSWERS, &script);
        }
    });
}

#[test]
fn s4_such_an_answer_carries_what_is_owed() {
    lab(|lab| {
        plays(
            lab,
            ANSWERS,
            &opened(
                "",
                "
             10 <-- ACK seq 301 ack 101 len 100
                linux --> ACK seq 101 ack 401
             20 <-- ACK seq 200 ack 101 len 100
                # It acknowledges the 100 bytes as well, so nothing more is owed.
                --> ACK seq 101 ack 401
            500 nothing
        ",
            ),
        );
    });
}

#[test]
fn s4_what_is_lost_is_sent_again() {
    lab(|lab| {
        lab.why("The sender has a timer. The connection has to wake it, and send its segments.");
        plays(
            lab,
            SENDS,
            &opened(
                "with linux=no",
                "
            100 send(10) = 10
                --> seq 101 ack 301 len 10
                # The RTO is 1 s.
           1100 ours --> seq 101 ack 301 len 10
           3100 ours --> seq 101 ack 301 len 10
           3200 <-- ACK seq 301 ack 111
                SND.UNA=111
           9900 ours nothing
        ",
            ),
        );
        plays(
            lab,
            SENDS,
            &opened(
                "with linux=no",
                "
            100 send(10) = 10
                --> seq 101 ack 301 len 10
           1000 <-- ACK seq 301 ack 101 len 5
           1100 --> seq 101 ack 306 len 10
                # A repeated segment is stamped as well, with the newest numbers:
                # it carries the owed ACK, and none is owed any more.
           1200 nothing
        ",
            ),
        );
    });
}

#[test]
fn s4_a_silent_peer_is_given_up() {
    lab(|lab| {
        lab.why(
            "The sender gives up at some time. Then the connection is over, and the program must be told.",
        );
        plays(
            lab,
            SENDS,
            &opened(
                "with linux=no give_up=5000",
                "
            100 send(10) = 10
                --> seq 101 ack 301 len 10
           1100 --> seq 101 ack 301 len 10
           3100 --> seq 101 ack 301 len 10
           7100 timed-out
                # Nothing is sent, and nothing can be read.
                CLOSED
                send(5) = 0
                recv() = 0
           60 s nothing
        ",
            ),
        );
    });
}

#[test]
fn s4_the_buffer_has_an_end() {
    lab(|lab| {
        lab.why("The program is told how many bytes were taken: it keeps the others.");
        plays(
            lab,
            SEND,
            &opened(
                "with buffer=3000 linux=no",
                "
             10 send(2000) = 2000
                --> seq 101 ack 301 len 1000
                --> seq 1101 ack 301 len 1000
                # Room for 3000, of which 2000 are in flight.
                send(2000) = 1000
                --> seq 2101 ack 301 len 1000
                send(1) = 0
             20 <-- ACK seq 301 ack 1101
                send(5000) = 1000
                --> seq 3101 ack 301 len 1000
        ",
            ),
        );
    });
}

#[test]
fn s4_nothing_is_sent_before_it_is_open() {
    lab(|lab| {
        lab.why(
            "Before ESTABLISHED there is no stream: 0 tells the program that nothing was taken.",
        );
        plays(
            lab,
            SEND,
            "
             with linux=no
               0 ms  send(5) = 0
                     recv() = 0
                     connect()
                     --> SYN seq 100
                     send(5) = 0
                     <-- SYN,ACK seq 300 ack 101
                     --> ACK seq 101 ack 301
                     established
                     send(5) = 5
                     --> seq 101 ack 301 len 5",
        );
    });
}

#[test]
fn s4_after_the_peers_fin_the_program_still_sends() {
    lab(|lab| {
        plays(
            lab,
            SEND,
            &opened(
                "",
                "
             10 <-- FIN,ACK seq 301 ack 101
                --> ACK seq 101 ack 302
                CLOSE-WAIT
                # The peer has closed its direction. Ours is open.
             20 send(5) = 5
                --> PSH,ACK seq 101 ack 302 len 5
             30 <-- ACK seq 302 ack 106
        ",
            ),
        );
    });
}

#[test]
fn s4_what_has_come_is_read_in_whatever_state() {
    lab(|lab| {
        lab.why("Each side closes its own direction, and acknowledges the FIN of the other (shutdown and goes_on, step 5).");
        for script in [
            opened(
                "",
                "
                 10 <-- FIN,PSH,ACK seq 301 ack 101 len 10
                    --> ACK seq 101 ack 312
                    shutdown()
                    --> FIN,ACK seq 101 ack 312
                    LAST-ACK
                    # Both sides have closed. The program can still read the received
                    # data.
                    recv() = 10
                    recv() = end
                 20 <-- ACK seq 312 ack 102
            ",
            ),
            opened(
                "",
                "
                 10 shutdown()
                    --> FIN,ACK seq 101 ack 301
                 20 <-- FIN,PSH,ACK seq 301 ack 101 len 10
                    --> ACK seq 102 ack 312
                    CLOSING
                    # Both sides have closed. The program can still read the received
                    # data.
                    recv(4) = 4
                    recv() = 6
                    recv() = end
                 30 <-- ACK seq 312 ack 102
            ",
            ),
        ] {
            plays(lab, RECV, &script);
        }
    });
}

#[test]
fn s4_what_comes_out_of_order_is_read_in_order() {
    lab(|lab| {
        plays(
            lab,
            RECV,
            &opened(
                "",
                "
             10 <-- ACK seq 1301 ack 101 len 1000
                # A hole: the expected number is repeated, at once.
                --> ACK seq 101 ack 301
                recv() = 0
             20 <-- ACK seq 301 ack 101 len 1000
                # It is filled: all of it is acknowledged, at once.
                --> ACK seq 101 ack 2301
                recv(1500) = 1500
                recv() = 500
        ",
            ),
        );
    });
}
