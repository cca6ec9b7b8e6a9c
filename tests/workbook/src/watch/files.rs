//! Which files the student saves.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use notify::{Config, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

use super::event::Event;
use course::problem::{Problem, Result};
use course::{Chapter, Course};

/// An editor may save a file in several writes. They belong together when no more than this lies
/// between two of them.
const BETWEEN_WRITES: Duration = Duration::from_millis(20);

/// All files that one save touches, and the event that came after it.
pub fn files_of_save(first: PathBuf, events: &Receiver<Event>) -> (Vec<PathBuf>, Option<Event>) {
    let mut paths = vec![first];
    loop {
        match events.recv_timeout(BETWEEN_WRITES) {
            Ok(Event::Touched(path)) => paths.push(path),
            other => return (paths, other.ok()),
        }
    }
}

pub fn touched<'a>(course: &'a Course, paths: &[PathBuf]) -> Vec<&'a Chapter> {
    // By the folder's name alone: some systems report a path through other links than ours.
    let lies_in = |path: &PathBuf, folder: &str| path.iter().any(|part| part == folder);
    let is_touched = |chapter: &&Chapter| paths.iter().any(|path| lies_in(path, &chapter.folder));
    course.chapters.iter().filter(is_touched).collect()
}

/// Events from the system, and a look now and then for file systems that send none (network drives,
/// some containers and virtual machines).
pub fn watch_files(
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
