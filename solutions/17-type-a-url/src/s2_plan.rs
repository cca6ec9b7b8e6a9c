//! Step 2: several addresses for one connection: which is tried first, and when the next one (RFC 8305).

use std::net::IpAddr;
use std::time::Duration;

/// How long after an attempt the next one begins beside it (RFC 8305 §5: Connection Attempt Delay).
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The order in which addresses are tried (RFC 8305 §4, without the sorting of RFC 6724).
///
/// IPv6 and IPv4 take turns, IPv6 first, as long as there are addresses of both; then come the rest. Addresses of one family
/// stay in their order. Each address appears once, where it stood first.
pub fn plan(addrs: &[IpAddr]) -> Vec<IpAddr> {
    let mut seen = Vec::new();
    for addr in addrs {
        if !seen.contains(addr) {
            seen.push(*addr);
        }
    }
    let (v6, v4): (Vec<IpAddr>, Vec<IpAddr>) = seen.iter().partition(|addr| addr.is_ipv6());
    let (mut v6, mut v4) = (v6.into_iter(), v4.into_iter());
    let mut order = Vec::new();
    while order.len() < seen.len() {
        order.extend(v6.next());
        order.extend(v4.next());
    }
    order
}

/// What to do next to get one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Begin an attempt with this address, and ask again.
    Begin(IpAddr),
    /// Wait for the attempts that run, until this moment at most, and ask again.
    WaitUntil(Duration),
    /// Nothing is left to try or to wait for.
    Over,
}

/// Overlapping attempts to connect: a state machine without sockets and without a clock. The caller stops asking when an
/// attempt has succeeded.
#[derive(Clone, Debug)]
pub struct Attempts {
    /// Those that have not begun.
    left: std::vec::IntoIter<IpAddr>,
    /// In the order in which they have begun.
    running: Vec<IpAddr>,
    /// When the next one may begin.
    next_at: Duration,
    deadline: Duration,
}

impl Attempts {
    /// The addresses of `plan` are tried in its order, from `now` on. `patience` is the limit for all of them together. It
    /// may be `Duration::MAX`.
    pub fn new(plan: Vec<IpAddr>, now: Duration, patience: Duration) -> Attempts {
        Attempts {
            left: plan.into_iter(),
            running: Vec::new(),
            next_at: now,
            deadline: now.saturating_add(patience),
        }
    }

    /// What to do at `now`, which is never earlier than in the call before. The first of these rules that applies:
    ///
    /// 1. The time is up (`now` is the beginning plus `patience`, or later): `Over`.
    /// 2. There are addresses left, and no attempt has begun yet, or the last one began [`ATTEMPT_DELAY`] ago or longer, or an
    ///    attempt has failed since then: `Begin`, with the next address. Its attempt begins `now`.
    /// 3. Attempts run: `WaitUntil`, with the next moment at which rule 1 or rule 2 applies.
    /// 4. `Over`.
    ///
    /// Several failures since the last attempt began let one attempt begin, and not several.
    pub fn next(&mut self, now: Duration) -> Next {
        if now >= self.deadline {
            return Next::Over;
        }
        if now >= self.next_at
            && let Some(addr) = self.left.next()
        {
            self.running.push(addr);
            self.next_at = now.saturating_add(ATTEMPT_DELAY);
            return Next::Begin(addr);
        }
        match (self.running.is_empty(), self.left.as_slice().is_empty()) {
            (true, _) => Next::Over,
            (false, true) => Next::WaitUntil(self.deadline),
            (false, false) => Next::WaitUntil(self.next_at.min(self.deadline)),
        }
    }

    /// The attempt with this address has failed. If no attempt with it runs, nothing changes.
    pub fn failed(&mut self, addr: IpAddr) {
        if let Some(at) = self.running.iter().position(|other| *other == addr) {
            self.running.remove(at);
            // Nobody waits behind a failure.
            self.next_at = Duration::ZERO;
        }
    }

    /// Which attempts run, in the order in which they have begun.
    pub fn running(&self) -> &[IpAddr] {
        &self.running
    }
}
