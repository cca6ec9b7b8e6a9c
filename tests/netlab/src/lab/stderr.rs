//! The panics in a program's standard error.

use super::panics::Panic;
use super::place::Place;

/// Finds panics as std prints them: `thread 'main' panicked at src/s6.rs:12:5:`, and the message on the next
/// line.
#[derive(Default)]
pub struct Panics {
    /// Of the panic whose message comes next: `src/s6.rs:12`.
    place: Option<Place>,
}

impl Panics {
    /// The panic that is told as a whole with this line.
    pub fn with_line(&mut self, line: &str) -> Option<Panic> {
        if let Some(place) = self.place.take() {
            let message = line.to_owned();
            return Some(Panic { message, place });
        }
        let (_, place) = line.split_once(" panicked at ")?;
        let place = place.trim_end_matches(':');
        let place = place.rsplit_once(':').map_or("", |(place, _column)| place);
        self.place = Some(Place::told(place));
        None
    }
}

/// All panics in this text, in their order.
pub fn panics_in(stderr: &str) -> impl Iterator<Item = Panic> {
    let mut panics = Panics::default();
    stderr
        .lines()
        .filter_map(move |line| panics.with_line(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_panic_has_its_place() {
        let stderr = "listening\n\nthread 'main' (7) panicked at chapters/x/src/s6.rs:12:5:\n\
                      not yet implemented: 2.6 run(): read\nnote: run with\n\
                      thread '<unnamed>' panicked at src/s7.rs:1:2:\noh no";
        let found = panics_in(stderr).map(|panic| (panic.message, panic.place.words()));
        let found: Vec<_> = found.collect();
        assert_eq!(
            found,
            [
                (
                    "not yet implemented: 2.6 run(): read",
                    "chapters/x/src/s6.rs:12"
                ),
                ("oh no", "src/s7.rs:1"),
            ]
            .map(|(message, place)| (message.to_owned(), place.to_owned()))
        );
        assert_eq!(panics_in("error: no such host").count(), 0);
    }
}
