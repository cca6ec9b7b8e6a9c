//! Attacks by what a test is skipped for: it is not counted, so a submission would like to choose it.

use grader::jail::Isolation;
use grader::report::Verdict;
use grader::settings::{Limits, Settings};

use crate::support::{self, CHAPTER_02, Submission, grade, hasty, settings, test};

/// The answer has no part in it: whoever is graded in a jail, the same tests are skipped and the same points
/// can be had.
#[test]
fn what_a_jail_lacks_is_in_no_sum() {
    for level in [Isolation::Bwrap, Isolation::Landlock] {
        if !support::has(level) {
            continue;
        }
        let jailed = Settings {
            at_most: level,
            ..settings(&[CHAPTER_02])
        };
        let answered = grade(&Submission::solutions(&[CHAPTER_02]), &jailed);
        let stubs = grade(&Submission::stubs(&[CHAPTER_02]), &jailed);
        support::assert_full(&answered);
        assert_eq!((&stubs.problem, stubs.score), (&None, 0), "{level:?}");
        let skipped = support::skipped(&answered);
        assert_eq!(skipped, support::skipped(&stubs), "{level:?}");
        assert_eq!(answered.max_score, stubs.max_score, "{level:?}");
        // The jail has no namespaces to give.
        let id = "s6_a_name_without_address_exit_1";
        assert!(skipped.contains(&id), "{level:?}: {skipped:?}");
        let why = test(&stubs, id);
        assert_eq!((why.points, why.max_points), (0, 0), "{level:?}");
        assert_eq!(
            why.message, "this machine gives a program no network of its own",
            "{level:?}"
        );
    }
}

/// A program that has all the processes there are, and sleeps, so that the next test finds none for script(1).
#[test]
fn who_takes_all_processes_is_not_spared_a_test() {
    if !support::has(Isolation::Bwrap) {
        return;
    }
    let id = "s6_a_person_is_asked_on_standard_error";
    let settings = Settings {
        limits: Limits {
            processes: 60,
            ..hasty(&[CHAPTER_02]).limits
        },
        ..settings(&[CHAPTER_02])
    };
    let stubs = grade(&Submission::stubs(&[CHAPTER_02]), &settings);
    if test(&stubs, id).verdict == Verdict::Skipped {
        return support::skip::skip("there is no script(1)");
    }
    let hog = Submission::stubs(&[CHAPTER_02]).with(
        &format!("chapters/{CHAPTER_02}/src/main.rs"),
        "fn main() { let park = || std::thread::Builder::new().stack_size(16 << 10).spawn(std::thread::park); \
         let all: Vec<_> = std::iter::from_fn(|| park().ok()).collect(); \
         for one in all.into_iter().take(FREE) { one.thread().unpark(); let _ = one.join(); } \
         loop { std::thread::park() } } const FREE: usize = 3;",
    );
    let report = grade(&hog, &settings);
    assert_eq!((&report.problem, report.score), (&None, 0));
    let person = test(&report, id);
    assert_ne!(person.verdict, Verdict::Skipped, "{}", person.message);
    assert!(report.max_score >= stubs.max_score);
}
