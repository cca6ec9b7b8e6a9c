//! The panics in a program's standard error.

/// A panic as std prints it: `thread 'main' panicked at src/s6.rs:12:5:`, and the message on the next line.
#[derive(Debug, PartialEq)]
pub struct Printed<'a> {
    /// `src/s6.rs:12`
    pub place: &'a str,
    pub message: &'a str,
}

/// All panics in this text, in their order.
pub fn panics_in(stderr: &str) -> impl Iterator<Item = Printed<'_>> {
    let mut lines = stderr.lines();
    std::iter::from_fn(move || {
        let (_, place) = lines.find_map(|line| line.split_once(" panicked at "))?;
        let place = place.trim_end_matches(':');
        let place = place.rsplit_once(':').map_or("", |(place, _column)| place);
        let message = lines.next().unwrap_or_default();
        Some(Printed { place, message })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_panic_has_its_place() {
        let stderr = "listening\n\nthread 'main' (7) panicked at chapters/x/src/s6.rs:12:5:\n\
                      not yet implemented: 2.6 run(): read\nnote: run with\n\
                      thread '<unnamed>' panicked at src/s7.rs:1:2:\noh no";
        let found: Vec<_> = panics_in(stderr).collect();
        assert_eq!(
            found,
            [
                Printed {
                    place: "chapters/x/src/s6.rs:12",
                    message: "not yet implemented: 2.6 run(): read",
                },
                Printed {
                    place: "src/s7.rs:1",
                    message: "oh no",
                },
            ]
        );
        assert_eq!(panics_in("error: no such host").count(), 0);
    }
}
