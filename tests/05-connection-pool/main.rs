//! The tests of chapter 05, from a shelf to a load program.

mod fake;
mod frames;
mod s1_shelf;
mod s2_permits;
mod s3_age;
mod s4_pool;
mod s5_health;
mod s6_upkeep;
mod s7_retry;
mod s8_load;
mod timeline;
mod together;
mod waits;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

/// Longer than any test may take: who waits this long waits for ever.
const FOR_EVER: Duration = Duration::from_secs(60);

/// Lets `thing` be dropped by a panic that passes through its owner. (The panic is no news, so it
/// is raised without the hook that would print it.)
fn panic_while_holding<T>(thing: T) {
    let caught = catch_unwind(AssertUnwindSafe(move || {
        let _held = thing;
        resume_unwind(Box::new("the user's code panics"));
    }));
    drop(caught);
}
