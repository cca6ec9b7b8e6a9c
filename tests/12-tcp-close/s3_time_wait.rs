//! Step 3: the last one waits.

use std::time::Duration;

use netlab::{Lab, lab};
use tcp_close::{Late, TimeWait};
use tcp_open::{Segment, Seq};

/// In TIME-WAIT from 100 ms on: SND.NXT 101, RCV.NXT 301, both shifted.
fn waiting(lab: &Lab, msl: u64, shift: u32) -> TimeWait {
    let (at, msl) = (Duration::from_millis(100), Duration::from_millis(msl));
    lab.you(
        &format!(
            "TimeWait::new(100 ms, {} ms, SND.NXT {}, RCV.NXT {})",
            msl.as_millis(),
            Seq(101) + shift,
            Seq(301) + shift
        ),
        || TimeWait::new(at, msl, Seq(101) + shift, Seq(301) + shift),
    )
}

const SHIFTS: [u32; 2] = [0, 0xffff_ffff - 301];

fn bare(seq: u32) -> Segment {
    Segment {
        seq: Seq(seq),
        ack: Some(Seq(101)),
        ..Segment::default()
    }
}

fn fin(seq: u32) -> Segment {
    Segment {
        fin: true,
        ..bare(seq)
    }
}

fn syn(seq: u32) -> Segment {
    Segment {
        seq: Seq(seq),
        syn: true,
        ..Segment::default()
    }
}

fn rst(seq: u32) -> Segment {
    Segment {
        seq: Seq(seq),
        rst: true,
        ..Segment::default()
    }
}

/// What it is called here: a student's `Debug` may say anything.
fn name(late: Late) -> &'static str {
    match late {
        Late::Nothing => "Nothing",
        Late::Ack => "Ack",
        Late::Gone => "Gone",
        Late::Reopens => "Reopens",
    }
}

/// Demands what becomes of a segment that comes at 500 ms, and whether the wait begins anew. Its numbers are those without a shift.
fn becomes(lab: &Lab, what: &str, segment: &Segment, want: Late, begins_anew: bool) {
    for shift in SHIFTS {
        let mut waiting = waiting(lab, 1000, shift);
        let segment = Segment {
            seq: segment.seq + shift,
            ack: segment.ack.map(|ack| ack + shift),
            ..segment.clone()
        };
        let at = Duration::from_millis(500);
        let got = lab.you(
            &format!("time_wait.arrives(500 ms, {what}, numbers + {shift})"),
            || waiting.arrives(at, &segment),
        );
        lab.same(&format!("what becomes of {what}"), name(got), name(want));
        let (until, why) = match begins_anew {
            true => (
                2500,
                "The peer's FIN comes again, so our last ACK was lost: from now on, two MSL.",
            ),
            false => (
                2100,
                "Only a FIN restarts the two MSL: it says that our last ACK was lost.",
            ),
        };
        lab.because(why).same(
            "milliseconds at which it is over",
            waiting.until().as_millis(),
            until,
        );
        let ack = waiting.ack();
        let numbers = (ack.seq.0, ack.ack.map(|ack| ack.0));
        let want = ((Seq(101) + shift).0, Some((Seq(301) + shift).0));
        lab.because("Both streams have ended: SND.NXT and RCV.NXT stay, whatever comes.")
            .same("seq and ack of time_wait.ack() behind it", numbers, want);
    }
}

#[test]
fn s3_two_msl() {
    lab(|lab| {
        lab.why(
            "A segment of the connection lives for one MSL at most, and its answer for another.",
        );
        for (msl, until) in [(30_000, 60_100), (120_000, 240_100), (0, 100)] {
            let waiting = waiting(lab, msl, 0);
            lab.same(
                "milliseconds at which it is over",
                waiting.until().as_millis(),
                until,
            );
        }
    });
}

#[test]
fn s3_a_fin_again_is_acknowledged_and_the_wait_begins_anew() {
    lab(|lab| {
        lab.why("The peer sends its FIN again, so our last ACK was lost. It must be sent again, and the new ACK can be lost, too.");
        becomes(lab, "FIN,ACK seq 300", &fin(300), Late::Ack, true);
        becomes(
            lab,
            "FIN,ACK seq 290 len 10",
            &Segment {
                payload: vec![1; 10],
                ..fin(290)
            },
            Late::Ack,
            true,
        );
        lab.why("A FIN is answered, whatever its number, and the wait restarts.");
        for (seq, len) in [(280, 10), (290, 0), (301, 0), (301, 5), (9999, 0)] {
            let segment = Segment {
                payload: vec![1; len],
                ..fin(seq)
            };
            let what = format!("FIN,ACK seq {seq} len {len}");
            becomes(lab, &what, &segment, Late::Ack, true);
        }
    });
}

#[test]
fn s3_the_ack_has_the_numbers_of_the_end() {
    lab(|lab| {
        for shift in SHIFTS {
            let waiting = waiting(lab, 1000, shift);
            let ack = lab.you("time_wait.ack()", || waiting.ack());
            let numbers = (ack.seq.0, ack.ack.map(|ack| ack.0), ack.window);
            lab.because(
                "SND.NXT is after our FIN, RCV.NXT after the peer's. There is no more room.",
            )
            .same(
                "seq, ack and window",
                numbers,
                ((Seq(101) + shift).0, Some((Seq(301) + shift).0), 0),
            );
            lab.because("An ACK and nothing else.").same(
                "SYN, FIN, RST, PSH, MSS, bytes",
                (
                    ack.syn,
                    ack.fin,
                    ack.rst,
                    ack.psh,
                    ack.mss,
                    ack.payload.len(),
                ),
                (false, false, false, false, None, 0),
            );
        }
    });
}

#[test]
fn s3_old_data_is_answered_and_the_last_ack_is_not() {
    lab(|lab| {
        lab.why("A late segment belongs to this connection and to no other: it is answered, and changes nothing.");
        becomes(
            lab,
            "ACK seq 290 len 10",
            &Segment {
                payload: vec![1; 10],
                ..bare(290)
            },
            Late::Ack,
            false,
        );
        becomes(
            lab,
            "ACK seq 301 len 1",
            &Segment {
                payload: vec![1],
                ..bare(301)
            },
            Late::Ack,
            false,
        );
        becomes(lab, "ACK seq 300", &bare(300), Late::Ack, false);
        becomes(lab, "ACK seq 9999", &bare(9999), Late::Ack, false);
        becomes(
            lab,
            "SYN,ACK seq 200",
            &Segment {
                syn: true,
                ..bare(200)
            },
            Late::Ack,
            false,
        );
        lab.why("An ACK with the expected number, and without data, says that the peer has seen everything. If it were answered, two ends would answer each other for ever.");
        becomes(lab, "ACK seq 301", &bare(301), Late::Nothing, false);
        lab.why(
            "Its own number decides. Its ACK number no longer counts: both streams have ended.",
        );
        for number in [100, 102, 9999] {
            let segment = Segment {
                ack: Some(Seq(number)),
                ..bare(301)
            };
            let what = format!("ACK seq 301 ack {number}");
            becomes(lab, &what, &segment, Late::Nothing, false);
        }
    });
}

#[test]
fn s3_a_reset_ends_it_only_with_the_right_number() {
    lab(|lab| {
        lab.why("RFC 5961: exactly RCV.NXT, which is 301, as in all states; its ACK number does not count. A RST is never answered.");
        becomes(lab, "RST seq 301", &rst(301), Late::Gone, false);
        for number in [101, 50, 9999] {
            let segment = Segment {
                ack: Some(Seq(number)),
                ..rst(301)
            };
            let what = format!("RST,ACK seq 301 ack {number}");
            becomes(lab, &what, &segment, Late::Gone, false);
        }
        lab.why("A RST may have a payload, which explains it. Only its number counts (RFC 9293, section 3.5.3).");
        for (seq, want) in [(301, Late::Gone), (300, Late::Nothing)] {
            let segment = Segment {
                payload: b"gone".to_vec(),
                ..rst(seq)
            };
            let what = format!("RST seq {seq} len 4");
            becomes(lab, &what, &segment, want, false);
        }
        lab.why("RFC 5961: exactly RCV.NXT, which is 301. A RST is never answered.");
        for seq in [300, 302, 0] {
            becomes(
                lab,
                &format!("RST seq {seq}"),
                &rst(seq),
                Late::Nothing,
                false,
            );
        }
    });
}

#[test]
fn s3_a_new_syn_above_the_old_numbers_begins_anew() {
    lab(|lab| {
        lab.why("RFC 1122, section 4.2.2.13: no old segment on its way has a number after RCV.NXT, so a SYN with such a number is a new connection. Numbers wrap: \"after\" is chapter 09's seq_lt.");
        for seq in [302, 1000, 301 + 0x7fff_ffff] {
            becomes(
                lab,
                &format!("SYN seq {seq}"),
                &syn(seq),
                Late::Reopens,
                false,
            );
        }
        lab.why("A SYN may have data, or a window, or an MSS: only its number counts.");
        let with_data = Segment {
            payload: vec![1; 5],
            ..syn(1000)
        };
        becomes(lab, "SYN seq 1000 len 5", &with_data, Late::Reopens, false);
        lab.why("A SYN that is not after RCV.NXT may be an old one that comes late. A real sender answers our ACK with a RST.");
        for seq in [301, 300, 100, 301 + 0x8000_0000, 301 + 0x8000_0001] {
            becomes(lab, &format!("SYN seq {seq}"), &syn(seq), Late::Ack, false);
        }
        lab.why("A SYN,ACK begins nothing: this host has sent no SYN.");
        becomes(
            lab,
            "SYN,ACK seq 1000",
            &Segment {
                syn: true,
                ..bare(1000)
            },
            Late::Ack,
            false,
        );
    });
}

#[test]
fn s3_a_new_connection_begins_behind_the_old_window() {
    lab(|lab| {
        lab.why("The peer's window was at most 65535 bytes: a number that is 65536 after SND.NXT was never in it.");
        for shift in SHIFTS {
            let waiting = waiting(lab, 1000, shift);
            let got = lab.you("time_wait.next_isn()", || waiting.next_isn());
            lab.same("the lowest ISN", got.0, 65_637_u32.wrapping_add(shift));
        }
    });
}

#[test]
fn s3_what_makes_no_sense_is_ignored() {
    lab(|lab| {
        lab.why("No honest TCP sends it.");
        becomes(
            lab,
            "no flag",
            &Segment {
                ack: None,
                ..bare(290)
            },
            Late::Nothing,
            false,
        );
        becomes(
            lab,
            "SYN,FIN seq 1000",
            &Segment {
                fin: true,
                ..syn(1000)
            },
            Late::Nothing,
            false,
        );
        becomes(
            lab,
            "SYN,FIN,ACK seq 1000",
            &Segment {
                syn: true,
                ..fin(1000)
            },
            Late::Nothing,
            false,
        );
        becomes(
            lab,
            "FIN seq 300",
            &Segment {
                ack: None,
                ..fin(300)
            },
            Late::Nothing,
            false,
        );
        for (what, syn, fin) in [
            ("SYN,RST seq 301", true, false),
            ("FIN,RST seq 301", false, true),
        ] {
            let segment = Segment {
                syn,
                fin,
                ..rst(301)
            };
            becomes(lab, what, &segment, Late::Nothing, false);
        }
    });
}
