//! How long the laboratory waits. One environment variable, `NETLAB_PATIENCE`, scales it all:
//! `NETLAB_PATIENCE=3` on a machine that is three times slower.

use std::time::Duration;

/// How often a wait looks up to see whether the test has already failed elsewhere.
pub const GLANCE: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug)]
pub struct Patience(f64);

impl Patience {
    pub fn times(factor: f64) -> Patience {
        Patience(factor)
    }

    pub fn from_environment() -> Patience {
        let factor = std::env::var("NETLAB_PATIENCE")
            .ok()
            .and_then(|text| text.parse().ok())
            .filter(|factor| (0.01..=1000.0).contains(factor));
        Patience(factor.unwrap_or(1.0))
    }

    /// One wait: for bytes, for a connection, for a gate.
    pub fn wait(self) -> Duration {
        Duration::from_secs(2).mul_f64(self.0)
    }

    /// One call into the student's code.
    pub fn call(self) -> Duration {
        Duration::from_secs(3).mul_f64(self.0)
    }

    /// One whole test.
    pub fn test(self) -> Duration {
        Duration::from_secs(5).mul_f64(self.0)
    }
}

/// A span as a person would say it: `2 s`, `250 ms`.
pub fn in_words(span: Duration) -> String {
    if span >= Duration::from_secs(1) {
        let tenths = (span.as_secs_f64() * 10.0).round() / 10.0;
        format!("{tenths} s")
    } else {
        format!("{} ms", span.as_millis())
    }
}
