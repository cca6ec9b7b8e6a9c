//! Attacks by what is handed in: links, special files, and names that lead elsewhere.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use grader::report::Status;

use crate::support::{self, CHAPTER_00, Submission, course, grade, settings};

#[test]
fn what_is_no_file_of_the_student_is_not_taken() {
    let answers = course().root.join("solutions").join(CHAPTER_00).join("src");
    let stubs = || Submission::stubs(&[CHAPTER_00]);
    let swapped = |what: &str| {
        let submission = stubs();
        let place = match what {
            "src" => submission.src(CHAPTER_00),
            "chapter" => submission.path().join("chapters").join(CHAPTER_00),
            _ => submission.path().join("chapters"),
        };
        let target = match what {
            "src" => answers.clone(),
            "chapter" => answers.parent().expect("a folder").to_owned(),
            _ => course().root.join("chapters"),
        };
        fs::remove_dir_all(&place).expect("ours");
        symlink(target, &place).expect("a link");
        submission
    };
    let linked = |name: &str, to: &Path| {
        let submission = stubs();
        let place = submission.src(CHAPTER_00).join(name);
        let _ = fs::remove_file(&place);
        symlink(to, place).expect("a link");
        submission
    };
    let huge = stubs();
    let file = fs::File::create(huge.src(CHAPTER_00).join("s1_byte_order.rs")).expect("a file");
    file.set_len(3 << 30).expect("a file with a hole");
    let bytes = stubs();
    fs::write(bytes.src(CHAPTER_00).join("lib.rs"), b"// \xc3\x28").expect("a file");
    let deep = stubs().with(
        &format!("chapters/{CHAPTER_00}/src/{}x.rs", "d/".repeat(20)),
        "",
    );
    let many = stubs();
    for number in 0..10_000 {
        let name = format!("{number}.txt");
        fs::write(many.src(CHAPTER_00).join(name), "").expect("a file");
    }
    let pipe = stubs();
    let made = Command::new("mkfifo")
        .arg(pipe.src(CHAPTER_00).join("s9.rs"))
        .status();
    assert!(made.is_ok_and(|status| status.success()));
    let archive = Submission::empty().with("chapters.tar.gz", "no folder");
    let file = Submission::empty().with("chapters", "no folder");
    for (submission, words) in [
        (many, "more than 10000 files and folders"),
        (pipe, "s9.rs is not a regular file"),
        (archive, "an archive that nobody has unpacked"),
        (file, "chapters is not a folder"),
        (swapped("src"), "is a symbolic link"),
        (swapped("chapter"), "is a symbolic link"),
        (swapped("chapters"), "is a symbolic link"),
        (
            linked("s1_byte_order.rs", &answers.join("s1_byte_order.rs")),
            "is a symbolic link",
        ),
        (linked("more", &answers), "is a symbolic link"),
        (
            linked("s1_byte_order.rs", Path::new("/dev/zero")),
            "is a symbolic link",
        ),
        (huge, "larger than 1 MiB"),
        (bytes, "not UTF-8"),
        (deep, "lies too deep"),
    ] {
        let report = grade(&submission, &settings(&[CHAPTER_00]));
        let problem = report.problem.unwrap_or_default();
        assert_eq!(
            (report.status, report.score),
            (Status::Rejected, 0),
            "{problem}"
        );
        assert!(problem.contains(words), "{problem}");
    }
}

#[test]
fn names_that_lead_elsewhere_lead_nowhere() {
    let src = format!("chapters/{CHAPTER_00}/src");
    let names = [
        "..\\..\\lib.rs",
        "-C.rs",
        "a b.rs",
        "\u{202e}sr.rs",
        "\n::error::.rs",
        "$(id).rs",
    ];
    let mut submission = Submission::stubs(&[CHAPTER_00]);
    for name in names {
        submission = submission.with(&format!("{src}/{name}"), "compile_error!(\"taken\");");
    }
    // Another chapter's files in this one's place, and a chapter that the course does not have.
    let submission = submission.with("chapters/99-more/src/lib.rs", "compile_error!(\"taken\");");
    let report = grade(&submission, &settings(&[CHAPTER_00]));
    let stubs = grade(&Submission::stubs(&[CHAPTER_00]), &settings(&[CHAPTER_00]));
    assert_eq!(report.chapters[0].build_error, None);
    assert_eq!(support::verdicts(&report), support::verdicts(&stubs));
}
