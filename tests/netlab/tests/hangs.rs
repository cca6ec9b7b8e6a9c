//! An answer that never comes back still gets a verdict, and the verdict names what it waits for.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use netlab::{Lab, trial};

/// Deadlines of a fifth: 0.4 s a wait, 0.6 s a call, 1 s a test.
const SHORT: f64 = 0.2;

fn report_of(body: impl FnOnce(&Lab) + Send + 'static) -> String {
    let began = Instant::now();
    let report = trial(SHORT, body).expect_err("the trial must fail");
    // The one statement about the clock. Five times as patient this is the promised 6 s. What stands in
    // line for a processor may take five times its limit, and the rest takes longer as well.
    let took = began.elapsed();
    assert!(
        took < Duration::from_millis(1200) * 6,
        "a verdict after {took:?}:\n{report}"
    );
    report
}

/// What only Linux tells: in which call a thread waits.
fn names(report: &str, wait: &str) {
    if cfg!(target_os = "linux") {
        // Reports are wrapped; words are not.
        let folded = report.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(folded.contains(wait), "no {wait:?} in\n{report}");
    }
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

#[test]
fn in_accept() {
    let report = report_of(|lab| {
        let listener = listener();
        lab.you("serve_one(listener)", || drop(listener.accept()));
    });
    assert!(
        report.contains("expected  your serve_one(listener) to return"),
        "{report}"
    );
    names(&report, "it waits in accept() for a connection");
}

#[test]
fn in_read_on_a_thread_of_its_own() {
    let report = report_of(|lab| {
        let listener = listener();
        let addr = listener.local_addr().unwrap();
        let server = lab.student("serve_one(listener)", move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0; 10]).unwrap();
        });
        let peer = lab.connect(addr);
        peer.sends(b"short");
        server.returns();
    });
    assert!(
        report.contains("your serve_one(listener) has not returned after 400 ms"),
        "{report}"
    );
    names(&report, "it waits in read() for bytes or for the end");
    names(
        &report,
        "why read() returns when bytes come, or when the other end",
    );
}

#[test]
fn in_recv_on_a_udp_socket() {
    let report = report_of(|lab| {
        lab.you("exchange(question)", || {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            drop(socket.recv(&mut [0; 512]));
        });
    });
    names(&report, "it waits in recv() for a datagram");
}

#[test]
fn in_write_to_a_peer_that_does_not_read() {
    let report = report_of(|lab| {
        let server = lab.tcp_server("server");
        let addr = server.addr();
        let client = lab.student("send_all(stream, for ever)", move || {
            let mut stream = TcpStream::connect(addr).unwrap();
            while stream.write_all(&[0; 65_536]).is_ok() {}
        });
        let _peer = server.accepts();
        client.returns();
    });
    names(&report, "waits in write() for the peer to read");
}

#[test]
fn in_a_lock() {
    static LOCK: Mutex<()> = Mutex::new(());
    let report = report_of(|lab| {
        let _held = LOCK.lock().unwrap();
        lab.you("submit(job)", || drop(LOCK.lock()));
    });
    names(&report, "it waits for a lock that somebody holds");
    names(&report, "why Somebody holds the lock.");
}

#[test]
fn in_a_channel() {
    let report = report_of(|lab| {
        let (_send, receive) = mpsc::channel::<()>();
        let _ = lab.you("worker()", || receive.recv());
    });
    names(
        &report,
        "it waits in recv() for something to come out of a channel",
    );
    names(&report, "why recv() returns when something is sent");
}

#[test]
fn in_a_condvar() {
    let report = report_of(|lab| {
        let (lock, notice) = (Mutex::new(()), Condvar::new());
        lab.you("take()", || drop(notice.wait(lock.lock().unwrap())));
    });
    names(&report, "it waits for a Condvar's notice");
    names(
        &report,
        "why A Condvar wakes only threads that wait already",
    );
}

/// join() is not the cause: the cause is what the other thread waits for.
#[test]
fn in_a_join_of_workers_that_wait() {
    let report = report_of(|lab| {
        lab.why("The theme of the test, which has nothing to do with it.");
        let (_send, receive) = mpsc::channel::<()>();
        let receive = Arc::new(Mutex::new(receive));
        lab.you("shut_down(pool)", move || {
            let workers: Vec<_> = (0..4)
                .map(|_| {
                    let receive = receive.clone();
                    thread::spawn(move || receive.lock().unwrap().recv().is_ok())
                })
                .collect();
            for worker in workers {
                worker.join().unwrap();
            }
        });
    });
    names(&report, "it waits in join() for another thread to end");
    names(&report, "a thread of yours waits in recv() for something");
    names(&report, "3 threads of yours: each waits for a lock");
    names(&report, "about The theme of the test");
}

#[test]
fn the_usual_mistake_stands_below_what_was_found_out() {
    let report = report_of(|lab| {
        lab.why("The theme of the test.");
        lab.if_stuck("You hold the only connection and ask for another.");
        let (_send, receive) = mpsc::channel::<()>();
        let getting = lab.student("pool.get()", move || receive.recv().is_ok());
        getting.returns();
    });
    names(&report, "why recv() returns when something is sent");
    names(&report, "You hold the only connection and ask for another.");
    names(&report, "about The theme of the test.");
}

/// Workers without a job and a listener without a client are nobody's fault: the cause is what the
/// thread waits for that has something to do.
#[test]
fn idle_threads_are_not_accused() {
    let report = report_of(|lab| {
        let listener = listener();
        let addr = listener.local_addr().unwrap();
        lab.student("serve(listener)", move || {
            let (stream, _) = listener.accept().unwrap();
            let handler = thread::spawn(move || drop((&stream).read_exact(&mut [0; 9])));
            let (_send, jobs) = mpsc::channel::<()>();
            let worker = thread::spawn(move || jobs.recv().is_ok());
            drop(listener.accept());
            drop((handler.join(), worker.join()));
        });
        let peer = lab.connect(addr);
        peer.sends(b"hello");
        peer.expects(b"hello");
    });
    names(&report, "your serve(listener) waits in accept()");
    names(&report, "a thread of yours waits in read()");
    names(&report, "why read() returns when bytes come");
}

#[test]
fn in_a_loop_without_end() {
    static END: AtomicBool = AtomicBool::new(false);
    let report = report_of(|lab| {
        lab.you("send_all(writer, 5 bytes)", || {
            let mut n: u64 = 0;
            while !END.load(Ordering::Relaxed) {
                n = std::hint::black_box(n.wrapping_add(1));
            }
        });
    });
    // The lost thread would keep a core from the other tests.
    END.store(true, Ordering::Relaxed);
    names(
        &report,
        "it keeps running: a loop without end, or one with far too many steps?",
    );
}

#[test]
fn in_a_loop_of_system_calls() {
    static END: AtomicBool = AtomicBool::new(false);
    let report = report_of(|lab| {
        let peer = lab.tcp_server("server");
        let mut stream = TcpStream::connect(peer.addr()).unwrap();
        peer.accepts().closes();
        lab.you("recv_exact(stream, 5 bytes)", || {
            while !END.load(Ordering::Relaxed) {
                let _ = stream.read(&mut [0; 5]);
            }
        });
    });
    END.store(true, Ordering::Relaxed);
    names(
        &report,
        "it keeps running: a loop without end, or one with far too many steps?",
    );
}

#[test]
fn a_peer_that_waits_says_what_the_student_does_meanwhile() {
    let report = report_of(|lab| {
        lab.why("The theme of the test.");
        let listener = listener();
        let addr = listener.local_addr().unwrap();
        lab.student("serve_one(listener)", move || {
            let (mut stream, _) = listener.accept().unwrap();
            drop(stream.read_to_end(&mut Vec::new()));
        });
        let peer = lab.connect(addr);
        peer.sends(b"hello");
        peer.expects(b"hello");
    });
    for line in [
        "✗ waits for 5 bytes",
        "expected  peer reads 5 bytes",
        "got       nothing more for 400 ms",
    ] {
        assert!(report.contains(line), "no {line:?} in\n{report}");
    }
    names(
        &report,
        "meanwhile your serve_one(listener) waits in read()",
    );
    names(
        &report,
        "why read() returns when bytes come, or when the other end",
    );
}

#[test]
fn a_client_that_never_connects() {
    let report = report_of(|lab| {
        lab.tcp_server("server").accepts();
    });
    assert!(
        report.contains("expected  a connection to the server"),
        "{report}"
    );
    assert!(report.contains("got       none after 400 ms"), "{report}");
}

#[test]
fn a_datagram_that_never_comes() {
    let report = report_of(|lab| {
        lab.udp("server").expects_datagram();
    });
    assert!(
        report.contains("expected  a datagram to the server"),
        "{report}"
    );
}

#[test]
fn a_gate_that_nobody_opens() {
    let report = report_of(|lab| {
        lab.gate("the gate").waits();
    });
    assert!(report.contains("expected  the gate to open"), "{report}");
}

#[test]
fn a_gate_to_which_too_few_come() {
    let report = report_of(|lab| {
        let gate = lab.gate("the barrier");
        let twin = gate.clone();
        let _one = lab.meanwhile("handler 1", move || twin.waits());
        gate.expects_arrivals(2);
    });
    assert!(
        report.contains("expected  2 at the barrier at the same time"),
        "{report}"
    );
    assert!(report.contains("got       1 after"), "{report}");
}

#[test]
fn the_next_test_runs_although_one_is_stuck() {
    let (_send, receive) = mpsc::channel::<()>();
    let stuck = trial(SHORT, move |lab| {
        let _ = lab.you("stuck()", || receive.recv());
    });
    assert!(stuck.is_err());
    assert_eq!(trial(SHORT, |lab| lab.same("one", 1, 1)), Ok(()));
}

#[test]
fn a_counter_that_never_gets_there() {
    let report = report_of(|lab| {
        lab.until("2 threads wait", || 1, |&waiting| waiting == 2);
    });
    names(&report, "2 threads wait");
    names(&report, "1 after");

    let counter = AtomicUsize::new(0);
    let count = move || counter.fetch_add(1, Ordering::Relaxed);
    trial(1.0, move |lab| {
        let seen = lab.until("a count of 3", &count, |&n| n == 3);
        lab.same("what it saw last", seen, 3);
    })
    .expect("it gets there");
}
