#![cfg(target_os = "linux")]
//! What students try instead of answering, and what comes of it: at most the points of the honest part.
//!
//! Each attack is safe Rust, as nothing else compiles; where one is not stopped, that is asserted too.

#[path = "../support/mod.rs"]
mod support;

mod bombs;
mod compiles;
mod ends;
mod hand_in;
mod reaches;
mod types;
mod volley;

use std::cell::RefCell;

use grader::bench::Bench;
use grader::report::Report;
use grader::settings::Settings;
use support::Submission;

/// Each test has a bench of its own, since much of what is tried here takes time and not a processor.
fn grade(submission: &Submission, settings: &Settings) -> Report {
    thread_local! { static BENCH: RefCell<Option<(Settings, Bench)>> = const { RefCell::new(None) } }
    BENCH.with_borrow_mut(|bench| {
        if bench.as_ref().is_none_or(|(of, _)| of != settings) {
            *bench = None;
            *bench = Some((settings.clone(), support::prepared(settings)));
        }
        let (_, bench) = bench.as_mut().expect("it has just been prepared");
        bench.grade("s042", submission.path(), None, &|_| {})
    })
}
