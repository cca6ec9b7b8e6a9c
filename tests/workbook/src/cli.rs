//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::course::Course;
use crate::problem::{Problem, Result};
use crate::progress::Progress;
use crate::select;
use crate::ui::{Ui, bad};
use crate::{hint, list, meant, next, race, reset, solution, test, verify, watch};

/// Learn networking by making its tests pass.
///
/// Without a command: shows how far you are and the next test that does not pass.
/// CHAPTER is 2, 02 or 02-tcp-echo. STEP is 3, s3 or the name of a test.
#[derive(Parser)]
#[command(
    name = "cargo workbook",
    bin_name = "cargo workbook",
    verbatim_doc_comment
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Test whenever you save a file; `q` and Enter ends it
    Watch {
        /// The one you are at, when left out
        chapter: Option<String>,
    },
    /// Run the tests of a chapter or a step, and show each failure
    ///
    /// The companion stays with the chapter that you test until it is done.
    #[command(verbatim_doc_comment)]
    Test {
        /// The one you are at, when left out
        chapter: Option<String>,
        /// The whole chapter, when left out
        step: Option<String>,
    },
    /// Show a hint; one more each time
    Hint {
        /// The one you are at, when left out
        chapter: Option<String>,
        /// The one you are at, when left out
        step: Option<String>,
    },
    /// List the chapters with their steps, tests, minutes and points
    List {
        /// All of them, when left out
        chapter: Option<String>,
    },
    /// Show the reference for a step that you have passed
    Solution {
        /// The one you are at, when left out
        chapter: Option<String>,
        /// The one you have passed last, when left out
        step: Option<String>,
        /// Also before you have passed it
        #[arg(long)]
        anyway: bool,
    },
    /// Put the stubs back; your files are copied first
    Reset {
        chapter: Option<String>,
        /// The whole chapter, when left out
        step: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Your answer beside the reference and real software
    ///
    /// CHAPTER is `all`, too. The first race builds the libraries that it compares with: a minute or
    /// two.
    ///   --against reference  leaves your answer out, --against mine the reference
    ///   --json FILE          writes every figure there
    ///   --pictures DIR       draws the pictures there
    ///   --rounds N           7, when left out: more of them in a noisy place
    ///   --quick              a rehearsal, whose figures say nothing
    #[command(verbatim_doc_comment)]
    Race {
        chapter: String,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        options: Vec<String>,
    },
    /// For authors: check the tests themselves
    ///
    /// Every test must fail on the stub by its todo!, pass on the solution,
    /// and catch the wrong answers of wrong.toml in the words they ask for.
    #[command(verbatim_doc_comment)]
    Verify {
        /// All of them, when left out
        chapter: Option<String>,
        /// How many wrong answers to try at a time
        #[arg(long, value_name = "N")]
        jobs: Option<std::num::NonZeroUsize>,
        /// Only the stubs and the solutions, no wrong answers
        #[arg(long)]
        stubs: bool,
    },
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let ui = Ui::new();
    let ended = dispatch(&ui, arguments.command);
    ui.idle();
    ended.unwrap_or_else(|problem| {
        use std::io::Write;
        let _ = writeln!(anstream::stderr(), "{} {problem}", bad("error:"));
        ExitCode::from(2)
    })
}

fn dispatch(ui: &Ui, command: Option<Command>) -> Result<ExitCode> {
    let here = std::env::current_dir()
        .map_err(|error| Problem::new(format!("Cannot tell the present folder: {error}.")))?;
    let course = Course::find(&here)?;
    let mut progress = Progress::load(&course.root);
    match command {
        None => next::run(ui, &course, &mut progress),
        Some(Command::Watch { chapter }) => {
            if chapter.is_some() {
                let said = chapter.as_deref();
                progress.choose(meant::chapter(&course, &progress, said, "watch")?);
            }
            watch::run(ui, &course, &mut progress)
        }
        Some(Command::Test { chapter, step }) => {
            let chapter = meant::chapter(&course, &progress, chapter.as_deref(), "test")?;
            progress.choose(chapter);
            let selected = step.map(|step| select::step(chapter, &step)).transpose()?;
            test::run(ui, &course, &mut progress, chapter, selected)
        }
        Some(Command::Hint { chapter, step }) => {
            let chapter = meant::chapter(&course, &progress, chapter.as_deref(), "hint")?;
            let step = meant::step(&course, &progress, chapter, step.as_deref())?;
            hint::run(ui, &mut progress, chapter, step)
        }
        Some(Command::List { chapter }) => {
            let only = chapter
                .map(|chapter| select::chapter(&course, &chapter))
                .transpose()?;
            Ok(list::run(ui, &course, &progress, only))
        }
        Some(Command::Solution {
            chapter,
            step,
            anyway,
        }) => {
            let said = (chapter.as_deref(), step.as_deref());
            let (chapter, step) = meant::answer(&course, &progress, said, anyway)?;
            solution::run(ui, &course, &mut progress, chapter, step, anyway)
        }
        Some(Command::Reset { chapter, step, yes }) => {
            let Some(chapter) = chapter else {
                return Err(reset::which(meant::chapter_at_hand(&course, &progress)?));
            };
            let chapter = meant::chapter(&course, &progress, Some(&chapter), "reset")?;
            let step = step.map(|step| select::step(chapter, &step)).transpose()?;
            let step = step.map(|selected| selected.step);
            reset::run(ui, &course, &mut progress, chapter, step, yes)
        }
        Some(Command::Race { chapter, options }) => {
            race::run(&course, &[&[chapter][..], &options].concat())
        }
        Some(Command::Verify {
            chapter,
            jobs,
            stubs,
        }) => {
            let only = chapter
                .map(|chapter| select::chapter(&course, &chapter))
                .transpose()?;
            verify::run(ui, &course, only, jobs, stubs)
        }
    }
}
