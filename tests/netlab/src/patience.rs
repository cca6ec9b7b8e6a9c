//! How long the laboratory waits. One environment variable, `NETLAB_PATIENCE`, scales it all:
//! `NETLAB_PATIENCE=3` on a machine that is three times slower.

use std::sync::OnceLock;
use std::time::Duration;

/// One wait: for bytes, for a connection, for a gate.
pub fn wait() -> Duration {
    Duration::from_secs(2).mul_f64(factor())
}

/// One call into the student's code.
pub fn call() -> Duration {
    Duration::from_secs(3).mul_f64(factor())
}

/// One whole test.
pub fn test() -> Duration {
    Duration::from_secs(5).mul_f64(factor())
}

/// How often a wait looks up to see whether the test has already failed elsewhere.
pub const GLANCE: Duration = Duration::from_millis(10);

fn factor() -> f64 {
    static FACTOR: OnceLock<f64> = OnceLock::new();
    *FACTOR.get_or_init(|| {
        std::env::var("NETLAB_PATIENCE")
            .ok()
            .and_then(|text| text.parse().ok())
            .filter(|factor| (0.01..=1000.0).contains(factor))
            .unwrap_or(1.0)
    })
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
