//! Writes a folder of submissions to measure the grader with: good ones, untouched ones, halves,
//! every wrong answer that `wrong.toml` knows, hangs and attacks.
//!
//! ```text
//! cargo run -p grader --example synthetic_class -- DIR STUDENTS [NN,NN…]
//! ```
//!
//! The same arguments give the same folder. `roster.csv` beside it says who is what.

use std::fs;
use std::path::Path;

use workbook::course::{Chapter, Course};
use workbook::problem::{Problem, Result};
use workbook::wrong::{self, Wrong};

/// What is put in the place of `todo!` in one step of an answer. The rest of it is right.
const HANGS: [(&str, &str); 2] = [
    ("hang-parks", "loop { std::thread::park() }"),
    ("hang-spins", "loop { std::hint::spin_loop() }"),
];

const ATTACKS: [(&str, &str); 8] = [
    ("attack-exit", "std::process::exit(0)"),
    (
        "attack-exit-hook",
        "{ std::panic::set_hook(Box::new(|_| std::process::exit(0))); panic!() }",
    ),
    (
        "attack-words",
        r#"{ println!("test result: ok. 1 passed; 0 failed; 0 ignored"); panic!() }"#,
    ),
    (
        "attack-flood",
        r#"loop { println!("{}", "flood ".repeat(1000)) }"#,
    ),
    (
        "attack-memory",
        "{ let mut all = Vec::new(); loop { all.push(vec![1_u8; 1 << 24]) } }",
    ),
    (
        "attack-stack",
        "{ fn deeper(n: u64) -> u64 { if n == 0 { 0 } else { 1 + std::hint::black_box(deeper(n - 1)) } } \
         panic!(\"{}\", deeper(u64::MAX)) }",
    ),
    (
        "attack-network",
        r#"{ let out = std::net::TcpStream::connect("192.0.2.1:80"); panic!("{out:?}") }"#,
    ),
    (
        "attack-answers",
        r#"{ const ANSWER: &str = include_str!("../../../solutions/00-bytes-and-sockets/src/s1_byte_order.rs"); panic!("{ANSWER}") }"#,
    ),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (dir, students, chapters) = match arguments.as_slice() {
        [dir, students] => (dir, students, ""),
        [dir, students, chapters] => (dir, students, chapters.as_str()),
        _ => panic!("usage: synthetic_class DIR STUDENTS [NN,NN…]"),
    };
    let students = students.parse().expect("STUDENTS is a number");
    if let Err(problem) = write(Path::new(dir), students, chapters) {
        eprintln!("error: {problem}");
        std::process::exit(2);
    }
}

fn write(dir: &Path, students: usize, chapters: &str) -> Result<()> {
    let course = Course::find(Path::new("."))?;
    let is_wanted =
        |one: &&Chapter| chapters.is_empty() || chapters.split(',').any(|nn| nn == one.number());
    let chapters: Vec<&Chapter> = course.chapters.iter().filter(is_wanted).collect();
    let mut wrongs: Vec<(&Chapter, Wrong)> = Vec::new();
    for chapter in &chapters {
        let answers = wrong::answers(&course, chapter)?;
        wrongs.extend(answers.into_iter().map(|wrong| (*chapter, wrong)));
    }
    // Of each chapter some, if there is no room for all.
    wrongs.sort_by_key(|(_, wrong)| fingerprint(&wrong.name));

    let mut roster = String::from("id,name\n");
    let (mut halves, mut mistakes, mut hangs, mut attacks) = (0, 0, 0, 0);
    let take = |next: &mut usize| {
        *next += 1;
        *next - 1
    };
    for number in 0..students {
        let id = format!("s{number:03}");
        let folder = dir.join(&id);
        let files = |of: &dyn Fn(&Chapter) -> Result<Files>| -> Result<()> {
            for chapter in &chapters {
                put(&folder.join(chapter.dir()).join("src"), &of(chapter)?)?;
            }
            Ok(())
        };
        // Of twenty: four good, two untouched, four halves, seven wrong, one hang, two attacks.
        let kind = match number % 20 {
            0..4 => {
                files(&|chapter| solution(&course, chapter))?;
                "solution".to_owned()
            }
            4..6 => {
                files(&|chapter| stubs(&course, chapter))?;
                "stub".to_owned()
            }
            6..10 => {
                let at = take(&mut halves);
                files(&|chapter| {
                    let done = at % (chapter.steps.len() - 1) + 1;
                    half(&course, chapter, done)
                })?;
                format!("half-{at}")
            }
            10..17 if !wrongs.is_empty() => {
                let (at, wrong) = &wrongs[take(&mut mistakes) % wrongs.len()];
                files(&|chapter| match chapter.folder == at.folder {
                    true => mistaken(&course, chapter, wrong),
                    false => solution(&course, chapter),
                })?;
                format!("wrong-{}-{}", at.number(), wrong.name)
            }
            17 => {
                let (name, code) = HANGS[take(&mut hangs) % HANGS.len()];
                files(&|chapter| trick(&course, chapter, number, code))?;
                name.to_owned()
            }
            _ => {
                let (name, code) = ATTACKS[take(&mut attacks) % ATTACKS.len()];
                files(&|chapter| trick(&course, chapter, number, code))?;
                name.to_owned()
            }
        };
        roster += &format!("{id},{kind}\n");
    }
    // Beside the folder: in it, it would be somebody's submission.
    let roster_path = dir.with_extension("csv");
    fs::write(&roster_path, roster)
        .map_err(|error| Problem::with_file("write", &roster_path, &error))
}

type Files = Vec<(String, String)>;

fn stubs(course: &Course, chapter: &Chapter) -> Result<Files> {
    read(&course.root.join(chapter.dir()).join("src"))
}

/// The reference, which calls its library by another name than the student's.
fn solution(course: &Course, chapter: &Chapter) -> Result<Files> {
    let mut files = read(&course.root.join(chapter.solution_dir()).join("src"))?;
    let library = chapter.folder[chapter.number().len() + 1..].replace('-', "_");
    for (_, text) in &mut files {
        *text = text.replace(&format!("{library}_solution"), &library);
    }
    Ok(files)
}

/// The first `done` steps answered.
fn half(course: &Course, chapter: &Chapter, done: usize) -> Result<Files> {
    let left: Vec<&str> = chapter.steps[done..]
        .iter()
        .map(|step| step.file.as_str())
        .collect();
    let mut files = solution(course, chapter)?;
    for (name, text) in stubs(course, chapter)? {
        if left.contains(&name.as_str()) {
            let file = files.iter_mut().find(|(other, _)| *other == name);
            file.expect("stubs and answers have the same files").1 = text;
        }
    }
    Ok(files)
}

fn mistaken(course: &Course, chapter: &Chapter, wrong: &Wrong) -> Result<Files> {
    let mut files = solution(course, chapter)?;
    for (name, text) in &mut files {
        if *name == wrong.file {
            *text = text.replacen(&wrong.find, &wrong.replace, 1);
        }
    }
    Ok(files)
}

/// An answer whose one step does something else than it should.
fn trick(course: &Course, chapter: &Chapter, number: usize, code: &str) -> Result<Files> {
    let step = &chapter.steps[number % chapter.steps.len()];
    let stub = stubs(course, chapter)?
        .into_iter()
        .find(|(name, _)| *name == step.file)
        .map(|(_, text)| text)
        .unwrap_or_default();
    // A macro of our own goes before std's from where it stands.
    let docs = stub.lines().take_while(|line| line.starts_with("//!"));
    let docs = docs.count();
    let mut lines: Vec<&str> = stub.lines().collect();
    let trick = format!(
        "macro_rules! todo {{ ($($said:tt)*) => {{ {{ let _ = format!($($said)*); {code} }} }} }}"
    );
    lines.insert(docs, &trick);
    let mut files = solution(course, chapter)?;
    for (name, text) in &mut files {
        if *name == step.file {
            *text = lines.join("\n") + "\n";
        }
    }
    Ok(files)
}

fn read(folder: &Path) -> Result<Files> {
    let entries = fs::read_dir(folder)
        .map_err(|error| Problem::with_file("read the folder", folder, &error))?;
    let mut files = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let text =
            fs::read_to_string(&path).map_err(|error| Problem::with_file("read", &path, &error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        files.push((name.into_owned(), text));
    }
    files.sort();
    Ok(files)
}

fn put(folder: &Path, files: &Files) -> Result<()> {
    let refused = |error| Problem::with_file("write into", folder, &error);
    fs::create_dir_all(folder).map_err(refused)?;
    for (name, text) in files {
        fs::write(folder.join(name), text).map_err(refused)?;
    }
    Ok(())
}

/// FNV-1a: an order that has nothing to do with the chapters.
fn fingerprint(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
