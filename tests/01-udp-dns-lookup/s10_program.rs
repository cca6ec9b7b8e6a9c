use std::collections::BTreeMap;

use netlab::{Lab, UdpPeer};
use udp_dns_lookup::{Answer, LookupError, NameError, USAGE, Why, exit_code, nameserver_in, run};

use super::scene::{GOOD, GOOD6, HOST, asked, asked_in};
use super::wire::{self, Asked, Message, a, aaaa};

const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

/// Exit code, standard output and standard error of the student's `run`.
fn ran(lab: &Lab, args: &[&str]) -> (u8, String, String) {
    let args: Vec<String> = args.iter().map(|&word| word.to_owned()).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = lab.ok(&format!("run({args:?}, out, err)"), || {
        run(&args, &mut out, &mut err)
    });
    let text = |bytes| String::from_utf8(bytes).expect("the program writes text");
    (code, text(out), text(err))
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

/// Runs the student's program against a server that answers by `answer`.
fn program(
    lab: &Lab,
    more: &[&str],
    answer: impl Fn(&Asked) -> Option<Message> + Send + 'static,
) -> netlab::End {
    let server: UdpPeer = lab.udp("server");
    let at = format!("@{}", server.addr());
    let again = lab.clone();
    let _answering = server.answers(move |datagram| {
        let query = asked(&again, datagram);
        answer(&query).map(|reply| (format!("reply to {}", query.in_words()), reply.bytes()))
    });
    lab.program(PROGRAM, &[&[HOST, at.as_str()], more].concat())
        .exits()
}

#[test]
fn s10_nameserver_of_resolv_conf() {
    netlab::lab(|lab| {
        let found = |text: &str| {
            let found = lab.you("nameserver_in(text)", || nameserver_in(text));
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
            found("nameserver 2001:db8::53\n"),
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

        lab.why("What cannot be read is passed over, and a file need not name any server.");
        let text =
            "nameserver\nnameserver fe80::1%eth0\nnameservers 192.0.2.6\nnameserver 192.0.2.7\n";
        lab.same(
            "behind what cannot be read",
            found(text),
            some("192.0.2.7:53"),
        );
        lab.same("of an empty file", found(""), None);
        lab.same(
            "of a file without servers",
            found("search example.test\n"),
            None,
        );
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
        let outcomes = [
            (Ok(Answer::Addresses(vec![address])), 0),
            (
                Err(LookupError::Io(
                    std::io::ErrorKind::ConnectionRefused.into(),
                )),
                1,
            ),
            (Err(LookupError::BadReply(Why::WrongId)), 1),
            (Err(LookupError::CnameChain), 1),
            (Err(LookupError::BadName(NameError::EmptyLabel)), 2),
            (Ok(Answer::NoSuchName), 3),
            (Ok(Answer::NoData), 4),
            (Err(LookupError::TimedOut), 5),
            (Err(LookupError::Rcode(2)), 6),
            (Err(LookupError::Rcode(5)), 6),
        ];
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
            "Who asks for help gets it, on standard output and with exit code 0, whatever \
                 else stands there.",
        );
        for args in [
            &["--help"][..],
            &[HOST, "--help"],
            &["--nonsense", "--help"],
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
        let mistakes: [(&[&str], &str); 12] = [
            (&[], "name"),
            (&["a.test", "b.test"], "one name"),
            (&[HOST, "@localhost"], "@localhost"),
            (&[HOST, "@127.0.0.1:99999"], "@127.0.0.1:99999"),
            (&[HOST, "--port"], "--port"),
            (&[HOST, "--timeout"], "--timeout"),
            (&[HOST, "--timeout", "0"], "--timeout 0"),
            (&[HOST, "--timeout", "-1"], "--timeout -1"),
            (&[HOST, "--timeout", "1e9"], "--timeout 1e9"),
            (&[HOST, "--attempts", "0"], "--attempts 0"),
            (&[HOST, "--attempts", "many"], "--attempts many"),
            (&["a..b", "@127.0.0.1:9"], "a..b"),
        ];
        for (args, word) in mistakes {
            let (code, out, err) = ran(lab, args);
            lab.same("exit code", code, 2);
            lab.same("standard output", out, String::new());
            lab.holds(
                err.contains(word),
                format!("an error that says {word:?}"),
                err,
            );
        }
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
                wire::A => vec![a(HOST, GOOD), a(HOST, "192.0.2.2")],
                _ => vec![aaaa(HOST, GOOD6)],
            }))
        });
        lab.same(
            "standard output",
            end.stdout,
            format!("{GOOD}\n192.0.2.2\n{GOOD6}\n"),
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
             error, a test two vectors. What goes to println! instead misses both.",
        );
        let server: UdpPeer = lab.udp("server");
        let again = lab.clone();
        let _answering = server.answers(move |datagram| {
            let query = asked(&again, datagram);
            let reply = match (query.name.as_str(), query.qtype) {
                (HOST, wire::A) => query.reply().answers([a(HOST, GOOD)]),
                (HOST, _) => query.reply(),
                _ => query.reply().rcode(wire::NXDOMAIN),
            };
            Some((format!("reply to {}", query.in_words()), reply.bytes()))
        });
        let at = format!("@{}", server.addr());
        let (code, out, err) = ran(lab, &[HOST, &at]);
        lab.same("out", out, format!("{GOOD}\n"));
        lab.same("err", err, String::new());
        lab.same("exit code", code, 0);

        let (code, out, err) = ran(lab, &["gone.test", &at]);
        lab.same("out", out, String::new());
        lab.holds(
            err.contains("gone.test"),
            "a sentence in err that names gone.test",
            format!("{err:?}"),
        );
        lab.same("exit code", code, 3);
    });
}

#[test]
fn s10_failures_are_told_apart() {
    netlab::lab(|lab| {
        let failed = |what: &str, end: netlab::End, code: i32, words: &[&str]| {
            lab.same(&format!("exit code of {what}"), end.code, Some(code));
            lab.same("standard output", end.stdout, String::new());
            lab.holds(
                words.iter().all(|word| end.stderr.contains(word)),
                format!("standard error with {words:?}"),
                end.stderr,
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
        let end = program(lab, &["--timeout", "0.03", "--attempts", "2"], |_| None);
        failed("silence", end, 5, &[HOST, "no answer in time"]);
        for (rcode, word) in [
            (1, "FORMERR"),
            (2, "SERVFAIL"),
            (4, "NOTIMP"),
            (5, "REFUSED"),
            (9, "RCODE 9"),
        ] {
            let end = program(lab, &[], move |query| Some(query.reply().rcode(rcode)));
            failed(word, end, 6, &[HOST, word]);
        }
        let end = program(lab, &[], |query| {
            Some(query.reply().answers([wire::cname(HOST, HOST)]))
        });
        failed("a circle of names", end, 1, &[HOST, "does not end"]);
    });
}

#[test]
fn s10_patience_is_passed_on() {
    netlab::lab(|lab| {
        lab.why("--timeout and --attempts are there to be obeyed: three tries are three queries.");
        let server = lab.udp("server");
        let at = format!("@{}", server.addr());
        let args = [HOST, &at, "--attempts", "3", "--timeout", "0.03"];
        let program = lab.program(PROGRAM, &args);
        // A program that has panicked sends nothing; its todo! says more than the missing datagram.
        let end = program.exits();
        lab.same("exit code", end.code, Some(5));
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
