//! Shows how far a long run is: a bar on a terminal, otherwise one line for each student.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub struct Progress {
    shown: Shown,
    total: usize,
    began: Instant,
    counts: Mutex<Counts>,
}

enum Shown {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    done: usize,
    /// Those of `done` that this run graded itself.
    graded: usize,
}

impl Progress {
    /// For `total` students.
    pub fn new(total: usize) -> Progress {
        let shown = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(
                Some(total as u64),
                ProgressDrawTarget::stderr_with_hz(4),
            );
            let style = ProgressStyle::with_template("{bar:24} {pos}/{len}  {prefix}{msg}");
            bar.set_style(style.expect("the template is right"));
            Shown::Bar(bar)
        } else {
            Shown::Lines
        };
        Progress::of(shown, total)
    }

    /// Shows nothing.
    pub fn silent() -> Progress {
        Progress::of(Shown::Nothing, 0)
    }

    fn of(shown: Shown, total: usize) -> Progress {
        Progress {
            shown,
            total,
            began: Instant::now(),
            counts: Mutex::default(),
        }
    }

    /// Shows what is going on at the moment, on a terminal only.
    pub fn busy(&self, what: &str) {
        if let Shown::Bar(bar) = &self.shown {
            bar.set_message(what.to_owned());
            bar.tick();
        }
    }

    /// Prints a line that stays.
    pub fn say(&self, words: &str) {
        match &self.shown {
            Shown::Bar(bar) => bar.println(words),
            Shown::Lines => {
                // Nobody may be reading.
                let _ = writeln!(std::io::stderr(), "{words}");
            }
            Shown::Nothing => {}
        }
    }

    /// A student is done. `took` is `None` if an earlier run had done it.
    pub fn done(&self, student: &str, result: &str, took: Option<Duration>) {
        let counts = {
            let mut counts = self.counts.lock().expect("counting does not panic");
            counts.done += 1;
            counts.graded += usize::from(took.is_some());
            *counts
        };
        let left = left(self.began.elapsed(), counts, self.total);
        match &self.shown {
            Shown::Bar(bar) => {
                bar.set_position(counts.done as u64);
                bar.set_prefix(match left.is_empty() {
                    true => left,
                    false => format!("{left}; "),
                });
                bar.set_message(format!("{student} is done"));
            }
            Shown::Lines => {
                let width = self.total.to_string().len();
                let took = match took {
                    Some(took) => format!("{:.1} s", took.as_secs_f64()),
                    None => "from an earlier run".to_owned(),
                };
                let left = match left.is_empty() {
                    true => left,
                    false => format!("; {left}"),
                };
                self.say(&format!(
                    "[{:width$}/{}] {student}  {result}, {took}{left}",
                    counts.done, self.total
                ));
            }
            Shown::Nothing => {}
        }
    }

    /// Wipes the bar.
    pub fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

/// Prints a command's result. A reader that has gone, as after `| head`, is not an error.
pub fn print(words: &str) {
    let _ = std::io::stdout().write_all(words.as_bytes());
}

/// An estimate in words, from those graded so far; empty at the beginning and at the end.
fn left(elapsed: Duration, counts: Counts, total: usize) -> String {
    let remaining = total.saturating_sub(counts.done);
    if counts.graded == 0 || remaining == 0 {
        return String::new();
    }
    let seconds = elapsed.as_secs_f64() / counts.graded as f64 * remaining as f64;
    match seconds {
        ..60.0 => format!("about {} s left", seconds.ceil()),
        60.0..5400.0 => format!("about {} min left", (seconds / 60.0).round()),
        _ => format!("about {:.1} h left", seconds / 3600.0),
    }
}

/// `1 student`, `2 students`
pub fn plural(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_counts_only_what_was_graded_now() {
        let after = |seconds, done, graded| {
            left(Duration::from_secs(seconds), Counts { done, graded }, 200)
        };
        assert_eq!(after(10, 100, 0), "", "all of them from an earlier run");
        assert_eq!(
            after(10, 110, 10),
            "about 90 s left".replace("90 s", "2 min")
        );
        assert_eq!(after(5, 190, 10), "about 5 s left");
        assert_eq!(after(600, 10, 10), "about 3.2 h left");
        assert_eq!(after(600, 200, 200), "");
    }
}
