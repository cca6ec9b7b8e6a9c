//! Step 9: what the peer has reported, and what a sender makes of it.

use std::time::Duration;

use netlab::sim::{Chance, Kind, Link, nth};
use netlab::{Dice, Lab, lab};
use tcp_open::Seq;
use tcp_send::{Next, Scoreboard};

use super::fat::{Path, sends};
use super::network::{Transfer, transfer_with};
use super::words::ms;

const MSS: u32 = 1000;

/// The answer under test. Numbers are distances from `first`.
struct Board<'a> {
    lab: &'a Lab,
    it: Scoreboard,
    first: u32,
    nxt: u32,
}

impl Board<'_> {
    /// A sender with an MSS of 1000 that has so many bytes in flight.
    fn new(lab: &Lab, in_flight: u32) -> Board<'_> {
        Board::at(lab, 5001, in_flight)
    }

    fn at(lab: &Lab, first: u32, in_flight: u32) -> Board<'_> {
        let call = format!("Scoreboard::new({first}, {MSS})");
        let it = lab.you(&call, || Scoreboard::new(Seq(first), MSS as u16));
        Board {
            lab,
            it,
            first,
            nxt: in_flight,
        }
    }

    fn seq(&self, at: u32) -> Seq {
        Seq(self.first.wrapping_add(at))
    }

    fn hears(&mut self, una: u32, blocks: &[(u32, u32)]) {
        let (una, nxt) = (self.seq(una), self.seq(self.nxt));
        let blocks: Vec<_> = blocks
            .iter()
            .map(|(l, r)| (self.seq(*l), self.seq(*r)))
            .collect();
        let said: Vec<_> = blocks.iter().map(|(l, r)| (l.0, r.0)).collect();
        let call = format!("on_segment({}, {}, {said:?})", una.0, nxt.0);
        self.lab
            .you(&call, || self.it.on_segment(una, nxt, &blocks));
    }

    fn has(&self, want: &[(u32, u32)]) {
        let got = self.lab.you("reported()", || self.it.reported());
        let got: Vec<_> = got.iter().map(|(l, r)| (l.0, r.0)).collect();
        let want: Vec<_> = want
            .iter()
            .map(|(l, r)| (self.seq(*l).0, self.seq(*r).0))
            .collect();
        self.lab.same("reported()", got, want);
    }

    fn is_lost(&self, at: u32, want: bool) {
        let seq = self.seq(at);
        let call = format!("is_lost({})", seq.0);
        let got = self.lab.you(&call, || self.it.is_lost(seq));
        self.lab.same(&call, got, want);
    }

    fn pipe(&self, want: u32) {
        let nxt = self.seq(self.nxt);
        let call = format!("pipe({})", nxt.0);
        let got = self.lab.you(&call, || self.it.pipe(nxt));
        self.lab.same(&call, got, want);
    }

    /// `again` is where the segment begins, and its length.
    fn next(&self, has_new: bool, want: Want) {
        let nxt = self.seq(self.nxt);
        let call = format!("next({}, {has_new})", nxt.0);
        let got = self.lab.you(&call, || self.it.next(nxt, has_new));
        let want = match want {
            Want::Again(at, len) => words(Next::Again(self.seq(at), len)),
            Want::New => words(Next::New),
            Want::Nothing => words(Next::Nothing),
        };
        self.lab.same(&call, words(got), want);
    }

    fn repeated(&mut self, at: u32, len: u32) {
        let seq = self.seq(at);
        let call = format!("repeated({}, {len})", seq.0);
        self.lab.you(&call, || self.it.repeated(seq, len));
    }

    fn begins(&mut self) {
        self.lab.you("begins()", || self.it.begins());
    }

    fn timed_out(&mut self) {
        let nxt = self.seq(self.nxt);
        let call = format!("timed_out({})", nxt.0);
        self.lab.you(&call, || self.it.timed_out(nxt));
    }
}

enum Want {
    Again(u32, u32),
    New,
    Nothing,
}

fn words(next: Next) -> String {
    match next {
        Next::Again(seq, len) => format!("again from {}, {len} bytes", seq.0),
        Next::New => "new bytes".into(),
        Next::Nothing => "nothing".into(),
    }
}

#[test]
fn s9_what_was_reported_stays() {
    lab(|lab| {
        let mut b = Board::new(lab, 10_000);
        b.has(&[]);
        lab.why("A block is from its first number up to the one behind its last.");
        b.hears(0, &[(2000, 3000)]);
        b.has(&[(2000, 3000)]);
        lab.why("Blocks come the latest first. Here the lowest number is first.");
        b.hears(0, &[(6000, 7000), (2000, 3000)]);
        b.has(&[(2000, 3000), (6000, 7000)]);
        lab.why("An acknowledgment has at most four blocks. What earlier ones have said stays.");
        b.hears(0, &[(4000, 4500)]);
        b.has(&[(2000, 3000), (4000, 4500), (6000, 7000)]);
        b.hears(0, &[]);
        b.has(&[(2000, 3000), (4000, 4500), (6000, 7000)]);
        lab.why("Ranges that touch or overlap are one.");
        b.hears(0, &[(4500, 5000), (2500, 3500)]);
        b.has(&[(2000, 3500), (4000, 5000), (6000, 7000)]);
        b.hears(0, &[(3000, 6000)]);
        b.has(&[(2000, 7000)]);
        lab.why("Up to SND.NXT everything may be reported.");
        b.hears(0, &[(9000, 10_000)]);
        b.has(&[(2000, 7000), (9000, 10_000)]);
    });
}

#[test]
fn s9_impossible_blocks_are_ignored() {
    lab(|lab| {
        for first in [5001, u32::MAX - 4000, 3] {
            let mut b = Board::at(lab, first, 10_000);
            b.hears(1000, &[(3000, 4000)]);
            lab.why("A block behind SND.NXT reports what was never sent. All of it is ignored, even the part that was sent.");
            b.hears(1000, &[(10_000, 11_000), (9000, 10_001), (9500, 12_000)]);
            b.has(&[(3000, 4000)]);
            lab.why(
                "A block before SND.UNA is old, or tells of a segment that came twice (RFC 2883).",
            );
            b.hears(1000, &[(0, 1000), (200, 300), (500, 2000)]);
            b.has(&[(3000, 4000)]);
            lab.why("A block that begins with SND.UNA contradicts the acknowledgment.");
            b.hears(1000, &[(1000, 2000)]);
            b.has(&[(3000, 4000)]);
            lab.why("A block that ends where it begins, or before, is none.");
            b.hears(1000, &[(5000, 5000), (7000, 6000), (9000, 1000)]);
            b.has(&[(3000, 4000)]);
            lab.why("The blocks beside an impossible one count.");
            b.hears(1000, &[(10_000, 11_000), (6000, 7000), (8000, 8000)]);
            b.has(&[(3000, 4000), (6000, 7000)]);
        }
    });
}

#[test]
fn s9_what_is_acknowledged_goes() {
    lab(|lab| {
        let mut b = Board::new(lab, 10_000);
        b.hears(0, &[(2000, 3000), (5000, 6000), (8000, 9000)]);
        lab.why("Nothing reported is acknowledged yet.");
        b.hears(1000, &[]);
        b.has(&[(2000, 3000), (5000, 6000), (8000, 9000)]);
        lab.why("The acknowledgment covers the first range.");
        b.hears(3000, &[]);
        b.has(&[(5000, 6000), (8000, 9000)]);
        b.hears(7000, &[(8000, 9000)]);
        b.has(&[(8000, 9000)]);
        b.hears(10_000, &[]);
        b.has(&[]);
        b.pipe(0);
    });
}

#[test]
fn s9_the_peer_may_drop_what_it_has_reported() {
    lab(|lab| {
        let mut b = Board::new(lab, 10_000);
        b.hears(0, &[(2000, 4000), (6000, 7000)]);
        lab.why("The peer acknowledges 2000, where it had reported more. So it has dropped that range: a report is only advice (RFC 2018, section 8). The other one stays.");
        b.hears(2000, &[]);
        b.has(&[(6000, 7000)]);
        lab.why("In the middle of a range, too.");
        b.hears(6500, &[]);
        b.has(&[]);
        lab.why("It may come again.");
        b.hears(6500, &[(8000, 9000)]);
        b.has(&[(8000, 9000)]);
    });
}

#[test]
fn s9_lost_is_what_three_have_overtaken() {
    lab(|lab| {
        let mut b = Board::new(lab, 10_000);
        lab.why("Nothing is reported, so nothing counts as lost.");
        b.is_lost(0, false);
        b.hears(0, &[(1000, 3000)]);
        lab.why("2 MSS behind it have arrived: that may be another order. It must be more (RFC 6675, IsLost).");
        b.is_lost(0, false);
        b.hears(0, &[(1000, 3001)]);
        lab.why("More than 2 MSS behind it have arrived.");
        b.is_lost(0, true);
        b.is_lost(999, true);
        lab.why("Nothing behind this byte has arrived.");
        b.is_lost(3001, false);
        b.is_lost(9999, false);

        lab.scene("small segments");
        let mut b = Board::new(lab, 10_000);
        b.hears(0, &[(100, 200), (300, 400)]);
        lab.why("Two ranges behind it are reported.");
        b.is_lost(0, false);
        b.hears(0, &[(500, 600)]);
        lab.why("Three ranges behind it are reported, however small.");
        b.is_lost(0, true);
        b.is_lost(99, true);
        lab.why("Only two ranges lie behind this one.");
        b.is_lost(250, false);
        b.is_lost(450, false);

        lab.scene("ranges together");
        let mut b = Board::new(lab, 10_000);
        b.hears(0, &[(1000, 2200), (3000, 3900)]);
        lab.why("1200 and 900 bytes behind it: more than 2 MSS in all.");
        b.is_lost(500, true);
        lab.why("Only 900 bytes lie behind this one.");
        b.is_lost(2500, false);
    });
}

#[test]
fn s9_the_pipe() {
    lab(|lab| {
        let mut b = Board::new(lab, 10_000);
        lab.why("Nothing is reported: all of it is on its way.");
        b.pipe(10_000);
        b.hears(0, &[(2000, 3000)]);
        lab.why("What is reported has left the network. The hole is not yet lost.");
        b.pipe(9000);
        b.hears(0, &[(2000, 5000)]);
        lab.why(
            "The first 2000 bytes count as lost: they are not on their way. 5000 to 10000 are.",
        );
        b.pipe(5000);
        b.begins();
        b.repeated(0, 1000);
        lab.why("What was lost and sent again is on its way again.");
        b.pipe(6000);
        b.repeated(1000, 1000);
        b.pipe(7000);
        lab.why("The first repeated segment is acknowledged.");
        b.hears(1000, &[]);
        b.pipe(6000);
        lab.why("New segments leave.");
        b.nxt = 12_000;
        b.pipe(8000);

        lab.scene("repeated, although it does not count as lost");
        let mut b = Board::new(lab, 10_000);
        b.hears(0, &[(2000, 3000)]);
        b.begins();
        b.repeated(0, 1000);
        lab.why("Both copies may be on their way: such bytes count twice (RFC 6675, SetPipe).");
        b.pipe(10_000);
    });
}

#[test]
fn s9_first_what_is_lost_then_new_then_the_rest() {
    lab(|lab| {
        let mut b = Board::new(lab, 12_000);
        b.hears(0, &[(1000, 2000), (3000, 4000), (5000, 6000), (8000, 9000)]);
        b.begins();
        lab.why("The first byte that counts as lost: at SND.UNA.");
        b.next(true, Want::Again(0, 1000));
        lab.why("Asking changes nothing.");
        b.next(true, Want::Again(0, 1000));
        b.repeated(0, 1000);
        lab.why("The next hole. Four ranges are reported, three of them behind it.");
        b.next(true, Want::Again(2000, 1000));
        b.repeated(2000, 1000);
        lab.why("Only two ranges are behind the hole at 4000, so it does not count as lost. New bytes come first (rule 2).");
        b.next(true, Want::New);
        lab.why(
            "Without new bytes, a hole before a reported byte is sent again, lost or not (rule 3).",
        );
        b.next(false, Want::Again(4000, 1000));
        b.repeated(4000, 1000);
        b.next(false, Want::Again(6000, 1000));
        b.repeated(6000, 1000);
        b.next(false, Want::Again(7000, 1000));
        b.repeated(7000, 1000);
        lab.why("Nothing behind 9000 is reported: these bytes are simply on their way.");
        b.next(false, Want::Nothing);
        b.next(true, Want::New);
    });
}

#[test]
fn s9_nothing_is_reported() {
    lab(|lab| {
        let b = Board::new(lab, 10_000);
        lab.why(
            "Nothing is reported, so no byte counts as lost, and none lies before a reported one.",
        );
        b.next(true, Want::New);
        b.next(false, Want::Nothing);
        let b = Board::new(lab, 0);
        lab.why("Nothing is in flight.");
        b.pipe(0);
        b.next(true, Want::New);
        b.next(false, Want::Nothing);
    });
}

#[test]
fn s9_a_hole_is_sent_in_segments() {
    lab(|lab| {
        let mut b = Board::new(lab, 12_000);
        b.hears(0, &[(2500, 8000)]);
        b.begins();
        lab.why("At most one MSS, and no byte that was reported.");
        b.next(true, Want::Again(0, 1000));
        b.repeated(0, 1000);
        b.next(true, Want::Again(1000, 1000));
        b.repeated(1000, 1000);
        b.next(true, Want::Again(2000, 500));
        b.repeated(2000, 500);
        b.next(true, Want::New);
        lab.why("The peer has got some of it, and its acknowledgment ends in the middle of a segment. What was repeated is not sent a third time.");
        b.hears(1500, &[]);
        b.next(true, Want::New);
    });
}

#[test]
fn s9_another_recovery_repeats_again() {
    lab(|lab| {
        let mut b = Board::new(lab, 10_000);
        b.hears(0, &[(2000, 5000)]);
        b.begins();
        b.repeated(0, 1000);
        b.repeated(1000, 1000);
        lab.why("Both segments of the hole were repeated in this recovery.");
        b.next(false, Want::Nothing);
        b.begins();
        lab.why("A new recovery has repeated nothing yet.");
        b.next(false, Want::Again(0, 1000));
        b.pipe(5000);
    });
}

#[test]
fn s9_after_a_timeout_the_reports_are_forgotten() {
    lab(|lab| {
        let mut b = Board::new(lab, 6000);
        b.hears(0, &[(2000, 5000)]);
        b.begins();
        b.repeated(0, 1000);
        b.timed_out();
        lab.why("The timer has rung: the peer may have dropped what it has reported (RFC 2018, section 8).");
        b.has(&[]);
        lab.why("Everything in flight counts as lost, and nothing was repeated.");
        b.is_lost(0, true);
        b.is_lost(5999, true);
        b.pipe(0);
        b.next(true, Want::Again(0, 1000));
        b.repeated(0, 1000);
        b.pipe(1000);
        lab.why("What is reported now need not be sent again.");
        b.hears(1000, &[(2000, 5000)]);
        b.has(&[(2000, 5000)]);
        b.pipe(0);
        b.next(true, Want::Again(1000, 1000));
        b.repeated(1000, 1000);
        b.next(true, Want::Again(5000, 1000));
        b.repeated(5000, 1000);
        lab.why("New bytes were not in flight when it rang.");
        b.next(true, Want::New);
        b.nxt = 8000;
        b.is_lost(6000, false);
        b.is_lost(5000, true);
        b.pipe(4000);
        b.next(false, Want::Nothing);
    });
}

#[test]
fn s9_storms() {
    lab(|lab| {
        for seed in 1..=12_u64 {
            lab.scene(format!("seed {seed}"));
            let mut dice = Dice::new(seed);
            let mut below = |end: u32| dice.below(end);
            let first = u32::MAX - below(6000);
            let mut b = Board::at(lab, first, 0);
            // A byte each: whether it was reported, repeated, and in flight when the timer rang.
            let (mut una, mut reported, mut again, mut rang) = (0, [false; 100_000], 0, 0);
            for _ in 0..50 {
                b.nxt += below(1500);
                match below(12) {
                    0 => {
                        b.begins();
                        again = una;
                    }
                    1 if below(4) == 0 => {
                        b.timed_out();
                        reported.fill(false);
                        (again, rang) = (una, b.nxt);
                    }
                    2..=5 => una += below(b.nxt - una + 1).min(2000),
                    _ => {}
                }
                let begin = una + below(b.nxt - una + 1);
                let end = begin + below(1200);
                b.hears(una, &[(begin, end)]);
                let mut from = una as usize;
                while reported[from] {
                    reported[from] = false;
                    from += 1;
                }
                reported[..una as usize].fill(false);
                if una < begin && end <= b.nxt {
                    reported[begin as usize..end as usize].fill(true);
                }
                (again, rang) = (again.max(una), rang.max(una));
                let mut ranges: Vec<(u32, u32)> = Vec::new();
                for at in (una..b.nxt).filter(|at| reported[*at as usize]) {
                    match ranges.last_mut() {
                        Some(range) if range.1 == at => range.1 += 1,
                        _ => ranges.push((at, at + 1)),
                    }
                }
                lab.why("The reports, byte by byte.");
                b.has(&ranges);
                // From the top down: how many bytes and ranges lie behind.
                let (mut bytes, mut count, mut lost) = (0, 0, vec![false; b.nxt as usize + 1]);
                for at in (una..b.nxt).rev() {
                    lost[at as usize] = at < rang || count >= 3 || bytes > 2 * MSS;
                    bytes += u32::from(reported[at as usize]);
                    let begins = at == una || !reported[at as usize - 1];
                    count += u32::from(reported[at as usize] && begins);
                }
                let is_lost = |at: u32| lost[at as usize];
                let gaps = (una..b.nxt).filter(|at| !reported[*at as usize]);
                let gaps: Vec<u32> = gaps.collect();
                let pipe = gaps
                    .iter()
                    .map(|at| u32::from(!is_lost(*at)) + u32::from(*at < again));
                lab.why("Each byte that is not reported counts once if it is not lost, and once if it was repeated.");
                b.pipe(pipe.sum());
                let top = ranges.last().map_or(0, |range| range.0);
                let open = gaps.iter().copied().find(|at| *at >= again);
                for has_new in [true, false] {
                    let segment = |at: u32| {
                        let end = (at..(at + MSS).min(b.nxt)).find(|at| reported[*at as usize]);
                        Want::Again(at, end.unwrap_or((at + MSS).min(b.nxt)) - at)
                    };
                    lab.why("Lost bytes, then new ones, then bytes before a reported one.");
                    b.next(
                        has_new,
                        match open {
                            Some(at) if is_lost(at) => segment(at),
                            _ if has_new => Want::New,
                            Some(at) if at < top => segment(at),
                            _ => Want::Nothing,
                        },
                    );
                }
                if let Some(at) = open.filter(|at| is_lost(*at)) {
                    let end = (at..(at + MSS).min(b.nxt)).find(|at| reported[*at as usize]);
                    let len = end.unwrap_or((at + MSS).min(b.nxt)) - at;
                    b.repeated(at, len);
                    again = at + len;
                }
            }
        }
    });
}

/// How long 200 segments take over a link of 50 ms, if these are lost: with step 8's sender, and with the scoreboard.
fn both(lab: &Lab, lost: &[usize]) -> (Duration, Duration) {
    let len = 200 * 1460;
    let link = Link::default().delay_ms(50);
    let plain = transfer_with(lab, 1, Transfer::new(len, link.clone()), |net, from, to| {
        for n in lost {
            net.way(from, to).loses(nth(*n, Kind::Data));
        }
    });
    let acked = plain.heard.iter().find(|heard| heard.una >= len);
    let plain = acked.map_or(plain.end, |heard| heard.at);
    let path = Path::new(link, 65_535);
    let sack = sends(lab, 1, len, path, |net, from, to| {
        for n in lost {
            net.way(from, to).loses(nth(*n, Kind::Data));
        }
    });
    (plain, sack)
}

#[test]
fn s9_many_losses_cost_one_recovery() {
    lab(|lab| {
        let (_, clean) = both(lab, &[]);
        for count in [1, 2, 4, 8] {
            let lost: Vec<usize> = (0..count).map(|n| 60 + 3 * n).collect();
            lab.scene(format!("of 200 segments, {lost:?} are lost"));
            let (plain, sack) = both(lab, &lost);
            lab.because("All holes of a window are known after a round trip, and are filled in the next. Without reports each hole costs a round trip.")
                .holds(
                    sack <= clean + ms(500),
                    format!("{count} losses cost at most five round trips, 500 ms"),
                    format!("{:?}", sack.saturating_sub(clean)),
                );
            if count >= 8 {
                lab.because("Step 8's sender finds a loss in each round trip.")
                    .holds(
                        sack + ms(300) <= plain,
                        format!("three round trips less than the {plain:?} of step 8's sender"),
                        format!("{sack:?}"),
                    );
            }
        }
    });
}

#[test]
fn s9_a_long_fat_path() {
    lab(|lab| {
        let len = 2_000_000;
        let link = Link::default().delay_ms(100);
        let mut times = Vec::new();
        for (window, shift) in [(65_535, 0), (262_140, 2), (1_048_560, 4)] {
            let path = Path {
                shift,
                ..Path::new(link.clone(), window)
            };
            let time = sends(lab, 1, len, path, |_, _, _| {});
            times.push(time);
        }
        lab.because("A window leaves in each round trip of 200 ms. Four times the window is more than twice as fast; then slow start takes most of the time.")
            .holds(
                times[0] > times[1] * 2 && times[1] > times[2],
                "a wider window is faster",
                format!("{times:?}"),
            );
    });
}

#[test]
fn s9_the_stream_is_whole_whatever_is_lost() {
    lab(|lab| {
        for seed in 1..=6 {
            for loss in [0.02, 0.1, 0.3] {
                lab.scene(format!("seed {seed}: {loss} of all packets are lost"));
                let link = Link::default().delay_ms(20).chance(Chance::lose(loss));
                let path = Path::new(link, 65_535);
                sends(lab, seed, 150_000, path, |_, _, _| {});
            }
        }
    });
}

#[test]
fn s9_a_peer_that_drops_what_it_has_reported() {
    lab(|lab| {
        let link = Link::default().delay_ms(20);
        let path = Path {
            drops_at: Some(30),
            ..Path::new(link, 65_535)
        };
        lab.if_stuck(
            "After a time-out, what was reported must be sent again, too: reports are advice.",
        );
        sends(lab, 1, 150_000, path, |net, from, to| {
            net.way(from, to).loses(nth(20, Kind::Data));
        });
    });
}
