//! Which test this is, derived from where it stands, so that no test has to say it.

use std::any::type_name;
use std::panic::Location;

#[derive(Clone, Debug)]
pub struct TestName {
    /// The test function, `s3_half_close_still_gets_its_echo`.
    pub function: String,
    /// The chapter's folder, `02-tcp-echo`, when the test stands in one.
    pub chapter: Option<String>,
}

impl TestName {
    /// `F` is the closure that is the test's body: its type's path holds the function's name.
    pub fn of<F>(caller: &Location<'_>) -> TestName {
        TestName {
            function: function_of(type_name::<F>()),
            chapter: chapter_of(caller.file()),
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
    fn step_is_the_number_after_s() {
        let name = |function: &str| TestName {
            function: function.into(),
            chapter: Some("02-tcp-echo".into()),
        };
        assert_eq!(name("s12_x").chapter_and_step(), Some(("02", "12")));
        assert_eq!(name("silent").chapter_and_step(), None);
    }
}
