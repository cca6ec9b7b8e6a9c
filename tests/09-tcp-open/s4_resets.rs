//! Step 4: resets.

use std::time::Duration;

use netlab::sim::{Kind, second};
use netlab::{Lab, lab};
use tcp_open::{Event, Segment, Seq, State, answer_in_closed};

use super::ends::{A, B, Ends};
use super::player::plays;

const RESETS: &str = "resets(segment)";
const ABORT: &str = "abort()";

/// What is answered to a segment when there is no connection, in words.
fn answer(lab: &Lab, what: &str, segment: &Segment) -> String {
    let answer = lab.you(&format!("answer_in_closed({what})"), || {
        answer_in_closed(segment)
    });
    let Some(it) = answer else {
        return "nothing".into();
    };
    let mut words = String::new();
    for (is_set, flag) in [
        (it.syn, "SYN "),
        (it.fin, "FIN "),
        (it.rst, "RST "),
        (it.psh, "PSH "),
    ] {
        words += if is_set { flag } else { "" };
    }
    words += &format!("seq {}", it.seq.0);
    if let Some(ack) = it.ack {
        words += &format!(" ack {}", ack.0);
    }
    if it.window != 0 || it.mss.is_some() || !it.payload.is_empty() {
        words += &format!(
            " window {} MSS {:?}, {} bytes",
            it.window,
            it.mss,
            it.payload.len()
        );
    }
    words
}

/// A segment without flags and without ACK.
fn segment(seq: u32, payload: &[u8]) -> Segment {
    Segment {
        seq: Seq(seq),
        window: 1000,
        payload: payload.to_vec(),
        ..Segment::default()
    }
}

fn acks(ack: u32, segment: Segment) -> Segment {
    Segment {
        ack: Some(Seq(ack)),
        ..segment
    }
}

fn syn(segment: Segment) -> Segment {
    Segment {
        syn: true,
        ..segment
    }
}

fn fin(segment: Segment) -> Segment {
    Segment {
        fin: true,
        ..segment
    }
}

fn rst(segment: Segment) -> Segment {
    Segment {
        rst: true,
        ..segment
    }
}

#[test]
fn s4_closed_port_answers_rst() {
    lab(|lab| {
        let with_mss = Segment {
            mss: Some(1460),
            ..syn(segment(1000, b""))
        };
        let cases = [
            ("SYN seq 1000", with_mss, "RST seq 0 ack 1001"),
            (
                "SYN seq 7, 20 bytes",
                syn(segment(7, &[1; 20])),
                "RST seq 0 ack 28",
            ),
            (
                "seq 50, 10 bytes, no flag",
                segment(50, &[1; 10]),
                "RST seq 0 ack 60",
            ),
            (
                "FIN seq 9, 1 byte",
                fin(segment(9, b"x")),
                "RST seq 0 ack 11",
            ),
            (
                "SYN,FIN seq 9",
                fin(syn(segment(9, b""))),
                "RST seq 0 ack 11",
            ),
            ("seq 9, nothing", segment(9, b""), "RST seq 0 ack 9"),
            (
                "SYN seq 0xffffffff",
                syn(segment(0xffff_ffff, b"")),
                "RST seq 0 ack 0",
            ),
            (
                "FIN seq 0xfffffff0, 20 bytes",
                fin(segment(0xffff_fff0, &[0; 20])),
                "RST seq 0 ack 5",
            ),
        ];
        for (what, segment, want) in cases {
            lab.because("It has no ACK, so its sender believes a RST that acknowledges all that it has sent: SEG.SEQ + SEG.LEN. A SYN counts \
                         as 1, and so do a FIN and each byte (RFC 9293, section 3.10.7.1).")
                .same(&format!("the answer to {what}"), answer(lab, what, &segment).as_str(), want);
        }
        let cases = [
            (
                "ACK seq 7 ack 900",
                acks(900, segment(7, b"")),
                "RST seq 900",
            ),
            (
                "ACK seq 7 ack 0xffffffff, 5 bytes",
                acks(0xffff_ffff, segment(7, b"hello")),
                "RST seq 4294967295",
            ),
            (
                "PSH,ACK seq 7 ack 900, 5 bytes",
                Segment {
                    psh: true,
                    ..acks(900, segment(7, b"hello"))
                },
                "RST seq 900",
            ),
            (
                "SYN,ACK seq 300 ack 101",
                acks(101, syn(segment(300, b""))),
                "RST seq 101",
            ),
            (
                "FIN,ACK seq 300 ack 0",
                acks(0, fin(segment(300, b""))),
                "RST seq 0",
            ),
        ];
        for (what, segment, want) in cases {
            lab.because("Its ACK says which number its sender expects next. A RST that has this number is believed, and needs no ACK itself \
                         (RFC 9293, section 3.10.7.1).")
                .same(&format!("the answer to {what}"), answer(lab, what, &segment).as_str(), want);
        }
    });
}

#[test]
fn s4_never_rst_a_rst() {
    lab(|lab| {
        lab.why("Two hosts that answer RST with RST never stop.");
        let resets = [
            ("RST seq 101", rst(segment(101, b""))),
            ("RST,ACK seq 0 ack 101", acks(101, rst(segment(0, b"")))),
            ("RST seq 5, 3 bytes", rst(segment(5, b"why"))),
            ("SYN,RST seq 5", syn(rst(segment(5, b"")))),
        ];
        for (what, segment) in resets {
            lab.because("A RST gets no answer. Two hosts that answer RST with RST never stop.")
                .same(
                    &format!("the answer to {what}"),
                    answer(lab, what, &segment).as_str(),
                    "nothing",
                );
        }
        for script in [
            "
              0 ms  <-- RST seq 101
                    # A RST is never answered with a RST.
                    CLOSED
                    <-- RST,ACK seq 0 ack 101
                    CLOSED
            100     nothing
            ",
            "
              0 ms  listen()
                    <-- RST seq 101
                    # In LISTEN there is nothing to reset, and a RST is never answered
                    # with a RST.
                    LISTEN
                    <-- RST,ACK seq 0 ack 301
                    # It is never answered with a RST, not even if it has an ACK.
                    LISTEN
            100     nothing
            ",
            "
            with linux=no
              0 ms  connect()
                    --> SYN seq 100
             10     <-- RST,ACK seq 0 ack 9000
                    # It acknowledges what we have not sent, so it is not believed. And it
                    # is never answered with a RST, not even if its ACK is wrong.
                    SYN-SENT
            100     nothing
            ",
            "
            with iss=300
              0 ms  listen()
                    <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
             10     <-- RST,ACK seq 99 ack 9000
                    # It is before the window, so it is ignored. It is never answered
                    # with a RST, not even if its ACK is wrong.
                    SYN-RECEIVED
            100     nothing
            ",
        ] {
            plays(lab, RESETS, script);
        }
    });
}

#[test]
fn s4_a_closed_connection_answers_as_the_host_does() {
    lab(|lab| {
        lab.why(
            "CLOSED means that there is no connection: the answer is that of answer_in_closed.",
        );
        plays(
            lab,
            RESETS,
            "
              0 ms  <-- SYN seq 1000 mss 1460
                    # There is no connection, and no program listens. The RST
                    # acknowledges the number that the SYN used, so its ACK number is
                    # 1001.
                    --> RST,ACK seq 0 ack 1001 win 0
                    CLOSED
             10     <-- ACK seq 7 ack 900
                    --> RST seq 900 win 0
                    CLOSED
            100     connect()
                    --> SYN seq 100
            ",
        );
    });
}

#[test]
fn s4_refused_and_over() {
    lab(|lab| {
        lab.why("A RST that acknowledges our SYN comes from a peer that has seen it. It refuses the connection.");
        for script in [
            "
            with iss=100
              0 ms  connect()
                    --> SYN seq 100
             50     <-- RST,ACK seq 0 ack 101 len 5
                    # No program listens there. Our program is told at once, and the
                    # SYN is not sent again. A RST may have data.
                    refused
                    CLOSED
            600 s   nothing
            ",
            "
            with iss=0xffffffff
              0 ms  connect()
                    --> SYN seq 0xffffffff
              1 s   --> SYN seq 0xffffffff
            1.5 s   <-- RST,ACK seq 7 ack 0
                    # Its sequence number means nothing: we know none of the peer's
                    # numbers.
                    refused
                    CLOSED
            600 s   nothing
            ",
        ] {
            plays(lab, RESETS, script);
        }
    });
}

#[test]
fn s4_rst_in_syn_sent_only_if_ack_is_acceptable() {
    lab(|lab| {
        lab.why("A RST is believed if its sender has seen our SYN. Its ACK shows that.");
        plays(
            lab,
            RESETS,
            "
            with iss=100 linux=no
              0 ms  connect()
                    --> SYN seq 100
             10     <-- RST seq 0
                    # It has no ACK, so its sender has not seen our SYN. It may be
                    # old, or from a stranger (RFC 9293, section 3.10.7.3).
                    SYN-SENT
             20     <-- RST seq 101
                    # It has no ACK. Its sequence number means nothing here.
                    SYN-SENT
             30     <-- RST,ACK seq 0 ack 100
                    # ACK 100 does not acknowledge our SYN, which is number 100: that
                    # would be 101.
                    SYN-SENT
             40     <-- RST,ACK seq 0 ack 102
                    # ACK 102 acknowledges a number that we have not sent.
                    SYN-SENT
             50     <-- RST,ACK seq 0 ack 0
                    SYN-SENT
             60     <-- SYN,ACK seq 300 ack 101
                    --> ACK seq 101 ack 301
                    established
            ",
        );
    });
}

#[test]
fn s4_bad_ack_in_syn_sent_gets_rst_and_stays() {
    lab(|lab| {
        lab.why("An ACK for an unsent number belongs to another connection. That one is reset, and ours goes on waiting.");
        plays(
            lab,
            RESETS,
            "
            with iss=100 linux=no
              0 ms  connect()
                    --> SYN seq 100
             10     <-- SYN,ACK seq 300 ack 91
                    # ACK 91 is for a SYN with number 90, of another connection. A RST
                    # with its ACK number ends that one. Ours goes on.
                    --> RST seq 91 win 0
                    SYN-SENT
                    SND.UNA=100 IRS=0 RCV.NXT=0
             20     <-- SYN,ACK seq 300 ack 100
                    # ACK 100 does not acknowledge our SYN, which is number 100.
                    --> RST seq 100
                    SYN-SENT
             30     <-- SYN,ACK seq 300 ack 102
                    # ACK 102 acknowledges a number that we have not sent.
                    --> RST seq 102
                    SYN-SENT
             40     <-- ACK seq 300 ack 5000 len 10
                    # Without SYN as well: the peer has a connection that we know
                    # nothing of (RFC 9293, figure 9).
                    --> RST seq 5000
                    SYN-SENT
             50     <-- FIN,ACK seq 300 ack 0x80000065
                    --> RST seq 0x80000065
                    SYN-SENT
             60     <-- SYN,ACK seq 700 ack 101
                    --> ACK seq 101 ack 701
                    established
            ",
        );
    });
}

#[test]
fn s4_who_answers_with_a_rst_waits_on_as_before() {
    lab(|lab| {
        lab.why("A stranger's segment gets a RST. It does not affect the timer of our own SYN.");
        for script in [
            "
            with iss=100 linux=no
              0 ms  connect()
                    --> SYN seq 100
              1 s   --> SYN seq 100
            1.5 s   <-- SYN,ACK seq 300 ack 91
                    # It is for a SYN of another connection.
                    --> RST seq 91
                    # 2 seconds after the SYN of 1 s.
              3 s   --> SYN seq 100
                    # Then 4 seconds: an incoming segment does not shorten the wait.
              7 s   --> SYN seq 100
            ",
            "
            with iss=300 linux=no
              0 ms  listen()
                    <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
              1 s   --> SYN,ACK seq 300 ack 101
            1.5 s   <-- ACK seq 101 ack 9
                    # It does not acknowledge our SYN.
                    --> RST seq 9
                    # 2 seconds after the SYN,ACK of 1 s.
              3 s   --> SYN,ACK seq 300 ack 101
                    # Then 4 seconds: an incoming segment does not shorten the wait.
              7 s   --> SYN,ACK seq 300 ack 101
            ",
        ] {
            plays(lab, RESETS, script);
        }
    });
}

#[test]
fn s4_listen_resets_every_ack() {
    lab(|lab| {
        lab.why("A listening end has sent nothing, so no ACK can be for it.");
        plays(
            lab,
            RESETS,
            "
            with iss=300
              0 ms  listen()
             10     <-- ACK seq 101 ack 301
                    # Nothing was sent from here that an ACK could acknowledge (RFC
                    # 9293, section 3.10.7.2).
                    --> RST seq 301 win 0
                    LISTEN
             20     <-- SYN,ACK seq 100 ack 7
                    # A SYN with an ACK opens nothing here: this ACK, too, is for
                    # another connection.
                    --> RST seq 7
                    LISTEN
                    IRS=0 RCV.NXT=0 SND.NXT=0
             30     <-- FIN,ACK seq 100 ack 0xffffffff len 3
                    --> RST seq 0xffffffff
                    LISTEN
             40     <-- ACK seq 0 ack 0
                    --> RST seq 0
                    LISTEN
             50     <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
                    SYN-RECEIVED
            ",
        );
    });
}

#[test]
fn s4_bad_ack_in_syn_received_gets_rst_and_stays() {
    lab(|lab| {
        lab.why("An ACK for an unsent number belongs to another connection. That one is reset, and ours goes on waiting.");
        plays(
            lab,
            RESETS,
            "
            with iss=300 win=1000
              0 ms  listen()
                    <-- SYN seq 100 win 5000
                    --> SYN,ACK seq 300 ack 101
             10     <-- ACK seq 101 ack 300
                    # ACK 300 does not acknowledge our SYN, which is number 300. Its
                    # sender has not seen it.
                    --> RST seq 300 win 0
                    SYN-RECEIVED
                    SND.UNA=300
             20     <-- ACK seq 101 ack 302
                    # ACK 302 acknowledges a number that we have not sent.
                    --> RST seq 302
                    SYN-RECEIVED
             30     <-- ACK seq 1100 ack 0 len 10
                    --> RST seq 0
                    SYN-RECEIVED
                    SND.UNA=300 SND.WND=5000
             35     ours <-- FIN,ACK seq 101 ack 77   ours --> RST seq 77
                    # A FIN does not make the ACK valid.
                    SYN-RECEIVED
             40     <-- ACK seq 101 ack 301
                    established
            ",
        );
    });
}

#[test]
fn s4_rst_in_syn_received_brings_the_server_back_to_listen() {
    lab(|lab| {
        lab.why("It was opened passively: it goes back to LISTEN, and the program gets no notice.");
        for script in [
            "
            with iss=300 win=1000
              0 ms  listen()
                    <-- SYN seq 90 mss 1300
                    --> SYN,ACK seq 300 ack 91
             50     <-- RST seq 91 len 5
                    # Its sequence number is RCV.NXT: the peer does not want this
                    # connection. The server waits for the next one.
                    LISTEN
                    ISS=0 SND.NXT=0 IRS=0 RCV.NXT=0 MSS=536 RCV.WND=1000
             10 s   nothing
             20 s   <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
             21 s   --> SYN,ACK seq 300 ack 101
           21.1 s   <-- ACK seq 101 ack 301
                    established
            ",
            "
            with iss=300 win=1000
              0 ms  listen()
                    <-- SYN seq 0xffffffff
                    --> SYN,ACK seq 300 ack 0
             50     <-- RST,ACK seq 0 ack 5
                    # Its sequence number is RCV.NXT. Its ACK is ignored.
                    LISTEN
             10 s   nothing
            ",
            "
            with iss=300 win=1000
              0 ms  listen()
                    <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
             50     <-- RST,ACK seq 101 ack 301
                    # Its sequence number is RCV.NXT. Its ACK would open the
                    # connection, but it is a RST.
                    LISTEN
             10 s   nothing
            ",
        ] {
            plays(lab, RESETS, script);
        }
    });
}

#[test]
fn s4_rst_must_have_the_right_number() {
    lab(|lab| {
        lab.why("A stranger who wants to reset the connection must guess one number of four thousand million, not one of any in the window.");
        for script in [
            "
            with iss=300 win=1000 linux=no
              0 ms  listen()
                    <-- SYN seq 100 win 5000
                    --> SYN,ACK seq 300 ack 101
             10     <-- RST seq 102 win 7
                    # It is in the window, but is not RCV.NXT. If the peer sent it,
                    # the peer answers our ACK with the right RST (RFC 5961, section
                    # 3).
                    --> ACK seq 301 ack 101 win 1000
                    SYN-RECEIVED
                    # It may be from a stranger: none of its fields counts.
                    SND.WND=5000
             12     <-- RST,ACK seq 102 ack 301 len 5
                    # Its ACK for our SYN does not make it valid, and data changes
                    # nothing.
                    --> ACK seq 301 ack 101
                    SYN-RECEIVED
             20     <-- RST seq 1100
                    # The last number in the window.
                    --> ACK seq 301 ack 101
                    SYN-RECEIVED
             30     <-- RST seq 1101
                    # A RST after the window is ignored.
                    SYN-RECEIVED
             35     <-- RST,ACK seq 1101 ack 301
                    # Its ACK for our SYN does not make it valid.
                    SYN-RECEIVED
             40     <-- RST seq 100
                    # A RST before the window is ignored.
                    SYN-RECEIVED
             50     <-- ACK seq 101 ack 301 win 6000
                    established
             60     <-- RST,ACK seq 102 ack 301 win 7 len 5
                    # It is in the window, but is not RCV.NXT. The ACK does not make
                    # it valid.
                    --> ACK seq 301 ack 101 win 1000
                    ESTABLISHED
                    # It may be from a stranger: none of its fields counts.
                    SND.WND=6000
             70     <-- RST seq 1100
                    # The last number in the window.
                    --> ACK seq 301 ack 101
                    ESTABLISHED
             80     <-- RST,ACK seq 1101 ack 301
                    # A RST after the window is ignored.
                    ESTABLISHED
             90     <-- RST seq 100
                    # A RST before the window is ignored.
                    ESTABLISHED
            100     <-- RST seq 0x80000065
                    ESTABLISHED
            110     <-- RST seq 101 len 5
                    # RCV.NXT: it is from the peer. A connection that was open is not
                    # refused, but reset. A RST may have data.
                    reset
                    CLOSED
            600 s   nothing
            ",
            "
            with iss=100 win=1000
              0 ms  connect()
                    --> SYN seq 100
                    <-- SYN,ACK seq 0xffffff00 ack 101
                    --> ACK seq 101 ack 0xffffff01
                    established
             10     <-- RST seq 5
                    # The window goes over the end of the numbers, and 5 is in it.
                    --> ACK seq 101 ack 0xffffff01
                    ESTABLISHED
             20     <-- RST,ACK seq 0xffffff01 ack 7
                    # RCV.NXT: it is from the peer, whatever its ACK says.
                    reset
                    CLOSED
                    <-- ACK seq 0xffffff01 ack 101
                    # The connection is gone.
                    --> RST seq 101
            600 s   nothing
            ",
        ] {
            plays(lab, RESETS, script);
        }
    });
}

#[test]
fn s4_a_reset_server_does_not_listen_again() {
    lab(|lab| {
        lab.why("A connection that was open does not go back to LISTEN: it is over, and the program knows it.");
        plays(
            lab,
            RESETS,
            "
            with iss=300 linux=no
              0 ms  listen()
                    <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
             10     <-- ACK seq 101 ack 301
                    established
             20     <-- RST seq 101
                    # It was open, and the program knows it. So the program must be
                    # told that it no longer is.
                    reset
                    CLOSED
             30     <-- SYN seq 500
                    # There is no connection, and no program listens.
                    --> RST,ACK seq 0 ack 501
            600 s   nothing
            ",
        );
    });
}

#[test]
fn s4_what_is_closed_may_be_opened_anew() {
    lab(|lab| {
        lab.why("It is CLOSED, whatever it was before. Nothing of the old connection is left.");
        for script in [
            "
            with iss=100 win=3000 give_up=4000 linux=no
              0 ms  connect()
                    --> SYN seq 100
             50     <-- SYN,ACK seq 300 ack 101 win 7000 mss 1400
                    --> ACK seq 101 ack 301
                    established
            100     <-- RST seq 301
                    reset
                    # A new connection knows nothing of a peer yet.
             10 s   connect()
                    --> SYN seq 100 win 3000
                    SYN-SENT
                    SND.UNA=100 SND.NXT=101 SND.WND=0 IRS=0 RCV.NXT=0
                    RCV.WND=3000 MSS=536
                    # Its time begins with its own SYN.
             11 s   --> SYN seq 100
             13 s   --> SYN seq 100
             17 s   timed-out
                    CLOSED
                    # It may be opened as often as the program likes.
             20 s   connect()
                    --> SYN seq 100
           20.5 s   <-- SYN,ACK seq 900 ack 101
                    --> ACK seq 101 ack 901
                    established
            ",
            "
            with iss=300 linux=no
              0 ms  listen()
                    <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
                    abort()
                    # The peer is told, with the number that it expects of us.
                    --> RST seq 301
                    # It is CLOSED, as if it had never been open.
                    CLOSED
                    # This time it is opened actively.
            100     connect()
                    --> SYN seq 300
            110     <-- RST,ACK seq 0 ack 301
                    refused
                    CLOSED
                    # This time it is opened passively again.
            200     listen()
                    LISTEN
            210     <-- SYN seq 500
                    --> SYN,ACK seq 300 ack 501
            220     <-- RST seq 501
                    # A connection that was opened passively goes back to LISTEN.
                    LISTEN
            600 s   nothing
            ",
        ] {
            plays(lab, RESETS, script);
        }
    });
}

#[test]
fn s4_old_duplicate_syn_is_harmless() {
    lab(|lab| {
        let mut ends = Ends::new(lab);
        ends.from(A)
            .delays(second(Kind::Syn), Duration::from_millis(150));
        ends.calls(B, Event::Listen);
        ends.sends(
            A,
            Segment {
                seq: Seq(90),
                syn: true,
                window: 65535,
                ..Segment::default()
            },
        );
        ends.says(A, "an old SYN, late");
        ends.calls(A, Event::Connect);
        ends.runs_until(60);
        ends.are(
            "A SYN has come to B, and B cannot know that it is old.",
            State::SynSent,
            State::SynReceived,
        );
        ends.runs_until(100);
        ends.are(
            "B's ACK number 91 is for no SYN of A's. A says so with a RST, which B believes: number 91 is the next one that B expects (RFC 9293, figure 8).",
            State::SynSent,
            State::Listen,
        );
        ends.runs_until(900);
        ends.are(
            "The SYN that A has sent comes to a B that listens.",
            State::Established,
            State::Established,
        );
        ends.have_sent("Old SYN, SYN,ACK, RST, and then the three of figure 6.", 6);
        ends.draws("09-figure-8", "An old SYN comes late, and does no harm");
    });
}

#[test]
fn s4_abort_tells_who_knows_the_connection() {
    lab(|lab| {
        lab.why("The program ends the connection at once. It hears nothing: it knows.");
        for script in [
            "
            with linux=no
              0 ms  listen()
             10     abort()
                    # No peer knows of it, so nothing is sent. It must still be CLOSED.
                    CLOSED
             20     <-- SYN seq 100
                    # No program listens any more.
                    --> RST,ACK seq 0 ack 101
            600 s   nothing
            ",
            "
              0 ms  connect()
                    --> SYN seq 100
             10     abort()
                    # Whether the peer knows of it is not known yet. If it does, its
                    # SYN,ACK gets a RST.
                    CLOSED
             20     <-- SYN,ACK seq 300 ack 101
                    --> RST seq 101
            600 s   nothing
            ",
            "
            with iss=300 linux=no
              0 ms  listen()
                    <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
             10     abort()
                    # The peer has our SYN,ACK. The RST has the number that the peer
                    # expects next: SND.NXT (RFC 9293, section 3.10.5).
                    --> RST seq 301 win 0
                    CLOSED
            600 s   nothing
            ",
            "
            with iss=0xffffffff
              0 ms  connect()
                    --> SYN seq 0xffffffff
                    <-- SYN,ACK seq 300 ack 0
                    --> ACK seq 0 ack 301
                    established
             10     abort()
                    # The peer has a connection that is open. The RST has the number
                    # that the peer expects next: SND.NXT.
                    ours --> RST seq 0 win 0   linux --> RST,ACK seq 0 ack 301
                    CLOSED
             20     ours abort()
                    # It is CLOSED already.
                    CLOSED
            600 s   nothing
            ",
        ] {
            plays(lab, ABORT, script);
        }
    });
}
