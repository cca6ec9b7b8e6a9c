//! What a thread waits for, and the usual cause when it waits for ever.

/// A call in which a thread waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    Accept,
    /// For bytes of a stream.
    Read,
    /// For bytes on standard input.
    Input,
    Datagram,
    Write,
    Connect,
    /// For a Mutex or an RwLock.
    Lock,
    /// Parked, as a channel's receiver is.
    Channel,
    Condvar,
    /// For the end of another thread.
    Join,
    /// For one of the four above; which one the system does not tell.
    Thread,
    Poll,
    Sleep,
    /// For the end of another program.
    Program,
}

impl Wait {
    /// What it does, behind `it` or `your serve(listener)`: `waits in accept() for a connection`.
    pub fn words(self) -> &'static str {
        match self {
            Wait::Accept => "waits in accept() for a connection",
            Wait::Read => "waits in read() for bytes or for the end of the stream",
            Wait::Input => "waits in read() for standard input",
            Wait::Datagram => "waits in recv() for a datagram",
            Wait::Write => "waits in write() for the peer to read: the buffers are full",
            Wait::Connect => "waits in connect() for an answer to its SYN",
            Wait::Lock => "waits for a lock that somebody holds",
            Wait::Channel => "waits in recv() for something to come out of a channel",
            Wait::Condvar => "waits for a Condvar's notice",
            Wait::Join => "waits in join() for another thread to end",
            Wait::Thread => "waits for a lock, a channel or another thread",
            Wait::Poll => "waits in poll() for any of its sockets",
            Wait::Sleep => "sleeps",
            Wait::Program => "waits for another program to end",
        }
    }

    /// Why it may wait for ever.
    pub fn cause(self) -> &'static str {
        match self {
            Wait::Accept => {
                "accept() returns only when one more client connects. Does the loop accept more clients than \
                 come? If something must wake it: does the wake-up connect to this listener?"
            }
            Wait::Read => {
                "read() returns when bytes come, or when the other end closes. Perhaps it waits for more \
                 than the other end sends, or both ends wait for each other, or somebody still holds the \
                 other end open: a clone counts."
            }
            Wait::Input => {
                "Standard input ends only when it is closed. Is more read than is needed?"
            }
            Wait::Datagram => {
                "A datagram may be lost, so recv() alone may wait for ever. Without a read time-out the wait \
                 has no end."
            }
            Wait::Write => {
                "The buffers between two ends are limited. When they are full, write() waits until the other \
                 end reads. If that end is writing too, both wait for ever: read meanwhile."
            }
            Wait::Connect => {
                "Nobody has answered the SYN: the listener's queue is full, and nobody accepts. connect() \
                 tries for minutes; connect_timeout() gives up earlier."
            }
            Wait::Lock => {
                "Somebody holds the lock. A guard lives to the end of its block, also during calls that \
                 wait. A thread that locks twice waits for itself. Two locks must be taken in the same order \
                 everywhere."
            }
            Wait::Channel => {
                "recv() returns when something is sent, or when the last Sender is gone. Is a Sender still \
                 alive? A clone counts, and so does the one that the caller keeps while it joins."
            }
            Wait::Condvar => {
                "A Condvar wakes only threads that wait already: change the state under the lock, then \
                 notify. notify_one wakes one of several. Who should have notified, and was it before the \
                 wait began?"
            }
            Wait::Join => {
                "join() returns when the other thread's function does. Whatever ends that thread must happen \
                 before join()."
            }
            Wait::Thread => {
                "What should wake it? A channel ends when its last Sender is gone; a lock is free when its \
                 guard is dropped; join() returns when the other thread does."
            }
            Wait::Poll => {
                "None of its sockets is ready. Which one should be, and is it registered? (connect_timeout() \
                 waits in poll(), too: for an answer to its SYN.)"
            }
            Wait::Sleep => {
                "Nothing shortens a sleep. To wait for an event, use a call that the event ends: \
                 recv_timeout, a Condvar's wait_timeout, a socket's read time-out."
            }
            Wait::Program => "The other program does not end.",
        }
    }

    /// Whether threads wait like this when there is simply nothing to do: a listener for clients, a
    /// worker for jobs.
    pub fn is_idle(self) -> bool {
        matches!(
            self,
            Wait::Accept | Wait::Channel | Wait::Condvar | Wait::Poll
        )
    }
}

/// What a thread is doing, as far as the system tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Waits(Wait),
    /// In a system call that is none of the well-known waits.
    Inside,
    Runs,
    /// The system does not tell.
    Hidden,
}

impl Doing {
    /// Behind `it` or `your serve(listener)`.
    pub fn words(self) -> &'static str {
        match self {
            Doing::Waits(wait) => wait.words(),
            Doing::Inside => "waits for something inside the system",
            Doing::Runs => "keeps running: a loop without end, or one with far too many steps?",
            Doing::Hidden => "is still running: a wait that nothing ends, or a loop without end",
        }
    }

    /// Why it may go on for ever, as far as this can be said.
    pub fn cause(self) -> Option<&'static str> {
        match self {
            Doing::Waits(wait) => Some(wait.cause()),
            Doing::Runs => Some(LOOP),
            Doing::Inside | Doing::Hidden => None,
        }
    }
}

/// Why a thread may be running without end.
const LOOP: &str = "Perhaps what would end the loop never happens or is not checked: does each round bring the loop \
    nearer to its end? (Of a stream, Ok(0) is the end and not \"nothing yet\", and an error that is ignored \
    comes again.) Or the loop does end, and takes far more steps than it needs.";
