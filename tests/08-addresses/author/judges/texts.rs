//! Step 4 beside Python's `ipaddress`: texts that are addresses, and texts that nearly are.
//!
//! Two differences are meant. Python reads a zone, `fe80::1%eth0`, and we leave that to others. And before its
//! version 3.13 it writes `::ffff:c000:201` where RFC 5952, section 5, has `::ffff:192.0.2.1`.

use addresses_solution::{parse_v6, show_v6};

use super::ask::{is_there, python};
use netlab::Dice;

const TEXTS: usize = 10_000;

/// For each line, the eight groups and the short form, or `-`.
const PROGRAM: &str = "
import ipaddress, sys
for line in sys.stdin.buffer.read().decode().split('\\n')[:-1]:
    try:
        address = ipaddress.IPv6Address(line)
        print(address.packed.hex(), address.compressed)
    except ValueError:
        print('-')
";

/// An address in one of its many texts.
fn address(dice: &mut Dice) -> String {
    let groups: Vec<u16> = (0..8)
        .map(|_| match dice.below(5) {
            0..3 => 0,
            3 => dice.below(16) as u16,
            _ => dice.next() as u16,
        })
        .collect();
    let in_words = |groups: &[u16], dice: &mut Dice| -> Vec<String> {
        let word = |group: &u16| match dice.below(3) {
            0 => format!("{group:x}"),
            1 => format!("{group:X}"),
            _ => format!("{group:04x}"),
        };
        groups.iter().map(word).collect()
    };
    let dotted = |dice: &mut Dice| {
        let numbers: Vec<String> = (0..4).map(|_| dice.below(256).to_string()).collect();
        numbers.join(".")
    };
    // A gap of any width, which may be too narrow or too wide, and a tail that may be dotted.
    let (front, back) = (dice.below(9) as usize, dice.below(9) as usize);
    let mut words = in_words(&groups, dice);
    if dice.below(3) == 0 {
        words.truncate(6);
        words.push(dotted(dice));
    }
    match dice.below(3) {
        0 => words.join(":"),
        _ => {
            let front = words[..front.min(words.len())].join(":");
            let back = words[words.len().saturating_sub(back)..].join(":");
            format!("{front}::{back}")
        }
    }
}

/// The same with something wrong in it, mostly.
fn damaged(dice: &mut Dice) -> String {
    let mut text: Vec<char> = address(dice).chars().collect();
    for _ in 0..=dice.below(2) {
        let at = dice.below(text.len() as u64 + 1) as usize;
        let new = dice.one_of(&[
            ':', ':', '.', '0', '1', 'f', 'F', 'g', '+', '-', ' ', '%', '[', ']', '/', '\u{661}',
        ]);
        match dice.below(3) {
            0 => text.insert(at, new),
            1 if at < text.len() => text[at] = new,
            _ if at < text.len() => {
                text.remove(at);
            }
            _ => {}
        }
    }
    text.into_iter().collect()
}

#[test]
fn ten_thousand_texts_are_read_as_python_reads_them() {
    if !is_there("Python 3", "python3", &["-c", "import ipaddress"]) {
        return;
    }
    let mut dice = Dice::new(6);
    let texts: Vec<String> = (0..TEXTS)
        .map(|n| {
            if n % 2 == 0 {
                address(&mut dice)
            } else {
                damaged(&mut dice)
            }
        })
        .collect();
    let input = texts
        .iter()
        .flat_map(|text| [text.as_str(), "\n"])
        .collect();
    let answers = python(PROGRAM, input);
    assert_eq!(answers.len(), TEXTS, "a line for each text");
    let (mut good, mut bad) = (0, 0);
    for (text, answer) in texts.iter().zip(&answers) {
        let ours = parse_v6(text).ok();
        let theirs = answer.split_once(' ').filter(|_| !text.contains('%'));
        let packed = ours.map(|groups| groups.map(|group| format!("{group:04x}")).concat());
        assert_eq!(
            packed.as_deref(),
            theirs.map(|(packed, _)| packed),
            "{text:?}, read by us and by Python"
        );
        let (Some(groups), Some((_, short))) = (ours, theirs) else {
            bad += 1;
            continue;
        };
        good += 1;
        let is_mapped = matches!(groups, [0, 0, 0, 0, 0, 0xffff, ..]);
        assert!(
            is_mapped || show_v6(&groups) == short,
            "{text:?}: we write {}, Python {short}",
            show_v6(&groups)
        );
        assert_eq!(
            parse_v6(short),
            Ok(groups),
            "{short:?}, which Python has written"
        );
    }
    assert!(
        good > 2_000 && bad > 2_000,
        "{good} good, {bad} bad: little was compared"
    );
}
