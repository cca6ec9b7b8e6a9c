//! What all handles of one test share: its story, its deadlines, its first failure.

use std::fmt::Debug;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::calls::{Calls, on_a_quiet_machine};
use super::diagnosis::Diagnosis;
use super::function;
use super::panics::{self, Caught, Listener, Panic, Stopped};
use super::task::Task;
use super::threads::Threads;
use crate::pictures::{canvas, ladder};
use crate::protocol::{EXPECTED, GOT, LOOK, PICTURES, Patience, SCRIPTS, SEED, TO_DO, task_of};
use crate::report::failure::{Failure, IN};
use crate::report::story::{Story, YOU};
use crate::report::test_name::TestName;
use crate::report::text::{excerpt, in_words};
use crate::report::{self, causes};
use crate::sim::{self, SharedTrace, Trace};

/// How often a wait looks up to see whether the test has already failed elsewhere.
pub(crate) const GLANCE: Duration = Duration::from_millis(10);

/// The handle that a test's body works with. Clones belong to the same test.
#[derive(Clone)]
pub struct Lab(
    pub(crate) Arc<Inner>,
    /// The reason of what is demanded through this handle: see [`Lab::because`].
    pub(super) Option<Arc<str>>,
);

pub(crate) struct Inner {
    pub test: TestName,
    pub patience: Patience,
    pub story: Story,
    pub calls: Calls,
    pub threads: Threads,
    /// Why the thing under test matters, for the next failure.
    why: Mutex<String>,
    /// The usual cause when the student's code does not come to an end here.
    if_stuck: Mutex<String>,
    /// What the student's code was given to read, by name.
    given: Mutex<Vec<(String, String)>>,
    /// The first failure; later ones are its consequences.
    failure: Mutex<Option<Failure>>,
    /// The latest call into the student's code, as the story has it.
    latest: Mutex<String>,
    /// The message of a panic in the student's code that ended none of the calls.
    panic: Mutex<Option<String>>,
    pictures: Mutex<Pictures>,
    nets: Mutex<Nets>,
    script: Mutex<Option<Playing>>,
    /// How many scripts have begun.
    scripts: AtomicUsize,
    /// The last of the seeds that the test has asked for.
    seed: Mutex<Option<u64>>,
    /// Whether a wait has lasted to its deadline. The machine may have been busy.
    late: AtomicBool,
    /// What this machine lacks for the test.
    lacks: Mutex<Option<String>>,
}

#[derive(Default)]
struct Pictures {
    ladder: Option<String>,
    drawn: Vec<(String, String)>,
}

/// The simulated networks of this test.
#[derive(Default)]
struct Nets {
    /// The last one, or with [`LOOK`] the first ones, too.
    watched: Vec<SharedTrace>,
    /// The last one belongs to the present scene.
    is_present: bool,
}

/// The script that is played.
struct Playing {
    rows: Arc<[String]>,
    /// The row that is due.
    row: usize,
    /// The machine's variables, once it has left the script.
    variables: String,
}

/// So many networks of one test are drawn.
const MOST_NETS: usize = 10;

impl Inner {
    pub fn new(test: TestName, patience: Patience) -> Inner {
        Inner {
            test,
            patience,
            story: Story::begin(),
            calls: Calls::default(),
            threads: Threads::begin(),
            why: Mutex::default(),
            if_stuck: Mutex::default(),
            given: Mutex::default(),
            failure: Mutex::default(),
            latest: Mutex::default(),
            panic: Mutex::default(),
            pictures: Mutex::default(),
            nets: Mutex::default(),
            script: Mutex::default(),
            scripts: AtomicUsize::new(0),
            seed: Mutex::default(),
            late: AtomicBool::new(false),
            lacks: Mutex::default(),
        }
    }

    /// This laboratory, for the hook that hears of panics.
    pub fn listener(self: &Arc<Inner>) -> Weak<dyn Listener> {
        let weak: Weak<Inner> = Arc::downgrade(self);
        weak
    }

    pub fn failure(&self) -> Option<Failure> {
        locked(&self.failure).clone()
    }

    pub fn reason(&self) -> String {
        locked(&self.why).clone()
    }

    pub fn set_reason(&self, why: String) {
        *locked(&self.why) = why;
    }

    pub fn set_if_stuck(&self, cause: String) {
        *locked(&self.if_stuck) = cause;
    }

    /// Shows this text with a failure from now on. A later one of the same name takes its place.
    pub fn give(&self, name: &str, text: &str) {
        let mut given = locked(&self.given);
        given.retain(|(other, _)| other != name);
        given.push((name.to_owned(), excerpt(text)));
    }

    /// Begins a scene, which owes nothing to those before it.
    pub fn scene(&self, text: String) {
        self.story.scene(text);
        locked(&self.given).clear();
        *locked(&self.panic) = None;
        *locked(&self.script) = None;
        locked(&self.nets).is_present = false;
    }

    /// The story goes on in this network.
    pub fn watch_net(&self, trace: SharedTrace) {
        let mut nets = locked(&self.nets);
        let keeps = is_look() && nets.watched.len() < MOST_NETS;
        if !keeps {
            nets.watched.pop();
        }
        nets.watched.push(trace);
        nets.is_present = true;
    }

    /// What the environment says, or 1.
    pub fn first_seed(&self) -> u64 {
        let seed = std::env::var(SEED).ok();
        seed.and_then(|text| text.parse().ok()).unwrap_or(1)
    }

    pub fn draws_seed(&self, seed: u64) {
        *locked(&self.seed) = Some(seed);
    }

    /// How to have the same chance again; empty where the test has drawn none.
    pub fn seed_in_words(&self) -> String {
        let seed = *locked(&self.seed);
        seed.map(|seed| format!("{SEED}={seed} begins with this run"))
            .unwrap_or_default()
    }

    /// What crossed the simulated network, as a ladder; empty where there is none.
    pub fn net_story(&self) -> String {
        self.of_net(Trace::story)
    }

    /// The plans that were for no packet so far.
    pub fn plans_not_met(&self) -> String {
        self.of_net(Trace::plans_not_met)
    }

    fn of_net(&self, words: fn(&Trace) -> String) -> String {
        let nets = locked(&self.nets);
        match nets.watched.last() {
            Some(trace) if nets.is_present => words(&sim::read(trace)),
            _ => String::new(),
        }
    }

    pub fn is_late(&self) -> bool {
        self.late.load(Relaxed)
    }

    /// What this machine lacks for the test, if it was skipped.
    pub fn lacks(&self) -> Option<String> {
        locked(&self.lacks).clone()
    }

    /// Ends the test, which says nothing about the student's code.
    pub fn skip(&self, lacks: &str) -> ! {
        assert!(
            !self.calls.have_begun(),
            "a test is skipped before it calls the student's code, or not at all ({lacks})"
        );
        *locked(&self.lacks) = Some(lacks.to_owned());
        resume_unwind(Box::new(Stopped))
    }

    /// Keeps the first failure.
    pub fn fail(&self, failure: Failure) {
        locked(&self.failure).get_or_insert(failure);
    }

    /// Ends the test here. Anything the student's code catches on the way changes nothing: the
    /// failure is kept.
    pub fn stop(&self, failure: Failure) -> ! {
        self.fail(failure);
        // In a drop, while the thread unwinds: one more panic would end the process, and with it the
        // other tests. The thread stays here, and the watcher gives it up.
        while thread::panicking() {
            thread::park();
        }
        resume_unwind(Box::new(Stopped))
    }

    /// What was demanded did not hold. `because` is the reason that belongs to this demand alone; an
    /// error that came instead is explained as that error.
    pub fn check_failed(&self, expected: &str, got: &str, because: Option<&str>) -> Failure {
        // First: meanwhile a panic may be heard of.
        let diagnosis = self.diagnosis();
        let derived = because.map(str::to_owned).or_else(|| {
            let error = || causes::of_error(got).map(str::to_owned);
            self.cause_of_panic().or_else(error)
        });
        let failure = self
            .disappointed(expected, got)
            .with("meanwhile", diagnosis.calls());
        self.explained(failure, &derived.unwrap_or_default())
    }

    /// What was waited for did not come. The reason is derived from what the student's code does: from
    /// the thread that does not end, where it is known.
    pub fn stuck(
        &self,
        expected: &str,
        got: &str,
        because: Option<&str>,
        culprit: Option<&Task>,
    ) -> Failure {
        let diagnosis = self.diagnosis();
        let derived = match culprit {
            Some(task) => diagnosis.cause_of(task),
            None => diagnosis.cause(),
        };
        let usual = locked(&self.if_stuck).clone();
        let own = because.unwrap_or(&usual);
        let derived = self
            .cause_of_panic()
            .or_else(|| derived.map(str::to_owned))
            .unwrap_or_default();
        let why = format!("{derived}\n{own}");
        let failure = self
            .disappointed(expected, got)
            .with("meanwhile", diagnosis.calls_and_threads(culprit));
        self.explained(failure, why.trim())
    }

    /// Why the panic happened that ended a thread or a program of the student's.
    fn cause_of_panic(&self) -> Option<String> {
        let message = locked(&self.panic).clone()?;
        Some(causes::of_panic(&message))
    }

    fn diagnosis(&self) -> Diagnosis {
        Diagnosis::of(&self.calls, &self.threads, self.patience.wait())
    }

    /// A script begins. Somebody may want a copy.
    pub fn begins_script(&self, rows: &Arc<[String]>) {
        self.plays_at(rows, 0);
        let number = self.scripts.fetch_add(1, Relaxed) + 1;
        if let Some(folder) = std::env::var_os(SCRIPTS) {
            let chapter = self.test.chapter.as_deref().unwrap_or("netlab");
            let name = format!("{chapter}.{}.{number}.script", self.test.function);
            write(&Path::new(&folder).join(name), rows.join("\n").as_bytes());
        }
    }

    /// The script is at this row.
    pub fn plays_at(&self, rows: &Arc<[String]>, row: usize) {
        *locked(&self.script) = Some(Playing {
            rows: rows.clone(),
            row,
            variables: String::new(),
        });
    }

    /// The machine has left the script, with these variables.
    pub fn leaves_script(&self, variables: String) {
        if let Some(playing) = locked(&self.script).as_mut() {
            playing.variables = variables;
        }
    }

    /// All of the script has come true: the story is told as ever.
    pub fn script_is_over(&self) {
        *locked(&self.script) = None;
    }

    /// What happened: the script that is played, or the story.
    pub fn told(&self) -> String {
        match &*locked(&self.script) {
            Some(playing) => report::script::text(&playing.rows, playing.row),
            None => report::ladder::text(&self.story.lines()),
        }
    }

    /// What was given, what was expected of it, what came instead.
    fn disappointed(&self, expected: &str, got: &str) -> Failure {
        let given = locked(&self.given);
        let given = given.iter().map(|(name, text)| format!("{name}:\n{text}"));
        let playing = locked(&self.script);
        let variables = playing.as_ref().map(|playing| &*playing.variables);
        Failure::new()
            .with("given", given.collect::<Vec<_>>().join("\n"))
            .with(EXPECTED, expected)
            .with(GOT, got)
            .with("variables", variables.unwrap_or_default())
    }

    /// Adds why it failed, and then what the test is about. Where nothing else is known, the subject of
    /// the test is the reason.
    fn explained(&self, failure: Failure, why: &str) -> Failure {
        let subject = self.reason();
        match why {
            "" => failure.with("why", subject),
            _ if why.contains(&subject) => failure.with("why", why),
            _ => failure.with("why", why).with("about", subject),
        }
    }

    /// Runs `f` on a thread of this laboratory. `Err` is the failure that ended it.
    pub fn guard<T>(self: &Arc<Inner>, f: impl FnOnce() -> T) -> Result<T, Failure> {
        let (result, value) = by_reference(f, |f| self.guarded(f));
        result.map(|()| value.expect("f has come to its end"))
    }

    fn guarded(self: &Arc<Inner>, f: &mut dyn FnMut()) -> Result<(), Failure> {
        panics::guard(self.listener(), f).map_err(|caught| match caught {
            Caught::Stopped => self.failure().unwrap_or_else(Failure::new),
            Caught::Panic(panic) => self.failure_of(&panic),
        })
    }

    /// A `todo!` is the next task; any other panic is a failure.
    fn failure_of(&self, panic: &Panic) -> Failure {
        match task_of(&panic.message) {
            Some(task) => Failure::new()
                .with(TO_DO, task)
                .with(IN, panic.place.words()),
            None => {
                let failure = self.disappointed("no panic", &panic.message);
                self.explained(failure, &causes::of_panic(&panic.message))
                    .with(IN, panic.place.words())
            }
        }
    }

    /// A thread that the student has started, or a program, has panicked. A `todo!` is the next task; any
    /// other panic may be the reason of what comes next.
    pub fn panicked_aside(&self, who: &str, panic: &Panic) {
        let message = &panic.message;
        if task_of(message).is_some() {
            self.fail(self.failure_of(panic));
            return;
        }
        // Some tests panic by themselves, to see what comes of it.
        let place = match panic.place.is_in_test() {
            true => panic.place.line().to_owned(),
            false => panic.place.words(),
        };
        self.story
            .act(YOU, format!("{who} panics: {message}"), &place);
        if place.starts_with("chapters/") || place.starts_with("solutions/") {
            locked(&self.panic).get_or_insert(message.to_owned());
        }
    }

    /// Puts a call into the student's code into the story. Before a thread starts, so that the
    /// order of the lines is the order of the scene.
    pub fn tell_call(&self, what: &str) {
        self.turns_to(what);
        self.story.act(YOU, format!("your {what}"), "");
    }

    /// A failure from now on is about this call.
    pub fn turns_to(&self, call: &str) {
        call.clone_into(&mut locked(&self.latest));
    }

    /// Where to look in the reader's source.
    pub fn place(&self) -> String {
        function::place_of(&locked(&self.latest), &self.test).unwrap_or_default()
    }

    /// Runs `f` as a call into the student's code on the body's thread; a panic in it ends the test.
    pub fn call<T>(self: &Arc<Inner>, what: &str, f: impl FnOnce() -> T) -> T {
        let ((), value) = by_reference(f, |f| self.called(what, f));
        value.expect("f has come to its end")
    }

    fn called(self: &Arc<Inner>, what: &str, f: &mut dyn FnMut()) {
        let id = self.calls.enter(what, true);
        let result = self.guarded(f);
        self.calls.leave(id, None);
        result.unwrap_or_else(|failure| self.stop(failure));
    }

    /// The same on another thread. What the call returns is kept in words, as long as the body has not asked for
    /// it: it may be the reason of a failure elsewhere.
    pub fn call_aside<T>(self: &Arc<Inner>, what: &str, f: impl FnOnce() -> (T, String)) -> T {
        let id = self.calls.enter(what, false);
        match self.guard(f) {
            Ok((value, words)) => {
                self.calls.leave(id, Some((what.to_owned(), words)));
                value
            }
            Err(failure) => {
                self.calls.leave(id, None);
                self.stop(failure)
            }
        }
    }

    pub fn overdue(&self) -> bool {
        let (age, limit) = (self.story.age(), self.patience.test());
        let is_old = || on_a_quiet_machine(age, self.calls.in_line(), limit) > limit;
        (age > limit && is_old()) || self.calls.any_exceeds(self.patience.call())
    }

    /// The verdict on a body that overran its deadline.
    pub fn too_slow(&self) -> Failure {
        self.late.store(true, Relaxed);
        let Some(call) = self.calls.culprit() else {
            let limit = in_words(self.patience.test());
            let expected = format!("the test to end within {limit}");
            return self.stuck(&expected, "it goes on", None, None);
        };
        self.turns_to(&call.what);
        let limit = self.patience.call();
        let lasts = call.lasts(limit);
        // The deadline itself, where that was it: what comes on top is the watcher's own time.
        let waited = in_words(if call.watched {
            lasts.min(limit)
        } else {
            lasts
        });
        self.story.fails(
            YOU,
            format!("your {} has not returned after {waited}", call.what),
        );
        let doing = Task::doing(std::slice::from_ref(&call.task))[0].words();
        self.stuck(
            &format!("your {} to return", call.what),
            &format!("after {waited} it {doing}"),
            None,
            Some(&call.task),
        )
    }

    /// Asks `look` again and again until it has something, the test has failed elsewhere, or the
    /// time for one wait is over (`None`), without the time that [`Calls::in_line`] knows of. `look`
    /// itself waits for a [`GLANCE`] at most.
    pub fn await_some<T>(&self, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        let (began, in_line) = (Instant::now(), self.calls.in_line());
        let limit = self.patience.wait();
        let is_over = || {
            let waited = began.elapsed();
            let in_line = || self.calls.in_line().saturating_sub(in_line);
            waited >= limit && on_a_quiet_machine(waited, in_line(), limit) >= limit
        };
        loop {
            if let Some(found) = look() {
                return Some(found);
            }
            if locked(&self.failure).is_some() {
                resume_unwind(Box::new(Stopped));
            }
            if is_over() {
                self.late.store(true, Relaxed);
                return None;
            }
        }
    }

    pub fn take_ladder_as(&self, name: &str) {
        locked(&self.pictures).ladder = Some(name.to_owned());
    }

    pub fn add_picture(&self, name: &str, svg: String) {
        locked(&self.pictures).drawn.push((name.to_owned(), svg));
    }

    /// Writes the pictures of this test to the folder that the environment names; among them the
    /// report, if it failed.
    pub fn write_pictures(&self, report: Option<&str>) {
        let Some(folder) = std::env::var_os(PICTURES) else {
            return;
        };
        let mut pictures = locked(&self.pictures);
        let test = &self.test.function;
        let lines = self.story.lines();
        if is_look() {
            let has_net = self.write_nets(Path::new(&folder));
            // Beside a network the story is worth a picture where something crosses in it, too.
            if !has_net || !report::ladder::actors(&lines).is_empty() {
                pictures.ladder.get_or_insert_with(|| test.clone());
            }
        } else if let Some(report) = report {
            pictures
                .drawn
                .push((test.clone(), canvas::terminal(report)));
        }
        if let Some(name) = pictures.ladder.take() {
            let ladder = ladder::draw(&lines);
            pictures.drawn.push((name, ladder));
        }
        for (name, svg) in pictures.drawn.drain(..) {
            let file = Path::new(&folder).join(name).with_extension("svg");
            write(&file, svg.as_bytes());
        }
    }

    /// Writes a picture and a capture of each simulated network. `false` where there is none.
    fn write_nets(&self, folder: &Path) -> bool {
        let nets = locked(&self.nets);
        let test = &self.test.function;
        for (n, trace) in nets.watched.iter().enumerate() {
            let trace = sim::read(trace);
            let name = format!("{test}-net-{}", n + 1);
            write(
                &folder.join(&name).with_extension("svg"),
                trace.svg(test).as_bytes(),
            );
            write(
                &folder.join(&name).with_extension("pcapng"),
                &trace.pcapng(),
            );
        }
        !nets.watched.is_empty()
    }
}

impl Listener for Inner {
    fn hears(&self, panic: &Panic) {
        if task_of(&panic.message).is_some() {
            self.fail(self.failure_of(panic));
        }
    }

    fn hears_check(&self, expected: &str, got: &str) {
        self.fail(self.check_failed(expected, got, None));
    }

    fn chapter(&self) -> Option<&str> {
        self.test.chapter.as_deref()
    }

    fn hears_stray(&self, panic: &Panic) {
        self.panicked_aside("a thread of yours", panic);
    }
}

/// Whether somebody wants to see what happens in this test.
fn is_look() -> bool {
    std::env::var_os(LOOK).is_some()
}

fn write(file: &Path, content: &[u8]) {
    if let Err(error) = std::fs::write(file, content) {
        eprintln!("netlab: cannot write {}: {error}", file.display());
    }
}

/// Gives `f` to a function that is compiled once, and not for each type of closure. The value is there
/// when `f` has come to its end.
fn by_reference<T, R>(
    f: impl FnOnce() -> T,
    function: impl FnOnce(&mut dyn FnMut()) -> R,
) -> (R, Option<T>) {
    let (mut f, mut value) = (Some(f), None);
    let result = function(&mut || {
        if let Some(f) = f.take() {
            value = Some(f());
        }
    });
    (result, value)
}

/// A value for a report, cut where it grows long.
pub(super) fn in_short(value: &dyn Debug) -> String {
    const LONGEST: usize = 200;
    let mut words = format!("{value:?}");
    if let Some((cut, _)) = words.char_indices().nth(LONGEST) {
        words.truncate(cut);
        words.push('…');
    }
    words
}

/// A lock whose data is whole between any two statements, so that a panic elsewhere is no reason to
/// give up on it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
