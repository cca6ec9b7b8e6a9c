//! House rules of the course, for every chapter there is. Each test names all breaches at once, with
//! the file to mend.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use course::base::Manifest;
use course::wrong;
use course::{Chapter, Course};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

fn course() -> Course {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Course::find(here).unwrap_or_else(|problem| panic!("{problem}"))
}

/// Fails with all complaints about all chapters.
fn check(rule: &str, complaints: impl Fn(&Course, &Chapter, &mut Vec<String>)) {
    let course = course();
    let mut all = Vec::new();
    for chapter in &course.chapters {
        complaints(&course, chapter, &mut all);
    }
    assert!(all.is_empty(), "{rule}\n\n{}\n", all.join("\n"));
}

/// The names in a folder of the workspace; none when it is not there.
fn names_in(course: &Course, folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(course.root.join(folder)).into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect()
}

/// The Rust code of a file as words and marks without comments, each with its line.
struct Code(Vec<(usize, String)>);

impl Code {
    fn of(course: &Course, file: &str) -> Code {
        let source = fs::read_to_string(course.root.join(file));
        let source = source.unwrap_or_else(|error| panic!("{file}: {error}"));
        let tokens = source.parse();
        let mut code = Code(Vec::new());
        code.add(tokens.unwrap_or_else(|error| panic!("{file}: {error}")));
        code
    }

    fn add(&mut self, tokens: TokenStream) {
        for token in tokens {
            let line = token.span().start().line;
            let TokenTree::Group(group) = token else {
                self.0.push((line, token.to_string()));
                continue;
            };
            let (open, close) = match group.delimiter() {
                Delimiter::Parenthesis => ("(", ")"),
                Delimiter::Brace => ("{", "}"),
                Delimiter::Bracket => ("[", "]"),
                Delimiter::None => ("", ""),
            };
            self.0.push((line, open.into()));
            self.add(group.stream());
            let line = group.span_close().start().line;
            self.0.push((line, close.into()));
        }
    }

    /// The lines on which these words and marks stand beside each other.
    fn lines(&self, words: &[&str]) -> Vec<usize> {
        let is_here = |tokens: &[(usize, String)]| tokens.iter().map(|(_, word)| word).eq(words);
        let places = self.0.windows(words.len());
        let places = places.filter(|&tokens| is_here(tokens));
        places.map(|tokens| tokens[0].0).collect()
    }

    /// The words from a function's name to the next function.
    fn function(&self, name: &str) -> Vec<&str> {
        let words = self.0.iter().map(|(_, word)| word.as_str());
        let mut rest = words.skip_while(|word| *word != name);
        let own = rest.next();
        own.into_iter()
            .chain(rest.take_while(|word| *word != "fn"))
            .collect()
    }

    fn has_module(&self, name: &str) -> bool {
        !self.lines(&["mod", name, ";"]).is_empty()
    }
}

#[test]
fn every_chapter_is_whole() {
    let course = course();
    let chapters: BTreeSet<String> = course
        .chapters
        .iter()
        .map(|chapter| chapter.folder.clone())
        .collect();
    assert!(!chapters.is_empty(), "tests/ holds no chapter.toml");
    for folder in ["chapters", "solutions"] {
        let there = names_in(&course, folder);
        assert_eq!(
            there, chapters,
            "{folder}/ (left) and the folders of tests/ with a chapter.toml"
        );
    }
}

#[test]
fn stubs_and_solutions_have_the_same_files() {
    check(
        "A step is one file, in chapters/, solutions/ and tests/ alike.",
        |course, chapter, all| {
            let stubs = names_in(course, &format!("{}/src", chapter.dir()));
            let answers = names_in(course, &format!("{}/src", chapter.solution_dir()));
            for file in stubs.symmetric_difference(&answers) {
                let where_ = if stubs.contains(file) {
                    chapter.dir()
                } else {
                    chapter.solution_dir()
                };
                all.push(format!("{where_}/src/{file} has no counterpart"));
            }
            let main = Code::of(course, &format!("{}/main.rs", chapter.tests_dir()));
            for step in &chapter.steps {
                if !stubs.contains(&step.file) {
                    all.push(format!("{} is missing", chapter.source(step)));
                }
                let module = step.file.trim_end_matches(".rs");
                if !main.has_module(module) {
                    all.push(format!(
                        "{}/main.rs does not say `mod {module};`",
                        chapter.tests_dir()
                    ));
                }
                if !module.starts_with(&format!("s{}_", step.number)) {
                    all.push(format!(
                        "{} is step {}: name it s{0}_…",
                        step.file, step.number
                    ));
                }
            }
        },
    );
}

#[test]
fn a_tests_name_says_its_step() {
    check(
        "A test is named sK_what_it_proves, once in its chapter.",
        |_, chapter, all| {
            let mut seen = HashSet::new();
            for step in &chapter.steps {
                let place = |line: usize| format!("{}/{}:{line}", chapter.tests_dir(), step.file);
                if step.tests.is_empty() {
                    all.push(format!("{} holds no test", place(1)));
                }
                for test in &step.tests {
                    if !test.name.starts_with(&format!("s{}_", step.number)) {
                        let (name, number) = (&test.name, step.number);
                        all.push(format!(
                            "{}: {name} belongs to step {number}",
                            place(test.line)
                        ));
                    }
                    if !seen.insert(&test.name) {
                        all.push(format!("{}: there are two {}", place(test.line), test.name));
                    }
                }
            }
        },
    );
}

#[test]
fn a_step_has_three_hints_and_points_for_its_own_tests() {
    check(
        "A step has three hints, and speaks of its own tests only.",
        |_, chapter, all| {
            for step in &chapter.steps {
                let place = format!("{}/chapter.toml, step {}", chapter.tests_dir(), step.number);
                let different: HashSet<&str> = step.hints.iter().map(|hint| hint.trim()).collect();
                if step.hints.len() != 3 || different.len() != 3 || different.contains("") {
                    all.push(format!(
                        "{place}: three different hints, from a nudge to near the answer"
                    ));
                }
                if step.minutes == 0 || step.title.is_empty() {
                    all.push(format!("{place}: a title and some minutes"));
                }
                for named in step.points.keys().chain(step.passes_on_stub.keys()) {
                    if !step.tests.iter().any(|test| test.name == *named) {
                        all.push(format!(
                            "{place}: there is no test {named} in {}",
                            step.file
                        ));
                    }
                }
            }
        },
    );
}

#[test]
fn a_program_is_worth_a_quarter_of_its_chapter() {
    check(
        "In a chapter that ends in a program, a quarter of the points are for what it does: no line of an answer \
         stands in the process that judges that.",
        |_, chapter, all| {
            let points = |black_boxes: bool| -> u32 {
                let tests = chapter.required_tests().map(|(_, test)| test);
                let tests = tests.filter(|test| test.is_black_box || !black_boxes);
                tests.map(|test| test.points).sum()
            };
            let (programs, whole) = (points(true), points(false));
            if programs > 0 && 4 * programs < whole {
                all.push(format!("{}: {programs} of {whole}", chapter.folder));
            }
        },
    );
}

#[test]
fn a_page_says_that_points_are_feedback_where_no_black_box_judges() {
    check(
        "The page of a chapter without black boxes says that its points are feedback; that of another does not.",
        |course, chapter, all| {
            let page = format!("book/src/{}.md", chapter.folder);
            let text = fs::read_to_string(course.root.join(&page)).unwrap_or_default();
            let says = text.contains("\n**Points**: feedback for you, and no marks");
            let has = chapter.tests().any(|(_, test)| test.is_black_box);
            if says == has {
                all.push(page);
            }
        },
    );
}

#[test]
fn a_wrong_answer_names_what_is_there() {
    check(
        "A wrong answer has a name of its own, a test that is there, words that it must say, \
         and text that stands once in the solution.",
        |course, chapter, all| {
            let answers = match wrong::answers(course, chapter) {
                Ok(answers) => answers,
                Err(problem) => return all.push(problem.to_string()),
            };
            let mut seen = HashSet::new();
            for wrong in &answers {
                let (name, place) = (&wrong.name, &wrong.source);
                if !seen.insert(name) {
                    all.push(format!("{place}: two entries are called {name}"));
                }
                if !chapter.tests().any(|(_, test)| test.name == wrong.test) {
                    all.push(format!("{place}, {name}: there is no test {}", wrong.test));
                }
                if wrong.says.is_empty() || wrong.mistake.is_empty() || wrong.find == wrong.replace
                {
                    all.push(format!(
                        "{place}, {name}: a mistake, a change, and words for it"
                    ));
                }
                let file = format!("{}/src/{}", chapter.solution_dir(), wrong.file);
                let text = fs::read_to_string(course.root.join(&file)).unwrap_or_default();
                let times = text.matches(&wrong.find).count();
                if times != 1 {
                    all.push(format!(
                        "{place}, {name}: `find` stands {times} times in {file}"
                    ));
                }
            }
        },
    );
}

#[test]
fn tests_explain_themselves_and_do_not_sleep() {
    check(
        "In a student's tests, netlab's checks take the place of assert!, since they say why; a wait for \
         something takes the place of sleep, since it is as long as it must be; and lab.skip takes the \
         place of a word on standard error, after which a test that has asked nothing would pass.",
        |course, chapter, all| {
            let folder = chapter.tests_dir();
            let main = Code::of(course, &format!("{folder}/main.rs"));
            // What main.rs does not declare belongs to the course's own tests of the solution.
            let of_the_student = |file: &String| {
                let module = file.strip_suffix(".rs").unwrap_or_default();
                module == "main" || main.has_module(module)
            };
            for file in names_in(course, &folder).into_iter().filter(of_the_student) {
                let code = Code::of(course, &format!("{folder}/{file}"));
                for (word, mark) in [
                    ("assert", "!"),
                    ("assert_eq", "!"),
                    ("assert_ne", "!"),
                    ("sleep", "("),
                    ("eprintln", "!"),
                ] {
                    for line in code.lines(&[word, mark]) {
                        all.push(format!("{folder}/{file}:{line}: {word}{mark}"));
                    }
                }
            }
        },
    );
}

#[test]
fn a_test_has_a_laboratory_and_names_what_it_takes_from_the_student() {
    check(
        "A test has a laboratory, which is what a grader hears of; and it imports the student's items \
         by name, since what `*` brings may stand before the standard macros.",
        |course, chapter, all| {
            for step in &chapter.steps {
                let file = format!("{}/{}", chapter.tests_dir(), step.file);
                let code = Code::of(course, &file);
                for test in &step.tests {
                    if !code.function(&test.name).contains(&"lab") {
                        all.push(format!("{file}:{}: {}", test.line, test.name));
                    }
                }
            }
            let folder = chapter.tests_dir();
            for file in names_in(course, &folder) {
                if file.ends_with(".rs") {
                    let file = format!("{folder}/{file}");
                    for line in Code::of(course, &file).lines(&[":", ":", "*", ";"]) {
                        all.push(format!("{file}:{line}: a glob import"));
                    }
                }
            }
        },
    );
}

#[test]
fn a_chapter_names_what_it_stands_on_as_the_companion_reads_it() {
    check(
        "A chapter is linked with an earlier one by one line, under the earlier library's own name: \
         `packets = { package = \"sol06\", path = \"../../solutions/06-packets\" }`. `cargo workbook use` edits it.",
        |course, chapter, all| {
            let manifest = Manifest::of(course, chapter).expect("it can be read");
            let lines = manifest.text.lines().enumerate();
            for (at, line) in lines.filter(|(_, line)| !line.starts_with('#')) {
                let leads_out =
                    line.contains("path = \"../") && !line.contains("path = \"../../tests/");
                if !leads_out {
                    continue;
                }
                let names_it = |other: &Chapter| {
                    let file = format!("{}/Cargo.toml", other.dir());
                    let text = fs::read_to_string(course.root.join(file)).unwrap_or_default();
                    let (name, _) = line.split_once(" = ").unwrap_or_default();
                    let is_earlier = other.folder < chapter.folder;
                    is_earlier && text.contains(&format!("[lib]\nname = \"{name}\""))
                };
                let alone = Manifest {
                    path: manifest.path.clone(),
                    text: line.to_owned(),
                };
                let mut others = course.chapters.iter();
                if !others.any(|other| alone.stands_on(other).is_some() && names_it(other)) {
                    all.push(format!("{}:{}: {line}", manifest.path, at + 1));
                }
            }
        },
    );
}
