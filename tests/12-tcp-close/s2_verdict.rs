//! Step 2: which segments count.

use std::time::Duration;

use netlab::{Lab, lab};
use tcp_close::{Challenges, Verdict, View, judge};
use tcp_open::{Segment, Seq};

/// RCV.NXT 2001, RCV.WND 1000, SND.UNA 501, MAX.SND.WND 400, and the same at the end of the number space.
fn views() -> [(View, u32); 2] {
    let view = |shift: u32| View {
        rcv_nxt: Seq(2001) + shift,
        rcv_wnd: 1000,
        snd_una: Seq(501) + shift,
        widest: 400,
    };
    let near_the_end = 0xffff_ffff - 2100;
    [(view(0), 0), (view(near_the_end), near_the_end)]
}

/// What a verdict is called here: a student's `Debug` may say anything.
fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Take => "Take",
        Verdict::Reset => "Reset",
        Verdict::Ack => "Ack",
        Verdict::Ignore => "Ignore",
    }
}

/// Demands a verdict on a segment, whose numbers are those of the first view.
fn decides(lab: &Lab, what: &str, segment: &Segment, want: Verdict) {
    for (view, shift) in views() {
        let segment = Segment {
            seq: segment.seq + shift,
            ack: segment.ack.map(|ack| ack + shift),
            ..segment.clone()
        };
        let got = lab.you(&format!("judge(view, {what}, numbers + {shift})"), || {
            judge(&view, &segment)
        });
        lab.same(&format!("the verdict on {what}"), name(got), name(want));
    }
}

fn ack(seq: u32, ack: u32, len: usize) -> Segment {
    Segment {
        seq: Seq(seq),
        ack: Some(Seq(ack)),
        payload: vec![7; len],
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

#[test]
fn s2_what_fits_is_taken() {
    lab(|lab| {
        lab.why("It is acceptable, and acknowledges a number that we may have sent.");
        for (seq, number, len) in [
            (2001, 501, 0),
            (2001, 900, 10),
            (3000, 501, 0),
            (1990, 501, 12),
            (2500, 501, 2000),
            (2001, 101, 0),
        ] {
            decides(
                lab,
                &format!("seq {seq} ack {number} len {len}"),
                &ack(seq, number, len),
                Verdict::Take,
            );
        }
        let fin = Segment {
            fin: true,
            psh: true,
            ..ack(2001, 501, 0)
        };
        decides(lab, "FIN,PSH,ACK seq 2001", &fin, Verdict::Take);
        let last = Segment {
            fin: true,
            ..ack(1999, 501, 2)
        };
        // The FIN uses the number behind the data: 2001.
        decides(lab, "FIN,ACK seq 1999 len 2", &last, Verdict::Take);
    });
}

#[test]
fn s2_what_is_not_acceptable_is_answered() {
    lab(|lab| {
        lab.why("It is after the window, or all its bytes have come. Its sender does not know the next expected number, so our ACK says it (RFC 9293, section 3.10.7.4).");
        for (seq, len) in [(2000, 0), (3001, 0), (1990, 11), (3001, 1), (0, 0)] {
            decides(
                lab,
                &format!("seq {seq} len {len}"),
                &ack(seq, 501, len),
                Verdict::Ack,
            );
        }
        let fin = Segment {
            fin: true,
            ..ack(2000, 501, 0)
        };
        decides(lab, "FIN,ACK seq 2000", &fin, Verdict::Ack);
        let fin = Segment {
            fin: true,
            ..ack(3001, 501, 0)
        };
        lab.why("A FIN uses a number, and this one's is after the window, which ends with 3000.");
        decides(lab, "FIN,ACK seq 3001", &fin, Verdict::Ack);
    });
}

#[test]
fn s2_a_reset_has_exactly_the_right_number() {
    lab(|lab| {
        lab.why("RFC 5961, section 3: a stranger who only guesses a number in the window must not end the connection. The exact number resets. Another one in the window, here from 2001 to 3000, is challenged. Outside it is ignored.");
        decides(lab, "RST seq 2001", &rst(2001), Verdict::Reset);
        let with_ack = Segment {
            ack: Some(Seq(9999)),
            ..rst(2001)
        };
        decides(lab, "RST,ACK seq 2001 ack 9999", &with_ack, Verdict::Reset);
        let with_data = Segment {
            payload: b"gone".to_vec(),
            ..rst(2001)
        };
        decides(lab, "RST seq 2001 len 4", &with_data, Verdict::Reset);
        for seq in [2002, 2500, 3000] {
            decides(lab, &format!("RST seq {seq}"), &rst(seq), Verdict::Ack);
        }
        for seq in [2000, 1001, 3001, 0] {
            decides(lab, &format!("RST seq {seq}"), &rst(seq), Verdict::Ignore);
        }
    });
}

#[test]
fn s2_of_a_reset_only_its_number_counts() {
    lab(|lab| {
        lab.why("Its ACK number is ignored: a peer that has lost the connection has no right one.");
        for number in [501, 101, 100, 0, 501 + 0x7fff_ffff, 501 + 0x8000_0001] {
            let segment = Segment {
                ack: Some(Seq(number)),
                ..rst(2001)
            };
            let what = format!("RST,ACK seq 2001 ack {number}");
            decides(lab, &what, &segment, Verdict::Reset);
            for (seq, want) in [(2500, Verdict::Ack), (3001, Verdict::Ignore)] {
                let other = Segment {
                    seq: Seq(seq),
                    ..segment.clone()
                };
                let what = format!("RST,ACK seq {seq} ack {number}");
                decides(lab, &what, &other, want);
            }
        }
        lab.why("Its own number counts, not the end of its payload.");
        for (seq, len, want) in [
            (1999, 4, Verdict::Ignore),
            (2000, 1, Verdict::Ignore),
            (2001, 2000, Verdict::Reset),
            (2500, 600, Verdict::Ack),
            (3001, 4, Verdict::Ignore),
        ] {
            let segment = Segment {
                payload: vec![7; len],
                ..rst(seq)
            };
            decides(lab, &format!("RST seq {seq} len {len}"), &segment, want);
        }
    });
}

#[test]
fn s2_a_shut_window_lets_resets_and_acks_in() {
    lab(|lab| {
        lab.why("With a window of 0 no number is in it. A RST with exactly RCV.NXT still resets, and an ACK without data still counts (table 6); data \
                 is answered.");
        let shut = View {
            rcv_wnd: 0,
            ..views()[0].0
        };
        for (what, segment, want) in [
            ("RST seq 2001", rst(2001), Verdict::Reset),
            (
                "RST seq 2001 len 4",
                Segment {
                    payload: b"gone".to_vec(),
                    ..rst(2001)
                },
                Verdict::Reset,
            ),
            ("RST seq 2002", rst(2002), Verdict::Ignore),
            ("ACK seq 2001", ack(2001, 501, 0), Verdict::Take),
            ("ACK seq 2001 len 1", ack(2001, 501, 1), Verdict::Ack),
            ("ACK seq 2002", ack(2002, 501, 0), Verdict::Ack),
        ] {
            let got = lab.you(&format!("judge(RCV.WND 0, {what})"), || {
                judge(&shut, &segment)
            });
            lab.same(&format!("the verdict on {what}"), name(got), name(want));
        }
    });
}

#[test]
fn s2_no_syn_ends_a_connection() {
    lab(|lab| {
        lab.why("RFC 5961, section 4: a SYN is challenged, whatever its number is. If the peer has really forgotten the connection, it answers our ACK with a RST.");
        for seq in [2001, 2002, 3000, 2000, 9999, 0] {
            let syn = Segment {
                seq: Seq(seq),
                syn: true,
                mss: Some(1460),
                ..Segment::default()
            };
            decides(lab, &format!("SYN seq {seq}"), &syn, Verdict::Ack);
            let syn_ack = Segment {
                ack: Some(Seq(501)),
                ..syn
            };
            decides(
                lab,
                &format!("SYN,ACK seq {seq} ack 501"),
                &syn_ack,
                Verdict::Ack,
            );
        }
    });
}

#[test]
fn s2_an_ack_that_is_far_too_old_is_a_guess() {
    lab(|lab| {
        lab.why("RFC 5961, section 5: the peer has never had room for more than MAX.SND.WND, so it cannot acknowledge anything further back than \
                 that. SND.UNA is 501, MAX.SND.WND 400.");
        let both = |number, want| {
            for len in [0, 5] {
                let segment = ack(2001, number, len);
                decides(lab, &format!("ack {number} len {len}"), &segment, want);
                let fin = Segment {
                    fin: true,
                    ..segment
                };
                decides(lab, &format!("FIN,ACK ack {number} len {len}"), &fin, want);
            }
        };
        for (number, want) in [
            (501, Verdict::Take),
            (500, Verdict::Take),
            (101, Verdict::Take),
            (100, Verdict::Ack),
            (0, Verdict::Ack),
        ] {
            both(number, want);
        }
        lab.why("Numbers wrap: the way from this one up to SND.UNA, which is 501, is shorter than the way from SND.UNA up to it. So it comes before SND.UNA, and far before (chapter 09's seq_lt).");
        both(501 + 0x8000_0001, Verdict::Ack);
        lab.why("The sender, which knows SND.NXT, handles an ACK number after SND.NXT; `judge` does not. If two numbers are exactly half way round apart, neither comes before the other (seq_lt).");
        for number in [900, 902, 501 + 0x7fff_ffff, 501 + 0x8000_0000] {
            both(number, Verdict::Take);
        }
    });
}

#[test]
fn s2_what_makes_no_sense_is_ignored() {
    lab(|lab| {
        lab.why("No honest TCP sends these flags together (or none of them). An answer would only help a scanner.");
        let all = |syn, fin, rst, number: Option<u32>| Segment {
            seq: Seq(2001),
            ack: number.map(Seq),
            syn,
            fin,
            rst,
            ..Segment::default()
        };
        for (what, segment) in [
            ("no flag", all(false, false, false, None)),
            ("FIN", all(false, true, false, None)),
            ("SYN,FIN", all(true, true, false, None)),
            ("SYN,FIN,ACK", all(true, true, false, Some(501))),
            ("SYN,RST", all(true, false, true, None)),
            ("FIN,RST", all(false, true, true, None)),
        ] {
            decides(lab, what, &segment, Verdict::Ignore);
        }
    });
}

#[test]
fn s2_one_challenge_in_half_a_second() {
    lab(|lab| {
        lab.why("Two ends whose numbers do not fit would answer each other's ACKs for ever (RFC 5961, section 7). After an answer there is silence for \
                 500 ms.");
        let ms = Duration::from_millis;
        for begin in [0, 300, 70_000] {
            let mut challenges = Challenges::new();
            for (after, want) in [
                (0, true),
                (0, false),
                (499, false),
                (500, true),
                (501, false),
                (999, false),
                (1000, true),
                (9000, true),
                // After a long silence, too, one in half a second: none is saved up.
                (9001, false),
                (9499, false),
                (9500, true),
            ] {
                let now = ms(begin + after);
                let got = lab.you(
                    &format!("challenges.answers({} ms, RST)", now.as_millis()),
                    || challenges.answers(now, &rst(2500)),
                );
                lab.same("whether it is answered", got, want);
            }
        }
    });
}

#[test]
fn s2_data_is_always_answered() {
    lab(|lab| {
        let repeats = "A sender that repeats data needs to know that it has come. Our ACK has no data, so this cannot go on for ever.";
        let free = "An answer to data does not count for the others: no segment without data has been answered for half a second.";
        let since = "Half a second is counted from the last *answer* to a segment without data. A segment without an answer does not count.";
        let numbers = "A SYN and a FIN use a number, but they are not payload: our answer to them can cause the same segment again.";
        let flags = |syn, fin| Segment {
            syn,
            fin,
            ..ack(1000, 501, 0)
        };
        let mut challenges = Challenges::new();
        for (at, segment, want, why) in [
            (0, ack(1000, 501, 5), true, repeats),
            (0, ack(1000, 501, 5), true, repeats),
            (1, rst(2500), true, free),
            (1, ack(1000, 501, 5), true, repeats),
            (2, ack(1000, 501, 1), true, repeats),
            (3, rst(2500), false, since),
            (499, ack(1000, 501, 1), true, repeats),
            (501, rst(2500), true, since),
            (502, flags(true, false), false, numbers),
            (503, flags(false, true), false, numbers),
        ] {
            let got = lab.you(
                &format!("challenges.answers({at} ms, len {})", segment.payload.len()),
                || challenges.answers(Duration::from_millis(at), &segment),
            );
            lab.because(why).same("whether it is answered", got, want);
        }
    });
}
