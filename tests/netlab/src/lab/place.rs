//! Where a panic happened, in a file of the reader's.
//!
//! Most of std's panics name the line that called std. Those that do not (arithmetic with durations,
//! `drain`) and those of a test's own code that the student's code has called are traced back to the
//! student's function. Only its name is known then: chapters are built without debug information, which
//! saves a fifth of a build.

use std::backtrace::Backtrace;
use std::panic::Location;

/// `chapters/03-x/src/s8.rs:12`, or `chapters/03-x/src/s8.rs, in Deadline::left`. `chapter` is the folder
/// of the chapter whose test is running.
pub fn of(location: &Location, chapter: Option<&str>) -> String {
    let file = tidy(location.file());
    let place = format!("{file}:{}", location.line());
    let is_readers = file.contains("chapters/") || file.contains("solutions/");
    let Some(chapter) = chapter.filter(|_| !is_readers) else {
        return place;
    };
    // Looking up the names takes a tenth of a second: for a failure only.
    let trace = Backtrace::force_capture().to_string();
    match function_in(&trace, chapter) {
        Some(function) if file.starts_with("tests/") => format!("{place}, called from {function}"),
        Some(function) => function,
        None => place,
    }
}

/// The innermost function of the student's in a trace.
fn function_in(trace: &str, chapter: &str) -> Option<String> {
    let (_number, name) = chapter.split_once('-')?;
    let answer = name.replace('-', "_");
    let reference = format!("{answer}_solution");
    trace.lines().find_map(|line| {
        let (_number, function) = line.trim().split_once(": ")?;
        // `<crate::module::Type as Trait>::method`
        let path = function.trim_start_matches('<');
        let (krate, path) = path.split_once("::")?;
        let folder = match krate {
            _ if krate == answer => "chapters",
            _ if krate == reference => "solutions",
            _ => return None,
        };
        let path = path.trim_end_matches("::{{closure}}");
        let (module, function) = match path.split_once("::") {
            Some((module, function)) if module.starts_with('s') => (module, function),
            _ => ("lib", path),
        };
        let file = format!("{folder}/{chapter}/src/{module}.rs");
        // `Type as Trait>::method` is enough as `Type::method`.
        let function = match (function.split_once(" as "), function.split_once(">::")) {
            (Some((of, _)), Some((_, method))) => format!("{of}::{method}"),
            _ => function.to_owned(),
        };
        Some(format!("{file}, in {function}"))
    })
}

/// `chapters/02…/../../tests/02…/x.rs` → `tests/02…/x.rs`.
fn tidy(file: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in file.split(['/', '\\']) {
        if part == ".." && parts.last().is_some_and(|last| *last != "..") {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidy_folds_the_way_up() {
        assert_eq!(
            tidy("chapters/02-a/../../tests/02-a/s1.rs"),
            "tests/02-a/s1.rs"
        );
        assert_eq!(tidy("src/x.rs"), "src/x.rs");
    }

    #[test]
    fn the_innermost_function_of_the_student_is_found() {
        let place = |function: &str| {
            let trace = format!(
                "   6: core::option::expect_failed\n   \
                 7: <core::time::Duration as core::ops::arith::Sub>::sub\n   \
                 8: {function}\n   \
                 9: concurrent_server::s1_iterative::serve\n"
            );
            function_in(&trace, "03-concurrent-server").unwrap_or_default()
        };
        assert_eq!(
            place("concurrent_server::s8_deadlines::Deadline::left"),
            "chapters/03-concurrent-server/src/s8_deadlines.rs, in Deadline::left"
        );
        assert_eq!(
            place("concurrent_server_solution::s2_threads::serve::{{closure}}::{{closure}}"),
            "solutions/03-concurrent-server/src/s2_threads.rs, in serve"
        );
        assert_eq!(
            place("<concurrent_server::s3_limit::Slot as core::ops::drop::Drop>::drop"),
            "chapters/03-concurrent-server/src/s3_limit.rs, in Slot::drop"
        );
        assert_eq!(
            place("exercise::s8_deadlines::s8_in_time"),
            "chapters/03-concurrent-server/src/s1_iterative.rs, in serve"
        );
        assert_eq!(function_in("0: main", "03-concurrent-server"), None);
    }
}
