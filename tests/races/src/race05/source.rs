//! What the pools are given to manage. Each library's adapter is written once, for any of these.

use std::io;
use std::time::Duration;

/// The work of a manager, without a pool's words for it.
pub trait Source: Send + Sync + 'static {
    type Conn: Send + 'static;

    fn connect(&self) -> io::Result<Self::Conn>;

    /// Whether an idle connection may be lent again.
    fn is_good(&self, _conn: &mut Self::Conn) -> bool {
        true
    }

    /// How long the way to the server is: slept before each connect.
    fn round_trip(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether a connect has to wait a little longer. Asked again and again; `held` is false at first,
    /// and then what the last answer has made of it.
    fn connect_is_held(&self, _held: &mut bool) -> bool {
        false
    }

    /// The same for a check.
    fn check_is_held(&self, _held: &mut bool) -> bool {
        false
    }
}

/// How often somebody who is held asks again.
pub const A_MOMENT: Duration = Duration::from_millis(1);

/// Connections to nowhere: what is left is the pool's own work.
pub struct Nothing;

impl Source for Nothing {
    type Conn = u64;

    fn connect(&self) -> io::Result<u64> {
        Ok(0)
    }
}

/// A connect by a manager that may let its thread wait.
pub fn connect<S: Source>(source: &S) -> io::Result<S::Conn> {
    if !source.round_trip().is_zero() {
        std::thread::sleep(source.round_trip());
    }
    let mut held = false;
    while source.connect_is_held(&mut held) {
        std::thread::sleep(A_MOMENT);
    }
    source.connect()
}

/// Likewise a check.
pub fn is_good<S: Source>(source: &S, conn: &mut S::Conn) -> bool {
    let mut held = false;
    while source.check_is_held(&mut held) {
        std::thread::sleep(A_MOMENT);
    }
    source.is_good(conn)
}

/// A connect by a manager whose thread has other tasks.
pub async fn connect_async<S: Source>(source: &S) -> io::Result<S::Conn> {
    if !source.round_trip().is_zero() {
        tokio::time::sleep(source.round_trip()).await;
    }
    let mut held = false;
    while source.connect_is_held(&mut held) {
        tokio::time::sleep(A_MOMENT).await;
    }
    source.connect()
}

/// Likewise a check.
pub async fn is_good_async<S: Source>(source: &S, conn: &mut S::Conn) -> bool {
    let mut held = false;
    while source.check_is_held(&mut held) {
        tokio::time::sleep(A_MOMENT).await;
    }
    source.is_good(conn)
}
