//! A chapter that cannot be built: what rustc says, and whose files it is about.

use crate::cargo::Built;
use crate::ui::{Ui, bad};
use course::{Chapter, Course};

pub fn show(ui: &Ui, course: &Course, chapter: &Chapter, built: &Built) {
    for diagnostic in built.errors.iter().chain(&built.warnings) {
        ui.text(&diagnostic.rendered);
    }
    let Some(first) = built.errors.first() else {
        // Nothing of rustc's: a manifest, the network, the disk.
        ui.text(&built.said);
        ui.prose(&bad(format!(
            "cargo could not build {}.",
            chapter.package()
        )));
        if ["download", "resolve host", "network", "offline"]
            .iter()
            .any(|word| built.said.contains(word))
        {
            ui.prose(
                "Some chapters need crates that are not on this machine yet. With a connection to the Internet, \
                 `cargo fetch` gets all of them; after that no build needs one.",
            );
        }
        return;
    };
    // cargo may report a path that goes through `..`.
    let lies_in = |folder: &str| {
        let root = first.crate_root.canonicalize().ok();
        let folder = course.root.join(folder).canonicalize().ok();
        root.zip(folder)
            .is_some_and(|(root, folder)| root.starts_with(folder))
    };
    let errors = match built.errors.len() {
        1 => "1 error".to_owned(),
        n => format!("{n} errors"),
    };
    if lies_in(&chapter.dir()) {
        ui.prose(&bad(format!(
            "{} does not compile yet: {errors}.",
            chapter.dir()
        )));
        if built.errors.len() > 1 {
            ui.prose("Fix the first one first; the others often follow from it.");
        }
    } else if lies_in(&chapter.tests_dir()) {
        ui.prose(&bad(format!(
            "The tests do not fit {}: {errors}.",
            chapter.dir()
        )));
        ui.prose(&format!(
            "Your crate compiles, but the tests call it by the signatures of the stubs, and one of \
             these has changed. Give it back its name, arguments and result. To see the stubs again: \
             `cargo workbook reset {}`, which keeps a copy of your work.",
            chapter.number()
        ));
    } else {
        ui.prose(&bad(format!(
            "{} does not compile: {errors}.",
            first.crate_root.display()
        )));
        ui.prose(
            "That file belongs to the course, not to you. Is it as you got it? `git status` tells.",
        );
    }
}
