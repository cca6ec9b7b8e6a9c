//! Tests that need what a machine may not have.

/// Set where bubblewrap is hidden on purpose, so that the tests of the weaker jails run in CI, too.
pub const WITHOUT_BWRAP: &str = "GRADER_TESTS_WITHOUT_BWRAP";

/// Says that a test, or a part of it, is left out. In CI on Linux nothing may be.
pub fn skip(why: &str) {
    if std::env::var_os(WITHOUT_BWRAP).is_some_and(|value| !value.is_empty()) {
        eprintln!("left out: {why}");
    } else {
        netlab::needs::left_out(why);
    }
}
