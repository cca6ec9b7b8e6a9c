//! The wrong answers of a chapter whose texts can stand together, in one test program.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use course::problem::{Problem, Result};
use course::wrong::Wrong;
use course::{Chapter, Course};

use super::lines::Lines;
use super::variants::{self, Variants};
use super::workdir::Workdir;

pub struct Together {
    /// The test program.
    pub binary: PathBuf,
    /// Where the tests run.
    pub dir: PathBuf,
    /// By the answer's name.
    numbers: HashMap<String, usize>,
}

impl Together {
    /// Compiles as many of the wrong answers as can be. `folder` is for this chapter alone.
    pub fn build(
        course: &Course,
        chapter: &Chapter,
        lines: &Lines,
        answers: &[&Wrong],
        folder: &Path,
    ) -> Result<Together> {
        let mut workdir = Workdir::new(course, folder.to_owned());
        workdir.take(chapter)?;
        let place = |file: &str| format!("{}/src/{file}", chapter.solution_dir());
        let mut right = BTreeMap::new();
        for wrong in answers {
            right.insert(place(&wrong.file), String::new());
        }
        for root in lines.roots() {
            right.insert(root.to_owned(), String::new());
        }
        for (file, text) in &mut right {
            let path = course.root.join(file);
            *text = fs::read_to_string(&path)
                .map_err(|error| Problem::with_file("read", &path, &error))?;
        }
        let mut files: BTreeMap<&str, Variants> = right
            .iter()
            .map(|(file, right)| (file.as_str(), Variants::of(right)))
            .collect();
        let mut numbers = HashMap::new();
        for (number, wrong) in (1..).zip(answers) {
            let file = place(&wrong.file);
            if let Some(text) = wrong.in_place_of(&right[&file])
                && let Some(variants) = files.get_mut(&*file)
                && variants.add(number, &text)
            {
                numbers.insert(wrong.name.clone(), number);
            }
        }
        // What rustc finds later, such as a borrow, it says only when all else is in order.
        while !numbers.is_empty() {
            for (file, variants) in &files {
                let mut text = variants.text();
                if lines.roots().any(|root| root == *file) {
                    text.push_str(variants::CHOOSER);
                }
                workdir.change(file, &text)?;
            }
            let Some(said) = lines.all(&workdir, chapter)? else {
                break;
            };
            let mut guilty = Vec::new();
            for (file, variants) in &files {
                let text = variants.text();
                let lines = error_lines(&said, file);
                guilty.extend(lines.filter_map(|line| variants::answer_at(&text, line)));
            }
            numbers.retain(|_, number| !guilty.is_empty() && !guilty.contains(number));
            for variants in files.values_mut() {
                variants.remove(|number| guilty.contains(&number));
            }
        }
        Ok(Together {
            binary: lines.binary(&workdir, chapter),
            dir: workdir.root.join(chapter.solution_dir()),
            numbers,
        })
    }

    /// The number of an answer in the program; none when it is not in it.
    pub fn number(&self, wrong: &Wrong) -> Option<usize> {
        self.numbers.get(&wrong.name).copied()
    }
}

/// The lines of a file where rustc, which has written each message on a line of its own, found errors.
fn error_lines<'a>(said: &'a str, file: &'a str) -> impl Iterator<Item = usize> + 'a {
    let errors = said.lines().filter(|line| line.contains("error"));
    errors.filter_map(move |line| {
        let (_, behind) = line.split_once(file)?;
        let digits = behind.strip_prefix(':')?.split(':').next()?;
        digits.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::error_lines;

    #[test]
    fn errors_tell_their_lines() {
        let said = "a/b.rs:12:5: error[E0308]: mismatched types\n\
                    a/b.rs:13:5: warning: unused variable: `a`\n\
                    a/c.rs:14:5: error[E0308]: mismatched types\n\
                    error: aborting due to 2 previous errors\n";
        assert_eq!(error_lines(said, "a/b.rs").collect::<Vec<_>>(), [12]);
    }
}
