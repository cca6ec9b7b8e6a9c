//! Step 5: what does not leave yet.

use std::time::Duration;

use netlab::{Lab, lab};
use tcp_send::{Persist, Piece, may_go};

use super::words::{self, ms, us};

/// A small piece, the last, with nothing in flight.
const SMALL: Piece = Piece {
    len: 10,
    mss: 1000,
    is_last: true,
    is_closing: false,
    in_flight: 0,
    widest: 8000,
    nodelay: false,
};

fn decides(lab: &Lab, what: &str, piece: Piece, want: bool, why: &str) {
    lab.note(what);
    let Piece {
        len,
        mss,
        is_last,
        is_closing,
        in_flight,
        widest,
        nodelay,
    } = piece;
    let call = format!(
        "may_go(len {len}, mss {mss}, is_last {is_last}, is_closing {is_closing}, in_flight {in_flight}, widest \
         {widest}, nodelay {nodelay})"
    );
    let got = lab.you(&call, || may_go(&piece));
    let words = |goes| if goes { "it leaves" } else { "it waits" };
    lab.because(why).same(what, words(got), words(want));
}

#[test]
fn s5_a_full_segment_leaves() {
    lab(|lab| {
        let why = "A full segment cannot grow by waiting.";
        for (len, mss) in [(1000, 1000), (1460, 1460), (1001, 1000)] {
            let full = Piece { len, mss, ..SMALL };
            decides(lab, "a full segment", full, true, why);
            let busy = Piece {
                in_flight: 5000,
                is_last: false,
                widest: 60_000,
                ..full
            };
            decides(lab, "a full segment, others in flight", busy, true, why);
            let last = Piece {
                in_flight: 5000,
                ..full
            };
            decides(lab, "a full segment, the last", last, true, why);
        }
    });
}

#[test]
fn s5_nagle_holds_a_small_one_until_the_ack() {
    lab(|lab| {
        let why = "Nagle: while anything is in flight, a small segment waits for its ACK, and grows meanwhile (RFC 9293, \
                   section 3.7.4).";
        for (len, in_flight) in [(10, 1), (999, 1000), (1, 7999)] {
            let piece = Piece {
                len,
                in_flight,
                ..SMALL
            };
            decides(lab, "a small segment, others in flight", piece, false, why);
        }
        let why = "Nothing is in flight, so no ACK would release it later.";
        for len in [1, 10, 999] {
            let piece = Piece { len, ..SMALL };
            decides(lab, "a small segment, alone", piece, true, why);
        }
    });
}

#[test]
fn s5_nodelay_does_not() {
    lab(|lab| {
        let why = "The program has said that it cannot wait (TCP_NODELAY).";
        for (len, in_flight) in [(10, 1), (999, 1000)] {
            let piece = Piece {
                len,
                in_flight,
                nodelay: true,
                ..SMALL
            };
            decides(lab, "a small segment with NODELAY", piece, true, why);
        }
    });
}

#[test]
fn s5_the_end_does_not_wait() {
    lab(|lab| {
        let closing = Piece {
            is_closing: true,
            in_flight: 3000,
            ..SMALL
        };
        for len in [1, 10, 999] {
            let why = "The program has closed: the last piece cannot grow any more, so there is nothing to wait for.";
            decides(
                lab,
                "the last bytes of all",
                Piece { len, ..closing },
                true,
                why,
            );
            let alone = Piece {
                len,
                in_flight: 0,
                ..closing
            };
            decides(lab, "the last bytes of all, alone", alone, true, why);
        }
        let why = "It is not the last: the window has cut it. It waits like any small piece.";
        let cut = Piece {
            is_last: false,
            ..closing
        };
        decides(
            lab,
            "a piece before the last, at the close",
            cut,
            false,
            why,
        );
    });
}

#[test]
fn s5_a_silly_window_is_not_used() {
    lab(|lab| {
        let why = "The window has cut this piece short, and more waits behind it. If such pieces always left, they would get smaller and smaller: the silly window syndrome (RFC 9293, section 3.8.6.2.1).";
        for (len, nodelay, in_flight) in [
            (10, false, 0),
            (999, false, 0),
            (10, true, 0),
            (999, true, 500),
        ] {
            let piece = Piece {
                len,
                nodelay,
                in_flight,
                is_last: false,
                ..SMALL
            };
            decides(lab, "a piece that the window has cut", piece, false, why);
        }
    });
}

#[test]
fn s5_half_a_small_window_is_enough() {
    lab(|lab| {
        let why = "The peer never had room for more than this twice. A wait for a full segment would never end.";
        let cut = Piece {
            is_last: false,
            ..SMALL
        };
        for (len, widest) in [(500, 1000), (501, 1000), (400, 799), (999, 1998), (3, 5)] {
            let piece = Piece { len, widest, ..cut };
            decides(lab, "half of the widest window", piece, true, why);
        }
        for (len, widest) in [(499, 1000), (400, 801), (999, 1999), (2, 5)] {
            let twice = 2 * len;
            let why = format!(
                "Twice {len} is {twice}, and the widest window had {widest}. This is less than half of it."
            );
            let piece = Piece { len, widest, ..cut };
            decides(
                lab,
                "less than half of the widest window",
                piece,
                false,
                &why,
            );
        }
        let why = "Half a window is also a small segment: Nagle's algorithm holds it while others are in flight.";
        let busy = Piece {
            len: 500,
            widest: 1000,
            in_flight: 1,
            ..cut
        };
        decides(lab, "half a window, others in flight", busy, false, why);
        let why = "The program has closed, but a FIN follows only the last piece. This is not the last: it waits for the \
                   ACK.";
        for (len, widest) in [(500, 1000), (400, 800)] {
            let piece = Piece {
                len,
                widest,
                is_closing: true,
                ..busy
            };
            decides(lab, "half a window before the FIN", piece, false, why);
        }
        let why = "Nagle's algorithm is off.";
        let piece = Piece {
            nodelay: true,
            ..busy
        };
        decides(lab, "half a window with NODELAY", piece, true, why);
    });
}

#[test]
fn s5_windows_beyond_16_bits() {
    lab(|lab| {
        let why = "Twice a number may be more than 32 bits hold.";
        let piece = Piece {
            len: 900,
            is_last: false,
            widest: u32::MAX,
            ..SMALL
        };
        decides(lab, "a window of 4 GB", piece, false, why);
        let why = "This is more than half of the widest window. Twice that may be more than 16 bits hold.";
        let piece = Piece {
            len: 40_000,
            mss: 65_535,
            widest: 65_535,
            ..piece
        };
        decides(lab, "half of a window of 64 kB", piece, true, why);
    });
}

/// The timer under test: each call is told.
struct Asks<'a> {
    lab: &'a Lab,
    it: Persist,
}

impl Asks<'_> {
    fn new(lab: &Lab, max: Duration, give_up: Duration) -> Asks<'_> {
        let call = format!("Persist::new({max:?}, {give_up:?})");
        let it = lab.you(&call, || Persist::new(max, give_up));
        Asks { lab, it }
    }

    fn start(&mut self, now: Duration, rto: Duration) {
        let call = format!("start({now:?}, {rto:?})");
        self.lab.you(&call, || self.it.start(now, rto));
    }

    fn alarm(&mut self, now: Duration, want: &str) {
        let call = format!("alarm({now:?})");
        let got = self.lab.you(&call, || self.it.alarm(now));
        self.lab.same(&call, words::alarm(got), want);
    }

    fn heard(&mut self) {
        self.lab.you("heard()", || self.it.heard());
    }

    fn stop(&mut self) {
        self.lab.you("stop()", || self.it.stop());
    }

    fn wakes(&self, want: Option<Duration>) {
        self.lab.same("wake_at()", self.it.wake_at(), want);
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn s5_persist_rings_after_one_rto() {
    lab(|lab| {
        for (begin, rto) in [
            (ms(50), ms(1000)),
            (us(3), us(200_001)),
            (ms(50), ms(90_000)),
        ] {
            let mut asks = Asks::new(lab, MINUTE, MINUTE);
            lab.why("It does not run yet.");
            asks.wakes(None);
            asks.alarm(begin, "Quiet");
            asks.start(begin, rto);
            lab.why(
                "The first question comes one RTO after the sender is stuck (RFC 9293, section 3.8.6.1). The maximum is for the waits after a ring.",
            );
            asks.wakes(Some(begin + rto));
            asks.alarm(begin + rto - us(1), "Quiet");
            asks.alarm(begin + rto, "Rings");
        }
    });
}

#[test]
fn s5_persist_doubles_up_to_its_maximum() {
    lab(|lab| {
        for (max, waits) in [
            (ms(60_000), [1, 2, 4, 8, 16, 32, 60, 60]),
            (ms(5000), [1, 2, 4, 5, 5, 5, 5, 5]),
        ] {
            let mut asks = Asks::new(lab, max, Duration::from_secs(10_000));
            asks.start(ms(0), ms(1000));
            let mut now = 0;
            for wait in waits {
                now += wait * 1000;
                lab.why("Each wait is twice the one before, up to the maximum.");
                asks.wakes(Some(ms(now)));
                asks.alarm(ms(now), "Rings");
            }
        }
    });
}

#[test]
fn s5_persist_that_runs_is_left_alone() {
    lab(|lab| {
        let mut asks = Asks::new(lab, MINUTE, MINUTE);
        asks.start(ms(0), ms(1000));
        for at in [0, 300, 900] {
            asks.start(ms(at), ms(1000));
            lab.why("It runs. If each check of the queue restarted it, it would never ring.");
            asks.wakes(Some(ms(1000)));
        }
        asks.alarm(ms(1000), "Rings");
        asks.start(ms(1100), ms(1000));
        lab.why("It still runs, and waits two seconds now.");
        asks.wakes(Some(ms(3000)));
    });
}

#[test]
fn s5_persist_stops_and_starts_anew() {
    lab(|lab| {
        let mut asks = Asks::new(lab, MINUTE, MINUTE);
        asks.start(ms(0), ms(1000));
        asks.alarm(ms(1000), "Rings");
        asks.alarm(ms(3000), "Rings");
        asks.stop();
        lab.why("The window has opened, so no question is needed.");
        asks.wakes(None);
        asks.alarm(ms(7000), "Quiet");
        asks.start(ms(9000), ms(1000));
        lab.why("A new wait begins with one RTO. The length of the last one does not matter.");
        asks.wakes(Some(ms(10_000)));

        lab.scene("the timer has waited as long as it may");
        let mut asks = Asks::new(lab, ms(2000), MINUTE);
        asks.start(ms(0), ms(1000));
        asks.alarm(ms(1000), "Rings");
        asks.alarm(ms(3000), "Rings");
        asks.stop();
        lab.why("It stops, however long its wait has become.");
        asks.wakes(None);
        asks.start(ms(4000), ms(1000));
        lab.why("A new wait begins with one RTO. The length of the last one does not matter.");
        asks.wakes(Some(ms(5000)));
    });
}

#[test]
fn s5_persist_late_look() {
    lab(|lab| {
        let mut asks = Asks::new(lab, MINUTE, MINUTE);
        asks.start(ms(0), ms(1000));
        lab.why("The check came late. The timer rings once, and the next wait counts from now.");
        asks.alarm(ms(9000), "Rings");
        asks.wakes(Some(ms(11_000)));
        asks.alarm(ms(9000), "Quiet");
    });
}

#[test]
fn s5_persist_never_gives_up_while_answered() {
    lab(|lab| {
        let mut asks = Asks::new(lab, MINUTE, ms(10_000));
        asks.start(ms(0), ms(1000));
        let (mut now, mut wait) = (0, 1000);
        for _ in 0..50 {
            now += wait;
            wait = (wait * 2).min(60_000);
            lab.why(
                "Each question was answered: the peer is there, but has no room. The connection stays open \
                 (MUST-37).",
            );
            asks.alarm(ms(now), "Rings");
            asks.heard();
            lab.why("An answer does not change when the next question comes.");
            asks.wakes(Some(ms(now + wait)));
        }
    });
}

#[test]
fn s5_persist_gives_up_on_silence() {
    lab(|lab| {
        for (give_up, want) in [(6000, "GivesUp"), (5999, "GivesUp"), (6001, "Rings")] {
            let mut asks = Asks::new(lab, MINUTE, ms(give_up));
            asks.start(ms(0), ms(1000));
            lab.why(format!(
                "{give_up} ms have not gone by since the first question, at 1000 ms."
            ));
            asks.alarm(ms(1000), "Rings");
            asks.alarm(ms(3000), "Rings");
            lab.why("It gives up only when it would ring, at 7000 ms.");
            asks.alarm(ms(6999), "Quiet");
            lab.why(format!(
                "The first question without an answer was asked at 1000 ms, 6000 ms ago. It gives up after {give_up} ms."
            ));
            asks.alarm(ms(7000), want);
            if want == "GivesUp" {
                lab.why("It is over.");
                asks.wakes(None);
                asks.alarm(ms(99_000), "Quiet");
            }
        }
        let mut asks = Asks::new(lab, MINUTE, ms(6000));
        lab.why("A start while it runs changes nothing: the silence goes on, too.");
        for (at, want) in [(1000, "Rings"), (3000, "Rings"), (7000, "GivesUp")] {
            asks.start(ms(at - 900), ms(900));
            asks.alarm(ms(at), want);
        }
        let mut asks = Asks::new(lab, MINUTE, ms(6000));
        asks.start(ms(0), ms(1000));
        lab.why("6000 ms have not gone by since the first question, at 1000 ms.");
        asks.alarm(ms(1000), "Rings");
        asks.alarm(ms(3000), "Rings");
        asks.heard();
        lab.why(
            "It was heard after the second question. The third is the first without an answer, at 7000 ms.",
        );
        asks.alarm(ms(7000), "Rings");
        asks.alarm(ms(15_000), "GivesUp");
    });
}

#[test]
fn s5_persist_forgets_silence_when_it_stops() {
    lab(|lab| {
        let mut asks = Asks::new(lab, MINUTE, ms(6000));
        asks.start(ms(0), ms(1000));
        asks.alarm(ms(1000), "Rings");
        asks.stop();
        asks.start(ms(50_000), ms(1000));
        lab.why("A new start waits one RTO, however long the last wait had become.");
        asks.wakes(Some(ms(51_000)));
        lab.why("It has stopped since: older unanswered questions no longer count.");
        asks.alarm(ms(51_000), "Rings");
        asks.alarm(ms(53_000), "Rings");
    });
}
