//! Runs the attacks at each strength of the jail, as whoever starts it and, if that is root, as an ordinary user, and
//! prints what came of them as a table in Markdown.
//!
//! ```text
//! cargo run -p grader --example attack_table
//! ```
//!
//! A cell says what an attack said of itself, `done` or `refused`, or the verdict, and how long the test ran. Whoever
//! scores a point fails the run. Where a cell is empty, the attack is not tried, as it would end the grader.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, ExitCode};

/// As in `tests/support/rows.rs`.
const ROWS: &str = "GRADER_ATTACK_ROWS";

const COLUMNS: [(&str, &str); 8] = [
    ("bwrap", "root"),
    ("bwrap", "user"),
    ("landlock", "root"),
    ("landlock", "user"),
    ("rlimits", "root"),
    ("rlimits", "user"),
    ("none", "root"),
    ("none", "user"),
];

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    open(folder.path(), 0o711).expect("ours");
    let file = folder.path().join("rows");
    fs::write(&file, "").expect("a file");
    // Another user adds to it.
    open(&file, 0o666).expect("ours");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args([
            "test",
            "-p",
            "grader",
            "--features",
            "grader/long",
            "--test",
            "attacks",
            "--",
        ])
        .args([
            "ends::an_end",
            "reaches::with",
            "bombs::each",
            "next_test::nothing",
            "more::",
            "user::",
        ])
        .env(ROWS, &file)
        .stdout(std::io::stderr())
        .status()
        .expect("cargo runs");
    let text = fs::read_to_string(&file).expect("the rows");
    print!("{}", table(&text));
    match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn table(rows: &str) -> String {
    let mut cells: BTreeMap<(&str, &str), [String; COLUMNS.len()]> = BTreeMap::new();
    for row in rows.lines() {
        let fields: Vec<&str> = row.split('\t').collect();
        let [kind, attack, strength, user, fate, points, seconds] = fields[..] else {
            panic!("a row with {} fields: {row}", fields.len());
        };
        let column = COLUMNS.iter().position(|one| *one == (strength, user));
        let column = column.unwrap_or_else(|| panic!("no column for {row}"));
        let points = match points {
            "0" => String::new(),
            points => format!(", {points} points"),
        };
        cells.entry((kind, attack)).or_default()[column] = format!("{fate}{points} {seconds}");
    }
    let heads: Vec<String> = COLUMNS
        .map(|(strength, user)| format!("{strength}, {user}"))
        .into();
    let mut text = format!(
        "| | {} |\n|---|{}\n",
        heads.join(" | "),
        "---|".repeat(COLUMNS.len())
    );
    for ((kind, attack), cells) in cells {
        text += &format!("| {kind}: {attack} | {} |\n", cells.join(" | "));
    }
    text
}
