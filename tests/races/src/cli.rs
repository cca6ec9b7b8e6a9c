//! The command line.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::race::{Effort, Race, Side};
use crate::record::Record;
use crate::rehearsal::REHEARSAL;
use crate::{RACES, contestant, picture, referee, table};

/// Your answers and the reference beside real software: who wins where.
#[derive(Parser)]
#[command(name = "races", bin_name = "cargo workbook race")]
struct Arguments {
    /// The chapter's number, or `all`
    #[arg(value_name = "NN")]
    race: String,
    /// Race against this one only, and leave the other answer out
    #[arg(long)]
    against: Option<Against>,
    /// Write the record with every figure into this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the pictures into this folder
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
    /// How many turns count for each contestant and case
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// A rehearsal of a few seconds, whose figures say nothing
    #[arg(long)]
    quick: bool,
    /// Be a contestant: how the races start themselves
    #[arg(long, hide = true, num_args = 2, value_names = ["DISCIPLINE", "NAME"])]
    take_part: Vec<String>,
    /// Be a server: how the races start themselves
    #[arg(long, hide = true)]
    serve: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Against {
    Reference,
    Mine,
}

pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let done = if let [discipline, name] = &arguments.take_part[..] {
        find(&arguments.race).and_then(|race| {
            let effort = Effort::new(arguments.quick);
            take_part(race, discipline, name, &effort)
        })
    } else if let Some(server) = &arguments.serve {
        find(&arguments.race).and_then(|race| serve(race, server))
    } else {
        hold(&arguments).map(|()| ExitCode::SUCCESS)
    };
    done.unwrap_or_else(|problem| {
        eprintln!("error: {problem}");
        ExitCode::from(2)
    })
}

/// Runs the races that are asked for and shows what came of them.
fn hold(arguments: &Arguments) -> Result<(), String> {
    let races: Vec<&Race> = match arguments.race.as_str() {
        "all" => RACES.iter().collect(),
        number => vec![find(number)?],
    };
    let without = arguments.against.map(|against| match against {
        Against::Reference => Side::Mine,
        Against::Mine => Side::Reference,
    });
    let mut effort = Effort::new(arguments.quick);
    if let Some(rounds) = arguments.rounds {
        effort.rounds = rounds.into();
    }
    // A place that cannot be written is told now, not after a minute of work.
    for folder in arguments
        .pictures
        .iter()
        .chain(parent(arguments.json.as_deref()).as_ref())
    {
        fs::create_dir_all(folder).map_err(|error| said(folder, &error))?;
    }
    let mut records = Vec::new();
    for race in races {
        let record = referee::run(race, &effort, without);
        show(&table::of(&record));
        if let Some(folder) = &arguments.pictures {
            draw(&record, folder)?;
        }
        records.push(record);
    }
    if let Some(file) = &arguments.json {
        let json = serde_json::to_string_pretty(&records).expect("a record is JSON");
        fs::write(file, json + "\n").map_err(|error| said(file, &error))?;
    }
    Ok(())
}

fn draw(record: &Record, folder: &Path) -> Result<(), String> {
    for (name, svg) in picture::of(record) {
        let file = folder.join(name);
        fs::write(&file, svg).map_err(|error| said(&file, &error))?;
        show(&format!("  drawn  {}\n", file.display()));
    }
    Ok(())
}

/// Whoever reads the output may have seen enough, as after `| head`. The files are wanted all the same.
fn show(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn parent(file: Option<&Path>) -> Option<PathBuf> {
    let folder = file?.parent()?;
    (!folder.as_os_str().is_empty()).then(|| folder.to_owned())
}

fn said(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// `2`, `02`
fn find(number: &str) -> Result<&'static Race, String> {
    let wanted = number.trim_start_matches('0');
    let found = RACES
        .iter()
        .chain([&REHEARSAL])
        .find(|race| race.number.trim_start_matches('0') == wanted);
    found.ok_or_else(|| {
        let all: Vec<String> = RACES
            .iter()
            .map(|race| format!("\n  {}  {}", race.number, race.title))
            .collect();
        format!(
            "There is no race \"{number}\". The races are:{}",
            all.concat()
        )
    })
}

fn take_part(
    race: &Race,
    discipline: &str,
    name: &str,
    effort: &Effort,
) -> Result<ExitCode, String> {
    let disciplines = (race.disciplines)();
    let contestant = disciplines
        .iter()
        .filter(|its| its.id == discipline)
        .flat_map(|its| &its.contestants)
        .find(|its| its.name == name)
        .ok_or_else(|| format!("race {} has no {name} in {discipline}", race.number))?;
    Ok(contestant::run(contestant, effort))
}

fn serve(race: &Race, name: &str) -> Result<ExitCode, String> {
    contestant::tell_what_is_to_do();
    let server = race.servers.iter().find(|server| server.name == name);
    let server = server.ok_or_else(|| format!("race {} has no server {name}", race.number))?;
    (server.run)().map_err(|error| format!("{name}: {error}"))?;
    Ok(ExitCode::SUCCESS)
}
