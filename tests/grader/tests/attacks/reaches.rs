//! Attacks that reach for what is not the submission's, in each jail there is. Where one is not stopped,
//! the book's page on the jail says so.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use grader::jail::Isolation;
use grader::report::Report;
use grader::settings::Settings;

use crate::support::{self, CHAPTER_00, CHAPTER_02, Submission, course, settings};
use crate::volley::{Attack, Volley};

use Fate::{Depends, Done, Refused};

/// What is to become of an attack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    Refused,
    Done,
    /// On whose processes and files they are, and how the machine is set up.
    Depends,
}

/// With bwrap, with Landlock, with limits only, with nothing.
pub type Fates = [Fate; 4];

impl Fate {
    /// What the attack has said of itself is this.
    #[track_caller]
    pub fn is(self, said: &str, level: Isolation, attack: &str) {
        let is_told = said.starts_with("done") || said.starts_with("refused");
        assert!(is_told, "{level:?}: {attack}: {said}");
        let fate = match said.starts_with("done") {
            true => Done,
            false => Refused,
        };
        assert!(
            self == Depends || self == fate,
            "{level:?}: {attack}: {said}"
        );
    }
}

const ATTACKS: &[(Attack, Fates)] = &[
    (
        ("reads a file of yours", "said(std::fs::read(\"{SECRET}\"))"),
        [Refused, Refused, Done, Done],
    ),
    (
        (
            "reads the solutions",
            "said(std::fs::read_dir(\"{COURSE}/solutions\"))",
        ),
        [Refused, Refused, Depends, Done],
    ),
    (
        (
            "reads the system's files",
            "said(std::fs::read(\"/etc/passwd\"))",
        ),
        [Refused, Refused, Done, Done],
    ),
    (
        (
            "writes results",
            "said(std::fs::write(\"{FOLDER}/report.json\", \"100 points\"))",
        ),
        [Refused, Refused, Done, Done],
    ),
    (
        // An ordinary user's /tmp in a jail of bubblewrap may be above them; it goes with the jail.
        (
            "changes the tests' binaries",
            "let own = std::env::current_exe().expect(\"a path\"); \
             said(std::fs::write(own.with_file_name(\"x\"), \"x\"))",
        ),
        [Depends, Refused, Depends, Depends],
    ),
    (
        // Hidden ones lie beside the visible ones.
        (
            "looks for other tests' binaries",
            "let own = std::env::current_exe().expect(\"a path\"); \
             let beside = std::fs::read_dir(own.parent().expect(\"a folder\")); \
             let beside = beside.into_iter().flatten().flatten(); \
             match beside.map(|entry| entry.path()).find(|path| *path != own) { \
             Some(_) => \"done\".into(), None => \"refused\".into() }",
        ),
        [Refused, Refused, Done, Done],
    ),
    (
        (
            "signals the grader",
            "run(\"kill\", &[\"-CONT\", \"{PID}\"])",
        ),
        [Refused, Refused, Depends, Depends],
    ),
    (
        (
            "reads the grader's memory",
            "said(std::fs::File::open(\"/proc/{PID}/mem\"))",
        ),
        [Refused, Refused, Depends, Depends],
    ),
    (
        (
            "sees other processes",
            "said(std::fs::read(\"/proc/{PID}/cmdline\"))",
        ),
        [Refused, Done, Done, Done],
    ),
    (
        (
            "writes its own memory",
            "said(std::fs::OpenOptions::new().write(true).open(\"/proc/self/mem\"))",
        ),
        [Refused, Refused, Done, Done],
    ),
    (
        // There is no secret in it.
        (
            "reads its own memory",
            "said(std::fs::File::open(\"/proc/self/mem\"))",
        ),
        [Done; 4],
    ),
    (
        (
            "opens the witness by its descriptor",
            "let fds = std::fs::read_dir(\"/proc/self/fd\").expect(\"Linux has it\"); \
             let is_socket = |path: &std::path::Path| std::fs::read_link(path) \
             .is_ok_and(|to| to.to_string_lossy().starts_with(\"socket:\")); \
             let mut sockets = fds.flatten().map(|fd| fd.path()).filter(|path| is_socket(path)).peekable(); \
             assert!(sockets.peek().is_some(), \"there is one\"); \
             match sockets.find(|path| std::fs::OpenOptions::new().write(true).open(path).is_ok()) { \
             Some(_) => \"done\".into(), None => \"refused\".into() }",
        ),
        [Refused; 4],
    ),
    (
        (
            "connects to a neighbour",
            "said(std::net::TcpStream::connect(\"{TCP}\"))",
        ),
        [Refused, Done, Done, Done],
    ),
    (
        (
            "asks a service by its socket",
            "said(std::os::unix::net::UnixStream::connect(\"{FOLDER}/service\"))",
        ),
        [Refused, Done, Done, Done],
    ),
    (
        // What it is worth is seen afterwards.
        (
            "leaves a daemon",
            // It is no daemon before it is out of its group, and then it says so.
            "use std::{io::Read, process::Stdio}; let child = std::process::Command::new(\"setsid\") \
             .args([\"sh\", \"-c\", \"echo; exec sleep {MARK} >&2\"]).stdin(Stdio::null()) \
             .stdout(Stdio::piped()).stderr(Stdio::null()).spawn(); \
             said(child.and_then(|child| child.stdout.expect(\"it is piped\").read_exact(&mut [0])))",
        ),
        [Refused, Refused, Done, Done],
    ),
    (
        (
            "starts what it has written",
            "let copy = std::env::temp_dir().join(\"copy\"); \
             let _ = std::fs::copy(\"/usr/bin/true\", &copy); run(&copy.to_string_lossy(), &[])",
        ),
        [Refused, Refused, Done, Done],
    ),
    (
        // The loader only reads. What it starts is in the same jail.
        (
            "has the loader start it",
            "let copy = std::env::temp_dir().join(\"copy\"); \
             let _ = std::fs::copy(\"/usr/bin/true\", &copy); \
             let loaders = [\"/lib64/ld-linux-x86-64.so.2\", \"/lib/ld-linux-aarch64.so.1\"]; \
             let loader = loaders.into_iter().find(|path| std::path::Path::new(path).exists()); \
             run(loader.unwrap_or(\"none\"), &[&copy.to_string_lossy()])",
        ),
        [Refused, Refused, Done, Done],
    ),
    (
        ("asks a shell", "run(\"/bin/sh\", &[\"-c\", \"true\"])"),
        [Refused, Refused, Done, Done],
    ),
    (
        // Other tests, which print what they expect.
        (
            "asks the tests themselves",
            "let own = std::env::current_exe().expect(\"a path\"); run(&own.to_string_lossy(), &[\"--list\"])",
        ),
        [Refused, Refused, Done, Done],
    ),
    (
        // The bytes are a cmsghdr with SCM_RIGHTS, unix(7).
        (
            "hands over a descriptor",
            "use std::os::fd::AsRawFd; let (one, _other) = std::os::unix::net::UnixStream::pair().expect(\"a pair\"); \
             let file = std::fs::File::open(\"/dev/null\").expect(\"a file\"); \
             let mut rights = 20_usize.to_ne_bytes().to_vec(); \
             for number in [1, 1, file.as_raw_fd(), 0] { rights.extend(number.to_ne_bytes()); } \
             let bytes = [std::io::IoSlice::new(b\"x\")]; \
             let message = socket2::MsgHdr::new().with_buffers(&bytes).with_control(&rights); \
             said(socket2::SockRef::from(&one).sendmsg(&message, 0))",
        ),
        [Refused, Refused, Done, Done],
    ),
    (
        (
            "closes a folder",
            "use std::os::unix::fs::PermissionsExt; let folder = std::env::temp_dir().join(\"closed\"); \
             std::fs::create_dir(&folder).expect(\"a folder\"); \
             said(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)))",
        ),
        [Refused, Refused, Done, Done],
    ),
    (
        // To nobody else: an ordinary user may do no more than that.
        (
            "gives a file away",
            "let path = std::env::temp_dir().join(\"given\"); std::fs::write(&path, \"x\").expect(\"a file\"); \
             said(std::os::unix::fs::chown(path, None, None))",
        ),
        [Refused, Refused, Done, Done],
    ),
    (
        (
            "makes a file old",
            "let file = std::fs::File::create(std::env::temp_dir().join(\"old\")).expect(\"a file\"); \
             said(file.set_modified(std::time::UNIX_EPOCH))",
        ),
        [Refused, Refused, Done, Done],
    ),
    (
        (
            "makes a world of its own",
            "run(\"unshare\", &[\"--user\", \"--map-root-user\", \"/usr/bin/true\"])",
        ),
        [Refused, Refused, Depends, Depends],
    ),
    (
        (
            "looks round in the environment",
            "let known = [\"PATH\", \"LC_ALL\", \"PWD\", \"TMPDIR\", \"CARGO_PKG_NAME\", \
             \"CARGO_MANIFEST_DIR\", \"MALLOC_ARENA_MAX\"]; \
             match std::env::vars().find(|(name, _)| !known.contains(&name.as_str()) \
             && !name.starts_with(\"RUST_\") && !name.starts_with(\"NETLAB_\")) { \
             Some((name, _)) => format!(\"done: {name}\"), None => \"refused\".into() }",
        ),
        [Refused; 4],
    ),
];

#[test]
fn with_bwrap() {
    tried(0);
}

#[test]
fn with_landlock() {
    tried(1);
}

#[test]
fn with_limits_only() {
    tried(2);
}

#[test]
fn with_nothing() {
    tried(3);
}

/// The process that judges it is its parent.
#[test]
fn a_program_does_not_see_its_judge() {
    const SPY: &str = r#"fn main() {
        let judge = std::os::unix::process::parent_id();
        let names = ["cmdline", "environ", "mem", "maps", "comm", "status", "fd/1", "task"];
        let opens = |name: &&str| std::fs::File::open(format!("/proc/{judge}/{name}")).is_ok();
        let seen: Vec<&str> = names.into_iter().filter(opens).collect();
        let own = std::fs::read("/proc/self/status").is_ok() && std::fs::read("/proc/net/tcp").is_ok();
        let word = std::env::vars().find(|(name, _)| name.starts_with("NETLAB_") && name != "NETLAB_PATIENCE");
        panic!("sees {seen:?}, itself {own}, {word:?}");
    }"#;
    for level in [Isolation::Bwrap, Isolation::Landlock] {
        if !support::has(level) {
            continue;
        }
        let submission = Submission::stubs(&[CHAPTER_02])
            .with(&format!("chapters/{CHAPTER_02}/src/main.rs"), SPY);
        let report = support::grade(
            &submission,
            &Settings {
                at_most: level,
                ..settings(&[CHAPTER_02])
            },
        );
        assert_eq!((&report.problem, report.score), (&None, 0), "{level:?}");
        let help = support::test(&report, "s6_help_shows_1060");
        assert!(
            help.output.contains("sees [], itself true, None"),
            "{level:?}: {}",
            help.output
        );
    }
}

fn tried(column: usize) {
    let level = support::LEVELS[column];
    if !support::has(level) {
        return;
    }
    let course = course();
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("ours");
    let secret = folder.path().join("secret");
    fs::write(&secret, "the answer").expect("a file");
    let neighbour = TcpListener::bind("127.0.0.1:0").expect("a port");
    let service = folder.path().join("service");
    let _service = UnixListener::bind(&service).expect("a socket");
    fs::set_permissions(&service, fs::Permissions::from_mode(0o777)).expect("ours");
    let mark = format!("{}", 200_000 + 10 * std::process::id() as usize + column);
    let text = |path: &Path| path.display().to_string();
    let attacks: Vec<Attack> = ATTACKS.iter().map(|(attack, _)| *attack).collect();
    let volley = Volley::of(
        &attacks,
        &[
            ("{SECRET}", text(&secret)),
            ("{COURSE}", text(&course.root)),
            ("{FOLDER}", text(folder.path())),
            ("{PID}", std::process::id().to_string()),
            (
                "{TCP}",
                neighbour.local_addr().expect("an address").to_string(),
            ),
            ("{MARK}", mark.clone()),
        ],
    );
    let before = surroundings(&course.root);
    let report = volley.strikes(&Settings {
        at_most: level,
        ..settings(&[CHAPTER_00])
    });
    for ((attack, _), fates) in ATTACKS {
        fates[column].is(&volley.hit(&report, attack).said, level, attack);
    }
    let left = living(&mark);
    for pid in &left {
        let _ = Command::new("kill").args(["-KILL", pid]).status();
    }
    assert_eq!(left.is_empty(), level >= Isolation::Landlock, "{left:?}");
    assert_eq!(
        folder.path().join("report.json").exists(),
        level < Isolation::Landlock
    );
    assert_eq!(before, surroundings(&course.root), "something has changed");
    is_about(&report, level);
}

fn is_about(report: &Report, level: Isolation) {
    let begins = match level {
        Isolation::Bwrap => "bwrap+",
        Isolation::Landlock => "landlock+",
        Isolation::Rlimits => "rlimits",
        Isolation::None => "none",
    };
    assert!(report.isolation.starts_with(begins), "{}", report.isolation);
}

/// The processes that run with this argument.
fn living(mark: &str) -> Vec<String> {
    let has_mark = |path: &Path| {
        fs::read(path.join("cmdline")).is_ok_and(|line| {
            line.split(|&byte| byte == 0)
                .any(|word| word == mark.as_bytes())
        })
    };
    fs::read_dir("/proc")
        .expect("Linux has it")
        .flatten()
        .filter(|entry| has_mark(&entry.path()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Names and sizes of what a submission has no business with.
fn surroundings(course: &Path) -> Vec<(String, u64)> {
    let mut all = Vec::new();
    for folder in ["chapters", "solutions"] {
        look(&course.join(folder), true, &mut all);
    }
    if let Some(home) = std::env::home_dir() {
        look(&home, false, &mut all);
    }
    all.sort();
    all
}

fn look(folder: &Path, is_deep: bool, all: &mut Vec<(String, u64)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_file = path.is_file();
        let size = entry.metadata().map_or(0, |meta| meta.len());
        all.push((
            path.display().to_string(),
            if is_file && is_deep { size } else { 0 },
        ));
        if is_deep && path.is_dir() && !path.is_symlink() {
            look(&path, true, all);
        }
    }
}
