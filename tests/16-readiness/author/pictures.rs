//! Pictures of the book: one thread among six clients, and where the bytes of a client are that does not read. They are
//! drawn of the reference answer only, and only when asked, on a machine that has nothing else to do:
//! `NETLAB_PICTURES=$PWD/book/src/pictures cargo test -p sol16 pictures`

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use concurrent_server::SystemClock;
use netlab::picture::Picture;
use netlab::{frames, lab};
use readiness::{EchoFrames, Event, LIMITS, Server};

fn drawing() -> bool {
    std::env::var_os("NETLAB_PICTURES").is_some()
}

/// The schedule of chapter 03's picture: when each client connects, and how long it thinks before it asks, in
/// milliseconds.
const SCHEDULE: [(&str, u64, u64); 6] = [
    ("A", 0, 160),
    ("B", 20, 40),
    ("C", 40, 60),
    ("D", 50, 30),
    ("E", 70, 50),
    ("F", 80, 20),
];

#[test]
fn pictures_of_one_thread() {
    if !drawing() {
        return;
    }
    lab(|lab| {
        let began = Instant::now();
        let server = Served::starts(began, SCHEDULE.len());
        thread::scope(|scope| {
            for (_, connects, thinks) in SCHEDULE {
                let addr = server.addr;
                scope.spawn(move || {
                    until(began, connects);
                    let mut stream = TcpStream::connect(addr).expect("connect");
                    until(Instant::now(), thinks);
                    let frame = frames::frame("hello");
                    stream.write_all(&frame).expect("a frame");
                    stream
                        .read_exact(&mut vec![0; frame.len()])
                        .expect("its echo");
                });
            }
        });
        let (rounds, used) = server.ends();
        lab.draws("16-turns", turns(&rounds, used));
    });
}

/// What happened in a round, and when it was over.
type Round = (Duration, Vec<Event>);

/// A server of the reference at work, on a thread of its own, until so many clients have left.
struct Served {
    addr: SocketAddr,
    thread: JoinHandle<(Vec<Round>, Duration)>,
}

impl Served {
    fn starts(began: Instant, clients: usize) -> Served {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("bind");
        let addr = listener.local_addr().expect("an address");
        let clock = SystemClock::new();
        let mut server = Server::new(listener, EchoFrames, clock, LIMITS).expect("a server");
        let thread = thread::spawn(move || {
            let mut rounds = Vec::new();
            let mut left = 0;
            let before = processor_time();
            while left < clients {
                let happened = server.round(None).expect("a round");
                let closed = |event: &&Event| matches!(event, Event::Closed(..));
                left += happened.iter().filter(closed).count();
                rounds.push((began.elapsed(), happened));
            }
            (rounds, processor_time() - before)
        });
        Served { addr, thread }
    }

    /// Its rounds, and the processor time that they took.
    fn ends(self) -> (Vec<Round>, Duration) {
        self.thread.join().expect("it serves")
    }
}

/// This thread's, on Linux.
fn processor_time() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds = told.split(' ').next().expect("a number");
    Duration::from_nanos(nanoseconds.parse().expect("a number"))
}

fn until(began: Instant, milliseconds: u64) {
    let at = began + Duration::from_millis(milliseconds);
    while let Some(left) = at.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
}

/// Time from left to right: a lane for each client, with its turns, and one for the thread.
fn turns(rounds: &[Round], used: Duration) -> String {
    const LEFT: usize = 96;
    const SCALE: usize = 3; // pixels a millisecond
    const END: usize = 200;
    const LANE: usize = 30;
    let x = |at: Duration| LEFT + (at.as_micros() as usize * SCALE / 1000).min(END * SCALE);
    let right = LEFT + END * SCALE;
    let bottom = 20 + LANE * (SCHEDULE.len() + 1);

    let title = "Six clients at one thread: when each is there, and when the thread works";
    let mut picture = Picture::new(right + 24, bottom + 92, title);
    let happened = |is_it: &dyn Fn(&Event) -> bool| {
        let all = rounds.iter().filter(|(_, events)| events.iter().any(is_it));
        all.map(|(at, _)| *at).collect::<Vec<Duration>>()
    };
    // They connect in the order of their names.
    let names = rounds.iter().flat_map(|(_, events)| events);
    let ids = names.filter_map(|event| match event {
        Event::Opened(id, _) => Some(*id),
        _ => None,
    });
    for (row, (id, (name, ..))) in ids.zip(SCHEDULE).enumerate() {
        let lane = 20 + LANE * row;
        let opened = happened(&|event| matches!(event, Event::Opened(its, _) if *its == id));
        let answered = happened(&|event| matches!(event, Event::Answered(its) if *its == id));
        let closed = happened(&|event| matches!(event, Event::Closed(its, _) if *its == id));
        let (from, to) = (x(opened[0]), x(closed[0]));
        picture.text(LEFT - 12, lane + 19, "end", 13, 1.0, name);
        picture.rect(from, lane + 4, to - from, 22, "#3a8f5f", 0.3);
        picture.rect(x(answered[0]) - 2, lane + 4, 4, 22, "#3a8f5f", 1.0);
    }
    let lane = 20 + LANE * SCHEDULE.len();
    picture.text(LEFT - 12, lane + 19, "end", 12, 0.8, "the thread");
    picture.line(LEFT, lane + 15, right, lane + 15, 0.25);
    for (at, _) in rounds {
        picture.rect(x(*at) - 1, lane + 4, 2, 22, "#1f83d6", 1.0);
    }
    picture.line(LEFT, bottom + 6, right, bottom + 6, 0.6);
    for at in (0..=END).step_by(40) {
        let x = LEFT + at * SCALE;
        picture.line(x, bottom + 6, x, bottom + 11, 0.6);
        picture.text(x, bottom + 26, "middle", 11, 0.7, &format!("{at} ms"));
    }
    let key = bottom + 44;
    picture.rect(LEFT, key, 16, 14, "#3a8f5f", 0.3);
    picture.text(LEFT + 22, key + 12, "start", 12, 0.8, "is connected");
    picture.rect(LEFT + 146, key, 4, 14, "#3a8f5f", 1.0);
    picture.text(LEFT + 158, key + 12, "start", 12, 0.8, "is answered");
    picture.rect(LEFT + 270, key, 2, 14, "#1f83d6", 1.0);
    let (rounds, span) = (rounds.len(), rounds[rounds.len() - 1].0.as_millis());
    let words = format!("a round: {rounds} in {span} ms");
    picture.text(LEFT + 280, key + 12, "start", 12, 0.8, &words);
    let words = format!("processor time of the thread: {} µs", used.as_micros());
    picture.text(LEFT, key + 36, "start", 12, 0.8, &words);
    picture.finish()
}

#[test]
fn pictures_of_back_pressure() {
    if !drawing() {
        return;
    }
    lab(|lab| {
        let server = Served::starts(Instant::now(), 1);
        let mut client = TcpStream::connect(server.addr).expect("connect");
        let patience = Some(Duration::from_millis(300));
        client
            .set_write_timeout(patience)
            .expect("a write time-out");
        let frame = frames::frame(vec![b'x'; 1000]);
        let mut sent = 0;
        // It sends until it has been stopped, and reads nothing.
        let stopped = loop {
            let rest = &frame[sent % frame.len()..];
            match client.write(rest) {
                Ok(n) => sent += n,
                Err(error) => break error.kind(),
            }
        };
        assert!(matches!(
            stopped,
            ErrorKind::WouldBlock | ErrorKind::TimedOut
        ));
        let here = client.local_addr().expect("an address");
        let [client_sends, client_receives] = queues(here, server.addr);
        let [server_sends, server_receives] = queues(server.addr, here);
        let elsewhere = client_sends + server_receives + server_sends + client_receives;
        let places = [
            ("client", "send buffer", client_sends),
            ("server", "receive buffer", server_receives),
            ("yours", "inbox and outbox", sent - elsewhere),
            ("server", "send buffer", server_sends),
            ("client", "receive buffer", client_receives),
        ];
        lab.draws("16-back-pressure", bars(sent, &places));
        drop(client);
        server.ends();
    });
}

/// How many bytes wait in a socket's two queues, to be sent or acknowledged, and to be read: /proc/net/tcp.
fn queues(local: SocketAddr, remote: SocketAddr) -> [usize; 2] {
    let hex = |addr: SocketAddr| format!("0100007F:{:04X}", addr.port());
    let table = fs::read_to_string("/proc/self/net/tcp").expect("Linux");
    let rows = table.lines().map(|row| row.split_whitespace().collect());
    let row = rows
        .into_iter()
        .find(|row: &Vec<&str>| row[1] == hex(local) && row[2] == hex(remote))
        .expect("the socket's row");
    let (sends, receives) = row[4].split_once(':').expect("two queues");
    [sends, receives].map(|queue| usize::from_str_radix(queue, 16).expect("a number"))
}

/// The way of the bytes from top to bottom.
fn bars(sent: usize, places: &[(&str, &str, usize)]) -> String {
    const LEFT: usize = 230;
    const WIDTH: usize = 380;
    const ROW: usize = 34;
    let title = "A client sends and never reads: where its bytes are when it has to wait";
    let mut picture = Picture::new(760, 40 + ROW * places.len() + 10, title);
    let words = format!("the client has sent {} kB, and waits", sent / 1000);
    picture.text(10, 20, "start", 13, 1.0, &words);
    let most = places.iter().map(|(.., bytes)| *bytes).max().unwrap_or(1);
    for (row, (who, what, bytes)) in places.iter().enumerate() {
        let y = 40 + ROW * row;
        let fill = if *who == "yours" {
            "#d9730d"
        } else {
            "#1f83d6"
        };
        picture.text(10, y + 15, "start", 12, 0.8, who);
        picture.text(LEFT - 12, y + 15, "end", 12, 1.0, what);
        picture.rect(LEFT, y, (bytes * WIDTH / most).max(2), 22, fill, 0.8);
        let x = LEFT + bytes * WIDTH / most + 10;
        picture.text(x, y + 15, "start", 12, 1.0, &format!("{} kB", bytes / 1000));
    }
    picture.finish()
}
