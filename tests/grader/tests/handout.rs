//! `cargo grader handout`, in folders outside the course: what is in a copy, and what is not.

mod copies;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use copies::{cargo, handout, root, scratch, shown, succeeds};
use course::Course;

/// It fails, says these words, and writes nothing.
#[track_caller]
fn refuses(output: &Output, dir: &Path, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for word in words {
        assert!(said.contains(word), "{word} in: {said}");
    }
    let left = fs::read_dir(dir).map_or(0, |entries| entries.count());
    assert_eq!(left, 0, "{} was written to", dir.display());
}

/// Every file below `dir` by its path, with its text.
fn files(dir: &Path) -> BTreeMap<String, String> {
    fn walk(dir: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(dir).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("a type").is_dir() {
                walk(&entry.path(), &format!("{name}/"), files);
            } else {
                let bytes = fs::read(entry.path()).expect("a file");
                files.insert(name, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(dir, "", &mut all);
    all
}

#[test]
fn a_copy_holds_no_answers() {
    let scratch = scratch();
    let dir = scratch.path().join("loopback");
    succeeds(&handout(&root(), &[shown(&dir)]));
    let files = files(&dir);
    let course = Course::load(&root()).expect("a course");

    for chapter in &course.chapters {
        for path in [
            format!("{}/Cargo.toml", chapter.dir()),
            format!("{}/main.rs", chapter.tests_dir()),
            format!("{}/chapter.toml", chapter.tests_dir()),
            format!("book/src/{}.md", chapter.folder),
        ] {
            assert!(files.contains_key(&path), "{path} is missing");
        }
    }
    for (path, text) in &files {
        let is_secret = path.starts_with("solutions")
            || path.contains("/author/")
            || path.starts_with("tests/races")
            || path.starts_with("tests/grader")
            || path.starts_with("book/src/instructors")
            || path.starts_with(".git/")
            || path.starts_with(".ci")
            || path.starts_with(".workbook");
        assert!(!is_secret, "{path} is in the copy");
        let of_solution = path.ends_with(".toml") && text.contains("solutions/");
        assert!(!of_solution, "{path} speaks of the solutions");
    }
    let commit = grader::handout::made_from(&dir).expect("the copy says where it comes from");
    assert!(files["README.md"].contains(&commit));
    assert_eq!(grader::handout::made_from(&root()), None);
    assert!(!files["book/src/SUMMARY.md"].contains("instructors/"));
    no_answers(&files);
    speaks_of_what_is_there(&files);
}

/// No five lines that follow each other in a solution, and not in a stub, do so anywhere. A few lines
/// do: a test that names the four kinds of ports names them in their order.
fn no_answers(files: &BTreeMap<String, String>) {
    const RUN: usize = 5;
    let runs = |text: &str| -> HashSet<Vec<String>> {
        let is_code = |line: &&str| line.chars().filter(|c| c.is_alphanumeric()).count() > 2;
        let lines: Vec<&str> = text.lines().map(str::trim).filter(is_code).collect();
        lines
            .windows(RUN)
            .map(|run| run.iter().map(|line| (*line).to_owned()).collect())
            .collect()
    };
    let of_folder = |folder: &str| -> HashSet<Vec<String>> {
        let mut all = HashSet::new();
        for (path, text) in self::files(&root().join(folder)) {
            if path.contains("/src/") {
                all.extend(runs(&text));
            }
        }
        all
    };
    let stubs = of_folder("chapters");
    let answers: HashSet<_> = of_folder("solutions").difference(&stubs).cloned().collect();
    assert!(answers.len() > 1000, "the solutions are somewhere else");
    for (path, text) in files {
        let leaked: Vec<_> = runs(text).intersection(&answers).cloned().collect();
        assert!(
            leaked.is_empty(),
            "{path} holds lines of a solution: {leaked:#?}"
        );
    }
}

/// The copy is a book of its own: no page, hint or stub speaks of what only the course has.
fn speaks_of_what_is_there(files: &BTreeMap<String, String>) {
    const ONLY_THE_COURSE: [&str; 20] = [
        "solutions/",
        "-p sol",
        "sol0",
        "workbook solution",
        "--anyway",
        "workbook race",
        "(#race)",
        "tests/races",
        "workbook verify",
        "/author",
        "wrong.toml",
        "interleavings.rs",
        "stress.rs",
        "cargo grader",
        "instructors/",
        "CONTRIBUTING",
        ".ci/run",
        "from the first day",
        "change one line",
        "<!-- course",
    ];
    let is_read = |path: &str| {
        let is_chapters = path.starts_with("chapters/") || path.starts_with("tests/0");
        let is_tool = path.starts_with("tests/") && !is_chapters;
        !is_tool && !path.ends_with(".svg") && path != "Cargo.lock"
    };
    let mut complaints = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| is_read(path)) {
        for (line, words) in text.lines().enumerate() {
            let said = ONLY_THE_COURSE.iter().find(|word| words.contains(**word));
            complaints.extend(said.map(|word| format!("{path}:{}: {word}", line + 1)));
        }
        let pictures = text.split("{{#include pictures/").skip(1);
        for name in pictures.filter_map(|rest| rest.split(['}', ':']).next()) {
            if !files.contains_key(&format!("book/src/pictures/{name}")) {
                complaints.push(format!("{path}: {name} is missing"));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_part_of_the_course_is_a_course() {
    let scratch = scratch();
    let dir = scratch.path().join("part");
    succeeds(&handout(&root(), &[shown(&dir), "--chapters", "0,2"]));
    let course = Course::load(&dir).expect("a course");
    let numbers: Vec<&str> = course.chapters.iter().map(|c| c.number()).collect();
    assert_eq!(numbers, ["00", "02"]);
    // The book is whole.
    assert!(dir.join("book/src/03-concurrent-server.md").is_file());
    assert!(dir.join("tests/03-concurrent-server/obvious.rs").is_file());
    assert!(!dir.join("tests/03-concurrent-server/main.rs").exists());
    succeeds(&cargo(
        &dir,
        scratch.path(),
        &["metadata", "--locked", "--format-version=1", "--no-deps"],
    ));

    let dir = scratch.path().join("three");
    let three = handout(&root(), &[shown(&dir), "--chapters", "03"]);
    refuses(&three, &dir, &["Chapter 03 builds on 02-tcp-echo"]);
    let none = handout(&root(), &[shown(&dir), "--chapters", "77"]);
    refuses(&none, &dir, &["77"]);
}

#[test]
fn workflows_name_the_instructors_repository() {
    let scratch = scratch();
    for (platform, workflows) in [
        (
            "github",
            &[
                ".github/workflows/grade.yml",
                ".github/workflows/grade-submission.yml",
            ][..],
        ),
        ("gitlab", &["grade.gitlab-ci.yml"]),
        (
            "classroom50",
            &["tests/grader/templates/classroom50/autograder.py"],
        ),
    ] {
        let dir = scratch.path().join(platform);
        let said = [shown(&dir), "--platform", platform];
        refuses(
            &handout(&root(), &said),
            &dir,
            &["--repository my-org/loopback"],
        );
        let said = [&said[..], &["--repository", "my-org/loopback"]].concat();
        succeeds(&handout(&root(), &said));
        let files = files(&dir);
        for workflow in workflows {
            let text = &files[*workflow];
            assert!(text.contains("my-org/loopback"), "{workflow}: {text}");
            let is_filled = |mark: &str| !text.contains(mark);
            assert!(
                ["COURSE_REPOSITORY", "COURSE_CHAPTERS"]
                    .into_iter()
                    .all(is_filled),
                "{text}"
            );
        }
        // 03 needs a reference, which is no student's business, and the stub of another chapter is none.
        let graded = Command::new(env!("CARGO_BIN_EXE_grader"))
            .current_dir(&dir)
            .args([
                "one",
                "--submission",
                ".",
                "--chapter",
                "03",
                "--format",
                "json",
            ])
            .arg("--scratch")
            .arg(scratch.path().join("scratch"))
            .output()
            .expect("the grader runs");
        let report = String::from_utf8_lossy(&graded.stdout);
        assert_eq!(graded.status.code(), Some(3), "{report}");
        assert!(
            report.contains("Grade it with the instructor's own course"),
            "{report}"
        );
        assert!(report.contains("\"status\": \"grader_error\""), "{report}");
        let grades = files
            .values()
            .any(|text| text.contains("--chapter 02 --chapter 04"));
        assert!(grades, "{platform} does not name the chapters");
        assert!(files.contains_key("tests/grader/src/main.rs"));
        assert!(
            !files
                .keys()
                .any(|path| path.starts_with("tests/grader/tests"))
        );
        let metadata = ["metadata", "--locked", "--format-version=1", "--no-deps"];
        succeeds(&cargo(&dir, scratch.path(), &metadata));
        no_answers(&files);
    }
}

#[test]
fn what_is_no_repository_is_refused() {
    let scratch = scratch();
    let dir = scratch.path().join("copy");
    for name in ["loopback", "a/$(id)", "a b/c", "-a/b", "a/../b"] {
        let repository = format!("--repository={name}");
        let said = [shown(&dir), "--platform", "github", &repository];
        refuses(&handout(&root(), &said), &dir, &["is none"]);
    }
}

#[test]
fn gradescope_gets_its_two_scripts_and_the_course() {
    let scratch = scratch();
    let file = scratch.path().join("autograder.zip");
    succeeds(&handout(&root(), &[shown(&file), "--gradescope"]));
    let again = handout(&root(), &[shown(&file), "--gradescope"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));

    let zip = fs::File::open(&file).expect("the zip file");
    let mut zip = zip::ZipArchive::new(zip).expect("a zip file");
    let names: Vec<String> = (zip.file_names())
        .map(|name| name.expect("UTF-8").into_owned())
        .collect();
    for name in ["setup.sh", "run_autograder"] {
        let script = zip.by_name(name).expect(name);
        assert_eq!(
            script.unix_mode().map(|mode| mode & 0o111),
            Some(0o111),
            "{name}"
        );
    }
    let has = |start: &str| names.iter().any(|name| name.starts_with(start));
    assert!(has("course/tests/grader/src/") && has("course/tests/netlab/src/"));
    assert!(has("course/solutions/02-tcp-echo/src/") && !has("course/solutions/00"));
    assert!(
        !names
            .iter()
            .any(|name| name.contains("/author/") || name.contains("/book/"))
    );
    zip.extract(scratch.path().join("autograder"))
        .expect("room");
    let course = scratch.path().join("autograder/course");
    // A chapter may be linked with the answer to another. No further answer is there for a submission to find.
    let files = files(&course);
    let manifests = files
        .iter()
        .filter(|(path, _)| path.ends_with("/Cargo.toml"));
    let manifests: String = manifests.map(|(_, text)| text.as_str()).collect();
    for chapter in &Course::load(&root()).expect("a course").chapters {
        let is_linked = manifests.contains(&format!("/solutions/{}\"", chapter.folder));
        let is_there = has(&format!("course/solutions/{}/", chapter.folder));
        assert_eq!(is_there, is_linked, "{}", chapter.folder);
    }
    let metadata = ["metadata", "--locked", "--format-version=1", "--no-deps"];
    succeeds(&cargo(&course, scratch.path(), &metadata));
    Course::load(&course).expect("a course");
}

#[test]
fn a_copy_never_overwrites_and_never_lies_in_the_course() {
    let scratch = scratch();
    let dir = scratch.path().join("used");
    fs::create_dir(&dir).expect("a folder");
    fs::write(dir.join("mine.txt"), "mine").expect("a file");
    let said = handout(&root(), &[shown(&dir)]);
    assert_eq!(said.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&said.stderr).contains("is not empty"));
    assert_eq!(files(&dir).len(), 1);

    let inside = root().join("target/handout-inside");
    refuses(
        &handout(&root(), &[shown(&inside)]),
        &inside,
        &["is inside the course"],
    );
    // An empty one will do.
    let empty = scratch.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    succeeds(&handout(&root(), &[shown(&empty), "--chapters", "00"]));
}

/// What counts is the last commit: not what lies about, and not the answers that somebody committed.
#[test]
fn what_is_not_committed_stays_and_a_committed_answer_is_refused() {
    let scratch = scratch();
    let course = scratch.path().join("course");
    let git = |arguments: &[&str]| {
        let status = Command::new("git")
            .args(["-c", "user.name=x", "-c", "user.email=x@example.org"])
            .args(arguments)
            .current_dir(scratch.path())
            .status();
        assert!(status.expect("git runs").success(), "git {arguments:?}");
    };
    git(&[
        "clone",
        "--quiet",
        "--no-hardlinks",
        shown(&root()),
        "course",
    ]);
    fs::write(
        course.join("chapters/00-bytes-and-sockets/src/secret.rs"),
        "// 42",
    )
    .expect("a file");
    let stub = "src/s1_byte_order.rs";
    let mine = course.join("chapters/00-bytes-and-sockets").join(stub);
    let answer = course.join("solutions/00-bytes-and-sockets").join(stub);
    fs::copy(&answer, &mine).expect("a file");

    let dir = scratch.path().join("copy");
    let said = handout(&course, &[shown(&dir)]);
    succeeds(&said);
    assert!(String::from_utf8_lossy(&said.stdout).contains("changes that are not committed"));
    let files = files(&dir);
    assert!(!files.keys().any(|path| path.ends_with("secret.rs")));
    assert!(files[&format!("chapters/00-bytes-and-sockets/{stub}")].contains("todo!("));

    git(&[
        "-C",
        "course",
        "commit",
        "--quiet",
        "--all",
        "--message=mine",
    ]);
    let dir = scratch.path().join("answers");
    let words = ["s1_byte_order.rs has no `todo!`", "seems to hold an answer"];
    refuses(&handout(&course, &[shown(&dir)]), &dir, &words);

    #[cfg(unix)]
    {
        git(&["-C", "course", "reset", "--quiet", "--hard", "HEAD~1"]);
        std::os::unix::fs::symlink("/etc/passwd", course.join("book/link.md")).expect("a link");
        git(&["-C", "course", "add", "book/link.md"]);
        git(&["-C", "course", "commit", "--quiet", "--message=link"]);
        refuses(
            &handout(&course, &[shown(&dir)]),
            &dir,
            &["book/link.md is no regular file"],
        );
        fs::remove_dir_all(course.join(".git")).expect("a folder");
        refuses(&handout(&course, &[shown(&dir)]), &dir, &["git says"]);
    }
}

/// In the ready-made workflows no job that runs students' code can see a secret or write anywhere.
#[test]
fn workflows_keep_secrets_from_submissions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let text = |file: &str| fs::read_to_string(folder.join(file)).expect(file);
    for file in ["grade.yml", "grade-submission.yml", "class.yml"] {
        let workflow = text(&format!("github/{file}"));
        let count = |words: &str| workflow.matches(words).count();
        let (checkouts, forgets) = (
            count("actions/checkout@"),
            count("persist-credentials: false"),
        );
        assert_eq!(
            checkouts, forgets,
            "{file}: a checkout leaves its token behind"
        );
        assert!(
            workflow.contains("\npermissions:"),
            "{file} takes the default permissions"
        );
        assert!(!workflow.contains(": write"), "{file} may write");
        // The jobs that run what students wrote: all but the one that fetches it.
        let (_, runs) = workflow
            .split_once("\n  grade:")
            .expect("a job called grade");
        let secrets: Vec<&str> = runs.split("secrets.").skip(1).collect();
        let is_public_key =
            |rest: &&str| rest.starts_with("COURSE_KEY") || rest.starts_with("course-key");
        assert!(
            secrets.iter().all(is_public_key),
            "{file}: a secret beside a submission"
        );
    }
    let gitlab = text("gitlab/class.gitlab-ci.yml");
    let (collect, rest) = gitlab.split_once("\ngrade:").expect("a job called grade");
    assert!(collect.contains("environment: collect") && !rest.contains("CLASS_TOKEN"));
    let gitlab = text("gitlab/grade.gitlab-ci.yml");
    let forgotten = gitlab
        .find("rm -rf /tmp/course/.git")
        .expect("the token goes");
    assert!(forgotten < gitlab.find("cargo grader one").expect("it grades"));
}

/// In the ready-made workflow for a class, a repository that does not exist is one thing, and one that
/// cannot be fetched is another: an outage makes nobody `missing`.
#[cfg(target_os = "linux")]
#[test]
fn an_outage_stops_a_class() {
    let workflow = include_str!("../templates/github/class.yml");
    let (_, script) = workflow
        .split_once("          mkdir submissions\n")
        .expect("it begins");
    let (script, _) = script
        .split_once("          # As an archive")
        .expect("it ends");
    let gh = "#!/bin/sh\ncase \"$*\" in\n\
              'repo clone'*here*) mkdir -p clones/here/chapters ;;\n\
              api*gone*) echo 'gh: Not Found (HTTP 404)' >&2; exit 1 ;;\n\
              *) echo 'dial tcp: i/o timeout' >&2; exit 1 ;;\nesac\n";
    for (roster, is_fetched) in [
        ("id\nhere\ngone\n", true),
        ("id\nhere\nslow\n", false),
        ("id\ngone\n", false),
    ] {
        let folder = scratch();
        let path = folder.path();
        for folder in ["class", "submissions", "bin"] {
            fs::create_dir(path.join(folder)).expect("a folder");
        }
        fs::write(path.join("class/roster.csv"), roster).expect("a file");
        let program = path.join("bin/gh");
        fs::write(&program, gh).expect("a file");
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("ours");
        let output = Command::new("bash")
            .args(["-e", "-c", script])
            .current_dir(path)
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", shown(&path.join("bin"))),
            )
            .envs([("GITHUB_REPOSITORY_OWNER", "org"), ("PREFIX", "loopback-")])
            .output()
            .expect("bash runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.success(), is_fetched, "{roster}: {said}");
        assert_eq!(
            path.join("submissions/here").is_dir(),
            roster.contains("here")
        );
        assert!(!path.join("submissions/gone").exists());
    }
}
