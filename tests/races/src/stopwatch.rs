//! Short times.

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use crate::stats;

/// How long one call takes: the median of batches. A batch is long beside the reading of a clock, and
/// short beside a turn of the processor, so that few are interrupted by somebody else's work.
pub fn nanoseconds<T>(span: Duration, mut call: impl FnMut() -> T) -> f64 {
    const BATCH: Duration = Duration::from_micros(20);
    let mut batch = |calls: u32| {
        let begun = Instant::now();
        for _ in 0..calls {
            black_box(call());
        }
        begun.elapsed()
    };
    let mut calls = 1;
    while batch(calls) < BATCH {
        calls *= 2;
    }
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || begun.elapsed() < span {
        times.push(batch(calls).as_nanos() as f64 / f64::from(calls));
    }
    let [half] = stats::quantiles(times, [0.5]);
    half
}

/// How long each of the calls took that began until `span` was over, in µs. One is made even when the
/// span was over before this thread had its first turn.
pub fn micros(
    begun: Instant,
    span: Duration,
    mut call: impl FnMut() -> io::Result<()>,
) -> io::Result<Vec<f64>> {
    let mut times = Vec::new();
    while times.is_empty() || begun.elapsed() < span {
        let asked = Instant::now();
        call()?;
        times.push(asked.elapsed().as_secs_f64() * 1e6);
    }
    Ok(times)
}
