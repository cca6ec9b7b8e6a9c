//! What a failure says.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;

use netlab::io::{Interrupting, OneByte, Play, Tape};
use netlab::{Lab, trial};

fn report_of(body: impl FnOnce(&Lab) + Send + 'static) -> String {
    report_with(0.2, body)
}

fn report_with(patience: f64, body: impl FnOnce(&Lab) + Send + 'static) -> String {
    let report = trial(patience, body).expect_err("the trial must fail");
    for line in report.lines() {
        assert!(
            line.chars().count() <= 80,
            "wider than 80 columns: {line}\nin\n{report}"
        );
        assert_eq!(line, line.trim_end(), "trailing blanks in\n{report}");
    }
    report
}

fn has(report: &str, lines: &[&str]) {
    for line in lines {
        assert!(report.contains(line), "no {line:?} in\n{report}");
    }
}

#[test]
fn of_scenes_that_went_well_the_number_is_told() {
    let report = report_of(|lab| {
        for n in 1..=3 {
            lab.scene(format!("a machine with {n} sockets"));
            let got = lab.you(&format!("count({n} sockets)"), || n);
            lab.same("how many", got, n.min(2));
        }
    });
    has(
        &report,
        &[
            "  1  2 scenes went as expected; this is the next one",
            "  2  a machine with 3 sockets",
            "  3  your count(3 sockets)",
            "expected  how many: 2",
        ],
    );
    assert!(!report.contains("count(2 sockets)"), "{report}");
}

#[test]
fn a_test_that_is_skipped_ends_there_and_does_not_fail() {
    let skipped = trial(0.2, |lab| {
        if TcpListener::bind("127.0.0.1:0").is_ok() {
            lab.skip("this machine has 127.0.0.1");
        }
        lab.fails("nothing", "this");
    });
    assert_eq!(skipped, Ok(()));
}

#[cfg(unix)]
#[test]
fn after_the_students_code_was_called_no_test_is_skipped() {
    let called = report_of(|lab| {
        lab.you("count()", || 1);
        lab.skip("this machine has no ::1");
    });
    let started = report_of(|lab| {
        drop(lab.program("/bin/sh", &["-c", "true"]));
        lab.skip("this machine has no ::1");
    });
    for report in [called, started] {
        has(&report, &["a test is skipped before it calls the"]);
    }
}

#[test]
fn a_todo_is_a_task_not_a_failure() {
    let report = report_of(|lab| {
        lab.you("be16([12 34], 0)", || {
            todo!("0.1 be16({:?}): read two bytes", [0x12, 0x34])
        });
    });
    has(
        &report,
        &[
            "  to do     0.1 be16([18, 52]): read two bytes",
            "  in        tests/netlab/tests/reports.rs:",
        ],
    );
    assert!(!report.contains("expected"), "{report}");
}

#[test]
fn a_todo_on_any_thread_is_found_at_once() {
    let report = report_of(|lab| {
        let server = lab.tcp_server("server");
        lab.student("ask(addr)", || -> () { todo!("2.5 ask(): connect") });
        server.accepts();
    });
    has(&report, &["  to do     2.5 ask(): connect"]);
    let report = report_of(|lab| {
        let server = lab.tcp_server("server");
        std::thread::spawn(|| todo!("2.5 a thread of the student's"));
        server.accepts();
    });
    has(&report, &["  to do     2.5 a thread of the student's"]);
}

#[test]
fn what_was_given_is_shown() {
    let report = report_of(|lab| {
        lab.given("services", "# name  port\nssh      22/tcp\n");
        lab.given("resolv.conf", "of an earlier try");
        lab.given("resolv.conf", &format!("nameserver {}", "1".repeat(90)));
        lab.same("the port of ssh", 23, 22);
    });
    has(
        &report,
        &[
            "  given     services:\n    # name  port\n    ssh      22/tcp\n            resolv.conf:\n",
            &format!("    nameserver {}…\n", "1".repeat(64)),
            "  expected  the port of ssh: 22\n",
        ],
    );
    assert!(!report.contains("earlier try"), "{report}");
    let report = report_of(|lab| {
        lab.given("services", "ssh 22/tcp");
        lab.scene("another list");
        lab.same("the port of ssh", 23, 22);
    });
    assert!(!report.contains("  given"), "{report}");
}

#[test]
fn a_panic_names_its_place() {
    let report = report_of(|lab| {
        lab.why("A stranger chose that length.");
        let packet: &[u8] = &[1];
        lab.you("be16([01], 0)", || {
            std::hint::black_box(packet)[std::hint::black_box(1)]
        });
    });
    has(
        &report,
        &[
            "  1  your be16([01], 0)\n",
            "expected  no panic",
            "got       index out of bounds: the len is 1 but the index is 1",
            "  in        tests/netlab/tests/reports.rs:",
            "why       There are fewer elements than the index says.",
            "about     A stranger chose that length.",
        ],
    );
}

#[test]
fn a_panic_of_a_thread_that_the_student_started_is_in_the_story() {
    let report = report_of(|lab| {
        let _ = lab.you("serve()", || std::thread::spawn(|| panic!("oh no")).join());
        lab.same("live workers", 0, 1);
    });
    has(
        &report,
        &[
            "a thread of yours panics: oh no",
            "expected  live workers: 1",
            "got       0",
        ],
    );
}

/// Does this when it goes.
struct AtTheEnd<F: FnMut()>(F);

impl<F: FnMut()> Drop for AtTheEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_check_in_a_drop_of_a_test_that_has_failed_does_not_end_the_process() {
    let report = report_of(|lab| {
        let shut = lab.gate("the close");
        let _conn = AtTheEnd(move || shut.waits());
        lab.same("connections", 2, 1);
    });
    has(&report, &["expected  connections: 1", "got       2"]);
}

#[test]
fn a_failure_that_the_student_catches_counts() {
    let report = report_of(|lab| {
        let inner = lab.clone();
        let caught =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| inner.same("x", 1, 2)));
        assert!(caught.is_err());
    });
    has(&report, &["expected  x: 2"]);
}

#[test]
fn bytes_are_compared_with_the_first_difference() {
    let report =
        report_of(|lab| lab.same_bytes("the bytes on the wire", &[0x34, 0x12], &[0x12, 0x34]));
    has(
        &report,
        &[
            "expected  the bytes on the wire:\n            12 34",
            "got       34 12\n",
            "byte 0 is 34, not 12",
        ],
    );
}

#[test]
fn an_unexpected_error_and_an_unexpected_success() {
    let report = report_of(|lab| {
        lab.why("The theme of the test.");
        lab.ok("listen_on(addr)", || {
            Err::<(), _>(std::io::Error::from(ErrorKind::AddrInUse))
        });
    });
    has(
        &report,
        &[
            "✗ your listen_on(addr) gives an error",
            "expected  your listen_on(addr) to succeed",
            "got       Err(Kind(AddrInUse))",
            "why       Another socket has this address and port",
            "about     The theme of the test.",
        ],
    );
    let report = report_of(|lab| {
        lab.err("parse(junk)", || Ok::<_, ()>(7));
    });
    has(
        &report,
        &[
            "expected  an error from your parse(junk)",
            "got       Ok(7)",
        ],
    );
}

#[test]
fn a_reset_is_told_from_an_end() {
    let resets = |about: &'static str| {
        report_of(move |lab| {
            lab.why(about);
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let addr = listener.local_addr().unwrap();
            let server = lab.student("serve_one(listener)", move || {
                let (mut stream, _) = listener.accept().unwrap();
                // Closing with unread input makes the kernel send RST.
                stream.read_exact(&mut [0; 10]).unwrap();
            });
            let peer = lab.connect(addr);
            peer.sends(&[b'x'; 5000]);
            server.returns();
            peer.expects_exactly(5000);
        })
    };
    has(
        &resets("Every client is served."),
        &[
            "├── connects ──",
            "├── 5000 bytes ─",
            "expected  peer reads 5000 bytes",
            "got       connection reset",
            "why       Your end has broken the connection off (RST)",
            "about     Every client is served.",
        ],
    );
    // Where the test is about resets, it explains them itself.
    has(
        &resets("Unread bytes cause an RST."),
        &["why       Unread bytes"],
    );
}

#[test]
fn a_peer_that_fails_tells_what_the_student_returned() {
    // Nothing here waits for a deadline, except for a call that the machine does not get to.
    let report = report_with(1.0, |lab| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        lab.student("serve_one(listener)", move || {
            listener.accept().unwrap();
            Err::<(), _>(ErrorKind::Unsupported)
        });
        lab.connect(addr).expects(b"hi");
    });
    has(
        &report,
        &[
            "got       end of file",
            "meanwhile your serve_one(listener) has returned Err(Unsupported)",
        ],
    );
}

#[test]
fn too_much_and_too_little() {
    let talker = |bytes: &'static [u8]| {
        move |lab: &Lab| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let addr = listener.local_addr().unwrap();
            lab.student("serve_one(listener)", move || {
                let (mut stream, _) = listener.accept().unwrap();
                stream.write_all(bytes).unwrap();
            });
            let peer = lab.connect(addr);
            peer.expects(b"hi");
            peer.expects_eof();
        }
    };
    has(
        &report_of(talker(b"h")),
        &["got       1 byte, then end of file"],
    );
    has(
        &report_of(talker(b"hi there")),
        &["got       one more byte at least: \" \""],
    );
    assert_eq!(trial(1.0, talker(b"hi")), Ok(()));
}

#[test]
fn calls_of_adapters_stand_in_the_story() {
    let report = report_of(|lab| {
        let mut writer = lab.watch("writer", OneByte(Vec::new()));
        lab.you("send_all(writer, 5 bytes)", || writer.write(b"hello"))
            .unwrap();
        lab.same_bytes("what the writer took", &writer.inner.0, b"hello");
    });
    has(&report, &["  2  writer takes 1 of 5 bytes", "\"h\""]);
}

#[test]
fn a_tape_ends_a_loop_that_does_not_understand_zero() {
    let report = report_of(|lab| {
        lab.why("0 is the end of the stream.");
        let mut tape = lab.watch("reader", Tape::new([Play::Bytes(b"hi".to_vec())]));
        lab.you("echo_stream(reader, writer)", || {
            while tape.read(&mut [0; 8]).is_ok() {}
        });
    });
    has(
        &report,
        &[
            "reader gives 0 bytes: end of file  × 1000",
            "expected  no more calls of read when it has said Ok(0): end of file",
            "got       1000 more calls",
            "why       0 is the end",
        ],
    );
}

#[test]
fn a_failed_check_stays_failed_when_it_is_caught() {
    let report = report_of(|lab| {
        lab.you("echo_stream(reader, writer)", || {
            let mut tape = Tape::new([]);
            let _ = std::panic::catch_unwind(move || while tape.read(&mut [0; 8]).is_ok() {});
        });
    });
    has(&report, &["got       1000 more calls"]);
}

#[test]
fn adapters_do_what_a_stream_may_do() {
    let mut one = OneByte(&b"ab"[..]);
    let mut buffer = [0; 8];
    assert_eq!(one.read(&mut buffer).unwrap(), 1);

    let mut signal = Interrupting::new(&b"ab"[..]);
    assert_eq!(
        signal.read(&mut buffer).unwrap_err().kind(),
        ErrorKind::Interrupted
    );
    assert_eq!(signal.read(&mut buffer).unwrap(), 2);

    let mut tape = Tape::new([
        Play::Bytes(b"abc".to_vec()),
        Play::Error(ErrorKind::ConnectionReset),
    ])
    .taking(2);
    assert_eq!(tape.read(&mut buffer[..2]).unwrap(), 2);
    assert_eq!(tape.read(&mut buffer).unwrap(), 1);
    assert_eq!(
        tape.read(&mut buffer).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!((tape.read(&mut buffer).unwrap(), tape.ends), (0, 1));
    assert_eq!(
        (tape.write(b"hello").unwrap(), tape.written.as_slice()),
        (2, &b"he"[..])
    );
}

#[test]
fn a_program_is_part_of_the_story() {
    if !cfg!(unix) {
        return eprintln!("skipped: needs a Unix shell");
    }
    let report = report_of(|lab| {
        let mut program = lab.program(
            "/bin/sh",
            &["-c", "echo ready; read x; echo got $x; exit 3"],
        );
        program.expects_line("\"ready\"", |line| line == "ready");
        program.types("hello\n");
        let end = program.exits();
        lab.same("output", end.stdout, "ready\ngot hello\n".to_owned());
        lab.same("exit code", end.code, Some(0));
    });
    has(
        &report,
        &[
            "sh prints \"ready\"",
            "sh ends with exit code 3",
            "expected  exit code: Some(0)",
        ],
    );

    let report = report_of(|lab| {
        // More than pipes hold, both ways.
        let input = "x".repeat(1 << 20);
        let output = lab.output("/bin/sh", &["-c", "cat; echo no >&2; exit 4"], &input);
        lab.same("standard output", output.stdout.len(), 1 << 20);
        lab.same("standard error", &*output.stderr, b"no\n");
        lab.same("exit code", output.status.code(), Some(0));
    });
    has(
        &report,
        &[
            "your program ran: sh -c cat",
            "expected  exit code: Some(0)",
        ],
    );

    let script = "echo 'thread panicked at src/s6.rs:1:2:' >&2; echo 'not yet implemented: 2.6 run' >&2; exit 101";
    let report = report_of(move |lab| {
        lab.program("/bin/sh", &["-c", script]).exits();
    });
    has(&report, &["  to do     2.6 run"]);

    // Any other panic is told in the story, and explained.
    let panics = "echo \"thread 'main' (7) panicked at chapters/02/src/s6.rs:9:2:\" >&2; \
                  echo 'attempt to subtract with overflow' >&2; exit 101";
    let report = report_of(move |lab| {
        lab.why("The theme of the test.");
        let end = lab.program("/bin/sh", &["-c", panics]).exits();
        lab.same("exit code", end.code, Some(0));
    });
    has(
        &report,
        &[
            "your program panics: attempt to subtract with overflow",
            "chapters/02/src/s6.rs:9",
            "got       Some(101)",
            "why       The result is below zero",
            "about     The theme of the test.",
        ],
    );

    // More than a pipe holds, for a program that reads nothing.
    let report = report_of(move |lab| {
        let mut program = lab.program("/bin/sh", &["-c", script]);
        program.types(&"x".repeat(1 << 20));
        lab.note("not reached");
    });
    has(&report, &["  to do     2.6 run"]);

    let report = report_of(|lab| {
        lab.program("/bin/sh", &["-c", "exec sleep 9"]).exits();
    });
    has(&report, &["to end", "after 400 ms it "]);
    let report = report_of(|lab| {
        lab.output("/bin/sh", &["-c", "exec sleep 9"], "");
    });
    has(&report, &["to end", "after 400 ms it "]);
}

/// A script that panics as a thread of a program would, and runs on.
fn panics_and_runs_on(message: &str) -> String {
    format!(
        "echo \"thread 'worker' (7) panicked at chapters/02/src/s6.rs:9:2:\" >&2; \
         echo '{message}' >&2; echo ready; read line"
    )
}

#[cfg(unix)]
#[test]
fn a_program_that_runs_on_tells_its_panics() {
    let report = report_of(|lab| {
        let script = panics_and_runs_on("not yet implemented: 2.6 run(): read");
        let _program = lab.program("/bin/sh", &["-c", &script]);
        lab.tcp_server("server").accepts();
    });
    has(
        &report,
        &["to do     2.6 run(): read", "in        chapters/02/src/s6"],
    );

    let told = [
        "your program panics: attempt to subtract with overflow",
        "chapters/02/src/s6.rs:9",
        "why       The result is below zero",
    ];
    let script = panics_and_runs_on("attempt to subtract with overflow");
    // In vain, and at once.
    let report = report_of({
        let script = script.clone();
        move |lab| {
            let mut program = lab.program("/bin/sh", &["-c", &script]);
            program.expects_line("\"bye\"", |line| line == "bye");
        }
    });
    has(&report, &told);
    has(&report, &["expected  `sh -c echo", "prints \"bye\""]);
    let report = report_of({
        let script = script.clone();
        move |lab| {
            let mut program = lab.program("/bin/sh", &["-c", &script]);
            let line = program.expects_line("a line", |_| true);
            lab.same("the line", &*line, "bye");
        }
    });
    has(&report, &told);
    has(&report, &["expected  the line: \"bye\""]);
    // A program whose whole output is wanted.
    let report = report_of(move |lab| {
        let script = format!("{script}; exec sleep 9");
        lab.output("/bin/sh", &["-c", &script], "");
    });
    has(&report, &told);
    has(&report, &["to end"]);
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which shows what a program waits for"
)]
fn a_program_that_runs_tells_what_it_does() {
    let report = report_of(|lab| {
        let mut ended = lab.program("/bin/sh", &["-c", "echo done"]);
        ended.expects_line("\"done\"", |line| line == "done");
        let mut waiting = lab.program("/bin/sh", &["-c", "echo ready; read line; echo $line"]);
        waiting.expects_line("\"ready\"", |line| line == "ready");
        waiting.types(&"x".repeat(1000));
        waiting.expects_line("the line", |line| line.len() == 1000);
    });
    has(
        &report,
        &[
            &format!("is given \"{}\"… (1000 bytes)", "x".repeat(40)),
            "got       only this in 400 ms:\n            ready\n            and it waits in read() for standard input",
        ],
    );
    assert!(!report.contains("`sh -c echo done`"), "{report}");
}

#[test]
fn situations_are_what_they_say() {
    let result = trial(1.0, |lab| {
        let refused = lab.refused();
        let error = std::net::TcpStream::connect(refused.addr()).unwrap_err();
        lab.same("kind", error.kind(), ErrorKind::ConnectionRefused);
        if cfg!(target_os = "linux") {
            let hole = lab.black_hole();
            let patience = std::time::Duration::from_millis(30);
            let error = std::net::TcpStream::connect_timeout(&hole.addr(), patience).unwrap_err();
            lab.same("kind", error.kind(), ErrorKind::TimedOut);
        }
    });
    assert_eq!(result, Ok(()));
}
