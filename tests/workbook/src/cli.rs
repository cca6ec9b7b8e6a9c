//! The command line.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::progress::Progress;
use crate::read::{self, Place};
use crate::ui::Ui;
use crate::{
    base, hint, list, look, next, race, reset, resolve, script, solution, test, verify, watch,
};
use course::Course;
use course::problem::{Problem, Result};
use course::select::{self, Selected};

/// Learn networking by making its tests pass.
///
/// Without a command: shows how far you are and the next test that does not pass.
/// CHAPTER is 2, 02 or 02-tcp-echo. STEP is 3, s3 or a test's name, which may be cut short.
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
    /// Test whenever you save a file
    Watch {
        /// The one you are at, when left out
        chapter: Option<String>,
    },
    /// Run the tests of a chapter or a step, and show the first failure
    ///
    /// The companion stays with the chapter that you test until it is done.
    #[command(verbatim_doc_comment)]
    Test {
        /// The one you are at, when left out
        chapter: Option<String>,
        /// The whole chapter, when left out
        step: Option<String>,
        /// Show every failure whole
        #[arg(long)]
        all: bool,
    },
    /// Show a hint; one more each time
    Hint {
        /// The one you are at, when left out
        chapter: Option<String>,
        /// The one you are at, when left out
        step: Option<String>,
    },
    /// Show a page of the book, or a section of it
    ///
    /// Without numbers: the section of the step that you are at. A section is a step or `predict`,
    /// `look`, `reflect` or `further`. Other pages go by their names: `read how-to`.
    #[command(verbatim_doc_comment)]
    Read {
        /// The one you are at, when left out
        #[arg(value_name = "CHAPTER")]
        page: Option<String>,
        /// The whole page, when left out
        #[arg(value_name = "STEP")]
        section: Option<String>,
    },
    /// Draw what happens in a test of your code, as a picture for a browser
    Look {
        /// The one you are at, when left out
        chapter: Option<String>,
        test: Option<String>,
    },
    /// Play a conversation of your own to your TCP; chapter 12 says how one is written
    Script {
        file: String,
        /// The last one to which a script can be played, when left out
        chapter: Option<String>,
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
        /// Even before you have passed it
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
    /// Choose the answers of earlier chapters that a chapter uses: `use mine 07`, `use reference 07`
    ///
    /// Without arguments: shows the choice. Earlier chapters change in the same way, so that two
    /// answers of one chapter are never mixed.
    #[command(verbatim_doc_comment)]
    Use {
        whose: Option<base::Word>,
        /// All of them, when left out
        chapter: Option<String>,
    },
    /// Compare your answer with the reference and real software
    ///
    /// CHAPTER is `all`, too. The first race builds the libraries that it compares with: a minute or
    /// two.
    ///   --against reference  leaves your answer out, --against mine the reference
    ///   --json FILE          writes every figure there
    ///   --pictures DIR       draws the pictures there
    ///   --rounds N           7, when left out: more of them on a busy machine
    ///   --quick              a rehearsal, whose figures mean nothing
    #[command(verbatim_doc_comment)]
    Race {
        chapter: String,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        options: Vec<String>,
    },
    /// For authors: check the tests themselves
    ///
    /// Every test must fail on the stub by its todo!, pass on the solution,
    /// and catch the wrong answers of author/wrong in the words they ask for.
    #[command(verbatim_doc_comment)]
    Verify {
        /// All of them, when left out
        chapter: Option<String>,
        /// A step, a test or a wrong answer; the whole chapter, when left out
        only: Option<String>,
        /// How many compilers may run at a time; while tests wait, more of them are under way
        #[arg(long, value_name = "N")]
        jobs: Option<std::num::NonZeroUsize>,
        /// Only the stubs and the solutions, no wrong answers
        #[arg(long)]
        stubs: bool,
        /// Only what the change since this commit can reach; what is not committed counts, too
        #[arg(long, value_name = "COMMIT")]
        changed: Option<String>,
        /// One of several parts of equal size, such as 2/4, for machines that share the work
        #[arg(long, value_name = "I/N")]
        shard: Option<verify::Shard>,
    },
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    // Cargo may have started this process in rustc's place.
    if let Some(code) = runner::rustc::record() {
        return code;
    }
    let ui = Ui::new();
    let course = find_course();
    let arguments = arguments_for(course.as_ref().ok());
    let ended = course.and_then(|course| dispatch(&ui, &course, arguments.command));
    ui.idle();
    ended.unwrap_or_else(|problem| {
        ui.error(problem);
        ExitCode::from(2)
    })
}

fn find_course() -> Result<Course> {
    let here = std::env::current_dir()
        .map_err(|error| Problem::new(format!("Cannot tell the present folder: {error}.")))?;
    Course::find(&here)
}

/// Reads the command line. What a copy for students does not have is not in its help.
fn arguments_for(course: Option<&Course>) -> Arguments {
    let mut command = Arguments::command();
    for (name, is_here) in [
        ("solution", Course::has_solutions as fn(&Course) -> bool),
        ("use", Course::has_solutions),
        ("race", race::is_here),
        ("verify", Course::has_solutions),
    ] {
        let is_absent = course.is_some_and(|course| !is_here(course));
        command = command.mut_subcommand(name, |it| it.hide(is_absent));
    }
    let matches = command.get_matches();
    Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn dispatch(ui: &Ui, course: &Course, command: Option<Command>) -> Result<ExitCode> {
    let mut progress = Progress::load(&course.root);
    match command {
        None => next::run(ui, course, &mut progress),
        Some(Command::Watch { chapter }) => {
            if chapter.is_some() {
                let said = chapter.as_deref();
                progress.choose(resolve::chapter(course, &progress, said, "watch")?);
            }
            watch::run(ui, course, &mut progress)
        }
        Some(Command::Test { chapter, step, all }) => {
            let chapter = resolve::chapter(course, &progress, chapter.as_deref(), "test")?;
            progress.choose(chapter);
            let selected = step.map(|step| select::step(chapter, &step)).transpose()?;
            test::run(ui, course, &mut progress, chapter, selected, all)
        }
        Some(Command::Hint { chapter, step }) => {
            let chapter = resolve::chapter(course, &progress, chapter.as_deref(), "hint")?;
            let step = resolve::step(course, &progress, chapter, step.as_deref())?;
            hint::run(ui, course, &mut progress, chapter, step)
        }
        Some(Command::Read { page, section }) => {
            let place = match page {
                Some(page) => Place::named(course, &page, section.as_deref())?,
                None => {
                    let chapter = resolve::current_chapter(course, &progress)?;
                    Place::step(chapter, resolve::step(course, &progress, chapter, None)?)
                }
            };
            read::run(ui, course, &place)
        }
        Some(Command::Look { chapter, test }) => {
            let chapter = resolve::chapter(course, &progress, chapter.as_deref(), "look")?;
            let selected = match test {
                Some(test) => select::step(chapter, &test)?,
                None => Selected {
                    step: resolve::step(course, &progress, chapter, None)?,
                    test: None,
                },
            };
            match selected.test {
                Some(test) => look::run(ui, course, chapter, (selected.step, test)),
                None => Err(look::which(chapter, selected.step)),
            }
        }
        Some(Command::Script { file, chapter }) => {
            let chapter = chapter
                .map(|chapter| select::chapter(course, &chapter))
                .transpose()?;
            script::run(course, chapter, &file)
        }
        Some(Command::List { chapter }) => {
            let only = chapter
                .map(|chapter| select::chapter(course, &chapter))
                .transpose()?;
            Ok(list::run(ui, course, &progress, only))
        }
        Some(Command::Solution {
            chapter,
            step,
            anyway,
        }) => {
            let said = (chapter.as_deref(), step.as_deref());
            let (chapter, step) = resolve::answer(course, &progress, said, anyway)?;
            solution::run(ui, course, &mut progress, chapter, step, anyway)
        }
        Some(Command::Reset { chapter, step, yes }) => {
            let Some(chapter) = chapter else {
                return Err(reset::which(resolve::current_chapter(course, &progress)?));
            };
            let chapter = resolve::chapter(course, &progress, Some(&chapter), "reset")?;
            let step = step.map(|step| select::step(chapter, &step)).transpose()?;
            let step = step.map(|selected| selected.step);
            reset::run(ui, course, &mut progress, chapter, step, yes)
        }
        Some(Command::Use { whose, chapter }) => {
            let chapter = chapter
                .map(|chapter| select::chapter(course, &chapter))
                .transpose()?;
            base::run(ui, course, whose, chapter)
        }
        Some(Command::Race { chapter, options }) => {
            race::run(course, &[&[chapter][..], &options].concat())
        }
        Some(Command::Verify {
            chapter,
            only,
            jobs,
            stubs,
            changed,
            shard,
        }) => {
            if !course.has_solutions() {
                return Err(Problem::new(
                    "This copy of the workbook came without the reference answers, with which `verify` checks the tests.",
                ));
            }
            let chapter = chapter
                .map(|chapter| select::chapter(course, &chapter))
                .transpose()?;
            let asked = verify::Asked {
                chapter,
                only,
                stubs,
                changed,
                shard,
            };
            verify::run(ui, course, &asked, jobs)
        }
    }
}
