#![cfg(target_os = "linux")]
//! What a jail promises, each promise tried by a program that breaks it if it can.

#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use grader::jail::{Cell, Ending, Isolation, Jail, Outcome, Quotas, Session, Share};
use support::skip::skip;
use tempfile::TempDir;

/// The program, compiled once.
static PRISONER: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::Builder::new()
        .prefix("prisoner-")
        .tempdir()
        .expect("a folder");
    open(folder.path());
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jail/prisoner.rs");
    let program = folder.path().join("prisoner");
    let status = Command::new("rustc")
        .args(["--edition", "2024", "-o"])
        .args([&program, &source])
        .status();
    assert!(status.is_ok_and(|status| status.success()));
    (folder, program)
});

/// Another user may enter it.
fn open(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("our folder");
}

struct Prison {
    jail: Jail,
    /// Where the prisoner may write.
    cell: TempDir,
}

impl Prison {
    /// Of exactly this strength; none where the machine has no such jail.
    fn of(level: Isolation) -> Option<Prison> {
        let scratch = support::scratch();
        fs::create_dir_all(&scratch).expect("a folder");
        // Tests run side by side, and a worker's folder is for one at a time.
        static WORKER: AtomicUsize = AtomicUsize::new(900);
        let worker = WORKER.fetch_add(1, Ordering::Relaxed);
        let jail = Jail::find(worker, level, None, &scratch).unwrap_or_else(|why| panic!("{why}"));
        if jail.level != level {
            skip(&format!("there is no jail of the strength {level:?} here"));
            return None;
        }
        let cell = tempfile::tempdir().expect("a folder");
        jail.give(cell.path()).unwrap_or_else(|why| panic!("{why}"));
        Some(Prison { jail, cell })
    }

    fn cell(&self, args: &[&str]) -> Cell {
        let (folder, program) = &*PRISONER;
        Cell {
            program: program.clone(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
            dir: "/".into(),
            reads: vec![folder.path().to_owned()],
            writes: vec![self.cell.path().to_owned()],
            is_ours: false,
            is_alone: false,
            sees_proc: true,
            quotas: Quotas {
                memory_mib: 512,
                processes: 60,
                files: 100,
                file_mib: 8,
                cpu_seconds: 20,
            },
        }
    }

    fn run(&self, args: &[&str]) -> Outcome {
        let outcome = self
            .jail
            .run(&self.cell(args), &Share::until(Duration::from_secs(30)));
        outcome.unwrap_or_else(|why| panic!("{args:?}: {why}"))
    }

    fn says(&self, args: &[&str]) -> String {
        let outcome = self.run(args);
        let (said, told) = (outcome.stdout.text(), outcome.stderr.text());
        assert_eq!(outcome.ending, Ending::Exited(0), "{args:?}: {said} {told}");
        said.trim().to_owned()
    }

    fn can(&self, args: &[&str]) {
        let said = self.says(args);
        assert_eq!(said, "done", "{:?}: {args:?}", self.jail.level);
    }

    fn cannot(&self, args: &[&str]) {
        let said = self.says(args);
        assert!(
            said.starts_with("refused"),
            "{:?}: {args:?}: {said}",
            self.jail.level
        );
    }

    fn number(&self, args: &[&str]) -> usize {
        let said = self.says(args);
        said.parse().unwrap_or_else(|_| panic!("{args:?}: {said}"))
    }
}

/// Whether a process runs with this argument.
fn lives(mark: &str) -> bool {
    fs::read_dir("/proc")
        .expect("Linux has it")
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .any(|line| {
            line.split(|&byte| byte == 0)
                .any(|word| word == mark.as_bytes())
        })
}

fn strong() -> impl Iterator<Item = Prison> {
    [Isolation::Bwrap, Isolation::Landlock]
        .into_iter()
        .filter_map(Prison::of)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn loopback_works_inside() {
    for prison in strong() {
        prison.can(&["talks-to-itself"]);
    }
}

#[test]
fn the_network_outside_is_out_of_reach_with_bwrap_only() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let tcp = server.local_addr().expect("an address").to_string();
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let udp = udp.local_addr().expect("an address").to_string();
    for prison in strong() {
        match prison.jail.level {
            Isolation::Bwrap => {
                prison.cannot(&["connect", &tcp]);
                prison.cannot(&["sends-a-datagram", "192.0.2.1:53"]);
            }
            // Known, and said in the book: without a namespace the network is the machine's.
            _ => {
                prison.can(&["connect", &tcp]);
                prison.can(&["sends-a-datagram", &udp]);
            }
        }
    }
}

#[test]
fn files_that_are_not_its_own_cannot_be_read() {
    let secret = tempfile::tempdir().expect("a folder");
    open(secret.path());
    let file = secret.path().join("solution.rs");
    fs::write(&file, "the answer").expect("a file");
    let course = support::course();
    for prison in strong() {
        prison.cannot(&["read", text(&file)]);
        prison.cannot(&["read", text(&course.root.join("Cargo.toml"))]);
        prison.cannot(&["list", text(&course.root.join("solutions"))]);
        prison.cannot(&["read", "/etc/passwd"]);
        prison.cannot(&["read", "/etc/shadow"]);
        prison.can(&["read", text(&PRISONER.1)]);
        prison.can(&["list", "/proc/self/task"]);
        prison.can(&["read", "/proc/net/tcp"]);
    }
}

#[test]
fn nothing_is_written_outside_its_own_folder() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(elsewhere.path(), fs::Permissions::from_mode(0o777)).expect("ours");
    for prison in strong() {
        prison.cannot(&["write", text(&elsewhere.path().join("x"))]);
        prison.cannot(&["open-for-writing", text(&PRISONER.1)]);
        prison.cannot(&["write", "/usr/x"]);
        prison.can(&["write", text(&prison.cell.path().join("x"))]);
        // Writing memory would be unsafe code by the back door.
        for file in [
            "/proc/self/mem",
            "/proc/self/comm",
            "/proc/thread-self/comm",
        ] {
            prison.cannot(&["open-for-writing", file]);
        }
        match prison.jail.level {
            // A /tmp of its own, which nobody sees outside.
            Isolation::Bwrap => {
                prison.can(&["write", "/tmp/loopback-x"]);
                prison.can(&["write", "/dev/shm/loopback-x"]);
            }
            _ => prison.cannot(&["write", "/tmp/loopback-x"]),
        }
        assert!(!Path::new("/tmp/loopback-x").exists());
        assert!(!Path::new("/dev/shm/loopback-x").exists());
    }
}

#[test]
fn other_processes_are_out_of_reach() {
    let own = std::process::id().to_string();
    for prison in strong() {
        prison.cannot(&["runs", "/usr/bin/kill", "-CONT", &own]);
        prison.cannot(&["read", &format!("/proc/{own}/environ")]);
        if prison.jail.level == Isolation::Bwrap {
            // bubblewrap's own and the prisoner.
            assert!(prison.number(&["pids"]) <= 2);
        }
    }
}

#[test]
fn new_worlds_are_refused() {
    for prison in strong() {
        for flag in ["--user", "--net", "--mount", "--pid"] {
            prison.cannot(&["runs", "/usr/bin/unshare", flag, "/bin/true"]);
        }
        prison.cannot(&["runs", "/usr/bin/mount", "-t", "tmpfs", "x", "/tmp"]);
        // What it has written is no program.
        let copy = prison.cell.path().join("copy");
        prison.can(&["runs", "/usr/bin/cp", "/bin/true", text(&copy)]);
        prison.cannot(&["runs", text(&copy)]);
    }
}

/// Safe Rust cannot make a system call by its number, Perl can. Each of these would do something, or
/// complain of its arguments, if it came through.
#[test]
fn the_filter_refuses_what_no_exercise_needs() {
    const PERL: &str = "/usr/bin/perl";
    const SCRIPT: &str = "my @call = map { $_ + 0 } @ARGV; my $result = syscall(shift @call, @call); \
                          print $result == -1 ? $! + 0 : 'came through'";
    if !Path::new(PERL).exists() {
        return skip("there is no Perl here");
    }
    let (family, stream) = (libc::AF_VSOCK.into(), libc::SOCK_STREAM.into());
    let new_user: i64 = (libc::CLONE_NEWUSER | libc::SIGCHLD).into();
    for prison in strong() {
        for (call, arguments, errno) in [
            ("ptrace", &[libc::SYS_ptrace, 0, 0, 0, 0][..], libc::EPERM),
            (
                "process_vm_readv",
                &[libc::SYS_process_vm_readv, 1, 0, 0, 0, 0, 0],
                libc::EPERM,
            ),
            (
                "process_vm_writev",
                &[libc::SYS_process_vm_writev, 1, 0, 0, 0, 0, 0],
                libc::EPERM,
            ),
            (
                "pidfd_getfd",
                &[libc::SYS_pidfd_getfd, -1, 0, 0],
                libc::EPERM,
            ),
            ("shmget", &[libc::SYS_shmget, 0, 4096, 0o1600], libc::EPERM),
            ("semget", &[libc::SYS_semget, 0, 1, 0o1600], libc::EPERM),
            ("msgget", &[libc::SYS_msgget, 0, 0o1600], libc::EPERM),
            ("mq_open", &[libc::SYS_mq_open, 0, 0, 0, 0], libc::EPERM),
            (
                "setpriority",
                &[libc::SYS_setpriority, 0, 1, 19],
                libc::EPERM,
            ),
            (
                "setpriority of a user",
                &[libc::SYS_setpriority, 2, 0, 19],
                libc::EPERM,
            ),
            (
                "sched_setaffinity",
                &[libc::SYS_sched_setaffinity, 1, 0, 0],
                libc::EPERM,
            ),
            ("prlimit", &[libc::SYS_prlimit64, 1, 7, 1, 0], libc::EPERM),
            ("memfd_create", &[libc::SYS_memfd_create, 0, 0], libc::EPERM),
            (
                "io_uring_setup",
                &[libc::SYS_io_uring_setup, 1, 0],
                libc::EPERM,
            ),
            ("bpf", &[libc::SYS_bpf, 0, 0, 0], libc::EPERM),
            ("unshare", &[libc::SYS_unshare, 0], libc::EPERM),
            ("setns", &[libc::SYS_setns, -1, 0], libc::EPERM),
            ("mount", &[libc::SYS_mount, 0, 0, 0, 0, 0], libc::EPERM),
            (
                "socket",
                &[libc::SYS_socket, family, stream, 0],
                libc::EPERM,
            ),
            (
                "clone",
                &[libc::SYS_clone, new_user, 0, 0, 0, 0],
                libc::EPERM,
            ),
            // The C library takes clone instead, whose flags the filter sees.
            ("clone3", &[libc::SYS_clone3, 0, 0], libc::ENOSYS),
        ] {
            let mut cell = prison.cell(&["-e", SCRIPT]);
            cell.program = PERL.into();
            cell.args.extend(arguments.iter().map(i64::to_string));
            let outcome = prison
                .jail
                .run(&cell, &Share::until(Duration::from_secs(30)));
            let outcome = outcome.unwrap_or_else(|why| panic!("{why}"));
            let said = outcome.stdout.text();
            assert_eq!(said, errno.to_string(), "{:?}: {call}", prison.jail.level);
        }
    }
}

#[test]
fn the_environment_is_empty() {
    for prison in strong() {
        let said = prison.says(&["environment"]);
        let names: Vec<&str> = said.split_whitespace().collect();
        let known = |name: &&str| matches!(*name, "PATH" | "TMPDIR" | "PWD");
        assert!(names.iter().all(known), "{names:?}");
    }
}

#[test]
fn each_limit_holds() {
    for prison in strong() {
        let opened = prison.number(&["opens", "200"]);
        assert!(opened < 100, "{opened} files");
        let threads = prison.number(&["threads", "500"]);
        let processes = prison.number(&["processes", "500"]);
        // Where the user is not the submission's alone, what else runs counts too.
        assert!(
            threads <= 60 && processes <= 60,
            "{threads} threads, {processes} processes"
        );
        let outcome = prison.run(&["memory", "4096"]);
        assert_eq!(outcome.ending, Ending::Signal(6));
        assert!(
            outcome
                .stderr
                .text()
                .contains("memory allocation of 1048576 bytes failed")
        );
        let file = prison.cell.path().join("large");
        let outcome = prison.run(&["fills", text(&file), "20"]);
        // SIGXFSZ, unless it is ignored.
        assert!(
            outcome.ending == Ending::Signal(25) || outcome.stdout.text().contains("refused"),
            "{:?}",
            outcome.ending
        );
        assert!(file.metadata().is_ok_and(|meta| meta.len() <= 8 << 20));
    }
}

#[test]
fn its_tmp_has_little_room() {
    let Some(prison) = Prison::of(Isolation::Bwrap) else {
        return;
    };
    let mut cell = prison.cell(&["fills", "/tmp/a", "6"]);
    let both = format!(
        "{0} fills /tmp/a 6; {0} fills /tmp/b 6",
        cell.program.display()
    );
    cell.program = "/bin/sh".into();
    cell.args = vec!["-c".into(), both];
    let outcome = prison
        .jail
        .run(&cell, &Share::until(Duration::from_secs(30)));
    let said = outcome.unwrap_or_else(|why| panic!("{why}")).stdout.text();
    assert!(said.starts_with("done\nrefused: No space left"), "{said}");
}

#[test]
fn a_flood_is_counted_and_not_kept() {
    for prison in strong() {
        let outcome = prison.run(&["floods", "100"]);
        assert_eq!(outcome.ending, Ending::Exited(0));
        let kept = outcome.stdout.head.len() + outcome.stdout.tail.len();
        assert!(kept <= 64 * 1024);
        assert_eq!(kept as u64 + outcome.stdout.dropped, (100 << 20) + 1);
    }
}

#[test]
fn nothing_outlives_its_run() {
    for (number, prison) in strong().enumerate() {
        let mark = format!("{}", 100_000 + 10 * std::process::id() as usize + number);
        prison.can(&["leaves-a-daemon", &mark]);
        assert!(!lives(&mark), "{:?}: it lives", prison.jail.level);
    }
}

#[test]
fn a_deadline_ends_all_of_it() {
    for (number, prison) in strong().enumerate() {
        let mark = format!("{}", 100_005 + 10 * std::process::id() as usize + number);
        let began = Instant::now();
        let cell = prison.cell(&["never-ends", &mark]);
        let outcome = prison
            .jail
            .run(&cell, &Share::until(Duration::from_secs(1)));
        let outcome = outcome.unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(outcome.ending, Ending::Deadline);
        assert!(began.elapsed() < Duration::from_secs(15));
        assert!(!lives(&mark), "{:?}: it lives", prison.jail.level);
    }
}

/// Several programs in one jail, as the tests of a submission run.
struct Row<'a> {
    prison: &'a Prison,
    session: Session<'a>,
}

impl<'a> Row<'a> {
    fn of(prison: &'a Prison) -> Row<'a> {
        let mut cell = prison.cell(&[]);
        // A folder that it may write to would be shared on purpose.
        cell.writes.clear();
        Row {
            prison,
            session: Session::new(&prison.jail, cell),
        }
    }

    fn run(&mut self, args: &[&str]) -> Outcome {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let share = Share::until(Duration::from_secs(30));
        let outcome = self.session.run(&args, &[], &share, None);
        outcome.unwrap_or_else(|why| panic!("{args:?}: {why}"))
    }

    fn says(&mut self, args: &[&str]) -> String {
        let outcome = self.run(args);
        let (said, told) = (outcome.stdout.text(), outcome.stderr.text());
        assert_eq!(outcome.ending, Ending::Exited(0), "{args:?}: {said} {told}");
        said.trim().to_owned()
    }

    fn cannot(&mut self, args: &[&str]) {
        let said = self.says(args);
        let level = self.prison.jail.level;
        assert!(said.starts_with("refused"), "{level:?}: {args:?}: {said}");
    }

    fn can(&mut self, args: &[&str]) {
        let said = self.says(args);
        assert_eq!(said, "done", "{:?}: {args:?}", self.prison.jail.level);
    }

    /// Where the next program runs.
    fn place(&mut self) -> Place {
        let said = self.says(&["namespace"]);
        let (namespace, pid) = said.split_once(' ').expect("two words");
        Place {
            namespace: namespace.to_owned(),
            pid: pid.parse().expect("a number"),
        }
    }
}

/// Where a program ran.
struct Place {
    namespace: String,
    pid: u32,
}

impl Place {
    /// The kernel may give a new namespace the number of one that has ended. Its process numbers begin
    /// anew.
    fn is_in_the_jail_of(&self, earlier: &Place) -> bool {
        self.namespace == earlier.namespace && self.pid > earlier.pid
    }
}

#[test]
fn programs_share_a_jail_until_one_leaves_something_in_it() {
    let Some(prison) = Prison::of(Isolation::Bwrap) else {
        return;
    };
    let mut row = Row::of(&prison);
    let first = row.place();
    assert!(row.place().is_in_the_jail_of(&first), "one jail for both");
    // Whoever puts away what he has made leaves nothing.
    row.can(&["writes-and-removes", "/tmp/x"]);
    assert!(row.place().is_in_the_jail_of(&first));
    for leaves in [
        &["write", "/tmp/x"][..],
        &["write", "/dev/shm/x"],
        &["deep", "/tmp", "2000"],
        &["runs", "/bin/chmod", "0", "/tmp"],
        &["leaves-a-daemon", "100008"],
    ] {
        let before = row.place();
        // Who may change the folder itself depends on whose it is.
        let said = row.says(leaves);
        if said.starts_with("refused") {
            continue;
        }
        assert!(!row.place().is_in_the_jail_of(&before), "{leaves:?}");
    }
    let before = row.place();
    row.run(&["aborts"]);
    assert!(
        row.place().is_in_the_jail_of(&before),
        "a crash leaves nothing"
    );
}

#[test]
fn nothing_reaches_the_next_program() {
    for (number, prison) in strong().enumerate() {
        let level = prison.jail.level;
        let mut row = Row::of(&prison);
        let mark = format!("{}", 100_009 + 10 * std::process::id() as usize + number);
        for file in ["/tmp/loopback-left", "/dev/shm/loopback-left"] {
            let said = row.says(&["write", file]);
            assert_eq!(said == "done", level == Isolation::Bwrap, "{file}: {said}");
            row.cannot(&["read", file]);
        }
        // The folder that TMPDIR names is another one then, or empty.
        let left = row.says(&["leaves-in-tmp"]);
        row.cannot(&["read", &left]);
        row.can(&["tmp-is-empty"]);
        let port = free_port();
        row.can(&["leaves-a-listener", &port, &mark]);
        assert!(!lives(&mark), "{level:?}: it lives");
        row.cannot(&["connect", &port]);
        row.cannot(&["connect-abstract", &mark]);
        assert_eq!(row.says(&["opens", "200"]), row.says(&["opens", "200"]));
        row.can(&["runs", "/bin/sh", "-c", "ulimit -n 10; ulimit -t 1"]);
        assert!(
            row.says(&["opens", "200"])
                .parse::<usize>()
                .is_ok_and(|n| n > 50)
        );
        assert_eq!(row.says(&["environment"]), row.says(&["environment"]));
    }
}

#[test]
fn what_starts_the_programs_is_out_of_their_reach() {
    for prison in strong() {
        let level = prison.jail.level;
        let mut row = Row::of(&prison);
        for file in ["mem", "fd/0", "environ", "cwd/x"] {
            row.cannot(&["opens-of-parent", file]);
        }
        // Its socket is none of ours: nobody can speak for the next program.
        row.cannot(&["finds-a-socket"]);
        if level == Isolation::Bwrap {
            row.can(&["kills-its-parent"]);
        } else {
            // A kernel with signals in Landlock refuses; an older one lets a user end what is his own.
            row.run(&["kills-its-parent"]);
        }
        row.can(&["list", "/proc/self/task"]);
        let limit = ["runs", "/usr/bin/prlimit", "--nofile=5", "--pid"];
        if Path::new(limit[1]).exists() {
            row.cannot(&[&limit[..], &["1"]].concat());
        }
        assert!(
            row.says(&["opens", "200"])
                .parse::<usize>()
                .is_ok_and(|n| n > 50)
        );
    }
}

/// A port that nobody has at the moment.
fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

#[test]
fn an_end_is_told_as_it_was() {
    for prison in strong() {
        assert_eq!(prison.run(&["exits", "7"]).ending, Ending::Exited(7));
        assert_eq!(prison.run(&["aborts"]).ending, Ending::Signal(6));
        // The code by which the helper says that there is no jail is not enough to make us believe it.
        assert_eq!(prison.run(&["exits", "125"]).ending, Ending::Exited(125));
    }
}

#[test]
fn more_than_there_is_cannot_be_had() {
    let least = Some(Isolation::Bwrap);
    let refused = Jail::find(998, Isolation::Landlock, least, &support::scratch());
    let why = refused.expect_err("a weaker jail").to_string();
    assert!(
        why.starts_with("This machine has no jail as strong as bwrap"),
        "{why}"
    );
}

/// Each copies the grader's program while others start it, if the grader is root's.
#[test]
fn workers_that_begin_at_once_have_the_same_jail() {
    if !support::has(Isolation::Landlock) {
        return;
    }
    let found = std::thread::scope(|scope| {
        let find = |worker: usize| {
            let scratch = support::scratch();
            (0..8)
                .map(|_| Jail::find(worker, Isolation::Landlock, None, &scratch))
                .map(|jail| jail.unwrap_or_else(|why| panic!("{why}")).level)
                .collect::<Vec<_>>()
        };
        let workers = (950..958).map(|worker| scope.spawn(move || find(worker)));
        let workers: Vec<_> = workers.collect();
        let levels = workers
            .into_iter()
            .flat_map(|one| one.join().expect("no panic"));
        levels.collect::<Vec<_>>()
    });
    assert_eq!(found, [Isolation::Landlock; 64]);
}
