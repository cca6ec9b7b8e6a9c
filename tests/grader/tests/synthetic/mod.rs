//! Submissions that nobody wrote: right answers, halves, every wrong answer of the catalogue,
//! hangs and attacks.

use std::fs;
use std::path::Path;

use course::problem::{Problem, Result};
use course::wrong::{self, Wrong};
use course::{Chapter, Course};

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

/// Makes submissions of some chapters.
pub struct Maker<'a> {
    course: &'a Course,
    chapters: Vec<&'a Chapter>,
    /// In an order that mixes the chapters.
    wrongs: Vec<(&'a Chapter, Wrong)>,
}

/// What a student hands in.
pub struct HandedIn {
    /// `wrong-00-little-endian`
    pub kind: String,
    /// By path, `chapters/00-bytes-and-sockets/src/lib.rs`.
    files: Files,
}

/// Names and contents.
type Files = Vec<(String, String)>;

impl<'a> Maker<'a> {
    /// `numbers` are those of the chapters, `00`; none stands for all.
    pub fn new(course: &'a Course, numbers: &[&str]) -> Result<Maker<'a>> {
        let is_wanted = |one: &&Chapter| numbers.is_empty() || numbers.contains(&one.number());
        let chapters: Vec<&Chapter> = course.chapters.iter().filter(is_wanted).collect();
        let mut wrongs = Vec::new();
        for chapter in &chapters {
            let answers = wrong::answers(course, chapter)?;
            wrongs.extend(answers.into_iter().map(|wrong| (*chapter, wrong)));
        }
        wrongs.sort_by_key(|(_, wrong)| fingerprint(&wrong.name));
        Ok(Maker {
            course,
            chapters,
            wrongs,
        })
    }

    /// The reference.
    pub fn solution(&self) -> Result<HandedIn> {
        self.of("solution", &|chapter| solution(self.course, chapter))
    }

    /// The chapters as they were handed out.
    pub fn untouched(&self) -> Result<HandedIn> {
        self.of("stub", &|chapter| stubs(self.course, chapter))
    }

    /// The first steps of each chapter answered: some, but not all.
    pub fn half(&self, number: usize) -> Result<HandedIn> {
        self.of(&format!("half-{number}"), &|chapter| {
            let done = number % (chapter.steps.len() - 1) + 1;
            half(self.course, chapter, done)
        })
    }

    /// The mistake of this name.
    pub fn wrong_named(&self, name: &str) -> Result<HandedIn> {
        let at = self.wrongs.iter().position(|(_, wrong)| wrong.name == name);
        self.wrong(at.ok_or_else(|| Problem::new(format!("No mistake is called {name}.")))?)
    }

    /// One of the mistakes.
    pub fn wrong(&self, number: usize) -> Result<HandedIn> {
        let (at, wrong) = &self.wrongs[number % self.wrongs.len()];
        let kind = format!("wrong-{}-{}", at.number(), wrong.name);
        self.of(&kind, &|chapter| match chapter.folder == at.folder {
            true => mistaken(self.course, chapter, wrong),
            false => solution(self.course, chapter),
        })
    }

    /// One step of each chapter never comes back.
    pub fn hang(&self, number: usize) -> Result<HandedIn> {
        self.trick(HANGS[number % HANGS.len()], number)
    }

    /// One step of each chapter tries to fool the grader or to break it.
    pub fn attack(&self, number: usize) -> Result<HandedIn> {
        self.trick(ATTACKS[number % ATTACKS.len()], number)
    }

    fn trick(&self, (kind, code): (&str, &str), number: usize) -> Result<HandedIn> {
        self.of(kind, &|chapter| trick(self.course, chapter, number, code))
    }

    fn of(&self, kind: &str, make: &dyn Fn(&Chapter) -> Result<Files>) -> Result<HandedIn> {
        let mut files = Vec::new();
        for chapter in &self.chapters {
            let made = make(chapter)?.into_iter();
            files.extend(made.map(|(name, text)| (format!("{}/src/{name}", chapter.dir()), text)));
        }
        Ok(HandedIn {
            kind: kind.to_owned(),
            files,
        })
    }
}

impl HandedIn {
    /// Writes it into the student's folder.
    pub fn put(&self, folder: &Path) -> Result<()> {
        for (path, text) in &self.files {
            let path = folder.join(path);
            let parent = path.parent().unwrap_or(folder);
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&path, text))
                .map_err(|error| Problem::with_file("write", &path, &error))?;
        }
        Ok(())
    }
}

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

/// FNV-1a: an order that has nothing to do with the chapters.
fn fingerprint(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
