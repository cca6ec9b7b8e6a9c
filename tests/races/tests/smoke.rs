//! The races as a person runs them, in a hurry. What the figures are is nobody's business here; that
//! everybody who should has some, is.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// What a run has left.
struct Run {
    output: String,
    races: Vec<Value>,
    pictures: Vec<(String, String)>,
}

fn run(race: &str, patience: &str) -> Run {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(race);
    let _ = fs::remove_dir_all(&folder);
    let record = folder.join("record.json");
    let output = Command::new(env!("CARGO_BIN_EXE_races"))
        .args([race, "--quick", "--json"])
        .arg(&record)
        .arg("--pictures")
        .arg(&folder)
        .env(netlab::protocol::PATIENCE, patience)
        .output()
        .expect("the races run");
    assert!(output.status.success(), "{output:?}");
    let record = fs::read_to_string(record).expect("a record");
    let files = fs::read_dir(folder).expect("a folder").map(|entry| {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("text");
        (
            path.file_name().unwrap().to_string_lossy().into_owned(),
            text,
        )
    });
    Run {
        output: String::from_utf8(output.stdout).expect("UTF-8"),
        races: serde_json::from_str(&record).expect("JSON"),
        pictures: files.filter(|(name, _)| name.ends_with(".svg")).collect(),
    }
}

impl Run {
    /// Each row of each discipline, with a name for messages.
    fn rows(&self) -> Vec<(String, &Value)> {
        let list =
            |value: &Value, key: &str| -> usize { value[key].as_array().map_or(0, Vec::len) };
        let mut rows = Vec::new();
        for race in &self.races {
            for d in 0..list(race, "disciplines") {
                let discipline = &race["disciplines"][d];
                for c in 0..list(discipline, "contestants") {
                    let row = &discipline["contestants"][c];
                    let name = format!("{} {} {}", race["race"], discipline["id"], row["name"]);
                    rows.push((name.replace('"', ""), row));
                }
            }
        }
        rows
    }

    fn is_well_formed(&self) {
        for line in self.output.lines() {
            let drawn = line.starts_with("  drawn");
            assert!(
                drawn || line.chars().count() <= 80,
                "wider than 80 columns: {line}"
            );
        }
        assert!(!self.pictures.is_empty());
        for (name, svg) in &self.pictures {
            assert!(
                !svg.trim_end().contains("\n\n"),
                "{name}: a blank line ends an HTML block"
            );
            is_not_cut(name, svg);
            assert!(!svg.contains("NaN"), "{name}: a place that is no number");
            assert!(svg.contains("cargo workbook race"), "{name}: no source");
        }
    }
}

/// Every text lies within the picture, at the width of a monospaced letter.
fn is_not_cut(name: &str, svg: &str) {
    let number = |element: &str, attribute: &str| -> f64 {
        let (_, rest) = element
            .split_once(&format!("{attribute}=\""))
            .unwrap_or_else(|| panic!("{element}"));
        rest.split('"').next().unwrap().parse().expect("a number")
    };
    let width = number(svg, " width");
    for element in svg.split("<text ").skip(1) {
        let text = element
            .split_once('>')
            .unwrap()
            .1
            .split('<')
            .next()
            .unwrap();
        let length = text.chars().count() as f64 * 0.62 * number(element, "font-size");
        let x = number(element, "x");
        let (left, right) = match element {
            its if its.contains("\"end\"") => (x - length, x),
            its if its.contains("\"middle\"") => (x - length / 2.0, x + length / 2.0),
            _ => (x, x + length),
        };
        assert!(left >= 0.0 && right <= width, "{name}: {text:?} is cut");
    }
}

#[test]
fn every_race_gives_the_reference_figures() {
    let run = run("all", "3");
    run.is_well_formed();
    for (name, row) in run.rows() {
        match row["side"].as_str() {
            Some("reference") => {
                assert!(is_absent_or(row, Value::is_null), "{name}: {}", row["end"])
            }
            // A stub, or an answer that somebody is at work on.
            Some("mine") => assert!(is_absent_or(row, |_| true), "{name}"),
            _ => assert!(is_absent_or(row, Value::is_null), "{name}: {}", row["end"]),
        }
        let lost = row["verdicts"].as_array().into_iter().flatten();
        let lost = lost.filter(|verdict| verdict["good"] == false).count();
        assert!(
            lost == 0 || row["side"] != "reference",
            "{name}: {}",
            row["verdicts"]
        );
    }
}

/// Programs that are not installed are named as absent, whoever needs them.
fn is_absent_or(row: &Value, end: impl Fn(&Value) -> bool) -> bool {
    row["end"].get("absent").is_some() || end(&row["end"])
}

#[test]
fn whoever_fails_is_a_row_and_not_the_end() {
    let run = run("rehearsal", "0.1");
    run.is_well_formed();
    let rows = run.rows();
    let row = |name: &str| {
        let found = rows.iter().find(|(its, _)| its == name);
        found.unwrap_or_else(|| panic!("no {name} in {rows:?}")).1
    };
    let end = |name: &str, kind: &str| {
        let end = &row(&format!("rehearsal bars {name}"))["end"];
        end[kind]
            .as_str()
            .unwrap_or_else(|| panic!("{name}: {end}"))
            .to_owned()
    };
    assert!(row("rehearsal bars reference")["end"].is_null());
    assert!(row("rehearsal bars prints")["end"].is_null());
    assert_eq!(end("mine", "to-do"), "0.1 race(): run");
    assert_eq!(end("absent", "absent"), "absent is not installed");
    assert_eq!(end("measures nothing", "failed"), "measured nothing");
    assert_eq!(end("starts never", "failed"), "no port");
    assert_eq!(end("panics", "failed"), "panicked: with these words");
    assert!(end("hangs", "failed").starts_with("no answer for"));
    assert!(end("dies", "failed").starts_with("died ("));
    // Who does badly once has been good before.
    for name in ["hangs", "dies", "panics"] {
        let verdicts = &row(&format!("rehearsal verdicts {name}"))["verdicts"];
        assert_eq!(verdicts[0]["good"], true, "{name}: {verdicts}");
        assert_eq!(verdicts[1]["good"], false, "{name}: {verdicts}");
    }
    assert!(
        run.output.contains("mine (to do): 0.1 race(): run"),
        "{}",
        run.output
    );
}
