//! Attacks on and by the compiler.

use std::time::Instant;

use grader::jail::Isolation;
use grader::report::{Status, Verdict};
use grader::settings::{Limits, Settings};

use crate::support::{self, CHAPTER_00, Submission, course, grade, scratch, settings};

/// A library of these lines does not compile, and rustc says why.
fn refused(settings: &Settings, name: &str, lib: &str, words: &str) {
    let lib = lib
        .replace("{COURSE}", &course().root.display().to_string())
        .replace("{SCRATCH}", &scratch().display().to_string());
    let submission =
        Submission::stubs(&[CHAPTER_00]).with(&format!("chapters/{CHAPTER_00}/src/lib.rs"), &lib);
    let began = Instant::now();
    let report = grade(&submission, settings);
    assert_eq!(
        (report.status, report.score, &report.problem),
        (Status::Graded, 0, &None),
        "{name}"
    );
    let [chapter] = &report.chapters[..] else {
        panic!("one chapter")
    };
    let said = chapter.build_error.as_deref().unwrap_or_default();
    assert!(said.contains(words), "{name}: {words:?} is not in {said}");
    assert!(
        chapter
            .tests
            .iter()
            .all(|test| test.verdict == Verdict::BuildError)
    );
    assert!(!said.contains("root:x:0:0"), "{name}");
    eprintln!("{name}: {:?}", began.elapsed());
}

/// What rustc says of the rule that is broken, which it spells in its own way.
const UNSAFE: &str = "-F unsafe-code";

#[test]
fn unsafe_code_does_not_compile_whatever_it_is_called() {
    let settings = settings(&[CHAPTER_00]);
    for (name, lib, words) in [
        (
            "an allow",
            "#![allow(unsafe_code)]\n",
            "incompatible with previous forbid",
        ),
        ("a block", "pub fn f() { unsafe {} }", UNSAFE),
        (
            "a macro",
            "macro_rules! m { ($k:tt) => { $k {} } }\npub fn f() { m!(unsafe) }",
            "error",
        ),
        (
            "a macro of its own",
            "macro_rules! m { () => { unsafe { std::hint::unreachable_unchecked() } } }\npub fn f() { m!() }",
            UNSAFE,
        ),
        (
            "a constructor",
            "#[used]\n#[unsafe(link_section = \".init_array\")]\nstatic F: extern \"C\" fn() = f;\nextern \"C\" fn f() { std::process::exit(0) }",
            UNSAFE,
        ),
        (
            "a symbol",
            "#[unsafe(no_mangle)]\npub extern \"C\" fn write() -> isize { 0 }",
            UNSAFE,
        ),
        (
            "an exported name",
            "#[unsafe(export_name = \"write\")]\npub extern \"C\" fn f() -> isize { 0 }",
            UNSAFE,
        ),
        ("assembly", "std::arch::global_asm!(\"nop\");", UNSAFE),
        (
            "a C function that says it is safe",
            "unsafe extern \"C\" { safe fn dup(fd: i32) -> i32; }\npub fn f() { dup(3); }",
            UNSAFE,
        ),
        (
            "an allocator",
            "struct A;\nunsafe impl std::alloc::GlobalAlloc for A { unsafe fn alloc(&self, _: std::alloc::Layout) -> *mut u8 { std::process::exit(0) } unsafe fn dealloc(&self, _: *mut u8, _: std::alloc::Layout) {} }\n#[global_allocator]\nstatic G: A = A;",
            UNSAFE,
        ),
        (
            "a feature",
            "#![feature(rustc_private)]\n",
            "may not be used on the stable release",
        ),
        ("the laboratory", "pub use netlab::lab;\n", "netlab"),
        (
            "the laboratory as a crate",
            "extern crate netlab;\n",
            "can't find crate for `netlab`",
        ),
        (
            "the answer as a crate",
            "extern crate bytes_and_sockets_solution;\n",
            "can't find crate",
        ),
    ] {
        refused(&settings, name, lib, words);
    }
}

#[test]
fn the_compiler_reads_nothing_but_the_submission() {
    for level in [Isolation::Bwrap, Isolation::Landlock] {
        if !support::has(level) {
            eprintln!("skipped: no {level:?} here");
            continue;
        }
        let settings = Settings {
            at_most: level,
            ..settings(&[CHAPTER_00])
        };
        for (name, lib) in [
            (
                "the system",
                "pub const S: &str = include_str!(\"/etc/passwd\");",
            ),
            (
                "the answers",
                "#[path = \"{COURSE}/solutions/00-bytes-and-sockets/src/lib.rs\"]\nmod s;",
            ),
            (
                "the answers, included",
                "include!(\"{COURSE}/solutions/00-bytes-and-sockets/src/s1_byte_order.rs\");",
            ),
            (
                "the answers, by a way up",
                "include!(\"../../../../../../../../../../../../{COURSE}/solutions/00-bytes-and-sockets/src/lib.rs\");",
            ),
            (
                "the course",
                "pub const S: &str = include_str!(\"{COURSE}/Cargo.toml\");",
            ),
            (
                "the tests on the desk",
                "pub const S: &str = include_str!(\"../../../tests/00-bytes-and-sockets/main.rs\");",
            ),
            (
                "the grader's own files",
                "pub const S: &[u8] = include_bytes!(\"{SCRATCH}/worker-0.lock\");",
            ),
            (
                "a device without end",
                "pub const S: &[u8] = include_bytes!(\"/dev/zero\");",
            ),
        ] {
            refused(&settings, name, lib, "couldn't read `");
        }
    }
}

/// A compiler that reads from a pipe of its own waits for ever.
#[test]
fn a_compiler_that_waits_costs_a_while_at_most() {
    const PIPE: &str = "pub const S: &str = include_str!(\"/proc/self/fd/2\");";
    refused(&settings(&[CHAPTER_00]), "a pipe", PIPE, "couldn't read `");
    // Landlock lets it pass. Then it is for a person to see, and neither a zero nor points.
    let settings = Settings {
        limits: Limits {
            compile_seconds: 1,
            ..Limits::default()
        },
        at_most: Isolation::Landlock,
        ..settings(&[CHAPTER_00])
    };
    let submission =
        Submission::stubs(&[CHAPTER_00]).with(&format!("chapters/{CHAPTER_00}/src/lib.rs"), PIPE);
    let report = grade(&submission, &settings);
    assert_eq!(report.status, Status::GraderError);
    let problem = report.problem.unwrap_or_default();
    assert!(problem.contains("makes rustc wait"), "{problem}");
}

#[test]
fn a_compiler_that_does_not_come_to_an_end_is_ended() {
    let settings = Settings {
        limits: Limits {
            compile_seconds: 2,
            ..Limits::default()
        },
        ..settings(&[CHAPTER_00])
    };
    for (name, lib, words) in [
        (
            "a constant function without end",
            "#![allow(long_running_const_eval)]\nconst fn f() -> u64 { let mut n = 0_u64; loop { n = n.wrapping_add(1); if n == u64::MAX { return n } } }\npub const N: u64 = f();",
            "still busy after 2 s",
        ),
        (
            "a macro that calls itself",
            "#![recursion_limit = \"1000000000\"]\nmacro_rules! m { ($($t:tt)*) => { m!($($t)* $($t)* x) } }\nm!(x);",
            "error",
        ),
        (
            "ten gigabytes",
            "pub static ALL: [u8; 10 << 30] = [1; 10 << 30];",
            "error",
        ),
    ] {
        refused(&settings, name, lib, words);
    }
    let deep = format!(
        "pub const N: u64 = {}1{};",
        "(".repeat(400_000),
        ")".repeat(400_000)
    );
    refused(&settings, "a million parentheses", &deep, "error");
}
