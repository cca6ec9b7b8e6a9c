//! One wrong answer: does its test catch it, and in the right words?

use std::time::Instant;

use super::Finding;
use super::scratch::Scratch;
use crate::bench::{Bench, Subject, Tried};
use crate::course::{Chapter, Step, Test};
use crate::problem::Result;
use crate::ui::Ui;
use crate::wrong::Wrong;

pub fn check(ui: &Ui, scratch: &Scratch, chapter: &Chapter, wrong: &Wrong) -> Result<Finding> {
    let began = Instant::now();
    let complaint = complaint(ui, scratch, chapter, wrong)?.map(|complaint| {
        let toml = format!("{}/wrong.toml", chapter.tests_dir());
        format!(
            "{}\nThe mistake: {} ({toml}).",
            complaint.trim_end(),
            wrong.mistake
        )
    });
    let what = format!("{} {}: {}", chapter.number(), wrong.name, wrong.test);
    Ok(Finding {
        what,
        took: began.elapsed(),
        complaint,
        is_unsteady: false,
    })
}

/// What is wrong with the wrong answer, if anything.
fn complaint(
    ui: &Ui,
    scratch: &Scratch,
    chapter: &Chapter,
    wrong: &Wrong,
) -> Result<Option<String>> {
    let Some((step, test)) = chapter.tests().find(|(_, test)| test.name == wrong.test) else {
        return Ok(Some(format!("There is no test {}.", wrong.test)));
    };
    let file = format!("{}/src/{}", chapter.solution_dir(), wrong.file);
    let right = match scratch.read(&file) {
        Ok(text) => text,
        Err(problem) => return Ok(Some(problem.to_string())),
    };
    match right.matches(&wrong.find).count() {
        1 => {}
        times => {
            let what = format!(
                "`find` stands {times} times in {file}, not once:\n{}",
                wrong.find
            );
            return Ok(Some(what));
        }
    }
    scratch.write(&file, &right.replacen(&wrong.find, &wrong.replace, 1))?;
    let complaint = try_it(ui, scratch, chapter, wrong, (step, test));
    scratch.write(&file, &right)?;
    complaint
}

fn try_it(
    ui: &Ui,
    scratch: &Scratch,
    chapter: &Chapter,
    wrong: &Wrong,
    (step, test): (&Step, &Test),
) -> Result<Option<String>> {
    let subject = Subject {
        target_dir: Some(&scratch.target),
        ..Subject::solution(&scratch.root, chapter)
    };
    let dir = subject.dir.clone();
    let mut bench = Bench::new(subject);
    let built = bench.built(ui, step)?;
    if built.binary.is_none() {
        let rendered: String = built
            .errors
            .iter()
            .map(|diagnostic| diagnostic.rendered.as_str())
            .collect();
        let said = if rendered.is_empty() {
            &built.said
        } else {
            &rendered
        };
        return Ok(Some(format!("The wrong answer does not compile.\n{said}")));
    }
    if !built.compiled.iter().any(|root| root.starts_with(&dir)) {
        return Ok(Some(format!(
            "cargo did not compile the solution again: is {} a part of it?",
            wrong.file
        )));
    }
    let Tried::Ran(report) = bench.run(ui, step, test)? else {
        return Ok(None);
    };
    if report.verdict.is_done() {
        return Ok(Some(format!("It escapes: {} passes.", test.name)));
    }
    let mut told = report.told.clone();
    if let Some(post_mortem) = report.post_mortem() {
        told = format!(
            "{told}
{}
{}
",
            post_mortem.got, post_mortem.why
        );
    }
    let missing = missing(&told, &wrong.says);
    if missing.is_empty() {
        return Ok(None);
    }
    let missing = missing.join("\n  ");
    Ok(Some(format!(
        "The failure does not say:\n  {missing}\nIt says:\n\n{told}"
    )))
}

/// The words that do not stand in the report. Reports wrap their lines, so white space is folded.
fn missing<'a>(report: &str, words: &'a [String]) -> Vec<&'a str> {
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let report = fold(report);
    words
        .iter()
        .map(String::as_str)
        .filter(|words| !report.contains(&fold(words)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn words_are_found_across_a_line_break() {
        let report = "  why   the low\n        byte first";
        let says = ["the low byte first".to_owned(), "34 12".to_owned()];
        assert_eq!(missing(report, &says), ["34 12"]);
    }
}
