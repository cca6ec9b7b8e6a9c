//! The student's program, as a process.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::panic::resume_unwind;
use std::process::{ChildStderr, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::idle;
use super::inner::GLANCE;
use super::inner::Lab;
use super::ours::spawn_ours;
use super::panics::{Panic, Stopped};
use super::process::Process;
use super::stderr::{Panics, panics_in};
use super::task::Task;
use super::testimony;
use crate::protocol::{Event, SEED, START, STARTER, WITNESS};
use crate::report::story::YOU;
use crate::report::text::in_words;

/// A running program of the student's. It is killed when this value is dropped.
pub struct Program {
    pub(super) lab: Lab,
    what: String,
    process: Arc<Process>,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Receiver<Vec<u8>>,
    /// Its standard output and standard error so far.
    seen: String,
    said: String,
}

/// Standard outputs that take nothing, by the names that [`takes_nothing`] knows. Linux has both.
pub const FULL_OUTPUTS: [&str; 2] = ["/dev/full", "a pipe that nobody reads"];

/// A standard output that takes nothing which a program writes: one of [`FULL_OUTPUTS`].
pub fn takes_nothing(what: &str) -> Stdio {
    if what == "/dev/full" {
        let full = File::options().write(true).open(what);
        return full.expect("/dev/full").into();
    }
    let (_, input) = io::pipe().expect("a pipe");
    input.into()
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
        self.program_into(Stdio::piped(), path, args)
    }

    /// The same with another standard output than a pipe to this test: one that takes nothing, say.
    pub fn program_into(&self, stdout: Stdio, path: &str, args: &[&str]) -> Program {
        let mut command = command_of(path);
        command.args(args).stdout(stdout);
        self.start_program(call_of(path, args), "", &mut command)
    }

    /// The same behind a line of shell that says what the program may have: `ulimit -n 24`. Unix.
    pub fn program_after(&self, shell: &str, path: &str, args: &[&str]) -> Program {
        let mut command = Command::new("/bin/sh");
        let script = format!("{shell}; exec \"$0\" \"$@\"");
        let program = command_of(path);
        command
            .args(["-c", &script])
            .arg(program.get_program())
            .args(program.get_args())
            .args(args)
            .stdout(Stdio::piped());
        self.start_program(call_of(path, args), shell, &mut command)
    }

    /// The name that [`Lab::program_with_name`] gives to two addresses.
    pub const NAME: &str = "two.test";

    /// Pairs of addresses of this machine with which [`Lab::program_with_name`] works. Without one, the test is
    /// skipped.
    pub fn pairs_for_a_name(&self) -> Vec<[&'static str; 2]> {
        let mut pairs = vec![["127.0.0.2", "127.0.0.3"], ["::1", "127.0.0.2"]];
        pairs.retain(|addrs| TcpListener::bind((addrs[0], 0)).is_ok() && Lab::gives_name(*addrs));
        if pairs.is_empty() {
            self.skip("this machine gives no name two addresses");
        }
        pairs
    }

    /// Not where the system gives no namespaces to an ordinary user, or orders the addresses in another way.
    fn gives_name(addrs: [&str; 2]) -> bool {
        let asks = format!("{} && getent ahosts {}", own_hosts(addrs), Lab::NAME);
        let found = Command::new("unshare").args(ALONE).arg(asks).output();
        let found = found.map_or_else(|_| Vec::new(), |output| output.stdout);
        let found = String::from_utf8_lossy(&found).into_owned();
        match addrs.map(|addr| found.find(addr)) {
            [Some(first), Some(second)] => first < second,
            _ => false,
        }
    }

    /// [`Lab::program`], and for it [`Lab::NAME`] has these two addresses, in this order: it has a file of names
    /// of its own. Linux, with one of [`Lab::pairs_for_a_name`].
    pub fn program_with_name(&self, addrs: [&str; 2], path: &str, args: &[&str]) -> Program {
        self.given("/etc/hosts", &names(addrs));
        let shell = format!("{} && exec \"$0\" \"$@\"", own_hosts(addrs));
        let mut command = Command::new("unshare");
        command.args(ALONE).arg(shell).arg(path).args(args);
        // The namespace is the test's own business.
        self.start_program(call_of(path, args), "", command.stdout(Stdio::piped()))
    }

    fn start_program(&self, what: String, detail: &str, command: &mut Command) -> Program {
        self.0
            .story
            .act(YOU, format!("your program starts: {what}"), detail);
        keep_to_ourselves(command)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped());
        self.0.turns_to(&what);
        let process = self.start_process(&what, command);
        let (input, stdout, stderr) = process.pipes();
        // Else it is the test that reads it, or nobody.
        let lines = stdout.map_or_else(|| mpsc::channel().1, lines_of);
        let errors = self.errors_of(&process, stderr);
        Program {
            lab: self.clone(),
            what,
            process,
            input,
            lines,
            errors,
            seen: String::new(),
            said: String::new(),
        }
    }

    /// Runs a program from beginning to end with this as its standard input, and gives all of its
    /// output.
    pub fn output(&self, path: &str, args: &[&str], input: impl AsRef<[u8]>) -> Output {
        self.output_into(Stdio::piped(), path, args, input)
    }

    /// The same with another standard output than a pipe to this test.
    pub fn output_into(
        &self,
        stdout: Stdio,
        path: &str,
        args: &[&str],
        input: impl AsRef<[u8]>,
    ) -> Output {
        let what = call_of(path, args);
        let mut command = command_of(path);
        command
            .args(args)
            .stdout(stdout)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped());
        keep_to_ourselves(&mut command);
        let process = self.start_process(&what, &mut command);
        let (stdin, stdout, stderr) = process.pipes();
        let input = input.as_ref().to_vec();
        // The program may end before it has read all of it.
        spawn_ours("writes a pipe", move || {
            stdin.map(|mut pipe| pipe.write_all(&input))
        });
        let stdout = stdout.map(bytes_of);
        let errors = self.errors_of(&process, stderr);
        let Some(status) = self.end_of(&process) else {
            self.never_ends(&process);
        };
        let bytes = |pipe: Option<Receiver<Vec<u8>>>| pipe.and_then(|pipe| pipe.recv().ok());
        let output = Output {
            status,
            stdout: bytes(stdout).unwrap_or_default(),
            stderr: errors.iter().flatten().collect(),
        };
        self.tell_run(&what, &output);
        self.stops_if_failed();
        output
    }

    fn start_process(&self, what: &str, command: &mut Command) -> Arc<Process> {
        let Some(started) = self.0.calls.start_program(what.to_owned(), command) else {
            resume_unwind(Box::new(Stopped));
        };
        started.unwrap_or_else(|error| {
            if error.kind() == ErrorKind::PermissionDenied {
                testimony::tell(Event::Refused, &self.0.test.function);
            }
            panic!("cannot start {what}: {error}")
        })
    }

    /// Waits for a program to end by itself.
    fn end_of(&self, process: &Arc<Process>) -> Option<ExitStatus> {
        let status = self.0.await_some(|| {
            let ended = process.ended();
            if ended.is_none() {
                thread::sleep(Duration::from_millis(1));
            }
            ended
        })?;
        self.0.calls.forget_program(process);
        Some(status)
    }

    fn never_ends(&self, process: &Process) -> ! {
        let waited = in_words(self.0.patience.wait());
        let line = format!("`{}`", process.what);
        self.0.story.fails(YOU, format!("{line} goes on"));
        let doing = Task::doing(std::slice::from_ref(&process.main))[0].words();
        let got = format!("after {waited} it {doing}");
        self.stuck(&format!("{line} to end"), &got, Some(&process.main))
    }

    /// Puts a finished program into the story, however it was run. A `todo!` that it reached
    /// becomes this test's verdict.
    pub fn ran(&self, what: &str, output: &Output) {
        self.tell_run(what, output);
        panics_in(&String::from_utf8_lossy(&output.stderr)).for_each(|panic| self.hears(&panic));
        self.stops_if_failed();
    }

    fn tell_run(&self, what: &str, output: &Output) {
        let code = match output.status.code() {
            Some(code) => format!("exit code {code}"),
            None => "killed by a signal".to_owned(),
        };
        self.0
            .story
            .act(YOU, format!("your program ran: {what}"), code);
    }

    /// The lines of a program's standard error. Its panics go into the story while it runs: what the test waits
    /// for may never come because of them.
    fn errors_of(&self, process: &Arc<Process>, pipe: Option<ChildStderr>) -> Receiver<Vec<u8>> {
        let (send, lines) = mpsc::channel();
        let (lab, process) = (self.clone(), process.clone());
        let mut pipe = BufReader::new(pipe.expect("stderr is piped"));
        spawn_ours("reads a pipe", move || {
            process.is_read_here();
            let mut panics = Panics::default();
            loop {
                let mut line = Vec::new();
                if !pipe.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                    break;
                }
                let panic = panics.with_line(String::from_utf8_lossy(&line).trim_end());
                panic.iter().for_each(|panic| lab.hears(panic));
                // The program may have been dropped. It is read all the same, so that it never waits for us.
                let _ = send.send(line);
            }
        });
        lines
    }

    /// Puts a panic of a program into the story. A `todo!` becomes this test's verdict.
    fn hears(&self, panic: &Panic) {
        self.0.panicked_aside("your program", panic);
    }

    fn stops_if_failed(&self) {
        if let Some(failure) = self.0.failure() {
            self.0.stop(failure);
        }
    }
}

/// What gives a shell a tree of files of its own.
const ALONE: [&str; 5] = ["--user", "--map-root-user", "--mount", "sh", "-c"];

/// Lines of /etc/hosts.
fn names(addrs: [&str; 2]) -> String {
    addrs.map(|addr| format!("{addr} {}\n", Lab::NAME)).concat()
}

/// Puts them in the place of the system's.
fn own_hosts(addrs: [&str; 2]) -> String {
    let names = names(addrs);
    format!(
        "mount -t tmpfs none /mnt && printf '{names}' >/mnt/hosts && mount --bind /mnt/hosts /etc/hosts"
    )
}

/// Starts a program, for a grader by way of its [`STARTER`].
fn command_of(path: &str) -> Command {
    match std::env::var_os(STARTER) {
        Some(starter) => {
            let mut command = Command::new(starter);
            command.args([START, path]);
            command
        }
        None => Command::new(path),
    }
}

/// Where a grader listens, and what it draws inputs from, is nothing for a program to know.
fn keep_to_ourselves(command: &mut Command) -> &mut Command {
    for name in [WITNESS, SEED, STARTER] {
        command.env_remove(name);
    }
    command
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
                let end = self
                    .wait_for_end()
                    .unwrap_or_else(|| self.lab.never_ends(&self.process));
                self.give_up(wanted, &end);
            }
            None => {
                let waited = in_words(self.lab.0.patience.wait());
                let main = &self.process.main;
                let doing = Task::doing(std::slice::from_ref(main))[0].words();
                let got = match self.seen.trim_end() {
                    "" => format!("not a line on standard output in {waited}; it {doing}"),
                    seen => format!("only this in {waited}:\n{seen}\nand it {doing}"),
                };
                let expected = format!("`{}` prints {wanted}", self.what);
                self.lab.stuck(&expected, &got, Some(main))
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
        if typed.is_err() {
            self.wait_for_end();
        }
    }

    /// Waits until every thread of the program does nothing but wait, as
    /// [`Running::settles`](crate::Running::settles) does for one.
    pub fn settles(&self) -> bool {
        idle::settles(&self.lab, &|| self.threads())
    }

    /// [`Lab::sleeps`] for all threads of the program.
    pub fn sleeps(&self, until: &str) {
        idle::sleeps(&self.lab, &self.line(), until, || self.threads());
    }

    /// [`Running::rests_until_woken`](crate::Running::rests_until_woken) for all threads of the program.
    pub fn rests_until_woken(&self, until: &str) {
        idle::rests_until_woken(&self.lab, &self.line(), until, || self.threads());
    }

    /// [`Lab::pauses`] for all threads of the program.
    pub fn pauses(&self, until: &str) {
        idle::pauses(&self.lab, &self.line(), until, || self.threads());
    }

    fn threads(&self) -> Vec<Task> {
        Task::threads_of_program(self.process.id)
    }

    fn line(&self) -> String {
        format!("`{}`", self.what)
    }

    /// The program's process, for a look into /proc.
    pub fn id(&self) -> u32 {
        self.process.id
    }

    /// Closes the program's standard input.
    pub fn ends_input(&mut self) {
        self.input = None;
    }

    /// Waits for the program to end by itself.
    pub fn exits(mut self) -> End {
        self.ends_input();
        match self.wait_for_end() {
            Some(end) => end,
            None => self.lab.never_ends(&self.process),
        }
    }

    fn wait_for_end(&mut self) -> Option<End> {
        let status = self.lab.end_of(&self.process)?;
        for line in self.lines.iter() {
            self.seen.push_str(&line);
            self.seen.push('\n');
        }
        for line in self.errors.iter() {
            self.said.push_str(&String::from_utf8_lossy(&line));
        }
        self.lab.stops_if_failed();
        let code = status.code();
        let how = code.map_or("is killed by a signal".into(), |code| {
            format!("ends with exit code {code}")
        });
        self.lab
            .0
            .story
            .act(YOU, format!("{} {how}", self.name()), "");
        Some(End {
            code,
            stdout: self.seen.clone(),
            stderr: self.said.trim_end().to_owned(),
        })
    }

    fn give_up(&self, wanted: &str, end: &End) -> ! {
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

    pub(super) fn name(&self) -> &str {
        self.what.split(' ').next().unwrap_or("the program")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.process.kill();
        self.lab.0.calls.forget_program(&self.process);
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

/// All bytes of a pipe, read on a thread so that the program never waits for us.
fn bytes_of(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (send, bytes) = mpsc::channel();
    spawn_ours("reads a pipe", move || {
        let mut all = Vec::new();
        let _ = pipe.read_to_end(&mut all);
        let _ = send.send(all);
    });
    bytes
}

/// The lines of a pipe, read on a thread so that the program never waits for us.
fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = mpsc::channel();
    spawn_ours("reads a pipe", move || {
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
