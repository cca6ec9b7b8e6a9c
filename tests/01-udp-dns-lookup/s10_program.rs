use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use netlab::io::{Interrupting, OneByte};
use netlab::{Answering, Lab, UdpPeer};
use udp_dns_lookup::{
    Answer, LookupError, NameError, Request, USAGE, Why, exit_code, nameserver_in, run,
};

use super::scene::{GOOD, GOOD6, HOST, asked, asked_in, queries, query_from};
use super::wire::{self, Asked, Message, a, aaaa};

const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

/// Exit code, standard output and standard error of the student's `run`, on a system without a
/// resolv.conf.
fn ran(lab: &Lab, args: &[&str]) -> (u8, String, String) {
    ran_with(lab, args, Path::new("/nonexistent/resolv.conf"))
}

/// The same where this file says whom to ask. What it is written to takes a byte at a time, and every
/// other call is interrupted: `write` may do so at any time.
fn ran_with(lab: &Lab, args: &[&str], resolv_conf: &Path) -> (u8, String, String) {
    let args: Vec<String> = args.iter().map(|&word| word.to_owned()).collect();
    let mut out = Interrupting::new(OneByte(Vec::new()));
    let mut err = Interrupting::new(OneByte(Vec::new()));
    let reason = "run fails only when `out` or `err` cannot be written. These two take a byte at a time, and \
                  every other call says Interrupted: write!, writeln! and write_all go on, and a single \
                  call of write does not.";
    let call = format!("run({args:?}, …, out, err)");
    // The reason is one for an error. A call that hangs is about the scene.
    let code = match lab.you(&call, || run(&args, resolv_conf, &mut out, &mut err)) {
        Ok(code) => code,
        Err(error) => lab
            .because(reason)
            .fails(format!("your {call} to succeed"), format!("Err({error:?})")),
    };
    let text = |bytes| String::from_utf8(bytes).expect("the program writes text");
    (code, text(out.inner.0), text(err.inner.0))
}

/// A resolv.conf of the test's own. It goes when this value does.
struct ResolvConf(PathBuf);

impl ResolvConf {
    fn new(lab: &Lab, name: &str, text: &[u8]) -> ResolvConf {
        let file = format!("netlab-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(file);
        fs::write(&path, text).expect("a file in the folder for temporary files");
        let shown = match text.len() {
            0..=200 => text.escape_ascii().to_string(),
            _ => format!("{} …", text[..40].escape_ascii()),
        };
        lab.note(format!("{} holds \"{shown}\"", path.display()));
        ResolvConf(path)
    }
}

impl Drop for ResolvConf {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A writer that fails after so many bytes.
struct Failing {
    room: usize,
    kind: ErrorKind,
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.room.min(bytes.len()) {
            0 if !bytes.is_empty() => Err(self.kind.into()),
            n => {
                self.room -= n;
                Ok(n)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a text has where it first differs from USAGE.
fn beside_usage(out: &str) -> String {
    let mut lines = out.lines().zip(USAGE.lines());
    match lines.position(|(got, want)| got != want) {
        Some(n) => format!(
            "line {} is {:?}",
            n + 1,
            out.lines().nth(n).unwrap_or_default()
        ),
        None if out.is_empty() => "nothing".into(),
        None => format!(
            "{} octets instead of {}, equal as far as they go",
            out.len(),
            USAGE.len()
        ),
    }
}

/// Demands how a program has ended. What it said tells why it ended otherwise.
fn ends_with(lab: &Lab, what: &str, end: &netlab::End, code: i32) {
    lab.holds(
        end.code == Some(code),
        format!("{what}: {code}"),
        format!("{:?}, and standard error says {:?}", end.code, end.stderr),
    );
}

/// A server at which every kind of outcome can be had by name, and how to name it in `args`.
fn all_outcomes(lab: &Lab) -> (Answering, String) {
    lab.reads(wire::in_words);
    let server = lab.udp("server");
    let again = lab.clone();
    let answering = server.answers(move |datagram| {
        let query = asked(&again, datagram);
        let reply = query.reply();
        // By name as it was typed: in another case it is refused.
        let reply = match (query.name.as_str(), query.qtype) {
            (HOST, wire::A) => reply.answers([GOOD, "192.0.2.2"].map(|ip| a(HOST, ip))),
            (HOST | "Empty.TEST", _) => reply,
            ("Gone.TEST", _) => reply.rcode(wire::NXDOMAIN),
            _ => reply.rcode(wire::REFUSED),
        };
        Some(("reply".into(), reply.bytes()))
    });
    (answering, format!("@{}", server.addr()))
}

/// Runs the student's program against a server that answers by `answer`.
fn program(
    lab: &Lab,
    more: &[&str],
    answer: impl Fn(&Asked) -> Option<Message> + Send + 'static,
) -> netlab::End {
    lab.reads(wire::in_words);
    let server: UdpPeer = lab.udp("server");
    let at = format!("@{}", server.addr());
    let (again, questions) = (lab.clone(), Arc::new(Mutex::new(BTreeMap::new())));
    let seen = questions.clone();
    let _answering = server.answers(move |datagram| {
        let query = asked(&again, datagram);
        let mut seen = seen.lock().expect("unpoisoned");
        *seen.entry(query.in_words()).or_insert(0) += 1;
        answer(&query).map(|reply| ("reply".into(), reply.bytes()))
    });
    let args = [&[HOST, at.as_str()], more].concat();
    let end = lab.program(PROGRAM, &args).exits();
    let words: Vec<String> = args.iter().map(|&word| word.to_owned()).collect();
    let attempts = Request::parse(&words).map_or(0, |request| request.patience.attempts);
    let questions = questions.lock().expect("unpoisoned");
    lab.because(
        "--attempts says how often a question is sent at most, whatever the server replies.",
    )
    .holds(
        questions.values().all(|&times| times <= attempts),
        format!("each question {} at most", queries(attempts)),
        format!("{questions:?}"),
    );
    end
}

#[test]
fn s10_nameserver_of_resolv_conf() {
    netlab::lab(|lab| {
        let found = |text: &str| {
            let found = lab.you(&format!("nameserver_in({text:?})"), || nameserver_in(text));
            found.map(|addr| addr.to_string())
        };
        let some = |text: &str| Some(text.to_owned());
        lab.why("resolv.conf(5): a line `nameserver ADDRESS`; DNS servers listen on port 53.");
        lab.same(
            "of one line",
            found("nameserver 192.0.2.53\n"),
            some("192.0.2.53:53"),
        );
        lab.same(
            "without a line end",
            found("nameserver 192.0.2.53"),
            some("192.0.2.53:53"),
        );
        lab.same(
            "an IPv6 address",
            found("nameserver 2001:db8::53\nnameserver 192.0.2.1\n"),
            some("[2001:db8::53]:53"),
        );

        lab.why(
            "Programs and people write this file: other keywords, comments, tabs, and more \
                 than one server, of which the first is asked first.",
        );
        let text = "# made by hand\n; nameserver 192.0.2.1\n#nameserver 192.0.2.2\n\
                    search example.test\noptions timeout:1\n\n\
                    nameserver\t192.0.2.3  # the one in the cellar\nnameserver 192.0.2.4\n";
        lab.same("of a busy file", found(text), some("192.0.2.3:53"));
        lab.same(
            "two blanks",
            found("nameserver  192.0.2.8\n"),
            some("192.0.2.8:53"),
        );
        lab.same(
            "blanks and tabs",
            found("nameserver \t 192.0.2.9\t\n"),
            some("192.0.2.9:53"),
        );
        lab.same(
            "CRLF",
            found("nameserver 192.0.2.5\r\n"),
            some("192.0.2.5:53"),
        );

        lab.why("Unreadable lines are skipped, and a file need not name any server.");
        let text = "nameserver\nnameserver fe80::1%eth0\nnameserver 192.0.2.300\nnameserver dns.test\n\
             nameserver 192.0.2.9:53\nnameserver 192.0.2.9#53\nnameservers 192.0.2.6\nnameserver192.0.2.6\nNAMESERVER 192.0.2.8\n\
             options nameserver 192.0.2.5\nnameserver 192.0.2.7\n";
        lab.same(
            "after what cannot be read",
            found(text),
            some("192.0.2.7:53"),
        );
        let long = format!("{}nameserver 192.0.2.10\n", "# a long story\n".repeat(200));
        let after = lab.you("nameserver_in(200 comments, a server)", || {
            nameserver_in(&long)
        });
        let after = after.map(|addr| addr.to_string());
        lab.same("after 200 comments", after, some("192.0.2.10:53"));
        lab.same("of an empty file", found(""), None);
        lab.same(
            "of a file without servers",
            found("search example.test\n"),
            None,
        );

        lab.why(
            "0.0.0.0 and :: mean this machine, and its replies come from 127.0.0.1 and ::1. A judge that compares the sender with 0.0.0.0 would wait for ever.",
        );
        lab.same(
            "0.0.0.0",
            found("nameserver 0.0.0.0\n"),
            some("127.0.0.1:53"),
        );
        lab.same("::", found("nameserver ::\n"), some("[::1]:53"));
        lab.same("::1", found("nameserver ::1\n"), some("[::1]:53"));
    });
}

#[test]
fn s10_exit_codes_tell_outcomes_apart() {
    netlab::lab(|lab| {
        lab.why(
            "A script reads the exit code, not the sentence. Each outcome has the number that \
                 --help promises.",
        );
        let address = [192, 0, 2, 1].into();
        let mut outcomes = vec![
            (Ok(Answer::Addresses(vec![address])), 0),
            (Err(LookupError::CnameChain), 1),
            (Ok(Answer::NoSuchName), 3),
            (Ok(Answer::NoData), 4),
            (Err(LookupError::TimedOut), 5),
            (Err(LookupError::Referral), 6),
        ];
        // Which error of the system's it is makes no difference, not even its own TimedOut.
        let kinds = [
            ErrorKind::ConnectionRefused,
            ErrorKind::ConnectionReset,
            ErrorKind::UnexpectedEof,
            ErrorKind::TimedOut,
            ErrorKind::WouldBlock,
            ErrorKind::Interrupted,
            ErrorKind::InvalidInput,
            ErrorKind::PermissionDenied,
            ErrorKind::BrokenPipe,
            ErrorKind::NotFound,
        ];
        outcomes.extend(kinds.map(|kind| (Err(LookupError::Io(kind.into())), 1)));
        let reasons = [
            Why::WrongSource,
            Why::WrongId,
            Why::Malformed,
            Why::NotAReply,
            Why::WrongQuestion,
        ];
        outcomes.extend(reasons.map(|why| (Err(LookupError::BadReply(why)), 1)));
        let mistakes = [
            NameError::EmptyLabel,
            NameError::LabelTooLong,
            NameError::NameTooLong,
            NameError::NotAscii,
        ];
        outcomes.extend(mistakes.map(|mistake| (Err(LookupError::BadName(mistake)), 2)));
        outcomes.extend((0..16).map(|rcode| (Err(LookupError::Rcode(rcode)), 6)));
        for (outcome, want) in outcomes {
            let call = format!("exit_code({outcome:?})");
            lab.same(&call, lab.you(&call, || exit_code(&outcome)), want);
        }
    });
}

#[test]
fn s10_help_goes_to_stdout() {
    netlab::lab(|lab| {
        lab.why(
            "A user who asks for help gets it, on standard output and with exit code 0, whatever the other words are.",
        );
        for args in [
            &["--help"][..],
            &[HOST, "--help"],
            &["--help", HOST],
            &["--nonsense", "--help", "--attempts"],
            &["a..b", "--help"],
            &[HOST, "--timeout", "--help"],
        ] {
            let (code, out, err) = ran(lab, args);
            lab.holds(
                out == USAGE,
                "USAGE on standard output, and nothing else",
                beside_usage(&out),
            );
            lab.same("standard error", err, String::new());
            lab.same("exit code", code, 0);
        }
    });
}

#[test]
fn s10_mistakes_are_explained() {
    netlab::lab(|lab| {
        lab.why(
            "A command line that is not understood: a sentence on standard error that names \
                 the mistake, nothing on standard output, exit code 2, and nothing sent.",
        );
        let mistakes: [(&[&str], &str); 18] = [
            (&[], "name"),
            (&["a.test", "b.test"], "one name"),
            (&[HOST, "@localhost"], "@localhost"),
            (&[HOST, "@127.0.0.1:99999"], "@127.0.0.1:99999"),
            (&[HOST, "--port"], "--port"),
            (&[HOST, "-h"], "-h"),
            (&[HOST, "-help"], "-help"),
            (&[HOST, "--help=1"], "--help=1"),
            (&[HOST, "--HELP"], "--HELP"),
            (&[HOST, "--timeout"], "--timeout"),
            (&[HOST, "--timeout", "0"], "--timeout 0"),
            (&[HOST, "--timeout", "-1"], "--timeout -1"),
            (&[HOST, "--timeout", "1e9"], "--timeout 1e9"),
            (&[HOST, "--attempts", "0"], "--attempts 0"),
            (&[HOST, "--attempts", "many"], "--attempts many"),
            (&["a..b", "@127.0.0.1:9"], "a..b"),
            (&["a..", "@127.0.0.1:9"], "a.."),
            (&["bücher.example", "@127.0.0.1:9"], "bücher.example"),
        ];
        for (args, word) in mistakes {
            let (code, out, err) = ran(lab, args);
            lab.same(&format!("exit code of {args:?}"), code, 2);
            lab.same("standard output", out, String::new());
            lab.holds(
                err.contains(word) && err.ends_with('\n'),
                format!("a line on standard error that says {word:?}"),
                format!("{err:?}"),
            );
            let words: Vec<String> = args.iter().map(|&word| word.to_owned()).collect();
            if let Err(sentence) = Request::parse(&words) {
                lab.because("Request::parse says what is wrong; run hands the whole sentence on.")
                    .holds(
                        err.contains(&sentence),
                        format!("this sentence in err: {sentence:?}"),
                        format!("{err:?}"),
                    );
            }
        }

        lab.why(
            "Nothing was sent, because a..b is not a name. A line that names a server would blame a server that was not asked.",
        );
        let (_, _, err) = ran(lab, &["a..b", "@127.0.0.1:9"]);
        lab.holds(
            !err.contains("127.0.0.1") && !err.contains("asked"),
            "an error that speaks of the name only",
            err,
        );
    });
}

#[test]
fn s10_addresses_one_a_line() {
    netlab::lab(|lab| {
        lab.why(
            "One address a line and nothing else on standard output, so that the next program \
                 can read it.",
        );
        let end = program(lab, &[], |query| {
            Some(query.reply().answers(match query.qtype {
                wire::A => vec![a(HOST, "192.0.2.2"), a(HOST, GOOD), a(HOST, GOOD)],
                _ => vec![aaaa(HOST, GOOD6)],
            }))
        });
        let reason = "lookup_ip has said which addresses there are and in which order: all of them, IPv4 \
                      first, one a line.";
        lab.because(reason).same(
            "standard output",
            end.stdout,
            format!("192.0.2.2\n{GOOD}\n{GOOD}\n{GOOD6}\n"),
        );
        lab.same("standard error", end.stderr, String::new());
        lab.same("exit code", end.code, Some(0));
    });
}

#[test]
fn s10_run_writes_where_it_is_told() {
    netlab::lab(|lab| {
        lab.why(
            "run has two writers: `out` and `err`. The program hands it its standard output and \
             error, a test two vectors. Output of println! goes to neither.",
        );
        let (_answering, at) = all_outcomes(lab);
        let (code, out, err) = ran(lab, &[HOST, &at]);
        let want = format!("{GOOD}\n192.0.2.2\n");
        if !out.is_empty() && out.len() < want.len() && want.starts_with(&out) {
            lab.why(
                "`out` takes a byte at a time, as write may do: its result says how many it took. write! \
                 and write_all give it the rest.",
            );
        }
        lab.same("out", out, want);
        lab.same("err", err, String::new());
        lab.same("exit code", code, 0);

        lab.why(
            "The name that is asked about, and told in the end, is the one that was typed, letter by letter \
             and with its dot: that is what a user looks for.",
        );
        let refused = LookupError::Rcode(5).to_string();
        let bad = LookupError::BadName(NameError::EmptyLabel).to_string();
        for (name, reason, want) in [
            ("Gone.TEST", "no such name", 3),
            ("Gone.TEST.", "no such name", 3),
            ("Empty.TEST", "no address", 4),
            ("Empty.TEST.", "no address", 4),
            ("Closed.Test", &refused, 6),
            ("Closed.Test.", &refused, 6),
            ("A..B.", &bad, 2),
        ] {
            let (code, out, err) = ran(lab, &[name, &at]);
            lab.same("out", out, String::new());
            lab.same("exit code", code, want);
            lab.holds(
                err.contains(name),
                format!("a sentence in err that names {name}"),
                format!("{err:?}"),
            );
            lab.because("A user wants to know why there is no address.")
                .holds(
                    err.contains(reason),
                    format!("a sentence in err that says {reason:?}"),
                    format!("{err:?}"),
                );
            let other = ["no such name", "no address"]
                .into_iter()
                .find(|other| *other != reason && err.contains(other));
            lab.because("A name without an address exists. One sentence for both tells neither.")
                .holds(
                    other.is_none(),
                    format!("no other reason than {reason:?}"),
                    format!("{err:?}"),
                );
        }
    });
}

#[test]
fn s10_who_is_asked_without_a_server() {
    netlab::lab(|lab| {
        let asks_for = |file: &Path| ran_with(lab, &[HOST, "--timeout", "0.01"], file);
        let told = |what: &str, file: &Path| {
            let (code, out, err) = asks_for(file);
            let name = file.display().to_string();
            lab.holds(
                err.contains(&name),
                format!("{what}: a line in err that names {name}"),
                format!("{err:?}"),
            );
            lab.same("out", out, String::new());
            lab.because("There is no server to ask: 1. The words on the command line were right.")
                .same("exit code", code, 1);
        };
        lab.why(
            "No server was named and none can be found, so there is none to ask. The user must be told which file was read. Without this it looks as if the name had no address.",
        );
        told("no such file", Path::new("/nonexistent/resolv.conf"));
        let empty = ResolvConf::new(lab, "empty", b"");
        told("an empty file", &empty.0);
        let text = b"search example.test\nnameserver dns.test\n";
        let without = ResolvConf::new(lab, "without", text);
        told("a file without an address", &without.0);

        if cfg!(target_os = "linux") {
            // Nothing is sent there: the system lets nobody send to a broadcast address just so.
            let text = &b"# der Rechner im B\xfcro\nnameserver 127.255.255.255 # \xff\n"[..];
            let long = [&b"# a comment of 80 kB\n"[..], &b"#\n".repeat(40_000), text].concat();
            let any_bytes = "The file may hold any bytes: people write comments in the encoding of their time. \
                             Bytes that are not UTF-8 are ignored, and the line with the server counts.";
            let at_its_end = "A file may be long; the line with the server may stand at its end.";
            for (name, text, why) in [("latin-1", text, any_bytes), ("long", &long, at_its_end)] {
                let file = ResolvConf::new(lab, name, text);
                let (code, out, err) = asks_for(&file.0);
                let path = file.0.display().to_string();
                lab.because(why).holds(
                    !err.contains(&path),
                    format!("the server that {path} names to be asked"),
                    format!("{err:?}"),
                );
                lab.because(
                    "The line about an error names the server that was asked, address and port.",
                )
                .holds(
                    err.contains(HOST) && err.contains("127.255.255.255:53"),
                    "a line in err with the name and the server, 127.255.255.255:53",
                    format!("{err:?}"),
                );
                lab.why("Nothing was found out, so nothing goes to out; the system refuses to send there: 1.");
                lab.same("out", out, String::new());
                lab.same("exit code", code, 1);
            }

            lab.why("A server on the command line is the one to ask, whatever the file says.");
            let (_answering, at) = all_outcomes(lab);
            let file = ResolvConf::new(lab, "outweighed", text);
            let (code, out, _) = ran_with(lab, &[HOST, &at], &file.0);
            lab.same("out", out, format!("{GOOD}\n192.0.2.2\n"));
            lab.same("exit code", code, 0);

            lab.why("Each run reads the file that it is given, not the result of an earlier run.");
            told("an empty file, after one with a server", &empty.0);
        }
    });
}

#[test]
fn s10_what_cannot_be_written_is_an_error() {
    netlab::lab(|lab| {
        let (_answering, at) = all_outcomes(lab);
        lab.reads(wire::in_words);
        let fails = |which: &str, args: &[&str], room: usize, kind: ErrorKind| {
            let args: Vec<String> = args.iter().map(|&word| word.to_owned()).collect();
            let (mut broken, mut whole) = (Failing { room, kind }, Vec::new());
            let call = format!("run({args:?}, …), {which} fails after {room} bytes");
            let none = Path::new("/nonexistent/resolv.conf");
            let error = lab.err(&call, || match which {
                "out" => run(&args, none, &mut broken, &mut whole),
                _ => run(&args, none, &mut whole, &mut broken),
            });
            lab.same(
                &format!("kind of the error of run({args:?}, …)"),
                error.kind(),
                kind,
            );
        };
        lab.why(
            "A disk may be full, and the reader of a pipe may have gone. The addresses or the help did not reach the user, so this is not a success. run returns the error of write.",
        );
        fails("out", &["--help"], 0, ErrorKind::BrokenPipe);
        fails("out", &["--help"], 100, ErrorKind::StorageFull);
        fails("out", &[HOST, &at], 0, ErrorKind::BrokenPipe);
        fails("out", &[HOST, &at], GOOD.len() + 1, ErrorKind::StorageFull);
        lab.why(
            "Every line on `err` can fail, whatever it is about: then it is the only thing that a user can read. run returns the error of write.",
        );
        for (room, kind) in [(0, ErrorKind::BrokenPipe), (4, ErrorKind::StorageFull)] {
            fails("err", &["--nonsense"], room, kind);
            fails("err", &["Gone.TEST", &at], room, kind);
            fails("err", &["Empty.TEST", &at], room, kind);
            fails("err", &["closed.test", &at], room, kind);
            fails("err", &["a..b", &at], room, kind);
            fails("err", &[HOST], room, kind);
        }
    });
}

#[test]
fn s10_a_closed_pipe_is_no_failure() {
    netlab::lab(|lab| {
        let (nobody_reads, out) = io::pipe().expect("a pipe");
        drop(nobody_reads);
        let output = Command::new(PROGRAM)
            .arg("--help")
            .stdout(out)
            .output()
            .expect("the program starts");
        lab.ran("--help | (nobody reads)", &output);
        lab.why(
            "`| head -1` reads what it wants and goes. That is the reader's choice and not a failure: main.rs makes it exit code 0 if run returns the error of write unchanged.",
        );
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        lab.same("standard error", said, String::new());
        lab.same("exit code", output.status.code(), Some(0));
    });
}

#[test]
fn s10_failures_are_told_apart() {
    /// So begins the address of every server here.
    const SERVER: &str = "127.0.0.1:";
    netlab::lab(|lab| {
        let failed = |what: &str, end: netlab::End, code: i32, words: &[&str]| {
            ends_with(lab, &format!("exit code of {what}"), &end, code);
            lab.same("standard output", end.stdout, String::new());
            lab.holds(
                words.iter().all(|word| end.stderr.contains(word)),
                format!("standard error with {words:?}"),
                end.stderr.as_str(),
            );
            let reason = "A line is what a log keeps together: name, reason and server in one.";
            lab.because(reason).holds(
                end.stderr.lines().count() == 1,
                "one line on standard error",
                format!("{:?}", end.stderr),
            );
        };
        lab.why(
            "Why there is no address is the most important thing the program has to say. It \
                 goes to standard error, with the name, and each reason has its own exit code.",
        );
        let end = program(lab, &[], |query| Some(query.reply().rcode(wire::NXDOMAIN)));
        failed("NXDOMAIN", end, 3, &[HOST, "no such name"]);
        let end = program(lab, &[], |query| Some(query.reply()));
        failed("no data", end, 4, &[HOST, "no address"]);
        let end = program(lab, &["--timeout", "0.001", "--attempts", "2"], |_| None);
        failed("silence", end, 5, &[HOST, "no answer in time", SERVER]);
        for (rcode, word) in [
            (1, "FORMERR"),
            (2, "SERVFAIL"),
            (4, "NOTIMP"),
            (5, "REFUSED"),
            (9, "RCODE 9"),
        ] {
            let end = program(lab, &["--attempts", "1"], move |query| {
                Some(query.reply().rcode(rcode))
            });
            failed(word, end, 6, &[HOST, word, SERVER]);
        }
        let end = program(lab, &[], |query| {
            Some(query.reply().answers([wire::cname(HOST, HOST)]))
        });
        failed("a circle of names", end, 1, &[HOST, "circle", SERVER]);
        let end = program(lab, &[], |query| {
            let mut reply = query.reply();
            reply.records[1].push(wire::ns("test", "ns.test"));
            Some(reply)
        });
        failed("a referral", end, 6, &[HOST, "referral", SERVER]);
    });
}

#[test]
fn s10_each_run_has_ids_of_its_own() {
    netlab::lab(|lab| {
        lab.why(
            "A generator that begins with the same number in every process gives every run the same ids, \
             and a forger needs to run it once. The system's randomness goes on from process to process \
             (RFC 5452 §9.2).",
        );
        let ids = || {
            let ids = Arc::new(Mutex::new(Vec::new()));
            let seen = ids.clone();
            let end = program(lab, &[], move |query| {
                seen.lock()
                    .expect("unpoisoned")
                    .push((query.qtype, query.id));
                Some(
                    query
                        .reply()
                        .answers((query.qtype == wire::A).then(|| a(HOST, GOOD))),
                )
            });
            ends_with(lab, "exit code", &end, 0);
            let mut ids = ids.lock().expect("unpoisoned").clone();
            ids.sort();
            ids
        };
        let (first, second) = (ids(), ids());
        // Chance makes two runs alike once in 2^32.
        lab.holds(
            first != second,
            "other ids in the second run than in the first",
            format!("types and ids of both: {first:?}"),
        );
    });
}

#[test]
fn s10_a_program_may_be_stopped_and_continued() {
    netlab::lab(|lab| {
        lab.why(
            "Ctrl-Z stops a program, and fg continues it. On Linux its wait then ends with the error Interrupted, which is neither a time-out nor a failure. The try goes on, and its reply is taken: over UDP \
             (step 6) and over TCP (step 8).",
        );
        lab.reads(wire::in_words);
        let (udp, tcp) = lab.udp_and_tcp("server");
        let started = Arc::new(OnceLock::new());
        let (again, id) = (lab.clone(), started.clone());
        let about_a = Arc::new(AtomicU32::new(0));
        let seen = about_a.clone();
        let _answering = udp.answers(move |datagram| {
            let query = asked(&again, datagram);
            let reply = match query.qtype {
                wire::A => {
                    if seen.fetch_add(1, Ordering::SeqCst) == 0 {
                        is_stopped_and_continued(&again, *id.wait());
                    }
                    query.reply().cut_off()
                }
                _ => query.reply(),
            };
            Some(("reply".into(), reply.bytes()))
        });
        let (again, id) = (lab.clone(), started.clone());
        let served = lab.meanwhile("the server over TCP", move || {
            let peer = tcp.accepts();
            let query = query_from(&again, &peer);
            is_stopped_and_continued(&again, *id.wait());
            let reply = query.reply().answers([a(HOST, GOOD)]).bytes();
            let length = u16::try_from(reply.len()).expect("a short reply");
            peer.sends(&[&length.to_be_bytes()[..], &reply].concat());
        });
        let at = format!("@{}", udp.addr());
        let program = lab.program(PROGRAM, &[HOST, &at, "--timeout", "60"]);
        let _ = started.set(program.id());
        let end = program.exits();
        lab.same("standard error", end.stderr, String::new());
        lab.same("standard output", end.stdout, format!("{GOOD}\n"));
        served.returns();
        lab.because("The try goes on: wait, and do not ask again.")
            .same("queries about A", about_a.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn s10_a_signal_does_not_move_the_deadline() {
    netlab::lab(|lab| {
        lab.why(
            "A signal ends the wait (Interrupted), not the try; and the try's deadline stays where it was. \
             A program that waits the whole time after each signal never gives up, as long as signals come.",
        );
        let server = lab.udp("server");
        let at = format!("@{}", server.addr());
        let args = [HOST, &at, "--timeout", "0.1", "--attempts", "1"];
        let program = lab.program(PROGRAM, &args);
        let watched = lab.meanwhile("the user who stops the program and continues it", {
            let (lab, server, id) = (lab.clone(), server.clone(), program.id());
            move || outlives_its_time(&lab, &server, id, Duration::from_millis(100))
        });
        let end = program.exits();
        lab.holds(
            !watched.returns(),
            "the query of the next question, when the time of the first one's try was up",
            "none: it waited on, three times as long",
        );
        ends_with(lab, "exit code", &end, 5);
    });
}

/// Sends a program one signal after the other while it waits for a reply. Whether it still waits for the
/// same one when three times its time is over. It gets no reply about A, and one about AAAA. Linux.
fn outlives_its_time(lab: &Lab, server: &UdpPeer, id: u32, timeout: Duration) -> bool {
    let socket = server.socket();
    socket.set_nonblocking(true).expect("non-blocking mode");
    let has_asked = || socket.peek_from(&mut [0; 512]).is_ok();
    let is_gone = || matches!(state_of(id), None | Some('Z'));
    let sleeps_or_is_gone = || {
        let state = || (state_of(id), is_gone());
        lab.until("the program to wait", state, |(state, is_gone)| {
            *state == Some('S') || *is_gone
        });
    };
    lab.until("the program to ask", || has_asked() || is_gone(), |is| *is);
    let _ = socket.recv_from(&mut [0; 512]);
    // In its sleep the deadline is set.
    sleeps_or_is_gone();
    let begun = Instant::now();
    while !is_gone() {
        let is_over = begun.elapsed() > 3 * timeout;
        if gets(id, "-STOP") {
            let stopped = || state_of(id) == Some('T') || is_gone();
            lab.until("the program to stop", stopped, |is| *is);
            gets(id, "-CONT");
        }
        sleeps_or_is_gone();
        let mut query = [0; 512];
        if let Ok((n, from)) = socket.recv_from(&mut query) {
            let reply = Asked::read(&query[..n]).map(|next| next.reply().bytes());
            let _ = socket.send_to(&reply.unwrap_or_default(), from);
            return false;
        }
        if is_over {
            return !is_gone();
        }
    }
    false
}

#[test]
fn s10_no_descriptor_left_is_told() {
    netlab::lab(|lab| {
        lab.why(
            "The program may open nothing more, so the next try gets no socket (EMFILE). That is an error of \
             this system, not silence: exit code 1 and a line that says so. A new try does not help.",
        );
        let server = lab.udp("server");
        let at = format!("@{}", server.addr());
        let started = Arc::new(OnceLock::new());
        let (again, id) = (lab.clone(), started.clone());
        let is_limited = Arc::new(Mutex::new(false));
        let limited = is_limited.clone();
        let _answering = server.answers(move |datagram| {
            // Held until prlimit is done: by then the program may have ended.
            let mut limited = limited.lock().expect("unpoisoned");
            if !*limited {
                let limits = Command::new("prlimit")
                    .args(["--nofile=3:3", "--pid", &u32::to_string(id.wait())])
                    .output();
                *limited = limits.is_ok_and(|limits| limits.status.success());
            }
            let reply = || asked(&again, datagram).reply().bytes();
            (!*limited).then(|| ("reply".into(), reply()))
        });
        let args = [HOST, &at, "--timeout", "0.01", "--attempts", "100000"];
        let program = lab.program(PROGRAM, &args);
        let _ = started.set(program.id());
        let end = program.exits();
        let is_limited = *is_limited.lock().expect("unpoisoned");
        if !is_limited {
            lab.note("this machine has no prlimit(1): there is no address");
            return ends_with(lab, "exit code", &end, 4);
        }
        ends_with(lab, "exit code", &end, 1);
        lab.holds(
            end.stderr.contains(HOST) && end.stderr.contains("open files"),
            "a line on standard error with the name and \"Too many open files\"",
            format!("{:?}", end.stderr),
        );
    });
}

/// Does with a program that waits what Ctrl-Z and then fg do. Linux.
fn is_stopped_and_continued(lab: &Lab, id: u32) {
    if !cfg!(target_os = "linux") {
        return;
    }
    let state = || state_of(id);
    let is_sent = |signal: &str| {
        lab.note(format!("the program gets {signal}"));
        lab.holds(
            gets(id, signal),
            format!("{signal} to reach the program"),
            "an error of kill",
        );
    };
    lab.until("the program to wait", state, |state| *state == Some('S'));
    is_sent("-STOP");
    lab.until("the program to stop", state, |state| *state == Some('T'));
    is_sent("-CONT");
}

/// What the main thread of a process does: `S` sleep, `T` it is stopped, `Z` it has ended. Linux.
fn state_of(id: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// Sends a process a signal. Whether it was there.
fn gets(id: u32, signal: &str) -> bool {
    let kill = Command::new("kill")
        .args([signal, &id.to_string()])
        .stderr(Stdio::null())
        .status();
    kill.is_ok_and(|status| status.success())
}

#[test]
fn s10_patience_is_passed_on() {
    netlab::lab(|lab| {
        lab.why("--timeout and --attempts are there to be obeyed: three tries are three queries.");
        let server = lab.udp("server");
        let at = format!("@{}", server.addr());
        let args = [HOST, &at, "--attempts", "3", "--timeout", "0.001"];
        let program = lab.program(PROGRAM, &args);
        // A program that has panicked sends nothing; its todo! says more than the missing datagram.
        let end = program.exits();
        ends_with(lab, "exit code", &end, 5);
        // Whatever it sent is waiting here by now: loopback delivers at once. Asking for A and AAAA
        // one after the other or at once is the program's choice; the tries of each are not.
        let mut tries = BTreeMap::new();
        let socket = server.socket();
        socket.set_nonblocking(true).expect("non-blocking mode");
        let mut buffer = [0; 512];
        while let Ok((n, _)) = socket.recv_from(&mut buffer) {
            let kind = wire::type_name(asked_in(lab, &buffer[..n]).qtype);
            *tries.entry(kind).or_insert(0) += 1;
        }
        lab.holds(
            !tries.is_empty() && tries.values().all(|&tries| tries == 3),
            "3 queries for each type that was asked for",
            format!("queries: {tries:?}"),
        );
    });
}
