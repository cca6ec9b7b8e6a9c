//! What netlab agrees on with the programs that run tests: the companion, the grader, the races.
//!
//! Environment variables go in; lines on the grader's socket and labelled paragraphs on standard
//! error come out. Both sides use the types of this module, so that neither repeats the other's words.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The variable that multiplies every deadline: see [`Patience`].
pub const PATIENCE: &str = "NETLAB_PATIENCE";
/// The variable from which a test draws the input that it draws by chance.
pub const SEED: &str = "NETLAB_SEED";
/// The variable that names the folder for the pictures of a run.
pub const PICTURES: &str = "NETLAB_PICTURES";
/// The variable that has every test draw its ladder, in place of its report, under the test's name
/// where no picture of the book is made from it.
pub const LOOK: &str = "NETLAB_LOOK";
/// The variable that names the folder into which every script that is played is written, for another judge.
pub const SCRIPTS: &str = "NETLAB_SCRIPTS";
/// The variable that names the grader's Unix socket: see [`Testimony`].
pub const WITNESS: &str = "NETLAB_WITNESS";

/// The variable that names a program of the grader's: it starts the student's program so that it cannot look into
/// the process that judges it. Its arguments are [`START`], the program and the program's own.
pub const STARTER: &str = "NETLAB_STARTER";
/// The first argument of a [`STARTER`].
pub const START: &str = "--program";

/// How much longer than usual every deadline is: 3 on a machine that is three times slower.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience(f64);

impl Patience {
    /// The usual deadlines, times `factor`.
    pub fn times(factor: f64) -> Patience {
        Patience(factor)
    }

    /// What the variable [`PATIENCE`] says; 1 where it says nothing that makes sense.
    pub fn from_environment() -> Patience {
        std::env::var(PATIENCE)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(Patience(1.0))
    }

    /// A deadline of one's own.
    pub fn scale(self, usual: Duration) -> Duration {
        usual.mul_f64(self.0)
    }

    /// One wait: for bytes, for a connection, for a gate.
    pub fn wait(self) -> Duration {
        self.scale(Duration::from_secs(2))
    }

    /// One call into the student's code.
    pub fn call(self) -> Duration {
        self.scale(Duration::from_secs(3))
    }

    /// One whole test.
    pub fn test(self) -> Duration {
        self.scale(Duration::from_secs(5))
    }
}

impl FromStr for Patience {
    type Err = ();

    /// Takes a factor from 0.01 to 1000.
    fn from_str(text: &str) -> Result<Patience, ()> {
        let factor: f64 = text.parse().map_err(|_| ())?;
        let is_sane = (0.01..=1000.0).contains(&factor);
        if is_sane {
            Ok(Patience(factor))
        } else {
            Err(())
        }
    }
}

impl fmt::Display for Patience {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a laboratory tells the grader, one line each on the socket that [`WITNESS`] names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Testimony {
    pub event: Event,
    /// The test function's name, without its path.
    pub test: String,
}

/// A moment in a laboratory's life. Each begins once and ends at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Before the first line of the student's code runs.
    Begins,
    /// A program has run, in a process of its own, and has ended. Linux.
    Program,
    /// The system did not let the laboratory start a program.
    Refused,
    /// Every expectation held.
    Done,
    Failed,
    /// Failed, and a deadline had a part in it: a busy machine may be the reason.
    Late,
    /// The machine lacks what the test needs, as the test saw before it called the student's code. The
    /// reason stands on standard error: [`SKIPPED`].
    Skipped,
}

impl Event {
    const WORDS: [(Event, &str); 7] = [
        (Event::Begins, "begins"),
        (Event::Program, "program"),
        (Event::Refused, "refused"),
        (Event::Done, "done"),
        (Event::Failed, "failed"),
        (Event::Late, "late"),
        (Event::Skipped, "skipped"),
    ];
}

/// `begins s1_backlog`, without the line's end.
impl fmt::Display for Testimony {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let word = Event::WORDS.iter().find(|(event, _)| *event == self.event);
        let word = word.map_or("", |(_, word)| word);
        write!(f, "{word} {}", self.test)
    }
}

impl FromStr for Testimony {
    type Err = ();

    fn from_str(line: &str) -> Result<Testimony, ()> {
        let (word, test) = line.split_once(' ').ok_or(())?;
        let (event, _) = Event::WORDS
            .iter()
            .find(|(_, its)| *its == word)
            .ok_or(())?;
        Ok(Testimony {
            event: *event,
            test: test.to_owned(),
        })
    }
}

/// How the panic begins with which a test ends that cannot reach the socket of [`WITNESS`].
pub const UNREACHABLE: &str = "cannot reach the grader";

/// The instruction in the message of a `todo!`; `None` for any other panic.
pub fn task_of(panic: &str) -> Option<&str> {
    panic.strip_prefix("not yet implemented: ")
}

/// A report's paragraph with the next task: the test reached a `todo!`.
pub const TO_DO: &str = "to do";
/// A report's paragraph with what the test expected.
pub const EXPECTED: &str = "expected";
/// A report's paragraph with what came instead.
pub const GOT: &str = "got";

/// The paragraph with what this machine lacks for a test.
pub const SKIPPED: &str = "skipped";

/// The column in which a report's paragraphs begin, and what stands before it in their first line.
pub(crate) const INDENT: usize = 12;

pub(crate) fn margin(label: &str) -> String {
    format!("  {label:<0$}", INDENT - 2)
}

/// The paragraph with this label in a report, on one line.
pub fn paragraph(report: &str, label: &str) -> Option<String> {
    let (first, further) = (margin(label), margin(""));
    let mut lines = report.lines().skip_while(|line| !line.starts_with(&first));
    let mut words = lines.next()?.strip_prefix(&first)?.trim().to_owned();
    for line in lines.take_while(|line| line.starts_with(&further)) {
        words.push(' ');
        words.push_str(line.trim());
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_a_number_that_makes_sense() {
        assert_eq!("3".parse(), Ok(Patience(3.0)));
        assert_eq!("0.05".parse(), Ok(Patience(0.05)));
        for text in ["", "-1", "0", "1e9", "NaN", "inf", "two"] {
            assert_eq!(text.parse::<Patience>(), Err(()), "{text:?}");
        }
        assert_eq!(Patience(2.5).to_string().parse(), Ok(Patience(2.5)));
    }

    #[test]
    fn testimony_is_read_as_it_is_written() {
        for (event, word) in Event::WORDS {
            let line = Testimony {
                event,
                test: "s1_a".into(),
            };
            assert_eq!(line.to_string(), format!("{word} s1_a"));
            assert_eq!(line.to_string().parse(), Ok(line));
        }
        for line in ["", "done", "Done s1_a", "dances s1_a"] {
            assert_eq!(line.parse::<Testimony>(), Err(()), "{line:?}");
        }
    }

    #[test]
    fn a_paragraph_is_read_to_its_end() {
        let report = "\ns3\n\n  1  peer sends\n\n  expected  5000 bytes, then\n            end of file\n  got       reset\n";
        let expected = paragraph(report, EXPECTED);
        assert_eq!(expected.as_deref(), Some("5000 bytes, then end of file"));
        assert_eq!(paragraph(report, GOT).as_deref(), Some("reset"));
        assert_eq!(paragraph(report, TO_DO), None);
    }
}
