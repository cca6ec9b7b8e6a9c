//! A place where threads wait until the test lets them go on. It takes the place of sleeping.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::lab::Lab;
use crate::patience::{GLANCE, in_words};

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
        if !self.wait_until(state, |state| state.open) {
            let expected = format!("{} to open", self.name);
            self.lab.stop(
                &expected,
                &format!("still shut after {}", in_words(self.lab.0.patience.wait())),
            );
        }
    }

    /// Waits until `n` threads have come to the gate: proof that they run at the same time.
    pub fn expects_arrivals(&self, n: usize) {
        if !self.wait_until(self.state(), |state| state.arrived >= n) {
            let arrived = self.state().arrived;
            self.lab.stop(
                &format!("{n} at {} at the same time", self.name),
                &format!("{arrived} after {}", in_words(self.lab.0.patience.wait())),
            );
        }
        self.lab.note(format!("{n} have come to {}", self.name));
    }

    /// How many have come to the gate so far.
    pub fn arrivals(&self) -> usize {
        self.state().arrived
    }

    fn wait_until(&self, mut state: MutexGuard<'_, State>, met: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now() + self.lab.0.patience.wait();
        while !met(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO || self.lab.0.failure().is_some() {
                return false;
            }
            let glance = left.min(GLANCE);
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
