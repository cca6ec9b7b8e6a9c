//! A simulated network in a test.

use super::inner::Lab;
use crate::sim::{Net, Time};

const FOR_EVER: Time = Time::from_nanos(u64::MAX);

impl Lab {
    /// An empty simulated network. If the test fails, what has crossed it so far is printed as the story,
    /// and `cargo workbook look` draws it.
    ///
    /// The seed decides what links do by chance: a number where nothing is left to chance, or one of
    /// [`Lab::seeds`].
    pub fn net(&self, seed: u64) -> Net {
        let net = Net::new(seed);
        self.watches(&net);
        net
    }

    /// The same for a network that was made elsewhere. It takes the place of an earlier one.
    pub fn watches(&self, net: &Net) {
        self.0.watch_net(net.shared_trace());
    }

    /// Runs a network until it is at rest. One that never is fails the test.
    pub fn runs(&self, net: &mut Net) {
        self.runs_until(net, FOR_EVER);
    }

    /// Runs a network until this moment.
    pub fn runs_until(&self, net: &mut Net, end: Time) {
        // The nodes are the student's: one that never returns gets a verdict.
        let result = self.0.call("step(now, event)", || match end {
            FOR_EVER => net.run(),
            end => net.run_until(end),
        });
        if let Err(restless) = result {
            self.stop_because(
                "the network to come to rest: nothing under way, no alarm set",
                &restless.summary,
                "Either two nodes answer each other for ever, or an alarm rings and is set again for a time \
                 that has passed. The last rows above show which.",
            );
        }
    }

    /// So many seeds, one for each run of something that is left to chance. If the test fails, the
    /// report says the last one, and how to begin with it: they count up from `NETLAB_SEED`, or from 1.
    pub fn seeds(&self, count: u64) -> impl Iterator<Item = u64> + use<> {
        let inner = self.0.clone();
        let first = inner.first_seed();
        (0..count).map(move |n| {
            let seed = first.wrapping_add(n);
            inner.draws_seed(seed);
            seed
        })
    }
}
