//! Attacks on what lies around a test: the kernel's files about it, devices, odd sockets, its own folder, and any
//! system call at all, from a program that the test becomes.

use grader::jail::Isolation;
use grader::report::Verdict;
use grader::settings::{Limits, Settings};
use rustix::process::geteuid;

use crate::reaches::Fate::{Depends, Done, Refused};
use crate::reaches::Fates;
use crate::support::{self, CHAPTER_00, settings};
use crate::volley::{Attack, Volley};

/// In each: what is opened for writing, one after the other, until one lets itself be.
const AROUND: &[Attack] = &[
    ("writes to the kernel's files about itself", WRITES_ITSELF),
    (
        "writes to the kernel's files about its thread",
        "let thread = std::fs::read_link(\"/proc/thread-self\").unwrap_or_default(); \
        crate::attack::written(&[&format!(\"/proc/{}/mem\", thread.display()), \"/proc/thread-self/mem\", \"/proc/thread-self/comm\"])",
    ),
    (
        "writes to the kernel's settings",
        "crate::attack::written(&[\"/proc/sys/kernel/core_pattern\", \"/proc/sys/vm/drop_caches\", \
        \"/proc/sysrq-trigger\", \"/sys/kernel/mm/ksm/run\", \"/proc/sys/net/ipv4/ip_forward\", \"/sys/power/state\"])",
    ),
    (
        "opens devices",
        "crate::attack::written(&[\"/dev/mem\", \"/dev/kmsg\", \"/dev/vda\", \"/dev/sda\", \"/dev/kvm\", \"/dev/fuse\", \"/dev/net/tun\", \"/dev/tty\", \"/dev/console\"])",
    ),
    (
        "reads the kernel's memory",
        "crate::attack::read(&[\"/proc/kcore\", \"/dev/mem\", \"/proc/kmsg\", \"/dev/kmsg\", \"/proc/vmallocinfo\", \"/sys/kernel/debug\"])",
    ),
    (
        "reads through its parent",
        "let parent = format!(\"/proc/{}\", std::os::unix::process::parent_id()); \
        let names = [\"root/etc/passwd\", \"cwd/Cargo.toml\", \"environ\", \"maps\", \"fd/0\", \"exe\"].map(|name| format!(\"{parent}/{name}\")); \
        crate::attack::read(&names.each_ref().map(|name| name.as_str()))",
    ),
    (
        "reads through itself",
        "crate::attack::read(&[\"/proc/self/root/etc/passwd\", \"/proc/self/cwd/../../../../../../../../etc/passwd\", \"/proc/1/root/etc/passwd\"])",
    ),
    (
        "lists the machine's folders",
        "let all = [\"/home\", \"/root\", \"/var\", \"/etc\", \"/run\", \"/srv\", \"/mnt\", \"/boot\", \"/sys\"]; \
        match all.iter().find(|path| std::fs::read_dir(path).is_ok_and(|mut all| all.next().is_some())) { \
        Some(path) => format!(\"done: {path}\"), None => \"refused\".into() }",
    ),
    (
        "changes the program that it is",
        "let own = std::env::current_exe().expect(\"a path\"); \
        crate::attack::written(&[\"/proc/self/exe\", &own.to_string_lossy()])",
    ),
    (
        "takes the program away",
        "let own = std::env::current_exe().expect(\"a path\"); \
        said(std::fs::remove_file(&own).or_else(|_| std::fs::rename(&own, own.with_extension(\"old\"))))",
    ),
    (
        "a second name for the program",
        "let own = std::env::current_exe().expect(\"a path\"); \
        said(std::fs::hard_link(&own, std::env::temp_dir().join(\"name\")))",
    ),
    (
        "another folder in place of its own",
        "let own = std::env::temp_dir(); let other = own.with_file_name(\"other\"); \
        said(std::fs::rename(&own, &other).and_then(|()| std::os::unix::fs::symlink(\"/etc\", &own)))",
    ),
    (
        "raw sockets",
        "use socket2::{Domain, Protocol, Socket, Type}; \
        let kinds = [(2, 3, 1), (2, 3, 255), (10, 3, 58), (17, 3, 768), (17, 2, 768)]; \
        match kinds.iter().find(|(domain, kind, protocol)| Socket::new(Domain::from(*domain), Type::from(*kind), Some(Protocol::from(*protocol))).is_ok()) { \
        Some(kind) => format!(\"done: {kind:?}\"), None => \"refused\".into() }",
    ),
    (
        "odd sockets",
        "use socket2::{Domain, Socket, Type}; \
        match (3..46).filter(|domain| ![10, 16].contains(domain)).find(|domain| [1, 2, 3, 5].iter().any(|kind| \
        Socket::new(Domain::from(*domain), Type::from(*kind), None).is_ok())) { \
        Some(domain) => format!(\"done: {domain}\"), None => \"refused\".into() }",
    ),
    // RTM_NEWLINK (rtnetlink(7)): the loopback goes down. The answer is an errno.
    (
        "switches the network off",
        "use socket2::{Domain, Protocol, Socket, Type}; \
        let netlink = Socket::new(Domain::from(16), Type::from(3), Some(Protocol::from(0))).expect(\"netlink\"); \
        let mut ask = vec![32, 0, 0, 0, 16, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]; \
        let sent = netlink.send(&ask); ask.resize(256, 0); use std::io::Read; let got = (&netlink).read(&mut ask); \
        match (sent, got) { (Ok(_), Ok(n)) if n >= 20 && ask[16..20] == [0; 4] => \"done\".into(), other => format!(\"refused: {other:?}\") }",
    ),
    (
        "takes a port of the system",
        "said(std::net::TcpListener::bind(\"127.0.0.1:22\").or_else(|_| std::net::TcpListener::bind(\"127.0.0.1:443\")))",
    ),
    (
        "marks its packets",
        "let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).expect(\"a socket\"); \
        said(socket.set_mark(1))",
    ),
    (
        "speaks to the machine's network",
        "let socket = std::net::UdpSocket::bind(\"0.0.0.0:0\").expect(\"a socket\"); \
        said(socket.send_to(b\"x\", \"198.51.100.1:9\"))",
    ),
    (
        "speaks to everybody",
        "let socket = std::net::UdpSocket::bind(\"0.0.0.0:0\").expect(\"a socket\"); let _ = socket.set_broadcast(true); \
        said(socket.send_to(b\"x\", \"255.255.255.255:9\").or_else(|_| socket.send_to(b\"x\", \"224.0.0.251:5353\")))",
    ),
    // Harmless, and to be cleared away.
    (
        "folders that are closed",
        "use std::os::unix::fs::DirBuilderExt; let mut at = std::env::temp_dir(); \
        for n in 0..3 { at.push(n.to_string()); let _ = std::fs::write(at.with_extension(\"x\"), \"\"); \
        std::fs::DirBuilder::new().mode(if n == 2 { 0 } else { 0o300 }).create(&at).expect(\"a folder\"); } \"done\".into()",
    ),
    (
        "a file for whoever starts it to be its owner",
        "use std::os::unix::fs::OpenOptionsExt; let path = std::env::temp_dir().join(\"own\"); \
        said(std::fs::OpenOptions::new().write(true).create_new(true).mode(0o6777).open(path))",
    ),
    (
        "links to what is not its own",
        "for (n, to) in [\"/etc/passwd\", \"/\", \"{COURSE}\", \"/proc/self\"].iter().enumerate() { \
        let _ = std::os::unix::fs::symlink(to, std::env::temp_dir().join(format!(\"link{n}\"))); } \"done\".into()",
    ),
    (
        "names that are none",
        "use std::os::unix::ffi::OsStrExt; for name in [&b\"\\n::error::\\xff\"[..], b\"\\x1b[2J\", b\"-rf\", b\"*\", &[b'x'; 255]] { \
        std::fs::write(std::env::temp_dir().join(std::ffi::OsStr::from_bytes(name)), \"\").expect(\"a file\"); } \"done\".into()",
    ),
    (
        "locks the program",
        "said(std::fs::File::open(std::env::current_exe().expect(\"a path\")).and_then(|file| file.lock()))",
    ),
    (
        "lives after all",
        "said(std::fs::write(std::env::temp_dir().join(\"mine\"), \"x\"))",
    ),
];

const WRITES_ITSELF: &str = "let own = [\"mem\", \"oom_score_adj\", \"coredump_filter\", \"timerslack_ns\", \"autogroup\", \"uid_map\", \"comm\", \
     \"attr/current\", \"clear_refs\", \"loginuid\", \"setgroups\"].map(|name| format!(\"/proc/self/{name}\")); \
     crate::attack::written(&own.each_ref().map(|path| path.as_str()))";

const HELPERS: &str = r#"
pub fn written(paths: &[&str]) -> String {
    let open = |path: &&&str| std::fs::OpenOptions::new().write(true).open(path).is_ok();
    paths.iter().find(open).map_or("refused".into(), |path| format!("done: {path}"))
}

pub fn read(paths: &[&str]) -> String {
    let read = |path: &&&str| match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => std::fs::read_dir(path).is_ok(),
        _ => std::fs::File::open(path).is_ok_and(|mut file| std::io::Read::read(&mut file, &mut [0]).is_ok()),
    };
    paths.iter().find(read).map_or("refused".into(), |path| format!("done: {path}"))
}
"#;

/// What is to become of them.
fn fates(attack: &str) -> Fates {
    match attack {
        "writes to the kernel's files about itself"
        | "writes to the kernel's files about its thread"
        | "reads through itself"
        | "lists the machine's folders" => [Refused, Refused, Done, Done],
        // Its log may be for everybody.
        "reads the kernel's memory" => [Refused, Refused, Depends, Depends],
        "opens devices"
        | "reads through its parent"
        | "takes the program away"
        | "a second name for the program"
        | "another folder in place of its own"
        | "odd sockets" => [Refused, Refused, Depends, Depends],
        // Every program of the machine may.
        "takes a port of the system"
        | "speaks to the machine's network"
        | "speaks to everybody" => [Refused, Depends, Depends, Depends],
        "writes to the kernel's settings"
        | "changes the program that it is"
        | "raw sockets"
        | "switches the network off"
        | "marks its packets" => [Refused; 4],
        _ => [Done; 4],
    }
}

#[test]
fn what_lies_around_a_test_stays_as_it_is() {
    let course = support::course();
    let names = [("{COURSE}", course.root.display().to_string())];
    for (column, level) in support::LEVELS.into_iter().enumerate() {
        if !support::has(level) {
            continue;
        }
        // What is an ordinary user's, a program of his may take away: the next tests would not be there.
        let is_open = level < Isolation::Landlock && !geteuid().is_root();
        let takes = |name: &str| {
            name.starts_with("takes the program") || name.starts_with("another folder")
        };
        let attacks: Vec<Attack> = (AROUND.iter().copied())
            .filter(|(name, _)| !(is_open && takes(name)))
            .collect();
        let volley = Volley::of(&attacks, &names).with_helpers(HELPERS);
        let report = volley.strikes(&Settings {
            at_most: level,
            ..settings(&[CHAPTER_00])
        });
        for (attack, _) in attacks {
            fates(attack)[column].is(&volley.hit(&report, attack).said, level, attack);
        }
    }
    assert!(std::fs::metadata("/etc/passwd").is_ok_and(|meta| meta.is_file()));
}

/// Calls, by their numbers on x86-64, that a test becomes perl for: perl can make any.
#[cfg(target_arch = "x86_64")]
const CALLS: &[(&str, &[u32])] = &[
    ("calls that make processes", &[56, 57, 58, 435]),
    (
        "calls that look into others",
        &[101, 310, 311, 312, 434, 438, 440],
    ),
    (
        "calls that make worlds",
        &[155, 161, 165, 166, 272, 308, 428, 429, 430, 442],
    ),
    (
        "calls that leave something behind",
        &[
            29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 240, 241, 248, 249, 250,
        ],
    ),
    (
        "calls that change rights",
        &[
            90, 91, 92, 93, 94, 132, 133, 235, 259, 260, 261, 268, 280, 452, 188, 189, 190,
        ],
    ),
    (
        "calls that open doors of the kernel",
        &[
            298, 300, 321, 323, 425, 426, 427, 319, 447, 253, 294, 303, 304, 154, 135, 172, 173,
            175, 246, 313,
        ],
    ),
    (
        "calls that make all wait",
        &[162, 306, 103, 167, 168, 169, 227, 305],
    ),
    (
        "calls that change who is signalled",
        &[
            109, 112, 141, 144, 203, 251, 160, 424, 62, 200, 234, 129, 297,
        ],
    ),
    (
        "calls that set who it is",
        &[105, 106, 113, 114, 117, 119, 116, 122, 123, 126],
    ),
    (
        "calls by the other door",
        &[0x4000_0000 | 57, 0x4000_0000 | 521, 0x4000_0000 | 272],
    ),
];

/// Says which was not refused: with EPERM, or ENOSYS for what the kernel does not know.
#[cfg(target_arch = "x86_64")]
const PERL: &str = "for (@ARGV) { $! = 0; my $came = syscall($_, 0, 0, 0, 0, 0); exit if $came == 0 && /^5[678]$/; \
     next if $came == -1 && ($! == 1 || $! == 38); print STDERR qq(struck: done: $_ $!\n); exit 1 } \
     print STDERR qq(struck: refused\n); exit 1";

#[cfg(target_arch = "x86_64")]
#[test]
fn a_test_that_becomes_another_program_makes_no_call_that_it_does_not_need() {
    let becomes_perl = |(name, numbers): &(&'static str, &[u32])| -> Attack {
        let numbers: Vec<String> = numbers.iter().map(|one| format!("\"{one}\"")).collect();
        let code = format!(
            "use std::os::unix::process::CommandExt; std::process::Command::new(\"/usr/bin/perl\")\
             .args([\"-e\", {PERL:?}, {}]).exec().to_string()",
            numbers.join(", ")
        );
        (name, code.leak())
    };
    let attacks: Vec<Attack> = CALLS.iter().map(becomes_perl).collect();
    let volley = Volley::of(&attacks, &[]);
    for level in [Isolation::Bwrap, Isolation::Landlock] {
        if !support::has(level) {
            continue;
        }
        let report = volley.strikes(&Settings {
            at_most: level,
            ..settings(&[CHAPTER_00])
        });
        for (attack, _) in &attacks {
            Refused.is(&volley.hit(&report, attack).said, level, attack);
        }
    }
}

/// What counts as nobody's memory, and is the kernel's.
const KERNELS: &[Attack] = &[
    (
        "empty files",
        "let mut n = 0; while n < 300_000 && std::fs::write(format!(\"/tmp/{n}\"), \"\").is_ok() { n += 1; } format!(\"done: {n}\")",
    ),
    (
        "empty folders elsewhere",
        "let mut n = 0; while n < 300_000 && std::fs::create_dir(format!(\"/dev/shm/{n}\")).is_ok() { n += 1; } format!(\"done: {n}\")",
    ),
    (
        "fills Unix sockets",
        "use std::{io::Write, os::unix::net::UnixStream}; let (mut all, bytes) = (Vec::new(), [1; 1 << 16]); \
         while let Ok((one, other)) = UnixStream::pair() { for mut end in [&one, &other] { \
         end.set_nonblocking(true).expect(\"a socket\"); while end.write(&bytes).is_ok() {} } all.push((one, other)); } \
         std::thread::sleep(std::time::Duration::from_secs(1)); format!(\"done: {}\", all.len())",
    ),
    (
        "has its room",
        "(0..500).all(|n| std::fs::write(format!(\"/tmp/{n}\"), \"\").is_ok()).to_string()",
    ),
];

#[test]
fn memory_of_the_kernel_has_its_limit_where_the_jail_has_files_of_its_own() {
    if !support::has(Isolation::Bwrap) {
        return;
    }
    let volley = Volley::of(KERNELS, &[]);
    let report = volley.strikes(&Settings {
        limits: Limits {
            memory_mib: 512,
            ..Limits::default()
        },
        ..settings(&[CHAPTER_00])
    });
    for attack in ["empty files", "empty folders elsewhere"] {
        let hit = volley.hit(&report, attack);
        assert_eq!(hit.verdict, Verdict::Crash, "{attack}: {}", hit.message);
        assert!(
            hit.message.contains("more files and folders"),
            "{}",
            hit.message
        );
    }
    let sockets = volley.hit(&report, "fills Unix sockets");
    assert_eq!(sockets.verdict, Verdict::Oom, "{}", sockets.message);
    assert_eq!(volley.hit(&report, "has its room").said, "true");
}
