//! `cargo grader export`: what students wrote themselves, laid out for JPlag and Dolos.
//!
//! The stubs go beside it as base code. Files that are still stubs are left out; otherwise all students
//! would look alike.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use course::problem::{Problem, Result};
use course::{Chapter, Course};

use crate::class::roster::{Class, Roster};
use crate::command::select;
use crate::submission::collect::{self, Sources};

#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The class: one folder a student, each with the student's `chapters` in it
    #[arg(long, value_name = "DIR")]
    pub submissions: PathBuf,
    /// The roster, as for `class`, if a folder's name is not the id
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// The folder to write, which must not exist or be empty
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Only these chapters, 02 or 02-tcp-echo, for instance 00,02 [default: all]
    #[arg(
        long = "chapter",
        alias = "chapters",
        value_name = "NN",
        value_delimiter = ','
    )]
    pub chapters: Vec<String>,
    /// The workbook that the stubs come from [default: the one around this folder]
    #[arg(long, value_name = "DIR")]
    pub course: Option<PathBuf>,
}

/// Writes the folder and prints the next commands.
pub fn run(args: &ExportArgs) -> Result<ExitCode> {
    let course = select::course(args.course.as_deref())?;
    let chapters = select::chapters(&course, &args.chapters)?;
    let roster = args.roster.as_deref().map(Roster::read).transpose()?;
    let class = Class::gather(&args.submissions, roster.as_ref())?;
    let folders: Vec<&str> = chapters.iter().map(|c| c.folder.as_str()).collect();

    let mut files = Files::default();
    let stubs = stubs(&course, &chapters)?;
    files.add_stubs(&stubs);
    let mut left_out = Vec::new();
    for one in &class.submissions {
        match collect::collect(&one.folder, &folders) {
            Ok(sources) => files.add_student(&one.id, &sources, &stubs),
            Err(why) => left_out.push(format!("  {}: {why}", one.id)),
        }
    }
    files.write(&args.out)?;

    let out = args.out.display();
    println!(
        "{} of {} students have changed a stub.",
        files.students,
        class.submissions.len()
    );
    println!(
        "  JPlag   java -jar jplag.jar -l rust --base-code {out}/jplag/stubs {out}/jplag/students"
    );
    for chapter in files.chapters() {
        println!(
            "  Dolos   dolos run -l rust -f web -i {out}/dolos/{chapter}.stubs.rs {out}/dolos/{chapter}/*.rs"
        );
    }
    if !left_out.is_empty() {
        println!(
            "Left out, because they cannot be taken:\n{}",
            left_out.join("\n")
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The course's own files of these chapters, as they stand in its working copy.
fn stubs(course: &Course, chapters: &[&Chapter]) -> Result<BTreeMap<String, Sources>> {
    let folders: Vec<&str> = chapters.iter().map(|c| c.folder.as_str()).collect();
    collect::collect(&course.root, &folders)
        .map_err(|why| Problem::new(format!("The course: {why}")))
}

/// The files to write, by path.
#[derive(Default)]
struct Files {
    texts: BTreeMap<PathBuf, String>,
    students: usize,
}

impl Files {
    fn add_stubs(&mut self, stubs: &BTreeMap<String, Sources>) {
        for (chapter, sources) in stubs {
            for (name, text) in sources {
                let path = Path::new("jplag/stubs").join(chapter).join(name);
                self.texts.insert(path, text.clone());
            }
            let path = Path::new("dolos").join(format!("{chapter}.stubs.rs"));
            self.texts.insert(path, in_one(sources.iter()));
        }
    }

    /// Adds the files that differ from the stubs, in their code and not only in white space.
    fn add_student(
        &mut self,
        id: &str,
        sources: &BTreeMap<String, Sources>,
        stubs: &BTreeMap<String, Sources>,
    ) {
        let before = self.texts.len();
        for (chapter, sources) in sources {
            let is_own = |(name, text): &(&String, &String)| {
                let stub = stubs.get(chapter).and_then(|stubs| stubs.get(*name));
                stub.is_none_or(|stub| !stub.split_whitespace().eq(text.split_whitespace()))
            };
            let own: Sources = sources
                .iter()
                .filter(is_own)
                .map(|(name, text)| (name.clone(), text.clone()))
                .collect();
            if own.is_empty() {
                continue;
            }
            for (name, text) in &own {
                let path = Path::new("jplag/students")
                    .join(id)
                    .join(chapter)
                    .join(name);
                self.texts.insert(path, text.clone());
            }
            // Dolos compares files, so each student's chapter is one file.
            let path = Path::new("dolos").join(chapter).join(format!("{id}.rs"));
            self.texts.insert(path, in_one(own.iter()));
        }
        self.students += usize::from(self.texts.len() > before);
    }

    /// The chapters in which somebody has written something.
    fn chapters(&self) -> Vec<String> {
        let mut chapters: Vec<String> = self
            .texts
            .keys()
            .filter_map(|path| path.strip_prefix("dolos").ok()?.parent()?.to_str())
            .filter(|chapter| !chapter.is_empty())
            .map(str::to_owned)
            .collect();
        chapters.dedup();
        chapters
    }

    fn write(&self, out: &Path) -> Result<()> {
        let is_used = fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
        if is_used {
            return Err(Problem::new(format!(
                "{} is not empty. Name a folder that is not there yet: an old export in it would count as students.",
                out.display()
            )));
        }
        for (path, text) in &self.texts {
            let path = out.join(path);
            let failed = |error: std::io::Error| Problem::with_file("write", &path, &error);
            fs::create_dir_all(path.parent().expect("a file is in a folder")).map_err(failed)?;
            fs::write(&path, text).map_err(failed)?;
        }
        Ok(())
    }
}

/// Several files in one, each under its name.
fn in_one<'a>(sources: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let pieces = sources.map(|(name, text)| format!("// {name}\n{text}\n"));
    pieces.collect()
}
