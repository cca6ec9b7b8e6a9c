//! A conversation of one's own, played to the connection of chapter 12.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::fixture::{Said, Workbook};

const CHAPTER: &str = "chapters/12-tcp-close";
const TESTS: &str = "tests/12-tcp-close";
const COURSE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(COURSE).join(file)).expect("a file of the course")
}

/// Chapter 12 with these sources, in a workbook that takes from the course what the chapter stands on.
fn workbook(name: &str, sources: &str) -> Workbook {
    let workbook = Workbook::new(name);
    for (to, from) in [
        (format!("{CHAPTER}/src"), format!("{sources}/src")),
        (TESTS.into(), TESTS.into()),
    ] {
        for entry in fs::read_dir(Path::new(COURSE).join(&from)).expect("a folder of the course") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            if entry.path().is_file() {
                workbook.write(&format!("{to}/{name}"), &read(&format!("{from}/{name}")));
            }
        }
    }
    let course = COURSE.replace('\\', "/"); // a string of TOML
    let manifest = read(&format!("{CHAPTER}/Cargo.toml"));
    let manifest = manifest.replace("../../solutions", &format!("{course}/solutions"));
    workbook.write(&format!("{CHAPTER}/Cargo.toml"), &manifest);
    workbook.write("Cargo.lock", &read("Cargo.lock"));
    let all = read("Cargo.toml");
    let (_, inherited) = all.split_once("[workspace.package]").expect("it has one");
    let inherited = inherited.replace("\"tests/netlab\"", &format!("\"{course}/tests/netlab\""));
    workbook.write(
        "Cargo.toml",
        &format!(
            "[workspace]\nresolver = \"3\"\nmembers = [\"{CHAPTER}\"]\n[workspace.package]{inherited}"
        ),
    );
    workbook
}

/// One workbook for all tests that need an answer.
fn finished() -> &'static Workbook {
    static WORKBOOK: OnceLock<Workbook> = OnceLock::new();
    WORKBOOK.get_or_init(|| workbook("script-finished", "solutions/12-tcp-close"))
}

/// Plays this text, as a file of this name.
fn plays(workbook: &Workbook, file: &str, text: &str) -> Said {
    workbook.write(file, text);
    run(workbook, &["script", file])
}

fn run(workbook: &Workbook, arguments: &[&str]) -> Said {
    let mut command = workbook.command(arguments);
    // What the chapter stands on is built once for both workbooks.
    command.env(
        "CARGO_TARGET_DIR",
        concat!(env!("CARGO_TARGET_TMPDIR"), "/script-target"),
    );
    Said::of(command.output().expect("the workbook runs"))
}

#[test]
fn a_script_comes_true_or_its_line_is_marked() {
    let text = "
        # An open, a request, and the other side's close.
        with iss=100 mss=1000 msl=1000
          0 ms  connect()
                --> SYN seq 100 mss 1000                  SYN-SENT
         10     <-- SYN,ACK seq 300 ack 101 mss 500
                --> ACK seq 101 ack 301
                established                               ESTABLISHED
         20     send(\"hello\") = 5
                --> ACK seq 101 ack 301 \"hello\"
         30     <-- FIN,ACK seq 301 ack 106
                --> ACK seq 106 ack 302                   CLOSE-WAIT
         40     close()
                --> FIN,ACK seq 106 ack 302               LAST-ACK
         50     <-- ACK seq 302 ack 107                   CLOSED
    ";
    plays(finished(), "good.script", text).is(0, &["Every line came true."]);

    // The line, what came instead, the variables, and the reason that stands above the line.
    let wrong = text.replace(
        "--> ACK seq 106 ack 302 ",
        "# Made up.\n                --> ACK seq 106 ack 301 ",
    );
    let said = plays(finished(), "wrong.script", &wrong);
    said.is(
        1,
        &[
            "  30     <-- FIN,ACK seq 301 ack 106\n",
            "✗         --> ACK seq 106 ack 301 ",
            "\n  expected  --> ACK seq 106 ack 301\n",
            "  got       --> ACK seq 106 ack 302",
            "ack 302 instead of 301, at 30 ms",
            "  variables CLOSE-WAIT, SND.UNA 106, SND.NXT 106",
            "RCV.NXT 302",
            "  why       ack is the number that we want next",
            "Made up.",
        ],
    );
    assert_eq!(said.stdout.matches('✗').count(), 1, "{}", said.stdout);
    assert!(!said.stdout.contains("came true"), "{}", said.stdout);

    // A segment that no line says.
    let short = "0 connect()\n--> SYN seq 100\n1500 nothing";
    plays(finished(), "short.script", short).is(
        1,
        &[
            "✗ 1500 nothing",
            "nothing until 1500 ms",
            "--> SYN seq 100",
            "at 1000 ms",
        ],
    );
}

#[test]
fn what_cannot_be_played_is_refused_with_its_place() {
    let workbook = finished();
    let said = run(workbook, &["script", "nowhere.script"]);
    said.is(1, &["nowhere.script: "]);
    assert_eq!(said.stdout, "");

    let cases = [
        (
            "\n# A heading\n\n    with iss=100\n    0 ms  connect()\n          --> SYN seq abc\n",
            "line 6, column 23 of the script: `seq abc`: no number of 32 bits\n            --> SYN seq abc\n",
        ),
        (
            "0 connect() --> SYN\n5 ms SYN,ACK",
            "line 2, column 6 of the script: `SYN,ACK` is nothing that a script can say\n",
        ),
    ];
    for (text, complaint) in cases {
        let said = plays(workbook, "slip.script", text);
        said.is(1, &["slip.script, ", complaint]);
        assert_eq!(said.stdout, "");
    }

    // What the notation allows and the connection does not have.
    for (text, complaint) in [
        (
            "with iss=x\n0 connect()",
            "`with iss=x` is no number\nodd.script was at: with iss=x\n",
        ),
        (
            "with colour=1\n0 connect()",
            "a connection has no setting colour\n",
        ),
        (
            "0 listen()\n5 bind()",
            "a connection has no bind()\nodd.script was at: 5 bind()\n",
        ),
    ] {
        let said = plays(workbook, "odd.script", text);
        said.is(1, &[complaint]);
        assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
    }

    run(workbook, &["script", "slip.script", "0"])
        .is(2, &["No script can be played to this chapter's answer."]);
}

#[test]
fn a_chapter_that_is_not_finished_says_what_is_to_do() {
    let workbook = workbook("script-stubs", CHAPTER);
    let said = plays(&workbook, "my.script", "0 connect()\n--> SYN seq 100");
    said.is(
        1,
        &["chapters/12-tcp-close/src/s", "not yet implemented: 12."],
    );
    assert_eq!(said.stdout, "");
    // What is no script needs no answer to be refused.
    plays(&workbook, "slip.script", "0 connect()\n--> SYN seq").is(1, &["line 2, column 12"]);
}
