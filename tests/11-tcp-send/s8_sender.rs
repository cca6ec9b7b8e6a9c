//! Step 8: the sender of a connection. Most tests are conversations: see `conversation.rs` for what they may say.

use netlab::sim::{Chance, Kind, Link, Net, nth};
use netlab::{Lab, lab};
use tcp_open::{Seq, Vars};
use tcp_send::{Config, Sender};

use super::conversation::plays;
use super::hostile;
use super::network::{Transfer, transfer, transfer_with};
use super::plots;
use super::words::{self, ms};

/// Lines of a script: so many full segments leave, the first with this number.
fn full(first: u32, count: u32) -> String {
    let lines = (0..count).map(|n| format!("--> ACK seq {} ack 301 len 1000", first + n * 1000));
    lines.collect::<Vec<_>>().join("\n                    ")
}

#[test]
fn s8_a_write_leaves_and_is_acknowledged() {
    lab(|lab| {
        lab.why(
            "Bytes of the program leave at once if nothing holds them back, and are kept until they are acknowledged.",
        );
        plays(
            lab,
            "
              0 ms  send(5) = 5
                    --> PSH,ACK seq 101 ack 301 len 5  # Nothing is in the way: it leaves at once, and is pushed.
                    SND.UNA=101 SND.NXT=106 FLIGHT=5
             50     <-- ACK seq 301 ack 106
                    SND.UNA=106 SND.NXT=106 FLIGHT=0
           9000     nothing                            # All is acknowledged. There is nothing to send again.
            ",
        );
    });
}

#[test]
fn s8_long_data_leaves_in_segments() {
    lab(|lab| {
        lab.why("A segment carries at most as much as fits into our packets, and at most the peer's MSS.");
        for peer_mss in [1000, 60_000] {
            plays(
                lab,
                &format!(
                    "
                    with mss=1000 peer_mss={peer_mss} nodelay=1
                      0 ms  send(2500) = 2500
                            --> ACK seq 101 ack 301 len 1000      # The smaller of both MSS is the limit.
                            --> ACK seq 1101 ack 301 len 1000
                            --> PSH,ACK seq 2101 ack 301 len 500  # Nothing is left behind it.
                     50     <-- ACK seq 301 ack 2601
                    "
                ),
            );
        }
        plays(
            lab,
            "
            # PSH says that nothing follows for now. Only the last segment,
            # after which nothing is left to send, carries it.
            with nodelay=1 win=3000
              0 ms  send(2500)
                    # Bytes are left after this one.
                    --> ACK seq 101 ack 301 len 1000 no PSH
                    --> ACK seq 1101 ack 301 len 1000 no PSH
                    # Nothing is left after this one.
                    --> PSH,ACK seq 2101 ack 301 len 500
             50     <-- ACK seq 301 ack 2601 win 1000
                    send(3000)
                    # The window is full, and bytes are left after this one.
                    --> ACK seq 2601 ack 301 len 1000 no PSH
                    close()
            100     <-- ACK seq 301 ack 3601 win 3000
                    --> ACK seq 3601 ack 301 len 1000 no PSH
                    --> FIN,PSH,ACK seq 4601 ack 301 len 1000
            ",
        );
        plays(
            lab,
            "
            with mss=1460 peer_mss=536
              0 ms  send(600)
                    --> ACK seq 101 ack 301 len 536               # The peer wants 536 at most.
                    nothing                                       # Nagle: the rest is small.
             50     <-- ACK seq 301 ack 637
                    --> ACK seq 637 ack 301 len 64
            ",
        );
        for (peer_mss, cwnd, after_loss) in [(500, 5000, 4000), (250, 2500, 2000)] {
            let segments: String = (0..10)
                .map(|n| {
                    let seq = 101 + n * peer_mss;
                    format!("--> ACK seq {seq} ack 301 len {peer_mss}\n                    ")
                })
                .collect();
            let next = 101 + 10 * peer_mss;
            let after = next + peer_mss;
            plays(
                lab,
                &format!(
                    "
            with mss=1460 peer_mss={peer_mss}
              0 ms  CWND={cwnd}          # The smaller MSS counts for the congestion window, too: it begins with 10.
                    send(20000)
                    {segments}nothing
             50     <-- ACK seq 301 ack 101
                    --> ACK seq {next} ack 301 len {peer_mss}  # One more for a duplicate (limited transmit).
                    <-- ACK seq 301 ack 101
                    --> ACK seq {after} ack 301 len {peer_mss}
                    <-- ACK seq 301 ack 101
                    --> ACK seq 101 ack 301 len {peer_mss}
                    CWND={after_loss}          # Half of what was in flight, and 3 of the smaller MSS.
                    "
                ),
            );
        }
    });
}

#[test]
fn s8_never_more_than_the_window_in_flight() {
    lab(|lab| {
        lab.why(
            "Bytes in flight use a part of the peer's window. A wider window is used at once, and a narrower one is respected.",
        );
        plays(
            lab,
            "
            with win=3000
              0 ms  send(9000) = 9000
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    FLIGHT=3000
             50     <-- ACK seq 301 ack 1101 win 3000
                    --> ACK seq 3101 ack 301 len 1000  # The window slides by 1000.
                    <-- ACK seq 301 ack 1101 win 5000
                    # It is wider now, and the new room is used at once, without a
                    # call of the program.
                    --> ACK seq 4101 ack 301 len 1000
                    --> ACK seq 5101 ack 301 len 1000
                    WIDEST=5000
             60     <-- ACK seq 301 ack 4101 win 2000
                    nothing                            # 2000 are in flight, as many as the window has.
                    SND.WND=2000 WIDEST=5000
             70     <-- ACK seq 301 ack 6101 win 2000
                    --> ACK seq 6101 ack 301 len 1000
                    --> ACK seq 7101 ack 301 len 1000
                    FLIGHT=2000
            ",
        );
    });
}

#[test]
fn s8_a_slow_reader_slows_the_sender() {
    lab(|lab| {
        lab.why("Flow control: the window follows the peer's program, and the sender follows the window.");
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with win=2000 linux=no
              0 ms  send(6000)
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
             50     <-- ACK seq 301 ack 2101 win 0
                    nothing                            # Its program has read nothing: it has room for nothing.
            400     <-- ACK seq 301 ack 2101 win 1000
                    --> ACK seq 2101 ack 301 len 1000  # Its program has read 1000.
            450     <-- ACK seq 301 ack 3101 win 2000
                    --> ACK seq 3101 ack 301 len 1000
                    --> ACK seq 4101 ack 301 len 1000
            500     <-- ACK seq 301 ack 5101 win 2000
                    --> ACK seq 5101 ack 301 len 1000
            ",
        );
    });
}

#[test]
fn s8_the_buffer_is_bounded() {
    lab(|lab| {
        lab.why("The buffer holds all unacknowledged bytes: those that wait, and those in flight.");
        plays(
            lab,
            "
            with win=1000 buffer=2500
              0 ms  room() = 2500
                    send(5000) = 2500  # No more than there is room for.
                    --> ACK seq 101 ack 301 len 1000
                    room() = 0         # What is in flight may be needed again.
                    send(1) = 0
             50     <-- ACK seq 301 ack 1101 win 1000
                    --> ACK seq 1101 ack 301 len 1000
                    room() = 1000
                    send(400) = 400
                    room() = 600
            100     <-- ACK seq 301 ack 2101 win 1000
                    --> ACK seq 2101 ack 301 len 900
                    room() = 1600
            ",
        );
        plays(
            lab,
            "
            # A socket of Linux has no such bound.
            with win=1000 buffer=100000 linux=no
              0 ms  send(200000) = 100000
                    --> ACK seq 101 ack 301 len 1000
                    room() = 0
            ",
        );
        plays(
            lab,
            "
            # A socket of Linux is gone after close().
            with buffer=2500 linux=no
              0 ms  send(5)
                    --> ACK seq 101 ack 301 len 5
                    close()
                    --> FIN,ACK seq 106 ack 301
                    room() = 2494      # Without the 5 bytes, and the FIN, which is a number in flight.
             50     <-- ACK seq 301 ack 107
                    closed
                    room() = 2500
            ",
        );
        for buffer in [1000, 3] {
            plays(
                lab,
                &format!(
                    "
            with buffer={buffer}
              0 ms  send({buffer}) = {buffer}
                    --> PSH,ACK seq 101 ack 301 len {buffer}
                    close()
                    --> FIN,ACK seq {} ack 301
                    room() = 0         # The FIN uses a number, but there is never room for less than 0 bytes.
                    send(1) = 0
                    ",
                    101 + buffer
                ),
            );
        }
    });
}

#[test]
fn s8_after_close_nothing_is_taken() {
    lab(|lab| {
        lab.why("The program has closed: later bytes would come after its FIN.");
        plays(
            lab,
            "
            # Linux cuts segments to half of a window that is narrower than two segments.
            with win=1000 linux=no
              0 ms  send(3000) = 3000
                    --> ACK seq 101 ack 301 len 1000
                    close()
                    send(5) = 0                           # There is room, but after close no byte is taken,
             50     <-- ACK seq 301 ack 1101 win 1000
                    --> ACK seq 1101 ack 301 len 1000
                    send(5) = 0                           # whether the FIN has left or not.
            100     <-- ACK seq 301 ack 2101 win 2000
                    --> FIN,PSH,ACK seq 2101 ack 301 len 1000  # The FIN leaves with the last byte: the window has room for both.
                    send(5) = 0
            150     <-- ACK seq 301 ack 3102
                    closed
                    send(5) = 0
            ",
        );
    });
}

#[test]
fn s8_an_ack_beyond_snd_nxt_is_not_believed() {
    lab(|lab| {
        lab.why("An ACK of unsent bytes changes nothing.");
        plays(
            lab,
            "
            # Linux sends the ACK by itself, and waits for 200 ms.
            with linux=no
              0 ms  <-- ACK seq 301 ack 102
                    beyond                            # Not a single byte was sent.
                    send(1000)
                    --> ACK seq 101 ack 301 len 1000
             20     <-- ACK seq 301 ack 1102 win 5
                    beyond                            # The owner is told, and sends an ACK.
                    SND.UNA=101 SND.WND=65535
             30     <-- ACK seq 301 ack 101 win 65535
           1000     --> ACK seq 101 ack 301 len 1000  # The timer did not hear of it.
            ",
        );
    });
}

#[test]
fn s8_what_is_lost_is_sent_again() {
    lab(|lab| {
        lab.why("The sender notices a loss by itself, after one RTO. The program is not told.");
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with linux=no
              0 ms  send(700)
                    --> ACK seq 101 ack 301 len 700    lost
            999     nothing
           1000     --> ACK seq 101 ack 301 len 700  # One RTO is over: 1 s.
                    RTO=2000
           1050     <-- ACK seq 301 ack 801
                    RTO=2000                         # No sample: which copy was it? (Karn)
           1100     send(10)
                    --> ACK seq 801 ack 301 len 10     lost
           3100     --> ACK seq 801 ack 301 len 10   # The RTO was 2 s.
           3150     <-- ACK seq 301 ack 811
           3200     send(10)
                    --> ACK seq 811 ack 301 len 10
           3250     <-- ACK seq 301 ack 821
                    RTO=1000                         # A fresh round trip: the back-off is over.
           9000     nothing
            ",
        );
    });
}

#[test]
fn s8_only_the_earliest_is_sent_again() {
    lab(|lab| {
        lab.why("RFC 6298, 5.4: when the timer rings, the earliest segment is sent again, and no other.");
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with linux=no
              0 ms  send(5000)
                    --> ACK seq 101 ack 301 len 1000   lost
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
                    --> ACK seq 4101 ack 301 len 1000
           1000     --> ACK seq 101 ack 301 len 1000
           1049     nothing  # (5.4) Only the earliest: most likely the others have arrived.
           1050     <-- ACK seq 301 ack 5101
           9000     nothing
            ",
        );
    });
}

#[test]
fn s8_a_whole_window_is_lost() {
    lab(|lab| {
        lab.why(
            "After a time-out all segments in flight count as lost, and are sent again as the congestion window allows, the earliest first.",
        );
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with linux=no
              0 ms  send(5000)
                    --> ACK seq 101 ack 301 len 1000   lost
                    --> ACK seq 1101 ack 301 len 1000  lost
                    --> ACK seq 2101 ack 301 len 1000  lost
                    --> ACK seq 3101 ack 301 len 1000  lost
                    --> ACK seq 4101 ack 301 len 1000  lost
                    send(2000)
                    --> ACK seq 5101 ack 301 len 1000  lost
                    --> ACK seq 6101 ack 301 len 1000  lost
           1000     --> ACK seq 101 ack 301 len 1000
                    CWND=1000 SSTHRESH=3500
                    FLIGHT=7000 room() = 58536         # What counts as lost is kept, too, and is in flight still.
           1050     <-- ACK seq 301 ack 1101
                    # Slow start: cwnd is 2000 now, so two leave.
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    CWND=2000
           1060     send(1000)
                    nothing                            # First what counts as lost.
           1100     <-- ACK seq 301 ack 3101
                    CWND=3000
                    --> ACK seq 3101 ack 301 len 1000
                    --> ACK seq 4101 ack 301 len 1000
                    --> ACK seq 5101 ack 301 len 1000
           1150     <-- ACK seq 301 ack 6101
                    CWND=4000
                    --> ACK seq 6101 ack 301 len 1000  # The last that was lost,
                    --> ACK seq 7101 ack 301 len 1000  # and what has never been sent.
           1200     <-- ACK seq 301 ack 8101
           9000     nothing
            ",
        );
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with nodelay=1 linux=no
              0 ms  send(600)
                    --> ACK seq 101 ack 301 len 600    lost
                    send(600)
                    --> ACK seq 701 ack 301 len 600    lost
           1000     --> ACK seq 101 ack 301 len 600
                    CWND=1000
                    nothing                            # 400 are left of cwnd. What counts as lost waits for room for an MSS.
           1050     <-- ACK seq 301 ack 701
                    --> ACK seq 701 ack 301 len 600
            ",
        );
    });
}

#[test]
fn s8_the_timer_is_one_for_all() {
    lab(|lab| {
        lab.why("There is one timer for all segments in flight (RFC 6298, section 5).");
        plays(
            lab,
            "
            with nodelay=1
              0 ms  send(10)
                    --> ACK seq 101 ack 301 len 10     lost
            400     send(10)
                    --> ACK seq 111 ack 301 len 10
            800     send(10)
                    --> ACK seq 121 ack 301 len 10
           1000     --> ACK seq 101 ack 301 len 10  # It counts from the first, not from the last.
           1010     send(10)
                    nothing                         # First what counts as lost.
           1050     <-- ACK seq 301 ack 131
                    --> ACK seq 131 ack 301 len 10
           1200     send(10)
                    --> ACK seq 141 ack 301 len 10     lost
           1300     <-- ACK seq 301 ack 141
                    RTO=1000
           2299     nothing
           2300     --> ACK seq 141 ack 301 len 10  # (5.3) The ACK has started it anew.
            ",
        );
    });
}

#[test]
fn s8_gives_up_and_says_so() {
    lab(|lab| {
        lab.why(
            "After R2 without an ACK the connection is dead, and the program must be told (RFC 9293, section 3.8.3).",
        );
        plays(
            lab,
            "
              0 s   send(1)
                    --> ACK seq 101 ack 301 len 1
              1 s   --> ACK seq 101 ack 301 len 1
              3 s   --> ACK seq 101 ack 301 len 1  # (5.5) Each wait is twice as long.
              7 s   --> ACK seq 101 ack 301 len 1
             15 s   --> ACK seq 101 ack 301 len 1
             31 s   --> ACK seq 101 ack 301 len 1
             63 s   --> ACK seq 101 ack 301 len 1
            123 s   timeout                        # More than 100 s without an ACK.
                    send(5)
           9999 s   nothing                        # It is over.
            ",
        );
        plays(
            lab,
            "
            with give_up=6 nodelay=1
              0 s   send(1)
                    --> ACK seq 101 ack 301 len 1
              1 s   --> ACK seq 101 ack 301 len 1
              3 s   --> ACK seq 101 ack 301 len 1
              7 s   timeout
                    send(5)
           9999 s   nothing                         # It is over, and nothing new leaves, either.
            ",
        );
        for late in [
            "<-- ACK seq 301 ack 1101",
            "<-- ACK seq 301 ack 2101",
            "<-- ACK seq 301 ack 101 win 0",
        ] {
            plays(
                lab,
                &format!(
                    "
            with give_up=1
              0 ms  send(2000)
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
           1000     timeout
           1100     {late}
                    send(1000)
                    close()
           9999 s   nothing  # The ACK comes too late. Nothing leaves any more, and nobody need call poll.
                    "
                ),
            );
        }
        lab.scene("the program writes at the moment when the time is over");
        let vars = Vars {
            snd_una: Seq(101),
            snd_nxt: Seq(101),
            snd_wnd: 65_535,
            rcv_nxt: Seq(301),
            mss: 1000,
            ..Vars::default()
        };
        let config = Config {
            nodelay: true,
            give_up: ms(1000),
            ..Config::default()
        };
        let call = "Sender::new(give up after 1s, nodelay)";
        let mut sender = lab.you(call, || Sender::new(config, &vars, Some(ms(50))));
        lab.why("It gives up in this poll, and after that nothing leaves, not even new bytes.");
        for (now, want) in [(ms(0), vec!["seq 101 len 5 PSH"]), (ms(1000), vec![])] {
            lab.you("write(5 bytes)", || sender.write(b"12345"));
            let call = format!("poll({now:?})");
            let out = lab.you(&call, || sender.poll(now));
            let out: Vec<String> = out.iter().map(words::segment).collect();
            lab.same(&call, out, want.into_iter().map(str::to_owned).collect());
        }
        lab.same("has_given_up()", sender.has_given_up(), true);
    });
}

#[test]
fn s8_the_handshake_is_the_first_sample() {
    lab(|lab| {
        lab.why("The time until the peer's answer to the SYN is a round trip, too.");
        plays(
            lab,
            "
            with rtt=100 floor=0
              0 ms  RTO=300
                    send(10)
                    --> ACK seq 101 ack 301 len 10
            300     --> ACK seq 101 ack 301 len 10  # 3 times the round trip of the handshake.
            ",
        );
        plays(
            lab,
            "
            with rtt=2000
              0 ms  send(10)
                    --> ACK seq 101 ack 301 len 10
           5999     nothing
           6000     --> ACK seq 101 ack 301 len 10
            ",
        );
    });
}

#[test]
fn s8_after_a_lost_syn_it_is_careful() {
    lab(|lab| {
        lab.why(
            "The SYN had to be sent again: the RTO is 3 s (RFC 6298, 5.7), and the initial window one segment (RFC 5681, \
             3.1).",
        );
        plays(
            lab,
            "
            with rtt=0 mss=1460 peer_mss=1000
              0 ms  send(4000)
                    --> ACK seq 101 ack 301 len 1000   lost
                    CWND=1000 RTO=3000
           2999     nothing  # The RTO begins with 3 s.
           3000     --> ACK seq 101 ack 301 len 1000
           3050     <-- ACK seq 301 ack 1101
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
            ",
        );
    });
}

#[test]
fn s8_nagle_holds_the_second_small_write_until_the_ack() {
    lab(|lab| {
        lab.why("Nagle: while anything is in flight, a small segment waits.");
        plays(
            lab,
            "
              0 ms  send(5)
                    --> ACK seq 101 ack 301 len 5     # Nothing is in flight: it leaves.
              1     send(5)
                    nothing                           # Nagle: wait for the ACK, and for more.
              2     send(5)
             49     nothing
             50     <-- ACK seq 301 ack 106
                    --> ACK seq 106 ack 301 len 10    # Both in one segment.
             60     send(990)
                    nothing
             70     send(20)
                    --> ACK seq 116 ack 301 len 1000  # A full segment does not wait,
                    nothing                           # and what is behind it does.
            100     <-- ACK seq 301 ack 1116
                    --> PSH,ACK seq 1116 ack 301 len 10
            ",
        );
    });
}

#[test]
fn s8_nodelay_does_not() {
    lab(|lab| {
        lab.why("TCP_NODELAY: nothing waits for an ACK.");
        plays(
            lab,
            "
            with nodelay=1
              0 ms  send(5)
                    --> PSH,ACK seq 101 ack 301 len 5
              1     send(5)
                    --> PSH,ACK seq 106 ack 301 len 5
              2     send(1005)
                    --> ACK seq 111 ack 301 len 1000
                    --> PSH,ACK seq 1111 ack 301 len 5
            ",
        );
    });
}

#[test]
fn s8_write_write_read_costs_a_delayed_ack() {
    lab(|lab| {
        lab.why("Nagle at this end and a delayed ACK at the other: each waits for the other.");
        // The peer answers a request of two parts, and delays the ACK for the first by 40 ms, as Linux does.
        plays(
            lab,
            "
            # Linux acknowledges the peer's data, too.
            with linux=no
              0 ms  send(5)
                    --> ACK seq 101 ack 301 len 5
                    send(5)
             39     nothing                         # The peer's ACK is delayed, ours waits for it.
             40     <-- ACK seq 301 ack 106
                    --> ACK seq 106 ack 301 len 5
             41     <-- ACK seq 301 ack 111 len 20  # The answer: 41 ms instead of 1.
                    SND.UNA=111
            ",
        );
        plays(
            lab,
            "
            # Linux acknowledges the peer's data, too.
            with linux=no
              0 ms  send(10)                        # Both parts in one write.
                    --> ACK seq 101 ack 301 len 10
              1     <-- ACK seq 301 ack 111 len 20
                    SND.UNA=111
            ",
        );
    });
}

#[test]
fn s8_a_silly_window_is_not_used() {
    lab(|lab| {
        lab.why(
            "A piece that the window has cut short waits until it is large enough (RFC 9293, section 3.8.6.2.1).",
        );
        plays(
            lab,
            "
            # In Linux a small segment waits only for another small one.
            with win=4000 linux=no
              0 ms  send(9000)
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
             50     <-- ACK seq 301 ack 4101 win 10
                    nothing  # 10 bytes are not worth a segment.
            100     <-- ACK seq 301 ack 4101 win 999
                    nothing
            150     <-- ACK seq 301 ack 4101 win 1000
                    --> ACK seq 4101 ack 301 len 1000
            200     <-- ACK seq 301 ack 5101 win 1500
                    --> ACK seq 5101 ack 301 len 1000
                    nothing  # 500 are left, less than a segment and half the window.
            250     <-- ACK seq 301 ack 6101 win 1999
                    --> ACK seq 6101 ack 301 len 1000
            300     <-- ACK seq 301 ack 7101 win 3000
                    --> ACK seq 7101 ack 301 len 1000
                    --> ACK seq 8101 ack 301 len 1000
            ",
        );
        plays(
            lab,
            "
            # A peer with a small buffer: half of it is enough for a segment.
            # Linux cuts segments to half of a window that is narrower than two segments.
            with win=600 linux=no
              0 ms  send(2000)
                    --> ACK seq 101 ack 301 len 600
             50     <-- ACK seq 301 ack 701 win 299
                    nothing
            100     <-- ACK seq 301 ack 701 win 300
                    --> ACK seq 701 ack 301 len 300
            ",
        );
    });
}

#[test]
fn s8_a_window_that_stays_silly_is_used_in_the_end() {
    lab(|lab| {
        lab.why("No segment may wait for ever.");
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with win=4000 linux=no
              0 ms  send(9000)
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
             50     <-- ACK seq 301 ack 4101 win 300
           1049     nothing
           1050     --> ACK seq 4101 ack 301 len 300  # It gets no wider: after an RTO take what there is.
           1100     <-- ACK seq 301 ack 4401 win 300
           2099     nothing
           2100     --> ACK seq 4401 ack 301 len 300  # The next wait is a new one.
                    FLIGHT=300
           3100     --> ACK seq 4401 ack 301 len 300  # It is a segment like any other, with the timer of step 4.
           3150     <-- ACK seq 301 ack 4701 win 2500
                    CWND=1300
                    --> ACK seq 4701 ack 301 len 1000
            ",
        );
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with win=4000 linux=no
              0 ms  send(9000)
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
             50     <-- ACK seq 301 ack 4101 win 300
            500     <-- ACK seq 301 ack 4101 win 300
            900     <-- ACK seq 301 ack 4101 win 310
           1049     nothing
                    # The timer has run since 50. An ACK after which the window is
                    # still too small does not restart it.
           1050     --> ACK seq 4101 ack 301 len 310
            ",
        );
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with win=1000 linux=no
              0 ms  send(3000)
                    --> ACK seq 101 ack 301 len 1000
             50     <-- ACK seq 301 ack 1101 win 1
           1050     --> ACK seq 1101 ack 301 len 1
                    SND.NXT=1102 FLIGHT=1  # A window of one byte is none that is shut: this is sent, and no question.
            ",
        );
    });
}

#[test]
fn s8_persist_probe_at_zero_window() {
    lab(|lab| {
        lab.why(
            "While the window is zero, the sender asks again and again, with growing pauses (RFC 9293, section 3.8.6.1).",
        );
        plays(
            lab,
            "
            # Linux cuts segments to half of a window that is narrower than two segments.
            with win=1000 linux=no
              0 ms  send(5000)
                    --> ACK seq 101 ack 301 len 1000
             50     <-- ACK seq 301 ack 1101 win 0
           1049     nothing                            # No window: nothing but questions may leave.
           1050     --> ACK seq 1101 ack 301 len 1     # After one RTO the sender asks, with the next byte (MUST-36).
                    SND.NXT=1101 FLIGHT=0              # The question does not count as sent.
                    room() = 61536
           1100     <-- ACK seq 301 ack 1101 win 0
           3050     --> ACK seq 1101 ack 301 len 1     # Twice the wait.
           3100     <-- ACK seq 301 ack 1101 win 0
           7050     --> ACK seq 1101 ack 301 len 1
           7100     <-- ACK seq 301 ack 1101 win 2000
                    --> ACK seq 1101 ack 301 len 1000  # It has opened: the byte of the question is still to be sent.
                    --> ACK seq 2101 ack 301 len 1000
           7150     <-- ACK seq 301 ack 3101 win 0
           8150     --> ACK seq 3101 ack 301 len 1     # A new wait begins with one RTO.
            ",
        );
        plays(
            lab,
            "
            # Linux has no such limit.
            with win=1000 ceiling=1500 linux=no
              0 ms  send(2000)
                    --> ACK seq 101 ack 301 len 1000
           1000     --> ACK seq 101 ack 301 len 1000
           2500     --> ACK seq 101 ack 301 len 1000   # No RTO is longer than 1.5 s here,
           4000     --> ACK seq 101 ack 301 len 1000
           4050     <-- ACK seq 301 ack 1101 win 0
           5550     --> ACK seq 1101 ack 301 len 1
           7050     --> ACK seq 1101 ack 301 len 1     # and no question waits longer, either.
            ",
        );
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s.
            with win=0 linux=no
              0 ms  send(5)
            999     nothing
           1000     --> ACK seq 101 ack 301 len 1      # The window was never open. The sender asks all the same.
           1050     <-- ACK seq 301 ack 101 win 5
                    --> ACK seq 101 ack 301 len 5
            ",
        );
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s.
            with win=0 linux=no
              0 ms  close()
           1000     --> FIN,ACK seq 101 ack 301 no PSH # The same with a FIN.
           1050     <-- ACK seq 301 ack 102 win 0
                    closed
            ",
        );
    });
}

#[test]
fn s8_a_full_window_in_flight_asks_nothing() {
    lab(|lab| {
        lab.why("Questions are for a sender that expects no ACK.");
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with win=2000 linux=no
              0 ms  send(5000)
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
           1000     --> ACK seq 101 ack 301 len 1000   # The window is full, but an answer is awaited:
           1001     nothing                            # its timer is enough, and there is nothing to ask.
           1050     <-- ACK seq 301 ack 2101 win 2000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
            ",
        );
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with win=2000 linux=no
              0 ms  send(5000)
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
             50     <-- ACK seq 301 ack 101 win 0      # No room any more, and two segments on their way.
           1000     --> ACK seq 101 ack 301 len 1000
           1051     nothing                            # The answer to these tells of the window, too: no question beside them.
           3000     --> ACK seq 101 ack 301 len 1000
           3050     <-- ACK seq 301 ack 2101 win 0     # Now nothing is in flight, and no answer is on its way.
           7050     --> ACK seq 2101 ack 301 len 1     # The RTO was doubled twice, and is 4 s.
           7100     <-- ACK seq 301 ack 2101 win 2000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
            ",
        );
        plays(
            lab,
            "
            # Linux cuts segments to half of a window that is narrower than two segments.
            with win=1000 linux=no
              0 ms  send(3000)
                    --> ACK seq 101 ack 301 len 1000
             50     <-- ACK seq 301 ack 1101 win 0
            500     <-- ACK seq 301 ack 1101 win 2000
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
           1400     nothing  # The first question was due at 1050. But the window has opened: its timer does not run any more.
           1450     <-- ACK seq 301 ack 3101
            ",
        );
    });
}

#[test]
fn s8_a_probe_may_be_taken() {
    lab(|lab| {
        lab.why("The peer may take the byte of a question. Then it counts as sent.");
        plays(
            lab,
            "
            # Linux cuts segments to half of a window that is narrower than two segments.
            with win=1000 linux=no
              0 ms  send(4000)
                    --> ACK seq 101 ack 301 len 1000
             50     <-- ACK seq 301 ack 1101 win 0
           1050     --> ACK seq 1101 ack 301 len 1
           1100     <-- ACK seq 301 ack 1102 win 0  # The peer has taken the byte: so it has been sent.
                    SND.UNA=1102 SND.NXT=1102 FLIGHT=0
           2100     --> ACK seq 1102 ack 301 len 1  # There is progress, so the next wait is one RTO again.
           2150     <-- ACK seq 301 ack 1103 win 1000
                    --> ACK seq 1103 ack 301 len 1000
           2200     <-- ACK seq 301 ack 2103 win 1000
                    --> ACK seq 2103 ack 301 len 1000
           2250     <-- ACK seq 301 ack 3103 win 1000
                    --> PSH,ACK seq 3103 ack 301 len 998
            ",
        );
    });
}

/// The ACKs of ten segments, one for each two of them.
fn acks_of_every_second() -> String {
    (1..=5)
        .map(|n| {
            format!(
                "<-- ACK seq 301 ack {}\n                    ",
                101 + n * 2000
            )
        })
        .collect()
}

#[test]
fn s8_the_byte_of_a_probe_counts_like_any_other() {
    lab(|lab| {
        lab.why("The peer has taken the byte of a question: one number more is acknowledged.");
        for carried in ["", " len 10"] {
            plays(
                lab,
                &format!(
                    "
            # Linux waits 200 ms where the RFC says 1 s.
            with win=1000 rtt=0 linux=no
              0 ms  send(4000)
                    --> ACK seq 101 ack 301 len 1000
             50     <-- ACK seq 301 ack 1101 win 0
                    CWND=2000
           1050     --> ACK seq 1101 ack 301 len 1
           1100     <-- ACK seq 301 ack 1102 win 0{carried}
                    SND.UNA=1102 CWND=2001                  # Slow start: cwnd grows by the one byte.
                    "
                ),
            );
        }
        let acks = acks_of_every_second();
        plays(
            lab,
            &format!(
                "
            # Linux waits 200 ms where the RFC says 1 s.
            with linux=no
              0 ms  send(10000)
                    {}
             50     {acks}CWND=15000
             60     <-- ACK seq 301 ack 10101 win 0
                    send(30000)
           1060     --> ACK seq 10101 ack 301 len 1
                    CWND=10000                              # A pause of more than an RTO: the initial window.
           2000     <-- ACK seq 301 ack 10102 win 65535
                    # The question was sent 940 ms ago, less than an RTO: this is not
                    # a pause. cwnd has grown by one byte.
                    CWND=10001 FLIGHT=10000
                    {}
                ",
                full(101, 10),
                full(10_102, 10)
            ),
        );
    });
}

#[test]
fn s8_only_a_probe_makes_one_more_believable() {
    lab(|lab| {
        lab.why("An ACK of one more than SND.NXT is believed as the answer to a question, and only then.");
        plays(
            lab,
            "
            # Linux cuts segments to half of a window that is narrower than two segments.
            with win=1000 linux=no
              0 ms  send(4000)
                    --> ACK seq 101 ack 301 len 1000
             50     <-- ACK seq 301 ack 1101 win 0
             60     <-- ACK seq 301 ack 1102 win 0
                    beyond                            # Nothing was asked yet.
           1050     --> ACK seq 1101 ack 301 len 1
           1100     <-- ACK seq 301 ack 1103 win 0
                    beyond                            # One byte was sent as a question, not two.
           1110     <-- ACK seq 301 ack 1101 win 1000
                    --> ACK seq 1101 ack 301 len 1000
           1120     <-- ACK seq 301 ack 2102 win 1000
                    beyond                            # The question is history: now SND.NXT is 2101.
                    SND.UNA=1101
           1130     <-- ACK seq 301 ack 1102 win 999  # The answer to it, late: the byte has arrived.
                    SND.UNA=1102
            ",
        );
        for other in [
            "<-- ACK seq 301 ack 1101 win 0",
            "<-- ACK seq 301 ack 900 win 0",
            "<-- ACK seq 301 ack 1101 win 0 len 10",
            "<-- ACK seq 301 ack 1101 win 300",
            "<-- ACK seq 301 ack 5000 win 0 beyond",
        ] {
            plays(
                lab,
                &format!(
                    "
            # Linux cuts segments to half of a window that is narrower than two segments.
            with win=1000 linux=no
              0 ms  send(4000)
                    --> ACK seq 101 ack 301 len 1000
             50     <-- ACK seq 301 ack 1101 win 0
           1050     --> ACK seq 1101 ack 301 len 1
           1060     {other}
           1100     <-- ACK seq 311 ack 1102 win 0  # The answer to the question, though another segment came before it.
                    SND.UNA=1102 SND.NXT=1102
                    "
                ),
            );
        }
        plays(
            lab,
            "
            # Linux cuts segments to half of a window that is narrower than two segments.
            with win=1000 linux=no
              0 ms  send(4000)
                    --> ACK seq 101 ack 301 len 1000
             50     <-- ACK seq 301 ack 1101 win 0
           1050     --> ACK seq 1101 ack 301 len 1
           1100     <-- ACK seq 301 ack 1102 win 0
           1110     <-- ACK seq 301 ack 1103 win 0
                    beyond                            # One question has one answer.
            ",
        );
    });
}

#[test]
fn s8_a_lost_window_update_is_survived() {
    lab(|lab| {
        lab.why("The segment that opens the window can be lost, too.");
        plays(
            lab,
            "
            # Linux cuts segments to half of a window that is narrower than two segments.
            with win=1000 linux=no
              0 ms  send(3000)
                    --> ACK seq 101 ack 301 len 1000
             50     <-- ACK seq 301 ack 1101 win 0
            # At 400 ms the peer has room for 1000 again and says so, but this
            # segment is lost. Both would wait for ever.
           1050     --> ACK seq 1101 ack 301 len 1
           1100     <-- ACK seq 301 ack 1102 win 999
                    --> ACK seq 1102 ack 301 len 999  # The answer to the question brings the window.
            ",
        );
    });
}

#[test]
fn s8_persist_never_gives_up_while_acknowledged() {
    lab(|lab| {
        lab.why("A peer that answers is there, however long it has no room (MUST-37).");
        plays(
            lab,
            "
            with win=1000 give_up=10
              0 s   send(2000)
                    --> ACK seq 101 ack 301 len 1000
                    <-- ACK seq 301 ack 1101 win 0
              1 s   --> ACK seq 1101 ack 301 len 1
                    <-- ACK seq 301 ack 1101 win 0
              3 s   --> ACK seq 1101 ack 301 len 1
                    <-- ACK seq 301 ack 1101 win 0
              7 s   --> ACK seq 1101 ack 301 len 1
                    <-- ACK seq 301 ack 1101 win 0
             15 s   --> ACK seq 1101 ack 301 len 1
                    <-- ACK seq 301 ack 1101 win 0
             31 s   --> ACK seq 1101 ack 301 len 1
                    <-- ACK seq 301 ack 1100 win 0          # Old, but a sign of life.
             63 s   --> ACK seq 1101 ack 301 len 1  # It has no room, but it is there (MUST-37).
                    <-- ACK seq 301 ack 1101 win 0
            123 s   --> ACK seq 1101 ack 301 len 1
            183 s   timeout                         # It does not even answer any more.
            ",
        );
    });
}

#[test]
fn s8_who_answers_a_question() {
    lab(|lab| {
        lab.why(
            "Only a segment with an acknowledgment that is not beyond is a sign of life. After give_up without one, the connection is dead.",
        );
        let asked = "
            with win=1000 give_up=6
              0 ms  send(5000)
                    --> ACK seq 101 ack 301 len 1000
             50     <-- ACK seq 301 ack 1101 win 0
           1050     --> ACK seq 1101 ack 301 len 1
           3050     --> ACK seq 1101 ack 301 len 1";
        for answer in [
            "<-- ACK seq 301 ack 1101 win 0",
            "<-- ACK seq 301 ack 1100 win 0",
            "<-- ACK seq 301 ack 1101 win 0 len 10",
            "<-- FIN,ACK seq 301 ack 1101 win 0",
        ] {
            plays(
                lab,
                &format!(
                    "{asked}
           7000     {answer}
           7050     --> ACK seq 1101 ack 301 len 1  # The peer was heard: it is there.
                    "
                ),
            );
        }
        plays(
            lab,
            &format!(
                "{asked}
           7000     <-- ACK seq 301 ack 1101 win 300
           7050     --> ACK seq 1101 ack 301 len 300  # The peer was heard, and has room, if too little to be used at once.
                "
            ),
        );
        for (silence, why) in [
            ("nothing", "The peer has said nothing at all."),
            (
                "<-- ACK seq 301 ack 5000 win 0 beyond",
                "Nothing in a segment that acknowledges unsent bytes is believed.",
            ),
            (
                "<-- seq 301 win 0",
                "A segment without ACK says nothing about our data.",
            ),
        ] {
            plays(
                lab,
                &format!(
                    "{asked}
           7000     {silence}
           7050     timeout  # {why} The first question was asked 6 s ago.
           9999 s   nothing
                    "
                ),
            );
        }
    });
}

#[test]
fn s8_who_keeps_a_flight_alive() {
    lab(|lab| {
        lab.why(
            "For data in flight only a new acknowledgment is a sign of life, or, while SND.WND is 0, any acknowledgment that is not beyond.",
        );
        let play = |before: &str, at_6900: &str, is_sign: bool, why: &str| {
            let then = match is_sign {
                true => "--> ACK seq 101 ack 301 len 1000",
                false => "timeout",
            };
            plays(
                lab,
                &format!(
                    "
            with give_up=5
              0 ms  send(1000)
                    --> ACK seq 101 ack 301 len 1000
             10     {before}
           1000     --> ACK seq 101 ack 301 len 1000
           3000     --> ACK seq 101 ack 301 len 1000
           6900     {at_6900}
           7000     {then}  # {why}
                    "
                ),
            );
        };
        let open = "<-- ACK seq 400 ack 101 win 65535";
        let shut = "<-- ACK seq 400 ack 101 win 0";
        for (before, at_6900, why) in [
            (
                open,
                "<-- ACK seq 400 ack 101 win 0",
                "SND.WND is 0 now: the peer says that it has no room.",
            ),
            (
                shut,
                "<-- ACK seq 400 ack 101 win 0",
                "The peer says again that it has no room.",
            ),
            (
                shut,
                "<-- ACK seq 400 ack 100 win 0",
                "It is old, but SND.WND is 0, and the peer is there.",
            ),
            (
                shut,
                "<-- ACK seq 350 ack 101 win 9000",
                "SND.WND is still 0: the window of segment 350 is older.",
            ),
            (
                shut,
                "<-- ACK seq 400 ack 101 win 0 len 10",
                "It carries data, and SND.WND is 0.",
            ),
        ] {
            play(before, at_6900, true, why);
        }
        for (before, at_6900, why) in [
            (open, "nothing", "The peer has said nothing for 5 s."),
            (
                open,
                "<-- ACK seq 400 ack 101 win 65535",
                "A duplicate acknowledges nothing, and SND.WND is not 0.",
            ),
            (
                open,
                "<-- ACK seq 400 ack 101 win 65535 len 10",
                "It acknowledges nothing, and SND.WND is not 0.",
            ),
            (
                open,
                "<-- ACK seq 400 ack 101 win 9000",
                "It acknowledges nothing, and SND.WND is not 0.",
            ),
            (
                open,
                "<-- ACK seq 350 ack 101 win 0",
                "The window of segment 350 is older: SND.WND is not 0.",
            ),
            (
                shut,
                "<-- ACK seq 400 ack 5000 win 0 beyond",
                "Nothing in a segment that acknowledges unsent bytes is believed.",
            ),
            (
                shut,
                "<-- seq 400 win 0",
                "A segment without ACK says nothing about our data.",
            ),
        ] {
            play(before, at_6900, false, why);
        }
    });
}

#[test]
fn s8_a_full_peer_with_segments_in_flight_is_not_given_up() {
    lab(|lab| {
        lab.why("A peer that answers is there, however long it has no room (MUST-37).");
        plays(
            lab,
            "
            # The peer takes its window back while a segment is in flight, and answers each copy.
            with give_up=5
              0 s   send(1000)
                    --> ACK seq 101 ack 301 len 1000
                    <-- ACK seq 301 ack 101 win 0
              1 s   --> ACK seq 101 ack 301 len 1000
                    <-- ACK seq 301 ack 101 win 0
              3 s   --> ACK seq 101 ack 301 len 1000
                    <-- ACK seq 301 ack 101 win 0
                    # It answered 4 s ago: it is there, so the connection is not given
                    # up.
              7 s   --> ACK seq 101 ack 301 len 1000
              7.5 s <-- ACK seq 301 ack 1101 win 4000
             99 s   nothing
            ",
        );
    });
}

#[test]
fn s8_fin_follows_the_last_byte() {
    lab(|lab| {
        lab.why("A FIN is a number after the last byte, and leaves when that byte has left.");
        plays(
            lab,
            "
            # In Linux a small segment waits only for another small one.
            with linux=no
              0 ms  send(1500)
                    --> ACK seq 101 ack 301 len 1000
                    nothing
                    close()
                    --> FIN,PSH,ACK seq 1101 ack 301 len 500  # The rest can grow no more, so Nagle lets it go, and FIN rides on it.
                    SND.NXT=1602 FLIGHT=1501                  # The FIN uses a number.
             10     send(5) = 0                               # After close there is no more to send.
                    close()
             50     <-- ACK seq 301 ack 1601
                    SND.UNA=1601 FLIGHT=1                     # All bytes have arrived. The FIN has not.
             60     <-- ACK seq 301 ack 1602
                    closed
           9000     nothing
            ",
        );
        plays(
            lab,
            "
            # A socket of Linux is gone after close().
            with linux=no
              0 ms  send(5)
                    --> ACK seq 101 ack 301 len 5
             50     <-- ACK seq 301 ack 106
            100     close()
                    --> FIN,ACK seq 106 ack 301 no PSH        # Nothing waits, so it leaves alone. It pushes nothing.
            150     <-- ACK seq 301 ack 107
                    closed
            ",
        );
        plays(
            lab,
            "
            # A socket of Linux is gone after close().
            with linux=no
              0 ms  close()
                    --> FIN,ACK seq 101 ack 301               # Not a single byte was sent.
                    close()
             50     <-- ACK seq 301 ack 102
                    closed
            ",
        );
        plays(
            lab,
            "
            # A socket of Linux is gone after close().
            with win=2000 linux=no
              0 ms  send(4000)
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
                    close()
             50     <-- ACK seq 301 ack 2101 win 4000
                    --> ACK seq 2101 ack 301 len 1000
                    # A full segment has room for a FIN, because a FIN is not part of
                    # the payload.
                    --> FIN,PSH,ACK seq 3101 ack 301 len 1000
            100     <-- ACK seq 301 ack 4102
                    closed
            ",
        );
        plays(
            lab,
            &format!(
                "
            # A socket of Linux is gone after close().
            with linux=no
              0 ms  send(10000)
                    {}
                    CWND=10000 FLIGHT=10000
                    close()
                    --> FIN,ACK seq 10101 ack 301  # The congestion window is full, but does not count the FIN.
                ",
                full(101, 10)
            ),
        );
        plays(
            lab,
            &format!(
                "
            # A socket of Linux is gone after close().
            with win=9000 linux=no
              0 ms  send(10000)
                    {}
                    close()
             50     <-- ACK seq 301 ack 101 win 65535
                    # cwnd is 10000 and 9000 are in flight: the last 1000 bytes fit,
                    # and their FIN does not count.
                    --> FIN,PSH,ACK seq 9101 ack 301 len 1000
                ",
                full(101, 9)
            ),
        );
    });
}

#[test]
fn s8_fin_does_not_jump_the_queue() {
    lab(|lab| {
        lab.why("A FIN before the last byte would cut the stream off.");
        plays(
            lab,
            "
            # Linux cuts segments to half of a window that is narrower than two segments.
            with win=1500 linux=no
              0 ms  send(2500)
                    --> ACK seq 101 ack 301 len 1000
                    close()
                    nothing                               # 1500 bytes are still to be sent. FIN comes behind them.
             50     <-- ACK seq 301 ack 1101 win 1500
                    --> ACK seq 1101 ack 301 len 1000
                    --> PSH,ACK seq 2101 ack 301 len 500
                    nothing                               # The window is full.
            100     <-- ACK seq 301 ack 2101 win 1500
                    --> FIN,ACK seq 2601 ack 301
            150     <-- ACK seq 301 ack 2602
                    closed
            ",
        );
        plays(
            lab,
            "
            # A socket of Linux is gone after close().
            with win=1000 linux=no
              0 ms  send(3001)
                    --> ACK seq 101 ack 301 len 1000
                    close()
             50     <-- ACK seq 301 ack 1101 win 4000
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000     # One byte is left, so the FIN is not next.
                    --> FIN,PSH,ACK seq 3101 ack 301 len 1
            ",
        );
    });
}

#[test]
fn s8_fin_uses_a_number_and_waits_for_window() {
    lab(|lab| {
        lab.why("A FIN uses a number, and a number needs room in the window.");
        plays(
            lab,
            "
            # In Linux a small segment waits only for another small one.
            with win=1000 linux=no
              0 ms  send(500)
                    --> PSH,ACK seq 101 ack 301 len 500
                    send(500)
                    nothing
                    close()
                    --> PSH,ACK seq 601 ack 301 len 500      # The window has room for 1000 numbers, and FIN is the 1001st.
                    nothing
             50     <-- ACK seq 301 ack 1101 win 1
                    --> FIN,ACK seq 1101 ack 301
            100     <-- ACK seq 301 ack 1102
                    closed
            ",
        );
        plays(
            lab,
            "
            # In Linux a small segment waits only for another small one.
            with win=1001 linux=no
              0 ms  send(500)
                    --> PSH,ACK seq 101 ack 301 len 500
                    send(500)
                    nothing
                    close()
                    --> FIN,PSH,ACK seq 601 ack 301 len 500  # It just fits.
             50     <-- ACK seq 301 ack 1102
                    closed
            ",
        );
        plays(
            lab,
            "
            # Linux cuts segments to half of a window that is narrower than two segments.
            with win=1000 linux=no
              0 ms  send(1000)
                    --> PSH,ACK seq 101 ack 301 len 1000
                    close()
                    nothing                                  # Nor does it leave alone, where there is no room for it.
             50     <-- ACK seq 301 ack 1101 win 1000
                    --> FIN,ACK seq 1101 ack 301
            ",
        );
    });
}

#[test]
fn s8_a_fin_may_be_the_probe() {
    lab(|lab| {
        lab.why("If a FIN is next, the question is the FIN.");
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with win=5 linux=no
              0 ms  send(5)
                    --> ACK seq 101 ack 301 len 5
             50     <-- ACK seq 301 ack 106 win 0
            100     close()
           1099     nothing                      # No room, not even for a FIN.
           1100     --> FIN,ACK seq 106 ack 301  # After an RTO it is the question.
                    SND.NXT=106
           1150     <-- ACK seq 301 ack 106 win 0
           3100     --> FIN,ACK seq 106 ack 301
           3150     <-- ACK seq 301 ack 107 win 0
                    closed                       # The peer has taken it.
                    SND.UNA=107
           9000     nothing
            ",
        );
        plays(
            lab,
            "
            # Linux cuts segments to half of a window that is narrower than two segments.
            with win=1000 linux=no
              0 ms  send(1002)
                    --> ACK seq 101 ack 301 len 1000
                    close()
             50     <-- ACK seq 301 ack 1101 win 0
           1050     --> ACK seq 1101 ack 301 len 1    # Bytes come first, and the FIN behind the last.
           1100     <-- ACK seq 301 ack 1102 win 0
           2100     --> ACK seq 1102 ack 301 len 1 no PSH
           2150     <-- ACK seq 301 ack 1103 win 0
           3150     --> FIN,ACK seq 1103 ack 301
            ",
        );
    });
}

#[test]
fn s8_a_lost_fin_is_sent_again() {
    lab(|lab| {
        lab.why("A FIN waits only for the segments that count as lost.");
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with linux=no
              0 ms  send(2000)
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
           1000     --> ACK seq 101 ack 301 len 1000
                    close()
                    nothing                            # The second segment still counts as lost.
           1050     <-- ACK seq 301 ack 1101
                    --> ACK seq 1101 ack 301 len 1000
                    --> FIN,ACK seq 2101 ack 301       # Now nothing does: the FIN leaves at the same moment.
            ",
        );
        lab.why("A FIN is kept and sent again like a byte.");
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with linux=no
              0 ms  send(5)
                    --> ACK seq 101 ack 301 len 5
                    close()
                    # Nothing is left to send, so the FIN leaves. It does not wait for
                    # an ACK.
                    --> FIN,ACK seq 106 ack 301        lost
             50     <-- ACK seq 301 ack 106
           1049     nothing
           1050     --> FIN,ACK seq 106 ack 301
           3050     --> FIN,ACK seq 106 ack 301
           3100     <-- ACK seq 301 ack 107
                    closed
            ",
        );
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with linux=no
              0 ms  send(2000)
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
                    close()
                    --> FIN,ACK seq 2101 ack 301
           1000     --> ACK seq 101 ack 301 len 1000
           1050     <-- ACK seq 301 ack 1101
                    CWND=2000
                    --> ACK seq 1101 ack 301 len 1000  # cwnd has room for 2000 bytes, and a FIN is none.
                    --> FIN,ACK seq 2101 ack 301
           1100     <-- ACK seq 301 ack 2102
                    closed
            ",
        );
    });
}

#[test]
fn s8_slow_start_from_ten_segments() {
    lab(|lab| {
        lab.why(
            "The congestion window begins with ten segments, and grows by the acknowledged bytes.",
        );
        plays(
            lab,
            "
            # In Linux cwnd grows by all bytes that an ACK acknowledges.
            with linux=no
              0 ms  send(40000)
                    CWND=10000 FLIGHT=10000             # IW10: the window would have room for more (RFC 6928).
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
                    --> ACK seq 4101 ack 301 len 1000
                    --> ACK seq 5101 ack 301 len 1000
                    --> ACK seq 6101 ack 301 len 1000
                    --> ACK seq 7101 ack 301 len 1000
                    --> ACK seq 8101 ack 301 len 1000
                    --> ACK seq 9101 ack 301 len 1000
                    nothing
             50     <-- ACK seq 301 ack 1101
                    --> ACK seq 10101 ack 301 len 1000  # One has arrived, so two may leave: slow start.
                    --> ACK seq 11101 ack 301 len 1000
                    CWND=11000
                    <-- ACK seq 301 ack 3101
                    --> ACK seq 12101 ack 301 len 1000  # Two have arrived, by one ACK: cwnd grows by one MSS.
                    --> ACK seq 13101 ack 301 len 1000
                    --> ACK seq 14101 ack 301 len 1000
                    CWND=12000 FLIGHT=12000
            ",
        );
    });
}

#[test]
fn s8_a_segment_is_not_cut_for_the_congestion_window() {
    lab(|lab| {
        lab.why("The congestion window lets a segment leave whole or not at all.");
        plays(
            lab,
            "
            # Linux counts cwnd in segments.
            with linux=no
              0 ms  send(10500)
                    CWND=10000 FLIGHT=10000
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
                    --> ACK seq 4101 ack 301 len 1000
                    --> ACK seq 5101 ack 301 len 1000
                    --> ACK seq 6101 ack 301 len 1000
                    --> ACK seq 7101 ack 301 len 1000
                    --> ACK seq 8101 ack 301 len 1000
                    --> ACK seq 9101 ack 301 len 1000
             10     send(5000)
             20     <-- ACK seq 301 ack 601
                    CWND=10500
                    # 9500 are in flight. The next segment has 1000 bytes, and leaves whole.
                    --> ACK seq 10101 ack 301 len 1000
                    FLIGHT=10500
             30     <-- ACK seq 301 ack 1001
                    CWND=10900
                    nothing  # There is room for 800. They wait for 200 more.
            ",
        );
        plays(
            lab,
            "
            # A window of which 800 bytes are more than half.
            with win=1600 nodelay=1
              0 ms  send(500)
                    --> ACK seq 101 ack 301 len 500    lost
           1000     --> ACK seq 101 ack 301 len 500
           1050     <-- ACK seq 301 ack 401 win 1600
                    CWND=1300 FLIGHT=200
                    send(300)
                    --> ACK seq 601 ack 301 len 300
                    send(5000)
                    nothing  # cwnd has room for 800, the window for 1100. A segment of 1000 waits, and is not cut to 800.
           1100     <-- ACK seq 301 ack 601 win 1600
                    CWND=1500 FLIGHT=1300
                    --> ACK seq 901 ack 301 len 1000
            ",
        );
        for last in [300, 500] {
            plays(
                lab,
                &format!(
                    "
            with nodelay=1
              0 ms  send(9500)
                    {}
                    --> ACK seq 9101 ack 301 len 500
             10     send({last})
                    # cwnd is 10000 and 9500 are in flight: there is room for a payload of 500, and no full one is needed.
                    --> ACK seq 9601 ack 301 len {last}
                    ",
                    full(101, 9)
                ),
            );
        }
    });
}

#[test]
fn s8_three_duplicates_are_a_loss() {
    lab(|lab| {
        lab.why(
            "Three duplicate ACKs in a row mean a loss, a round trip after it happened (RFC 5681, section 3.2).",
        );
        plays(
            lab,
            "
            # Linux sends nothing new for the first two duplicates here.
            with linux=no
              0 ms  send(40000)
                    FLIGHT=10000
                    --> ACK seq 101 ack 301 len 1000   lost
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
                    --> ACK seq 4101 ack 301 len 1000
                    --> ACK seq 5101 ack 301 len 1000
                    --> ACK seq 6101 ack 301 len 1000
                    --> ACK seq 7101 ack 301 len 1000
                    --> ACK seq 8101 ack 301 len 1000
                    --> ACK seq 9101 ack 301 len 1000
             50     <-- ACK seq 301 ack 101
                    --> ACK seq 10101 ack 301 len 1000  # Limited transmit: something has arrived, so one may leave.
                    <-- ACK seq 301 ack 101
                    --> ACK seq 11101 ack 301 len 1000
                    CWND=10000
                    <-- ACK seq 301 ack 101
                    --> ACK seq 101 ack 301 len 1000    # The third duplicate: it is lost. No need to wait for the timer.
                    CWND=8000 SSTHRESH=5000             # Half of 10000, and 3 MSS for the three.
                    <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
                    CWND=12000 FLIGHT=12000
                    nothing
                    <-- ACK seq 301 ack 101
                    --> ACK seq 12101 ack 301 len 1000  # cwnd has grown beyond what is in flight: new data.
                    <-- ACK seq 301 ack 101
                    --> ACK seq 13101 ack 301 len 1000
            100     <-- ACK seq 301 ack 12101
                    CWND=3000 SSTHRESH=5000             # Recovery is over. 2000 are in flight, and one may be added,
                    --> ACK seq 14101 ack 301 len 1000
                    <-- ACK seq 301 ack 13101
                    CWND=4000
                    --> ACK seq 15101 ack 301 len 1000  # and slow start leads up to ssthresh.
                    --> ACK seq 16101 ack 301 len 1000
            ",
        );
    });
}

#[test]
fn s8_a_peer_that_talks_tells_of_no_loss() {
    lab(|lab| {
        lab.why(
            "Each segment of the peer repeats the ACK number. Only one without data that changes no window is a \
             duplicate (RFC 5681, section 2).",
        );
        plays(
            lab,
            &format!(
                "
            # Linux acknowledges the peer's data, too.
            with linux=no
              0 ms  send(20000)
                    {}
                    # The peer's program writes. This does not mean a loss, or that a
                    # segment has left the network.
             50     <-- ACK seq 301 ack 101 len 10
                    nothing
                    <-- ACK seq 311 ack 101 len 10
                    <-- ACK seq 321 ack 101 len 10
                    <-- ACK seq 331 ack 101 len 10
                    nothing
                    CWND=10000
                    # The windows change: these are not duplicates either.
             60     <-- ACK seq 341 ack 101 win 60000
                    <-- ACK seq 341 ack 101 win 50000
                    <-- ACK seq 341 ack 101 win 40000
                    <-- ACK seq 341 ack 101 win 50000
                    nothing
                    CWND=10000
             70     <-- ACK seq 341 ack 101 win 50000
                    --> ACK seq 10101 ack 301 len 1000  # This is the first.
                    <-- ACK seq 341 ack 101 len 10
                    <-- ACK seq 351 ack 101 win 50000
                    --> ACK seq 11101 ack 301 len 1000  # The second.
                    <-- ACK seq 351 ack 100
                    nothing                             # An old one is none.
                    <-- ACK seq 351 ack 101
                    --> ACK seq 101 ack 301 len 1000    # The third.
                ",
                full(101, 10)
            ),
        );
    });
}

#[test]
fn s8_what_recovery_demands_is_sent_once() {
    lab(|lab| {
        lab.why(
            "Only the fast retransmit itself leaves whatever cwnd is. Segments that count as lost later wait for cwnd.",
        );
        plays(
            lab,
            &format!(
                "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with linux=no
              0 ms  send(10000)
                    {}
             50     <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
                    --> ACK seq 101 ack 301 len 1000    # The third duplicate.
           1000     --> ACK seq 101 ack 301 len 1000    # The timer. All ten count as lost, and cwnd has room for one.
                    CWND=1000
           1100     <-- ACK seq 301 ack 101 win 60000
                    nothing                             # Nothing has arrived: cwnd has room for no other.
           1200     send(10)
                    nothing
                ",
                full(101, 10)
            ),
        );
    });
}

#[test]
fn s8_two_losses_in_one_window() {
    lab(|lab| {
        lab.why("A partial acknowledgment shows the next hole (RFC 6582).");
        plays(
            lab,
            "
            # Linux takes the segments behind the hole for lost, too (RACK,
            # RFC 8985).
            with linux=no
              0 ms  send(8000)
                    --> ACK seq 101 ack 301 len 1000   lost
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
                    --> ACK seq 4101 ack 301 len 1000  lost
                    --> ACK seq 5101 ack 301 len 1000
                    --> ACK seq 6101 ack 301 len 1000
                    --> ACK seq 7101 ack 301 len 1000
             50     <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
                    --> ACK seq 101 ack 301 len 1000
                    <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
            100     <-- ACK seq 301 ack 4101
                    # A partial ACK: the next hole is known, and is sent again without three more duplicates (RFC 6582).
                    --> ACK seq 4101 ack 301 len 1000
            150     <-- ACK seq 301 ack 8101
           9000     nothing
            ",
        );
        plays(
            lab,
            &format!(
                "
            # Linux takes the segments behind the hole for lost, too (RACK,
            # RFC 8985).
            with linux=no
              0 ms  send(10000)
                    {}
             50     <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
                    --> ACK seq 101 ack 301 len 1000
            100     <-- ACK seq 301 ack 1101
                    # cwnd is 8000, and as many are in flight behind the hole. The
                    # segment that fills the hole must still leave.
                    --> ACK seq 1101 ack 301 len 1000
                    CWND=8000 FLIGHT=9000
                ",
                full(101, 10)
            ),
        );
    });
}

#[test]
fn s8_a_fast_retransmit_may_be_lost_too() {
    lab(|lab| {
        lab.why("When duplicates cannot help any more, the timer does.");
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with linux=no
              0 ms  send(6000)
                    --> ACK seq 101 ack 301 len 1000   lost
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
                    --> ACK seq 4101 ack 301 len 1000
                    --> ACK seq 5101 ack 301 len 1000
             50     <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
                    # The third duplicate. SND.UNA is 101 and SND.NXT 6101: 6000 were in flight at the first.
                    --> ACK seq 101 ack 301 len 1000   lost
                    CWND=6000 SSTHRESH=3000
                    <-- ACK seq 301 ack 101
                    <-- ACK seq 301 ack 101
            999     nothing
           1000     --> ACK seq 101 ack 301 len 1000  # The timer still runs, from the first time.
                    CWND=1000 SSTHRESH=3000
           1050     <-- ACK seq 301 ack 6101
           9000     nothing
            ",
        );
    });
}

#[test]
fn s8_a_second_timeout_keeps_ssthresh() {
    lab(|lab| {
        lab.why(
            "ssthresh is half of the bytes in flight, and it does not change until something is acknowledged.",
        );
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with linux=no
              0 ms  send(8000)
                    FLIGHT=8000
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
                    --> ACK seq 4101 ack 301 len 1000
                    --> ACK seq 5101 ack 301 len 1000
                    --> ACK seq 6101 ack 301 len 1000
                    --> ACK seq 7101 ack 301 len 1000
           1000     --> ACK seq 101 ack 301 len 1000
                    CWND=1000 SSTHRESH=4000
           1050     <-- ACK seq 301 ack 4101
                    --> ACK seq 4101 ack 301 len 1000
                    --> ACK seq 5101 ack 301 len 1000
                    CWND=2000
           3050     --> ACK seq 4101 ack 301 len 1000  # Something was acknowledged before: a new loss, with 4000 in flight.
                    CWND=1000 SSTHRESH=2000
           3060     <-- ACK seq 301 ack 5101
                    --> ACK seq 5101 ack 301 len 1000
                    --> ACK seq 6101 ack 301 len 1000
           7060     --> ACK seq 5101 ack 301 len 1000
                    SSTHRESH=2000
            ",
        );
        plays(
            lab,
            "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with linux=no
              0 ms  send(8000)
                    FLIGHT=8000
                    --> ACK seq 101 ack 301 len 1000
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
                    --> ACK seq 3101 ack 301 len 1000
                    --> ACK seq 4101 ack 301 len 1000
                    --> ACK seq 5101 ack 301 len 1000
                    --> ACK seq 6101 ack 301 len 1000
                    --> ACK seq 7101 ack 301 len 1000
           1000     --> ACK seq 101 ack 301 len 1000
                    CWND=1000 SSTHRESH=4000
           1500     <-- ACK seq 301 ack 1101
                    CWND=2000
                    --> ACK seq 1101 ack 301 len 1000
                    --> ACK seq 2101 ack 301 len 1000
           3500     --> ACK seq 1101 ack 301 len 1000
                    SSTHRESH=3500
           7500     --> ACK seq 1101 ack 301 len 1000  # Again, and nothing was acknowledged in between: ssthresh stays.
                    SSTHRESH=3500
            ",
        );
    });
}

/// Sends ten segments at the first moment and has them acknowledged up to `last` at the second, so that cwnd is 15000.
/// Then the program writes, at the third.
fn pauses(lab: &Lab, rtt: u32, at: [u32; 3], last: u32, rto: u32, cwnd: u32, why: &str) {
    let [begin, acked, again] = at;
    let in_flight = 10_101 - last;
    plays(
        lab,
        &format!(
            "
            with rtt={rtt}
         {begin:>6} send(10000)
                    {}
         {acked:>6} <-- ACK seq 301 ack 2101
                    <-- ACK seq 301 ack 4101
                    <-- ACK seq 301 ack 6101
                    <-- ACK seq 301 ack 8101
                    <-- ACK seq 301 ack {last}
                    # Less than an RTO has passed: this is not a pause. Each ACK has
                    # added one MSS.
                    CWND=15000 FLIGHT={in_flight} RTO={rto}
         {again:>6} send(20000)
                    CWND={cwnd} FLIGHT={cwnd}  # {why}
                    {}
            ",
            full(101, 10),
            full(10_101, (cwnd - in_flight) / 1000)
        ),
    );
}

#[test]
fn s8_after_a_pause_it_begins_small() {
    lab(|lab| {
        lab.why("After a pause the room in the network is unknown (RFC 5681, section 4.1).");
        let why = "Nothing was sent for longer than an RTO: at most the initial window.";
        pauses(lab, 50, [500, 550, 1501], 10_101, 1000, 10_000, why);
        pauses(lab, 50, [0, 50, 1001], 10_101, 1000, 10_000, why);
        pauses(lab, 2000, [10, 2010, 2960], 10_101, 2949, 10_000, why);
        let acks = acks_of_every_second();
        plays(
            lab,
            &format!(
                "
              0 ms  send(10000)
                    {}
             50     {acks}CWND=15000
           1001     send(10)
                    --> ACK seq 10101 ack 301 len 10
                    CWND=10000 # The pause was as long for a small segment, and what comes behind that finds a small window.
                ",
                full(101, 10)
            ),
        );
        // 21 segments are lost, and sent again as slow start allows.
        let mut grows = String::new();
        for n in 0..11 {
            let ack = format!("<-- ACK seq 301 ack {}", 1101 + n * 1000);
            grows += &format!(
                "{ack}\n                    {}\n                    ",
                full(10_101 + n * 2000, 2)
            );
        }
        let mut again = String::new();
        for n in 0..10 {
            let ack = format!("<-- ACK seq 301 ack {}", 12_101 + n * 1000);
            again += &format!(
                "{ack}\n                    {}\n                    ",
                full(12_101 + n * 2000, 2)
            );
        }
        plays(
            lab,
            &format!(
                "
            # Linux waits 200 ms where the RFC says 1 s, and less after the
            # last segment (RFC 8985).
            with linux=no
              0 ms  send(32000)
                    {}
             50     {grows}CWND=21000 FLIGHT=21000
           1050     --> ACK seq 11101 ack 301 len 1000
                    CWND=1000 SSTHRESH=10500 RTO=2000
           1100     {again}CWND=11000 FLIGHT=11000
           1150     <-- ACK seq 301 ack 32101
           2500     send(20000)
                    # A repeated segment counts as sent: 1400 ms ago, less than an
                    # RTO. This is not a pause.
                    CWND=12000 FLIGHT=12000
                    {}
                ",
                full(101, 10),
                full(32_101, 12)
            ),
        );
        let why = "Exactly one RTO is not longer than an RTO.";
        pauses(lab, 50, [500, 550, 1500], 10_101, 1000, 15_000, why);
        let why = "The RTO is longer than a second here: this is not a pause.";
        pauses(lab, 2000, [10, 2010, 2300], 10_101, 2949, 15_000, why);
        let why = "Something is in flight, and its ACK will show the room in the network: this is not a pause.";
        pauses(lab, 50, [10, 900, 2400], 9101, 2334, 15_000, why);
    });
}

#[test]
fn s8_numbers_wrap() {
    lab(|lab| {
        lab.why("After 4294967295 comes 0, in the middle of a segment too.");
        plays(
            lab,
            "
            # Linux chooses its numbers by itself.
            with iss=0xfffffaff irs=0xffffffff linux=no
              0 ms  send(3000)
                    --> ACK seq 0xfffffb00 ack 0 len 1000
                    --> ACK seq 0xfffffee8 ack 0 len 1000  # It begins before 2³² and ends behind it.
                    --> ACK seq 720 ack 0 len 1000
             50     <-- ACK seq 0 ack 0xfffffee8
             60     <-- ACK seq 0 ack 720
                    SND.UNA=720 FLIGHT=1000
           1060     --> ACK seq 720 ack 0 len 1000
           1100     <-- ACK seq 0 ack 1720
                    close()
                    --> FIN,ACK seq 1720 ack 0
           1150     <-- ACK seq 0 ack 1721
                    closed
            ",
        );
        plays(
            lab,
            "
            # Linux chooses its numbers by itself.
            with iss=0xfffffffe win=0 linux=no
              0 ms  send(2)
           1000     --> ACK seq 0xffffffff ack 301 len 1
           1050     <-- ACK seq 301 ack 0 win 0           # The answer to the question of 4294967295.
                    SND.UNA=0 SND.NXT=0
            ",
        );
    });
}

#[test]
fn s8_the_time_may_begin_anywhere() {
    lab(|lab| {
        lab.why("`now` is the time since any moment. It need not begin at 0.");
        plays(
            lab,
            "
            with win=1000
         900000 s   send(2000)
                    --> ACK seq 101 ack 301 len 1000
         900001 s   --> ACK seq 101 ack 301 len 1000
                    <-- ACK seq 301 ack 1101 win 0
         900003 s   --> ACK seq 1101 ack 301 len 1  # The RTO has doubled, so the first question comes after 2 s.
            ",
        );
    });
}

#[test]
fn s8_lossy_megabyte_is_identical() {
    lab(|lab| {
        for (percent, seed) in [0, 1, 5, 20, 30].into_iter().zip(lab.seeds(5)) {
            lab.scene(format!("1 MB, {percent} % of all packets lost"));
            let loss = Chance::lose(f64::from(percent) / 100.0);
            let link = Link::default().delay_ms(20).chance(loss);
            let done = transfer(lab, seed, Transfer::new(1_000_000, link));
            if percent == 0 {
                lab.because("Nothing was lost.")
                    .same("segments sent again", done.again(), 0);
            }
        }
    });
}

#[test]
fn s8_storms() {
    lab(|lab| {
        let storm = Chance {
            lose: 0.1,
            repeat: 0.1,
            flip: 0.05,
            late: 0.2,
            late_by: ms(60),
        };
        for (n, seed) in lab.seeds(12).enumerate() {
            lab.scene("packets lost, repeated, damaged, late");
            let link = Link::default().delay_ms(15).chance(storm);
            let transfer_of = Transfer {
                buffer: [65_535, 8000, 3000, 700][n % 4],
                mss: [1460, 536, 1000][n % 3],
                ..Transfer::new(30_000, link)
            };
            transfer(lab, seed, transfer_of);
        }
    });
}

#[test]
fn s8_a_slow_program_and_lost_window_updates() {
    lab(|lab| {
        for (n, seed) in lab.seeds(8).enumerate() {
            lab.scene(
                "the peer's program reads every 3 seconds, and a fifth of all packets is lost",
            );
            let link = Link::default().delay_ms(15).chance(Chance::lose(0.2));
            let slow = Transfer {
                buffer: [4000, 1000, 1][n % 3],
                reads_every: Some(ms(3000)),
                ..Transfer::new(if n % 3 == 2 { 20 } else { 20_000 }, link)
            };
            transfer(lab, seed, slow);
        }
    });
}

#[test]
fn s8_no_spurious_retransmit_on_a_clean_link() {
    lab(|lab| {
        for (delay, late_by) in [(ms(150), ms(0)), (ms(1200), ms(0)), (ms(1200), ms(700))] {
            lab.scene(format!(
                "{delay:?} in each direction, and up to {late_by:?} more"
            ));
            let late = Chance {
                late: if late_by.is_zero() { 0.0 } else { 1.0 },
                late_by,
                ..Chance::default()
            };
            // A small window: what overtakes each other must not look like a loss.
            let link = Link::default().delay(delay).chance(late);
            let transfer_of = Transfer {
                buffer: 2920,
                ..Transfer::new(60_000, link)
            };
            let done = transfer(lab, 1, transfer_of);
            lab.because(
                "Nothing was lost. A sender that repeats a segment has not waited for the measured round trip and its variation.",
            )
            .same("segments sent again", done.again(), 0);
        }
    });
}

#[test]
fn s8_the_window_is_filled() {
    lab(|lab| {
        for (buffer, len, most) in [(65_535_u16, 1_000_000, 22), (10_000, 200_000, 26)] {
            let link = Link::default().delay_ms(50);
            let transfer_of = Transfer {
                buffer,
                ..Transfer::new(len, link)
            };
            let done = transfer(lab, 1, transfer_of);
            let trips = done.end.as_millis() / 100;
            lab.because(format!(
                "A round trip carries as many full segments as a window of {buffer} bytes holds, once slow start has opened \
                 cwnd that far: {len} bytes take at most {most} round trips."
            ))
            .holds(
                trips <= most,
                format!("at most {most} round trips of 100 ms"),
                format!("{trips}"),
            );
        }
    });
}

#[test]
fn s8_a_lost_segment_costs_a_round_trip_not_a_timeout() {
    lab(|lab| {
        for n in [15, 40] {
            let link = Link::default().delay_ms(50);
            let done = transfer_with(lab, 1, Transfer::new(200_000, link), |net, sender, peer| {
                net.way(sender, peer).loses(nth(n, Kind::Data));
            });
            lab.because("One segment was lost, and was found by three duplicate acknowledgments.")
                .same("segments sent again", done.again(), 1);
            let longest = done.sent.windows(2).map(|two| two[1].at - two[0].at).max();
            let longest = longest.unwrap_or_default();
            lab.because("Meanwhile new segments leave. The sender does not wait for the timer.")
                .holds(
                    longest <= ms(200),
                    "never more than two round trips of 100 ms without a segment",
                    format!("{longest:?}"),
                );
        }
    });
}

#[test]
fn s8_a_run_with_two_losses() {
    lab(|lab| {
        const WINDOW: u16 = 14_600;
        let begins = |net: &mut Net, sender, peer, n: usize, place: u32| {
            let seq = place.wrapping_add(0xffff_0000).to_be_bytes();
            let which = nth(n, Kind::Data)
                .that("begins at this place", move |packet| packet[24..28] == seq);
            net.way(sender, peer).loses(which);
        };
        let link = Link::default().delay_ms(50);
        let run = Transfer {
            buffer: WINDOW,
            ..Transfer::new(146_000, link)
        };
        let done = transfer_with(lab, 1, run, |net, sender, peer| {
            begins(net, sender, peer, 1, 1460 * 25);
            begins(net, sender, peer, 1, 1460 * 60);
            begins(net, sender, peer, 2, 1460 * 60);
        });
        let again: Vec<usize> = done
            .sent
            .iter()
            .filter(|sent| sent.is_again)
            .map(|sent| sent.begin / 1460)
            .collect();
        lab.because("Each planned loss must have happened.").same(
            "plans that were for no segment",
            done.net.trace().plans_not_met(),
            String::new(),
        );
        lab.because(
            "Segment 25 was lost once, and three duplicates showed it. Segment 60 was lost twice: the second time only the timer shows it, and then the ACK covers everything that has arrived behind it.",
        )
        .same("which segments were sent again", again, vec![25, 60, 60]);
        let said = [
            (0.45, 24.0, "fast retransmit"),
            (1.0, 76.0, "fast retransmit, lost"),
            (2.05, 82.0, "time-out"),
            (1.3, 93.0, "window"),
        ];
        let title = "Sequence number over time, with two losses";
        lab.draws(
            "11-sequence",
            plots::sequence(title, WINDOW.into(), &done, &said),
        );
    });
}

#[test]
fn s8_whatever_a_peer_says() {
    lab(|lab| {
        for seed in lab.seeds(60) {
            lab.scene("a peer that says anything");
            hostile::plays(lab, seed);
        }
    });
}
