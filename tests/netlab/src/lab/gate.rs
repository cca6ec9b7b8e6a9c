//! A place where threads wait until the test lets them go on. It takes the place of sleeping.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::calls::on_a_quiet_machine;
use super::inner::GLANCE;
use super::inner::Lab;
use crate::report::text::in_words;

/// How often a thread of the student's that waits here looks up to see whether the test has failed. Seldom:
/// what wakes again and again is taken for a loop.
const SELDOM: Duration = Duration::from_millis(200);

/// Clones are the same gate.
#[derive(Clone)]
pub struct Gate {
    lab: Lab,
    name: String,
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    open: bool,
    arrived: usize,
}

impl Lab {
    pub fn gate(&self, name: &str) -> Gate {
        Gate {
            lab: self.clone(),
            name: name.to_owned(),
            shared: Arc::default(),
        }
    }
}

impl Gate {
    /// Lets everybody through, now and later.
    pub fn opens(&self) {
        self.lab.note(format!("{} opens", self.name));
        self.state().open = true;
        self.shared.1.notify_all();
    }

    /// Waits until the gate is open. To be called by handlers and other code of the course that
    /// runs inside the student's threads.
    pub fn waits(&self) {
        let mut state = self.state();
        state.arrived += 1;
        self.shared.1.notify_all();
        // Longer than one wait: who expects arrivals gives up first, and says what is missing.
        let limit = self.lab.0.patience.call();
        if !self.wait_until(state, limit, SELDOM, |state| state.open) {
            let expected = format!("{} to open", self.name);
            let got = format!("still shut after {}", in_words(limit));
            self.lab.stuck(&expected, &got, None);
        }
    }

    /// Waits until `n` threads have come to the gate: proof that they run at the same time.
    pub fn expects_arrivals(&self, n: usize) {
        let limit = self.lab.0.patience.wait();
        if !self.wait_until(self.state(), limit, GLANCE, |state| state.arrived >= n) {
            let expected = format!("{n} at {} at the same time", self.name);
            let got = format!("{} after {}", self.arrivals(), in_words(limit));
            self.lab.stuck(&expected, &got, None);
        }
        let who = match n {
            1 => "one has".to_owned(),
            n => format!("{n} have"),
        };
        self.lab.note(format!("{who} come to {}", self.name));
    }

    /// How many have come to the gate so far.
    pub fn arrivals(&self) -> usize {
        self.state().arrived
    }

    fn wait_until(
        &self,
        mut state: MutexGuard<'_, State>,
        limit: Duration,
        glance: Duration,
        met: impl Fn(&State) -> bool,
    ) -> bool {
        // Counted as all waits of the laboratory are, so that the shorter one is over first.
        let calls = &self.lab.0.calls;
        let (began, in_line) = (Instant::now(), calls.in_line());
        let is_over = || {
            let waited = began.elapsed();
            let in_line = || calls.in_line().saturating_sub(in_line);
            waited >= limit && on_a_quiet_machine(waited, in_line(), limit) >= limit
        };
        while !met(&state) {
            if is_over() || self.lab.0.failure().is_some() {
                return false;
            }
            state = self
                .shared
                .1
                .wait_timeout(state, glance)
                .unwrap_or_else(|p| p.into_inner())
                .0;
        }
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
