//! Where a panic happened, in a file of the reader's.
//!
//! Most of std's panics name the line that called std. Those that do not (arithmetic with durations,
//! `drain`) and those of a test's own code that the student's code has called are traced back to the
//! student's function. Only its name is known then: chapters are built without debug information, which
//! saves a fifth of a build.

use std::backtrace::Backtrace;
use std::panic::Location;
use std::sync::Arc;

/// Where a panic happened.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// `file:line` of the `panic!`, `todo!` or failed index.
    line: String,
    /// How it came there and the chapter whose test runs, where the line is none of the reader's.
    way: Option<(Arc<Backtrace>, String)>,
}

impl Place {
    /// `file:line`, as a program has told it.
    pub fn told(line: &str) -> Place {
        Place {
            line: line.to_owned(),
            way: None,
        }
    }

    /// The place of a panic that happens now on this thread. `chapter` is the folder of the chapter whose test
    /// is running.
    pub fn of(location: &Location, chapter: Option<&str>) -> Place {
        let file = tidy(location.file());
        let is_readers = file.contains("chapters/") || file.contains("solutions/");
        let chapter = chapter.filter(|_| !is_readers);
        Place {
            line: format!("{file}:{}", location.line()),
            way: chapter.map(|chapter| (Arc::new(Backtrace::force_capture()), chapter.to_owned())),
        }
    }

    /// Whether it is in the code of a test, which may panic by itself.
    pub fn is_in_test(&self) -> bool {
        self.line.starts_with("tests/")
    }

    pub fn line(&self) -> &str {
        &self.line
    }

    /// `chapters/03-x/src/s8.rs:12`, or `chapters/03-x/src/s8.rs, in Deadline::left`. It may look up the names of
    /// functions, which takes a tenth of a second: for a failure only.
    pub fn words(&self) -> String {
        let way = self.way.as_ref();
        let function = way.and_then(|(trace, chapter)| function_in(&trace.to_string(), chapter));
        match function {
            Some(function) if self.is_in_test() => {
                format!("{}, called from {function}", self.line)
            }
            Some(function) => function,
            None => self.line.clone(),
        }
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
