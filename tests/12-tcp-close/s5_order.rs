//! Step 5: the end in good order.

use netlab::lab;

use super::scenes::{accepted, opened, plays};

const SHUTDOWN: &str = "shutdown(now)";
const GOES_ON: &str = "goes_on(now, sign)";
const LATE: &str = "arrives_late(now, segment)";
const OVER: &str = "waits_no_longer()";

#[test]
fn s5_the_active_close() {
    lab(|lab| {
        lab.why("The first closer goes through FIN-WAIT-1 and FIN-WAIT-2, and waits for two MSL.");
        plays(
            lab,
            GOES_ON,
            &opened(
                "with msl=1000",
                "
             10 shutdown()
                # The FIN uses a number (RFC 9293, figure 12).
                --> FIN,ACK seq 101 ack 301
                FIN-WAIT-1
                SND.NXT=102
             20 <-- ACK seq 301 ack 102
                FIN-WAIT-2
             30 <-- FIN,ACK seq 301 ack 102
                # The peer's FIN uses a number, too.
                --> ACK seq 102 ack 302
                TIME-WAIT
                recv() = end
           2030 ours CLOSED
                # Two MSL later nothing is left.
           9000 ours nothing
        ",
            ),
        );
    });
}

#[test]
fn s5_the_passive_close() {
    lab(|lab| {
        lab.why("The second closer goes through CLOSE-WAIT and LAST-ACK, and does not wait.");
        for script in [
            accepted(
                "with iss=300",
                "
                 10 <-- FIN,ACK seq 101 ack 301
                    --> ACK seq 301 ack 102
                    CLOSE-WAIT
                    recv() = end
                 20 shutdown()
                    --> FIN,ACK seq 301 ack 102
                    LAST-ACK
                 30 <-- ACK seq 102 ack 302
                    # The second closer does not wait.
                    CLOSED
              900 s nothing
            ",
            ),
            opened(
                "",
                "
                 10 <-- FIN,PSH,ACK seq 301 ack 101 \"bye\"
                    --> ACK seq 101 ack 305
                    CLOSE-WAIT
                 20 recv() = \"bye\"
                    recv() = end
                 30 shutdown()
                    --> FIN,ACK seq 101 ack 305
                 40 <-- ACK seq 305 ack 102
                    CLOSED
            ",
            ),
        ] {
            plays(lab, GOES_ON, &script);
        }
    });
}

#[test]
fn s5_fin_and_ack_in_one_segment() {
    lab(|lab| {
        plays(lab, GOES_ON, &opened("with msl=500", "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
             20 <-- FIN,ACK seq 301 ack 102
                # It acknowledges our FIN and closes: three segments, and straight from FIN-WAIT-1 (figure 5, note 2).
                --> ACK seq 102 ack 302
                TIME-WAIT
           1020 ours CLOSED
        "));
    });
}

#[test]
fn s5_simultaneous_close() {
    lab(|lab| {
        plays(
            lab,
            GOES_ON,
            &opened(
                "with msl=500",
                "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
             20 <-- FIN,ACK seq 301 ack 101
                # The FINs have crossed (figure 13): ours is not acknowledged, and theirs must be.
                --> ACK seq 102 ack 302
                CLOSING
             30 <-- ACK seq 302 ack 102
                # Both have seen everything, and both wait.
                TIME-WAIT
           1030 ours CLOSED
        ",
            ),
        );
    });
}

#[test]
fn s5_half_close_keeps_receiving() {
    lab(|lab| {
        lab.why("A FIN closes one direction. The other one can carry data for any time.");
        plays(
            lab,
            SHUTDOWN,
            &opened(
                "with linux=no",
                "
             10 send(\"GET\") = 3
                --> PSH,ACK seq 101 ack 301 \"GET\"
                shutdown()
                --> FIN,ACK seq 104 ack 301
             20 <-- ACK seq 301 ack 105
                FIN-WAIT-2
             30 <-- ACK seq 301 ack 105 len 1000
                <-- ACK seq 1301 ack 105 len 1000
                # Our FIN says that *we* are done. The peer may go on for any
                # time, and its data is acknowledged (sends, step 4).
                ours --> ACK seq 105 ack 2301
                linux --> ACK seq 105 ack 1301
                linux --> ACK seq 105 ack 2301
                recv() = 2000
           5000 <-- PSH,ACK seq 2301 ack 105 len 500
           5100 <-- FIN,ACK seq 2801 ack 105
                ours --> ACK seq 105 ack 2802
                TIME-WAIT
                recv() = 500
                recv() = end
        ",
            ),
        );
        plays(
            lab,
            SHUTDOWN,
            &opened(
                "",
                "
             10 <-- FIN,ACK seq 301 ack 101
                --> ACK seq 101 ack 302
             20 send(5) = 5
                # The peer has closed its direction, not ours.
                --> PSH,ACK seq 101 ack 302 len 5
             30 <-- ACK seq 302 ack 106
                send(5) = 5
                --> PSH,ACK seq 106 ack 302 len 5
                CLOSE-WAIT
        ",
            ),
        );
    });
}

#[test]
fn s5_close_with_unsent_data_sends_it_first() {
    lab(|lab| {
        lab.why("A FIN follows all data that the program has written.");
        plays(
            lab,
            SHUTDOWN,
            &opened(
                "with linux=no buffer=8000",
                "
             10 send(8000) = 8000
                --> seq 101 ack 301 len 1000
                --> seq 1101 ack 301 len 1000
                --> seq 2101 ack 301 len 1000
                --> seq 3101 ack 301 len 1000
                --> seq 4101 ack 301 len 1000
                shutdown()
                # The window is full, and so is the buffer: 3000 bytes wait, and
                # the FIN follows them.
                FIN-WAIT-1
                send(5) = 0
             20 <-- ACK seq 301 ack 5101
                --> seq 5101 ack 301 len 1000
                --> seq 6101 ack 301 len 1000
                --> FIN,PSH,ACK seq 7101 ack 301 len 1000
                FIN-WAIT-1
             30 <-- ACK seq 301 ack 8101
                # All bytes are acknowledged; the FIN has number 8101.
                FIN-WAIT-1
             40 <-- ACK seq 301 ack 8102
                FIN-WAIT-2
        ",
            ),
        );
    });
}

#[test]
fn s5_after_the_fin_nothing_is_sent() {
    lab(|lab| {
        plays(
            lab,
            SHUTDOWN,
            &opened(
                "",
                "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
             20 ours send(5) = 0
                ours shutdown()
                # Once is enough.
            100 nothing
                FIN-WAIT-1
            110 <-- ACK seq 301 ack 102
        ",
            ),
        );
        plays(
            lab,
            SHUTDOWN,
            &opened(
                "with linux=no linger=5000",
                "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
             20 <-- ACK seq 301 ack 102
                FIN-WAIT-2
            100 shutdown()
                # It has already done so. The program still reads, and may wait
                # for any time.
         60 s   FIN-WAIT-2
        ",
            ),
        );
    });
}

#[test]
fn s5_a_lost_fin_is_sent_again() {
    lab(|lab| {
        for script in [
            opened(
                "with linux=no",
                "
                 10 shutdown()
                    --> FIN,ACK seq 101 ack 301
               1010 --> FIN,ACK seq 101 ack 301
               1100 <-- ACK seq 301 ack 102
                    FIN-WAIT-2
            ",
            ),
            opened(
                "with linux=no",
                "
                 10 <-- FIN,ACK seq 301 ack 101
                    --> ACK seq 101 ack 302
                 20 shutdown()
                    --> FIN,ACK seq 101 ack 302
               1020 --> FIN,ACK seq 101 ack 302
                    LAST-ACK
               1100 <-- ACK seq 302 ack 102
                    CLOSED
            ",
            ),
            opened(
                "with linux=no",
                "
                 10 shutdown()
                    --> FIN,ACK seq 101 ack 301
                 20 <-- FIN,ACK seq 301 ack 101
                    --> ACK seq 102 ack 302
                    CLOSING
                    # Both have closed, but our FIN may be lost: the sender's timer
                    # runs in every state.
               1010 --> FIN,ACK seq 101 ack 302
                    CLOSING
               1100 <-- ACK seq 302 ack 102
                    TIME-WAIT
            ",
            ),
        ] {
            plays(lab, SHUTDOWN, &script);
        }
    });
}

#[test]
fn s5_a_fin_waits_for_the_hole_before_it() {
    lab(|lab| {
        plays(
            lab,
            GOES_ON,
            &opened(
                "",
                "
             10 <-- FIN,ACK seq 401 ack 101
                # Bytes 301 to 400 are missing: the stream has not ended yet.
                --> ACK seq 101 ack 301
                ESTABLISHED
                recv() = 0
             20 <-- ACK seq 301 ack 101 len 100
                --> ACK seq 101 ack 402
                CLOSE-WAIT
                recv() = 100
                recv() = end
        ",
            ),
        );
    });
}

#[test]
fn s5_a_fin_again_is_acknowledged_again() {
    lab(|lab| {
        plays(
            lab,
            GOES_ON,
            &opened(
                "",
                "
             10 <-- FIN,ACK seq 301 ack 101
                --> ACK seq 101 ack 302
           1010 <-- FIN,ACK seq 301 ack 101
                # The ACK was lost. The state already knows the FIN.
                --> ACK seq 101 ack 302
                CLOSE-WAIT
        ",
            ),
        );
    });
}

#[test]
fn s5_shutdown_before_it_is_open() {
    lab(|lab| {
        lab.why("The effect of a close depends on the state: LISTEN, SYN-SENT, or SYN-RECEIVED.");
        for script in [
            "
               0 ms  listen()
                     shutdown()
                     # No peer has come: nothing is left of it.
                     CLOSED
               100   nothing",
            "
               0 ms  connect()
                     --> SYN seq 100
               10    shutdown()
                     # No answer has come.
                     CLOSED
               10 s  nothing",
            "
               0 ms  listen()
                     <-- SYN seq 300
                     --> SYN,ACK seq 100 ack 301
               10    shutdown()
                     SYN-RECEIVED
               20    <-- ACK seq 301 ack 101
                     established
                     # As soon as it is open, it closes: `begins` (step 4) calls shutdown.
                     --> FIN,ACK seq 101 ack 301
                     FIN-WAIT-1
               30    <-- PSH,ACK seq 301 ack 102 len 10
                     # Only our direction is closed: the program still reads.
                     FIN-WAIT-2
                     recv() = 10",
            "
               0 ms  listen()
                     <-- SYN seq 300
                     --> SYN,ACK seq 100 ack 301
             1000    --> SYN,ACK seq 100 ack 301
             1100    shutdown()
                     # The SYN,ACK was sent twice. That makes no difference.
                     SYN-RECEIVED
             1200    <-- ACK seq 301 ack 101
                     established
                     --> FIN,ACK seq 101 ack 301",
            "
               0 ms  listen()
                     <-- SYN seq 300
                     --> SYN,ACK seq 100 ack 301
               10    shutdown()
                     SYN-RECEIVED
               20    <-- ACK seq 301 ack 101 \"hi\"
                     established
                     # The segment that opens brings data, and the close still follows.
                     --> FIN,ACK seq 101 ack 303
                     FIN-WAIT-1
                     recv() = \"hi\"",
            "
               0 ms  shutdown()
                     CLOSED
                     close()
                     CLOSED",
        ] {
            let script = format!("with linux=no\n{script}");
            plays(lab, SHUTDOWN, &script);
        }
    });
}

#[test]
fn s5_only_the_first_closer_waits() {
    lab(|lab| {
        lab.why(
            "It waits for two MSL, 2 s each, from the moment when it enters TIME-WAIT, at 10 ms.",
        );
        plays(
            lab,
            OVER,
            &opened(
                "with linux=no msl=2000",
                "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
                <-- FIN,ACK seq 301 ack 102
                --> ACK seq 102 ack 302
           1000 TIME-WAIT
           4009 ours TIME-WAIT
                # Two MSL after the peer's FIN.
           4010 ours CLOSED
           5000 <-- FIN,ACK seq 301 ack 102
                # The connection has been forgotten.
                ours --> RST seq 102
        ",
            ),
        );
    });
}

#[test]
fn s5_a_lost_last_ack_is_sent_again_and_the_wait_begins_anew() {
    lab(|lab| {
        plays(
            lab,
            LATE,
            &opened(
                "with msl=1000",
                "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
                <-- ACK seq 301 ack 102
             20 <-- FIN,ACK seq 301 ack 102
                # Each FIN is acknowledged, although both streams are complete.
                --> ACK seq 102 ack 302    lost
           1020 <-- FIN,ACK seq 301 ack 102
                # The peer sends its FIN again, so our ACK was lost. It gets
                # another one, and the two MSL restart.
                --> ACK seq 102 ack 302
           1030 <-- FIN,ACK seq 301 ack 102
                # Each FIN is answered.
                --> ACK seq 102 ack 302
                # Two MSL after the FIN that came last, at 1030 ms.
           3029 ours TIME-WAIT
           3030 ours CLOSED
        ",
            ),
        );
    });
}

#[test]
fn s5_the_last_fin_is_still_acknowledged() {
    lab(|lab| {
        for way in [
            "<-- ACK seq 301 ack 102
                <-- FIN,ACK seq 301 ack 102",
            "<-- FIN,ACK seq 301 ack 102",
        ] {
            plays(
                lab,
                GOES_ON,
                &opened(
                    "",
                    &format!(
                        "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
                {way}
                # TIME-WAIT has begun, and the streams stay: the ACK of the peer's FIN still has to leave.
                --> ACK seq 102 ack 302
                TIME-WAIT
        "
                    ),
                ),
            );
        }
    });
}

#[test]
fn s5_a_close_in_time_wait_does_not_begin_it_anew() {
    lab(|lab| {
        lab.why("A sign that does not change the state changes nothing: only the peer's FIN restarts the two MSL.");
        for call in ["close()", "shutdown()"] {
            plays(
                lab,
                GOES_ON,
                &opened(
                    "with linux=no msl=1000",
                    &format!(
                        "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
                <-- FIN,ACK seq 301 ack 102
                # TIME-WAIT has begun, and the streams stay: the ACK of the peer's FIN still has to leave.
                --> ACK seq 102 ack 302
                recv() = end
           1000 {call}
                TIME-WAIT
           2009 TIME-WAIT
                # Two MSL after the peer's FIN, at 10 ms.
           2010 CLOSED
        "
                    ),
                ),
            );
        }
    });
}

#[test]
fn s5_what_comes_late_ends_here() {
    lab(|lab| {
        plays(
            lab,
            LATE,
            &opened(
                "with linux=no msl=1000",
                "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
                <-- FIN,ACK seq 301 ack 102
                --> ACK seq 102 ack 302
            100 <-- ACK seq 302 ack 102
                # Every connection ends with this ACK; no answer.
            200 nothing
                <-- ACK seq 250 ack 90 len 51
                # An old duplicate. It has payload, so it is answered. It does no
                # harm here, because there is no more room.
                --> ACK seq 102 ack 302 win 0
            800 <-- SYN seq 250
                --> ACK seq 102 ack 302 win 0
            900 <-- SYN seq 250
                # Not twice in half a second.
                ours TIME-WAIT
            950 <-- ACK seq 250 ack 90 len 51
                # But a segment with payload is always answered
                # (Challenges::answers).
                --> ACK seq 102 ack 302
           1000 ours nothing
           2010 ours CLOSED
        ",
            ),
        );
    });
}

#[test]
fn s5_the_answer_to_a_late_fin_does_not_count() {
    lab(|lab| {
        plays(
            lab,
            LATE,
            &opened(
                "with linux=no msl=1000",
                "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
                <-- FIN,ACK seq 301 ack 102
                --> ACK seq 102 ack 302
            100 <-- FIN,ACK seq 301 ack 102
                --> ACK seq 102 ack 302
            200 <-- SYN seq 250
                # The answer to a FIN does not count: this is the first one that does.
                --> ACK seq 102 ack 302
            300 <-- FIN,ACK seq 301 ack 102
                # A FIN is always answered, even within half a second.
                --> ACK seq 102 ack 302
            699 <-- SYN seq 250
                # The SYN before this one was answered less than half a second ago.
                nothing
            700 <-- SYN seq 250
                # Half a second has passed since then.
                --> ACK seq 102 ack 302
        ",
            ),
        );
    });
}

#[test]
fn s5_a_reset_ends_time_wait() {
    lab(|lab| {
        for (seq, state) in [(302, "CLOSED"), (303, "TIME-WAIT"), (301, "TIME-WAIT")] {
            plays(
                lab,
                LATE,
                &opened(
                    "with msl=1000",
                    &format!(
                        "
                 10 shutdown()
                    --> FIN,ACK seq 101 ack 301
                    <-- FIN,ACK seq 301 ack 102
                    --> ACK seq 102 ack 302
                100 <-- RST seq {seq}
                    # It must be exactly RCV.NXT, which is 302. The program is not
                    # told: it has everything.
                    {state}
                200 nothing
            "
                    ),
                ),
            );
        }
        plays(
            lab,
            LATE,
            &opened(
                "with linux=no msl=1000",
                "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
                <-- FIN,PSH,ACK seq 301 ack 102 \"late\"
                --> ACK seq 102 ack 306
                TIME-WAIT
             20 <-- RST seq 306
                CLOSED
                # The streams stay: the program can still read what has come.
                recv() = \"late\"
                recv() = end
        ",
            ),
        );
    });
}

#[test]
fn s5_what_has_come_can_be_read_after_the_end() {
    lab(|lab| {
        lab.why("After the end of the connection the received data can still be read.");
        plays(
            lab,
            OVER,
            &opened(
                "with msl=100",
                "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
             20 <-- FIN,PSH,ACK seq 301 ack 102 \"late\"
                --> ACK seq 102 ack 306
                TIME-WAIT
           1000 ours CLOSED
                # The connection is gone, but its data is not.
                recv() = \"late\"
                recv() = end
        ",
            ),
        );
        plays(
            lab,
            OVER,
            &opened(
                "",
                "
             10 <-- FIN,PSH,ACK seq 301 ack 101 \"late\"
                --> ACK seq 101 ack 306
                shutdown()
                --> FIN,ACK seq 101 ack 306
             20 <-- ACK seq 306 ack 102
                CLOSED
                recv(3) = \"lat\"
                recv() = \"e\"
                recv() = end
        ",
            ),
        );
    });
}

#[test]
fn s5_a_fin_into_a_shut_window_is_asked_about() {
    lab(|lab| {
        lab.why("A FIN needs room, too: while the peer's window is 0, it is a window probe (chapter 11), which is sent again and again.");
        plays(
            lab,
            GOES_ON,
            &opened(
                "with linux=no",
                "
             10 <-- ACK seq 301 ack 101 win 0
             20 shutdown()
                FIN-WAIT-1
           1020 --> FIN,ACK seq 101 ack 301
                # The peer still takes the FIN.
           1030 <-- ACK seq 301 ack 102 win 0
                FIN-WAIT-2
                SND.NXT=102
        ",
            ),
        );
    });
}
