//! Step 2: many addresses, one connection: which one first, and when the next one (RFC 8305).

use std::net::IpAddr;
use std::time::Duration;

/// How long an attempt is alone before the next one begins beside it (RFC 8305 §5: Connection Attempt Delay).
pub const STAGGER: Duration = Duration::from_millis(250);

/// The order in which addresses are tried (RFC 8305 §4, without the sorting of RFC 6724).
///
/// IPv6 and IPv4 take turns, IPv6 first, as long as there are addresses of both; then come the rest. Addresses of one family
/// stay in their order. Each address is there once, where it stood first.
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

/// What to do next, to get one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Begin an attempt with this address, and ask again.
    Begin(IpAddr),
    /// Wait for the attempts that run, until this moment at most, and ask again.
    WaitUntil(Duration),
    /// There is nothing to wait for any more.
    Over,
}

/// Attempts to connect that overlap: a machine that has no sockets and no clock. Whoever owns it stops asking when
/// an attempt has succeeded.
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
    /// The addresses of `plan` are tried in its order, from `now` on, for as long as `patience`, all together. It may be
    /// `Duration::MAX`.
    pub fn new(plan: Vec<IpAddr>, now: Duration, patience: Duration) -> Attempts {
        Attempts {
            left: plan.into_iter(),
            running: Vec::new(),
            next_at: now,
            deadline: now.saturating_add(patience),
        }
    }

    /// What to do at `now`. It is never earlier than in the call before. The first of these that applies:
    ///
    /// 1. The time is up (`now` is the beginning plus `patience`, or later): `Over`.
    /// 2. There are addresses left, and the first one has not begun yet, or the last attempt that began did so [`STAGGER`]
    ///    ago or longer, or an attempt has failed since it began: `Begin`, with the next address. It begins `now`.
    /// 3. Attempts run: `WaitUntil`, the moment at which one of these changes.
    /// 4. `Over`.
    ///
    /// Several failures together let one attempt begin.
    pub fn next(&mut self, now: Duration) -> Next {
        if now >= self.deadline {
            return Next::Over;
        }
        if now >= self.next_at
            && let Some(addr) = self.left.next()
        {
            self.running.push(addr);
            self.next_at = now.saturating_add(STAGGER);
            return Next::Begin(addr);
        }
        match (self.running.is_empty(), self.left.as_slice().is_empty()) {
            (true, _) => Next::Over,
            (false, true) => Next::WaitUntil(self.deadline),
            (false, false) => Next::WaitUntil(self.next_at.min(self.deadline)),
        }
    }

    /// The attempt with this address has failed. One that does not run changes nothing.
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
