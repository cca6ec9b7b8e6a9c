//! `cargo workbook watch`: a verdict after every save.

mod event;
mod files;
mod keys;
mod menu;

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::mpsc::channel;

use crate::attempt::{Attempt, Stop};
use crate::compile_errors;
use crate::digest;
use crate::done;
use crate::hint;
use crate::list;
use crate::next::overview;
use crate::output;
use crate::progress::Progress;
use crate::read::{self, Place};
use crate::resolve;
use crate::solution;
use crate::status;
use crate::test;
use crate::ui::{Ui, bad, faint};
use course::problem::Result;
use course::{Chapter, Course, Step};
use event::Event;
use files::{files_of_save, touched, watch_files};
use keys::{Keys, Typed};
use menu::{Key, name_keys};

pub fn run(ui: &Ui, course: &Course, progress: &mut Progress) -> Result<ExitCode> {
    let (sender, events) = channel();
    let _watchers = watch_files(course, &sender)?;
    let keys = Keys::read(sender);

    ui.line("Every save of a file in chapters/ is tested.");
    ui.blank();
    overview(ui, course, progress);
    let mut watch = Watch::new(ui, course, progress);
    match watch.progress.next_chapter(course) {
        Some(chapter) => watch.verdict(chapter)?,
        None => done::course(ui, course, watch.progress),
    }
    name_keys(ui, course, &keys);

    let mut waiting = None;
    while !ui.is_closed() {
        match waiting.take().map_or_else(|| events.recv(), Ok) {
            Ok(Event::Touched(path)) => {
                let paths;
                (paths, waiting) = files_of_save(path, &events);
                let touched = touched(course, &paths).into_iter();
                let news: Vec<_> = touched.filter(|chapter| watch.is_news(chapter)).collect();
                for chapter in &news {
                    watch.progress.choose(chapter);
                    rule(ui, chapter);
                    watch.verdict(chapter)?;
                }
                if !news.is_empty() {
                    name_keys(ui, course, &keys);
                }
            }
            Ok(Event::Typed(Typed::Letter(letter))) => match letter.and_then(Key::of) {
                Some(Key::Quit) => break,
                Some(key) if course.has_solutions() || key != Key::Solution => {
                    ui.blank();
                    if let Err(problem) = watch.press(key) {
                        ui.error(problem);
                    }
                    // A verdict ends with one.
                    if key != Key::Next {
                        ui.blank();
                    }
                    name_keys(ui, course, &keys);
                }
                _ => name_keys(ui, course, &keys),
            },
            Ok(Event::Typed(Typed::Ended)) => {
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
    /// A step of each chapter that the student has turned to before its time, by folder.
    ahead: HashMap<&'a str, &'a Step>,
    /// What the last verdict was about.
    at: Option<(&'a Chapter, &'a Step)>,
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
            ahead: HashMap::new(),
            at: None,
        }
    }

    fn press(&mut self, key: Key) -> Result<()> {
        let (ui, course) = (self.ui, self.course);
        let (chapter, step) = self.current()?;
        match key {
            Key::Hint => {
                hint::run(ui, course, self.progress, chapter, step)?;
            }
            Key::List => {
                list::run(ui, course, self.progress, Some(chapter));
            }
            Key::Next => self.go_ahead(chapter, step)?,
            Key::All => {
                test::run(ui, course, self.progress, chapter, None, true)?;
            }
            Key::Read => read::show(ui, course, &Place::step(chapter, step))?,
            Key::Solution => {
                let said = (Some(chapter.number()), None);
                let (chapter, step) = resolve::answer(course, self.progress, said, false)?;
                solution::run(ui, course, self.progress, chapter, step, false)?;
            }
            Key::Quit => {}
        }
        Ok(())
    }

    /// What the student works on.
    fn current(&self) -> Result<(&'a Chapter, &'a Step)> {
        if let Some(at) = self.at {
            return Ok(at);
        }
        let chapter = resolve::current_chapter(self.course, self.progress)?;
        let step = resolve::step(self.course, self.progress, chapter, None)?;
        Ok((chapter, step))
    }

    /// Turns to the next step that does not pass, before this one does.
    fn go_ahead(&mut self, chapter: &'a Chapter, step: &Step) -> Result<()> {
        let known = self.progress.of(self.course, chapter);
        let mut later = chapter.steps.iter().filter(|it| it.number > step.number);
        let Some(next) = later.find(|it| !known.has_passed_step(it)) else {
            let (number, step) = (chapter.number(), step.number);
            self.ui.prose(&format!(
                "No step of chapter {number} after step {step} is open."
            ));
            return Ok(());
        };
        self.ahead.insert(&chapter.folder, next);
        self.verdict(chapter)
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
        let mut stop = Stop::AllPass;
        if let Some(ahead) = self.ahead.get(chapter.folder.as_str()) {
            stop = attempt.run_step(ui, self.progress, ahead)?;
        }
        if let Stop::AllPass = stop {
            self.ahead.remove(chapter.folder.as_str());
            stop = attempt.run(ui, self.progress, first)?;
        }
        match stop {
            Stop::AtTest(failure) => {
                self.at = Some((chapter, failure.step));
                self.failed.insert(&chapter.folder, &failure.test.name);
                self.tell_news(&mut attempt);
                output::failure(ui, chapter, &failure, None);
                output::warnings(ui, chapter, attempt.binaries().built(ui, failure.step)?);
                // After the verdict, which the student waits for.
                attempt.count_the_rest(ui, self.progress)?;
                self.progress.save(ui);
                ui.blank();
                self.tell_news(&mut attempt);
                status::show_one(ui, self.course, self.progress, chapter);
                let open = self.open_step(chapter);
                let is_lost =
                    |open: &&Step| open.number < failure.step.number && attempt.knew(open);
                if let Some(open) = open.filter(is_lost) {
                    let number = open.number;
                    ui.line(bad(format!("  Step {number} does not pass any more.")));
                    ui.line(format!("  {}", output::test_command(chapter, open)));
                }
            }
            Stop::AtBuild { step } => {
                self.at = Some((chapter, step));
                if let Some(first) = first {
                    self.failed.insert(&chapter.folder, first);
                }
                compile_errors::show(
                    ui,
                    self.course,
                    chapter,
                    attempt.binaries().built(ui, step)?,
                );
            }
            Stop::AllPass => {
                self.at = None;
                self.progress.save(ui);
                self.tell_news(&mut attempt);
                status::show_one(ui, self.course, self.progress, chapter);
                ui.blank();
                done::chapter(ui, chapter, &self.progress.of(self.course, chapter));
                ui.blank();
                done::onward(ui, self.course, self.progress);
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
}

fn rule(ui: &Ui, chapter: &Chapter) {
    let title = format!("── {} saved ", chapter.folder);
    let rest = ui.width.saturating_sub(title.chars().count());
    ui.line(faint(format!("{title}{}", "─".repeat(rest))));
    ui.blank();
}
