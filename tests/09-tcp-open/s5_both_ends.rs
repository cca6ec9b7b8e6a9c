//! Step 5: both open, or one has forgotten.

use netlab::lab;
use netlab::sim::{Kind, every};
use tcp_open::{Event, Segment, Seq, State};

use super::ends::{A, B, Ends};
use super::player::plays;

const OTHERWISE: &str = "otherwise(segment)";

#[test]
fn s5_simultaneous_open() {
    lab(|lab| {
        let mut ends = Ends::new(lab);
        ends.calls(A, Event::Connect);
        ends.calls(B, Event::Connect);
        ends.runs_until(30);
        ends.are(
            "Each waits for SYN,ACK and gets a SYN: the other end opens, too (RFC 9293, figure 7).",
            State::SynReceived,
            State::SynReceived,
        );
        ends.runs_until(900);
        ends.are(
            "Each SYN,ACK acknowledges the other's SYN. Neither end was a server.",
            State::Established,
            State::Established,
        );
        ends.have_sent("Two SYNs and two SYN,ACKs. A SYN,ACK that completes the handshake here is not answered.", 4);
        ends.draws("09-figure-7", "Both ends open at the same time");
    });
}

#[test]
fn s5_a_syn_in_syn_sent_is_answered_with_syn_ack() {
    lab(|lab| {
        lab.why("Both ends open. Each SYN is acknowledged, and then no more segments are needed.");
        for script in [
            "
            with iss=100 win=2000 mss=1000
              0 ms  connect()
                    --> SYN seq 100
             25     <-- SYN seq 300 win 5000 mss 1400
                    # The peer opens, too. Our SYN with the same number, and an ACK for
                    # the peer's.
                    --> SYN,ACK seq 100 ack 301 win 2000 mss 1000
                    SYN-RECEIVED
                    SND.UNA=100 SND.NXT=101 SND.WND=5000 IRS=300 RCV.NXT=301 MSS=1400
             50     <-- SYN,ACK seq 300 ack 101 win 6000
                    # The peer's SYN again, but now it acknowledges ours. The
                    # connection is open, and no more segments are needed.
                    linux --> ACK seq 101 ack 301
                    established
                    ESTABLISHED
                    SND.UNA=101 SND.WND=6000 RCV.NXT=301
            600 s   nothing
            ",
            "
            with iss=0xffffffff
              0 ms  connect()
                    --> SYN seq 0xffffffff
             25     <-- SYN seq 0xffffffff
                    # After 0xffffffff comes 0.
                    --> SYN,ACK seq 0xffffffff ack 0
                    SYN-RECEIVED
                    MSS=536
             50     <-- ACK seq 0 ack 0
                    # An ACK without SYN is as good.
                    established
                    ESTABLISHED
            600 s   nothing
            ",
            "
            with iss=100 linux=no
              0 ms  connect()
                    --> SYN seq 100
             25     <-- PSH,SYN seq 300 win 5000 mss 1400 len 10
                    # The peer opens, too, and sends data with it. As in step 2, only
                    # the SYN is acknowledged.
                    --> SYN,ACK seq 100 ack 301
                    SYN-RECEIVED
                    RCV.NXT=301
             50     <-- PSH,SYN,ACK seq 300 ack 101 win 6000 mss 700 len 10
                    # The peer's SYN again, which acknowledges ours. Its data is
                    # ignored, too.
                    established
                    ESTABLISHED
                    SND.UNA=101 RCV.NXT=301
                    # Each segment has the current window. The MSS was in the first SYN.
                    SND.WND=6000 MSS=1400
            600 s   nothing
            ",
        ] {
            plays(lab, OTHERWISE, script);
        }
    });
}

#[test]
fn s5_a_lost_synack_of_a_simultaneous_open_is_sent_again() {
    lab(|lab| {
        lab.why("The timer goes on as it was; the repeated segment now has the ACK.");
        for script in [
            "
            with iss=100 linux=no
              0 ms  connect()
                    --> SYN seq 100
            600     <-- SYN seq 300
                    --> SYN,ACK seq 100 ack 301
                    # A second after the first SYN. From now on it has the ACK.
           1000     --> SYN,ACK seq 100 ack 301
           1500     <-- SYN seq 300
                    # The peer's SYN again: it has not seen our SYN,ACK.
                    --> SYN,ACK seq 100 ack 301
                    SYN-RECEIVED
           3000     --> SYN,ACK seq 100 ack 301
           3100     <-- SYN,ACK seq 300 ack 101
                    # The SYN,ACK that it waits for: its number is IRS, and it
                    # acknowledges our SYN.
                    established
            600 s   nothing
            ",
            "
            with iss=100 linux=no
              0 ms  connect()
                    --> SYN seq 100
              1 s   --> SYN seq 100
            1.5 s   <-- SYN seq 300
                    --> SYN,ACK seq 100 ack 301
                    # The timer goes on as it was: 2 seconds after the SYN of 1 s.
              3 s   --> SYN,ACK seq 100 ack 301
                    # Then 4 seconds: an incoming segment does not shorten the wait.
              7 s   --> SYN,ACK seq 100 ack 301
            ",
            "
            with iss=100 rto=1000 rto_max=1000 give_up=2000 linux=no
              0 ms  connect()
                    --> SYN seq 100
            900     <-- SYN seq 300
                    --> SYN,ACK seq 100 ack 301
           1000     --> SYN,ACK seq 100 ack 301
                    # The first SYN was sent config.give_up ago. It was opened actively,
                    # so the program is told.
           2000     timed-out
                    CLOSED
            600 s   nothing
            ",
        ] {
            plays(lab, OTHERWISE, script);
        }
    });
}

#[test]
fn s5_only_the_right_synack_completes_a_simultaneous_open() {
    lab(|lab| {
        lab.why("A SYN,ACK with other numbers is answered with our ACK, which has our numbers.");
        for script in [
            "
            with iss=100 win=1000 linux=no
              0 ms  connect()
                    --> SYN seq 100
             25     <-- SYN seq 300 win 5000
                    --> SYN,ACK seq 100 ack 301
             30     <-- SYN,ACK seq 300 ack 100 win 7
                    # It does not acknowledge our SYN.
                    --> ACK seq 101 ack 301 win 1000
                    SYN-RECEIVED
                    SND.UNA=100 SND.WND=5000
             31     <-- SYN,ACK seq 300 ack 102
                    # It acknowledges a number that we have not sent.
                    --> ACK seq 101 ack 301
                    SYN-RECEIVED
             32     <-- SYN,ACK seq 299 ack 101
                    # It is not the SYN that came: another number.
                    --> ACK seq 101 ack 301
                    SYN-RECEIVED
             33     <-- SYN,ACK seq 301 ack 101
                    # It is not the SYN that came: another number, in the window.
                    --> ACK seq 101 ack 301
                    SYN-RECEIVED
                    IRS=300 RCV.NXT=301
             34     <-- SYN seq 800
                    # It was opened actively: no SYN brings it back to LISTEN.
                    --> ACK seq 101 ack 301
                    SYN-RECEIVED
             34     <-- SYN,ACK seq 800 ack 9
                    # It is in the window, and its ACK is wrong. A SYN gets our ACK, and
                    # no RST.
                    --> ACK seq 101 ack 301
                    SYN-RECEIVED
             34     <-- ACK seq 9000 ack 101
                    # It is outside the window, and opens nothing.
                    --> ACK seq 101 ack 301
                    SYN-RECEIVED
             35     <-- SYN,ACK seq 300 ack 101
                    established
            ",
            "
            with iss=300 win=1000 linux=no
              0 ms  listen()
                    <-- SYN seq 90 win 5000
                    --> SYN,ACK seq 300 ack 91
             10     <-- SYN,ACK seq 90 ack 9 win 7
                    # It has the number of the SYN that came, but does not acknowledge
                    # ours.
                    --> ACK seq 301 ack 91 win 1000
                    SYN-RECEIVED
                    SND.UNA=300 SND.WND=5000
             20     <-- SYN,ACK seq 90 ack 301 win 6000
                    # The SYN that came, and now it acknowledges ours. It does not
                    # matter which end opened first: TCP has two ends, and no client.
                    established
                    ESTABLISHED
                    SND.UNA=301 SND.WND=6000 RCV.NXT=91
            600 s   nothing
            ",
        ] {
            plays(lab, OTHERWISE, script);
        }
    });
}

#[test]
fn s5_refused_while_both_open() {
    lab(|lab| {
        lab.why("It was opened actively: the program waits for an answer, and gets one.");
        for script in [
            "
            with iss=100
              0 ms  connect()
                    --> SYN seq 100
             25     <-- SYN seq 300
                    --> SYN,ACK seq 100 ack 301
             50     <-- RST seq 301
                    # The peer has changed its mind. A connection that was never open is
                    # refused, not reset.
                    ours refused   linux reset
                    CLOSED
            600 s   nothing
            ",
            "
            with iss=100
              0 ms  connect()
                    --> SYN seq 100
             25     <-- SYN seq 300
                    --> SYN,ACK seq 100 ack 301
             50     <-- RST seq 302
                    # It is in the window, but is not RCV.NXT.
                    --> ACK seq 101 ack 301
                    SYN-RECEIVED
             60     <-- ACK seq 301 ack 99
                    # ACK 99 does not acknowledge our SYN.
                    --> RST seq 99
                    SYN-RECEIVED
             70     abort()
                    ours --> RST seq 101   linux --> RST,ACK seq 101 ack 301
                    CLOSED
            600 s   nothing
            ",
            "
            with iss=100 linux=no
              0 ms  listen()
                    abort()
            100     connect()
                    --> SYN seq 100
            125     <-- SYN seq 300
                    --> SYN,ACK seq 100 ack 301
            150     <-- RST seq 301
                    # It was opened passively before, but this time actively.
                    refused
                    CLOSED
            600 s   nothing
            ",
            "
            with iss=100 linux=no
              0 ms  connect()
                    --> SYN seq 100
             10     listen()
                    # It is about to be open already, so this changes nothing.
                    SYN-SENT
             25     <-- SYN seq 300
                    --> SYN,ACK seq 100 ack 301
             30     listen()
                    # Nor does this.
                    SYN-RECEIVED
             50     <-- RST seq 301
                    # It was still opened actively: the program is told.
                    refused
                    CLOSED
            600 s   nothing
            ",
        ] {
            plays(lab, OTHERWISE, script);
        }
    });
}

#[test]
fn s5_an_ack_alone_opens_nothing() {
    lab(|lab| {
        lab.why("Without a SYN we know none of the peer's numbers.");
        for script in [
            "
            with iss=100 linux=no
              0 ms  connect()
                    --> SYN seq 100
             10     <-- ACK seq 300 ack 101
                    # It acknowledges our SYN, but has no SYN itself: we still know none
                    # of the peer's numbers.
                    SYN-SENT
                    SND.UNA=100 IRS=0 RCV.NXT=0
             20     <-- FIN,ACK seq 300 ack 101 len 3
                    SYN-SENT
           1000     --> SYN seq 100
           1050     <-- SYN,ACK seq 300 ack 101
                    --> ACK seq 101 ack 301
                    established
            ",
            "
            with iss=0xffffffff linux=no
              0 ms  connect()
                    --> SYN seq 0xffffffff
             10     <-- ACK seq 300 ack 0
                    # It has no SYN.
                    SYN-SENT
            500     nothing
            ",
        ] {
            plays(lab, OTHERWISE, script);
        }
    });
}

#[test]
fn s5_a_new_syn_in_the_window_brings_a_server_back_to_listen() {
    lab(|lab| {
        lab.why("One of the peer's two SYNs is old. The peer sends the current one again, to a server that listens.");
        for script in [
            "
            with iss=300 win=1000 linux=no
              0 ms  listen()
                    <-- SYN seq 90
                    --> SYN,ACK seq 300 ack 91
             10     <-- SYN seq 100
                    # It is in the window, and is not the SYN that came. One of the two
                    # is old (RFC 9293, section 3.10.7.4).
                    LISTEN
                    IRS=0 RCV.NXT=0
             10 s   nothing
                    <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
             11 s   --> SYN,ACK seq 300 ack 101
           11.1 s   <-- SYN,ACK seq 1100 ack 301
                    # The last number in the window. Its ACK does not count.
                    LISTEN
             20 s   nothing
                    <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
             20 s   <-- SYN,ACK seq 1100 ack 9
                    # Its ACK does not count, and it gets no RST.
                    LISTEN
             30 s   nothing
            ",
            "
            with iss=300 win=1000 linux=no
              0 ms  listen()
                    <-- SYN seq 90 win 5000
                    --> SYN,ACK seq 300 ack 91
             10     <-- SYN seq 1091
                    # After the window. Our ACK has the expected number, and if the
                    # SYN is from the peer, it answers with a RST.
                    --> ACK seq 301 ack 91 win 1000
                    SYN-RECEIVED
             20     <-- SYN seq 89
                    # Before the window.
                    --> ACK seq 301 ack 91
                    SYN-RECEIVED
             30     <-- SYN seq 0x80000000
                    --> ACK seq 301 ack 91
                    SYN-RECEIVED
                    IRS=90 RCV.NXT=91 SND.WND=5000
             40     <-- RST seq 91
                    LISTEN
             10 s   nothing
            ",
        ] {
            plays(lab, OTHERWISE, script);
        }
    });
}

#[test]
fn s5_outside_the_window_nobody_opens() {
    lab(|lab| {
        lab.why("The sequence number is checked first. A segment outside the window gets our ACK, and opens nothing.");
        for script in [
            "
            with iss=300 win=1000 linux=no
              0 ms  listen()
                    <-- SYN seq 100 win 5000
                    --> SYN,ACK seq 300 ack 101
             10     <-- ACK seq 1101 ack 301
                    # The first number after the window. It may come from an older
                    # connection, so our ACK gives the expected number.
                    --> ACK seq 301 ack 101 win 1000
                    SYN-RECEIVED
             20     <-- ACK seq 100 ack 301 len 1
                    # The last number before the window.
                    --> ACK seq 301 ack 101
                    SYN-RECEIVED
             30     <-- ACK seq 0x80000065 ack 9999
                    # The sequence number is checked first, then the ACK.
                    --> ACK seq 301 ack 101
                    SYN-RECEIVED
                    SND.UNA=300 SND.WND=5000 RCV.NXT=101
             40     <-- ACK seq 101 ack 301
                    established
            ",
            "
            with iss=300 win=1000 linux=no
              0 ms  listen()
                    <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
              1 s   --> SYN,ACK seq 300 ack 101
            1.5 s   <-- ACK seq 1101 ack 301
                    # The first number behind the window.
                    --> ACK seq 301 ack 101
                    # The timer goes on as it was: 2 seconds after the SYN,ACK of 1 s.
              3 s   --> SYN,ACK seq 300 ack 101
                    # Then 4 seconds: an incoming segment does not shorten the wait.
              7 s   --> SYN,ACK seq 300 ack 101
            ",
        ] {
            plays(lab, OTHERWISE, script);
        }
    });
}

#[test]
fn s5_what_is_wrong_in_an_open_connection_gets_an_ack() {
    lab(|lab| {
        lab.why("A segment that does not fit gets our ACK: the peer learns our numbers, and a stranger, who does not get it, learns nothing.");
        for script in [
            "
            with iss=100 win=1000 linux=no
              0 ms  connect()
                    --> SYN seq 100
                    <-- SYN,ACK seq 300 ack 101 win 5000 mss 1400
                    --> ACK seq 101 ack 301
                    established
             10     <-- SYN seq 400 win 7 mss 700
                    # A SYN in the window. The peer may have restarted, or it is a
                    # stranger. If it is the peer, our ACK makes it send the right RST
                    # (RFC 5961, section 4).
                    --> ACK seq 101 ack 301 win 1000
                    ESTABLISHED
                    # It may be from a stranger: none of its fields counts.
                    SND.WND=5000 MSS=1400
             20     <-- SYN seq 90000
                    # A SYN outside of the window gets the same answer.
                    --> ACK seq 101 ack 301
                    ESTABLISHED
             30     <-- SYN,ACK seq 301 ack 101
                    # Any SYN, with ACK or without.
                    --> ACK seq 101 ack 301
                    ESTABLISHED
             31     <-- SYN,ACK seq 301 ack 7
                    # Any SYN, whatever it acknowledges.
                    --> ACK seq 101 ack 301
                    ESTABLISHED
             32     <-- SYN,ACK seq 90000 ack 7
                    # Any SYN, wherever it is, and whatever it acknowledges.
                    --> ACK seq 101 ack 301
                    ESTABLISHED
                    SND.UNA=101 IRS=300
             40     <-- ACK seq 300 ack 101 len 1
                    # The last number before the window: the peer has not seen our ACK,
                    # so it gets it again (RFC 9293, section 3.10.7.4).
                    --> ACK seq 101 ack 301 win 1000
                    ESTABLISHED
             50     <-- ACK seq 1301 ack 101
                    # The first number behind the window.
                    --> ACK seq 101 ack 301
                    ESTABLISHED
             60     <-- FIN,ACK seq 0x80000000 ack 101
                    # Far outside of the window.
                    --> ACK seq 101 ack 301
                    ESTABLISHED
             70     <-- ACK seq 301 ack 102 win 7
                    # It acknowledges a number that we have not sent.
                    --> ACK seq 101 ack 301 win 1000
                    ESTABLISHED
                    SND.UNA=101 SND.NXT=101 SND.WND=5000 RCV.NXT=301
             80     <-- ACK seq 301 ack 0x70000000
                    # It acknowledges a number that we have not sent.
                    --> ACK seq 101 ack 301
                    ESTABLISHED
            600 s   nothing
            ",
            "
            with iss=0xfffffffe win=1000
              0 ms  listen()
                    <-- SYN seq 0xfffffff0
                    --> SYN,ACK seq 0xfffffffe ack 0xfffffff1
                    <-- ACK seq 0xfffffff1 ack 0xffffffff
                    established
             10     <-- ACK seq 5 ack 0
                    # After 0xffffffff comes 0, which we have not sent.
                    --> ACK seq 0xffffffff ack 0xfffffff1
                    ESTABLISHED
             20     <-- SYN seq 5
                    # It was opened passively, but it is open: no SYN brings it back to
                    # LISTEN.
                    --> ACK seq 0xffffffff ack 0xfffffff1
                    ESTABLISHED
             30     <-- SYN seq 5000
                    # A SYN after the window. Any stranger can send one: it ends
                    # nothing, and begins nothing.
                    --> ACK seq 0xffffffff ack 0xfffffff1
                    ESTABLISHED
             40     <-- SYN seq 0xffff0000
                    # A SYN before the window.
                    --> ACK seq 0xffffffff ack 0xfffffff1
                    ESTABLISHED
             50     <-- SYN,ACK seq 5000 ack 0xffffffff
                    # A SYN,ACK behind the window.
                    --> ACK seq 0xffffffff ack 0xfffffff1
                    ESTABLISHED
                    IRS=0xfffffff0 RCV.NXT=0xfffffff1
            600 s   nothing
            ",
        ] {
            plays(lab, OTHERWISE, script);
        }
    });
}

#[test]
fn s5_what_is_right_in_an_open_connection_gets_no_answer() {
    lab(|lab| {
        lab.why("A segment that fits is not answered here, or two peers would answer each other for ever.");
        for script in [
            "
            with iss=100 win=1000 linux=no
              0 ms  connect()
                    --> SYN seq 100
                    <-- SYN,ACK seq 300 ack 101 win 5000
                    --> ACK seq 101 ack 301
                    established
             10     <-- ACK seq 301 ack 101 win 7
                    # An ACK is not answered, or two peers would answer each other for
                    # ever.
                    ESTABLISHED
                    # It is ignored, and its window, too: no variable moves.
                    SND.WND=5000
             20     <-- ACK seq 1300 ack 101
                    # The last number in the window.
                    ESTABLISHED
             30     <-- ACK seq 301 ack 100
                    # An old ACK number: it is only late.
                    ESTABLISHED
                    # Acknowledged numbers stay acknowledged.
                    SND.UNA=101
             40     <-- ACK seq 301 ack 0xf0000000
                    # An old ACK number.
                    ESTABLISHED
             50     <-- PSH,ACK seq 301 ack 101 win 7 len 10
                    # Chapter 10 handles data in the window.
                    ESTABLISHED
                    RCV.NXT=301 SND.WND=5000
             60     <-- FIN,ACK seq 301 ack 101
                    # Chapter 12 handles a FIN.
                    ESTABLISHED
                    RCV.NXT=301 SND.UNA=101
            600 s   nothing
            ",
            "
            with iss=0xffffffff win=1000 linux=no
              0 ms  listen()
                    <-- SYN seq 0xfffffff0
                    --> SYN,ACK seq 0xffffffff ack 0xfffffff1
                    <-- ACK seq 0xfffffff1 ack 0
                    established
             10     <-- ACK seq 5 ack 0
                    # The window goes over the end of the numbers, and 5 is in it.
                    ESTABLISHED
             20     <-- ACK seq 0xfffffff1 ack 0xffffffff
                    # An old ACK number: 0xffffffff comes before 0.
                    ESTABLISHED
                    # Acknowledged numbers stay acknowledged.
                    SND.UNA=0
            600 s   nothing
            ",
        ] {
            plays(lab, OTHERWISE, script);
        }
    });
}

#[test]
fn s5_illegal_flag_sets_get_no_answer() {
    lab(|lab| {
        lab.why("No honest TCP sends these flags together, or none of them. Scanners do, to learn from the answer which system is there.");
        for script in [
            "
            with linux=no
              0 ms  listen()
             10     <-- SYN,FIN seq 100
                    LISTEN
             20     <-- SYN,RST seq 100
                    LISTEN
             30     <-- FIN seq 100
                    LISTEN
             40     <-- seq 100 len 3
                    LISTEN
             50     <-- SYN,FIN,ACK seq 100 ack 301
                    LISTEN
             60     <-- FIN,RST seq 100
                    LISTEN
            600 s   nothing
            ",
            "
            with linux=no
              0 ms  connect()
                    --> SYN seq 100
             10     <-- SYN,FIN,ACK seq 300 ack 101
                    SYN-SENT
             20     <-- SYN,RST,ACK seq 300 ack 101
                    SYN-SENT
             30     <-- SYN,FIN seq 300
                    SYN-SENT
             40     <-- seq 300
                    SYN-SENT
            500     nothing
            ",
            "
            with iss=300 linux=no
              0 ms  listen()
                    <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
             10     <-- seq 101 len 5
                    SYN-RECEIVED
             20     <-- FIN seq 101
                    SYN-RECEIVED
             30     <-- SYN,FIN seq 101
                    SYN-RECEIVED
             40     <-- SYN,RST seq 101
                    SYN-RECEIVED
             50     <-- ACK seq 101 ack 301
                    established
             60     <-- SYN,RST,ACK seq 101 ack 301
                    ESTABLISHED
             70     <-- SYN,FIN,ACK seq 9 ack 301
                    ESTABLISHED
             80     <-- seq 9
                    ESTABLISHED
             90     <-- FIN,RST,ACK seq 101 ack 301
                    ESTABLISHED
            600 s   nothing
            ",
        ] {
            plays(lab, OTHERWISE, script);
        }
    });
}

#[test]
fn s5_half_open_peer_is_discovered_when_it_opens_anew() {
    lab(|lab| {
        let mut ends = Ends::new(lab);
        ends.calls(B, Event::Listen);
        ends.calls(A, Event::Connect);
        ends.runs_until(500);
        ends.reboots(A, 400);
        ends.are(
            "A has forgotten the connection, and B cannot know it.",
            State::Closed,
            State::Established,
        );
        ends.calls(A, Event::Connect);
        ends.runs_until(530);
        ends.are(
            "B does not believe a SYN. Its ACK has the number that it expects next.",
            State::SynSent,
            State::Established,
        );
        ends.have_sent("Three to open, A's SYN, and B's ACK.", 5);
        ends.runs_until(580);
        ends.are(
            "B's ACK is for no SYN of A's. A says so with a RST, which has the number that B expects next (RFC 9293, figure 9).",
            State::SynSent,
            State::Closed,
        );
        ends.calls(B, Event::Listen);
        ends.runs_until(2000);
        ends.are(
            "A's SYN is sent again, to a server that listens again.",
            State::Established,
            State::Established,
        );
        ends.have_sent("Three to open, SYN, ACK, RST, and three to open.", 9);
        ends.draws(
            "09-figure-9",
            "A has forgotten the connection, and opens again",
        );
    });
}

#[test]
fn s5_half_open_peer_is_discovered_when_the_other_sends() {
    lab(|lab| {
        let mut ends = Ends::new(lab);
        ends.calls(B, Event::Listen);
        ends.calls(A, Event::Connect);
        ends.runs_until(500);
        ends.reboots(A, 400);
        ends.sends(
            B,
            Segment {
                seq: Seq(301),
                ack: Some(Seq(101)),
                window: 65535,
                payload: b"0123456789".to_vec(),
                ..Segment::default()
            },
        );
        ends.runs_until(530);
        ends.are(
            "A has no connection. Its host answers for it.",
            State::Closed,
            State::Established,
        );
        ends.runs_until(1000);
        ends.are(
            "A's host takes B's ACK number for its RST, and B expects just this number next (RFC 9293, figure 10).",
            State::Closed,
            State::Closed,
        );
        ends.have_sent("Three to open, data, RST.", 5);
        ends.draws(
            "09-figure-10",
            "A has forgotten the connection, and B sends",
        );
    });
}

#[test]
fn s5_an_idle_connection_outlives_a_broken_link() {
    lab(|lab| {
        let mut ends = Ends::new(lab);
        ends.calls(B, Event::Listen);
        ends.calls(A, Event::Connect);
        ends.runs_until(500);
        ends.from(A).loses(every(Kind::Packet));
        ends.from(B).loses(every(Kind::Packet));
        ends.runs_until(24 * 3_600_000);
        ends.are(
            "The link was broken for a day. A connection is not a path. It is state at the two ends, and neither end has sent a segment that could be lost.",
            State::Established,
            State::Established,
        );
        ends.have_sent("Nothing was sent.", 3);
    });
}
