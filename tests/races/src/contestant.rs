//! A contestant's side: a process that answers the referee.
//!
//! The referee writes the number of a case on a line, and gets an answer on a line of its own form
//! ([`answer_line`]). Other lines are a student's own prints.

use std::any::Any;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

use crate::answer_line;
use crate::race::{Answer, Contestant, Effort};

/// Takes turns until the referee has no more.
pub fn run(contestant: &Contestant, effort: &Effort) -> ExitCode {
    tell_what_is_to_do();
    let (send, turns) = mpsc::channel();
    thread::spawn(move || {
        let lines = io::stdin().lines().map_while(Result::ok);
        for case in lines.filter_map(|line| line.trim().parse::<usize>().ok()) {
            if send.send(case).is_err() {
                return;
            }
        }
        // The referee has gone, and a student's call may never return.
        runner::child::end_own_group();
    });

    let caught = |result: thread::Result<Result<Answer, String>>| match result {
        // JSON has no such number: the referee would wait for a line that it can read.
        Ok(Ok(Answer::Figures(figures))) if figures.iter().any(|figure| !figure.is_finite()) => {
            Answer::Failed("measured nothing".to_owned())
        }
        Ok(Ok(answer)) => answer,
        Ok(Err(why)) => Answer::Failed(why),
        Err(panic) => Answer::Failed(format!("panicked: {}", words(&*panic))),
    };
    let mut ready = None;
    let started = caught(panic::catch_unwind(AssertUnwindSafe(|| {
        ready = Some((contestant.start)(effort)?);
        Ok(Answer::Ready)
    })));
    say(&started);
    let Some(mut turn) = ready else {
        return ExitCode::FAILURE;
    };
    while let Ok(case) = turns.recv() {
        say(&caught(panic::catch_unwind(AssertUnwindSafe(|| {
            turn(case)
        }))));
    }
    ExitCode::SUCCESS
}

/// Has a `todo!`, on whatever thread it is reached, told to the referee, before what comes of it.
pub fn tell_what_is_to_do() {
    panic::set_hook(Box::new(|panic| {
        let words = words(panic.payload());
        match netlab::protocol::task_of(words) {
            Some(instruction) => say(&Answer::ToDo(instruction.to_owned())),
            None => eprintln!("panicked: {words}"),
        }
    }));
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("for a reason without words")
}

fn say(answer: &Answer) {
    // A student's print may have left the cursor inside a line.
    answer_line::write(&format!("\n{}", answer_line::of(answer)));
}
