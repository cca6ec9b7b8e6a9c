//! The way through a chapter, and what may stand in it.

use std::io::Read;
use std::process::Stdio;

use crate::fixture::{ONE, RIGHT_ONE, RIGHT_TWO, Said, TWO, Workbook};

#[test]
fn the_way_through_a_chapter() {
    let workbook = Workbook::new("way");
    workbook.run(&[]).is(
        0,
        &[
            "00  First",
            "0 of 3 tests, step 1 of 2",
            "to do     0.1 one()",
            "again     cargo workbook",
        ],
    );
    workbook.write(
        ONE,
        "pub fn one() -> u32 {\n    println!(\"here I am\");\n    2\n}\n",
    );
    workbook.run(&[]).is(
        0,
        &[
            "Your code printed:\nhere I am\n",
            "got       expected 1, got 2",
            "write     chapters/00-first/src/s1_one.rs\n",
            "again     cargo workbook",
        ],
    );
    workbook.write(ONE, RIGHT_ONE);
    workbook.run(&[]).is(
        0,
        &[
            "1 of 3 tests, step 2 of 2",
            "Step 1 passes: 1 of 1 test.",
            "to do     0.2 two()",
        ],
    );
    let again = workbook.run(&[]);
    assert!(!again.stdout.contains("passes"), "{}", again.stdout);
    workbook.write(TWO, RIGHT_TWO);
    workbook.run(&[]).is(
        0,
        &[
            "done, 3 tests",
            "Step 2 passes: 2 of 2 tests.",
            "Chapter 00 is done.",
            "cargo workbook read 00 look",
            "cargo workbook read 00 predict",
            "cargo workbook read 00 reflect",
            "Every chapter is done.",
            "cargo workbook read 00 further",
        ],
    );
    // What is known is not run again, but a changed file is.
    workbook.run(&[]).is(0, &["done, 3 tests"]);
    workbook.write(TWO, "pub fn two() -> u32 {\n    3\n}\n");
    workbook.run(&["list"]).is(
        0,
        &[
            "00  First",
            "1  One",
            "s1_one_is_one",
            "s2_two_is_even, 4 points",
            "grader counts",
        ],
    );
    workbook
        .run(&[])
        .is(0, &["1 of 3 tests, step 2 of 2", "expected 2, got 3"]);
}

#[test]
fn the_last_figures_stay_while_a_change_is_unfinished() {
    let workbook = Workbook::new("figures");
    workbook.write(ONE, RIGHT_ONE);
    workbook.run(&[]).is(0, &["█", "1 of 3 tests, step 2 of 2"]);
    let figures = ["█", "1 of 3 tests at the last run", "does not compile yet"];
    workbook.write(TWO, "pub fn two() -> u32 {\n");
    workbook.run(&[]).is(1, &figures);
    workbook.run(&[]).is(1, &figures);
    workbook.run(&["hint"]).is(0, &["00, step 2: Two"]);
    // A hang keeps the tests after it from being counted, not from having passed.
    workbook.write(TWO, RIGHT_TWO);
    workbook.run(&[]).is(0, &["done, 3 tests"]);
    workbook.write(
        ONE,
        "pub fn one() -> u32 {\n    loop {\n        std::thread::park();\n    }\n}\n",
    );
    let mut hanging = workbook.command(&[]);
    hanging.env("NETLAB_PATIENCE", "0.15");
    let said = Said::of(hanging.output().expect("it runs"));
    said.is(0, &["1 of 3 tests at the last run", "s1_one_is_one"]);
}

#[test]
fn work_out_of_order_counts() {
    let workbook = Workbook::new("order");
    workbook.write(TWO, "pub fn two() -> u32 {\n    2\n}\n");
    workbook
        .run(&[])
        .is(0, &["2 of 3 tests, step 1 of 2", "0.1 one()"]);
}

#[test]
fn test_gives_a_line_each_and_an_exit_code() {
    let workbook = Workbook::new("lines");
    workbook.write(TWO, "pub fn two() -> u32 {\n    4\n}\n");
    workbook.run(&["test", "0"]).is(
        1,
        &[
            "Step 1: One",
            "to do       s1_one_is_one",
            "fails       s2_two_is_two",
            "passes      s2_two_is_even",
            "expected 2, got 4",
            "1 of 3 tests pass, 1 still to do.",
        ],
    );
    for said in ["00", "ch00", "00-first", "chapters/00-first/"] {
        workbook
            .run(&["test", said, "s2_two_is_even"])
            .is(0, &["passes", "The test passes."]);
    }
    for said in ["2", "s2", "s2_two", "s2_two.rs"] {
        workbook
            .run(&["test", "0", said])
            .is(1, &["Step 2: Two", "1 of 2 tests pass."]);
    }
}

#[test]
fn the_first_failure_is_shown_whole_and_the_others_by_name() {
    let workbook = Workbook::new("all");
    workbook.write(ONE, RIGHT_ONE);
    workbook.write(TWO, "pub fn two() -> u32 {\n    5\n}\n");
    let said = workbook.run(&["test", "0"]);
    let words = [
        "passes      s1_one_is_one",
        "expected 2, got 5",
        "Another test fails:\n  fails       s2_two_is_even",
        "`cargo workbook test 00 --all`",
        "1 of 3 tests pass.",
    ];
    said.is(1, &words);
    assert!(
        !said.stdout.contains("expected 0, got 1"),
        "{}",
        said.stdout
    );
    let whole = [
        "expected 2, got 5",
        "expected 0, got 1",
        "1 of 3 tests pass.",
    ];
    workbook.run(&["test", "0", "--all"]).is(1, &whole);
    workbook.run(&["test", "0", "s2"]).is(
        1,
        &["`cargo workbook test 00 s2 --all`", "0 of 2 tests pass."],
    );
    workbook
        .run(&["test", "0", "s2", "--all"])
        .is(1, &whole[..2]);
}

#[test]
fn a_chapter_that_test_finishes_is_greeted() {
    let workbook = Workbook::new("greeted");
    workbook.write(ONE, RIGHT_ONE);
    workbook.write(TWO, RIGHT_TWO);
    let greeting = ["Chapter 00 is done.", "Every chapter is done."];
    workbook
        .run(&["test", "0", "1"])
        .is(0, &["The test passes."]);
    let words = [&["All 2 tests pass."][..], &greeting].concat();
    workbook.run(&["test", "0", "2"]).is(0, &words);
    // Once.
    let again = workbook.run(&["test", "0"]);
    again.is(0, &["All 3 tests pass."]);
    assert!(!again.stdout.contains("is done"), "{}", again.stdout);
}

#[test]
fn a_tests_name_may_be_cut_short() {
    let workbook = Workbook::new("prefix");
    workbook.write(TWO, "pub fn two() -> u32 {\n    2\n}\n");
    for said in ["s2_two_is_e", "s2_two_is_even", "s2_two::s2_two_is_e"] {
        workbook
            .run(&["test", "0", said])
            .is(0, &["passes      s2_two_is_even", "The test passes."]);
    }
    workbook
        .run(&["test", "0", "s2_"])
        .is(0, &["All 2 tests pass."]);
    workbook.run(&["test", "0", "s2_t"]).is(
        2,
        &[
            "Several tests of chapter 00 begin with \"s2_t\":",
            "s2_two_is_two",
            "s2_two_is_even",
        ],
    );
    workbook.run(&["test", "0", "s2_too"]).is(
        2,
        &[
            "Step 2 of chapter 00 has no test \"s2_too\"",
            "s2_two_is_two",
        ],
    );
    workbook
        .run(&["test", "s2_two_is_e"])
        .is(2, &["`cargo workbook test 00 s2_two_is_even`"]);
}

#[test]
fn where_nothing_can_be_kept_there_are_verdicts_and_hints() {
    let workbook = Workbook::new("read-only");
    // Where the folder belongs there is a file: nobody can write there, not even root.
    workbook.write(".workbook", "");
    let word = "Nothing is remembered for the next time";
    workbook.run(&[]).is(0, &[word, "to do     0.1 one()"]);
    workbook
        .run(&["test", "0", "1"])
        .is(1, &["to do", word, "0.1 one()"]);
    let hint = ["hint 1 of 3  Think", word, "tests/00-first/chapter.toml"];
    workbook.run(&["hint"]).is(0, &hint);
    workbook.run(&["watch"]).is(0, &["0.1 one()", word]);
}

#[test]
fn look_draws_a_run_and_says_where() {
    let workbook = Workbook::new("look");
    let picture = "target/workbook/look/00-s1_one_is_one/a-ladder.svg";
    let path = workbook.root.join(picture);
    let words = [
        "to do       s1_one_is_one",
        picture,
        "packets.pcapng",
        "browser",
        "Wireshark",
    ];
    workbook.run(&["look", "0", "s1_one_i"]).is(0, &words);
    assert_eq!(workbook.read(picture), "<svg></svg>");
    // What an earlier run drew is gone, also when this one draws nothing.
    workbook.write(ONE, "pub fn one() -> u32 {\n    std::process::exit(0)\n}\n");
    workbook.write(
        "tests/00-first/s1_one.rs",
        "#[test]\nfn s1_one_is_one() {\n    first::one();\n}\n",
    );
    let words = [
        "ends early",
        "before it could draw anything",
        "cargo workbook test 00 s1_one_is_one",
    ];
    workbook.run(&["look", "0", "s1_one_is_one"]).is(1, &words);
    assert!(!path.exists());
    workbook.write(ONE, "pub fn one() -> u32 {\n");
    workbook
        .run(&["look", "0", "s1_one"])
        .is(2, &["Say which test of step 1", "look 00 s1_one_is_one"]);
    workbook
        .run(&["look", "0", "s1_one_is_one"])
        .is(1, &["does not compile yet"]);
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let workbook = Workbook::new("names");
    workbook
        .run(&["test", "7"])
        .is(2, &["no chapter \"7\"", "00  First"]);
    workbook
        .run(&["hint", "0", "3"])
        .is(2, &["no step or test \"3\"", "1  One", "2  Two"]);
    workbook
        .run(&["solution", "0", "s9_x"])
        .is(2, &["no step or test \"s9_x\""]);
    // A step where a chapter is asked for.
    for said in ["1", "s1", "s1_one"] {
        let command = "cargo workbook hint 00 s1";
        workbook
            .run(&["hint", said])
            .is(2, &["no chapter", "Did you mean", command]);
    }
    workbook.run(&["reset"]).is(
        2,
        &[
            "cargo workbook reset 00",
            "cargo workbook reset 00 s1",
            "Nothing was changed",
        ],
    );
    workbook.run(&["tset"]).is(2, &["test"]);
    let mut elsewhere = workbook.command(&[]);
    let outside = Said::of(elsewhere.current_dir("/").output().expect("it runs"));
    outside.is(2, &["There is no workbook here."]);
}

#[test]
fn an_optional_step_holds_nobody_up() {
    let workbook = Workbook::new("optional");
    let toml = "tests/00-first/chapter.toml";
    workbook.write(toml, &(workbook.read(toml) + "optional = true\n"));
    workbook.write(ONE, RIGHT_ONE);
    let option = "optional  cargo workbook test 00 s2, Two";
    workbook.run(&[]).is(
        0,
        &[
            "done, 1 of 3 tests",
            "Step 1 passes",
            "Chapter 00 is done.",
            option,
            "Every chapter is done.",
            option,
        ],
    );
    workbook.run(&["watch"]).is(0, &["Every chapter is done."]);
    workbook.run(&["list"]).is(0, &["2  Two (optional)"]);
    workbook.run(&["test", "0"]).is(
        0,
        &[
            "1 of 3 tests pass.",
            "Step 2 (2 tests) is optional. To run it now: `cargo workbook test 00 s2`.",
        ],
    );
    // By name it is a step like any other.
    workbook
        .run(&["test", "0", "2"])
        .is(1, &["to do       s2_two_is_two", "0.2 two()"]);
    workbook
        .run(&["hint", "0", "2"])
        .is(0, &["hint 1 of 3  Use one()."]);
    workbook.write(TWO, RIGHT_TWO);
    workbook
        .run(&["test", "0", "2"])
        .is(0, &["All 2 tests pass."]);
    workbook
        .run(&["solution"])
        .is(0, &["solutions/00-first/src/s2_two.rs"]);
    let said = workbook.run(&[]);
    said.is(0, &["Every chapter is done."]);
    assert!(!said.stdout.contains("optional"), "{}", said.stdout);
}

#[test]
fn hints_come_one_by_one() {
    let workbook = Workbook::new("hints");
    workbook
        .run(&["hint"])
        .is(0, &["00, step 1: One", "hint 1 of 3  Think of a number."]);
    workbook
        .run(&["hint", "00", "s1"])
        .is(0, &["hint 2 of 3  It is small."]);
    workbook
        .run(&["hint", "0", "2"])
        .is(0, &["hint 1 of 3  Use one()."]);
    workbook
        .run(&["hint", "0", "s1_one_is_one"])
        .is(0, &["hint 3 of 3  It is 1.", "no more hints"]);
    workbook.run(&["hint"]).is(
        0,
        &["hint 1 of 3", "hint 2 of 3", "hint 3 of 3", "no more hints"],
    );
}

#[test]
fn the_reference_stays_closed_until_the_step_passes() {
    let workbook = Workbook::new("closed");
    workbook
        .run(&["solution"])
        .is(1, &["Step 1 of chapter 00 does not pass yet"]);
    workbook
        .run(&["solution", "0", "1"])
        .is(1, &["does not pass yet", "--anyway"]);
    workbook
        .run(&["solution", "0", "1", "--anyway"])
        .is(0, &["pub fn one() -> u32 {\n    1"]);
    workbook.write(ONE, RIGHT_ONE);
    workbook
        .run(&["solution", "0", "1"])
        .is(0, &["solutions/00-first/src/s1_one.rs", "git diff"]);
    // Step 2 is open still, and stays closed.
    workbook
        .run(&["solution", "0", "2"])
        .is(1, &["does not pass yet"]);
    // Without a step: the answer that works, or the one at hand.
    for said in [&["solution"][..], &["solution", "0"]] {
        workbook
            .run(said)
            .is(0, &["solutions/00-first/src/s1_one.rs"]);
    }
    workbook
        .run(&["solution", "--anyway"])
        .is(0, &["solutions/00-first/src/s2_two.rs"]);
}

#[test]
fn a_copy_without_the_reference_answers_says_so() {
    let workbook = Workbook::new("without");
    std::fs::remove_dir_all(workbook.root.join("solutions")).expect("a folder");
    for said in [&["solution"][..], &["solution", "0", "2", "--anyway"]] {
        workbook.run(said).is(
            1,
            &["came without the reference answers", "cargo workbook hint"],
        );
    }
    workbook
        .run(&["race", "0"])
        .is(2, &["without the races against them"]);
    workbook
        .run(&["verify"])
        .is(2, &["came without the reference answers"]);
    // None of them is offered.
    let help = workbook.run(&["help"]);
    help.is(0, &["watch", "read", "look", "reset"]);
    for command in ["solution", "race", "verify"] {
        assert!(!help.stdout.contains(command), "{command}: {}", help.stdout);
    }
    for _ in 0..3 {
        workbook.run(&["hint"]);
    }
    let hints = workbook.run(&["hint"]);
    hints.is(0, &["no more hints", "cargo workbook read 00 s1`."]);
    assert!(!hints.stdout.contains("solution"), "{}", hints.stdout);
}

#[test]
fn a_crate_that_does_not_compile_is_shown_as_rustc_shows_it() {
    let workbook = Workbook::new("broken");
    workbook.write(
        ONE,
        "pub fn one() -> u32 {\n    let idle = 3;\n    \"one\"\n}\n",
    );
    let words = [
        "error[E0308]: mismatched types",
        "chapters/00-first/src/s1_one.rs:3:5",
        "chapters/00-first does not compile yet: 1 error.",
    ];
    workbook.run(&[]).is(1, &words);
    workbook.run(&["test", "0"]).is(1, &words);
    let said = workbook.run(&[]);
    assert!(!said.stdout.contains("first one first"), "{}", said.stdout);
    // Errors first.
    workbook.write(
        ONE,
        "pub fn one() -> u32 {\n    let idle = 3;\n    one_more\n}\n",
    );
    workbook
        .run(&["test", "0"])
        .is(1, &["error[E0425]", "does not compile yet"]);
    // A changed signature breaks the tests, which is another thing to say.
    workbook.write(ONE, "pub fn one(from: u32) -> u32 {\n    from\n}\n");
    workbook.write(TWO, "pub fn two() -> u32 {\n    2\n}\n");
    workbook.run(&[]).is(
        1,
        &[
            "The tests do not fit chapters/00-first",
            "signatures of the stubs",
        ],
    );
}

#[test]
fn a_crate_that_cannot_be_fetched_is_no_error_of_the_student() {
    let workbook = Workbook::new("offline");
    let manifest = "chapters/00-first/Cargo.toml";
    workbook.write(
        manifest,
        &(workbook.read(manifest) + "[dependencies]\nitoa = \"1\"\n"),
    );
    let mut command = workbook.command(&[]);
    command.env("CARGO_HOME", workbook.root.join("home"));
    Said::of(command.output().expect("it runs")).is(
        1,
        &["offline", "cargo could not build ch00.", "`cargo fetch`"],
    );
}

#[test]
fn without_cargo_there_is_a_sentence() {
    let workbook = Workbook::new("no-cargo");
    let mut command = workbook.command(&[]);
    command
        .env_remove("CARGO")
        .env("PATH", workbook.root.join("nowhere"));
    Said::of(command.output().expect("it runs")).is(2, &["Cannot run cargo", "on the PATH?"]);
    // What needs no cargo works.
    let mut command = workbook.command(&["read"]);
    command
        .env_remove("CARGO")
        .env("PATH", workbook.root.join("nowhere"));
    Said::of(command.output().expect("it runs")).is(0, &["Step 1: One"]);
}

#[test]
fn a_broken_file_of_the_course_is_named_with_its_line() {
    let workbook = Workbook::new("toml");
    let toml = "tests/00-first/chapter.toml";
    let good = workbook.read(toml);
    workbook.write(toml, &good.replace("minutes = 5", "minutes = "));
    workbook.run(&[]).is(2, &["tests/00-first/chapter.toml:3:"]);
    workbook.write(toml, &good.replace("title = \"Two\"", "titel = \"Two\""));
    workbook
        .run(&["list"])
        .is(2, &["tests/00-first/chapter.toml:10:", "titel"]);
    workbook.write(toml, &good.replace("\"s2_two.rs\"", "\"s2_to.rs\""));
    workbook.run(&["test", "0"]).is(
        2,
        &["tests/00-first/chapter.toml:11:", "step 2 names s2_to.rs"],
    );
    workbook.write(toml, &good);
    workbook.write(
        "tests/00-first/s1_one.rs",
        "#[test]\nfn s1_one_is_one( {}\n",
    );
    let said = workbook.run(&["list"]);
    said.is(2, &["tests/00-first/s1_one.rs:2:", "cannot be read"]);
}

#[test]
fn a_folder_may_have_any_name() {
    let workbook = Workbook::new("net [2026] lab");
    workbook.git(&["init", "-q"]);
    workbook.git(&["add", "."]);
    workbook.git(&["commit", "-q", "-m", "the workbook"]);
    workbook.write(ONE, RIGHT_ONE);
    workbook.run(&[]).is(0, &["1 of 3 tests", "0.2 two()"]);
    workbook
        .run(&["test", "0", "1"])
        .is(0, &["The test passes."]);
    workbook.run(&["hint"]).is(0, &["Use one()."]);
    workbook.run(&["read"]).is(0, &["Step 2: Two"]);
    workbook
        .run(&["look", "0", "s1_one_is"])
        .is(0, &["\ntarget/workbook/look/"]);
    workbook.run(&["solution"]).is(0, &["solutions/00-first"]);
    workbook.run(&["watch"]).is(0, &["0.2 two()"]);
    workbook
        .run(&["reset", "0", "--yes"])
        .is(0, &["1 file is as you got it"]);
}

#[test]
fn a_lost_state_file_costs_nothing_but_a_run() {
    let workbook = Workbook::new("state");
    workbook.write(ONE, RIGHT_ONE);
    workbook.write(".workbook/state.json", "{ not JSON");
    workbook.run(&[]).is(0, &["1 of 3 tests"]);
}

#[test]
fn a_closed_output_is_no_reason_to_panic() {
    let workbook = Workbook::new("head");
    let mut command = workbook.command(&["test", "0"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the workbook runs");
    drop(child.stdout.take());
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut stderr)
        .expect("text");
    assert_eq!(child.wait().expect("an end").code(), Some(1), "{stderr}");
    assert_eq!(stderr, "");
}
