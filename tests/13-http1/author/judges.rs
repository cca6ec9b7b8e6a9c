//! Odd messages, as `corpus/` has them: our answer does with each what the corpus says. What nginx, haproxy and
//! `httparse` do stands there, too; `cargo run -p races --example http_judges` asks them again.

extern crate http1_solution as http1;

mod corpus;
mod ours;

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
