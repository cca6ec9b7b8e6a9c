//! Readers and writers that do what a real stream is allowed to do, every time.
//!
//! A blocking socket rarely takes only part of a write. These adapters always do, so that code which
//! ignores the returned count fails on its first run. [`Lab::watch`] puts their calls into the story.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use crate::lab::Lab;
use crate::lab::panics::fail_check;
use crate::report::hex;

/// Reads and writes at most one byte a call.
#[derive(Debug)]
pub struct OneByte<T>(pub T);

impl<R: Read> Read for OneByte<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(1);
        self.0.read(&mut buf[..most])
    }
}

impl<W: Write> Write for OneByte<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(&buf[..buf.len().min(1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Every other call, starting with the first, fails with `Interrupted`, like a call that a signal has
/// woken (EINTR). Nothing is lost.
#[derive(Debug)]
pub struct Interrupting<T> {
    pub inner: T,
    calls: usize,
}

impl<T> Interrupting<T> {
    pub fn new(inner: T) -> Interrupting<T> {
        Interrupting { inner, calls: 0 }
    }

    fn tick(&mut self) -> io::Result<()> {
        self.calls += 1;
        if self.calls % 2 == 1 {
            Err(ErrorKind::Interrupted.into())
        } else {
            Ok(())
        }
    }
}

impl<R: Read> Read for Interrupting<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.tick()?;
        self.inner.read(buf)
    }
}

impl<W: Write> Write for Interrupting<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.tick()?;
        self.inner.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// One thing that a [`Tape`] plays.
#[derive(Clone, Debug)]
pub enum Play {
    /// These bytes, in one read if the buffer is large enough.
    Bytes(Vec<u8>),
    /// An error of this kind, once.
    Error(ErrorKind),
}

/// A reader and writer with a script, and a count of the calls it got.
///
/// Reading plays the script and then gives `Ok(0)`, end of file, however often it is asked. Writing
/// takes up to `takes` bytes a call and keeps them. A loop that ignores `Ok(0)` would never end,
/// so the test fails after [`VAIN_CALLS`] such calls. It also fails when far more is written than any
/// exercise needs.
#[derive(Debug)]
pub struct Tape {
    script: VecDeque<Play>,
    /// Bytes that were written.
    pub written: Vec<u8>,
    takes: usize,
    /// Calls to `read` so far.
    pub reads: usize,
    /// Calls to `read` that were answered with `Ok(0)`.
    pub ends: usize,
    /// Calls to `write` so far.
    pub writes: usize,
    /// Calls to `write` that were answered with `Ok(0)`.
    pub refusals: usize,
    /// Calls to `flush` so far.
    pub flushes: usize,
}

/// How many calls `Ok(0)` may answer.
const VAIN_CALLS: usize = 1000;
/// How many bytes a tape keeps.
const LONGEST: usize = 64 << 20;

impl Tape {
    /// Plays these things to whoever reads; takes everything that is written.
    pub fn new(script: impl IntoIterator<Item = Play>) -> Tape {
        Tape {
            script: script.into_iter().collect(),
            written: Vec::new(),
            takes: usize::MAX,
            reads: 0,
            ends: 0,
            writes: 0,
            refusals: 0,
            flushes: 0,
        }
    }

    /// Takes at most `n` bytes a write; 0 is a sink that is full for ever.
    pub fn taking(mut self, n: usize) -> Tape {
        self.takes = n;
        self
    }
}

fn after_zero(calls: usize, name: &str, meaning: &str) {
    if calls > VAIN_CALLS {
        fail_check(
            &format!("no more calls of {name} when it has said Ok(0): {meaning}"),
            &format!("{VAIN_CALLS} more calls"),
        );
    }
}

impl Read for Tape {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        match self.script.pop_front() {
            None => {
                self.ends += 1;
                after_zero(self.ends, "read", "end of file");
                Ok(0)
            }
            Some(Play::Error(kind)) => Err(kind.into()),
            Some(Play::Bytes(mut bytes)) => {
                let n = bytes.len().min(buf.len());
                buf[..n].copy_from_slice(&bytes[..n]);
                if n < bytes.len() {
                    self.script.push_front(Play::Bytes(bytes.split_off(n)));
                }
                Ok(n)
            }
        }
    }
}

impl Write for Tape {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        let n = buf.len().min(self.takes);
        if n == 0 && !buf.is_empty() {
            self.refusals += 1;
            after_zero(self.refusals, "write", "it takes nothing more");
        }
        if self.written.len() + n > LONGEST {
            fail_check(
                "writing to come to an end",
                &format!("more than {LONGEST} bytes"),
            );
        }
        self.written.extend_from_slice(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushes += 1;
        Ok(())
    }
}

/// A reader or writer whose calls stand in the story.
pub struct Watched<T> {
    lab: Lab,
    name: String,
    pub inner: T,
}

impl Lab {
    /// Puts each `read` and `write` of `inner` into the story under this name.
    pub fn watch<T>(&self, name: &str, inner: T) -> Watched<T> {
        Watched {
            lab: self.clone(),
            name: name.to_owned(),
            inner,
        }
    }
}

impl<T> Watched<T> {
    fn tell(&self, text: String, bytes: &[u8]) {
        self.lab.0.story.act(&self.name, text, hex::short(bytes));
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let answer = self.inner.read(buf);
        match &answer {
            Ok(0) => self.tell("gives 0 bytes: end of file".into(), &[]),
            Ok(n) => self.tell(format!("gives {}", hex::count(*n)), &buf[..*n]),
            Err(error) => self.tell(format!("answers {:?}", error.kind()), &[]),
        }
        answer
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let answer = self.inner.write(buf);
        match &answer {
            Ok(n) => self.tell(
                format!("takes {n} of {}", hex::count(buf.len())),
                &buf[..*n],
            ),
            Err(error) => self.tell(format!("answers {:?}", error.kind()), &[]),
        }
        answer
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
