//! Plays the rows of chapter 15's rules with nginx and the crate h2 as servers, and with curl (nghttp2) and h2 as clients.
//!
//! ```text
//! cargo run -p races --example http2_judges              # prints the tables
//! cargo run -p races --example http2_judges -- --keep    # and writes what they say into the rules
//! cargo run -p races --example http2_judges -- --tell N  # plays the rows whose name has N, and tells every frame
//! ```
//!
//! Fails when a judge does otherwise than the row allows, as the row says of it, and nothing says why: see `differences.rs`. A
//! verdict that is new, as another version of a program may have one, is only told. Everybody listens on Unix sockets in a
//! folder of this run. Who is not installed is left out, with a word.

#[cfg(unix)]
mod clients;
#[cfg(unix)]
#[path = "../../../15-http2/author/differences.rs"]
mod differences;
#[cfg(unix)]
#[path = "../../../15-http2/rules/mod.rs"]
mod rules;
#[cfg(unix)]
mod servers;
#[cfg(unix)]
mod socket;

#[cfg(not(unix))]
fn main() {
    println!("left out: this is not Unix");
}

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => judges::judges(false),
        [keep] if keep == "--keep" => judges::judges(true),
        [tell, name] if tell == "--tell" => judges::tells(name),
        _ => {
            println!("http2_judges [--keep | --tell NAME]");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(unix)]
mod judges {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::ExitCode;
    use std::thread;

    use netlab::needs;

    use super::clients::{Curl, H2Client};
    use super::differences::how_it_differs;
    use super::rules::{self, Examined, OURS, Row, play};
    use super::servers::{H2Server, Nginx};

    const AT_A_TIME: usize = 16;

    /// A folder of this run, removed at its end.
    pub struct Folder(PathBuf);

    impl Folder {
        fn new() -> Folder {
            let folder = std::env::temp_dir().join(format!("http2-judges-{}", std::process::id()));
            fs::create_dir_all(&folder).expect("a folder");
            Folder(folder)
        }

        pub fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// Everybody who can be asked.
    struct Bench {
        folder: Folder,
        nginx: Option<Nginx>,
        h2: H2Server,
        curl: bool,
    }

    impl Bench {
        fn new() -> Bench {
            let folder = Folder::new();
            let left_out = |why: String| needs::left_out(&why);
            let nginx = Nginx::starts(&folder).map_err(left_out).ok();
            let curl = Curl::is_there().map_err(left_out).is_ok();
            let h2 = H2Server::starts(&folder);
            Bench {
                folder,
                nginx,
                h2,
                curl,
            }
        }

        /// What each of them says of this row.
        fn verdicts(&self, number: usize, row: &Row, is_told: bool) -> Vec<(&'static str, String)> {
            let mut verdicts = Vec::new();
            if row.examined == Examined::Server {
                if let Some(nginx) = &self.nginx {
                    verdicts.push(("nginx", play::verdict(row, &mut nginx.connects(is_told))));
                }
                verdicts.push(("h2", play::verdict(row, &mut self.h2.connects(is_told))));
            } else {
                if self.curl
                    && let Some(mut curl) = Curl::comes(&self.folder, number, row, is_told)
                {
                    verdicts.push(("curl", play::verdict(row, &mut curl)));
                }
                let mut client = H2Client::comes(&self.h2, is_told);
                verdicts.push(("h2", play::verdict(row, &mut client)));
            }
            verdicts
        }
    }

    pub fn tells(name: &str) -> ExitCode {
        let bench = Bench::new();
        for (number, row) in rules::all().iter().enumerate() {
            if row.name.contains(name) {
                println!("\n{}, {:?}: {}", row.section, row.examined, row.name);
                println!("ours: {}", row.kept(OURS).expect("what ours must do"));
                for (judge, verdict) in bench.verdicts(number, row, true) {
                    println!("{judge}: {verdict}");
                }
            }
        }
        ExitCode::SUCCESS
    }

    pub fn judges(keeps: bool) -> ExitCode {
        let bench = Bench::new();
        let mut rows = rules::all();
        let numbered: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
        let seen = at_a_time(&numbered, |(number, row)| {
            bench.verdicts(*number, row, false)
        });
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut complaints = Vec::new();
        for (row, seen) in rows.iter_mut().zip(seen) {
            for (judge, verdict) in seen {
                let how = how_it_differs(row, judge, &verdict);
                println!(
                    "{:<30} {:<60} {judge:<6} {verdict}{}",
                    row.section,
                    row.name,
                    if how == Some("as ours") { "" } else { " ≠" },
                );
                let is_new = row.kept(judge).is_some_and(|kept| kept != verdict);
                if is_new {
                    println!("{judge} now {verdict}");
                }
                match how {
                    Some(how) => *counts.entry((judge, how)).or_default() += 1,
                    None if is_new && !keeps => {}
                    None => complaints.push(format!(
                        "{}: {}: ours {}, {judge} {verdict}. Say in the row why.",
                        row.section,
                        row.name,
                        row.kept(OURS).expect("what ours must do"),
                    )),
                }
                row.verdicts.retain(|(name, _)| name != judge);
                row.verdicts.push((judge.to_owned(), verdict));
            }
        }
        for ((judge, how), count) in &counts {
            println!("{judge}: {how}: {count}");
        }
        if keeps {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../15-http2/rules/rules.txt");
            let text = fs::read_to_string(&file).expect("the rules");
            fs::write(file, with_verdicts(&text, &rows)).expect("the rules");
        }
        for complaint in &complaints {
            println!("{complaint}");
        }
        match complaints.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }

    /// The rules with other verdicts: those of its rows, in their order.
    fn with_verdicts(text: &str, rows: &[Row]) -> String {
        let mut rows = rows.iter();
        let mut whole = String::new();
        for line in text.lines() {
            if line.starts_with("=> ") {
                let row = rows.next().expect("as many rows as before");
                let verdicts = row.verdicts.iter();
                let verdicts: Vec<_> = verdicts
                    .map(|(judge, verdict)| format!("{judge} {verdict}"))
                    .collect();
                whole.push_str("=> ");
                whole.push_str(&verdicts.join(" | "));
            } else {
                whole.push_str(line);
            }
            whole.push('\n');
        }
        whole
    }

    /// What this function says of each, many at a time: most of it is waiting.
    fn at_a_time<T: Sync, R: Send>(all: &[T], of: impl Fn(&T) -> R + Sync) -> Vec<R> {
        thread::scope(|scope| {
            let shares: Vec<_> = all
                .chunks(all.len().div_ceil(AT_A_TIME))
                .map(|share| scope.spawn(|| share.iter().map(&of).collect::<Vec<R>>()))
                .collect();
            let shares = shares.into_iter();
            shares
                .flat_map(|share| share.join().expect("all of its share"))
                .collect()
        })
    }
}
