//! Certificates before three judges: ours, curl and `openssl s_client`. Who does otherwise than ours must be expected
//! to, and a section of an RFC stands with it.

mod cases;
mod issue;
mod peers;
mod weak;

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use rustls::pki_types::CertificateDer;
use tls::Doubt;

use netlab::needs::installed;

/// A server, what it shows, and what ours must make of that.
#[derive(Clone)]
pub struct Case {
    /// What is special about it.
    pub name: &'static str,
    /// Who is asked for.
    pub host: &'static str,
    pub chain: Vec<CertificateDer<'static>>,
    /// PEM.
    pub key: String,
    pub roots: Vec<CertificateDer<'static>>,
    /// Why ours refuses it, if it does.
    pub ours: Option<Doubt>,
    /// The section that says so, or that says otherwise.
    pub why: &'static str,
    /// Who does otherwise.
    pub others: &'static [Judge],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    Curl,
    Openssl,
}

impl Judge {
    fn is_there(self) -> bool {
        let program = match self {
            Judge::Curl => installed("curl", "--version"),
            Judge::Openssl => installed("openssl", "version"),
        };
        program.is_some()
    }

    fn accepts(self, case: &Case) -> bool {
        match self {
            Judge::Curl => peers::curl(case),
            Judge::Openssl => peers::openssl(case),
        }
    }
}

impl Case {
    fn refused(mut self, doubt: Doubt, why: &'static str) -> Case {
        self.ours = Some(doubt);
        self.why = why;
        self
    }

    /// It is accepted, and there is something to say about that.
    fn although(mut self, why: &'static str) -> Case {
        self.why = why;
        self
    }

    fn unlike(mut self, others: &'static [Judge]) -> Case {
        self.others = others;
        self
    }

    fn trusting(mut self, roots: &[&CertificateDer<'static>]) -> Case {
        self.roots = roots.iter().map(|&root| root.clone()).collect();
        self
    }
}

#[test]
fn ours_says_of_each_what_stands_with_it() {
    let mut complaints = Vec::new();
    for case in all() {
        let doubt = peers::ours(case);
        if doubt != case.ours {
            complaints.push(format!(
                "{}: {doubt:?}, expected {:?}. {}",
                case.name, case.ours, case.why
            ));
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_difference_has_its_reason() {
    let judges = [Judge::Curl, Judge::Openssl].into_iter();
    let there: Vec<Judge> = judges.filter(|judge| judge.is_there()).collect();
    let (mut complaints, mut differences) = (Vec::new(), String::new());
    for case in all() {
        let ours = case.ours.is_none();
        let mut row = format!("| {} | {}", case.name, word(ours));
        for judge in &there {
            let accepts = judge.accepts(case);
            if accepts != ours && !case.others.contains(judge) {
                complaints.push(format!("{}: {judge:?} says {}", case.name, word(accepts)));
            }
            let _ = write!(row, " | {}", word(accepts));
        }
        let _ = writeln!(row, " | {} |", case.why);
        print!("{row}");
        if !case.others.is_empty() {
            differences += &row;
        }
    }
    assert!(
        complaints.is_empty(),
        "unlike ours, and nobody has said why:\n{}",
        complaints.join("\n")
    );
    if let (Some(folder), 2) = (std::env::var_os("NETLAB_PICTURES"), there.len()) {
        let table = format!("{HEAD}{differences}");
        fs::write(Path::new(&folder).join(TABLE), table).expect("the folder for pictures");
    }
}

const HEAD: &str = "| Accepted? | ours | curl | openssl | |\n|---|---|---|---|---|\n";

/// The differences, as the book has them.
const TABLE: &str = "14-certificates.txt";

#[test]
fn the_book_has_every_difference() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/src/pictures");
    let kept = fs::read_to_string(book.join(TABLE)).expect("the table of the book");
    let kept: Vec<&str> = kept
        .lines()
        .skip(2)
        .filter_map(|row| row.split(" | ").next())
        .collect();
    let differ: Vec<String> = all()
        .iter()
        .filter(|case| !case.others.is_empty())
        .map(|case| format!("| {}", case.name))
        .collect();
    assert_eq!(
        kept, differ,
        "NETLAB_PICTURES=$PWD/book/src/pictures writes the table anew"
    );
}

/// Made once.
fn all() -> &'static [Case] {
    static ALL: OnceLock<Vec<Case>> = OnceLock::new();
    ALL.get_or_init(|| [cases::all(), weak::all()].concat())
}

fn word(accepts: bool) -> &'static str {
    if accepts { "yes" } else { "no" }
}
