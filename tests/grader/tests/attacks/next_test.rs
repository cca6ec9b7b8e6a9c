//! Attacks by one test on the next, which runs in the same jail: what it leaves, and what it does to the
//! process that starts both.

use grader::jail::Isolation;
use grader::report::Verdict;
use grader::settings::Settings;

use crate::support::{self, CHAPTER_00, settings};
use crate::volley::{Attack, Volley};

/// In order: each one that leaves something is followed by one that looks for it.
const ATTACKS: &[Attack] = &[
    (
        "leaves files",
        "let mut left = 0; for folder in [\"/tmp\", \"/dev/shm\", &std::env::temp_dir().to_string_lossy()] { \
         left += i32::from(std::fs::write(format!(\"{folder}/loopback-left\"), test()).is_ok()); } \
         format!(\"done: {left}\")",
    ),
    (
        "finds files",
        "let folders = [\"/tmp\".to_owned(), \"/dev/shm\".to_owned(), std::env::temp_dir().to_string_lossy().into_owned()]; \
         match folders.iter().find(|folder| std::fs::read(format!(\"{folder}/loopback-left\")).is_ok()) { \
         Some(folder) => format!(\"done: {folder}\"), None => \"refused\".into() }",
    ),
    ("leaves a listener", "crate::attack::leave(\"listens\")"),
    (
        "finds the listener",
        "use std::os::linux::net::SocketAddrExt; \
         let name = std::os::unix::net::SocketAddr::from_abstract_name(\"loopback-left-{MARK}\").expect(\"a name\"); \
         said(std::os::unix::net::UnixStream::connect_addr(&name))",
    ),
    ("leaves a speaker", "crate::attack::leave(\"speaks\")"),
    // Would be a pass, if the speaker spoke for it.
    ("is spoken for", "as_libtest(); std::process::exit(0)"),
    (
        "is spoken for once more",
        "as_libtest(); std::thread::sleep(std::time::Duration::from_millis(300)); std::process::exit(0)",
    ),
    (
        "closes its room",
        "let closed = [\"/tmp\", \"/dev/shm\"].map(|folder| { use std::os::unix::fs::PermissionsExt; \
         std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0)).is_ok() }); format!(\"{closed:?}\")",
    ),
    (
        "has room",
        "said(std::fs::write(std::env::temp_dir().join(\"mine\"), \"x\"))",
    ),
    (
        "looks into the supervisor",
        "let parent = format!(\"/proc/{}\", std::os::unix::process::parent_id()); \
         let files = [\"mem\", \"environ\", \"fd/0\", \"fd/1\"]; \
         match files.iter().find(|file| std::fs::File::open(format!(\"{parent}/{file}\")).is_ok()) { \
         Some(file) => format!(\"done: {file}\"), None => \"refused\".into() }",
    ),
    (
        "writes to the supervisor",
        "let parent = format!(\"/proc/{}\", std::os::unix::process::parent_id()); \
         let open = |file: &&&str| std::fs::OpenOptions::new().write(true).open(format!(\"{parent}/{file}\")).is_ok(); \
         match [\"mem\", \"fd/0\", \"fd/1\", \"oom_score_adj\"].iter().find(|file| open(file)) { \
         Some(file) => format!(\"done: {file}\"), None => \"refused\".into() }",
    ),
    (
        "limits the supervisor",
        "let parent = std::os::unix::process::parent_id().to_string(); \
         run(\"/usr/bin/prlimit\", &[\"--nofile=3\", \"--pid\", &parent])",
    ),
    (
        "stops the supervisor",
        "let parent = std::os::unix::process::parent_id().to_string(); \
         run(\"/bin/sh\", &[\"-c\", &format!(\"kill -STOP {parent}; kill -KILL {parent}; kill -0 {parent}\")]); \
         \"done\".into()",
    ),
    ("lives after all", "\"done\".into()"),
];

/// A process that stays when its test ends. It has its test's binary, and comes to the same place.
const STAYS: &str = r#"
pub fn leave(what: &str) -> String {
    use std::io::Read;
    use std::process::Stdio;
    if let Ok(what) = std::env::var("LOOPBACK_STAYS") {
        stay(&what);
    }
    let own = std::env::current_exe().expect("a path");
    let witness = std::env::var("NETLAB_WITNESS").unwrap_or_default();
    let child = std::process::Command::new("/usr/bin/setsid")
        .arg(own)
        .args(std::env::args().skip(1))
        .env_remove("NETLAB_WITNESS")
        .env("LOOPBACK_STAYS", what)
        .env("LOOPBACK_WITNESS", witness)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return format!("refused: {error}"),
    };
    let mut ready = [0; 5];
    said(child.stderr.as_mut().expect("it is piped").read_exact(&mut ready))
}

fn stay(what: &str) -> ! {
    use std::io::Write;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
    let name = SocketAddr::from_abstract_name("loopback-left-{MARK}").expect("a name");
    let _listener = UnixListener::bind_addr(&name);
    eprintln!("ready");
    let witness = std::env::var("LOOPBACK_WITNESS").unwrap_or_default();
    loop {
        if what == "speaks" && let Ok(mut stream) = UnixStream::connect(&witness) {
            for test in TESTS {
                let _ = write!(stream, "begins {test}\ndone {test}\n");
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}
"#;

#[test]
fn nothing_of_a_test_reaches_the_next() {
    for level in [Isolation::Bwrap, Isolation::Landlock] {
        if !support::has(level) {
            continue;
        }
        let mark = format!("{}-{level:?}", std::process::id());
        let volley = Volley::of(ATTACKS, &[("{MARK}", mark.clone())]);
        let tests: Vec<&String> = volley.tests().collect();
        let stays = STAYS
            .replace("{MARK}", &mark)
            .replace("TESTS", &format!("{tests:?}"));
        let volley = volley.with_code(&stays);
        let report = volley.strikes(&Settings {
            at_most: level,
            ..settings(&[CHAPTER_00])
        });
        let said = |attack: &str| volley.hit(&report, attack).said;
        let files = said("leaves files");
        let least = if level == Isolation::Bwrap {
            "done: 3"
        } else {
            "done: 1"
        };
        assert_eq!(files, least, "{level:?}");
        assert_eq!(said("leaves a listener"), "done", "{level:?}");
        assert_eq!(said("leaves a speaker"), "done", "{level:?}");
        for attack in [
            "finds files",
            "finds the listener",
            "looks into the supervisor",
            "writes to the supervisor",
            "limits the supervisor",
        ] {
            let said = said(attack);
            assert!(said.starts_with("refused"), "{level:?}: {attack}: {said}");
        }
        for attack in ["is spoken for", "is spoken for once more"] {
            let verdict = volley.hit(&report, attack).verdict;
            assert_eq!(verdict, Verdict::NoVerdict, "{level:?}: {attack}");
        }
        assert_eq!(said("has room"), "done", "{level:?}");
        assert_eq!(said("lives after all"), "done", "{level:?}");
    }
}
