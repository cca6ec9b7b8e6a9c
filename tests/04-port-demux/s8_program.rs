//! Step 8: the program that shows the table of this machine.

use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
#[cfg(unix)]
use std::path::PathBuf;
use std::process::{Command as Process, Output};

use netlab::{Lab, lab};
use port_demux::{Command, owners, parse_args};
use socket2::{Domain, Socket, Type};

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

#[test]
fn s8_arguments() {
    lab(|lab| {
        lab.why("A port is a number of 16 bits, and 0 is nobody's.");
        let cases = [
            ("who 80", "who 80"),
            ("who 1", "who 1"),
            ("who 65535", "who 65535"),
            ("table", "table"),
            ("--help", "help"),
            ("who -h", "help"),
            ("table what --help", "help"),
        ];
        for (line, want) in cases {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            let got = match got {
                Command::Who { port } => format!("who {port}"),
                Command::Table => "table".to_owned(),
                Command::Help => "help".to_owned(),
            };
            lab.same("what is asked for", got, want.to_owned());
        }
    });
}

#[test]
fn s8_wrong_arguments() {
    lab(|lab| {
        lab.why("What cannot be meant is told to the person at once.");
        let wrong = [
            "",
            "what",
            "who",
            "who 0",
            "who 65536",
            "who -1",
            "who +80",
            "who http",
            "who 80 81",
            "table 80",
            "80",
        ];
        for line in wrong {
            let wrong = lab.err(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            lab.holds(
                !wrong.is_empty(),
                "a line that says what is wrong",
                "an empty line",
            );
        }
    });
}

#[test]
fn s8_help_and_wrong_arguments_end_differently() {
    lab(|lab| {
        lab.why("Help that was asked for is a result: standard output, exit code 0. Wrong arguments are the caller's mistake: standard error, exit code 2.");
        let output = run(lab, "--help");
        lab.same("exit code", output.status.code(), Some(0));
        says(lab, "standard output", &output.stdout, "usage");
        for line in ["who 65536", "what", ""] {
            let output = run(lab, line);
            lab.same("exit code", output.status.code(), Some(2));
            says(lab, "standard error", &output.stderr, "usage");
            lab.same("standard output", text(&output.stdout), String::new());
        }
    });
}

#[cfg(unix)]
#[test]
fn s8_owners_are_found_by_their_links() {
    lab(|lab| {
        lab.why("A descriptor is a link in /proc/PID/fd. Links to files and pipes are no sockets, folders that are no numbers are no processes, and a process can end, or refuse, while you look.");
        let proc = Folder::new("owners");
        proc.process(300, Some("apache\n"), &["socket:[91532]", "socket:[91533]"]);
        proc.process(
            20,
            Some("init\n"),
            &[
                "socket:[91532]",
                "/dev/null",
                "pipe:[91533]",
                "socket:[91532]",
            ],
        );
        proc.process(7, None, &["socket:[4]"]);
        proc.file("8/comm", "gone\n");
        proc.file("uptime", "12.5 9.1\n");
        proc.link("net/fd/3", "socket:[91532]");
        let owners = lab.ok("owners(a folder like /proc)", || owners(&proc.0));
        let mut got: Vec<(u64, Vec<String>)> = owners
            .iter()
            .map(|(id, owners)| {
                let names = owners
                    .iter()
                    .map(|owner| format!("{} {}", owner.pid, owner.name));
                (id.0, names.collect())
            })
            .collect();
        got.sort();
        let want = [
            (4, vec!["7 "]),
            (91532, vec!["20 init", "300 apache"]),
            (91533, vec!["300 apache"]),
        ]
        .map(|(id, names)| (id, names.into_iter().map(str::to_owned).collect()));
        lab.same("the owners of each socket", got, want.to_vec());
    });
}

#[test]
fn s8_owners_of_nowhere_is_an_error() {
    lab(|lab| {
        lab.why("A folder that cannot be read is an error. An empty answer would say that nobody has a socket.");
        let nowhere = std::env::temp_dir().join("loopback-no-such-folder");
        lab.err("owners(a folder that is not there)", || owners(&nowhere));
    });
}

/// The lines of the output that name this end.
fn lines<'a>(output: &'a str, local: &str) -> Vec<Vec<&'a str>> {
    let lines = output.lines().map(|line| line.split_whitespace().collect());
    lines
        .filter(|words: &Vec<&str>| words.get(1) == Some(&local))
        .collect()
}

fn is_ours(words: &[&str]) -> bool {
    words.contains(&std::process::id().to_string().as_str())
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s8_who_names_the_owner() {
    lab(|lab| {
        lab.why("The kernel's table names inodes, and /proc/PID/fd tells which process has a descriptor of which inode. Together they answer the question that every taken port asks: whose is it?");
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let home = listener.local_addr().expect("getsockname");
        let client = TcpStream::connect(home).expect("connect");
        let _child = listener.accept().expect("accept");
        let output = run(lab, &format!("who {}", home.port()));
        lab.same("exit code", output.status.code(), Some(0));
        let stdout = text(&output.stdout);
        let first = stdout.lines().next().unwrap_or_default().to_owned();
        let class = if home.port() < 49152 {
            "user"
        } else {
            "dynamic"
        };
        lab.holds(
            first.contains(&home.port().to_string()) && first.contains(class),
            format!("a first line with {} and {class}", home.port()),
            format!("{first:?}"),
        );
        let rows = lines(&stdout, &home.to_string());
        let peer = client.local_addr().expect("getsockname").to_string();
        for (state, remote) in [("LISTEN", "-"), ("ESTABLISHED", peer.as_str())] {
            let found = rows.iter().any(|words| {
                words[0] == "tcp" && words[2] == remote && words[3] == state && is_ours(words)
            });
            lab.holds(
                found,
                format!("a line: tcp {home} {remote} {state} and our pid"),
                &stdout,
            );
        }
        lab.why("Each owner is written as PID NAME.");
        let pid = std::process::id().to_string();
        let name = std::fs::read_to_string("/proc/self/comm").expect("our name");
        let ours = rows.iter().flat_map(|words| words.windows(2));
        let named = ours
            .filter(|two| two[0] == pid)
            .any(|two| name.split_whitespace().next() == Some(two[1].trim_end_matches(',')));
        lab.holds(named, format!("{pid} {}", name.trim_end()), &stdout);
        lab.why("TCP and UDP count their ports apart, and who asks for a port means both.");
        let udp = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let at = udp.local_addr().expect("getsockname");
        let output = run(lab, &format!("who {}", at.port()));
        let udp_out = text(&output.stdout);
        let found = lines(&udp_out, &at.to_string());
        lab.holds(
            found
                .iter()
                .any(|words| words[0] == "udp" && is_ours(words)),
            format!("a line: udp {at} and our pid"),
            &udp_out,
        );
        lab.why("The client's end has the port as its remote one. Its own port is another.");
        let clients = lines(&stdout, &peer);
        lab.same("lines of the client's end", clients.len(), 0);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s8_who_knows_the_services() {
    lab(|lab| {
        lab.why("A registered name is a convention that nobody enforces. It is worth a hint, and nothing more.");
        let cases = [
            (53, ["system", "domain"]),
            (123, ["system", "ntp"]),
            (65000, ["dynamic", "65000"]),
        ];
        for (port, want) in cases {
            let output = run(lab, &format!("who {port}"));
            let stdout = text(&output.stdout);
            let first = stdout.lines().next().unwrap_or_default().to_owned();
            for word in want {
                says(lab, "the first line", first.as_bytes(), word);
            }
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s8_who_finds_nobody() {
    lab(|lab| {
        lab.why("A TCP socket that is bound and does not listen is in none of the kernel's lists, although its port is taken. Nobody there: exit code 1, so that a script can ask.");
        // All addresses: nobody else can have this port, for TCP.
        let bound = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any: std::net::SocketAddr = ([0, 0, 0, 0], 0).into();
        bound.bind(&any.into()).expect("bind");
        let local = bound.local_addr().expect("getsockname").as_socket();
        let port = local.map_or(0, |addr| addr.port());
        let output = run(lab, &format!("who {port}"));
        let stdout = text(&output.stdout);
        let rows = stdout.lines().skip(1);
        let (tcp, udp) = rows.fold((0, 0), |(tcp, udp), line| {
            (
                tcp + usize::from(line.starts_with("tcp")),
                udp + usize::from(line.starts_with("udp")),
            )
        });
        lab.same("lines with tcp", tcp, 0);
        // UDP counts apart, and another program may have that one.
        if udp == 0 {
            lab.same("exit code", output.status.code(), Some(1));
            lab.holds(
                stdout.lines().count() > 1,
                "a line that says so, below the first one",
                format!("{stdout:?}"),
            );
            lab.same("standard error", text(&output.stderr), String::new());
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s8_table_has_three_sieves() {
    lab(|lab| {
        lab.why("The look-up's three sieves are three kinds of rows: with a peer, at one address, at all addresses. A socket that a segment cannot reach is in none of them.");
        let bound = TcpListener::bind("127.0.0.1:0").expect("bind");
        let wildcard = TcpListener::bind("0.0.0.0:0").expect("bind");
        let udp = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let wild_udp = UdpSocket::bind("0.0.0.0:0").expect("bind");
        let client = TcpStream::connect(bound.local_addr().expect("getsockname")).expect("connect");
        // Half closed, and a row with a peer all the same.
        client.shutdown(Shutdown::Write).expect("shutdown");
        let peered = UdpSocket::bind("127.0.0.1:0").expect("bind");
        peered
            .connect(udp.local_addr().expect("getsockname"))
            .expect("connect");
        // A machine without IPv6 has none of these.
        let wild_v6 = TcpListener::bind("[::]:0").ok();
        let output = run(lab, "table");
        lab.same("exit code", output.status.code(), Some(0));
        let stdout = text(&output.stdout);
        let headings: Vec<&str> = stdout
            .lines()
            .filter_map(|line| line.split([' ', ':']).next())
            .filter(|word| is_heading(word))
            .collect();
        lab.same("the headings", headings, vec!["exact", "bound", "wildcard"]);
        let sieves = [
            ("exact", "tcp", client.local_addr().expect("getsockname")),
            ("exact", "udp", peered.local_addr().expect("getsockname")),
            ("bound", "tcp", bound.local_addr().expect("getsockname")),
            ("bound", "udp", udp.local_addr().expect("getsockname")),
            (
                "wildcard",
                "tcp",
                wildcard.local_addr().expect("getsockname"),
            ),
            (
                "wildcard",
                "udp",
                wild_udp.local_addr().expect("getsockname"),
            ),
        ];
        let wild_v6 = wild_v6
            .iter()
            .map(|it| ("wildcard", "tcp", it.local_addr().expect("getsockname")));
        for (want, proto, local) in sieves.into_iter().chain(wild_v6) {
            let found = sieves_of(&stdout, proto, &local.to_string());
            lab.same(
                &format!("the sieves with a line for our {proto} socket at {local}"),
                found,
                vec![want.to_owned()],
            );
        }
    });
}

fn is_heading(word: &str) -> bool {
    ["exact", "bound", "wildcard"].contains(&word.trim_end_matches(':'))
}

/// Under which headings a socket of ours without a peer, or the client's, stands.
fn sieves_of(stdout: &str, proto: &str, local: &str) -> Vec<String> {
    let mut heading = String::new();
    let mut found = Vec::new();
    for line in stdout.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [first, second, ..] if first == proto && second == local && is_ours(&words) => {
                found.push(heading.clone());
            }
            [first, ..] if !line.starts_with(' ') && is_heading(first) => {
                heading = first.trim_end_matches(':').to_owned();
            }
            _ => {}
        }
    }
    found
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// Runs the student's program from beginning to end.
fn run(lab: &Lab, line: &str) -> Output {
    let mut command = Process::new(PROGRAM);
    command.args(words(line));
    let running = lab.meanwhile(&format!("your program `{line}`"), move || {
        command.output().expect("the program starts")
    });
    let output = running.returns();
    lab.ran(line, &output);
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn says(lab: &Lab, where_: &str, bytes: &[u8], wanted: &str) {
    let text = text(bytes);
    lab.holds(
        text.contains(wanted),
        format!("{where_} with {wanted:?}"),
        format!("{text:?}"),
    );
}

/// A folder that is made like `/proc`, and is gone with this value.
#[cfg(unix)]
struct Folder(PathBuf);

#[cfg(unix)]
impl Folder {
    fn new(name: &str) -> Folder {
        let folder = format!("loopback-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        Folder(folder)
    }

    fn process(&self, pid: u32, name: Option<&str>, descriptors: &[&str]) {
        for (n, target) in descriptors.iter().enumerate() {
            self.link(&format!("{pid}/fd/{n}"), target);
        }
        if let Some(name) = name {
            self.file(&format!("{pid}/comm"), name);
        }
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    fn link(&self, path: &str, target: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::os::unix::fs::symlink(target, path).expect("a link");
    }
}

#[cfg(unix)]
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
