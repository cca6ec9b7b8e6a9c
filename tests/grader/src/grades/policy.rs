//! What lateness costs, and what the instructor decides by hand. Neither runs a test again.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use clap::Args;
use jiff::Timestamp;
use serde::Deserialize;

use crate::class::table::{self, Columns, Table};
use course::problem::{Problem, Result};

/// The rule for late submissions. Without a rule, lateness costs nothing.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The due time of students whose row in the roster has none [2026-11-01T23:59:00+09:00]
    #[arg(long, value_name = "TIME", value_parser = time_of)]
    #[serde(deserialize_with = "read_time")]
    pub due: Option<Timestamp>,
    /// Minutes after the due time that still count as in time
    #[arg(long, value_name = "N")]
    pub grace_minutes: Option<u32>,
    /// Per cent of the earned points that each started day costs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100))]
    pub percent_per_day: Option<u32>,
    /// The most that lateness can cost, in per cent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100))]
    pub max_percent: Option<u32>,
    /// After this many days a submission gets no points
    #[arg(long, value_name = "N")]
    pub last_day: Option<u32>,
}

/// How late a submission was, and its price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Late {
    /// Started days.
    pub days: u32,
    /// Of the earned points, 0 to 100.
    pub percent: u32,
}

impl Policy {
    /// A TOML file with the same names as the flags: `percent_per_day = 10`.
    pub fn read(path: &Path) -> Result<Policy> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Problem::with_file("read", path, &error))?;
        Policy::parse(&path.display().to_string(), &text)
    }

    fn parse(shown: &str, text: &str) -> Result<Policy> {
        let policy: Policy = toml::from_str(text)
            .map_err(|error| Problem::new(format!("{shown}: {}", error.to_string().trim_end())))?;
        let percents = [
            ("percent_per_day", policy.percent_per_day),
            ("max_percent", policy.max_percent),
        ];
        for (name, value) in percents {
            if let Some(value @ 101..) = value {
                return Err(Problem::new(format!(
                    "{shown}: {name} is {value}; more than 100 per cent cannot be taken away."
                )));
            }
        }
        Ok(policy)
    }

    /// This policy; `file` fills in what it leaves open.
    #[must_use]
    pub fn or(self, file: Policy) -> Policy {
        Policy {
            due: self.due.or(file.due),
            grace_minutes: self.grace_minutes.or(file.grace_minutes),
            percent_per_day: self.percent_per_day.or(file.percent_per_day),
            max_percent: self.max_percent.or(file.max_percent),
            last_day: self.last_day.or(file.last_day),
        }
    }

    /// What a submission at that time costs. A delay within the grace period costs nothing; a longer one
    /// counts from the due time, in days of 24 hours.
    pub fn late(&self, submitted_at: Timestamp, due: Timestamp) -> Late {
        const DAY: i64 = 24 * 60 * 60;
        let seconds = submitted_at.duration_since(due).as_secs_f64().ceil() as i64;
        if seconds <= 60 * i64::from(self.grace_minutes.unwrap_or(0)) {
            return Late::default();
        }
        let days = u32::try_from((seconds + DAY - 1) / DAY).unwrap_or(u32::MAX);
        let percent = if self.last_day.is_some_and(|last| days > last) {
            100
        } else {
            days.saturating_mul(self.percent_per_day.unwrap_or(0))
                .min(self.max_percent.unwrap_or(100))
        };
        Late { days, percent }
    }
}

/// The rule in a line, for the summary.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.percent_per_day.unwrap_or(0) {
            0 => f.write_str("A late day costs nothing")?,
            percent => write!(f, "Each started day costs {percent} % of the earned points")?,
        }
        if let (Some(most), Some(1..)) = (self.max_percent, self.percent_per_day) {
            write!(f, ", {most} % at most")?;
        }
        if let Some(minutes @ 1..) = self.grace_minutes {
            write!(f, "; {minutes} minutes are forgiven")?;
        }
        if let Some(last) = self.last_day {
            write!(f, "; later than {last} days there are no points")?;
        }
        if let Some(due) = self.due {
            write!(f, "; due {due} unless the roster says otherwise")?;
        }
        f.write_str(".")
    }
}

fn time_of(value: &str) -> std::result::Result<Timestamp, String> {
    table::time(value).map_err(|problem| problem.to_string())
}

fn read_time<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Timestamp>, D::Error> {
    /// With or without quotes, as TOML has times.
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "expected a time, as in 2026-11-01T23:59:00+09:00"
    )]
    enum Said {
        Text(String),
        Time(toml::value::Datetime),
    }
    let said = match Said::deserialize(deserializer)? {
        Said::Text(text) => text,
        Said::Time(time) => time.to_string(),
    };
    time_of(&said).map(Some).map_err(serde::de::Error::custom)
}

/// What the instructor decided for one student.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// In hundredths of a point. It is final: lateness takes nothing from it.
    pub score: Option<u64>,
    /// An extension.
    pub due: Option<Timestamp>,
    pub reason: String,
}

/// The columns of a file of overrides.
const COLUMNS: Columns = Columns {
    required: &["id", "reason"],
    optional: &["score", "due"],
};

/// Decisions by student.
#[derive(Debug, Default)]
pub struct Overrides(BTreeMap<String, Override>);

impl Overrides {
    pub fn read(path: &Path) -> Result<Overrides> {
        Overrides::of(&Table::read(path, &COLUMNS)?)
    }

    fn of(table: &Table) -> Result<Overrides> {
        if let Some(column) = table.unread(&COLUMNS).first() {
            let what = format!(
                "The overrides have a column `{column}`; known are id, score, due and reason."
            );
            return Err(Problem::new(what));
        }
        let mut overrides = BTreeMap::new();
        for row in &table.rows {
            let complain = |what: &str| table.complain(row, what);
            let id = table
                .get(row, "id")
                .ok_or_else(|| complain("the id is empty."))?;
            let reason = table
                .get(row, "reason")
                .ok_or_else(|| complain("an override needs a reason."))?
                .to_owned();
            let score = table
                .get(row, "score")
                .map(|text| {
                    hundredths(text).ok_or_else(|| {
                        complain(&format!(
                            "the score \"{text}\" is not a number of points such as 12 or 12.5."
                        ))
                    })
                })
                .transpose()?;
            let due = table.time(row, "due")?;
            if score.is_none() && due.is_none() {
                return Err(complain("an override needs a score or a new due time."));
            }
            let one = Override { score, due, reason };
            if overrides.insert(id.to_owned(), one).is_some() {
                return Err(complain(&format!("{id} has two overrides.")));
            }
        }
        Ok(Overrides(overrides))
    }

    pub fn of_student(&self, id: &str) -> Option<&Override> {
        self.0.get(id)
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// `12.5` is 1250.
fn hundredths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !are_digits(whole) || !are_digits(part) || part.len() > 2 || whole.len() > 6 {
        return None;
    }
    let part: u64 = format!("{part:0<2}").parse().ok()?;
    Some(whole.parse::<u64>().ok()? * 100 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const POLICY: Policy = Policy {
        due: None,
        grace_minutes: Some(10),
        percent_per_day: Some(20),
        max_percent: Some(50),
        last_day: Some(7),
    };

    #[test]
    fn lateness_is_counted_in_started_days() {
        let due = at("2026-11-01T23:59:00Z");
        let cases = [
            ("2026-10-20T00:00:00Z", (0, 0)),
            ("2026-11-01T23:59:00Z", (0, 0)),
            ("2026-11-02T00:09:00Z", (0, 0)), // the last minute of grace
            ("2026-11-02T00:09:00.5Z", (1, 20)),
            ("2026-11-02T23:59:00Z", (1, 20)), // a day to the second
            ("2026-11-02T23:59:01Z", (2, 40)),
            ("2026-11-04T12:00:00Z", (3, 50)), // the most it costs
            ("2026-11-08T23:59:00Z", (7, 50)),
            ("2026-11-09T00:00:00Z", (8, 100)), // after the last day
        ];
        for (submitted, (days, percent)) in cases {
            let late = POLICY.late(at(submitted), due);
            assert_eq!(late, Late { days, percent }, "{submitted}");
        }
        assert_eq!(
            Policy::default().late(at("2026-11-03T00:00:00Z"), due),
            Late {
                days: 2,
                percent: 0
            }
        );
    }

    #[test]
    fn a_policy_is_read_and_flags_go_before_it() {
        let text = "due = \"2026-11-01T23:59:00+09:00\"\npercent_per_day = 10\nlast_day = 3\n";
        let file = Policy::parse("late.toml", text).unwrap();
        let flags = Policy {
            percent_per_day: Some(5),
            ..Policy::default()
        };
        let both = flags.or(file);
        assert_eq!(both.percent_per_day, Some(5));
        assert_eq!(both.last_day, Some(3));
        assert_eq!(
            both.to_string(),
            "Each started day costs 5 % of the earned points; later than 3 days there are no points; \
             due 2026-11-01T14:59:00Z unless the roster says otherwise."
        );
        let refused = |text| Policy::parse("late.toml", text).unwrap_err().to_string();
        let bare = Policy::parse("late.toml", "due = 2026-11-01T23:59:00+09:00").unwrap();
        assert_eq!(bare.due, both.due);
        assert!(refused("due = 2026-11-01").contains("\"2026-11-01\" is not a time"));
        assert!(refused("percent = 10").contains("percent"));
        assert!(refused("max_percent = 101").contains("more than 100 per cent"));
        assert!(refused("due = \"tomorrow\"").contains("\"tomorrow\" is not a time"));
    }

    fn overrides(text: &str) -> Result<Overrides> {
        Overrides::of(&Table::parse("o.csv", text.as_bytes(), &COLUMNS)?)
    }

    #[test]
    fn overrides_need_a_reason_and_something_to_override() {
        let read = overrides(
            "id,score,due,reason\ns1,12.5,,\"oral test_run, room 3\"\ns2,,2026-11-08T00:00:00Z,ill\n",
        )
        .unwrap();
        assert_eq!(read.of_student("s1").unwrap().score, Some(1250));
        assert_eq!(read.of_student("s2").unwrap().reason, "ill");
        assert_eq!(read.ids().collect::<Vec<_>>(), ["s1", "s2"]);
        let refused = |rows: &str| {
            let text = format!("id,score,due,reason\n{rows}\n");
            overrides(&text).unwrap_err().to_string()
        };
        assert!(refused("s1,5,,").contains("o.csv:2: an override needs a reason"));
        assert!(refused("s1,,,ill").contains("a score or a new due time"));
        assert!(refused("s1,-5,,ill").contains("\"-5\" is not a number of points"));
        assert!(refused("s1,1,,a\ns1,2,,b").contains("s1 has two overrides"));
        assert!(overrides("id,points,reason\ns1,5,x\n").is_err());
    }

    #[test]
    fn points_have_two_digits_at_most() {
        assert_eq!(hundredths("0"), Some(0));
        assert_eq!(hundredths("12.5"), Some(1250));
        assert_eq!(hundredths("12.05"), Some(1205));
        for bad in ["", ".5", "5.", "1.005", "1e3", "+1", " 1", "99999999"] {
            assert_eq!(hundredths(bad), None, "{bad:?}");
        }
    }
}
