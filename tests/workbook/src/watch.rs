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
use crate::course::{Chapter, Course};
use crate::digest;
use crate::next::overview;
use crate::problem::{Problem, Result};
use crate::progress::Progress;
use crate::status;
use crate::tell;
use crate::ui::{Ui, faint, good};

/// An editor may write a file in several strokes; they belong together when no more than this lies
/// between them.
const STROKE: Duration = Duration::from_millis(20);

const AGAIN: &str = "save the file";

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
    // What was tested last: touching a file without changing it is no news.
    let mut seen: HashMap<&str, String> = HashMap::new();
    for chapter in &course.chapters {
        seen.insert(&chapter.folder, digest::of(course, chapter));
    }
    match next_open(course, progress) {
        Some(chapter) => verdict(ui, course, progress, chapter)?,
        None => tell::all_done(ui),
    }

    let mut waiting = None;
    while !ui.is_closed() {
        match waiting.take().map_or_else(|| events.recv(), Ok) {
            Ok(Event::Touched(path)) => {
                let paths;
                (paths, waiting) = strokes(path, &events);
                for chapter in touched(course, &paths) {
                    let now = digest::of(course, chapter);
                    if seen.insert(&chapter.folder, now.clone()).as_ref() != Some(&now) {
                        rule(ui, chapter);
                        verdict(ui, course, progress, chapter)?;
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

fn next_open<'a>(course: &'a Course, progress: &Progress) -> Option<&'a Chapter> {
    course
        .chapters
        .iter()
        .find(|chapter| progress.of(course, chapter).next_step(chapter).is_some())
}

/// Tests a chapter and says how it went.
fn verdict(ui: &Ui, course: &Course, progress: &mut Progress, chapter: &Chapter) -> Result<()> {
    let mut attempt = Attempt::new(course, chapter, progress);
    match attempt.run(ui, progress)? {
        Stop::AtTest(failure) => {
            tell::failure(ui, chapter, &failure);
            tell::next_step(ui, chapter, failure.step, AGAIN);
            tell::warnings(ui, chapter, attempt.bench().built(ui, failure.step)?);
            // After the verdict, which the student waits for.
            attempt.count_the_rest(ui, progress, failure.test)?;
            progress.save()?;
            ui.blank();
            status::show_one(ui, course, progress, chapter);
        }
        Stop::AtBuild { step } => {
            broken::show(ui, course, chapter, attempt.bench().built(ui, step)?);
        }
        Stop::Nowhere => {
            progress.save()?;
            status::show_one(ui, course, progress, chapter);
            ui.prose(&good(format!(
                "Chapter {} is done: every test passes.",
                chapter.number()
            )));
            match next_open(course, progress) {
                Some(next) => {
                    let known = progress.of(course, next);
                    if let Some(step) = known.next_step(next) {
                        ui.blank();
                        ui.line(format!("On to chapter {}, {}.", next.number(), next.title));
                        tell::next_step(ui, next, step, AGAIN);
                    }
                }
                None => tell::all_done(ui),
            }
        }
    }
    ui.blank();
    Ok(())
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
