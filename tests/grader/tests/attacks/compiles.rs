//! Attacks on and by the compiler.

use std::time::Instant;

use grader::jail::Isolation;
use grader::report::{Status, Verdict};
use grader::settings::{Limits, Settings};

use crate::support::{self, CHAPTER_00, CHAPTER_02, Submission, course, grade, scratch, settings};

/// A library of these lines does not compile, and rustc says why.
fn refused(settings: &Settings, name: &str, lib: &str, words: &str) {
    let began = Instant::now();
    let said = build_error(settings, lib);
    assert!(said.contains(words), "{name}: {words:?} is not in {said}");
    assert!(!said.contains("root:x:0:0"), "{name}");
    eprintln!("{name}: {:?}", began.elapsed());
}

/// What is said against a library of these lines.
fn build_error(settings: &Settings, lib: &str) -> String {
    let lib = lib
        .replace("{COURSE}", &course().root.display().to_string())
        .replace("{SCRATCH}", &scratch().display().to_string());
    let submission =
        Submission::stubs(&[CHAPTER_00]).with(&format!("chapters/{CHAPTER_00}/src/lib.rs"), &lib);
    build_error_of(&submission, settings)
}

/// What is said against a submission of one chapter, which costs it all points and us nothing.
fn build_error_of(submission: &Submission, settings: &Settings) -> String {
    let report = grade(submission, settings);
    assert_eq!(
        (report.status, report.score, &report.problem),
        (Status::Graded, 0, &None)
    );
    let [chapter] = &report.chapters[..] else {
        panic!("one chapter")
    };
    assert!(
        chapter
            .tests
            .iter()
            .all(|test| test.verdict == Verdict::BuildError)
    );
    chapter.build_error.clone().expect("it does not compile")
}

/// What rustc says of the rule that is broken, which it spells in its own way.
const LINT: &str = "-F unsafe-code";
/// What the grader says before it comes to that.
const UNSAFE: &str = "`unsafe` is not allowed in a submission";

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
            UNSAFE,
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
        (
            "machine code that the lint does not see",
            "#[unsafe(naked)]\npub extern \"C\" fn f() { std::arch::naked_asm!(\"ret\") }",
            UNSAFE,
        ),
        (
            "the same through a macro",
            "macro_rules! m { ($($a:tt)*) => { #[$($a)*] pub extern \"C\" fn f() { std::arch::naked_asm!(\"ret\") } } }\nm!(unsafe(naked));",
            UNSAFE,
        ),
        (
            "the same through an attribute of an attribute",
            "#[cfg_attr(all(), unsafe(naked))]\npub extern \"C\" fn f() { std::arch::naked_asm!(\"ret\") }",
            UNSAFE,
        ),
        (
            // For who reads on behind the line, all that follows is a string.
            "the same behind a line that the compiler passes over",
            "#!/x\"\n#[unsafe(naked)]\npub extern \"C\" fn f() { std::arch::naked_asm!(\"ret\") } //\"",
            "`#!` is not allowed at the beginning of a file",
        ),
        ("assembly", "std::arch::global_asm!(\"nop\");", LINT),
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
                "the tests on the workdir",
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

/// A compiler that reads from a pipe of its own would wait for ever. Each jail has another answer, and
/// none of them takes long.
#[test]
fn a_compiler_that_waits_costs_a_while_at_most() {
    // The compiler may see it as a pipe that nobody writes to, or not at all.
    const WAITS: &[&str] = &["the compiler waited 1 s", "couldn't read `"];
    const GROWS: &[&str] = &[
        "the compiler used more than",
        "the compiler crashed",
        "couldn't read `",
    ];
    for level in [
        Isolation::Bwrap,
        Isolation::Landlock,
        Isolation::Rlimits,
        Isolation::None,
    ] {
        if !support::has(level) {
            continue;
        }
        let settings = Settings {
            limits: Limits {
                compile_seconds: 20,
                compile_waits_seconds: 1,
                compile_memory_mib: 1024,
                ..Limits::default()
            },
            at_most: level,
            ..settings(&[CHAPTER_00])
        };
        for (file, words) in [("/proc/self/fd/2", WAITS), ("/dev/zero", GROWS)] {
            let lib = format!("pub const S: &[u8] = include_bytes!({file:?});");
            let began = Instant::now();
            let said = build_error(&settings, &lib);
            eprintln!("{level:?} {file}: {:?}", began.elapsed());
            assert!(
                words.iter().any(|words| said.contains(words)),
                "{level:?} {file}: {said}"
            );
        }
        // In a program of the student's, which is linked, and so sees more.
        let program = "const S: &[u8] = include_bytes!(\"/proc/self/fd/2\");\nfn main() { print!(\"{}\", S.len()) }";
        let submission = Submission::solutions(&[CHAPTER_02])
            .with(&format!("chapters/{CHAPTER_02}/src/main.rs"), program);
        let settings = Settings {
            chapters: vec![CHAPTER_02.into()],
            ..settings
        };
        let said = build_error_of(&submission, &settings);
        assert!(
            WAITS.iter().any(|words| said.contains(words)),
            "{level:?}: {said}"
        );
    }
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
            "still busy after 2 s of processor time",
        ),
        (
            "a macro that calls itself",
            "#![recursion_limit = \"1000000000\"]\nmacro_rules! m { ($($t:tt)*) => { m!($($t)* $($t)* x) } }\nm!(x);",
            "error",
        ),
        (
            "a hundred megabytes",
            "pub static ALL: [u8; 100 << 20] = [1; 100 << 20];",
            "more than 64 MiB to write into one file",
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
