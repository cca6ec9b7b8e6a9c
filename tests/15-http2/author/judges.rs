//! The rows of `rules.txt`: enough of them, each with a name of its own, and each played by a test; and the same whatever the
//! pieces in which the bytes come.

extern crate http2_solution as http2;

mod differences;
#[path = "../machine.rs"]
mod machine;
#[path = "../rules/mod.rs"]
mod rules;

use std::collections::BTreeSet;

use differences::how_it_differs;
use machine::Machine;
use netlab::lab;
use rules::{OURS, play};

const TESTS: &str = include_str!("../s6_limits.rs");

#[test]
fn every_row_has_a_name_of_its_own_a_reason_and_a_test() {
    let rows = rules::all();
    assert!(rows.len() >= 120, "{} rows", rows.len());
    let mut seen = BTreeSet::new();
    for row in &rows {
        let title = format!("{} {:?} {}", row.section, row.examined, row.name);
        assert!(row.why.starts_with("RFC 9113 §"), "{title}: no section");
        let (number, _) = row.section.split_once(' ').expect("a number and a title");
        let test = format!("plays(lab, \"{number}\")");
        assert!(TESTS.contains(&test), "{title}: no test plays it");
        assert!(seen.insert(title.clone()), "{title} is there twice");
    }
}

/// What nginx, curl and h2 have said (`cargo run -p races --example http2_judges -- --keep`).
#[test]
fn whoever_does_otherwise_is_explained() {
    for row in rules::all() {
        for (judge, verdict) in &row.verdicts {
            let is_explained = *judge == OURS || how_it_differs(&row, judge, verdict).is_some();
            assert!(is_explained, "{}: {judge} says {verdict}", row.name);
        }
    }
}

#[test]
fn in_pieces_the_rows_end_as_they_do_whole() {
    lab(|lab| {
        for row in rules::all() {
            // Long ones in 500 pieces, or this would take long.
            for pieces in [500, 7] {
                lab.scene(format!("{}: {}, in {pieces} pieces", row.section, row.name));
                let mut machine = Machine::new(lab, row.examined);
                machine.pieces = Some(pieces);
                let verdict = play::verdict(&row, &mut machine);
                assert!(row.accepts(&verdict), "{}: {verdict}", row.name);
            }
        }
    });
}
