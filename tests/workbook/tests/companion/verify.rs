//! `verify` itself is tested: each way in which a test or a wrong answer can be bad is found.

use crate::fixture::{CHAPTER, TWO, Workbook};

fn wrong(name: &str, find: &str, replace: &str, test: &str, says: &str) -> String {
    format!(
        "[[find]]\ntext = '{find}'\n[[find.wrong]]\nname = \"{name}\"\nmistake = \"a mistake\"\nreplace = '{replace}'\ntest = \"{test}\"\nsays = [\"{says}\"]\n"
    )
}

fn with_wrong_answers(name: &str, answers: &[String]) -> Workbook {
    let workbook = Workbook::new(name);
    workbook.write(
        &format!("tests/{CHAPTER}/author/wrong/s1_one.toml"),
        &answers.concat(),
    );
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
    let words = ["4 checks (2 wrong answers)", "all as it should be"];
    workbook.run(&["verify", "--jobs", "2"]).is(0, &words);
    // Again with everything built: cargo must see that the answer is another one.
    workbook.run(&["verify", "0", "--jobs", "1"]).is(0, &words);
    workbook
        .run(&["verify", "--stubs"])
        .is(0, &["2 checks (0 wrong answers)"]);
}

#[test]
fn a_mistake_that_shows_only_sometimes_is_told() {
    // Right when it runs for the first time, wrong ever after. The second try has a folder of its own, beside
    // that of the first.
    let moody = r#"    u32::from(std::fs::create_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../ran")).is_ok())"#;
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
        wrong(
            "moved-away",
            "    1",
            "    let text = String::new(); drop(text); text.len() as u32",
            "s1_one_is_one",
            "expected",
        ),
        wrong("no-test", "    1", "    2", "s1_is_gone", "expected"),
        wrong("fine", "    1", "    5", "s1_one_is_one", "got 5"),
    ];
    let workbook = with_wrong_answers("verify-wrong", &answers);
    let said = workbook.run(&["verify", "--jobs", "1"]);
    said.is(1, &["11 checks (9 wrong answers)", "8 not as it should be"]);
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
        // rustc finds it later than the other.
        (
            "moved-away",
            "The wrong answer does not compile.\nerror[E0382]",
        ),
        ("no-test", "There is no test s1_is_gone."),
    ] {
        said.is(1, &[&format!("BAD  00 {name}: ")]);
        said.is(
            1,
            &[
                &format!("\n00 {name}: "),
                "tests/00-first/author/wrong/s1_one.toml:",
                "The mistake: a mistake.",
                complaint,
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

#[test]
fn an_author_may_ask_for_a_part() {
    let answers = [
        wrong("two", "    1", "    2", "s1_one_is_one", "got 2"),
        wrong("none", "    1", "    0", "s2_two_is_two", "got 1"),
    ];
    let workbook = with_wrong_answers("verify-part", &answers);
    let said = workbook.run(&["verify", "0", "two"]);
    said.is(
        0,
        &[
            "1/1  ok   00 two: s1_one_is_one",
            "1 check (1 wrong answer)",
        ],
    );
    let said = workbook.run(&["verify", "0", "s2", "--jobs", "1"]);
    said.is(
        0,
        &[
            "00 stubs: 2 tests wait",
            "00 solution: 2 tests pass",
            "00 none",
            "3 checks",
        ],
    );
    let said = workbook.run(&["verify", "0", "s1_one_is_one", "--jobs", "1"]);
    said.is(
        0,
        &[
            "00 stubs: 1 test waits",
            "00 solution: 1 test passes",
            "00 two",
            "3 checks",
        ],
    );
    let said = workbook.run(&["verify", "0", "three"]);
    said.is(
        2,
        &[
            "no step or test \"three\"",
            "Nor is there a wrong answer of this name.",
        ],
    );

    // Each check belongs to exactly one shard.
    let shards = ["1/2", "2/2"].map(|shard| workbook.run(&["verify", "--shard", shard]));
    let all: String = shards.iter().map(|said| said.stdout.as_str()).collect();
    for check in ["00 stubs", "00 solution", "00 two", "00 none"] {
        assert_eq!(all.matches(check).count(), 1, "{check} in:\n{all}");
    }
    for said in &shards {
        said.is(0, &["all as it should be"]);
    }
    workbook
        .run(&["verify", "--shard", "3/2"])
        .is(2, &["--shard", "a shard is 1/4"]);
}

#[test]
fn only_what_a_change_can_reach_is_checked() {
    let answers = [
        wrong("two", "    1", "    2", "s1_one_is_one", "got 2"),
        wrong("none", "    1", "    0", "s2_two_is_two", "got 1"),
    ];
    let workbook = with_wrong_answers("verify-changed", &answers);
    workbook.git(&["init", "--quiet"]);
    let committed = || {
        workbook.git(&["add", "--all"]);
        workbook.git(&["commit", "--quiet", "--allow-empty", "--message", "x"]);
    };
    let append = |file: &str, text: &str| workbook.write(file, &(workbook.read(file) + text));
    committed();
    let reaches = |checks: &[&str]| {
        let said = workbook.run(&["verify", "--changed", "HEAD", "--jobs", "1"]);
        if checks.is_empty() {
            return said.is(0, &["There is nothing to check."]);
        }
        for check in checks {
            said.is(0, &[&format!("ok   00 {check}")]);
        }
        let count = format!("{}/{0}", checks.len());
        said.is(0, &[&format!("{count}  ok")]);
    };
    reaches(&[]);
    // A file that no test reads, not yet known to git.
    workbook.write("book/src/new.md", "# New\n");
    reaches(&[]);
    // One wrong answer, and what stands beside it in the file.
    let third = wrong("three", "    1", "    3", "s1_one_is_one", "got 3");
    append(&format!("tests/{CHAPTER}/author/wrong/s1_one.toml"), &third);
    reaches(&["three"]);
    committed();
    append(&format!("tests/{CHAPTER}/s2_two.rs"), "// more\n");
    reaches(&["stubs", "solution", "none"]);
    committed();
    append(TWO, "// more\n");
    reaches(&["stubs"]);
    committed();
    append("solutions/00-first/src/s2_two.rs", "// more\n");
    reaches(&["solution", "two", "none", "three"]);
    committed();
    append("Cargo.toml", "# more\n");
    reaches(&["stubs", "solution", "two", "none", "three"]);
    workbook
        .run(&["verify", "--changed", "no-such-commit"])
        .is(2, &["git says", "no-such-commit"]);
}

#[test]
fn a_test_that_needs_another_test_is_compiled_with_it() {
    let answers = [wrong("none", "    1", "    0", "s2_two_is_even", "got 1")];
    let workbook = with_wrong_answers("verify-needs", &answers);
    let file = format!("tests/{CHAPTER}/s2_two.rs");
    let calls = workbook
        .read(&file)
        .replace("lab(|| same(first::two() % 2, 0))", "s2_two_is_two()");
    workbook.write(&file, &calls);
    workbook
        .run(&["verify", "0", "none"])
        .is(0, &["ok   00 none: s2_two_is_even"]);
}

/// Where there are many wrong answers, they are compiled together, and so is the program that the tests
/// start. If that went wrong, there would be second tries.
#[test]
fn tests_and_program_are_of_the_wrong_answer() {
    let answers = [2, 3, 4, 5, 6, 7, 8].map(|number| {
        let (find, replace, test) = match number {
            2 | 3 => ("    1", format!("    {number}"), "s1_one_is_one"),
            4 | 5 => ("    1", format!("    {number}"), "s1_the_program_says_one"),
            // The program compiles a copy of a generic function.
            _ => (
                "T::from(1)",
                format!("T::from({number})"),
                "s1_the_program_says_one",
            ),
        };
        wrong(
            &format!("is-{number}"),
            find,
            &replace,
            test,
            &format!("got {number}"),
        )
    });
    let workbook = with_wrong_answers("verify-program", &answers);
    let append = |file: &str, text: &str| workbook.write(file, &(workbook.read(file) + text));
    for (folder, package, library) in [
        ("chapters/00-first", "ch00", "first"),
        ("solutions/00-first", "sol00", "first_solution"),
    ] {
        append(
            &format!("{folder}/Cargo.toml"),
            &format!("[[bin]]\nname = \"{package}\"\npath = \"src/main.rs\"\ntest = false\n"),
        );
        workbook.write(
            &format!("{folder}/src/main.rs"),
            &format!("use {library}::{{any, one}};\nfn main() {{\n    println!(\"{{}}\", one() * any::<u32>());\n}}\n"),
        );
        append(
            &format!("{folder}/src/s1_one.rs"),
            "pub fn any<T: From<u8>>() -> T {\n    T::from(1)\n}\n",
        );
        append(&format!("{folder}/src/lib.rs"), "pub use s1_one::any;\n");
    }
    append(
        &format!("tests/{CHAPTER}/s1_one.rs"),
        r#"
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

#[test]
fn s1_the_program_says_one() {
    lab(|| {
        let output = std::process::Command::new(PROGRAM).output().expect("the program");
        let said = String::from_utf8(output.stdout).expect("text");
        same(said.trim().parse().unwrap_or_else(|_| todo!("no number")), 1);
    });
}
"#,
    );
    let said = workbook.run(&["verify", "--jobs", "2"]);
    said.is(0, &["9 checks (7 wrong answers)", "s: all as it should be"]);
}
