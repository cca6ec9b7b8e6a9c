//! Which test this is, derived from where it stands, so that no test has to say it.

use std::panic::Location;

#[derive(Clone, Debug)]
pub struct TestName {
    /// The test function, `s3_half_close_still_gets_its_echo`.
    pub function: String,
    /// The chapter's folder, `02-tcp-echo`, when the test stands in one.
    pub chapter: Option<String>,
    /// The folder of the answer that it tests, `chapters/02-tcp-echo` or `solutions/02-tcp-echo`.
    pub package: Option<String>,
}

impl TestName {
    /// `closure` is the type's name of the test's body, in whose path the function stands.
    pub fn of(closure: &str, caller: &Location<'_>) -> TestName {
        TestName {
            function: function_of(closure),
            chapter: chapter_of(caller.file()),
            package: package_of(caller.file()),
        }
    }

    /// `02` and `3` for a test `s3_…` in `02-tcp-echo`.
    pub fn chapter_and_step(&self) -> Option<(&str, &str)> {
        let number = self.chapter.as_deref()?.split('-').next()?;
        let step = self.function.strip_prefix('s')?.split('_').next()?;
        let is_number = !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit());
        is_number.then_some((number, step))
    }

    pub fn title(&self) -> String {
        match (&self.chapter, self.chapter_and_step()) {
            (Some(chapter), Some((_, step))) => {
                format!("{chapter}, step {step}: {}", self.function)
            }
            (Some(chapter), None) => format!("{chapter}: {}", self.function),
            (None, _) => self.function.clone(),
        }
    }
}

fn function_of(closure: &str) -> String {
    let path = closure.split("::{{closure}}").next().unwrap_or(closure);
    path.rsplit("::").next().unwrap_or(path).to_owned()
}

/// What stands before the way to the tests: `chapters/02-tcp-echo/../../tests/02-tcp-echo/main.rs`.
fn package_of(file: &str) -> Option<String> {
    let file = file.replace('\\', "/");
    let (package, _) = file.split_once("/../../tests/")?;
    let from = package.find("chapters/").or(package.find("solutions/"))?;
    Some(package[from..].to_owned())
}

/// The part of the path that looks like `02-tcp-echo`. A chapter's manifest reaches its tests by
/// `../../tests/…`, so the last such part counts.
fn chapter_of(file: &str) -> Option<String> {
    file.split(['/', '\\'])
        .rfind(|part| {
            let part = part.as_bytes();
            part.len() > 3
                && part[0].is_ascii_digit()
                && part[1].is_ascii_digit()
                && part[2] == b'-'
        })
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_is_the_last_name_before_the_closure() {
        assert_eq!(
            function_of("exercise::s1_a::s1_be16::{{closure}}"),
            "s1_be16"
        );
        assert_eq!(
            function_of("solution::exercise::s1_a::s1_x::{{closure}}::{{closure}}"),
            "s1_x"
        );
    }

    #[test]
    fn chapter_is_the_last_numbered_folder() {
        let file = "chapters/02-tcp-echo/../../tests/03-x/s3_serve.rs";
        assert_eq!(chapter_of(file).as_deref(), Some("03-x"));
        assert_eq!(
            chapter_of(r"tests\02-tcp-echo\main.rs").as_deref(),
            Some("02-tcp-echo")
        );
        assert_eq!(chapter_of("tests/netlab/tests/own.rs"), None);
    }

    #[test]
    fn package_is_what_stands_before_the_way_to_the_tests() {
        let package = |file: &str| package_of(file).unwrap_or_default();
        let file = "solutions/02-a/../../tests/02-a/author/../s3_serve.rs";
        assert_eq!(package(file), "solutions/02-a");
        let file = r"C:\x\chapters\02-a\..\..\tests\02-a\main.rs";
        assert_eq!(package(file), "chapters/02-a");
        assert_eq!(package("tests/netlab/tests/own.rs"), "");
    }

    #[test]
    fn step_is_the_number_after_s() {
        let name = |function: &str| TestName {
            function: function.into(),
            chapter: Some("02-tcp-echo".into()),
            package: None,
        };
        assert_eq!(name("s12_x").chapter_and_step(), Some(("02", "12")));
        assert_eq!(name("silent").chapter_and_step(), None);
    }
}
