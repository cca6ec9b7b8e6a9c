//! Writes a folder of submissions to measure the grader with.
//!
//! ```text
//! cargo run -p grader --example synthetic_class -- DIR STUDENTS [NN,NN…]
//! ```
//!
//! The same arguments give the same folder. `DIR.csv` is its roster: in place of names it says who is
//! what.

#[path = "../tests/synthetic/mod.rs"]
#[allow(dead_code)] // some of it is for a test alone
mod synthetic;

use std::path::Path;

use course::Course;
use course::problem::{Problem, Result};
use synthetic::Maker;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (dir, students, chapters) = match arguments.as_slice() {
        [dir, students] => (dir, students, Vec::new()),
        [dir, students, chapters] => (dir, students, chapters.split(',').collect()),
        _ => panic!("usage: synthetic_class DIR STUDENTS [NN,NN…]"),
    };
    let students = students.parse().expect("STUDENTS is a number");
    if let Err(problem) = write(Path::new(dir), students, &chapters) {
        eprintln!("error: {problem}");
        std::process::exit(2);
    }
}

fn write(dir: &Path, students: usize, chapters: &[&str]) -> Result<()> {
    let course = Course::find(Path::new("."))?;
    let maker = Maker::new(&course, chapters)?;
    let mut roster = String::from("id,name\n");
    for number in 0..students {
        let (twenty, at) = (number / 20, number % 20);
        // Of twenty: four good, two untouched, four halves, seven wrong, one hang, two attacks.
        let one = match at {
            0..4 => maker.solution(),
            4..6 => maker.untouched(),
            6..10 => maker.half(4 * twenty + at - 6),
            10..17 => maker.wrong(7 * twenty + at - 10),
            17 => maker.hang(twenty),
            _ => maker.attack(2 * twenty + at - 18),
        }?;
        let id = format!("s{number:03}");
        one.put(&dir.join(&id))?;
        roster += &format!("{id},{}\n", one.kind);
    }
    // Beside the folder: in it, it would be somebody's submission.
    let path = dir.with_extension("csv");
    std::fs::write(&path, roster).map_err(|error| Problem::with_file("write", &path, &error))
}
