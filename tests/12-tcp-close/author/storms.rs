//! Segments that somebody made up, in every state: nothing panics, nothing grows, and no state changes but where the RFCs
//! name it.
//!
//! ```text
//! STORM_SEGMENTS=10000000 cargo test --release -p sol12 --test storms
//! ```

use netlab::Dice;
use std::collections::BTreeMap;
use std::time::Duration;

use tcp_close_solution::{Config, Connection};
use tcp_open::State::{self, *};
use tcp_open::{Segment, Seq};

/// A number that is near this one, or anywhere.
fn near(dice: &mut Dice, number: Seq) -> Seq {
    match dice.below(8) {
        0 => Seq(dice.below(u32::MAX)),
        1 => number + dice.below(70_000),
        2 => number + dice.below(70_000_u32).wrapping_neg(),
        3 => number + 1,
        4 => number + u32::MAX,
        _ => number,
    }
}

fn segment(dice: &mut Dice, connection: &Connection) -> Segment {
    let vars = connection.vars();
    let number = if dice.one_in(5) {
        vars.snd_nxt
    } else {
        vars.snd_una
    };
    let ack = near(dice, number);
    Segment {
        seq: near(dice, vars.rcv_nxt),
        ack: (!dice.one_in(6)).then_some(ack),
        syn: dice.one_in(8),
        fin: dice.one_in(6),
        rst: dice.one_in(10),
        psh: dice.one_in(2),
        window: dice.one_of(&[0, 1, 1000, 65_535]),
        mss: dice.one_in(4).then(|| dice.one_of(&[0, 1, 536, 65_535])),
        payload: vec![7; dice.one_of(&[0, 1, 100, 1460])],
    }
}

/// Whether a segment may lead from one state to another: RFC 9293, section 3.10.7, and RFC 5961.
fn may(from: State, segment: &Segment, rcv_nxt: Seq, to: State) -> bool {
    let is_reset = segment.rst && segment.seq == rcv_nxt;
    let has_ack = segment.ack.is_some() && !segment.syn && !segment.rst;
    match (from, to) {
        (from, to) if from == to => true,
        (Listen, SynReceived) => segment.syn && !segment.rst && segment.ack.is_none(),
        (SynSent, SynReceived) => segment.syn && !segment.rst,
        (SynSent, Closed) => segment.rst && segment.ack.is_some(),
        (SynSent, Established | CloseWait) => segment.syn && segment.ack.is_some() && !segment.rst,
        (SynReceived, Closed | Listen) if is_reset || segment.syn => true,
        (SynReceived, to) => to != Listen && segment.ack.is_some() && !segment.rst,
        (Established, CloseWait) | (FinWait1, FinWait2 | Closing | TimeWait) => has_ack,
        (FinWait2, TimeWait) | (Closing, TimeWait) | (LastAck, Closed) => has_ack || is_reset,
        // Data for a program that has closed, too.
        (FinWait1 | FinWait2, Closed) => is_reset || has_ack && !segment.payload.is_empty(),
        (Established | CloseWait | Closing | TimeWait, Closed) => is_reset,
        _ => false,
    }
}

#[test]
fn nothing_that_comes_does_harm() {
    let text = std::env::var("STORM_SEGMENTS").ok();
    let most: u64 = text.map_or(60_000, |text| text.parse().expect("a number"));
    let mut dice = Dice::new(7);
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut count = 0;
    while count < most {
        let mut config = Config::new(Seq(dice.below(u32::MAX)));
        (config.receive, config.send.buffer) = (20_000, 20_000);
        let mut connection = Connection::new(config);
        let mut now = Duration::ZERO;
        match dice.one_in(2) {
            true => connection.connect(now),
            false => connection.listen(now),
        }
        connection.poll(now);
        for _ in 0..60 {
            let longest = if dice.one_in(9) { 40_000 } else { 300 };
            now += Duration::from_millis(dice.below(longest));
            connection.poll(now);
            match dice.below(24) {
                0 => connection.shutdown(now),
                1 => drop(connection.send(&[1; 3000])),
                2 => drop(connection.recv(5000)),
                3 if dice.one_in(3) => connection.close(now),
                _ => {}
            }
            connection.poll(now);
            let (before, rcv_nxt) = (connection.state(), connection.vars().rcv_nxt);
            if before == Closed && dice.one_in(3) {
                break;
            }
            let segment = segment(&mut dice, &connection);
            connection.arrives(now, &segment);
            let after = connection.state();
            assert!(
                may(before, &segment, rcv_nxt, after),
                "{before} to {after}: {segment:?}"
            );
            let sent = connection.poll(now);
            assert!(sent.len() <= 60, "{} segments leave at once", sent.len());
            let answers_rst = segment.rst && sent.iter().any(|it| it.rst);
            assert!(
                !answers_rst,
                "{before}: a RST is answered with a RST: {segment:?}"
            );
            assert!(
                connection.readable() <= 20_000,
                "more than there is room for"
            );
            *seen.entry(before.to_string()).or_default() += 1;
            count += 1;
        }
    }
    println!("{count} segments: {seen:?}");
    assert_eq!(seen.len(), 11, "every state is visited: {seen:?}");
    assert!(seen.values().all(|count| *count > most / 2000), "{seen:?}");
}
