//! A peer that says anything: ACKs of all ages and of what was never sent, windows that jump, flags at random. And a
//! program that writes and closes when it likes.

use std::time::Duration;

use netlab::{Dice, Lab};
use tcp_open::{Segment, Seq, Vars};
use tcp_send::{Config, Heard, Sender};

use super::words::{self, stream};

const FIRST: u32 = 0xffff_f000;
const BUFFER: usize = 8000;

/// Plays 250 events, and demands after each what must hold whatever was said.
pub fn plays(lab: &Lab, seed: u64) {
    let mut dice = Dice::new(seed);
    let window = 1 + dice.below(6000);
    let vars = Vars {
        snd_una: Seq(FIRST),
        snd_nxt: Seq(FIRST),
        snd_wnd: window,
        rcv_nxt: Seq(301),
        mss: 536,
        ..Vars::default()
    };
    let config = Config {
        buffer: BUFFER,
        nodelay: dice.below(2) == 0,
        ..Config::default()
    };
    let handshake = Some(Duration::from_millis(50)).filter(|_| dice.below(4) > 0);
    let call = format!("Sender::new(buffer {BUFFER}, window {window}, {handshake:?})");
    let mut sender = lab.you(&call, || Sender::new(config, &vars, handshake));
    let mut now = Duration::ZERO;
    let (mut written, mut una, mut widest) = (0_usize, 0_u32, window);
    for _ in 0..250 {
        let (in_flight, seq) = (sender.in_flight(), 301 + dice.below(3));
        match dice.below(10) {
            0..2 => {
                let bytes = stream(FIRST.wrapping_add(written as u32), dice.below(3000));
                let call = format!("write({} bytes)", bytes.len());
                let n = lab.you(&call, || sender.write(&bytes));
                written += n;
            }
            2 if dice.below(20) == 0 => lab.you("close()", || sender.close()),
            2..4 => {
                let wake = sender.wake_at().unwrap_or(now);
                now = match dice.below(3) {
                    0 => now + Duration::from_millis(dice.below(3000)),
                    _ => wake.max(now),
                };
                lab.note(format!("it is {now:?}"));
            }
            kind => {
                let ack = match kind {
                    4..7 => una.wrapping_add(dice.below(in_flight + 1)),
                    7 => una.wrapping_add(in_flight + dice.below(3)),
                    8 => una,
                    _ => dice.below(u32::MAX),
                };
                let segment = Segment {
                    seq: Seq(seq),
                    ack: Some(Seq(FIRST.wrapping_add(ack))).filter(|_| dice.below(30) > 0),
                    fin: dice.below(40) == 0,
                    psh: dice.below(2) == 0,
                    window: [0, 1, 600, 4000, 65_535][dice.below(5) as usize],
                    payload: vec![0; dice.below(10) as usize / 8],
                    ..Segment::default()
                };
                let what = words::segment(&segment);
                let call = format!("on_segment({now:?}, {what}, win {})", segment.window);
                let heard = lab.you(&call, || sender.on_segment(now, &segment));
                if !matches!(heard, Heard::Beyond) {
                    widest = widest.max(segment.window.into());
                }
            }
        }
        let out = lab.you(&format!("poll({now:?})"), || sender.poll(now));
        let place = |seq: Seq| seq.0.wrapping_sub(FIRST);
        let (was, nxt) = (una, place(sender.nxt()));
        una = place(sender.una());
        lab.because(
            "SND.UNA never goes back, and never beyond SND.NXT, whatever was acknowledged.",
        )
        .holds(
            una >= was && nxt >= una && nxt <= written as u32 + 1,
            format!("SND.UNA from {was} to SND.NXT, which is at most {written} + 1"),
            format!("SND.UNA {una}, SND.NXT {nxt}"),
        );
        lab.because("What is kept is bounded by the buffer.").holds(
            written - (una as usize).min(written) <= BUFFER,
            format!("at most {BUFFER} bytes"),
            format!("{} bytes", written - (una as usize).min(written)),
        );
        for segment in &out {
            let (begin, len) = (place(segment.seq), segment.payload.len() as u32);
            lab.because("No segment reaches beyond the widest window so far, except for a question of one byte.")
                .holds(
                    begin >= una && begin - una + segment.len() <= widest + 1 && len <= 536,
                    format!("a segment from {una} on, within {widest}"),
                    words::segment(segment),
                );
            let head = (segment.ack.map(|ack| ack.0), segment.window, segment.mss);
            lab.because(
                "The receiving half fills in `ack` and `window`, and only a SYN has an MSS option.",
            )
            .same("ack, window, mss", head, (None, 0, None));
            lab.because("Each byte that leaves is the one that was written at its place.")
                .same_bytes(
                    &format!("the payload of {}", words::segment(segment)),
                    &segment.payload,
                    &stream(segment.seq.0, len),
                );
        }
        lab.because("A FIN or a byte that was sent is watched by a timer.")
            .holds(
                sender.in_flight() == 0 || sender.wake_at().is_some() || sender.has_given_up(),
                "a time in wake_at()",
                "None",
            );
    }
}
