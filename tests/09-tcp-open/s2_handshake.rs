//! Step 2: three segments.

use std::time::Duration;

use netlab::{Lab, lab};
use tcp_open::{Config, Event, Output, Segment, Seq, State, Tcb};

use super::ends::{A, B, Ends};
use super::player::plays;

const OPEN: &str = "open(now, active)";
const EXPECTED: &str = "expected(now, segment)";

#[test]
fn s2_listen_waits() {
    lab(|lab| {
        lab.why("The passive open only waits: a state, a window, and nothing sent.");
        plays(
            lab,
            OPEN,
            "
        with iss=300 win=4000
          0 ms  listen()
                # The passive open sends nothing: it does not know its peer.
                LISTEN
                # No number is chosen yet.
                ISS=0 SND.UNA=0 SND.NXT=0 IRS=0 RCV.NXT=0
                # config.window is our room. The peer has said nothing yet.
                RCV.WND=4000 SND.WND=0 MSS=536
        60 s    nothing
        ",
        );
    });
}

#[test]
fn s2_client_sends_syn_with_iss_and_mss() {
    lab(|lab| {
        lab.why("A SYN says where our numbers begin and what we have room for. It uses a number, and an answer may take a while.");
        for script in [
            "
            with iss=100 mss=1460 win=65535
              0 ms  connect()
                    # The SYN has the ISN as its number, acknowledges nothing (no
                    # ACK), and says what we have room for.
                    --> SYN seq 100 mss 1460 win 65535
                    SYN-SENT
                    # The SYN uses a number, so the next one is ISS + 1; it is not
                    # acknowledged yet.
                    ISS=100 SND.UNA=100 SND.NXT=101
                    RCV.WND=65535
            500     nothing
            ",
            "
            with iss=0xffffffff mss=536 win=2000
             50 ms  connect()
                    # The SYN has the ISN as its number, acknowledges nothing (no
                    # ACK), and says what we have room for.
                    --> SYN seq 0xffffffff mss 536 win 2000
                    SYN-SENT
                    # The SYN uses a number, so the next one is ISS + 1, and that is 0
                    # here.
                    ISS=0xffffffff SND.UNA=0xffffffff SND.NXT=0
                    RCV.WND=2000
            500     nothing
            ",
        ] {
            plays(lab, OPEN, script);
        }
    });
}

#[test]
fn s2_server_answers_a_syn_with_syn_ack() {
    lab(|lab| {
        lab.why("One segment does two things: it acknowledges the peer's SYN, and it is our own.");
        for script in [
            "
            with iss=300 mss=1000 win=3000
              0 ms  listen()
             25     <-- SYN seq 100 win 5000 mss 1400
                    # Our SYN has our own ISN. It acknowledges the peer's: the ACK
                    # number is the next number that is expected.
                    --> SYN,ACK seq 300 ack 101 mss 1000 win 3000
                    SYN-RECEIVED
                    ISS=300 SND.UNA=300 SND.NXT=301 SND.WND=5000
                    IRS=100 RCV.NXT=101 RCV.WND=3000 MSS=1400
            ",
            "
            with iss=0x80000000
              0 ms  listen()
             25     <-- SYN seq 0xffffffff win 700
                    # After 0xffffffff comes 0.
                    --> SYN,ACK seq 0x80000000 ack 0 mss 1460 win 65535
                    SYN-RECEIVED
                    ISS=0x80000000 SND.UNA=0x80000000 SND.NXT=0x80000001 SND.WND=700
                    IRS=0xffffffff RCV.NXT=0 MSS=536
            ",
        ] {
            plays(lab, EXPECTED, script);
        }
    });
}

#[test]
fn s2_ack_field_is_next_expected() {
    lab(|lab| {
        lab.why("With the SYN,ACK we know the peer's numbers, and it knows ours. The connection is open.");
        for script in [
            "
            with iss=100 win=3000
              0 ms  connect()
                    --> SYN seq 100
             50     <-- SYN,ACK seq 300 ack 101 win 8000 mss 1000
                    # The peer's SYN was number 300. The ACK number is the next
                    # expected number, 301, and not the last one that came.
                    --> ACK seq 101 ack 301 win 3000
                    # The connection is open on this side, and the program is told.
                    established
                    ESTABLISHED
                    SND.UNA=101 SND.NXT=101 SND.WND=8000
                    IRS=300 RCV.NXT=301 MSS=1000
            500     nothing
            ",
            "
            with iss=0xfffffffe
              0 ms  connect()
                    --> SYN seq 0xfffffffe
             50     <-- SYN,ACK seq 0xffffffff ack 0xffffffff win 1
                    # The peer's SYN was the last number of all. The next expected
                    # number is 0.
                    --> ACK seq 0xffffffff ack 0 win 65535
                    established
                    ESTABLISHED
                    SND.UNA=0xffffffff SND.NXT=0xffffffff SND.WND=1
                    IRS=0xffffffff RCV.NXT=0
                    # Its SYN has no MSS option.
                    MSS=536
            500     nothing
            ",
        ] {
            plays(lab, EXPECTED, script);
        }
    });
}

#[test]
fn s2_third_segment_establishes_the_server() {
    lab(|lab| {
        lab.why(
            "The third segment acknowledges our SYN: the peer has it, and its own SYN was not an old one.",
        );
        for script in [
            "
            with iss=300
              0 ms  listen()
             25     <-- SYN seq 100 win 5000
                    --> SYN,ACK seq 300 ack 101
                    SYN-RECEIVED
             75     <-- ACK seq 101 ack 301 win 6000
                    # Our SYN is acknowledged, and the program is told. An ACK is not
                    # answered.
                    established
                    ESTABLISHED
                    # Each segment has the current window.
                    SND.UNA=301 SND.NXT=301 SND.WND=6000 RCV.NXT=101
            500     nothing
            ",
            "
            with iss=0xffffffff
              0 ms  listen()
             25     <-- SYN seq 7 win 5000
                    --> SYN,ACK seq 0xffffffff ack 8
             75     <-- ACK seq 8 ack 0 win 0
                    # Our SYN was the last number of all, and the next one is 0.
                    established
                    ESTABLISHED
                    SND.UNA=0 SND.NXT=0 SND.WND=0 RCV.NXT=8
            500     nothing
            ",
        ] {
            plays(lab, EXPECTED, script);
        }
    });
}

#[test]
fn s2_three_segments_and_both_established() {
    lab(|lab| {
        let mut ends = Ends::new(lab);
        ends.calls(B, Event::Listen);
        ends.calls(A, Event::Connect);
        ends.runs_until(500);
        ends.are(
            "After SYN, SYN,ACK and ACK both know both ISNs, and each knows that the other knows (RFC 9293, figure 6).",
            State::Established,
            State::Established,
        );
        ends.have_sent("SYN, SYN,ACK and ACK are enough.", 3);
        ends.draws("09-figure-6", "A connection opens with three segments");
    });
}

#[test]
fn s2_syn_takes_one_number() {
    lab(|lab| {
        lab.why("A SYN uses one number. After 4294967295 comes 0, also in `Seq + 1`.");
        for (iss, irs) in [(100, 300), (0xffff_ffff, 0), (0x7fff_ffff, 0xffff_ffff_u32)] {
            let mut client = Tcb::new(Config::new(Seq(iss)));
            lab.you("step(0, Connect)", || {
                client.step(Duration::ZERO, Event::Connect)
            });
            let answer = Segment {
                seq: Seq(irs),
                ack: Some(Seq(iss.wrapping_add(1))),
                syn: true,
                ..Segment::default()
            };
            let output = lab.you(&format!("step(0, Arrives(SYN,ACK seq {irs}))"), || {
                client.step(Duration::ZERO, Event::Arrives(&answer))
            });
            let ack = output
                .segments
                .first()
                .map(|it| (it.seq.0, it.ack.map(|ack| ack.0)));
            lab.because(format!(
                "A SYN uses a number, as a byte does. Ours used {iss}, so our first byte of data is number {}, and an ACK has that \
                 number, too. Theirs used {irs}.",
                iss.wrapping_add(1)
            ))
            .same(
                "sequence number and ACK number of our ACK",
                ack,
                Some((iss.wrapping_add(1), Some(irs.wrapping_add(1)))),
            );
            lab.because("The first byte of data has the number after the SYN's.")
                .same("SND.NXT", client.vars().snd_nxt.0, iss.wrapping_add(1));
        }
    });
}

#[test]
fn s2_mss_default_536() {
    lab(|lab| {
        for (said, want) in [
            (None, 536),
            (Some(1460), 1460),
            (Some(536), 536),
            (Some(100), 100),
            (Some(9000), 9000),
            (Some(65535), 65535),
        ] {
            for active in [true, false] {
                let got = mss_of_peer(lab, active, said);
                lab.because("Without the option the peer accepts 536 bytes in a segment (RFC 9293, section 3.7.1, MUST-15), whatever fits your cable. With it, the option's value.")
                    .same(&format!("the peer's MSS, when it says {said:?}"), got, want);
            }
        }
    });
}

#[test]
fn s2_mss_zero_or_tiny_is_clamped() {
    lab(|lab| {
        for (said, want) in [(0, 48), (1, 48), (47, 48), (48, 48), (49, 49)] {
            for active in [true, false] {
                let got = mss_of_peer(lab, active, Some(said));
                lab.because("An MSS of 0 would make us send nothing for ever, and an MSS of 1 a segment for each byte. Never go below MIN_MSS.")
                    .same(&format!("the peer's MSS, when it says {said}"), got, want);
            }
        }
    });
}

/// What a connection takes for the peer's MSS when the peer's SYN, or SYN,ACK, says this.
fn mss_of_peer(lab: &Lab, active: bool, said: Option<u16>) -> u16 {
    let mut tcb = Tcb::new(Config::new(Seq(100)));
    let (open, name) = if active {
        (Event::Connect, "Connect")
    } else {
        (Event::Listen, "Listen")
    };
    lab.you(&format!("step(0, {name})"), || {
        tcb.step(Duration::ZERO, open)
    });
    let segment = Segment {
        seq: Seq(300),
        ack: active.then_some(Seq(101)),
        syn: true,
        mss: said,
        ..Segment::default()
    };
    let what = if active { "SYN,ACK" } else { "SYN" };
    lab.you(&format!("step(0, Arrives({what}, MSS {said:?}))"), || {
        tcb.step(Duration::ZERO, Event::Arrives(&segment))
    });
    lab.turns_to(EXPECTED);
    tcb.vars().mss
}

#[test]
fn s2_data_may_ride_on_the_third_segment() {
    lab(|lab| {
        lab.why("Any segment in the window that acknowledges our SYN is the third one, whatever else it contains.");
        for script in [
            "
            with iss=300 linux=no
              0 ms  listen()
             25     <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
             75     <-- PSH,ACK seq 101 ack 301 len 5
                    # The ACK is in a segment with data. It counts; chapter 10 handles
                    # the data.
                    established
                    ESTABLISHED
                    SND.UNA=301 RCV.NXT=101
            500     nothing
            ",
            "
            with iss=300 linux=no
              0 ms  listen()
             25     <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
             75     <-- FIN,ACK seq 101 ack 301
                    # The ACK is in a FIN. It counts; chapter 12 handles the FIN.
                    established
                    ESTABLISHED
                    SND.UNA=301 RCV.NXT=101
            500     nothing
            ",
            "
            with iss=300 win=1000 linux=no
              0 ms  listen()
             25     <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
             75     <-- ACK seq 1100 ack 301 len 1
                    # The ACK and the data before this byte are late or lost. It is in
                    # the window, the last number of it, and acknowledges our SYN.
                    established
                    ESTABLISHED
                    RCV.NXT=101
            500     nothing
            ",
            "
            with iss=300 linux=no
              0 ms  listen()
             25     <-- SYN seq 100 mss 1200
                    --> SYN,ACK seq 300 ack 101
             75     <-- ACK seq 101 ack 301 mss 700
                    # It has an option that only a SYN should have. It still
                    # acknowledges our SYN.
                    established
                    ESTABLISHED
                    # The option counts in a SYN only (RFC 9293, section 3.2).
                    MSS=1200
            500     nothing
            ",
        ] {
            plays(lab, EXPECTED, script);
        }
    });
}

#[test]
fn s2_data_on_a_syn_is_left_alone() {
    lab(|lab| {
        lab.why("The sender sends the data again, because it is not acknowledged.");
        for script in [
            "
            with iss=300
              0 ms  listen()
             25     <-- SYN seq 100 len 10
                    # We take no data yet, so we acknowledge only the SYN of this
                    # segment.
                    --> SYN,ACK seq 300 ack 101
                    RCV.NXT=101
            500     nothing
            ",
            "
            with iss=100
              0 ms  connect()
                    --> SYN seq 100
             25     <-- SYN,ACK seq 300 ack 101 len 10
                    # We take no data yet, so we acknowledge only the SYN of this
                    # segment.
                    --> ACK seq 101 ack 301
                    established
                    RCV.NXT=301
            500     nothing
            ",
            "
            with iss=300 linux=no
              0 ms  listen()
             25     <-- PSH,SYN seq 100 len 3
                    # PSH says that the data is for the program at once. It is still a
                    # SYN.
                    --> SYN,ACK seq 300 ack 101
                    RCV.NXT=101
            500     nothing
            ",
            "
            with iss=100 linux=no
              0 ms  connect()
                    --> SYN seq 100
             25     <-- PSH,SYN,ACK seq 300 ack 101 len 3
                    # PSH changes nothing: it is still SYN and ACK.
                    --> ACK seq 101 ack 301
                    established
                    RCV.NXT=301
            500     nothing
            ",
        ] {
            plays(lab, EXPECTED, script);
        }
    });
}

#[test]
fn s2_a_second_open_changes_nothing() {
    lab(|lab| {
        lab.why("A connection is opened once.");
        for script in [
            "
            with iss=100 linux=no
              0 ms  connect()
                    --> SYN seq 100
            100     connect()
                    # It is open, or about to be.
                    SYN-SENT
            200     listen()
                    SYN-SENT
            300     <-- SYN,ACK seq 300 ack 101
                    --> ACK seq 101 ack 301
                    established
            400     connect()
                    # It is open, or about to be.
                    ESTABLISHED
            410     listen()
                    ESTABLISHED
            500     nothing
            ",
            "
            with iss=300 linux=no
              0 ms  listen()
            100     connect()
                    # It is open, or about to be.
                    LISTEN
            200     <-- SYN seq 100
                    --> SYN,ACK seq 300 ack 101
            300     connect()
                    # It is open, or about to be.
                    SYN-RECEIVED
                    ISS=300 IRS=100
            310     listen()
                    SYN-RECEIVED
                    ISS=300 IRS=100
            500     nothing
            ",
        ] {
            plays(lab, OPEN, script);
        }
    });
}

/// The segment that is sent.
fn one(lab: &Lab, what: &str, output: &Output) -> Segment {
    match output.segments.first() {
        Some(segment) => segment.clone(),
        None => lab
            .because("The handshake goes on with it.")
            .fails(what, "nothing is sent"),
    }
}

#[test]
fn s2_a_syn_waits_for_its_time_and_an_open_connection_for_nothing() {
    lab(|lab| {
        for (now, rto) in [(0, 1000), (7000, 300)] {
            let now = Duration::from_millis(now);
            let config = Config {
                rto: Duration::from_millis(rto),
                ..Config::new(Seq(100))
            };
            let mut client = Tcb::new(config);
            let mut server = Tcb::new(Config {
                iss: Seq(300),
                ..config
            });
            let listens = lab.you("server: step(now, Listen)", || {
                server.step(now, Event::Listen)
            });
            lab.turns_to(OPEN);
            lab.because("A listening end has sent nothing that could be lost.")
                .same("the server's wake_at", listens.wake_at, None);
            let syn = lab.you("client: step(now, Connect)", || {
                client.step(now, Event::Connect)
            });
            lab.turns_to(OPEN);
            lab.because("The SYN may be lost. Its timer says when to send it again.")
                .same("the client's wake_at", syn.wake_at, Some(now + config.rto));
            let later = now + Duration::from_millis(25);
            let syn_ack = lab.you("server: step(now + 25 ms, Arrives(SYN))", || {
                server.step(later, Event::Arrives(&one(lab, "the SYN", &syn)))
            });
            lab.turns_to(EXPECTED);
            lab.because("The SYN,ACK may be lost, too.").same(
                "the server's wake_at",
                syn_ack.wake_at,
                Some(later + config.rto),
            );
            let ack = lab.you("client: step(now + 50 ms, Arrives(SYN,ACK))", || {
                client.step(later, Event::Arrives(&one(lab, "the SYN,ACK", &syn_ack)))
            });
            lab.turns_to(EXPECTED);
            lab.because("Our SYN is answered: nothing must be sent again. An ACK has no timer.")
                .same("the client's wake_at", ack.wake_at, None);
            let open = lab.you("server: step(now + 75 ms, Arrives(ACK))", || {
                server.step(later, Event::Arrives(&one(lab, "the ACK", &ack)))
            });
            lab.turns_to(EXPECTED);
            lab.because("Our SYN is answered: nothing must be sent again.")
                .same("the server's wake_at", open.wake_at, None);
        }
    });
}
