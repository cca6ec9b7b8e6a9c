//! On a terminal: single keys, its width, and what it cannot do.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::fixture::{ONE, RIGHT_ONE, TWO, Workbook};

const ROWS: u16 = 24;

/// A `cargo workbook` at a terminal of its own; killed when dropped.
struct Terminal {
    child: Child,
    keyboard: File,
    /// Our handle of the side that the program has.
    side: OwnedFd,
    screen: Receiver<String>,
    seen: String,
}

impl Terminal {
    fn start(workbook: &Workbook, arguments: &[&str], columns: u16, term: &str) -> Terminal {
        let mut command = workbook.command(arguments);
        command.env("TERM", term).env_remove("PAGER");
        Terminal::run(command, columns)
    }

    fn run(mut command: Command, columns: u16) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("a terminal");
        unlockpt(&master).expect("a terminal");
        let name = ptsname(&master, Vec::new()).expect("its name");
        let side = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
        let side = side.expect("its other side");
        let size = Winsize {
            ws_row: ROWS,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&side, size).expect("its size");
        let stdio = || Stdio::from(side.try_clone().expect("a handle"));
        let child = command
            .env_remove("NO_COLOR")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .expect("the workbook runs");
        let keyboard = File::from(master);
        let mut screen = keyboard.try_clone().expect("a handle");
        let (sender, pieces) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                let _ = sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
            }
        });
        Terminal {
            child,
            keyboard,
            side,
            screen: pieces,
            seen: String::new(),
        }
    }

    /// Waits for these words, and forgets what came before them.
    #[track_caller]
    fn shows(&mut self, words: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(at) = self.seen.find(words) {
                self.seen.drain(..at + words.len());
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(piece) => self.seen.push_str(&piece),
                Err(_) => panic!("no \"{words}\" in:\n{}", self.seen),
            }
        }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard
            .write_all(keys.as_bytes())
            .expect("a keyboard");
    }

    fn gives_lines(&self) -> bool {
        let modes = tcgetattr(&self.side).expect("modes").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    fn is_stopped(&self) -> bool {
        let id = self.child.id().to_string();
        let state = Command::new("ps")
            .args(["-o", "state=", "-p", &id])
            .output();
        state.expect("ps runs").stdout.starts_with(b"T")
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([name, &id]).status();
        assert!(status.expect("kill runs").success());
    }

    #[track_caller]
    fn until(&self, what: &str, is_so: impl Fn(&Terminal) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !is_so(self) {
            assert!(Instant::now() < deadline, "not yet: {what}");
            thread::yield_now();
        }
    }

    /// All that is shown up to the end.
    fn ends(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("an end");
        // What is on the way still; nothing more is written.
        while let Ok(piece) = self.screen.recv_timeout(Duration::from_millis(50)) {
            self.seen.push_str(&piece);
        }
        (status, std::mem::take(&mut self.seen))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn watch_takes_single_keys() {
    let workbook = Workbook::new("keys");
    workbook.write(TWO, "pub fn two() -> u32 {\n    4\n}\n");
    let mut terminal = Terminal::start(&workbook, &["watch"], 80, "xterm");
    let keys = "a all failures, r read, s solution, q quit.";
    terminal.shows("0.1 one()");
    terminal.shows("Keys: h hint, l list, n next step, ");
    terminal.shows(keys);
    terminal.types("h");
    terminal.shows("Think of a number.");
    terminal.shows(keys);
    terminal.types("H");
    terminal.shows("It is small.");
    terminal.types("l");
    terminal.shows("s2_two_is_even");
    terminal.types("r");
    terminal.shows("Answer with the number");
    terminal.types("s");
    terminal.shows("does not pass yet");
    terminal.types("a");
    terminal.shows("expected 2, got 4");
    terminal.shows("0.1 one()");
    terminal.shows(keys);
    // An arrow key, whose last byte is the letter A; then a key without a meaning.
    terminal.types("\x1b[A");
    terminal.types("x");
    terminal.shows(keys);
    assert!(!terminal.seen.contains("expected"), "{}", terminal.seen);
    terminal.types("n");
    terminal.shows("expected 2, got 4");
    terminal.shows(keys);
    // A save stays with the step that was turned to.
    workbook.write(TWO, "pub fn two() -> u32 {\n    6\n}\n");
    terminal.shows("expected 2, got 6");
    terminal.shows(keys);
    terminal.types("h");
    terminal.shows("Use one().");
    terminal.types("n");
    terminal.shows("No step of chapter 00 after step 2 is open.");
    workbook.write(TWO, "pub fn two() -> u32 {\n    2\n}\n");
    terminal.shows("Step 2 passes");
    terminal.shows("0.1 one()");
    terminal.types("q");
    let (status, _) = terminal.ends();
    assert!(status.success(), "{status}");
}

#[test]
fn a_copy_without_solutions_offers_none() {
    let workbook = Workbook::new("keys-copy");
    std::fs::remove_dir_all(workbook.root.join("solutions")).expect("a folder");
    let mut terminal = Terminal::start(&workbook, &["watch"], 80, "xterm");
    let keys = "r read, q quit.";
    terminal.shows(keys);
    terminal.types("s");
    terminal.shows(keys);
    terminal.types("q");
    let (status, shown) = terminal.ends();
    assert!(status.success() && !shown.contains("solution"), "{shown}");
}

#[test]
fn the_terminal_is_as_before_whatever_ends_watch() {
    let workbook = Workbook::new("keys-end");
    let start = || {
        let mut terminal = Terminal::start(&workbook, &["watch"], 80, "xterm");
        terminal.shows("q quit.");
        assert!(!terminal.gives_lines(), "single keys");
        terminal
    };
    // The key and the end of input.
    for key in ["q", "\x04"] {
        let mut terminal = start();
        terminal.types(key);
        terminal.until("lines again", Terminal::gives_lines);
    }
    for signal in ["-INT", "-TERM", "-HUP", "-QUIT"] {
        let mut terminal = start();
        terminal.signal(signal);
        let status = terminal.child.wait().expect("an end");
        assert_eq!(status.code(), None, "{signal} ends it: {status}");
        assert!(terminal.gives_lines(), "{signal}");
    }
    // Ctrl-Z, then `fg`.
    let terminal = start();
    terminal.signal("-TSTP");
    terminal.until("it stands still", Terminal::is_stopped);
    assert!(terminal.gives_lines(), "lines again");
    terminal.signal("-CONT");
    terminal.until("single keys again", |terminal| !terminal.gives_lines());
}

#[test]
fn a_page_longer_than_the_screen_goes_through_the_pager() {
    let workbook = Workbook::new("pager");
    let shown = |section: &str, pager: &str| {
        let mut command = workbook.command(&["read", "0", section]);
        command.env("TERM", "dumb").env("PAGER", pager);
        let (status, shown) = Terminal::run(command, 80).ends();
        assert!(status.success(), "{shown}");
        shown
    };
    let page = "book/src/00-first.md";
    let long = "\nA line.\n".repeat(ROWS.into());
    workbook.write(
        page,
        &format!("{}\n## Long {{#long}}\n{long}", workbook.read(page)),
    );
    let marked = shown("long", "sed s/^/:/");
    assert!(marked.lines().all(|line| line.starts_with(':')), "{marked}");
    assert_eq!(marked.matches(":A line.").count(), usize::from(ROWS));
    // One that fits does not, nor does any where the program is missing.
    assert!(shown("s2", "sed s/^/:/").starts_with("Step 2"));
    assert!(shown("long", "no-such-program").starts_with("Long"));
}

#[test]
fn a_dumb_terminal_gets_letters_only() {
    let workbook = Workbook::new("dumb");
    for said in [&[][..], &["test", "0"], &["hint"], &["list"], &["read"]] {
        let mut command = workbook.command(said);
        command
            .env("TERM", "dumb")
            .env("CI", "true")
            .env_remove("PAGER");
        let (_, shown) = Terminal::run(command, 80).ends();
        assert!(!shown.contains('\x1b'), "{said:?}: {shown:?}");
        assert!(shown.to_lowercase().contains("one"), "{said:?}: {shown}");
    }
    let mut terminal = Terminal::start(&workbook, &["watch"], 80, "dumb");
    terminal.shows("A letter, then Enter: h hint");
    terminal.types("h\n");
    terminal.shows("It is small.");
    terminal.types("q\n");
    let (status, _) = terminal.ends();
    assert!(status.success(), "{status}");
}

#[test]
fn lines_fit_forty_columns() {
    let workbook = Workbook::new("narrow");
    let fits = |said: &[&str]| {
        let (_, shown) = Terminal::start(&workbook, said, 40, "dumb").ends();
        // A path or a name has no blank to break at.
        let is_long = |line: &&str| line.chars().count() > 40 && line.trim().contains(' ');
        let long: Vec<&str> = shown.lines().filter(is_long).collect();
        assert!(long.is_empty(), "{said:?}: {long:#?}\nin:\n{shown}");
    };
    let all: [&[&str]; 12] = [
        &[],
        &["test", "0"],
        &["hint"],
        &["list"],
        &["read", "0"],
        &["solution"],
        &["reset"],
        &["test", "7"],
        &["test", "s1"],
        &["test", "0", "s9"],
        &["reset", "0", "--yes"],
        &["watch", "7"],
    ];
    for said in all {
        fits(said);
    }
    workbook.write(ONE, RIGHT_ONE);
    workbook.write(TWO, "pub fn two() -> u32 {\n    crate::one() + 1\n}\n");
    fits(&["test", "0"]);
    fits(&[]);
    fits(&["solution"]);
}
