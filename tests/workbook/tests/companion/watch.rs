//! A verdict after every save.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::fixture::{ONE, RIGHT_ONE, RIGHT_TWO, TWO, Workbook};

/// A running `cargo workbook watch`; killed when dropped.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(workbook: &Workbook) -> Watching {
        let mut command = workbook.command(&["watch"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the workbook runs");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Watching { child, lines }
    }

    #[track_caller]
    fn says(&self, words: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut said = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(words) => return,
                Ok(line) => said.push(line),
                Err(_) => panic!("no \"{words}\" in:\n{}", said.join("\n")),
            }
        }
    }

    fn types(&mut self, text: &str) {
        self.child
            .stdin
            .as_mut()
            .expect("piped")
            .write_all(text.as_bytes())
            .expect("it reads");
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_save_has_its_verdict() {
    let workbook = Workbook::new("watch");
    let mut watching = Watching::start(&workbook);
    watching.says("Every save");
    watching.says("to do     0.1 one()");
    watching.says("0 of 3 tests, step 1 of 2");
    workbook.write(ONE, RIGHT_ONE);
    watching.says("00-first");
    watching.says("Step 1 passes: 1 of 1 test.");
    watching.says("to do     0.2 two()");
    watching.says("1 of 3 tests, step 2 of 2");
    // What worked before is broken: the test at hand has the first word, but it is said.
    workbook.write(ONE, "pub fn one() -> u32 {\n    7\n}\n");
    watching.says("to do     0.2 two()");
    watching.says("Step 1 does not pass any more.");
    workbook.write(ONE, RIGHT_ONE);
    watching.says("1 of 3 tests, step 2 of 2");
    workbook.write(TWO, "pub fn two() -> u32 {\n");
    watching.says("does not compile yet");
    workbook.write(TWO, RIGHT_TWO);
    watching.says("Step 2 passes: 2 of 2 tests.");
    watching.says("Chapter 00 is done");
    watching.says("Every chapter is done");
    watching.types("Q\n");
    assert!(watching.child.wait().expect("an end").success());
}

#[test]
fn the_end_of_input_ends_it() {
    let workbook = Workbook::new("watch-eof");
    workbook
        .run(&["watch"])
        .is(0, &["Every save", "0.1 one()", "The input has ended"]);
}
