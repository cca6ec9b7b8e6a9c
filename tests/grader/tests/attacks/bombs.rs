//! Attacks on the machine: they take what is there until somebody says no.

use std::time::Instant;

use grader::jail::Isolation;
use grader::report::Verdict;
use grader::settings::{Limits, Settings};

use crate::support::{self, CHAPTER_00, settings};
use crate::volley::{Attack, Volley};

const ATTACKS: &[Attack] = &[
    (
        "memory",
        "let mut all = Vec::new(); loop { all.push(vec![1_u8; 1 << 20]) }",
    ),
    (
        "threads",
        "let mut all = Vec::new(); while all.len() < 3000 { \
         match std::thread::Builder::new().stack_size(16 << 10).spawn(std::thread::park) { \
         Ok(one) => all.push(one), Err(_) => break } } all.len().to_string()",
    ),
    (
        "processes",
        "let mut all = Vec::new(); while all.len() < 3000 { \
         match std::process::Command::new(\"/usr/bin/sleep\").arg(\"1000\").spawn() { \
         Ok(one) => all.push(one), Err(_) => break } } all.len().to_string()",
    ),
    (
        "descriptors",
        "let mut all = Vec::new(); while let Ok(one) = std::fs::File::open(\"/dev/null\") { \
         all.push(one) } all.len().to_string()",
    ),
    (
        "one long file",
        "use std::io::Write; let path = std::env::temp_dir().join(\"long\"); \
         let mut file = std::fs::File::create(path).expect(\"a file\"); \
         loop { if file.write_all(&[1; 1 << 20]).is_err() { break \"done\".into() } }",
    ),
    (
        "many files",
        "let mut n = 0; while n < 2000 { \
         let path = std::env::temp_dir().join(n.to_string()); \
         if std::fs::write(path, [1; 64 << 10]).is_err() { break } n += 1; } n.to_string()",
    ),
    (
        "deep folders",
        "std::env::set_current_dir(std::env::temp_dir()).expect(\"a folder\"); let mut n = 0; \
         while n < 5000 && std::fs::create_dir(\"d\").is_ok() \
         && std::env::set_current_dir(\"d\").is_ok() { n += 1; } format!(\"done: {n}\")",
    ),
    (
        "names that lead out",
        "for name in [\"../../../../x\", \"/x\", \"..\\\\x\"] { \
         let _ = std::fs::write(std::env::temp_dir().join(name), \"x\"); } \"done\".into()",
    ),
    (
        "threads that sleep",
        "let mut all = Vec::new(); \
         let park = || std::thread::Builder::new().stack_size(16 << 10).spawn(std::thread::park); \
         while let Ok(one) = park() { all.push(one) } loop { std::thread::park() }",
    ),
    ("wakes and takes memory", HOLDS),
    ("another one", HOLDS),
    (
        // All networks of a machine have the same memory for TCP.
        "fills sockets",
        "use std::{io::Write, net::{TcpListener, TcpStream}}; \
         let listener = TcpListener::bind(\"127.0.0.1:0\").expect(\"a port\"); \
         let to = listener.local_addr().expect(\"an address\"); let (bytes, mut all) = (vec![1; 1 << 20], Vec::new()); \
         for _ in 0..40 { let mut client = TcpStream::connect(to).expect(\"it listens\"); \
         client.set_nonblocking(true).expect(\"a socket\"); let peer = listener.accept(); \
         while client.write(&bytes).is_ok() {} all.push((client, peer)); } \
         std::thread::sleep(std::time::Duration::from_millis(500)); \"done\".into()",
    ),
    (
        "the line of the killer",
        "std::fs::read_to_string(\"/proc/self/oom_score_adj\").unwrap_or_default()",
    ),
];

/// Less than there is for a test.
const HOLDS: &str = "let pause = std::time::Duration::from_secs(2); std::thread::sleep(pause); \
     let all = vec![1_u8; 300 << 20]; std::thread::sleep(3 * pause); all.len().to_string()";

fn limited(at_most: Isolation) -> Settings {
    Settings {
        limits: Limits {
            memory_mib: 512,
            processes: 150,
            files: 100,
            file_mib: 8,
            ..Limits::default()
        },
        at_most,
        ..settings(&[CHAPTER_00])
    }
}

#[test]
fn each_bomb_has_its_limit() {
    for level in [Isolation::Bwrap, Isolation::Landlock, Isolation::Rlimits] {
        // The kernel's limit on processes is a user's: other tests of an ordinary user take from it.
        let is_shared = level == Isolation::Rlimits && !rustix::process::geteuid().is_root();
        if is_shared || !support::has(level) {
            continue;
        }
        let volley = Volley::of(ATTACKS, &[]);
        let report = volley.strikes(&limited(level));
        let number = |attack: &str| {
            let hit = volley.hit(&report, attack);
            hit.said.trim().parse::<u32>().unwrap_or_else(|_| {
                panic!("{level:?}, {attack}: {:?} {}", hit.verdict, hit.message)
            })
        };
        assert_eq!(volley.hit(&report, "memory").verdict, Verdict::Oom);
        let fills = volley.hit(&report, "fills sockets");
        match level {
            Isolation::Bwrap => assert_eq!(fills.verdict, Verdict::Oom, "{}", fills.message),
            _ => assert_eq!(fills.said, "done", "{}", fills.message),
        }
        // Those that sleep have together what there is for one.
        let asleep = volley.hit(&report, "threads that sleep");
        assert_eq!(asleep.verdict, Verdict::Crash, "{level:?}");
        assert!(asleep.message.contains("for all tests that sleep"));
        let holds =
            ["wakes and takes memory", "another one"].map(|one| volley.hit(&report, one).verdict);
        assert!(holds.contains(&Verdict::Oom), "{level:?}: {holds:?}");
        assert!(number("threads") < 150);
        assert!(number("processes") < 150);
        assert!(number("descriptors") < 100);
        assert_eq!(number("the line of the killer"), 1000);
        // Which file systems end it with, a signal or an error, differs.
        let long = volley.hit(&report, "one long file").verdict;
        assert!(
            matches!(long, Verdict::Crash | Verdict::Fail),
            "{level:?}: {long:?}"
        );
        match level {
            Isolation::Bwrap => assert!(number("many files") <= 8 << 4),
            // Without a /tmp of its own the sum is not limited.
            _ => assert_eq!(number("many files"), 2000),
        }
        assert!(!std::path::Path::new("/x").exists());
        // And they could be deleted.
        let deep = volley.hit(&report, "deep folders");
        assert!(deep.said.starts_with("done"), "{level:?}: {}", deep.said);
    }
}

/// Each has been put aside before it computes, and has less processor time than its share.
#[test]
fn tests_that_wake_up_share_their_time() {
    const WAKES: &str = "std::thread::sleep(std::time::Duration::from_millis(500)); \
         let began = std::time::Instant::now(); while began.elapsed().as_secs_f64() < 1.5 {} \"done\".into()";
    if !support::has(Isolation::Landlock) {
        return;
    }
    let course = support::course();
    let tests = support::chapter(&course, CHAPTER_00).tests().count();
    let volley = Volley::of(&vec![("wakes", WAKES); tests], &[]);
    let report = volley.strikes(&Settings {
        limits: Limits {
            patience: 1.0,
            awake_seconds: 3,
            ..Limits::default()
        },
        ..settings(&[CHAPTER_00])
    });
    let all: Vec<_> = report.tests().map(|(_, test)| test).collect();
    let are_stopped = all[tests / 2..]
        .iter()
        .all(|test| test.verdict == Verdict::Timeout);
    assert!(are_stopped, "{:?}", support::verdicts(&report));
}

/// Each test ends before its deadline, with less processor time than its share. Together they have less.
#[test]
fn tests_that_are_slow_but_not_late_share_their_time() {
    const HALF: &str = "crate::attack::half()";
    const NAPS: &str = "crate::attack::naps()";
    const HELPERS: &str = r#"
pub fn half() -> String {
    by_turns(std::time::Duration::from_millis(20), std::time::Duration::from_millis(20))
}

pub fn naps() -> String {
    by_turns(std::time::Duration::ZERO, std::time::Duration::from_millis(20))
}

fn by_turns(work: std::time::Duration, sleep: std::time::Duration) -> String {
    let began = std::time::Instant::now();
    while began.elapsed().as_secs_f64() < 3.0 {
        let now = std::time::Instant::now();
        while now.elapsed() < work {}
        std::thread::sleep(sleep);
    }
    "done".into()
}
"#;
    if !support::has(Isolation::Landlock) {
        return;
    }
    let course = support::course();
    let tests = support::chapter(&course, CHAPTER_00).tests().count();
    for (attack, awake_seconds) in [(HALF, 4), (NAPS, 25)] {
        let attacks = vec![("slow", attack); tests];
        let volley = Volley::of(&attacks, &[]).with_helpers(HELPERS);
        let began = Instant::now();
        let report = volley.strikes(&Settings {
            limits: Limits {
                patience: 1.0,
                awake_seconds,
                ..Limits::default()
            },
            ..settings(&[CHAPTER_00])
        });
        let took = began.elapsed().as_secs_f64();
        // By themselves they take 3 s each.
        assert!(
            took < 1.5 * tests as f64,
            "{attack}: {tests} tests took {took} s: {:?}",
            support::verdicts(&report)
        );
    }
}

/// Sleep costs nobody a processor, but somebody waits for the report.
#[test]
fn tests_that_sleep_have_their_time_by_the_clock() {
    if !support::has(Isolation::Landlock) {
        return;
    }
    let tests = support::chapter(&support::course(), CHAPTER_00)
        .tests()
        .count();
    let volley = Volley::of(
        &vec![("sleeps", "loop { std::thread::park() }"); tests],
        &[],
    );
    let report = volley.strikes(&Settings {
        limits: Limits {
            tests_seconds: 3,
            ..Limits::default()
        },
        ..settings(&[CHAPTER_00])
    });
    let all: Vec<_> = report.tests().map(|(_, test)| test).collect();
    assert!(all.iter().all(|test| test.verdict == Verdict::Timeout));
    // Each would have 16 s, and sixteen sleep at a time.
    let longest = all
        .iter()
        .map(|test| test.ms)
        .max()
        .expect("there are tests");
    assert!(longest < 8_000, "{longest} ms");
    assert!(
        all[tests - 1].message.contains("not run"),
        "{}",
        all[tests - 1].message
    );
}
