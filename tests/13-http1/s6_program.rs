//! Step 6: the program.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::Duration;

use http1::Version::Http11;
use http1::{
    App, Command, Files, LIMITS, MAX_CLIENTS, Request, RequestHead, Response, Url, parse_args,
    parse_url,
};
use netlab::{
    FULL_OUTPUTS, Folder, Lab, Program, Running, TcpPeer, interrupt, lab, takes_nothing, words,
};

use super::heads::{fields, shown};
use super::replies::{Reply, replies, reply};

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

#[test]
fn s6_urls() {
    lab(|lab| {
        lab.why("Scheme, host, perhaps a port, perhaps a path and a query. Behind # is a place in the page, which is the reader's affair: it is not sent (RFC 9110 §4.2.5). An IPv6 address has brackets, since it has colons of its own.");
        for (text, host, port, path) in [
            ("http://a", "a", 80, "/"),
            ("http://a/", "a", 80, "/"),
            (
                "HTTP://www.Example.org:8080/a/b?c=d&e",
                "www.Example.org",
                8080,
                "/a/b?c=d&e",
            ),
            ("http://127.0.0.1:1/%20", "127.0.0.1", 1, "/%20"),
            ("http://[::1]", "::1", 80, "/"),
            ("http://[2001:db8::1]:65535/x", "2001:db8::1", 65535, "/x"),
            ("http://a:/", "a", 80, "/"),
            ("http://a?b", "a", 80, "/?b"),
            ("http://a#b", "a", 80, "/"),
            ("http://a/b#c?d", "a", 80, "/b"),
            ("http://a/b#c#d", "a", 80, "/b"),
            ("http://a?b#c/d#", "a", 80, "/?b"),
            ("http://a##", "a", 80, "/"),
            ("http://a/http://b/", "a", 80, "/http://b/"),
            ("http://a/@b", "a", 80, "/@b"),
            ("http://a:0080/", "a", 80, "/"),
            ("http://a:00000080/", "a", 80, "/"),
            ("http://a:0/", "a", 0, "/"),
            ("http://a/b#caf\u{e9} c", "a", 80, "/b"),
            ("http://a_b-c.d/", "a_b-c.d", 80, "/"),
            ("http://a//b", "a", 80, "//b"),
        ] {
            let Url {
                host: got_host,
                port: got_port,
                path: got_path,
            } = lab.ok(&format!("parse_url({text:?})"), || parse_url(text));
            lab.same(
                "host, port and path",
                (&got_host[..], got_port, &got_path[..]),
                (host, port, path),
            );
        }
    });
}

#[test]
fn s6_wrong_urls() {
    lab(|lab| {
        lab.why("What is not a URL of this kind is told to the person, in one line, before anything touches the network. A user before @ is refused: http://good.example@evil.example/ goes to the second.");
        for text in [
            "",
            "a",
            "a/b",
            "https://a/",
            "ftp://a/",
            "wais://a/",
            "httpx//a/",
            "http:/a",
            "http:a",
            "http//a",
            "http://",
            "http:///a",
            "http://:80/",
            "http://?a",
            "http://u@a/",
            "http://u:p@a/",
            "http://a:b/",
            "http://a:65536/",
            "http://a:-1/",
            "http://a:+80/",
            "http://a:80:81/",
            "http://::1/",
            "http://[::1",
            "http://[]/",
            "http://[a]/",
            "http://[::1]a/",
            "http://[127.0.0.1]/",
            "http://a b/",
            "http://a/b c",
            "http://a/\u{e9}",
            "http://a/\r\nX: y",
            "http://caf\u{e9}/",
            "http://a/\n",
            " http://a/",
            "http:/\u{e9}a/",
            "http:\u{20ac}a/",
            "\u{20ac}\u{20ac}\u{20ac}",
            "http://a\\b/",
            "http://a:8 0/",
            "http://a/\x7f",
        ] {
            let wrong = lab.err(&format!("parse_url({text:?})"), || parse_url(text));
            let lines = wrong.trim_end().lines().count();
            lab.same(&format!("lines of {wrong:?}"), lines, 1);
        }
    });
}

#[test]
fn s6_arguments() {
    lab(|lab| {
        lab.why("serve, a folder and a host have their order; the options may stand anywhere, and of one that is repeated the last counts. What is not named is the port 8080, LIMITS and GRACE.");
        let (idle, request, grace) = (10_000, 30_000, 5000);
        for (line, want) in [
            (
                "serve . 127.0.0.1",
                (".", "127.0.0.1", 8080, idle, request, grace),
            ),
            (
                "serve /srv/www ::1 -p 0",
                ("/srv/www", "::1", 0, idle, request, grace),
            ),
            (
                "-p 65535 serve a localhost",
                ("a", "localhost", 65535, idle, request, grace),
            ),
            (
                "serve -p 80 a b -p 81",
                ("a", "b", 81, idle, request, grace),
            ),
            (
                "serve -p +80 a b --idle +5",
                ("a", "b", 80, 5, request, grace),
            ),
            (
                "serve a --idle 1 b --request 2 --grace 3",
                ("a", "b", 8080, 1, 2, 3),
            ),
            (
                "--request 4294967296 --idle 4294967297 serve a b --grace 4294967298",
                ("a", "b", 8080, (1 << 32) + 1, 1 << 32, (1 << 32) + 2),
            ),
            (
                "serve a b --idle 5 --idle 6 --grace 7 --grace 0",
                ("a", "b", 8080, 6, request, 0),
            ),
            ("serve get b", ("get", "b", 8080, idle, request, grace)),
        ] {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            let Command::Serve(serve) = got else {
                lab.fails("a server", "something else");
            };
            let (dir, host, port, idle, request, grace) = want;
            lab.same(
                "folder, host and port",
                (&serve.dir[..], &serve.host[..], serve.port),
                (dir, host, port),
            );
            let spans = [serve.limits.idle, serve.limits.request, serve.grace];
            lab.same(
                "idle, request and grace",
                spans,
                [idle, request, grace].map(Duration::from_millis),
            );
            let others = (
                serve.limits.reply,
                serve.limits.linger,
                serve.limits.max_body,
            );
            lab.same(
                "the other limits",
                others,
                (LIMITS.reply, LIMITS.linger, LIMITS.max_body),
            );
        }
        for (line, want) in [
            ("get http://a", 1),
            ("get http://a http://b:80/c http://a", 3),
        ] {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            let Command::Get(urls) = got else {
                lab.fails("URLs to get", "something else");
            };
            lab.same("how many URLs", urls.len(), want);
            lab.same("the first one's host", &urls[0].host[..], "a");
        }
        for line in [
            "-h",
            "--help",
            "serve --help",
            "get http:// -h",
            "serve a b -p x --help",
            "serve a b -p --help",
            "serve a --idle -h b",
            "get --grace -h",
            "--help -h",
        ] {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            lab.same("help", matches!(got, Command::Help), true);
        }
    });
}

#[test]
fn s6_wrong_arguments() {
    lab(|lab| {
        lab.why("What cannot be meant is told to the person at once, before anything touches the network.");
        let cases = [
            "",
            "serve",
            "serve a",
            "serve a b c",
            "get",
            "a",
            "serve a b -p",
            "serve a b -p 65536",
            "serve a b -p http",
            "serve a b -p -1",
            "serve a b --idle 0",
            "serve a b --request 0",
            "serve a b --idle",
            "serve a b --idle 5s",
            "serve a b --request -5",
            "serve a b --idle -1",
            "serve a b --grace -1",
            "serve a b --grace",
            "serve a b -p -80",
            "serve a b --idle 18446744073709551616",
            "serve a b --port 80",
            "serve a b -p80",
            "serve a b --",
            "serve -- a b",
            "get a",
            "get https://a",
            "get http://a b",
            "get http://a -p 80",
            "get http://a --idle 5",
            "get http://a --grace 5",
            "get -v http://a",
            "fetch http://a",
            "http://a",
            "serve - b",
            "a b serve",
            "Get http://a",
            "help",
        ];
        lab.refuses_arguments(&cases, parse_args);
        lab.why("The complaint is one line, whatever is in the arguments: a line break in one would make two of it, and other control characters command the terminal. A number is what parse reads, without blanks.");
        for args in [
            &["--a\nb"][..],
            &["serve", "a", "b", "--x\x1b[31m"],
            &["serve", "a", "b", "-p", "8\n0"],
            &["serve", "a", "b", "-p", " 80"],
            &["serve", "a", "b", "--idle", "5\r\n"],
            &["serve", "a", "b", "--request", "5 "],
            &["serve", "a", "b", "--grace", "\t5"],
            &["get", "http://a\nb"],
            &["get", "http://a/\x1b[31m"],
            &["get", "http:/\u{e9}"],
        ] {
            let words: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
            let call = format!("parse_args({args:?})");
            let wrong = lab.err(&call, || parse_args(&words).map(|_| "a command"));
            lab.holds(
                !wrong.trim().is_empty() && !wrong.trim_end().contains(char::is_control),
                "one line without control characters",
                format!("{wrong:?}"),
            );
        }
    });
}

/// What the student's application answers.
fn asked(lab: &Lab, dir: &Path, method: &str, target: &str) -> Response {
    let files = Files {
        dir: dir.to_owned(),
    };
    let request = Request {
        head: RequestHead {
            method: method.to_owned(),
            target: target.to_owned(),
            version: Http11,
            fields: fields(&["Host: a"]),
        },
        body: Vec::new(),
    };
    lab.you(&format!("Files.respond({method} {target})"), || {
        files.respond(&request)
    })
}

/// Demands a file: its bytes, and what it is said to be.
fn is_file(lab: &Lab, dir: &Path, target: &str, bytes: &[u8], kind: &str) {
    let got = asked(lab, dir, "GET", target);
    lab.same("the status", got.status, 200);
    lab.same_bytes("the body", &got.body, bytes);
    let kinds: Vec<_> = got
        .fields
        .lines()
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .collect();
    let kinds: Vec<_> = kinds
        .iter()
        .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        .collect();
    lab.same("Content-Type", kinds, vec![kind.to_owned()]);
}

#[test]
fn s6_files() {
    lab(|lab| {
        lab.why("A file is all of its bytes, and a word about what they are: a browser shows text/html, and offers to store what is application/octet-stream.");
        let all: Vec<u8> = (0..=255).collect();
        let text = "text/plain; charset=utf-8";
        let html = "text/html; charset=utf-8";
        let mut folder = Folder::new().with("empty.txt", "");
        let cases = [
            ("a.html", html),
            ("a.htm", html),
            ("A.HTML", html),
            ("a.txt", text),
            ("a.css", "text/css"),
            ("a.js", "text/javascript"),
            ("a.json", "application/json"),
            ("a.png", "image/png"),
            ("a.JPG", "image/jpeg"),
            ("a.svg", "image/svg+xml"),
            ("a.bin", "application/octet-stream"),
            ("html", "application/octet-stream"),
            ("a.html.gz", "application/octet-stream"),
            ("a.jpeg", "application/octet-stream"),
            ("a.md", "application/octet-stream"),
            ("b/c/d.txt", text),
        ];
        for (name, _) in cases {
            folder = folder.with(name, [name.as_bytes(), &all].concat());
        }
        for (name, kind) in cases {
            let bytes = [name.as_bytes(), &all].concat();
            is_file(lab, folder.path(), &format!("/{name}"), &bytes, kind);
        }
        is_file(lab, folder.path(), "/empty.txt", b"", text);
        lab.why(
            "The query is not part of the file's name; a whole URL as the target names its path.",
        );
        let bytes = [&b"a.txt"[..], &all].concat();
        is_file(lab, folder.path(), "/a.txt?v=2", &bytes, text);
        is_file(lab, folder.path(), "/a.txt?/../../x", &bytes, text);
        is_file(lab, folder.path(), "/a.txt?a?b", &bytes, text);
        is_file(lab, folder.path(), "http://h/a.txt", &bytes, text);
        lab.same(
            "the status of HEAD",
            asked(lab, folder.path(), "HEAD", "/a.txt").status,
            200,
        );
    });
}

#[test]
fn s6_a_folder_is_its_index() {
    lab(|lab| {
        lab.why("A folder is shown by the index.html in it. Without one there is nothing to show: its list of files is nobody's business.");
        let folder = Folder::new()
            .with("index.html", "top")
            .with("a/index.html", "a")
            .with("b/c.txt", "c")
            .with("b/index.htm", "c");
        let html = "text/html; charset=utf-8";
        is_file(lab, folder.path(), "/", b"top", html);
        is_file(lab, folder.path(), "/?a", b"top", html);
        is_file(lab, folder.path(), "/a/", b"a", html);
        is_file(lab, folder.path(), "/a", b"a", html);
        for target in [
            "/b",
            "/b/",
            "/c",
            "/a/index.htm",
            "/index.html/",
            "/index.html/a",
            "*",
        ] {
            lab.same(
                "the status",
                asked(lab, folder.path(), "GET", target).status,
                404,
            );
        }
    });
}

#[test]
fn s6_percent_is_a_byte() {
    lab(|lab| {
        lab.why("%41 is an A, %20 a space, and %25 a percent sign, once: what comes out is not decoded again (RFC 3986 §2.4).");
        let folder = Folder::new()
            .with("a b.txt", "1")
            .with("%41.txt", "2")
            .with("A.txt", "3")
            .with("caf\u{e9}.txt", "4")
            .with("a+b.txt", "5")
            .with("a?b.txt", "6")
            .with("d/e.txt", "7")
            .with("%20%2e%2F.txt", "8")
            .with("a\tb\n.txt", "9");
        let text = "text/plain; charset=utf-8";
        for (target, bytes) in [
            ("/a%20b.txt", "1"),
            ("/%2541.txt", "2"),
            ("/%41.txt", "3"),
            ("/caf%C3%A9.txt", "4"),
            ("/caf%c3%a9.txt", "4"),
            ("/a+b.txt", "5"),
            ("/a%2bb.txt", "5"),
            ("/a%3Fb.txt", "6"),
            ("/d%2Fe.txt", "7"),
            ("/%64/%65.%74xt", "7"),
            ("/%2520%252e%252F.txt", "8"),
            ("/a%09b%0A.txt", "9"),
        ] {
            is_file(lab, folder.path(), target, bytes.as_bytes(), text);
        }
        lab.why("A % that two hexadecimal digits do not follow says no byte, and a name is UTF-8 without a byte 0: 400, instead of a guess.");
        for target in [
            "/%",
            "/%4",
            "/%zz",
            "/a%",
            "/%4g",
            "/%+1",
            "/%00",
            "/A.txt%00",
            "/%ff",
            "/%c3",
            "/% 1",
        ] {
            lab.same(
                "the status",
                asked(lab, folder.path(), "GET", target).status,
                400,
            );
        }
    });
}

/// Ways out of a folder, to a file of this name beside it.
const WAYS_OUT: [&str; 14] = [
    "/../secret.txt",
    "/a/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e%2fsecret.txt",
    "/.%2e/secret.txt",
    "/a/..%2f..%2fsecret.txt",
    "//../secret.txt",
    "/./../secret.txt",
    "/a/./.././../secret.txt",
    "http://h/../secret.txt",
    "/../www-2/secret.txt",
    "//secret.txt",
    "/a/%2e%2e/%2e%2e/secret.txt",
];

/// A folder `www` with a secret beside it.
fn beside() -> (Folder, PathBuf) {
    let outer = Folder::new()
        .with("secret.txt", SECRET)
        .with("www-2/secret.txt", SECRET)
        .with("www-2/index.html", SECRET)
        .with("www/a/b.txt", "b")
        .with("www/a/..c..txt", "c")
        .with("www/index.html", "top");
    let www = outer.path().join("www");
    (outer, www)
}

const SECRET: &str = "the keys of the house";

#[test]
fn s6_nothing_outside_of_the_folder() {
    lab(|lab| {
        lab.why("Whoever can write .. in a path can have every file of the machine, however it is spelled. What counts is where the file is, and not how the path looks; and /srv/www-2 is not in /srv/www.");
        let (outer, www) = beside();
        let absolute = outer.path().join("secret.txt");
        let absolute = absolute.to_string_lossy();
        let mut targets = WAYS_OUT.map(String::from).to_vec();
        targets.extend([
            format!("/{absolute}"),
            absolute.into_owned(),
            "/etc/passwd".into(),
            "//etc/passwd".into(),
            "/%2fetc%2fpasswd".into(),
            "/..".into(),
            "/../".into(),
            "/../www-2".into(),
        ]);
        for target in targets {
            let got = asked(lab, &www, "GET", &target);
            lab.same("the status", got.status, 404);
            let body = String::from_utf8_lossy(&got.body).into_owned();
            lab.holds(
                !body.contains(SECRET),
                "not the secret",
                format!("{body:?}"),
            );
        }
        lab.why("A .. that stays in the folder does no harm, nor do two points in a name.");
        let text = "text/plain; charset=utf-8";
        is_file(lab, &www, "/a/../a/b.txt", b"b", text);
        is_file(lab, &www, "/a/..c..txt", b"c", text);
        lab.why("What goes out and comes in again is a file in the folder to the system, and nothing to whoever resolves the path first (RFC 3986 §5.2.4).");
        let got = asked(lab, &www, "GET", "/../www/a/b.txt").status;
        let may_be = matches!(got, 200 | 404);
        lab.holds(may_be, "the status 200 or 404", got);
        lab.why("The folder may have been named in any way.");
        is_file(
            lab,
            &www.join("a/.."),
            "/a/b.txt",
            b"b",
            "text/plain; charset=utf-8",
        );
    });
}

#[cfg(unix)]
#[test]
fn s6_links_and_pipes() {
    lab(|lab| {
        lab.why(
            "A link that leads out of the folder is a way out, and one that stays inside is none.",
        );
        let (outer, www) = beside();
        let link =
            |to: &Path, name: &str| std::os::unix::fs::symlink(to, www.join(name)).expect("a link");
        link(&outer.path().join("secret.txt"), "out.txt");
        link(outer.path(), "up");
        link(Path::new("nowhere"), "broken.txt");
        link(Path::new("a/b.txt"), "in.txt");
        for target in ["/out.txt", "/up/secret.txt", "/up", "/broken.txt"] {
            lab.same("the status", asked(lab, &www, "GET", target).status, 404);
        }
        lab.why("A folder is shown by its index.html. That is a file like any other: it may be a link, too, and the folder may be one. Where the file is counts, when you know which file it is.");
        link(&outer.path().join("secret.txt"), "a/index.html");
        link(&outer.path().join("www-2"), "a/folder");
        for target in ["/a", "/a/", "/a/index.html", "/a/folder", "/a/folder/"] {
            let got = asked(lab, &www, "GET", target);
            lab.same("the status", got.status, 404);
            let body = String::from_utf8_lossy(&got.body).into_owned();
            lab.holds(
                !body.contains(SECRET),
                "not the secret",
                format!("{body:?}"),
            );
        }
        lab.why(
            "A link that leads out of the folder is a way out, and one that stays inside is none.",
        );
        is_file(lab, &www, "/in.txt", b"b", "text/plain; charset=utf-8");
        lab.why(
            "To open a named pipe waits until somebody writes into it. It is no regular file: 404.",
        );
        let made = Process::new("mkfifo").arg(www.join("pipe")).status();
        if made.is_ok_and(|status| status.success()) {
            lab.same("the status", asked(lab, &www, "GET", "/pipe").status, 404);
        } else {
            lab.note("this machine has no mkfifo");
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose /proc has a file that not even root can read from its beginning"
)]
fn s6_a_file_that_cannot_be_read() {
    lab(|lab| {
        lab.why("A file may be there and not to be read: the permission is missing, or the disk fails. An empty page with 200 would say that the file is empty.");
        let folder = Path::new("/proc/self");
        lab.same("the status", asked(lab, folder, "GET", "/mem").status, 404);
    });
}

#[test]
fn s6_only_get_and_head() {
    lab(|lab| {
        lab.why("Another method is known and not allowed here: 405, with the list of those that are (RFC 9110 §15.5.6). It is no 404, and it is certainly no 200.");
        let folder = Folder::new().with("a.txt", "a");
        for method in [
            "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "get", "Head", "BREW",
        ] {
            for target in ["/a.txt", "/b.txt"] {
                let got = asked(lab, folder.path(), method, target);
                lab.same("the status", got.status, 405);
                let allowed = got
                    .fields
                    .all("Allow")
                    .first()
                    .map(|value| String::from_utf8_lossy(value).into_owned());
                lab.same("Allow", allowed.as_deref(), Some("GET, HEAD"));
            }
        }
        for (method, status) in [("GET", 404), ("HEAD", 404)] {
            lab.same(
                "the status",
                asked(lab, folder.path(), method, "/b.txt").status,
                status,
            );
        }
    });
}

/// The student's server of a folder, on a port that the system chooses, and its address.
fn server(lab: &Lab, dir: &Path, more: &[&str]) -> (Program, SocketAddr) {
    let dir = dir.to_string_lossy();
    let args = [&["serve", &dir, "127.0.0.1", "-p", "0"], more].concat();
    ready(lab, lab.program(PROGRAM, &args))
}

/// A server that has said where it listens, and its address.
fn ready(lab: &Lab, mut program: Program) -> (Program, SocketAddr) {
    let line = program.expects_line("the line `listening on ADDRESS:PORT`", |_| true);
    let addr = line
        .strip_prefix("listening on ")
        .and_then(|addr| addr.parse().ok());
    let Some(addr) = addr else {
        lab.because("The first line on standard output says where the server listens. Whoever started it reads the port there, and reads nothing else.")
            .fails("listening on 127.0.0.1:PORT", format!("{line:?}"));
    };
    (program, addr)
}

fn site() -> Folder {
    Folder::new()
        .with("index.html", "<h1>hello</h1>")
        .with("a.txt", "alpha")
        .with("large.bin", vec![b'x'; 1 << 20])
}

/// Sends this, and the client's end; reads until the server's end.
fn whole_talk(lab: &Lab, addr: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).expect("connect to the server");
    lab.note(format!("a client sends {} and its end", shown(bytes)));
    // The server may be done with us already; its answer is there all the same.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    stream.set_nonblocking(true).expect("non-blocking mode");
    let mut all = Vec::new();
    loop {
        let answer = lab.until(
            "an answer, or the end of the server's side",
            || stream.peek(&mut [0]).map_err(in_words),
            |answer| *answer != Err(NOTHING.to_owned()),
        );
        lab.because(
            "The client reads until the end of the server's side. A reset takes the answer away.",
        )
        .holds(answer.is_ok(), "bytes, or the end", format!("{answer:?}"));
        if answer == Ok(0) {
            return all;
        }
        // All that is here; then nothing is, which is no error.
        let _ = stream.read_to_end(&mut all);
    }
}

const NOTHING: &str = "nothing has come";

fn in_words(error: io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock => NOTHING.to_owned(),
        kind => format!("{kind:?}"),
    }
}

fn talk(lab: &Lab, addr: SocketAddr, bytes: &[u8], methods: &[&str]) -> Vec<Reply> {
    replies(lab, &whole_talk(lab, addr, bytes), methods)
}

fn request(method: &str, path: &str, more: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{more}\r\n").into_bytes()
}

/// Demands that the server still answers.
fn gets_an_answer(lab: &Lab, addr: SocketAddr) {
    let all = talk(
        lab,
        addr,
        &request("GET", "/a.txt", "Connection: close\r\n"),
        &["GET"],
    );
    lab.same("the status", all[0].status, 200);
    lab.same_bytes("the body", &all[0].body, b"alpha");
}

#[test]
fn s6_cli_help_and_wrong_arguments() {
    lab(|lab| {
        lab.why("Help that was asked for is a result: standard output, exit code 0. Usage after a mistake is a complaint: standard error, exit code 2.");
        let end = lab.program(PROGRAM, &["--help"]).exits();
        lab.same("exit code of --help", end.code, Some(0));
        lab.holds(
            end.stdout.contains("usage"),
            "the usage on standard output",
            format!("{:?}", end.stdout),
        );
        for args in [&["get"][..], &["serve", "a"], &["get", "https://a"], &[]] {
            let end = lab.program(PROGRAM, args).exits();
            lab.same("exit code", end.code, Some(2));
            lab.same("standard output", end.stdout, String::new());
            let (complaint, _) = end.stderr.split_once("usage").unwrap_or_default();
            lab.holds(
                !complaint.trim().is_empty(),
                "what is wrong on standard error, and then the usage",
                format!("{:?}", end.stderr),
            );
        }
    });
}

#[test]
fn s6_serve_cannot_begin() {
    lab(|lab| {
        lab.why("A folder that is not there, or is a file, and a port that is taken: who started the server must hear so, on standard error and in the exit code, and must not read that it is listening.");
        let folder = site();
        let dir = folder.path().to_string_lossy().into_owned();
        let (_first, addr) = server(lab, folder.path(), &[]);
        let port = addr.port().to_string();
        for args in [
            ["serve", &format!("{dir}/nowhere"), "127.0.0.1", "-p", "0"],
            ["serve", &format!("{dir}/a.txt"), "127.0.0.1", "-p", "0"],
            ["serve", &dir, "127.0.0.1", "-p", &port],
        ] {
            let end = lab.program(PROGRAM, &args).exits();
            lab.same("exit code", end.code, Some(1));
            lab.same("standard output", end.stdout, String::new());
            lab.holds(
                !end.stderr.is_empty(),
                "a word on standard error",
                "nothing",
            );
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose namespaces give a program a network of its own"
)]
fn s6_a_host_that_nobody_knows() {
    lab(|lab| {
        // A network of its own, in which nobody can be asked for a name.
        let alone = ["--user", "--map-root-user", "--net"];
        let may = Process::new("unshare").args(alone).arg("true").output();
        if !may.is_ok_and(|end| end.status.success()) {
            lab.skip("this machine gives no namespaces to an ordinary user");
        }
        lab.why("No machine has this name (RFC 6761, section 6.4). That is a failure, which the user must be told: not a wrong argument, and not a panic.");
        let folder = site();
        let dir = folder.path().to_string_lossy();
        for args in [
            &["serve", &dir, "nobody.invalid", "-p", "0"][..],
            &["get", "http://nobody.invalid/a"],
        ] {
            let program = [PROGRAM];
            let words = [&alone[..], &program, args].concat();
            let end = lab.program("unshare", &words).exits();
            lab.same("exit code", end.code, Some(1));
            lab.same("standard output", end.stdout, String::new());
            let told = end.stderr.contains("nobody.invalid");
            lab.holds(
                told,
                "the host on standard error",
                format!("{:?}", end.stderr),
            );
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which has a device that is always full"
)]
fn s6_what_cannot_be_printed_has_failed() {
    lab(|lab| {
        lab.why("A page that cannot be printed was not got, help that nobody gets was not given, and a server whose address nobody learns is not there: the disk is full, or the reader has gone. The exit code is 1, and standard error says why. println! panics there, with exit code 101.");
        let folder = site();
        let (_server, addr) = server(lab, folder.path(), &[]);
        let (dir, page) = (folder.path().to_string_lossy(), url(addr, "/a.txt"));
        for what in FULL_OUTPUTS {
            for args in [
                &["get", &page][..],
                &["--help"],
                &["serve", &dir, "127.0.0.1", "-p", "0"],
            ] {
                lab.scene(format!("standard output is {what}"));
                let output = lab.output_into(takes_nothing(what), PROGRAM, args, b"");
                lab.same(
                    "exit code, and something on standard error",
                    (output.status.code(), output.stderr.is_empty()),
                    (Some(1), false),
                );
            }
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose namespaces give a program a file of names of its own"
)]
fn s6_the_first_address_that_works_is_taken() {
    lab(|lab| {
        let folder = site();
        let dir = folder.path().to_string_lossy();
        let pairs = lab.pairs_for_a_name();
        for &addrs in &pairs {
            let taken = TcpListener::bind((addrs[0], 0)).expect("a free port");
            let port = taken.local_addr().expect("a bound socket").port();
            for (port, want) in [(0, addrs[0]), (port, addrs[1])] {
                let args = ["serve", &dir, Lab::NAME, "-p", &port.to_string()];
                let program = lab.program_with_name(addrs, PROGRAM, &args);
                lab.why("A name may have several addresses. They are tried in their order, and the first one that works is taken. A port may be taken at one address, and free at another.");
                let (_server, addr) = ready(lab, program);
                lab.same("the address", addr.ip().to_string(), want.to_owned());
            }
        }
        lab.why("A client does as the server does: where nobody answers at one address of a name, there may be a server at the next.");
        let addrs = pairs[pairs.len() - 1];
        for at in addrs {
            let args = ["serve", &dir, at, "-p", "0"];
            let (_server, addr) = ready(lab, lab.program(PROGRAM, &args));
            let page = format!("http://{}:{}/a.txt", Lab::NAME, addr.port());
            let end = lab
                .program_with_name(addrs, PROGRAM, &["get", &page])
                .exits();
            let got = (end.code, end.stdout.trim_end());
            lab.same("exit code and standard output", got, (Some(0), "alpha"));
        }
    });
}

#[test]
fn s6_get_two_hosts_at_one_port() {
    lab(|lab| {
        lab.why("Two hosts are two websites, also where they have one address and one port: each request says in Host for which of them it is.");
        let server = lab.tcp_server("server");
        let port = server.addr().port();
        let found = ("localhost", port).to_socket_addrs();
        if !found.is_ok_and(|mut addrs| addrs.any(|addr| addr == server.addr())) {
            lab.skip("localhost is not 127.0.0.1 on this machine");
        }
        let hosts = ["127.0.0.1", "localhost"].map(|host| format!("{host}:{port}"));
        let urls = [("/1", 0), ("/2", 1), ("/3", 0)];
        let run = getting(
            lab,
            &urls.map(|(path, at)| format!("http://{}{path}", hosts[at])),
        );
        let peer = server.accepts();
        hears(lab, &peer, "/1", &hosts[0]);
        peer.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
        let other = server.accepts();
        hears(lab, &other, "/2", &hosts[1]);
        other.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
        hears(lab, &peer, "/3", &hosts[0]);
        peer.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3");
        let output = run.returns();
        lab.same("exit code", output.status.code(), Some(0));
        lab.same_bytes("standard output", &output.stdout, b"123");
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, for a network of the test's own, in which all ports are free"
)]
fn s6_host_has_the_port_if_it_is_not_80() {
    lab(|lab| {
        lab.why("80 is what http means, so a client leaves it out of Host (RFC 9110 §4.2.1, §7.2), and asks there when no port is said. 8080 is this server's default and nobody else's: it is said. An IPv6 address has its brackets, with a port or without.");
        let setting = "ip link set lo up";
        let may = Process::new("unshare")
            .args(["-Urn", "sh", "-c", setting])
            .output();
        if !may.is_ok_and(|output| output.status.success()) {
            lab.skip("this machine does not allow a network namespace");
        }
        let nobody = lab.refused();
        let got = getting(lab, &[url(nobody.addr(), "/a")]).returns();
        lab.same("exit code where nobody listens", got.status.code(), Some(1));
        let shell =
            format!("exec unshare -Urn sh -c '{setting}; exec \"$0\" \"$@\"' \"$0\" \"$@\"");
        let end = lab.elsewhere(&shell, || {
            for (authority, addr) in AUTHORITIES {
                let Ok(listener) = TcpListener::bind(addr) else {
                    println!("\n{authority}: cannot be bound");
                    continue;
                };
                let run = getting(lab, &[format!("http://{authority}/a")]);
                let stream = lab.until(
                    "a connection of get",
                    || {
                        listener.set_nonblocking(true).ok()?;
                        listener.accept().ok()
                    },
                    Option::is_some,
                );
                let (mut stream, _) = stream.expect("a connection");
                stream.set_nonblocking(false).expect("blocking mode");
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n > 0) {
                    head.push(byte[0]);
                }
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
                stream.write_all(answer).expect("an open connection");
                let code = run.returns().status.code();
                let head = String::from_utf8_lossy(&head).to_lowercase();
                let hosts = head.lines().filter_map(|line| line.strip_prefix("host:"));
                let host = hosts.map(str::trim).collect::<String>();
                println!("\n{authority}: {host}, {code:?}");
            }
        });
        for (authority, addr) in AUTHORITIES {
            let beginning = format!("{authority}: ");
            let lines = &mut end.stdout.lines();
            let got = lines.find_map(|line| line.strip_prefix(&beginning));
            if got == Some("cannot be bound") && addr.starts_with('[') {
                lab.note("this machine has no IPv6");
                continue;
            }
            let host = authority.strip_suffix(":80").unwrap_or(authority);
            lab.same(
                &format!("Host and exit code of get http://{authority}/a"),
                got,
                Some(&format!("{host}, Some(0)")[..]),
            );
        }
    });
}

/// Hosts and ports as a URL says them, and where the server of each listens.
const AUTHORITIES: [(&str, &str); 7] = [
    ("127.0.0.1", "127.0.0.1:80"),
    ("127.0.0.1:80", "127.0.0.1:80"),
    ("127.0.0.1:8080", "127.0.0.1:8080"),
    ("127.0.0.1:443", "127.0.0.1:443"),
    ("[::1]", "[::1]:80"),
    ("[::1]:80", "[::1]:80"),
    ("[::1]:8080", "[::1]:8080"),
];

#[test]
fn s6_serve_gives_files() {
    lab(|lab| {
        lab.why("Files, a folder's index, HEAD, 404 and 405, one after the other on one connection that is asked for all of them at once.");
        let folder = site();
        let (_server, addr) = server(lab, folder.path(), &[]);
        let asked = [
            ("GET", "/a.txt", 200),
            ("GET", "/", 200),
            ("HEAD", "/large.bin", 200),
            ("GET", "/b.txt", 404),
            ("POST", "/a.txt", 405),
            ("GET", "/large.bin", 200),
            ("GET", "/a.txt?b", 200),
        ];
        let bytes: Vec<u8> = asked
            .iter()
            .flat_map(|(method, path, _)| request(method, path, ""))
            .collect();
        let all = talk(lab, addr, &bytes, &asked.map(|(method, ..)| method));
        for (reply, (method, path, status)) in all.iter().zip(asked) {
            lab.same(
                &format!("the status of {method} {path}"),
                reply.status,
                status,
            );
        }
        lab.same_bytes("the body of the first", &all[0].body, b"alpha");
        lab.same(
            "the length that HEAD tells",
            all[2].all("content-length"),
            vec!["1048576"],
        );
        lab.same("the length of the large one", all[5].body.len(), 1 << 20);
    });
}

#[test]
fn s6_serve_keeps_the_connection() {
    lab(|lab| {
        lab.why("A second request on the same connection, when the first has been answered; and the end when the client asks for it.");
        let folder = site();
        let (_server, addr) = server(lab, folder.path(), &[]);
        let peer = lab.connect_as("client A", addr);
        for _ in 0..3 {
            peer.sends(&request("GET", "/a.txt", ""));
            let got = one_reply(lab, &peer);
            lab.same_bytes("the body", &got.body, b"alpha");
        }
        peer.dribbles(&request("GET", "/a.txt", "Connection: close\r\n"));
        let got = one_reply(lab, &peer);
        lab.same("close in the response", got.says("close"), true);
        peer.expects_eof();
        lab.why("HTTP/1.0 closes by itself.");
        let peer = lab.connect_as("client B", addr);
        peer.sends(b"GET /a.txt HTTP/1.0\r\n\r\n");
        lab.same_bytes("the body", &one_reply(lab, &peer).body, b"alpha");
        peer.expects_eof();
    });
}

/// Reads a head, and not a byte more.
fn head(peer: &TcpPeer) -> Vec<u8> {
    const END: &[u8] = b"\r\n\r\n";
    let mut head = Vec::new();
    while !head.ends_with(END) {
        let mut seen = [0; 1024];
        let come = peer.stream().peek(&mut seen).unwrap_or(0);
        let all = [&head[..], &seen[..come]].concat();
        let end = all.windows(END.len()).position(|four| four == END);
        let end = end.map_or(all.len(), |at| at + END.len());
        // If nothing has come, this waits for it.
        head.extend(peer.expects_exactly((end - head.len()).max(1)));
    }
    head
}

/// Reads one response to GET.
fn one_reply(lab: &Lab, peer: &TcpPeer) -> Reply {
    let mut bytes = head(peer);
    let length = String::from_utf8_lossy(&bytes).lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    bytes.extend(peer.expects_exactly(length.unwrap_or(0)));
    reply(lab, &bytes, "GET").0
}

#[test]
fn s6_serve_is_not_smuggled_through() {
    lab(|lab| {
        lab.why("A request in a request: to a proxy that goes by one length it is a body, and to a server that goes by the other it is a request of its own, which nobody has checked. The server must refuse, or read it as the body that it is; it must not answer it.");
        let folder = site();
        let (_server, addr) = server(lab, folder.path(), &[]);
        let inner = "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n";
        let len = inner.len();
        for (fields, body, statuses) in [
            (
                format!("Content-Length: {len}\r\n"),
                inner.to_owned(),
                &[405][..],
            ),
            (
                format!("Content-Length: 0\r\nContent-Length: {len}\r\n"),
                inner.to_owned(),
                &[400],
            ),
            (
                "Content-Length: +0\r\n".to_owned(),
                inner.to_owned(),
                &[400],
            ),
            (
                format!(
                    "Content-Length: {}\r\nTransfer-Encoding: chunked\r\n",
                    5 + len
                ),
                format!("0\r\n\r\n{inner}"),
                &[400],
            ),
            (
                "Transfer-Encoding: chunked, identity\r\n".to_owned(),
                format!("0\r\n\r\n{inner}"),
                &[400],
            ),
            (
                "Transfer-Encoding : chunked\r\n".to_owned(),
                format!("0\r\n\r\n{inner}"),
                &[400],
            ),
            (
                "Transfer-Encoding:\x0bchunked\r\n".to_owned(),
                format!("0\r\n\r\n{inner}"),
                &[400],
            ),
            (
                " Transfer-Encoding: chunked\r\n".to_owned(),
                format!("0\r\n\r\n{inner}"),
                &[400],
            ),
            (
                "X: y\nTransfer-Encoding: chunked\r\n".to_owned(),
                format!("0\r\n\r\n{inner}"),
                &[400],
            ),
            (
                "Transfer-Encoding: chunked\r\n".to_owned(),
                format!("0;x\n\r\n\r\n{inner}"),
                &[400],
            ),
            (
                "Transfer-Encoding: chunked\r\n".to_owned(),
                format!("{len:x}\r\n{inner}\r\n0\r\n\r\n"),
                &[405],
            ),
        ] {
            let head = String::from_utf8_lossy(&request("POST", "/", &fields)).into_owned();
            let all = talk(lab, addr, format!("{head}{body}").as_bytes(), &["POST"]);
            lab.holds(
                statuses.contains(&all[0].status),
                format!("a status of {statuses:?}"),
                all[0].status,
            );
        }
        gets_an_answer(lab, addr);
    });
}

#[test]
fn s6_serve_gives_nothing_from_outside() {
    lab(|lab| {
        lab.why("What counts is where the file is, and not how the path looks.");
        let (_outer, www) = beside();
        let (_server, addr) = server(lab, &www, &[]);
        let mut bytes: Vec<u8> = WAYS_OUT
            .iter()
            .flat_map(|path| request("GET", path, ""))
            .collect();
        bytes.extend(request("GET", "/a/b.txt", ""));
        let all = talk(lab, addr, &bytes, &["GET"; WAYS_OUT.len() + 1]);
        for (reply, path) in all.iter().zip(WAYS_OUT) {
            lab.same(&format!("the status of {path}"), reply.status, 404);
        }
        lab.same_bytes("the body of the last", &all[WAYS_OUT.len()].body, b"b");
    });
}

#[test]
fn s6_serve_eight_hostile_clients() {
    lab(|lab| {
        lab.why("All eight are there at the same time, as in chapter 02, and most of them stay. None may cost another client its answer.");
        let folder = site();
        let (_server, addr) = server(lab, folder.path(), &[]);
        let (_here, _busy) = hostile_clients(lab, addr);
        for _ in 0..3 {
            gets_an_answer(lab, addr);
        }
    });
}

/// Those that stay, and those that go on sending until the server is gone.
fn hostile_clients(lab: &Lab, addr: SocketAddr) -> (Vec<TcpPeer>, Vec<Running<()>>) {
    let client = || lab.connect_as("hostile", addr);
    let (mut here, mut busy) = (Vec::new(), Vec::new());
    client().closes();
    let peer = client();
    peer.sends(b"GET / HTTP/1.1\r\nHo");
    peer.resets();
    let peer = client();
    peer.sends(&request("POST", "/", "Content-Length: 4294967296\r\n"));
    here.push(peer);
    let peer = client();
    peer.sends(b"GET / HTTP/1.1\r\nHo");
    peer.half_closes();
    here.push(peer);
    lab.note("a hostile client says nothing");
    here.push(client());
    let peer = client();
    peer.sends(b"GET / HTTP/1.1\r\nHo");
    here.push(peer);
    let peer = client();
    peer.sends(b"GET / HTTP/1.1\r\nX: ");
    busy.push(peer.drips(b'x', Duration::from_millis(10)));
    for (what, piece) in [
        (
            "a hostile client asks for a megabyte again and again, and never reads",
            request("GET", "/large.bin", ""),
        ),
        (
            "a hostile client sends a head without end",
            b"A: b\r\n".to_vec(),
        ),
    ] {
        lab.note(what);
        let mut stream = TcpStream::connect(addr).expect("connect to the server");
        stream
            .set_write_timeout(Some(Duration::from_secs(2)))
            .expect("a write time-out");
        busy.push(lab.meanwhile(what, move || {
            for _ in 0..20_000 {
                if stream.write_all(&piece).is_err() {
                    return;
                }
            }
        }));
    }
    (here, busy)
}

#[test]
fn s6_serve_many_at_a_time() {
    lab(|lab| {
        lab.why("Browsers connect beforehand and say nothing. Twenty such connections, and one that waits in the middle of a request, keep nobody from an answer.");
        let folder = site();
        let (_server, addr) = server(lab, folder.path(), &[]);
        let silent: Vec<_> = (0..20)
            .map(|_| TcpStream::connect(addr).expect("connect to the server"))
            .collect();
        lab.note("20 clients connect and say nothing");
        let peer = lab.connect_as("client A", addr);
        peer.sends(b"GET /a.txt HTTP/1.1\r\n");
        gets_an_answer(lab, addr);
        drop(silent);
        peer.sends(b"Host: a\r\n\r\n");
        lab.same_bytes("the body", &one_reply(lab, &peer).body, b"alpha");
    });
}

#[test]
fn s6_serve_has_so_many_places() {
    lab(|lab| {
        lab.why("MAX_CLIENTS clients are there, each on a thread, answered and silent now; one more has asked. It waits in the kernel's queue, and is answered when one of them has left. Without a limit, whoever opens connections decides how many threads your machine runs; with a smaller one, fewer are answered than could be.");
        let folder = site();
        let (server, addr) = server(
            lab,
            folder.path(),
            &["--idle", "600000", "--request", "600000"],
        );
        let mut silent: Vec<_> = (0..MAX_CLIENTS)
            .map(|_| {
                let client = lab.connect_as("silent", addr);
                client.sends(&request("GET", "/a.txt", ""));
                lab.same("the status", one_reply(lab, &client).status, 200);
                client
            })
            .collect();
        let waiting = lab.connect_as("client A", addr);
        waiting.sends(&request("GET", "/a.txt", ""));
        server.settles();
        let stream = waiting.stream();
        stream.set_nonblocking(true).expect("non-blocking mode");
        let answer = stream.peek(&mut [0]);
        stream.set_nonblocking(false).expect("blocking mode");
        lab.holds(
            answer.is_err(),
            format!("client A to wait, while {MAX_CLIENTS} are being served"),
            "an answer, or the end of the stream",
        );
        silent.pop();
        lab.note("a silent client leaves");
        lab.same_bytes("the body", &one_reply(lab, &waiting).body, b"alpha");
    });
}

#[test]
fn s6_serve_has_the_limits_it_is_told() {
    lab(|lab| {
        lab.why("--idle 30: a client that says nothing is left without a word after 30 ms; so is one that has been answered.");
        let folder = site();
        let (_server, addr) = server(lab, folder.path(), &["--idle", "30", "--request", "600000"]);
        let silent = lab.connect_as("client A", addr);
        silent.expects_eof();
        let peer = lab.connect_as("client B", addr);
        peer.sends(&request("GET", "/a.txt", ""));
        lab.same_bytes("the body", &one_reply(lab, &peer).body, b"alpha");
        peer.expects_eof();

        lab.why("--request 60: a request that has begun and is not there after 60 ms gets 408, however slowly it goes on.");
        let (_server, addr) = server(lab, folder.path(), &["--idle", "600000", "--request", "60"]);
        let peer = lab.connect_as("client C", addr);
        peer.sends(b"GET /a.txt HTTP/1.1\r\n");
        lab.same("the status", one_reply(lab, &peer).status, 408);
        peer.expects_eof();
    });
}

#[test]
fn s6_serve_refuses_an_upload_and_is_heard() {
    lab(|lab| {
        lab.why("The client sends two megabytes that are refused, and then reads. A server that closes at once answers the rest with a reset, and the 413 is gone.");
        let folder = site();
        let (_server, addr) = server(lab, folder.path(), &[]);
        let body = vec![b'x'; 2 << 20];
        for fields in [
            format!("Content-Length: {}\r\n", body.len()),
            "Transfer-Encoding: chunked\r\n".to_owned(),
        ] {
            let start = if fields.starts_with('T') {
                &b"200000\r\n"[..]
            } else {
                b""
            };
            let bytes = [&request("POST", "/", &fields), start, &body].concat();
            let all = talk(lab, addr, &bytes, &["POST"]);
            lab.same("the status", all[0].status, 413);
        }
    });
}

#[test]
fn s6_serve_says_continue() {
    lab(|lab| {
        lab.why("curl waits for 100 Continue before it sends a large body. Then the body is read, and the answer comes: 405 here.");
        let folder = site();
        let (_server, addr) = server(lab, folder.path(), &[]);
        let peer = lab.connect_as("client A", addr);
        peer.sends(&request(
            "PUT",
            "/a.txt",
            "Expect: 100-continue\r\nContent-Length: 5\r\n",
        ));
        peer.expects(b"HTTP/1.1 100 Continue\r\n\r\n");
        peer.sends(b"hello");
        lab.same("the status", one_reply(lab, &peer).status, 405);
        peer.sends(&request("GET", "/a.txt", ""));
        lab.same_bytes("the body", &one_reply(lab, &peer).body, b"alpha");
    });
}

#[test]
fn s6_serve_sleeps() {
    lab(|lab| {
        lab.why("At night nobody comes, and a client that was answered stays connected. Every thread waits in a call that blocks.");
        let folder = site();
        let (server, addr) = server(
            lab,
            folder.path(),
            &["--idle", "60000", "--request", "60000"],
        );
        let peer = lab.connect_as("client A", addr);
        peer.sends(&request("GET", "/a.txt", ""));
        lab.same_bytes("the body", &one_reply(lab, &peer).body, b"alpha");
        let other = lab.connect_as("client B", addr);
        other.sends(b"GET / HT");
        server.sleeps("a client comes, or a signal");
    });
}

#[cfg(unix)]
#[test]
fn s6_ctrl_c_ends_serve() {
    lab(|lab| {
        lab.why("Ctrl-C (SIGINT) is how a person ends a server, and SIGTERM how a program does: exit code 0, and nothing on standard error. A client that says nothing, and one that stops in the middle of a request, have the grace to end, 20 ms here, and are cut off.");
        let folder = site();
        for signal in [interrupt(), "TERM"] {
            let (server, addr) = server(lab, folder.path(), &["--grace", "20"]);
            gets_an_answer(lab, addr);
            let _silent = lab.connect_as("client A", addr);
            let slow = lab.connect_as("client B", addr);
            slow.sends(b"GET /a.txt HTTP/1.1\r\n");
            server.gets(signal);
            let end = server.exits();
            lab.same("exit code", end.code, Some(0));
            lab.same("standard error", end.stderr, String::new());
        }
    });
}

/// Waits until nobody is let in any more.
fn refuses(lab: &Lab, addr: SocketAddr) {
    lab.until(
        &format!("connections to {addr} to be refused"),
        || TcpStream::connect(addr).is_err(),
        |refused| *refused,
    );
    lab.note("new clients are refused");
}

#[cfg(unix)]
#[test]
fn s6_ctrl_c_lets_a_request_finish() {
    lab(|lab| {
        lab.why("Half of a request is here when Ctrl-C comes. Its client has done nothing wrong: within the grace it may send the other half, and gets its answer. Nobody new is let in.");
        let folder = site();
        let (server, addr) = server(lab, folder.path(), &["--grace", "600000"]);
        let client = lab.connect_as("client A", addr);
        client.sends(b"GET /a.txt HTTP/1.1\r\n");
        server.settles();
        server.is_interrupted();
        refuses(lab, addr);
        client.sends(b"Host: a\r\nConnection: close\r\n\r\n");
        lab.same_bytes("the body", &one_reply(lab, &client).body, b"alpha");
        client.expects_eof();
        drop(client);
        lab.why(
            "Nobody is left, so there is nothing to wait for: the grace is a limit, and no duty.",
        );
        let end = server.exits();
        lab.same("exit code", end.code, Some(0));
        lab.same("standard error", end.stderr, String::new());
    });
}

#[cfg(unix)]
#[test]
fn s6_a_second_signal_ends_serve_at_once() {
    lab(|lab| {
        lab.why("A client keeps the server within its grace, which is ten minutes here. A person who presses Ctrl-C a second time does not want to wait for that. Not everybody was served to the end, so the exit code is 1.");
        let folder = site();
        let (server, addr) = server(lab, folder.path(), &["--grace", "600000"]);
        let client = lab.connect_as("client A", addr);
        client.sends(b"GET /a.txt HTTP/1.1\r\n");
        server.settles();
        server.is_interrupted();
        refuses(lab, addr);
        server.is_interrupted();
        let end = server.exits();
        lab.same("exit code", end.code, Some(1));
    });
}

/// Runs `get` with these URLs of these servers.
fn getting(lab: &Lab, urls: &[String]) -> Running<std::process::Output> {
    let args: Vec<String> = ["get".to_owned()]
        .into_iter()
        .chain(urls.iter().cloned())
        .collect();
    let twin = lab.clone();
    lab.meanwhile("get runs", move || {
        let args: Vec<&str> = args.iter().map(|arg| &arg[..]).collect();
        twin.output(PROGRAM, &args, b"")
    })
}

fn url(addr: SocketAddr, path: &str) -> String {
    format!("http://{addr}{path}")
}

/// Reads a GET of the student's program; demands the path and the host.
fn hears(lab: &Lab, peer: &TcpPeer, path: &str, host: &str) {
    let text = String::from_utf8_lossy(&head(peer)).into_owned();
    let mut lines = text.lines();
    lab.same(
        "the request line",
        lines.next(),
        Some(&format!("GET {path} HTTP/1.1")[..]),
    );
    let hosts: Vec<_> = lines
        .filter_map(|line| {
            line.split_once(": ")
                .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
        })
        .map(|(_, value)| value.to_owned())
        .collect();
    lab.same("Host", hosts, vec![host.to_owned()]);
}

#[test]
fn s6_get_prints_what_is_there() {
    lab(|lab| {
        lab.why("Path and query are asked for as they stand in the URL, and what stands behind # is not sent (RFC 9110 §4.2.5). Host has the port, since it is not 80 (RFC 9110 §7.2).");
        let all: Vec<u8> = (0..=255).collect();
        let server = lab.tcp_server("server");
        let run = getting(lab, &[url(server.addr(), "/a/b?c#d")]);
        let peer = server.accepts();
        hears(lab, &peer, "/a/b?c", &server.addr().to_string());
        lab.why("What comes goes to standard output, every byte of it and nothing else; what was said about it is not part of it.");
        peer.sends(&[b"HTTP/1.1 200 OK\r\nContent-Length: 256\r\n\r\n", &all[..]].concat());
        let output = run.returns();
        lab.same("exit code", output.status.code(), Some(0));
        lab.same_bytes("standard output", &output.stdout, &all);
        lab.same_bytes("standard error", &output.stderr, b"");
    });
}

#[test]
fn s6_get_from_an_ipv6_address() {
    lab(|lab| {
        let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            lab.skip("this machine cannot listen at ::1");
        };
        lab.why("An IPv6 address has colons of its own. So it stands in brackets where a port may follow, in a URL and in Host (RFC 3986 §3.2.2): without them nobody knows where the address ends.");
        let addr = listener
            .local_addr()
            .expect("a bound socket has an address");
        let server = lab.meanwhile("a server answers one request", move || {
            let (mut stream, _) = listener.accept()?;
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? > 0 {
                head.push(byte[0]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n6")?;
            io::Result::Ok(String::from_utf8_lossy(&head).to_lowercase())
        });
        let output = getting(lab, &[url(addr, "/a")]).returns();
        lab.same("exit code", output.status.code(), Some(0));
        lab.same_bytes("standard output", &output.stdout, b"6");
        let head = server.returns().expect("a connection that does not break");
        let host = head.lines().find_map(|line| line.strip_prefix("host:"));
        lab.same("Host", host.map(str::trim), Some(&addr.to_string()[..]));
    });
}

#[test]
fn s6_get_uses_one_connection() {
    lab(|lab| {
        lab.why("Several URLs of one server, and one connection. When the server says that it closes, the next one is made.");
        let server = lab.tcp_server("server");
        let urls = ["/1", "/2", "/3", "/4"].map(|path| url(server.addr(), path));
        let run = getting(lab, &urls);
        let host = server.addr().to_string();
        let peer = server.accepts();
        hears(lab, &peer, "/1", &host);
        peer.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
        hears(lab, &peer, "/2", &host);
        peer.sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n");
        hears(lab, &peer, "/3", &host);
        peer.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthree");
        let next = server.accepts();
        hears(lab, &next, "/4", &host);
        next.sends(b"HTTP/1.0 200 OK\r\n\r\nfour");
        next.closes();
        let output = run.returns();
        lab.same("exit code", output.status.code(), Some(0));
        lab.same_bytes("standard output", &output.stdout, b"onetwothreefour");
        server.expects_nobody_else();
    });
}

#[test]
fn s6_get_two_servers() {
    lab(|lab| {
        lab.why("Two ports are two servers: a connection to one is of no use for the other, and comes back to the first when that is asked again.");
        let (first, second) = (lab.tcp_server("first"), lab.tcp_server("second"));
        let urls = [
            url(first.addr(), "/1"),
            url(second.addr(), "/2"),
            url(first.addr(), "/3"),
        ];
        let run = getting(lab, &urls);
        let peer = first.accepts();
        hears(lab, &peer, "/1", &first.addr().to_string());
        peer.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
        let other = second.accepts();
        hears(lab, &other, "/2", &second.addr().to_string());
        other.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
        hears(lab, &peer, "/3", &first.addr().to_string());
        peer.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3");
        let output = run.returns();
        lab.same_bytes("standard output", &output.stdout, b"123");
        lab.same("exit code", output.status.code(), Some(0));
        first.expects_nobody_else();
    });
}

#[test]
fn s6_get_tells_what_failed() {
    lab(|lab| {
        lab.why("A page that is an error is not what was asked for: nothing of it on standard output, status and URL on standard error, exit code 1. The next URL is fetched all the same.");
        let server = lab.tcp_server("server");
        let urls = ["/1", "/2", "/3", "/4"].map(|path| url(server.addr(), path));
        let run = getting(lab, &urls);
        let host = server.addr().to_string();
        let peer = server.accepts();
        hears(lab, &peer, "/1", &host);
        peer.sends(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nsorry");
        hears(lab, &peer, "/2", &host);
        peer.sends(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
        hears(lab, &peer, "/3", &host);
        peer.sends(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\n\r\nok");
        hears(lab, &peer, "/4", &host);
        peer.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        peer.closes();
        let output = run.returns();
        lab.same("exit code", output.status.code(), Some(1));
        lab.same_bytes("standard output", &output.stdout, b"ok");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        for word in ["404", &urls[0], "302", &urls[1], &urls[3]] {
            lab.holds(
                errors.contains(word),
                format!("{word} on standard error"),
                format!("{errors:?}"),
            );
        }
        lab.holds(
            !errors.contains(&urls[2]),
            "nothing about what went well",
            format!("{errors:?}"),
        );
        server.expects_nobody_else();
    });
}

#[test]
fn s6_get_from_nobody() {
    lab(|lab| {
        lab.why("A server that is not there is a failure: the URL on standard error, exit code 1, and the next URL is fetched.");
        let refused = lab.refused();
        let server = lab.tcp_server("server");
        let urls = [url(refused.addr(), "/a"), url(server.addr(), "/b")];
        let run = getting(lab, &urls);
        let peer = server.accepts();
        hears(lab, &peer, "/b", &server.addr().to_string());
        peer.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb");
        let output = run.returns();
        lab.same("exit code", output.status.code(), Some(1));
        lab.same_bytes("standard output", &output.stdout, b"b");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        lab.holds(
            errors.contains(&urls[0]),
            format!("{} on standard error", urls[0]),
            format!("{errors:?}"),
        );
    });
}

#[test]
fn s6_get_from_serve() {
    lab(|lab| {
        lab.why("Your client and your server agree where each message ends.");
        let folder = site();
        let (_server, addr) = server(lab, folder.path(), &[]);
        let _folder = folder.with("larger.bin", vec![b'x'; 3 << 20]);
        let urls = ["/", "/a.txt", "/larger.bin"].map(|path| url(addr, path));
        let output = getting(lab, &urls).returns();
        lab.same("exit code", output.status.code(), Some(0));
        let want = [&b"<h1>hello</h1>alpha"[..], &vec![b'x'; 3 << 20]].concat();
        lab.same(
            "how many bytes on standard output",
            output.stdout.len(),
            want.len(),
        );
        lab.same("the right ones", output.stdout == want, true);
        let output = getting(lab, &[url(addr, "/b.txt")]).returns();
        lab.same("exit code", output.status.code(), Some(1));
    });
}
