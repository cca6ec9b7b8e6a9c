//! Step 3: how much the peer has room for.

use netlab::{Lab, lab};
use tcp_open::{Segment, Seq, Vars};
use tcp_send::SendWindow;

use super::words;

/// The answer under test: each call is told, and looked at from outside.
struct Window<'a> {
    lab: &'a Lab,
    it: SendWindow,
}

/// The peer's first number behind its SYN.
const THEIRS: u32 = 301;

impl Window<'_> {
    /// Behind the handshake: nothing is in flight.
    fn new(lab: &Lab, una: u32, wnd: u32) -> Window<'_> {
        Window::of(lab, una, una, wnd)
    }

    fn of(lab: &Lab, una: u32, nxt: u32, wnd: u32) -> Window<'_> {
        let vars = Vars {
            iss: Seq(una.wrapping_sub(1)),
            irs: Seq(THEIRS - 1),
            snd_una: Seq(una),
            snd_nxt: Seq(nxt),
            snd_wnd: wnd,
            rcv_nxt: Seq(THEIRS),
            rcv_wnd: 4096,
            mss: 1000,
        };
        let call = format!(
            "SendWindow::new(SND.UNA {una}, SND.NXT {nxt}, SND.WND {wnd}, RCV.NXT {THEIRS})"
        );
        let it = lab.you(&call, || SendWindow::new(&vars));
        Window { lab, it }
    }

    fn sent(&mut self, numbers: u32) {
        self.lab
            .you(&format!("sent({numbers})"), || self.it.sent(numbers));
    }

    fn gets(&mut self, segment: &Segment) -> String {
        let call = format!(
            "on_segment({}, win {})",
            words::segment(segment),
            segment.window
        );
        words::heard(self.lab.you(&call, || self.it.on_segment(segment)))
    }

    /// A segment without data, the peer's next.
    fn ack(&mut self, ack: u32, window: u16) -> String {
        self.gets(&bare(THEIRS, ack, window))
    }

    fn is(&self, una: u32, nxt: u32, wnd: u32) {
        let it = &self.it;
        let got = (it.una().0, it.nxt().0, it.wnd());
        self.lab
            .same("SND.UNA, SND.NXT, SND.WND", got, (una, nxt, wnd));
    }

    /// Demands that a segment with this number, which acknowledges nothing new, brings a window of 2345. SND.WL1 stands
    /// before it then.
    fn takes_the_window_of(&mut self, seq: u32) {
        let (una, nxt) = (self.it.una().0, self.it.nxt().0);
        self.gets(&bare(seq, una, 2345));
        self.lab.why(format!(
            "The earlier segments have not moved SND.WL1, so the window of segment {seq} is not older."
        ));
        self.is(una, nxt, 2345);
    }

    fn room(&self, in_flight: u32, usable: u32) {
        let got = self.lab.you("in_flight()", || self.it.in_flight());
        self.lab.same("in_flight()", got, in_flight);
        let got = self.lab.you("usable()", || self.it.usable());
        self.lab.same("usable()", got, usable);
    }
}

fn bare(seq: u32, ack: u32, window: u16) -> Segment {
    Segment {
        seq: Seq(seq),
        ack: Some(Seq(ack)),
        window,
        ..Segment::default()
    }
}

#[test]
fn s3_it_begins_as_the_handshake_left_it() {
    lab(|lab| {
        lab.why("The handshake has set SND.UNA, SND.NXT and SND.WND.");
        for (una, nxt, wnd, in_flight, usable) in [
            (101, 101, 4000, 0, 4000),
            (7, 10, 500, 3, 497),
            (u32::MAX, 1, 10, 2, 8),
        ] {
            let window = Window::of(lab, una, nxt, wnd);
            window.is(una, nxt, wnd);
            window.room(in_flight, usable);
        }
    });
}

#[test]
fn s3_what_is_sent_takes_room() {
    lab(|lab| {
        let mut window = Window::new(lab, 101, 3000);
        for (n, in_flight) in [(1000, 1000), (500, 1500), (1500, 3000)] {
            window.sent(n);
            lab.why("The window counts from SND.UNA: bytes in flight already use a part of it.");
            window.room(in_flight, 3000 - in_flight);
            window.is(101, 101 + in_flight, 3000);
        }
    });
}

#[test]
fn s3_a_new_ack_gives_room_back() {
    lab(|lab| {
        let mut window = Window::new(lab, 101, 3000);
        window.sent(3000);
        lab.why(
            "SEG.ACK is the number that the peer expects next: everything before it has arrived.",
        );
        for (ack, acked) in [(1101, 1000), (1102, 1), (3101, 1999)] {
            let got = window.ack(ack, 3000);
            lab.same("what it says", got, format!("New({acked})"));
            window.is(ack, 3101, 3000);
            window.room(3101 - ack, 3000 - (3101 - ack));
        }
    });
}

#[test]
fn s3_the_window_slides_and_grows() {
    lab(|lab| {
        let mut window = Window::new(lab, 101, 2000);
        window.sent(2000);
        window.room(2000, 0);
        lab.why(
            "The peer acknowledges 1000 and has room for 2000 from there: the window has slid.",
        );
        window.ack(1101, 2000);
        window.room(1000, 1000);
        lab.why("The peer acknowledges the rest and has more room than before.");
        window.ack(2101, 5000);
        window.room(0, 5000);
        lab.why("Its program has read: the same ACK, and a wider window.");
        let got = window.ack(2101, 9000);
        lab.same("what it says", got, "Nothing".to_owned());
        window.room(0, 9000);
    });
}

#[test]
fn s3_ack_beyond_snd_nxt_is_not_believed() {
    lab(|lab| {
        for (sent, ack) in [
            (1000, 1102),
            (1000, 5000),
            (0, 102),
            (1000, 101 + 0x7000_0000),
            // As far ahead as a number can be.
            (1000, 101 + 0x7fff_ffff),
        ] {
            let mut window = Window::new(lab, 101, 2000);
            lab.because("The window of the handshake is the first, and the widest so far.")
                .same("widest()", window.it.widest(), 2000);
            window.sent(sent);
            lab.why(
                "It acknowledges bytes that were never sent. A sender that believes it loses them. Nothing changes, not even the window (RFC 9293, section 3.10.7.4).",
            );
            let got = window.gets(&bare(THEIRS + 50, ack, 7777));
            lab.same("what it says", got, "Beyond".to_owned());
            window.is(101, 101 + sent, 2000);
            lab.because("It does not count as the widest window either.")
                .same("widest()", window.it.widest(), 2000);
            window.takes_the_window_of(THEIRS + 20);
        }
    });
}

#[test]
fn s3_old_ack_is_harmless() {
    lab(|lab| {
        for ack in [1100, 101, 100, 101_u32.wrapping_sub(0x7000_0000)] {
            let mut window = Window::new(lab, 101, 2000);
            window.sent(2000);
            window.ack(1101, 2000);
            lab.why(
                "It was overtaken on its way. SND.UNA never goes back, and an old window is no longer true. It is not a duplicate either: that repeats the last acknowledgment.",
            );
            let got = window.gets(&bare(THEIRS + 50, ack, 9999));
            lab.same("what it says", got, "Nothing".to_owned());
            window.is(1101, 2101, 2000);
            lab.because("An old window does not count as the widest either.")
                .same("widest()", window.it.widest(), 2000);
            window.takes_the_window_of(THEIRS + 20);
        }
    });
}

#[test]
fn s3_without_ack_nothing_is_acknowledged() {
    lab(|lab| {
        for seq in [THEIRS, 0, THEIRS + 50] {
            let mut window = Window::new(lab, 101, 2000);
            window.sent(100);
            lab.why("Without the flag ACK, neither SEG.ACK nor the window means anything.");
            let segment = Segment {
                ack: None,
                ..bare(seq, 0, 7777)
            };
            let got = window.gets(&segment);
            lab.same("what it says", got, "Nothing".to_owned());
            window.is(101, 201, 2000);
            window.takes_the_window_of(THEIRS + 20);
        }
        let mut window = Window::new(lab, 0xffff_ff00, 2000);
        window.sent(1000);
        let segment = Segment {
            ack: None,
            ..bare(THEIRS, 0, 2000)
        };
        lab.why("A missing ACK is not the number 0, which is in flight here.");
        let got = window.gets(&segment);
        lab.same("what it says", got, "Nothing".to_owned());
    });
}

#[test]
fn s3_numbers_wrap() {
    lab(|lab| {
        let mut window = Window::new(lab, 0xffff_ff00, 1000);
        lab.why("After 4294967295 comes 0: a number is before another on the shorter way round.");
        window.sent(100);
        window.room(100, 900);
        window.sent(500);
        window.is(0xffff_ff00, 344, 1000);
        window.room(600, 400);
        for (ack, want) in [
            (0xffff_ff80, "New(128)"),
            (0xffff_ff00, "Nothing"),
            (44, "New(172)"),
            (0xffff_ff80, "Nothing"),
            (345, "Beyond"),
            (344, "New(300)"),
        ] {
            let got = window.ack(ack, 1000);
            lab.same(&format!("what ACK {ack} says"), got, want.to_owned());
        }
        window.is(344, 344, 1000);
    });
}

#[test]
fn s3_a_window_that_shrinks_leaves_no_room() {
    lab(|lab| {
        for (window, usable) in [(1500, 0), (2000, 0), (2001, 1), (0, 0)] {
            let mut it = Window::new(lab, 101, 4000);
            it.sent(2000);
            lab.why(
                "The peer has taken room back that is in use (it should not: RFC 9293, section 3.8.6). The usable window is 0, not negative.",
            );
            it.ack(101, window);
            it.is(101, 2101, u32::from(window));
            it.room(2000, usable);
        }
    });
}

#[test]
fn s3_an_older_segment_does_not_change_the_window() {
    lab(|lab| {
        let begin = || {
            let mut it = Window::new(lab, 101, 4000);
            it.sent(3000);
            // SND.WL1 is 400.
            it.gets(&bare(400, 1101, 3000));
            it
        };
        for (what, seq, ack, want) in [
            ("a later segment, with the same ACK", 401, 1101, 1234),
            ("a later segment, with a later ACK", 500, 2101, 1234),
            ("the same number, and a later ACK", 400, 1102, 1234),
            ("the same number, and the same ACK", 400, 1101, 1234),
            ("an earlier segment", 399, 1101, 3000),
            ("an earlier segment, with a later ACK", 301, 2101, 3000),
        ] {
            lab.scene(what);
            let mut it = begin();
            lab.why(format!(
                "SND.WL1 is 400: the window is from the segment with that number. This is {what}: only a segment that is at least as new may change the window (RFC 9293, section 3.10.7.4)."
            ));
            it.gets(&bare(seq, ack, 1234));
            it.is(ack, 3101, want);
        }
        lab.scene("the numbers wrap");
        let mut it = begin();
        it.gets(&bare(400_u32.wrapping_sub(1000), 1101, 1));
        lab.why("The number 4294966696 comes before 400.");
        it.is(1101, 3101, 3000);
        lab.scene("before the first");
        let mut it = Window::new(lab, 101, 4000);
        it.gets(&bare(THEIRS - 1, 101, 1));
        lab.why("SND.WL1 begins as RCV.NXT: an earlier segment is a copy from the handshake.");
        it.is(101, 101, 4000);
        it.gets(&bare(THEIRS, 101, 2));
        lab.why("The peer's first segment after the handshake has the number RCV.NXT.");
        it.is(101, 101, 2);
    });
}

#[test]
fn s3_any_segment_may_bring_a_window() {
    lab(|lab| {
        let bytes = b"0123456789".to_vec();
        for (what, payload, fin) in [
            ("no data", Vec::new(), false),
            ("data", bytes.clone(), false),
            ("a FIN", Vec::new(), true),
            ("data and a FIN", bytes.clone(), true),
        ] {
            lab.scene(format!("a segment with {what}"));
            for (ack, window, want) in [
                (101, 2000, "Nothing"),
                (1101, 1500, "New(1000)"),
                (1101, 0, "New(1000)"),
                (3101, 5000, "New(3000)"),
            ] {
                let mut it = Window::new(lab, 101, 4000);
                it.sent(3000);
                let got = it.gets(&Segment {
                    payload: payload.clone(),
                    fin,
                    ..bare(THEIRS, ack, window)
                });
                lab.because("A segment's acknowledgment counts, whatever else it carries.")
                    .same("what it says", got, want.to_owned());
                lab.why(
                    "Each segment says how much room the peer has now, whatever else it carries (RFC 9293, section \
                     3.10.7.4).",
                );
                it.is(ack, 3101, u32::from(window));
            }
        }
        lab.scene("the same bytes again");
        let mut it = Window::new(lab, 101, 4000);
        it.sent(3000);
        for (seq, window) in [(THEIRS, 2000), (THEIRS, 2500), (THEIRS + 4, 2600)] {
            it.gets(&Segment {
                payload: bytes.clone(),
                ..bare(seq, 101, window)
            });
            lab.why(
                "SND.WL1 is the number with which the segment of the window begins. A segment that begins with the same number, or a later one, is not older, wherever that segment has ended.",
            );
            it.is(101, 3101, u32::from(window));
        }
    });
}

#[test]
fn s3_the_memory_of_the_window_moves() {
    lab(|lab| {
        let mut it = Window::new(lab, 101, 4000);
        it.sent(3000);
        it.gets(&bare(400, 1101, 3000));
        it.gets(&bare(500, 1101, 2500));
        lab.why("SND.WL1 is 500 now: a segment with number 450 is older.");
        it.gets(&bare(450, 1101, 1));
        it.is(1101, 3101, 2500);
        it.gets(&bare(450, 2101, 1));
        lab.why("It acknowledges something new, but its window is still older.");
        it.is(2101, 3101, 2500);
        it.gets(&bare(500, 2101, 2000));
        lab.why("SND.WL1 is 500, so this is not older.");
        it.is(2101, 3101, 2000);
    });
}

#[test]
fn s3_what_a_duplicate_is() {
    lab(|lab| {
        let begin = || {
            let mut it = Window::new(lab, 101, 4000);
            it.sent(3000);
            it.gets(&bare(400, 1101, 3000));
            it
        };
        let plain = bare(400, 1101, 3000);
        for (what, segment, want) in [
            ("the same again", plain.clone(), "Duplicate"),
            (
                "the same with PSH",
                Segment {
                    psh: true,
                    ..plain.clone()
                },
                "Duplicate",
            ),
            ("another window", bare(400, 1101, 2999), "Nothing"),
            ("a wider window", bare(400, 1101, 3001), "Nothing"),
            (
                "with data",
                Segment {
                    payload: b"x".to_vec(),
                    ..plain.clone()
                },
                "Nothing",
            ),
            (
                "with FIN",
                Segment {
                    fin: true,
                    ..plain.clone()
                },
                "Nothing",
            ),
            (
                "with SYN",
                Segment {
                    syn: true,
                    ..plain.clone()
                },
                "Nothing",
            ),
            (
                "with an earlier SEG.SEQ",
                bare(399, 1101, 3000),
                "Duplicate",
            ),
            ("with a later SEG.SEQ", bare(500, 1101, 3000), "Duplicate"),
            ("an older ACK", bare(400, 1100, 3000), "Nothing"),
            ("a newer ACK", bare(400, 1102, 3000), "New(1)"),
        ] {
            lab.scene(what);
            let mut it = begin();
            let got = it.gets(&segment);
            lab.because(format!(
                "A duplicate acknowledgment has SEG.ACK = SND.UNA while something is in flight, the same window, and \
                 neither payload nor SYN nor FIN, whatever its SEG.SEQ (RFC 5681, section 2). This is: {what}."
            ))
            .same("what it says", got, want.to_owned());
        }
        lab.scene("nothing is in flight");
        let mut it = Window::new(lab, 101, 4000);
        for sent in [0, 1000] {
            it.sent(sent);
            let now = 101 + sent;
            if sent > 0 {
                it.ack(now, 4000);
            }
            let got = it.ack(now, 4000);
            lab.because("Nothing is in flight, so no later segment can have arrived.")
                .same("what it says", got, "Nothing".to_owned());
        }
        lab.scene("the window is shut");
        for window in [0, 1] {
            let mut it = begin();
            for want in ["Nothing", "Duplicate", "Duplicate"] {
                let got = it.gets(&bare(400, 1101, window));
                lab.because(format!(
                    "The first changes SND.WND to {window}. The others repeat it: a window of zero counts like any other."
                ))
                .same("what it says", got, want.to_owned());
            }
        }
        lab.scene("a window that was not taken");
        let mut it = begin();
        for (seq, window, want) in [
            (350, 1, "Nothing"),
            (350, 1, "Nothing"),
            (400, 3000, "Duplicate"),
            (350, 3000, "Duplicate"),
        ] {
            let got = it.gets(&bare(seq, 1101, window));
            lab.because(
                "The window is compared with SND.WND, which is 3000. That of segment 350 is older and was not taken.",
            )
            .same("what it says", got, want.to_owned());
        }
        lab.scene("one number is in flight");
        let mut it = Window::new(lab, 101, 4000);
        it.sent(1);
        let got = it.ack(101, 4000);
        lab.because(
            "One number in flight is enough: a segment behind it may have been sent as a question.",
        )
        .same("what it says", got, "Duplicate".to_owned());
        lab.scene("in a row");
        let mut it = begin();
        for _ in 0..3 {
            let got = it.gets(&plain);
            lab.because("Each copy says that a segment has arrived.")
                .same("what it says", got, "Duplicate".to_owned());
        }
    });
}

#[test]
fn s3_the_widest_window_is_remembered() {
    lab(|lab| {
        let mut it = Window::new(lab, 101, 4000);
        for (window, widest) in [
            (3000, 4000),
            (5000, 5000),
            (0, 5000),
            (4999, 5000),
            (60_000, 60_000),
        ] {
            it.ack(101, window);
            lab.because("The widest window since the handshake.").same(
                "widest()",
                it.it.widest(),
                widest,
            );
        }
        let mut it = Window::new(lab, 101, 4000);
        it.sent(2000);
        it.gets(&bare(400, 101, 3000));
        for ack in [101, 1101] {
            it.gets(&bare(350, ack, 60_000));
            lab.because("An older segment brings no window: SND.WND was never 60000.")
                .same("widest()", it.it.widest(), 4000);
        }
    });
}
