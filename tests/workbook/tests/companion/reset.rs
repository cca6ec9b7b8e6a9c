//! The stubs come back, and nothing of the student's is lost.

use std::fs;

use crate::fixture::{ONE, RIGHT_ONE, RIGHT_TWO, TWO, Workbook};

const LIB: &str = "chapters/00-first/src/lib.rs";

fn committed(name: &str) -> Workbook {
    let workbook = Workbook::new(name);
    workbook.git(&["init", "-q"]);
    workbook.git(&["add", "."]);
    workbook.git(&["commit", "-q", "-m", "the workbook"]);
    workbook
}

/// The files of all backups, as `name: text`.
fn backups(workbook: &Workbook, file: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(workbook.root.join(".workbook/backups")) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| fs::read_to_string(path.join(file)).expect("a copy"))
        .collect()
}

#[test]
fn a_step_goes_back_and_its_file_is_kept() {
    let workbook = committed("reset-step");
    let stub = workbook.read(ONE);
    workbook.write(ONE, RIGHT_ONE);
    workbook.write(TWO, RIGHT_TWO);
    workbook.write("chapters/00-first/src/notes.txt", "mine");
    workbook
        .run(&["reset", "0", "1", "--yes"])
        .is(0, &[ONE, ".workbook/backups/00-first-", "1 file is"]);
    assert_eq!(workbook.read(ONE), stub);
    assert_eq!(workbook.read(TWO), RIGHT_TWO);
    assert_eq!(backups(&workbook, ONE), [RIGHT_ONE]);
    assert_eq!(
        backups(&workbook, "chapters/00-first/src/notes.txt"),
        ["mine"]
    );
    workbook
        .run(&["reset", "0", "1", "--yes"])
        .is(0, &["as you got it already"]);
    // Twice within a second: two backups.
    workbook.write(ONE, "// a second try\n");
    workbook
        .run(&["reset", "0", "s1", "--yes"])
        .is(0, &["1 file is"]);
    let mut kept = backups(&workbook, ONE);
    kept.sort();
    assert_eq!(kept, ["// a second try\n", RIGHT_ONE]);
}

#[test]
fn a_committed_answer_is_no_stub() {
    let workbook = committed("reset-history");
    let stub = workbook.read(ONE);
    workbook.write(ONE, RIGHT_ONE);
    workbook.git(&["commit", "-q", "-a", "-m", "my answer"]);
    workbook
        .run(&["reset", "0", "1", "--yes"])
        .is(0, &["1 file is"]);
    assert_eq!(workbook.read(ONE), stub);

    // The course mends its stub: the newest version with as many `todo!`s is the one.
    let mended = stub.replace("the number 1", "the number before 2");
    workbook.write(ONE, &mended);
    workbook.git(&["commit", "-q", "-a", "-m", "a better instruction"]);
    workbook.write(ONE, RIGHT_ONE);
    workbook.git(&["commit", "-q", "-a", "-m", "my answer again"]);
    workbook.run(&["reset", "0", "--yes"]).is(0, &["1 file is"]);
    assert_eq!(workbook.read(ONE), mended);
}

#[test]
fn a_chapter_goes_back_with_all_its_files() {
    let workbook = committed("reset-chapter");
    let (one, lib) = (workbook.read(ONE), workbook.read(LIB));
    workbook.write(LIB, "broken");
    fs::remove_file(workbook.root.join(ONE)).expect("a file to remove");
    workbook
        .run(&["reset", "00", "--yes"])
        .is(0, &["2 files are"]);
    assert_eq!((workbook.read(ONE), workbook.read(LIB)), (one, lib));
    assert_eq!(backups(&workbook, LIB), ["broken"]);
}

#[test]
fn without_a_yes_nothing_happens() {
    let workbook = committed("reset-no");
    workbook.write(ONE, RIGHT_ONE);
    workbook
        .run(&["reset", "0"])
        .is(2, &["nothing was changed", "--yes"]);
    assert_eq!(workbook.read(ONE), RIGHT_ONE);
    assert_eq!(backups(&workbook, ONE), [""; 0]);
}

#[test]
fn a_history_that_holds_no_stub_is_none() {
    let workbook = Workbook::new("reset-untracked");
    // As in a home folder that is a repository: its history knows nothing of the workbook.
    workbook.git(&["init", "-q"]);
    workbook.git(&["add", ".gitignore"]);
    workbook.git(&["commit", "-q", "-m", "something else"]);
    workbook.write(ONE, RIGHT_ONE);
    for said in [&["reset", "0", "--yes"][..], &["reset", "0", "1", "--yes"]] {
        let words = [
            "git has never seen chapters/00-first/src",
            "Nothing was changed",
        ];
        workbook.run(said).is(2, &words);
    }
    assert_eq!(workbook.read(ONE), RIGHT_ONE);
}

#[test]
fn without_history_nothing_happens() {
    let workbook = Workbook::new("reset-no-git");
    // A repository of its own without a commit: git would look for one in the folders above.
    workbook.git(&["init", "-q"]);
    workbook.write(ONE, RIGHT_ONE);
    let said = workbook.run(&["reset", "0", "1", "--yes"]);
    said.is(2, &["git", "Nothing was changed"]);
    assert_eq!(workbook.read(ONE), RIGHT_ONE);
}
