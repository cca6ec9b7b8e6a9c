//! A copy that `cargo grader handout` made is a workspace that builds.

mod copies;

use copies::{cargo, handout, root, scratch, shown, succeeds};
use course::Course;

#[test]
fn a_copy_builds_and_its_first_test_fails_by_its_todo() {
    let scratch = scratch();
    let dir = scratch.path().join("loopback");
    succeeds(&handout(&root(), &[shown(&dir)]));
    let course = Course::load(&root()).expect("a course");

    // Cargo.lock fits, and every chapter's tests and examples compile, so all their files are here. The
    // tools are left out: their folders are copied whole, and what they depend on takes long.
    let target = scratch.path().join("target");
    let mut tests = vec!["check", "--locked", "--tests", "--examples"];
    let packages: Vec<String> = course.chapters.iter().map(|one| one.package()).collect();
    tests.extend(packages.iter().flat_map(|name| ["--package", name]));
    succeeds(&cargo(&dir, &target, &tests));
    let metadata = cargo(
        &dir,
        &target,
        &["metadata", "--locked", "--format-version=1", "--no-deps"],
    );
    succeeds(&metadata);
    let warnings = String::from_utf8_lossy(&metadata.stderr);
    assert!(!warnings.contains("warning"), "{warnings}");

    let first = cargo(&dir, &target, &["test", "--locked", "--package", "ch00"]);
    assert_eq!(first.status.code(), Some(101));
    let said = String::from_utf8_lossy(&first.stdout).into_owned()
        + &String::from_utf8_lossy(&first.stderr);
    assert!(said.contains("to do     0.1 put_be16"), "{said}");
    let count = course.chapters[0].tests().count();
    assert!(
        said.contains(&format!("0 passed; {count} failed")),
        "{said}"
    );
}
