//! A class in parts: which student is in which shard, and the list of shards for a CI matrix.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use course::problem::{Problem, Result};
use sha2::{Digest, Sha256};

use crate::class::progress;
use crate::class::roster::{Class, Roster};

/// GitHub's limit on the jobs of a matrix.
const MOST: u16 = 256;
/// GitLab's.
const MOST_OF_GITLAB: usize = 200;

/// One part of a class, `3/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Counted from 1.
    index: u16,
    count: u16,
}

impl Shard {
    /// All of the class.
    pub const WHOLE: Shard = Shard { index: 1, count: 1 };

    /// All parts of a class cut into `count`.
    fn all(count: u16) -> impl Iterator<Item = Shard> {
        (1..=count).map(move |index| Shard { index, count })
    }

    /// Whether this student is in it. That does not depend on the rest of the class, so a late
    /// submission moves nobody else.
    pub fn has(self, student: &str) -> bool {
        let hash = Sha256::digest(student);
        let number = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        number % u32::from(self.count) == u32::from(self.index - 1)
    }

    pub fn is_whole(self) -> bool {
        self.count == 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Shard, String> {
        let parse = || {
            let (index, count) = text.split_once('/')?;
            let (index, count) = (index.parse().ok()?, count.parse().ok()?);
            let fits = (1..=MOST).contains(&count) && (1..=count).contains(&index);
            fits.then_some(Shard { index, count })
        };
        parse().ok_or_else(|| {
            format!("a shard is written 3/8, the third of eight; they count from 1 up to {MOST}")
        })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[derive(Args)]
pub struct PlanArgs {
    /// How many parts, 1 to 256
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(MOST)))]
    shards: u16,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Form::Plain)]
    format: Form,
    /// The folder of submissions: empty shards are left out
    #[arg(long, value_name = "DIR")]
    submissions: Option<PathBuf>,
    /// The roster, as for `class`
    #[arg(long, value_name = "FILE", requires = "submissions")]
    roster: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// One shard on each line
    Plain,
    /// JSON in one line, for `strategy.matrix`
    Github,
    /// YAML, for `parallel.matrix`
    Gitlab,
}

/// Prints the plan.
pub fn run(args: &PlanArgs) -> Result<()> {
    let mut shards: Vec<Shard> = Shard::all(args.shards).collect();
    if let Some(submissions) = &args.submissions {
        let roster = args.roster.as_deref().map(Roster::read).transpose()?;
        let students = Class::gather(submissions, roster.as_ref())?.ids();
        shards.retain(|shard| students.iter().any(|student| shard.has(student)));
    }
    if args.format == Form::Gitlab && shards.len() > MOST_OF_GITLAB {
        return Err(Problem::new(format!(
            "GitLab runs at most {MOST_OF_GITLAB} jobs in parallel; these are {} shards.",
            shards.len()
        )));
    }
    progress::print(&text(&shards, args.format));
    Ok(())
}

fn text(shards: &[Shard], form: Form) -> String {
    let names = shards.iter().map(Shard::to_string);
    match form {
        Form::Plain => names.map(|name| name + "\n").collect(),
        Form::Github => {
            let names: Vec<_> = names.collect();
            format!("{}\n", serde_json::json!({ "shard": names }))
        }
        Form::Gitlab => {
            let names: Vec<_> = names.map(|name| format!("\"{name}\"")).collect();
            format!(
                "parallel:\n  matrix:\n    - SHARD: [{}]\n",
                names.join(", ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_student_is_in_one_shard_and_stays_there() {
        let shards: Vec<_> = Shard::all(8).collect();
        let mut sizes = [0; 8];
        for number in 0..200 {
            let student = format!("s{number:03}");
            let at: Vec<_> = (0..8).filter(|&at| shards[at].has(&student)).collect();
            assert_eq!(at.len(), 1, "{student}");
            sizes[at[0]] += 1;
            assert!(Shard::WHOLE.has(&student));
        }
        // Never changes: a class that is half graded would be cut another way.
        assert_eq!(sizes, [27, 27, 30, 20, 26, 14, 36, 20]);
    }

    #[test]
    fn a_shard_is_written_as_a_fraction() {
        assert_eq!("3/8".parse(), Ok(Shard { index: 3, count: 8 }));
        assert_eq!(Shard { index: 3, count: 8 }.to_string(), "3/8");
        for bad in ["0/8", "9/8", "1/0", "1/257", "8", "", "a/b", "-1/8"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_plan_has_the_form_that_its_platform_reads() {
        let shards: Vec<_> = Shard::all(2).collect();
        assert_eq!(text(&shards, Form::Plain), "1/2\n2/2\n");
        assert_eq!(
            text(&shards, Form::Github),
            "{\"shard\":[\"1/2\",\"2/2\"]}\n"
        );
        assert_eq!(
            text(&shards, Form::Gitlab),
            "parallel:\n  matrix:\n    - SHARD: [\"1/2\", \"2/2\"]\n"
        );
    }
}
