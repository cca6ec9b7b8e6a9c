//! Tests that need what a machine may not have.

/// Set where bubblewrap is hidden on purpose, so that the tests of the weaker jails run in CI, too.
pub const WITHOUT_BWRAP: &str = "GRADER_TESTS_WITHOUT_BWRAP";

/// Says that a test, or a part of it, is left out. In CI nothing may be.
pub fn skip(why: &str) {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    assert!(
        !is_set("CI") || is_set(WITHOUT_BWRAP),
        "skipped in CI, where nothing may be: {why}"
    );
    eprintln!("skipped: {why}");
}
