//! One page over a new connection, and how long each of its stages takes by the program's own figures.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::race::{Answer, Better, Contestant, Discipline, Effort, Kind, Measure, Turns, View};
use crate::server::ServerProcess;
use crate::{answer_line, machine, stats};

/// Whom to believe. A file, since curl takes no other.
const ROOT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../17-type-a-url/world/root.pem"
);

const PAGES: [(usize, &str); 2] = [(1_000, "1 kB"), (1_000_000, "1 MB")];

/// How many figures come of a page: the stages, and all of them.
const FIGURES: usize = 5;

/// In microseconds: the connection, the handshake, the wait for the first byte, the rest, and all of them.
type Figures = [f64; FIGURES];

/// Opens a URL whose page has so many bytes.
type Opens = fn(url: &str, size: usize) -> Result<Figures, String>;

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|effort| {
        measured(effort, |url, size| browse("reference", url, size))
    })];
    #[cfg(feature = "mine-17")]
    contestants.push(Contestant::mine(|effort| {
        measured(effort, |url, size| browse("mine", url, size))
    }));
    contestants.push(Contestant::other(
        "curl",
        || machine::program("curl", &["--version"]),
        |effort| measured(effort, curl),
    ));
    let measure = |name| Measure {
        name,
        unit: "µs",
        better: Better::Less,
    };
    Discipline {
        id: "page",
        title: "A page over a new connection",
        what: "https://127.0.0.1, from a server with chapter 14's TLS, by a process that opens this page only. The figures \
               are the program's own: browse's report, and curl's --write-out. Nobody needs to ask for a name.",
        cases: PAGES.map(|(_, name)| name.to_owned()).to_vec(),
        kind: Kind::Figures {
            measures: ["tcp", "tls", "first byte", "body", "all four"]
                .map(measure)
                .to_vec(),
            view: View::Bars,
        },
        contestants,
    }
}

/// Opens the page as often as time allows, once at least, and gives the median of each figure.
fn measured(effort: &Effort, opens: Opens) -> Result<Turns, String> {
    let site = ServerProcess::own("17", "site")?;
    let span = effort.span;
    Ok(Box::new(move |case| {
        let (size, _) = PAGES[case];
        let url = format!("https://{}/{size}", site.addr());
        let began = Instant::now();
        let mut all: [Vec<f64>; FIGURES] = Default::default();
        while all[0].is_empty() || began.elapsed() < span {
            let figures = opens(&url, size)?;
            for (all, figure) in all.iter_mut().zip(figures) {
                all.push(figure);
            }
        }
        let medians = all.map(|figures| {
            let [median] = stats::quantiles(figures, [0.5]);
            median
        });
        Ok(Answer::Figures(medians.to_vec()))
    }))
}

/// The stages between these moments.
fn figures(ends: [Duration; FIGURES]) -> Figures {
    let micros = |from: usize, to: usize| {
        let took = ends[to].saturating_sub(ends[from]);
        // Nothing is quicker than what the programs can tell.
        took.as_secs_f64().max(1e-6) * 1e6
    };
    [
        micros(0, 1),
        micros(1, 2),
        micros(2, 3),
        micros(3, 4),
        micros(0, 4),
    ]
}

/// This program again, as the browser of this name.
fn browse(whose: &str, url: &str, size: usize) -> Result<Figures, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .args(["17", "--serve", whose])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    // The name server is asked for nothing, but there must be one.
    let arguments = format!("--dns\n127.0.0.1:53\n--ca\n{ROOT}\n{url}\n");
    let mut stdin = child.stdin.take().expect("piped");
    let written = stdin.write_all(arguments.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().and_then(|it| written.map(|()| it));
    let output = output.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    for line in said.lines().filter(|line| answer_line::is_one(line)) {
        answer_line::write(line);
    }
    let ends = reported(&said, size);
    ends.map(figures)
        .ok_or_else(|| format!("it says {:?}", said.lines().next().unwrap_or_default()))
}

/// When the connection began, and when each stage ended, by browse's report of a page of this size.
fn reported(report: &str, size: usize) -> Option<[Duration; FIGURES]> {
    let whole = format!(" 200 {size} bytes ");
    let (_, stages) = report.split_once(&whole)?;
    let moment = |stage: &str, place: usize| -> Option<Duration> {
        let mut lines = stages.lines().map(str::split_whitespace);
        let mut words = lines.find_map(|mut words| (words.next()? == stage).then_some(words))?;
        let millis: f64 = words.nth(place)?.parse().ok()?;
        Some(Duration::from_secs_f64(millis.max(0.0) / 1000.0))
    };
    Some([
        moment("tcp", 0)?,
        moment("tcp", 1)?,
        moment("tls", 1)?,
        moment("first-byte", 1)?,
        moment("body", 1)?,
    ])
}

fn curl(url: &str, size: usize) -> Result<Figures, String> {
    let output = Command::new("curl")
        .args(["-s", "--http1.1", "--noproxy", "*", "--cacert", ROOT])
        .args(["-o", if cfg!(windows) { "NUL" } else { "/dev/null" }, "-w"])
        .arg("%{http_code} %{size_download} %{time_namelookup} %{time_connect} %{time_appconnect} %{time_starttransfer} %{time_total}")
        .arg(url)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let ends = said
        .strip_prefix(&format!("200 {size} "))
        .and_then(|times| {
            let times = times.split(' ').map(|time| time.parse().ok());
            let ends: Option<Vec<Duration>> = times
                .map(|time| Duration::try_from_secs_f64(time?).ok())
                .collect();
            ends?.try_into().ok()
        });
    ends.map(figures).ok_or_else(|| format!("it says {said:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_understood() {
        let report = "https://127.0.0.1:4/7 200 7 bytes from 127.0.0.1:4\n\
                      dns                 -\n\
                      tcp             0.010      0.110\n\
                      tls             0.110      1.110\n\
                      first-byte      1.110      1.310\n\
                      body            1.310      1.310\n\
                      total           1.310\n";
        let got = reported(report, 7).map(figures).expect("a report");
        let want = [100.0, 1000.0, 200.0, 1.0, 1300.0];
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() < 0.01, "{got} instead of {want}");
        }
        assert!(reported(report, 8).is_none());
    }
}
