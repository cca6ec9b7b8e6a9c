//! A workbook of one small chapter, in a folder of its own, and its `cargo workbook`.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

pub const CHAPTER: &str = "00-first";
pub const ONE: &str = "chapters/00-first/src/s1_one.rs";
pub const TWO: &str = "chapters/00-first/src/s2_two.rs";
pub const RIGHT_ONE: &str = "pub fn one() -> u32 {\n    1\n}\n";
pub const RIGHT_TWO: &str = "pub fn two() -> u32 {\n    crate::one() + 1\n}\n";

const FILES: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        // The profile builds a fifth quicker.
        r#"[workspace]
resolver = "3"
members = ["chapters/00-first", "solutions/00-first"]
[profile.dev]
debug = false
incremental = false
"#,
    ),
    (".gitignore", "/target/\n/.workbook/\n"),
    // The tests compare bytes: no other line ends on Windows.
    (".gitattributes", "* -text\n"),
    // A folder of this name is how the workbook knows its root.
    ("tests/workbook/README", ""),
    (
        "chapters/00-first/Cargo.toml",
        r#"[package]
name = "ch00"
edition = "2024"
[lib]
name = "first"
test = false
doctest = false
[[test]]
name = "exercise"
path = "../../tests/00-first/main.rs"
"#,
    ),
    (
        "chapters/00-first/src/lib.rs",
        "mod s1_one;\nmod s2_two;\npub use s1_one::one;\npub use s2_two::two;\n",
    ),
    (
        ONE,
        "pub fn one() -> u32 {\n    todo!(\"0.1 one(): the number 1\")\n}\n",
    ),
    (
        TWO,
        "pub fn two() -> u32 {\n    todo!(\"0.2 two(): one more than one()\")\n}\n",
    ),
    (
        "solutions/00-first/Cargo.toml",
        r#"[package]
name = "sol00"
edition = "2024"
[lib]
name = "first_solution"
test = false
doctest = false
[[test]]
name = "solution"
path = "../../tests/00-first/author/solution.rs"
"#,
    ),
    (
        "solutions/00-first/src/lib.rs",
        "mod s1_one;\nmod s2_two;\npub use s1_one::one;\npub use s2_two::two;\n",
    ),
    ("solutions/00-first/src/s1_one.rs", RIGHT_ONE),
    ("solutions/00-first/src/s2_two.rs", RIGHT_TWO),
    (
        "tests/00-first/chapter.toml",
        r#"title = "First"
summary = "Two numbers."
minutes = 5
[[step]]
title = "One"
file = "s1_one.rs"
minutes = 2
hints = ["Think of a number.", "It is small.", "It is 1."]
[[step]]
title = "Two"
file = "s2_two.rs"
minutes = 3
hints = ["Use one().", "Add.", "one() + 1"]
points = { s2_two_is_even = 4 }
"#,
    ),
    (
        "book/src/00-first.md",
        r#"# 00 First

Two numbers. The [glossary](glossary.md) says what a number is.

## Step 1: One {#step-1}

Answer with the number that comes *before* two, and mind that a **line** of a page is wrapped at the width.

```rust
{{#include ../../tests/00-first/obvious.rs:obvious}}
```

<div class="picture">

{{#include pictures/one.svg}}

</div>

## Step 2: Two {#step-2}

One more, as in [step 1](#step-1).

## Look {#look}

Nothing to see.
"#,
    ),
    ("book/src/glossary.md", "# Glossary\n\nA number counts.\n"),
    (
        "book/src/pictures/one.svg",
        "<svg>\n<title>A one</title>\n</svg>\n",
    ),
    (
        "tests/00-first/obvious.rs",
        "use x;\n// ANCHOR: obvious\nfn one() -> u32 {\n    0\n}\n// ANCHOR_END: obvious\n",
    ),
    (
        "tests/00-first/author/solution.rs",
        "extern crate first_solution as first;\n#[path = \"../main.rs\"]\nmod exercise;\n",
    ),
    (
        // Reports failures, and draws, as the laboratory does.
        "tests/00-first/main.rs",
        r#"mod s1_one;
mod s2_two;

fn same(got: u32, want: u32) {
    if got != want {
        panic!("expected {want}, got {got}");
    }
}

fn lab(body: fn()) {
    if let (Some(folder), Some(_)) = (std::env::var_os("NETLAB_PICTURES"), std::env::var_os("NETLAB_LOOK")) {
        std::fs::write(std::path::Path::new(&folder).join("a-ladder.svg"), "<svg></svg>").unwrap();
        std::fs::write(std::path::Path::new(&folder).join("packets.pcapng"), "").unwrap();
    }
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.to_string();
        let (_, text) = text.split_once('\n').unwrap_or_default();
        match text.strip_prefix("not yet implemented: ") {
            Some(to_do) => eprintln!("  to do     {to_do}"),
            None => eprintln!("  got       {text}"),
        }
    }));
    body();
}
"#,
    ),
    (
        "tests/00-first/s1_one.rs",
        "use super::{lab, same};\n\n#[test]\nfn s1_one_is_one() {\n    lab(|| same(first::one(), 1));\n}\n",
    ),
    (
        "tests/00-first/s2_two.rs",
        r#"use super::{lab, same};

#[test]
fn s2_two_is_two() {
    lab(|| same(first::two(), 2));
}

#[test]
fn s2_two_is_even() {
    lab(|| same(first::two() % 2, 0));
}
"#,
    ),
];

pub struct Workbook {
    pub root: PathBuf,
}

impl Workbook {
    /// A fresh copy. `name` is the test's, so that no two share a folder.
    pub fn new(name: &str) -> Workbook {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&root);
        let workbook = Workbook { root };
        for (file, text) in FILES {
            workbook.write(file, text);
        }
        workbook
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.root.join(file);
        fs::create_dir_all(path.parent().expect("files lie in folders")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).expect("a file")
    }

    /// `cargo workbook` with these arguments, without a terminal and at end of input.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workbook"));
        command
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("NETLAB_PATIENCE")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().expect("the workbook runs"))
    }

    pub fn git(&self, arguments: &[&str]) {
        let status = Command::new("git")
            .args([
                "-c",
                "user.name=Somebody",
                "-c",
                "user.email=somebody@localhost",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(arguments)
            .current_dir(&self.root)
            .stdout(Stdio::null())
            .status()
            .expect("git runs");
        assert!(status.success(), "git {arguments:?}");
    }
}

/// What follows these words; a line may end at one of their blanks.
fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let blanks = words.match_indices(' ').map(|(at, _)| at);
    let broken = blanks.map(|at| format!("{}\n{}", &words[..at], &words[at + 1..]));
    let found = std::iter::once(words.to_owned())
        .chain(broken)
        .filter_map(|words| text.split_once(&words));
    let (_, after) = found.min_by_key(|(before, _)| before.len())?;
    Some(after)
}

/// What a command said and how it ended.
pub struct Said {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Said {
    pub fn of(output: Output) -> Said {
        Said {
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
            code: output.status.code(),
        }
    }

    /// Fails unless the command ended with this code and said these words in this order. A line may
    /// have been broken at a blank in them.
    #[track_caller]
    pub fn is(&self, code: i32, words: &[&str]) {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert_eq!(self.code, Some(code), "exit code; it said:\n{all}");
        let mut rest = all.as_str();
        for word in words {
            match after(rest, word) {
                Some(after) => rest = after,
                None => panic!("no \"{word}\" (in this order) in:\n{all}"),
            }
        }
        assert!(!all.contains('\x1b'), "colours without a terminal:\n{all}");
    }
}
