//! The student's program, as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::lab::Lab;
use crate::panics::TODO;
use crate::patience::{GLANCE, in_words};
use crate::report::Failure;
use crate::story::YOU;
use crate::task::Task;

/// A running program of the student's. It is killed when this value is dropped.
pub struct Program {
    lab: Lab,
    what: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Receiver<String>,
    /// Its standard output and standard error so far.
    seen: String,
    said: String,
}

/// How a program ended.
#[derive(Debug)]
pub struct End {
    /// The exit code; `None` when a signal ended the program.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Lab {
    /// Starts a program with pipes for its input and output.
    pub fn program(&self, path: &str, args: &[&str]) -> Program {
        let mut command = Command::new(path);
        command.args(args);
        self.start_program(call_of(path, args), "", &mut command)
    }

    /// The same with at most so many open descriptors, its standard ones included. Unix, whose
    /// shell sets the limit.
    pub fn program_with_descriptors(&self, most: usize, path: &str, args: &[&str]) -> Program {
        let mut shell = Command::new("/bin/sh");
        let script = format!("ulimit -n {most}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script, path]).args(args);
        let limit = format!("with {most} descriptors");
        self.start_program(call_of(path, args), &limit, &mut shell)
    }

    fn start_program(&self, what: String, detail: &str, command: &mut Command) -> Program {
        self.0
            .story
            .act(YOU, format!("your program starts: {what}"), detail);
        let mut child = command
            .env_remove(crate::witness::VARIABLE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {what}: {error}"));
        self.0.program_starts(&what, child.id());
        let input = child.stdin.take();
        let lines = lines_of(child.stdout.take().expect("stdout is piped"));
        let errors = lines_of(child.stderr.take().expect("stderr is piped"));
        Program {
            lab: self.clone(),
            what,
            child,
            input,
            lines,
            errors,
            seen: String::new(),
            said: String::new(),
        }
    }

    /// Puts a finished program into the story, however it was run. A `todo!` that it reached
    /// becomes this test's verdict.
    pub fn ran(&self, what: &str, output: &Output) {
        let code = match output.status.code() {
            Some(code) => format!("exit code {code}"),
            None => "killed by a signal".to_owned(),
        };
        self.0
            .story
            .act(YOU, format!("your program ran: {what}"), code);
        let stderr = String::from_utf8_lossy(&output.stderr);
        if let Some(failure) = unfinished(&stderr) {
            self.0.stop(failure);
        }
    }
}

impl Program {
    /// Waits for a line of standard output that `is_it` accepts, and gives that line.
    pub fn expects_line(&mut self, wanted: &str, is_it: impl Fn(&str) -> bool) -> String {
        let found = self
            .lab
            .0
            .await_some(|| match self.lines.recv_timeout(GLANCE) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                    is_it(&line).then_some(Some(line))
                }
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(None),
            });
        match found {
            Some(Some(line)) => {
                self.lab
                    .0
                    .story
                    .act(YOU, format!("{} prints {line:?}", self.name()), "");
                line
            }
            Some(None) => {
                let end = self.wait_for_end().unwrap_or_else(|| self.never_ends());
                self.give_up(wanted, &end);
            }
            None => {
                let waited = in_words(self.lab.0.patience.wait());
                let got = match self.seen.as_str() {
                    "" => format!("not a line on standard output in {waited}"),
                    seen => format!("only this in {waited}:\n{}", seen.trim_end()),
                };
                self.lab
                    .stop(&format!("`{}` prints {wanted}", self.what), &got)
            }
        }
    }

    /// Writes to the program's standard input.
    pub fn types(&mut self, text: &str) {
        self.lab.0.story.act(
            YOU,
            format!("{} is given {}", self.name(), quoted(text)),
            "",
        );
        let Some(input) = &mut self.input else {
            return;
        };
        let typed = input
            .write_all(text.as_bytes())
            .and_then(|()| input.flush());
        // A program that has ended reads nothing. Unless it is to do, the next expectation says so.
        if typed.is_err()
            && let Some(end) = self.wait_for_end()
            && let Some(failure) = unfinished(&end.stderr)
        {
            self.lab.0.stop(failure);
        }
    }

    /// What Ctrl-C does on a terminal: the signal SIGINT. Unix.
    pub fn is_interrupted(&self) {
        self.lab
            .0
            .story
            .act(YOU, format!("{} gets Ctrl-C (SIGINT)", self.name()), "");
        let done = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "cannot send SIGINT with the command kill"
        );
    }

    /// Waits until every thread of the program does nothing but wait, as
    /// [`Running::settles`](crate::Running::settles) does for one.
    pub fn settles(&self) -> bool {
        let threads = || Task::threads_of_program(self.child.id());
        let rest = || threads().iter().all(Task::rests);
        self.lab.0.await_some(|| rest().then_some(())).is_some()
    }

    /// The program's process, for a look into /proc.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Closes the program's standard input.
    pub fn ends_input(&mut self) {
        self.input = None;
    }

    /// Waits for the program to end by itself.
    pub fn exits(mut self) -> End {
        self.ends_input();
        match self.wait_for_end() {
            Some(end) => {
                if let Some(failure) = unfinished(&end.stderr) {
                    self.lab.0.stop(failure);
                }
                end
            }
            None => self.never_ends(),
        }
    }

    fn wait_for_end(&mut self) -> Option<End> {
        let status = self.lab.0.await_some(|| match self.child.try_wait() {
            Ok(Some(status)) => Some(status),
            _ => {
                thread::sleep(Duration::from_millis(1));
                None
            }
        })?;
        self.lab.0.forget_program(&self.what);
        let code = status.code();
        let how = code.map_or("is killed by a signal".into(), |code| {
            format!("ends with exit code {code}")
        });
        self.lab
            .0
            .story
            .act(YOU, format!("{} {how}", self.name()), "");
        for line in self.lines.iter() {
            self.seen.push_str(&line);
            self.seen.push('\n');
        }
        for line in self.errors.iter() {
            self.said.push_str(&line);
            self.said.push('\n');
        }
        Some(End {
            code,
            stdout: self.seen.clone(),
            stderr: self.said.trim_end().to_owned(),
        })
    }

    fn never_ends(&self) -> ! {
        let waited = in_words(self.lab.0.patience.wait());
        self.lab
            .0
            .story
            .fails(YOU, format!("{} goes on", self.name()));
        self.lab.0.forget_program(&self.what);
        self.lab.stop(
            &format!("`{}` to end", self.what),
            &format!(
                "after {waited} it {}",
                Task::of_program(self.child.id()).doing()
            ),
        )
    }

    fn give_up(&self, wanted: &str, end: &End) -> ! {
        if let Some(failure) = unfinished(&end.stderr) {
            self.lab.0.stop(failure);
        }
        let code = end
            .code
            .map_or("a signal".into(), |code| format!("exit code {code}"));
        let mut got = format!("the program ended with {code}");
        if !end.stderr.is_empty() {
            got.push_str(&format!(" and said:\n{}", end.stderr));
        }
        self.lab
            .stop(&format!("`{}` prints {wanted}", self.what), &got)
    }

    fn name(&self) -> &str {
        self.what.split(' ').next().unwrap_or("the program")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.lab.0.forget_program(&self.what);
    }
}

/// Text as a person would quote it: of a long one, its beginning.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{:?}… ({} bytes)", &text[..cut], text.len()),
        None => format!("{text:?}"),
    }
}

/// `ch02 server 127.0.0.1`, wherever the program lies.
fn call_of(path: &str, args: &[&str]) -> String {
    let name = std::path::Path::new(path)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    [&[name.as_str()], args].concat().join(" ")
}

/// The lines of a pipe, read on a thread so that the program never waits for us.
fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            let text = String::from_utf8_lossy(&line)
                .trim_end_matches(['\n', '\r'])
                .to_owned();
            if send.send(text).is_err() {
                break;
            }
            line.clear();
        }
    });
    lines
}

/// The instruction of a `todo!` in a program's standard error.
fn unfinished(stderr: &str) -> Option<Failure> {
    let task = stderr.lines().find_map(|line| line.strip_prefix(TODO))?;
    let place = stderr
        .lines()
        .find_map(|line| line.split_once(" panicked at "))
        .map(|(_, place)| place.trim_end_matches(':'))
        .and_then(|place| place.rsplit_once(':'))
        .map_or("", |(place, _column)| place);
    Some(Failure::new().with("to do", task).with("in", place))
}

#[cfg(test)]
mod tests {
    use super::unfinished;

    #[test]
    fn a_todo_in_a_program_is_told_with_its_place() {
        let stderr = "\nthread 'main' (7) panicked at chapters/x/src/s6.rs:12:5:\nnot yet implemented: 2.6 run(): read\nnote: run with";
        let failure = unfinished(stderr).unwrap();
        assert_eq!(failure.fields[0], ("to do", "2.6 run(): read".to_owned()));
        assert_eq!(
            failure.fields[1],
            ("in", "chapters/x/src/s6.rs:12".to_owned())
        );
        assert!(unfinished("error: no such host").is_none());
    }
}
