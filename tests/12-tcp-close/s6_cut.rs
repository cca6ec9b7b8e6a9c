//! Step 6: the end at once.

use netlab::lab;

use super::scenes::{opened, plays};

const CLOSE: &str = "close(now)";
const ABORT: &str = "abort(now)";
const RESET: &str = "is_reset()";

/// From ESTABLISHED into each state that follows it: what leads there, and SND.NXT and RCV.NXT then.
const STATES: [(&str, &str, u32, u32); 7] = [
    ("ESTABLISHED", "", 101, 301),
    (
        "FIN-WAIT-1",
        "shutdown() --> FIN,ACK seq 101 ack 301",
        102,
        301,
    ),
    (
        "FIN-WAIT-2",
        "shutdown() --> FIN,ACK seq 101 ack 301 <-- ACK seq 301 ack 102",
        102,
        301,
    ),
    (
        "CLOSE-WAIT",
        "<-- FIN,ACK seq 301 ack 101 --> ACK seq 101 ack 302",
        101,
        302,
    ),
    (
        "CLOSING",
        "shutdown() --> FIN,ACK seq 101 ack 301 <-- FIN,ACK seq 301 ack 101 --> ACK seq 102 ack 302",
        102,
        302,
    ),
    (
        "LAST-ACK",
        "<-- FIN,ACK seq 301 ack 101 --> ACK seq 101 ack 302 shutdown() --> FIN,ACK seq 101 ack 302",
        102,
        302,
    ),
    (
        "TIME-WAIT",
        "shutdown() --> FIN,ACK seq 101 ack 301 <-- FIN,ACK seq 301 ack 102 --> ACK seq 102 ack 302",
        102,
        302,
    ),
];

/// One line each: what leads into a state.
fn way(way: &str) -> String {
    let way = way
        .replace("-->", "\n-->")
        .replace("<--", "\n<--")
        .replace("shutdown", "\nshutdown");
    let lines = way.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| format!("                {line}\n"))
        .collect()
}

#[test]
fn s6_close_with_unread_data_sends_rst() {
    lab(|lab| {
        for script in [
            opened(
                "",
                "
                 10 <-- PSH,ACK seq 301 ack 101 len 10
                    linux --> ACK seq 101 ack 311
                210 ours --> ACK seq 101 ack 311
                310 close()
                    # SHLD-3: a FIN would say that everything was read. The peer must
                    # be told that data was lost.
                    ours --> RST seq 101 win 0
                    linux --> RST,ACK seq 101 ack 311
                    CLOSED
            ",
            ),
            opened(
                "",
                "
                 10 <-- FIN,PSH,ACK seq 301 ack 101 len 10
                    --> ACK seq 101 ack 312
                    recv(9) = 9
                    close()
                    # One byte was not read.
                    ours --> RST seq 101 win 0
                    linux --> RST,ACK seq 101 ack 312
                    CLOSED
            ",
            ),
            opened(
                "",
                "
                 10 shutdown()
                    --> FIN,ACK seq 101 ack 301
                 20 <-- PSH,ACK seq 301 ack 101 len 10
                    linux --> ACK seq 102 ack 311
                 30 close()
                    # It had shut down its own direction. But ten bytes were not read,
                    # and the peer must be told (abort): RST with SND.NXT.
                    ours --> RST seq 102 win 0
                    linux --> RST,ACK seq 102 ack 311
                    CLOSED
            ",
            ),
            opened(
                "",
                "
                 10 shutdown()
                    --> FIN,ACK seq 101 ack 301
                 20 <-- PSH,ACK seq 301 ack 102 len 10
                    linux --> ACK seq 102 ack 311
                    FIN-WAIT-2
                 30 close()
                    # The same with our FIN acknowledged.
                    ours --> RST seq 102 win 0
                    linux --> RST,ACK seq 102 ack 311
                    CLOSED
            ",
            ),
            opened(
                "with linux=no",
                "
                 10 shutdown()
                    --> FIN,ACK seq 101 ack 301
                 20 <-- FIN,PSH,ACK seq 301 ack 102 len 10
                    --> ACK seq 102 ack 312
                    TIME-WAIT
                 30 close()
                    # Ten bytes were not read, so this is abort: it ends, and the peer
                    # gets no RST, because it already knows.
                    CLOSED
                    recv() = 0
                100 nothing
            ",
            ),
            opened(
                "with linux=no msl=10",
                "
                 10 shutdown()
                    --> FIN,ACK seq 101 ack 301
                 20 <-- FIN,PSH,ACK seq 301 ack 102 len 10
                    --> ACK seq 102 ack 312
                100 CLOSED
                    close()
                    # The same in CLOSED: unread data is forgotten.
                    recv() = 0
                    CLOSED
            ",
            ),
        ] {
            plays(lab, CLOSE, &script);
        }
    });
}

#[test]
fn s6_close_of_what_was_read_is_in_good_order() {
    lab(|lab| {
        lab.why(
            "All received data was read: the end is in good order, and the sent data is delivered.",
        );
        plays(
            lab,
            CLOSE,
            &opened(
                "",
                "
             10 <-- FIN,PSH,ACK seq 301 ack 101 len 10
                --> ACK seq 101 ack 312
                recv() = 10
                close()
                --> FIN,ACK seq 101 ack 312
                LAST-ACK
             20 <-- ACK seq 312 ack 102
                CLOSED
        ",
            ),
        );
        plays(
            lab,
            CLOSE,
            &opened(
                "with linux=no",
                "
             10 send(3000) = 3000
                --> seq 101 ack 301 len 1000
                --> seq 1101 ack 301 len 1000
                --> seq 2101 ack 301 len 1000
                close()
                # The program's data is still delivered.
                --> FIN,ACK seq 3101 ack 301
                FIN-WAIT-1
           1010 --> seq 101 ack 301 len 1000
        ",
            ),
        );
    });
}

#[test]
fn s6_data_for_a_closed_connection_is_refused() {
    lab(|lab| {
        lab.why("A program that has closed does not read: the frame calls abort as soon as there is something to read. The RST has the number SND.NXT.");
        for script in [
            opened(
                "",
                "
                 10 close()
                    --> FIN,ACK seq 101 ack 301
                 20 <-- ACK seq 301 ack 102
                    FIN-WAIT-2
                 30 <-- PSH,ACK seq 301 ack 102 len 10
                    # It will not be read, and its sender must be told (RFC 1122,
                    # section 4.2.2.13).
                    --> RST seq 102
                    CLOSED
            ",
            ),
            opened(
                "",
                "
                 10 close()
                    --> FIN,ACK seq 101 ack 301
                 20 <-- FIN,PSH,ACK seq 301 ack 102 len 10
                    --> RST seq 102
                    CLOSED
            ",
            ),
        ] {
            plays(lab, CLOSE, &script);
        }
        plays(
            lab,
            CLOSE,
            &opened(
                "",
                "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
             20 <-- ACK seq 301 ack 102
             30 <-- PSH,ACK seq 301 ack 102 len 10
                linux --> ACK seq 102 ack 311
            230 ours --> ACK seq 102 ack 311
                # It has only shut down its own direction: it reads.
                recv() = 10
                FIN-WAIT-2
        ",
            ),
        );
    });
}

#[test]
fn s6_wherever_it_closes_data_is_refused_from_then_on() {
    lab(|lab| {
        lab.why("close makes the connection an orphan, in every state. In FIN-WAIT-2 it then waits for the peer's FIN for `config.linger`.");
        let refused = "
                    # The program has called close: this will not be read, and its
                    # sender must be told.
                    --> RST seq 102 win 0
                    CLOSED";
        for (linux, way) in [
            (
                "",
                "
                 10 shutdown()
                    --> FIN,ACK seq 101 ack 301
                 15 close()
                    FIN-WAIT-1
                 20 <-- PSH,ACK seq 301 ack 102 len 10",
            ),
            (
                "",
                "
                 10 shutdown()
                    --> FIN,ACK seq 101 ack 301
                 20 <-- ACK seq 301 ack 102
                 30 close()
                    FIN-WAIT-2
                 40 <-- PSH,ACK seq 301 ack 102 len 10",
            ),
        ] {
            plays(lab, CLOSE, &opened(linux, &format!("{way}{refused}")));
        }
        plays(
            lab,
            CLOSE,
            &format!(
                "with linux=no
               0 ms listen()
                    <-- SYN seq 300 mss 1000 win 5000
                    --> SYN,ACK seq 100 ack 301
                 10 close()
                    SYN-RECEIVED
                 20 <-- ACK seq 301 ack 101
                    established
                    # It was closed early, and closes as soon as it is open.
                    --> FIN,ACK seq 101 ack 301
                 30 <-- PSH,ACK seq 301 ack 102 len 10{refused}"
            ),
        );
    });
}

#[test]
fn s6_to_close_again_changes_nothing() {
    lab(|lab| {
        plays(
            lab,
            CLOSE,
            &opened(
                "with linux=no linger=5000",
                "
             10 close()
                --> FIN,ACK seq 101 ack 301
             20 close()
                # Once is enough.
                FIN-WAIT-1
             30 <-- ACK seq 301 ack 102
                FIN-WAIT-2
            100 close()
                # It still waits for the peer's FIN: 5 s from this close on.
           5099 FIN-WAIT-2
           5100 CLOSED
        ",
            ),
        );
    });
}

#[test]
fn s6_a_fin_for_a_closed_connection_is_taken() {
    lab(|lab| {
        plays(
            lab,
            CLOSE,
            &opened(
                "with msl=1000",
                "
             10 close()
                --> FIN,ACK seq 101 ack 301
             20 <-- ACK seq 301 ack 102
             30 <-- FIN,ACK seq 301 ack 102
                --> ACK seq 102 ack 302
                TIME-WAIT
           2030 ours CLOSED
        ",
            ),
        );
    });
}

#[test]
fn s6_nobody_waits_for_ever_for_a_fin() {
    lab(|lab| {
        lab.why(
            "A program that has shut down its direction still reads, and may wait. One that has closed does not wait.",
        );
        plays(
            lab,
            CLOSE,
            &opened(
                "with linux=no linger=5000",
                "
             10 close()
                --> FIN,ACK seq 101 ack 301
             20 <-- ACK seq 301 ack 102
           3000 <-- ACK seq 301 ack 102
                # 5 s count from FIN-WAIT-2, which began at 20 ms: not from the
                # close, and not from later segments (goes_on, step 5).
           5019 FIN-WAIT-2
                # 5 s from FIN-WAIT-2 are over, whatever came since, and so is the
                # wait (waits_no_longer, step 5).
           5020 CLOSED
         60 s   nothing
        ",
            ),
        );
        plays(
            lab,
            CLOSE,
            &opened(
                "with linux=no linger=5000",
                "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
             20 <-- ACK seq 301 ack 102
         60 s   FIN-WAIT-2
                # The program still reads: it may wait for any time. Then it
                # closes, and the 5 s begin.
        100 s   close()
        104999  FIN-WAIT-2
        105 s   CLOSED
        ",
            ),
        );
        plays(
            lab,
            CLOSE,
            &opened(
                "with linux=no msl=1000 linger=500",
                "
             10 close()
                --> FIN,ACK seq 101 ack 301
             20 <-- ACK seq 301 ack 102
             30 <-- FIN,ACK seq 301 ack 102
                --> ACK seq 102 ack 302
                # The peer's FIN has come, so the connection no longer lingers.
                # TIME-WAIT lasts two MSL for an orphan, too.
           2029 TIME-WAIT
           2030 CLOSED
        ",
            ),
        );
    });
}

#[test]
fn s6_abort_in_each_state() {
    lab(|lab| {
        lab.why(
            "A RST is for a peer that still has the connection open. A peer that has seen both FINs needs none.",
        );
        for (state, steps, snd_nxt, _) in STATES {
            let rst = match state {
                "CLOSING" | "LAST-ACK" | "TIME-WAIT" => {
                    "# Both sides have closed: the peer knows.".to_owned()
                }
                _ => format!(
                    "# The peer is told, with the number SND.NXT and window 0.\n                --> RST seq {snd_nxt} win 0"
                ),
            };
            plays(
                lab,
                ABORT,
                &opened(
                    "with linux=no",
                    &format!(
                        "
{}              {state}
            100 abort()
                {rst}
                CLOSED
          9000  nothing
                abort()
                # Once is enough.
                CLOSED
         60 s   nothing
            ",
                        way(steps)
                    ),
                ),
            );
        }
        for way in [
            "
             10 <-- ACK seq 301 ack 101 win 0
                shutdown()
                # The window is zero: the FIN has not left, and its number is not
                # used.
                FIN-WAIT-1",
            "
             10 <-- ACK seq 301 ack 101 win 0
                send(500) = 500
                # The window is zero: no byte has left, and no number is used.
                ESTABLISHED",
        ] {
            plays(
                lab,
                ABORT,
                &opened(
                    "with linux=no",
                    &format!(
                        "{way}
             20 abort()
                # The peer expects SND.NXT next: with any other number it would
                # not believe the RST.
                --> RST seq 101 win 0
                CLOSED
        "
                    ),
                ),
            );
        }
    });
}

#[test]
fn s6_abort_before_it_is_open() {
    lab(|lab| {
        plays(
            lab,
            ABORT,
            "
            with linux=no
               0 ms  connect()
                     --> SYN seq 100
              10     abort()
                     CLOSED
                     # The opening machine has a timer for the SYN: it must get the
                     # abort, or it sends the SYN again.
              60 s   nothing
                     CLOSED",
        );
        plays(
            lab,
            ABORT,
            "
            with linux=no
               0 ms  listen()
                     <-- SYN seq 300
                     --> SYN,ACK seq 100 ack 301
              10     abort()
                     # This peer has had an answer. The opening machine sends it a RST,
                     # if it gets the abort.
                     --> RST seq 101
                     CLOSED",
        );
    });
}

#[test]
fn s6_abort_forgets_what_was_not_read() {
    lab(|lab| {
        lab.why("A program that aborts does not read any more.");
        plays(
            lab,
            ABORT,
            &opened(
                "",
                "
             10 <-- FIN,PSH,ACK seq 301 ack 101 len 10
                --> ACK seq 101 ack 312
                abort()
                ours --> RST seq 101
                linux --> RST,ACK seq 101 ack 312
                ours recv() = 0
                CLOSED
        ",
            ),
        );
        plays(
            lab,
            ABORT,
            &opened(
                "with linux=no",
                "
             10 <-- FIN,PSH,ACK seq 301 ack 101 len 10
                --> ACK seq 101 ack 312
                shutdown()
                --> FIN,ACK seq 101 ack 312
             20 <-- ACK seq 312 ack 102
                CLOSED
             30 abort()
                # It was already CLOSED. Now its received data is forgotten as well.
                recv() = 0
                CLOSED
        ",
            ),
        );
    });
}

#[test]
fn s6_a_reset_in_each_state() {
    lab(|lab| {
        lab.why(
            "A program that may have lost data is told that the peer has reset the connection.",
        );
        for (state, steps, _, rcv_nxt) in STATES {
            let told = match state {
                "CLOSING" | "LAST-ACK" | "TIME-WAIT" => {
                    "# Both sides have closed: all of the peer's data has come, and the program is not told."
                }
                _ => "reset",
            };
            plays(
                lab,
                RESET,
                &opened(
                    "with linux=no",
                    &format!(
                        "
{}              {state}
            100 <-- RST seq {rcv_nxt}
                {told}
                CLOSED
                send(5) = 0
         60 s   nothing
            ",
                        way(steps)
                    ),
                ),
            );
        }
    });
}

#[test]
fn s6_a_reset_forgets_what_was_not_read() {
    lab(|lab| {
        plays(
            lab,
            RESET,
            &opened(
                "with linux=no",
                "
             10 <-- PSH,ACK seq 301 ack 101 len 10
            210 ours --> ACK seq 101 ack 311
            220 <-- RST seq 311
                reset
                # RFC 9293, section 3.10.7.4: all queues are flushed.
                recv() = 0
                CLOSED
            230 <-- ACK seq 311 ack 101 len 5
                # The connection has been forgotten.
                --> RST seq 101
        ",
            ),
        );
    });
}

#[test]
fn s6_a_reset_behind_the_peers_fin_leaves_what_has_come() {
    lab(|lab| {
        for way in [
            "
             10 <-- FIN,PSH,ACK seq 301 ack 101 len 10
                --> ACK seq 101 ack 312
                shutdown()
                --> FIN,ACK seq 101 ack 312
                LAST-ACK",
            "
             10 shutdown()
                --> FIN,ACK seq 101 ack 301
             15 <-- FIN,PSH,ACK seq 301 ack 101 len 10
                --> ACK seq 102 ack 312
                CLOSING",
        ] {
            plays(
                lab,
                RESET,
                &opened(
                    "",
                    &format!(
                        "{way}
             20 <-- RST seq 312
                # Both sides have closed: it is CLOSED, as after a wait
                # (waits_no_longer, step 5).
                CLOSED
                # The peer's stream is complete. The program is not told of the reset, so it must not take a part for the whole.
                recv(4) = 4
                recv() = 6
                recv() = end
            900 nothing"
                    ),
                ),
            );
        }
    });
}

#[test]
fn s6_who_has_closed_is_told_as_well() {
    lab(|lab| {
        for (way, last) in [
            ("", "FIN-WAIT-1"),
            ("\n             15 <-- ACK seq 301 ack 102", "FIN-WAIT-2"),
        ] {
            plays(
                lab,
                RESET,
                &opened(
                    "with linux=no",
                    &format!(
                        "
             10 close()
                --> FIN,ACK seq 101 ack 301{way}
                {last}
             20 <-- RST seq 301
                # The peer's FIN has not come: its stream is cut off.
                reset
                CLOSED"
                    ),
                ),
            );
        }
    });
}

#[test]
fn s6_who_has_forgotten_says_so() {
    lab(|lab| {
        plays(
            lab,
            RESET,
            &opened(
                "",
                "
             10 send(5) = 5
                --> seq 101 ack 301 len 5
             20 <-- RST seq 301
                # RFC 9293, section 3.5.1: the peer has restarted, and does not
                # know the connection.
                reset
                CLOSED
           60 s nothing
        ",
            ),
        );
    });
}
