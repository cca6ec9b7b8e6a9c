//! `verify` itself is tested: each way in which a test or a wrong answer can be bad is found.

use crate::fixture::{CHAPTER, TWO, Workbook};

fn wrong(name: &str, find: &str, replace: &str, test: &str, says: &str) -> String {
    format!(
        "[[wrong]]\nname = \"{name}\"\nmistake = \"a mistake\"\nfile = \"s1_one.rs\"\nfind = '{find}'\nreplace = '{replace}'\ntest = \"{test}\"\nsays = [\"{says}\"]\n"
    )
}

fn with_wrong_answers(name: &str, answers: &[String]) -> Workbook {
    let workbook = Workbook::new(name);
    workbook.write(&format!("tests/{CHAPTER}/wrong.toml"), &answers.concat());
    workbook
}

#[test]
fn a_sound_chapter_is_sound() {
    let answers = [
        wrong(
            "two",
            "    1",
            "    2",
            "s1_one_is_one",
            "expected 1,   got 2",
        ),
        wrong(
            "none",
            "    1",
            "    0",
            "s2_two_is_two",
            "expected 2, got 1",
        ),
    ];
    let workbook = with_wrong_answers("verify-sound", &answers);
    let words = ["4 checks, 2 of them wrong answers", "all as it should be"];
    workbook.run(&["verify", "--jobs", "2"]).is(0, &words);
    // Again with everything built: cargo must see that the answer is another one.
    workbook.run(&["verify", "0", "--jobs", "1"]).is(0, &words);
    workbook
        .run(&["verify", "--stubs"])
        .is(0, &["2 checks, 0 of them wrong answers"]);
}

#[test]
fn a_mistake_that_shows_only_sometimes_is_told() {
    // Right when it runs for the first time, wrong ever after.
    let moody = r#"    u32::from(std::fs::create_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/ran")).is_ok())"#;
    let answers = [wrong("moody", "    1", moody, "s1_one_is_one", "got 0")];
    let workbook = with_wrong_answers("verify-moody", &answers);
    workbook.run(&["verify", "--jobs", "1"]).is(
        0,
        &[
            "2nd  00 moody",
            "1 only at the second try: all as it should be",
        ],
    );
}

#[test]
fn a_bad_wrong_answer_is_found() {
    let answers = [
        wrong("escapes", "    1", "    3 - 2", "s1_one_is_one", "expected"),
        wrong("other-test", "    1", "    3", "s2_two_is_even", "expected"),
        wrong(
            "other-words",
            "    1",
            "    3",
            "s1_one_is_one",
            "byte order",
        ),
        wrong("ambiguous", "n", "m", "s1_one_is_one", "expected"),
        wrong("absent", "seven", "eight", "s1_one_is_one", "expected"),
        wrong(
            "no-compile",
            "    1",
            "    \"one\"",
            "s1_one_is_one",
            "expected",
        ),
        wrong("no-test", "    1", "    2", "s1_is_gone", "expected"),
        wrong("fine", "    1", "    5", "s1_one_is_one", "got 5"),
    ];
    let workbook = with_wrong_answers("verify-wrong", &answers);
    let said = workbook.run(&["verify", "--jobs", "1"]);
    said.is(
        1,
        &[
            "10 checks, 8 of them wrong answers",
            "7 not as it should be",
        ],
    );
    for (name, complaint) in [
        ("escapes", "It escapes: s1_one_is_one passes."),
        ("other-test", "It escapes: s2_two_is_even passes."),
        (
            "other-words",
            "The failure does not say:\n  byte order\nIt says:",
        ),
        (
            "ambiguous",
            "`find` stands 2 times in solutions/00-first/src/s1_one.rs",
        ),
        ("absent", "`find` stands 0 times"),
        (
            "no-compile",
            "The wrong answer does not compile.\nerror[E0308]",
        ),
        ("no-test", "There is no test s1_is_gone."),
    ] {
        said.is(1, &[&format!("BAD  00 {name}: ")]);
        said.is(
            1,
            &[
                &format!("\n00 {name}: "),
                complaint,
                "The mistake: a mistake",
            ],
        );
    }
    said.is(1, &["ok   00 fine: s1_one_is_one"]);
}

#[test]
fn a_bad_stub_and_a_bad_solution_are_found() {
    let workbook = Workbook::new("verify-stub");
    workbook.write(TWO, "pub fn two() -> u32 {\n    let idle = 4;\n    4\n}\n");
    workbook.write(
        "solutions/00-first/src/s1_one.rs",
        "pub fn one() -> u32 {\n    7\n}\n",
    );
    workbook.write(
        "tests/00-first/main.rs",
        &(workbook.read("tests/00-first/main.rs") + "\n#[test]\nfn nobody_runs_me() {}\n"),
    );
    workbook.run(&["verify"]).is(
        1,
        &[
            "00 stubs",
            "unused variable",
            "s2_two_is_two fails on the stub, without reaching a todo!",
            "s2_two_is_even passes on the stub",
            "nobody_runs_me belongs to no step",
            "00 solution",
            "s1_one_is_one fails",
            "expected 1, got 7",
        ],
    );
    let toml = "tests/00-first/chapter.toml";
    let excused = workbook.read(toml) + "passes_on_stub = { s2_two_is_even = \"it is\" }\n";
    workbook.write(toml, &excused);
    let said = workbook.run(&["verify", "--stubs"]);
    assert!(
        !said.stdout.contains("s2_two_is_even passes"),
        "{}",
        said.stdout
    );
}
