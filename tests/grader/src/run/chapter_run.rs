//! A chapter's tests: in order, one awake at a time.
//!
//! Then the skipped ones again, with nothing beside them: a submission shall not choose its tests.
//!
//! A test that sleeps disturbs nobody, so the next one runs beside it. Otherwise one submission that
//! hangs would keep a class waiting for minutes, most of them asleep.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use course::problem::{Problem, Result};

use crate::build::rustc::Hidden;
use crate::jail::{Beside, Ending, Jail, Used};
use crate::report::{TestReport, Tier, Verdict, Visibility};
use crate::run::lanes::Lanes;
use crate::run::test_plan::PlannedTest;
use crate::run::test_run::{TestRun, TestSession, Time};
use crate::run::verdict::TestOutcome;
use crate::settings::Limits;

/// So many late tests of a chapter may be the machine's noise. Each is tried once more, with twice the
/// patience. When there are more, the submission hangs: the tests that are left have half the patience,
/// and none is tried again.
const NOISE: usize = 5;

/// Tests of a submission that sleep at a time.
const ASIDE: usize = 16;

/// How much processor time a test may use in ordinary patience, after so many that have used up theirs. With
/// the reference answers, the costliest test needs 0.4 s. A wait that is none may be in every test: they shall
/// not cost a class minutes.
fn cpu(spent: usize) -> Duration {
    const MANY: usize = 20;
    Duration::from_millis(if spent > MANY {
        100
    } else if spent > NOISE {
        500
    } else {
        2000
    })
}

/// How long a test may be awake when its chapter's tests have used up their time.
const MOMENT: Duration = Duration::from_millis(200);

/// How long the tests of a chapter may be awake together.
fn in_common(limits: &Limits) -> Duration {
    limits.patiently(Duration::from_secs(limits.awake_seconds))
}

/// A chapter of a submission, compiled.
pub struct ChapterRun<'a> {
    /// The package's folder in the workdir.
    pub dir: &'a Path,
    pub package: &'a str,
    pub exercise: &'a Path,
    pub hidden: &'a Hidden,
    /// The same tests without the student's library, for black boxes.
    pub judge: &'a Path,
    pub hidden_judge: &'a Path,
    /// The student's, if the chapter has one.
    pub program: Option<PathBuf>,
    /// Its program has to look into /proc for what belongs to other processes.
    pub sees_proc: bool,
    pub jail: &'a Jail,
    pub lanes: &'a Lanes,
    pub limits: &'a Limits,
    pub seed: u64,
}

impl ChapterRun<'_> {
    /// Runs all of them.
    pub fn run(&self, plan: &[PlannedTest]) -> Vec<TestReport> {
        let patience = self.limits.patience;
        let mut run = Run {
            chapter: self,
            plan,
            reports: Mutex::new(plan.iter().map(|one| one.report.clone()).collect()),
            sessions: Mutex::default(),
            awake: Mutex::default(),
            asleep: Mutex::default(),
            turn: Mutex::default(),
            changed: Condvar::new(),
            until: Instant::now() + self.limits.tests_wall(),
        };
        let mut first = run.round((0..plan.len()).collect(), patience);
        if first.is_noise() {
            // It does not hang, so they have the same patience as the others.
            let again = run.round(std::mem::take(&mut first.hurried), patience);
            first.late.extend(again.late);
            first.late.extend(again.hurried);
            first.spent += again.spent;
        }
        if first.is_noise() {
            run.round(first.late.clone(), 2.0 * patience);
            let reports = run.reports.get_mut().expect(SOUND);
            for at in first.late {
                if reports[at].verdict.is_pass() {
                    reports[at].message = "late at first, in time when tried once more".into();
                }
            }
        }
        run.look_at_skipped(patience, first.spent);
        run.reports.into_inner().expect(SOUND)
    }

    fn test_run(&self, (visibility, tier): (Visibility, Tier)) -> Result<TestRun<'_>> {
        let binary = match (visibility, tier, self.hidden) {
            (Visibility::Visible, Tier::InProcess, _) => self.exercise,
            (Visibility::Visible, Tier::BlackBox, _) => self.judge,
            (Visibility::Hidden, Tier::InProcess, Hidden::Ready(path)) => path,
            (Visibility::Hidden, Tier::BlackBox, Hidden::Ready(_)) => self.hidden_judge,
            (Visibility::Hidden, ..) => return Err(Problem::new("There are no hidden tests.")),
        };
        // No other test's binary: the hidden ones would be read by the visible ones, which tell.
        let mut reads = vec![binary.to_path_buf(), self.dir.to_owned()];
        reads.extend(self.program.clone());
        Ok(TestRun {
            binary,
            dir: self.dir,
            package: self.package,
            reads,
            hides_judge: tier == Tier::BlackBox && !self.sees_proc,
            jail: self.jail,
            limits: self.limits,
            seed: self.seed,
        })
    }
}

struct Run<'a> {
    chapter: &'a ChapterRun<'a>,
    plan: &'a [PlannedTest],
    reports: Mutex<Vec<TestReport>>,
    /// Those in which no test runs, each with what its tests have in common.
    sessions: Mutex<Vec<(Kind, TestSession<'a>)>>,
    /// How long tests were awake.
    awake: Mutex<Duration>,
    /// What those have that sleep, and how long they have been awake since they were put aside.
    asleep: Mutex<BTreeMap<usize, Used>>,
    turn: Mutex<Turn>,
    changed: Condvar,
    /// No test runs after that.
    until: Instant,
}

type Kind = ((Visibility, Tier), f64, bool);

/// How a test ended, as far as the next ones are concerned.
#[derive(Clone, Copy)]
enum Ended {
    InTime,
    /// It may be in time when the machine is less busy.
    Late,
    /// It has used up its processor time, which has nothing to do with how busy the machine is.
    Spent,
}

/// How far a round is.
#[derive(Default)]
struct Turn {
    awake: usize,
    /// Those that sleep.
    aside: usize,
    /// Late ones, in the order of their ends; with half the patience, too.
    late: Vec<usize>,
    hurried: Vec<usize>,
    /// How many have used up their processor time.
    spent: usize,
}

impl Turn {
    /// Too many were late, or are about to be.
    fn hangs(&self) -> bool {
        self.aside + self.late.len() + self.hurried.len() + self.spent > NOISE
    }

    /// So few were late with the whole patience that it may have been the machine's noise.
    fn is_noise(&self) -> bool {
        self.late.len() + self.spent <= NOISE
    }
}

const SOUND: &str = "nobody panics while he changes it";

impl<'a> Run<'a> {
    /// Runs these tests.
    fn round(&self, tests: Vec<usize>, patience: f64) -> Turn {
        *self.turn() = Turn::default();
        thread::scope(|scope| {
            for at in tests {
                let (is_hurried, spent) = self.next();
                if self.left().is_zero() {
                    self.turn().awake -= 1;
                    self.leave_out(at);
                    continue;
                }
                let time = self.time(spent, patience);
                let lane = self.chapter.lanes.take();
                scope.spawn(move || {
                    let lane = Mutex::new(Some(lane));
                    let began = Instant::now();
                    let beside = |used| {
                        if lane.lock().expect(SOUND).take().is_some() {
                            *self.awake.lock().expect(SOUND) += began.elapsed();
                            let mut turn = self.turn();
                            turn.awake -= 1;
                            turn.aside += 1;
                            self.changed.notify_all();
                        }
                        self.beside(at, used)
                    };
                    let patience = if is_hurried { patience / 2.0 } else { patience };
                    let ended = self.take(at, patience, time, &beside);
                    self.asleep.lock().expect(SOUND).remove(&at);
                    let lane = lane.into_inner().expect(SOUND);
                    if lane.is_some() {
                        *self.awake.lock().expect(SOUND) += began.elapsed();
                    }
                    let mut turn = self.turn();
                    match lane {
                        Some(_lane) => turn.awake -= 1,
                        None => turn.aside -= 1,
                    }
                    match (ended, is_hurried) {
                        (Ended::InTime, _) => {}
                        (Ended::Late, false) => turn.late.push(at),
                        (Ended::Late, true) => turn.hurried.push(at),
                        (Ended::Spent, _) => turn.spent += 1,
                    }
                    self.changed.notify_all();
                });
            }
        });
        let mut turn = std::mem::take(&mut *self.turn());
        turn.late.sort_unstable();
        turn.hurried.sort_unstable();
        turn
    }

    /// Waits until the next test may begin. Whether it is to hurry: too many before it were late, or
    /// still sleep. And how many have used up their processor time.
    fn next(&self) -> (bool, usize) {
        let waits = |turn: &mut Turn| turn.awake > 0 || turn.aside >= ASIDE;
        let mut turn = self.changed.wait_while(self.turn(), waits).expect(SOUND);
        turn.awake += 1;
        (turn.hangs(), turn.spent)
    }

    /// What the next test may take, after so many that have used up their processor time.
    fn time(&self, spent: usize, patience: f64) -> Time {
        let is_used_up = *self.awake.lock().expect(SOUND) > in_common(self.chapter.limits);
        // A machine that has little patience computes no faster.
        let cpu = cpu(spent).mul_f64(patience.max(1.0));
        match is_used_up {
            true => Time {
                cpu: cpu.min(MOMENT),
                awake: MOMENT,
            },
            false => Time {
                cpu,
                awake: self.left(),
            },
        }
    }

    /// How long the chapter's tests may run from now on.
    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// There is no time to run it.
    fn leave_out(&self, at: usize) {
        let report = &mut self.reports.lock().expect(SOUND)[at];
        // One that is tried again was late already.
        if report.verdict == Verdict::Missing {
            report.verdict = Verdict::Timeout;
            report.message =
                "not run: the tests before it took all the time that a chapter has".into();
        }
    }

    /// What a test does that was put aside. Those that sleep may all wake up: together they may have what one
    /// test may, and half of the processes, so that the next test can begin.
    fn beside(&self, at: usize, used: Used) -> Option<Ending> {
        let limits = self.chapter.limits;
        let is_used_up = {
            let mut awake = self.awake.lock().expect(SOUND);
            *awake += used.awake;
            *awake > in_common(limits)
        };
        let mut asleep = self.asleep.lock().expect(SOUND);
        let own = asleep.entry(at).or_default();
        own.awake += used.awake;
        (own.memory, own.threads) = (used.memory, used.threads);
        if (is_used_up && own.awake > MOMENT) || self.left().is_zero() {
            return Some(Ending::AwakeTooLong);
        }
        let sum = |of: fn(&Used) -> u64| asleep.values().map(of).sum::<u64>();
        if sum(|one| one.memory) > limits.memory_mib << 20 {
            return Some(Ending::TooMuchMemory);
        }
        if sum(|one| one.threads) > limits.processes / 2 {
            return Some(Ending::TooManyProcesses);
        }
        None
    }

    /// Runs one and writes down how it went.
    fn take(&self, at: usize, patience: f64, time: Time, beside: Beside) -> Ended {
        let planned = &self.plan[at];
        let visibility = planned.report.visibility;
        if let (Visibility::Hidden, Hidden::DoesNot(error)) = (visibility, self.chapter.hidden) {
            let report = &mut self.reports.lock().expect(SOUND)[at];
            report.verdict = Verdict::BuildError;
            report.message = error.clone();
            return Ended::InTime;
        }
        let one = |starts_programs| {
            self.tried(
                &planned.path,
                ((visibility, planned.report.tier), patience, starts_programs),
                time,
                beside,
            )
        };
        let starts_programs = planned.starts_programs.load(Relaxed);
        let mut tried = one(starts_programs);
        if tried.is_err() && !self.asleep.lock().expect(SOUND).contains_key(&at) {
            // It has not begun. Those that sleep may have what it needs, and no other begins meanwhile.
            drop(self.changed.wait_while(self.turn(), |turn| turn.aside > 0));
            tried = one(starts_programs);
        }
        if !starts_programs && tried.as_ref().is_ok_and(|tried| tried.needs_programs) {
            planned.starts_programs.store(true, Relaxed);
            tried = one(true);
        }
        let ended = match &tried {
            Ok(tried) if tried.is_spent => Ended::Spent,
            Ok(tried) if tried.is_late => Ended::Late,
            _ => Ended::InTime,
        };
        enter(&mut self.reports.lock().expect(SOUND)[at], tried);
        ended
    }

    /// A test is skipped if it is skipped for the course's own chapter as well, while nothing of the submission
    /// sleeps that could be the reason. Otherwise it runs again, and is not skipped.
    fn look_at_skipped(&self, patience: f64, spent: usize) {
        let is_skipped =
            |at: &usize| self.reports.lock().expect(SOUND)[*at].verdict == Verdict::Skipped;
        let skipped: Vec<usize> = (0..self.plan.len()).filter(is_skipped).collect();
        for at in skipped {
            let time = self.time(spent, patience);
            let planned = &self.plan[at];
            let TestReport {
                visibility, tier, ..
            } = planned.report;
            let _lane = self.chapter.lanes.take();
            let as_in = |tier, time| {
                let kind = ((visibility, tier), patience, true);
                self.tried(&planned.path, kind, time, &|_| None)
            };
            // The judge is built with the course's own chapter, which has the time that it needs.
            let awake = Duration::MAX;
            let control = as_in(Tier::BlackBox, Time { awake, ..time });
            if control.is_ok_and(|control| control.verdict == Verdict::Skipped) {
                continue;
            }
            let again = as_in(tier, time).map(TestOutcome::not_skipped);
            let report = &mut self.reports.lock().expect(SOUND)[at];
            *report = planned.report.clone();
            enter(report, again);
        }
    }

    fn tried(&self, path: &str, kind: Kind, time: Time, beside: Beside) -> Result<TestOutcome> {
        let free = {
            let mut sessions = self.sessions.lock().expect(SOUND);
            let at = sessions.iter().position(|(of, _)| *of == kind);
            at.map(|at| sessions.swap_remove(at).1)
        };
        let mut session = match free {
            Some(session) => session,
            None => self.chapter.test_run(kind.0)?.session(kind.1, kind.2)?,
        };
        let tried = session.run(path, time, beside);
        self.sessions.lock().expect(SOUND).push((kind, session));
        tried
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().expect(SOUND)
    }
}

/// Writes down how a test went.
fn enter(report: &mut TestReport, tried: Result<TestOutcome>) {
    match tried {
        Ok(tried) => {
            report.verdict = tried.verdict;
            report.message = tried.message;
            report.output = tried.output;
            report.output_dropped = tried.output_dropped;
            report.ms = u64::try_from(tried.took.as_millis()).unwrap_or(u64::MAX);
            report.points = 0;
            match tried.verdict {
                Verdict::Pass => report.points = report.max_points,
                // It does not count.
                Verdict::Skipped => report.max_points = 0,
                _ => {}
            }
        }
        Err(problem) => {
            report.verdict = Verdict::GraderError;
            report.message = problem.to_string();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submission_that_computes_without_end_is_not_tried_again() {
        let after = |late: usize, spent| Turn {
            late: (0..late).collect(),
            spent,
            ..Turn::default()
        };
        assert!(after(NOISE, 0).is_noise() && after(1, NOISE - 1).is_noise());
        assert!(!after(0, NOISE + 1).is_noise() && !after(NOISE, 1).is_noise());
    }

    /// The book says it: "Without any jail".
    #[test]
    fn a_chapter_costs_two_minutes_at_most() {
        let limits = Limits::default();
        let all = limits.compile_wall() + limits.tests_wall();
        assert_eq!(all, Duration::from_secs(120));
    }
}
