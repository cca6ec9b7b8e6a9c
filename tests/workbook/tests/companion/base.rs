//! On whose answers a chapter stands.

use crate::fixture::{ONE, RIGHT_ONE, RIGHT_TWO, TWO, Workbook};

/// A workbook in which 01 stands on 00, and 02 on both.
fn tower(name: &str) -> Workbook {
    let workbook = Workbook::new(name);
    let reference = |name: &str, folder: &str| {
        let package = format!("sol{}", &folder[..2]);
        format!("{name} = {{ package = \"{package}\", path = \"../../solutions/{folder}\" }}\n")
    };
    let first = reference("first", "00-first");
    let both = format!("{first}{}", reference("second", "01-second"));
    let mut members = vec![
        "chapters/00-first".to_owned(),
        "solutions/00-first".to_owned(),
    ];
    for (folder, library, on) in [
        ("01-second", "second", &first),
        ("02-third", "third", &both),
    ] {
        let number = &folder[..2];
        for (dir, package, library) in [
            ("chapters", format!("ch{number}"), library.to_owned()),
            (
                "solutions",
                format!("sol{number}"),
                format!("{library}_solution"),
            ),
        ] {
            members.push(format!("{dir}/{folder}"));
            let head = format!("[package]\nname = \"{package}\"\nedition = \"2024\"\n");
            let lib = format!("[lib]\nname = \"{library}\"\ntest = false\ndoctest = false\n");
            let test =
                format!("[[test]]\nname = \"exercise\"\npath = \"../../tests/{folder}/main.rs\"\n");
            let test = if dir == "chapters" {
                test
            } else {
                String::new()
            };
            workbook.write(
                &format!("{dir}/{folder}/Cargo.toml"),
                &format!("{head}{lib}{test}[dependencies]\n# The reference answer.\n{on}"),
            );
            workbook.write(
                &format!("{dir}/{folder}/src/lib.rs"),
                "pub fn three() -> u32 {\n    first::one() + 2\n}\n",
            );
        }
        workbook.write(
            &format!("tests/{folder}/chapter.toml"),
            "title = \"More\"\nsummary = \"More.\"\nminutes = 5\n[[step]]\ntitle = \"Three\"\nfile = \"s1_three.rs\"\nminutes = 5\nhints = [\"a\", \"b\", \"c\"]\n",
        );
        workbook.write(&format!("tests/{folder}/main.rs"), "mod s1_three;\n");
        workbook.write(
            &format!("tests/{folder}/s1_three.rs"),
            &format!(
                "#[test]\nfn s1_three() {{\n    assert_eq!({library}::three(), first::two() + 1);\n}}\n"
            ),
        );
    }
    let list = format!("members = {members:?}");
    let old = "members = [\"chapters/00-first\", \"solutions/00-first\"]";
    let top = workbook.read("Cargo.toml").replace(old, &list);
    workbook.write("Cargo.toml", &top);
    workbook
}

const SECOND: &str = "chapters/01-second/Cargo.toml";
const OWN_FIRST: &str = "first = { package = \"ch00\", path = \"../00-first\" }";

#[test]
fn one_word_and_back() {
    let workbook = tower("base-one");
    let before = workbook.read(SECOND);
    workbook.run(&["use"]).is(
        0,
        &[
            "01 stands on the reference answer of 00.",
            "02 stands on the reference answer of 00.",
            "02 stands on the reference answer of 01.",
        ],
    );
    workbook
        .run(&["use", "mine", "1"])
        .is(0, &["01 stands on your answer of 00."]);
    let after = workbook.read(SECOND);
    assert!(after.contains(OWN_FIRST), "{after}");
    assert!(after.contains("# The reference answer."), "{after}");
    workbook
        .run(&["use", "mine", "1"])
        .is(0, &["Nothing was changed."]);
    workbook
        .run(&["use", "reference", "1"])
        .is(0, &["01 stands on the reference answer of 00."]);
    assert_eq!(workbook.read(SECOND), before);
}

#[test]
fn two_answers_of_one_chapter_never_meet() {
    let workbook = tower("base-tower");
    let all = [
        "01 stands on your answer of 00.",
        "02 stands on your answer of 00.",
        "02 stands on your answer of 01.",
    ];
    // 02 is linked with 01, which is linked with 00.
    workbook.run(&["use", "mine", "02"]).is(0, &all);
    // And so 02 cannot stay when 01 goes back.
    workbook.run(&["use", "reference", "01"]).is(
        0,
        &[
            "01 stands on the reference",
            "02 stands on the reference",
            "02 stands on the reference",
        ],
    );
    workbook.run(&["use", "mine"]).is(0, &all);
    workbook.run(&["use"]).is(0, &all);
    workbook.run(&["use", "reference"]).is(0, &["01", "02"]);
}

#[test]
fn the_tests_run_on_what_was_said() {
    let workbook = tower("base-runs");
    workbook.write(ONE, RIGHT_ONE);
    // A wrong answer, which only a chapter that stands on it notices.
    workbook.write(TWO, &RIGHT_TWO.replace("+ 1", "+ 7"));
    let passes = |code| {
        let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
        let output = std::process::Command::new(cargo)
            .args(["test", "-q", "-p", "ch02"])
            .current_dir(&workbook.root)
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .expect("cargo runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), code, "{said}");
    };
    passes(true);
    workbook.run(&["use", "mine", "02"]).is(0, &["02"]);
    passes(false);
    workbook.write(TWO, RIGHT_TWO);
    passes(true);
}

#[test]
fn a_copy_for_students_has_nothing_to_choose() {
    let workbook = tower("base-copy");
    std::fs::remove_dir_all(workbook.root.join("solutions")).expect("a folder");
    for words in [&["use"][..], &["use", "reference", "01"]] {
        workbook
            .run(words)
            .is(2, &["every chapter stands on your own"]);
    }
    let help = workbook.run(&["help"]);
    assert!(!help.stdout.contains("  use"), "{}", help.stdout);
}
