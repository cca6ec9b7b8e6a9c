//! In what way somebody may do otherwise than ours, and still does as RFC 9113 says. Whoever does not is explained in the row, in
//! a sentence that begins with its name.

use super::rules::{OURS, Row};

/// In what way this verdict is right; `None` if nothing says so.
pub fn how_it_differs(row: &Row, judge: &str, verdict: &str) -> Option<&'static str> {
    if row.accepts(verdict) {
        return Some("as ours");
    }
    let expected = row.kept(OURS).expect("what ours must do").split(" or ");
    let freedom = expected
        .filter_map(|expected| freedom(expected, verdict))
        .next();
    freedom.or_else(|| {
        let explains = row.why.contains(&format!("{judge}: "));
        explains.then_some("explained in its row")
    })
}

/// The section of RFC 9113 by which somebody may do otherwise.
fn freedom(expected: &str, verdict: &str) -> Option<&'static str> {
    let errors = |verdict: &str| {
        verdict
            .split(", ")
            .any(|item| item.starts_with("connection") || item.contains("reset"))
    };
    // Whoever has taken what is wrong has seen no error.
    let is_over = verdict.ends_with("closed") && !verdict.contains(" 200");
    let by_a_connection_error = verdict.starts_with("connection ") || is_over;
    if verdict.strip_suffix(", closed") == Some(expected) {
        return Some("closes when it has what it wants (§5.4.1)");
    }
    if expected.starts_with("connection ") && is_over {
        return Some("no GOAWAY (§5.4.1: SHOULD)");
    }
    if expected.starts_with("connection ") && verdict.starts_with("connection ") {
        return Some("another code (§5.4: any that applies)");
    }
    if errors(expected) && by_a_connection_error {
        return Some("an error of the connection instead (§5.4.1)");
    }
    // 400 or another answer in place of RST_STREAM, or before it.
    let expected: Vec<&str> = expected.split(", ").collect();
    let verdict: Vec<&str> = verdict.split(", ").collect();
    let is_answered = |(expected, verdict): (&&str, &&str)| {
        let stream = expected.split(' ').next();
        expected == verdict
            || expected.ends_with("reset PROTOCOL_ERROR")
                && verdict.split(' ').next() == stream
                && verdict.contains(" 400")
    };
    (expected.len() == verdict.len() && expected.iter().zip(&verdict).all(is_answered))
        .then_some("400 instead (§8.1.1, §8.2.1)")
}
