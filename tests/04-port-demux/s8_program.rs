//! Step 8: the program that shows the table of this machine.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command};

use netlab::protocol::WITNESS;
use netlab::{End, Lab, lab};
use port_demux::{Command as Asked, owners, parse_args};
use socket2::{Domain, Socket, Type};

#[cfg(unix)]
use super::fake_proc::FakeProc;

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

#[test]
fn s8_arguments() {
    lab(|lab| {
        let cases: [(&[&str], &str); 9] = [
            (&["who", "80"], "who 80"),
            (&["who", "1"], "who 1"),
            (&["who", "256"], "who 256"),
            (&["who", "65535"], "who 65535"),
            (&["table"], "table"),
            (&["--help"], "help"),
            (&["who", "-h"], "help"),
            (&["who", "80", "81", "-h"], "help"),
            (&["table", "what", "--help"], "help"),
        ];
        for (args, want) in cases {
            let lab = lab.because(match want {
                "help" => "-h or --help asks for help wherever it stands, whatever else is there: its user does not know the usage yet.",
                _ => "A port is a number of 16 bits, and 0 is reserved.",
            });
            let got = lab.ok(&format!("parse_args({args:?})"), || {
                parse_args(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())
            });
            let got = match got {
                Asked::Who { port } => format!("who {port}"),
                Asked::Table => "table".to_owned(),
                Asked::Help => "help".to_owned(),
            };
            lab.same("what is asked for", got, want.to_owned());
        }
    });
}

#[test]
fn s8_wrong_arguments() {
    lab(|lab| {
        let cases: [(&str, &[&[&str]]); 5] = [
            (
                "A command is a whole word, as it is written in the usage. Without one there is nothing to do.",
                &[
                    &[],
                    &["what"],
                    &["WHO", "80"],
                    &["80"],
                    &["t"],
                    &["tab"],
                    &["tables"],
                    &["w", "80"],
                ],
            ),
            (
                "A port is a number from 1 to 65535.",
                &[
                    &["who", ""],
                    &["who", "0"],
                    &["who", "00"],
                    &["who", "65536"],
                    &["who", "65616"],
                    &["who", "-1"],
                ],
            ),
            (
                "A port is written in decimal digits only: parse takes a sign as well, trim takes away what was typed.",
                &[
                    &["who", "+80"],
                    &["who", " 80"],
                    &["who", "80 "],
                    &["who", "8080/tcp"],
                    &["who", "http"],
                    &["who", "0x50"],
                    &["who", "1F90"],
                ],
            ),
            (
                "who takes one port, and table takes nothing. An argument too many is a mistake: to ignore it would do something else than was meant.",
                &[
                    &["who"],
                    &["who", "80", "81"],
                    &["who", "80", "table"],
                    &["table", "80"],
                    &["table", "table"],
                ],
            ),
            (
                "An argument may hold a line break. In the message it is none: {:?} shows it as \\n.",
                &[&["who", "80\nerror: disk full"], &["what\nnow"]],
            ),
        ];
        for (why, wrong) in cases {
            lab.why(why);
            for args in wrong {
                let wrong = lab.err(&format!("parse_args({args:?})"), || {
                    parse_args(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())
                });
                let lines: Vec<&str> = wrong.lines().filter(|line| !line.is_empty()).collect();
                lab.because("The message is one line, which names the mistake. The usage is no part of it. An argument is shown with {:?}, because it may hold a line break.")
                    .holds(lines.len() == 1, "one line that says what is wrong", format!("{wrong:?}"));
            }
        }
        lab.scene("the program with wrong arguments");
        lab.why(
            "The usage does not say what was wrong. The sentence of parse_args does: print both.",
        );
        for line in ["who 65536", "what"] {
            let args: Vec<String> = words(line).into_iter().map(str::to_owned).collect();
            let wrong = lab.err(&format!("parse_args({args:?})"), || parse_args(&args));
            let end = run(lab, line);
            says(lab, "standard error", &end.stderr, wrong.trim());
        }
    });
}

#[test]
fn s8_help_and_wrong_arguments_end_differently() {
    lab(|lab| {
        lab.why("Help that was asked for is a result: standard output, exit code 0.");
        for line in ["--help", "table -h"] {
            let end = run(lab, line);
            lab.same("exit code", end.code, Some(0));
            says(lab, "standard output", &end.stdout, "usage");
            lab.same("standard error", end.stderr, String::new());
        }
        lab.why("Wrong arguments are the caller's mistake: exit code 2, and on standard error what is wrong and the usage.");
        for line in ["who 65536", "what", ""] {
            let end = run(lab, line);
            lab.same("exit code", end.code, Some(2));
            says(lab, "standard error", &end.stderr, "usage");
            lab.same("standard output", end.stdout, String::new());
        }
    });
}

#[cfg(unix)]
#[test]
fn s8_owners_are_found_by_their_links() {
    lab(|lab| {
        lab.why("A descriptor is a link in /proc/PID/fd, and the link of a socket leads to socket:[INODE] and nothing else. Links to files and pipes are not sockets, folders whose names are not numbers are not processes, and a process can end, or refuse, while you look. A number has only digits. White space at the end of a name is removed, other white space stays. Owners are sorted by their numbers.");
        let proc = FakeProc::new("owners");
        lab.note("a folder like /proc with these processes:");
        let processes: [(u32, Option<&str>, &[&str]); 6] = [
            (300, Some("apache\n"), &["socket:[91532]", "socket:[91533]"]),
            (
                9,
                Some("init\n"),
                &[
                    "socket:[91532]",
                    "/dev/null",
                    "pipe:[91533]",
                    "socket:[91532]",
                    "/tmp/socket:[4]",
                    "socket:[4",
                    "anon_inode:[4]",
                    "socket:[]",
                    "socket:[+4]",
                    "socket:[-4]",
                    "socket:[4]4",
                ],
            ),
            (
                4_194_303,
                Some("a worker\n"),
                &["socket:[91532]", "socket:[4294967299]"],
            ),
            (301, Some("apache\n"), &["socket:[91532]"]),
            (7, None, &["socket:[4]"]),
            (302, Some("  cat \t\n"), &["socket:[91533]"]),
        ];
        for (pid, name, links) in processes {
            lab.note(format!("{pid}, comm {name:?}, fd {links:?}"));
            proc.process(pid, name, links);
        }
        lab.note("8 without fd, 10 with an fd that is a file, 9/fd/99 that is not a link, uptime");
        lab.note(
            "the folders net, +9, 9a and 4294967305, each with an fd/3 that leads to socket:[91532]",
        );
        lab.note("9/fd/98, which leads to the file caf\\xe9, and a file caf\\xe9: the byte E9 alone is not UTF-8, and on Linux a name may hold it");
        proc.file("8/comm", b"gone\n");
        proc.file("10/fd", b"");
        proc.file("9/fd/99", b"");
        proc.file("uptime", b"12.5 9.1\n");
        for folder in ["net", "+9", "9a", "4294967305"] {
            proc.link(&format!("{folder}/fd/3"), "socket:[91532]");
        }
        // Other systems refuse such a name.
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::ffi::OsStrExt;
            let latin1 = std::ffi::OsStr::from_bytes(b"caf\xe9");
            proc.link("9/fd/98", latin1);
            std::fs::write(proc.path().join(latin1), b"").expect("a file");
        }
        let owners = lab.ok("owners(that folder)", || owners(proc.path()));
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
            (
                91532,
                vec!["9 init", "300 apache", "301 apache", "4194303 a worker"],
                "Each process with a descriptor of the socket is its owner, and is named once, however many it has. They are sorted by their numbers, which may have more than 16 bits. The folders net, +9, 9a and 4294967305 are no processes. The line break behind comm's name is not a part of it, and a link that cannot be read says nothing about the others.",
            ),
            (
                91533,
                vec!["300 apache", "302   cat"],
                "9 has the pipe 91533, which is not the socket 91533. White space at the end of a name is removed, other white space stays.",
            ),
            (
                4,
                vec!["7 "],
                "7 has no comm, so its name is empty. 9 has no such socket: the whole link is socket:[4], and a number has only digits.",
            ),
            (
                4_294_967_299,
                vec!["4194303 a worker"],
                "An inode may have more than 32 bits.",
            ),
        ];
        for (id, want, why) in &want {
            let owners = got.iter().find(|(got, _)| got == id);
            let owners = owners.map_or(vec![], |(_, owners)| {
                owners.iter().map(String::as_str).collect()
            });
            lab.because(*why)
                .same(&format!("the owners of socket {id}"), owners, want.clone());
        }
        let ids: Vec<u64> = got.iter().map(|(id, _)| *id).collect();
        lab.because("Only these sockets are in the links.").same(
            "the sockets",
            ids,
            vec![4, 91532, 91533, 4_294_967_299],
        );
    });
}

#[cfg(unix)]
#[test]
fn s8_a_name_can_be_cut_inside_a_letter() {
    lab(|lab| {
        lab.why("The kernel keeps 15 bytes of a program's name. A letter in UTF-8 can have three bytes, so the cut can leave a part of one. The rest of the name is still a name: read bytes, and turn them into text with String::from_utf8_lossy.");
        let proc = FakeProc::new("names");
        lab.note("a folder like /proc, where 12/comm holds the bytes ED 94 84 EB A1 0A: 프, two bytes of 로, and a newline");
        proc.process(12, None, &["socket:[4]"]);
        proc.file("12/comm", b"\xed\x94\x84\xeb\xa1\n");
        let owners = lab.ok("owners(that folder)", || owners(proc.path()));
        let names: Vec<&str> = owners
            .values()
            .flatten()
            .map(|owner| owner.name.as_str())
            .collect();
        lab.holds(
            names.len() == 1 && names[0].starts_with('프') && !names[0].ends_with('\n'),
            "one owner, whose name begins with 프",
            format!("{names:?}"),
        );
    });
}

#[test]
fn s8_owners_of_nowhere_is_an_error() {
    lab(|lab| {
        lab.why("A folder that cannot be read is an error. An empty answer would say that no process has a socket.");
        let nowhere = std::env::temp_dir().join("loopback-no-such-folder");
        lab.err("owners(a folder that is not there)", || owners(&nowhere));
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s8_who_names_the_owner() {
    lab(|lab| {
        let (listener, udp, over_ipv6) = on_one_port();
        let home = listener.local_addr().expect("getsockname");
        let client = TcpStream::connect(home).expect("connect");
        let _child = listener.accept().expect("accept");
        let peer = client.local_addr().expect("getsockname");
        let ours = format!("{} {}", std::process::id(), our_name());
        let mut rows = vec![
            format!("tcp {home} - LISTEN {ours}"),
            format!("tcp {home} {peer} ESTABLISHED {ours}"),
            format!(
                "udp {} - CLOSED {ours}",
                udp.local_addr().expect("getsockname")
            ),
        ];
        // Another program may have this port at this address.
        let peered = UdpSocket::bind(("127.0.0.2", home.port())).ok();
        if let Some(peered) = &peered {
            let (at, friend) = (
                peered.local_addr().expect("getsockname"),
                udp.local_addr().expect("getsockname"),
            );
            peered.connect(friend).expect("connect");
            rows.push(format!("udp {at} {friend} ESTABLISHED {ours}"));
        }
        if let Some(listener) = &over_ipv6 {
            let at = listener.local_addr().expect("getsockname");
            rows.push(format!("tcp {at} - LISTEN {ours}"));
        }
        for row in &rows {
            lab.note(format!("there is: {row}"));
        }
        let end = run_for(lab, &format!("who {}", home.port()), &rows);
        lab.same("exit code", end.code, Some(0));
        lab.why("The first line is about the port itself.");
        let first = end.stdout.lines().next().unwrap_or_default();
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
        lab.why("The kernel's table names inodes, and /proc/PID/fd tells which process has a descriptor of which inode. Together they show the owner of a taken port. Each row is a line: protocol, local end, remote end or -, state, and the owners, each as PID NAME. `who` shows a port over TCP and UDP, over IPv4 and IPv6.");
        expect_rows(lab, &end, &rows);
        lab.why("The client's end has the port as its remote one. Its own port is another.");
        let clients = end
            .stdout
            .lines()
            .filter(|line| words(line).get(1).copied() == Some(peer.to_string().as_str()));
        lab.same("lines of the client's end", clients.count(), 0);
        lab.same("standard error", end.stderr, String::new());
    });
}

/// Sockets with one port number, over TCP and UDP and, where the machine has it, over IPv6.
fn on_one_port() -> (TcpListener, UdpSocket, Option<TcpListener>) {
    let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").expect("bind");
        let port = tcp.local_addr().expect("getsockname").port();
        // Another program may have one of the others: then the next port.
        let udp = UdpSocket::bind(("127.0.0.1", port));
        let over_ipv6 = has_ipv6.then(|| TcpListener::bind(("::1", port)));
        if let (Ok(udp), Ok(over_ipv6)) = (udp, over_ipv6.transpose()) {
            return (tcp, udp, over_ipv6);
        }
    }
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s8_who_shows_what_nobody_owns() {
    lab(|lab| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let home = listener.local_addr().expect("getsockname");
        let peers = [(); 2].map(|()| leaves_time_wait(lab, &listener));
        let [Some(one), Some(two)] = peers else {
            return;
        };
        drop(listener);
        lab.note("and the listener is closed");
        lab.why("A connection in TIME-WAIT has no owner any more, but still holds the port: it is often the reason why a server cannot have its port again. Its inode is 0, and its owners are -. The inode tells no two of them apart: each is a row.");
        let rows = [one, two].map(|peer| format!("tcp {home} {peer} TIME-WAIT -"));
        let end = run_for(lab, &format!("who {}", home.port()), &rows);
        if [one, two].iter().all(|&peer| is_in_time_wait(home, peer)) {
            expect_rows(lab, &end, &rows);
            lab.why("Exit code 1 says that no socket has the port. This one is in use, whether it has an owner or not.");
            lab.same("exit code", end.code, Some(0));
        }
    });
}

#[cfg(unix)]
#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s8_a_name_cannot_forge_a_row() {
    lab(|lab| {
        use std::os::fd::OwnedFd;
        use std::os::unix::process::CommandExt;

        let udp = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let at = udp.local_addr().expect("getsockname");
        // The kernel names a process for the file that it was started from.
        let name = "a\nudp \x1b[2J\u{9b}\x7fz";
        let folder = FakeProc::new("forged");
        folder.link(name, "/bin/sh");
        let inherited = OwnedFd::from(udp.try_clone().expect("dup"));
        let child = Command::new(folder.path().join(name))
            .arg0("sh")
            .env_remove(WITNESS)
            .args(["-c", "read line"])
            .stdin(inherited)
            .spawn();
        let child = Reaped(child.expect("a shell"));
        let mut owners = [
            (std::process::id(), our_name()),
            (child.0.id(), "a?udp ?[2J??z".to_owned()),
        ];
        owners.sort();
        lab.note(format!(
            "the UDP socket at {at} has two owners: this process and {}, whose name is {name:?}",
            child.0.id()
        ));
        let [one, two] = owners.map(|(pid, name)| format!("{pid} {name}"));
        let rows = [format!("udp {at} - CLOSED {one}, {two}")];
        let end = run_for(lab, &format!("who {}", at.port()), &rows);
        lab.why("Any user can choose a program's name, and a name can contain any byte but / and 0. A newline in it would look like a new row, and ESC begins a terminal command. DEL (7F) is a control character, too, and so are 80 to 9F. Show each control character as ?.");
        let raw = end
            .stdout
            .chars()
            .find(|&c| c.is_control() && !"\n\t".contains(c));
        lab.same("a control character in the output", raw, None);
        let port = format!(":{}", at.port());
        let forged = end.stdout.lines().skip(1).find(|line| {
            let local = words(line).get(1).copied();
            !local.is_some_and(|local: &str| local.ends_with(&port))
        });
        lab.same("a line that is no row of the port", forged, None);
        lab.why("A socket can have several owners: descriptors are inherited. They stand in one line, sorted by pid, with a comma between two.");
        expect_rows(lab, &end, &rows);
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s8_who_knows_the_services() {
    lab(|lab| {
        lab.why("The first line names the port, its class and the names under which it is registered, over TCP and UDP. A name is a convention that is not enforced: it is only a hint.");
        for (port, want) in [
            (123, &["system", "ntp"][..]),
            (3306, &["user", "mysql"]),
            (65535, &["dynamic"]),
        ] {
            let end = run(lab, &format!("who {port}"));
            let first = end.stdout.lines().next().unwrap_or_default().to_owned();
            says(lab, "the first line", &first, &port.to_string());
            for &word in want {
                says(lab, "the first line", &first, word);
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
        lab.why("A TCP socket that is bound and does not listen is in none of the kernel's lists, although its port is taken.");
        let (_bound, port) = bound_and_deaf();
        let end = run(lab, &format!("who {port}"));
        let rows = end.stdout.lines().skip(1);
        let (tcp, udp) = rows.fold((0, 0), |(tcp, udp), line| {
            (
                tcp + usize::from(line.starts_with("tcp")),
                udp + usize::from(line.starts_with("udp")),
            )
        });
        lab.same("lines with tcp", tcp, 0);
        // UDP counts apart, and another program may have that one.
        if udp == 0 {
            lab.why("No socket has the port: exit code 1, for scripts, and a line on standard output, which is an answer and not an error.");
            lab.same("exit code", end.code, Some(1));
            lab.holds(
                end.stdout.lines().count() > 1,
                "a line that says so, below the first one",
                format!("{:?}", end.stdout),
            );
            lab.same("standard error", end.stderr, String::new());
        }
    });
}

/// A TCP socket that is bound at all addresses and does not listen, and its port. Nobody else can have
/// this port, for TCP.
fn bound_and_deaf() -> (Socket, u16) {
    let bound = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let any: SocketAddr = ([0, 0, 0, 0], 0).into();
    bound.bind(&any.into()).expect("bind");
    let local = bound.local_addr().expect("getsockname").as_socket();
    let port = local.expect("an IP address").port();
    (bound, port)
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s8_table_has_three_sieves() {
    lab(|lab| {
        // An address as long as one can be, beside the short ones.
        let bound = TcpListener::bind("127.123.234.213:0").expect("bind");
        let wildcard = TcpListener::bind("0.0.0.0:0").expect("bind");
        let udp = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let wild_udp = UdpSocket::bind("0.0.0.0:0").expect("bind");
        let home = bound.local_addr().expect("getsockname");
        let client = TcpStream::connect(home).expect("connect");
        let (mut child, _) = bound.accept().expect("accept");
        // Half closed, and a row with a peer all the same.
        client.shutdown(Shutdown::Write).expect("shutdown");
        let end_of_stream = child.read(&mut [0]).expect("the client's FIN");
        lab.same("bytes before the client's FIN", end_of_stream, 0);
        let peered = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let friend = udp.local_addr().expect("getsockname");
        peered.connect(friend).expect("connect");
        let gone = leaves_time_wait(lab, &bound);
        // A machine without IPv6 has none of these. The second one's ends are long: an IPv4 address
        // inside an IPv6 one has up to 24 characters.
        let wild_v6 = TcpListener::bind("[::]:0").ok();
        let long_v6 = UdpSocket::bind("[::ffff:127.123.234.213]:0").ok();
        let far = SocketAddr::from((Ipv4Addr::new(127, 123, 234, 214).to_ipv6_mapped(), 40_000));
        let long_v6 = long_v6.filter(|socket| socket.connect(far).is_ok());

        let ours = format!("{} {}", std::process::id(), our_name());
        let from = client.local_addr().expect("getsockname");
        let peered = peered.local_addr().expect("getsockname");
        let everywhere = wildcard.local_addr().expect("getsockname");
        let wild_udp_at = wild_udp.local_addr().expect("getsockname");
        let mut rows = vec![
            ("exact", format!("tcp {from} {home} FIN-WAIT-2 {ours}")),
            ("exact", format!("tcp {home} {from} CLOSE-WAIT {ours}")),
            ("exact", format!("udp {peered} {friend} ESTABLISHED {ours}")),
            ("bound", format!("tcp {home} - LISTEN {ours}")),
            ("bound", format!("udp {friend} - CLOSED {ours}")),
            ("wildcard", format!("tcp {everywhere} - LISTEN {ours}")),
            ("wildcard", format!("udp {wild_udp_at} - CLOSED {ours}")),
        ];
        if let Some(socket) = &wild_v6 {
            let at = socket.local_addr().expect("getsockname");
            rows.push(("wildcard", format!("tcp {at} - LISTEN {ours}")));
        }
        if let Some(socket) = &long_v6 {
            let at = socket.local_addr().expect("getsockname");
            rows.push(("exact", format!("udp {at} {far} ESTABLISHED {ours}")));
        }
        let time_wait = gone.map(|peer| format!("tcp {home} {peer} TIME-WAIT -"));
        rows.extend(time_wait.iter().map(|row| ("exact", row.clone())));
        for (_, row) in &rows {
            lab.note(format!("there is: {row}"));
        }
        let sieves = |end: &End, row: &str| -> Vec<String> {
            let sieves = sieves_of(&end.stdout, &home.to_string());
            let same = sieves.into_iter().filter(|(_, line)| shows(line, row));
            same.map(|(sieve, _)| sieve).collect()
        };
        let end = again(lab, "table", |end| {
            rows.iter().all(|(sieve, row)| sieves(end, row) == [*sieve])
        });
        lab.same("exit code", end.code, Some(0));
        lab.why("Each sieve has a heading, which begins its line with the sieve's name.");
        let headings = end.stdout.lines().filter_map(heading).collect();
        lab.same("the headings", headings, vec!["exact", "bound", "wildcard"]);
        lab.why("The look-up's three sieves are three kinds of rows: with a peer, at one address, at all addresses. Whatever a connection is doing, TIME-WAIT too, it is in the first one. Each row is a line: protocol, local end, remote end or -, state, and the owners, each as PID NAME, or -.");
        // The kernel may have forgotten the old connection by now.
        let is_over = gone.is_some_and(|peer| !is_in_time_wait(home, peer));
        for (sieve, row) in rows {
            if is_over && time_wait.as_ref() == Some(&row) {
                continue;
            }
            if sieves(&end, &row) != [sieve] {
                let want = format!("only under {sieve}: {row}");
                lab.fails(want, lines_like(&end.stdout, &row));
            }
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s8_a_table_without_rows_has_its_headings() {
    lab(|lab| {
        let alone = lab.own_network(":");
        lab.why("A sieve without rows also has its heading: the reader, a person or a script, finds all three, and sees that one is empty.");
        lab.scene("a network without a socket");
        let end = lab.program_after(&alone, PROGRAM, &["table"]).exits();
        let headings = end.stdout.lines().filter_map(heading).collect();
        lab.same("the headings", headings, vec!["exact", "bound", "wildcard"]);
        lab.same("exit code", end.code, Some(0));
    });
}

/// The sieve that a line is the heading of.
fn heading(line: &str) -> Option<&str> {
    let word = line.split([' ', ':']).next()?;
    ["exact", "bound", "wildcard"]
        .contains(&word)
        .then_some(word)
}

/// The rows of this process or at the address `home`, each with its sieve.
fn sieves_of(stdout: &str, home: &str) -> Vec<(String, String)> {
    let pid = std::process::id().to_string();
    let mut sieve = "";
    let mut rows = Vec::new();
    for line in stdout.lines() {
        if let Some(heading) = heading(line) {
            sieve = heading;
        } else if line.contains(&pid) || line.contains(home) {
            rows.push((sieve.to_owned(), words(line).join(" ")));
        }
    }
    rows
}

/// What the table says of the local end of a row.
fn lines_like(stdout: &str, row: &str) -> String {
    let local = words(row)[1];
    let rows = sieves_of(stdout, local);
    let at = rows
        .iter()
        .filter(|(_, row)| words(row).get(1) == Some(&local));
    let lines: Vec<String> = at
        .map(|(sieve, row)| format!("under {sieve}: {row}"))
        .collect();
    match lines.is_empty() {
        true => format!("no line whose local end is {local}"),
        false => lines.join("\n"),
    }
}

#[cfg(unix)]
#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows its table in /proc/net"
)]
fn s8_a_reader_may_leave() {
    lab(|lab| {
        lab.why("`table | head -1` reads a line and goes. That is not an error: write returns BrokenPipe, and the program ends without a message. println! would panic: use writeln! and look at the error.");
        for line in ["table", "--help"] {
            lab.scene(format!("nobody reads what `{line}` prints"));
            let end = run_unread(lab, line);
            lab.same("exit code", end.code, Some(0));
            lab.same("standard error", end.stderr, String::new());
        }
        lab.why("The exit code is the one that it would have been with a reader: a script that needs only the exit code of `who` may close the pipe, and 1 says that no socket has the port.");
        let (_bound, port) = bound_and_deaf();
        let line = format!("who {port}");
        lab.scene(format!(
            "`{line}`, with a reader and without one; no TCP socket in the kernel's lists has the port"
        ));
        let before = run(lab, &line).code;
        lab.note(format!("with a reader, exit code {before:?}"));
        let end = run_unread(lab, &line);
        // Another program may get the port between two runs, for UDP.
        let again = run(lab, &line).code;
        if before == again {
            lab.same("exit code without a reader", end.code, before);
            lab.same("standard error", end.stderr, String::new());
        }
    });
}

/// Runs the student's program with a standard output that nobody reads.
#[cfg(unix)]
fn run_unread(lab: &Lab, line: &str) -> End {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let end = lab
        .program_into(writer.into(), PROGRAM, &words(line))
        .exits();
    if !end.stderr.is_empty() {
        lab.note(format!("on standard error: {:?}", end.stderr));
    }
    end
}

#[cfg(unix)]
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs Linux, which has /dev/full")]
fn s8_a_full_disk_is_told() {
    lab(|lab| {
        lab.why("/dev/full is a disk without room. Output that is lost must not look like success: the error goes to standard error, and the exit code is 1.");
        // who could end with 1 for another reason: nobody has the port.
        for line in ["--help", "table", "who 53"] {
            let full = std::fs::File::options().write(true).open("/dev/full");
            lab.scene(format!("the output of `{line}` goes to /dev/full"));
            let full = full.expect("/dev/full").into();
            let end = lab.program_into(full, PROGRAM, &words(line)).exits();
            lab.same("exit code", end.code, Some(1));
            let told = !end.stderr.is_empty() && !end.stderr.contains("panicked");
            lab.holds(
                told,
                "the error on standard error",
                format!("{:?}", end.stderr),
            );
        }
    });
}

/// Makes a connection to `listener` and closes it, the listener's side first. Gives the client's end
/// when the kernel keeps the listener's in TIME-WAIT. (It keeps a limited number of them.)
fn leaves_time_wait(lab: &Lab, listener: &TcpListener) -> Option<SocketAddr> {
    let home = listener.local_addr().expect("getsockname");
    let mut client = TcpStream::connect(home).expect("connect");
    let peer = client.local_addr().expect("getsockname");
    drop(listener.accept().expect("accept"));
    let end_of_stream = client.read(&mut [0]).expect("the FIN");
    lab.same("bytes before the FIN", end_of_stream, 0);
    drop(client);
    let state = lab.until(
        "the connection that the listener's side closed first to be over",
        || state_of(home, peer),
        |state| !matches!(state.as_deref(), Some("04" | "05")),
    );
    lab.note(format!("{home} has closed a connection of {peer} first"));
    (state.as_deref() == Some("06")).then_some(peer)
}

fn is_in_time_wait(home: SocketAddr, peer: SocketAddr) -> bool {
    state_of(home, peer).as_deref() == Some("06")
}

/// The kernel's number for the state of an IPv4 connection.
fn state_of(local: SocketAddr, remote: SocketAddr) -> Option<String> {
    let end = |addr: SocketAddr| match addr.ip() {
        IpAddr::V4(ip) => format!(
            "{:08X}:{:04X}",
            u32::from_ne_bytes(ip.octets()),
            addr.port()
        ),
        IpAddr::V6(_) => unreachable!("the tests ask for IPv4"),
    };
    let ends = format!(" {} {} ", end(local), end(remote));
    let text = std::fs::read_to_string("/proc/net/tcp").expect("/proc/net/tcp");
    let (_, behind) = text.split_once(&ends)?;
    behind.split_whitespace().next().map(str::to_owned)
}

/// This process's name, as the program shows it.
fn our_name() -> String {
    let name = std::fs::read("/proc/self/comm").expect("our name");
    let name = String::from_utf8_lossy(&name).trim_end().to_owned();
    name.replace(char::is_control, "?")
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Runs the student's program from beginning to end.
fn run(lab: &Lab, line: &str) -> End {
    lab.program(PROGRAM, &words(line)).exits()
}

/// Runs it again while its output is not as wanted: while other programs open and close sockets, a
/// row can be missing from the kernel's list.
fn again(lab: &Lab, line: &str, met: impl Fn(&End) -> bool) -> End {
    let mut end = run(lab, line);
    for _ in 1..4 {
        if met(&end) {
            break;
        }
        end = run(lab, line);
    }
    end
}

/// Runs it until its output has these rows.
fn run_for(lab: &Lab, line: &str, rows: &[String]) -> End {
    again(lab, line, |end| rows.iter().all(|row| has_row(end, row)))
}

/// Whether a line of the output shows `row`.
fn has_row(end: &End, row: &str) -> bool {
    end.stdout.lines().any(|line| shows(line, row))
}

/// Whether a line has the words of `row`. It may have more owners: when another test of this process
/// starts a program, the new process has all of our descriptors for a moment.
fn shows(line: &str, row: &str) -> bool {
    const BEFORE_OWNERS: usize = 4;
    let (line, row) = (words(line), words(row));
    if line.len() <= BEFORE_OWNERS || line[..BEFORE_OWNERS] != row[..BEFORE_OWNERS] {
        return false;
    }
    let [line, row] = [line, row].map(|words| words[BEFORE_OWNERS..].join(" "));
    let mut owners = line.split(", ");
    row.split(", ")
        .all(|wanted| owners.any(|owner| owner == wanted))
}

fn expect_rows(lab: &Lab, end: &End, rows: &[String]) {
    for row in rows {
        lab.holds(has_row(end, row), format!("a line: {row}"), &end.stdout);
    }
}

fn says(lab: &Lab, where_: &str, text: &str, wanted: &str) {
    lab.holds(
        text.contains(wanted),
        format!("{where_} with {wanted:?}"),
        format!("{text:?}"),
    );
}

/// A process that is ended and waited for with this value.
#[cfg(unix)]
struct Reaped(Child);

#[cfg(unix)]
impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
