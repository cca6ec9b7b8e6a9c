//! `cargo workbook watch`: a verdict after every save.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use notify::{Config, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

use crate::attempt::{Attempt, Stop};
use crate::broken;
use crate::course::{Chapter, Course, Step};
use crate::digest;
use crate::done;
use crate::next::overview;
use crate::problem::{Problem, Result};
use crate::progress::Progress;
use crate::status;
use crate::tell;
use crate::ui::{Ui, bad, faint};

/// An editor may write a file in several strokes; they belong together when no more than this lies
/// between them.
const STROKE: Duration = Duration::from_millis(20);

enum Event {
    Touched(PathBuf),
    Typed(String),
    InputEnded,
}

pub fn run(ui: &Ui, course: &Course, progress: &mut Progress) -> Result<ExitCode> {
    let (sender, events) = channel();
    let _watchers = watch_files(course, &sender)?;
    read_input(sender);

    ui.line("Every save of a file in chapters/ is tested. `q` and Enter ends this.");
    ui.blank();
    overview(ui, course, progress);
    let mut watch = Watch::new(ui, course, progress);
    match watch.progress.next_chapter(course) {
        Some(chapter) => watch.verdict(chapter)?,
        None => done::course(ui, course, watch.progress),
    }

    let mut waiting = None;
    while !ui.is_closed() {
        match waiting.take().map_or_else(|| events.recv(), Ok) {
            Ok(Event::Touched(path)) => {
                let paths;
                (paths, waiting) = strokes(path, &events);
                for chapter in touched(course, &paths) {
                    if watch.is_news(chapter) {
                        watch.progress.choose(chapter);
                        rule(ui, chapter);
                        watch.verdict(chapter)?;
                    }
                }
            }
            Ok(Event::Typed(line)) if line.trim().eq_ignore_ascii_case("q") => break,
            Ok(Event::Typed(_)) => ui.line("`q` and Enter ends this; saving a file tests it."),
            Ok(Event::InputEnded) => {
                ui.line("The input has ended, and so does this.");
                break;
            }
            // The watchers hold senders, so this does not happen while they live.
            Err(_) => break,
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Watch<'a> {
    ui: &'a Ui,
    course: &'a Course,
    progress: &'a mut Progress,
    /// The digest of each chapter as it was looked at last, by folder.
    seen: HashMap<&'a str, String>,
    /// The test of each chapter that failed last, by folder.
    failed: HashMap<&'a str, &'a str>,
}

impl<'a> Watch<'a> {
    fn new(ui: &'a Ui, course: &'a Course, progress: &'a mut Progress) -> Watch<'a> {
        let digest = |chapter: &'a Chapter| (chapter.folder.as_str(), digest::of(course, chapter));
        let seen = course.chapters.iter().map(digest).collect();
        Watch {
            ui,
            course,
            progress,
            seen,
            failed: HashMap::new(),
        }
    }

    /// Whether the chapter is another one than when it was looked at last. A file can be touched
    /// without being changed, and one change can come with several events.
    fn is_news(&mut self, chapter: &'a Chapter) -> bool {
        let now = digest::of(self.course, chapter);
        self.seen.insert(&chapter.folder, now.clone()) != Some(now)
    }

    fn open_step(&self, chapter: &'a Chapter) -> Option<&'a Step> {
        self.progress.of(self.course, chapter).next_step(chapter)
    }

    /// Tests a chapter and says how it went.
    fn verdict(&mut self, chapter: &'a Chapter) -> Result<()> {
        let ui = self.ui;
        let mut attempt = Attempt::new(self.course, chapter, self.progress);
        // The test that failed last is the one being worked on. In a long chapter its verdict would
        // else wait for all the tests before it.
        let first = self.failed.remove(chapter.folder.as_str());
        match attempt.run(ui, self.progress, first)? {
            Stop::AtTest(failure) => {
                self.failed.insert(&chapter.folder, &failure.test.name);
                self.tell_news(&mut attempt);
                tell::failure(ui, chapter, &failure, None);
                tell::warnings(ui, chapter, attempt.bench().built(ui, failure.step)?);
                // After the verdict, which the student waits for.
                attempt.count_the_rest(ui, self.progress)?;
                self.progress.save()?;
                ui.blank();
                self.tell_news(&mut attempt);
                status::show_one(ui, self.course, self.progress, chapter);
                let open = self.open_step(chapter);
                if let Some(open) = open.filter(|open| open.number < failure.step.number) {
                    let number = open.number;
                    ui.line(bad(format!("  Step {number} does not pass any more.")));
                    ui.line(format!("  {}", tell::test_command(chapter, open)));
                }
            }
            Stop::AtBuild { step } => {
                if let Some(first) = first {
                    self.failed.insert(&chapter.folder, first);
                }
                broken::show(ui, self.course, chapter, attempt.bench().built(ui, step)?);
            }
            Stop::Nowhere => {
                self.progress.save()?;
                self.tell_news(&mut attempt);
                status::show_one(ui, self.course, self.progress, chapter);
                ui.blank();
                done::chapter(ui, chapter, &self.progress.of(self.course, chapter));
                ui.blank();
                self.on_to_the_next();
            }
        }
        ui.blank();
        Ok(())
    }

    fn tell_news(&self, attempt: &mut Attempt) {
        let steps = attempt.news();
        if !steps.is_empty() {
            done::steps(self.ui, &steps);
            self.ui.blank();
        }
    }

    fn on_to_the_next(&self) {
        let Some(chapter) = self.progress.next_chapter(self.course) else {
            return done::course(self.ui, self.course, self.progress);
        };
        let Some(step) = self.open_step(chapter) else {
            return;
        };
        self.ui.line(format!(
            "On to chapter {}, {}.",
            chapter.number(),
            chapter.title
        ));
        tell::next_step(self.ui, chapter, step);
    }
}

fn rule(ui: &Ui, chapter: &Chapter) {
    let title = format!("── {} saved ", chapter.folder);
    let rest = ui.width.saturating_sub(title.chars().count());
    ui.line(faint(format!("{title}{}", "─".repeat(rest))));
    ui.blank();
}

/// All files that one save touches, and the event that came after it.
fn strokes(first: PathBuf, events: &Receiver<Event>) -> (Vec<PathBuf>, Option<Event>) {
    let mut paths = vec![first];
    loop {
        match events.recv_timeout(STROKE) {
            Ok(Event::Touched(path)) => paths.push(path),
            other => return (paths, other.ok()),
        }
    }
}

fn touched<'a>(course: &'a Course, paths: &[PathBuf]) -> Vec<&'a Chapter> {
    // By the folder's name alone: some systems report a path through other links than ours.
    let lies_in = |path: &PathBuf, folder: &str| path.iter().any(|part| part == folder);
    let is_touched = |chapter: &&Chapter| paths.iter().any(|path| lies_in(path, &chapter.folder));
    course.chapters.iter().filter(is_touched).collect()
}

/// Events from the system, and a look now and then for file systems that send none (network drives,
/// some containers and virtual machines).
fn watch_files(
    course: &Course,
    sender: &Sender<Event>,
) -> Result<(notify::Result<RecommendedWatcher>, PollWatcher)> {
    let chapters = course.root.join("chapters");
    let handler = |sender: Sender<Event>| {
        move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            // Reading a file, as the compiler does, is an event too.
            if event.kind.is_access() {
                return;
            }
            for path in event.paths {
                // Nobody listens any more once the command ends.
                let _ = sender.send(Event::Touched(path));
            }
        }
    };
    let events = notify::recommended_watcher(handler(sender.clone())).and_then(|mut watcher| {
        watcher.watch(&chapters, RecursiveMode::Recursive)?;
        Ok(watcher)
    });
    let interval = Duration::from_millis(if events.is_ok() { 2000 } else { 300 });
    let config = Config::default().with_poll_interval(interval);
    let mut polls = PollWatcher::new(handler(sender.clone()), config).map_err(cannot_watch)?;
    polls
        .watch(&chapters, RecursiveMode::Recursive)
        .map_err(cannot_watch)?;
    Ok((events, polls))
}

fn cannot_watch(error: notify::Error) -> Problem {
    Problem::new(format!("Cannot watch the folder chapters: {error}."))
}

fn read_input(sender: Sender<Event>) {
    thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(std::io::Result::ok) {
            if sender.send(Event::Typed(line)).is_err() {
                return;
            }
        }
        let _ = sender.send(Event::InputEnded);
    });
}
