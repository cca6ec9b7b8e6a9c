//! Odd messages, as `corpus/` has them: our answer does with each what the corpus says. What nginx, haproxy and
//! `httparse` do stands there, too; `cargo run -p races --example http_judges` asks them again.

extern crate http1_solution as http1;

mod corpus;
mod ours;

use netlab::Dice;
use std::collections::BTreeSet;

use corpus::{Case, OURS, REQUESTS, RESPONSES};

#[test]
fn our_server_does_with_requests_as_the_corpus_says() {
    asks(REQUESTS, |case| ours::serves(&case.bytes, usize::MAX));
}

#[test]
fn our_client_does_with_responses_as_the_corpus_says() {
    asks(RESPONSES, |case| ours::takes(case, usize::MAX));
}

#[test]
fn in_small_pieces_they_are_the_same() {
    // Long ones in 500 pieces, or this would take long.
    let piece = |case: &Case| case.bytes.len() / 500 + 1;
    asks(REQUESTS, |case| {
        let verdict = ours::serves(&case.bytes, piece(case));
        // Whoever waits for a body says so. In one piece it is there already.
        let says = verdict.strip_prefix("100 ");
        says.unwrap_or(&verdict).to_owned()
    });
    asks(RESPONSES, |case| ours::takes(case, piece(case)));
}

#[test]
fn every_case_has_a_name_of_its_own_and_a_reason() {
    let mut seen = BTreeSet::new();
    for case in corpus::read(REQUESTS) {
        assert!(case.why.starts_with("RFC "), "{}: no RFC", case.title());
        assert!(seen.insert(case.title()), "{} is there twice", case.title());
    }
}

fn asks(text: &str, answer: impl Fn(&Case) -> String) {
    let mut complaints = Vec::new();
    for case in corpus::read(text) {
        let (expected, got) = (case.kept(OURS).expect("what ours must do"), answer(&case));
        if got != expected {
            complaints.push(format!(
                "{}: got {got}, expected {expected}. {}",
                case.title(),
                case.why
            ));
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Messages of the corpus with a few bytes changed, whole and in pieces. `HTTP_DICE=10000000` throws more often, and
/// `HTTP_SEED` other dice.
#[test]
fn wherever_it_is_cut_the_answer_is_the_same() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let mut dice = Dice::new(number("HTTP_SEED").unwrap_or(13));
    let short = |case: &Case| case.bytes.len() < 500;
    let requests: Vec<Case> = corpus::read(REQUESTS).into_iter().filter(short).collect();
    let responses: Vec<Case> = corpus::read(RESPONSES).into_iter().filter(short).collect();
    for _ in 0..number("HTTP_DICE").unwrap_or(3_000) {
        let bytes = changes(&mut dice, &requests);
        let piece = 1 + dice.below(bytes.len() + 1);
        // Whoever waits for a body is told to go on. In one piece it is there already.
        let answers = |piece| {
            let written = ours::answers(&bytes, piece).expect("memory takes everything");
            let words = String::from_utf8_lossy(&written).into_owned();
            words.replace("HTTP/1.1 100 Continue\r\n\r\n", "")
        };
        let (whole, cut) = (answers(usize::MAX), answers(piece));
        let input = bytes.escape_ascii();
        assert_eq!(whole, cut, "in pieces of {piece}: {input}");

        let mut response = responses[dice.below(responses.len())].clone();
        response.bytes = changes(&mut dice, &responses);
        let piece = 1 + dice.below(response.bytes.len() + 1);
        let (whole, cut) = (
            ours::takes(&response, usize::MAX),
            ours::takes(&response, piece),
        );
        let input = response.bytes.escape_ascii();
        assert_eq!(whole, cut, "in pieces of {piece}: {input}");
    }
}

/// A message, perhaps with another one behind it, and up to four bytes changed, put in or left out.
fn changes(dice: &mut Dice, cases: &[Case]) -> Vec<u8> {
    let mut bytes = cases[dice.below(cases.len())].bytes.clone();
    if dice.below(3) == 0 {
        bytes.extend_from_slice(&cases[dice.below(cases.len())].bytes);
    }
    for _ in 0..dice.below(5) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(2)).min(bytes.len());
        let odd = b"\r\n\r\n :;,\t\0\x7f\xff0159afAx/*HGET.-+";
        let new = Some(odd[dice.below(odd.len())]).filter(|_| dice.below(3) > 0);
        bytes.splice(at..end, new);
    }
    bytes
}
