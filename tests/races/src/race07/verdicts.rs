//! What comes of a thousand storms of fragments.

use super::foreign::Smoltcp;
#[cfg(feature = "mine-07")]
use super::mine;
use super::reference;
use super::storms::{COUNT, Joins, KINDS, Must, Verdict};
use crate::machine;
use crate::race::{Answer, Contestant, Discipline, Effort, Kind, Turns};

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(judges::<reference::ours::Own>)];
    #[cfg(feature = "mine-07")]
    contestants.push(Contestant::mine(judges::<mine::ours::Own>));
    contestants.push(Contestant::other(
        "smoltcp",
        || machine::library("smoltcp"),
        judges::<Smoltcp>,
    ));
    Discipline {
        id: "storms",
        title: "A thousand storms of fragments",
        what: "A hundred storms of each kind. The first four are what networks do, and every datagram must come out \
               whole. In the others, nothing may come out that nobody has sent. \"Cut in two ways\": two routers cut \
               the same datagram, each in its way, and all pieces come. Of the last four, each has the pieces of a \
               datagram and among them one of a stranger, or is too long.",
        cases: KINDS.iter().map(|kind| kind.name.to_owned()).collect(),
        kind: Kind::Verdicts,
        contestants,
    }
}

fn judges<J: Joins>(_: &Effort) -> Result<Turns, String> {
    Ok(Box::new(|case| {
        let kind = &KINDS[case];
        let verdicts = kind.verdicts::<J>();
        let count = |wanted| {
            verdicts
                .iter()
                .filter(|verdict| **verdict == wanted)
                .count()
        };
        let (whole, forged) = (count(Verdict::Whole), count(Verdict::False));
        let good = match kind.must {
            Must::Whole => whole == COUNT,
            Must::NothingFalse => forged == 0,
        };
        let words = [(whole, "whole"), (forged, "false")];
        let words = words.iter().filter(|(count, _)| *count > 0);
        let mut words: Vec<String> = words
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        if words.is_empty() {
            words.push("nothing".to_owned());
        }
        Ok(Answer::Verdict {
            good,
            word: words.join(", "),
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where smoltcp may come to another verdict than the reference, and why. It copies each piece to its place in a
    /// buffer, whatever is there already: of bytes that come twice, those that came last count (RFC 791, section 3.2). The
    /// reference discards a datagram that contradicts itself (RFC 5722, section 4, for IPv6; RFC 1858, section 4, says what
    /// an attacker does with it).
    fn explained(kind: &str) -> Option<&'static str> {
        match kind {
            // Nothing contradicts here but the places: the strict one loses what the other keeps.
            "cut in two ways" => Some("RFC 791, section 3.2, and RFC 5722, section 4"),
            "a piece with other bytes" | "a piece that overlaps two" | "an end in the middle" => {
                Some("RFC 1858, section 4, and RFC 5722, section 4")
            }
            // Total Length has 16 bits.
            "longer than 65 535 bytes" => Some("RFC 791, section 3.1"),
            _ => None,
        }
    }

    #[test]
    fn smoltcp_agrees_on_a_thousand_storms_or_an_rfc_says_why_not() {
        let mut storms = 0;
        for kind in &KINDS {
            let ours = kind.verdicts::<reference::ours::Own>();
            let theirs = kind.verdicts::<Smoltcp>();
            storms += ours.len();
            let differ = ours
                .iter()
                .zip(&theirs)
                .filter(|(ours, theirs)| ours != theirs);
            let count = differ.count();
            let name = kind.name;
            eprintln!("{name}: {count} of {} differ", ours.len());
            match explained(name) {
                None => assert_eq!(count, 0, "{name}: ours {ours:?}, smoltcp's {theirs:?}"),
                Some(section) => assert!(count > 0, "{name}: nothing left for {section}"),
            }
            let is_false = ours.contains(&Verdict::False);
            assert!(!is_false, "{name}: {ours:?}");
        }
        assert_eq!(storms, 1000);
    }
}
