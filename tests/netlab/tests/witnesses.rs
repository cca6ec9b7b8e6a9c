//! What no assertion on bytes sees: whether a wait is a wait, and what a test leaves behind.

use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use netlab::{Lab, alone, lab, trial, trial_alone};

fn has(report: &str, lines: &[&str]) {
    let folded = report.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in lines {
        assert!(folded.contains(line), "no {line:?} in\n{report}");
    }
}

/// The report of a wait that is no wait; only Linux tells one from the other.
fn report_of(body: impl FnOnce(&Lab) + Send + 'static) -> Option<String> {
    if !cfg!(target_os = "linux") {
        eprintln!("skipped: needs Linux, which shows what a thread uses");
        return None;
    }
    Some(trial(0.2, body).expect_err("the trial must fail"))
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

#[test]
fn calls_that_block_are_asleep() {
    lab(|lab| {
        let listener = listener();
        let addr = listener.local_addr().unwrap();
        let server = lab.student("serve_one(listener)", move || drop(listener.accept()));
        server.sleeps("a client connects");
        lab.sleeps("a client connects");
        lab.connect(addr);
        server.returns();

        let (send, receive) = mpsc::channel::<()>();
        let worker = lab.student("worker(jobs)", move || receive.recv().is_ok());
        worker.sleeps("a job comes");
        drop(send);
        worker.returns();

        // A wait with a deadline of its own.
        let shared = Arc::new((Mutex::new(()), Condvar::new()));
        let waits = shared.clone();
        let taker = lab.student("take()", move || {
            let guard = waits.0.lock().unwrap();
            drop(waits.1.wait_timeout(guard, Duration::from_secs(60)));
        });
        taker.sleeps("a place is free");
        shared.1.notify_all();
        taker.returns();
    });
}

#[test]
fn a_thread_that_the_student_starts_is_asleep() {
    lab(|lab| {
        let (send, receive) = mpsc::channel::<()>();
        let worker = lab.you("WorkerPool::new(1)", || {
            thread::spawn(move || receive.recv().is_ok())
        });
        lab.sleeps("a job comes");
        drop(send);
        worker.join().unwrap();
    });
}

#[test]
fn a_loop_that_yields_is_told() {
    static END: AtomicBool = AtomicBool::new(false);
    let report = report_of(|lab| {
        let listener = listener();
        listener.set_nonblocking(true).unwrap();
        let server = lab.student("serve(listener)", move || {
            while !END.load(Ordering::Relaxed) && listener.accept().is_err() {
                thread::yield_now();
            }
        });
        server.sleeps("a client connects");
    });
    END.store(true, Ordering::Relaxed);
    if let Some(report) = report {
        has(
            &report,
            &[
                "expected your serve(listener) to sleep until a client connects",
                "got it keeps a processor busy",
                "why It asks again and again instead of waiting",
            ],
        );
    }
}

#[test]
fn a_loop_that_pauses_is_told() {
    let woke_up = "got it woke up";
    let naps = "got it sleeps for a fixed time";
    for (pause, told) in [(1, woke_up), (10, woke_up), (100, "got it"), (500, naps)] {
        let report = report_of(move |lab| {
            let listener = listener();
            listener.set_nonblocking(true).unwrap();
            let over = Instant::now() + Duration::from_secs(2);
            let server = lab.student("serve(listener)", move || {
                while Instant::now() < over && listener.accept().is_err() {
                    thread::sleep(Duration::from_millis(pause));
                }
            });
            server.sleeps("a client connects");
        });
        if let Some(report) = report {
            has(&report, &[told, "why It asks again and again"]);
        }
    }
}

#[test]
fn a_worker_that_polls_is_told() {
    let report = report_of(|lab| {
        let (_send, receive) = mpsc::channel::<()>();
        lab.you("WorkerPool::new(1)", || {
            thread::spawn(move || {
                while receive.recv_timeout(Duration::from_millis(20))
                    == Err(mpsc::RecvTimeoutError::Timeout)
                {}
            })
        });
        lab.sleeps("a job comes");
    });
    if let Some(report) = report {
        has(&report, &["expected your code to sleep until a job comes"]);
    }
}

#[test]
fn a_worker_that_looks_again_after_a_while_is_told() {
    lab(|lab| {
        let (send, receive) = mpsc::channel::<()>();
        let worker = lab.student("worker(jobs)", move || receive.recv().is_ok());
        worker.sleeps_until_woken("a job comes");
        lab.sleeps_until_woken("a job comes");
        drop(send);
        worker.returns();
    });
    let (send, receive) = mpsc::channel::<()>();
    let report = report_of(|lab| {
        let minute = Duration::from_secs(60);
        let worker = lab.student("worker(jobs)", move || receive.recv_timeout(minute).is_ok());
        worker.sleeps_until_woken("a job comes");
    });
    drop(send);
    if let Some(report) = report {
        has(&report, &["got it has set itself a time"]);
    }
}

#[test]
fn a_worker_with_a_name_of_its_own_is_seen_when_nobody_else_is_there() {
    if !cfg!(target_os = "linux") {
        return eprintln!("skipped: needs Linux, which shows what a thread uses");
    }
    let (send, receive) = mpsc::channel::<()>();
    let report = trial_alone(0.2, move |lab| {
        lab.you("WorkerPool::new(1)", || {
            let worker = thread::Builder::new().name("worker 1".into());
            let polls = move || {
                while receive.recv_timeout(Duration::from_millis(5))
                    == Err(mpsc::RecvTimeoutError::Timeout)
                {}
            };
            drop(worker.spawn(polls));
        });
        lab.sleeps("a job comes");
    });
    drop(send);
    has(
        &report.expect_err("it must fail"),
        &["expected your code to sleep until a job comes"],
    );
}

#[test]
fn to_look_with_a_pause_is_allowed_where_the_test_says_so() {
    static END: AtomicBool = AtomicBool::new(false);
    lab(|lab| {
        let patient = lab.student("accept_patiently(listener)", || {
            while !END.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(10));
            }
        });
        patient.pauses("a descriptor is free");
        lab.pauses("a descriptor is free");
        END.store(true, Ordering::Relaxed);
        patient.returns();
    });
    static STOP: AtomicBool = AtomicBool::new(false);
    let report = report_of(|lab| {
        let hasty = lab.student("accept_patiently(listener)", || {
            while !STOP.load(Ordering::Relaxed) {
                thread::yield_now();
            }
        });
        hasty.pauses("a descriptor is free");
    });
    STOP.store(true, Ordering::Relaxed);
    if let Some(report) = report {
        has(
            &report,
            &["to look now and then, until a descriptor is free"],
        );
    }
}

#[test]
#[cfg_attr(not(unix), ignore = "needs a Unix shell")]
fn programs_too() {
    lab(|lab| {
        let program = lab.program("/bin/cat", &[]);
        program.sleeps("a line comes");
        program.pauses("a line comes");
    });
    let report = report_of(|lab| {
        let script = "while :; do sleep 0.02; done";
        lab.program("/bin/sh", &["-c", script])
            .sleeps("a line comes");
    });
    if let Some(report) = report {
        has(&report, &["expected `sh -c while", "got it woke up"]);
    }
    let report = report_of(|lab| {
        lab.program("/bin/sh", &["-c", "while :; do :; done"])
            .pauses("a line comes");
    });
    if let Some(report) = report {
        has(&report, &["got it keeps a processor busy"]);
    }
}

#[test]
fn nothing_is_left() {
    alone(|lab| {
        let listener = listener();
        let addr = listener.local_addr().unwrap();
        let server = lab.student("serve_one(listener)", move || drop(listener.accept()));
        lab.connect(addr);
        server.returns();
        let _still_open = UdpSocket::bind("127.0.0.1:0").unwrap();
        if cfg!(unix) {
            let _program = lab.program("/bin/cat", &[]);
        }
    });
}

/// A test that waits for its turn is none of the student's threads, whatever its name.
#[test]
fn tests_that_wait_for_their_turn_are_not_left() {
    let waiting = Arc::new(Mutex::new(None));
    let waits = waiting.clone();
    let result = trial_alone(0.1, move |lab| {
        let runner = thread::Builder::new().name("s5_accept_errors".into());
        let runner = runner.spawn(|| trial(1.0, |lab| lab.same("one", 1, 1)));
        *waits.lock().unwrap() = Some(runner.unwrap());
        lab.note("another test waits for its turn");
    });
    assert_eq!(result, Ok(()));
    let waiting = waiting.lock().unwrap().take();
    assert_eq!(waiting.unwrap().join().unwrap(), Ok(()));
}

#[test]
fn a_descriptor_that_is_left_is_told_with_its_address() {
    if !cfg!(target_os = "linux") {
        return eprintln!("skipped: needs Linux, which shows a process's descriptors");
    }
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeps = kept.clone();
    let report = trial_alone(0.1, move |lab| {
        lab.you("open_door()", || keeps.lock().unwrap().push(listener()));
    });
    let addr = kept.lock().unwrap()[0].local_addr().unwrap();
    has(
        &report.expect_err("it must fail"),
        &[
            "1 your open_door()",
            "expected nothing to be left when the test is over",
            &format!("a TCP socket that listens at {addr}"),
            "why A descriptor is closed when the last value that owns it is dropped",
        ],
    );
}

#[test]
fn a_thread_that_is_left_is_told() {
    if !cfg!(target_os = "linux") {
        return eprintln!("skipped: needs Linux, which shows a process's threads");
    }
    let (send, receive) = mpsc::channel::<()>();
    let report = trial_alone(0.1, move |lab| {
        lab.you("serve(listener)", || {
            drop(thread::spawn(move || receive.recv()))
        });
    });
    drop(send);
    has(
        &report.expect_err("it must fail"),
        &["got a thread that waits in recv() for something"],
    );
}

/// Whoever gives a thread a name of ours does not hide it.
#[test]
fn a_thread_that_is_named_like_the_laboratorys_is_told() {
    if !cfg!(target_os = "linux") {
        return eprintln!("skipped: needs Linux, which shows a process's threads");
    }
    let (send, receive) = mpsc::channel::<()>();
    let report = trial_alone(0.1, move |lab| {
        lab.you("serve(listener)", || {
            let named = thread::Builder::new().name("lab peer".into());
            drop(named.spawn(move || receive.recv()))
        });
    });
    drop(send);
    has(
        &report.expect_err("it must fail"),
        &["got a thread that waits in recv() for something"],
    );
}

/// A program of a test that hangs is ended with the test, although the test's thread is lost.
#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, where a signal tests for a process")]
fn a_program_ends_with_a_test_that_hangs() {
    let (send, id) = mpsc::channel();
    let (_never, hangs) = mpsc::channel::<()>();
    let report = trial(0.1, move |lab| {
        let program = lab.program("/bin/sleep", &["60"]);
        send.send(program.id()).unwrap();
        let _ = lab.you("hangs()", || hangs.recv());
    });
    assert!(report.is_err());
    assert!(!is_there(id.recv().unwrap()));
}

/// And with the whole test process, although nothing of it gets to run any more.
#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, where a signal tests for a process")]
fn a_program_ends_with_a_test_process_that_is_killed() {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "starts_a_program", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let id = lines.find_map(|line| line.unwrap().strip_prefix("program ")?.parse().ok());
    let id = id.expect("the other process says what it has started");
    assert!(is_there(id));
    process.kill().unwrap();
    process.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while is_there(id) {
        assert!(Instant::now() < deadline, "the program {id} lives on");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
#[ignore = "a part of a_program_ends_with_a_test_process_that_is_killed"]
fn starts_a_program() {
    let (_never, hangs) = mpsc::channel::<()>();
    let _ = trial(20.0, move |lab| {
        let program = lab.program("/bin/sleep", &["60"]);
        println!("\nprogram {}", program.id());
        let _ = hangs.recv();
    });
}

/// Whether a process runs: one that nobody has waited for yet does not.
fn is_there(id: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{id}/stat")) {
        Ok(stat) => !stat.contains(") Z "),
        Err(error) if error.kind() == ErrorKind::NotFound && cfg!(target_os = "linux") => false,
        Err(_) => {
            let asked = Command::new("kill").args(["-0", &id.to_string()]).output();
            asked.is_ok_and(|asked| asked.status.success())
        }
    }
}

#[test]
fn a_wait_for_events_that_sets_itself_a_time_is_told() {
    if !cfg!(target_os = "linux") {
        return eprintln!("skipped: needs Linux, which shows what a thread waits for");
    }
    lab(|lab| {
        // Standard output and standard error at a time: poll(2) without a limit.
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let reader = lab.student("output(program)", move || child.wait_with_output().is_ok());
        reader.rests_until_woken("the program prints something");
        drop(input);
        reader.returns();
    });
    // Its queue has one place (listen(2)), so nobody answers the second client.
    let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    full.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into())
        .unwrap();
    full.listen(0).unwrap();
    let addr = full.local_addr().unwrap().as_socket().unwrap();
    let _first = TcpStream::connect(addr).unwrap();
    let report = report_of(move |lab| {
        let minute = Duration::from_secs(60);
        let client = lab.student("connect(addr)", move || {
            TcpStream::connect_timeout(&addr, minute).is_ok()
        });
        client.rests_until_woken("the server answers");
    });
    if let Some(report) = report {
        has(&report, &["got it has set itself a time"]);
    }
}
