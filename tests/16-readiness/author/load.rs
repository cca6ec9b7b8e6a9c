//! Thousands of clients at the reference program: its threads, its memory and its processor time, from /proc. Linux.
//!
//! `cargo test -p sol16 --test load -- --nocapture` prints the figures.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use netlab::hostile::CLIENTS;
use netlab::needs::left_out;
use netlab::{Lab, Program, trial};

const SILENT: usize = 5000;
/// For this test's end of each connection, or for the program's, and for what else is open.
const DESCRIPTORS: &str = "ulimit -n 5500";

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs Linux, for /proc")]
fn five_thousand_on_one_thread() {
    if !may(DESCRIPTORS) {
        return left_out("this machine lets a process have fewer than 5500 descriptors");
    }
    patiently(|lab| {
        let end = lab.elsewhere(DESCRIPTORS, || five_thousand(lab));
        assert_eq!(end.code, Some(0), "{}\n{}", end.stdout, end.stderr);
        let lines = end.stdout.lines().filter(|line| line.contains(" kB"));
        let figures: String = lines.map(|line| format!("{line}\n")).collect();
        print!("{figures}");
        // The book shows them.
        if let Some(folder) = std::env::var_os("NETLAB_PICTURES") {
            let file = Path::new(&folder).join("16-load.txt");
            fs::write(file, figures).expect("the folder for pictures");
        }
    });
}

fn five_thousand(lab: &Lab) {
    let (program, addr) = serve(lab);
    let first = Client::comes(addr);
    let before = Figures::of(&program);
    // The test's runner has begun a line.
    println!("\n{before}  1 client");
    let mut silent: Vec<Client> = (0..SILENT).map(|_| Client::comes(addr)).collect();
    let full = Figures::of(&program);
    println!("{full}  {SILENT} more, silent");

    // The one that waits for signals, and the one that serves.
    assert_eq!(full.threads, 2, "threads of the program");
    let grown = full.kilobytes - before.kilobytes;
    assert!(
        grown < SILENT,
        "{grown} kB for {SILENT} silent clients: 1 kB each is allowed"
    );
    program.sleeps("one of 5001 clients speaks");
    for client in silent.iter_mut().step_by(100) {
        client.asks();
    }
    program.sleeps("one of 5001 clients speaks again");

    drop((silent, first));
    program.settles();
    let after = Figures::of(&program);
    println!("{after}  they have left");
    let descriptors = before.descriptors - 1;
    assert_eq!(
        after.descriptors, descriptors,
        "descriptors, without clients"
    );
}

/// Those who ask and never read may have what two buffers hold, and no more.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs Linux, for /proc")]
fn twenty_who_never_read() {
    const GREEDY: usize = 20;
    patiently(|lab| {
        let (program, addr) = serve(lab);
        let mut friend = Client::comes(addr);
        let before = Figures::of(&program);
        let greedy: Vec<TcpStream> = (0..GREEDY).map(|_| asks_until_it_is_full(addr)).collect();
        program.sleeps("one of those who never read reads");
        let full = Figures::of(&program);
        println!("{before}  1 client");
        println!("{full}  {GREEDY} more, who ask and never read");
        let each = (full.kilobytes - before.kilobytes) / GREEDY;
        let bound = (readiness_solution::INBOX + readiness_solution::OUTBOX) / 1024;
        // What grows by doubling may have twice as much.
        assert!(
            each < 2 * bound,
            "{each} kB for each of them, {bound} are in use at most"
        );
        friend.asks();
        drop(greedy);
    });
}

/// All eight at a time, ten of each, and a friend who asks all the while.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs Linux, for /proc")]
fn a_friend_among_eighty_hostile_clients() {
    patiently(|lab| {
        let (program, addr) = serve(lab);
        let mut friend = Client::comes(addr);
        let alone = friend.asks_often();
        let mut present = Vec::new();
        for _ in 0..10 {
            present.extend(CLIENTS.iter().map(|client| client.comes(lab, addr)));
        }
        let among = friend.asks_often();
        println!(
            "half of the friend's echoes took less than {alone:?} alone, {among:?} among them"
        );
        assert_eq!(Figures::of(&program).threads, 2, "threads of the program");
        drop(present);
        program.settles();
        let left = Figures::of(&program).descriptors;
        drop(friend);
        program.settles();
        let last = Figures::of(&program).descriptors;
        assert_eq!(left, last + 1, "descriptors, with the friend alone");
    });
}

/// Thousands of clients take their time on a machine that has other work.
#[track_caller]
fn patiently(body: impl FnOnce(&Lab) + Send + 'static) {
    trial(5.0, body).unwrap_or_else(|failure| panic!("{failure}"));
}

/// Whether a process here may have that.
fn may(limit: &str) -> bool {
    let tried = Command::new("/bin/sh").args(["-c", limit]).output();
    tried.is_ok_and(|tried| tried.status.success())
}

fn serve(lab: &Lab) -> (Program, SocketAddr) {
    let path = env!("CARGO_BIN_EXE_sol16");
    let mut program = lab.program(path, &["serve", "127.0.0.1", "-p", "0"]);
    let line = program.expects_line("its address", |_| true);
    let addr = line.strip_prefix("listening on ").expect("the address");
    (program, addr.parse().expect("an address"))
}

struct Client(TcpStream);

const FRAME: &[u8] = b"\0\0\0\x05hello";

impl Client {
    /// Connects, and has its first echo.
    fn comes(addr: SocketAddr) -> Client {
        let stream = TcpStream::connect(addr).expect("connect");
        let patience = Some(Duration::from_secs(2));
        stream.set_read_timeout(patience).expect("a read time-out");
        let mut client = Client(stream);
        client.asks();
        client
    }

    fn asks(&mut self) {
        self.0.write_all(FRAME).expect("a frame");
        let mut echo = [0; FRAME.len()];
        self.0.read_exact(&mut echo).expect("an echo");
        assert_eq!(echo, FRAME, "the frame that came back");
    }

    /// How long half of its echoes took at most.
    fn asks_often(&mut self) -> Duration {
        let mut times = Vec::new();
        for _ in 0..2000 {
            let asked = Instant::now();
            self.asks();
            times.push(asked.elapsed());
        }
        times.sort();
        times[times.len() / 2]
    }
}

/// A client that sends until it can send no more, and reads nothing.
fn asks_until_it_is_full(addr: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(addr).expect("connect");
    let patience = Some(Duration::from_millis(20));
    stream
        .set_write_timeout(patience)
        .expect("a write time-out");
    let mut frame = 60_000_u32.to_be_bytes().to_vec();
    frame.resize(4 + 60_000, b'x');
    while stream.write_all(&frame).is_ok() {}
    stream
}

struct Figures {
    threads: usize,
    descriptors: usize,
    /// Resident memory.
    kilobytes: usize,
}

impl Figures {
    fn of(program: &Program) -> Figures {
        let proc = format!("/proc/{}", program.id());
        let status = fs::read_to_string(format!("{proc}/status")).expect("a running process");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            number.expect("a number in /proc/PID/status")
        };
        let descriptors = fs::read_dir(format!("{proc}/fd")).expect("a running process");
        Figures {
            threads: field("Threads:"),
            descriptors: descriptors.count(),
            kilobytes: field("VmRSS:"),
        }
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Figures {
            threads,
            descriptors,
            kilobytes,
        } = self;
        write!(
            f,
            "{threads} threads {descriptors:5} descriptors {kilobytes:6} kB"
        )
    }
}
