//! Step 4: workers that are there before the first client.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use concurrent_server::{Client, Handler, Job, MOST_WORKERS, WorkerPool, serve_workers};
use netlab::{Gate, Lab, TcpPeer, alone, lab};

use super::scene::{
    A_DOZEN_THREADS, Knock, Script, Trace, echo_five, ends, every_bad_end_is_a_failure,
    fails_after_the_last, handler, lets_in, printed, returns_after_the_last, score, talk, threads,
    threads_beyond,
};

#[test]
fn s4_workers_exist_before_the_first_job() {
    lab(|lab| {
        lab.why("With workers, no thread is started when a client comes. The threads are there from the beginning, and all jobs run on them.");
        let pool = pool(lab, 4, 32);
        let ids: HashSet<_> = lab
            .you("thread_ids()", || pool.thread_ids())
            .into_iter()
            .collect();
        lab.same("different threads before the first job", ids.len(), 4);
        let (tell, ran_on) = channel();
        for _ in 0..32 {
            let tell = tell.clone();
            submit(lab, &pool, move || {
                let _ = tell.send(thread::current().id());
            });
        }
        drop(tell);
        let report = lab.you("shutdown()", || pool.shutdown());
        let ran_on: Vec<_> = ran_on.iter().collect();
        lab.same("jobs that ran", ran_on.len(), 32);
        let elsewhere = ran_on.iter().filter(|id| !ids.contains(id)).count();
        lab.same("jobs that ran on other threads", elsewhere, 0);
        lab.same("done and panicked", (report.done, report.panicked), (32, 0));
    });
}

#[test]
fn s4_idle_workers_sleep() {
    // Alone, so that threads of any name are seen.
    alone(|lab| {
        lab.why("A worker waits in recv(), or on a Condvar, and costs nothing until there is a job. One that asks try_recv() in a loop keeps a processor busy all night.");
        let pool = pool(lab, 4, 4);
        lab.sleeps_until_woken("a job is submitted");
        for _ in 0..4 {
            submit(lab, &pool, || panic!("the job panics on purpose"));
        }
        lab.sleeps_until_woken("a job is submitted");
        lab.why("The pool has nothing to do. Its last jobs have panicked, but it must not end: there are four workers, and a job for each.");
        let meeting = lab.gate("the meeting of the jobs");
        for _ in 0..4 {
            let inside = meeting.clone();
            submit(lab, &pool, move || inside.waits());
        }
        meeting.expects_arrivals(4);
        meeting.opens();
        let report = lab.you("shutdown()", || pool.shutdown());
        lab.same("done and panicked", (report.done, report.panicked), (4, 4));
    });
}

#[test]
fn s4_more_workers_than_any_machine_has_are_refused() {
    lab(|lab| {
        lab.why("A number with a digit too many must be an error. Linux ends a program whose threads have used up its memory map, in the middle of starting one. This cannot be caught, so stay far below it.");
        let too_many = MOST_WORKERS + 1;
        let error = lab.err(&format!("WorkerPool::start({too_many}, 1)"), || {
            WorkerPool::start(too_many, 1).map(|_| "a pool")
        });
        lab.same(
            "the kind of the error",
            error.kind(),
            ErrorKind::InvalidInput,
        );
        let queue = MOST_WORKERS + 1;
        lab.because("MOST_WORKERS is about workers. A place in the queue costs no thread, and may be one of many.")
            .ok(&format!("WorkerPool::start(1, {queue})"), || {
                WorkerPool::start(1, queue).map(WorkerPool::shutdown)
            });
    });
}

#[test]
fn s4_every_idle_worker_is_used() {
    lab(|lab| {
        lab.why("Four workers, four jobs, and each job waits for the other three. A worker that sleeps while jobs are waiting is one too few.");
        let pool = pool(lab, 4, 4);
        let meeting = lab.gate("the meeting of the jobs");
        for _ in 0..4 {
            let inside = meeting.clone();
            submit(lab, &pool, move || inside.waits());
        }
        meeting.expects_arrivals(4);
        meeting.opens();
        let report = lab.you("shutdown()", || pool.shutdown());
        lab.same("jobs done", report.done, 4);
    });
}

#[test]
fn s4_the_lock_is_not_held_while_running() {
    lab(|lab| {
        lab.why("Worker 1 runs job A. Worker 2 is free for B, for C and for D meanwhile. If it does not run them, it waits for a lock that worker 1 holds while it works (a guard in the head of a `while let` or a `match` lives to the end of its body), or a job was given to worker 1 before it had time for it.");
        let pool = pool(lab, 2, 4);
        let gate = busy(lab, &pool, 1);
        for name in ["B", "C", "D"] {
            let inside_job = lab.gate(&format!("the gate in job {name}"));
            let inside = inside_job.clone();
            submit(lab, &pool, move || inside.waits());
            inside_job.expects_arrivals(1);
            inside_job.opens();
        }
        gate.opens();
        let report = lab.you("shutdown()", || pool.shutdown());
        lab.same("jobs done", report.done, 4);
    });
}

#[test]
fn s4_a_full_queue_gives_the_job_back() {
    lab(|lab| {
        lab.why("A queue without an end only hides that there is too much to do, until the memory is full. This one reports it at once, and gives the job back: it contains a client, which can be told.");
        let pool = pool(lab, 2, 3);
        let gate = busy(lab, &pool, 2);
        let count = Arc::new(AtomicUsize::new(0));
        for _ in 0..3 {
            submit(lab, &pool, adds(1, &count));
        }
        let late: Job = Box::new(adds(100, &count));
        let (keep, kept) = channel();
        let submitting = lab.student("submit(a job too many)", move || {
            let result = pool.submit(late);
            let _ = keep.send(pool);
            result
        });
        let Err(full) = submitting.returns() else {
            lab.fails("an error from your submit(a job too many)", "Ok(())");
        };
        let pool = kept.recv().expect("the pool is sent before submit returns");
        lab.why("Both workers are busy and three jobs wait. submit may neither run a job itself nor throw an old one out to make room.");
        lab.same("jobs that ran so far", count.load(Ordering::SeqCst), 0);
        lab.why("Exactly the rejected job must come back, whole: it contains a client, which can be told.");
        lab.note("the job that came back is run by the test");
        (full.0)();
        lab.same("what it did", count.load(Ordering::SeqCst), 100);
        lab.why("The three jobs that were taken run, each once, and the one that came back does not run again. It is not in the pool's count either.");
        gate.opens();
        let report = lab.you("shutdown()", || pool.shutdown());
        lab.same("what all jobs did", count.load(Ordering::SeqCst), 103);
        lab.same("done and panicked", (report.done, report.panicked), (5, 0));
    });
}

#[test]
fn s4_submit_never_waits() {
    lab(|lab| {
        lab.why("The queue is full, and submit says so at once. The only accepting thread calls it: while it waits for a place, or tries again, no client is accepted or turned away.");
        let pool = pool(lab, 1, 1);
        let gate = busy(lab, &pool, 1);
        submit(lab, &pool, || {});
        let (keep, kept) = channel();
        let submitting = lab.student("submit(a job too many)", move || {
            let full = pool.submit(Box::new(|| {})).is_err();
            let _ = keep.send(pool);
            full
        });
        // It has returned, or it waits.
        submitting.settles();
        lab.note("the worker is free, and takes the job from the queue");
        gate.opens();
        let full = submitting.returns();
        lab.holds(
            full,
            "an error from your submit(a job too many)",
            "Ok(()), later",
        );
        let pool = kept.recv().expect("the pool is sent before submit returns");
        let report = lab.you("shutdown()", || pool.shutdown());
        lab.same("done and panicked", (report.done, report.panicked), (2, 0));
    });
}

#[test]
fn s4_a_dropped_pool_ends_its_workers() {
    lab(|lab| {
        lab.why("A server that cannot start drops the pool that it has already started. These workers can get no more jobs: they must end by themselves.");
        let at_work = pool(lab, 1, 1);
        let gate = busy(lab, &at_work, 1);
        lab.because("Dropping a pool does not wait, not even for a job. shutdown is for that.")
            .student("the pool is dropped, during a job", move || ends(at_work))
            .returns();
        gate.opens();
        let token = Arc::new(());
        let pool = pool(lab, 3, 3);
        kept_by_each_worker(lab, &pool, &token);
        lab.you("the pool is dropped", || ends(pool));
        let left = || Arc::strong_count(&token) - 1;
        lab.until("workers that are still there: 0", left, |left| *left == 0);
    });
}

thread_local!(static KEPT: RefCell<Option<Arc<()>>> = const { RefCell::new(None) });

/// Leaves something with each of three workers, for as long as its thread is there.
fn kept_by_each_worker(lab: &Lab, pool: &WorkerPool, token: &Arc<()>) {
    let meeting = lab.gate("the meeting of the jobs");
    for _ in 0..3 {
        let (token, inside) = (token.clone(), meeting.clone());
        submit(lab, pool, move || {
            KEPT.set(Some(token));
            inside.waits();
        });
    }
    meeting.expects_arrivals(3);
    let kept = Arc::strong_count(token) - 1;
    lab.same("workers that keep something of ours", kept, 3);
    meeting.opens();
}

#[test]
fn s4_first_come_first_served() {
    lab(|lab| {
        lab.why("Each job contains a waiting client. The one that has waited longest is next: if the newest went first, the first might wait for ever under a heavy load.");
        let pool = pool(lab, 1, 3);
        let gate = busy(lab, &pool, 1);
        let trace = Trace::default();
        for job in ["job A", "job B", "job C"] {
            let told = trace.clone();
            submit(lab, &pool, move || told.add(job));
        }
        gate.opens();
        lab.you("shutdown()", || pool.shutdown());
        let want = ["job A", "job B", "job C"].map(String::from).to_vec();
        lab.same("the jobs, in order", trace.all(), want);
    });
}

#[test]
fn s4_panics_do_not_shrink_the_pool() {
    lab(|lab| {
        lab.why("An uncaught panic ends its thread, and a pool that loses a worker with every bad job at last serves no client. And it must not leave a poisoned lock for the others.");
        let pool = pool(lab, 3, 16);
        // All jobs are in the queue before the first one panics.
        let gate = busy(lab, &pool, 3);
        for _ in 0..9 {
            submit(lab, &pool, || panic!("the job panics on purpose"));
        }
        let meeting = lab.gate("the meeting of three good jobs");
        for _ in 0..3 {
            let inside = meeting.clone();
            submit(lab, &pool, move || inside.waits());
        }
        gate.opens();
        meeting.expects_arrivals(3);
        meeting.opens();
        let report = lab.you("shutdown()", || pool.shutdown());
        lab.same("done and panicked", (report.done, report.panicked), (6, 9));
    });
}

#[test]
fn s4_shutdown_runs_what_was_submitted() {
    lab(|lab| {
        lab.why("submit has taken the job: the client in it was let in and waits for an answer. Shutting down means to take no more, not to forget what one has.");
        let pool = pool(lab, 1, 5);
        let gate = busy(lab, &pool, 1);
        let count = Arc::new(AtomicUsize::new(0));
        for _ in 0..5 {
            submit(lab, &pool, adds(1, &count));
        }
        let ending = lab.student("shutdown()", move || pool.shutdown());
        ending.settles();
        gate.opens();
        let report = ending.returns();
        lab.same(
            "jobs that ran from the queue",
            count.load(Ordering::SeqCst),
            5,
        );
        lab.same("done and panicked", (report.done, report.panicked), (6, 0));
    });
}

#[test]
fn s4_shutdown_waits_for_the_workers() {
    lab(|lab| {
        lab.why("When shutdown returns, the workers are gone: their stacks, and whatever they kept for themselves. A thread that is still about may use what its owner has just taken down.");
        let token = Arc::new(());
        let pool = pool(lab, 3, 3);
        kept_by_each_worker(lab, &pool, &token);
        lab.you("shutdown()", || pool.shutdown());
        lab.same(
            "workers that are still there",
            Arc::strong_count(&token) - 1,
            0,
        );
    });
}

#[test]
fn s4_shutdown_waits_for_the_last_job() {
    lab(|lab| {
        lab.why("Two workers are at a job each. shutdown waits for the last of them, whichever it is, and does so asleep: to join a thread costs nothing.");
        for last in 0..2 {
            let pool = pool(lab, 2, 2);
            let last = lab.you("thread_ids()", || pool.thread_ids())[last];
            let first_gate = lab.gate("the gate of the one");
            let last_gate = lab.gate("the gate of the other");
            for _ in 0..2 {
                let (first, other) = (first_gate.clone(), last_gate.clone());
                submit(lab, &pool, move || match thread::current().id() == last {
                    true => other.waits(),
                    false => first.waits(),
                });
            }
            first_gate.expects_arrivals(1);
            last_gate.expects_arrivals(1);
            let ending = lab.student("shutdown()", move || pool.shutdown());
            first_gate.opens();
            ending.sleeps("the last job has ended");
            last_gate.opens();
            let report = ending.returns();
            lab.same("done and panicked", (report.done, report.panicked), (2, 0));
        }
    });
}

#[test]
fn s4_eight_clients_meet() {
    lab(|lab| {
        lab.why("Eight workers serve eight clients at the same time. That they were started before changes when the cost is paid, not what they can do.");
        let (acceptor, addr) = lets_in(8);
        let meeting = lab.gate("the meeting of the handlers");
        let inside = meeting.clone();
        let handler = handler(move |client: &Client| {
            client.stream().read_exact(&mut [0; 5])?;
            inside.waits();
            client.stream().write_all(b"we met")
        });
        let clients: Vec<TcpPeer> = (1..=8).map(|_| lab.connect_as("clients", addr)).collect();
        let server = lab.student("serve_workers(acceptor, handler, 8, 8)", move || {
            serve_workers(&acceptor, handler, 8, 8)
        });
        lab.note("the last one to come speaks first");
        for client in clients.iter().rev() {
            client.sends(b"hello");
        }
        meeting.expects_arrivals(8);
        meeting.opens();
        for client in &clients {
            client.expects(b"we met");
            client.expects_eof();
        }
        score(lab, server.returns_ok(), (8, 0, 0));
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a shell limits a program's memory"
)]
fn s4_a_pool_without_its_threads_is_none() {
    lab(|lab| {
        let pool = pool(lab, 1, 1);
        lab.you("shutdown()", || pool.shutdown());
        let end = lab.elsewhere(A_DOZEN_THREADS, || {
            let before = threads();
            println!("\nWorkerPool::start(2000, 1): {}", outcome(2000));
            println!("threads left: {}", threads_beyond(before));
            for workers in TOO_MANY {
                println!("start({workers}, 1): {}", outcome(workers));
            }
            println!("start(MOST_WORKERS, 1): {}", outcome(MOST_WORKERS));
            let script = Script::new(lab, [Knock::Closed]);
            let end = serve_workers(&script, handler(echo_five), 2000, 1);
            let end = if end.is_err() { "an error" } else { "Ok" };
            println!("serve_workers(acceptor, handler, 2000, 1): {end}");
            println!("calls of accept: {}", script.calls());
        });
        let told = lab.because("2000 workers are asked for, and there is memory for the stacks of a dozen. A pool of a dozen is not what was asked for: start reports it, and the threads that it has started must end, because no other code can end them.");
        printed(&told, &end, "WorkerPool::start(2000, 1)", "an error");
        printed(&told, &end, "threads left", "0");
        let told = lab.because("A number with a digit too many must be an error, whatever the machine can do. MOST_WORKERS itself is allowed: here only the system may refuse it, not your code.");
        for workers in TOO_MANY {
            printed(&told, &end, &format!("start({workers}, 1)"), "InvalidInput");
        }
        printed(&told, &end, "start(MOST_WORKERS, 1)", "an error");
        let told = lab.because("serve_workers has no pool, so it accepts no client and returns the error. Otherwise its caller believes that clients were served.");
        let call = "serve_workers(acceptor, handler, 2000, 1)";
        printed(&told, &end, call, "an error");
        printed(&told, &end, "calls of accept", "0");
    });
}

/// More than MOST_WORKERS; of some, one half of the bits is not.
const TOO_MANY: [usize; 4] = [MOST_WORKERS + 1, 65_537, usize::MAX / 2 + 2, usize::MAX];

/// How a pool of so many workers starts.
fn outcome(workers: usize) -> &'static str {
    match WorkerPool::start(workers, 1) {
        Ok(_) => "a pool",
        Err(error) if error.kind() == ErrorKind::InvalidInput => "InvalidInput",
        Err(_) => "an error",
    }
}

#[test]
fn s4_errors_and_panics_cost_no_worker() {
    lab(|lab| {
        lab.why("One worker, and two clients whose conversations fail. The worker still serves the third one, and the first two have got their end of the stream.");
        let (acceptor, addr) = lets_in(3);
        let handler = handler(|client: &Client| {
            let mut bytes = [0; 5];
            client.stream().read_exact(&mut bytes)?;
            match &bytes {
                b"error" => Err(ErrorKind::InvalidData.into()),
                b"panic" => panic!("the handler panics on purpose"),
                _ => client.stream().write_all(&bytes),
            }
        });
        let server = lab.student("serve_workers(acceptor, handler, 1, 1)", move || {
            serve_workers(&acceptor, handler, 1, 1)
        });
        for (name, words) in [("client A", b"error"), ("client B", b"panic")] {
            let client = lab.connect_as(name, addr);
            client.sends(words);
            client.expects_eof();
        }
        talk(&lab.connect_as("client C", addr), b"hello");
        score(lab, server.returns_ok(), (1, 2, 0));
    });
}

#[test]
fn s4_overload_is_turned_away() {
    lab(|lab| {
        lab.picture("03-overload");
        lab.why("One worker is busy, one client waits. A third one is told at once that there is no room, and may try another server. A closed connection is an answer; an endless wait for an overloaded server is not.");
        let (acceptor, addr) = lets_in(3);
        let (handler, gate) = behind_a_gate(lab);
        let server = lab.student("serve_workers(acceptor, handler, 1, 1)", move || {
            serve_workers(&acceptor, handler, 1, 1)
        });
        let first = lab.connect_as("client A", addr);
        gate.expects_arrivals(1);
        let second = lab.connect_as("client B", addr);
        let third = lab.connect_as("client C", addr);
        third.sees_fin();
        lab.why("A is being served and B waits. Both were let in, so both get their answer.");
        gate.opens();
        talk(&first, b"hello");
        talk(&second, b"hello");
        score(lab, server.returns_ok(), (2, 0, 1));
    });
}

#[test]
fn s4_the_queue_has_the_length_that_was_asked_for() {
    lab(|lab| {
        lab.why("One worker and a queue of three: one client is served, three wait, and every later one is turned away. A server that takes the two numbers for each other serves three and lets one wait.");
        for (workers, queue) in [(4, 1), (1, 5000)] {
            let pool = pool(lab, workers, queue);
            let gate = busy(lab, &pool, workers);
            let fits = |_: &usize| pool.submit(Box::new(|| {})).is_ok();
            let fit = (0..=queue).take_while(fits).count();
            lab.same("jobs that fit into the queue", fit, queue);
            gate.opens();
            lab.you("shutdown()", || pool.shutdown());
        }
        const TURNED_AWAY: usize = 2;
        let (acceptor, addr) = lets_in(4 + TURNED_AWAY);
        let (handler, gate) = behind_a_gate(lab);
        let server = lab.student("serve_workers(acceptor, handler, 1, 3)", move || {
            serve_workers(&acceptor, handler, 1, 3)
        });
        let first = lab.connect_as("client A", addr);
        gate.expects_arrivals(1);
        let waiting = ["B", "C", "D"].map(|name| lab.connect_as(&format!("client {name}"), addr));
        for name in ["client E", "client F"] {
            lab.connect_as(name, addr).sees_fin();
        }
        lab.same("clients being served", gate.arrivals(), 1);
        gate.opens();
        for client in [first].iter().chain(&waiting) {
            talk(client, b"hello");
        }
        score(lab, server.returns_ok(), (4, 0, TURNED_AWAY as u64));
    });
}

/// A handler of [`echo_five`] that waits at a gate first.
fn behind_a_gate(lab: &Lab) -> (Arc<dyn Handler>, Gate) {
    let gate = lab.gate("the handler's gate");
    let inside = gate.clone();
    let handler = handler(move |client: &Client| {
        inside.waits();
        echo_five(client)
    });
    (handler, gate)
}

#[test]
fn s4_every_bad_end_is_a_failure() {
    lab(|lab| {
        let what = "serve_workers(acceptor, handler, 2, 6)";
        every_bad_end_is_a_failure(lab, what, |acceptor, handler| {
            serve_workers(acceptor, handler, 2, 6)
        });
    });
}

#[test]
fn s4_returns_when_the_last_conversation_has_ended() {
    lab(|lab| {
        lab.why("No more clients will come, but one is still being served. As in step 2, the function returns when that conversation has ended.");
        let what = "serve_workers(acceptor, handler, 1, 1)";
        let end = returns_after_the_last(lab, what, Knock::Closed, |acceptor, handler| {
            serve_workers(acceptor, handler, 1, 1)
        });
        let stats = lab.ok(what, || end);
        score(lab, stats, (1, 0, 0));
    });
}

#[test]
fn s4_an_error_of_accept_waits_for_the_conversations() {
    lab(|lab| {
        lab.why("accept has failed, and the caller must be told. But clients are still being served: return the error when the conversations have ended. A `?` after accept returns at once.");
        let what = "serve_workers(acceptor, handler, 1, 1)";
        fails_after_the_last(lab, what, |acceptor, handler| {
            serve_workers(acceptor, handler, 1, 1)
        });
    });
}

fn pool(lab: &Lab, workers: usize, queue: usize) -> WorkerPool {
    lab.ok(&format!("WorkerPool::start({workers}, {queue})"), || {
        WorkerPool::start(workers, queue)
    })
}

fn submit(lab: &Lab, pool: &WorkerPool, job: impl FnOnce() + Send + 'static) {
    let job: Job = Box::new(job);
    lab.ok("submit(job)", || pool.submit(job));
}

/// A job that adds to a number.
fn adds(n: usize, to: &Arc<AtomicUsize>) -> impl FnOnce() + Send + 'static + use<> {
    let sum = Arc::clone(to);
    move || {
        sum.fetch_add(n, Ordering::SeqCst);
    }
}

/// Gives so many workers a job that waits at the gate, and waits until they are there.
fn busy(lab: &Lab, pool: &WorkerPool, workers: usize) -> Gate {
    let gate = lab.gate("the gate of the busy workers");
    for worker in 1..=workers {
        let inside = gate.clone();
        submit(lab, pool, move || inside.waits());
        // One by one: there may be room for one only until a worker has taken it.
        gate.expects_arrivals(worker);
    }
    gate
}
