//! Connections and a server that do what an adversary wants.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use super::source::Source;

/// How long a user waits for a reply.
const PATIENCE: Duration = Duration::from_secs(1);

pub struct World {
    server: SocketAddr,
    /// Whether an idle connection may be lent again: step 5 of the chapter.
    look: fn(&TcpStream) -> io::Result<bool>,
    /// So many connects from now on fail.
    pub failing: AtomicUsize,
    /// So many connects from now on panic, and so many checks.
    pub panicking: AtomicUsize,
    pub panicking_checks: AtomicUsize,
    /// So many connects from now on are held, and so many checks, as long as `held_on` is true.
    pub held: AtomicUsize,
    pub held_checks: AtomicUsize,
    pub held_on: AtomicBool,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    made: AtomicUsize,
    /// Connections that exist now, and the largest number that did at the same time.
    live: AtomicUsize,
    peak: AtomicUsize,
}

pub struct Conn {
    stream: TcpStream,
    /// 1 for the first one.
    pub number: usize,
    counts: Arc<Counts>,
}

/// What a user can ask for: a byte, which the server answers with the same byte.
#[derive(Clone, Copy)]
pub enum Ask {
    /// The answer is all.
    Echo = b'e' as isize,
    /// A byte too many follows it.
    TooMuch = b't' as isize,
    /// The server closes after it.
    LastWord = b'l' as isize,
    /// Half a request: the server answers when the other half is there.
    Half = b'h' as isize,
}

impl World {
    pub fn new(look: fn(&TcpStream) -> io::Result<bool>) -> io::Result<World> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let server = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || serve(stream));
            }
        });
        Ok(World {
            server,
            look,
            failing: AtomicUsize::new(0),
            panicking: AtomicUsize::new(0),
            panicking_checks: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            held_checks: AtomicUsize::new(0),
            held_on: AtomicBool::new(false),
            counts: Arc::default(),
        })
    }

    pub fn peak(&self) -> usize {
        self.counts.peak.load(SeqCst)
    }
}

impl Source for World {
    type Conn = Conn;

    fn connect(&self) -> io::Result<Conn> {
        if one_of(&self.panicking) {
            panic!("the manager panics, as it was told");
        }
        if one_of(&self.failing) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let stream = TcpStream::connect(self.server)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let live = self.counts.live.fetch_add(1, SeqCst) + 1;
        self.counts.peak.fetch_max(live, SeqCst);
        Ok(Conn {
            stream,
            number: self.counts.made.fetch_add(1, SeqCst) + 1,
            counts: self.counts.clone(),
        })
    }

    fn is_good(&self, conn: &mut Conn) -> bool {
        if one_of(&self.panicking_checks) {
            panic!("the check panics, as it was told");
        }
        (self.look)(&conn.stream).unwrap_or(false)
    }

    fn connect_is_held(&self, held: &mut bool) -> bool {
        *held = *held || one_of(&self.held);
        *held && self.held_on.load(SeqCst)
    }

    fn check_is_held(&self, held: &mut bool) -> bool {
        *held = *held || one_of(&self.held_checks);
        *held && self.held_on.load(SeqCst)
    }
}

/// Takes one off, if there is one.
fn one_of(count: &AtomicUsize) -> bool {
    count
        .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1))
        .is_ok()
}

impl Conn {
    /// Asks, and waits for all that comes of it, which includes a FIN.
    pub fn ask(&mut self, what: Ask) -> io::Result<()> {
        self.stream.write_all(&[what as u8])?;
        if let Ask::Half = what {
            return Ok(());
        }
        let mut reply = [0];
        self.stream.read_exact(&mut reply)?;
        if let Ask::TooMuch | Ask::LastWord = what {
            self.stream.peek(&mut reply.clone())?;
        }
        if reply[0] == what as u8 {
            Ok(())
        } else {
            Err(io::Error::other("another user's reply"))
        }
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        self.counts.live.fetch_sub(1, SeqCst);
    }
}

fn serve(mut stream: TcpStream) {
    let mut asked = [0];
    while let Ok(1) = stream.read(&mut asked) {
        let [what] = asked;
        let said: &[u8] = match what {
            b't' => b"t+",
            b'h' => match stream.read(&mut asked) {
                Ok(1) => b"h",
                _ => return,
            },
            _ => &[what],
        };
        if stream.write_all(said).is_err() || what == b'l' {
            return;
        }
    }
}
